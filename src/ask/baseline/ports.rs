//! Ports of needed flows: numbers, names that stay names, or all.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kinds::written_policy;
use crate::model::facts::{ContainerRole, Pod, SharedPod};
use crate::model::name::Name;
use crate::model::port::{PortMatch, PortSet, Protocol};

/// What of a target is needed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum NeededPort {
    /// Every port of every protocol.
    All,
    Range(Protocol, u16, u16),
    /// The ports that a pod declares so.
    Named(Protocol, Name),
}

impl NeededPort {
    pub fn number(protocol: Protocol, number: u16) -> Self {
        NeededPort::Range(protocol, number, number)
    }

    /// What of it a pod has; of what is no pod names mean nothing.
    pub fn of(&self, pod: Option<&Pod>) -> PortSet {
        match self {
            NeededPort::All => PortSet::all(),
            NeededPort::Range(protocol, first, last) => PortSet::range(*protocol, *first, *last),
            NeededPort::Named(protocol, name) => {
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
            NeededPort::All | NeededPort::Range(..) => written_policy::ports(&self.of(None)),
            NeededPort::Named(protocol, name) => {
                vec![written_policy::port(&PortMatch::Named { protocol: *protocol, name: name.clone() })]
            }
        }
    }

    /// `TCP 80`, `TCP http`.
    pub fn words(&self) -> String {
        match self {
            NeededPort::All => "all ports".to_owned(),
            NeededPort::Range(protocol, 1, u16::MAX) => format!("all {protocol} ports"),
            NeededPort::Range(protocol, first, last) if first == last => format!("{protocol} {first}"),
            NeededPort::Range(protocol, first, last) => format!("{protocol} {first}-{last}"),
            NeededPort::Named(protocol, name) => format!("{protocol} {name}"),
        }
    }
}

/// Ports without those that others of them hold.
pub(super) fn least(ports: &BTreeSet<NeededPort>) -> Vec<NeededPort> {
    if ports.contains(&NeededPort::All) {
        return vec![NeededPort::All];
    }
    let whole = |protocol: Protocol| ports.contains(&NeededPort::Range(protocol, 1, u16::MAX));
    let is_held = |it: &&NeededPort| match it {
        NeededPort::All | NeededPort::Range(_, 1, u16::MAX) => false,
        NeededPort::Range(protocol, ..) | NeededPort::Named(protocol, _) => whole(*protocol),
    };
    ports.iter().filter(|it| !is_held(it)).cloned().collect()
}

/// The ports of a set as ranges.
pub(super) fn ranges(set: &PortSet) -> Vec<NeededPort> {
    if set.is_all() {
        return vec![NeededPort::All];
    }
    let of = |protocol: Protocol| set.of(protocol).iter().map(move |it| NeededPort::Range(protocol, it.0, it.1));
    Protocol::ALL.into_iter().flat_map(of).collect()
}

/// The numbers of all of them on these pods.
pub(super) fn concrete(ports: &BTreeSet<NeededPort>, pods: &[SharedPod]) -> PortSet {
    let on = |pod: Option<&Pod>| ports.iter().map(|it| it.of(pod)).collect::<Vec<_>>();
    let sets: Vec<PortSet> = match pods {
        [] => on(None),
        pods => pods.iter().flat_map(|it| on(Some(it))).collect(),
    };
    PortSet::union_of(&sets)
}

/// `TCP 80, UDP 53`.
pub(super) fn words(ports: &[NeededPort]) -> String {
    ports.iter().map(NeededPort::words).collect::<Vec<_>>().join(", ")
}
