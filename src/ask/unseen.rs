//! Rows about addresses outside, where not all who may hold an address are known.
//!
//! A trace of such an address is unknown where it would be allowed, since the address may be a pod's, a node's or a
//! Service's that was not read (CONTRACT §2); so is a row that it stands in. A deny stays one.

use std::sync::Arc;

use crate::model::evidence::Gap;
use crate::model::id::Kind;
use crate::model::port::PortSet;
use crate::net::reach::{Counts, Summary, Unit};

use super::Asker;
use super::resolve::unseen;

impl Asker<'_> {
    /// Why an address that nobody holds may be somebody's; `None`: all pods, nodes and Services are known.
    pub fn unseen_holders(&self) -> Option<Gap> {
        [Kind::POD, Kind::NODE, Kind::SERVICE].into_iter().find_map(|it| unseen(self.cluster, it))
    }
}

/// Whether a unit is of addresses outside.
pub(super) fn is_outside(unit: &Unit) -> bool {
    matches!(unit, Unit::Outside(_))
}

/// Lets what a row surely allows be unknown; `pairs` are those of the whole answer.
pub(super) fn doubt(summary: &mut Summary, pairs: &mut Counts) {
    let allow = std::mem::take(&mut summary.pairs.allow);
    summary.pairs.unknown += allow;
    pairs.allow -= allow;
    pairs.unknown += allow;
    if !summary.some.is_empty() {
        let none = Arc::new(PortSet::none());
        (summary.every, summary.some) = (none.clone(), none);
    }
}
