//! What should be known beside an answer about a request: how it comes about, what else is asked with it, on which
//! versions of the server it means something, and what the guard against escalation lets be written.
//!
//! ```text
//! get pods/exec       by websocket this is enough before 1.35; from 1.35 on create is asked as well
//! update roles x      the guard against escalation: it holds all that is in role/shop/x
//! ```
//!
//! No note bends an outcome: a request is judged by its tuple alone on every version (CONTRACT §4).

use std::collections::BTreeSet;

use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::{Place, Problem};
use crate::model::role::Role;

use super::aggregation::{Effective, Lag};
use super::covers::Leave;
use super::grant::{Access, Grant};
use super::identity::{MASTERS, split_account};
use super::index::{Index, RoleEntry};
use super::request::{Request, ResourceRequest};
use super::version::{Span, Version};

const RBAC: &str = "rbac.authorization.k8s.io";

/// The requests that only a kubelet with fine-grained authorization asks for (rule 72).
const KUBELET_PATHS: &[&str] = &["pods", "healthz", "configz"];

/// What should be known of a request, whoever asks.
pub fn of_request(request: &Request, version: Option<Version>) -> Vec<String> {
    let mut notes: Vec<String> = impossible(request).map(str::to_owned).into_iter().collect();
    if let Request::Resource(it) = request {
        notes.extend(connecting(it, version));
        notes.extend(kubelet(it, version));
        notes.extend(impersonating(it, version));
        notes.extend(signing(it));
    }
    notes
}

/// What of a request no HTTP request can carry (rules 14, 18, 22–24).
fn impossible(request: &Request) -> Option<&'static str> {
    match request {
        _ if request.verb().is_empty() => Some("no request has an empty verb"),
        Request::Url { path, .. } if !path.starts_with('/') => Some("no request has a path that does not begin with /"),
        Request::Url { .. } => None,
        Request::Resource(it) if it.resource.is_empty() => Some("no request is for an empty resource"),
        Request::Resource(it) if it.name.is_empty() => None,
        Request::Resource(it) => match it.verb.as_str() {
            "deletecollection" => Some("a deletecollection never has a name"),
            "create" if it.subresource.is_empty() => {
                Some("a create by POST has no name: only apply and PUT of what is not there ask so")
            }
            "list" | "watch" => Some("a list or watch has a name only by the field selector metadata.name=NAME"),
            _ => None,
        },
    }
}

/// `by websocket …` and the like, by what the server's version decides (rule 70).
fn by_version(span: Span, version: Option<Version>, holds: &str, not: &str) -> String {
    match (span.holds(version), version) {
        (Outcome::Allow, Some(version)) => format!("{holds} on this server ({version})"),
        (Outcome::Deny, Some(version)) => format!("{not} on this server ({version})"),
        _ => format!("{holds} {span}, else {not}"),
    }
}

fn connecting(it: &ResourceRequest, version: Option<Version>) -> Option<String> {
    let is_connection = ["exec", "attach", "portforward"].contains(&it.subresource.as_str());
    if it.resource != "pods" || !it.group.is_empty() || !is_connection {
        return None;
    }
    match it.verb.as_str() {
        "get" => Some(format!(
            "{} by websocket: get alone is {}",
            it.subresource,
            by_version(Span::Before(35), version, "enough", "not enough, create is asked as well")
        )),
        "create" => Some(format!("{} by websocket asks for get as well, by SPDY for create alone", it.subresource)),
        _ => None,
    }
}

/// Rule 59.
fn signing(it: &ResourceRequest) -> Option<String> {
    (!it.domain.is_empty()).then(|| format!("the server asks for {} as well: either allows", it.domain))
}

fn kubelet(it: &ResourceRequest, version: Option<Version>) -> Option<String> {
    if it.resource != "nodes" || !it.group.is_empty() {
        return None;
    }
    match it.subresource.as_str() {
        "proxy" if it.verb == "get" => {
            Some("get on nodes/proxy runs commands in every pod of the node, past audit and admission".to_owned())
        }
        path if KUBELET_PATHS.contains(&path) => {
            Some(format!("kubelets {}", by_version(Span::From(33), version, "ask for it", "ask for nodes/proxy only")))
        }
        _ => None,
    }
}

