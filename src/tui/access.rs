//! Pages about access: who a subject is, what it may do, and who may touch an object.
//!
//! Nothing here decides: it asks [`crate::rbac`] and shows what the subcommands print.

use std::borrow::Cow;

use super::explain::{count, linked};
use super::page::Reader;
use crate::ask::World;
use crate::ask::filter::Filter;
use crate::ask::filter::Filtered;
use crate::ask::filter::Pieces;
use crate::ask::item::Item;
use crate::ask::scope::View;
use crate::model::id::{Kind, PodId};
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::fold::{self, What};
use crate::rbac::identity::canonical;
use crate::rbac::note;
use crate::rbac::review::Review;
use crate::rbac::served::Served;
use crate::rbac::subjects::{Oddity, person};
use crate::rbac::who::WhoCan;
use crate::rbac::{Identity, Places, Request};
use crate::text::rbac as words;
use crate::text::{Line, Mark, Page, capability};

/// Who somebody is: the worst of it, what is odd, what names them, and the pods that run as them.
pub fn subject(page: &mut Page, view: View<'_>, subject: &Subject) {
    let world = view.world;
    page.say(0, Mark::Title, subject.to_string());
    let is_me = world.is_me(subject);
    if is_me {
        page.say(0, Mark::Note, "this is you, by the server's word (SelfSubjectReview)");
    }
    if !is_me && !world.rbac().is_somebody(&world.cluster, subject) {
        return page.say(0, Mark::Note, "nothing names it any more");
    }
    let weight = world.weight(subject);
    for oddity in &weight.oddities {
        let mark = if oddity.is_bad() { Mark::Deny } else { Mark::Note };
        page.say(0, mark, format!("{}: {}", oddity.as_str(), oddity.doc()));
    }
    match weight.danger() {
        Some(danger) => page.say(0, Mark::Note, format!("worst: {}. {}", danger.word, danger.doc)),
        None if weight.oddities.contains(&Oddity::Never) => {}
        None if !is_listed(world) => page.say(0, Mark::Unknown, "what is bound to it may not all be read"),
        None => page.say(0, Mark::Plain, "of its own nothing dangerous"),
    }
    if let Some(danger) = weight.common_danger() {
        page.say(0, Mark::Note, format!("as everybody of its sort: {}. {}", danger.word, danger.doc));
    }
    page.say(0, Mark::Plain, words::groups(&identity(view, subject)));
    bindings(page, view, subject);
    people(page, view, subject);
    running(page, view, subject);
}

/// Whether all bindings and roles were read.
fn is_listed(world: &World) -> bool {
    let kinds = [Kind::ROLE, Kind::CLUSTER_ROLE, Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING];
    kinds.iter().all(|it| world.cluster.coverage.of(*it, "").is_complete())
}

fn bindings(page: &mut Page, view: View<'_>, subject: &Subject) {
    let found = view.world.rbac().bindings_of(subject);
    page.say(0, Mark::Title, format!("{} by name", count(found.len(), "binding")));
    for binding in found {
        let place = match binding.meta.namespace.as_str() {
            "" => "everywhere".to_owned(),
            namespace => format!("in {namespace}"),
        };
        let what = format!("{} {} {place}", binding.role.kind.to_lowercase(), binding.role.name);
        page.push(linked(1, Mark::Plain, what, &binding.id()));
        page.push(linked(2, Mark::Plain, format!("by {}", binding.id()), &binding.id()));
    }
}

/// The people of a group, where a directory names them.
fn people(page: &mut Page, view: View<'_>, subject: &Subject) {
    let (Some(people), SubjectKind::Group) = (&view.world.people, subject.kind()) else { return };
    let members = people.members_of(subject.name());
    page.say(
        0,
        Mark::Title,
        format!("{} in it, by the directory", crate::text::words::count(members.len() as u64, "person", "people")),
    );
    for person in members {
        page.say(1, Mark::Plain, words::person(person));
    }
}

/// The pods that run as a service account.
fn running(page: &mut Page, view: View<'_>, subject: &Subject) {
    if subject.kind() != SubjectKind::ServiceAccount {
        return;
    }
    let pods = view.world.cluster.pods.of(subject.namespace()).iter();
    let pods: Vec<PodId> = pods.filter(|it| it.mold.service_account == *subject.name()).map(|it| it.pod_id()).collect();
    page.say(0, Mark::Title, format!("{} run as it", count(pods.len(), "pod")));
    for pod in pods {
        page.push(linked(1, Mark::Plain, pod.to_string(), &pod.object()));
    }
}

