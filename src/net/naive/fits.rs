//! Whether a port and a block hold an end, for the second evaluator: every way in which it may turn out.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::{EITHER, NO, Party, YES, any, sure};
use crate::model::address::{Block, Family};
use crate::model::facts::ContainerRole;
use crate::model::port::PortMatch;
use crate::net::verdict::Port;

pub(super) fn port_fits(matches: &PortMatch, destination: &Party<'_>, (protocol, number): Port) -> &'static [bool] {
    match matches {
        PortMatch::Any => YES,
        PortMatch::All(it) => sure(*it == protocol),
        PortMatch::Range { protocol: it, first, last } => sure(*it == protocol && *first <= number && number <= *last),
        PortMatch::Named { protocol: it, name } => {
            let declared = destination.pod.iter().flat_map(|it| it.ports().iter());
            any(declared.filter(|port| port.name == *name && port.protocol == *it).map(|port| {
                match (port.protocol == protocol && port.number == number, port.container) {
                    (false, _) => NO,
                    (true, ContainerRole::Init) => EITHER,
                    (true, _) => YES,
                }
            }))
        }
    }
}

/// Whether a block holds the end; of one without a known address, whether it holds all, none or a part of where it
/// may be.
pub(super) fn block_fits(block: &Block, peer: &Party<'_>, family: Family) -> &'static [bool] {
    if Family::of(block.cidr.addr()) != family {
        return NO;
    }
    if let Some(address) = peer.addresses.iter().find(|it| Family::of(**it) == family) {
        return sure(block.contains(*address));
    }
    let mut ways = BTreeSet::new();
    for range in peer.anywhere.iter().filter(|it| Family::of(it.addr()) == family) {
        let inside = if range.contains(&block.cidr) { block.cidr } else { *range };
        let touches = range.contains(&block.cidr) || block.cidr.contains(range);
        let holes = IpNet::aggregate(&block.except.to_vec());
        let is_shut = holes.iter().any(|it| it.contains(&inside));
        let is_whole = block.cidr.contains(range) && !holes.iter().any(|it| it.contains(range) || range.contains(it));
        if touches && !is_shut {
            ways.insert(true);
        }
        if !is_whole {
            ways.insert(false);
        }
    }
    match (ways.contains(&true), ways.contains(&false)) {
        (true, true) => EITHER,
        (true, false) => YES,
        _ => NO,
    }
}
