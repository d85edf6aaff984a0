//! What goes to stderr, and the answers that need no cluster.

use std::io::{self, Write as _};

use clap::CommandFactory as _;

use crate::args::Args;
use crate::cli::{Exit, Failure};
use crate::live::files::FilesError;
use crate::model::cluster::Cluster;
use crate::model::untrusted;

use super::Stop;

/// How many problems are listed; `kreach info` lists all.
const PROBLEMS: usize = 20;

/// Says why there is no answer: one line, and one of what to do.
pub(super) fn stop(stop: Stop) -> Exit {
    let (what, hint) = match stop {
        Stop::Cli(Failure::Fault(fault)) => (fault.what, fault.hint),
        // Whoever read the answer has read enough.
        Stop::Cli(Failure::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Exit::Yes,
        Stop::Cli(Failure::Write(error)) => (format!("cannot write the answer: {error}"), String::new()),
        Stop::Live(fault) => (fault.what, fault.hint.unwrap_or_default()),
        Stop::Other { what, hint } => (what, hint),
    };
    eprintln!("error: {}", untrusted::show(&what));
    if !hint.is_empty() {
        eprintln!("hint: {}", untrusted::show(&hint));
    }
    Exit::Failed
}

/// Why files cannot be read, with every cause.
pub(super) fn files_error(error: &FilesError) -> Stop {
    let causes: Vec<String> =
        std::iter::successors(std::error::Error::source(error), |it| it.source()).map(ToString::to_string).collect();
    let what = if causes.is_empty() { error.to_string() } else { format!("{error}: {}", causes.join(": ")) };
    let hint = match error {
        FilesError::Cut { .. } => {
            "take the snapshot again; --partial reads what is there, all that may be lost unknown"
        }
        _ => "files are YAML or JSON as kubectl writes them",
    };
    Stop::Other { what, hint: hint.to_owned() }
}

/// What is worth a word about the input.
pub(super) fn notes(notes: &[String]) {
    notes.iter().for_each(|it| eprintln!("note: {}", untrusted::show(it)));
}

/// What was odd about the connection.
pub(super) fn warnings(warnings: &[String]) {
    warnings.iter().for_each(|it| eprintln!("warning: {}", untrusted::show(it)));
}

/// Every object that could not be read, counted and listed.
pub(super) fn problems(cluster: &Cluster) {
    let total = cluster.all_problems().count();
    for problem in cluster.all_problems().take(PROBLEMS) {
        eprintln!("problem: {}", untrusted::show(&problem.to_string()));
    }
    if total > PROBLEMS {
        eprintln!("problem: {} more; kreach info lists them", total - PROBLEMS);
    }
}

/// What `--self-check` found; a difference fails whatever the answer was.
pub(super) fn differences(differences: &[String], exit: Exit) -> Result<Exit, Stop> {
    let Some(first) = differences.first() else { return Ok(exit) };
    let what = format!("self-check: {} answers differ, such as {first}", differences.len());
    Err(Stop::Other { what, hint: "this is a defect of kreach: please report it with `kreach snapshot`".to_owned() })
}

/// Completions for a shell.
pub(super) fn completion(shell: clap_complete::Shell) -> Result<Exit, Stop> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "kreach", &mut text);
    io::stdout().write_all(&text)?;
    Ok(Exit::Yes)
}

/// The manual page.
pub(super) fn man() -> Result<Exit, Stop> {
    clap_mangen::Man::new(Args::command()).render(&mut io::stdout())?;
    Ok(Exit::Yes)
}
