//! A08: another image for a running pod.

use crate::rbac::capability::Need;
use crate::rbac::version::Span;

use super::super::step::Step;
use super::{Edge, Moves, Trace, core, into};

pub(super) const EDGE: Edge = Edge {
    id: "A08",
    name: "change a pod's image",
    what: "code of one's own in a pod once its container starts again, with its service account",
    needs: "patch or update pods, and the pod runs; Pod Security does not judge a change of image",
    leaves: Trace::Object,
    undo: "set the image back, or delete the pod",
    sources: &["https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement"],
    moves,
};

const NEEDS: &[Need] = &[core(&["patch", "update"], "pods")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    into(&EDGE, moves, NEEDS, Span::Always, |ground, namespace| ground.changeable(namespace).collect(), steps);
}
