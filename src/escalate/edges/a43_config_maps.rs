//! A43 and N41: the configuration of the cluster's own DNS, and of EKS's access, in ConfigMaps.

use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::{Of, Region};
use super::super::seen::ControllerRole;
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A43",
    name: "change the cluster's configuration",
    what: "answering names for everybody (coredns), or being in system:masters (aws-auth, on EKS)",
    needs: "update or patch the ConfigMap coredns of kube-system where such a DNS server runs, or write aws-auth there on EKS",
    limits: "anything surely, and no other ConfigMaps: what programs make of theirs is not known",
    leaves: MoveTrace::Object,
    undo: "write back what was there",
    sources: &["https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html"],
    together: None,
    asks: Asks::Anybody(&[&WRITES]),
    moves,
};

static WRITES: Permission = Permission::of(powers::WRITE_CONFIG_MAPS.needs);
const SYSTEM: &str = "kube-system";
const EKS: [&str; 2] = ["eks.amazonaws.com/nodegroup", "eks.amazonaws.com/compute-type"];

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&WRITES).filter(|it| it.is_in(SYSTEM)) {
        if right.is_of("coredns")
            && let Some(server) = moves.ground.seen(ControllerRole::Dns).first()
        {
            out.add(&EDGE, right, Region::Traffic(Default::default(), Of::All), |it| {
                it.may_at(right, &SYSTEM.into(), &"coredns".into())
                    .state(server.pod_id().object(), "runs: it answers names for the cluster")
                    .unsure("whether it reads this ConfigMap, and clients go by names, is not known")
            });
        }
        let is_eks = || moves.ground.cluster.nodes.iter().any(|it| EKS.iter().any(|key| it.labels.get(key).is_some()));
        if right.is_of("aws-auth") && is_eks() {
            out.add(&EDGE, right, Foothold::masters(), |it| {
                it.may_at(right, &SYSTEM.into(), &"aws-auth".into())
                    .unsure("whether the cluster still goes by aws-auth is not known")
            });
        }
    }
}
