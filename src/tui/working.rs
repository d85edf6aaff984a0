//! Answers that are pages and take longer than a key may wait: worked out beside the loop, and a few of them kept.
//!
//! ```text
//! b, :sidestep, :trust ──► Working ──a job──► Worked: a page, and what is said of it beside a verdict
//! a trace that is denied ──► the same job ──► "denied; 3 groups of subjects could open it"
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use super::answers;
use super::app::App;
use super::asked::AskedQuestion;
use super::job::{JobState, Said, What, Work};
use super::page::saying;
use crate::ask::{Answer, Here, QuestionLine, World};
use crate::text::{Mark, Page};

/// A question whose answer is worked out beside the loop.
#[derive(Clone, PartialEq, Debug)]
pub struct Working(pub AskedQuestion);

/// A question with how it is read.
#[derive(Clone, PartialEq, Debug)]
pub struct QuestionAsOf {
    line: QuestionLine,
    here: Here,
}

/// An answer, and of which state.
#[derive(Clone, PartialEq, Debug)]
pub struct Worked {
    as_of: QuestionAsOf,
    revision: u64,
    page: Page,
    /// What is said of it beside a verdict.
    brief: Option<String>,
}

/// The answers that are kept, the latest first.
#[derive(Clone, Debug, Default)]
pub struct KeptAnswers(VecDeque<Arc<Worked>>);

/// So many are kept.
const KEPT: usize = 8;

impl KeptAnswers {
    /// Takes an answer in.
    pub fn take(&mut self, worked: Arc<Worked>) {
        self.0.retain(|it| it.as_of != worked.as_of);
        self.0.push_front(worked);
        self.0.truncate(KEPT);
    }

    fn answer(&self, asked: &AskedQuestion) -> Option<&Worked> {
        self.0.iter().find(|it| it.as_of.line == asked.line && it.as_of.here == asked.here).map(|it| &**it)
    }
}

impl Working {
    /// What is to be worked out, if what is kept is not of now.
    pub fn wanted(&self, app: &App) -> Option<What> {
        if self.0.unready(app).is_some() {
            return None;
        }
        let revision = app.session.world.revision();
        let is_now = |it: &Worked| it.revision == revision;
        let as_of = QuestionAsOf { line: self.0.line.clone(), here: self.0.here.clone() };
        (!app.answers.working.answer(&self.0).is_some_and(is_now)).then(|| What::Page(Box::new(as_of)))
    }

    /// Whether something can be shown meanwhile.
    pub fn has(&self, app: &App) -> bool {
        app.answers.working.answer(&self.0).is_some()
    }

    /// What is said of the answer beside a verdict, once it is known.
    pub fn brief(&self, app: &App) -> Option<String> {
        app.answers.working.answer(&self.0)?.brief.clone()
    }

    /// The answer as far as it is known.
    pub fn page(&self, app: &App) -> Page {
        if let Some(page) = self.0.unready(app) {
            return page;
        }
        match (app.answers.working.answer(&self.0), app.answers.jobs.state()) {
            (Some(worked), _) => worked.page.clone(),
            (_, JobState::Failed) => saying(Mark::Unknown, "this failed; a report was kept"),
            _ => saying(Mark::Plain, "computing; Esc leaves it"),
        }
    }
}

/// The work that answers a question about this world, on a copy of it.
pub fn work(world: &World, as_of: QuestionAsOf) -> Work {
    let world = world.clone();
    Box::new(move |watch| {
        let QuestionAsOf { line, here } = &as_of;
        let (page, brief) = match world.answer_watched(&line.question, here, watch) {
            Ok(answer) => (answers::bannered(&world.differences(), answer.page(&world)), brief(&answer)),
            Err(fault) => (answers::fault(&fault), None),
        };
        let revision = world.revision();
        Said::Page(Arc::new(Worked { as_of, revision, page, brief }))
    })
}

fn brief(answer: &Answer<'_>) -> Option<String> {
    match answer {
        Answer::Sidestep(it) => Some(it.count()),
        _ => None,
    }
}
