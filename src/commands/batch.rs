//! `--batch`: one JSON line in, one out, in order, flushed as it goes (CONTRACT §5).
//!
//! Answers wait only while another whole question is at hand: whoever writes one line and waits gets its answer, and
//! a file of a million costs no system call for each.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

use crate::ask::{Fault, FaultKind};
use crate::cli::{Asked, BatchCommand, Exit};
use crate::model::evidence::Outcome;

/// How much is read at a time.
const BUFFER: usize = 64 * 1024;
/// How long a line may be: a question is some hundred bytes.
const LINE: usize = 1 << 20;

/// Answers every line; the exit is that of the worst.
pub(super) fn answer(batch: &BatchCommand<'_>, asked: &Asked<'_>, out: &mut dyn Write) -> Result<Exit, Fault> {
    let input: Box<dyn Read> = match batch.path {
        "-" => Box::new(io::stdin().lock()),
        path => Box::new(File::open(path).map_err(|error| unreadable(path, &error))?),
    };
    let mut input = BufReader::with_capacity(BUFFER, input);
    let (mut worst, mut line, mut answer) = (Outcome::Allow, Vec::new(), Vec::new());
    for number in 1_u64.. {
        line.clear();
        let read = input.by_ref().take(LINE as u64 + 1).read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(batch.path, &error))? == 0 {
            break;
        }
        if line.len() > LINE {
            // What was answered before stands.
            out.flush()?;
            return Err(too_long(batch.path, number));
        }
        if !line.trim_ascii().is_empty() {
            answer.clear();
            // What is not UTF-8 is a faulty line: the reader of JSON will say so of the replacement.
            let outcome = batch.lines.line(asked, &String::from_utf8_lossy(line.trim_ascii()), &mut answer)?;
            worst = worst.worst(outcome);
            answer.push(b'\n');
            out.write_all(&answer)?;
        }
        if memchr::memchr(b'\n', input.buffer()).is_none() {
            out.flush()?;
        }
    }
    out.flush()?;
    Ok(worst.into())
}

fn unreadable(path: &str, error: &io::Error) -> Fault {
    let what = format!("cannot read {}: {error}", named(path));
    Fault::of(FaultKind::Input, what).hinted("give --batch a file, or - for stdin")
}

fn too_long(path: &str, line: u64) -> Fault {
    let what = format!("cannot read {} line {line}: it is longer than 1 MiB", named(path));
    Fault::of(FaultKind::Input, what).hinted("each line is one question as JSON")
}

fn named(path: &str) -> &str {
    if path == "-" { "stdin" } else { path }
}
