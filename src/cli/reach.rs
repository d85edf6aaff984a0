//! `kreach reach END`: what END reaches, with `--reverse` what reaches it, and with `--to` one pair of that.
//!
//! ```text
//! $ kreach reach --from shop.yaml deploy/shop/web
//! shop
//!   v statefulset/shop/db  TCP 5432
//! ```

use std::io;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::ask::Question;
use crate::ask::many::{Reach, each_node_of, unit_name, unit_nodes, unit_ranges, unit_text};
use crate::ask::page::target;
use crate::ask::question::Reads;
use crate::ask::question::reach::{Answer, Found, Reach as Asking};
use crate::ask::reach_page::ports_text;
use crate::ask::reaches::Reaches;
use crate::ask::trace::Trace;
use crate::ask::whys::Reasons;
use crate::model::evidence::Outcome;
use crate::model::policy::Direction;
use crate::net::reach::ReachRow;
use crate::text::evidence::Evidence;
use crate::text::graph::{Arrow, Graph};

use super::answer::Form;
use super::json::{self, CountsJson, EvidenceJson, PortsJson};
use super::map::{LeftOutJson, left_out_json};
use super::path::WaysJson;
use super::{Asked, Command, Exit, Failure, path};

/// How what is reached is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReachForm {
    #[default]
    Text,
    Json,
    /// A graph, as Graphviz reads it
    Dot,
    /// Markdown, for a ticket
    Md,
}

/// What END reaches.
#[derive(Args, Debug)]
pub struct ReachArgs {
    #[command(flatten)]
    pub question: Asking,
    /// How the answer is printed
    #[arg(short, long, value_enum, default_value_t = ReachForm::Text)]
    pub output: ReachForm,
}

impl From<ReachForm> for Form {
    fn from(output: ReachForm) -> Self {
        match output {
            ReachForm::Text => Form::Text,
            ReachForm::Json => Form::Json,
            ReachForm::Dot => Form::Dot,
            ReachForm::Md => Form::Md,
        }
    }
}

impl Command for ReachArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        asked.print(&Question::Reach(self.question.clone()), Form::from(self.output), out)
    }
}

/// Writes it in any form but text.
pub(super) fn write(it: &Answer, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
    match form {
        Form::Md => it.pages(asked.world).iter().try_for_each(|it| Ok(out.write_all(it.markdown().as_bytes())?)),
        Form::Dot => Ok(write!(out, "{}", graph(it))?),
        _ => write_json(it, asked, out),
    }
}

fn graph(it: &Answer) -> Graph {
    match &it.found {
        Found::Trace(trace) => graph_of_trace(trace),
        Found::Path(path) => path::graph(path),
        Found::Connections(reach, _) => graph_of_reach(reach),
        Found::Ways(ways) => path::rows_graph(&it.of, &ways.rows),
    }
}

fn write_json(it: &Answer, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
    match &it.found {
        Found::Trace(trace) => json::write_trace(trace, asked, out),
        Found::Path(path) => path::write_json(path, asked, out),
        Found::Connections(reach, ways) => write_connections(it, reach, ways.as_ref(), asked, out),
        Found::Ways(ways) => path::write_rows_json(&it.of, ways, it.way, asked, out),
    }
}

/// One end and all that it may connect to, or that may connect to it.
fn graph_of_reach(reach: &Reach) -> Graph {
    let end = reach.end.to_string();
    let arrow = |it: &ReachRow| {
        let (here, there, words) = (end.clone(), unit_text(&it.unit), ports_text(&it.summary));
        let (from, to) = if reach.direction == Direction::Egress { (here, there) } else { (there, here) };
        let outcome = if it.summary.some.is_empty() { Outcome::Unknown } else { Outcome::Allow };
        Arrow { from, to, words, outcome }
    };
    let open = reach.rows.iter().filter(|it| !it.summary.possible.is_empty());
    Graph { title: reach.end.to_string(), arrows: open.map(arrow).collect() }
}

/// The plain connection between two ends.
fn graph_of_trace(trace: &Trace) -> Graph {
    let (from, to, outcome) = (trace.from.to_string(), target(&trace.to, &trace.port), trace.outcome());
    let arrow = Arrow { from, to, words: outcome.to_string(), outcome };
    Graph { title: format!("{} -> {}", arrow.from, arrow.to), arrows: vec![arrow] }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReachJson {
    version: &'static str,
    kind: &'static str,
    end: String,
    direction: &'static str,
    by: &'static str,
    outcome: &'static str,
    members: usize,
    pairs: CountsJson,
    left_out: LeftOutJson,
    evidence: Vec<EvidenceJson>,
    rows: Vec<RowJson>,
    /// Of what code can run in: what lies beyond its connections.
    #[serde(flatten)]
    ways: WaysJson,
}

/// One row; the same ports as in a map.
#[derive(Serialize)]
struct RowJson {
    unit: String,
    /// Every range of addresses, when the unit is outside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<String>,
    /// Every node, where so many rows would be that nodes that answer alike share one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<String>,
    outcome: &'static str,
    every: Vec<PortsJson>,
    some: Vec<PortsJson>,
    unknown: Vec<PortsJson>,
    pairs: CountsJson,
    /// Why something in this row is unknown.
    #[serde(skip_serializing_if = "json::is_without", serialize_with = "json::shared")]
    evidence: Reasons,
}

fn write_connections(
    it: &Answer,
    reach: &Reach,
    ways: Option<&Reaches>,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Failure> {
    let asker = asked.world.asker();
    let whys = asker.whys(it.by.into());
    let row = |it: &ReachRow| RowJson {
        unit: unit_name(&it.unit),
        ranges: unit_ranges(&it.unit),
        nodes: unit_nodes(&it.unit),
        outcome: it.summary.pairs.worst().as_str(),
        every: json::ports(&it.summary.every),
        some: json::ports(&it.summary.some),
        unknown: json::ports(&it.summary.possible.difference(&it.summary.some)),
        pairs: json::counts(&it.summary.pairs),
        evidence: whys.of_reach(reach, it),
    };
    let reasons: Vec<Evidence> = reach.gaps.iter().map(Evidence::gap).chain(reach.notes.iter().cloned()).collect();
    let document = ReachJson {
        version: json::VERSION,
        kind: "Reach",
        end: reach.end.to_string(),
        direction: if reach.direction == Direction::Egress { "reaches" } else { "reachedBy" },
        by: it.by.as_str(),
        outcome: reach.pairs.worst().as_str(),
        members: reach.members.len(),
        pairs: json::counts(&reach.pairs),
        left_out: left_out_json(&reach.left_out),
        evidence: json::evidence(&reasons).into_iter().chain(ways.map(path::limits).into_iter().flatten()).collect(),
        ways: ways.map(|ways| WaysJson::of(ways, it.way)).unwrap_or_default(),
        rows: each_node_of(&reach.rows).map(|it| row(&it)).collect(),
    };
    json::write(&document, asked, out)
}
