//! The answer for one pair of ends: both gates, every policy considered, and what we do not know.
//!
//! ```text
//! Verdict ─ families ─┬ IPv4 ─┬ egress:  Gate { why, policies, allowed, possible }
//!                     │       └ ingress: Gate { … }
//!                     └ IPv6 …            the first one decides (CONTRACT §2)
//!         └ gaps      what makes the whole pair unknown
//! ```
//!
//! Outcomes are computed from the gates and cannot be set. A gate holds two port sets: `allowed` surely passes,
//! `possible` may pass; what is in the second and not in the first is unknown. Sentences are made elsewhere.

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::address::{Addresses, Family};
use crate::model::evidence::{Gap, Outcome};
use crate::model::facts::{NamespaceLabels, Node, PodNetwork, SharedPod};
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::{Action, Direction, GapEffect, Peer, Policy, PolicyGap, Rule, Tier};
use crate::model::port::{PortMatch, PortSet, Protocol};

/// One end of a connection, as asked for.
///
/// An address is taken at its word as one outside the cluster: who asks knows who holds it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum End {
    Pod(PodId),
    Node(Name),
    Address(IpAddr),
}

/// A port of one protocol on the destination.
pub type Port = (Protocol, u16);

/// One end with the facts that the answer rests on.
#[derive(Clone, PartialEq, Debug)]
pub struct EndFacts {
    pub end: End,
    /// The pod, if the end is one that is known.
    pub pod: Option<SharedPod>,
    /// The labels of the pod's namespace; `NameOnly` for other ends.
    pub namespace: NamespaceLabels,
    /// The node, if the end is one that is known, or the pod is on its network.
    pub node: Option<Arc<Node>>,
    /// The addresses that count; empty: not known (a pod without an address yet).
    pub addresses: Addresses,
}

impl EndFacts {
    /// Whether this is a pod on its node's network.
    pub fn is_host_network(&self) -> bool {
        self.pod.as_ref().is_some_and(|it| it.network() == PodNetwork::Host)
    }

    /// Whether policies may govern it.
    pub fn is_governed(&self) -> bool {
        self.pod.as_ref().is_some_and(|it| it.is_governed())
    }
}

/// Why a gate is as it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GateReason {
    /// The end is an address outside: no policy of this cluster governs it.
    Outside,
    /// The end is a node: policies govern pods.
    Node,
    /// The pod is on its node's network: policies pass it by (S37).
    HostNetwork,
    /// A pod and its own node may always talk (S41).
    OwnNode,
    /// A pod cannot be shut off from itself (S20).
    Itself,
    /// No policy isolates the pod in this direction (S1).
    NotIsolated,
    /// Policies decide: see [`Gate::policies`].
    Policies,
    /// The end cannot be judged: see [`Verdict::gaps`].
    NotJudged,
}

/// Whether something is so; `Maybe`: not known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tri {
    No,
    Maybe,
    Yes,
}

impl Tri {
    /// Yes or no.
    pub const fn of(it: bool) -> Self {
        if it { Tri::Yes } else { Tri::No }
    }

    /// Both must be so.
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One must be so.
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether it may be so.
    pub fn is_possible(self) -> bool {
        self != Tri::No
    }
}

/// The part of a policy that a flow fits: indexes into `policy.rules`, the rule's peers and its ports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleFit {
    pub rule: usize,
    pub peer: usize,
    pub port: usize,
    /// `Maybe`: it fits if what we do not know is favorable.
    pub fits: Tri,
}

/// One policy that governs the target, and what it says of this flow.
#[derive(Clone, PartialEq, Debug)]
pub struct Considered {
    pub policy: Arc<Policy>,
    /// Whether it governs the target; `Maybe` where its target is not fully understood.
    pub governs: Tri,
    /// Whether it makes the target deny by default in this direction.
    pub isolates: bool,
    /// The first rule that surely fits, else the first that may; for a question without a port, that fits some.
    pub fit: Option<RuleFit>,
    /// Set for something that is not a policy we read: why this row stands here.
    pub gap: Option<Box<Gap>>,
}

impl Considered {
    /// The rule that fits.
    pub fn rule(&self) -> Option<&Rule> {
        self.fit.map(|it| &self.policy.rules[it.rule])
    }

    /// The peer of the rule that fits.
    pub fn peer(&self) -> Option<&Peer> {
        self.fit.map(|it| &self.policy.rules[it.rule].peers[it.peer])
    }

    /// Whether it surely governs the target and a rule of it surely fits.
    pub fn surely_fits(&self) -> bool {
        self.governs == Tri::Yes && self.fit.is_some_and(|it| it.fits == Tri::Yes)
    }

