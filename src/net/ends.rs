//! The ends of a connection: which addresses they have, and where blocks cut.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::reach::AddressRange;
use super::verdict::{End, EndFacts, Tri};
use crate::model::address::{Addresses, Block, Family};
use crate::model::cluster::{Cluster, METADATA_NAME};
use crate::model::coverage::Coverage;
use crate::model::evidence::Gap;
use crate::model::facts::{NamespaceLabels, Pod, PodNetwork, SharedPod};
use crate::model::id::Kind;
use crate::model::labels::Selector;
use crate::model::name::Name;
use crate::model::policy::{PeerMatch, Policy, Rule};

/// Whether a selector holds a namespace of which this is known.
pub(super) fn holds_namespace(selector: &Selector, name: &Name, labels: &NamespaceLabels) -> Tri {
    match labels {
        NamespaceLabels::Known(labels) => Tri::of(selector.matches(labels)),
        NamespaceLabels::NameOnly => selector.all_of.iter().fold(Tri::Yes, |so_far, it| {
            let this = if it.key == METADATA_NAME { Tri::of(it.matches_value(Some(name))) } else { Tri::Maybe };
            so_far.and(this)
        }),
    }
}

/// Whether pods of this namespace are still believed.
pub(super) fn reads_pods(cluster: &Cluster, namespace: &str) -> bool {
    !matches!(cluster.coverage.of(Kind::POD, namespace), Coverage::Forbidden { .. })
}

/// The addresses of a pod: of one on the host network its own, else its node's.
pub(super) fn pod_addresses(cluster: &Cluster, pod: &Pod) -> Addresses {
    let own = pod.addresses();
    if pod.network() == PodNetwork::Own || !own.is_empty() { own } else { listed_addresses(cluster, pod.node()) }
}

/// The first address of each family that a Node object lists: the one by which the node's own traffic is taken to come.
///
/// A node that is asked about by another of them is judged by that one (`ask`).
fn listed_addresses(cluster: &Cluster, node: &str) -> Addresses {
    let node = cluster.nodes.get("", node);
    Addresses::new(node.iter().flat_map(|it| it.addresses.iter().copied()))
}

/// The first address of each family of a node; none when it is not known.
pub(super) fn node_addresses(cluster: &Cluster, node: &str) -> Addresses {
    let listed = listed_addresses(cluster, node);
    if !listed.is_empty() {
        return listed;
    }
    let there = pods_as_nodes(cluster).filter(|it| it.node().as_str() == node);
    Addresses::new(there.flat_map(|it| it.addresses().iter().collect::<Vec<_>>()))
}

/// The pods whose addresses are their node's.
pub(super) fn pods_as_nodes(cluster: &Cluster) -> impl Iterator<Item = &SharedPod> {
    let is_one = |pod: &&SharedPod| pod.network() == PodNetwork::Host && !pod.phase().is_finished();
    let pods = cluster.pods.iter().filter(is_one).filter(|it| !it.node().is_empty());
    pods.filter(|it| reads_pods(cluster, it.namespace()))
}

/// The addresses of nodes of which no Node object tells any, by what runs on the host network there.
pub fn implied_nodes(cluster: &Cluster) -> BTreeMap<Name, Vec<IpAddr>> {
    let mut implied = host_addresses(cluster);
    implied.retain(|node, _| cluster.nodes.get("", node).is_none_or(|it| it.addresses.is_empty()));
    implied
}

/// The addresses of nodes by what runs on the host network there, whatever their Node objects list.
pub fn host_addresses(cluster: &Cluster) -> BTreeMap<Name, Vec<IpAddr>> {
    let mut told: BTreeMap<Name, Vec<IpAddr>> = BTreeMap::new();
    for pod in pods_as_nodes(cluster).filter(|it| !it.addresses().is_empty()) {
        told.entry(pod.node().clone()).or_default().extend(pod.addresses().iter());
    }
    told
}

/// A pod as an end, with its facts.
pub(super) fn pod_facts(cluster: &Cluster, end: &End, pod: &SharedPod, namespace: NamespaceLabels) -> EndFacts {
    let node = match pod.network() {
        PodNetwork::Own => None,
        PodNetwork::Host => cluster.nodes.get("", pod.node()).cloned(),
    };
    EndFacts { end: end.clone(), pod: Some(pod.clone()), namespace, node, addresses: pod_addresses(cluster, pod) }
}

/// The end with its facts.
pub(super) fn facts(cluster: &Cluster, end: &End) -> EndFacts {
    let blank = EndFacts {
        end: end.clone(),
        pod: None,
        namespace: NamespaceLabels::NameOnly,
        node: None,
        addresses: Addresses::default(),
    };
    match end {
        End::Pod(id) => {
            let namespace = cluster.namespace_labels(&id.namespace);
            match cluster.pods.get(&id.namespace, &id.name) {
                Some(pod) => pod_facts(cluster, end, pod, namespace),
                None => EndFacts { namespace, ..blank },
            }
        }
        End::Node(name) => {
            let node = cluster.nodes.get("", name).cloned();
            EndFacts { node, addresses: node_addresses(cluster, name), ..blank }
        }
        End::Address(address) => EndFacts { addresses: Addresses::new([*address]), ..blank },
    }
}

