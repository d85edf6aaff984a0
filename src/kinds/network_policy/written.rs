//! NetworkPolicies as they are written: the parts that fixes and baselines put together, and whole ones that were read.
//!
//! ```text
//! policy(shop, allow-web, isolating({}, [Ingress]) + ingress: [rule(Ingress, [pods(…), block(…)], ports(…))])
//! spec(&Policy)    the rules that were read, at the places where they stood
//! ```
//!
//! What was not read is held open by a placeholder (`{}` among the peers, an unknown field for a whole rule), so
//! that every other part keeps its place.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use crate::kinds::written::{bare_object, selector};
use crate::model::cluster::METADATA_NAME;
use crate::model::labels::{NamespaceMatch, SelectorSet};
use crate::model::name::Name;
use crate::model::policy::{Direction, Peer, PeerMatch, Policy, Rule};
use crate::model::port::{PortMatch, PortSet};

/// How rules call their peers.
pub fn peers_key(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}

/// As `policyTypes` calls it.
pub fn policy_type(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    }
}

/// A policy of this name with this spec.
pub fn policy(namespace: &str, name: &str, spec: Value) -> Value {
    let mut object = bare_object(super::SPEC.kind, namespace, name);
    object["spec"] = spec;
    object
}

/// The spec of a policy that isolates the pods of this selector, and has no rule yet.
pub fn isolating(selector: Value, directions: &[Direction]) -> Value {
    let types: Vec<&str> = directions.iter().map(|it| policy_type(*it)).collect();
    json!({"podSelector": selector, "policyTypes": types})
}

/// A rule of these peers and ports; no ports: all of them. No peers would mean everybody, so that it is none.
pub fn rule(direction: Direction, peers: Vec<Value>, ports: Vec<Value>) -> Option<Value> {
    if peers.is_empty() {
        return None;
    }
    let mut rule = json!({ peers_key(direction): peers });
    if !ports.is_empty() {
        rule["ports"] = ports.into();
    }
    Some(rule)
}

/// Labels as a selector.
pub fn labels(pairs: &[(Name, Name)]) -> Value {
    if pairs.is_empty() {
        return json!({});
    }
    let pairs: Map<String, Value> = pairs.iter().map(|(key, value)| (key.to_string(), json!(value))).collect();
    json!({ "matchLabels": pairs })
}

/// The pods of a namespace with these labels (none: all its pods) as a peer of a policy of the namespace `home`.
pub fn pods(home: &Name, namespace: &Name, with: &[(Name, Name)]) -> Value {
    let namespaces = json!({"matchLabels": {METADATA_NAME: namespace}});
    match (namespace == home, with.is_empty()) {
        (true, _) => json!({"podSelector": labels(with)}),
        (false, true) => json!({"namespaceSelector": namespaces}),
        (false, false) => json!({"namespaceSelector": namespaces, "podSelector": labels(with)}),
    }
}

/// A block as a peer, without these parts of it.
pub fn block(cidr: IpNet, except: &[IpNet]) -> Value {
    let inside: Vec<String> =
        except.iter().filter(|it| cidr.contains(*it) && **it != cidr).map(ToString::to_string).collect();
    if inside.is_empty() {
        return json!({"ipBlock": {"cidr": cidr.to_string()}});
    }
    json!({"ipBlock": {"cidr": cidr.to_string(), "except": inside}})
}

/// Ports as a rule lists them; empty: all of them.
pub fn ports(set: &PortSet) -> Vec<Value> {
    if set.is_all() { Vec::new() } else { set.matches().iter().map(port).collect() }
}

/// What a reader cannot take for a rule.
fn unread_rule() -> Value {
    json!({"unread": true})
}

/// Its spec.
pub(super) fn spec(it: &Policy) -> Value {
    let mut spec = json!({"podSelector": selector(&it.target.pods)});
    let mut types = Vec::new();
    for direction in Direction::ALL {
        if it.isolates.has(direction) {
            types.push(policy_type(direction));
            spec[direction.as_str()] = rules(it, direction);
        }
    }
    // Without any type the API's default would step in.
    spec["policyTypes"] = if types.is_empty() { json!(["Unread"]) } else { json!(types) };
    let idle = Direction::ALL.into_iter().find(|direction| !it.isolates.has(*direction));
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
    let ends = peers_key(rule.direction);
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

/// A peer; `{}`, which no server takes, for one that NetworkPolicies cannot say.
pub fn peer(it: &PeerMatch) -> Value {
    match it {
        PeerMatch::Block(it) => block(it.cidr, &it.except),
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

/// One element of a rule's ports.
pub fn port(it: &PortMatch) -> Value {
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
