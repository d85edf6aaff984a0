//! The loop: it owns the screen's state, waits for everything there is to wait for, and does what the screen asks.
//!
//! ```text
//! keys, signals, the cluster's changes, finished tasks, time ──select!──► App::update ──► effects, a frame
//! ```
//!
//! Every spawn of the screen is here or in the files of `run/`. The first frame is drawn before anything is connected;
//! that the API is away never ends the program and never holds a key. Frames of data come at most 30 times a second
//! (10 over SSH), those of keys at once. With nothing to do the loop sleeps: there is no tick unless something on the
//! screen ages. Work that takes longer than a key may wait is done a few milliseconds at a time, keys first.

mod applying;
mod clock;
mod effects;
mod feed;
mod frames;
mod jobs;
mod manifests;
mod questions;
mod signals;
mod stage;
mod start;

use std::io::{self, Stdout};
use std::path::Path;
use std::time::Duration;

use crossterm::event::EventStream;
use futures::StreamExt;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::apply::Pattern;
use crate::ask::{Fault, FaultKind};
use crate::live::connect::Selection;
use crate::terminal::guard::Guard;
use crate::terminal::keys::{self, Repair};
use crate::terminal::screen::Screen;
use crate::terminal::{hangup, keeper, look, panics, state};
use crate::tui::app::App;
use crate::tui::event::Event;

use clock::Clock;
use feed::{Feed, next_batch};
use jobs::RunningJob;
use questions::Done;
use signals::{SignalMeaning, Signals};
use stage::{Edit, Keeping};
use start::prepare;

pub(crate) use stage::read as read_changes;
pub use start::{ClusterSource, Start};

/// Opens the screen and runs until the user leaves; gives the exit code, of a signal what shells expect.
///
/// To be awaited by `block_on` of a multi-thread runtime.
///
/// # Errors
/// What can be told before the screen opens: no terminal, no such context, a broken kubeconfig.
pub async fn tui(start: Start) -> Result<u8, Fault> {
    if let Some(why) = look::refusal() {
        return Err(Fault::of(FaultKind::System, why));
    }
    let (setup, cluster, selected) = prepare(&start)?;
    panics::install();
    // Before the terminal is taken, or a signal in between would leave it taken.
    let signals = Signals::new().map_err(refused)?;
    tokio::spawn(signals::insist(Signals::new().map_err(refused)?));
    let no_terminal = |it| Fault::of(FaultKind::System, format!("no terminal to draw on: {it}"));
    let guard = Guard::enter().map_err(no_terminal)?;
    hangup::watch();
    let mut program = Program::new(App::new(setup, cluster), guard, start.writes, start.production)?;
    let recalled = state::typed_lines();
    program.app.recall(recalled);
    program.keeping.files = start.staged;
    // Shown from the first frame on, and answered as the cluster becomes known.
    start.open.iter().for_each(|it| program.app.ask(it));
    let ended = program.run(signals, (start.source, selected)).await;
    program.keep_now();
    // A history that cannot be kept is no reason to fail.
    let _ = state::keep_typed_lines(program.app.typed_lines());
    match ended {
        // What could not be drawn any more is no fault of the program's.
        Err(_) if hangup::is_gone() => Ok(hangup::EXIT as u8),
        ended => ended.map_err(refused),
    }
}

/// What the system does not give.
fn refused(error: io::Error) -> Fault {
    Fault::of(FaultKind::System, error.to_string())
}

/// Where the cluster comes from, and the context that was looked up.
type Opened = (ClusterSource, Option<Box<Selection>>);

struct Program {
    app: App,
    screen: Screen<Stdout>,
    /// The terminal is ours while this is held.
    guard: Option<Guard>,
    feed: Feed,
    tasks: JoinSet<Done>,
    repair: Repair,
    esc: Duration,
    /// The least time between two frames of data.
    pace: Duration,
    drawn: Instant,
    /// When the next frame is to be drawn, if something has changed.
    due: Option<Instant>,
    /// Until then nothing is worked out anew, so that a cluster that changes all the time costs little.
    rest: Instant,
    job: RunningJob,
    /// What manifests declare is being read.
    declaring: Option<manifests::RunningRead>,
    clock: Clock,
    keeping: Keeping,
    /// What waits for the editor.
    editing: Option<Edit>,
    /// `--write`.
    writes: bool,
    /// Which contexts are production.
    production: Pattern,
}

/// What one step of the loop came to.
enum LoopStep {
    Go,
    End(u8),
}

