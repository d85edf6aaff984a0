//! One move: from what is held to what that gives, and everything that it rests on.

use crate::model::cluster::Delta;
use crate::model::evidence::Outcome;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::net::verdict::{End, Port};
use crate::rbac::{Access, Grant, Identity, Request};

use super::edges::Edge;
use super::foothold::Foothold;

/// Whether a move surely does what it says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Certainty {
    Certain,
    Unsure,
}

impl Certainty {
    /// As JSON knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Unsure => "unsure",
        }
    }
}

/// One thing that a move rests on.
#[derive(Clone, PartialEq, Debug)]
pub enum Because {
    /// A request that the API server allows, by the first grant that says so.
    Allowed { identity: Box<Identity>, request: Box<Request>, grant: Option<Box<Grant>> },
    /// A member of `system:masters` may do everything.
    Masters(Subject),
    /// What somebody's rules amount to, in one clause.
    Holds { subject: Subject, what: Name },
    /// The state of an object, in one clause.
    State { object: ObjectId, what: Name },
    /// A connection that policies let pass.
    Connects { from: End, to: End, port: Option<Port> },
    /// What makes the move unsure, in one clause.
    Doubt { object: Option<ObjectId>, what: Name },
}

impl Because {
    /// Takes in the first grant that allows what is requested, and says whether it is allowed; what requests nothing
    /// holds.
    pub fn decide(&mut self, can: impl FnOnce(&Identity, &Request) -> Access) -> bool {
        let Because::Allowed { identity, request, grant } = self else { return true };
        let access = can(identity, request);
        let is_allowed = access.outcome() == Outcome::Allow;
        *grant = access.grants.into_iter().next().map(Box::new);
        is_allowed
    }
}

/// One move.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    pub edge: &'static Edge,
    pub from: Foothold,
    pub to: Foothold,
    pub certainty: Certainty,
    pub because: Vec<Because>,
    /// What must be held besides `from`.
    pub with: Vec<Foothold>,
    /// What is written to the cluster for it, in order.
    pub writes: Vec<Delta>,
}

impl Step {
    /// The move of an edge, certain and without writes.
    pub fn new(edge: &'static Edge, from: &Foothold, to: Foothold) -> Self {
        let (because, with, writes) = (Vec::new(), Vec::new(), Vec::new());
        Self { edge, from: from.clone(), to, certainty: Certainty::Certain, because, with, writes }
    }

    /// The same, resting on this too.
    pub fn because(mut self, reason: Because) -> Self {
        self.because.push(reason);
        self
    }

    /// The same, resting on all of these too.
    pub fn because_of(mut self, reasons: impl IntoIterator<Item = Because>) -> Self {
        self.because.extend(reasons);
        self
    }

    /// The same, of somebody who holds this besides.
    pub fn with(mut self, foothold: &Foothold) -> Self {
        if *foothold != self.from && !self.with.contains(foothold) {
            self.with.push(foothold.clone());
        }
        self
    }

    /// The same, which may be so and may be not, for this reason.
    pub fn unsure(mut self, object: Option<ObjectId>, what: impl Into<Name>) -> Self {
        self.certainty = Certainty::Unsure;
        self.because.push(Because::Doubt { object, what: what.into() });
        self
    }

    /// The same, with this written first.
    pub fn writing(mut self, delta: Delta) -> Self {
        self.writes.push(delta);
        self
    }
}
