//! Sets of classes: a few words of a bitmap, or the whole bitmap.
//!
//! ```text
//! classes 700–709 and 711            word 10: …1011111111110000…     twelve bytes, one operation
//! most of 30,000 classes             470 words, side by side
//! ```
//!
//! Most selectors of a large cluster hold a handful of the tens of thousands of classes, of one namespace and so
//! numbered one after another; some hold most of them. One representation for both would be too slow or too big
//! (docs/performance.md).
//!
//! Sets of nodes are `fixedbitset`'s. A [`ClassBitmap`] is not: the few words of the other form meet it word by word, as
//! the weights of classes do ([`super::weights`]), and bits beyond its end are not set rather than a mistake.

use super::short::Short;

/// A bitmap over classes; bits beyond its end are not set.
#[derive(Clone, Debug, Default)]
pub(super) struct ClassBitmap(Vec<u64>);

impl ClassBitmap {
    /// No bit set, with room for this many.
    pub fn none(bits: usize) -> Self {
        Self(vec![0; bits.div_ceil(64)])
    }

    fn word(&self, at: u32) -> u64 {
        self.0.get(at as usize).copied().unwrap_or(0)
    }

    /// Its words, those of the smallest numbers first.
    pub fn words(&self) -> &[u64] {
        &self.0
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

    /// Sets the bits of one word.
    fn or_word(&mut self, word: BitmapWord) {
        let at = word.at as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= word.bits();
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

/// Some bits of one word of a bitmap, in twelve bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct BitmapWord {
    at: u32,
    bits: [u32; 2],
}

impl BitmapWord {
    fn of(class: u32) -> Self {
        Self::new(class >> 6, 1 << (class & 63))
    }

    fn new(at: u32, bits: u64) -> Self {
        Self { at, bits: [bits as u32, (bits >> 32) as u32] }
    }

    fn bits(&self) -> u64 {
        u64::from(self.bits[0]) | u64::from(self.bits[1]) << 32
    }

    fn classes(self) -> impl Iterator<Item = u32> {
        bits_of(self.at as usize, self.bits())
    }
}

/// The words of a set in their order; those without bits are not there.
type BitmapWords = Short<BitmapWord>;

/// Puts a class in; whether that took a word more.
fn set(words: &mut BitmapWords, class: u32) -> bool {
    let word = BitmapWord::of(class);
    let at = words.partition_point(|it| it.at < word.at);
    match words.get_mut(at).filter(|it| it.at == word.at) {
        Some(held) => {
            *held = BitmapWord::new(word.at, held.bits() | word.bits());
            false
        }
        None => {
            words.insert(at, word);
            true
        }
    }
}

/// Takes a class out.
fn clear(words: &mut BitmapWords, class: u32) {
    let word = BitmapWord::of(class);
    let at = words.partition_point(|it| it.at < word.at);
    if let Some(held) = words.get_mut(at).filter(|it| it.at == word.at) {
        *held = BitmapWord::new(word.at, held.bits() & !word.bits());
        if held.bits() == 0 {
            words.remove(at);
        }
    }
}

/// The classes of one namespace, word by word of the bitmaps that they meet: they were numbered one after another.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespaceClasses(BitmapWords);

/// How much of something a bitmap holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ClassShare {
    None,
    Some,
    All,
}

impl NamespaceClasses {
    pub fn set(&mut self, at: u32) {
        set(&mut self.0, at);
    }

    pub fn clear(&mut self, at: u32) {
        clear(&mut self.0, at);
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|it| it.classes())
    }

    /// How many of these a bitmap holds.
    pub fn share(&self, bits: &ClassBitmap) -> ClassShare {
        let (mut none, mut all) = (true, true);
        for word in self.0.iter() {
            let held = bits.word(word.at) & word.bits();
            none &= held == 0;
            all &= held == word.bits();
        }
        match (none, all) {
            (true, _) => ClassShare::None,
            (false, true) => ClassShare::All,
            (false, false) => ClassShare::Some,
        }
    }

