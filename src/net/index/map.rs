//! Every pair of units.
//!
//! ```text
//! classes that read alike ──► one row ──► one column: what one pod of them has with every unit
//! unit ──► the sum of its pods' columns
//! ```
//!
//! So the cost is that of the rows that differ and of the cells that are not empty, not of all pairs. Where nodes or
//! the pair of a pod and itself matter, groups of pods are paired one by one.

use std::collections::{BTreeMap, HashMap};

use fixedbitset::FixedBitSet;
use rustc_hash::FxBuildHasher;

use super::Index;
use super::class_sets::ClassBitmap;
use super::indexed_end::{HERE, NOWHERE};
use super::nodes_and_outside::NodesAndOutside;
use super::port_mask::TriPorts;
use super::row::{ClassRow, SliceMembership};
use super::units::{AnswerContext, PairSum, PlacedPodGroup, PortSetCache, UnitPods, UnitsToldByNode};
use crate::model::cluster::Cluster;
use crate::model::policy::Direction;
use crate::net::reach::{Granularity, MapRow, Summary, Unit, UnitMap};
use crate::net::verdict::Port;

/// All units, and where their pods are.
pub(super) struct UnitTable<'a> {
    pub units: Vec<UnitPods>,
    pub around: &'a NodesAndOutside,
    pub terms: AnswerContext,
    /// By class: units with pods of it on networks of their own, and how many.
    residents: Vec<Vec<(u32, u64)>>,
    /// By unit: pods on networks of their own.
    pub plain: Vec<u64>,
    /// Groups on the host network, with their units.
    pub hosts: Vec<(usize, PlacedPodGroup)>,
}

/// What each pod of a class has with all units: a column of the map. Of units that it has nothing with there is no cell.
struct UnitColumn {
    row: ClassRow,
    cells: Vec<(u32, PairSum)>,
}

/// The columns of classes of one signature (`Index::signature`), made when first needed and dropped when last.
#[derive(Default)]
struct UnitColumns {
    of_class: HashMap<u32, u32, FxBuildHasher>,
    uses: Vec<u32>,
    made: BTreeMap<u32, UnitColumn>,
}

/// All sums into one unit, by the units that they are from; most are empty.
pub(super) struct SumsByUnit {
    places: Vec<Option<UnitPairSum>>,
    taken: Vec<usize>,
}

/// What one unit has with another, and how many of their pairs columns have covered.
pub(super) struct UnitPairSum {
    pub sum: PairSum,
    pub pairs_covered: u64,
}

impl SumsByUnit {
    pub fn of(units: usize) -> Self {
        Self { places: std::iter::repeat_with(|| None).take(units).collect(), taken: Vec::new() }
    }

    pub fn at(&mut self, from: usize, empty: impl FnOnce() -> PairSum) -> &mut UnitPairSum {
        let place = &mut self.places[from];
        if place.is_none() {
            self.taken.push(from);
        }
        place.get_or_insert_with(|| UnitPairSum { sum: empty(), pairs_covered: 0 })
    }

    pub fn drain(&mut self) -> impl Iterator<Item = (usize, UnitPairSum)> {
        let places = &mut self.places;
        self.taken.drain(..).filter_map(|from| Some((from, places[from].take()?)))
    }
}

/// A map in the making: rows by the places of their units, then outside parts, then sets of nodes.
#[derive(Default)]
pub(super) struct MapDraft {
    map: UnitMap,
    rows: Vec<(u32, u32, Summary)>,
    sets: PortSetCache,
    /// Of rows into nodes.
    node_sets: PortSetCache,
    /// The places of the first part of the outside and of the first set of nodes among all units.
    first_outside: usize,
    first_nodes: usize,
    /// Whether rows about the outside stay in which nothing can pass.
    pub keeps_outside: bool,
    /// Sets of nodes, as they come.
    nodes: Vec<FixedBitSet>,
    known_nodes: HashMap<FixedBitSet, u32, FxBuildHasher>,
}

impl Index {
    /// Every pair of units, outside addresses included; rows in which nothing can pass are left out.
    pub fn map(&self, cluster: &Cluster, by: Granularity, port: Option<Port>) -> UnitMap {
        self.map_into(MapDraft::default(), cluster, by, port)
    }

    /// The same with a row for every unit and part of the outside, even where nothing can pass: whose the addresses are
    /// may not be known.
    pub fn whole_map(&self, cluster: &Cluster, by: Granularity, port: Option<Port>) -> UnitMap {
        self.map_into(MapDraft { keeps_outside: true, ..MapDraft::default() }, cluster, by, port)
    }

