//! What stands beside an answer without changing it: where plugins deviate from what the API says, and what a
//! reader may stumble over (CONTRACT §3). Each note names its rule of the semantics list.

use super::verdict::{Considered, End, EndFacts, FamilyVerdict, Gate, GateReason, Verdict};
use crate::model::evidence::Outcome;
use crate::model::facts::ContainerRole;
use crate::model::name::Name;
use crate::model::policy::{Direction, PeerMatch, Tier};
use crate::model::port::{PortMatch, Protocol};

/// One note.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Note {
    /// An ipBlock decides about a pod's address: Cilium does not match pods with blocks.
    BlockHoldsPod,
    /// A range of ports decides: plugins that lack endPort apply its first port only.
    EndPort,
    /// SCTP is not enforced by every plugin.
    Sctp,
    /// The name is declared by a sidecar: plugins before Kubernetes 1.32 may not see it.
    SidecarPort,
    /// The name is declared by a plain init container: plugins differ.
    InitPort,
    /// A pod on the host network is judged as its node.
    HostNetwork,
    /// A pod and its own node may always talk.
    OwnNode,
    /// A pod cannot be shut off from itself; through its Service, plugins differ.
    Itself,
    /// Another node's traffic is not exempt: the API server and probes from elsewhere need a rule.
    OtherNode,
    /// A block decides about an outside source, and its address may be rewritten on the way.
    SourceRewritten,
    /// Connections that stand when policies change may go on.
    StandingConnections,
    /// The pod has no address yet: it is judged as it would run.
    NoAddressYet,
    /// The pod is terminating, and still counts.
    Terminating,
    /// No container declares the port; that does not close it.
    NotDeclared,
    /// The families answer differently; the destination's first decides.
    FamiliesDiffer,
    /// A MultiNetworkPolicy selects an end: it is about other interfaces.
    OtherInterfaces,
}

impl Note {
    /// The rule of the semantics list that it comes from; empty: the list has none.
    pub const fn rule(self) -> &'static str {
        match self {
            Note::BlockHoldsPod => "S33",
            Note::EndPort => "S27",
            Note::Sctp => "S28",
            Note::SidecarPort | Note::InitPort => "S26",
            Note::HostNetwork => "S37",
            Note::OwnNode => "S41",
            Note::Itself => "S20",
            Note::OtherNode => "S42",
            Note::SourceRewritten => "S36",
            Note::StandingConnections => "S44",
            Note::NoAddressYet => "S40",
            Note::Terminating => "S39",
            Note::NotDeclared => "S29",
            Note::FamiliesDiffer => "S35",
            Note::OtherInterfaces => "",
        }
    }

    /// The note in one clause.
    pub const fn what(self) -> &'static str {
        match self {
            Note::BlockHoldsPod => "an ipBlock decides about a pod's address; Cilium does not match pods with blocks",
            Note::EndPort => "a port range decides; a plugin without endPort applies only its first port",
            Note::Sctp => "not every plugin enforces SCTP",
            Note::SidecarPort => "the port's name is a sidecar's; plugins before Kubernetes 1.32 may not see it",
            Note::InitPort => "the port's name is a plain init container's; plugins differ",
            Note::HostNetwork => "a pod on the host network is judged as its node",
            Note::OwnNode => "a pod and its own node can always talk",
            Note::Itself => "a pod can always reach itself; through its Service plugins differ",
            Note::OtherNode => "only a pod's own node is exempt from policies, this is another",
            Note::SourceRewritten => {
                "a block decides about an outside source, whose address may be rewritten on the way"
            }
            Note::StandingConnections => "established connections may survive a policy change",
            Note::NoAddressYet => "no address yet: judged as it would run",
            Note::Terminating => "the pod is terminating and still counts",
            Note::NotDeclared => "no container declares this port, which does not close it",
            Note::FamiliesDiffer => "the address families answer differently; the destination's first decides",
            Note::OtherInterfaces => {
                "a MultiNetworkPolicy selects this pod: it is about other network interfaces than the one asked about"
            }
        }
    }
}

