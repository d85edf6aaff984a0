//! Questions on the screen: a line opens what answers it, and what is shown is a line that can be asked anywhere.
//!
//! ```text
//! :trace shop/web svc/shop/db   --open '…'   ──► Line ──open──► the view that answers
//!                       kreach …  ◄──copied── Line ◄──shown──┘
//! ```

use super::access::WhoAsked;
use super::app::{App, Shown};
use super::asked::{self, AskedQuestion};
use super::event::Effect;
use super::explain::{self, FACTS, TOUCH};
use super::grants;
use super::mapping::{MapAsked, MapOf};
use super::panes;
use super::proposing::FixAsked;
use super::reaching::{self, TypedReach};
use super::status::Origin;
use super::working::Working;
use super::{choices, choking, navigate};
use crate::ask::item::Item;
use crate::ask::question::about::{self, Explain, Touch};
use crate::ask::question::access::{Groups, Unserved};
use crate::ask::question::list::ListName;
use crate::ask::question::matrix::{self, Matrix};
use crate::ask::question::permissions::Permissions;
use crate::ask::question::{can, who_can};
use crate::ask::{Fault, Here, Question, QuestionLine, escalation};
use crate::model::name::Name;
use crate::rbac::request::Request;
use crate::rbac::served::ResolvedResource;

/// How what is typed on this screen is read.
pub(super) fn here(app: &App, line: &QuestionLine) -> Here {
    let here = Here {
        namespace: app.namespace(),
        only: None,
        all_namespaces: false,
        from_files: app.setup.origin == Origin::Files,
    };
    line.here(&here)
}

/// Why no screen can show the answer, whatever the cluster is.
///
/// # Errors
/// A question whose ends are none.
pub fn check(line: &QuestionLine) -> Result<(), Fault> {
    let here = line.here(&Here { namespace: "default".into(), ..Here::default() });
    match &line.question {
        Question::Trace(it) => it.ends(&here.namespace).map(drop),
        Question::Reach(it) => reaching::read(it, &here.namespace).map(drop),
        Question::Choke(it) => escalation::actor(&it.goal, &here.namespace).map(drop),
        Question::Can(it) => it.who().map(drop),
        Question::Explain(Explain { object, .. }) | Question::Touch(Touch { object }) => {
            about::item(object, &here).map(drop)
        }
        _ => Ok(()),
    }
}

/// Opens what answers a question.
///
/// # Errors
/// It cannot be asked, or what it names is proven not to be there.
pub fn open(app: &mut App, line: &QuestionLine) -> Result<Vec<Effect>, Fault> {
    check(line)?;
    let here = here(app, line);
    match &line.question {
        Question::Trace(it) => {
            let (from, to, port) = it.ends(&here.namespace)?;
            show_trace(app, from, to, port);
        }
        Question::Reach(it) => match reaching::read(it, &here.namespace)? {
            TypedReach::Reach(asked) => app.open(Shown::Reach(asked)),
            TypedReach::Trace(from, to, port) => show_trace(app, from, to, port),
        },
        Question::Map(it) => {
            let only = here.only.or_else(|| app.focus.scope.only().cloned().filter(|_| !here.all_namespaces));
            app.open(Shown::Map(MapAsked::of(MapOf { by: it.by, only })));
        }
        Question::Choke(_) => return Ok(choking::open(app, line.clone(), here)),
        Question::Fix(_) => return Ok(open_worked_out(app, line.clone(), here)),
        Question::Explain(it) if it.gaps => {
            let item = about::item(&it.object, &here)?;
            app.session.world.answer(&Question::Explain(Explain { gaps: false, ..it.clone() }), &here)?;
            return Ok(open_worked_out(app, QuestionLine::of(in_full(&line.question, &item)), here));
        }
        Question::Sidestep(_) | Question::Trust(_) => {
            let asked = Working(AskedQuestion { line: line.clone(), here, notes: Vec::new() });
            app.open(Shown::Working(Box::new(asked)));
            return Ok(asked::asks(app));
        }
        Question::Can(it) => return open_can(app, it, &here),
        Question::WhoCan(it) => open_who_can(app, it, here)?,
        Question::Permissions(it) if it.diff.is_some() => {
            let subject = typed(app, it.subject.as_deref(), &here)?;
            let question = Permissions { subject: Some(subject), ..it.clone() };
            let line = QuestionLine { question: Question::Permissions(question), ..line.clone() };
            return Ok(open_page(app, AskedQuestion { line, here, notes: Vec::new() }));
        }
        Question::Permissions(it) => {
            let subject = grants::typed_subject(app, it.subject.as_deref().unwrap_or_default(), &here.namespace)?;
            return Ok(grants::show_permissions(app, subject, it.groups.clone(), ""));
        }
        Question::Explain(Explain { object, groups, .. }) => {
            let tab = groups.groups.is_empty().then_some(FACTS);
            return open_item(app, &about::item(object, &here)?, tab, line);
        }
        Question::Touch(Touch { object }) => return open_item(app, &about::item(object, &here)?, Some(TOUCH), line),
        Question::Matrix(Matrix { of: matrix::MatrixOf::Namespaces }) => app.open(Shown::Matrix),
        Question::Matrix(Matrix { of: matrix::MatrixOf::Access }) => app.open(Shown::Abilities),
        Question::List(it) => list(app, it.list, &it.typed.line(), line),
    }
    Ok(Vec::new())
}

