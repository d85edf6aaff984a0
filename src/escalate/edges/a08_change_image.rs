//! A08: another image for a running pod.

use crate::rbac::powers;

use super::super::admission::RELABELS;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::{Region, Which};
use super::{Edge, JointNeed, MoveTrace, as_admitted};

pub(super) static EDGE: Edge = Edge {
    id: "A08",
    name: "change a pod's image",
    what: "code of one's own in a pod once its container starts again, with its service account",
    needs: "patch or update pods, the pod runs, and its namespace admits the pod as it is",
    limits: "that the container starts again at once; a pod whose owner makes it anew loses the image",
    leaves: MoveTrace::Object,
    undo: "set the image back, or delete the pod",
    sources: &[
        "https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement",
        "https://github.com/kubernetes/pod-security-admission (isSignificantPodUpdate)",
    ],
    together: Some(JointNeed::rights(2).to(|_, scope| vec![Region::Pods(scope.clone(), Which::Running)])),
    asks: Asks::Anybody(&[&CHANGES, &RELABELS]),
    moves,
};

static CHANGES: Permission = Permission::of(powers::CHANGE_PODS.needs);

/// Pod Security judges the whole pod again when an image changes, by the namespace's labels as they are then.
fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights_beside(&CHANGES, &RELABELS) {
        as_admitted(&EDGE, moves, right, out);
    }
}
