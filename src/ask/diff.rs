//! `diff BEFORE AFTER`: what differs between two worlds, for both faces.
//!
//! ```text
//! ✗ different  opened 1, closed 2, changed 0, unsure 0
//!   v opened  deployment/shop/web -> deployment/shop/db  TCP 5432
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::change::{
    self, DiffVerdict, DifferingFlow, FlowChange, GrantChange, GrantRow, Impact, MapPorts, Risk, RowCounts, Side, Sides,
};
use crate::model::name::Name;
use crate::net::reach::Unit;
use crate::rbac::Grant;
use crate::text;
use crate::text::evidence::Evidence;
use crate::text::{Line, Mark, Page, net};

use super::World;
use super::gained;
use super::many::{namespace_of, unit_text};
use super::whys::{Reasons, Whys};

/// One of two worlds as it is compared.
pub(super) fn side(world: &World) -> Side<'_> {
    let has_unseen = super::resolve::unseen_holder(&world.cluster, false).is_some();
    Side { cluster: &world.cluster, net: world.net(), rbac: world.rbac(), served: &world.served, has_unseen }
}

/// What two worlds have in common that neither could be read of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Common {
    /// One was made from the other: what the one could not read is what the other could not.
    pub is_one_source: bool,
    /// The documents of files that could not be read are word by word the same.
    pub has_same_unread: bool,
}

impl Common {
    /// One was made from the other: nothing else was read.
    pub const ALL: Self = Self { is_one_source: true, has_same_unread: true };
}

/// What differs between two worlds.
pub fn compare(before: &World, after: &World, common: Common) -> Impact {
    let Common { is_one_source, has_same_unread } = common;
    change::compare(&Sides { before: side(before), after: side(after), is_one_source, has_same_unread })
}

/// Works out what differs in reach, too, as far as `most` goes ([`gained::AMPLE`]).
pub fn add_reach(impact: &mut Impact, before: &World, after: &World, most: usize) {
    impact.reach = Some(gained::compare(before, after, most, &mut |_, _| true));
}

/// Leaves what concerns one namespace.
pub fn only(impact: &mut Impact, namespace: &Name) {
    let is_in = |unit: &Unit| namespace_of(unit).is_some_and(|it| it == namespace);
    impact.flows.retain(|it| is_in(&it.from) || is_in(&it.to));
    impact.grants.retain(|it| it.scope.is_empty() || it.scope == *namespace);
    for row in impact.reach.iter_mut().flat_map(|it| &mut it.rows) {
        row.sinks.retain(|it| it.namespace().is_none_or(|it| it == namespace));
    }
    impact.reach.iter_mut().for_each(|it| it.rows.retain(|it| !it.sinks.is_empty()));
}

/// Why something of a flow is not known, on either side; each reason once.
pub fn reasons(whys: &[Whys<'_>; 2], flow: &DifferingFlow) -> Vec<Evidence> {
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
    let RowCounts { opened, closed, changed, unsure, given, taken } = impact.counts();
    let verdict = impact.verdict();
    let mark = match verdict {
        DiffVerdict::Same => Mark::Allow,
        DiffVerdict::Different => Mark::Deny,
        DiffVerdict::Unknown => Mark::Unknown,
    };
    let counts = format!("opened {opened}, closed {closed}, changed {changed}, unsure {unsure}");
    let reach = gained::counts(impact.reach.as_ref()).map(|it| format!("; {it}")).unwrap_or_default();
    Line::new(0, mark, format!("{}  {counts}; given {given}, taken {taken}{reach}", verdict.as_str()))
}

/// Whether rows that say the same share a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fold {
    Folded,
    Each,
}

/// The answer in lines: what was opened first, and of that the worst.
pub fn page(impact: &Impact, fold: Fold) -> Page {
    let mut page = Page::default();
    page.push(headline(impact));
    let flows = in_order(impact);
    let groups = match fold {
        Fold::Each => flows.into_iter().map(|it| vec![it]).collect(),
        Fold::Folded => folded(folded(flows.into_iter().map(|it| vec![it]).collect(), |it| &it.to), |it| &it.from),
    };
    groups.iter().for_each(|it| page.push(line(it)));
    let grants = impact.grants.chunk_by(|a, b| fold == Fold::Folded && are_of_one_binding(a, b));
    grants.for_each(|it| page.push(grant_line(it)));
    page.lines.extend(impact.reach.iter().flat_map(gained::lines));
    page
}

/// Flows as they are read: what was opened first, and of that the worst.
pub fn in_order(impact: &Impact) -> Vec<&DifferingFlow> {
    let mut flows: Vec<&DifferingFlow> = impact.flows.iter().collect();
    flows.sort_by_key(|it| it.order());
    flows
}

/// Flows that differ alike.
type FlowGroup<'i> = Vec<&'i DifferingFlow>;

/// From how many flows on they share a line, and how many of their ends it names.
const MANY: usize = 4;
const FEW: usize = 3;

