//! Workloads: the controllers that pods belong to.
//!
//! Live they are watched as metadata alone (`PartialObjectMetadata`); from files they come with their template
//! and replicas, so that a workload without pods can stand for the pod that it would make (CONTRACT §1). Work that is
//! over, or wants no pod, has no replicas.

use serde::Deserialize;

use serde_json::{Value, json};

use super::context::{ReadContext, ReadKind};
use super::pod::{PodSpec, fields_of_pods, of_template, pod_spec};
use super::reader::KindReader;
use super::slim::{Metadata, Text, object, or_default};
use super::written::{labels, named_object, owned};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::facts::{Meta, Pod, Workload, WorkloadPlan};
use crate::model::id::{Kind, ResourceScope};
use crate::model::meta::SnapshotMeta;
use crate::model::owner::WorkloadKind;

/// One workload kind; they differ in their names alone.
const fn workload(
    kind: Kind,
    group: &'static str,
    plural: &'static str,
    word: &'static str,
    short: &'static [&'static str],
) -> KindSpec {
    KindSpec {
        kind,
        group,
        version: "v1",
        plural,
        word,
        short,
        scope: ResourceScope::Namespaced,
        presence: Presence::Always,
        watch: WatchedPart::Metadata,
        decides: None,
        reader: KindReader::of::<Workloads>(),
    }
}

pub(super) const DEPLOYMENT: KindSpec = workload(Kind::DEPLOYMENT, "apps", "deployments", "Deployment", &["deploy"]);
pub(super) const REPLICA_SET: KindSpec = workload(Kind::REPLICA_SET, "apps", "replicasets", "ReplicaSet", &["rs"]);
pub(super) const REPLICATION_CONTROLLER: KindSpec =
    workload(Kind::REPLICATION_CONTROLLER, "", "replicationcontrollers", "ReplicationController", &["rc"]);
pub(super) const STATEFUL_SET: KindSpec = workload(Kind::STATEFUL_SET, "apps", "statefulsets", "StatefulSet", &["sts"]);
pub(super) const DAEMON_SET: KindSpec = workload(Kind::DAEMON_SET, "apps", "daemonsets", "DaemonSet", &["ds"]);
pub(super) const JOB: KindSpec = workload(Kind::JOB, "batch", "jobs", "Job", &[]);
pub(super) const CRON_JOB: KindSpec = workload(Kind::CRON_JOB, "batch", "cronjobs", "CronJob", &["cj"]);

struct Workloads;

#[derive(Deserialize)]
pub(super) struct WorkloadSlim<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    spec: WorkloadSpec<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    status: WorkloadStatus<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct WorkloadSpec<'a> {
    #[serde(default)]
    replicas: Option<i64>,
    /// Of Jobs and CronJobs.
    #[serde(default, deserialize_with = "or_default")]
    suspend: bool,
    /// Of Jobs: how many pods at once, and how many in all.
    #[serde(default)]
    parallelism: Option<i64>,
    #[serde(default)]
    completions: Option<i64>,
    #[serde(borrow, default)]
    template: Option<TemplateSlim<'a>>,
    #[serde(borrow, default)]
    job_template: Option<JobTemplate<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct WorkloadStatus<'a> {
    /// Of Jobs.
    #[serde(borrow, default, deserialize_with = "or_default")]
    conditions: Vec<JobCondition<'a>>,
    /// Of DaemonSets.
    #[serde(default)]
    desired_number_scheduled: Option<i64>,
}

#[derive(Deserialize, Default)]
struct JobCondition<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "or_default")]
    what: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    status: Text<'a>,
}

#[derive(Deserialize, Default)]
struct TemplateSlim<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    spec: PodSpec<'a>,
}

#[derive(Deserialize, Default)]
struct JobTemplate<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    spec: JobSpec<'a>,
}

#[derive(Deserialize, Default)]
struct JobSpec<'a> {
    #[serde(borrow, default)]
    template: Option<TemplateSlim<'a>>,
}

