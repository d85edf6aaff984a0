//! Services, their endpoints and slices, and policies of a seeded world.
//!
//! Every workload but Jobs has a service of its name; all its pods are ready backends.

use super::core::members_of;
use super::facts::{ControllerSort, PodFact, SeededWorld};
use super::pods::main_port;
use super::render::{ObjectNumber, ObjectRows, address, comma, identity, sheets, tag, text, uid_of};
use super::rng::{letters, mix, uid};
use super::template::{Values, hole};
use crate::embedded::object_list::ObjectPart;

pub const SERVICES: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "services",
    count: |facts| facts.served.len(),
    namespace,
    name: |facts, at| facts.app(facts.served[at]),
    write: write_service,
};

pub const ENDPOINTS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "endpoints",
    count: SERVICES.count,
    namespace,
    name: SERVICES.name,
    write: write_endpoints,
};

pub const ENDPOINT_SLICES: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "endpointslices",
    count: SERVICES.count,
    namespace,
    name: |facts, at| slice_name(facts, facts.served[at]),
    write: write_slice,
};

pub const POLICIES: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "networkpolicies",
    count: |facts| facts.policies.len(),
    namespace: |facts, at| Some(facts.policies[at].namespace),
    name: |facts, at| facts.policies[at].name.to_string(),
    write: |facts, at, part, out| {
        let policy = &facts.policies[at];
        let mut values =
            identity(facts, ObjectNumber { tag: tag::POLICY, number: at as u64 }, Some(policy.namespace), &policy.name);
        values.set(hole("spec"), &policy.spec);
        members_of(part, sheets().network.get("NetworkPolicy"), &values, out);
    },
};

fn namespace(facts: &SeededWorld, at: usize) -> Option<u32> {
    Some(facts.workloads[facts.served[at] as usize].namespace)
}

/// The names of slices keep the order of their services: the services' names, then five letters.
fn slice_name(facts: &SeededWorld, workload: u32) -> String {
    let mut name = format!("{}-", facts.app(workload)).into_bytes();
    letters(&mut name, mix(facts.shape.seed, tag::ENDPOINT_SLICE, u64::from(workload)), 5);
    String::from_utf8_lossy(&name).into_owned()
}

fn fill(facts: &SeededWorld, workload: u32, tag: u64, name: &str) -> Values {
    let app = facts.app(workload);
    let namespace = facts.workloads[workload as usize].namespace;
    let mut values = identity(facts, ObjectNumber { tag, number: u64::from(workload) }, Some(namespace), name);
    values.set(hole("labels"), &format!("{{\"app\":\"{app}\"}}"));
    values.set(hole("app"), &app);
    values
}

fn write_service(facts: &SeededWorld, at: usize, part: ObjectPart, out: &mut Vec<u8>) {
    let workload = facts.served[at];
    let mut values = fill(facts, workload, tag::SERVICE, &facts.app(workload));
    let dns = facts.workloads[workload as usize].base == super::facts::DNS;
    values.fill(hole("ip"), |out| address(out, if dns { 0x0A60_000A } else { 0x0A60_0100 + workload }));
    let ports = match main_port(facts, workload) {
        _ if dns => {
            "[{\"name\":\"dns\",\"protocol\":\"UDP\",\"port\":53,\"targetPort\":53},{\"name\":\"dns-tcp\",\"protocol\":\"TCP\",\"port\":53,\"targetPort\":53}]"
        }
        Some(_) => "[{\"name\":\"http\",\"protocol\":\"TCP\",\"port\":80,\"targetPort\":\"http\"}]",
        None => "[{\"name\":\"metrics\",\"protocol\":\"TCP\",\"port\":9090,\"targetPort\":9090}]",
    };
    values.set(hole("ports"), ports);
    members_of(part, sheets().network.get("Service"), &values, out);
}

/// The ports of a workload's backends, as slices and endpoints list them.
fn backend_ports(facts: &SeededWorld, workload: u32) -> &'static str {
    match main_port(facts, workload) {
        Some(("dns", ..)) => {
            "[{\"name\":\"dns\",\"port\":53,\"protocol\":\"UDP\"},{\"name\":\"dns-tcp\",\"port\":53,\"protocol\":\"TCP\"}]"
        }
        Some(_) => "[{\"name\":\"http\",\"port\":8080,\"protocol\":\"TCP\"}]",
        None => "[{\"name\":\"metrics\",\"port\":9090,\"protocol\":\"TCP\"}]",
    }
}

/// Appends one entry a pod: `open`, the address, `close`, then node and pod.
fn backends(out: &mut Vec<u8>, facts: &SeededWorld, workload: u32, open: &str, close: &str) {
    let fact = &facts.workloads[workload as usize];
    out.push(b'[');
    for ordinal in 0..fact.replicas {
        let pod = PodFact { workload, ordinal };
        comma(out);
        text(out, open);
        address(out, facts.address(pod));
        text(out, close);
        text(
            out,
            &format!(
                "\"nodeName\":\"{}\",\"targetRef\":{{\"kind\":\"Pod\",",
                super::core::node_name(facts.node_of(pod))
            ),
        );
        text(
            out,
            &format!(
                "\"namespace\":\"{}\",\"name\":\"{}\",\"uid\":\"",
                facts.namespaces[fact.namespace as usize].name,
                facts.pod_name(pod)
            ),
        );
        uid(out, facts.shape.seed, tag::POD, u64::from(facts.serial(pod)));
        text(out, "\"}}");
    }
    out.push(b']');
}

fn write_endpoints(facts: &SeededWorld, at: usize, part: ObjectPart, out: &mut Vec<u8>) {
    let workload = facts.served[at];
    let mut values = fill(facts, workload, tag::ENDPOINTS, &facts.app(workload));
    values.fill(hole("endpoints"), |out| backends(out, facts, workload, "{\"ip\":\"", "\","));
    values.set(hole("ports"), backend_ports(facts, workload));
    members_of(part, sheets().network.get("Endpoints"), &values, out);
}

fn write_slice(facts: &SeededWorld, at: usize, part: ObjectPart, out: &mut Vec<u8>) {
    let workload = facts.served[at];
    let mut values = fill(facts, workload, tag::ENDPOINT_SLICE, &slice_name(facts, workload));
    values.set(hole("generate"), &format!("{}-", facts.app(workload)));
    uid_of(&mut values, hole("owneruid"), facts, ObjectNumber { tag: tag::SERVICE, number: u64::from(workload) });
    let close = "\"],\"conditions\":{\"ready\":true,\"serving\":true,\"terminating\":false},";
    values.fill(hole("endpoints"), |out| backends(out, facts, workload, "{\"addresses\":[\"", close));
    values.set(hole("ports"), backend_ports(facts, workload));
    members_of(part, sheets().network.get("EndpointSlice"), &values, out);
}

/// Whether a workload has a service.
pub fn is_served(facts: &SeededWorld, workload: u32) -> bool {
    facts.workloads[workload as usize].sort != ControllerSort::Job
}
