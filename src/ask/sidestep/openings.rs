//! The writes that let a denied flow pass, whoever may do them: each tried on a copy of the cluster.
//!
//! ```text
//! gates that are shut ──► policies there: created, changed, deleted
//!                     ──► labels of pods, templates and namespaces at both ends, a new pod in place of the source
//!        two gates    ──► one write for each
//! ```

mod alike;
mod labels;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use self::labels::LabelWrites;
use super::act::Act;
use crate::ask::escalation::Watch;
use crate::ask::pair::Pair;
use crate::ask::trace::TraceAnswer;
use crate::escalate::Ground;
use crate::escalate::connect::label_sets::TRIES;
use crate::escalate::replay::Copy;
use crate::kinds::WRITTEN_POLICY;
use crate::model::cluster::Delta;
use crate::model::evidence::Outcome;
use crate::model::facts::SharedPod;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::policy::{Direction, Directions, Policy};
use crate::net::verdict::{End, GateReason, Port};

/// Writes that let the flow pass together.
#[derive(Clone, Debug)]
pub struct Opening {
    pub acts: Vec<Rc<Act>>,
    /// Allow, or unknown where it may pass then.
    pub outcome: Outcome,
}

impl Opening {
    /// What a cluster comes to know by it.
    pub fn deltas(&self) -> Vec<Delta> {
        self.acts.iter().flat_map(|it| it.deltas("")).collect()
    }

    /// The same with this written too, which comes to this.
    fn and(&self, act: &Rc<Act>, outcome: Outcome) -> Self {
        let acts = self.acts.iter().chain([act]).cloned().collect();
        Self { acts, outcome: self.outcome.worst(outcome) }
    }

    /// The pod that connects in place of the source.
    pub fn new_pod(&self) -> Option<PodId> {
        self.acts.iter().find_map(|it| it.new_pod(""))
    }
}

/// One connection of the flow.
pub type Hop = (End, End, Option<Port>);

/// Where more than one namespace has a gate that is shut: so many policies of each are taken for one that may be changed.
const POLICIES: usize = 12;

/// In how many parts it goes on.
const PARTS: usize = 3;

/// What is tried, and on what.
pub struct OpeningSearch<'a, 'w> {
    ground: &'a Ground<'a>,
    copy: RefCell<Copy<'a>>,
    hops: &'a [Hop],
    sources: Vec<SharedPod>,
    targets: Vec<SharedPod>,
    /// The gates that are shut: by namespace the pods, and in which directions.
    shut: BTreeMap<Name, Shut>,
    watch: RefCell<Watch<'w>>,
    /// How many of its parts are done; `None`: it was ended.
    done: Cell<Option<usize>>,
    /// What is tried of labels; worked out once.
    lists: OnceCell<LabelWrites>,
}

#[derive(Clone, Default)]
struct Shut {
    directions: Directions,
    pods: BTreeMap<PodId, SharedPod>,
}

impl<'a, 'w> OpeningSearch<'a, 'w> {
    /// Of a flow that does not pass; `watch` is asked before each try.
    pub fn of(ground: &'a Ground<'a>, trace: &TraceAnswer, hops: &'a [Hop], watch: Watch<'w>) -> Self {
        let pairs = denied(trace);
        let governed = |it: &SharedPod| it.is_governed();
        let distinct = |all: Vec<SharedPod>| -> Vec<SharedPod> {
            all.into_iter().map(|it| (it.pod_id(), it)).collect::<BTreeMap<_, _>>().into_values().collect()
        };
        let sources = pairs.iter().filter_map(|it| it.from.pod().cloned()).filter(governed).collect();
        let targets = pairs.iter().filter_map(|it| it.to.pod().cloned()).filter(governed).collect();
        Self {
            ground,
            copy: RefCell::new(Copy::of(ground)),
            hops,
            sources: distinct(sources),
            targets: distinct(targets),
            shut: shut(&pairs),
            watch: RefCell::new(watch),
            done: Cell::new(Some(0)),
            lists: OnceCell::new(),
        }
    }

