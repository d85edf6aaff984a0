//! Pods of a seeded world: 9 to 16 KB each, as a cluster with Helm, Calico and a mesh has them.

use super::facts::{ControllerSort, DNS, JOB, PORTS, PodFact, SeededWorld};
use super::render::{
    ObjectNumber, ObjectRows, RenderedLabels, Sheets, address, comma, digits, identity, member, sheets, tag, text,
    uid_of,
};
use super::rng::{letters, mix};
use super::template::{Values, hole};
use crate::embedded::object_list::ObjectPart;

pub const PODS: ObjectRows = ObjectRows {
    plural: "pods",
    count: |facts| facts.pods.len(),
    namespace: |facts, at| Some(facts.workloads[facts.pods[at].workload as usize].namespace),
    name: |facts, at| facts.pod_name(facts.pods[at]),
    labels: Some(labels),
    field: Some(field),
    write,
};

fn labels(facts: &SeededWorld, at: usize) -> RenderedLabels {
    let mut all = Vec::with_capacity(12);
    facts.pod_labels(facts.pods[at], |key, value| all.push((key.to_owned(), value.to_owned())));
    all
}

fn field(facts: &SeededWorld, at: usize, path: &str) -> Option<String> {
    let pod = facts.pods[at];
    let done = facts.workloads[pod.workload as usize].sort == ControllerSort::Job;
    match path {
        "spec.nodeName" => Some(super::core::node_name(facts.node_of(pod))),
        "spec.serviceAccountName" => Some(facts.app(pod.workload)),
        "status.phase" => Some(if done { "Succeeded" } else { "Running" }.to_owned()),
        _ => None,
    }
}

fn write(facts: &SeededWorld, at: usize, part: ObjectPart, out: &mut Vec<u8>) {
    let (pod, sheet) = (facts.pods[at], sheets());
    let mut values = identify(facts, pod);
    if part != ObjectPart::Meta {
        fill(&mut values, facts, pod);
    }
    text(out, "\"metadata\":");
    sheet.pod.get("metadata").write(&values, out);
    if part != ObjectPart::Slim {
        out.pop();
        values.fill(hole("containerfields"), |out| container_fields(out, sheet, facts, pod));
        text(out, ",\"managedFields\":");
        sheet.pod.get("managedFields").write(&values, out);
        out.push(b'}');
    }
    if part != ObjectPart::Meta {
        containers(&mut values, sheet, facts, pod);
        text(out, ",\"spec\":");
        sheet.pod.get("spec").write(&values, out);
        text(out, ",\"status\":");
        sheet.pod.get("status").write(&values, out);
    }
}

/// What the metadata needs.
fn identify(facts: &SeededWorld, pod: PodFact) -> Values {
    let workload = &facts.workloads[pod.workload as usize];
    let prefix = facts.pod_prefix(pod.workload);
    let suffix = facts.pod_suffix(pod);
    let id = ObjectNumber { tag: tag::POD, number: u64::from(facts.serial(pod)) };
    let mut values = identity(facts, id, Some(workload.namespace), &format!("{prefix}{suffix}"));
    values.set(hole("generate"), &prefix);
    values.set(hole("suffix"), &suffix);
    values.set(hole("app"), &facts.app(pod.workload));
    digits(&mut values, facts, id);
    values.fill(hole("ip"), |out| address(out, facts.address(pod)));
    values.fill(hole("labels"), |out| {
        out.push(b'{');
        facts.pod_labels(pod, |key, value| member(out, key, value));
        out.push(b'}');
    });
    values.fill(hole("labelfields"), |out| {
        text(out, "{\".\":{}");
        facts.pod_labels(pod, |key, _| [",\"f:", key, "\":{}"].into_iter().for_each(|part| text(out, part)));
        out.push(b'}');
    });
    own(&mut values, facts, pod);
    values
}

/// Who controls the pod.
fn own(values: &mut Values, facts: &SeededWorld, pod: PodFact) {
    let app = facts.app(pod.workload);
    let (kind, group, tag, name) = match facts.workloads[pod.workload as usize].sort {
        ControllerSort::Deployment => {
            ("ReplicaSet", "apps/v1", tag::REPLICA_SET, format!("{app}-{}", facts.hash(pod.workload)))
        }
        ControllerSort::StatefulSet => ("StatefulSet", "apps/v1", tag::STATEFUL_SET, app),
        ControllerSort::DaemonSet => ("DaemonSet", "apps/v1", tag::DAEMON_SET, app),
        ControllerSort::Job => ("Job", "batch/v1", tag::JOB, format!("{app}{JOB}")),
    };
    values.set(hole("ownerkind"), kind);
    values.set(hole("ownergroup"), group);
    values.set(hole("owner"), &name);
    uid_of(values, hole("owneruid"), facts, ObjectNumber { tag, number: u64::from(pod.workload) });
}

