//! What a question has to read from a live cluster before it can be answered; nothing else is fetched or claimed.
//!
//! A one-shot command asks in rounds, since what it reads tells what it needs next (a Service names its backends):
//!
//! ```text
//! needs(cluster so far, what was asked) ─► reads ─► live fetches them, notes their coverage ─► again, until empty
//! ```
//!
//! What is shown beside an answer (whether names resolve) is asked for when all that the answer rests on is there.
//!
//! Nothing here fetches; `live` does, and knows which kinds a cluster serves.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::kinds::{self, KINDS, KindSpec};
use crate::model::cluster::Cluster;
use crate::model::coverage::{Coverage, Scope};
use crate::model::facts::{Pod, PodNetwork, Service};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::owner::is_workload;
use crate::net::dns;

use super::end::{AskedEnd, PortAsk};
use super::entry::at_node_port;
use super::resolve::named_by;

/// One thing to fetch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReadNeed {
    /// One object by name. Found: it is put. Absent: nothing. Refused: its kind is forbidden in its namespace.
    One(ObjectId),
    /// Every object of a kind in a scope; afterwards that scope of the kind is covered, or forbidden.
    All { kind: Kind, scope: Scope },
    /// Every policy that can govern pods of this scope: NetworkPolicies there, and of the other policy kinds that
    /// the cluster serves the namespaced ones there and all cluster-wide ones. Kinds not served are covered so.
    Policies(Scope),
    /// Every policy kind of the cluster as a whole.
    ClusterPolicies,
    /// The pods that hold this address (a field selector does it); afterwards `coverage.addresses` has it.
    PodsAt(IpAddr),
    /// The pods of a namespace that run on a node, by a field selector; afterwards `coverage.nodes` has both.
    /// Refused: nothing.
    PodsOn { namespace: Name, node: Name },
    /// Every other workload kind's metadata in a scope, so that pods are known by their Deployment.
    Owners(Scope),
}

/// What to fetch, each once, in an order that is the same every time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Needs(pub BTreeSet<ReadNeed>);

impl Needs {
    /// Whether there is nothing to fetch.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All objects of these kinds, everywhere.
    pub fn all_of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self(kinds.into_iter().map(|kind| ReadNeed::All { kind, scope: Scope::Everywhere }).collect())
    }

    /// The kinds of which some is still being listed.
    pub fn loading(&self, cluster: &Cluster) -> BTreeSet<Kind> {
        let places = self.0.iter().flat_map(places);
        places
            .filter(|(kind, namespace)| *cluster.coverage.of(*kind, namespace) == Coverage::Loading)
            .map(|it| it.0)
            .collect()
    }

    /// What of this was not asked for before.
    pub fn except(mut self, asked: &Self) -> Self {
        self.0.retain(|it| !asked.0.contains(it));
        self
    }
}

/// The kinds that something is read of, each with its namespace; empty: as a whole.
fn places(read: &ReadNeed) -> Vec<(Kind, Name)> {
    let within = |scope: &Scope| match scope {
        Scope::Everywhere => Name::empty(),
        Scope::Namespace(name) => name.clone(),
    };
    let of = |is_meant: fn(&KindSpec) -> bool, namespace: Name| {
        KINDS.iter().filter(|it| is_meant(it)).map(|it| (it.kind, namespace.clone())).collect()
    };
    match read {
        ReadNeed::One(id) => vec![(id.kind, id.namespace.clone())],
        ReadNeed::All { kind, scope } => vec![(*kind, within(scope))],
        ReadNeed::Policies(scope) => of(KindSpec::is_policy, within(scope)),
        ReadNeed::ClusterPolicies => of(KindSpec::is_policy, Name::empty()),
        ReadNeed::PodsAt(_) => vec![(Kind::POD, Name::empty())],
        ReadNeed::PodsOn { namespace, .. } => vec![(Kind::POD, namespace.clone())],
        ReadNeed::Owners(scope) => of(|it| is_workload(it.kind), within(scope)),
    }
}

