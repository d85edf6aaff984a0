//! Commands that take words, as typed behind `:`.
//!
//! `:trace shop/web svc/shop/db:5432`, `:ns shop`, `:pods shop`, `:who-reaches shop/db-0`. Questions are read by the
//! grammar of the subcommands ([`crate::ask::question`]). What is no word of this table is looked for among the commands
//! by name.

use super::app::{App, Shown};
use super::event::Effect;
use super::panes::{self, PANES, PaneSpec};
use super::{asked, command, grants, open, questions};
use crate::ask::Fault;
use crate::ask::end;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;

/// One word.
pub struct Word {
    pub name: &'static str,
    pub arguments: &'static str,
    pub help: &'static str,
    pub run: fn(&mut App, &str) -> Result<Vec<Effect>, Fault>,
}

/// What is told of a word.
pub struct Told {
    pub name: &'static str,
    pub arguments: &'static str,
    pub help: &'static str,
}

/// Every word that can be typed: those of [`WORDS`], and the panes'.
pub fn words() -> impl Iterator<Item = Told> {
    let word = |it: &Word| Told { name: it.name, arguments: it.arguments, help: it.help };
    let pane = |it: &PaneSpec| Told { name: it.word, arguments: "[FILTER]", help: it.help };
    WORDS.iter().map(word).chain(PANES.iter().map(pane))
}

/// All words but those of panes.
pub const WORDS: &[Word] = &[
    Word {
        name: "trace",
        arguments: "FROM TO[:PORT]",
        help: "may FROM connect to TO, and why",
        run: |app, words| ask(app, "trace", words),
    },
    Word {
        name: "to",
        arguments: "END[:PORT]",
        help: "the destination of the trace: a pod, svc/NS/NAME, an address",
        run: to,
    },
    Word {
        name: "reach",
        arguments: "END [--to GOAL] [--reverse] [--max-hops N]",
        help: "what END can come to reach through RBAC, pods and the network, or the way to GOAL",
        run: |app, words| ask(app, "reach", words),
    },
    Word {
        name: "who-reaches",
        arguments: "END",
        help: "who can come to reach END",
        run: |app, words| ask(app, "reach --reverse", words),
    },
    Word {
        name: "permissions",
        arguments: "[SUBJECT]",
        help: "what SUBJECT may do: user:NAME, group:NAME, sa:NS/NAME",
        run: |app, words| ask(app, "permissions", words),
    },
    Word {
        name: "who-can",
        arguments: "VERB RESOURCE [NAME] [-n NS]",
        help: "everybody who can, by which grants",
        run: |app, words| ask(app, "who-can", words),
    },
    Word {
        name: "can",
        arguments: "[SUBJECT] VERB RESOURCE [NAME] [-n NS]",
        help: "may user:NAME, group:NAME or sa:NS/NAME do it, and why",
        run: |app, words| ask(app, "can", words),
    },
    Word {
        name: "explain",
        arguments: "OBJECT",
        help: "what OBJECT is: NS/POD, ns/NAME, networkpolicy/NS/NAME, user:NAME, sa:NS/NAME",
        run: |app, words| ask(app, "explain", words),
    },
    Word {
        name: "touch",
        arguments: "OBJECT",
        help: "who may change, delete or enter OBJECT",
        run: |app, words| ask(app, "touch", words),
    },
    Word {
        name: "matrix",
        arguments: "[namespaces|access]",
        help: "which namespace may connect to which; who may do what",
        run: |app, words| ask(app, "matrix", words),
    },
    Word { name: "whoami", arguments: "", help: "who the server says you are", run: asked::who_am_i },
    Word {
        name: "as",
        arguments: "[SUBJECT] [group:NAME]...",
        help: "see with a user and groups; with nobody again when empty",
        run: grants::as_word,
    },
    Word { name: "yaml", arguments: "KIND/[NS/]NAME", help: "an object as YAML", run: yaml },
    Word { name: "ns", arguments: "[NAME]", help: "narrow to a namespace; without a name: choose", run: namespace },
    Word { name: "ctx", arguments: "[NAME]", help: "go to another context; without a name: choose", run: context },
    Word { name: "q", arguments: "", help: "quit", run: |_, _| Ok(vec![Effect::Quit]) },
];

/// Runs a typed line; `None` when its first word is no word of the table.
pub fn run(app: &mut App, line: &str) -> Option<Vec<Effect>> {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    let done = match (WORDS.iter().find(|it| it.name == first), panes::named(first)) {
        (Some(word), _) => (word.run)(app, rest),
        (None, Some(at)) => ask(app, PANES[at].word, rest),
        (None, None) => return None,
    };
    Some(done.unwrap_or_else(|fault| {
        let hint = if fault.hint.is_empty() { String::new() } else { format!(" ({})", fault.hint) };
        app.say(format!("{}{hint}", fault.what));
        Vec::new()
    }))
}

