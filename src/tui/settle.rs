//! After every event the state is settled: lists are filled, rows counted, questions answered, cursors kept in sight.
//!
//! ```text
//! changes ──► lists ──► what their rows need ──► the answers on the screen ──► what fits
//! ```
//!
//! An answer is microseconds, so it is made here and now. Drawing only reads.

use super::app::App;
use super::explain;
use super::layout::Areas;
use super::page;
use super::panes::{self, PANES, subjects};
use crate::ask::item::Item;
use crate::ask::scope::CellContext;
use crate::model::role::Subject;
use crate::text::Mark;

impl App {
    /// Brings what is on the screen up to what is known; to be called before [`super::draw`].
    pub fn prepare(&mut self) {
        let is_stale = self.session.stale_lists
            || self.session.stale_answers
            || (0..self.panes.len()).any(|it| self.is_behind(it));
        if is_stale || !self.session.pending.is_empty() {
            self.settle();
        }
    }

    /// Too many changes to take in one by one: the lists that they concern are read anew.
    pub(super) fn overflow(&mut self) {
        let changes = std::mem::take(&mut self.session.pending);
        let view =
            CellContext { world: &self.session.world, scope: &self.focus.scope, acting: self.session.acting.as_ref() };
        for (held, pane) in self.panes.iter_mut().zip(PANES) {
            held.is_stale = held.is_stale || changes.iter().any(|it| (pane.concerns)(it, view));
        }
    }

    fn change_lists(&mut self) {
        let changes = std::mem::take(&mut self.session.pending);
        if self.session.stale_lists || changes.is_empty() {
            return;
        }
        let view =
            CellContext { world: &self.session.world, scope: &self.focus.scope, acting: self.session.acting.as_ref() };
        // One that is read anew needs no change by change.
        for (at, pane) in self.panes.iter_mut().enumerate().filter(|it| !it.1.is_stale) {
            match panes::is_aside(at, self.focus.pane) {
                true => pane.is_stale = true,
                false => pane.list.change(&changes, view),
            }
        }
    }

    /// Whether a pane is to be read anew now: one that is aside waits until it is in front.
    fn is_behind(&self, pane: usize) -> bool {
        self.panes[pane].is_stale && !panes::is_aside(pane, self.focus.pane)
    }

    /// Reads a pane anew where that waits.
    pub(super) fn fill_pane(&mut self, pane: usize) {
        let view =
            CellContext { world: &self.session.world, scope: &self.focus.scope, acting: self.session.acting.as_ref() };
        if std::mem::take(&mut self.panes[pane].is_stale) {
            self.panes[pane].list.fill(view);
            self.session.stale_answers = true;
        }
    }

    /// Makes what is on the screen now, for a command that goes on from it.
    pub(super) fn settle_answers(&mut self) {
        self.settle();
    }

    pub(super) fn settle(&mut self) {
        self.change_lists();
        if std::mem::take(&mut self.session.stale_lists) {
            self.panes.iter_mut().for_each(|it| it.is_stale = true);
        }
        for pane in 0..self.panes.len() {
            if self.is_behind(pane) {
                self.fill_pane(pane);
            }
        }
        let areas = self.areas();
        for (pane, area) in self.panes.iter_mut().zip(areas.panes) {
            pane.list.settle(panes::rows_in(area));
        }
        self.prepare_shown(&areas);
        let areas = self.measured(areas);
        self.answer();
        self.answers.explain.settle(if areas.explain.is_empty() { areas.view } else { areas.explain });
        self.with_shown(|view, app| view.settle(app, areas.view));
        if let Some(picker) = &mut self.input.picker {
            picker.settle(self.size);
        }
    }

    /// The areas once every list knows how wide what it shows is.
    fn measured(&mut self, areas: Areas) -> Areas {
        let view =
            CellContext { world: &self.session.world, scope: &self.focus.scope, acting: self.session.acting.as_ref() };
        for (pane, area) in self.panes.iter_mut().zip(areas.panes).filter(|it| !it.1.is_empty()) {
            pane.list.measure(panes::rows_in(area), view);
        }
        self.areas()
    }

    /// What rows on the screen are drawn from is derived first.
    fn prepare_shown(&mut self, areas: &Areas) {
        for ((held, pane), area) in self.panes.iter().zip(PANES).zip(areas.panes) {
            let Some(prepare) = pane.prepare else { continue };
            let shown = held.list.on_screen(panes::rows_in(area));
            let items: Vec<Item> = shown.into_iter().chain(held.list.selected()).collect();
            prepare(&mut self.session.world, &items);
        }
    }

    /// The same for all rows of the pane in front, before they are looked at: to sort by a column, or to filter by one.
    pub(super) fn prepare_all(&mut self, looks: bool) {
        if looks {
            (PANES[self.focus.pane].prepare_all)(&mut self.session.world);
        }
    }

    /// Makes the pages that are on the screen.
    fn answer(&mut self) {
        self.drop_jobs();
        let about = self.selected().map(|it| (it, self.focus.tab));
        if self.session.stale_answers || self.answers.explained != about {
            let explained = self.explained();
            self.answers.explain.show(explained);
            self.answers.explained = about;
        }
        if !std::mem::take(&mut self.session.stale_answers) && !self.answers.reader.wants_more() {
            return;
        }
        self.with_shown(|view, app| view.answer(app));
    }

    /// The subjects that the pane of subjects shows; of marked ones those.
    pub(super) fn subjects_in_view(&self) -> Vec<Subject> {
        let pane = &self.panes[panes::at(&subjects::PANE)].list;
        let marked = pane.marked();
        let items = if marked.is_empty() { pane.on_screen_from(0, pane.count().0) } else { marked };
        let subject = |it| if let Item::Subject(subject) = it { Some(subject) } else { None };
        items.into_iter().filter_map(subject).collect()
    }

    /// What stands where there is nothing to explain: why there is no connection, and what can be done.
    fn nothing_selected(&self) -> crate::text::Page {
        if self.session.connection.is_empty() {
            return page::saying(Mark::Plain, "nothing is selected");
        }
        let mut page = page::saying(Mark::Deny, &self.session.connection);
        page.say(0, Mark::Plain, "R tries again; @ picks another context; Q leaves");
        page
    }

    fn explained(&self) -> crate::text::Page {
        let Some(item) = self.selected() else { return self.nothing_selected() };
        let tabs = explain::tabs(&item);
        let tab = tabs.get(self.focus.tab % tabs.len().max(1));
        tab.map_or_else(crate::text::Page::default, |it| (it.page)(self.view(), &item))
    }
}
