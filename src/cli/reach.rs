//! `kreach reach END`: what END reaches, with `--reverse` what reaches it, and with `--to` one pair of that.
//!
//! ```text
//! $ kreach reach --from shop.yaml deploy/shop/web
//! shop
//!   v statefulset/shop/db  TCP 5432
//! ```

use std::borrow::Cow;
use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::many::{NetworkReach, each_node_of, unit_name, unit_nodes, unit_ranges, unit_text};
use crate::ask::page::{self, target};
use crate::ask::question::Reads;
use crate::ask::question::reach::{Reach as Asking, ReachAnswer, ReachFound};
use crate::ask::reach_page::ports_text;
use crate::ask::reaches::Reaches;
use crate::ask::trace::TraceAnswer;
use crate::ask::whys::{Reasons, Whys};
use crate::ask::{Fault, Question};
use crate::model::evidence::Outcome;
use crate::model::policy::Direction;
use crate::net::reach::ReachRow;
use crate::text::Mark;
use crate::text::evidence::Evidence;
use crate::text::graph::{Arrow, TextGraph};

use super::form::{self, Folds, Form, Layout, Tabular};
use super::json::{self, CountsJson, EvidenceJson};
use super::map::{LeftOutJson, ListsJson, in_one_line, left_out_json};
use super::path::WaysJson;
use super::sheet::{ALL, DATA, REASONS, Sheet, WIDE, WORDS};
use super::{Asked, AskingCommand, BesideFile, Exit, certificate, path};

/// What END reaches.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("reach", it)))]
#[command(
    after_help = "Examples:\n  kreach reach deploy/shop/web\n  kreach reach payments/db-0 --reverse -o table\n  kreach reach sa:ci/runner --to cluster-admin"
)]
pub struct ReachArgs {
    #[command(flatten)]
    pub question: Asking,
    #[command(flatten)]
    pub printed: Tabular,
    #[command(flatten)]
    pub folds: Folds,
    /// Write why there is no way to this file, as JSON that other programs can check (docs/reach.md)
    #[arg(long, value_name = "FILE", requires = "to")]
    pub certificate: Option<String>,
}

impl ReachArgs {
    /// Why there is no way, as a document; or why there is none of that.
    fn text(&self, asked: &Asked<'_>) -> Result<Result<Vec<u8>, &'static str>, Fault> {
        let (here, world) = (&asked.context.here, asked.world);
        let ReachFound::Path(path) = self.question.answer(here, world, &mut |_, _| true)?.found else {
            return Ok(Err(
                "no certificate is written: policies alone decide this connection, and kreach trace tells how",
            ));
        };
        if path.outcome != Outcome::Deny {
            return Ok(Err("no certificate is written: only that there is no way can be certified"));
        }
        Ok(Ok(self.question.with_ground(here, world, |ground| certificate::document(&path, ground))?))
    }
}

impl AskingCommand for ReachArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        // Rows are folded by workload: unfolded they are of pods.
        let by = if self.folds.verbose { self.question.by.unfolded() } else { self.question.by };
        let question = Question::Reach(Asking { by, ..self.question.clone() });
        asked.print(&question, Layout::from(self.printed).folding(self.folds), out)
    }

    fn beside(&self, asked: &Asked<'_>) -> Result<Option<BesideFile>, Fault> {
        let Some(path) = &self.certificate else { return Ok(None) };
        Ok(Some(BesideFile { path: path.clone(), text: self.text(asked)? }))
    }
}

/// Writes it in any form but text.
pub(super) fn write(it: &ReachAnswer, layout: Layout, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    match layout.form {
        Form::Md => Ok(out.write_all(it.page(asked.world).markdown().as_bytes())?),
        Form::Dot => Ok(write!(out, "{}", graph(it))?),
        Form::Json | Form::Yaml => write_json(it, layout.form, asked, out),
        form => {
            let asker = asked.world.asker();
            Ok(sheet(it, &asker.whys(it.by.into()), form).write(layout, asked.context.look, out)?)
        }
    }
}

fn sheet<'a>(it: &'a ReachAnswer, whys: &'a Whys<'_>, form: Form) -> Sheet<'a> {
    match &it.found {
        ReachFound::Trace(trace) => sheet_of_trace(trace),
        ReachFound::Path(path) => path::sheet(path),
        ReachFound::Connections(reach, ways) => sheet_of_reach(reach, ways.as_ref(), whys, form),
        ReachFound::Ways(ways) => path::rows_sheet(ways),
    }
}

/// A row for each pair.
fn sheet_of_trace(trace: &TraceAnswer) -> Sheet<'_> {
    let columns: [(&'static str, &'static [Form]); 5] =
        [("from", ALL), ("to", ALL), ("outcome", ALL), ("allowed", ALL), ("unknown", ALL)];
    let rows = trace.pairs.iter().map(|it| {
        let ends = [it.from.to_string(), it.to.to_string(), it.outcome().to_string()];
        ends.into_iter().chain([it.allowed(), it.unknown()].map(|it| it.to_string())).collect()
    });
    let told = format!("{}: {} -> {}", trace.outcome(), trace.from, target(&trace.to, &trace.port));
    Sheet::of(&columns, rows).with(Mark::Plain, [told])
}

