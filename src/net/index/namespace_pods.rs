//! The pods of one namespace, by name, each with its class.
//!
//! ```text
//! pods     api-1  api-2  node-agent-7  web-1      in the order of names
//! classes  3      3      host pair 0   9          a class, or for the few on the host network a pair of them
//! tags     two bytes of a hash each, so that finding a name looks at few names
//! ```
//!
//! Beside each other and not in one row, since most that is asked looks at one of the three.

use super::NO_CLASS;
use crate::model::facts::SharedPod;
use crate::model::name::JoinedName;
use crate::model::objects::grow;

/// The classes of one pod, by which it answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PodClasses {
    /// Its class; of a host-network pod the one of the other reading.
    pub class: u32,
    /// The class of its node if it is on the host network, else `NO_CLASS`.
    pub host: u32,
}

/// One pod as the index knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PodRow<'a> {
    pub class: u32,
    pub host: u32,
    pub pod: &'a SharedPod,
}

/// Marks the number of a pair in [`NamespacePods::pairs`].
const PAIR: u32 = 1 << 31;

/// How many names are found by their hashes; among more, halving is quicker.
const TAGGED: usize = 4096;

/// All pods of a namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespacePods {
    pods: Vec<SharedPod>,
    /// By pod: its class, [`NO_CLASS`], or the place of a pair.
    pod_classes: Vec<u32>,
    tags: Vec<u16>,
    /// What pods on the host network are: few differ.
    pairs: Vec<PodClasses>,
}

impl PodClasses {
    /// Of a pod that is in no answer.
    pub const NONE: PodClasses = PodClasses { class: NO_CLASS, host: NO_CLASS };

    /// The classes that it names.
    pub fn classes(self) -> impl Iterator<Item = u32> {
        [self.class, self.host].into_iter().filter(|it| *it != NO_CLASS)
    }
}

/// The hash of a pod's name.
fn tag(name: JoinedName<'_>) -> u16 {
    // FNV-1a.
    let hash = name.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 16) as u16
}

/// Puts an item in its place.
fn insert<T>(all: &mut Vec<T>, at: usize, item: T) {
    grow(all);
    all.insert(at, item);
}

impl NamespacePods {
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// The pods alone, by name.
    pub fn pods(&self) -> &[SharedPod] {
        &self.pods
    }

    /// The pod of this place.
    pub fn get(&self, at: usize) -> PodRow<'_> {
        let PodClasses { class, host } = self.pod_classes(at);
        PodRow { class, host, pod: &self.pods[at] }
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = PodRow<'_>> {
        (0..self.len()).map(|it| self.get(it))
    }

    fn pod_classes(&self, at: usize) -> PodClasses {
        match self.pod_classes[at] {
            NO_CLASS => PodClasses::NONE,
            pair if pair & PAIR != 0 => self.pairs[(pair & !PAIR) as usize],
            class => PodClasses { class, host: NO_CLASS },
        }
    }

    /// The place of a pod.
    pub fn place(&self, name: JoinedName<'_>) -> Option<usize> {
        if self.len() > TAGGED {
            return self.pods.binary_search_by(|it| it.name().cmp(&name)).ok();
        }
        let tag = tag(name);
        let alike = self.tags.iter().enumerate().filter(|(_, it)| **it == tag);
        alike.map(|(at, _)| at).find(|at| self.pods[*at].name() == name)
    }

    /// Lets the pod of this place be another one, or be of other classes; gives what it was.
    pub fn replace(&mut self, at: usize, pod: SharedPod, pod_classes: PodClasses) -> (SharedPod, PodClasses) {
        let before = self.set_classes(at, pod_classes);
        (std::mem::replace(&mut self.pods[at], pod), before)
    }

    /// Lets the pod of this place have other classes; gives those that it had.
    pub fn set_classes(&mut self, at: usize, pod_classes: PodClasses) -> PodClasses {
        let before = self.pod_classes(at);
        self.pod_classes[at] = self.number(pod_classes);
        before
    }

    /// Takes a new pod in.
    pub fn enter(&mut self, pod: SharedPod, pod_classes: PodClasses) {
        let name = pod.name();
        let is_last = self.pods.last().is_none_or(|it| it.name() < name);
        let at = if is_last { self.len() } else { self.pods.partition_point(|it| it.name() < name) };
        let (number, tag) = (self.number(pod_classes), tag(name));
        insert(&mut self.pod_classes, at, number);
        insert(&mut self.tags, at, tag);
        insert(&mut self.pods, at, pod);
    }

    /// Takes the pod of this place out.
    pub fn remove(&mut self, at: usize) -> (SharedPod, PodClasses) {
        let pod_classes = self.pod_classes(at);
        self.pod_classes.remove(at);
        self.tags.remove(at);
        (self.pods.remove(at), pod_classes)
    }

    /// How a pod's classes are written; pairs that no pod has any more go when they are many.
    fn number(&mut self, pod_classes: PodClasses) -> u32 {
        if pod_classes.host == NO_CLASS {
            return pod_classes.class;
        }
        if let Some(known) = self.pairs.iter().position(|it| *it == pod_classes) {
            return known as u32 | PAIR;
        }
        if self.pairs.len() > self.pod_classes.len() + 16 {
            let pod_classes: Vec<PodClasses> = (0..self.len()).map(|it| self.pod_classes(it)).collect();
            self.pairs.clear();
            self.pod_classes = pod_classes.into_iter().map(|it| self.number(it)).collect();
        }
        self.pairs.push(pod_classes);
        (self.pairs.len() as u32 - 1) | PAIR
    }

    /// Gives back the room that was kept for more.
    pub fn shrink(&mut self) {
        self.pods.shrink_to_fit();
        self.pod_classes.shrink_to_fit();
        self.tags.shrink_to_fit();
    }

    /// Whether there is room for more.
    pub fn is_roomy(&self) -> bool {
        self.pods.capacity() > self.pods.len()
    }

    pub fn bytes(&self) -> usize {
        self.pods.capacity() * 8
            + self.pod_classes.capacity() * 4
            + self.tags.capacity() * 2
            + self.pairs.capacity() * 8
    }
}
