//! A14: acting as somebody else by impersonation (rules 54 and 55).

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::rights::Right;
use super::super::step::Step;
use super::{Edge, Moves, Trace, core};

pub(super) const EDGE: Edge = Edge {
    id: "A14",
    name: "impersonate",
    what: "acting as a user, a group or a service account",
    needs: "impersonate users, groups or serviceaccounts; a group needs a user or an account besides",
    leaves: Trace::Audited,
    undo: "nothing stays; the audit log names both",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/", "CIS 5.1.8"],
    moves,
};

const ACCOUNTS: &[Need] = &[core(&["impersonate"], "serviceaccounts")];
const USERS: &[Need] = &[core(&["impersonate"], "users")];
const GROUPS: &[Need] = &[core(&["impersonate"], "groups")];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_rights(ACCOUNTS) {
        for namespace in moves.ground.namespaces(&right) {
            accounts(moves, &right, &namespace, steps);
        }
    }
    for right in moves.new_cluster_rights(USERS) {
        for name in names(moves, &right, Sort::User) {
            let step = Step::new(&EDGE, right.foothold(), Foothold::Subject(Subject::User(name.clone())));
            steps.push(step.because(right.because(moves.ground, "", &name)));
        }
    }
    if moves.has_new_holders() {
        groups(moves, steps);
    }
}

fn accounts(moves: &Moves<'_>, right: &Right<'_>, namespace: &Name, steps: &mut Vec<Step>) {
    for account in moves.ground.accounts(namespace) {
        let Foothold::Subject(Subject::ServiceAccount { name, .. }) = &account else { continue };
        if right.is_of(name) {
            let step = Step::new(&EDGE, right.foothold(), account.clone());
            steps.push(step.because(right.because(moves.ground, namespace, name)));
        }
    }
}

/// A group is impersonated beside a user or an account that the same somebody may impersonate.
fn groups(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.all_cluster_rights(GROUPS) {
        let of_same = |it: &Right<'_>| it.foothold() == right.foothold();
        let beside = moves.all_cluster_rights(USERS).chain(moves.all_rights(ACCOUNTS)).find(of_same);
        let Some(beside) = beside else { continue };
        let (namespace, name) = (beside.scope().clone(), beside.names().first().cloned().unwrap_or_default());
        for group in names(moves, &right, Sort::Group) {
            let step = Step::new(&EDGE, right.foothold(), Foothold::Subject(Subject::Group(group.clone())));
            let step = step.because(right.because(moves.ground, "", &group));
            steps.push(step.because(beside.because(moves.ground, &namespace, &name)));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    User,
    Group,
}

/// Those whom the right names, else all that bindings or the question name.
fn names(moves: &Moves<'_>, right: &Right<'_>, sort: Sort) -> BTreeSet<Name> {
    if !right.names().is_empty() {
        return right.names().iter().cloned().collect();
    }
    let subjects = moves.ground.cluster.bindings.iter().flat_map(|it| it.subjects.iter());
    let named = subjects.filter_map(|it| match (it, sort) {
        (Subject::User(name), Sort::User) | (Subject::Group(name), Sort::Group) => Some(name.clone()),
        _ => None,
    });
    let own: &[&str] = match sort {
        Sort::User => &[],
        Sort::Group => &[crate::rbac::identity::MASTERS],
    };
    let wanted = moves.held.wanted().filter_map(|it| match (it, sort) {
        (Foothold::Subject(Subject::User(name)), Sort::User) => Some(name.clone()),
        (Foothold::Subject(Subject::Group(name)), Sort::Group) => Some(name.clone()),
        _ => None,
    });
    named.chain(own.iter().map(|it| Name::from(*it))).chain(wanted).collect()
}
