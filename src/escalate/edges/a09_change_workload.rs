//! A09: another template for a workload that is there.

use crate::model::id::{Kind, ObjectId};

use super::super::foothold::Foothold;
use super::super::rights::Right;
use super::super::step::{Because, Step};
use super::{CHANGES_WORKLOADS, Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "A09",
    name: "change a workload's template",
    what: "code in new replicas, which act as any service account of the namespace",
    needs: "patch or update a workload that is there",
    leaves: Trace::Object,
    undo: "roll the workload back",
    sources: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation"],
    moves,
};

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    for right in moves.new_rights(CHANGES_WORKLOADS) {
        for namespace in moves.ground.namespaces(&right) {
            let Some(workload) = changeable(moves, &right, &namespace) else { continue };
            let because = right.because(moves.ground, &namespace, &workload.name);
            let is_there = Because::State { object: workload, what: "is there".into() };
            for account in moves.ground.accounts(&namespace) {
                let step = Step::new(&EDGE, right.foothold(), account);
                steps.push(step.because(because.clone()).because(is_there.clone()));
            }
            let secrets = Foothold::Secrets { namespace, name: None };
            steps.push(Step::new(&EDGE, right.foothold(), secrets).because(because).because(is_there));
        }
    }
}

/// A workload that the right is for; a Job's template cannot be changed.
fn changeable(moves: &Moves<'_>, right: &Right<'_>, namespace: &str) -> Option<ObjectId> {
    let workloads = moves.ground.cluster.workloads.of(namespace).iter();
    let plural = |kind: Kind| crate::kinds::spec(kind).map(|it| it.plural);
    workloads
        .filter(|it| plural(it.kind.kind()) == Some(right.need.resource) && right.is_of(&it.name))
        .map(|it| ObjectId::new(it.kind.kind(), it.namespace.clone(), it.name.clone()))
        .next()
}
