//! The pods of one namespace in groups: those of one workload that answer alike.
//!
//! ```text
//! Deployment api   class 7 × 3        what lists need to know of a namespace, without a look at its pods;
//! Deployment web   class 7 × 2, 9 × 1 made when first asked for, kept until the namespace's pods or workloads change
//! ```
//!
//! It does not say who is on which node: only answers about nodes need that, and look at the pods. How many pods there
//! are of which sort is counted as they come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::indexed_end::IndexedEnd;
use super::namespace_pods::{NamespacePods, PodClasses};
use super::{Index, NO_CLASS};
use crate::model::cluster::Cluster;
use crate::model::facts::Pod;
use crate::model::name::Name;
use crate::net::reach::{LeftOut, Unit};

/// No group of pods: a pod that is in no answer.
pub(super) const NO_POD_GROUP: u32 = u32::MAX;

/// Pods of one workload that answer alike, their own nodes apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct PodGroup {
    pub class: u32,
    pub host: u32,
    pub pods: u32,
    /// Its place in [`WorkloadGroups::units`].
    pub unit: u32,
}

/// All pods of a namespace.
#[derive(Debug, Default)]
pub(super) struct WorkloadGroups {
    /// Workloads in order, after the pods that have none.
    pub units: Vec<Unit>,
    /// By unit.
    pub pod_groups: Vec<PodGroup>,
    /// By pod, in the order of names.
    pub of_pod: Box<[u32]>,
    /// How many units are pods without a workload.
    pub alone: u32,
}

/// How many pods a namespace has of each sort.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PodCounts {
    /// On networks of their own.
    pub plain: u32,
    pub hosts: u32,
    pub finished: u32,
    pub unread: u32,
}

impl PodGroup {
    /// Its pods as an end on some node.
    pub fn found<'a>(&self, node: &'a Name) -> IndexedEnd<'a> {
        match self.host {
            NO_CLASS => IndexedEnd::Pod { class: self.class, node },
            host => IndexedEnd::Host { own: self.class, host, node },
        }
    }
}

impl PodCounts {
    fn sort(&mut self, pod: &Pod, pod_classes: PodClasses) -> &mut u32 {
        match (pod_classes.class, pod_classes.host) {
            (NO_CLASS, _) if pod.phase().is_finished() => &mut self.finished,
            (NO_CLASS, _) => &mut self.unread,
            (_, NO_CLASS) => &mut self.plain,
            _ => &mut self.hosts,
        }
    }

    /// Counts a pod in.
    pub fn enter(&mut self, pod: &Pod, pod_classes: PodClasses) {
        *self.sort(pod, pod_classes) += 1;
    }

    /// Counts a pod out.
    pub fn leave(&mut self, pod: &Pod, pod_classes: PodClasses) {
        *self.sort(pod, pod_classes) -= 1;
    }

    /// The pods that are in no answer.
    pub fn left_out(&self) -> LeftOut {
        LeftOut { finished: u64::from(self.finished), unread: u64::from(self.unread), itself: 0 }
    }
}

impl WorkloadGroups {
    pub fn bytes(&self) -> usize {
        self.units.capacity() * size_of::<Unit>()
            + self.pod_groups.capacity() * size_of::<PodGroup>()
            + self.of_pod.len() * 4
            + size_of::<Self>()
    }
}

impl Index {
    /// The pods of a namespace, in groups.
    pub(super) fn workload_groups(&self, cluster: &Cluster, namespace: u32) -> &WorkloadGroups {
        let entry = self.namespaces.get(namespace);
        entry.workload_groups.get_or_init(|| Arc::new(self.gather(cluster, namespace)))
    }

    /// The pods of a namespace, to be changed: what rests on them is forgotten.
    pub(super) fn pods_mut(&mut self, namespace: u32) -> &mut NamespacePods {
        let entry = self.namespaces.get_mut(namespace);
        entry.workload_groups.take();
        Arc::make_mut(&mut entry.pods)
    }

    fn gather(&self, cluster: &Cluster, namespace: u32) -> WorkloadGroups {
        let rows = &self.namespaces.get(namespace).pods;
        let mut units: BTreeMap<Unit, u32> = BTreeMap::new();
        let mut of_units: Vec<Vec<(u32, u32, u32)>> = Vec::new();
        // Pods of one owner and with the same labels follow each other by name, as a rule.
        let mut last: Option<(&Pod, u32)> = None;
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.class != NO_CLASS) {
            let unit = match last.filter(|it| is_of_one_kin(it.0, row.pod)) {
                Some((_, unit)) => unit,
                None => {
                    let next = units.len() as u32;
                    *units.entry(Unit::of_pod(cluster, row.pod)).or_insert(next)
                }
            };
            last = Some((&**row.pod, unit));
            of_units.resize_with(units.len(), Vec::new);
            of_units[unit as usize].push((row.class, row.host, at as u32));
        }
        let mut workload_groups =
            WorkloadGroups { of_pod: vec![NO_POD_GROUP; rows.len()].into(), ..WorkloadGroups::default() };
        for (unit, number) in units {
            let pods = &mut of_units[number as usize];
            pods.sort_unstable();
            for alike in pods.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
                alike
                    .iter()
                    .for_each(|it| workload_groups.of_pod[it.2 as usize] = workload_groups.pod_groups.len() as u32);
                let (class, host, _) = alike[0];
                workload_groups.pod_groups.push(PodGroup {
                    class,
                    host,
                    pods: alike.len() as u32,
                    unit: workload_groups.units.len() as u32,
                });
            }
            workload_groups.alone += u32::from(matches!(unit, Unit::Pod(_)));
            workload_groups.units.push(unit);
        }
        workload_groups.pod_groups.shrink_to_fit();
        workload_groups.units.shrink_to_fit();
        workload_groups
    }

    /// The pods of a namespace, in the order of names.
    pub(super) fn pods_of(&self, namespace: u32) -> impl Iterator<Item = &Pod> {
        self.namespaces.get(namespace).pods.pods().iter().map(|it| &**it)
    }
}

/// Whether two pods are surely of one workload: the same owner, and labels that lead from it to the same workload.
fn is_of_one_kin(a: &Pod, b: &Pod) -> bool {
    let same_owner = a.shares_with(b) || a.owner() == b.owner();
    same_owner && a.is_owned() && a.implies_as(b) && a.held_labels().same_allocation(b.held_labels())
}
