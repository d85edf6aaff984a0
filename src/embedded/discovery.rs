//! What the server serves, as it says itself: `/api`, `/apis`, both in the legacy and in the aggregated form.
//!
//! Besides what a world holds, Kubernetes' own resources are listed, as every server has them: roles speak of secrets and
//! of `pods/exec` here as everywhere. Whoever asks for one of those is refused for lack of the right.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::kinds::{KINDS, ServedKind, groups};
use crate::model::id::ResourceScope;
use crate::rbac::served::{Served, ServedResource};

/// Groups of Kubernetes' own table that only add-ons serve, and names that nothing serves.
const NOT_LISTED: [&str; 3] = ["gateway.networking.k8s.io", "metrics.k8s.io", "policy.networking.k8s.io"];
const VIRTUAL: [&str; 5] = ["users", "groups", "uids", "userextras", "signers"];

/// Kubernetes' own resources.
static TABLE: LazyLock<Served> = LazyLock::new(Served::built_in);

/// What is listed and held by no world.
static REFUSED: LazyLock<Vec<ServedResource>> = LazyLock::new(|| {
    let is_held = |it: &ServedResource| KINDS.iter().any(|kind| *kind.plural == *it.name && *kind.group == *it.group);
    let is_review = |it: &ServedResource| REVIEWS.iter().any(|row| *row.0 == *it.group);
    let is_listed = |it: &&ServedResource| {
        !NOT_LISTED.contains(&it.group.as_str())
            && !VIRTUAL.contains(&it.name.as_str())
            && !is_held(it)
            && !is_review(it)
    };
    TABLE.iter().filter(is_listed).cloned().collect()
});

/// Whether this is listed, but held by no world and therefore given to nobody.
pub fn is_refused(group: &str, plural: &str) -> bool {
    REFUSED.iter().any(|it| it.group == *group && it.name == *plural)
}

/// The subresources of a listed resource.
fn subresources(group: &str, plural: &str) -> Vec<String> {
    let found = TABLE.get(group, plural).into_iter().flat_map(|it| &it.subresources);
    found.map(ToString::to_string).collect()
}

/// What `Accept` holds when the aggregated form is wanted.
const AGGREGATED: &str = "as=APIGroupDiscoveryList";

/// The content type of the aggregated form.
pub const AGGREGATED_TYPE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Groups that serve nothing but reviews of one's own: plural, kind.
const REVIEWS: [(&str, &[(&str, &str)]); 2] = [
    ("authentication.k8s.io", &[("selfsubjectreviews", "SelfSubjectReview")]),
    (
        "authorization.k8s.io",
        &[
            ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
            ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ],
    ),
];

/// Whether the aggregated form, version 2, is the first that is asked for and spoken here.
pub fn wants_aggregated(accept: &str) -> bool {
    accept.split(',').any(|range| range.contains(AGGREGATED) && range.contains("v=v2") && !range.contains("v=v2beta1"))
}

/// `/api` or `/apis` in the aggregated form.
pub fn aggregated(core: Core) -> Value {
    let all = groups_of(core);
    let items: Vec<Value> = all
        .iter()
        .map(|group| json!({"metadata": if group.is_empty() { json!({"creationTimestamp": null}) } else { json!({"name": group, "creationTimestamp": null}) }, "versions": [{"version": "v1", "resources": aggregated_resources(group), "freshness": "Current"}]}))
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

/// Whether it is about the core group or about the named ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    Yes,
    No,
}

fn groups_of(core: Core) -> Vec<&'static str> {
    match core {
        Core::Yes => vec![""],
        Core::No => {
            let refused = REFUSED.iter().map(|it| it.group.as_str());
            let mut all: Vec<&'static str> =
                groups().into_iter().chain(REVIEWS.iter().map(|review| review.0)).collect();
            for group in refused {
                if !all.contains(&group) {
                    all.push(group);
                }
            }
            all.retain(|group| !group.is_empty());
            all
        }
    }
}

fn aggregated_resources(group: &str) -> Vec<Value> {
    let mut all: Vec<Value> = KINDS.iter().filter(|kind| kind.group == group).map(aggregated_resource).collect();
    all.extend(REFUSED.iter().filter(|it| it.group == *group).map(aggregated_refused));
    for (plural, kind) in reviews(group) {
        all.push(json!({"resource": plural, "responseKind": {"group": group, "version": "v1", "kind": kind}, "scope": "Cluster", "singularResource": kind.to_lowercase(), "verbs": ["create"]}));
    }
    all
}

fn aggregated_resource(kind: &ServedKind) -> Value {
    let mut resource = json!({
        "resource": kind.plural, "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" }, "singularResource": kind.singular, "verbs": ["get", "list", "watch"],
    });
    names(kind, &mut resource);
    add_subresources(kind.group, kind.plural, &mut resource);
    resource
}

