//! The columns of pods.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AGE, NAME, TableColumn, column, count, items, or_none, since, text, wide};

pub const PODS: &[TableColumn] = &[
    NAME,
    column("Ready", |pod, _| json!(ready(pod))),
    column("Status", |pod, _| json!(status(pod))),
    column("Restarts", |pod, now| json!(restarts(pod, now))),
    AGE,
    wide("IP", |pod, _| or_none(text(&pod["status"]["podIP"]).to_owned())),
    wide("Node", |pod, _| or_none(text(&pod["spec"]["nodeName"]).to_owned())),
    wide("Nominated Node", |pod, _| or_none(text(&pod["status"]["nominatedNodeName"]).to_owned())),
    wide("Readiness Gates", |pod, _| or_none(gates(pod))),
];

fn ready(pod: &Value) -> String {
    let ready = items(&pod["status"]["containerStatuses"]).iter().filter(|status| status["ready"] == true).count();
    format!("{ready}/{}", items(&pod["spec"]["containers"]).len())
}

/// Why the pod is as it is: of a deletion, of its containers, or its phase.
fn status(pod: &Value) -> String {
    let mut status = text(&pod["status"]["reason"]).to_owned();
    if status.is_empty() {
        status = text(&pod["status"]["phase"]).to_owned();
    }
    for container in items(&pod["status"]["containerStatuses"]).iter().rev() {
        let state = &container["state"];
        match (text(&state["waiting"]["reason"]), &state["terminated"]) {
            (reason, _) if !reason.is_empty() => status = reason.to_owned(),
            (_, terminated) if !terminated.is_null() => status = ended(terminated),
            _ => {}
        }
    }
    if pod["metadata"]["deletionTimestamp"].is_null() { status } else { "Terminating".to_owned() }
}

fn ended(terminated: &Value) -> String {
    match (text(&terminated["reason"]), count(&terminated["signal"])) {
        ("", 0) => format!("ExitCode:{}", count(&terminated["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn restarts(pod: &Value, now: Timestamp) -> String {
    let statuses = items(&pod["status"]["containerStatuses"]);
    let restarts: i64 = statuses.iter().map(|status| count(&status["restartCount"])).sum();
    let last =
        statuses.iter().map(|status| text(&status["lastState"]["terminated"]["finishedAt"])).max().unwrap_or_default();
    if restarts > 0 && !last.is_empty() {
        format!("{restarts} ({} ago)", since(&json!(last), now))
    } else {
        restarts.to_string()
    }
}

fn gates(pod: &Value) -> String {
    let gates = items(&pod["spec"]["readinessGates"]);
    let conditions = items(&pod["status"]["conditions"]);
    let met = |gate: &&Value| {
        conditions.iter().any(|condition| condition["type"] == gate["conditionType"] && condition["status"] == "True")
    };
    if gates.is_empty() { String::new() } else { format!("{}/{}", gates.iter().filter(met).count(), gates.len()) }
}