/// Single flows that differ alike and share an end, as one group where they are many.
fn folded(groups: Vec<FlowGroup<'_>>, end: fn(&DifferingFlow) -> &Unit) -> Vec<FlowGroup<'_>> {
    let is_inside = |it: &Unit| matches!(it, Unit::Pod(_) | Unit::Workload(_));
    let is_single = |it: &FlowGroup<'_>| it.len() == 1 && is_inside(&it[0].from) && is_inside(&it[0].to);
    let is_alike = |a: &DifferingFlow, b: &DifferingFlow| {
        end(a) == end(b) && a.order() == b.order() && a.only == b.only && difference(a) == difference(b)
    };
    let mut all: Vec<FlowGroup<'_>> = Vec::new();
    // Where those alike begin, by the end that they share.
    let mut begun: BTreeMap<&Unit, Vec<usize>> = BTreeMap::new();
    for group in groups {
        if !is_single(&group) {
            all.push(group);
            continue;
        }
        let places = begun.entry(end(group[0])).or_default();
        match places.iter().find(|it| is_alike(all[**it][0], group[0])) {
            Some(at) => all[*at].extend(group),
            None => {
                places.push(all.len());
                all.push(group);
            }
        }
    }
    // A few are told one by one, each in its place.
    all.into_iter().flat_map(few).collect()
}

fn few(group: FlowGroup<'_>) -> Vec<FlowGroup<'_>> {
    if group.len() < MANY { group.into_iter().map(|it| vec![it]).collect() } else { vec![group] }
}

fn line(flows: &FlowGroup<'_>) -> Line {
    let flow = flows[0];
    let mark = match flow.change {
        FlowChange::Opened => Mark::Allow,
        FlowChange::Closed => Mark::Deny,
        FlowChange::Changed => Mark::Miss,
        FlowChange::Unsure => Mark::Unknown,
    };
    let ends = |end: fn(&DifferingFlow) -> &Unit| {
        let mut names: Vec<String> = flows.iter().map(|it| unit_text(end(it))).collect();
        names.dedup();
        match names.len() {
            1 => names.concat(),
            many => format!("{many} workloads ({} and {} more)", names[..FEW].join(", "), many - FEW),
        }
    };
    let risk = match flow.risk() {
        Risk::None => String::new(),
        risk => format!(" ({})", risk.as_str()),
    };
    let ends = format!("{} -> {}", ends(|it| &it.from), ends(|it| &it.to));
    Line::new(1, mark, format!("{}  {ends}  {}{risk}", flow.change.as_str(), difference(flow)))
}

/// Whether two rows are given to one subject in one place by the same bindings.
fn are_of_one_binding(a: &GrantRow, b: &GrantRow) -> bool {
    let bindings = |it: &GrantRow| it.by.iter().map(by).collect::<BTreeSet<String>>();
    (&a.subject, a.change, &a.scope) == (&b.subject, b.change, &b.scope) && bindings(a) == bindings(b)
}

fn grant_line(rows: &[GrantRow]) -> Line {
    let row = &rows[0];
    let mark = match row.change {
        GrantChange::Given => Mark::Allow,
        GrantChange::Taken => Mark::Deny,
        GrantChange::Unsure => Mark::Unknown,
    };
    let by: BTreeSet<String> = row.by.iter().map(by).collect();
    let by = text::words::listed(&by.into_iter().collect::<Vec<_>>());
    let rights: Vec<String> = rows.iter().map(|it| format!("{} {}", text::rbac::verbs(&it.verbs), it.what)).collect();
    let what = if rows.len() == 1 { right(row) } else { format!("{} {}", scope(row), text::words::listed(&rights)) };
    let line = Line::new(1, mark, format!("{}  {}  {what}  by {by}", row.change.as_str(), row.subject));
    match row.by.first() {
        Some(grant) => line.linked(&grant.binding.id(), &grant.subject_place()),
        None => line,
    }
}

fn scope(row: &GrantRow) -> String {
    if row.scope.is_empty() { "in the whole cluster".to_owned() } else { format!("in {}", row.scope) }
}

/// `get, list pods in shop`.
pub fn right(row: &GrantRow) -> String {
    format!("{} {} {}", text::rbac::verbs(&row.verbs), row.what, scope(row))
}

/// The binding and the role of a grant.
pub fn by(grant: &Grant) -> String {
    format!("{} ({})", grant.binding.id(), grant.role.id())
}

/// The ports of a flow before and after; of what is opened or closed only those that are there.
pub fn difference(flow: &DifferingFlow) -> String {
    let (before, after) = (ports(&flow.before), ports(&flow.after));
    let only = flow.only.map(|it| format!(" (only {})", it.as_str())).unwrap_or_default();
    let text = match (is_empty(&flow.before), is_empty(&flow.after)) {
        (true, false) => after,
        (false, true) => before,
        _ if before == after && flow.change == FlowChange::Unsure => format!("{before} on both sides"),
        _ if before == after => format!("{before} on both sides, between other pods"),
        _ => format!("{before} before, {after} after"),
    };
    text + &only
}

fn is_empty(ports: &MapPorts) -> bool {
    ports.some.is_empty() && ports.unknown.is_empty()
}

/// `TCP 80`, `some pods: TCP 80`, `none (unknown: TCP 80)`.
fn ports(ports: &MapPorts) -> String {
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
