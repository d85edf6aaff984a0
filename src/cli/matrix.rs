//! `kreach matrix [namespaces|access]`: which namespace may connect to which, or who may do what.
//!
//! ```text
//! from \ to  payments  shop
//! payments   v         x     v all pairs of pods may, ~ some, x none, ? unknown, . no pair of pods
//! ```

use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::matrix::{Counted, PairCell};
use crate::ask::question::Reads;
use crate::ask::question::matrix::{self, AccessSheet, Matrix, NamespacePairs};
use crate::ask::{Fault, Question};
use crate::model::name::Name;
use crate::rbac::abilities::COLUMNS;
use crate::text::Mark;

use super::form::{self, Form, Layout, Tabular};
use super::json::{self, CountsJson, PortsJson};
use super::sheet::{ALL, Sheet as Table, SheetColumn, SheetRow, Title};
use super::{Asked, AskingCommand, Exit};

/// Which namespace may connect to which, or who may do what.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("matrix", it)))]
#[command(after_help = "Examples:\n  kreach matrix\n  kreach matrix access -n payments -o json")]
pub struct MatrixArgs {
    #[command(flatten)]
    pub question: Matrix,
    #[command(flatten)]
    pub printed: Tabular,
}

/// `kreach matrix namespaces -o json`: pairs that are not listed may not connect.
#[derive(Serialize)]
struct NamespacesJson {
    version: &'static str,
    kind: &'static str,
    of: &'static str,
    namespaces: Vec<String>,
    rows: Vec<PairJson>,
}

#[derive(Serialize)]
struct PairJson {
    from: String,
    to: String,
    /// Of the worst pair of pods.
    outcome: &'static str,
    /// Ports that some pair surely allows, and that some pair may allow besides.
    some: Vec<PortsJson>,
    unknown: Vec<PortsJson>,
    pairs: CountsJson,
}

/// `kreach matrix access -o json`.
#[derive(Serialize)]
struct AccessJson {
    version: &'static str,
    kind: &'static str,
    of: &'static str,
    rows: Vec<SubjectJson>,
}

#[derive(Serialize)]
struct SubjectJson {
    subject: String,
    /// By resource (`pods/exec`, `deployments.apps`): letters as text has them; those without any are left out.
    abilities: std::collections::BTreeMap<String, String>,
}

fn pairs(names: &[Name], counted: &Counted) -> Vec<PairJson> {
    let pair = |from: &Name, to: &Name| match counted.cell(from, to) {
        PairCell::Some(it) if it.pairs.total() > 0 => Some(PairJson {
            from: from.to_string(),
            to: to.to_string(),
            outcome: it.pairs.worst().as_str(),
            some: json::ports(&it.some),
            unknown: json::ports(&it.unknown()),
            pairs: json::counts(&it.pairs),
        }),
        _ => None,
    };
    names.iter().flat_map(|from| names.iter().filter_map(move |to| pair(from, to))).collect()
}

fn subjects(sheet: &AccessSheet) -> Vec<SubjectJson> {
    let one = |(subject, abilities): &(crate::model::role::Subject, Vec<crate::rbac::abilities::Ability>)| {
        let held = COLUMNS.iter().zip(abilities).map(|(column, it)| (column.typed(), it.letters()));
        SubjectJson { subject: subject.to_string(), abilities: held.filter(|it| !it.1.is_empty()).collect() }
    };
    sheet.0.iter().map(one).collect()
}

/// Writes the pairs of namespaces in any form but text.
pub(super) fn write_namespaces(
    it: &NamespacePairs,
    layout: Layout,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    if !matches!(layout.form, Form::Json | Form::Yaml) {
        return Ok(sheet(it.rows(), matrix::PAIRS_LEGEND).write(layout, asked.context.look, out)?);
    }
    let document = NamespacesJson {
        version: json::VERSION,
        kind: "Matrix",
        of: "namespaces",
        namespaces: it.names.iter().map(ToString::to_string).collect(),
        rows: pairs(&it.names, &it.counted),
    };
    json::write_as(layout.form, &document, asked, out)
}

/// Writes what each subject may do in any form but text.
pub(super) fn write_access(
    it: &AccessSheet,
    layout: Layout,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    if !matches!(layout.form, Form::Json | Form::Yaml) {
        return Ok(sheet(it.rows(), matrix::ACCESS_LEGEND).write(layout, asked.context.look, out)?);
    }
    let document = AccessJson { version: json::VERSION, kind: "Matrix", of: "access", rows: subjects(it) };
    json::write_as(layout.form, &document, asked, out)
}

/// A row for each source or subject, below the names of destinations or resources.
fn sheet(mut rows: Vec<SheetRow>, legend: &str) -> Table<'_> {
    let titles = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
    let column = |it| SheetColumn { title: Title::Name(it), forms: ALL };
    let columns = titles.into_iter().map(column).collect();
    Table { columns, rows: Box::new(rows.into_iter()), below: Vec::new() }.with(Mark::Plain, [legend])
}

impl AskingCommand for MatrixArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::Matrix(self.question.clone()), self.printed, out)
    }
}
