//! A17: a role that one may bind, bound to oneself (rules 49 and 51).
//!
//! Without `bind` only roles whose rules are held already may be bound, which gives nothing new (A18).

use crate::model::cluster::{AnyFact, Delta, Entry};
use crate::model::facts::Meta;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::role::{Binding, RoleRef};
use crate::rbac::capability::Need;

use super::super::Ground;
use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out, Writing};
use super::super::powers::{Asks, Power, gives_everything};
use super::super::rights::Right;
use super::{Edge, Trace};

pub(super) static EDGE: Edge = Edge {
    id: "A17",
    name: "bind a role",
    what: "the rules of a role, bound to oneself",
    needs: "bind on a role, and create rolebindings or clusterrolebindings",
    leaves: Trace::Object,
    undo: "delete the binding",
    sources: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-binding-creation-or-update",
    ],
    asks: Asks::OneIdentity(&[&BINDS_CLUSTER, &BINDS, &CREATES_CLUSTER, &CREATES]),
    moves,
};

const RBAC: &str = "rbac.authorization.k8s.io";
static BINDS_CLUSTER: Power = Power::of(&[Need { verbs: &["bind"], group: RBAC, resource: "clusterroles" }]);
static BINDS: Power = Power::of(&[Need { verbs: &["bind"], group: RBAC, resource: "roles" }]);
static CREATES_CLUSTER: Power = Power::of(&[Need { verbs: &["create"], group: RBAC, resource: "clusterrolebindings" }]);
static CREATES: Power = Power::of(&[Need { verbs: &["create"], group: RBAC, resource: "rolebindings" }]);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    let creates = moves.all_cluster_rights(&CREATES_CLUSTER).filter(|it| it.is_of_all());
    for (create, bind) in moves.of_one_identity(creates, moves.all_cluster_rights(&BINDS_CLUSTER)) {
        bound(moves, create, bind, &Name::empty(), out);
    }
    let creates = moves.all_rights(&CREATES).filter(|it| it.is_of_all());
    let binds = moves.all_rights(&BINDS_CLUSTER).chain(moves.all_rights(&BINDS));
    for (create, bind) in moves.of_one_identity(creates, binds) {
        let narrower = if create.scope.is_empty() { bind } else { create };
        for namespace in moves.namespaces(narrower) {
            if bind.is_in(&namespace) {
                bound(moves, create, bind, &namespace, out);
            }
        }
    }
}

/// The roles that may be bound in a namespace (empty: cluster-wide).
fn bound(moves: &Moves<'_>, create: &Right, bind: &Right, namespace: &Name, out: &mut Out<'_>) {
    let home: &str = if bind.need.resource == "clusterroles" { "" } else { namespace };
    let roles = || moves.ground.cluster.roles.of(home).iter().filter(|it| bind.is_of(&it.meta.name));
    // One that gives everything gives what all others do.
    let whole = roles().find(|it| it.rules.iter().any(gives_everything));
    for role in roles().filter(|it| whole.is_none_or(|whole| whole.meta.name == it.meta.name)) {
        let to = Foothold::Role { role: role.id(), namespace: namespace.clone() };
        out.add(&EDGE, create, to, |it| {
            let it = it.may_at(create, namespace, &Name::empty()).may_at(bind, namespace, &role.meta.name);
            it.is("is there").writing(binding, None)
        });
    }
}

/// The binding that is created.
fn binding(_: &Ground<'_>, writing: &Writing<'_>) -> Option<Delta> {
    let Foothold::Role { role, namespace } = writing.to else { return None };
    let kind = if role.kind == Kind::ROLE { "Role" } else { "ClusterRole" };
    let meta = Meta { namespace: namespace.clone(), name: "reach".into(), ..Meta::default() };
    let role = RoleRef { kind: kind.into(), name: role.name.clone() };
    let binding = Binding { meta, role, subjects: [writing.writer.clone()].into() };
    Some(Delta::Put(Entry::new(AnyFact::Binding(binding.into()))))
}
