//! A52: every verb on every resource, or membership in `system:masters`.

use crate::model::name::Name;

use super::super::foothold::Foothold;
use super::super::held::Stand;
use super::super::moves::{Move, Moves, Out};
use super::super::powers::Asks;
use super::super::region::Region;
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A52",
    name: "holds everything",
    what: "every verb on every resource: of the cluster, or of a namespace",
    needs: "* on * in every API group, or the group system:masters",
    limits: "that nothing besides RBAC denies it: an admission webhook may",
    leaves: MoveTrace::Unseen,
    undo: "nothing was done",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles", "CIS 5.1.1"],
    together: None,
    asks: Asks::Nothing,
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for (at, stand) in moves.new_stands() {
        if moves.held.is_master(stand) {
            out.add(&EDGE, at, Foothold::ClusterAdmin, |it| it.as_master());
            out.add(&EDGE, at, Region::NamespaceAdmins, |it| it.as_master());
        }
        for scope in whole_scopes(stand) {
            match scope.is_empty() {
                true => {
                    let rests = |it: Move| it.holds("its rules give every verb on every resource of the cluster");
                    out.add(&EDGE, at, Foothold::ClusterAdmin, rests);
                    out.add(&EDGE, at, Region::NamespaceAdmins, rests);
                }
                false => out.add(&EDGE, at, Foothold::NamespaceAdmin(scope), |it| {
                    it.holds("its rules give every verb on every resource of the namespace")
                }),
            }
        }
        if stand.foothold == Foothold::ClusterAdmin {
            out.add(&EDGE, at, Region::NamespaceAdmins, |it| it);
        }
    }
}

/// Where somebody holds a rule that gives everything; empty: in the whole cluster.
fn whole_scopes(stand: &Stand) -> Vec<Name> {
    let role = stand.role.iter().filter(|(_, powers)| powers.everything).map(|(scope, _)| scope.clone());
    let all = stand.grants.iter().flat_map(|it| &it.all);
    let whole = all.filter(|it| it.role.as_ref().is_some_and(|(_, powers)| powers.everything));
    whole.map(|it| it.scope().clone()).chain(role).collect()
}
