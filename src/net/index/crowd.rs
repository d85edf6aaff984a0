//! The pods of one namespace in bands: those of one workload that answer alike.
//!
//! ```text
//! Deployment api   class 7 × 3        what lists need to know of a namespace, without a look at its pods;
//! Deployment web   class 7 × 2, 9 × 1 made when first asked for, kept until the namespace's pods or workloads change
//! ```
//!
//! It does not say who is on which node: only answers about nodes need that, and look at the pods.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::units::{Alike, unit_of};
use super::{Index, NO_CLASS, PodRow};
use crate::model::address::Family;
use crate::model::cluster::Cluster;
use crate::model::facts::Pod;
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
    pub finished: u32,
    pub unread: u32,
    pub has_hosts: bool,
    pub has_v6: bool,
}

impl Band {
    /// The same pods, less how they are spread over nodes.
    pub fn alike(&self) -> Alike {
        Alike { class: self.class, host: self.host, pods: u64::from(self.pods), nodes: BTreeMap::new() }
    }
}

impl Crowd {
    /// The pods that are in no answer.
    pub fn left_out(&self) -> LeftOut {
        LeftOut { finished: u64::from(self.finished), unread: u64::from(self.unread), itself: 0 }
    }

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
    pub(super) fn pods_mut(&mut self, namespace: u32) -> &mut Vec<PodRow> {
        let entry = self.namespaces.get_mut(namespace);
        entry.crowd.take();
        Arc::make_mut(&mut entry.pods)
    }

    fn gather(&self, cluster: &Cluster, namespace: u32) -> Crowd {
        let mut crowd = Crowd::default();
        let mut bands: BTreeMap<Unit, BTreeMap<(u32, u32), Vec<u32>>> = BTreeMap::new();
        for (at, row) in self.namespaces.get(namespace).pods.iter().enumerate() {
            let pod = &row.pod;
            crowd.has_v6 |= pod.addresses.of(Family::V6).is_some();
            crowd.has_hosts |= row.host != NO_CLASS;
            if row.class == NO_CLASS {
                *(if pod.phase.is_finished() { &mut crowd.finished } else { &mut crowd.unread }) += 1;
                continue;
            }
            let unit = bands.entry(unit_of(cluster, pod, By::Workload)).or_default();
            unit.entry((row.class, row.host)).or_default().push(at as u32);
        }
        crowd.of_pod = vec![NO_BAND; self.namespaces.get(namespace).pods.len()].into();
        for (unit, alike) in bands {
            for ((class, host), pods) in alike {
                pods.iter().for_each(|it| crowd.of_pod[*it as usize] = crowd.bands.len() as u32);
                crowd.bands.push(Band { class, host, pods: pods.len() as u32, unit: crowd.units.len() as u32 });
            }
            crowd.units.push(unit);
        }
        crowd.bands.shrink_to_fit();
        crowd.units.shrink_to_fit();
        crowd
    }

    /// The pods of a namespace, in the order of names.
    pub(super) fn pods_of(&self, namespace: u32) -> impl Iterator<Item = &Pod> {
        self.namespaces.get(namespace).pods.iter().map(|it| &*it.pod)
    }
}
