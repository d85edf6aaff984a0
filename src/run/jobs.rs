//! Jobs beside the loop: one at a time on a thread of its own, with what they tell on the way.
//!
//! ```text
//! App::begin_job ──spawn──► progress, at most ten times a second ──► Event::Job ◄── the answer
//!                   ▲── told to stop, once the screen waits for another one or for none
//! ```

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use crate::tui::app::Haste;
use crate::tui::event::{Effect, Event};
use crate::tui::job::{Job, Said};

use super::Program;
use super::questions::Done;

/// Work is followed by a rest of so many times as long.
const RESTS: u32 = 9;
/// How often a job tells how far it is.
const TELLS: Duration = Duration::from_millis(100);

/// The job that goes on.
pub(super) struct RunningJob {
    running: Option<(u64, Arc<AtomicBool>)>,
    told: (UnboundedSender<Event>, UnboundedReceiver<Event>),
}

impl Default for RunningJob {
    fn default() -> Self {
        Self { running: None, told: unbounded_channel() }
    }
}

impl RunningJob {
    /// Where what goes on beside the loop tells how far it is.
    pub(super) fn sender(&self) -> UnboundedSender<Event> {
        self.told.0.clone()
    }

    /// What a job tells on its way; it can be dropped at any point.
    pub(super) async fn told(&mut self) -> Option<Event> {
        self.told.1.recv().await
    }
}

impl Program {
    /// When the job that the screen wants is to be begun, if it wants one.
    pub(super) fn job_due(&self) -> Option<Instant> {
        let due = |haste| if haste == Haste::Now { Instant::now() } else { self.rest };
        self.app.wants_job().map(due)
    }

    /// Begins the job that the screen wants.
    pub(super) fn begin_job(&mut self) {
        let Some(job) = self.app.begin_job() else { return };
        self.draw_soon();
        let (number, stop, tell) = (job.number(), Arc::new(AtomicBool::new(false)), self.job.told.0.clone());
        self.job.running = Some((number, stop.clone()));
        self.tasks.spawn_blocking(move || {
            let start = Instant::now();
            let event = caught(job, &mut watch(number, stop, tell));
            Done::Job(event, start.elapsed())
        });
    }

    /// Ends a job that the screen does not wait for any more.
    pub(super) fn end_unwanted_job(&mut self) {
        let waited_for = self.app.running_job();
        if let Some((_, stop)) = self.job.running.take_if(|it| Some(it.0) != waited_for) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    /// Takes what a job came to.
    pub(super) fn job_done(&mut self, event: Event, took: Duration) -> Vec<Effect> {
        self.rest = Instant::now() + took * RESTS;
        self.app.update(event)
    }
}

/// Tells how far a job is, and whether it may go on.
fn watch(number: u64, stop: Arc<AtomicBool>, tell: UnboundedSender<Event>) -> impl FnMut(usize, usize) -> bool {
    let mut last = Instant::now();
    move |done, of| {
        if last.elapsed() >= TELLS {
            last = Instant::now();
            // The loop has ended: nobody waits for the job.
            let _ = tell.send(Event::Job { number, said: Said::Progress(done, of) });
        }
        !stop.load(Ordering::Relaxed)
    }
}

/// What a job comes to: one that panics is told as failed, so that nobody waits for it. Nothing of it is used.
fn caught(job: Job, watch: &mut dyn FnMut(usize, usize) -> bool) -> Event {
    let number = job.number();
    let run = AssertUnwindSafe(|| job.run(watch));
    panic::catch_unwind(run).unwrap_or(Event::Job { number, said: Said::Failed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::job::{Jobs, WantedJob, What, Work};

    fn said(work: Work) -> Said {
        let job = Jobs::default().begin(WantedJob { what: What::Matrix, revision: 0 }, work);
        let Event::Job { said, .. } = caught(job, &mut |_, _| true) else { panic!("a job") };
        said
    }

    #[test]
    fn a_job_that_panics_is_told_as_failed() {
        assert_eq!(said(Box::new(|_| panic!("a defect"))), Said::Failed);
        assert_eq!(said(Box::new(|_| Said::Progress(1, 2))), Said::Progress(1, 2));
    }

    /// It is told to stop, and its thread is not in the way of the next one.
    #[test]
    fn a_job_that_nobody_waits_for_is_told_to_stop() {
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, _told) = unbounded_channel();
        let mut watch = watch(1, stop.clone(), tell);
        assert!(watch(0, 9));
        stop.store(true, Ordering::Relaxed);
        assert!(!watch(1, 9));
    }
}
