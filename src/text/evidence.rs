//! One reason of an answer: which way it bears, on what object and place it rests, and what it says.
//!
//! Both the lines on the screen and the `evidence` of JSON are made of these, so neither can say what the other
//! does not.

use crate::model::evidence::Gap;
use crate::model::id::ObjectId;
use crate::model::place::Place;
use crate::model::policy::Direction;

use super::{Line, Mark, words};

/// One reason.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Evidence {
    /// The gate that it speaks of; `None`: of the whole answer.
    pub gate: Option<Direction>,
    pub mark: Mark,
    /// How deep it stands below the reason that it explains.
    pub depth: u8,
    pub object: Option<ObjectId>,
    pub place: Place,
    /// One clause, lower case without a period.
    pub what: String,
    /// The rule that it comes from, as the docs number it; empty: none.
    pub rule: &'static str,
}

impl Evidence {
    /// A reason that names no object.
    pub fn new(mark: Mark, what: impl Into<String>) -> Self {
        Self { gate: None, mark, depth: 0, object: None, place: Place::default(), what: what.into(), rule: "" }
    }

    /// A reason that stands at a place in an object.
    pub fn at(mark: Mark, object: ObjectId, place: Place, what: impl Into<String>) -> Self {
        Self { object: Some(object), place, ..Self::new(mark, what) }
    }

    /// Something that bends no answer but should be known.
    pub fn note(object: ObjectId, place: Place, what: impl Into<String>) -> Self {
        Self::at(Mark::Note, object, place, what)
    }

    /// What we do not know, and how to settle it.
    pub fn gap(gap: &Gap) -> Self {
        let (object, place) = words::gap_place(gap);
        Self { object, place, ..Self::new(Mark::Unknown, words::gap(gap)) }
    }

    /// The same, of this gate.
    pub fn of_gate(mut self, direction: Direction) -> Self {
        self.gate = Some(direction);
        self
    }

    /// The same, by this rule.
    pub fn by_rule(self, rule: &'static str) -> Self {
        Self { rule, ..self }
    }

    /// The same, deeper.
    pub fn below(mut self, depth: u8) -> Self {
        self.depth += depth;
        self
    }

    /// As a line: `networkpolicy/shop/db spec.ingress[0]: allows it`.
    pub fn line(&self, indent: u8) -> Line {
        let place = if self.place.0.is_empty() { String::new() } else { format!(" {}", self.place) };
        // A gate's headline names its end itself.
        let is_headline = self.gate.is_some() && self.depth == 0;
        let text = match self.object.as_ref().filter(|_| !is_headline) {
            Some(object) => format!("{object}{place}: {}", self.what),
            None => self.what.clone(),
        };
        let line = Line::new(indent + self.depth, self.mark, text).by_rule(self.rule);
        match &self.object {
            Some(object) => line.linked(object, &self.place),
            None => line,
        }
    }
}
