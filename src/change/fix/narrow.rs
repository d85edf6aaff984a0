//! What is left of a rule when some ends on some ports are taken out of it, as rules that allow all the rest.
//!
//! ```text
//! from: pods of shop            less web on 5432     pods of shop but web · web on all other ports
//! from: everybody                                    all other namespaces · shop but web · addresses outside
//! ```
//!
//! A block holds the addresses of pods too (S33): what is to be outside only leaves the ranges of pods out.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::Peers;
use super::objects::Desk;
use super::pods::{ChosenPods, choose, pod_blocks};
use crate::kinds::written_policy;
use crate::model::address::{Block, Family};
use crate::model::cluster::{Cluster, METADATA_NAME};
use crate::model::facts::SharedPod;
use crate::model::id::PodId;
use crate::model::labels::{NamespaceMatch, Operator, Requirement, Selector, SelectorSet};
use crate::model::name::Name;
use crate::model::policy::{Direction, PeerMatch, Rule};
use crate::model::port::{PortMatch, PortSet};

/// What a rule says.
#[derive(Clone, PartialEq, Debug)]
pub struct NarrowedRule {
    pub peers: Vec<PeerMatch>,
    pub ports: Vec<PortMatch>,
}

impl NarrowedRule {
    /// Everybody on every port: what holds of pods that are not isolated.
    pub fn everything() -> Self {
        Self { peers: vec![PeerMatch::Anyone], ports: vec![PortMatch::Any] }
    }

    /// What a rule that was read says.
    pub fn of(rule: &Rule) -> Self {
        Self { peers: rule.peers.iter().map(|it| it.matches.clone()).collect(), ports: rule.ports.to_vec() }
    }

    /// As a rule is written.
    pub fn written(&self, direction: Direction) -> Option<Value> {
        if self.peers.contains(&PeerMatch::Anyone) {
            let ports = written(&self.ports);
            return Some(if ports.is_empty() { json!({}) } else { json!({ "ports": ports }) });
        }
        written_policy::rule(direction, self.peers.iter().filter_map(peer).collect(), written(&self.ports))
    }
}

/// What is taken out of rules of one direction.
pub struct CutOut<'a> {
    /// The namespace of the policy.
    pub home: &'a Name,
    pub peers: &'a Peers,
    /// On these ports.
    pub ports: &'a PortSet,
    /// The pods that ports are of, where they are.
    pub goals: &'a [SharedPod],
    /// Ranges that pods get addresses from besides those that nodes tell.
    pub told: &'a [IpNet],
}

