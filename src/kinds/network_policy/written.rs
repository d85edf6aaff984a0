//! NetworkPolicies, decompiled: the rules that were read, at the places where they stood.
//!
//! What was not read is held open by a placeholder (`{}` among the peers, an unknown field for a whole rule), so
//! that every other part keeps its place.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kinds::written::selector;
use crate::model::labels::{NamespaceMatch, SelectorSet};
use crate::model::policy::{Direction, Peer, PeerMatch, Policy, Rule};
use crate::model::port::PortMatch;

/// What a reader cannot take for a rule.
fn unread_rule() -> Value {
    json!({"unread": true})
}

/// Its spec.
pub(super) fn spec(it: &Policy) -> Value {
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
