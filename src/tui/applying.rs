//! Applying what is staged, and taking back what was applied: tried, weighed, confirmed by typing, sent, watched.
//!
//! ```text
//! A ──Effect::Try──► Event::Tried ──a job──► weighed: impact, guards ──typed──► Effect::Make ──► Event::Making … Applied
//! U ──Effect::TryUndo──► the same                                              ──► what the cluster came to, as it comes
//! ```
//!
//! What was confirmed holds of the cluster as it is: where it changes meanwhile the changes are weighed again, and what is
//! not the same any more must be confirmed anew. A paste confirms nothing.

mod shown;

use std::rc::Rc;
use std::sync::Arc;

pub use shown::page;

use super::app::{App, Shown, Typing};
use super::event::Effect;
use super::field::Field;
use super::job::{Said, What, Work};
use super::staging;
use super::status::Origin;
use crate::ask::apply::{Weighed, arrived, operator, unready, weigh};
use crate::ask::{Fault, World};
use crate::change::plan::Tried;
use crate::change::record::{ChangeState, Record};
use crate::text::Page;

/// What is applied now, or was last.
#[derive(Default)]
pub struct Applying {
    phase: ApplyPhase,
    /// Told apart from what was asked for before.
    number: u64,
}

#[derive(Default)]
enum ApplyPhase {
    #[default]
    Idle,
    /// The server tries it.
    Trying,
    /// It cannot be applied: why.
    Stopped(Vec<String>),
    /// The server takes it.
    Tried { attempt: Arc<Attempt>, weighed: Option<Rc<WeighedState>>, confirmed: Confirmed },
    /// It is being sent.
    Making { record: Box<Record>, predicted: Rc<WeighedState> },
    /// It was sent.
    Applied { sent: Box<Sent>, predicted: Rc<WeighedState>, arrival: Option<Arc<Arrival>> },
}

/// What was typed so far.
#[derive(Default)]
struct Confirmed {
    /// Guards.
    overridden: Vec<String>,
    /// The name of the context, where it is production.
    context: bool,
}

/// What the server takes.
#[derive(Clone, PartialEq, Debug)]
pub struct Attempt {
    pub tried: Tried,
    /// What the changes come from.
    pub origin: Vec<String>,
    /// The record that they undo.
    pub undoes: Option<String>,
}

/// Changes weighed on one state of the cluster.
#[derive(Clone)]
pub struct WeighedState {
    attempt: Arc<Attempt>,
    revision: u64,
    weighed: Weighed,
}

impl PartialEq for WeighedState {
    fn eq(&self, other: &Self) -> bool {
        self.attempt == other.attempt && self.revision == other.revision && self.weighed.is_same(&other.weighed)
    }
}

impl std::fmt::Debug for WeighedState {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reading at {} of {:?}", self.revision, self.attempt.origin)
    }
}

/// What the cluster came to, as of one state of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Arrival {
    revision: u64,
    page: Page,
}

/// All that is to be sent and remembered.
#[derive(Clone, PartialEq, Debug)]
pub struct ApplyOrder {
    pub attempt: Attempt,
    pub impact: String,
    pub overridden: Vec<String>,
    pub user: String,
}

/// What came of what was sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Sent {
    pub record: Record,
    /// Why what became of it cannot be remembered.
    pub unkept: Option<String>,
}

/// Why nothing can be applied here.
pub fn unable(app: &App) -> Option<&'static str> {
    if app.setup.origin == Origin::Files {
        return Some("these are files (E exports what is staged)");
    }
    if !app.session.writes {
        return Some("this needs --write: start kreach with it, or export what is staged (E)");
    }
    if app.session.behind.is_some() {
        return Some("the screen is paused (p resumes)");
    }
    matches!(app.applying.phase, ApplyPhase::Making { .. }).then_some("changes are being applied")
}

/// Why what is staged cannot be applied.
pub fn nothing(app: &App) -> Option<&'static str> {
    unable(app).or_else(|| staging::nothing(app))
}

/// Tries what is staged.
pub fn apply(app: &mut App) -> Vec<Effect> {
    if let Some(why) = unready(&app.base().cluster) {
        app.say(format!("apply: {why}: nothing is applied on what is not live"));
        return Vec::new();
    }
    let conflict = app.staging.clashes.iter().find(|it| it.1.is_conflict());
    if let Some((id, clash)) = conflict {
        app.say(format!("apply: {id}: {} (d takes it back)", clash.words()));
        return Vec::new();
    }
    let changes = app.staging.stage.changes();
    let mut origin: Vec<String> = app.staging.stage.items().iter().map(|it| it.origin().to_owned()).collect();
    origin.dedup();
    begin(app, |number| Effect::Try { number, changes, origin })
}

