//! Where two clusters are laid over each other: units, parts of the outside and nodes, each known on both sides.
//!
//! ```text
//! before  10.0.0.0/8 │ the rest            parts of the outside are cut until each is one part on each side;
//! after   10.1.0.0/16 │ the rest           addresses that an object holds on a side are no outside on either
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::{Side, Sides};
use crate::model::address::Family;
use crate::model::name::Name;
use crate::net::merge_ranges;
use crate::net::reach::{AddressRange, Nodes, Unit};

/// What of both sides is the same.
pub(super) struct Space {
    /// Workloads, and pods without one, with the sides that have them.
    pub units: Vec<(Unit, [bool; 2])>,
    numbers: HashMap<Unit, u32, FxBuildHasher>,
    pub cells: Vec<AddressCell>,
    /// By side: the part that begins with an address.
    parts: [HashMap<IpAddr, usize, FxBuildHasher>; 2],
    /// The nodes of both sides, and those of each.
    nodes: Arc<[Name]>,
    there: [Nodes; 2],
}

/// Addresses outside that are of one part on each side.
pub(super) struct AddressCell {
    pub ranges: Vec<AddressRange>,
    /// The number of the part, on each side.
    pub parts: [usize; 2],
}

/// Some nodes with what each of them has, by side.
pub(super) struct NodeCell<'r, T> {
    pub nodes: Nodes,
    pub exists: [bool; 2],
    pub rows: [Option<&'r T>; 2],
}

impl Space {
    /// The space of two clusters.
    pub fn of(sides: &Sides<'_>) -> Self {
        let units = units(sides);
        let numbers = (0..).zip(&units).map(|(number, it)| (it.0.clone(), number)).collect();
        let parts = sides.both().map(|it| it.net.outside_units(it.cluster, true));
        let begins = |parts: &Vec<Vec<AddressRange>>| {
            parts.iter().enumerate().filter_map(|(at, it)| Some((it.first()?.0, at))).collect()
        };
        let names = sides.both().map(|it| it.net.node_names(it.cluster));
        let nodes = together(&names);
        let there = names.each_ref().map(|it| Nodes::of(&nodes, it.iter()));
        Self { units, numbers, cells: cells(&parts), parts: parts.each_ref().map(begins), nodes, there }
    }

    /// The number of a unit.
    pub fn number(&self, unit: &Unit) -> Option<u32> {
        self.numbers.get(unit).copied()
    }

    /// The number of a part of the outside on one side.
    pub fn part(&self, side: usize, ranges: &[AddressRange]) -> Option<usize> {
        self.parts[side].get(&ranges.first()?.0).copied()
    }

    /// The same nodes, told among those of both sides.
    pub fn lifted(&self, nodes: &Nodes) -> Nodes {
        if nodes.is_among(&self.nodes) { nodes.clone() } else { Nodes::of(&self.nodes, nodes.names()) }
    }

    /// All nodes, in sets that each row of each side holds or leaves out as a whole.
    pub fn node_cells<'r, T>(&self, rows: [&'r [(Nodes, T)]; 2]) -> Vec<NodeCell<'r, T>> {
        let [before, after] = &self.there;
        let regions = [
            (before.among(after), [true, true]),
            (before.without(after), [true, false]),
            (after.without(before), [false, true]),
        ];
        let mut cells: Vec<NodeCell<'r, T>> = Vec::new();
        for (nodes, exists) in regions {
            cells.extend(nodes.map(|nodes| NodeCell { nodes, exists, rows: [None, None] }));
        }
        for side in [0, 1] {
            let cut = |cell: NodeCell<'r, T>| cut(cell, side, rows[side]);
            cells = cells.into_iter().flat_map(cut).collect();
        }
        cells
    }
}

