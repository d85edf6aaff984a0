//! A28: a webhook that sees and changes what others write.

use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::step::Step;
use super::{Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "A28",
    name: "write an admission webhook",
    what: "changing what everybody writes, a role that an administrator creates among it",
    needs: "create, update or patch mutatingwebhookconfigurations, and a webhook that the API server can call",
    leaves: Trace::Object,
    undo: "delete the webhook configuration, and look at what was written meanwhile",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#control-admission-webhooks"],
    moves,
};

const NEEDS: &[Need] = &[Need {
    verbs: &["create", "update", "patch"],
    group: "admissionregistration.k8s.io",
    resource: "mutatingwebhookconfigurations",
}];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_cluster_rights(NEEDS) {
        let name = right.names().first().cloned().unwrap_or_default();
        let step = Step::new(&EDGE, right.foothold(), Foothold::ClusterAdmin);
        let step = step.because(right.because(moves.ground, "", &name));
        steps.push(step.unsure(
            None,
            "it waits for an administrator to write something, and the API server must reach the webhook",
        ));
    }
}
