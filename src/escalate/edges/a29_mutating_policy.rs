//! A29: a policy in the API server that changes what others write.

use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::step::Step;
use super::{Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "A29",
    name: "write a mutating admission policy",
    what: "changing what everybody writes, without a webhook",
    needs: "create, update or patch mutatingadmissionpolicies, and their bindings, where they are served",
    leaves: Trace::Object,
    undo: "delete the policy, and look at what was written meanwhile",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/"],
    moves,
};

const NEEDS: &[Need] = &[Need {
    verbs: &["create", "update", "patch"],
    group: "admissionregistration.k8s.io",
    resource: "mutatingadmissionpolicies",
}];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_cluster_rights(NEEDS) {
        let name = right.names().first().cloned().unwrap_or_default();
        let step = Step::new(&EDGE, right.foothold(), Foothold::ClusterAdmin);
        let step = step.because(right.because(moves.ground, "", &name));
        steps.push(
            step.unsure(
                None,
                "it waits for an administrator to write something, and the server must serve such policies",
            ),
        );
    }
}
