//! What is a sign of life, and what is done when there is none.
//!
//! ```text
//! an event, a bookmark, a list, a version that has not moved      prove what we hold
//! a stream that is open, blank lines, half an event               prove nothing
//!
//! nothing for 70 s ─► stale; is the server there, and where? ─► watch again ─► nothing for 20 s ─► list again
//! ```
//!
//! A watch that is opened after one that spoke is believed for those 70 s; after a silent one it has to speak itself.
//! All of this is counted by a clock that never jumps (T1), and that stands still while the machine sleeps (T2).

use std::time::Duration;

use tokio::time::Instant;

use super::{Follow, FollowPhase, Now, SILENCE, SILENT_AGAIN, STREAM_SILENCE};
use crate::kinds::ListPage;
use crate::live::fault::{LiveFault, LiveFaultClass};
use crate::live::pace::SETTLED;

/// How much longer than asked a server may keep a watch open.
const OVERDUE: Duration = Duration::from_secs(30);

impl Follow {
    /// When the open stream is to be given up, where it said nothing since then.
    pub fn silent_at(&self, heard: Instant) -> Instant {
        match self.phase {
            FollowPhase::Streaming => heard + STREAM_SILENCE,
            _ => self.due.unwrap_or(heard + SILENCE),
        }
    }

    /// When an open watch that came after failures has lived long enough to be believed.
    pub fn settles(&self) -> Option<Instant> {
        match self.phase {
            FollowPhase::Watching { since, .. } if self.pace.failures() > 0 => Some(since + SETTLED),
            _ => None,
        }
    }

    /// The open watch has lived that long.
    pub fn settled(&mut self, now: Now) {
        self.pace.succeeded();
        self.believe_opened(now);
    }

    /// When the open watch has to have ended; servers that do not end it may have forgotten it.
    pub fn overdue_at(&self) -> Option<Instant> {
        match self.phase {
            FollowPhase::Watching { since, .. } => Some(since + Duration::from_secs(self.watch_for()) + OVERDUE),
            _ => None,
        }
    }

    /// The watch said something.
    pub(super) fn spoken(&mut self, now: Now) {
        if let FollowPhase::Watching { spoke, .. } = &mut self.phase {
            *spoke = true;
        }
        self.proven(now);
        self.quiet = 0;
    }

    /// What we hold is proven by something: the watch has its time anew.
    pub(super) fn proven(&mut self, now: Now) {
        self.due = Some(now.tick + SILENCE);
    }

    /// A watch is open: after one that spoke it is believed, after failures once it has settled (N9).
    pub(super) fn believe_opened(&mut self, now: Now) {
        if self.quiet > 0 {
            return;
        }
        self.proven(now);
        if self.pace.failures() <= 1 {
            self.alive(now);
        }
    }

    /// The open watch ends, however: whether it has said anything counts, unless it had no time to.
    pub(super) fn count_quiet(&mut self, now: Now) {
        if let FollowPhase::Watching { since, spoke: false, .. } = self.phase
            && now.tick.duration_since(since) >= SETTLED
        {
            self.quiet += 1;
        }
    }

    /// The open stream said nothing until [`Follow::silent_at`].
    pub fn silent(&mut self, now: Now) {
        if !matches!(self.phase, FollowPhase::Watching { .. }) {
            self.streams = super::STREAMS;
            self.start_over();
            return self.pace.rest(now.tick, Duration::ZERO);
        }
        self.quiet += 1;
        self.due = Some(now.tick + SILENT_AGAIN);
        self.lose_sight(&LiveFault::new(
            LiveFaultClass::Timeout,
            "the watch is silent: neither events nor bookmarks come",
        ));
        if self.quiet > 1 {
            self.start_over();
        } else {
            self.phase = FollowPhase::Probing;
        }
        self.pace.proceed();
    }

    /// The machine has slept, and whatever was open may be dead: it is opened anew at once (T2).
    ///
    /// A watch that goes on from where it was tells all that happened meanwhile.
    pub fn woke(&mut self) {
        match self.phase {
            FollowPhase::Watching { .. } => {
                self.lose_sight(&LiveFault::new(
                    LiveFaultClass::Closed,
                    "this machine was suspended: connecting again",
                ));
                self.phase = FollowPhase::Whole;
            }
            FollowPhase::Streaming => self.start_over(),
            _ => {}
        }
        self.pace.soon();
    }

    /// The server is there; where it has not moved, nothing was missed (N11).
    pub(super) fn probed(&mut self, page: &ListPage, now: Now) {
        let number: u64 = page.version.parse().unwrap_or(0);
        self.pace.proceed();
        if number != 0 && number < self.number {
            self.notice_rewound();
            return self.start_over();
        }
        self.phase = FollowPhase::Whole;
        if number != 0 && number == self.number {
            self.quiet = 0;
            self.proven(now);
            return self.alive(now);
        }
        self.due = Some(now.tick + SILENT_AGAIN);
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::kinds;
    use crate::live::follow::Next;
    use crate::model::coverage::Scope;
    use crate::model::id::Kind;

    /// What is done next after a list, a watch, failures and silence, while the clock of the day goes like this.
    fn story(began: Instant, wall: impl Fn(u64) -> Timestamp) -> Vec<(Next, Instant)> {
        let spec = kinds::spec(Kind::POD).expect("pods are of the table");
        let at = |second: u64| Now { tick: began + Duration::from_secs(second), wall: wall(second) };
        let mut follow = Follow::new(spec, Scope::Everywhere);
        let list = br#"{"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": []}"#;
        let page = || kinds::read_list(spec, list, &mut kinds::Intern::new()).expect("a list");
        let fault = LiveFault::new(LiveFaultClass::Closed, "the connection was closed");
        let mut seen = Vec::new();
        let mut look = |it: &Follow, second| seen.push((it.next(at(second).tick), it.silent_at(at(second).tick)));
        follow.asked(at(0).tick);
        follow.page(page(), at(1));
        look(&follow, 1);
        follow.opened(at(2));
        look(&follow, 2);
        follow.failed(&fault, at(10));
        follow.failed(&fault, at(12));
        look(&follow, 12);
        follow.opened(at(20));
        follow.settled(at(25));
        follow.silent(at(95));
        look(&follow, 95);
        follow.page(page(), at(96));
        look(&follow, 96);
        seen
    }

    /// T1: what is done, and when, is the same whatever the clock of the day says meanwhile.
    #[tokio::test]
    async fn t1_no_wait_is_counted_by_the_clock_of_the_day() {
        let (began, now) = (Instant::now(), Timestamp::now());
        let steady = story(began, |second| now + Duration::from_secs(second));
        let hour = SignedDuration::from_hours(1);
        for (from, off) in [(1, hour), (2, -hour), (12, hour), (12, -hour), (96, -hour)] {
            let jumping = |second: u64| {
                let steady = now + Duration::from_secs(second);
                if second >= from { steady + off } else { steady }
            };
            assert_eq!(story(began, jumping), steady, "{off} from {from} s on");
        }
    }
}
