//! Pods by the names that DNS gives them: `db-0.db.shop.svc` is the pod behind db whose host name is db-0.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::cluster::Cluster;
use crate::model::facts::{Fact as _, Pod, PodSource, Service, SharedPod};
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::text::evidence::Evidence;

use super::Fault;
use super::backends::slices_of;
use super::directory::{AddressOwner, Directory};
use super::dns_name::undashed;
use super::end::AskedEnd;
use super::member::EndMember;
use super::nearest::{did_you_mean, nearest};
use super::resolve::{Resolution, ResolvedEnd, service, uncovered};

/// The pod, or the address behind a Service that has no pod.
///
/// # Errors
/// The Service or the host is proven absent.
pub(super) fn resolve<'a>(
    cluster: &Cluster,
    directory: &dyn Fn() -> &'a Directory,
    host: &Name,
    name: &Name,
    namespace: &Name,
    end: &AskedEnd,
) -> Result<Resolution, Fault> {
    let found = service(cluster, namespace, name)?;
    let ResolvedEnd::Service(front) = &found.end else { return Ok(found) };
    let service = &front.service;
    let behind = behind(cluster, service);
    let fits = |it: &&&SharedPod| !it.phase().is_finished() && is_called(it, host);
    if let Some(pod) = behind.iter().find(fits) {
        return Ok(told(EndMember::Pod((*pod).clone()), end));
    }
    let address = undashed(host).filter(|it| has_endpoint(cluster, service, &behind, *it));
    if let Some(address) = address {
        return Ok(told(holder(directory(), address), end));
    }
    let gap = [Kind::POD, Kind::ENDPOINT_SLICE].into_iter().find_map(|it| uncovered(cluster, it, namespace));
    match gap {
        Some(gap) => Ok(Resolution::unseen(gap)),
        None => Err(no_host(service, host, &behind, end)),
    }
}

fn told(member: EndMember, end: &AskedEnd) -> Resolution {
    let what = format!("{end} is {member}");
    let note = member.object().map(|it| Evidence::note(it, Place::default(), what));
    Resolution { notes: note.into_iter().collect(), ..Resolution::new(ResolvedEnd::One(member)) }
}

/// Whether DNS calls it so: by its host name, which is its name unless another was given.
///
/// The pods of a workload whose pods are not listed are called as the controller would: a dash and a number behind.
fn is_called(pod: &Pod, host: &str) -> bool {
    let name = pod.name().to_string();
    let ordinal = host.strip_prefix(name.as_str()).and_then(|it| it.strip_prefix('-'));
    let is_one_of = || ordinal.is_some_and(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()));
    match pod.hostname() {
        "" => name == host || pod.origin() == PodSource::Template && is_one_of(),
        other => other == host,
    }
}

/// The pods that its selector selects, and those that its slices name.
fn behind<'a>(cluster: &'a Cluster, service: &Service) -> Vec<&'a SharedPod> {
    let named: BTreeSet<Name> =
        slices_of(cluster, service).iter().flat_map(|it| it.endpoints.iter().map(|it| it.pod)).collect();
    let is_selected = |it: &Pod| !service.selector.is_empty() && it.labels().hold(&service.selector);
    let here = cluster.pods.of(&service.meta.namespace).iter();
    here.filter(|it| is_selected(it) || named.contains(it.name().to_name().as_str())).collect()
}

fn has_endpoint(cluster: &Cluster, service: &Service, behind: &[&SharedPod], address: IpAddr) -> bool {
    let is_listed = |it: &&crate::model::facts::EndpointSlice| it.endpoints.iter().any(|it| it.address == address);
    slices_of(cluster, service).iter().any(is_listed) || behind.iter().any(|it| it.has(address))
}

fn holder(directory: &Directory, address: IpAddr) -> EndMember {
    match directory.holders(address) {
        [AddressOwner::Pod(pod)] => EndMember::Pod(pod.clone()),
        [AddressOwner::Node(node)] => EndMember::Node(node.clone()),
        _ => EndMember::Address(address),
    }
}

fn no_host(service: &Service, host: &Name, behind: &[&SharedPod], end: &AskedEnd) -> Fault {
    let names: Vec<String> = behind
        .iter()
        .map(|it| if it.hostname().is_empty() { it.name().to_string() } else { it.hostname().to_owned() })
        .collect();
    let near: Vec<String> = nearest(host, names.iter().map(String::as_str)).into_iter().map(str::to_owned).collect();
    let hint = match near.is_empty() {
        true => format!("no pod behind {} has that host name", service.id()),
        false => did_you_mean(&near),
    };
    Fault::new(format!("{end} does not exist"), hint)
}
