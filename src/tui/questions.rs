//! Questions on the screen: a line opens what answers it, and what is shown is a line that can be asked anywhere.
//!
//! ```text
//! :trace shop/web svc/shop/db   --open '…'   ──► Line ──open──► the view that answers
//!                       kreach …  ◄──copied── Line ◄──shown──┘
//! ```

use super::app::{App, Shown};
use super::asked;
use super::event::Effect;
use super::explain::{self, FACTS, TOUCH};
use super::grants;
use super::panes::{self, PaneSpec, namespaces, pods, policies, subjects};
use super::reaching::{self, Typed};
use super::status::Origin;
use super::{go, open as opens};
use crate::ask::item::Item;
use crate::ask::question::about::{self, Explain, Touch};
use crate::ask::question::access::Unserved;
use crate::ask::question::matrix::{Matrix, Of};
use crate::ask::question::{can, permissions, reach, who_can};
use crate::ask::{Fault, Here, Line, Question};
use crate::model::name::Name;
use crate::rbac::request::Request;
use crate::rbac::served::Resolved;

/// How what is typed on this screen is read.
fn here(app: &App, line: &Line) -> Here {
    let narrowed = app.focus.scope.only().cloned();
    let here = Here {
        namespace: narrowed.unwrap_or_else(|| "default".into()),
        only: None,
        all_namespaces: false,
        from_files: app.setup.origin == Origin::Files,
    };
    line.here(&here)
}

