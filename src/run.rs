//! The loop: it owns the screen's state, waits for everything there is to wait for, and does what the screen asks.
//!
//! ```text
//! keys, signals, the cluster's changes, finished tasks, time ──select!──► App::update ──► effects, a frame
//! ```
//!
//! Every spawn of the screen is here. The first frame is drawn before anything is connected; that the API is away
//! never ends the program and never holds a key. Frames of data come at most 30 times a second (10 over SSH),
//! those of keys at once. With nothing to do the loop sleeps: there is no tick unless something on the screen ages.

use std::collections::BTreeSet;
use std::io::{self, Stdout};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use crossterm::event::{Event as Input, EventStream};
use futures::StreamExt;
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::embedded;
use crate::live::connect::{self, Connected, Flags, Surroundings};
use crate::live::fault::Fault;
use crate::live::files::Source as Documents;
use crate::live::read::Reader;
use crate::live::{self, Batch, Condition, Control, Wanted};
use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::net::Settings;
use crate::people::People;
use crate::rbac::review::Review;
use crate::rbac::version::Version;
use crate::terminal::guard::{self, Guard};
use crate::terminal::keys::{self, Repair};
use crate::terminal::screen::Screen;
use crate::terminal::{clipboard, hangup, look, panics, state, stop_job};
use crate::tui::app::{App, Setup};
use crate::tui::event::{Effect, Event, Mouse, Progress};
use crate::tui::status::Origin;
use crate::tui::theme::Colors;
use crate::tui::world::SelfCheck;

/// Where the cluster comes from.
pub enum Source {
    /// A server, by kubectl's flags.
    Live(Box<Flags>),
    /// Files that have been read, and where their objects stand.
    Files { cluster: Box<Cluster>, title: String, documents: Documents },
    /// A world of the embedded server; its name.
    Demo(String),
}

/// How the screen is opened.
pub struct Start {
    pub source: Source,
    /// Where one starts; empty: all namespaces.
    pub namespaces: Vec<String>,
    /// Only ASCII, whatever the locale says.
    pub ascii: bool,
    /// Whether colors are used; `None`: as the environment says.
    pub colors: Option<Colors>,
    /// `--pod-cidr`.
    pub settings: Settings,
    pub check: SelfCheck,
    /// `--directory`.
    pub people: Option<Arc<People>>,
}

/// Opens the screen and runs until the user leaves; gives the exit code, of a signal what shells expect.
///
/// To be awaited by `block_on` of a multi-thread runtime.
///
/// # Errors
/// What can be told before the screen opens: no terminal, no such context, a broken kubeconfig.
pub async fn tui(start: Start) -> anyhow::Result<u8> {
    if let Some(why) = look::refusal() {
        anyhow::bail!(why);
    }
    let (setup, cluster) = prepare(&start)?;
    panics::install();
    // Before the terminal is taken, or a signal in between would leave it taken.
    let signals = Signals::new()?;
    let guard = Guard::enter().context("no terminal to draw on")?;
    hangup::watch();
    let mut program = Program::new(App::new(setup, cluster))?;
    program.draw()?;
    program.open(start.source);
    program.run(guard, signals).await
}

/// What is known before anything is connected.
fn prepare(start: &Start) -> anyhow::Result<(Setup, Cluster)> {
    let namespaces: BTreeSet<Name> = start.namespaces.iter().map(Name::from).collect();
    let theme = look::theme(start.ascii, start.colors);
    let (settings, check, people) = (start.settings.clone(), start.check, start.people.clone());
    let setup = |title: &str, origin| Setup { title: title.into(), origin, theme, namespaces, settings, check, people };
    Ok(match &start.source {
        Source::Live(flags) => {
            let selection = connect::select(flags, &Surroundings::of_process())?;
            (setup(&selection.context, Origin::Live), Cluster::new(Coverage::Loading))
        }
        Source::Files { cluster, title, .. } => (setup(title, Origin::Files), (**cluster).clone()),
        Source::Demo(world) => (setup(&format!("demo {world}"), Origin::Live), Cluster::new(Coverage::Loading)),
    })
}

