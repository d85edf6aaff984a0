//! A24: a bootstrap token, with which a new node joins.

use crate::model::role::Subject;
use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::step::Step;
use super::{Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A24",
    name: "create a bootstrap token",
    what: "acting as a bootstrapping node, which may ask for a node's certificate",
    needs: "create secrets in kube-system",
    leaves: Trace::Object,
    undo: "delete the Secret; certificates cannot be revoked",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/"],
    moves,
};

const NEEDS: &[Need] = &[core(&["create"], "secrets")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_rights(NEEDS).filter(|it| it.is_of_all() && it.is_in("kube-system")) {
        let group = Subject::Group("system:bootstrappers".into());
        let step = Step::new(&EDGE, right.foothold(), Foothold::Subject(group));
        let step = step.because(right.because(moves.ground, "kube-system", ""));
        steps.push(step.unsure(None, "whether the server takes bootstrap tokens is not known"));
    }
}
