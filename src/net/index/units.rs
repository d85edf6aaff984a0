//! The pods of a cluster in units (pods, workloads, namespaces), and what pairs of units have in common.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::indexed_end::IndexedEnd;
use super::namespace_pods::PodRow;
use super::nodes_and_outside::NodesAndOutside;
use super::port_mask::{PortMask, TriPorts};
use super::row::ClassRow;
use super::workload_groups::{NO_POD_GROUP, PodGroup, WorkloadGroups};
use super::{Index, NO_CLASS};
use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::model::port::PortSet;
use crate::net::reach::{Counts, Granularity, LeftOut, Summary, Unit};
use crate::net::verdict::Port;

/// Units whose groups of pods know on which nodes they are. Groups on the host network know it in any unit, since a node
/// and its own pods are exempt (S41).
pub(super) type UnitsToldByNode = HashSet<Unit, FxBuildHasher>;

/// Pods of one unit that answer alike, their own nodes apart.
#[derive(Clone, Debug)]
pub(super) struct PlacedPodGroup {
    pub class: u32,
    pub host: u32,
    pub pods: u64,
    /// How many are on which node, by its number; empty where nothing that is asked about is a node.
    pub nodes: Vec<(u32, u64)>,
}

impl PlacedPodGroup {
    /// The same pods, less how they are spread over nodes.
    pub fn of(group: &PodGroup) -> Self {
        Self { class: group.class, host: group.host, pods: u64::from(group.pods), nodes: Vec::new() }
    }
}

/// One unit (a pod, a workload or a namespace) with its pods, those together that answer alike.
pub(super) struct UnitPods {
    pub unit: Unit,
    pub alike: Vec<PlacedPodGroup>,
}

/// Pairs added up.
#[derive(PartialEq)]
pub(super) struct PairSum {
    pub every: PortMask,
    pub some: PortMask,
    pub possible: PortMask,
    pub pairs: Counts,
}

impl PairSum {
    pub fn is_possible(&self) -> bool {
        !self.possible.is_empty()
    }

    /// Adds pairs that nothing passes between.
    pub fn deny(&mut self, none: &PortMask, pairs: u64) {
        if pairs > 0 {
            self.every &= none;
            self.pairs.deny += pairs;
        }
    }

    /// Adds what was summed up for one pod, for this many.
    pub fn add_times(&mut self, one: &PairSum, pods: u64) {
        self.every &= &one.every;
        self.some |= &one.some;
        self.possible |= &one.possible;
        self.pairs.allow += one.pairs.allow * pods;
        self.pairs.unknown += one.pairs.unknown * pods;
        self.pairs.deny += one.pairs.deny * pods;
    }
}

/// Port sets by their atoms, each made once.
#[derive(Default)]
pub(super) struct PortSetCache {
    known: HashMap<PortMask, Arc<PortSet>, FxBuildHasher>,
    /// What is left out of each.
    except: PortSet,
}

impl PortSetCache {
    /// Sets without these ports.
    pub fn without(except: PortSet) -> Self {
        Self { except, ..Self::default() }
    }

    /// Whatever is made of this set.
    pub fn of(&self, set: Arc<PortSet>) -> Arc<PortSet> {
        if self.except.is_empty() { set } else { Arc::new(set.difference(&self.except)) }
    }
}

/// What all sums of one answer share.
pub(super) struct AnswerContext {
    pub none: PortMask,
    pub full: PortMask,
    /// The atom that was asked for; `None`: any port.
    pub atom: Option<usize>,
    /// Where any port is asked for: those that are no node's own (S46), and the atoms that hold nothing else.
    pub apart: (PortSet, PortMask),
}

impl AnswerContext {
    /// What passes into a node, its own ports alone.
    pub fn of_node(&self, pass: TriPorts) -> TriPorts {
        let apart = &self.apart.1;
        if apart.is_empty() { pass } else { pass.without(apart) }
    }
}

/// Numbers for the nodes that pods are on: those of the cluster come first, by name.
pub(super) struct NodeNumbers<'a>(HashMap<&'a str, u32, FxBuildHasher>);

impl<'a> NodeNumbers<'a> {
    pub fn new(names: &'a [Name]) -> Self {
        Self((0..).zip(names).map(|(number, name)| (name.as_str(), number)).collect())
    }

    /// The number of a node; none for no node.
    pub fn of(&mut self, node: &'a Name) -> Option<u32> {
        let next = self.0.len() as u32;
        (!node.is_empty()).then(|| *self.0.entry(node).or_insert(next))
    }
}

/// How often each number is there, in order.
pub(super) fn counted(mut numbers: Vec<u32>) -> Vec<(u32, u64)> {
    numbers.sort_unstable();
    numbers.chunk_by(|a, b| a == b).map(|it| (it[0], it.len() as u64)).collect()
}

