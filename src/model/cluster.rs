//! A cluster as a value: the facts we were told, what we were not told, and how one step of the world changes them.
//!
//! ```text
//! Delta (a watch event, a list, a document) ──apply──► Cluster + the Changes that an answer may rest on
//! ```
//!
//! `live`, `staged`, `baseline` and `past` are four of these. A clone costs a pointer a namespace and kind.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::coverage::{Coverage, CoverageMap, Scope};
use super::facts::{Facts, SnapshotMeta};
use super::id::{Kind, ObjectId};
use super::labels::Labels;
use super::name::Name;
use super::namespace::NamespaceLabels;
use super::place::Problem;

pub use super::facts::{AnyFact, BeforeAfter, FactChange};

/// One object as read: its fact, and what of it could not be read or would be refused.
#[derive(Clone, PartialEq, Debug)]
pub struct ReadObject {
    pub fact: AnyFact,
    /// Its resourceVersion as a number, where newer is larger (KEP-5504); 0: newer than whatever is held.
    pub version: u64,
    pub problems: Vec<Problem>,
    /// For a cluster that keeps it; whoever follows one does not read it.
    pub kept: Option<Box<SnapshotMeta>>,
}

impl ReadObject {
    /// A fact with nothing wrong in it and nothing to keep beside it, newer than whatever is held.
    pub fn new(fact: impl Into<AnyFact>) -> Self {
        Self { fact: fact.into(), version: 0, problems: Vec::new(), kept: None }
    }
}

/// One step of the outside world: what goes into a cluster. What comes out is a [`FactChange`] for each fact that it
/// moved, and of each its two sides ([`BeforeAfter`]).
#[derive(Clone, PartialEq, Debug)]
pub enum Delta {
    /// An object was created or changed. Older than what we hold (by uid and version): ignored (E2).
    Put(ReadObject),
    /// An object was deleted.
    Gone(ObjectId),
    /// All objects of a kind in a scope; they replace what was held there, at once, whatever its versions.
    Listed { kind: Kind, scope: Scope, entries: Vec<ReadObject> },
    /// An object exists and could not be read: answers that it could bend become unknown (E5).
    ///
    /// It has no version: an older event that comes late is believed until this one is told again, as a watch does that
    /// begins anew at an older version.
    Unreadable { id: ObjectId, problems: Vec<Problem> },
    /// How much of a kind we hold has changed.
    Covered { kind: Kind, scope: Scope, coverage: Coverage },
    /// Something was wrong that belongs to no object (a document that is no Kubernetes object).
    Noted(Problem),
}

impl Delta {
    /// The one object that it is about.
    pub fn object(&self) -> Option<ObjectId> {
        match self {
            Delta::Put(entry) => Some(entry.fact.id()),
            Delta::Gone(id) | Delta::Unreadable { id, .. } => Some(id.clone()),
            Delta::Listed { .. } | Delta::Covered { .. } | Delta::Noted(_) => None,
        }
    }
}

/// Everything we know of one cluster.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cluster {
    pub facts: Facts,
    pub coverage: CoverageMap,
    /// Objects that exist and could not be read.
    pub unreadable: Arc<BTreeSet<ObjectId>>,
    /// What could not be read or would be refused, object by object.
    pub problems: Arc<BTreeMap<ObjectId, Vec<Problem>>>,
    /// Problems that belong to no object.
    pub notes: Arc<Vec<Problem>>,
    /// What nothing but a snapshot shows; `None`: it is not kept.
    pub kept: Option<Arc<BTreeMap<ObjectId, SnapshotMeta>>>,
}

/// A cluster reads as its facts: `cluster.pods`, `cluster.policies`, …
impl Deref for Cluster {
    type Target = Facts;
    #[inline]
    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl DerefMut for Cluster {
    #[inline]
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.facts
    }
}

impl Cluster {
    /// A cluster of which nothing is known yet, in this state of coverage for every kind.
    pub fn new(otherwise: Coverage) -> Self {
        Self { coverage: CoverageMap::all(otherwise), ..Self::default() }
    }

    /// The same, and from now on it keeps what a snapshot shows of each object.
    pub fn keeping_all(self) -> Self {
        Self { kept: Some(Arc::default()), ..self }
    }

