//! The columns of deployments, replica sets, stateful sets, daemon sets, jobs and cron jobs.

use serde_json::{Value, json};

use super::{AGE, NAME, TableColumn, column, count, human, items, number, or_none, selector, since, text, wide};

const CONTAINERS: TableColumn = wide("Containers", |object, _| json!(containers(&object["spec"]["template"], "name")));
const IMAGES: TableColumn = wide("Images", |object, _| json!(containers(&object["spec"]["template"], "image")));
const SELECTOR: TableColumn = wide("Selector", |object, _| or_none(selector(&object["spec"]["selector"])));

pub const DEPLOYMENTS: &[TableColumn] = &[
    NAME,
    column("Ready", |object, _| {
        json!(format!("{}/{}", count(&object["status"]["readyReplicas"]), count(&object["spec"]["replicas"])))
    }),
    column("Up-to-date", |object, _| json!(count(&object["status"]["updatedReplicas"]).to_string())),
    column("Available", |object, _| json!(count(&object["status"]["availableReplicas"]).to_string())),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub const REPLICA_SETS: &[TableColumn] = &[
    NAME,
    number("Desired", |object, _| json!(count(&object["spec"]["replicas"]))),
    number("Current", |object, _| json!(count(&object["status"]["replicas"]))),
    number("Ready", |object, _| json!(count(&object["status"]["readyReplicas"]))),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub const STATEFUL_SETS: &[TableColumn] = &[
    NAME,
    column("Ready", |object, _| {
        json!(format!("{}/{}", count(&object["status"]["readyReplicas"]), count(&object["spec"]["replicas"])))
    }),
    AGE,
    CONTAINERS,
    IMAGES,
];

pub const DAEMON_SETS: &[TableColumn] = &[
    NAME,
    number("Desired", |object, _| json!(count(&object["status"]["desiredNumberScheduled"]))),
    number("Current", |object, _| json!(count(&object["status"]["currentNumberScheduled"]))),
    number("Ready", |object, _| json!(count(&object["status"]["numberReady"]))),
    number("Up-to-date", |object, _| json!(count(&object["status"]["updatedNumberScheduled"]))),
    number("Available", |object, _| json!(count(&object["status"]["numberAvailable"]))),
    column("Node Selector", |object, _| {
        or_none(super::map(&object["spec"]["template"]["spec"]["nodeSelector"]).join(","))
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub const JOBS: &[TableColumn] = &[
    NAME,
    column("Status", |object, _| json!(job_status(object))),
    column("Completions", |object, _| {
        json!(format!(
            "{}/{}",
            count(&object["status"]["succeeded"]),
            object["spec"]["completions"].as_i64().unwrap_or(1)
        ))
    }),
    column("Duration", |object, now| json!(duration(object, now))),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub const CRON_JOBS: &[TableColumn] = &[
    NAME,
    column("Schedule", |object, _| object["spec"]["schedule"].clone()),
    column("Timezone", |object, _| or_none(text(&object["spec"]["timeZone"]).to_owned())),
    column("Suspend", |object, _| json!(if object["spec"]["suspend"] == true { "True" } else { "False" })),
    number("Active", |object, _| json!(items(&object["status"]["active"]).len())),
    column("Last Schedule", |object, now| last_schedule(&object["status"]["lastScheduleTime"], now)),
    AGE,
    wide("Containers", |object, _| json!(containers(&object["spec"]["jobTemplate"]["spec"]["template"], "name"))),
    wide("Images", |object, _| json!(containers(&object["spec"]["jobTemplate"]["spec"]["template"], "image"))),
    wide("Selector", |object, _| or_none(selector(&object["spec"]["jobTemplate"]["spec"]["selector"]))),
];

fn containers(template: &Value, what: &str) -> String {
    items(&template["spec"]["containers"]).iter().map(|container| text(&container[what])).collect::<Vec<_>>().join(",")
}

fn last_schedule(time: &Value, now: jiff::Timestamp) -> Value {
    if time.is_null() { json!("<none>") } else { json!(since(time, now)) }
}

fn job_status(job: &Value) -> &'static str {
    let holds = |name: &str| {
        items(&job["status"]["conditions"])
            .iter()
            .any(|condition| text(&condition["type"]) == name && condition["status"] == "True")
    };
    if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if holds("Suspended") {
        "Suspended"
    } else {
        "Running"
    }
}

fn duration(job: &Value, now: jiff::Timestamp) -> String {
    let time = |at: &str| text(&job["status"][at]).parse::<jiff::Timestamp>().ok();
    match (time("startTime"), time("completionTime")) {
        (None, _) => String::new(),
        (Some(start), end) => human(end.unwrap_or(now).as_second() - start.as_second()),
    }
}
