//! Pods that answer alike, as one.
//!
//! A class is found by what tells its pods apart and knows which peers hold it and which policies govern it, so that
//! judging a pair never looks at a label. It goes when its last pod goes.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use ipnet::IpNet;
use rustc_hash::FxBuildHasher;

use super::class::{Class, PeerMembership};
use super::class_labels::ClassLabels;
use super::families::{Families, FamilyOrder};
use super::peers::PeerKey;
use super::{Index, family_slot, slot};
use crate::model::address::{Addresses, Family};
use crate::model::cluster::Cluster;
use crate::model::facts::Pod;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::policy::{Direction, Tier};
use crate::net::ends;
use crate::net::verdict::Tri;

/// What the pods of a class are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum ClassKind {
    /// Pods on networks of their own.
    Pod,
    /// Pods on the host network, read as if they were any pod.
    HostPod,
    /// Nodes with pods on the host network; labels are the node's.
    HostNode,
    /// The same, of a node that is not known.
    UnknownNode,
}

/// What tells one class from another.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct ClassKey {
    pub sort: ClassKind,
    pub namespace: u32,
    /// Only those under keys that selectors read.
    pub labels: ClassLabels,
    pub declared: u32,
    pub families: Families,
    /// The blocks that hold it.
    pub blocks: Vec<PeerMembership>,
}

pub(super) fn hash_of(key: &impl Hash) -> u64 {
    FxBuildHasher.hash_one(key)
}

impl Index {
    /// Where an end without a known address may be.
    pub(super) fn ranges(&self, sort: ClassKind) -> Vec<IpNet> {
        if sort == ClassKind::Pod && !self.settings.pod_cidrs.is_empty() {
            return self.settings.pod_cidrs.clone();
        }
        ends::anywhere().to_vec()
    }

    /// The key of a pod on a network of its own.
    pub(super) fn pod_key(&mut self, namespace: u32, pod: &Pod) -> ClassKey {
        self.key(ClassKind::Pod, namespace, pod, &pod.addresses())
    }

    /// Both keys of a pod on the host network: its own, and its node's.
    pub(super) fn host_keys(&mut self, cluster: &Cluster, namespace: u32, pod: &Pod) -> (ClassKey, ClassKey) {
        let addresses = ends::pod_addresses(cluster, pod);
        let own = self.key(ClassKind::HostPod, namespace, pod, &addresses);
        let node = cluster.nodes.get("", pod.node()).cloned();
        let mut host = own.clone();
        host.sort = if node.is_some() { ClassKind::HostNode } else { ClassKind::UnknownNode };
        host.namespace = self.namespace(cluster, &Name::empty());
        host.declared = super::ports::NOTHING_DECLARED;
        host.labels = node.map_or_else(ClassLabels::default, |it| {
            ClassLabels::of(&it.labels, &self.node_keys.clone(), Arc::make_mut(&mut self.words))
        });
        (own, host)
    }

    fn key(&mut self, sort: ClassKind, namespace: u32, pod: &Pod, addresses: &Addresses) -> ClassKey {
        let ranges = if addresses.is_empty() { self.ranges(sort) } else { Vec::new() };
        let declared = Arc::make_mut(&mut self.ports).declare(pod.ports());
        ClassKey {
            sort,
            namespace,
            labels: ClassLabels::of_pod(pod, &self.keys, Arc::make_mut(&mut self.words)),
            declared,
            families: Families::of(addresses, &ranges),
            blocks: self.blocks_holding(addresses, &ranges),
        }
    }

