//! `kreach check PATH… [--assert FILE]`: what is wrong with manifests, for CI: every problem, every document that cannot
//! be read and every broken expectation is a finding.
//!
//! ```text
//! $ kreach check manifests/ --assert expectations.txt
//! x findings  2 findings in 14 files
//! manifests/db.yaml:12: networkpolicy/shop/db spec.ingress[0]: unknown field "form"
//! expectations.txt:3: broken: ns/shop cannot reach ns/payments: 2 of 6 pairs allowed
//! ```
//!
//! Findings beat what is unknown (CONTRACT §9). The same report is what `kreach assert` prints.

mod junit;
mod sarif;

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::ask::expectation::{ExpectationVerdict, Expectations, JudgedExpectation};
use crate::ask::{Fault, Here, World};
use crate::model::id::ObjectId;
use crate::model::place::Place;
use crate::model::untrusted;
use crate::text::written;
use crate::text::{Line, Mark, Page, Shape, words};

use super::form::{self, Form, Printed};
use super::json::{self, EvidenceJson};
use super::{Asked, Exit};

/// Check manifests: every problem and every broken expectation is a finding, for CI.
#[derive(Args, Debug)]
#[command(mut_arg("output", |it| form::output("check", it)))]
#[command(
    after_help = "Examples:\n  kreach check manifests/\n  kreach check manifests/ --assert expectations.txt\n  kreach check story.json -o sarif"
)]
pub struct CheckArgs {
    /// Files and directories: all that the cluster will hold
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// What is expected of them, one expectation a line; repeatable
    #[arg(long, value_name = "FILE")]
    pub assert: Vec<String>,
    #[command(flatten)]
    pub printed: Printed,
}

/// Which sort of thing was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CheckRule {
    /// Something in an object that the API server would refuse, or that was surely not meant.
    Problem,
    /// A document or an object that could not be read.
    Unreadable,
    /// An expectation that is broken.
    Expectation,
}

impl CheckRule {
    const ALL: [CheckRule; 3] = [CheckRule::Problem, CheckRule::Unreadable, CheckRule::Expectation];

    /// As it is called in every form.
    pub const fn as_str(self) -> &'static str {
        match self {
            CheckRule::Problem => "problem",
            CheckRule::Unreadable => "unreadable",
            CheckRule::Expectation => "expectation",
        }
    }

    const fn severity(self) -> &'static str {
        match self {
            CheckRule::Problem => "warning",
            CheckRule::Unreadable | CheckRule::Expectation => "error",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            CheckRule::Problem => "The API server would refuse it, or it does not mean what it seems to",
            CheckRule::Unreadable => "It could not be read",
            CheckRule::Expectation => "An expectation is broken",
        }
    }
}

/// Something that was found, and where.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CheckFinding {
    /// Empty where no file holds it.
    pub file: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub rule: CheckRule,
    pub object: Option<ObjectId>,
    pub place: Place,
    pub what: String,
}

impl CheckFinding {
    /// `db.yaml:12`, `db.yaml` or nothing.
    fn at(&self) -> String {
        self.line.map_or_else(|| self.file.clone(), |line| format!("{}:{line}", self.file))
    }

    /// What is wrong, with the object and the place in it.
    fn message(&self) -> String {
        match &self.object {
            Some(object) if self.place.0.is_empty() => format!("{object}: {}", self.what),
            Some(object) => format!("{object} {}: {}", self.place, self.what),
            None => self.what.clone(),
        }
    }

    fn words(&self) -> String {
        match self.at() {
            at if at.is_empty() => self.message(),
            at => format!("{at}: {}", self.message()),
        }
    }
}

/// An expectation, and what came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Expected {
    pub file: String,
    pub line: u32,
    /// As it can be typed again.
    pub text: String,
    pub judged: JudgedExpectation,
}

impl Expected {
    /// What came of it and why, in one line.
    fn words(&self) -> String {
        let (verdict, cause) = (self.judged.verdict.as_str(), self.judged.cause());
        match cause.as_str() {
            "" => format!("{verdict}: {}", self.text),
            cause => format!("{verdict}: {}: {cause}", self.text),
        }
    }
}

/// All that was found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CheckReport {
    /// The files that were checked, in the order of their names.
    pub files: Vec<String>,
    pub findings: Vec<CheckFinding>,
    pub expected: Vec<Expected>,
}

impl CheckReport {
    /// Judges expectations; those that are broken are findings.
    ///
    /// # Errors
    /// Both evaluators differ (CONTRACT §5).
    pub fn of(expectations: &Expectations, world: &World, here: &Here) -> Result<Self, Fault> {
        let mut report = Self::default();
        for it in &expectations.0 {
            let judged = it.expectation.judge(here, world)?;
            let (file, text) = (it.file.clone(), it.expectation.to_string());
            report.expected.push(Expected { file, line: it.line, text, judged });
        }
        let broken = report.expected.iter().filter(|it| it.judged.verdict == ExpectationVerdict::Broken);
        report.findings = broken.map(finding).collect();
        Ok(report)
    }

    /// How a command ends that found this: findings beat what is unknown.
    pub fn exit(&self) -> Exit {
        match () {
            () if !self.findings.is_empty() => Exit::No,
            () if self.count(ExpectationVerdict::Unknown) > 0 => Exit::Unknown,
            () => Exit::Yes,
        }
    }

