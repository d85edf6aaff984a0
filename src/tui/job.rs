//! Work on the whole cluster that takes longer than a key may wait: done beside the loop, on a snapshot.
//!
//! ```text
//! the view that is shown wants it ──► App::begin ──► Job ──run, on a thread──► Event::Job ──► the view
//! ```
//!
//! One at a time: of what is wanted the latest wins, and what nobody looks at any more is ended. What the cluster has
//! left behind meanwhile is shown until it is worked out again; the same question about an older state is let finish,
//! or a cluster that changes all the time would never get an answer.
//!
//! A new sort of work is a row in each of the four lists below, and a file that does it (`mapping.rs`, say).

use std::rc::Rc;
use std::sync::Arc;

use super::applying::{self, Arrival, Attempt, WeighedState};
use super::choking;
use super::event::{Effect, Event};
use super::finding;
use super::impact;
use super::mapping;
use super::matrix;
use super::proposing;
use super::reaching::{self, Answered, ReachAsOf};
use super::state::Answers;
use super::working;
use crate::ask::World;
use crate::ask::escalation::Watch;
use crate::ask::findings::JoinedFindings;
use crate::ask::matrix::Counted;
use crate::change::Change;

/// What is to be worked out, and of which state of the cluster.
#[derive(Clone, PartialEq, Debug)]
pub struct WantedJob {
    pub what: What,
    pub revision: u64,
}

/// The question.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    Matrix,
    Map(mapping::MapOf),
    /// What lists count beside their rows.
    Findings,
    Reach(Box<ReachAsOf>),
    Choke(Box<choking::ChokeAsOf>),
    Fix(Box<proposing::ProposalAsOf>),
    Page(Box<working::QuestionAsOf>),
    /// The cluster as it is against the same with these changes made.
    Impact(Vec<Change>),
    /// What somebody comes to reach by them.
    Gained(Vec<Change>),
    /// What changes that the server takes come to.
    Weigh(Arc<Attempt>),
    /// What the cluster came to, against what was predicted.
    Arrived(Rc<WeighedState>),
}

impl What {
    /// What answers it from the world that is shown, on a copy of it; `base` is the cluster as it is.
    pub fn work(&self, world: &World, base: &World) -> Work {
        match self {
            What::Impact(changes) => impact::work(base, changes.clone()),
            What::Gained(changes) => impact::work_out_reach(base, changes.clone()),
            What::Weigh(attempt) => applying::weighing(base, attempt.clone()),
            What::Arrived(predicted) => applying::arriving(base, predicted),
            What::Matrix => matrix::work(world),
            What::Map(of) => mapping::work(world, of.clone()),
            What::Findings => finding::work(world),
            What::Choke(as_of) => choking::work(world, (**as_of).clone()),
            What::Fix(as_of) => proposing::work(world, (**as_of).clone()),
            What::Page(as_of) => working::work(world, (**as_of).clone()),
            What::Reach(as_of) => reaching::work(world, (**as_of).clone()),
        }
    }
}

