//! The state of the screen, and how events change it.
//!
//! ```text
//! Event ──update──► App ──draw──► Buffer
//!              └──► Effects
//! ```
//!
//! After every event the state is settled (`settle.rs`), so that drawing only reads. What the state is made of stands
//! in `state.rs`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::abilities::Abilities;
use super::access::WhoAsked;
use super::answers::{Matrix, Tracing};
use super::asked;
use super::event::{self, Effect, Event, Mouse, Progress};
use super::job::{Job, Jobs, Said, Wanted, What};
use super::layout::{self, Areas, Share, Side};
use super::list::{Pace, Run};
use super::matrix;
use super::page::Reader;
use super::panes::{self, Held, Pane};
use super::picker::Picker;
use super::reaching::{self, Reaching};
pub use super::state::{Fetched, Setup, Shown, Stop, Typing};
use super::status::{self, Freshness};
use super::views::yaml::YamlAt;
use super::{command, questions, typing};
use crate::ask::Line;
use crate::ask::World;
use crate::ask::filter::Filter;
use crate::ask::item::Item;
use crate::ask::scope::Scope;
use crate::ask::scope::View;
use crate::model::cluster::{Change, Cluster};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::rbac::Identity;
use crate::rbac::review::Review;

/// The whole state of the screen.
pub struct App {
    pub(super) setup: Setup,
    pub(super) size: Rect,
    pub(super) world: World,
    /// While frozen: the cluster as it goes on behind the picture, and since when.
    pub(super) behind: Option<(World, Option<Timestamp>)>,
    pub(super) panes: Vec<Held>,
    pub(super) scope: Scope,
    pub(super) pane: usize,
    pub(super) side: Side,
    pub(super) share: Share,
    pub(super) shown: Shown,
    pub(super) tab: usize,
    pub(super) shift: usize,
    pub(super) explain: Reader,
    /// What the explanation is of: it is made anew when that or the cluster changes.
    pub(super) explained: Option<(Item, usize)>,
    pub(super) reader: Reader,
    /// The question about everybody that the reader shows the answer to, and as of when ([`World::access`]).
    pub(super) asked: Option<(WhoAsked, u64)>,
    pub(super) yaml: super::viewer::Viewer,
    pub(super) matrix: Matrix,
    pub(super) reaching: Reaching,
    /// What is worked out beside the loop.
    pub(super) jobs: Jobs,
    pub(super) abilities: Abilities,
    /// Whom the operator sees with, for as long as the program runs.
    pub(super) acting: Option<Identity>,
    pub(super) tracing: Tracing,
    pub(super) fetched: Option<Fetched>,
    pub(super) picker: Option<Picker>,
    pub(super) typing: Option<Typing>,
    pub(super) search: String,
    pub(super) back: Vec<Stop>,
    pub(super) forward: Vec<Stop>,
    pub(super) history: Vec<String>,
    pub(super) notice: Option<String>,
    pub(super) connection: String,
    /// Anyone in between could answer as the server.
    pub(super) insecure: bool,
    pub(super) progress: BTreeMap<Kind, Progress>,
    pub(super) contexts: Vec<Name>,
    pub(super) mouse: Mouse,
    pub(super) now: Option<Timestamp>,
    /// Kept text of the last copy, since a clipboard cannot answer.
    pub(super) register: String,
    /// What was put to the server: nothing is asked twice.
    pub(super) asking: BTreeSet<Review>,
    /// Changes that the lists have not taken in yet: that waits for the next key or frame, so a burst is one sorting.
    pub(super) pending: Vec<Change>,
    pub(super) stale_lists: bool,
    pub(super) stale_answers: bool,
}

/// How soon a job is to be begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Haste {
    /// Nothing can be shown without it.
    Now,
    /// What is shown is only as of before.
    WhenRested,
}

/// More changes than this are not taken in one by one: the lists are read anew.
const MANY: usize = 4_096;
/// How many places one can go back.
const STOPS: usize = 100;

