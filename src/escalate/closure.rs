//! Everything that moves give, level by level, and the way to one goal among it.

use std::collections::BTreeSet;

use crate::model::evidence::{Gap, Outcome};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;

use super::Ground;
use super::connect;
use super::edges::{EDGES, Moves};
use super::foothold::Foothold;
use super::goal::Goal;
use super::held::Held;
use super::places::ByNode;
use super::replay;
use super::step::{Certainty, Step};

/// No way is longer: there are fewer sorts of things than this.
const DEEPEST: u32 = 64;

/// Whether something can be reached, and how.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    pub outcome: Outcome,
    /// With allow: each step certain, and the whole replayed. With unknown: the way that would do if its unsure steps
    /// held, or nothing. With deny: nothing.
    pub path: Vec<Step>,
    /// Why it is unknown where no path says so.
    pub gaps: Vec<Gap>,
}

/// Everything that somebody can come to hold by these moves.
pub fn reach(ground: &Ground<'_>, start: &Foothold, wanted: Option<Foothold>, moves: Certainty) -> Held {
    let mut held = Held::of(ground, start.clone(), wanted);
    let by_node = ByNode::default();
    let (mut taken, mut before) = (0, 0);
    let mut last_level = DEEPEST;
    for level in 1..DEEPEST {
        let (entries, holders) = (held.entries().len(), held.holders.len());
        let steps = steps(ground, &held, taken, before, &by_node);
        (taken, before) = (entries, holders);
        for step in steps.into_iter().filter(|it| it.certainty <= moves) {
            let to = step.to.clone();
            held.take(ground, to, Some(step), level);
        }
        // Whoever may do everything has everything in two moves more.
        if last_level == DEEPEST && held.has(&Foothold::ClusterAdmin) {
            last_level = level + 2;
        }
        if held.entries().len() == taken || level >= last_level {
            break;
        }
    }
    held
}

/// The moves that what was taken last makes possible.
fn steps<'a>(ground: &'a Ground<'a>, held: &'a Held, taken: usize, before: usize, by_node: &'a ByNode) -> Vec<Step> {
    let last = &held.entries()[taken..];
    let moves = Moves { ground, held, last, before, by_node };
    let mut steps = Vec::new();
    for edge in EDGES {
        (edge.moves)(&moves, &mut steps);
    }
    steps
}

/// Whether a goal can be reached, by the shortest way that is proven.
pub fn reach_goal(ground: &Ground<'_>, start: &Foothold, goal: &Goal, max_hops: Option<usize>) -> Answer {
    let fits = |path: &Vec<Step>| max_hops.is_none_or(|it| path.len() <= it);
    let certain = reach(ground, start, goal.wanted(), Certainty::Certain);
    if let Some(path) = path(ground, &certain, goal, Certainty::Certain).filter(fits)
        && let Some(path) = replay::replay(ground, path)
    {
        return Answer { outcome: Outcome::Allow, path, gaps: Vec::new() };
    }
    let possible = reach(ground, start, goal.wanted(), Certainty::Unsure);
    if let Some(path) = path(ground, &possible, goal, Certainty::Unsure).filter(fits) {
        return Answer { outcome: Outcome::Unknown, path, gaps: Vec::new() };
    }
    let gaps = gaps(ground, &possible, max_hops);
    let outcome = if gaps.is_empty() { Outcome::Deny } else { Outcome::Unknown };
    Answer { outcome, path: Vec::new(), gaps }
}

/// The steps to a goal, each beginning where the one before it ended.
fn path(ground: &Ground<'_>, held: &Held, goal: &Goal, moves: Certainty) -> Option<Vec<Step>> {
    let steps: Vec<Step> = match goal {
        Goal::Connects { text, targets } => connect::way(ground, held, text, targets, moves)?,
        _ => held.way_to(&goal.met_by(held)?.foothold).into_iter().cloned().collect(),
    };
    Some(chained(steps))
}

/// Whoever holds several identities holds them together: each step is told as going on from the one before it.
fn chained(mut steps: Vec<Step>) -> Vec<Step> {
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

/// What is not known and could lead further: what was not read, and what stands in Secrets that can be read.
///
/// Within a number of steps only what was not read counts: what Secrets hold leads further, not nearer.
pub fn gaps(ground: &Ground<'_>, held: &Held, max_hops: Option<usize>) -> Vec<Gap> {
    const KINDS: [Kind; 9] = [
        Kind::CLUSTER_ROLE_BINDING,
        Kind::ROLE_BINDING,
        Kind::CLUSTER_ROLE,
        Kind::ROLE,
        Kind::POD,
        Kind::NAMESPACE,
        Kind::NODE,
        Kind::SERVICE_ACCOUNT,
        Kind::NETWORK_POLICY,
    ];
    let mut gaps = Vec::new();
    for kind in KINDS {
        if let Some((namespace, coverage)) = ground.cluster.coverage.hole(kind) {
            gaps.push(Gap::Uncovered { kind, namespace, coverage: coverage.clone() });
        }
        gaps.extend(ground.cluster.unreadable.iter().filter(|it| it.kind == kind).cloned().map(Gap::Unreadable));
    }
    if max_hops.is_some() {
        return gaps;
    }
    gaps.extend(super::unfollowed::gaps(held));
    gaps.extend(held.holders.iter().filter(|it| it.identity.is_node()).take(1).map(|it| Gap::Authorizer {
        what: format!("the Node authorizer decides what {} may do", it.identity.user).into(),
        seen: None,
    }));
    let readable: BTreeSet<Name> = held.entries().iter().filter_map(|it| secrets(&it.foothold)).collect();
    if let Some(first) = readable.iter().next() {
        let others = match readable.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more namespaces"),
        };
        let what = format!("the Secrets of {first}{others} can be read, and what stands in them is never asked for");
        gaps.push(Gap::End { what: what.into() });
    }
    gaps
}

fn secrets(foothold: &Foothold) -> Option<Name> {
    match foothold {
        Foothold::Secrets { namespace, .. } => Some(namespace.clone()),
        _ => None,
    }
}

/// The object that a foothold is, if it is one.
pub fn object(foothold: &Foothold) -> Option<ObjectId> {
    match foothold {
        Foothold::Pod(id) => Some(id.object()),
        Foothold::Node(name) => Some(ObjectId::new(Kind::NODE, "", name.clone())),
        Foothold::Role { role, .. } => Some(role.clone()),
        _ => None,
    }
}