    /// What of it was not understood and may bend a gate of this direction.
    pub fn gaps(&self, direction: Direction) -> impl Iterator<Item = &PolicyGap> {
        let parts = self.policy.gaps.iter().filter(|_| self.gap.is_none());
        parts.filter(move |it| it.effect != GapEffect::Opens(direction.opposite()))
    }

    /// What the fitting rule does.
    pub fn action(&self) -> Option<Action> {
        self.rule().map(|it| it.action)
    }

    /// Where the fitting peer and the fitting port stand.
    pub fn places(&self) -> Option<(Place, Place)> {
        let fit = self.fit?;
        let rule = self.rule()?;
        let port = if rule.ports.get(fit.port) == Some(&PortMatch::Any) {
            rule.place.clone()
        } else {
            rule.place.field("ports").item(fit.port)
        };
        Some((rule.peers[fit.peer].place.clone(), port))
    }
}

/// One gate: whether the target lets the flow out, or in.
#[derive(Clone, PartialEq, Debug)]
pub struct Gate {
    pub direction: Direction,
    pub why: GateReason,
    /// All that govern the target in this direction, in order of evaluation.
    pub policies: Vec<Considered>,
    /// The destination ports that it surely lets pass.
    pub allowed: Arc<PortSet>,
    /// The destination ports that it may let pass; holds `allowed`.
    pub possible: Arc<PortSet>,
}

impl Gate {
    /// The gate's own outcome for one port, or for any.
    pub fn outcome(&self, port: Option<Port>) -> Outcome {
        outcome_of(&self.allowed, &self.possible, port)
    }

    /// Whether some policy surely isolates the target here.
    pub fn is_isolated(&self) -> bool {
        self.policies.iter().any(|it| it.isolates && it.governs == Tri::Yes)
    }

    /// The policy that decided, where one did: policies are listed beyond the one at which the flow's way ended.
    ///
    /// Tier by tier: the first rule that fits, unless it passes the flow on to the next tier; for who is isolated, the
    /// first policy that allows, else the first that isolates. One that may not even govern the target comes last.
    pub fn decided_by(&self) -> Option<&Considered> {
        let admin = self.policies.partition_point(|it| matches!(it.policy.tier, Tier::Admin { .. }));
        let baseline = self.policies.partition_point(|it| !matches!(it.policy.tier, Tier::Baseline { .. }));
        let isolating = || self.policies[admin..baseline].iter().filter(|it| it.isolates);
        first_not_passing(&self.policies[..admin])
            .or_else(|| isolating().find(|it| it.surely_fits()))
            .or_else(|| isolating().find(|it| it.governs == Tri::Yes))
            .or_else(|| first_not_passing(&self.policies[baseline..]))
            .or_else(|| isolating().find(|it| it.fit.is_some_and(|it| it.fits == Tri::Yes)))
            .or_else(|| isolating().next())
    }

    /// What could bend this gate's answer.
    pub fn gaps(&self) -> Vec<Gap> {
        let policies = self.policies.iter().flat_map(|it| {
            let parts = it.gaps(self.direction).map(|gap| Gap::Policy {
                policy: it.policy.id(),
                place: gap.place.clone(),
                what: gap.what.clone(),
            });
            it.gap.as_deref().cloned().into_iter().chain(parts)
        });
        policies.collect()
    }
}

/// The first policy of an ordered tier that fits, unless it ends the tier by passing the flow on.
fn first_not_passing(tier: &[Considered]) -> Option<&Considered> {
    tier.iter().find(|it| it.surely_fits()).filter(|it| it.action() != Some(Action::Pass))
}

/// The pair judged in one address family.
#[derive(Clone, PartialEq, Debug)]
pub struct FamilyVerdict {
    pub family: Family,
    /// The addresses used; `None`: not known yet.
    pub from: Option<IpAddr>,
    pub to: Option<IpAddr>,
    pub egress: Gate,
    pub ingress: Gate,
    /// Both gates with policies applied to host-network pods as to any other: the reading that the API also
    /// permits (S37, S38). Only where an end is such a pod.
    pub other_reading: Option<Box<(Gate, Gate)>>,
    /// An end is on no node yet: if it comes to the other's, all passes between them (S41).
    pub may_share_node: bool,
}

impl FamilyVerdict {
    /// The ports that surely pass both gates, in every permitted reading (S2).
    pub fn allowed(&self) -> PortSet {
        let usual = self.egress.allowed.intersection(&self.ingress.allowed);
        match &self.other_reading {
            Some(other) => usual.intersection(&other.0.allowed.intersection(&other.1.allowed)),
            None => usual,
        }
    }

