//! What is done about what goes wrong: where to begin again, when, and what of the data is still believed.

use std::time::Duration;

use jiff::Timestamp;

use super::{ABSENT_FOR, ENDLESS_FOR, EXPIRIES, Follow, FollowPhase, KindServed, ListHeld, Now, STREAMS};
use crate::live::fault::{LiveFault, LiveFaultClass};
use crate::live::health::{Condition, Throttled};
use crate::live::pace::{LONGEST, SETTLED};
use crate::model::cluster::Delta;
use crate::model::coverage::Coverage;

impl Follow {
    /// The open stream ended as it should, though perhaps too soon.
    pub fn ended(&mut self, now: Now) {
        self.count_quiet(now);
        match self.phase {
            FollowPhase::Watching { since, changed, .. } if changed || now.tick.duration_since(since) >= SETTLED => {
                self.phase = FollowPhase::Whole;
                self.pace.succeeded();
            }
            FollowPhase::Watching { .. } => {
                // N9: a server that closes at once is not sound, whatever its status says.
                self.phase = FollowPhase::Whole;
                let why = LiveFault::new(LiveFaultClass::Closed, "the watch is unstable: the server closes it at once");
                self.retry(&why, now);
            }
            _ => self.failed(&LiveFault::new(LiveFaultClass::Closed, "the list ended before it was complete"), now),
        }
    }

    /// A request or the open stream failed.
    pub fn failed(&mut self, fault: &LiveFault, now: Now) {
        self.count_quiet(now);
        match fault.status() {
            // Its group cannot be asked; whether it can be listed is tried again by itself.
            _ if self.is_absent() => {
                self.start_over();
                self.retry(fault, now);
            }
            Some(403) => self.forbidden(fault, now),
            Some(404) => self.not_found(fault, now),
            _ if fault.class == LiveFaultClass::Endless => self.give_up(fault, now),
            Some(400 | 405 | 406 | 415 | 422) if self.is_first_of_stream() => {
                // The server does not stream lists (M7).
                self.streams = STREAMS;
                self.start_over();
                self.pace.proceed();
            }
            _ => {
                self.step_back(fault);
                self.retry(fault, now);
                if fault.class == LiveFaultClass::Garbled && self.expiries >= EXPIRIES {
                    self.claim_nothing(fault);
                }
            }
        }
    }

    /// What was served is not found: that proves nothing (E10), so its group is asked whether it is.
    fn not_found(&mut self, fault: &LiveFault, now: Now) {
        self.missed = self.served == KindServed::Yes || self.missed;
        self.served = KindServed::Unknown;
        self.start_over();
        self.phase = FollowPhase::Absent;
        self.lose_sight(fault);
        if self.looks_itself() {
            self.retry(fault, now);
        }
    }

    /// The list had no end: what was read of it stands, and it is not asked for again soon.
    fn give_up(&mut self, fault: &LiveFault, now: Now) {
        self.start_over();
        self.pace.rest(now.tick, ENDLESS_FOR);
        self.retrying(fault, now);
        self.claim_nothing(fault);
    }

    /// Where nothing was wholly known before, it is told why that is not only a matter of time.
    pub(super) fn claim_nothing(&mut self, fault: &LiveFault) {
        if self.held != ListHeld::Whole {
            self.cover(Coverage::Failed { why: fault.what.as_str().into() });
        }
    }

    pub(super) fn is_first_of_stream(&self) -> bool {
        matches!(self.phase, FollowPhase::Streaming) && self.read == 0
    }

    /// Where to begin again after this fault.
    pub(super) fn step_back(&mut self, fault: &LiveFault) {
        let relist = fault.wants_relist() || fault.class == LiveFaultClass::Garbled;
        match &self.phase {
            FollowPhase::Streaming => {
                // A server that is not there says nothing of whether it streams lists.
                let broken =
                    matches!(fault.class, LiveFaultClass::Closed | LiveFaultClass::Garbled | LiveFaultClass::TooBig);
                self.streams += u32::from(broken || fault.class == LiveFaultClass::Timeout);
                self.start_over();
            }
            FollowPhase::Paging { .. } if relist => {
                self.expiries += 1;
                self.start_over();
            }
            // The same page is asked for again.
            FollowPhase::Paging { .. } | FollowPhase::Fresh | FollowPhase::Absent => {}
            _ if relist => self.start_over(),
            _ => self.phase = FollowPhase::Whole,
        }
    }