/// What somebody holds, narrowed by a filter line.
#[derive(Clone, PartialEq, Debug)]
pub struct Permitted {
    pub subject: Subject,
    pub filter: String,
    /// That nothing names the subject, where that was so when it was asked.
    pub notes: Vec<Name>,
}

/// A question about everybody.
#[derive(Clone, PartialEq, Debug)]
pub struct WhoAsked {
    pub request: Request,
    pub places: Places,
    /// How what was typed is read, where that is worth a word.
    pub notes: Vec<Name>,
}

impl WhoAsked {
    /// A question that nobody typed.
    pub fn of(request: Request, places: Places) -> Self {
        Self { request, places, notes: Vec::new() }
    }
}

/// Who somebody is: with the groups that the operator typed for them, else those that the server knows the operator
/// in, else those of the directory.
pub fn identity(view: View<'_>, subject: &Subject) -> Identity {
    match view.acting {
        Some(acting) if acting.subject == canonical(subject) => acting.clone(),
        _ => match view.world.told.me().filter(|it| it.subject() == canonical(subject)) {
            Some(me) => me.identity(&[]),
            None => person(subject, view.world.people.as_deref()),
        },
    }
}

/// What a subject may do, each grant with its binding, role and rule.
pub fn permissions(view: View<'_>, item: &Item) -> Page {
    let Item::Subject(subject) = item else { return Page::default() };
    permitted(view, &Permitted { subject: subject.clone(), filter: String::new(), notes: Vec::new() })
}

/// The same, as an answer of its own that can be narrowed.
pub fn permitted(view: View<'_>, of: &Permitted) -> Page {
    let mut folded = view.world.rbac().folded(&identity(view, &of.subject), None, &view.world.served);
    let all = folded.rows.len();
    let filter = Filter::parse(&spelled(&of.filter));
    folded.rows.retain(|it| view.scope.holds(&it.scope) && passes(&filter, it, &view.world.served));
    let left = folded.rows.len();
    let mut page = words::permissions(&folded);
    if of.filter.is_empty() && is_own_word(view, &folded) {
        let here = view.world.told.all_rules().filter(|it| view.scope.holds(it.0));
        here.for_each(|(namespace, rules)| words::own_rules(&mut page, namespace, rules));
    }
    if left == all {
        let capabilities = view.world.rbac().capabilities(&folded.identity, view.scope.only(), view.world.version);
        capability::add(&mut page, &capabilities);
        if of.notes.is_empty() {
            page.lines.extend(words::unnamed(view.world.rbac(), &folded));
        }
        let problems = note::of_problems(&view.world.cluster, &folded.objects());
        problems.iter().for_each(|it| page.say(1, Mark::Note, it));
        page.head(&of.notes);
        page.lines.extend(words::has_left(&folded.identity.subject, view.world.people.as_deref()));
        return page;
    }
    let narrowed = view.scope.only().map(|it| format!(", narrowed to {it}")).unwrap_or_default();
    let shown = if of.filter.is_empty() { String::new() } else { format!(" /{}", of.filter) };
    page.lines.insert(1, Line::new(1, Mark::Note, format!("{left} of {all} lines{shown}{narrowed}")));
    if left <= FEW {
        page.fold = None;
    }
    page
}

/// Whether the server's word is wanted: on the operator, where what he is given may not all be read.
fn is_own_word(view: View<'_>, folded: &fold::Folded) -> bool {
    folded.is_partial() && view.world.told.me().is_some_and(|it| it.is(&folded.identity))
}

/// What is to be put to the server for what somebody may do: the operator's rules in the namespace in view.
pub fn appeal(view: View<'_>, of: &Permitted) -> Option<Review> {
    let review = Review::OwnRules(view.scope.only()?.clone());
    let folded = || view.world.rbac().folded(&identity(view, &of.subject), None, &view.world.served);
    (!view.world.told.has(&review) && is_own_word(view, &folded())).then_some(review)
}

