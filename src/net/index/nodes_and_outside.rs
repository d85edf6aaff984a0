//! What is around the pods: the cluster's nodes, in kinds that answer alike, and the outside in parts.
//!
//! ```text
//! nodes n1, n3 … n40   kind 0    held by the same blocks and node selectors, of the same families
//! node  n2             kind 1    its address is in a block
//! ```
//!
//! Made when first asked for, and kept until a policy, a node, a Service or an address of a pod changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::class::PeerMembership;
use super::families::{Families, FamilyOrder};
use super::indexed_end::{ELSEWHERE, EndReading, ExternalEnd, IndexedEnd};
use super::peers::PeerKey;
use super::{Index, family_slot};
use crate::model::address::{Addresses, Block, Family};
use crate::model::cluster::{Cluster, FactChange};
use crate::model::facts::{Node, PodNetwork, Service, SharedPod};
use crate::model::name::Name;
use crate::model::port::{PortSet, Protocol};
use crate::net::reach::{AddressRange, Nodes, Unit};
use crate::net::verdict::Tri;
use crate::net::{ends, node_ports, outside};

/// All that is no pod and that pods may connect with: nodes, and addresses outside the cluster.
#[derive(Debug)]
pub(super) struct NodesAndOutside {
    pub outside: Vec<OutsidePart>,
    /// All nodes, by name.
    pub names: Arc<[Name]>,
    /// By node: its addresses.
    pub addresses: Vec<Addresses>,
    pub kinds: Vec<NodeKind>,
    /// By node: its kind.
    pub kind_of: Vec<u32>,
    /// The ports at which nodes take in Services: no node's own.
    pub node_ports: PortSet,
}

/// An outside part: what it is called, and one address of it.
#[derive(Debug)]
pub(super) struct OutsidePart {
    pub unit: Unit,
    pub end: IndexedEnd<'static>,
}

/// Nodes that answer alike, but to the pods that are on them.
#[derive(Debug)]
pub(super) struct NodeKind {
    /// One that no end is on.
    end: ExternalEnd,
    /// By place among all nodes, in order.
    pub nodes: Vec<u32>,
}

impl NodeKind {
    /// A node of this kind on which the other end of a pair is not.
    pub fn found(&self) -> IndexedEnd<'static> {
        IndexedEnd::External(self.end.clone())
    }

    /// The node of this kind that has this name.
    pub fn named(&self, node: &Name) -> IndexedEnd<'static> {
        IndexedEnd::External(ExternalEnd { node: Some(node.clone()), ..self.end.clone() })
    }
}

impl NodesAndOutside {
    /// The place of a node among all; `None`: it is not one of the cluster's.
    pub fn place(&self, node: &str) -> Option<u32> {
        self.names.binary_search_by(|it| it.as_str().cmp(node)).ok().map(|it| it as u32)
    }

    /// These nodes as a unit.
    pub fn unit(&self, held: FixedBitSet) -> Unit {
        Unit::Nodes(Nodes::new(self.names.clone(), held))
    }

    /// A set of these nodes.
    pub fn set<'n>(&self, nodes: impl IntoIterator<Item = &'n u32>) -> FixedBitSet {
        let mut held = FixedBitSet::with_capacity(self.names.len());
        held.extend(nodes.into_iter().map(|it| *it as usize));
        held
    }
}

/// What tells nodes apart.
type KindKey = (bool, bool, FamilyOrder, Vec<PeerMembership>, Vec<Tri>);

impl Index {
    /// What is around the pods of this cluster.
    pub(super) fn around(&self, cluster: &Cluster) -> &NodesAndOutside {
        self.around.get_or_init(|| Arc::new(self.look_around(cluster)))
    }

    /// Each node as a unit of its own, by name.
    pub fn node_units(&self, cluster: &Cluster) -> Vec<Unit> {
        let around = self.around(cluster);
        (0..around.names.len() as u32).map(|it| around.unit(around.set([&it]))).collect()
    }

    /// The ranges of each part of the outside that no rule tells apart; of IPv6 too where an end asks for it, though
    /// nothing that stands in the cluster has it.
    pub fn outside_units(&self, cluster: &Cluster, wants_v6: bool) -> Vec<Vec<AddressRange>> {
        let ranges = self.around(cluster).outside.iter().filter_map(|it| match &it.unit {
            Unit::Outside(ranges) => Some(ranges.clone()),
            _ => None,
        });
        let mut all: Vec<Vec<AddressRange>> = ranges.collect();
        let is_v6 = |it: &Vec<AddressRange>| it.iter().any(|it| it.0.is_ipv6());
        if wants_v6 && !all.iter().any(is_v6) {
            let held = self.held(cluster);
            let v6 = ends::anywhere().into_iter().filter(|it| it.addr().is_ipv6());
            all.extend(v6.map(|it| outside::without(&[(it.network(), it.broadcast())], held)));
        }
        all
    }

    /// Forgets what is around the pods if these changes concern it.
    pub(super) fn renew_around(&mut self, changes: &[FactChange]) {
        let mut moved = changes.iter().filter(|it| moves_around(it)).peekable();
        if moved.peek().is_some() {
            self.around.take();
        }
        // What policies say is held by nobody.
        if moved.any(|it| !matches!(it, FactChange::Policy(_))) {
            self.held.take();
        }
    }

