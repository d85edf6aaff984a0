//! By labels: of pods, of templates, of namespaces at both ends, and of a new pod in place of the source.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::super::act::{Act, LabelChange, change, changed, kind_of};
use super::alike::{Readers, Selectors};
use super::{Opening, OpeningSearch};
use crate::escalate::connect::label_sets::{LabelSetKeys, TRIES, some_sets};
use crate::model::cluster::METADATA_NAME;
use crate::model::evidence::Outcome;
use crate::model::facts::{Meta, Namespace, Pod, SharedPod};
use crate::model::id::WorkloadId;
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::ownership::workload_of;

/// So many pods are relabelled together; whether labels of more would do is not known.
const PODS: usize = 32;

/// Whose labels are changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LabelsOf {
    Source,
    Target,
}

/// The writes of labels that are tried, each list from what is nearest to what there is.
pub struct LabelWrites {
    source: OfPods,
    target: OfPods,
    /// New pods in place of the source.
    new: Vec<Rc<Act>>,
    /// Of the namespaces of both ends.
    spaces: BTreeMap<Name, Vec<Rc<Act>>>,
}

/// The same for the pods of one end.
#[derive(Default)]
struct OfPods {
    pods: Vec<Rc<Act>>,
    templates: Vec<Rc<Act>>,
    /// How many of each are tried.
    tries: usize,
}

impl OpeningSearch<'_, '_> {
    /// By labels, with this written before.
    pub(super) fn by_labels(&self, base: &[Rc<Act>], all: &mut Vec<Opening>) {
        let lists = self.lists.get_or_init(|| self.lists());
        let (source, target) = (&lists.source, &lists.target);
        let of_pods = [
            (&source.pods, source.tries),
            (&source.templates, source.tries),
            (&lists.new, TRIES),
            (&target.pods, target.tries),
            (&target.templates, target.tries),
        ];
        let mut is_found = false;
        for (acts, tries) in of_pods {
            is_found |= self.first(base, acts, tries, all);
        }
        for acts in lists.spaces.values() {
            self.first(base, acts, TRIES, all);
        }
        // Both are needed where a peer names labels of pods and of their namespace.
        if !is_found {
            self.with_space(base, lists, all);
        }
    }

    /// Keeps the first of these that surely does, else the first that may; whether one surely does.
    ///
    /// Where there are more than so many, whether one of the rest would do is not known.
    fn first(&self, base: &[Rc<Act>], acts: &[Rc<Act>], tries: usize, all: &mut Vec<Opening>) -> bool {
        let opening = |act: &Rc<Act>, outcome| Opening { acts: [base, std::slice::from_ref(act)].concat(), outcome };
        let mut unsure: Option<&Rc<Act>> = None;
        for act in acts.iter().take(tries) {
            match self.tried(base.iter().chain([act])) {
                Outcome::Allow => {
                    all.push(opening(act, Outcome::Allow));
                    return true;
                }
                Outcome::Unknown if unsure.is_none() => unsure = Some(act),
                _ => {}
            }
        }
        all.extend(unsure.or_else(|| acts.get(tries)).map(|it| opening(it, Outcome::Unknown)));
        false
    }

    /// By labels of the source's namespace, and of its pods or a new one beside.
    fn with_space(&self, base: &[Rc<Act>], lists: &LabelWrites, all: &mut Vec<Opening>) {
        let Some(spaces) = only_space(&self.sources).and_then(|it| lists.spaces.get(it)) else { return };
        let is_few = self.sources.len() <= PODS;
        let upto = |acts: &[Rc<Act>], most: usize| acts[..most.min(acts.len())].to_vec();
        let (pods, new) = (upto(&lists.source.pods, TRIES), upto(&lists.new, TRIES));
        let mut left = TRIES;
        let (mut is_relabelled, mut has_stood) = (false, false);
        for space in spaces {
            if left == 0 || is_relabelled && has_stood {
                return;
            }
            let mut tried = |acts: &[Rc<Act>]| {
                let with = |act: &Rc<Act>| [base, &[space.clone(), act.clone()]].concat();
                acts.iter().any(|act| self.keep_sure(with(act), all))
            };
            let these = upto(&pods, left);
            left -= these.len();
            is_relabelled = is_relabelled || is_few && tried(&these);
            has_stood = has_stood || tried(&new);
        }
    }

    fn keep_sure(&self, acts: Vec<Rc<Act>>, all: &mut Vec<Opening>) -> bool {
        let is_sure = self.tried(acts.iter()) == Outcome::Allow;
        all.extend(is_sure.then_some(Opening { acts, outcome: Outcome::Allow }));
        is_sure
    }

    fn lists(&self) -> LabelWrites {
        let namespaces: BTreeSet<&Name> = self.sources.iter().chain(&self.targets).map(|it| it.namespace()).collect();
        let readers = Readers::of(self.ground.cluster, namespaces);
        let spaces = only_space(&self.sources).into_iter().chain(only_space(&self.targets));
        LabelWrites {
            source: self.of_pods(&self.sources, LabelsOf::Source, &readers.pods),
            target: self.of_pods(&self.targets, LabelsOf::Target, &readers.pods),
            new: self.new_pods(&readers.pods),
            spaces: spaces.map(|it| (it.clone(), self.space_acts(it, &readers.spaces))).collect(),
        }
    }

