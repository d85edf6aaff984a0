//! Rules that did not fit, and what would have made them fit: the other half of a "no".
//!
//! ```text
//! networkpolicy/shop/allow-web spec.ingress[0]: label app is "api", not "web"; port is TCP 8080, not TCP 80
//! ```
//!
//! Made only when shown: a verdict holds the objects that this reads. With a port asked, rules that open it come before
//! all others (CONTRACT §3); then, the fewer things a rule lacks, the nearer.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::verdict::{EndFacts, Gate, Port, Tri, Verdict};
use crate::model::address::{Block, Family, canonical};
use crate::model::cluster::{Cluster, METADATA_NAME};
use crate::model::facts::{ContainerRole, EndpointSlice, Fact, NamespaceLabels, Pod, PodNetwork, Service, TargetPort};
use crate::model::id::{Kind, ObjectId};
use crate::model::labels::{NamespaceMatch, Operator, Requirement, SelectorSet};
use crate::model::name::{JoinedName, Name};
use crate::model::place::Place;
use crate::model::policy::{Direction, Peer, PeerMatch, Policy, Rule};
use crate::model::port::PortMatch;

/// One thing that keeps a rule from fitting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mismatch {
    /// The policy isolates and has no rule in this direction.
    NoRule,
    /// The rule has no peer, or no port, that was understood.
    Nothing,
    /// The pod's label is not as required; `found` is what it has.
    PodLabel { requirement: Requirement, found: Option<Name> },
    /// The label of the pod's namespace is not as required.
    NamespaceLabel { requirement: Requirement, found: Option<Name>, undefined: Option<UndefinedNamespace> },
    /// The labels of the pod's namespace are not known, so neither is whether this one is as required.
    NamespaceUnread { requirement: Requirement, namespace: Name },
    /// A pod selector alone means the policy's own namespace (S13).
    OtherNamespace { wanted: Name, found: Name },
    /// Selectors hold pods, and this end is none, or is one on the host network (S16, S38).
    NotAPod,
    /// The address is outside the block, or in one of its holes.
    NotInBlock { cidr: IpNet, hole: Option<IpNet>, address: Option<IpAddr> },
    /// The block is of the other address family (S35).
    OtherFamily { cidr: IpNet },
    /// The end is not one of these nodes.
    NotTheseNodes,
    /// The port number is not what the rule opens.
    OtherPort { opens: PortMatch },
    /// The number is right and the protocol is not.
    OtherProtocol { opens: PortMatch },
    /// The destination declares no port of this name and protocol (S24).
    NotDeclared { opens: PortMatch },
    /// It declares it, as other numbers than the one asked for.
    DeclaredElsewhere { opens: PortMatch, numbers: Vec<u16> },
}

/// A namespace that objects mention and nothing defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UndefinedNamespace {
    /// The pod's own, so that it has no label but its name.
    OfPod(Name),
    /// The one that the rule names.
    Wanted(Name),
}

/// What the author of a rule may have meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hint {
    /// The rule opens the Service's own port; policies see the port behind it (S23).
    TargetPort { service: ObjectId, port: u16, target: u16 },
    /// The block holds the address of a Service in front of the pod; policies see the pods behind it (S45).
    ServiceAddress { service: ObjectId, address: IpAddr },
    /// One element has both selectors, which is "and", and only one of them fits (S15).
    MeantOr,
}

/// A rule that did not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Miss {
    pub policy: ObjectId,
    /// The peer that came closest, else the rule, else nothing.
    pub place: Place,
    pub lacks: Vec<Mismatch>,
    pub hint: Option<Hint>,
}

