//! What somebody comes to reach in one of two worlds and not in the other: cluster-admin, nodes, Secrets, traffic.
//!
//! ```text
//! what differs ──► whom it may concern ──► everything they come to, on each side ──► goals that one side alone has
//! ```
//!
//! Whoever holds the same starts alike, as `reach --reverse` folds them, so that one stands for all. Where nothing differs
//! that ways rest on nobody is asked; where rights alone differ, only those who come to act as somebody whose rights do.

mod differs;
mod page;
mod whose;

use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;

use super::World;
use super::escalation::Watch;
use crate::change::When;
use crate::change::reach::{ReachChange, ReachDiff, ReachDiffRow, Sink, WayHop};
use crate::escalate::{Certainty, Foothold, Goal, Ground, Held, Region, Step, closure, replay};
use crate::model::evidence::Outcome;
use crate::model::name::Name;

pub use page::{counts, goals, lines, surety, whom};

use differs::Differs;
use whose::{StartGroup, count_workloads, subjects, workloads};

/// How much is looked at until the rest is left: what is held by each who is asked about, and a part of the cluster's
/// bindings for each of them.
///
/// It is counted, not timed, so that the same question has the same answer.
pub const AMPLE: usize = 200_000;
/// The same for each of several candidates.
pub const SPARE: usize = 60_000;
/// Of so many bindings one is looked at, about, for everybody who is asked about.
const BINDINGS: usize = 16;

/// What differs in reach; `watch` is told how far it is, and ends it by `false`.
pub fn compare(before: &World, after: &World, most: usize, watch: Watch<'_>) -> ReachDiff {
    let differs = Differs::of(before, after);
    if differs == Differs::Nothing {
        return ReachDiff::default();
    }
    let sides = Sides { all: [before, after].map(GainedSide::of), differs, left: Cell::new(most) };
    let [before, after] = sides.all.each_ref().map(|it| &it.ground);
    let mut found = ReachDiff::default();
    sides.add_rows(sides.first_of_all(subjects(before, after)), &mut *watch, &mut found);
    match sides.left.get() {
        0 => found.left += count_workloads(before),
        _ => sides.add_rows(workloads(before, after), watch, &mut found),
    }
    found.rows.sort_by(|a, b| (a.change, &a.sinks, &a.who).cmp(&(b.change, &b.sinks, &b.who)));
    // Of a workload some pods stand on one node and some on another.
    found.rows.dedup_by(|a, b| (a.change, &a.sinks, &a.who) == (b.change, &b.sinks, &b.who));
    found
}

/// One world, with what whoever may do everything in it comes to.
struct GainedSide<'a> {
    ground: Ground<'a>,
    everything: OnceCell<BTreeSet<Sink>>,
}

struct Sides<'a> {
    all: [GainedSide<'a>; 2],
    differs: Differs,
    /// How much more may be held.
    left: Cell<usize>,
}

/// All that somebody comes to on one side.
struct ReachedGoals {
    certain: Held,
    /// `None`: everything is surely come to.
    unsure: Option<Held>,
    sure: BTreeSet<Sink>,
    may: BTreeSet<Sink>,
}

/// What is told alike of goals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Difference {
    change: ReachChange,
    outcomes: [Outcome; 2],
    when: When,
}

/// How surely a goal is come to, the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Surety {
    Sure,
    May,
    No,
}

impl<'a> GainedSide<'a> {
    fn of(world: &'a World) -> Self {
        Self { ground: world.ground(&[]), everything: OnceCell::new() }
    }

    /// What may everything comes to.
    fn everything(&self) -> &BTreeSet<Sink> {
        self.everything.get_or_init(|| {
            let held = closure::reach(&self.ground, &Foothold::ClusterAdmin, Certainty::Certain);
            sinks(&self.ground, &held)
        })
    }

    fn has(&self, sink: &Sink) -> bool {
        let has = |it: &Name| self.ground.all_namespaces().binary_search(it).is_ok();
        match sink {
            Sink::NamespaceAdmin(namespace) | Sink::Secrets(namespace) => has(namespace),
            Sink::Intercept(namespace, service) => self.ground.cluster.services.get(namespace, service).is_some(),
            _ => true,
        }
    }
}

