//! How far everybody is from a goal, worked out once for all: backwards over what single holders come to.
//!
//! ```text
//! user:ana ──► pods of shop ──► sa:shop/runner ──► cluster-admin      3, 2, 1, 0
//! ```
//!
//! What somebody, or everybody of a sort, comes to in one move is asked of the same edges as a closure asks (`graph`); then
//! the goal's distance goes back along these moves. A move that needs two holders is none of them: how many moves a way with
//! such a move has at least is worked out beside it (`together`). Whoever may be nearer by one is asked by a closure, which
//! need not look farther than the way that is found.

mod graph;
mod together;
mod walk;

use std::sync::Arc;

pub use self::graph::Graph;
use self::together::{JointMoves, WayStart};
pub use self::walk::Walk;
use super::Ground;
use super::choke::Watch;
use super::closure::{chained, nearest, next};
use super::foothold::Foothold;
use super::gaps::{HeldSoFar, gaps};
use super::goal::Goal;
use super::held::Held;
use super::region::Region;
use super::step::{Certainty, Step};
use crate::model::evidence::Gap;

/// Everything that can be come to, with how far the goal is from there.
pub struct WaysBack<'a> {
    ground: &'a Ground<'a>,
    goal: &'a Goal,
    graph: Arc<Graph>,
    /// By surety, if at all.
    distances: [Vec<Option<u32>>; 2],
    together: JointMoves<'a>,
    /// By surety how far it is at least by ways in which several holders make a move together.
    least: [Vec<Option<u32>>; 2],
}

impl<'a> WaysBack<'a> {
    /// Of all these who start; `watch` is told how far it is, and ends it by `false`.
    pub fn of(
        ground: &'a Ground<'a>,
        goal: &'a Goal,
        starts: impl Iterator<Item = Foothold>,
        watch: Watch<'_>,
    ) -> Self {
        let graph = ground.everybody(goal.wanted(), starts, watch);
        const BOTH: [Certainty; 2] = [Certainty::Certain, Certainty::Unsure];
        let goals = goals(ground, goal, &graph);
        let distances = BOTH.map(|it| measured(&graph, goals.clone(), it));
        let together = JointMoves::of(ground, goal);
        let least = BOTH.map(|it| together.least(&graph, it));
        Self { ground, goal, graph, distances, together, least }
    }

    /// The room for walks from everybody.
    pub fn walk(&self) -> Walk<'_> {
        Walk::new(&self.graph)
    }

    /// How far the goal is from somebody by moves that are no surer than this; `None`: it is not come to.
    pub fn distance(&self, walk: &mut Walk<'_>, start: &Foothold, moves: Certainty) -> Option<u32> {
        let Some(number) = self.number(start) else { return nearest(self.ground, start, self.goal, moves, None) };
        let found = self.distances[moves as usize][number];
        let least = self.least[moves as usize][number];
        let is_near = |found| least.is_none_or(|least| found <= least);
        if least.is_none() || found.is_some_and(is_near) {
            return found;
        }
        match self.together.may_lead(walk, &self.from(number, moves, found)) {
            true => nearest(self.ground, start, self.goal, moves, found).or(found),
            false => found,
        }
    }

    fn from(&self, start: usize, moves: Certainty, below: Option<u32>) -> WayStart<'_> {
        WayStart { graph: &self.graph, distances: &self.distances[moves as usize], start, moves, below }
    }

    /// Its number, if all was asked that it comes to.
    fn number(&self, start: &Foothold) -> Option<usize> {
        self.graph.find(&Region::One(start.clone())).filter(|_| self.graph.is_whole())
    }

    /// What is not known beside that no way leads there from somebody; `None`: a closure must be asked.
    pub fn gaps(&self, walk: &mut Walk<'_>, start: &Foothold, max_hops: Option<usize>) -> Option<Vec<Gap>> {
        let number = self.number(start).filter(|_| self.ground.rbac.marks().is_empty())?;
        let may_lead = |walk: &mut Walk<'_>| {
            // What two may come to together may be held, and may be not.
            self.together.may_lead(walk, &self.from(number, Certainty::Unsure, None)) || walk.has_besides
        };
        if self.least[Certainty::Unsure as usize][number].is_some() && may_lead(walk) {
            return None;
        }
        walk.to_the_end(number, Certainty::Unsure);
        // Of whoever may do everything, or be anybody, a closure does not look at each thing that they may come to besides.
        let is_wide = |it: &Region| {
            matches!(it, Region::One(Foothold::ClusterAdmin) | Region::Users | Region::Groups | Region::Certified)
        };
        let is_all = walk.regions().any(is_wide);
        (!is_all).then(|| gaps(self.ground, walk, max_hops, Some(self.goal)))
    }

    /// Whether moves of single holders lead there from somebody, be they sure or not.
    pub fn is_led_there(&self, start: &Foothold) -> bool {
        let number = self.graph.find(&Region::One(start.clone()));
        number.is_some_and(|it| self.distances[Certainty::Unsure as usize][it].is_some())
    }

    /// The steps of the way that has so many, where each has one holder; `None`: it is no such way.
    pub fn way(&self, start: &Foothold, moves: Certainty, distance: u32) -> Option<Vec<Step>> {
        let of = |it: &Region| self.graph.find(it).and_then(|it| self.distances[moves as usize][it]);
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
}

/// What of everything is the goal.
fn goals(ground: &Ground<'_>, goal: &Goal, graph: &Graph) -> Vec<usize> {
    let Goal::Is(foothold) = goal else {
        let is_goal = |it: &usize| goal.met_by(ground, &graph.regions()[*it]).is_some();
        return (0..graph.regions().len()).filter(is_goal).collect();
    };
    let one = Region::One(foothold.clone());
    let mut found: Vec<usize> = graph.find(&one).into_iter().collect();
    one.has_wider(ground, &mut |it| {
        found.extend(graph.find(it));
        false
    });
    found
}

/// How far the goal is from everything by moves that are no surer than this.
fn measured(graph: &Graph, goals: Vec<usize>, moves: Certainty) -> Vec<Option<u32>> {
    let mut distances = vec![None; graph.regions().len()];
    let mut next = goals;
    for distance in 0.. {
        next.retain(|it| distances[*it].is_none());
        if next.is_empty() {
            break;
        }
        next.iter().for_each(|it| distances[*it] = Some(distance));
        let before = next.iter().flat_map(|it| graph.before(*it));
        next = before.filter(|it| it.is_of(moves)).map(|it| it.number()).collect();
    }
    distances
}