fn impersonating(it: &ResourceRequest, version: Option<Version>) -> Vec<String> {
    let mut notes = Vec::new();
    let word = it.verb.as_str();
    if word == "impersonate" && it.group.is_empty() && it.resource == "groups" {
        notes.push("groups go with a user: impersonate on users or serviceaccounts is asked as well".to_owned());
    }
    if word == "impersonate" && it.resource == "groups" && it.name == MASTERS {
        notes.push(format!("whoever acts in {MASTERS} is allowed everything"));
    }
    if word == "impersonate" && it.resource == "users" && split_account(&it.name).is_some() {
        notes.push("a service account's name is asked for on serviceaccounts, in its namespace".to_owned());
    }
    let is_constrained = word.starts_with("impersonate:") || word.starts_with("impersonate-on:");
    if is_constrained {
        let asked = by_version(Span::From(36), version, "asked for", "never asked for");
        notes.push(format!("constrained impersonation: {asked}"));
    }
    if is_constrained && it.resource == "groups" && it.name == MASTERS {
        notes.push(format!("constrained impersonation refuses {MASTERS} whatever is granted"));
    }
    notes
}

/// That an aggregated role's own rules are not what its members give now (rules 43 and 44).
pub fn behind(role: &Role, effective: &Effective) -> Option<String> {
    let what = match effective.lags {
        Lag::None => return None,
        Lag::Differs => "its stored rules are not what its members give now",
        Lag::Overwritten => {
            "its own rules grant nothing: the controller overwrites them with those of the roles that it selects"
        }
    };
    Some(format!("{} is aggregated: {what}", role.id()))
}

/// The same of a role of the index.
pub(super) fn behind_of(role: &RoleEntry) -> Option<String> {
    behind(role.role.as_ref()?, &role.effective()?)
}

/// That nothing could be granted, where files hold no RBAC at all (CONTRACT §1).
pub fn no_rbac(cluster: &Cluster) -> Option<String> {
    let is_closed = *cluster.coverage.of(Kind::CLUSTER_ROLE_BINDING, "") == Coverage::Closed;
    let is_empty = cluster.roles.is_empty() && cluster.bindings.is_empty() && cluster.unreadable.is_empty();
    (is_closed && is_empty).then(|| "no RBAC in these files".to_owned())
}

/// What is wrong with objects at these places, or anywhere in them where the place is empty.
pub fn of_problems<'a>(cluster: &Cluster, at: impl IntoIterator<Item = &'a (ObjectId, Place)>) -> BTreeSet<String> {
    if cluster.problems.is_empty() {
        return BTreeSet::new();
    }
    let of_place = |(id, place): &(ObjectId, Place)| {
        let is_there = |it: &&Problem| it.place == *place || it.place.0.starts_with(&format!("{place}."));
        let problems = cluster.problems.get(id).into_iter().flatten();
        problems.filter(|it| place.0.is_empty() || is_there(it)).map(ToString::to_string).collect::<Vec<_>>()
    };
    at.into_iter().flat_map(of_place).collect()
}

impl Index {
    /// What should be known beside an answer: of the request, and of who asks it.
    pub fn notes(&self, access: &Access, cluster: &Cluster, version: Option<Version>) -> Vec<String> {
        let mut notes = of_request(&access.request, version);
        if let (Request::Resource(it), Outcome::Allow) = (&access.request, access.outcome()) {
            notes.extend(self.on_apply(access, it));
            notes.extend(self.guard(access, it, cluster));
        }
        if access.outcome() != Outcome::Allow {
            notes.extend(self.behind(access));
            notes.extend(no_rbac(cluster));
        }
        notes.extend(of_problems(cluster, &places_of(&access.grants)));
        notes
    }

    /// The aggregated roles that the asker holds and that are not what their members give: a "no" may rest on that.
    fn behind(&self, access: &Access) -> Vec<String> {
        let slots = self.slots(&access.identity, access.request.namespace());
        let entries = slots.into_iter().filter_map(|it| self.bindings.get(it)).filter_map(|it| self.role_entry(it));
        let mut roles: Vec<String> = entries.filter_map(behind_of).collect();
        roles.sort();
        roles.dedup();
        roles
    }

