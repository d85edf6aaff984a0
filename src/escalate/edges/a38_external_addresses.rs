//! A38 and N40: a Service that claims another's address.

use crate::rbac::powers;

use super::super::moves::{Moves, Out};
use super::super::powers::{Asks, Power};
use super::super::region::Region;
use super::{Edge, Trace};

pub(super) static EDGE: Edge = Edge {
    id: "A38",
    name: "claim an address by a Service",
    what: "receiving what clients within the cluster send to an address, that of another Service among them",
    needs: "create, update or patch services (their externalIPs), or services/status (their load balancer's addresses)",
    leaves: Trace::Object,
    undo: "take the address out of the Service",
    sources: &["https://github.com/kubernetes/kubernetes/issues/97076 (CVE-2020-8554)"],
    asks: Asks::Anybody(&[&SERVICES, &STATUS]),
    moves,
};

static SERVICES: Power = Power::of(powers::WRITE_SERVICES.needs);
static STATUS: Power = Power::of(powers::WRITE_SERVICE_STATUS.needs);

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for right in moves.new_rights(&SERVICES).chain(moves.new_rights(&STATUS)).take(1) {
        out.add(&EDGE, right, Region::Traffic(Default::default()), |it| {
            it.may_at(right, &right.scope, &right.a_name())
                .unsure("whether the proxy of nodes follows it, and admission lets it, is not known")
        });
    }
}
