//! Facts as the smallest Kubernetes objects that mean them.

use serde_json::{Map, Value, json};

use super::secured::secured;
use crate::kinds;
use crate::model::endpoints::Endpoint;
use crate::model::facts::{
    ContainerPort, ContainerRole, EndpointSlice, Fact, Kept, Namespace, Node, Owner, Pod, PodNetwork, PodOrigin,
    Service, ServiceAccount, ServicePort, ServiceType, TargetPort, Workload,
};
use crate::model::labels::{Labels, Operator, Selector};
use crate::model::name::Name;
use crate::model::role::{Binding, Origin, Role, RoleRule, SubjectKind};
use crate::model::workload::WorkloadKind;

/// The object of a fact, with its metadata.
pub(super) fn object(it: &impl Fact) -> Value {
    let spec = kinds::spec(it.id().kind);
    let (version, word) = spec.map_or_else(Default::default, |it| (it.api_version(), it.word));
    let mut metadata = json!({"name": it.name().to_string()});
    if !it.namespace().is_empty() {
        metadata["namespace"] = json!(it.namespace());
    }
    let set = it.label_set();
    if !set.is_empty() {
        metadata["labels"] = labels(&set);
    }
    json!({"apiVersion": version, "kind": word, "metadata": metadata})
}

pub(super) fn time(seconds: u32) -> String {
    jiff::Timestamp::from_second(i64::from(seconds)).map(|it| it.to_string()).unwrap_or_default()
}

pub(super) fn labels(labels: &Labels) -> Value {
    labels.iter().map(|(key, value)| (key.to_string(), json!(value))).collect::<Map<_, _>>().into()
}

/// A selector as the API writes it.
pub(super) fn selector(selector: &Selector) -> Value {
    if selector.is_everything() {
        return json!({});
    }
    let expressions: Vec<Value> = selector
        .all_of
        .iter()
        .map(|it| match &it.operator {
            Operator::In(values) => json!({"key": it.key, "operator": "In", "values": values[..][..][..]}),
            Operator::NotIn(values) => json!({"key": it.key, "operator": "NotIn", "values": values[..][..][..]}),
            Operator::Exists => json!({"key": it.key, "operator": "Exists"}),
            Operator::DoesNotExist => json!({"key": it.key, "operator": "DoesNotExist"}),
        })
        .collect();
    json!({"matchExpressions": expressions})
}

fn owned(object: &mut Value, owner: Option<Owner>) {
    if let Some(owner) = owner {
        object["metadata"]["ownerReferences"] = json!([{"kind": owner.kind(), "name": owner.name, "controller": true}]);
    }
}

pub(super) fn namespace(it: &Namespace) -> Value {
    object(it)
}

pub(super) fn service_account(it: &ServiceAccount) -> Value {
    let mut account = object(it);
    if it.withholds_token() {
        account["automountServiceAccountToken"] = json!(false);
    }
    if !it.cloud_identity().is_empty() {
        account["metadata"]["annotations"] = json!({"eks.amazonaws.com/role-arn": it.cloud_identity()});
    }
    account
}

pub(super) fn node(it: &Node) -> Value {
    let mut node = object(it);
    let cidrs: Vec<String> = it.pod_cidrs.iter().map(ToString::to_string).collect();
    node["spec"] = json!({"podCIDRs": cidrs, "providerID": it.provider});
    // The order is kept; which of them are internal is not a fact.
    let addresses: Vec<Value> =
        it.addresses.iter().map(|it| json!({"type": "InternalIP", "address": it.to_string()})).collect();
    node["status"] = json!({"addresses": addresses});
    node
}

/// Whether the pod is an object of its own, not one that files make from a template.
pub(super) fn is_listed(it: &Pod) -> bool {
    it.origin() == PodOrigin::Listed
}

