//! What `f` asks for, by where one is: a trace, a line of permissions, a way, a subject, a namespace, a pod.

use super::app::{App, Shown};
use super::command::At;
use super::event::Effect;
use super::picker::{Choice, Picker, PickerEntry, PickerSubject as Picking};
use super::{choking, grants, questions};
use crate::ask::end::{AskedEnd, PortAsk};
use crate::ask::escalation::{self, Actor};
use crate::ask::item::Item;
use crate::ask::question::declared::Declared;
use crate::ask::question::fix::Fix;
use crate::ask::question::trace::Trace;
use crate::ask::{Fault, Question, QuestionLine};
use crate::escalate::Foothold;
use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::resource_or_url::ResourceOrUrl;
use crate::text::About;

/// What is to be otherwise.
enum Meant {
    Flow(AskedEnd, AskedEnd, PortAsk),
    /// What somebody may do, with each of these verbs.
    Right {
        subject: Subject,
        scope: Name,
        what: ResourceOrUrl,
        verbs: Vec<Name>,
    },
    /// The ways of somebody, or of everybody, to a goal.
    Ways {
        from: Option<Subject>,
        to: String,
    },
    Subject(Subject),
    Namespace(Name),
    Pod(String),
}

/// What is under the cursor, else what is selected.
fn meant(app: &App) -> Option<Meant> {
    if app.place() == At::Page {
        let of_view = of_view(app);
        if of_view.is_some() || app.focus.shown != Shown::Explain {
            return of_view;
        }
    }
    if let Some(subject) = grants::subject(app) {
        return Some(Meant::Subject(subject));
    }
    match app.selected().filter(|_| app.place() != At::Sheet)? {
        Item::Namespace(name) => Some(Meant::Namespace(name)),
        Item::Pod(pod) => Some(Meant::Pod(format!("pod/{pod}"))),
        Item::Subject(subject) => Some(Meant::Subject(subject)),
        _ => None,
    }
}

fn of_view(app: &App) -> Option<Meant> {
    let about = grants::about(app);
    if let (Some(subject), Some(About::Permission { scope, what, verbs })) = (held_by(app), about) {
        return Some(Meant::Right { subject, scope: scope.clone(), what: what.clone(), verbs: verbs.clone() });
    }
    match (&app.focus.shown, about) {
        (Shown::Trace, _) => {
            let (from, to) = app.answers.tracing.ends()?;
            Some(Meant::Flow(from.clone(), to.clone(), app.answers.tracing.port.clone()))
        }
        (Shown::Reach(asked), _) if asked.to.is_some() => {
            Some(Meant::Ways { from: Some(holder(&asked.of)?), to: asked.to.as_ref()?.to_string() })
        }
        (Shown::Choke(asked), about) => match (choking::ways(asked)?, about) {
            ((Some(of), to), _) => ways_of(of, to),
            ((None, _), Some(About::Way { from, to })) => ways_of(from, to),
            ((None, to), _) => Some(Meant::Ways { from: None, to: to.to_owned() }),
        },
        (Shown::Reach(_), Some(About::Way { from, to })) => ways_of(from, to),
        (Shown::Permissions(of), None) => Some(Meant::Subject(of.subject.clone())),
        (_, Some(About::Somebody(subject))) => Some(Meant::Subject(subject.clone())),
        _ => None,
    }
}

/// The ways of whoever is named so, if that is a subject.
fn ways_of(from: &str, to: &str) -> Option<Meant> {
    let from = holder(&escalation::actor(from, &Name::from("default")).ok()?)?;
    Some(Meant::Ways { from: Some(from), to: to.to_owned() })
}

/// Whose permissions are shown.
fn held_by(app: &App) -> Option<Subject> {
    match (&app.focus.shown, app.selected()) {
        (Shown::Permissions(of), _) => Some(of.subject.clone()),
        (Shown::Explain, Some(Item::Subject(subject))) => Some(subject),
        _ => None,
    }
}

fn holder(actor: &Actor) -> Option<Subject> {
    match actor {
        Actor::Held(Foothold::Subject(subject)) => Some(subject.clone()),
        _ => None,
    }
}

