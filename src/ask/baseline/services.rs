//! What a Service leads to, as far as policies see it: its pods, their ports, addresses outside.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::BaselineDraft;
use super::ports::NeededPort;
use super::units::NeededPeer;
use crate::manifests::PortRef;
use crate::model::address::canonical;
use crate::model::facts::{Pod, SharedPod};
use crate::model::name::Name;
use crate::model::port::Protocol;
use crate::model::service::{Service, ServicePort, TargetPort};
use crate::net::reach::Unit;

/// A target of a Service and the ports that it is reached on.
pub(super) type Targets = Vec<(NeededPeer, Vec<NeededPort>)>;

/// Which of a Service's ports are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum WhichPorts {
    All,
    /// The Service's own number.
    Number(u16),
    /// The Service's own name of it.
    Name(String),
    /// The target port itself, or the Service's own name of it: OpenShift's Route.
    Target(PortRef),
}

impl WhichPorts {
    fn is(&self, port: &ServicePort) -> bool {
        match self {
            WhichPorts::All => true,
            WhichPorts::Number(number) => port.number == *number,
            WhichPorts::Name(name) => port.name == *name.as_str(),
            WhichPorts::Target(PortRef::Name(name)) => {
                port.name == *name.as_str() || port.target == TargetPort::Named(name.as_str().into())
            }
            WhichPorts::Target(PortRef::Number(number)) => {
                port.target == TargetPort::Number(*number) || port.number == *number
            }
        }
    }
}

impl BaselineDraft<'_> {
    /// The targets of these ports of a Service; `None`: it has no such port.
    pub fn targets(&mut self, service: &Service, which: &WhichPorts) -> Option<Targets> {
        let mut ports: Vec<ServicePort> = service.ports.iter().filter(|it| which.is(it)).cloned().collect();
        match which {
            // Its name leads to the pods, whatever the port (S47).
            WhichPorts::Number(number) if ports.is_empty() && service.headless => ports.push(untranslated(*number)),
            WhichPorts::All => {}
            _ if ports.is_empty() => return None,
            _ => {}
        }
        let targets = match service.selector.is_empty() {
            false => self.by_selector(service, &ports),
            true => self.by_endpoints(service, &ports),
        };
        Some(targets)
    }

    fn by_selector(&mut self, service: &Service, ports: &[ServicePort]) -> Targets {
        let (selector, namespace) = (service.selector.clone(), service.meta.namespace.clone());
        let mut targets = Targets::new();
        for (unit, pods) in self.units.selected(&namespace, &|it: &Pod| it.labels().hold(&selector)) {
            for peer in self.units.part(&unit, &pods, &selector) {
                let own: BTreeSet<NeededPort> = ports.iter().flat_map(|it| of_port(service, it, peer, &pods)).collect();
                targets.push((peer, own.into_iter().collect()));
            }
        }
        targets
    }

    /// Of a Service without a selector whoever its slices name.
    fn by_endpoints(&mut self, service: &Service, ports: &[ServicePort]) -> Targets {
        let cluster = self.units.cluster.clone();
        let home = &service.meta.namespace;
        let slices = cluster.endpoint_slices.of(home).iter().filter(|it| *it.service() == service.meta.name);
        let mut targets = Targets::new();
        for slice in slices {
            let numbers = |port: &ServicePort| {
                let listed = slice.ports.iter().find(|it| it.name == port.name && it.protocol == port.protocol);
                listed.map(|it| it.number.map_or(NeededPort::All, |number| NeededPort::number(it.protocol, number)))
            };
            let own: Vec<NeededPort> = ports.iter().filter_map(numbers).collect();
            for endpoint in slice.endpoints.iter() {
                let address = canonical(endpoint.address);
                let pod = cluster.pods.get(home, &endpoint.pod).filter(|_| !endpoint.pod.is_empty());
                let held = || cluster.pods.iter().find(|it| it.is_governed() && it.has(address));
                match pod.or_else(held).filter(|it| it.is_governed()) {
                    Some(pod) => {
                        let unit = Unit::of_pod(&cluster, pod);
                        targets.extend(self.units.peers(&unit).into_iter().map(|it| (it, own.clone())));
                    }
                    None => targets.push((NeededPeer::Block(IpNet::from(address)), own.clone())),
                }
            }
        }
        targets
    }
}

fn untranslated(number: u16) -> ServicePort {
    let (name, target) = (Name::empty(), TargetPort::Number(number));
    ServicePort { name, protocol: Protocol::Tcp, number, target, node_port: None }
}

/// What a Service's port is on its pods; of a headless one clients ask for the port that it lists itself (S47).
fn of_port(service: &Service, port: &ServicePort, peer: NeededPeer, pods: &[SharedPod]) -> Vec<NeededPort> {
    let target = match &port.target {
        TargetPort::Number(number) => NeededPort::number(port.protocol, *number),
        TargetPort::Named(name) => NeededPort::Named(port.protocol, name.clone()),
    };
    let on_pods: Vec<_> = pods.iter().map(|it| target.of(Some(it))).collect();
    let is_declared = on_pods.iter().any(|it| !it.is_empty());
    let is_same = on_pods.iter().all(|it| it.contains(port.protocol, port.number));
    let mut own: Vec<NeededPort> = match (&target, peer) {
        // A name is one of the pods' own.
        (NeededPort::Named(..), NeededPeer::Block(_)) => on_pods.iter().flat_map(super::ports::ranges).collect(),
        _ if is_declared => vec![target],
        _ => Vec::new(),
    };
    if service.headless && !is_same {
        own.push(NeededPort::number(port.protocol, port.number));
    }
    own
}
