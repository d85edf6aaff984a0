//! The namespaces of the index: a number for each, and the bindings that stand there, by name.
//!
//! ```text
//! ""   ──► 0 ──► admins, viewers              ClusterRoleBindings
//! shop ──► 1 ──► ci, developers               the RoleBindings of one namespace
//! ```
//!
//! Numbers are never given back: a cluster has few namespaces, and most of them come again.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;

use crate::model::name::Name;

use super::lists::{ListPool, ListSpan, push};
use super::{CLUSTER, Slot};

/// Namespaces by name and by number.
#[derive(Clone, Debug)]
pub(in crate::rbac) struct NamespaceNumbers {
    numbers: FxHashMap<Name, u32>,
    names: Vec<Name>,
    /// The number that was asked for last: objects come namespace by namespace mostly.
    last: u32,
    /// By number, each in the order of names.
    bindings: Vec<ListSpan>,
    lists: ListPool<Slot>,
}

impl Default for NamespaceNumbers {
    fn default() -> Self {
        let numbers = FxHashMap::from_iter([(Name::empty(), CLUSTER)]);
        let (names, bindings) = (vec![Name::empty()], vec![ListSpan::default()]);
        Self { numbers, names, last: CLUSTER, bindings, lists: ListPool::default() }
    }
}

impl NamespaceNumbers {
    /// The number of a namespace that is known.
    pub fn find(&self, name: &str) -> Option<u32> {
        if name.is_empty() { Some(CLUSTER) } else { self.numbers.get(name).copied() }
    }

    /// The number of a namespace, a new one if need be.
    pub fn number(&mut self, name: &Name) -> u32 {
        if self.names[self.last as usize].as_ptr() != name.as_ptr() {
            self.last = self.find(name).unwrap_or_else(|| self.make(name));
        }
        self.last
    }

    fn make(&mut self, name: &Name) -> u32 {
        let number = self.names.len() as u32;
        push(&mut self.names, name.clone());
        push(&mut self.bindings, ListSpan::default());
        self.numbers.insert(name.clone(), number);
        number
    }

    /// What a number stands for.
    pub fn name(&self, number: u32) -> &Name {
        &self.names[number as usize]
    }

    /// All numbers.
    pub fn all(&self) -> impl Iterator<Item = u32> {
        0..self.names.len() as u32
    }

    /// The bindings of a namespace, by name.
    pub fn bindings(&self, number: u32) -> &[Slot] {
        self.lists.get(self.bindings[number as usize])
    }

    /// Where a binding stands among those of its namespace, or would; `compare` compares another one's name with its.
    pub fn position(&self, number: u32, compare: impl Fn(Slot) -> Ordering) -> Result<usize, usize> {
        let all = self.bindings(number);
        // Builds run in ascending order mostly: look at the end first.
        match all.last().is_none_or(|last| compare(*last) == Ordering::Less) {
            true => Err(all.len()),
            false => all.binary_search_by(|it| compare(*it)),
        }
    }

    /// Puts a binding in its place.
    pub fn insert(&mut self, number: u32, at: usize, binding: Slot) {
        self.lists.insert(&mut self.bindings[number as usize], at, binding);
    }

    /// Takes a binding out, and says which it was.
    pub fn remove(&mut self, number: u32, at: usize) -> Slot {
        let slot = self.bindings(number)[at];
        self.lists.remove(&mut self.bindings[number as usize], at);
        slot
    }
}
