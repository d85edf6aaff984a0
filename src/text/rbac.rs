//! Grants in words: whether somebody may, who can, and all that somebody holds.
//!
//! ```text
//! v allow  user:alice: get pods in shop
//!   v rolebinding/shop/dev subjects[0]: group:dev has clusterrole/edit rules[3] in shop
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds;
use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::{RoleRule, Subject, SubjectKind};
use crate::people::{People, Person, Standing};
use crate::rbac::aggregation::Member;
use crate::rbac::danger::{self, DANGERS};
use crate::rbac::fold::{self, Folded, Row, Source};
use crate::rbac::grant::{Access, Grant};
use crate::rbac::identity::{Identity, MASTERS, Membership};
use crate::rbac::index::Index;
use crate::rbac::miss::{Lack, Miss};
use crate::rbac::note::leave_words;
use crate::rbac::request::Request;
use crate::rbac::review::{self, Extent, Rules, Word};
use crate::rbac::touch::touches;
use crate::rbac::who::{Places, WhoCan};

use super::evidence::Evidence;
use super::{About, Line, Mark, Page, words};

/// Every reason of an answer, grants first.
pub fn evidence(access: &Access, index: &Index) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = Vec::new();
    if access.masters.is_some() {
        let what = format!("{MASTERS} is always allowed everything, whatever is bound");
        all.push(Evidence::new(Mark::Allow, what));
    }
    for grant in &access.grants {
        all.push(of_grant(grant));
        all.extend(member(grant).map(|it| it.below(1)));
    }
    all.extend(access.word.iter().map(|it| of_word(access, it)));
    // Where the server has spoken, what was not known is why it was asked.
    let asked = |it: Evidence| if access.word.is_some() { Evidence { mark: Mark::Note, ..it } } else { it };
    all.extend(access.gaps.iter().map(Evidence::gap).map(asked));
    if access.outcome() != Outcome::Allow {
        all.extend(index.misses(&access.identity, &access.request).iter().map(|it| of_miss(it, &access.request)));
        all.extend(access.dangling.iter().map(|it| {
            let what = format!("grants nothing: {} is not there", it.role);
            Evidence::note(it.binding.clone(), Place::new("roleRef"), what)
        }));
        all.extend(only_rbac(access));
    }
    all
}

/// The server's own word, as its word.
fn of_word(access: &Access, word: &Word) -> Evidence {
    let mut what = format!("the server's word ({}): {}", word.review, word.outcome);
    for said in [&word.reason, &word.error].into_iter().filter(|it| !it.is_empty()) {
        what.push_str(": ");
        what.push_str(said);
    }
    if review::differs(access, word).is_some() {
        what.push_str("; no binding grants it, so another authorizer does");
    }
    Evidence::new(Mark::of(word.outcome), what)
}

/// What a "no" does not speak of.
fn only_rbac(access: &Access) -> Vec<Evidence> {
    let mut notes = Vec::new();
    if access.outcome() == Outcome::Deny && access.word.is_none() {
        notes.push(Evidence::new(Mark::Note, "only RBAC was asked: no grant covers it"));
    }
    let is_person = access.identity.subject.kind == SubjectKind::User && !access.identity.is_node();
    let knows_groups = access.identity.groups.iter().any(|(_, it)| *it != Membership::Implied);
    if is_person && !knows_groups {
        let what = "the groups of people are not in the cluster: --group or --directory names them";
        notes.push(Evidence::new(Mark::Note, what));
    }
    notes
}

fn of_grant(grant: &Grant) -> Evidence {
    let what =
        format!("{} has {} {}{}", grant.named_subject(), grant.role.id(), grant.rule_place(), scope(grant.scope()));
    Evidence::at(Mark::Allow, grant.binding.id(), grant.subject_place(), what)
}

fn member(grant: &Grant) -> Option<Evidence> {
    let (id, place) = of_member(grant.member.as_ref()?);
    Some(Evidence::at(
        Mark::Plain,
        id,
        place,
        format!("gave it to the aggregated clusterrole/{}", grant.role.meta.name),
    ))
}

fn of_miss(miss: &Miss, request: &Request) -> Evidence {
    let lacks: Vec<String> = miss.lacks.iter().map(|it| lack(*it, miss, request)).collect();
    let place = Place::new("rules").item(miss.rule);
    let what = format!("{} {place} comes nearest: {}", miss.role.id(), lacks.join(", and "));
    Evidence::at(Mark::Miss, miss.binding.id(), Place::default(), what)
}

