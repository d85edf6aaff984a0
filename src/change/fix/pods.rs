//! The labels that say a set of pods: as few as will do, and none that a rollout changes.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::isolate::LABEL;
use crate::model::cluster::Cluster;
use crate::model::facts::{PodNetwork, SharedPod};
use crate::model::id::PodId;
use crate::model::labels::{Labels, Operator, Requirement, Selector};
use crate::model::name::Name;
use crate::model::owner::TEMPLATE_HASH;

/// Labels that come and go with a revision or a run: a rule that names them is soon about nobody.
const PASSING: [&str; 6] = [
    TEMPLATE_HASH,
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "controller-revision-hash",
    "controller-uid",
    "pod-template-generation",
];

/// Labels that tell one pod of a StatefulSet from another.
const OWN: [&str; 2] = ["statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"];

/// Labels that people know their pods by, the best known first.
const KNOWN: [&str; 8] =
    [LABEL, "app", "k8s-app", "app.kubernetes.io/name", "app.kubernetes.io/component", "component", "name", "role"];

/// How many labels are put together before all of them are taken.
const FEW: usize = 3;

/// Labels, each a key and its value.
pub type LabelPairs = Vec<(Name, Name)>;

/// Pods of one namespace, said by labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ChosenPods {
    pub namespace: Name,
    /// Empty: every pod of the namespace.
    pub labels: LabelPairs,
    /// Those that have the same labels and were not meant.
    pub others: BTreeSet<PodId>,
}

/// The pods that selectors can hold in a namespace.
pub fn pods_of<'a>(cluster: &'a Cluster, namespace: &str) -> impl Iterator<Item = &'a SharedPod> {
    cluster.pods.of(namespace).iter().filter(|it| it.is_governed())
}

/// These pods of one namespace, as one selector where that says just them, else one for each set of labels.
pub fn choose(cluster: &Cluster, namespace: &Name, meant: &BTreeSet<PodId>) -> Vec<ChosenPods> {
    let all: Vec<&SharedPod> = pods_of(cluster, namespace).collect();
    let together = one(namespace, &all, meant);
    if together.others.is_empty() {
        return vec![together];
    }
    let mut sorts: Vec<(LabelPairs, BTreeSet<PodId>)> = Vec::new();
    for pod in all.iter().filter(|it| meant.contains(&it.pod_id())) {
        let labels = lasting(&pod.labels().whole(), &[]);
        match sorts.iter_mut().find(|it| it.0 == labels) {
            Some(sort) => drop(sort.1.insert(pod.pod_id())),
            None => sorts.push((labels, BTreeSet::from([pod.pod_id()]))),
        }
    }
    let mut apart: Vec<ChosenPods> = sorts.iter().map(|(_, pods)| one(namespace, &all, pods)).collect();
    apart.iter_mut().for_each(|it| it.others.retain(|pod| !meant.contains(pod)));
    apart.sort();
    apart.dedup_by(|a, b| a.labels == b.labels);
    apart
}

/// These pods of one namespace as one selector, whomever else it may hold.
pub fn one(namespace: &Name, all: &[&SharedPod], meant: &BTreeSet<PodId>) -> ChosenPods {
    let is_meant = |it: &&&SharedPod| meant.contains(&it.pod_id());
    let lasting = common(all.iter().filter(is_meant).map(|it| self::lasting(&it.labels().whole(), &[])));
    let own = common(all.iter().filter(is_meant).map(|it| self::lasting(&it.labels().whole(), &OWN)));
    let held = |labels: &[(Name, Name)]| held_by(all, labels);
    let few = |of: &[(Name, Name)], wanted: &BTreeSet<PodId>| subsets(of).into_iter().find(|it| held(it) == *wanted);
    let labels = few(&lasting, meant).or_else(|| few(&own, meant)).or_else(|| few(&lasting, &held(&lasting)));
    let labels = labels.unwrap_or(lasting);
    let others = held(&labels).difference(meant).cloned().collect();
    ChosenPods { namespace: namespace.clone(), labels, others }
}

/// The labels of a pod that last, the best known first; and these.
fn lasting(labels: &Labels, besides: &[&str]) -> LabelPairs {
    let rank = |key: &str| KNOWN.iter().position(|it| *it == key).unwrap_or(KNOWN.len());
    let is_lasting = |key: &str| !PASSING.contains(&key) && (!OWN.contains(&key) || besides.contains(&key));
    let mut pairs: LabelPairs =
        labels.iter().filter(|(key, _)| is_lasting(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    pairs.sort_by(|a, b| (rank(&a.0), &a.0).cmp(&(rank(&b.0), &b.0)));
    pairs
}

/// What all of them have.
fn common(all: impl Iterator<Item = LabelPairs>) -> LabelPairs {
    let shared = all.reduce(|shared, it| shared.into_iter().filter(|pair| it.contains(pair)).collect());
    shared.unwrap_or_default()
}

/// The pods that have all of these labels.
fn held_by(all: &[&SharedPod], labels: &[(Name, Name)]) -> BTreeSet<PodId> {
    let has = |pod: &SharedPod| labels.iter().all(|(key, value)| pod.labels().get(key).as_deref() == Some(value));
    all.iter().filter(|it| has(it)).map(|it| it.pod_id()).collect()
}

/// Sets of these labels: of one, of two, of three, then all.
fn subsets(of: &[(Name, Name)]) -> Vec<LabelPairs> {
    let mut sets: Vec<Vec<usize>> = (0..of.len()).map(|it| vec![it]).collect();
    let mut last = sets.clone();
    for _ in 1..FEW {
        let longer = |set: &Vec<usize>| {
            let from = set.last().map_or(0, |it| it + 1);
            (from..of.len()).map(|it| [set.clone(), vec![it]].concat()).collect::<Vec<_>>()
        };
        last = last.iter().flat_map(longer).collect();
        sets.extend(last.iter().cloned());
    }
    let picked = sets.into_iter().map(|set| set.into_iter().map(|it| of[it].clone()).collect());
    picked.chain([of.to_vec()]).collect()
}

impl ChosenPods {
    /// The same as the engines read it.
    pub fn selector(&self) -> Selector {
        let is = |(key, value): &(Name, Name)| Requirement {
            key: key.clone(),
            operator: Operator::In([value.clone()].into()),
        };
        Selector::new(self.labels.iter().map(is))
    }
}

/// The ranges that pods get their addresses from, where nodes tell, of those that hold every pod's address that is known.
///
/// `None`: they are not known, or some pod is elsewhere.
pub fn pod_blocks(cluster: &Cluster, told: &[IpNet]) -> Option<Vec<IpNet>> {
    let mut blocks: Vec<IpNet> = cluster.nodes.iter().flat_map(|it| it.pod_cidrs.iter().copied()).collect();
    blocks.extend(told);
    let blocks = IpNet::aggregate(&blocks);
    let pods = cluster.pods.iter().filter(|it| it.network() == PodNetwork::Own);
    let mut addresses = pods.flat_map(|it| it.addresses().iter().collect::<Vec<_>>());
    (!blocks.is_empty() && addresses.all(|it| blocks.iter().any(|block| block.contains(&it)))).then_some(blocks)
}
