//! The second evaluator: no index, no classes, no masks; one port of one pair, straight from the objects.
//!
//! It walks every way in which what we do not know may turn out and collects the answers. It shares with the index
//! only the meaning of a selector and of a block; everything else is written apart, so that a mistake in one of
//! them shows as a difference. It is slow on purpose: tests and `--self-check` use it, nothing else does.

mod families;
mod fits;
mod tiers;
mod unread;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use self::fits::{block_fits, port_fits};
use self::tiers::{TierResult, additive, ordered};
use self::unread::{Unread, may_hold, unread};
use super::index::Settings;
use super::verdict::{End, Port};
use crate::kinds;
use crate::model::address::Family;
use crate::model::cluster::{Cluster, METADATA_NAME};
use crate::model::coverage::Coverage;
use crate::model::evidence::Outcome;
use crate::model::facts::{Pod, PodNetwork};
use crate::model::id::{Kind, ObjectId};
use crate::model::labels::{Labels, NamespaceMatch, Selector, SelectorSet};
use crate::model::name::Name;
use crate::model::policy::{Direction, GapEffect, PeerMatch, Policy, Rule, Tier};
use crate::model::port::{PortMatch, Protocol};

/// The ways in which one question may turn out.
type PossibleOutcomes<T> = BTreeSet<T>;

const YES: &[bool] = &[true];
const NO: &[bool] = &[false];
const EITHER: &[bool] = &[true, false];

fn sure(it: bool) -> &'static [bool] {
    if it { YES } else { NO }
}

fn both(a: &'static [bool], b: &'static [bool]) -> &'static [bool] {
    match (a, b) {
        (NO, _) | (_, NO) => NO,
        (YES, YES) => YES,
        _ => EITHER,
    }
}

/// One end in one reading.
struct Party<'a> {
    /// The pod whose labels and policies count.
    pod: Option<&'a Pod>,
    /// The name of the node that it is to policies.
    node: Option<&'a str>,
    /// The node that it is, or runs on; empty when that is not known.
    place: &'a str,
    addresses: Vec<IpAddr>,
    /// Where an address that is not known may be.
    anywhere: Vec<IpNet>,
}

/// What the second evaluator asks: the objects themselves, and what was found out about all of them at once.
struct Naive<'a> {
    cluster: &'a Cluster,
    /// The families that may come first at a pod without an address, where one is asked about.
    firsts: OnceCell<Vec<Family>>,
    /// What may exist beside the policies that are held.
    unread: Vec<Unread>,
}

/// What a pair's one port comes to.
pub fn outcome(cluster: &Cluster, settings: &Settings, from: &End, to: &End, port: Port) -> Outcome {
    let naive = Naive { cluster, firsts: OnceCell::new(), unread: unread(cluster) };
    let mut ways: PossibleOutcomes<bool> = PossibleOutcomes::new();
    for reading in [0, 1] {
        match (naive.party(settings, from, reading), naive.party(settings, to, reading)) {
            (Some(a), Some(b)) => ways.extend(naive.pair(from == to, &a, &b, port)),
            _ => return Outcome::Unknown,
        }
    }
    match (ways.contains(&true), ways.contains(&false)) {
        (true, false) => Outcome::Allow,
        (false, true) => Outcome::Deny,
        _ => Outcome::Unknown,
    }
}

/// The outcome for any port: allow if some is surely allowed, deny if none can be.
pub fn outcome_of_any(cluster: &Cluster, settings: &Settings, from: &End, to: &End) -> Outcome {
    let ports = boundaries(cluster);
    let mut outcomes = ports.into_iter().map(|it| outcome(cluster, settings, from, to, it));
    outcomes
        .try_fold(Outcome::Deny, |best, it| if it == Outcome::Allow { Err(it) } else { Ok(best.min(it)) })
        .unwrap_or_else(|it| it)
}

/// One port of every stretch that rules and declarations part: enough to tell any two sets of ports apart.
pub fn boundaries(cluster: &Cluster) -> BTreeSet<Port> {
    let mut ports = BTreeSet::new();
    for protocol in Protocol::ALL {
        ports.insert((protocol, 1));
    }
    let mut cut = |protocol: Protocol, first: u16, last: u16| {
        ports.insert((protocol, first));
        ports.extend(last.checked_add(1).map(|it| (protocol, it)));
    };
    for rule in cluster.policies.iter().flat_map(|it| &it.rules) {
        for it in &rule.ports {
            if let PortMatch::Range { protocol, first, last } = it {
                cut(*protocol, *first, *last);
            }
        }
    }
    for it in cluster.pods.iter().flat_map(|it| it.ports().iter()).filter(|it| !it.name.is_empty()) {
        cut(it.protocol, it.number, it.number);
    }
    ports
}

