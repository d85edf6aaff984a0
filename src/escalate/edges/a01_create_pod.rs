//! A01: a pod of one's own, which acts as any service account of its namespace.

use crate::rbac::powers;

use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::{Edge, MoveTrace, as_any_account};

pub(super) static EDGE: Edge = Edge {
    id: "A01",
    name: "create a pod",
    what: "acting as any service account of the namespace, whose token is mounted into the new pod",
    needs: "create pods",
    limits: "that an image can be pulled and a node has room; webhooks may refuse the pod",
    leaves: MoveTrace::Object,
    undo: "delete the pod",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation", "CIS 5.1.4"],
    together: None,
    asks: Asks::Anybody(&[&CREATE]),
    moves,
};

static CREATE: Permission = Permission::of(powers::CREATE_PODS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    as_any_account(&EDGE, moves, &CREATE, out);
}
