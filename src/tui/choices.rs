//! Lists to choose from: the help, the palette, namespaces, contexts, ports, columns; and what a choice does.

use std::collections::BTreeSet;

use super::answers;
use super::app::{App, Shown};
use super::command::{self, CARD, COMMANDS, ScreenCommand, TASKS};
use super::copy;
use super::event::Effect;
use super::fixable;
use super::layout::ScreenSide;
use super::list::SortBy;
use super::palette;
use super::panes::{self, Pane};
use super::picker::{Choice, Picker, PickerEntry, PickerSubject as Picking};
use crate::ask::end::PortAsk;
use crate::model::name::Name;

/// All commands and what they do here.
pub fn help(app: &mut App) -> Vec<Effect> {
    // The twelve that do most in the order of the card; each keeps its place, whether it runs here or not.
    let on_card = |it: &&ScreenCommand| CARD.iter().position(|name| *name == it.name).unwrap_or(CARD.len());
    let mut commands: Vec<(usize, &ScreenCommand)> = COMMANDS.iter().enumerate().collect();
    commands.sort_by_key(|(_, it)| (it.task(), on_card(it)));
    let entries = commands.into_iter().map(|(at, command)| PickerEntry {
        label: command.keys.join(" "),
        detail: format!("{}: {}", command.name, command.help),
        refusal: command::refusal(app, command),
        group: TASKS[command.task()],
        choice: Choice::Command(at),
    });
    let title = "keys by task: Enter runs one, letters narrow";
    app.input.picker = Some(Picker::new(Picking::Help, title, entries.collect()));
    Vec::new()
}

/// A line for any command by its name.
pub fn palette(app: &mut App) -> Vec<Effect> {
    let entries = palette::entries(app, "");
    app.input.picker = Some(Picker::new(Picking::Palette, "command: Tab completes, Up recalls", entries));
    Vec::new()
}

/// The same with a line that is typed already.
pub fn palette_at(app: &mut App, line: &str) {
    let entries = palette::entries(app, line);
    let mut picker = Picker::new(Picking::Palette, "command: Tab completes, Up recalls", entries);
    picker.field.paste(line);
    picker.narrow();
    app.input.picker = Some(picker);
}

/// The namespaces to narrow to.
pub fn namespaces(app: &mut App) -> Vec<Effect> {
    let cluster = &app.session.world.cluster;
    let all = PickerEntry::new("all namespaces", format!("{} pods", cluster.pods.len()), Choice::AllNamespaces);
    let each = cluster.namespace_names().into_iter().map(|name| {
        let detail = format!("{} pods, {} policies", cluster.pods.of(&name).len(), cluster.policies.of(&name).len());
        PickerEntry::new(name.to_string(), detail, Choice::Namespace(name))
    });
    let entries = std::iter::once(all).chain(each).collect();
    app.input.picker = Some(Picker::new(Picking::Namespaces, "namespaces: Enter narrows, Tab marks several", entries));
    Vec::new()
}

/// The contexts to go to.
pub fn contexts(app: &mut App) -> Vec<Effect> {
    let current = app.setup.title.clone();
    let entry = |name: &Name| {
        let detail = if *name == current { "here" } else { "" };
        PickerEntry::new(name.to_string(), detail, Choice::Context(name.clone()))
    };
    let entries = app.session.contexts.iter().map(entry).collect();
    app.input.picker = Some(Picker::new(Picking::Contexts, "contexts", entries));
    Vec::new()
}

/// The ports that the destination offers.
pub fn ports(app: &mut App) -> Vec<Effect> {
    let Some((_, to)) = app.answers.tracing.ends() else { return Vec::new() };
    let mut entries =
        vec![PickerEntry::new("any", "every port: the answer lists those that are open", Choice::Port(PortAsk::NONE))];
    entries.extend(answers::ports(&app.session.world, to).into_iter().map(|(port, detail)| {
        let label = port.to_string();
        PickerEntry::new(label.trim_start_matches(':').to_owned(), detail, Choice::Port(port))
    }));
    app.input.picker = Some(Picker::new(Picking::Ports, "port: or type NUMBER[/PROTOCOL]", entries));
    Vec::new()
}