fn show_trace(
    app: &mut App,
    from: crate::ask::end::AskedEnd,
    to: crate::ask::end::AskedEnd,
    port: crate::ask::end::PortAsk,
) {
    app.answers.tracing.set(from, to);
    app.answers.tracing.port = port;
    app.open(Shown::Trace);
}

/// Shows what is worked out beside the loop; what manifests declare is read anew for it.
fn open_worked_out(app: &mut App, line: QuestionLine, here: Here) -> Vec<Effect> {
    app.answers.declaring.renew();
    app.open(Shown::Fix(Box::new(FixAsked(AskedQuestion { line, here, notes: Vec::new() }))));
    asked::asks(app)
}

/// Shows a question by itself, as its command prints it.
fn open_page(app: &mut App, asked: AskedQuestion) -> Vec<Effect> {
    app.open(Shown::Asked(Box::new(asked)));
    asked::asks(app)
}

/// A pane, filtered; of one namespace where one was named.
fn list(app: &mut App, which: ListName, filter: &str, line: &QuestionLine) {
    match &line.namespace {
        Some(name) => choices::narrow_to(app, [name.clone()].into()),
        None if line.all_namespaces => choices::narrow_to(app, Default::default()),
        None => {}
    }
    navigate::pane(app, panes::of(which));
    app.filter(filter);
}

/// Selects an object in its pane and shows one of its pages; one that the pane does not list is shown by itself.
fn open_item(app: &mut App, item: &Item, tab: Option<&str>, line: &QuestionLine) -> Result<Vec<Effect>, Fault> {
    let pane = ListName::of(item).map_or(0, panes::of);
    app.fill_pane(pane);
    if tab.is_none() || !app.panes[pane].list.select(item) {
        let here = here(app, line);
        let needs = line.question.reads().needs(&here, &app.session.world)?;
        if needs.loading(&app.session.world.cluster).is_empty() {
            app.session.world.answer(&line.question, &here)?;
        }
        let line = QuestionLine::of(in_full(&line.question, item));
        return Ok(open_page(app, AskedQuestion { line, here, notes: Vec::new() }));
    }
    navigate::pane(app, pane);
    app.panes[pane].list.select(item);
    app.focus.tab = explain::tabs(item).iter().position(|it| Some(it.title) == tab).unwrap_or(0);
    app.open(Shown::Explain);
    Ok(Vec::new())
}

/// The same question of an object, named in full.
fn in_full(question: &Question, item: &Item) -> Question {
    let object = item.typed();
    match question {
        Question::Explain(it) => Question::Explain(Explain { object, ..it.clone() }),
        Question::Touch(_) => Question::Touch(Touch { object }),
        other => other.clone(),
    }
}

