//! Sets of ports as bits: one for each atom that rules tell apart ([`super::ports`]).

use std::ops::{BitAndAssign, BitOrAssign};

/// A set of atoms.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum PortMask {
    One(u64),
    Many(Box<[u64]>),
}

impl PortMask {
    pub fn none(words: usize) -> Self {
        if words == 1 { PortMask::One(0) } else { PortMask::Many(vec![0; words].into()) }
    }

    pub fn words(&self) -> &[u64] {
        match self {
            PortMask::One(word) => std::slice::from_ref(word),
            PortMask::Many(words) => words,
        }
    }

    fn words_mut(&mut self) -> &mut [u64] {
        match self {
            PortMask::One(word) => std::slice::from_mut(word),
            PortMask::Many(words) => words,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.words().iter().all(|it| *it == 0)
    }

    pub fn has(&self, atom: usize) -> bool {
        self.words()[atom >> 6] >> (atom & 63) & 1 == 1
    }

    pub fn set(&mut self, atom: usize) {
        self.words_mut()[atom >> 6] |= 1 << (atom & 63);
    }

    pub fn meets(&self, other: &Self) -> bool {
        self.words().iter().zip(other.words()).any(|(a, b)| a & b != 0)
    }

    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both &= other;
        both
    }

    pub fn without(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        rest.words_mut().iter_mut().zip(other.words()).for_each(|(a, b)| *a &= !b);
        rest
    }

    pub fn widen(&mut self, words: usize) {
        let mut wider = self.words().to_vec();
        wider.resize(words, 0);
        *self = if words == 1 { PortMask::One(wider[0]) } else { PortMask::Many(wider.into()) };
    }
}

impl BitOrAssign<&PortMask> for PortMask {
    fn bitor_assign(&mut self, other: &PortMask) {
        self.words_mut().iter_mut().zip(other.words()).for_each(|(a, b)| *a |= b);
    }
}

impl BitAndAssign<&PortMask> for PortMask {
    fn bitand_assign(&mut self, other: &PortMask) {
        self.words_mut().iter_mut().zip(other.words()).for_each(|(a, b)| *a &= b);
    }
}
