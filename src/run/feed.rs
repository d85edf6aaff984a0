//! Where the cluster comes from while the screen is open: connecting, following, leaving it for another one, and
//! what comes of it.
//!
//! What is asked of the server beside that is not here; see `questions`.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::apply::is_production;
use crate::ask::{Fault, FaultKind};
use crate::embedded;
use crate::live::connect::{self, Connected, Credentials, Flags, Selection, Surroundings};
use crate::live::files::SourceTexts as Documents;
use crate::live::write::Writer;
use crate::live::{self, Batch, Condition, Control, SessionKinds};
use crate::model::name::Name;
use crate::rbac::review::Review;
use crate::tui::event::{Effect, Event, Progress};

use super::questions::Done;
use super::start::ClusterSource;
use super::{Program, SLICE};

/// What the cluster's changes come from.
#[derive(Default)]
pub(super) struct Feed {
    pub(super) client: Option<kube::Client>,
    /// Only with `--write`.
    pub(super) writer: Option<Writer>,
    /// The server's address, by which records are told apart.
    pub(super) address: String,
    pub(super) batches: Option<mpsc::Receiver<Batch>>,
    control: Option<Control>,
    credentials: Option<Credentials>,
    /// The demo's server lives as long as this.
    pub(super) server: Option<embedded::Server>,
    pub(super) documents: Option<Arc<Documents>>,
    /// What of them could not be read.
    pub(super) not_read: Vec<String>,
    flags: Option<Box<Flags>>,
    /// How many servers were left before this one.
    pub(super) number: u64,
}

impl Program {
    /// Starts to read the cluster: of a server the one that was selected.
    pub(super) fn open(&mut self, source: ClusterSource, selected: Option<Box<Selection>>) {
        match source {
            ClusterSource::Live(flags) => self.connect(flags, selected),
            ClusterSource::Files { documents, served, not_read, .. } => {
                (self.feed.documents, self.feed.not_read) = (Some(Arc::new(documents)), not_read);
                self.tell(Event::Served(served));
                // Of two folders each may hold files of the same name.
                let title = self.app.title();
                let whole = std::path::absolute(&title).map_or(title, |it| it.display().to_string());
                self.begin_stage(&whole);
            }
            ClusterSource::Demo(world) => {
                let writes = self.writes;
                self.tasks.spawn(async move { Done::Served(serve(&world, writes).await) });
            }
        }
    }

    pub(super) fn connected(&mut self, connected: Connected) {
        let contexts = connected.contexts.iter().map(|it| Name::from(it.name.as_str())).collect();
        self.tell(Event::Contexts(contexts));
        self.tell(Event::Connection(String::new()));
        self.tell(Event::Insecure(connected.insecure));
        if let Some(warning) = connected.warnings.first() {
            self.tell(Event::Notice(warning.clone()));
        }
        let production = connected.production || is_production(&connected.context, &self.production);
        self.tell(Event::Writing { writes: connected.writer.is_some(), production });
        self.feed.credentials = connected.credentials;
        (self.feed.writer, self.feed.address) = (connected.writer, connected.server.clone());
        self.follow(connected.client, vec![connected.namespace.as_str().into()]);
        self.begin_stage(&connected.server);
    }

    /// Reads everything again, with the credentials that the kubeconfig gives by now.
    pub(super) fn resync(&mut self) {
        match (self.feed.credentials.clone(), self.feed.number) {
            (Some(credentials), number) => {
                self.tasks.spawn(async move {
                    credentials.renew().await;
                    Done::Renewed(number)
                });
            }
            (None, number) => self.read_again(number),
        }
    }

    /// Reads everything again, unless the server was left meanwhile.
    pub(super) fn read_again(&mut self, number: u64) {
        if number != self.feed.number {
            return;
        }
        self.inquire();
        match (&self.feed.control, self.feed.flags.clone()) {
            (Some(control), _) if self.feed.batches.is_some() => control.resync(),
            (_, Some(flags)) => self.connect(flags, None),
            _ => {}
        }
    }