    /// Every opening that is found, those of fewest writes first; those that may do behind those that do. With the copy
    /// that they were tried on, as it was.
    pub fn openings(self) -> (Vec<Opening>, Copy<'a>) {
        let mut all: Vec<Opening> = Vec::new();
        if !self.shut.is_empty() {
            self.by_policies(&mut all);
            self.part_done();
            self.by_labels(&[], &mut all);
            self.part_done();
            self.by_both(&mut all);
        }
        all.sort_by_key(|it| (it.outcome, it.acts.len()));
        (all, self.copy.into_inner())
    }

    fn part_done(&self) {
        self.done.set(self.done.get().map(|it| it + 1));
    }

    /// Whether it goes on; once it is ended, nothing more is found.
    fn goes_on(&self) -> bool {
        let done = self.done.get().filter(|it| (*self.watch.borrow_mut())(*it, PARTS));
        self.done.set(done);
        done.is_some()
    }

    /// What the flow comes to with this written.
    fn tried<'i>(&self, acts: impl Iterator<Item = &'i Rc<Act>> + Clone) -> Outcome {
        if !self.goes_on() {
            return Outcome::Deny;
        }
        let deltas: Vec<Delta> = acts.clone().flat_map(|it| it.deltas("")).collect();
        let new = acts.clone().find_map(|it| it.new_pod(""));
        let hops = of_new(self.hops, new.as_ref());
        self.copy.borrow_mut().trying(&deltas, |copy| {
            let mut worst = Outcome::Allow;
            for (from, to, port) in &hops {
                worst = worst.worst(copy.connects(from, to, *port));
                if worst == Outcome::Deny {
                    break;
                }
            }
            worst
        })
    }

    fn keep(&self, acts: Vec<Rc<Act>>, all: &mut Vec<Opening>) {
        let outcome = self.tried(acts.iter());
        all.extend((outcome != Outcome::Deny).then_some(Opening { acts, outcome }));
    }

    /// By policies alone: one write for each namespace with a gate that is shut.
    ///
    /// Each is tried once, with the other gates open by a new policy, than which nothing written there allows more.
    fn by_policies(&self, all: &mut Vec<Opening>) {
        let most = if self.shut.len() == 1 { TRIES } else { POLICIES };
        let acts = |(namespace, shut): (&Name, &Shut)| self.policy_acts(namespace, shut, shut.directions, most);
        let gates: Vec<Vec<Rc<Act>>> = self.shut.iter().map(acts).collect();
        let open: Vec<&Rc<Act>> = gates.iter().filter_map(|it| it.first()).collect();
        let mut combined = vec![Opening { acts: Vec::new(), outcome: Outcome::Allow }];
        for (at, acts) in gates.iter().enumerate() {
            let with_others = |act| [&open[..at], &[act], &open[at + 1..]].concat();
            let tried = acts.iter().map(|act| (act, self.tried(with_others(act).into_iter())));
            let opens: Vec<(&Rc<Act>, Outcome)> = tried.filter(|it| it.1 != Outcome::Deny).collect();
            let longer =
                |so_far: &Opening| opens.iter().map(|(act, outcome)| so_far.and(act, *outcome)).collect::<Vec<_>>();
            combined = combined.iter().flat_map(longer).take(TRIES).collect();
        }
        // Each gate may let some port pass, and all of them the same one none.
        if gates.len() > 1 && self.hops.iter().any(|it| it.2.is_none()) {
            combined.into_iter().for_each(|it| self.keep(it.acts, all));
        } else {
            all.extend(combined);
        }
    }

    /// By one write of labels at a gate, and one of policies at the other.
    fn by_both(&self, all: &mut Vec<Opening>) {
        for direction in Direction::ALL {
            let of = |it: &(&Name, &Shut)| it.1.directions.has(direction);
            let here: Vec<(&Name, &Shut)> = self.shut.iter().filter(of).collect();
            let others = self.shut.values().any(|it| it.directions.has(direction.opposite()));
            let ([(namespace, shut)], true) = (&here[..], others) else { continue };
            let acts = self.policy_acts(namespace, shut, Directions::NONE.with(direction), POLICIES);
            let Some(first) = acts.first() else { continue };
            let mut found = Vec::new();
            self.by_labels(std::slice::from_ref(first), &mut found);
            // What opens both gates by itself needs no policy.
            found.retain(|it| !all.iter().any(|known| is_part(&known.acts, &it.acts)));
            for opening in found {
                let others = acts[1..].iter().map(|act| [std::slice::from_ref(act), &opening.acts[1..]].concat());
                let others: Vec<Vec<Rc<Act>>> = others.collect();
                all.push(opening);
                others.into_iter().for_each(|it| self.keep(it, all));
            }
        }
    }

    /// The ways in which policies of a namespace are written so that these pods are open in these directions.
    fn policy_acts(&self, namespace: &Name, shut: &Shut, directions: Directions, most: usize) -> Vec<Rc<Act>> {
        let mut acts = vec![Act::Open { namespace: namespace.clone(), directions }];
        let all = self.ground.cluster.policies.of(namespace);
        let plain: Vec<&Arc<Policy>> = all.iter().filter(|it| it.kind == WRITTEN_POLICY.kind).collect();
        let selects = |it: &Policy, pod: &SharedPod| it.target.pods.matches(&*pod.labels().whole());
        let isolates = |it: &Policy| Direction::ALL.into_iter().any(|to| directions.has(to) && it.isolates.has(to));
        let of_all = |it: &Policy| {
            let in_all = Direction::ALL.into_iter().all(|to| !directions.has(to) || it.isolates.has(to));
            in_all && it.gaps.is_empty() && shut.pods.values().all(|pod| selects(it, pod))
        };
        let widen = |it: &&Arc<Policy>| Act::Widen { policy: (*it).clone(), directions, selects: of_all(it) };
        let mut widened: Vec<Act> = plain.iter().take(most).map(widen).collect();
        widened.sort_by_key(|it| !matches!(it, Act::Widen { selects: true, .. }));
        acts.extend(widened);
        let closing = plain.iter().filter(|it| isolates(it) && shut.pods.values().any(|pod| selects(it, pod)));
        let closing: Vec<Arc<Policy>> = closing.map(|it| (*it).clone()).collect();
        acts.extend((!closing.is_empty()).then_some(Act::Delete(closing)));
        acts.into_iter().map(Rc::new).collect()
    }
}

