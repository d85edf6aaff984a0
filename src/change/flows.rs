//! Two maps by workload, row against row.
//!
//! ```text
//! rows of each side ──sorted──► workload ↔ workload    one against one
//!                               … ↔ outside            over the parts that both sides tell apart
//!                               … ↔ nodes              over the sets that both sides tell apart
//! ```
//!
//! Rows mostly tell themselves whether they differ; where several pods answer differently, their pairs are asked.

use std::collections::{BTreeMap, HashMap};

use rustc_hash::FxBuildHasher;

use super::flow::{DifferingFlow, FlowChange, MapPorts, When};
use super::ports::{PairByPair, RowVerdict, Who, told};
use super::space::Space;
use super::touched::{TouchedUnits, touched};
use super::{Side, Sides};
use crate::model::port::PortSet;
use crate::net::reach::{AddressRange, Granularity, MapRow, Nodes, Summary, Unit, UnitMap};
use crate::net::{MapPart, merge_ranges, node_ports};

/// Which end of a row is meant by its first key: the other end is the outside or nodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Ways {
    Out,
    In,
}

/// Sets of nodes, each with the row that speaks of it.
type NodeRows = Vec<(Nodes, MapRow)>;

/// The rows of one map, by who stands in them.
#[derive(Default)]
struct MapRows {
    pairs: HashMap<(u32, u32), MapRow, FxBuildHasher>,
    /// By unit, way and part.
    outside: HashMap<(u32, Ways, usize), MapRow, FxBuildHasher>,
    nodes: BTreeMap<(u32, Ways), NodeRows>,
    /// By part.
    outside_nodes: BTreeMap<(usize, Ways), NodeRows>,
    among_nodes: Vec<(Nodes, Nodes, MapRow)>,
}

/// What differs, in the making.
struct FlowsDraft<'a> {
    space: &'a Space,
    pairs: PairByPair<'a>,
    flows: Vec<DifferingFlow>,
}

/// Two rows, or none, of what may be a part of their ends.
type Pair<'r> = [Option<&'r MapRow>; 2];

/// The flows of two clusters that differ, in order.
pub(super) fn compare(sides: &Sides<'_>) -> Vec<DifferingFlow> {
    let touched = touched(sides);
    // Where nothing is touched no row can differ, of whatever sort: all that any rests on is the same on both sides.
    if touched.as_ref().is_some_and(TouchedUnits::is_nothing) {
        return Vec::new();
    }
    let space = Space::of(sides);
    // Where most may differ, all is told at once.
    let touched = touched.filter(|it| it.units.len() <= space.units.len() / 2);
    let rows = [0, 1].map(|at| MapRows::of(map(sides.both()[at], touched.as_ref()), at, &space));
    let mut draft = FlowsDraft { space: &space, pairs: PairByPair::of(sides), flows: Vec::new() };
    draft.workloads(&rows);
    draft.outside(&rows);
    draft.nodes(&rows);
    draft.outside_nodes(&rows);
    draft.among_nodes(&rows);
    let mut flows = draft.flows;
    flows.sort_by(|a, b| (place(&a.from), place(&a.to)).cmp(&(place(&b.from), place(&b.to))));
    flows
}

/// Workloads come first, then nodes, then addresses outside.
fn place(unit: &Unit) -> (bool, bool, &Unit) {
    (matches!(unit, Unit::Outside(_)), matches!(unit, Unit::Nodes(_)), unit)
}

/// The map of one side, as `map` answers; of units that cannot differ the rows are left out.
fn map(side: &Side<'_>, touched: Option<&TouchedUnits>) -> UnitMap {
    let mut map = match touched {
        Some(it) => {
            let part = MapPart { units: &it.units, all_nodes: it.nodes, keeps_outside: side.has_unseen };
            side.net.map_part(side.cluster, &part)
        }
        None if side.has_unseen => side.net.whole_map(side.cluster, Granularity::Workload, None),
        None => side.net.map(side.cluster, Granularity::Workload, None),
    };
    if side.has_unseen {
        map.doubt_outside(&PortSet::all().difference(&node_ports(side.cluster)));
    }
    map
}

