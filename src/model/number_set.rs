//! Some of many things that are numbered from none up: a bit each.
//!
//! ```
//! use kreach::model::number_set::NumberSet;
//! let mut some = NumberSet::none_of(100);
//! some.insert(7);
//! assert_eq!((some.has(7), some.has(8), some.iter().collect::<Vec<_>>()), (true, false, vec![7]));
//! ```

/// Some of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NumberSet(Box<[u64]>);

impl NumberSet {
    /// None of so many.
    pub fn none_of(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)].into())
    }

    /// Takes one in, which must be one of them.
    pub fn insert(&mut self, number: u32) {
        self.0[number as usize / 64] |= 1 << (number % 64);
    }

    /// Whether it is taken in.
    pub fn has(&self, number: u32) -> bool {
        self.0[number as usize / 64] & 1 << (number % 64) != 0
    }

    /// Takes in all of others of the same things.
    pub fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, more)| *word |= more);
    }

    /// Keeps those alone that others have too.
    pub fn meet(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, kept)| *word &= kept);
    }

    /// Leaves out those that others have.
    pub fn leave(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, left)| *word &= !left);
    }

    /// How many are taken in.
    pub fn len(&self) -> usize {
        self.0.iter().map(|it| it.count_ones() as usize).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|it| *it == 0)
    }

    /// They, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0..).step_by(64).zip(&self.0).flat_map(|(first, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let next = (left != 0).then(|| first + left.trailing_zeros());
                left &= left.wrapping_sub(1);
                next
            })
        })
    }
}
