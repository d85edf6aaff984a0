//! How pods are isolated, one by one and counted by namespace.

use std::sync::Arc;

use super::world::World;
use crate::model::facts::{Pod, PodNetwork};
use crate::model::name::Name;
use crate::model::policy::Policy;
use crate::net::IsolationCounts;
use crate::net::verdict::Tri;

impl World {
    /// How the pods of a namespace are isolated; counted once for each state.
    pub fn counts(&self, namespace: &Name) -> IsolationCounts {
        if let Some(counted) = self.known.counts.borrow().get(namespace) {
            return *counted;
        }
        let counted = self.net().isolation_counts(&self.cluster, namespace);
        self.known.counts.borrow_mut().insert(namespace.clone(), counted);
        counted
    }

    /// Counts these namespaces, where that has not been done.
    pub fn count<'a>(&self, namespaces: impl IntoIterator<Item = &'a Name>) {
        for namespace in namespaces {
            self.counts(namespace);
        }
    }

    /// How a pod is isolated.
    pub fn isolation(&self, pod: &Pod) -> Isolation {
        if pod.network() == PodNetwork::Host {
            return Isolation::Host;
        }
        match self.net().isolation(&pod.pod_id()) {
            Some(it) if it.gaps.is_empty() => Isolation::By { ingress: it.ingress, egress: it.egress },
            Some(_) => Isolation::By { ingress: Tri::Maybe, egress: Tri::Maybe },
            None if pod.phase().is_finished() => Isolation::Finished,
            None => Isolation::By { ingress: Tri::Maybe, egress: Tri::Maybe },
        }
    }

    /// The policies that govern a pod, in the order in which they are asked.
    pub fn policies_on(&self, pod: &Pod) -> Vec<Arc<Policy>> {
        if !pod.is_governed() {
            return Vec::new();
        }
        let isolation = self.net().isolation(&pod.pod_id());
        isolation.into_iter().flat_map(|it| it.policies).map(|it| it.policy).collect()
    }

    /// How many policies govern a pod.
    pub fn policy_count(&self, pod: &Pod) -> usize {
        if pod.is_governed() { self.net().policy_count(&pod.pod_id()) } else { 0 }
    }
}

/// How a pod is isolated, or why policies do not govern it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Isolation {
    By {
        ingress: Tri,
        egress: Tri,
    },
    /// It is on its node's network (S37).
    Host,
    Finished,
}

impl Isolation {
    /// Neither direction is isolated, and that is certain.
    pub const OPEN: Isolation = Isolation::By { ingress: Tri::No, egress: Tri::No };

    /// One short word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Isolation::By { ingress: Tri::Maybe, .. } | Isolation::By { egress: Tri::Maybe, .. } => "unknown",
            Isolation::By { ingress: Tri::Yes, egress: Tri::Yes } => "in+out",
            Isolation::By { ingress: Tri::Yes, .. } => "in",
            Isolation::By { egress: Tri::Yes, .. } => "out",
            Isolation::By { .. } => "none",
            Isolation::Host => "host",
            Isolation::Finished => "-",
        }
    }
}
