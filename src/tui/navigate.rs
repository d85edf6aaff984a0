//! Commands that move: between panes, levels, places, tabs and matches. They change the screen and nothing else.

use super::app::{App, Shown, Typing};
use super::command::At;
use super::event::Effect;
use super::field::Field;
use super::layout::ScreenSide;
use super::page::Seek;
use super::panes::{self, PANES};
use super::views::Back;
use super::yaml::ManagedFieldsShown;
use super::{explain, page, what_if};
use crate::ask::item::Item;
use crate::ask::scope::Problems;

/// Goes to a pane.
pub fn pane(app: &mut App, pane: usize) -> Vec<Effect> {
    if app.focus.pane != pane || app.focus.side != ScreenSide::Pane {
        app.leave();
    }
    (app.focus.pane, app.focus.side, app.focus.shift) = (pane, ScreenSide::Pane, 0);
    app.reanswer();
    Vec::new()
}

/// Goes to the next or previous part: the panes, then the answer.
pub fn next(app: &mut App, step: isize) {
    let parts = PANES.len() as isize + 1;
    let at = if app.focus.side == ScreenSide::View { PANES.len() } else { app.focus.pane } as isize;
    let to = (at + step).rem_euclid(parts) as usize;
    app.focus.shift = 0;
    if to == PANES.len() {
        app.focus.side = ScreenSide::View;
    } else {
        (app.focus.pane, app.focus.side) = (to, ScreenSide::Pane);
    }
    app.reanswer();
}

/// Left and right: within a matrix or YAML, else between the parts.
pub fn sideways(app: &mut App, step: isize) {
    match app.focus.side {
        ScreenSide::View => app.with_shown(|view, app| view.sideways(app, step)),
        ScreenSide::Pane => next(app, step),
    }
}

/// Scrolls the columns of the pane in front.
pub fn scroll(app: &mut App, step: isize) {
    match app.place() {
        At::Yaml | At::Sheet => sideways(app, step),
        _ => {
            let last = app.with_pane(|pane, _| pane.titles().len().saturating_sub(2));
            app.focus.shift = app.focus.shift.saturating_add_signed(step).min(last);
        }
    }
}

/// The next or previous page about the selected object.
pub fn tab(app: &mut App, step: isize) {
    let Some(item) = app.selected() else { return };
    let tabs = explain::tabs(&item).len().max(1) as isize;
    app.focus.tab = (app.focus.tab as isize + step).rem_euclid(tabs) as usize;
    app.explain_reader().rewind();
    app.reanswer();
}

/// Starts to type a filter for a list, or a search in a text.
pub fn start_filter(app: &mut App) -> Vec<Effect> {
    app.input.typing = match app.focus.side {
        ScreenSide::View => app.focus.shown.view().start_filter(),
        ScreenSide::Pane => Some(Typing::Filter(Field::holding(&app.panes[app.focus.pane].filter))),
    };
    Vec::new()
}

/// The next match of the search.
pub fn find(app: &mut App, seek: Seek) {
    let letters = app.input.search.clone();
    if letters.is_empty() {
        return app.say("no active search; press /");
    }
    if !app.with_shown(|view, app| view.find(app, &letters, seek)) {
        app.say(format!("pattern not found: {letters}"));
    }
}

/// Narrows to the namespace of the selected object.
pub fn use_namespace(app: &mut App) {
    let namespace = app.selected().and_then(|it| it.namespace().cloned());
    if let Some(namespace) = namespace {
        app.say(format!("narrowed to {namespace} (0 shows all)"));
        app.narrow([namespace].into());
    }
}

/// Marks the selected row and goes down.
pub fn mark(app: &mut App) {
    app.with_pane(|pane, _| {
        pane.mark();
        pane.go(pane.at() + 1);
    });
    app.selection_moved();
}

/// Sorts the other way.
pub fn invert(app: &mut App) {
    if app.focus.side == ScreenSide::View {
        return app.with_shown(|view, app| view.invert(app));
    }
    app.with_pane(|pane, view| {
        let mut sort = pane.sort();
        sort.run = sort.run.inverted();
        pane.sort_by(sort, view);
    });
}

/// Only rows with problems, or all again.
pub fn problems(app: &mut App) {
    app.focus.scope.problems = match app.focus.scope.problems {
        Problems::Everything => Problems::Only,
        Problems::Only => Problems::Everything,
    };
    app.refill();
}

/// Holds the picture still, or lets it go.
pub fn freeze(app: &mut App) {
    match app.session.behind.take() {
        Some((world, _)) => {
            what_if::rebase(app, world);
            app.say("resumed");
        }
        None => {
            app.session.behind = Some((app.base().clone(), app.session.now));
            app.say("paused; p resumes");
        }
    }
}

