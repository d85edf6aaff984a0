//! NetworkPolicy, `networking.k8s.io/v1`, to the one rule language.
//!
//! ```text
//! spec.podSelector          ► target       S7
//! spec.policyTypes          ► isolates     S4–S6; defaulted here, since manifests have not met the API server
//! spec.ingress[i].from[j]   ► Rule.peers   S8, S9, S13–S18, S31–S35
//! spec.ingress[i].ports[k]  ► Rule.ports   S10, S21, S22, S24, S27
//! ```
//!
//! What the API server would refuse is read as an engine would read it if it were stored, with a problem; what
//! engines could not read, or read differently, is left out with a gap. Nothing here evaluates.
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/>

pub mod written;

use std::fmt;

use ipnet::IpNet;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::context::{ReadContext, ReadKind};
use super::parts::{Fields, PolicyParts, word};
use super::reader::KindReader;
use super::slim::{Metadata, Text, object};
use super::written::named_object;
use super::{Decides, KindSpec, Presence, WatchedPart};
use crate::model::address::Block;
use crate::model::facts::Meta;
use crate::model::id::{Kind, ResourceScope};
use crate::model::items::Items;
use crate::model::labels::{Labels, NamespaceMatch, SelectorSet};
use crate::model::meta::SnapshotMeta;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::{Action, Direction, Directions, GapEffect, Peer, PeerMatch, Policy, Rule, Tier};
use crate::model::port::{PortMatch, Protocol};

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::NETWORK_POLICY,
    group: "networking.k8s.io",
    version: "v1",
    plural: "networkpolicies",
    word: "NetworkPolicy",
    short: &["netpol"],
    scope: ResourceScope::Namespaced,
    presence: Presence::Always,
    watch: WatchedPart::Full,
    decides: Some(Decides::Rules(Tier::Namespace)),
    reader: KindReader::of::<NetworkPolicies>(),
};

struct NetworkPolicies;

/// Any policy object: its spec is kept as a tree, so that every problem has a place.
#[derive(Default)]
pub(super) struct PolicySlim<'a> {
    pub metadata: Metadata<'a>,
    pub spec: Value,
    /// Cilium's list of specs.
    pub specs: Value,
    /// Fields beside these that no object has, such as rules that are indented too little.
    pub unknown: Vec<Text<'a>>,
}

/// An object that reads a null as the default.
#[derive(Deserialize)]
struct MetadataOrNull<'a>(#[serde(borrow, deserialize_with = "object")] Metadata<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for PolicySlim<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = PolicySlim<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut slim = PolicySlim::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match &*key {
                        "metadata" => slim.metadata = map.next_value::<MetadataOrNull<'de>>()?.0,
                        "spec" => slim.spec = map.next_value()?,
                        "specs" => slim.specs = map.next_value()?,
                        name => {
                            let is_known = matches!(name, "apiVersion" | "kind" | "status");
                            map.next_value::<IgnoredAny>()?;
                            slim.unknown.extend((!is_known).then_some(key));
                        }
                    }
                }
                Ok(slim)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl ReadKind for NetworkPolicies {
    type Slim<'a> = PolicySlim<'a>;
    type Fact = Policy;
    const FIELDS: &'static [&'static str] = &["spec"];
    const IS_TREE: bool = true;
    const KEEPS_UNKNOWN: bool = true;

    fn metadata<'s>(slim: &'s PolicySlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Policy {
        let meta = context.meta(&slim.metadata);
        let labels = context.labels(&slim.metadata);
        policy(meta, labels, slim, &mut PolicyParts::new(context))
    }

    fn object(it: &Policy, _: SnapshotMeta) -> Option<Value> {
        let mut object = named_object(it);
        object["spec"] = written::spec(it);
        Some(object)
    }
}

