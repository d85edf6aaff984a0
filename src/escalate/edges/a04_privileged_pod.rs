//! A04 and A31: a privileged pod of one's own on any node, where the namespace admits it or can be made to; or in a new namespace (A32).

use crate::model::name::Name;
use crate::model::security::SecurityLevel;

use super::super::admission::{Pass, RELABELS, pass};
use super::super::moves::{Move, Moves, Out};
use super::super::powers::{Asks, Power};
use super::super::region::Region;
use super::super::rights::Right;
use super::super::step::Certainty;
use super::{CREATES_PODS, Edge, Trace, core};

pub(super) static EDGE: Edge = Edge {
    id: "A04",
    name: "create a privileged pod",
    what: "root on any node",
    needs: "create pods or workloads in a namespace that admits privileged pods, whose labels one may write (A31), or that is new (A32)",
    limits: "that a node has room; RuntimeClasses and users that the cluster exempts from Pod Security; on OpenShift it needs a constraint (A45) besides",
    leaves: Trace::Object,
    undo: "the node is lost: drain it and make it anew",
    sources: &["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
    asks: Asks::Anybody(&[&CREATES_PODS, &CREATES_NAMESPACES, &RELABELS]),
    moves,
};

static CREATES_NAMESPACES: Power = Power::of(&[core(&["create"], "namespaces")]);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    if moves.is_held(&Region::Nodes) {
        return;
    }
    in_a_new_namespace(moves, out);
    // The node is the pod's choice, so that one namespace does for all.
    if let Some((right, namespace, pass)) = best(moves) {
        let name = moves.new_name(right, &namespace).unwrap_or_default();
        let rests = |it: Move| pass.on(it.may_at(right, &namespace, &name), &namespace);
        out.add(&EDGE, right, Region::Nodes, rests);
    }
}

/// The first namespace that surely admits the pod, else the first that may.
fn best<'a>(moves: &Moves<'a>) -> Option<(&'a Right, Name, Pass<'a>)> {
    let mut unsure = None;
    for right in moves.new_rights_beside(&CREATES_PODS, &RELABELS).filter(|it| it.makes()) {
        for namespace in moves.namespaces(right) {
            if moves.new_name(right, &namespace).is_none() {
                continue;
            }
            match pass(moves.ground, moves.held, &namespace, SecurityLevel::Privileged) {
                Some(pass) if pass.certainty() == Certainty::Certain => return Some((right, namespace, pass)),
                Some(pass) if unsure.is_none() => unsure = Some((right, namespace, pass)),
                _ => {}
            }
        }
    }
    unsure
}

/// A32: a namespace of one's own is labelled as one likes.
fn in_a_new_namespace(moves: &Moves<'_>, out: &mut Out<'_>) {
    let none = Name::empty();
    for (_, create, pods) in moves.new_pairs(&CREATES_NAMESPACES, &CREATES_PODS, false) {
        if create.scope.is_empty() && pods.scope.is_empty() {
            let rests = |it: Move| it.may_at(create, &none, &none).may_at(pods, &NEW.into(), &none);
            return out.add(&EDGE, pods, Region::Nodes, rests);
        }
    }
}

const NEW: &str = "reach-new";
