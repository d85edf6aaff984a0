//! Workloads: what makes pods, and who owns what it makes.

use arcstr::literal;

use super::fact::{Fact, Identity};
use super::id::{Kind, WorkloadId};
use super::meta::Meta;
use super::name::{JoinedName, Name};
use super::pod::Pod;
use super::sparse::Sparse;
use super::uid::UidMark;

/// The label that tells the ReplicaSets of one Deployment apart.
pub const TEMPLATE_HASH: &str = "pod-template-hash";

/// The kinds whose objects are held as [`Workload`]s.
pub const WORKLOAD_KINDS: [Kind; 7] = [
    Kind::DEPLOYMENT,
    Kind::REPLICA_SET,
    Kind::REPLICATION_CONTROLLER,
    Kind::STATEFUL_SET,
    Kind::DAEMON_SET,
    Kind::JOB,
    Kind::CRON_JOB,
];

/// Whether objects of this kind are held as [`Workload`]s.
pub fn is_workload(kind: Kind) -> bool {
    WORKLOAD_KINDS.contains(&kind)
}

/// The kind of a workload that is read; one byte, where a [`Kind`] is two pointers in each of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WorkloadKind {
    Deployment,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
}

/// By [`WorkloadKind`]: the kind, and the word that owner references have for it.
static WORKLOADS: [(WorkloadKind, Kind, arcstr::ArcStr); 7] = [
    (WorkloadKind::Deployment, Kind::DEPLOYMENT, literal!("Deployment")),
    (WorkloadKind::ReplicaSet, Kind::REPLICA_SET, literal!("ReplicaSet")),
    (WorkloadKind::ReplicationController, Kind::REPLICATION_CONTROLLER, literal!("ReplicationController")),
    (WorkloadKind::StatefulSet, Kind::STATEFUL_SET, literal!("StatefulSet")),
    (WorkloadKind::DaemonSet, Kind::DAEMON_SET, literal!("DaemonSet")),
    (WorkloadKind::Job, Kind::JOB, literal!("Job")),
    (WorkloadKind::CronJob, Kind::CRON_JOB, literal!("CronJob")),
];

impl WorkloadKind {
    /// The one that this kind is, if it is a workload's.
    pub fn of(kind: Kind) -> Option<Self> {
        WORKLOADS.iter().find(|(_, it, _)| *it == kind).map(|(it, ..)| *it)
    }

    /// The same among all kinds.
    pub fn kind(self) -> Kind {
        WORKLOADS[self as usize].1
    }

    /// As the API writes it: `Deployment`.
    pub fn word(self) -> Name {
        WORKLOADS[self as usize].2.clone().into()
    }
}

/// What controls a pod or a workload, as owner references name it: always of the same namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Owner {
    pub kind: OwnerKind,
    /// The kind's word, if it is [`OwnerKind::Other`]; empty for all others.
    pub word: Name,
    pub name: Name,
}

/// An owner's kind in one byte, which stands beside its name in what it owns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum OwnerKind {
    /// There is no owner.
    #[default]
    None,
    /// A kind that is read.
    Known(WorkloadKind),
    /// Any other, such as a Rollout.
    Other,
}

impl Owner {
    /// The owner of this kind, as the API writes it (`Deployment`), and name.
    pub fn new(kind: &str, name: Name) -> Self {
        match WORKLOADS.iter().find(|(.., word)| word == kind) {
            Some((known, ..)) => Self::known(*known, name),
            None => Self { kind: OwnerKind::Other, word: kind.into(), name },
        }
    }

    /// The owner of a kind that is read.
    pub fn known(kind: WorkloadKind, name: Name) -> Self {
        Self { kind: OwnerKind::Known(kind), word: Name::empty(), name }
    }

    /// What there is of an owner in an object; `None`: there is none.
    pub fn held(kind: OwnerKind, word: Name, name: &Name) -> Option<Self> {
        (kind != OwnerKind::None).then(|| Self { kind, word, name: name.clone() })
    }

    /// Its kind, as the API writes it.
    pub fn kind(&self) -> Name {
        if let OwnerKind::Known(kind) = self.kind { kind.word() } else { self.word.clone() }
    }

