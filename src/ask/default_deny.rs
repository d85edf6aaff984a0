//! Whether a namespace denies by default: all of its pods, those to come too, in each direction.
//!
//! ```text
//! shop      spec: {podSelector: {}, policyTypes: [Ingress]}    ingress: yes   egress: no
//! legacy    nothing                                            ingress: no    egress: no
//! ```
//!
//! A policy that selects all pods and isolates them denies what no rule allows, unless a policy that selects all of them
//! too lets everything in (or out). Policies that select some pods alone hold for today's pods and for no others.

use super::isolation::Isolation;
use super::world::World;
use crate::kinds;
use crate::model::cluster::Cluster;
use crate::model::facts::SharedPod;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::policy::{Action, Direction, GapEffect, PeerMatch, Policy, Rule, Tier};
use crate::model::port::{PortMatch, PortSet};
use crate::net::verdict::Tri;

/// Where a namespace denies by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DefaultDeny {
    pub ingress: Tri,
    pub egress: Tri,
}

impl DefaultDeny {
    /// In this direction.
    pub fn of(self, direction: Direction) -> Tri {
        match direction {
            Direction::Ingress => self.ingress,
            Direction::Egress => self.egress,
        }
    }

    /// One short word: `in+out`, `in`, `out`, `none`, `unknown`.
    pub const fn as_str(self) -> &'static str {
        match (self.ingress, self.egress) {
            (Tri::Maybe, _) | (_, Tri::Maybe) => "unknown",
            (Tri::Yes, Tri::Yes) => "in+out",
            (Tri::Yes, Tri::No) => "in",
            (Tri::No, Tri::Yes) => "out",
            (Tri::No, Tri::No) => "none",
        }
    }
}

/// How far the pods of a namespace are isolated in one direction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IsolationExtent {
    /// All of them, and those to come: a policy selects every pod.
    ToCome,
    /// All that run today; policies select those alone.
    Today,
    /// So many of so many.
    Some(u32, u32),
    /// None of them.
    None,
    Unknown,
}

impl std::fmt::Display for IsolationExtent {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            IsolationExtent::ToCome => out.write_str("all"),
            IsolationExtent::Today => out.write_str("today"),
            IsolationExtent::Some(isolated, all) => write!(out, "{isolated} of {all}"),
            IsolationExtent::None => out.write_str("none"),
            IsolationExtent::Unknown => out.write_str("unknown"),
        }
    }
}

impl World {
    /// How far default deny goes in a namespace: to pods to come, to those of today, or to some of them.
    pub fn default_deny_reaches(&self, namespace: &Name, direction: Direction) -> IsolationExtent {
        let counts = self.counts(namespace);
        let (one, other) = match direction {
            Direction::Ingress => (counts.ingress, counts.egress),
            Direction::Egress => (counts.egress, counts.ingress),
        };
        let (isolated, open) = (counts.both + one, other + counts.neither);
        match (default_deny(&self.cluster, namespace, direction), counts.unknown) {
            (Tri::Yes, _) => IsolationExtent::ToCome,
            (Tri::Maybe, _) | (_, 1..) => IsolationExtent::Unknown,
            (Tri::No, 0) if isolated == 0 => IsolationExtent::None,
            (Tri::No, 0) if open == 0 => IsolationExtent::Today,
            (Tri::No, 0) => IsolationExtent::Some(isolated, isolated + open),
        }
    }

    /// The pods of a namespace that nothing isolates in a direction.
    pub fn not_isolated(&self, namespace: &Name, direction: Direction) -> Vec<PodId> {
        let is_open = |it: &&SharedPod| match self.isolation(it) {
            Isolation::By { ingress, egress } => {
                let isolated = if direction == Direction::Ingress { ingress } else { egress };
                isolated == Tri::No
            }
            Isolation::Host | Isolation::Finished => false,
        };
        self.cluster.pods.of(namespace).iter().filter(is_open).map(|it| it.pod_id()).collect()
    }

    /// Where a namespace denies by default.
    pub fn default_deny(&self, namespace: &Name) -> DefaultDeny {
        let of = |direction| default_deny(&self.cluster, namespace, direction);
        DefaultDeny { ingress: of(Direction::Ingress), egress: of(Direction::Egress) }
    }
}

