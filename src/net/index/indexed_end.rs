//! Ends as the index finds them: a pod is its class, and on the host network its node's class beside it.
//!
//! ```text
//! pod shop/web        class 7                         judged as what its class is
//! pod infra/agent     class 9, as its node class 3    two readings (S37, S38)
//! node, address       external                        in no class
//! ```
//!
//! An end on its way to an answer:
//!
//! ```text
//! verdict::End     as it is asked for          pod/infra/agent
//! IndexedEnd       as the index finds it       its class 9, and 3 of its node
//! EndReading       as one judgement reads it     class 3, or class 9, or something in no class
//! EndRows          with the rows of classes    what it has with all others
//! EndFacts         as it is told               its labels and addresses, see `net::verdict`
//! ```
//!
//! Nothing here judges: that is [`super::pair`].

use std::sync::Arc;

use ipnet::IpNet;

use super::class::Class;
use super::families::Families;
use super::namespace_pods::{PodClasses, PodRow};
use super::ports::NOTHING_DECLARED;
use super::{Index, NO_CLASS};
use crate::model::address::Addresses;
use crate::model::cluster::Cluster;
use crate::model::facts::Node;
use crate::model::id::PodId;
use crate::model::name::{JoinedName, Name};
use crate::net::ends;
use crate::net::verdict::{End, EndFacts, Tri};

/// One end in one reading: a class, or something outside all classes.
#[derive(Clone, Copy)]
pub(super) enum EndReading<'a> {
    Class(u32, &'a Class),
    External(&'a ExternalEnd),
}

/// An end that is no pod.
#[derive(Clone, Debug)]
pub(super) struct ExternalEnd {
    pub addresses: Addresses,
    pub ranges: Vec<IpNet>,
    pub families: Families,
    /// `None`: an outside address.
    pub node: Option<Name>,
    pub facts: Option<Arc<Node>>,
}

// To judge what two ends would have with each other on one node, or on two, without saying which, names of no node are
// given for theirs: both `HERE` are on one (exempt, S41), `HERE` and `ELSEWHERE` are not, `NOWHERE` may come to either.

/// No node: a pod that is on none yet.
pub(super) static NOWHERE: Name = Name::empty();

/// Some node that both ends of a pair are on; no node can be called so.
pub(super) static HERE: Name = Name::fixed(arcstr::literal!("one node"));

/// A node that the other end of a pair is not on.
pub(super) static ELSEWHERE: Name = Name::fixed(arcstr::literal!("another node"));

/// An end as the index finds it.
#[derive(Clone, Debug)]
pub(super) enum IndexedEnd<'a> {
    Pod {
        class: u32,
        node: &'a Name,
    },
    /// A pod on the host network: its own class and that of its node.
    Host {
        own: u32,
        host: u32,
        node: &'a Name,
    },
    External(ExternalEnd),
    /// A pod that has finished, may no longer be read, or is not there.
    Nothing,
}

impl EndReading<'_> {
    pub fn families(&self) -> Families {
        match self {
            EndReading::Class(_, class) => class.families,
            EndReading::External(external) => external.families,
        }
    }

    pub fn declared(&self) -> u32 {
        match self {
            EndReading::Class(_, class) => class.declared,
            EndReading::External(_) => NOTHING_DECLARED,
        }
    }

    pub fn policies(&self) -> &[u32] {
        match self {
            EndReading::Class(_, class) => class.policies(),
            EndReading::External(_) => &[],
        }
    }
}

impl IndexedEnd<'_> {
    /// The node that it is on, or is; empty: none that is known.
    pub fn node(&self) -> &Name {
        match self {
            IndexedEnd::Pod { node, .. } | IndexedEnd::Host { node, .. } => node,
            IndexedEnd::External(external) => external.node.as_ref().unwrap_or(&NOWHERE),
            IndexedEnd::Nothing => &NOWHERE,
        }
    }

    /// Whether it is on a node, or is one, or will come to one.
    pub fn has_place(&self) -> bool {
        self.place().is_some()
    }

    /// Its node, empty while it is on none yet; `None`: an end that is on no node ever.
    fn place(&self) -> Option<&Name> {
        match self {
            IndexedEnd::Pod { node, .. } | IndexedEnd::Host { node, .. } => Some(node),
            IndexedEnd::External(external) => external.node.as_ref(),
            IndexedEnd::Nothing => None,
        }
    }

    /// Whether it is a node, or a pod that is one to policies.
    pub fn is_node(&self) -> bool {
        match self {
            IndexedEnd::Host { .. } => true,
            IndexedEnd::External(external) => external.node.is_some(),
            IndexedEnd::Pod { .. } | IndexedEnd::Nothing => false,
        }
    }

    /// How many readings it has.
    pub fn readings(&self) -> usize {
        if matches!(self, IndexedEnd::Host { .. }) { 2 } else { 1 }
    }
}