    /// A write that creates what is not there is asked twice (rule 18).
    fn on_apply(&self, access: &Access, it: &ResourceRequest) -> Option<String> {
        let writes = ["patch", "update"].contains(&it.verb.as_str());
        if !writes || !it.subresource.is_empty() || it.name.is_empty() {
            return None;
        }
        let create = Request::Resource(ResourceRequest { verb: "create".into(), ..it.clone() });
        (self.can(&access.identity, &create).outcome() != Outcome::Allow).then(|| {
            "where it is not there yet, apply and PUT ask for create as well, and nothing grants that".to_owned()
        })
    }

    /// What the guard against escalation says to a write of a role or a binding (rules 45 and 47–52).
    fn guard(&self, access: &Access, it: &ResourceRequest, cluster: &Cluster) -> Option<String> {
        let writes = ["create", "update", "patch"].contains(&it.verb.as_str());
        let kind = guarded(it)?;
        if !writes || !it.subresource.is_empty() {
            return None;
        }
        let id = ObjectId::new(kind, it.namespace.clone(), it.name.clone());
        let said = match self.may_change(&access.identity, cluster, &id).filter(|_| it.verb != "create") {
            Some(leave) => format!("{id}: it {}", leave_words(&leave)),
            None if access.masters.is_some() => return None,
            None => match (self.has_verb_of_guard(access, it), matches!(kind, Kind::ROLE | Kind::CLUSTER_ROLE)) {
                (true, true) => "by escalate: any rule".to_owned(),
                (true, false) => "by bind: also roles beyond its own rights".to_owned(),
                (false, true) => "only rules that it holds itself".to_owned(),
                (false, false) => "only roles whose rules it holds itself".to_owned(),
            },
        };
        Some(format!("the guard against escalation, {said}"))
    }

    /// Whether `escalate` or `bind` is held where this is written, for some object at least.
    fn has_verb_of_guard(&self, access: &Access, it: &ResourceRequest) -> bool {
        let (verb, resources): (&str, &[&str]) = match it.resource.as_str() {
            "roles" | "clusterroles" => ("escalate", &[it.resource.as_str()]),
            "clusterrolebindings" => ("bind", &["clusterroles"]),
            _ => ("bind", &["roles", "clusterroles"]),
        };
        let holdings = self.permissions(&access.identity);
        let here = holdings.iter().filter(|holding| holding.scope().is_empty() || *holding.scope() == it.namespace);
        let rules = here.filter_map(|it| it.role.as_ref()).flat_map(|(_, effective)| effective.rules.iter());
        rules.into_iter().any(|rule| {
            let meets = |list: &[Name], words: &[&str]| list.iter().any(|it| it == "*" || words.contains(&it.as_str()));
            meets(&rule.verbs, &[verb]) && meets(&rule.groups, &[RBAC]) && meets(&rule.resources, resources)
        })
    }
}

/// The rules and the subjects that grants rest on.
fn places_of(grants: &[Grant]) -> Vec<(ObjectId, Place)> {
    let both = |it: &Grant| [(it.role.id(), it.rule_place()), (it.binding.id(), it.subject_place())];
    grants.iter().flat_map(both).collect()
}

/// The kind whose writes are guarded that a request is for.
fn guarded(it: &ResourceRequest) -> Option<Kind> {
    match it.resource.as_str() {
        _ if it.group != RBAC => None,
        "roles" => Some(Kind::ROLE),
        "clusterroles" => Some(Kind::CLUSTER_ROLE),
        "rolebindings" => Some(Kind::ROLE_BINDING),
        "clusterrolebindings" => Some(Kind::CLUSTER_ROLE_BINDING),
        _ => None,
    }
}

/// What the guard says to a change of what stands there, in a clause.
pub fn leave_words(leave: &Leave) -> String {
    match leave {
        Leave::Masters => format!("allows every change, as to all of {MASTERS}"),
        Leave::Verb(verb) => format!("allows every change, by {verb}"),
        Leave::Holds => "allows changes within what it holds, which is all that is in it".to_owned(),
        Leave::NoRole => "refuses every change: the role is not there, and bind is not held".to_owned(),
        Leave::Unknown => "may allow changes: what could tell is not read".to_owned(),
        Leave::Lacks(all) => {
            let first = all.first().map(ToString::to_string).unwrap_or_default();
            let more = if all.len() > 1 { format!(" and {} more", all.len() - 1) } else { String::new() };
            format!("refuses every change that leaves in it what it does not hold: {first}{more}")
        }
    }
}
