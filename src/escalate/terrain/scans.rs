//! What a pass over the whole cluster finds, kept until something of its kind changes.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::Ground;
use super::kept::Kept;
use crate::kinds::spec;
use crate::model::id::ObjectId;
use crate::model::name::Name;

/// What was found; a clone shares it.
#[derive(Clone, Default, Debug)]
pub(super) struct Scans {
    openshift: OnceCell<bool>,
    clouds: OnceCell<Arc<[(Name, Name)]>>,
    workloads: RefCell<Kept<FirstWorkloads, Name>>,
}

/// By namespace the first workload of each resource.
pub type FirstWorkloads = BTreeMap<Name, Vec<First>>;

/// The first workload of a resource in a namespace.
#[derive(Clone, Debug)]
pub struct First {
    pub resource: &'static str,
    pub workload: ObjectId,
}

impl Scans {
    /// A service account has changed.
    pub fn forget_accounts(&mut self) {
        self.clouds = OnceCell::new();
    }

    /// A workload of a namespace has changed.
    pub fn forget_workloads(&mut self, namespace: &Name) {
        self.workloads.get_mut().forget(namespace);
    }

    /// A namespace may have come or gone.
    pub fn forget_namespaces(&mut self) {
        self.openshift = OnceCell::new();
    }
}

impl Ground<'_> {
    /// Whether the cluster is an OpenShift, whose security context constraints judge pods besides.
    pub fn is_openshift(&self) -> bool {
        let is_its = |it: &Name| it.starts_with("openshift-");
        *self.terrain.scans.openshift.get_or_init(|| self.all_namespaces().iter().any(is_its))
    }

    /// The accounts that are somebody to a cloud provider, by namespace and name.
    pub fn cloud_accounts(&self) -> Arc<[(Name, Name)]> {
        let find = || {
            let all = self.cluster.service_accounts.iter().filter(|it| !it.cloud_identity().is_empty());
            all.map(|it| (it.meta.namespace.clone(), it.meta.name.clone())).collect()
        };
        self.terrain.scans.clouds.get_or_init(find).clone()
    }

    /// Of every namespace the first workload of each resource.
    pub fn first_workloads(&self) -> Arc<FirstWorkloads> {
        let renew = |all: &mut FirstWorkloads, stale: &BTreeSet<Name>| {
            for namespace in stale {
                let firsts = firsts(self, namespace);
                match firsts.is_empty() {
                    true => drop(all.remove(namespace)),
                    false => drop(all.insert(namespace.clone(), firsts)),
                }
            }
        };
        let whole = || {
            let mut all = FirstWorkloads::new();
            renew(&mut all, &self.cluster.workloads.namespaces().cloned().collect());
            all
        };
        self.terrain.scans.workloads.borrow_mut().now(whole, renew)
    }

    /// The namespaces that have a workload of a resource.
    pub fn namespaces_beside(&self, resource: &str) -> Vec<Name> {
        let has = |it: &[First]| it.iter().any(|it| it.resource == resource);
        self.first_workloads().iter().filter(|it| has(it.1)).map(|it| it.0.clone()).collect()
    }
}

fn firsts(ground: &Ground<'_>, namespace: &Name) -> Vec<First> {
    let mut all: Vec<First> = Vec::new();
    for it in ground.cluster.workloads.of(namespace).iter() {
        let resource = spec(it.kind.kind()).map_or("", |it| it.plural);
        if !all.iter().any(|it| it.resource == resource) {
            let workload = ObjectId::new(it.kind.kind(), it.namespace.clone(), it.name.clone());
            all.push(First { resource, workload });
        }
    }
    all
}
