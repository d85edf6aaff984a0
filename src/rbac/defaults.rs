//! The roles that Kubernetes makes for itself, so that a binding to one that is not there can be told from one that never
//! meant anything (rules 35 and 62).
//!
//! Nothing is granted by them: files are a closed world, and a server that lacks one grants nothing by it (CONTRACT §4).
//! Here is only what they would grant.

use crate::model::evidence::Outcome;
use crate::model::items::Items;
use crate::model::name::Name;
use crate::model::role::{RoleRef, RoleRule, RuleLists};

use super::matching::PreparedRequest;
use super::request::Request;

const TEXT: &str = include_str!("../../assets/default-roles.txt");

/// What the most usual of them grant, in a clause.
const WORDS: &[(&str, &str)] = &[
    ("cluster-admin", "every verb on every resource and URL"),
    ("admin", "reads and writes of most resources of a namespace, Secrets, Roles and RoleBindings among them"),
    ("edit", "reads and writes of most resources of a namespace, Secrets among them, but no Roles or RoleBindings"),
    ("view", "reads of most resources of a namespace, but no Secrets, Roles or RoleBindings"),
];

/// The rules of the default role that a reference of a binding in this namespace means; `None`: it is none of them.
pub fn rules(role: &RoleRef, namespace: &str) -> Option<Vec<RoleRule>> {
    let wanted = match role.kind.as_str() {
        "Role" => format!("Role {namespace}/{}", role.name),
        _ => format!("{} {}", role.kind, role.name),
    };
    let mut lines = TEXT.lines().skip_while(|it| **it != *wanted);
    lines.next()?;
    Some(lines.map_while(|it| it.strip_prefix("  ")).map(rule).collect())
}

/// Whether the default role would allow a request; `None`: the reference means none.
pub fn would_allow(role: &RoleRef, namespace: &str, request: &Request) -> Option<Outcome> {
    let (rules, asked) = (rules(role, namespace)?, PreparedRequest::new(request));
    let allows = rules.iter().any(|it| asked.matched_by(it).is_some());
    Some(if allows { Outcome::Allow } else { Outcome::Deny })
}

/// `Kubernetes' own cluster-admin grants every verb on every resource and URL`, where a reference means a default role.
pub fn words(role: &RoleRef, namespace: &str) -> Option<String> {
    let count = rules(role, namespace)?.len();
    let known = WORDS.iter().find(|(name, _)| role.name == *name && role.kind == "ClusterRole");
    let what = known.map_or_else(|| format!("what its {count} rules allow"), |(_, what)| (*what).to_owned());
    Some(format!("Kubernetes' own {} would grant {what}", role.name))
}

/// `verbs | groups | resources | names`, or `verbs | URLs`.
fn rule(line: &str) -> RoleRule {
    let list = |text: &str| -> Items<Name> { text.split_whitespace().map(Name::from).collect() };
    let core = |text: &str| if text == "core" { Name::empty() } else { Name::from(text) };
    let parts: Vec<&str> = line.split('|').collect();
    RoleRule::from(match parts.as_slice() {
        [verbs, urls] => RuleLists { verbs: list(verbs), urls: list(urls), ..RuleLists::default() },
        [verbs, groups, resources, names @ ..] => RuleLists {
            verbs: list(verbs),
            groups: groups.split_whitespace().map(core).collect(),
            resources: list(resources),
            names: list(&names.join(" ")),
            urls: Items::default(),
        },
        _ => RuleLists::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Effectiveness;
    use crate::model::role::Binding;
    use crate::rbac::dead::findings;
    use crate::rbac::served::Served;

    fn role(kind: &str, name: &str) -> RoleRef {
        RoleRef { kind: kind.into(), name: name.into() }
    }

    #[test]
    fn a_default_role_would_grant_what_it_grants_on_servers() {
        let secrets = Request::resource("get", "", "secrets", "shop");
        let would = |name: &str| would_allow(&role("ClusterRole", name), "", &secrets);
        assert_eq!(would("cluster-admin"), Some(Outcome::Allow));
        assert_eq!(would("edit"), Some(Outcome::Allow));
        assert_eq!(would("view"), Some(Outcome::Deny));
        assert_eq!(would("viewer"), None);
        assert_eq!(would_allow(&role("Role", "cluster-admin"), "shop", &secrets), None);
        assert!(rules(&role("Role", "extension-apiserver-authentication-reader"), "kube-system").is_some());
        assert!(words(&role("ClusterRole", "cluster-admin"), "").is_some_and(|it| it.contains("every verb")));
    }

    /// What Kubernetes itself writes is never called dead.
    #[test]
    fn no_rule_of_a_default_role_is_dead() {
        let (binding, served) =
            (Binding { meta: Default::default(), role: RoleRef::default(), subjects: [].into() }, Served::built_in());
        let lines = TEXT.lines().filter_map(|it| it.strip_prefix("  ")).map(rule);
        let found = lines.flat_map(|it| findings(&binding, &it, &served));
        let dead: Vec<_> = found.filter(|it| it.effect == Effectiveness::Dead).collect();
        assert!(dead.is_empty(), "{dead:?}");
    }
}
