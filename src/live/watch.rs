//! Does what [`Follow`] decides: sends its requests, reads their answers, tells what came of them.
//!
//! One task for each kind and scope; it decodes what it reads, so that nothing larger than facts leaves it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::discovery::{self, Discovered, KindDiscovery};
use super::fault::LiveFault;
use super::follow::{Follow, KindServed, Next, Now, ReadOn};
use super::health::Batch;
use super::request::{self, Ask};
use super::transfer::{self, LineCutter, PAGE_CAP, WHOLE_CAP};
use crate::kinds::{self, Intern};
use crate::model::coverage::Scope;
use crate::model::id::Kind;

/// For how many first lists one counts that comes in again, since all of it is held twice until it is complete.
const AGAIN: u32 = 2;

/// What a task of following tells its session.
#[derive(Debug)]
pub struct Report {
    pub kind: Kind,
    pub scope: Scope,
    pub batch: Batch,
    /// A list was refused.
    pub denied: bool,
    /// The history of the cluster is not the one it was (G5).
    pub rewound: bool,
    /// A kind that discovery had found is not there.
    pub absent: bool,
}

/// What all tasks of a session share.
#[derive(Clone)]
pub struct SessionParts {
    pub client: Client,
    /// How many lists may come in at once (R3).
    pub lists: Arc<Semaphore>,
    /// Whether more of a list may come in: not while much of what came waits to be taken in.
    pub room: watch::Receiver<bool>,
    pub reports: mpsc::Sender<Report>,
    pub discovered: watch::Receiver<Discovered>,
    /// Counts the orders to read everything again.
    pub resync: watch::Receiver<u64>,
    /// Counts how often the machine has slept.
    pub woken: watch::Receiver<u64>,
    /// One for all kinds, since a workload, its pods, its Service and its account bear the same names.
    pub intern: Arc<Mutex<Intern>>,
}

impl SessionParts {
    /// Waits until more of a list may come in.
    async fn room(&self) {
        // Without a session nobody takes anything in, and the next report ends the task.
        let _ = self.room.clone().wait_for(|it| *it).await;
    }

    /// The interner, for as long as one piece of an answer is decoded.
    pub(super) fn intern(&self) -> MutexGuard<'_, Intern> {
        // Whatever panicked meanwhile, what it had shared is whole.
        self.intern.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Now {
    Now { tick: Instant::now(), wall: Timestamp::now() }
}

/// Follows until the session ends.
pub async fn follow(follow: Follow, shared: SessionParts) {
    let kind = follow.spec.kind;
    let mut task = Task { follow, shared: shared.clone() };
    let (mut resync, mut woken, mut discovered) = (shared.resync, shared.woken, shared.discovered);
    resync.mark_unchanged();
    woken.mark_unchanged();
    let mut version = None;
    loop {
        let news = async {
            let changed = discovered.wait_for(|it| served_version(it, kind) != version).await;
            changed.ok().map(|it| served_version(&it, kind))
        };
        tokio::select! {
            biased;
            ordered = resync.changed() => match ordered {
                Ok(()) => task.follow.resync(),
                Err(_) => return,
            },
            woke = woken.changed() => match woke {
                Ok(()) => task.follow.woke(),
                Err(_) => return,
            },
            // The branch is left out when nobody looks for optional kinds.
            Some(found) = news => {
                version = found;
                task.follow.served(version.as_ref().map_or(KindServed::Unknown, DiscoveryAnswer::served));
            }
            goes_on = task.step(version.as_ref()) => if goes_on.is_none() { return },
        }
    }
}

/// What discovery answered of a kind.
#[derive(Clone, PartialEq, Eq, Debug)]
enum DiscoveryAnswer {
    In(String),
    Absent,
    Unsure { fault: LiveFault, absent: Option<Timestamp> },
}

impl DiscoveryAnswer {
    fn served(&self) -> KindServed {
        match self {
            DiscoveryAnswer::In(_) => KindServed::Yes,
            DiscoveryAnswer::Absent => KindServed::No,
            DiscoveryAnswer::Unsure { fault, absent } => KindServed::Unsure { fault: fault.clone(), absent: *absent },
        }
    }
}

fn served_version(discovered: &Discovered, kind: Kind) -> Option<DiscoveryAnswer> {
    match discovered.0.get(&kind)? {
        KindDiscovery::Served(version) => Some(DiscoveryAnswer::In(version.clone())),
        KindDiscovery::Absent => Some(DiscoveryAnswer::Absent),
        KindDiscovery::Unsure { fault, absent } => {
            Some(DiscoveryAnswer::Unsure { fault: fault.clone(), absent: *absent })
        }
    }
}

struct Task {
    follow: Follow,
    shared: SessionParts,
}

impl Task {
    /// One request or one wait; dropped at any point, it loses nothing that was learned.
    async fn step(&mut self, version: Option<&DiscoveryAnswer>) -> Option<()> {
        self.report().await?;
        match self.follow.next(Instant::now()) {
            Next::Wait(None) => std::future::pending().await,
            Next::Wait(Some(until)) => sleep_until(until).await,
            Next::Ask(ask) => {
                if let Err(fault) = self.ask(&ask, version).await {
                    self.follow.failed(&fault, now());
                }
            }
        }
        Some(())
    }

    /// Tells what was learned; `None` when the session has ended.
    async fn report(&mut self) -> Option<()> {
        if !self.follow.has_news() {
            return Some(());
        }
        // The place comes first: taken news that wait for one would be lost when this is dropped.
        let place = self.shared.reports.reserve().await.ok()?;
        let (kind, scope) = (self.follow.spec.kind, self.follow.scope.clone());
        let (denied, rewound) = (self.follow.take_denied(), self.follow.take_rewound());
        let absent = self.follow.is_absent();
        place.send(Report { kind, scope, batch: self.follow.take(), denied, rewound, absent });
        Some(())
    }

