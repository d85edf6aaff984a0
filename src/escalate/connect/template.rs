//! N15: from the new replicas of a workload whose template one changes.

use crate::model::evidence::Outcome;
use crate::model::facts::SharedPod;
use crate::model::id::{Kind, ObjectId, WorkloadId};
use crate::model::labels::Labels;
use crate::model::ownership::workload_of;
use crate::net::verdict::End;

use super::super::edges::{CHANGES_WORKLOADS, Edge, MoveTrace};
use super::super::powers::Asks;
use super::super::rights::Right;
use super::super::step::{Because, Step};
use super::label_sets::{LabelSetKeys, TRIES, sets};
use super::{Case, edge, put};

pub(super) static TEMPLATE: Edge = edge(
    "N15",
    "connect from new replicas",
    "every connection that policies allow to the pods of a workload, or to pods of more labels",
    "patch or update a workload that has pods (N03); the labels that its pods have stay, since its selector does",
    "pods of other labels than the workload's selector wants",
    MoveTrace::Object,
    Asks::Anybody(&[&CHANGES_WORKLOADS]),
);

pub(super) fn steps(case: &Case<'_>, steps: &mut Vec<Step>) {
    for right in case.rights(&CHANGES_WORKLOADS) {
        for namespace in case.namespaces(right) {
            for class in &case.ground.place(&namespace).pods {
                let Some(pod) = class.pods.first() else { continue };
                let Some(workload) = workload(case, right, pod) else { continue };
                let Some(write) = relabelled(case, pod) else { continue };
                let from = End::Pod(pod.pod_id());
                let step = case.by(&TEMPLATE, right, &namespace, &workload.name).writing(write);
                let is_there = Because::State { object: workload, what: "is there, and has pods".into() };
                return steps.push(step.because(is_there).because(case.connects(&from)));
            }
        }
    }
}

/// The workload of a pod, if the right is for it.
fn workload(case: &Case<'_>, right: &Right, pod: &SharedPod) -> Option<ObjectId> {
    let WorkloadId { namespace, kind, name } = workload_of(case.ground.cluster, pod)?;
    let spec = crate::model::owner::WORKLOAD_KINDS.into_iter().filter_map(crate::kinds::spec);
    let spec = spec.into_iter().find(|it| *kind == *it.word)?;
    let is_its = spec.plural == right.need.resource && right.is_of(&name) && spec.kind != Kind::JOB;
    is_its.then(|| ObjectId::new(spec.kind, namespace, name))
}

/// The pod with the labels that it has and more, under which it connects.
fn relabelled(case: &Case<'_>, pod: &SharedPod) -> Option<crate::model::cluster::Delta> {
    let own = pod.labels().whole().into_owned();
    let keys = LabelSetKeys::of_source(case.ground.cluster, pod.namespace(), case.target_pod());
    let keeps = |it: &Labels| own.iter().all(|(key, value)| it.get(key) == Some(value));
    let more = sets(&keys, &own).into_iter().filter(keeps).take(TRIES);
    let mut writes = more.map(|labels| put((**pod).clone().with_labels(&labels)));
    writes.find(|it| case.tried(std::slice::from_ref(it), &End::Pod(pod.pod_id())) == Outcome::Allow)
}
