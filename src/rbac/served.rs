//! What the API serves: which resources there are, in which group, with which names, and whether in namespaces.
//!
//! RBAC itself knows none of this (rules 12 and 13): it is for reading what users type and for telling what a role's
//! author probably meant. The built-in table stands for a cluster whose discovery is not at hand (files).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::id::ResourceScope;
use crate::model::name::Name;

mod below;
mod near;
mod typed;
mod urls;
mod verbs;

pub use near::{is_own_group, is_verb, is_version, verb_meant};
pub use typed::{Refusal, ResolvedResource, TypedOrDefault, TypedResource};
pub use urls::path_of;
pub use verbs::{habit, is_like_a_verb};

/// One resource that an API serves.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ServedResource {
    /// Empty: the core group.
    pub group: Name,
    /// The plural: `pods`.
    pub name: Name,
    pub singular: Name,
    pub short: Vec<Name>,
    pub subresources: BTreeSet<Name>,
    pub scope: ResourceScope,
    pub verbs: Vec<Name>,
}

/// Where the list of served resources comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ServedFrom {
    BuiltIn,
    Discovery,
}

/// All resources that an API serves.
#[derive(Clone, PartialEq, Debug)]
pub struct Served {
    pub source: ServedFrom,
    /// By group and plural, each once.
    resources: Vec<ServedResource>,
    /// Where each plural stands in `resources`.
    plurals: BTreeMap<Name, Vec<usize>>,
    /// Groups that are served and could not be asked: what they serve is not known.
    unsure: BTreeSet<Name>,
}