    async fn ask(&mut self, ask: &Ask, version: Option<&DiscoveryAnswer>) -> Result<(), LiveFault> {
        let lists = self.shared.lists.clone();
        let is_list = matches!(ask, Ask::Page { .. } | Ask::Whole | Ask::Stream { .. });
        if is_list {
            self.shared.room().await;
        }
        let weight = if self.follow.lists_again() { AGAIN } else { 1 };
        let permit = if is_list { lists.acquire_many(weight).await.ok() } else { None };
        self.follow.asked(Instant::now());
        let version = match version {
            Some(DiscoveryAnswer::In(version)) => version.as_str(),
            _ => self.follow.spec.version,
        };
        let request = request::list(self.follow.spec, version, &self.follow.scope, ask);
        if ask.is_stream() {
            let incoming = transfer::send(&self.shared.client, request).await?;
            return self.stream(incoming, permit).await;
        }
        let cap = if *ask == Ask::Whole { WHOLE_CAP } else { PAGE_CAP };
        let text = transfer::read(&self.shared.client, request, cap).await?;
        if *ask == Ask::Group {
            let served = if discovery::names(&text, self.follow.spec)? { KindServed::Yes } else { KindServed::No };
            self.follow.looked(served, now());
            return Ok(());
        }
        let page = kinds::read_list(self.follow.spec, &text, &mut self.shared.intern());
        let page = page.map_err(|it| LiveFault::of_wire(&it))?;
        self.follow.page(page, now());
        Ok(())
    }

    /// Reads a stream of events to its end, for as long as it is of use.
    async fn stream(
        &mut self,
        mut incoming: transfer::Incoming,
        permit: Option<SemaphorePermit<'_>>,
    ) -> Result<(), LiveFault> {
        let mut permit = permit;
        let (mut lines, mut heard) = (LineCutter::default(), Instant::now());
        self.follow.opened(now());
        let mut drip = Drip::default();
        loop {
            if self.report().await.is_none() {
                return Ok(());
            }
            permit = permit.filter(|_| self.follow.is_listing());
            if permit.is_some() && !*self.shared.room.borrow() {
                self.shared.room().await;
                // The server was not listened to meanwhile.
                (heard, drip) = (Instant::now(), Drip::default());
            }
            let (silent, overdue) = (self.follow.silent_at(heard), self.follow.overdue_at());
            let wake = [self.follow.settles(), overdue].into_iter().flatten().fold(silent, Instant::min);
            let next = timeout_at(wake, incoming.next()).await;
            let time = Instant::now();
            match next {
                Ok(Ok(Some(chunk))) => {
                    let (read_on, events) = self.lines(&mut lines, &chunk)?;
                    if read_on == ReadOn::No {
                        return Ok(());
                    }
                    // Bytes alone are no sign of life.
                    heard = if events > 0 { time } else { heard };
                    if self.follow.is_listing() && drip.is_too_slow(time, chunk.len()) {
                        self.follow.silent(now());
                        return Ok(());
                    }
                }
                Ok(Ok(None)) => return self.end(&lines),
                Ok(Err(fault)) => return Err(fault),
                Err(_) => {}
            }
            if time >= self.follow.silent_at(heard) {
                self.follow.silent(now());
                return Ok(());
            }
            if overdue.is_some_and(|it| time >= it) {
                self.follow.ended(now());
                return Ok(());
            }
            if self.follow.settles().is_some_and(|it| time >= it) {
                self.follow.settled(now());
            }
        }
    }

    /// Reads what is whole of these lines; how many events that were.
    fn lines(&mut self, lines: &mut LineCutter, chunk: &[u8]) -> Result<(ReadOn, usize), LiveFault> {
        let (spec, now) = (self.follow.spec, now());
        let (mut read_on, mut events) = (ReadOn::Yes, 0);
        let (follow, mut intern) = (&mut self.follow, self.shared.intern());
        lines.feed(chunk, |line| {
            if read_on == ReadOn::Yes && !line.trim_ascii().is_empty() {
                let event = kinds::read_event(spec, line, &mut intern).map_err(|it| LiveFault::of_wire(&it))?;
                read_on = follow.event(event, now);
                events += 1;
            }
            Ok(())
        })?;
        self.follow.listing(None);
        Ok((read_on, events))
    }

    /// A stream's proper end; a last line without its line end counts if it is whole (M10).
    fn end(&mut self, lines: &LineCutter) -> Result<(), LiveFault> {
        let event = kinds::read_event(self.follow.spec, lines.rest(), &mut self.shared.intern());
        if let Ok(event) = event
            && self.follow.event(event, now()) == ReadOn::No
        {
            return Ok(());
        }
        self.follow.ended(now());
        Ok(())
    }
}

/// How fast a streaming list comes: one that drips would never end (N6).
struct Drip {
    since: Instant,
    bytes: usize,
}

/// In how long a time how much of a streaming list has to come.
const DRIP: (Duration, usize) = (Duration::from_secs(10), 1024);

impl Default for Drip {
    fn default() -> Self {
        Self { since: Instant::now(), bytes: 0 }
    }
}

impl Drip {
    fn is_too_slow(&mut self, now: Instant, bytes: usize) -> bool {
        self.bytes += bytes;
        if now.duration_since(self.since) < DRIP.0 {
            return false;
        }
        let is_too_slow = self.bytes < DRIP.1;
        (self.since, self.bytes) = (now, 0);
        is_too_slow
    }
}
