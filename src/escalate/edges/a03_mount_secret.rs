//! A03: Secrets that a pod of one's own mounts.

use super::super::moves::{Moves, Out};
use super::super::powers::Asks;
use super::{CREATES_PODS, Edge, MoveTrace, all_secrets, creating};

pub(super) static EDGE: Edge = Edge {
    id: "A03",
    name: "mount Secrets",
    what: "the content of every Secret of the namespace whose name is known, without a verb on secrets",
    needs: "create pods or workloads",
    limits: "Secrets whose names cannot be known or guessed",
    leaves: MoveTrace::Object,
    undo: "delete the pod, and change what stood in them",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation"],
    together: None,
    asks: Asks::Anybody(&[&CREATES_PODS]),
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for (right, scope, name) in creating(moves, &CREATES_PODS) {
        out.add(&EDGE, right, all_secrets(&scope), |it| it.may_beside(right, &name));
    }
}
