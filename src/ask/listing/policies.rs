//! Policies: whom each governs and what it isolates; on a selected pod those that govern it, in their order.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{
    Cell, Column, Item, Listing, Row, RowMoves, RowOrder, SortKey, Sorts, Tone, by_found, found, labels, named,
};
use crate::ask::findings::{CountedSubjects, Trusting};
use crate::ask::question::list::RestsOn;
use crate::ask::scope::{CellContext, Problems};
use crate::ask::topic::Topic;
use crate::kinds::WRITTEN_POLICY;
use crate::model::cluster::FactChange;
use crate::model::id::ObjectId;
use crate::model::policy::{Direction, Directions, Policy};
use crate::text::words;

/// The list.
pub const LISTING: Listing<Arc<Policy>> = Listing {
    name: "policies",
    title: "Policies",
    help: "The policies, and what each selects",
    examples: &["kreach policies 'problems>0'", "kreach policies -n payments -o json"],
    rests_on: RestsOn::Both(Topic::Network),
    nothing: "no policy",
    sources: &[WRITTEN_POLICY.kind],
    columns: COLUMNS,
    wide: WIDE,
    rows,
    weigh: |_, _| {},
    is_problem: |row, view| problems(row, view) > 0,
    risk: Some(by_risk),
    // That a rule fits no pod any more is seen when the list is read anew: pods come and go too often.
    moves_risk: |change| matches!(change, FactChange::Coverage(_) | FactChange::Namespace(_)),
    moves,
    concerns: |change, view| matches!(change, FactChange::Policy(_)) || view.scope.pod.is_some(),
    item: |row| Item::Policy(row.id()),
    key: |item| match item {
        Item::Policy(it) => Some(it.clone()),
        _ => None,
    },
};

const COLUMNS: &[Column<Arc<Policy>>] = &[
    Column { title: "POLICY", width: 18, cell: name, sorts: Sorts::Naturally },
    Column { title: "ISOLATES", width: 8, cell: |row, _| isolates(row), sorts: Sorts::Text },
    Column {
        title: "TARGETS",
        width: 7,
        cell: |row, view| targets(row, view),
        sorts: Sorts::Key(|row, view| SortKey::Number(view.world.net().target_count(row) as u64)),
    },
    Column { title: "TRUST", width: 8, cell: trust, sorts: Sorts::Text },
    Column {
        title: "STRANGERS",
        width: 9,
        cell: |row, view| found(strangers(row, view).as_ref()),
        sorts: Sorts::Key(|row, view| by_found(strangers(row, view).as_ref())),
    },
    Column {
        title: "IN",
        width: 3,
        cell: |row, _| rules(row, Direction::Ingress).into(),
        sorts: Sorts::Key(|row, _| SortKey::Number(rules(row, Direction::Ingress) as u64)),
    },
    Column {
        title: "OUT",
        width: 3,
        cell: |row, _| rules(row, Direction::Egress).into(),
        sorts: Sorts::Key(|row, _| SortKey::Number(rules(row, Direction::Egress) as u64)),
    },
    Column {
        title: "PROBLEMS",
        width: 8,
        cell: |row, view| problems_cell(row, view),
        sorts: Sorts::Key(|row, view| SortKey::Number(problems(row, view) as u64)),
    },
    Column { title: "KIND", width: 22, cell: |row, _| row.kind.as_str().into(), sorts: Sorts::Text },
];

const WIDE: &[Column<Arc<Policy>>] = &[
    Column { title: "SELECTS", width: 40, cell: |row, _| words::pods(&row.target).into(), sorts: Sorts::Text },
    Column { title: "WRITERS", width: 40, cell: |row, view| named(strangers(row, view).as_ref()), sorts: Sorts::Text },
    Column { title: "LABELS", width: 40, cell: |row, _| labels(&row.labels).into(), sorts: Sorts::Text },
];

impl Row for Arc<Policy> {
    type Key = ObjectId;
    fn key(&self) -> ObjectId {
        self.id()
    }
    fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.meta, &other.meta);
        (&a.namespace, &a.name, self.kind).cmp(&(&b.namespace, &b.name, other.kind))
    }
}

fn rows(view: CellContext<'_>) -> (Vec<Arc<Policy>>, RowOrder) {
    if let Some(pod) = &view.scope.pod {
        let governing = view.world.pod(pod).map(|it| view.world.policies_on(it)).unwrap_or_default();
        return (governing, RowOrder::InOrder);
    }
    let rows = view.world.cluster.policies.iter().filter(|it| is_in(it, view)).cloned();
    (rows.collect(), RowOrder::Unordered)
}

fn moves(change: &FactChange, view: CellContext<'_>) -> Option<RowMoves<Arc<Policy>>> {
    if view.scope.pod.is_some() {
        return None;
    }
    let FactChange::Policy(diff) = change else { return Some(Vec::new()) };
    Some(vec![(diff.before.clone(), diff.after.clone().filter(|it| is_in(it, view)))])
}

fn is_in(policy: &Arc<Policy>, view: CellContext<'_>) -> bool {
    view.scope.holds(&policy.meta.namespace)
        && (view.scope.problems == Problems::Everything || problems(policy, view) > 0)
}

fn name(row: &Arc<Policy>, view: CellContext<'_>) -> Cell {
    match view.scope.only() {
        Some(_) => row.meta.name.as_str().into(),
        None if row.meta.namespace.is_empty() => row.meta.name.as_str().into(),
        None => format!("{}/{}", row.meta.namespace, row.meta.name).into(),
    }
}

fn isolates(row: &Policy) -> Cell {
    match row.isolates {
        Directions { ingress: true, egress: true } => "in+out".into(),
        Directions { ingress: true, .. } => "in".into(),
        Directions { egress: true, .. } => "out".into(),
        Directions::NONE => Cell::new("none", Tone::Dim),
    }
}

fn rules(row: &Policy, direction: Direction) -> usize {
    row.rules_of(direction).count()
}

/// A policy that governs nothing is a mistake more often than not.
fn targets(row: &Policy, view: CellContext<'_>) -> Cell {
    match view.world.net().target_count(row) {
        0 => Cell { tone: Tone::Risk, ..0.into() },
        targets => targets.into(),
    }
}

/// Who can write what its rules trust, at the worst; what everybody can write lets everybody pass.
fn trust(row: &Arc<Policy>, view: CellContext<'_>) -> Cell {
    let found = view.world.findings();
    let word = found.as_ref().and_then(|it| it.trust.get(&row.id())).map_or("", Trusting::as_str);
    let tone = match word {
        "anyone" => Tone::Risk,
        "unknown" => Tone::Unknown,
        _ => Tone::Plain,
    };
    Cell::new(word, tone)
}

/// Who of them may write no policy there.
fn strangers(row: &Policy, view: CellContext<'_>) -> Option<CountedSubjects> {
    Some(view.world.findings()?.trust.get(&row.id())?.strangers.clone())
}

/// What could not be read or understood of it, and what was found.
fn problems(row: &Policy, view: CellContext<'_>) -> usize {
    let read = view.world.cluster.problems.get(&row.id()).map_or(0, Vec::len);
    read.max(row.gaps.len()) + view.world.net().findings(row).len()
}

/// Those with problems first, the most of them above all; then by name.
fn by_risk(row: &Arc<Policy>, view: CellContext<'_>) -> SortKey {
    SortKey::Number(u64::MAX - problems(row, view) as u64)
}

fn problems_cell(row: &Policy, view: CellContext<'_>) -> Cell {
    Cell::number(problems(row, view), Tone::Risk)
}
