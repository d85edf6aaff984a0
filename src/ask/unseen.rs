//! Rows about addresses outside, where not all who may hold an address are known.
//!
//! A trace of such an address is unknown, whatever policies say of it as one outside, since it may be a pod's, a node's
//! or a Service's that was not read (CONTRACT §2); so is a row that it stands in.

use crate::model::evidence::Gap;
use crate::net::reach::Unit;

use super::Asker;
use super::resolve::unseen_holder;

impl Asker<'_> {
    /// Why an address that nobody holds may be somebody's; `None`: all pods, nodes and Services are known.
    pub fn unseen_holders(&self) -> Option<Gap> {
        unseen_holder(self.cluster, false)
    }
}

/// Whether a unit is of addresses outside.
pub(super) fn is_outside(unit: &Unit) -> bool {
    matches!(unit, Unit::Outside(_))
}