impl<'a> Naive<'a> {
    /// The end in this reading of S37 and S38; `None`: it cannot be judged.
    fn party(&self, settings: &Settings, end: &'a End, reading: u8) -> Option<Party<'a>> {
        let everywhere: Vec<IpNet> = ["0.0.0.0/0", "::/0"].iter().filter_map(|it| it.parse().ok()).collect();
        let node_addresses = |name: &str| -> Vec<IpAddr> {
            self.cluster.nodes.get("", name).map(|it| it.addresses.to_vec()).unwrap_or_default()
        };
        // A node that is not listed, or without addresses: what runs on its network has them.
        let told_addresses = |name: &str| -> Vec<IpAddr> {
            let mut all = node_addresses(name);
            for pod in self.cluster.pods.iter().filter(|_| node_addresses(name).is_empty()) {
                let coverage = self.cluster.coverage.of(Kind::POD, pod.namespace());
                let is_believed = !matches!(coverage, Coverage::Forbidden { .. }) && !pod.phase().is_finished();
                if pod.network() == PodNetwork::Host && is_believed && pod.node().as_str() == name && !name.is_empty() {
                    all.extend(pod.addresses().iter());
                }
            }
            all
        };
        match end {
            End::Address(address) => {
                let addresses = vec![address.to_canonical()];
                Some(Party { pod: None, node: None, place: "", addresses, anywhere: everywhere })
            }
            End::Node(name) => Some(Party {
                pod: None,
                node: Some(name),
                place: name,
                addresses: told_addresses(name),
                anywhere: everywhere,
            }),
            End::Pod(id) => {
                let pod = self.cluster.pods.get(&id.namespace, &id.name)?;
                let coverage = self.cluster.coverage.of(Kind::POD, &id.namespace);
                if pod.phase().is_finished() || matches!(coverage, Coverage::Forbidden { .. }) {
                    return None;
                }
                let own: Vec<IpAddr> = pod.addresses().iter().collect();
                match pod.network() {
                    PodNetwork::Own => {
                        let anywhere =
                            if settings.pod_cidrs.is_empty() { everywhere } else { settings.pod_cidrs.clone() };
                        Some(Party { pod: Some(pod), node: None, place: pod.node(), addresses: own, anywhere })
                    }
                    PodNetwork::Host => {
                        let addresses = if own.is_empty() { node_addresses(pod.node()) } else { own };
                        let as_pod = (reading == 1).then_some(&**pod);
                        let place = pod.node();
                        Some(Party { pod: as_pod, node: Some(place), place, addresses, anywhere: everywhere })
                    }
                }
            }
        }
    }

    /// Whether the flow passes: every way it may turn out.
    fn pair(&self, is_itself: bool, from: &Party<'_>, to: &Party<'_>, port: Port) -> PossibleOutcomes<bool> {
        if is_itself {
            return PossibleOutcomes::from([true]);
        }
        if self.is_bent(from) || self.is_bent(to) || self.is_bent_everywhere() {
            return PossibleOutcomes::from([true, false]);
        }
        let families = self.deciding_families(from, to);
        if families.is_empty() {
            return PossibleOutcomes::from([true, false]);
        }
        let is_exempt = is_own_node(from, to);
        let mut ways = PossibleOutcomes::new();
        if is_exempt.contains(&true) {
            // S41 is about NetworkPolicy, and about nothing that stands beside it.
            let closes = self.may(Direction::Egress, from, to).contains(&false)
                || self.may(Direction::Ingress, to, from).contains(&false);
            ways.extend(if closes { EITHER } else { YES });
        }
        for family in families.into_iter().filter(|_| is_exempt.contains(&false)) {
            let out = self.gate(Direction::Egress, from, to, to, family, port);
            let into = self.gate(Direction::Ingress, to, from, to, family, port);
            ways.extend(out.iter().flat_map(|a| into.iter().map(move |b| *a && *b)));
        }
        ways
    }

    fn is_bent_everywhere(&self) -> bool {
        let is_all = |it: &SelectorSet| {
            it.pods.all_of.is_empty() && matches!(&it.namespaces, NamespaceMatch::Labels(it) if it.all_of.is_empty())
        };
        let held = self.cluster.policies.iter().filter(|it| bends_flows(it) && kinds::selects_host_network(it.kind));
        let mut unread = self.unread.iter().filter(|it| it.bends_flows() && kinds::selects_host_network(it.kind));
        held.into_iter().any(|it| is_all(&it.target)) || unread.any(|it| it.home.is_empty())
    }

    /// Whether a policy of an unevaluated kind touches this end.
    fn is_bent(&self, party: &Party<'_>) -> bool {
        let Some(pod) = party.pod else { return false };
        let held = self.cluster.policies.iter().filter(|it| bends_flows(it));
        held.into_iter().any(|it| self.selects(it.kind, &it.target, pod) != NO)
            || self.unread.iter().any(|it| it.bends_flows() && it.may_select(pod))
    }

    /// Whether labels in a policy of this kind select a pod.
    fn selects(&self, kind: Kind, set: &SelectorSet, pod: &Pod) -> &'static [bool] {
        if !may_hold(kind, pod) {
            return NO;
        }
        let namespace = match &set.namespaces {
            NamespaceMatch::Own(name) => sure(*name == *pod.namespace()),
            NamespaceMatch::Labels(selector) => self.namespace_is(selector, pod.namespace()),
        };
        if namespace == NO { NO } else { both(namespace, sure(set.pods.matches(&pod.labels()))) }
    }

