//! Services: what each has of its own, and how it is exposed, which it shares with many others.

use std::net::IpAddr;
use std::ops::Deref;

use ipnet::IpNet;
use triomphe::Arc;

use super::address::{AddressList, Family};
use super::fact::{Fact, FactIdentity};
use super::id::Kind;
use super::items::Items;
use super::labels::Labels;
use super::meta::Meta;
use super::name::Name;
use super::port::Protocol;

/// What a Service port points at on each backend.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TargetPort {
    Number(u16),
    Named(Name),
}

/// One port of a Service.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServicePort {
    /// Empty when unnamed.
    pub name: Name,
    pub protocol: Protocol,
    pub number: u16,
    pub target: TargetPort,
    /// Where every node takes it in; `None`: nowhere, or not said (S46).
    pub node_port: Option<u16>,
}

/// How a Service is reached.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ServiceType {
    #[default]
    ClusterIp,
    NodePort,
    LoadBalancer,
    /// A name outside (S48).
    ExternalName(Name),
}

/// How a Service is exposed: tens of thousands of Services differ in their names, addresses and selectors alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Exposure {
    pub service_type: ServiceType,
    /// `clusterIP: None`: names resolve to pod addresses, ports are not translated (S47).
    pub headless: bool,
    /// `externalIPs`: addresses at which nodes take it in.
    pub external_ips: Items<IpAddr>,
    /// The addresses of its load balancer.
    pub balancer_ips: Items<IpAddr>,
    /// `loadBalancerSourceRanges`: whom the load balancer lets in; empty: everybody.
    pub source_ranges: Items<IpNet>,
    /// The one family of `ipFamilies`, where its addresses do not tell.
    pub only_family: Option<Family>,
    pub ports: Items<ServicePort>,
    pub publishes_not_ready: bool,
    /// `internalTrafficPolicy: Local` (S52).
    pub internal_local: bool,
    /// `externalTrafficPolicy: Local` (S46).
    pub external_local: bool,
}

/// A Service.
///
/// It reads as the API writes it: `service.ports`, `service.headless`, …
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    pub meta: Meta,
    pub exposure: Arc<Exposure>,
    /// Empty for a headless one (`clusterIP: None`) and where none was given.
    pub cluster_ips: AddressList,
    /// Empty: no selector, endpoints are written by somebody else (S49).
    pub selector: Labels,
}

impl Deref for Service {
    type Target = Exposure;
    #[inline]
    fn deref(&self) -> &Exposure {
        &self.exposure
    }
}

impl Service {
    /// The addresses that are its own: of the cluster first, then those outside.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.cluster_ips.iter().chain(self.outer_addresses())
    }

    /// Those at which it takes in connections from outside the cluster.
    pub fn outer_addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.balancer_ips.iter().chain(self.external_ips.iter()).copied()
    }

    /// Whether connections from outside the cluster are taken in.
    pub fn is_exposed(&self) -> bool {
        self.has_node_ports() || self.outer_addresses().next().is_some()
    }

    /// Whether nodes take it in at ports of their own, listed or not.
    pub fn has_node_ports(&self) -> bool {
        matches!(self.service_type, ServiceType::NodePort | ServiceType::LoadBalancer)
    }

    /// Its port that nodes take in at this one.
    pub fn of_node_port(&self, protocol: Protocol, number: u16) -> Option<&ServicePort> {
        let is_it = |it: &&ServicePort| it.node_port == Some(number) && it.protocol == protocol;
        self.ports.iter().find(is_it).filter(|_| self.has_node_ports())
    }
}

impl Fact for Service {
    const KINDS: &'static [Kind] = &[Kind::SERVICE];

    fn identity(&self) -> FactIdentity<'_> {
        self.meta.identity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory is a feature: see docs/performance.md.
    #[test]
    fn a_service_is_small() {
        assert!(size_of::<Service>() <= 56, "{}", size_of::<Service>());
    }
}
