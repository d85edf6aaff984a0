//! Nodes: their addresses, pod ranges and provider.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use serde_json::{Value, json};

use super::context::{ReadContext, ReadKind};
use super::reader::KindReader;
use super::slim::{Metadata, Text, object, or_default};
use super::written::named_object;
use super::{KindSpec, Presence, WatchedPart};
use crate::model::address::canonical;
use crate::model::facts::Node;
use crate::model::id::{Kind, ResourceScope};
use crate::model::items::Items;
use crate::model::meta::SnapshotMeta;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::NODE,
    group: "",
    version: "v1",
    plural: "nodes",
    word: "Node",
    short: &["no"],
    scope: ResourceScope::Cluster,
    presence: Presence::Always,
    watch: WatchedPart::Full,
    decides: None,
    reader: KindReader::of::<Nodes>(),
};

struct Nodes;

#[derive(Deserialize)]
pub(super) struct NodeSlim<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    spec: NodeSpec<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    status: NodeStatus<'a>,
}

#[derive(Deserialize, Default)]
struct NodeSpec<'a> {
    #[serde(borrow, default, rename = "podCIDR", deserialize_with = "or_default")]
    pod_cidr: Text<'a>,
    #[serde(borrow, default, rename = "podCIDRs", deserialize_with = "or_default")]
    pod_cidrs: Vec<Text<'a>>,
    #[serde(borrow, default, rename = "providerID", deserialize_with = "or_default")]
    provider: Text<'a>,
}

#[derive(Deserialize, Default)]
struct NodeStatus<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    addresses: Vec<NodeAddress<'a>>,
}

#[derive(Deserialize, Default)]
struct NodeAddress<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "or_default")]
    kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    address: Text<'a>,
}

impl ReadKind for Nodes {
    type Slim<'a> = NodeSlim<'a>;
    type Fact = Node;
    const FIELDS: &'static [&'static str] = &["spec.podCIDR", "spec.podCIDRs", "spec.providerID", "status.addresses"];

    fn metadata<'s>(slim: &'s NodeSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &NodeSlim<'_>, context: &mut ReadContext<'_>) -> Node {
        Node {
            meta: context.meta(&slim.metadata),
            labels: context.labels(&slim.metadata),
            addresses: addresses(&slim.status.addresses),
            pod_cidrs: pod_cidrs(&slim.spec, context),
            provider: context.intern.name(scheme(&slim.spec.provider)),
        }
    }

    fn object(it: &Node, _: SnapshotMeta) -> Option<Value> {
        let mut node = named_object(it);
        let cidrs: Vec<String> = it.pod_cidrs.iter().map(ToString::to_string).collect();
        node["spec"] = json!({"podCIDRs": cidrs, "providerID": it.provider});
        // The order is kept; which of them are internal is not a fact.
        let addresses: Vec<Value> =
            it.addresses.iter().map(|it| json!({"type": "InternalIP", "address": it.to_string()})).collect();
        node["status"] = json!({"addresses": addresses});
        Some(node)
    }
}

/// What names the provider; the rest names the machine.
fn scheme(provider_id: &str) -> &str {
    provider_id.split_inclusive("://").next().unwrap_or_default()
}

/// Host names and DNS names stand in the same list; they are no addresses.
fn addresses(written: &[NodeAddress<'_>]) -> Items<IpAddr> {
    let parsed = written.iter().filter_map(|it| Some((&*it.kind, canonical(it.address.parse().ok()?))));
    let (mut internal, other): (Vec<_>, Vec<_>) = parsed.partition(|(kind, _)| *kind == "InternalIP");
    internal.extend(other);
    let mut addresses: Vec<IpAddr> = Vec::new();
    for (_, address) in internal {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses.into()
}

fn pod_cidrs(spec: &NodeSpec<'_>, context: &mut ReadContext<'_>) -> Items<IpNet> {
    let first = spec.pod_cidrs.is_empty().then_some(&spec.pod_cidr).filter(|it| !it.is_empty());
    let mut cidrs = Vec::new();
    for text in first.into_iter().chain(&spec.pod_cidrs) {
        match text.parse::<IpNet>() {
            Ok(cidr) => cidrs.push(cidr.trunc()),
            Err(_) => context.problem("spec.podCIDRs", format!("not a CIDR: {:?}; left out", &**text)),
        }
    }
    cidrs.into()
}
