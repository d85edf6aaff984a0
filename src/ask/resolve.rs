//! What a typed end stands for in a cluster: one member, a set of pods, a Service, or something we may not see.
//!
//! ```text
//! End ──resolve──► Resolved { whom, notes, gaps }     proven absent ──► Fault with the nearest names
//! ```
//!
//! Backends of Services are found by [`super::backends`], since they depend on the port.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::model::cluster::{Cluster, WORKLOAD_KINDS};
use crate::model::coverage::Coverage;
use crate::model::evidence::Gap;
use crate::model::facts::{Fact as _, Service, SharedPod};
use crate::model::id::{Kind, ObjectId, PodId, WorkloadId};
use crate::model::name::{Name, Spelling};
use crate::model::place::Place;
use crate::text::evidence::Evidence;

use super::Fault;
use super::directory::{Directory, Holder};
use super::end::End;
use super::member::Member;
use super::nearest::{did_you_mean, nearest};
use super::workload::{is_under, workload_of};

/// What an end turned out to be.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub whom: Whom,
    /// What was concluded on the way: `10.0.0.7 is held by pod/shop/web-0`.
    pub notes: Vec<Evidence>,
    /// What keeps us from being sure of the end itself; each makes the answer unknown unless it is a deny.
    pub gaps: Vec<Gap>,
}

/// Whom an end stands for.
#[derive(Clone, Debug)]
pub enum Whom {
    One(Member),
    /// A typed address stands for this object, so only the address's family counts.
    At(Member, IpAddr),
    /// Pods of a workload or namespace; `finished` were left out.
    Pods {
        members: Vec<SharedPod>,
        finished: usize,
    },
    Service(Arc<Service>),
    /// Addresses outside the cluster.
    Block(IpNet),
    /// We may not look for it.
    Unseen,
}

impl Resolved {
    fn new(whom: Whom) -> Self {
        Self { whom, notes: Vec::new(), gaps: Vec::new() }
    }

    fn unseen(gap: Gap) -> Self {
        Self { whom: Whom::Unseen, notes: Vec::new(), gaps: vec![gap] }
    }
}

/// Resolves an end; `directory` is asked for when the end is an address.
pub fn resolve<'a>(cluster: &Cluster, directory: impl FnOnce() -> &'a Directory, end: &End) -> Result<Resolved, Fault> {
    match end {
        End::Pod(id) => pod(cluster, id),
        End::Workload { kind, namespace, name } => workload(cluster, kind, namespace, name),
        End::Service { namespace, name } => service(cluster, namespace, name),
        End::Namespace(name) => self::namespace(cluster, name),
        End::Node(name) => node(cluster, name),
        End::Address(address) => self::address(cluster, directory(), *address),
        End::Block(block) => Ok(Resolved::new(Whom::Block(*block))),
    }
}

fn pod(cluster: &Cluster, id: &PodId) -> Result<Resolved, Fault> {
    match cluster.pods.get(&id.namespace, &id.name) {
        Some(found) => Ok(Resolved::new(Whom::One(Member::Pod(found.clone())))),
        None => absent(cluster, &id.object(), || {
            let here: Vec<Name> = cluster.pods.of(&id.namespace).iter().map(|it| it.name().to_name()).collect();
            let mut near = namesakes(cluster, id);
            near.extend(qualified(&id.namespace, &nearest(&id.name, here.iter().map(Name::as_str))));
            near.truncate(3);
            near
        }),
    }
}

/// Workloads and Services that have the name of a pod that is none: a bare name means a pod.
fn namesakes(cluster: &Cluster, id: &PodId) -> Vec<String> {
    let objects = cluster.workloads.of(&id.namespace).iter().map(|it| it.workload_id());
    let owners = cluster.pods.of(&id.namespace).iter().filter_map(|it| workload_of(cluster, it));
    let workloads: BTreeSet<WorkloadId> =
        objects.chain(owners.map(|it| (*it).clone())).filter(|it| it.name == id.name).collect();
    let service = cluster.services.get(&id.namespace, &id.name).map(|_| format!("svc/{id}"));
    workloads.iter().map(ToString::to_string).chain(service).collect()
}

