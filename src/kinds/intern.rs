//! One allocation for equal things: strings, label sets, port lists, owners, rules of roles.
//!
//! A cluster of 150,000 pods has some 10,000 different strings beside its pod names. Each decoding task owns one
//! [`Intern`] and hands it to the readers. It drops by itself what only it still holds, so that a cluster whose
//! pods come and go does not grow it; facts that are alive keep what they share.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::model::facts::ContainerPort;
use crate::model::id::WorkloadId;
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::role::RoleRule;

/// Below this many things a sweep is not worth its walk.
const SMALL: usize = 1024;

/// Shares equal strings, label sets, port lists, owners and rules among the facts that one task decodes.
#[derive(Default)]
pub struct Intern {
    names: HashTable<Name>,
    labels: HashTable<Labels>,
    ports: HashTable<Arc<[ContainerPort]>>,
    owners: HashTable<Arc<WorkloadId>>,
    lists: HashTable<Arc<[Name]>>,
    rules: HashTable<Arc<[RoleRule]>>,
    pairs: Vec<(Name, Name)>,
    /// How many things the last sweep left.
    swept: usize,
}

fn hash<T: Hash + ?Sized>(it: &T) -> u64 {
    FxBuildHasher.hash_one(it)
}

impl Intern {
    /// An interner that holds nothing yet.
    pub fn new() -> Self {
        Self::default()
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
        let found = self.label_set(&wanted);
        wanted.clear();
        self.pairs = wanted;
        found
    }

    fn label_set(&mut self, pairs: &[(Name, Name)]) -> Labels {
        let hashed = hash(pairs);
        if let Some(found) = self.labels.find(hashed, |it| it.as_slice() == pairs) {
            return found.clone();
        }
        let set = Labels::new(pairs.iter().cloned());
        // A key that stands twice makes the set shorter than the pairs; such a set is not worth sharing.
        if set.len() == pairs.len() {
            self.labels.insert_unique(hashed, set.clone(), |it| hash(it.as_slice()));
        }
        set
    }

    /// The one list of these ports.
    pub fn ports(&mut self, ports: Vec<ContainerPort>) -> Arc<[ContainerPort]> {
        let hashed = hash(&ports[..]);
        if let Some(found) = self.ports.find(hashed, |it| **it == ports[..]) {
            return found.clone();
        }
        let list: Arc<[ContainerPort]> = ports.into();
        self.ports.insert_unique(hashed, list.clone(), |it| hash(&it[..]));
        list
    }

    /// The one owner of this namespace, kind and name.
    pub fn owner(&mut self, owner: WorkloadId) -> Arc<WorkloadId> {
        let hashed = hash(&owner);
        if let Some(found) = self.owners.find(hashed, |it| **it == owner) {
            return found.clone();
        }
        let owner = Arc::new(owner);
        self.owners.insert_unique(hashed, owner.clone(), |it| hash(&**it));
        owner
    }

    /// The one list of these names.
    pub fn list(&mut self, names: Vec<Name>) -> Arc<[Name]> {
        let hashed = hash(&names[..]);
        if let Some(found) = self.lists.find(hashed, |it| **it == names[..]) {
            return found.clone();
        }
        let list: Arc<[Name]> = names.into();
        self.lists.insert_unique(hashed, list.clone(), |it| hash(&it[..]));
        list
    }

    /// The one list of these rules: most roles of a cluster are copies of a few.
    pub fn rules(&mut self, rules: Vec<RoleRule>) -> Arc<[RoleRule]> {
        let hashed = hash(&rules[..]);
        if let Some(found) = self.rules.find(hashed, |it| **it == rules[..]) {
            return found.clone();
        }
        let list: Arc<[RoleRule]> = rules.into();
        self.rules.insert_unique(hashed, list.clone(), |it| hash(&it[..]));
        list
    }

    /// How many different things it holds.
    pub fn len(&self) -> usize {
        let lists = self.lists.len() + self.rules.len();
        self.names.len() + self.labels.len() + self.ports.len() + self.owners.len() + lists
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops what nobody else holds.
    pub fn sweep(&mut self) {
        // What holds names goes first, so that the names are free when their turn comes; order does not matter.
        self.rules.retain(|it| Arc::strong_count(it) > 1);
        self.lists.retain(|it| Arc::strong_count(it) > 1);
        self.owners.retain(|it| Arc::strong_count(it) > 1);
        self.ports.retain(|it| Arc::strong_count(it) > 1);
        self.labels.retain(|it| it.holders() > 1);
        self.names.retain(|it| it.holders() > 1);
        self.rules.shrink_to_fit(|it| hash(&it[..]));
        self.lists.shrink_to_fit(|it| hash(&it[..]));
        self.owners.shrink_to_fit(|it| hash(&**it));
        self.ports.shrink_to_fit(|it| hash(&it[..]));
        self.labels.shrink_to_fit(|it| hash(it.as_slice()));
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
        assert_eq!(intern.len(), 3, "one set, its key and its value");
        assert!(intern.labels([("app", "web")].into_iter()).same_allocation(&kept));
        drop(kept);
        intern.sweep();
        assert!(intern.is_empty());
    }
}
