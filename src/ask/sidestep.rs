//! `sidestep FROM TO[:PORT] [--by SUBJECT]`: who could let a flow pass that is denied, and by which writes.
//!
//! ```text
//! trace ──► gates that are shut ──openings──► writes that open them, tried on a copy
//!                                    └──witness──► whose right each write is, or who can come to act as such: a path
//!                                            └──replay──► RBAC and the network asked again, step by step
//! ```
//!
//! The flow itself is to pass: FROM connects, or a pod made in its place (in its namespace, run as its account). Who can
//! connect to TO in another way is asked by `reach`. Whoever may do everything stands apart, and decides nothing
//! (CONTRACT §7).

pub mod act;
pub mod openings;
mod page;
mod witness;

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::end::{AskedEnd, PortAsk};
use super::escalation::Watch;
use super::page::target;
use super::trace::TraceAnswer;
use super::{Asker, Fault, World};
use crate::escalate::holders;
use crate::escalate::replay::Copy;
use crate::escalate::{Certainty, Step};
use crate::model::evidence::{Gap, Outcome};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::own;
use crate::text::evidence::Evidence;

use self::act::ToldWrite;
use self::openings::{Opening, OpeningSearch};
use self::witness::WitnessSearch;

/// What is asked.
#[derive(Clone, PartialEq, Debug)]
pub struct SidestepAsk {
    pub from: AskedEnd,
    pub to: AskedEnd,
    pub port: PortAsk,
    /// This subject alone, in these groups besides.
    pub by: Option<(Subject, Vec<Name>)>,
    /// Whether everybody is asked who can come to it in steps, however many they are.
    pub in_steps: bool,
}

/// Somebody who can let it pass, and all who hold the same.
#[derive(Clone, PartialEq, Debug)]
pub struct Witness {
    /// Those who hold the same rules, by name.
    pub subjects: Vec<Subject>,
    /// From the first of them to the flow.
    pub path: Vec<Step>,
    pub writes: Vec<ToldWrite>,
    pub certainty: Certainty,
    /// Which of the openings they write.
    pub opening: usize,
    /// How much they hold: over the cluster, over namespaces, over objects that are named.
    pub power: [usize; 3],
}

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct SidestepAnswer {
    pub from: String,
    pub to: String,
    /// As the flow is now.
    pub now: Outcome,
    pub by: Option<Subject>,
    /// Least power first, those who surely can before those who may.
    pub witnesses: Vec<Witness>,
    /// Who may do everything.
    pub always: Vec<Subject>,
    /// Those of the witnesses that are of Kubernetes' own: controllers and components of the control plane.
    pub own: BTreeSet<Subject>,
    /// What keeps it from being the whole truth.
    pub gaps: Vec<Gap>,
    pub notes: Vec<Evidence>,
}

impl SidestepAnswer {
    /// Whether nobody but Kubernetes' own holds it.
    pub fn is_of_kubernetes(&self, witness: &Witness) -> bool {
        witness.subjects.iter().all(|it| self.own.contains(it))
    }

    /// Allow: somebody can, or it passes already; deny: nobody but those who may do everything.
    pub fn outcome(&self) -> Outcome {
        let is_sure = |it: &Witness| it.certainty == Certainty::Certain;
        match () {
            () if self.now == Outcome::Allow || self.witnesses.iter().any(is_sure) => Outcome::Allow,
            () if self.witnesses.is_empty() && self.gaps.is_empty() => Outcome::Deny,
            () => Outcome::Unknown,
        }
    }
}

