//! What a question has to read from a live cluster before it can be answered; nothing else is fetched or claimed.
//!
//! A one-shot command asks in rounds, since what it reads tells what it needs next (a Service names its backends):
//!
//! ```text
//! needs(cluster so far, what was asked) ─► reads ─► live fetches them, notes their coverage ─► again, until empty
//! ```
//!
//! Nothing here fetches; `live` does, and knows which kinds a cluster serves.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::coverage::Scope;
use crate::model::id::{Kind, ObjectId};

/// One thing to fetch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Read {
    /// One object by name. Found: it is put. Absent: nothing. Refused: its kind is forbidden in its namespace.
    One(ObjectId),
    /// Every object of a kind in a scope; afterwards that scope of the kind is covered, or forbidden.
    All { kind: Kind, scope: Scope },
    /// Every policy that can govern pods of this scope: NetworkPolicies there, and of the other policy kinds that
    /// the cluster serves the namespaced ones there and all cluster-wide ones. Kinds not served are covered so.
    Policies(Scope),
    /// The pods that hold this address (a field selector does it); afterwards `coverage.addresses` has it.
    PodsAt(IpAddr),
    /// Every other workload kind's metadata in a scope, so that pods are known by their Deployment.
    Owners(Scope),
}

/// What to fetch, each once, in an order that is the same every time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Needs(pub BTreeSet<Read>);

impl Needs {
    /// Whether there is nothing to fetch.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All objects of these kinds, everywhere.
    pub fn all_of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self(kinds.into_iter().map(|kind| Read::All { kind, scope: Scope::Everywhere }).collect())
    }

    /// What of this was not asked for before.
    pub fn except(mut self, asked: &Self) -> Self {
        self.0.retain(|it| !asked.0.contains(it));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_not_asked_again() {
        let all = Needs::all_of([Kind::POD, Kind::NODE]);
        assert_eq!(all.clone().except(&Needs::all_of([Kind::NODE])), Needs::all_of([Kind::POD]));
        assert!(all.clone().except(&all).is_empty());
    }
}
