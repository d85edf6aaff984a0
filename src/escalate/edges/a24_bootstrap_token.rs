//! A24: a bootstrap token, with which a new node joins.

use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A24",
    name: "create a bootstrap token",
    what: "acting as a bootstrapping node, which may ask for a node's certificate",
    needs: "create secrets in kube-system",
    limits: "that the server takes bootstrap tokens, or a node's certificate is approved",
    leaves: MoveTrace::Object,
    undo: "delete the Secret; certificates cannot be revoked",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/"],
    together: None,
    asks: Asks::Anybody(&[&CREATES]),
    moves,
};

static CREATES: Permission = Permission::of(powers::CREATE_SECRETS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&CREATES).filter(|it| it.is_of_all() && it.is_in("kube-system")) {
        let group = Foothold::Subject(Subject::Group("system:bootstrappers".into()));
        out.add(&EDGE, right, group, |it| {
            let it = it.may_at(right, &"kube-system".into(), &Name::empty());
            it.unsure("whether the server takes bootstrap tokens is not known")
        });
    }
}