impl CutOut<'_> {
    /// Whether a rule lets some of it pass.
    pub fn touches(&self, cluster: &Cluster, said: &NarrowedRule) -> bool {
        !self.of_peers(cluster, &said.peers).is_empty() && said.ports.iter().any(|it| self.opens(it))
    }

    fn opens(&self, port: &PortMatch) -> bool {
        match port {
            PortMatch::Named { protocol, name } => {
                self.goals.iter().flat_map(|it| it.ports().iter()).any(|it| {
                    it.name == *name && it.protocol == *protocol && self.ports.contains(it.protocol, it.number)
                })
            }
            other => PortSet::of_matches(std::slice::from_ref(other))
                .is_some_and(|it| !it.intersection(self.ports).is_empty()),
        }
    }

    /// All that is said, less what is taken out.
    pub fn rest(&self, desk: &mut Desk<'_>, said: NarrowedRule) -> Vec<NarrowedRule> {
        if !self.touches(desk.cluster, &said) {
            return vec![said];
        }
        let meant = self.of_peers(desk.cluster, &said.peers);
        let left =
            NarrowedRule { peers: said.peers.iter().flat_map(|it| self.left_of(desk, it)).collect(), ..said.clone() };
        let others = NarrowedRule { peers: self.matches(desk, &meant), ports: self.other_ports(&said.ports) };
        [left, others].into_iter().filter(|it| !it.peers.is_empty() && !it.ports.is_empty()).collect()
    }

    /// Those of whom it is about that some of these peers hold.
    fn of_peers(&self, cluster: &Cluster, peers: &[PeerMatch]) -> Peers {
        let pods = self.peers.pods.iter().filter(|pod| peers.iter().any(|it| holds_pod(cluster, it, pod)));
        let cut = |block: &IpNet| -> Vec<IpNet> {
            let with = peers.iter().filter_map(|it| match it {
                PeerMatch::Anyone => Some(*block),
                PeerMatch::Block(it) if it.cidr.contains(block) => Some(*block).filter(|_| !is_out(it, block)),
                PeerMatch::Block(it) if block.contains(&it.cidr) => Some(it.cidr),
                _ => None,
            });
            with.collect()
        };
        Peers { pods: pods.cloned().collect(), blocks: self.peers.blocks.iter().flat_map(cut).collect() }
    }

    fn matches(&self, desk: &mut Desk<'_>, peers: &Peers) -> Vec<PeerMatch> {
        let mut all: Vec<PeerMatch> = Vec::new();
        for chosen in sets(desk.cluster, peers) {
            super::allow::note_others(desk, &chosen);
            let namespaces = if chosen.namespace == *self.home {
                NamespaceMatch::Own(self.home.clone())
            } else {
                NamespaceMatch::Labels(Selector::new([named(&chosen.namespace)]))
            };
            all.push(PeerMatch::Pods(SelectorSet { namespaces, pods: chosen.selector() }));
        }
        all.extend(peers.blocks.iter().map(|it| block(*it, Vec::new())));
        all
    }

    /// The ports that those who are taken out keep.
    fn other_ports(&self, ports: &[PortMatch]) -> Vec<PortMatch> {
        let rest = |it: &PortMatch| match PortSet::of_matches(std::slice::from_ref(it)) {
            Some(set) => set.difference(self.ports).matches(),
            // What a name means is each pod's own: it goes where it means a port that is taken out.
            None if self.opens(it) => Vec::new(),
            None => vec![it.clone()],
        };
        ports.iter().flat_map(rest).collect()
    }

    fn left_of(&self, desk: &mut Desk<'_>, peer: &PeerMatch) -> Vec<PeerMatch> {
        match peer {
            PeerMatch::Pods(set) => self.of_pods(desk.cluster, set),
            PeerMatch::Block(block) => self.of_block(desk, block.cidr, &block.except).into_iter().collect(),
            PeerMatch::Anyone => {
                let namespaces = NamespaceMatch::Labels(Selector::everything());
                let mut all = self.of_pods(desk.cluster, &SelectorSet { namespaces, pods: Selector::everything() });
                all.extend(self.outside(desk));
                all
            }
            PeerMatch::Nodes(_) => Vec::new(),
        }
    }

    /// All addresses that no pod gets.
    fn outside(&self, desk: &mut Desk<'_>) -> Vec<PeerMatch> {
        let everywhere = everywhere(desk.cluster);
        if self.peers.pods.is_empty() {
            return everywhere.into_iter().filter_map(|it| self.of_block(desk, it, &[])).collect();
        }
        if let Some(blocks) = pod_blocks(desk.cluster, self.told) {
            let without: Vec<IpNet> = self.peers.blocks.iter().copied().chain(blocks).collect();
            let without = IpNet::aggregate(&without);
            let left = |it: &IpNet| !without.iter().any(|out| out.contains(it));
            return everywhere.into_iter().filter(left).map(|it| block(it, without.clone())).collect();
        }
        if self.peers.pods.iter().any(|it| addresses(desk.cluster, it).is_empty()) {
            desk.note("addresses outside are not let in: which of them pods get is not known (--pod-cidr tells)");
            return Vec::new();
        }
        everywhere.into_iter().filter_map(|it| self.of_block(desk, it, &[])).collect()
    }

    /// A block without the addresses of those who are taken out.
    fn of_block(&self, desk: &mut Desk<'_>, cidr: IpNet, except: &[IpNet]) -> Option<PeerMatch> {
        let pods = self.peers.pods.iter().flat_map(|it| addresses(desk.cluster, it));
        let pods: Vec<IpNet> = pods.filter(|it| cidr.contains(it)).collect();
        if !pods.is_empty() {
            desk.note(
                "pods are left out of a block by the addresses that they have now; a pod that restarts has another",
            );
        }
        let without: Vec<IpNet> = self.peers.blocks.iter().copied().chain(pods).chain(except.iter().copied()).collect();
        let is_all = without.iter().any(|it| it.contains(&cidr));
        (!is_all).then(|| block(cidr, IpNet::aggregate(&without)))
    }

    /// Pods that a peer holds, less those who are taken out.
    fn of_pods(&self, cluster: &Cluster, set: &SelectorSet) -> Vec<PeerMatch> {
        let mut left = vec![set.clone()];
        for chosen in sets(cluster, self.peers) {
            left = left.iter().flat_map(|it| without(cluster, it, &chosen)).collect();
        }
        left.into_iter().map(PeerMatch::Pods).collect()
    }
}

