//! Roles and ClusterRoles: their rules as written, and where an aggregated role takes its rules from.
//!
//! What the API server would refuse in them is read as it stands, with a problem (`refused`). A rule with a field that is
//! not known does not decode, so that it is read once more from the whole tree, which tells the field.
//!
//! A role whose parts have wrong types is read as far as it goes, with problems: RBAC is additive, so what did
//! not read grants nothing, and no answer becomes unknown for it (CONTRACT §1).

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::context::{ReadContext, ReadKind};
use super::parts::{PolicyParts, word};
use super::reader::KindReader;
use super::refused;
use super::slim::{Metadata, Text, object, or_default};
use super::written::{named_object, selector};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::id::{Kind, ResourceScope};
use crate::model::items::Items;
use crate::model::labels::{Labels, Selector};
use crate::model::meta::SnapshotMeta;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::GapEffect;
use crate::model::role::{Role, RoleRule, RoleSource, RuleLists};

/// One of the four RBAC kinds.
pub(super) const fn spec(
    kind: Kind,
    plural: &'static str,
    word: &'static str,
    scope: ResourceScope,
    reader: KindReader,
) -> KindSpec {
    KindSpec {
        kind,
        group: "rbac.authorization.k8s.io",
        version: "v1",
        plural,
        word,
        short: &[],
        scope,
        presence: Presence::Always,
        watch: WatchedPart::Full,
        decides: None,
        reader,
    }
}

pub(super) const ROLE: KindSpec =
    spec(Kind::ROLE, "roles", "Role", ResourceScope::Namespaced, KindReader::of::<Roles>());
pub(super) const CLUSTER_ROLE: KindSpec =
    spec(Kind::CLUSTER_ROLE, "clusterroles", "ClusterRole", ResourceScope::Cluster, KindReader::of::<Roles>());

struct Roles;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RoleSlim<'a> {
    #[serde(default, rename = "apiVersion")]
    _api_version: IgnoredAny,
    #[serde(default, rename = "kind")]
    _kind: IgnoredAny,
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    rules: Vec<Rule<'a>>,
    #[serde(default)]
    aggregation_rule: Value,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    verbs: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    api_groups: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    resources: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    resource_names: Vec<Text<'a>>,
    #[serde(borrow, default, rename = "nonResourceURLs", deserialize_with = "or_default")]
    urls: Vec<Text<'a>>,
}

impl ReadKind for Roles {
    type Slim<'a> = RoleSlim<'a>;
    type Fact = Role;
    const FIELDS: &'static [&'static str] = &["rules", "aggregationRule"];
    const KEEPS_UNKNOWN: bool = true;

    fn metadata<'s>(slim: &'s RoleSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &RoleSlim<'_>, context: &mut ReadContext<'_>) -> Role {
        let rules = slim.rules.iter().enumerate().map(|(at, it)| rule(it, at, context)).collect();
        role(&slim.metadata, rules, &slim.aggregation_rule, context)
    }

    fn salvage(metadata: &Metadata<'_>, object: &Value, context: &mut ReadContext<'_>) -> Option<Role> {
        if let Value::Object(fields) = object {
            refused::unknown_fields(fields, &refused::ROLE, &Place::default(), context);
        }
        let place = Place::new("rules");
        let items = list(object.get("rules"), &place, context);
        let rules = items.iter().enumerate().map(|(at, it)| salvaged(it, at, context)).collect();
        Some(role(metadata, rules, object.get("aggregationRule").unwrap_or(&Value::Null), context))
    }

    fn object(it: &Role, _: SnapshotMeta) -> Option<Value> {
        let mut role = named_object(it);
        // The mark of a server; its real version takes its place where there is one.
        if it.origin == RoleSource::Server {
            role["metadata"]["resourceVersion"] = json!("0");
        }
        role["rules"] = it.rules.iter().map(role_rule).collect();
        if let Some(selectors) = it.aggregates() {
            let selectors: Vec<Value> = selectors.iter().map(selector).collect();
            role["aggregationRule"] = json!({"clusterRoleSelectors": selectors});
        }
        Some(role)
    }
}

/// A rule as a role has it, without the lists that are empty.
pub fn role_rule(it: &RoleRule) -> Value {
    let lists = [
        ("verbs", &it.verbs),
        ("apiGroups", &it.groups),
        ("resources", &it.resources),
        ("resourceNames", &it.names),
        ("nonResourceURLs", &it.urls),
    ];
    let said = lists.into_iter().filter(|(_, list)| !list.is_empty());
    said.map(|(field, list)| (field.to_owned(), json!(list[..]))).collect::<Map<_, _>>().into()
}

