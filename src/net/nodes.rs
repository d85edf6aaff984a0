//! Some of a cluster's nodes, as one row speaks of them: each of them has what the row says.
//!
//! ```text
//! deployment/shop/web ──► all 12 nodes  TCP 443       one row where nodes answer alike
//!                     ──► node/n3       all           its pod is there (S41)
//! ```

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::model::port::PortSet;

/// Some of all nodes; equal to others that have the same names.
#[derive(Clone)]
pub struct Nodes {
    /// Of the whole cluster, by name.
    all: Arc<[Name]>,
    /// By place in `all`.
    held: Arc<FixedBitSet>,
}

/// By name: a bit set tells where it stands in memory, by which equal ones would differ.
impl fmt::Debug for Nodes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.names()).finish()
    }
}

impl Nodes {
    /// Those of `all` whose bits are set.
    pub(super) fn new(all: Arc<[Name]>, held: FixedBitSet) -> Self {
        Self { all, held: held.into() }
    }

    /// Those of these names that are among all.
    pub fn of<'n>(all: &Arc<[Name]>, names: impl IntoIterator<Item = &'n Name>) -> Self {
        let mut held = FixedBitSet::with_capacity(all.len());
        held.extend(names.into_iter().filter_map(|it| all.binary_search(it).ok()));
        Self::new(all.clone(), held)
    }

    /// Whether they are told among these very nodes.
    pub fn is_among(&self, all: &Arc<[Name]>) -> bool {
        Arc::ptr_eq(&self.all, all)
    }

    /// Whether they are none.
    pub fn is_empty(&self) -> bool {
        self.held.is_clear()
    }

    /// Their places among all nodes of the cluster.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.held.ones()
    }

    /// Their names, in order; never none.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.places().map(|at| &self.all[at])
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.held.count_ones(..)
    }

    /// Whether they are all nodes of the cluster.
    pub fn is_all(&self) -> bool {
        self.count() == self.all.len()
    }

    /// Each as a row of its own.
    pub fn each(&self) -> impl Iterator<Item = Nodes> {
        self.places().map(|at| {
            let mut held = FixedBitSet::with_capacity(self.all.len());
            held.insert(at);
            Self::new(self.all.clone(), held)
        })
    }

    /// These and those; both are of one cluster.
    pub fn and(&self, more: &Self) -> Self {
        self.with(|held| held.union_with(&more.held))
    }

    /// Those of these that are among others; `None`: none is.
    pub fn among(&self, others: &Self) -> Option<Self> {
        Some(self.with(|held| held.intersect_with(&others.held))).filter(|it| !it.is_empty())
    }

    /// Those of these that are not among others; `None`: all are.
    pub fn without(&self, others: &Self) -> Option<Self> {
        Some(self.with(|held| held.difference_with(&others.held))).filter(|it| !it.is_empty())
    }

    /// A set of none of them, to be filled.
    pub fn nobody(&self) -> Self {
        self.with(FixedBitSet::clear)
    }

    fn with(&self, change: impl FnOnce(&mut FixedBitSet)) -> Self {
        let mut held = (*self.held).clone();
        change(&mut held);
        Self::new(self.all.clone(), held)
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
