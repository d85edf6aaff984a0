//! What rules' peers and policies' targets match, as sets of classes; equal ones are one.

use std::sync::Arc;

use super::class_labels::meets;
use super::class_sets::ClassSet;
use super::classes::{ClassKind, hash_of};
use super::short::Short;
use super::{Index, slot};
use crate::kinds;
use crate::model::address::Block;
use crate::model::cluster::Cluster;
use crate::model::facts::NamespaceLabels;
use crate::model::id::Kind;
use crate::model::labels::{NamespaceMatch, Operator, Selector, SelectorSet};
use crate::model::name::Name;
use crate::model::policy::{Direction, PeerMatch};
use crate::net::ends::holds_namespace;
use crate::net::verdict::Tri;

/// What tells one peer from another.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum PeerKey {
    Anyone,
    Pods(SelectorSet),
    /// The same without pods on the host network, as the policy API's selectors hold them.
    OwnNetworkPods(SelectorSet),
    Block(Block),
    Nodes(Selector),
}

impl PeerKey {
    /// Of a set of pods that a policy of this kind names, as peer or as target.
    pub fn of_pods(set: &SelectorSet, kind: Kind) -> Self {
        match kinds::selects_host_network(kind) {
            true => PeerKey::Pods(set.clone()),
            false => PeerKey::OwnNetworkPods(set.clone()),
        }
    }

    /// Of a peer that a policy of this kind names.
    pub fn of(peer: &PeerMatch, kind: Kind) -> Self {
        match peer {
            PeerMatch::Anyone => PeerKey::Anyone,
            PeerMatch::Pods(set) => Self::of_pods(set, kind),
            PeerMatch::Block(block) => PeerKey::Block((**block).clone()),
            PeerMatch::Nodes(selector) => PeerKey::Nodes(selector.clone()),
        }
    }
}

/// The number of [`PeerKey::Anyone`], which holds every class and lists none.
pub(super) const ANYONE: u32 = 0;

/// What some rule names as a peer, or some policy as its target, with the classes that it holds.
///
/// Equal ones are one: a hundred policies that let `app=web` in share one entry, and a new pod is matched with it once.
#[derive(Clone, Debug)]
pub(super) struct SelectorEntry {
    pub key: PeerKey,
    pub sure: ClassSet,
    pub maybe: ClassSet,
    /// The policies whose target it is.
    pub governs: Short<u32>,
    /// By direction: the groups of rules that name it.
    pub groups: [Short<u32>; 2],
    /// How many rules and targets name it.
    pub uses: u32,
    namespace_selector: Option<u32>,
}

impl SelectorEntry {
    /// Writes whether it holds a class.
    pub fn set_member(&mut self, class: u32, tri: Tri) {
        let (into, out_of) = match tri {
            Tri::Yes => (Some(&mut self.sure), [&mut self.maybe]),
            Tri::Maybe => (Some(&mut self.maybe), [&mut self.sure]),
            Tri::No => {
                self.sure.remove(class);
                self.maybe.remove(class);
                return;
            }
        };
        out_of.into_iter().for_each(|it| it.remove(class));
        into.into_iter().for_each(|it| it.insert(class));
    }

    /// All classes that it holds, surely or maybe.
    pub fn members(&self) -> Vec<(u32, Tri)> {
        let sure = self.sure.list().into_iter().map(|it| (it, Tri::Yes));
        sure.chain(self.maybe.list().into_iter().map(|it| (it, Tri::Maybe))).collect()
    }

    pub fn bytes(&self) -> usize {
        let key = match &self.key {
            PeerKey::Pods(set) | PeerKey::OwnNetworkPods(set) => {
                let namespaces = match &set.namespaces {
                    NamespaceMatch::Own(_) => 0,
                    NamespaceMatch::Labels(selector) => selector.all_of.len() * 64,
                };
                namespaces + set.pods.all_of.len() * 64
            }
            PeerKey::Block(block) => block.except.len() * 18,
            PeerKey::Nodes(selector) => selector.all_of.len() * 64,
            PeerKey::Anyone => 0,
        };
        let lists = [&self.governs, &self.groups[0], &self.groups[1]].map(Short::bytes);
        key + self.sure.bytes() + self.maybe.bytes() + lists.iter().sum::<usize>()
    }
}

/// One namespace selector, and the namespaces that it holds.
#[derive(Clone, Debug)]
pub(super) struct NamespaceSelector {
    pub selector: Selector,
    pub namespaces: Short<u32>,
    pub peers: Short<u32>,
}

