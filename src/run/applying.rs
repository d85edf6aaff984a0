//! Applying on the screen: the server's dry run, what is sent, and what was applied, each beside the loop.
//!
//! ```text
//! Effect::Try ──plan, dry run──► Event::Tried        Effect::Make ──step by step──► Event::Making … Event::Applied
//! ```
//!
//! What is sent goes on where the screen goes to another cluster or ends: its record tells what became of it.

use tokio::sync::mpsc::UnboundedSender;

use crate::apply::{Applier, Log, Stopped};
use crate::change::Change;
use crate::change::plan::TakeOver;
use crate::change::record::{Record, State, Told, meant};
use crate::tui::applying::{Attempt, Order};
use crate::tui::event::Event;

use super::Program;
use super::questions::Done;

impl Program {
    fn applier(&self) -> Option<Applier> {
        let (client, writer) = (self.feed.client.clone()?, self.feed.writer.clone()?);
        Some(Applier { client, writer })
    }

    /// Lets the server try changes.
    pub(super) fn attempt(&mut self, number: u64, changes: Vec<Change>, origin: Vec<String>) {
        let (applier, server) = (self.applier(), self.feed.number);
        self.tasks.spawn(async move {
            let attempt = match applier {
                Some(applier) => attempt(&applier, changes, origin, None, Vec::new()).await,
                None => Err(vec!["there is no connection that writes".to_owned()]),
            };
            Done::Said(server, Event::Tried { number, attempt })
        });
    }

    /// The same for what takes back what was applied.
    pub(super) fn attempt_undo(&mut self, number: u64, id: Option<String>) {
        let (applier, server, address) = (self.applier(), self.feed.number, self.feed.address.clone());
        self.tasks.spawn(async move {
            let attempt = match applier {
                Some(applier) => attempt_undo(&applier, &address, id).await,
                None => Err(vec!["there is no connection that writes".to_owned()]),
            };
            Done::Said(server, Event::Tried { number, attempt })
        });
    }

    /// Applies what was tried and confirmed.
    pub(super) fn make(&mut self, order: Order) {
        let Some(applier) = self.applier() else { return };
        let (context, server) = (self.app.title(), self.feed.address.clone());
        let told = Told {
            at: Log::now(),
            context,
            server,
            user: order.user.clone(),
            origin: order.attempt.origin.clone(),
            impact: order.impact.clone(),
            overridden: order.overridden.clone(),
            undoes: order.attempt.undoes.clone(),
        };
        let (number, tell) = (self.feed.number, self.told.0.clone());
        self.tasks.spawn(async move { Done::Said(number, Event::Applied(make(&applier, &order, told, tell).await)) });
    }
}

async fn attempt(
    applier: &Applier,
    changes: Vec<Change>,
    origin: Vec<String>,
    undoes: Option<String>,
    notes: Vec<String>,
) -> Result<Box<Attempt>, Vec<String>> {
    let steps = applier.plan(changes, TakeOver::Never).await.map_err(lines)?;
    let mut tried = applier.attempt(steps).await.map_err(lines)?;
    tried.notes.splice(0..0, notes);
    Ok(Box::new(Attempt { tried, origin, undoes }))
}

async fn attempt_undo(applier: &Applier, server: &str, id: Option<String>) -> Result<Box<Attempt>, Vec<String>> {
    let log = Log::open().map_err(|it| vec![it.to_string()])?;
    let (mut records, _) = Log::all(server).map_err(|it| vec![it.to_string()])?;
    let id = meant(&records, id.as_deref()).map(|it| it.id.clone());
    let id = id.ok_or_else(|| vec!["nothing is left to undo".to_owned()])?;
    let Some(record) = records.iter_mut().find(|it| it.id == id) else { return Err(Vec::new()) };
    applier.settle_record(record, &mut |it| log.keep(it)).await.map_err(|it| vec![it.to_string()])?;
    let undoing = applier.undoing(record).await.map_err(lines)?;
    if undoing.changes.is_empty() {
        record.undone_by = Some("somebody else".to_owned());
        log.keep(record).map_err(|it| vec![it.to_string()])?;
        return Err(undoing.notes);
    }
    attempt(applier, undoing.changes, vec![format!("undo of {id}")], Some(id), undoing.notes).await
}

fn lines(stopped: Stopped) -> Vec<String> {
    match stopped {
        Stopped::No { mut what, hint } => {
            what.extend((!hint.is_empty()).then_some(hint));
            what
        }
        Stopped::Failed(fault) => vec![fault.what],
    }
}

async fn make(
    applier: &Applier,
    order: &Order,
    told: Told,
    tell: UnboundedSender<Event>,
) -> Result<Box<Record>, String> {
    let log = Log::open().map_err(|it| it.to_string())?;
    let server = told.server.clone();
    let mut record = Record::new(Log::new_id(), told, &order.attempt.tried.steps);
    let kept = applier
        .make(&order.attempt.tried, &mut record, &mut |it| {
            // Where the screen has gone nobody listens; the record is kept all the same.
            let _ = tell.send(Event::Making(Box::new(it.clone())));
            log.keep(it)
        })
        .await;
    if let Some(of) = record.undoes.as_deref().filter(|_| record.count(State::Made) == record.steps.len())
        && let Ok((records, _)) = Log::all(&server)
        && let Some(mut before) = records.into_iter().find(|it| it.id == of)
    {
        before.undone_by = Some(record.id.clone());
        log.keep(&before).map_err(|it| format!("what was undone cannot be noted: {it}"))?;
    }
    match kept {
        Ok(()) => Ok(Box::new(record)),
        Err(error) if record.count(State::Waiting) == record.steps.len() => {
            Err(format!("the record of what is applied cannot be kept: {error}"))
        }
        Err(_) => Ok(Box::new(record)),
    }
}
