//! Ports of needed flows: numbers, names that stay names, or all.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::change::fix::wire;
use crate::model::facts::{ContainerRole, Pod, SharedPod};
use crate::model::name::Name;
use crate::model::port::{PortSet, Protocol};

/// What of a target is needed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Port {
    /// Every port of every protocol.
    All,
    Range(Protocol, u16, u16),
    /// The ports that a pod declares so.
    Named(Protocol, Name),
}

impl Port {
    pub fn number(protocol: Protocol, number: u16) -> Self {
        Port::Range(protocol, number, number)
    }

    /// What of it a pod has; of what is no pod names mean nothing.
    pub fn of(&self, pod: Option<&Pod>) -> PortSet {
        match self {
            Port::All => PortSet::all(),
            Port::Range(protocol, first, last) => PortSet::range(*protocol, *first, *last),
            Port::Named(protocol, name) => {
                let mut set = PortSet::none();
                let declared = pod.into_iter().flat_map(|it| it.ports().iter());
                let is_it = |it: &&crate::model::facts::ContainerPort| {
                    it.name == *name && it.protocol == *protocol && it.container != ContainerRole::Init
                };
                declared.filter(is_it).for_each(|it| set.insert(*protocol, it.number, it.number));
                set
            }
        }
    }

    /// As a NetworkPolicy writes it; nothing for all.
    pub fn json(&self) -> Vec<Value> {
        match self {
            Port::All | Port::Range(..) => wire::ports(&self.of(None)),
            Port::Named(protocol, name) => vec![json!({"protocol": protocol.as_str(), "port": name.as_str()})],
        }
    }

    /// `TCP 80`, `TCP http`.
    pub fn words(&self) -> String {
        match self {
            Port::All => "all ports".to_owned(),
            Port::Range(protocol, 1, u16::MAX) => format!("all {protocol} ports"),
            Port::Range(protocol, first, last) if first == last => format!("{protocol} {first}"),
            Port::Range(protocol, first, last) => format!("{protocol} {first}-{last}"),
            Port::Named(protocol, name) => format!("{protocol} {name}"),
        }
    }
}

/// Ports without those that others of them hold.
pub(super) fn least(ports: &BTreeSet<Port>) -> Vec<Port> {
    if ports.contains(&Port::All) {
        return vec![Port::All];
    }
    let whole = |protocol: Protocol| ports.contains(&Port::Range(protocol, 1, u16::MAX));
    let is_held = |it: &&Port| match it {
        Port::All | Port::Range(_, 1, u16::MAX) => false,
        Port::Range(protocol, ..) | Port::Named(protocol, _) => whole(*protocol),
    };
    ports.iter().filter(|it| !is_held(it)).cloned().collect()
}

/// The ports of a set as ranges.
pub(super) fn ranges(set: &PortSet) -> Vec<Port> {
    if set.is_all() {
        return vec![Port::All];
    }
    let of = |protocol: Protocol| set.of(protocol).iter().map(move |it| Port::Range(protocol, it.0, it.1));
    Protocol::ALL.into_iter().flat_map(of).collect()
}

/// The numbers of all of them on these pods.
pub(super) fn concrete(ports: &BTreeSet<Port>, pods: &[SharedPod]) -> PortSet {
    let on = |pod: Option<&Pod>| ports.iter().map(|it| it.of(pod)).collect::<Vec<_>>();
    let sets: Vec<PortSet> = match pods {
        [] => on(None),
        pods => pods.iter().flat_map(|it| on(Some(it))).collect(),
    };
    PortSet::union_of(&sets)
}

/// `TCP 80, UDP 53`.
pub(super) fn words(ports: &[Port]) -> String {
    ports.iter().map(Port::words).collect::<Vec<_>>().join(", ")
}
