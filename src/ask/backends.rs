//! What stands behind a Service: for each of its ports the members that a connection may end at, and on which port.
//!
//! ```text
//! service/shop/db :5432/TCP "pg" ──EndpointSlices──► pod/shop/db-0 5432, pod/shop/db-1 6432
//!                                └─ no slices: the pods that its selector selects, noted
//! ```
//!
//! Policies judge the backend's own port (S23, S45), so a named target port is another number on another pod.
//! Nothing here judges; nothing here knows the source but the node it runs on (S52).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::address::{Family, canonical};
use crate::model::cluster::Cluster;
use crate::model::endpoints::Endpoint;
use crate::model::evidence::Gap;
use crate::model::facts::{
    ContainerRole, EndpointSlice, Fact, Phase, Pod, PodSource, Service, ServicePort, ServiceType, SharedPod, TargetPort,
};
use crate::model::id::Kind;
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::port::Protocol;
use crate::text::Mark;
use crate::text::evidence::Evidence;

use super::Fault;
use super::directory::{AddressOwner, Directory};
use super::end::PortAsk;
use super::entry::is_node_port_of;
use super::member::EndMember;
use super::resolve::uncovered;

/// One member that a Service's port leads to.
#[derive(Clone, PartialEq, Debug)]
pub struct Backend {
    pub member: EndMember,
    /// The only family in which the Service leads here; `None` for both.
    pub family: Option<Family>,
    pub protocol: Protocol,
    /// `None`: every port (a slice that lists none).
    pub port: Option<u16>,
    /// The node that its slice says it is on, where the member does not know.
    pub node: Name,
}

impl Backend {
    /// Whether it is there in this family; `None`: whichever.
    pub fn has(&self, family: Option<Family>) -> bool {
        let Some(family) = family else { return true };
        let addresses = self.member.addresses();
        // A pod without an address yet may get one of any.
        let may = addresses.is_empty() || addresses.iter().any(|it| Family::of(*it) == family);
        may && self.family.is_none_or(|it| it == family)
    }
}

/// One port of a Service and what it leads to.
#[derive(Clone, PartialEq, Debug)]
pub struct Route {
    pub port: ServicePort,
    pub backends: Vec<Backend>,
    /// Endpoints that get no traffic because they are not ready.
    pub not_ready: usize,
}

/// All that a question about a Service leads to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Routes {
    pub routes: Vec<Route>,
    pub notes: Vec<Evidence>,
    pub gaps: Vec<Gap>,
}

/// The routes of the ports that were asked for; every listed port when none was.
///
/// A port that the Service does not list is a fault, except on a headless one, where nothing is translated (S47).
pub fn routes<'a>(
    cluster: &Cluster,
    directory: impl Fn() -> &'a Directory,
    service: &Arc<Service>,
    ask: &PortAsk,
) -> Result<Routes, Fault> {
    let mut found = Routes::default();
    if let ServiceType::ExternalName(name) = &service.service_type {
        let what = format!("{} is the DNS name {name}: ask about its addresses", service.id());
        found.gaps.push(Gap::End { what: what.into() });
        return Ok(found);
    }
    let ports = asked_ports(service, ask)?;
    found.gaps.extend(uncovered(cluster, Kind::ENDPOINT_SLICE, &service.meta.namespace));
    let slices = slices_of(cluster, service);
    let lookup = Lookup { cluster, directory: &directory, service };
    for port in ports {
        let route = if slices.is_empty() {
            lookup.by_selector(port, &mut found)
        } else {
            lookup.by_slices(&slices, port, &mut found)
        };
        found.routes.push(route);
    }
    found.notes.sort();
    found.notes.dedup();
    Ok(found)
}

/// The slices of a Service.
pub fn slices_of<'a>(cluster: &'a Cluster, service: &Service) -> Vec<&'a EndpointSlice> {
    let here = cluster.endpoint_slices.of(&service.meta.namespace);
    here.iter().map(|it| &**it).filter(|it| *it.service() == service.meta.name).collect()
}

/// The Service's ports that a question means.
fn asked_ports(service: &Arc<Service>, ask: &PortAsk) -> Result<Vec<ServicePort>, Fault> {
    let listed = |matches: &dyn Fn(&ServicePort) -> bool| -> Vec<ServicePort> {
        service.ports.iter().filter(|it| matches(it)).cloned().collect()
    };
    let found = match ask {
        PortAsk::Number { number, protocol } if service.headless => {
            let known = listed(&|it| ask.is(it));
            if known.is_empty() { vec![untranslated(*number, *protocol)] } else { known }
        }
        _ => listed(&|it| ask.is(it)),
    };
    if found.is_empty() { Err(no_such_port(service, ask)) } else { Ok(found) }
}