fn lack(lack: Lack, miss: &Miss, request: &Request) -> String {
    let name = match request {
        Request::Resource(it) if !it.name.is_empty() => format!("it does not name {}", it.name),
        _ => "it holds for named objects only".to_owned(),
    };
    match lack {
        Lack::Scope => format!("it holds in {} only", miss.binding.meta.namespace),
        Lack::Verb => format!("it lacks the verb {}", request.verb()),
        Lack::Group => "it is for another API group".to_owned(),
        Lack::Resource => "it is for other resources".to_owned(),
        Lack::Url => "it is for other URLs".to_owned(),
        Lack::Name => name,
    }
}

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
    access.grants.iter().for_each(|it| add_grant(&mut page, 1, Mark::Allow, it));
    reasons[masters + grants..].iter().for_each(|it| page.push(it.line(1)));
    page
}

/// `in dev (given), system:authenticated (by itself)`.
pub fn groups(identity: &Identity) -> String {
    let how = |how: Membership| match how {
        Membership::Given => "given",
        Membership::Implied => "by itself",
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

/// A binding that grants, the role's rule below it, and the member that gave the rule to an aggregated role.
fn add_grant(page: &mut Page, indent: u8, mark: Mark, grant: &Grant) {
    page.push(Line { mark, ..of_grant(grant).line(indent) });
    page.push(rule_line(indent + 1, &grant.role.id(), grant.rule_place(), grant.rule()));
    member(grant).into_iter().for_each(|it| page.push(it.line(indent + 2)));
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

/// A holder's name, and below it the people of a group where a directory names them.
fn add_holder(page: &mut Page, line: Line, subject: &Subject, people: Option<&People>) {
    let indent = line.indent + 1;
    page.push(line.on(About::Somebody(subject.clone())));
    let Some(people) = people else { return };
    match subject.kind {
        SubjectKind::Group => {
            let members: Vec<String> = people.members_of(&subject.name).into_iter().map(person).collect();
            if !members.is_empty() {
                page.say(indent, Mark::Plain, format!("people: {}", members.join(", ")));
            }
        }
        SubjectKind::User => {
            let left = people.person(&subject.name).filter(|it| it.standing == Standing::Left);
            left.into_iter().for_each(|it| page.say(indent, Mark::Note, format!("has left, says {}", it.place)));
        }
        _ => {}
    }
}

/// Everybody who can, each with all grants, and with the people where a directory names them.
pub fn who_can(who: &WhoCan, people: Option<&People>) -> Page {
    let mut page = Page { fold: Some(1), ..Page::default() };
    let mark = match (who.gaps.is_empty(), who.has_others()) {
        (false, _) => Mark::Unknown,
        (true, true) => Mark::Allow,
        (true, false) => Mark::Deny,
    };
    let place = if who.places == Places::Everywhere { ", anywhere" } else { "" };
    let count = words::count(who.holders.len() as u64, "subject", "subjects");
    page.say(0, mark, format!("{count} can {}{place}", who.request));
    for holder in &who.holders {
        let subject = who.subject(holder);
        add_holder(&mut page, Line::new(1, Mark::Title, subject.to_string()), subject, people);
        if holder.is_always() {
            page.say(2, Mark::Plain, "always, whatever is bound");
        }
        who.grants(holder).iter().for_each(|it| add_grant(&mut page, 2, Mark::Allow, it));
    }
    who.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(1)));
    page
}

/// More places than this, and each begins closed.
const PLACES: usize = 8;

/// All that somebody holds, folded by place and resource.
pub fn permissions(folded: &Folded) -> Page {
    let places: BTreeSet<&Name> = folded.rows.iter().map(|it| &it.scope).collect();
    let mut page = Page { fold: Some(if places.len() > PLACES { 1 } else { 2 }), ..Page::default() };
    page.say(0, Mark::Title, folded.identity.subject.to_string());
    page.say(1, Mark::Plain, groups(&folded.identity));
    if folded.identity.is_in(MASTERS) {
        page.say(1, Mark::Allow, format!("everything, as a member of {MASTERS}"));
    }
    let (common, own): (Vec<&Row>, Vec<&Row>) = folded.rows.iter().partition(|it| is_common(it, &folded.identity));
    let words = dangers(&own);
    if !words.is_empty() {
        page.say(1, Mark::Note, format!("dangers: {words}"));
    }
    let mut last: Option<&Name> = None;
    for row in own {
        if last != Some(&row.scope) {
            page.say(1, Mark::Title, scope(&row.scope).trim());
            last = Some(&row.scope);
        }
        add_row(&mut page, 2, row, &folded.identity);
    }
    add_common(&mut page, &common, &folded.identity);
    folded.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(1)));
    for it in &folded.empty {
        let why = if it.outcome == Outcome::Unknown { "is not read" } else { "is not there" };
        let what = format!("{} gives nothing that is known: {} {why}", it.binding, it.role);
        page.push(Line::new(1, Mark::of(it.outcome), what).linked(&it.binding, &Place::new("roleRef")));
    }
    page
}

