//! A03: Secrets that a pod of one's own mounts.

use super::super::foothold::Foothold;
use super::super::step::Step;
use super::{CREATES_PODS, Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "A03",
    name: "mount Secrets",
    what: "the content of every Secret of the namespace whose name is known, without a verb on secrets",
    needs: "create pods or workloads",
    leaves: Trace::Object,
    undo: "delete the pod, and change what stood in them",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation"],
    moves,
};

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_rights(CREATES_PODS).filter(|it| it.is_of_all()) {
        for namespace in moves.ground.namespaces(&right) {
            let because = right.because(moves.ground, &namespace, "");
            let to = Foothold::Secrets { namespace, name: None };
            steps.push(Step::new(&EDGE, right.foothold(), to).because(because));
        }
    }
}