/// A subject as a question names them; of the operator, whom the server has not named yet, `me`.
fn typed(app: &App, words: Option<&str>, here: &Here) -> Result<String, Fault> {
    match grants::typed_subject(app, words.unwrap_or_default(), &here.namespace) {
        Ok(subject) => Ok(grants::spelled(app.view(), &subject, &Groups::default()).0),
        Err(_) if app.setup.origin == Origin::Live && words.is_none_or(|it| it == "me") => Ok("me".to_owned()),
        Err(fault) => Err(fault),
    }
}

fn open_can(app: &mut App, asked: &can::Can, here: &Here) -> Result<Vec<Effect>, Fault> {
    let name = typed(app, asked.who()?, here)?;
    let resolved = asked.resolved(here, &app.session.world)?;
    let resolved = served(app, resolved, &asked.unserved, here)?;
    let (verb, resource, object, namespace) = spelled(&resolved.request);
    let subject = grants::typed_subject(app, &name, &here.namespace).ok();
    let groups = subject.map(|it| grants::spelled(app.view(), &it, &asked.groups).1);
    let groups = groups.unwrap_or_else(|| asked.groups.clone());
    let (subject, verb, resource) = (Some(name), Some(verb), Some(resource));
    let can = can::Can { subject, verb, resource, object, groups, unserved: asked.unserved.clone() };
    let line = in_namespace(Question::Can(can), namespace);
    Ok(open_page(app, AskedQuestion { line, here: here.clone(), notes: resolved.notes }))
}

fn open_who_can(app: &mut App, asked: &who_can::WhoCan, here: Here) -> Result<(), Fault> {
    // What everything is narrowed to is where one looks.
    let only = here.only.clone().or_else(|| app.focus.scope.only().cloned().filter(|_| !here.all_namespaces));
    let here = Here { only, ..here };
    let resolved = asked.resolved(&here, &app.session.world);
    let places = asked.places(&here, &resolved);
    let resolved = served(app, resolved, &asked.unserved, &here)?;
    let (request, notes) = (resolved.request, resolved.notes);
    app.open(Shown::WhoCan(WhoAsked { request, places, pods: asked.pods, notes }));
    Ok(())
}

/// What is asked, unless it is proven to ask for nothing; before a server has said what it serves nothing is.
fn served(app: &App, resolved: ResolvedResource, unserved: &Unserved, here: &Here) -> Result<ResolvedResource, Fault> {
    let is_unknown = app.session.world.cluster.coverage.kinds.is_empty() && app.setup.origin == Origin::Live;
    if is_unknown {
        return Ok(resolved.all_the_same());
    }
    match unserved.refusal(Some(resolved.clone()), here, &app.session.world) {
        Some(fault) => Err(fault),
        None => {
            let mut resolved = resolved;
            resolved.notes.extend(unserved.absence(here, &app.session.world).map(Name::from));
            Ok(resolved)
        }
    }
}

/// The question that is shown, as a command asks it.
pub fn shown(app: &App) -> Option<QuestionLine> {
    app.focus.shown.view().question(app)
}

/// In this namespace, or in all where it is none.
pub(super) fn in_namespace(question: Question, namespace: Option<Name>) -> QuestionLine {
    match namespace {
        Some(name) if name.is_empty() => QuestionLine { question, namespace: None, all_namespaces: true },
        namespace => QuestionLine { question, namespace, all_namespaces: false },
    }
}

/// Verb, resource or URL, name and namespace, as they are typed.
pub(super) fn spelled(request: &Request) -> (String, String, Option<String>, Option<Name>) {
    match request {
        Request::Url { verb, path } => (verb.to_string(), path.to_string(), None, None),
        Request::Resource(it) => {
            let dot = if it.group.is_empty() { "" } else { "." };
            let slash = if it.subresource.is_empty() { "" } else { "/" };
            let resource = format!("{}{dot}{}{slash}{}", it.resource, it.group, it.subresource);
            let object = (!it.name.is_empty()).then(|| it.name.to_string());
            (it.verb.to_string(), resource, object, Some(it.namespace.clone()))
        }
    }
}
