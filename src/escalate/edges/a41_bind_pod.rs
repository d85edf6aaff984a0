//! A41 and N13: a pod that waits for a node, bound to one's own.

use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::super::step::Certainty;
use super::{Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A41",
    name: "bind a pod to one's own node",
    what: "code in pods that wait for a node, on one that one is root on (from 1.35 on with other labels too)",
    needs: "root on a node, create pods/binding or bindings, and a pod that no scheduler has placed yet",
    limits: "anything without a node that one is root on, nor pods that the scheduler has placed",
    leaves: MoveTrace::Object,
    undo: "delete the pod, and drain the node that is lost",
    sources: &["https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/binding-v1/"],
    together: Some(JointNeed::beside(1, Region::is_node).unsure()),
    asks: Asks::Always(&[&BINDS]),
    moves,
};

static BINDS: Permission = Permission::of(powers::BIND_PODS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    let is_root = |foothold: &Foothold| matches!(foothold, Foothold::Node(_));
    let Some(at) = moves.stands().iter().position(|it| is_root(&it.foothold)) else { return };
    if moves.held.is_all() || !out.takes(Certainty::Unsure) || moves.all_rights(&BINDS).next().is_none() {
        return;
    }
    let waiting = moves.ground.waiting_pods();
    for right in moves.all_rights(&BINDS) {
        for pod in waiting.iter().filter(|it| right.is_in(it.namespace())) {
            let id = pod.pod_id();
            // By `bindings` the name stands in the object alone.
            let asked = if right.need.resource == "bindings" { Default::default() } else { id.name.clone() };
            if right.is_of_all() || right.is_of(&asked) {
                let namespace = id.namespace.clone();
                out.add(&EDGE, at as u32, Foothold::Pod(id), |it| {
                    it.may_at(right, &namespace, &asked).is("waits for a node").unsure("the scheduler may be faster")
                });
            }
        }
    }
}
