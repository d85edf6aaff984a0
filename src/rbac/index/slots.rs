//! From a name to its place in a table that holds the name already, so that no name is held twice.
//!
//! ```text
//! hash of "shop/reader" ──► 4711 ──► the role at 4711 is called so
//! ```
//!
//! Who has the table says what the hash of a place is when this one grows.

use std::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// Places in a table by the hash of what stands there.
#[derive(Clone, Debug, Default)]
pub(in crate::rbac) struct Slots {
    table: HashTable<u32>,
}

/// The hash of a name in parts.
#[inline]
pub(in crate::rbac) fn hash_of(sort: u32, parts: &[&str]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(sort);
    parts.iter().for_each(|it| hasher.write(it.as_bytes()));
    hasher.finish()
}

impl Slots {
    /// The place of this hash that holds what is looked for.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.table.find(hash, |it| is_it(*it)).copied()
    }

    /// Takes in what is not there yet.
    pub fn insert(&mut self, hash: u64, place: u32, hash_at: impl Fn(u32) -> u64) {
        self.table.insert_unique(hash, place, |it| hash_at(*it));
    }

    /// Forgets a place.
    pub fn remove(&mut self, hash: u64, place: u32) {
        if let Ok(it) = self.table.find_entry(hash, |it| *it == place) {
            it.remove();
        }
    }

    /// Makes room for as many in one go.
    pub fn reserve(&mut self, more: usize, hash_at: impl Fn(u32) -> u64) {
        self.table.reserve(more, |it| hash_at(*it));
    }
}