const STANDARD: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Kubernetes' own resources: group, plural, singular, short names, subresources, reach.
///
/// Source: discovery of a Kubernetes 1.36 API server with default settings, what it serves with others or what older
/// ones served, and the resources that only RBAC knows (impersonation, signers; rule 12). OpenShift's constraints are
/// here because their `use` is asked in the pod's namespace ([`crate::rbac::places`]).
#[rustfmt::skip]
const BUILT_IN: &[(&str, &str, &str, &str, &str, ResourceScope)] = &[
    ("", "bindings", "binding", "", "", ResourceScope::Namespaced),
    ("", "componentstatuses", "componentstatus", "cs", "", ResourceScope::Cluster),
    ("", "configmaps", "configmap", "cm", "", ResourceScope::Namespaced),
    ("", "endpoints", "endpoints", "ep", "", ResourceScope::Namespaced),
    ("", "events", "event", "ev", "", ResourceScope::Namespaced),
    ("", "limitranges", "limitrange", "limits", "", ResourceScope::Namespaced),
    ("", "namespaces", "namespace", "ns", "finalize status", ResourceScope::Cluster),
    ("", "nodes", "node", "no", "proxy status healthz pods configz stats log metrics spec checkpoint", ResourceScope::Cluster),
    ("", "persistentvolumeclaims", "persistentvolumeclaim", "pvc", "status", ResourceScope::Namespaced),
    ("", "persistentvolumes", "persistentvolume", "pv", "status", ResourceScope::Cluster),
    ("", "pods", "pod", "po", "attach binding ephemeralcontainers eviction exec log portforward proxy resize status", ResourceScope::Namespaced),
    ("", "podtemplates", "podtemplate", "", "", ResourceScope::Namespaced),
    ("", "replicationcontrollers", "replicationcontroller", "rc", "scale status", ResourceScope::Namespaced),
    ("", "resourcequotas", "resourcequota", "quota", "status", ResourceScope::Namespaced),
    ("", "secrets", "secret", "", "", ResourceScope::Namespaced),
    ("", "serviceaccounts", "serviceaccount", "sa", "token", ResourceScope::Namespaced),
    ("", "services", "service", "svc", "proxy status", ResourceScope::Namespaced),
    ("", "users", "user", "", "", ResourceScope::Cluster),
    ("", "groups", "group", "", "", ResourceScope::Cluster),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies", "mutatingadmissionpolicy", "", "", ResourceScope::Cluster),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding", "", "", ResourceScope::Cluster),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration", "", "", ResourceScope::Cluster),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies", "validatingadmissionpolicy", "", "status", ResourceScope::Cluster),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings", "validatingadmissionpolicybinding", "", "", ResourceScope::Cluster),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations", "validatingwebhookconfiguration", "", "", ResourceScope::Cluster),
    ("apiextensions.k8s.io", "customresourcedefinitions", "customresourcedefinition", "crd crds", "status", ResourceScope::Cluster),
    ("apiregistration.k8s.io", "apiservices", "apiservice", "", "status", ResourceScope::Cluster),
    ("apps", "controllerrevisions", "controllerrevision", "", "", ResourceScope::Namespaced),
    ("apps", "daemonsets", "daemonset", "ds", "status", ResourceScope::Namespaced),
    ("apps", "deployments", "deployment", "deploy", "scale status", ResourceScope::Namespaced),
    ("apps", "replicasets", "replicaset", "rs", "scale status", ResourceScope::Namespaced),
    ("apps", "statefulsets", "statefulset", "sts", "scale status", ResourceScope::Namespaced),
    ("authentication.k8s.io", "selfsubjectreviews", "selfsubjectreview", "", "", ResourceScope::Cluster),
    ("authentication.k8s.io", "tokenreviews", "tokenreview", "", "", ResourceScope::Cluster),
    ("authentication.k8s.io", "uids", "uid", "", "", ResourceScope::Cluster),
    ("authentication.k8s.io", "userextras", "userextra", "", "", ResourceScope::Cluster),
    ("authorization.k8s.io", "localsubjectaccessreviews", "localsubjectaccessreview", "", "", ResourceScope::Namespaced),
    ("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectaccessreview", "", "", ResourceScope::Cluster),
    ("authorization.k8s.io", "selfsubjectrulesreviews", "selfsubjectrulesreview", "", "", ResourceScope::Cluster),
    ("authorization.k8s.io", "subjectaccessreviews", "subjectaccessreview", "", "", ResourceScope::Cluster),
    ("autoscaling", "horizontalpodautoscalers", "horizontalpodautoscaler", "hpa", "status", ResourceScope::Namespaced),
    ("batch", "cronjobs", "cronjob", "cj", "status", ResourceScope::Namespaced),
    ("batch", "jobs", "job", "", "status", ResourceScope::Namespaced),
    ("certificates.k8s.io", "certificatesigningrequests", "certificatesigningrequest", "csr", "approval status", ResourceScope::Cluster),
    ("certificates.k8s.io", "clustertrustbundles", "clustertrustbundle", "", "", ResourceScope::Cluster),
    ("certificates.k8s.io", "podcertificaterequests", "podcertificaterequest", "", "status", ResourceScope::Namespaced),
    ("certificates.k8s.io", "signers", "signer", "", "", ResourceScope::Cluster),
    ("coordination.k8s.io", "leasecandidates", "leasecandidate", "", "", ResourceScope::Namespaced),
    ("coordination.k8s.io", "leases", "lease", "", "", ResourceScope::Namespaced),
    ("discovery.k8s.io", "endpointslices", "endpointslice", "", "", ResourceScope::Namespaced),
    ("events.k8s.io", "events", "event", "ev", "", ResourceScope::Namespaced),
    ("flowcontrol.apiserver.k8s.io", "flowschemas", "flowschema", "", "status", ResourceScope::Cluster),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "prioritylevelconfiguration", "", "status", ResourceScope::Cluster),
    ("gateway.networking.k8s.io", "gatewayclasses", "gatewayclass", "gc", "status", ResourceScope::Cluster),
    ("gateway.networking.k8s.io", "gateways", "gateway", "gtw", "status", ResourceScope::Namespaced),
    ("gateway.networking.k8s.io", "httproutes", "httproute", "", "status", ResourceScope::Namespaced),
    ("metrics.k8s.io", "nodes", "", "", "", ResourceScope::Cluster),
    ("metrics.k8s.io", "pods", "", "", "", ResourceScope::Namespaced),
    ("networking.k8s.io", "ingressclasses", "ingressclass", "", "", ResourceScope::Cluster),
    ("networking.k8s.io", "ingresses", "ingress", "ing", "status", ResourceScope::Namespaced),
    ("networking.k8s.io", "ipaddresses", "ipaddress", "ip", "", ResourceScope::Cluster),
    ("networking.k8s.io", "networkpolicies", "networkpolicy", "netpol", "", ResourceScope::Namespaced),
    ("networking.k8s.io", "servicecidrs", "servicecidr", "", "status", ResourceScope::Cluster),
    ("node.k8s.io", "runtimeclasses", "runtimeclass", "", "", ResourceScope::Cluster),
    ("policy", "poddisruptionbudgets", "poddisruptionbudget", "pdb", "status", ResourceScope::Namespaced),
    ("policy", "podsecuritypolicies", "podsecuritypolicy", "psp", "", ResourceScope::Cluster),
    ("policy.networking.k8s.io", "adminnetworkpolicies", "adminnetworkpolicy", "anp", "status", ResourceScope::Cluster),
    ("policy.networking.k8s.io", "baselineadminnetworkpolicies", "baselineadminnetworkpolicy", "banp", "status", ResourceScope::Cluster),
    ("policy.networking.k8s.io", "clusternetworkpolicies", "clusternetworkpolicy", "cnp", "status", ResourceScope::Cluster),
    ("rbac.authorization.k8s.io", "clusterrolebindings", "clusterrolebinding", "", "", ResourceScope::Cluster),
    ("rbac.authorization.k8s.io", "clusterroles", "clusterrole", "", "", ResourceScope::Cluster),
    ("rbac.authorization.k8s.io", "rolebindings", "rolebinding", "", "", ResourceScope::Namespaced),
    ("rbac.authorization.k8s.io", "roles", "role", "", "", ResourceScope::Namespaced),
    ("resource.k8s.io", "deviceclasses", "deviceclass", "", "", ResourceScope::Cluster),
    ("resource.k8s.io", "devicetaintrules", "devicetaintrule", "", "status", ResourceScope::Cluster),
    ("resource.k8s.io", "podschedulingcontexts", "podschedulingcontext", "", "status", ResourceScope::Namespaced),
    ("resource.k8s.io", "resourceclaims", "resourceclaim", "", "binding driver status", ResourceScope::Namespaced),
    ("resource.k8s.io", "resourceclaimtemplates", "resourceclaimtemplate", "", "", ResourceScope::Namespaced),
    ("resource.k8s.io", "resourceslices", "resourceslice", "", "", ResourceScope::Cluster),
    ("scheduling.k8s.io", "podgroups", "podgroup", "", "status", ResourceScope::Namespaced),
    ("scheduling.k8s.io", "priorityclasses", "priorityclass", "pc", "", ResourceScope::Cluster),
    ("scheduling.k8s.io", "workloads", "workload", "", "status", ResourceScope::Namespaced),
    ("security.openshift.io", "securitycontextconstraints", "securitycontextconstraints", "scc", "", ResourceScope::Cluster),
    ("storage.k8s.io", "csidrivers", "csidriver", "", "", ResourceScope::Cluster),
    ("storage.k8s.io", "csinodes", "csinode", "", "", ResourceScope::Cluster),
    ("storage.k8s.io", "csistoragecapacities", "csistoragecapacity", "", "", ResourceScope::Namespaced),
    ("storage.k8s.io", "storageclasses", "storageclass", "sc", "", ResourceScope::Cluster),
    ("storage.k8s.io", "volumeattachments", "volumeattachment", "", "status", ResourceScope::Cluster),
    ("storage.k8s.io", "volumeattributesclasses", "volumeattributesclass", "vac", "", ResourceScope::Cluster),
];

