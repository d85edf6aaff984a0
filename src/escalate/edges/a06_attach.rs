//! A06: the streams of a running pod's process.

use crate::rbac::capability::Need;
use crate::rbac::version::Span;

use super::super::step::Step;
use super::{Edge, Moves, Trace, core, into_running_pods_unsure};

pub(super) const EDGE: Edge = Edge {
    id: "A06",
    name: "attach to a pod",
    what: "the streams of a process in a running pod, which are a shell where it reads its stdin",
    needs: "create pods/attach (before 1.35 also get), and the pod runs",
    leaves: Trace::Audited,
    undo: "nothing stays",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
    moves,
};

const CREATE: &[Need] = &[core(&["create"], "pods/attach")];
const GET: &[Need] = &[core(&["get"], "pods/attach")];
const WHY: &str = "whether its process reads its stdin is not known";

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    into_running_pods_unsure(&EDGE, moves, CREATE, Span::Always, WHY, steps);
    into_running_pods_unsure(&EDGE, moves, GET, Span::Before(35), WHY, steps);
}
