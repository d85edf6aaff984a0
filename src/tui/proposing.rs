//! What to change so that something is otherwise: candidates, worked out beside the loop, of which one is staged.
//!
//! ```text
//! f, :fix ──► FixAsked ──a job──► which objects must be whole ──Effect::Wholes──► Event::Wholes
//! what manifests declare is read before, where that is asked ([`super::declaring`])
//!                      ──a job──► Proposed: candidates ──space──► the stage, one step
//! ```
//!
//! An object that a candidate changes is held as it was fetched for it, and staged on that: what somebody else does to
//! it afterwards stands beside the staged change. One that changes in the cluster meanwhile is fetched again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::answers;
use super::app::{App, Shown};
use super::asked::AskedQuestion;
use super::declaring::ReadManifests;
use super::event::Effect;
use super::job::{JobState, Said, What, Work};
use super::page::saying;
use super::staging::{self, is_about};
use crate::ask::question::fix::Fix;
use crate::ask::{Answer, Fault, Here, Question, QuestionLine, World};
use crate::change::Change;
use crate::change::fix::WholeObjects;
use crate::change::stage::{Fetched, StagedItem};
use crate::model::cluster::Delta;
use crate::model::id::ObjectId;
use crate::rbac::review::Review;
use crate::text::{About, Mark, Page, words};

/// Objects as they were fetched.
pub type FetchedObjects = BTreeMap<ObjectId, Fetched>;

/// A question about fixes, or another one that rests on what manifests declare.
#[derive(Clone, PartialEq, Debug)]
pub struct FixAsked(pub AskedQuestion);

/// A question with all that its answer rests on besides the cluster.
#[derive(Clone, PartialEq, Debug)]
pub struct ProposalAsOf {
    line: QuestionLine,
    here: Here,
    held: Arc<FetchedObjects>,
    /// What manifests declare, where that is asked.
    declared: Option<ReadManifests>,
    /// Whether the server has said who the operator is.
    is_told: bool,
}

/// What a job came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposed {
    as_of: ProposalAsOf,
    revision: u64,
    found: ProposalFound,
}

#[derive(Clone, PartialEq, Debug)]
enum ProposalFound {
    /// These must be fetched first.
    Lacks(Vec<ObjectId>),
    /// The candidates as a page, and the changes of each.
    Fix(Page, Vec<Vec<Change>>),
    /// What a question of another form says.
    Page(Page),
    Fault(Fault),
}

/// What is known of the question that is shown.
#[derive(Clone, Debug, Default)]
pub struct Proposing {
    line: Option<QuestionLine>,
    held: Arc<FetchedObjects>,
    last: Option<Arc<Proposed>>,
    /// What is being fetched, and for what.
    waits: Option<(ProposalAsOf, Vec<ObjectId>)>,
}

impl Proposing {
    /// Takes in what a job came to: what is to be fetched, or an answer.
    pub fn take(&mut self, proposed: Arc<Proposed>) -> Option<Effect> {
        if self.line.as_ref() != Some(&proposed.as_of.line) {
            self.line = Some(proposed.as_of.line.clone());
            self.held = proposed.as_of.held.clone();
            self.last = None;
        }
        self.waits = None;
        if let ProposalFound::Lacks(ids) = &proposed.found {
            self.waits = Some((proposed.as_of.clone(), ids.clone()));
            return Some(Effect::Wholes { line: Box::new(proposed.as_of.line.clone()), ids: ids.clone() });
        }
        self.last = Some(proposed);
        None
    }

    /// Takes in objects that were fetched for a question.
    pub fn hold(&mut self, line: &QuestionLine, held: FetchedObjects) {
        if self.line.as_ref() == Some(line) {
            self.waits = None;
            Arc::make_mut(&mut self.held).extend(held);
        }
    }

