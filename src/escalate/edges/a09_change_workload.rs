//! A09: another template for a workload that is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::id::ObjectId;
use crate::model::name::Name;

use super::super::moves::{Move, Moves, Out, first_named, first_of_kind};
use super::super::powers::Asks;
use super::super::region::Region;
use super::super::rights::Right;
use super::{CHANGES_WORKLOADS, Edge, MoveTrace, all_secrets};

pub(super) static EDGE: Edge = Edge {
    id: "A09",
    name: "change a workload's template",
    what: "code in new replicas, which act as any service account of the namespace",
    needs: "patch or update a workload that is there",
    limits: "the pods that run now: they go as the new ones come",
    leaves: MoveTrace::Object,
    undo: "roll the workload back",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation"],
    together: None,
    asks: Asks::Anybody(&[&CHANGES_WORKLOADS]),
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&CHANGES_WORKLOADS) {
        if right.is_of_all() && right.scope.is_empty() {
            everywhere(moves, right, out);
            continue;
        }
        let has_accounts = out.has(right, &Region::Accounts(right.scope.clone()));
        let has_secrets = out.has(right, &all_secrets(&right.scope));
        if has_accounts && has_secrets {
            continue;
        }
        let workloads = homes(moves, right);
        for workload in workloads.iter().filter_map(|it| changeable(moves, right, it)) {
            let rests = |it: Move| it.may_beside(right, &workload.name).state(workload.clone(), "is there");
            if !has_accounts {
                out.add(&EDGE, right, Region::Accounts(workload.namespace.clone()), rests);
            }
            if !has_secrets {
                out.add(&EDGE, right, all_secrets(&workload.namespace), rests);
            }
        }
    }
}

/// In every namespace that has such a workload.
fn everywhere(moves: &Moves<'_>, right: &Right, out: &mut Out<'_>) {
    let resource = right.need.resource;
    if !moves.ground.first_workloads().values().flatten().any(|it| it.resource == resource) {
        return;
    }
    out.add(&EDGE, right, Region::AccountsBeside(resource), |it| it.may_on_first(right));
    out.add(&EDGE, right, Region::SecretsBeside(resource), |it| it.may_on_first(right));
}

/// A workload that the right is for; a Job's template cannot be changed.
pub(super) fn changeable(moves: &Moves<'_>, right: &Right, namespace: &str) -> Option<ObjectId> {
    let resource = right.need.resource;
    match right.is_of_all() {
        true => first_of_kind(moves.ground, resource, namespace),
        false => first_named(moves.ground, resource, namespace, right.names()),
    }
}

/// The namespaces in which a workload is there that the right is for.
pub(super) fn homes(moves: &Moves<'_>, right: &Right) -> Arc<[Name]> {
    if right.is_of_all() || !right.scope.is_empty() {
        return moves.namespaces(right);
    }
    let named = right.names().iter().flat_map(|it| moves.homes(right, right.need.resource, it).to_vec());
    named.collect::<BTreeSet<Name>>().into_iter().collect()
}
