//! Who may write which grant: the API server's guard against escalation (rules 45, 47–53).
//!
//! It does not ask what requests are allowed but compares texts: holding every verb by name does not cover `*`
//! (rule 48). Sources: component-helpers/auth/rbac/validation/policy_comparator.go, kubernetes/pkg/registry/rbac.

use std::fmt;

use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId};
use crate::model::items::Items;
use crate::model::name::Name;
use crate::model::role::{Role, RoleRef, RoleRule, RuleLists};

use super::identity::{Identity, MASTERS};
use super::index::Index;
use super::matching::url_covers;
use super::request::{Request, ResourceRequest};
use super::resource_or_url::ResourceOrUrl;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A part of a rule with one verb and one resource or URL, and at most one name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tuple {
    Resource { verb: Name, group: Name, resource: Name, name: Option<Name> },
    Url { verb: Name, url: Name },
}

/// Whether somebody may write a role or a binding, as far as the guard goes: they need the verb on the object besides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Leave {
    /// In `system:masters`.
    Masters,
    /// By the verb `escalate` on the role, or `bind` on the role referred to.
    Verb(&'static str),
    /// Because everything in it is held already.
    Holds,
    /// Not: this much is not held.
    Lacks(Vec<Tuple>),
    /// Not: the role referred to is not there, and only `bind` would do (rule 52).
    NoRole,
    /// Not seen to be held, where not everything is read.
    Unknown,
}

impl Leave {
    /// Whether it is given.
    pub fn outcome(&self) -> Outcome {
        match self {
            Leave::Masters | Leave::Verb(_) | Leave::Holds => Outcome::Allow,
            Leave::Lacks(_) | Leave::NoRole => Outcome::Deny,
            Leave::Unknown => Outcome::Unknown,
        }
    }
}

/// `list secrets`, `get pods.apps "web"`, `get /metrics`.
impl fmt::Display for Tuple {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tuple::Url { verb, url } => write!(out, "{verb} {url}"),
            Tuple::Resource { verb, group, resource, name } => {
                let what = ResourceOrUrl::Resource {
                    group: group.clone(),
                    resource: resource.clone(),
                    name: name.clone().unwrap_or_else(Name::empty),
                };
                write!(out, "{verb} {what}")
            }
        }
    }
}

/// The parts of a rule.
pub fn tuples(rule: &RoleRule) -> Vec<Tuple> {
    let mut all = Vec::new();
    for group in rule.groups.iter() {
        for resource in rule.resources.iter() {
            for verb in rule.verbs.iter() {
                let tuple = |name: Option<Name>| Tuple::Resource {
                    verb: verb.clone(),
                    group: group.clone(),
                    resource: resource.clone(),
                    name,
                };
                if rule.names.is_empty() {
                    all.push(tuple(None));
                }
                all.extend(rule.names.iter().map(|it| tuple(Some(it.clone()))));
            }
        }
    }
    let urls = rule.urls.iter().flat_map(|url| rule.verbs.iter().map(move |verb| (verb.clone(), url.clone())));
    all.extend(urls.map(|(verb, url)| Tuple::Url { verb, url }));
    all
}

/// The parts of `wanted` that no single rule of `held` covers.
pub fn uncovered(held: &[RoleRule], wanted: &[RoleRule]) -> Vec<Tuple> {
    let parts = wanted.iter().flat_map(tuples);
    parts.filter(|it| !held.iter().any(|rule| covers(rule, it))).collect()
}

fn has(list: &[Name], word: &str) -> bool {
    list.iter().any(|it| it == word)
}

/// Whether one rule covers one part (rule 48).
fn covers(rule: &RoleRule, part: &Tuple) -> bool {
    match part {
        Tuple::Url { verb, url } => {
            (has(&rule.verbs, "*") || has(&rule.verbs, verb)) && rule.urls.iter().any(|it| url_covers(it, url))
        }
        Tuple::Resource { verb, group, resource, name } => {
            let by_subresource =
                || resource.split_once('/').is_some_and(|(_, it)| has(&rule.resources, &format!("*/{it}")));
            (has(&rule.verbs, "*") || has(&rule.verbs, verb))
                && (has(&rule.groups, "*") || has(&rule.groups, group))
                && (has(&rule.resources, "*") || has(&rule.resources, resource) || by_subresource())
                && (rule.names.is_empty() || name.as_ref().is_some_and(|it| has(&rule.names, it)))
        }
    }
}

impl Index {
    /// Whether somebody may write this role, in place of the one that stands there; `name` is what the request names:
    /// empty for a create by POST (rules 27 and 47).
    ///
    /// Where either is aggregated everything is needed besides, whatever is changed in it (rule 45).
    pub fn may_write_role(&self, identity: &Identity, role: &Role, before: Option<&Role>, name: &str) -> Leave {
        let namespace = &role.meta.namespace;
        let resource = if namespace.is_empty() { "clusterroles" } else { "roles" };
        let escalate = request("escalate", resource, name, namespace);
        let mut wanted = role.rules.to_vec();
        let is_aggregated = |it: &Role| it.aggregates().is_some_and(|it| !it.is_empty());
        if is_aggregated(role) || before.is_some_and(is_aggregated) {
            wanted.extend(everything());
        }
        self.leave(identity, &escalate, "escalate", namespace, Some(&wanted))
    }

    /// Whether somebody may bind a role in a namespace (empty: cluster-wide), create or change alike (rules 49–52).
    pub fn may_bind(&self, identity: &Identity, role: &RoleRef, namespace: &Name) -> Leave {
        let (resource, home) = match role.kind.as_str() {
            "Role" => ("roles", namespace.clone()),
            _ => ("clusterroles", Name::empty()),
        };
        let bind = request("bind", resource, &role.name, namespace);
        let wanted = self.role(&home, &role.name).map(|(_, it)| it.rules.to_vec());
        self.leave(identity, &bind, "bind", namespace, wanted.as_deref())
    }

