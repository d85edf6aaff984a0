//! What a typed end stands for in a cluster: one member, a set of pods, a Service, or something we may not see.
//!
//! ```text
//! AskedEnd ──resolve──► Resolution { end, notes, gaps }  proven absent ──► Fault with the nearest names
//! ```
//!
//! An ExternalName is followed to the Service or pod that it names. Backends of Services are found by
//! [`super::backends`], since they depend on the port.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::evidence::Gap;
use crate::model::facts::{Fact as _, Service, ServiceType, SharedPod};
use crate::model::id::{Kind, ObjectId, PodId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::net::implied_nodes;
use crate::text::evidence::Evidence;

use super::absent::{absent, near_pod, no_workload};
use super::directory::{self, AddressOwner, Directory};
use super::end::{AskedEnd, PortAsk};
use super::entry::ServiceFront;
use super::member::EndMember;
use super::nearest::nearest;
use super::workload::is_under;
use super::{Fault, dns_name, host};

/// What an end turned out to be.
#[derive(Clone, Debug)]
pub struct Resolution {
    pub end: ResolvedEnd,
    /// What was concluded on the way: `10.0.0.7 is held by pod/shop/web-0`.
    pub notes: Vec<Evidence>,
    /// What keeps us from knowing all of a set; each makes the answer unknown unless it is a deny, which one of those
    /// that are known has.
    pub gaps: Vec<Gap>,
    /// Why it may be another end than the one that it seems to be: not all who may hold the address, or take in the
    /// port, are known. The answer is unknown, whatever policies say of it as it seems.
    pub unsure: Option<Gap>,
}

/// What an end stands for: one member, many, or none that we may see.
#[derive(Clone, Debug)]
pub enum ResolvedEnd {
    One(EndMember),
    /// A typed address stands for this object, so only the address's family counts.
    At(EndMember, IpAddr),
    /// Pods of a workload or namespace; `finished` were left out.
    Pods {
        members: Vec<SharedPod>,
        finished: usize,
    },
    Service(ServiceFront),
    /// Addresses outside the cluster.
    Block(IpNet),
    /// All addresses outside the cluster, of the families that the other end has.
    Internet,
    /// We may not look for it.
    Unseen,
}

impl Resolution {
    pub(super) fn new(end: ResolvedEnd) -> Self {
        Self { end, notes: Vec::new(), gaps: Vec::new(), unsure: None }
    }

    pub(super) fn unseen(gap: Gap) -> Self {
        Self { gaps: vec![gap], ..Self::new(ResolvedEnd::Unseen) }
    }
}

/// What an end is asked as: of several that hold one address, that tells which is meant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum EndRole<'a> {
    /// Nothing connects from a Service's address.
    Source,
    Goal(&'a PortAsk),
}

/// Resolves an end; `directory` is asked for when the end is an address.
pub fn resolve<'a>(
    cluster: &Cluster,
    directory: impl Fn() -> &'a Directory,
    end: &AskedEnd,
    role: EndRole<'_>,
) -> Result<Resolution, Fault> {
    resolve_on(cluster, &directory, end, role, &mut BTreeSet::new())
}

/// The same, on the way of names that began elsewhere.
fn resolve_on<'a>(
    cluster: &Cluster,
    directory: &dyn Fn() -> &'a Directory,
    end: &AskedEnd,
    role: EndRole<'_>,
    way: &mut BTreeSet<AskedEnd>,
) -> Result<Resolution, Fault> {
    let found = match end {
        AskedEnd::Pod(id) => pod(cluster, id),
        AskedEnd::Workload { kind, namespace, name } => workload(cluster, kind, namespace, name),
        AskedEnd::Service { namespace, name } => service(cluster, namespace, name),
        AskedEnd::Namespace(name) => self::namespace(cluster, name),
        AskedEnd::Node(name) => node(cluster, name),
        AskedEnd::Host { host, service, namespace } => host::resolve(cluster, directory, host, service, namespace, end),
        AskedEnd::Address(address) => self::address(cluster, directory(), *address, role),
        AskedEnd::Block(block) => Ok(Resolution::new(ResolvedEnd::Block(*block))),
        AskedEnd::Internet => Ok(Resolution::new(ResolvedEnd::Internet)),
    }?;
    match &found.end {
        ResolvedEnd::Service(front) => match named_by(&front.service).filter(|_| way.insert(end.clone())) {
            Some(next) => {
                let named = resolve_on(cluster, directory, &next, role, way);
                Ok(follow(&front.service, &next, named))
            }
            None => Ok(found),
        },
        _ => Ok(found),
    }
}