/// So few lines are shown with all their grants.
const FEW: usize = 5;

/// `danger` alone stands for every line that is one.
fn spelled(line: &str) -> String {
    let word = |word: &str| if word == "danger" { "danger!=".to_owned() } else { word.to_owned() };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// A folded row as filters look at it.
struct Listed<'a> {
    row: &'a fold::Row,
    what: String,
}

impl Filtered for Listed<'_> {
    fn words(&self) -> Pieces<'_> {
        [&self.row.scope, "/", "", "", &self.what]
    }
    fn label(&self, _: &str) -> Option<Cow<'_, Name>> {
        None
    }
}

fn passes(filter: &Filter, row: &fold::Row, served: &Served) -> bool {
    filter.is_empty() || filter.passes(&Listed { row, what: row.what.to_string() }, |it, title| cell(it, title, served))
}

/// What `title=value` looks at; what is written `*` holds everything that it stands for.
fn cell(listed: &Listed<'_>, title: &str, served: &Served) -> Option<String> {
    let row = listed.row;
    let sources = || row.sources.iter();
    Some(match title {
        "verb" | "verbs" if row.verbs.iter().any(|it| it == "*") => words::VERBS.join(" "),
        "verb" | "verbs" => words::verbs(&row.verbs),
        "resource" | "resources" => {
            match &row.what {
                fold::What::Resource { group, resource, .. } if resource == "*" => {
                    let names = served.iter().filter(|it| group == "*" || it.group == *group).map(|it| {
                        What::Resource { group: it.group.clone(), resource: it.name.clone(), name: Name::empty() }
                    });
                    names.map(|it| it.to_string()).collect::<Vec<_>>().join(" ")
                }
                _ => listed.what.clone(),
            }
        }
        "ns" | "namespace" | "where" if row.scope.is_empty() => "all".into(),
        "ns" | "namespace" | "where" => row.scope.to_string(),
        "danger" => row.danger().map(|it| it.word.to_owned()).unwrap_or_default(),
        "role" => sources().map(|it| it.role.to_string()).collect::<Vec<_>>().join(" "),
        "binding" => sources().map(|it| it.binding.to_string()).collect::<Vec<_>>().join(" "),
        "by" => sources().map(|it| it.subject.0.clone()).collect::<Vec<_>>().join(" "),
        _ => return None,
    })
}

/// Everybody who can; of many only the grants of those whom the reader has opened.
pub fn who_can(view: View<'_>, asked: &WhoAsked, reader: &Reader) -> Page {
    let who = holders(view, asked);
    let mut page = match who.holders.len() > MANY {
        true => who_page(view, &who, &|above, it| reader.is_open(above, it)),
        false => who_page(view, &who, &|_, _| true),
    };
    page.head(&asked.notes);
    page
}

/// The list with what should be known beside it.
fn who_page(view: View<'_>, who: &WhoCan, is_open: &dyn Fn(&Line, &Line) -> bool) -> Page {
    let world = view.world;
    let mut page = words::who_can_opened(who, &world.rbac().beside(who), world.people.as_deref(), is_open);
    let notes = note::of_request(&who.request, world.version).into_iter();
    let notes = notes.chain(note::no_rbac(&world.cluster)).chain(note::of_problems(&world.cluster, &who.rules()));
    notes.for_each(|it| page.say(1, Mark::Note, it));
    page
}

/// Everybody who can, with all grants of all of them.
pub fn who_can_whole(view: View<'_>, asked: &WhoAsked) -> Page {
    let mut page = who_page(view, &holders(view, asked), &|_, _| true);
    page.head(&asked.notes);
    page
}

fn holders<'a>(view: View<'a>, asked: &WhoAsked) -> WhoCan<'a> {
    view.world.rbac().who_can(&view.world.cluster, &asked.request, asked.places.clone())
}

/// Of more holders their grants are put on the page when they are opened.
const MANY: usize = 1_000;

/// Who may change the object, and what else they may do with it.
pub fn touch(view: View<'_>, item: &Item) -> Page {
    let asking = words::Asking { people: view.world.people.as_deref(), acting: view.acting };
    let object = item.object();
    object.map(|it| words::touch(view.world.rbac(), &view.world.cluster, &it, asking)).unwrap_or_default()
}
