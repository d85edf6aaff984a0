//! Owners: the kinds of workloads, and how owner references name what controls a pod or a workload.

use arcstr::literal;

use super::id::{Kind, WorkloadId};
use super::name::Name;

/// The label that tells the ReplicaSets of one Deployment apart.
pub const TEMPLATE_HASH: &str = "pod-template-hash";

/// The kinds whose objects are held as workloads.
pub const WORKLOAD_KINDS: [Kind; 7] = [
    Kind::DEPLOYMENT,
    Kind::REPLICA_SET,
    Kind::REPLICATION_CONTROLLER,
    Kind::STATEFUL_SET,
    Kind::DAEMON_SET,
    Kind::JOB,
    Kind::CRON_JOB,
];

/// Whether objects of this kind are held as workloads.
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

    /// What stands in an object that has no owner.
    pub(super) fn nobody() -> Self {
        Self { kind: OwnerKind::None, word: Name::empty(), name: Name::empty() }
    }

    /// The owner of the parts that an object holds of it; `None`: it has no owner.
    pub fn from_parts(kind: OwnerKind, word: Name, name: &Name) -> Option<Self> {
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
}