    fn map_into(&self, mut draft: MapDraft, cluster: &Cluster, by: Granularity, port: Option<Port>) -> UnitMap {
        let table = self.prepare(&mut draft, cluster, (by, None), port);
        let mut columns = self.alike_classes(&table);
        let mut column = SumsByUnit::of(table.units.len());
        for to in 0..table.units.len() {
            self.map_to(&mut draft, &table, to, &mut columns, &mut column);
        }
        for from in 0..table.units.len() {
            self.map_out(&mut draft, &table, from);
        }
        self.map_nodes(&mut draft, &table, &|_| true);
        draft.finish(&table)
    }

    /// All units, and a draft that knows where the outside and the nodes begin.
    pub(super) fn prepare<'a>(
        &'a self,
        draft: &mut MapDraft,
        cluster: &Cluster,
        (by, placed): (Granularity, Option<&UnitsToldByNode>),
        port: Option<Port>,
    ) -> UnitTable<'a> {
        let units = self.units(cluster, (by, placed), &mut draft.map.left_out);
        let around = self.around(cluster);
        let table = self.table(units, around, self.terms_around(around, port));
        (draft.node_sets, draft.first_nodes) =
            (PortSetCache::without(table.terms.apart.0.clone()), table.first_nodes());
        draft.first_outside = table.units.len();
        table
    }

    fn table<'a>(&self, units: Vec<UnitPods>, around: &'a NodesAndOutside, terms: AnswerContext) -> UnitTable<'a> {
        let mut residents = vec![Vec::new(); self.classes.bound()];
        let mut plain = vec![0; units.len()];
        let mut hosts = Vec::new();
        for (at, unit) in units.iter().enumerate() {
            for alike in &unit.alike {
                if alike.is_host() {
                    hosts.push((at, alike.clone()));
                } else {
                    residents[alike.class as usize].push((at as u32, alike.pods));
                    plain[at] += alike.pods;
                }
            }
        }
        UnitTable { units, around, terms, residents, plain, hosts }
    }

    /// Which classes read alike, and how often each kind of them will be asked for.
    fn alike_classes(&self, table: &UnitTable<'_>) -> UnitColumns {
        let mut columns = UnitColumns::default();
        let mut kinds: HashMap<Vec<u32>, u32, FxBuildHasher> = HashMap::default();
        for (class, residents) in (0..).zip(&table.residents).filter(|(_, it)| !it.is_empty()) {
            // What bends every flow makes each class one of its own.
            let signature = match self.bends_all.is_empty() {
                true => self.signature(class, self.classes.get(class)),
                false => vec![class],
            };
            let next = kinds.len() as u32;
            let kind = *kinds.entry(signature).or_insert(next);
            columns.uses.resize(kinds.len(), 0);
            columns.uses[kind as usize] += residents.len() as u32;
            columns.of_class.insert(class, kind);
        }
        columns
    }

    /// All rows of the map into one unit.
    fn map_to(
        &self,
        draft: &mut MapDraft,
        table: &UnitTable<'_>,
        to: usize,
        columns: &mut UnitColumns,
        sums: &mut SumsByUnit,
    ) {
        let (plain, hosts): (Vec<_>, Vec<_>) = table.units[to].alike.iter().partition(|it| !it.is_host());
        for target in &plain {
            let column = self.column(table, columns, target.class);
            for (from, cell) in column.cells.iter().filter(|it| it.0 as usize != to) {
                let place = sums.at(*from as usize, || self.sum());
                place.sum.add_times(cell, target.pods);
                place.pairs_covered += cell.pairs.total() * target.pods;
            }
            self.add_apart(sums, table, to, target, &column.row);
            columns.release(target.class);
        }
        for target in hosts {
            let rows = self.rows(&target.found(&NOWHERE), Direction::Ingress);
            for (from, unit) in table.units.iter().enumerate() {
                let sum = &mut sums.at(from, || self.sum()).sum;
                let rows = (&rows[..], Direction::Ingress);
                unit.alike.iter().for_each(|it| self.add_pairs(sum, rows, it, target, from == to, table));
            }
        }
        // Pairs that columns do not speak of: nothing passes there.
        let pods: u64 = plain.iter().map(|it| it.pods).sum();
        let all = |from: usize| if from == to { 0 } else { table.plain[from] * pods };
        let mut silent = table.plain.iter().sum::<u64>() * pods - table.plain[to] * pods;
        for (from, UnitPairSum { mut sum, pairs_covered }) in sums.drain() {
            silent -= all(from);
            sum.deny(&table.terms.none, all(from) - pairs_covered);
            self.push_map(draft, from, to, &sum);
        }
        draft.map.pairs.deny += silent;
        draft.map.left_out.itself += table.units[to].alike.iter().map(|it| it.pods).sum::<u64>();
        self.map_in(draft, table, to);
    }

    /// Adds what a column leaves out: pods on the host network, and the unit's own.
    fn add_apart(
        &self,
        column: &mut SumsByUnit,
        table: &UnitTable<'_>,
        to: usize,
        target: &PlacedPodGroup,
        row: &ClassRow,
    ) {
        let rows = (std::slice::from_ref(row), Direction::Ingress);
        for (from, alike) in &table.hosts {
            let sum = &mut column.at(*from, || self.sum()).sum;
            self.add_pairs(sum, rows, alike, target, *from == to, table);
        }
        for alike in table.units[to].alike.iter().filter(|it| !it.is_host()) {
            self.add_pairs(&mut column.at(to, || self.sum()).sum, rows, alike, target, true, table);
        }
    }

    /// The column of a class, made if this is the first time.
    fn column<'a>(&self, table: &UnitTable<'_>, columns: &'a mut UnitColumns, class: u32) -> &'a UnitColumn {
        let kind = columns.of_class[&class];
        columns.made.entry(kind).or_insert_with(|| {
            let row = self.row(&self.class_reading(class), Direction::Ingress);
            let cells = self.cells(table, &row);
            UnitColumn { row, cells }
        })
    }

    /// What one pod with this row has with the units that may pass.
    pub(super) fn cells(&self, table: &UnitTable<'_>, row: &ClassRow) -> Vec<(u32, PairSum)> {
        let mut any = ClassBitmap::none(self.classes.bound());
        row.passing_into(&mut any);
        let (none, full) = (&table.terms.none, &table.terms.full);
        let mut sums: BTreeMap<u32, PairSum> = BTreeMap::new();
        // Classes next to each other are often of one unit and have the same ports: they are added at once.
        let mut run: Option<(u32, SliceMembership, TriPorts, u64)> = None;
        let mut flush = |run: Option<(u32, SliceMembership, TriPorts, u64)>| {
            if let Some((unit, _, ports, pods)) = run {
                self.add(sums.entry(unit).or_insert_with(|| self.sum()), &ports, pods, table.terms.atom);
            }
        };
        for class in any.iter() {
            let places = row.places(class);
            for &(unit, pods) in &table.residents[class as usize] {
                match &mut run {
                    Some(it) if it.0 == unit && it.1 == places && places != SliceMembership::Own => it.3 += pods,
                    _ => flush(run.replace((unit, places, row.with(class, none, full), pods))),
                }
            }
        }
        flush(run);
        let deny = |(unit, mut sum): (u32, PairSum)| {
            sum.deny(none, table.plain[unit as usize] - sum.pairs.total());
            (unit, sum)
        };
        sums.into_iter().map(deny).collect()
    }

    /// Rows from outside into a unit.
    pub(super) fn map_in(&self, draft: &mut MapDraft, table: &UnitTable<'_>, to: usize) {
        let ends: Vec<_> = table.units[to].alike.iter().map(|it| (it.found(&NOWHERE), it.pods)).collect();
        for (at, part) in table.around.outside.iter().enumerate() {
            let mut sum = self.sum();
            for (end, pods) in ends.iter().filter(|it| self.share_family(&it.0, &part.end)) {
                self.add(&mut sum, &self.pass(&part.end, end), *pods, table.terms.atom);
            }
            self.push_map(draft, table.units.len() + at, to, &sum);
        }
    }

    /// Rows from a unit to the outside.
    pub(super) fn map_out(&self, draft: &mut MapDraft, table: &UnitTable<'_>, from: usize) {
        let ends: Vec<_> = table.units[from].alike.iter().map(|it| (it.found(&NOWHERE), it.pods)).collect();
        for (at, part) in table.around.outside.iter().enumerate() {
            let mut sum = self.sum();
            for (end, pods) in ends.iter().filter(|it| self.share_family(&it.0, &part.end)) {
                self.add(&mut sum, &self.pass(end, &part.end), *pods, table.terms.atom);
            }
            self.push_map(draft, from, table.units.len() + at, &sum);
        }
    }

    pub(super) fn push_map(&self, draft: &mut MapDraft, from: usize, to: usize, sum: &PairSum) {
        self.push_times(draft, from, to, sum, 1);
    }

    /// A row that speaks of so many pairs of units.
    pub(super) fn push_times(&self, draft: &mut MapDraft, from: usize, to: usize, sum: &PairSum, times: u64) {
        draft.map.pairs.join(&sum.pairs.times(times));
        let is_outside = |it: usize| (draft.first_outside..draft.first_nodes).contains(&it);
        let is_kept = draft.keeps_outside && sum.pairs.total() > 0 && (is_outside(from) || is_outside(to));
        if (sum.is_possible() || is_kept) && times > 0 {
            let sets = if to >= draft.first_nodes { &mut draft.node_sets } else { &mut draft.sets };
            let summary = self.summary(sum, sets);
            draft.rows.push((from as u32, to as u32, summary));
        }
    }

    /// Adds the pairs of two groups, of which the second has these rows at its own gate; those on one node apart, each
    /// pod to itself left out.
    pub(super) fn add_pairs(
        &self,
        sum: &mut PairSum,
        (rows, direction): (&[ClassRow], Direction),
        from: &PlacedPodGroup,
        to: &PlacedPodGroup,
        is_one_unit: bool,
        table: &UnitTable<'_>,
    ) {
        let is_same = is_one_unit && (from.class, from.host) == (to.class, to.host);
        let mut total = from.pods * to.pods - if is_same { to.pods } else { 0 };
        if from.is_host() || to.is_host() {
            let (near, unsure) = shared_nodes(from, to, is_same);
            for (node, pairs) in [(&HERE, near), (&NOWHERE, unsure)].into_iter().filter(|it| it.1 > 0) {
                self.add(sum, &self.pass_in(direction, &to.found(node), &from.found(node)), pairs, table.terms.atom);
                total -= pairs;
            }
        }
        if total > 0 {
            self.add(sum, &self.with_row(rows, from, &table.terms.none, &table.terms.full), total, table.terms.atom);
        }
    }
}

