//! Chance that repeats: everything a seeded world holds follows from its seed and a number.
//!
//! `Rng` walks (for facts that are made once, in order); `mix` jumps (for details that are made again each time an object
//! is rendered, and kept nowhere). Neither is fit for secrets.

/// A small generator of repeatable numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Starts a walk that depends on the seed alone.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// Starts a walk for one thing (`id`) in one role (`tag`) of a seed.
    pub fn of(seed: u64, tag: u64, id: u64) -> Rng {
        Rng(mix(seed, tag, id))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        scramble(self.0)
    }

    /// A number below `n` (which is not 0).
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() >> 16) as usize % n
    }

    /// Whether something of that likelihood happens, in percent.
    pub fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A number that depends on a seed, a role and an id, and on nothing else.
pub fn mix(seed: u64, tag: u64, id: u64) -> u64 {
    scramble(
        seed ^ scramble(tag.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ scramble(id.wrapping_add(0x9E37_79B9_7F4A_7C15))),
    )
}

fn scramble(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The letters of generated names: no vowels (no words by accident) and no lookalikes.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Appends the first `length` (at most 13) letters that follow from `bits`.
pub fn letters(out: &mut Vec<u8>, mut bits: u64, length: usize) {
    for _ in 0..length.min(13) {
        out.push(LETTERS[(bits % 27) as usize]);
        bits /= 27;
    }
}

/// Appends 16 hexadecimal digits.
pub fn hex(out: &mut Vec<u8>, bits: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    for (at, digit) in text.iter_mut().enumerate() {
        *digit = DIGITS[(bits >> (60 - 4 * at) & 15) as usize];
    }
    out.extend_from_slice(&text);
}

/// Appends a uid in the form of RFC 4122, version 4.
pub fn uid(out: &mut Vec<u8>, seed: u64, tag: u64, id: u64) {
    let mut digits = Vec::with_capacity(32);
    hex(&mut digits, mix(seed, tag, id));
    hex(&mut digits, mix(seed, tag ^ 0x5555, id));
    digits[12] = b'4';
    digits[16] = b'a';
    for (at, part) in [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].into_iter().enumerate() {
        if at > 0 {
            out.push(b'-');
        }
        out.extend_from_slice(&digits[part.0..part.1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_have_their_form_and_differ() {
        let text = |id| {
            let mut out = Vec::new();
            uid(&mut out, 7, 1, id);
            String::from_utf8(out).expect("hexadecimal digits")
        };
        assert_eq!(text(1).len(), 36);
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
        assert_eq!(text(3).as_bytes()[14], b'4');
    }
}