    fn namespace_is(&self, selector: &Selector, name: &Name) -> &'static [bool] {
        let coverage = self.cluster.coverage.of(Kind::NAMESPACE, name);
        let is_lost = self.cluster.unreadable.contains(&ObjectId::new(Kind::NAMESPACE, "", name.clone()))
            || matches!(coverage, Coverage::Forbidden { .. });
        let held = self.cluster.namespaces.get("", name).filter(|_| !is_lost);
        let is_known = held.is_some() || coverage.is_complete() && !is_lost;
        let mut labels = vec![(Name::from(METADATA_NAME), name.clone())];
        for (key, value) in held.iter().flat_map(|it| it.labels.iter()).filter(|(key, _)| **key != METADATA_NAME) {
            labels.push((key.clone(), value.clone()));
        }
        let labels = Labels::new(labels);
        selector.all_of.iter().fold(YES, |all, it| {
            let this = if is_known || it.key == METADATA_NAME { sure(it.matches(&labels)) } else { EITHER };
            both(all, this)
        })
    }

    /// Every policy that may govern the pod, with the ways of its governing.
    fn governing(&self, pod: &Pod) -> Vec<(Option<&Policy>, Tier, &'static [bool])> {
        let mut found = Vec::new();
        for policy in self.cluster.policies.iter() {
            let ways = self.selects(policy.kind, &policy.target, pod);
            if ways == NO || bends_flows(policy) {
                continue;
            }
            let coverage = self.cluster.coverage.of(policy.kind, &policy.meta.namespace);
            if kinds::is_evaluated(policy.kind) && matches!(coverage, Coverage::Forbidden { .. }) {
                continue;
            }
            let has = |effect: GapEffect| policy.gaps.iter().any(|it| it.effect == effect);
            if has(GapEffect::Anything) || has(GapEffect::Unevaluated) {
                found.push((None, policy.tier, EITHER));
            } else if has(GapEffect::Target) {
                found.push((Some(&**policy), policy.tier, EITHER));
            } else {
                found.push((Some(&**policy), policy.tier, ways));
            }
        }
        for unread in self.unread.iter().filter(|it| it.may_select(pod)) {
            let is_baseline = matches!(unread.tier, Tier::Baseline { .. });
            if unread.effect == GapEffect::Anything || is_baseline {
                found.push((None, unread.tier, EITHER));
            }
        }
        found
    }

    /// Whether one gate lets the flow pass: every way it may turn out.
    fn gate(
        &self,
        direction: Direction,
        target: &Party<'_>,
        peer: &Party<'_>,
        destination: &Party<'_>,
        family: Family,
        port: Port,
    ) -> PossibleOutcomes<bool> {
        let Some(pod) = target.pod else { return PossibleOutcomes::from([true]) };
        let governing = self.governing(pod);
        let fits = |policy: &Policy, rule: &Rule| {
            let ports = rule.ports.iter().map(|it| port_fits(it, destination, port));
            let peers = rule.peers.iter().map(|it| self.peer_fits(policy.kind, &it.matches, peer, family));
            both(any(ports), any(peers))
        };
        let tier = |is_it: fn(Tier) -> bool| governing.iter().filter(move |it| is_it(it.1)).collect::<Vec<_>>();
        let admin = ordered(&tier(|it| matches!(it, Tier::Admin { .. })), direction, &fits);
        let namespace = additive(&tier(|it| it == Tier::Namespace), direction, &fits);
        let baseline = ordered(&tier(|it| matches!(it, Tier::Baseline { .. })), direction, &fits);
        let mut ways = PossibleOutcomes::from([TierResult::Past]);
        for tier in [admin, namespace, baseline] {
            if ways.remove(&TierResult::Past) {
                ways.extend(tier);
            }
        }
        let decided = ways.into_iter().map(|it| it != TierResult::Deny);
        decided.chain(self.may(direction, target, peer)).collect()
    }

    /// What a gate may do because of what is neither evaluated nor a policy of both ways: meshes, egress firewalls.
    fn may(&self, direction: Direction, target: &Party<'_>, peer: &Party<'_>) -> PossibleOutcomes<bool> {
        let Some(pod) = target.pod.filter(|it| it.network() == PodNetwork::Own) else { return PossibleOutcomes::new() };
        let may = self.cluster.policies.iter().filter(|it| !it.gaps.is_empty());
        let held = may.filter(|it| self.selects(it.kind, &it.target, pod) != NO);
        let held = held.flat_map(|it| it.gaps.iter().map(|gap| gap.effect));
        let unread = self.unread.iter().filter(|it| it.may_select(pod)).map(|it| it.effect);
        let is_outside = peer.node.is_some() || peer.pod.is_none();
        let mut ways = PossibleOutcomes::new();
        for effect in held.chain(unread) {
            match (effect, direction) {
                (GapEffect::ClosesIngress, Direction::Ingress) => drop(ways.insert(false)),
                (GapEffect::ClosesOutside, Direction::Egress) if is_outside => drop(ways.insert(false)),
                (GapEffect::DecidesOutside, Direction::Egress) if is_outside => ways.extend([true, false]),
                _ => {}
            }
        }
        ways
    }

    /// Whether a peer that a policy of this kind names holds the other end.
    fn peer_fits(&self, kind: Kind, matches: &PeerMatch, peer: &Party<'_>, family: Family) -> &'static [bool] {
        match matches {
            PeerMatch::Anyone => YES,
            PeerMatch::Pods(set) => peer.pod.map_or(NO, |it| self.selects(kind, set, it)),
            PeerMatch::Block(block) => block_fits(block, peer, family),
            PeerMatch::Nodes(selector) => match peer.node.filter(|_| peer.pod.is_none()) {
                None => NO,
                Some(name) => self.cluster.nodes.get("", name).map_or(EITHER, |it| sure(selector.matches(&it.labels))),
            },
        }
    }
}

fn any(mut ways: impl Iterator<Item = &'static [bool]>) -> &'static [bool] {
    let mut best = NO;
    ways.find_map(|it| {
        if it == EITHER {
            best = EITHER;
        }
        (it == YES).then_some(YES)
    })
    .unwrap_or(best)
}

/// A policy of an unevaluated kind that comes before, or beside, NetworkPolicy.
fn bends_flows(policy: &Policy) -> bool {
    policy.gaps.iter().any(|it| it.effect == GapEffect::Unevaluated) && !matches!(policy.tier, Tier::Baseline { .. })
}

/// S41: a node, or a pod on its network, and a pod of the same node; a pod that is on none yet may come to any.
fn is_own_node(from: &Party<'_>, to: &Party<'_>) -> &'static [bool] {
    let is_outside = |it: &Party<'_>| it.pod.is_none() && it.node.is_none();
    if is_outside(from) || is_outside(to) || from.node.is_none() && to.node.is_none() {
        return NO;
    }
    if from.place.is_empty() || to.place.is_empty() { EITHER } else { sure(from.place == to.place) }
}
