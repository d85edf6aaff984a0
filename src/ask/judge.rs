//! The judging of pairs: the engine's verdict, and what Services and address families add to it.
//!
//! A source or a goal rewritten on its way (S36, S46: [`super::rewriting`]), a pod that reaches itself through a Service (S50) and a Service that keeps
//! to the source's node (S52) are unknown only where the permitted readings differ.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::model::address::{Family, canonical};
use crate::model::coverage::Scope;
use crate::model::evidence::{Gap, Outcome};
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::Direction;
use crate::model::port::PortSet;
use crate::net;
use crate::net::misses::Mismatch;
use crate::net::verdict::{End, Gate, GateReason, Verdict};
use crate::text::evidence::Evidence;
use crate::text::miss::{self, GateMisses};
use crate::text::{self, Mark, words};

use super::Asker;
use super::end as ask;
use super::entry::{EntryWay, ServiceFront};
use super::member::EndMember;
use super::needs::{self, Needs, ReadNeed};
use super::pair::{Pair, PairPort, PairSource, PairTarget, outcome_of};
use super::trace::{LISTED, ResolvedEnds, TraceAnswer};
use super::whys;

impl Asker<'_> {
    /// Judges every pair; lists them all, or the worst of very many.
    pub(super) fn judge(&self, ends: &ResolvedEnds, trace: &mut TraceAnswer) {
        let pairs: Vec<(&PairSource, &PairTarget)> = self.pairs(ends, trace);
        if pairs.len() <= LISTED {
            trace.pairs = pairs.iter().map(|(from, to)| self.pair(ends, trace, from, to)).collect();
            trace.pairs.iter().for_each(|it| trace.counts.add(it.outcome(), 1));
            return;
        }
        let mut by_outcome: [Vec<(&PairSource, &PairTarget)>; 3] = Default::default();
        for (from, to) in pairs {
            let outcome = self.outcome(ends, trace, from, to);
            trace.counts.add(outcome, 1);
            let list = &mut by_outcome[Outcome::Deny as usize - outcome as usize];
            if list.len() < LISTED {
                list.push((from, to));
            }
        }
        let worst = by_outcome.into_iter().flatten().take(LISTED);
        trace.pairs = worst.map(|(from, to)| self.pair(ends, trace, from, to)).collect();
    }

    /// Denies where no backend is left to connect to, and none of the sources would be let in to one.
    pub(super) fn refuse(&self, ends: &ResolvedEnds, trace: &mut TraceAnswer) {
        let Some(front) = &ends.front else { return };
        let outside = ends.sources.iter().map(|it| &it.member).find(|it| it.is_outside());
        trace.notes.extend(outside.and_then(|it| front.notes(it)));
        if trace.counts.total() > 0 || !ends.unsure.is_empty() {
            return;
        }
        let is_known = trace.gaps.is_empty();
        let refusal = |it: &PairSource| match front.way(&it.member) {
            EntryWay::Refused(why) => Some(why),
            EntryWay::Node(_) if it.member.is_outside() && is_known => front.no_local_backend(),
            _ => None,
        };
        let refused: Vec<Evidence> = ends.sources.iter().filter_map(refusal).collect();
        if refused.len() == ends.sources.len() {
            trace.refusals.extend(refused.into_iter().next());
        }
    }

    /// The pairs that are meant, and the counts of those that are not.
    fn pairs<'e>(&self, ends: &'e ResolvedEnds, trace: &mut TraceAnswer) -> Vec<(&'e PairSource, &'e PairTarget)> {
        let all = ends.sources.iter().flat_map(|from| ends.targets.iter().map(move |to| (from, to)));
        let mut kept = Vec::new();
        for (from, to) in all.filter(|(from, to)| !ends.is_internet || self.share_family(from, to)) {
            if to.route.is_none() && !ends.both_single && from.member.is_same_pod(&to.member) {
                trace.itself += 1;
            } else if ends.front.as_ref().is_some_and(|it| it.keeps_apart(&from.member, to)) {
                trace.other_node += 1;
            } else {
                kept.push((from, to));
            }
        }
        kept
    }

    /// The outcome alone, where many pairs are counted.
    fn outcome(&self, ends: &ResolvedEnds, trace: &TraceAnswer, from: &PairSource, to: &PairTarget) -> Outcome {
        if !ends.unsure.is_empty() {
            return Outcome::Unknown;
        }
        let is_node = matches!(to.member, EndMember::Node(_));
        let is_plain = ends.front.is_none()
            && ![&from.member, &to.member].iter().any(|it| matches!(it, EndMember::Outside(..)))
            && from.family.or(to.family).is_none()
            && !matches!(to.port, PairPort::AnyOf(_))
            && !(is_node && to.port == PairPort::Any);
        if is_plain {
            let outcome = self.index.outcome(self.cluster, &from.member.end(), &to.member.end(), to.port.asked());
            self.check(&from.member.end(), &to.member.end(), to.port, outcome);
            return outcome;
        }
        self.pair(ends, trace, from, to).outcome()
    }

    /// One pair, explained.
    pub(super) fn pair(&self, ends: &ResolvedEnds, trace: &TraceAnswer, from: &PairSource, to: &PairTarget) -> Pair {
        let mut pair = self.bare_pair(ends, trace, from, to);
        pair.misses = self.misses(&pair.verdict);
        pair.doubts = self.doubts(&pair, from, to);
        pair
    }

    /// One pair, without what came closest.
    pub(super) fn bare_pair(
        &self,
        ends: &ResolvedEnds,
        trace: &TraceAnswer,
        from: &PairSource,
        to: &PairTarget,
    ) -> Pair {
        let mut gaps = ends.unsure.clone();
        let verdict = match to.route.filter(|_| from.member.is_same_pod(&to.member)) {
            Some(_) => self.hairpin(&from.member, to.port, &mut gaps),
            None => self.verdict(ends.front.as_ref(), from, to, &mut gaps),
        };
        let mut pair = Pair {
            from: from.member.clone(),
            to: to.member.clone(),
            port: to.port,
            route: to.route,
            verdict: Arc::new(verdict),
            misses: Vec::new(),
            gaps,
            refusals: Vec::new(),
            except: self.except(to),
            doubts: Vec::new(),
        };
        if let Some(front) = &ends.front {
            self.enter(front, ends, trace, to, &mut pair);
        }
        pair.gaps.extend(self.other_address(from, to, &pair));
        pair.gaps.extend(self.unsure_part(ends, trace, (from, to), &pair));
        pair
    }

    /// What entering a Service adds to the verdict about one backend.
    fn enter(&self, front: &ServiceFront, ends: &ResolvedEnds, trace: &TraceAnswer, to: &PairTarget, pair: &mut Pair) {
        let way = front.way(&pair.from);
        let is_denied = outcome_of(&pair.verdict, pair.port) == Outcome::Deny;
        match &way {
            EntryWay::Refused(why) if ends.unsure.is_empty() => pair.refusals.push(why.clone()),
            EntryWay::Unsure(gap) if !is_denied => pair.gaps.push(gap.clone()),
            _ => {}
        }
        let port = to.route.and_then(|at| trace.routes.get(at)).map(|it| &it.port);
        pair.gaps.extend(self.source_rewritten(front, &way, to, &pair.verdict));
        pair.gaps.extend(port.and_then(|it| self.goal_rewritten(front, &pair.from, to, it, &pair.verdict)));
        pair.gaps.extend(unknown_node(front, &way, &pair.from));
        let has_local = || ends.targets.iter().any(|it| front.is_local(it));
        if front.may_keep_apart(to) && has_local() == is_denied {
            let what = "whether its node sends to backends elsewhere is open (externalTrafficPolicy: Local)";
            pair.gaps.push(Gap::Undefined { rule: "S46", what: what.into() });
        }
    }

    /// Why a node at another of its addresses than its first is not as policies say of it: of that address they may say
    /// something else, and which of both is asked about is not told.
    fn other_address(&self, from: &PairSource, to: &PairTarget, pair: &Pair) -> Option<Gap> {
        if to.route.is_some() || !is_at_other(&from.member, from.at) && !is_at_other(&to.member, to.at) {
            return None;
        }
        let is_own = pair.verdict.families.iter().any(|it| it.egress.why == GateReason::OwnNode || it.may_share_node);
        let typed = |member: &EndMember, at: Option<IpAddr>| match at.filter(|it| is_at_other(member, Some(*it))) {
            Some(address) => End::Address(address),
            None => member.end(),
        };
        let (source, goal) = (typed(&from.member, from.at), typed(&to.member, to.at));
        let verdict = self.index.trace(self.cluster, &source, &goal, to.port.asked());
        self.check(&source, &goal, to.port, verdict.outcome());
        let differs = (verdict.allowed(), verdict.unknown()) != (pair.verdict.allowed(), pair.verdict.unknown());
        let what = format!(
            "policies may be asked about {} or about another address of it, and say something else of each",
            text::net::end(if is_at_other(&to.member, to.at) { &goal } else { &source })
        );
        (differs && !is_own).then(|| Gap::End { what: what.into() })
    }

    /// The ports that are not meant when a node is asked about all: those where it takes in Services.
    fn except(&self, to: &PairTarget) -> Arc<PortSet> {
        let is_node = matches!(to.member, EndMember::Node(_)) && to.route.is_none() && to.port.asked().is_none();
        Arc::new(if is_node { net::node_ports(self.cluster) } else { PortSet::none() })
    }

    /// Whether both may have an address of one family, one of them being all addresses outside.
    pub(super) fn share_family(&self, from: &PairSource, to: &PairTarget) -> bool {
        let families = |member: &EndMember, only: Option<Family>| -> Vec<Family> {
            let known: Vec<Family> = self.addresses(member).into_iter().map(Family::of).collect();
            let known = if known.is_empty() { self.families().to_vec() } else { known };
            known.into_iter().filter(|it| only.is_none_or(|only| only == *it)).collect()
        };
        let there = families(&to.member, to.family);
        families(&from.member, from.family).iter().any(|it| there.contains(it))
    }

    /// The addresses of an end: of a pod on the host network its node's.
    fn addresses(&self, member: &EndMember) -> Vec<IpAddr> {
        let own = member.addresses();
        let node = self.cluster.nodes.get("", member.node()).filter(|_| own.is_empty() && !member.is_selected());
        node.map_or(own, |it| it.addresses.to_vec())
    }

    /// Why a port is unknown of which the verdict about all ports does not speak: a rule that surely opens one hides
    /// the one that may open another, and two gates may agree on no port.
    fn doubts(&self, pair: &Pair, from: &PairSource, to: &PairTarget) -> Vec<Evidence> {
        if pair.port.asked().is_some() || pair.is_certain() {
            return Vec::new();
        }
        let Some(port) = whys::first(&pair.unknown()) else { return Vec::new() };
        if !whys::unsure(&pair.evidence()).is_empty() {
            return Vec::new();
        }
        let at_port =
            self.verdict(None, from, &PairTarget { port: PairPort::One(port), ..to.clone() }, &mut Vec::new());
        let headline = Evidence::new(Mark::Unknown, format!("{} may pass, that is not sure", words::port(Some(port))));
        let reasons = whys::unsure(&text::net::verdict(&at_port, &[]));
        std::iter::once(headline).chain(reasons.into_iter().map(|it| it.below(1))).collect()
    }

    /// What came closest at the gates that do not surely let it pass.
    fn misses(&self, verdict: &Verdict) -> Vec<GateMisses> {
        let gates = verdict.deciding().into_iter().flat_map(|it| [&it.egress, &it.ingress]);
        let shut = gates.filter(|it| it.why == GateReason::Policies && it.outcome(verdict.port) != Outcome::Allow);
        let nearest = |gate: &Gate| {
            let mut misses = gate.misses(self.cluster, verdict);
            misses.truncate(miss::SHOWN);
            GateMisses { direction: gate.direction, misses }
        };
        shut.map(nearest).collect()
    }

    /// Whether a pod whose egress is isolated can resolve names: nearly every connection needs it first (S51).
    pub(super) fn prerequisites(&self, trace: &mut TraceAnswer) {
        let Some(from) = asks_for_names(trace) else { return };
        let dns = net::dns(self.index, self.cluster, &from.end());
        let (Some(service), false) = (&dns.service, dns.servers.is_empty()) else { return };
        let what = text::dns::told(&dns, &from.to_string(), &service.name);
        trace.notes.push(Evidence::note(service.clone(), Place::default(), what));
    }

    /// What a live cluster must be asked so that the prerequisites of this answer are told, and what else would
    /// settle it.
    pub fn beside(&self, trace: &TraceAnswer) -> Needs {
        let mut needs = self.of_hints(trace);
        needs.0.extend(self.of_order(trace).0);
        let Some(from) = asks_for_names(trace) else { return needs };
        needs.0.extend(needs::of_names(self.cluster).0);
        let dns = net::dns(self.index, self.cluster, &from.end());
        let is_denied = dns.servers.iter().all(|it| it.udp == Outcome::Deny && it.tcp == Outcome::Deny);
        // Only where all servers are denied a cache on the node makes a difference.
        if let (Some(pod), true) = (from.pod(), is_denied && !dns.servers.is_empty()) {
            let namespace = net::dns::HOME.into();
            needs.0.insert(ReadNeed::PodsOn { namespace, node: pod.node().clone() });
        }
        needs
    }

    /// What tells the first family of a pod without an address, where that matters: the addresses of all others.
    fn of_order(&self, trace: &TraceAnswer) -> Needs {
        let matters = trace.pairs.iter().any(|it| it.verdict.deciding_doubt().is_some());
        if !matters || self.cluster.coverage.hole(Kind::POD).is_none() {
            return Needs::default();
        }
        Needs::all_of([Kind::POD])
    }

    /// What hints of misses rest on: the Services before a pod whose address or port a rule may have meant.
    fn of_hints(&self, trace: &TraceAnswer) -> Needs {
        let gates = trace.pairs.iter().flat_map(|pair| pair.misses.iter().map(move |it| (pair, it)));
        let hinted = gates.flat_map(|(pair, gate)| {
            let peer = if gate.direction == Direction::Egress { &pair.to } else { &pair.from };
            gate.misses.iter().flat_map(|it| &it.lacks).filter_map(move |it| match it {
                Mismatch::NotInBlock { .. } | Mismatch::OtherFamily { .. } => peer.pod(),
                Mismatch::OtherPort { .. } => pair.to.pod(),
                _ => None,
            })
        });
        let homes: BTreeSet<&Name> = hinted.map(|it| it.namespace()).collect();
        let kinds = [Kind::SERVICE, Kind::ENDPOINT_SLICE];
        let all = homes.into_iter().flat_map(|home| kinds.map(|kind| (kind, home)));
        let unread = all.filter(|(kind, home)| !self.cluster.coverage.is_complete(*kind, home));
        Needs(unread.map(|(kind, home)| ReadNeed::All { kind, scope: Scope::Namespace(home.clone()) }).collect())
    }

    /// The engine's word, in the families that count; through a Service its first address is the first.
    fn verdict(
        &self,
        front: Option<&ServiceFront>,
        from: &PairSource,
        to: &PairTarget,
        gaps: &mut Vec<Gap>,
    ) -> Verdict {
        let (source, target) = (from.member.end(), to.member.end());
        let mut verdict = self.index.trace(self.cluster, &source, &target, to.port.asked());
        self.check(&source, &target, to.port, verdict.outcome());
        let counts = |family: Family| [from.family, to.family].into_iter().flatten().all(|it| it == family);
        let had_any = !verdict.families.is_empty();
        verdict.families.retain(|it| counts(it.family));
        if had_any && verdict.families.is_empty() {
            gaps.push(Gap::End { what: "the ends have no address family in common".into() });
        }
        if let Some(first) = front.and_then(|it| it.service.cluster_ips.iter().next()) {
            verdict.families.sort_by_key(|it| it.family != Family::of(first));
            verdict.order_doubt = None;
        }
        verdict
    }

    /// S50: a pod that reaches itself through a Service is itself, or is judged as any other pod.
    fn hairpin(&self, member: &EndMember, port: PairPort, gaps: &mut Vec<Gap>) -> Verdict {
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
}

