//! Notices that the machine has slept (T2): the clock of the day went on, and the one that waits are counted by did not.
//!
//! Connections may be dead by then, and nothing says so. Linux wakes those who wait for its clock to be set, which it
//! does after a sleep too: that costs no wake-up. Elsewhere the clocks are compared twice a minute. A clock that is set
//! forward looks the same, and costs one request a kind; one that is set back is no sleep, and counts for nothing.

use std::future::pending;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::io::unix::AsyncFd;
use tokio::time::sleep_until;

/// What the clocks may differ by for other reasons, such as being brought in line bit by bit.
const SLEEP: SignedDuration = SignedDuration::from_secs(5);
/// How often they are compared where nobody says that one was set.
const EVERY: Duration = Duration::from_secs(30);

/// Both clocks as they were when they were looked at last.
pub(super) struct Clock {
    tick: Instant,
    wall: Timestamp,
    /// Readable when the clock of the day was set; `None` where the system does not say.
    set: Option<AsyncFd<OwnedFd>>,
    due: tokio::time::Instant,
}

impl Clock {
    /// To be made within a tokio runtime.
    pub(super) fn new() -> Self {
        let due = tokio::time::Instant::now() + EVERY;
        Self { tick: Instant::now(), wall: Timestamp::now(), set: set(), due }
    }

    /// Waits until the machine has slept; it can be dropped at any point.
    pub(super) async fn slept(&mut self) {
        loop {
            self.may_be_set().await;
            if self.went_ahead(Instant::now(), Timestamp::now()) {
                return;
            }
        }
    }

    async fn may_be_set(&mut self) {
        let Some(set) = &self.set else {
            sleep_until(self.due).await;
            self.due = tokio::time::Instant::now() + EVERY;
            return;
        };
        // Without it a sleep is noticed by the silence of the watches.
        let Ok(mut ready) = set.readable().await else { return pending().await };
        // It says that the wait was cancelled, which is what is waited for.
        let _ = rustix::io::read(set, &mut [0; 8]);
        ready.clear_ready();
    }

    /// Whether the clock of the day went further than the other since they were looked at last.
    fn went_ahead(&mut self, tick: Instant, wall: Timestamp) -> bool {
        let waited = SignedDuration::try_from(tick.duration_since(self.tick)).unwrap_or(SignedDuration::MAX);
        let passed = wall.duration_since(self.wall);
        (self.tick, self.wall) = (tick, wall);
        passed.saturating_sub(waited) > SLEEP
    }
}

/// A timer far away that Linux cancels when the clock of the day is set.
#[cfg(target_os = "linux")]
#[expect(deprecated, reason = "its successor has one promise, by `unsafe`, that a descriptor stays; an OwnedFd does")]
fn set() -> Option<AsyncFd<OwnedFd>> {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC).ok()?;
    let never = Timespec { tv_sec: 1 << 33, tv_nsec: 0 };
    let at = Itimerspec { it_interval: Timespec::default(), it_value: never };
    timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &at).ok()?;
    AsyncFd::new(timer).ok()
}

#[cfg(not(target_os = "linux"))]
fn set() -> Option<AsyncFd<OwnedFd>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    /// T1: a clock that is set, by an hour or bit by bit, is told from a sleep as far as it can be.
    #[tokio::test]
    async fn t1_a_clock_that_is_set_back_is_no_sleep() {
        let mut clock = Clock::new();
        let (tick, wall) = (clock.tick, clock.wall);
        let minute = Duration::from_secs(60);
        let mut ahead = |minutes: u32, off: SignedDuration| {
            let passed = SignedDuration::try_from(minute * minutes).expect("some minutes");
            clock.went_ahead(tick + minute * minutes, wall + passed + off)
        };
        assert!(!ahead(1, SignedDuration::ZERO), "nothing happened");
        assert!(!ahead(2, SignedDuration::from_secs(5)), "it was brought in line");
        assert!(!ahead(3, -HOUR), "it was set back");
        assert!(!ahead(4, -HOUR), "and goes on from there");
        assert!(ahead(5, SignedDuration::ZERO), "set forward: it may have slept");
        assert!(!ahead(6, SignedDuration::ZERO), "once");
    }

    /// T2: a sleep is what only one of the clocks has counted.
    #[tokio::test]
    async fn t2_a_sleep_is_what_one_clock_alone_has_counted() {
        let mut clock = Clock::new();
        let (tick, wall) = (clock.tick, clock.wall);
        assert!(clock.went_ahead(tick + Duration::from_secs(1), wall + HOUR));
        assert!(!clock.went_ahead(tick + Duration::from_secs(2), wall + HOUR + SignedDuration::from_secs(1)));
    }

    /// It waits for the clock to be set and for nothing else.
    #[cfg(target_os = "linux")]
    #[tokio::test(start_paused = true)]
    async fn nothing_wakes_who_waits_for_the_clock_to_be_set() {
        let mut clock = Clock::new();
        assert!(clock.set.is_some());
        assert!(tokio::time::timeout(EVERY * 100, clock.slept()).await.is_err());
    }
}