    /// Forgets what these steps may have changed.
    pub fn forget(&mut self, deltas: &[Delta]) {
        // What was asked for may not come any more, or come as it was.
        self.waits.take_if(|it| it.1.iter().any(|it| is_about(deltas, it)));
        if self.held.keys().any(|it| is_about(deltas, it)) {
            Arc::make_mut(&mut self.held).retain(|it, _| !is_about(deltas, it));
        }
    }

    /// The answer to this question, or to the same one with other flows kept.
    fn like(&self, line: &QuestionLine) -> Option<&Proposed> {
        self.last.as_deref().filter(|it| plain(&it.as_of.line) == plain(line))
    }

    fn answer(&self, line: &QuestionLine) -> Option<&Proposed> {
        self.last.as_deref().filter(|it| it.as_of.line == *line)
    }
}

impl FixAsked {
    fn as_of(&self, app: &App) -> ProposalAsOf {
        let AskedQuestion { line, here, .. } = &self.0;
        let proposing = &app.answers.proposing;
        let is_same = proposing.line.as_ref() == Some(line);
        let held = if is_same { proposing.held.clone() } else { Arc::default() };
        let is_told = app.session.world.told.has(&Review::Own);
        let declared = self.wants_manifests().and_then(|_| app.answers.declaring.read().cloned());
        ProposalAsOf { line: line.clone(), here: here.clone(), held, declared, is_told }
    }

    /// What is to be worked out, if what is kept is not of now.
    pub fn wanted(&self, app: &App) -> Option<What> {
        if self.0.unready(app).is_some() {
            return None;
        }
        let as_of = self.as_of(app);
        if self.is_reading(app) {
            return None;
        }
        if app.answers.proposing.waits.as_ref().is_some_and(|it| it.0 == as_of) {
            return None;
        }
        let revision = app.session.world.revision();
        let is_now = |it: &Proposed| it.as_of == as_of && it.revision == revision;
        (!app.answers.proposing.answer(&self.0.line).is_some_and(is_now)).then(|| What::Fix(Box::new(as_of)))
    }

    /// Whether something can be shown meanwhile.
    pub fn has(&self, app: &App) -> bool {
        app.answers.proposing.answer(&self.0.line).is_some()
    }

    /// Whether what is shown may be staged: the objects that it changes are as they were fetched for it. Something else
    /// may have changed since, as it does every second in a large cluster: what is staged is judged again by itself.
    fn holds(&self, app: &App) -> bool {
        app.answers.proposing.answer(&self.0.line).is_some_and(|it| it.as_of == self.as_of(app))
    }

    /// How it is read, if what manifests declare is read for it.
    pub fn wants_manifests(&self) -> Option<Here> {
        let reads = self.0.line.question.reads();
        let namespaces = reads.namespaces(&self.0.here);
        let here = Here { only: namespaces.into_iter().next(), ..self.0.here.clone() };
        reads.wants_manifests(&here).then_some(here)
    }

    fn is_reading(&self, app: &App) -> bool {
        self.wants_manifests().is_some() && app.answers.declaring.read().is_none()
    }

    /// Whether it proposes changes.
    pub fn is_about_fixes(&self) -> bool {
        matches!(self.0.line.question, Question::Fix(_))
    }

    /// Whether flows can be kept and closed in it.
    pub fn keeps_flows(&self) -> bool {
        matches!(&self.0.line.question, Question::Fix(fix) if fix.declared.baseline)
    }

    /// The answer as far as it is known.
    pub fn page(&self, app: &App) -> Page {
        if let Some(page) = self.0.unready(app) {
            return page;
        }
        let proposing = &app.answers.proposing;
        let found = proposing.answer(&self.0.line).or_else(|| proposing.like(&self.0.line)).map(|it| &it.found);
        if self.is_reading(app) && found.is_none() {
            return saying(Mark::Plain, app.answers.declaring.waiting());
        }
        match (found, app.answers.jobs.state()) {
            (Some(ProposalFound::Fix(page, _) | ProposalFound::Page(page)), _) => page.clone(),
            (Some(ProposalFound::Fault(fault)), _) => answers::fault(fault),
            (_, state @ JobState::Failed) => saying(Mark::Unknown, state.waiting()),
            (_, state) => saying(Mark::Plain, state.waiting()),
        }
    }
}

