//! The two ways out: answers to stdout, all of them or exit 2, and what is said beside them to stderr.
//!
//! What cannot be written to stderr is lost and changes nothing (CONTRACT §5): nothing here panics, as the macros of the
//! standard library would.

use std::io::{self, BufWriter, Write};

use clap::CommandFactory as _;

use crate::args::Args;
use crate::ask::{Fault, FaultKind};
use crate::cli::{Color, Exit};
use crate::model::cluster::Cluster;
use crate::model::untrusted;
use crate::text::written::{Harmless, Sequences};

/// How many problems are listed; `kreach info` lists all.
const PROBLEMS: usize = 20;

/// Writes an answer to stdout and sees to it that all of it arrives; else the command fails.
pub(super) fn answer(color: Color, write: impl FnOnce(&mut dyn Write) -> Result<Exit, Fault>) -> Result<Exit, Fault> {
    let sequences = if color == Color::Always { Sequences::Colors } else { Sequences::None };
    let mut out = Harmless::new(BufWriter::new(io::stdout().lock()), sequences);
    let exit = write(&mut out)?;
    out.flush()?;
    Ok(exit)
}

/// Says one line on stderr, where somebody listens.
pub(super) fn line(text: &str) {
    let _ = writeln!(io::stderr(), "{}", untrusted::show(text));
}

/// Says what is worth a word, and what kind of word it is.
fn say(kind: &str, what: &str) {
    line(&format!("{kind}: {what}"));
}

/// Says what clap has to say about the usage: its own lines, with what was typed in them made safe to show.
pub(super) fn usage(lines: &str) {
    let shown: String = lines.lines().flat_map(|it| [untrusted::show(it), "\n".into()]).collect();
    let _ = io::stderr().write_all(shown.as_bytes());
}

/// Says why there is no answer: one line, and one of what to do; gives how the program ends by it.
pub(super) fn fault(fault: &Fault) -> Exit {
    if fault.kind != FaultKind::NobodyReads {
        say("error", &fault.to_string());
        fault.hint().iter().for_each(|it| say("hint", it));
    }
    fault.kind.into()
}

/// What is worth a word about the input.
pub(super) fn notes(notes: &[String]) {
    notes.iter().for_each(|it| say("note", it));
}

/// What was odd about the connection.
pub(super) fn warnings(warnings: &[String]) {
    warnings.iter().for_each(|it| say("warning", it));
}

/// Every object that could not be read, counted and listed.
pub(super) fn problems(cluster: &Cluster) {
    problems_of(cluster, "");
}

/// The same, each line behind these words.
pub(super) fn problems_of(cluster: &Cluster, which: &str) {
    let total = cluster.all_problems().count();
    for problem in cluster.all_problems().take(PROBLEMS) {
        say("problem", &format!("{which}{problem}"));
    }
    if total > PROBLEMS {
        say("problem", &format!("{which}{} more; kreach info lists them", total - PROBLEMS));
    }
}

/// What `--self-check` found; a difference fails whatever the answer was.
pub(super) fn differences(differences: &[String], exit: Exit) -> Result<Exit, Fault> {
    let Some(first) = differences.first() else { return Ok(exit) };
    let what = format!("self-check: {} answers differ, such as {first}", differences.len());
    Err(Fault::of(FaultKind::Defect, what)
        .hinted("this is a defect of kreach: please report it with `kreach snapshot`"))
}

/// Completions for a shell.
pub(super) fn completion(shell: clap_complete::Shell) -> Result<Exit, Fault> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "kreach", &mut text);
    answer(Color::Never, |out| Ok(out.write_all(&text).map(|()| Exit::Yes)?))
}

/// The manual page.
pub(super) fn man() -> Result<Exit, Fault> {
    answer(Color::Never, |mut out| Ok(clap_mangen::Man::new(Args::command()).render(&mut out).map(|()| Exit::Yes)?))
}
