//! The answer to any question, of one world.
//!
//! What a question rests on is read before ([`super::question::Reads`]); what was not read is a gap of the answer.

use super::escalation::ReachPath;
use super::many::Reach;
use super::matrix::Counted;
use super::question::about::Explanation;
use super::question::can::Allowed;
use super::question::list::Table;
use super::question::matrix::{Of, Sheet};
use super::question::permissions::Held;
use super::question::{Here, Question};
use super::reaches::Reaches;
use super::trace::Trace;
use super::{Fault, World, question};
use crate::escalate::Ground;
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
    /// What an end of the network reaches, or what reaches it.
    Reach(Reach),
    /// Whether a goal is reached, through RBAC, pods and the network.
    Path(ReachPath),
    /// Everything that is reached so, or everybody who reaches it.
    Reached(Reaches),
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
            Question::Reach(it) => return self.reach(it, here),
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

    fn reach(&self, asked: &question::reach::Reach, here: &Here) -> Result<Answer<'_>, Fault> {
        let (asker, namespace) = (self.asker(), &here.namespace);
        if asked.is_plain(namespace)? {
            if let Some(goal) = &asked.to {
                let (from, to, port) = asked.pair(goal, namespace)?;
                return Ok(Answer::Trace(asker.trace(&from, &to, &port)?));
            }
            let end = super::end::end(&asked.of, namespace)?;
            return Ok(Answer::Reach(asker.reach(&end, asked.direction(), asked.by.into())?));
        }
        let groups = asked.typed_groups();
        let ground = self.ground(&groups);
        let ground = Ground { version: asked.version()?.or(ground.version), ..ground };
        let ((from, to), hops, watch) = (asked.ends(), asked.max_hops, &mut |_, _| true);
        Ok(match to {
            Some(to) => Answer::Path(asker.reach_path(&ground, asker.reach_question(from, to, namespace)?, hops)),
            None if asked.reverse => Answer::Reached(asker.reached_by(&ground, from, namespace, hops, watch)?),
            None => Answer::Reached(asker.reaches(&ground, from, namespace, hops, watch)?),
        })
    }
}

impl Answer<'_> {
    /// The outcome of what is decided as a whole; lists have one for each row instead.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Answer::Trace(it) => Some(it.outcome()),
            Answer::Path(it) => Some(it.outcome),
            Answer::Can(it) => Some(it.access.outcome()),
            _ => None,
        }
    }
}
