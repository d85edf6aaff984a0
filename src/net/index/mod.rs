//! What makes one answer microseconds: pods in classes, selectors as sets of classes, ports as atoms.
//!
//! ```text
//! pods ──► classes    same namespace, same values of the label keys that selectors read, same named ports,
//!                     same families, in the same blocks: they answer alike, S41 apart
//! rules ─► peers      what a rule's peer or a policy's target matches, as a set of classes
//!          groups     (peer, ports) of one direction → the classes whose policies have such a rule
//!          atoms      ports that no rule tells apart
//! ```
//!
//! A pair is a few look-ups ([`pair`]), all that an end reaches is a few unions of sets ([`row`]), and a change of
//! the cluster touches the classes that it concerns ([`apply`]). Building is applying to an empty index.
//!
//! A pod on the host network is in two classes: its node's, which is how it is judged, and its own, as if it were
//! any pod, which is the other reading of S37 and S38. Where the readings differ, the answer is unknown.
//!
//! Words of the files that answer about many pairs ([`list`], [`map`], [`units`], [`counts`], [`node_rows`]):
//!
//! ```text
//! unit         a pod, a workload, a namespace, a set of nodes or a range outside: what a row is between
//! pod group    the pods of one unit that are in the same classes; with their nodes it is a placed one
//! row          what one end has with every class (`ClassRow`), with every unit (`ReachRow`)
//! sum          the pairs of two units added up: ports that all, some or perhaps some of them pass
//! outside      no pod and no node; node ports and node addresses are of nodes
//! near, far    of two gates the one that is asked about and the other; of pods those on the end's own node and the others
//! ```
//!
//! Label keys, blocks and port lists that were seen once stay: they only part classes more finely. When too many of
//! them are out of use, the index is built again.

mod apply;
mod class;
mod class_labels;
mod class_sets;
mod classes;
pub mod compare;
mod counts;
mod end_rows;
mod explain;
mod families;
mod indexed_end;
mod lazy_list;
mod list;
mod map;
mod namespace_pods;
mod node_rows;
mod nodes_and_outside;
mod other_deciders;
mod pair;
mod partial_map;
mod peers;
mod policies;
mod port_mask;
mod ports;
mod queries;
pub mod representatives;
mod row;
mod short;
mod slab;
mod split_classes;
mod units;
mod weights;
mod workload_groups;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use hashbrown::HashTable;
use ipnet::IpNet;
use rustc_hash::FxBuildHasher;

use self::class::Class;
use self::class_labels::{LabelInterner, LabelKeys};
use self::class_sets::{ClassBitmap, ClassSet, NamespaceClasses};
use self::families::FirstFamilies;
use self::namespace_pods::NamespacePods;
use self::nodes_and_outside::NodesAndOutside;
use self::other_deciders::OtherDeciders;
use self::peers::{NamespaceSelector, RuleGroup, SelectorEntry};
use self::policies::PolicyEntry;
use self::ports::Ports;
use self::short::Short;
use self::slab::Slab;
use self::weights::ClassWeights;
use self::workload_groups::{PodCounts, WorkloadGroups};
use crate::model::cluster::Cluster;
use crate::model::facts::NamespaceLabels;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::net::reach::AddressRange;

pub use self::lazy_list::LazyReachList;
pub use self::namespace_pods::PodClasses;
pub use self::partial_map::MapPart;
pub use self::queries::{IsolationCounts, PodIsolation};

/// What the user tells beyond the cluster's objects.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// Where pods without an address will be (`--pod-cidr`); empty: anywhere.
    pub pod_cidrs: Vec<IpNet>,
}

/// No class: a finished pod, or one that may no longer be read.
const NO_CLASS: u32 = u32::MAX;

/// What a placeholder stands for: a namespace (empty: the cluster) and an object or a kind in it.
type PlaceholderKey = (Name, String);

/// One namespace: its pods with their classes, and the peers, selectors and policies that speak of it.
#[derive(Clone, Debug)]
struct NamespaceEntry {
    /// Empty: what is in no namespace.
    name: Name,
    labels: NamespaceLabels,
    pods: Arc<NamespacePods>,
    /// Its pods in groups, once somebody asked.
    workload_groups: OnceLock<Arc<WorkloadGroups>>,
    pod_counts: PodCounts,
    classes: NamespaceClasses,
    /// Those of them whose pods are on networks of their own.
    plain: NamespaceClasses,
    /// Peers that name pods of exactly this namespace.
    own: Short<u32>,
    /// Namespace selectors that hold it, surely or maybe.
    namespace_selectors: Short<u32>,
    /// Policies of this namespace (the entry of the empty name holds cluster-wide ones).
    policies: Short<u32>,
    reads_pods: bool,
    /// The kinds of policies that may not be read here any more: what is held of them is not believed.
    disbelieved: Vec<Kind>,
}

