//! Namespaces: how much of each is isolated, and what evades isolation.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::{Cell, Column, Item, Listing, Row, RowOrder, SortKey, Sorts, Tone, by_found, found, labels, named};
use crate::ask::default_deny::IsolationExtent;
use crate::ask::filter::{Filtered, Pieces};
use crate::ask::findings::CountedSubjects;
use crate::ask::question::list::RestsOn;
use crate::ask::scope::{CellContext, Problems};
use crate::ask::topic::Topic;
use crate::model::facts::Namespace;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::net::IsolationCounts;

/// The list.
pub const LISTING: Listing<ListedNamespace> = Listing {
    name: "namespaces",
    title: "Namespaces",
    help: "The namespaces, and how their pods are isolated",
    examples: &["kreach namespaces 'none>0'", "kreach namespaces -o csv --no-headers"],
    rests_on: RestsOn::Both(Topic::Network),
    nothing: "no namespace",
    sources: &[Kind::NAMESPACE, Kind::POD],
    columns: COLUMNS,
    wide: WIDE,
    rows,
    weigh: |_, _| {},
    is_problem: is_exposed,
    risk: None,
    moves_risk: |_| false,
    // Few, and any pod or policy may bring one: read anew at every change.
    moves: |_, _| None,
    concerns: |_, _| true,
    item: |row| Item::Namespace(row.name.clone()),
    key: |item| match item {
        Item::Namespace(it) => Some(it.clone()),
        _ => None,
    },
};

const COLUMNS: &[Column<ListedNamespace>] = &[
    Column { title: "NAMESPACE", width: 14, cell: |row, _| name(row), sorts: Sorts::Naturally },
    Column { title: "DENY", width: 6, cell: denies, sorts: Sorts::Text },
    Column { title: "INGRESS", width: 8, cell: |row, view| reaches(row, view, Direction::Ingress), sorts: Sorts::Text },
    Column { title: "EGRESS", width: 8, cell: |row, view| reaches(row, view, Direction::Egress), sorts: Sorts::Text },
    Column {
        title: "UNDO",
        width: 4,
        cell: |row, view| found(undo(row, view).as_ref()),
        sorts: Sorts::Key(|row, view| by_found(undo(row, view).as_ref())),
    },
    Column {
        title: "IN",
        width: 4,
        cell: |row, view| ((counts(row, view).ingress + counts(row, view).both) as usize).into(),
        sorts: Sorts::Key(|row, view| number(counts(row, view).ingress + counts(row, view).both)),
    },
    Column {
        title: "OUT",
        width: 4,
        cell: |row, view| ((counts(row, view).egress + counts(row, view).both) as usize).into(),
        sorts: Sorts::Key(|row, view| number(counts(row, view).egress + counts(row, view).both)),
    },
    Column {
        title: "NONE",
        width: 5,
        cell: |row, view| open(counts(row, view).neither),
        sorts: Sorts::Key(|row, view| number(counts(row, view).neither)),
    },
    Column {
        title: "HOST",
        width: 5,
        cell: |row, view| open(counts(row, view).host_network),
        sorts: Sorts::Key(|row, view| number(counts(row, view).host_network)),
    },
    Column {
        title: "PODS",
        width: 6,
        cell: |row, view| view.world.cluster.pods.of(&row.name).len().into(),
        sorts: Sorts::Key(|row, view| number(view.world.cluster.pods.of(&row.name).len() as u32)),
    },
    Column {
        title: "POLICIES",
        width: 8,
        cell: |row, view| view.world.cluster.policies.of(&row.name).len().into(),
        sorts: Sorts::Key(|row, view| number(view.world.cluster.policies.of(&row.name).len() as u32)),
    },
];