/// What Tab makes of a line: the entry's first word, or the only end, namespace or context that begins so.
pub fn complete(app: &App, line: &str, entry: Option<&str>) -> Option<String> {
    let Some((before, last)) = line.rsplit_once(' ') else {
        return entry.map(|it| format!("{} ", it.split(' ').next().unwrap_or(it)));
    };
    let word = before.split(' ').next().unwrap_or_default();
    let mut names = candidates(app, word, last);
    names.sort_unstable();
    names.dedup();
    let common = common_beginning(&names)?;
    Some(format!("{before} {common}"))
}

/// The names that may stand behind a word and begin like this.
fn candidates(app: &App, word: &str, begun: &str) -> Vec<String> {
    let cluster = &app.session.world.cluster;
    let names: Vec<String> = match word {
        "ns" => cluster.namespace_names().iter().map(|it| it.to_string()).collect(),
        "permissions" | "can" | "as" | "explain" => grants::candidates(app, begun),
        "ctx" => app.session.contexts.iter().map(|it| it.to_string()).collect(),
        "trace" | "to" | "reach" | "who-reaches" | "touch" => match begun.strip_prefix("svc/") {
            Some(_) => {
                cluster.services.iter().map(|it| format!("svc/{}/{}", it.meta.namespace, it.meta.name)).collect()
            }
            None => cluster.pods.iter().map(|it| it.pod_id().to_string()).collect(),
        },
        _ => Vec::new(),
    };
    names.into_iter().filter(|it| it.starts_with(begun)).collect()
}

/// The longest beginning that all share.
fn common_beginning(names: &[String]) -> Option<&str> {
    let (first, last) = (names.first()?, names.last()?);
    let same = first.char_indices().zip(last.chars()).take_while(|((_, a), b)| a == b);
    let end = same.last().map_or(0, |((at, it), _)| at + it.len_utf8());
    Some(&first[..end])
}

/// The namespace that bare names stand in.
fn here(app: &App) -> Name {
    app.focus.scope.only().cloned().unwrap_or_else(|| "default".into())
}

/// A question: the grammar is that of the subcommands.
fn ask(app: &mut App, command: &str, words: &str) -> Result<Vec<Effect>, Fault> {
    questions::open(app, &format!("{command} {words}").parse()?)
}

fn to(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    let (to, port) = end::end_and_port(words, &here(app))?;
    if !app.answers.tracing.is_half() && app.answers.tracing.ends().is_none() {
        return Err(Fault::new("the trace has no source", "t on a pod, or :trace FROM TO"));
    }
    app.answers.tracing.turn_to(to);
    app.answers.tracing.port = port;
    app.open(Shown::Trace);
    Ok(Vec::new())
}

fn yaml(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    let parts: Vec<&str> = words.split('/').collect();
    let (kind, namespace, name) = match parts.as_slice() {
        [kind, name] => (*kind, String::new(), *name),
        [kind, namespace, name] => (*kind, (*namespace).to_owned(), *name),
        _ => return Err(Fault::new(format!("{words:?} is no object"), ":yaml KIND/NS/NAME")),
    };
    let known = crate::kinds::KINDS.iter().map(|it| it.kind).find(|it| it.as_str() == kind);
    let kind: Kind = known.ok_or_else(|| Fault::new(format!("{kind:?} is no kind that is read here"), ""))?;
    Ok(app.open_yaml(ObjectId::new(kind, namespace, name), Place::default()))
}

fn namespace(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    if words.is_empty() {
        return Ok(open::namespaces(app));
    }
    let names = app.session.world.cluster.namespace_names();
    match names.get(words) {
        Some(name) => open::narrow_to(app, [name.clone()].into()),
        // Where namespaces may not be listed, one that was never seen may be there all the same.
        None if !app.session.world.cluster.coverage.is_complete(Kind::NAMESPACE, words) => {
            open::narrow_to(app, [words.into()].into());
        }
        None => {
            let near = crate::ask::nearest::nearest(words, names.iter().map(Name::as_str));
            return Err(Fault::new(format!("there is no namespace {words}"), near.join(", ")));
        }
    }
    Ok(Vec::new())
}

fn context(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    if words.is_empty() {
        let command = command::COMMANDS.iter().find(|it| it.name == "context");
        return Ok(command.map(|it| command::run(app, it)).unwrap_or_default());
    }
    match app.session.contexts.iter().find(|it| **it == words) {
        Some(name) => Ok(vec![Effect::Switch(name.clone())]),
        None => Err(Fault::new(format!("the kubeconfig has no context {words}"), "")),
    }
}
