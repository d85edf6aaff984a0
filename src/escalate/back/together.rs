//! How many moves a way has at least in which several holders make one together.
//!
//! ```text
//! user:ana ──► sa:ci/a (create secrets)     both within 2 moves, so that the token Secret is the third at the earliest,
//!     └──► sa:ci/b ──► sa:ci/c (get secrets)     and cluster-admin the fourth
//! ```
//!
//! The first such move of a way rests on what single holders come to, each by themselves. How near they come to its rights
//! is worked out for everybody at once, so that most need no closure of their own to know that nothing is nearer. Of whom
//! that leaves it is then looked whether two of them hold such rights in one place.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::Ground;
use super::super::edges::{EDGES, Edge, LeadsTo};
use super::super::foothold::Foothold;
use super::super::goal::Goal;
use super::super::powers::{Permission, PowerSet};
use super::super::region::Region;
use super::super::step::Certainty;
use super::graph::{Graph, Share};
use super::walk::Walk;

/// The moves that several may make on the way to a goal.
pub(super) struct JointMoves<'a> {
    ground: &'a Ground<'a>,
    joints: Vec<Joint>,
}

/// A move that several holders make together.
struct Joint {
    powers: PowerSet,
    /// Those of them that do for objects of some names, too.
    of_names: PowerSet,
    /// The surest that it is.
    certainty: Certainty,
    /// On so many different ones of them it rests at least.
    needs: u32,
    /// What is held besides; `None`: the rights are several holders'.
    beside: Option<fn(&Region) -> bool>,
    /// What it leads to where its rights are held in a namespace; `None`: that differs.
    to: Option<LeadsTo>,
    /// The same by place, as it was asked for.
    found: RefCell<FxHashMap<u32, Option<Arc<[usize]>>>>,
    /// So many moves are left at least behind it.
    rest: u32,
}

impl Joint {
    /// What is held of its powers.
    fn met_by(&self, held: HeldPowers) -> PowerSet {
        held.of_all.of_both(self.powers).or(held.any.of_both(self.of_names))
    }

    /// So many moves a way has at least where its farthest holder is so far.
    fn cost(&self, distance: u32) -> u32 {
        cost(distance, self.rest)
    }

    /// What it leads to in a place; `None`: that differs, or is something that nobody comes to alone, which was not asked
    /// for its moves.
    fn leads_to(&self, ground: &Ground<'_>, graph: &Graph, scope: u32) -> Option<Arc<[usize]>> {
        let to = self.to?;
        let find = || to(ground, &graph.names[scope as usize]).iter().map(|it| graph.find(it)).collect();
        self.found.borrow_mut().entry(scope).or_insert_with(find).clone()
    }
}

impl<'a> JointMoves<'a> {
    /// The moves that several may make on the way to a goal.
    pub fn of(ground: &'a Ground<'a>, goal: &Goal) -> Self {
        let joint = |edge: &&'static Edge| {
            let (together, rest) = (edge.together?, rest(goal, edge.id)?);
            let all = || edge.asks.powers().iter().copied();
            let does_for_names = |it: &&Permission| !together.of_all.iter().any(|all| all.number() == it.number());
            let (powers, of_names) = (PowerSet::of(all()), PowerSet::of(all().filter(does_for_names)));
            // On OpenShift a constraint that somebody may use is another right beside those of the edge.
            let (needs, beside) = match ground.is_openshift() {
                true => (1, Some((|_| true) as fn(&Region) -> bool)),
                false => (together.rights as u32, together.beside),
            };
            let (to, certainty) = (together.to, together.certainty);
            Some(Joint { powers, of_names, certainty, needs, beside, to, found: RefCell::default(), rest })
        };
        Self { ground, joints: EDGES.iter().filter_map(joint).collect() }
    }

    /// So many moves a way to the goal has at least in which several holders make one together, by region; `None`: there
    /// is no such way.
    pub fn least(&self, graph: &Graph, moves: Certainty) -> Vec<Option<u32>> {
        let powers = |at| powers_of(graph.shares(at));
        let joints: Vec<&Joint> = self.joints.iter().filter(|it| it.certainty <= moves).collect();
        let mut within: Vec<HeldPowers> = (0..graph.count()).map(powers).collect();
        let mut least = vec![None; graph.count()];
        let mut is_new = vec![true; graph.count()];
        for distance in 0u32.. {
            for at in (0..graph.count()).filter(|it| is_new[*it]) {
                let makes = |it: &&&Joint| it.met_by(within[at]).count() >= it.needs;
                let nearest = joints.iter().filter(makes).map(|it| it.cost(distance)).min();
                least[at] = least[at].into_iter().chain(nearest).min();
            }
            let farther = |at: usize| {
                let after = graph.after(at).iter().filter(|it| it.is_of(moves) && it.number() < graph.count());
                after.fold(within[at], |all, it| all.or(within[it.number()]))
            };
            let next: Vec<HeldPowers> = (0..graph.count()).map(farther).collect();
            is_new = (0..graph.count()).map(|it| next[it] != within[it]).collect();
            if !is_new.contains(&true) {
                break;
            }
            within = next;
        }
        least
    }

    /// Whether a way of fewer moves than this (of however many) may lead from here to the goal, in which two of what is
    /// come to make a move together: they hold what it takes in one place, and it leads nearer.
    ///
    /// What such a move leads to that is too far is taken for come to besides, so that what is held there counts too.
    pub fn may_lead(&self, walk: &mut Walk<'_>, from: &WayStart<'_>) -> bool {
        let mut places = HeldPlaces::default();
        let look = |distance, level: &[usize], besides: &mut Vec<usize>| {
            let nearer = |it: &&Joint| it.certainty <= from.moves && from.is_nearer(it.cost(distance));
            let joints: Vec<&Joint> = self.joints.iter().filter(nearer).collect();
            if joints.is_empty() {
                return Some(false);
            }
            level.iter().for_each(|it| places.take(from.graph, *it));
            for joint in joints.into_iter().filter(|it| places.has_beside(from.graph, it)) {
                for scope in places.scopes(joint) {
                    let Some(all) = joint.leads_to(self.ground, from.graph, scope) else { return Some(true) };
                    let is_nearer = |rest: u32| from.is_nearer(cost(distance, rest));
                    let leads_nearer = |to: &usize| from.distances[*to].is_some_and(is_nearer);
                    if all.iter().any(leads_nearer) {
                        return Some(true);
                    }
                    besides.extend(all.iter());
                }
            }
            places.new.clear();
            None
        };
        walk.until(from.start, from.moves, look).unwrap_or(false)
    }
}

