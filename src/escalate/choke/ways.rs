//! Which of those who start come to a goal still: one closure for all of them together says that none does.
//!
//! ```text
//! all who start ──one closure──► no way: nobody has one
//!                     └──► a way of one of them: it is told, its grants are taken, and all are asked again
//!                     └──► a way of several: they are asked apart
//! ```

use super::super::Ground;
use super::super::closure::{self, chained, spread};
use super::super::foothold::Foothold;
use super::super::goal::Goal;
use super::super::held::Held;
use super::super::replay;
use super::super::step::{Certainty, Step};

/// Who starts, and a way of theirs that is proven.
pub type ProvenWay = (Foothold, Vec<Step>);

/// What was found of some who start.
pub enum Found {
    /// None of them comes there.
    Nobody,
    /// One of them comes there by themselves.
    Way(ProvenWay),
    /// One of them seems to, by a way that does not hold once it is gone.
    Doubt(Foothold),
    /// Two of them that are needed together for the way that was found.
    Together(Foothold, Foothold),
}

/// Whether some of these come to a goal by moves that are certain.
pub fn of_many(ground: &Ground<'_>, starts: &[Foothold], goal: &Goal) -> Found {
    if let Goal::Connects { .. } = goal {
        let way = starts.iter().find_map(|it| of_one(ground, it, goal, None).map(|way| (it.clone(), way)));
        return way.map_or(Found::Nobody, Found::Way);
    }
    let held = Held::of_many(ground, starts, goal.wanted());
    let (held, found) = spread(ground, held, Some(goal), Certainty::Certain, None);
    let Some(found) = found else { return Found::Nobody };
    match held.starters(ground, &found).as_slice() {
        [one] => match replay::replay(ground, chained(held.way_to(ground, &found))) {
            Some(way) => Found::Way((one.clone(), way)),
            None => Found::Doubt(one.clone()),
        },
        [one, other, ..] => Found::Together(one.clone(), other.clone()),
        [] => Found::Nobody,
    }
}

/// The shortest way of one by moves that are certain, of fewer steps than this.
pub fn of_one(ground: &Ground<'_>, start: &Foothold, goal: &Goal, below: Option<u32>) -> Option<Vec<Step>> {
    if let Goal::Connects { .. } = goal {
        let answer = closure::reach_goal(ground, start, goal, None);
        return Some(answer.path).filter(|it| !it.is_empty() && it.iter().all(|it| it.certainty == Certainty::Certain));
    }
    let held = Held::of(ground, start, goal.wanted());
    let (held, found) = spread(ground, held, Some(goal), Certainty::Certain, below);
    replay::replay(ground, chained(held.way_to(ground, &found?))).filter(|it| !it.is_empty())
}

/// A way of some of these that is not sure, if there is one, with all that they come to.
pub fn unsure(ground: &Ground<'_>, starts: &[Foothold], goal: &Goal) -> (Held, Option<ProvenWay>) {
    let held = Held::of_many(ground, starts, goal.wanted());
    let is_connection = matches!(goal, Goal::Connects { .. });
    let (held, found) = spread(ground, held, Some(goal).filter(|_| !is_connection), Certainty::Unsure, None);
    let of = |it: &Foothold| {
        let answer = closure::reach_goal(ground, it, goal, None);
        Some((it.clone(), answer.path)).filter(|it| !it.1.is_empty())
    };
    let way = match found {
        // Who of several it is, is asked of those that the way needs.
        Some(found) => held.starters(ground, &found).iter().find_map(of),
        None if is_connection => starts.iter().find_map(of),
        None => None,
    };
    (held, way)
}