/// An end that is not held: proven absent, or something we may not look for.
fn absent(cluster: &Cluster, id: &ObjectId, near: impl FnOnce() -> Vec<String>) -> Result<Resolved, Fault> {
    if cluster.unreadable.contains(id) {
        return Ok(Resolved::unseen(Gap::Unreadable(id.clone())));
    }
    if let Some(gap) = uncovered(cluster, id.kind, &id.namespace) {
        return Ok(Resolved::unseen(gap));
    }
    let mut near = near();
    if near.is_empty() && !id.namespace.is_empty() {
        near = elsewhere(cluster, id);
    }
    if near.is_empty() && is_no_namespace(cluster, &id.namespace) {
        return Err(Fault::new(format!("{id} does not exist"), format!("there is no namespace {}", id.namespace)));
    }
    let hint = if near.is_empty() { what_there_is(cluster, id) } else { did_you_mean(&near) };
    Err(Fault::new(format!("{id} does not exist"), hint))
}

/// Where no name is near: some of the names that there are.
fn what_there_is(cluster: &Cluster, id: &ObjectId) -> String {
    let names: Vec<Spelling<'_>> = match id.kind {
        Kind::POD => cluster.pods.of(&id.namespace).iter().map(|it| it.name()).collect(),
        Kind::SERVICE => cluster.services.of(&id.namespace).iter().map(|it| it.name()).collect(),
        Kind::NODE => cluster.nodes.iter().map(|it| it.name()).collect(),
        _ => return format!("no {} there has a name like it", id.kind),
    };
    let place = if id.namespace.is_empty() { "the cluster" } else { id.namespace.as_str() };
    let some: Vec<String> = names.iter().take(3).map(Spelling::to_string).collect();
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

/// The gap of a kind that is not wholly known in a namespace.
pub fn uncovered(cluster: &Cluster, kind: Kind, namespace: &Name) -> Option<Gap> {
    let coverage = cluster.coverage.of(kind, namespace);
    let gap = |coverage: &Coverage| Gap::Uncovered { kind, namespace: namespace.clone(), coverage: coverage.clone() };
    (!coverage.is_complete()).then(|| gap(coverage))
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
        kind => cluster.workloads.get_variant(namespace, &id.name, kind.as_str()).is_some(),
    };
    let found = namespaces.iter().filter(|it| has(it));
    found.take(3).map(|it| format!("{}/{it}/{}", id.kind, id.name)).collect()
}

fn workload(cluster: &Cluster, kind: &Name, namespace: &Name, name: &Name) -> Result<Resolved, Fault> {
    let pods = cluster.pods.of(namespace).iter().filter(|it| is_under(cluster, it, kind, name));
    let mut found = running(pods);
    let exists = cluster.workloads.get_variant(namespace, name, kind).is_some();
    let (any, gap) = (has_any(&found), uncovered(cluster, Kind::POD, namespace));
    found.gaps.extend(gap.clone());
    if any || exists {
        return Ok(found);
    }
    if let Some(gap) = gap {
        return Ok(Resolved::unseen(gap));
    }
    no_workload(cluster, kind, namespace, name)
}

fn has_any(found: &Resolved) -> bool {
    matches!(&found.whom, Whom::Pods { members, finished } if !members.is_empty() || *finished > 0)
}

fn no_workload(cluster: &Cluster, kind: &Name, namespace: &Name, name: &Name) -> Result<Resolved, Fault> {
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
        None => Err(Fault::new(
            format!("{kind}/{namespace}/{name} does not exist"),
            format!(
                "no pod of {namespace} is controlled by a {kind}; kinds are pod, deploy, sts, ds, job, svc, ns, node"
            ),
        )),
    }
}

/// A set of pods without those that have finished (S39).
fn running<'a>(pods: impl Iterator<Item = &'a SharedPod>) -> Resolved {
    let (mut members, mut finished) = (Vec::new(), 0);
    for pod in pods {
        if pod.mold.phase.is_finished() { finished += 1 } else { members.push(pod.clone()) }
    }
    Resolved::new(Whom::Pods { members, finished })
}