/// Tries to take back what was applied last.
pub fn undo(app: &mut App) -> Vec<Effect> {
    if let Some(why) = unready(&app.base().cluster) {
        app.say(format!("undo: {why}: nothing is changed on what is not live"));
        return Vec::new();
    }
    begin(app, |number| Effect::TryUndo { number })
}

fn begin(app: &mut App, effect: impl FnOnce(u64) -> Effect) -> Vec<Effect> {
    app.applying.number += 1;
    app.applying.phase = ApplyPhase::Trying;
    app.open(Shown::Applying);
    app.reanswer();
    vec![effect(app.applying.number)]
}

/// Takes in what the server says of all changes.
pub fn tried(app: &mut App, number: u64, attempt: Result<Box<Attempt>, Vec<String>>) {
    if number != app.applying.number || !matches!(app.applying.phase, ApplyPhase::Trying) {
        return;
    }
    app.applying.phase = match attempt {
        Ok(attempt) if attempt.tried.steps.is_empty() => {
            let mut notes = vec!["nothing is to be changed: the cluster is so already".to_owned()];
            notes.extend(attempt.tried.notes);
            ApplyPhase::Stopped(notes)
        }
        Ok(attempt) => {
            ApplyPhase::Tried { attempt: Arc::from(attempt), weighed: None, confirmed: Confirmed::default() }
        }
        Err(why) => ApplyPhase::Stopped(why),
    };
    app.reanswer();
}

/// What is to be worked out for the view, on the cluster as it is.
pub fn wanted(app: &App) -> Option<What> {
    let revision = app.base().revision();
    match &app.applying.phase {
        ApplyPhase::Tried { attempt, weighed, .. } => {
            let is_now = weighed.as_ref().is_some_and(|it| it.revision == revision);
            (!is_now).then(|| What::Weigh(attempt.clone()))
        }
        // What was predicted is of all changes: of a part of them it says nothing.
        ApplyPhase::Applied { sent, predicted, arrival } if sent.record.is_made() => {
            let is_now = arrival.as_ref().is_some_and(|it| it.revision == revision);
            (!is_now).then(|| What::Arrived(predicted.clone()))
        }
        _ => None,
    }
}

/// The work that weighs changes on a copy of the cluster.
pub fn weighing(base: &World, attempt: Arc<Attempt>) -> Work {
    let (base, revision) = (base.clone(), base.revision());
    Box::new(move |_| match weigh(&base, attempt.tried.changes()) {
        Ok(mut weighed) => {
            weighed.notes.splice(0..0, attempt.tried.notes.iter().cloned());
            Said::Weighed(Box::new(WeighedState { attempt, revision, weighed }))
        }
        Err(_) => Said::Failed,
    })
}

/// The work that compares the cluster with what was predicted.
pub fn arriving(base: &World, predicted: &WeighedState) -> Work {
    let (base, revision) = (base.clone(), base.revision());
    let predicted = predicted.weighed.clone();
    Box::new(move |_| {
        let page = arrived(&predicted, &base).1;
        Said::Arrived(Arc::new(Arrival { revision, page }))
    })
}

impl Applying {
    /// Takes in what changes come to on the cluster as it is; whether that is another impact than was shown.
    fn weighed(&mut self, reading: Box<WeighedState>) -> bool {
        let ApplyPhase::Tried { attempt, weighed, confirmed } = &mut self.phase else { return false };
        if !Arc::ptr_eq(attempt, &reading.attempt) {
            return false;
        }
        let is_other = weighed.as_ref().is_some_and(|it| !it.weighed.is_same(&reading.weighed));
        if is_other {
            *confirmed = Confirmed::default();
        }
        *weighed = Some(Rc::from(reading));
        is_other
    }

    /// Takes in what the cluster came to.
    pub fn arrived(&mut self, new: Arc<Arrival>) {
        if let ApplyPhase::Applied { arrival, .. } = &mut self.phase {
            *arrival = Some(new);
        }
    }

    /// Whether something is shown while more is worked out.
    pub fn has_something(&self) -> bool {
        !matches!(&self.phase, ApplyPhase::Tried { weighed: None, .. })
    }
}