impl SidestepAsk {
    /// Who can let it pass; `watch` is told how far it is, and ends it by `false`.
    ///
    /// # Errors
    /// An end is none or proven not to be there, or the engines differ.
    pub fn answer(&self, world: &World, watch: Watch<'_>) -> Result<SidestepAnswer, Fault> {
        let trace = self.trace(world)?;
        let mut found = SidestepAnswer {
            from: self.from.to_string(),
            to: target(&self.to, &self.port),
            now: trace.outcome(),
            by: self.by.as_ref().map(|it| it.0.clone()),
            witnesses: Vec::new(),
            always: Vec::new(),
            own: BTreeSet::new(),
            gaps: Vec::new(),
            notes: Vec::new(),
        };
        if found.now == Outcome::Allow {
            found
                .notes
                .push(Evidence::new(crate::text::Mark::Note, "it is allowed already: nothing has to be written"));
            return Ok(found);
        }
        let groups = self.by.as_ref().map_or(&[][..], |it| &it.1);
        let ground = world.ground(groups);
        found.always = holders::always(&ground).into_iter().collect();
        found.gaps = trace_gaps(&trace);
        refused(&trace, &mut found);
        let hops = openings::hops(&trace);
        let (openings, mut copy) = OpeningSearch::of(&ground, &trace, &hops, &mut *watch).openings();
        let finding = WitnessSearch::new(&ground, &hops, &openings, self.said(), self.near());
        match &self.by {
            Some((subject, _)) => finding.one(subject, &mut *watch, &mut found),
            None => finding.everybody(self.in_steps, &mut *watch, &mut found),
        }
        self.confirm(world, &mut copy, &openings, watch, &mut found)?;
        found.witnesses.sort_by(|a, b| order(a).cmp(&order(b)));
        found.own = own::of(&world.cluster, found.witnesses.iter().flat_map(|it| &it.subjects));
        Ok(found)
    }

    fn trace(&self, world: &World) -> Result<TraceAnswer, Fault> {
        world.asker().without_prerequisites().trace(&self.from, &self.to, &self.port)
    }

    /// As it can be read.
    fn said(&self) -> Name {
        format!("{} -> {}", self.from, target(&self.to, &self.port)).into()
    }

    /// The namespaces of both ends.
    fn near(&self) -> BTreeSet<Name> {
        [&self.from, &self.to].into_iter().filter_map(AskedEnd::namespace).cloned().collect()
    }

    /// Asks both engines of the network about the whole flow with each opening written that somebody can write.
    fn confirm(
        &self,
        world: &World,
        copy: &mut Copy<'_>,
        all: &[Opening],
        watch: Watch<'_>,
        found: &mut SidestepAnswer,
    ) -> Result<(), Fault> {
        let used: BTreeSet<usize> = found.witnesses.iter().map(|it| it.opening).collect();
        let differences = RefCell::default();
        for (done, at) in used.iter().enumerate() {
            if !watch(done, used.len()) {
                break;
            }
            let opening = &all[*at];
            let from = opening.new_pod().map_or_else(|| self.from.clone(), AskedEnd::Pod);
            let traced = copy.trying(&opening.deltas(), |copy| {
                let (cluster, net) = copy.now();
                let asker = Asker::new(cluster, net).with_self_check(&world.settings, &differences);
                asker.without_prerequisites().trace(&from, &self.to, &self.port)
            })?;
            if let Some(first) = differences.borrow().first() {
                let hint = "this is a defect of kreach: please report it with `kreach snapshot`";
                return Err(Fault::new(format!("self-check: the engines differ about a write: {first}"), hint));
            }
            if traced.outcome() != Outcome::Allow {
                found.witnesses.iter_mut().filter(|it| it.opening == *at).for_each(witness::doubt);
            }
        }
        Ok(())
    }
}

/// A Service that is not entered so is opened by changing the Service, which is not followed (N38).
fn refused(trace: &TraceAnswer, found: &mut SidestepAnswer) {
    let refusals = trace.refusals.iter().chain(trace.pairs.iter().flat_map(|it| &it.refusals));
    for it in refusals {
        if !found.notes.contains(it) {
            found.notes.push(it.clone());
        }
    }
    if !found.notes.is_empty() {
        let what = "whoever may change the Service may open it, by its type, its addresses or its ranges (N38), which is not followed";
        found.gaps.push(Gap::End { what: what.into() });
    }
}

/// What is not known of the flow itself.
fn trace_gaps(trace: &TraceAnswer) -> Vec<Gap> {
    let mut all: Vec<Gap> = Vec::new();
    let of_pairs = trace.pairs.iter().flat_map(|it| it.gaps.iter().chain(&it.verdict.gaps));
    for gap in trace.gaps.iter().chain(of_pairs) {
        if !all.contains(gap) {
            all.push(gap.clone());
        }
    }
    all
}

/// Those who surely can first, then whoever holds least, then the shortest path.
fn order(it: &Witness) -> (Certainty, [usize; 3], usize, usize, &[Subject]) {
    (it.certainty, it.power, it.path.len(), it.writes.len(), &it.subjects)
}
