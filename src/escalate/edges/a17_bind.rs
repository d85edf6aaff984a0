//! A17: a role that one may bind, bound to oneself (rules 49 and 51).
//!
//! Without `bind` only roles whose rules are held already may be bound, which gives nothing new (A18).

use crate::model::cluster::{AnyFact, Delta, Entry};
use crate::model::facts::Meta;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Binding, RoleRef, Subject};
use crate::rbac::capability::Need;
use crate::rbac::covers::uncovered;

use super::super::foothold::Foothold;
use super::super::held::everything;
use super::super::rights::Right;
use super::super::step::{Because, Step};
use super::{Edge, Moves, Trace};

pub(super) const EDGE: Edge = Edge {
    id: "A17",
    name: "bind a role",
    what: "the rules of a role, bound to oneself",
    needs: "bind on a role, and create rolebindings or clusterrolebindings",
    leaves: Trace::Object,
    undo: "delete the binding",
    sources: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-binding-creation-or-update",
    ],
    moves,
};

const RBAC: &str = "rbac.authorization.k8s.io";
const BIND_CLUSTER: &[Need] = &[Need { verbs: &["bind"], group: RBAC, resource: "clusterroles" }];
const BIND: &[Need] = &[Need { verbs: &["bind"], group: RBAC, resource: "roles" }];
const CREATE_CLUSTER: &[Need] = &[Need { verbs: &["create"], group: RBAC, resource: "clusterrolebindings" }];
const CREATE: &[Need] = &[Need { verbs: &["create"], group: RBAC, resource: "rolebindings" }];

fn moves(moves: &Moves<'_>, steps: &mut Vec<Step>) {
    if !moves.has_new_holders() {
        return;
    }
    for create in moves.all_cluster_rights(CREATE_CLUSTER).filter(|it| it.is_of_all()) {
        for bind in moves.all_cluster_rights(BIND_CLUSTER).filter(|it| it.foothold() == create.foothold()) {
            bound(moves, &create, &bind, &Name::empty(), steps);
        }
    }
    for create in moves.all_rights(CREATE).filter(|it| it.is_of_all()) {
        for namespace in moves.ground.namespaces(&create) {
            let binds = moves.all_rights(BIND_CLUSTER).chain(moves.all_rights(BIND));
            for bind in binds.filter(|it| it.foothold() == create.foothold() && it.is_in(&namespace)) {
                bound(moves, &create, &bind, &namespace, steps);
            }
        }
    }
}

/// The roles that may be bound in a namespace (empty: cluster-wide).
fn bound(moves: &Moves<'_>, create: &Right<'_>, bind: &Right<'_>, namespace: &Name, steps: &mut Vec<Step>) {
    let home: &str = if bind.need.resource == "clusterroles" { "" } else { namespace };
    let roles = || moves.ground.cluster.roles.of(home).iter().filter(|it| bind.is_of(&it.meta.name));
    // One that gives everything gives what all others do.
    let whole = roles().find(|it| uncovered(&it.rules, &[everything()]).is_empty());
    for role in roles().filter(|it| whole.is_none_or(|whole| whole.meta.name == it.meta.name)) {
        let id = role.id();
        let is_there = Because::State { object: id.clone(), what: "is there".into() };
        let name = role.meta.name.clone();
        let to = Foothold::Role { role: id, namespace: namespace.clone() };
        let step = Step::new(&EDGE, create.foothold(), to);
        let step = step.because(create.because(moves.ground, namespace, ""));
        let step = step.because(bind.because(moves.ground, namespace, &name)).because(is_there);
        let subject = create.holder.identity.subject.clone();
        steps.push(step.writing(binding(namespace, &role.id(), subject)));
    }
}

/// The binding that is created.
fn binding(namespace: &Name, role: &ObjectId, subject: Subject) -> Delta {
    let kind = if role.kind == Kind::ROLE { "Role" } else { "ClusterRole" };
    let meta = Meta { namespace: namespace.clone(), name: "reach".into(), ..Meta::default() };
    let role = RoleRef { kind: kind.into(), name: role.name.clone() };
    Delta::Put(Entry::new(AnyFact::Binding(Binding { meta, role, subjects: [subject].into() }.into())))
}