fn policy(meta: Meta, labels: Labels, slim: &PolicySlim<'_>, parts: &mut PolicyParts<'_, '_>) -> Policy {
    let spec = &slim.spec;
    const KNOWN: [&str; 4] = ["podSelector", "policyTypes", "ingress", "egress"];
    let place = Place::new("spec");
    let own = NamespaceMatch::Own(meta.namespace.clone());
    // An unknown field beside the known ones may mean anything; what is known is read all the same.
    let fields = parts.fields(spec, &place, &KNOWN, GapEffect::Anything).unwrap_or_else(|| Fields::of(spec));
    beside_spec(slim, parts);
    let pods = parts.selector(fields.get("podSelector"), &place.field("podSelector"), GapEffect::Target);
    let target = SelectorSet { namespaces: own, pods: pods.unwrap_or_default() };
    let isolates = isolates(&fields, &place, parts);
    let mut policy = Policy {
        kind: Kind::NETWORK_POLICY,
        tier: Tier::Namespace,
        target,
        isolates,
        rules: Items::default(),
        inert: 0,
        gaps: Items::default(),
        unread: 0,
        meta,
        labels,
    };
    let mut rules = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        rules.extend(read_rules(&mut policy, direction, fields.get(direction.as_str()), parts));
    }
    policy.rules = parts.context.intern.policy_rules(rules);
    policy.gaps = std::mem::take(&mut parts.gaps).into();
    policy.unread = if policy.gaps.is_empty() { 0 } else { fingerprint(slim) };
    policy
}

/// What tells an object that is not understood from another (FNV-1a); never 0.
pub(super) fn fingerprint(slim: &PolicySlim<'_>) -> u64 {
    let hash = |hash: u64, text: &str| {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        text.bytes().chain([0]).fold(hash, step)
    };
    let texts = [slim.spec.to_string(), slim.specs.to_string()];
    let all = texts.iter().map(String::as_str).chain(slim.unknown.iter().map(|it| &**it));
    all.fold(0xcbf2_9ce4_8422_2325, hash).max(1)
}

/// Fields beside `spec` that are unknown may be what belongs in it; without a spec even its selector.
fn beside_spec(slim: &PolicySlim<'_>, parts: &mut PolicyParts<'_, '_>) {
    for name in &slim.unknown {
        parts.gap(&Place::new(&**name), "unknown field beside spec: does it belong inside?", GapEffect::Anything);
        if slim.spec.is_null() {
            parts.silent_gap(&Place::new("spec"), "there is no spec beside an unknown field", GapEffect::Target);
        }
    }
}

/// S4: without `policyTypes`, ingress always and egress if there is an egress rule.
fn isolates(fields: &Fields<'_>, place: &Place, parts: &mut PolicyParts<'_, '_>) -> Directions {
    let (types, place) = (fields.get("policyTypes"), place.field("policyTypes"));
    let Some(types) = parts.items(types, &place, GapEffect::Anything) else { return Directions::NONE };
    if types.is_empty() {
        let egress = fields.get("egress").as_array().is_some_and(|it| !it.is_empty());
        return Directions { ingress: true, egress };
    }
    let mut directions = Directions::NONE;
    for (at, value) in types.iter().enumerate() {
        match value.as_str() {
            Some("Ingress") => directions.ingress = true,
            Some("Egress") => directions.egress = true,
            _ => parts.gap(&place.item(at), format!("unknown policy type {value}"), GapEffect::Anything),
        }
    }
    directions
}

/// The rules of one direction, none where the policy does not isolate it.
fn read_rules(policy: &mut Policy, direction: Direction, value: &Value, parts: &mut PolicyParts<'_, '_>) -> Vec<Rule> {
    let place = Place::new("spec").field(direction.as_str());
    let gaps_before = parts.gaps.len();
    let items = parts.items(value, &place, GapEffect::Opens(direction)).unwrap_or_default();
    let rules: Vec<Rule> = items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| rule(policy, direction, item, &place.item(at), parts))
        .collect();
    if policy.isolates.has(direction) {
        return rules;
    }
    // S5: rules of a direction that is not isolated are inert, and so is what of them did not read.
    policy.inert += u32::try_from(items.len()).unwrap_or(u32::MAX);
    parts.gaps.truncate(gaps_before);
    Vec::new()
}

