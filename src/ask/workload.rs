//! Which workload a pod belongs to, and which pods a workload has.
//!
//! ```text
//! pod web-5d8f-x ──owner──► ReplicaSet web-5d8f ──owner──► Deployment web
//! pod backup-29-k ─owner──► Job backup-29 ──owner──► CronJob backup
//! ```
//!
//! A dump often lacks ReplicaSets: a ReplicaSet is then its Deployment's by its name less the template hash that
//! its pods carry as a label (CONTRACT §1). Pods without a controller belong to no workload.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::cluster::Cluster;
use crate::model::facts::Pod;
use crate::model::id::WorkloadId;
use crate::model::name::Name;
use crate::model::owner::TEMPLATE_HASH;
use crate::model::ownership;

/// The topmost workload that controls a pod; `None` for a pod that nothing controls.
pub fn workload_of(cluster: &Cluster, pod: &Pod) -> Option<Arc<WorkloadId>> {
    ownership::workload_of(cluster, pod).map(Arc::new)
}

/// The workloads of many pods, each found once.
#[derive(Default)]
pub struct FoundWorkloads {
    /// By the controller as pods name it and, where that depends on the pod, by its template hash.
    known: FxHashMap<(WorkloadId, Option<Name>), Arc<WorkloadId>>,
}

impl FoundWorkloads {
    /// The same as [`workload_of`].
    pub fn of(&mut self, cluster: &Cluster, pod: &Pod) -> Option<Arc<WorkloadId>> {
        let owner = pod.owner_id()?;
        let hash = (owner.kind == "ReplicaSet").then(|| pod.labels().get(TEMPLATE_HASH)).flatten().map(Cow::into_owned);
        let key = (owner, hash);
        if let Some(found) = self.known.get(&key) {
            return Some(found.clone());
        }
        let found = workload_of(cluster, pod)?;
        self.known.insert(key, found.clone());
        Some(found)
    }
}

/// Whether a controller is the one that was asked for, by lower-case kind, or stands below it.
pub fn is_under(cluster: &Cluster, pod: &Pod, kind: &str, name: &str) -> bool {
    let is = |it: &WorkloadId| it.name == *name && it.kind.eq_ignore_ascii_case(kind);
    pod.owner_id().as_ref().is_some_and(is) || workload_of(cluster, pod).as_deref().is_some_and(is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::Owner;
    use crate::model::labels::Labels;

    fn pod(owner_kind: &str, owner: &str, hash: &str) -> Pod {
        let owner = Owner::new(owner_kind, owner.into());
        let labels = Labels::new([(Name::from(TEMPLATE_HASH), Name::from(hash))]);
        Pod::named("shop", "p").changed(|it| it.owner = Some(owner)).with_labels(&labels)
    }

    fn workload(pod: &Pod) -> String {
        workload_of(&Cluster::default(), pod).map(|it| it.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_replica_set_without_object_is_its_deployments_by_the_hash() {
        assert_eq!(workload(&pod("ReplicaSet", "web-5d8f", "5d8f")), "deployment/shop/web");
        assert_eq!(workload(&pod("ReplicaSet", "web-5d8f", "9999")), "replicaset/shop/web-5d8f");
        assert_eq!(workload(&pod("StatefulSet", "db", "db")), "statefulset/shop/db");
        assert_eq!(workload(&Pod::named("shop", "p")), "");
    }

    #[test]
    fn a_pod_is_under_each_of_its_controllers() {
        let pod = pod("ReplicaSet", "web-5d8f", "5d8f");
        let is = |kind, name| is_under(&Cluster::default(), &pod, kind, name);
        assert!(is("deployment", "web") && is("replicaset", "web-5d8f"));
        assert!(!is("deployment", "web-5d8f") && !is("statefulset", "web"));
        let mut all = FoundWorkloads::default();
        for _ in 0..2 {
            assert_eq!(all.of(&Cluster::default(), &pod).map(|it| it.to_string()), Some("deployment/shop/web".into()));
        }
    }
}