/// What a finished task brings.
enum Done {
    Event(Event),
    /// What one server said of itself, by the number of the server: worth nothing once another one is followed.
    Said(u64, Event),
    Connected(Result<Box<Connected>, Fault>),
    Served(Result<(embedded::Server, kube::Client), String>),
}

/// What the cluster's changes come from.
#[derive(Default)]
struct Feed {
    client: Option<kube::Client>,
    batches: Option<mpsc::Receiver<Batch>>,
    control: Option<Control>,
    /// The demo's server lives as long as this.
    server: Option<embedded::Server>,
    documents: Option<Arc<Documents>>,
    flags: Option<Box<Flags>>,
    /// How many servers were left before this one.
    number: u64,
}

/// The signals that end or wake us.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    resume: Signal,
    resize: Signal,
}

/// What a signal means.
enum Sent {
    End(u8),
    Resume,
    Resized,
}

struct Program {
    app: App,
    screen: Screen<Stdout>,
    feed: Feed,
    tasks: JoinSet<Done>,
    repair: Repair,
    esc: Duration,
    /// The least time between two frames of data.
    pace: Duration,
    drawn: Instant,
    /// When the next frame is to be drawn, if something has changed.
    due: Option<Instant>,
}

/// What one step of the loop came to.
enum Step {
    Go,
    End(u8),
}

/// Frames of data a second: 30, over SSH 10.
const PACE: (Duration, Duration) = (Duration::from_millis(33), Duration::from_millis(100));
/// A terminal that takes longer than this for a frame gets half as many.
const SLOW: Duration = Duration::from_millis(20);
/// How often something that ages is looked at.
const TICK: Duration = Duration::from_secs(1);

impl Program {
    fn new(app: App) -> anyhow::Result<Self> {
        let mut program = Self {
            app,
            screen: Screen::new(io::stdout()),
            feed: Feed::default(),
            tasks: JoinSet::new(),
            repair: Repair::default(),
            esc: keys::delay(),
            pace: if look::is_remote() { PACE.1 } else { PACE.0 },
            drawn: Instant::now(),
            due: None,
        };
        let (width, height) = crossterm::terminal::size().context("the terminal has no size")?;
        program.app.update(Event::Resize(width, height));
        program.app.update(Event::Tick(Timestamp::now()));
        Ok(program)
    }

    /// Starts to read the cluster.
    fn open(&mut self, source: Source) {
        match source {
            Source::Live(flags) => self.connect(flags),
            Source::Files { documents, .. } => self.feed.documents = Some(Arc::new(documents)),
            Source::Demo(world) => {
                self.tasks.spawn(async move { Done::Served(serve(&world).await) });
            }
        }
    }

    fn connect(&mut self, flags: Box<Flags>) {
        self.feed.flags = Some(flags.clone());
        self.tasks.spawn(async move { Done::Connected(connect::connect(&flags).await.map(Box::new)) });
    }

    /// Follows the cluster behind a client.
    fn follow(&mut self, client: kube::Client, namespaces: Vec<Name>) {
        let namespace = namespaces.first().cloned();
        let (batches, control) = live::start(client.clone(), Wanted::everything(namespaces));
        self.feed.client = Some(client);
        self.inquire();
        let own = namespace.unwrap_or_else(|| "default".into());
        [Review::Own, Review::OwnRules(own)].into_iter().for_each(|it| self.ask(it));
        self.feed.batches = Some(batches);
        self.feed.control = Some(control);
    }

