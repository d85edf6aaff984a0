//! `kreach touch OBJECT`: who may change, delete or enter an object, way by way, by which grants.
//!
//! ```text
//! $ kreach touch --from shop.yaml shop/web-0
//!   who may touch pod/shop/web-0
//!     exec: 2 subjects
//! ```

use std::io;

use clap::Args;
use serde::Serialize;

use crate::ask::question::Reads;
use crate::ask::question::about::Touch;
use crate::ask::{Fault, Question};
use crate::rbac::note::leave_words;
use crate::rbac::touch::{HeldWay, Touched, Toucher};
use crate::text::evidence::Evidence;

use super::form::{self, Folds, Form, Layout, Printed};
use super::grants::{self, GrantJson, RequestJson};
use super::json::{self, EvidenceJson};
use super::{Asked, AskingCommand, Exit};

/// Who may touch OBJECT.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("touch", it)))]
#[command(
    after_help = "Examples:\n  kreach touch ns/payments\n  kreach touch networkpolicy/payments/default-deny -o json"
)]
pub struct TouchArgs {
    #[command(flatten)]
    pub question: Touch,
    #[command(flatten)]
    pub printed: Printed,
    #[command(flatten)]
    pub folds: Folds,
}

/// `kreach touch -o json`.
#[derive(Serialize)]
struct TouchedJson<'a> {
    version: &'static str,
    kind: &'static str,
    object: String,
    ways: Vec<WayJson<'a>>,
}

/// One way to touch it.
#[derive(Serialize)]
struct WayJson<'a> {
    /// `change`, `exec`, `delete`, …
    way: &'static str,
    /// Any of these does it.
    requests: Vec<RequestJson<'a>>,
    /// Who can, `system:masters` left out.
    subjects: Vec<ToucherJson>,
    /// Why somebody may be missing.
    evidence: Vec<EvidenceJson>,
}

#[derive(Serialize)]
struct ToucherJson {
    subject: String,
    /// What the guard against escalation says besides, of a change of a role or a binding.
    #[serde(skip_serializing_if = "Option::is_none")]
    guard: Option<GuardJson>,
    grants: Vec<GrantJson>,
}

#[derive(Serialize)]
struct GuardJson {
    outcome: &'static str,
    what: String,
}

fn toucher(it: &Toucher) -> ToucherJson {
    let guard = it.guard.as_ref();
    ToucherJson {
        subject: it.subject.to_string(),
        guard: guard.map(|it| GuardJson { outcome: it.outcome().as_str(), what: leave_words(it) }),
        grants: it.grants.iter().map(grants::grant).collect(),
    }
}

fn way(it: &HeldWay) -> WayJson<'_> {
    let gaps: Vec<Evidence> = it.gaps.iter().map(Evidence::gap).collect();
    WayJson {
        way: it.touch.word,
        requests: it.touch.requests.iter().map(grants::request).collect(),
        subjects: it.holders.iter().map(toucher).collect(),
        evidence: json::evidence(&gaps),
    }
}

fn document(it: &Touched) -> TouchedJson<'_> {
    TouchedJson {
        version: json::VERSION,
        kind: "Touched",
        object: it.id.to_string(),
        ways: it.ways.iter().map(way).collect(),
    }
}

impl AskingCommand for TouchArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        asked.print(&Question::Touch(self.question.clone()), Layout::from(self.printed).folding(self.folds), out)
    }
}

/// Writes it as JSON or YAML.
pub(super) fn write(it: &Touched, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    json::write_as(form, &document(it), asked, out)
}
