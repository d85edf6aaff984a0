//! Grants in words: whether somebody may, who can, and all that somebody holds.
//!
//! ```text
//! v allow  user:alice: get pods in shop
//!   v rolebinding/shop/dev subjects[0]: group:dev has clusterrole/edit rules[3] in shop
//! ```

mod beside;
mod permissions;
mod reasons;
mod touch;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use beside::{missing, named};
pub use permissions::{own_rules, permissions};
pub use reasons::{evidence, no_role};
pub use touch::touch;

use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::{RoleRule, Subject, SubjectKind};
use crate::people::{People, Person, Standing};
use crate::rbac::beside::OtherHolders;
use crate::rbac::fold::Folded;
use crate::rbac::grant::{Access, Grant};
use crate::rbac::identity::{Identity, MASTERS, Membership};
use crate::rbac::index::Index;
use crate::rbac::who::{AskedPlaces, WhoCanAnswer};

use self::beside::add_beside;
use self::reasons::{member, of_grant};
use super::evidence::Evidence;
use super::{About, Line, Mark, Page, words};

/// ` in shop`, ` in the whole cluster`.
fn scope(namespace: &Name) -> String {
    if namespace.is_empty() { " in the whole cluster".to_owned() } else { format!(" in {namespace}") }
}

/// Whether somebody may, and why.
pub fn access(access: &Access, index: &Index) -> Page {
    let mut page = Page::default();
    let outcome = access.outcome();
    page.say(0, Mark::of(outcome), format!("{outcome}  {}: {}", access.identity.subject, access.request));
    page.say(1, Mark::Plain, groups(&access.identity));
    let reasons = evidence(access, index);
    // What grants stands first there; here each leads to its rule besides.
    let masters = usize::from(access.masters.is_some());
    let grants: usize = access.grants.iter().map(|it| 1 + usize::from(it.member.is_some())).sum();
    reasons[..masters].iter().for_each(|it| page.push(it.line(1)));
    add_grants(&mut page, 1, Mark::Allow, &access.grants);
    reasons[masters + grants..].iter().for_each(|it| page.push(it.line(1)));
    page
}

/// `in dev (given), system:authenticated (implicit)`.
pub fn groups(identity: &Identity) -> String {
    let how = |how: Membership| match how {
        Membership::Given => "given",
        Membership::Implied => "implicit",
        Membership::Directory => "by the directory",
    };
    let groups: Vec<String> = identity.groups.iter().map(|(it, by)| format!("{it} ({})", how(*by))).collect();
    format!("in {}", groups.join(", "))
}

/// `alice`, `bob (left)`.
pub fn person(person: &Person) -> String {
    match person.standing {
        Standing::Active => person.user.to_string(),
        Standing::Left => format!("{} (left)", person.user),
    }
}

/// Bindings that grant, each with the role's rule below it; what several subjects of one have is said once.
fn add_grants(page: &mut Page, indent: u8, mark: Mark, grants: &[Grant]) {
    let rule = |it: &Grant| (it.binding.id(), it.role.id(), it.rule);
    for (at, grant) in grants.iter().enumerate() {
        let is_last = grants.get(at + 1).is_none_or(|next| rule(next) != rule(grant));
        page.push(Line { mark, ..of_grant(grant).line(indent) });
        if is_last {
            add_rule(page, indent + 1, grant);
        }
    }
}

/// A role's rule, and the member that gave it to an aggregated role.
fn add_rule(page: &mut Page, indent: u8, grant: &Grant) {
    page.push(rule_line(indent, &grant.role.id(), grant.rule_place(), grant.rule()));
    member(grant).into_iter().for_each(|it| page.push(it.line(indent + 1)));
}

