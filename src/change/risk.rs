//! Which of the flows that differ are to be read first: what was opened to or from where attackers are, or what they want.

use std::net::IpAddr;

use super::{DifferingFlow, FlowChange};
use crate::model::name::Name;
use crate::net::reach::{AddressRange, Unit};
use crate::net::whole_family;

/// Why a flow is worth more than others, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Risk {
    /// From most addresses of a family (0.0.0.0/0).
    FromInternet,
    /// To 169.254.169.254, where clouds hand out credentials.
    ToMetadata,
    ToInternet,
    KubeSystem,
    OtherNamespace,
    None,
}

/// Where clouds answer for the machine that asks.
const METADATA: [u8; 4] = [169, 254, 169, 254];

impl Risk {
    /// In words; empty for none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Risk::FromInternet => "from the internet",
            Risk::ToMetadata => "reaches the metadata address 169.254.169.254",
            Risk::ToInternet => "to the internet",
            Risk::KubeSystem => "kube-system",
            Risk::OtherNamespace => "across namespaces",
            Risk::None => "",
        }
    }
}

impl DifferingFlow {
    /// What makes it worth more than others.
    pub fn risk(&self) -> Risk {
        let space = |it: &Unit| namespace(it).cloned();
        let (from, to) = (space(&self.from), space(&self.to));
        let is_system = |it: &Option<Name>| it.as_deref() == Some("kube-system");
        match (&self.from, &self.to) {
            (Unit::Outside(ranges), _) if whole_family(ranges).is_some() => Risk::FromInternet,
            (_, Unit::Outside(ranges)) if has_metadata(ranges) => Risk::ToMetadata,
            (_, Unit::Outside(ranges)) if whole_family(ranges).is_some() => Risk::ToInternet,
            _ if is_system(&from) || is_system(&to) => Risk::KubeSystem,
            _ if from.is_some() && to.is_some() && from != to => Risk::OtherNamespace,
            _ => Risk::None,
        }
    }

    /// The order in which flows are read: what was opened, the worst first, then what may be, then what was closed.
    pub fn order(&self) -> (FlowOrder, Risk) {
        let order = match self.change {
            FlowChange::Opened => FlowOrder::Opened,
            FlowChange::Changed => FlowOrder::Changed,
            FlowChange::Unsure => FlowOrder::Unsure,
            FlowChange::Closed => FlowOrder::Closed,
        };
        (order, self.risk())
    }
}

/// Which sorts of flows are read first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FlowOrder {
    Opened,
    Changed,
    Unsure,
    Closed,
}

fn namespace(unit: &Unit) -> Option<&Name> {
    match unit {
        Unit::Pod(pod) => Some(&pod.namespace),
        Unit::Workload(workload) => Some(&workload.namespace),
        Unit::Namespace(name) => Some(name),
        Unit::Nodes(_) | Unit::Outside(_) => None,
    }
}

fn has_metadata(ranges: &[AddressRange]) -> bool {
    let address = IpAddr::from(METADATA);
    ranges.iter().any(|(first, last)| *first <= address && address <= *last)
}
