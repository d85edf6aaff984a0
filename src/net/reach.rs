//! Answers about many pairs: what one end reaches, and maps of all connections.
//!
//! A row stands for many pairs. `every` holds the ports that each pair surely allows, `some` those that at least
//! one surely allows, `possible` those that at least one may allow; `pairs` counts the pairs by outcome, and the
//! worst of them is the row's own (CONTRACT §2). Finished pods and a pod to itself are left out, with counts.
//!
//! Addresses that pods, nodes and Services hold are those objects and no part of the outside. Nodes that answer alike
//! share a row, which speaks of each of them; what passes between two addresses outside is not the cluster's to say.

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::id::{PodId, WorkloadId};
use crate::model::name::Name;
use crate::model::ownership::workload_of;
use crate::model::pod::Pod;
use crate::model::port::PortSet;

pub use super::nodes::Nodes;

/// How fine an answer about many pairs is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Granularity {
    Pod,
    Workload,
    Namespace,
}

/// A range of addresses, both ends included.
pub type AddressRange = (IpAddr, IpAddr);

/// What one row speaks of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    Pod(PodId),
    /// All pods of one controller; a pod without one stands for itself as [`Unit::Pod`].
    Workload(WorkloadId),
    Namespace(Name),
    /// Nodes, each of which has what the row says.
    Nodes(Nodes),
    /// Outside addresses that every block of every rule holds or leaves out together.
    Outside(Vec<AddressRange>),
}

/// How many pairs have each outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub allow: u64,
    pub unknown: u64,
    pub deny: u64,
}

impl Counts {
    /// Counts pairs of this outcome.
    pub fn add(&mut self, outcome: Outcome, pairs: u64) {
        match outcome {
            Outcome::Allow => self.allow += pairs,
            Outcome::Unknown => self.unknown += pairs,
            Outcome::Deny => self.deny += pairs,
        }
    }

    /// So many times these.
    pub fn times(&self, times: u64) -> Self {
        Self { allow: self.allow * times, unknown: self.unknown * times, deny: self.deny * times }
    }

    /// Counts the pairs of other counts too.
    pub fn join(&mut self, more: &Self) {
        self.allow += more.allow;
        self.unknown += more.unknown;
        self.deny += more.deny;
    }

    /// How many pairs there are.
    pub fn total(&self) -> u64 {
        self.allow + self.unknown + self.deny
    }

    /// The worst outcome of any pair; unknown when there is none.
    pub fn worst(&self) -> Outcome {
        match (self.deny, self.unknown, self.allow) {
            (0, 0, 1..) => Outcome::Allow,
            (1.., _, _) => Outcome::Deny,
            _ => Outcome::Unknown,
        }
    }
}

impl Unit {
    /// A pod's workload, or the pod itself where it has none.
    pub fn of_pod(cluster: &Cluster, pod: &Pod) -> Self {
        workload_of(cluster, pod).map_or_else(|| Unit::Pod(pod.pod_id()), Unit::Workload)
    }

    /// How many units it stands for: each of several nodes is one.
    pub fn count(&self) -> u64 {
        match self {
            Unit::Nodes(nodes) => nodes.count() as u64,
            Unit::Pod(_) | Unit::Workload(_) | Unit::Namespace(_) | Unit::Outside(_) => 1,
        }
    }
}

/// What all pairs of one row have in common.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Ports that every pair surely allows.
    pub every: Arc<PortSet>,
    /// Ports that some pair surely allows.
    pub some: Arc<PortSet>,
    /// Ports that some pair may allow.
    pub possible: Arc<PortSet>,
    /// Pairs by their outcome without a port, or for the port that was asked for.
    pub pairs: Counts,
}

impl Summary {
    /// Ports that some pair may allow and none surely does.
    pub fn unknown(&self) -> PortSet {
        self.possible.difference(&self.some)
    }

    /// Lets all pairs be unknown, on all ports that are meant.
    pub fn doubt(&mut self, meant: PortSet) {
        let none = Arc::new(PortSet::none());
        let pairs = Counts { unknown: self.pairs.total(), ..Counts::default() };
        *self = Self { every: none.clone(), some: none, possible: meant.into(), pairs };
    }
}

/// One row of what an end reaches, or of what reaches it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReachRow {
    pub unit: Unit,
    pub summary: Summary,
}

/// All that one end reaches, or all that reaches it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReachList {
    /// By unit, then nodes and what is outside; rows in which no pair can pass are left out, and counted in `pairs`.
    pub rows: Vec<ReachRow>,
    pub pairs: Counts,
    pub left_out: LeftOut,
}

/// One row of a map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapRow {
    pub from: Unit,
    pub to: Unit,
    pub summary: Summary,
}

/// Every pair of units.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UnitMap {
    /// By `from`, then `to`, what is outside and nodes last. A row from nodes to nodes speaks of each and each other.
    ///
    /// Rows in which no pair can pass are left out, and counted in `pairs`.
    pub rows: Vec<MapRow>,
    pub pairs: Counts,
    pub left_out: LeftOut,
}

impl UnitMap {
    /// Lets rows about addresses outside be unknown, where it is not known whose those are; `own` are the ports of nodes.
    pub fn doubt_outside(&mut self, own: &PortSet) {
        let is_outside = |it: &Unit| matches!(it, Unit::Outside(_));
        for row in self.rows.iter_mut().filter(|it| is_outside(&it.from) || is_outside(&it.to)) {
            let Counts { allow, deny, .. } = row.summary.pairs.times(row.from.count() * row.to.count());
            self.pairs = Counts {
                allow: self.pairs.allow - allow,
                deny: self.pairs.deny - deny,
                unknown: self.pairs.unknown + allow + deny,
            };
            let is_node = matches!(row.to, Unit::Nodes(_));
            row.summary.doubt(if is_node { own.clone() } else { PortSet::all() });
        }
    }
}

/// What an answer about many pairs does not speak of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LeftOut {
    /// Finished pods.
    pub finished: u64,
    /// Pods that we hold and no longer may read.
    pub unread: u64,
    /// Pairs of a pod and itself.
    pub itself: u64,
}

impl LeftOut {
    /// Counts what another answer leaves out too.
    pub fn add(&mut self, more: Self) {
        self.finished += more.finished;
        self.unread += more.unread;
        self.itself += more.itself;
    }
}
