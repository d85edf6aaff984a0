//! The state of the screen, and how events change it.
//!
//! ```text
//! Event ──update──► App ──draw──► Buffer
//!              └──► Effects
//! ```
//!
//! After every event the state is settled (`settle.rs`), so that drawing only reads. What the state is made of stands
//! in `state.rs`.

use std::collections::BTreeSet;

use ratatui::layout::Rect;

use super::applying::Applying;
use super::event::Effect;
use super::finding;
use super::job::{Job, WantedJob, What};
use super::layout::{self, Areas, FrontPane, ScreenSide};
use super::list::{HasTime, ListDirection, SortBy};
use super::panes::{self, Pane, PaneState};
use super::staging::Staging;
use super::state::{Answers, Focus, Input, Session};
pub use super::state::{FetchedObject, HistoryEntry, Setup, Shown, Typing};
use super::status::{self, Freshness};
use super::views::yaml::YamlAt;
use super::{command, questions};
use crate::ask::QuestionLine;
use crate::ask::World;
use crate::ask::filter::Filter;
use crate::ask::item::Item;
use crate::ask::scope::CellContext;
use crate::ask::scope::ListScope;
use crate::model::cluster::Cluster;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::place::Place;

/// The whole state of the screen.
pub struct App {
    pub(super) setup: Setup,
    pub(super) size: Rect,
    pub(super) session: Session,
    pub(super) panes: Vec<PaneState>,
    pub(super) focus: Focus,
    pub(super) answers: Answers,
    pub(super) input: Input,
    pub(super) staging: Staging,
    pub(super) applying: Applying,
}

/// How soon a job is to be begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Haste {
    /// Nothing can be shown without it.
    Now,
    /// What is shown is only as of before.
    WhenRested,
}

/// How many places one can go back.
const HISTORY: usize = 100;

impl App {
    /// The screen over this cluster.
    pub fn new(setup: Setup, cluster: Cluster) -> Self {
        let scope = ListScope { namespaces: setup.namespaces.clone(), ..ListScope::default() };
        // Who names a namespace wants to see what is in it.
        let pane = if scope.namespaces.is_empty() { 0 } else { panes::at(&panes::pods::PANE) };
        let world = World::of(cluster, setup.settings.clone(), setup.check).with_people(setup.people.clone());
        let session = Session { writes: setup.writes, ..Session::of(world) };
        let mut app = Self {
            setup,
            size: Rect::new(0, 0, 80, 24),
            session,
            panes: panes::empty(),
            focus: Focus { scope, pane, ..Focus::default() },
            answers: Answers::default(),
            input: Input::default(),
            staging: Staging::default(),
            applying: Applying::default(),
        };
        app.settle();
        app
    }

    /// Takes in the lines that were typed behind `:` in earlier sessions.
    pub fn recall(&mut self, lines: Vec<String>) {
        self.input.recalled = lines.len();
        self.input.history = lines;
    }

    /// The lines that were typed behind `:` in this session.
    pub fn typed_lines(&self) -> &[String] {
        self.input.history.get(self.input.recalled..).unwrap_or_default()
    }

    /// Opens what answers a question, before anything else is on the screen.
    ///
    /// What it puts to a server is asked once there is a connection.
    pub fn ask(&mut self, line: &QuestionLine) {
        self.prepare();
        if let Err(fault) = questions::open(self, line) {
            self.say(fault.whole());
        }
        self.session.asking.clear();
        self.settle();
    }

    /// Whether something that could wait is not done yet: [`App::work`] goes on with it.
    pub fn is_busy(&self) -> bool {
        self.panes.iter().any(|it| it.list.is_sifting())
    }

    /// Goes on with what could wait, as long as the pace says.
    pub fn work(&mut self, pace: HasTime<'_>) {
        if self.is_busy() && self.sift(pace) {
            self.selection_moved();
            self.settle();
        }
    }

    /// Goes on with the filters that are being applied; whether that is done.
    fn sift(&mut self, pace: HasTime<'_>) -> bool {
        let view =
            CellContext { world: &self.session.world, scope: &self.focus.scope, acting: self.session.acting.as_ref() };
        self.panes.iter_mut().all(|it| it.list.sift(view, pace))
    }