impl UnitTable<'_> {
    /// The place of the first set of nodes among all units.
    pub fn first_nodes(&self) -> usize {
        self.units.len() + self.around.outside.len()
    }
}

impl MapDraft {
    /// The map, its rows in order.
    pub fn finish(self, table: &UnitTable<'_>) -> UnitMap {
        let MapDraft { mut map, mut rows, nodes, .. } = self;
        rows.sort_unstable_by_key(|it| (it.0, it.1));
        let sets: Vec<Unit> = nodes.into_iter().map(|it| table.around.unit(it)).collect();
        let units = table.units.iter().map(|it| &it.unit);
        let units: Vec<_> = units.chain(table.around.outside.iter().map(|it| &it.unit)).chain(&sets).collect();
        let unit = |at: u32| units[at as usize].clone();
        map.rows =
            rows.into_iter().map(|(from, to, summary)| MapRow { from: unit(from), to: unit(to), summary }).collect();
        map
    }

    /// The place of a set of nodes among the others.
    pub fn nodes(&mut self, held: FixedBitSet) -> usize {
        let next = self.nodes.len() as u32;
        let known = *self.known_nodes.entry(held).or_insert_with_key(|held| {
            self.nodes.push(held.clone());
            next
        });
        known as usize
    }
}

/// Of the pairs of two groups: those on one node, and those with an end that is on none yet.
pub(super) fn shared_nodes(from: &PlacedPodGroup, to: &PlacedPodGroup, is_same: bool) -> (u64, u64) {
    let mut others = to.nodes.iter().peekable();
    let mut near = 0;
    for (node, pods) in &from.nodes {
        while others.next_if(|it| it.0 < *node).is_some() {}
        let there = others.peek().filter(|it| it.0 == *node).map_or(0, |it| it.1);
        near += pods * there - if is_same { there } else { 0 };
    }
    let (a, b) = (from.nowhere(), to.nowhere());
    let unsure = a * to.pods + (from.pods - a) * b - if is_same { a } else { 0 };
    (near, unsure)
}

impl UnitColumns {
    /// One use of the column of a class less.
    fn release(&mut self, class: u32) {
        let kind = self.of_class[&class];
        let uses = &mut self.uses[kind as usize];
        *uses -= 1;
        if *uses == 0 {
            self.made.remove(&kind);
        }
    }
}