    /// The ports that may pass both gates, in some permitted reading.
    pub fn possible(&self) -> PortSet {
        if self.may_share_node {
            return PortSet::all();
        }
        let usual = self.egress.possible.intersection(&self.ingress.possible);
        match &self.other_reading {
            Some(other) => usual.union(&other.0.possible.intersection(&other.1.possible)),
            None => usual,
        }
    }

    /// The outcome for one port, or for any.
    pub fn outcome(&self, port: Option<Port>) -> Outcome {
        match port {
            Some(_) if self.other_reading.is_none() && !self.may_share_node => {
                self.egress.outcome(port).worst(self.ingress.outcome(port))
            }
            _ => outcome_of(&self.allowed(), &self.possible(), port),
        }
    }

    /// The gate of this direction.
    pub fn gate(&self, direction: Direction) -> &Gate {
        match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        }
    }
}

/// Whether one end may connect to the other, with all that it rests on.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    pub from: EndFacts,
    pub to: EndFacts,
    /// The destination's port; `None`: all ports are asked for.
    pub port: Option<Port>,
    /// In the order of the destination's addresses; the first decides. Empty only beside a gap.
    pub families: Vec<FamilyVerdict>,
    /// Why that order is not known: the destination has no address yet, and the other pods do not tell (CONTRACT §2).
    /// Then each of `families` may decide, and what they say differently is unknown.
    pub order_doubt: Option<Gap>,
    /// What makes the whole pair unknown, whatever the gates say.
    pub gaps: Vec<Gap>,
    /// Whether a policy about other network interfaces selects an end; it changes nothing here.
    pub has_other_interfaces: bool,
}

impl Verdict {
    /// The answer.
    pub fn outcome(&self) -> Outcome {
        match self.may_decide() {
            _ if !self.gaps.is_empty() => Outcome::Unknown,
            [] => Outcome::Unknown,
            [family] => family.outcome(self.port),
            _ => outcome_of(&self.allowed(), &self.allowed().union(&self.unknown()), self.port),
        }
    }

    /// The family that decides, or the first that may.
    pub fn deciding(&self) -> Option<&FamilyVerdict> {
        self.families.first()
    }

    /// The families that decide: the first, or where the order is not known any.
    fn may_decide(&self) -> &[FamilyVerdict] {
        let count = if self.order_doubt.is_some() { self.families.len() } else { 1 };
        &self.families[..count.min(self.families.len())]
    }

    /// The ports that are surely allowed.
    pub fn allowed(&self) -> PortSet {
        let families = self.may_decide().iter().filter(|_| self.gaps.is_empty());
        families.map(FamilyVerdict::allowed).reduce(|all, it| all.intersection(&it)).unwrap_or_else(PortSet::none)
    }

    /// The ports that may be allowed and may be not.
    pub fn unknown(&self) -> PortSet {
        let families = self.may_decide().iter().filter(|_| self.gaps.is_empty());
        let possible = families.map(FamilyVerdict::possible).reduce(|all, it| all.union(&it));
        possible.map_or_else(PortSet::all, |it| it.difference(&self.allowed()))
    }

    /// Why it is not known which family decides, where they say different things about what was asked.
    pub fn deciding_doubt(&self) -> Option<&Gap> {
        let (first, rest) = self.may_decide().split_first()?;
        let differs = |it: &FamilyVerdict| match self.port {
            Some(_) => it.outcome(self.port) != first.outcome(self.port),
            None => it.allowed() != first.allowed() || it.possible() != first.possible(),
        };
        self.order_doubt.as_ref().filter(|_| rest.iter().any(differs))
    }

    /// Whether the families answer differently.
    pub fn families_differ(&self) -> bool {
        let mut outcomes = self.families.iter().map(|it| it.outcome(self.port));
        outcomes.next().is_some_and(|first| outcomes.any(|it| it != first))
    }
}

/// The outcome of port sets: for one port, or allow if any surely passes and deny if none can (CONTRACT §2).
pub(super) fn outcome_of(allowed: &PortSet, possible: &PortSet, port: Option<Port>) -> Outcome {
    let (is_allowed, is_possible) = match port {
        Some((protocol, number)) => (allowed.contains(protocol, number), possible.contains(protocol, number)),
        None => (!allowed.is_empty(), !possible.is_empty()),
    };
    match (is_allowed, is_possible) {
        (true, _) => Outcome::Allow,
        (false, true) => Outcome::Unknown,
        (false, false) => Outcome::Deny,
    }
}
