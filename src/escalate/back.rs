//! How far everybody is from a goal, worked out once for all: backwards over what single holders come to.
//!
//! ```text
//! user:ana ──► pods of shop ──► sa:shop/runner ──► cluster-admin      3, 2, 1, 0
//! ```
//!
//! What somebody, or everybody of a sort, comes to in one move is asked of the same edges as a closure asks; then the
//! goal's distance goes back along these moves. A move that needs two holders is none of them: how many moves a way with such
//! a move has at least is worked out beside it (`together`). Whoever may be nearer by one is asked by a closure, which need
//! not look farther than the way that is found.

mod together;

use rustc_hash::FxHashMap;

use self::together::Together;
use super::Ground;
use super::closure::{chained, find, nearest, next};
use super::foothold::Foothold;
use super::goal::Goal;
use super::held::{Held, Mark};
use super::moves::Waiting;
use super::region::Region;
use super::step::{Certainty, Step};

/// Everything that can be come to, with how far the goal is from there.
pub struct Back<'a> {
    ground: &'a Ground<'a>,
    goal: &'a Goal,
    numbers: FxHashMap<Region, u32>,
    regions: Vec<Region>,
    /// From where it is come to in one move, and whether surely.
    before: Vec<Vec<(u32, Certainty)>>,
    /// By surety, if at all.
    distances: [Vec<Option<u32>>; 2],
    together: Together,
    /// By surety how far it is at least by ways in which several holders make a move together.
    least: [Vec<Option<u32>>; 2],
}

impl<'a> Back<'a> {
    /// Of all these who start; `watch` is told how far it is, and ends it by `false`.
    pub fn of(
        ground: &'a Ground<'a>,
        goal: &'a Goal,
        starts: impl Iterator<Item = Foothold>,
        mut watch: impl FnMut(usize, usize) -> bool,
    ) -> Self {
        let (numbers, regions, before, distances, least) = Default::default();
        let together = Together::new();
        let mut back = Self { ground, goal, numbers, regions, before, distances, together, least };
        for start in starts {
            back.number(&Region::One(start));
        }
        let mut at = 0;
        while at < back.regions.len() && watch(at, back.regions.len()) {
            back.moves(at as u32);
            at += 1;
        }
        const BOTH: [Certainty; 2] = [Certainty::Certain, Certainty::Unsure];
        back.distances = BOTH.map(|it| back.measured(it));
        back.least = BOTH.map(|it| back.together.least(ground, goal, &back.before, it));
        back
    }

    /// How far the goal is from somebody by moves that are no surer than this; `None`: it is not come to.
    pub fn distance(&self, start: &Foothold, moves: Certainty) -> Option<u32> {
        let number = self.numbers.get(&Region::One(start.clone())).map(|it| *it as usize);
        let found = number.and_then(|it| self.distances[moves as usize][it]);
        // Who was not looked at, since somebody ended it, may be anywhere.
        let least = number.map_or(Some(0), |it| self.least[moves as usize].get(it).copied().unwrap_or(Some(0)));
        match (found, least) {
            (_, None) => found,
            (Some(found), Some(least)) if found <= least => Some(found),
            _ => nearest(self.ground, start, self.goal, moves, found).or(found),
        }
    }

    /// Whether moves of single holders lead there from somebody, be they sure or not.
    pub fn is_led_there(&self, start: &Foothold) -> bool {
        let number = self.numbers.get(&Region::One(start.clone())).map(|it| *it as usize);
        number.is_some_and(|it| self.distances[Certainty::Unsure as usize][it].is_some())
    }

    fn number(&mut self, region: &Region) -> u32 {
        if let Some(found) = self.numbers.get(region) {
            return *found;
        }
        let number = self.regions.len() as u32;
        self.numbers.insert(region.clone(), number);
        self.regions.push(region.clone());
        self.before.push(Vec::new());
        number
    }

    /// Takes in what is come to from here in one move of one holder.
    fn moves(&mut self, from: u32) {
        let region = self.regions[from as usize].clone();
        let held = Held::of_region(self.ground, &region, self.goal.wanted());
        let perhaps = self.found(&held, from, Certainty::Unsure);
        // What is surely come to is asked for by itself: where both lead there one alone was kept.
        if perhaps {
            self.found(&held, from, Certainty::Certain);
        }
        self.together.take(&held);
    }

    /// The same by moves that are no surer than this; whether some are not sure.
    fn found(&mut self, held: &Held, from: u32, moves: Certainty) -> bool {
        let mut waiting = Waiting::default();
        find(self.ground, held, Mark::default(), moves, &mut waiting);
        let mut is_unsure = false;
        for it in waiting.all() {
            is_unsure |= it.certainty == Certainty::Unsure;
            if it.stands.len() > 1 {
                debug_assert!(together::is_made_together(it.edge.id), "{:?} has several holders", it.edge);
            } else {
                let to = self.number(&it.to);
                self.before[to as usize].push((from, it.certainty));
            }
        }
        is_unsure
    }

    /// The steps of the way that has so many, where each has one holder; `None`: it is no such way.
    pub fn way(&self, start: &Foothold, moves: Certainty, distance: u32) -> Option<Vec<Step>> {
        let of = |it: &Region| self.numbers.get(it).and_then(|it| self.distances[moves as usize][*it as usize]);
        if of(&Region::One(start.clone())) != Some(distance) {
            return None;
        }
        let mut held = Held::of(self.ground, start, self.goal.wanted());
        for left in (0..distance).rev() {
            let all = next(self.ground, &held, moves);
            let nearer = all.into_iter().find(|it| it.stands.len() == 1 && of(&it.to) == Some(left))?;
            held.take(self.ground, nearer, distance - left);
        }
        let found = held.entries().last().and_then(|it| self.goal.met_by(self.ground, &it.region))?;
        let way = chained(held.way_to(self.ground, &found));
        (way.len() == distance as usize).then_some(way)
    }

    /// The distances by moves that are no surer than this.
    fn measured(&self, moves: Certainty) -> Vec<Option<u32>> {
        let mut distances = vec![None; self.regions.len()];
        let is_goal = |it: &usize| self.goal.met_by(self.ground, &self.regions[*it]).is_some();
        let mut next: Vec<u32> = (0..self.regions.len()).filter(is_goal).map(|it| it as u32).collect();
        for distance in 0.. {
            next.retain(|it| distances[*it as usize].is_none());
            if next.is_empty() {
                break;
            }
            next.iter().for_each(|it| distances[*it as usize] = Some(distance));
            let before = next.iter().flat_map(|it| &self.before[*it as usize]);
            next = before.filter(|it| it.1 <= moves).map(|it| it.0).collect();
        }
        distances
    }
}
