//! One pair of members and what became of it.

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::address::Family;
use crate::model::evidence::{Gap, Outcome};
use crate::model::name::Name;
use crate::model::port::{PortSet, Protocol};
use crate::net::verdict::{Port, Verdict};
use crate::text::evidence::Evidence;
use crate::text::miss::GateMisses;

use super::member::EndMember;

/// The port of one pair, after names and Services are resolved.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PairPort {
    Any,
    AnyOf(Protocol),
    One(Port),
}

impl PairPort {
    /// As the engine is asked.
    pub fn asked(self) -> Option<Port> {
        match self {
            PairPort::One(port) => Some(port),
            PairPort::Any | PairPort::AnyOf(_) => None,
        }
    }

    /// The ports that are meant.
    pub fn meant(self) -> PortSet {
        match self {
            PairPort::Any => PortSet::all(),
            PairPort::AnyOf(protocol) => PortSet::range(protocol, 1, u16::MAX),
            PairPort::One((protocol, number)) => PortSet::range(protocol, number, number),
        }
    }
}

/// One source.
#[derive(Clone, PartialEq, Debug)]
pub struct PairSource {
    pub member: EndMember,
    /// The only family that counts, when the end was typed as an address.
    pub family: Option<Family>,
    /// The address that was typed, where it is an object's.
    pub at: Option<IpAddr>,
}

impl PairSource {
    /// A source that was named by itself.
    pub fn plain(member: EndMember) -> Self {
        Self { member, family: None, at: None }
    }
}

/// One destination.
#[derive(Clone, PartialEq, Debug)]
pub struct PairTarget {
    pub member: EndMember,
    pub family: Option<Family>,
    /// The address that was typed, where it is an object's.
    pub at: Option<IpAddr>,
    pub port: PairPort,
    /// Which of the answer's routes leads here, when the end is a Service.
    pub route: Option<usize>,
    /// The node that the Service's slice says it is on.
    pub told_node: Name,
}

impl PairTarget {
    /// A destination that was named by itself, on any port.
    pub fn plain(member: EndMember) -> Self {
        Self { member, family: None, at: None, port: PairPort::Any, route: None, told_node: Name::empty() }
    }

    /// The node that it is or runs on; empty when that is none or unknown.
    pub fn node(&self) -> &str {
        if self.member.node().is_empty() { &self.told_node } else { self.member.node() }
    }
}

/// One pair, judged and explained.
#[derive(Clone, PartialEq, Debug)]
pub struct Pair {
    pub from: EndMember,
    pub to: EndMember,
    pub port: PairPort,
    pub route: Option<usize>,
    pub verdict: Arc<Verdict>,
    /// Of the gates that do not let it pass: the rules that came closest.
    pub misses: Vec<GateMisses>,
    /// What makes this pair unknown beside the verdict's own gaps.
    pub gaps: Vec<Gap>,
    /// What closes it before any policy is asked: a Service that is not entered so.
    pub refusals: Vec<Evidence>,
    /// Asked about all ports: those that are another end's and are asked for by themselves (node ports).
    pub except: Arc<PortSet>,
    /// Asked about all ports: why the first of those that are unknown is, where the verdict as a whole does not say.
    pub doubts: Vec<Evidence>,
}

impl Pair {
    /// The answer of this pair.
    pub fn outcome(&self) -> Outcome {
        match (self.refusals.is_empty(), self.gaps.is_empty()) {
            (false, _) => Outcome::Deny,
            (_, true) => self.outcome_of_ports(),
            (_, false) => Outcome::Unknown,
        }
    }

    fn outcome_of_ports(&self) -> Outcome {
        match (self.except.is_empty(), self.allowed().is_empty(), self.unknown().is_empty()) {
            (true, _, _) => outcome_of(&self.verdict, self.port),
            (false, false, _) => Outcome::Allow,
            (false, true, false) => Outcome::Unknown,
            (false, true, true) => Outcome::Deny,
        }
    }

    /// The ports that surely pass, among those that were asked for.
    pub fn allowed(&self) -> PortSet {
        if !self.gaps.is_empty() || !self.refusals.is_empty() {
            return PortSet::none();
        }
        self.verdict.allowed().intersection(&self.port.meant()).difference(&self.except)
    }

    /// Whether all gates let pass surely what they may let pass: a quick look that says no sooner than yes.
    pub fn is_certain(&self) -> bool {
        let gates = self.verdict.families.iter().flat_map(|it| [&it.egress, &it.ingress]);
        let has_other = self.verdict.families.iter().any(|it| it.other_reading.is_some() || it.may_share_node);
        !self.refusals.is_empty()
            || !has_other
                && self.verdict.deciding_doubt().is_none()
                && gates.into_iter().all(|it| Arc::ptr_eq(&it.allowed, &it.possible) || it.allowed == it.possible)
    }

    /// The ports that may pass, among those that were asked for.
    pub fn unknown(&self) -> PortSet {
        let all = match (self.refusals.is_empty(), self.gaps.is_empty()) {
            (false, _) => PortSet::none(),
            (_, true) => self.verdict.unknown(),
            (_, false) => PortSet::all(),
        };
        all.intersection(&self.port.meant()).difference(&self.except)
    }
}

/// A verdict's outcome for the ports that were asked for.
pub fn outcome_of(verdict: &Verdict, port: PairPort) -> Outcome {
    let PairPort::AnyOf(_) = port else { return verdict.outcome() };
    let meant = port.meant();
    match (verdict.allowed().intersection(&meant).is_empty(), verdict.unknown().intersection(&meant).is_empty()) {
        (false, _) => Outcome::Allow,
        (true, false) => Outcome::Unknown,
        (true, true) => Outcome::Deny,
    }
}