fn default_deny(cluster: &Cluster, namespace: &Name, direction: Direction) -> Tri {
    let policies = || cluster.policies.of(namespace).iter().filter(|it| it.tier == Tier::Namespace);
    let is_unsure = policies().any(|it| is_unread(it, direction));
    let is_complete = kinds::evaluated().all(|it| cluster.coverage.is_complete(it.kind, namespace));
    if is_unsure || !is_complete {
        return Tri::Maybe;
    }
    let mut of_all = policies().filter(|it| selects_all(it, direction));
    let is_opened = of_all.clone().any(|it| opens_all(it, direction));
    if of_all.next().is_some() && !is_opened { Tri::Yes } else { Tri::No }
}

/// Whether a policy of a namespace selects every pod there, those to come too, and isolates it in this direction.
pub(super) fn selects_all(policy: &Policy, direction: Direction) -> bool {
    policy.target.pods.is_everything() && policy.isolates.has(direction)
}

/// Whether what was not understood of a policy could decide it.
fn is_unread(policy: &Policy, direction: Direction) -> bool {
    let is_of_all = policy.target.pods.is_everything();
    policy.gaps.iter().any(|it| match it.effect {
        GapEffect::Target | GapEffect::Anything | GapEffect::Unevaluated => true,
        GapEffect::Opens(opened) => opened == direction && is_of_all,
        // What only closes takes no default away, and leaves it to NetworkPolicies to give one.
        GapEffect::ClosesIngress | GapEffect::ClosesOutside | GapEffect::DecidesOutside => false,
    })
}

/// Whether some rule lets everything in, or out.
fn opens_all(policy: &Policy, direction: Direction) -> bool {
    policy.rules_of(direction).any(|(_, rule)| lets_everything(rule))
}

/// Whether a rule lets everybody pass, on every port.
pub(super) fn lets_everything(rule: &Rule) -> bool {
    let is_everybody = |it: &PeerMatch| match it {
        PeerMatch::Anyone => true,
        PeerMatch::Block(block) => block.cidr.prefix_len() == 0 && block.except.is_empty(),
        PeerMatch::Pods(_) | PeerMatch::Nodes(_) => false,
    };
    rule.action == Action::Allow && rule.peers.iter().any(|it| is_everybody(&it.matches)) && is_every_port(rule)
}

fn is_every_port(rule: &Rule) -> bool {
    let mut ports = PortSet::none();
    for port in rule.ports.iter() {
        match port {
            PortMatch::Any => return true,
            PortMatch::All(protocol) => ports.insert(*protocol, 1, u16::MAX),
            PortMatch::Range { protocol, first, last } => ports.insert(*protocol, *first, *last),
            PortMatch::Named { .. } => {}
        }
    }
    ports.is_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::world::SelfCheck;
    use crate::kinds::Intern;
    use crate::model::coverage::Coverage;
    use crate::net::Settings;

    fn said(specs: &[&str]) -> &'static str {
        let mut cluster = Cluster::new(Coverage::Closed);
        for (at, spec) in specs.iter().enumerate() {
            let json = format!(r#"{{"metadata":{{"name":"p{at}","namespace":"shop"}},"spec":{spec}}}"#);
            cluster.apply(kinds::WRITTEN_POLICY.read_json(&json, "", &mut Intern::new()).delta().expect("a policy"));
        }
        World::of(cluster, Settings::default(), SelfCheck::Off).default_deny(&"shop".into()).as_str()
    }

    #[test]
    fn a_namespace_denies_by_default_where_all_its_pods_do_those_to_come_too() {
        const ALL: &str = r#"{"podSelector":{},"policyTypes":["Ingress","Egress"]}"#;
        let opened = r#"{"podSelector":{},"policyTypes":["Ingress"],"ingress":[{}]}"#;
        let web_opened = r#"{"podSelector":{"matchLabels":{"app":"web"}},"policyTypes":["Ingress"],"ingress":[{}]}"#;
        let web = r#"{"podSelector":{"matchLabels":{"app":"web"}},"policyTypes":["Ingress","Egress"]}"#;
        assert_eq!(said(&[]), "none");
        assert_eq!(said(&[ALL]), "in+out");
        assert_eq!(said(&[r#"{"podSelector":{}}"#]), "in");
        assert_eq!(said(&[r#"{"podSelector":{},"policyTypes":["Egress"]}"#]), "out");
        assert_eq!(said(&[web]), "none", "today's pods alone");
        assert_eq!(said(&[ALL, opened]), "out", "a policy lets everything in");
        assert_eq!(said(&[ALL, web_opened]), "in+out", "what web alone lets in is no default");
        assert_eq!(said(&[r#"{"podSelector":{"matchExpressions":[{"key":"a","operator":"Odd"}]}}"#]), "unknown");
    }
}
