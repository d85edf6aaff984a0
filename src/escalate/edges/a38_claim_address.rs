//! A38 and N40: a Service of one's own that claims the address of another.

use crate::model::name::Name;
use crate::rbac::powers;

use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Permission};
use super::super::region::{Of, Region};
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "A38",
    name: "claim an address by a Service",
    what: "receiving what clients in the cluster send to an address, another Service's among them",
    needs: "create, update or patch services (externalIPs), or patch or update services/status (CVE-2020-8554)",
    limits: "clusters that refuse externalIPs (DenyServiceExternalIPs), and never surely whose rule the nodes' proxies meet first",
    leaves: MoveTrace::Object,
    undo: "take the address out of the Service, or delete it",
    sources: &["https://github.com/kubernetes/kubernetes/issues/97076"],
    together: None,
    asks: Asks::Anybody(&[&CLAIMS]),
    moves,
};

static CLAIMS: Permission = Permission::of(powers::CLAIM_ADDRESSES.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&CLAIMS) {
        out.add(&EDGE, right, Region::Traffic(Name::empty(), Of::All), |it| {
            let it = it.may_at(right, &right.scope, &right.a_name());
            it.unsure(
                "whether the cluster refuses external addresses, and which Service its nodes prefer, is not known",
            )
        });
    }
}
