//! The policy kinds that are not evaluated yet: objects of them, or not being told of them, make answers unknown.
//!
//! CONTRACT §3. The table of kinds says which they are, and what each can do.

use crate::kinds::{self, Decides};
use crate::model::id::Kind;
use crate::model::policy::{GapEffect, Tier};

/// One such kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct UnevaluatedKind {
    pub kind: Kind,
    pub is_namespaced: bool,
    /// The tier that effect as much as an object of this kind can.
    pub tier: Tier,
    /// What an object of it can do.
    pub effect: GapEffect,
}

impl UnevaluatedKind {
    /// Whether its objects of this namespace may be about pods of every namespace.
    pub fn is_about_all(self, namespace: &str) -> bool {
        kinds::root(self.kind).is_some_and(|it| it == namespace)
    }
}

/// All of them whose objects can change an answer.
pub(super) fn kinds() -> impl Iterator<Item = UnevaluatedKind> {
    kinds::policies().filter_map(|it| match it.decides? {
        Decides::Unknown(tier, effect) => {
            Some(UnevaluatedKind { kind: it.kind, is_namespaced: it.is_namespaced(), tier, effect })
        }
        Decides::Rules(_) | Decides::Nothing => None,
    })
}

/// The row of a kind.
pub(super) fn find(kind: Kind) -> Option<UnevaluatedKind> {
    kinds().find(|it| it.kind == kind)
}
