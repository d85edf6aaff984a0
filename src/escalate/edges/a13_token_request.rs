//! A13: a token by the TokenRequest API.

use crate::rbac::powers;

use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A13",
    name: "request a token",
    what: "acting as a service account that is there",
    needs: "create serviceaccounts/token",
    limits: "accounts that are not there; how long the token lives",
    leaves: MoveTrace::Audited,
    undo: "tokens cannot be revoked: delete the service account, or wait until they expire",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#token-request", "CIS 5.1.13"],
    together: None,
    asks: Asks::Anybody(&[&CREATES]),
    moves,
};

static CREATES: Permission = Permission::of(powers::REQUEST_TOKENS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&CREATES) {
        for accounts in moves.accounts_of(right) {
            out.add(&EDGE, right, accounts, |it| it.may(right).is("is there"));
        }
    }
}
