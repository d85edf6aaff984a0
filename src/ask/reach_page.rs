//! What an end reaches, in lines: reached units by namespace, each with its ports.

use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::net::reach::{Counts, ReachRow, Summary, Unit};
use crate::text::evidence::Evidence;
use crate::text::net::ports;
use crate::text::{About, Line, Mark, Page, words};

use super::many::{NetworkReach, namespace_of, unit_name, unit_text};
use super::page;

/// The ports of a row in words: `TCP 80`, `all`, `TCP 80 (some pairs: TCP 80,443)`.
pub fn ports_text(summary: &Summary) -> String {
    let mut text = match (summary.every.is_empty(), summary.every == summary.some) {
        (_, true) => ports(&summary.every),
        (true, false) => format!("partial: {}", ports(&summary.some)),
        (false, false) => format!("{} (partial: {})", ports(&summary.every), ports(&summary.some)),
    };
    let unknown = summary.unknown();
    if !unknown.is_empty() {
        text.push_str(&format!(" (unknown: {})", ports(&unknown)));
    }
    text
}

/// The mark of a row: of pairs of which some are allowed and some denied it is neither.
pub fn mark_of(pairs: &Counts) -> Mark {
    if pairs.allow > 0 && pairs.deny > 0 { Mark::Some } else { Mark::of(pairs.worst()) }
}

/// How many of a row's pairs are allowed, where those are not all or none: ` (5 of 12 pairs)`.
pub fn some_of(pairs: &Counts) -> String {
    let is_some = mark_of(pairs) == Mark::Some;
    if is_some { format!(" ({} of {} pairs)", pairs.allow, pairs.total()) } else { String::new() }
}

impl NetworkReach {
    /// The answer in lines: reached units by namespace, then nodes and what is outside, then the counts.
    pub fn page(&self) -> Page {
        let reach = self;
        let mut page = Page::default();
        let title = match reach.direction {
            Direction::Egress => format!("{} reaches", reach.end),
            Direction::Ingress => format!("{} is reached by", reach.end),
        };
        page.say(0, Mark::Title, title);
        self.add_rows(&mut page, "");
        page
    }

    /// The same as a part of a larger answer: its headings say that it is about connections.
    pub fn section(&self) -> Page {
        let mut page = Page::default();
        let before = match self.direction {
            Direction::Egress => "may connect to ",
            Direction::Ingress => "may be connected to from ",
        };
        self.add_rows(&mut page, before);
        page
    }

    fn add_rows(&self, page: &mut Page, before: &str) {
        let reach = self;
        let (mut open, shut): (Vec<&ReachRow>, Vec<&ReachRow>) =
            reach.rows.iter().partition(|it| !it.summary.possible.is_empty());
        // Pods without a workload stand before all workloads: together they make one list of a namespace.
        open.sort_by_key(|it| part(&it.unit));
        for rows in open.chunk_by(|a, b| part(&a.unit) == part(&b.unit)) {
            page.say(1, Mark::Title, format!("{before}{}", heading(&rows[0].unit)));
            rows.iter().for_each(|it| page.push(row_line(reach, it)));
        }
        closing(reach, open.len(), shut.len(), page);
    }
}

/// In which part of the page a unit stands: its namespace, then nodes, then what is outside.
fn part(unit: &Unit) -> (bool, bool, Option<&Name>) {
    let namespace = namespace_of(unit);
    (namespace.is_none(), matches!(unit, Unit::Outside(_)), namespace)
}

fn heading(unit: &Unit) -> &str {
    match (namespace_of(unit), unit) {
        (Some(namespace), _) => namespace,
        (None, Unit::Nodes(_)) => "nodes",
        (None, _) => "outside the cluster",
    }
}

fn row_line(reach: &NetworkReach, row: &ReachRow) -> Line {
    let text = format!("{}  {}{}", unit_text(&row.unit), ports_text(&row.summary), some_of(&row.summary.pairs));
    let line = Line::new(2, mark_of(&row.summary.pairs), text);
    // A range of addresses and several nodes are no end that could be traced.
    let is_end = namespace_of(&row.unit).is_some();
    let (end, unit) = (reach.end.to_string(), unit_name(&row.unit));
    let line = match (is_end, reach.direction) {
        (false, _) => line,
        (true, Direction::Egress) => line.on(About::Pair { from: end, to: unit }),
        (true, Direction::Ingress) => line.on(About::Pair { from: unit, to: end }),
    };
    match &row.unit {
        Unit::Pod(pod) => line.linked(&pod.object(), &Default::default()),
        _ => line,
    }
}

fn closing(reach: &NetworkReach, open: usize, shut: usize, page: &mut Page) {
    let (one, many) = match reach.direction {
        Direction::Egress => ("destination", "destinations"),
        Direction::Ingress => ("source", "sources"),
    };
    let of = if shut > 0 { format!("{open} of ") } else { String::new() };
    page.say(1, Mark::Plain, format!("{of}{}", words::count((open + shut) as u64, one, many)));
    page.say(1, Mark::Plain, page::counts(&reach.pairs, ("pair", "pairs")));
    reach.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(1)));
    reach.notes.iter().for_each(|it| page.push(it.line(1)));
}
