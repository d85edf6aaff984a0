//! Code in a pod behind a Service, or in one that can be labelled so (A39), receives what clients send there.

use crate::model::facts::Service;
use crate::model::name::Name;

use super::super::moves::{Moves, Out};
use super::super::powers::Asks;
use super::a39_take_traffic::{by_labels, traffic};
use super::{Edge, Trace};

pub(super) static EDGE: Edge = Edge {
    id: "BACKEND",
    name: "answer for a Service",
    what: "receiving what clients send to a Service",
    needs: "code in a pod that the Service selects",
    limits: "traffic that the Service leads to its other pods",
    leaves: Trace::Unseen,
    undo: "nothing was done",
    sources: &["https://kubernetes.io/docs/concepts/services-networking/service/"],
    asks: Asks::Nothing,
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    let mut has_new = false;
    for (at, pod) in moves.new_pods() {
        has_new = true;
        let labels = pod.labels();
        let has = |(key, value): (&Name, &Name)| labels.get(key).is_some_and(|it| *it == *value);
        let selects = |it: &&Service| !it.selector.is_empty() && it.selector.iter().all(has);
        for service in moves.ground.cluster.services.of(pod.namespace()).iter().filter(selects) {
            let selected = pod.pod_id().object();
            out.add(&EDGE, at, traffic(service), |it| it.state(selected, "is selected by the Service"));
        }
    }
    // A pod that is come by last may be one that labels can be written of.
    if has_new {
        by_labels(moves, out);
    }
}
