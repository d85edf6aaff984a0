//! What a binding really gives, word by word: the parts of its role's rules that some request can match.

use crate::model::finding::{Effectiveness, Finding};
use crate::model::items::Items;
use crate::model::name::Name;
use crate::model::role::{Binding, RoleRule};

use super::covers::{Tuple, tuples};
use super::dead;
use super::fold::concerns;
use super::index::{Index, role_of};
use super::request::{Request, ResourceRequest};
use super::resource_or_url::ResourceOrUrl;
use super::served::Served;

/// The parts of a rule that a binding gives; what is dead through it is left out (rules 6–30).
pub fn given(binding: &Binding, rule: &RoleRule, served: &Served) -> Vec<Tuple> {
    let found = dead::findings(binding, rule, served);
    let found: Vec<Finding> = found.into_iter().filter(|it| it.effect == Effectiveness::Dead).collect();
    let mut parts = tuples(rule);
    parts.retain(|it| lives(it, &found, binding, rule, served));
    parts.sort();
    parts.dedup();
    parts
}

fn lives(part: &Tuple, found: &[Finding], binding: &Binding, rule: &RoleRule, served: &Served) -> bool {
    let (verb, what) = thing(part);
    let mut found: Vec<Finding> = found.iter().filter(|it| concerns(it, &what)).cloned().collect();
    if let ResourceOrUrl::Resource { group, resource, .. } = &what {
        if dead::resources::is_of_another_group(group, resource, rule, served) {
            return false;
        }
        found = dead::in_place(found, binding, rule, group, resource);
    }
    found.iter().all(|it| it.effect != Effectiveness::Dead || it.is_of_verb() && it.word != *verb)
}

fn thing(part: &Tuple) -> (&Name, ResourceOrUrl) {
    match part {
        Tuple::Url { verb, url } => (verb, ResourceOrUrl::Url(url.clone())),
        Tuple::Resource { verb, group, resource, name } => {
            let name = name.clone().unwrap_or_else(Name::empty);
            (verb, ResourceOrUrl::Resource { group: group.clone(), resource: resource.clone(), name })
        }
    }
}

/// A name that no rule can have: whoever may do it to this object may do it to every one.
const ANY_NAME: &str = "\u{0}";

/// The request that is allowed to whoever holds all of a part: `*` is a word of its own, which only `*` covers, and an
/// object of any name is one that no rule names.
pub fn request(part: &Tuple, namespace: &Name) -> Request {
    match part {
        Tuple::Url { verb, url } => Request::url(verb, &path(url)),
        Tuple::Resource { verb, group, resource, name } => {
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            let is_signer = resource == "signers" && ["approve", "sign", "attest"].contains(&verb.as_str());
            let domain = name.as_deref().filter(|_| is_signer).and_then(|it| it.split_once('/')).map(|it| it.0);
            Request::Resource(ResourceRequest {
                verb: verb.clone(),
                group: group.clone(),
                resource: resource.into(),
                subresource: subresource.into(),
                name: name.clone().unwrap_or_else(|| ANY_NAME.into()),
                domain: domain.map(|it| format!("{it}/*").into()).unwrap_or_else(Name::empty),
                namespace: namespace.clone(),
            })
        }
    }
}

/// A path that only those may ask for who may ask for all that a URL stands for; every path begins with a slash.
fn path(url: &str) -> String {
    match url.strip_suffix('*') {
        None => url.to_owned(),
        Some(_) => format!("/{}{ANY_NAME}", url.trim_end_matches('*').trim_start_matches('/')),
    }
}

impl Index {
    /// The rules that decide for a binding's role; `None`: it is not there.
    pub fn rules_of(&self, binding: &Binding) -> Option<Items<RoleRule>> {
        let (namespace, name) = role_of(binding)?;
        self.role(&namespace, &name).map(|it| it.1.rules)
    }
}

/// Whether everything of one part is in another.
pub fn holds(one: &Tuple, other: &Tuple) -> bool {
    let word = |one: &Name, other: &Name| *one == "*" || one == other;
    match (one, other) {
        (Tuple::Url { verb, url }, Tuple::Url { verb: other, url: path }) => {
            word(verb, other) && super::matching::url_covers(url, path)
        }
        (
            Tuple::Resource { verb, group, resource, name },
            Tuple::Resource { verb: other, group: other_group, resource: other_resource, name: other_name },
        ) => {
            let by_subresource = resource
                .strip_prefix("*/")
                .is_some_and(|it| other_resource.split_once('/').is_some_and(|(_, subresource)| subresource == it));
            word(verb, other)
                && word(group, other_group)
                && (word(resource, other_resource) || by_subresource)
                && (name.is_none() || name == other_name)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::Meta;
    use crate::model::role::{RoleRef, RuleLists};

    fn words(text: &[&str]) -> Items<Name> {
        text.iter().map(|it| Name::from(*it)).collect()
    }

    fn parts(namespace: &str, verbs: &[&str], groups: &[&str], resources: &[&str], urls: &[&str]) -> Vec<String> {
        let meta = Meta { namespace: namespace.into(), name: "b".into(), ..Meta::default() };
        let binding = Binding { meta, role: RoleRef::default(), subjects: [].into() };
        let rule = RoleRule::from(RuleLists {
            verbs: words(verbs),
            groups: words(groups),
            resources: words(resources),
            names: [].into(),
            urls: words(urls),
        });
        given(&binding, &rule, &Served::built_in()).iter().map(ToString::to_string).collect()
    }

    /// Rules 9, 16, 17 and 30.
    #[test]
    fn what_no_request_can_match_is_not_given() {
        assert_eq!(
            parts("shop", &["get"], &["", "apps"], &["pods", "deployments"], &[]),
            ["get pods", "get deployments.apps"]
        );
        assert_eq!(parts("shop", &["get", "list"], &[""], &["nodes", "namespaces"], &[]), ["get namespaces"]);
        assert_eq!(parts("", &["get", "list"], &[""], &["namespaces"], &[]), ["get namespaces", "list namespaces"]);
        assert_eq!(parts("shop", &["get"], &[], &[], &["/metrics"]), [] as [&str; 0]);
        assert_eq!(parts("", &["get"], &[], &[], &["/metrics"]), ["get /metrics"]);
    }

    #[test]
    fn stars_are_asked_for_as_words_of_their_own() {
        assert_eq!(path("*"), "/\u{0}");
        assert_eq!(path("/apis/*"), "/apis/\u{0}");
        assert_eq!(path("/metrics"), "/metrics");
    }
}
