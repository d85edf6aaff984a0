//! What a 403 means: of which verb it is, whether the right was held a moment ago, and what is asked meanwhile.
//!
//! ```text
//! a streaming list   a watch by its verb: pages are tried
//! a watch            after a fresh list: we may list and not watch, so it is listed each minute, and is stale
//!                    else the list is asked for at once: it says whether the right to read is gone
//! a list             forbidden; a right that was held is asked for again after 1, 2, 4, 8, 16 s, since a server
//!                    that starts refuses what its authorizer has not read yet; then, as any other, each minute (A3)
//! ```

use super::{FORBIDDEN_FOR, Follow, FollowPhase, LISTED_EVERY, ListHeld, Now};
use crate::live::fault::LiveFault;
use crate::live::health::Condition;
use crate::live::pace::RefusalBelief;
use crate::model::coverage::Coverage;

/// Why what may only be listed is never quite fresh.
const LISTED_ALONE: &str = "no right to watch them: they are listed again each minute";

impl Follow {
    pub(super) fn forbidden(&mut self, fault: &LiveFault, now: Now) {
        match self.phase {
            FollowPhase::Streaming if self.read == 0 => {
                self.stream_denied = true;
                self.start_over();
                self.pace.proceed();
            }
            FollowPhase::Whole | FollowPhase::Watching { .. } => self.watch_refused(fault, now),
            _ => self.list_refused(fault, now),
        }
    }

    fn watch_refused(&mut self, fault: &LiveFault, now: Now) {
        self.start_over();
        if self.watched {
            // The right to list may be gone with it; that is asked at once.
            self.lose_sight(fault);
            return self.pace.expired(now.tick);
        }
        if !self.watch_denied {
            (self.watch_denied, self.stream_denied) = (true, true);
            self.listed_alone(now);
        }
        self.pace.rest(now.tick, LISTED_EVERY);
    }

    /// A list is whole that no watch follows: it is as old as it is.
    pub(super) fn listed_alone(&mut self, now: Now) {
        self.alive = Some(now.wall);
        self.condition(Condition::ListedAlone);
        self.cover(match self.nameless {
            0 => Coverage::Stale { since: now.wall, why: LISTED_ALONE.into() },
            count => Coverage::Failed { why: crate::kinds::nameless(self.spec, count).into() },
        });
    }

    fn list_refused(&mut self, fault: &LiveFault, now: Now) {
        self.start_over();
        let refusal = match self.held {
            ListHeld::Whole => self.pace.refused(now.tick),
            _ => RefusalBelief::Settled,
        };
        self.denied = refusal == RefusalBelief::Settled;
        if refusal == RefusalBelief::Settled {
            self.pace.rest(now.tick, FORBIDDEN_FOR);
        }
        if self.held == ListHeld::Nothing {
            // Other scopes may be read meanwhile; the list that is allowed at last replaces them.
            self.held = ListHeld::Partial;
        }
        self.condition(Condition::Forbidden { why: fault.what.clone() });
        self.cover(Coverage::Forbidden { why: fault.what.as_str().into() });
    }
}
