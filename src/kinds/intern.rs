//! One allocation for equal things: strings, label sets, what pods share, selectors, port lists, rules.
//!
//! A cluster of 150,000 pods has some 100,000 different strings beside its pod names. Whoever decodes hands one
//! [`Intern`] to the readers; those that decode at once share it, since names recur from kind to kind. It drops by
//! itself what only it still holds, so that a cluster whose pods come and go does not grow it; facts that are alive
//! keep what they share.

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::hash::{BuildHasher, Hash, Hasher};
use triomphe::Arc;

use crate::model::facts::{ContainerPort, EndpointPort, Exposure, PodPlacement, PodShared, ServicePort};
use crate::model::items::Items;
use crate::model::labels::{Labels, Requirement, Selector};
use crate::model::name::Name;
use crate::model::pod::Interner;
use crate::model::policy::{Peer, Rule};
use crate::model::port::PortMatch;
use crate::model::role::{RoleRule, SharedRuleParts};

use super::KindSpec;
use super::homeless::Homeless;

/// Below this many things a sweep is not worth its walk.
const SMALL: usize = 1024;

/// Shares equal strings, label sets, port lists and rules among facts.
#[derive(Default)]
pub struct Intern {
    names: HashTable<Name>,
    labels: HashTable<Labels>,
    ports: Pool<ContainerPort>,
    service_ports: Pool<ServicePort>,
    exposures: InternTable<Exposure>,
    endpoint_ports: Pool<EndpointPort>,
    pod_shared: InternTable<PodShared>,
    pod_placements: InternTable<PodPlacement>,
    lists: Pool<Name>,
    acts: InternTable<SharedRuleParts>,
    rules: Pool<RoleRule>,
    selectors: Pool<Requirement>,
    peers: Pool<Peer>,
    port_matches: Pool<PortMatch>,
    policy_rules: Pool<Rule>,
    pairs: Vec<(Name, Name)>,
    /// How many things the last sweep left.
    swept: usize,
    keeps: Keeps,
    homeless: Homeless,
}

/// What is read of objects beside their facts.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Keeps {
    /// What a snapshot shows.
    #[default]
    All,
    Nothing,
}

/// Lists of one sort, each once.
struct Pool<T>(HashTable<Items<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(HashTable::new())
    }
}

impl<T: Hash + Eq> Pool<T> {
    /// The one list of these.
    fn one(&mut self, items: Vec<T>) -> Items<T> {
        if items.is_empty() {
            return Items::default();
        }
        let hashed = hash(&items[..]);
        if let Some(found) = self.0.find(hashed, |it| **it == items[..]) {
            return found.clone();
        }
        let list = Items::from(items);
        self.0.insert_unique(hashed, list.clone(), |it| hash(&it[..]));
        list
    }

    /// The one list that is equal to this.
    fn same(&mut self, list: Items<T>) -> Items<T> {
        if list.is_empty() {
            return list;
        }
        let hashed = hash(&list[..]);
        if let Some(found) = self.0.find(hashed, |it| *it == list) {
            return found.clone();
        }
        self.0.insert_unique(hashed, list.clone(), |it| hash(&it[..]));
        list
    }

    /// Drops what nobody else holds.
    fn sweep(&mut self) {
        self.0.retain(|it| it.holders() > 1);
        self.0.shrink_to_fit(|it| hash(&it[..]));
    }
}

/// Things of one sort, each once.
struct InternTable<T>(HashTable<Arc<T>>);

impl<T> Default for InternTable<T> {
    fn default() -> Self {
        Self(HashTable::new())
    }
}

impl<T: Hash + Eq> InternTable<T> {
    /// The one that is equal to this.
    fn one(&mut self, thing: T) -> Arc<T> {
        let hashed = hash(&thing);
        if let Some(found) = self.0.find(hashed, |it| **it == thing) {
            return found.clone();
        }
        let thing = Arc::new(thing);
        self.0.insert_unique(hashed, thing.clone(), |it| hash(&**it));
        thing
    }

    /// Drops what nobody else holds.
    fn sweep(&mut self) {
        self.0.retain(|it| Arc::strong_count(it) > 1);
        self.0.shrink_to_fit(|it| hash(&**it));
    }
}

fn hash<T: Hash + ?Sized>(it: &T) -> u64 {
    FxBuildHasher.hash_one(it)
}

