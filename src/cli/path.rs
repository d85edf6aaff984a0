//! The ways of `kreach reach`: through RBAC, pods and the network, to one goal or to everything.
//!
//! ```text
//! $ kreach reach --from shop.yaml sa:ci/runner --to cluster-admin
//! v allow  sa:ci/runner -> cluster-admin  in 2 steps
//! ```

use std::io;

use serde::Serialize;

use crate::ask::Fault;
use crate::ask::escalation::ReachPath;
use crate::ask::reaches::{ReachWay, Reached, Reaches};
use crate::escalate::Step;
use crate::text::Mark;
use crate::text::escalate as words;
use crate::text::evidence::Evidence;
use crate::text::graph::TextGraph;

use super::Asked;
use super::form::Form;
use super::json::{self, CountsJson, EvidenceJson};
use super::sheet::{ALL, Sheet, SheetRow, WIDE};

/// `kreach reach END --to GOAL -o json`.
#[derive(Serialize)]
struct PathJson {
    version: &'static str,
    kind: &'static str,
    from: String,
    to: String,
    outcome: &'static str,
    path: Vec<StepJson>,
    counts: CountsJson,
    evidence: Vec<EvidenceJson>,
}

/// One step.
#[derive(Serialize)]
pub struct StepJson {
    pub edge: &'static str,
    pub name: &'static str,
    pub from: String,
    pub to: String,
    pub certainty: &'static str,
    pub evidence: Vec<EvidenceJson>,
}

/// One row of `reaches` and `reachedBy`.
#[derive(Serialize)]
pub struct ReachedJson {
    pub end: String,
    pub hops: usize,
    pub outcome: &'static str,
    pub count: usize,
    pub path: Vec<StepJson>,
}

/// A step; the last one ends at what was asked for, as it was asked.
fn step(it: &Step, to: String) -> StepJson {
    StepJson {
        edge: it.edge.id,
        name: it.edge.name,
        from: it.from.to_string(),
        to,
        certainty: it.certainty.as_str(),
        evidence: json::evidence(&words::evidence(it)),
    }
}

/// A way as JSON.
pub fn steps(path: &[Step], goal: Option<&str>) -> Vec<StepJson> {
    let last = path.len().saturating_sub(1);
    let to = |at: usize, it: &Step| match goal {
        Some(goal) if at == last => goal.to_owned(),
        _ => it.to.to_string(),
    };
    path.iter().enumerate().map(|(at, it)| step(it, to(at, it))).collect()
}

/// A row as JSON.
pub fn reached(it: &Reached) -> ReachedJson {
    ReachedJson {
        end: it.end.clone(),
        hops: it.path.len(),
        outcome: it.outcome.as_str(),
        count: it.count(),
        path: steps(&it.path, None),
    }
}

fn gaps(path: &ReachPath) -> Vec<Evidence> {
    path.gaps.iter().map(Evidence::gap).chain(path.miss.as_ref().map(words::miss)).collect()
}

/// Prints whether a goal is reached.
pub fn write_json(path: &ReachPath, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    let [allow, unknown, deny] = path.counts.map(|it| it as u64);
    let document = PathJson {
        version: json::VERSION,
        kind: "Path",
        from: path.question.from.clone(),
        to: path.question.to.clone(),
        outcome: path.outcome.as_str(),
        path: steps(&path.path, Some(&path.question.to)),
        counts: CountsJson { allow, deny, unknown },
        evidence: json::evidence(&gaps(path)),
    };
    json::write_as(form, &document, asked, out)
}

/// A row for each step.
pub fn sheet(path: &ReachPath) -> Sheet<'_> {
    let columns: [(&'static str, &'static [Form]); 6] =
        [("step", ALL), ("from", ALL), ("to", ALL), ("by", ALL), ("certainty", ALL), ("edge", WIDE)];
    let steps = steps(&path.path, Some(&path.question.to)).into_iter().enumerate().map(|(at, it)| {
        let step = (at + 1).to_string();
        vec![step, it.from, it.to, it.name.to_owned(), it.certainty.to_owned(), it.edge.to_owned()]
    });
    let told = format!("{}: {} -> {}", path.outcome, path.question.from, path.question.to);
    Sheet::of(&columns, steps).with(Mark::Plain, [told]).with(Mark::Unknown, gaps(path).into_iter().map(|it| it.what))
}

/// A row for each that is reached, or that comes there; those of connections alone have ports.
pub fn rows_sheet<'a>(found: &'a Reaches) -> Sheet<'a> {
    let columns: [(&'static str, &'static [Form]); 5] =
        [("end", ALL), ("outcome", ALL), ("steps", ALL), ("count", WIDE), ("by", ALL)];
    let gaps: Vec<String> = found.gaps.iter().map(|it| Evidence::gap(it).what).collect();
    Sheet::of(&columns, found.rows.iter().map(cells)).with(Mark::Unknown, gaps)
}

/// Its end, how that is come to, and of how many it speaks.
pub fn cells(it: &Reached) -> SheetRow {
    let names: Vec<&str> = it.path.iter().map(|step| step.edge.name).collect();
    let (steps, count) = (it.path.len().to_string(), it.count().to_string());
    vec![it.end.clone(), it.outcome.to_string(), steps, count, names.join(" > ")]
}

/// The same as a graph.
pub fn graph(path: &ReachPath) -> TextGraph {
    let (from, to) = (&path.question.from, &path.question.to);
    TextGraph::of_ways(format!("{from} -> {to}"), [(path.path.as_slice(), Some(to.as_str()))])
}

/// `kreach reach SUBJECT -o json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReachesJson {
    version: &'static str,
    kind: &'static str,
    end: String,
    direction: &'static str,
    /// Why something may be missing.
    evidence: Vec<EvidenceJson>,
    /// The network's alone: subjects stand nowhere in it.
    rows: [(); 0],
    #[serde(flatten)]
    ways: WaysJson,
}

/// What is come to through RBAC, pods and the network, or who comes there; one of both.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct WaysJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    reaches: Option<Vec<ReachedJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reached_by: Option<Vec<ReachedJson>>,
}

impl WaysJson {
    /// All rows of an answer.
    pub fn of(found: &Reaches, way: ReachWay) -> Self {
        let rows = Some(found.rows.iter().map(reached).collect());
        match way {
            ReachWay::From => Self { reaches: rows, reached_by: None },
            ReachWay::To => Self { reaches: None, reached_by: rows },
        }
    }
}

/// Why rows of ways may be missing.
pub fn limits(found: &Reaches) -> Vec<EvidenceJson> {
    let gaps: Vec<Evidence> = found.gaps.iter().map(Evidence::gap).collect();
    json::evidence(&gaps)
}

/// Prints everything that is reached, or everybody who reaches it.
pub fn write_rows_json(
    end: &str,
    found: &Reaches,
    way: ReachWay,
    form: Form,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    let document = ReachesJson {
        version: json::VERSION,
        kind: "Reach",
        end: end.to_owned(),
        direction: if way == ReachWay::To { "reachedBy" } else { "reaches" },
        evidence: limits(found),
        rows: [],
        ways: WaysJson::of(found, way),
    };
    json::write_as(form, &document, asked, out)
}

/// The same as a graph: every step of every way once.
pub fn rows_graph(end: &str, rows: &[Reached]) -> TextGraph {
    TextGraph::of_ways(end, rows.iter().map(|it| (it.path.as_slice(), None)))
}
