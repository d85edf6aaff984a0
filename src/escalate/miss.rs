//! What a "no" lacks: the one right more by which there would be a way.
//!
//! ```text
//! user:dev -> cluster-admin    deny; with create pods/exec in ops there would be a way in 3 steps
//! ```
//!
//! Each request that some move asks for is taken to be allowed to whoever starts, everywhere; then in the namespace alone
//! in which the way needs it. A way that uses a right that one has besides comes before one that does not, then the
//! shorter one; one through everything (`masters`) comes last. Two rights that are missing at once are no near miss, and connections are not asked about.

use super::Ground;
use super::closure::{chained, spread};
use super::edges::EDGES;
use super::foothold::Foothold;
use super::goal::Goal;
use super::held::Held;
use super::replay;
use super::step::{Because, Certainty, Step};
use crate::model::name::Name;
use crate::model::role::{RoleRule, RuleLists, Subject};
use crate::rbac::Request;
use crate::rbac::powers::Need;

/// The way that there would be, and the request that is not allowed on it.
#[derive(Clone, PartialEq, Debug)]
pub struct WayMiss {
    pub who: Subject,
    pub lacks: Request,
    pub path: Vec<Step>,
}

impl WayMiss {
    /// What is preferred comes first: what is no way to everything, then what uses a right of one's own besides, then what
    /// is short.
    fn rank(&self) -> (bool, bool, usize) {
        let is_own = |it: &Because| match it {
            Because::Allowed { identity, grant: Some(_), .. } => identity.subject == self.who,
            _ => false,
        };
        let between = self.path.iter().rev().skip(1);
        let is_everything = |it: &Foothold| *it == Foothold::ClusterAdmin || *it == Foothold::masters();
        let leads_everywhere = between.into_iter().any(|it| is_everything(&it.to));
        let uses_own = self.path.iter().flat_map(|it| &it.because).any(is_own);
        (leads_everywhere, !uses_own, self.path.len())
    }
}

/// The nearest miss of a goal that somebody does not reach.
pub fn nearest(ground: &Ground<'_>, start: &Foothold, goal: &Goal, max_hops: Option<usize>) -> Option<WayMiss> {
    let Foothold::Subject(who) = start else { return None };
    if matches!(goal, Goal::Connects { .. }) {
        return None;
    }
    let asking = Asking { ground, start, who, goal, max_hops };
    let needs = EDGES.iter().flat_map(|it| it.asks.powers()).flat_map(|it| it.needs);
    let mut seen: Vec<&Need> = Vec::new();
    let mut best: Option<WayMiss> = None;
    for need in needs.filter(|it| is_plain(it)) {
        if seen.contains(&need) {
            continue;
        }
        seen.push(need);
        let found = asking.with(need, &Name::empty());
        best = best.into_iter().chain(found).min_by_key(WayMiss::rank);
    }
    best
}

struct Asking<'a> {
    ground: &'a Ground<'a>,
    start: &'a Foothold,
    who: &'a Subject,
    goal: &'a Goal,
    max_hops: Option<usize>,
}

impl Asking<'_> {
    /// The way where this is allowed everywhere, or in one namespace where that does as well.
    fn with(&self, need: &'static Need, scope: &Name) -> Option<WayMiss> {
        let mut held = Held::of(self.ground, self.start, self.goal.wanted());
        held.allow(scope, rule(need));
        let below = self.max_hops.and_then(|it| u32::try_from(it).ok()).map(|it| it.saturating_add(1));
        let (held, found) = spread(self.ground, held, Some(self.goal), Certainty::Certain, below);
        let (path, _) = replay::gone(self.ground, chained(held.way_to(self.ground, &found?)));
        let miss = WayMiss { who: self.who.clone(), lacks: lacking(&path)?, path };
        match &miss.lacks {
            Request::Resource(it) if scope.is_empty() && !it.namespace.is_empty() => {
                Some(self.with(need, &it.namespace).filter(|it| it.path.len() <= miss.path.len()).unwrap_or(miss))
            }
            _ => Some(miss),
        }
    }
}

/// The one request of a way that is not allowed.
fn lacking(path: &[Step]) -> Option<Request> {
    let is_lacking = |it: &Because| match it {
        Because::Allowed { request, grant: None, .. } => Some((**request).clone()),
        _ => None,
    };
    let mut all = path.iter().flat_map(|it| &it.because).filter_map(is_lacking);
    let first = all.next()?;
    all.all(|it| it == first).then_some(first)
}

/// Whether it names one request.
fn is_plain(need: &Need) -> bool {
    need.resource != "*" && need.group != "*" && !need.verbs[0].ends_with([':', '*'])
}

fn rule(need: &Need) -> RoleRule {
    let one = |it: &str| [Name::from(it)].into();
    let (verbs, groups, resources) = (one(need.verbs[0]), one(need.group), one(need.resource));
    RoleRule::from(RuleLists { verbs, groups, resources, ..RuleLists::default() })
}
