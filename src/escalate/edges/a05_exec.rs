//! A05: a shell in a running pod.

use crate::rbac::powers;
use crate::rbac::version::Span;

use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Which;
use super::{Edge, MoveTrace, into_pods};

pub(super) static EDGE: Edge = Edge {
    id: "A05",
    name: "exec into a pod",
    what: "code in a running pod: its token, its mounts, its place in the network",
    needs: "create pods/exec (before 1.35 also get), and the pod runs",
    limits: "that the image has a shell, or anything else to run",
    leaves: MoveTrace::Audited,
    undo: "nothing stays; what was run is not in the audit log",
    sources: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        "https://kubernetes.io/docs/reference/access-authn-authz/authorization/",
    ],
    together: None,
    asks: Asks::Anybody(&[&CREATE, &GET]),
    moves,
};

static CREATE: Permission = Permission::of(powers::EXEC.needs);
static GET: Permission = Permission::of(powers::EXEC_BY_GET.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    into_pods(&EDGE, moves, &CREATE, Span::Always, Which::Running, out);
    into_pods(&EDGE, moves, &GET, Span::Before(35), Which::Running, out);
}