/// The pairs of a flow that do not pass.
fn denied(trace: &TraceAnswer) -> Vec<&Pair> {
    trace.pairs.iter().filter(|it| it.outcome() != Outcome::Allow).collect()
}

/// What is connected, pair by pair.
pub fn hops(trace: &TraceAnswer) -> Vec<Hop> {
    let hop = |it: &Pair| (it.from.end(), it.to.end(), it.port.asked());
    let mut hops: Vec<Hop> = denied(trace).into_iter().map(hop).collect();
    hops.dedup();
    hops
}

/// The same flow, from this pod where it stands in place of the source.
pub fn of_new(hops: &[Hop], new: Option<&PodId>) -> Vec<Hop> {
    let Some(new) = new else { return hops.to_vec() };
    let all: BTreeSet<Hop> = hops.iter().map(|it| (End::Pod(new.clone()), it.1.clone(), it.2)).collect();
    all.into_iter().collect()
}

/// Whether the last of these writes does it alone already.
fn is_part(known: &[Rc<Act>], acts: &[Rc<Act>]) -> bool {
    let edge = |it: &Rc<Act>| it.edge().id;
    known.len() < acts.len() && acts.iter().skip(1).map(edge).eq(known.iter().map(edge))
}

/// The gates that do not let the flow pass.
fn shut(pairs: &[&Pair]) -> BTreeMap<Name, Shut> {
    let mut all: BTreeMap<Name, Shut> = BTreeMap::new();
    for pair in pairs {
        let Some(family) = pair.verdict.deciding() else { continue };
        let port = pair.port.asked();
        let is_shut = |direction| {
            let gate = family.gate(direction);
            gate.why == GateReason::Policies && gate.outcome(port) != Outcome::Allow
        };
        // Each may let some port pass, and both the same one none.
        let is_both = !Direction::ALL.into_iter().any(is_shut);
        for (direction, member) in [(Direction::Egress, &pair.from), (Direction::Ingress, &pair.to)] {
            let is_closed = is_shut(direction) || is_both && family.gate(direction).why == GateReason::Policies;
            let Some(pod) = member.pod().filter(|_| is_closed) else { continue };
            let shut = all.entry(pod.namespace().clone()).or_default();
            shut.directions = shut.directions.with(direction);
            shut.pods.insert(pod.pod_id(), pod.clone());
        }
    }
    all
}
