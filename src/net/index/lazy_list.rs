//! Lists as they are computed: places of units and numbers of port sets, no names.
//!
//! ```text
//! row ──► namespace: all, some or none of its classes in each slice ──► lines
//! ```
//!
//! Where a slice holds all classes of a namespace or none, its units have the same ports and no class is looked at.
//! Names are found when rows are asked for, so that an end which half of the cluster reaches is answered at once.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::class_sets::{ClassBitmap, ClassShare};
use super::end_rows::EndRows;
use super::port_mask::{PortMask, TriPorts};
use super::row::{ClassRow, SliceMembership};
use super::units::{PairSum, PortSetCache};
use super::workload_groups::{NO_POD_GROUP, PodGroup, WorkloadGroups};
use super::{Index, NamespaceEntry};
use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::port::PortSet;
use crate::net::reach::{Counts, Granularity, LeftOut, ReachRow, Summary, Unit};

/// All that an end reaches, or is reached by, unit by unit; see [`Index::listing`].
pub struct LazyReachList<'a> {
    index: &'a Index,
    pub(super) by: Granularity,
    /// Whether units with which nothing can pass have lines too.
    pub(super) keeps_all: bool,
    lines: Vec<UnitLine>,
    /// What lines say of ports, each once: of every pair, of some pair, possibly of some.
    sets: Vec<[Arc<PortSet>; 3]>,
    known: HashMap<[PortMask; 3], u32, FxBuildHasher>,
    /// What the end's rows leave out of their ports.
    pub(super) except: PortSetCache,
    /// What is around the pods: nodes, then what is outside.
    pub(super) around: Vec<ReachRow>,
    pub pairs: Counts,
    pub left_out: LeftOut,
}

/// One unit of a namespace.
#[derive(Clone, Copy, Debug)]
struct UnitLine {
    namespace: u32,
    /// Its place: among the units of the namespace's groups, or among its pods.
    unit: u32,
    sets: u32,
    allow: u32,
    unknown: u32,
    deny: u32,
}

/// What all pods in the same slices have with the end.
struct SliceCell {
    places: SliceMembership,
    pass: TriPorts,
    outcome: Outcome,
    sets: u32,
}

/// Cells by where their classes are: there are few, and neighbors often share one.
#[derive(Default)]
struct SliceCells {
    all: Vec<SliceCell>,
    last: usize,
}

impl<'a> LazyReachList<'a> {
    pub(super) fn new(index: &'a Index, by: Granularity) -> Self {
        let (lines, sets, around, keeps_all) = (Vec::new(), Vec::new(), Vec::new(), false);
        let (pairs, left_out) = (Counts::default(), LeftOut::default());
        let (known, except) = Default::default();
        Self { index, by, keeps_all, lines, sets, known, except, around, pairs, left_out }
    }

    /// One with a line for every unit, whatever passes.
    pub(super) fn whole(index: &'a Index, by: Granularity) -> Self {
        Self { keeps_all: true, ..Self::new(index, by) }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.lines.len() + self.around.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows with their names: pods without a workload, then workloads, then nodes and what is outside.
    pub fn rows(&self) -> impl Iterator<Item = ReachRow> + '_ {
        let (alone, rest) = (self.lines.iter().filter(|it| self.is_alone(it)), self.lines.iter());
        let rest = rest.filter(|it| !self.is_alone(it));
        alone.chain(rest).map(|it| self.row(it)).chain(self.around.iter().cloned())
    }

    fn is_alone(&self, line: &UnitLine) -> bool {
        self.by == Granularity::Workload && self.workload_groups(line).is_some_and(|it| line.unit < it.alone)
    }

    fn workload_groups(&self, line: &UnitLine) -> Option<&WorkloadGroups> {
        self.index.namespaces.get(line.namespace).workload_groups.get().map(|it| &**it)
    }

    fn row(&self, line: &UnitLine) -> ReachRow {
        let entry = self.index.namespaces.get(line.namespace);
        let unit = match (self.by, self.workload_groups(line)) {
            (Granularity::Pod, _) => Unit::Pod(entry.pods.get(line.unit as usize).pod.pod_id()),
            (Granularity::Workload, Some(workload_groups)) => workload_groups.units[line.unit as usize].clone(),
            (Granularity::Workload | Granularity::Namespace, _) => Unit::Namespace(entry.name.clone()),
        };
        let [every, some, possible] = self.sets[line.sets as usize].clone();
        let pairs = Counts { allow: line.allow.into(), unknown: line.unknown.into(), deny: line.deny.into() };
        ReachRow { unit, summary: Summary { every, some, possible, pairs } }
    }

    /// The number of what lines say of ports.
    fn sets(&mut self, masks: [&PortMask; 3]) -> u32 {
        let masks = masks.map(PortMask::clone);
        if let Some(known) = self.known.get(&masks) {
            return *known;
        }
        let id = self.sets.len() as u32;
        self.sets.push([0, 1, 2].map(|it| self.except.of(self.index.ports.set_of(&masks[it]))));
        self.known.insert(masks, id);
        id
    }

    /// A line of pairs that were added up.
    pub(super) fn push(&mut self, namespace: u32, unit: u32, sum: &PairSum) {
        self.pairs.join(&sum.pairs);
        if sum.is_possible() || self.keeps_all && sum.pairs.total() > 0 {
            let sets = self.sets([&sum.every, &sum.some, &sum.possible]);
            let [allow, unknown, deny] = [sum.pairs.allow, sum.pairs.unknown, sum.pairs.deny].map(|it| it as u32);
            self.lines.push(UnitLine { namespace, unit, sets, allow, unknown, deny });
        }
    }

