//! A11: the content of Secrets.

use crate::model::name::Name;
use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::{Edge, MoveTrace, all_secrets};

pub(super) static EDGE: Edge = Edge {
    id: "A11",
    name: "read Secrets",
    what: "the content of Secrets, and whatever credentials stand in them",
    needs: "get, list or watch secrets",
    limits: "what the Secrets hold: that is never asked for",
    leaves: MoveTrace::Audited,
    undo: "change what stands in them",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets", "CIS 5.1.2"],
    together: None,
    asks: Asks::Anybody(&[&READS]),
    moves,
};

static READS: Permission = Permission::of(powers::READ_SECRETS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&READS) {
        if right.is_of_all() {
            out.add(&EDGE, right, all_secrets(&right.scope), |it| it.may(right));
            continue;
        }
        for name in right.names() {
            let one = |namespace: &Name| Foothold::Secrets { namespace: namespace.clone(), name: Some(name.clone()) };
            let to = match right.scope.is_empty() {
                true => Region::SecretsNamed(name.clone()),
                false => Region::One(one(&right.scope)),
            };
            out.add(&EDGE, right, to, |it| it.may(right));
        }
    }
}
