//! The columns of roles and bindings.

use serde_json::{Value, json};

use super::{AGE, NAME, TableColumn, column, items, text, wide};

/// Roles and cluster roles, which show when they were made rather than how old they are.
pub const ROLES: &[TableColumn] =
    &[NAME, column("Created At", |object, _| object["metadata"]["creationTimestamp"].clone())];

pub const ROLE_BINDINGS: &[TableColumn] = BINDINGS;
pub const CLUSTER_ROLE_BINDINGS: &[TableColumn] = BINDINGS;

const BINDINGS: &[TableColumn] = &[
    NAME,
    column("Role", |object, _| {
        json!(format!("{}/{}", text(&object["roleRef"]["kind"]), text(&object["roleRef"]["name"])))
    }),
    AGE,
    wide("Users", |object, _| json!(subjects(object, "User"))),
    wide("Groups", |object, _| json!(subjects(object, "Group"))),
    wide("ServiceAccounts", |object, _| json!(subjects(object, "ServiceAccount"))),
];

fn subjects(binding: &Value, kind: &str) -> String {
    let name = |subject: &Value| {
        let (namespace, name) = (text(&subject["namespace"]), text(&subject["name"]));
        if kind == "ServiceAccount" { format!("{namespace}/{name}") } else { name.to_owned() }
    };
    items(&binding["subjects"])
        .iter()
        .filter(|subject| text(&subject["kind"]) == kind)
        .map(name)
        .collect::<Vec<_>>()
        .join(", ")
}
