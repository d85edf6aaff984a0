//! A07: an ephemeral container in a running pod.

use crate::rbac::powers;

use super::super::admission::RELABELS;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::{Region, Which};
use super::{Edge, JointNeed, MoveTrace, as_admitted};

pub(super) static EDGE: Edge = Edge {
    id: "A07",
    name: "add an ephemeral container",
    what: "code of one's own image in a running pod, in its network and with its service account",
    needs: "patch or update pods/ephemeralcontainers, the pod runs, and its namespace admits the pod as it becomes",
    limits: "that the kubelet can pull the image; what another container's own files hold, where process namespaces are not shared",
    leaves: MoveTrace::Object,
    undo: "an ephemeral container cannot be removed: delete the pod",
    sources: &["https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/"],
    together: Some(JointNeed::rights(2).to(|_, scope| vec![Region::Pods(scope.clone(), Which::Running)])),
    asks: Asks::Anybody(&[&CHANGES, &RELABELS]),
    moves,
};

static CHANGES: Permission = Permission::of(powers::DEBUG.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights_beside(&CHANGES, &RELABELS) {
        as_admitted(&EDGE, moves, right, out);
    }
}
