//! A21: a service account that a binding names and that is not there.

use crate::model::cluster::{AnyFact, Delta, Entry};
use crate::model::facts::{Meta, ServiceAccount};
use crate::model::name::Name;
use crate::model::role::Subject;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::moves::{Move, Moves, Out, Writing};
use super::super::places::account;
use super::super::powers::{Asks, Power};
use super::super::rights::Right;
use super::{CREATES_PODS, Edge, Trace, core};

pub(super) static EDGE: Edge = Edge {
    id: "A21",
    name: "create an account that bindings wait for",
    what: "acting as a service account that bindings name and that was not there",
    needs: "create serviceaccounts, and a way to act as one: a pod, a token or a token Secret",
    leaves: Trace::Object,
    undo: "delete the service account and the stale bindings",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects"],
    asks: Asks::Anybody(&[&CREATES, &TOKENS, &CREATES_PODS]),
    moves,
};

static CREATES: Power = Power::of(&[core(&["create"], "serviceaccounts")]);
static TOKENS: Power = Power::of(&[core(&["create"], "serviceaccounts/token")]);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for way in [&CREATES_PODS, &TOKENS] {
        for (scope, create, way) in moves.new_pairs(&CREATES, way, false) {
            match scope.is_empty() {
                true => moves.ground.named().accounts.keys().for_each(|it| revived(moves, create, way, it, out)),
                false => revived(moves, create, way, &scope, out),
            }
        }
    }
}

/// The accounts of a namespace that bindings name and that are not there.
fn revived(moves: &Moves<'_>, create: &Right, way: &Right, namespace: &Name, out: &mut Out<'_>) {
    let named = moves.ground.named();
    let Some(names) = named.accounts.get(namespace) else { return };
    let place = moves.ground.place(namespace);
    for name in names.iter().filter(|it| place.class_of_account(it).is_none()) {
        let rests = |it: Move| match way.need.resource.starts_with("serviceaccounts") {
            true => it.may_create(create).may(way),
            false => it.may_create(create).may_create(way),
        };
        out.add(&EDGE, create, account(namespace, name), |it| rests(it).writing(created, None));
    }
}

fn created(_: &Ground<'_>, writing: &Writing<'_>) -> Option<Delta> {
    let Foothold::Subject(Subject::ServiceAccount { namespace, name }) = writing.to else { return None };
    let meta = Meta { namespace: namespace.clone(), name: name.clone(), ..Meta::default() };
    Some(Delta::Put(Entry::new(AnyFact::ServiceAccount(Box::new(ServiceAccount::new(meta))))))
}
