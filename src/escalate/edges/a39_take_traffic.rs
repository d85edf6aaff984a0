//! A37 and A39: traffic that is meant for a Service, by its endpoints, its selector or a pod that it selects.

use crate::model::facts::Service;
use crate::model::name::Name;
use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Power};
use super::super::region::Region;
use super::super::rights::Right;
use super::{CREATES_PODS, Edge, Trace, core};

pub(super) static EDGE: Edge = Edge {
    id: "A39",
    name: "take a Service's traffic",
    what: "receiving what clients send to a Service",
    needs: "write its endpoints (A37), its selector, or a pod that it selects",
    leaves: Trace::Object,
    undo: "write back what was there",
    sources: &["https://github.com/kubernetes/kubernetes/issues/103675"],
    asks: Asks::Anybody(&[&ENDPOINTS, &SERVICES, &LABELS, &CREATES_PODS]),
    moves,
};

const WRITES: &[&str] = &["create", "update", "patch"];
static ENDPOINTS: Power = Power::of(&[
    Need { verbs: WRITES, group: "discovery.k8s.io", resource: "endpointslices" },
    core(WRITES, "endpoints"),
]);
static SERVICES: Power = Power::of(&[core(&["update", "patch"], "services")]);
static LABELS: Power = Power::of(&[core(&["update", "patch"], "pods"), core(&["update", "patch"], "pods/status")]);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&ENDPOINTS) {
        let to = Region::Traffic(right.scope.clone());
        out.add(&EDGE, right, to, |it| it.may_beside(right, &right.a_name()).is("is there"));
    }
    for right in moves.new_rights(&SERVICES) {
        of_services(moves, right, out, |it| right.is_of(&it.meta.name));
    }
    for right in moves.new_rights(&LABELS).chain(moves.new_rights(&CREATES_PODS)).filter(|it| it.is_of_all()) {
        of_services(moves, right, out, |it| !it.selector.is_empty());
    }
}

fn of_services(moves: &Moves<'_>, right: &Right, out: &mut Out<'_>, is_for: impl Fn(&Service) -> bool) {
    if moves.is_held(&Region::Traffic(right.scope.clone())) {
        return;
    }
    for namespace in moves.namespaces(right) {
        for service in moves.ground.cluster.services.of(&namespace).iter().filter(|it| is_for(it)) {
            let name = service.meta.name.clone();
            let asked = if right.need.resource == "services" { name.clone() } else { Name::empty() };
            let to = Foothold::Intercept { namespace: namespace.clone(), service: name };
            out.add(&EDGE, right, to, |it| it.may_beside(right, &asked).is("is there"));
        }
    }
}