impl Verdict {
    /// All notes that belong to this answer, in order.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        for end in [&self.from, &self.to] {
            notes.extend(of_end(end));
        }
        if let Some(family) = self.families.first() {
            for gate in [&family.egress, &family.ingress] {
                notes.extend(of_why(gate));
                notes.extend(gate.policies.iter().flat_map(|it| self.of_policy(gate, it)));
            }
            notes.extend(self.of_family(family));
        }
        notes.extend(self.families_differ().then_some(Note::FamiliesDiffer));
        notes.extend(self.has_other_interfaces.then_some(Note::OtherInterfaces));
        notes.sort_unstable();
        notes.dedup();
        notes
    }

    fn of_family(&self, family: &FamilyVerdict) -> Vec<Note> {
        let mut notes = Vec::new();
        let has_sctp = family.egress.policies.iter().chain(&family.ingress.policies).next().is_some();
        let governed = family.ingress.why == GateReason::Policies;
        if has_sctp && self.port.is_some_and(|it| it.0 == Protocol::Sctp) {
            notes.push(Note::Sctp);
        }
        if governed && self.from.is_node_like() && !self.is_own_node() {
            notes.push(Note::OtherNode);
        }
        if self.outcome() == Outcome::Deny {
            notes.push(Note::StandingConnections);
        }
        if let (Some(pod), Some((protocol, number)), Outcome::Allow) = (&self.to.pod, self.port, self.outcome()) {
            let is_declared = pod.ports().iter().any(|it| it.protocol == protocol && it.number == number);
            notes.extend((!is_declared).then_some(Note::NotDeclared));
        }
        notes
    }

    /// Whether the source is the destination's own node, or on it: what is no policy may govern such a pair, too.
    fn is_own_node(&self) -> bool {
        matches!((self.from.node_name(), self.to.node_name()), (Some(a), Some(b)) if a == b && !a.is_empty())
    }

    /// What a fitting rule rests on.
    fn of_policy(&self, gate: &Gate, considered: &Considered) -> Vec<Note> {
        let mut notes = Vec::new();
        let (Some(rule), Some(peer), Some(fit)) = (considered.rule(), considered.peer(), considered.fit) else {
            return notes;
        };
        let (is_inward, other) = match gate.direction {
            Direction::Ingress => (true, &self.from),
            Direction::Egress => (false, &self.to),
        };
        if let PeerMatch::Block(_) = &peer.matches {
            let is_outside = other.pod.is_none() && other.node.is_none();
            notes.extend(other.is_governed().then_some(Note::BlockHoldsPod));
            notes.extend((is_outside && is_inward).then_some(Note::SourceRewritten));
        }
        match rule.ports.get(fit.port) {
            Some(PortMatch::Range { first, last, .. })
                if first != last && considered.policy.tier == Tier::Namespace =>
            {
                notes.push(Note::EndPort);
            }
            Some(PortMatch::Named { protocol, name }) => {
                let ports = self.to.pod.iter().flat_map(|it| it.ports().iter());
                let named = ports.filter(|it| it.name == *name && it.protocol == *protocol);
                notes.extend(named.filter_map(|it| match it.container {
                    ContainerRole::Sidecar => Some(Note::SidecarPort),
                    ContainerRole::Init => Some(Note::InitPort),
                    ContainerRole::Regular => None,
                }));
            }
            _ => {}
        }
        notes
    }
}

impl EndFacts {
    /// Whether it is a node, or is one to policies.
    fn is_node_like(&self) -> bool {
        self.is_host_network() || self.pod.is_none() && self.node.is_some()
    }

    /// The node that it is, or is on; empty while it is on none.
    fn node_name(&self) -> Option<&Name> {
        match (&self.end, &self.pod) {
            (End::Node(name), _) => Some(name),
            (_, pod) => pod.as_ref().map(|it| it.node()),
        }
    }
}

fn of_end(end: &EndFacts) -> Vec<Note> {
    let mut notes = Vec::new();
    let Some(pod) = &end.pod else { return notes };
    if end.is_host_network() {
        notes.push(Note::HostNetwork);
    } else if pod.addresses().is_empty() {
        notes.push(Note::NoAddressYet);
    }
    notes.extend(pod.is_terminating().then_some(Note::Terminating));
    notes
}

fn of_why(gate: &Gate) -> Option<Note> {
    match gate.why {
        GateReason::OwnNode => Some(Note::OwnNode),
        GateReason::Itself => Some(Note::Itself),
        GateReason::HostNetwork => Some(Note::HostNetwork),
        GateReason::Outside
        | GateReason::Node
        | GateReason::NotIsolated
        | GateReason::Policies
        | GateReason::NotJudged => None,
    }
}
