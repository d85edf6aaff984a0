//! The same answers once more, read straight from the documentation: no index, no masks, nothing shared.
//!
//! For tests and for `--self-check`. It shares no code with the rest of this module but the questions' types, and is
//! slow on purpose: it looks at every binding, every subject and every rule each time.
//!
//! Sources: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>, [CONTRACT §4 for what is unknown].

use std::collections::BTreeSet;

use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::role::{Binding, Role, RoleRule, RoleSource, Subject, SubjectKind};

use super::request::Request;

/// One grant by its names: the binding, the index of the subject in it, the role, the rule's index.
pub type GrantNames = (ObjectId, usize, ObjectId, usize);

/// Somebody, by name and groups as an authorizer sees them.
pub struct RequestUser<'a> {
    pub user: &'a str,
    pub groups: Vec<&'a str>,
}

/// Whether RBAC, or what is not known of it, allows something; other authorizers' marks are not looked at.
pub fn outcome(cluster: &Cluster, asker: &RequestUser<'_>, request: &Request) -> Outcome {
    if asker.groups.contains(&"system:masters") || !grants(cluster, asker, request).is_empty() {
        return Outcome::Allow;
    }
    let is_node = asker.user.starts_with("system:node:") && asker.user.len() > "system:node:".len();
    if is_node || is_partial(cluster, asker, request) { Outcome::Unknown } else { Outcome::Deny }
}

/// Every grant, by names.
pub fn grants(cluster: &Cluster, asker: &RequestUser<'_>, request: &Request) -> BTreeSet<GrantNames> {
    let mut all = BTreeSet::new();
    for binding in cluster.bindings.iter().filter(|it| is_asked(it, request) && speaks_of(it, asker)) {
        let Some(role) = role(cluster, binding) else { continue };
        let subjects = binding.subjects.iter().enumerate();
        let subjects = subjects.filter(|(_, it)| is_asker(it, &binding.meta.namespace, asker));
        let subjects: Vec<usize> = subjects.map(|(at, _)| at).collect();
        for (at, rule) in rules(cluster, role, &mut Vec::new()).iter().enumerate() {
            if covers(rule, request) {
                all.extend(subjects.iter().map(|subject| (binding.id(), *subject, role.id(), at)));
            }
        }
    }
    all
}

/// A ClusterRoleBinding always; a RoleBinding where the request is for its namespace.
fn is_asked(binding: &Binding, request: &Request) -> bool {
    let namespace = &binding.meta.namespace;
    match request {
        Request::Url { .. } => namespace.is_empty(),
        Request::Resource(it) => namespace.is_empty() || *namespace == it.namespace,
    }
}

fn speaks_of(binding: &Binding, asker: &RequestUser<'_>) -> bool {
    binding.subjects.iter().any(|subject| is_asker(subject, &binding.meta.namespace, asker))
}

fn is_asker(subject: &Subject, home: &str, asker: &RequestUser<'_>) -> bool {
    let name = subject.name().as_str();
    match subject.kind() {
        // Who has no name is nobody: a nameless member of a group has no user either.
        _ if name.is_empty() => false,
        SubjectKind::User => asker.user == name,
        SubjectKind::Group => asker.groups.contains(&name),
        SubjectKind::ServiceAccount => {
            let namespace = if subject.namespace().is_empty() { home } else { subject.namespace() };
            !namespace.is_empty() && asker.user == format!("system:serviceaccount:{namespace}:{name}")
        }
        SubjectKind::Other(_) => false,
    }
}

fn role<'a>(cluster: &'a Cluster, binding: &Binding) -> Option<&'a Role> {
    let home = match binding.role.kind.as_str() {
        "ClusterRole" => "",
        "Role" if !binding.meta.namespace.is_empty() => binding.meta.namespace.as_str(),
        _ => return None,
    };
    cluster.roles.get(home, &binding.role.name).map(|it| &**it)
}