/// Whether a block holds an end of this family whose address is known, or is somewhere in these ranges.
pub(super) fn in_block(block: &Block, addresses: &Addresses, ranges: &[IpNet]) -> Tri {
    let family = block.family();
    if let Some(address) = addresses.of(family) {
        return Tri::of(block.contains(address));
    }
    if !addresses.is_empty() {
        return Tri::No;
    }
    let mut ranges = ranges.iter().filter(|it| Family::of(it.addr()) == family).map(|it| range_in(block, it));
    let Some(first) = ranges.next() else { return Tri::No };
    ranges.fold(first, |all, it| if all == it { all } else { Tri::Maybe })
}

/// Whether all, none or a part of a range is in a block.
fn range_in(block: &Block, range: &IpNet) -> Tri {
    if block.cidr.contains(range) {
        if is_covered(range, &block.except) {
            return Tri::No;
        }
        let cut = block.except.iter().any(|hole| hole.contains(range) || range.contains(hole));
        return if cut { Tri::Maybe } else { Tri::Yes };
    }
    if !range.contains(&block.cidr) || is_covered(&block.cidr, &block.except) { Tri::No } else { Tri::Maybe }
}

/// Whether these holes together cover a range.
fn is_covered(range: &IpNet, holes: &[IpNet]) -> bool {
    if holes.iter().any(|hole| hole.contains(range)) {
        return true;
    }
    let inside: Vec<IpNet> = holes.iter().filter(|hole| range.contains(*hole)).copied().collect();
    if inside.len() < 2 {
        return false;
    }
    match range.subnets(range.prefix_len() + 1) {
        Ok(halves) => halves.into_iter().all(|half| is_covered(&half, &inside)),
        Err(_) => false,
    }
}

/// Everywhere that an address may be.
pub(super) fn anywhere() -> [IpNet; 2] {
    [IpNet::V4(ipnet::Ipv4Net::default()), IpNet::V6(ipnet::Ipv6Net::default())]
}

/// Why not every pod is known.
pub(super) fn unread_pods(cluster: &Cluster) -> Option<Gap> {
    let kind = Kind::POD;
    if let Some((namespace, coverage)) = cluster.coverage.hole(kind) {
        return Some(Gap::Uncovered { kind, namespace, coverage: coverage.clone() });
    }
    cluster.unreadable.iter().find(|it| it.kind == kind).map(|it| Gap::Unreadable(it.clone()))
}

/// The parts of a CIDR that no block of these rules tells apart, each with one address that stands for it.
///
/// Parts that every block treats alike are one part, though they be many ranges. `ranges` part it as blocks do.
pub fn split_cidr(
    cluster: &Cluster,
    cidr: IpNet,
    ranges: &[IpNet],
    bears: impl Fn(&Policy, &Rule) -> bool,
) -> Vec<(Vec<AddressRange>, IpAddr)> {
    let own: Vec<Block> = ranges.iter().map(|it| Block { cidr: *it, except: Default::default() }).collect();
    let blocks: BTreeSet<&Block> = cluster
        .policies
        .iter()
        .flat_map(|policy| policy.rules.iter().filter(|rule| bears(policy, rule)))
        .flat_map(|rule| &rule.peers)
        .filter_map(|peer| match &peer.matches {
            PeerMatch::Block(block) => Some(&**block),
            _ => None,
        })
        .chain(&own)
        .collect();
    parts(&blocks.into_iter().collect::<Vec<_>>(), cidr)
}

/// The parts of a range that these blocks do not tell apart.
pub(super) fn parts(blocks: &[&Block], range: IpNet) -> Vec<(Vec<AddressRange>, IpAddr)> {
    let family = Family::of(range.addr());
    let blocks: Vec<&&Block> = blocks.iter().filter(|it| it.family() == family).collect();
    let (first, last) = (number(range.network()), number(range.broadcast()));
    let mut starts = BTreeSet::from([first]);
    for net in blocks.iter().flat_map(|it| it.except.iter().chain([&it.cidr])) {
        starts.insert(number(net.network()));
        starts.extend(number(net.broadcast()).checked_add(1));
    }
    let starts: Vec<u128> = starts.into_iter().filter(|it| first <= *it && *it <= last).collect();
    let mut parts: Vec<Vec<AddressRange>> = Vec::new();
    let mut by_blocks: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    for (at, start) in starts.iter().enumerate() {
        let end = starts.get(at + 1).map_or(last, |next| next - 1);
        let (low, high) = (address(*start, family), address(end, family));
        let held: Vec<bool> = blocks.iter().map(|it| it.contains(low)).collect();
        let part = *by_blocks.entry(held).or_insert_with(|| {
            parts.push(Vec::new());
            parts.len() - 1
        });
        match parts[part].last_mut() {
            Some(before) if number(before.1).checked_add(1) == Some(*start) => before.1 = high,
            _ => parts[part].push((low, high)),
        }
    }
    parts.into_iter().map(|ranges| (ranges.clone(), ranges[0].0)).collect()
}

pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(it) => u32::from(it).into(),
        IpAddr::V6(it) => it.into(),
    }
}

pub(super) fn address(number: u128, family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4((number as u32).into()),
        Family::V6 => IpAddr::V6(number.into()),
    }
}
