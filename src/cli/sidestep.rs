//! `kreach sidestep FROM TO[:PORT]`: who could let a flow pass that is denied, and by which writes.
//!
//! ```text
//! $ kreach sidestep --from shop.yaml dev/shell pay/db:5432
//! v 1 group of subjects could open it: pod/dev/shell -> pod/pay/db:5432/TCP is denied
//! ```

use std::io;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::ask::question::Reads;
use crate::ask::question::sidestep::Sidestep as Asking;
use crate::ask::sidestep::act::ToldWrite;
use crate::ask::sidestep::{SidestepAnswer, Witness};
use crate::ask::{Fault, Question};
use crate::model::role::Subject;
use crate::text::Mark;
use crate::text::escalate as ways;
use crate::text::evidence::Evidence;

use super::form::{self, Folds, Form, Layout, Tabular};
use super::json::{self, EvidenceJson};
use super::path::{self, StepJson};
use super::sheet::{ALL, Sheet, WIDE};
use super::{Asked, AskingCommand, Exit};

/// Who could let FROM connect to TO where that is denied.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("sidestep", it)))]
#[command(
    after_help = "Examples:\n  kreach sidestep deploy/shop/web svc/payments/db:5432\n  kreach sidestep deploy/shop/web payments/db-0:5432 --by group:developers -o json"
)]
pub struct SidestepArgs {
    #[command(flatten)]
    pub question: Asking,
    #[command(flatten)]
    pub printed: Tabular,
    #[command(flatten)]
    pub folds: Folds,
}

impl AskingCommand for SidestepArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::Sidestep(self.question.clone()), Layout::from(self.printed).folding(self.folds), out)
    }
}

/// `kreach sidestep -o json`.
#[derive(Serialize)]
struct SidestepJson<'a> {
    version: &'static str,
    kind: &'static str,
    from: &'a str,
    to: &'a str,
    /// Of the flow as it is.
    now: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    outcome: &'static str,
    witnesses: Vec<WitnessJson<'a>>,
    always: Vec<AlwaysJson>,
    evidence: Vec<EvidenceJson>,
}

/// Somebody who can, with all who hold the same.
#[derive(Serialize)]
struct WitnessJson<'a> {
    subject: String,
    subjects: Vec<String>,
    count: usize,
    certainty: &'static str,
    path: Vec<StepJson>,
    writes: Vec<WriteJson<'a>>,
}

/// One write.
#[derive(Serialize)]
struct WriteJson<'a> {
    op: &'static str,
    object: &'a Value,
    what: &'a str,
}

/// Who may do everything.
#[derive(Serialize)]
struct AlwaysJson {
    subject: String,
}

fn write_json(it: &ToldWrite) -> WriteJson<'_> {
    WriteJson { op: it.op.as_str(), object: &it.object, what: &it.what }
}

fn witness(it: &Witness) -> WitnessJson<'_> {
    let subjects: Vec<String> = it.subjects.iter().map(ToString::to_string).collect();
    WitnessJson {
        subject: subjects.first().cloned().unwrap_or_default(),
        count: subjects.len(),
        subjects,
        certainty: it.certainty.as_str(),
        path: path::steps(&it.path, None),
        writes: it.writes.iter().map(write_json).collect(),
    }
}

fn reasons(it: &SidestepAnswer) -> Vec<Evidence> {
    it.notes.iter().cloned().chain(it.gaps.iter().map(Evidence::gap)).collect()
}

fn document(it: &SidestepAnswer) -> SidestepJson<'_> {
    let always = |it: &Subject| AlwaysJson { subject: it.to_string() };
    SidestepJson {
        version: json::VERSION,
        kind: "Sidestep",
        from: &it.from,
        to: &it.to,
        now: it.now.as_str(),
        by: it.by.as_ref().map(ToString::to_string),
        outcome: it.outcome().as_str(),
        witnesses: it.witnesses.iter().map(witness).collect(),
        always: it.always.iter().map(always).collect(),
        evidence: json::evidence(&reasons(it)),
    }
}

/// A row for each group of those who hold the same.
fn sheet(it: &SidestepAnswer) -> Sheet<'_> {
    let columns: [(&'static str, &'static [Form]); 6] =
        [("subject", ALL), ("count", ALL), ("certainty", ALL), ("steps", ALL), ("by", ALL), ("writes", WIDE)];
    let row = |it: &Witness| {
        let writes: Vec<&str> = it.writes.iter().map(|it| it.what.as_str()).collect();
        let subject = it.subjects.first().map(ToString::to_string).unwrap_or_default();
        let (count, steps) = (it.subjects.len().to_string(), it.path.len().to_string());
        vec![subject, count, it.certainty.as_str().to_owned(), steps, ways::names(&it.path), writes.join("; ")]
    };
    let told = format!("{}: {} -> {}", it.outcome(), it.from, it.to);
    let reasons = reasons(it).into_iter().map(|it| it.what);
    Sheet::of(&columns, it.witnesses.iter().map(row)).with(Mark::Plain, [told]).with(Mark::Note, reasons)
}

/// Writes it in any form but text.
pub(super) fn write(
    it: &SidestepAnswer,
    layout: Layout,
    asked: &Asked<'_>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    match layout.form {
        Form::Md => Ok(out.write_all(it.page().markdown().as_bytes())?),
        Form::Json | Form::Yaml => json::write_as(layout.form, &document(it), asked, out),
        _ => Ok(sheet(it).write(layout, asked.context.look, out)?),
    }
}
