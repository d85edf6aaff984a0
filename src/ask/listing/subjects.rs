//! Subjects: users, groups and service accounts, the worst that each can do, where, and what is odd about them.

use std::cmp::Ordering;

use super::{Cell, Column, Item, Listing, Row, RowMoves, RowOrder, SortKey, Sorts, Tone};
use crate::ask::findings::{Exposed, NAMED, Word};
use crate::ask::question::list::RestsOn;
use crate::ask::scope::{CellContext, Problems};
use crate::ask::topic::Topic;
use crate::ask::weights;
use crate::model::cluster::FactChange;
use crate::model::finding::Finding;
use crate::model::id::Kind;
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::review::Me;
use crate::rbac::subjects::{BindingExtent, SubjectRow as Weight};
use crate::text::words;

/// The list.
pub const LISTING: Listing<Subject> = Listing {
    name: "subjects",
    title: "Subjects",
    help: "Users, groups and service accounts, and the worst that each can do",
    examples: &["kreach subjects marks=left --directory people.csv", "kreach subjects 'bound>0' !system -o csv"],
    rests_on: RestsOn::Both(Topic::Access),
    nothing: "no subject",
    sources: &[Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING, Kind::SERVICE_ACCOUNT],
    columns: COLUMNS,
    wide: WIDE,
    rows,
    weigh: |rows, view| view.world.weigh(rows),
    is_problem: |row, view| view.world.weight(row).is_odd(),
    risk: Some(by_risk),
    // A role may be anybody's.
    moves_risk: |change| matches!(change, FactChange::Role(_) | FactChange::Coverage(_) | FactChange::Readable(_)),
    moves,
    concerns: |change, view| renews(change) || !weights::touched(view.world, change).is_empty(),
    item: |row| Item::Subject(row.clone()),
    key: |item| match item {
        Item::Subject(it) => Some(it.clone()),
        _ => None,
    },
};

const COLUMNS: &[Column<Subject>] = &[
    Column { title: "SUBJECT", width: 18, cell: |row, _| name(row), sorts: Sorts::Naturally },
    Column { title: "WORST", width: 12, cell: worst, sorts: Sorts::Key(by_worst) },
    Column { title: "WHERE", width: 5, cell: extent, sorts: Sorts::Key(by_extent) },
    Column { title: "MARKS", width: 7, cell: marks, sorts: Sorts::Text },
    Column { title: "INTERNET", width: 8, cell: internet, sorts: Sorts::Text },
    Column {
        title: "BOUND",
        width: 5,
        cell: |row, view| view.world.weight(row).bindings.into(),
        sorts: Sorts::Key(|row, view| SortKey::Number(view.world.weight(row).bindings as u64)),
    },
    Column {
        title: "PODS",
        width: 5,
        cell: pods,
        sorts: Sorts::Key(|row, view| SortKey::Number(view.world.weight(row).pods as u64)),
    },
];

const WIDE: &[Column<Subject>] = &[
    Column { title: "THROUGH", width: 40, cell: through, sorts: Sorts::Text },
    Column {
        title: "BINDINGS",
        width: 40,
        cell: |row, view| {
            let all = view.world.rbac().bindings_of(row);
            all.iter().map(|it| it.id().to_string()).collect::<Vec<_>>().join(",").into()
        },
        sorts: Sorts::Text,
    },
];

