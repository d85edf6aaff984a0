//! A26: the kubelet's own API, past audit and admission.

use crate::model::name::Name;
use crate::rbac::powers;

use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::{Region, Which};
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A26",
    name: "run commands by a kubelet",
    what: "code in every pod of a node, without audit and admission",
    needs: "get or create nodes/proxy",
    limits: "kubelets that refuse the API server; nodes whose kubelet cannot be reached",
    leaves: MoveTrace::Unseen,
    undo: "nothing stays",
    sources: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#access-to-proxy-subresource-of-nodes",
        "CIS 5.1.10",
    ],
    together: None,
    asks: Asks::Anybody(&[&PROXIES]),
    moves,
};

static PROXIES: Permission = Permission::of(powers::KUBELETS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    let none = Name::empty();
    for right in moves.new_cluster_rights(&PROXIES) {
        if right.is_of_all() {
            let pods = Region::Pods(none.clone(), Which::Running);
            out.add(&EDGE, right, pods, |it| it.may_at(right, &none, &none).is("runs on a node"));
        }
        for node in right.names().iter().filter(|it| moves.ground.has_node(it)) {
            let runs = || format!("runs on {node}");
            out.add(&EDGE, right, Region::PodsOn(node.clone()), |it| it.may_at(right, &none, node).is(runs()));
        }
    }
}