/// Goes back to where one was.
pub fn back(app: &mut App) {
    let Some(entry) = app.focus.back.pop() else { return app.say("no older view") };
    app.focus.forward.push(app.here());
    app.go_to(entry);
}

/// Goes forward again.
pub fn forward(app: &mut App) {
    let Some(entry) = app.focus.forward.pop() else { return app.say("no newer view") };
    app.focus.back.push(app.here());
    app.go_to(entry);
}

/// Goes between the last two places.
pub fn last(app: &mut App) {
    let Some(entry) = app.focus.back.pop() else { return app.say("no older view") };
    app.focus.back.push(app.here());
    app.go_to(entry);
}

/// Shows or hides the server's bookkeeping.
pub fn managed(app: &mut App) {
    app.answers.yaml.managed = match app.answers.yaml.managed {
        ManagedFieldsShown::Hidden => ManagedFieldsShown::Shown,
        ManagedFieldsShown::Shown => ManagedFieldsShown::Hidden,
    };
    app.reanswer();
}

/// Leaves the innermost thing: filter, marks, a trace half chosen, then one level; never the program.
pub fn leave(app: &mut App) {
    if app.focus.side == ScreenSide::Pane && !app.panes[app.focus.pane].filter.is_empty() {
        return app.filter("");
    }
    if app.focus.side == ScreenSide::Pane && app.with_pane(|pane, _| pane.unmark()) {
        return;
    }
    if app.focus.side == ScreenSide::View && app.with_shown(|view, app| view.widen(app)) {
        return;
    }
    if app.answers.tracing.is_half() {
        app.answers.tracing = Default::default();
        return app.say("no trace");
    }
    level(app);
}

/// Whether one level up is where one was before, and not the list.
fn goes_back(app: &App) -> bool {
    // What was opened from an answer leads back to it.
    let was_answer =
        app.focus.side == ScreenSide::View && app.focus.back.last().is_some_and(|it| it.side == ScreenSide::View);
    match app.focus.shown.view().leads_back() {
        Back::List => false,
        Back::Answer => was_answer,
        Back::Before => !app.focus.back.is_empty(),
    }
}

/// What one level up is called: an answer that was open before, or the pane.
pub fn way_back(app: &App) -> String {
    let before = app.focus.back.last().filter(|it| goes_back(app) && it.side == ScreenSide::View);
    match before {
        Some(entry) => entry.shown.view().name().to_owned(),
        None => format!("[{}] {}", app.focus.pane + 1, PANES[app.focus.pane].title),
    }
}

/// Goes one level up; whether there was one.
fn level(app: &mut App) -> bool {
    if goes_back(app) {
        back(app);
        return true;
    }
    if app.focus.side == ScreenSide::View {
        // An answer that stays beside the list would be of what was selected before.
        app.focus.side = ScreenSide::Pane;
        app.show(Shown::Explain);
        return true;
    }
    if app.focus.shown != Shown::Explain {
        app.show(Shown::Explain);
        return true;
    }
    if let Some(pod) = app.focus.scope.pod.take() {
        app.refill();
        app.focus.pane = panes::at(&panes::pods::PANE);
        app.panes[app.focus.pane].list.select(&Item::Pod(pod));
        return true;
    }
    wider(app)
}

/// Goes back to where the namespaces were chosen; whether some were.
fn wider(app: &mut App) -> bool {
    let before = app.focus.back.iter().rposition(|it| it.scope.namespaces != app.focus.scope.namespaces);
    let Some(at) = before.filter(|_| !app.focus.scope.namespaces.is_empty()) else { return false };
    let entry = app.focus.back[at].clone();
    app.focus.back.truncate(at);
    app.go_to(entry);
    true
}

/// One level up; at the top the program ends.
pub fn quit_level(app: &mut App) -> Vec<Effect> {
    if level(app) { Vec::new() } else { vec![Effect::Quit] }
}

impl App {
    /// The page that keys go to: the answer, or the explanation where no answer is open.
    pub(super) fn explain_reader(&mut self) -> &mut page::PageReader {
        if self.focus.shown == Shown::Explain { &mut self.answers.explain } else { &mut self.answers.reader }
    }

    /// The same, to look at.
    pub(super) fn reader(&self) -> &page::PageReader {
        if self.focus.shown == Shown::Explain { &self.answers.explain } else { &self.answers.reader }
    }

    /// Another object is selected: its page starts at the top.
    pub(super) fn selection_moved(&mut self) {
        self.answers.explain.rewind();
    }
}
