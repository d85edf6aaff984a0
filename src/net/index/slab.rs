//! Numbered things: small numbers, reused when free, shared until changed.
//!
//! Sharing makes a copy of the index a matter of counters: what-if changes a few of a hundred thousand entries.

use std::sync::Arc;

/// Things by number.
#[derive(Clone, Debug)]
pub(super) struct Slab<T> {
    items: Vec<Option<Arc<T>>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { items: Vec::new(), free: Vec::new() }
    }
}

impl<T: Clone> Slab<T> {
    pub fn insert(&mut self, item: T) -> u32 {
        match self.free.pop() {
            Some(at) => {
                self.items[at as usize] = Some(Arc::new(item));
                at
            }
            None => {
                self.items.push(Some(Arc::new(item)));
                self.items.len() as u32 - 1
            }
        }
    }

    pub fn remove(&mut self, at: u32) -> Option<Arc<T>> {
        let gone = self.items[at as usize].take();
        self.free.extend(gone.is_some().then_some(at));
        gone
    }

    pub fn get(&self, at: u32) -> &T {
        self.items[at as usize].as_deref().expect("numbers are given out by insert and forgotten before remove")
    }

    pub fn get_mut(&mut self, at: u32) -> &mut T {
        let item = self.items[at as usize].as_mut();
        Arc::make_mut(item.expect("numbers are given out by insert and forgotten before remove"))
    }

    /// Changes everything, in no order that matters.
    pub fn each_mut(&mut self, change: impl FnMut(&mut T)) {
        self.items.iter_mut().flatten().map(Arc::make_mut).for_each(change);
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.items.iter().enumerate().filter_map(|(at, it)| Some((at as u32, it.as_deref()?)))
    }

    /// One more than the largest number in use.
    pub fn bound(&self) -> usize {
        self.items.len()
    }

    pub fn len(&self) -> usize {
        self.items.len() - self.free.len()
    }

    pub fn bytes(&self) -> usize {
        self.items.capacity() * 8 + self.len() * (16 + size_of::<T>()) + self.free.capacity() * 4
    }
}
