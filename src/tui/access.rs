//! Pages about access: what a subject may do, who can do something, and who may touch an object.
//!
//! Nothing here decides: it asks [`crate::rbac`] and shows what the subcommands print.

use std::borrow::Cow;

use super::page::Reader;
use crate::ask::filter::{Cells, Filter, Filtered, Pieces, holds_word};
use crate::ask::item::Item;
use crate::ask::question::permissions::Held;
use crate::ask::question::who_can;
use crate::ask::scope::View;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::fold::{self, What};
use crate::rbac::review::Review;
use crate::rbac::served::Served;
use crate::rbac::who::WhoCan;
use crate::rbac::{Places, Request};
use crate::text::rbac as words;
use crate::text::{Line, Mark, Page};

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

/// What a subject may do, each grant with its binding, role and rule.
pub fn permissions(view: View<'_>, item: &Item) -> Page {
    let Item::Subject(subject) = item else { return Page::default() };
    permitted(view, &Permitted { subject: subject.clone(), filter: String::new(), notes: Vec::new() })
}

/// The same, as an answer of its own that can be narrowed.
pub fn permitted(view: View<'_>, of: &Permitted) -> Page {
    let mut folded = view.world.rbac().folded(&view.identity(&of.subject), None, &view.world.served);
    let all = folded.rows.len();
    let filter = Filter::parse(&spelled(&of.filter));
    folded.rows.retain(|it| view.scope.holds(&it.scope) && passes(&filter, it, &view.world.served));
    let left = folded.rows.len();
    let own_word = of.filter.is_empty() && is_own_word(view, &folded);
    let here = view.world.told.all_rules().filter(|it| own_word && view.scope.holds(it.0));
    let own: Vec<_> = here.map(|(namespace, rules)| (namespace.clone(), rules)).collect();
    if left == all {
        let capabilities = view.world.rbac().capabilities(&folded.identity, view.scope.only(), view.world.version);
        let mut page = Held { folded, capabilities, own }.page(view.world);
        page.head(&of.notes);
        return page;
    }
    let mut page = words::permissions(&folded);
    own.iter().for_each(|(namespace, rules)| words::own_rules(&mut page, namespace, rules));
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
    let folded = || view.world.rbac().folded(&view.identity(&of.subject), None, &view.world.served);
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
    filter.is_empty() || filter.passes(&Listed { row, what: row.what.to_string() }, served)
}

/// What stands in the line of a folded row besides its name.
const SHOWN: [&str; 2] = ["verbs", "danger"];

impl Cells<Listed<'_>> for Served {
    fn cell(&self, row: &Listed<'_>, title: &str) -> Option<String> {
        cell(row, title, self)
    }
    fn any_holds(&self, row: &Listed<'_>, word: &str) -> bool {
        SHOWN.iter().any(|title| cell(row, title, self).is_some_and(|it| holds_word(&it, word)))
    }
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
    who_can::notes(who, world).iter().for_each(|it| page.push(it.line(1)));
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
    let world = view.world;
    let touched = item.object().and_then(|it| world.rbac().touched(&world.cluster, &it, view.acting));
    touched.map(|it| words::touch(&it, world.people.as_deref())).unwrap_or_default()
}
