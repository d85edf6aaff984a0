//! Commands that open something: a trace, a reach, the matrix, YAML, a picker.

use std::collections::BTreeSet;

use super::answers::{self, ReachOf, Way};
use super::app::{App, Shown};
use super::command::{self, At, COMMANDS};
use super::event::Effect;
use super::layout::Side;
use super::palette;
use super::panes::{NAMESPACES, PODS, POLICIES, Pane};
use super::picker::{Choice, Entry, Picker, Subject};
use super::{copy, grants};
use crate::ask::end::{End, PortAsk};
use crate::ask::item::Item;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::text::About;

/// The end of a connection that an object is.
pub fn end_of(item: &Item) -> Option<End> {
    match item {
        Item::Namespace(name) => Some(End::Namespace(name.clone())),
        Item::Pod(pod) => Some(End::Pod(pod.clone())),
        Item::Policy(_) | Item::Subject(_) => None,
    }
}

/// Why the selected object is no end.
pub fn no_end(app: &App) -> Option<&'static str> {
    if app.place() == At::Matrix {
        return None;
    }
    let is_end = app.selected().is_some_and(|it| end_of(&it).is_some());
    (!is_end).then_some("select a pod or a namespace")
}

/// Why nothing is reached from here, and there is nobody who may do something.
pub fn no_reach(app: &App) -> Option<&'static str> {
    if grants::subject(app).is_some() {
        return None;
    }
    no_end(app).map(|_| "select a pod, a namespace or a subject")
}

/// Why nothing reaches this, and nobody else can do it.
pub fn no_who(app: &App) -> Option<&'static str> {
    match grants::about(app) {
        Some(About::Permission { .. }) => None,
        _ => no_end(app).map(|_| "select a pod, a namespace or a line of permissions"),
    }
}

/// Why there is no trace to change.
pub fn no_trace(app: &App) -> Option<&'static str> {
    app.tracing.ends().is_none().then_some("no trace yet: t on the source, t on the destination")
}

/// Why there is no object to show.
pub fn no_object(app: &App) -> Option<&'static str> {
    let has_link = app.side == Side::View && reader_link(app).is_some();
    let has_object = app.selected().is_some_and(|it| it.object().is_some());
    (!has_link && !has_object).then_some("this is no object of the cluster")
}

/// Why there is nothing to copy.
pub fn nothing_selected(app: &App) -> Option<&'static str> {
    (app.selected().is_none() && app.side == Side::Pane).then_some("nothing is selected")
}

fn reader_link(app: &App) -> Option<&crate::text::Link> {
    if app.shown == Shown::Explain { app.explain.link() } else { app.reader.link() }
}

/// Takes the selected object as the next end; of two marked rows both ends.
pub fn trace(app: &mut App) -> Vec<Effect> {
    if app.place() == At::Matrix {
        return trace_cell(app);
    }
    let marked: Vec<End> = app.with_pane(|pane, _| pane.marked()).iter().filter_map(end_of).collect();
    if let [from, to] = marked.as_slice() {
        app.tracing.set(from.clone(), to.clone());
        app.with_pane(|pane, _| pane.unmark());
        app.open(Shown::Trace);
        return Vec::new();
    }
    let Some(end) = app.selected().as_ref().and_then(end_of) else { return Vec::new() };
    if app.tracing.waiting() == Some(&end) {
        app.say(format!("the source is {end}: press t on another row (Esc forgets it)"));
        return Vec::new();
    }
    take_end(app, end)
}

/// Takes an end: the source, or the destination of a source that waits for one.
pub fn take_end(app: &mut App, end: End) -> Vec<Effect> {
    if app.tracing.take(end.clone()) {
        app.open(Shown::Trace);
    } else {
        app.say(format!("from {end}: t on the destination, or :to svc/NS/NAME, or an address (Esc forgets)"));
    }
    Vec::new()
}

/// The pair of namespaces under the cursor.
fn trace_cell(app: &mut App) -> Vec<Effect> {
    if let Some((from, to)) = app.matrix.selected() {
        app.tracing.set(End::Namespace(from), End::Namespace(to));
        app.open(Shown::Trace);
    }
    Vec::new()
}

/// Source and destination change places.
pub fn swap(app: &mut App) -> Vec<Effect> {
    app.tracing.swap();
    if app.shown != Shown::Trace {
        app.open(Shown::Trace);
    }
    app.reanswer();
    Vec::new()
}

