//! A09: another template for a workload that is there.

use crate::model::id::ObjectId;
use crate::model::name::Name;

use super::super::moves::{Move, Moves, Out, workload_kind};
use super::super::powers::Asks;
use super::super::region::Region;
use super::super::rights::Right;
use super::{CHANGES_WORKLOADS, Edge, Trace, all_secrets};

pub(super) static EDGE: Edge = Edge {
    id: "A09",
    name: "change a workload's template",
    what: "code in new replicas, which act as any service account of the namespace",
    needs: "patch or update a workload that is there",
    limits: "the pods that run now: they go as the new ones come",
    leaves: Trace::Object,
    undo: "roll the workload back",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation"],
    asks: Asks::Anybody(&[&CHANGES_WORKLOADS]),
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&CHANGES_WORKLOADS) {
        let has = |out: &Out<'_>, place: &Name| {
            out.has(right, &Region::Accounts(place.clone())) && out.has(right, &all_secrets(place))
        };
        if has(out, &right.scope) {
            continue;
        }
        for namespace in moves.namespaces(right).iter() {
            let (accounts, secrets) = (Region::Accounts(namespace.clone()), all_secrets(namespace));
            if has(out, namespace) {
                continue;
            }
            let Some(workload) = changeable(moves, right, namespace) else { continue };
            let rests = |it: Move| it.may_beside(right, &workload.name).state(workload.clone(), "is there");
            out.add(&EDGE, right, accounts, rests);
            out.add(&EDGE, right, secrets, rests);
        }
    }
}

/// A workload that the right is for; a Job's template cannot be changed.
pub(super) fn changeable(moves: &Moves<'_>, right: &Right, namespace: &str) -> Option<ObjectId> {
    let workloads = moves.ground.cluster.workloads.of(namespace).iter();
    let kind = workload_kind(right.need.resource);
    workloads
        .filter(|it| Some(it.kind.kind()) == kind && right.is_of(&it.name))
        .map(|it| ObjectId::new(it.kind.kind(), it.namespace.clone(), it.name.clone()))
        .next()
}
