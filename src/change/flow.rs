//! One row of what differs between two maps.

use std::sync::Arc;

use crate::model::port::PortSet;
use crate::net::reach::{MapRow, Summary, Unit};

/// Which of two clusters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum When {
    Before,
    After,
}

impl When {
    pub const ALL: [When; 2] = [When::Before, When::After];

    /// As JSON and scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            When::Before => "before",
            When::After => "after",
        }
    }
}

/// How a pair of units differs (CONTRACT §8).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FlowChange {
    /// Nothing surely passed before, something surely passes after.
    Opened,
    Closed,
    /// Something passes on both sides: other ports, or other pods.
    Changed,
    /// What is not known on a side decides whether it differs at all.
    Unsure,
}

impl FlowChange {
    /// As JSON and scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            FlowChange::Opened => "opened",
            FlowChange::Closed => "closed",
            FlowChange::Changed => "changed",
            FlowChange::Unsure => "unsure",
        }
    }

    /// The same seen from the other side.
    pub const fn mirrored(self) -> Self {
        match self {
            FlowChange::Opened => FlowChange::Closed,
            FlowChange::Closed => FlowChange::Opened,
            other => other,
        }
    }
}

/// What a map says of the ports of one pair of units.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MapPorts {
    /// Every pair of pods surely allows them.
    pub every: Arc<PortSet>,
    /// Some pair surely does.
    pub some: Arc<PortSet>,
    /// None surely does, some may.
    pub unknown: Arc<PortSet>,
}

impl From<Option<&Summary>> for MapPorts {
    fn from(summary: Option<&Summary>) -> Self {
        let Some(it) = summary else { return Self::default() };
        let is_sure = Arc::ptr_eq(&it.some, &it.possible) || it.some == it.possible;
        let unknown = if is_sure { Arc::default() } else { Arc::new(it.unknown()) };
        Self { every: it.every.clone(), some: it.some.clone(), unknown }
    }
}

/// One pair of units that differs.
#[derive(Clone, PartialEq, Debug)]
pub struct DifferingFlow {
    pub from: Unit,
    pub to: Unit,
    pub change: FlowChange,
    pub before: MapPorts,
    pub after: MapPorts,
    /// The side that alone has both ends.
    pub only: Option<When>,
    /// The rows of the maps, as far as they have one: `from` and `to` may be a part of theirs.
    pub rows: [Option<MapRow>; 2],
}

impl DifferingFlow {
    /// Whether another one tells the same, however many pods have it.
    pub fn is_same(&self, other: &DifferingFlow) -> bool {
        let DifferingFlow { from, to, change, before, after, only, rows: _ } = other;
        (&self.from, &self.to, self.change, self.only) == (from, to, *change, *only)
            && (&self.before, &self.after) == (before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::reach::Counts;

    /// Pods come and go while somebody reads what a change would do: a replica more is no other impact.
    #[test]
    fn a_flow_of_more_pods_tells_the_same() {
        let (from, to) = (Unit::Namespace("shop".into()), Unit::Namespace("payments".into()));
        let flow = |pods: u64, change: FlowChange| {
            let none = Arc::new(PortSet::none());
            let pairs = Counts { allow: pods, ..Counts::default() };
            let summary = Summary { every: none.clone(), some: none.clone(), possible: none, pairs };
            let row = MapRow { from: from.clone(), to: to.clone(), summary };
            let (before, after) = (MapPorts::default(), MapPorts::default());
            DifferingFlow {
                from: from.clone(),
                to: to.clone(),
                change,
                before,
                after,
                only: None,
                rows: [Some(row), None],
            }
        };
        let three = flow(3, FlowChange::Closed);
        assert!(three != flow(4, FlowChange::Closed) && three.is_same(&flow(4, FlowChange::Closed)));
        assert!(!three.is_same(&flow(3, FlowChange::Opened)));
    }
}
