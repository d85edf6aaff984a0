//! Rules as NetworkPolicy writes them: peers, ports, selectors, in the words of its JSON.

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::pods::Chosen;
use crate::model::cluster::METADATA_NAME;
use crate::model::labels::{Operator, Requirement, Selector};
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::model::port::{PortMatch, PortSet, Protocol};

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
pub fn policy(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    })
}

/// A rule of these peers and ports; no ports: all of them. No peers would mean everybody, so that it is none.
pub fn rule(direction: Direction, peers: Vec<Value>, ports: Vec<Value>) -> Option<Value> {
    if peers.is_empty() {
        return None;
    }
    let mut rule = Map::new();
    rule.insert(peers_key(direction).to_owned(), peers.into());
    if !ports.is_empty() {
        rule.insert("ports".to_owned(), ports.into());
    }
    Some(rule.into())
}

/// Labels as a selector.
pub fn labels(pairs: &[(Name, Name)]) -> Value {
    if pairs.is_empty() {
        return json!({});
    }
    let pairs: Map<String, Value> = pairs.iter().map(|(key, value)| (key.to_string(), json!(value.as_str()))).collect();
    json!({ "matchLabels": pairs })
}

/// A selector as it is written: one value is a label, all else an expression.
pub fn selector(it: &Selector) -> Value {
    let mut pairs = Map::new();
    let mut expressions: Vec<Value> = Vec::new();
    for Requirement { key, operator } in &it.all_of {
        match operator {
            Operator::In(values) if values.len() == 1 && !pairs.contains_key(key.as_str()) => {
                pairs.insert(key.to_string(), json!(values[0].as_str()));
            }
            other => expressions.push(expression(key, other)),
        }
    }
    let mut selector = Map::new();
    if !pairs.is_empty() {
        selector.insert("matchLabels".to_owned(), pairs.into());
    }
    if !expressions.is_empty() {
        selector.insert("matchExpressions".to_owned(), expressions.into());
    }
    selector.into()
}

/// One expression of a selector.
pub fn expression(key: &str, operator: &Operator) -> Value {
    let values = |it: &[Name]| it.iter().map(|it| json!(it.as_str())).collect::<Vec<_>>();
    match operator {
        Operator::In(them) => json!({"key": key, "operator": "In", "values": values(them)}),
        Operator::NotIn(them) => json!({"key": key, "operator": "NotIn", "values": values(them)}),
        Operator::Exists => json!({"key": key, "operator": "Exists"}),
        Operator::DoesNotExist => json!({"key": key, "operator": "DoesNotExist"}),
    }
}

/// Pods as a peer of a policy of this namespace.
pub fn pods(home: &Name, it: &Chosen) -> Value {
    let namespaces = json!({"matchLabels": {METADATA_NAME: it.namespace.as_str()}});
    match (it.namespace == *home, it.labels.is_empty()) {
        (true, _) => json!({"podSelector": labels(&it.labels)}),
        (false, true) => json!({"namespaceSelector": namespaces}),
        (false, false) => json!({"namespaceSelector": namespaces, "podSelector": labels(&it.labels)}),
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
    if set.is_all() {
        return Vec::new();
    }
    let of = |protocol: Protocol| {
        set.of(protocol).iter().map(move |&(first, last)| match (first, last) {
            (1, u16::MAX) => json!({"protocol": protocol.as_str()}),
            _ if first == last => json!({"protocol": protocol.as_str(), "port": first}),
            _ => json!({"protocol": protocol.as_str(), "port": first, "endPort": last}),
        })
    };
    Protocol::ALL.into_iter().flat_map(of).collect()
}

/// The ports that elements of a rule open by number; `None`: one of them is a name.
pub fn set_of(all: &[PortMatch]) -> Option<PortSet> {
    let mut set = PortSet::none();
    for it in all {
        match it {
            PortMatch::Any => return Some(PortSet::all()),
            PortMatch::All(protocol) => set.insert(*protocol, 1, u16::MAX),
            PortMatch::Range { protocol, first, last } => set.insert(*protocol, *first, *last),
            PortMatch::Named { .. } => return None,
        }
    }
    Some(set)
}
