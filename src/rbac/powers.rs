//! What verbs on resources mean: one written table, [`POWERS`], and the one matcher of what a rule gives.
//!
//! ```text
//! EXEC         create pods/exec                     on every version
//! EXEC_BY_GET  get pods/exec                        before 1.35
//! RELABEL      update|patch namespaces, …           in its own namespace too (rule 16)
//! ```
//!
//! Abilities, dangers, the columns of the matrix of subjects, the ways to touch an object and the edges of
//! [`crate::escalate`] name powers from here, so that what a rule must cover is said once.

mod controllers;
mod table;

use std::fmt;

use crate::model::id::ResourceScope;
use crate::model::role::RoleRule;

use super::matching::resource_covers;
use super::version::Span;

pub use controllers::*;
pub use table::*;

/// A resource that powers speak of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resource {
    pub group: &'static str,
    /// With its subresource.
    pub name: &'static str,
    pub scope: ResourceScope,
}

impl Resource {
    /// These verbs on it.
    pub const fn by(self, verbs: &'static [&'static str]) -> Need {
        Need { verbs, group: self.group, resource: self.name }
    }

    /// Whether a rule speaks of it, with whatever verbs.
    pub fn is_covered_by(&self, rule: &RoleRule) -> bool {
        covers(rule, self.group, self.name)
    }
}

/// What a rule must cover: any of these verbs on this resource of this group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Need {
    /// One that ends in `:` stands for all verbs that begin so.
    pub verbs: &'static [&'static str],
    /// `*` for some group; with the verb `*` for all.
    pub group: &'static str,
    /// `resource` or `resource/subresource`; `*` for some resource; with the verb `*` for all.
    pub resource: &'static str,
}

impl Need {
    /// Whether a rule gives it, names set aside.
    pub fn is_met_by(&self, rule: &RoleRule) -> bool {
        let meets = |wanted: &str, held: &str| held == wanted || wanted.ends_with(':') && held.starts_with(wanted);
        rule.verbs.iter().any(|held| held == "*" || self.verbs.iter().any(|it| meets(it, held)))
            && match self.verbs {
                ["*"] => covers(rule, self.group, self.resource),
                _ => self.covers_some(rule),
            }
    }

    /// The same where `*` stands for any of them.
    fn covers_some(&self, rule: &RoleRule) -> bool {
        let group = if self.group == "*" { rule.groups.first().map_or("", |it| it) } else { self.group };
        match self.resource {
            "*" => !rule.resources.is_empty() && covers_group(rule, group),
            resource => covers(rule, group, resource),
        }
    }
}

fn covers_group(rule: &RoleRule, group: &str) -> bool {
    rule.groups.iter().any(|it| it == "*" || it == group)
}

/// Whether a rule speaks of a resource (rules 7–10).
fn covers(rule: &RoleRule, group: &str, resource: &str) -> bool {
    let (_, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    covers_group(rule, group) && rule.resources.iter().any(|it| resource_covers(it, resource, subresource))
}

/// `create pods/exec`, `bind clusterroles.rbac.authorization.k8s.io`.
impl fmt::Display for Need {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plural, subresource) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        write!(out, "{} {plural}", self.verbs.join("|"))?;
        if !self.group.is_empty() {
            write!(out, ".{}", self.group)?;
        }
        if subresource.is_empty() { Ok(()) } else { write!(out, "/{subresource}") }
    }
}

/// One power: any of its needs gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Power {
    /// What it lets somebody do, in a few words.
    pub word: &'static str,
    pub needs: &'static [Need],
    /// Whether a RoleBinding gives it in its namespace.
    pub scope: ResourceScope,
    pub span: Span,
}

impl Power {
    /// Whether a rule gives it through a binding of this scope, names set aside.
    pub fn is_given_by(&self, rule: &RoleRule, through: ResourceScope) -> bool {
        let holds = self.scope == ResourceScope::Namespaced || through == ResourceScope::Cluster;
        holds && self.needs.iter().any(|it| it.is_met_by(rule))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::name::Name;
    use crate::model::role::RuleLists;
    use crate::rbac::places;

    fn rule(verb: &str, group: &str, resource: &str) -> RoleRule {
        RoleRule::from(RuleLists {
            verbs: [Name::from(verb)].into(),
            groups: [Name::from(group)].into(),
            resources: [Name::from(resource)].into(),
            ..RuleLists::default()
        })
    }

    #[test]
    fn powers_are_told_apart() {
        let words: BTreeSet<&str> = POWERS.iter().map(|it| it.word).collect();
        assert_eq!(words.len(), POWERS.len(), "a word stands for two powers");
        for power in POWERS {
            assert!(!power.needs.is_empty() && power.needs.iter().all(|it| !it.verbs.is_empty()), "{power:?}");
        }
    }

    /// Rules 16, 17 and 49.
    #[test]
    fn what_stands_in_no_namespace_is_had_there_only_where_the_server_asks_there() {
        const GLOBAL: [&str; 6] = ["nodes", "users", "groups", "signers", "clusterroles", "persistentvolumes"];
        for power in POWERS.iter().filter(|it| it.scope == ResourceScope::Namespaced) {
            for need in power.needs {
                let plural = need.resource.split('/').next().unwrap_or_default();
                let is_asked_there = || {
                    let verbs = places::exception(need.group, need.resource).map_or(&[][..], |it| it.verbs);
                    need.verbs.iter().all(|it| verbs.contains(it))
                };
                assert!(!GLOBAL.contains(&plural) || is_asked_there(), "{power:?}");
            }
        }
    }

    #[test]
    fn a_prefix_of_verbs_needs_one_verb_that_begins_so() {
        let need = Need { verbs: &["impersonate-on:user-info:"], group: "*", resource: "*" };
        let of = |verb| need.is_met_by(&rule(verb, "apps", "deployments"));
        assert!(of("impersonate-on:user-info:list") && of("*"));
        assert!(!of("impersonate-on:serviceaccount:list") && !of("list"));
    }

    #[test]
    fn a_star_stands_for_some_and_beside_the_verb_star_for_all() {
        let some = Need { verbs: &["get"], group: "cilium.io", resource: "*" };
        assert!(some.is_met_by(&rule("get", "cilium.io", "x")) && !some.is_met_by(&rule("get", "", "x")));
        let all = EVERYTHING.needs[0];
        assert!(all.is_met_by(&rule("*", "*", "*")));
        assert!(!all.is_met_by(&rule("*", "*", "pods")) && !all.is_met_by(&rule("*", "apps", "*")));
        assert!(!all.is_met_by(&rule("get", "*", "*")));
    }
}
