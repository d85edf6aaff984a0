//! One class, in as little room as it can be told in.
//!
//! ```text
//! labels │ blocks │ peers │ policies      one list of numbers, and where its parts begin
//! ```
//!
//! A large cluster has tens of thousands of classes with four short lists each, which seldom change.

use super::class_labels::ClassLabels;
use super::classes::{ClassKey, ClassKind, hash_of};
use super::families::Families;
use crate::net::verdict::Tri;

/// A peer that holds a class, and whether surely.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct PeerMembership(u32);

impl PeerMembership {
    pub fn new(peer: u32, tri: Tri) -> Self {
        Self(peer << 1 | u32::from(tri == Tri::Maybe))
    }

    pub fn peer(self) -> u32 {
        self.0 >> 1
    }

    pub fn tri(self) -> Tri {
        if self.0 & 1 == 1 { Tri::Maybe } else { Tri::Yes }
    }
}

/// Pods that answer alike, as what tells them from all others; [`super::classes`] makes them.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub namespace: u32,
    pub declared: u32,
    pub sort: ClassKind,
    pub families: Families,
    /// Where blocks, peers and policies begin; labels are first.
    starts: [u32; 3],
    all: Box<[u32]>,
}

/// The parts of a class's list.
const LABELS: usize = 0;
const BLOCKS: usize = 1;
const PEERS: usize = 2;
const POLICIES: usize = 3;

impl ClassKey {
    /// The hash by which a class with this key is found.
    pub fn hash(&self) -> u64 {
        let blocks = self.blocks.iter().map(|it| it.0);
        hash_of(&(self.head(), LabelsAndBlocks(self.labels.numbers(), blocks.collect::<Vec<_>>().as_slice())))
    }

    fn head(&self) -> (ClassKind, u32, u32, Families) {
        (self.sort, self.namespace, self.declared, self.families)
    }
}

/// Labels and blocks.
#[derive(Hash)]
struct LabelsAndBlocks<'a>(&'a [u32], &'a [u32]);

impl Class {
    /// The class of a key; only blocks hold it yet.
    pub fn new(key: &ClassKey) -> Self {
        let (sort, namespace, declared, families) = key.head();
        let mut class = Self { namespace, declared, sort, families, starts: [0; 3], all: Box::default() };
        class.write(key, &key.blocks.iter().map(|it| it.0).collect::<Vec<_>>(), &[]);
        class
    }

    fn write(&mut self, key: &ClassKey, peers: &[u32], policies: &[u32]) {
        (self.sort, self.namespace, self.declared, self.families) = key.head();
        let labels = key.labels.numbers();
        let blocks = labels.len() + key.blocks.len();
        self.starts = [labels.len(), blocks, blocks + peers.len()].map(|it| it as u32);
        let mut all = Vec::with_capacity(blocks + peers.len() + policies.len());
        all.extend_from_slice(labels);
        all.extend(key.blocks.iter().map(|it| it.0));
        all.extend_from_slice(peers);
        all.extend_from_slice(policies);
        self.all = all.into();
    }

    fn range(&self, part: usize) -> std::ops::Range<usize> {
        let first = if part == LABELS { 0 } else { self.starts[part - 1] as usize };
        first..self.starts.get(part).map_or(self.all.len(), |it| *it as usize)
    }

    fn part(&self, part: usize) -> &[u32] {
        &self.all[self.range(part)]
    }

    /// Whether its key is this one.
    pub fn is(&self, key: &ClassKey) -> bool {
        let head = (self.sort, self.namespace, self.declared, self.families);
        head == key.head()
            && self.part(LABELS) == key.labels.numbers()
            && self.part(BLOCKS).iter().copied().eq(key.blocks.iter().map(|it| it.0))
    }

    /// The hash of its key.
    pub fn hash(&self) -> u64 {
        let head = (self.sort, self.namespace, self.declared, self.families);
        hash_of(&(head, LabelsAndBlocks(self.part(LABELS), self.part(BLOCKS))))
    }

    /// What tells it from others.
    pub fn key(&self) -> ClassKey {
        ClassKey {
            sort: self.sort,
            namespace: self.namespace,
            labels: ClassLabels::written(self.part(LABELS)),
            declared: self.declared,
            families: self.families,
            blocks: self.part(BLOCKS).iter().map(|it| PeerMembership(*it)).collect(),
        }
    }

