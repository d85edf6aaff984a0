//! Addresses that are rewritten between a Service and its backends, on either side (S36, S46).
//!
//! ```text
//! client ──► node/n2:30080 ──► as node/n2, or as itself, to pod/shop/web-0        a policy on web-0 may see either
//! pod ──► 10.96.0.1:443 ──► 198.51.100.21:6443                                    a policy on the pod may see either
//! ```
//!
//! Which of them a policy sees is not defined, so that an answer is unknown where that matters, and nowhere else.

use ipnet::IpNet;

use crate::model::address::{Addresses, Family};
use crate::model::evidence::{Gap, Outcome};
use crate::model::facts::ServicePort;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::net::verdict::{End, GateReason, Port, Verdict};
use crate::text;

use super::Asker;
use super::entry::{EntryWay, ServiceEntry, ServiceFront};
use super::member::EndMember;
use super::pair::{PairPort, PairTarget};
use super::resolve::ResolvedEnd;

impl Asker<'_> {
    /// S46: whoever comes in through a node may have that node's address when it reaches the backend.
    pub(super) fn source_rewritten(
        &self,
        front: &ServiceFront,
        way: &EntryWay,
        to: &PairTarget,
        verdict: &Verdict,
    ) -> Option<Gap> {
        if front.service.external_local || matches!(way, EntryWay::Within | EntryWay::Refused(_)) {
            return None;
        }
        let family = verdict.deciding()?;
        let is_open = verdict.families.iter().all(|it| it.ingress.why == GateReason::NotIsolated);
        if is_open || family.egress.outcome(verdict.port) == Outcome::Deny {
            return None;
        }
        let now = family.ingress.outcome(verdict.port);
        let differs = self.nodes_of(way, &to.member).iter().any(|it| self.as_node(it, to, family.family) != now);
        let what = "the service may replace the source's address by a node's (externalTrafficPolicy: Cluster)";
        differs.then(|| Gap::Undefined { rule: "S46", what: what.into() })
    }

    /// What policies say of a connection that comes from a node, in one family.
    fn as_node(&self, node: &End, to: &PairTarget, family: Family) -> Outcome {
        let (end, asked) = (to.member.end(), to.port.asked());
        let verdict = self.index.trace(self.cluster, node, &end, asked);
        self.check(node, &end, to.port, verdict.outcome());
        match verdict.families.iter().find(|it| it.family == family) {
            Some(it) if verdict.gaps.is_empty() => it.outcome(asked),
            // Of a node that shows no address of the family nothing is known but that it is one.
            _ => verdict.outcome(),
        }
    }

    /// The nodes that a connection may come through.
    fn nodes_of(&self, way: &EntryWay, to: &EndMember) -> Vec<End> {
        if let EntryWay::Node(name) = way {
            return vec![End::Node(name.clone())];
        }
        let mut nodes: Vec<End> = self.cluster.nodes.iter().map(|it| End::Node(it.meta.name.clone())).collect();
        if nodes.is_empty() {
            nodes.push(End::Node(to.node().into()));
        }
        // One of which nothing is known, not even an address.
        if !self.cluster.coverage.is_complete(Kind::NODE, "") {
            nodes.push(End::Node(Name::empty()));
        }
        nodes
    }

    /// S36: a policy on the source may see what it connects to before that is rewritten to a backend, or after.
    ///
    /// Of pods behind a Service's own address it is defined: they are seen (S45).
    pub(super) fn goal_rewritten(
        &self,
        front: &ServiceFront,
        from: &EndMember,
        to: &PairTarget,
        port: &ServicePort,
        verdict: &Verdict,
    ) -> Option<Gap> {
        let family = verdict.deciding().filter(|_| from.is_selected())?;
        let total = |egress: Outcome| egress.worst(family.ingress.outcome(verdict.port));
        let after = total(family.egress.outcome(verdict.port));
        for (end, number) in self.before(front, from, to, port, family.family) {
            let asked: Port = (port.protocol, number);
            let verdict = self.index.trace(self.cluster, &from.end(), &end, Some(asked));
            self.check(&from.end(), &end, PairPort::One(asked), verdict.outcome());
            let Some(gate) = verdict.families.iter().find(|it| it.family == family.family) else { continue };
            let before = total(gate.egress.outcome(Some(asked)));
            if before != after {
                let what = format!(
                    "policies may be asked about {} port {number} before it becomes {}, and then it would be {before}",
                    text::net::end(&end),
                    to.member
                );
                return Some(Gap::Undefined { rule: "S36", what: what.into() });
            }
        }
        None
    }

    /// What a connection goes to before it is rewritten, where policies may be asked about that.
    fn before(
        &self,
        front: &ServiceFront,
        from: &EndMember,
        to: &PairTarget,
        port: &ServicePort,
        family: Family,
    ) -> Vec<(End, u16)> {
        let at_port = |end: End| (end, port.number);
        match &front.entry {
            ServiceEntry::ExternalAddress(it) | ServiceEntry::LoadBalancer(it) => vec![at_port(End::Address(*it))],
            ServiceEntry::NodePort { node, address, number } => {
                let known = self.cluster.nodes.get("", node).map(|it| Addresses::new(it.addresses.iter().copied()));
                let end = match address.filter(|it| !known.is_some_and(|known| known.contains(*it))) {
                    Some(other) => End::Address(other),
                    None => End::Node(node.clone()),
                };
                vec![(end, *number)]
            }
            ServiceEntry::ClusterAddress(_) | ServiceEntry::Name
                if to.member.is_selected() || front.service.headless =>
            {
                Vec::new()
            }
            ServiceEntry::ClusterAddress(it) => vec![at_port(End::Address(*it))],
            ServiceEntry::Name => {
                let known: Vec<_> = front.service.cluster_ips.iter().filter(|it| Family::of(*it) == family).collect();
                match known.is_empty() {
                    false => known.into_iter().map(|it| at_port(End::Address(it))).collect(),
                    true => self.any_address(from, family).into_iter().map(at_port).collect(),
                }
            }
        }
    }

    /// One address for each part of a family that some block of a policy on this end tells from the others.
    fn any_address(&self, from: &EndMember, family: Family) -> Vec<End> {
        let all = match family {
            Family::V4 => IpNet::V4(Default::default()),
            Family::V6 => IpNet::V6(Default::default()),
        };
        let parts = self.parts(all, Some(&ResolvedEnd::One(from.clone())), Direction::Egress);
        parts.iter().map(EndMember::end).collect()
    }
}
