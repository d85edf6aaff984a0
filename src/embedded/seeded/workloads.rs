//! Deployments, their ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs: the owners of the pods.

use super::facts::{ControllerSort, JOB, SeededWorld};
use super::pods::container_values;
use super::render::{ObjectNumber, ObjectRows, comma, identity, member, sheets, tag, text, uid_of};
use super::template::{Values, hole};
use crate::embedded::object_list::ObjectPart;

pub const DEPLOYMENTS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "deployments",
    count: |facts| facts.of_sort[ControllerSort::Deployment as usize].len(),
    namespace: |facts, at| namespace(facts, ControllerSort::Deployment, at),
    name: |facts, at| facts.app(facts.of_sort[ControllerSort::Deployment as usize][at]),
    write: |facts, at, part, out| {
        write(facts, ControllerSort::Deployment, at, ("Deployment", tag::DEPLOYMENT), part, out)
    },
};

pub const REPLICA_SETS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "replicasets",
    count: DEPLOYMENTS.count,
    namespace: DEPLOYMENTS.namespace,
    name: |facts, at| {
        let workload = facts.of_sort[ControllerSort::Deployment as usize][at];
        format!("{}-{}", facts.app(workload), facts.hash(workload))
    },
    write: |facts, at, part, out| {
        write(facts, ControllerSort::Deployment, at, ("ReplicaSet", tag::REPLICA_SET), part, out)
    },
};

pub const STATEFUL_SETS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "statefulsets",
    count: |facts| facts.of_sort[ControllerSort::StatefulSet as usize].len(),
    namespace: |facts, at| namespace(facts, ControllerSort::StatefulSet, at),
    name: |facts, at| facts.app(facts.of_sort[ControllerSort::StatefulSet as usize][at]),
    write: |facts, at, part, out| {
        write(facts, ControllerSort::StatefulSet, at, ("StatefulSet", tag::STATEFUL_SET), part, out)
    },
};

pub const DAEMON_SETS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "daemonsets",
    count: |facts| facts.of_sort[ControllerSort::DaemonSet as usize].len(),
    namespace: |facts, at| namespace(facts, ControllerSort::DaemonSet, at),
    name: |facts, at| facts.app(facts.of_sort[ControllerSort::DaemonSet as usize][at]),
    write: |facts, at, part, out| {
        write(facts, ControllerSort::DaemonSet, at, ("DaemonSet", tag::DAEMON_SET), part, out)
    },
};

pub const JOBS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "jobs",
    count: |facts| facts.of_sort[ControllerSort::Job as usize].len(),
    namespace: |facts, at| namespace(facts, ControllerSort::Job, at),
    name: |facts, at| facts.app(facts.of_sort[ControllerSort::Job as usize][at]) + JOB,
    write: |facts, at, part, out| write(facts, ControllerSort::Job, at, ("Job", tag::JOB), part, out),
};

pub const CRON_JOBS: ObjectRows = ObjectRows {
    labels: None,
    field: None,
    plural: "cronjobs",
    count: JOBS.count,
    namespace: JOBS.namespace,
    name: |facts, at| facts.app(facts.of_sort[ControllerSort::Job as usize][at]),
    write: |facts, at, part, out| write(facts, ControllerSort::Job, at, ("CronJob", tag::CRON_JOB), part, out),
};

fn namespace(facts: &SeededWorld, sort: ControllerSort, at: usize) -> Option<u32> {
    Some(facts.workloads[facts.of_sort[sort as usize][at] as usize].namespace)
}