impl MapRows {
    fn of(map: UnitMap, side: usize, space: &Space) -> Self {
        let mut rows = Self::default();
        for row in map.rows {
            rows.put(row, side, space);
        }
        rows
    }

    fn put(&mut self, row: MapRow, side: usize, space: &Space) {
        let unit = |it: &Unit| space.number(it);
        let part = |it: &[AddressRange]| space.part(side, it);
        match (&row.from, &row.to) {
            (Unit::Nodes(from), Unit::Nodes(to)) => {
                self.among_nodes.push((space.lifted(from), space.lifted(to), row.clone()));
            }
            (Unit::Nodes(nodes), Unit::Outside(ranges)) | (Unit::Outside(ranges), Unit::Nodes(nodes)) => {
                let way = if matches!(row.from, Unit::Outside(_)) { Ways::Out } else { Ways::In };
                let Some(part) = part(ranges) else { return };
                self.outside_nodes.entry((part, way)).or_default().push((space.lifted(nodes), row.clone()));
            }
            (other, Unit::Nodes(nodes)) | (Unit::Nodes(nodes), other) => {
                let way = if matches!(row.to, Unit::Nodes(_)) { Ways::Out } else { Ways::In };
                let Some(unit) = unit(other) else { return };
                self.nodes.entry((unit, way)).or_default().push((space.lifted(nodes), row.clone()));
            }
            (other, Unit::Outside(ranges)) | (Unit::Outside(ranges), other) => {
                let way = if matches!(row.to, Unit::Outside(_)) { Ways::Out } else { Ways::In };
                let (Some(unit), Some(part)) = (unit(other), part(ranges)) else { return };
                self.outside.insert((unit, way, part), row);
            }
            (from, to) => {
                let (Some(from), Some(to)) = (unit(from), unit(to)) else { return };
                self.pairs.insert((from, to), row);
            }
        }
    }
}

