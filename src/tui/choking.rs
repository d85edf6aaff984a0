//! The fewest grants to cut so that nobody comes to a goal, worked out beside the loop.
//!
//! ```text
//! X, :choke ──► ChokeAsked ──a job, on a copy of the cluster──► Cutting ──► a page; f proposes the cut
//! ```

use std::sync::Arc;

use super::answers;
use super::app::{App, Shown};
use super::asked::{self, AskedQuestion};
use super::event::Effect;
use super::job::{JobState, Said, What, Work};
use super::page::saying;
use super::{grants, questions};
use crate::ask::escalation::Watch;
use crate::ask::question::access::Groups;
use crate::ask::question::choke::Choke;
use crate::ask::reaches::ReachWay;
use crate::ask::{Answer, Fault, Here, Question, QuestionLine, World};
use crate::rbac::review::Review;
use crate::text::{About, Mark, Page};

/// A question about choke points.
#[derive(Clone, PartialEq, Debug)]
pub struct ChokeAsked(pub AskedQuestion);

/// A question with all that its answer rests on besides the cluster.
#[derive(Clone, PartialEq, Debug)]
pub struct ChokeAsOf {
    line: QuestionLine,
    here: Here,
    /// Whether the server has said who the operator is.
    is_told: bool,
}

/// What a job came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Cutting {
    as_of: ChokeAsOf,
    revision: u64,
    found: Result<Page, Fault>,
}

/// The answer to the question that was asked last.
#[derive(Clone, Debug, Default)]
pub struct Choking {
    last: Option<Arc<Cutting>>,
}

impl Choking {
    /// Takes in what a job came to.
    pub fn take(&mut self, cutting: Arc<Cutting>) {
        self.last = Some(cutting);
    }

    fn answer(&self, line: &QuestionLine) -> Option<&Cutting> {
        self.last.as_deref().filter(|it| it.as_of.line == *line)
    }
}

impl ChokeAsked {
    fn as_of(&self, app: &App) -> ChokeAsOf {
        let AskedQuestion { line, here, .. } = &self.0;
        ChokeAsOf { line: line.clone(), here: here.clone(), is_told: app.session.world.told.has(&Review::Own) }
    }

    /// What is to be worked out, if what is kept is not of now.
    pub fn wanted(&self, app: &App) -> Option<What> {
        if self.0.unready(app).is_some() {
            return None;
        }
        let (as_of, revision) = (self.as_of(app), app.session.world.revision());
        let is_now = |it: &Cutting| it.as_of == as_of && it.revision == revision;
        (!app.answers.choking.answer(&self.0.line).is_some_and(is_now)).then(|| What::Choke(Box::new(as_of)))
    }

    /// Whether something can be shown meanwhile.
    pub fn has(&self, app: &App) -> bool {
        app.answers.choking.answer(&self.0.line).is_some()
    }

    /// The answer as far as it is known.
    pub fn page(&self, app: &App) -> Page {
        if let Some(page) = self.0.unready(app) {
            return page;
        }
        match (app.answers.choking.answer(&self.0.line).map(|it| &it.found), app.answers.jobs.state()) {
            (Some(Ok(page)), _) => page.clone(),
            (Some(Err(fault)), _) => answers::fault(fault),
            (None, JobState::Failed) => saying(Mark::Unknown, "this failed; a report was kept"),
            (None, _) => saying(Mark::Plain, "computing; Esc leaves it"),
        }
    }
}

/// The work that answers a question about this world, on a copy of it.
pub fn work(world: &World, as_of: ChokeAsOf) -> Work {
    let world = world.clone();
    Box::new(move |watch| {
        let found = found(&world, &as_of, watch);
        Said::Choke(Arc::new(Cutting { revision: world.revision(), as_of, found }))
    })
}

fn found(world: &World, as_of: &ChokeAsOf, watch: Watch<'_>) -> Result<Page, Fault> {
    match world.answer_watched(&as_of.line.question, &as_of.here, watch)? {
        Answer::Choke(it) => Ok(it.page()),
        _ => Err(Fault::new("this is no question about choke points", "")),
    }
}

/// Opens a question.
pub fn open(app: &mut App, line: QuestionLine, here: Here) -> Vec<Effect> {
    let asked = ChokeAsked(AskedQuestion { line, here, notes: Vec::new() });
    app.open(Shown::Choke(Box::new(asked)));
    asked::asks(app)
}

/// What is asked where one is: the way under the cursor, or the one that is shown; of rows of who comes to something
/// the ways of all.
fn meant(app: &App) -> Option<Choke> {
    let Shown::Reach(asked) = &app.focus.shown else { return None };
    let of = |from: &str, to: &str| Choke { goal: to.to_owned(), of: Some(from.to_owned()), ..Choke::default() };
    let choke = match (&asked.to, grants::about(app), asked.way) {
        (Some(to), ..) => of(&asked.of.to_string(), &to.to_string()),
        (None, Some(About::Way { from, to }), ReachWay::From) => of(from, to),
        (None, _, ReachWay::To) => Choke { goal: asked.of.to_string(), ..Choke::default() },
        _ => return None,
    };
    // Who comes there were asked about without groups; somebody is in those that were given.
    let groups = asked.groups.iter().filter(|_| choke.of.is_some()).map(ToString::to_string).collect();
    Some(Choke { groups: Groups { groups }, server_version: asked.version.map(|it| it.to_string()), ..choke })
}

/// Why there is nothing to cut here.
pub fn nothing(app: &App) -> Option<&'static str> {
    meant(app).is_none().then_some("open a way, or who can come to something (w), or type :choke GOAL")
}

/// Asks which grants end the way, or all ways.
pub fn choke(app: &mut App) -> Vec<Effect> {
    let Some(choke) = meant(app) else { return Vec::new() };
    let line = QuestionLine::of(Question::Choke(choke));
    let here = questions::here(app, &line);
    open(app, line, here)
}

/// Of whom (nothing: of everybody), and to what, the ways are to end.
pub fn ways(asked: &ChokeAsked) -> Option<(Option<&str>, &str)> {
    match &asked.0.line.question {
        Question::Choke(it) => Some((it.of.as_deref(), &it.goal)),
        _ => None,
    }
}
