//! `kreach map`: every connection that some pair of pods may make, by pod, workload or namespace.
//!
//! ```text
//! deployment/shop/web  ->  statefulset/shop/db  TCP 5432
//! ```
//!
//! Rows in which no pair can pass are left out and counted. Each row has its own outcome, and if something in it is
//! unknown it says why; the command ends with 0.

use std::collections::BTreeMap;
use std::io;

use clap::Args;
use petgraph::dot::{Config, Dot};
use petgraph::graph::{DiGraph, NodeIndex};
use serde::Serialize;

use crate::ask::many::{each_node, unit_name, unit_nodes, unit_ranges, unit_text};
use crate::ask::page;
use crate::ask::question::Reads;
use crate::ask::question::map::{Map as Asking, Mapped};
use crate::ask::reach_page::ports_text;
use crate::ask::whys::{Reasons, Whys};
use crate::ask::{Fault, Question};
use crate::model::untrusted;
use crate::net::reach::{MapRow, Summary, Unit, UnitMap};
use crate::text::Mark;
use crate::text::evidence::Evidence;

use super::form::{self, Folds, Form, Layout, Tabular};
use super::json::{self, CountsJson, EvidenceJson, PortsJson};
use super::sheet::{ALL, DATA, REASONS, Sheet, WIDE};
use super::{Asked, AskingCommand, Exit};

/// Every allowed connection.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("map", it)))]
#[command(after_help = "Examples:\n  kreach map --by namespace\n  kreach map -n payments -o md")]
pub struct MapArgs {
    #[command(flatten)]
    pub question: Asking,
    #[command(flatten)]
    pub printed: Tabular,
    #[command(flatten)]
    pub folds: Folds,
}

impl AskingCommand for MapArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        // Rows are folded by workload: unfolded they are of pods.
        let by = if self.folds.verbose { self.question.by.unfolded() } else { self.question.by };
        let question = Question::Map(Asking { by });
        asked.print(&question, Layout::from(self.printed).folding(self.folds), out)
    }
}

/// Writes it in any form but text.
pub(super) fn write(it: &Mapped, layout: Layout, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    let asker = asked.world.asker();
    let whys = asker.whys(it.by.into());
    match layout.form {
        Form::Json | Form::Yaml => json(it, &whys, layout.form, asked, out),
        Form::Dot => Ok(dot(&it.map, &whys, out)?),
        Form::Csv => Ok(data(&it.map, &whys).write(layout, asked.context.look, out)?),
        _ => Ok(table(it, &whys).write(layout, asked.context.look, out)?),
    }
}

fn gaps(it: &Mapped) -> Vec<Evidence> {
    it.gaps.iter().map(Evidence::gap).collect()
}

fn why(row: &MapRow, whys: &Whys<'_>) -> Reasons {
    whys.between(&row.from, &row.to, &row.summary)
}

/// Reasons in one line; safe to show.
pub fn in_one_line(reasons: &[Evidence]) -> String {
    reasons.iter().map(|it| it.line(0).text).collect::<Vec<_>>().join("; ")
}

/// The reasons of one row in one line.
fn why_text(row: &MapRow, whys: &Whys<'_>) -> String {
    in_one_line(&why(row, whys))
}

/// The ends of a row of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndsJson {
    from: String,
    to: String,
    /// Every range of addresses, when that end is outside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    from_ranges: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to_ranges: Vec<String>,
    /// Every node, where so many rows would be that nodes that answer alike share one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    from_nodes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to_nodes: Vec<String>,
}

impl EndsJson {
    /// These two.
    pub fn of(from: &Unit, to: &Unit) -> Self {
        Self {
            from: unit_name(from),
            to: unit_name(to),
            from_ranges: unit_ranges(from),
            to_ranges: unit_ranges(to),
            from_nodes: unit_nodes(from),
            to_nodes: unit_nodes(to),
        }
    }
}

/// Ports that every pair surely allows, that some pair surely allows, and that some pair may allow besides.
#[derive(Serialize)]
pub struct ListsJson {
    pub every: Vec<PortsJson>,
    pub some: Vec<PortsJson>,
    pub unknown: Vec<PortsJson>,
}

impl ListsJson {
    /// Those of a row.
    pub fn of(it: &Summary) -> Self {
        Self { every: json::ports(&it.every), some: json::ports(&it.some), unknown: json::ports(&it.unknown()) }
    }
}

