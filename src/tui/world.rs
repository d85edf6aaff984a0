//! What the screen looks at: a cluster, the index over it, and who is named in it, always of one revision.
//!
//! [`World::apply`] takes steps of the outside in; everything else only reads. Which namespaces and which pod the
//! operator has narrowed the view to is the [`Scope`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::subjects::Weights;
use crate::model::cluster::{Change, Cluster, Delta};
use crate::model::coverage::Coverage;
use crate::model::facts::{Pod, PodNetwork, SharedPod};
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::policy::Policy;
use crate::model::role::Subject;
use crate::net::verdict::Tri;
use crate::net::{Index, IsolationCounts, Settings};
use crate::people::People;
use crate::rbac;
use crate::rbac::review::{Reply, Review, Told, differs};
use crate::rbac::served::Served;
use crate::rbac::version::Version;

/// A cluster with all that is derived from it.
#[derive(Clone, Debug)]
pub struct World {
    pub cluster: Cluster,
    pub index: Index,
    pub rbac: rbac::Index,
    /// Who people are and which groups they are in, where that was told (`--directory`).
    pub people: Option<Arc<People>>,
    /// What the API serves: as discovery tells, else a built-in table.
    pub served: Arc<Served>,
    /// The server's version where it is known: notes and capabilities rest on it.
    pub version: Option<Version>,
    /// What the server said when it was asked itself.
    pub told: Told,
    pub(super) weights: Weights,
    pub settings: Settings,
    pub check: SelfCheck,
    counts: BTreeMap<Name, IsolationCounts>,
    revision: u64,
    /// Another number when an answer about access may be another one.
    access: u64,
}

/// Whether answers are decided a second time by the naive evaluator (CONTRACT §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SelfCheck {
    #[default]
    Off,
    On,
}

impl World {
    /// The world of a cluster.
    pub fn of(cluster: Cluster, settings: Settings, check: SelfCheck) -> Self {
        let (index, rbac) = (Index::with(&cluster, settings.clone()), rbac::Index::build(&cluster));
        let (served, weights) = (Arc::new(Served::built_in()), Weights::default());
        Self {
            cluster,
            index,
            rbac,
            people: None,
            served,
            version: None,
            told: Told::default(),
            weights,
            settings,
            check,
            counts: BTreeMap::new(),
            revision: 0,
            access: 0,
        }
    }

    /// Tells states of one cluster apart: another one after every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Tells states apart between which an answer about access may change; pods come and go without it.
    pub fn access(&self) -> u64 {
        self.access
    }

    /// The same, knowing a directory of people.
    pub fn with_people(self, people: Option<Arc<People>>) -> Self {
        Self { people, ..self }
    }

    /// A cluster of which nothing is known yet.
    pub fn unknown(settings: Settings, check: SelfCheck) -> Self {
        Self::of(Cluster::new(Coverage::Loading), settings, check)
    }

    /// Takes in what the server said itself; its answers may be marks of other authorizers than RBAC.
    pub fn hear(&mut self, review: Review, reply: Reply) {
        if let (Review::Access { .. }, Reply::Word(word)) = (&review, &reply) {
            let ours = review.asked().map(|(identity, request)| self.rbac.can(&identity, request));
            let mark = ours.and_then(|it| differs(&it, word));
            mark.into_iter().for_each(|it| self.rbac.marks_mut().tell(it));
        }
        self.access += 1;
        self.told.keep(review, reply);
        self.told.mark(self.rbac.marks_mut());
    }

    /// Whether this is the operator, where the server said who that is.
    pub fn is_me(&self, subject: &Subject) -> bool {
        self.told.me().is_some_and(|it| it.subject() == *subject)
    }

    /// Takes steps in and says what they changed.
    pub fn apply(&mut self, deltas: Vec<Delta>) -> Vec<Change> {
        let mut all = Vec::new();
        for delta in deltas {
            let changes = self.cluster.apply(delta);
            // Step by step: the index must see the cluster as each change left it.
            self.index.apply(&self.cluster, &changes);
            self.rbac.apply(&self.cluster, &changes);
            changes.iter().for_each(|it| self.weights.forget(it));
            all.extend(changes);
        }
        self.forget_counts(&all);
        self.revision += u64::from(!all.is_empty());
        self.access += u64::from(all.iter().any(moves_access));
        all
    }