/// A headless Service's port that it does not list: its name leads to the pods, whatever the port.
fn untranslated(number: u16, protocol: Protocol) -> ServicePort {
    ServicePort { name: Default::default(), protocol, number, target: TargetPort::Number(number), node_port: None }
}

fn no_such_port(service: &Service, ask: &PortAsk) -> Fault {
    let ports: Vec<String> = service.ports.iter().map(port_text).collect();
    let hint = match ports.is_empty() {
        true => "it lists no ports".to_owned(),
        false => format!("{}its ports are {}", other_meaning(service, ask).unwrap_or_default(), ports.join(", ")),
    };
    let asked = ask.to_string();
    let asked = if asked.is_empty() { "ports".to_owned() } else { format!("port {}", asked.trim_start_matches(':')) };
    Fault::new(format!("{} has no {asked}", service.id()), hint)
}

/// What a number is that is no port of the Service: where nodes take one in, or where a pod listens.
fn other_meaning(service: &Service, ask: &PortAsk) -> Option<String> {
    let PortAsk::Number { number, protocol } = ask else { return None };
    let target = TargetPort::Number(*number);
    if let Some(port) = service.of_node_port(*protocol, *number) {
        return Some(format!("{}; ", is_node_port_of(*protocol, *number, port)));
    }
    let port = service.ports.iter().find(|it| it.target == target && it.protocol == *protocol)?;
    Some(format!("{number}/{protocol} is the target port of port {}; ", port_text(port)))
}

/// `5432/TCP`, or `pg 5432/TCP` for a named port.
pub fn port_text(port: &ServicePort) -> String {
    let name = if port.name.is_empty() { String::new() } else { format!("{} ", port.name) };
    format!("{name}{}/{}", port.number, port.protocol)
}

/// The looking up of one Service's backends.
struct Lookup<'a, F> {
    cluster: &'a Cluster,
    directory: &'a F,
    service: &'a Arc<Service>,
}

