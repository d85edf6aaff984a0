//! Signs of other authorizers than RBAC, seen in the cluster: what could grant although no binding does.
//!
//! One written table, [`MARKS`], and the flags of the API server's own pod. A mark turns a "no" into "unknown" for
//! those that it could grant to, never a "yes" into anything else (rules 4 and 66; CONTRACT §4).

use std::collections::BTreeMap;

use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::facts::{Node, Pod};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;

use super::identity::Identity;

/// To whom an authorizer could grant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SubjectClass {
    /// Anybody.
    Everybody,
    /// People: users and groups, never service accounts and never anonymous ones.
    People,
}

/// One seen sign.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AuthorizerMark {
    pub subjects: SubjectClass,
    /// Which authorizer, in one clause.
    pub what: Name,
}

/// A node label that a managed provider sets, and the authorizer that comes with it.
pub struct ProviderMark {
    pub label: &'static str,
    pub what: &'static str,
    pub source: &'static str,
}

/// Managed providers whose clusters ask their own access system beside RBAC.
pub const MARKS: &[ProviderMark] = &[
    ProviderMark {
        label: "eks.amazonaws.com/nodegroup",
        what: "EKS access entries may grant by access policies that are no RBAC objects",
        source: "https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html",
    },
    ProviderMark {
        label: "eks.amazonaws.com/compute-type",
        what: "EKS access entries may grant by access policies that are no RBAC objects",
        source: "https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html",
    },
    ProviderMark {
        label: "cloud.google.com/gke-nodepool",
        what: "Google Cloud IAM may grant on GKE beside RBAC",
        source: "https://cloud.google.com/kubernetes-engine/docs/how-to/iam",
    },
    ProviderMark {
        label: "kubernetes.azure.com/cluster",
        what: "Azure role assignments may grant on AKS beside RBAC",
        source: "https://learn.microsoft.com/azure/aks/manage-azure-rbac",
    },
    ProviderMark {
        label: "oke.oraclecloud.com/node.info.managed",
        what: "Oracle Cloud IAM may grant on OKE beside RBAC",
        source: "https://docs.oracle.com/iaas/Content/ContEng/Concepts/contengaboutaccesscontrol.htm",
    },
];

/// All marks in a cluster, by the object that bears each.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Marks {
    seen: BTreeMap<ObjectId, AuthorizerMark>,
    /// What a server's answers showed: `incomplete` rules, or a word that differs from ours.
    told: Vec<AuthorizerMark>,
}

impl Marks {
    /// The marks that a cluster bears.
    pub fn build(cluster: &Cluster) -> Self {
        let mut marks = Self::default();
        for pod in cluster.pods.of("kube-system") {
            marks.set(pod.pod_id().object(), of_pod(pod));
        }
        for node in cluster.nodes.iter() {
            marks.set(ObjectId::new(Kind::NODE, "", node.meta.name.clone()), of_node(node));
        }
        marks
    }

    /// Takes in what an object bears now.
    pub fn set(&mut self, id: ObjectId, mark: Option<AuthorizerMark>) {
        match mark {
            Some(mark) => self.seen.insert(id, mark),
            None => self.seen.remove(&id),
        };
    }

    /// Takes in what a server's answer showed.
    pub fn tell(&mut self, mark: AuthorizerMark) {
        if !self.told.contains(&mark) {
            self.told.push(mark);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.told.is_empty()
    }

    /// What could grant to this identity beside RBAC, each authorizer once with the first object that shows it.
    pub fn gaps(&self, identity: &Identity) -> Vec<Gap> {
        self.gaps_of(|it| it.subjects == SubjectClass::Everybody || !identity.is_of_the_cluster())
    }

    /// What could grant to anybody at all beside RBAC.
    pub fn all_gaps(&self) -> Vec<Gap> {
        self.gaps_of(|_| true)
    }

    fn gaps_of(&self, counts: impl Fn(&AuthorizerMark) -> bool) -> Vec<Gap> {
        let mut first: BTreeMap<&AuthorizerMark, Option<&ObjectId>> = BTreeMap::new();
        for (id, mark) in self.seen.iter().filter(|(_, it)| counts(it)) {
            first.entry(mark).or_insert(Some(id));
        }
        for mark in self.told.iter().filter(|it| counts(it)) {
            first.entry(mark).or_insert(None);
        }
        let gap = |(mark, id): (&AuthorizerMark, Option<&ObjectId>)| Gap::Authorizer {
            what: mark.what.clone(),
            seen: id.cloned(),
        };
        first.into_iter().map(gap).collect()
    }
}

/// The mark that a pod bears: a kube-apiserver whose flags name more than Node and RBAC.
pub fn of_pod(pod: &Pod) -> Option<AuthorizerMark> {
    let foreign = pod.authorization_flags().iter().find(|it| is_foreign(it))?;
    Some(AuthorizerMark {
        subjects: SubjectClass::Everybody,
        what: format!("the API server runs with {foreign}").into(),
    })
}

/// Whether a flag asks for an authorizer besides Node and RBAC.
fn is_foreign(flag: &str) -> bool {
    match flag.strip_prefix("--authorization-mode") {
        Some(modes) => {
            let modes = modes.trim_start_matches(['=', ' ']);
            modes.split(',').map(str::trim).any(|it| !matches!(it, "" | "Node" | "RBAC" | "AlwaysDeny"))
        }
        None => flag.starts_with("--authorization-config") || flag.starts_with("--authorization-webhook-"),
    }
}

/// The mark that a node bears: a label of a managed provider.
pub fn of_node(node: &Node) -> Option<AuthorizerMark> {
    let row = MARKS.iter().find(|it| node.labels.get(it.label).is_some())?;
    Some(AuthorizerMark { subjects: SubjectClass::People, what: row.what.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_modes_than_node_and_rbac_are_foreign() {
        assert!(!is_foreign("--authorization-mode=Node,RBAC"));
        assert!(is_foreign("--authorization-mode=Node,RBAC,Webhook"));
        assert!(is_foreign("--authorization-config=/etc/kubernetes/authorization.yaml"));
        assert!(is_foreign("--authorization-webhook-config-file=/etc/kubernetes/webhook.yaml"));
    }
}