fn rule(
    policy: &Policy,
    direction: Direction,
    value: &Value,
    place: &Place,
    parts: &mut PolicyParts<'_, '_>,
) -> Option<Rule> {
    let effect = GapEffect::Opens(direction);
    let ends = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let fields = parts.fields(value, place, &[ends, "ports"], effect)?;
    let peers = peers(policy, effect, fields.get(ends), (place, ends), parts)?;
    let ports = ports(effect, fields.get("ports"), &place.field("ports"), parts)?;
    Some(Rule { direction, action: Action::Allow, peers, ports, place: shared(place, parts) })
}

/// The same places stand in thousands of policies.
fn shared(place: &Place, parts: &mut PolicyParts<'_, '_>) -> Place {
    Place(parts.context.intern.name(&place.0))
}

/// S9: an empty list is everyone, and that is not the same as a list of which nothing could be read.
fn peers(
    policy: &Policy,
    effect: GapEffect,
    value: &Value,
    (rule, ends): (&Place, &str),
    parts: &mut PolicyParts<'_, '_>,
) -> Option<Items<Peer>> {
    let place = rule.field(ends);
    let items = parts.items(value, &place, effect)?;
    if items.is_empty() {
        let everyone = Peer { matches: PeerMatch::Anyone, place: shared(rule, parts) };
        return Some(parts.context.intern.peers(vec![everyone]));
    }
    let peers = items.iter().enumerate().filter_map(|(at, item)| {
        let place = place.item(at);
        let matches = peer(&policy.meta.namespace, effect, item, &place, parts)?;
        Some(Peer { matches, place: shared(&place, parts) })
    });
    let peers = peers.collect();
    Some(parts.context.intern.peers(peers))
}

/// S13, S14, S15, S18, S32.
fn peer(
    own: &Name,
    effect: GapEffect,
    value: &Value,
    place: &Place,
    parts: &mut PolicyParts<'_, '_>,
) -> Option<PeerMatch> {
    let fields = parts.fields(value, place, &["podSelector", "namespaceSelector", "ipBlock"], effect)?;
    let [pods, namespaces, block] = ["podSelector", "namespaceSelector", "ipBlock"].map(|it| fields.get(it));
    match (pods.is_null() && namespaces.is_null(), block.is_null()) {
        (true, true) => {
            parts.gap(place, "a peer with no field", effect);
            None
        }
        (false, false) => {
            parts.gap(place, "ipBlock beside a selector", effect);
            None
        }
        (true, false) => ip_block(effect, block, &place.field("ipBlock"), parts).map(|it| PeerMatch::Block(it.into())),
        (false, true) => {
            let pods = parts.selector(pods, &place.field("podSelector"), effect)?;
            let namespaces = match namespaces {
                Value::Null => NamespaceMatch::Own(own.clone()),
                some => NamespaceMatch::Labels(parts.selector(some, &place.field("namespaceSelector"), effect)?),
            };
            Some(PeerMatch::Pods(SelectorSet { namespaces, pods }))
        }
    }
}

/// S31.
fn ip_block(effect: GapEffect, value: &Value, place: &Place, parts: &mut PolicyParts<'_, '_>) -> Option<Block> {
    let fields = parts.fields(value, place, &["cidr", "except"], effect)?;
    let cidr = cidr(effect, fields.get("cidr"), &place.field("cidr"), parts)?;
    let mut except = Vec::new();
    let holes = place.field("except");
    for (at, item) in parts.items(fields.get("except"), &holes, effect)?.iter().enumerate() {
        let place = holes.item(at);
        let hole = self::cidr(effect, item, &place, parts)?;
        if hole == cidr || !cidr.contains(&hole) {
            parts.problem(&place, format!("{hole} is not a strict part of {cidr}"));
        }
        except.push(hole);
    }
    Some(Block { cidr, except: except.into() })
}

fn cidr(effect: GapEffect, value: &Value, place: &Place, parts: &mut PolicyParts<'_, '_>) -> Option<IpNet> {
    let text = parts.text(value, place, effect)?;
    let Some(cidr) = parse_cidr(text) else {
        parts.gap(place, format!("not a CIDR: {text:?}"), effect);
        return None;
    };
    Some(cidr)
}

