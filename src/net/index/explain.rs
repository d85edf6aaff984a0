//! One pair, explained: the verdict with both gates and all that they rest on.

use std::net::IpAddr;

use super::Index;
use super::classes::ClassKind;
use super::indexed_end::{EndReading, IndexedEnd, own_node};
use super::pair::GateFlow;
use super::policies::PolicyEntry;
use super::port_mask::TriPorts;
use crate::model::address::Family;
use crate::model::cluster::Cluster;
use crate::model::evidence::{Gap, Outcome};
use crate::model::facts::{ContainerPort, ContainerRole};
use crate::model::id::{Kind, PodId};
use crate::model::policy::{Direction, Tier};
use crate::model::port::PortMatch;
use crate::net::verdict::{Considered, End, EndFacts, FamilyVerdict, Gate, GateReason, Port, RuleFit, Tri, Verdict};

/// Whether the pair is exempt from policies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exempt {
    No,
    /// An end is on no node yet and may come to the other's.
    PerhapsOwnNode,
    OwnNode,
    Itself,
}

/// What all gates of one verdict share.
struct PairContext<'a> {
    from: &'a IndexedEnd<'a>,
    to: &'a IndexedEnd<'a>,
    exempt: Exempt,
    /// The ports that the destination declares.
    declared: &'a [ContainerPort],
    port: Option<Port>,
}

impl Index {
    /// Whether `from` may connect to `to`, and why; without a port: to which of its ports.
    ///
    /// ```
    /// use kreach::model::cluster::Cluster;
    /// use kreach::net::{Index, verdict::End};
    /// let cluster = Cluster::default();
    /// let index = Index::build(&cluster);
    /// let (from, to) = (End::Address([192, 0, 2, 1].into()), End::Address([192, 0, 2, 2].into()));
    /// assert_eq!(index.trace(&cluster, &from, &to, None).outcome().as_str(), "allow");
    /// ```
    pub fn trace(&self, cluster: &Cluster, from: &End, to: &End, port: Option<Port>) -> Verdict {
        let (source, target) = (self.find_with_facts(cluster, from), self.find_with_facts(cluster, to));
        let exempt = match own_node(&source.0, &target.0) {
            _ if from == to => Exempt::Itself,
            Tri::Yes => Exempt::OwnNode,
            Tri::Maybe => Exempt::PerhapsOwnNode,
            Tri::No => Exempt::No,
        };
        self.verdict(cluster, source, target, exempt, port)
    }

    /// A pod to itself as if it were two pods alike: what a connection through its own Service may meet (S50).
    pub fn hairpin(&self, cluster: &Cluster, pod: &PodId, port: Option<Port>) -> Verdict {
        let end = End::Pod(pod.clone());
        let found = || self.find_with_facts(cluster, &end);
        self.verdict(cluster, found(), found(), Exempt::No, port)
    }

    /// The outcome of [`Index::trace`] without its reasons.
    pub fn outcome(&self, cluster: &Cluster, from: &End, to: &End, port: Option<Port>) -> Outcome {
        let found = (self.find(cluster, from), self.find(cluster, to));
        let pass = if from == to && !matches!(found.0, IndexedEnd::Nothing) {
            TriPorts { sure: self.ports.full(), possible: self.ports.full() }
        } else {
            self.pass(&found.0, &found.1)
        };
        match port.map(|(protocol, number)| self.ports.atom(protocol, number)) {
            None => pass.outcome(None),
            Some(Some(atom)) => pass.outcome(Some(atom)),
            // There is no such port.
            Some(None) => Outcome::Deny,
        }
    }

