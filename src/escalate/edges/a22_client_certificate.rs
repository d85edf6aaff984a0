//! A22: a client certificate that one approves oneself.

use crate::model::name::Name;
use crate::rbac::capability::Need;

use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Power};
use super::super::region::Region;
use super::super::rights::Right;
use super::{Edge, Trace};

pub(super) static EDGE: Edge = Edge {
    id: "A22",
    name: "approve a client certificate",
    what: "acting as any user and in any group but system:masters, by a certificate that cannot be revoked",
    needs: "create certificatesigningrequests, update their approval, and approve the signer kube-apiserver-client",
    leaves: Trace::Object,
    undo: "client certificates cannot be revoked: they expire",
    sources: &["https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/", "CIS 5.1.11"],
    asks: Asks::OneIdentity(&[&CREATES, &UPDATES, &APPROVES]),
    moves,
};

const GROUP: &str = "certificates.k8s.io";
static CREATES: Power = Power::of(&[Need { verbs: &["create"], group: GROUP, resource: "certificatesigningrequests" }]);
static UPDATES: Power =
    Power::of(&[Need { verbs: &["update", "patch"], group: GROUP, resource: "certificatesigningrequests/approval" }]);
static APPROVES: Power = Power::of(&[Need { verbs: &["approve"], group: GROUP, resource: "signers" }]);
const SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"];

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    // One may create the request that another approves.
    let Some(create) = moves.all_cluster_rights(&CREATES).find(|it| it.is_of_all()) else { return };
    let signer = |it: &Right| SIGNERS.into_iter().find(|signer| it.is_of(signer));
    let approves = moves.all_cluster_rights(&APPROVES).filter(|it| signer(it).is_some());
    for (update, approve) in moves.of_one_identity(moves.all_cluster_rights(&UPDATES), approves) {
        let (none, signer) = (Name::empty(), signer(approve).unwrap_or_default().into());
        out.add(&EDGE, update, Region::Certified, |it| {
            let it = it.may_at(create, &none, &none).may_at(update, &none, &update.a_name());
            it.may_at(approve, &none, &signer).unsure("whether the cluster's signer runs is not known")
        });
    }
}
