//! The subcommands: what they read, what they print and how they end. Pure: the shell reads, writes and exits.
//!
//! ```text
//! Command ──reads──► the shell reads ──► Asked ──run──► World::answer ──► stdout as text, json, csv, dot or md; Exit
//! ```
//!
//! A command is one file here with its flags and one line in the table of [`crate::args::Command`].

pub mod answer;
pub mod exit;
pub mod form;
pub mod info;
pub mod json;
pub mod map;

pub mod paint;
pub mod sheet;

pub mod apply;
pub mod assert;
pub mod baseline;
pub mod can;
pub mod capabilities;
pub mod certificate;
pub mod check;
pub mod choke;
pub mod diff;
pub mod explain;
pub mod fix;
pub mod grants;
pub mod list;
pub mod matrix;
pub mod path;
pub mod permissions;
pub mod rbac;
pub mod reach;
pub mod rule;
pub mod sidestep;
pub mod staged;
pub mod touch;
pub mod trace;
pub mod trust;
pub mod undo;
pub mod who_can;

use std::cell::OnceCell;
use std::io;

use crate::ask::question::Reads;
use crate::ask::{Asker, Fault, Here, World};
use crate::model::evidence::Outcome;

pub use exit::Exit;
pub use paint::{Color, Look};
pub use staged::StagedNotice;

/// What surrounds a question: what the flags and the kubeconfig say.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// How what is typed is read.
    pub here: Here,
    /// How text is written.
    pub look: Look,
    /// What `info` shows, in its order: directories, what was read, the server.
    pub surroundings: Vec<(&'static str, String)>,
    /// Whether a server was asked; files are a closed world.
    pub live: bool,
    /// What goes to stderr as notes, for documents that say it too.
    pub notes: Vec<String>,
    /// `--stage`: what is taken for made.
    pub staged: Option<StagedNotice>,
}

/// What a command answers from.
pub struct Asked<'a> {
    pub world: &'a World,
    pub context: &'a Context,
    asker: OnceCell<Asker<'a>>,
    /// Lines of a batch are judged literally: without what an answer needs beside itself.
    is_literal: bool,
}

impl<'a> Asked<'a> {
    /// A command's question of a world.
    pub fn of(world: &'a World, context: &'a Context, command: &dyn AskingCommand) -> Self {
        Self { world, context, asker: OnceCell::new(), is_literal: command.batch().is_some() }
    }

    /// Asks about connections; made when first asked for.
    pub fn asker(&self) -> &Asker<'a> {
        self.asker.get_or_init(|| match self.is_literal {
            true => self.world.asker().without_prerequisites(),
            false => self.world.asker(),
        })
    }
}

/// One subcommand that asks a cluster.
pub trait AskingCommand {
    /// What it rests on.
    fn reads(&self) -> &dyn Reads;

    /// Answers and prints.
    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Fault>;

    /// A file that the command was asked to write beside its answer.
    fn beside(&self, _asked: &Asked<'_>) -> Result<Option<BesideFile>, Fault> {
        Ok(None)
    }

    /// Where questions are read from line by line, if the command was asked to: a path, or `-` for stdin.
    fn batch(&self) -> Option<BatchCommand<'_>> {
        None
    }
}

/// A file that is written beside an answer.
pub struct BesideFile {
    pub path: String,
    /// What stands in it, or why nothing is written.
    pub text: Result<Vec<u8>, &'static str>,
}

/// A command that reads questions line by line (`--batch`).
pub struct BatchCommand<'a> {
    /// The file, or `-`.
    pub path: &'a str,
    pub lines: &'a dyn BatchLines,
}

/// Answers one line of a batch.
pub trait BatchLines {
    /// Appends the answer as one compact JSON line without its line break, and gives its outcome.
    ///
    /// A faulty line is answered in its place: unknown, with `error` (CONTRACT §5).
    fn line(&self, asked: &Asked<'_>, line: &str, answer: &mut Vec<u8>) -> Result<Outcome, Fault>;
}