fn role(metadata: &Metadata<'_>, rules: Vec<RoleRule>, aggregation: &Value, context: &mut ReadContext<'_>) -> Role {
    // Rule 44: what came from a server has its rules; what did not has them computed.
    let from_server = !metadata.uid.is_empty() || !metadata.resource_version.is_empty();
    let origin = if from_server { RoleSource::Server } else { RoleSource::Manifest };
    // Only ClusterRoles are aggregated, by their labels.
    let labels = match context.spec.scope {
        ResourceScope::Cluster => context.labels(metadata),
        ResourceScope::Namespaced => Labels::default(),
    };
    refused::own_name(&metadata.name, context);
    if context.spec.scope == ResourceScope::Namespaced && !aggregation.is_null() {
        context.problem("aggregationRule", "unknown field: only ClusterRoles take rules from others");
    }
    let role = Role::new(context.meta(metadata), context.intern.rules(rules), origin);
    let selectors = match context.spec.scope {
        ResourceScope::Cluster => aggregates(aggregation, context),
        ResourceScope::Namespaced => None,
    };
    role.labeled(labels).aggregating(selectors)
}

fn rule(it: &Rule<'_>, at: usize, context: &mut ReadContext<'_>) -> RoleRule {
    let mut names = |list: &[Text<'_>]| {
        let names = list.iter().map(|it| context.intern.name(it)).collect();
        context.intern.list(names)
    };
    let lists = RuleLists {
        verbs: names(&it.verbs),
        groups: names(&it.api_groups),
        resources: names(&it.resources),
        names: names(&it.resource_names),
        urls: names(&it.urls),
    };
    judged(lists, at, context)
}

/// The rule of these lists, with a problem for what would be refused of it.
fn judged(lists: RuleLists, at: usize, context: &mut ReadContext<'_>) -> RoleRule {
    let rule = RoleRule::new(lists, |it| context.intern.acts(it));
    refused::rule(&rule, at, context);
    rule
}

/// A rule of which some part has a wrong type or is not known: the rest of it.
fn salvaged(value: &Value, at: usize, context: &mut ReadContext<'_>) -> RoleRule {
    let place = Place::new("rules").item(at);
    match value {
        Value::Object(fields) => refused::unknown_fields(fields, &refused::RULE, &place, context),
        Value::Null => {}
        other => context.problem(&place.0, format!("{} where an object was expected; left out", word(other))),
    }
    let mut names = |field: &str| texts(value.get(field), &place.field(field), context);
    let lists = RuleLists {
        verbs: names("verbs"),
        groups: names("apiGroups"),
        resources: names("resources"),
        names: names("resourceNames"),
        urls: names("nonResourceURLs"),
    };
    judged(lists, at, context)
}

/// The strings of a list; what else stands in it grants nothing.
pub(super) fn texts(value: Option<&Value>, place: &Place, context: &mut ReadContext<'_>) -> Items<Name> {
    let mut names = Vec::new();
    for (at, item) in list(value, place, context).iter().enumerate() {
        match item.as_str() {
            Some(text) => names.push(context.intern.name(text)),
            None => context.problem(&place.item(at).0, "not a string; left out"),
        }
    }
    context.intern.list(names)
}

/// The elements of a list, none where there is no list.
pub(super) fn list<'v>(value: Option<&'v Value>, place: &Place, context: &mut ReadContext<'_>) -> &'v [Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(_) => {
            context.problem(&place.0, "not a list; left out");
            &[]
        }
    }
}

/// A selector that does not read selects no role.
fn aggregates(value: &Value, context: &mut ReadContext<'_>) -> Option<Items<Selector>> {
    if value.is_null() {
        return None;
    }
    let rule = Place::new("aggregationRule");
    match value.as_object() {
        Some(fields) => refused::unknown_fields(fields, &["clusterRoleSelectors"], &rule, context),
        None => context.problem(&rule.0, format!("{} where an object was expected; left out", word(value))),
    }
    let place = rule.field("clusterRoleSelectors");
    let items = list(value.get("clusterRoleSelectors"), &place, context);
    if items.is_empty() {
        context.problem(&place.0, "required: one selector at least; the role takes no rules from others");
    }
    let mut parts = PolicyParts::new(context);
    let selectors = items.iter().enumerate().filter_map(|(at, it)| {
        // Gaps are a policy's; a role keeps the problem alone.
        parts.selector(it, &place.item(at), GapEffect::Anything)
    });
    Some(selectors.collect())
}
