//! RoleBindings and ClusterRoleBindings: the role they give and the subjects they give it to, as written.

use serde::Deserialize;
use serde_json::Value;

use super::door::{Door, Read, Reader};
use super::role::{list, spec};
use super::slim::{Metadata, Text, object, or_default};
use super::{KindSpec, Reach};
use crate::model::cluster::AnyFact;
use crate::model::id::Kind;
use crate::model::place::Place;
use crate::model::role::{Binding, RoleRef, SharedBinding, Subject};

pub(super) const ROLE_BINDING: KindSpec =
    spec(Kind::ROLE_BINDING, "rolebindings", "RoleBinding", Reach::Namespaced, Reader::of::<Bindings>());
pub(super) const CLUSTER_ROLE_BINDING: KindSpec = spec(
    Kind::CLUSTER_ROLE_BINDING,
    "clusterrolebindings",
    "ClusterRoleBinding",
    Reach::Cluster,
    Reader::of::<Bindings>(),
);

struct Bindings;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BindingSlim<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    role_ref: Reference<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    subjects: Vec<Reference<'a>>,
}

/// A role or a subject; `apiGroup` is not read, since the authorizer does not either (CONTRACT §4).
#[derive(Deserialize, Default)]
struct Reference<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    namespace: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
}

impl Read for Bindings {
    type Slim<'a> = BindingSlim<'a>;
    const FIELDS: &'static [&'static str] = &["roleRef", "subjects"];

    fn metadata<'s>(slim: &'s BindingSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &BindingSlim<'_>, door: &mut Door<'_>) -> AnyFact {
        let role = role_ref(&slim.role_ref.kind, &slim.role_ref.name, door);
        let subjects = slim.subjects.iter().map(|it| subject(&it.kind, &it.namespace, &it.name, door)).collect();
        AnyFact::Binding(SharedBinding::new(Binding { meta: door.meta(&slim.metadata), role, subjects }))
    }

    /// What has a wrong type grants nothing; the rest stands (CONTRACT §1).
    fn salvage(metadata: &Metadata<'_>, object: &Value, door: &mut Door<'_>) -> Option<AnyFact> {
        let role = object.get("roleRef").unwrap_or(&Value::Null);
        let place = Place::new("roleRef");
        let kind = field(role, "kind", &place, door).unwrap_or_default();
        let name = field(role, "name", &place, door).unwrap_or_default();
        let role = role_ref(kind, name, door);
        let place = Place::new("subjects");
        let items = list(object.get("subjects"), &place, door);
        let subjects = items.iter().enumerate().filter_map(|(at, it)| salvaged(it, &place.item(at), door)).collect();
        Some(AnyFact::Binding(SharedBinding::new(Binding { meta: door.meta(metadata), role, subjects })))
    }
}

fn role_ref(kind: &str, name: &str, door: &mut Door<'_>) -> RoleRef {
    RoleRef { kind: door.intern.name(kind), name: door.intern.name(name) }
}

fn subject(kind: &str, namespace: &str, name: &str, door: &mut Door<'_>) -> Subject {
    let name = door.intern.name(name);
    match kind {
        "User" => Subject::User(name),
        "Group" => Subject::Group(name),
        "ServiceAccount" => Subject::ServiceAccount { namespace: door.intern.name(namespace), name },
        other => Subject::Other { kind: door.intern.name(other), name },
    }
}

fn salvaged(value: &Value, place: &Place, door: &mut Door<'_>) -> Option<Subject> {
    if !value.is_object() {
        door.problem(&place.0, "not an object; left out");
        return None;
    }
    let kind = field(value, "kind", place, door)?;
    let namespace = field(value, "namespace", place, door)?;
    let name = field(value, "name", place, door)?;
    Some(subject(kind, namespace, name, door))
}

/// A string, empty when absent; `None` with a problem if it is something else.
fn field<'v>(value: &'v Value, name: &str, place: &Place, door: &mut Door<'_>) -> Option<&'v str> {
    match value.get(name) {
        None | Some(Value::Null) => Some(""),
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            door.problem(&place.field(name).0, "not a string; left out");
            None
        }
    }
}
