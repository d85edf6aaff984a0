//! The answer to any question, of one world: the one way to it for commands and screen.
//!
//! ```text
//! World::answer(&Question) ──► Answer ──page──► lines: what a command prints as text, what the screen shows
//!                                     ──outcome──► the exit code
//! ```
//!
//! What a question rests on is read before ([`super::question::Reads`]); what was not read is a gap of the answer.

use super::choke::Choked;
use super::compared::ComparedSubjects;
use super::escalation::Watch;
use super::fix::FixAnswer;
use super::question::about::Explanation;
use super::question::can::Allowed;
use super::question::list::FilteredTable;
use super::question::map::Mapped;
use super::question::matrix::{AccessSheet, MatrixOf, NamespacePairs};
use super::question::permissions::HeldPermissions;
use super::question::who_can::Holders;
use super::question::{Here, Question, reach};
use super::sidestep::SidestepAnswer;
use super::trace::TraceAnswer;
use super::trust::TrustAnswer;
use super::{Fault, World, trust};
use crate::model::evidence::Outcome;
use crate::model::id::ObjectId;
use crate::rbac::touch::Touched;
use crate::text::{self, Page};

/// What was asked, answered.
pub enum Answer<'a> {
    Trace(TraceAnswer),
    Map(Mapped),
    Reach(Box<reach::ReachAnswer>),
    Choke(Choked),
    Fix(FixAnswer),
    Sidestep(SidestepAnswer),
    /// Of this policy; `None`: it cannot be read.
    Trust(ObjectId, Option<TrustAnswer>),
    Can(Allowed),
    WhoCan(Holders<'a>),
    Permissions(HeldPermissions<'a>),
    /// What only one of two subjects holds.
    Compared(ComparedSubjects),
    Explanation(Explanation),
    Touched(Touched),
    Namespaces(NamespacePairs),
    Access(AccessSheet),
    List(FilteredTable),
}

impl World {
    /// Answers a question.
    ///
    /// # Errors
    /// It cannot be asked: an end that is none, an object that is proven not to be there.
    pub fn answer(&self, question: &Question, here: &Here) -> Result<Answer<'_>, Fault> {
        self.answer_watched(question, here, &mut |_, _| true)
    }

    /// The same; who watches it is told how far it is where that is known, and may end it: what was found by then is
    /// no answer.
    ///
    /// # Errors
    /// As those of [`World::answer`].
    pub fn answer_watched(&self, question: &Question, here: &Here, watch: Watch<'_>) -> Result<Answer<'_>, Fault> {
        Ok(match question {
            Question::Trace(it) => Answer::Trace(it.answer(here, self)?),
            Question::Map(it) => Answer::Map(it.answer(here, self)),
            Question::Reach(it) => Answer::Reach(Box::new(it.answer(here, self, watch)?)),
            Question::Choke(it) => Answer::Choke(it.answer(here, self, watch)?),
            Question::Fix(it) => Answer::Fix(it.answer(here, self)?),
            Question::Sidestep(it) => Answer::Sidestep(it.answer(here, self, watch)?),
            Question::Trust(it) => {
                let (id, found) = it.answer(here, self)?;
                Answer::Trust(id, found)
            }
            Question::Can(it) => Answer::Can(it.answer(here, self)?),
            Question::WhoCan(it) => Answer::WhoCan(it.answer(here, self)),
            Question::Permissions(it) => match it.compared(here, self)? {
                Some(compared) => Answer::Compared(compared),
                None => Answer::Permissions(it.answer(here, self)?),
            },
            Question::Explain(it) => Answer::Explanation(it.answer(here, self)?),
            Question::Touch(it) => Answer::Touched(it.answer(here, self)?),
            Question::Matrix(it) if it.of == MatrixOf::Access => Answer::Access(it.access(here, self)),
            Question::Matrix(it) => Answer::Namespaces(it.namespaces(here, self)),
            Question::List(it) => Answer::List(it.answer(here, self)),
        })
    }
}

impl Answer<'_> {
    /// The answer in words, of the world that gave it.
    pub fn page(&self, world: &World) -> Page {
        match self {
            Answer::Trace(it) => it.page(),
            Answer::Map(it) => it.page(world),
            Answer::Reach(it) => it.page(world),
            Answer::Choke(it) => it.page(),
            Answer::Fix(it) => it.page(),
            Answer::Sidestep(it) => it.page(),
            Answer::Trust(_, Some(it)) => it.page(world.rbac()),
            Answer::Trust(id, None) => trust::unread(id),
            Answer::Can(it) => it.page(world),
            Answer::WhoCan(it) => it.page(world),
            Answer::Permissions(it) => it.page(world),
            Answer::Compared(it) => it.page(),
            Answer::Explanation(it) => it.page(),
            Answer::Touched(it) => text::rbac::touch(it, world.people.as_deref()),
            Answer::Namespaces(it) => it.page(),
            Answer::Access(it) => it.page(),
            Answer::List(it) => it.page(),
        }
    }

    /// The outcome of what is decided as a whole, which is how a command ends; lists have one for each row instead.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Answer::Trace(it) => Some(it.outcome()),
            Answer::Reach(it) => it.outcome(),
            Answer::Choke(it) => Some(it.outcome()),
            Answer::Fix(it) => Some(it.outcome()),
            Answer::Sidestep(it) => Some(it.outcome()),
            Answer::Trust(_, None) => Some(Outcome::Unknown),
            Answer::Can(it) => Some(it.access.outcome()),
            Answer::WhoCan(it) => Some(it.outcome()),
            Answer::Compared(it) => Some(it.outcome()),
            Answer::Map(_)
            | Answer::Permissions(_)
            | Answer::Trust(_, Some(_))
            | Answer::Explanation(_)
            | Answer::Touched(_)
            | Answer::Namespaces(_)
            | Answer::Access(_)
            | Answer::List(_) => None,
        }
    }
}
