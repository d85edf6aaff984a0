//! A16 and A17 together: a role that one may write with any rule and then bind, also where none is bound to oneself yet.

use std::collections::BTreeSet;

use crate::model::cluster::{AnyFact, Delta, ReadObject};
use crate::model::facts::Meta;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Binding, RoleRef};

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::moves::{Move, Moves, Out, Writing};
use super::super::rights::Right;
use super::Edge;
use super::a16_escalate::{CREATES, CREATES_CLUSTER, ESCALATES, ESCALATES_CLUSTER, WRITES, WRITES_CLUSTER, widened};
use super::a17_bind::{BINDS, BINDS_CLUSTER, CREATES as BINDINGS, CREATES_CLUSTER as BINDINGS_CLUSTER};

/// What a new role is called where any name will do.
const NEW: &str = "reach";

/// The rights that one such move is made of.
struct Rights<'a> {
    escalate: &'a Right,
    write: &'a Right,
    bind: &'a Right,
    create: &'a Right,
}

/// The moves of whoever writes a role and binds it: cluster-wide, and in each namespace where they may.
pub(super) fn moves(edge: &'static Edge, moves: &Moves<'_>, out: &mut Out<'_>) {
    let bindings = moves.all_rights(&BINDINGS).chain(moves.all_rights(&BINDINGS_CLUSTER));
    let binds = moves.all_rights(&BINDS).chain(moves.all_rights(&BINDS_CLUSTER));
    let binders = moves.of_one_identity(bindings, binds);
    if binders.is_empty() {
        return;
    }
    let writes = [&WRITES, &CREATES, &WRITES_CLUSTER, &CREATES_CLUSTER].into_iter().flat_map(|it| moves.all_rights(it));
    let escalates = moves.all_rights(&ESCALATES).chain(moves.all_rights(&ESCALATES_CLUSTER));
    let writers = moves.of_one_identity(writes, escalates);
    // Whoever holds everything there needs no role of their own.
    let is_needed = |write: &Right| !write.gives_everything();
    let of_one_kind = |write: &Right, escalate: &Right| write.need.resource == escalate.need.resource;
    for (write, escalate) in writers.iter().filter(|(write, escalate)| is_needed(write) && of_one_kind(write, escalate))
    {
        for (create, bind) in binders.iter().filter(|(_, bind)| bind.need.resource == write.need.resource) {
            by(edge, moves, &Rights { escalate, write, bind, create }, out);
        }
    }
}

fn by(edge: &'static Edge, moves: &Moves<'_>, rights: &Rights<'_>, out: &mut Out<'_>) {
    let is_of_cluster = rights.write.need.resource == "clusterroles";
    let all = [rights.escalate, rights.write, rights.bind, rights.create];
    if rights.create.need.resource == "clusterrolebindings" {
        // Only what holds everywhere binds cluster-wide, and only roles of the cluster.
        if is_of_cluster && all.iter().all(|it| it.scope.is_empty()) {
            in_scope(edge, moves, rights, &Name::empty(), out);
        }
        return;
    }
    let scopes: BTreeSet<&Name> = all.iter().map(|it| &it.scope).filter(|it| !it.is_empty()).collect();
    let namespaces = if scopes.is_empty() { moves.ground.all_namespaces().to_vec() } else { Vec::new() };
    for namespace in scopes.into_iter().chain(&namespaces) {
        let may_write = !is_of_cluster || rights.write.scope.is_empty() && rights.escalate.scope.is_empty();
        if may_write && all.iter().all(|it| it.is_in(namespace)) {
            in_scope(edge, moves, rights, namespace, out);
        }
    }
}

/// The move in a namespace (empty: cluster-wide).
fn in_scope(edge: &'static Edge, moves: &Moves<'_>, rights: &Rights<'_>, namespace: &Name, out: &mut Out<'_>) {
    let Rights { escalate, write, bind, create } = rights;
    let is_of_cluster = write.need.resource == "clusterroles";
    let home = if is_of_cluster { Name::empty() } else { namespace.clone() };
    let (Some((asked, role)), Some(binding)) = (role(moves, rights, &home), moves.new_name(create, namespace)) else {
        return;
    };
    let kind = if is_of_cluster { Kind::CLUSTER_ROLE } else { Kind::ROLE };
    let id = ObjectId::new(kind, home.clone(), role.clone());
    let goal = match namespace.is_empty() {
        true => Foothold::ClusterAdmin,
        false => Foothold::NamespaceAdmin(namespace.clone()),
    };
    let rests = |it: Move| {
        let it = it.may_at(escalate, &home, &asked).may_at(write, &home, &asked).writing(widened, Some(id.clone()));
        let it = it.may_at(create, namespace, &binding).may_at(bind, namespace, &role);
        it.writing(bound, Some(id.clone()))
    };
    out.add(edge, *write, goal, rests);
}

/// The role that is written, and the name under which that is asked: a new one has none yet.
fn role(moves: &Moves<'_>, rights: &Rights<'_>, home: &Name) -> Option<(Name, Name)> {
    let Rights { escalate, write, bind, .. } = rights;
    if write.need.verbs != ["create"] {
        let is_for = |it: &&Name| write.is_of(it) && escalate.is_of(it) && bind.is_of(it);
        let there = moves.ground.cluster.roles.of(home).iter().map(|it| &it.meta.name).find(is_for)?;
        return Some((there.clone(), there.clone()));
    }
    let name = moves.new_name(write, home)?;
    if name.is_empty() {
        // What has no name yet is judged without one.
        let role = bind.names().first().cloned().unwrap_or(NEW.into());
        let is_new = moves.ground.cluster.roles.get(home, &role).is_none();
        return (escalate.is_of_all() && is_new).then_some((Name::empty(), role));
    }
    (escalate.is_of(&name) && bind.is_of(&name)).then(|| (name.clone(), name))
}

/// The binding of the role to its writer.
fn bound(_: &Ground<'_>, writing: &Writing<'_>) -> Option<Delta> {
    let role = writing.object?;
    let namespace = match writing.to {
        Foothold::NamespaceAdmin(namespace) => namespace.clone(),
        _ => Name::empty(),
    };
    let kind = if role.kind == Kind::ROLE { "Role" } else { "ClusterRole" };
    let meta = Meta { namespace, name: NEW.into(), ..Meta::default() };
    let role = RoleRef { kind: kind.into(), name: role.name.clone() };
    let binding = Binding { meta, role, subjects: [writing.writer.clone()].into() };
    Some(Delta::Put(ReadObject::new(AnyFact::Binding(binding.into()))))
}