/// The pods among these ends as labels say them, namespace by namespace.
fn sets(cluster: &Cluster, peers: &Peers) -> Vec<ChosenPods> {
    let namespaces: BTreeSet<&Name> = peers.pods.iter().map(|it| &it.namespace).collect();
    let of = |namespace: &Name| {
        let meant = peers.pods.iter().filter(|it| it.namespace == *namespace).cloned().collect();
        choose(cluster, namespace, &meant)
    };
    namespaces.into_iter().flat_map(of).collect()
}

/// A block without these parts of it.
fn block(cidr: IpNet, except: Vec<IpNet>) -> PeerMatch {
    let inside: Vec<IpNet> = except.into_iter().filter(|it| cidr.contains(it) && *it != cidr).collect();
    PeerMatch::Block(triomphe::Arc::new(Block { cidr, except: inside.into() }))
}

/// Whether a hole of a block holds all of another.
fn is_out(block: &Block, other: &IpNet) -> bool {
    block.except.iter().any(|it| it.contains(other))
}

/// All addresses, of the families that the cluster has.
fn everywhere(cluster: &Cluster) -> Vec<IpNet> {
    let pods = cluster.pods.iter().flat_map(|it| it.addresses().iter().collect::<Vec<_>>());
    let nodes = cluster.nodes.iter().flat_map(|it| it.addresses.to_vec());
    let has_v6 = pods.chain(nodes).any(|it| Family::of(it) == Family::V6);
    let v6 = has_v6.then(|| IpNet::V6(ipnet::Ipv6Net::default()));
    std::iter::once(IpNet::V4(ipnet::Ipv4Net::default())).chain(v6).collect()
}

fn addresses(cluster: &Cluster, pod: &PodId) -> Vec<IpNet> {
    let held = cluster.pods.get(&pod.namespace, &pod.name);
    held.map(|it| it.addresses().iter().map(IpNet::from).collect()).unwrap_or_default()
}

/// Whether a peer holds a pod that is on a network of its own.
fn holds_pod(cluster: &Cluster, peer: &PeerMatch, pod: &PodId) -> bool {
    let Some(held) = cluster.pods.get(&pod.namespace, &pod.name) else { return false };
    match peer {
        PeerMatch::Anyone => true,
        PeerMatch::Nodes(_) => false,
        PeerMatch::Pods(set) => {
            let is_there = match &set.namespaces {
                NamespaceMatch::Own(name) => *name == pod.namespace,
                NamespaceMatch::Labels(selector) => holds(cluster, selector, &pod.namespace),
            };
            is_there && set.pods.matches(&*held.labels().whole())
        }
        // A pod without an address yet may come to have one of them.
        PeerMatch::Block(block) => held.addresses().is_empty() || held.addresses().iter().any(|it| block.contains(it)),
    }
}

