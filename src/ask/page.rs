//! A trace in lines and in evidence: what both faces show, and what JSON holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::ownership::workload_of;
use crate::model::place::Place;
use crate::model::policy::Direction;
use crate::net::reach::Counts;
use crate::net::verdict::{Gate, Verdict};
use crate::text::evidence::Evidence;
use crate::text::{Line, Mark, Page, flow, net, words};

use super::backends::port_text;
use super::end::{AskedEnd, PortAsk};
use super::member::EndMember;
use super::pair::{Pair, PairPort};
use super::trace::TraceAnswer;

/// An end and its port as they can be typed again: `[fd00::7]:443/TCP`.
pub fn target(end: &AskedEnd, port: &PortAsk) -> String {
    match (end, port) {
        (_, PortAsk::Any(None)) => end.to_string(),
        (AskedEnd::Address(address), _) if address.is_ipv6() => format!("[{address}]{port}"),
        (AskedEnd::Block(block), _) if block.addr().is_ipv6() => format!("[{block}]{port}"),
        _ => format!("{end}{port}"),
    }
}

impl Pair {
    /// All that this pair's answer rests on.
    pub fn evidence(&self) -> Vec<Evidence> {
        if !self.refusals.is_empty() {
            return self.refusals.clone();
        }
        let mut all: Vec<Evidence> = self.gaps.iter().map(Evidence::gap).collect();
        all.extend(self.no_common_port());
        all.extend(net::verdict(&self.verdict, &self.misses));
        all.extend(self.doubts.iter().cloned());
        all
    }

    /// Source, gates and destination, each with what decided there; nothing where no gate was asked.
    fn drawing(&self) -> Vec<Line> {
        let Some(family) = self.verdict.deciding().filter(|_| self.refusals.is_empty()) else { return Vec::new() };
        let end = |text: String| Line::new(1, Mark::Plain, text);
        let mut lines = vec![end(remarked(&self.from))];
        lines.extend(flow::gates(&self.verdict, family));
        lines.push(end(format!("{}{}", remarked(&self.to), self.port_text())));
        lines.extend(flow::nearest(&self.verdict, &self.misses));
        lines
    }

    fn port_text(&self) -> String {
        match self.port {
            PairPort::Any => String::new(),
            PairPort::AnyOf(protocol) => format!(" {protocol}"),
            PairPort::One(port) => format!(" {}", words::port(Some(port))),
        }
    }

    /// Said where each gate opens and no port that was asked for passes both (S2).
    fn no_common_port(&self) -> Option<Evidence> {
        let family = self.verdict.deciding()?;
        let is_shut = |gate: &Gate| gate.outcome(self.verdict.port) == Outcome::Deny;
        let is_said = is_shut(&family.egress) || is_shut(&family.ingress);
        let what = "no port that was asked for passes both gates";
        (self.outcome() == Outcome::Deny && !is_said).then(|| Evidence::new(Mark::Deny, what).by_rule("S2"))
    }

    /// `pod/shop/web-0 -> pod/shop/db-0 5432/TCP`, with what is odd about an end.
    pub(super) fn title(&self) -> String {
        format!("{} -> {}{}{}", remarked(&self.from), remarked(&self.to), self.port_text(), self.ports_text())
    }

    /// The allowed ports, when no single one was asked for.
    fn ports_text(&self) -> String {
        if matches!(self.port, PairPort::One(_)) {
            return String::new();
        }
        let (allowed, unknown) = (self.allowed(), self.unknown());
        let unsure = if unknown.is_empty() { String::new() } else { format!(", unknown: {}", net::ports(&unknown)) };
        format!("; ports: {}{unsure}", net::ports(&allowed))
    }
}

fn remarked(member: &EndMember) -> String {
    match member.remark() {
        "" => member.to_string(),
        remark => format!("{member} ({remark})"),
    }
}

