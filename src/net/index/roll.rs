//! The pods of one namespace, by name, each with its class.
//!
//! ```text
//! pods     api-1  api-2  node-agent-7  web-1      in the order of names
//! seats    3      3      host pair 0   9          a class, or for the few on the host network a pair of them
//! tags     two bytes of a hash each, so that finding a name looks at few names
//! ```
//!
//! Beside each other and not in one row, since most that is asked looks at one of the three.

use super::NO_CLASS;
use crate::model::facts::SharedPod;
use crate::model::name::JoinedName;
use crate::model::objects::grow;

/// The classes of one pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seat {
    /// Its class; of a host-network pod the one of the other reading.
    pub class: u32,
    /// The class of its node, if it is on the host network.
    pub host: u32,
}

/// One pod as the index knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PodRow<'a> {
    pub class: u32,
    pub host: u32,
    pub pod: &'a SharedPod,
}

/// Marks the number of a pair in [`Roll::pairs`].
const PAIR: u32 = 1 << 31;

/// How many names are found by their hashes; among more, halving is quicker.
const TAGGED: usize = 4096;

/// All pods of a namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct Roll {
    pods: Vec<SharedPod>,
    /// By pod: its class, [`NO_CLASS`], or the place of a pair.
    seats: Vec<u32>,
    tags: Vec<u16>,
    /// What pods on the host network are: few differ.
    pairs: Vec<Seat>,
}

impl Seat {
    /// Of a pod that is in no answer.
    pub const NONE: Seat = Seat { class: NO_CLASS, host: NO_CLASS };

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

impl Roll {
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// The pods alone, by name.
    pub fn pods(&self) -> &[SharedPod] {
        &self.pods
    }

    /// The pod of this place.
    pub fn get(&self, at: usize) -> PodRow<'_> {
        let Seat { class, host } = self.seat(at);
        PodRow { class, host, pod: &self.pods[at] }
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = PodRow<'_>> {
        (0..self.len()).map(|it| self.get(it))
    }

    fn seat(&self, at: usize) -> Seat {
        match self.seats[at] {
            NO_CLASS => Seat::NONE,
            pair if pair & PAIR != 0 => self.pairs[(pair & !PAIR) as usize],
            class => Seat { class, host: NO_CLASS },
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

    /// Lets the pod of this place be another one, or be seated elsewhere; gives what it was.
    pub fn replace(&mut self, at: usize, pod: SharedPod, seat: Seat) -> (SharedPod, Seat) {
        let before = self.reseat(at, seat);
        (std::mem::replace(&mut self.pods[at], pod), before)
    }

    /// Lets the pod of this place have other classes; gives those that it had.
    pub fn reseat(&mut self, at: usize, seat: Seat) -> Seat {
        let before = self.seat(at);
        self.seats[at] = self.number(seat);
        before
    }

    /// Takes a new pod in.
    pub fn enter(&mut self, pod: SharedPod, seat: Seat) {
        let name = pod.name();
        let is_last = self.pods.last().is_none_or(|it| it.name() < name);
        let at = if is_last { self.len() } else { self.pods.partition_point(|it| it.name() < name) };
        let (number, tag) = (self.number(seat), tag(name));
        insert(&mut self.seats, at, number);
        insert(&mut self.tags, at, tag);
        insert(&mut self.pods, at, pod);
    }

    /// Takes the pod of this place out.
    pub fn remove(&mut self, at: usize) -> (SharedPod, Seat) {
        let seat = self.seat(at);
        self.seats.remove(at);
        self.tags.remove(at);
        (self.pods.remove(at), seat)
    }

    /// How a seat is written; pairs that no pod has any more go when they are many.
    fn number(&mut self, seat: Seat) -> u32 {
        if seat.host == NO_CLASS {
            return seat.class;
        }
        if let Some(known) = self.pairs.iter().position(|it| *it == seat) {
            return known as u32 | PAIR;
        }
        if self.pairs.len() > self.seats.len() + 16 {
            let seats: Vec<Seat> = (0..self.len()).map(|it| self.seat(it)).collect();
            self.pairs.clear();
            self.seats = seats.into_iter().map(|it| self.number(it)).collect();
        }
        self.pairs.push(seat);
        (self.pairs.len() as u32 - 1) | PAIR
    }

    /// Gives back the room that was kept for more.
    pub fn shrink(&mut self) {
        self.pods.shrink_to_fit();
        self.seats.shrink_to_fit();
        self.tags.shrink_to_fit();
    }

    /// Whether there is room for more.
    pub fn is_roomy(&self) -> bool {
        self.pods.capacity() > self.pods.len()
    }

    pub fn bytes(&self) -> usize {
        self.pods.capacity() * 8 + self.seats.capacity() * 4 + self.tags.capacity() * 2 + self.pairs.capacity() * 8
    }
}
