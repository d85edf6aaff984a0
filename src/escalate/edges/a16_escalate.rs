//! A16: any rule in a role that is bound to oneself (rule 47); A20: also in one that a binding waits for.

use crate::model::cluster::{AnyFact, Delta, ReadObject};
use crate::model::facts::Meta;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Role, RoleSource};
use crate::rbac::powers;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::held::{Held, Stand, everything};
use super::super::moves::{Moves, Out, Writing};
use super::super::powers::{Asks, Permission};
use super::super::rights::Right;
use super::super::terrain::Granted;
use super::{Edge, JointNeed, MoveTrace, a16_own_role as own_role, a17_bind};

pub(super) static EDGE: Edge = Edge {
    id: "A16",
    name: "escalate a role",
    what: "any rule, in the scope of a role that is bound to oneself or that one may bind",
    needs: "escalate on a role, create, update or patch it, and hold it or bind it",
    limits: "that a role's owner (a GitOps controller) does not write it back",
    leaves: MoveTrace::Object,
    undo: "take the rule out of the role",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-creation-or-update"],
    together: Some(JointNeed::beside(2, |_| true)),
    asks: Asks::OneIdentity(&[
        &ESCALATES_CLUSTER,
        &WRITES_CLUSTER,
        &CREATES_CLUSTER,
        &ESCALATES,
        &WRITES,
        &CREATES,
        &a17_bind::BINDS_CLUSTER,
        &a17_bind::BINDS,
        &a17_bind::CREATES_CLUSTER,
        &a17_bind::CREATES,
    ]),
    moves,
};

pub(super) static ESCALATES_CLUSTER: Permission = Permission::of(powers::ESCALATE_CLUSTER_ROLES.needs);
pub(super) static WRITES_CLUSTER: Permission = Permission::of(powers::CHANGE_CLUSTER_ROLES.needs);
pub(super) static CREATES_CLUSTER: Permission = Permission::of(powers::CREATE_CLUSTER_ROLES.needs);
pub(super) static ESCALATES: Permission = Permission::of(powers::ESCALATE_ROLES.needs);
pub(super) static WRITES: Permission = Permission::of(powers::CHANGE_ROLES.needs);
pub(super) static CREATES: Permission = Permission::of(powers::CREATE_ROLES.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    if !may_escalate(moves.held) || moves.held.is_all() {
        return;
    }
    own_role::moves(&EDGE, moves, out);
    for (at, stand) in moves.stands().iter().enumerate() {
        for bound in roles_of(stand) {
            let goal = match bound.scope.is_empty() {
                true => Foothold::ClusterAdmin,
                false => Foothold::NamespaceAdmin(bound.scope.clone()),
            };
            if !moves.is_held(&goal.clone().into()) {
                by_role(moves, at as u32, &bound, goal, out);
            }
        }
    }
}

/// Whether somebody who is held may write rules into roles that they do not hold.
pub(in super::super) fn may_escalate(held: &Held) -> bool {
    let is_needed = |it: &Right| !it.gives_everything();
    [&ESCALATES_CLUSTER, &ESCALATES].into_iter().any(|it| held.rights_of(it, 0).any(is_needed))
}

/// A role that is bound to somebody who is held.
struct BoundRole {
    role: ObjectId,
    is_there: bool,
    scope: Name,
    /// `None`: by a move.
    binding: Option<ObjectId>,
}

/// The roles that somebody holds, there or not.
fn roles_of(stand: &Stand) -> Vec<BoundRole> {
    let of_binding = |it: &Granted| {
        let (role, is_there) = role_of(it)?;
        Some(BoundRole { role, is_there, scope: it.scope().clone(), binding: Some(it.binding.id()) })
    };
    let by_move = match &stand.foothold {
        Foothold::Role { role, namespace } => {
            Some(BoundRole { role: role.clone(), is_there: true, scope: namespace.clone(), binding: None })
        }
        _ => None,
    };
    stand.grants.iter().flat_map(|it| &it.all).filter_map(of_binding).chain(by_move).collect()
}

/// The move by one role of a holder, who then has every rule.
fn by_role(moves: &Moves<'_>, holder: u32, bound: &BoundRole, goal: Foothold, out: &mut Out<'_>) {
    let id = &bound.role;
    let (escalate, write) = match (id.kind == Kind::CLUSTER_ROLE, bound.is_there) {
        (true, true) => (&ESCALATES_CLUSTER, &WRITES_CLUSTER),
        (true, false) => (&ESCALATES_CLUSTER, &CREATES_CLUSTER),
        (false, true) => (&ESCALATES, &WRITES),
        (false, false) => (&ESCALATES, &CREATES),
    };
    // A create has no name yet, neither for the right to create nor for the one to escalate (rule 27).
    let name = if bound.is_there { id.name.clone() } else { Name::empty() };
    let is_for = |it: &&Right| {
        let is_of_it = it.is_of_all() || !name.is_empty() && it.is_of(&name);
        // Whoever holds everything there needs no role.
        is_of_it
            && !it.gives_everything()
            && if id.namespace.is_empty() { it.scope.is_empty() } else { it.is_in(&id.namespace) }
    };
    let (escalates, writes) = (moves.all_rights(escalate).filter(is_for), moves.all_rights(write).filter(is_for));
    let Some((escalate, write)) = moves.of_one_identity(escalates, writes).into_iter().next() else { return };
    out.add(&EDGE, holder, goal, |it| {
        let it = it.may_at(escalate, &id.namespace, &name).may_at(write, &id.namespace, &name);
        let it = bound.binding.iter().fold(it, |it, binding| it.state(binding.clone(), format!("binds {id}")));
        it.writing(widened, Some(id.clone()))
    });
}

/// The role that a binding refers to, and whether it is there.
fn role_of(granted: &Granted) -> Option<(ObjectId, bool)> {
    if let Some((role, _)) = &granted.role {
        return Some((role.id(), true));
    }
    let binding = &granted.binding;
    let missing = match binding.role.kind.as_str() {
        "ClusterRole" => ObjectId::new(Kind::CLUSTER_ROLE, "", binding.role.name.clone()),
        "Role" if !binding.meta.namespace.is_empty() => {
            ObjectId::new(Kind::ROLE, binding.meta.namespace.clone(), binding.role.name.clone())
        }
        _ => return None,
    };
    Some((missing, false))
}

/// The role with every rule in it.
pub(super) fn widened(ground: &Ground<'_>, writing: &Writing<'_>) -> Option<Delta> {
    let id = writing.object?;
    let before = ground.cluster.roles.get(&id.namespace, &id.name);
    let rules = before.iter().flat_map(|it| it.rules.iter().cloned()).chain([everything()]).collect::<Vec<_>>();
    let meta = match before {
        Some(it) => it.meta.clone(),
        None => Meta { namespace: id.namespace.clone(), name: id.name.clone(), ..Meta::default() },
    };
    Some(Delta::Put(ReadObject::new(AnyFact::Role(Role::new(meta, rules.into(), RoleSource::Server).into()))))
}