impl<'a> WorkloadSpec<'a> {
    /// The pod template and where it stands.
    fn template(&self) -> Option<(&TemplateSlim<'a>, &'static str)> {
        let of_job = || self.job_template.as_ref()?.spec.template.as_ref();
        let own = self.template.as_ref().map(|it| (it, "spec.template.spec"));
        own.or_else(|| Some((of_job()?, "spec.jobTemplate.spec.template.spec")))
    }
}

impl WorkloadSlim<'_> {
    /// How many pods it wants, where it says so: none once its work is over or while it is suspended.
    fn replicas(&self, kind: WorkloadKind) -> Option<u32> {
        let has = |what: &str| self.status.conditions.iter().any(|it| &*it.what == what && &*it.status == "True");
        let (spec, status) = (&self.spec, &self.status);
        let is_idle = match kind {
            WorkloadKind::Job => {
                let is_over = has("Complete") || has("Failed");
                is_over || spec.suspend || spec.parallelism == Some(0) || spec.completions == Some(0)
            }
            WorkloadKind::CronJob => spec.suspend,
            WorkloadKind::DaemonSet => status.desired_number_scheduled == Some(0),
            _ => false,
        };
        if is_idle { Some(0) } else { spec.replicas.map(|it| u32::try_from(it).unwrap_or(0)) }
    }
}

impl ReadKind for Workloads {
    type Slim<'a> = WorkloadSlim<'a>;
    type Fact = Workload;
    const FIELDS: &'static [&'static str] = fields_of_pods!(
        [
            "spec.replicas",
            "spec.suspend",
            "spec.parallelism",
            "spec.completions",
            "status.conditions.type",
            "status.conditions.status",
            "status.desiredNumberScheduled",
            "spec.template.metadata.labels",
            "spec.jobTemplate.spec.template.metadata.labels",
        ],
        "spec.template.spec",
        "spec.jobTemplate.spec.template.spec"
    );

    fn metadata<'s>(slim: &'s WorkloadSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &WorkloadSlim<'_>, context: &mut ReadContext<'_>) -> Workload {
        let meta = context.meta(&slim.metadata);
        if let Some((template, place)) = slim.spec.template() {
            let place = format!("{}metadata.labels", place.trim_end_matches("spec"));
            context.note_nulls(&place, &template.metadata.labels);
        }
        let template = slim.spec.template().map(|(it, place)| template_pod(it, place, &meta, context));
        let kind = WorkloadKind::of(context.spec.kind).expect("this reads workloads alone");
        let replicas = slim.replicas(kind);
        let plan = (replicas.is_some() || template.is_some()).then_some(WorkloadPlan { replicas, template });
        Workload::new(kind, meta, context.controller(&slim.metadata), plan)
    }

    fn object(it: &Workload, _: SnapshotMeta) -> Option<Value> {
        let mut workload = named_object(it);
        owned(&mut workload, it.owner());
        workload["spec"] = json!({});
        let plan = it.plan();
        if let Some(replicas) = plan.and_then(|it| it.replicas) {
            workload["spec"]["replicas"] = json!(replicas);
        }
        if let Some(pod) = plan.and_then(|it| it.template.as_ref()) {
            let template = json!({"metadata": {"labels": labels(&pod.labels().whole())}, "spec": pod_spec(pod)});
            set_template(&mut workload, it.kind.kind(), template);
        }
        Some(workload)
    }
}

/// Lets an object of a workload's kind have this template of pods.
pub fn set_template(object: &mut Value, kind: Kind, template: Value) {
    match kind {
        Kind::CRON_JOB => object["spec"]["jobTemplate"]["spec"]["template"] = template,
        _ => object["spec"]["template"] = template,
    }
}

/// The pod that the workload would make.
fn template_pod(template: &TemplateSlim<'_>, place: &str, workload: &Meta, context: &mut ReadContext<'_>) -> Pod {
    of_template(workload, &template.metadata, &template.spec, place, context)
}
