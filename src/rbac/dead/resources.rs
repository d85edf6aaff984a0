//! Resources of rules that no request is for, or none that a RoleBinding could let through.

use super::is_list;
use crate::model::finding::{CLUSTER_SCOPED, Finding, FindingSort, NO_WILDCARD, OWN_NAMESPACE, UNKNOWN_RESOURCE};
use crate::model::id::ResourceScope;
use crate::model::name::Name;
use crate::model::role::{Binding, RoleRule};
use crate::rbac::places::{self, NamespaceOf};
use crate::rbac::served::{Served, ServedResource};

/// A resource.
pub(super) fn resource(word: &Name, binding: &Binding, rule: &RoleRule, served: &Served) -> Option<Finding> {
    if *word == "*" {
        return None;
    }
    if let Some((sort, what)) = written(word, rule, served) {
        return Some(Finding::of_word(sort, word).saying(what));
    }
    let (resource, subresource) = word.split_once('/').unwrap_or((word, ""));
    if resource == "*" {
        return of_every_resource(word, subresource, rule, served);
    }
    let found: Vec<&ServedResource> = served.groups_of(resource).filter(|it| is_in_groups(&it.group, rule)).collect();
    if found.is_empty() {
        return unserved(word, rule, served);
    }
    if let Some(what) = unknown_subresource(resource, subresource, &found, served) {
        return Some(Finding::of_word(&UNKNOWN_RESOURCE, word).saying(what));
    }
    let is_cluster_scoped = found.iter().all(|it| it.scope == ResourceScope::Cluster);
    (is_cluster_scoped && !binding.meta.namespace.is_empty())
        .then(|| through_role_binding(word, &found, binding, rule))?
}

/// What is wrong with how a resource is written, whatever is served.
fn written(word: &str, rule: &RoleRule, served: &Served) -> Option<(&'static FindingSort, String)> {
    let (resource, subresource) = word.split_once('/').unwrap_or((word, ""));
    match word {
        "" => Some((&UNKNOWN_RESOURCE, "no request is for an empty resource".to_owned())),
        "*/*" => Some((&NO_WILDCARD, "* alone covers subresources too; did you mean *?".to_owned())),
        _ if is_list(word) => Some((&UNKNOWN_RESOURCE, "one string is one resource: write each by itself".to_owned())),
        _ if resource.is_empty() || word.ends_with('/') => {
            let near = Some(word.trim_matches(['/', '*'])).filter(|it| !it.is_empty());
            let near = near.map(|it| format!("; did you mean {it}?")).unwrap_or_default();
            Some((&UNKNOWN_RESOURCE, format!("no request is for a resource of that form{near}")))
        }
        _ if subresource == "*" => Some((&NO_WILDCARD, meant_subresources(resource, rule, served))),
        _ if resource != "*" && resource.contains('*') || subresource.contains('*') => {
            let near = served.nearest(resource.trim_matches('*')).map(|it| format!("; did you mean {}?", it.name));
            let near = near.unwrap_or_default();
            Some((&UNKNOWN_RESOURCE, format!("only * alone and */SUBRESOURCE are wildcards{near}")))
        }
        _ => misplaced_group(resource).map(|(plural, group)| {
            (&UNKNOWN_RESOURCE, format!("groups stand in apiGroups; did you mean {plural} in group {group}?"))
        }),
    }
}

fn misplaced_group(resource: &str) -> Option<(&str, &str)> {
    resource.split_once('.').filter(|(_, group)| !group.is_empty())
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

/// `*/SUBRESOURCE` where nothing that the rule's groups serve has it.
fn of_every_resource(word: &Name, subresource: &str, rule: &RoleRule, served: &Served) -> Option<Finding> {
    let is_known = rule.groups.iter().all(|it| it == "*" || served.is_known_group(it));
    // Of groups that nobody knows only a slip of the pen is judged.
    let of_others = rule.groups.iter().any(|it| it == "*") && !served.is_known_group("*");
    let named = served.iter().filter(|it| is_in_groups(&it.group, rule));
    let (extras, all): (Vec<&ServedResource>, Vec<&ServedResource>) =
        named.filter(|it| !of_others || served.is_known_group(&it.group)).partition(|it| it.name == *"userextras");
    let what = unknown_subresource("*", subresource, &all, served).filter(|_| is_known && !all.is_empty())?;
    if of_others && nearest(subresource, &all, served).is_none() {
        return None;
    }
    // What somebody is impersonated with may be called anything.
    let impersonates = rule.verbs.iter().any(|it| it == "*" || it == "impersonate");
    let found = Finding::of_word(&UNKNOWN_RESOURCE, word).saying(what);
    Some(if impersonates && !extras.is_empty() { found.limited() } else { found })
}

/// The subresource of these that is most like a word.
fn nearest<'s>(subresource: &str, of: &[&'s ServedResource], served: &Served) -> Option<&'s str> {
    let all: Vec<&str> = of.iter().filter_map(|it| served.subresources_of(it)).flatten().collect();
    Served::nearest_of(subresource, all.iter().copied())
}

