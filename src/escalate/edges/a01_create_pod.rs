//! A01: a pod of one's own, which acts as any service account of its namespace.

use crate::rbac::capability::Need;

use super::super::step::Step;
use super::{Edge, Moves, Trace, as_any_account, core};

pub(super) const EDGE: Edge = Edge {
    id: "A01",
    name: "create a pod",
    what: "acting as any service account of the namespace, whose token is mounted into the new pod",
    needs: "create pods",
    leaves: Trace::Object,
    undo: "delete the pod",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation", "CIS 5.1.4"],
    moves,
};

const NEEDS: &[Need] = &[core(&["create"], "pods")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    as_any_account(&EDGE, moves, NEEDS, steps);
}
