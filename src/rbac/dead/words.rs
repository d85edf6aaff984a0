//! Verbs, groups, names and URLs of rules that no request has.

use super::is_list;
use crate::model::finding::{
    BOUND_URL, Finding, NAMED_CREATE, NAMED_DELETECOLLECTION, NAMED_LIST, NO_SUCH_NAME, UNKNOWN_GROUP, UNKNOWN_METHOD,
    UNKNOWN_URL, UNKNOWN_VERB,
};
use crate::model::name::{Name, is_dns_name};
use crate::model::role::{Binding, RoleRule};
use crate::rbac::served::{self, Served};

/// Verbs that Kubernetes asks for on certain resources alone, whatever their subresources (rules 54 and 59).
const ONLY_ON: &[(&str, &[&str])] = &[
    ("approve", &["signers"]),
    ("attest", &["signers"]),
    ("bind", &["clusterroles", "roles"]),
    ("escalate", &["clusterroles", "roles"]),
    ("impersonate", &["groups", "serviceaccounts", "uids", "userextras", "users"]),
    ("sign", &["signers"]),
];

/// The HTTP methods that URLs are asked with (rule 29).
const METHODS: [&str; 8] = ["*", "delete", "get", "head", "options", "patch", "post", "put"];

/// Resources whose objects may be called almost anything: what people log in as, and objects of RBAC.
const FREE_NAMES: [&str; 11] = [
    "clusterrolebindings",
    "clusterroles",
    "clustertrustbundles",
    "groups",
    "ipaddresses",
    "rolebindings",
    "roles",
    "signers",
    "uids",
    "userextras",
    "users",
];

/// Groups in which some objects are called so, and `*`.
const FREE_GROUPS: [&str; 6] =
    ["", "*", "authentication.k8s.io", "certificates.k8s.io", "networking.k8s.io", "rbac.authorization.k8s.io"];

/// Groups without a dot, which groups of Kubernetes' own alone are called; one is served no more.
const DOTLESS: [&str; 6] = ["", "apps", "autoscaling", "batch", "extensions", "policy"];

/// A verb on resources.
pub(super) fn verb(verb: &Name, rule: &RoleRule) -> Option<Finding> {
    if *verb == "*" {
        return None;
    }
    let is_written_wrong = || written(verb).map(|what| Finding::of_word(&UNKNOWN_VERB, verb).saying(what));
    with_names(verb, rule).or_else(is_written_wrong).or_else(|| unasked(verb, rule))
}

/// A verb that Kubernetes asks for nowhere, or not on these resources; other groups may have verbs of their own.
fn unasked(verb: &Name, rule: &RoleRule) -> Option<Finding> {
    let is_own = rule.groups.iter().all(|it| served::is_own_group(it));
    if let Some(meant) = meant(verb) {
        let what = format!("unknown verb; did you mean {meant}?");
        let found = Finding::of_word(&UNKNOWN_VERB, verb).saying(what);
        return Some(if is_own { found } else { found.limited() });
    }
    if let Some(resources) = only_on(verb, rule).filter(|_| is_own) {
        return Some(
            Finding::of_word(&UNKNOWN_VERB, verb)
                .saying(format!("{verb} is asked on {} alone", resources.join(" and "))),
        );
    }
    let what = "unknown verb: only what checks it itself";
    (is_own && !served::is_verb(verb)).then(|| Finding::of_word(&UNKNOWN_VERB, verb).saying(what).limited())
}

/// What resourceNames leave of a verb (rules 22–24).
fn with_names(verb: &Name, rule: &RoleRule) -> Option<Finding> {
    if rule.names.is_empty() || rule.names.iter().any(|it| it.is_empty()) {
        return None;
    }
    match verb.as_str() {
        "deletecollection" => Some(Finding::of_word(&NAMED_DELETECOLLECTION, verb)),
        "create" if !rule.resources.iter().all(|it| it.contains('/')) => Some(Finding::of_word(&NAMED_CREATE, verb)),
        "list" | "watch" => Some(Finding::of_word(&NAMED_LIST, verb)),
        _ => None,
    }
}

/// What is wrong with how a verb is written.
fn written(verb: &str) -> Option<String> {
    match verb {
        "" => Some("no request has an empty verb".to_owned()),
        _ if is_list(verb) => Some("one string is one verb: write each by itself".to_owned()),
        _ if verb.contains('*') => Some("only * alone is a wildcard".to_owned()),
        _ if verb.chars().any(char::is_uppercase) => {
            Some(format!("verbs are lower case; did you mean {}?", verb.to_lowercase()))
        }
        _ => None,
    }
}

/// The verbs that a word probably stands for, where it is none.
fn meant(verb: &str) -> Option<&'static str> {
    let slip = || served::verb_meant(verb).filter(|_| !served::is_verb(verb));
    served::habit(verb).or_else(slip)
}