impl PlacedPodGroup {
    /// The same pods as an end on some node.
    pub fn found<'a>(&self, node: &'a Name) -> IndexedEnd<'a> {
        match self.host {
            NO_CLASS => IndexedEnd::Pod { class: self.class, node },
            host => IndexedEnd::Host { own: self.class, host, node },
        }
    }

    fn class_in(&self, reading: usize) -> u32 {
        if self.host != NO_CLASS && reading == 0 { self.host } else { self.class }
    }

    pub fn is_host(&self) -> bool {
        self.host != NO_CLASS
    }

    /// How many are on no node yet.
    pub fn nowhere(&self) -> u64 {
        self.pods - self.nodes.iter().map(|it| it.1).sum::<u64>()
    }
}

impl Index {
    /// All units that hold a running pod, in order; what is left out is counted.
    pub(super) fn units(
        &self,
        cluster: &Cluster,
        (by, placed): (Granularity, Option<&UnitsToldByNode>),
        left_out: &mut LeftOut,
    ) -> Vec<UnitPods> {
        let around = self.around(cluster);
        let mut numbers = (self.has_hosts() || !around.names.is_empty()).then(|| NodeNumbers::new(&around.names));
        let mut units: Vec<UnitPods> = Vec::new();
        for &namespace in self.in_order.iter() {
            left_out.add(self.namespaces.get(namespace).pod_counts.left_out());
            let numbers = numbers.as_mut();
            match by {
                Granularity::Pod => {
                    self.single_pods(namespace, self.workload_groups(cluster, namespace), numbers, &mut units)
                }
                Granularity::Workload => {
                    let workload_groups = self.workload_groups(cluster, namespace);
                    let mut alike = self.alike_in(namespace, workload_groups, placed, numbers).into_iter();
                    for pod_groups in workload_groups.pod_groups.chunk_by(|a, b| a.unit == b.unit) {
                        let unit = workload_groups.units[pod_groups[0].unit as usize].clone();
                        units.push(UnitPods { unit, alike: alike.by_ref().take(pod_groups.len()).collect() });
                    }
                }
                Granularity::Namespace => units.extend(match numbers {
                    None => self.plain_namespace(namespace),
                    Some(numbers) => self.whole_namespace(namespace, numbers),
                }),
            }
        }
        // Pods without a controller come before all workloads.
        units.sort_by_key(|it| matches!(it.unit, Unit::Workload(_)));
        units
    }

    /// A namespace as one unit, where nodes make no difference: its classes say it all.
    fn plain_namespace(&self, namespace: u32) -> Option<UnitPods> {
        let entry = self.namespaces.get(namespace);
        let alike =
            |class| PlacedPodGroup { class, host: NO_CLASS, pods: u64::from(self.weight(class)), nodes: Vec::new() };
        let alike: Vec<PlacedPodGroup> = entry.plain.iter().map(alike).collect();
        (!alike.is_empty()).then(|| UnitPods { unit: Unit::Namespace(entry.name.clone()), alike })
    }