/// Whether everybody of its sort has it: only groups that come by themselves give it.
fn is_common(row: &Row, identity: &Identity) -> bool {
    let implied = |name: &str| identity.groups.iter().any(|(it, how)| it == name && *how == Membership::Implied);
    row.sources.iter().all(|it| it.subject.0.strip_prefix("group:").is_some_and(implied))
}

/// The words of all dangers among these, the worst first.
fn dangers(rows: &[&Row]) -> String {
    let found: BTreeSet<usize> = rows.iter().filter_map(|it| it.danger()).filter_map(danger::rank).collect();
    found.into_iter().map(|it| DANGERS[it].word).collect::<Vec<_>>().join(", ")
}

/// What everybody of its sort has, below one line that can be opened.
fn add_common(page: &mut Page, rows: &[&Row], identity: &Identity) {
    if rows.is_empty() {
        return;
    }
    page.say(1, Mark::Title, "besides, as everybody of its sort");
    let words = dangers(rows);
    let count = words::count(rows.len() as u64, "line", "lines");
    let (mark, words) = match words.is_empty() {
        true => (Mark::Plain, String::new()),
        false => (Mark::Note, format!(" ({words})")),
    };
    page.say(2, mark, format!("by groups that come by themselves: {count}{words}"));
    let mut last: Option<&Name> = None;
    for row in rows {
        if last != Some(&row.scope) {
            page.say(3, Mark::Title, scope(&row.scope).trim());
            last = Some(&row.scope);
        }
        add_row(page, 4, row, identity);
    }
}

fn add_row(page: &mut Page, indent: u8, row: &Row, identity: &Identity) {
    let danger = row.danger().map(|it| format!(" ({})", it.word)).unwrap_or_default();
    let text = format!("{}: {}{danger}", row.what, verbs(&row.verbs));
    let about = About::Permission {
        scope: row.scope.clone(),
        what: row.what.clone(),
        verbs: row.verbs.iter().cloned().collect(),
    };
    page.push(Line::new(indent, Mark::of(row.outcome()), text).on(about));
    for source in &row.sources {
        add_source(page, indent + 1, source, identity);
        for flaw in &source.flaws {
            page.say(indent + 2, Mark::Note, format!("{}: {}", flaw.word, flaw.what));
        }
    }
}

/// A binding, and below it the role's rule and the member that gave it to an aggregated role.
fn add_source(page: &mut Page, indent: u8, source: &Source, identity: &Identity) {
    let (subject, at) = &source.subject;
    let how = identity.groups.iter().find(|(it, _)| subject.strip_prefix("group:") == Some(it));
    let how = how.map_or("", |(_, how)| match how {
        Membership::Given => "",
        Membership::Implied => " (by itself)",
        Membership::Directory => " (by the directory)",
    });
    let place = Place::new("rules").item(source.rule);
    let names = Place::new("subjects").item(*at);
    let text = format!("{} {names}: names {subject}{how}", source.binding);
    page.push(Line::new(indent, Mark::Plain, text).linked(&source.binding, &names));
    page.push(Line::new(indent + 1, Mark::Plain, format!("{} {place}", source.role)).linked(&source.role, &place));
    if let Some(member) = &source.member {
        let (id, place) = of_member(member);
        let text = format!("{id} {place}, aggregated into it");
        page.push(Line::new(indent + 2, Mark::Plain, text).linked(&id, &place));
    }
}

fn of_member(member: &Member) -> (ObjectId, Place) {
    (ObjectId::new(Kind::CLUSTER_ROLE, "", member.role.clone()), Place::new("rules").item(member.rule as usize))
}

