//! A rule of a role less one right, as rules that give all the rest.
//!
//! ```text
//! get list watch, pods secrets     less get secrets     list watch, pods secrets · get, pods
//! * verbs, secrets                 less get secrets     all other standard verbs, secrets
//! get, *                           less get secrets     not to be said: who knows what else there is
//! ```

use crate::model::items::Items;
use crate::model::name::Name;
use crate::model::role::{RoleRule, RuleLists};
use crate::rbac::matching::PreparedRequest;
use crate::rbac::served::ServedResource;
use crate::rbac::{Request, ResourceRequest, Served};

/// What is left of a rule.
#[derive(Clone, PartialEq, Debug)]
pub enum LeftOfRule {
    /// All of it: it does not give the right.
    Whole,
    /// These rules; and what is lost with the right, a clause each.
    Parts { rules: Vec<RoleRule>, lost: Vec<String> },
    /// It cannot be said.
    Unsaid,
}

/// What a rule gives besides one right.
pub fn without(rule: &RoleRule, request: &Request, served: &Served) -> LeftOfRule {
    if PreparedRequest::new(request).matched_by(rule).is_none() {
        return LeftOfRule::Whole;
    }
    match request {
        Request::Url { verb, path } => of_url(rule, verb, path),
        Request::Resource(it) => of_resource(rule, it, served),
    }
}

/// Every verb but one; a wildcard stands for those that nearly every resource has.
fn verbs_but(verbs: &[Name], verb: &Name, lost: &mut Vec<String>) -> Vec<Name> {
    let all: Vec<Name> = if verbs.iter().any(|it| it == "*") {
        lost.push("verbs that are not the standard ones go with a wildcard".to_owned());
        ServedResource::standard_verbs()
    } else {
        verbs.to_vec()
    };
    all.into_iter().filter(|it| it != verb).collect()
}

fn of_url(rule: &RoleRule, verb: &Name, path: &Name) -> LeftOfRule {
    let mut lost = Vec::new();
    let others = verbs_but(&rule.verbs, verb, &mut lost);
    let urls: Vec<Name> = rule.urls.iter().filter(|it| !crate::rbac::matching::url_covers(it, path)).cloned().collect();
    if rule.urls.iter().any(|it| it != path && crate::rbac::matching::url_covers(it, path)) {
        return LeftOfRule::Unsaid;
    }
    let rules = [of_resources_alone(rule), of_urls(others, rule.urls.to_vec()), of_urls(vec![verb.clone()], urls)];
    LeftOfRule::Parts { rules: rules.into_iter().filter_map(living).collect(), lost }
}

/// The rule of these verbs and URLs, without resources.
fn of_urls(verbs: Vec<Name>, urls: Vec<Name>) -> RuleLists {
    RuleLists { verbs: verbs.into(), urls: urls.into(), ..RuleLists::default() }
}

/// The rule without URLs.
fn of_resources_alone(rule: &RoleRule) -> RuleLists {
    RuleLists {
        verbs: rule.verbs.clone(),
        groups: rule.groups.clone(),
        resources: rule.resources.clone(),
        names: rule.names.clone(),
        urls: Items::default(),
    }
}

fn of_resource(rule: &RoleRule, request: &ResourceRequest, served: &Served) -> LeftOfRule {
    let mut lost = Vec::new();
    let others = verbs_but(&rule.verbs, &request.verb, &mut lost);
    let combined = request.combined();
    let own = |verbs: Vec<Name>, groups: Vec<Name>, resources: Vec<Name>, names: Vec<Name>| RuleLists {
        verbs: verbs.into(),
        groups: groups.into(),
        resources: resources.into(),
        names: names.into(),
        urls: Items::default(),
    };
    let (groups, resources, names) = (rule.groups.to_vec(), rule.resources.to_vec(), rule.names.to_vec());
    let verb = || vec![request.verb.clone()];
    let Some(other_groups) = but(&groups, &request.group, || all_groups(served)) else { return LeftOfRule::Unsaid };
    let Some(other_resources) = but(&resources, &combined, || all_resources(served, &request.group)) else {
        return LeftOfRule::Unsaid;
    };
    if groups.iter().chain(&resources).any(|it| it == "*") {
        lost.push("what no served resource is called goes with a wildcard".to_owned());
    }
    if !request.name.is_empty() && names.is_empty() {
        lost.push(format!("all objects go: a rule cannot leave out {} alone", request.name));
    }
    let other_names: Vec<Name> = names.iter().filter(|it| !request.is_named(it)).cloned().collect();
    let mut rules = vec![
        own(others, groups.clone(), resources.clone(), names.clone()),
        own(verb(), other_groups, resources, names.clone()),
        own(verb(), vec![request.group.clone()], other_resources, names),
    ];
    if !other_names.is_empty() {
        rules.push(own(verb(), vec![request.group.clone()], vec![combined], other_names));
    }
    if !rule.urls.is_empty() {
        rules.push(of_urls(rule.verbs.to_vec(), rule.urls.to_vec()));
    }
    LeftOfRule::Parts { rules: rules.into_iter().filter_map(living).collect(), lost }
}

