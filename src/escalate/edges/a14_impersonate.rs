//! A14: acting as somebody else by impersonation (rules 54 and 55).

use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::identity::{NODES, node_of};
use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Move, Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::super::rights::Right;
use super::a14_constrained as constrained;
use super::{Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A14",
    name: "impersonate",
    what: "acting as a user, a group or a service account",
    needs: "impersonate users, groups or serviceaccounts; a group needs a user or an account besides; from 1.36 on also impersonate:user-info, :serviceaccount, :arbitrary-node or :associated-node, with an impersonate-on verb",
    limits: "that a webhook reads what else is impersonated; the constrained forms, and a node's user without the group of nodes, are never sure",
    leaves: MoveTrace::Audited,
    undo: "nothing stays; the audit log names both",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/", "CIS 5.1.8"],
    together: Some(JointNeed::beside(1, Region::is_lent)),
    asks: Asks::OneIdentity(&[
        &ACCOUNTS,
        &USERS,
        &GROUPS,
        &constrained::USER_INFO,
        &constrained::ACCOUNTS,
        &constrained::NODES,
        &constrained::OWN_NODE,
    ]),
    moves,
};

/// What makes it unsure that a node's user has what a node has.
const NO_NODE: &str = "it is in no group of nodes, as a node is that logs in";

static ACCOUNTS: Permission = Permission::of(powers::IMPERSONATE_ACCOUNTS.needs);
static USERS: Permission = Permission::of(powers::IMPERSONATE_USERS.needs);
static GROUPS: Permission = Permission::of(powers::IMPERSONATE_GROUPS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&ACCOUNTS) {
        for accounts in moves.accounts_of(right) {
            out.add(&EDGE, right, accounts, |it| it.may(right));
        }
    }
    for right in moves.new_cluster_rights(&USERS) {
        for users in constrained::named(right, Region::Users, |it| Subject::User(it.into())) {
            if !is_node(&users) {
                out.add(&EDGE, right, users, |it| it.may(right));
            }
        }
        for user in users_of_nodes(moves, right) {
            out.add(&EDGE, right, user, |it| it.may(right).unsure(NO_NODE));
        }
    }
    groups(moves, out);
    nodes(moves, out);
    constrained::moves(&EDGE, moves, out);
}

/// A group is impersonated beside a user or an account that the same somebody may impersonate.
fn groups(moves: &Moves<'_>, out: &mut Out<'_>) {
    let besides = moves.all_cluster_rights(&USERS).chain(moves.all_rights(&ACCOUNTS));
    for (right, beside) in moves.of_one_identity(moves.all_cluster_rights(&GROUPS), besides) {
        let rests = |it: Move| it.may(right).may_at(beside, &beside.scope, &beside.a_name());
        for groups in constrained::named(right, Region::Groups, |it| Subject::Group(it.into())) {
            out.add(&EDGE, right, groups, rests);
        }
    }
}

/// The API server takes for a node who is in the group of nodes besides, which nobody is by being impersonated alone.
fn nodes(moves: &Moves<'_>, out: &mut Out<'_>) {
    let groups = moves.all_cluster_rights(&GROUPS).filter(|it| it.is_of(NODES));
    for (group, right) in moves.of_one_identity(groups, moves.all_cluster_rights(&USERS)) {
        let rests = |it: Move| it.may_at(group, &Name::empty(), &NODES.into()).may(right);
        let all = right.is_of_all().then_some(Region::NodeUsers);
        for nodes in all.into_iter().chain(users_of_nodes(moves, right)) {
            out.add(&EDGE, right, nodes, rests);
        }
    }
}

/// The users of nodes whom a right is for, each by itself: those whom it names, or of all those whom bindings or the
/// question name.
fn users_of_nodes(moves: &Moves<'_>, right: &Right) -> Vec<Region> {
    let one = |it: &Subject| Region::One(Foothold::Subject(it.clone()));
    match right.is_of_all() {
        true => moves.ground.named().node_users().chain(moves.held.wanted_node()).map(one).collect(),
        false => right.names().iter().map(|it| one(&Subject::User(it.clone()))).filter(is_node).collect(),
    }
}

fn is_node(region: &Region) -> bool {
    matches!(region, Region::One(Foothold::Subject(Subject::User(it))) if node_of(it).is_some())
}
