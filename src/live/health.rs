//! What the loop is told: what changed, and how each kind fares.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::cluster::Delta;
use crate::model::coverage::Scope;
use crate::model::id::Kind;

/// What has come in since the last time, in order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Batch {
    pub deltas: Vec<Delta>,
    /// At most one of each kind and scope: the newest.
    pub health: Vec<Health>,
    /// Sentences for the user, escaped: `the cluster's history was rewound`.
    pub notices: Vec<String>,
}

impl Batch {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.deltas.is_empty() && self.health.is_empty() && self.notices.is_empty()
    }
}

/// How the following of one kind in one scope fares; coverage is told apart, by [`Delta::Covered`].
#[derive(Clone, PartialEq, Debug)]
pub struct Health {
    pub kind: Kind,
    pub scope: Scope,
    pub condition: Condition,
}

/// One state of following.
#[derive(Clone, PartialEq, Debug)]
pub enum Condition {
    /// A first request waits for its turn or its answer.
    Connecting,
    /// A list comes in; `remaining` where the server says how much is left.
    Listing { read: usize, remaining: Option<u64> },
    /// Listed and watched.
    Following,
    /// Listed, and may not be watched: listed again each minute.
    ListedAlone,
    /// It failed; the next attempt is number `attempt`, at `at`.
    Retrying { attempt: u32, at: Timestamp, wait: Duration, why: String, throttled: Throttled },
    /// We may not list it; asked again every minute.
    Forbidden { why: String },
    /// The API has no such kind.
    NotServed,
}

/// Whether it was the server that asked us to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Throttled {
    ByServer,
    No,
}
