//! A04 and A31: a privileged pod of one's own on any node, where the namespace admits it or can be made to; or in a new namespace (A32).

use crate::model::security::SecurityLevel;
use crate::rbac::capability::Need;

use super::super::admission::admitted;
use super::super::foothold::Foothold;
use super::super::step::{Certainty, Step};
use super::{CREATES_PODS, Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A04",
    name: "create a privileged pod",
    what: "root on any node",
    needs: "create pods or workloads in a namespace that admits privileged pods, whose labels one may write (A31), or that is new (A32)",
    leaves: Trace::Object,
    undo: "the node is lost: drain it and make it anew",
    sources: &["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
    moves,
};

const NAMESPACES: &[Need] = &[core(&["create"], "namespaces")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    if !moves.has_new_holders() {
        return;
    }
    in_a_new_namespace(moves, steps);
    let Some(first) = moves.ground.nodes().into_iter().find(|it| !moves.held.has(&Foothold::Node(it.clone()))) else {
        return;
    };
    // The node is the pod's choice, so that one namespace does for all.
    let mut best: Option<Step> = None;
    for right in moves.all_rights(CREATES_PODS).filter(|it| it.is_of_all()) {
        for namespace in moves.ground.namespaces(&right) {
            let step = Step::new(&EDGE, right.foothold(), Foothold::Node(first.clone()));
            let step = step.because(right.because(moves.ground, &namespace, ""));
            let step = admitted(moves.ground, moves.holders(), step, &namespace, SecurityLevel::Privileged);
            let Some(step) = step else { continue };
            if step.certainty == Certainty::Certain {
                return on_every_node(moves, step, steps);
            }
            best.get_or_insert(step);
        }
    }
    if let Some(step) = best {
        on_every_node(moves, step, steps);
    }
}

fn on_every_node(moves: &Moves<'_>, step: Step, steps: &mut Vec<Step>) {
    steps.extend(moves.ground.nodes().into_iter().map(|node| Step { to: Foothold::Node(node), ..step.clone() }));
}

/// A32: a namespace of one's own is labelled as one likes.
fn in_a_new_namespace(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    let Some(create) = moves.all_cluster_rights(NAMESPACES).find(|it| it.is_of_all()) else { return };
    let Some(pods) = moves.all_cluster_rights(CREATES_PODS).find(|it| it.is_of_all()) else { return };
    for node in moves.ground.nodes() {
        let step = Step::new(&EDGE, pods.foothold(), Foothold::Node(node)).with(create.foothold());
        let reasons = [create.because(moves.ground, "", ""), pods.because(moves.ground, NEW, "")];
        steps.push(step.because_of(reasons));
    }
}

const NEW: &str = "reach-new";
