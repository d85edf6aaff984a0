//! One pair of ends: which ports pass a gate, surely and possibly.
//!
//! What we do not know makes several answers possible for one port, so a gate is two sets: the ports that some
//! reading lets pass, and those that some reading stops. A port that is in both is unknown. Readings of different
//! rules are independent; what one policy says holds together (a policy that may govern, and allows what it
//! isolates, can deny nothing).
//!
//! One set would not do. Say that db is governed by `db-in`, which lets web in on 5432, and by a policy that could not
//! be read. Who keeps "allowed: 5432, else unknown" has to remember beside it that the unread policy cannot take 5432
//! away; with two sets the tier says so by itself:
//!
//! ```text
//! port   db-in      the unread one    allow  deny
//! 5432   allows     may allow         yes    no     allow: policies only add
//!   80   does not   may allow         yes    yes    unknown
//! ```
//!
//! and had `db-in` alone been there, 80 would be in `deny` alone. Ports never depend on each other, so each step below
//! works on all of them together, as masks over the atoms that rules tell apart ([`super::ports`]); `live` is what no
//! tier has decided yet. Admin policies come first and take ports out of it; who is isolated by a NetworkPolicy leaves
//! nothing in it; what baseline policies leave passes.

use super::families::Deciding;
use super::indexed_end::{EndReading, IndexedEnd, own_node};
use super::peers::{ANYONE, PeerKey};
use super::policies::{PolicyEntry, RuleEntry};
use super::port_mask::{PortMask, TriPorts};
use super::{Index, slot};
use crate::model::address::Family;
use crate::model::policy::{Action, Direction, Tier};
use crate::net::ends;
use crate::net::verdict::Tri;

/// The ports that may pass, and those that may be stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Passes {
    pub allow: PortMask,
    pub deny: PortMask,
}

/// A flow seen from one gate.
#[derive(Clone, Copy)]
pub(super) struct GateFlow<'a> {
    pub target: EndReading<'a>,
    pub peer: EndReading<'a>,
    pub direction: Direction,
    pub family: Family,
    /// What the destination declares.
    pub declared: u32,
}

impl Index {
    /// Whether a peer of a rule holds an end.
    pub(super) fn peer_holds(&self, peer: u32, end: &EndReading<'_>, family: Family) -> Tri {
        if peer == ANYONE {
            return Tri::Yes;
        }
        let entry = self.peers.get(peer);
        if let PeerKey::Block(block) = &entry.key
            && block.family() != family
        {
            return Tri::No;
        }
        match end {
            EndReading::Class(_, class) => class.held_by(peer),
            EndReading::External(external) => match &entry.key {
                PeerKey::Block(block) => ends::in_block(block, &external.addresses, &external.ranges),
                PeerKey::Nodes(selector) => match (&external.node, &external.facts) {
                    (None, _) => Tri::No,
                    (Some(_), None) => Tri::Maybe,
                    (Some(_), Some(node)) => Tri::of(selector.matches(&node.labels)),
                },
                PeerKey::Pods(_) | PeerKey::OwnNetworkPods(_) | PeerKey::Anyone => Tri::No,
            },
        }
    }

    /// Whether some peer of a rule holds an end.
    fn rule_holds(&self, rule: &RuleEntry, flow: &GateFlow<'_>) -> Tri {
        let mut best = Tri::No;
        for (peer, _) in rule.peers.iter() {
            best = best.or(self.peer_holds(*peer, &flow.peer, flow.family));
            if best == Tri::Yes {
                break;
            }
        }
        best
    }

    /// The ports on which a rule surely fits, and those on which it may.
    fn rule_ports(&self, rule: &RuleEntry, flow: &GateFlow<'_>) -> Option<TriPorts> {
        let holds = self.rule_holds(rule, flow);
        if holds == Tri::No {
            return None;
        }
        let resolved = self.resolved(rule, flow.declared);
        let sure = if holds == Tri::Yes { self.ports.mask(resolved.sure).clone() } else { self.ports.none() };
        Some(TriPorts { sure, possible: self.ports.mask(resolved.possible).clone() })
    }

    /// How surely a policy governs the target.
    pub(super) fn governs_target(&self, policy: &PolicyEntry, target: &EndReading<'_>) -> Tri {
        match target {
            EndReading::Class(_, class) => policy.governs.and(class.held_by(policy.target)),
            EndReading::External(_) => Tri::No,
        }
    }

