//! Numbered things: small numbers, reused when free, shared until changed.
//!
//! ```text
//! chunk 0: 0..30   chunk 1: 30..60   …      a copy of the index shares all chunks,
//!                                           a change copies the one that it is in
//! ```
//!
//! Sharing makes a copy of the index a matter of counters: what-if changes a few of a hundred thousand entries. Chunks,
//! since a counter and an allocation for each entry would take more room than most entries do.

use triomphe::Arc;

/// How many things are shared as one: with a counter, thirty of most sizes fill a size that allocators give.
const CHUNK: usize = 30;

/// Things by number.
#[derive(Clone, Debug)]
pub(super) struct Slab<T> {
    chunks: Vec<Arc<[Option<T>; CHUNK]>>,
    free: Vec<u32>,
    bound: u32,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), free: Vec::new(), bound: 0 }
    }
}

impl<T: Clone> Slab<T> {
    pub fn insert(&mut self, item: T) -> u32 {
        let at = self.free.pop().unwrap_or(self.bound);
        if at as usize == self.chunks.len() * CHUNK {
            self.chunks.push(Arc::new(std::array::from_fn(|_| None)));
        }
        self.bound = self.bound.max(at + 1);
        *self.place(at) = Some(item);
        at
    }

    pub fn remove(&mut self, at: u32) -> Option<T> {
        let gone = self.place(at).take();
        self.free.extend(gone.is_some().then_some(at));
        gone
    }

    pub fn get(&self, at: u32) -> &T {
        let item = self.chunks[at as usize / CHUNK][at as usize % CHUNK].as_ref();
        item.expect("numbers are given out by insert and forgotten before remove")
    }

    pub fn get_mut(&mut self, at: u32) -> &mut T {
        self.place(at).as_mut().expect("numbers are given out by insert and forgotten before remove")
    }

    fn place(&mut self, at: u32) -> &mut Option<T> {
        &mut Arc::make_mut(&mut self.chunks[at as usize / CHUNK])[at as usize % CHUNK]
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(self.chunks.iter().flat_map(|it| it.iter())).filter_map(|(at, it)| Some((at, it.as_ref()?)))
    }

    /// One more than the largest number in use.
    pub fn bound(&self) -> usize {
        self.bound as usize
    }

    pub fn len(&self) -> usize {
        self.bound as usize - self.free.len()
    }

    pub fn bytes(&self) -> usize {
        self.chunks.len() * (CHUNK * size_of::<Option<T>>() + 8)
            + (self.chunks.capacity() * 8)
            + self.free.capacity() * 4
    }
}