/// Groups of the table that serve more than stands there.
const PARTIAL: [&str; 3] = ["gateway.networking.k8s.io", "policy.networking.k8s.io", "security.openshift.io"];

/// Names that only RBAC knows; they are served by no path (CONTRACT §4).
const VIRTUAL: [&str; 5] = ["users", "groups", "uids", "userextras", "signers"];

impl Served {
    /// Kubernetes' own resources.
    pub fn built_in() -> Self {
        let words = |text: &str| text.split_whitespace().map(Name::from).collect::<Vec<_>>();
        let resource =
            |&(group, name, singular, short, subresources, scope): &(_, _, _, _, _, ResourceScope)| ServedResource {
                group: Name::from(group),
                name: Name::from(name),
                singular: Name::from(singular),
                short: words(short),
                subresources: words(subresources).into_iter().collect(),
                scope,
                verbs: ServedResource::standard_verbs(),
            };
        Self::of(ServedFrom::BuiltIn, BUILT_IN.iter().map(resource).collect(), BTreeSet::new())
    }

    /// Kubernetes' own resources, and those that definitions in files add.
    pub fn built_in_and(defined: Vec<ServedResource>) -> Self {
        let mut all = Self::built_in().resources;
        all.extend(defined);
        Self::of(ServedFrom::BuiltIn, all, BTreeSet::new())
    }

