//! The answer to any question, of one world.
//!
//! What a question rests on is read before ([`super::question::Reads`]); what was not read is a gap of the answer.

use super::matrix::Counted;
use super::question::about::Explanation;
use super::question::can::Allowed;
use super::question::list::Table;
use super::question::matrix::{Of, Sheet};
use super::question::permissions::Held;
use super::question::{Here, Question, reach};
use super::trace::Trace;
use super::{Fault, World};
use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::net::reach::Map;
use crate::rbac::fold::Folded;
use crate::rbac::touch::Touched;
use crate::rbac::who::WhoCan;

/// What was asked, answered.
pub enum Answer<'a> {
    Trace(Trace),
    Map(Map),
    Reach(Box<reach::Answer>),
    Can(Allowed),
    WhoCan(WhoCan<'a>),
    Permissions(Held<'a>),
    /// What each of two subjects holds.
    Both(Held<'a>, Folded),
    Explanation(Explanation),
    Touched(Touched),
    Namespaces(Vec<Name>, Counted),
    Access(Sheet),
    List(Table),
}

impl World {
    /// Answers a question.
    ///
    /// # Errors
    /// It cannot be asked: an end that is none, an object that is proven not to be there.
    pub fn answer(&self, question: &Question, here: &Here) -> Result<Answer<'_>, Fault> {
        Ok(match question {
            Question::Trace(it) => Answer::Trace(it.answer(here, self)?),
            Question::Map(it) => Answer::Map(self.asker().map(it.by.into(), here.only.as_ref())),
            Question::Reach(it) => Answer::Reach(Box::new(it.answer(here, self)?)),
            Question::Can(it) => Answer::Can(it.answer(here, self)?),
            Question::WhoCan(it) => Answer::WhoCan(it.answer(here, self)),
            Question::Permissions(it) => {
                let held = it.answer(here, self)?;
                match it.other(here, self)? {
                    Some(other) => Answer::Both(held, other),
                    None => Answer::Permissions(held),
                }
            }
            Question::Explain(it) => Answer::Explanation(it.answer(here, self)?),
            Question::Touch(it) => Answer::Touched(it.answer(here, self)?),
            Question::Matrix(it) if it.of == Of::Access => Answer::Access(it.access(here, self)),
            Question::Matrix(it) => {
                let (names, counted) = it.namespaces(here, self);
                Answer::Namespaces(names, counted)
            }
            Question::Namespaces(it) => Answer::List(it.namespaces(here, self)),
            Question::Pods(it) => Answer::List(it.pods(here, self)),
            Question::Policies(it) => Answer::List(it.policies(here, self)),
            Question::Subjects(it) => Answer::List(it.subjects(here, self)),
        })
    }
}

impl Answer<'_> {
    /// The outcome of what is decided as a whole; lists have one for each row instead.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Answer::Trace(it) => Some(it.outcome()),
            Answer::Reach(it) => it.outcome(),
            Answer::Can(it) => Some(it.access.outcome()),
            _ => None,
        }
    }
}
