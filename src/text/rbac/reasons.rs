//! Every reason of an answer: what grants, the server's word, gaps, and what comes nearest.
//!
//! ```text
//! v rolebinding/shop/dev subjects[0]: group:dev has clusterrole/edit rules[3] in shop
//! ```
//!
//! A page is made of them elsewhere; here is only what each says.

use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::{RoleRef, SubjectKind};
use crate::rbac::aggregation::AggregatedFrom;
use crate::rbac::defaults;
use crate::rbac::grant::ServerVerdict;
use crate::rbac::grant::{Access, Grant};
use crate::rbac::identity::{MASTERS, Membership};
use crate::rbac::index::Index;
use crate::rbac::miss::{Lack, RoleRuleMiss};
use crate::rbac::request::Request;
use crate::rbac::review;

use super::scope;
use crate::text::Mark;
use crate::text::evidence::Evidence;

/// Every reason of an answer, grants first.
pub fn evidence(access: &Access, index: &Index) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = Vec::new();
    if access.masters.is_some() {
        let what = format!("{MASTERS} is always allowed everything, regardless of bindings");
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
            let would = would(&it.role, &it.binding, &access.request);
            let what = format!("grants nothing: {}{would}", no_role(&it.role, &it.binding));
            Evidence::note(it.binding.clone(), Place::new("roleRef"), what)
        }));
        all.extend(only_rbac(access));
    }
    all
}

/// Why a reference finds no role (rules 3 and 33).
pub fn no_role(role: &RoleRef, binding: &ObjectId) -> String {
    match role.kind.as_str() {
        "ClusterRole" => format!("{role} is not there"),
        "Role" if binding.namespace.is_empty() => format!("{role}: a ClusterRoleBinding cannot refer to a Role"),
        "Role" => format!("{role} is not there"),
        kind => format!("{role}: \"{kind}\" is no kind of role"),
    }
}

/// What one of Kubernetes' own roles would say, where a binding refers to one that is not there.
pub(super) fn would(role: &RoleRef, binding: &ObjectId, request: &Request) -> String {
    match defaults::would_allow(role, &binding.namespace, request) {
        Some(Outcome::Allow) => format!("; Kubernetes' own {} would allow it", role.name),
        Some(_) => format!("; Kubernetes' own {} would not allow it", role.name),
        None => String::new(),
    }
}

/// The server's own word, as its word.
fn of_word(access: &Access, word: &ServerVerdict) -> Evidence {
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
        notes.push(Evidence::new(Mark::Note, "no RBAC rule allows it (other authorizers not checked)"));
    }
    let is_person = access.identity.subject.kind() == SubjectKind::User && !access.identity.is_node();
    let knows_groups = access.identity.groups.iter().any(|(_, it)| *it != Membership::Implied);
    // Who the server has a word about is in the groups that the server knows.
    if is_person && !knows_groups && access.word.is_none() {
        let what = "a user's groups are unknown here: pass --group or --directory";
        notes.push(Evidence::new(Mark::Note, what));
    }
    notes
}

pub(super) fn of_grant(grant: &Grant) -> Evidence {
    let what =
        format!("{} has {} {}{}", grant.named_subject(), grant.role.id(), grant.rule_place(), scope(grant.scope()));
    Evidence::at(Mark::Allow, grant.binding.id(), grant.subject_place(), what)
}

pub(super) fn member(grant: &Grant) -> Option<Evidence> {
    let (id, place) = of_member(grant.member.as_ref()?);
    Some(Evidence::at(
        Mark::Plain,
        id,
        place,
        format!("aggregated from here into clusterrole/{}", grant.role.meta.name),
    ))
}

pub(super) fn of_member(member: &AggregatedFrom) -> (ObjectId, Place) {
    (ObjectId::new(Kind::CLUSTER_ROLE, "", member.role.clone()), Place::new("rules").item(member.rule as usize))
}

fn of_miss(miss: &RoleRuleMiss, request: &Request) -> Evidence {
    let lacks: Vec<String> = miss.lacks.iter().map(|it| lack(*it, miss, request)).collect();
    let place = Place::new("rules").item(miss.rule);
    let what = format!("{} {place} comes nearest: {}", miss.role.id(), lacks.join(", and "));
    Evidence::at(Mark::Miss, miss.binding.id(), Place::default(), what)
}

/// How many words of a rule are quoted.
const QUOTED: usize = 6;

/// The words of a rule, as it has them.
fn quoted(words: &[Name]) -> String {
    let shown = words.iter().take(QUOTED).map(|it| if it.is_empty() { "\"\"" } else { it.as_str() });
    let more = if words.len() > QUOTED { format!(" and {} more", words.len() - QUOTED) } else { String::new() };
    match words {
        [] => "none".to_owned(),
        _ => format!("{}{more}", shown.collect::<Vec<_>>().join(", ")),
    }
}

fn lack(lack: Lack, miss: &RoleRuleMiss, request: &Request) -> String {
    let rule = miss.words();
    let name = match request {
        Request::Resource(it) if !it.name.is_empty() => format!("it does not name {}", it.name),
        _ => "it holds for named objects only".to_owned(),
    };
    match lack {
        Lack::Scope if matches!(request, Request::Url { .. }) => "a RoleBinding grants no URLs".to_owned(),
        Lack::Scope => format!("it holds in {} only", miss.binding.meta.namespace),
        Lack::Verb => format!("it lacks the verb {} (it has {})", request.verb(), quoted(&rule.verbs)),
        Lack::Group => format!("it is for another API group ({})", quoted(&rule.groups)),
        Lack::Resource => format!("it is for other resources ({})", quoted(&rule.resources)),
        Lack::Url => format!("it is for other URLs ({})", quoted(&rule.urls)),
        Lack::Name => format!("{name} (it names {})", quoted(&rule.names)),
    }
}