    /// What a server's discovery told, with the names that only RBAC knows added; of `unsure` groups it told not all.
    pub fn discovered(mut resources: Vec<ServedResource>, unsure: BTreeSet<Name>) -> Self {
        let known = Self::built_in();
        let is_virtual = |it: &ServedResource| VIRTUAL.contains(&it.name.as_str());
        resources.extend(known.resources.into_iter().filter(is_virtual));
        Self::of(ServedFrom::Discovery, resources, unsure)
    }

    fn of(source: ServedFrom, resources: Vec<ServedResource>, unsure: BTreeSet<Name>) -> Self {
        let mut merged: BTreeMap<(Name, Name), ServedResource> = BTreeMap::new();
        for it in resources {
            match merged.get_mut(&(it.group.clone(), it.name.clone())) {
                Some(held) => held.merge(it),
                None => drop(merged.insert((it.group.clone(), it.name.clone()), it)),
            }
        }
        let resources: Vec<ServedResource> = merged.into_values().collect();
        let mut plurals: BTreeMap<Name, Vec<usize>> = BTreeMap::new();
        for (at, it) in resources.iter().enumerate() {
            plurals.entry(it.name.clone()).or_default().push(at);
        }
        Self { source, resources, plurals, unsure }
    }

    /// Whether all is known that a group serves; `*` is every group.
    pub fn is_known_group(&self, group: &str) -> bool {
        match self.source {
            ServedFrom::Discovery if group == "*" => self.unsure.is_empty(),
            ServedFrom::Discovery => !self.unsure.contains(group),
            ServedFrom::BuiltIn => !PARTIAL.contains(&group) && self.resources.iter().any(|it| it.group == *group),
        }
    }

    /// Groups that are served and could not be asked.
    pub fn unsure(&self) -> impl Iterator<Item = &Name> {
        self.unsure.iter()
    }

    /// Every resource.
    pub fn iter(&self) -> impl Iterator<Item = &ServedResource> {
        self.resources.iter()
    }

    /// The resource of a group and plural.
    pub fn get(&self, group: &str, name: &str) -> Option<&ServedResource> {
        self.groups_of(name).find(|it| it.group == *group)
    }

    /// All groups that serve a plural.
    pub fn groups_of(&self, name: &str) -> impl Iterator<Item = &ServedResource> {
        self.plurals.get(name).into_iter().flatten().map(|it| &self.resources[*it])
    }

