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

use std::time::Duration;

use tokio::time::Instant;

use super::{Follow, Now, Phase, SILENCE, SILENT_AGAIN, STREAM_SILENCE};
use crate::kinds::Page;
use crate::live::fault::{Fault, FaultClass};
use crate::live::pace::SETTLED;

/// How much longer than asked a server may keep a watch open.
const OVERDUE: Duration = Duration::from_secs(30);

impl Follow {
    /// When the open stream is to be given up, where it said nothing since then.
    pub fn silent_at(&self, heard: Instant) -> Instant {
        match self.phase {
            Phase::Streaming => heard + STREAM_SILENCE,
            _ => self.due.unwrap_or(heard + SILENCE),
        }
    }

    /// When an open watch that came after failures has lived long enough to be believed.
    pub fn settles(&self) -> Option<Instant> {
        match self.phase {
            Phase::Watching { since, .. } if self.pace.failures() > 0 => Some(since + SETTLED),
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
            Phase::Watching { since, .. } => Some(since + Duration::from_secs(self.watch_for()) + OVERDUE),
            _ => None,
        }
    }

    /// The watch said something.
    pub(super) fn spoken(&mut self, now: Now) {
        if let Phase::Watching { spoke, .. } = &mut self.phase {
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
        if let Phase::Watching { since, spoke: false, .. } = self.phase
            && now.tick.duration_since(since) >= SETTLED
        {
            self.quiet += 1;
        }
    }

    /// The open stream said nothing until [`Follow::silent_at`].
    pub fn silent(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Watching { .. }) {
            self.streams = super::STREAMS;
            self.start_over();
            return self.pace.rest(now.tick, Duration::ZERO);
        }
        self.quiet += 1;
        self.due = Some(now.tick + SILENT_AGAIN);
        self.lose_sight(&Fault::new(FaultClass::Timeout, "the watch is silent: neither events nor bookmarks come"));
        if self.quiet > 1 {
            self.start_over();
        } else {
            self.phase = Phase::Probing;
        }
        self.pace.proceed();
    }

    /// The server is there; where it has not moved, nothing was missed (N11).
    pub(super) fn probed(&mut self, page: &Page, now: Now) {
        let number: u64 = page.version.parse().unwrap_or(0);
        self.pace.proceed();
        if number != 0 && number < self.number {
            self.notice_rewound();
            return self.start_over();
        }
        self.phase = Phase::Whole;
        if number != 0 && number == self.number {
            self.quiet = 0;
            self.proven(now);
            return self.alive(now);
        }
        self.due = Some(now.tick + SILENT_AGAIN);
    }
}