/// What the selected end reaches, or what reaches it.
pub fn reach(app: &mut App, way: Way) -> Vec<Effect> {
    match (way, grants::subject(app), grants::about(app).cloned()) {
        (Way::From, Some(subject), _) => return grants::permissions(app, subject, ""),
        (Way::To, _, Some(About::Permission { scope, what, verbs })) => {
            return grants::who_else(app, &scope, &what, &verbs);
        }
        _ => {}
    }
    let end = match app.place() {
        At::Matrix => app.matrix.selected().map(|(from, to)| End::Namespace(if way == Way::From { from } else { to })),
        _ => app.selected().as_ref().and_then(end_of),
    };
    if let Some(end) = end {
        app.open(Shown::Reach(ReachOf { end, way }));
    }
    Vec::new()
}

/// The matrix of namespaces; where one looks at subjects theirs.
pub fn matrix(app: &mut App) -> Vec<Effect> {
    if grants::is_about_subjects(app) {
        return grants::abilities(app);
    }
    app.open(Shown::Matrix);
    Vec::new()
}

/// Goes to the explanation.
pub fn explain(app: &mut App) -> Vec<Effect> {
    app.open(Shown::Explain);
    Vec::new()
}

/// The object that the line under the cursor leads to, or the selected one.
pub fn yaml(app: &mut App) -> Vec<Effect> {
    if app.side == Side::View
        && let Some(link) = reader_link(app).cloned()
    {
        return app.open_yaml(link.object, link.place);
    }
    match app.selected().and_then(|it| it.object()) {
        Some(object) => app.open_yaml(object, Place::default()),
        None => Vec::new(),
    }
}

/// Opens what is selected: deeper by one level.
pub fn enter(app: &mut App) -> Vec<Effect> {
    match app.place() {
        At::Page => follow(app),
        At::Yaml => Vec::new(),
        At::Matrix => trace_cell(app),
        At::Abilities => grants::cell(app),
        At::Policies => explain(app),
        At::Subjects => match grants::subject(app) {
            Some(subject) => grants::permissions(app, subject, ""),
            None => Vec::new(),
        },
        At::Namespaces => {
            let namespace = app.selected().and_then(|it| it.namespace().cloned());
            app.narrow(namespace.into_iter().collect());
            app.pane = PODS;
            Vec::new()
        }
        At::Pods => {
            let Some(Item::Pod(pod)) = app.selected() else { return Vec::new() };
            app.leave();
            app.scope.pod = Some(pod);
            app.pane = POLICIES;
            app.refill();
            Vec::new()
        }
    }
}

/// Opens what the line under the cursor points at.
fn follow(app: &mut App) -> Vec<Effect> {
    if app.explain_reader().toggle() {
        return Vec::new();
    }
    match reader_link(app).cloned() {
        Some(link) => app.open_yaml(link.object, link.place),
        None => {
            app.say("this line leads nowhere");
            Vec::new()
        }
    }
}

/// All commands and what they do here.
pub fn help(app: &mut App) -> Vec<Effect> {
    let entries = COMMANDS.iter().enumerate().map(|(at, command)| Entry {
        label: command.keys.join(" "),
        detail: format!("{}: {}", command.name, command.help),
        refusal: command::refusal(app, command),
        choice: Choice::Command(at),
    });
    let mut entries: Vec<Entry> = entries.collect();
    // What runs here comes first; the rest keeps its place in the memory of fingers below.
    entries.sort_by_key(|it| it.refusal.is_some());
    app.picker = Some(Picker::new(Subject::Help, "keys: Enter runs one", entries));
    Vec::new()
}

/// A line for any command by its name.
pub fn palette(app: &mut App) -> Vec<Effect> {
    let words = palette::WORDS
        .iter()
        .map(|it| Entry::new(format!("{} {}", it.name, it.arguments).trim_end(), it.help, Choice::Word(it.name)));
    let commands = COMMANDS.iter().enumerate().map(|(at, command)| Entry {
        label: command.name.into(),
        detail: format!("{} ({})", command.help, command.keys.join(" ")),
        refusal: command::refusal(app, command),
        choice: Choice::Command(at),
    });
    let entries = words.chain(commands).collect();
    app.picker = Some(Picker::new(Subject::Palette, "command: Tab completes, Up recalls", entries));
    Vec::new()
}

