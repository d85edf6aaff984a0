//! How events change the state of the screen.

use super::app::App;
use super::applying::{self, Applying};
use super::asked;
use super::event::{self, Effect, Event, Then};
use super::finding;
use super::job::Said;
use super::list::HasTime;
use super::proposing;
use super::staging::{self, Staging};
use super::state::{Answers, FetchedObject, Focus, Session, Shown};
use super::{typing, what_if};
use crate::ask::World;
use crate::model::name::Name;
use crate::rbac::review::Review;
use ratatui::layout::Rect;

/// More changes than this are not taken in one by one: the lists are read anew.
const MANY: usize = 4_096;

impl App {
    /// Takes one event in, however long that takes, and says what is to be done.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        self.update_within(event, &mut || true)
    }

    /// The same, but what can wait is begun as far as the pace says; [`App::work`] goes on with it.
    pub fn update_within(&mut self, event: Event, pace: HasTime<'_>) -> Vec<Effect> {
        if let Event::Deltas(deltas) = event {
            let staged = self.staging.concerned(&deltas);
            self.answers.proposing.forget(&deltas);
            self.learn(deltas);
            // What was loading may be there by now, so that the server can be asked for the rest.
            let is_asked = matches!(self.focus.shown, Shown::Asked(_));
            let asks = if is_asked { asked::asks(self) } else { Vec::new() };
            let compare = (!staged.is_empty()).then_some(Effect::Compare(staged));
            return asks.into_iter().chain(compare).collect();
        }
        self.prepare();
        let effects = self.take(event);
        self.settle();
        self.work(pace);
        effects
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
                self.session.fetched = Some(FetchedObject { id, object });
                self.session.stale_answers = true;
            }
            Event::Progress { kind, progress: Some(progress) } => {
                self.session.progress.insert(kind, progress);
            }
            Event::Progress { kind, progress: None } => {
                self.session.progress.remove(&kind);
            }
            Event::Tick(now) => self.session.now = Some(now),
            Event::Notice(words) => self.input.notice = Some(words),
            Event::Failed(fault) => self.input.notice = Some(fault.whole()),
            Event::Contexts(contexts) => self.session.contexts = contexts,
            Event::Insecure(insecure) => self.session.insecure = insecure,
            Event::Connection(words) => {
                self.session.stale_answers |= self.session.connection != words;
                self.session.connection = words;
            }
            Event::Served(served) => {
                self.worlds().for_each(|it| it.served = served.clone());
                self.session.stale_answers = true;
            }
            Event::Version(version) => {
                self.worlds().for_each(|it| it.version = version);
                self.session.stale_answers = true;
            }
            Event::Told { review, reply } => {
                self.session.stale_lists |= review == Review::Own;
                self.worlds().filter(|it| !it.is_staged()).for_each(|it| it.hear(review.clone(), reply.clone()));
                // What is shown is made from what was heard of the cluster as it is.
                what_if::follow(self);
                self.session.stale_answers = true;
                return asked::asks(self);
            }
            Event::Job { number, said } => return self.hear(number, said).into_iter().collect(),
            Event::StageKept(kept) => return staging::recall(self, kept),
            Event::Staged { items, then } => {
                let effects = staging::take(self, items);
                if then == Then::WhatIf {
                    what_if::enter(self);
                }
                return effects;
            }
            Event::Wholes { line, held } => proposing::held(self, &line, held),
            Event::Declared { number, reading } => {
                self.answers.declaring.hear(number, reading);
                self.session.stale_answers = true;
            }
            Event::Compared { id, object } => return staging::compared(self, &id, object),
            Event::Edited { id, fetched, before, after } => return staging::edited(self, &id, fetched, &before, after),
            Event::Tried { number, attempt } => applying::tried(self, number, attempt),
            Event::Making(record) => applying::making(self, record),
            Event::Applied(came) => return applying::applied(self, came),
            Event::Writing { writes, production } => {
                (self.session.writes, self.session.production) = (writes, production);
            }
            Event::Switched { context } => self.start_over(context),
        }
        Vec::new()
    }

    /// Takes in what is said of a job.
    fn hear(&mut self, number: u64, said: Said) -> Option<Effect> {
        self.session.stale_answers = true;
        let said = self.answers.jobs.hear(number, said)?;
        if said == Said::Failed {
            self.input.notice = Some(event::FAILED.into());
        }
        match said {
            Said::Weighed(reading) => applying::weighed(self, reading),
            Said::Arrived(arrival) => self.applying.arrived(arrival),
            Said::Findings(found) => finding::take(self, found),
            said => return said.keep(&mut self.answers),
        }
        None
    }

    /// Every state of the cluster that is held: behind the picture, as it is, and as it is shown.
    fn worlds(&mut self) -> impl Iterator<Item = &mut World> {
        let behind = self.session.behind.iter_mut().map(|it| &mut it.0);
        let base = self.session.what_if.iter_mut().map(|it| &mut it.world);
        behind.chain(base).chain([&mut self.session.world])
    }

    fn learn(&mut self, deltas: Vec<crate::model::cluster::Delta>) {
        match &mut self.session.behind {
            Some((world, _)) => {
                world.apply(deltas);
            }
            None => {
                let changes = what_if::learn(self, deltas);
                self.session.stale_answers |= !changes.is_empty();
                self.session.pending.extend(changes);
                if self.session.pending.len() > MANY {
                    self.overflow();
                }
            }
        }
    }

    fn start_over(&mut self, context: Name) {
        self.setup.title = context;
        let world = World::unknown(self.setup.settings.clone(), self.setup.check);
        let session = Session::of(world.with_people(self.setup.people.clone()));
        let contexts = std::mem::take(&mut self.session.contexts);
        let (acting, now) = (self.session.acting.take(), self.session.now);
        self.session = Session { contexts, acting, now, ..session };
        let (pane, share) = (self.focus.pane, self.focus.share);
        self.focus = Focus { pane, share, ..Focus::default() };
        let (jobs, declaring) = (self.answers.jobs.ended(), self.answers.declaring.ended());
        self.answers = Answers { jobs, declaring, ..Answers::default() };
        self.staging = Staging::default();
        self.applying = Applying::default();
        self.refill();
    }
}
