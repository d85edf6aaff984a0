//! N11 and N14: with other labels on a pod that one stands in, or on the target.

use crate::model::evidence::Outcome;
use crate::model::id::PodId;
use crate::net::verdict::End;
use crate::rbac::powers;

use super::super::edges::{Edge, MoveTrace};
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::super::rights::Right;
use super::super::step::Step;
use super::label_sets::{LabelSetKeys, sets};
use super::{Case, edge, put};

pub(super) static RELABEL: Edge = edge(
    "N11",
    "change a pod's labels",
    "every connection that policies allow to pods of other labels, or to pods that no policy selects",
    "patch or update pods, or pods/status",
    "pods that one does not stand in; labels that admission protects",
    MoveTrace::Object,
    Asks::Anybody(&[&LABELS]),
);
pub(super) static RELABEL_TARGET: Edge = edge(
    "N14",
    "change the target's labels",
    "a target that no policy selects",
    "patch or update pods, or pods/status",
    "a target whose owner makes it anew with its old labels",
    MoveTrace::Object,
    Asks::Anybody(&[&LABELS]),
);

static LABELS: Permission = Permission::of(powers::RELABEL_PODS.needs);

pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    if case.rights(&LABELS).next().is_none() {
        return;
    }
    let places = case.distinct_places();
    for right in case.rights(&LABELS) {
        let is_for = |id: &PodId| right.is_in(&id.namespace) && right.is_of(&id.name);
        let named = named_places(case, right);
        for (held, end) in places.iter().chain(&named) {
            let End::Pod(id) = end else { continue };
            let Some(pod) = case.ground.pod(id).filter(|_| is_for(id)) else { continue };
            let Some((pod, Outcome::Allow)) = case.forged(pod, &id.namespace) else { continue };
            let step = Step::new(&RELABEL, held, case.to()).with(right.foothold(case.held));
            let step = step.because(right.because(case.held, &id.namespace, &id.name));
            steps.push(step.writing(put(pod)).because(case.connects(end)));
        }
        let target = case.target_pod().map(|it| it.pod_id()).filter(|it| is_for(it));
        if let Some(id) = target {
            target_relabelled(case, right, &id, &places, steps);
        }
    }
}

/// The pods that a right names and that are held: others of their template may stand for them in the places.
fn named_places(case: &Case<'_>, right: &Right) -> Vec<(super::Foothold, End)> {
    let mut all = Vec::new();
    for namespace in case.namespaces(right).iter().filter(|_| !right.is_of_all()) {
        let pods = right.names().iter().filter_map(|name| case.ground.cluster.pods.get(namespace, name));
        let held = pods.map(|it| it.pod_id()).map(|it| (super::Foothold::Pod(it.clone()), End::Pod(it)));
        all.extend(held.filter(|(it, _)| case.held.is_held(case.ground, &Region::One(it.clone()))));
    }
    all
}

fn target_relabelled(
    case: &Case<'_>,
    right: &Right,
    id: &PodId,
    places: &[(super::Foothold, End)],
    steps: &mut Vec<Step>,
) {
    let Some(pod) = case.ground.pod(id) else { return };
    let keys = LabelSetKeys::of_target(case.ground.cluster, &id.namespace);
    for (held, from) in places {
        for labels in sets(&keys, &pod.labels().whole()) {
            let changed = put((**pod).clone().with_labels(&labels));
            if case.tried(std::slice::from_ref(&changed), from) != Outcome::Allow {
                continue;
            }
            let step = Step::new(&RELABEL_TARGET, held, case.to()).with(right.foothold(case.held));
            let step = step.because(right.because(case.held, &id.namespace, &id.name));
            steps.push(step.writing(changed).because(case.connects(from)));
            return;
        }
    }
}
