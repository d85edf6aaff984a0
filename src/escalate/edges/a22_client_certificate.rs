//! A22: a client certificate that one approves oneself.

use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::identity::NODES;
use crate::rbac::powers;

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::Region;
use super::{Edge, JointNeed, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A22",
    name: "approve a client certificate",
    what: "acting as any user and in any group but system:masters, or as any node, by a certificate that cannot be revoked",
    needs: "create certificatesigningrequests, update their approval, and approve the signer kube-apiserver-client (or kube-apiserver-client-kubelet, for nodes)",
    limits: "that the signer runs; certificates for signers other than Kubernetes' own",
    leaves: MoveTrace::Object,
    undo: "client certificates cannot be revoked: they expire",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/", "CIS 5.1.11"],
    together: Some(JointNeed::rights(2).unsure()),
    asks: Asks::OneIdentity(&[&CREATES, &UPDATES, &APPROVES]),
    moves,
};

static CREATES: Permission = Permission::of(powers::CREATE_REQUESTS.needs);
static UPDATES: Permission = Permission::of(powers::APPROVE_REQUESTS.needs);
static APPROVES: Permission = Permission::of(powers::APPROVE.needs);

/// Who signs certificates by which the API server knows somebody; the kubelets' signer those of nodes alone.
const SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet"];

/// The name by which all signers of a domain are approved at once.
const DOMAIN: &str = "kubernetes.io/*";

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    // One may create the request that another approves.
    let Some(create) = moves.all_cluster_rights(&CREATES).find(|it| it.is_of_all()) else { return };
    let updates = moves.all_cluster_rights(&UPDATES);
    for (update, approve) in moves.of_one_identity(updates, moves.all_cluster_rights(&APPROVES)) {
        for (signer, to) in SIGNERS.into_iter().flat_map(certified) {
            let Some(asked) = [signer, DOMAIN].into_iter().find(|it| approve.is_of(it)) else { continue };
            let none = Name::empty();
            out.add(&EDGE, update, to, |it| {
                let it = it.may_at(create, &none, &none).may_at(update, &none, &update.a_name());
                it.may_at(approve, &none, &asked.into()).unsure("whether the cluster's signer runs is not known")
            });
        }
    }
}

/// As whom a certificate of a signer lets somebody act.
fn certified(signer: &'static str) -> Vec<(&'static str, Region)> {
    match signer == SIGNERS[0] {
        true => vec![(signer, Region::Certified)],
        false => {
            let nodes = Foothold::Subject(Subject::Group(NODES.into()));
            vec![(signer, Region::NodeUsers), (signer, Region::One(nodes))]
        }
    }
}
