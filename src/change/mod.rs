//! What differs between two clusters for whoever lives in them: flows and rights, not objects.
//!
//! ```text
//! before: Side ─┐                      ┌ flows: opened, closed, changed, unsure
//!               ├─compare──► Impact ───┤
//! after:  Side ─┘                      └ grants: given, taken, unsure
//! ```
//!
//! What somebody comes to reach by them is worked out above (`ask::gained`) and told beside (`reach`).
//!
//! Flows are told as a map by workload tells each side, and are exact: every pair of pods, every port, every address.
//! Two sides that are not known are not equal, unless all that they rest on is (CONTRACT §8).

pub mod clash;
pub mod edits;
pub mod fix;
pub mod flow;
mod flows;
pub mod grants;
mod grounds;
pub mod meanwhile;
pub mod object;
pub mod order;
pub mod plan;
mod ports;
pub mod reach;
pub mod rebase;
pub mod record;
pub mod risk;
mod space;
pub mod stage;
mod statuses;
mod touched;

use crate::model::cluster::Cluster;
use crate::net;
use crate::rbac::{self, Served};

pub use edits::{Change, Op, Saved, Unfit};
pub use flow::{DifferingFlow, FlowChange, MapPorts, When};
pub use grants::{GrantChange, GrantRow};
pub use order::Order;
pub use reach::{ReachChange, ReachDiff, ReachDiffRow};
pub use risk::Risk;
pub use stage::Stage;

/// One of two clusters, with its indexes.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub cluster: &'a Cluster,
    pub net: &'a net::Index,
    pub rbac: &'a rbac::Index,
    /// What its API serves: rights on anything else are none.
    pub served: &'a Served,
    /// Whether an address that nobody seems to hold may be somebody's that was not read.
    pub has_unseen: bool,
}

/// Two clusters to be compared.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    pub before: Side<'a>,
    pub after: Side<'a>,
    /// Whether one was made from the other: what the one could not read is then what the other could not.
    pub is_one_source: bool,
    /// Whether the documents of files that could not be read are word by word the same on both.
    pub has_same_unread: bool,
}

impl<'a> Sides<'a> {
    /// The sides in order.
    fn both(&self) -> [&Side<'a>; 2] {
        [&self.before, &self.after]
    }
}

/// What differs.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Impact {
    /// By `from`, then `to`.
    pub flows: Vec<DifferingFlow>,
    /// By subject.
    pub grants: Vec<GrantRow>,
    /// What somebody comes to reach on one side alone, where that was worked out; it decides of no verdict.
    pub reach: Option<ReachDiff>,
}

impl Impact {
    /// Whether another one tells the same: how many pods have what is told counts for nothing, since they come and go.
    pub fn is_same(&self, other: &Impact) -> bool {
        let is_alike = |(a, b): (&DifferingFlow, &DifferingFlow)| a.is_same(b);
        self.grants == other.grants
            && self.reach == other.reach
            && self.flows.len() == other.flows.len()
            && self.flows.iter().zip(&other.flows).all(is_alike)
    }
}

/// How many rows there are of each sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RowCounts {
    pub opened: u64,
    pub closed: u64,
    pub changed: u64,
    /// Flows and grants.
    pub unsure: u64,
    pub given: u64,
    pub taken: u64,
}

/// What a comparison comes to as a whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DiffVerdict {
    Same,
    /// Some row is sure.
    Different,
    /// There are rows, and none is sure.
    Unknown,
}

impl DiffVerdict {
    /// As JSON and scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            DiffVerdict::Same => "same",
            DiffVerdict::Different => "different",
            DiffVerdict::Unknown => "unknown",
        }
    }
}

impl Impact {
    /// How many rows there are of each sort; nodes and addresses that share a row are one.
    pub fn counts(&self) -> RowCounts {
        let mut counts = RowCounts::default();
        for flow in &self.flows {
            let count = match flow.change {
                FlowChange::Opened => &mut counts.opened,
                FlowChange::Closed => &mut counts.closed,
                FlowChange::Changed => &mut counts.changed,
                FlowChange::Unsure => &mut counts.unsure,
            };
            *count += 1;
        }
        for row in &self.grants {
            let count = match row.change {
                GrantChange::Given => &mut counts.given,
                GrantChange::Taken => &mut counts.taken,
                GrantChange::Unsure => &mut counts.unsure,
            };
            *count += 1;
        }
        counts
    }

    /// What it comes to as a whole (CONTRACT §8).
    pub fn verdict(&self) -> DiffVerdict {
        let RowCounts { opened, closed, changed, unsure, given, taken } = self.counts();
        match (opened + closed + changed + given + taken, unsure) {
            (0, 0) => DiffVerdict::Same,
            (0, _) => DiffVerdict::Unknown,
            _ => DiffVerdict::Different,
        }
    }
}

/// What differs between two clusters.
pub fn compare(sides: &Sides<'_>) -> Impact {
    Impact { flows: flows::compare(sides), grants: grants::compare(sides), reach: None }
}