/// The end within the cluster that an ExternalName names.
pub fn named_by(service: &Service) -> Option<AskedEnd> {
    match &service.service_type {
        ServiceType::ExternalName(name) => dns_name::of_this_cluster(name),
        _ => None,
    }
}

/// What a Service that is but a name of another end stands for.
fn follow(service: &Service, next: &AskedEnd, named: Result<Resolution, Fault>) -> Resolution {
    match named {
        Ok(mut found) => {
            let what = format!("it is another name of {next}");
            let note = Evidence::note(service.id(), Place::new("spec.externalName"), what);
            found.notes.insert(0, note.by_rule("S48"));
            found
        }
        Err(fault) => {
            let ServiceType::ExternalName(name) = &service.service_type else {
                return Resolution::new(ResolvedEnd::Unseen);
            };
            let what = format!("{} is the DNS name {name}: {}", service.id(), fault.what);
            Resolution::unseen(Gap::End { what: what.into() })
        }
    }
}

fn pod(cluster: &Cluster, id: &PodId) -> Result<Resolution, Fault> {
    match cluster.pods.get(&id.namespace, &id.name) {
        Some(found) => Ok(Resolution::new(ResolvedEnd::One(EndMember::Pod(found.clone())))),
        None => absent(cluster, &id.object(), || near_pod(cluster, id)).map(Resolution::unseen),
    }
}

/// The gap of a kind that is not wholly known in a namespace.
pub fn uncovered(cluster: &Cluster, kind: Kind, namespace: &Name) -> Option<Gap> {
    let coverage = cluster.coverage.of(kind, namespace);
    let gap = |coverage: &Coverage| Gap::Uncovered { kind, namespace: namespace.clone(), coverage: coverage.clone() };
    (!coverage.is_complete()).then(|| gap(coverage))
}

fn workload(cluster: &Cluster, kind: &Name, namespace: &Name, name: &Name) -> Result<Resolution, Fault> {
    let pods = cluster.pods.of(namespace).iter().filter(|it| is_under(cluster, it, kind, name));
    let mut found = running(pods);
    let exists = cluster.workloads.get_of_kind(namespace, name, kind).is_some();
    let (any, gap) = (has_any(&found), uncovered(cluster, Kind::POD, namespace));
    found.gaps.extend(gap.clone());
    if any || exists {
        return Ok(found);
    }
    if let Some(gap) = gap {
        return Ok(Resolution::unseen(gap));
    }
    no_workload(cluster, kind, namespace, name).map(Resolution::unseen)
}

fn has_any(found: &Resolution) -> bool {
    matches!(&found.end, ResolvedEnd::Pods { members, finished } if !members.is_empty() || *finished > 0)
}

/// A set of pods without those that have finished (S39).
fn running<'a>(pods: impl Iterator<Item = &'a SharedPod>) -> Resolution {
    let (mut members, mut finished) = (Vec::new(), 0);
    for pod in pods {
        if pod.phase().is_finished() { finished += 1 } else { members.push(pod.clone()) }
    }
    Resolution::new(ResolvedEnd::Pods { members, finished })
}

pub(super) fn service(cluster: &Cluster, namespace: &Name, name: &Name) -> Result<Resolution, Fault> {
    match cluster.services.get(namespace, name) {
        Some(found) => Ok(Resolution::new(ResolvedEnd::Service(ServiceFront::named(found.clone())))),
        None => absent(cluster, &ObjectId::new(Kind::SERVICE, namespace.clone(), name.clone()), || {
            let here = cluster.services.of(namespace).iter().map(|it| it.meta.name.as_str());
            let near = nearest(name, here);
            near.iter().map(|it| format!("svc/{namespace}/{it}")).collect()
        })
        .map(Resolution::unseen),
    }
}

fn namespace(cluster: &Cluster, name: &Name) -> Result<Resolution, Fault> {
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
    .map(Resolution::unseen)
}

fn node(cluster: &Cluster, name: &Name) -> Result<Resolution, Fault> {
    match cluster.nodes.get("", name) {
        Some(found) => Ok(Resolution::new(ResolvedEnd::One(EndMember::Node(found.clone())))),
        None if let Some(addresses) = implied_nodes(cluster).get(name) => {
            let node = directory::implied(cluster, name, addresses);
            let what = "no Node object: known by its pods on the host network".to_owned();
            let note = Evidence::note(node.id(), Place::default(), what);
            Ok(Resolution { notes: vec![note], ..Resolution::new(ResolvedEnd::One(EndMember::Node(Arc::new(node)))) })
        }
        None => absent(cluster, &ObjectId::new(Kind::NODE, "", name.clone()), || {
            let near = nearest(name, cluster.nodes.iter().map(|it| it.meta.name.as_str()));
            near.iter().map(|it| format!("node/{it}")).collect()
        })
        .map(Resolution::unseen),
    }
}

