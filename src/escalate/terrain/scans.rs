//! What a pass over the whole cluster finds, kept until something of its kind changes.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::Ground;
use super::super::moves::first_of_kind;
use crate::model::facts::{Phase, SharedPod};
use crate::model::id::ObjectId;
use crate::model::name::Name;

/// What was found; a clone shares it.
#[derive(Clone, Default, Debug)]
pub(super) struct Scans {
    openshift: OnceCell<bool>,
    waiting: OnceCell<Arc<[SharedPod]>>,
    clouds: OnceCell<Arc<[(Name, Name)]>>,
    workloads: RefCell<FxHashMap<&'static str, Arc<[ObjectId]>>>,
}

impl Scans {
    /// A service account has changed.
    pub fn forget_accounts(&mut self) {
        self.clouds = OnceCell::new();
    }

    /// A workload has changed.
    pub fn forget_workloads(&mut self) {
        self.workloads.get_mut().clear();
    }

    /// A pod has changed, or a namespace may have come or gone.
    pub fn forget_namespaces(&mut self) {
        (self.openshift, self.waiting) = Default::default();
        self.forget_workloads();
    }
}

impl Ground<'_> {
    /// Whether the cluster is an OpenShift, whose security context constraints judge pods besides.
    pub fn is_openshift(&self) -> bool {
        let is_its = |it: &Name| it.starts_with("openshift-");
        *self.terrain.scans.openshift.get_or_init(|| self.all_namespaces().iter().any(is_its))
    }

    /// The pods that wait for a node.
    pub fn waiting_pods(&self) -> Arc<[SharedPod]> {
        let find = || {
            let namespaces = self.all_namespaces();
            let all = namespaces.iter().flat_map(|it| self.cluster.pods.of(it).iter());
            all.filter(|it| it.mold.phase == Phase::Pending && it.node().is_empty()).cloned().collect()
        };
        self.terrain.scans.waiting.get_or_init(find).clone()
    }

    /// The accounts that are somebody to a cloud provider, by namespace and name.
    pub fn cloud_accounts(&self) -> Arc<[(Name, Name)]> {
        let find = || {
            let all = self.cluster.service_accounts.iter().filter(|it| !it.cloud_identity().is_empty());
            all.map(|it| (it.meta.namespace.clone(), it.meta.name.clone())).collect()
        };
        self.terrain.scans.clouds.get_or_init(find).clone()
    }

    /// Of every namespace the first workload of a kind that requests name so.
    pub fn first_workloads(&self, resource: &'static str) -> Arc<[ObjectId]> {
        if let Some(found) = self.terrain.scans.workloads.borrow().get(resource) {
            return found.clone();
        }
        let first = |it: &Name| first_of_kind(self, resource, it, |_| true);
        let found: Arc<[ObjectId]> = self.all_namespaces().iter().filter_map(first).collect();
        self.terrain.scans.workloads.borrow_mut().insert(resource, found.clone());
        found
    }
}
