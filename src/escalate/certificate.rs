//! A "no" that others can check: all that somebody comes to hold, and why no step leads out of it.
//!
//! ```text
//! sa:ci/runner, pod/ops/other, sa:ops/other     whoever starts with one of these comes to nothing else
//! A05   its 1 right leads to pods that are held     TOKEN_STEAL   what it leads to is held     A13   nobody has a right of it
//! ```
//!
//! Steps that may be are taken like those that are certain. Who reads it needs the cluster alone, and no word of this code:
//! `tests/certificate/check.py` is such a reader.

use std::collections::BTreeSet;

use super::Ground;
use super::closure::reach;
use super::edges::{EDGES, Edge};
use super::foothold::Foothold;
use super::goal::Goal;
use super::held::Held;
use super::region::Region;
use super::step::Certainty;

/// All that one who starts comes to hold, as it is written in answers.
#[derive(Clone, Debug)]
pub struct Closed {
    pub start: Foothold,
    /// `user:*`, `group:*` and `certificate:*` stand for all users, all groups, and all that a client certificate can say.
    pub held: BTreeSet<String>,
    pub steps: Vec<Shut>,
}

/// Why one sort of step leads nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Shut {
    pub edge: &'static Edge,
    /// How many of the rights that it asks for are held; `None`: it asks for none.
    pub rights: Option<usize>,
}

/// What somebody comes to hold; of a "no" the goal is none of it.
pub fn closed(ground: &Ground<'_>, start: &Foothold) -> Closed {
    let held = reach(ground, start, Certainty::Unsure);
    let words = held.entries().iter().flat_map(|it| words(ground, &it.region)).collect();
    let steps = EDGES.iter().map(|it| Shut { edge: it, rights: rights(&held, it) }).collect();
    Closed { start: start.clone(), held: words, steps }
}

fn words(ground: &Ground<'_>, region: &Region) -> Vec<String> {
    match region {
        Region::Users => vec!["user:*".to_owned()],
        Region::Groups => vec!["group:*".to_owned()],
        Region::Certified => vec!["certificate:*".to_owned()],
        other => other.members(ground).iter().map(ToString::to_string).collect(),
    }
}

fn rights(held: &Held, edge: &Edge) -> Option<usize> {
    let powers = edge.asks.powers();
    (!powers.is_empty()).then(|| powers.iter().map(|it| held.rights_of(it, 0).count()).sum())
}

/// What must not be held, as it is written there; what ends in `/*` is anything that begins so.
pub fn goals(goal: &Goal) -> Vec<String> {
    match goal {
        Goal::Is(it) => vec![it.to_string()],
        Goal::AnyNode => vec!["node-root".to_owned(), "node-root/*".to_owned()],
        Goal::InNamespace(namespace) => vec![format!("pod/{namespace}/*")],
        Goal::InPods(pods) => pods.iter().map(|it| format!("pod/{it}")).collect(),
        // It is no thing that is held.
        Goal::Connects { .. } => Vec::new(),
    }
}
