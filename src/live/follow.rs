//! How one kind in one scope is followed: list, then watch, whatever goes wrong in between.
//!
//! ```text
//!            ┌───────── 410, garbage, a rewound history ─────────┐
//! Fresh ──stream or pages──► Whole ──watch──► events, bookmarks ─┴─ ends, breaks ─► watch again from there
//!   first list: put page by page            every later list: gathered, then swapped in whole
//! ```
//!
//! A state machine without IO and without a clock: [`Follow::next`] says what to ask for or how long to wait, and
//! what came of it goes in with the time; what the cluster should learn comes out by [`Follow::take`].
//! `watch` does the asking. The rows in the comments are those of the fault catalog in docs/reliability.md.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::endless::ListBound;
use super::fault::LiveFault;
use super::health::{Batch, Condition, Health};
use super::pace::Pace;
use super::request::Ask;
use crate::kinds::{self, KindSpec, Presence, WatchEvent, WatchStep};
use crate::model::cluster::{Delta, ReadObject};
use crate::model::coverage::{Coverage, Scope};
use crate::model::id::ObjectId;
use crate::model::place::Problem;

/// How many objects a page holds; a round trip each, and some 6 MB of pods.
const PAGE: u32 = 500;
/// After pages expired twice before the list was through, everything is asked for at once (G3).
const EXPIRIES: u32 = 2;
/// How many streaming lists may break before pages are used instead.
const STREAMS: u32 = 2;
/// How long a 403 stands before it is tried again (A3).
const FORBIDDEN_FOR: Duration = Duration::from_secs(60);
/// How long a kind stays absent that every server should have, before it is looked for again.
const ABSENT_FOR: Duration = Duration::from_secs(60);
/// How long a watch may be silent: servers send a bookmark a minute, though they need not (N7, N11).
pub const SILENCE: Duration = Duration::from_secs(70);
/// How long the watch after a silent one may be silent, before the kind is listed again.
const SILENT_AGAIN: Duration = Duration::from_secs(20);
/// How long a streaming list may be silent before pages are tried: old servers never end it (M7).
pub const STREAM_SILENCE: Duration = Duration::from_secs(5);
/// How long a kind rests that may be listed and not watched, before it is listed again.
const LISTED_EVERY: Duration = Duration::from_secs(60);
/// How long a list rests that had no end.
const ENDLESS_FOR: Duration = Duration::from_secs(600);
/// How long we ask the server to keep a watch: between four and five minutes, each kind its own.
const WATCH_FOR: (Duration, Duration) = (Duration::from_secs(240), Duration::from_secs(50));

mod failing;
mod listing;
mod refusal;
mod silence;

/// A moment by both clocks: one that never jumps, one for the eye.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub tick: Instant,
    pub wall: Timestamp,
}

/// What to do next.
#[derive(Clone, PartialEq, Debug)]
pub enum Next {
    Ask(Ask),
    /// Nothing before this moment (`None`: until something outside changes).
    Wait(Option<Instant>),
}

/// Whether to read on in a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadOn {
    Yes,
    /// The stream is of no more use.
    No,
}

/// Whether the API has our kind; kinds that are always there need not ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KindServed {
    Unknown,
    Yes,
    No,
    /// It cannot be asked, and was absent then.
    Unsure {
        fault: LiveFault,
        absent: Option<Timestamp>,
    },
}

/// What the cluster holds of us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ListHeld {
    Nothing,
    /// Some of a first list.
    Partial,
    /// All of a list.
    Whole,
}

/// A later list, until it is complete.
#[derive(Default)]
struct Gathered {
    entries: Vec<ReadObject>,
    unreadable: Vec<(ObjectId, Vec<Problem>)>,
}

enum FollowPhase {
    /// A list begins with the next request.
    Fresh,
    /// Pages come in; the next one begins here.
    Paging { continues: String },
    /// A streaming list comes in.
    Streaming,
    /// The list is whole; the next request is a watch.
    Whole,
    /// A watch is open since then; whether it has said anything.
    Watching { since: Instant, changed: bool, spoke: bool },
    /// A silent watch was given up; is the server there, and where (N11, G5)?
    Probing,
    /// The API may lack the kind.
    Absent,
}

