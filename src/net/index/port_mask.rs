//! Sets of ports as bits: one for each atom that rules tell apart ([`super::ports`]); and what is surely so of a port, and
//! what may be.

use std::ops::{BitAndAssign, BitOrAssign};

use crate::model::evidence::Outcome;

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

/// A [`Tri`](crate::net::verdict::Tri) for each port: yes for those in `sure`, maybe for those in `possible` alone, no
/// for all others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TriPorts {
    pub sure: PortMask,
    pub possible: PortMask,
}

impl TriPorts {
    /// Nothing is known of any port.
    pub fn unknown(none: PortMask, full: PortMask) -> Self {
        Self { sure: none, possible: full }
    }

    /// What [`add_reading`](Self::add_reading) starts from.
    pub fn without_reading(none: PortMask, full: PortMask) -> Self {
        Self { sure: full, possible: none }
    }

    /// Takes in what may be so instead: sure is what is sure in each reading, possible what is possible in some.
    #[inline]
    pub fn add_reading(&mut self, other: &Self) {
        self.sure &= &other.sure;
        self.possible |= &other.possible;
    }

    /// Takes in what is so too: what one of them lets pass passes.
    #[inline]
    pub fn add(&mut self, other: &Self) {
        self.sure |= &other.sure;
        self.possible |= &other.possible;
    }

    /// The same less these ports.
    pub fn without(&self, ports: &PortMask) -> Self {
        Self { sure: self.sure.without(ports), possible: self.possible.without(ports) }
    }

    /// What it comes to for the port of this atom; `None`: for any port.
    #[inline]
    pub fn outcome(&self, atom: Option<usize>) -> Outcome {
        let has = |mask: &PortMask| atom.map_or(!mask.is_empty(), |it| mask.has(it));
        match (has(&self.sure), has(&self.possible)) {
            (true, _) => Outcome::Allow,
            (false, true) => Outcome::Unknown,
            (false, false) => Outcome::Deny,
        }
    }
}
