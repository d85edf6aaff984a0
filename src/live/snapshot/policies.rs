//! Policies, decompiled: the rules that were read, at the places where they stood.
//!
//! What was not read is held open by a placeholder (`{}` among the peers, an unknown field for a whole rule), so
//! that every other part keeps its place; what it was stands in the Snapshot object's `gaps`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::objects::{object, selector};
use crate::model::id::Kind;
use crate::model::labels::{NamespaceMatch, Operator, Requirement, Selector, SelectorSet};
use crate::model::policy::{Bends, Direction, Peer, PeerMatch, Policy, Rule, Tier};
use crate::model::port::PortMatch;

/// What a reader cannot take for a rule.
fn unread_rule() -> Value {
    json!({"unread": true})
}

pub(super) fn policy(it: &Policy) -> Value {
    let mut policy = object(it);
    policy["spec"] = match it.kind {
        Kind::NETWORK_POLICY => network_policy(it),
        _ => unevaluated(it),
    };
    policy
}

fn network_policy(it: &Policy) -> Value {
    let mut spec = json!({"podSelector": selector(&it.target.pods)});
    let mut types = Vec::new();
    for (direction, word) in [(Direction::Ingress, "Ingress"), (Direction::Egress, "Egress")] {
        if it.isolates.has(direction) {
            types.push(word);
            spec[direction.as_str()] = rules(it, direction);
        }
    }
    // Without any type the API's default would step in.
    spec["policyTypes"] = if types.is_empty() { json!(["Unread"]) } else { json!(types) };
    let idle = [Direction::Ingress, Direction::Egress].into_iter().find(|direction| !it.isolates.has(*direction));
    if let Some(direction) = idle.filter(|_| it.inert > 0) {
        spec[direction.as_str()] = (0..it.inert).map(|_| json!({})).collect();
    }
    spec
}

fn rules(it: &Policy, direction: Direction) -> Value {
    at_places(it.rules_of(direction).map(|(_, rule)| (index(&rule.place.0), rule_object(rule))), unread_rule)
}

/// The elements of a list at their indexes, placeholders between them.
fn at_places(elements: impl Iterator<Item = (usize, Value)>, placeholder: fn() -> Value) -> Value {
    let elements: BTreeMap<usize, Value> = elements.collect();
    let length = elements.keys().next_back().map_or(0, |it| it + 1);
    (0..length).map(|at| elements.get(&at).cloned().unwrap_or_else(placeholder)).collect()
}

