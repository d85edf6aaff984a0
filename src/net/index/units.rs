//! The pods of a cluster in units (pods, workloads, namespaces), and what pairs of units have in common.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::classes::Families;
use super::crowd::{Band, Crowd, NO_BAND};
use super::found::Found;
use super::peers::Key;
use super::ports::Mask;
use super::roll::PodRow;
use super::row::Row;
use super::{Index, NO_CLASS};
use crate::model::address::{Addresses, Block, Family};
use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::facts::Pod;
use crate::model::name::Name;
use crate::model::port::PortSet;
use crate::model::workload::workload_of;
use crate::net::ends;
use crate::net::reach::{By, Counts, LeftOut, Summary, Unit};
use crate::net::verdict::Port;

/// Pods of one unit that answer alike, their own nodes apart.
#[derive(Clone, Debug)]
pub(super) struct Alike {
    pub class: u32,
    pub host: u32,
    pub pods: u64,
    /// How many are on which node; empty where nothing that is asked about is a node.
    pub nodes: BTreeMap<Name, u64>,
}

/// One unit.
pub(super) struct Members {
    pub unit: Unit,
    pub alike: Vec<Alike>,
}

/// An outside part: what it is called, and one address of it.
pub(super) struct Outside {
    pub unit: Unit,
    pub end: Found<'static>,
}

/// Pairs added up.
pub(super) struct Sum {
    pub every: Mask,
    pub some: Mask,
    pub possible: Mask,
    pub pairs: Counts,
}

impl Sum {
    pub fn is_possible(&self) -> bool {
        !self.possible.is_empty()
    }

    /// Adds pairs that nothing passes between.
    pub fn deny(&mut self, none: &Mask, pairs: u64) {
        if pairs > 0 {
            self.every &= none;
            self.pairs.deny += pairs;
        }
    }

    /// Adds what was summed up for one pod, for this many.
    pub fn add_times(&mut self, one: &Sum, pods: u64) {
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
pub(super) struct Sets(HashMap<Mask, Arc<PortSet>, FxBuildHasher>);

/// What all sums of one answer share.
pub(super) struct Terms {
    pub none: Mask,
    pub full: Mask,
    /// The atom that was asked for; `None`: any port.
    pub atom: Option<usize>,
}

/// Groups that answer alike as one.
fn merged(groups: Vec<Alike>) -> Vec<Alike> {
    let mut all: BTreeMap<(u32, u32), Alike> = BTreeMap::new();
    for group in groups {
        match all.entry((group.class, group.host)) {
            Entry::Vacant(place) => drop(place.insert(group)),
            Entry::Occupied(mut place) => {
                place.get_mut().pods += group.pods;
                let nodes = &mut place.get_mut().nodes;
                group.nodes.into_iter().for_each(|(node, pods)| *nodes.entry(node).or_default() += pods);
            }
        }
    }
    all.into_values().collect()
}

impl Alike {
    /// The same pods as an end on some node.
    pub fn found<'a>(&self, node: &'a Name) -> Found<'a> {
        match self.host {
            NO_CLASS => Found::Pod { class: self.class, node },
            host => Found::Host { own: self.class, host, node },
        }
    }

    fn class_in(&self, reading: usize) -> u32 {
        if self.host != NO_CLASS && reading == 0 { self.host } else { self.class }
    }

    pub fn is_host(&self) -> bool {
        self.host != NO_CLASS
    }
}

impl Index {
    /// All units that hold a running pod, in order; what is left out is counted.
    pub(super) fn units(&self, cluster: &Cluster, by: By, left_out: &mut LeftOut) -> Vec<Members> {
        let with_nodes = self.has_hosts();
        let mut units: Vec<Members> = Vec::new();
        for &namespace in self.in_order.iter() {
            left_out.add(self.namespaces.get(namespace).tally.left_out());
            if by == By::Namespace && !with_nodes {
                units.extend(self.plain_namespace(namespace));
                continue;
            }
            let crowd = self.crowd(cluster, namespace);
            match by {
                By::Pod => units.extend(self.single_pods(namespace, crowd, with_nodes)),
                By::Workload => {
                    let mut alike = self.alike_in(namespace, crowd, with_nodes).into_iter();
                    for bands in crowd.bands.chunk_by(|a, b| a.unit == b.unit) {
                        let unit = crowd.units[bands[0].unit as usize].clone();
                        units.push(Members { unit, alike: alike.by_ref().take(bands.len()).collect() });
                    }
                }
                By::Namespace if crowd.bands.is_empty() => {}
                By::Namespace => {
                    let unit = Unit::Namespace(self.namespaces.get(namespace).facts.name.clone());
                    units.push(Members { unit, alike: merged(self.alike_in(namespace, crowd, with_nodes)) });
                }
            }
        }
        // Pods without a controller come before all workloads.
        units.sort_by_key(|it| matches!(it.unit, Unit::Workload(_)));
        units
    }

    /// A namespace as one unit, where no pod of the cluster is on the host network: its classes say it all.
    fn plain_namespace(&self, namespace: u32) -> Option<Members> {
        let entry = self.namespaces.get(namespace);
        let alike =
            |class| Alike { class, host: NO_CLASS, pods: u64::from(self.weight(class)), nodes: BTreeMap::new() };
        let alike: Vec<Alike> = entry.plain.iter().map(alike).collect();
        (!alike.is_empty()).then(|| Members { unit: Unit::Namespace(entry.facts.name.clone()), alike })
    }

    /// The bands of a namespace, with the nodes of their pods if that may matter.
    fn alike_in(&self, namespace: u32, crowd: &Crowd, with_nodes: bool) -> Vec<Alike> {
        let mut alike: Vec<Alike> = crowd.bands.iter().map(Band::alike).collect();
        for (pod, band) in self.pods_of(namespace).zip(&crowd.of_pod) {
            if with_nodes && *band != NO_BAND && !pod.node().is_empty() {
                *alike[*band as usize].nodes.entry(pod.node().clone()).or_default() += 1;
            }
        }
        alike
    }

