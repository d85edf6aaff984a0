//! Taking back what a record says was made: settled first where its answers never came, then as changes like any others.

use tokio::time::Instant;

use super::make::{Keep, LATEST};
use super::{Applier, Log, Stopped};
use crate::change::Change;
use crate::change::plan::undone;
use crate::change::record::{ChangeState, Record};

/// What takes a record back.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Undoing {
    pub changes: Vec<Change>,
    /// What is worth a word: objects that are gone already.
    pub notes: Vec<String>,
}

/// Stands for who took back what was made, where that was not kreach.
const OTHERS: &str = "somebody else";

impl Applier {
    /// What takes a record back: what became of its open steps is found out, and that nothing of it is left is noted.
    ///
    /// # Errors
    /// The record cannot be kept.
    pub async fn take_back(&self, log: &Log, record: &mut Record) -> std::io::Result<Result<Undoing, Stopped>> {
        self.settle_record(record, &mut |it| log.keep(it)).await?;
        let undoing = self.undoing(record).await;
        let is_gone = undoing.as_ref().is_ok_and(|it| it.changes.is_empty()) && record.count(ChangeState::Made) > 0;
        if is_gone {
            record.undone_by = Some(OTHERS.to_owned());
            log.keep(record)?;
        }
        Ok(undoing)
    }

    /// Finds out what became of the steps of a record that ended before its answers came, and keeps that.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn settle_record(&self, record: &mut Record, keep: Keep<'_>) -> std::io::Result<()> {
        if !record.is_open() {
            return Ok(());
        }
        let until = Instant::now() + left(&record.at);
        for kept in &mut record.steps {
            if let (ChangeState::Sending | ChangeState::Unknown, Ok(step)) = (kept.state, kept.step()) {
                self.settle(&step, None, kept, until).await;
            }
        }
        keep(record)
    }

    /// The changes that take back what a record says was made, the last first.
    ///
    /// # Errors
    /// Somebody has changed one of the objects since, or one cannot be read.
    pub async fn undoing(&self, record: &Record) -> Result<Undoing, Stopped> {
        let (mut undoing, mut conflicts) = (Undoing::default(), Vec::new());
        for kept in record.steps.iter().rev() {
            let id = kept.id().map_err(|it| Stopped::no(it.to_string(), ""))?;
            match kept.state {
                ChangeState::Made => {}
                ChangeState::Unknown | ChangeState::Sending => {
                    conflicts.push(format!("{id}: it is not known whether it was changed: {}", kept.why));
                    continue;
                }
                ChangeState::Waiting | ChangeState::Refused => continue,
            }
            let now = self.now(&id).await?;
            match undone(&kept.made(&id), now.as_ref()) {
                Ok(Some(change)) => undoing.changes.push(change),
                Ok(None) => undoing.notes.push(format!("{id} is gone already")),
                Err(conflict) => conflicts.push(format!("{id}: conflict: {}", conflict.what)),
            }
        }
        if conflicts.is_empty() {
            return Ok(undoing);
        }
        let hint = "nothing is taken back: look at the objects, and change them with kreach apply";
        Err(Stopped::No { what: conflicts, hint: hint.to_owned() })
    }
}

/// For how long something that was sent before the program ended may still come.
fn left(at: &str) -> std::time::Duration {
    let began = at.parse::<jiff::Timestamp>().ok();
    let since = began.map(|it| jiff::Timestamp::now().duration_since(it));
    let since = since.and_then(|it| std::time::Duration::try_from(it).ok()).unwrap_or_default();
    LATEST.saturating_sub(since)
}