/// A role's own rules, or of an aggregated manifest those of its members, selector by selector, by name, each once.
fn rules(cluster: &Cluster, role: &Role, above: &mut Vec<Name>) -> Vec<RoleRule> {
    let Some(selectors) = role.aggregates().filter(|_| role.meta.namespace.is_empty()) else {
        return role.rules.to_vec();
    };
    if role.origin == RoleSource::Server {
        return role.rules.to_vec();
    }
    above.push(role.meta.name.clone());
    let mut all: Vec<RoleRule> = Vec::new();
    for selector in selectors.iter() {
        for member in cluster.roles.of("").iter().filter(|it| selector.matches(it.labels())) {
            if above.contains(&member.meta.name) {
                continue;
            }
            for rule in rules(cluster, member, above) {
                if !all.contains(&rule) {
                    all.push(rule);
                }
            }
        }
    }
    above.pop();
    all
}

fn covers(rule: &RoleRule, request: &Request) -> bool {
    let has = |list: &[Name], word: &str| list.iter().any(|it| it == word);
    match request {
        Request::Url { verb, path } => {
            (has(&rule.verbs, "*") || has(&rule.verbs, verb)) && rule.urls.iter().any(|it| covers_url(it, path))
        }
        Request::Resource(it) => {
            let full = if it.subresource.is_empty() {
                it.resource.to_string()
            } else {
                format!("{}/{}", it.resource, it.subresource)
            };
            let by_subresource = !it.subresource.is_empty() && has(&rule.resources, &format!("*/{}", it.subresource));
            (has(&rule.verbs, "*") || has(&rule.verbs, &it.verb))
                && (has(&rule.groups, "*") || has(&rule.groups, &it.group))
                && (has(&rule.resources, "*") || has(&rule.resources, &full) || by_subresource)
                && (rule.names.is_empty()
                    || has(&rule.names, &it.name)
                    || !it.domain.is_empty() && has(&rule.names, &it.domain))
        }
    }
}

fn covers_url(written: &str, path: &str) -> bool {
    if written == "*" || written == path {
        return true;
    }
    let mut stem = written;
    while let Some(shorter) = stem.strip_suffix('*') {
        stem = shorter;
    }
    stem.len() < written.len() && path.starts_with(stem)
}

/// Whether anything unread could allow it.
fn is_partial(cluster: &Cluster, asker: &RequestUser<'_>, request: &Request) -> bool {
    let namespace = match request {
        Request::Resource(it) => it.namespace.as_str(),
        Request::Url { .. } => "",
    };
    let is_asked_place = |id: &ObjectId| {
        id.kind == Kind::CLUSTER_ROLE_BINDING || id.kind == Kind::ROLE_BINDING && id.namespace == *namespace
    };
    if !cluster.coverage.is_complete(Kind::CLUSTER_ROLE_BINDING, "")
        || !namespace.is_empty() && !cluster.coverage.is_complete(Kind::ROLE_BINDING, namespace)
        || cluster.unreadable.iter().any(is_asked_place)
    {
        return true;
    }
    let mut bindings = cluster.bindings.iter().filter(|it| is_asked(it, request) && speaks_of(it, asker));
    bindings.any(|it| is_role_unread(cluster, it))
}

fn is_role_unread(cluster: &Cluster, binding: &Binding) -> bool {
    let (kind, home) = match binding.role.kind.as_str() {
        "ClusterRole" => (Kind::CLUSTER_ROLE, Name::empty()),
        "Role" if !binding.meta.namespace.is_empty() => (Kind::ROLE, binding.meta.namespace.clone()),
        _ => return false,
    };
    let coverage = cluster.coverage.of(kind, &home);
    if cluster.unreadable.contains(&ObjectId::new(kind, home.clone(), binding.role.name.clone())) {
        return true;
    }
    let held = role(cluster, binding);
    let is_computed = held.is_some_and(|it| it.aggregates().is_some() && it.origin == RoleSource::Manifest);
    if is_computed && kind == Kind::CLUSTER_ROLE && cluster.unreadable.iter().any(|it| it.kind == Kind::CLUSTER_ROLE) {
        return true;
    }
    !coverage.is_complete() && (held.is_none() || is_computed || matches!(coverage, Coverage::Forbidden { .. }))
}