    async fn run(&mut self, guard: Guard, mut signals: Signals) -> anyhow::Result<u8> {
        let mut guard = Some(guard);
        let mut inputs = EventStream::new();
        let mut tick = Instant::now() + TICK;
        loop {
            let frame_due = self.due.unwrap_or_else(Instant::now);
            let esc_due = Instant::now() + self.esc;
            let step = tokio::select! {
                biased;
                sent = signals.next() => match sent {
                    Sent::End(code) => Step::End(code),
                    Sent::Resume => {
                        guard = None;
                        inputs = self.take_back(&mut guard)?;
                        self.draw()?;
                        Step::Go
                    }
                    Sent::Resized => {
                        self.measure()?;
                        Step::Go
                    }
                },
                input = inputs.next() => self.input(input, &mut inputs, &mut guard)?,
                () = sleep_until(esc_due), if self.repair.holds() => {
                    let held = self.repair.expire();
                    self.inputs(held, &mut inputs, &mut guard)?
                }
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    let effects = self.done(done);
                    self.perform(effects, &mut inputs, &mut guard)?
                }
                batch = next_batch(&mut self.feed.batches) => {
                    self.learn(batch);
                    Step::Go
                }
                () = sleep_until(frame_due), if self.due.is_some() => {
                    self.draw()?;
                    Step::Go
                }
                () = sleep_until(tick), if self.app.ages() => {
                    tick = Instant::now() + TICK;
                    self.tell(Event::Tick(Timestamp::now()));
                    Step::Go
                }
            };
            if let Step::End(code) = step {
                return Ok(code);
            }
        }
    }

    /// Takes what the terminal sent. What waits behind it is taken before the frame is drawn, since the loop looks
    /// for keys first: many keys are one frame.
    fn input(
        &mut self,
        input: Option<io::Result<Input>>,
        inputs: &mut EventStream,
        guard: &mut Option<Guard>,
    ) -> anyhow::Result<Step> {
        let Some(Ok(input)) = input else { return Ok(Step::End(hangup::EXIT as u8)) };
        let events = self.repair.take(input);
        self.inputs(events, inputs, guard)
    }

    fn inputs(
        &mut self,
        events: Vec<Input>,
        inputs: &mut EventStream,
        guard: &mut Option<Guard>,
    ) -> anyhow::Result<Step> {
        for event in events {
            let event = match event {
                Input::Key(key) => Event::Key(key),
                Input::Paste(text) => Event::Paste(text),
                Input::Mouse(mouse) => Event::Mouse(mouse),
                Input::Resize(width, height) => Event::Resize(width, height),
                Input::FocusGained | Input::FocusLost => continue,
            };
            let effects = self.app.update(event);
            self.due = Some(Instant::now());
            if let Step::End(code) = self.perform(effects, inputs, guard)? {
                return Ok(Step::End(code));
            }
        }
        Ok(Step::Go)
    }

    /// Tells the screen something that asks for nothing.
    fn tell(&mut self, event: Event) {
        self.app.update(event);
        self.draw_soon();
    }

    /// Asks for a frame when the pace allows it; one that is due sooner stays so.
    fn draw_soon(&mut self) {
        let paced = self.drawn + self.pace;
        self.due = Some(self.due.map_or(paced, |it| it.min(paced)));
    }

    /// Takes the changes that have come in, and all that wait behind them: a burst is one frame.
    fn learn(&mut self, batch: Option<Batch>) {
        let Some(first) = batch else {
            self.feed.batches = None;
            return self.tell(Event::Connection("reading the cluster has ended (R begins again)".into()));
        };
        self.take_in(first);
        while let Some(more) = self.feed.batches.as_mut().and_then(|it| it.try_recv().ok()) {
            self.take_in(more);
        }
    }

    fn take_in(&mut self, batch: Batch) {
        for health in batch.health {
            let progress = match &health.condition {
                Condition::Listing { read, remaining } => Some(Progress { read: *read, remaining: *remaining }),
                _ => None,
            };
            self.tell(Event::Progress { kind: health.kind, progress });
            let words = match health.condition {
                Condition::Retrying { why, .. } => why,
                _ => String::new(),
            };
            self.tell(Event::Connection(words));
        }
        for notice in batch.notices {
            self.tell(Event::Notice(notice));
        }
        if !batch.deltas.is_empty() {
            self.tell(Event::Deltas(batch.deltas));
            // What went stale is as old as the time that is told with it.
            if self.app.ages() {
                self.tell(Event::Tick(Timestamp::now()));
            }
        }
    }

    /// Takes what a task brought.
    fn done(&mut self, done: Result<Done, tokio::task::JoinError>) -> Vec<Effect> {
        self.draw_soon();
        match done {
            Ok(Done::Event(event)) => return self.app.update(event),
            Ok(Done::Said(number, event)) if number == self.feed.number => return self.app.update(event),
            Ok(Done::Said(..)) => {}
            Ok(Done::Connected(Ok(connected))) => self.connected(*connected),
            Ok(Done::Connected(Err(fault))) => self.tell(Event::Connection(format!("not connected: {fault}"))),
            Ok(Done::Served(Ok((server, client)))) => {
                self.feed.server = Some(server);
                self.follow(client, Vec::new());
            }
            Ok(Done::Served(Err(why))) => self.tell(Event::Connection(why)),
            Err(error) if error.is_panic() => {
                self.tell(Event::Notice("something failed behind the screen; a report was kept".into()));
            }
            Err(_) => {}
        }
        Vec::new()
    }

    fn connected(&mut self, connected: Connected) {
        let contexts = connected.contexts.iter().map(|it| Name::from(it.name.as_str())).collect();
        self.tell(Event::Contexts(contexts));
        self.tell(Event::Connection(String::new()));
        if let Some(warning) = connected.warnings.first() {
            self.tell(Event::Notice(warning.clone()));
        }
        self.follow(connected.client, vec![connected.namespace.as_str().into()]);
    }

    /// Does what the screen wants done.
    fn perform(
        &mut self,
        effects: Vec<Effect>,
        inputs: &mut EventStream,
        guard: &mut Option<Guard>,
    ) -> anyhow::Result<Step> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(Step::End(0)),
                Effect::Suspend => {
                    *guard = None;
                    stop_job()?;
                    *inputs = self.take_back(guard)?;
                }
                Effect::Redraw => self.screen.forget(),
                Effect::Fetch(id) => self.fetch(id),
                Effect::Copy(text) => {
                    self.tasks.spawn(async move { Done::Event(Event::Notice(clipboard::copy(&text).await)) });
                }
                Effect::Dump { text, svg } => {
                    self.tasks.spawn_blocking(move || Done::Event(Event::Notice(dump(&text, &svg))));
                }
                Effect::Mouse(mouse) => guard::capture_mouse(mouse == Mouse::Program)?,
                Effect::Ask(review) => self.ask(review),
                Effect::Resync => self.resync(),
                Effect::Switch(context) => self.switch(context),
            }
            self.draw_soon();
        }
        Ok(Step::Go)
    }

    /// Takes the terminal again after somebody else had it; what waits for keys begins anew, or it would eat theirs.
    fn take_back(&mut self, guard: &mut Option<Guard>) -> anyhow::Result<EventStream> {
        *guard = Some(Guard::enter()?);
        self.screen.forget();
        self.measure()?;
        Ok(EventStream::new())
    }

    /// Takes the terminal's size as it is now.
    fn measure(&mut self) -> anyhow::Result<()> {
        let (width, height) = crossterm::terminal::size()?;
        self.tell(Event::Resize(width, height));
        Ok(())
    }

    fn fetch(&mut self, id: ObjectId) {
        if let Some(documents) = self.feed.documents.clone() {
            self.tasks.spawn_blocking(move || {
                let object = document(&documents, &id);
                Done::Event(Event::Object { id, object })
            });
            return;
        }
        let client = self.feed.client.clone();
        self.tasks.spawn(async move {
            let object = match client {
                Some(client) => {
                    live::object(&client, &id, live::ManagedFields::Kept).await.map_err(|it| it.to_string())
                }
                None => Err("not connected".into()),
            };
            Done::Event(Event::Object { id, object })
        });
    }

    /// Asks what the server serves and of which version it is; one that does not tell is read with Kubernetes' own
    /// names, and what its version decides stays open.
    fn inquire(&mut self) {
        let (Some(client), number) = (self.feed.client.clone(), self.feed.number) else { return };
        let reader = Reader::new(client, Vec::new());
        let other = reader.clone();
        self.tasks.spawn(async move {
            let version = other.server_version().await.as_deref().and_then(Version::parse);
            Done::Said(number, Event::Version(version))
        });
        self.tasks.spawn(async move {
            let event = match reader.served().await {
                Ok(served) => Event::Served(Arc::new(served)),
                Err(fault) => Event::Notice(format!("what the server serves is not known: {fault}")),
            };
            Done::Said(number, event)
        });
    }

    /// Puts a question to the server.
    fn ask(&mut self, review: Review) {
        let (Some(client), number) = (self.feed.client.clone(), self.feed.number) else { return };
        self.tasks.spawn(async move {
            let reply = Reader::new(client, Vec::new()).review(&review).await;
            Done::Said(number, Event::Told { review, reply })
        });
    }

    fn resync(&mut self) {
        self.inquire();
        match (&self.feed.control, self.feed.flags.clone()) {
            (Some(control), _) if self.feed.batches.is_some() => control.resync(),
            (_, Some(flags)) => self.connect(flags),
            _ => {}
        }
    }

    fn switch(&mut self, context: Name) {
        let Some(mut flags) = self.feed.flags.take() else { return };
        self.feed = Feed { number: self.feed.number + 1, ..Feed::default() };
        flags.context = Some(context.to_string());
        self.tell(Event::Switched { context });
        self.connect(flags);
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let (width, height) = self.app.size();
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        self.app.prepare();
        crate::tui::draw(&self.app, area, &mut buffer);
        let took = self.screen.show(buffer)?;
        if took > SLOW {
            self.pace = (self.pace * 2).min(Duration::from_millis(500));
        }
        self.drawn = Instant::now();
        self.due = None;
        Ok(())
    }
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            // SIGCONT has no name in tokio; its number is the same wherever we run but on Alpha and SPARC.
            resume: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            // crossterm listens from its first wait for a key on, which is after the first frame: too late for a
            // terminal that takes its size just then.
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for a signal; one that ends us has the exit code that shells expect.
    async fn next(&mut self) -> Sent {
        tokio::select! {
            _ = self.terminate.recv() => Sent::End(143),
            _ = self.hang_up.recv() => Sent::End(129),
            _ = self.interrupt.recv() => Sent::End(130),
            _ = self.resume.recv() => Sent::Resume,
            _ = self.resize.recv() => Sent::Resized,
        }
    }
}

