//! The fewest things of which each of some sets has one, by branch and bound.
//!
//! ```text
//! {a, b}, {b, c}, {d}   →   b, d      no fewer: {a, b} and {d} have nothing in common
//! ```

use std::collections::BTreeSet;

/// What was chosen, and how many are needed at least.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HittingSet {
    pub all: BTreeSet<u32>,
    pub at_least: usize,
}

/// A set of which one must be chosen.
pub type Set = BTreeSet<u32>;

/// The fewest, where that is found in so many tries; else a few of which none can be left out. No set is empty.
pub fn hitting(sets: &[Set], tries: usize) -> HittingSet {
    let mut rest = smallest(sets);
    let forced: BTreeSet<u32> = rest.iter().filter(|it| it.len() == 1).flatten().copied().collect();
    rest.retain(|it| it.is_disjoint(&forced));
    let mut search = HittingSearch { best: greedy(&rest), tries, is_cut: false };
    let least = disjoint(&rest);
    if search.best.len() > least {
        search.beyond(&mut Vec::new(), rest);
    }
    let found = search.best.len();
    let at_least = forced.len() + if search.is_cut { least } else { found };
    HittingSet { all: forced.into_iter().chain(search.best).collect(), at_least }
}

/// Without sets that hold all of another one.
fn smallest(sets: &[Set]) -> Vec<Set> {
    let mut all: Vec<&Set> = sets.iter().collect();
    all.sort_by_key(|it| (it.len(), it.iter().next().copied()));
    all.dedup();
    let (single, larger): (Vec<&Set>, Vec<&Set>) = all.into_iter().partition(|it| it.len() == 1);
    let singles: BTreeSet<u32> = single.iter().flat_map(|it| it.iter()).copied().collect();
    let mut kept: Vec<Set> = Vec::new();
    for it in larger.into_iter().filter(|it| it.is_disjoint(&singles)) {
        if !kept.iter().any(|held| held.is_subset(it)) {
            kept.push(it.clone());
        }
    }
    singles.into_iter().map(|it| [it].into()).chain(kept).collect()
}

/// How many sets have nothing in common, the small ones first: so many must be chosen at least.
fn disjoint(sets: &[Set]) -> usize {
    let mut sorted: Vec<&Set> = sets.iter().collect();
    sorted.sort_by_key(|it| it.len());
    let mut used = BTreeSet::new();
    let mut is_apart = |it: &&Set| {
        let apart = it.is_disjoint(&used);
        if apart {
            used.extend(it.iter().copied());
        }
        apart
    };
    sorted.into_iter().filter(|it| is_apart(it)).count()
}

/// In how many sets each is, the most frequent first; of equal ones the first.
fn by_frequency(sets: &[Set]) -> Vec<(u32, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    sets.iter().flatten().for_each(|it| *counts.entry(*it).or_insert(0) += 1);
    let mut all: Vec<(u32, usize)> = counts.into_iter().collect();
    all.sort_by_key(|it| (std::cmp::Reverse(it.1), it.0));
    all
}

/// Always what is in most sets, then without those that are not needed.
fn greedy(sets: &[Set]) -> Set {
    let mut rest: Vec<Set> = sets.to_vec();
    let mut chosen: Vec<u32> = Vec::new();
    while let Some((next, _)) = by_frequency(&rest).first().copied() {
        chosen.push(next);
        rest.retain(|it| !it.contains(&next));
    }
    let mut all: Set = chosen.iter().copied().collect();
    for it in chosen.iter().rev() {
        all.remove(it);
        if sets.iter().any(|set| set.is_disjoint(&all)) {
            all.insert(*it);
        }
    }
    all
}

struct HittingSearch {
    best: Set,
    tries: usize,
    /// Whether not everything was tried.
    is_cut: bool,
}

impl HittingSearch {
    /// Tries what goes on from these, of what is left to be hit.
    fn beyond(&mut self, chosen: &mut Vec<u32>, rest: Vec<Set>) {
        if chosen.len() + disjoint(&rest) >= self.best.len() {
            return;
        }
        let Some(first) = rest.iter().min_by_key(|it| it.len()) else {
            self.best = chosen.iter().copied().collect();
            return;
        };
        if self.tries == 0 {
            self.is_cut = true;
            return;
        }
        self.tries -= 1;
        let order: Vec<u32> = by_frequency(&rest).into_iter().map(|it| it.0).filter(|it| first.contains(it)).collect();
        let mut excluded = BTreeSet::new();
        for next in order {
            // What was tried before this one is left out from here on.
            let without = |it: &Set| it.difference(&excluded).copied().collect::<Set>();
            let left: Vec<Set> = rest.iter().filter(|it| !it.contains(&next)).map(without).collect();
            if left.iter().all(|it| !it.is_empty()) {
                chosen.push(next);
                self.beyond(chosen, left);
                chosen.pop();
            }
            excluded.insert(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(all: &[&[u32]]) -> Vec<Set> {
        all.iter().map(|it| it.iter().copied().collect()).collect()
    }

    /// All subsets of what the sets hold, the small ones first.
    fn by_force(sets: &[Set]) -> usize {
        let all: Vec<u32> = sets.iter().flatten().copied().collect::<Set>().into_iter().collect();
        let is_hitting = |mask: u32| {
            let chosen: Set = all.iter().enumerate().filter(|it| mask >> it.0 & 1 == 1).map(|it| *it.1).collect();
            sets.iter().all(|it| !it.is_disjoint(&chosen))
        };
        (0..1u32 << all.len()).filter(|it| is_hitting(*it)).map(u32::count_ones).min().unwrap_or(0) as usize
    }

    #[test]
    fn it_is_the_fewest_that_there_are() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |end: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % end
        };
        for _ in 0..400 {
            let size = 1 + below(9);
            let all: Vec<Set> =
                (0..size).map(|_| (0..1 + below(4)).map(|_| below(10) as u32).collect::<Set>()).collect();
            let found = hitting(&all, 10_000);
            assert!(all.iter().all(|it| !it.is_disjoint(&found.all)), "{all:?}: {found:?}");
            assert_eq!((found.all.len(), found.at_least), (by_force(&all), by_force(&all)), "{all:?}");
        }
    }

    #[test]
    fn without_tries_it_says_how_few_are_proven() {
        // Three pairs of four: two are needed, of which only two disjoint ones are told by packing.
        let all = sets(&[&[1, 2], &[2, 3], &[1, 3]]);
        let found = hitting(&all, 0);
        assert_eq!((found.all.len(), found.at_least), (2, 1));
        assert_eq!(hitting(&all, 10).at_least, 2);
        assert_eq!(hitting(&[], 10), HittingSet { all: Set::new(), at_least: 0 });
    }
}
