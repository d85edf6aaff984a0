//! `[4] Subjects`: who is named in bindings, and which service accounts there are.

use std::sync::Arc;

use super::{Cell, Column, Item, PaneSpec, Sorts, Table};
use crate::model::cluster::Change;
use crate::model::id::Kind;
use crate::model::role::SubjectKind;
use crate::tui::list::{Given, List, SortKey};
use crate::tui::subjects::{Existence, Found};
use crate::tui::theme::Role;
use crate::tui::world::{Problems, View};

/// The pane.
pub const PANE: PaneSpec = PaneSpec {
    title: "Subjects",
    help: "users, groups and service accounts, and the bindings that name them",
    new: || {
        Box::new(Table {
            list: List::default(),
            columns: COLUMNS,
            rows,
            // Rows of a binding are found by building them anew: the world has done so already.
            moves: |change, _| match change {
                Change::Binding(_) | Change::ServiceAccount(_) => None,
                _ => Some(Vec::new()),
            },
            item: |row: &Arc<Found>| Item::Subject(row.subject.clone()),
            key: |item| match item {
                Item::Subject(subject) => Some(subject.clone()),
                _ => None,
            },
            empty: |view| super::why_empty(view, SOURCES, "no subject"),
        })
    },
};

/// Where subjects are found.
const SOURCES: &[Kind] = &[Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING, Kind::SERVICE_ACCOUNT];

const COLUMNS: &[Column<Arc<Found>>] = &[
    Column { title: "SUBJECT", width: 20, cell: |row, _| name(row), sorts: Sorts::Naturally },
    Column {
        title: "BOUND",
        width: 5,
        cell: |row, _| row.bindings.len().into(),
        sorts: Sorts::Key(|row, _| SortKey::Number(row.bindings.len() as u64)),
    },
    Column {
        title: "WHERE",
        width: 12,
        cell: |row, _| reach(row),
        sorts: Sorts::Key(|row, _| SortKey::Number((row.reach().0 * 100_000 + row.reach().1) as u64)),
    },
    Column {
        title: "PODS",
        width: 5,
        cell: |row, view| pods(row, view),
        sorts: Sorts::Key(|row, view| SortKey::Number(running(row, view) as u64)),
    },
    Column { title: "STATE", width: 9, cell: |row, view| state(row, view), sorts: Sorts::Text },
];

fn rows(view: View<'_>) -> (Vec<Arc<Found>>, Given) {
    let rows = view.world.subjects.rows().filter(|it| is_in(it, view)).cloned();
    (rows.collect(), Given::InOrder)
}

/// In a scope of namespaces: its service accounts, and whoever is bound there or everywhere.
fn is_in(row: &Found, view: View<'_>) -> bool {
    let scope = view.scope;
    let is_here = scope.namespaces.is_empty()
        || (!row.subject.namespace.is_empty() && scope.holds(&row.subject.namespace))
        || row.bindings.iter().any(|it| scope.holds(&it.namespace));
    is_here && (scope.problems == Problems::Everything || row.existence == Existence::Missing)
}

fn name(row: &Found) -> Cell {
    let role = if matches!(row.subject.kind, SubjectKind::Other(_)) { Role::Dim } else { Role::Text };
    Cell::new(row.subject.to_string(), role)
}

fn reach(row: &Found) -> Cell {
    match row.reach() {
        (0, 0) => Cell::new("nowhere", Role::Dim),
        (0, 1) => "1 binding".into(),
        (0, bindings) => format!("{bindings} bindings").into(),
        _ => Cell::new("cluster-wide", Role::Deny),
    }
}

/// How many pods run as this service account.
fn running(row: &Found, view: View<'_>) -> usize {
    match row.subject.kind {
        SubjectKind::ServiceAccount => {
            let pods = view.world.cluster.pods.of(&row.subject.namespace).iter();
            pods.filter(|it| it.service_account == row.subject.name).count()
        }
        _ => 0,
    }
}

fn pods(row: &Found, view: View<'_>) -> Cell {
    match row.subject.kind {
        SubjectKind::ServiceAccount => running(row, view).into(),
        _ => Cell::new("", Role::Dim),
    }
}

fn state(row: &Found, view: View<'_>) -> Cell {
    match row.existence {
        Existence::Missing
            if !view.world.cluster.coverage.is_complete(Kind::SERVICE_ACCOUNT, &row.subject.namespace) =>
        {
            Cell::new("unread", Role::Dim)
        }
        Existence::Missing => Cell::new("missing", Role::Deny),
        Existence::Exists if row.bindings.is_empty() && running(row, view) == 0 => Cell::new("unused", Role::Dim),
        Existence::Exists => "".into(),
        Existence::NotAnObject => "".into(),
    }
}