impl Gate {
    /// The rules that did not fit: those that open the port that was asked for come first, then the nearest; a policy
    /// without rules comes last.
    ///
    /// Only for the tier in which what no rule allows is denied.
    pub fn misses(&self, cluster: &Cluster, verdict: &Verdict) -> Vec<Miss> {
        let peer = match self.direction {
            Direction::Egress => &verdict.to,
            Direction::Ingress => &verdict.from,
        };
        let Some(family) = verdict.families.first().map(|it| it.family) else { return Vec::new() };
        let case = MissedRules { cluster, peer, to: &verdict.to, family, port: verdict.port };
        let isolating = self.policies.iter().filter(|it| it.isolates && it.gap.is_none());
        let unfit = isolating.filter(|it| it.fit.is_none_or(|it| it.fits != Tri::Yes));
        let mut misses: Vec<Miss> = unfit.flat_map(|it| case.of_policy(&it.policy, self.direction)).collect();
        let is_asked = verdict.port.is_some();
        let rank =
            |it: &Miss| (it.lacks.contains(&Mismatch::NoRule), is_asked && it.is_of_other_ports(), it.lacks.len());
        misses.sort_by_key(rank);
        misses
    }
}

/// The flow that rules did not fit, from the side of the gate's other end.
struct MissedRules<'a> {
    cluster: &'a Cluster,
    peer: &'a EndFacts,
    to: &'a EndFacts,
    family: Family,
    port: Option<Port>,
}

