//! The columns of namespaces, nodes, service accounts, events and definitions.

use serde_json::{Value, json};

use super::{AGE, NAME, TableColumn, column, count, items, number, or_none, since, text, wide};

pub const NAMESPACES: &[TableColumn] = &[NAME, column("Status", |object, _| object["status"]["phase"].clone()), AGE];

// The number of secrets, which a server always prints as 0 since it makes no token secrets any more.
pub const SERVICE_ACCOUNTS: &[TableColumn] =
    &[NAME, number("Secrets", |object, _| json!(items(&object["secrets"]).len())), AGE];

pub const DEFINITIONS: &[TableColumn] =
    &[NAME, column("Created At", |object, _| object["metadata"]["creationTimestamp"].clone())];

pub const NODES: &[TableColumn] = &[
    NAME,
    column("Status", |object, _| json!(node_status(object))),
    column("Roles", |object, _| or_none(roles(object))),
    AGE,
    column("Version", |object, _| object["status"]["nodeInfo"]["kubeletVersion"].clone()),
    wide("Internal-IP", |object, _| or_none(node_address(object, "InternalIP"))),
    wide("External-IP", |object, _| or_none(node_address(object, "ExternalIP"))),
    wide("OS-Image", |object, _| object["status"]["nodeInfo"]["osImage"].clone()),
    wide("Kernel-Version", |object, _| object["status"]["nodeInfo"]["kernelVersion"].clone()),
    wide("Container-Runtime", |object, _| object["status"]["nodeInfo"]["containerRuntimeVersion"].clone()),
];

fn node_status(node: &Value) -> String {
    let ready = items(&node["status"]["conditions"]).iter().find(|condition| text(&condition["type"]) == "Ready");
    let mut status = match ready.map(|condition| text(&condition["status"])) {
        Some("True") => "Ready",
        Some("False") => "NotReady",
        _ => "Unknown",
    }
    .to_owned();
    if node["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    status
}

fn roles(node: &Value) -> String {
    let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
    let roles: Vec<&str> = labels.filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")).collect();
    roles.join(",")
}

fn node_address(node: &Value, sort: &str) -> String {
    let addresses = items(&node["status"]["addresses"]);
    addresses
        .iter()
        .find(|address| text(&address["type"]) == sort)
        .map_or("", |address| text(&address["address"]))
        .to_owned()
}

pub const EVENTS: &[TableColumn] = &[
    column("Last Seen", |object, now| json!(since(last_seen(object), now))),
    column("Type", |object, _| object["type"].clone()),
    column("Reason", |object, _| object["reason"].clone()),
    column("Object", |object, _| json!(involved(&object["involvedObject"]))),
    wide("Subobject", |object, _| json!(text(&object["involvedObject"]["fieldPath"]))),
    wide("Source", |object, _| json!(source(&object["source"]))),
    column("Message", |object, _| json!(text(&object["message"]).trim())),
    wide("First Seen", |object, now| json!(since(&object["firstTimestamp"], now))),
    TableColumn {
        name: "Count",
        form: super::ColumnText::Number,
        priority: 1,
        cell: |object, _| json!(count(&object["count"]).max(1)),
    },
    TableColumn {
        name: "Name",
        form: super::ColumnText::Name,
        priority: 1,
        cell: |object, _| object["metadata"]["name"].clone(),
    },
];

fn last_seen(event: &Value) -> &Value {
    if event["lastTimestamp"].is_null() { &event["firstTimestamp"] } else { &event["lastTimestamp"] }
}

fn involved(object: &Value) -> String {
    format!("{}/{}", text(&object["kind"]).to_lowercase(), text(&object["name"]))
}

fn source(source: &Value) -> String {
    [text(&source["component"]), text(&source["host"])]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}