impl TraceAnswer {
    /// All that the answer rests on: the deciding pair, what is not known, and notes; never empty.
    pub fn evidence(&self) -> Vec<Evidence> {
        let mut all: Vec<Evidence> = self.refusals.clone();
        all.extend(self.gaps.iter().map(Evidence::gap));
        all.extend(self.deciding().into_iter().flat_map(Pair::evidence));
        all.extend(self.notes.iter().cloned());
        all
    }

    /// The answer in lines.
    pub fn page(&self) -> Page {
        let mut page = Page::default();
        page.push(self.headline());
        if !self.is_single() && self.counts.total() > 0 {
            page.say(1, Mark::Plain, self.summary());
        }
        self.refusals.iter().for_each(|it| page.push(it.line(1)));
        self.deciding().into_iter().flat_map(Pair::drawing).for_each(|it| page.push(it));
        self.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(1)));
        self.notes.iter().for_each(|it| page.push(it.line(1)));
        if self.is_single() {
            page.say(1, Mark::Plain, "proof");
            self.pairs.iter().for_each(|it| details(it, 2, &mut page));
        } else if self.counts.total() > 0 {
            self.list(&mut page);
        }
        page.fold = Some(1);
        page
    }

    fn headline(&self) -> Line {
        let outcome = self.outcome();
        let ports = self.pairs.first().filter(|_| self.is_single()).map(Pair::ports_text).unwrap_or_default();
        Line::new(0, Mark::of(outcome), format!("{outcome}  {} -> {}{ports}", self.from, target(&self.to, &self.port)))
    }

    /// The pairs of a set, the worst first; the first of each outcome is explained.
    fn list(&self, page: &mut Page) {
        page.say(1, Mark::Plain, "proof, pair by pair");
        for outcome in [Outcome::Deny, Outcome::Unknown, Outcome::Allow] {
            for (at, alike) in alike(self.pairs.iter().filter(|it| it.outcome() == outcome)).iter().enumerate() {
                self.group(alike, at == 0, page);
            }
        }
        let unlisted = self.counts.total() - self.pairs.len() as u64;
        if unlisted > 0 {
            page.say(2, Mark::Note, format!("{} are counted and not listed", words::count(unlisted, "pair", "pairs")));
        }
    }

    /// Pairs that are decided alike, said once; the first of an outcome is explained.
    fn group(&self, alike: &[&Pair], is_first: bool, page: &mut Page) {
        let Some(first) = alike.first() else { return };
        page.push(match alike {
            [one] => self.pair_line(one),
            all => self.group_line(all),
        });
        if is_first {
            details(first, 3, page);
        }
        let each = alike.iter().filter(|_| alike.len() > 1).map(|it| self.pair_line(it));
        page.lines.extend(each.map(|it| Line { indent: 3, ..it.folded() }));
    }

    /// `deny  deployment/shop/web (6 pods) -> statefulset/shop/db (3 pods) 5432/TCP: 18 pairs alike`.
    fn group_line(&self, alike: &[&Pair]) -> Line {
        let outcome = alike[0].outcome();
        let (from, to) = (side(alike.iter().map(|it| &it.from)), side(alike.iter().map(|it| &it.to)));
        let ports = format!("{}{}", alike[0].port_text(), alike[0].ports_text());
        let text = format!("{outcome}  {from} -> {to}{ports}{}: {} pairs alike", self.through(alike[0]), alike.len());
        Line::new(2, Mark::of(outcome), text)
    }

    /// The Service's port that leads to a pair.
    fn through(&self, pair: &Pair) -> String {
        let route = pair.route.and_then(|at| self.routes.get(at));
        route.map(|it| format!(" (port {})", port_text(&it.port))).unwrap_or_default()
    }

    fn pair_line(&self, pair: &Pair) -> Line {
        let outcome = pair.outcome();
        let text = format!("{outcome}  {}{}", pair.title(), self.through(pair));
        let line = Line::new(2, Mark::of(outcome), text);
        match pair.to.object().or_else(|| pair.from.object()) {
            Some(object) => line.linked(&object, &Place::default()),
            None => line,
        }
    }

    /// `2 of 3 backends allowed, 1 denied; left out: 1 finished pod`.
    pub fn summary(&self) -> String {
        let from_one = self.pairs.iter().all(|it| self.pairs.first().is_some_and(|first| first.from == it.from));
        let noun = if self.service.is_some() && from_one { ("backend", "backends") } else { ("pair", "pairs") };
        let counts = counts(&self.counts, noun);
        match self.left_out().as_slice() {
            [] => counts,
            left_out => format!("{counts}; left out: {}", left_out.join(", ")),
        }
    }

    /// What sets are without, with counts.
    fn left_out(&self) -> Vec<String> {
        let rows = [
            (self.finished, "finished pod", "finished pods"),
            (self.itself, "pod to itself", "pods to themselves"),
            (self.not_ready, "backend not ready", "backends not ready"),
            (self.other_node, "backend on another node", "backends on other nodes"),
        ];
        rows.iter().filter(|it| it.0 > 0).map(|(n, one, many)| words::count(*n as u64, one, many)).collect()
    }
}