/// The columns to sort by.
pub fn sort(app: &mut App) -> Vec<Effect> {
    if app.focus.side == ScreenSide::View {
        return sort_shown(app);
    }
    let (titles, sort) = app.with_pane(|pane, _| (pane.titles(), pane.sort()));
    let entries = titles.into_iter().enumerate().map(|(at, title)| {
        let is_current = sort.by == SortBy::Column(at) || (at == 0 && sort.by == SortBy::Name);
        PickerEntry::new(
            title.to_lowercase(),
            if is_current { "now; again: the other way" } else { "" },
            Choice::Column(at),
        )
    });
    app.input.picker = Some(Picker::new(Picking::Sort, "sort by", entries.collect()));
    Vec::new()
}

/// The same of the answer that is shown.
fn sort_shown(app: &mut App) -> Vec<Effect> {
    let titles = app.focus.shown.view().columns().iter().enumerate();
    let entries = titles.map(|(at, title)| PickerEntry::new(title.to_lowercase(), "", Choice::Column(at)));
    app.input.picker = Some(Picker::new(Picking::Sort, "sort by; again: the other way", entries.collect()));
    Vec::new()
}

/// Why there is nothing to sort.
pub fn not_sorted(app: &App) -> Option<&'static str> {
    let is_sorted = app.focus.side == ScreenSide::Pane || !app.focus.shown.view().columns().is_empty();
    (!is_sorted).then_some("lists and the map are sorted")
}

/// The columns to show.
pub fn columns(app: &mut App) -> Vec<Effect> {
    let entry = |pane: &mut dyn Pane, at: usize, title: &str| {
        let sign = if pane.hides(at) { "[ ]" } else { "[x]" };
        let detail = if at == 0 { "always shown" } else { "" };
        PickerEntry::new(format!("{sign} {}", title.to_lowercase()), detail, Choice::Hide(at))
    };
    let entries = app.with_pane(|pane, _| {
        let titles = pane.titles();
        titles.into_iter().enumerate().map(|(at, title)| entry(pane, at, title)).collect()
    });
    app.input.picker = Some(Picker::new(Picking::Columns, "columns: Enter shows or hides one, Esc closes", entries));
    Vec::new()
}

/// Does what an entry stands for.
pub fn choose(app: &mut App, choice: Choice) -> Vec<Effect> {
    match choice {
        Choice::Command(at) => return command::run(app, &COMMANDS[at]),
        Choice::Word(word) => palette_at(app, &format!("{word} ")),
        Choice::Fill(line) => palette_at(app, &line),
        Choice::Namespace(name) => narrow_to(app, [name].into()),
        Choice::AllNamespaces => narrow_to(app, BTreeSet::new()),
        Choice::Context(name) => return vec![Effect::Switch(name)],
        Choice::Port(port) => {
            app.answers.tracing.port = port;
            if app.focus.shown != Shown::Trace {
                app.open(Shown::Trace);
            }
            app.reanswer();
        }
        Choice::Column(column) => app.sort(column),
        Choice::Hide(column) => {
            app.with_pane(|pane, _| pane.hide(column));
            columns(app);
            app.input.picker.iter_mut().for_each(|it| it.step(column as isize));
        }
        Choice::Who(asked) => app.open(Shown::WhoCan(*asked)),
        Choice::Ask(line) => return fixable::open(app, &line),
        Choice::Copy(text) => return copy::put_on_clipboard(app, text),
        Choice::Export { extension, text } => return vec![Effect::Export { extension, text }],
    }
    Vec::new()
}

/// Narrows to these namespaces; from the pane of namespaces one goes on to their pods.
pub fn narrow_to(app: &mut App, namespaces: BTreeSet<Name>) {
    app.narrow(namespaces);
    if app.focus.pane == panes::at(&panes::namespaces::PANE) {
        app.focus.pane = panes::at(&panes::pods::PANE);
    }
}