/// From where a way is looked for.
pub(super) struct WayStart<'a> {
    pub graph: &'a Graph,
    /// How far the goal is by moves of single holders.
    pub distances: &'a [Option<u32>],
    pub start: usize,
    pub moves: Certainty,
    /// Only fewer moves than this count; `None`: however many.
    pub below: Option<u32>,
}

impl WayStart<'_> {
    fn is_nearer(&self, cost: u32) -> bool {
        self.below.is_none_or(|below| cost < below)
    }
}

/// Who holds what, by the namespace in which it is held (0: everywhere).
#[derive(Default)]
struct HeldPlaces {
    places: FxHashMap<u32, HeldPlace>,
    /// Where something was come by last.
    new: Vec<u32>,
    /// What was come to.
    all: Vec<usize>,
}

/// What is held in one namespace, or everywhere.
#[derive(Default)]
struct HeldPlace {
    holders: Vec<JointHolder>,
    /// Of all of them together.
    powers: HeldPowers,
}

/// What is held somewhere of what several may make a move with.
#[derive(Clone, Copy)]
struct JointHolder {
    at: usize,
    powers: HeldPowers,
    /// Whether there may be several who hold it.
    is_many: bool,
}

impl HeldPlaces {
    fn take(&mut self, graph: &Graph, at: usize) {
        self.all.push(at);
        let is_many = !matches!(graph.regions()[at], Region::One(_));
        for its in graph.shares(at).chunk_by(|one, other| one.scope == other.scope) {
            let powers = powers_of(its);
            let place = self.places.entry(its[0].scope).or_default();
            place.holders.push(JointHolder { at, powers, is_many });
            place.powers = place.powers.or(powers);
            self.new.push(its[0].scope);
        }
    }

    /// Whether something was come to that is held beside the rights of such a move.
    fn has_beside(&self, graph: &Graph, joint: &Joint) -> bool {
        joint.beside.is_none_or(|is_it| self.all.iter().any(|at| is_it(&graph.regions()[*at])))
    }

    /// Where such a move may be made with what was come by last.
    fn scopes(&self, joint: &Joint) -> Vec<u32> {
        // What is held everywhere meets what is held anywhere, and so does what is no right.
        let mut scopes: Vec<u32> = match joint.beside.is_some() || self.new.contains(&0) {
            // They are sorted: the order does not matter.
            true => self.places.keys().copied().collect(),
            false => self.new.clone(),
        };
        scopes.retain(|it| self.may_make_in(*it, joint));
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    fn may_make_in(&self, scope: u32, joint: &Joint) -> bool {
        let everywhere = self.places.get(&0).filter(|_| scope != 0);
        let here = [self.places.get(&scope), everywhere];
        let together = here.iter().flatten().fold(HeldPowers::default(), |all, it| all.or(it.powers));
        // What all hold together is told of most places in one look: nearly none has enough.
        if joint.met_by(together).count() < joint.needs {
            return false;
        }
        let holders = here.iter().flatten().flat_map(|it| &it.holders);
        let mut makers = holders.filter(|it| joint.met_by(it.powers) != PowerSet::default());
        let Some(first) = makers.next() else { return false };
        joint.beside.is_some() || first.is_many || makers.any(|it| it.is_many || it.at != first.at)
    }
}

/// The powers that are held of all objects, and those that are held of any.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct HeldPowers {
    of_all: PowerSet,
    any: PowerSet,
}

impl HeldPowers {
    fn or(self, other: Self) -> Self {
        Self { of_all: self.of_all.or(other.of_all), any: self.any.or(other.any) }
    }

    fn and(self, share: &Share) -> Self {
        let of_all = if share.is_of_all { self.of_all.and(share.power) } else { self.of_all };
        Self { of_all, any: self.any.and(share.power) }
    }
}

/// The powers that are held, wherever that is.
fn powers_of(shares: &[Share]) -> HeldPowers {
    shares.iter().fold(HeldPowers::default(), HeldPowers::and)
}

/// So many moves a way has at least with a move of several so far away and so many behind it.
fn cost(distance: u32, rest: u32) -> u32 {
    // Of several holders one alone is there at the start.
    distance.max(1) + 1 + rest
}

/// So many moves are left at least behind one of this edge; `None`: it leads nowhere near the goal.
fn rest(goal: &Goal, id: &str) -> Option<u32> {
    match (goal, id) {
        // Traffic that somebody receives leads no further.
        (Goal::Is(Foothold::Intercept { .. }) | Goal::Connects { .. }, _) => Some(0),
        (_, "A39") => None,
        (Goal::Is(Foothold::ClusterAdmin), "A16" | "A19") => Some(0),
        // Who is root on a node acts as somebody first, who then holds everything.
        (Goal::Is(Foothold::ClusterAdmin), "A04" | "A10" | "A33" | "A34") => Some(2),
        (Goal::Is(Foothold::ClusterAdmin), _) => Some(1),
        _ => Some(0),
    }
}
