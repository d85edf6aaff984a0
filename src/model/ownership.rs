//! Which workload a pod belongs to: `pod/shop/web-7d9-x` to `deployment/shop/web`.
//!
//! Pods name their controller, which often has one of its own.

use super::cluster::Cluster;
use super::id::WorkloadId;
use super::owner::TEMPLATE_HASH;
use super::pod::Pod;

/// The workload that a pod belongs to: its controller, or that one's own.
///
/// A ReplicaSet that is not known is its Deployment's by its name less the template hash, a Job that is not known
/// stands for itself (CONTRACT §1).
pub fn workload_of(cluster: &Cluster, pod: &Pod) -> Option<WorkloadId> {
    let owner = pod.owner_id()?;
    let known = cluster.workloads.get_of_kind(&owner.namespace, &owner.name, &owner.kind.to_lowercase());
    if let Some(workload) = known {
        return Some(workload.owner_id().unwrap_or(owner));
    }
    let hash = pod.labels().get(TEMPLATE_HASH).filter(|_| owner.kind == *"ReplicaSet");
    let name = hash.and_then(|hash| owner.name.strip_suffix(hash.as_str())?.strip_suffix('-'));
    Some(match name {
        Some(name) => WorkloadId { namespace: owner.namespace.clone(), kind: "Deployment".into(), name: name.into() },
        None => owner,
    })
}
