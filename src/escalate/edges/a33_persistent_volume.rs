//! A33: a directory of the node behind a PersistentVolume, which Pod Security does not see.

use crate::model::name::Name;
use crate::rbac::powers;

use super::super::moves::{Move, Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::{CREATES_PODS, Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A33",
    name: "create a volume of the node",
    what: "writing files of any node, and so root on it",
    needs: "create persistentvolumes, and pods or workloads, which bring their own claim (a generic ephemeral volume)",
    limits: "that the node's path exists; volumes of other sorts",
    leaves: MoveTrace::Object,
    undo: "the node is lost: drain it and make it anew",
    sources: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#persistent-volume-creation",
        "https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes",
        "CIS 5.1.9",
    ],
    together: Some(JointNeed::rights(2).to(|_, _| vec![Region::Nodes])),
    asks: Asks::Anybody(&[&VOLUMES, &CREATES_PODS]),
    moves,
};

static VOLUMES: Permission = Permission::of(powers::CREATE_VOLUMES.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    let none = Name::empty();
    if moves.is_held(&Region::Nodes) {
        return;
    }
    let Some(volume) = moves.all_cluster_rights(&VOLUMES).find(|it| it.is_of_all()) else { return };
    for pod in moves.all_rights(&CREATES_PODS).filter(|it| it.makes()) {
        for namespace in moves.namespaces(pod).iter() {
            let Some(name) = moves.new_name(pod, namespace) else { continue };
            let rests = |it: Move| it.may_at(volume, &none, &none).may_at(pod, namespace, &name);
            return out.add(&EDGE, pod, Region::Nodes, rests);
        }
    }
}
