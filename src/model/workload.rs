//! Which workload a pod belongs to: `pod/shop/web-7d9-x` to `deployment/shop/web`.
//!
//! Pods name their controller, which often has one of its own. Nothing here decides anything.

use arcstr::literal;

use super::cluster::Cluster;
use super::facts::{Pod, Workload};
use super::id::{Kind, WorkloadId};
use super::name::Name;

/// The label that tells the ReplicaSets of one Deployment apart.
pub const TEMPLATE_HASH: &str = "pod-template-hash";

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

/// The workload that a pod belongs to: its controller, or that one's own.
///
/// A ReplicaSet that is not known is its Deployment's by its name less the template hash, a Job that is not known
/// stands for itself (CONTRACT §1).
pub fn workload_of(cluster: &Cluster, pod: &Pod) -> Option<WorkloadId> {
    let owner = pod.mold.owner.as_ref()?;
    let known = |id: &WorkloadId| -> Option<&Workload> {
        cluster.workloads.get_variant(&id.namespace, &id.name, &id.kind.to_lowercase())
    };
    if let Some(workload) = known(owner) {
        return Some(workload.owner.as_deref().cloned().unwrap_or_else(|| owner.clone()));
    }
    let hash = pod.shared.get(TEMPLATE_HASH).filter(|_| owner.kind == *"ReplicaSet");
    let name = hash.and_then(|hash| owner.name.strip_suffix(hash.as_str())?.strip_suffix('-'));
    Some(match name {
        Some(name) => WorkloadId { namespace: owner.namespace.clone(), kind: "Deployment".into(), name: name.into() },
        None => owner.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cluster::WORKLOAD_KINDS;

    #[test]
    fn each_kind_of_workload_is_found_by_its_word() {
        for kind in WORKLOAD_KINDS {
            let found = WorkloadKind::of(kind).expect("a workload's kind");
            assert_eq!((found.kind(), found.word().to_lowercase().as_str()), (kind, kind.as_str()));
        }
        assert_eq!(WorkloadKind::of(Kind::POD), None);
    }
}
