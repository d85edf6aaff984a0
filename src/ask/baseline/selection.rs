//! Which pods a policy selects: by labels that a workload's pods have and no others do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::facts::{Pod, SharedPod};
use crate::model::name::Name;

/// Labels that controllers write and that another rollout changes.
const PASSING: &[&str] = &[
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "job-name",
    "batch.kubernetes.io/job-name",
];

/// Pods of a namespace that have all of these labels, and none under those keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct LabelSelection {
    pub namespace: Name,
    pub labels: BTreeMap<Name, Name>,
    pub lacks: BTreeSet<Name>,
}

impl LabelSelection {
    pub fn holds(&self, pod: &Pod) -> bool {
        let labels = pod.labels();
        let has = |(key, value): (&Name, &Name)| labels.get(key).is_some_and(|it| *it == *value);
        *pod.namespace() == self.namespace
            && self.labels.iter().all(has)
            && self.lacks.iter().all(|it| labels.get(it).is_none())
    }

    /// A selector of the API.
    pub fn json(&self) -> Value {
        let labels: BTreeMap<&str, &str> =
            self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let lacks: Vec<Value> =
            self.lacks.iter().map(|it| json!({"key": it.as_str(), "operator": "DoesNotExist"})).collect();
        let mut selector = serde_json::Map::new();
        if !labels.is_empty() {
            selector.insert("matchLabels".to_owned(), json!(labels));
        }
        if !lacks.is_empty() {
            selector.insert("matchExpressions".to_owned(), lacks.into());
        }
        selector.into()
    }

    /// `app=web,!track`; nothing for all pods.
    pub fn words(&self) -> String {
        let labels = self.labels.iter().map(|(key, value)| format!("{key}={value}"));
        labels.chain(self.lacks.iter().map(|it| format!("!{it}"))).collect::<Vec<_>>().join(",")
    }
}

/// What tells a workload's pods from all others of its namespace, and those that it cannot be told from.
///
/// First by what the workload selects them by itself, then by all labels that they share, then by the labels that
/// others have besides.
pub(super) fn selection(
    namespace: &Name,
    own: &[SharedPod],
    template: &BTreeMap<String, String>,
    selector: &BTreeMap<String, String>,
    others: &[SharedPod],
) -> (LabelSelection, Vec<SharedPod>) {
    let shared = shared_labels(own, template);
    let selector: BTreeMap<Name, Name> =
        selector.iter().map(|(key, value)| (Name::from(key.as_str()), Name::from(value.as_str()))).collect();
    let of =
        |labels: BTreeMap<Name, Name>| LabelSelection { namespace: namespace.clone(), labels, lacks: BTreeSet::new() };
    let is_own = !selector.is_empty() && selector.iter().all(|(key, value)| shared.get(key) == Some(value));
    if is_own {
        let first = of(selector);
        if !others.iter().any(|it| first.holds(it)) {
            return (first, Vec::new());
        }
    }
    let mut all = of(shared);
    let mut alike = Vec::new();
    for other in others {
        if all.holds(other) {
            match further_label(&all, other) {
                Some(key) => drop(all.lacks.insert(key)),
                None => alike.push(other.clone()),
            }
        }
    }
    (all, alike)
}

/// The labels that all of a workload's pods have, now and from its template on.
fn shared_labels(own: &[SharedPod], template: &BTreeMap<String, String>) -> BTreeMap<Name, Name> {
    let lasting = |key: &str| !PASSING.contains(&key);
    let of_pod = |pod: &SharedPod| -> BTreeMap<Name, Name> {
        let labels = pod.labels().whole().into_owned();
        labels.iter().filter(|(key, _)| lasting(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let of_template = || -> BTreeMap<Name, Name> {
        let all = template.iter().filter(|(key, _)| lasting(key));
        all.map(|(key, value)| (Name::from(key.as_str()), Name::from(value.as_str()))).collect()
    };
    let mut sets = own.iter().map(of_pod);
    let Some(mut shared) = sets.next() else { return of_template() };
    for set in sets.chain((!template.is_empty()).then(of_template)) {
        shared.retain(|key, value| set.get(key) == Some(value));
    }
    shared
}

/// A lasting label that another has beside these.
fn further_label(selection: &LabelSelection, other: &SharedPod) -> Option<Name> {
    let labels = other.labels().whole().into_owned();
    let mut further = labels.iter().map(|it| it.0).filter(|it| !selection.labels.contains_key(*it));
    further.find(|it| !PASSING.contains(&it.as_str())).cloned()
}
