//! Sets of classes: a few as a sorted list, many as a bitmap.
//!
//! Most selectors of a large cluster hold a handful of the tens of thousands of classes, and some hold most of
//! them; one representation for both would be too slow or too big (docs/performance.md).

/// How many a list may hold before it becomes a bitmap.
const FEW: usize = 384;

/// A bitmap over classes; bits beyond its end are not set.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// No bit set, with room for this many.
    pub fn none(bits: usize) -> Self {
        Self(vec![0; bits.div_ceil(64)])
    }

    fn word(&self, at: u32) -> u64 {
        self.0.get(at as usize).copied().unwrap_or(0)
    }

    pub fn has(&self, at: u32) -> bool {
        self.0.get(at as usize >> 6).is_some_and(|word| word >> (at & 63) & 1 == 1)
    }

    pub fn set(&mut self, at: u32) {
        let word = at as usize >> 6;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (at & 63);
    }

    pub fn clear(&mut self, at: u32) {
        if let Some(word) = self.0.get_mut(at as usize >> 6) {
            *word &= !(1 << (at & 63));
        }
    }

    pub fn put(&mut self, at: u32, is_in: bool) {
        if is_in { self.set(at) } else { self.clear(at) }
    }

    pub fn or(&mut self, other: &Self) {
        if other.0.len() > self.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    pub fn and(&mut self, other: &Self) {
        let shared = other.0.len().min(self.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
        self.0[shared..].fill(0);
    }

    pub fn and_not(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= !b);
    }

    pub fn copy(&mut self, other: &Self) {
        self.0.clear();
        self.0.extend_from_slice(&other.0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().enumerate().flat_map(|(at, &word)| bits_of(at, word))
    }

    pub fn bytes(&self) -> usize {
        self.0.capacity() * 8
    }
}

/// The classes of one namespace, word by word of the bitmaps that they meet: they were numbered one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans(Vec<(u32, u64)>);

/// How much of something a bitmap holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Share {
    None,
    Some,
    All,
}

impl Spans {
    pub fn set(&mut self, at: u32) {
        let word = at >> 6;
        let place = self.0.partition_point(|it| it.0 < word);
        if self.0.get(place).is_none_or(|it| it.0 != word) {
            self.0.insert(place, (word, 0));
        }
        self.0[place].1 |= 1 << (at & 63);
    }

    pub fn clear(&mut self, at: u32) {
        if let Some(span) = self.0.iter_mut().find(|it| it.0 == at >> 6) {
            span.1 &= !(1 << (at & 63));
        }
        self.0.retain(|it| it.1 != 0);
    }

    /// How many of these a bitmap holds.
    pub fn share(&self, bits: &Bits) -> Share {
        let (mut none, mut all) = (true, true);
        for (word, mask) in &self.0 {
            let held = bits.word(*word) & mask;
            none &= held == 0;
            all &= held == *mask;
        }
        match (none, all) {
            (true, _) => Share::None,
            (false, true) => Share::All,
            (false, false) => Share::Some,
        }
    }

    /// Those of these that a bitmap holds.
    pub fn within<'a>(&'a self, bits: &'a Bits) -> impl Iterator<Item = u32> + 'a {
        self.0.iter().flat_map(|(at, mask)| bits_of(*at as usize, bits.word(*at) & mask))
    }

    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(u32, u64)>()
    }
}

/// The numbers of the bits of one word.
fn bits_of(at: usize, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros();
            word &= word - 1;
            (at as u32) << 6 | bit
        })
    })
}

/// A short list that never changes; one of one takes no allocation.
#[derive(Clone, Debug)]
pub(super) enum Short {
    One(u32),
    Other(Box<[u32]>),
}

impl FromIterator<u32> for Short {
    fn from_iter<T: IntoIterator<Item = u32>>(items: T) -> Self {
        let all: Vec<u32> = items.into_iter().collect();
        if let [one] = all[..] { Short::One(one) } else { Short::Other(all.into()) }
    }
}

impl std::ops::Deref for Short {
    type Target = [u32];
    fn deref(&self) -> &[u32] {
        match self {
            Short::One(one) => std::slice::from_ref(one),
            Short::Other(all) => all,
        }
    }
}

impl Short {
    pub fn bytes(&self) -> usize {
        if let Short::Other(all) = self { all.len() * 4 } else { 0 }
    }
}

/// A set of classes.
#[derive(Clone, Debug)]
pub(super) enum Members {
    Few(Vec<u32>),
    Many(Bits),
}

impl Default for Members {
    fn default() -> Self {
        Members::Few(Vec::new())
    }
}

impl Members {
    #[cfg(test)]
    pub fn has(&self, class: u32) -> bool {
        match self {
            Members::Few(list) => list.binary_search(&class).is_ok(),
            Members::Many(bits) => bits.has(class),
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Members::Few(list) => list.is_empty(),
            Members::Many(bits) => bits.is_empty(),
        }
    }

    pub fn insert(&mut self, class: u32) {
        match self {
            Members::Few(list) => {
                let Err(at) = list.binary_search(&class) else { return };
                list.insert(at, class);
                if list.len() > FEW {
                    let mut bits = Bits::default();
                    list.iter().for_each(|it| bits.set(*it));
                    *self = Members::Many(bits);
                }
            }
            Members::Many(bits) => bits.set(class),
        }
    }

    pub fn remove(&mut self, class: u32) {
        match self {
            Members::Few(list) => {
                if let Ok(at) = list.binary_search(&class) {
                    list.remove(at);
                }
            }
            Members::Many(bits) => bits.clear(class),
        }
    }

    pub fn or_into(&self, bits: &mut Bits) {
        match self {
            Members::Few(list) => list.iter().for_each(|it| bits.set(*it)),
            Members::Many(mine) => bits.or(mine),
        }
    }

    pub fn list(&self) -> Vec<u32> {
        match self {
            Members::Few(list) => list.clone(),
            Members::Many(bits) => bits.iter().collect(),
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Members::Few(list) => list.capacity() * 4,
            Members::Many(bits) => bits.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_becomes_a_bitmap_and_holds_the_same() {
        let mut members = Members::default();
        for class in (0..3000).rev().step_by(3) {
            members.insert(class);
            members.insert(class);
        }
        members.remove(2999);
        assert!(matches!(members, Members::Many(_)));
        assert!(members.has(2996) && !members.has(2999) && !members.has(1));
        assert_eq!(members.list().len(), 999);
    }
}
