//! A37 and A39: traffic that is meant for a Service, by its endpoints, its selector or a pod that it selects.

use std::collections::BTreeSet;

use crate::model::facts::Service;
use crate::model::name::Name;
use crate::rbac::powers::Need;

use super::super::foothold::Foothold;
use super::super::moves::{Move, Moves, Out};
use super::super::powers::{Asks, Power};
use super::super::region::Region;
use super::super::rights::Right;
use super::{CREATES_PODS, Edge, Trace, core};

pub(super) static EDGE: Edge = Edge {
    id: "A39",
    name: "take a Service's traffic",
    what: "receiving what clients send to a Service",
    needs: "write its endpoints (A37) or its selector, create a pod that it selects, or label one in which one has code",
    limits: "clients that know pods by other names; TLS that clients check",
    leaves: Trace::Object,
    undo: "write back what was there",
    sources: &["https://github.com/kubernetes/kubernetes/issues/103675"],
    asks: Asks::Anybody(&[&SLICES, &ENDPOINTS, &SERVICES, &LABELS, &CREATES_PODS]),
    moves,
};

const CREATE: &[&str] = &["create"];
const CHANGE: &[&str] = &["update", "patch"];
static SLICES: Power = Power::of(&[
    Need { verbs: CREATE, group: "discovery.k8s.io", resource: "endpointslices" },
    Need { verbs: CHANGE, group: "discovery.k8s.io", resource: "endpointslices" },
]);
/// What is written to the Endpoints of a Service that has a selector is neither read nor kept.
static ENDPOINTS: Power = Power::of(&[core(&["create", "update", "patch"], "endpoints")]);
static SERVICES: Power = Power::of(&[core(CHANGE, "services")]);
pub(super) static LABELS: Power = Power::of(&[core(CHANGE, "pods"), core(CHANGE, "pods/status")]);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&SLICES) {
        slices(moves, right, out);
    }
    for right in moves.new_rights(&SERVICES) {
        of_services(moves, right, out, |it| right.is_of(&it.meta.name).then(|| it.meta.name.clone()));
    }
    for right in moves.new_rights(&ENDPOINTS) {
        let is_for = |it: &Service| it.selector.is_empty() && right.is_of(&it.meta.name);
        of_services(moves, right, out, |it| is_for(it).then(|| it.meta.name.clone()));
    }
    for right in moves.new_rights(&CREATES_PODS) {
        let name = |it: &Service| moves.new_name(right, &it.meta.namespace).filter(|_| !it.selector.is_empty());
        of_services(moves, right, out, name);
    }
    for right in moves.new_rights(&LABELS) {
        by_labels(moves, right, out);
    }
}

/// A slice of one's own, or a changed one, names the Service whose it is by a label.
fn slices(moves: &Moves<'_>, right: &Right, out: &mut Out<'_>) {
    let is_there = |namespace: &Name, name: &Name| moves.ground.cluster.endpoint_slices.get(namespace, name).is_some();
    if right.is_of_all() {
        let to = Region::Traffic(right.scope.clone());
        return out.add(&EDGE, right, to, |it| it.may_beside(right, &Name::empty()).is("is there"));
    }
    for namespace in moves.namespaces(right) {
        let name = match right.need.verbs == CREATE {
            true => moves.new_name(right, &namespace),
            false => right.names().iter().find(|it| is_there(&namespace, it)).cloned(),
        };
        let Some(name) = name else { continue };
        out.add(&EDGE, right, Region::Traffic(namespace), |it| it.may_beside(right, &name).is("is there"));
    }
}

/// The Services for which `asked` gives the name of what is written.
fn of_services(moves: &Moves<'_>, right: &Right, out: &mut Out<'_>, asked: impl Fn(&Service) -> Option<Name>) {
    if moves.is_held(&Region::Traffic(right.scope.clone())) {
        return;
    }
    for namespace in moves.namespaces(right) {
        for service in moves.ground.cluster.services.of(&namespace).iter() {
            let Some(asked) = asked(service) else { continue };
            out.add(&EDGE, right, traffic(service), |it| it.may_beside(right, &asked).is("is there"));
        }
    }
}

/// With other labels a pod in which one's code runs is selected; without such a pod the traffic only moves.
pub(super) fn by_labels(moves: &Moves<'_>, right: &Right, out: &mut Out<'_>) {
    let all = moves.stands().iter().enumerate();
    let held = all.filter_map(|(at, it)| match &it.foothold {
        Foothold::Pod(id) if right.is_in(&id.namespace) && right.is_of(&id.name) => Some((at as u32, id)),
        _ => None,
    });
    let mut seen = BTreeSet::new();
    for (at, id) in held.filter(|(_, id)| seen.insert(&id.namespace)) {
        for service in moves.ground.cluster.services.of(&id.namespace).iter().filter(|it| !it.selector.is_empty()) {
            let rests = |it: Move| it.may_beside(right, &id.name).is("is there").with(at);
            out.add(&EDGE, right, traffic(service), rests);
        }
    }
}

/// What is meant for a Service.
pub(super) fn traffic(service: &Service) -> Foothold {
    Foothold::Intercept { namespace: service.meta.namespace.clone(), service: service.meta.name.clone() }
}