/// Does the work; it tells how far it is, and stops where it is told to.
pub type Work = Box<dyn FnOnce(Watch<'_>) -> Said + Send>;

/// One piece of work.
pub struct Job {
    number: u64,
    work: Work,
}

/// What is said of a piece of work.
#[derive(Clone, PartialEq, Debug)]
pub enum Said {
    /// So much is done, of so much.
    Progress(usize, usize),
    Matrix(Arc<Counted>),
    Map(Arc<mapping::MapRowsOf>),
    Findings(Arc<JoinedFindings>),
    Reach(Arc<Answered>),
    Choke(Arc<choking::Cutting>),
    Fix(Arc<proposing::Proposed>),
    Page(Arc<working::Worked>),
    Impact(Arc<impact::ImpactAsOf>),
    Gained(Arc<impact::Gained>),
    Weighed(Box<WeighedState>),
    Arrived(Arc<Arrival>),
    /// It will not come.
    Failed,
}

impl Said {
    /// Keeps what was worked out where its view looks for it; what is to be done before there is more.
    pub fn keep(self, answers: &mut Answers) -> Option<Effect> {
        match self {
            Said::Matrix(counted) => answers.matrix.take(counted),
            Said::Map(rows) => answers.mapping.take(rows),
            Said::Reach(answered) => answers.reaching.take(answered),
            Said::Choke(cutting) => answers.choking.take(cutting),
            Said::Fix(proposed) => return answers.proposing.take(proposed),
            Said::Page(worked) => answers.working.take(worked),
            Said::Impact(compared) => answers.impact.take(compared),
            Said::Gained(gained) => answers.impact.take_gained(gained),
            Said::Findings(_) | Said::Weighed(_) | Said::Arrived(_) | Said::Progress(..) | Said::Failed => {}
        }
        None
    }
}

impl Job {
    /// Tells it from others.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Does the work; this may take long.
    pub fn run(self, watch: Watch<'_>) -> Event {
        Event::Job { number: self.number, said: (self.work)(watch) }
    }
}

/// What goes on beside the screen.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Jobs {
    last: u64,
    running: Option<(u64, WantedJob)>,
    progress: Option<(usize, usize)>,
    failed: Option<WantedJob>,
}

/// How it is with what a view wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobState {
    Idle,
    /// Being worked out; how far, where that is known.
    Running(Option<(usize, usize)>),
    Failed,
}

impl JobState {
    /// What stands in the place of an answer that is not there.
    pub fn waiting(self) -> &'static str {
        match self {
            JobState::Failed => "this failed; a report was kept",
            JobState::Idle | JobState::Running(_) => "computing; Esc leaves it",
        }
    }

    /// What is said of it behind a title.
    pub fn words(self) -> String {
        match self {
            JobState::Idle => String::new(),
            JobState::Failed => ": this failed".to_owned(),
            JobState::Running(None) => ": computing".to_owned(),
            JobState::Running(Some((done, of))) => format!(": computing {done} of {of}"),
        }
    }
}

impl Jobs {
    /// Whether this is to be begun.
    pub fn lacks(&self, wanted: &WantedJob) -> bool {
        let runs = self.running.as_ref().is_some_and(|it| it.1.what == wanted.what);
        !runs && self.failed.as_ref() != Some(wanted)
    }

    /// Begins it, in place of what goes on.
    pub fn begin(&mut self, wanted: WantedJob, work: Work) -> Job {
        self.last += 1;
        (self.running, self.progress) = (Some((self.last, wanted)), None);
        Job { number: self.last, work }
    }

    /// The number of what goes on: any other is to be ended.
    pub fn running(&self) -> Option<u64> {
        self.running.as_ref().map(|it| it.0)
    }

    /// Takes in what is said of a job; what is said of one that is not wanted any more is nothing.
    pub fn hear(&mut self, number: u64, said: Said) -> Option<Said> {
        if self.running() != Some(number) {
            return None;
        }
        if let Said::Progress(done, of) = said {
            self.progress = Some((done, of));
            return None;
        }
        let (_, wanted) = self.running.take()?;
        self.failed = (said == Said::Failed).then_some(wanted);
        Some(said)
    }

    /// Forgets what goes on, unless it is this.
    pub fn keep(&mut self, what: Option<&What>) {
        if self.running.as_ref().is_some_and(|it| Some(&it.1.what) != what) {
            self.running = None;
        }
    }

    /// The same without anything that goes on; numbers are not given twice.
    pub fn ended(&self) -> Self {
        Self { last: self.last, ..Self::default() }
    }

    /// How it is with what is wanted.
    pub fn state(&self) -> JobState {
        match (&self.running, &self.failed) {
            (Some(_), _) => JobState::Running(self.progress),
            (None, Some(_)) => JobState::Failed,
            (None, None) => JobState::Idle,
        }
    }
}
