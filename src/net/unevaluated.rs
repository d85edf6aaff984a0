//! The policy kinds that are not evaluated yet: objects of them, or not being told of them, make answers unknown.
//!
//! CONTRACT §3. They are the kinds that a cluster may lack: the table of kinds says which, and what each can do.

use crate::kinds::{self, Presence};
use crate::model::id::Kind;
use crate::model::policy::{Bends, Tier};

/// One such kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unevaluated {
    pub kind: Kind,
    pub is_namespaced: bool,
    /// What an object of it can do.
    pub bends: Bends,
}

impl Unevaluated {
    /// The tier that bends as much as an object of this kind can.
    pub fn tier(self) -> Tier {
        if self.kind == BASELINE { Tier::Baseline { priority: 0 } } else { Tier::Admin { priority: 0 } }
    }

    /// Whether its objects of this namespace may be about pods of every namespace.
    pub fn is_about_all(self, namespace: &str) -> bool {
        kinds::root(self.kind).is_some_and(|it| it == namespace)
    }
}

/// The one whose every object decides only where no NetworkPolicy isolates.
const BASELINE: Kind = Kind("baselineadminnetworkpolicy");

/// All of them whose objects can change an answer.
pub(super) fn kinds() -> impl Iterator<Item = Unevaluated> {
    let rows = kinds::KINDS.iter().filter(|it| it.presence == Presence::IfServed);
    rows.filter_map(|it| {
        Some(Unevaluated { kind: it.kind, is_namespaced: it.is_namespaced(), bends: kinds::bends(it.kind)? })
    })
}

/// The row of a kind.
pub(super) fn find(kind: Kind) -> Option<Unevaluated> {
    kinds().find(|it| it.kind == kind)
}