/// Rules of one direction with the same peer and the same ports, as the classes that have one.
#[derive(Clone, Debug)]
pub(super) struct RuleGroup {
    pub direction: Direction,
    pub peer: u32,
    pub spec: u32,
    pub members: ClassSet,
    /// How many rules make it.
    pub uses: u32,
}

impl Index {
    /// The number of a peer, counted as used once more.
    ///
    /// The label keys of its selectors must have been read, and its namespace entered, before.
    pub(super) fn peer(&mut self, key: &PeerKey) -> u32 {
        let hash = hash_of(key);
        if let Some(&found) = self.peer_ids.find(hash, |it| self.peers.get(*it).key == *key) {
            let entry = self.peers.get_mut(found);
            self.stale -= usize::from(entry.uses == 0);
            entry.uses += 1;
            return found;
        }
        let id = self.peers.insert(SelectorEntry {
            key: key.clone(),
            sure: ClassSet::default(),
            maybe: ClassSet::default(),
            uses: 1,
            governs: Short::default(),
            groups: Default::default(),
            namespace_selector: None,
        });
        let peers = &self.peers;
        self.peer_ids.insert_unique(hash, id, |it| hash_of(&peers.get(*it).key));
        match key {
            PeerKey::Pods(set) | PeerKey::OwnNetworkPods(set) => self.link_pods(id, set),
            PeerKey::Block(block) => Arc::make_mut(&mut self.blocks).entry(block.cidr).or_default().push(id),
            PeerKey::Nodes(_) => {
                self.node_peers.push(id);
                self.fill_nodes(id);
            }
            PeerKey::Anyone => {}
        }
        id
    }

    /// Ties a peer of pods to its namespaces and finds its classes.
    fn link_pods(&mut self, id: u32, set: &SelectorSet) {
        match &set.namespaces {
            NamespaceMatch::Own(name) => {
                let namespace = self.namespace_ids[name];
                self.namespaces.get_mut(namespace).own.push(id);
                self.fill_from(id, namespace);
            }
            NamespaceMatch::Labels(selector) => {
                let namespace_selector = self.namespace_selector(selector);
                self.namespace_selectors.get_mut(namespace_selector).peers.push(id);
                self.peers.get_mut(id).namespace_selector = Some(namespace_selector);
                for namespace in self.namespace_selectors.get(namespace_selector).namespaces.clone().iter() {
                    self.fill_from(id, *namespace);
                }
            }
        }
    }

    fn fill_from(&mut self, peer: u32, namespace: u32) {
        for class in self.namespaces.get(namespace).classes.clone().iter() {
            let tri = self.holds(peer, class);
            self.set_membership(peer, class, tri);
        }
    }

    fn fill_nodes(&mut self, peer: u32) {
        for class in self.live.iter().collect::<Vec<_>>() {
            let tri = self.holds(peer, class);
            self.set_membership(peer, class, tri);
        }
    }

    /// One user of a peer less; blocks stay, since pods were parted by them.
    pub(super) fn drop_peer(&mut self, id: u32) {
        let entry = self.peers.get_mut(id);
        entry.uses -= 1;
        if entry.uses > 0 || entry.key == PeerKey::Anyone {
            return;
        }
        if matches!(entry.key, PeerKey::Block(_)) {
            self.stale += 1;
            return;
        }
        self.remove_peer(id);
    }

    fn remove_peer(&mut self, id: u32) {
        for (class, _) in self.peers.get(id).members() {
            self.forget_peer(class, id);
        }
        self.node_peers.retain(|it| *it != id);
        let key = self.peers.get(id).key.clone();
        if let Ok(entry) = self.peer_ids.find_entry(hash_of(&key), |it| *it == id) {
            entry.remove();
        }
        if let PeerKey::Pods(set) | PeerKey::OwnNetworkPods(set) = &key
            && let NamespaceMatch::Own(name) = &set.namespaces
        {
            let namespace = self.namespace_ids[name];
            self.namespaces.get_mut(namespace).own.forget(&id);
        }
        if let Some(namespace_selector) = self.peers.get(id).namespace_selector {
            self.namespace_selectors.get_mut(namespace_selector).peers.forget(&id);
            if self.namespace_selectors.get(namespace_selector).peers.is_empty() {
                self.remove_namespace_selector(namespace_selector);
            }
        }
        self.peers.remove(id);
    }

