//! A40: pods that are driven off other nodes until they run on one's own.

use crate::model::name::Name;
use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::{Region, Which};
use super::{Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A40",
    name: "drive pods to one's own node",
    what: "code in pods that a controller makes anew on a node that one is root on",
    needs: "root on a node, and patch, update or delete nodes",
    limits: "anything without a node that one is root on, pods of DaemonSets, or where the scheduler puts pods",
    leaves: MoveTrace::Object,
    undo: "take the taints off, and drain the node that is lost",
    sources: &["https://github.com/PaloAltoNetworks/rbac-police (steal_pods)"],
    together: Some(JointNeed::beside(1, Region::is_node).unsure().to(|_, _| vec![changeable()])),
    asks: Asks::Always(&[&DRAINS]),
    moves,
};

static DRAINS: Permission = Permission::of(powers::DRAIN_NODES.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    let is_root = |foothold: &Foothold| matches!(foothold, Foothold::Node(_));
    let Some(at) = moves.stands().iter().position(|it| is_root(&it.foothold)) else { return };
    let Some(right) = moves.all_cluster_rights(&DRAINS).next() else { return };
    out.add(&EDGE, at as u32, changeable(), |it| {
        it.may_at(right, &Name::empty(), &right.a_name())
            .is("is made anew elsewhere")
            .unsure("where the scheduler puts pods that are made anew is not known")
    });
}

/// The pods that a controller makes anew, wherever they run.
fn changeable() -> Region {
    Region::Pods(Name::empty(), Which::Changeable)
}
