//! Commands that take words, as typed behind `:`.
//!
//! `:trace shop/web svc/shop/db:5432`, `:ns shop`, `:pods shop`, `:who-reaches shop/db-0`. Questions are read by the
//! grammar of the subcommands ([`crate::ask::question`]). What is no word of this table is looked for among the commands
//! by name.

use std::collections::BTreeSet;

use super::app::{App, Shown};
use super::command::{self, COMMANDS, Finds};
use super::event::Effect;
use super::panes::{self, PANES, PaneSpec};
use super::picker::{Choice, PickerEntry};
use super::views::rule::RuleAsked;
use super::{asked, choices, complete, grants, questions, staging};
use crate::ask::Fault;
use crate::ask::end;
use crate::ask::nearest::{did_you_mean, nearest};
use crate::ask::rules;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;

/// One word.
pub struct PaletteWord {
    pub name: &'static str,
    pub arguments: &'static str,
    pub help: &'static str,
    pub run: fn(&mut App, &str) -> Result<Vec<Effect>, Fault>,
}

/// What is told of a word.
pub struct WordHelp {
    pub name: &'static str,
    pub arguments: &'static str,
    pub help: &'static str,
}

/// Every word that can be typed: those of [`WORDS`], and the panes'.
pub fn words() -> impl Iterator<Item = WordHelp> {
    let word = |it: &PaletteWord| WordHelp { name: it.name, arguments: it.arguments, help: it.help };
    let pane = |it: &PaneSpec| WordHelp { name: it.word, arguments: "[FILTER]", help: it.help };
    WORDS.iter().map(word).chain(PANES.iter().map(pane))
}

/// All words but those of panes.
pub const WORDS: &[PaletteWord] = &[
    PaletteWord {
        name: "trace",
        arguments: "FROM TO[:PORT]",
        help: "may FROM connect to TO, and why",
        run: |app, words| ask(app, "trace", words),
    },
    PaletteWord {
        name: "to",
        arguments: "END[:PORT]",
        help: "the destination of the trace: a pod, svc/NS/NAME, an address",
        run: to,
    },
    PaletteWord {
        name: "reach",
        arguments: "END [--to GOAL] [--reverse] [--max-hops N]",
        help: "what END can come to reach through RBAC, pods and the network, or the way to GOAL",
        run: |app, words| ask(app, "reach", words),
    },
    PaletteWord {
        name: "who-reaches",
        arguments: "END",
        help: "who can come to reach END",
        run: |app, words| ask(app, "reach --reverse", words),
    },
    PaletteWord {
        name: "map",
        arguments: "[--by pod|workload|namespace]",
        help: "every allowed connection; S sorts, / narrows",
        run: |app, words| ask(app, "map", words),
    },
    PaletteWord {
        name: "permissions",
        arguments: "[SUBJECT] [--diff OTHER]",
        help: "what SUBJECT may do: user:NAME, group:NAME, sa:NS/NAME",
        run: |app, words| ask(app, "permissions", words),
    },
    PaletteWord {
        name: "who-can",
        arguments: "VERB RESOURCE [NAME] [--pods] [-n NS]",
        help: "list who can, and through which grants",
        run: |app, words| ask(app, "who-can", words),
    },
    PaletteWord {
        name: "can",
        arguments: "[SUBJECT] VERB RESOURCE [NAME] [-n NS]",
        help: "may user:NAME, group:NAME or sa:NS/NAME do it, and why",
        run: |app, words| ask(app, "can", words),
    },
    PaletteWord {
        name: "explain",
        arguments: "OBJECT",
        help: "what OBJECT is: NS/POD, ns/NAME, networkpolicy/NS/NAME, user:NAME, sa:NS/NAME",
        run: |app, words| ask(app, "explain", words),
    },
    PaletteWord {
        name: "touch",
        arguments: "OBJECT",
        help: "who may change, delete or enter OBJECT",
        run: |app, words| ask(app, "touch", words),
    },
    PaletteWord {
        name: "matrix",
        arguments: "[namespaces|access]",
        help: "which namespace may connect to which; who may do what",
        run: |app, words| ask(app, "matrix", words),
    },
    PaletteWord { name: "secrets", arguments: "[NS]", help: "who can read the Secrets of NS", run: secrets },
    PaletteWord { name: "exec", arguments: "[NS]", help: "may you exec into the pods of NS", run: exec },
    PaletteWord { name: "whoami", arguments: "", help: "who the server says you are", run: asked::who_am_i },
    PaletteWord {
        name: "as",
        arguments: "[SUBJECT] [group:NAME]...",
        help: "see with a user and groups; with nobody again when empty",
        run: grants::as_word,
    },
    PaletteWord {
        name: "stage",
        arguments: "[PATH]",
        help: "stage manifests or a fix as JSON; without a path: show what is staged",
        run: stage,
    },
    PaletteWord {
        name: "fix",
        arguments: "[FROM TO[:PORT] --allow|--deny]",
        help: "what to change, and all that changes: also --isolate ns/NAME, --contain POD, --revoke SUBJECT [VERB RESOURCE]; without words: of what is selected",
        run: fix,
    },
    PaletteWord {
        name: "choke",
        arguments: "[GOAL] [--of SUBJECT]",
        help: "the fewest grants to cut so that nobody, or not SUBJECT, comes to GOAL; without words: of what is shown",
        run: choke,
    },
    PaletteWord {
        name: "sidestep",
        arguments: "FROM TO[:PORT] [--by SUBJECT]",
        help: "who could let FROM connect to TO where that is denied, and by which writes",
        run: |app, words| ask(app, "sidestep", words),
    },
    PaletteWord {
        name: "trust",
        arguments: "POLICY",
        help: "what each rule of POLICY trusts, and everybody who can write that: networkpolicy/NS/NAME",
        run: |app, words| ask(app, "trust", words),
    },
    PaletteWord {
        name: "rule",
        arguments: "ID",
        help: "what a rule says that an answer rests on: S44, A05",
        run: rule,
    },
    PaletteWord { name: "yaml", arguments: "KIND/[NS/]NAME", help: "an object as YAML", run: yaml },
    PaletteWord {
        name: "ns",
        arguments: "[NAME]",
        help: "narrow to a namespace; without a name: choose",
        run: namespace,
    },
    PaletteWord {
        name: "ctx",
        arguments: "[NAME]",
        help: "go to another context; without a name: choose",
        run: context,
    },
    PaletteWord { name: "q", arguments: "", help: "quit", run: |_, _| Ok(vec![Effect::Quit]) },
];

