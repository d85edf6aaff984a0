//! Services: how each is exposed, what stands behind it, and how that is isolated.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Cell, Column, Item, Listing, Row, RowMoves, RowOrder, SortKey, Sorts, Tone, together};
use crate::ask::crew::ServiceBackends;
use crate::ask::question::list::RestsOn;
use crate::ask::scope::{CellContext, Problems};
use crate::model::cluster::FactChange;
use crate::model::facts::{Fact as _, Service, ServiceType};
use crate::model::id::{Kind, ObjectId};

/// The list.
pub const LISTING: Listing<Arc<Service>> = Listing {
    name: "services",
    title: "Services",
    help: "The Services, what stands behind each, and how that is isolated",
    examples: &["kreach services type=loadbalancer", "kreach services 'ready<1' -o wide"],
    rests_on: RestsOn::Network,
    nothing: "no Service",
    sources: &[Kind::SERVICE, Kind::ENDPOINT_SLICE],
    columns: COLUMNS,
    wide: WIDE,
    rows,
    weigh: |_, _| {},
    is_problem: has_problem,
    risk: None,
    moves_risk: |_| false,
    moves,
    concerns: |change, _| matches!(change, FactChange::Service(_)),
    item: |row| Item::Service(row.id()),
    key: |item| match item {
        Item::Service(it) => Some(it.clone()),
        _ => None,
    },
};

const COLUMNS: &[Column<Arc<Service>>] = &[
    Column { title: "SERVICE", width: 18, cell: name, sorts: Sorts::Naturally },
    Column { title: "TYPE", width: 9, cell: exposure, sorts: Sorts::Text },
    Column { title: "ISOLATED", width: 8, cell: |row, view| together(front(row, view).isolation), sorts: Sorts::Text },
    Column {
        title: "READY",
        width: 5,
        cell: ready,
        sorts: Sorts::Key(|row, view| SortKey::Number(front(row, view).ready as u64)),
    },
    Column { title: "PORTS", width: 12, cell: |row, _| ports(row).into(), sorts: Sorts::Text },
    Column {
        title: "POL",
        width: 3,
        cell: |row, view| front(row, view).policies.into(),
        sorts: Sorts::Key(|row, view| SortKey::Number(front(row, view).policies as u64)),
    },
    Column {
        title: "ADDRESS",
        width: 15,
        cell: |row, _| row.addresses().next().map_or(Cell::new("none", Tone::Dim), |it| it.to_string().into()),
        sorts: Sorts::Key(|row, _| SortKey::address(row.addresses().next())),
    },
];

const WIDE: &[Column<Arc<Service>>] = &[
    Column { title: "WAITING", width: 7, cell: |row, view| front(row, view).waiting.into(), sorts: Sorts::Text },
    Column {
        title: "OUTSIDE",
        width: 30,
        cell: |row, _| row.outer_addresses().map(|it| it.to_string()).collect::<Vec<_>>().join(",").into(),
        sorts: Sorts::Text,
    },
    Column { title: "SELECTS", width: 40, cell: |row, _| super::labels(&row.selector).into(), sorts: Sorts::Text },
];

impl Row for Arc<Service> {
    type Key = ObjectId;
    fn key(&self) -> ObjectId {
        self.id()
    }
    fn order(&self, other: &Self) -> Ordering {
        (&self.meta.namespace, &self.meta.name).cmp(&(&other.meta.namespace, &other.meta.name))
    }
}

fn rows(view: CellContext<'_>) -> (Vec<Arc<Service>>, RowOrder) {
    (view.world.cluster.services.iter().filter(|it| is_in(it, view)).cloned().collect(), RowOrder::Unordered)
}

fn moves(change: &FactChange, view: CellContext<'_>) -> Option<RowMoves<Arc<Service>>> {
    let FactChange::Service(diff) = change else { return Some(Vec::new()) };
    Some(vec![(diff.before.clone(), diff.after.clone().filter(|it| is_in(it, view)))])
}

fn is_in(row: &Arc<Service>, view: CellContext<'_>) -> bool {
    view.scope.holds(&row.meta.namespace) && (view.scope.problems == Problems::Everything || has_problem(row, view))
}

fn front(row: &Arc<Service>, view: CellContext<'_>) -> ServiceBackends {
    view.world.front(&row.meta.namespace, &row.meta.name)
}

/// Whether it is taken in from outside and what stands behind it is open, or nothing stands behind it.
fn has_problem(row: &Arc<Service>, view: CellContext<'_>) -> bool {
    let front = front(row, view);
    row.is_exposed() && front.isolation.is_open() || front.ready == 0 && leads_to_pods(row)
}

fn leads_to_pods(row: &Arc<Service>) -> bool {
    !matches!(row.service_type, ServiceType::ExternalName(_))
}

fn name(row: &Arc<Service>, view: CellContext<'_>) -> Cell {
    match view.scope.only() {
        Some(_) => row.meta.name.as_str().into(),
        None => format!("{}/{}", row.meta.namespace, row.meta.name).into(),
    }
}

fn exposure(row: &Arc<Service>, view: CellContext<'_>) -> Cell {
    let word = match &row.service_type {
        ServiceType::ClusterIp if row.headless => "headless",
        ServiceType::ClusterIp => "ClusterIP",
        ServiceType::NodePort => "NodePort",
        ServiceType::LoadBalancer => "LoadBalancer",
        ServiceType::ExternalName(_) => "ExternalName",
    };
    let is_open = row.is_exposed() && front(row, view).isolation.is_open();
    Cell::new(word, if is_open { Tone::Risk } else { Tone::Plain })
}

/// `5432,9187`, with the protocol where that is not TCP.
fn ports(row: &Arc<Service>) -> String {
    let port = |it: &crate::model::facts::ServicePort| match it.protocol {
        crate::model::port::Protocol::Tcp => it.number.to_string(),
        other => format!("{}/{other}", it.number),
    };
    row.ports.iter().map(port).collect::<Vec<_>>().join(",")
}

fn ready(row: &Arc<Service>, view: CellContext<'_>) -> Cell {
    let front = front(row, view);
    let is_lacking = leads_to_pods(row) && front.ready == 0;
    Cell::number(front.ready, Tone::Plain).toned(if is_lacking { Some(Tone::Risk) } else { None })
}
