//! Some of a cluster's nodes, as one row speaks of them: each of them has what the row says.
//!
//! ```text
//! deployment/shop/web ──► all 12 nodes  TCP 443       one row where nodes answer alike
//!                     ──► node/n3       all           its pod is there (S41)
//! ```

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::model::port::PortSet;

/// Some of all nodes; equal to others that have the same names.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// Of the whole cluster, by name.
    all: Arc<[Name]>,
    /// By place in `all`, a bit each.
    held: Arc<[u64]>,
}

impl Nodes {
    /// Those of `all` whose bits are set.
    pub(super) fn new(all: Arc<[Name]>, held: Arc<[u64]>) -> Self {
        Self { all, held }
    }

    /// Those of these names that are among all.
    pub fn of<'n>(all: &Arc<[Name]>, names: impl IntoIterator<Item = &'n Name>) -> Self {
        let mut held = vec![0_u64; all.len().div_ceil(64)];
        let places = names.into_iter().filter_map(|it| all.binary_search(it).ok());
        places.for_each(|at| held[at >> 6] |= 1 << (at & 63));
        Self { all: all.clone(), held: held.into() }
    }

    /// Whether they are told among these very nodes.
    pub fn is_among(&self, all: &Arc<[Name]>) -> bool {
        Arc::ptr_eq(&self.all, all)
    }

    /// Whether they are none.
    pub fn is_empty(&self) -> bool {
        self.held.iter().all(|it| *it == 0)
    }

    /// Their places among all nodes of the cluster.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        let is_held = |at: &usize| self.held.get(at >> 6).is_some_and(|word| word >> (at & 63) & 1 == 1);
        (0..self.all.len()).filter(is_held)
    }

    /// Their names, in order; never none.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.places().map(|at| &self.all[at])
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.held.iter().map(|it| it.count_ones() as usize).sum()
    }

    /// Whether they are all nodes of the cluster.
    pub fn is_all(&self) -> bool {
        self.count() == self.all.len()
    }

    /// Each as a row of its own.
    pub fn each(&self) -> impl Iterator<Item = Nodes> {
        self.places().map(|at| {
            let mut held = vec![0; self.held.len()];
            held[at >> 6] |= 1 << (at & 63);
            Self { all: self.all.clone(), held: held.into() }
        })
    }

    /// These and those; both are of one cluster.
    pub fn and(&self, more: &Self) -> Self {
        self.with(more, |a, b| a | b)
    }

    /// Those of these that are among others; `None`: none is.
    pub fn among(&self, others: &Self) -> Option<Self> {
        Some(self.with(others, |a, b| a & b)).filter(|it| it.count() > 0)
    }

    /// Those of these that are not among others; `None`: all are.
    pub fn without(&self, others: &Self) -> Option<Self> {
        Some(self.with(others, |a, b| a & !b)).filter(|it| it.count() > 0)
    }

    /// A set of none of them, to be filled.
    pub fn nobody(&self) -> Self {
        self.with(self, |_, _| 0)
    }

    fn with(&self, other: &Self, how: impl Fn(u64, u64) -> u64) -> Self {
        let held = self.held.iter().zip(&*other.held).map(|(a, b)| how(*a, *b));
        Self { all: self.all.clone(), held: held.collect() }
    }
}

impl PartialEq for Nodes {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.all, &other.all) { self.held == other.held } else { self.names().eq(other.names()) }
    }
}

impl Eq for Nodes {}

impl PartialOrd for Nodes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Nodes {
    fn cmp(&self, other: &Self) -> Ordering {
        self.names().cmp(other.names())
    }
}

impl Hash for Nodes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.names().for_each(|it| it.hash(state));
    }
}

/// All ports at which nodes take in Services: they are those Services, entered there, and no ports of a node (S46).
pub fn node_ports(cluster: &Cluster) -> PortSet {
    let services = cluster.services.iter().filter(|it| it.has_node_ports());
    let ports = services.flat_map(|it| it.ports.iter().filter_map(|it| Some((it.protocol, it.node_port?))));
    let ports: Vec<PortSet> = ports.map(|(protocol, number)| PortSet::range(protocol, number, number)).collect();
    PortSet::union_of(&ports)
}