    /// A namespace as one unit.
    fn whole_namespace<'a>(&'a self, namespace: u32, numbers: &mut NodeNumbers<'a>) -> Option<UnitPods> {
        let entry = self.namespaces.get(namespace);
        let mut groups: BTreeMap<(u32, u32), (u64, Vec<u32>)> = BTreeMap::new();
        for row in entry.pods.iter().filter(|it| it.class != NO_CLASS) {
            let group = groups.entry((row.class, row.host)).or_default();
            group.0 += 1;
            group.1.extend(numbers.of(row.pod.node()));
        }
        let alike = |((class, host), (pods, nodes)): ((u32, u32), (u64, Vec<u32>))| PlacedPodGroup {
            class,
            host,
            pods,
            nodes: counted(nodes),
        };
        let alike: Vec<PlacedPodGroup> = groups.into_iter().map(alike).collect();
        (!alike.is_empty()).then(|| UnitPods { unit: Unit::Namespace(entry.name.clone()), alike })
    }

    /// The groups of pods of a namespace, with the nodes of their pods if that may matter.
    fn alike_in<'a>(
        &'a self,
        namespace: u32,
        workload_groups: &WorkloadGroups,
        placed: Option<&UnitsToldByNode>,
        numbers: Option<&mut NodeNumbers<'a>>,
    ) -> Vec<PlacedPodGroup> {
        let mut alike: Vec<PlacedPodGroup> = workload_groups.pod_groups.iter().map(PlacedPodGroup::of).collect();
        let is_placed = |it: &PodGroup| {
            let is_meant = |placed: &UnitsToldByNode| placed.contains(&workload_groups.units[it.unit as usize]);
            placed.is_none_or(|placed| it.host != NO_CLASS || is_meant(placed))
        };
        let is_any = || workload_groups.pod_groups.iter().any(is_placed);
        let Some(numbers) = numbers.filter(|_| is_any()) else { return alike };
        let mut nodes: Vec<Vec<u32>> = vec![Vec::new(); alike.len()];
        for (pod, pod_group) in self.pods_of(namespace).zip(&workload_groups.of_pod).filter(|it| *it.1 != NO_POD_GROUP)
        {
            nodes[*pod_group as usize].extend(numbers.of(pod.node()));
        }
        alike.iter_mut().zip(nodes).for_each(|(alike, nodes)| alike.nodes = counted(nodes));
        alike
    }

    /// Each running pod as a unit.
    fn single_pods<'a>(
        &'a self,
        namespace: u32,
        workload_groups: &WorkloadGroups,
        mut numbers: Option<&mut NodeNumbers<'a>>,
        units: &mut Vec<UnitPods>,
    ) {
        for (pod, pod_group) in
            self.pods_of(namespace).zip(&workload_groups.of_pod).filter(|(_, pod_group)| **pod_group != NO_POD_GROUP)
        {
            let mut alike = PlacedPodGroup::of(&workload_groups.pod_groups[*pod_group as usize]);
            alike.pods = 1;
            let node = numbers.as_mut().and_then(|it| it.of(pod.node()));
            alike.nodes.extend(node.map(|it| (it, 1)));
            units.push(UnitPods { unit: Unit::Pod(pod.pod_id()), alike: vec![alike] });
        }
    }

    /// Whether any pod of these units is on the host network.
    pub(super) fn has_hosts_of(&self, cluster: &Cluster, units: &UnitsToldByNode) -> bool {
        let of = |namespace: &u32| {
            let groups = self.workload_groups(cluster, *namespace);
            groups.pod_groups.iter().any(|it| it.host != NO_CLASS && units.contains(&groups.units[it.unit as usize]))
        };
        let with_hosts = |it: &&u32| self.namespaces.get(**it).pod_counts.hosts > 0;
        self.in_order.iter().filter(with_hosts).any(of)
    }

    /// Whether any pod is on the host network.
    pub(super) fn has_hosts(&self) -> bool {
        self.namespaces.iter().any(|(_, it)| it.pod_counts.hosts > 0)
    }

    /// Every pod with what the index knows of it, namespace by namespace.
    pub(super) fn each_pod<'a>(&'a self, mut each: impl FnMut(PodRow<'a>)) {
        self.in_order.iter().for_each(|it| self.namespaces.get(*it).pods.iter().for_each(&mut each));
    }

    /// The port sets of one group of pods with another, from the rows of the first.
    pub(super) fn with_row(
        &self,
        rows: &[ClassRow],
        other: &PlacedPodGroup,
        none: &PortMask,
        full: &PortMask,
    ) -> TriPorts {
        let readings = rows.len().max(if other.is_host() { 2 } else { 1 });
        let mut pass = TriPorts::without_reading(none.clone(), full.clone());
        for reading in 0..readings {
            let row = &rows[reading.min(rows.len() - 1)];
            pass.add_reading(&row.with(other.class_in(reading), none, full));
        }
        pass
    }

    pub(super) fn terms(&self, port: Option<Port>) -> AnswerContext {
        let atom = port.map(|(protocol, number)| self.ports.atom(protocol, number).unwrap_or_default());
        AnswerContext {
            none: self.ports.none(),
            full: self.ports.full(),
            atom,
            apart: (PortSet::none(), self.ports.none()),
        }
    }

    /// The same, where nodes may be among the ends.
    pub(super) fn terms_around(&self, around: &NodesAndOutside, port: Option<Port>) -> AnswerContext {
        let mut terms = self.terms(port);
        if port.is_none() {
            terms.apart = (around.node_ports.clone(), self.ports.within(&around.node_ports));
        }
        terms
    }

    /// Whether two ends have an address family in common: an outside part of another family is nobody's to reach.
    pub(super) fn share_family(&self, a: &IndexedEnd<'_>, b: &IndexedEnd<'_>) -> bool {
        let families = |it| self.end_reading(it, 0).map(|it| it.families());
        match (families(a), families(b)) {
            (Some(a), Some(b)) => a.are_shared(b),
            _ => false,
        }
    }

    pub(super) fn sum(&self) -> PairSum {
        let (none, full) = (self.ports.none(), self.ports.full());
        PairSum { every: full, some: none.clone(), possible: none, pairs: Counts::default() }
    }

    /// Adds pairs that answer so.
    pub(super) fn add(&self, sum: &mut PairSum, pass: &TriPorts, pairs: u64, atom: Option<usize>) {
        if pairs == 0 {
            return;
        }
        sum.every &= &pass.sure;
        sum.some |= &pass.sure;
        sum.possible |= &pass.possible;
        sum.pairs.add(pass.outcome(atom), pairs);
    }

    pub(super) fn summary(&self, sum: &PairSum, sets: &mut PortSetCache) -> Summary {
        let mut set = |mask: &PortMask| {
            if let Some(known) = sets.known.get(mask) {
                return known.clone();
            }
            let made = sets.of(self.ports.set_of(mask));
            sets.known.insert(mask.clone(), made.clone());
            made
        };
        Summary { every: set(&sum.every), some: set(&sum.some), possible: set(&sum.possible), pairs: sum.pairs }
    }
}
