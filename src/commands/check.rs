//! `kreach check` and `kreach assert`: manifests or a cluster are read, and expectations from a file.

use std::io::Read as _;
use std::path::Path;

use crate::args::Args;
use crate::ask::expectation::Expectations;
use crate::ask::topic::Topic;
use crate::ask::{Fault, FaultKind, Here};
use crate::cli::assert::{Assert, AssertArgs};
use crate::cli::check::{CheckArgs, CheckFinding, CheckReport, CheckRule};
use crate::cli::{Asked, Color, Exit};
use crate::live::bounded;
use crate::live::files;
use crate::model::place::Problem;

use super::load::{self, LoadedWorld, context};
use super::print;
use super::stage::StagedFiles;

/// How many bytes a file of expectations may have.
const MAX_EXPECTATIONS: usize = 16 << 20;

/// Checks manifests and prints what was found.
pub(super) fn check(args: &Args, asked: &CheckArgs, color: Color) -> Result<Exit, Fault> {
    let hint = "kreach check PATH… [--assert FILE]: each path is a file or a directory";
    if !args.source.from.is_empty() {
        return Err(Fault::new("check reads no --from", hint));
    }
    if args.source.stage.iter().filter(|it| it.as_os_str() == "-").count()
        + asked.assert.iter().filter(|it| *it == "-").count()
        + asked.paths.iter().filter(|it| it.as_os_str() == "-").count()
        > 1
    {
        return Err(Fault::new("stdin is read twice", hint));
    }
    let mut surroundings = context(args, color);
    surroundings.here.from_files = true;
    let expectations = expectations(&asked.assert, &surroundings.here)?;
    let people = load::people(args)?;
    let reading = files::ReadOptions { finds: true, ..load::reading(args, &surroundings.here.namespace) };
    let mut loaded = files::load_with(&asked.paths, &reading)?;
    surroundings.notes = std::mem::take(&mut loaded.notes).into_iter().map(|it| it.what).collect();
    print::notes(&surroundings.notes);
    let (files, findings) = (labels(&loaded), findings(&loaded));
    let staging = StagedFiles::read(args, &surroundings.here.namespace)?;
    let unread = std::mem::take(&mut loaded.unread);
    let mut read = LoadedWorld { world: load::world_of(args, loaded, people), context: surroundings, unread };
    print::notes(&staging.apply(&mut read, Topic::Any)?);
    let LoadedWorld { world, context: surroundings, .. } = read;
    let command = Assert { expectations: &expectations, output: asked.printed.output };
    let judged = CheckReport::of(&expectations, &world, &surroundings.here)?;
    let report = CheckReport { files, findings: [findings, judged.findings.clone()].concat(), ..judged };
    let asked = Asked::of(&world, &surroundings, &command);
    let exit = print::answer(color, |out| {
        report.write(command.output, &asked, out)?;
        Ok(report.exit())
    })?;
    super::stage::tell(&surroundings);
    print::differences(&world.differences(), exit)
}

/// Judges what a file expects of the cluster that other commands would ask.
pub(super) fn assert(args: &Args, asked: &AssertArgs, color: Color) -> Result<Exit, Fault> {
    super::stdin_once(args, (asked.file == "-").then_some("the expectations"))?;
    let here = context(args, color).here;
    let expectations = expectations(std::slice::from_ref(&asked.file), &here)?;
    super::answer(args, &Assert { expectations: &expectations, output: asked.printed.output }, color)
}

/// What these files expect.
pub(super) fn expectations(paths: &[String], here: &Here) -> Result<Expectations, Fault> {
    let mut all = Expectations::default();
    for path in paths {
        let text = text(path).map_err(|error| {
            let hint = "a file of expectations holds one a line, such as ns/shop cannot reach ns/payments";
            Fault::of(FaultKind::Input, format!("cannot read {path}: {error}")).hinted(hint)
        })?;
        all.add(if path == "-" { "standard input" } else { path }, &text, here)?;
    }
    Ok(all)
}

fn text(path: &str) -> std::io::Result<String> {
    if path != "-" {
        return bounded::text(Path::new(path), MAX_EXPECTATIONS);
    }
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_EXPECTATIONS as u64).read_to_string(&mut text)?;
    Ok(text)
}

fn labels(loaded: &files::Loaded) -> Vec<String> {
    let mut labels: Vec<String> = loaded.source.labels().map(str::to_owned).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// Every problem and everything that could not be read, in the order of files and lines.
fn findings(loaded: &files::Loaded) -> Vec<CheckFinding> {
    let is_unreadable = |it: &Problem| {
        it.object.as_ref().is_some_and(|id| loaded.cluster.unreadable.contains(id)) || loaded.not_read.contains(it)
    };
    let finding = |it: &Problem| {
        let spot = loaded.source.spot(it);
        CheckFinding {
            file: spot.file,
            line: spot.line,
            column: spot.column,
            rule: if is_unreadable(it) { CheckRule::Unreadable } else { CheckRule::Problem },
            object: it.object.clone(),
            place: if it.object.is_some() { it.place.clone() } else { Default::default() },
            what: it.what.to_string(),
        }
    };
    let mut findings: Vec<CheckFinding> = loaded.cluster.all_problems().chain(&loaded.not_read).map(finding).collect();
    findings.sort();
    findings.dedup();
    findings
}
