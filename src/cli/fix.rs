//! `kreach fix`: changes that make a flow otherwise, and all that each of them changes.
//!
//! ```text
//! $ kreach fix shop/web shop/db:5432 --allow
//! v 2 candidates: allow pod/shop/web -> pod/shop/db:5432
//!   1. certain, changes 1 object
//! ```

use std::io;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::ask::export::{self, Exported};
use crate::ask::fix::{Candidate, FixAnswer};
use crate::ask::question::Reads;
use crate::ask::question::fix::Fix as Asking;
use crate::ask::{Fault, Question};
use crate::change::{Change, Op};
use crate::text::written::markdown;
use crate::text::{Line, written};

use super::baseline::{self, BaselineJson};
use super::diff::{self, DiffJson};
use super::form::{self, Form, Printed};
use super::json::{self, EvidenceJson};
use super::{Asked, AskingCommand, Exit};

/// Changes that make a flow otherwise.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("output", |it| form::output("fix", it)))]
#[command(
    after_help = "Examples:\n  kreach fix deploy/shop/web svc/platform/registry --allow\n  kreach fix deploy/shop/web svc/platform/registry --deny -o yaml\n  kreach fix --isolate ns/shop -o script\n  kreach fix --isolate ns/shop --baseline\n  kreach fix deploy/shop/web svc/platform/registry --deny -o kustomize\n  kreach fix --revoke sa:ci/runner get secrets -n shop\n  kreach fix --revoke sa:ci/runner --to cluster-admin -o json\n  kreach fix --to node-root"
)]
pub struct FixArgs {
    #[command(flatten)]
    pub question: Asking,
    #[command(flatten)]
    pub printed: Printed,
    /// Which of the candidates, from 1; without it text and JSON have all, YAML the first
    #[arg(long, value_name = "N")]
    pub candidate: Option<usize>,
}

impl AskingCommand for FixArgs {
    fn reads(&self) -> &dyn Reads {
        &self.question
    }

    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault> {
        let question = Question::Fix(self.question.clone());
        let answer = asked.world.answer(&question, &asked.context.here)?;
        let crate::ask::Answer::Fix(mut fix) = answer else { return Ok(Exit::Failed) };
        let exit = Exit::from(fix.outcome());
        if let Some(number) = self.candidate {
            only(&mut fix, number)?;
        }
        match self.printed.output {
            Form::Text => asked.context.write(&fix.page(), out)?,
            form => write(&fix, form, asked, out)?,
        }
        Ok(exit)
    }
}

/// Leaves one candidate.
fn only(fix: &mut FixAnswer, number: usize) -> Result<(), crate::ask::Fault> {
    let count = fix.candidates.len();
    if number == 0 || number > count {
        let what = format!("there is no candidate {number}");
        let hint = if count == 0 { "there is none at all".to_owned() } else { format!("they are 1 to {count}") };
        return if count == 0 && number > 0 { Ok(()) } else { Err(crate::ask::Fault::new(what, hint)) };
    }
    fix.candidates = vec![fix.candidates.swap_remove(number - 1)];
    Ok(())
}

#[derive(Serialize)]
struct FixJson<'a> {
    version: &'static str,
    kind: &'static str,
    asked: &'a str,
    outcome: &'static str,
    candidates: Vec<CandidateJson<'a>>,
    evidence: Vec<EvidenceJson>,
    /// With `--baseline`: what is needed, what nothing declares, what could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    declared: Option<BaselineJson<'a>>,
}

#[derive(Serialize)]
struct CandidateJson<'a> {
    changes: Vec<ChangeJson<'a>>,
    what: &'a [String],
    impact: DiffJson,
    refused: &'a [String],
    certainty: &'static str,
    evidence: Vec<EvidenceJson>,
}

/// A change, with what it was made for: `None` where that is not known, or is the object itself.
#[derive(Serialize)]
struct ChangeJson<'a> {
    op: Op,
    object: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Option<&'a Value>>,
}

/// Writes it in any form but text.
pub(super) fn write(it: &FixAnswer, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    match form {
        Form::Yaml => Ok(manifests(it, out)?),
        Form::Script => Ok(script(it, out)?),
        Form::Kustomize => Ok(kustomization(it, asked, out)?),
        Form::Md => {
            asked.context.head(form, out)?;
            Ok(ticket(it, out)?)
        }
        _ => {
            let document = FixJson {
                version: json::VERSION,
                kind: "Fix",
                asked: &it.asked,
                outcome: it.outcome().as_str(),
                candidates: it.candidates.iter().map(|it| candidate(it, asked)).collect(),
                evidence: json::evidence(&it.reasons),
                declared: it.declared.as_ref().map(|it| baseline::document(&it.baseline, true)),
            };
            json::write(&document, asked, out)
        }
    }
}

