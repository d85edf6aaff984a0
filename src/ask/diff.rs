//! `diff BEFORE AFTER`: what differs between two worlds, for both faces.
//!
//! ```text
//! ✗ different  opened 1, closed 2, changed 0, unsure 0
//!   v opened  deployment/shop/web -> deployment/shop/db  TCP 5432
//! ```

use crate::change::{self, Counts, Flow, FlowChange, GrantChange, GrantRow, Impact, Ports, Side, Sides, Verdict};
use crate::model::name::Name;
use crate::net::reach::Unit;
use crate::rbac::Grant;
use crate::text;
use crate::text::evidence::Evidence;
use crate::text::{Line, Mark, Page, net};

use super::World;
use super::many::{namespace_of, unit_text};
use super::whys::{Reasons, Whys};

/// One of two worlds as it is compared.
fn side(world: &World) -> Side<'_> {
    let has_unseen = super::resolve::unseen_holder(&world.cluster, false).is_some();
    Side { cluster: &world.cluster, net: world.net(), rbac: world.rbac(), served: &world.served, has_unseen }
}

/// What differs between two worlds; `is_one_source`: the second was made from the first.
pub fn compare(before: &World, after: &World, is_one_source: bool) -> Impact {
    change::compare(&Sides { before: side(before), after: side(after), is_one_source })
}

/// Leaves what concerns one namespace.
pub fn only(impact: &mut Impact, namespace: &Name) {
    let is_in = |unit: &Unit| namespace_of(unit).is_some_and(|it| it == namespace);
    impact.flows.retain(|it| is_in(&it.from) || is_in(&it.to));
    impact.grants.retain(|it| it.scope.is_empty() || it.scope == *namespace);
}

/// Why something of a flow is not known, on either side; each reason once.
pub fn reasons(whys: &[Whys<'_>; 2], flow: &Flow) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = Vec::new();
    for (whys, row) in whys.iter().zip(&flow.rows) {
        let told = row.as_ref().map(|it| whys.between(&it.from, &it.to, &it.summary));
        let told: Reasons = told.unwrap_or_default();
        let new: Vec<Evidence> = told.iter().filter(|it| !all.contains(it)).cloned().collect();
        all.extend(new);
    }
    all
}

/// The first line: what it comes to, and how many rows there are of each sort.
pub fn headline(impact: &Impact) -> Line {
    let Counts { opened, closed, changed, unsure, given, taken } = impact.counts();
    let verdict = impact.verdict();
    let mark = match verdict {
        Verdict::Same => Mark::Allow,
        Verdict::Different => Mark::Deny,
        Verdict::Unknown => Mark::Unknown,
    };
    let counts = format!("opened {opened}, closed {closed}, changed {changed}, unsure {unsure}");
    Line::new(0, mark, format!("{}  {counts}; given {given}, taken {taken}", verdict.as_str()))
}

/// The answer in lines.
pub fn page(impact: &Impact) -> Page {
    let mut page = Page::default();
    page.push(headline(impact));
    impact.flows.iter().for_each(|it| page.push(line(it)));
    impact.grants.iter().for_each(|it| page.push(grant_line(it)));
    page
}

fn grant_line(row: &GrantRow) -> Line {
    let mark = match row.change {
        GrantChange::Given => Mark::Allow,
        GrantChange::Taken => Mark::Deny,
        GrantChange::Unsure => Mark::Unknown,
    };
    let by: Vec<String> = row.by.iter().map(by).collect();
    let words = format!("{}  {}  {}  by {}", row.change.as_str(), row.subject, right(row), text::words::listed(&by));
    let line = Line::new(1, mark, words);
    match row.by.first() {
        Some(grant) => line.linked(&grant.binding.id(), &grant.subject_place()),
        None => line,
    }
}

/// `get, list pods in shop`.
pub fn right(row: &GrantRow) -> String {
    let scope = if row.scope.is_empty() { "in the whole cluster".to_owned() } else { format!("in {}", row.scope) };
    format!("{} {} {scope}", text::rbac::verbs(&row.verbs), row.what)
}

/// The binding and the role of a grant.
pub fn by(grant: &Grant) -> String {
    format!("{} ({})", grant.binding.id(), grant.role.id())
}

fn line(flow: &Flow) -> Line {
    let mark = match flow.change {
        FlowChange::Opened => Mark::Allow,
        FlowChange::Closed => Mark::Deny,
        FlowChange::Changed => Mark::Miss,
        FlowChange::Unsure => Mark::Unknown,
    };
    let ends = format!("{} -> {}", unit_text(&flow.from), unit_text(&flow.to));
    Line::new(1, mark, format!("{}  {ends}  {}", flow.change.as_str(), difference(flow)))
}

/// The ports of a flow before and after; of what is opened or closed only those that are there.
pub fn difference(flow: &Flow) -> String {
    let (before, after) = (ports(&flow.before), ports(&flow.after));
    let only = flow.only.map(|it| format!(" (only {})", it.as_str())).unwrap_or_default();
    let text = match (is_empty(&flow.before), is_empty(&flow.after)) {
        (true, false) => after,
        (false, true) => before,
        _ if before == after => format!("{before} on both sides, between other pods"),
        _ => format!("{before} before, {after} after"),
    };
    text + &only
}

fn is_empty(ports: &Ports) -> bool {
    ports.some.is_empty() && ports.unknown.is_empty()
}

/// `TCP 80`, `some pods: TCP 80`, `none (unknown: TCP 80)`.
fn ports(ports: &Ports) -> String {
    let mut text = match (ports.every.is_empty(), ports.every == ports.some) {
        (_, true) => net::ports(&ports.every),
        (true, false) => format!("some pods: {}", net::ports(&ports.some)),
        (false, false) => format!("{} (some pods: {})", net::ports(&ports.every), net::ports(&ports.some)),
    };
    if !ports.unknown.is_empty() {
        text += &format!(" (unknown: {})", net::ports(&ports.unknown));
    }
    text
}
