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
mod a10_privileged_template;
mod a11_read_secrets;
mod a12_token_secret;
mod a13_token_request;
mod a14_constrained;
mod a14_impersonate;
mod a16_escalate;
mod a16_own_role;
mod a17_bind;
mod a19_aggregate;
mod a21_revive_account;
mod a22_client_certificate;
mod a24_bootstrap_token;
mod a25_node_credential;
mod a26_nodes_proxy;
mod a28_webhook;
mod a29_mutating_policy;
mod a33_persistent_volume;
mod a34_storage_class;
mod a35_api_group;
mod a38_claim_address;
mod a39_take_traffic;
mod a40_steal_pods;
mod a41_bind_pod;
mod a43_config_maps;
mod a44_deputy;
mod a52_everything;
mod admitted;
mod backend;
mod container_to_node;
mod member;
mod pod_token;

pub(super) use a14_constrained::ON as LOOKED_UP;
pub(super) use a16_escalate::may_escalate;
pub use a44_deputy::DEPUTIES;
pub(super) use backend::selects;
pub(super) use container_to_node::way_out;
pub(super) use pod_token::mounting;

use crate::model::name::Name;
use crate::rbac::powers;
use crate::rbac::powers::Need;
use crate::rbac::version::Span;

use admitted::as_admitted;

use super::Ground;
use super::foothold::Foothold;
use super::moves::{Moves, Out, new_name_anywhere};
use super::powers::{Asks, Permission};
use super::region::{Region, Which};
use super::rights::Right;
use super::step::Certainty;

/// What a move leaves behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MoveTrace {
    /// Nothing but an entry in the audit log, if there is one.
    Audited,
    /// An object that stays until somebody deletes it.
    Object,
    /// Nothing that the API server sees.
    Unseen,
}

/// What a move takes at least that several holders make together.
#[derive(Clone, Copy)]
pub struct JointNeed {
    /// So many different rights of those that its edge asks for.
    pub rights: usize,
    /// The powers among them whose rights must be for all objects, not for those of some names.
    pub of_all: &'static [&'static Permission],
    /// The surest that such a move is.
    pub certainty: Certainty,
    /// What is held besides by another, be it no right; `None`: they differ in who holds which of the rights.
    pub beside: Option<fn(&Region) -> bool>,
    /// What it leads to where its rights are held in a namespace (empty: everywhere), or more than that, each by itself;
    /// `None`: that differs.
    pub to: Option<LeadsTo>,
}

/// What a move leads to where its rights are held in a namespace (empty: everywhere).
pub type LeadsTo = fn(&Ground<'_>, &Name) -> Vec<Region>;

impl JointNeed {
    /// Rights of several holders.
    const fn rights(rights: usize) -> Self {
        Self { rights, of_all: &[], certainty: Certainty::Certain, beside: None, to: None }
    }

    /// Rights that may be one holder's, beside something that another holds.
    const fn beside(rights: usize, beside: fn(&Region) -> bool) -> Self {
        Self { beside: Some(beside), ..Self::rights(rights) }
    }

    /// The same, where rights of these powers are for all objects.
    const fn of_all(self, of_all: &'static [&'static Permission]) -> Self {
        Self { of_all, ..self }
    }

    /// The same, which is never sure.
    const fn unsure(self) -> Self {
        Self { certainty: Certainty::Unsure, ..self }
    }

    /// The same, which leads to this.
    const fn to(self, to: LeadsTo) -> Self {
        Self { to: Some(to), ..self }
    }
}

/// One sort of move.
pub struct Edge {
    pub id: &'static str,
    pub name: &'static str,
    /// What it gives, in one clause.
    pub what: &'static str,
    /// What it needs, in one clause.
    pub needs: &'static str,
    /// What it does not say, in one clause: what else may stand in the way, or what it does not give.
    pub limits: &'static str,
    pub leaves: MoveTrace,
    /// How to undo what it did, or why that cannot be.
    pub undo: &'static str,
    pub sources: &'static [&'static str],
    /// What it takes where several holders make a move of it together; `None`: one holder makes it alone.
    pub together: Option<JointNeed>,
    /// The powers that it asks for: it is asked when one of them is new, of one identity whenever one is held. One that asks for none is asked each time.
    pub asks: Asks,
    /// The moves that what was taken last makes possible.
    pub moves: fn(&Moves<'_>, &mut Out<'_>),
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