    /// The machine has slept: what was live is as of before, and is asked for at once.
    pub(super) fn woke(&mut self) {
        self.feed.control.iter().for_each(Control::woke);
        if self.app.ages() {
            self.tell(Event::Tick(Timestamp::now()));
        }
    }

    pub(super) fn switch(&mut self, context: Name) {
        let Some(mut flags) = self.feed.flags.take() else { return };
        self.feed = Feed { number: self.feed.number + 1, ..Feed::default() };
        flags.context = Some(context.to_string());
        self.leave_stage();
        self.tell(Event::Switched { context });
        self.connect(flags, None);
    }

    /// Takes the changes that have come in, and those that wait behind them as far as they fit in a slice: a burst
    /// is one frame, and a list that comes faster than it is taken in keeps no key waiting.
    pub(super) fn learn(&mut self, batch: Option<Batch>) -> Vec<Effect> {
        let Some(first) = batch else {
            self.feed.batches = None;
            self.tell(Event::Connection("reading the cluster has ended (R begins again)".into()));
            return Vec::new();
        };
        let until = Instant::now() + SLICE;
        let mut effects = self.take_in(first);
        while Instant::now() < until {
            let Some(more) = self.feed.batches.as_mut().and_then(|it| it.try_recv().ok()) else { break };
            effects.extend(self.take_in(more));
        }
        effects
    }

    /// Connects to what was selected; else the kubeconfig is read, as it is by now.
    fn connect(&mut self, flags: Box<Flags>, selected: Option<Box<Selection>>) {
        self.feed.flags = Some(flags.clone());
        self.tasks.spawn(async move {
            let connected = match selected {
                Some(it) => connect::connect_to(*it, &flags, &Surroundings::of_process()).await,
                None => connect::connect(&flags).await,
            };
            Done::Connected(connected.map(Box::new))
        });
    }

    /// Follows the cluster behind a client.
    pub(super) fn follow(&mut self, client: kube::Client, namespaces: Vec<Name>) {
        let namespace = namespaces.first().cloned();
        let (batches, control) = live::start(client.clone(), SessionKinds::everything(namespaces));
        self.feed.client = Some(client);
        self.inquire();
        let own = namespace.unwrap_or_else(|| "default".into());
        [Review::Own, Review::OwnRules(own)].into_iter().for_each(|it| self.ask(it));
        self.feed.batches = Some(batches);
        self.feed.control = Some(control);
    }

    fn take_in(&mut self, batch: Batch) -> Vec<Effect> {
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
        if batch.deltas.is_empty() {
            return Vec::new();
        }
        let effects = self.app.update(Event::Deltas(batch.deltas));
        self.draw_soon();
        // What went stale is as old as the time that is told with it.
        if self.app.ages() {
            self.tell(Event::Tick(Timestamp::now()));
        }
        effects
    }
}

/// The next changes; never, when there is nothing to follow.
pub(super) async fn next_batch(batches: &mut Option<mpsc::Receiver<Batch>>) -> Option<Batch> {
    match batches {
        Some(batches) => batches.recv().await,
        None => std::future::pending().await,
    }
}

/// The demo, served.
pub(super) struct ServedDemo {
    pub(super) server: embedded::Server,
    pub(super) client: kube::Client,
    pub(super) writer: Option<Writer>,
}

/// Starts the demo's server and a client of it; with `--write` one more that writes.
async fn serve(world: &str, writes: bool) -> Result<ServedDemo, Fault> {
    let fault = |what: String| Fault::of(FaultKind::System, what);
    let settings = if writes { embedded::ServeSettings::writable() } else { embedded::ServeSettings::default() };
    let served = embedded::serve_named(world, "127.0.0.1:0", settings).await;
    let server = served.map_err(|it| fault(format!("the demo's server did not start: {it}")))?;
    let address: http::Uri = server.url().parse().map_err(|_| fault("the demo's server has no address".to_owned()))?;
    let writer = writes.then(|| connect::writer_to_address(address.clone()));
    let writer = writer.transpose()?;
    let client = connect::to_address(address)?;
    Ok(ServedDemo { server, client, writer })
}