/// Runs a typed line; what is no word says so, with the nearest ones.
pub fn run(app: &mut App, line: &str) -> Vec<Effect> {
    let line = &spelled_out(line);
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    let done = match (WORDS.iter().find(|it| it.name == first), panes::named(first)) {
        (Some(word), _) => (word.run)(app, rest),
        (None, Some(at)) => ask(app, PANES[at].word, rest),
        (None, None) => match command::named(line) {
            Some(it) => Ok(command::run(app, it)),
            None => Err(unknown(first)),
        },
    };
    done.unwrap_or_else(|fault| {
        // The line stays, to be mended: what is typed on must not run as keys.
        choices::palette_at(app, line);
        app.say(fault.aside());
        Vec::new()
    })
}

fn unknown(word: &str) -> Fault {
    if command::named(word).is_some() {
        return Fault::new(format!("\"{word}\" takes nothing behind it"), "it is about what is selected");
    }
    let near: Vec<String> = nearest(word, names()).into_iter().map(str::to_owned).collect();
    let hint = if near.is_empty() { ": lists them all".to_owned() } else { did_you_mean(&near) };
    Fault::new(format!("unknown command \"{word}\""), hint)
}

/// k9s' and kubectl's short words for what stands here under another one.
const ALIASES: &[(&str, &str)] = &[
    ("tr", "trace"),
    ("po", "pods"),
    ("pod", "pods"),
    ("np", "policies"),
    ("netpol", "policies"),
    ("networkpolicies", "policies"),
    ("deploy", "workloads deployment/"),
    ("deployment", "workloads deployment/"),
    ("deployments", "workloads deployment/"),
    ("sts", "workloads statefulset/"),
    ("ds", "workloads daemonset/"),
    ("rs", "workloads replicaset/"),
    ("cj", "workloads cronjob/"),
    ("job", "workloads job/"),
    ("wl", "workloads"),
    ("svc", "services"),
    ("service", "services"),
    ("sa", "subjects sa:"),
    ("serviceaccounts", "subjects sa:"),
    ("users", "subjects user:"),
    ("groups", "subjects group:"),
    ("rb", "subjects bound>0"),
    ("crb", "subjects bound>0 where=all"),
    ("quit", "q"),
    ("context", "ctx"),
    ("namespace", "ns"),
];