/// A set of nodes, cut where rows of one side begin and end.
fn cut<'r, T>(cell: NodeCell<'r, T>, side: usize, rows: &'r [(Nodes, T)]) -> Vec<NodeCell<'r, T>> {
    let mut parts = Vec::new();
    let mut rest = Some(cell.nodes);
    for (nodes, row) in rows {
        let Some(left) = rest.take() else { break };
        if let Some(shared) = left.among(nodes) {
            let mut rows = cell.rows;
            rows[side] = Some(row);
            parts.push(NodeCell { nodes: shared, exists: cell.exists, rows });
        }
        rest = left.without(nodes);
    }
    parts.extend(rest.map(|nodes| NodeCell { nodes, exists: cell.exists, rows: cell.rows }));
    parts
}

fn units(sides: &Sides<'_>) -> Vec<(Unit, [bool; 2])> {
    let of = |side: &Side<'_>| {
        let mut all = side.net.workloads(side.cluster);
        all.sort_unstable();
        all
    };
    let [before, after] = sides.both().map(of);
    let mut all: Vec<(Unit, [bool; 2])> = Vec::with_capacity(before.len().max(after.len()));
    let (mut before, mut after) = (before.into_iter().peekable(), after.into_iter().peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return all,
        };
        let exists = [order.is_le(), order.is_ge()];
        let (a, b) = (before.next_if(|_| exists[0]), after.next_if(|_| exists[1]));
        all.extend(a.or(b).map(|it| (it, exists)));
    }
}

fn together(names: &[Arc<[Name]>; 2]) -> Arc<[Name]> {
    let [before, after] = names;
    if before == after {
        return before.clone();
    }
    let all: BTreeSet<&Name> = before.iter().chain(&**after).collect();
    all.into_iter().cloned().collect()
}

/// The parts of both sides cut by each other, in order.
fn cells(parts: &[Vec<Vec<AddressRange>>; 2]) -> Vec<AddressCell> {
    let flat = |parts: &Vec<Vec<AddressRange>>| {
        let numbered = parts.iter().enumerate().flat_map(|(at, it)| it.iter().map(move |range| (*range, at)));
        let mut all: Vec<(AddressRange, usize)> = numbered.collect();
        all.sort_unstable();
        all
    };
    let [before, after] = parts.each_ref().map(flat);
    let mut found: BTreeMap<[usize; 2], Vec<AddressRange>> = BTreeMap::new();
    let (mut a, mut b) = (0, 0);
    while let (Some((first, part)), Some((second, other))) = (before.get(a), after.get(b)) {
        let shared = (first.0.max(second.0), first.1.min(second.1));
        if Family::of(shared.0) == Family::of(shared.1) && shared.0 <= shared.1 {
            found.entry([*part, *other]).or_default().push(shared);
        }
        if first.1 <= second.1 { a += 1 } else { b += 1 }
    }
    let cell = |(parts, ranges)| AddressCell { ranges: merge_ranges(ranges), parts };
    let mut cells: Vec<AddressCell> = found.into_iter().map(cell).collect();
    cells.sort_by(|a, b| a.ranges.cmp(&b.ranges));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str) -> AddressRange {
        (first.parse().expect("an address"), last.parse().expect("an address"))
    }

    #[test]
    fn parts_are_cut_until_each_is_one_on_both_sides() {
        let before = vec![vec![range("0.0.0.0", "9.255.255.255"), range("11.0.0.0", "255.255.255.255")]];
        let after = vec![
            vec![range("10.0.0.0", "10.0.0.255")],
            vec![range("8.0.0.0", "8.255.255.255")],
            vec![range("0.0.0.0", "7.255.255.255"), range("9.0.0.0", "9.255.255.255"), range("::", "::1")],
        ];
        let found: Vec<_> = cells(&[before, after]).into_iter().map(|it| (it.ranges, it.parts)).collect();
        let rest = vec![range("0.0.0.0", "7.255.255.255"), range("9.0.0.0", "9.255.255.255")];
        assert_eq!(found, [(rest, [0, 2]), (vec![range("8.0.0.0", "8.255.255.255")], [0, 1])]);
    }
}