/// The namespaces to narrow to.
pub fn namespaces(app: &mut App) -> Vec<Effect> {
    let cluster = &app.world.cluster;
    let all = Entry::new("all namespaces", format!("{} pods", cluster.pods.len()), Choice::AllNamespaces);
    let each = cluster.namespace_names().into_iter().map(|name| {
        let detail = format!("{} pods, {} policies", cluster.pods.of(&name).len(), cluster.policies.of(&name).len());
        Entry::new(name.to_string(), detail, Choice::Namespace(name))
    });
    let entries = std::iter::once(all).chain(each).collect();
    app.picker = Some(Picker::new(Subject::Namespaces, "namespaces: Enter narrows, Tab marks several", entries));
    Vec::new()
}

/// The contexts to go to.
pub fn contexts(app: &mut App) -> Vec<Effect> {
    let current = app.setup.title.clone();
    let entry = |name: &Name| {
        let detail = if *name == current { "here" } else { "" };
        Entry::new(name.to_string(), detail, Choice::Context(name.clone()))
    };
    let entries = app.contexts.iter().map(entry).collect();
    app.picker = Some(Picker::new(Subject::Contexts, "contexts", entries));
    Vec::new()
}

/// The ports that the destination offers.
pub fn ports(app: &mut App) -> Vec<Effect> {
    let Some((_, to)) = app.tracing.ends() else { return Vec::new() };
    let mut entries =
        vec![Entry::new("any", "every port: the answer lists those that are open", Choice::Port(PortAsk::NONE))];
    entries.extend(answers::ports(&app.world, to).into_iter().map(|(port, detail)| {
        let label = port.to_string();
        Entry::new(label.trim_start_matches(':').to_owned(), detail, Choice::Port(port))
    }));
    app.picker = Some(Picker::new(Subject::Ports, "port: or type NUMBER[/PROTOCOL]", entries));
    Vec::new()
}

/// The columns to sort by.
pub fn sort(app: &mut App) -> Vec<Effect> {
    let (titles, sort) = app.with_pane(|pane, _| (pane.titles(), pane.sort()));
    let entries = titles.into_iter().enumerate().map(|(at, title)| {
        let is_current = sort.column == Some(at) || (at == 0 && sort.column.is_none());
        Entry::new(title.to_lowercase(), if is_current { "now; again: the other way" } else { "" }, Choice::Column(at))
    });
    app.picker = Some(Picker::new(Subject::Sort, "sort by", entries.collect()));
    Vec::new()
}

/// The columns to show.
pub fn columns(app: &mut App) -> Vec<Effect> {
    let entry = |pane: &mut dyn Pane, at: usize, title: &str| {
        let sign = if pane.hides(at) { "[ ]" } else { "[x]" };
        let detail = if at == 0 { "always shown" } else { "" };
        Entry::new(format!("{sign} {}", title.to_lowercase()), detail, Choice::Hide(at))
    };
    let entries = app.with_pane(|pane, _| {
        let titles = pane.titles();
        titles.into_iter().enumerate().map(|(at, title)| entry(pane, at, title)).collect()
    });
    app.picker = Some(Picker::new(Subject::Columns, "columns: Enter shows or hides one, Esc closes", entries));
    Vec::new()
}

/// Does what an entry stands for.
pub fn choose(app: &mut App, choice: Choice) -> Vec<Effect> {
    match choice {
        Choice::Command(at) => return command::run(app, &COMMANDS[at]),
        Choice::Word(word) => {
            palette(app);
            if let Some(picker) = &mut app.picker {
                picker.field.paste(&format!("{word} "));
                picker.narrow();
            }
        }
        Choice::Namespace(name) => narrow_to(app, [name].into()),
        Choice::AllNamespaces => narrow_to(app, BTreeSet::new()),
        Choice::Context(name) => return vec![Effect::Switch(name)],
        Choice::Port(port) => {
            app.tracing.port = port;
            if app.shown != Shown::Trace {
                app.open(Shown::Trace);
            }
            app.reanswer();
        }
        Choice::Column(column) => app.sort(column),
        Choice::Hide(column) => {
            app.with_pane(|pane, _| pane.hide(column));
            columns(app);
            app.picker.iter_mut().for_each(|it| it.step(column as isize));
        }
        Choice::Who(asked) => app.open(Shown::WhoCan(*asked)),
        Choice::Copy(text) => return copy::put_on_clipboard(app, text),
    }
    Vec::new()
}

/// Narrows to these namespaces; from the pane of namespaces one goes on to their pods.
pub fn narrow_to(app: &mut App, namespaces: BTreeSet<Name>) {
    app.narrow(namespaces);
    if app.pane == NAMESPACES {
        app.pane = PODS;
    }
}
