//! The server's dry run of every step, before any is sent.
//!
//! Authorization, admission, validation and its defaults are the server's own word on what would happen. A step that needs
//! what an earlier one creates cannot be tried alone, and is told so.

use super::{Applier, Stopped};
use crate::change::plan::{self, PlanStep, Tried};
use crate::live::write::{DryRun, WriteMethod, WriteOutcome, WriteRefusal, WrittenObject};

/// How a step is written.
pub(super) fn way(step: &PlanStep) -> WriteMethod {
    match step.way {
        plan::WriteWay::Apply => WriteMethod::Apply { force: step.takes_over },
        plan::WriteWay::Replace => WriteMethod::Replace,
        plan::WriteWay::Delete => WriteMethod::Delete,
    }
}

impl Applier {
    /// Lets the server try all steps.
    ///
    /// # Errors
    /// It refuses one, or does not answer.
    pub async fn attempt(&self, steps: Vec<PlanStep>) -> Result<Tried, Stopped> {
        let (mut tried, mut refused) = (Tried::default(), Vec::new());
        let mut hint = String::new();
        for mut step in steps.clone() {
            match self.attempt_one(&mut step).await? {
                Ok(written) => take(&mut tried, step, written),
                Err(refusal) if refusal.status == 404 && steps.iter().any(|it| step.needs(it)) => {
                    let note = "the server cannot try it before what it needs is created";
                    tried.notes.push(format!("{}: {note}", step.id));
                    tried.steps.push(step);
                    tried.predicted.push(None);
                }
                Err(refusal) => {
                    hint = hint_for(&refusal).to_owned();
                    refused.push(format!("{}: {}", step.id, told(&refusal)));
                }
            }
        }
        if refused.is_empty() { Ok(tried) } else { Err(Stopped::No { what: refused, hint }) }
    }

    async fn attempt_one(&self, step: &mut PlanStep) -> Result<Result<WrittenObject, WriteRefusal>, Stopped> {
        loop {
            let sent = self.writer.send(&step.id, &step.object, way(step), DryRun::Yes).await;
            return match sent {
                WriteOutcome::Done(written) => Ok(Ok(written)),
                // What we wrote as a whole is ours to apply, too.
                WriteOutcome::Refused(refusal) if refusal.is_of_our_own() && !step.takes_over => {
                    step.takes_over = true;
                    continue;
                }
                WriteOutcome::Refused(refusal) => Ok(Err(refusal)),
                WriteOutcome::Unsent(fault) | WriteOutcome::Unknown(fault) => Err(Stopped::Failed(fault)),
            };
        }
    }
}

fn take(tried: &mut Tried, step: PlanStep, written: WrittenObject) {
    tried.notes.extend(written.warnings.iter().map(|it| format!("{}: the server warns: {it}", step.id)));
    if step.is_nothing(written.object.as_ref()) {
        return tried.notes.push(format!("{} is so already", step.id));
    }
    tried.steps.push(step);
    tried.predicted.push(written.object);
}

/// Why the server refuses a step, whose fields stand in the way included.
pub(super) fn told(refusal: &WriteRefusal) -> String {
    if refusal.is_conflict_of_managers() {
        let fields: Vec<String> =
            refusal.managers.iter().map(|(manager, field)| format!("{field} is managed by {manager}")).collect();
        return format!("conflict: {}", fields.join(", "));
    }
    if refusal.status == 409 { format!("conflict: {}", refusal.what) } else { refusal.what.clone() }
}

fn hint_for(refusal: &WriteRefusal) -> &'static str {
    match refusal.status {
        409 if refusal.is_conflict_of_managers() => "--force-conflicts takes these fields over",
        409 => "the object was changed meanwhile: try again",
        403 => "kreach rbac --write prints the role that applying needs; nobody may grant what they do not hold",
        429 => "the server asks us to slow down: try again later",
        _ => "nothing was sent: the dry run of all changes must pass first",
    }
}