/// The index of one cluster: see the module.
#[derive(Clone, Debug, Default)]
pub struct Index {
    settings: Settings,
    ports: Arc<Ports>,
    namespaces: Slab<NamespaceEntry>,
    namespace_ids: Arc<HashMap<Name, u32, FxBuildHasher>>,
    /// Namespaces in the order of their names.
    in_order: Arc<Vec<u32>>,
    /// The label keys that tell pods apart.
    keys: Arc<LabelKeys>,
    /// The label keys that tell nodes apart.
    node_keys: Arc<LabelKeys>,
    /// All keys and values of labels that classes have.
    words: Arc<LabelInterner>,
    classes: Slab<Class>,
    weights: ClassWeights,
    class_ids: HashTable<u32>,
    peers: Slab<SelectorEntry>,
    peer_ids: HashTable<u32>,
    /// Blocks by their network, to find those that hold an address.
    blocks: Arc<BTreeMap<IpNet, Vec<u32>>>,
    /// Peers that name nodes by their labels.
    node_peers: Vec<u32>,
    namespace_selectors: Slab<NamespaceSelector>,
    namespace_selector_ids: HashTable<u32>,
    groups: Slab<RuleGroup>,
    group_ids: HashTable<u32>,
    policies: Slab<PolicyEntry>,
    /// Policies that bend every flow of the cluster.
    bends_all: Vec<u32>,
    /// Placeholders for what could not be read, by what they stand for.
    placeholders: Arc<BTreeMap<PlaceholderKey, u32>>,
    /// How many peers are of no use any more.
    stale: usize,
    live: ClassBitmap,
    /// By direction: classes that no policy isolates.
    open: [ClassBitmap; 2],
    /// By family: classes that have an address of it, or may have.
    families: [ClassBitmap; 2],
    /// Classes whose pods have a first address of IPv6.
    v6_first: ClassBitmap,
    /// Classes whose pods have no address yet.
    unordered: ClassBitmap,
    /// Which family the others' first addresses are of.
    firsts: FirstFamilies,
    /// Classes that need to be judged one by one.
    slow_path: ClassBitmap,
    /// Classes of which others than policies decide.
    beside: OtherDeciders,
    /// By declaration: the classes that declare so.
    declared: Arc<Vec<ClassSet>>,
    /// The nodes and the outside, once somebody asked.
    around: OnceLock<Arc<NodesAndOutside>>,
    /// The ranges that pods, nodes and Services hold; kept while policies alone change.
    held: OnceLock<Arc<[AddressRange]>>,
    /// What was read can no longer be kept up piece by piece.
    is_outdated: bool,
    /// How much was seen when the index was built, to tell when it is worth building again.
    seen: usize,
}

/// A direction as a place in a pair.
fn slot(direction: crate::model::policy::Direction) -> usize {
    match direction {
        crate::model::policy::Direction::Egress => 0,
        crate::model::policy::Direction::Ingress => 1,
    }
}

/// A family as a place in a pair.
fn family_slot(family: crate::model::address::Family) -> usize {
    match family {
        crate::model::address::Family::V4 => 0,
        crate::model::address::Family::V6 => 1,
    }
}

impl Index {
    /// The index of this cluster.
    pub fn build(cluster: &Cluster) -> Self {
        Self::with(cluster, Settings::default())
    }

    /// The index of this cluster under these settings.
    pub fn with(cluster: &Cluster, settings: Settings) -> Self {
        let mut index = Self { settings, ..Self::default() };
        index.peer(&peers::PeerKey::Anyone);
        index.fill(cluster);
        index
    }

    /// How many classes there are, which is what most costs depend on.
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// About how many bytes the index holds beside the cluster.
    pub fn bytes(&self) -> usize {
        let rows: usize = self.namespaces.iter().map(|(_, it)| it.bytes()).sum();
        let classes: usize = self.classes.iter().map(|(_, it)| it.bytes()).sum();
        let peers: usize = self.peers.iter().map(|(_, it)| it.bytes()).sum();
        let groups: usize = self.groups.iter().map(|(_, it)| it.members.bytes()).sum();
        let policies: usize = self.policies.iter().map(|(_, it)| it.bytes()).sum();
        let slabs = self.namespaces.bytes() + self.classes.bytes() + self.peers.bytes() + self.groups.bytes();
        let tables = (self.class_ids.capacity() + self.peer_ids.capacity() + self.group_ids.capacity()) * 5;
        let bits =
            [&self.live, &self.open[0], &self.open[1], &self.slow_path].map(ClassBitmap::bytes).iter().sum::<usize>()
                * 2;
        rows + classes
            + peers
            + groups
            + policies
            + slabs
            + self.policies.bytes()
            + tables
            + self.weights.bytes()
            + bits
            + self.beside.bytes()
            + self.ports.bytes()
            + self.words.bytes()
            + self.declared.iter().map(ClassSet::bytes).sum::<usize>()
    }
}

impl NamespaceEntry {
    fn bytes(&self) -> usize {
        size_of::<NamespacePods>()
            + self.pods.bytes()
            + self.workload_groups.get().map_or(0, |it| it.bytes())
            + self.classes.bytes()
            + self.plain.bytes()
            + [&self.own, &self.namespace_selectors, &self.policies].map(Short::bytes).iter().sum::<usize>()
    }
}
