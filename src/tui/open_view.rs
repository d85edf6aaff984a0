//! Commands that open something: a trace, a reach, the matrix, YAML, a picker.

use super::app::{App, Shown};
use super::command::At;
use super::event::Effect;
use super::layout::ScreenSide;
use super::panes::PANES;
use super::reaching::ReachAsked;
use super::views::rule::RuleAsked;
use super::{fixable, grants};
use crate::ask::end::{self, AskedEnd};
use crate::ask::escalation::{self, Actor};
use crate::ask::item::Item;
use crate::ask::question::about::Explain;
use crate::ask::reaches::ReachWay;
use crate::ask::{Question, QuestionLine, rules};
use crate::escalate::Foothold;
use crate::model::id::{Kind, ObjectId, PodId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::Subject;
use crate::text::{About, Mark};

/// Why the selected object is no end.
pub fn no_end(app: &App) -> Option<&'static str> {
    selected_end(app, ReachWay::From).is_none().then_some("select a pod, a workload, a Service or a namespace")
}

/// Why nothing is reached from here.
pub fn no_reach(app: &App) -> Option<&'static str> {
    actor(app).is_none().then_some("select a subject, a pod, a workload, a Service, a node or a namespace")
}

/// Why nothing reaches this, and nobody else can do it.
pub fn no_who(app: &App) -> Option<&'static str> {
    match grants::about(app) {
        Some(About::Permission { .. }) => None,
        _ => no_reach(app)
            .map(|_| "select a subject, a pod, a workload, a Service, a node, a namespace or a line of permissions"),
    }
}

/// Who can come somewhere: what the line under the cursor names, else what is selected.
fn actor(app: &App) -> Option<Actor> {
    let subject = |it: &Subject| Actor::Held(Foothold::Subject(it.clone()));
    if app.place() == At::Page {
        let typed = |it: &str| escalation::actor(it, &Name::from("default")).ok();
        match grants::about(app) {
            Some(About::Somebody(somebody)) => return Some(subject(somebody)),
            Some(About::Way { from, to }) => return typed(if is_reverse(app) { from } else { to }),
            Some(About::Connection { to, .. }) => return typed(to),
            _ => {}
        }
        if let Some(actor) = link(app).and_then(|it| actor_of(&it.object)) {
            return Some(actor);
        }
        if let Shown::Reach(asked) = &app.focus.shown {
            return Some(asked.of.clone());
        }
    }
    grants::subject(app).as_ref().map(subject).or_else(|| selected_end(app, ReachWay::From).map(Actor::from))
}

/// Whether rows of the shown answer are who comes to something.
fn is_reverse(app: &App) -> bool {
    matches!(&app.focus.shown, Shown::Reach(asked) if asked.way == ReachWay::To)
}

/// Who can come somewhere, where an object is that.
fn actor_of(object: &ObjectId) -> Option<Actor> {
    Some(match object.kind {
        Kind::POD => AskedEnd::Pod(PodId::new(object.namespace.clone(), object.name.clone())).into(),
        Kind::NODE => AskedEnd::Node(object.name.clone()).into(),
        Kind::NAMESPACE => AskedEnd::Namespace(object.name.clone()).into(),
        Kind::SERVICE_ACCOUNT => {
            let (namespace, name) = (object.namespace.clone(), object.name.clone());
            Actor::Held(Foothold::Subject(Subject::ServiceAccount { namespace, name }))
        }
        _ => return None,
    })
}

/// The end that is selected; of a cell of the matrix the source, or the destination for who comes there.
fn selected_end(app: &App, way: ReachWay) -> Option<AskedEnd> {
    match app.place() {
        At::Sheet => app.focus.shown.view().end(app, way),
        _ => app.selected().as_ref().and_then(Item::end),
    }
}

/// Why there is no trace to change.
pub fn no_trace(app: &App) -> Option<&'static str> {
    app.answers.tracing.ends().is_none().then_some("no trace yet: t on the source, t on the destination")
}

/// Why there is no object to show.
pub fn no_object(app: &App) -> Option<&'static str> {
    let has_link = app.focus.side == ScreenSide::View && link(app).is_some();
    let has_object = app.selected().is_some_and(|it| it.object().is_some());
    (!has_link && !has_object).then_some("this is no object of the cluster")
}

/// Why there is nothing to copy.
pub fn nothing_selected(app: &App) -> Option<&'static str> {
    (app.selected().is_none() && app.focus.side == ScreenSide::Pane).then_some("nothing is selected")
}

/// What the line under the cursor of the answer points at.
pub fn link(app: &App) -> Option<&crate::text::Link> {
    app.reader().link()
}