fn hash_of_pairs<'a>(pairs: impl Iterator<Item = (&'a Name, &'a Name)>) -> u64 {
    let mut hasher = FxBuildHasher.build_hasher();
    pairs.for_each(|it| it.hash(&mut hasher));
    hasher.finish()
}

impl Intern {
    /// An interner that holds nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, for whoever never makes a snapshot: readers leave out what only that shows.
    pub fn of_facts() -> Self {
        Self { keeps: Keeps::Nothing, ..Self::default() }
    }

    /// Remembers an object that names no namespace and should.
    pub(super) fn note_homeless(&mut self, spec: &'static KindSpec, name: &str) {
        self.homeless.add(spec, name);
    }

    /// The objects that were read and name no namespace.
    pub fn homeless(self) -> Homeless {
        self.homeless
    }

    /// Whether readers read what only a snapshot shows.
    pub(super) fn keeps_all(&self) -> bool {
        self.keeps == Keeps::All
    }

    /// The one [`Name`] of this text.
    pub fn name(&mut self, text: &str) -> Name {
        if text.is_empty() {
            return Name::empty();
        }
        let hashed = hash(text);
        if let Some(found) = self.names.find(hashed, |it| it.as_str() == text) {
            return found.clone();
        }
        let name = Name::from(text);
        self.names.insert_unique(hashed, name.clone(), |it| hash(it.as_str()));
        name
    }

