//! What comparing two clusters asks of each: which units there are, whose pods, and the ports of one pair alone.

use std::collections::HashSet;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::workload_groups::NO_POD_GROUP;
use super::{Index, NO_CLASS};
use crate::model::cluster::Cluster;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::policy::Policy;
use crate::model::port::PortSet;
use crate::net::reach::Unit;
use crate::net::verdict::{End, Tri};

use super::indexed_end::{IndexedEnd, own_node};
use super::namespace_pods::PodClasses;

/// What one pair passes: the ports that surely pass, and those that may.
pub type Passing = (Arc<PortSet>, Arc<PortSet>);

/// What tells pairs that pass the same from others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PairSignature {
    from: PodClasses,
    to: PodClasses,
    /// Whether they are on one node, where that matters: one of them is on the host network.
    is_own_node: Option<Tri>,
}

impl Index {
    /// All workloads, and pods without one, that have a running pod.
    pub fn workloads(&self, cluster: &Cluster) -> Vec<Unit> {
        self.in_order.iter().flat_map(|it| self.workload_groups(cluster, *it).units.iter().cloned()).collect()
    }

    /// The running pods of a workload, or of a pod without one.
    pub fn pods_of_workload(&self, cluster: &Cluster, unit: &Unit) -> Vec<PodId> {
        let namespace = match unit {
            Unit::Pod(pod) => &pod.namespace,
            Unit::Workload(workload) => &workload.namespace,
            Unit::Namespace(_) | Unit::Nodes(_) | Unit::Outside(_) => return Vec::new(),
        };
        let Some(&namespace) = self.namespace_ids.get(namespace) else { return Vec::new() };
        let workload_groups = self.workload_groups(cluster, namespace);
        let is_meant = |pod_group: u32| {
            pod_group != NO_POD_GROUP
                && workload_groups.units[workload_groups.pod_groups[pod_group as usize].unit as usize] == *unit
        };
        let pods = self.pods_of(namespace).zip(&workload_groups.of_pod).filter(|it| is_meant(*it.1));
        pods.map(|it| it.0.pod_id()).collect()
    }

    /// The workloads of which a policy governs a pod, surely or maybe; `None`: it is held for none that governs so.
    pub fn governed(&self, cluster: &Cluster, policy: &Policy) -> Option<Vec<Unit>> {
        let entry = self.policies.get(self.policy_id(policy)?);
        if self.bends_all.iter().any(|it| std::ptr::eq(self.policies.get(*it), entry)) {
            return None;
        }
        let members: Vec<u32> = self.peers.get(entry.target).members().into_iter().map(|it| it.0).collect();
        let meant: HashSet<u32, FxBuildHasher> = members.iter().copied().collect();
        let mut spaces: Vec<u32> = members.iter().map(|it| self.classes.get(*it).namespace).collect();
        spaces.sort_unstable();
        spaces.dedup();
        let mut units = Vec::new();
        for workload_groups in spaces.into_iter().map(|it| self.workload_groups(cluster, it)) {
            let pod_groups =
                workload_groups.pod_groups.iter().filter(|it| meant.contains(&it.class) || meant.contains(&it.host));
            let mut numbers: Vec<u32> = pod_groups.map(|it| it.unit).collect();
            numbers.dedup();
            units.extend(numbers.into_iter().map(|it| workload_groups.units[it as usize].clone()));
        }
        Some(units)
    }

    /// The workloads of a namespace.
    pub fn workloads_in(&self, cluster: &Cluster, namespace: &str) -> Vec<Unit> {
        let known = self.namespace_ids.get(namespace);
        known.map(|it| self.workload_groups(cluster, *it).units.clone()).unwrap_or_default()
    }

    /// Whether all that two indexes hold of a cluster as a whole is the same: what may decide of any pair.
    pub fn has_same_whole(&self, other: &Self) -> bool {
        let none_bends = self.bends_all.is_empty() && other.bends_all.is_empty();
        none_bends && self.settings == other.settings && self.firsts.say_the_same(&other.firsts)
    }

    /// Whether two clusters have the same nodes at the same addresses, those included of which only pods on the host
    /// network tell.
    pub fn has_same_nodes(&self, cluster: &Cluster, other: &Self, others: &Cluster) -> bool {
        let (own, other) = (self.around(cluster), other.around(others));
        cluster.nodes.is_same(&others.nodes) && own.names == other.names && own.addresses == other.addresses
    }

    /// The names of all nodes, in order.
    pub fn node_names(&self, cluster: &Cluster) -> Arc<[Name]> {
        self.around(cluster).names.clone()
    }

    /// What passes from one end to another; `None`: they have no address family in common, and are no pair.
    ///
    /// Node ports are no node's own (S46).
    pub fn passes_between(&self, cluster: &Cluster, from: &End, to: &End) -> Option<Passing> {
        let (a, b) = (self.find(cluster, from), self.find(cluster, to));
        let is_outside = matches!(from, End::Address(_)) || matches!(to, End::Address(_));
        if is_outside && !self.share_family(&a, &b) {
            return None;
        }
        let pass = self.pass(&a, &b);
        let (sure, possible) = (self.ports.set_of(&pass.sure), self.ports.set_of(&pass.possible));
        let node_ports = &self.around(cluster).node_ports;
        match to {
            End::Node(_) if !node_ports.is_empty() => {
                let own = |it: &PortSet| Arc::new(it.difference(node_ports));
                Some((own(&sure), own(&possible)))
            }
            _ => Some((sure, possible)),
        }
    }

    /// What sort of pair two pods are.
    pub fn pair_signature(&self, cluster: &Cluster, from: &PodId, to: &PodId) -> PairSignature {
        let classes = |it: &IndexedEnd<'_>| match it {
            IndexedEnd::Pod { class, .. } => PodClasses { class: *class, host: NO_CLASS },
            IndexedEnd::Host { own, host, .. } => PodClasses { class: *own, host: *host },
            IndexedEnd::External(_) | IndexedEnd::Nothing => PodClasses { class: NO_CLASS, host: NO_CLASS },
        };
        let (from, to) = (End::Pod(from.clone()), End::Pod(to.clone()));
        let (from, to) = (self.find(cluster, &from), self.find(cluster, &to));
        let is_host = |it: &IndexedEnd<'_>| matches!(it, IndexedEnd::Host { .. });
        let is_own_node = (is_host(&from) || is_host(&to)).then(|| own_node(&from, &to));
        PairSignature { from: classes(&from), to: classes(&to), is_own_node }
    }
}