/// The next changes; never, when there is nothing to follow.
async fn next_batch(batches: &mut Option<mpsc::Receiver<Batch>>) -> Option<Batch> {
    match batches {
        Some(batches) => batches.recv().await,
        None => std::future::pending().await,
    }
}

/// Starts the demo's server and a client of it.
async fn serve(world: &str) -> Result<(embedded::Server, kube::Client), String> {
    let served = embedded::serve_named(world, "127.0.0.1:0", embedded::Settings::default()).await;
    let server = served.map_err(|it| format!("the demo's server did not start: {it}"))?;
    let address = server.url().parse().map_err(|_| "the demo's server has no address".to_owned())?;
    let client = connect::to_address(address).map_err(|it| it.to_string())?;
    Ok((server, client))
}

/// One object as its file has it now.
fn document(documents: &Documents, id: &ObjectId) -> Result<serde_json::Value, String> {
    let text = documents.text(id).ok_or("no file holds it: it is implied by other objects")?;
    let text = text.map_err(|it| it.to_string())?;
    serde_saphyr::from_str(&text).map_err(|it| it.to_string())
}

/// Keeps a screen as text and as a picture, and says where.
fn dump(text: &str, svg: &str) -> String {
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S");
    let kept = state::keep(&format!("screen-{stamp}.txt"), text)
        .and_then(|_| state::keep(&format!("screen-{stamp}.svg"), svg));
    match kept {
        Ok(path) => format!("kept {} and .txt beside it", path.display()),
        Err(error) => format!("not kept: {error}"),
    }
}
