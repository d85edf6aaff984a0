//! What files mean beyond what they say: a closed world (CONTRACT §1).
//!
//! - A namespace that is mentioned and not defined exists, with the label that every namespace has.
//! - A workload whose pods are not listed stands for one pod made from its template.
//! - A sort of thing that is wholly absent is worth a word.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::notes::FilesNote;
use crate::ask::topic::Topic;
use crate::model::cluster::{AnyFact, Cluster, Delta, METADATA_NAME, ReadObject};
use crate::model::coverage::{Coverage, CoverageMap};
use crate::model::facts::{Meta, Namespace, Owner, Pod, Workload};
use crate::model::id::{Kind, PodId, WorkloadId};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::owner::WorkloadKind;

/// Makes a cluster of listed objects the closed world that they mean; what was added or is missing is noted.
pub(super) fn close(cluster: &mut Cluster) -> Vec<FilesNote> {
    let mut notes = absences(cluster);
    let pods = template_pods(cluster);
    if !pods.is_empty() {
        let what = match pods.len() {
            1 => "1 workload stands for one pod, made from its template".to_owned(),
            many => format!("{many} workloads stand for one pod each, made from their templates"),
        };
        notes.push(FilesNote::new(Topic::Network, what));
    }
    for pod in pods {
        put(cluster, AnyFact::Pod(pod.into()));
    }
    let implied = implied_namespaces(cluster);
    if !implied.is_empty() {
        let names: Vec<&str> = implied.iter().take(5).map(Name::as_str).collect();
        let more = if implied.len() > names.len() { ", …" } else { "" };
        let what = format!(
            "{} not defined here, taken to have no label but {METADATA_NAME}: {}{more}",
            count(implied.len(), "namespace"),
            names.join(", ")
        );
        notes.push(FilesNote::new(Topic::Network, what));
    }
    for name in implied {
        let labels = Labels::new([(Name::from(METADATA_NAME), name.clone())]);
        put(
            cluster,
            AnyFact::Namespace(Arc::new(Namespace { meta: Meta { name, ..Meta::default() }, labels, implied: true })),
        );
    }
    notes
}

fn put(cluster: &mut Cluster, fact: AnyFact) {
    cluster.apply(Delta::Put(ReadObject::new(fact)));
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn absences(cluster: &Cluster) -> Vec<FilesNote> {
    let absent = [
        (Topic::Network, cluster.pods.is_empty() && cluster.workloads.is_empty(), "no pods or workloads"),
        (Topic::Network, cluster.policies.is_empty(), "no network policies"),
        (Topic::Access, cluster.roles.is_empty() && cluster.bindings.is_empty(), "no RBAC"),
    ];
    // A snapshot says itself what it was not told.
    let closed = cluster.coverage == CoverageMap::default();
    let absent = absent.iter().filter(|(_, absent, _)| *absent && closed);
    absent.map(|(topic, _, what)| FilesNote::new(*topic, format!("{what} in these files"))).collect()
}

fn implied_namespaces(cluster: &Cluster) -> BTreeSet<Name> {
    // A snapshot of a live session says what exists: nothing is implied by it.
    if *cluster.coverage.of(Kind::NAMESPACE, "") != Coverage::Closed {
        return BTreeSet::new();
    }
    let mut names: BTreeSet<Name> = cluster.namespace_names();
    names.extend(cluster.workloads.namespaces().cloned());
    names.extend(cluster.service_accounts.namespaces().cloned());
    names.extend(cluster.endpoint_slices.namespaces().cloned());
    names.extend(cluster.roles.namespaces().cloned());
    names.extend(cluster.bindings.namespaces().cloned());
    // What could not be read there mentions it too.
    let lost = cluster.coverage.kinds.iter().filter(|(kind, _)| **kind != Kind::NAMESPACE);
    names.extend(lost.flat_map(|(_, it)| it.namespaces.keys().cloned()));
    names.retain(|it| cluster.coverage.is_complete(Kind::NAMESPACE, it));
    names.retain(|it| !it.is_empty() && cluster.namespaces.get("", it).is_none());
    names.retain(|it| !cluster.unreadable.iter().any(|id| id.kind == Kind::NAMESPACE && id.name == *it));
    names
}

/// One pod for each ownerless workload with replicas to which no listed pod belongs; between its runs a CronJob has
/// only finished ones.
fn template_pods(cluster: &Cluster) -> Vec<Pod> {
    let owners = owners_of_pods(cluster, |_| true);
    let running = owners_of_pods(cluster, |it| !it.phase().is_finished());
    let mut taken: BTreeSet<PodId> = cluster.pods.iter().map(|it| it.pod_id()).collect();
    let mut pods = Vec::new();
    let has_pod = |it: &Workload| {
        let owners = if it.kind == WorkloadKind::CronJob { &running } else { &owners };
        owners.contains(&it.workload_id())
    };
    for workload in cluster.workloads.iter() {
        if workload.owner().is_none() && workload.plan().and_then(|it| it.replicas) != Some(0) && !has_pod(workload) {
            pods.extend(
                workload.plan().and_then(|it| it.template.as_ref()).map(|it| template_pod(workload, it, &mut taken)),
            );
        }
    }
    pods
}

fn template_pod(workload: &Workload, template: &Pod, taken: &mut BTreeSet<PodId>) -> Pod {
    let mut id = template.pod_id();
    if !taken.insert(id.clone()) {
        id.name = format!("{}-{}", workload.name, workload.kind.kind()).into();
        taken.insert(id.clone());
    }
    template.changed(|it| {
        it.name = id.name.to_string().into();
        it.owner = Some(Owner::known(workload.kind, workload.name.clone()));
    })
}

/// Every workload that some of these listed pods belongs to, through any number of controllers.
fn owners_of_pods(cluster: &Cluster, is_meant: fn(&Pod) -> bool) -> BTreeSet<WorkloadId> {
    let mut owners = BTreeSet::new();
    for pod in cluster.pods.iter().filter(|it| is_meant(it)) {
        let mut next = pod.owner_id();
        while let Some(owner) = next.take() {
            next = owner_of(cluster, &owner);
            if !owners.insert(owner) {
                break;
            }
        }
    }
    owners
}

/// What controls a controller: as its object says, else as its name says (`web-5d4f8` of `web`).
fn owner_of(cluster: &Cluster, owner: &WorkloadId) -> Option<WorkloadId> {
    let kind = owner.kind.to_lowercase();
    if let Some(workload) = cluster.workloads.get_of_kind(&owner.namespace, &owner.name, &kind) {
        return workload.owner_id();
    }
    let parent = match owner.kind.as_str() {
        "ReplicaSet" => "Deployment",
        "Job" => "CronJob",
        _ => return None,
    };
    let (name, _) = owner.name.rsplit_once('-')?;
    Some(WorkloadId { namespace: owner.namespace.clone(), kind: parent.into(), name: name.into() })
}
