//! A12: a Secret that the token controller fills with a service account's token.

use crate::rbac::powers;

use super::super::moves::{Move, Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::{Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A12",
    name: "create a token Secret",
    what: "acting as any service account of the namespace, by a token that does not expire",
    needs: "create secrets, and get, list or watch them",
    limits: "accounts that are not there: the token controller fills no Secret of theirs",
    leaves: MoveTrace::Object,
    undo: "delete the Secret: the token ends with it",
    sources: &["https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets"],
    together: Some(JointNeed::rights(2).of_all(&[&CREATES]).to(|_, scope| vec![Region::Accounts(scope.clone())])),
    asks: Asks::Anybody(&[&CREATES, &READS]),
    moves,
};

static CREATES: Permission = Permission::of(powers::CREATE_SECRETS.needs);
static READS: Permission = Permission::of(powers::READ_SECRETS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    // Whoever may read only Secrets of certain names gives the new one such a name.
    for (namespace, create, read) in moves.new_pairs(&CREATES, &READS, true) {
        let rests = |it: Move| it.may_create(create).may_beside(read, &read.a_name());
        out.add(&EDGE, create, Region::Accounts(namespace), rests);
    }
}
