//! Rows of one answer in the making: those of several members, put together.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::sync::Arc;

use crate::model::port::PortSet;
use crate::net::reach::{AddressRange, Counts, LeftOut, Nodes, ReachList, ReachRow, Summary, Unit};

use super::judged::JudgedPairs;
use super::whys::Reasons;

/// Rows by their units.
#[derive(Default)]
pub(super) struct RowsByUnit {
    rows: BTreeMap<Unit, Summary>,
    /// Nodes in sets that have the same with all members so far.
    nodes: Vec<(Nodes, Summary)>,
    /// Pairs that are in no row.
    apart: Counts,
    pub left_out: LeftOut,
    /// Why rows that were judged pair by pair are unknown.
    pub reasons: BTreeMap<Unit, Reasons>,
}

impl RowsByUnit {
    /// Adds what one more member has with every unit.
    pub fn add(&mut self, reach: ReachList) {
        let mut apart = reach.pairs;
        let mut nodes = Vec::new();
        for row in reach.rows {
            take(&mut apart, &row.summary.pairs.times(row.unit.count()));
            match row.unit {
                Unit::Nodes(it) => nodes.push((it, row.summary)),
                unit => self.put(unit, row.summary),
            }
        }
        self.add_nodes(nodes);
        self.apart.join(&apart);
        self.left_out.finished = self.left_out.finished.max(reach.left_out.finished);
        self.left_out.unread = self.left_out.unread.max(reach.left_out.unread);
        self.left_out.itself += reach.left_out.itself;
    }

    fn put(&mut self, unit: Unit, summary: Summary) {
        match self.rows.entry(unit) {
            Place::Vacant(free) => drop(free.insert(summary)),
            Place::Occupied(mut held) => join(held.get_mut(), &summary),
        }
    }

    /// Adds pairs of a unit that were judged one by one; of nodes one at a time, and each once.
    pub fn add_judged(&mut self, unit: Unit, judged: JudgedPairs) {
        let JudgedPairs { summary, reasons } = judged;
        if !reasons.is_empty() {
            self.reasons.entry(unit.clone()).or_insert(reasons);
        }
        match unit {
            Unit::Nodes(nodes) => put_nodes(&mut self.nodes, nodes, summary),
            unit => self.put(unit, summary),
        }
    }

    /// Takes out the rows about addresses outside.
    pub fn take_outside(&mut self) -> Vec<Vec<AddressRange>> {
        let units: Vec<Unit> = self.rows.keys().filter(|it| matches!(it, Unit::Outside(_))).cloned().collect();
        let ranges = units.into_iter().filter_map(|it| match (self.rows.remove(&it), it) {
            (Some(_), Unit::Outside(ranges)) => Some(ranges),
            _ => None,
        });
        ranges.collect()
    }

    /// Counts pairs in which nothing passes, and of which no row speaks.
    pub fn deny(&mut self, pairs: u64) {
        self.apart.deny += pairs;
    }

    /// Parts sets of nodes where others cut them, and takes those together that have the same.
    fn add_nodes(&mut self, more: Vec<(Nodes, Summary)>) {
        let mut parts: Vec<(Nodes, Summary)> = Vec::new();
        let mut left: Vec<(Nodes, Summary)> = more;
        for (mut nodes, summary) in std::mem::take(&mut self.nodes) {
            for (other, more) in &left {
                if let Some(both) = nodes.among(other) {
                    let mut joined = summary.clone();
                    join(&mut joined, more);
                    put_nodes(&mut parts, both, joined);
                }
            }
            for (other, _) in &mut left {
                let rest = other.without(&nodes);
                nodes = nodes.without(other).unwrap_or_else(|| nodes.nobody());
                *other = rest.unwrap_or_else(|| other.nobody());
            }
            if nodes.count() > 0 {
                put_nodes(&mut parts, nodes, summary);
            }
        }
        let rest = left.into_iter().filter(|it| it.0.count() > 0);
        rest.for_each(|(nodes, summary)| put_nodes(&mut parts, nodes, summary));
        self.nodes = parts;
    }

    /// The rows in which some pair may pass, each changed so before, and the pairs of all.
    pub fn finish(self, change: impl Fn(&Unit, &mut Summary)) -> (Vec<ReachRow>, Counts) {
        let nodes = self.nodes.into_iter().map(|(nodes, summary)| (Unit::Nodes(nodes), summary));
        let mut all: BTreeMap<Unit, Summary> = self.rows;
        all.extend(nodes);
        let mut pairs = self.apart;
        let mut rows = Vec::with_capacity(all.len());
        for (unit, mut summary) in all {
            change(&unit, &mut summary);
            pairs.join(&summary.pairs.times(unit.count()));
            if !summary.possible.is_empty() {
                rows.push(ReachRow { unit, summary });
            }
        }
        (rows, pairs)
    }
}

fn put_nodes(parts: &mut Vec<(Nodes, Summary)>, nodes: Nodes, summary: Summary) {
    match parts.iter_mut().find(|it| it.1 == summary) {
        Some(held) => held.0 = held.0.and(&nodes),
        None => parts.push((nodes, summary)),
    }
}

fn take(from: &mut Counts, less: &Counts) {
    from.allow = from.allow.saturating_sub(less.allow);
    from.unknown = from.unknown.saturating_sub(less.unknown);
    from.deny = from.deny.saturating_sub(less.deny);
}

/// Puts what two sets of pairs have in common together.
pub(super) fn join(held: &mut Summary, other: &Summary) {
    merge(&mut held.every, &other.every, PortSet::intersection);
    merge(&mut held.some, &other.some, PortSet::union);
    merge(&mut held.possible, &other.possible, PortSet::union);
    held.pairs.join(&other.pairs);
}

/// Puts two sets together, unless both are one: most rows of one namespace share theirs.
fn merge(held: &mut Arc<PortSet>, other: &Arc<PortSet>, how: fn(&PortSet, &PortSet) -> PortSet) {
    if !Arc::ptr_eq(held, other) && held != other {
        *held = Arc::new(how(held, other));
    }
}

/// Leaves these ports alone of what a backend has with every unit; of others nothing is asked, and no pair closes them.
pub(super) fn narrow(reach: &mut ReachList, meant: &PortSet) {
    let others = PortSet::all().difference(meant);
    let mut known: Vec<(Arc<PortSet>, Arc<PortSet>, Arc<PortSet>)> = Vec::new();
    let mut narrowed = |it: &Arc<PortSet>| {
        if let Some(held) = known.iter().find(|known| Arc::ptr_eq(&known.0, it)) {
            return (held.1.clone(), held.2.clone());
        }
        let within = Arc::new(it.intersection(meant));
        let with_others = Arc::new(within.union(&others));
        known.push((it.clone(), within.clone(), with_others.clone()));
        (within, with_others)
    };
    for summary in reach.rows.iter_mut().map(|it| &mut it.summary) {
        summary.every = narrowed(&summary.every).1;
        summary.some = narrowed(&summary.some).0;
        summary.possible = narrowed(&summary.possible).0;
    }
}
