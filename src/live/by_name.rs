//! The few namespaces that one may read by name where all of them may not be listed.
//!
//! Nothing watches them, so that each has an age of its own: it is read again each minute, and is as of then. A 403
//! makes it forbidden, any other failure leaves it as old as it is; only the server's own "not found" is absence.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::fault::LiveFault;
use super::health::{Batch, Condition, Health, Throttled};
use super::identity::read_namespace;
use super::pace::{LONGEST, Pace, RefusalBelief};
use super::watch::{Report, SessionParts};
use crate::kinds::{Intern, spec};
use crate::model::cluster::Delta;
use crate::model::coverage::{Coverage, Scope};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;

/// How often a namespace is read, and how soon again where that was forbidden from the beginning.
const EVERY: Duration = Duration::from_secs(60);
/// Why it is never quite fresh.
const BY_NAME: &str = "no right to list namespaces: it is read by name each minute";

/// Reads one namespace again and again, until the session ends.
pub async fn keep_namespace(shared: SessionParts, name: Name) {
    let (mut resync, mut woken) = (shared.resync.clone(), shared.woken.clone());
    resync.mark_unchanged();
    woken.mark_unchanged();
    let mut named = NamespaceByName::new(name);
    loop {
        named.pace.asked(Instant::now());
        let read = read_namespace(&shared.client, &named.name).await;
        let batch = named.take(read, Instant::now(), Timestamp::now());
        let (kind, scope) = (Kind::NAMESPACE, named.scope());
        let report = Report { kind, scope, batch, denied: false, rewound: false, absent: false };
        if shared.reports.send(report).await.is_err() {
            return;
        }
        tokio::select! {
            () = sleep_until(named.pace.due().unwrap_or_else(Instant::now)) => {}
            ordered = resync.changed() => if ordered.is_err() { return },
            woke = woken.changed() => {
                if woke.is_err() {
                    return;
                }
                named.pace.soon();
                sleep_until(named.pace.due().unwrap_or_else(Instant::now)).await;
            }
        }
    }
}

/// What is known of one namespace.
struct NamespaceByName {
    name: Name,
    pace: Pace,
    /// When the server last said what it is.
    read: Option<Timestamp>,
}

impl NamespaceByName {
    fn new(name: Name) -> Self {
        let pace = Pace::new(&format!("namespace/{name}"));
        Self { name, pace, read: None }
    }

    fn scope(&self) -> Scope {
        Scope::Namespace(self.name.clone())
    }

    /// What an answer comes to.
    fn take(&mut self, read: Result<Vec<u8>, LiveFault>, now: Instant, wall: Timestamp) -> Batch {
        match read.and_then(|it| self.object(&it)) {
            Ok(delta) => self.well(delta, now, wall),
            Err(fault) if fault.is_absence() => {
                let id = ObjectId::new(Kind::NAMESPACE, Name::empty(), self.name.clone());
                self.well(Delta::Gone(id), now, wall)
            }
            Err(fault) if fault.status() == Some(403) => self.forbidden(&fault, now),
            Err(fault) => self.failed(&fault, now, wall),
        }
    }

    fn object(&self, text: &[u8]) -> Result<Delta, LiveFault> {
        let spec = spec(Kind::NAMESPACE).expect("the table has namespaces");
        let read = spec.read_json(&String::from_utf8_lossy(text), "", &mut Intern::new()).delta();
        let is_it = |it: &Delta| match it {
            Delta::Put(entry) => entry.fact.id().name == self.name,
            Delta::Unreadable { id, .. } => id.name == self.name,
            _ => false,
        };
        read.filter(is_it).ok_or_else(|| LiveFault::garbled(&format!("the answer is not the namespace {}", self.name)))
    }

    fn well(&mut self, delta: Delta, now: Instant, wall: Timestamp) -> Batch {
        self.read = Some(wall);
        self.pace.succeeded();
        self.pace.rest(now, EVERY);
        let covered = self.covered(Coverage::Stale { since: wall, why: BY_NAME.into() });
        self.batch(vec![delta, covered], Condition::ListedAlone)
    }

    fn forbidden(&mut self, fault: &LiveFault, now: Instant) -> Batch {
        let refusal = if self.read.is_some() { self.pace.refused(now) } else { RefusalBelief::Settled };
        if refusal == RefusalBelief::Settled {
            self.pace.rest(now, EVERY);
        }
        let covered = self.covered(Coverage::Forbidden { why: fault.what.as_str().into() });
        self.batch(vec![covered], Condition::Forbidden { why: fault.what.clone() })
    }

    fn failed(&mut self, fault: &LiveFault, now: Instant, wall: Timestamp) -> Batch {
        self.pace.failed(now, fault.retry_after);
        let why: Name = fault.what.as_str().into();
        let coverage = match self.read {
            Some(since) => Coverage::Stale { since, why },
            None => Coverage::Failed { why },
        };
        let wait = self.pace.due().map_or(LONGEST, |it| it.duration_since(now));
        let condition = Condition::Retrying {
            attempt: self.pace.failures() + 1,
            at: wall.checked_add(wait).unwrap_or(wall),
            wait,
            why: fault.what.clone(),
            throttled: if fault.status() == Some(429) { Throttled::ByServer } else { Throttled::No },
        };
        self.batch(vec![self.covered(coverage)], condition)
    }

    fn covered(&self, coverage: Coverage) -> Delta {
        Delta::Covered { kind: Kind::NAMESPACE, scope: self.scope(), coverage }
    }

    fn batch(&self, deltas: Vec<Delta>, condition: Condition) -> Batch {
        let health = vec![Health { kind: Kind::NAMESPACE, scope: self.scope(), condition }];
        Batch { deltas, health, notices: Vec::new() }
    }
}
