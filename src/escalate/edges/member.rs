//! A member of a group acts as one.

use super::super::foothold::Foothold;
use super::super::step::{Because, Step};
use super::{Edge, Moves, Trace};
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::identity::MASTERS;

pub(super) const EDGE: Edge = Edge {
    id: "MEMBER",
    name: "is a member",
    what: "acting as a member of a group that one is in",
    needs: "membership in the group",
    leaves: Trace::Unseen,
    undo: "nothing was done",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects"],
    moves,
};

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    let wanted = moves.held.wanted().filter_map(|it| match it {
        Foothold::Subject(subject) if subject.kind() == SubjectKind::Group => Some(subject.name().clone()),
        _ => None,
    });
    for group in wanted.chain([MASTERS.into()]) {
        for holder in &moves.holders()[moves.before..] {
            let to = Foothold::Subject(Subject::Group(group.clone()));
            if holder.identity.is_in(&group) && holder.foothold != to {
                let what = format!("is a member of {group}").into();
                let because = Because::Holds { subject: holder.identity.subject.clone(), what };
                steps.push(Step::new(&EDGE, &holder.foothold, to).because(because));
            }
        }
    }
}
