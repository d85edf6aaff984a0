//! A04 and A31: a privileged pod of one's own on any node, where the namespace admits it or can be made to; or in a new namespace (A32).

use std::sync::Arc;

use crate::model::name::Name;
use crate::model::security::SecurityLevel;
use crate::rbac::powers;

use super::super::admission::{Pass, RELABELS, pass};
use super::super::moves::{Move, Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::super::rights::Right;
use super::super::step::Certainty;
use super::{CREATES_PODS, Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A04",
    name: "create a privileged pod",
    what: "root on any node",
    needs: "create pods or workloads in a namespace that admits privileged pods, whose labels one may write (A31), or that is new (A32)",
    limits: "that a node has room; RuntimeClasses and users that the cluster exempts from Pod Security; on OpenShift it needs a constraint (A45) besides",
    leaves: MoveTrace::Object,
    undo: "the node is lost: drain it and make it anew",
    sources: &["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
    together: Some(JointNeed::rights(2).to(|_, _| vec![Region::Nodes])),
    asks: Asks::Anybody(&[&CREATES_PODS, &CREATES_NAMESPACES, &RELABELS]),
    moves,
};

static CREATES_NAMESPACES: Permission = Permission::of(powers::CREATE_NAMESPACES.needs);

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

/// The first right with a namespace that surely admits the pod, else the first with one that may.
fn best<'a>(moves: &Moves<'a>) -> Option<(&'a Right, Name, Pass<'a>)> {
    let mut unsure = None;
    for right in moves.new_rights_beside(&CREATES_PODS, &RELABELS).filter(|it| it.makes()) {
        let found = in_some_namespace(moves, right, |it| moves.new_name(right, it));
        let Some((namespace, _, pass)) = found else { continue };
        if pass.certainty() == Certainty::Certain {
            return Some((right, namespace, pass));
        }
        unsure.get_or_insert((right, namespace, pass));
    }
    unsure
}

/// The first namespace of a right that surely lets a privileged pod in, by its labels or since one may write them; else
/// the first that may. Of those only in which `fits` finds something.
pub(super) fn in_some_namespace<'a, T>(
    moves: &Moves<'a>,
    right: &Right,
    fits: impl Fn(&Name) -> Option<T>,
) -> Option<(Name, T, Pass<'a>)> {
    let one = |namespace: &Name| {
        let fitting = fits(namespace)?;
        let pass = pass(moves.ground, moves.held, namespace, SecurityLevel::Privileged)?;
        Some((namespace.clone(), fitting, pass))
    };
    if !right.scope.is_empty() {
        return one(&right.scope);
    }
    let kept = moves.ground.privileged();
    let is_sure = |it: &(Name, T, Pass<'_>)| it.2.certainty() == Certainty::Certain;
    let labelled = || moves.all_rights(&RELABELS).find_map(|it| relabelled(moves, it).iter().find_map(one));
    let sure = kept.admit.iter().filter_map(one).find(is_sure).or_else(labelled);
    sure.or_else(|| kept.unknown.iter().chain(&kept.admit).find_map(one))
}

/// The namespaces whose labels a right lets be written.
fn relabelled(moves: &Moves<'_>, right: &Right) -> Arc<[Name]> {
    let all = moves.namespaces(right);
    match right.is_of_all() {
        true => all,
        false => all.iter().filter(|it| right.is_of(it)).cloned().collect(),
    }
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