    /// Drops the counts that a change may have moved.
    fn forget_counts(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Pod(diff) => {
                    for pod in diff.before.iter().chain(&diff.after) {
                        self.counts.remove(pod.namespace());
                    }
                }
                Change::Policy(_) | Change::Namespace(_) | Change::Coverage(_) | Change::Readable(_) => {
                    self.counts.clear();
                }
                _ => {}
            }
        }
    }

    /// Counts these namespaces, where that has not been done.
    pub fn count<'a>(&mut self, namespaces: impl IntoIterator<Item = &'a Name>) {
        for namespace in namespaces {
            if !self.counts.contains_key(namespace) {
                let counts = self.index.isolation_counts(&self.cluster, namespace);
                self.counts.insert(namespace.clone(), counts);
            }
        }
    }

    /// How the pods of a namespace are isolated.
    pub fn counts(&self, namespace: &Name) -> IsolationCounts {
        let counted = self.counts.get(namespace).copied();
        counted.unwrap_or_else(|| self.index.isolation_counts(&self.cluster, namespace))
    }

    /// How a pod is isolated.
    pub fn isolation(&self, pod: &Pod) -> Isolation {
        if pod.mold.network == PodNetwork::Host {
            return Isolation::Host;
        }
        match self.index.isolation(&pod.pod_id()) {
            Some(it) if it.gaps.is_empty() => Isolation::By { ingress: it.ingress, egress: it.egress },
            Some(_) => Isolation::By { ingress: Tri::Maybe, egress: Tri::Maybe },
            None if pod.mold.phase.is_finished() => Isolation::Finished,
            None => Isolation::By { ingress: Tri::Maybe, egress: Tri::Maybe },
        }
    }

    /// The policies that govern a pod, in the order in which they are asked.
    pub fn policies_on(&self, pod: &Pod) -> Vec<Arc<Policy>> {
        if !pod.is_governed() {
            return Vec::new();
        }
        let isolation = self.index.isolation(&pod.pod_id());
        isolation.into_iter().flat_map(|it| it.policies).map(|it| it.policy).collect()
    }

    /// How many policies govern a pod.
    pub fn policy_count(&self, pod: &Pod) -> usize {
        if pod.is_governed() { self.index.policy_count(&pod.pod_id()) } else { 0 }
    }

    /// One pod.
    pub fn pod(&self, id: &PodId) -> Option<&SharedPod> {
        self.cluster.pods.get(&id.namespace, &id.name)
    }
}

/// How a pod is isolated, or why policies do not govern it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Isolation {
    By {
        ingress: Tri,
        egress: Tri,
    },
    /// It is on its node's network (S37).
    Host,
    Finished,
}

impl Isolation {
    /// Neither direction is isolated, and that is certain.
    pub const OPEN: Isolation = Isolation::By { ingress: Tri::No, egress: Tri::No };

    /// One short word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Isolation::By { ingress: Tri::Maybe, .. } | Isolation::By { egress: Tri::Maybe, .. } => "unknown",
            Isolation::By { ingress: Tri::Yes, egress: Tri::Yes } => "in+out",
            Isolation::By { ingress: Tri::Yes, .. } => "in",
            Isolation::By { egress: Tri::Yes, .. } => "out",
            Isolation::By { .. } => "none",
            Isolation::Host => "host",
            Isolation::Finished => "-",
        }
    }
}

/// What the lists are narrowed to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// Empty: all namespaces.
    pub namespaces: BTreeSet<Name>,
    /// The policies pane shows those that govern this pod.
    pub pod: Option<PodId>,
    pub problems: Problems,
}

/// Whether only rows with problems are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Problems {
    #[default]
    Everything,
    Only,
}

impl Scope {
    /// Whether objects of this namespace are in it; what stands in no namespace always is.
    pub fn holds(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || namespace.is_empty() || self.namespaces.contains(namespace)
    }

    /// The one namespace of a scope that has just one.
    pub fn only(&self) -> Option<&Name> {
        self.namespaces.first().filter(|_| self.namespaces.len() == 1)
    }
}

/// What cells and pages are made from.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub world: &'a World,
    pub scope: &'a Scope,
    /// Whom the operator sees with (`i`).
    pub acting: Option<&'a rbac::Identity>,
}

/// Whether an answer about access may rest on what changed: of pods those that can be the API server itself.
fn moves_access(change: &Change) -> bool {
    match change {
        Change::Pod(diff) => diff.before.iter().chain(&diff.after).any(|it| *it.namespace() == "kube-system"),
        Change::Service(_) | Change::EndpointSlice(_) | Change::Workload(_) | Change::Policy(_) => false,
        _ => true,
    }
}
