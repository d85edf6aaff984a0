//! `b`: who could open the flow that a trace denies, or what a policy trusts; and what the verdict says of it.

use super::app::{App, Shown};
use super::asked::AskedQuestion;
use super::command::At;
use super::event::Effect;
use super::job::What;
use super::questions;
use super::status::Origin;
use super::working::Working;
use crate::ask::findings;
use crate::ask::item::Item;
use crate::ask::question::reach::Reach;
use crate::ask::question::sidestep::Sidestep;
use crate::ask::question::trust::Trust;
use crate::ask::{Here, Question, QuestionLine};
use crate::kinds::is_evaluated;
use crate::text::{Mark, Page};

/// Who could open the flow that is traced, if it does not pass: what the verdict said when it was made.
fn of_trace(app: &App) -> Option<&Working> {
    app.answers.denied.as_ref().filter(|_| app.focus.shown == Shown::Trace)
}

/// Takes in a verdict: what is asked next, where it is a deny, and how many could open it, once that is known.
pub fn judged(app: &mut App, mut page: Page) -> Page {
    let is_denied = page.lines.first().is_some_and(|it| it.mark == Mark::Deny);
    app.answers.denied = asked(app).filter(|_| is_denied);
    let brief = of_trace(app).and_then(|it| it.brief(app));
    if let (Some(brief), Some(first)) = (brief, page.lines.first_mut()) {
        first.text = format!("{}; {brief}", first.text);
    }
    page
}

fn asked(app: &App) -> Option<Working> {
    let tracing = &app.answers.tracing;
    let (from, to) = tracing.ends()?;
    let line = QuestionLine::of(Question::Sidestep(Sidestep::of(from, to, &tracing.port)));
    Some(Working(AskedQuestion { line, here: here(app), notes: Vec::new() }))
}

/// What is asked is written out in full: no namespace is missing.
pub(super) fn here(app: &App) -> Here {
    Here { namespace: "default".into(), from_files: app.setup.origin == Origin::Files, ..Here::default() }
}

/// The question whose answer proves what a list found of the selected object.
///
/// ```text
/// policy               trust networkpolicy/shop/db
/// namespace            trust of the policy by which it denies by default
/// service account      reach sa:shop/web --to cluster-admin, where the internet reaches its pods
/// ```
fn of_selected(app: &App) -> Option<Question> {
    let world = &app.session.world;
    let trust = |policy: String| Question::Trust(Trust { policy });
    match app.selected()? {
        Item::Policy(it) if is_evaluated(it.kind) => Some(trust(it.to_string())),
        Item::Namespace(it) => findings::denying(world, &it).map(|it| trust(it.to_string())),
        Item::Subject(it) if world.findings()?.exposed.contains_key(&it) => {
            let to = Some("cluster-admin".to_owned());
            Some(Question::Reach(Reach { of: it.to_string(), to, ..Reach::default() }))
        }
        _ => None,
    }
}

/// The same where a list or an explanation is in front.
fn of_what_is_in_front(app: &App) -> Option<Question> {
    let is_selected = app.place() == At::List || app.focus.shown == Shown::Explain;
    of_selected(app).filter(|_| is_selected)
}

/// Why there is nothing to open here.
pub fn nothing(app: &App) -> Option<&'static str> {
    let why = "open a trace that is denied, or select a policy, a namespace that denies by default or an account that the \
               internet reaches";
    (of_trace(app).is_none() && of_what_is_in_front(app).is_none()).then_some(why)
}

/// Shows who could open it, who can write what it trusts, or how an account comes to cluster-admin.
pub fn open(app: &mut App) -> Vec<Effect> {
    if let Some(denied) = of_trace(app).cloned() {
        app.open(Shown::Working(Box::new(denied)));
        return Vec::new();
    }
    let question = of_what_is_in_front(app).map(QuestionLine::of);
    question.and_then(|it| questions::open(app, &it).ok()).unwrap_or_default()
}

/// What is to be worked out for the verdict of a trace: in a large cluster only where `b` asks for it, since what
/// everybody holds is worked out anew in each copy, which takes a good part of a second in the largest.
pub fn wanted(app: &App) -> Option<What> {
    of_trace(app).filter(|_| app.session.world.is_small()).and_then(|it| it.wanted(app))
}