/// A row of JSON.
#[derive(Serialize)]
struct MapRowJson {
    #[serde(flatten)]
    ends: EndsJson,
    outcome: &'static str,
    #[serde(flatten)]
    ports: ListsJson,
    pairs: CountsJson,
    /// Why something in this row is unknown.
    #[serde(skip_serializing_if = "json::is_without", serialize_with = "json::shared")]
    evidence: Reasons,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MapJson {
    version: &'static str,
    kind: &'static str,
    by: &'static str,
    outcome: &'static str,
    pairs: CountsJson,
    left_out: LeftOutJson,
    evidence: Vec<EvidenceJson>,
    rows: Vec<MapRowJson>,
}

/// What many-pair answers leave out.
#[derive(Serialize)]
pub struct LeftOutJson {
    pub finished: u64,
    pub unread: u64,
    pub itself: u64,
}

fn json(it: &Mapped, whys: &Whys<'_>, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    let map = &it.map;
    let row = |it: &MapRow| MapRowJson {
        ends: EndsJson::of(&it.from, &it.to),
        outcome: it.summary.pairs.worst().as_str(),
        ports: ListsJson::of(&it.summary),
        pairs: json::counts(&it.summary.pairs),
        evidence: why(it, whys),
    };
    let document = MapJson {
        version: json::VERSION,
        kind: "Map",
        by: it.by.as_str(),
        outcome: map.pairs.worst().as_str(),
        pairs: json::counts(&map.pairs),
        left_out: left_out_json(&map.left_out),
        evidence: json::evidence(&gaps(it)),
        rows: each_node(&map.rows).map(|it| row(&it)).collect(),
    };
    json::write_as(form, &document, asked, out)
}

/// What many-pair answers leave out, as JSON.
pub fn left_out_json(it: &crate::net::reach::LeftOut) -> LeftOutJson {
    LeftOutJson { finished: it.finished, unread: it.unread, itself: it.itself }
}

/// A row for each, nodes one by one.
fn data<'a>(map: &'a UnitMap, whys: &'a Whys<'_>) -> Sheet<'a> {
    let titles = ["from", "to", "outcome", "every", "some", "unknown", "allow", "deny", "unknownPairs", "why"];
    let rows = each_node(&map.rows).map(|row| {
        let row = &*row;
        let (summary, unknown) = (&row.summary, row.summary.unknown());
        vec![
            unit_name(&row.from),
            unit_name(&row.to),
            summary.pairs.worst().to_string(),
            summary.every.to_string(),
            summary.some.to_string(),
            unknown.to_string(),
            summary.pairs.allow.to_string(),
            summary.pairs.deny.to_string(),
            summary.pairs.unknown.to_string(),
            why_text(row, whys),
        ]
    });
    Sheet::of(&titles.map(|it| (it, DATA)), rows)
}

/// Edges with something unknown are dashed and say why.
fn dot(map: &UnitMap, whys: &Whys<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut graph: DiGraph<String, String> = DiGraph::new();
    let mut nodes: BTreeMap<String, NodeIndex> = BTreeMap::new();
    for row in each_node(&map.rows) {
        let row = &*row;
        let name = |it: &Unit| untrusted::show(&unit_name(it)).into_owned();
        let (from, to, ports) = (name(&row.from), name(&row.to), ports_text(&row.summary));
        let mut node = |name: String| *nodes.entry(name.clone()).or_insert_with(|| graph.add_node(name));
        let (from, to) = (node(from), node(to));
        let why = match why_text(row, whys) {
            why if why.is_empty() => String::new(),
            why => format!(", style = \"dashed\", {}", attribute("tooltip", &why)),
        };
        graph.add_edge(from, to, attribute("label", &ports) + &why);
    }
    let edge = |_: &_, edge: petgraph::graph::EdgeReference<'_, String>| edge.weight().clone();
    let node = |_: &_, (_, name): (NodeIndex, &String)| attribute("label", name);
    let config = [Config::NodeNoLabel, Config::EdgeNoLabel];
    write!(out, "{:?}", Dot::with_attr_getters(&graph, &config, &edge, &node))
}

fn attribute(name: &str, text: &str) -> String {
    format!("{name} = \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The same for people: ports in words, nodes that answer alike together.
fn table<'a>(it: &'a Mapped, whys: &'a Whys<'_>) -> Sheet<'a> {
    let columns: [(&'static str, &'static [Form]); 8] = [
        ("from", ALL),
        ("to", ALL),
        ("outcome", ALL),
        ("ports", ALL),
        ("allow", WIDE),
        ("deny", WIDE),
        ("unknownPairs", WIDE),
        ("why", REASONS),
    ];
    let rows = it.map.rows.iter().map(|row| {
        let pairs = &row.summary.pairs;
        let counts = [pairs.allow, pairs.deny, pairs.unknown].map(|it| it.to_string());
        let ends = [unit_text(&row.from), unit_text(&row.to), pairs.worst().to_string(), ports_text(&row.summary)];
        ends.into_iter().chain(counts).chain([why_text(row, whys)]).collect()
    });
    let counts = format!("{}{}", page::counts(&it.map.pairs, ("pair", "pairs")), it.left_out());
    Sheet::of(&columns, rows).with(Mark::Plain, [counts]).with(Mark::Unknown, gaps(it).into_iter().map(|it| it.what))
}