impl Row for Subject {
    type Key = Subject;
    fn key(&self) -> Subject {
        self.clone()
    }
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

fn rows(view: CellContext<'_>) -> (Vec<Subject>, RowOrder) {
    let world = view.world;
    let mut all = world.rbac().everybody(&world.cluster);
    if view.scope.problems == Problems::Only {
        let odd = world
            .rbac()
            .weigh(&world.cluster, world.people.as_deref(), &world.served, all)
            .into_iter()
            .filter(Weight::is_odd);
        all = odd.map(|it| it.subject).collect();
    }
    all.retain(|it| is_here(it, view));
    // Where nothing may be listed the operator is still somebody.
    all.extend(world.told.me().map(Me::subject).filter(|it| !all.contains(it)));
    (all, RowOrder::Unordered)
}

/// Whether all rows are to be read anew: pods name accounts only once those are told.
fn renews(change: &FactChange) -> bool {
    *change == FactChange::Coverage(Kind::SERVICE_ACCOUNT)
}

fn moves(change: &FactChange, view: CellContext<'_>) -> Option<RowMoves<Subject>> {
    if renews(change) {
        return None;
    }
    let moved = weights::touched(view.world, change).into_iter();
    Some(moved.map(|it| (Some(it.clone()), Some(it).filter(|it| is_in(it, view)))).collect())
}

fn is_in(row: &Subject, view: CellContext<'_>) -> bool {
    let is_listed = view.world.rbac().is_somebody(&view.world.cluster, row)
        && is_here(row, view)
        && (view.scope.problems == Problems::Everything || view.world.weight(row).is_odd());
    is_listed || view.world.is_me(row)
}

/// In a scope of namespaces: its service accounts, and whoever is bound there or everywhere.
fn is_here(row: &Subject, view: CellContext<'_>) -> bool {
    let scope = view.scope;
    scope.namespaces.is_empty()
        || (!row.namespace().is_empty() && scope.holds(row.namespace()))
        || view.world.rbac().bindings_of(row).iter().any(|it| scope.holds(&it.meta.namespace))
}

fn name(row: &Subject) -> Cell {
    let role = if matches!(row.kind(), SubjectKind::Other(_)) { Tone::Dim } else { Tone::Plain };
    Cell::new(row.to_string(), role)
}

/// What it can do of its own; else, dimmed, what it can do as everybody can.
fn worst(row: &Subject, view: CellContext<'_>) -> Cell {
    let weight = view.world.weight(row);
    match (weight.danger(), weight.common_danger()) {
        (Some(danger), _) if weight.worst < Some(GRAVE) => Cell::new(danger.word, Tone::Risk),
        (Some(danger), _) => danger.word.into(),
        (None, Some(danger)) => Cell::new(danger.word, Tone::Dim),
        (None, None) => Cell::new("", Tone::Dim),
    }
}

/// So many of the dangers let somebody take the whole cluster, or much of it.
const GRAVE: usize = 5;

/// More than there are dangers.
const COMMON: u64 = 1_000;

fn by_worst(row: &Subject, view: CellContext<'_>) -> SortKey {
    // The worst first, then what everybody has, those without any last.
    let weight = view.world.weight(row);
    let common = weight.common.map_or(u64::MAX, |it| COMMON + it as u64);
    SortKey::Number(weight.worst.map_or(common, |it| it as u64))
}

/// Those with marks first, then by the worst that each can do; of equals the parts of Kubernetes itself last.
fn by_risk(row: &Subject, view: CellContext<'_>) -> SortKey {
    let SortKey::Number(worst) = by_worst(row, view) else { return SortKey::Number(u64::MAX) };
    let marked = u64::from(!view.world.weight(row).is_odd());
    let own = u64::from(is_of_kubernetes(row));
    SortKey::Number(marked << 40 | worst.min(u64::from(u32::MAX)) << 1 | own)
}

/// Whether it is a part of Kubernetes itself.
fn is_of_kubernetes(row: &Subject) -> bool {
    row.name().starts_with("system:") || row.namespace().as_str() == "kube-system"
}

fn extent(row: &Subject, view: CellContext<'_>) -> Cell {
    match view.world.weight(row).extent {
        BindingExtent::Nothing => Cell::new("-", Tone::Dim),
        BindingExtent::Groups => Cell::new("group", Tone::Dim),
        BindingExtent::Namespaces(count) => format!("{count} ns").into(),
        BindingExtent::Cluster => "all".into(),
    }
}

fn by_extent(row: &Subject, view: CellContext<'_>) -> SortKey {
    SortKey::Number(match view.world.weight(row).extent {
        BindingExtent::Nothing => 0,
        BindingExtent::Groups => 1,
        BindingExtent::Namespaces(count) => 1 + count as u64,
        BindingExtent::Cluster => u64::MAX,
    })
}

fn marks(row: &Subject, view: CellContext<'_>) -> Cell {
    let weight = view.world.weight(row);
    let you = view.world.is_me(row).then_some("you");
    let words: Vec<&str> = you.into_iter().chain(weight.findings.iter().map(Finding::label)).collect();
    Cell::new(words.join(" "), if weight.is_odd() { Tone::Risk } else { Tone::Dim })
}

/// Whether a Service leads from the internet to its pods, and it can come to cluster-admin.
fn internet(row: &Subject, view: CellContext<'_>) -> Cell {
    let word = exposed(row, view).map(|it| it.word());
    let tone = match word {
        Some(Word::Admin) => Tone::Risk,
        Some(Word::Unknown) => Tone::Unknown,
        Some(Word::Reached) | None => Tone::Plain,
    };
    Cell::new(word.map_or("", Word::as_str), tone)
}

/// The Services that lead there.
fn through(row: &Subject, view: CellContext<'_>) -> Cell {
    let all = exposed(row, view).map(|it| it.through).unwrap_or_default();
    words::first(&all.iter().collect::<Vec<_>>(), NAMED).into()
}

fn exposed(row: &Subject, view: CellContext<'_>) -> Option<Exposed> {
    view.world.findings()?.exposed.get(row).cloned()
}

fn pods(row: &Subject, view: CellContext<'_>) -> Cell {
    match row.kind() {
        SubjectKind::ServiceAccount => view.world.weight(row).pods.into(),
        _ => Cell::new("", Tone::Dim),
    }
}