impl Sides<'_> {
    fn add_rows(&self, starts: Vec<StartGroup>, watch: Watch<'_>, found: &mut ReachDiff) {
        let count = starts.len();
        for (at, start) in starts.into_iter().enumerate() {
            if self.left.get() == 0 || !watch(at, count) {
                found.left += start.who.len() as u64;
                continue;
            }
            found.rows.extend(self.rows(start));
        }
    }

    /// Those first whose own rights differ, so that they are looked at whoever else is left.
    fn first_of_all(&self, mut starts: Vec<StartGroup>) -> Vec<StartGroup> {
        starts.sort_by_key(|it| !self.differs.names(&it.foothold));
        starts
    }

    fn paid(&self, held: Held) -> Held {
        let cost = self.all[0].ground.cluster.bindings.len() / BINDINGS;
        let cost = cost + held.entries().len() + held.stands().len() + held.rights().len();
        self.left.set(self.left.get().saturating_sub(cost));
        held
    }

    /// Whether nothing that they come to differs: whoever never acts as somebody whose rights differ, nor may do anything
    /// about roles and bindings, makes the same moves on both sides, one by one.
    fn is_beside(&self, start: &Foothold) -> bool {
        if self.differs == Differs::Anything {
            return false;
        }
        let ground = &self.all[0].ground;
        let (certain, is_everything) = closure::reach_until(ground, start, &ALL, Certainty::Certain);
        let certain = self.paid(certain);
        if self.differs.concerns(ground, &certain) {
            return false;
        }
        is_everything || {
            let unsure = self.paid(closure::reach(ground, start, Certainty::Unsure));
            !self.differs.concerns(ground, &unsure)
        }
    }

    fn rows(&self, start: StartGroup) -> Vec<ReachDiffRow> {
        if self.is_beside(&start.foothold) {
            return Vec::new();
        }
        let found = [0, 1].map(|it| self.found(&self.all[it], &start.foothold));
        let all: BTreeSet<&Sink> = found.iter().flat_map(|it| &it.may).collect();
        let mut told: Vec<(Difference, Vec<Sink>, Vec<Step>)> = Vec::new();
        for sink in all.into_iter().filter(|it| self.all.iter().all(|side| side.has(it))) {
            let Some((difference, way)) = self.difference(&found, sink) else { continue };
            match told.iter_mut().find(|it| it.0 == difference) {
                Some(row) => row.1.push(sink.clone()),
                None => told.push((difference, vec![sink.clone()], way)),
            }
        }
        let row = |(it, sinks, way): (Difference, _, Vec<Step>)| {
            let way = way.iter().map(hop).collect();
            ReachDiffRow { who: start.who.clone(), change: it.change, outcomes: it.outcomes, sinks, when: it.when, way }
        };
        told.into_iter().map(row).collect()
    }

    fn found(&self, side: &GainedSide<'_>, start: &Foothold) -> ReachedGoals {
        let ground = &side.ground;
        let (certain, is_everything) = closure::reach_until(ground, start, &ALL, Certainty::Certain);
        let certain = self.paid(certain);
        let mut sure = sinks(ground, &certain);
        if is_everything {
            sure.extend(side.everything().iter().cloned());
            return ReachedGoals { certain, unsure: None, may: sure.clone(), sure };
        }
        let unsure = self.paid(closure::reach(ground, start, Certainty::Unsure));
        let may = sinks(ground, &unsure).union(&sure).cloned().collect();
        ReachedGoals { certain, unsure: Some(unsure), sure, may }
    }

    /// How a goal differs, and the way to it on the side that comes there more surely.
    fn difference(&self, found: &[ReachedGoals; 2], sink: &Sink) -> Option<(Difference, Vec<Step>)> {
        if found[0].state(sink) == found[1].state(sink) {
            return None;
        }
        let proven = [0, 1].map(|it| found[it].proven(&self.all[it].ground, sink));
        let states = [proven[0].0, proven[1].0];
        if states[0] == states[1] {
            return None;
        }
        let outcomes = [0, 1].map(|it| match states[it] {
            Surety::Sure => Outcome::Allow,
            Surety::May => Outcome::Unknown,
            Surety::No if self.is_open(it, &found[it], sink) => Outcome::Unknown,
            Surety::No => Outcome::Deny,
        });
        let change = match outcomes {
            [Outcome::Allow, Outcome::Deny] => ReachChange::Lost,
            [Outcome::Deny, Outcome::Allow] => ReachChange::Gained,
            _ => ReachChange::Unsure,
        };
        let [first, second] = proven;
        let (when, way) = if first.0 < second.0 { (When::Before, first.1) } else { (When::After, second.1) };
        Some((Difference { change, outcomes, when }, way))
    }

    /// Whether something that is not known could lead there.
    fn is_open(&self, side: usize, found: &ReachedGoals, sink: &Sink) -> bool {
        let held = found.unsure.as_ref().unwrap_or(&found.certain);
        !closure::gaps(&self.all[side].ground, held, None, Some(&goal(sink))).is_empty()
    }
}

