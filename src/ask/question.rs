//! Everything that can be asked, as it is typed: one grammar for the subcommands, the palette and `--open`.
//!
//! ```text
//! argv, or a line split as a shell splits it ──► Question ──Reads──► what must be read ──► World::answer ──► Answer
//!                                                   └──Display──► the command line that asks it
//! ```
//!
//! A question is a file here: its arguments, what it rests on, how it is answered. What it is read with, namespace and
//! all, is [`Here`]; how an answer is printed is the commands' own.

pub mod about;
pub mod access;
pub mod can;
pub mod choke;
pub mod declared;
pub mod fix;
#[cfg(test)]
mod laws;
pub mod list;
pub mod map;
pub mod matrix;
pub mod permissions;
pub mod reach;
pub mod sidestep;
pub mod trace;
pub mod trust;
pub mod who_can;
mod words;

use std::fmt;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};

use super::needs::Needs;
use super::topic::Topic;
use super::{Fault, World};
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::rbac::review::Review;

pub use words::Words;

/// How what is typed is read: the namespaces that flags and the kubeconfig name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Here {
    /// What bare names take: `-n`, else the context's namespace, else `default`.
    pub namespace: Name,
    /// `-n` without `-A`: lists show this namespace only.
    pub only: Option<Name>,
    /// `-A`.
    pub all_namespaces: bool,
    /// No server will be asked: files do not know the operator.
    pub from_files: bool,
}

/// With which names resources are read that are typed or written in rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ServedNames {
    /// None, or those that every cluster has.
    #[default]
    Known,
    /// Those that the server serves, asked for by discovery.
    Served,
}

/// What a question rests on, and what is to be said before it is answered.
pub trait Reads {
    /// What must be read from a live cluster, given what has been read so far; empty when that is enough.
    ///
    /// Reads that were asked for before are taken out by the caller.
    ///
    /// # Errors
    /// The question cannot be asked of any cluster.
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault>;

    /// Namespaces that it names: they are looked into where a kind may not be listed as a whole.
    fn namespaces(&self, _here: &Here) -> Vec<Name> {
        Vec::new()
    }

    /// What must be read besides, once all that the answer rests on is there: what is shown along with it.
    fn beside(&self, _here: &Here, _world: &World) -> Needs {
        Needs::default()
    }

    /// Objects that must be there whole, as they were written or stored, once all that the answer rests on is read.
    fn wholes(&self, _here: &Here, _world: &World) -> Vec<ObjectId> {
        Vec::new()
    }

    /// Whether it rests on what manifests declare beyond facts, which is read once.
    fn wants_manifests(&self, _here: &Here) -> bool {
        false
    }

    /// What it is about: words about the input that are about something else are left out.
    fn topic(&self) -> Topic {
        Topic::Any
    }

    /// With which names it reads resources.
    fn names(&self) -> ServedNames {
        ServedNames::Known
    }

    /// What is to be put to a live server itself, given what has been read and told so far; empty when that is enough.
    ///
    /// What was asked before is taken out by the caller: no question is asked twice.
    ///
    /// # Errors
    /// The question cannot be asked of any cluster.
    fn reviews(&self, _here: &Here, _world: &World) -> Result<Vec<Review>, Fault> {
        Ok(Vec::new())
    }

    /// Why what was typed is not asked, once all is read that could tell: it is proven not to be there.
    fn refusal(&self, _here: &Here, _world: &World) -> Option<Fault> {
        None
    }

    /// What is worth a word before the answer: how what was typed is understood, and what of it is not there.
    fn notes(&self, _here: &Here, _world: &World) -> Vec<String> {
        Vec::new()
    }
}

/// Everything that can be asked.
#[derive(Subcommand, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// May FROM connect to TO, and why
    Trace(trace::Trace),
    /// Every allowed connection
    Map(map::Map),
    /// What END reaches; with --reverse what reaches it
    Reach(reach::Reach),
    /// The fewest grants to cut so that nobody comes to GOAL
    Choke(choke::Choke),
    /// Changes that make a flow otherwise, each with all that it changes
    Fix(fix::Fix),
    /// Who could let FROM connect to TO where that is denied, and by which writes
    Sidestep(sidestep::Sidestep),
    /// What each rule of POLICY trusts, and everybody who can write that
    Trust(trust::Trust),
    /// May SUBJECT do it, and why
    Can(can::Can),
    /// Everybody who can do it, by which grants
    WhoCan(who_can::WhoCan),
    /// All grants of SUBJECT, with binding, role and rule
    Permissions(permissions::Permissions),
    /// What OBJECT is: its facts, the policies that select it, its problems
    Explain(about::Explain),
    /// Who may change, delete or enter OBJECT, by which grants
    Touch(about::Touch),
    /// Which namespace may connect to which, or who may do what
    Matrix(matrix::Matrix),
    #[command(flatten)]
    List(list::ListCommand<list::List>),
}

