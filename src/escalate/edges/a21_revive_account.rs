//! A21: a service account that a binding names and that is not there.

use std::collections::BTreeSet;

use crate::model::cluster::{Delta, ReadObject};
use crate::model::facts::{Meta, ServiceAccount};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::powers;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::moves::{Move, Moves, Out, Writing};
use super::super::places::account;
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::{CREATES_PODS, Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A21",
    name: "create an account that bindings wait for",
    what: "acting as a service account that bindings name and that was not there",
    needs: "create serviceaccounts, and a way to act as one: a pod, a token or a token Secret",
    limits: "what the account could do that bindings do not name",
    leaves: MoveTrace::Object,
    undo: "delete the service account and the stale bindings",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects"],
    together: Some(JointNeed::rights(2).to(absent)),
    asks: Asks::Anybody(&[&CREATES, &TOKENS, &CREATES_PODS]),
    moves,
};

static CREATES: Permission = Permission::of(powers::CREATE_ACCOUNTS.needs);
static TOKENS: Permission = Permission::of(powers::REQUEST_TOKENS.needs);

/// The accounts that are not there, of those of a namespace who hold the same the first.
fn absent(ground: &Ground<'_>, scope: &Name) -> Vec<Region> {
    let all = ground.absent_accounts();
    let of = |namespace: &Name, names: &[Name]| {
        let mut seen = BTreeSet::new();
        let subject = |name: &Name| Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() };
        let firsts = names.iter().map(subject).filter(|it| seen.insert(ground.grants(it).key()));
        firsts.map(|it| Region::One(Foothold::Subject(it))).collect::<Vec<_>>()
    };
    match scope.is_empty() {
        true => all.iter().flat_map(|(namespace, names)| of(namespace, names)).collect(),
        false => all.get(scope).map(|names| of(scope, names)).unwrap_or_default(),
    }
}

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    let absent = moves.ground.absent_accounts();
    let scopes: BTreeSet<&Name> = moves.all_rights(&CREATES).filter(|it| it.makes()).map(|it| &it.scope).collect();
    let is_in = |it: &Name| scopes.contains(&Name::empty()) || scopes.contains(it);
    for (namespace, names) in absent.iter().filter(|(it, _)| is_in(it)) {
        names.iter().for_each(|it| revived(moves, namespace, it, out));
    }
}

/// The move to an account that bindings name and that is not there.
fn revived(moves: &Moves<'_>, namespace: &Name, name: &Name, out: &mut Out<'_>) {
    let Some(create) = moves.held.right_on(&CREATES, namespace, name).filter(|it| it.makes()) else { return };
    let asked = if create.is_of_all() { Name::empty() } else { name.clone() };
    let token = moves.held.right_on(&TOKENS, namespace, name);
    let Some(way) = token.or_else(|| moves.held.right_in(&CREATES_PODS, namespace)) else { return };
    let rests = |it: Move| match token {
        Some(_) => it.may_beside(create, &asked).may(way),
        None => it.may_beside(create, &asked).may_create(way),
    };
    out.add(&EDGE, create, account(namespace, name), |it| rests(it).writing(created, None));
}

fn created(_: &Ground<'_>, writing: &Writing<'_>) -> Option<Delta> {
    let Foothold::Subject(Subject::ServiceAccount { namespace, name }) = writing.to else { return None };
    let meta = Meta { namespace: namespace.clone(), name: name.clone(), ..Meta::default() };
    Some(Delta::Put(ReadObject::new(ServiceAccount::new(meta))))
}