    /// Each running pod as a unit.
    fn single_pods<'a>(
        &'a self,
        namespace: u32,
        crowd: &'a Crowd,
        with_nodes: bool,
    ) -> impl Iterator<Item = Members> + 'a {
        let pods = self.pods_of(namespace).zip(&crowd.of_pod).filter(|(_, band)| **band != NO_BAND);
        pods.map(move |(pod, band)| {
            let mut alike = crowd.bands[*band as usize].alike();
            alike.pods = 1;
            alike.nodes.extend((with_nodes && !pod.node().is_empty()).then(|| (pod.node().clone(), 1)));
            Members { unit: Unit::Pod(pod.pod_id()), alike: vec![alike] }
        })
    }

    /// Whether any pod is on the host network.
    pub(super) fn has_hosts(&self) -> bool {
        self.namespaces.iter().any(|(_, it)| it.tally.hosts > 0)
    }

    /// Whether any pod has an address of IPv6.
    fn has_v6(&self) -> bool {
        self.namespaces.iter().any(|(_, it)| it.tally.v6 > 0)
    }

    /// Every pod with what the index knows of it, namespace by namespace.
    pub(super) fn each_pod(&self, mut each: impl FnMut(PodRow<'_>)) {
        self.in_order.iter().for_each(|it| self.namespaces.get(*it).pods.iter().for_each(&mut each));
    }

    /// The outside world in parts that no rule tells apart; IPv6 only where some pod has it.
    pub(super) fn outside(&self) -> Vec<Outside> {
        let peers = self.blocks.values().flatten().map(|it| self.peers.get(*it)).filter(|it| it.uses > 0);
        let blocks: Vec<&Block> = peers
            .filter_map(|it| match &it.key {
                Key::Block(block) => Some(block),
                _ => None,
            })
            .collect();
        let has_v6 = self.has_v6() || blocks.iter().any(|it| it.family() == Family::V6);
        let families = ends::anywhere().into_iter().filter(|it| has_v6 || Family::of(it.addr()) == Family::V4);
        let parts = families.flat_map(|it| ends::parts(&blocks, it));
        let mut outside: Vec<Outside> = parts
            .map(|(ranges, address)| Outside {
                unit: Unit::Outside(ranges),
                end: Found::Loose(self.loose(Addresses::new([address]), None, None)),
            })
            .collect();
        outside.sort_by(|a, b| a.unit.cmp(&b.unit));
        outside
    }

    /// The port sets of one group of pods with another, from the rows of the first.
    pub(super) fn with_row(&self, rows: &[Row], other: &Alike, none: &Mask, full: &Mask) -> (Mask, Mask) {
        let readings = rows.len().max(if other.is_host() { 2 } else { 1 });
        let (mut sure, mut possible) = (full.clone(), none.clone());
        for reading in 0..readings {
            let row = &rows[reading.min(rows.len() - 1)];
            let (surely, may) = row.with(other.class_in(reading), none, full);
            sure &= &surely;
            possible |= &may;
        }
        (sure, possible)
    }

    pub(super) fn terms(&self, port: Option<Port>) -> Terms {
        let atom = port.map(|(protocol, number)| self.ports.atom(protocol, number).unwrap_or_default());
        Terms { none: self.ports.none(), full: self.ports.full(), atom }
    }

    /// Whether two ends have an address family in common: an outside part of another family is nobody's to reach.
    pub(super) fn share_family(&self, a: &Found<'_>, b: &Found<'_>) -> bool {
        let families = |it| self.side(it, 0).map(|it| it.families());
        match (families(a), families(b)) {
            (Some(a), Some(b)) => Families::shared(a, b).next().is_some(),
            _ => false,
        }
    }

    pub(super) fn sum(&self) -> Sum {
        let (none, full) = (self.ports.none(), self.ports.full());
        Sum { every: full, some: none.clone(), possible: none, pairs: Counts::default() }
    }

    /// Adds pairs that answer so.
    pub(super) fn add(&self, sum: &mut Sum, (sure, possible): &(Mask, Mask), pairs: u64, atom: Option<usize>) {
        if pairs == 0 {
            return;
        }
        sum.every &= sure;
        sum.some |= sure;
        sum.possible |= possible;
        sum.pairs.add(outcome(sure, possible, atom), pairs);
    }

    pub(super) fn summary(&self, sum: &Sum, sets: &mut Sets) -> Summary {
        let mut set = |mask: &Mask| sets.0.entry(mask.clone()).or_insert_with(|| self.ports.set_of(mask)).clone();
        Summary { every: set(&sum.every), some: set(&sum.some), possible: set(&sum.possible), pairs: sum.pairs }
    }
}

/// What the port sets of a pair come to.
pub(super) fn outcome(sure: &Mask, possible: &Mask, atom: Option<usize>) -> Outcome {
    let has = |mask: &Mask| atom.map_or(!mask.is_empty(), |it| mask.has(it));
    match (has(sure), has(possible)) {
        (true, _) => Outcome::Allow,
        (false, true) => Outcome::Unknown,
        (false, false) => Outcome::Deny,
    }
}

pub(super) fn unit_of(cluster: &Cluster, pod: &Pod, by: By) -> Unit {
    match by {
        By::Pod => Unit::Pod(pod.pod_id()),
        By::Namespace => Unit::Namespace(pod.namespace().clone()),
        By::Workload => workload_of(cluster, pod).map_or_else(|| Unit::Pod(pod.pod_id()), Unit::Workload),
    }
}