impl MissedRules<'_> {
    fn of_policy(&self, policy: &Policy, direction: Direction) -> Vec<Miss> {
        let rules: Vec<&Rule> = policy.rules_of(direction).map(|(_, rule)| rule).collect();
        if rules.is_empty() {
            let place = Place::new(format!("spec.{}", direction.as_str()));
            return vec![Miss { policy: policy.id(), place, lacks: vec![Mismatch::NoRule], hint: None }];
        }
        rules.into_iter().map(|rule| self.of_rule(policy, rule)).filter(|it| !it.lacks.is_empty()).collect()
    }

    fn of_rule(&self, policy: &Policy, rule: &Rule) -> Miss {
        let peers = rule.peers.iter().map(|it| (self.of_peer(it), it));
        let peers = peers.map(|(lacks, peer)| (self.hint(peer, &lacks), lacks, peer));
        let nearest = peers.min_by_key(|(hint, lacks, _)| (lacks.len(), hint.is_none()));
        let (mut lacks, place, hint) = match nearest {
            Some((hint, lacks, peer)) => (lacks, peer.place.clone(), hint),
            None => (vec![Mismatch::Nothing], rule.place.clone(), None),
        };
        let ports = rule.ports.iter().map(|it| self.of_port(it)).min_by_key(Option::is_some);
        let port = ports.unwrap_or(Some(Mismatch::Nothing));
        let hint = port.as_ref().and_then(|it| self.target_port(it)).or(hint);
        lacks.extend(port);
        Miss { policy: policy.id(), place, lacks, hint }
    }

    /// What keeps a peer from holding the other end.
    fn of_peer(&self, peer: &Peer) -> Vec<Mismatch> {
        match &peer.matches {
            PeerMatch::Anyone => Vec::new(),
            PeerMatch::Pods(set) => match self.peer.pod.as_deref().filter(|it| it.network() == PodNetwork::Own) {
                Some(pod) => self.of_set(set, pod),
                None => vec![Mismatch::NotAPod],
            },
            PeerMatch::Block(block) => self.of_block(block).into_iter().collect(),
            PeerMatch::Nodes(selector) => {
                let is_one = self.peer.node.as_ref().is_some_and(|it| selector.matches(&it.labels));
                if is_one { Vec::new() } else { vec![Mismatch::NotTheseNodes] }
            }
        }
    }

    fn of_set(&self, set: &SelectorSet, pod: &Pod) -> Vec<Mismatch> {
        let mut lacks = Vec::new();
        match &set.namespaces {
            NamespaceMatch::Own(name) if *name != *pod.namespace() => {
                let (wanted, found) = (name.clone(), pod.namespace().clone());
                lacks.push(Mismatch::OtherNamespace { wanted, found });
            }
            NamespaceMatch::Own(_) => {}
            NamespaceMatch::Labels(selector) => {
                lacks.extend(selector.all_of.iter().filter_map(|it| self.of_namespace(it, pod.namespace())));
            }
        }
        lacks.extend(unmet(&set.pods.all_of, pod));
        lacks
    }

    /// What keeps the namespace of the other end from meeting a requirement, or may.
    fn of_namespace(&self, requirement: &Requirement, namespace: &Name) -> Option<Mismatch> {
        let found = match &self.peer.namespace {
            _ if requirement.key == METADATA_NAME => Some(namespace.clone()),
            NamespaceLabels::Known(labels) => labels.get(&requirement.key).cloned(),
            NamespaceLabels::NameOnly => {
                let (requirement, namespace) = (requirement.clone(), namespace.clone());
                return Some(Mismatch::NamespaceUnread { requirement, namespace });
            }
        };
        let is_met = requirement.matches_value(found.as_deref());
        let undefined = self.undefined(requirement, namespace);
        (!is_met).then(|| Mismatch::NamespaceLabel { requirement: requirement.clone(), found, undefined })
    }

    /// Whether what is not held is known not to exist: files, where a namespace may be mentioned and not defined.
    fn is_closed_world(&self) -> bool {
        let coverage = &self.cluster.coverage;
        coverage.kinds.is_empty() && coverage.otherwise.is_complete()
    }

    /// Whether the requirement fails on a namespace that nothing defines.
    fn undefined(&self, requirement: &Requirement, own: &Name) -> Option<UndefinedNamespace> {
        let is_undefined = |name: &Name| {
            let defined = self.cluster.namespaces.get("", name).is_some_and(|it| !it.implied);
            !defined && self.cluster.coverage.is_complete(Kind::NAMESPACE, name)
        };
        if requirement.key != METADATA_NAME {
            return is_undefined(own).then(|| UndefinedNamespace::OfPod(own.clone()));
        }
        match &requirement.operator {
            Operator::In(names) if self.is_closed_world() && names.iter().all(is_undefined) => {
                names.first().cloned().map(UndefinedNamespace::Wanted)
            }
            _ => None,
        }
    }

    fn of_block(&self, block: &Block) -> Option<Mismatch> {
        let cidr = block.cidr;
        if block.family() != self.family {
            return Some(Mismatch::OtherFamily { cidr });
        }
        let address = self.peer.addresses.of(self.family);
        if address.is_some_and(|it| block.contains(it)) {
            return None;
        }
        let hole = block.except.iter().find(|hole| address.is_some_and(|it| hole.contains(&it))).copied();
        Some(Mismatch::NotInBlock { cidr, hole, address })
    }

    /// What keeps an element of the rule's ports from holding the port.
    fn of_port(&self, opens: &PortMatch) -> Option<Mismatch> {
        let opened = || opens.clone();
        match (opens, self.port) {
            (PortMatch::Any, _) => None,
            (PortMatch::All(protocol), Some(port)) if *protocol != port.0 => {
                Some(Mismatch::OtherProtocol { opens: opened() })
            }
            (PortMatch::Range { protocol, first, last }, Some(port)) => {
                match ((*first..=*last).contains(&port.1), *protocol == port.0) {
                    (true, true) => None,
                    (true, false) => Some(Mismatch::OtherProtocol { opens: opened() }),
                    (false, _) => Some(Mismatch::OtherPort { opens: opened() }),
                }
            }
            (PortMatch::Named { protocol, name }, port) => {
                let ports =
                    self.to.pod.iter().filter(|it| it.network() == PodNetwork::Own).flat_map(|it| it.ports().iter());
                let declared = ports
                    .filter(|it| it.name == *name && it.protocol == *protocol && it.container != ContainerRole::Init);
                let numbers: Vec<u16> = declared.map(|it| it.number).collect();
                match port {
                    _ if numbers.is_empty() => Some(Mismatch::NotDeclared { opens: opened() }),
                    Some(port) if port.0 != *protocol => Some(Mismatch::OtherProtocol { opens: opened() }),
                    Some(port) if !numbers.contains(&port.1) => {
                        Some(Mismatch::DeclaredElsewhere { opens: opened(), numbers })
                    }
                    _ => None,
                }
            }
            (PortMatch::All(_) | PortMatch::Range { .. }, _) => None,
        }
    }

    /// What the author of a peer may have meant.
    fn hint(&self, peer: &Peer, lacks: &[Mismatch]) -> Option<Hint> {
        match &peer.matches {
            PeerMatch::Block(block) if !lacks.is_empty() => self.service_address(block),
            _ => self.meant_or(peer, lacks),
        }
    }

    /// The Service before the other end whose address a block holds.
    fn service_address(&self, block: &Block) -> Option<Hint> {
        let pod = self.peer.pod.as_deref()?;
        self.services_before(pod).find_map(|service| {
            let address = service.addresses().find(|it| block.contains(canonical(*it)))?;
            Some(Hint::ServiceAddress { service: service.id(), address })
        })
    }

    /// The Services that lead to a pod: by their selector, or by a slice that names it.
    fn services_before<'a>(&'a self, pod: &'a Pod) -> impl Iterator<Item = &'a Arc<Service>> {
        let home = pod.namespace();
        let slices = || self.cluster.endpoint_slices.of(home).iter();
        let names = |slice: &EndpointSlice| slice.endpoints.iter().any(|it| pod.name() == JoinedName::whole(&it.pod));
        let is_before = move |service: &Service| {
            !service.selector.is_empty() && pod.labels().hold(&service.selector)
                || slices().any(|it| *it.service() == service.meta.name && names(it))
        };
        self.cluster.services.of(home).iter().filter(move |it| is_before(it))
    }

    /// Whether an element needs two things of which one is met.
    fn meant_or(&self, peer: &Peer, lacks: &[Mismatch]) -> Option<Hint> {
        let PeerMatch::Pods(SelectorSet { namespaces: NamespaceMatch::Labels(namespaces), pods }) = &peer.matches
        else {
            return None;
        };
        let namespace_lacks = lacks.iter().filter(|it| matches!(it, Mismatch::NamespaceLabel { .. })).count();
        let pod_lacks = lacks.iter().filter(|it| matches!(it, Mismatch::PodLabel { .. })).count();
        let is_known = !lacks.iter().any(|it| matches!(it, Mismatch::NamespaceUnread { .. }));
        let has_both = !namespaces.is_everything() && !pods.is_everything();
        (is_known && has_both && (namespace_lacks == 0) != (pod_lacks == 0)).then_some(Hint::MeantOr)
    }

    /// Whether the rule opens the port of a Service in front of the destination instead of the one behind it.
    fn target_port(&self, lack: &Mismatch) -> Option<Hint> {
        let Mismatch::OtherPort { opens: PortMatch::Range { protocol, first, last } } = lack else { return None };
        let (pod, (asked, number)) = (self.to.pod.as_deref()?, self.port?);
        let services = self.cluster.services.of(pod.namespace()).iter();
        let mut before = services.filter(|it| !it.selector.is_empty() && pod.labels().hold(&it.selector));
        before.find_map(|service| {
            let leads = service.ports.iter().find(|it| {
                it.protocol == *protocol
                    && asked == *protocol
                    && (*first..=*last).contains(&it.number)
                    && targets(&it.target, pod).contains(&number)
            })?;
            Some(Hint::TargetPort { service: service.id(), port: leads.number, target: number })
        })
    }
}