/// Takes the selected object as the next end; of two marked rows both ends.
pub fn trace(app: &mut App) -> Vec<Effect> {
    if app.place() == At::Sheet {
        return trace_cell(app);
    }
    if app.focus.shown != Shown::Explain && app.focus.side == ScreenSide::View && pair(app) {
        return Vec::new();
    }
    let marked: Vec<AskedEnd> = app.with_pane(|pane, _| pane.marked()).iter().filter_map(Item::end).collect();
    if let [from, to] = marked.as_slice() {
        app.answers.tracing.set(from.clone(), to.clone());
        app.with_pane(|pane, _| pane.unmark());
        app.open(Shown::Trace);
        return Vec::new();
    }
    let Some(end) = app.selected().as_ref().and_then(Item::end) else { return Vec::new() };
    if app.answers.tracing.waiting() == Some(&end) {
        app.say(format!("the source is {end}: press t on another row (Esc forgets it)"));
        return Vec::new();
    }
    take_end(app, end)
}

/// Takes an end: the source, or the destination of a source that waits for one.
pub fn take_end(app: &mut App, end: AskedEnd) -> Vec<Effect> {
    if app.answers.tracing.take(end.clone()) {
        app.open(Shown::Trace);
    } else {
        app.say(format!("from {end}: t on the destination, or :to svc/NS/NAME, or an address (Esc forgets)"));
    }
    Vec::new()
}

/// The pair of namespaces under the cursor.
pub fn trace_cell(app: &mut App) -> Vec<Effect> {
    if let Some((from, to)) = app.answers.matrix.selected() {
        app.answers.tracing.set(AskedEnd::Namespace(from), AskedEnd::Namespace(to));
        app.open(Shown::Trace);
    }
    Vec::new()
}

/// Source and destination change places.
pub fn swap(app: &mut App) -> Vec<Effect> {
    app.answers.tracing.swap();
    if app.focus.shown != Shown::Trace {
        app.open(Shown::Trace);
    }
    app.reanswer();
    Vec::new()
}

/// What somebody can come to reach, or who can come to reach it; of a permission who else has it.
pub fn reach(app: &mut App, way: ReachWay) -> Vec<Effect> {
    if let (ReachWay::To, Some(About::Permission { scope, what, verbs })) = (way, grants::about(app).cloned()) {
        return grants::who_else(app, &scope, &what, &verbs);
    }
    let of = if app.place() == At::Sheet { selected_end(app, way).map(Actor::from) } else { None };
    if let Some(of) = of.or_else(|| actor(app)) {
        app.open(Shown::Reach(ReachAsked::all(of, way)));
    }
    Vec::new()
}

/// What the subject in question may do.
pub fn permissions(app: &mut App) -> Vec<Effect> {
    match grants::subject(app) {
        Some(subject) => grants::permissions(app, subject, ""),
        None => Vec::new(),
    }
}

/// Why there is nobody whose permissions could be shown.
pub fn no_subject(app: &App) -> Option<&'static str> {
    grants::subject(app).is_none().then_some("select a user, a group or a service account")
}

/// Traces the pair that the line under the cursor stands for; whether it stands for one.
fn pair(app: &mut App) -> bool {
    let (from, to) = match app.answers.reader.line().and_then(|it| it.about.as_deref()).cloned() {
        Some(About::Pair { from, to } | About::Connection { from, to, .. }) => (from, to),
        Some(About::Undeclared(Some((from, to)))) => (from, to),
        _ => return false,
    };
    let here = Name::from("default");
    match (end::end(&from, &here), end::end_and_port(&to, &here)) {
        (Ok(from), Ok((to, port))) => {
            app.answers.tracing.set(from, to);
            app.answers.tracing.port = port;
            app.open(Shown::Trace);
        }
        _ => app.say("several nodes or ranges of addresses: type one of them, such as :trace FROM TO"),
    }
    true
}

/// Opens the way that the line under the cursor stands for; whether it stands for one.
fn way(app: &mut App) -> bool {
    let (from, to) = match app.answers.reader.line().and_then(|it| it.about.as_deref()).cloned() {
        Some(About::Way { from, to } | About::Connection { of: from, to, .. }) => (from, to),
        _ => return false,
    };
    let here = Name::from("default");
    let asked = if let Shown::Reach(asked) = &app.focus.shown { Some(asked.clone()) } else { None };
    match (escalation::actor(&from, &here), escalation::actor(&to, &here)) {
        (Ok(from), Ok(to)) => {
            let asked = asked.unwrap_or_else(|| ReachAsked::all(from.clone(), ReachWay::From));
            app.open(Shown::Reach(asked.way(from, to)));
        }
        (Err(fault), _) | (_, Err(fault)) => app.say(fault.what),
    }
    true
}