fn add_subresources(group: &str, plural: &str, resource: &mut Value) {
    let all = subresources(group, plural);
    if !all.is_empty() {
        resource["subresources"] =
            all.iter().map(|it| json!({"subresource": it, "verbs": ["get"]})).collect::<Vec<_>>().into();
    }
}

fn aggregated_refused(it: &ServedResource) -> Value {
    let (group, plural) = (it.group.as_str(), it.name.as_str());
    let mut resource = json!({
        "resource": plural, "responseKind": {"group": group, "version": "v1", "kind": kind_of(it)},
        "scope": if it.scope == ResourceScope::Namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": it.singular.as_str(), "verbs": ["get", "list", "watch"],
    });
    if !it.short.is_empty() {
        resource["shortNames"] = it.short.iter().map(|it| it.as_str()).collect::<Vec<_>>().into();
    }
    add_subresources(group, plural, &mut resource);
    resource
}

/// `Secret` of `secret`: enough for what is never sent.
fn kind_of(it: &ServedResource) -> String {
    let mut letters = it.singular.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn names(kind: &ServedKind, resource: &mut Value) {
    for (key, list) in [("shortNames", kind.short), ("categories", kind.categories)] {
        if !list.is_empty() {
            resource[key] = json!(list);
        }
    }
}

fn reviews(group: &str) -> &'static [(&'static str, &'static str)] {
    REVIEWS.iter().find(|row| row.0 == group).map_or(&[], |row| row.1)
}

/// Whether a group serves a review of that plural.
pub fn serves_review(group: &str, plural: &str) -> bool {
    reviews(group).iter().any(|row| row.0 == plural)
}

/// `/api` in the legacy form.
pub fn versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// `/apis` in the legacy form.
pub fn group_list() -> Value {
    let all: Vec<Value> = groups_of(Core::No).into_iter().map(group_entry).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": all})
}

fn group_entry(group: &str) -> Value {
    let version = json!({"groupVersion": format!("{group}/v1"), "version": "v1"});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

/// `/apis/GROUP`.
pub fn group(name: &str) -> Option<Value> {
    groups_of(Core::No).contains(&name).then(|| {
        let mut entry = group_entry(name);
        entry["kind"] = json!("APIGroup");
        entry["apiVersion"] = json!("v1");
        entry
    })
}

/// `/api/v1` or `/apis/GROUP/v1`.
pub fn resources(group: &str) -> Option<Value> {
    let mut all: Vec<Value> = KINDS.iter().filter(|kind| kind.group == group).map(resource).collect();
    all.extend(REFUSED.iter().filter(|it| it.group == *group).map(refused));
    let plurals = KINDS.iter().filter(|kind| kind.group == group).map(|kind| (kind.plural, kind.namespaced));
    let refused = REFUSED.iter().filter(|it| it.group == *group);
    let plurals = plurals.chain(refused.map(|it| (it.name.as_str(), it.scope == ResourceScope::Namespaced)));
    for (plural, namespaced) in plurals {
        all.extend(subresources(group, plural).into_iter().map(|it| {
            let name = format!("{plural}/{it}");
            json!({"name": name, "singularName": "", "namespaced": namespaced, "kind": "Status", "verbs": ["get"]})
        }));
    }
    for (plural, kind) in reviews(group) {
        all.push(json!({"name": plural, "singularName": kind.to_lowercase(), "namespaced": false, "kind": kind, "verbs": ["create"]}));
    }
    let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
    (!all.is_empty())
        .then(|| json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": all}))
}

fn resource(kind: &ServedKind) -> Value {
    let mut resource = json!({"name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind, "verbs": ["get", "list", "watch"]});
    names(kind, &mut resource);
    resource
}

fn refused(it: &ServedResource) -> Value {
    let namespaced = it.scope == ResourceScope::Namespaced;
    let mut resource = json!({
        "name": it.name.as_str(), "singularName": it.singular.as_str(), "namespaced": namespaced, "kind": kind_of(it),
        "verbs": ["get", "list", "watch"],
    });
    if !it.short.is_empty() {
        resource["shortNames"] = it.short.iter().map(|it| it.as_str()).collect::<Vec<_>>().into();
    }
    resource
}

/// `/version`.
pub fn version() -> Value {
    json!({
        "major": "1", "minor": "33", "gitVersion": "v1.33.5+kreach-demo", "gitCommit": "", "gitTreeState": "clean", "buildDate": "2026-11-01T00:00:00Z",
        "goVersion": "none", "compiler": "rustc", "platform": "linux/amd64",
    })
}