impl FlowsDraft<'_> {
    /// How two ends differ; `None`: not at all.
    fn change(&mut self, from: Who<'_>, to: Who<'_>, rows: Pair<'_>, exists: [bool; 2]) -> Option<FlowChange> {
        let rows = rows.map(|it| it.map(|it| &it.summary));
        match told(rows, exists) {
            RowVerdict::Nothing => None,
            RowVerdict::Change(change) => Some(change),
            RowVerdict::AskPairs => self.pairs.change(from, to, rows),
        }
    }

    fn push(&mut self, (from, to): (Unit, Unit), change: FlowChange, rows: Pair<'_>, exists: [bool; 2]) {
        let [before, after] = rows.map(|it| MapPorts::from(it.map(|it| &it.summary)));
        let only = match exists {
            [true, false] => Some(When::Before),
            [false, true] => Some(When::After),
            _ => None,
        };
        self.flows.push(DifferingFlow {
            from,
            to,
            change,
            before,
            after,
            only,
            rows: rows.map(Option::<&MapRow>::cloned),
        });
    }

    fn workloads(&mut self, rows: &[MapRows; 2]) {
        let units = &self.space.units;
        let first = rows[0].pairs.keys().copied();
        let more = rows[1].pairs.keys().filter(|it| !rows[0].pairs.contains_key(*it)).copied();
        // The order does not matter: flows are sorted in the end.
        for key @ (from, to) in first.chain(more) {
            let pair = [0, 1].map(|side| rows[side].pairs.get(&key));
            let ((from, there), (to, here)) = (&units[from as usize], &units[to as usize]);
            let exists = [there[0] && here[0], there[1] && here[1]];
            if let Some(change) = self.change(Who::Pods(from), Who::Pods(to), pair, exists) {
                self.push((from.clone(), to.clone()), change, pair, exists);
            }
        }
    }

    fn outside(&mut self, rows: &[MapRows; 2]) {
        let units = &self.space.units;
        for (number, (unit, exists)) in (0..).zip(units) {
            for way in [Ways::Out, Ways::In] {
                let mut parts: Vec<(Vec<AddressRange>, FlowChange, Pair<'_>)> = Vec::new();
                for cell in &self.space.cells {
                    let pair = [0, 1].map(|side| rows[side].outside.get(&(number, way, cell.parts[side])));
                    if pair == [None, None] {
                        continue;
                    }
                    let (from, to) = turned(Who::Pods(unit), Who::Addresses(&cell.ranges), way);
                    if let Some(change) = self.change(from, to, pair, *exists) {
                        join(&mut parts, cell.ranges.clone(), change, pair);
                    }
                }
                for (ranges, change, pair) in parts {
                    let ends = turned(unit.clone(), Unit::Outside(merge_ranges(ranges)), way);
                    self.push(ends, change, pair, *exists);
                }
            }
        }
    }

    fn nodes(&mut self, rows: &[MapRows; 2]) {
        let mut keys: Vec<(u32, Ways)> = rows.iter().flat_map(|it| it.nodes.keys().copied()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key @ (number, way) in keys {
            let (unit, there) = &self.space.units[number as usize];
            let pair = [0, 1].map(|side| rows[side].nodes.get(&key).map_or(&[][..], Vec::as_slice));
            self.with_nodes(Who::Pods(unit), unit, *there, pair, way);
        }
    }

    fn outside_nodes(&mut self, rows: &[MapRows; 2]) {
        for cell in &self.space.cells {
            let unit = Unit::Outside(cell.ranges.clone());
            for way in [Ways::Out, Ways::In] {
                let of = |side: usize| rows[side].outside_nodes.get(&(cell.parts[side], way));
                let pair = [0, 1].map(|side| of(side).map_or(&[][..], Vec::as_slice));
                self.with_nodes(Who::Addresses(&cell.ranges), &unit, [true, true], pair, way);
            }
        }
    }

    /// What an end has with nodes.
    fn with_nodes(&mut self, who: Who<'_>, unit: &Unit, there: [bool; 2], rows: [&[(Nodes, MapRow)]; 2], way: Ways) {
        let mut found: Vec<(Nodes, FlowChange, Pair<'_>, [bool; 2])> = Vec::new();
        for cell in self.space.node_cells(rows) {
            let exists = [there[0] && cell.exists[0], there[1] && cell.exists[1]];
            if exists == [false, false] || cell.rows == [None, None] {
                continue;
            }
            let summaries = cell.rows.map(|it| it.map(|it| &it.summary));
            match told(summaries, exists) {
                RowVerdict::Nothing => {}
                RowVerdict::Change(change) => found.push((cell.nodes, change, cell.rows, exists)),
                RowVerdict::AskPairs => {
                    for (node, name) in cell.nodes.each().zip(cell.nodes.names()) {
                        let (from, to) = turned(who, Who::Node(name), way);
                        let change = self.pairs.change(from, to, summaries);
                        found.extend(change.map(|it| (node, it, cell.rows, exists)));
                    }
                }
            }
        }
        for (nodes, change, pair, exists) in joined(found) {
            self.push(turned(unit.clone(), Unit::Nodes(nodes), way), change, pair, exists);
        }
    }

    /// Nodes and nodes: each of them is one end, so that rows tell all.
    fn among_nodes(&mut self, rows: &[MapRows; 2]) {
        let atoms = self.node_atoms(rows);
        let row_of = |side: usize, from: &Nodes, to: &Nodes| {
            let holds = |it: &&(Nodes, Nodes, MapRow)| it.0.among(from).is_some() && it.1.among(to).is_some();
            rows[side].among_nodes.iter().find(holds).map(|it| &it.2)
        };
        for (from, there) in &atoms {
            let mut found: Vec<(Nodes, FlowChange, Pair<'_>, [bool; 2])> = Vec::new();
            for (to, here) in &atoms {
                let exists = [there[0] && here[0], there[1] && here[1]];
                if exists == [false, false] || from == to && from.count() == 1 {
                    continue;
                }
                let pair = [0, 1].map(|side| row_of(side, from, to).filter(|_| exists[side]));
                let summaries = pair.map(|it| it.map(|it| &it.summary));
                let change = match told(summaries, exists) {
                    RowVerdict::Nothing => None,
                    RowVerdict::Change(change) => Some(change),
                    RowVerdict::AskPairs => self.first_pair_change(from, to, summaries),
                };
                found.extend(change.map(|it| (to.clone(), it, pair, exists)));
            }
            for (to, change, pair, exists) in joined(found) {
                self.push((Unit::Nodes(from.clone()), Unit::Nodes(to)), change, pair, exists);
            }
        }
    }

    /// Nodes of one kind answer alike: one pair of them tells.
    fn first_pair_change(&mut self, from: &Nodes, to: &Nodes, rows: [Option<&Summary>; 2]) -> Option<FlowChange> {
        let first = from.names().next()?;
        let second = to.names().find(|it| *it != first)?;
        self.pairs.change(Who::Node(first), Who::Node(second), rows)
    }

    /// All nodes, in sets that each end of each row among nodes holds or leaves out as a whole.
    fn node_atoms(&self, rows: &[MapRows; 2]) -> Vec<(Nodes, [bool; 2])> {
        let whole: [&[(Nodes, ())]; 2] = [&[], &[]];
        let mut atoms: Vec<(Nodes, [bool; 2])> =
            self.space.node_cells(whole).into_iter().map(|it| (it.nodes, it.exists)).collect();
        let sets = rows.iter().flat_map(|it| &it.among_nodes).flat_map(|it| [&it.0, &it.1]);
        for set in sets {
            let cut = |(nodes, exists): (Nodes, [bool; 2])| {
                let parts = [nodes.among(set), nodes.without(set)];
                parts.into_iter().flatten().map(move |it| (it, exists))
            };
            atoms = atoms.into_iter().flat_map(cut).collect();
        }
        atoms
    }
}

/// The ends in the order of a row: the first is where it comes from on the way out.
fn turned<T>(first: T, other: T, way: Ways) -> (T, T) {
    match way {
        Ways::Out => (first, other),
        Ways::In => (other, first),
    }
}

/// Whether two pairs of rows say the same of ports.
fn say_the_same(a: &Pair<'_>, b: &Pair<'_>) -> bool {
    let same = |side: usize| match (a[side].map(|it| &it.summary), b[side].map(|it| &it.summary)) {
        (Some(a), Some(b)) => a.every == b.every && a.some == b.some && a.possible == b.possible,
        (None, None) => true,
        _ => false,
    };
    same(0) && same(1)
}

/// Puts addresses to those that differ alike.
fn join<'r>(
    parts: &mut Vec<(Vec<AddressRange>, FlowChange, Pair<'r>)>,
    ranges: Vec<AddressRange>,
    change: FlowChange,
    pair: Pair<'r>,
) {
    match parts.iter_mut().find(|it| it.1 == change && say_the_same(&it.2, &pair)) {
        Some(part) => part.0.extend(ranges),
        None => parts.push((ranges, change, pair)),
    }
}

/// Nodes that differ alike as one set.
fn joined(found: Vec<(Nodes, FlowChange, Pair<'_>, [bool; 2])>) -> Vec<(Nodes, FlowChange, Pair<'_>, [bool; 2])> {
    let mut sets: Vec<(Nodes, FlowChange, Pair<'_>, [bool; 2])> = Vec::new();
    for (nodes, change, pair, exists) in found {
        match sets.iter_mut().find(|it| (it.1, it.3) == (change, exists) && say_the_same(&it.2, &pair)) {
            Some(set) => set.0 = set.0.and(&nodes),
            None => sets.push((nodes, change, pair, exists)),
        }
    }
    sets
}
