//! A25: what stands on a node: its own credential, and every pod that runs on it.

use crate::model::id::{Kind, ObjectId};
use crate::model::role::Subject;

use super::super::foothold::Foothold;
use super::super::step::{Because, Step};
use super::{Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "A25",
    name: "use what a node holds",
    what: "acting as the node, and code in every pod that runs on it",
    needs: "root on the node",
    leaves: Trace::Unseen,
    undo: "the node is lost: drain it and make it anew",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/node/"],
    moves,
};

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for held in moves.last() {
        let Foothold::Node(node) = held else { continue };
        let user = Subject::User(format!("system:node:{node}").into());
        let object = ObjectId::new(Kind::NODE, "", node.clone());
        let credential = Because::State { object, what: "holds its own credential".into() };
        steps.push(Step::new(&EDGE, held, Foothold::Subject(user)).because(credential));
        for pod in moves.by_node.on(moves.ground, node) {
            let id = pod.pod_id();
            let runs = Because::State { object: id.object(), what: format!("runs on {node}").into() };
            steps.push(Step::new(&EDGE, held, Foothold::Pod(id)).because(runs));
        }
    }
}