/// The resources that a verb is asked on, where the rule has none of them.
fn only_on(verb: &str, rule: &RoleRule) -> Option<&'static [&'static str]> {
    let (_, resources) = ONLY_ON.iter().find(|(it, _)| *it == verb)?;
    let fits = |word: &Name| {
        let (resource, _) = word.split_once('/').unwrap_or((word, ""));
        resource == "*" || resources.contains(&resource)
    };
    (!rule.resources.iter().any(fits)).then_some(*resources)
}

/// A verb on URLs.
pub(super) fn method(verb: &Name) -> Option<Finding> {
    let is_method = METHODS.contains(&verb.as_str());
    (!is_method).then(|| Finding::of_word(&UNKNOWN_METHOD, verb))
}

/// An API group.
pub(super) fn group(group: &Name, served: &Served) -> Option<Finding> {
    let what = match group.as_str() {
        "" | "*" => return None,
        "core" => "the core group is written \"\", not \"core\"".to_owned(),
        word if served::is_version(word) => format!("{word} is a version; the core group is written \"\""),
        word if is_list(word) => "one string is one group: write each by itself".to_owned(),
        word if word.contains('/') => {
            let (group, _) = word.split_once('/').unwrap_or((word, ""));
            format!("groups are written without version; did you mean {group}?")
        }
        word if word.contains('*') => "only * alone is a wildcard".to_owned(),
        word if word.chars().any(char::is_uppercase) => {
            format!("groups are lower case; did you mean {}?", word.to_lowercase())
        }
        word if word.contains('.') => {
            return served.slip_of_group(word).map(|meant| {
                let what = format!("no group of Kubernetes' own; did you mean {meant}?");
                Finding::of_word(&UNKNOWN_GROUP, group).saying(what).limited()
            });
        }
        word if DOTLESS.contains(&word) || served.iter().any(|it| it.group == *word) => {
            return None;
        }
        word => match served.nearest_group(word) {
            Some(near) => format!("there is no group {word}; did you mean {near}?"),
            None => format!("there is no group {word}"),
        },
    };
    Some(Finding::of_word(&UNKNOWN_GROUP, group).saying(what))
}

/// The name of an object (rule 21).
pub(super) fn name(name: &Name, rule: &RoleRule) -> Option<Finding> {
    if name.is_empty() || is_dns_name(name) {
        return None;
    }
    let plurals = || rule.resources.iter().map(|it| it.split_once('/').map_or(it.as_str(), |(plural, _)| plural));
    let has_pattern = name.contains(['*', '?', '[', '^', '$']);
    if plurals().all(|it| it == "signers") && (!has_pattern || is_domain(name)) {
        return None;
    }
    let of_any = rule.groups.iter().any(|it| FREE_GROUPS.contains(&it.as_str()));
    let is_free = |it: &str| it == "*" && of_any || FREE_NAMES.contains(&it) && it != "signers";
    let is_known = rule.groups.iter().all(|it| served::is_own_group(it));
    let found = |what: &'static str| Finding::of_word(&NO_SUCH_NAME, name).saying(what);
    match (has_pattern, plurals().any(is_free)) {
        (true, true) => Some(found("names compare exactly: only what is called so").limited()),
        (true, false) => Some(found("names compare exactly: no object can be called so")),
        (false, false) if is_known => Some(found(NO_SUCH_NAME.doc)),
        _ => None,
    }
}

/// `DOMAIN/*`, all signers of a domain.
fn is_domain(name: &str) -> bool {
    name.strip_suffix("/*").is_some_and(is_dns_name)
}

/// A URL (rules 28 and 30).
pub(super) fn url(url: &Name, binding: &Binding) -> Option<Finding> {
    if !binding.meta.namespace.is_empty() {
        return Some(Finding::of_word(&BOUND_URL, url));
    }
    let stem = url.trim_end_matches('*');
    let what = match url.as_str() {
        _ if stem.is_empty() && !url.is_empty() => return None,
        _ if !url.starts_with('/') => "paths begin with /",
        _ if stem.contains('*') => "only a trailing * is a wildcard",
        _ if url.contains(['?', '#']) => "a path has no query",
        _ if url.contains(",/") || url.contains(char::is_whitespace) => "one string is one path: write each by itself",
        _ if is_of_resource(url) => "that is a resource's path, which is asked for by verb, group and resource",
        _ => return None,
    };
    Some(Finding::of_word(&UNKNOWN_URL, url).saying(what))
}

/// `/api/v1/pods`, `/apis/apps/v1/deployments`: a path below a version.
fn is_of_resource(url: &str) -> bool {
    let parts: Vec<&str> = url.trim_matches('/').split('/').collect();
    let below = match parts.first() {
        Some(&"api") => 3,
        Some(&"apis") => 4,
        _ => return false,
    };
    parts.len() >= below && !url.ends_with('*')
}
