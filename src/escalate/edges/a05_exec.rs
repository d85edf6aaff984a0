//! A05: a shell in a running pod.

use crate::rbac::capability::Need;
use crate::rbac::version::Span;

use super::super::step::Step;
use super::{Edge, Moves, Trace, core, into_running_pods};

pub(super) const EDGE: Edge = Edge {
    id: "A05",
    name: "exec into a pod",
    what: "code in a running pod: its token, its mounts, its place in the network",
    needs: "create pods/exec (before 1.35 also get), and the pod runs",
    leaves: Trace::Audited,
    undo: "nothing stays; what was run is not in the audit log",
    sources: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        "https://kubernetes.io/docs/reference/access-authn-authz/authorization/",
    ],
    moves,
};

const CREATE: &[Need] = &[core(&["create"], "pods/exec")];
const GET: &[Need] = &[core(&["get"], "pods/exec")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    into_running_pods(&EDGE, moves, CREATE, Span::Always, steps);
    into_running_pods(&EDGE, moves, GET, Span::Before(35), steps);
}