/// A need of the core group.
pub(super) const fn core(verbs: &'static [&'static str], resource: &'static str) -> Need {
    Need { verbs, group: "", resource }
}

/// What one holds already.
pub static SELF: Edge = Edge {
    id: "self",
    name: "is it already",
    what: "what one holds already",
    needs: "nothing",
    limits: "",
    leaves: MoveTrace::Unseen,
    undo: "nothing was done",
    sources: &[],
    together: None,
    asks: Asks::Nothing,
    moves: |_, _| {},
};

/// Making pods, by oneself or by a controller.
pub(super) static CREATES_PODS: Permission = Permission::of(powers::RUN_PODS.needs);

/// The same by a controller alone.
pub(super) static CREATES_WORKLOADS: Permission = Permission::of(powers::CREATE_WORKLOADS.needs);

/// Changing the template of a workload; that of a Job cannot be changed.
pub(super) static CHANGES_WORKLOADS: Permission = Permission::of(powers::CHANGE_WORKLOADS.needs);

/// The moves of whoever may do something to pods that ends in code there.
pub(super) fn into_pods(
    edge: &'static Edge,
    moves: &Moves<'_>,
    power: &'static Permission,
    span: Span,
    which: Which,
    out: &mut Out<'_>,
) {
    let Some(sure) = moves.on(span) else { return };
    for right in moves.new_rights(power) {
        for pods in moves.pods_of(right, which) {
            out.add(edge, right, pods, |it| it.may(right).is("runs").on_versions(sure));
        }
    }
}

/// The moves of whoever makes pods, which act as any service account of the namespace.
pub(super) fn as_any_account(edge: &'static Edge, moves: &Moves<'_>, power: &'static Permission, out: &mut Out<'_>) {
    for (right, scope, name) in creating(moves, power) {
        out.add(edge, right, Region::Accounts(scope), |it| it.may_beside(right, &name));
    }
}

/// The rights by which something new is made, each with where and with its name (empty: any).
pub(super) fn creating<'a>(moves: &Moves<'a>, power: &'static Permission) -> Vec<(&'a Right, Name, Name)> {
    let mut all = Vec::new();
    for right in moves.new_rights(power) {
        if right.is_of_all() {
            all.push((right, right.scope.clone(), Name::empty()));
            continue;
        }
        let anywhere = || new_name_anywhere(moves.ground, right);
        if let Some(name) = right.scope.is_empty().then(anywhere).flatten() {
            all.push((right, right.scope.clone(), name));
        } else if right.makes() {
            let named = moves.namespaces(right);
            all.extend(named.iter().filter_map(|it| Some((right, it.clone(), moves.new_name(right, it)?))));
        }
    }
    all
}

/// All Secrets of a namespace (empty: of every one).
pub(super) fn all_secrets(namespace: &Name) -> Region {
    match namespace.is_empty() {
        true => Region::Secrets,
        false => Region::One(Foothold::Secrets { namespace: namespace.clone(), name: None }),
    }
}

/// Every edge, in the order in which ways of one length are preferred.
pub static EDGES: &[&Edge] = &[
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
    &a19_aggregate::EDGE,
    &container_to_node::EDGE,
    &a04_privileged_pod::EDGE,
    &a10_privileged_template::EDGE,
    &a33_persistent_volume::EDGE,
    &a34_storage_class::EDGE,
    &a25_node_credential::EDGE,
    &a26_nodes_proxy::EDGE,
    &a22_client_certificate::EDGE,
    &a24_bootstrap_token::EDGE,
    &a28_webhook::EDGE,
    &a29_mutating_policy::EDGE,
    &a35_api_group::EDGE,
    &backend::EDGE,
    &a39_take_traffic::EDGE,
    &a38_claim_address::EDGE,
    &a40_steal_pods::EDGE,
    &a41_bind_pod::EDGE,
    &a43_config_maps::EDGE,
    &a44_deputy::EDGE,
];