const WIDE: &[Column<ListedNamespace>] = &[
    Column { title: "UNDOERS", width: 40, cell: |row, view| named(undo(row, view).as_ref()), sorts: Sorts::Text },
    Column {
        title: "UNKNOWN",
        width: 7,
        cell: |row, view| (counts(row, view).unknown as usize).into(),
        sorts: Sorts::Key(|row, view| number(counts(row, view).unknown)),
    },
    Column {
        title: "LABELS",
        width: 40,
        cell: |row, _| row.fact.as_ref().map_or_else(|| "".into(), |it| labels(&it.labels).into()),
        sorts: Sorts::Text,
    },
];

/// One namespace, defined or only mentioned.
#[derive(Clone, Debug)]
pub struct ListedNamespace {
    name: Name,
    fact: Option<Arc<Namespace>>,
}

impl Filtered for ListedNamespace {
    fn words(&self) -> Pieces<'_> {
        [&self.name, "", "", "", ""]
    }
    fn label(&self, key: &str) -> Option<Cow<'_, Name>> {
        self.fact.as_ref()?.labels.get(key).map(Cow::Borrowed)
    }
}

impl Row for ListedNamespace {
    type Key = Name;
    fn key(&self) -> Name {
        self.name.clone()
    }
    fn order(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name)
    }
}

fn rows(view: CellContext<'_>) -> (Vec<ListedNamespace>, RowOrder) {
    let cluster = &view.world.cluster;
    let names = cluster.namespace_names().into_iter();
    let rows = names.map(|name| ListedNamespace { fact: cluster.namespaces.get("", &name).cloned(), name });
    let rows = rows.filter(|it| view.scope.problems == Problems::Everything || is_exposed(it, view));
    (rows.collect(), RowOrder::InOrder)
}

/// Whether some pod of it is not isolated at all.
fn is_exposed(row: &ListedNamespace, view: CellContext<'_>) -> bool {
    let counts = counts(row, view);
    counts.neither + counts.unknown + counts.host_network > 0
}

fn counts(row: &ListedNamespace, view: CellContext<'_>) -> IsolationCounts {
    view.world.counts(&row.name)
}

fn name(row: &ListedNamespace) -> Cell {
    let is_implied = row.fact.as_ref().is_none_or(|it| it.implied);
    Cell::new(row.name.as_str(), if is_implied { Tone::Dim } else { Tone::Plain })
}

/// In which directions it denies by default.
fn denies(row: &ListedNamespace, view: CellContext<'_>) -> Cell {
    let denies = view.world.default_deny(&row.name);
    let is_empty = view.world.cluster.pods.of(&row.name).is_empty();
    let tone = match denies.as_str() {
        "unknown" => Tone::Unknown,
        "in+out" => Tone::Plain,
        // Where no pod runs nothing is open yet.
        _ if is_empty => Tone::Dim,
        _ => Tone::Risk,
    };
    Cell::new(denies.as_str(), tone)
}

/// Who may undo that; nobody where it denies nothing.
fn undo(row: &ListedNamespace, view: CellContext<'_>) -> Option<CountedSubjects> {
    view.world.findings()?.undo.get(&row.name).cloned()
}

/// How far default deny goes in a direction: `all` (pods to come too), `today`, `2 of 5`, `none`.
fn reaches(row: &ListedNamespace, view: CellContext<'_>, direction: Direction) -> Cell {
    let reaches = view.world.default_deny_reaches(&row.name, direction);
    let tone = match reaches {
        IsolationExtent::ToCome | IsolationExtent::Today => Tone::Plain,
        IsolationExtent::Unknown => Tone::Unknown,
        IsolationExtent::Some(..) | IsolationExtent::None if view.world.cluster.pods.of(&row.name).is_empty() => {
            Tone::Dim
        }
        IsolationExtent::Some(..) | IsolationExtent::None => Tone::Risk,
    };
    Cell::new(reaches.to_string(), tone)
}

/// A number that should be none.
fn open(number: u32) -> Cell {
    Cell::number(number as usize, Tone::Risk)
}

fn number(number: u32) -> SortKey {
    SortKey::Number(number.into())
}
