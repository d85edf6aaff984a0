//! A11: the content of Secrets.

use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::step::Step;
use super::{Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A11",
    name: "read Secrets",
    what: "the content of Secrets, and whatever credentials stand in them",
    needs: "get, list or watch secrets",
    leaves: Trace::Audited,
    undo: "change what stands in them",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets", "CIS 5.1.2"],
    moves,
};

const NEEDS: &[Need] = &[core(&["get", "list", "watch"], "secrets")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_rights(NEEDS) {
        for namespace in moves.ground.namespaces(&right) {
            let named = right.names().iter().map(|it| (Some(it.clone()), it.clone()));
            let all = right.is_of_all().then(|| (None, Default::default()));
            for (name, asked) in all.into_iter().chain(named) {
                let because = right.because(moves.ground, &namespace, &asked);
                let to = Foothold::Secrets { namespace: namespace.clone(), name };
                steps.push(Step::new(&EDGE, right.foothold(), to).because(because));
            }
        }
    }
}
