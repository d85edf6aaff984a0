//! Numbers that look random and are the same in every run, for tests that are no property tests.

/// Xorshift: the same numbers from the same seed, which is all that is asked of it.
pub struct Random(u64);

impl Random {
    /// From a seed, which may be anything but 0.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`, or 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The low bits of a xorshift are its weakest.
        ((self.0 >> 16) % end.max(1) as u64) as usize
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

#[test]
fn the_same_seed_gives_the_same_numbers_and_all_of_them() {
    let numbers = |seed| {
        let mut random = Random::new(seed);
        (0..200).map(|_| random.below(7)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(3), numbers(3));
    assert_ne!(numbers(3), numbers(4));
    assert!((0..7).all(|it| numbers(3).contains(&it)));
}
