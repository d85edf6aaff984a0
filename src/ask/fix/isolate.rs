//! `fix --isolate ns/X`, `fix --contain pod/NS/NAME`, each with what is kept: cut off first, then what is kept is let
//! pass again where it passed before.

use super::flows::FlowAsk;
use super::{Candidate, Certainty, FixAnswer, FixBound, KeptByDeclaration, Trial, ground, note, with};
use crate::ask::baseline::{Baseline, BaselineScope, WrittenPolicy};
use crate::ask::end::AskedEnd;
use crate::ask::expectation::Expectation;
use crate::ask::many::namespace_of;
use crate::ask::question::declared::KEEP_FLOW;
use crate::ask::{Fault, Here, World};
use crate::change::fix::allow::FixGround;
use crate::change::fix::{Draft, isolate};
use crate::change::{Change, DifferingFlow, Op};
use crate::model::evidence::Outcome;
use crate::model::id::{ObjectId, PodId};
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::net::reach::{Granularity, Unit};
use crate::net::verdict::{End, Tri};
use crate::text::evidence::Evidence;
use crate::text::words;

/// What is cut off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CutOff {
    Namespace(Name),
    Pod(PodId),
}

/// What is cut off, and the flows that are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Isolate {
    pub what: CutOff,
    pub keep: Vec<FlowAsk>,
    /// Of a namespace: what the candidate keeps that keeps what manifests declare.
    pub baseline: Option<BaselineScope>,
}

impl Isolate {
    /// The candidates that cut it off.
    ///
    /// # Errors
    /// It is proven not to be there, an end of what is kept is none, or the engines differ.
    pub fn answer(&self, world: &World, here: &Here) -> Result<FixAnswer, Fault> {
        let asked = match &self.what {
            CutOff::Namespace(name) if self.baseline.is_some() => {
                format!("isolate namespace/{name} and keep what is declared")
            }
            CutOff::Namespace(name) => format!("isolate namespace/{name}"),
            CutOff::Pod(pod) => format!("contain pod/{pod}"),
        };
        world.asker().resolve(&self.end(), crate::ask::resolve::EndRole::Source)?;
        let mut fix = FixAnswer::of(asked);
        let mut drafts = Vec::new();
        for draft in self.drafts(world, &ground(world), &mut fix) {
            drafts.extend(self.keeping(world, draft, &mut fix)?);
        }
        let is_meant = |it: &DifferingFlow| self.is_own(world, &it.from) || self.is_own(world, &it.to);
        let holds = |after: &World| self.holds(world, after).map(Into::into);
        let bound = FixBound::Closes;
        let trial = Trial { world, bound, holds: &holds, is_meant: &is_meant, is_meant_grant: &|_| false };
        fix.candidates = self.declared(world, &trial, here, &mut fix)?;
        fix.candidates.extend(trial.candidates(drafts)?);
        if fix.candidates.is_empty() && fix.reasons.is_empty() {
            fix.reasons.push(note("policies of other kinds, or what is not read, decide it too"));
            fix.is_unsure = true;
        }
        Ok(fix)
    }

    /// The candidate that keeps what manifests declare.
    fn declared(
        &self,
        world: &World,
        trial: &Trial<'_>,
        here: &Here,
        fix: &mut FixAnswer,
    ) -> Result<Vec<Candidate>, Fault> {
        let (Some(wanted), Some(manifests)) = (&self.baseline, &world.declared) else { return Ok(Vec::new()) };
        let baseline = world.baseline(manifests, wanted, here)?;
        let mut candidates = Vec::new();
        let has_rules = baseline.policies.iter().any(|it| !it.rules.is_empty());
        if has_rules {
            candidates = trial.candidates(vec![draft(&baseline)])?;
            if candidates.is_empty() {
                fix.reasons.push(note("what manifests declare cannot be kept without opening something else"));
            }
        } else if !baseline.policies.is_empty() {
            fix.reasons.push(note("manifests declare no flow here that default deny would close"));
        }
        for candidate in &mut candidates {
            candidate.is_baseline = true;
            // What was not read may declare more than is kept.
            if !baseline.missing.is_empty() {
                candidate.certainty = Certainty::Unsure;
            }
        }
        let kept = wanted.keep.0.iter().filter(|it| it.file == KEEP_FLOW).filter_map(|it| ends(&it.expectation));
        fix.declared = Some(KeptByDeclaration { baseline, kept: kept.collect(), keeps_current: wanted.keeps_current });
        Ok(candidates)
    }

    fn end(&self) -> AskedEnd {
        match &self.what {
            CutOff::Namespace(name) => AskedEnd::Namespace(name.clone()),
            CutOff::Pod(pod) => AskedEnd::Pod(pod.clone()),
        }
    }

    /// What cuts it off, with nothing kept.
    fn drafts(&self, world: &World, ground: &FixGround<'_>, fix: &mut FixAnswer) -> Vec<Draft> {
        match &self.what {
            CutOff::Namespace(name) => {
                let denies = world.default_deny(name);
                let open = |it: &&Direction| denies.of(**it) != Tri::Yes;
                let open: Vec<Direction> = Direction::ALL.iter().filter(open).copied().collect();
                if open.is_empty() {
                    fix.reasons.push(note(format!("already as asked: namespace/{name} is default-deny")));
                    return Vec::new();
                }
                fix.reasons.extend(still_allowed(world, name));
                vec![isolate::namespace(ground, name, &open)]
            }
            CutOff::Pod(pod) => match isolate::pod(ground, pod) {
                Ok(draft) => vec![draft],
                Err(why) => {
                    fix.reasons.push(note(why));
                    Vec::new()
                }
            },
        }
    }