/// Why the screen cannot show the answer, whatever the cluster is.
///
/// # Errors
/// A question that only a command answers, or one whose ends are none.
pub fn check(line: &Line) -> Result<(), Fault> {
    let cannot = || Err(Fault::new("the screen cannot show this", format!("kreach {line} prints it")));
    let here = line.here(&Here { namespace: "default".into(), ..Here::default() });
    match &line.question {
        Question::Map(_) => cannot(),
        Question::Permissions(it) if it.diff.is_some() => cannot(),
        Question::WhoCan(it) if it.pods => cannot(),
        Question::Can(can::Can { groups, .. })
        | Question::Permissions(permissions::Permissions { groups, .. })
        | Question::Explain(Explain { groups, .. })
        | Question::Reach(reach::Reach { groups, .. })
            if !groups.groups.is_empty() =>
        {
            Err(Fault::new("the screen takes no --group", "see with a subject and its groups: :as user:dev group:ops"))
        }
        Question::Reach(it) if it.server_version.is_some() => cannot(),
        Question::Trace(it) => it.ends(&here.namespace).map(drop),
        Question::Reach(it) => reaching::read(it, &here.namespace).map(drop),
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
/// It cannot be shown, or what it names is proven not to be there.
pub fn open(app: &mut App, line: &Line) -> Result<Vec<Effect>, Fault> {
    check(line)?;
    let here = here(app, line);
    match &line.question {
        Question::Trace(it) => {
            let (from, to, port) = it.ends(&here.namespace)?;
            show_trace(app, from, to, port);
        }
        Question::Reach(it) => match reaching::read(it, &here.namespace)? {
            Typed::Reach(asked) => app.open(Shown::Reach(asked)),
            Typed::Trace(from, to, port) => show_trace(app, from, to, port),
        },
        Question::Can(it) => return open_can(app, it, &here),
        Question::WhoCan(it) => open_who_can(app, it, here)?,
        Question::Permissions(it) => {
            let subject = grants::typed_subject(app, it.subject.as_deref().unwrap_or_default(), &here.namespace)?;
            return Ok(grants::permissions(app, subject, ""));
        }
        Question::Explain(Explain { object, .. }) => open_item(app, &about::item(object, &here)?, FACTS)?,
        Question::Touch(Touch { object }) => open_item(app, &about::item(object, &here)?, TOUCH)?,
        Question::Matrix(Matrix { of: Of::Namespaces }) => app.open(Shown::Matrix),
        Question::Matrix(Matrix { of: Of::Access }) => app.open(Shown::Abilities),
        Question::Namespaces(it) => list(app, &namespaces::PANE, &it.line(), line),
        Question::Pods(it) => list(app, &pods::PANE, &it.line(), line),
        Question::Policies(it) => list(app, &policies::PANE, &it.line(), line),
        Question::Subjects(it) => list(app, &subjects::PANE, &it.line(), line),
        // Refused by the check.
        Question::Map(_) => {}
    }
    Ok(Vec::new())
}

fn show_trace(app: &mut App, from: crate::ask::end::End, to: crate::ask::end::End, port: crate::ask::end::PortAsk) {
    app.answers.tracing.set(from, to);
    app.answers.tracing.port = port;
    app.open(Shown::Trace);
}

/// A pane, filtered; of one namespace where one was named.
fn list(app: &mut App, pane: &PaneSpec, filter: &str, line: &Line) {
    match &line.namespace {
        Some(name) => opens::narrow_to(app, [name.clone()].into()),
        None if line.all_namespaces => opens::narrow_to(app, Default::default()),
        None => {}
    }
    go::pane(app, panes::at(pane));
    app.filter(filter);
}

/// Selects an object in its pane and shows one of its pages.
fn open_item(app: &mut App, item: &Item, tab: &str) -> Result<(), Fault> {
    let pane = match item {
        Item::Namespace(_) => panes::at(&namespaces::PANE),
        Item::Pod(_) => panes::at(&pods::PANE),
        Item::Policy(_) => panes::at(&policies::PANE),
        Item::Subject(_) => panes::at(&subjects::PANE),
        Item::Service(_) => {
            let hint = format!("kreach explain {} prints it", item.typed());
            return Err(Fault::new("the screen has no pane of Services", hint));
        }
    };
    let is_there = app.panes[pane].list.select(item);
    if !is_there {
        return Err(Fault::new(format!("{} is not in the list", item.typed()), "Esc and 0 show all of it"));
    }
    go::pane(app, pane);
    app.panes[pane].list.select(item);
    app.focus.tab = explain::tabs(item).iter().position(|it| it.title == tab).unwrap_or(0);
    app.open(Shown::Explain);
    Ok(())
}

fn open_can(app: &mut App, asked: &can::Can, here: &Here) -> Result<Vec<Effect>, Fault> {
    let subject = grants::typed_subject(app, asked.who()?.unwrap_or_default(), &here.namespace)?;
    let resolved = asked.resolved(here, &app.session.world)?;
    let resolved = served(app, resolved, &asked.unserved, here)?;
    let notes = grants::unknown(app, &subject).into_iter().chain(resolved.notes).collect();
    Ok(asked::show(app, subject, resolved.request, notes))
}

fn open_who_can(app: &mut App, asked: &who_can::WhoCan, here: Here) -> Result<(), Fault> {
    // What everything is narrowed to is where one looks.
    let only = here.only.clone().or_else(|| app.focus.scope.only().cloned().filter(|_| !here.all_namespaces));
    let here = Here { only, ..here };
    let resolved = asked.resolved(&here, &app.session.world);
    let places = asked.places(&here, &resolved);
    let resolved = served(app, resolved, &asked.unserved, &here)?;
    app.open(Shown::WhoCan(super::access::WhoAsked { request: resolved.request, places, notes: resolved.notes }));
    Ok(())
}

/// What is asked, unless it is proven to ask for nothing; before a server has said what it serves nothing is.
fn served(app: &App, resolved: Resolved, unserved: &Unserved, here: &Here) -> Result<Resolved, Fault> {
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
pub fn shown(app: &App) -> Option<Line> {
    app.focus.shown.view().question(app)
}

/// In this namespace, or in all where it is none.
pub(super) fn in_namespace(question: Question, namespace: Option<Name>) -> Line {
    match namespace {
        Some(name) if name.is_empty() => Line { question, namespace: None, all_namespaces: true },
        namespace => Line { question, namespace, all_namespaces: false },
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
