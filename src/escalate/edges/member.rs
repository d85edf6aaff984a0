//! A member of a group acts as one.

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::Asks;
use super::{Edge, MoveTrace};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::identity::MASTERS;

pub(super) static EDGE: Edge = Edge {
    id: "MEMBER",
    name: "is a member",
    what: "acting as a member of a group that one is in",
    needs: "membership in the group",
    limits: "groups of people that no cluster can know (pass --group)",
    leaves: MoveTrace::Unseen,
    undo: "nothing was done",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects"],
    together: None,
    asks: Asks::Nothing,
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for (at, stand) in moves.new_stands() {
        let Foothold::Subject(_) = &stand.foothold else { continue };
        let wanted = moves.held.wanted_group().cloned();
        let wanted = wanted.filter(|it| moves.held.identity(at).is_in(it));
        for group in wanted.into_iter().chain(moves.held.is_master(stand).then(|| Name::from(MASTERS))) {
            let to = Foothold::Subject(Subject::Group(group.clone()));
            out.add(&EDGE, at, to, |it| it.holds(format!("is a member of {group}")));
        }
    }
}
