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

use crate::ask::escalation::ReachPath;
use crate::ask::many::{Reach, each_node_of, unit_name, unit_nodes, unit_ranges, unit_text};
use crate::ask::page::target;
use crate::ask::question::Reads;
use crate::ask::question::reach::{Answer, Reach as Question};
use crate::ask::reach_page::ports_text;
use crate::ask::reaches::{Reaches, Way};
use crate::ask::trace::Trace;
use crate::ask::whys::{Reasons, Whys};
use crate::model::evidence::Outcome;
use crate::model::policy::Direction;
use crate::net::reach::ReachRow;
use crate::text::Page;
use crate::text::evidence::Evidence;
use crate::text::graph::{Arrow, Graph};

use super::json::{self, CountsJson, EvidenceJson, PortsJson};
use super::map::{LeftOutJson, left_out_json, write_reasons};
use super::path::WaysJson;
use super::trace::{TextOrJson, print};
use super::{Asked, Command, Exit, Failure, paint, path};

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
    pub question: Question,
    /// How the answer is printed
    #[arg(short, long, value_enum, default_value_t = ReachForm::Text)]
    pub output: ReachForm,
}

impl ReachArgs {
    fn print_trace(&self, trace: &Trace, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
        match self.output {
            ReachForm::Text => print(trace, TextOrJson::Text, asked, out),
            ReachForm::Json => print(trace, TextOrJson::Json, asked, out),
            ReachForm::Dot => Ok(write!(out, "{}", graph_of_trace(trace))?),
            ReachForm::Md => Ok(out.write_all(trace.page().markdown().as_bytes())?),
        }
    }

    fn print_path(&self, path: &ReachPath, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
        match self.output {
            ReachForm::Text => print_page(&path::page(path), asked, out),
            ReachForm::Json => path::write_json(path, asked, out),
            ReachForm::Dot => Ok(write!(out, "{}", path::graph(path))?),
            ReachForm::Md => Ok(out.write_all(path::page(path).markdown().as_bytes())?),
        }
    }

    fn print_ways(&self, found: Reaches, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
        let of = &self.question.of;
        match self.output {
            ReachForm::Text => print_page(&self.ways_page(found, of, asked), asked, out),
            ReachForm::Json => path::write_rows_json(of, &found, self.question.way(), asked, out),
            ReachForm::Dot => Ok(write!(out, "{}", path::rows_graph(of, &found.rows))?),
            ReachForm::Md => Ok(out.write_all(self.ways_page(found, of, asked).markdown().as_bytes())?),
        }
    }

    fn print_connections(
        &self,
        reach: &Reach,
        ways: Option<Reaches>,
        asked: &Asked<'_>,
        out: &mut dyn io::Write,
    ) -> Result<(), Failure> {
        let whys = asked.asker().whys(self.question.by.into());
        let page = |it: Reaches| self.ways_page(it, &reach.end.to_string(), asked);
        match self.output {
            ReachForm::Text => {
                print_page(&reach.page(), asked, out)?;
                write_reasons(reach.rows.iter().map(|it| whys.of_reach(reach, it)), out)?;
                ways.into_iter().try_for_each(|it| print_page(&page(it), asked, out))
            }
            ReachForm::Json => json(reach, self, &whys, ways.as_ref(), asked, out),
            ReachForm::Dot => Ok(write!(out, "{}", graph_of_reach(reach))?),
            ReachForm::Md => {
                out.write_all(reach.page().markdown().as_bytes())?;
                Ok(ways.into_iter().try_for_each(|it| out.write_all(page(it).markdown().as_bytes()))?)
            }
        }
    }

    /// All rows in words, with where the pods among them may connect to.
    fn ways_page(&self, mut found: Reaches, of: &str, asked: &Asked<'_>) -> Page {
        if self.question.way() == Way::From {
            found.connections = asked.asker().connections(&found.rows, &mut |_, _| true);
        }
        found.page(of, self.question.way())
    }
}

impl Command for ReachArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        let answer = self.question.answer(&asked.context.here, asked.world)?;
        let exit = answer.outcome().map_or(Exit::Yes, Exit::from);
        match answer {
            Answer::Trace(it) => self.print_trace(&it, asked, out)?,
            Answer::Path(it) => self.print_path(&it, asked, out)?,
            Answer::Connections(reach, ways) => self.print_connections(&reach, ways, asked, out)?,
            Answer::Ways(it) => self.print_ways(it, asked, out)?,
        }
        Ok(exit)
    }
}

fn print_page(page: &Page, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Failure> {
    Ok(out.write_all(paint::page(page, asked.context.color).as_bytes())?)
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

fn json(
    reach: &Reach,
    args: &ReachArgs,
    whys: &Whys<'_>,
    ways: Option<&Reaches>,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Failure> {
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
        by: args.question.by.as_str(),
        outcome: reach.pairs.worst().as_str(),
        members: reach.members.len(),
        pairs: json::counts(&reach.pairs),
        left_out: left_out_json(&reach.left_out),
        evidence: json::evidence(&reasons).into_iter().chain(ways.map(path::limits).into_iter().flatten()).collect(),
        ways: ways.map(|it| WaysJson::of(it, args.question.way())).unwrap_or_default(),
        rows: each_node_of(&reach.rows).map(|it| row(&it)).collect(),
    };
    json::write(&document, asked, out)
}