/// Why nothing can be otherwise here.
pub fn nothing(app: &App) -> Option<&'static str> {
    let is_there = meant(app).is_some();
    (!is_there)
        .then_some("select a namespace, a pod or a subject, or open a trace, permissions, a subject's way or a cut")
}

/// Proposes what makes it otherwise.
pub fn propose(app: &mut App) -> Vec<Effect> {
    let fix = match meant(app) {
        None => return Vec::new(),
        Some(Meant::Right { subject, scope, what, verbs }) => return rights(app, &subject, &scope, &what, &verbs),
        Some(Meant::Flow(from, to, port)) => match flow(app, &from, &to, &port) {
            Ok(fix) => fix,
            Err(fault) => {
                app.say(fault.whole());
                return Vec::new();
            }
        },
        Some(Meant::Ways { from, to }) => Fix { to: Some(to), ..from.as_ref().map(revoke).unwrap_or_default() },
        Some(Meant::Subject(subject)) => revoke(&subject),
        Some(Meant::Namespace(name)) => {
            let declared = Declared { baseline: true, ..Declared::default() };
            Fix { isolate: Some(format!("ns/{name}")), declared, ..Fix::default() }
        }
        Some(Meant::Pod(pod)) => Fix { contain: Some(pod), ..Fix::default() },
    };
    open(app, &QuestionLine::of(Question::Fix(fix)))
}

/// Opens what answers a line, or says why nothing does.
pub fn open(app: &mut App, line: &QuestionLine) -> Vec<Effect> {
    questions::open(app, line).unwrap_or_else(|fault| {
        app.say(fault.whole());
        Vec::new()
    })
}

fn revoke(subject: &Subject) -> Fix {
    Fix { revoke: Some(subject.to_string()), ..Fix::default() }
}

/// A flow that is denied is to be allowed, one that is allowed to be denied.
fn flow(app: &App, from: &AskedEnd, to: &AskedEnd, port: &PortAsk) -> Result<Fix, Fault> {
    let trace = app.session.world.asker().trace(from, to, port)?;
    let Trace { from, to } = Trace::of(from, to, port);
    let words = from.into_iter().chain(to).collect();
    match trace.outcome() {
        Outcome::Deny => Ok(Fix { words, allow: true, ..Fix::default() }),
        Outcome::Allow => Ok(Fix { words, deny: true, ..Fix::default() }),
        Outcome::Unknown => {
            Err(Fault::new("fix: the verdict is unknown", "say which way, :fix FROM TO --allow or --deny"))
        }
    }
}

/// A right is taken; of several verbs one is chosen.
fn rights(app: &mut App, subject: &Subject, scope: &Name, what: &ResourceOrUrl, verbs: &[Name]) -> Vec<Effect> {
    let lines: Vec<(Name, QuestionLine)> =
        verbs.iter().map(|it| (it.clone(), right(subject, scope, what, it))).collect();
    if let [(_, line)] = lines.as_slice() {
        return open(app, line);
    }
    let entry = |(verb, line): (Name, QuestionLine)| {
        PickerEntry::new(verb.to_string(), line.to_string(), Choice::Ask(Box::new(line)))
    };
    let entries = lines.into_iter().map(entry).collect();
    app.input.picker = Some(Picker::new(Picking::Verbs, "take which verb", entries));
    Vec::new()
}

fn right(subject: &Subject, scope: &Name, what: &ResourceOrUrl, verb: &Name) -> QuestionLine {
    let (resource, name) = match what {
        ResourceOrUrl::Resource { group, resource, name } => {
            // Of every group none is typed.
            let group = if group == "*" { Name::empty() } else { group.clone() };
            let bare = ResourceOrUrl::Resource { group, resource: resource.clone(), name: Name::empty() };
            (bare.to_string(), Some(name.to_string()).filter(|it| !it.is_empty()))
        }
        what => (what.to_string(), None),
    };
    let words = [verb.to_string(), resource].into_iter().chain(name).collect();
    questions::in_namespace(Question::Fix(Fix { words, ..revoke(subject) }), Some(scope.clone()))
}