    /// What one gate does with every port.
    pub(super) fn gate(&self, flow: &GateFlow<'_>) -> Passes {
        let mut passes = Passes { allow: self.ports.none(), deny: self.ports.none() };
        let policies = flow.target.policies();
        let is_open = match flow.target {
            EndReading::Class(class, _) => self.open[slot(flow.direction)].has(class) && !self.slow_path.has(class),
            EndReading::External(_) => true,
        };
        let doubt = self.beside(&flow.target, &flow.peer, flow.direction);
        if doubt.closes {
            passes.deny = self.ports.full();
        }
        if is_open || doubt.opens {
            passes.allow = self.ports.full();
        }
        if is_open {
            return passes;
        }
        let tier = |it: &u32| self.policies.get(*it).tier;
        let admin = policies.partition_point(|it| matches!(tier(it), Tier::Admin { .. }));
        let namespace = policies.partition_point(|it| !matches!(tier(it), Tier::Baseline { .. }));
        let live = self.ordered(&policies[..admin], flow, self.ports.full(), &mut passes);
        let live = self.deny_by_default(&policies[admin..namespace], flow, live, &mut passes);
        let live = self.ordered(&policies[namespace..], flow, live, &mut passes);
        passes.allow |= &live;
        passes
    }

    /// A tier whose first fitting rule decides; gives the ports that may get past it.
    ///
    /// The order of policies of one priority is undefined, so each of them may be the first: each is asked about all
    /// ports that came to this priority. Of two, one that allows 80 and one that denies it, 80 is in both sets.
    fn ordered(&self, policies: &[u32], flow: &GateFlow<'_>, mut live: PortMask, passes: &mut Passes) -> PortMask {
        let mut passed = self.ports.none();
        for same in policies.chunk_by(|a, b| self.policies.get(*a).tier == self.policies.get(*b).tier) {
            let entering = live.clone();
            for policy in same.iter().map(|it| self.policies.get(*it)).filter(|it| !it.bends_flows) {
                let rest = self.first_fit(policy, flow, entering.clone(), passes, &mut passed);
                if self.governs_target(policy, &flow.target) == Tri::Yes {
                    live = live.without(&entering.without(&rest));
                }
            }
        }
        live |= &passed;
        live
    }

    /// One policy of such a tier; gives the ports that may get past it.
    fn first_fit(
        &self,
        policy: &PolicyEntry,
        flow: &GateFlow<'_>,
        mut live: PortMask,
        passes: &mut Passes,
        passed: &mut PortMask,
    ) -> PortMask {
        if policy.is_vague {
            passes.allow |= &live;
            passes.deny |= &live;
            *passed |= &live;
            return live;
        }
        if Self::opens(policy, flow.direction) {
            passes.allow |= &live;
        }
        for rule in policy.rules_of(flow.direction) {
            let Some(fits) = self.rule_ports(rule, flow) else { continue };
            let hit = live.and(&fits.possible);
            match rule.action {
                Action::Allow => passes.allow |= &hit,
                Action::Deny => passes.deny |= &hit,
                Action::Pass => *passed |= &hit,
            }
            live = live.without(&fits.sure);
        }
        live
    }

    /// The tier in which targets are deny by default; gives the ports that may get past it.
    ///
    /// With a policy that surely governs, a port is safe if one of those surely allows it. With such as only may
    /// govern, a port is safe if each of them allows it: each may be the only one that governs, and then it alone
    /// decides; and if none governs, nothing stops the port at all.
    fn deny_by_default(&self, policies: &[u32], flow: &GateFlow<'_>, live: PortMask, passes: &mut Passes) -> PortMask {
        let (mut some_sure, mut some_maybe) = (false, false);
        let (mut allowed, mut possible) = (self.ports.none(), self.ports.none());
        let mut by_every_maybe = self.ports.full();
        for policy in policies.iter().map(|it| self.policies.get(*it)).filter(|it| it.isolates(flow.direction)) {
            let one = self.allowed_by(policy, flow);
            possible |= &one.possible;
            if self.governs_target(policy, &flow.target) == Tri::Yes {
                some_sure = true;
                allowed |= &one.sure;
            } else {
                some_maybe = true;
                by_every_maybe &= &one.sure;
            }
        }
        if !some_sure && !some_maybe {
            return live;
        }
        let never_stopped = if some_sure { allowed } else { by_every_maybe };
        passes.allow |= &live.and(&possible);
        passes.deny |= &live.without(&never_stopped);
        if some_sure { self.ports.none() } else { live }
    }

