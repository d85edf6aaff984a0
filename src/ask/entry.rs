//! Where a connection enters a Service, and whom that lets in before any policy is asked (CONTRACT §2).
//!
//! ```text
//! svc/shop/web, 10.96.0.40     from within the cluster: straight to the backends; from outside by name: as below
//! 203.0.113.50                 its load balancer (loadBalancerSourceRanges) or an external address
//! node/n1:30080                its node port at that node (externalTrafficPolicy)
//! ```
//!
//! Nothing here asks a policy; `judge` does, for each backend that is left.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::model::address::{Family, canonical};
use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::facts::{Fact as _, Service, ServicePort, ServiceType};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::port::Protocol;
use crate::net::reach::AddressRange;
use crate::text::Mark;
use crate::text::evidence::Evidence;

use super::backends::port_text;
use super::member::EndMember;
use super::pair::PairTarget;

/// A Service, and where it is entered.
#[derive(Clone, PartialEq, Debug)]
pub struct ServiceFront {
    pub service: Arc<Service>,
    pub entry: ServiceEntry,
}

/// Where a Service is entered, as the question says it.
#[derive(Clone, PartialEq, Debug)]
pub enum ServiceEntry {
    /// By its name: where that leads depends on who asks.
    Name,
    ClusterAddress(IpAddr),
    ExternalAddress(IpAddr),
    LoadBalancer(IpAddr),
    /// At a port of this node; with the address that was typed, if one was.
    NodePort {
        node: Name,
        address: Option<IpAddr>,
        number: u16,
    },
}

/// The way that a source's connection takes.
#[derive(Clone, PartialEq, Debug)]
pub enum EntryWay {
    /// Its node sends it to a backend (S45, S52).
    Within,
    /// Through some node, or a load balancer before it (S46).
    AnyNode,
    /// Through this node (S46).
    Node(Name),
    /// It is not let in.
    Refused(Evidence),
    /// Plugins and load balancers differ on whether it is let in.
    Unsure(Gap),
}

impl ServiceFront {
    /// Entered by its name.
    pub fn named(service: Arc<Service>) -> Self {
        Self { service, entry: ServiceEntry::Name }
    }

    /// Entered at this address of its own.
    pub fn at(service: Arc<Service>, address: IpAddr) -> Self {
        let has = |all: &[IpAddr]| all.iter().any(|it| canonical(*it) == address);
        let entry = match () {
            () if has(&service.balancer_ips) => ServiceEntry::LoadBalancer(address),
            () if has(&service.external_ips) => ServiceEntry::ExternalAddress(address),
            () => ServiceEntry::ClusterAddress(address),
        };
        Self { service, entry }
    }

    /// The family of the address at which it is entered: then no other counts.
    pub fn family(&self) -> Option<Family> {
        self.address().map(Family::of)
    }

    /// The address at which it is entered, where the question says one.
    pub fn address(&self) -> Option<IpAddr> {
        match &self.entry {
            ServiceEntry::Name => None,
            ServiceEntry::ClusterAddress(it) | ServiceEntry::ExternalAddress(it) | ServiceEntry::LoadBalancer(it) => {
                Some(*it)
            }
            ServiceEntry::NodePort { address, .. } => *address,
        }
    }

    /// The way that connections of this source take.
    pub fn way(&self, source: &EndMember) -> EntryWay {
        let is_outside = source.is_outside();
        match &self.entry {
            ServiceEntry::Name | ServiceEntry::ClusterAddress(_) if !is_outside => EntryWay::Within,
            ServiceEntry::Name => self.usual_way(source),
            ServiceEntry::ClusterAddress(address) => EntryWay::Refused(self.is_within(*address)),
            ServiceEntry::ExternalAddress(_) => EntryWay::AnyNode,
            ServiceEntry::LoadBalancer(_) => self.balanced(source),
            ServiceEntry::NodePort { node, .. } => EntryWay::Node(node.clone()),
        }
    }

    /// From outside by name: its load balancer or external addresses, else its node ports.
    fn usual_way(&self, source: &EndMember) -> EntryWay {
        let it = &self.service;
        let is_balanced = self.is_balanced();
        match self.balanced(source) {
            way if is_balanced && (way == EntryWay::AnyNode || it.external_ips.is_empty()) => way,
            _ if !it.external_ips.is_empty() || it.has_node_ports() => EntryWay::AnyNode,
            _ => EntryWay::Refused(self.evidence("spec.type", format!("reachable from {ANNOUNCED}"))),
        }
    }

    fn is_within(&self, address: IpAddr) -> Evidence {
        self.evidence("spec.clusterIPs", format!("{address} is reachable from {ANNOUNCED}"))
    }

    /// Through its load balancer; of sources within the cluster implementations ask the ranges, or do not.
    fn balanced(&self, source: &EndMember) -> EntryWay {
        let ranges = &self.service.source_ranges;
        let addresses = source.addresses();
        let is_in = |address: &IpAddr| ranges.iter().any(|it| it.contains(address));
        let counts = |it: &IpAddr| self.family().is_none_or(|family| Family::of(*it) == family);
        if ranges.is_empty() || addresses.iter().filter(|it| counts(it)).any(is_in) {
            return EntryWay::AnyNode;
        }
        let what = format!("no range of {} holds {source}", listed(ranges));
        if source.is_outside() {
            return EntryWay::Refused(self.evidence("spec.loadBalancerSourceRanges", what));
        }
        let what = format!(
            "loadBalancerSourceRanges: {what}; not every load balancer asks them of sources within the cluster"
        );
        EntryWay::Unsure(Gap::Undefined { rule: "S46", what: what.into() })
    }

