//! The writes that let a denied flow pass, whoever may do them: each tried on a copy of the cluster.
//!
//! ```text
//! gates that are shut ──► policies there: created, changed, deleted
//!                     ──► labels of pods, templates and namespaces at both ends, a new pod in place of the source
//!        two gates    ──► one write for each
//! ```

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::act::{Act, change, changed, kind_of};
use crate::ask::pair::{Pair, PairPort};
use crate::ask::trace::Trace;
use crate::escalate::Ground;
use crate::escalate::connect::label_sets::{Keys, TRIES, sets};
use crate::escalate::replay::Copy;
use crate::model::cluster::{Delta, METADATA_NAME};
use crate::model::evidence::Outcome;
use crate::model::facts::{Meta, Namespace, Pod, SharedPod};
use crate::model::id::{Kind, PodId, WorkloadId};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::policy::{Direction, Directions, Policy};
use crate::model::workload::workload_of;
use crate::net::verdict::{End, Port, Why};

/// Writes that let the flow pass together.
#[derive(Clone, Debug)]
pub struct Opening {
    pub acts: Vec<Act>,
    /// Allow, or unknown where it may pass then.
    pub outcome: Outcome,
}

impl Opening {
    /// What a cluster comes to know by it.
    pub fn deltas(&self) -> Vec<Delta> {
        self.acts.iter().flat_map(|it| it.deltas("")).collect()
    }

    /// The pod that connects in place of the source.
    pub fn new_pod(&self) -> Option<PodId> {
        self.acts.iter().find_map(|it| it.new_pod(""))
    }
}

/// One connection of the flow.
pub type Hop = (End, End, Option<Port>);

/// So many pods are relabelled together.
const PODS: usize = 32;
/// So many policies of a namespace are each taken for one that may be changed alone.
const POLICIES: usize = 12;

/// What is tried, and on what.
pub struct Search<'a> {
    ground: &'a Ground<'a>,
    copy: RefCell<Copy<'a>>,
    hops: Vec<Hop>,
    sources: Vec<SharedPod>,
    targets: Vec<SharedPod>,
    /// The gates that are shut: by namespace the pods, and in which directions.
    shut: BTreeMap<Name, Shut>,
}

#[derive(Clone, Default)]
struct Shut {
    directions: Directions,
    pods: BTreeMap<PodId, SharedPod>,
}

impl<'a> Search<'a> {
    /// Of a flow that does not pass.
    pub fn of(ground: &'a Ground<'a>, trace: &Trace) -> Self {
        let pairs: Vec<&Pair> = trace.pairs.iter().filter(|it| it.outcome() != Outcome::Allow).collect();
        let port = |it: PairPort| it.asked();
        let mut hops: Vec<Hop> = pairs.iter().map(|it| (it.from.end(), it.to.end(), port(it.port))).collect();
        hops.dedup();
        let governed = |it: &SharedPod| it.is_governed();
        let distinct = |all: Vec<SharedPod>| -> Vec<SharedPod> {
            all.into_iter().map(|it| (it.pod_id(), it)).collect::<BTreeMap<_, _>>().into_values().collect()
        };
        let sources = pairs.iter().filter_map(|it| it.from.pod().cloned()).filter(governed).collect();
        let targets = pairs.iter().filter_map(|it| it.to.pod().cloned()).filter(governed).collect();
        let (sources, targets) = (distinct(sources), distinct(targets));
        Self { ground, copy: RefCell::new(Copy::of(ground)), hops, sources, targets, shut: shut(&pairs) }
    }

    /// What is connected, pair by pair.
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// Every opening that is found, those of fewest writes first; those that may do behind those that do.
    pub fn openings(&self) -> Vec<Opening> {
        let mut all: Vec<Opening> = Vec::new();
        if !self.shut.is_empty() {
            self.by_policies(&mut all);
            self.by_labels(&[], &mut all);
            self.by_both(&mut all);
        }
        all.sort_by_key(|it| (it.outcome, it.acts.len()));
        all
    }