pub(super) fn pod(it: &Pod, kept: Kept) -> Value {
    let mut pod = object(it);
    owned(&mut pod, it.owner());
    if it.is_terminating() {
        pod["metadata"]["deletionTimestamp"] = json!(time(kept.created));
    }
    pod["spec"] = pod_spec(it);
    let addresses: Vec<Value> = it.addresses().iter().map(|it| json!({"ip": it.to_string()})).collect();
    pod["status"] = json!({"phase": it.phase().as_str(), "podIPs": addresses});
    if it.is_unready() {
        pod["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
    }
    pod
}

pub(super) fn pod_spec(it: &Pod) -> Value {
    let of = |role: ContainerRole| it.ports().iter().filter(|it| it.container == role).map(port).collect::<Vec<_>>();
    let mut main = json!({"name": "main", "ports": of(ContainerRole::Regular)});
    if !it.authorization_flags().is_empty() {
        main["command"] = json!(it.authorization_flags());
    }
    let mut spec = json!({"serviceAccountName": it.service_account(), "containers": [main]});
    let (sidecars, inits) = (of(ContainerRole::Sidecar), of(ContainerRole::Init));
    if !sidecars.is_empty() || !inits.is_empty() {
        spec["initContainers"] = json!([
            {"name": "sidecars", "restartPolicy": "Always", "ports": sidecars},
            {"name": "inits", "ports": inits},
        ]);
    }
    if !it.node().is_empty() {
        spec["nodeName"] = json!(it.node());
    }
    if it.network() == PodNetwork::Host {
        spec["hostNetwork"] = json!(true);
    }
    if !it.hostname().is_empty() {
        spec["hostname"] = json!(it.hostname());
    }
    secured(&mut spec, it);
    spec
}

fn port(it: &ContainerPort) -> Value {
    named(&it.name, json!({"containerPort": it.number, "protocol": it.protocol.as_str()}))
}

fn named(name: &Name, mut it: Value) -> Value {
    if !name.is_empty() {
        it["name"] = json!(name);
    }
    it
}

pub(super) fn workload(it: &Workload) -> Value {
    let mut workload = object(it);
    owned(&mut workload, it.owner());
    let mut spec = json!({});
    let plan = it.plan();
    if let Some(replicas) = plan.and_then(|it| it.replicas) {
        spec["replicas"] = json!(replicas);
    }
    if let Some(pod) = plan.and_then(|it| it.template.as_ref()) {
        let template = json!({"metadata": {"labels": labels(&pod.labels().whole())}, "spec": pod_spec(pod)});
        match it.kind {
            WorkloadKind::CronJob => spec["jobTemplate"] = json!({"spec": {"template": template}}),
            _ => spec["template"] = template,
        }
    }
    workload["spec"] = spec;
    workload
}

pub(super) fn service(it: &Service) -> Value {
    let mut service = object(it);
    let ports: Vec<Value> = it.ports.iter().map(service_port).collect();
    let mut spec = json!({"type": service_type(&it.service_type), "ports": ports});
    spec["clusterIPs"] = texts(it.cluster_ips.iter());
    spec["externalIPs"] = texts(it.external_ips.iter().copied());
    if !it.source_ranges.is_empty() {
        spec["loadBalancerSourceRanges"] = it.source_ranges.iter().map(ToString::to_string).collect();
    }
    if let Some(family) = it.only_family {
        spec["ipFamilies"] = json!([family.as_str()]);
    }
    spec["publishNotReadyAddresses"] = json!(it.publishes_not_ready);
    if it.headless {
        spec["clusterIP"] = json!("None");
    }
    if let ServiceType::ExternalName(name) = &it.service_type {
        spec["externalName"] = json!(name);
    }
    if !it.selector.is_empty() {
        spec["selector"] = labels(&it.selector);
    }
    for (field, local) in [("internalTrafficPolicy", it.internal_local), ("externalTrafficPolicy", it.external_local)] {
        if local {
            spec[field] = json!("Local");
        }
    }
    service["spec"] = spec;
    if !it.balancer_ips.is_empty() {
        let ingress: Vec<Value> = it.balancer_ips.iter().map(|it| json!({"ip": it.to_string()})).collect();
        service["status"] = json!({"loadBalancer": {"ingress": ingress}});
    }
    service
}

fn service_port(it: &ServicePort) -> Value {
    let target = match &it.target {
        TargetPort::Number(number) => json!(number),
        TargetPort::Named(name) => json!(name),
    };
    let mut port = json!({"port": it.number, "protocol": it.protocol.as_str(), "targetPort": target});
    if let Some(number) = it.node_port {
        port["nodePort"] = json!(number);
    }
    named(&it.name, port)
}

fn texts(addresses: impl Iterator<Item = std::net::IpAddr>) -> Value {
    addresses.map(|it| it.to_string()).collect()
}

fn service_type(it: &ServiceType) -> &'static str {
    match it {
        ServiceType::ClusterIp => "ClusterIP",
        ServiceType::NodePort => "NodePort",
        ServiceType::LoadBalancer => "LoadBalancer",
        ServiceType::ExternalName(_) => "ExternalName",
    }
}