fn service(cluster: &Cluster, namespace: &Name, name: &Name) -> Result<Resolved, Fault> {
    match cluster.services.get(namespace, name) {
        Some(found) => Ok(Resolved::new(Whom::Service(Arc::new(found.clone())))),
        None => absent(cluster, &ObjectId::new(Kind::SERVICE, namespace.clone(), name.clone()), || {
            let here = cluster.services.of(namespace).iter().map(|it| it.meta.name.as_str());
            let near = nearest(name, here);
            near.iter().map(|it| format!("svc/{namespace}/{it}")).collect()
        }),
    }
}

fn namespace(cluster: &Cluster, name: &Name) -> Result<Resolved, Fault> {
    let mut found = running(cluster.pods.of(name).iter());
    found.gaps.extend(uncovered(cluster, Kind::POD, name));
    let exists = has_any(&found) || cluster.namespace_names().contains(name);
    if exists {
        return Ok(found);
    }
    absent(cluster, &ObjectId::new(Kind::NAMESPACE, "", name.clone()), || {
        let names = cluster.namespace_names();
        let near = nearest(name, names.iter().map(Name::as_str));
        near.iter().map(|it| format!("ns/{it}")).collect()
    })
}

fn node(cluster: &Cluster, name: &Name) -> Result<Resolved, Fault> {
    match cluster.nodes.get("", name) {
        Some(found) => Ok(Resolved::new(Whom::One(Member::Node(found.clone())))),
        None => absent(cluster, &ObjectId::new(Kind::NODE, "", name.clone()), || {
            let near = nearest(name, cluster.nodes.iter().map(|it| it.meta.name.as_str()));
            near.iter().map(|it| format!("node/{it}")).collect()
        }),
    }
}

/// An address is the pod, node or Service that holds it; otherwise it is outside (CONTRACT §2).
fn address(cluster: &Cluster, directory: &Directory, address: IpAddr) -> Result<Resolved, Fault> {
    let holders = directory.holders(address);
    let mut found = match holders {
        [] => Resolved::new(Whom::One(Member::Address(address))),
        [one] => held(one, address),
        several => return Err(ambiguous(address, several)),
    };
    if holders.is_empty() && !cluster.coverage.addresses.contains(&address) {
        let kinds = [Kind::POD, Kind::NODE, Kind::SERVICE];
        found.gaps.extend(kinds.into_iter().find_map(|kind| hole(cluster, kind).or_else(|| unreadable(cluster, kind))));
    }
    Ok(found)
}

/// An object that exists and could not be read: nobody knows what addresses it has.
fn unreadable(cluster: &Cluster, kind: Kind) -> Option<Gap> {
    cluster.unreadable.iter().find(|it| it.kind == kind).cloned().map(Gap::Unreadable)
}

fn held(holder: &Holder, address: IpAddr) -> Resolved {
    let whom = match holder {
        Holder::Pod(pod) => Whom::At(Member::Pod(pod.clone()), address),
        Holder::Node(node) => Whom::At(Member::Node(node.clone()), address),
        Holder::Service(service) => Whom::Service(service.clone()),
    };
    let note = Evidence::note(holder.id(), Place::default(), format!("{address} is the address of {}", holder.id()));
    Resolved { whom, notes: vec![note], gaps: Vec::new() }
}

/// The gap of a kind that is not wholly known in the whole cluster.
pub fn hole(cluster: &Cluster, kind: Kind) -> Option<Gap> {
    let (namespace, coverage) = cluster.coverage.hole(kind)?;
    Some(Gap::Uncovered { kind, namespace, coverage: coverage.clone() })
}

fn ambiguous(address: IpAddr, holders: &[Holder]) -> Fault {
    let names: Vec<String> = holders.iter().map(|it| it.id().to_string()).collect();
    Fault::new(format!("{address} is held by {}", names.join(" and by ")), "name one of them instead of the address")
}
