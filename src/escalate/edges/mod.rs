//! Every move there is: one file and one line each.
//!
//! The numbers are those of docs/reach.md, which is made of this table.

mod a01_create_pod;
mod a02_create_workload;
mod a03_mount_secret;
mod a04_privileged_pod;
mod a05_exec;
mod a06_attach;
mod a07_ephemeral_container;
mod a08_change_image;
mod a09_change_workload;
mod a11_read_secrets;
mod a12_token_secret;
mod a13_token_request;
mod a14_impersonate;
mod a16_escalate;
mod a17_bind;
mod a21_revive_account;
mod a22_client_certificate;
mod a24_bootstrap_token;
mod a25_node_credential;
mod a26_nodes_proxy;
mod a28_webhook;
mod a29_mutating_policy;
mod a33_persistent_volume;
mod a39_take_traffic;
mod a52_everything;
mod container_to_node;
mod member;
mod pod_token;

use crate::model::evidence::Outcome;
use crate::model::facts::SharedPod;
use crate::rbac::capability::Need;
use crate::rbac::served::Reach;
use crate::rbac::version::Span;

use super::Ground;
use super::foothold::Foothold;
use super::held::{Entry, Held, Holder};
use super::places::ByNode;
use super::rights::{Right, rights};
use super::step::{Because, Step};

/// What a move leaves behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trace {
    /// Nothing but an entry in the audit log, if there is one.
    Audited,
    /// An object that stays until somebody deletes it.
    Object,
    /// Nothing that the API server sees.
    Unseen,
}

/// One sort of move.
pub struct Edge {
    pub id: &'static str,
    pub name: &'static str,
    /// What it gives, in one clause.
    pub what: &'static str,
    /// What it needs, in one clause.
    pub needs: &'static str,
    pub leaves: Trace,
    /// How to undo what it did, or why that cannot be.
    pub undo: &'static str,
    pub sources: &'static [&'static str],
    /// The moves that what was taken last makes possible.
    pub moves: fn(&Moves<'_>, &mut Vec<Step>),
}

impl PartialEq for Edge {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.id)
    }
}

/// What an edge is asked about: all that is held, and what of it was taken last.
pub struct Moves<'a> {
    pub ground: &'a Ground<'a>,
    pub held: &'a Held,
    pub last: &'a [Entry],
    /// How many holders there were before the last were taken.
    pub before: usize,
    pub by_node: &'a ByNode,
}

