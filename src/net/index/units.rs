//! The pods of a cluster in units (pods, workloads, namespaces), and what pairs of units have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pair::Found;
use super::ports::Mask;
use super::row::Row;
use super::{Index, NO_CLASS, PodRow};
use crate::model::address::{Addresses, Block, Family};
use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::facts::Pod;
use crate::model::name::Name;
use crate::model::port::PortSet;
use crate::net::ends;
use crate::net::reach::{By, Counts, LeftOut, Summary, Unit, workload_of};

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
    pub end: Found,
}

/// Pairs added up.
pub(super) struct Sum {
    every: Mask,
    some: Mask,
    possible: Mask,
    pub pairs: Counts,
}

impl Sum {
    pub fn is_possible(&self) -> bool {
        !self.possible.is_empty()
    }
}

/// Port sets by their atoms, each made once.
#[derive(Default)]
pub(super) struct Sets(BTreeMap<Mask, Arc<PortSet>>);

impl Alike {
    /// The same pods as an end on some node.
    pub fn found(&self, node: &Name) -> Found {
        match self.host {
            NO_CLASS => Found::Pod { class: self.class, node: node.clone() },
            host => Found::Host { own: self.class, host, node: node.clone() },
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
    pub(super) fn units(&self, cluster: &Cluster, by: By, with_nodes: bool, left_out: &mut LeftOut) -> Vec<Members> {
        let mut units: BTreeMap<Unit, BTreeMap<(u32, u32), Alike>> = BTreeMap::new();
        let with_nodes = with_nodes || self.has_hosts();
        self.each_pod(cluster, |row, pod| {
            if row.class == NO_CLASS {
                let place = if pod.phase.is_finished() { &mut left_out.finished } else { &mut left_out.unread };
                *place += 1;
                return;
            }
            let alike = units.entry(unit_of(cluster, pod, by)).or_default();
            let entry = alike.entry((row.class, row.host)).or_insert_with(|| Alike {
                class: row.class,
                host: row.host,
                pods: 0,
                nodes: BTreeMap::new(),
            });
            entry.pods += 1;
            if with_nodes && !pod.node.is_empty() {
                *entry.nodes.entry(pod.node.clone()).or_default() += 1;
            }
        });
        units.into_iter().map(|(unit, alike)| Members { unit, alike: alike.into_values().collect() }).collect()
    }

    /// Whether any pod is on the host network.
    pub(super) fn has_hosts(&self) -> bool {
        self.namespaces.iter().any(|(_, it)| it.pods.iter().any(|row| row.host != NO_CLASS))
    }

    /// Every pod with what the index knows of it, namespace by namespace.
    pub(super) fn each_pod(&self, cluster: &Cluster, mut each: impl FnMut(&PodRow, &Pod)) {
        for namespace in cluster.pods.namespaces() {
            let Some(&id) = self.namespace_ids.get(namespace) else { continue };
            let rows = self.namespaces.get(id).pods.iter();
            let pods = cluster.pods.of(namespace).iter();
            for (row, pod) in rows.zip(pods).filter(|(row, pod)| row.name == pod.meta.name) {
                each(row, pod);
            }
        }
    }

    /// The outside world in parts that no rule tells apart; IPv6 only where some pod has it.
    pub(super) fn outside(&self, cluster: &Cluster) -> Vec<Outside> {
        let blocks: Vec<&Block> = self
            .peers
            .iter()
            .filter(|(_, it)| it.uses > 0)
            .filter_map(|(_, it)| match &it.key {
                super::peers::Key::Block(block) => Some(block),
                _ => None,
            })
            .collect();
        let has_v6 = cluster.pods.iter().any(|it| it.addresses.of(Family::V6).is_some())
            || blocks.iter().any(|it| it.family() == Family::V6);
        let families = ends::anywhere().into_iter().filter(|it| has_v6 || Family::of(it.addr()) == Family::V4);
        let parts = families.flat_map(|it| ends::parts(&blocks, it));
        parts
            .map(|(ranges, address)| Outside {
                unit: Unit::Outside(ranges),
                end: Found::Loose(self.loose(Addresses::new([address]), None, None)),
            })
            .collect()
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
        let mut set =
            |mask: &Mask| sets.0.entry(mask.clone()).or_insert_with(|| Arc::new(self.ports.set_of(mask))).clone();
        Summary { every: set(&sum.every), some: set(&sum.some), possible: set(&sum.possible), pairs: sum.pairs }
    }

    /// The end as a group of one, unless it is loose.
    pub(super) fn alike_of(&self, found: &Found) -> Option<Alike> {
        let (class, host, node) = match found {
            Found::Pod { class, node } => (*class, NO_CLASS, node),
            Found::Host { own, host, node } => (*own, *host, node),
            Found::Loose(_) | Found::Nothing => return None,
        };
        let nodes = if node.is_empty() { BTreeMap::new() } else { BTreeMap::from([(node.clone(), 1)]) };
        Some(Alike { class, host, pods: 1, nodes })
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
        By::Namespace => Unit::Namespace(pod.meta.namespace.clone()),
        By::Workload => workload_of(cluster, pod).map_or_else(|| Unit::Pod(pod.pod_id()), Unit::Workload),
    }
}
