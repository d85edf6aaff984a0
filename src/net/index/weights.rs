//! How many pods each class has, and each word of a bitmap over classes.
//!
//! ```text
//! classes 0–63 have 310 pods; a set holds all of them but two   310 less those two, not a sum of 62
//! ```
//!
//! Sums over classes are of nearly all or nearly none of a namespace's, which are numbered one after another.

use super::class_sets::ClassBitmap;

/// How many pods classes have; a class that is not in use has none.
#[derive(Clone, Debug, Default)]
pub(super) struct ClassWeights {
    /// By class, for all classes of the last word.
    of: Vec<u32>,
    /// By word.
    words: Vec<u64>,
}

impl ClassWeights {
    /// How many pods a class has.
    pub fn of(&self, class: u32) -> u32 {
        self.of.get(class as usize).copied().unwrap_or(0)
    }

    /// Counts pods in.
    pub fn add(&mut self, class: u32, pods: u32) {
        let word = class as usize >> 6;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
            self.of.resize((word + 1) << 6, 0);
        }
        self.of[class as usize] += pods;
        self.words[word] += u64::from(pods);
    }

    /// Counts one pod out; gives how many are left.
    pub fn leave(&mut self, class: u32) -> u32 {
        self.of[class as usize] -= 1;
        self.words[class as usize >> 6] -= 1;
        self.of[class as usize]
    }

    /// How many pods the classes of a set have.
    pub fn sum(&self, classes: &ClassBitmap) -> u64 {
        let words = self.words.iter().zip(classes.words()).enumerate();
        words.filter(|(_, (_, word))| **word != 0).map(|(at, (all, word))| self.sum_word(at, *all, *word)).sum()
    }

    fn sum_word(&self, at: usize, all: u64, word: u64) -> u64 {
        let of = &self.of[at << 6..(at + 1) << 6];
        let sum = |mut bits: u64| {
            let mut sum = 0;
            while bits != 0 {
                sum += u64::from(of[bits.trailing_zeros() as usize]);
                bits &= bits - 1;
            }
            sum
        };
        if word.count_ones() > 32 { all - sum(!word) } else { sum(word) }
    }

    /// Gives back the room that was kept for more.
    pub fn shrink(&mut self) {
        self.of.shrink_to_fit();
        self.words.shrink_to_fit();
    }

    pub fn bytes(&self) -> usize {
        self.of.capacity() * 4 + self.words.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_classes_one_by_one() {
        let mut weights = ClassWeights::default();
        (0..200).for_each(|it| weights.add(it, it * it % 7));
        weights.add(3, 1);
        assert_eq!((weights.leave(3), weights.of(3), weights.of(1000)), (2, 2, 0));
        for step in [1, 2, 3, 50] {
            let mut set = ClassBitmap::default();
            (0..300).step_by(step).for_each(|it| set.set(it));
            assert_eq!(weights.sum(&set), set.iter().map(|it| u64::from(weights.of(it))).sum::<u64>(), "{step}");
        }
    }
}