impl App {
    /// The screen over this cluster.
    pub fn new(setup: Setup, cluster: Cluster) -> Self {
        let scope = Scope { namespaces: setup.namespaces.clone(), ..Scope::default() };
        let mut app = Self {
            world: World::of(cluster, setup.settings.clone(), setup.check).with_people(setup.people.clone()),
            setup,
            size: Rect::new(0, 0, 80, 24),
            behind: None,
            panes: panes::empty(),
            scope,
            pane: 0,
            side: Side::Pane,
            share: Share::Normal,
            shown: Shown::Explain,
            tab: 0,
            shift: 0,
            explain: Reader::default(),
            explained: None,
            reader: Reader::default(),
            asked: None,
            yaml: super::viewer::Viewer::default(),
            matrix: Matrix::default(),
            reaching: Reaching::default(),
            jobs: Jobs::default(),
            abilities: Abilities::default(),
            acting: None,
            tracing: Tracing::default(),
            fetched: None,
            picker: None,
            typing: None,
            search: String::new(),
            back: Vec::new(),
            forward: Vec::new(),
            history: Vec::new(),
            notice: None,
            connection: String::new(),
            insecure: false,
            progress: BTreeMap::new(),
            contexts: Vec::new(),
            mouse: Mouse::Terminal,
            now: None,
            register: String::new(),
            asking: BTreeSet::new(),
            pending: Vec::new(),
            stale_lists: true,
            stale_answers: true,
        };
        app.settle();
        app
    }

    /// Opens what answers a question, before anything else is on the screen.
    ///
    /// What it puts to a server is asked once there is a connection.
    pub fn ask(&mut self, line: &Line) {
        self.prepare();
        if let Err(fault) = questions::open(self, line) {
            self.say(fault.whole());
        }
        self.asking.clear();
        self.settle();
    }