    fn remove_namespace_selector(&mut self, id: u32) {
        let namespace_selector = self.namespace_selectors.get(id).clone();
        for namespace in namespace_selector.namespaces.iter() {
            self.namespaces.get_mut(*namespace).namespace_selectors.forget(&id);
        }
        if let Ok(entry) = self.namespace_selector_ids.find_entry(hash_of(&namespace_selector.selector), |it| *it == id)
        {
            entry.remove();
        }
        self.namespace_selectors.remove(id);
    }

    /// The number of a namespace selector.
    fn namespace_selector(&mut self, selector: &Selector) -> u32 {
        let hash = hash_of(selector);
        if let Some(&found) =
            self.namespace_selector_ids.find(hash, |it| self.namespace_selectors.get(*it).selector == *selector)
        {
            return found;
        }
        let candidates = self.candidates(selector);
        let holds = |it: &u32| self.selects(selector, *it).is_possible();
        let namespaces: Vec<u32> = candidates.into_iter().filter(holds).collect();
        let namespace_selector = NamespaceSelector {
            selector: selector.clone(),
            namespaces: namespaces.clone().into(),
            peers: Short::default(),
        };
        let id = self.namespace_selectors.insert(namespace_selector);
        let namespace_selectors = &self.namespace_selectors;
        self.namespace_selector_ids.insert_unique(hash, id, |it| hash_of(&namespace_selectors.get(*it).selector));
        for namespace in namespaces {
            self.namespaces.get_mut(namespace).namespace_selectors.push(id);
        }
        id
    }

    /// The namespaces that a selector can hold at all: one that names names holds no others.
    fn candidates(&self, selector: &Selector) -> Vec<u32> {
        let by_name = selector.all_of.iter().find(|it| it.key == crate::model::cluster::METADATA_NAME);
        match by_name.map(|it| &it.operator) {
            Some(Operator::In(names)) => names
                .iter()
                .filter_map(|it| self.namespace_ids.get(it))
                .copied()
                .filter(|it| self.is_real(*it))
                .collect(),
            _ => self.namespaces.iter().map(|(id, _)| id).filter(|it| self.is_real(*it)).collect(),
        }
    }

    /// Whether a selector holds a namespace, as far as its labels are known.
    fn selects(&self, selector: &Selector, namespace: u32) -> Tri {
        let entry = self.namespaces.get(namespace);
        holds_namespace(selector, &entry.name, &entry.labels)
    }

    /// Whether this is a namespace and not the place of what has none.
    fn is_real(&self, namespace: u32) -> bool {
        !self.namespaces.get(namespace).name.is_empty()
    }

    /// The peers that may hold a class, by its namespace.
    pub(super) fn peers_of_namespace(&self, class: u32) -> Vec<u32> {
        let key = self.classes.get(class);
        if matches!(key.sort, ClassKind::HostNode | ClassKind::UnknownNode) {
            return self.node_peers.clone();
        }
        let namespace = self.namespaces.get(key.namespace);
        let by_labels =
            namespace.namespace_selectors.iter().flat_map(|it| self.namespace_selectors.get(*it).peers.iter());
        namespace.own.iter().chain(by_labels).copied().collect()
    }

    /// Whether a peer holds a class, from labels; blocks are settled with the class's key.
    pub(super) fn holds(&self, peer: u32, class: u32) -> Tri {
        let class = self.classes.get(class);
        match (&self.peers.get(peer).key, class.sort) {
            (PeerKey::Pods(set), ClassKind::Pod | ClassKind::HostPod)
            | (PeerKey::OwnNetworkPods(set), ClassKind::Pod) => {
                let namespace = match &set.namespaces {
                    NamespaceMatch::Own(name) => Tri::of(*name == self.namespaces.get(class.namespace).name),
                    NamespaceMatch::Labels(selector) => self.selects(selector, class.namespace),
                };
                namespace.and(Tri::of(meets(class.labels(), &set.pods, &self.words)))
            }
            (PeerKey::Nodes(selector), ClassKind::HostNode) => Tri::of(meets(class.labels(), selector, &self.words)),
            (PeerKey::Nodes(_), ClassKind::UnknownNode) => Tri::Maybe,
            _ => Tri::No,
        }
    }