/// All of a list but one; a wildcard stands for all that there is. `None`: that is not known.
fn but(list: &[Name], one: &Name, all: impl Fn() -> Vec<Name>) -> Option<Vec<Name>> {
    let list = if list.iter().any(|it| it == "*") { all() } else { list.to_vec() };
    let covers =
        |it: &Name| it.strip_prefix("*/").is_some_and(|sub| one.split_once('/').is_some_and(|(_, own)| own == sub));
    (!list.is_empty() && !list.iter().any(covers)).then(|| list.into_iter().filter(|it| it != one).collect())
}

fn all_groups(served: &Served) -> Vec<Name> {
    let mut all: Vec<Name> = served.iter().map(|it| it.group.clone()).collect();
    all.sort();
    all.dedup();
    all
}

/// The resources of a group and their subresources.
fn all_resources(served: &Served, group: &Name) -> Vec<Name> {
    let own = served.iter().filter(|it| it.group == *group);
    let with = |it: &ServedResource| {
        let sub = it.subresources.iter().map(|sub| Name::from(format!("{}/{sub}", it.name))).collect::<Vec<_>>();
        std::iter::once(it.name.clone()).chain(sub).collect::<Vec<_>>()
    };
    own.flat_map(with).collect()
}

/// A rule that gives something.
fn living(it: RuleLists) -> Option<RoleRule> {
    let is_of_resources = !it.groups.is_empty() && !it.resources.is_empty();
    (!it.verbs.is_empty() && (is_of_resources || !it.urls.is_empty())).then(|| it.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Items<Name> {
        all.iter().map(|it| Name::from(*it)).collect::<Vec<_>>().into()
    }

    fn rule(verbs: &[&str], resources: &[&str]) -> RoleRule {
        let lists = RuleLists {
            verbs: names(verbs),
            groups: names(&[""]),
            resources: names(resources),
            ..RuleLists::default()
        };
        lists.into()
    }

    fn left(verbs: &[&str], resources: &[&str]) -> Vec<RoleRule> {
        let request = Request::resource("get", "", "secrets", "a");
        match without(&rule(verbs, resources), &request, &Served::built_in()) {
            LeftOfRule::Parts { rules, .. } => rules,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_but_one_right_is_left() {
        assert_eq!(
            left(&["get", "list"], &["secrets", "pods"]),
            [rule(&["list"], &["secrets", "pods"]), rule(&["get"], &["pods"])]
        );
        assert_eq!(left(&["get"], &["secrets"]), []);
        let request = Request::resource("get", "", "secrets", "a");
        assert_eq!(without(&rule(&["list"], &["secrets"]), &request, &Served::built_in()), LeftOfRule::Whole);
    }

    #[test]
    fn of_wildcards_what_is_served_is_left() {
        let parts = left(&["get"], &["*"]);
        assert!(
            parts.iter().all(|it| !it.resources.contains(&"secrets".into()) && !it.resources.contains(&"*".into()))
        );
        assert!(parts.iter().any(|it| it.resources.contains(&"pods".into())));
        assert!(left(&["*"], &["secrets"]).iter().all(|it| !it.verbs.contains(&"get".into())));
    }
}