    /// Takes one step of the world in; empty when nothing changed that an answer rests on.
    pub fn apply(&mut self, delta: Delta) -> Vec<FactChange> {
        let mut changes = Vec::new();
        match delta {
            Delta::Put(entry) => self.put(entry, &mut changes),
            Delta::Gone(id) => self.remove(&id, &mut changes),
            Delta::Listed { kind, scope, entries } => self.replace(kind, &scope, entries, &mut changes),
            Delta::Unreadable { id, problems } => self.lose(id, problems, &mut changes),
            Delta::Covered { kind, scope, coverage } => {
                if self.coverage.set(kind, &scope, coverage) {
                    changes.push(FactChange::Coverage(kind));
                }
            }
            Delta::Noted(problem) => Arc::make_mut(&mut self.notes).push(problem),
        }
        changes
    }

    fn put(&mut self, entry: ReadObject, changes: &mut Vec<FactChange>) {
        let has_notes = !entry.problems.is_empty() || !self.problems.is_empty() || !self.unreadable.is_empty();
        // What stands beside a fact is as old as it; where nothing stands there, the fact alone is looked up.
        if (has_notes || self.kept.is_some()) && self.facts.is_older(&entry.fact, entry.version) {
            return;
        }
        if let (Some(all), Some(kept)) = (&mut self.kept, entry.kept) {
            Arc::make_mut(all).insert(entry.fact.id(), *kept);
        }
        let problems = has_notes.then(|| (entry.fact.id(), entry.problems));
        changes.extend(self.facts.put(entry.fact, entry.version));
        if let Some((id, problems)) = problems {
            self.set_readable(&id, changes);
            self.set_problems(id, problems);
        }
    }

    fn remove(&mut self, id: &ObjectId, changes: &mut Vec<FactChange>) {
        changes.extend(self.facts.take(id));
        self.forget_kept(id);
        self.set_readable(id, changes);
        self.set_problems(id.clone(), Vec::new());
    }

    fn lose(&mut self, id: ObjectId, problems: Vec<Problem>, changes: &mut Vec<FactChange>) {
        changes.extend(self.facts.take(&id));
        self.forget_kept(&id);
        if Arc::make_mut(&mut self.unreadable).insert(id.clone()) {
            changes.push(FactChange::Readable(id.clone()));
        }
        self.set_problems(id, problems);
    }

    fn replace(&mut self, kind: Kind, scope: &Scope, entries: Vec<ReadObject>, changes: &mut Vec<FactChange>) {
        let listed: BTreeSet<ObjectId> = entries.iter().map(|it| it.fact.id()).collect();
        for id in self.ids(kind, scope) {
            if !listed.contains(&id) {
                self.remove(&id, changes);
            }
        }
        for entry in entries {
            // A list is the server's word, older or not (a restored etcd rewinds versions, G5).
            self.facts.forget_version(&entry.fact.id());
            self.put(entry, changes);
        }
    }

    /// What is held of a kind in a scope, unreadable objects included.
    pub fn ids(&self, kind: Kind, scope: &Scope) -> Vec<ObjectId> {
        let mut ids = self.facts.ids(kind, scope);
        ids.extend(self.unreadable.iter().filter(|it| it.kind == kind && scope.holds(&it.namespace)).cloned());
        ids
    }

    fn forget_kept(&mut self, id: &ObjectId) {
        if let Some(kept) = &mut self.kept {
            Arc::make_mut(kept).remove(id);
        }
    }

    fn set_readable(&mut self, id: &ObjectId, changes: &mut Vec<FactChange>) {
        if self.unreadable.contains(id) {
            Arc::make_mut(&mut self.unreadable).remove(id);
            changes.push(FactChange::Readable(id.clone()));
        }
    }

    fn set_problems(&mut self, id: ObjectId, problems: Vec<Problem>) {
        if problems.is_empty() {
            if self.problems.contains_key(&id) {
                Arc::make_mut(&mut self.problems).remove(&id);
            }
        } else if self.problems.get(&id) != Some(&problems) {
            Arc::make_mut(&mut self.problems).insert(id, problems);
        }
    }