fn named(namespace: &Name) -> Requirement {
    Requirement { key: METADATA_NAME.into(), operator: is(namespace) }
}

/// A selector of what one selects less what has this value under a key; `None`: nothing is left.
fn without_value(selector: &Selector, key: &Name, value: &Name) -> Option<Selector> {
    let listed = |it: &&Requirement| it.key == *key && matches!(it.operator, Operator::In(_));
    let Some(named) = selector.all_of.iter().find(listed) else {
        let other = Requirement { key: key.clone(), operator: is_not(value) };
        return Some(Selector::new(selector.all_of.iter().cloned().chain([other])));
    };
    let Operator::In(values) = &named.operator else { return None };
    let left: Vec<Name> = values.iter().filter(|it| *it != value).cloned().collect();
    let left = (!left.is_empty()).then(|| Requirement { key: key.clone(), operator: Operator::In(left.into()) })?;
    Some(Selector::new(selector.all_of.iter().map(|it| if it == named { left.clone() } else { it.clone() })))
}

fn is(value: &Name) -> Operator {
    Operator::In([value.clone()].into())
}

fn is_not(value: &Name) -> Operator {
    Operator::NotIn([value.clone()].into())
}

/// The parts of a peer that hold none of these pods.
fn without(cluster: &Cluster, set: &SelectorSet, chosen: &ChosenPods) -> Vec<SelectorSet> {
    let own = named(&chosen.namespace);
    let inside = |namespaces: NamespaceMatch| {
        but(&set.pods, chosen).into_iter().map(move |pods| SelectorSet { namespaces: namespaces.clone(), pods })
    };
    match &set.namespaces {
        NamespaceMatch::Own(name) if *name != chosen.namespace => vec![set.clone()],
        NamespaceMatch::Own(_) => inside(set.namespaces.clone()).collect(),
        NamespaceMatch::Labels(selector) if !holds(cluster, selector, &chosen.namespace) => vec![set.clone()],
        NamespaceMatch::Labels(selector) => {
            let other = Requirement { key: METADATA_NAME.into(), operator: is_not(&chosen.namespace) };
            let others = Selector::new(selector.all_of.iter().cloned().chain([other]));
            let elsewhere = SelectorSet { namespaces: NamespaceMatch::Labels(others), pods: set.pods.clone() };
            let elsewhere = (!selector.all_of.contains(&own)).then_some(elsewhere);
            elsewhere.into_iter().chain(inside(NamespaceMatch::Labels(Selector::new([own.clone()])))).collect()
        }
    }
}

/// Whether a selector holds a namespace.
fn holds(cluster: &Cluster, selector: &Selector, name: &Name) -> bool {
    let labels = cluster.namespaces.get("", name).map(|it| it.labels.clone()).unwrap_or_default();
    let value =
        |key: &Name| if *key == METADATA_NAME { Some(name.as_str()) } else { labels.get(key).map(Name::as_str) };
    selector.all_of.iter().all(|it| it.matches_value(value(&it.key)))
}

/// The selectors that hold what one holds less these pods: one for each of their labels, of which they need all.
fn but(selector: &Selector, chosen: &ChosenPods) -> Vec<Selector> {
    chosen.labels.iter().filter_map(|(key, value)| without_value(selector, key, value)).collect()
}

/// A peer as a rule has it.
fn peer(it: &PeerMatch) -> Option<Value> {
    let is_said = !matches!(it, PeerMatch::Anyone | PeerMatch::Nodes(_));
    is_said.then(|| written_policy::peer(it))
}

/// Ports as a rule has them; none: all of them.
fn written(ports: &[PortMatch]) -> Vec<Value> {
    let one = |it: &PortMatch| match it {
        PortMatch::Named { .. } => vec![written_policy::port(it)],
        other => {
            PortSet::of_matches(std::slice::from_ref(other)).map(|it| written_policy::ports(&it)).unwrap_or_default()
        }
    };
    if ports.contains(&PortMatch::Any) { Vec::new() } else { ports.iter().flat_map(one).collect() }
}
