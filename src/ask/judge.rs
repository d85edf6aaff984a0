//! The judging of pairs: the engine's verdict, and what Services and address families add to it.
//!
//! A source rewritten on its way (S46), a pod that reaches itself through a Service (S50) and a Service that keeps
//! to the source's node (S52) are unknown only where the permitted readings differ.

use std::sync::Arc;

use crate::model::address::Family;
use crate::model::evidence::{Gap, Outcome};
use crate::model::facts::{Service, ServiceType};
use crate::model::place::Place;
use crate::net;
use crate::net::verdict::{End, Gate, Verdict, Why};
use crate::text::evidence::Evidence;
use crate::text::miss::{self, GateMisses};
use crate::text::{self, Mark, words};

use super::Asker;
use super::end as ask;
use super::member::Member;
use super::needs::{self, Needs, Read};
use super::pair::{Pair, PairPort, Source, Target, outcome_of};
use super::trace::{Ends, LISTED, Trace};
use super::whys;

impl Asker<'_> {
    /// Judges every pair; lists them all, or the worst of very many.
    pub(super) fn judge(&self, ends: &Ends, trace: &mut Trace) {
        let service = trace.service.clone();
        let pairs: Vec<(&Source, &Target)> = self.pairs(ends, service.as_deref(), trace);
        if pairs.len() <= LISTED {
            trace.pairs = pairs.iter().map(|(from, to)| self.pair(service.as_deref(), from, to)).collect();
            trace.pairs.iter().for_each(|it| trace.counts.add(it.outcome(), 1));
            return;
        }
        let mut by_outcome: [Vec<(&Source, &Target)>; 3] = Default::default();
        for (from, to) in pairs {
            let outcome = self.outcome(service.as_deref(), from, to);
            trace.counts.add(outcome, 1);
            let list = &mut by_outcome[Outcome::Deny as usize - outcome as usize];
            if list.len() < LISTED {
                list.push((from, to));
            }
        }
        let worst = by_outcome.into_iter().flatten().take(LISTED);
        trace.pairs = worst.map(|(from, to)| self.pair(service.as_deref(), from, to)).collect();
    }

    /// The pairs that are meant, and the counts of those that are not.
    fn pairs<'e>(&self, ends: &'e Ends, service: Option<&Service>, trace: &mut Trace) -> Vec<(&'e Source, &'e Target)> {
        let keeps_to_node = service.is_some_and(|it| it.internal_local);
        let all = ends.sources.iter().flat_map(|from| ends.targets.iter().map(move |to| (from, to)));
        let mut kept = Vec::new();
        for (from, to) in all {
            let (here, there) = (from.member.node(), to.member.node());
            if to.route.is_none() && !ends.both_single && from.member.is_same_pod(&to.member) {
                trace.itself += 1;
            } else if keeps_to_node && !here.is_empty() && !there.is_empty() && here != there {
                trace.other_node += 1;
            } else {
                kept.push((from, to));
            }
        }
        kept
    }

    /// The outcome alone, where many pairs are counted.
    fn outcome(&self, service: Option<&Service>, from: &Source, to: &Target) -> Outcome {
        let is_plain =
            service.is_none() && from.family.or(to.family).is_none() && !matches!(to.port, PairPort::AnyOf(_));
        if is_plain {
            let outcome = self.index.outcome(self.cluster, &from.member.end(), &to.member.end(), to.port.asked());
            self.check(&from.member.end(), &to.member.end(), to.port, outcome);
            return outcome;
        }
        self.pair(service, from, to).outcome()
    }

    /// One pair, explained.
    pub(super) fn pair(&self, service: Option<&Service>, from: &Source, to: &Target) -> Pair {
        let mut gaps = Vec::new();
        let verdict = match to.route.filter(|_| from.member.is_same_pod(&to.member)) {
            Some(_) => self.hairpin(&from.member, to.port, &mut gaps),
            None => self.verdict(from, to, &mut gaps),
        };
        let (member, family) = (&from.member, &to.member);
        if let Some(service) = service {
            gaps.extend(self.rewritten(service, member, family, to.port, &verdict));
            gaps.extend(unknown_node(service, member));
        }
        let misses = self.misses(&verdict);
        let verdict = Arc::new(verdict);
        let (from_member, to_member, port, route) = (member.clone(), to.member.clone(), to.port, to.route);
        let mut pair =
            Pair { from: from_member, to: to_member, port, route, verdict, misses, gaps, doubts: Vec::new() };
        pair.doubts = self.doubts(&pair, from, to);
        pair
    }

    /// Why a port is unknown of which the verdict about all ports does not speak: a rule that surely opens one hides
    /// the one that may open another, and two gates may agree on no port.
    fn doubts(&self, pair: &Pair, from: &Source, to: &Target) -> Vec<Evidence> {
        if pair.port.asked().is_some() || pair.is_certain() {
            return Vec::new();
        }
        let Some(port) = whys::first(&pair.unknown()) else { return Vec::new() };
        if !whys::unsure(&pair.evidence()).is_empty() {
            return Vec::new();
        }
        let at_port = self.verdict(from, &Target { port: PairPort::One(port), ..to.clone() }, &mut Vec::new());
        let headline = Evidence::new(Mark::Unknown, format!("{} may pass, that is not sure", words::port(Some(port))));
        let reasons = whys::unsure(&text::net::verdict(&at_port, &[]));
        std::iter::once(headline).chain(reasons.into_iter().map(|it| it.below(1))).collect()
    }

    /// What came closest at the gates that do not surely let it pass.
    fn misses(&self, verdict: &Verdict) -> Vec<GateMisses> {
        let gates = verdict.deciding().into_iter().flat_map(|it| [&it.egress, &it.ingress]);
        let shut = gates.filter(|it| it.why == Why::Policies && it.outcome(verdict.port) != Outcome::Allow);
        let nearest = |gate: &Gate| {
            let mut misses = gate.misses(self.cluster, verdict);
            misses.truncate(miss::SHOWN);
            GateMisses { direction: gate.direction, misses }
        };
        shut.map(nearest).collect()
    }

    /// Whether a pod whose egress is isolated can resolve names: nearly every connection needs it first (S51).
    pub(super) fn prerequisites(&self, trace: &mut Trace) {
        let Some(from) = asks_for_names(trace) else { return };
        let dns = net::dns(self.index, self.cluster, &from.end());
        let (Some(service), false) = (&dns.service, dns.servers.is_empty()) else { return };
        let what = text::dns::told(&dns, &from.to_string(), &service.name);
        trace.notes.push(Evidence::note(service.clone(), Place::default(), what));
    }

    /// What a live cluster must be asked so that the prerequisites of this answer are told.
    pub fn beside(&self, trace: &Trace) -> Needs {
        let Some(from) = asks_for_names(trace) else { return Needs::default() };
        let mut needs = needs::of_names(self.cluster);
        let dns = net::dns(self.index, self.cluster, &from.end());
        let is_denied = dns.servers.iter().all(|it| it.udp == Outcome::Deny && it.tcp == Outcome::Deny);
        // Only where all servers are denied a cache on the node makes a difference.
        if let (Some(pod), true) = (from.pod(), is_denied && !dns.servers.is_empty()) {
            let namespace = net::dns::HOME.into();
            needs.0.insert(Read::PodsOn { namespace, node: pod.node().clone() });
        }
        needs
    }

    /// The engine's word, in the families that count.
    fn verdict(&self, from: &Source, to: &Target, gaps: &mut Vec<Gap>) -> Verdict {
        let (source, target) = (from.member.end(), to.member.end());
        let mut verdict = self.index.trace(self.cluster, &source, &target, to.port.asked());
        self.check(&source, &target, to.port, verdict.outcome());
        let counts = |family: Family| [from.family, to.family].into_iter().flatten().all(|it| it == family);
        let had_any = !verdict.families.is_empty();
        verdict.families.retain(|it| counts(it.family));
        if had_any && verdict.families.is_empty() {
            gaps.push(Gap::End { what: "the ends have no address family in common".into() });
        }
        verdict
    }

    /// S50: a pod that reaches itself through a Service is itself, or is judged as any other pod.
    fn hairpin(&self, member: &Member, port: PairPort, gaps: &mut Vec<Gap>) -> Verdict {
        let End::Pod(pod) = member.end() else {
            return self.index.trace(self.cluster, &member.end(), &member.end(), port.asked());
        };
        let verdict = self.index.hairpin(self.cluster, &pod, port.asked());
        if outcome_of(&verdict, port) != Outcome::Allow {
            let what = "the pod reaches itself through the service: policies may apply to that or not";
            gaps.push(Gap::Undefined { rule: "S50", what: what.into() });
        }
        verdict
    }

    /// S46: from outside, a Service may put a node's address in the place of the source's.
    fn rewritten(
        &self,
        service: &Service,
        from: &Member,
        to: &Member,
        port: PairPort,
        verdict: &Verdict,
    ) -> Option<Gap> {
        let is_outside = matches!(from, Member::Address(_) | Member::Outside(..));
        let rewrites = matches!(service.service_type, ServiceType::NodePort | ServiceType::LoadBalancer);
        if !is_outside || !rewrites || service.external_local {
            return None;
        }
        let is_open = verdict.families.iter().all(|it| it.ingress.why == Why::NotIsolated);
        let from_nodes = || {
            self.cluster.nodes.iter().all(|node| {
                let node = Member::Node(node.clone()).end();
                self.index.outcome(self.cluster, &node, &to.end(), port.asked()) == Outcome::Allow
            })
        };
        let is_allowed = outcome_of(verdict, port) == Outcome::Allow;
        let what = "the service may replace the source's address by a node's (externalTrafficPolicy: Cluster)";
        (!(is_open || is_allowed && from_nodes())).then(|| Gap::Undefined { rule: "S46", what: what.into() })
    }
}

/// The source of the pair that the answer hangs on, where it is a pod with isolated egress and its goal has a name.
fn asks_for_names(trace: &Trace) -> Option<Member> {
    let pair = trace.deciding()?;
    let is_isolated = pair.verdict.deciding().is_some_and(|it| it.egress.why == Why::Policies);
    let is_named = !matches!(trace.to, ask::End::Address(_) | ask::End::Block(_));
    (is_isolated && is_named).then(|| pair.from.clone())
}

/// S52: which backends get the traffic of a pod that is on no node yet.
fn unknown_node(service: &Service, from: &Member) -> Option<Gap> {
    let is_nowhere = from.pod().is_some_and(|it| it.node().is_empty());
    let what = "internalTrafficPolicy is Local and the source's node is not known: which backends it gets is open";
    (service.internal_local && is_nowhere).then(|| Gap::Undefined { rule: "S52", what: what.into() })
}