/// Everything that questions about connections can rest on: maps, reach, batches.
pub fn everything() -> Needs {
    const KINDS: [Kind; 5] = [Kind::NAMESPACE, Kind::POD, Kind::NODE, Kind::SERVICE, Kind::ENDPOINT_SLICE];
    let mut needs = Needs::all_of(KINDS);
    needs.0.extend([ReadNeed::Policies(Scope::Everywhere), ReadNeed::Owners(Scope::Everywhere)]);
    needs
}

/// What a trace between two ends needs next, given what is held.
pub fn of_trace(cluster: &Cluster, from: &AskedEnd, to: &AskedEnd, port: &PortAsk) -> Needs {
    let mut needs = Needs::default();
    for end in [from, to] {
        of_end(cluster, end, &mut needs, &mut BTreeSet::new());
    }
    needs.node_port(cluster, to, port);
    // No end is in a namespace: a cluster-wide policy may bend the flow all the same.
    if !needs.0.iter().any(|it| matches!(it, ReadNeed::Policies(_))) {
        needs.0.insert(ReadNeed::ClusterPolicies);
    }
    needs
}

/// `way`: the ends that names led over to this one.
fn of_end(cluster: &Cluster, end: &AskedEnd, needs: &mut Needs, way: &mut BTreeSet<AskedEnd>) {
    match end {
        AskedEnd::Pod(pod) => {
            needs.0.insert(ReadNeed::One(pod.object()));
            needs.around(&pod.namespace);
            cluster.pods.get(&pod.namespace, &pod.name).into_iter().for_each(|it| needs.node_of(it));
        }
        AskedEnd::Workload { namespace, .. } => {
            needs.0.insert(ReadNeed::Owners(Scope::Namespace(namespace.clone())));
            needs.pods_of(cluster, namespace);
        }
        AskedEnd::Namespace(namespace) => needs.pods_of(cluster, namespace),
        AskedEnd::Service { namespace, name } => {
            needs.service(cluster, namespace, name);
            let named = cluster.services.get(namespace, name).and_then(|it| named_by(it));
            if let Some(next) = named.filter(|_| way.insert(end.clone())) {
                of_end(cluster, &next, needs, way);
            }
        }
        AskedEnd::Host { service, namespace, .. } => needs.service(cluster, namespace, service),
        AskedEnd::Node(name) => {
            needs.0.insert(ReadNeed::One(ObjectId::new(Kind::NODE, "", name.clone())));
        }
        AskedEnd::Address(address) => needs.address(cluster, *address),
        // Of few addresses each may be somebody's.
        AskedEnd::Block(block) if block.max_prefix_len() - block.prefix_len() <= 4 => {
            block
                .subnets(block.max_prefix_len())
                .into_iter()
                .flatten()
                .for_each(|it| needs.address(cluster, it.addr()));
        }
        AskedEnd::Block(_) | AskedEnd::Internet => {}
    }
}

/// What a word on the cluster's DNS rests on (S51): its Service, the pods behind it, and what those are judged by.
pub fn of_names(cluster: &Cluster) -> Needs {
    let mut needs = Needs::default();
    for (namespace, name) in dns::SERVICES {
        let namespace = Name::from(namespace);
        needs.0.insert(ReadNeed::One(ObjectId::new(Kind::SERVICE, namespace.clone(), name)));
        if let Some(service) = cluster.services.get(&namespace, name) {
            needs.name_servers(cluster, service);
            break;
        }
        // The next place is looked into once it is known that this one is empty.
        if matches!(cluster.coverage.of(Kind::SERVICE, &namespace), Coverage::Unread) {
            break;
        }
    }
    needs
}

impl Needs {
    /// The pods behind the Service that answers for names.
    fn name_servers(&mut self, cluster: &Cluster, service: &Service) {
        let namespace = &service.meta.namespace;
        self.0.insert(ReadNeed::All { kind: Kind::ENDPOINT_SLICE, scope: Scope::Namespace(namespace.clone()) });
        self.around(namespace);
        let servers = dns::behind(cluster, service);
        for (pod, _) in &servers {
            self.0.insert(ReadNeed::One(pod.object()));
            cluster.pods.get(&pod.namespace, &pod.name).into_iter().for_each(|it| self.node_of(it));
        }
        // No slice names a ready server: then its selector does.
        if servers.is_empty() && cluster.coverage.is_complete(Kind::ENDPOINT_SLICE, namespace) {
            self.pods_of(cluster, namespace);
        }
    }