fn candidate<'a>(it: &'a Candidate, asked: &'a Asked<'_>) -> CandidateJson<'a> {
    CandidateJson {
        changes: it.changes.iter().map(|it| change(it, asked)).collect(),
        what: &it.what,
        impact: diff::of_impact(&it.impact, asked.world, &it.after),
        refused: &it.refused,
        certainty: it.certainty.as_str(),
        evidence: json::evidence(&it.notes),
    }
}

fn change<'a>(it: &'a Change, asked: &'a Asked<'_>) -> ChangeJson<'a> {
    let before = || it.id().ok().and_then(|id| asked.world.manifests.get(&id));
    let before = match it.op {
        Op::Create => Some(None),
        Op::Update => before().map(Some),
        Op::Delete => None,
    };
    ChangeJson { op: it.op, object: &it.object, before }
}

/// The objects of the first candidate; what is to be deleted stands in comments.
fn manifests(it: &FixAnswer, out: &mut dyn io::Write) -> io::Result<()> {
    let Some(first) = it.candidates.first() else { return writeln!(out, "# no candidate: {}", it.asked) };
    writeln!(out, "# {}", it.asked)?;
    first.what.iter().try_for_each(|it| writeln!(out, "# {it}"))?;
    let (objects, deletes) = parted(first)?;
    write!(out, "{objects}")?;
    deletes.iter().try_for_each(|it| writeln!(out, "# {it}"))
}

/// What is created and updated, and how kubectl deletes the others.
fn parted(candidate: &Candidate) -> io::Result<(String, Vec<String>)> {
    let (mut objects, mut deletes) = (Vec::new(), Vec::new());
    for change in &candidate.changes {
        match change.op {
            Op::Delete => deletes.push(export::delete_line(&change.object)),
            Op::Create | Op::Update => {
                objects.extend_from_slice(b"---\n");
                written::yaml(&change.object, &mut objects)?;
            }
        }
    }
    Ok((String::from_utf8_lossy(&objects).into_owned(), deletes))
}

/// A script that applies the first candidate, once the server has said of all of it what it would do.
fn script(it: &FixAnswer, out: &mut dyn io::Write) -> io::Result<()> {
    let mut about = vec![it.asked.clone()];
    let Some(first) = it.candidates.first() else {
        return write!(out, "#!/bin/sh\n# {}\n# no candidate\nexit 1\n", it.asked);
    };
    about.extend(first.what.iter().chain(&first.refused).cloned());
    about.extend(first.notes.iter().map(|it| it.what.clone()));
    write!(out, "{}", export::script(&about, &first.changes))
}

/// The first candidate as a kustomization.
fn kustomization(it: &FixAnswer, asked: &Asked<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let Some(first) = it.candidates.first() else { return writeln!(out, "# no candidate: {}", it.asked) };
    let exported = |change| {
        let before = Change::id(change).ok().and_then(|it| asked.world.manifests.get(&it));
        Exported { change, before }
    };
    let all: Vec<Exported<'_>> = first.changes.iter().map(exported).collect();
    write!(out, "# {}\n{}", it.asked, export::kustomize(&all))
}

/// All candidates as a ticket: what each does, what it changes, its objects.
fn ticket(it: &FixAnswer, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "# {}\n", markdown(&it.headline().text))?;
    it.reasons.iter().try_for_each(|it| writeln!(out, "- {}", markdown(&it.line(0).text)))?;
    for (number, candidate) in (1..).zip(&it.candidates) {
        writeln!(out, "\n## {}\n", markdown(&candidate.title(number)))?;
        let told = candidate.refused.iter().chain(&candidate.what).cloned();
        let told = told.chain(candidate.notes.iter().map(|it| it.line(0).text));
        told.into_iter().try_for_each(|it| writeln!(out, "- {}", markdown(&it)))?;
        writeln!(out)?;
        diff::table(&candidate.impact, out)?;
        let (objects, deletes) = parted(candidate)?;
        if !objects.is_empty() {
            // Longer than any fence within.
            let fence = "`".repeat(4.max(1 + objects.split(|it| it != '`').map(str::len).max().unwrap_or(0)));
            writeln!(out, "\n{fence}yaml\n{objects}{fence}")?;
        }
        deletes.iter().try_for_each(|it| writeln!(out, "\n    {it}"))?;
    }
    let beside = it.beside();
    if !beside.lines.is_empty() {
        writeln!(out, "\n## beside the candidates\n")?;
    }
    let told = |it: &Line| format!("{}- {}", "  ".repeat(usize::from(it.indent)), markdown(&it.text));
    beside.lines.iter().try_for_each(|it| writeln!(out, "{}", told(it)))
}
