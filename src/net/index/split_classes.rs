//! Classes parted by something that no selector or rule has read before.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::class::PeerMembership;
use super::classes::{ClassKey, ClassKind};
use super::namespace_pods::{PodClasses, PodRow};
use super::peers::PeerKey;
use super::{Index, NO_CLASS};
use crate::model::cluster::Cluster;
use crate::model::facts::Pod;
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::net::ends;

/// The pods of one class by a feature: their namespaces and places.
type ClassParts<T> = BTreeMap<T, Vec<(u32, u32)>>;

/// A feature of all pods.
struct FeatureByClass<T> {
    /// By class: the feature that all its pods share.
    whole: Vec<Option<T>>,
    /// Classes whose pods differ.
    mixed: BTreeMap<u32, ClassParts<T>>,
}

impl Index {
    /// Parts the classes by a label key that no selector has read before.
    pub(super) fn read_key(&mut self, key: &Name) {
        let words = &mut std::mem::take(&mut self.words);
        let number = Arc::make_mut(words).number(key);
        Arc::make_mut(&mut self.keys).insert(key.clone(), number);
        // Pods of one workload share their labels and often follow each other.
        let mut last: (Labels, Option<u32>) = Default::default();
        let value = |pod: &Pod| {
            if let Some((_, own)) = pod.labels().own().find(|(it, _)| key == it) {
                return Some(Arc::make_mut(words).number(&own.to_name()));
            }
            if !pod.held_labels().same_allocation(&last.0) {
                let value = pod.held_labels().get(key).map(|it| Arc::make_mut(words).number(it));
                last = (pod.held_labels().clone(), value);
            }
            last.1
        };
        let parts = self.survey(value);
        self.words = std::mem::take(words);
        self.refine(parts, |class, value| match (value, class.sort) {
            (Some(value), ClassKind::Pod | ClassKind::HostPod) => {
                class.labels = class.labels.with(number, *value);
                true
            }
            // A node's class has the labels of the node.
            _ => false,
        });
    }

    /// Parts the classes by a block that no rule has named before.
    pub(super) fn read_block(&mut self, cluster: &Cluster, peer: u32) {
        let PeerKey::Block(block) = self.peers.get(peer).key.clone() else { return };
        let ranges = [self.ranges(ClassKind::Pod), self.ranges(ClassKind::HostNode)];
        let holds = |pod: &Pod| match pod.network() {
            crate::model::facts::PodNetwork::Own => ends::in_block(&block, &pod.addresses(), &ranges[0]),
            crate::model::facts::PodNetwork::Host => {
                ends::in_block(&block, &ends::pod_addresses(cluster, pod), &ranges[1])
            }
        };
        let parts = self.survey(holds);
        self.refine(parts, |class, tri| {
            if tri.is_possible() {
                class.blocks.push(PeerMembership::new(peer, *tri));
                class.blocks.sort_unstable();
            }
            tri.is_possible()
        });
    }

    /// What each class's pods are by a feature: one for all of them, or which pod has which.
    ///
    /// The host's class of a pod on the host network follows the pod: labels of pods do not change it.
    fn survey<T: Clone + Ord>(&self, mut feature: impl FnMut(&Pod) -> T) -> FeatureByClass<T> {
        let mut whole: Vec<Option<T>> = vec![None; self.classes.bound()];
        let mut mixed: BTreeMap<u32, ClassParts<T>> = BTreeMap::new();
        self.each_pod(|row| {
            let part = feature(row.pod);
            for class in [row.class, row.host].into_iter().filter(|it| *it != NO_CLASS) {
                match &whole[class as usize] {
                    None => whole[class as usize] = Some(part.clone()),
                    Some(first) if *first == part => {}
                    Some(_) => drop(mixed.insert(class, ClassParts::new())),
                }
            }
        });
        let namespaces = if mixed.is_empty() { &[][..] } else { &self.in_order[..] };
        for &namespace in namespaces {
            for (at, row) in self.namespaces.get(namespace).pods.iter().enumerate() {
                for class in [row.class, row.host] {
                    let Some(parts) = mixed.get_mut(&class) else { continue };
                    parts.entry(feature(row.pod)).or_default().push((namespace, at as u32));
                }
            }
        }
        mixed.keys().for_each(|it| whole[*it as usize] = None);
        FeatureByClass { whole, mixed }
    }

    /// Parts every class by a feature of its pods; `write` says whether the feature changes a key.
    fn refine<T: Clone + Ord>(&mut self, survey: FeatureByClass<T>, write: impl Fn(&mut ClassKey, &T) -> bool) {
        for (class, part) in (0..).zip(survey.whole).filter_map(|(class, part)| Some((class, part?))) {
            let mut key = self.classes.get(class).key();
            if write(&mut key, &part) {
                self.keep_with(class, key);
            }
        }
        for (class, parts) in survey.mixed {
            self.part_class(class, parts, &write);
        }
    }

    fn part_class<T: Clone + Ord>(
        &mut self,
        class: u32,
        parts: ClassParts<T>,
        write: &impl Fn(&mut ClassKey, &T) -> bool,
    ) {
        let before = self.classes.get(class).key();
        let written = |feature: &T| {
            let mut key = before.clone();
            write(&mut key, feature);
            key
        };
        // The part that needs no new key keeps the class, else the largest does.
        let rank = |it: &(&T, &Vec<(u32, u32)>)| (written(it.0) == before, it.1.len());
        let Some(keeper) = parts.iter().max_by_key(rank).map(|(it, _)| it.clone()) else { return };
        let kept = written(&keeper);
        for (feature, pods) in parts.iter().filter(|(it, _)| **it != keeper) {
            let key = written(feature);
            if key == kept {
                continue;
            }
            for (namespace, at) in pods {
                let new = self.class(key.clone());
                self.enter(new);
                let PodRow { class: own, host, .. } = self.namespaces.get(*namespace).pods.get(*at as usize);
                let pod_classes =
                    if own == class { PodClasses { class: new, host } } else { PodClasses { class: own, host: new } };
                self.pods_mut(*namespace).set_classes(*at as usize, pod_classes);
                self.weights.leave(class);
            }
        }
        if kept != before {
            self.keep_with(class, kept);
        }
    }

    /// Gives a class its new key and the memberships that follow from it.
    fn keep_with(&mut self, class: u32, key: ClassKey) {
        let blocks = key.blocks.clone();
        self.rekey(class, |it| *it = key);
        for held in blocks {
            self.set_membership(held.peer(), class, held.tri());
        }
    }
}