    /// The labels of a namespace as far as they are known and still believed: a kind that turned forbidden is not
    /// (reliability.md 4.3).
    ///
    /// A namespace that is not held exists with exactly `kubernetes.io/metadata.name` when namespaces are fully
    /// known (files, S19); otherwise nothing but that label is known of it. Known labels hold it always.
    pub fn namespace_labels(&self, name: &Name) -> NamespaceLabels {
        let coverage = self.coverage.of(Kind::NAMESPACE, name);
        let is_unreadable = || self.unreadable.contains(&ObjectId::new(Kind::NAMESPACE, "", name.clone()));
        match self.namespaces.get("", name) {
            _ if matches!(coverage, Coverage::Forbidden { .. }) || is_unreadable() => NamespaceLabels::NameOnly,
            Some(found) => NamespaceLabels::Known(named(&found.labels, name)),
            None if coverage.is_complete() => NamespaceLabels::Known(named(&Labels::NONE, name)),
            None => NamespaceLabels::NameOnly,
        }
    }

    /// Every problem, objects' first.
    pub fn all_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.values().flatten().chain(self.notes.iter())
    }

    /// Every namespace that is defined or mentioned by a pod, a policy or a service, in order.
    pub fn namespace_names(&self) -> BTreeSet<Name> {
        let mut names: BTreeSet<Name> = self.namespaces.iter().map(|it| it.meta.name.clone()).collect();
        names.extend(self.pods.namespaces().cloned());
        names.extend(self.services.namespaces().cloned());
        names.extend(self.policies.namespaces().filter(|it| !it.is_empty()).cloned());
        names
    }

    /// Whether a namespace is one of them.
    pub fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.get("", name).is_some()
            || !self.pods.of(name).is_empty()
            || !self.services.of(name).is_empty()
            || !name.is_empty() && !self.policies.of(name).is_empty()
    }
}

/// Labels with the one that the API server always sets.
fn named(labels: &Labels, namespace: &Name) -> Labels {
    if labels.get(METADATA_NAME) == Some(namespace) {
        return labels.clone();
    }
    let pairs = labels.iter().map(|(key, value)| (key.clone(), value.clone()));
    Labels::new(pairs.chain([(Name::from(METADATA_NAME), namespace.clone())]))
}

