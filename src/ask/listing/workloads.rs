//! Workloads: what controls pods, how many each has, and how those are isolated.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Cell, Column, Item, Listing, Row, RowMoves, RowOrder, SortKey, Sorts, Tone, together};
use crate::ask::filter::{Filtered, Pieces};
use crate::ask::question::list::RestsOn;
use crate::ask::scope::{CellContext, Problems};
use crate::model::cluster::FactChange;
use crate::model::id::{Kind, WorkloadId};
use crate::model::name::Name;
use crate::model::ownership::workload_of;

/// The list.
pub const LISTING: Listing<WorkloadId> = Listing {
    name: "workloads",
    title: "Workloads",
    help: "What controls pods: how many each has, and how they are isolated",
    examples: &["kreach workloads -n payments", "kreach workloads isolated=none -o name"],
    rests_on: RestsOn::Network,
    nothing: "no workload",
    sources: &[Kind::POD, Kind::DEPLOYMENT],
    columns: COLUMNS,
    wide: WIDE,
    rows,
    weigh: |_, _| {},
    is_problem: has_problem,
    risk: None,
    moves_risk: |_| false,
    moves,
    concerns: |change, _| matches!(change, FactChange::Pod(_) | FactChange::Workload(_)),
    item: |row| Item::Workload(row.clone()),
    key: |item| match item {
        Item::Workload(it) => Some(it.clone()),
        _ => None,
    },
};

const COLUMNS: &[Column<WorkloadId>] = &[
    Column { title: "WORKLOAD", width: 18, cell: name, sorts: Sorts::Naturally },
    Column {
        title: "ISOLATED",
        width: 8,
        cell: |row, view| together(view.world.crew(row).isolation),
        sorts: Sorts::Text,
    },
    Column {
        title: "PODS",
        width: 4,
        cell: |row, view| view.world.crew(row).pods.into(),
        sorts: Sorts::Key(|row, view| SortKey::Number(view.world.crew(row).pods as u64)),
    },
    Column {
        title: "RUNNING",
        width: 7,
        cell: running,
        sorts: Sorts::Key(|row, view| SortKey::Number(view.world.crew(row).running as u64)),
    },
    Column {
        title: "POL",
        width: 3,
        cell: |row, view| view.world.crew(row).policies.into(),
        sorts: Sorts::Key(|row, view| SortKey::Number(view.world.crew(row).policies as u64)),
    },
    Column {
        title: "ACCOUNT",
        width: 14,
        cell: |row, view| view.world.crew(row).account.as_str().into(),
        sorts: Sorts::Text,
    },
];

const WIDE: &[Column<WorkloadId>] =
    &[Column { title: "KIND", width: 12, cell: |row, _| row.kind.to_lowercase().into(), sorts: Sorts::Text }];

impl Filtered for WorkloadId {
    fn words(&self) -> Pieces<'_> {
        [&self.kind, "/", &self.namespace, "/", &self.name]
    }
    /// Those of workloads are not kept.
    fn label(&self, _: &str) -> Option<Cow<'_, Name>> {
        None
    }
}