/// The last index of a place: 2 of `spec.ingress[0].from[2]`.
fn index(place: &str) -> usize {
    place.rsplit_once('[').and_then(|(_, it)| it.strip_suffix(']')).and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn rule_object(rule: &Rule) -> Value {
    let mut it = json!({});
    let ends = if rule.direction == Direction::Ingress { "from" } else { "to" };
    match &rule.peers[..] {
        peers if peers.iter().any(|it| it.matches == PeerMatch::Anyone) => {}
        [] => it[ends] = json!([{}]),
        peers => it[ends] = at_places(placed(rule, peers), || json!({})),
    }
    match &rule.ports[..] {
        ports if ports.contains(&PortMatch::Any) => {}
        // No port has this number, so that the list matches nothing, as the one that was not read.
        [] => it["ports"] = json!([{"port": 0}]),
        ports => it["ports"] = ports.iter().map(port).collect(),
    }
    it
}

/// Peers with their indexes; where their places do not say them, in their order.
fn placed<'r>(rule: &'r Rule, peers: &'r [Peer]) -> impl Iterator<Item = (usize, Value)> + 'r {
    let is_below = |it: &Peer| it.place.0.len() > rule.place.0.len() && it.place.0.starts_with(rule.place.0.as_str());
    let all_below = peers.iter().all(is_below);
    peers.iter().enumerate().map(move |(at, it)| (if all_below { index(&it.place.0) } else { at }, peer(&it.matches)))
}

fn peer(it: &PeerMatch) -> Value {
    match it {
        PeerMatch::Block(block) => {
            let except: Vec<String> = block.except.iter().map(ToString::to_string).collect();
            json!({"ipBlock": {"cidr": block.cidr.to_string(), "except": except}})
        }
        PeerMatch::Pods(SelectorSet { namespaces: NamespaceMatch::Own(_), pods }) => {
            json!({"podSelector": selector(pods)})
        }
        PeerMatch::Pods(SelectorSet { namespaces: NamespaceMatch::Labels(namespaces), pods }) => {
            let mut peer = json!({"namespaceSelector": selector(namespaces)});
            if !pods.is_everything() {
                peer["podSelector"] = selector(pods);
            }
            peer
        }
        PeerMatch::Anyone | PeerMatch::Nodes(_) => json!({}),
    }
}

fn port(it: &PortMatch) -> Value {
    match it {
        PortMatch::Any => json!({}),
        PortMatch::All(protocol) => json!({"protocol": protocol.as_str()}),
        PortMatch::Named { protocol, name } => json!({"protocol": protocol.as_str(), "port": name}),
        PortMatch::Range { protocol, first, last } if first == last => {
            json!({"protocol": protocol.as_str(), "port": first})
        }
        PortMatch::Range { protocol, first, last } => {
            json!({"protocol": protocol.as_str(), "port": first, "endPort": last})
        }
    }
}

/// A policy of a kind that is not evaluated: its tier and its target, in its own kind's words.
fn unevaluated(it: &Policy) -> Value {
    let kind = it.kind.as_str();
    let pods = &it.target.pods;
    let mut spec = match &it.target.namespaces {
        NamespaceMatch::Labels(namespaces) if kind.ends_with("projectcalico.org") => {
            json!({"selector": calico(pods), "namespaceSelector": calico(namespaces)})
        }
        NamespaceMatch::Own(_) if kind.ends_with("projectcalico.org") => json!({"selector": calico(pods)}),
        _ if kind.starts_with("cilium") => json!({"endpointSelector": selector(pods)}),
        _ if kind.ends_with("security.istio.io") => json!({"selector": selector(pods)}),
        NamespaceMatch::Labels(namespaces) if kind.ends_with("antrea.io") => {
            json!({"appliedTo": [{"namespaceSelector": selector(namespaces), "podSelector": selector(pods)}]})
        }
        NamespaceMatch::Own(_) if kind.ends_with("antrea.io") => {
            json!({"appliedTo": [{"podSelector": selector(pods)}]})
        }
        NamespaceMatch::Own(_) => json!({"podSelector": selector(pods)}),
        NamespaceMatch::Labels(namespaces) => {
            json!({"subject": {"pods": {"namespaceSelector": selector(namespaces), "podSelector": selector(pods)}}})
        }
    };
    match it.tier {
        Tier::Admin { priority } => (spec["priority"], spec["tier"]) = (json!(priority), json!("Admin")),
        Tier::Baseline { priority } => (spec["priority"], spec["tier"]) = (json!(priority), json!("Baseline")),
        Tier::Namespace => {}
    }
    spec
}

/// A selector in Calico's language.
fn calico(selector: &Selector) -> String {
    if selector.is_everything() {
        return "all()".to_owned();
    }
    selector.all_of.iter().map(calico_term).collect::<Vec<_>>().join(" && ")
}

fn calico_term(it: &Requirement) -> String {
    let set = |values: &[_]| values.iter().map(|it| format!("'{it}'")).collect::<Vec<String>>().join(", ");
    match &it.operator {
        Operator::In(values) => format!("{} in {{{}}}", it.key, set(values)),
        Operator::NotIn(values) => format!("{} not in {{{}}}", it.key, set(values)),
        Operator::Exists => format!("has({})", it.key),
        Operator::DoesNotExist => format!("!has({})", it.key),
    }
}

/// What an unread part bends, as the Snapshot object writes it.
pub(super) const fn bends(it: Bends) -> &'static str {
    match it {
        Bends::Target => "target",
        Bends::Opens(Direction::Ingress) => "opens ingress",
        Bends::Opens(Direction::Egress) => "opens egress",
        Bends::Anything => "anything",
        Bends::Unevaluated => "unevaluated",
        Bends::ClosesIngress => "closes ingress",
        Bends::ClosesOutside => "closes egress to outside",
        Bends::DecidesOutside => "decides egress to outside",
    }
}

/// The same read back; what we do not know may bend anything.
pub(super) fn parse_bends(text: &str) -> Bends {
    const ALL: [Bends; 7] = [
        Bends::Target,
        Bends::Opens(Direction::Ingress),
        Bends::Opens(Direction::Egress),
        Bends::Unevaluated,
        Bends::ClosesIngress,
        Bends::ClosesOutside,
        Bends::DecidesOutside,
    ];
    ALL.into_iter().find(|it| bends(*it) == text).unwrap_or(Bends::Anything)
}
