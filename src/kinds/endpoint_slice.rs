//! EndpointSlices: the backends of services.

use std::net::IpAddr;

use serde::Deserialize;

use serde_json::{Value, json};

use super::context::{ReadContext, ReadKind};
use super::pod::protocol;
use super::reader::KindReader;
use super::service::port_number;
use super::slim::{Metadata, Text, object, or_default};
use super::written::{named, named_object};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::address::canonical;
use crate::model::endpoints::{Endpoint, Endpoints};
use crate::model::facts::{EndpointPort, EndpointSlice, Uid};
use crate::model::id::{Kind, ResourceScope};
use crate::model::items::Items;
use crate::model::meta::SnapshotMeta;
use crate::model::name::Name;

/// The label that names the service of a slice.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::ENDPOINT_SLICE,
    group: "discovery.k8s.io",
    version: "v1",
    plural: "endpointslices",
    word: "EndpointSlice",
    short: &[],
    scope: ResourceScope::Namespaced,
    presence: Presence::Always,
    watch: WatchedPart::Full,
    decides: None,
    reader: KindReader::of::<EndpointSlices>(),
};

struct EndpointSlices;

#[derive(Deserialize)]
pub(super) struct SliceSlim<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    endpoints: Vec<EndpointSlim<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    ports: Vec<EndpointPortSlim<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct EndpointSlim<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    addresses: Vec<Text<'a>>,
    #[serde(default, deserialize_with = "object")]
    conditions: Conditions,
    #[serde(borrow, default, deserialize_with = "object")]
    target_ref: TargetRef<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    node_name: Text<'a>,
}

#[derive(Deserialize, Default)]
struct Conditions {
    #[serde(default)]
    ready: Option<bool>,
    #[serde(default)]
    serving: Option<bool>,
    #[serde(default)]
    terminating: Option<bool>,
}

#[derive(Deserialize, Default)]
struct TargetRef<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
}

#[derive(Deserialize, Default)]
struct EndpointPortSlim<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    protocol: Text<'a>,
    #[serde(default)]
    port: Option<i64>,
}

impl ReadKind for EndpointSlices {
    type Slim<'a> = SliceSlim<'a>;
    type Fact = EndpointSlice;
    const FIELDS: &'static [&'static str] = &["endpoints", "ports"];

    fn metadata<'s>(slim: &'s SliceSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &SliceSlim<'_>, context: &mut ReadContext<'_>) -> EndpointSlice {
        let it = &slim.metadata;
        let service = context.intern.name(it.labels.get(SERVICE_NAME).unwrap_or_default());
        let mut slice = EndpointSlice::named(context.namespace_of(it), service, &it.name);
        slice.endpoints = endpoints(&slim.endpoints, context);
        slice.ports = ports(&slim.ports, context);
        slice.uid = Uid::parse(&it.uid).into();
        slice
    }

    fn object(it: &EndpointSlice, _: SnapshotMeta) -> Option<Value> {
        let mut slice = named_object(it);
        let v6 = it.endpoints.iter().next().is_some_and(|it| it.address.is_ipv6());
        slice["addressType"] = json!(if v6 { "IPv6" } else { "IPv4" });
        slice["endpoints"] = it.endpoints.iter().map(|it| written_endpoint(&it)).collect();
        let ports = it.ports.iter().map(|it| {
            let port = named(&it.name, json!({"protocol": it.protocol.as_str()}));
            it.number.map_or(port.clone(), |number| {
                let mut port = port;
                port["port"] = json!(number);
                port
            })
        });
        slice["ports"] = ports.collect();
        if !it.service().is_empty() {
            slice["metadata"]["labels"] = json!({"kubernetes.io/service-name": it.service()});
        }
        Some(slice)
    }
}

fn written_endpoint(it: &Endpoint) -> Value {
    let mut endpoint = json!({
        "addresses": [it.address.to_string()],
        "conditions": {"ready": it.ready, "serving": it.serving, "terminating": it.terminating},
    });
    if !it.pod.is_empty() {
        endpoint["targetRef"] = json!({"kind": "Pod", "name": it.pod});
    }
    if !it.node.is_empty() {
        endpoint["nodeName"] = json!(it.node);
    }
    endpoint
}

fn endpoints(written: &[EndpointSlim<'_>], context: &mut ReadContext<'_>) -> Endpoints {
    let mut endpoints = Vec::with_capacity(written.len());
    for (at, it) in written.iter().enumerate() {
        let address = it.addresses.first().and_then(|it| it.parse().ok());
        match address {
            Some(address) => endpoints.push(endpoint(it, canonical(address))),
            None => context.problem(&format!("endpoints[{at}]"), "has no IP address; left out"),
        }
    }
    Endpoints::new(&endpoints, |it| context.intern.name(it))
}

/// Absent conditions mean: ready, serving as ready says, not terminating.
fn endpoint(it: &EndpointSlim<'_>, address: IpAddr) -> Endpoint {
    let ready = it.conditions.ready.unwrap_or(true);
    let pod = if &*it.target_ref.kind == "Pod" { &*it.target_ref.name } else { "" };
    Endpoint {
        address,
        pod: pod.into(),
        node: if pod.is_empty() { (*it.node_name).into() } else { Name::empty() },
        ready,
        serving: it.conditions.serving.unwrap_or(ready),
        terminating: it.conditions.terminating.unwrap_or(false),
    }
}

fn ports(written: &[EndpointPortSlim<'_>], context: &mut ReadContext<'_>) -> Items<EndpointPort> {
    let mut ports = Vec::with_capacity(written.len());
    for (at, it) in written.iter().enumerate() {
        match port(it, context) {
            Ok(port) => ports.push(port),
            Err(why) => context.problem(&format!("ports[{at}]"), format!("{why}; the port was left out")),
        }
    }
    context.intern.endpoint_ports(ports)
}

/// The error is one clause, which becomes a problem at the port's place.
fn port(it: &EndpointPortSlim<'_>, context: &mut ReadContext<'_>) -> Result<EndpointPort, String> {
    let protocol = protocol(&it.protocol).ok_or_else(|| format!("unknown protocol {:?}", &*it.protocol))?;
    let number = it.port.map(port_number).transpose()?;
    Ok(EndpointPort { name: context.intern.name(&it.name), protocol, number })
}
