//! A02: a workload of one's own, whose pods act as any service account of its namespace.

use super::super::step::Step;
use super::{CREATES_WORKLOADS, Edge, Moves, Trace, as_any_account};

pub(super) const EDGE: Edge = Edge {
    id: "A02",
    name: "create a workload",
    what: "acting as any service account of the namespace, in pods that a controller makes",
    needs: "create deployments, replicasets, statefulsets, daemonsets, jobs, cronjobs or replicationcontrollers",
    leaves: Trace::Object,
    undo: "delete the workload",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation", "CIS 5.1.4"],
    moves,
};

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    as_any_account(&EDGE, moves, CREATES_WORKLOADS, steps);
}