/// Frames of data a second: 30, over SSH 10.
const PACE: (Duration, Duration) = (Duration::from_millis(33), Duration::from_millis(100));
/// So long a key may wait for work that can be put off.
const SLICE: Duration = Duration::from_millis(6);
/// How long the reader of keys may take to end before an editor has the terminal.
const RELEASE: Duration = Duration::from_millis(30);
/// How often something that ages is looked at.
const TICK: Duration = Duration::from_secs(1);

impl Program {
    fn new(app: App, guard: Guard, writes: bool, production: Pattern) -> Result<Self, Fault> {
        let mut program = Self {
            app,
            screen: Screen::new(io::stdout()),
            guard: Some(guard),
            feed: Feed::default(),
            tasks: JoinSet::new(),
            repair: Repair::default(),
            esc: keys::delay(),
            pace: if look::is_remote() { PACE.1 } else { PACE.0 },
            drawn: Instant::now(),
            due: None,
            rest: Instant::now(),
            job: RunningJob::default(),
            declaring: None,
            clock: Clock::new(),
            keeping: Keeping::default(),
            editing: None,
            writes,
            production,
        };
        let (width, height) = crossterm::terminal::size()
            .map_err(|it| Fault::of(FaultKind::System, format!("the terminal has no size: {it}")))?;
        program.app.update(Event::Resize(width, height));
        program.app.update(Event::Tick(Timestamp::now()));
        Ok(program)
    }

    async fn run(&mut self, mut signals: Signals, (source, selected): Opened) -> io::Result<u8> {
        self.draw()?;
        // After the first frame, and beside the loop: starting a program takes a while.
        tokio::task::spawn_blocking(|| keeper::start(Path::new("/proc/self/exe")));
        self.open(source, selected);
        let mut inputs = EventStream::new();
        let mut tick = Instant::now() + TICK;
        loop {
            let frame_due = self.due.unwrap_or_else(Instant::now);
            let esc_due = Instant::now() + self.esc;
            let job_due = self.job_due();
            let step = tokio::select! {
                biased;
                sent = signals.next() => match sent {
                    SignalMeaning::End(code) => LoopStep::End(code),
                    SignalMeaning::Resume => {
                        self.take_back()?;
                        self.draw()?;
                        LoopStep::Go
                    }
                    SignalMeaning::Resized => {
                        self.measure()?;
                        LoopStep::Go
                    }
                },
                input = inputs.next() => self.input(input)?,
                () = sleep_until(esc_due), if self.repair.holds() => {
                    let held = self.repair.expire();
                    self.inputs(held)?
                }
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    let effects = self.done(done);
                    self.perform(effects)?
                }
                () = sleep_until(frame_due), if self.due.is_some() => {
                    self.draw()?;
                    LoopStep::Go
                }
                () = std::future::ready(()), if self.app.is_busy() => {
                    self.work();
                    LoopStep::Go
                }
                () = self.clock.slept() => {
                    self.woke();
                    LoopStep::Go
                }
                batch = next_batch(&mut self.feed.batches) => {
                    let effects = self.learn(batch);
                    self.perform(effects)?
                }
                () = sleep_until(job_due.unwrap_or_else(Instant::now)), if job_due.is_some() => {
                    self.begin_job();
                    LoopStep::Go
                }
                Some(told) = self.job.told() => {
                    self.tell(told);
                    LoopStep::Go
                }
                () = sleep_until(tick), if self.app.ages() => {
                    tick = Instant::now() + TICK;
                    self.tell(Event::Tick(Timestamp::now()));
                    LoopStep::Go
                }
            };
            self.end_unwanted_job();
            self.read_manifests();
            if let Some(edit) = self.editing.take() {
                // Who reads keys beside the editor takes them from it, and a change of the terminal's mode would make it
                // read. The next stream waits for the lock that its thread holds until it was woken.
                drop(inputs);
                inputs = EventStream::new();
                std::thread::sleep(RELEASE);
                self.edit(edit)?;
                signals.forget();
            }
            if let LoopStep::End(code) = step {
                return Ok(code);
            }
        }
    }

    /// Goes on with what could wait, until a key may be waiting again.
    fn work(&mut self) {
        let until = Instant::now() + SLICE;
        self.app.work(&mut || Instant::now() < until);
        if !self.app.is_busy() {
            self.due = Some(Instant::now());
        }
    }

    /// Tells the screen something that asks for nothing.
    fn tell(&mut self, event: Event) {
        self.app.update(event);
        self.draw_soon();
    }
}
