//! Which workload a pod belongs to: `pod/shop/web-7d9-x` to `deployment/shop/web`.
//!
//! Pods name their controller, which often has one of its own. Nothing here decides anything.

use std::sync::Arc;

use super::cluster::Cluster;
use super::facts::{Pod, Workload};
use super::id::WorkloadId;

/// The label that tells the ReplicaSets of one Deployment apart.
pub const TEMPLATE_HASH: &str = "pod-template-hash";

/// The workload that a pod belongs to: its controller, or that one's own.
///
/// A ReplicaSet that is not known is its Deployment's by its name less the template hash, a Job that is not known
/// stands for itself (CONTRACT §1).
pub fn workload_of(cluster: &Cluster, pod: &Pod) -> Option<WorkloadId> {
    let owner = pod.owner.as_deref()?;
    let known = |id: &WorkloadId| -> Option<&Arc<Workload>> {
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
