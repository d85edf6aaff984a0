//! Grants that can never match, or hardly ever, and what their author probably meant.
//!
//! Judged per binding, rule and word: the same rule is dead through a RoleBinding and alive through a
//! ClusterRoleBinding (rules 9, 12, 17, 22–24, 30; CONTRACT §4).

use crate::model::name::Name;
use crate::model::role::{Binding, RoleRule};

use super::served::{Reach, Served};

/// How much of a grant is left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Life {
    /// No request ever matches.
    Dead,
    /// Only some unusual requests match.
    Limited,
}

/// One word of a rule that does not do what it seems to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Flaw {
    pub life: Life,
    /// The number of the rule of docs/rbac.md.
    pub number: u32,
    /// The word itself: a verb, a resource, a URL.
    pub word: Name,
    /// One clause: why, and what was probably meant.
    pub what: Name,
}

fn flaw(life: Life, number: u32, word: &Name, what: impl Into<Name>) -> Flaw {
    Flaw { life, number, word: word.clone(), what: what.into() }
}

/// What of one rule a binding does not really give, in the order of the rule's words.
pub fn flaws(binding: &Binding, rule: &RoleRule, served: &Served) -> Vec<Flaw> {
    let mut all = Vec::new();
    if rule.verbs.is_empty() {
        all.push(flaw(Life::Dead, 13, &Name::empty(), "a rule without verbs grants nothing"));
    }
    all.extend(rule.verbs.iter().filter_map(|it| verb_flaw(it, rule)));
    all.extend(rule.resources.iter().filter_map(|it| resource_flaw(it, binding, rule, served)));
    if !binding.meta.namespace.is_empty() {
        let what = "a RoleBinding grants no URLs: only a ClusterRoleBinding does";
        all.extend(rule.urls.iter().map(|it| flaw(Life::Dead, 30, it, what)));
    }
    all
}

fn verb_flaw(verb: &Name, rule: &RoleRule) -> Option<Flaw> {
    let is_named = !rule.names.is_empty() && rule.names.iter().all(|it| !it.is_empty());
    match verb.as_str() {
        "deletecollection" if is_named => {
            Some(flaw(Life::Dead, 23, verb, "deletecollection never has a name: resourceNames shut it out"))
        }
        "create" if is_named && !only_subresources(rule) => {
            let what = "a create by POST has no name: only apply, PUT and subresources match resourceNames";
            Some(flaw(Life::Limited, 22, verb, what))
        }
        "list" | "watch" if is_named => {
            Some(flaw(Life::Limited, 24, verb, "only with the field selector metadata.name=NAME"))
        }
        word if word.chars().any(char::is_uppercase) => {
            let what = format!("verbs are lower case; did you mean {}?", word.to_lowercase());
            Some(flaw(Life::Dead, 6, verb, what))
        }
        _ => None,
    }
}

fn only_subresources(rule: &RoleRule) -> bool {
    rule.resources.iter().all(|it| it.contains('/'))
}

fn resource_flaw(word: &Name, binding: &Binding, rule: &RoleRule, served: &Served) -> Option<Flaw> {
    if *word == "*" {
        return None;
    }
    if let Some(resource) = word.strip_suffix("/*").filter(|it| *it != "*") {
        return Some(flaw(Life::Dead, 9, word, meant_subresources(resource, rule, served)));
    }
    let (resource, _) = word.split_once('/').unwrap_or((word, ""));
    if resource == "*" {
        return None;
    }
    if let Some(group) = misplaced_group(resource) {
        let (plural, _) = resource.split_once('.').unwrap_or((resource, ""));
        let what = format!("groups stand in apiGroups; did you mean {plural} in group {group}?");
        return Some(flaw(Life::Dead, 12, word, what));
    }
    let found: Vec<Reach> =
        served.groups_of(resource).filter(|it| is_in_groups(&it.group, rule)).map(|it| it.reach).collect();
    if found.is_empty() {
        return unserved(word, resource, rule, served);
    }
    let is_cluster_scoped = found.iter().all(|it| *it == Reach::Cluster);
    (is_cluster_scoped && !binding.meta.namespace.is_empty())
        .then(|| through_role_binding(word, resource, binding, rule))?
}

fn misplaced_group(resource: &str) -> Option<&str> {
    resource.split_once('.').map(|(_, group)| group).filter(|it| !it.is_empty())
}

fn is_in_groups(group: &str, rule: &RoleRule) -> bool {
    rule.groups.iter().any(|it| it == "*" || it == group)
}

fn meant_subresources(resource: &str, rule: &RoleRule, served: &Served) -> String {
    let found = served.groups_of(resource).find(|it| is_in_groups(&it.group, rule) && !it.subresources.is_empty());
    let subresources =
        found.map(|it| it.subresources.iter().map(|sub| format!("{resource}/{sub}")).collect::<Vec<_>>());
    match subresources {
        Some(all) => format!("{resource}/* is no wildcard; name them: {}", all.join(", ")),
        None => format!("{resource}/* is no wildcard: subresources are named one by one, or all with *"),
    }
}