    /// Lets the labels of a namespace be what the cluster says now.
    pub(super) fn relabel_namespace(&mut self, cluster: &Cluster, name: &Name) {
        let namespace = self.namespace(cluster, name);
        let after = cluster.namespace_labels(name);
        if self.namespaces.get(namespace).labels == after {
            return;
        }
        let before = std::mem::replace(&mut self.namespaces.get_mut(namespace).labels, after.clone());
        let changed = changed_keys(&before, &after);
        let concerned = |it: &NamespaceSelector| match &changed {
            Some(keys) => it.selector.all_of.iter().any(|it| keys.contains(&&it.key)),
            None => true,
        };
        let is_held_by = |it: &NamespaceSelector, labels| holds_namespace(&it.selector, name, labels);
        let moves = |it: &NamespaceSelector| concerned(it) && is_held_by(it, &before) != is_held_by(it, &after);
        let moved: Vec<u32> = self.namespace_selectors.iter().filter(|(_, it)| moves(it)).map(|(id, _)| id).collect();
        for namespace_selector in moved {
            self.move_namespace(namespace_selector, namespace);
        }
    }

    /// Renews whether a namespace selector holds a namespace, and with it its classes.
    fn move_namespace(&mut self, namespace_selector: u32, namespace: u32) {
        let holds = self.selects(&self.namespace_selectors.get(namespace_selector).selector, namespace).is_possible();
        let (entry, back) = (self.namespace_selectors.get_mut(namespace_selector), self.namespaces.get_mut(namespace));
        entry.namespaces.forget(&namespace);
        back.namespace_selectors.forget(&namespace_selector);
        if holds {
            entry.namespaces.push(namespace);
            back.namespace_selectors.push(namespace_selector);
        }
        for peer in self.namespace_selectors.get(namespace_selector).peers.clone().iter() {
            self.fill_from(*peer, namespace);
        }
    }

    /// Ties a namespace that is new to the selectors that hold it.
    pub(super) fn link_namespace(&mut self, namespace: u32) {
        if !self.is_real(namespace) {
            return;
        }
        let namespace_selectors: Vec<u32> = self
            .namespace_selectors
            .iter()
            .filter(|(_, it)| self.selects(&it.selector, namespace).is_possible())
            .map(|(id, _)| id)
            .collect();
        for namespace_selector in &namespace_selectors {
            self.namespace_selectors.get_mut(*namespace_selector).namespaces.push(namespace);
        }
        self.namespaces.get_mut(namespace).namespace_selectors = namespace_selectors.into();
    }

    /// The number of a group of rules, counted as used once more.
    pub(super) fn group(&mut self, direction: Direction, peer: u32, spec: u32) -> u32 {
        let hash = hash_of(&(direction, peer, spec));
        let same = |it: &RuleGroup| (it.direction, it.peer, it.spec) == (direction, peer, spec);
        if let Some(&found) = self.group_ids.find(hash, |it| same(self.groups.get(*it))) {
            self.groups.get_mut(found).uses += 1;
            return found;
        }
        let id = self.groups.insert(RuleGroup { direction, peer, spec, members: ClassSet::default(), uses: 1 });
        let groups = &self.groups;
        self.group_ids.insert_unique(hash, id, |it| {
            let it = groups.get(*it);
            hash_of(&(it.direction, it.peer, it.spec))
        });
        self.peers.get_mut(peer).groups[slot(direction)].push(id);
        id
    }

    /// One rule of a group less.
    pub(super) fn drop_group(&mut self, id: u32) {
        let group = self.groups.get_mut(id);
        group.uses -= 1;
        if group.uses > 0 {
            return;
        }
        let (direction, peer, spec) = (group.direction, group.peer, group.spec);
        if let Ok(entry) = self.group_ids.find_entry(hash_of(&(direction, peer, spec)), |it| *it == id) {
            entry.remove();
        }
        self.peers.get_mut(peer).groups[slot(direction)].forget(&id);
        self.groups.remove(id);
    }
}

/// The keys under which labels differ; `None`: all may.
fn changed_keys<'a>(before: &'a NamespaceLabels, after: &'a NamespaceLabels) -> Option<Vec<&'a Name>> {
    let (NamespaceLabels::Known(before), NamespaceLabels::Known(after)) = (before, after) else { return None };
    let gone = before.iter().filter(|(key, value)| after.get(key) != Some(*value));
    let new = after.iter().filter(|(key, value)| before.get(key) != Some(*value));
    Some(gone.chain(new).map(|(key, _)| key).collect())
}
