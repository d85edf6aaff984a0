//! How often one resource may be asked for: at once while it goes well, ever slower while it does not.
//!
//! ```text
//! failures   1     2     3     4     5      6…
//! wait       1 s   2 s   4 s   8 s   16 s   30 s     (N9: never more than one request a second)
//! ```
//!
//! Time comes in as an argument, so tests need no clock.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two requests that did not follow from one another.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// The longest wait, also where a server asks for more (R1): a fault that has ended is noticed within it.
pub const LONGEST: Duration = Duration::from_secs(30);
/// How long a watch must live to count as a success although nothing happened on it.
pub const SETTLED: Duration = Duration::from_secs(5);

/// After how many refusals in a row a right that was held is believed to be gone.
const REFUSALS: u32 = 5;

/// Whether a refusal is believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefusalBelief {
    /// The right was held less than half a minute ago.
    Fresh,
    Settled,
}

/// The reconnect limiter of one resource.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Pace {
    failures: u32,
    /// How many times in a row the answer was to begin anew.
    expiries: u32,
    asked: Option<Instant>,
    not_before: Option<Instant>,
    /// Spreads the requests of many resources; from the resource's name, so that runs are the same.
    seed: u64,
}

impl Pace {
    /// A limiter whose waits are spread by the name of its resource.
    pub fn new(name: &str) -> Self {
        let seed = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        Self { seed, ..Self::default() }
    }

    /// How many times in a row it failed.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// When the next request may go.
    pub fn due(&self) -> Option<Instant> {
        self.not_before
    }

    /// A request goes now.
    pub fn asked(&mut self, now: Instant) {
        (self.asked, self.not_before) = (Some(now), None);
    }

    /// The last request failed; `server` is how long the server asked us to wait.
    pub fn failed(&mut self, now: Instant, server: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let own = self.wait();
        let wait = server.map_or(own, |it| it.clamp(own.min(SHORTEST), LONGEST));
        self.not_before = Some(now + wait);
    }

    /// The server is there and says to begin anew: what failed before it came back does not count.
    pub fn expired(&mut self, now: Instant) {
        self.expiries = self.expiries.saturating_add(1);
        self.failures = self.expiries;
        self.not_before = Some(now + self.wait());
    }

    /// A right that was held is refused; whether that has happened often enough to be believed.
    ///
    /// A server that has just started refuses what its authorizer has not read yet, so that the first refusals say
    /// little: it is asked again after 1, 2, 4, 8 and 16 s.
    pub fn refused(&mut self, now: Instant) -> RefusalBelief {
        self.expired(now);
        if self.expiries <= REFUSALS { RefusalBelief::Fresh } else { RefusalBelief::Settled }
    }

    /// The last request did what it should; the next one goes at once, but not within a second of it.
    pub fn succeeded(&mut self) {
        (self.failures, self.expiries) = (0, 0);
        self.soon();
    }

    /// The next request goes at once, but not within a second of the last one; what failed before still counts.
    pub fn soon(&mut self) {
        self.not_before = self.asked.map(|it| it + SHORTEST);
    }

    /// The next request follows from the last one's success (a next page, a watch after its list).
    pub fn proceed(&mut self) {
        self.not_before = None;
    }

    /// The next request waits so long, whatever happened before.
    pub fn rest(&mut self, now: Instant, wait: Duration) {
        self.not_before = Some(now + wait);
    }

    /// Forgets all waiting: the user asked.
    pub fn hurry(&mut self) {
        (self.failures, self.expiries, self.not_before) = (0, 0, None);
    }

    /// `1, 2, 4, … 30 s`, and up to a quarter more below the longest, so that kinds do not march in step.
    fn wait(&self) -> Duration {
        let whole = SHORTEST * 2_u32.saturating_pow(self.failures.saturating_sub(1).min(6));
        let part = self.seed.wrapping_mul(u64::from(self.failures) | 1).rotate_left(17) % 256;
        let spread = whole.mul_f64(f64::from(u8::try_from(part).unwrap_or(0)) / 1024.0);
        (whole + spread).min(LONGEST)
    }

    /// A time between `from` and `from + span`, the same for the same resource.
    pub fn spread(&self, from: Duration, span: Duration) -> Duration {
        from + span.mul_f64(f64::from(u16::try_from(self.seed % 1000).unwrap_or(0)) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(server: Option<Duration>, times: usize) -> Vec<u64> {
        let (mut pace, start) = (Pace::new("pods"), Instant::now());
        let mut wait = || {
            pace.asked(start);
            pace.failed(start, server);
            pace.due().expect("a wait").duration_since(start).as_secs()
        };
        (0..times).map(|_| wait()).collect()
    }

    /// N9: at most one request a second, rising to 30 s.
    #[tokio::test]
    async fn waits_double_up_to_half_a_minute() {
        assert_eq!(waits(None, 8), [1, 2, 4, 9, 19, 30, 30, 30]);
    }

    /// R1: what the server asks for holds, up to 30 s.
    #[tokio::test]
    async fn a_server_s_wish_is_obeyed_within_bounds() {
        assert_eq!(waits(Some(Duration::from_secs(5)), 3), [5, 5, 5]);
        assert_eq!(waits(Some(Duration::from_secs(3600)), 2), [30, 30]);
        assert_eq!(waits(Some(Duration::ZERO), 2), [1, 1]);
    }

    /// A3, A4: a right that was held is asked for again within seconds; what failed before does not count.
    #[tokio::test]
    async fn a_right_that_was_held_is_asked_for_again_soon() {
        let (mut pace, start) = (Pace::new("pods"), Instant::now());
        (0..6).for_each(|_| pace.failed(start, None));
        let mut refused = || {
            let refusal = pace.refused(start);
            (refusal, pace.due().expect("a wait").duration_since(start).as_secs())
        };
        let said: Vec<_> = (0..6).map(|_| refused()).collect();
        assert_eq!(said.iter().map(|it| it.1).collect::<Vec<_>>(), [1, 2, 4, 9, 19, 30]);
        assert!(said[..5].iter().all(|it| it.0 == RefusalBelief::Fresh) && said[5].0 == RefusalBelief::Settled);
    }

    #[tokio::test]
    async fn success_forgets_failures_and_keeps_a_second_between_requests() {
        let (mut pace, start) = (Pace::new("pods"), Instant::now());
        pace.asked(start);
        pace.failed(start, None);
        pace.asked(start + LONGEST);
        pace.succeeded();
        assert_eq!((pace.failures(), pace.due()), (0, Some(start + LONGEST + SHORTEST)));
        pace.proceed();
        assert_eq!(pace.due(), None);
    }
}