    /// Lets it have another key.
    pub fn set_key(&mut self, key: &ClassKey) {
        let (peers, policies) = (self.part(PEERS).to_vec(), self.part(POLICIES).to_vec());
        self.write(key, &peers, &policies);
    }

    /// Lets these peers hold it, and these policies govern it.
    pub fn fill(&mut self, peers: &[PeerMembership], policies: &[u32]) {
        let peers: Vec<u32> = peers.iter().map(|it| it.0).collect();
        self.write(&self.key(), &peers, policies);
    }

    /// Its labels under the keys that selectors read, as [`ClassLabels`] writes them.
    pub fn labels(&self) -> &[u32] {
        self.part(LABELS)
    }

    /// All peers that hold it but the one that holds everything, sorted.
    pub fn peers(&self) -> impl ExactSizeIterator<Item = PeerMembership> + '_ {
        self.part(PEERS).iter().map(|it| PeerMembership(*it))
    }

    /// All policies that govern it, surely or maybe, in order of evaluation.
    pub fn policies(&self) -> &[u32] {
        self.part(POLICIES)
    }

    /// Whether a peer holds it.
    pub fn held_by(&self, peer: u32) -> Tri {
        let peers = self.part(PEERS);
        let at = peers.partition_point(|it| it >> 1 < peer);
        peers.get(at).map(|it| PeerMembership(*it)).filter(|it| it.peer() == peer).map_or(Tri::No, PeerMembership::tri)
    }

    /// Writes whether a peer holds it.
    pub fn set_held(&mut self, peer: u32, tri: Tri) {
        let at = self.part(PEERS).partition_point(|it| it >> 1 < peer);
        if self.part(PEERS).get(at).is_some_and(|it| it >> 1 == peer) {
            self.remove(PEERS, at);
        }
        if tri != Tri::No {
            self.insert(PEERS, at, PeerMembership::new(peer, tri).0);
        }
    }

    /// Puts a policy into its place in the order of evaluation.
    pub fn insert_policy(&mut self, at: usize, policy: u32) {
        self.insert(POLICIES, at, policy);
    }

    /// Takes a policy out.
    pub fn forget_policy(&mut self, policy: u32) {
        while let Some(at) = self.part(POLICIES).iter().position(|it| *it == policy) {
            self.remove(POLICIES, at);
        }
    }

    fn insert(&mut self, part: usize, at: usize, number: u32) {
        let at = self.range(part).start + at;
        let mut all = Vec::with_capacity(self.all.len() + 1);
        all.extend_from_slice(&self.all[..at]);
        all.push(number);
        all.extend_from_slice(&self.all[at..]);
        self.all = all.into();
        self.starts[part..].iter_mut().for_each(|it| *it += 1);
    }

    fn remove(&mut self, part: usize, at: usize) {
        let at = self.range(part).start + at;
        let mut all = std::mem::take(&mut self.all).into_vec();
        all.remove(at);
        self.all = all.into();
        self.starts[part..].iter_mut().for_each(|it| *it -= 1);
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::super::families::FamilyOrder;
    use super::*;

    #[test]
    fn the_parts_of_a_class_do_not_run_into_each_other() {
        let families = Families { v4: true, v6: false, order: FamilyOrder::V4 };
        let labels = ClassLabels::default().with(4, 7).with(2, 9);
        let blocks = vec![PeerMembership::new(3, Tri::Maybe)];
        let key = ClassKey { sort: ClassKind::Pod, namespace: 1, labels, declared: 0, families, blocks };
        let mut class = Class::new(&key);
        class.set_held(5, Tri::Yes);
        class.set_held(1, Tri::Maybe);
        class.insert_policy(0, 8);
        class.insert_policy(0, 6);
        class.set_held(5, Tri::No);
        assert!(class.is(&key) && class.hash() == key.hash() && class.key() == key);
        assert_eq!(class.labels(), [2, 9, 4, 7]);
        assert_eq!(
            class.peers().map(|it| (it.peer(), it.tri())).collect::<Vec<_>>(),
            [(1, Tri::Maybe), (3, Tri::Maybe)]
        );
        assert_eq!([1, 3, 5].map(|it| class.held_by(it)), [Tri::Maybe, Tri::Maybe, Tri::No]);
        class.forget_policy(6);
        let other = ClassKey { labels: key.labels.with(6, 1), ..key.clone() };
        class.set_key(&other);
        assert!(class.is(&other) && !class.is(&key));
        assert_eq!((class.policies(), class.peers().len()), (&[8][..], 2));
    }
}