    /// What the flow comes to with this written.
    fn tried(&self, acts: &[&Act]) -> Outcome {
        let deltas: Vec<Delta> = acts.iter().flat_map(|it| it.deltas("")).collect();
        let new = acts.iter().find_map(|it| it.new_pod(""));
        let hops = of_new(&self.hops, new.as_ref());
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

    fn keep(&self, acts: Vec<Act>, all: &mut Vec<Opening>) -> Outcome {
        let outcome = self.tried(&acts.iter().collect::<Vec<_>>());
        if outcome != Outcome::Deny {
            all.push(Opening { acts, outcome });
        }
        outcome
    }

    /// By policies alone: one write for each namespace with a gate that is shut.
    fn by_policies(&self, all: &mut Vec<Opening>) {
        let mut combined: Vec<Vec<Act>> = vec![Vec::new()];
        for (namespace, shut) in &self.shut {
            let acts = self.policy_acts(namespace, shut, shut.directions);
            let longer = |so_far: &Vec<Act>| {
                let so_far = so_far.clone();
                acts.iter().map(move |it| [so_far.clone(), vec![it.clone()]].concat()).collect::<Vec<_>>()
            };
            combined = combined.iter().flat_map(longer).take(TRIES).collect();
        }
        for acts in combined {
            self.keep(acts, all);
        }
    }

    /// By one write of labels at a gate, and one of policies at the other.
    fn by_both(&self, all: &mut Vec<Opening>) {
        for direction in Direction::ALL {
            let of = |it: &(&Name, &Shut)| it.1.directions.has(direction);
            let here: Vec<(&Name, &Shut)> = self.shut.iter().filter(of).collect();
            let others = self.shut.values().any(|it| it.directions.has(other(direction)));
            let ([(namespace, shut)], true) = (&here[..], others) else { continue };
            let acts = self.policy_acts(namespace, shut, Directions::NONE.with(direction));
            let Some(first) = acts.first() else { continue };
            let mut found = Vec::new();
            self.by_labels(std::slice::from_ref(first), &mut found);
            // What opens both gates by itself needs no policy.
            found.retain(|it| !all.iter().any(|known| is_part(&known.acts, &it.acts)));
            for opening in found {
                for act in &acts {
                    let mut acts = opening.acts.clone();
                    acts[0] = act.clone();
                    self.keep(acts, all);
                }
            }
        }
    }

    /// The ways in which policies of a namespace are written so that these pods are open in these directions.
    fn policy_acts(&self, namespace: &Name, shut: &Shut, directions: Directions) -> Vec<Act> {
        let mut acts = vec![Act::Open { namespace: namespace.clone(), directions }];
        let all = self.ground.cluster.policies.of(namespace);
        let plain: Vec<&Arc<Policy>> = all.iter().filter(|it| it.kind == Kind::NETWORK_POLICY).collect();
        let selects = |it: &Policy, pod: &SharedPod| it.target.pods.matches(&*pod.labels().whole());
        let isolates = |it: &Policy| Direction::ALL.into_iter().any(|to| directions.has(to) && it.isolates.has(to));
        let of_all = |it: &Policy| {
            let in_all = Direction::ALL.into_iter().all(|to| !directions.has(to) || it.isolates.has(to));
            in_all && it.gaps.is_empty() && shut.pods.values().all(|pod| selects(it, pod))
        };
        let widen = |it: &&Arc<Policy>| Act::Widen { policy: (*it).clone(), directions, selects: of_all(it) };
        let mut widened: Vec<Act> = plain.iter().take(POLICIES).map(widen).collect();
        widened.sort_by_key(|it| !matches!(it, Act::Widen { selects: true, .. }));
        acts.extend(widened);
        let closing = plain.iter().filter(|it| isolates(it) && shut.pods.values().any(|pod| selects(it, pod)));
        let closing: Vec<Arc<Policy>> = closing.map(|it| (*it).clone()).collect();
        acts.extend((!closing.is_empty()).then_some(Act::Delete(closing)));
        acts
    }

    /// By labels, with this written before.
    fn by_labels(&self, base: &[Act], all: &mut Vec<Opening>) {
        let pods = [
            self.relabelled(base, &self.sources, Whose::Source, all),
            self.stood(base, &[], all),
            self.relabelled(base, &self.targets, Whose::Target, all),
        ];
        let spaces = self.spaces();
        for (namespace, keys) in &spaces {
            self.space(base, namespace, keys, all);
        }
        // Both are needed where a peer names labels of pods and of their namespace.
        if !pods.contains(&true) {
            self.with_space(base, all);
        }
    }

    /// By other labels on pods, by themselves or by their workload's template; whether some of it does.
    fn relabelled(&self, base: &[Act], pods: &[SharedPod], whose: Whose, all: &mut Vec<Opening>) -> bool {
        let Some(first) = pods.first().filter(|_| pods.len() <= PODS) else { return false };
        let mut found = false;
        if pods.iter().all(|it| it.namespace() == first.namespace()) {
            found |= self.first(base, self.pod_labels(pods, whose), all);
        }
        let workload = workload_of(self.ground.cluster, first).filter(|it| kind_of(it).is_some());
        let is_its = |it: &SharedPod| workload_of(self.ground.cluster, it) == workload;
        if let Some(workload) = workload.as_ref().filter(|_| pods.iter().all(is_its)) {
            found |= self.first(base, self.template_labels(pods, workload, whose), all);
        }
        found
    }

    /// Keeps the first of these that surely does, else the first that may; whether one surely does.
    fn first(&self, base: &[Act], acts: impl Iterator<Item = Act>, all: &mut Vec<Opening>) -> bool {
        let mut unsure: Option<Act> = None;
        for act in acts.take(TRIES) {
            let tried: Vec<&Act> = base.iter().chain([&act]).collect();
            match self.tried(&tried) {
                Outcome::Allow => {
                    let acts = base.iter().cloned().chain([act]).collect();
                    all.push(Opening { acts, outcome: Outcome::Allow });
                    return true;
                }
                Outcome::Unknown if unsure.is_none() => unsure = Some(act),
                _ => {}
            }
        }
        all.extend(unsure.map(|act| {
            let acts = base.iter().cloned().chain([act]).collect();
            Opening { acts, outcome: Outcome::Unknown }
        }));
        false
    }

    fn label_sets(&self, pods: &[SharedPod], whose: Whose) -> Vec<Labels> {
        let Some(first) = pods.first() else { return Vec::new() };
        let keys = match whose {
            Whose::Source => Keys::of_source(self.ground.cluster, first.namespace(), self.targets.first()),
            Whose::Target => Keys::of_target(self.ground.cluster, first.namespace()),
        };
        sets(&keys, &first.labels().whole())
    }

    fn pod_labels<'s>(&'s self, pods: &'s [SharedPod], whose: Whose) -> impl Iterator<Item = Act> + 's {
        let own = pods.first().map(|it| it.labels().whole().into_owned()).unwrap_or_default();
        let sets = self.label_sets(pods, whose).into_iter();
        let labels = sets.map(move |it| change(&own, &it)).filter(|it| !it.is_empty());
        labels.map(move |labels| {
            let pods = pods.iter().map(|it| (it.clone(), dressed(it, &labels))).collect();
            Act::Relabel { pods, labels, is_target: whose == Whose::Target }
        })
    }

    /// The selector of a workload holds on to the labels that its pods have: more may be added.
    fn template_labels<'s>(
        &'s self,
        pods: &'s [SharedPod],
        workload: &'s WorkloadId,
        whose: Whose,
    ) -> impl Iterator<Item = Act> + 's {
        let own = pods.first().map(|it| it.labels().whole().into_owned()).unwrap_or_default();
        let sets = self.label_sets(pods, whose).into_iter().map(move |it| (change(&own, &it), own.clone()));
        let more = sets.filter(|(labels, own)| !labels.is_empty() && labels.keys().all(|it| own.get(it).is_none()));
        more.map(move |(labels, _)| {
            let pods = pods.iter().map(|it| (it.clone(), dressed(it, &labels))).collect();
            Act::Template { workload: workload.clone(), pods, labels }
        })
    }

    /// By a new pod in place of the source: in its namespace, run as its account.
    fn stood(&self, base: &[Act], spaces: &[Act], all: &mut Vec<Opening>) -> bool {
        let base: Vec<Act> = base.iter().chain(spaces).cloned().collect();
        self.first(&base, self.new_pods().into_iter(), all)
    }

    fn new_pods(&self) -> Vec<Act> {
        let Some(first) = self.sources.first() else { return Vec::new() };
        if self.sources.iter().any(|it| it.namespace() != first.namespace()) {
            return Vec::new();
        }
        let keys = Keys::of_source(self.ground.cluster, first.namespace(), self.targets.first());
        let account = first.mold.service_account.clone();
        let pod = |labels: Labels| {
            let blank = Pod::named(first.namespace().clone(), "sidestep");
            Act::Stand(Box::new(blank.remolded(|it| it.service_account = account.clone()).dressed(&labels)))
        };
        sets(&keys, &Labels::NONE).into_iter().map(pod).collect()
    }

    /// The namespaces of both ends, with what policies read of them.
    fn spaces(&self) -> Vec<(Name, Keys)> {
        let of = |pods: &[SharedPod]| pods.iter().map(|it| it.namespace().clone()).collect::<BTreeSet<Name>>();
        let (sources, targets) = (of(&self.sources), of(&self.targets));
        let source = sources.first().filter(|_| sources.len() == 1);
        let all: BTreeSet<&Name> = source.into_iter().chain(targets.first().filter(|_| targets.len() == 1)).collect();
        let keys = || Keys::of_spaces(self.ground.cluster, source, self.targets.first());
        all.into_iter().map(|it| (it.clone(), keys())).collect()
    }

    /// By labels of a namespace.
    fn space(&self, base: &[Act], namespace: &Name, keys: &Keys, all: &mut Vec<Opening>) -> bool {
        self.first(base, self.space_acts(namespace, keys).into_iter(), all)
    }

    fn space_acts(&self, namespace: &Name, keys: &Keys) -> Vec<Act> {
        let before = self.ground.cluster.namespaces.get("", namespace).cloned();
        let own = match &before {
            Some(it) => it.labels.clone(),
            None => Labels::new([(METADATA_NAME.into(), namespace.clone())]),
        };
        let meta = before.as_ref().map(|it| it.meta.clone());
        let meta = meta.unwrap_or_else(|| Meta { name: namespace.clone(), ..Meta::default() });
        let name = own.get(METADATA_NAME).cloned();
        let kept = sets(keys, &own).into_iter().filter(|it| it.get(METADATA_NAME).cloned() == name);
        let act = |labels: Labels| {
            let told = change(&own, &labels);
            let after = Arc::new(Namespace { meta: meta.clone(), labels, implied: false });
            (!told.is_empty()).then(|| Act::Space { before: before.clone(), after, labels: told })
        };
        kept.filter_map(act).collect()
    }

    /// By labels of the source's namespace, and of its pods or a new one beside.
    fn with_space(&self, base: &[Act], all: &mut Vec<Opening>) {
        let Some(first) = self.sources.first() else { return };
        let namespace = first.namespace().clone();
        let keys = Keys::of_spaces(self.ground.cluster, Some(&namespace), self.targets.first());
        let mut left = TRIES;
        let (mut is_relabelled, mut has_stood) = (false, false);
        for space in self.space_acts(&namespace, &keys) {
            if left == 0 || is_relabelled && has_stood {
                return;
            }
            let tried = |acts: Vec<Act>, all: &mut Vec<Opening>| {
                acts.into_iter().any(|act| {
                    let acts = base.iter().cloned().chain([space.clone(), act]).collect();
                    self.keep_sure(acts, all)
                })
            };
            let pods: Vec<Act> = self.pod_labels(&self.sources, Whose::Source).take(left).collect();
            let is_one = self.sources.len() <= PODS && self.spaces_of_sources() == 1;
            left -= pods.len().min(left);
            is_relabelled = is_relabelled || is_one && tried(pods, all);
            has_stood = has_stood || tried(self.new_pods().into_iter().take(TRIES).collect(), all);
        }
    }

    fn keep_sure(&self, acts: Vec<Act>, all: &mut Vec<Opening>) -> bool {
        let is_sure = self.tried(&acts.iter().collect::<Vec<_>>()) == Outcome::Allow;
        all.extend(is_sure.then_some(Opening { acts, outcome: Outcome::Allow }));
        is_sure
    }

    fn spaces_of_sources(&self) -> usize {
        self.sources.iter().map(|it| it.namespace()).collect::<BTreeSet<_>>().len()
    }
}