/// Whether a group does not serve a resource that the rule has by another of its groups: rules of several groups and
/// resources name such pairs beside those that they mean.
pub(in crate::rbac) fn is_of_another_group(group: &str, resource: &str, rule: &RoleRule, served: &Served) -> bool {
    let (plural, _) = resource.split_once('/').unwrap_or((resource, ""));
    served.is_known_group(group)
        && served.get(group, plural).is_none()
        && served.groups_of(plural).any(|it| is_in_groups(&it.group, rule))
}

/// That none of these has a subresource, and which is meant.
fn unknown_subresource(resource: &str, subresource: &str, of: &[&ServedResource], served: &Served) -> Option<String> {
    if subresource.is_empty() || !of.iter().all(|it| served.is_known_group(&it.group)) {
        return None;
    }
    let all: Option<Vec<_>> = of.iter().map(|it| served.subresources_of(it)).collect();
    let all: Vec<&str> = all?.into_iter().flatten().collect();
    if all.contains(&subresource) {
        return None;
    }
    let near = Served::nearest_of(subresource, all.iter().copied());
    let near = near.map(|it| format!("; did you mean {resource}/{it}?")).unwrap_or_default();
    let whose = if resource == "*" { "no resource" } else { resource };
    Some(format!("{whose} has no subresource {subresource}{near}").replace("no resource has no", "no resource has a"))
}

/// A resource that none of the rule's groups serves; silent where that cannot be known.
fn unserved(word: &Name, rule: &RoleRule, served: &Served) -> Option<Finding> {
    let (resource, subresource) = word.split_once('/').unwrap_or((word, ""));
    let below = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
    let groups = || rule.groups.iter().filter(|it| super::words::group(it, served).is_none());
    let lower = resource.to_ascii_lowercase();
    let is_known = groups().all(|it| served.is_known_group(it));
    if groups().next().is_none() || !is_known {
        // A group that we do not know may well serve it, but nothing in upper case.
        let what = format!("resources are plurals in lower case; did you mean {lower}{below}?");
        return (lower != resource).then(|| Finding::of_word(&UNKNOWN_RESOURCE, word).saying(what));
    }
    let meant =
        served.iter().find(|it| it.singular == *lower || it.name == *lower || it.short.iter().any(|it| *it == *lower));
    let what = match (meant, served.groups_of(resource).next()) {
        (_, Some(it)) => format!("{resource} stand in group \"{}\", which the rule does not name", it.group),
        (Some(it), None) => format!("rules name plurals in lower case; did you mean {}{below}?", it.name),
        (None, None) => match served.nearest(resource) {
            Some(it) => format!("{resource} is not served; did you mean {}{below}?", it.name),
            None => format!("{resource} is not served"),
        },
    };
    Some(Finding::of_word(&UNKNOWN_RESOURCE, word).saying(what))
}

/// A cluster-scoped resource through a RoleBinding: dead, but for what is asked in a namespace (rules 16, 17 and 49).
fn through_role_binding(word: &Name, found: &[&ServedResource], binding: &Binding, rule: &RoleRule) -> Option<Finding> {
    let namespace = &binding.meta.namespace;
    let (resource, _) = word.split_once('/').unwrap_or((word, ""));
    let exception = found.iter().find_map(|it| places::exception(&it.group, word));
    let lives = exception.filter(|it| rule.verbs.iter().any(|verb| verb == "*" || it.verbs.contains(&verb.as_str())));
    match lives.map(|it| (it, it.whose)) {
        Some((_, NamespaceOf::Own)) if rule.names.is_empty() || rule.names.contains(namespace) => {
            let what = format!(
                "through a RoleBinding this is the Namespace {namespace} itself, and only get, update, patch, delete"
            );
            Some(Finding::of_word(&OWN_NAMESPACE, word).saying(what))
        }
        Some((it, NamespaceOf::Other(_))) if rule.verbs.iter().all(|verb| it.verbs.contains(&verb.as_str())) => None,
        Some((it, NamespaceOf::Other(whose))) => {
            let what = format!("through a RoleBinding only {}, in the namespace of {whose}", it.verbs.join(", "));
            Some(Finding::of_word(&CLUSTER_SCOPED, word).saying(what).limited())
        }
        _ => {
            let what = format!("{resource} are cluster-scoped: only a ClusterRoleBinding grants them");
            Some(Finding::of_word(&CLUSTER_SCOPED, word).saying(what))
        }
    }
}
