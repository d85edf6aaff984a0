//! From a name to its place in a table that holds the name already, so that no name is held twice.
//!
//! ```text
//! hash of "shop/reader" ──► 4711 ──► the role at 4711 is called so
//! ```
//!
//! The hash stands beside the place: growing reads no names, and of two names with one number few are compared.

use std::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// Places in a table by the hash of what stands there.
#[derive(Clone, Debug, Default)]
pub(in crate::rbac) struct Slots {
    table: HashTable<(u32, u32)>,
}

/// The hash of a name in parts.
#[inline]
pub(in crate::rbac) fn hash_of(sort: u32, parts: &[&str]) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(sort);
    parts.iter().for_each(|it| hasher.write(it.as_bytes()));
    let hash = hasher.finish();
    (hash ^ hash >> 32) as u32
}

/// The table looks at both ends of 64 bits.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Slots {
    /// The place of this hash that holds what is looked for.
    #[inline]
    pub fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.table.find(spread(hash), |it| it.0 == hash && is_it(it.1)).map(|it| it.1)
    }

    /// Takes in what is not there yet.
    pub fn insert(&mut self, hash: u32, place: u32) {
        self.table.insert_unique(spread(hash), (hash, place), |it| spread(it.0));
    }

    /// Forgets a place.
    pub fn remove(&mut self, hash: u32, place: u32) {
        if let Ok(it) = self.table.find_entry(spread(hash), |it| *it == (hash, place)) {
            it.remove();
        }
    }

    /// Makes room for as many in one go.
    pub fn reserve(&mut self, more: usize) {
        self.table.reserve(more, |it| spread(it.0));
    }
}