pub(super) fn endpoint_slice(it: &EndpointSlice) -> Value {
    let mut slice = object(it);
    let v6 = it.endpoints.iter().next().is_some_and(|it| it.address.is_ipv6());
    slice["addressType"] = json!(if v6 { "IPv6" } else { "IPv4" });
    slice["endpoints"] = it.endpoints.iter().map(|it| endpoint(&it)).collect();
    let ports = it.ports.iter().map(|it| {
        let port = named(&it.name, json!({"protocol": it.protocol.as_str()}));
        it.number.map_or(port.clone(), |number| {
            let mut port = port;
            port["port"] = json!(number);
            port
        })
    });
    slice["ports"] = ports.collect();
    if !it.service().is_empty() {
        slice["metadata"]["labels"] = json!({"kubernetes.io/service-name": it.service()});
    }
    slice
}

fn endpoint(it: &Endpoint) -> Value {
    let mut endpoint = json!({
        "addresses": [it.address.to_string()],
        "conditions": {"ready": it.ready, "serving": it.serving, "terminating": it.terminating},
    });
    if !it.pod.is_empty() {
        endpoint["targetRef"] = json!({"kind": "Pod", "name": it.pod});
    }
    if !it.node.is_empty() {
        endpoint["nodeName"] = json!(it.node);
    }
    endpoint
}

pub(super) fn role(it: &Role) -> Value {
    let mut role = object(it);
    // The mark of a server; its real version takes its place where there is one.
    if it.origin == Origin::Server {
        role["metadata"]["resourceVersion"] = json!("0");
    }
    role["rules"] = it.rules.iter().map(rule).collect();
    if let Some(selectors) = it.aggregates() {
        let selectors: Vec<Value> = selectors.iter().map(selector).collect();
        role["aggregationRule"] = json!({"clusterRoleSelectors": selectors});
    }
    role
}

fn rule(it: &RoleRule) -> Value {
    let lists = [
        ("verbs", &it.verbs),
        ("apiGroups", &it.groups),
        ("resources", &it.resources),
        ("resourceNames", &it.names),
        ("nonResourceURLs", &it.urls),
    ];
    let said = lists.into_iter().filter(|(_, list)| !list.is_empty());
    said.map(|(field, list)| (field.to_owned(), json!(list[..]))).collect::<Map<_, _>>().into()
}

pub(super) fn binding(it: &Binding) -> Value {
    let mut binding = object(it);
    binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": it.role.kind, "name": it.role.name});
    let subjects = it.subjects.iter().map(|it| {
        let kind = match it.kind() {
            SubjectKind::User => "User",
            SubjectKind::Group => "Group",
            SubjectKind::ServiceAccount => "ServiceAccount",
            SubjectKind::Other(kind) => kind,
        };
        let mut subject = json!({"kind": kind, "name": it.name()});
        if !it.namespace().is_empty() {
            subject["namespace"] = json!(it.namespace());
        }
        subject
    });
    binding["subjects"] = subjects.collect();
    binding
}
