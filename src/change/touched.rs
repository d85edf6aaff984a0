//! Of which units answers may differ at all: whose pods, namespace or policies are others on the two sides.
//!
//! What passes between two units hangs on their own pods, on their namespaces and on the policies that select them. Where
//! all of that is the same on both sides the answer is, known or not, and nobody needs to ask.
//!
//! Of nodes it hangs on their objects and on what runs on the host network there, which tells their addresses; into them,
//! on the ports at which they take in Services. Addresses outside are what nobody holds on either side, and what passes to
//! and from them hangs on policies. Roles, bindings, accounts and endpoints are no ground of any flow.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use super::grounds::Grounds;
use super::{Side, Sides};
use crate::model::cluster::Cluster;
use crate::model::facts::{Fact, PodNetwork};
use crate::model::name::Name;
use crate::model::objects::Objects;
use crate::net::node_ports;
use crate::net::reach::Unit;

/// Units that may answer otherwise.
#[derive(Default)]
pub(super) struct TouchedUnits {
    pub units: HashSet<Unit, FxBuildHasher>,
    /// Whether every unit may with nodes.
    pub nodes: bool,
}

/// The units of which answers may differ; `None`: of all.
pub(super) fn touched(sides: &Sides<'_>) -> Option<TouchedUnits> {
    let Sides { before, after, .. } = sides;
    let (old, new) = (before.cluster, after.cluster);
    let is_read_alike = old.coverage == new.coverage && old.unreadable == new.unreadable;
    // Behind what neither could read may be something else on each, unless one was made from the other.
    let is_read_alike = is_read_alike && (is_all_read(old) || Grounds::of(sides).is_unread_same());
    if !is_read_alike || before.has_unseen != after.has_unseen || !before.net.has_same_whole(after.net) {
        return None;
    }
    let mut touched = TouchedUnits::default();
    for side in sides.both() {
        let other = if std::ptr::eq(side, before) { after } else { before };
        touched.add_pods(side, other);
        touched.add_policies(side, other)?;
        for namespace in moved(&side.cluster.workloads, &other.cluster.workloads) {
            touched.units.extend(side.net.workloads_in(side.cluster, namespace));
        }
        for space in side.cluster.namespaces.iter() {
            let name = &space.meta.name;
            if other.cluster.namespaces.get("", name).is_none_or(|it| it.labels != space.labels) {
                // Its pods are those of either side.
                sides.both().iter().for_each(|it| touched.units.extend(it.net.workloads_in(it.cluster, name)));
            }
        }
    }
    let has_same_nodes = before.net.has_same_nodes(old, after.net, new);
    touched.nodes = !has_same_nodes || !old.services.is_same(&new.services) && node_ports(old) != node_ports(new);
    if !has_same_nodes {
        // Pods on the host network are their nodes.
        sides.both().iter().for_each(|it| touched.add_hosts(it));
    }
    Some(touched)
}

/// Whether there is nothing that could not be read.
fn is_all_read(cluster: &Cluster) -> bool {
    let map = &cluster.coverage;
    let mut all = map.kinds.values().flat_map(|it| std::iter::once(&it.everywhere).chain(it.namespaces.values()));
    cluster.unreadable.is_empty() && map.otherwise.is_complete() && all.all(|it| it.is_complete())
}

/// The namespaces in which some object of a sort is another one, or not there on the other side.
fn moved<'o, T: Fact + PartialEq>(own: &'o Objects<T>, other: &'o Objects<T>) -> impl Iterator<Item = &'o Name> {
    own.namespaces().filter(move |it| {
        let (own, other) = (own.of(it), other.of(it));
        !std::ptr::eq(own, other) && own != other
    })
}

impl TouchedUnits {
    /// Whether no answer may differ: no pair has an end, and no node a port, that is otherwise on the other side.
    pub fn is_nothing(&self) -> bool {
        self.units.is_empty() && !self.nodes
    }

    fn add_pods(&mut self, side: &Side<'_>, other: &Side<'_>) {
        for namespace in moved(&side.cluster.pods, &other.cluster.pods) {
            let is_other = |it: &&crate::model::facts::SharedPod| other.cluster.pods.same(*it) != Some(*it);
            for pod in side.cluster.pods.of(namespace).iter().filter(is_other) {
                self.add(side, pod);
                // Where a unit has other pods, its other ones are told with them.
                other.cluster.pods.same(pod).into_iter().for_each(|it| self.add(other, it));
            }
        }
    }

    fn add(&mut self, side: &Side<'_>, pod: &crate::model::facts::SharedPod) {
        self.units.insert(Unit::of_pod(side.cluster, pod));
    }

    /// `None`: a policy that is another one may decide of any pair.
    fn add_policies(&mut self, side: &Side<'_>, other: &Side<'_>) -> Option<()> {
        for namespace in moved(&side.cluster.policies, &other.cluster.policies) {
            let is_other =
                |it: &&std::sync::Arc<crate::model::policy::Policy>| other.cluster.policies.same(*it) != Some(*it);
            for policy in side.cluster.policies.of(namespace).iter().filter(is_other) {
                self.units.extend(side.net.governed(side.cluster, policy)?);
            }
        }
        Some(())
    }

    fn add_hosts(&mut self, side: &Side<'_>) {
        let hosts = side.cluster.pods.iter().filter(|it| it.network() == PodNetwork::Host);
        hosts.for_each(|it| self.add(side, it));
    }
}