    /// What the shown answer wants to be worked out beside the loop.
    fn wanted(&self) -> Option<WantedJob> {
        let what = self.focus.shown.view().wanted(self).or_else(|| finding::wanted(self))?;
        Some(WantedJob { what, revision: self.session.world.revision() })
    }

    /// Whether a job is to be begun, and whether nothing can be shown without it.
    pub fn wants_job(&self) -> Option<Haste> {
        let wanted = self.wanted().filter(|it| self.answers.jobs.lacks(it))?;
        let has_something = match wanted.what {
            What::Findings => finding::has(self),
            _ => self.focus.shown.view().has_something(self),
        };
        Some(if has_something { Haste::WhenRested } else { Haste::Now })
    }

    /// Begins that job: what it comes to is given back as an event.
    pub fn begin_job(&mut self) -> Option<Job> {
        let wanted = self.wanted().filter(|it| self.answers.jobs.lacks(it))?;
        let work = wanted.what.work(&self.session.world, self.base());
        let job = self.answers.jobs.begin(wanted, work);
        self.session.stale_answers = true;
        Some(job)
    }

    /// The number of the job that is waited for; any other is to be ended.
    pub fn running_job(&self) -> Option<u64> {
        self.answers.jobs.running()
    }

    /// Ends what nobody looks at any more.
    pub(super) fn drop_jobs(&mut self) {
        if self.answers.jobs.running().is_some() {
            let wanted = self.wanted().map(|it| it.what);
            self.answers.jobs.keep(wanted.as_ref());
        }
    }

    /// Ends what could wait, for what rests on it.
    pub(super) fn finish_work(&mut self) {
        self.sift(&mut || true);
    }