    /// Takes one event in, however long that takes, and says what is to be done.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        self.update_within(event, &mut || true)
    }

    /// The same, but what can wait is begun as far as the pace says; [`App::work`] goes on with it.
    pub fn update_within(&mut self, event: Event, pace: Pace<'_>) -> Vec<Effect> {
        if let Event::Deltas(deltas) = event {
            self.learn(deltas);
            return Vec::new();
        }
        self.prepare();
        let effects = self.take(event);
        self.settle();
        self.work(pace);
        effects
    }

    /// Whether something that could wait is not done yet: [`App::work`] goes on with it.
    pub fn is_busy(&self) -> bool {
        self.panes.iter().any(|it| it.list.is_sifting())
    }

    /// Goes on with what could wait, as long as the pace says.
    pub fn work(&mut self, pace: Pace<'_>) {
        if self.is_busy() && self.sift(pace) {
            self.selection_moved();
            self.settle();
        }
    }

    /// Goes on with the filters that are being applied; whether that is done.
    fn sift(&mut self, pace: Pace<'_>) -> bool {
        let view = View { world: &self.world, scope: &self.scope, acting: self.acting.as_ref() };
        self.panes.iter_mut().all(|it| it.list.sift(view, pace))
    }

    /// What the shown answer wants to be worked out beside the loop.
    fn wanted(&self) -> Option<Wanted> {
        self.shown.view().wanted(self).map(|what| Wanted { what, revision: self.world.revision() })
    }

    /// Whether a job is to be begun, and whether nothing can be shown without it.
    pub fn wants_job(&self) -> Option<Haste> {
        self.wanted().filter(|it| self.jobs.lacks(it))?;
        Some(if self.shown.view().has_something(self) { Haste::WhenRested } else { Haste::Now })
    }

    /// Begins that job: what it comes to is given back as an event.
    pub fn begin_job(&mut self) -> Option<Job> {
        let wanted = self.wanted().filter(|it| self.jobs.lacks(it))?;
        let work = match &wanted.what {
            What::Matrix => matrix::work(&self.world),
            What::Reach(as_of) => reaching::work(&self.world, (**as_of).clone()),
        };
        let job = self.jobs.begin(wanted, work);
        self.stale_answers = true;
        Some(job)
    }

    /// The number of the job that is waited for; any other is to be ended.
    pub fn running_job(&self) -> Option<u64> {
        self.jobs.running()
    }

    /// Ends what nobody looks at any more.
    pub(super) fn drop_jobs(&mut self) {
        if self.jobs.running().is_some() {
            let wanted = self.wanted().map(|it| it.what);
            self.jobs.keep(wanted.as_ref());
        }
    }

    /// Ends what could wait, for what rests on it.
    pub(super) fn finish_work(&mut self) {
        self.sift(&mut || true);
    }

    fn take(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) => return typing::press(self, key),
            Event::Paste(text) => return typing::paste(self, &text),
            Event::Mouse(mouse) => {
                self.finish_work();
                super::mouse::take(self, mouse);
            }
            Event::Resize(width, height) => self.size = Rect::new(0, 0, width, height),
            Event::Deltas(_) => {}
            Event::Object { id, object } => {
                self.fetched = Some(Fetched { id, object });
                self.stale_answers = true;
            }
            Event::Progress { kind, progress: Some(progress) } => {
                self.progress.insert(kind, progress);
            }
            Event::Progress { kind, progress: None } => {
                self.progress.remove(&kind);
            }
            Event::Tick(now) => self.now = Some(now),
            Event::Notice(words) => self.notice = Some(words),
            Event::Contexts(contexts) => self.contexts = contexts,
            Event::Insecure(insecure) => self.insecure = insecure,
            Event::Connection(words) => {
                self.stale_answers |= self.connection != words;
                self.connection = words;
            }
            Event::Served(served) => {
                self.behind.iter_mut().for_each(|(world, _)| world.served = served.clone());
                self.world.served = served;
                self.stale_answers = true;
            }
            Event::Version(version) => {
                self.behind.iter_mut().for_each(|(world, _)| world.version = version);
                self.world.version = version;
                self.stale_answers = true;
            }
            Event::Told { review, reply } => {
                self.behind.iter_mut().for_each(|(world, _)| world.hear(review.clone(), reply.clone()));
                self.stale_lists |= review == Review::Own;
                self.world.hear(review, reply);
                self.stale_answers = true;
                return asked::asks(self);
            }
            Event::Job { number, said } => self.hear(number, said),
            Event::Switched { context } => self.start_over(context),
        }
        Vec::new()
    }

    /// Takes in what is said of a job.
    fn hear(&mut self, number: u64, said: Said) {
        self.stale_answers = true;
        let Some(said) = self.jobs.hear(number, said) else { return };
        match said {
            Said::Matrix(counted) => self.matrix.take(counted),
            Said::Reach(answered) => self.reaching.take(answered),
            Said::Failed => self.notice = Some(event::FAILED.into()),
            Said::Progress(..) => {}
        }
    }

    fn learn(&mut self, deltas: Vec<crate::model::cluster::Delta>) {
        match &mut self.behind {
            Some((world, _)) => {
                world.apply(deltas);
            }
            None => {
                let changes = self.world.apply(deltas);
                self.stale_answers |= !changes.is_empty();
                self.pending.extend(changes);
                if self.pending.len() > MANY {
                    self.overflow();
                }
            }
        }
    }

    fn start_over(&mut self, context: Name) {
        self.setup.title = context;
        let world = World::unknown(self.setup.settings.clone(), self.setup.check);
        self.world = world.with_people(self.setup.people.clone());
        self.behind = None;
        self.progress.clear();
        self.connection.clear();
        self.insecure = false;
        self.scope = Scope::default();
        self.tracing = Tracing::default();
        self.matrix = Matrix::default();
        (self.reaching, self.jobs) = (Reaching::default(), self.jobs.ended());
        self.asked = None;
        self.shown = Shown::Explain;
        self.side = Side::Pane;
        self.back.clear();
        self.forward.clear();
        self.fetched = None;
        self.asking.clear();
        self.refill();
    }

    /// What cells and pages are made from.
    pub(super) fn view(&self) -> View<'_> {
        View { world: &self.world, scope: &self.scope, acting: self.acting.as_ref() }
    }

    /// Where things stand.
    pub(super) fn areas(&self) -> Areas {
        layout::areas(self.size, self.pane, (self.side, self.shown.view().holds()), self.share)
    }

    /// The object that the pane in front has selected.
    pub(super) fn selected(&self) -> Option<Item> {
        self.panes[self.pane].list.selected()
    }

    /// How large the screen is.
    pub fn size(&self) -> (u16, u16) {
        (self.size.width, self.size.height)
    }

    /// Reads all lists anew at the end of this event.
    pub(super) fn refill(&mut self) {
        self.stale_lists = true;
    }

    /// Answers what is on the screen anew at the end of this event.
    pub(super) fn reanswer(&mut self) {
        self.stale_answers = true;
    }

    /// Runs something on the pane in front.
    pub(super) fn with_pane<T>(&mut self, run: impl FnOnce(&mut dyn Pane, View<'_>) -> T) -> T {
        let view = View { world: &self.world, scope: &self.scope, acting: self.acting.as_ref() };
        run(&mut *self.panes[self.pane].list, view)
    }

    /// How fresh what is on the screen is.
    pub(super) fn freshness(&self) -> Freshness {
        status::freshness(&self.behind.as_ref().map_or(&self.world, |it| &it.0).cluster, self.setup.origin)
    }

    /// Whether something on the screen grows older, so that the loop must send the time.
    pub fn ages(&self) -> bool {
        matches!(self.freshness(), Freshness::Stale { .. }) || self.behind.is_some()
    }

    /// Where one is.
    pub(super) fn stop(&self) -> Stop {
        Stop {
            pane: self.pane,
            side: self.side,
            shown: self.shown.clone(),
            item: self.selected(),
            scope: self.scope.clone(),
        }
    }

    /// Remembers where one is, before going elsewhere.
    pub(super) fn leave(&mut self) {
        let here = self.stop();
        if self.back.last() != Some(&here) {
            self.back.push(here);
        }
        if self.back.len() > STOPS {
            self.back.remove(0);
        }
        self.forward.clear();
    }

    /// Goes to a remembered place.
    pub(super) fn go_to(&mut self, stop: Stop) {
        let refill = stop.scope != self.scope;
        (self.pane, self.side, self.shown, self.scope) = (stop.pane, stop.side, stop.shown, stop.scope);
        self.asked = None;
        if refill {
            let view = View { world: &self.world, scope: &self.scope, acting: self.acting.as_ref() };
            self.panes.iter_mut().for_each(|it| it.list.fill(view));
        }
        if let Some(item) = &stop.item {
            self.panes[self.pane].list.select(item);
        }
        self.stale_answers = true;
    }

    /// Opens an answer.
    pub(super) fn open(&mut self, shown: Shown) {
        self.leave();
        self.show(shown);
        self.side = Side::View;
    }

    /// Shows an answer beside the list.
    pub(super) fn show(&mut self, shown: Shown) {
        if self.shown != shown {
            self.reader.rewind();
            self.asked = None;
        }
        self.shown = shown;
        self.stale_answers = true;
    }

    /// Opens an object's YAML at a place of it.
    pub(super) fn open_yaml(&mut self, object: ObjectId, place: Place) -> Vec<Effect> {
        self.open(Shown::Yaml(YamlAt { object: object.clone(), place }));
        self.yaml.seek();
        if self.fetched.as_ref().is_none_or(|it| it.id != object) {
            self.fetched = None;
        }
        vec![Effect::Fetch(object)]
    }

    /// Narrows everything to other namespaces.
    pub(super) fn narrow(&mut self, namespaces: BTreeSet<Name>) {
        self.leave();
        self.scope.namespaces = namespaces;
        self.scope.pod = None;
        self.refill();
    }

    /// Filters the pane in front.
    pub(super) fn filter(&mut self, line: &str) {
        self.begin_filter(line);
        self.finish_work();
    }

    /// Begins to filter the pane in front; the rows that are shown stay until that is done.
    pub(super) fn begin_filter(&mut self, line: &str) {
        line.clone_into(&mut self.panes[self.pane].filter);
        let filter = Filter::parse(line);
        self.prepare_all(filter.has_columns());
        self.with_pane(|pane, _| pane.filter_by(filter));
    }

    /// Sorts the pane in front by a column; by the same one again: the other way.
    pub(super) fn sort(&mut self, column: usize) {
        self.prepare_all(true);
        self.with_pane(|pane, view| {
            let mut sort = pane.sort();
            let same = sort.column == Some(column);
            sort.run = if same { sort.run.inverted() } else { Run::Up };
            sort.column = Some(column);
            pane.sort_by(sort, view);
        });
    }

    /// Says something in the last row until the next key.
    pub(super) fn say(&mut self, words: impl Into<String>) {
        self.notice = Some(words.into());
    }

    /// The part of the program that keys go to.
    pub(super) fn place(&self) -> command::At {
        command::place(self)
    }
}
