//! Commands that ask about access: what somebody may do, who else can, and with whom the operator sees.
//!
//! ```text
//! r, Enter on a subject      what it may do        :permissions user:dev-1
//! w on one of those lines    who else can          :who-can get secrets -n shop
//! x in the pane of subjects  all of them           :can sa:ci/deployer create pods -n shop
//! i                          see with a user and groups that are typed
//! ```

use super::access::{Permitted, WhoAsked};
use super::app::{App, Shown, Typing};
use super::asked;
use super::command::At;
use super::event::Effect;
use super::field::Field;
use super::picker::{Choice, Picker, PickerEntry, PickerSubject as Picking};
use crate::ask::item::Item;
use crate::ask::question::access::Groups;
use crate::ask::scope::CellContext;
use crate::ask::{Fault, somebody};
use crate::model::id::ResourceScope;
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::identity::{Membership, canonical};
use crate::rbac::pasted::{self, TypedSubject};
use crate::rbac::places;
use crate::rbac::resource_or_url::ResourceOrUrl;
use crate::rbac::{AskedPlaces, Identity, Request, ResourceRequest};
use crate::text::{About, rbac};

/// What the line under the cursor stands for, where one is in a page.
pub fn about(app: &App) -> Option<&About> {
    if app.place() != At::Page {
        return None;
    }
    app.reader().about()
}

/// The subject that a command means: of the line under the cursor, of the sheet, or the selected row.
pub fn subject(app: &App) -> Option<Subject> {
    match (app.place(), about(app)) {
        (At::Page, Some(About::Somebody(subject))) => Some(subject.clone()),
        (At::Sheet, _) => app.focus.shown.view().subject(app),
        (At::List, _) => match app.selected() {
            Some(Item::Subject(subject)) => Some(subject),
            _ => None,
        },
        _ => None,
    }
}

/// Opens what somebody may do.
pub fn permissions(app: &mut App, subject: Subject, filter: impl Into<String>) -> Vec<Effect> {
    show_permissions(app, subject, Groups::default(), filter)
}

/// The same of a subject who is said to be in these groups besides.
pub fn show_permissions(app: &mut App, subject: Subject, groups: Groups, filter: impl Into<String>) -> Vec<Effect> {
    let notes = unknown(app, &subject).into_iter().collect();
    app.open(Shown::Permissions(Permitted { subject, groups, filter: filter.into(), notes }));
    asked::asks(app)
}

/// A subject as a question names them: the operator as who they are, with the groups that the server knows, and whom
/// one sees with in the groups that were typed.
pub fn spelled(view: CellContext<'_>, subject: &Subject, typed: &Groups) -> (String, Groups) {
    let acting = view.acting.filter(|it| typed.groups.is_empty() && it.subject == canonical(subject));
    let name = if view.world.is_me(subject) { "me".to_owned() } else { subject.to_string() };
    let groups = acting.map(|it| Groups { groups: given(it).map(ToString::to_string).collect() });
    (name, groups.unwrap_or_else(|| typed.clone()))
}

/// Opens the sheet of all subjects in view.
pub fn abilities(app: &mut App) -> Vec<Effect> {
    let here = subject(app);
    app.open(Shown::Abilities);
    app.settle_answers();
    if let Some(subject) = here {
        app.answers.abilities.select(&subject);
    }
    Vec::new()
}

/// Opens the grants behind the cell under the cursor.
pub fn cell(app: &mut App) -> Vec<Effect> {
    match app.answers.abilities.selected() {
        Some((subject, resource)) => permissions(app, subject, format!("resource={resource}")),
        None => Vec::new(),
    }
}

/// Who else can do what the line under the cursor speaks of; of several verbs one is chosen.
pub fn who_else(app: &mut App, scope: &Name, what: &ResourceOrUrl, verbs: &[Name]) -> Vec<Effect> {
    let verbs: Vec<Name> = match verbs.iter().any(|it| it == "*") {
        true => rbac::VERBS.iter().map(|it| Name::from(*it)).collect(),
        false => rbac::verbs(verbs).split(' ').map(Name::from).collect(),
    };
    let asked = |verb: &Name| who_asked(app, verb, scope, what);
    if let [verb] = verbs.as_slice() {
        let asked = asked(verb);
        app.open(Shown::WhoCan(asked));
        return Vec::new();
    }
    let entry = |verb: &Name| {
        let asked = asked(verb);
        PickerEntry::new(verb.to_string(), format!("who can {}", asked.request), Choice::Who(Box::new(asked)))
    };
    let entries = verbs.iter().map(entry).collect();
    app.input.picker = Some(Picker::new(Picking::Verbs, "who else can", entries));
    Vec::new()
}

