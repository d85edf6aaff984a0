//! Commands that move: between panes, levels, places, tabs and matches. They change the screen and nothing else.

use super::app::{App, Shown, Typing};
use super::command::At;
use super::event::Effect;
use super::field::Field;
use super::layout::{Holds, Side};
use super::panes::{self, PANES};
use super::views::Back;
use super::yaml::ManagedFields;
use super::{explain, page};
use crate::ask::item::Item;
use crate::ask::scope::Problems;

/// Goes to a pane.
pub fn pane(app: &mut App, pane: usize) -> Vec<Effect> {
    if app.pane != pane || app.side != Side::Pane {
        app.leave();
    }
    (app.pane, app.side, app.shift) = (pane, Side::Pane, 0);
    app.reanswer();
    Vec::new()
}

/// Goes to the next or previous part: the panes, then the answer.
pub fn next(app: &mut App, step: isize) {
    let parts = PANES.len() as isize + 1;
    let at = if app.side == Side::View { PANES.len() } else { app.pane } as isize;
    let to = (at + step).rem_euclid(parts) as usize;
    app.shift = 0;
    if to == PANES.len() {
        app.side = Side::View;
    } else {
        (app.pane, app.side) = (to, Side::Pane);
    }
    app.reanswer();
}

/// Left and right: within a matrix or YAML, else between the parts.
pub fn sideways(app: &mut App, step: isize) {
    match app.side {
        Side::View => app.with_shown(|view, app| view.sideways(app, step)),
        Side::Pane => next(app, step),
    }
}

/// Scrolls the columns of the pane in front.
pub fn scroll(app: &mut App, step: isize) {
    match app.place() {
        At::Yaml | At::Sheet => sideways(app, step),
        _ => {
            let last = app.with_pane(|pane, _| pane.titles().len().saturating_sub(2));
            app.shift = app.shift.saturating_add_signed(step).min(last);
        }
    }
}

/// The next or previous page about the selected object.
pub fn tab(app: &mut App, step: isize) {
    let Some(item) = app.selected() else { return };
    let tabs = explain::tabs(&item).len().max(1) as isize;
    app.tab = (app.tab as isize + step).rem_euclid(tabs) as usize;
    app.explain_reader().rewind();
    app.reanswer();
}

/// Starts to type a filter for a list, or a search in a text.
pub fn start_filter(app: &mut App) -> Vec<Effect> {
    app.typing = match app.side {
        Side::View => app.shown.view().start_filter(),
        Side::Pane => Some(Typing::Filter(Field::holding(&app.panes[app.pane].filter))),
    };
    Vec::new()
}

/// The next match of the search.
pub fn find(app: &mut App, forward: bool) {
    let letters = app.search.clone();
    if letters.is_empty() {
        return app.say("nothing is searched for (/ starts)");
    }
    if !app.with_shown(|view, app| view.find(app, &letters, forward)) {
        app.say(format!("{letters} does not stand here"));
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
    app.with_pane(|pane, view| {
        let mut sort = pane.sort();
        sort.run = sort.run.inverted();
        pane.sort_by(sort, view);
    });
}

/// Only rows with problems, or all again.
pub fn problems(app: &mut App) {
    app.scope.problems = match app.scope.problems {
        Problems::Everything => Problems::Only,
        Problems::Only => Problems::Everything,
    };
    app.refill();
}

/// Holds the picture still, or lets it go.
pub fn freeze(app: &mut App) {
    match app.behind.take() {
        Some((world, _)) => {
            app.world = world;
            app.refill();
            app.say("going on");
        }
        None => {
            app.behind = Some((app.world.clone(), app.now));
            app.say("held still (p goes on)");
        }
    }
}

/// Goes back to where one was.
pub fn back(app: &mut App) {
    let Some(stop) = app.back.pop() else { return app.say("this is where you began") };
    app.forward.push(app.stop());
    app.go_to(stop);
}

/// Goes forward again.
pub fn forward(app: &mut App) {
    let Some(stop) = app.forward.pop() else { return app.say("nothing lies ahead") };
    app.back.push(app.stop());
    app.go_to(stop);
}

/// Goes between the last two places.
pub fn last(app: &mut App) {
    let Some(stop) = app.back.pop() else { return app.say("this is where you began") };
    app.back.push(app.stop());
    app.go_to(stop);
}

/// Shows or hides the server's bookkeeping.
pub fn managed(app: &mut App) {
    app.yaml.managed = match app.yaml.managed {
        ManagedFields::Hidden => ManagedFields::Shown,
        ManagedFields::Shown => ManagedFields::Hidden,
    };
    app.reanswer();
}

/// Leaves the innermost thing: filter, marks, a trace half chosen, then one level; never the program.
pub fn leave(app: &mut App) {
    if app.side == Side::Pane && !app.panes[app.pane].filter.is_empty() {
        return app.filter("");
    }
    if app.side == Side::Pane && app.with_pane(|pane, _| pane.unmark()) {
        return;
    }
    if app.side == Side::View && app.with_shown(|view, app| view.widen(app)) {
        return;
    }
    if app.tracing.is_half() {
        app.tracing = Default::default();
        return app.say("no trace");
    }
    level(app);
}

/// Goes one level up; whether there was one.
fn level(app: &mut App) -> bool {
    // What was opened from an answer leads back to it.
    let was_answer = app.side == Side::View && app.back.last().is_some_and(|it| it.side == Side::View);
    let goes_back = match app.shown.view().leads_back() {
        Back::List => false,
        Back::Answer => was_answer,
        Back::Before => !app.back.is_empty(),
    };
    if goes_back {
        back(app);
        return true;
    }
    if app.side == Side::View {
        app.side = Side::Pane;
        // A sheet that took the whole screen says nothing in a corner of it.
        if app.shown.view().holds() == Holds::Sheet {
            app.show(Shown::Explain);
        }
        return true;
    }
    if app.shown != Shown::Explain {
        app.show(Shown::Explain);
        return true;
    }
    if let Some(pod) = app.scope.pod.take() {
        app.refill();
        app.pane = panes::at(&panes::pods::PANE);
        app.panes[app.pane].list.select(&Item::Pod(pod));
        return true;
    }
    wider(app)
}

/// Goes back to where the namespaces were chosen; whether some were.
fn wider(app: &mut App) -> bool {
    let before = app.back.iter().rposition(|it| it.scope.namespaces != app.scope.namespaces);
    let Some(at) = before.filter(|_| !app.scope.namespaces.is_empty()) else { return false };
    let stop = app.back[at].clone();
    app.back.truncate(at);
    app.go_to(stop);
    true
}

/// One level up; at the top the program ends.
pub fn quit_level(app: &mut App) -> Vec<Effect> {
    if level(app) { Vec::new() } else { vec![Effect::Quit] }
}

impl App {
    /// The page that keys go to: the answer, or the explanation where no answer is open.
    pub(super) fn explain_reader(&mut self) -> &mut page::Reader {
        if self.shown == Shown::Explain { &mut self.explain } else { &mut self.reader }
    }

    /// Another object is selected: its page starts at the top.
    pub(super) fn selection_moved(&mut self) {
        self.explain.rewind();
    }
}
