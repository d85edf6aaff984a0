//! Code in a pod behind a Service, or in one that can be labelled so (A39), receives what clients send there.

use crate::model::facts::{Service, SharedPod};
use crate::model::id::{ObjectId, PodId};

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::Asks;
use super::super::region::{Region, Which};
use super::a39_take_traffic::by_labels;
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "BACKEND",
    name: "answer for a Service",
    what: "receiving what clients send to a Service",
    needs: "code in a pod that the Service selects",
    limits: "traffic that the Service leads to its other pods",
    leaves: MoveTrace::Unseen,
    undo: "nothing was done",
    sources: &["https://kubernetes.io/docs/concepts/services-networking/service/"],
    together: None,
    asks: Asks::Nothing,
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    let mut has_new = false;
    for (at, pod) in moves.new_pods() {
        has_new = true;
        for service in moves.ground.place(pod.namespace()).services_of(moves.ground, pod) {
            let to = Foothold::Intercept { namespace: pod.namespace().clone(), service: service.clone() };
            out.add(&EDGE, at, to, |it| it.state(pod.pod_id().object(), SELECTED));
        }
    }
    for (which, at) in moves.new_every() {
        has_new = true;
        out.add(&EDGE, at, Region::Backed(which), |it| it.from_some_pod(which, selected_pod, telling));
    }
    // A pod that is come by last may be one that labels can be written of.
    if has_new {
        by_labels(moves, out);
    }
}

const SELECTED: &str = "is selected by the Service";

/// Whether a Service selects a pod.
pub(in super::super) fn selects(service: &Service, pod: &SharedPod) -> bool {
    !service.selector.is_empty() && pod.labels().hold(&service.selector)
}

/// The first pod of a sort that a Service selects.
fn selected_pod(ground: &Ground<'_>, which: Which, traffic: &Foothold) -> Option<PodId> {
    let Foothold::Intercept { namespace, service } = traffic else { return None };
    ground.place(namespace).selected(ground, namespace, service, which).map(|it| it.pod_id())
}

fn telling(_: &Ground<'_>, pod: &Foothold, _: &Foothold) -> Option<(ObjectId, &'static str)> {
    let Foothold::Pod(id) = pod else { return None };
    Some((id.object(), SELECTED))
}
