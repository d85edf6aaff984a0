//! Pods that answer alike, as one.
//!
//! A class is found by what tells its pods apart and knows which peers hold it and which policies govern it, so that
//! judging a pair never looks at a label. It goes when its last pod goes.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use ipnet::IpNet;
use rustc_hash::FxBuildHasher;

use super::dress::{Dress, Keys};
use super::peers::Key;
use super::{Index, family_slot, slot};
use crate::model::address::{Addresses, Family};
use crate::model::cluster::Cluster;
use crate::model::facts::Pod;
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::policy::{Direction, Tier};
use crate::net::ends;
use crate::net::verdict::Tri;

/// What the pods of a class are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Sort {
    /// Pods on networks of their own.
    Pod,
    /// Pods on the host network, read as if they were any pod.
    HostPod,
    /// Nodes with pods on the host network; labels are the node's.
    HostNode,
    /// The same, of a node that is not known.
    UnknownNode,
}

/// The families that an end has addresses of, or may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Families {
    pub v4: bool,
    pub v6: bool,
    pub v6_first: bool,
}

impl Families {
    /// Of known addresses, or of one that will be in these ranges.
    pub fn of(addresses: &Addresses, ranges: &[IpNet]) -> Self {
        let first = addresses.first().or_else(|| ranges.first().map(IpNet::addr)).map(Family::of);
        let has = |family| match addresses.is_empty() {
            false => addresses.of(family).is_some(),
            true => ranges.iter().any(|it| Family::of(it.addr()) == family),
        };
        Self { v4: has(Family::V4), v6: has(Family::V6), v6_first: first == Some(Family::V6) }
    }

    pub fn has(self, family: Family) -> bool {
        match family {
            Family::V4 => self.v4,
            Family::V6 => self.v6,
        }
    }

    /// The families that both ends have, in the order of the destination.
    pub fn shared(from: Self, to: Self) -> impl Iterator<Item = Family> {
        let order = if to.v6_first { [Family::V6, Family::V4] } else { Family::ALL };
        order.into_iter().filter(move |it| from.has(*it) && to.has(*it))
    }
}

/// A peer that holds a class, and whether surely.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Held(u32);

impl Held {
    pub fn new(peer: u32, tri: Tri) -> Self {
        Self(peer << 1 | u32::from(tri == Tri::Maybe))
    }

    pub fn peer(self) -> u32 {
        self.0 >> 1
    }

    pub fn tri(self) -> Tri {
        if self.0 & 1 == 1 { Tri::Maybe } else { Tri::Yes }
    }
}

/// What tells one class from another.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct ClassKey {
    pub sort: Sort,
    pub namespace: u32,
    /// Only those under keys that selectors read.
    pub labels: Dress,
    pub declared: u32,
    pub families: Families,
    /// The blocks that hold it.
    pub blocks: Vec<Held>,
}

/// One class.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub key: ClassKey,
    /// All peers that hold it but [`Key::Anyone`], sorted.
    pub peers: Vec<Held>,
    /// All policies that govern it, surely or maybe, in order of evaluation.
    pub policies: Vec<u32>,
}

impl Class {
    /// Whether a peer holds it.
    pub fn held_by(&self, peer: u32) -> Tri {
        let at = self.peers.partition_point(|it| it.peer() < peer);
        self.peers.get(at).filter(|it| it.peer() == peer).map_or(Tri::No, |it| it.tri())
    }

    /// Gives back the room that filling the index took.
    pub fn shrink(&mut self) {
        self.peers.shrink_to_fit();
        self.policies.shrink_to_fit();
        self.key.blocks.shrink_to_fit();
    }

    pub fn bytes(&self) -> usize {
        self.key.labels.bytes()
            + (self.key.blocks.capacity() + self.peers.capacity()) * 4
            + self.policies.capacity() * 4
    }

    fn set_held(&mut self, peer: u32, tri: Tri) {
        let at = self.peers.partition_point(|it| it.peer() < peer);
        if self.peers.get(at).is_some_and(|it| it.peer() == peer) {
            self.peers.remove(at);
        }
        if tri != Tri::No {
            self.peers.insert(at, Held::new(peer, tri));
        }
    }
}

