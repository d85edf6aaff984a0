//! Something that stands beside an answer, with the place it speaks of.

use crate::model::id::ObjectId;
use crate::model::place::Place;

/// One clause, lower case without a period, and what it is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Note {
    pub object: Option<ObjectId>,
    pub place: Place,
    pub what: String,
}

impl Note {
    /// A note about a place in an object.
    pub fn at(object: ObjectId, place: Place, what: impl Into<String>) -> Self {
        Self { object: Some(object), place, what: what.into() }
    }

    /// A note about no object.
    pub fn new(what: impl Into<String>) -> Self {
        Self { object: None, place: Place::default(), what: what.into() }
    }
}
