//! A29: a policy in the API server that changes what others write.

use crate::model::name::Name;
use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A29",
    name: "write a mutating admission policy",
    what: "changing what everybody writes, without a webhook",
    needs: "create, update or patch mutatingadmissionpolicies, and their bindings, where they are served",
    limits: "when somebody writes what the policy changes, and that the server serves such policies",
    leaves: MoveTrace::Object,
    undo: "delete the policy, and look at what was written meanwhile",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/"],
    together: None,
    asks: Asks::Anybody(&[&WRITES]),
    moves,
};

static WRITES: Permission = Permission::of(powers::WRITE_MUTATING_POLICIES.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_cluster_rights(&WRITES) {
        out.add(&EDGE, right, Foothold::ClusterAdmin, |it| {
            let it = it.may_at(right, &Name::empty(), &right.a_name());
            it.unsure("it waits for an administrator to write something, and the server must serve such policies")
        });
    }
}
