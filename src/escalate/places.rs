//! What stands in a namespace or on a node that a move can lead to.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use crate::model::facts::{Phase, SharedPod};
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::role::Subject;

use super::Ground;
use super::foothold::Foothold;
use super::rights::Right;

impl Ground<'_> {
    /// The namespaces in which a right holds.
    pub fn namespaces(&self, right: &Right<'_>) -> Vec<Name> {
        match right.scope() {
            scope if !scope.is_empty() => vec![scope.clone()],
            _ => self.cluster.namespace_names().into_iter().collect(),
        }
    }

    /// The service accounts of a namespace; each has `default`.
    pub fn accounts(&self, namespace: &Name) -> Vec<Foothold> {
        let listed = self.cluster.service_accounts.of(namespace).iter().map(|it| it.meta.name.clone());
        // A pod runs as an account that is there.
        let used = self.cluster.pods.of(namespace).iter().map(|it| it.mold.service_account.clone());
        let names: BTreeSet<Name> = listed.chain(used).chain([Name::from("default")]).collect();
        names.into_iter().map(|name| account(namespace, &name)).collect()
    }

    /// The pods of a namespace in which code can be run: those that run.
    pub fn running(&self, namespace: &str) -> impl Iterator<Item = &SharedPod> {
        self.cluster.pods.of(namespace).iter().filter(|it| is_running(it))
    }

    /// The same but those that a kubelet runs from its own files, whose objects it only shows: they cannot be changed.
    pub fn changeable(&self, namespace: &str) -> impl Iterator<Item = &SharedPod> {
        self.running(namespace).filter(|it| it.mold.owner().is_none_or(|it| &*it.kind() != "Node"))
    }

    /// Every node, also one that only pods name; where none is known there is still some node.
    pub fn nodes(&self) -> BTreeSet<Name> {
        let listed = self.cluster.nodes.iter().map(|it| it.meta.name.clone());
        let named = self.cluster.pods.iter().map(|it| it.node().clone()).filter(|it| !it.is_empty());
        let nodes: BTreeSet<Name> = listed.chain(named).collect();
        if nodes.is_empty() { [Name::from(SOME_NODE)].into() } else { nodes }
    }

    /// The pod of this name.
    pub fn pod(&self, id: &PodId) -> Option<&SharedPod> {
        self.cluster.pods.get(&id.namespace, &id.name)
    }
}

/// The pods that run, by their node.
#[derive(Default)]
pub struct ByNode(OnceCell<HashMap<Name, Vec<SharedPod>>>);

impl ByNode {
    /// Those on one node; told apart when first asked.
    pub fn on(&self, ground: &Ground<'_>, node: &str) -> &[SharedPod] {
        let all = self.0.get_or_init(|| {
            let mut all: HashMap<Name, Vec<SharedPod>> = HashMap::new();
            for pod in ground.cluster.pods.iter().filter(|it| is_running(it)) {
                all.entry(pod.node().clone()).or_default().push(pod.clone());
            }
            all
        });
        all.get(node).map_or(&[], Vec::as_slice)
    }
}

/// What stands for a node where none is known.
pub const SOME_NODE: &str = "*";

/// A service account as something held.
pub fn account(namespace: &Name, name: &Name) -> Foothold {
    Foothold::Subject(Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() })
}

fn is_running(pod: &SharedPod) -> bool {
    pod.mold.phase == Phase::Running
}
