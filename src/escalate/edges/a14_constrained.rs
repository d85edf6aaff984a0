//! A14 from 1.36 on: acting as somebody else for some verbs alone (rule 56), by edge A14.

use crate::model::role::Subject;
use crate::rbac::identity::{split_account, user_of_node};
use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::Permission;
use super::super::region::Region;
use super::super::rights::Right;
use super::super::step::Certainty;
use super::Edge;

pub(super) static USER_INFO: Permission = Permission::of(powers::AS_USER_INFO.needs);
pub(super) static ACCOUNTS: Permission = Permission::of(powers::AS_ACCOUNTS.needs);
pub(super) static NODES: Permission = Permission::of(powers::AS_NODES.needs);
pub(super) static OWN_NODE: Permission = Permission::of(powers::AS_OWN_NODE.needs);
static ON_USER_INFO: Permission = Permission::of(powers::ON_AS_USERS.needs);
static ON_ACCOUNTS: Permission = Permission::of(powers::ON_AS_ACCOUNTS.needs);
static ON_NODES: Permission = Permission::of(powers::ON_AS_NODES.needs);
static ON_OWN_NODE: Permission = Permission::of(powers::ON_AS_OWN_NODE.needs);

/// What is asked of those alone who may impersonate so: every rule whose verbs are `*` gives it.
pub(in super::super) static ON: [&Permission; 4] = [&ON_USER_INFO, &ON_ACCOUNTS, &ON_NODES, &ON_OWN_NODE];

/// What makes each of them unsure.
const WHY: &str = "as them it may do no more than its verbs impersonate-on allow";

/// The moves of whoever may impersonate in a constrained way, and may do something as somebody else at all.
pub(super) fn moves(edge: &'static Edge, moves: &Moves<'_>, out: &mut Out<'_>) {
    let Some(sure) = moves.on(powers::AS_USERS.span).filter(|_| out.takes(Certainty::Unsure)) else { return };
    let mut add = |right: &Right, on: u32, to: Region| {
        out.add(edge, right, to, |it| it.may(right).with(on).on_versions(sure).unsure(WHY));
    };
    let both = |as_power: &'static Permission, on: &'static Permission| {
        let with = |it| Some((it, moves.held.beside(it, on)?));
        moves.all_rights(as_power).filter_map(with).collect::<Vec<_>>()
    };
    for (right, on) in both(&USER_INFO, &ON_USER_INFO).into_iter().filter(|(it, _)| it.scope.is_empty()) {
        let is_group = right.need.resource == "groups";
        let subject = |it: &str| if is_group { Subject::Group(it.into()) } else { Subject::User(it.into()) };
        let all = if is_group { Region::Groups } else { Region::Users };
        named(right, all, subject).into_iter().for_each(|to| add(right, on, to));
    }
    for (right, on) in both(&ACCOUNTS, &ON_ACCOUNTS) {
        moves.accounts_of(right).into_iter().for_each(|to| add(right, on, to));
    }
    let nodes = both(&NODES, &ON_NODES).into_iter().chain(both(&OWN_NODE, &ON_OWN_NODE));
    for (right, on) in nodes.filter(|(it, _)| it.scope.is_empty()) {
        let names = right.names().iter().filter(|it| **it != *"*");
        match right.need.verbs[0].ends_with("associated-node") || right.is_of_all() {
            true => add(right, on, Region::NodeUsers),
            false => names.for_each(|it| add(right, on, Foothold::Subject(user_of_node(it)).into())),
        }
    }
}

/// All of a sort, or those whom the right names; a service account's user name is asked for as an account (rule 54).
pub(super) fn named(right: &Right, all: Region, subject: impl Fn(&str) -> Subject) -> Vec<Region> {
    if right.is_of_all() {
        return vec![all];
    }
    let names = right.names().iter().filter(|it| split_account(it).is_none() && !it.is_empty());
    names.map(|it| Region::One(Foothold::Subject(subject(it)))).collect()
}