    /// A line of pods of one cell.
    fn push_cell(&mut self, namespace: u32, unit: u32, cell: &SliceCell, pods: u32) {
        let mut counts = Counts::default();
        counts.add(cell.outcome, pods.into());
        self.pairs.join(&counts);
        if !cell.pass.possible.is_empty() || self.keeps_all {
            let [allow, unknown, deny] = [counts.allow, counts.unknown, counts.deny].map(|it| it as u32);
            self.lines.push(UnitLine { namespace, unit, sets: cell.sets, allow, unknown, deny });
        }
    }
}

impl Index {
    /// Lists a namespace all of whose pods are on networks of their own, from a plain row.
    pub(super) fn list_plain(
        &self,
        cluster: &Cluster,
        namespace: u32,
        asked: &EndRows<'_>,
        row: &ClassRow,
        listing: &mut LazyReachList<'_>,
    ) {
        let entry = self.namespaces.get(namespace);
        let shares: Vec<ClassShare> = match entry.plain.share(&asked.any) {
            ClassShare::None if !listing.keeps_all => {
                listing.pairs.deny += u64::from(entry.pod_counts.plain);
                return;
            }
            _ => row.slices.iter().map(|it| entry.plain.share(it.possible.as_ref().unwrap_or(&it.sure))).collect(),
        };
        if listing.by == Granularity::Namespace {
            let sum = self.sum_plain(entry, asked, row, &shares);
            return listing.push(namespace, 0, &sum);
        }
        let workload_groups = self.workload_groups(cluster, namespace);
        let is_uniform = row.is_certain() && !shares.contains(&ClassShare::Some);
        let mut cells = SliceCells::default();
        let mut cell_of = |pod_group: &PodGroup, listing: &mut LazyReachList<'_>| {
            if is_uniform && !cells.all.is_empty() {
                return 0;
            }
            self.cell(&mut cells, asked, row, pod_group.class, listing)
        };
        let of_bands: Vec<usize> = workload_groups.pod_groups.iter().map(|it| cell_of(it, listing)).collect();
        match listing.by {
            Granularity::Pod => {
                let pod_groups =
                    workload_groups.of_pod.iter().enumerate().filter(|(_, pod_group)| **pod_group != NO_POD_GROUP);
                pod_groups.for_each(|(at, pod_group)| {
                    listing.push_cell(namespace, at as u32, &cells.all[of_bands[*pod_group as usize]], 1);
                });
            }
            Granularity::Workload | Granularity::Namespace => {
                self.list_units(namespace, workload_groups, &cells, &of_bands, asked, listing)
            }
        }
    }

    fn list_units(
        &self,
        namespace: u32,
        workload_groups: &WorkloadGroups,
        cells: &SliceCells,
        of_bands: &[usize],
        asked: &EndRows<'_>,
        listing: &mut LazyReachList<'_>,
    ) {
        let mut first = 0;
        for pod_groups in workload_groups.pod_groups.chunk_by(|a, b| a.unit == b.unit) {
            let of = &of_bands[first..first + pod_groups.len()];
            first += pod_groups.len();
            if of.iter().all(|it| *it == of[0]) {
                let pods = pod_groups.iter().map(|it| it.pods).sum();
                listing.push_cell(namespace, pod_groups[0].unit, &cells.all[of[0]], pods);
                continue;
            }
            let mut sum = self.sum();
            for (pod_group, cell) in pod_groups.iter().zip(of) {
                let cell = &cells.all[*cell];
                self.add(&mut sum, &cell.pass, pod_group.pods.into(), asked.terms.atom);
            }
            listing.push(namespace, pod_groups[0].unit, &sum);
        }
    }

    /// The place of the cell of a class.
    fn cell(
        &self,
        cells: &mut SliceCells,
        asked: &EndRows<'_>,
        row: &ClassRow,
        class: u32,
        listing: &mut LazyReachList<'_>,
    ) -> usize {
        let places = row.places(class);
        if cells.all.get(cells.last).is_some_and(|it| it.places == places) {
            return cells.last;
        }
        cells.last = cells.all.iter().position(|it| it.places == places).unwrap_or_else(|| {
            let pass = row.with(class, &asked.terms.none, &asked.terms.full);
            let outcome = pass.outcome(asked.terms.atom);
            let sets = listing.sets([&pass.sure, &pass.sure, &pass.possible]);
            cells.all.push(SliceCell { places, pass, outcome, sets });
            cells.all.len() - 1
        });
        cells.last
    }

    /// All pairs with one namespace.
    fn sum_plain(&self, entry: &NamespaceEntry, asked: &EndRows<'_>, row: &ClassRow, shares: &[ClassShare]) -> PairSum {
        let mut sum = self.sum();
        sum.every = asked.terms.none.clone();
        for (slice, share) in row.slices.iter().zip(shares) {
            if *share != ClassShare::None {
                sum.possible |= &slice.ports;
            }
            let sure = if slice.possible.is_some() { entry.plain.share(&slice.sure) } else { *share };
            if sure != ClassShare::None {
                sum.some |= &slice.ports;
            }
            if sure == ClassShare::All {
                sum.every |= &slice.ports;
            }
        }
        let pods = u64::from(entry.pod_counts.plain);
        let held = |bits: &ClassBitmap| match entry.plain.share(bits) {
            ClassShare::None => 0,
            ClassShare::All => pods,
            ClassShare::Some => entry.plain.within(bits).map(|it| u64::from(self.weight(it))).sum(),
        };
        let allow = held(&asked.allow);
        let may = asked.may.as_ref().map_or(allow, held);
        sum.pairs = Counts { allow, unknown: may - allow, deny: pods - may };
        sum
    }
}