fn write(
    facts: &SeededWorld,
    sort: ControllerSort,
    at: usize,
    (kind, tag): (&str, u64),
    part: ObjectPart,
    out: &mut Vec<u8>,
) {
    let workload = facts.of_sort[sort as usize][at];
    let mut values = fill(facts, workload, kind, tag);
    let (owned, group) = owner(&mut values, facts, workload, kind);
    let sheet = &sheets().workload;
    text(out, "\"metadata\":");
    sheet.get(if owned { "owned" } else { "metadata" }).write(&values, out);
    if owned && kind == "Job" {
        replace_last(
            out,
            "\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"",
            &format!("\"apiVersion\":\"{group}\",\"kind\":\"CronJob\""),
        );
    }
    if part != ObjectPart::Slim {
        out.pop();
        text(out, ",\"managedFields\":");
        sheet.get("managedFields").write(&values, out);
        out.push(b'}');
    }
    if part == ObjectPart::Meta {
        return;
    }
    pod_template(&mut values, facts, workload);
    // A kind's sheet entry is an object of spec and status; its braces are those of the document.
    let mut rest = Vec::with_capacity(4096);
    sheet.get(kind).write(&values, &mut rest);
    out.push(b',');
    out.extend_from_slice(&rest[1..rest.len() - 1]);
}

fn fill(facts: &SeededWorld, workload: u32, kind: &str, tag: u64) -> Values {
    let fact = &facts.workloads[workload as usize];
    let (app, hash) = (facts.app(workload), facts.hash(workload));
    let name = match kind {
        "ReplicaSet" => format!("{app}-{hash}"),
        "Job" => format!("{app}{JOB}"),
        _ => app.clone(),
    };
    let mut values = identity(facts, ObjectNumber { tag, number: u64::from(workload) }, Some(fact.namespace), &name);
    values.set(hole("app"), &app);
    values.set(hole("hash"), &hash);
    values.number(hole("count"), u64::from(fact.replicas));
    values.number(hole("number"), u64::from(fact.replicas) + u64::from(fact.replicas).div_ceil(4));
    let first = super::facts::PodFact { workload, ordinal: 0 };
    // What only single pods have is not in their template.
    let shared = |key: &str| {
        !matches!(
            key,
            "apps.kubernetes.io/pod-index"
                | "statefulset.kubernetes.io/pod-name"
                | "unique"
                | "num"
                | "controller-revision-hash"
        ) && (kind == "ReplicaSet" || key != "pod-template-hash")
    };
    values.fill(hole("labels"), |out| {
        out.push(b'{');
        facts.pod_labels(first, |key, value| {
            if shared(key) {
                member(out, key, value);
            }
        });
        out.push(b'}');
    });
    values.fill(hole("labelfields"), |out| {
        text(out, "{\".\":{}");
        facts.pod_labels(first, |key, _| {
            if shared(key) {
                text(out, &format!(",\"f:{key}\":{{}}"));
            }
        });
        out.push(b'}');
    });
    values
}

/// Whether the object has an owner, and the group of that; fills who it is.
fn owner(values: &mut Values, facts: &SeededWorld, workload: u32, kind: &str) -> (bool, &'static str) {
    let (tag, group) = match kind {
        "ReplicaSet" => (tag::DEPLOYMENT, "apps/v1"),
        "Job" => (tag::CRON_JOB, "batch/v1"),
        _ => return (false, ""),
    };
    values.set(hole("owner"), &facts.app(workload));
    uid_of(values, hole("owneruid"), facts, ObjectNumber { tag, number: u64::from(workload) });
    (true, group)
}

fn replace_last(out: &mut Vec<u8>, what: &str, with: &str) {
    let text = String::from_utf8_lossy(out).into_owned();
    if let Some(at) = text.rfind(what) {
        out.splice(at..at + what.len(), with.bytes());
    }
}

fn pod_template(values: &mut Values, facts: &SeededWorld, workload: u32) {
    let fact = &facts.workloads[workload as usize];
    let sheet = &sheets().workload;
    values.set(hole("host"), if facts.on_host_network(workload) { "true" } else { "false" });
    values.set(hole("word6"), if fact.sort == ControllerSort::Job { "OnFailure" } else { "Always" });
    let mut containers = vec![b'['];
    for at in 0..fact.containers {
        container_values(values, facts, workload, at);
        comma(&mut containers);
        sheet.get("container").write(values, &mut containers);
    }
    containers.push(b']');
    values.fill(hole("containers"), |out| out.append(&mut containers));
    let mut template = Vec::with_capacity(2048);
    sheet.get("template").write(values, &mut template);
    values.fill(hole("spec"), |out| out.append(&mut template));
}