    fn outcome(&self) -> &'static str {
        match self.exit() {
            Exit::Yes => "clean",
            Exit::Unknown => "unknown",
            Exit::No | Exit::Failed => "findings",
        }
    }

    fn count(&self, verdict: ExpectationVerdict) -> usize {
        self.expected.iter().filter(|it| it.judged.verdict == verdict).count()
    }

    /// Writes it.
    ///
    /// # Errors
    /// stdout cannot be written.
    pub fn write(&self, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
        match form {
            Form::Json => json::write(&self.document(), asked, out),
            Form::Junit => Ok(junit::write(self, out)?),
            Form::Sarif => Ok(written::json(&sarif::document(self), out)?),
            _ => Ok(asked.context.write(&self.page(), out)?),
        }
    }

    fn page(&self) -> Page {
        let mut page = Page::default();
        let mark = match self.exit() {
            Exit::Yes => Mark::Allow,
            Exit::Unknown => Mark::Unknown,
            Exit::No | Exit::Failed => Mark::Deny,
        };
        page.say(0, mark, format!("{}  {}", self.outcome(), self.counts()));
        let problems = self.findings.iter().filter(|it| it.rule != CheckRule::Expectation);
        problems.for_each(|it| page.push(at_margin(it.words(), Mark::Deny)));
        for it in self.expected.iter().filter(|it| it.judged.verdict != ExpectationVerdict::Held) {
            page.push(at_margin(format!("{}:{}: {}", it.file, it.line, it.words()), it.judged.verdict.mark()));
            it.judged.besides().for_each(|it| page.push(it.line(1)));
        }
        page
    }

    /// `2 findings in 14 files; 1 of 4 expectations broken, 1 unknown`.
    fn counts(&self) -> String {
        let count = |n: usize, one, many| words::count(n as u64, one, many);
        let mut parts = Vec::new();
        if !self.files.is_empty() {
            let findings = count(self.findings.len(), "finding", "findings");
            parts.push(format!("{findings} in {}", count(self.files.len(), "file", "files")));
        }
        if !self.expected.is_empty() || self.files.is_empty() {
            let all = count(self.expected.len(), "expectation", "expectations");
            let unknown = self.count(ExpectationVerdict::Unknown);
            let unknown = if unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
            parts.push(match self.count(ExpectationVerdict::Broken) {
                0 => format!("{} of {all} held{unknown}", self.count(ExpectationVerdict::Held)),
                broken => format!("{broken} of {all} broken{unknown}"),
            });
        }
        parts.join("; ")
    }

    fn document(&self) -> CheckJson<'_> {
        let finding = |it: &CheckFinding| CheckFindingJson {
            rule: it.rule.as_str(),
            severity: it.rule.severity(),
            object: it.object.as_ref().map(ToString::to_string),
            place: it.place.to_string(),
            file: (!it.file.is_empty()).then(|| it.file.clone()),
            line: it.line,
            column: it.column,
            message: it.what.clone(),
        };
        let expectation = |it: &Expected| ExpectationJson {
            file: it.file.clone(),
            line: it.line,
            text: it.text.clone(),
            outcome: it.judged.verdict.as_str(),
            evidence: json::evidence(&it.judged.evidence),
        };
        CheckJson {
            version: json::VERSION,
            kind: "Check",
            outcome: self.outcome(),
            files: &self.files,
            findings: self.findings.iter().map(finding).collect(),
            expectations: self.expected.iter().map(expectation).collect(),
            counts: CheckCountsJson {
                findings: self.findings.len(),
                held: self.count(ExpectationVerdict::Held),
                broken: self.count(ExpectationVerdict::Broken),
                unknown: self.count(ExpectationVerdict::Unknown),
            },
        }
    }
}

/// A broken expectation as a finding.
fn finding(it: &Expected) -> CheckFinding {
    let first = it.judged.deciding();
    CheckFinding {
        file: it.file.clone(),
        line: Some(it.line),
        column: None,
        rule: CheckRule::Expectation,
        object: first.and_then(|it| it.object.clone()),
        place: first.map(|it| it.place.clone()).unwrap_or_default(),
        what: it.words(),
    }
}

/// A line that begins with the file, as compilers write it and editors read it.
fn at_margin(text: String, mark: Mark) -> Line {
    Line::new(0, mark, untrusted::show(&text)).shaped(Shape::Row)
}

/// `kreach check -o json` and `kreach assert -o json`.
#[derive(Serialize)]
struct CheckJson<'a> {
    version: &'static str,
    kind: &'static str,
    outcome: &'static str,
    files: &'a [String],
    findings: Vec<CheckFindingJson>,
    expectations: Vec<ExpectationJson>,
    counts: CheckCountsJson,
}

#[derive(Serialize)]
struct CheckFindingJson {
    rule: &'static str,
    severity: &'static str,
    object: Option<String>,
    place: String,
    file: Option<String>,
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    message: String,
}

#[derive(Serialize)]
struct ExpectationJson {
    file: String,
    line: u32,
    text: String,
    outcome: &'static str,
    evidence: Vec<EvidenceJson>,
}

#[derive(Serialize)]
struct CheckCountsJson {
    findings: usize,
    held: usize,
    broken: usize,
    unknown: usize,
}
