//! Whether a pod can resolve names: nearly every connection needs it first, and default-deny egress ends it (S51).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::index::Index;
use super::verdict::End;
use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::facts::{Pod, Service, SharedPod, TargetPort};
use crate::model::id::{Kind, ObjectId, PodId};
use crate::model::name::Name;
use crate::model::port::Protocol;

/// Where clusters keep their DNS Service: upstream, OpenShift, and charts of CoreDNS under its own name.
pub const SERVICES: [(&str, &str); 3] =
    [("kube-system", "kube-dns"), ("openshift-dns", "dns-default"), ("kube-system", "coredns")];

/// The namespace of the servers' pods that no Service names, and of NodeLocal DNSCache.
pub const HOME: &str = "kube-system";

/// The label and value of the pods behind it, where no Service tells.
const SERVER: (&str, &str) = ("k8s-app", "kube-dns");

/// The label value of NodeLocal DNSCache, which answers on every node itself.
const NODE_LOCAL: &str = "node-local-dns";

/// One server of names, as the asking pod reaches it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DnsServer {
    pub pod: PodId,
    pub port: u16,
    pub udp: Outcome,
    pub tcp: Outcome,
}

/// Whether an end can resolve names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dns {
    /// By name; empty: none was found.
    pub servers: Vec<DnsServer>,
    /// The Service that they stand behind, if it is known.
    pub service: Option<ObjectId>,
    /// What the pod may ask instead.
    pub node_local: NodeLocal,
}

/// Whether a NodeLocal DNSCache answers on the asking pod's own node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NodeLocal {
    None,
    Here(PodId),
    /// The pods of the node are not all known.
    Unseen,
}

impl Dns {
    /// Allow: every server answers over UDP, and over TCP for long answers; deny: none does over either.
    ///
    /// Unknown: some do, or there are no servers that we know, or a cache of the node answers or may answer instead.
    pub fn outcome(&self) -> Outcome {
        let outcomes: BTreeSet<Outcome> = self.servers.iter().flat_map(|it| [it.udp, it.tcp]).collect();
        match (outcomes.len(), outcomes.first()) {
            (1, Some(Outcome::Allow)) => Outcome::Allow,
            (1, Some(Outcome::Deny)) if self.node_local == NodeLocal::None => Outcome::Deny,
            _ => Outcome::Unknown,
        }
    }
}

/// Whether an end can reach the cluster's DNS.
pub fn dns(index: &Index, cluster: &Cluster, from: &End) -> Dns {
    let service = service(cluster);
    let mut pods: BTreeSet<(PodId, u16)> = BTreeSet::new();
    if let Some(service) = service {
        pods.extend(behind(cluster, service));
    }
    if pods.is_empty() {
        let labeled = cluster.pods.of(HOME).iter().filter(|it| has_label(it, SERVER.1));
        pods.extend(labeled.filter(|it| !it.phase().is_finished()).map(|it| (it.pod_id(), 53)));
    }
    let servers = pods.into_iter().map(|(pod, port)| {
        let to = End::Pod(pod.clone());
        let outcome = |protocol| index.outcome(cluster, from, &to, Some((protocol, port)));
        DnsServer { udp: outcome(Protocol::Udp), tcp: outcome(Protocol::Tcp), pod, port }
    });
    let servers = servers.collect();
    let service = service.map(|it| ObjectId::new(Kind::SERVICE, it.meta.namespace.clone(), it.meta.name.clone()));
    Dns { servers, service, node_local: node_local(cluster, from) }
}

/// The Service by which the cluster's DNS is known.
pub fn service(cluster: &Cluster) -> Option<&Arc<Service>> {
    SERVICES.iter().find_map(|(namespace, name)| cluster.services.get(namespace, name))
}

fn has_label(it: &Pod, value: &str) -> bool {
    it.labels().get(SERVER.0).is_some_and(|it| *it == value)
}

/// The pods behind a Service and the port that each answers on: by its EndpointSlices, else by its selector.
pub fn behind(cluster: &Cluster, service: &Service) -> Vec<(PodId, u16)> {
    let home = &service.meta.namespace;
    let slices = cluster.endpoint_slices.of(home).iter().filter(|it| *it.service() == service.meta.name);
    let mut found = Vec::new();
    for slice in slices {
        let ports: Vec<u16> =
            slice.ports.iter().filter(|it| it.protocol == Protocol::Udp).filter_map(|it| it.number).collect();
        for endpoint in slice.endpoints.iter().filter(|it| it.ready && !it.pod.is_empty()) {
            let pod = PodId::new(home.clone(), endpoint.pod.clone());
            found.extend(ports.iter().map(|port| (pod.clone(), *port)));
        }
    }
    let selector = &service.selector;
    if !found.is_empty() || selector.is_empty() {
        return found;
    }
    let is_ready = |it: &Pod| !it.is_unready() || service.publishes_not_ready;
    let is_behind = |it: &Pod| !it.phase().is_finished() && is_ready(it) && it.labels().hold(selector);
    for pod in cluster.pods.of(home).iter().filter(|it| is_behind(it)) {
        for port in service.ports.iter().filter(|it| it.protocol == Protocol::Udp) {
            match &port.target {
                TargetPort::Number(number) => found.push((pod.pod_id(), *number)),
                TargetPort::Named(name) => {
                    let named = pod.ports().iter().filter(|it| it.name == *name && it.protocol == Protocol::Udp);
                    found.extend(named.map(|it| (pod.pod_id(), it.number)));
                }
            }
        }
    }
    found
}

/// The NodeLocal DNSCache on the end's own node.
fn node_local(cluster: &Cluster, from: &End) -> NodeLocal {
    let Some(node) = node_of(cluster, from) else { return NodeLocal::None };
    let here = |it: &&SharedPod| it.node() == node && !it.phase().is_finished() && has_label(it, NODE_LOCAL);
    let is_known = || {
        let coverage = &cluster.coverage;
        coverage.is_complete(Kind::POD, HOME) || coverage.nodes.contains(&(HOME.into(), node.clone()))
    };
    match cluster.pods.of(HOME).iter().find(here) {
        Some(found) => NodeLocal::Here(found.pod_id()),
        None if is_known() => NodeLocal::None,
        None => NodeLocal::Unseen,
    }
}

/// The node of an end that is a pod on one.
fn node_of<'a>(cluster: &'a Cluster, end: &End) -> Option<&'a Name> {
    let End::Pod(id) = end else { return None };
    cluster.pods.get(&id.namespace, &id.name).map(|it| it.node()).filter(|it| !it.is_empty())
}
