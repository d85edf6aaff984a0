//! A trace in lines and in evidence: what both faces show, and what JSON holds.

use crate::model::evidence::Outcome;
use crate::model::place::Place;
use crate::net::reach::Counts;
use crate::net::verdict::Gate;
use crate::text::evidence::Evidence;
use crate::text::{Line, Mark, Page, flow, net, words};

use super::backends::port_text;
use super::end::{End, PortAsk};
use super::pair::{Pair, PairPort};
use super::trace::Trace;

/// An end and its port as they can be typed again: `[fd00::7]:443/TCP`.
pub fn target(end: &End, port: &PortAsk) -> String {
    match (end, port) {
        (_, PortAsk::Any(None)) => end.to_string(),
        (End::Address(address), _) if address.is_ipv6() => format!("[{address}]{port}"),
        (End::Block(block), _) if block.addr().is_ipv6() => format!("[{block}]{port}"),
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
        let what = "no port that was asked for passes both gates (S2)";
        (self.outcome() == Outcome::Deny && !is_said).then(|| Evidence::new(Mark::Deny, what))
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

fn remarked(member: &super::member::Member) -> String {
    match member.remark() {
        "" => member.to_string(),
        remark => format!("{member} ({remark})"),
    }
}

impl Trace {
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
            let mut pairs = self.pairs.iter().filter(|it| it.outcome() == outcome);
            if let Some(first) = pairs.next() {
                page.push(self.pair_line(first));
                details(first, 3, page);
            }
            pairs.for_each(|it| page.push(self.pair_line(it)));
        }
        let unlisted = self.counts.total() - self.pairs.len() as u64;
        if unlisted > 0 {
            page.say(2, Mark::Note, format!("{} are counted and not listed", words::count(unlisted, "pair", "pairs")));
        }
    }

    fn pair_line(&self, pair: &Pair) -> Line {
        let outcome = pair.outcome();
        let route = pair.route.and_then(|at| self.routes.get(at)).map(|it| format!(" (port {})", port_text(&it.port)));
        let text = format!("{outcome}  {}{}", pair.title(), route.unwrap_or_default());
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

/// The reasons of one pair.
fn details(pair: &Pair, indent: u8, page: &mut Page) {
    pair.evidence().iter().for_each(|it| page.push(it.line(indent)));
}
