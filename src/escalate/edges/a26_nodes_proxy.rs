//! A26: the kubelet's own API, past audit and admission.

use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::step::{Because, Step};
use super::{Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A26",
    name: "run commands by a kubelet",
    what: "code in every pod of a node, without audit and admission",
    needs: "get or create nodes/proxy",
    leaves: Trace::Unseen,
    undo: "nothing stays",
    sources: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#access-to-proxy-subresource-of-nodes",
        "CIS 5.1.10",
    ],
    moves,
};

const NEEDS: &[Need] = &[core(&["create", "get"], "nodes/proxy")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_cluster_rights(NEEDS) {
        for node in moves.ground.nodes().into_iter().filter(|it| right.is_of(it)) {
            let because = right.because(moves.ground, "", &node);
            for pod in moves.by_node.on(moves.ground, &node) {
                let id = pod.pod_id();
                let runs = Because::State { object: id.object(), what: format!("runs on {node}").into() };
                let step = Step::new(&EDGE, right.foothold(), Foothold::Pod(id));
                steps.push(step.because(because.clone()).because(runs));
            }
        }
    }
}