fn who_asked(app: &App, verb: &Name, scope: &Name, what: &ResourceOrUrl) -> WhoAsked {
    let ResourceOrUrl::Resource { group, resource, name } = what else {
        return WhoAsked::of(Request::url(verb, &what.to_string()), AskedPlaces::Asked);
    };
    let (plural, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let mut request = ResourceRequest {
        verb: verb.clone(),
        group: group.clone(),
        resource: plural.into(),
        subresource: subresource.into(),
        name: name.clone(),
        namespace: scope.clone(),
        ..ResourceRequest::default()
    };
    request.domain = places::domain_of(&request);
    let is_namespaced = places::is_elsewhere(&request)
        || app.session.world.served.get(group, plural).is_none_or(|it| it.scope == ResourceScope::Namespaced);
    let request = Request::Resource(request);
    let places = if scope.is_empty() && is_namespaced { AskedPlaces::Everywhere } else { AskedPlaces::Asked };
    WhoAsked::of(request, places)
}

/// Starts to type whom to see with.
pub fn start_acting(app: &mut App) -> Vec<Effect> {
    let held = app.session.acting.as_ref().map(spell);
    let typed = held.or_else(|| subject(app).map(|it| it.to_string())).unwrap_or_default();
    app.input.typing = Some(Typing::Acting(Field::holding(&typed)));
    Vec::new()
}

/// Sees with a user and groups from now on, or with nobody again.
pub fn act(app: &mut App, words: &str) -> Result<(), Fault> {
    let acting = acting(app, words)?;
    app.reanswer();
    app.session.acting = acting;
    match app.session.acting.as_ref().map(|it| it.subject.clone()) {
        Some(subject) => {
            app.say(format!("seeing with {subject}: i changes it, an empty line forgets it"));
            permissions(app, subject, "");
        }
        None => app.say("impersonation off"),
    }
    Ok(())
}

/// `user:dev-1 group:dev group:ops`: a subject, and groups that it is in besides its own.
fn acting(app: &App, words: &str) -> Result<Option<Identity>, Fault> {
    let here = app.namespace();
    let typed = words.split_whitespace().map(|it| typed_subject(app, it, &here));
    let subjects: Vec<Subject> = typed.collect::<Result<_, Fault>>()?;
    let (groups, others): (Vec<&Subject>, Vec<&Subject>) =
        subjects.iter().partition(|it| it.kind() == SubjectKind::Group);
    let (subject, groups) = match (others.as_slice(), groups.as_slice()) {
        ([], []) => return Ok(None),
        ([one], groups) => (*one, groups),
        ([], [first, others @ ..]) => (*first, others),
        _ => return Err(Fault::new("one user or service account at a time", "its groups follow: group:dev group:ops")),
    };
    let given: Vec<Name> = groups.iter().map(|it| it.name().clone()).collect();
    let operator = app.session.world.told.me().filter(|it| it.subject() == *subject);
    let identity = operator.map_or_else(|| Identity::new(subject, &given), |it| it.identity(&given));
    let people = app.session.world.people.as_deref().filter(|_| identity.subject.kind() == SubjectKind::User);
    let by_directory = people.map(|it| it.groups_of(&identity.user)).unwrap_or_default();
    Ok(Some(identity.with_directory(&by_directory)))
}

/// An identity as it is typed: `user:dev-1 group:dev`.
fn spell(identity: &Identity) -> String {
    let groups: String = given(identity).map(|it| format!(" group:{it}")).collect();
    format!("{}{groups}", identity.subject)
}

/// The same for the status line, where room is dear: `AS user:dev-1 +1`.
pub fn brief(identity: &Identity) -> String {
    match given(identity).count() {
        0 => format!("AS {}", identity.subject),
        groups => format!("AS {} +{groups}", identity.subject),
    }
}

/// The groups that somebody was said to be in besides, by the operator or the server.
pub fn given(identity: &Identity) -> impl Iterator<Item = &Name> {
    identity.said_groups().filter(|it| it.1 == Membership::Given).map(|it| it.0)
}

/// Narrows the permissions or the map that are shown.
pub fn narrow(app: &mut App, line: &str) {
    let filter = match &mut app.focus.shown {
        Shown::Permissions(of) => &mut of.filter,
        Shown::Map(asked) => &mut asked.filter,
        _ => return,
    };
    if filter != line {
        line.clone_into(filter);
        app.answers.reader.rewind();
        app.reanswer();
    }
}

/// Only dangerous lines, or all again.
pub fn dangers(app: &mut App) {
    let Shown::Permissions(of) = &app.focus.shown else { return };
    let line = if of.filter == "danger" { "" } else { "danger" };
    narrow(app, line);
}

/// Why there are no dangers to look for.
pub fn no_permissions(app: &App) -> Option<&'static str> {
    (!matches!(app.focus.shown, Shown::Permissions(_))).then_some("open what a subject may do first (Enter on it)")
}

/// A typed subject; of no words whom the operator sees with, or the one that is selected, else the operator.
pub fn typed_subject(app: &App, words: &str, namespace: &Name) -> Result<Subject, Fault> {
    let such = "such as user:dev-1, group:dev or sa:shop/web";
    let held = || app.session.acting.as_ref().map(|it| it.subject.clone()).or_else(|| subject(app));
    let whom = match words {
        "" => held().map_or(TypedSubject::Me, TypedSubject::Somebody),
        words => pasted::read(words, namespace).map_err(|what| Fault::new(what, such))?,
    };
    match (whom, app.session.world.told.me()) {
        (TypedSubject::Somebody(subject), _) => Ok(subject),
        (TypedSubject::Me, Some(me)) => Ok(me.subject()),
        (TypedSubject::Me, None) => Err(Fault::new("a subject is needed: who you are is not known here", such)),
    }
}

/// That nothing names a subject, with the nearest.
pub fn unknown(app: &App, subject: &Subject) -> Option<Name> {
    let world = &app.session.world;
    let told = || somebody::unknown(&world.cluster, world.rbac(), world.people.as_deref(), subject);
    (!world.is_me(subject)).then(told)?.map(Name::from)
}

/// `:as [SUBJECT] [group:NAME]...`.
pub fn as_word(app: &mut App, words: &str) -> Result<Vec<Effect>, Fault> {
    act(app, words)?;
    Ok(Vec::new())
}