    /// Those of these that a bitmap holds.
    pub fn within<'a>(&'a self, bits: &'a ClassBitmap) -> impl Iterator<Item = u32> + 'a {
        self.0.iter().flat_map(|it| bits_of(it.at as usize, bits.word(it.at) & it.bits()))
    }

    pub fn bytes(&self) -> usize {
        self.0.bytes()
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

/// A set of classes.
#[derive(Clone, Debug)]
pub(super) enum ClassSet {
    Few(BitmapWords),
    Many(Box<ClassBitmap>),
}

impl Default for ClassSet {
    fn default() -> Self {
        ClassSet::Few(BitmapWords::default())
    }
}

/// Whether so many words of twelve bytes take more room than all of them up to the last, eight bytes each.
fn is_dense(words: usize, last: usize) -> bool {
    words > 8 && words * 3 > (last + 1) * 2
}

impl ClassSet {
    /// No class.
    pub const NONE: ClassSet = ClassSet::Few(Short::One(BitmapWord { at: 0, bits: [0, 0] }));

    #[cfg(test)]
    pub fn has(&self, class: u32) -> bool {
        self.list().contains(&class)
    }

    pub fn is_empty(&self) -> bool {
        match self {
            ClassSet::Few(words) => words.iter().all(|it| it.bits() == 0),
            ClassSet::Many(bits) => bits.is_empty(),
        }
    }

    pub fn insert(&mut self, class: u32) {
        match self {
            ClassSet::Few(words) => {
                let is_new = set(words, class);
                let last = words.last().map_or(0, |it| it.at as usize);
                if is_new && is_dense(words.len(), last) {
                    let mut bits = ClassBitmap::none((last + 1) * 64);
                    words.iter().for_each(|it| bits.or_word(*it));
                    *self = ClassSet::Many(Box::new(bits));
                }
            }
            ClassSet::Many(bits) => {
                if class as usize >> 6 >= bits.0.len() {
                    let words = bits.0.iter().filter(|it| **it != 0).count() + 1;
                    if !is_dense(words, class as usize >> 6) {
                        let held =
                            (0..).zip(&bits.0).filter(|(_, it)| **it != 0).map(|(at, it)| BitmapWord::new(at, *it));
                        *self = ClassSet::Few(held.chain([BitmapWord::of(class)]).collect());
                        return;
                    }
                }
                bits.set(class);
            }
        }
    }

    pub fn remove(&mut self, class: u32) {
        match self {
            ClassSet::Few(words) => clear(words, class),
            ClassSet::Many(bits) => bits.clear(class),
        }
    }

    pub fn or_into(&self, bits: &mut ClassBitmap) {
        match self {
            ClassSet::Few(words) => words.iter().for_each(|it| bits.or_word(*it)),
            ClassSet::Many(mine) => bits.or(mine),
        }
    }

    pub fn list(&self) -> Vec<u32> {
        match self {
            ClassSet::Few(words) => words.iter().flat_map(|it| it.classes()).collect(),
            ClassSet::Many(bits) => bits.iter().collect(),
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            ClassSet::Few(words) => words.bytes(),
            ClassSet::Many(bits) => bits.bytes() + size_of::<ClassBitmap>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_a_bitmap_and_words_again_and_hold_the_same() {
        let mut members = ClassSet::default();
        for class in (0..3000).rev().step_by(3) {
            members.insert(class);
            members.insert(class);
        }
        members.remove(2999);
        assert!(matches!(members, ClassSet::Many(_)));
        assert!(members.has(2996) && !members.has(2999) && !members.has(1));
        assert_eq!(members.list().len(), 999);
        members.insert(1_000_000);
        assert!(matches!(members, ClassSet::Few(_)));
        assert_eq!((members.list().len(), members.has(1_000_000)), (1000, true));
        let mut bits = ClassBitmap::default();
        members.or_into(&mut bits);
        assert!(bits.iter().eq(members.list()));
        members.list().into_iter().for_each(|it| members.remove(it));
        assert!(members.is_empty());
    }
}