/// The source of the pair that the answer hangs on, where it is a pod with isolated egress and its goal has a name.
fn asks_for_names(trace: &TraceAnswer) -> Option<EndMember> {
    let pair = trace.deciding()?;
    let is_isolated = pair.verdict.deciding().is_some_and(|it| it.egress.why == GateReason::Policies);
    let is_named = !matches!(trace.to, ask::AskedEnd::Address(_) | ask::AskedEnd::Block(_) | ask::AskedEnd::Internet);
    (is_isolated && is_named).then(|| pair.from.clone())
}

/// Whether a node was typed by an address that policies do not know it by: they are asked about its first of a family.
pub(super) fn is_at_other(member: &EndMember, at: Option<IpAddr>) -> bool {
    let (EndMember::Node(node), Some(at)) = (member, at) else { return false };
    let first = node.addresses.iter().find(|it| Family::of(**it) == Family::of(at));
    first.is_some_and(|it| canonical(*it) != at)
}

/// S52: which backends get the traffic of a pod that is on no node yet.
fn unknown_node(front: &ServiceFront, way: &EntryWay, from: &EndMember) -> Option<Gap> {
    let is_nowhere = from.pod().is_some_and(|it| it.node().is_empty());
    let what = "internalTrafficPolicy is Local and the source's node is not known: which backends it gets is open";
    let is_open = front.service.internal_local && *way == EntryWay::Within && is_nowhere;
    is_open.then(|| Gap::Undefined { rule: "S52", what: what.into() })
}