    /// Whether the guard lets somebody change a role or a binding as it stands; `None` where it guards nothing.
    ///
    /// Also an unchanged role is checked for all its rules, and a binding that only loses a subject for its role's
    /// (rules 47 and 50).
    pub fn may_change(&self, identity: &Identity, cluster: &Cluster, id: &ObjectId) -> Option<Leave> {
        match id.kind {
            Kind::ROLE | Kind::CLUSTER_ROLE => {
                let role = cluster.roles.get(&id.namespace, &id.name)?;
                Some(self.may_write_role(identity, role, Some(role), &id.name))
            }
            Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING => {
                let binding = cluster.bindings.get(&id.namespace, &id.name)?;
                Some(self.may_bind(identity, &binding.role, &id.namespace))
            }
            _ => None,
        }
    }

    fn leave(
        &self,
        identity: &Identity,
        verb: &Request,
        word: &'static str,
        namespace: &Name,
        wanted: Option<&[RoleRule]>,
    ) -> Leave {
        if identity.is_in(MASTERS) {
            return Leave::Masters;
        }
        let by_verb = self.can(identity, verb).outcome();
        let Some(wanted) = wanted else {
            return match by_verb {
                Outcome::Allow => Leave::Verb(word),
                Outcome::Unknown => Leave::Unknown,
                Outcome::Deny => Leave::NoRole,
            };
        };
        let lacks = uncovered(&self.held(identity, namespace), wanted);
        match by_verb {
            Outcome::Allow => Leave::Verb(word),
            _ if lacks.is_empty() => Leave::Holds,
            Outcome::Unknown => Leave::Unknown,
            Outcome::Deny => Leave::Lacks(lacks),
        }
    }

    /// All rules that somebody holds in a namespace, cluster-wide ones included.
    fn held(&self, identity: &Identity, namespace: &str) -> Vec<RoleRule> {
        let entries = self.slots(identity, namespace).into_iter().filter_map(|it| self.bindings.get(it));
        let rules = entries.filter_map(|it| self.role_entry(it)).filter_map(|it| it.rules());
        rules.flatten().cloned().collect()
    }
}

fn request(verb: &str, resource: &str, name: &str, namespace: &Name) -> Request {
    Request::Resource(ResourceRequest {
        verb: verb.into(),
        group: GROUP.into(),
        resource: resource.into(),
        subresource: Name::empty(),
        name: name.into(),
        namespace: namespace.clone(),
        ..ResourceRequest::default()
    })
}

/// `*` on everything, URLs too (rule 45).
fn everything() -> [RoleRule; 2] {
    let star = || Items::from([Name::from("*")]);
    [
        RoleRule::from(RuleLists { verbs: star(), groups: star(), resources: star(), ..RuleLists::default() }),
        RoleRule::from(RuleLists { verbs: star(), urls: star(), ..RuleLists::default() }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &str, groups: &str, resources: &str, names: &str, urls: &str) -> RoleRule {
        let words = |text: &str| {
            let words = text.split(',').filter(|it| !it.is_empty());
            words.map(|it| Name::from(if it == "_" { "" } else { it })).collect()
        };
        RoleRule::from(RuleLists {
            verbs: words(verbs),
            groups: words(groups),
            resources: words(resources),
            names: words(names),
            urls: words(urls),
        })
    }

    /// Facts of component-helpers' policy_comparator_test.go, and rule 48.
    #[test]
    fn covering_compares_texts() {
        let cases = [
            (rule("get,delete", "_", "pods", "", ""), rule("get", "_", "pods", "", ""), 0),
            (rule("*", "_", "pods", "", ""), rule("get,delete", "_", "pods", "", ""), 0),
            (rule("get,list,watch", "_", "pods", "", ""), rule("*", "_", "pods", "", ""), 1),
            (rule("get", "*", "*", "", ""), rule("get", "apps", "deployments/scale", "", ""), 0),
            (rule("get", "_", "pods", "", ""), rule("get", "_", "pods/log", "", ""), 1),
            (rule("get", "_", "pods/*", "", ""), rule("get", "_", "pods/log", "", ""), 1),
            (rule("get", "_", "*/log", "", ""), rule("get", "_", "pods/log", "", ""), 0),
            (rule("get", "_", "pods", "a", ""), rule("get", "_", "pods", "", ""), 1),
            (rule("get", "_", "pods", "", ""), rule("get", "_", "pods", "a,b", ""), 0),
            (rule("get", "_", "pods", "a", ""), rule("get", "_", "pods", "a,b", ""), 1),
            (rule("get", "", "", "", "/api*"), rule("get", "", "", "", "/apis,/api/v1"), 0),
            (rule("get", "", "", "", "/api"), rule("get", "", "", "", "/api*"), 1),
            (rule("get", "", "", "", "/api/*"), rule("get", "", "", "", "/api/*"), 0),
        ];
        for (held, wanted, missing) in cases {
            assert_eq!(
                uncovered(std::slice::from_ref(&held), std::slice::from_ref(&wanted)).len(),
                missing,
                "{held:?} {wanted:?}"
            );
        }
        let two = [rule("get", "_", "pods", "", ""), rule("list", "_", "pods", "", "")];
        assert!(
            uncovered(&two, &[rule("get,list", "_", "pods", "", "")]).is_empty(),
            "parts may come from several rules"
        );
    }
}
