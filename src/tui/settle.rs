//! After every event the state is settled: lists are filled, rows counted, questions answered, cursors kept in sight.
//!
//! ```text
//! changes ──► lists ──► what their rows need ──► the answers on the screen ──► what fits
//! ```
//!
//! An answer is microseconds, so it is made here and now. Drawing only reads.

use super::access;
use super::answers;
use super::app::App;
use super::asked;
use super::explain;
use super::layout::Areas;
use super::page;
use super::panes::{self, NAMESPACES, PANES, SUBJECTS};
use super::state::Shown;
use crate::ask::item::Item;
use crate::ask::scope::View;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::text::Mark;

impl App {
    /// Brings what is on the screen up to what is known; to be called before [`super::draw`].
    pub fn prepare(&mut self) {
        if !self.pending.is_empty() || self.stale_lists || self.stale_answers || self.stale_panes.contains(&true) {
            self.settle();
        }
    }

    /// Too many changes to take in one by one: the lists that they concern are read anew.
    pub(super) fn overflow(&mut self) {
        let changes = std::mem::take(&mut self.pending);
        let view = View { world: &self.world, scope: &self.scope, acting: self.acting.as_ref() };
        for (stale, pane) in self.stale_panes.iter_mut().zip(&PANES) {
            *stale = *stale || changes.iter().any(|it| (pane.concerns)(it, view));
        }
    }

    fn change_lists(&mut self) {
        let changes = std::mem::take(&mut self.pending);
        if self.stale_lists || changes.is_empty() {
            return;
        }
        let view = View { world: &self.world, scope: &self.scope, acting: self.acting.as_ref() };
        // One that is read anew below needs no change by change.
        for (pane, _) in self.panes.iter_mut().zip(&self.stale_panes).filter(|(_, is_stale)| !**is_stale) {
            pane.change(&changes, view);
        }
    }

    /// Makes what is on the screen now, for a command that goes on from it.
    pub(super) fn settle_answers(&mut self) {
        self.settle();
    }

    pub(super) fn settle(&mut self) {
        self.change_lists();
        let stale = std::mem::take(&mut self.stale_panes);
        let all = std::mem::take(&mut self.stale_lists);
        let view = View { world: &self.world, scope: &self.scope, acting: self.acting.as_ref() };
        for (pane, _) in self.panes.iter_mut().zip(stale).filter(|(_, is_stale)| all || *is_stale) {
            pane.fill(view);
            self.stale_answers = true;
        }
        let areas = self.areas();
        for (pane, area) in self.panes.iter_mut().zip(areas.panes) {
            pane.settle(panes::rows_in(area));
        }
        self.count_on_screen(&areas);
        self.answer();
        self.explain.settle(if areas.explain.is_empty() { areas.view } else { areas.explain });
        self.reader.settle(areas.view);
        self.yaml.settle(areas.view);
        if self.shown == Shown::Abilities {
            let view = View { world: &self.world, scope: &self.scope, acting: self.acting.as_ref() };
            self.abilities.settle(areas.view, view);
        }
        if let Some(picker) = &mut self.picker {
            picker.settle(self.size);
        }
    }

    /// Namespaces on the screen are counted, and subjects weighed, before they are drawn.
    fn count_on_screen(&mut self, areas: &Areas) {
        let rows = panes::rows_in(areas.panes[NAMESPACES]);
        let names: Vec<Name> = self.panes[NAMESPACES]
            .on_screen(rows)
            .into_iter()
            .chain(self.panes[NAMESPACES].selected())
            .filter_map(|it| it.namespace().cloned())
            .collect();
        self.world.count(&names);
        let rows = panes::rows_in(areas.panes[SUBJECTS]);
        let subjects = self.panes[SUBJECTS].on_screen(rows).into_iter().chain(self.panes[SUBJECTS].selected());
        let subjects: Vec<Subject> = subjects
            .filter_map(|it| match it {
                Item::Subject(subject) => Some(subject),
                _ => None,
            })
            .collect();
        self.world.weigh(subjects);
    }

    /// Weighs everybody before all rows are looked at: to sort by a column, or to filter by one.
    pub(super) fn weigh_before(&mut self, looks: bool) {
        if self.pane == SUBJECTS && looks {
            self.world.weigh_all();
        }
    }

    /// Makes the pages that are on the screen.
    fn answer(&mut self) {
        self.drop_jobs();
        let about = self.selected().map(|it| (it, self.tab));
        if self.stale_answers || self.explained != about {
            let explained = self.explained();
            self.explain.show(explained);
            self.explained = about;
        }
        if !std::mem::take(&mut self.stale_answers) && !self.reader.wants_more() {
            return;
        }
        let before = self.asked.take();
        match &self.shown {
            Shown::Explain => {}
            Shown::Trace => self.reader.show(answers::trace(&self.world, &self.tracing)),
            Shown::Reach(asked) => {
                let page = self.reaching.page(self.view(), asked, self.job_state());
                self.reader.show(page);
            }
            Shown::Can(question) => self.reader.show(asked::page(self.view(), question)),
            Shown::Matrix => self.matrix.show(&self.world, &self.scope),
            Shown::Permissions(of) => self.reader.show(access::permitted(self.view(), of)),
            Shown::WhoCan(asked) => {
                let now = (asked.clone(), self.world.access());
                if before.as_ref() != Some(&now) || self.reader.wants_more() {
                    let page = access::who_can(self.view(), asked, &self.reader);
                    self.reader.show(page);
                }
                self.asked = Some(now);
            }
            Shown::Abilities => {
                let subjects = self.subjects_in_view();
                let view = View { world: &self.world, scope: &self.scope, acting: self.acting.as_ref() };
                self.abilities.show(subjects, view);
            }
            Shown::Yaml { object, place } => self.yaml.show(object, place, self.fetched.as_ref()),
        }
    }

    /// The subjects that the pane of subjects shows; of marked ones those.
    fn subjects_in_view(&self) -> Vec<Subject> {
        let pane = &self.panes[SUBJECTS];
        let marked = pane.marked();
        let items = if marked.is_empty() { pane.on_screen_from(0, pane.count().0) } else { marked };
        let subject = |it| if let Item::Subject(subject) = it { Some(subject) } else { None };
        items.into_iter().filter_map(subject).collect()
    }

    /// What stands where there is nothing to explain: why there is no connection, and what can be done.
    fn nothing_selected(&self) -> crate::text::Page {
        if self.connection.is_empty() {
            return page::saying(Mark::Plain, "nothing is selected");
        }
        let mut page = page::saying(Mark::Deny, &self.connection);
        page.say(0, Mark::Plain, "R tries again; @ picks another context; Q leaves");
        page
    }

    fn explained(&self) -> crate::text::Page {
        let Some(item) = self.selected() else { return self.nothing_selected() };
        let tabs = explain::tabs(&item);
        let tab = tabs.get(self.tab % tabs.len().max(1));
        tab.map_or_else(crate::text::Page::default, |it| (it.page)(self.view(), &item))
    }
}