/// Whether the pair is a pod or node and its own node (S41); maybe: an end that is on no node yet may come to any.
pub(super) fn own_node(from: &IndexedEnd<'_>, to: &IndexedEnd<'_>) -> Tri {
    match (from.place(), to.place()) {
        _ if !from.is_node() && !to.is_node() => Tri::No,
        (None, _) | (_, None) => Tri::No,
        (Some(a), Some(b)) if a.is_empty() || b.is_empty() => Tri::Maybe,
        (Some(a), Some(b)) => Tri::of(a == b),
    }
}

impl Index {
    /// A pod, and where it is in which namespace.
    pub(super) fn place_of(&self, pod: &PodId) -> Option<(u32, usize, PodRow<'_>)> {
        let namespace = *self.namespace_ids.get(&pod.namespace)?;
        let entry = self.namespaces.get(namespace);
        let at = entry.pods.place(JoinedName::whole(&pod.name))?;
        Some((namespace, at, entry.pods.get(at)))
    }

    /// The classes by which a pod answers, its node apart; `None`: it cannot be judged.
    pub fn pod_classes(&self, pod: &PodId) -> Option<PodClasses> {
        self.row_of(pod).map(|it| PodClasses { class: it.class, host: it.host })
    }

    /// A pod that can be judged.
    pub(super) fn row_of(&self, pod: &PodId) -> Option<PodRow<'_>> {
        self.place_of(pod).map(|it| it.2).filter(|it| it.class != NO_CLASS)
    }

    /// An end as it is judged, and its facts.
    pub(super) fn find_with_facts<'a>(&'a self, cluster: &Cluster, end: &End) -> (IndexedEnd<'a>, EndFacts) {
        let place = if let End::Pod(id) = end { self.place_of(id) } else { None };
        match place {
            Some((namespace, _, row)) => {
                let namespace = self.namespaces.get(namespace).labels.clone();
                (found_pod(row), ends::pod_facts(cluster, end, row.pod, namespace))
            }
            None => (self.find(cluster, end), ends::facts(cluster, end)),
        }
    }

    pub(super) fn find(&self, cluster: &Cluster, end: &End) -> IndexedEnd<'_> {
        match end {
            End::Pod(id) => self.place_of(id).map_or(IndexedEnd::Nothing, |it| found_pod(it.2)),
            End::Node(name) => {
                let addresses = ends::node_addresses(cluster, name);
                let facts = cluster.nodes.get("", name).cloned();
                IndexedEnd::External(self.external(addresses, Some(name.clone()), facts))
            }
            End::Address(address) => IndexedEnd::External(self.external(Addresses::new([*address]), None, None)),
        }
    }

    pub(super) fn external(&self, addresses: Addresses, node: Option<Name>, facts: Option<Arc<Node>>) -> ExternalEnd {
        let ranges = if addresses.is_empty() { ends::anywhere().to_vec() } else { Vec::new() };
        ExternalEnd { families: Families::of(&addresses, &ranges), addresses, ranges, node, facts }
    }

    /// The end in one reading (0: the usual one).
    pub(super) fn end_reading<'a>(&'a self, found: &'a IndexedEnd<'_>, reading: usize) -> Option<EndReading<'a>> {
        let class = match found {
            IndexedEnd::Pod { class, .. } => *class,
            IndexedEnd::Host { own, host, .. } => {
                if reading == 0 {
                    *host
                } else {
                    *own
                }
            }
            IndexedEnd::External(external) => return Some(EndReading::External(external)),
            IndexedEnd::Nothing => return None,
        };
        Some(self.class_reading(class))
    }

    pub(super) fn class_reading(&self, class: u32) -> EndReading<'_> {
        EndReading::Class(class, self.classes.get(class))
    }
}

fn found_pod(row: PodRow<'_>) -> IndexedEnd<'_> {
    let node = row.pod.node();
    match row.class {
        NO_CLASS => IndexedEnd::Nothing,
        class if row.host == NO_CLASS => IndexedEnd::Pod { class, node },
        own => IndexedEnd::Host { own, host: row.host, node },
    }
}
