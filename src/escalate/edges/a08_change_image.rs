//! A08: another image for a running pod.

use crate::rbac::capability::Need;
use crate::rbac::version::Span;

use super::super::admission::admitted;
use super::super::foothold::Foothold;
use super::super::step::Step;
use super::{Edge, Moves, Trace, core, into};

pub(super) const EDGE: Edge = Edge {
    id: "A08",
    name: "change a pod's image",
    what: "code of one's own in a pod once its container starts again, with its service account",
    needs: "patch or update pods, the pod runs, and its namespace admits the pod as it is",
    leaves: Trace::Object,
    undo: "set the image back, or delete the pod",
    sources: &[
        "https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement",
        "https://github.com/kubernetes/pod-security-admission (isSignificantPodUpdate)",
    ],
    moves,
};

const NEEDS: &[Need] = &[core(&["patch", "update"], "pods")];

/// Pod Security judges the whole pod again when an image changes, by the namespace's labels as they are then.
fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    let mut changed = Vec::new();
    into(&EDGE, moves, NEEDS, Span::Always, |ground, namespace| ground.changeable(namespace).collect(), &mut changed);
    for step in changed {
        let Foothold::Pod(id) = &step.to else { continue };
        let Some(pod) = moves.ground.pod(id) else { continue };
        let (namespace, meets) = (id.namespace.clone(), pod.mold.standards);
        steps.extend(admitted(moves.ground, moves.holders(), step, &namespace, meets));
    }
}