/// The label that the API server sets on every namespace (S19).
pub const METADATA_NAME: &str = "kubernetes.io/metadata.name";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::{Namespace, Phase, PodBuilder, Uid};
    use crate::model::place::Place;

    fn pod(name: &str, uid: &str, version: u64, phase: Phase) -> ReadObject {
        let uid = Uid::parse(uid).into();
        let pod = PodBuilder { phase, uid, ..PodBuilder::new("shop", name) }.build();
        ReadObject { version, ..ReadObject::new(pod) }
    }

    fn phase(cluster: &Cluster) -> Phase {
        cluster.pods.get("shop", "web").map(|it| it.phase()).expect("the pod is held")
    }

    /// E1, E2, E3 of reliability.md §2.
    #[test]
    fn older_and_repeated_events_change_nothing() {
        let mut cluster = Cluster::default();
        assert_eq!(cluster.apply(Delta::Put(pod("web", "u1", 5, Phase::Running))).len(), 1);
        assert!(cluster.apply(Delta::Put(pod("web", "u1", 5, Phase::Running))).is_empty());
        assert!(cluster.apply(Delta::Put(pod("web", "u1", 4, Phase::Pending))).is_empty());
        assert_eq!(phase(&cluster), Phase::Running);
        assert!(cluster.apply(Delta::Put(pod("web", "u1", 6, Phase::Running))).is_empty(), "only the version moved");
        assert_eq!(
            cluster.apply(Delta::Put(pod("web", "u2", 3, Phase::Pending))).len(),
            1,
            "another uid is another pod"
        );
    }

    /// E2: what was wrong with an older state of an object is not wrong with the newer one that is held.
    #[test]
    fn older_events_leave_problems_and_what_is_kept_as_they_are() {
        let told = |version: u32, problems: Vec<Problem>| {
            let kept = Some(Box::new(SnapshotMeta { uid: Uid::parse("u1"), created: version }));
            Delta::Put(ReadObject { problems, kept, ..pod("web", "u1", version.into(), Phase::Running) })
        };
        let wrong = |what: &str| vec![Problem { object: None, place: Place::default(), what: what.into() }];
        let mut cluster = Cluster::default().keeping_all();
        cluster.apply(told(5, wrong("new")));
        let before = cluster.clone();
        assert!(cluster.apply(told(4, wrong("old"))).is_empty());
        assert!(cluster.apply(told(3, Vec::new())).is_empty());
        assert_eq!(cluster, before);
        cluster.apply(told(6, Vec::new()));
        assert!(cluster.problems.is_empty());
    }

    /// Whoever holds a fact goes on sharing it, and the version that decides what is newer moves on all the same.
    #[test]
    fn what_is_told_again_stays_where_it_is() {
        let mut cluster = Cluster::default();
        cluster.apply(Delta::Put(pod("web", "u1", 5, Phase::Running)));
        let held = cluster.pods.get("shop", "web").cloned().expect("the pod is held");
        assert!(cluster.apply(Delta::Put(pod("web", "u1", 8, Phase::Running))).is_empty());
        let entries = vec![pod("web", "u1", 7, Phase::Running)];
        assert!(cluster.apply(Delta::Listed { kind: Kind::POD, scope: Scope::Everywhere, entries }).is_empty());
        assert!(cluster.pods.get("shop", "web").is_some_and(|it| Arc::ptr_eq(it, &held)));
        let id = ObjectId::new(Kind::POD, "shop", "web");
        assert_eq!(cluster.version(&id), Some(7), "a list is the server's word");
        assert!(cluster.apply(Delta::Put(pod("web", "u1", 6, Phase::Pending))).is_empty());
        assert_eq!(cluster.apply(Delta::Put(pod("web", "u1", 9, Phase::Pending))).len(), 1);
    }

    /// E4, G5: a list replaces what was held, even by older versions.
    #[test]
    fn a_list_is_swapped_in_whole() {
        let mut cluster = Cluster::default();
        cluster.apply(Delta::Put(pod("web", "u1", 9, Phase::Running)));
        cluster.apply(Delta::Put(pod("db", "u3", 9, Phase::Running)));
        let entries = vec![pod("web", "u1", 2, Phase::Pending)];
        let changes = cluster.apply(Delta::Listed { kind: Kind::POD, scope: Scope::Everywhere, entries });
        assert_eq!(changes.len(), 2);
        assert_eq!((cluster.pods.len(), phase(&cluster)), (1, Phase::Pending));
    }

    /// Reliability 4.3: what was known of a namespace before a 403 is no longer believed, nor one that cannot be read.
    #[test]
    fn labels_of_a_namespace_are_known_while_they_may_be_read() {
        let mut cluster = Cluster::default();
        let name = Name::from("shop");
        let meta = crate::model::facts::Meta { name: name.clone(), ..Default::default() };
        let known = |labels: &[(&str, &str)]| {
            let pairs = labels.iter().map(|(key, value)| (Name::from(*key), Name::from(*value)));
            NamespaceLabels::Known(Labels::new(pairs))
        };
        let shop = Namespace { meta, labels: Labels::new([("team".into(), "a".into())]), implied: false };
        assert_eq!(cluster.namespace_labels(&name), known(&[(METADATA_NAME, "shop")]));
        cluster.apply(Delta::Put(ReadObject::new(shop)));
        assert_eq!(cluster.namespace_labels(&name), known(&[("team", "a"), (METADATA_NAME, "shop")]));
        let covered = |coverage| Delta::Covered { kind: Kind::NAMESPACE, scope: Scope::Everywhere, coverage };
        cluster.apply(covered(Coverage::Forbidden { why: "403".into() }));
        assert_eq!(cluster.namespace_labels(&name), NamespaceLabels::NameOnly);
        cluster.apply(covered(Coverage::Live));
        cluster.apply(Delta::Unreadable { id: ObjectId::new(Kind::NAMESPACE, "", "shop"), problems: Vec::new() });
        assert_eq!(cluster.namespace_labels(&name), NamespaceLabels::NameOnly);
    }

    /// E5: an unreadable object is not an absent one.
    #[test]
    fn an_unreadable_object_is_remembered_until_it_reads_again() {
        let mut cluster = Cluster::default();
        cluster.apply(Delta::Put(pod("web", "u1", 1, Phase::Running)));
        let id = ObjectId::new(Kind::POD, "shop", "web");
        let lost = Delta::Unreadable { id: id.clone(), problems: Vec::new() };
        assert_eq!(cluster.apply(lost).len(), 2);
        assert!(cluster.unreadable.contains(&id) && cluster.pods.is_empty());
        assert_eq!(cluster.apply(Delta::Put(pod("web", "u1", 2, Phase::Running))).len(), 2);
        assert!(cluster.unreadable.is_empty());
    }
}
