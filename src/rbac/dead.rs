//! Grants that can never match, or hardly ever, and what their author probably meant.
//!
//! ```text
//! verbs      GET   get,list   read      no request has such a verb
//! apiGroups  v1   apps/v1   core        groups are written without version, and the core group as ""
//! resources  */*   pods/logs   Pod      no request is for such a resource
//! names      *   web-*                  names compare exactly
//! URLs       healthz   /a/*/b           paths begin with /, and only a trailing * is a wildcard
//! ```
//!
//! Judged per binding, rule and word: the same rule is dead through a RoleBinding and alive through a
//! ClusterRoleBinding (rules 6–9, 12, 17, 21–24, 28–30; CONTRACT §4). Words are judged in `words`, resources in
//! `resources`. What cannot be known, as what other groups serve, is never called dead.

pub(super) mod resources;
mod words;

use crate::model::finding::{CLUSTER_SCOPED_VERB, Effectiveness, Finding, NO_VERB, RulePart};
use crate::model::items::Items;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::{Binding, RoleRule, RuleLists};

use super::places;
use super::served::Served;

/// What of one rule a binding does not really give, in the order of the rule's words.
pub fn findings(binding: &Binding, rule: &RoleRule, served: &Served) -> Vec<Finding> {
    let mut all = Vec::new();
    if rule.verbs.is_empty() {
        all.push(Finding::new(&NO_VERB, Place::default()));
    }
    if !rule.resources.is_empty() {
        all.extend(rule.verbs.iter().filter_map(|it| words::verb(it, rule)));
        all.extend(rule.groups.iter().filter_map(|it| words::group(it, served)));
        all.extend(rule.resources.iter().filter_map(|it| resources::resource(it, binding, rule, served)));
        all.extend(rule.names.iter().filter_map(|it| words::name(it, rule)));
    }
    if !rule.urls.is_empty() {
        all.extend(rule.verbs.iter().filter_map(words::method));
        all.extend(rule.urls.iter().filter_map(|it| words::url(it, binding)));
    }
    all
}

/// What is found in one resource of a rule: of what is cluster-scoped and asked in a namespace by some verbs (rule 16), the
/// others are dead through a RoleBinding, whatever else is said of them.
pub fn in_place(found: Vec<Finding>, binding: &Binding, rule: &RoleRule, group: &str, resource: &str) -> Vec<Finding> {
    let exception = places::exception(group, resource).filter(|_| !binding.meta.namespace.is_empty());
    let is_dead = found.iter().any(|it| it.is_of(RulePart::Resource) && it.effect == Effectiveness::Dead);
    let Some(exception) = exception.filter(|_| !is_dead) else { return found };
    let lives = |verb: &Name| *verb == "*" || exception.verbs.contains(&verb.as_str());
    let mut all: Vec<Finding> = found.into_iter().filter(|it| !it.is_of(RulePart::Verb) || lives(&it.word)).collect();
    all.extend(rule.verbs.iter().filter(|it| !lives(it)).map(|verb| {
        let what = format!("{verb} of {resource} carries no namespace: only a ClusterRoleBinding grants it");
        Finding::of_word(&CLUSTER_SCOPED_VERB, verb).saying(what)
    }));
    all
}

/// Whether a grant gives anything, by the findings that concern what it is for.
pub fn is_alive<'a>(rule: &RoleRule, found: impl IntoIterator<Item = &'a Finding>) -> bool {
    let all_dead: Vec<&Finding> = found.into_iter().filter(|it| it.effect == Effectiveness::Dead).collect();
    let is_dead_verb = |verb: &Name| all_dead.iter().any(|it| it.is_of_verb() && it.word == *verb);
    all_dead.iter().all(|it| it.is_of_verb()) && !rule.verbs.iter().all(is_dead_verb)
}

/// The rule without its dead words; `None`: nothing of it lives.
pub fn living(binding: &Binding, rule: &RoleRule, served: &Served) -> Option<RoleRule> {
    let found: Vec<Finding> =
        findings(binding, rule, served).into_iter().filter(|it| it.effect == Effectiveness::Dead).collect();
    if found.is_empty() {
        return Some(rule.clone());
    }
    let without = |all: &[Name], part: RulePart| -> Items<Name> {
        let is_dead = |word: &Name| found.iter().any(|it| it.is_of(part) && it.word == *word);
        all.iter().filter(|it| !is_dead(it)).cloned().collect()
    };
    let left = RuleLists {
        verbs: without(&rule.verbs, RulePart::Verb),
        groups: without(&rule.groups, RulePart::Group),
        resources: without(&rule.resources, RulePart::Resource),
        names: without(&rule.names, RulePart::Name),
        urls: without(&rule.urls, RulePart::Url),
    };
    let is_named = rule.names.is_empty() || !left.names.is_empty();
    let is_whole = !found.iter().any(|it| it.is_of(RulePart::Rule));
    (is_named && is_whole).then(|| RoleRule::from(left))
}