    fn verdict(
        &self,
        cluster: &Cluster,
        (source, from): (IndexedEnd<'_>, EndFacts),
        (target, to): (IndexedEnd<'_>, EndFacts),
        exempt: Exempt,
        port: Option<Port>,
    ) -> Verdict {
        let mut gaps = Vec::new();
        for (facts, found) in [(&from, &source), (&to, &target)] {
            gaps.extend(self.end_gap(cluster, facts, found));
        }
        if exempt != Exempt::Itself {
            gaps.extend(self.bending(&source, &target));
        }
        let declared = match (&to.pod, &target) {
            (Some(pod), IndexedEnd::Pod { .. } | IndexedEnd::Host { .. }) => &pod.ports()[..],
            _ => &[],
        };
        let case = PairContext { from: &source, to: &target, exempt, declared, port };
        let held =
            self.end_reading(&source, 0).zip(self.end_reading(&target, 0)).map(|(a, b)| (a.families(), b.families()));
        let shared = held.into_iter().flat_map(|(a, b)| self.shared(a, b));
        let families: Vec<FamilyVerdict> = shared.map(|it| self.family(&case, &from, &to, it)).collect();
        let order_doubt = held.and_then(|(a, b)| self.doubt_of_order(a, b));
        if families.is_empty() && gaps.is_empty() {
            gaps.push(Gap::End { what: "the ends have no address family in common".into() });
        }
        let has_other_interfaces = [&source, &target].into_iter().any(|it| self.has_other_interfaces(it));
        Verdict { from, to, port, families, order_doubt, gaps, has_other_interfaces }
    }

    /// Whether a policy about other network interfaces selects a pod.
    fn has_other_interfaces(&self, found: &IndexedEnd<'_>) -> bool {
        let IndexedEnd::Pod { class, .. } = found else { return false };
        let policies = self.classes.get(*class).policies();
        policies.iter().any(|it| self.policies.get(*it).policy.kind == Kind::MULTI_NETWORK_POLICY)
    }

    /// Why an end cannot be judged at all.
    fn end_gap(&self, cluster: &Cluster, facts: &EndFacts, found: &IndexedEnd<'_>) -> Option<Gap> {
        let (End::Pod(id), IndexedEnd::Nothing) = (&facts.end, found) else { return None };
        let coverage = cluster.coverage.of(Kind::POD, &id.namespace);
        let finished = facts.pod.as_ref().filter(|it| it.phase().is_finished());
        if cluster.unreadable.contains(&id.object()) {
            return Some(Gap::Unreadable(id.object()));
        }
        if !coverage.is_complete() && finished.is_none() {
            let (kind, namespace) = (Kind::POD, id.namespace.clone());
            return Some(Gap::Uncovered { kind, namespace, coverage: coverage.clone() });
        }
        let what = if facts.pod.is_some() { "the pod has finished" } else { "there is no such pod" };
        Some(Gap::End { what: what.into() })
    }

    /// The policies that are not evaluated and touch this flow.
    fn bending(&self, from: &IndexedEnd<'_>, to: &IndexedEnd<'_>) -> Vec<Gap> {
        let readings =
            || (0..2).flat_map(|reading| [self.end_reading(from, reading), self.end_reading(to, reading)]).flatten();
        if readings().all(|it| !self.is_bent(&it, &it)) {
            return Vec::new();
        }
        let readings = readings();
        let mut ids: Vec<u32> = readings.flat_map(|it| it.policies().to_vec()).chain(self.bends_all.clone()).collect();
        ids.retain(|it| self.policies.get(*it).bends_flows);
        let order = |it: &u32| {
            let policy = &self.policies.get(*it).policy;
            (policy.tier, policy.id())
        };
        ids.sort_by_key(order);
        ids.dedup();
        let gap = |it: &PolicyEntry| it.gap.as_deref().cloned().unwrap_or_else(|| Gap::NotEvaluated(it.policy.id()));
        ids.into_iter().map(|it| gap(self.policies.get(it))).collect()
    }

    fn family(&self, case: &PairContext<'_>, from: &EndFacts, to: &EndFacts, family: Family) -> FamilyVerdict {
        let address = |facts: &EndFacts| -> Option<IpAddr> { facts.addresses.of(family) };
        let gates = |reading| {
            let (from, to) = (self.end_reading(case.from, reading)?, self.end_reading(case.to, reading)?);
            let declared = to.declared();
            let flow = |target, peer, direction| GateFlow { target, peer, direction, family, declared };
            Some((
                self.explain(case, &flow(from, to, Direction::Egress)),
                self.explain(case, &flow(to, from, Direction::Ingress)),
            ))
        };
        let is_judged = matches!(case.exempt, Exempt::No | Exempt::PerhapsOwnNode);
        let has_other = case.from.readings().max(case.to.readings()) > 1 && is_judged;
        let other_reading = if has_other { gates(1).map(Box::new) } else { None };
        let (egress, ingress) = gates(0).expect("families are those of both ends");
        let may_share_node = case.exempt == Exempt::PerhapsOwnNode;
        FamilyVerdict { family, from: address(from), to: address(to), egress, ingress, other_reading, may_share_node }
    }

    fn explain(&self, case: &PairContext<'_>, flow: &GateFlow<'_>) -> Gate {
        let direction = flow.direction;
        let why = match case.exempt {
            Exempt::Itself if !matches!(flow.target, EndReading::External(_)) => Some(GateReason::Itself),
            Exempt::OwnNode => Some(GateReason::OwnNode),
            Exempt::Itself | Exempt::No | Exempt::PerhapsOwnNode => match &flow.target {
                EndReading::External(external) => {
                    Some(if external.node.is_some() { GateReason::Node } else { GateReason::Outside })
                }
                EndReading::Class(_, class) if matches!(class.sort, ClassKind::HostNode | ClassKind::UnknownNode) => {
                    Some(GateReason::HostNetwork)
                }
                EndReading::Class(..) => None,
            },
        };
        if let Some(why) = why {
            let all = self.ports.set_of(&self.ports.full());
            if why == GateReason::OwnNode && self.beside(&flow.target, &flow.peer, direction).closes {
                // A pod's own node is exempt from policies, and from nothing else.
                let policies = self.consider(case, flow, |it| self.speaks_here(it, flow));
                let allowed = self.ports.set_of(&self.ports.none());
                return Gate { direction, why: GateReason::Policies, policies, allowed, possible: all };
            }
            return Gate { direction, why, policies: Vec::new(), allowed: all.clone(), possible: all };
        }
        let policies = self.consider(case, flow, |it| self.has_say(it, flow));
        let passes = self.gate(flow);
        let allow = self.ports.full().without(&passes.deny);
        let allowed = self.ports.set_of(&allow);
        let possible = if allow == passes.allow { allowed.clone() } else { self.ports.set_of(&passes.allow) };
        let why = if policies.is_empty() { GateReason::NotIsolated } else { GateReason::Policies };
        Gate { direction, why, policies, allowed, possible }
    }

    /// Whether a policy has a say on the target in this direction.
    fn has_say(&self, policy: &PolicyEntry, flow: &GateFlow<'_>) -> bool {
        let has_rules = policy.tier != Tier::Namespace && !policy.rules_of(flow.direction).is_empty();
        let speaks = policy.isolates(flow.direction) || policy.is_vague || has_rules;
        !policy.bends_flows && (speaks || Self::opens(policy, flow.direction)) || self.speaks_here(policy, flow)
    }

    /// All policies of the target that have a say.
    fn consider(
        &self,
        case: &PairContext<'_>,
        flow: &GateFlow<'_>,
        has_say: impl Fn(&PolicyEntry) -> bool,
    ) -> Vec<Considered> {
        let all = flow.target.policies();
        let entries = all.iter().map(|it| self.policies.get(*it));
        let consider = |it: &PolicyEntry| Considered {
            policy: it.policy.clone(),
            governs: self.governs_target(it, &flow.target),
            isolates: it.isolates(flow.direction),
            fit: if it.is_vague { None } else { self.fit(case, flow, it) },
            gap: it.gap.clone().or_else(|| it.at_gate.map(|_| Box::new(Gap::NotEvaluated(it.policy.id())))),
        };
        let mut considered = Vec::with_capacity(all.len());
        considered.extend(entries.filter(|it| has_say(it)).map(consider));
        considered
    }

    /// The first rule that surely fits, else the first that may.
    fn fit(&self, case: &PairContext<'_>, flow: &GateFlow<'_>, policy: &PolicyEntry) -> Option<RuleFit> {
        let mut maybe = None;
        let atom = case.port.map(|(protocol, number)| self.ports.atom(protocol, number));
        for rule in policy.rules_of(flow.direction) {
            let ports = self.ports.mask(self.resolved(rule, flow.declared).possible);
            // What no port or no peer fits is passed over without a look at the policy itself.
            if ports.is_empty() || matches!(atom, Some(Some(atom)) if !ports.has(atom)) {
                continue;
            }
            let Some((peer, holds)) = first(&rule.peers, |it| self.peer_holds(it.0, &flow.peer, flow.family)) else {
                continue;
            };
            let ports = &policy.policy.rules[rule.at as usize].ports;
            let Some((port, port_fits)) = first(ports, |it| port_fits(it, case.declared, flow.declared, case.port))
            else {
                continue;
            };
            let fits = holds.and(port_fits);
            let fit = RuleFit { rule: rule.at as usize, peer, port, fits };
            if fits == Tri::Yes {
                return Some(fit);
            }
            maybe = maybe.or(Some(fit));
        }
        maybe
    }
}

/// The place of the first that is surely so, else of the first that may be.
fn first<T>(items: &[T], is_so: impl Fn(&T) -> Tri) -> Option<(usize, Tri)> {
    let mut maybe = None;
    for (at, item) in items.iter().enumerate() {
        match is_so(item) {
            Tri::Yes => return Some((at, Tri::Yes)),
            Tri::Maybe => maybe = maybe.or(Some((at, Tri::Maybe))),
            Tri::No => {}
        }
    }
    maybe
}

/// Whether an element of a rule's ports holds the port, or some port when none is asked for.
fn port_fits(matches: &PortMatch, ports: &[ContainerPort], declared: u32, port: Option<Port>) -> Tri {
    match (matches, port) {
        (PortMatch::Any, _) => Tri::Yes,
        (PortMatch::All(protocol), port) => Tri::of(port.is_none_or(|it| it.0 == *protocol)),
        (PortMatch::Range { protocol, first, last }, port) => {
            Tri::of(port.is_none_or(|it| it.0 == *protocol && (*first..=*last).contains(&it.1)))
        }
        (PortMatch::Named { protocol, name }, port) => {
            // An end that policies see as a node declares nothing to them.
            let declares = if declared == super::ports::NOTHING_DECLARED { &[] } else { ports };
            let holds = |it: &&ContainerPort| {
                it.name == *name && it.protocol == *protocol && port.is_none_or(|port| port == (it.protocol, it.number))
            };
            let found = declares.iter().filter(holds);
            found.fold(Tri::No, |so_far, it| match it.container {
                ContainerRole::Init => so_far.or(Tri::Maybe),
                ContainerRole::Regular | ContainerRole::Sidecar => Tri::Yes,
            })
        }
    }
}
