//! Whether a way of at most so many steps leads to a goal, where the one that was found has more.
//!
//! ```text
//! found    sa:ci/a, then sa:ci/b, then both write it      3 steps: the nearest holder of each half
//! shorter  sa:ci/c, which holds both halves               2 steps: c is no nearer than a or b
//! ```
//!
//! A closure keeps the first holder of each right. Where a move needs two rights, another holder of both, or a longer way
//! that shares steps with the other half's, may need fewer steps in all. So what is sure is told first: no way has fewer
//! steps than its halves need each by itself. Between that and what was found every set of steps is tried, as far as
//! there is time; what is not tried is not known.

use rustc_hash::FxHashSet;

use crate::model::evidence::Gap;

use super::Ground;
use super::closure::{next, spread};
use super::connect;
use super::foothold::Foothold;
use super::goal::Goal;
use super::held::Held;
use super::moves::Move;
use super::region::Region;
use super::step::{Certainty, Step};

/// What is known of ways that have no more than so many steps.
#[derive(Clone, PartialEq, Debug)]
pub enum Within {
    Way(Vec<Step>),
    No,
    /// Not every set of steps was tried.
    Unknown,
}

impl Within {
    /// The steps of it.
    pub fn way(self) -> Option<Vec<Step>> {
        match self {
            Within::Way(steps) => Some(steps),
            Within::No | Within::Unknown => None,
        }
    }
}

/// That not every set of steps was tried.
pub fn gap(most: usize) -> Gap {
    let what = format!(
        "whether there is a way of at most {most} steps: the way that was found is longer, and not every combination of steps was tried"
    );
    Gap::End { what: what.into() }
}

/// So many sets of steps are tried.
const TRIES: usize = 400;
/// The same where the goal is a connection, of which every last step is tried on a copy of the cluster.
const TRIES_OF_CONNECTIONS: usize = 20;
/// Of a sort with more members than this not each is tried.
const MEMBERS: usize = 64;

/// A way with no more than so many steps.
pub fn within(ground: &Ground<'_>, start: &Foothold, goal: &Goal, moves: Certainty, most: usize) -> Within {
    let tries = if matches!(goal, Goal::Connects { .. }) { TRIES_OF_CONNECTIONS } else { TRIES };
    let mut search = HopSearch { ground, start, goal, moves, tries, seen: FxHashSet::default(), is_cut: false };
    match search.beyond(&mut Vec::new(), most) {
        Some(way) => Within::Way(super::closure::chained(way)),
        None if search.is_cut => Within::Unknown,
        None => Within::No,
    }
}

/// What may be come to in so many steps, though the ways that were found have more.
pub fn doubtful(ground: &Ground<'_>, start: &Foothold, held: &Held, moves: Certainty, most: usize) -> Vec<Foothold> {
    let below = u32::try_from(most).unwrap_or(u32::MAX).saturating_add(1);
    if held.entries().iter().all(|it| it.cost < below) {
        return Vec::new();
    }
    let (least, _) = spread(ground, Held::of(ground, start, None).counting_least(), None, moves, Some(below));
    let is_farther = |it: &Foothold| {
        let entry = held.entry_of(ground, it).map(|at| &held.entries()[at as usize]);
        entry.is_some_and(|it| it.cost >= below)
    };
    let new = least.entries().iter().filter(|it| !held.is_near(ground, &it.region, below));
    new.flat_map(|it| it.region.members(ground)).filter(is_farther).collect()
}

/// Sets of steps, each tried once.
struct HopSearch<'a> {
    ground: &'a Ground<'a>,
    start: &'a Foothold,
    goal: &'a Goal,
    moves: Certainty,
    tries: usize,
    seen: FxHashSet<Vec<String>>,
    is_cut: bool,
}

impl HopSearch<'_> {
    /// A way that begins with these moves and has no more than so many others.
    fn beyond(&mut self, taken: &mut Vec<Move>, left: usize) -> Option<Vec<Step>> {
        if left == 0 || !self.is_new(taken) || !self.may_lead(taken, left) {
            return None;
        }
        if let Some(way) = self.last_step(taken) {
            return Some(way);
        }
        if left == 1 {
            return None;
        }
        for next in self.next(taken, left) {
            taken.push(next);
            let found = self.beyond(taken, left - 1);
            taken.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn is_new(&mut self, taken: &[Move]) -> bool {
        let mut names: Vec<String> = taken.iter().map(|it| it.to.to_string()).collect();
        names.sort_unstable();
        self.seen.insert(names)
    }

    /// All that is held by these moves alone.
    fn held(&self, taken: &[Move]) -> Held {
        let mut held = Held::of(self.ground, self.start, self.goal.wanted()).counting_least();
        for it in taken {
            held.take(self.ground, it.clone(), 0);
        }
        held
    }

    /// Whether so many moves more may do; where that was not asked it is not known.
    fn may_lead(&mut self, taken: &[Move], left: usize) -> bool {
        if self.tries == 0 {
            self.is_cut = true;
            return false;
        }
        self.tries -= 1;
        let below = u32::try_from(left).unwrap_or(u32::MAX).saturating_add(1);
        let (held, found) = spread(self.ground, self.held(taken), Some(self.goal), self.moves, Some(below));
        match self.goal {
            Goal::Connects { text, targets } => {
                let least = connect::least(self.ground, &held, text, targets, self.moves);
                least.is_some_and(|it| it as usize <= left)
            }
            _ => found.is_some(),
        }
    }

    /// The whole way, if one move more leads to the goal.
    fn last_step(&self, taken: &[Move]) -> Option<Vec<Step>> {
        let held = self.held(taken);
        if let Goal::Connects { text, targets } = self.goal {
            return connect::way(self.ground, &held, text, targets, self.moves);
        }
        let (held, found) = spread(self.ground, held, Some(self.goal), self.moves, Some(2));
        found.map(|it| held.way_to(self.ground, &it))
    }

    /// What one move more leads to, each thing by itself.
    fn next(&mut self, taken: &[Move], left: usize) -> Vec<Move> {
        let held = self.held(taken);
        let mut all = Vec::new();
        for it in next(self.ground, &held, self.moves) {
            if matches!(it.to, Region::One(_)) {
                all.push(it);
                continue;
            }
            let with: Vec<Move> = taken.iter().chain([&it]).cloned().collect();
            if !self.may_lead(&with, left - 1) {
                continue;
            }
            let members = it.to.members(self.ground);
            self.is_cut |= members.len() > MEMBERS;
            all.extend(members.into_iter().take(MEMBERS).map(|one| it.to_one(one)));
        }
        all
    }
}
