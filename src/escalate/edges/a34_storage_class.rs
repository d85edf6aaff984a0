//! A34: a volume of a node by a provisioner that gives directories of nodes.

use crate::model::name::Name;
use crate::rbac::powers;

use super::super::Ground;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::super::seen::ControllerRole;
use super::{CREATES_PODS, Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A34",
    name: "let a provisioner give a directory of a node",
    what: "writing files of a node, and so root on it",
    needs: "create storageclasses, persistentvolumeclaims, and pods or workloads, and a provisioner of node directories that runs",
    limits: "anything where no such provisioner is seen running, and never surely",
    leaves: MoveTrace::Object,
    undo: "the node is lost: drain it and make it anew",
    sources: &["https://kubernetes.io/docs/concepts/storage/storage-classes/#local"],
    together: Some(JointNeed::rights(3).of_all(ASKED).unsure().to(nodes)),
    asks: Asks::Anybody(ASKED),
    moves,
};

static CLASSES: Permission = Permission::of(powers::CREATE_STORAGE_CLASSES.needs);
static CLAIMS: Permission = Permission::of(powers::CREATE_CLAIMS.needs);
const ASKED: &[&Permission] = &[&CLASSES, &CLAIMS, &CREATES_PODS];

/// Every node, where such a provisioner runs.
fn nodes(ground: &Ground<'_>, _: &Name) -> Vec<Region> {
    let is_seen = !ground.seen(ControllerRole::NodeVolumes).is_empty();
    is_seen.then_some(Region::Nodes).into_iter().collect()
}

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    let Some(class) = moves.all_cluster_rights(&CLASSES).find(|it| it.is_of_all()) else { return };
    if moves.is_held(&Region::Nodes) {
        return;
    }
    let pair = moves.all_rights(&CLAIMS).filter(|it| it.is_of_all()).find_map(|claim| {
        let pods = moves.held.right_in(&CREATES_PODS, &claim.scope)?;
        Some((claim, pods))
    });
    let Some((claim, pods)) = pair else { return };
    let provisioners = moves.ground.seen(ControllerRole::NodeVolumes);
    let Some(provisioner) = provisioners.first() else { return };
    let none = Default::default();
    out.add(&EDGE, pods, Region::Nodes, |it| {
        let it = it.may_at(class, &none, &none).may_at(claim, &claim.scope, &none).may_at(pods, &claim.scope, &none);
        it.state(provisioner.pod_id().object(), "runs: it makes volumes of directories of nodes")
            .unsure("which directories it gives depends on its configuration")
    });
}
