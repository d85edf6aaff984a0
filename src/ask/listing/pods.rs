//! Pods: where each stands, and what governs it.

use std::cmp::Ordering;

use super::{Cell, Column, Item, Listing, Row, RowMoves, RowOrder, SortKey, Sorts, Tone, isolated, labels};
use crate::ask::isolation::Isolation;
use crate::ask::question::list::RestsOn;
use crate::ask::scope::{CellContext, Problems};
use crate::model::cluster::FactChange;
use crate::model::facts::{Phase, Pod, SharedPod};
use crate::model::id::{Kind, PodId};

/// The list.
pub const LISTING: Listing<SharedPod> = Listing {
    name: "pods",
    title: "Pods",
    help: "The pods, and how each is isolated",
    examples: &["kreach pods -n payments isolated=none", "kreach pods -l app=web phase!=running -o wide"],
    rests_on: RestsOn::Network,
    nothing: "no pod",
    sources: &[Kind::POD],
    columns: COLUMNS,
    wide: WIDE,
    rows,
    weigh: |_, _| {},
    is_problem: |row, view| has_problem(row, view),
    risk: None,
    moves_risk: |_| false,
    moves,
    concerns: |change, _| matches!(change, FactChange::Pod(_)),
    item: |row| Item::Pod(row.pod_id()),
    key: |item| match item {
        Item::Pod(it) => Some(it.clone()),
        _ => None,
    },
};

const COLUMNS: &[Column<SharedPod>] = &[
    Column { title: "POD", width: 18, cell: name, sorts: Sorts::Naturally },
    Column { title: "ISOLATED", width: 8, cell: |row, view| isolated(view.world.isolation(row)), sorts: Sorts::Text },
    Column { title: "PHASE", width: 9, cell: |row, _| phase(row), sorts: Sorts::Text },
    Column {
        title: "POL",
        width: 3,
        cell: |row, view| view.world.policy_count(row).into(),
        sorts: Sorts::Key(|row, view| SortKey::Number(view.world.policy_count(row) as u64)),
    },
    Column {
        title: "ADDRESS",
        width: 15,
        cell: |row, _| row.addresses().first().map_or(Cell::new("none", Tone::Dim), |it| it.to_string().into()),
        sorts: Sorts::Key(|row, _| SortKey::address(row.addresses().first())),
    },
    Column { title: "NODE", width: 14, cell: |row, _| row.node().as_str().into(), sorts: Sorts::Text },
    Column { title: "OWNER", width: 24, cell: |row, _| owner(row), sorts: Sorts::Text },
];

const WIDE: &[Column<SharedPod>] = &[
    Column {
        title: "ADDRESSES",
        width: 40,
        cell: |row, _| row.addresses().iter().map(|it| it.to_string()).collect::<Vec<_>>().join(",").into(),
        sorts: Sorts::Text,
    },
    Column { title: "ACCOUNT", width: 20, cell: |row, _| row.service_account().as_str().into(), sorts: Sorts::Text },
    Column { title: "LABELS", width: 40, cell: |row, _| labels(&row.labels().whole()).into(), sorts: Sorts::Text },
];

impl Row for SharedPod {
    type Key = PodId;
    fn key(&self) -> PodId {
        self.pod_id()
    }
    fn is(&self, key: &PodId) -> bool {
        Pod::is(self, key)
    }
    fn order(&self, other: &Self) -> Ordering {
        Pod::order(self, other)
    }
}

fn rows(view: CellContext<'_>) -> (Vec<SharedPod>, RowOrder) {
    let pods = &view.world.cluster.pods;
    let rows: Vec<SharedPod> = match view.scope.namespaces.is_empty() {
        true => pods.iter().filter(|it| is_in(it, view)).cloned().collect(),
        false => {
            view.scope.namespaces.iter().flat_map(|it| pods.of(it)).filter(|it| is_in(it, view)).cloned().collect()
        }
    };
    (rows, RowOrder::Unordered)
}

fn moves(change: &FactChange, view: CellContext<'_>) -> Option<RowMoves<SharedPod>> {
    let FactChange::Pod(diff) = change else { return Some(Vec::new()) };
    // What was not in the list is not found there; what is not in it any more only goes.
    let after = diff.after.clone().filter(|it| is_in(it, view));
    Some(vec![(diff.before.clone(), after)])
}

fn is_in(pod: &SharedPod, view: CellContext<'_>) -> bool {
    view.scope.holds(pod.namespace()) && (view.scope.problems == Problems::Everything || has_problem(pod, view))
}

/// Whether it fails, is exposed, or could not be read in full.
fn has_problem(pod: &SharedPod, view: CellContext<'_>) -> bool {
    matches!(pod.phase(), Phase::Failed | Phase::Unknown | Phase::Pending)
        || view.world.isolation(pod) == Isolation::OPEN
        || view.world.cluster.problems.contains_key(&pod.pod_id().object())
}

fn name(row: &SharedPod, view: CellContext<'_>) -> Cell {
    let role = if row.phase().is_finished() || row.is_terminating() { Tone::Dim } else { Tone::Plain };
    match view.scope.only() {
        Some(_) => Cell::new(row.name().to_string(), role),
        None => Cell::new(format!("{}/{}", row.namespace(), row.name()), role),
    }
}

fn phase(row: &SharedPod) -> Cell {
    if row.is_terminating() {
        return Cell::new("Ending", Tone::Dim);
    }
    let role = match row.phase() {
        Phase::Running => Tone::Plain,
        Phase::Succeeded => Tone::Dim,
        Phase::Pending | Phase::Failed | Phase::Unknown => Tone::Risk,
    };
    Cell::new(row.phase().as_str(), role)
}

fn owner(row: &SharedPod) -> Cell {
    match row.owner() {
        Some(owner) => format!("{}/{}", owner.kind().to_lowercase(), owner.name).into(),
        None => Cell::new("none", Tone::Dim),
    }
}
