//! What every answer is made of: an outcome that is computed from reasons, and the gaps that make it unknown.

use std::fmt;

use super::coverage::Coverage;
use super::id::{Kind, ObjectId};
use super::name::Name;
use super::place::Place;

/// The three outcomes; there is no yes or no without evidence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    Allow,
    Unknown,
    Deny,
}

impl Outcome {
    /// As JSON and scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Allow => "allow",
            Outcome::Unknown => "unknown",
            Outcome::Deny => "deny",
        }
    }

    /// Of a set: deny beats unknown beats allow (DESIGN §2).
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Something we do not know or do not model, and that could change the answer beside which it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Gap {
    /// A kind is not fully known there; an empty namespace means cluster-wide.
    Uncovered { kind: Kind, namespace: Name, coverage: Coverage },
    /// An object exists and could not be read.
    Unreadable(ObjectId),
    /// A part of a policy was not understood.
    Policy { policy: ObjectId, place: Place, what: Name },
    /// A policy of a kind that is not evaluated.
    NotEvaluated(ObjectId),
    /// The API leaves it undefined and its readings differ; the rule's id (`S37`) and one clause.
    Undefined { rule: &'static str, what: Name },
    /// The end is not in a state to be asked about: one clause (`the pod has finished`).
    End { what: Name },
    /// Another authorizer than RBAC could grant it: which one, in one clause, and the object that bears its mark.
    Authorizer { what: Name, seen: Option<ObjectId> },
}