/// `clusterrole/edit rules[3]: get list on pods, pods/log`, as the rule is written.
fn rule_line(indent: u8, role: &ObjectId, place: Place, rule: &RoleRule) -> Line {
    let list = |words: &[Name]| words.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    let mut what: Vec<String> = Vec::new();
    if !rule.resources.is_empty() {
        let groups: Vec<&str> = rule.groups.iter().map(|it| if it.is_empty() { "core" } else { it.as_str() }).collect();
        let names = if rule.names.is_empty() { String::new() } else { format!(" named {}", list(&rule.names)) };
        what.push(format!("{}{names} of {}", list(&rule.resources), groups.join(", ")));
    }
    if !rule.urls.is_empty() {
        what.push(list(&rule.urls));
    }
    let text = format!("{role} {place}: {} on {}", verbs(rule.verbs.iter()), what.join(" and "));
    Line::new(indent, Mark::Plain, text).linked(role, &place)
}

/// Verbs in the order in which people think of them.
pub fn verbs<'a>(all: impl IntoIterator<Item = &'a Name>) -> String {
    let order = |it: &str| VERBS.iter().position(|verb| *verb == it).unwrap_or(VERBS.len());
    let mut verbs: Vec<&str> = all.into_iter().map(Name::as_str).collect();
    verbs.sort_by_key(|it| (order(it), *it));
    verbs.join(" ")
}

/// The usual verbs, in their order.
pub const VERBS: [&str; 9] = ["*", "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/// That no binding names somebody, who may be mistyped: what they have is everybody's, or their groups'.
pub fn unnamed(index: &Index, folded: &Folded) -> Option<Line> {
    let subject = &folded.identity.subject;
    let is_unnamed = !folded.is_partial() && index.bindings_of(subject).is_empty();
    is_unnamed.then(|| Line::new(1, Mark::Note, format!("no binding names {subject} itself")))
}

/// A holder's name, and below it the people of a group where a directory names them.
fn add_holder(page: &mut Page, line: Line, subject: &Subject, people: Option<&People>) {
    let below = people_line(line.indent + 1, subject, people);
    page.push(line.on(About::Somebody(subject.clone())));
    below.into_iter().for_each(|it| page.push(it));
}

/// That a user has left, where a directory says so; it changes no outcome.
pub fn has_left(subject: &Subject, people: Option<&People>) -> Option<Line> {
    people_line(1, subject, people).filter(|_| subject.kind() == SubjectKind::User)
}

/// The people of a group, or that a user has left, where a directory says so.
fn people_line(indent: u8, subject: &Subject, people: Option<&People>) -> Option<Line> {
    let people = people?;
    match subject.kind() {
        SubjectKind::Group => {
            let members: Vec<String> = people.members_of(subject.name()).into_iter().map(person).collect();
            let words = (!members.is_empty()).then(|| format!("people: {}", members.join(", ")))?;
            Some(Line::new(indent, Mark::Plain, words))
        }
        SubjectKind::User => {
            let left = people.person(subject.name()).filter(|it| it.standing == Standing::Left)?;
            Some(Line::new(indent, Mark::Note, format!("inactive in directory ({})", left.place)))
        }
        _ => None,
    }
}

/// Everybody who can, each with all grants, and with the people where a directory names them.
pub fn who_can(who: &WhoCanAnswer, beside: &OtherHolders, people: Option<&People>) -> Page {
    who_can_opened(who, beside, people, &|_, _| true)
}

/// The same with only those opened who are to be: of the others the page tells how much stands below them. With
/// 40,000 holders what nobody looks at would be most of the work.
///
/// `is_open` is asked of the page's first line and a holder's.
pub fn who_can_opened(
    who: &WhoCanAnswer,
    beside: &OtherHolders,
    people: Option<&People>,
    is_open: &dyn Fn(&Line, &Line) -> bool,
) -> Page {
    let mut page = Page { fold: Some(1), ..Page::default() };
    let mark = match (who.gaps.is_empty(), who.has_others()) {
        (false, _) => Mark::Unknown,
        (true, true) => Mark::Allow,
        (true, false) => Mark::Deny,
    };
    let place = if who.places == AskedPlaces::Everywhere { ", anywhere" } else { "" };
    // system:masters is among them always, with a binding or without.
    let others = who.holders.len().saturating_sub(1) as u64;
    let count = match others {
        0 => "nobody".to_owned(),
        some => words::count(some, "subject", "subjects"),
    };
    page.say(0, mark, format!("{count} besides {MASTERS} can {}{place}", who.request));
    let crowds = crowds(who);
    for (at, holder) in who.holders.iter().enumerate() {
        let subject = who.subject(holder);
        if let Some(crowd) = crowds.get(&at) {
            if crowd.first() == Some(&at) {
                add_crowd(&mut page, who, crowd);
            }
            continue;
        }
        let line = Line::new(1, Mark::Title, subject.to_string());
        if !is_open(&page.lines[0], &line) {
            let people = usize::from(people_line(2, subject, people).is_some());
            let shut = (usize::from(holder.is_always()) + people + who.count(holder)) as u32;
            page.push(Line { shut, ..line.on(About::Somebody(subject.clone())) });
            continue;
        }
        add_holder(&mut page, line, subject, people);
        if holder.is_always() {
            page.say(2, Mark::Plain, "always, regardless of bindings");
        }
        add_grants(&mut page, 2, Mark::Allow, &who.grants(holder));
    }
    who.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(1)));
    add_beside(&mut page, who, beside);
    page
}