    /// The resources that a word means, in this group or in any: plural, else singular or short name, core first.
    fn named(&self, word: &str, group: Option<&str>) -> Vec<&ServedResource> {
        let is_asked = |it: &&ServedResource| group.is_none_or(|group| it.group == *group);
        let plural: Vec<&ServedResource> = self.groups_of(word).filter(is_asked).collect();
        if !plural.is_empty() {
            return plural;
        }
        let lower = word.to_ascii_lowercase();
        let means = |it: &&ServedResource| {
            it.name == *lower || it.singular == *lower || it.short.iter().any(|it| it == &*lower)
        };
        self.resources.iter().filter(is_asked).filter(means).collect()
    }
}

impl Default for Served {
    fn default() -> Self {
        Self::built_in()
    }
}

impl ServedResource {
    /// The verbs that nearly every resource has.
    pub fn standard_verbs() -> Vec<Name> {
        STANDARD.iter().map(|it| Name::from(*it)).collect()
    }

    /// Takes in the same resource of another version of its group.
    fn merge(&mut self, other: ServedResource) {
        let new = |held: &[Name], all: Vec<Name>| all.into_iter().filter(|it| !held.contains(it)).collect::<Vec<_>>();
        self.short.extend(new(&self.short, other.short));
        self.verbs.extend(new(&self.verbs, other.verbs));
        self.subresources.extend(other.subresources);
        if self.singular.is_empty() {
            self.singular = other.singular;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(resource: &str, name: &str, namespace: &str) -> (String, usize) {
        let typed = TypedResource { verb: "get", resource, name, namespace, given: TypedOrDefault::Yes };
        let it = Served::built_in().resolve(&typed);
        (it.request.to_string(), it.notes.len())
    }

    /// CONTRACT §4, "Typed requests".
    #[test]
    fn typed_resources_are_read_as_kubectl_would() {
        let cases = [
            ("po", "", "shop", "get pods in shop", 0),
            ("pods/log", "web", "shop", "get pods/log web in shop", 0),
            ("deploy", "", "shop", "get deployments.apps in shop", 1),
            ("deployments.apps/scale", "", "shop", "get deployments.apps/scale in shop", 0),
            ("events", "", "shop", "get events in shop", 0),
            ("nodes", "", "shop", "get nodes", 1),
            ("ns", "shop", "other", "get namespaces shop in shop", 0),
            ("ns", "", "other", "get namespaces", 1),
            ("podss", "", "shop", "get podss in shop", 1),
            ("widgets.example.com", "", "shop", "get widgets.example.com in shop", 1),
            ("/healthz", "", "shop", "get /healthz", 1),
            ("users", "alice", "shop", "get users alice", 1),
        ];
        for (resource, name, namespace, request, notes) in cases {
            assert_eq!(resolve(resource, name, namespace), (request.to_owned(), notes), "{resource}");
        }
    }

    fn resource(group: &str, name: &str, singular: &str, short: &str, scope: ResourceScope) -> ServedResource {
        ServedResource {
            group: group.into(),
            name: name.into(),
            singular: singular.into(),
            short: short.split_whitespace().map(Name::from).collect(),
            subresources: BTreeSet::new(),
            scope,
            verbs: vec!["get".into()],
        }
    }

    /// CONTRACT §4: served names from discovery when live; versions of one group are one resource.
    #[test]
    fn discovered_names_take_the_place_of_the_table() {
        let resources = vec![
            resource("", "pods", "pod", "po", ResourceScope::Namespaced),
            resource("example.com", "widgets", "widget", "wd", ResourceScope::Cluster),
            resource("example.com", "widgets", "widget", "wdg", ResourceScope::Cluster),
            resource("a.io", "tasks", "task", "", ResourceScope::Namespaced),
            resource("b.io", "tasks", "task", "", ResourceScope::Namespaced),
        ];
        let served = Served::discovered(resources, BTreeSet::from(["late.io".into()]));
        let resolve = |resource: &str| {
            let typed = TypedResource { verb: "get", resource, namespace: "shop", ..TypedResource::default() };
            let it = served.resolve(&typed);
            let it = it.all_the_same();
            (it.request.to_string(), it.notes.join("; "))
        };
        let read = "widgets.example.com";
        assert_eq!(resolve("wd"), (format!("get {read}"), format!("wd is read as {read}")));
        assert_eq!(resolve("wdg.example.com"), (format!("get {read}"), String::new()));
        assert_eq!(resolve("users").0, "get users");
        assert!(resolve("tasks").1.starts_with("tasks is served by a.io, b.io: asked in the core group"));
        let (request, note) = resolve("deployments");
        assert_eq!(request, "get deployments in shop");
        assert_eq!(note, "unknown resource \"deployments\"; what late.io serves could not be asked");
        assert!(resolve("widget.example.org").1.contains("did you mean widgets.example.com?"));
        assert!(served.is_known_group("apps") && !served.is_known_group("late.io"));
    }

    /// CONTRACT §4: what discovery proves is refused, and the built-in table is proof for subresources alone.
    #[test]
    fn what_is_proven_not_to_be_served_is_refused_with_what_is_meant() {
        let (files, live) = (Served::built_in(), Served::discovered(Served::built_in().resources, BTreeSet::new()));
        let told = |served: &Served, verb: &str, resource: &str| {
            let it = served.resolve(&TypedResource { verb, resource, namespace: "shop", ..TypedResource::default() });
            let refused = it.refusal.map(|it| format!("{}; {}", it.what, it.hint));
            (refused, it.notes.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let unknown = [
            ("secretz", "unknown resource \"secretz\" (did you mean secrets?)"),
            (
                "deployments.v1.apps",
                "unknown resource \"deployments.v1.apps\": requests carry no version (did you mean deployments.apps?)",
            ),
            ("pods.v1", "unknown resource \"pods.v1\": requests carry no version (did you mean pods?)"),
            ("deploy.app", "unknown resource \"deploy.app\" (did you mean deployments.apps?)"),
            ("healthz", "unknown resource \"healthz\": URLs begin with / (did you mean /healthz?)"),
            ("all", "unknown resource \"all\": all is kubectl's word for several resources; ask for one, or for '*'"),
        ];
        for (typed, what) in unknown {
            assert_eq!(told(&files, "get", typed), (None, vec![what.to_owned()]));
            assert_eq!(told(&live, "get", typed).0, Some(format!("{what}; --unserved asks all the same")));
        }
        let subresources = [
            (
                "secret/db-pass",
                "secrets has no subresource \"db-pass\"; an object's name stands apart: get secrets db-pass",
            ),
            (
                "pods/logs",
                "pods has no subresource \"logs\"; did you mean pods/log? an object's name stands apart: get pods logs",
            ),
            (
                "pod/web-0/log",
                "pods has no subresource \"web-0/log\"; an object's name stands apart: get pods/log web-0",
            ),
            ("no/n1", "nodes has no subresource \"n1\"; an object's name stands apart: get nodes n1"),
            (
                "netpol/db",
                "networkpolicies.networking.k8s.io has no subresource \"db\"; an object's name stands apart: get networkpolicies.networking.k8s.io db",
            ),
        ];
        for served in [&files, &live] {
            for (typed, what) in subresources {
                assert_eq!(told(served, "get", typed).0.as_deref(), Some(what));
            }
            for typed in
                ["pods/log", "Pods", "nodes/healthz", "userextras/scopes", "deployments/scale", "*", "*/scale", "/x"]
            {
                assert_eq!(told(served, "get", typed).0, None, "{typed}");
            }
        }
    }
}