/// What the server itself says that the operator may do in a namespace, as its word.
pub fn own_rules(page: &mut Page, namespace: &Name, rules: &Rules) {
    let title = format!("in {namespace}, by the server's word (SelfSubjectRulesReview): it names no bindings");
    page.say(1, Mark::Title, title);
    for rule in &rules.rules {
        let verbs: Vec<&str> = rule.verbs.iter().map(Name::as_str).collect();
        for what in fold::things(rule) {
            page.say(2, Mark::Allow, format!("{what}: {}", verbs.join(" ")));
        }
    }
    if rules.extent == Extent::Incomplete {
        let why = if rules.error.is_empty() { String::new() } else { format!(": {}", rules.error) };
        page.say(2, Mark::Unknown, format!("the server says that this is not all{why}"));
    }
}

/// Who asks about an object, and what is known of people.
#[derive(Clone, Copy, Default)]
pub struct Asking<'a> {
    pub people: Option<&'a People>,
    /// Somebody of whom it is said whether they may.
    pub acting: Option<&'a Identity>,
}

/// Who may touch an object, way by way; people and accounts each once with all their grants, `system:masters` left out.
pub fn touch(index: &Index, cluster: &Cluster, id: &ObjectId, asking: Asking<'_>) -> Page {
    let mut page = Page { fold: Some(1), ..Page::default() };
    let Some(spec) = kinds::spec(id.kind) else { return page };
    page.say(0, Mark::Title, format!("who may touch {id}"));
    if let Some(acting) = asking.acting {
        page.say(0, Mark::Note, format!("marked for {}, {}", acting.subject, groups(acting)));
    }
    for touch in touches(id, spec.group, spec.plural) {
        let mut holders: BTreeMap<Subject, Vec<Grant>> = BTreeMap::new();
        let mut gaps: Vec<Evidence> = Vec::new();
        for request in &touch.requests {
            let who = index.who_can(cluster, request, Places::Asked);
            for holder in who.holders.iter().filter(|it| !it.is_always()) {
                let grants = holders.entry(who.subject(holder).clone()).or_default();
                grants.extend(who.grants(holder));
            }
            gaps.extend(who.gaps.iter().map(Evidence::gap).filter(|it| !gaps.contains(it)).collect::<Vec<_>>());
        }
        let mark = match asking.acting {
            Some(acting) => Mark::of(may(index, acting, &touch.requests)),
            None if gaps.is_empty() => Mark::Plain,
            None => Mark::Unknown,
        };
        let count = words::count(holders.len() as u64, "subject", "subjects");
        page.say(1, mark, format!("{}: {count}", touch.word));
        for (subject, mut grants) in holders {
            // A change of a role or a binding meets the guard against escalation besides (rules 47 and 50).
            let guard = || index.may_change(&Identity::new(&subject, &[]), cluster, id);
            let line = match (touch.word == "change").then(guard).flatten() {
                Some(leave) => {
                    let what = format!("{subject}: the guard against escalation {}", leave_words(&leave));
                    Line::new(2, Mark::of(leave.outcome()), what)
                }
                None => Line::new(2, Mark::Title, subject.to_string()),
            };
            add_holder(&mut page, line, &subject, asking.people);
            grants.sort_by(|a, b| a.order().cmp(&b.order()));
            grants.dedup_by(|a, b| a.order() == b.order());
            grants.iter().for_each(|it| add_grant(&mut page, 3, Mark::Plain, it));
        }
        gaps.iter().for_each(|it| page.push(it.line(2)));
    }
    page
}

/// Whether somebody may do any of these: the best of the outcomes.
fn may(index: &Index, identity: &Identity, requests: &[Request]) -> Outcome {
    let outcomes: Vec<Outcome> = requests.iter().map(|it| index.can(identity, it).outcome()).collect();
    let has = |outcome| outcomes.contains(&outcome).then_some(outcome);
    has(Outcome::Allow).or(has(Outcome::Unknown)).unwrap_or(Outcome::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Intern;

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
        let page = touch(&index, &cluster, &ObjectId::new(Kind::POD, "shop", "web-0"), Asking::default()).to_string();
        assert!(page.contains("exec: 2 subjects"), "{page}");
        assert!(page.contains("sa:shop/web") && page.contains("delete: 0 subjects"), "{page}");
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
        let page = who_can(&index.who_can(&cluster, &request, Places::Asked), None).to_string();
        assert!(!page.contains('\u{1b}') && page.contains("user:ev\\u{1b}[31mil"), "{page}");
    }
}
