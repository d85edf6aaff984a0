//! A25: what stands on a node: its own credential, and every pod that runs on it.

use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::rbac::identity::user_of_node;

use super::super::foothold::Foothold;
use super::super::held::All;
use super::super::moves::{Moves, Out};
use super::super::powers::Asks;
use super::super::region::{Region, Which};
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A25",
    name: "use what a node holds",
    what: "acting as the node, and code in every pod that runs on it",
    needs: "root on the node",
    limits: "what the Node authorizer lets the node's own credential do",
    leaves: MoveTrace::Unseen,
    undo: "the node is lost: drain it and make it anew",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/node/"],
    together: None,
    asks: Asks::Nothing,
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for (at, stand) in moves.new_stands() {
        let Foothold::Node(node) = &stand.foothold else { continue };
        let object = ObjectId::new(Kind::NODE, "", node.clone());
        let is_every_node = stand.all == Some(All::Nodes);
        let (users, pods) = match is_every_node {
            true => (Region::NodeUsers, Region::Pods(Name::empty(), Which::Running)),
            false => (Foothold::Subject(user_of_node(node)).into(), Region::PodsOn(node.clone())),
        };
        out.add(&EDGE, at, users, |it| it.state(object, "holds its own credential"));
        let runs = if is_every_node { "runs on a node".into() } else { format!("runs on {node}") };
        out.add(&EDGE, at, pods, |it| it.is(runs));
    }
}
