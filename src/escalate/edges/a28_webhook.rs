//! A28: a webhook that sees and changes what others write.

use crate::model::name::Name;
use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A28",
    name: "write an admission webhook",
    what: "changing what everybody writes, a role that an administrator creates among it",
    needs: "create, update or patch mutatingwebhookconfigurations, and a webhook that the API server can call",
    limits: "when somebody writes what the webhook changes, and that the API server reaches it",
    leaves: MoveTrace::Object,
    undo: "delete the webhook configuration, and look at what was written meanwhile",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#control-admission-webhooks"],
    together: None,
    asks: Asks::Anybody(&[&WRITES]),
    moves,
};

static WRITES: Permission = Permission::of(powers::WRITE_MUTATING_WEBHOOKS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_cluster_rights(&WRITES) {
        out.add(&EDGE, right, Foothold::ClusterAdmin, |it| {
            let it = it.may_at(right, &Name::empty(), &right.a_name());
            it.unsure("it waits for an administrator to write something, and the API server must reach the webhook")
        });
    }
}
