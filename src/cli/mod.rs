//! The subcommands: what they read, what they print and how they end. Pure: the shell reads, writes and exits.
//!
//! ```text
//! Command ──needs──► the shell reads ──► Asked ──run──► stdout as text, json, csv, dot or md; Exit
//! ```
//!
//! A command is one file here with its flags and one line in the table of [`crate::args::Command`].

pub mod exit;
pub mod info;
pub mod json;
pub mod map;

pub mod paint;

pub mod can;
pub mod capabilities;
pub mod grants;
pub mod path;
pub mod permissions;
pub mod rbac;
pub mod reach;
pub mod trace;
pub mod who_can;

use std::cell::OnceCell;
use std::io;

use crate::ask::needs::Needs;
use crate::ask::topic::Topic;
use crate::ask::{Asker, Fault, World};
use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::rbac::review::Review;

pub use exit::Exit;
pub use paint::Color;

/// What surrounds a question: what the flags and the kubeconfig say.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// What bare names take: `-n`, else the context's namespace, else `default`.
    pub namespace: Name,
    /// `-n` without `-A`: lists show this namespace only.
    pub only: Option<Name>,
    /// `-A`.
    pub all_namespaces: bool,
    pub color: Color,
    /// What `info` shows, in its order: directories, what was read, the server.
    pub surroundings: Vec<(&'static str, String)>,
    /// Whether a server was asked; files are a closed world.
    pub live: bool,
    /// `--from`: no server will be asked.
    pub from_files: bool,
    /// What goes to stderr as notes, for documents that say it too.
    pub notes: Vec<String>,
}

/// With which names a command reads resources that are typed or written in rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Names {
    /// None, or those that every cluster has.
    #[default]
    Known,
    /// Those that the server serves, asked for by discovery.
    Served,
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
    pub fn of(world: &'a World, context: &'a Context, command: &dyn Command) -> Self {
        Self { world, context, asker: OnceCell::new(), is_literal: command.batch().is_some() }
    }

    /// Asks about connections; made when first asked for.
    pub fn asker(&self) -> &Asker<'a> {
        self.asker.get_or_init(|| match self.is_literal {
            true => self.world.asker().without_prerequisites(),
            false => self.world.asker(),
        })
    }

    /// What the naive evaluator answered otherwise.
    pub fn differences(&self) -> Vec<String> {
        self.asker.get().map(Asker::differences).unwrap_or_default()
    }
}

/// Why a command ends without an answer.
#[derive(Debug)]
pub enum Failure {
    /// Said in one line and a hint; exit 2.
    Fault(Fault),
    /// stdout cannot be written.
    Write(io::Error),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::Fault(fault)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Write(error)
    }
}

/// One subcommand that asks a cluster.
pub trait Command {
    /// What must be read from a live cluster, given what has been read so far; empty when that is enough.
    ///
    /// Reads that were asked for before are taken out by the caller.
    fn needs(&self, context: &Context, world: &World) -> Result<Needs, Fault>;

    /// Namespaces that it names: they are looked into where a kind may not be listed as a whole.
    fn namespaces(&self, _context: &Context) -> Vec<Name> {
        Vec::new()
    }

    /// What must be read besides, once all that the answer rests on is there: what is shown along with it.
    fn beside(&self, _context: &Context, _world: &World) -> Needs {
        Needs::default()
    }

    /// What it is about: words about the input that are about something else are left out.
    fn topic(&self) -> Topic {
        Topic::Any
    }

    /// With which names it reads resources.
    fn names(&self) -> Names {
        Names::Known
    }

    /// What is to be put to a live server itself, given what has been read and told so far; empty when that is enough.
    ///
    /// What was asked before is taken out by the caller: no question is asked twice.
    fn reviews(&self, _context: &Context, _world: &World) -> Result<Vec<Review>, Fault> {
        Ok(Vec::new())
    }

    /// Why what was typed is not asked, once all is read that could tell: it is proven not to be there.
    fn refusal(&self, _context: &Context, _world: &World) -> Option<Fault> {
        None
    }

    /// Answers and prints.
    fn run(&self, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<Exit, Failure>;

    /// What is worth a word on stderr before the answer: how what was typed is understood, and what of it is not there.
    fn notes(&self, _context: &Context, _world: &World) -> Vec<String> {
        Vec::new()
    }

    /// Where questions are read from line by line, if the command was asked to: a path, or `-` for stdin.
    fn batch(&self) -> Option<Batch<'_>> {
        None
    }
}

/// A command that reads questions line by line (`--batch`).
pub struct Batch<'a> {
    /// The file, or `-`.
    pub path: &'a str,
    pub lines: &'a dyn BatchLines,
}

/// Answers one line of a batch.
pub trait BatchLines {
    /// Appends the answer as one compact JSON line without its line break, and gives its outcome.
    ///
    /// A faulty line is answered in its place: unknown, with `error` (CONTRACT §5).
    fn line(&self, asked: &Asked<'_>, line: &str, answer: &mut Vec<u8>) -> Result<Outcome, Failure>;
}