/// Takes in what changes come to; what was being confirmed of another impact is not confirmed.
pub fn weighed(app: &mut App, reading: Box<WeighedState>) {
    if app.applying.weighed(reading) && matches!(app.input.typing, Some(Typing::Confirm(_))) {
        app.input.typing = None;
        app.say("not confirmed: the cluster has changed, and so has the impact");
    }
}

/// What has to be typed next, and what is asked for with it; `None`: there is nothing to confirm.
fn asked(app: &App) -> Option<(String, String)> {
    let ApplyPhase::Tried { weighed: Some(reading), confirmed, .. } = &app.applying.phase else { return None };
    if let Some(tripped) = reading.weighed.stopped_by(&confirmed.overridden).next() {
        let name = tripped.guard.name;
        return Some((name.to_owned(), format!("guard {name} stops this")));
    }
    if app.session.production && !confirmed.context {
        let context = app.setup.title.to_string();
        return Some((context, "this is production".to_owned()));
    }
    Some(("apply".to_owned(), "this changes the cluster".to_owned()))
}

/// What stands before the line that is typed.
pub fn prompt(app: &App) -> String {
    asked(app).map(|(word, why)| format!(" {why}; type {word}: ")).unwrap_or_default()
}

/// Why nothing can be confirmed now.
pub fn not_asked(app: &App) -> Option<&'static str> {
    if app.focus.shown != Shown::Applying || asked(app).is_none() {
        return Some("nothing is to be confirmed here (A tries what is staged)");
    }
    wanted(app).is_some().then_some("the cluster has changed: the impact is worked out again")
}

/// Begins to type the confirmation.
pub fn confirm(app: &mut App) -> Vec<Effect> {
    app.input.typing = Some(Typing::Confirm(Field::default()));
    Vec::new()
}

/// Takes in what was typed as confirmation.
pub fn confirmed(app: &mut App, typed: &str) -> Vec<Effect> {
    let Some((wanted_word, _)) = asked(app) else { return Vec::new() };
    if typed != wanted_word {
        app.say(format!("that is not {wanted_word}: nothing is changed"));
        return Vec::new();
    }
    if wanted(app).is_some() || unready(&app.base().cluster).is_some() {
        app.say("the cluster has changed: look at the impact again before you confirm");
        return Vec::new();
    }
    let user = operator(app.base());
    let ApplyPhase::Tried { attempt, weighed: Some(reading), confirmed } = &mut app.applying.phase else {
        return Vec::new();
    };
    if typed != "apply" {
        let is_guard = reading.weighed.stopped_by(&confirmed.overridden).next().is_some();
        match is_guard {
            true => confirmed.overridden.push(typed.to_owned()),
            false => confirmed.context = true,
        }
        return confirm(app);
    }
    let overridden = std::mem::take(&mut confirmed.overridden);
    let impact = reading.weighed.headline();
    let tried = attempt.tried.in_order(&reading.weighed.order);
    let record = Box::new(Record::new(String::new(), Default::default(), &tried.steps));
    let order = ApplyOrder { attempt: Attempt { tried, ..(**attempt).clone() }, impact, overridden, user };
    let predicted = reading.clone();
    app.applying.phase = ApplyPhase::Making { record, predicted };
    app.reanswer();
    vec![Effect::Make(Box::new(order))]
}

/// Takes in how far it is.
pub fn making(app: &mut App, now: Box<Record>) {
    if let ApplyPhase::Making { record, .. } = &mut app.applying.phase {
        *record = now;
        app.reanswer();
    }
}

/// Takes in what came of it: what was made is not staged any more.
pub fn applied(app: &mut App, came: Result<Box<Sent>, Fault>) -> Vec<Effect> {
    let ApplyPhase::Making { predicted, .. } = &app.applying.phase else { return Vec::new() };
    let predicted = predicted.clone();
    let sent = match came {
        Ok(sent) => sent,
        Err(fault) => {
            app.applying.phase = ApplyPhase::Stopped(vec![fault.whole()]);
            app.reanswer();
            return Vec::new();
        }
    };
    let record = &sent.record;
    let made = record.steps.iter().filter(|it| it.state == ChangeState::Made).filter_map(|it| it.id().ok()).collect();
    let words = record.words();
    let is_undo = record.undoes.is_some();
    app.applying.phase = ApplyPhase::Applied { sent, predicted, arrival: None };
    app.reanswer();
    app.say(words.clone());
    if is_undo { Vec::new() } else { staging::made(app, &made, words) }
}