/// Whether a text is a list in one string, as `get,list`.
fn is_list(text: &str) -> bool {
    text.contains(',') || text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::Meta;
    use crate::model::role::RoleRef;

    fn words(text: &[&str]) -> crate::model::items::Items<Name> {
        text.iter().map(|it| Name::from(*it)).collect()
    }

    /// The rule of docs/rbac.md behind it.
    fn number(found: &Finding) -> u32 {
        found.sort.rule.parse().expect("rules of RBAC are numbers")
    }

    fn found_in(
        namespace: &str,
        verbs: &[&str],
        groups: &[&str],
        resources: &[&str],
        names: &[&str],
    ) -> Vec<(u32, Effectiveness)> {
        let meta = Meta { namespace: namespace.into(), name: "b".into(), ..Meta::default() };
        let binding = Binding { meta, role: RoleRef::default(), subjects: [].into() };
        let rule = RoleRule::from(RuleLists {
            verbs: words(verbs),
            groups: words(groups),
            resources: words(resources),
            names: words(names),
            urls: [].into(),
        });
        findings(&binding, &rule, &Served::built_in()).into_iter().map(|it| (number(&it), it.effect)).collect()
    }

    /// Rules 9, 12, 16, 17, 22, 23, 24 as CONTRACT §4 narrows them.
    #[test]
    fn dead_grants_are_told_and_living_ones_are_not() {
        use Effectiveness::{Dead, Limited};
        assert_eq!(found_in("shop", &["get"], &[""], &["pods/*"], &[]), [(9, Dead)]);
        assert_eq!(
            found_in("shop", &["get"], &["apps"], &["deployments.apps", "deployment", "deployments"], &[]),
            [(12, Dead), (12, Dead)]
        );
        assert_eq!(found_in("shop", &["get"], &[""], &["deployments"], &[]), [(12, Dead)]);
        assert_eq!(found_in("shop", &["get"], &["example.com"], &["widgets"], &[]), []);
        assert_eq!(found_in("shop", &["get"], &[""], &["nodes", "pods"], &[]), [(17, Dead)]);
        assert_eq!(found_in("", &["get"], &[""], &["nodes"], &[]), []);
        assert_eq!(found_in("shop", &["get", "list"], &[""], &["namespaces"], &[]), [(16, Limited)]);
        assert_eq!(found_in("shop", &["list"], &[""], &["namespaces"], &[]), [(17, Dead)]);
        assert_eq!(found_in("shop", &["create"], &[""], &["pods"], &["web"]), [(22, Limited)]);
        assert_eq!(found_in("shop", &["create"], &[""], &["pods/exec"], &["web"]), []);
        assert_eq!(found_in("shop", &["deletecollection"], &[""], &["pods"], &["web"]), [(23, Dead)]);
        assert_eq!(found_in("shop", &["deletecollection"], &[""], &["pods"], &["web", ""]), []);
        assert_eq!(found_in("shop", &["list"], &[""], &["pods"], &["web"]), [(24, Limited)]);
        assert_eq!(found_in("shop", &["*"], &["*"], &["*", "*/scale"], &[]), []);
    }

    /// Rule 49: `bind` is asked in the binding's namespace, and `use` of constraints in the pod's.
    #[test]
    fn what_is_asked_in_another_objects_namespace_lives_through_a_role_binding() {
        let rbac = "rbac.authorization.k8s.io";
        assert_eq!(found_in("shop", &["bind"], &[rbac], &["clusterroles"], &["edit"]), []);
        assert_eq!(found_in("shop", &["*"], &[rbac], &["clusterroles"], &[]), [(17, Effectiveness::Limited)]);
        assert_eq!(found_in("shop", &["escalate"], &[rbac], &["clusterroles"], &[]), [(17, Effectiveness::Dead)]);
        assert_eq!(found_in("shop", &["use"], &["policy"], &["podsecuritypolicies"], &["x"]), []);
        let openshift = "security.openshift.io";
        assert_eq!(found_in("shop", &["use"], &[openshift], &["securitycontextconstraints"], &["anyuid"]), []);
        assert_eq!(
            found_in("shop", &["get"], &[openshift], &["securitycontextconstraints"], &[]),
            [(17, Effectiveness::Dead)]
        );
        assert_eq!(found_in("shop", &["get"], &[openshift], &["rangeallocations"], &[]), []);
    }

    /// Rules 6–9, 12 and 21: words that no request can match, each beside one that lives.
    #[test]
    fn words_that_match_nothing_are_dead() {
        use Effectiveness::{Dead, Limited};
        let one = |verb: &str, group: &str, resource: &str, names: &[&str]| {
            found_in("shop", &[verb], &[group], &[resource], names)
        };
        let core = |resource: &str| one("get", "", resource, &[]);
        for resource in ["*/*", "pods/*", "*/", "", "po*", "pods,services", "pods services", "Pods", "pod", "/pods"] {
            assert_eq!(core(resource).first().map(|it| it.1), Some(Dead), "{resource}");
        }
        for resource in ["pods/logs", "pods/evictions", "*/logs", "serviceaccounts/tokens", "nodes/prox"] {
            assert_eq!(core(resource), [(12, Dead)], "{resource}");
        }
        assert_eq!(one("get", "*", "*/logs", &[]), [(12, Dead)]);
        assert_eq!(one("*", "*", "*/logs", &[]), [(12, Limited)]);
        assert_eq!(one("get", "*", "*/weights", &[]), []);
        assert_eq!(one("get", "*", "*/log", &[]), []);
        for resource in ["pods/log", "*/log", "*/finalizers", "pods/finalizers", "serviceaccounts/token", "pods/status"]
        {
            assert_eq!(core(resource), [], "{resource}");
        }
        for group in ["v1", "apps/v1", "core", "*.example.com", "apps,batch", "Apps", "networking", "app"] {
            let found = one("get", group, "deployments", &[]);
            assert!(found.contains(&(7, Dead)), "{group}: {found:?}");
        }
        for group in ["extensions", "example.com", "*", "apps"] {
            assert_eq!(one("get", group, "deployments", &[]), [], "{group}");
        }
        for verb in ["GET", "get,list", "read", "exec", "lst", "post", "", "approve", "bind", "all"] {
            assert_eq!(one(verb, "", "pods", &[]), [(6, Dead)], "{verb}");
        }
        assert_eq!(one("frobnicate", "", "pods", &[]), [(6, Limited)]);
        assert_eq!(one("read", "*", "pods", &[]), [(6, Limited)]);
        for (verb, group, resource) in [
            ("frobnicate", "example.com", "widgets"),
            ("impersonate", "", "serviceaccounts"),
            ("impersonate-on:user-info:get", "", "pods"),
            ("use", "example.com", "widgets"),
        ] {
            assert_eq!(one(verb, group, resource, &[]), [], "{verb} {resource}");
        }
        assert_eq!(one("get", "*", "pods/logs", &[]), [(12, Dead)]);
        assert_eq!(one("get", "", "services/metrics", &[]), []);
        assert_eq!(one("get", "apps", "*", &["web-*"]), [(21, Dead)]);
        assert_eq!(one("get", "*", "*", &["web-*"]), [(21, Limited)]);
        for name in ["*", "web-*", "Web", "web_0", "a/b", "web-[01]"] {
            assert_eq!(one("get", "", "secrets", &[name]), [(21, Dead)], "{name}");
        }
        assert_eq!(one("get", "example.com", "widgets", &["w-*"]), [(21, Dead)]);
        assert_eq!(one("get", "", "secrets", &["web-0", "a.b", ""]), []);
        assert_eq!(one("get", "rbac.authorization.k8s.io", "roles", &["a:b"]), []);
        assert_eq!(one("get", "rbac.authorization.k8s.io", "roles", &["a*"]), [(21, Limited)]);
        let signers = |names: &[&str]| found_in("", &["approve"], &["certificates.k8s.io"], &["signers"], names);
        assert_eq!(signers(&["kubernetes.io/*", "example.org/web"]), []);
        assert_eq!(signers(&["*"]), [(21, Dead)]);
    }

    /// Rules 28 and 29.
    #[test]
    fn urls_that_match_nothing_are_dead() {
        let found_in = |verb: &str, url: &str| {
            let binding = Binding { meta: Meta::default(), role: RoleRef::default(), subjects: [].into() };
            let rule = RoleRule::from(RuleLists { verbs: words(&[verb]), urls: words(&[url]), ..RuleLists::default() });
            let found = findings(&binding, &rule, &Served::built_in());
            assert_eq!(
                is_alive(&rule, &found),
                found.iter().all(|it| it.effect != Effectiveness::Dead),
                "{verb} {url}"
            );
            found.into_iter().map(|it| number(&it)).collect::<Vec<_>>()
        };
        for url in ["*", "/", "/healthz", "/healthz/*", "/apis/*", "/api/v1", "/apis/apps/v1", "/.well-known/x"] {
            assert_eq!(found_in("get", url), [] as [u32; 0], "{url}");
        }
        for url in ["healthz", "healthz*", "/a/*/b", "/a/*/b*", "/a?b=c", "", "https://x/y", "/api/v1/pods", "/a,/b"] {
            assert_eq!(found_in("get", url), [28], "{url}");
        }
        assert_eq!(found_in("list", "/metrics"), [29]);
        assert_eq!(found_in("GET", "/metrics"), [29]);
    }
}