/// The work that answers a question about this world, on a copy of it.
pub fn work(world: &World, as_of: ProposalAsOf) -> Work {
    let world = world.clone();
    Box::new(move |_| {
        let revision = world.revision();
        let found = found(world, &as_of);
        Said::Fix(Arc::new(Proposed { as_of, revision, found }))
    })
}

fn found(mut world: World, as_of: &ProposalAsOf) -> ProposalFound {
    let ProposalAsOf { line, here, held, declared, .. } = as_of;
    world.declared = declared.as_ref().map(|it| it.manifests.clone());
    let wholes = line.question.reads().wholes(here, &world);
    let lacks: Vec<ObjectId> = wholes.into_iter().filter(|it| !held.contains_key(it)).collect();
    if !lacks.is_empty() {
        return ProposalFound::Lacks(lacks);
    }
    world.manifests = Arc::new(manifests(held));
    match world.answer(&line.question, here) {
        Ok(Answer::Fix(fix)) => {
            let changes = fix.candidates.iter().map(|it| it.changes.clone()).collect();
            ProposalFound::Fix(fix.folded(), changes)
        }
        Ok(answer) => ProposalFound::Page(answer.page(&world)),
        Err(fault) => ProposalFound::Fault(fault),
    }
}

/// Objects as candidates change them: the server's bookkeeping of who manages what is put back by it.
fn manifests(held: &FetchedObjects) -> WholeObjects {
    let whole = |(id, it): (&ObjectId, &Fetched)| {
        let Fetched::There(object) = it else { return None };
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        Some((id.clone(), object))
    };
    held.iter().filter_map(whole).collect()
}

/// Takes in objects that were fetched; what is staged already is that, where answers are for the stage.
pub fn held(app: &mut App, line: &QuestionLine, mut held: FetchedObjects) {
    if app.session.what_if.is_some() {
        for (id, fetched) in &mut held {
            if let Some(item) = app.staging.stage.of(id) {
                *fetched = item.after().map_or(Fetched::Absent, |it| Fetched::There(it.clone()));
            }
        }
    }
    app.answers.proposing.hold(line, held);
    app.reanswer();
}

/// The same question with nothing kept by hand.
fn plain(line: &QuestionLine) -> QuestionLine {
    match &line.question {
        Question::Fix(fix) => {
            let declared = fix.declared.plain();
            QuestionLine { question: Question::Fix(Fix { declared, ..fix.clone() }), ..line.clone() }
        }
        _ => line.clone(),
    }
}

/// The ends of a flow; nothing: all flows.
type FlowEnds = Option<(String, String)>;

/// The flow under the cursor that nothing declares, or all of them; with the question that it belongs to.
fn undeclared(app: &App) -> Option<(Box<FixAsked>, FlowEnds)> {
    let Shown::Fix(asked) = &app.focus.shown else { return None };
    match app.answers.reader.about() {
        Some(About::Undeclared(flow)) if asked.keeps_flows() => Some((asked.clone(), flow.clone())),
        _ => None,
    }
}

/// Why nothing is kept or closed here.
pub fn no_flow(app: &App) -> Option<&'static str> {
    undeclared(app).is_none().then_some("this is no flow that nothing declares (f on a namespace lists them)")
}

/// Keeps the flow under the cursor, or closes it again; on the heading all of them. What is proposed is worked out anew.
pub fn keep(app: &mut App) -> Vec<Effect> {
    let Some((mut asked, flow)) = undeclared(app) else { return Vec::new() };
    let Question::Fix(fix) = &mut asked.0.line.question else { return Vec::new() };
    let declared = &mut fix.declared;
    match flow {
        None => {
            declared.keep_current = !declared.keep_current;
            declared.keep_flow.clear();
        }
        Some((from, to)) => {
            let before = declared.keep_flow.len();
            declared.keep_flow.retain(|it| !is_flow(it, &from, &to));
            if declared.keep_flow.len() == before {
                declared.keep_flow.push(format!("{from} reaches {to}"));
            }
        }
    }
    // What is shown stays until it is worked out, and with it the place in it.
    app.focus.shown = Shown::Fix(asked);
    app.reanswer();
    Vec::new()
}

