//! A16: any rule in a role that is bound to oneself (rule 47); A20: also in one that a binding waits for.

use crate::model::cluster::{AnyFact, Delta, Entry};
use crate::model::facts::Meta;
use crate::model::id::{Kind, ObjectId};
use crate::model::role::{Origin, Role};
use crate::rbac::Holding;
use crate::rbac::capability::Need;

use super::super::foothold::Foothold;
use super::super::held::{Holder, everything};
use super::super::rights::Right;
use super::super::step::{Because, Step};
use super::{Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "A16",
    name: "escalate a role",
    what: "any rule, in the scope of a role that is bound to oneself",
    needs: "escalate on a role, update or patch it, and hold it",
    leaves: Trace::Object,
    undo: "take the rule out of the role",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-creation-or-update"],
    moves,
};

const RBAC: &str = "rbac.authorization.k8s.io";
const ESCALATE_CLUSTER: &[Need] = &[Need { verbs: &["escalate"], group: RBAC, resource: "clusterroles" }];
const WRITE_CLUSTER: &[Need] = &[Need { verbs: &["update", "patch"], group: RBAC, resource: "clusterroles" }];
const CREATE_CLUSTER: &[Need] = &[Need { verbs: &["create"], group: RBAC, resource: "clusterroles" }];
const CREATE: &[Need] = &[Need { verbs: &["create"], group: RBAC, resource: "roles" }];
const ESCALATE: &[Need] = &[Need { verbs: &["escalate"], group: RBAC, resource: "roles" }];
const WRITE: &[Need] = &[Need { verbs: &["update", "patch"], group: RBAC, resource: "roles" }];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    if !moves.has_new_holders() {
        return;
    }
    for holder in moves.holders() {
        for holding in moves.ground.rbac.permissions(&holder.identity) {
            let goal = match holding.scope() {
                scope if scope.is_empty() => Foothold::ClusterAdmin,
                scope => Foothold::NamespaceAdmin(scope.clone()),
            };
            if !moves.held.has(&goal) {
                steps.extend(step(moves, holder, &holding, goal));
            }
        }
    }
}

/// The move by one role of a holder, there or not.
fn step(moves: &Moves<'_>, holder: &Holder, holding: &Holding, goal: Foothold) -> Option<Step> {
    let (id, verbs) = match &holding.role {
        Some((role, _)) => (role.id(), Verbs::Change),
        None => (missing(holding)?, Verbs::Create),
    };
    let namespace = &id.namespace;
    let is_cluster = id.kind == Kind::CLUSTER_ROLE;
    let (escalate, write) = match (is_cluster, verbs) {
        (true, Verbs::Change) => (ESCALATE_CLUSTER, WRITE_CLUSTER),
        (true, Verbs::Create) => (ESCALATE_CLUSTER, CREATE_CLUSTER),
        (false, Verbs::Change) => (ESCALATE, WRITE),
        (false, Verbs::Create) => (ESCALATE, CREATE),
    };
    // A create has no name yet, neither for the right to create nor for the one to escalate (rule 27).
    let name: &str = if verbs == Verbs::Create { "" } else { &id.name };
    let is_for = |it: &Right<'_>| it.is_in(namespace) && (it.is_of_all() || !name.is_empty() && it.is_of(name));
    let of = |needs: &'static [Need]| -> Vec<Right<'_>> {
        match is_cluster {
            true => moves.all_cluster_rights(needs).filter(is_for).collect(),
            false => moves.all_rights(needs).filter(is_for).collect(),
        }
    };
    // One request is judged of one identity.
    let writes = of(write);
    let (escalate, write) =
        of(escalate).into_iter().find_map(|it| Some((it, *writes.iter().find(|w| w.foothold() == it.foothold())?)))?;
    let bound = Because::State { object: holding.binding.id(), what: format!("binds {id}").into() };
    let step = Step::new(&EDGE, write.foothold(), goal).with(&holder.foothold);
    let step = step.because(escalate.because(moves.ground, namespace, name));
    let step = step.because(write.because(moves.ground, namespace, name)).because(bound);
    Some(step.writing(widened(moves, &id)))
}

/// Whether the role is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verbs {
    Change,
    Create,
}

/// The role that a binding refers to and that is not there.
fn missing(holding: &Holding) -> Option<ObjectId> {
    let binding = &holding.binding;
    match binding.role.kind.as_str() {
        "ClusterRole" => Some(ObjectId::new(Kind::CLUSTER_ROLE, "", binding.role.name.clone())),
        "Role" if !binding.meta.namespace.is_empty() => {
            Some(ObjectId::new(Kind::ROLE, binding.meta.namespace.clone(), binding.role.name.clone()))
        }
        _ => None,
    }
}

/// The role with every rule in it.
fn widened(moves: &Moves<'_>, id: &ObjectId) -> Delta {
    let before = moves.ground.cluster.roles.get(&id.namespace, &id.name);
    let rules = before.iter().flat_map(|it| it.rules.iter().cloned()).chain([everything()]).collect::<Vec<_>>();
    let meta = match before {
        Some(it) => it.meta.clone(),
        None => Meta { namespace: id.namespace.clone(), name: id.name.clone(), ..Meta::default() },
    };
    Delta::Put(Entry::new(AnyFact::Role(Role::new(meta, rules.into(), Origin::Server).into())))
}
