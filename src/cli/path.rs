//! The ways of `kreach reach`: through RBAC, pods and the network, to one goal or to everything.
//!
//! ```text
//! $ kreach reach --from shop.yaml sa:ci/runner --to cluster-admin
//! v allow  sa:ci/runner -> cluster-admin  in 2 steps
//! ```

use std::io;

use serde::Serialize;

use crate::ask::escalation::ReachPath;
use crate::ask::reaches::Reached;
use crate::escalate::Step;
use crate::model::evidence::Outcome;
use crate::text::escalate as words;
use crate::text::evidence::Evidence;
use crate::text::graph::Graph;
use crate::text::{Line, Mark, Page};

use super::json::{self, CountsJson, EvidenceJson};
use super::{Asked, Failure};

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
    path.gaps.iter().map(Evidence::gap).collect()
}

/// Prints whether a goal is reached.
pub fn write_json(path: &ReachPath, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
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
    json::write(&document, asked, out)
}

/// The same in words.
pub fn page(path: &ReachPath) -> Page {
    let (from, to) = (&path.question.from, &path.question.to);
    let head = format!("{}  {from} -> {to}{}", path.outcome, words::length(&path.path, path.outcome));
    let mut lines = vec![Line::new(0, Mark::of(path.outcome), head)];
    lines.extend(words::lines(&path.path));
    lines.extend(gaps(path).iter().map(|it| it.line(1)));
    if path.outcome == Outcome::Deny {
        lines.push(Line::new(1, Mark::Note, "no way leads there by the steps of docs/reach.md"));
    }
    Page { lines, ..Page::default() }
}

/// The same as a graph.
pub fn graph(path: &ReachPath) -> Graph {
    let (from, to) = (&path.question.from, &path.question.to);
    Graph::of_ways(format!("{from} -> {to}"), [(path.path.as_slice(), Some(to.as_str()))])
}

/// `kreach reach SUBJECT -o json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReachesJson {
    version: &'static str,
    kind: &'static str,
    end: String,
    direction: &'static str,
    /// The network's alone: subjects stand nowhere in it.
    rows: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    reaches: Option<Vec<ReachedJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reached_by: Option<Vec<ReachedJson>>,
}

/// Prints everything that is reached, or everybody who reaches it.
pub fn write_rows_json(
    end: &str,
    rows: &[Reached],
    reverse: bool,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Failure> {
    let all = || Some(rows.iter().map(reached).collect());
    let document = ReachesJson {
        version: json::VERSION,
        kind: "Reach",
        end: end.to_owned(),
        direction: if reverse { "reachedBy" } else { "reaches" },
        rows: [],
        reaches: if reverse { None } else { all() },
        reached_by: if reverse { all() } else { None },
    };
    json::write(&document, asked, out)
}

/// The same in words.
pub fn rows_page(end: &str, rows: &[Reached], reverse: bool) -> Page {
    let mut page = Page::default();
    let head = if reverse { format!("{end} is reached by") } else { format!("{end} reaches") };
    page.say(0, Mark::Title, head);
    for row in rows {
        let count = if row.count() > 1 { format!(" ({})", row.count()) } else { String::new() };
        let edges: Vec<&str> = row.path.iter().map(|it| it.edge.id).collect();
        page.say(1, Mark::of(row.outcome), format!("{}{count}  {}", row.end, edges.join(" > ")));
    }
    if rows.is_empty() {
        let words = if reverse { "nobody by the steps of docs/reach.md" } else { "nothing beyond its own rights" };
        page.say(1, Mark::Note, words);
    }
    page
}

/// The same as a graph: every step of every way once.
pub fn rows_graph(end: &str, rows: &[Reached]) -> Graph {
    Graph::of_ways(end, rows.iter().map(|it| (it.path.as_slice(), None)))
}
