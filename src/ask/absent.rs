//! Ends that are not there: proven absent with the names that may have been meant, or not to be looked for.

use std::collections::BTreeSet;

use crate::kinds::KINDS;
use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::facts::Fact as _;
use crate::model::id::{Kind, ObjectId, PodId, WorkloadId};
use crate::model::name::{JoinedName, Name};
use crate::model::owner::WORKLOAD_KINDS;

use super::Fault;
use super::nearest::{did_you_mean, nearest};
use super::resolve::uncovered;
use super::workload::workload_of;

/// Workloads and Services that have the name of a pod that is none: a bare name means a pod.
fn namesakes(cluster: &Cluster, id: &PodId) -> Vec<String> {
    let objects = cluster.workloads.of(&id.namespace).iter().map(|it| it.workload_id());
    let owners = cluster.pods.of(&id.namespace).iter().filter_map(|it| workload_of(cluster, it));
    let workloads: BTreeSet<WorkloadId> =
        objects.chain(owners.map(|it| (*it).clone())).filter(|it| it.name == id.name).collect();
    let service = cluster.services.get(&id.namespace, &id.name).map(|_| format!("svc/{id}"));
    workloads.iter().map(ToString::to_string).chain(service).collect()
}

/// The names that a pod may have been meant by: the same elsewhere, then those like it in its namespace.
pub fn near_pod(cluster: &Cluster, id: &PodId) -> Vec<String> {
    let here: Vec<Name> = cluster.pods.of(&id.namespace).iter().map(|it| it.name().to_name()).collect();
    let mut near = namesakes(cluster, id);
    near.extend(in_other_namespaces(cluster, id));
    near.extend(qualified(&id.namespace, &nearest(&id.name, here.iter().map(Name::as_str))));
    near.truncate(3);
    near
}

/// What another namespace, or none, has by this name: `-n` was forgotten, or the kind.
fn in_other_namespaces(cluster: &Cluster, id: &PodId) -> Vec<String> {
    let mut found = Vec::new();
    for namespace in cluster.namespace_names().into_iter().filter(|it| *it != id.namespace) {
        let there = PodId { namespace, name: id.name.clone() };
        found.extend(cluster.pods.get(&there.namespace, &there.name).map(|_| there.to_string()));
        found.extend(namesakes(cluster, &there));
    }
    // `db.shop` is what pods of any namespace call the Service db of shop.
    if let Some((name, namespace)) = id.name.split_once('.') {
        found.extend(cluster.services.get(namespace, name).map(|_| format!("svc/{namespace}/{name}")));
    }
    found.extend(cluster.nodes.get("", &id.name).map(|_| format!("node/{}", id.name)));
    found.extend(cluster.namespaces.get("", &id.name).map(|_| format!("ns/{}", id.name)));
    found
}

/// An end that is not held: something we may not look for.
///
/// # Errors
/// It is proven absent.
pub fn absent(cluster: &Cluster, id: &ObjectId, near: impl FnOnce() -> Vec<String>) -> Result<Gap, Fault> {
    if cluster.unreadable.contains(id) {
        return Ok(Gap::Unreadable(id.clone()));
    }
    if let Some(gap) = uncovered(cluster, id.kind, &id.namespace) {
        return Ok(gap);
    }
    let mut near = near();
    if !id.namespace.is_empty() && (near.is_empty() || id.kind != Kind::POD) {
        near.splice(0..0, elsewhere(cluster, id));
        near.truncate(3);
    }
    let may_be_outside = near.is_empty() && id.kind == Kind::POD && id.name.contains('.');
    if near.is_empty() && !may_be_outside && is_no_namespace(cluster, &id.namespace) {
        return Err(Fault::new(format!("{id} does not exist"), format!("there is no namespace {}", id.namespace)));
    }
    let hint = match near.is_empty() {
        true if may_be_outside => NAME_OUTSIDE.to_owned(),
        true => what_there_is(cluster, id),
        false => did_you_mean(&near),
    };
    Err(Fault::new(format!("{id} does not exist"), hint))
}

/// What a name with dots may be, when no pod has it.
const NAME_OUTSIDE: &str = "names outside the cluster are not looked up: ask about their addresses";