    /// The blocks that hold an end.
    pub(super) fn blocks_holding(&self, addresses: &Addresses, ranges: &[IpNet]) -> Vec<PeerMembership> {
        let mut held: Vec<PeerMembership> = Vec::new();
        let mut test = |peers: &[u32]| {
            for &peer in peers {
                let PeerKey::Block(block) = &self.peers.get(peer).key else { continue };
                let tri = ends::in_block(block, addresses, ranges);
                held.extend(tri.is_possible().then(|| PeerMembership::new(peer, tri)));
            }
        };
        if addresses.is_empty() {
            self.blocks.values().for_each(|it| test(it));
        }
        for address in addresses.iter() {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            // A cluster names few blocks: walking them all is quicker than trying each length of prefix.
            if self.blocks.len() <= 24 {
                self.blocks.iter().filter(|(net, _)| net.contains(&address)).for_each(|(_, it)| test(it));
                continue;
            }
            for length in 0..=bits {
                let net = IpNet::new(address, length).expect("no longer than the address").trunc();
                self.blocks.get(&net).into_iter().for_each(|it| test(it));
            }
        }
        held.sort_unstable();
        held
    }

    /// The class of this key, made if there is none; the caller counts a pod into it.
    pub(super) fn class(&mut self, key: ClassKey) -> u32 {
        let hash = key.hash();
        if let Some(found) = self.class_ids.find(hash, |it| self.classes.get(*it).is(&key)) {
            return *found;
        }
        let (namespace, sort) = (key.namespace, key.sort);
        let id = self.classes.insert(Class::new(&key));
        let classes = &self.classes;
        self.class_ids.insert_unique(hash, id, |it| classes.get(*it).hash());
        let entry = self.namespaces.get_mut(namespace);
        entry.classes.set(id);
        if sort == ClassKind::Pod {
            entry.plain.set(id);
        }
        self.attach_class(id, &key);
        id
    }

    /// Writes a new class into everything that holds it.
    fn attach_class(&mut self, id: u32, key: &ClassKey) {
        let (families, declared) = (key.families, key.declared as usize);
        self.live.set(id);
        Direction::ALL.iter().for_each(|it| self.open[slot(*it)].set(id));
        for family in Family::ALL.into_iter().filter(|it| families.has(*it)) {
            self.families[family_slot(family)].set(id);
        }
        match families.order {
            FamilyOrder::V4 => {}
            FamilyOrder::V6 => self.v6_first.set(id),
            FamilyOrder::Others => self.unordered.set(id),
        }
        let by_declared = Arc::make_mut(&mut self.declared);
        if by_declared.len() <= declared {
            by_declared.resize_with(declared + 1, Default::default);
        }
        by_declared[declared].insert(id);
        let mut held = key.blocks.clone();
        let by_labels = self.peers_of_namespace(id).into_iter().map(|it| (it, self.holds(it, id)));
        held.extend(by_labels.filter(|it| it.1 != Tri::No).map(|(peer, tri)| PeerMembership::new(peer, tri)));
        held.sort_unstable();
        let mut policies: Vec<u32> = Vec::new();
        for it in &held {
            let peer = self.peers.get_mut(it.peer());
            peer.set_member(id, it.tri());
            policies.extend_from_slice(&peer.governs);
        }
        policies.sort_by(|a, b| self.order(*a).cmp(&self.order(*b)));
        policies.iter().for_each(|it| self.enter_groups(*it, id));
        self.classes.get_mut(id).fill(&held, &policies);
        self.renew_flags(id);
    }

    /// Forgets a class without pods.
    fn detach_class(&mut self, id: u32) {
        let class = self.classes.get(id).clone();
        for policy in class.policies() {
            self.release_class(*policy, id);
        }
        for held in class.peers() {
            self.peers.get_mut(held.peer()).set_member(id, Tri::No);
        }
        let (live, open, families) = (&mut self.live, &mut self.open, &mut self.families);
        [live, &mut self.v6_first, &mut self.unordered, &mut self.slow_path].into_iter().for_each(|it| it.clear(id));
        open.iter_mut().chain(families).for_each(|it| it.clear(id));
        self.beside.clear(id);
        Arc::make_mut(&mut self.declared)[class.declared as usize].remove(id);
        self.unlist(id);
        let entry = self.namespaces.get_mut(class.namespace);
        entry.classes.clear(id);
        entry.plain.clear(id);
        self.classes.remove(id);
    }