/// `2 of 3 pairs allowed, 1 denied`.
pub fn counts(counts: &Counts, (one, many): (&str, &str)) -> String {
    let total = counts.total();
    let mut parts = vec![format!("{} of {} allowed", counts.allow, words::count(total, one, many))];
    parts.extend((counts.deny > 0).then(|| format!("{} denied", counts.deny)));
    parts.extend((counts.unknown > 0).then(|| format!("{} unknown", counts.unknown)));
    parts.join(", ")
}

/// What pairs that are decided alike have in common: the workloads of both ends, what is asked, and every reason.
type DecidedBy = (String, String, String, Option<usize>, Vec<Reason>);

/// A reason without its words.
type Reason = (Mark, Option<Direction>, Option<ObjectId>, Place);

/// Pairs by what decides them; of pods without a workload each stands for itself.
fn alike<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Vec<Vec<&'a Pair>> {
    let mut places: BTreeMap<DecidedBy, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Pair>> = Vec::new();
    // Pods of one class share their verdict, and what is said of it.
    let mut known: FxHashMap<*const Verdict, Vec<Reason>> = FxHashMap::default();
    for pair in pairs {
        let reason = |it: Evidence| {
            // Of pods themselves it is said alike.
            let object = it.object.filter(|it| it.kind != Kind::POD);
            (it.mark, it.gate, object, it.place)
        };
        let ports = format!("{}{}", pair.port_text(), pair.ports_text());
        let of_pair = || pair.evidence().into_iter().map(reason).collect::<Vec<_>>();
        let is_verdicts = pair.refusals.is_empty() && pair.gaps.is_empty() && pair.doubts.is_empty();
        let reasons = match is_verdicts {
            true => known.entry(Arc::as_ptr(&pair.verdict)).or_insert_with(of_pair).clone(),
            false => of_pair(),
        };
        let at = *places.entry((owner(&pair.from), owner(&pair.to), ports, pair.route, reasons)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(pair);
    }
    groups
}

/// The workload that a member belongs to, by what it says itself; else the member.
fn owner(member: &EndMember) -> String {
    // ReplicaSets are told apart from their Deployments by the hash in their names.
    let workload = member.pod().and_then(|it| workload_of(&Cluster::default(), it));
    workload.map_or_else(|| remarked(member), |it| it.to_string())
}

/// One member by its name, several by their workload and how many they are.
fn side<'a>(members: impl Iterator<Item = &'a EndMember>) -> String {
    let all: BTreeMap<String, &EndMember> = members.map(|it| (remarked(it), it)).collect();
    match all.iter().next() {
        Some((name, _)) if all.len() == 1 => name.clone(),
        Some((_, member)) => format!("{} ({} pods)", owner(member), all.len()),
        None => String::new(),
    }
}

/// The reasons of one pair.
fn details(pair: &Pair, indent: u8, page: &mut Page) {
    pair.evidence().iter().for_each(|it| page.push(it.line(indent)));
}