impl Row for WorkloadId {
    type Key = WorkloadId;
    fn key(&self) -> WorkloadId {
        self.clone()
    }
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

fn rows(view: CellContext<'_>) -> (Vec<WorkloadId>, RowOrder) {
    let cluster = &view.world.cluster;
    let named: BTreeSet<&Name> = cluster.pods.namespaces().chain(cluster.workloads.namespaces()).collect();
    let here = named.into_iter().filter(|it| view.scope.holds(it));
    let rows = here.flat_map(|it| view.world.workloads_in(it));
    let rows = rows.filter(|it| view.scope.problems == Problems::Everything || has_problem(it, view));
    (rows.collect(), RowOrder::Unordered)
}

fn moves(change: &FactChange, view: CellContext<'_>) -> Option<RowMoves<WorkloadId>> {
    match change {
        // A ReplicaSet may hand all of its pods to another workload.
        FactChange::Workload(_) => None,
        FactChange::Pod(diff) => {
            let pods = diff.before.iter().chain(&diff.after);
            let touched: BTreeSet<WorkloadId> = pods.filter_map(|it| workload_of(&view.world.cluster, it)).collect();
            Some(touched.into_iter().map(|it| (Some(it.clone()), Some(it).filter(|it| is_in(it, view)))).collect())
        }
        _ => Some(Vec::new()),
    }
}

fn is_in(row: &WorkloadId, view: CellContext<'_>) -> bool {
    view.scope.holds(&row.namespace)
        && view.world.has_workload(row)
        && (view.scope.problems == Problems::Everything || has_problem(row, view))
}

/// Whether a pod of it is open to everything, or is not running.
fn has_problem(row: &WorkloadId, view: CellContext<'_>) -> bool {
    let crew = view.world.crew(row);
    crew.isolation.is_open() || crew.running < crew.pods
}

fn name(row: &WorkloadId, view: CellContext<'_>) -> Cell {
    match view.scope.only() {
        Some(_) => format!("{}/{}", row.kind.to_lowercase(), row.name).into(),
        None => row.to_string().into(),
    }
}

fn running(row: &WorkloadId, view: CellContext<'_>) -> Cell {
    let crew = view.world.crew(row);
    Cell::number(crew.running, if crew.running < crew.pods { Tone::Risk } else { Tone::Plain })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::World;
    use crate::ask::scope::ListScope;
    use crate::ask::world::SelfCheck;
    use crate::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
    use crate::model::coverage::Coverage;
    use crate::model::facts::{Meta, Pod};
    use crate::model::id::ObjectId;
    use crate::model::owner::{Owner, WorkloadKind};
    use crate::model::workload::Workload;
    use crate::net::Settings;

    fn put(fact: AnyFact) -> Delta {
        Delta::Put(ReadObject::new(fact))
    }

    fn pod(name: &str, kind: &str, owner: &str) -> Delta {
        let owner = Owner::new(kind, owner.into());
        put(AnyFact::Pod(Pod::named("shop", name).changed(|it| it.owner = Some(owner)).into()))
    }

    fn workload(kind: WorkloadKind, name: &str, owner: Option<Owner>) -> Delta {
        let meta = Meta { namespace: "shop".into(), name: name.into(), ..Meta::default() };
        put(Workload::new(kind, meta, owner, None).into())
    }

    /// The law of every list: rows moved change by change are those that filling anew gives.
    #[test]
    fn rows_follow_changes_as_filling_anew_does() {
        let deployment = || Some(Owner::new("Deployment", "web".into()));
        let steps = [
            pod("a", "ReplicaSet", "web-1"),
            workload(WorkloadKind::ReplicaSet, "web-1", deployment()),
            pod("b", "StatefulSet", "db"),
            workload(WorkloadKind::StatefulSet, "db", None),
            Delta::Gone(ObjectId::new(Kind::POD, "shop", "b")),
            workload(WorkloadKind::Deployment, "web", None),
            Delta::Gone(ObjectId::new(Kind::POD, "shop", "a")),
            pod("c", "Rollout", "new"),
            pod("c", "Job", "new"),
            Delta::Gone(ObjectId::new(Kind::STATEFUL_SET, "shop", "db")),
            Delta::Gone(ObjectId::new(Kind::POD, "shop", "c")),
        ];
        let mut world = World::of(Cluster::new(Coverage::Live), Settings::default(), SelfCheck::Off);
        let scope = ListScope::default();
        let mut held: BTreeSet<WorkloadId> = BTreeSet::new();
        for step in steps {
            let changes = world.apply(vec![step]);
            let view = CellContext { world: &world, scope: &scope, acting: None };
            let anew: BTreeSet<WorkloadId> = rows(view).0.into_iter().collect();
            for change in changes {
                match moves(&change, view) {
                    None => held = anew.clone(),
                    Some(moved) => moved.into_iter().for_each(|(before, after)| {
                        held.retain(|it| before.as_ref() != Some(it));
                        held.extend(after);
                    }),
                }
            }
            assert_eq!(held, anew);
        }
        assert_eq!(held.iter().map(ToString::to_string).collect::<Vec<_>>(), ["deployment/shop/web"]);
    }
}