/// Where no name is near: some of the names that there are.
fn what_there_is(cluster: &Cluster, id: &ObjectId) -> String {
    let names: Vec<JoinedName<'_>> = match id.kind {
        Kind::POD => cluster.pods.of(&id.namespace).iter().map(|it| it.name()).collect(),
        Kind::SERVICE => cluster.services.of(&id.namespace).iter().map(|it| it.name()).collect(),
        Kind::NODE => cluster.nodes.iter().map(|it| it.name()).collect(),
        _ => return format!("no {} there has a name like it", id.kind),
    };
    let place = if id.namespace.is_empty() { "the cluster" } else { id.namespace.as_str() };
    let some: Vec<String> = names.iter().take(3).map(JoinedName::to_string).collect();
    match names.len() {
        0 => format!("{place} has no {}", id.kind),
        count if count > 3 => format!("{place} has {} and {} more", some.join(", "), count - 3),
        _ => format!("{place} has {}", some.join(" and ")),
    }
}

/// Whether it is known that no namespace has this name.
fn is_no_namespace(cluster: &Cluster, name: &Name) -> bool {
    let is_known = cluster.coverage.is_complete(Kind::NAMESPACE, name);
    !name.is_empty() && is_known && !cluster.namespace_names().contains(name)
}

/// `namespace/name` of names in one namespace.
fn qualified(namespace: &Name, names: &[&str]) -> Vec<String> {
    names.iter().map(|it| format!("{namespace}/{it}")).collect()
}

/// The same name in other namespaces, or namespaces with a name like this one's.
fn elsewhere(cluster: &Cluster, id: &ObjectId) -> Vec<String> {
    let namespaces = cluster.namespace_names();
    if !namespaces.contains(&id.namespace) {
        let near = nearest(&id.namespace, namespaces.iter().map(Name::as_str));
        if !near.is_empty() {
            return near.iter().map(|it| format!("{}/{it}/{}", id.kind, id.name)).collect();
        }
    }
    let has = |namespace: &Name| match id.kind {
        Kind::POD => cluster.pods.get(namespace, &id.name).is_some(),
        Kind::SERVICE => cluster.services.get(namespace, &id.name).is_some(),
        kind => cluster.workloads.get_of_kind(namespace, &id.name, kind.as_str()).is_some(),
    };
    let found = namespaces.iter().filter(|it| has(it));
    found.take(3).map(|it| format!("{}/{it}/{}", id.kind, id.name)).collect()
}

/// A workload that is not held, and to which no pod belongs.
///
/// # Errors
/// It is proven absent.
pub fn no_workload(cluster: &Cluster, kind: &Name, namespace: &Name, name: &Name) -> Result<Gap, Fault> {
    let near = || {
        let objects = cluster.workloads.of(namespace).iter().map(|it| it.workload_id());
        let owners = cluster.pods.of(namespace).iter().filter_map(|it| workload_of(cluster, it));
        let known: BTreeSet<WorkloadId> = objects.chain(owners.map(|it| (*it).clone())).collect();
        let alike = known.iter().filter(|it| it.kind.eq_ignore_ascii_case(kind));
        let near = nearest(name, alike.map(|it| it.name.as_str()));
        near.iter().map(|it| format!("{kind}/{namespace}/{it}")).collect()
    };
    match WORKLOAD_KINDS.into_iter().find(|it| it.as_str() == kind.as_str()) {
        Some(known) => {
            absent(cluster, &ObjectId { kind: known, namespace: namespace.clone(), name: name.clone() }, near)
        }
        // It may well be there: what it is said to be is known, and nothing that is asked about so.
        None if KINDS.iter().any(|it| it.word.eq_ignore_ascii_case(kind)) => Err(Fault::new(
            format!("a {kind} is not taken here: {kind}/{namespace}/{name}"),
            "kinds are pod, deploy, sts, ds, job, svc, ns, node",
        )),
        None => Err(Fault::new(
            format!("{kind}/{namespace}/{name} does not exist"),
            format!(
                "no pod of {namespace} is controlled by a {kind}; kinds are pod, deploy, sts, ds, job, svc, ns, node"
            ),
        )),
    }
}
