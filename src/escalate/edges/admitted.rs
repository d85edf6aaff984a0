//! Pods that run and are changed, where their namespaces admit them as they become: in one namespace, or everywhere at once.

use std::collections::BTreeSet;

use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;

use super::super::Ground;
use super::super::admission::{Admission, RELABELS, admission, admitted, pass, relabelled};
use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::region::{Region, Which};
use super::super::rights::Right;
use super::super::step::Certainty;
use super::Edge;

/// The moves of whoever changes pods that run, where their namespaces admit them as they become.
pub(super) fn as_admitted(edge: &'static Edge, moves: &Moves<'_>, right: &Right, out: &mut Out<'_>) {
    if out.has(right, &Region::Pods(right.scope.clone(), Which::Changeable)) {
        return;
    }
    // On OpenShift what admits a pod differs by who asks.
    if right.is_of_all() && right.scope.is_empty() && !moves.ground.is_openshift() {
        return everywhere(edge, moves, right, out);
    }
    let named = right.names().iter().flat_map(|it| moves.homes(right, "pods", it).to_vec());
    let homes: BTreeSet<Name> = named.collect();
    let all = if right.is_of_all() { moves.namespaces(right) } else { homes.into_iter().collect() };
    all.iter().for_each(|it| in_namespace(edge, moves, right, it, out));
}

/// Those of one namespace.
fn in_namespace(edge: &'static Edge, moves: &Moves<'_>, right: &Right, namespace: &Name, out: &mut Out<'_>) {
    for meets in moves.ground.place(namespace).standards() {
        let pass = pass(moves.ground, moves.held, namespace, *meets);
        let Some(pass) = pass.filter(|it| out.takes(it.certainty())) else { continue };
        for pods in moves.pods_in(right, namespace, Which::Meeting(*meets)) {
            out.add(edge, right, pods, |it| pass.on(it.may(right).is("runs"), namespace));
        }
    }
}

/// Those of all namespaces: that are admitted as they are, and what labels that one may write lets in besides.
fn everywhere(edge: &'static Edge, moves: &Moves<'_>, right: &Right, out: &mut Out<'_>) {
    let pods = |which| Region::Pods(Name::empty(), which);
    out.add(edge, right, pods(Which::Admitted), |it| it.may(right).is("runs").told(admits));
    if let Some(relabel) = moves.held.right_in(&RELABELS, &Name::empty()) {
        return out.add(edge, right, pods(Which::Changeable), |it| {
            it.may(right).is("runs").may_on_namespace(relabel).writing(relabelled, None)
        });
    }
    let labelled: BTreeSet<&Name> = moves.all_rights(&RELABELS).flat_map(namespaces_of).collect();
    labelled.into_iter().for_each(|it| in_namespace(edge, moves, right, it, out));
    if out.takes(Certainty::Unsure) {
        out.add(edge, right, pods(Which::Undecided), |it| it.may(right).is("runs").doubted(leaves_open));
    }
}

/// The namespaces that a right to write labels of some alone may be for.
fn namespaces_of(right: &Right) -> &[Name] {
    if right.scope.is_empty() { right.names() } else { std::slice::from_ref(&right.scope) }
}

/// What a namespace says that admits a pod.
fn admits(ground: &Ground<'_>, _: &Foothold, to: &Foothold) -> Option<(ObjectId, &'static str)> {
    let Foothold::Pod(id) = to else { return None };
    let object = ObjectId::new(Kind::NAMESPACE, "", id.namespace.clone());
    Some((object, admitted(ground.pod(id)?.standards())))
}

/// Why it is not known whether a namespace admits a pod.
fn leaves_open(ground: &Ground<'_>, _: &Foothold, to: &Foothold) -> Option<(ObjectId, &'static str)> {
    let Foothold::Pod(id) = to else { return None };
    match admission(ground, &id.namespace, ground.pod(id)?.standards()) {
        Admission::Unknown(why) => Some((ObjectId::new(Kind::NAMESPACE, "", id.namespace.clone()), why)),
        Admission::Admitted | Admission::Refused(_) => None,
    }
}
