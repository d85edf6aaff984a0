//! Everything that moves give, level by level, and the way to one goal among it.

use crate::model::evidence::{Gap, Outcome};

use super::Ground;
use super::connect;
use super::edges::EDGES;
use super::foothold::Foothold;
pub use super::gaps::gaps;
use super::goal::Goal;
use super::held::{Held, HeldMark};
use super::hops::{self, Within};
use super::moves::{Move, Moves, Out, Waiting};
use super::powers::Asks;
use super::replay;
use super::step::{Certainty, Step};

/// Whether something can be reached, and how.
#[derive(Clone, PartialEq, Debug)]
pub struct ClosureAnswer {
    pub outcome: Outcome,
    /// With allow: each step certain, and the whole replayed. With unknown: the way that would do if its unsure steps
    /// held, or nothing. With deny: nothing.
    pub path: Vec<Step>,
    /// Why it is unknown where no path says so.
    pub gaps: Vec<Gap>,
}

/// Everything that somebody can come to hold by these moves.
pub fn reach(ground: &Ground<'_>, start: &Foothold, moves: Certainty) -> Held {
    search(ground, start, None, moves, None).0
}

/// The same, or what it takes until a goal is met, and whether it is.
pub fn reach_until(ground: &Ground<'_>, start: &Foothold, goal: &Goal, moves: Certainty) -> (Held, bool) {
    let (held, found) = search(ground, start, Some(goal), moves, None);
    (held, found.is_some())
}

/// How many moves the shortest way to a goal has, if it has fewer than so many; `None`: there is none, or none so short.
pub(super) fn nearest(
    ground: &Ground<'_>,
    start: &Foothold,
    goal: &Goal,
    moves: Certainty,
    below: Option<u32>,
) -> Option<u32> {
    let (held, found) = search(ground, start, Some(goal), moves, below);
    let entry = held.entry_of(ground, &found?)?;
    Some(held.entries()[entry as usize].cost)
}

fn search(
    ground: &Ground<'_>,
    start: &Foothold,
    goal: Option<&Goal>,
    moves: Certainty,
    below: Option<u32>,
) -> (Held, Option<Foothold>) {
    spread(ground, Held::of(ground, start, goal.and_then(Goal::wanted)), goal, moves, below)
}

/// Everything, or what it takes until a goal is met, with what of that meets it.
///
/// What is taken next is what the shortest way leads to, so that the first way to a goal is none longer than others.
pub(super) fn spread(
    ground: &Ground<'_>,
    mut held: Held,
    goal: Option<&Goal>,
    moves: Certainty,
    below: Option<u32>,
) -> (Held, Option<Foothold>) {
    let mut waiting = Waiting::default();
    let (mut before, mut seen) = (HeldMark::default(), held.entries().len());
    // What is held alone says whether a goal is met, so that nothing is made of the last that may meet it.
    let is_found_by_entries = goal.is_some_and(|it| !matches!(it, Goal::Connects { .. }));
    loop {
        let now = held.mark();
        find(ground, &held, before, moves, &mut waiting);
        before = now;
        let Some((cost, next)) = waiting.take_nearest().filter(|it| below.is_none_or(|below| it.0 < below)) else {
            return (held, None);
        };
        let is_last = is_found_by_entries && below.is_some_and(|below| cost + 1 >= below);
        match is_last {
            true => held.take_last(ground, next, cost),
            false => held.take_all(ground, next, cost),
        }
        let new = held.entries()[seen..].iter();
        if let Some(found) = goal.and_then(|goal| new.filter_map(|it| goal.met_by(ground, &it.region)).next()) {
            return (held, Some(found));
        }
        if is_last {
            return (held, None);
        }
        seen = held.entries().len();
    }
}

/// The moves that what was taken last makes possible.
pub(super) fn find(ground: &Ground<'_>, held: &Held, before: HeldMark, certainty: Certainty, waiting: &mut Waiting) {
    if held.mark() == before {
        return;
    }
    let moves = Moves { ground, held, before };
    let mut out = Out::new(ground, held, certainty, waiting);
    let is_asked = |asks: Asks| match asks {
        Asks::Nothing | Asks::Always(_) => true,
        Asks::Anybody(all) => all.iter().any(|it| held.rights_of(it, before.rights).next().is_some()),
        // What it does may be for somebody who is held since: a role that they are bound to is written anew.
        Asks::OneIdentity(all) => all.iter().any(|it| held.rights_of(it, 0).next().is_some()),
    };
    for edge in EDGES.iter().filter(|it| is_asked(it.asks)) {
        (edge.moves)(&moves, &mut out);
    }
}

/// The moves that all of this makes possible, of what is alike one.
pub fn next(ground: &Ground<'_>, held: &Held, moves: Certainty) -> Vec<Move> {
    let mut waiting = Waiting::default();
    find(ground, held, HeldMark::default(), moves, &mut waiting);
    waiting.all().cloned().collect()
}

/// Whether a goal can be reached, by the shortest way that is proven.
pub fn reach_goal(ground: &Ground<'_>, start: &Foothold, goal: &Goal, max_hops: Option<usize>) -> ClosureAnswer {
    let (_, surely) = within(ground, start, goal, Certainty::Certain, max_hops);
    let mut is_undecided = surely == Within::Unknown;
    if let Some(path) = surely.way().and_then(|it| replay::replay(ground, it)) {
        return ClosureAnswer { outcome: Outcome::Allow, path, gaps: Vec::new() };
    }
    let (held, perhaps) = within(ground, start, goal, Certainty::Unsure, max_hops);
    is_undecided |= perhaps == Within::Unknown;
    if let Some(path) = perhaps.way() {
        let (path, _) = replay::gone(ground, path);
        return ClosureAnswer { outcome: Outcome::Unknown, path, gaps: Vec::new() };
    }
    let mut gaps = gaps(ground, &held, max_hops, Some(goal));
    gaps.extend(max_hops.filter(|_| is_undecided).map(hops::gap));
    let outcome = if gaps.is_empty() { Outcome::Deny } else { Outcome::Unknown };
    ClosureAnswer { outcome, path: Vec::new(), gaps }
}

/// The shortest way by these moves, if it has no more steps than so many, and all that is held besides.
fn within(
    ground: &Ground<'_>,
    start: &Foothold,
    goal: &Goal,
    moves: Certainty,
    max_hops: Option<usize>,
) -> (Held, Within) {
    let (held, found) = path(ground, start, goal, moves);
    let within = match (found, max_hops) {
        (None, _) => Within::No,
        (Some(path), Some(most)) if path.len() > most => hops::within(ground, start, goal, moves, most),
        (Some(path), _) => Within::Way(path),
    };
    (held, within)
}

/// The steps to a goal by these moves, each beginning where the one before it ended, and all that is held besides.
fn path(ground: &Ground<'_>, start: &Foothold, goal: &Goal, moves: Certainty) -> (Held, Option<Vec<Step>>) {
    let (held, found) = search(ground, start, Some(goal), moves, None);
    let steps = match goal {
        Goal::Connects { text, targets } => connect::way(ground, &held, text, targets, moves),
        _ => found.map(|it| held.way_to(ground, &it)),
    };
    (held, steps.map(chained))
}

/// Whoever holds several identities holds them together: each step is told as going on from the one before it.
pub fn chained(mut steps: Vec<Step>) -> Vec<Step> {
    for at in 1..steps.len() {
        let before = steps[at - 1].to.clone();
        let step = &mut steps[at];
        if step.from != before {
            let own = std::mem::replace(&mut step.from, before);
            if !step.with.contains(&own) {
                step.with.push(own);
            }
        }
    }
    steps
}
