//! A37 and A39: traffic that is meant for a Service, by its endpoints, its selector or a pod that it selects.

use std::collections::BTreeSet;

use crate::model::id::PodId;
use crate::model::name::Name;
use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::{Of, Region, Which};
use super::super::rights::Right;
use super::{CREATES_PODS, Edge, JointNeed, MoveTrace, creating};

pub(super) static EDGE: Edge = Edge {
    id: "A39",
    name: "take a Service's traffic",
    what: "receiving what clients send to a Service",
    needs: "write its endpoints (A37) or its selector, create a pod that it selects, or label one in which one has code",
    limits: "clients that know pods by other names; TLS that clients check",
    leaves: MoveTrace::Object,
    undo: "write back what was there",
    sources: &["https://github.com/kubernetes/kubernetes/issues/103675"],
    together: Some(JointNeed::beside(1, Region::is_code)),
    asks: Asks::Anybody(&[&SLICES, &ENDPOINTS, &SERVICES, &LABELS, &CREATES_PODS]),
    moves,
};

const CREATE: &[&str] = &["create"];
static SLICES: Permission = Permission::of(powers::ADD_ENDPOINTS.needs);
/// What is written to the Endpoints of a Service that has a selector is neither read nor kept.
static ENDPOINTS: Permission = Permission::of(powers::WRITE_BARE_ENDPOINTS.needs);
static SERVICES: Permission = Permission::of(powers::CHANGE_SERVICES.needs);
pub(super) static LABELS: Permission = Permission::of(powers::RELABEL_PODS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&SLICES) {
        slices(moves, right, out);
    }
    for right in moves.new_rights(&SERVICES) {
        of_services(moves, right, Of::All, out);
    }
    for right in moves.new_rights(&ENDPOINTS) {
        of_services(moves, right, Of::Bare, out);
    }
    for (right, scope, name) in creating(moves, &CREATES_PODS) {
        if has_traffic(moves, &scope, Of::Selecting) {
            let to = Region::Traffic(scope, Of::Selecting);
            out.add(&EDGE, right, to, |it| it.may_beside(right, &name).is("is there"));
        }
    }
    by_labels(moves, out);
}

/// A slice of one's own, or a changed one, names the Service whose it is by a label.
fn slices(moves: &Moves<'_>, right: &Right, out: &mut Out<'_>) {
    let is_there = |namespace: &Name, name: &Name| moves.ground.cluster.endpoint_slices.get(namespace, name).is_some();
    let to = Region::Traffic(right.scope.clone(), Of::All);
    if right.is_of_all() {
        return out.add(&EDGE, right, to, |it| it.may_beside(right, &Name::empty()).is("is there"));
    }
    if out.has(right, &to) {
        return;
    }
    for namespace in moves.namespaces(right).iter() {
        let name = match right.need.verbs == CREATE {
            true => moves.new_name(right, namespace),
            false => right.names().iter().find(|it| is_there(namespace, it)).cloned(),
        };
        let Some(name) = name else { continue };
        let to = Region::Traffic(namespace.clone(), Of::All);
        out.add(&EDGE, right, to, |it| it.may_beside(right, &name).is("is there"));
    }
}

/// The Services that a right to write them, or what stands beside them, is for.
fn of_services(moves: &Moves<'_>, right: &Right, of: Of, out: &mut Out<'_>) {
    if right.is_of_all() {
        if has_traffic(moves, &right.scope, of) {
            out.add(&EDGE, right, Region::Traffic(right.scope.clone(), of), |it| it.may(right).is("is there"));
        }
        return;
    }
    if out.has(right, &Region::Traffic(right.scope.clone(), of)) {
        return;
    }
    for name in right.names() {
        let homes = moves.homes(right, "services", name);
        let named = homes.iter().filter_map(|it| moves.ground.cluster.services.get(it, name));
        for service in named.filter(|it| of.has(it)) {
            out.add(&EDGE, right, Foothold::traffic(service), |it| it.may(right).is("is there"));
        }
    }
}

/// Whether such Services are there; of all namespaces nobody counts them.
fn has_traffic(moves: &Moves<'_>, namespace: &Name, of: Of) -> bool {
    namespace.is_empty() || moves.ground.cluster.services.of(namespace).iter().any(|it| of.has(it))
}

/// With other labels a pod in which one's code runs is selected; without such a pod the traffic only moves.
///
/// A new right is asked of every namespace in which one has code, and a pod that is come by last of every right.
pub(super) fn by_labels(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&LABELS) {
        let entered: Vec<Name> = match right.scope.is_empty() {
            false => vec![right.scope.clone()],
            true if out.has(right, &Region::Traffic(Name::empty(), Of::Selecting)) => continue,
            true => with_code(moves, moves.held.every().iter().map(|it| it.0)).into_iter().collect(),
        };
        entered.iter().for_each(|it| labelled(moves, right, it, out));
    }
    if moves.all_rights(&LABELS).next().is_none() || moves.is_held(&Region::Traffic(Name::empty(), Of::Selecting)) {
        return;
    }
    let entered: BTreeSet<Name> = match moves.new_every().next() {
        Some(_) => with_code(moves, moves.new_every().map(|it| it.0)),
        None => moves.new_pods().map(|(_, it)| it.namespace().clone()).collect(),
    };
    for namespace in entered.iter().filter(|it| has_traffic(moves, it, Of::Selecting)) {
        moves.held.rights_in(&LABELS, namespace).for_each(|it| labelled(moves, it, namespace, out));
    }
}

/// The namespaces in which one has code, by pods of these sorts those alone where labels give more than that: a Service
/// that such a pod stands behind already is had without them.
fn with_code(moves: &Moves<'_>, every: impl Iterator<Item = Which>) -> BTreeSet<Name> {
    let every = every.flat_map(|it| moves.ground.unbacked(it));
    moves.held.entered_namespaces().cloned().chain(every).collect()
}

/// The move by a pod of a namespace in which one's code runs, if the right is for one.
fn labelled(moves: &Moves<'_>, right: &Right, namespace: &Name, out: &mut Out<'_>) {
    let to = Region::Traffic(namespace.clone(), Of::Selecting);
    if out.has(right, &to) || !has_traffic(moves, namespace, Of::Selecting) {
        return;
    }
    let entered = moves.held.entered(namespace).map(|(at, it)| (at, it.clone())).find(|it| right.is_of(&it.1.name));
    let Some((at, pod)) = entered.or_else(|| in_every_pod(moves, right, namespace)) else { return };
    out.add(&EDGE, right, to, |it| it.may_beside(right, &pod.name).is("is there").with(at).from_pod(pod.clone()));
}

/// The first pod of a namespace that a right is for, where every pod of some sort that runs is held.
fn in_every_pod(moves: &Moves<'_>, right: &Right, namespace: &Name) -> Option<(u32, PodId)> {
    let running = |which: Which| {
        let pods = moves.ground.cluster.pods.of(namespace).iter();
        pods.filter(move |it| which.has(moves.ground, it)).map(|it| it.pod_id())
    };
    let first = |(which, at): &(Which, u32)| Some((*at, running(*which).find(|it| right.is_of(&it.name))?));
    moves.held.every().iter().find_map(first)
}