/// Whose labels are changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Source,
    Target,
}

/// The same flow, from this pod where it stands in place of the source.
pub fn of_new(hops: &[Hop], new: Option<&PodId>) -> Vec<Hop> {
    let Some(new) = new else { return hops.to_vec() };
    let all: BTreeSet<Hop> = hops.iter().map(|it| (End::Pod(new.clone()), it.1.clone(), it.2)).collect();
    all.into_iter().collect()
}

fn other(direction: Direction) -> Direction {
    match direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
    }
}

/// Whether the last of these writes does it alone already.
fn is_part(known: &[Act], acts: &[Act]) -> bool {
    let edge = |it: &Act| it.edge().id;
    known.len() < acts.len() && acts.iter().skip(1).map(edge).eq(known.iter().map(edge))
}

fn dressed(pod: &SharedPod, labels: &super::act::Change) -> Pod {
    (**pod).clone().dressed(&changed(&pod.labels().whole(), labels))
}

/// The gates that do not let the flow pass.
fn shut(pairs: &[&Pair]) -> BTreeMap<Name, Shut> {
    let mut all: BTreeMap<Name, Shut> = BTreeMap::new();
    for pair in pairs {
        let Some(family) = pair.verdict.deciding() else { continue };
        let port = pair.port.asked();
        let is_shut = |direction| {
            let gate = family.gate(direction);
            gate.why == Why::Policies && gate.outcome(port) != Outcome::Allow
        };
        // Each may let some port pass, and both the same one none.
        let is_both = !Direction::ALL.into_iter().any(is_shut);
        for (direction, member) in [(Direction::Egress, &pair.from), (Direction::Ingress, &pair.to)] {
            let is_closed = is_shut(direction) || is_both && family.gate(direction).why == Why::Policies;
            let Some(pod) = member.pod().filter(|_| is_closed) else { continue };
            let shut = all.entry(pod.namespace().clone()).or_default();
            shut.directions = shut.directions.with(direction);
            shut.pods.insert(pod.pod_id(), pod.clone());
        }
    }
    all
}
