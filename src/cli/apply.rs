//! `kreach apply`: what is shown, asked and said while changes are applied; the shell reads, sends and waits.
//!
//! ```text
//! $ kreach apply fix.json --write
//! 1 change, tried by the server (dry run), in this order
//!   create  networkpolicy/shop/allow-web
//! x different  opened 1, closed 0, changed 0, unsure 0; given 0, taken 0
//! type apply to go on:
//! ```

use std::io;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use crate::ask::World;
use crate::ask::apply::Weighed;
use crate::ask::fix::guards::{GUARDS, Stops};
use crate::change::plan::TakeOver;
use crate::change::record::{ChangeState, Record};
use crate::text::applied::mark;
use crate::text::{Page, written};

use super::diff::{self, DiffJson};
use super::form::{self, Printed};
use super::{Exit, json};

/// Apply changes to the cluster.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("output", |it| form::output("apply", it)))]
#[command(
    after_help = "Examples:\n  kreach apply fix.json --write --dry-run\n  kreach apply policies.yaml --write --yes\n  kreach apply fix.json --write --yes --override dns -o json"
)]
pub struct ApplyArgs {
    /// Manifests, a directory of them, a Fix as JSON or - (stdin)
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub confirming: Confirming,
    #[command(flatten)]
    pub printed: Printed,
}

/// How far it goes without asking.
#[derive(Args, Clone, Debug, Default)]
pub struct Confirming {
    /// Let the server try it and show all that would change; nothing is changed
    #[arg(long)]
    pub dry_run: bool,
    /// Confirm without a terminal; guards stop it all the same
    #[arg(long)]
    pub yes: bool,
    /// Go on although this guard found something; repeatable
    #[arg(long = "override", value_name = "GUARD", value_parser = guards())]
    pub overrides: Vec<String>,
    /// The name of the context, where it is one of production
    #[arg(long, value_name = "NAME")]
    pub confirm_context: Option<String>,
    /// Take fields over from who manages them, and change what was changed meanwhile
    #[arg(long)]
    pub force_conflicts: bool,
}

impl Confirming {
    /// What is done about somebody else's work.
    pub fn take_over(&self) -> TakeOver {
        if self.force_conflicts { TakeOver::Forced } else { TakeOver::Never }
    }
}

/// The guards that can be overridden.
fn guards() -> PossibleValuesParser {
    PossibleValuesParser::new(GUARDS.iter().filter(|it| it.stops == Stops::Apply).map(|it| it.name))
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Came {
    /// All changes are made.
    Made,
    /// The dry run passed, and nothing stands in the way.
    DryRun,
    /// The cluster is so already.
    Nothing,
    /// A guard, a conflict, the server or the operator said no; nothing was changed.
    Refused,
    /// Some changes are made, and one is not.
    Partly,
    /// What became of a change is not known.
    Unknown,
}

impl Came {
    /// As JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Came::Made => "made",
            Came::DryRun => "dry-run",
            Came::Nothing => "nothing",
            Came::Refused => "refused",
            Came::Partly => "partly",
            Came::Unknown => "unknown",
        }
    }

    /// How the command ends.
    pub const fn exit(self) -> Exit {
        match self {
            Came::Made | Came::DryRun | Came::Nothing => Exit::Yes,
            Came::Refused | Came::Partly => Exit::No,
            Came::Unknown => Exit::Unknown,
        }
    }

    /// What a record comes to.
    pub fn of(record: &Record) -> Self {
        match record.count(ChangeState::Made) {
            _ if record.is_made() => Came::Made,
            _ if record.is_open() => Came::Unknown,
            0 => Came::Refused,
            _ => Came::Partly,
        }
    }
}

/// All that is said of it as JSON.
#[derive(Default)]
pub struct ApplyJson<'a> {
    pub context: &'a str,
    pub server: &'a str,
    pub weighed: Option<(&'a Weighed, &'a World)>,
    pub overridden: &'a [String],
    pub record: Option<&'a Record>,
    pub notes: Vec<String>,
    /// Why it was refused.
    pub reasons: Vec<String>,
    /// Whether the cluster came to what was predicted, where that was looked at.
    pub as_predicted: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AppliedJson<'a> {
    version: &'static str,
    kind: &'static str,
    outcome: &'static str,
    id: Option<&'a str>,
    undoes: Option<&'a str>,
    context: &'a str,
    server: &'a str,
    changes: Vec<ChangeJson<'a>>,
    impact: Option<DiffJson>,
    guards: Vec<GuardJson<'a>>,
    as_predicted: Option<bool>,
    reasons: &'a [String],
    notes: &'a [String],
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    op: &'static str,
    object: String,
    state: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'a str,
}

#[derive(Serialize)]
struct GuardJson<'a> {
    guard: &'static str,
    what: &'a str,
    stops: bool,
    overridden: bool,
}

/// Writes it as one document.
///
/// # Errors
/// stdout cannot be written.
pub fn write(came: Came, told: &ApplyJson<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let tripped = told.weighed.iter().flat_map(|(it, _)| it.tripped.iter());
    let is_overridden = |name: &str| told.overridden.iter().any(|it| it == name);
    let guards = tripped.map(|it| GuardJson {
        guard: it.guard.name,
        what: &it.what,
        stops: it.guard.stops == Stops::Apply,
        overridden: is_overridden(it.guard.name),
    });
    let document = AppliedJson {
        version: json::VERSION,
        kind: "Applied",
        outcome: came.as_str(),
        id: told.record.map(|it| it.id.as_str()),
        undoes: told.record.and_then(|it| it.undoes.as_deref()),
        context: told.context,
        server: told.server,
        changes: changes(told),
        impact: told.weighed.map(|(it, before)| diff::of_impact(&it.impact, before, &it.after)),
        guards: guards.collect(),
        as_predicted: told.as_predicted,
        reasons: &told.reasons,
        notes: &told.notes,
    };
    written::json(&document, out)
}

fn changes<'a>(told: &ApplyJson<'a>) -> Vec<ChangeJson<'a>> {
    if let Some(record) = told.record {
        let of = |it: &'a crate::change::record::RecordedChange| ChangeJson {
            op: it.op.as_str(),
            object: it.id().map(|it| it.to_string()).unwrap_or_default(),
            state: it.state.as_str(),
            why: &it.why,
        };
        return record.steps.iter().map(of).collect();
    }
    let planned = told.weighed.into_iter().flat_map(|(it, _)| it.changes.iter());
    let of = |it: &crate::change::Change| ChangeJson {
        op: it.op.as_str(),
        object: it.id().map(|it| it.to_string()).unwrap_or_default(),
        state: ChangeState::Waiting.as_str(),
        why: "",
    };
    planned.map(of).collect()
}

/// What was applied as a whole.
pub fn record_page(record: &Record) -> Page {
    let mut page = Page::default();
    let back = match record.is_undoable() {
        true => format!(" (kreach undo {} --write takes it back)", record.id),
        false => String::new(),
    };
    page.say(0, mark(record), record.words() + &back);
    page
}