/// Of more holders than this none are put together.
const COMPARED: usize = 1_000;
/// So many service accounts with the same grants are one row.
const CROWD: usize = 3;
/// So many of them are named in it.
const NAMED: usize = 6;

/// The service accounts that can by the same roles of the same bindings, by where each of them stands.
fn crowds(who: &WhoCanAnswer) -> BTreeMap<usize, Rc<Vec<usize>>> {
    if who.holders.len() > COMPARED {
        return BTreeMap::new();
    }
    let mut alike: BTreeMap<Vec<(ObjectId, ObjectId, usize)>, Vec<usize>> = BTreeMap::new();
    for (at, holder) in who.holders.iter().enumerate() {
        if who.subject(holder).kind() == SubjectKind::ServiceAccount {
            let grants = who.grants(holder);
            let key = grants.iter().map(|it| (it.binding.id(), it.role.id(), it.rule)).collect();
            alike.entry(key).or_default().push(at);
        }
    }
    let crowds = alike.into_values().filter(|it| it.len() >= CROWD).map(Rc::new);
    let mut places = BTreeMap::new();
    for crowd in crowds {
        places.extend(crowd.iter().map(|at| (*at, crowd.clone())));
    }
    places
}

/// Service accounts with the same grants: said once, then one by one where all is to be said.
fn add_crowd(page: &mut Page, who: &WhoCanAnswer, crowd: &[usize]) {
    let subjects = crowd.iter().map(|at| who.subject(&who.holders[*at]));
    let names: Vec<String> = subjects.clone().take(NAMED).map(ToString::to_string).collect();
    let more = crowd.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let count = words::count(crowd.len() as u64, "service account", "service accounts");
    page.say(1, Mark::Title, format!("{count} by the same grants: {}{more}", names.join(", ")));
    if let Some(first) = crowd.first() {
        add_grants(page, 2, Mark::Allow, &who.grants(&who.holders[*first]));
    }
    let each = subjects.map(|it| Line::new(2, Mark::Title, it.to_string()).on(About::Somebody(it.clone())).folded());
    page.lines.extend(each);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{self, Intern};
    use crate::model::cluster::Cluster;
    use crate::model::id::Kind;
    use crate::rbac::request::Request;

    fn cluster() -> Cluster {
        let documents = [
            (
                Kind::CLUSTER_ROLE,
                r#"{"metadata":{"name":"exec"},"rules":[{"apiGroups":[""],"resources":["pods/exec"],"verbs":["create"]}]}"#,
            ),
            (
                Kind::ROLE_BINDING,
                r#"{"metadata":{"name":"b","namespace":"shop"},"roleRef":{"kind":"ClusterRole","name":"exec"},
                   "subjects":[{"kind":"User","name":"ev\u001b[31mil"},{"kind":"ServiceAccount","name":"web"}]}"#,
            ),
        ];
        let mut cluster = Cluster::default();
        for (kind, json) in documents {
            let spec = kinds::spec(kind).expect("a kind that is read");
            cluster.apply(spec.read_json(json, "default", &mut Intern::new()).delta().expect("an object"));
        }
        cluster
    }

    #[test]
    fn who_may_touch_a_pod_is_told_way_by_way() {
        let cluster = cluster();
        let index = Index::build(&cluster);
        let page = index.touched(&cluster, &ObjectId::new(Kind::POD, "shop", "web-0"), None);
        let page = page.map(|it| touch(&it, None).to_string()).unwrap_or_default();
        assert!(page.contains("exec: 2 subjects"), "{page}");
        assert!(page.contains("sa:shop/web") && page.contains("delete: 0 subjects"), "{page}");
    }

    /// Who is mistyped gets an answer like everybody's: that no binding names them is said.
    #[test]
    fn somebody_whom_no_binding_names_is_told() {
        let index = Index::build(&cluster());
        let told = |text: &str| {
            let subject = crate::rbac::identity::parse(text).expect("a subject");
            let folded = index.folded(&Identity::new(&subject, &[]), None, &crate::rbac::Served::built_in());
            unnamed(&index, &folded).map(|it| it.text)
        };
        assert_eq!(told("sa:shop/web"), None);
        assert_eq!(told("sa:shop/wbe").as_deref(), Some("no binding names sa:shop/wbe itself"));
    }

    /// What many service accounts have by one binding is one row, and each of them where all is to be said.
    #[test]
    fn equal_service_accounts_are_one_row() {
        let mut cluster = cluster();
        let subjects: Vec<String> =
            (0..9).map(|it| format!(r#"{{"kind":"ServiceAccount","name":"bot-{it}"}}"#)).collect();
        let json = format!(
            r#"{{"metadata":{{"name":"bots","namespace":"shop"}},"roleRef":{{"kind":"ClusterRole","name":"exec"}},"subjects":[{}]}}"#,
            subjects.join(",")
        );
        let spec = kinds::spec(Kind::ROLE_BINDING).expect("a kind that is read");
        cluster.apply(spec.read_json(&json, "default", &mut Intern::new()).delta().expect("an object"));
        let index = Index::build(&cluster);
        let Request::Resource(request) = Request::resource("create", "", "pods", "shop") else { panic!("a resource") };
        let request = Request::Resource(crate::rbac::ResourceRequest { subresource: "exec".into(), ..request });
        let who = index.who_can(&cluster, &request, AskedPlaces::Asked);
        let page = who_can(&who, &index.beside(&who), None);
        let text = page.to_string();
        assert!(text.contains("9 service accounts by the same grants: sa:shop/bot-0, "), "{text}");
        assert!(text.contains(" and 3 more  (+9 lines: --verbose)"), "{text}");
        assert!(!text.contains("\n      sa:shop/bot-8") && text.contains("\n    sa:shop/web\n"), "{text}");
        assert!(page.lines.iter().any(|it| it.text == "sa:shop/bot-8"), "it can be opened");
    }

    #[test]
    fn hostile_names_are_written_out() {
        let cluster = cluster();
        let index = Index::build(&cluster);
        let request = Request::resource("create", "", "pods", "shop");
        let request = match request {
            Request::Resource(it) => {
                Request::Resource(crate::rbac::ResourceRequest { subresource: "exec".into(), ..it })
            }
            url => url,
        };
        let who = index.who_can(&cluster, &request, AskedPlaces::Asked);
        let page = who_can(&who, &index.beside(&who), None).to_string();
        assert!(!page.contains('\u{1b}') && page.contains("user:ev\\u{1b}[31mil"), "{page}");
    }
}
