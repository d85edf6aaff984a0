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

/// The kinds of workloads that are read, with the word that owner references have for each.
static WORKLOADS: [(Kind, arcstr::ArcStr); 7] = [
    (Kind::DEPLOYMENT, literal!("Deployment")),
    (Kind::REPLICA_SET, literal!("ReplicaSet")),
    (Kind::REPLICATION_CONTROLLER, literal!("ReplicationController")),
    (Kind::STATEFUL_SET, literal!("StatefulSet")),
    (Kind::DAEMON_SET, literal!("DaemonSet")),
    (Kind::JOB, literal!("Job")),
    (Kind::CRON_JOB, literal!("CronJob")),
];

/// As the API writes the kind of a workload: `Deployment`.
pub fn word(kind: Kind) -> Name {
    let known = WORKLOADS.iter().find(|(it, _)| *it == kind);
    known.map_or_else(|| kind.as_str().into(), |(_, word)| word.clone().into())
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
    let hash = pod.meta.labels.get(TEMPLATE_HASH).filter(|_| owner.kind == *"ReplicaSet");
    let name = hash.and_then(|hash| owner.name.strip_suffix(hash.as_str())?.strip_suffix('-'));
    Some(match name {
        Some(name) => WorkloadId { namespace: owner.namespace.clone(), kind: "Deployment".into(), name: name.into() },
        None => owner.clone(),
    })
}