    /// The one set of these labels.
    pub fn labels<'a>(&mut self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Labels {
        let mut wanted = std::mem::take(&mut self.pairs);
        wanted.clear();
        for (key, value) in pairs {
            let pair = (self.name(key), self.name(value));
            wanted.push(pair);
        }
        wanted.sort_by(|(a, _), (b, _)| a.cmp(b));
        let found = if wanted.is_empty() { Labels::default() } else { self.label_set(&wanted) };
        wanted.clear();
        self.pairs = wanted;
        found
    }

    /// The one set of these pairs, which are sorted by key.
    fn label_set(&mut self, pairs: &[(Name, Name)]) -> Labels {
        let hashed = hash_of_pairs(pairs.iter().map(|(key, value)| (key, value)));
        let is_it =
            |it: &Labels| it.len() == pairs.len() && it.iter().eq(pairs.iter().map(|(key, value)| (key, value)));
        if let Some(found) = self.labels.find(hashed, is_it) {
            return found.clone();
        }
        // A key that stands twice makes the set shorter than the pairs; such a set is not worth sharing.
        if pairs.windows(2).any(|it| it[0].0 == it[1].0) {
            return Labels::new(pairs.iter().cloned());
        }
        let (keys, values): (Vec<Name>, Vec<Name>) = pairs.iter().cloned().unzip();
        let set = Labels::of_keys(self.lists.one(keys), values);
        self.labels.insert_unique(hashed, set.clone(), |it| hash_of_pairs(it.iter()));
        set
    }

    /// The one list of these ports.
    pub fn ports(&mut self, ports: Vec<ContainerPort>) -> Items<ContainerPort> {
        self.ports.one(ports)
    }

    /// The one list of these ports of a Service.
    pub fn service_ports(&mut self, ports: Vec<ServicePort>) -> Items<ServicePort> {
        self.service_ports.one(ports)
    }

    /// The one that is equal to how a Service is exposed.
    pub fn exposure(&mut self, exposure: Exposure) -> Arc<Exposure> {
        self.exposures.one(exposure)
    }

    /// The one list of these ports of an EndpointSlice.
    pub fn endpoint_ports(&mut self, ports: Vec<EndpointPort>) -> Items<EndpointPort> {
        self.endpoint_ports.one(ports)
    }

    /// The one list of these names.
    pub fn list(&mut self, names: Vec<Name>) -> Items<Name> {
        self.lists.one(names)
    }

    /// The one that is equal to what a rule lets do.
    pub fn acts(&mut self, acts: SharedRuleParts) -> Arc<SharedRuleParts> {
        self.acts.one(acts)
    }

    /// The one list of these rules: most roles of a cluster are copies of a few.
    pub fn rules(&mut self, rules: Vec<RoleRule>) -> Items<RoleRule> {
        self.rules.one(rules)
    }

    /// The one selector of these requirements.
    pub fn selector(&mut self, selector: Selector) -> Selector {
        Selector { all_of: self.selectors.same(selector.all_of) }
    }

    /// The one list of these peers of a policy's rule.
    pub fn peers(&mut self, peers: Vec<Peer>) -> Items<Peer> {
        self.peers.one(peers)
    }

    /// The one list of these ports of a policy's rule.
    pub fn port_matches(&mut self, ports: Vec<PortMatch>) -> Items<PortMatch> {
        self.port_matches.one(ports)
    }

    /// The one list of these rules: most policies of a cluster are copies of a few.
    pub fn policy_rules(&mut self, rules: Vec<Rule>) -> Items<Rule> {
        self.policy_rules.one(rules)
    }

    /// How many different things it holds, by their sort.
    pub fn counts(&self) -> [(&'static str, usize); 15] {
        [
            ("names", self.names.len()),
            ("label sets", self.labels.len()),
            ("ports of containers", self.ports.0.len()),
            ("ports of services", self.service_ports.0.len()),
            ("exposures", self.exposures.0.len()),
            ("ports of slices", self.endpoint_ports.0.len()),
            ("pod_shared", self.pod_shared.0.len()),
            ("pod_placements", self.pod_placements.0.len()),
            ("lists of names", self.lists.0.len()),
            ("acts of rules", self.acts.0.len()),
            ("rules of roles", self.rules.0.len()),
            ("selectors", self.selectors.0.len()),
            ("peers", self.peers.0.len()),
            ("ports of policies", self.port_matches.0.len()),
            ("rules of policies", self.policy_rules.0.len()),
        ]
    }

    /// How many different things it holds.
    pub fn len(&self) -> usize {
        self.counts().iter().map(|(_, count)| count).sum()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops what nobody else holds.
    pub fn sweep(&mut self) {
        // What holds names and lists goes first, so that those are free when their turn comes.
        self.pod_shared.sweep();
        self.pod_placements.sweep();
        self.labels.retain(|it| it.holders() > 1);
        self.labels.shrink_to_fit(|it| hash_of_pairs(it.iter()));
        self.rules.sweep();
        self.acts.sweep();
        self.policy_rules.sweep();
        self.port_matches.sweep();
        self.peers.sweep();
        self.selectors.sweep();
        self.lists.sweep();
        self.ports.sweep();
        self.exposures.sweep();
        self.service_ports.sweep();
        self.endpoint_ports.sweep();
        self.names.retain(|it| it.holders() > 1);
        self.names.shrink_to_fit(|it| hash(it.as_str()));
        self.swept = self.len();
    }

    /// Sweeps when it has doubled since the last time; readers call it after every page and event.
    pub(super) fn sweep_if_grown(&mut self) {
        if self.len() > 2 * self.swept.max(SMALL) {
            self.sweep();
        }
    }
}

impl Interner for Intern {
    fn name(&mut self, text: &str) -> Name {
        self.name(text)
    }

    fn labels(&mut self, pairs: &[(&str, &str)]) -> Labels {
        self.labels(pairs.iter().copied())
    }

    fn pod_shared(&mut self, shared: PodShared) -> Arc<PodShared> {
        self.pod_shared.one(shared)
    }

    fn pod_placement(&mut self, placement: PodPlacement) -> Arc<PodPlacement> {
        self.pod_placements.one(placement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_are_one_allocation() {
        let mut intern = Intern::new();
        let a = intern.labels([("b", "2"), ("a", "1")].into_iter());
        let b = intern.labels([("a", "1"), ("b", "2")].into_iter());
        assert!(a.same_allocation(&b));
        let (a, b) = (intern.name("shop"), intern.name("shop"));
        assert_eq!(a.as_str().as_ptr(), b.as_str().as_ptr());
    }

    #[test]
    fn a_key_that_stands_twice_has_its_last_value() {
        let labels = Intern::new().labels([("a", "1"), ("a", "2")].into_iter());
        assert_eq!(labels.get("a").map(Name::as_str), Some("2"));
    }

    #[test]
    fn a_sweep_drops_what_nobody_else_holds() {
        let mut intern = Intern::new();
        let kept = intern.labels([("app", "web")].into_iter());
        intern.labels([("app", "db")].into_iter());
        intern.sweep();
        assert_eq!(intern.len(), 4, "one set, its list of keys, its key and its value");
        assert!(intern.labels([("app", "web")].into_iter()).same_allocation(&kept));
        drop(kept);
        intern.sweep();
        assert!(intern.is_empty());
    }
}
