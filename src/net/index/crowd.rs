//! The pods of one namespace in bands: those of one workload that answer alike.
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

use super::found::Found;
use super::roll::{Roll, Seat};
use super::units::{Alike, unit_of};
use super::{Index, NO_CLASS};
use crate::model::cluster::Cluster;
use crate::model::facts::Pod;
use crate::model::name::Name;
use crate::net::reach::{By, LeftOut, Unit};

/// No band: a pod that is in no answer.
pub(super) const NO_BAND: u32 = u32::MAX;

/// Pods of one workload that answer alike, their own nodes apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub class: u32,
    pub host: u32,
    pub pods: u32,
    /// Its place in [`Crowd::units`].
    pub unit: u32,
}

/// All pods of a namespace.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// Workloads in order, after the pods that have none.
    pub units: Vec<Unit>,
    /// By unit.
    pub bands: Vec<Band>,
    /// By pod, in the order of names.
    pub of_pod: Box<[u32]>,
    /// How many units are pods without a workload.
    pub alone: u32,
}

/// How many pods a namespace has of each sort.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// On networks of their own.
    pub plain: u32,
    pub hosts: u32,
    pub finished: u32,
    pub unread: u32,
}

impl Band {
    /// Its pods as an end on some node.
    pub fn found<'a>(&self, node: &'a Name) -> Found<'a> {
        match self.host {
            NO_CLASS => Found::Pod { class: self.class, node },
            host => Found::Host { own: self.class, host, node },
        }
    }

    /// The same pods, less how they are spread over nodes.
    pub fn alike(&self) -> Alike {
        Alike { class: self.class, host: self.host, pods: u64::from(self.pods), nodes: Vec::new() }
    }
}

impl Tally {
    fn sort(&mut self, pod: &Pod, seat: Seat) -> &mut u32 {
        match (seat.class, seat.host) {
            (NO_CLASS, _) if pod.phase().is_finished() => &mut self.finished,
            (NO_CLASS, _) => &mut self.unread,
            (_, NO_CLASS) => &mut self.plain,
            _ => &mut self.hosts,
        }
    }

    /// Counts a pod in.
    pub fn enter(&mut self, pod: &Pod, seat: Seat) {
        *self.sort(pod, seat) += 1;
    }

    /// Counts a pod out.
    pub fn leave(&mut self, pod: &Pod, seat: Seat) {
        *self.sort(pod, seat) -= 1;
    }

    /// The pods that are in no answer.
    pub fn left_out(&self) -> LeftOut {
        LeftOut { finished: u64::from(self.finished), unread: u64::from(self.unread), itself: 0 }
    }
}

impl Crowd {
    pub fn bytes(&self) -> usize {
        self.units.capacity() * size_of::<Unit>()
            + self.bands.capacity() * size_of::<Band>()
            + self.of_pod.len() * 4
            + size_of::<Self>()
    }
}

impl Index {
    /// The pods of a namespace, in bands.
    pub(super) fn crowd(&self, cluster: &Cluster, namespace: u32) -> &Crowd {
        let entry = self.namespaces.get(namespace);
        entry.crowd.get_or_init(|| Arc::new(self.gather(cluster, namespace)))
    }

    /// The pods of a namespace, to be changed: what rests on them is forgotten.
    pub(super) fn pods_mut(&mut self, namespace: u32) -> &mut Roll {
        let entry = self.namespaces.get_mut(namespace);
        entry.crowd.take();
        Arc::make_mut(&mut entry.pods)
    }

    fn gather(&self, cluster: &Cluster, namespace: u32) -> Crowd {
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
                    *units.entry(unit_of(cluster, row.pod, By::Workload)).or_insert(next)
                }
            };
            last = Some((&**row.pod, unit));
            of_units.resize_with(units.len(), Vec::new);
            of_units[unit as usize].push((row.class, row.host, at as u32));
        }
        let mut crowd = Crowd { of_pod: vec![NO_BAND; rows.len()].into(), ..Crowd::default() };
        for (unit, number) in units {
            let pods = &mut of_units[number as usize];
            pods.sort_unstable();
            for alike in pods.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
                alike.iter().for_each(|it| crowd.of_pod[it.2 as usize] = crowd.bands.len() as u32);
                let (class, host, _) = alike[0];
                crowd.bands.push(Band { class, host, pods: alike.len() as u32, unit: crowd.units.len() as u32 });
            }
            crowd.alone += u32::from(matches!(unit, Unit::Pod(_)));
            crowd.units.push(unit);
        }
        crowd.bands.shrink_to_fit();
        crowd.units.shrink_to_fit();
        crowd
    }

    /// The pods of a namespace, in the order of names.
    pub(super) fn pods_of(&self, namespace: u32) -> impl Iterator<Item = &Pod> {
        self.namespaces.get(namespace).pods.pods().iter().map(|it| &**it)
    }
}

/// Whether two pods are surely of one workload: the same owner, and labels that lead from it to the same workload.
fn is_of_one_kin(a: &Pod, b: &Pod) -> bool {
    let same_owner = a.shares_with(b) || a.owner() == b.owner();
    same_owner && a.is_owned() && a.implied == b.implied && a.held_labels().same_allocation(b.held_labels())
}