/// The requirements that a pod's labels do not meet.
fn unmet<'a>(requirements: &'a [Requirement], pod: &'a Pod) -> impl Iterator<Item = Mismatch> + 'a {
    let unmet = requirements.iter().filter(|it| !it.matches(&pod.labels()));
    let found = |key: &Name| pod.labels().get(key).map(Cow::into_owned);
    unmet.map(move |it| Mismatch::PodLabel { requirement: it.clone(), found: found(&it.key) })
}

fn targets(target: &TargetPort, pod: &Pod) -> Vec<u16> {
    match target {
        TargetPort::Number(number) => vec![*number],
        TargetPort::Named(name) => pod.ports().iter().filter(|it| it.name == *name).map(|it| it.number).collect(),
    }
}

impl Miss {
    /// Whether it opens other ports than the one that was asked for.
    fn is_of_other_ports(&self) -> bool {
        let is_about_ports = |it: &Mismatch| {
            use Mismatch::{DeclaredElsewhere, NotDeclared, OtherPort, OtherProtocol};
            matches!(it, OtherPort { .. } | OtherProtocol { .. } | NotDeclared { .. } | DeclaredElsewhere { .. })
        };
        self.lacks.iter().any(is_about_ports)
    }

    /// Whether a single change would make the rule fit.
    pub fn is_near(&self) -> bool {
        self.lacks.len() == 1 && self.lacks[0] != Mismatch::NoRule
    }
}