impl Question {
    /// What it rests on.
    pub fn reads(&self) -> &dyn Reads {
        match self {
            Question::Trace(it) => it,
            Question::Map(it) => it,
            Question::Reach(it) => it,
            Question::Choke(it) => it,
            Question::Fix(it) => it,
            Question::Sidestep(it) => it,
            Question::Trust(it) => it,
            Question::Can(it) => it,
            Question::WhoCan(it) => it,
            Question::Permissions(it) => it,
            Question::Explain(it) => it,
            Question::Touch(it) => it,
            Question::Matrix(it) => it,
            Question::List(it) => it.list.0.reads(),
        }
    }

    /// Its subcommand and arguments, word by word.
    fn words(&self) -> (&'static str, Words) {
        match self {
            Question::Trace(it) => ("trace", it.words()),
            Question::Map(it) => ("map", it.words()),
            Question::Reach(it) => ("reach", it.words()),
            Question::Choke(it) => ("choke", it.words()),
            Question::Fix(it) => ("fix", it.words()),
            Question::Sidestep(it) => ("sidestep", it.words()),
            Question::Trust(it) => ("trust", it.words()),
            Question::Can(it) => ("can", it.words()),
            Question::WhoCan(it) => ("who-can", it.words()),
            Question::Permissions(it) => ("permissions", it.words()),
            Question::Explain(it) => ("explain", it.words()),
            Question::Touch(it) => ("touch", it.words()),
            Question::Matrix(it) => ("matrix", it.words()),
            Question::List(it) => (it.list.0.name(), it.typed.words()),
        }
    }
}

/// A question with the namespace that it is asked in: one command line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QuestionLine {
    #[serde(flatten)]
    pub question: Question,
    /// `-n`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Name>,
    /// `-A`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_namespaces: bool,
}

/// The grammar of a line that is typed outside a shell.
#[derive(Parser, Debug)]
#[command(name = "", no_binary_name = true, disable_help_flag = true, disable_help_subcommand = true)]
struct TypedLine {
    #[command(subcommand)]
    question: Question,
    #[command(flatten)]
    place: NamespaceArgs,
}

/// `-n` and `-A`.
#[derive(Args, Debug)]
struct NamespaceArgs {
    #[arg(short, long, global = true)]
    namespace: Option<String>,
    #[arg(short = 'A', long, global = true)]
    all_namespaces: bool,
}

impl QuestionLine {
    /// A question that is asked where bare names are read anyway.
    pub fn of(question: Question) -> Self {
        Self { question, namespace: None, all_namespaces: false }
    }

    /// How it is read where `here` holds for what it does not say.
    pub fn here(&self, here: &Here) -> Here {
        let namespace = self.namespace.clone().filter(|it| !it.is_empty());
        let only = namespace.clone().or_else(|| here.only.clone());
        Here {
            namespace: namespace.unwrap_or_else(|| here.namespace.clone()),
            only: only.filter(|_| !self.all_namespaces),
            all_namespaces: self.all_namespaces || here.all_namespaces && self.namespace.is_none(),
            from_files: here.from_files,
        }
    }
}

/// The command line that asks it, without `kreach` itself.
impl fmt::Display for QuestionLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, mut words) = self.question.words();
        words.option("namespace", self.namespace.as_deref());
        words.flag("all-namespaces", self.all_namespaces);
        write!(out, "{name}{words}")
    }
}

/// Reads a line as a shell would split it.
impl FromStr for QuestionLine {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let words = shell_words::split(text).map_err(|_| Fault::new(format!("a quote is not closed: {text}"), ""))?;
        let typed = TypedLine::try_parse_from(words).map_err(|it| usage(&it))?;
        let TypedLine { question, place: NamespaceArgs { namespace, all_namespaces } } = typed;
        Ok(Self { question, namespace: namespace.map(Name::from), all_namespaces })
    }
}

/// What the grammar says of a line that it cannot read: its first sentence, and how it is to be typed.
fn usage(error: &clap::Error) -> Fault {
    let text = error.to_string();
    let mut parts = text.split("\n\n");
    let what = parts.next().unwrap_or_default().trim_start_matches("error: ");
    let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
    let usage = text.lines().find_map(|it| it.trim().strip_prefix("Usage: "));
    Fault::new(what, usage.unwrap_or_default().trim())
}
