//! A17: a role that one may bind, bound to oneself (rules 49 and 51).
//!
//! Without `bind` only roles whose rules are held already may be bound, which gives nothing new (A18).

use crate::model::cluster::{AnyFact, Delta, ReadObject};
use crate::model::facts::Meta;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::role::{Binding, RoleRef, SharedBinding, Subject};
use crate::rbac::powers;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out, Writing};
use super::super::powers::{Asks, Permission, gives_everything};
use super::super::rights::Right;
use super::{Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A17",
    name: "bind a role",
    what: "the rules of a role, bound to oneself",
    needs: "bind on a role, and create, update or patch rolebindings or clusterrolebindings",
    limits: "anything without bind: rules that one holds can be shared, which gives nothing new (A18)",
    leaves: MoveTrace::Object,
    undo: "delete the binding, or take the subject out of it",
    sources: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-binding-creation-or-update",
    ],
    together: Some(JointNeed::rights(2)),
    asks: Asks::OneIdentity(&[&BINDS_CLUSTER, &BINDS, &CREATES_CLUSTER, &CREATES, &CHANGES_CLUSTER, &CHANGES]),
    moves,
};

const CREATE: &[&str] = &["create"];
pub(super) static BINDS_CLUSTER: Permission = Permission::of(powers::BIND_CLUSTER_ROLES.needs);
pub(super) static BINDS: Permission = Permission::of(powers::BIND_ROLES.needs);
pub(super) static CREATES_CLUSTER: Permission = Permission::of(powers::CREATE_CLUSTER_BINDINGS.needs);
pub(super) static CREATES: Permission = Permission::of(powers::CREATE_BINDINGS.needs);
static CHANGES_CLUSTER: Permission = Permission::of(powers::CHANGE_CLUSTER_BINDINGS.needs);
static CHANGES: Permission = Permission::of(powers::CHANGE_BINDINGS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    // Whoever holds everything comes no further by a role.
    if moves.held.is_all() {
        return;
    }
    // Nor does whoever holds everything there.
    let is_needed = |it: &&Right| !it.gives_everything();
    for (write, bind) in moves.of_one_identity(
        moves.all_cluster_rights(&CREATES_CLUSTER).chain(moves.all_cluster_rights(&CHANGES_CLUSTER)),
        moves.all_cluster_rights(&BINDS_CLUSTER).filter(is_needed),
    ) {
        written(moves, write, bind, &Name::empty(), out);
    }
    let binds = moves.all_rights(&BINDS_CLUSTER).chain(moves.all_rights(&BINDS));
    let writes = moves.all_rights(&CREATES).chain(moves.all_rights(&CHANGES));
    for (write, bind) in moves.of_one_identity(writes, binds.filter(is_needed)) {
        let narrower = if write.scope.is_empty() { bind } else { write };
        for namespace in moves.namespaces(narrower).iter() {
            if bind.is_in(namespace) && write.is_in(namespace) {
                written(moves, write, bind, namespace, out);
            }
        }
    }
}

/// What a new binding, or one more subject of a binding that is there, gives in a namespace (empty: cluster-wide).
fn written(moves: &Moves<'_>, write: &Right, bind: &Right, namespace: &Name, out: &mut Out<'_>) {
    match write.need.verbs == CREATE {
        true => bound(moves, write, bind, namespace, out),
        false => joined(moves, write, bind, namespace, out),
    }
}

/// The roles that may be bound in a namespace (empty: cluster-wide).
fn bound(moves: &Moves<'_>, create: &Right, bind: &Right, namespace: &Name, out: &mut Out<'_>) {
    let Some(name) = moves.new_name(create, namespace) else { return };
    let home: &str = if bind.need.resource == "clusterroles" { "" } else { namespace };
    let roles = || moves.ground.cluster.roles.of(home).iter().filter(|it| bind.is_of(&it.meta.name));
    // One that gives everything gives what all others do.
    let whole = roles().find(|it| it.rules.iter().any(gives_everything));
    for role in roles().filter(|it| whole.is_none_or(|whole| whole.meta.name == it.meta.name)) {
        let to = Foothold::Role { role: role.id(), namespace: namespace.clone() };
        out.add(&EDGE, create, to, |it| {
            let it = it.may_at(create, namespace, &name).may_at(bind, namespace, &role.meta.name);
            it.is("is there").writing(binding, None)
        });
    }
}

/// The bindings of a namespace (empty: cluster-wide) to which one may add oneself: their roles may be bound.
fn joined(moves: &Moves<'_>, change: &Right, bind: &Right, namespace: &Name, out: &mut Out<'_>) {
    if change.gives_everything() {
        return;
    }
    let kind = if bind.need.resource == "clusterroles" { "ClusterRole" } else { "Role" };
    let home: &Name = if kind == "Role" { namespace } else { &NOWHERE };
    let is_for =
        |it: &&SharedBinding| it.role.kind == *kind && change.is_of(&it.meta.name) && bind.is_of(&it.role.name);
    for one in moves.ground.cluster.bindings.of(namespace).iter().filter(is_for) {
        let Some(role) = moves.ground.cluster.roles.get(home, &one.role.name) else { continue };
        let to = Foothold::Role { role: role.id(), namespace: namespace.clone() };
        out.add(&EDGE, change, to, |it| {
            let it = it.may_at(change, namespace, &one.meta.name).may_at(bind, namespace, &role.meta.name);
            it.state(one.id(), format!("binds {}", role.id())).writing(with_writer, Some(one.id()))
        });
    }
}

static NOWHERE: Name = Name::empty();

/// The binding that is created.
fn binding(_: &Ground<'_>, writing: &Writing<'_>) -> Option<Delta> {
    let Foothold::Role { role, namespace } = writing.to else { return None };
    let kind = if role.kind == Kind::ROLE { "Role" } else { "ClusterRole" };
    let meta = Meta { namespace: namespace.clone(), name: "reach".into(), ..Meta::default() };
    let role = RoleRef { kind: kind.into(), name: role.name.clone() };
    let binding = Binding { meta, role, subjects: [writing.writer.clone()].into() };
    Some(Delta::Put(ReadObject::new(AnyFact::Binding(binding.into()))))
}

/// The binding with one subject more.
fn with_writer(ground: &Ground<'_>, writing: &Writing<'_>) -> Option<Delta> {
    let id = writing.object?;
    let before = ground.cluster.bindings.get(&id.namespace, &id.name)?;
    let subjects: Vec<Subject> = before.subjects.iter().cloned().chain([writing.writer.clone()]).collect();
    let binding = Binding { meta: before.meta.clone(), role: before.role.clone(), subjects: subjects.into() };
    Some(Delta::Put(ReadObject::new(AnyFact::Binding(binding.into()))))
}
