//! `kreach undo`: what was applied, newest first, and which of it is to be taken back.

use std::io;

use clap::Args;
use serde::Serialize;

use crate::change::record::Record;
use crate::text::applied::step_line;
use crate::text::written;
use crate::text::{Line, Mark, Page};

use super::apply::Confirming;
use super::form::{self, Form, Printed};
use super::{Context, json};

/// Take back what was applied.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("output", |it| form::output("undo", it)))]
#[command(
    after_help = "Examples:\n  kreach undo --list\n  kreach undo --write --yes\n  kreach undo 20260801-093000-412-04711 --write --yes"
)]
pub struct UndoArgs {
    /// Which; without it the last that is not undone
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// List what was applied to this cluster: who, when, what, and from which impact
    #[arg(long, conflicts_with_all = ["id", "dry_run", "yes", "overrides", "confirm_context", "force_conflicts"])]
    pub list: bool,
    #[command(flatten)]
    pub confirming: Confirming,
    #[command(flatten)]
    pub printed: Printed,
}

#[derive(Serialize)]
struct AppliedListJson<'a> {
    version: &'static str,
    kind: &'static str,
    items: Vec<RecordJson<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordJson<'a> {
    id: &'a str,
    at: &'a str,
    context: &'a str,
    server: &'a str,
    user: &'a str,
    origin: &'a [String],
    impact: &'a str,
    overridden: &'a [String],
    undoes: Option<&'a str>,
    undone_by: Option<&'a str>,
    changes: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    op: &'static str,
    object: String,
    state: &'static str,
    why: &'a str,
}

fn record_json(it: &Record) -> RecordJson<'_> {
    let step = |it: &'_ crate::change::record::RecordedChange| {
        (it.op.as_str(), it.id().map(|it| it.to_string()).unwrap_or_default(), it.state.as_str())
    };
    let changes = it.steps.iter().map(|kept| {
        let (op, object, state) = step(kept);
        StepJson { op, object, state, why: &kept.why }
    });
    RecordJson {
        id: &it.id,
        at: &it.at,
        context: &it.context,
        server: &it.server,
        user: &it.user,
        origin: &it.origin,
        impact: &it.impact,
        overridden: &it.overridden,
        undoes: it.undoes.as_deref(),
        undone_by: it.undone_by.as_deref(),
        changes: changes.collect(),
    }
}

/// Prints what was applied, the newest first.
///
/// # Errors
/// stdout cannot be written.
pub fn list(
    records: &[Record],
    notes: &[String],
    form: Form,
    context: &Context,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if form == Form::Json {
        let items = records.iter().map(record_json).collect();
        let document = AppliedListJson { version: json::VERSION, kind: "AppliedList", items, notes };
        return written::json(&document, out);
    }
    context.write(&page(records), out)
}

/// What was applied, the newest first.
pub fn page(records: &[Record]) -> Page {
    let mut page = Page::default();
    if records.is_empty() {
        page.say(0, Mark::Plain, "nothing was applied to this cluster from here");
    }
    for record in records {
        let user = if record.user.is_empty() { "an unknown user" } else { &record.user };
        let after = match (&record.undone_by, &record.undoes) {
            (Some(by), _) => format!(", undone by {by}"),
            (None, Some(of)) => format!(", undoes {of}"),
            (None, None) => String::new(),
        };
        let head = format!("{}  {}  {user}  {}{after}", record.id, record.at, record.words());
        page.push(Line::new(0, Mark::Title, head));
        page.say(1, Mark::Plain, format!("from {}; {}", record.origin.join(", "), record.impact));
        if !record.overridden.is_empty() {
            page.say(1, Mark::Note, format!("overridden guards: {}", record.overridden.join(", ")));
        }
        (0..record.steps.len()).for_each(|at| page.push(step_line(record, at)));
    }
    page
}