    /// The word that owner references have for a kind as it is typed: `Deployment` for `deployment`.
    pub fn word(kind: &str) -> Name {
        let known = WORKLOADS.iter().find(|(.., word)| word.eq_ignore_ascii_case(kind));
        known.map_or_else(|| kind.into(), |(.., word)| word.clone().into())
    }

    /// What names it, for an object of this namespace.
    pub fn of(&self, namespace: &Name) -> WorkloadId {
        WorkloadId { namespace: namespace.clone(), kind: self.kind(), name: self.name.clone() }
    }
}

/// A workload: live its metadata alone, from files with what its pods would be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workload {
    pub namespace: Name,
    pub name: Name,
    pub kind: WorkloadKind,
    owner_kind: OwnerKind,
    /// Empty where it has no owner.
    owner_name: Name,
    rest: Sparse<Rest>,
    pub uid: UidMark,
}

/// What few workloads of a followed cluster have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Rest {
    /// See [`Owner::word`].
    owner_word: Name,
    plan: Option<Plan>,
}

/// What a workload of files says of the pods that it would make.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// `spec.replicas`; 0 also of work that is over, suspended or wanted on no node.
    pub replicas: Option<u32>,
    /// The pod that it would make.
    pub template: Option<Pod>,
}

impl Workload {
    /// A workload of this metadata, its own controller (a ReplicaSet's Deployment, a Job's CronJob), and what its pods
    /// would be, which only files tell.
    pub fn new(kind: WorkloadKind, meta: Meta, owner: Option<Owner>, plan: Option<Plan>) -> Self {
        let Meta { namespace, name, uid } = meta;
        let (owner_kind, owner_word, owner_name) = owner.map(|it| (it.kind, it.word, it.name)).unwrap_or_default();
        let mut rest = Sparse::default();
        rest.change(|it| *it = Rest { owner_word, plan });
        Self { namespace, name, kind, owner_kind, owner_name, rest, uid }
    }

    /// Its own controller.
    pub fn owner(&self) -> Option<Owner> {
        let word = self.rest.get().map(|it| it.owner_word.clone()).unwrap_or_default();
        Owner::held(self.owner_kind, word, &self.owner_name)
    }

    /// What its pods would be.
    pub fn plan(&self) -> Option<&Plan> {
        self.rest.get()?.plan.as_ref()
    }

    /// What names it as a workload.
    pub fn workload_id(&self) -> WorkloadId {
        WorkloadId { namespace: self.namespace.clone(), kind: self.kind.word(), name: self.name.clone() }
    }

    /// What names its own controller.
    pub fn owner_id(&self) -> Option<WorkloadId> {
        self.owner().map(|it| it.of(&self.namespace))
    }
}

impl Fact for Workload {
    const KINDS: &'static [Kind] = &WORKLOAD_KINDS;

    fn identity(&self) -> Identity<'_> {
        let name = JoinedName::whole(&self.name);
        Identity { namespace: &self.namespace, name, uid: self.uid }
    }

    fn kind(&self) -> Kind {
        self.kind.kind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_workload_is_found_by_its_word() {
        for kind in WORKLOAD_KINDS {
            let found = WorkloadKind::of(kind).expect("a workload's kind");
            assert_eq!((found.kind(), found.word().to_lowercase().as_str()), (kind, kind.as_str()));
        }
        assert_eq!(WorkloadKind::of(Kind::POD), None);
    }

    #[test]
    fn an_owner_is_what_was_written_whether_its_kind_is_read_or_not() {
        for kind in ["ReplicaSet", "Rollout", "replicaset", ""] {
            let owner = Owner::new(kind, "web".into());
            assert_eq!((owner.kind().as_str(), owner.name.as_str()), (kind, "web"));
            assert_eq!(matches!(owner.kind, OwnerKind::Known(_)), kind == "ReplicaSet");
            for plan in [None, Some(Plan { replicas: Some(0), template: None })] {
                let it = Workload::new(WorkloadKind::Job, Meta::default(), Some(owner.clone()), plan.clone());
                assert_eq!((it.owner(), it.plan()), (Some(owner.clone()), plan.as_ref()));
                assert_eq!(Workload::new(WorkloadKind::Job, Meta::default(), None, plan).owner(), None);
            }
        }
    }

    /// Memory is a feature: see docs/performance.md.
    #[test]
    fn a_workload_is_small() {
        assert!(size_of::<Workload>() <= 40, "{}", size_of::<Workload>());
    }
}
