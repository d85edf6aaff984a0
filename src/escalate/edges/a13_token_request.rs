//! A13: a token by the TokenRequest API.

use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::step::{Because, Step};
use super::{Edge, Moves, Trace, core};
use crate::model::id::{Kind, ObjectId};
use crate::model::role::Subject;

pub(super) const EDGE: Edge = Edge {
    id: "A13",
    name: "request a token",
    what: "acting as a service account that is there",
    needs: "create serviceaccounts/token",
    leaves: Trace::Audited,
    undo: "tokens cannot be revoked: delete the service account, or wait until they expire",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#token-request", "CIS 5.1.13"],
    moves,
};

const NEEDS: &[Need] = &[core(&["create"], "serviceaccounts/token")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_rights(NEEDS) {
        for namespace in moves.ground.namespaces(&right) {
            for account in moves.ground.accounts(&namespace) {
                let Foothold::Subject(Subject::ServiceAccount { name, .. }) = &account else { continue };
                if !right.is_of(name) {
                    continue;
                }
                let object = ObjectId::new(Kind::SERVICE_ACCOUNT, namespace.clone(), name.clone());
                let step = Step::new(&EDGE, right.foothold(), account.clone());
                let step = step.because(right.because(moves.ground, &namespace, name));
                steps.push(step.because(Because::State { object, what: "is there".into() }));
            }
        }
    }
}
