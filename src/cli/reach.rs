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

use crate::ask::many::{Reach, each_node_of, namespace_of, unit_name, unit_nodes, unit_ranges, unit_text};
use crate::ask::page::target;
use crate::ask::question::Reads;
use crate::ask::question::reach::Reach as Question;
use crate::ask::reach_page::ports_text;
use crate::ask::reaches::Reaches;
use crate::ask::trace::Trace;
use crate::ask::whys::{Reasons, Whys};
use crate::ask::{end, escalation};
use crate::escalate::Ground;
use crate::model::evidence::Outcome;
use crate::model::name::Name;
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
    fn run_ways(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        let (from, to) = self.question.ends();
        let Some(to) = to else {
            let (found, way) = (self.ways(asked)?, self.question.way());
            match self.output {
                ReachForm::Text => print_page(&found.page(from, way), asked, out)?,
                ReachForm::Json => path::write_rows_json(from, &found, way, asked, out)?,
                ReachForm::Dot => write!(out, "{}", path::rows_graph(from, &found.rows))?,
                ReachForm::Md => out.write_all(found.page(from, way).markdown().as_bytes())?,
            }
            return Ok(Exit::Yes);
        };
        let groups = self.question.typed_groups();
        let question = asked.asker().reach_question(from, to, &asked.context.here.namespace)?;
        let answer = asked.asker().reach_path(&self.ground(asked, &groups)?, question, self.question.max_hops);
        match self.output {
            ReachForm::Text => print_page(&path::page(&answer), asked, out)?,
            ReachForm::Json => path::write_json(&answer, asked, out)?,
            ReachForm::Dot => write!(out, "{}", path::graph(&answer))?,
            ReachForm::Md => out.write_all(path::page(&answer).markdown().as_bytes())?,
        }
        Ok(answer.outcome.into())
    }

    /// Everything that END can come to, or everybody who can come there.
    fn ways(&self, asked: &Asked<'_>) -> Result<Reaches, Failure> {
        let groups = self.question.typed_groups();
        let (ground, asker) = (self.ground(asked, &groups)?, asked.asker());
        let (of, namespace, hops) = (&self.question.of, &asked.context.here.namespace, self.question.max_hops);
        let watch: &mut dyn FnMut(usize, usize) -> bool = &mut |_, _| true;
        if self.question.reverse {
            return Ok(asker.reached_by(&ground, of, namespace, hops, watch)?);
        }
        let mut found = asker.reaches(&ground, of, namespace, hops, watch)?;
        found.connections = asker.connections(&found.rows, watch);
        Ok(found)
    }

    fn ground<'a>(&self, asked: &'a Asked<'_>, groups: &'a [Name]) -> Result<Ground<'a>, Failure> {
        let ground = asked.world.ground(groups);
        Ok(Ground { version: self.question.version()?.or(ground.version), ..ground })
    }
}

impl Command for ReachArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure> {
        let namespace = &asked.context.here.namespace;
        if !self.question.is_plain(namespace)? {
            return self.run_ways(asked, out);
        }
        if let Some(goal) = &self.question.to {
            let (from, to, port) = self.question.pair(goal, namespace)?;
            let trace = asked.asker().trace(&from, &to, &port)?;
            match self.output {
                ReachForm::Text => print(&trace, TextOrJson::Text, asked, out)?,
                ReachForm::Json => print(&trace, TextOrJson::Json, asked, out)?,
                ReachForm::Dot => write!(out, "{}", graph_of_trace(&trace))?,
                ReachForm::Md => out.write_all(trace.page().markdown().as_bytes())?,
            }
            return Ok(trace.outcome().into());
        }
        let reach = asked.asker().reach(
            &end::end(&self.question.of, namespace)?,
            self.question.direction(),
            self.question.by.into(),
        );
        let mut reach = reach.map_err(|it| escalation::or_sink(&self.question.of, it))?;
        if let Some(only) = &asked.context.here.only {
            reach.rows.retain(|it| namespace_of(&it.unit).is_none_or(|it| it == only));
        }
        let whys = asked.asker().whys(self.question.by.into());
        let ways = if self.question.has_ways(namespace)? { Some(self.ways(asked)?) } else { None };
        let page = |it: &Reaches| it.page(&reach.end.to_string(), self.question.way());
        match self.output {
            ReachForm::Text => {
                print_page(&reach.page(), asked, out)?;
                write_reasons(reach.rows.iter().map(|it| whys.of_reach(&reach, it)), out)?;
                ways.iter().try_for_each(|it| print_page(&page(it), asked, out))?;
            }
            ReachForm::Json => json(&reach, self, &whys, ways.as_ref(), asked, out)?,
            ReachForm::Dot => write!(out, "{}", graph_of_reach(&reach))?,
            ReachForm::Md => {
                out.write_all(reach.page().markdown().as_bytes())?;
                ways.iter().try_for_each(|it| out.write_all(page(it).markdown().as_bytes()))?;
            }
        }
        Ok(Exit::Yes)
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