/// The matrix of what one looks at.
pub fn matrix(app: &mut App) -> Vec<Effect> {
    match app.place() {
        At::List | At::Page => (PANES[app.focus.pane].matrix)(app),
        _ => namespace_matrix(app),
    }
}

/// The matrix of namespaces.
pub fn namespace_matrix(app: &mut App) -> Vec<Effect> {
    app.open(Shown::Matrix);
    Vec::new()
}

/// Goes to the explanation.
pub fn explain(app: &mut App) -> Vec<Effect> {
    app.open(Shown::Explain);
    Vec::new()
}

/// The object that the line under the cursor leads to, or the selected one.
pub fn yaml(app: &mut App) -> Vec<Effect> {
    if app.focus.side == ScreenSide::View
        && let Some(link) = link(app).cloned()
    {
        return app.open_yaml(link.object, link.place);
    }
    match app.selected().and_then(|it| it.object()) {
        Some(object) => app.open_yaml(object, Place::default()),
        None => Vec::new(),
    }
}

/// Opens what is selected: deeper by one level.
pub fn enter(app: &mut App) -> Vec<Effect> {
    if app.focus.side == ScreenSide::View {
        return app.with_shown(|view, app| view.open(app));
    }
    match app.selected() {
        Some(item) => (PANES[app.focus.pane].enter)(app, item),
        None => Vec::new(),
    }
}

/// The line under the cursor tells how it is read which declared flows are denied: that question.
fn gaps(app: &mut App) -> Option<QuestionLine> {
    let about = app.explain_reader().line().and_then(|it| it.about.as_deref());
    let Some(About::Gaps(namespace)) = about else { return None };
    let explain = Explain { object: format!("ns/{namespace}"), gaps: true, ..Explain::default() };
    Some(QuestionLine::of(Question::Explain(explain)))
}

/// Opens what the line under the cursor points at.
pub fn follow(app: &mut App) -> Vec<Effect> {
    if let Some(line) = gaps(app) {
        return fixable::open(app, &line);
    }
    if app.focus.shown != Shown::Explain && (way(app) || pair(app)) || app.explain_reader().toggle() {
        return Vec::new();
    }
    if matches!(app.focus.shown, Shown::Reach(_)) && link(app).is_none() && grants::subject(app).is_some() {
        return permissions(app);
    }
    match link(app).cloned() {
        Some(link) => app.open_yaml(link.object, link.place),
        None if no_rule(app).is_none() => rule(app),
        None => follow_nothing(app),
    }
}

/// The number of the rule that the line under the cursor rests on.
fn rule_here(app: &App) -> Option<&'static str> {
    app.reader().line().map(|it| it.rule).filter(|it| app.focus.side == ScreenSide::View && !it.is_empty())
}

/// Why there is no rule to show.
pub fn no_rule(app: &App) -> Option<&'static str> {
    let is_told = rule_here(app).is_some_and(|it| rules::rule(it).is_some());
    (!is_told).then_some("no rule is named behind this line: it is a fact of the cluster")
}

/// Shows the rule that the line under the cursor rests on.
pub fn rule(app: &mut App) -> Vec<Effect> {
    if let Some(id) = rule_here(app) {
        app.open(Shown::Rule(RuleAsked(id)));
    }
    Vec::new()
}

/// A line of an explanation is of the object that is explained; others say why they lead nowhere.
fn follow_nothing(app: &mut App) -> Vec<Effect> {
    if app.focus.shown == Shown::Explain {
        return match app.selected() {
            Some(item) => match item.object() {
                Some(object) => app.open_yaml(object, Place::default()),
                None => {
                    app.say(format!("{} is a name in bindings: it has no object to open", item.typed()));
                    Vec::new()
                }
            },
            None => Vec::new(),
        };
    }
    app.say(match app.answers.reader.line().map(|it| it.mark) {
        Some(Mark::Title) => "a heading: the rows below it open (j goes down)",
        Some(Mark::Note | Mark::Unknown) => "a note: it speaks of no single object",
        _ => "this row speaks of no single object: nothing to open",
    });
    Vec::new()
}

/// Opens or closes everything that stands below the line under the cursor.
pub fn unfold(app: &mut App) {
    if !app.explain_reader().toggle() && !app.explain_reader().close() {
        app.say("nothing is folded here");
    }
}
