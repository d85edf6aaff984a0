//! What the commands about access share: the JSON of grants.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::people::{People, Person, Standing};
use crate::rbac::aggregation::AggregatedFrom;
use crate::rbac::grant::Grant;
use crate::rbac::grant::ServerVerdict;
use crate::rbac::identity::{Identity, Membership};
use crate::rbac::matching::Match;
use crate::rbac::request::Request;

/// One group of an identity.
#[derive(Serialize)]
pub struct GroupJson {
    pub name: String,
    /// `given`, `implied`, `directory`.
    pub by: &'static str,
}

/// The groups of an identity as JSON.
pub fn groups(identity: &Identity) -> Vec<GroupJson> {
    let by = |it: Membership| match it {
        Membership::Given => "given",
        Membership::Implied => "implied",
        Membership::Directory => "directory",
    };
    identity.groups.iter().map(|(name, how)| GroupJson { name: name.to_string(), by: by(*how) }).collect()
}

/// A request as JSON: a resource, or a URL.
#[derive(Serialize)]
#[serde(untagged)]
pub enum RequestJson<'a> {
    Resource {
        verb: &'a str,
        group: &'a str,
        resource: &'a str,
        subresource: &'a str,
        name: &'a str,
        namespace: &'a str,
    },
    Url {
        verb: &'a str,
        url: &'a str,
    },
}

/// A request as JSON.
pub fn request(request: &Request) -> RequestJson<'_> {
    match request {
        Request::Url { verb, path } => RequestJson::Url { verb, url: path },
        Request::Resource(it) => RequestJson::Resource {
            verb: &it.verb,
            group: &it.group,
            resource: &it.resource,
            subresource: &it.subresource,
            name: &it.name,
            namespace: &it.namespace,
        },
    }
}

/// The ClusterRole that gave a rule to an aggregated one.
#[derive(Serialize)]
pub struct MemberJson {
    pub role: String,
    pub rule: String,
}

/// A member as JSON.
pub fn member(member: &AggregatedFrom) -> MemberJson {
    MemberJson { role: format!("clusterrole/{}", member.role), rule: format!("rules[{}]", member.rule) }
}

/// The words of a rule that met the request.
#[derive(Serialize)]
pub struct MatchedJson {
    pub verb: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One grant: binding, subject, role, rule, and where it holds.
#[derive(Serialize)]
pub struct GrantJson {
    /// `rolebinding/shop/dev`.
    pub binding: String,
    /// The binding's subject: `group:dev`.
    pub subject: String,
    /// `subjects[0]`.
    pub place: String,
    /// `clusterrole/edit`.
    pub role: String,
    /// `rules[3]`.
    pub rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberJson>,
    /// Where it holds; null: in the whole cluster.
    pub namespace: Option<String>,
    pub matched: MatchedJson,
}

/// A grant as JSON.
pub fn grant(grant: &Grant) -> GrantJson {
    GrantJson {
        binding: grant.binding.id().to_string(),
        subject: grant.named_subject().to_string(),
        place: grant.subject_place().to_string(),
        role: grant.role.id().to_string(),
        rule: grant.rule_place().to_string(),
        member: grant.member.as_ref().map(member),
        namespace: (!grant.scope().is_empty()).then(|| grant.scope().to_string()),
        matched: matched(grant),
    }
}

fn matched(grant: &Grant) -> MatchedJson {
    let rule = grant.rule();
    let word = |list: &[Name], at: u32| list.get(at as usize).map(ToString::to_string);
    match grant.matched {
        Match::Resource { verb, group, resource, name } => MatchedJson {
            verb: word(&rule.verbs, verb).unwrap_or_default(),
            group: word(&rule.groups, group),
            resource: word(&rule.resources, resource),
            name: name.and_then(|it| word(&rule.names, it)),
            url: None,
        },
        Match::Url { verb, url } => MatchedJson {
            verb: word(&rule.verbs, verb).unwrap_or_default(),
            group: None,
            resource: None,
            name: None,
            url: word(&rule.urls, url),
        },
    }
}

/// The server's own word on a request.
#[derive(Serialize)]
pub struct WordJson<'a> {
    /// `SubjectAccessReview`, or `SelfSubjectAccessReview`.
    pub review: &'static str,
    pub outcome: &'static str,
    pub reason: &'a str,
    /// Why the server could not ask all of its authorizers; empty where it could.
    pub error: &'a str,
}

/// The server's word as JSON.
pub fn word(word: &ServerVerdict) -> WordJson<'_> {
    WordJson { review: word.review, outcome: word.outcome.as_str(), reason: &word.reason, error: &word.error }
}

/// A person as JSON.
#[derive(Serialize)]
pub struct PersonJson {
    pub user: String,
    pub active: bool,
}

/// The people behind a subject: a group's members, or the user themselves.
pub fn people(subject: &Subject, people: &People) -> Vec<PersonJson> {
    let found: Vec<&Person> = match subject.kind() {
        SubjectKind::Group => people.members_of(subject.name()),
        SubjectKind::User => people.person(subject.name()).into_iter().collect(),
        _ => Vec::new(),
    };
    let one = |it: &&Person| PersonJson { user: it.user.to_string(), active: it.standing == Standing::Active };
    found.iter().map(one).collect()
}

/// The verbs of a set in one field.
pub fn verbs(all: &BTreeSet<Name>) -> String {
    all.iter().map(Name::as_str).collect::<Vec<_>>().join(" ")
}