/// The following of one kind in one scope.
pub struct Follow {
    pub spec: &'static KindSpec,
    pub scope: Scope,
    phase: FollowPhase,
    held: ListHeld,
    served: KindServed,
    /// `None` while a first list is put as it comes.
    gathered: Option<Gathered>,
    read: usize,
    /// Where the next watch begins, as the server wrote it, and as a number (0: not one).
    version: String,
    number: u64,
    /// The version at which the open watch began.
    began: u64,
    pace: Pace,
    streams: u32,
    expiries: u32,
    /// When the server last said something that holds.
    alive: Option<Timestamp>,
    /// When the watch has to have said something at last.
    due: Option<Instant>,
    /// How many watches in a row said nothing at all, and how many objects of the list have no name.
    quiet: u32,
    nameless: usize,
    bound: ListBound,
    told: Option<Coverage>,
    noted: Vec<Problem>,
    out: Batch,
    /// A watch was opened since the last list.
    watched: bool,
    /// The last watch was refused, though the list before it was not; so was a streaming list, a watch by its verb.
    watch_denied: bool,
    stream_denied: bool,
    /// It was not found although discovery names it: its group is asked.
    missed: bool,
    denied: bool,
    rewound: bool,
}

impl Follow {
    /// Follows a kind in a scope of which nothing is held yet.
    pub fn new(spec: &'static KindSpec, scope: Scope) -> Self {
        let served = if spec.presence == Presence::Always { KindServed::Yes } else { KindServed::Unknown };
        let pace = Pace::new(&format!("{}/{scope:?}", spec.kind));
        let mut follow = Self {
            spec,
            scope,
            phase: if served == KindServed::Yes { FollowPhase::Fresh } else { FollowPhase::Absent },
            held: ListHeld::Nothing,
            served,
            gathered: None,
            read: 0,
            version: String::new(),
            number: 0,
            began: 0,
            pace,
            streams: 0,
            expiries: 0,
            alive: None,
            due: None,
            quiet: 0,
            nameless: 0,
            bound: ListBound::default(),
            told: None,
            noted: Vec::new(),
            out: Batch::default(),
            watched: false,
            watch_denied: false,
            stream_denied: false,
            missed: false,
            denied: false,
            rewound: false,
        };
        follow.cover(Coverage::Loading);
        follow.condition(Condition::Connecting);
        follow
    }

    /// What the cluster and the screen should learn since the last time.
    pub fn take(&mut self) -> Batch {
        std::mem::take(&mut self.out)
    }

    /// Whether there is something to tell.
    pub fn has_news(&self) -> bool {
        !self.out.is_empty() || self.denied || self.rewound
    }

    /// Whether a list was refused since the last time: other scopes may be allowed.
    pub fn take_denied(&mut self) -> bool {
        std::mem::take(&mut self.denied)
    }

    /// Whether the history was found rewound since the last time: all kinds should be read again (G5).
    pub fn take_rewound(&mut self) -> bool {
        std::mem::take(&mut self.rewound)
    }

    /// Whether the kind was found absent although it was thought to be served.
    pub fn is_absent(&self) -> bool {
        matches!(self.phase, FollowPhase::Absent)
    }

    /// What to do next.
    pub fn next(&self, now: Instant) -> Next {
        if let Some(due) = self.pace.due().filter(|it| *it > now) {
            return Next::Wait(Some(due));
        }
        match &self.phase {
            FollowPhase::Fresh => Next::Ask(self.first()),
            FollowPhase::Paging { continues } if continues.is_empty() => Next::Ask(self.first()),
            FollowPhase::Paging { continues } => Next::Ask(Ask::Page { continues: continues.clone(), limit: PAGE }),
            FollowPhase::Probing => Next::Ask(Ask::Probe),
            // Discovery tells of optional kinds; after the others, and after what it names in vain, we look ourselves.
            FollowPhase::Absent if self.looks_itself() => Next::Ask(Ask::Group),
            FollowPhase::Absent => Next::Wait(None),
            FollowPhase::Streaming | FollowPhase::Whole | FollowPhase::Watching { .. } => {
                Next::Ask(Ask::Watch { version: self.version.clone(), timeout: self.watch_for() })
            }
        }
    }

    /// How a list begins: as a stream where that works, else in pages, and whole where pages expire.
    fn first(&self) -> Ask {
        if self.streams_lists() {
            Ask::Stream { timeout: self.watch_for() }
        } else if self.expiries < EXPIRIES {
            Ask::Page { continues: String::new(), limit: PAGE }
        } else {
            Ask::Whole
        }
    }

    fn streams_lists(&self) -> bool {
        self.streams < STREAMS && !self.stream_denied
    }

    fn looks_itself(&self) -> bool {
        self.spec.presence == Presence::Always || self.missed
    }

