//! Pages about access: what a subject may do, who can do something, and who may touch an object.
//!
//! Nothing here decides: it asks [`crate::rbac`] and shows what the subcommands print.

use std::borrow::Cow;

use super::page::PageReader;
use super::{answers, grants};
use crate::ask::filter::{Cells, Filter, Filtered, Pieces, holds_word};
use crate::ask::item::Item;
use crate::ask::question::access::Groups;
use crate::ask::question::permissions::{HeldPermissions, Permissions};
use crate::ask::question::who_can::Holders;
use crate::ask::scope::CellContext;
use crate::ask::{Fault, Here};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::fold;
use crate::rbac::resource_or_url::ResourceOrUrl;
use crate::rbac::review::Review;
use crate::rbac::served::Served;
use crate::rbac::{AskedPlaces, Request};
use crate::text::rbac as words;
use crate::text::{Line, Mark, Page};

/// What somebody holds, narrowed by a filter line.
#[derive(Clone, PartialEq, Debug)]
pub struct Permitted {
    pub subject: Subject,
    /// That the subject is said to be in besides.
    pub groups: Groups,
    pub filter: String,
    /// That nothing names the subject, where that was so when it was asked.
    pub notes: Vec<Name>,
}

/// A question about everybody.
#[derive(Clone, PartialEq, Debug)]
pub struct WhoAsked {
    pub request: Request,
    pub places: AskedPlaces,
    /// Whether the pods that run as them are shown.
    pub pods: bool,
    /// How what was typed is read, where that is worth a word.
    pub notes: Vec<Name>,
}

impl WhoAsked {
    /// A question that nobody typed.
    pub fn of(request: Request, places: AskedPlaces) -> Self {
        Self { request, places, pods: false, notes: Vec::new() }
    }
}

/// What a subject may do, each grant with its binding, role and rule.
pub fn permissions(view: CellContext<'_>, item: &Item) -> Page {
    let Item::Subject(subject) = item else { return Page::default() };
    permitted(view, &Permitted::of(subject.clone()))
}

impl Permitted {
    /// All that somebody holds.
    pub fn of(subject: Subject) -> Self {
        Self { subject, groups: Groups::default(), filter: String::new(), notes: Vec::new() }
    }

    /// The question, as a command asks it.
    pub fn question(&self, view: CellContext<'_>) -> Permissions {
        let (subject, groups) = grants::spelled(view, &self.subject, &self.groups);
        Permissions { subject: Some(subject), groups, ..Permissions::default() }
    }

    fn held<'a>(&self, view: CellContext<'a>) -> Result<HeldPermissions<'a>, Fault> {
        self.question(view).answer(&Here { namespace: "default".into(), ..Here::default() }, view.world)
    }
}

/// The same, as an answer of its own that can be narrowed.
pub fn permitted(view: CellContext<'_>, of: &Permitted) -> Page {
    let mut held = match of.held(view) {
        Ok(held) => held,
        Err(why) => return answers::fault(&why),
    };
    let all = held.folded.rows.len();
    let filter = Filter::parse(&spelled(&of.filter));
    held.folded.rows.retain(|it| view.scope.holds(&it.scope) && passes(&filter, it, &view.world.served));
    let left = held.folded.rows.len();
    let own_word = of.filter.is_empty() && is_own_word(view, &held.folded);
    let here = view.world.told.all_rules().filter(|it| own_word && view.scope.holds(it.0));
    held.own = here.map(|(namespace, rules)| (namespace.clone(), rules)).collect();
    if left == all {
        let only = view.scope.only();
        held.capabilities = view.world.rbac().capabilities(&held.folded.identity, only, view.world.version);
        let mut page = held.page(view.world);
        page.head(&of.notes);
        return page;
    }
    let mut page = words::permissions(&held.folded);
    held.own.iter().for_each(|(namespace, rules)| words::own_rules(&mut page, namespace, rules));
    let narrowed = view.scope.only().map(|it| format!(", narrowed to {it}")).unwrap_or_default();
    let shown = if of.filter.is_empty() { String::new() } else { format!(" /{}", of.filter) };
    page.lines.insert(1, Line::new(1, Mark::Note, format!("{left} of {all} lines{shown}{narrowed}")));
    if left <= FEW {
        page.fold = None;
    }
    page
}