/// What spec and status need.
fn fill(values: &mut Values, facts: &SeededWorld, pod: PodFact) {
    let node = facts.node_of(pod);
    let done = facts.workloads[pod.workload as usize].sort == ControllerSort::Job;
    values.set(hole("node"), &super::core::node_name(node));
    values.fill(hole("hostip"), |out| address(out, facts.node_address(node)));
    values.set(hole("host"), if facts.on_host_network(pod.workload) { "true" } else { "false" });
    values.set(hole("phase"), if done { "Succeeded" } else { "Running" });
    values.set(hole("ready"), if done { "False" } else { "True" });
    values.set(hole("count"), if done { "false" } else { "true" });
    values.number(hole("number"), mix(facts.shape.seed, tag::POD, u64::from(facts.serial(pod))) % 3);
    values.set(hole("word6"), if done { "OnFailure" } else { "Always" });
    let now = String::from_utf8_lossy(values.get(hole("time"))).into_owned();
    let state = if done {
        format!(
            "{{\"terminated\":{{\"exitCode\":0,\"reason\":\"Completed\",\"startedAt\":\"{now}\",\"finishedAt\":\"{now}\"}}}}"
        )
    } else {
        format!("{{\"running\":{{\"startedAt\":\"{now}\"}}}}")
    };
    values.set(hole("spec"), &state);
    let words = [hole("word2"), hole("word3"), hole("word4"), hole("word5")];
    for (at, word) in words.into_iter().enumerate() {
        values
            .fill(word, |out| letters(out, mix(facts.shape.seed, 7 + at as u64, u64::from(pod.workload)), 4 + at * 2));
    }
}

/// The name and image of a container: the workload's own, a mesh's proxy, a log shipper.
fn container(facts: &SeededWorld, workload: u32, at: u8) -> (String, String) {
    match at {
        0 => {
            let (app, hash) = (facts.app(workload), facts.hash(workload));
            let namespace = &facts.namespaces[facts.workloads[workload as usize].namespace as usize].name;
            let image = format!("registry.example.com/{namespace}/{app}:1.4.2-{}", &hash[..7]);
            (app, image)
        }
        1 => ("istio-proxy".to_owned(), "docker.io/istio/proxyv2:1.24.1".to_owned()),
        _ => ("log-shipper".to_owned(), "registry.example.com/platform/fluent-bit:3.1".to_owned()),
    }
}

/// The ports of a container, as bits over `PORTS`; sidecars have none of their own.
fn ports_of(facts: &SeededWorld, workload: u32, at: u8) -> impl Iterator<Item = (&'static str, u16, &'static str)> {
    let bits = if at == 0 { facts.workloads[workload as usize].ports } else { 0 };
    PORTS.into_iter().enumerate().filter(move |(bit, _)| bits >> bit & 1 == 1).map(|(_, port)| port)
}

/// Appends the ports of a workload's container as JSON.
pub fn ports(out: &mut Vec<u8>, facts: &SeededWorld, workload: u32, at: u8) {
    out.push(b'[');
    for (name, number, protocol) in ports_of(facts, workload, at) {
        comma(out);
        text(out, &format!("{{\"name\":\"{name}\",\"containerPort\":{number},\"protocol\":\"{protocol}\"}}"));
    }
    out.push(b']');
}

/// Fills name, image and ports of one container.
pub fn container_values(values: &mut Values, facts: &SeededWorld, workload: u32, at: u8) {
    let (name, image) = container(facts, workload, at);
    values.set(hole("word1"), &name);
    values.set(hole("image"), &image);
    values.fill(hole("ports"), |out| ports(out, facts, workload, at));
}

fn containers(values: &mut Values, sheet: &Sheets, facts: &SeededWorld, pod: PodFact) {
    let (mut specs, mut statuses) = (vec![b'['], vec![b'[']);
    for at in 0..facts.workloads[pod.workload as usize].containers {
        container_values(values, facts, pod.workload, at);
        let template = sheet.pod.get(if at == 0 { "container" } else { "sidecar" });
        comma(&mut specs);
        template.write(values, &mut specs);
        comma(&mut statuses);
        sheet.pod.get("containerstatus").write(values, &mut statuses);
    }
    specs.push(b']');
    statuses.push(b']');
    values.fill(hole("containers"), |out| out.append(&mut specs));
    values.fill(hole("containerstatuses"), |out| out.append(&mut statuses));
}

fn container_fields(out: &mut Vec<u8>, sheet: &Sheets, facts: &SeededWorld, pod: PodFact) {
    out.push(b'{');
    for at in 0..facts.workloads[pod.workload as usize].containers {
        let mut values = Values::new();
        values.fill(hole("portfields"), |out| {
            text(out, "{\".\":{}");
            for (_, number, protocol) in ports_of(facts, pod.workload, at) {
                let key = format!(",\"k:{{\\\"containerPort\\\":{number},\\\"protocol\\\":\\\"{protocol}\\\"}}\":{{\".\":{{}},\"f:containerPort\":{{}},\"f:name\":{{}},\"f:protocol\":{{}}}}");
                text(out, &key);
            }
            out.push(b'}');
        });
        comma(out);
        text(out, &format!("\"k:{{\\\"name\\\":\\\"{}\\\"}}\":", container(facts, pod.workload, at).0));
        sheet.pod.get(if at == 0 { "containerfields" } else { "sidecarfields" }).write(&values, out);
    }
    out.push(b'}');
}

/// The number of the port that a service of the workload leads to.
pub fn main_port(facts: &SeededWorld, workload: u32) -> Option<(&'static str, u16, &'static str)> {
    let dns = facts.workloads[workload as usize].base == DNS;
    ports_of(facts, workload, 0).find(|port| (port.0 == "dns") == dns && (dns || port.0 == "http"))
}