/// An address is the pod, node or Service that holds it; otherwise it is outside (CONTRACT §2).
fn address(cluster: &Cluster, directory: &Directory, address: IpAddr, role: EndRole<'_>) -> Result<Resolution, Fault> {
    let holders = directory.holders(address);
    let mut found = match (holders, meant(holders, role)) {
        ([], _) => Resolution::new(ResolvedEnd::One(EndMember::Address(address))),
        (_, Some(one)) => held(one, address),
        (several, None) => return Err(ambiguous(address, several)),
    };
    if holders.is_empty() {
        found.unsure = unseen_holder(cluster, cluster.coverage.addresses.contains(&address));
    }
    Ok(found)
}

/// Why an address that nobody holds may be somebody's; `knows_pods`: those at this address were asked for by themselves.
pub(super) fn unseen_holder(cluster: &Cluster, knows_pods: bool) -> Option<Gap> {
    let kinds = [Kind::POD, Kind::NODE, Kind::SERVICE].into_iter().filter(|it| !knows_pods || *it != Kind::POD);
    kinds.into_iter().find_map(|kind| unseen(cluster, kind))
}

/// The one of several holders that is meant: load balancers may share an address by their ports, and with nodes.
fn meant<'h>(holders: &'h [AddressOwner], role: EndRole<'_>) -> Option<&'h AddressOwner> {
    let only = |is: &dyn Fn(&AddressOwner) -> bool| {
        let mut all = holders.iter().filter(|it| is(it));
        all.next().filter(|_| all.next().is_none())
    };
    let is_service = |it: &AddressOwner| matches!(it, AddressOwner::Service(_));
    // A pod that terminates keeps its address until another has it (S39).
    let stays = |it: &AddressOwner| !matches!(it, AddressOwner::Pod(pod) if pod.is_terminating());
    let sends = || only(&|it| !is_service(it)).or_else(|| only(&|it| !is_service(it) && stays(it)));
    if let [one] = holders {
        return Some(one);
    }
    let port = match role {
        EndRole::Source => return sends(),
        EndRole::Goal(PortAsk::Any(_)) => None,
        EndRole::Goal(port) => Some(port),
    };
    let listens = |it: &AddressOwner| match (it, port) {
        (AddressOwner::Service(it), Some(port)) => it.ports.iter().any(|it| port.is(it)),
        _ => false,
    };
    match (port, holders.iter().any(listens)) {
        (Some(_), true) => only(&listens),
        (Some(_), false) => sends(),
        // All of them, unless none is a Service.
        (None, _) => sends().filter(|_| !holders.iter().any(is_service)),
    }
}

/// What keeps us from knowing all objects of a kind.
pub fn unseen(cluster: &Cluster, kind: Kind) -> Option<Gap> {
    hole(cluster, kind).or_else(|| unreadable(cluster, kind))
}

/// An object that exists and could not be read: nobody knows what addresses it has.
fn unreadable(cluster: &Cluster, kind: Kind) -> Option<Gap> {
    cluster.unreadable.iter().find(|it| it.kind == kind).cloned().map(Gap::Unreadable)
}

fn held(holder: &AddressOwner, address: IpAddr) -> Resolution {
    let end = match holder {
        AddressOwner::Pod(pod) => ResolvedEnd::At(EndMember::Pod(pod.clone()), address),
        AddressOwner::Node(node) => ResolvedEnd::At(EndMember::Node(node.clone()), address),
        AddressOwner::Service(service) => ResolvedEnd::Service(ServiceFront::at(service.clone(), address)),
    };
    let note = Evidence::note(holder.id(), Place::default(), format!("{address} is the address of {}", holder.id()));
    Resolution { notes: vec![note], ..Resolution::new(end) }
}

/// The gap of a kind that is not wholly known in the whole cluster.
pub fn hole(cluster: &Cluster, kind: Kind) -> Option<Gap> {
    let (namespace, coverage) = cluster.coverage.hole(kind)?;
    Some(Gap::Uncovered { kind, namespace, coverage: coverage.clone() })
}

fn ambiguous(address: IpAddr, holders: &[AddressOwner]) -> Fault {
    let names: Vec<String> = holders.iter().map(|it| it.id().to_string()).collect();
    Fault::new(format!("{address} is held by {}", names.join(" and by ")), "name one of them instead of the address")
}