    /// Takes a class out of the table of keys, before its key changes or it goes.
    fn unlist(&mut self, id: u32) {
        let hash = self.classes.get(id).hash();
        if let Ok(entry) = self.class_ids.find_entry(hash, |it| *it == id) {
            entry.remove();
        }
    }

    /// Changes the key of a class in its place; its pods must agree on it.
    pub(super) fn rekey(&mut self, id: u32, change: impl FnOnce(&mut ClassKey)) {
        self.unlist(id);
        let class = self.classes.get_mut(id);
        let mut key = class.key();
        change(&mut key);
        class.set_key(&key);
        let classes = &self.classes;
        self.class_ids.insert_unique(key.hash(), id, |it| classes.get(*it).hash());
    }

    /// How many pods a class has.
    pub(super) fn weight(&self, class: u32) -> u32 {
        self.weights.of(class)
    }

    /// Counts a pod into a class.
    pub(super) fn enter(&mut self, class: u32) {
        self.weights.add(class, 1);
    }

    /// Counts a pod out of a class.
    pub(super) fn leave(&mut self, class: u32) {
        if self.weights.leave(class) == 0 {
            self.detach_class(class);
        }
    }

    /// Writes whether a peer holds a class, into both.
    pub(super) fn set_membership(&mut self, peer: u32, class: u32, tri: Tri) {
        let before = self.classes.get(class).held_by(peer);
        if before == tri {
            return;
        }
        let governing = self.peers.get(peer).governs.to_vec();
        if before != Tri::No {
            governing.iter().for_each(|policy| self.release_class(*policy, class));
        }
        self.classes.get_mut(class).set_held(peer, tri);
        self.peers.get_mut(peer).set_member(class, tri);
        if tri != Tri::No {
            governing.iter().for_each(|policy| self.govern_class(*policy, class));
        }
    }

    /// Forgets that a peer holds a class, when the peer itself goes.
    pub(super) fn forget_peer(&mut self, class: u32, peer: u32) {
        self.classes.get_mut(class).set_held(peer, Tri::No);
    }

    /// When a policy is evaluated, among those of a class.
    fn order(&self, policy: u32) -> (Tier, Kind, &Name, &Name) {
        let it = &self.policies.get(policy).policy;
        (it.tier, it.kind, &it.meta.namespace, &it.meta.name)
    }

    /// Puts a policy into a class's list, in order of evaluation.
    pub(super) fn list_policy(&mut self, class: u32, policy: u32) {
        let at = self.classes.get(class).policies().partition_point(|it| self.order(*it) < self.order(policy));
        self.classes.get_mut(class).insert_policy(at, policy);
        self.renew_flags(class);
    }

    /// Takes a policy out of a class's list.
    pub(super) fn unlist_policy(&mut self, class: u32, policy: u32) {
        self.classes.get_mut(class).forget_policy(policy);
        self.renew_flags(class);
    }

    /// Computes anew which bitmaps a class is in because of its policies.
    fn renew_flags(&mut self, class: u32) {
        let policies = self.classes.get(class).policies();
        let mut isolated = [false; 2];
        let mut slow_path = false;
        for entry in policies.iter().map(|it| self.policies.get(*it)) {
            slow_path |= !entry.is_plain() || entry.tier != Tier::Namespace && entry.at_gate.is_none();
            for direction in Direction::ALL {
                isolated[slot(direction)] |= entry.isolates(direction);
            }
        }
        for direction in Direction::ALL {
            let open = &mut self.open[slot(direction)];
            if isolated[slot(direction)] { open.clear(class) } else { open.set(class) }
        }
        if slow_path {
            self.slow_path.set(class)
        } else {
            self.slow_path.clear(class)
        }
        let at_gates = policies.iter().filter_map(|it| self.policies.get(*it).at_gate);
        self.beside.write(class, self.classes.get(class).sort, at_gates);
    }
}