/// Whether a line keeps the flow between these ends.
fn is_flow(line: &str, from: &str, to: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words.as_slice(), [first, "reaches", last] | [first, "must", "reach", last] if *first == from && *last == to)
}

/// The candidate under the cursor; on the headline the first, which is the best.
fn candidate(app: &App) -> Option<usize> {
    let Shown::Fix(asked) = &app.focus.shown else { return None };
    let has_some = || match app.answers.proposing.answer(&asked.0.line).map(|it| &it.found) {
        Some(ProposalFound::Fix(_, all)) => !all.is_empty(),
        _ => false,
    };
    match app.answers.reader.about() {
        Some(About::Candidate(number)) => Some(*number),
        _ => (app.answers.reader.is_at_head() && has_some()).then_some(1),
    }
}

/// Why nothing is staged here.
pub fn no_candidate(app: &App) -> Option<&'static str> {
    candidate(app).is_none().then_some("this is no candidate of a fix: f proposes some, and space on one stages it")
}

/// Stages the candidate under the cursor: all its changes, which one undo takes back.
pub fn stage(app: &mut App) -> Vec<Effect> {
    let Some(number) = candidate(app) else { return Vec::new() };
    let Shown::Fix(asked) = app.focus.shown.clone() else { return Vec::new() };
    if !asked.holds(app) {
        app.say("nothing is staged: what the candidates change has changed, and they are worked out again");
        return Vec::new();
    }
    let items = items(app, &asked.0.line, number);
    let ids = items.iter().flatten().map(|it| it.id().clone()).collect();
    let effects = staging::take(app, items);
    effects.into_iter().chain([Effect::Compare(ids)]).collect()
}

/// Where a staged change is from, in few words: flows that are kept by hand are counted.
fn origin(line: &QuestionLine, number: usize) -> String {
    let kept = match &line.question {
        Question::Fix(fix) if fix.declared.keep_current => ", all flows of today kept".to_owned(),
        Question::Fix(fix) if !fix.declared.keep_flow.is_empty() => {
            let count = fix.declared.keep_flow.len() as u64;
            format!(", {} kept besides", words::count(count, "flow", "flows"))
        }
        _ => String::new(),
    };
    format!("candidate {number} of {}{kept}", plain(line))
}

/// The changes of a candidate, each on its object as it was fetched.
fn items(app: &App, line: &QuestionLine, number: usize) -> Result<Vec<StagedItem>, Fault> {
    let gone = |what: &str| Fault::new(what, "");
    let proposed = app.answers.proposing.answer(line).ok_or_else(|| gone("the candidates are not there any more"))?;
    let ProposalFound::Fix(_, all) = &proposed.found else { return Err(gone("there is no candidate")) };
    let changes = all.get(number - 1).ok_or_else(|| gone("there is no such candidate"))?;
    let item = |change: &Change| {
        let id = change.id()?;
        let staged = app.staging.stage.of(&id);
        if staged.is_some() && app.session.what_if.is_none() {
            let hint = "W answers with the stage, and f goes on from it";
            return Err(Fault::new(format!("{id} is staged already"), hint));
        }
        // What is staged already stays staged on the object as it was fetched for that.
        let fetched = staged.map(|it| it.fetched().clone());
        let fetched = fetched.or_else(|| proposed.as_of.held.get(&id).cloned()).unwrap_or(Fetched::Absent);
        Ok(StagedItem::new(change.clone(), fetched, origin(line, number))?)
    };
    changes.iter().map(item).collect()
}