    fn watch_for(&self) -> u64 {
        self.pace.spread(WATCH_FOR.0, WATCH_FOR.1).as_secs()
    }

    /// A request goes out.
    pub fn asked(&mut self, now: Instant) {
        self.pace.asked(now);
        if matches!(self.phase, FollowPhase::Fresh) {
            self.begin_list();
        }
    }

    /// A stream was accepted.
    pub fn opened(&mut self, now: Now) {
        match self.phase {
            FollowPhase::Streaming => self.listing(None),
            _ => {
                self.begin_watch(now.tick);
                (self.watch_denied, self.stream_denied) = (false, false);
                self.believe_opened(now);
            }
        }
    }

    fn begin_watch(&mut self, now: Instant) {
        (self.began, self.watched) = (self.number, true);
        self.phase = FollowPhase::Watching { since: now, changed: false, spoke: false };
    }

    /// The server said something that proves what we hold.
    fn alive(&mut self, now: Now) {
        self.alive = Some(now.wall);
        if self.held == ListHeld::Whole {
            self.cover(match self.nameless {
                0 => Coverage::Live,
                count => Coverage::Failed { why: kinds::nameless(self.spec, count).into() },
            });
            self.condition(Condition::Following);
        }
    }

    /// A line of a stream came in.
    pub fn event(&mut self, event: WatchEvent, now: Now) -> ReadOn {
        let number: u64 = event.version.parse().unwrap_or(0);
        match event.step {
            WatchStep::Failed(status) => {
                self.failed(&LiveFault::of_status(&status), now);
                return ReadOn::No;
            }
            WatchStep::Bookmark { ends_initial_events } => {
                self.bookmark(ends_initial_events, event.version, number, now)
            }
            // A version from before the watch began: the server's history is another one (G5).
            _ if self.is_watching() && number != 0 && number < self.began => {
                self.notice_rewound();
                self.pace.failed(now.tick, None);
                self.start_over();
                return ReadOn::No;
            }
            WatchStep::Delta(delta) => return self.delta(delta, event.version, number, now),
            WatchStep::Nothing => {
                self.advance(event.version, number);
                self.spoken(now);
            }
        }
        ReadOn::Yes
    }

    fn is_watching(&self) -> bool {
        matches!(self.phase, FollowPhase::Watching { .. })
    }

    /// Moves the resume point forward, never back (M9).
    fn advance(&mut self, version: String, number: u64) {
        if self.is_watching() && (number > self.number || (number == 0 && !version.is_empty())) {
            (self.version, self.number) = (version, number);
        }
    }

    fn bookmark(&mut self, ends_list: bool, version: String, number: u64, now: Now) {
        if matches!(self.phase, FollowPhase::Streaming) {
            if ends_list {
                self.listed(version, now);
                self.begin_watch(now.tick);
                self.spoken(now);
            }
            return;
        }
        self.advance(version, number);
        self.spoken(now);
        if self.pace.failures() == 0 {
            self.alive(now);
        }
    }

    fn delta(&mut self, delta: Delta, version: String, number: u64, now: Now) -> ReadOn {
        if !matches!(self.phase, FollowPhase::Streaming) {
            if let FollowPhase::Watching { changed, .. } = &mut self.phase {
                *changed = true;
            }
            self.out.deltas.push(delta);
            self.advance(version, number);
            self.spoken(now);
            self.pace.succeeded();
            self.alive(now);
            return ReadOn::Yes;
        }
        self.read += 1;
        if let Err(fault) = self.bound.objects(1) {
            self.failed(&fault, now);
            return ReadOn::No;
        }
        match delta {
            Delta::Put(entry) => self.add(vec![entry], Vec::new()),
            Delta::Unreadable { id, problems } => self.add(Vec::new(), vec![(id, problems)]),
            Delta::Noted(problem) => self.note(problem),
            // Between the objects of a streaming list nothing is deleted; what is, comes after its end.
            _ => {}
        }
        ReadOn::Yes
    }

    fn cover(&mut self, coverage: Coverage) {
        if self.told.as_ref() != Some(&coverage) {
            self.told = Some(coverage.clone());
            let (kind, scope) = (self.spec.kind, self.scope.clone());
            self.out.deltas.push(Delta::Covered { kind, scope, coverage });
        }
    }

    fn condition(&mut self, condition: Condition) {
        self.out.health = vec![Health { kind: self.spec.kind, scope: self.scope.clone(), condition }];
    }
}
