//! A35: a group of the API that a server of one's own answers for.

use crate::model::name::Name;
use crate::rbac::powers::Need;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A35",
    name: "answer for a group of the API",
    what: "what everybody asks a group of the API for, controllers among them: what they read of it is one's own",
    needs: "create, update or patch apiservices, and a server that the API server can reach",
    limits: "who asks for the group meanwhile, and what they make of the answer; the API server writes its own groups back when it starts",
    leaves: MoveTrace::Object,
    undo: "delete the APIService, or write back what was there, and look at what was made of its answers",
    sources: &[
        "https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/",
        "https://github.com/kubernetes/kubernetes/issues/112513 (CVE-2022-3172)",
    ],
    together: None,
    asks: Asks::Anybody(&[&WRITES]),
    moves,
};

static WRITES: Permission = Permission::of(&[Need {
    verbs: &["create", "update", "patch"],
    group: "apiregistration.k8s.io",
    resource: "apiservices",
}]);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_cluster_rights(&WRITES) {
        out.add(&EDGE, right, Foothold::ClusterAdmin, |it| {
            let it = it.may_at(right, &Name::empty(), &right.a_name());
            it.unsure("it waits for others to ask for the group, and the API server must reach the server that answers")
        });
    }
}
