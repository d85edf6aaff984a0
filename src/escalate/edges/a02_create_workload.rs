//! A02: a workload of one's own, whose pods act as any service account of its namespace.

use super::super::moves::{Moves, Out};
use super::super::powers::Asks;
use super::{CREATES_WORKLOADS, Edge, MoveTrace, as_any_account};

pub(super) static EDGE: Edge = Edge {
    id: "A02",
    name: "create a workload",
    what: "acting as any service account of the namespace, in pods that a controller makes",
    needs: "create deployments, replicasets, statefulsets, daemonsets, jobs, cronjobs or replicationcontrollers",
    limits: "the same as A01; that the controller is not stopped",
    leaves: MoveTrace::Object,
    undo: "delete the workload",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation", "CIS 5.1.4"],
    together: None,
    asks: Asks::Anybody(&[&CREATES_WORKLOADS]),
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    as_any_account(&EDGE, moves, &CREATES_WORKLOADS, out);
}
