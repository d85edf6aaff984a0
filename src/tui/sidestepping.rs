//! `b`: who could open the flow that a trace denies, or what a policy trusts; and what the verdict says of it.

use super::app::{App, Shown};
use super::asked::AskedQuestion;
use super::command::At;
use super::event::Effect;
use super::job::What;
use super::status::Origin;
use super::working::Working;
use crate::ask::item::Item;
use crate::ask::question::sidestep::Sidestep;
use crate::ask::question::trust::Trust;
use crate::ask::{Here, Line, Question};
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
    let line = Line::of(Question::Sidestep(Sidestep::of(from, to, &tracing.port)));
    Some(Working(AskedQuestion { line, here: here(app), notes: Vec::new() }))
}

/// What is asked is written out in full: no namespace is missing.
pub(super) fn here(app: &App) -> Here {
    Here { namespace: "default".into(), from_files: app.setup.origin == Origin::Files, ..Here::default() }
}

/// What the selected policy trusts.
fn of_policy(app: &App) -> Option<Working> {
    let policy = match app.selected()? {
        Item::Policy(it) if is_evaluated(it.kind) => it.to_string(),
        _ => return None,
    };
    let line = Line::of(Question::Trust(Trust { policy }));
    Some(Working(AskedQuestion { line, here: here(app), notes: Vec::new() }))
}

fn meant(app: &App) -> Option<Working> {
    let of_policy = || of_policy(app).filter(|_| app.place() == At::List || app.focus.shown == Shown::Explain);
    of_trace(app).cloned().or_else(of_policy)
}

/// Why there is nothing to open here.
pub fn nothing(app: &App) -> Option<&'static str> {
    meant(app).is_none().then_some("open a trace that is denied, or select a NetworkPolicy")
}

/// Shows who could open it, or who can write what it trusts.
pub fn open(app: &mut App) -> Vec<Effect> {
    if let Some(asked) = meant(app) {
        app.open(Shown::Working(Box::new(asked)));
    }
    Vec::new()
}

/// In a cluster of more pods and bindings than this it is not worked out beside every verdict, but where `b` asks for it:
/// what everybody holds is worked out anew in each copy, which takes a good part of a second in the largest.
const FEW: usize = 20_000;

/// What is to be worked out for the verdict of a trace.
pub fn wanted(app: &App) -> Option<What> {
    let cluster = &app.session.world.cluster;
    let is_small = cluster.pods.len() + cluster.bindings.len() <= FEW;
    of_trace(app).filter(|_| is_small).and_then(|it| it.wanted(app))
}
