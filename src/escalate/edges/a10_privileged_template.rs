//! A10: the template of a workload that is there, made privileged, where the namespace admits that or can be made to.

use super::super::admission::RELABELS;
use super::super::moves::{Moves, Out};
use super::super::powers::Asks;
use super::super::region::Region;
use super::super::step::Certainty;
use super::a04_privileged_pod::in_some_namespace;
use super::a09_change_workload::{changeable, homes};
use super::{CHANGES_WORKLOADS, Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A10",
    name: "make a workload privileged",
    what: "root on any node",
    needs: "patch or update a workload that is there, in a namespace that admits privileged pods or whose labels one may write (A31)",
    limits: "the same as A04",
    leaves: MoveTrace::Object,
    undo: "the node is lost: drain it and make it anew",
    sources: &["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
    together: Some(JointNeed::rights(2).to(|_, _| vec![Region::Nodes])),
    asks: Asks::Anybody(&[&CHANGES_WORKLOADS, &RELABELS]),
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    if moves.is_held(&Region::Nodes) {
        return;
    }
    let mut best = None;
    for right in moves.new_rights_beside(&CHANGES_WORKLOADS, &RELABELS) {
        // Whoever may change workloads of some names alone finds none of them almost everywhere.
        let is_nowhere = !right.is_of_all() && homes(moves, right).is_empty();
        let found = (!is_nowhere).then(|| in_some_namespace(moves, right, |it| changeable(moves, right, it))).flatten();
        let Some((namespace, workload, pass)) = found else { continue };
        if pass.certainty() == Certainty::Certain {
            best = Some((right, namespace, workload, pass));
            break;
        }
        best = best.or(Some((right, namespace, workload, pass)));
    }
    let Some((right, namespace, workload, pass)) = best else { return };
    out.add(&EDGE, right, Region::Nodes, |it| {
        let it = it.may_at(right, &namespace, &workload.name).state(workload.clone(), "is there");
        pass.on(it, &namespace)
    });
}