/// A resource that none of the rule's groups serves; silent where that cannot be known.
fn unserved(word: &Name, resource: &str, rule: &RoleRule, served: &Served) -> Option<Flaw> {
    let is_known_group = |group: &Name| served.is_known_group(group);
    if rule.groups.iter().any(|it| it == "core") {
        return Some(flaw(Life::Dead, 12, word, "the core group is written \"\", not \"core\""));
    }
    let lower = resource.to_ascii_lowercase();
    let meant =
        served.iter().find(|it| it.singular == *lower || it.name == *lower || it.short.iter().any(|it| *it == *lower));
    let other_group = served.groups_of(resource).next();
    let what = match (meant, other_group) {
        (_, Some(it)) => format!("{resource} stands in group \"{}\", which the rule does not name", it.group),
        (Some(it), None) => format!("rules name plurals in lower case; did you mean {}?", it.name),
        (None, None) if rule.groups.iter().all(is_known_group) => match served.nearest(resource) {
            Some(it) => format!("{resource} is not served; did you mean {}?", it.name),
            None => format!("{resource} is not served"),
        },
        (None, None) => return None,
    };
    // A group that we do not know may well serve it.
    rule.groups.iter().all(is_known_group).then(|| flaw(Life::Dead, 12, word, what))
}

/// A cluster-scoped resource through a RoleBinding: dead, but for the namespace's own object (rules 16 and 17).
fn through_role_binding(word: &Name, resource: &str, binding: &Binding, rule: &RoleRule) -> Option<Flaw> {
    let namespace = &binding.meta.namespace;
    let lives = |verb: &Name| matches!(verb.as_str(), "*" | "get" | "update" | "patch" | "delete");
    let is_named = rule.names.is_empty() || rule.names.contains(namespace);
    if resource == "namespaces" && rule.verbs.iter().any(lives) && is_named {
        let what = format!(
            "through a RoleBinding this is the Namespace {namespace} itself, and only get, update, patch, delete"
        );
        return Some(flaw(Life::Limited, 16, word, what));
    }
    let what = format!("{resource} stand in no namespace: only a ClusterRoleBinding grants them");
    Some(flaw(Life::Dead, 17, word, what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::Meta;
    use crate::model::role::RoleRef;
    use crate::model::role::RuleLists;

    fn words(text: &[&str]) -> crate::model::items::Items<Name> {
        text.iter().map(|it| Name::from(*it)).collect()
    }

    fn flaws_of(
        namespace: &str,
        verbs: &[&str],
        groups: &[&str],
        resources: &[&str],
        names: &[&str],
    ) -> Vec<(u32, Life)> {
        let meta = Meta { namespace: namespace.into(), name: "b".into(), ..Meta::default() };
        let binding = Binding { meta, role: RoleRef::default(), subjects: [].into() };
        let rule = RoleRule::from(RuleLists {
            verbs: words(verbs),
            groups: words(groups),
            resources: words(resources),
            names: words(names),
            urls: [].into(),
        });
        flaws(&binding, &rule, &Served::built_in()).into_iter().map(|it| (it.number, it.life)).collect()
    }

    /// Rules 9, 12, 16, 17, 22, 23, 24 as CONTRACT §4 narrows them.
    #[test]
    fn dead_grants_are_told_and_living_ones_are_not() {
        use Life::{Dead, Limited};
        assert_eq!(flaws_of("shop", &["get"], &[""], &["pods/*"], &[]), [(9, Dead)]);
        assert_eq!(
            flaws_of("shop", &["get"], &["apps"], &["deployments.apps", "deployment", "deployments"], &[]),
            [(12, Dead), (12, Dead)]
        );
        assert_eq!(flaws_of("shop", &["get"], &[""], &["deployments"], &[]), [(12, Dead)]);
        assert_eq!(flaws_of("shop", &["get"], &["example.com"], &["widgets"], &[]), []);
        assert_eq!(flaws_of("shop", &["get"], &[""], &["nodes", "pods"], &[]), [(17, Dead)]);
        assert_eq!(flaws_of("", &["get"], &[""], &["nodes"], &[]), []);
        assert_eq!(flaws_of("shop", &["get", "list"], &[""], &["namespaces"], &[]), [(16, Limited)]);
        assert_eq!(flaws_of("shop", &["list"], &[""], &["namespaces"], &[]), [(17, Dead)]);
        assert_eq!(flaws_of("shop", &["create"], &[""], &["pods"], &["web"]), [(22, Limited)]);
        assert_eq!(flaws_of("shop", &["create"], &[""], &["pods/exec"], &["web"]), []);
        assert_eq!(flaws_of("shop", &["deletecollection"], &[""], &["pods"], &["web"]), [(23, Dead)]);
        assert_eq!(flaws_of("shop", &["deletecollection"], &[""], &["pods"], &["web", ""]), []);
        assert_eq!(flaws_of("shop", &["list"], &[""], &["pods"], &["web"]), [(24, Limited)]);
        assert_eq!(flaws_of("shop", &["*"], &["*"], &["*", "*/scale"], &[]), []);
    }
}
