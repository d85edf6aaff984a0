//! RoleBindings and ClusterRoleBindings: the role they give and the subjects they give it to, as written.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::KindSpec;
use super::context::{ReadContext, ReadKind};
use super::parts::word;
use super::reader::KindReader;
use super::refused::{self, RawReference};
use super::role::{list, spec};
use super::slim::{Metadata, Text, object, or_default};
use super::written::named_object;
use crate::model::id::{Kind, ResourceScope};
use crate::model::meta::SnapshotMeta;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::{Binding, RoleRef, Subject, SubjectKind};

pub(super) const ROLE_BINDING: KindSpec =
    spec(Kind::ROLE_BINDING, "rolebindings", "RoleBinding", ResourceScope::Namespaced, KindReader::of::<Bindings>());
pub(super) const CLUSTER_ROLE_BINDING: KindSpec = spec(
    Kind::CLUSTER_ROLE_BINDING,
    "clusterrolebindings",
    "ClusterRoleBinding",
    ResourceScope::Cluster,
    KindReader::of::<Bindings>(),
);

struct Bindings;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BindingSlim<'a> {
    #[serde(default, rename = "apiVersion")]
    _api_version: IgnoredAny,
    #[serde(default, rename = "kind")]
    _kind: IgnoredAny,
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    role_ref: RoleSlim<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    subjects: Vec<SubjectSlim<'a>>,
}

/// A role; `apiGroup` is read for what would be refused alone: the authorizer does not look at it (CONTRACT §4).
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoleSlim<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    api_group: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
}

/// A subject, the same way.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SubjectSlim<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    api_group: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    namespace: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
}

impl SubjectSlim<'_> {
    fn written(&self) -> RawReference<'_> {
        RawReference { kind: &self.kind, group: &self.api_group, namespace: &self.namespace, name: &self.name }
    }
}

impl ReadKind for Bindings {
    type Slim<'a> = BindingSlim<'a>;
    type Fact = Binding;
    const FIELDS: &'static [&'static str] = &["roleRef", "subjects"];
    const KEEPS_UNKNOWN: bool = true;

    fn metadata<'s>(slim: &'s BindingSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &BindingSlim<'_>, context: &mut ReadContext<'_>) -> Binding {
        let RoleSlim { api_group, kind, name } = &slim.role_ref;
        let role = read_role_ref(RawReference { kind, group: api_group, namespace: "", name }, context);
        let subjects = slim.subjects.iter().enumerate().map(|(at, it)| subject(it.written(), at, context)).collect();
        refused::own_name(&slim.metadata.name, context);
        Binding { meta: context.meta(&slim.metadata), role, subjects }
    }

    /// What has a wrong type grants nothing; the rest stands (CONTRACT §1).
    fn salvage(metadata: &Metadata<'_>, object: &Value, context: &mut ReadContext<'_>) -> Option<Binding> {
        if let Value::Object(fields) = object {
            refused::unknown_fields(fields, &refused::BINDING, &Place::default(), context);
        }
        let role = object.get("roleRef").unwrap_or(&Value::Null);
        let place = Place::new("roleRef");
        match role {
            Value::Object(fields) => refused::unknown_fields(fields, &refused::ROLE_REF, &place, context),
            Value::Null => {}
            other => context.problem(&place.0, format!("{} where an object was expected; left out", word(other))),
        }
        let mut text = |name: &str| field(role, name, &place, context).unwrap_or_default();
        let role = RawReference { kind: text("kind"), group: text("apiGroup"), namespace: "", name: text("name") };
        let role = read_role_ref(role, context);
        refused::own_name(&metadata.name, context);
        let place = Place::new("subjects");
        let items = list(object.get("subjects"), &place, context);
        let subjects =
            items.iter().enumerate().map(|(at, it)| salvaged(it, at, context).unwrap_or_else(unreadable)).collect();
        Some(Binding { meta: context.meta(metadata), role, subjects })
    }

    fn object(it: &Binding, _: SnapshotMeta) -> Option<Value> {
        let mut binding = named_object(it);
        binding["roleRef"] = role_ref(&it.role);
        let subjects = it.subjects.iter().map(|it| {
            let kind = match it.kind() {
                SubjectKind::User => "User",
                SubjectKind::Group => "Group",
                SubjectKind::ServiceAccount => "ServiceAccount",
                SubjectKind::Other(kind) => kind,
            };
            let mut subject = json!({"kind": kind, "name": it.name()});
            if !it.namespace().is_empty() {
                subject["namespace"] = json!(it.namespace());
            }
            subject
        });
        binding["subjects"] = subjects.collect();
        Some(binding)
    }
}

/// A role as a binding names it.
pub fn role_ref(it: &RoleRef) -> Value {
    json!({"apiGroup": ROLE_BINDING.group, "kind": it.kind, "name": it.name})
}

fn read_role_ref(it: RawReference<'_>, context: &mut ReadContext<'_>) -> RoleRef {
    refused::role_ref(it, context);
    RoleRef { kind: context.intern.name(it.kind), name: context.intern.name(it.name) }
}

fn subject(it: RawReference<'_>, at: usize, context: &mut ReadContext<'_>) -> Subject {
    refused::subject(it, at, context);
    let name = context.intern.name(it.name);
    match it.kind {
        "User" => Subject::User(name),
        "Group" => Subject::Group(name),
        "ServiceAccount" => Subject::ServiceAccount { namespace: context.intern.name(it.namespace), name },
        other => Subject::Other { kind: context.intern.name(other), name },
    }
}

/// In place of a subject that does not read, so that the others stay where they stand; it never matches.
fn unreadable() -> Subject {
    Subject::Other { kind: "unreadable".into(), name: Name::empty() }
}

/// A subject with a part of a wrong type or that is not known: the rest of it.
fn salvaged(value: &Value, at: usize, context: &mut ReadContext<'_>) -> Option<Subject> {
    let place = Place::new("subjects").item(at);
    let Some(fields) = value.as_object() else {
        context.problem(&place.0, format!("{} where an object was expected; left out", word(value)));
        return None;
    };
    refused::unknown_fields(fields, &refused::SUBJECT, &place, context);
    let group = field(value, "apiGroup", &place, context).unwrap_or_default();
    let kind = field(value, "kind", &place, context)?;
    let namespace = field(value, "namespace", &place, context)?;
    let name = field(value, "name", &place, context)?;
    Some(subject(RawReference { kind, group, namespace, name }, at, context))
}

/// A string, empty when absent; `None` with a problem if it is something else.
fn field<'v>(value: &'v Value, name: &str, place: &Place, context: &mut ReadContext<'_>) -> Option<&'v str> {
    match value.get(name) {
        None | Some(Value::Null) => Some(""),
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            context.problem(&place.field(name).0, "not a string; left out");
            None
        }
    }
}
