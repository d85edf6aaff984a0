//! Grants in words: whether somebody may, who can, and all that somebody holds.
//!
//! ```text
//! v allow  user:alice: get pods in shop
//!   v rolebinding/shop/dev subjects[0]: group:dev has clusterrole/edit rules[3] in shop
//! ```

use std::collections::BTreeMap;

use crate::kinds;
use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::{Subject, SubjectKind};
use crate::people::{Person, Standing};
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
use super::{Line, Mark, Page, words};

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
    let member = grant.member.as_ref()?;
    let id = ObjectId::new(Kind::CLUSTER_ROLE, "", member.role.clone());
    let place = Place::new("rules").item(member.rule as usize);
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
    evidence(access, index).iter().for_each(|it| page.push(it.line(1)));
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

/// Everybody who can, each with all grants.
pub fn who_can(who: &WhoCan) -> Page {
    let mut page = Page::default();
    let mark = match (who.gaps.is_empty(), who.has_others()) {
        (false, _) => Mark::Unknown,
        (true, true) => Mark::Allow,
        (true, false) => Mark::Deny,
    };
    let place = if who.places == Places::Everywhere { ", anywhere" } else { "" };
    let count = words::count(who.holders.len() as u64, "subject", "subjects");
    page.say(0, mark, format!("{count} can {}{place}", who.request));
    for holder in &who.holders {
        page.say(1, Mark::Title, holder.subject.to_string());
        if holder.through.is_empty() {
            page.say(2, Mark::Plain, "always, whatever is bound");
        }
        for grant in who.grants(holder) {
            page.push(of_grant(grant).line(2));
            member(grant).into_iter().for_each(|it| page.push(it.line(3)));
        }
    }
    who.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(1)));
    page
}

/// All that somebody holds, folded by place and resource.
pub fn permissions(folded: &Folded) -> Page {
    let mut page = Page::default();
    page.say(0, Mark::Title, folded.identity.subject.to_string());
    page.say(1, Mark::Plain, groups(&folded.identity));
    if folded.identity.is_in(MASTERS) {
        page.say(1, Mark::Allow, format!("everything, as a member of {MASTERS}"));
    }
    let mut last: Option<&Name> = None;
    for row in &folded.rows {
        if last != Some(&row.scope) {
            page.say(1, Mark::Title, scope(&row.scope).trim());
            last = Some(&row.scope);
        }
        add_row(&mut page, row);
    }
    folded.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(1)));
    for it in &folded.empty {
        let why = if it.outcome == Outcome::Unknown { "is not read" } else { "is not there" };
        let what = format!("{} gives nothing that is known: {} {why}", it.binding, it.role);
        page.push(Line::new(1, Mark::of(it.outcome), what).linked(&it.binding, &Place::new("roleRef")));
    }
    page
}

fn add_row(page: &mut Page, row: &Row) {
    let verbs: Vec<&str> = row.verbs.iter().map(Name::as_str).collect();
    page.say(2, Mark::of(row.outcome()), format!("{}: {}", row.what, verbs.join(" ")));
    for source in &row.sources {
        page.push(source_line(source));
        for flaw in &source.flaws {
            page.say(4, Mark::Note, format!("{}: {}", flaw.word, flaw.what));
        }
    }
}

fn source_line(source: &Source) -> Line {
    let from = match &source.member {
        Some(member) => format!(" (from clusterrole/{} rules[{}])", member.role, member.rule),
        None => String::new(),
    };
    let (subject, at) = &source.subject;
    let text = format!("{} as {subject}: {} rules[{}]{from}", source.binding, source.role, source.rule);
    Line::new(3, Mark::Plain, text).linked(&source.binding, &Place::new("subjects").item(*at))
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

/// Who may touch an object, way by way; people and accounts each once, `system:masters` left out.
pub fn touch(index: &Index, cluster: &Cluster, id: &ObjectId) -> Page {
    let mut page = Page::default();
    let Some(spec) = kinds::spec(id.kind) else { return page };
    page.say(0, Mark::Title, format!("who may touch {id}"));
    for touch in touches(id, spec.group, spec.plural) {
        let mut holders: BTreeMap<String, (Subject, Option<Grant>)> = BTreeMap::new();
        let mut gaps: Vec<Evidence> = Vec::new();
        for request in &touch.requests {
            let who = index.who_can(cluster, request, Places::Asked);
            for holder in who.holders.iter().filter(|it| !it.through.is_empty()) {
                let grant = who.grants(holder).first().map(|it| (*it).clone());
                holders.entry(holder.subject.to_string()).or_insert((holder.subject.clone(), grant));
            }
            gaps.extend(who.gaps.iter().map(Evidence::gap).filter(|it| !gaps.contains(it)).collect::<Vec<_>>());
        }
        let mark = if gaps.is_empty() { Mark::Plain } else { Mark::Unknown };
        let count = words::count(holders.len() as u64, "subject", "subjects");
        page.say(1, mark, format!("{}: {count}", touch.word));
        for (text, (subject, grant)) in &holders {
            // A change of a role or a binding meets the guard against escalation besides (rules 47 and 50).
            let guard = || index.may_change(&Identity::new(subject, &[]), cluster, id);
            let line = match (touch.word == "change").then(guard).flatten() {
                Some(leave) => {
                    let what = format!("{text}: the guard against escalation {}", leave_words(&leave));
                    Line::new(2, Mark::of(leave.outcome()), what)
                }
                None => Line::new(2, Mark::Plain, text),
            };
            page.push(match grant {
                Some(grant) => line.linked(&grant.binding.id(), &grant.subject_place()),
                None => line,
            });
        }
        gaps.iter().for_each(|it| page.push(it.line(2)));
    }
    page
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
        let page = touch(&index, &cluster, &ObjectId::new(Kind::POD, "shop", "web-0")).to_string();
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
        let page = who_can(&index.who_can(&cluster, &request, Places::Asked)).to_string();
        assert!(!page.contains('\u{1b}') && page.contains("user:ev\\u{1b}[31mil"), "{page}");
    }
}