    /// The ranges that objects of the cluster hold.
    fn held(&self, cluster: &Cluster) -> &[AddressRange] {
        self.held.get_or_init(|| outside::held(cluster).into())
    }

    fn look_around(&self, cluster: &Cluster) -> NodesAndOutside {
        let nodes = every_node(cluster);
        let mut kinds: BTreeMap<KindKey, NodeKind> = BTreeMap::new();
        for (at, (addresses, node)) in (0..).zip(nodes.values()) {
            let end = self.external(*addresses, Some(ELSEWHERE.clone()), node.cloned());
            let kind = kinds.entry(self.kind_key(&end)).or_insert_with(|| NodeKind { end, nodes: Vec::new() });
            kind.nodes.push(at);
        }
        let kinds: Vec<NodeKind> = kinds.into_values().collect();
        let mut kind_of = vec![0; nodes.len()];
        for (number, kind) in (0..).zip(&kinds) {
            kind.nodes.iter().for_each(|it| kind_of[*it as usize] = number);
        }
        let names = nodes.keys().cloned().collect();
        let outside = self.outside(&kinds, self.held(cluster));
        let addresses = nodes.values().map(|it| it.0).collect();
        NodesAndOutside { outside, names, addresses, kinds, kind_of, node_ports: node_ports(cluster) }
    }

    fn kind_key(&self, end: &ExternalEnd) -> KindKey {
        let Families { v4, v6, order } = end.families;
        let by_labels =
            self.node_peers.iter().map(|it| self.peer_holds(*it, &EndReading::External(end), Family::V4)).collect();
        (v4, v6, order, self.blocks_holding(&end.addresses, &end.ranges), by_labels)
    }

    /// The outside world in parts that no rule tells apart, less what is held; IPv6 only where something has it, or
    /// may have it since its addresses are not known.
    fn outside(&self, kinds: &[NodeKind], held: &[AddressRange]) -> Vec<OutsidePart> {
        let peers = self.blocks.values().flatten().map(|it| self.peers.get(*it)).filter(|it| it.uses > 0);
        let blocks: Vec<&Block> = peers
            .filter_map(|it| match &it.key {
                PeerKey::Block(block) => Some(block),
                _ => None,
            })
            .collect();
        let has_v6 = !self.families[family_slot(Family::V6)].is_empty()
            || kinds.iter().any(|it| it.end.families.v6)
            || blocks.iter().any(|it| it.family() == Family::V6);
        let families = ends::anywhere().into_iter().filter(|it| has_v6 || Family::of(it.addr()) == Family::V4);
        let parts = families.flat_map(|it| ends::parts(&blocks, it));
        let mut parts: Vec<OutsidePart> = parts.filter_map(|it| self.part(&outside::without(&it.0, held))).collect();
        parts.sort_by(|a, b| a.unit.cmp(&b.unit));
        parts
    }

    fn part(&self, ranges: &[AddressRange]) -> Option<OutsidePart> {
        let address = ranges.first()?.0;
        let end = IndexedEnd::External(self.external(Addresses::new([address]), None, None));
        Some(OutsidePart { unit: Unit::Outside(ranges.to_vec()), end })
    }
}

/// All nodes by name, those without a Node object that pods on the host network tell of included.
fn every_node(cluster: &Cluster) -> BTreeMap<Name, (Addresses, Option<&Arc<Node>>)> {
    let listed =
        cluster.nodes.iter().map(|it| (it.meta.name.clone(), (Addresses::new(it.addresses.iter().copied()), Some(it))));
    let mut nodes: BTreeMap<Name, _> = listed.collect();
    for (name, addresses) in ends::implied_nodes(cluster) {
        nodes.entry(name).or_insert((Addresses::default(), None)).0 = Addresses::new(addresses);
    }
    nodes
}

/// Whether a change may concern nodes, or who holds which address.
fn moves_around(change: &FactChange) -> bool {
    let held = |pod: &SharedPod| {
        let node = (pod.network() == PodNetwork::Host).then(|| pod.node().clone());
        (node, !pod.phase().is_finished(), pod.addresses())
    };
    match change {
        FactChange::Pod(it) => it.before.as_ref().map(held) != it.after.as_ref().map(held),
        FactChange::Service(it) => {
            let held = |it: &Option<Arc<Service>>| it.iter().flat_map(|it| it.addresses()).collect::<Vec<_>>();
            held(&it.before) != held(&it.after) || node_ports_of(&it.before) != node_ports_of(&it.after)
        }
        FactChange::Namespace(_)
        | FactChange::Workload(_)
        | FactChange::EndpointSlice(_)
        | FactChange::ServiceAccount(_)
        | FactChange::Role(_)
        | FactChange::Binding(_) => false,
        _ => true,
    }
}

fn node_ports_of(service: &Option<Arc<Service>>) -> Vec<(Protocol, u16)> {
    let ports = service.iter().filter(|it| it.has_node_ports()).flat_map(|it| it.ports.iter());
    ports.filter_map(|it| Some((it.protocol, it.node_port?))).collect()
}