    pub(super) fn retry(&mut self, fault: &LiveFault, now: Now) {
        match fault.wants_relist() {
            true => self.pace.expired(now.tick),
            false => self.pace.failed(now.tick, fault.retry_after),
        }
        self.retrying(fault, now);
    }

    fn retrying(&mut self, fault: &LiveFault, now: Now) {
        let wait = self.pace.due().map_or(LONGEST, |it| it.duration_since(now.tick));
        let throttled = if fault.status() == Some(429) { Throttled::ByServer } else { Throttled::No };
        let at = now.wall.checked_add(wait).unwrap_or(now.wall);
        let attempt = self.pace.failures() + 1;
        self.condition(Condition::Retrying { attempt, at, wait, why: fault.what.clone(), throttled });
        // One break in a sound watch is no news; the resumed watch tells at once whether it was.
        if self.pace.failures() > 1 || fault.class != LiveFaultClass::Closed {
            self.lose_sight(fault);
        }
    }

    /// What we hold is no longer known to be true.
    pub(super) fn lose_sight(&mut self, fault: &LiveFault) {
        if let (ListHeld::Whole, Some(since)) = (self.held, self.alive) {
            self.cover(Coverage::Stale { since, why: fault.what.as_str().into() });
        }
    }

    /// What the kind's own group says of it, after it was not found although every server should have it.
    pub fn looked(&mut self, served: KindServed, now: Now) {
        if served != KindServed::Yes {
            self.missed = false;
            self.served(served);
            return self.pace.rest(now.tick, ABSENT_FOR);
        }
        // It is listed again, no sooner each time than it failed before.
        self.served = served;
        self.start_over();
        self.pace.rest(now.tick, Duration::ZERO);
    }

    /// What discovery says of our kind (E10).
    pub fn served(&mut self, served: KindServed) {
        if let KindServed::Unsure { fault, absent } = &served {
            return self.unsure(fault, *absent);
        }
        if self.served == served {
            return self.cover_absence();
        }
        self.served = served;
        match self.served {
            KindServed::Yes => {
                self.start_over();
                self.pace.hurry();
            }
            KindServed::No => self.gone(),
            KindServed::Unknown | KindServed::Unsure { .. } => {}
        }
    }

    /// Discovery cannot be asked: an open watch needs it no more, but absence is as old as the last answer.
    fn unsure(&mut self, fault: &LiveFault, absent: Option<Timestamp>) {
        match absent {
            _ if !self.is_absent() => {}
            Some(since) => self.cover(Coverage::Stale { since, why: fault.what.as_str().into() }),
            None => self.claim_nothing(fault),
        }
    }

    /// Discovery says again that our kind is absent.
    fn cover_absence(&mut self) {
        if self.is_absent() && self.served == KindServed::No {
            self.cover(Coverage::NotServed);
        }
    }

    pub(super) fn gone(&mut self) {
        if self.held != ListHeld::Nothing {
            let (kind, scope) = (self.spec.kind, self.scope.clone());
            self.out.deltas.push(Delta::Listed { kind, scope, entries: Vec::new() });
        }
        self.start_over();
        (self.phase, self.held, self.number) = (FollowPhase::Absent, ListHeld::Nothing, 0);
        self.cover(Coverage::NotServed);
        self.condition(Condition::NotServed);
    }

    /// Reads everything again at once: the user asked, or the cluster is not the one it was.
    pub fn resync(&mut self) {
        if !self.is_absent() {
            self.start_over();
            self.pace.hurry();
        }
    }
}