    /// The parts of ranges outside from which it can be entered at all.
    pub fn let_in(&self, ranges: &[AddressRange]) -> Vec<AddressRange> {
        let asked = &self.service.source_ranges;
        let asks = match &self.entry {
            ServiceEntry::LoadBalancer(_) => true,
            ServiceEntry::Name => self.is_balanced() && self.service.external_ips.is_empty(),
            _ => false,
        };
        if asks && !asked.is_empty() {
            let parts = ranges.iter().flat_map(|range| asked.iter().filter_map(|it| shared(*range, *it)));
            return parts.collect();
        }
        let is_refused = |it: &AddressRange| matches!(self.way(&EndMember::Address(it.0)), EntryWay::Refused(_));
        ranges.iter().filter(|it| !is_refused(it)).copied().collect()
    }

    fn is_balanced(&self) -> bool {
        self.service.service_type == ServiceType::LoadBalancer || !self.service.balancer_ips.is_empty()
    }

    fn evidence(&self, place: &str, what: String) -> Evidence {
        Evidence::at(Mark::Deny, self.service.id(), Place::new(place), what)
    }

    /// What to know of a way in from outside: what may stand in front, and what other ways there are.
    pub fn notes(&self, source: &EndMember) -> Option<Evidence> {
        if !source.is_outside() || matches!(self.entry, ServiceEntry::NodePort { .. }) {
            return None;
        }
        let note = |place: &str, what: String| Some(Evidence::note(self.service.id(), Place::new(place), what));
        let is_refused = matches!(self.way(source), EntryWay::Refused(_));
        let has_others = self.service.outer_addresses().next().is_some();
        match (self.usual_way(source), is_refused) {
            (EntryWay::Refused(_), _) if self.service.has_node_ports() => note(
                "spec.ports",
                format!("{} another way in, which does not ask loadBalancerSourceRanges", self.node_ports()),
            ),
            (EntryWay::AnyNode, true) => note("", "it can be entered from outside: ask for it by its name".to_owned()),
            (_, true) => note("", "an Ingress or a Gateway may stand in front of it: ask about its pods".to_owned()),
            (EntryWay::AnyNode, _) if self.service.has_node_ports() && has_others => {
                note("spec.ports", format!("{} another way in", self.node_ports()))
            }
            _ => None,
        }
    }

    fn node_ports(&self) -> String {
        let ports = self.service.ports.iter().filter_map(|it| Some(format!("{}/{}", it.node_port?, it.protocol)));
        let ports: Vec<String> = ports.collect();
        match ports.as_slice() {
            [] => "node ports are".to_owned(),
            [only] => format!("node port {only} is"),
            several => format!("node ports {} are", several.join(", ")),
        }
    }

    /// Whether a backend surely gets nothing of this source: it runs on another node than the one that keeps to its own.
    pub fn keeps_apart(&self, source: &EndMember, backend: &PairTarget) -> bool {
        let is_elsewhere = |here: &str| !here.is_empty() && !backend.node().is_empty() && here != backend.node();
        match self.way(source) {
            EntryWay::Within => self.service.internal_local && is_elsewhere(source.node()),
            EntryWay::Node(node) => self.service.external_local && source.is_outside() && is_elsewhere(&node),
            _ => false,
        }
    }

    /// Whether a backend runs on the node at whose port it is entered.
    pub fn is_local(&self, backend: &PairTarget) -> bool {
        matches!(&self.entry, ServiceEntry::NodePort { node, .. } if *node == *backend.node())
    }

    /// Whether a backend that is not kept apart may be: a node may serve sources within the cluster by another rule,
    /// and where the backend runs may not be known.
    pub fn may_keep_apart(&self, backend: &PairTarget) -> bool {
        let is_entered = matches!(self.entry, ServiceEntry::NodePort { .. });
        is_entered && self.service.external_local && !self.is_local(backend)
    }

    /// Why there is no backend to connect to: none runs on the node that is entered.
    pub fn no_local_backend(&self) -> Option<Evidence> {
        let ServiceEntry::NodePort { node, .. } = &self.entry else { return None };
        let what = format!("no ready backend runs on node/{node} (externalTrafficPolicy: Local)");
        self.service.external_local.then(|| self.evidence("spec.externalTrafficPolicy", what).by_rule("S46"))
    }
}

/// What a range and a block have in common.
fn shared((first, last): AddressRange, block: IpNet) -> Option<AddressRange> {
    let is_of_one_family = Family::of(first) == Family::of(block.addr());
    let both = (first.max(block.network()), last.min(block.broadcast()));
    Some(both).filter(|it| is_of_one_family && it.0 <= it.1)
}

const ANNOUNCED: &str = "within the cluster only (some clusters announce such addresses)";

fn listed(ranges: &[IpNet]) -> String {
    let shown: Vec<String> = ranges.iter().take(3).map(ToString::to_string).collect();
    let more = if ranges.len() > 3 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The Services that nodes take in at this port, each with its own port of it; mostly none or one.
pub fn at_node_port(cluster: &Cluster, protocol: Protocol, number: u16) -> Vec<(&Service, &ServicePort)> {
    cluster.services.iter().filter_map(|it| Some((&**it, it.of_node_port(protocol, number)?))).collect()
}

/// `30080/TCP is the node port of port 80/TCP`.
pub fn is_node_port_of(protocol: Protocol, number: u16, port: &ServicePort) -> String {
    format!("{number}/{protocol} is the node port of port {}", port_text(port))
}