impl<'d, F: Fn() -> &'d Directory> Lookup<'_, F> {
    /// The backends that EndpointSlices name; serving ones that terminate only when none is ready (KEP-1669).
    fn by_slices(&self, slices: &[&EndpointSlice], port: ServicePort, found: &mut Routes) -> Route {
        let candidates = self.candidates(slices, &port, found);
        let ready = |it: &Endpoint| it.ready || self.service.publishes_not_ready;
        let any_ready = candidates.iter().any(|(it, _, _)| ready(it));
        let usable = |it: &Endpoint| if any_ready { ready(it) } else { it.serving && it.terminating };
        let (used, unused): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|(it, _, _)| usable(it));
        let mut backends = Vec::new();
        for (endpoint, number, _) in &used {
            if let Some(member) = self.member(endpoint, found) {
                let family = Some(Family::of(canonical(endpoint.address)));
                backends.push(Backend {
                    member,
                    family,
                    protocol: port.protocol,
                    port: *number,
                    node: endpoint.node.clone(),
                });
            }
        }
        Route { backends: merged(backends), not_ready: unused.len(), port }
    }

    /// The endpoints of slices that have this port, each with its own number of it.
    fn candidates<'s>(
        &self,
        slices: &[&'s EndpointSlice],
        port: &ServicePort,
        found: &mut Routes,
    ) -> Vec<(Endpoint, Option<u16>, &'s EndpointSlice)> {
        let mut all = Vec::new();
        for slice in slices {
            let Some(number) = self.number_in(slice, port, found) else { continue };
            all.extend(slice.endpoints.iter().map(|it| (it, number, *slice)));
        }
        all
    }

    /// Which number a slice gives to a Service's port; `None` when it does not have it.
    fn number_in(&self, slice: &EndpointSlice, port: &ServicePort, found: &mut Routes) -> Option<Option<u16>> {
        let listed = slice.ports.iter().find(|it| it.name == port.name && it.protocol == port.protocol);
        if !self.service.headless {
            return listed.map(|it| it.number);
        }
        let own = listed.and_then(|it| it.number).unwrap_or(port.number);
        if own != port.number {
            found.notes.push(self.headless_note(port, own));
        }
        Some(Some(port.number))
    }

    /// S47.
    fn headless_note(&self, port: &ServicePort, own: u16) -> Evidence {
        let what = format!("headless: port {} is not translated to {own}", port.number);
        Evidence::note(self.service.id(), Place::new("spec.clusterIP"), what).by_rule("S47")
    }

    /// Whom an endpoint means: the pod that it names, or whoever holds its address (S49).
    fn member(&self, endpoint: &Endpoint, found: &mut Routes) -> Option<EndMember> {
        let address = canonical(endpoint.address);
        let namespace = &self.service.meta.namespace;
        if endpoint.pod.is_empty() {
            return Some(self.holder(address));
        }
        match self.cluster.pods.get(namespace, &endpoint.pod) {
            Some(pod) if pod.phase().is_finished() => None,
            Some(pod) => Some(EndMember::Pod(pod.clone())),
            None => {
                match uncovered(self.cluster, Kind::POD, namespace) {
                    Some(gap) => found.gaps.push(gap),
                    None => found.notes.push(Evidence::new(
                        Mark::Note,
                        format!(
                            "an endpoint of {} names pod/{namespace}/{}, which does not exist",
                            self.service.id(),
                            endpoint.pod
                        ),
                    )),
                }
                None
            }
        }
    }

    fn holder(&self, address: std::net::IpAddr) -> EndMember {
        let holders = (self.directory)().holders(address).iter();
        let objects = holders.filter_map(|it| match it {
            AddressOwner::Pod(pod) => Some(EndMember::Pod(pod.clone())),
            AddressOwner::Node(node) => Some(EndMember::Node(node.clone())),
            AddressOwner::Service(_) => None,
        });
        objects.into_iter().next().unwrap_or(EndMember::Address(address))
    }

    /// The pods that the selector selects and that are ready, as the endpoints controller would list them (CONTRACT §1).
    fn by_selector(&self, port: ServicePort, found: &mut Routes) -> Route {
        let mut route = Route { port, backends: Vec::new(), not_ready: 0 };
        if self.service.selector.is_empty() {
            return route;
        }
        found.gaps.extend(uncovered(self.cluster, Kind::POD, &self.service.meta.namespace));
        let what = "no EndpointSlices: the ready pods that it selects stand for its backends";
        found.notes.push(Evidence::note(self.service.id(), Place::new("spec.selector"), what));
        for pod in self.selected(&self.service.selector) {
            self.add_selected(pod, &mut route, found);
        }
        route
    }

    fn selected(&self, selector: &Labels) -> Vec<&SharedPod> {
        let here = self.cluster.pods.of(&self.service.meta.namespace).iter();
        here.filter(|it| !it.phase().is_finished() && it.labels().hold(selector)).collect()
    }

    fn add_selected(&self, pod: &SharedPod, route: &mut Route, found: &mut Routes) {
        let is_pending = pod.phase() == Phase::Pending && pod.addresses().is_empty();
        let waits = pod.is_unready() || is_pending && pod.origin() == PodSource::Listed;
        if waits && !self.service.publishes_not_ready {
            route.not_ready += 1;
            return;
        }
        let Some(own) = target_number(pod, &route.port) else {
            let what = format!("{} declares no port that spec.ports names: it is no backend", pod.id());
            found.notes.push(Evidence::note(pod.id(), Place::new("spec.containers"), what));
            return;
        };
        let number = if self.service.headless { route.port.number } else { own };
        if number != own {
            found.notes.push(self.headless_note(&route.port, own));
        }
        let (member, protocol) = (EndMember::Pod(pod.clone()), route.port.protocol);
        route.backends.push(Backend {
            member,
            family: self.only_family(),
            protocol,
            port: Some(number),
            node: Name::empty(),
        });
    }

    /// The family of the Service's addresses, when it has only one.
    fn only_family(&self) -> Option<Family> {
        let mut families = self.service.cluster_ips.iter().map(Family::of);
        let Some(first) = families.next() else { return self.service.only_family };
        families.all(|it| it == first).then_some(first)
    }
}

/// The pod's own number of a Service's port (S24, S26: regular containers, then sidecars).
fn target_number(pod: &Pod, port: &ServicePort) -> Option<u16> {
    let name = match &port.target {
        TargetPort::Number(number) => return Some(*number),
        TargetPort::Named(name) => name,
    };
    let fits = |it: &&crate::model::facts::ContainerPort| {
        it.name == *name && it.protocol == port.protocol && it.container != ContainerRole::Init
    };
    pod.ports().iter().find(fits).map(|it| it.number)
}

/// One backend for each member and port; a member in slices of both families has none of its own.
fn merged(backends: Vec<Backend>) -> Vec<Backend> {
    let mut all: BTreeMap<(String, Option<u16>), Backend> = BTreeMap::new();
    for backend in backends {
        let key = (backend.member.to_string(), backend.port);
        all.entry(key)
            .and_modify(|it| it.family = it.family.filter(|family| Some(*family) == backend.family))
            .or_insert(backend);
    }
    all.into_values().collect()
}
