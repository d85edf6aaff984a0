//! The nodes, and what runs on them.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::Ground;
use super::super::places::{SOME_NODE, is_running};
use crate::model::cluster::BeforeAfter;
use crate::model::facts::SharedPod;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::identity::node_of;

/// What is known of them; each pod that changes is put where it belongs.
#[derive(Clone, Default, Debug)]
pub(super) struct OnNodes {
    names: OnceCell<Arc<[Name]>>,
    /// The pods that a node was found for, by namespace and name.
    pods: OnceCell<Arc<FxHashMap<Name, Vec<SharedPod>>>>,
}

impl OnNodes {
    /// A node has come or gone.
    pub fn forget_names(&mut self) {
        self.names = OnceCell::new();
    }

    /// Takes in what became of a pod.
    pub fn take(&mut self, diff: &BeforeAfter<SharedPod>) {
        let Some(pods) = self.pods.get_mut() else { return };
        let (pods, mut is_other) = (Arc::make_mut(pods), false);
        for it in diff.before.iter().filter(|it| !it.node().is_empty()) {
            let Some(here) = pods.get_mut(it.node()) else { continue };
            if let Ok(at) = here.binary_search_by(|other| order(other, it)) {
                here.remove(at);
            }
            if here.is_empty() {
                pods.remove(it.node());
                is_other = true;
            }
        }
        for it in diff.after.iter().filter(|it| !it.node().is_empty()) {
            let here = pods.entry(it.node().clone()).or_default();
            is_other |= here.is_empty();
            if let Err(at) = here.binary_search_by(|other| order(other, it)) {
                here.insert(at, it.clone());
            }
        }
        if is_other {
            self.forget_names();
        }
    }
}

fn order(one: &SharedPod, other: &SharedPod) -> std::cmp::Ordering {
    (one.namespace(), one.name()).cmp(&(other.namespace(), other.name()))
}

impl Ground<'_> {
    /// Every node, also one that only pods name, by name; where none is known there is still some node.
    pub fn nodes(&self) -> Arc<[Name]> {
        let find = || {
            let listed = self.cluster.nodes.iter().map(|it| it.meta.name.clone());
            let names: BTreeSet<Name> = listed.chain(self.placed_pods().keys().cloned()).collect();
            if names.is_empty() { [Name::from(SOME_NODE)].into() } else { names.into_iter().collect() }
        };
        self.terrain.on_nodes.names.get_or_init(find).clone()
    }

    /// Whether somebody is the user of a node that is there.
    pub fn is_node(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::User(it) if node_of(it).is_some_and(|it| self.has_node(it)))
    }

    /// Whether a node is there.
    pub fn has_node(&self, name: &str) -> bool {
        self.nodes().binary_search_by(|it| it.as_str().cmp(name)).is_ok()
    }

    /// The pods that run on a node.
    pub fn pods_on(&self, node: &Name) -> Vec<SharedPod> {
        let all = self.placed_pods().get(node).into_iter().flatten();
        all.filter(|it| is_running(it)).cloned().collect()
    }

    fn placed_pods(&self) -> &FxHashMap<Name, Vec<SharedPod>> {
        self.terrain.on_nodes.pods.get_or_init(|| {
            let mut all: FxHashMap<Name, Vec<SharedPod>> = FxHashMap::default();
            for pod in self.cluster.pods.iter().filter(|it| !it.node().is_empty()) {
                all.entry(pod.node().clone()).or_default().push(pod.clone());
            }
            // Each list is sorted by itself: the order does not matter.
            all.values_mut().for_each(|it| it.sort_unstable_by(order));
            Arc::new(all)
        })
    }
}