/// Everything that runs by its name, each once.
fn names() -> BTreeSet<&'static str> {
    let commands = COMMANDS.iter().filter(|it| it.finds == Finds::ByName).map(|it| it.name);
    words().map(|it| it.name).chain(commands).collect()
}

/// The line with the word that its first word is short for: an alias, or the only word that begins so.
fn spelled_out(line: &str) -> String {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    let join = |word: &str| format!("{word} {rest}").trim_end().to_owned();
    if let Some((_, word)) = ALIASES.iter().find(|it| it.0 == first) {
        return join(word);
    }
    if command::named(line).is_some() {
        return line.to_owned();
    }
    let begun: Vec<&str> = names().into_iter().filter(|it| it.starts_with(first)).collect();
    match begun.as_slice() {
        [only] if !first.is_empty() => join(only),
        _ => line.to_owned(),
    }
}

/// What can be chosen for a line as it is typed: words and commands, or what may stand behind a word.
pub fn entries(app: &App, line: &str) -> Vec<PickerEntry> {
    if let Some((before, _)) = line.rsplit_once(' ') {
        let filled = |it: String| {
            let line = format!("{before} {it} ");
            PickerEntry::new(it, "", Choice::Fill(line))
        };
        return complete::candidates(app, &spelled_out(line.trim_start())).into_iter().map(filled).collect();
    }
    let words = words()
        .map(|it| PickerEntry::new(format!("{} {}", it.name, it.arguments).trim_end(), it.help, Choice::Word(it.name)));
    // Where one is can be moved in without a name.
    let commands =
        COMMANDS.iter().enumerate().filter(|it| it.1.finds == Finds::ByName).map(|(at, command)| PickerEntry {
            label: command.name.into(),
            detail: format!("{} ({})", command.help, command.keys.join(" ")),
            refusal: command::refusal(app, command),
            group: "",
            choice: Choice::Command(at),
        });
    words.chain(commands).collect()
}

/// A question: the grammar is that of the subcommands.
fn ask(app: &mut App, command: &str, words: &str) -> Result<Vec<Effect>, Fault> {
    questions::open(app, &format!("{command} {words}").parse()?)
}

/// ` -n NS`, of the namespaces that one looks at where none is typed.
fn in_namespace(app: &App, words: &str) -> String {
    let named = Some(words).filter(|it| !it.is_empty()).or(app.focus.scope.only().map(|it| it.as_str()));
    named.map(|it| format!(" -n {it}")).unwrap_or_default()
}

fn secrets(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    let place = in_namespace(app, words);
    ask(app, "who-can", &format!("get secrets{place}"))
}

fn exec(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    let place = in_namespace(app, words);
    ask(app, "can", &format!("create pods/exec{place}"))
}

fn to(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    let (to, port) = end::end_and_port(words, &app.namespace())?;
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

fn rule(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    app.open(Shown::Rule(RuleAsked(rules::named(words)?.id)));
    Ok(Vec::new())
}

fn stage(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    Ok(if words.is_empty() { staging::show(app) } else { vec![Effect::StageFiles(words.into())] })
}

fn fix(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    match command::named("fix").filter(|_| words.is_empty()) {
        Some(command) => Ok(command::run(app, command)),
        None => ask(app, "fix", words),
    }
}

fn choke(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    match command::named("choke").filter(|_| words.is_empty()) {
        Some(command) => Ok(command::run(app, command)),
        None => ask(app, "choke", words),
    }
}

fn namespace(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    if words.is_empty() {
        return Ok(choices::namespaces(app));
    }
    let names = app.session.world.cluster.namespace_names();
    match names.get(words) {
        Some(name) => choices::narrow_to(app, [name.clone()].into()),
        // Where namespaces may not be listed, one that was never seen may be there all the same.
        None if !app.session.world.cluster.coverage.is_complete(Kind::NAMESPACE, words) => {
            choices::narrow_to(app, [words.into()].into());
        }
        None => {
            let near = nearest(words, names.iter().map(Name::as_str));
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
