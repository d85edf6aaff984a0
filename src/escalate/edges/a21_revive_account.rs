//! A21: a service account that a binding names and that is not there.

use std::collections::BTreeSet;

use crate::model::cluster::{AnyFact, Delta, Entry};
use crate::model::facts::{Meta, ServiceAccount};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::capability::Need;
use crate::rbac::grant::named;

use super::super::places::account;
use super::super::step::Step;
use super::{CREATES_PODS, Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A21",
    name: "create an account that bindings wait for",
    what: "acting as a service account that bindings name and that was not there",
    needs: "create serviceaccounts, and a way to act as one: a pod, a token or a token Secret",
    leaves: Trace::Object,
    undo: "delete the service account and the stale bindings",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects"],
    moves,
};

const CREATE: &[Need] = &[core(&["create"], "serviceaccounts")];
const TOKENS: &[Need] = &[core(&["create"], "serviceaccounts/token")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    if !moves.has_new_holders() {
        return;
    }
    for create in moves.all_rights(CREATE).filter(|it| it.is_of_all()) {
        for namespace in moves.ground.namespaces(&create) {
            let ways = moves.all_rights(CREATES_PODS).chain(moves.all_rights(TOKENS));
            let Some(way) = ways.into_iter().find(|it| it.is_in(&namespace) && it.is_of_all()) else { continue };
            for name in waited_for(moves, &namespace) {
                let step = Step::new(&EDGE, create.foothold(), account(&namespace, &name)).with(way.foothold());
                let step = step.because(create.because(moves.ground, &namespace, ""));
                let asked = if way.need.resource.starts_with("serviceaccounts") { name.as_str() } else { "" };
                let step = step.because(way.because(moves.ground, &namespace, asked));
                let meta = Meta { namespace: namespace.clone(), name, ..Meta::default() };
                let fact = AnyFact::ServiceAccount(Box::new(ServiceAccount::new(meta)));
                steps.push(step.writing(Delta::Put(Entry::new(fact))));
            }
        }
    }
}

/// The accounts of a namespace that bindings name and that are not there.
fn waited_for(moves: &Moves<'_>, namespace: &Name) -> BTreeSet<Name> {
    let there = moves.ground.accounts(namespace);
    let bindings = moves.ground.cluster.bindings.iter();
    let subjects = bindings.flat_map(|binding| binding.subjects.iter().map(move |it| named(it, binding)));
    let accounts = subjects.filter_map(|it| match it {
        Subject::ServiceAccount { namespace: of, name } if of == *namespace => Some(name),
        _ => None,
    });
    accounts.filter(|it| !it.is_empty() && !there.contains(&account(namespace, it))).collect()
}
