//! Applying on the screen: the server's dry run, what is sent, and what was applied, each beside the loop.
//!
//! ```text
//! Effect::Try ──plan, dry run──► Event::Tried        Effect::Make ──step by step──► Event::Making … Event::Applied
//! ```
//!
//! What is sent goes on where the screen goes to another cluster or ends: its record tells what became of it.

use tokio::sync::mpsc::UnboundedSender;

use crate::apply::{Applier, Log, Stopped};
use crate::ask::{Fault, FaultKind};
use crate::change::Change;
use crate::change::plan::TakeOver;
use crate::change::record::{AppliedBy, ChangeState, Record, meant};
use crate::tui::applying::{ApplyOrder, Attempt, Sent};
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
    pub(super) fn attempt_undo(&mut self, number: u64) {
        let (applier, server, address) = (self.applier(), self.feed.number, self.feed.address.clone());
        self.tasks.spawn(async move {
            let attempt = match applier {
                Some(applier) => attempt_undo(&applier, &address).await,
                None => Err(vec!["there is no connection that writes".to_owned()]),
            };
            Done::Said(server, Event::Tried { number, attempt })
        });
    }

    /// Applies what was tried and confirmed.
    pub(super) fn make(&mut self, order: ApplyOrder) {
        let Some(applier) = self.applier() else { return };
        let (context, server) = (self.app.title(), self.feed.address.clone());
        let told = AppliedBy {
            at: Log::now(),
            context,
            server,
            user: order.user.clone(),
            origin: order.attempt.origin.clone(),
            impact: order.impact.clone(),
            overridden: order.overridden.clone(),
            undoes: order.attempt.undoes.clone(),
        };
        let (number, tell) = (self.feed.number, self.job.sender());
        self.tasks.spawn(async move {
            Done::Said(number, Event::Applied(make(&applier, &order, told, tell).await.map(Box::new)))
        });
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

async fn attempt_undo(applier: &Applier, server: &str) -> Result<Box<Attempt>, Vec<String>> {
    let log = Log::open().map_err(|it| vec![it.to_string()])?;
    let (records, _) = Log::all(server).map_err(|it| vec![it.to_string()])?;
    let mut record = meant(records, None).ok_or_else(|| vec!["nothing is left to undo".to_owned()])?;
    let undoing = applier.take_back(&log, &mut record).await.map_err(|it| vec![it.to_string()])?.map_err(lines)?;
    if undoing.changes.is_empty() {
        return Err(undoing.notes);
    }
    attempt(applier, undoing.changes, vec![format!("undo of {}", record.id)], Some(record.id), undoing.notes).await
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
    order: &ApplyOrder,
    told: AppliedBy,
    tell: UnboundedSender<Event>,
) -> Result<Sent, Fault> {
    let log = Log::open().map_err(|it| Fault::of(FaultKind::Output, it.to_string()))?;
    let mut record = Record::new(Log::new_id(), told, &order.attempt.tried.steps);
    let kept = applier
        .make(&order.attempt.tried, &mut record, &mut |it| {
            // Where the screen has gone nobody listens; the record is kept all the same.
            let _ = tell.send(Event::Making(Box::new(it.clone())));
            log.keep(it)
        })
        .await;
    let noted = log.note_undone(&record);
    let unkept = kept.and(noted).err().map(|it| format!("the record of what is applied cannot be kept: {it}"));
    match unkept {
        Some(why) if record.count(ChangeState::Waiting) == record.steps.len() => Err(Fault::of(FaultKind::Output, why)),
        unkept => Ok(Sent { record, unkept }),
    }
}
