//! Makes the steps, one after the other: recorded before each is sent, and after its answer.
//!
//! ```text
//! sending, on disk ──send──► made ──► the next
//!                      ├───► refused: stop
//!                      └───► lost ──read back, until the server must have given up──► made | refused | unknown: stop
//! ```

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::attempt::{told, way};
use super::{Applier, Log};
use crate::change::Op;
use crate::change::plan::{PlanStep, Settled, Tried};
use crate::change::record::{ChangeState, Record, RecordedChange};
use crate::live::write::{DryRun, WriteOutcome, WrittenObject};

/// For how long what was sent may still come: the server was told to give up before that.
pub(super) const LATEST: Duration = Duration::from_secs(25);
/// How long is waited between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Keeps a state of a record, whole or not at all; what it was before stays where it cannot.
pub type Keep<'a> = &'a mut (dyn FnMut(&Record) -> std::io::Result<()> + Send);

impl Applier {
    /// Makes all steps of a record that wait, as far as they go; `keep` puts each state of it on disk.
    ///
    /// # Errors
    /// The record cannot be kept: nothing is sent that is not recorded.
    pub async fn make(&self, tried: &Tried, record: &mut Record, keep: Keep<'_>) -> std::io::Result<()> {
        keep(record)?;
        for (at, step) in tried.steps.iter().enumerate() {
            record.steps[at].state = ChangeState::Sending;
            record.at = Log::now();
            keep(record)?;
            let predicted = tried.predicted.get(at).and_then(Option::as_ref);
            self.make_one(step, predicted, &mut record.steps[at]).await;
            keep(record)?;
            if record.steps[at].state != ChangeState::Made {
                break;
            }
        }
        Ok(())
    }

    async fn make_one(&self, step: &PlanStep, predicted: Option<&Value>, kept: &mut RecordedChange) {
        match self.writer.send(&step.id, &step.object, way(step), DryRun::No).await {
            WriteOutcome::Done(written) => made(step, written, kept),
            WriteOutcome::Refused(refusal) => kept.end(ChangeState::Refused, told(&refusal)),
            WriteOutcome::Unsent(fault) => kept.end(ChangeState::Refused, format!("it was not sent: {fault}")),
            WriteOutcome::Unknown(fault) => {
                self.settle(step, predicted, kept, Instant::now() + LATEST).await;
                if kept.state != ChangeState::Made {
                    kept.why = format!("{fault}; {}", kept.why);
                }
            }
        }
    }

    /// Finds out what became of a step whose answer was lost.
    pub(super) async fn settle(
        &self,
        step: &PlanStep,
        predicted: Option<&Value>,
        kept: &mut RecordedChange,
        until: Instant,
    ) {
        loop {
            let is_late = Instant::now() >= until;
            match self.now(&step.id).await {
                Ok(now) => match step.settled(predicted, now.as_ref()) {
                    Settled::Made => {
                        kept.after = now.unwrap_or_default();
                        return kept.end(ChangeState::Made, "read back after the answer was lost".to_owned());
                    }
                    Settled::Otherwise(by) => {
                        return kept.end(ChangeState::Unknown, format!("it was changed{by} at the same time"));
                    }
                    Settled::NotYet if is_late => {
                        return kept.end(ChangeState::Refused, "it did not happen: the object is as it was".to_owned());
                    }
                    Settled::NotYet => {}
                },
                Err(fault) if is_late => {
                    return kept.end(ChangeState::Unknown, format!("it cannot be read back: {fault}"));
                }
                Err(_) => {}
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn made(step: &PlanStep, written: WrittenObject, kept: &mut RecordedChange) {
    if step.op == Op::Create && !written.is_new {
        // Whose object it is now cannot be told apart, so that undo leaves it alone.
        return kept.end(
            ChangeState::Made,
            "somebody else created it at the same time; what was applied is part of it".into(),
        );
    }
    kept.after = written.object.unwrap_or_default();
    kept.end(ChangeState::Made, String::new());
}

impl RecordedChange {
    fn end(&mut self, state: ChangeState, why: String) {
        (self.state, self.why) = (state, why);
    }
}