impl<'a> Moves<'a> {
    /// Rights of the identities that were taken last, in namespaces and cluster-wide.
    pub fn new_rights(&self, needs: &'static [Need]) -> impl Iterator<Item = Right<'a>> {
        rights(&self.held.holders[self.before..], needs, Reach::Namespaced)
    }

    /// The same for what stands in no namespace.
    pub fn new_cluster_rights(&self, needs: &'static [Need]) -> impl Iterator<Item = Right<'a>> {
        rights(&self.held.holders[self.before..], needs, Reach::Cluster)
    }

    /// Rights of every identity that is held.
    pub fn all_rights(&self, needs: &'static [Need]) -> impl Iterator<Item = Right<'a>> {
        rights(&self.held.holders, needs, Reach::Namespaced)
    }

    /// The same for what stands in no namespace.
    pub fn all_cluster_rights(&self, needs: &'static [Need]) -> impl Iterator<Item = Right<'a>> {
        rights(&self.held.holders, needs, Reach::Cluster)
    }

    /// All holders.
    pub fn holders(&self) -> &'a [Holder] {
        &self.held.holders
    }

    /// Whether an identity was taken last, so that two halves of a move may meet now.
    pub fn has_new_holders(&self) -> bool {
        self.held.holders.len() > self.before
    }

    /// What was taken last.
    pub fn last(&self) -> impl Iterator<Item = &'a Foothold> {
        self.last.iter().map(|it| &it.foothold)
    }
}

/// A need of the core group.
pub(super) const fn core(verbs: &'static [&'static str], resource: &'static str) -> Need {
    Need { verbs, group: "", resource }
}

/// What one holds already.
pub const SELF: Edge = Edge {
    id: "self",
    name: "is it already",
    what: "what one holds already",
    needs: "nothing",
    leaves: Trace::Unseen,
    undo: "nothing was done",
    sources: &[],
    moves: |_, _| {},
};

/// Making pods, by oneself or by a controller.
pub(super) const CREATES_PODS: &[Need] = &[
    core(&["create"], "pods"),
    Need { verbs: &["create"], group: "apps", resource: "deployments" },
    Need { verbs: &["create"], group: "apps", resource: "replicasets" },
    Need { verbs: &["create"], group: "apps", resource: "statefulsets" },
    Need { verbs: &["create"], group: "apps", resource: "daemonsets" },
    Need { verbs: &["create"], group: "batch", resource: "jobs" },
    Need { verbs: &["create"], group: "batch", resource: "cronjobs" },
    core(&["create"], "replicationcontrollers"),
];

/// The same by a controller alone.
pub(super) const CREATES_WORKLOADS: &[Need] = CREATES_PODS.split_at(1).1;

/// Changing the template of a workload; that of a Job cannot be changed.
pub(super) const CHANGES_WORKLOADS: &[Need] = &[
    Need { verbs: &["patch", "update"], group: "apps", resource: "deployments" },
    Need { verbs: &["patch", "update"], group: "apps", resource: "replicasets" },
    Need { verbs: &["patch", "update"], group: "apps", resource: "statefulsets" },
    Need { verbs: &["patch", "update"], group: "apps", resource: "daemonsets" },
    Need { verbs: &["patch", "update"], group: "batch", resource: "cronjobs" },
    core(&["patch", "update"], "replicationcontrollers"),
];

/// The moves of whoever may do something to running pods that ends in code there.
pub(super) fn into_running_pods(
    edge: &'static Edge,
    moves: &Moves<'_>,
    needs: &'static [Need],
    span: Span,
    steps: &mut Vec<Step>,
) {
    into(edge, moves, needs, span, |ground, namespace| ground.running(namespace).collect(), steps);
}

/// The moves into the pods that `pods` gives of a namespace.
pub(super) fn into<'a>(
    edge: &'static Edge,
    moves: &Moves<'a>,
    needs: &'static [Need],
    span: Span,
    pods: impl Fn(&'a Ground<'a>, &str) -> Vec<&'a SharedPod>,
    steps: &mut Vec<Step>,
) {
    let sure = span.holds(moves.ground.version);
    if sure == Outcome::Deny {
        return;
    }
    for right in moves.new_rights(needs) {
        for namespace in moves.ground.namespaces(&right) {
            for pod in pods(moves.ground, &namespace) {
                let (id, name) = (pod.pod_id(), pod.name().to_name());
                if !right.is_of(&name) || moves.held.has(&Foothold::Pod(id.clone())) {
                    continue;
                }
                let runs = Because::State { object: id.object(), what: "runs".into() };
                let step = Step::new(edge, right.foothold(), Foothold::Pod(id));
                let step = step.because(right.because(moves.ground, &namespace, &name)).because(runs);
                steps.push(if sure == Outcome::Allow { step } else { step.unsure(None, VERSION) });
            }
        }
    }
}

const VERSION: &str = "only some versions of Kubernetes allow it, and the server's is not known";

/// The same where it is not known whether that ends in code.
pub(super) fn into_running_pods_unsure(
    edge: &'static Edge,
    moves: &Moves<'_>,
    needs: &'static [Need],
    span: Span,
    why: &'static str,
    steps: &mut Vec<Step>,
) {
    let mut certain = Vec::new();
    into_running_pods(edge, moves, needs, span, &mut certain);
    steps.extend(certain.into_iter().map(|it| it.unsure(None, why)));
}

/// The moves of whoever makes pods, which act as any service account of the namespace.
pub(super) fn as_any_account(edge: &'static Edge, moves: &Moves<'_>, needs: &'static [Need], steps: &mut Vec<Step>) {
    for right in moves.new_rights(needs).filter(|it| it.is_of_all()) {
        for namespace in moves.ground.namespaces(&right) {
            let because = right.because(moves.ground, &namespace, "");
            let accounts = moves.ground.accounts(&namespace);
            steps.extend(accounts.into_iter().map(|it| Step::new(edge, right.foothold(), it).because(because.clone())));
        }
    }
}

/// Every edge, in the order in which ways of one length are preferred.
pub const EDGES: &[&Edge] = &[
    &member::EDGE,
    &a52_everything::EDGE,
    &pod_token::EDGE,
    &a05_exec::EDGE,
    &a06_attach::EDGE,
    &a07_ephemeral_container::EDGE,
    &a08_change_image::EDGE,
    &a01_create_pod::EDGE,
    &a02_create_workload::EDGE,
    &a09_change_workload::EDGE,
    &a13_token_request::EDGE,
    &a14_impersonate::EDGE,
    &a21_revive_account::EDGE,
    &a11_read_secrets::EDGE,
    &a03_mount_secret::EDGE,
    &a12_token_secret::EDGE,
    &a16_escalate::EDGE,
    &a17_bind::EDGE,
    &container_to_node::EDGE,
    &a04_privileged_pod::EDGE,
    &a33_persistent_volume::EDGE,
    &a25_node_credential::EDGE,
    &a26_nodes_proxy::EDGE,
    &a22_client_certificate::EDGE,
    &a24_bootstrap_token::EDGE,
    &a28_webhook::EDGE,
    &a29_mutating_policy::EDGE,
    &a39_take_traffic::EDGE,
];
