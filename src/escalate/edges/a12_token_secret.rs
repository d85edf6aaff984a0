//! A12: a Secret that the token controller fills with a service account's token.

use crate::rbac::capability::Need;

use super::super::step::Step;
use super::{Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A12",
    name: "create a token Secret",
    what: "acting as any service account of the namespace, by a token that does not expire",
    needs: "create secrets, and get, list or watch them",
    leaves: Trace::Object,
    undo: "delete the Secret: the token ends with it",
    sources: &["https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets"],
    moves,
};

const CREATE: &[Need] = &[core(&["create"], "secrets")];
const READ: &[Need] = &[core(&["get", "list", "watch"], "secrets")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    if !moves.has_new_holders() {
        return;
    }
    for create in moves.all_rights(CREATE).filter(|it| it.is_of_all()) {
        for namespace in moves.ground.namespaces(&create) {
            // Whoever may read only Secrets of certain names gives the new one such a name.
            let Some(read) = moves.all_rights(READ).find(|it| it.is_in(&namespace)) else { continue };
            let name = read.names().first().cloned().unwrap_or_default();
            for account in moves.ground.accounts(&namespace) {
                let step = Step::new(&EDGE, create.foothold(), account).with(read.foothold());
                let step = step.because(create.because(moves.ground, &namespace, ""));
                steps.push(step.because(read.because(moves.ground, &namespace, &name)));
            }
        }
    }
}
