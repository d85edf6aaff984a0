//! Why rows about many pairs are unknown: for each of them one pair of ends that is.
//!
//! ```text
//! row   deployment/shop/web → statefulset/shop/db   2 of 6 pairs unknown
//! pair  pod/shop/web-a      → pod/shop/db-0         whoever explains this one says why
//! ```
//!
//! Made only where a row is unknown: sums over many pairs keep no reasons, so that they stay cheap. Of pods that answer
//! alike two stand for all, on two nodes if they can, since a node and its own pods are exempt (S41).

use std::borrow::Cow;
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::Index;
use super::namespace_pods::PodClasses;
use super::port_mask::TriPorts;
use super::workload_groups::NO_POD_GROUP;
use crate::model::cluster::Cluster;
use crate::model::facts::Pod;
use crate::model::name::Name;
use crate::net::reach::{Granularity, Unit};
use crate::net::verdict::{End, Port};

/// What tells ends that answer alike from others, as far as classes tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EndSignature {
    /// Pods of these classes that are on a node, or wait for one.
    Pod { classes: PodClasses, is_placed: bool },
    /// A node, by its place among all.
    Node(u32),
    /// An end that was asked about by itself, by its number among those.
    Asked(u32),
}

/// One end that stands for all that answer like it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Representative {
    /// Those of the same signature are unknown for the same reasons.
    pub signature: EndSignature,
    pub end: End,
    node: Name,
}

impl Representative {
    /// A node, by its place among all.
    fn node(place: usize, name: &Name) -> Self {
        Self { signature: EndSignature::Node(place as u32), end: End::Node(name.clone()), node: name.clone() }
    }

    /// An end that was asked about by itself; `number` is its own among those asked about.
    pub fn asked(number: u32, end: End) -> Self {
        Self { signature: EndSignature::Asked(number), end, node: Name::empty() }
    }
}

/// Who stands for the pods of every unit.
#[derive(Debug, Default)]
pub struct Representatives(HashMap<Unit, Vec<Representative>, FxBuildHasher>);

/// What is looked for between two units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SoughtPair {
    /// A pair whose outcome is unknown, for this port or for any.
    Pair(Option<Port>),
    /// A pair with some port that may pass and may be stopped.
    SomePort,
}

impl Representatives {
    /// Those that stand for a unit: the ones that are judged one by one come first.
    ///
    /// Of nodes that share a row each has what it says: the first two stand for them, since one may be the other end.
    pub fn of(&self, unit: &Unit) -> Cow<'_, [Representative]> {
        match unit {
            Unit::Nodes(nodes) => {
                nodes.places().zip(nodes.names()).take(2).map(|it| Representative::node(it.0, it.1)).collect()
            }
            _ => Cow::Borrowed(self.0.get(unit).map_or(&[], Vec::as_slice)),
        }
    }
}

impl Index {
    /// Who stands for the pods of each unit, and for the addresses outside.
    pub fn representatives(&self, cluster: &Cluster, by: Granularity) -> Representatives {
        let mut all = Representatives::default();
        for &namespace in self.in_order.iter() {
            let workload_groups = self.workload_groups(cluster, namespace);
            for (pod, pod_group) in
                self.pods_of(namespace).zip(&workload_groups.of_pod).filter(|it| *it.1 != NO_POD_GROUP)
            {
                let pod_group = workload_groups.pod_groups[*pod_group as usize];
                let unit = match by {
                    Granularity::Pod => Unit::Pod(pod.pod_id()),
                    Granularity::Workload => workload_groups.units[pod_group.unit as usize].clone(),
                    Granularity::Namespace => Unit::Namespace(pod.namespace().clone()),
                };
                representative(
                    all.0.entry(unit).or_default(),
                    EndSignature::Pod {
                        classes: PodClasses { class: pod_group.class, host: pod_group.host },
                        is_placed: !pod.node().is_empty(),
                    },
                    pod,
                );
            }
        }
        all.0.values_mut().for_each(|it| it.sort_by_key(|it| !self.is_slow(it.signature)));
        for (at, part) in (0..).zip(&self.around(cluster).outside) {
            let Unit::Outside(ranges) = &part.unit else { continue };
            let stands = ranges.iter().take(1).map(|it| Representative::asked(at, End::Address(it.0)));
            all.0.insert(part.unit.clone(), stands.collect());
        }
        all
    }

    /// Whether an end is judged one by one.
    fn is_slow(&self, signature: EndSignature) -> bool {
        matches!(signature, EndSignature::Pod { classes, .. } if self.slow_path.has(classes.class))
    }

    /// The first pair of two ends about which there is this doubt; a pod and itself is none.
    pub fn doubted<'a>(
        &self,
        cluster: &Cluster,
        from: &'a [Representative],
        to: &'a [Representative],
        doubt: SoughtPair,
    ) -> Option<(&'a Representative, &'a Representative)> {
        let is_so = |(from, to): &(&Representative, &Representative)| {
            let TriPorts { sure, possible } = self.pass(&self.find(cluster, &from.end), &self.find(cluster, &to.end));
            match doubt {
                SoughtPair::SomePort => sure != possible,
                SoughtPair::Pair(None) => sure.is_empty() && !possible.is_empty(),
                SoughtPair::Pair(Some((protocol, number))) => {
                    self.ports.atom(protocol, number).is_some_and(|it| !sure.has(it) && possible.has(it))
                }
            }
        };
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
        pairs.filter(|it| it.0.end != it.1.end).find(is_so)
    }
}

/// Lets a pod stand for those of its signature, unless two do on two nodes.
fn representative(all: &mut Vec<Representative>, signature: EndSignature, pod: &Pod) {
    let mut alike = all.iter_mut().filter(|it| it.signature == signature);
    let (first, second) = (alike.next(), alike.next());
    let stands = Representative { signature, end: End::Pod(pod.pod_id()), node: pod.node().clone() };
    match (first, second) {
        (Some(first), Some(second)) => {
            if first.node == second.node && first.node != stands.node {
                *second = stands;
            }
        }
        _ => all.push(stands),
    }
}