    /// What cells and pages are made from.
    pub(super) fn view(&self) -> CellContext<'_> {
        CellContext { world: &self.session.world, scope: &self.focus.scope, acting: self.session.acting.as_ref() }
    }

    /// Where things stand.
    pub(super) fn areas(&self) -> Areas {
        let pane = self.focus.pane;
        let (needs, wants) = self.panes[pane].list.needs();
        let front = FrontPane { pane, needs, wants };
        layout::areas(self.size, front, (self.focus.side, self.focus.shown.view().holds()), self.focus.share)
    }

    /// The object that the pane in front has selected.
    pub(super) fn selected(&self) -> Option<Item> {
        self.panes[self.focus.pane].list.selected()
    }

    /// What the cluster is called: the context, the files, the demo's name.
    pub fn title(&self) -> String {
        self.setup.title.to_string()
    }

    /// The namespace that bare names are in.
    pub fn namespace(&self) -> Name {
        self.focus.scope.only().cloned().unwrap_or_else(|| "default".into())
    }

    /// How large the screen is.
    pub fn size(&self) -> (u16, u16) {
        (self.size.width, self.size.height)
    }

    /// Reads all lists anew at the end of this event.
    pub(super) fn refill(&mut self) {
        self.session.stale_lists = true;
    }

    /// Answers what is on the screen anew at the end of this event.
    pub(super) fn reanswer(&mut self) {
        self.session.stale_answers = true;
    }

    /// Runs something on the pane in front.
    pub(super) fn with_pane<T>(&mut self, run: impl FnOnce(&mut dyn Pane, CellContext<'_>) -> T) -> T {
        let view =
            CellContext { world: &self.session.world, scope: &self.focus.scope, acting: self.session.acting.as_ref() };
        run(&mut *self.panes[self.focus.pane].list, view)
    }

    /// How fresh what is on the screen is.
    pub(super) fn freshness(&self) -> Freshness {
        status::freshness(
            &self.session.behind.as_ref().map_or(&self.session.world, |it| &it.0).cluster,
            self.setup.origin,
        )
    }

    /// Whether something on the screen grows older, so that the loop must send the time.
    pub fn ages(&self) -> bool {
        matches!(self.freshness(), Freshness::Stale { .. }) || self.session.behind.is_some()
    }

    /// Where one is.
    pub(super) fn here(&self) -> HistoryEntry {
        HistoryEntry {
            pane: self.focus.pane,
            side: self.focus.side,
            shown: self.focus.shown.clone(),
            item: self.selected(),
            scope: self.focus.scope.clone(),
            reading: self.reader().reading(),
        }
    }

    /// Remembers where one is, before going elsewhere.
    pub(super) fn leave(&mut self) {
        let here = self.here();
        match self.focus.back.last_mut().filter(|it| it.is_at(&here)) {
            Some(last) => *last = here,
            None => self.focus.back.push(here),
        }
        if self.focus.back.len() > HISTORY {
            self.focus.back.remove(0);
        }
        self.focus.forward.clear();
    }

    /// Goes to a remembered place.
    pub(super) fn go_to(&mut self, entry: HistoryEntry) {
        let refill = entry.scope != self.focus.scope;
        (self.focus.pane, self.focus.side, self.focus.shown, self.focus.scope) =
            (entry.pane, entry.side, entry.shown, entry.scope);
        self.answers.asked = None;
        if refill {
            self.panes.iter_mut().for_each(|it| it.is_stale = true);
        }
        self.fill_pane(self.focus.pane);
        if let Some(item) = &entry.item {
            self.panes[self.focus.pane].list.select(item);
        }
        self.explain_reader().resume(entry.reading);
        self.session.stale_answers = true;
    }

    /// Opens an answer.
    pub(super) fn open(&mut self, shown: Shown) {
        self.leave();
        self.show(shown);
        self.focus.side = ScreenSide::View;
    }

    /// Shows an answer beside the list.
    pub(super) fn show(&mut self, shown: Shown) {
        if self.focus.shown != shown {
            self.answers.reader.rewind();
            self.answers.asked = None;
        }
        self.focus.shown = shown;
        self.session.stale_answers = true;
    }

    /// Opens an object's YAML at a place of it.
    pub(super) fn open_yaml(&mut self, object: ObjectId, place: Place) -> Vec<Effect> {
        self.open(Shown::Yaml(YamlAt { object: object.clone(), place }));
        self.answers.yaml.seek();
        if self.session.fetched.as_ref().is_none_or(|it| it.id != object) {
            self.session.fetched = None;
        }
        vec![Effect::Fetch(object)]
    }

    /// Narrows everything to other namespaces.
    pub(super) fn narrow(&mut self, namespaces: BTreeSet<Name>) {
        self.leave();
        self.focus.scope.namespaces = namespaces;
        self.focus.scope.pod = None;
        self.refill();
    }

    /// Filters the pane in front.
    pub(super) fn filter(&mut self, line: &str) {
        self.begin_filter(line);
        self.finish_work();
    }

    /// Begins to filter the pane in front; the rows that are shown stay until that is done.
    pub(super) fn begin_filter(&mut self, line: &str) {
        line.clone_into(&mut self.panes[self.focus.pane].filter);
        let filter = Filter::parse(line);
        self.prepare_all(filter.has_columns());
        self.with_pane(|pane, _| pane.filter_by(filter));
    }

    /// Sorts the pane in front by a column; by the same one again: the other way.
    pub(super) fn sort(&mut self, column: usize) {
        if self.focus.side == ScreenSide::View {
            return self.with_shown(|view, app| view.sort(app, column));
        }
        self.prepare_all(true);
        self.with_pane(|pane, view| {
            let mut sort = pane.sort();
            let same = sort.by == SortBy::Column(column) || (column == 0 && sort.by == SortBy::Name);
            sort.run = if same { sort.run.inverted() } else { ListDirection::Up };
            sort.by = SortBy::Column(column);
            pane.sort_by(sort, view);
        });
    }

    /// Says something in the last row until the next key.
    pub(super) fn say(&mut self, words: impl Into<String>) {
        self.input.notice = Some(words.into());
    }

    /// The part of the program that keys go to.
    pub(super) fn place(&self) -> command::At {
        command::place(self)
    }
}