    /// What every pod of a namespace is judged by.
    fn around(&mut self, namespace: &Name) {
        self.0.insert(ReadNeed::One(ObjectId::new(Kind::NAMESPACE, "", namespace.clone())));
        self.0.insert(ReadNeed::Policies(Scope::Namespace(namespace.clone())));
        let roots = KINDS.iter().filter_map(|it| Some((it.kind, kinds::root(it.kind)?)));
        self.0.extend(roots.map(|(kind, root)| ReadNeed::All { kind, scope: Scope::Namespace(root.into()) }));
    }

    /// All pods of a namespace.
    fn pods_of(&mut self, cluster: &Cluster, namespace: &Name) {
        self.0.insert(ReadNeed::All { kind: Kind::POD, scope: Scope::Namespace(namespace.clone()) });
        self.around(namespace);
        cluster.pods.of(namespace).iter().for_each(|it| self.node_of(it));
    }

    /// The node of a pod on its network, whose addresses are then the pod's.
    fn node_of(&mut self, pod: &Pod) {
        if pod.network() == PodNetwork::Host && !pod.node().is_empty() {
            self.0.insert(ReadNeed::One(ObjectId::new(Kind::NODE, "", pod.node().clone())));
        }
    }

    /// A Service, its slices, and the pods behind it.
    fn service(&mut self, cluster: &Cluster, namespace: &Name, name: &Name) {
        self.0.insert(ReadNeed::One(ObjectId::new(Kind::SERVICE, namespace.clone(), name.clone())));
        self.0.insert(ReadNeed::All { kind: Kind::ENDPOINT_SLICE, scope: Scope::Namespace(namespace.clone()) });
        let Some(service) = cluster.services.get(namespace, name) else { return };
        self.pods_of(cluster, namespace);
        // A source that comes in from outside may turn up at the backends as any node.
        if service.has_node_ports() || service.outer_addresses().next().is_some() {
            self.0.insert(ReadNeed::All { kind: Kind::NODE, scope: Scope::Everywhere });
        }
    }

    /// The Service that a node takes in at this port.
    fn node_port(&mut self, cluster: &Cluster, to: &AskedEnd, port: &PortAsk) {
        let is_node = match to {
            AskedEnd::Node(_) => true,
            AskedEnd::Address(address) => cluster.nodes.iter().any(|it| it.addresses.contains(address)),
            _ => false,
        };
        if !is_node {
            return;
        }
        self.0.insert(ReadNeed::All { kind: Kind::SERVICE, scope: Scope::Everywhere });
        let PortAsk::Number { number, protocol } = port else { return };
        for (service, _) in at_node_port(cluster, *protocol, *number) {
            self.service(cluster, &service.meta.namespace, &service.meta.name);
        }
    }

    /// Whoever holds an address.
    fn address(&mut self, cluster: &Cluster, address: IpAddr) {
        let everywhere = |kind| ReadNeed::All { kind, scope: Scope::Everywhere };
        self.0.extend([ReadNeed::PodsAt(address), everywhere(Kind::NODE), everywhere(Kind::SERVICE)]);
        let pods = cluster.pods.iter().filter(|it| it.has(address));
        let services = cluster.services.iter().filter(|it| it.addresses().any(|it| it == address));
        pods.for_each(|it| self.around(it.namespace()));
        services.for_each(|it| self.service(cluster, &it.meta.namespace, &it.meta.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_not_asked_again() {
        let all = Needs::all_of([Kind::POD, Kind::NODE]);
        assert_eq!(all.clone().except(&Needs::all_of([Kind::NODE])), Needs::all_of([Kind::POD]));
        assert!(all.clone().except(&all).is_empty());
    }
}