    /// By other labels on pods, by themselves or by their workload's template.
    fn of_pods(&self, pods: &[SharedPod], whose: LabelsOf, readers: &Selectors<'_>) -> OfPods {
        let Some(first) = pods.first() else { return OfPods::default() };
        let tries = if pods.len() > PODS { 0 } else { TRIES };
        let own = first.labels().whole().into_owned();
        let keys = match whose {
            LabelsOf::Source => LabelSetKeys::of_source(self.ground.cluster, first.namespace(), self.targets.first()),
            LabelsOf::Target => LabelSetKeys::of_target(self.ground.cluster, first.namespace()),
        };
        let (changes, is_all) = changes(&keys, &own);
        // The selector of a workload holds on to the labels that its pods have: more may be added.
        let is_more = |it: &&LabelChange| it.keys().all(|it| own.get(it).is_none());
        let more = changes.iter().filter(is_more).cloned().collect();
        let tried = |changes: Vec<LabelChange>| {
            let owns = pods.iter().map(|it| it.labels().whole().into_owned());
            let told = told_apart(readers, owns, (changes, is_all));
            told.into_iter().filter(|it| !it.is_empty()).take(tries + 1)
        };
        let workload = workload_of(self.ground.cluster, first).filter(|it| kind_of(it).is_some());
        let is_its = |it: &SharedPod| workload_of(self.ground.cluster, it) == workload;
        let workload = workload.as_ref().filter(|_| pods.iter().all(is_its));
        let template = |it: &WorkloadId| tried(more).map(|more| Rc::new(template(pods, it, more))).collect();
        OfPods {
            templates: workload.map(template).unwrap_or_default(),
            pods: match only_space(pods) {
                Some(_) => tried(changes).map(|it| Rc::new(relabel(pods, it, whose))).collect(),
                None => Vec::new(),
            },
            tries,
        }
    }

    /// New pods in place of the source: in its namespace, run as its account.
    fn new_pods(&self, readers: &Selectors<'_>) -> Vec<Rc<Act>> {
        let (Some(first), Some(_)) = (self.sources.first(), only_space(&self.sources)) else { return Vec::new() };
        let keys = LabelSetKeys::of_source(self.ground.cluster, first.namespace(), self.targets.first());
        let account = first.service_account().clone();
        let pod = |labels: LabelChange| {
            let blank = Pod::named(first.namespace().clone(), "sidestep");
            let blank = blank.changed(|it| it.service_account = account.clone());
            Rc::new(Act::Stand(Box::new(blank.with_labels(&changed(&Labels::NONE, &labels)))))
        };
        let told = told_apart(readers, [Labels::NONE].into_iter(), changes(&keys, &Labels::NONE));
        told.into_iter().map(pod).collect()
    }

    /// Other labels of a namespace, as policies tell them apart.
    fn space_acts(&self, namespace: &Name, readers: &Selectors<'_>) -> Vec<Rc<Act>> {
        let keys = LabelSetKeys::of_spaces(self.ground.cluster, only_space(&self.sources), self.targets.first());
        let before = self.ground.cluster.namespaces.get("", namespace).cloned();
        let own = match &before {
            Some(it) => it.labels.clone(),
            None => Labels::new([(METADATA_NAME.into(), namespace.clone())]),
        };
        let meta = before.as_ref().map(|it| it.meta.clone());
        let meta = meta.unwrap_or_else(|| Meta { name: namespace.clone(), ..Meta::default() });
        let (mut changes, is_all) = changes(&keys, &own);
        changes.retain(|it| !it.contains_key(METADATA_NAME));
        let told = told_apart(readers, [own.clone()].into_iter(), (changes, is_all));
        let act = |labels: LabelChange| {
            let after = Namespace { meta: meta.clone(), labels: changed(&own, &labels), implied: false };
            Rc::new(Act::Space { before: before.clone(), after: Arc::new(after), labels })
        };
        told.into_iter().filter(|it| !it.is_empty()).map(act).collect()
    }
}

/// What comes to sets of labels that policies can tell apart, and whether these are all.
fn changes(keys: &LabelSetKeys, own: &Labels) -> (Vec<LabelChange>, bool) {
    let (sets, is_all) = some_sets(keys, own);
    (sets.iter().map(|it| change(own, it)).collect(), is_all)
}

/// Of these those that the selectors tell apart; where they are not all, whether one of the rest would do is not known.
fn told_apart(
    readers: &Selectors<'_>,
    owns: impl Iterator<Item = Labels>,
    (changes, is_all): (Vec<LabelChange>, bool),
) -> Vec<LabelChange> {
    if is_all { readers.told_apart(owns, changes) } else { changes }
}

fn relabel(pods: &[SharedPod], labels: LabelChange, whose: LabelsOf) -> Act {
    Act::Relabel { pods: dressed(pods, &labels), labels, is_target: whose == LabelsOf::Target }
}

fn template(pods: &[SharedPod], workload: &WorkloadId, labels: LabelChange) -> Act {
    Act::Template { workload: workload.clone(), pods: dressed(pods, &labels), labels }
}

/// The pods as they are, and with other labels.
fn dressed(pods: &[SharedPod], labels: &LabelChange) -> Vec<(SharedPod, Pod)> {
    let dressed = |pod: &SharedPod| (**pod).clone().with_labels(&changed(&pod.labels().whole(), labels));
    pods.iter().map(|it| (it.clone(), dressed(it))).collect()
}

/// The namespace that all of these are in.
fn only_space(pods: &[SharedPod]) -> Option<&Name> {
    let first = pods.first()?.namespace();
    pods.iter().all(|it| it.namespace() == first).then_some(first)
}
