//! A37 and A39: traffic that is meant for a Service, by its endpoints, its selector or a pod that it selects.

use crate::model::facts::Service;
use crate::model::id::{Kind, ObjectId};
use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::rights::Right;
use super::super::step::{Because, Step};
use super::{CREATES_PODS, Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A39",
    name: "take a Service's traffic",
    what: "receiving what clients send to a Service",
    needs: "write its endpoints (A37), its selector, or a pod that it selects",
    leaves: Trace::Object,
    undo: "write back what was there",
    sources: &["https://github.com/kubernetes/kubernetes/issues/103675"],
    moves,
};

const WRITES: &[&str] = &["create", "update", "patch"];
const ENDPOINTS: &[Need] =
    &[Need { verbs: WRITES, group: "discovery.k8s.io", resource: "endpointslices" }, core(WRITES, "endpoints")];
const SERVICES: &[Need] = &[core(&["update", "patch"], "services")];
const LABELS: &[Need] = &[core(&["update", "patch"], "pods"), core(&["update", "patch"], "pods/status")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_rights(ENDPOINTS) {
        of_namespaces(moves, &right, steps, |_, _| true);
    }
    for right in moves.new_rights(SERVICES) {
        of_namespaces(moves, &right, steps, |right, service| right.is_of(&service.meta.name));
    }
    for right in moves.new_rights(LABELS).chain(moves.new_rights(CREATES_PODS)) {
        of_namespaces(moves, &right, steps, |right, service| right.is_of_all() && !service.selector.is_empty());
    }
}

fn of_namespaces(
    moves: &Moves<'_>,
    right: &Right<'_>,
    steps: &mut Vec<Step>,
    is_for: impl Fn(&Right<'_>, &Service) -> bool,
) {
    for namespace in moves.ground.namespaces(right) {
        for service in moves.ground.cluster.services.of(&namespace).iter().filter(|it| is_for(right, it)) {
            let name = service.meta.name.clone();
            let object = ObjectId::new(Kind::SERVICE, namespace.clone(), name.clone());
            let asked = if right.need.resource == "services" { name.clone() } else { Default::default() };
            let asked = right.names().first().cloned().unwrap_or(asked);
            let to = Foothold::Intercept { namespace: namespace.clone(), service: name };
            let step = Step::new(&EDGE, right.foothold(), to).because(right.because(moves.ground, &namespace, &asked));
            steps.push(step.because(Because::State { object, what: "is there".into() }));
        }
    }
}