/// A row for each that is connected to, then for each that lies beyond, with how that is come to.
///
/// Programs get nodes one by one and every range of addresses.
fn sheet_of_reach<'a>(reach: &'a NetworkReach, ways: Option<&'a Reaches>, whys: &'a Whys<'_>, form: Form) -> Sheet<'a> {
    let columns: [(&'static str, &'static [Form]); 10] = [
        ("end", ALL),
        ("outcome", ALL),
        ("ports", WORDS),
        ("every", DATA),
        ("some", DATA),
        ("unknown", DATA),
        ("steps", ALL),
        ("count", WIDE),
        ("by", ALL),
        ("why", REASONS),
    ];
    let is_data = form == Form::Csv;
    let each = is_data.then(|| each_node_of(&reach.rows)).into_iter().flatten();
    let folded = (!is_data).then(|| reach.rows.iter().map(Cow::Borrowed)).into_iter().flatten();
    let direct = each.chain(folded).map(move |row| {
        let (summary, unknown) = (&row.summary, row.summary.unknown());
        let ports = [summary.every.to_string(), summary.some.to_string(), unknown.to_string()];
        let unit = if is_data { unit_name(&row.unit) } else { unit_text(&row.unit) };
        let ends = [unit, summary.pairs.worst().to_string(), ports_text(summary)];
        let why = in_one_line(&whys.of_reach(reach, &row));
        let count = row.unit.count().to_string();
        ends.into_iter().chain(ports).chain(["1".to_owned(), count, "connect".to_owned(), why]).collect()
    });
    let beyond = ways.into_iter().flat_map(|it| &it.rows).map(|row| {
        let mut cells = path::cells(row);
        cells.splice(2..2, std::iter::repeat_n(String::new(), 4));
        cells.push(String::new());
        cells
    });
    let gaps = reach.gaps.iter().chain(ways.into_iter().flat_map(|it| &it.gaps)).map(|it| Evidence::gap(it).what);
    let pairs = page::counts(&reach.pairs, ("pair", "pairs"));
    Sheet::of(&columns, direct.chain(beyond)).with(Mark::Plain, [pairs]).with(Mark::Unknown, gaps)
}

fn graph(it: &ReachAnswer) -> TextGraph {
    match &it.found {
        ReachFound::Trace(trace) => graph_of_trace(trace),
        ReachFound::Path(path) => path::graph(path),
        ReachFound::Connections(reach, _) => graph_of_reach(reach),
        ReachFound::Ways(ways) => path::rows_graph(&it.of, &ways.rows),
    }
}

fn write_json(it: &ReachAnswer, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    match &it.found {
        ReachFound::Trace(trace) => json::write_trace(trace, form, asked, out),
        ReachFound::Path(path) => path::write_json(path, form, asked, out),
        ReachFound::Connections(reach, ways) => write_connections(it, reach, ways.as_ref(), form, asked, out),
        ReachFound::Ways(ways) => path::write_rows_json(&it.of, ways, it.way, form, asked, out),
    }
}

/// One end and all that it may connect to, or that may connect to it.
fn graph_of_reach(reach: &NetworkReach) -> TextGraph {
    let end = reach.end.to_string();
    let arrow = |it: &ReachRow| {
        let (here, there, words) = (end.clone(), unit_text(&it.unit), ports_text(&it.summary));
        let (from, to) = if reach.direction == Direction::Egress { (here, there) } else { (there, here) };
        let outcome = if it.summary.some.is_empty() { Outcome::Unknown } else { Outcome::Allow };
        Arrow { from, to, words, outcome }
    };
    let open = reach.rows.iter().filter(|it| !it.summary.possible.is_empty());
    TextGraph { title: reach.end.to_string(), arrows: open.map(arrow).collect() }
}

/// The plain connection between two ends.
fn graph_of_trace(trace: &TraceAnswer) -> TextGraph {
    let (from, to, outcome) = (trace.from.to_string(), target(&trace.to, &trace.port), trace.outcome());
    let arrow = Arrow { from, to, words: outcome.to_string(), outcome };
    TextGraph { title: format!("{} -> {}", arrow.from, arrow.to), arrows: vec![arrow] }
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
    rows: Vec<ReachedRowJson>,
    /// Of what code can run in: what lies beyond its connections.
    #[serde(flatten)]
    ways: WaysJson,
}

/// One row; the same ports as in a map.
#[derive(Serialize)]
struct ReachedRowJson {
    unit: String,
    /// Every range of addresses, when the unit is outside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<String>,
    /// Every node, where so many rows would be that nodes that answer alike share one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<String>,
    outcome: &'static str,
    #[serde(flatten)]
    ports: ListsJson,
    pairs: CountsJson,
    /// Why something in this row is unknown.
    #[serde(skip_serializing_if = "json::is_without", serialize_with = "json::shared")]
    evidence: Reasons,
}

fn write_connections(
    it: &ReachAnswer,
    reach: &NetworkReach,
    ways: Option<&Reaches>,
    form: Form,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    let asker = asked.world.asker();
    let whys = asker.whys(it.by.into());
    let row = |it: &ReachRow| ReachedRowJson {
        unit: unit_name(&it.unit),
        ranges: unit_ranges(&it.unit),
        nodes: unit_nodes(&it.unit),
        outcome: it.summary.pairs.worst().as_str(),
        ports: ListsJson::of(&it.summary),
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
    json::write_as(form, &document, asked, out)
}