pub(super) fn hash_of(key: &impl Hash) -> u64 {
    FxBuildHasher.hash_one(key)
}

impl Index {
    /// Where an end without a known address may be.
    pub(super) fn ranges(&self, sort: Sort) -> Vec<IpNet> {
        if sort == Sort::Pod && !self.settings.pod_cidrs.is_empty() {
            return self.settings.pod_cidrs.clone();
        }
        ends::anywhere().to_vec()
    }

    /// The key of a pod on a network of its own.
    pub(super) fn pod_key(&mut self, namespace: u32, pod: &Pod) -> ClassKey {
        self.key(Sort::Pod, namespace, &pod.meta.labels, &pod.ports, &pod.addresses)
    }

    /// Both keys of a pod on the host network: its own, and its node's.
    pub(super) fn host_keys(&mut self, cluster: &Cluster, namespace: u32, pod: &Pod) -> (ClassKey, ClassKey) {
        let addresses = ends::pod_addresses(cluster, pod);
        let own = self.key(Sort::HostPod, namespace, &pod.meta.labels, &pod.ports, &addresses);
        let node = cluster.nodes.get("", &pod.node).cloned();
        let mut host = own.clone();
        host.sort = if node.is_some() { Sort::HostNode } else { Sort::UnknownNode };
        host.namespace = self.namespace(cluster, &Name::empty());
        host.declared = super::ports::NOTHING_DECLARED;
        host.labels = node.map(|it| self.dress(&it.meta.labels, &self.node_keys.clone())).unwrap_or_default();
        (own, host)
    }

    fn dress(&mut self, labels: &Labels, keys: &Keys) -> Dress {
        Dress::of(labels, keys, Arc::make_mut(&mut self.words))
    }

    fn key(
        &mut self,
        sort: Sort,
        namespace: u32,
        labels: &Labels,
        ports: &[crate::model::facts::ContainerPort],
        addresses: &Addresses,
    ) -> ClassKey {
        let ranges = if addresses.is_empty() { self.ranges(sort) } else { Vec::new() };
        let declared = Arc::make_mut(&mut self.ports).declare(ports);
        ClassKey {
            sort,
            namespace,
            labels: self.dress(labels, &self.keys.clone()),
            declared,
            families: Families::of(addresses, &ranges),
            blocks: self.blocks_holding(addresses, &ranges),
        }
    }

