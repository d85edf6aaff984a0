//! The columns of services, endpoints, endpoint slices and policies.

use serde_json::{Value, json};

use super::{AGE, NAME, TableColumn, column, count, items, map, or_none, selector, text, wide};

pub const SERVICES: &[TableColumn] = &[
    NAME,
    column("Type", |object, _| object["spec"]["type"].clone()),
    column("Cluster-IP", |object, _| or_none(text(&object["spec"]["clusterIP"]).to_owned())),
    column("External-IP", |object, _| json!(external(object))),
    column("Port(s)", |object, _| or_none(service_ports(object))),
    AGE,
    wide("Selector", |object, _| or_none(map(&object["spec"]["selector"]).join(","))),
];

fn external(service: &Value) -> String {
    let spec = &service["spec"];
    let mut addresses: Vec<&str> = items(&spec["externalIPs"]).iter().map(text).collect();
    match text(&spec["type"]) {
        "ExternalName" => text(&spec["externalName"]).to_owned(),
        "LoadBalancer" => {
            let ingress = items(&service["status"]["loadBalancer"]["ingress"]);
            addresses.extend(
                ingress
                    .iter()
                    .map(|entry| if entry["ip"].is_null() { text(&entry["hostname"]) } else { text(&entry["ip"]) }),
            );
            if addresses.is_empty() { "<pending>".to_owned() } else { addresses.join(",") }
        }
        _ if addresses.is_empty() => "<none>".to_owned(),
        _ => addresses.join(","),
    }
}

fn service_ports(service: &Value) -> String {
    let port = |port: &Value| {
        let node = count(&port["nodePort"]);
        let protocol = if port["protocol"].is_null() { "TCP" } else { text(&port["protocol"]) };
        if node > 0 { format!("{}:{node}/{protocol}", port["port"]) } else { format!("{}/{protocol}", port["port"]) }
    };
    items(&service["spec"]["ports"]).iter().map(port).collect::<Vec<_>>().join(",")
}

pub const ENDPOINTS: &[TableColumn] = &[NAME, column("Endpoints", |object, _| or_none(endpoints(object))), AGE];

/// The first three, and how many more there are.
fn some(all: &[String], most: usize) -> String {
    let shown = all.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(",");
    if all.len() > most { format!("{shown} + {} more...", all.len() - most) } else { shown }
}

fn endpoints(object: &Value) -> String {
    let mut all = Vec::new();
    for subset in items(&object["subsets"]) {
        for port in items(&subset["ports"]) {
            all.extend(
                items(&subset["addresses"]).iter().map(|address| format!("{}:{}", text(&address["ip"]), port["port"])),
            );
        }
    }
    some(&all, 3)
}

pub const ENDPOINT_SLICES: &[TableColumn] = &[
    NAME,
    column("AddressType", |object, _| object["addressType"].clone()),
    column("Ports", |object, _| json!(slice_ports(object))),
    column("Endpoints", |object, _| json!(slice_endpoints(object))),
    AGE,
];

fn slice_ports(slice: &Value) -> String {
    let all: Vec<String> = items(&slice["ports"])
        .iter()
        .map(|port| port["port"].as_i64().map_or_else(|| "*".to_owned(), |port| port.to_string()))
        .collect();
    if all.is_empty() { "<unset>".to_owned() } else { some(&all, 3) }
}

fn slice_endpoints(slice: &Value) -> String {
    let all: Vec<String> = items(&slice["endpoints"])
        .iter()
        .flat_map(|endpoint| items(&endpoint["addresses"]))
        .map(|address| text(address).to_owned())
        .collect();
    if all.is_empty() { "<unset>".to_owned() } else { some(&all, 3) }
}

pub const POLICIES: &[TableColumn] =
    &[NAME, column("Pod-Selector", |object, _| or_none(selector(&object["spec"]["podSelector"]))), AGE];