/// A CIDR with its host bits masked, and an IPv4 one where IPv6 maps it.
pub(super) fn parse_cidr(text: &str) -> Option<IpNet> {
    let cidr: IpNet = text.parse().ok()?;
    let mapped = match cidr {
        IpNet::V6(it) if it.prefix_len() >= 96 => it.addr().to_ipv4_mapped().map(|v4| (v4, it.prefix_len() - 96)),
        _ => None,
    };
    match mapped {
        Some((v4, length)) => Some(IpNet::new(v4.into(), length).ok()?.trunc()),
        None => Some(cidr.trunc()),
    }
}

/// S10: an empty list is every port of every protocol.
fn ports(effect: GapEffect, value: &Value, place: &Place, parts: &mut PolicyParts<'_, '_>) -> Option<Items<PortMatch>> {
    let items = parts.items(value, place, effect)?;
    if items.is_empty() {
        return Some(parts.context.intern.port_matches(vec![PortMatch::Any]));
    }
    let ports = items.iter().enumerate().filter_map(|(at, it)| port(effect, it, &place.item(at), parts)).collect();
    Some(parts.context.intern.port_matches(ports))
}

/// S21, S22, S24, S27.
fn port(effect: GapEffect, value: &Value, place: &Place, parts: &mut PolicyParts<'_, '_>) -> Option<PortMatch> {
    let fields = parts.fields(value, place, &["protocol", "port", "endPort"], effect)?;
    let protocol = protocol(effect, fields.get("protocol"), &place.field("protocol"), parts)?;
    let end_place = place.field("endPort");
    let end = match fields.get("endPort") {
        Value::Null => None,
        value => Some(integer(effect, value, &end_place, parts)?),
    };
    let port = fields.get("port");
    if end.is_some() && !port.is_number() {
        parts.problem(&end_place, "endPort without a numeric port says nothing");
    }
    match port {
        Value::Null => Some(PortMatch::All(protocol)),
        Value::String(name) => Some(named(protocol, name, &place.field("port"), parts)),
        port => {
            let first = integer(effect, port, &place.field("port"), parts)?;
            range(protocol, first, end.unwrap_or(first), place, parts)
        }
    }
}

/// S21; a protocol that the API does not know matches nothing that can be asked about.
fn protocol(effect: GapEffect, value: &Value, place: &Place, parts: &mut PolicyParts<'_, '_>) -> Option<Protocol> {
    let text = parts.text(value, place, effect)?;
    match super::pod::protocol(text) {
        Some(protocol) => Some(protocol),
        None if Protocol::parse(text).is_some() => {
            parts.gap(place, format!("the API writes protocols in capitals, not {text:?}"), effect);
            None
        }
        None => {
            parts.problem(place, format!("unknown protocol {text:?}; matches nothing"));
            None
        }
    }
}

fn named(protocol: Protocol, name: &str, place: &Place, parts: &mut PolicyParts<'_, '_>) -> PortMatch {
    if !name.bytes().any(|it| it.is_ascii_alphabetic()) {
        parts.problem(place, format!("{name:?} is a name, not a number, and no port can have it"));
    }
    PortMatch::Named { protocol, name: parts.context.intern.name(name) }
}

/// Ports that do not exist match nothing: they are left out with a problem, and no gap.
fn range(
    protocol: Protocol,
    first: i64,
    last: i64,
    place: &Place,
    parts: &mut PolicyParts<'_, '_>,
) -> Option<PortMatch> {
    let port = |number: i64| u16::try_from(number).ok().filter(|it| *it > 0);
    match (port(first), port(last)) {
        (Some(first), Some(last)) if first <= last => Some(PortMatch::Range { protocol, first, last }),
        (Some(_), Some(_)) => {
            parts.problem(place, format!("endPort {last} is less than port {first}; matches nothing"));
            None
        }
        _ => {
            let number = if port(first).is_none() { first } else { last };
            parts.problem(place, format!("{number} is not a port; matches nothing"));
            None
        }
    }
}

fn integer(effect: GapEffect, value: &Value, place: &Place, parts: &mut PolicyParts<'_, '_>) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return Some(number);
    }
    parts.gap(place, format!("{} where a port number was expected", word(value)), effect);
    None
}
