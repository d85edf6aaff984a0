//! A07: an ephemeral container in a running pod.

use crate::rbac::capability::Need;

use super::super::admission::admitted;
use super::super::foothold::Foothold;
use super::super::step::{Because, Step};
use super::{Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A07",
    name: "add an ephemeral container",
    what: "code of one's own image in a running pod, in its network and with its service account",
    needs: "patch or update pods/ephemeralcontainers, the pod runs, and its namespace admits the pod as it becomes",
    leaves: Trace::Object,
    undo: "an ephemeral container cannot be removed: delete the pod",
    sources: &["https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/"],
    moves,
};

const NEEDS: &[Need] = &[core(&["patch", "update"], "pods/ephemeralcontainers")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_rights(NEEDS) {
        for namespace in moves.ground.namespaces(&right) {
            for pod in moves.ground.changeable(&namespace) {
                let (id, name) = (pod.pod_id(), pod.name().to_name());
                if !right.is_of(&name) || moves.held.has(&Foothold::Pod(id.clone())) {
                    continue;
                }
                let running = Because::State { object: id.object(), what: "runs".into() };
                let step = Step::new(&EDGE, right.foothold(), Foothold::Pod(id));
                let step = step.because(right.because(moves.ground, &namespace, &name)).because(running);
                steps.extend(admitted(moves.ground, moves.holders(), step, &namespace, pod.mold.standards));
            }
        }
    }
}