    /// The draft with what is kept let pass again.
    fn keeping(&self, world: &World, draft: Draft, fix: &mut FixAnswer) -> Result<Option<Draft>, Fault> {
        let mut whole = draft;
        for ask in &self.keep {
            if ask.outcome(world)? != Outcome::Allow {
                fix.reasons.push(note(format!("{} is not allowed today: it is not opened", ask.said())));
                continue;
            }
            let Some(after) = with(world, &whole.changes) else { return Ok(None) };
            if ask.outcome(&after)? == Outcome::Allow {
                continue;
            }
            match ask.opening(&after)? {
                Some(more) => {
                    whole.changes.extend(more.changes);
                    whole.what.extend(more.what);
                    whole.notes.extend(more.notes);
                }
                None => {
                    fix.reasons.push(note(format!("{} cannot be kept by a policy alone", ask.said())));
                    return Ok(None);
                }
            }
        }
        Ok(Some(whole))
    }

    fn is_own(&self, world: &World, unit: &Unit) -> bool {
        match &self.what {
            CutOff::Namespace(name) => namespace_of(unit).is_some_and(|it| it == name),
            CutOff::Pod(pod) => world.pod(pod).is_some_and(|it| Unit::of_pod(&world.cluster, it) == *unit),
        }
    }

    /// Whether it is cut off but for what is kept.
    fn holds(&self, before: &World, after: &World) -> Option<Certainty> {
        let kept = |it: &FlowAsk| {
            it.outcome(before).ok() != Some(Outcome::Allow) || it.outcome(after).ok() == Some(Outcome::Allow)
        };
        if !self.keep.iter().all(kept) {
            return None;
        }
        let shut = match &self.what {
            CutOff::Namespace(name) => {
                let denies = after.default_deny(name);
                denies.ingress.and(denies.egress)
            }
            CutOff::Pod(pod) => self.is_cut_off(after, pod),
        };
        match shut {
            Tri::Yes => Some(Certainty::Certain),
            Tri::Maybe => Some(Certainty::Unsure),
            Tri::No => None,
        }
    }

    /// Whether a pod connects with nobody but its node; of what is kept it is enough that something is.
    fn is_cut_off(&self, after: &World, pod: &PodId) -> Tri {
        let Some(isolation) = after.net().isolation(pod) else { return Tri::Maybe };
        let isolated = isolation.ingress.and(isolation.egress);
        let node = after.pod(pod).map(|it| it.node().clone()).unwrap_or_default();
        let is_node = |unit: &Unit| match unit {
            Unit::Nodes(nodes) => nodes.names().all(|it| *it == node),
            Unit::Pod(other) => after.pod(other).is_some_and(|it| !it.is_governed() && *it.node() == node),
            _ => false,
        };
        let rows = Direction::ALL
            .into_iter()
            .flat_map(|it| after.net().reach(&after.cluster, &End::Pod(pod.clone()), it, Granularity::Pod, None).rows);
        let others: Vec<_> = rows.filter(|it| !is_node(&it.unit)).collect();
        let is_open = others.iter().any(|it| !it.summary.some.is_empty());
        let may_be = others.iter().any(|it| !it.summary.possible.is_empty());
        match (is_open && self.keep.is_empty(), may_be && self.keep.is_empty()) {
            (true, _) => Tri::No,
            (_, true) => Tri::Maybe,
            _ => isolated,
        }
    }

    /// The objects that candidates may change: of a namespace none, of a pod itself and what selects it.
    pub fn wholes(&self, world: &World) -> Vec<ObjectId> {
        let CutOff::Pod(pod) = &self.what else { return Vec::new() };
        let policies = world.net().isolation(pod).map(|it| it.policies).unwrap_or_default();
        let ids = policies.into_iter().filter(|it| it.gap.is_none()).map(|it| it.policy.id());
        std::iter::once(pod.object()).chain(ids).collect()
    }
}

/// The policies of a baseline, each a new object.
fn draft(baseline: &Baseline) -> Draft {
    let create = |it: &WrittenPolicy| Change { op: Op::Create, object: it.object.clone() };
    let needed = words::count(baseline.needed.len() as u64, "needed flow", "needed flows");
    let first = format!("the baseline: default deny, {needed} kept");
    let told = |it: &WrittenPolicy| format!("networkpolicy/{}/{}: a new policy", it.namespace, it.name);
    Draft {
        changes: baseline.policies.iter().map(create).collect(),
        what: std::iter::once(first).chain(baseline.policies.iter().map(told)).collect(),
        notes: baseline.notes.clone(),
        ..Draft::default()
    }
}

/// The ends of a flow that is kept.
fn ends(it: &Expectation) -> Option<(String, String)> {
    match it {
        Expectation::Connects { from, to, .. } => Some((from.clone(), to.clone())),
        _ => None,
    }
}

/// The policies of a namespace that let something pass all the same.
fn still_allowed(world: &World, namespace: &Name) -> Vec<Evidence> {
    let own = world.cluster.policies.of(namespace).iter().filter(|it| !it.rules.is_empty());
    own.map(|it| Evidence::note(it.id(), Default::default(), "goes on allowing what its rules say")).collect()
}