    /// The ports that a policy of that tier surely allows, and those that it may.
    fn allowed_by(&self, policy: &PolicyEntry, flow: &GateFlow<'_>) -> TriPorts {
        if policy.is_vague {
            return self.ports.unknown();
        }
        let opens = Self::opens(policy, flow.direction);
        let possible = if opens { self.ports.full() } else { self.ports.none() };
        let mut allowed = TriPorts { sure: self.ports.none(), possible };
        for rule in policy.rules_of(flow.direction).iter().filter(|it| it.action == Action::Allow) {
            if let Some(fits) = self.rule_ports(rule, flow) {
                allowed.add(&fits);
            }
        }
        allowed
    }

    /// Both gates together, in one reading: the ports that surely pass, and those that may.
    pub(super) fn through_both_gates(&self, from: EndReading<'_>, to: EndReading<'_>, family: Family) -> TriPorts {
        let declared = to.declared();
        let flow = |target, peer, direction| GateFlow { target, peer, direction, family, declared };
        let out = self.gate(&flow(from, to, Direction::Egress));
        let into = self.gate(&flow(to, from, Direction::Ingress));
        let full = self.ports.full();
        let sure = full.without(&out.deny).without(&into.deny);
        TriPorts { sure, possible: out.allow.and(&into.allow) }
    }

    /// Whether a policy that is not evaluated touches a flow of these ends.
    pub(super) fn is_bent(&self, from: &EndReading<'_>, to: &EndReading<'_>) -> bool {
        !self.bends_all.is_empty() || self.bends(from) || self.bends(to)
    }

    fn bends(&self, end: &EndReading<'_>) -> bool {
        let is_slow_path = matches!(end, EndReading::Class(class, _) if self.slow_path.has(*class));
        is_slow_path && end.policies().iter().any(|it| self.policies.get(*it).bends_flows)
    }

    /// One pair of classes or external ends in one reading, bent or not; unknown without a shared family.
    pub(super) fn between_readings(&self, from: EndReading<'_>, to: EndReading<'_>) -> TriPorts {
        match self.deciding(from.families(), to.families()) {
            _ if self.is_bent(&from, &to) => self.ports.unknown(),
            Some(Deciding::One(family)) => self.through_both_gates(from, to, family),
            Some(Deciding::Either) => {
                let mut pass = self.through_both_gates(from, to, Family::V4);
                pass.add_reading(&self.through_both_gates(from, to, Family::V6));
                pass
            }
            None => self.ports.unknown(),
        }
    }

    /// Whether what is no NetworkPolicy may close a gate between two ends: a pod's own node is exempt from policies only.
    pub(super) fn closes(&self, from: &EndReading<'_>, to: &EndReading<'_>) -> bool {
        self.beside(from, to, Direction::Egress).closes || self.beside(to, from, Direction::Ingress).closes
    }

    /// The ports that surely pass between two ends in every reading, and those that may in some.
    pub(super) fn pass(&self, from: &IndexedEnd<'_>, to: &IndexedEnd<'_>) -> TriPorts {
        let full = self.ports.full();
        let mut pass = TriPorts::without_reading(self.ports.none(), full.clone());
        let own = own_node(from, to);
        for reading in 0..from.readings().max(to.readings()) {
            let (Some(from_reading), Some(to_reading)) =
                (self.end_reading(from, reading), self.end_reading(to, reading))
            else {
                return self.ports.unknown();
            };
            let has_family = from_reading.families().are_shared(to_reading.families());
            let is_exempt = || has_family && !self.is_bent(&from_reading, &to_reading);
            if own == Tri::Yes && is_exempt() {
                if self.closes(&from_reading, &to_reading) {
                    pass.sure = self.ports.none();
                }
                pass.possible |= &full;
                continue;
            }
            let judged = self.between_readings(from_reading, to_reading);
            pass.add_reading(&judged);
            if own == Tri::Maybe && is_exempt() {
                pass.possible |= &full;
            }
        }
        pass
    }
}
