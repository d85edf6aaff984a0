//! A33: a directory of the node behind a PersistentVolume, which Pod Security does not see.

use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::step::Step;
use super::{CREATES_PODS, Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A33",
    name: "create a volume of the node",
    what: "writing files of any node, and so root on it",
    needs: "create persistentvolumes, persistentvolumeclaims, and pods or workloads",
    leaves: Trace::Object,
    undo: "the node is lost: drain it and make it anew",
    sources: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#persistent-volume-creation",
        "CIS 5.1.9",
    ],
    moves,
};

const VOLUMES: &[Need] = &[core(&["create"], "persistentvolumes")];
const CLAIMS: &[Need] = &[core(&["create"], "persistentvolumeclaims")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    if !moves.has_new_holders() {
        return;
    }
    let Some(volume) = moves.all_cluster_rights(VOLUMES).find(|it| it.is_of_all()) else { return };
    for pod in moves.all_rights(CREATES_PODS).filter(|it| it.is_of_all()) {
        for namespace in moves.ground.namespaces(&pod) {
            let is_there = |it: &super::super::rights::Right<'_>| it.is_of_all() && it.is_in(&namespace);
            let Some(claim) = moves.all_rights(CLAIMS).find(is_there) else { continue };
            for node in moves.ground.nodes() {
                let step = Step::new(&EDGE, pod.foothold(), Foothold::Node(node));
                let step = step.with(volume.foothold()).with(claim.foothold());
                let reasons = [
                    volume.because(moves.ground, "", ""),
                    claim.because(moves.ground, &namespace, ""),
                    pod.because(moves.ground, &namespace, ""),
                ];
                steps.push(step.because_of(reasons));
            }
            return;
        }
    }
}