    /// The blocks that hold an end.
    fn blocks_holding(&self, addresses: &Addresses, ranges: &[IpNet]) -> Vec<Held> {
        let mut held: Vec<Held> = Vec::new();
        let mut test = |peers: &[u32]| {
            for &peer in peers {
                let Key::Block(block) = &self.peers.get(peer).key else { continue };
                let tri = ends::in_block(block, addresses, ranges);
                held.extend(tri.is_possible().then(|| Held::new(peer, tri)));
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
        let hash = hash_of(&key);
        if let Some(found) = self.class_ids.find(hash, |it| self.classes.get(*it).key == key) {
            return *found;
        }
        let peers = key.blocks.clone();
        let (namespace, sort) = (key.namespace, key.sort);
        let id = self.classes.insert(Class { key, peers, policies: Vec::new() });
        self.weights.resize(self.classes.bound(), 0);
        let classes = &self.classes;
        self.class_ids.insert_unique(hash, id, |it| hash_of(&classes.get(*it).key));
        let entry = self.namespaces.get_mut(namespace);
        entry.classes.push(id);
        if sort == Sort::Pod {
            entry.plain.set(id);
        }
        self.attach_class(id);
        id
    }

    /// Writes a new class into everything that holds it.
    fn attach_class(&mut self, id: u32) {
        let families = self.classes.get(id).key.families;
        let declared = self.classes.get(id).key.declared as usize;
        self.live.set(id);
        Direction::ALL.iter().for_each(|it| self.open[slot(*it)].set(id));
        for family in Family::ALL.into_iter().filter(|it| families.has(*it)) {
            self.families[family_slot(family)].set(id);
        }
        if families.v6_first {
            self.v6_first.set(id);
        }
        let by_declared = Arc::make_mut(&mut self.declared);
        if by_declared.len() <= declared {
            by_declared.resize_with(declared + 1, Default::default);
        }
        by_declared[declared].insert(id);
        for held in self.classes.get(id).key.blocks.clone() {
            self.peers.get_mut(held.peer()).set_member(id, held.tri());
        }
        for peer in self.peers_of_namespace(id) {
            let tri = self.holds(peer, id);
            self.set_membership(peer, id, tri);
        }
    }

    /// Forgets a class without pods.
    fn detach_class(&mut self, id: u32) {
        for policy in self.classes.get(id).policies.clone() {
            self.release_class(policy, id);
        }
        for held in self.classes.get(id).peers.clone() {
            self.peers.get_mut(held.peer()).set_member(id, Tri::No);
        }
        let key = self.classes.get(id).key.clone();
        let (live, open, families) = (&mut self.live, &mut self.open, &mut self.families);
        [live, &mut self.v6_first, &mut self.odd].into_iter().for_each(|it| it.clear(id));
        open.iter_mut().chain(families).for_each(|it| it.clear(id));
        Arc::make_mut(&mut self.declared)[key.declared as usize].remove(id);
        self.unlist(id);
        let entry = self.namespaces.get_mut(key.namespace);
        entry.classes.retain(|it| *it != id);
        entry.plain.clear(id);
        self.classes.remove(id);
    }

    /// Takes a class out of the table of keys, before its key changes or it goes.
    fn unlist(&mut self, id: u32) {
        let hash = hash_of(&self.classes.get(id).key);
        if let Ok(entry) = self.class_ids.find_entry(hash, |it| *it == id) {
            entry.remove();
        }
    }

    /// Changes the key of a class in its place; its pods must agree on it.
    pub(super) fn rekey(&mut self, id: u32, change: impl FnOnce(&mut ClassKey)) {
        self.unlist(id);
        change(&mut self.classes.get_mut(id).key);
        let classes = &self.classes;
        self.class_ids.insert_unique(hash_of(&classes.get(id).key), id, |it| hash_of(&classes.get(*it).key));
    }

    /// How many pods a class has.
    pub(super) fn weight(&self, class: u32) -> u32 {
        self.weights[class as usize]
    }

    /// Counts a pod into a class.
    pub(super) fn enter(&mut self, class: u32) {
        self.weights[class as usize] += 1;
    }

    /// Counts a pod out of a class.
    pub(super) fn leave(&mut self, class: u32) {
        let pods = &mut self.weights[class as usize];
        *pods -= 1;
        if *pods == 0 {
            self.detach_class(class);
        }
    }

    /// Writes whether a peer holds a class, into both.
    pub(super) fn set_membership(&mut self, peer: u32, class: u32, tri: Tri) {
        let before = self.classes.get(class).held_by(peer);
        if before == tri {
            return;
        }
        let governing = self.peers.get(peer).governs.clone();
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

    /// Puts a policy into a class's list, in order of evaluation.
    pub(super) fn list_policy(&mut self, class: u32, policy: u32) {
        let order = |it: u32| {
            let it = &self.policies.get(it).policy;
            (it.tier, it.kind, &it.meta.namespace, &it.meta.name)
        };
        let at = self.classes.get(class).policies.partition_point(|it| order(*it) < order(policy));
        self.classes.get_mut(class).policies.insert(at, policy);
        self.renew_flags(class);
    }

    /// Takes a policy out of a class's list.
    pub(super) fn unlist_policy(&mut self, class: u32, policy: u32) {
        self.classes.get_mut(class).policies.retain(|it| *it != policy);
        self.renew_flags(class);
    }

    /// Computes anew which bitmaps a class is in because of its policies.
    fn renew_flags(&mut self, class: u32) {
        let policies = &self.classes.get(class).policies;
        let mut isolated = [false; 2];
        let mut odd = false;
        for entry in policies.iter().map(|it| self.policies.get(*it)) {
            odd |= !entry.is_plain() || entry.tier != Tier::Namespace;
            for direction in Direction::ALL {
                isolated[slot(direction)] |= entry.isolates(direction);
            }
        }
        for direction in Direction::ALL {
            let open = &mut self.open[slot(direction)];
            if isolated[slot(direction)] { open.clear(class) } else { open.set(class) }
        }
        if odd { self.odd.set(class) } else { self.odd.clear(class) }
    }
}