impl ReachedGoals {
    fn state(&self, sink: &Sink) -> Surety {
        match (self.sure.contains(sink), self.may.contains(sink)) {
            (true, _) => Surety::Sure,
            (false, true) => Surety::May,
            (false, false) => Surety::No,
        }
    }

    /// The same once the way is gone step by step, and the way.
    fn proven(&self, ground: &Ground<'_>, sink: &Sink) -> (Surety, Vec<Step>) {
        let goal = goal(sink);
        let way = |held: &Held| {
            let met = held.entries().iter().find_map(|it| goal.met_by(ground, &it.region))?;
            Some(closure::chained(held.way_to(ground, &met)))
        };
        match self.state(sink) {
            Surety::No => (Surety::No, Vec::new()),
            Surety::Sure => match way(&self.certain).map(|it| replay::gone(ground, it)) {
                Some((way, true)) => (Surety::Sure, way),
                Some((way, false)) => (Surety::May, way),
                // Whoever may do everything comes there by that.
                None => (Surety::Sure, Vec::new()),
            },
            Surety::May => {
                let way = self.unsure.as_ref().and_then(way).map(|it| replay::gone(ground, it).0);
                (Surety::May, way.unwrap_or_default())
            }
        }
    }
}

/// What may do everything is come to.
static ALL: Goal = Goal::Is(Foothold::ClusterAdmin);

fn goal(sink: &Sink) -> Goal {
    Goal::Is(match sink {
        Sink::ClusterAdmin => Foothold::ClusterAdmin,
        Sink::Masters => Foothold::masters(),
        Sink::NodeRoot => return Goal::AnyNode,
        Sink::NamespaceAdmin(namespace) => Foothold::NamespaceAdmin(namespace.clone()),
        Sink::Secrets(namespace) => Foothold::Secrets { namespace: namespace.clone(), name: None },
        Sink::Intercept(namespace, service) => {
            Foothold::Intercept { namespace: namespace.clone(), service: service.clone() }
        }
    })
}

/// The goals among all that is held.
fn sinks(ground: &Ground<'_>, held: &Held) -> BTreeSet<Sink> {
    let mut all = BTreeSet::new();
    for entry in held.entries() {
        match &entry.region {
            Region::One(one) => all.extend(sink(one)),
            wide if has_sinks(wide) => all.extend(wide.members(ground).iter().filter_map(sink)),
            _ => {}
        }
    }
    all
}

/// Whether any of a sort is a goal.
fn has_sinks(region: &Region) -> bool {
    match region {
        Region::One(_)
        | Region::Groups
        | Region::Nodes
        | Region::Secrets
        | Region::SecretsBeside(_)
        | Region::NamespaceAdmins
        | Region::Traffic(..)
        | Region::Backed(_) => true,
        Region::Accounts(_)
        | Region::AccountsBeside(_)
        | Region::Tokens(_)
        | Region::Pods(..)
        | Region::PodsOn(_)
        | Region::NodeUsers
        | Region::Users
        | Region::Certified
        | Region::SecretsNamed(_) => false,
    }
}

/// `None`: it is none, or a part of one.
fn sink(held: &Foothold) -> Option<Sink> {
    match held {
        Foothold::ClusterAdmin => Some(Sink::ClusterAdmin),
        Foothold::Node(_) => Some(Sink::NodeRoot),
        Foothold::NamespaceAdmin(namespace) => Some(Sink::NamespaceAdmin(namespace.clone())),
        Foothold::Secrets { namespace, name: None } => Some(Sink::Secrets(namespace.clone())),
        Foothold::Intercept { namespace, service } => Some(Sink::Intercept(namespace.clone(), service.clone())),
        it => (*it == Foothold::masters()).then_some(Sink::Masters),
    }
}

fn hop(step: &Step) -> WayHop {
    WayHop {
        edge: step.edge.id,
        name: step.edge.name,
        from: step.from.to_string(),
        to: step.to.to_string(),
        is_sure: step.certainty == Certainty::Certain,
    }
}