/// Whether the server's word is wanted: on the operator, where what he is given may not all be read.
fn is_own_word(view: CellContext<'_>, folded: &fold::Folded) -> bool {
    folded.is_partial() && view.world.told.me().is_some_and(|it| it.is(&folded.identity))
}

/// What is to be put to the server for what somebody may do: the operator's rules in the namespace in view.
pub fn appeal(view: CellContext<'_>, of: &Permitted) -> Option<Review> {
    let review = Review::OwnRules(view.scope.only()?.clone());
    let is_wanted = || of.held(view).is_ok_and(|it| is_own_word(view, &it.folded));
    (!view.world.told.has(&review) && is_wanted()).then_some(review)
}

/// So few lines are shown with all their grants.
const FEW: usize = 5;

/// `danger` alone stands for every line that is one.
fn spelled(line: &str) -> String {
    let word = |word: &str| if word == "danger" { "danger!=".to_owned() } else { word.to_owned() };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// A folded row as filters look at it.
struct FoldedRow<'a> {
    row: &'a fold::PermissionRow,
    what: String,
}

impl Filtered for FoldedRow<'_> {
    fn words(&self) -> Pieces<'_> {
        [&self.row.scope, "/", "", "", &self.what]
    }
    fn label(&self, _: &str) -> Option<Cow<'_, Name>> {
        None
    }
}

fn passes(filter: &Filter, row: &fold::PermissionRow, served: &Served) -> bool {
    filter.is_empty() || filter.passes(&FoldedRow { row, what: row.what.to_string() }, served)
}

/// What stands in the line of a folded row besides its name.
const SHOWN: [&str; 2] = ["verbs", "danger"];

impl Cells<FoldedRow<'_>> for Served {
    fn cell(&self, row: &FoldedRow<'_>, title: &str) -> Option<String> {
        cell(row, title, self)
    }
    fn any_holds(&self, row: &FoldedRow<'_>, word: &str) -> bool {
        SHOWN.iter().any(|title| cell(row, title, self).is_some_and(|it| holds_word(&it, word)))
    }
}

/// What `title=value` looks at; what is written `*` holds everything that it stands for.
fn cell(listed: &FoldedRow<'_>, title: &str, served: &Served) -> Option<String> {
    let row = listed.row;
    let sources = || row.sources.iter();
    Some(match title {
        "verb" | "verbs" if row.verbs.iter().any(|it| it == "*") => words::VERBS.join(" "),
        "verb" | "verbs" => words::verbs(&row.verbs),
        "resource" | "resources" => match &row.what {
            ResourceOrUrl::Resource { group, resource, .. } if resource == "*" => {
                let names = served.iter().filter(|it| group == "*" || it.group == *group).map(|it| {
                    ResourceOrUrl::Resource { group: it.group.clone(), resource: it.name.clone(), name: Name::empty() }
                });
                names.map(|it| it.to_string()).collect::<Vec<_>>().join(" ")
            }
            _ => listed.what.clone(),
        },
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
pub fn who_can(view: CellContext<'_>, asked: &WhoAsked, reader: &PageReader) -> Page {
    let holders = holders(view, asked);
    let mut page = match holders.who.holders.len() > MANY {
        true => holders.page_of(view.world, &|above, it| reader.is_open(above, it)),
        false => holders.page(view.world),
    };
    page.head(&asked.notes);
    page
}

/// Everybody who can, with all grants of all of them.
pub fn who_can_whole(view: CellContext<'_>, asked: &WhoAsked) -> Page {
    let mut page = holders(view, asked).page(view.world);
    page.head(&asked.notes);
    page
}

fn holders<'a>(view: CellContext<'a>, asked: &WhoAsked) -> Holders<'a> {
    Holders::of(view.world, &asked.request, asked.places.clone(), asked.pods)
}

/// Of more holders their grants are put on the page when they are opened.
const MANY: usize = 1_000;

/// Who may change the object, and what else they may do with it.
pub fn touch(view: CellContext<'_>, item: &Item) -> Page {
    let world = view.world;
    let touched = item.object().and_then(|it| world.rbac().touched(&world.cluster, &it, view.acting));
    touched.map(|it| words::touch(&it, world.people.as_deref())).unwrap_or_default()
}
