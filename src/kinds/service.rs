//! Services: their addresses, selectors and ports.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use serde_json::{Value, json};

use super::context::{ReadContext, ReadKind};
use super::pod::protocol;
use super::reader::KindReader;
use super::slim::{Metadata, NumberOrText, StringMap, Text, object, or_default};
use super::written::{labels, named, named_object};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::address::{Family, canonical};
use crate::model::facts::{Exposure, Service, ServicePort, ServiceType, TargetPort};
use crate::model::id::{Kind, ResourceScope};
use crate::model::items::Items;
use crate::model::meta::SnapshotMeta;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::SERVICE,
    group: "",
    version: "v1",
    plural: "services",
    word: "Service",
    short: &["svc"],
    scope: ResourceScope::Namespaced,
    presence: Presence::Always,
    watch: WatchedPart::Full,
    decides: None,
    reader: KindReader::of::<Services>(),
};

struct Services;

#[derive(Deserialize)]
pub(super) struct ServiceSlim<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    spec: ServiceSpec<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    status: ServiceStatus<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ServiceSpec<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "or_default")]
    service_type: Text<'a>,
    #[serde(borrow, default, rename = "clusterIP", deserialize_with = "or_default")]
    cluster_ip: Text<'a>,
    #[serde(borrow, default, rename = "clusterIPs", deserialize_with = "or_default")]
    cluster_ips: Vec<Text<'a>>,
    #[serde(borrow, default, rename = "externalIPs", deserialize_with = "or_default")]
    external_ips: Vec<Text<'a>>,
    #[serde(borrow, default, rename = "loadBalancerIP", deserialize_with = "or_default")]
    load_balancer_ip: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    load_balancer_source_ranges: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    ip_families: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    external_name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    selector: StringMap<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    ports: Vec<ServicePortSlim<'a>>,
    #[serde(default, deserialize_with = "or_default")]
    publish_not_ready_addresses: bool,
    #[serde(borrow, default, deserialize_with = "or_default")]
    internal_traffic_policy: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    external_traffic_policy: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ServicePortSlim<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    protocol: Text<'a>,
    #[serde(default, deserialize_with = "or_default")]
    port: i64,
    #[serde(default, deserialize_with = "or_default")]
    node_port: i64,
    #[serde(borrow, default)]
    target_port: Option<NumberOrText<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ServiceStatus<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    load_balancer: LoadBalancer<'a>,
}

#[derive(Deserialize, Default)]
struct LoadBalancer<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    ingress: Vec<LoadBalancerIngress<'a>>,
}

#[derive(Deserialize, Default)]
struct LoadBalancerIngress<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    ip: Text<'a>,
}

impl ReadKind for Services {
    type Slim<'a> = ServiceSlim<'a>;
    type Fact = Service;
    const FIELDS: &'static [&'static str] = &["spec", "status.loadBalancer"];

    fn metadata<'s>(slim: &'s ServiceSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &ServiceSlim<'_>, context: &mut ReadContext<'_>) -> Service {
        let spec = &slim.spec;
        context.note_nulls("spec.selector", &spec.selector);
        let exposure = Exposure {
            service_type: service_type(spec, context),
            headless: is_headless(spec),
            external_ips: addresses(spec.external_ips.iter(), "spec.externalIPs", context).into(),
            balancer_ips: balancer_ips(slim, context).into(),
            source_ranges: source_ranges(spec, context).into(),
            only_family: only_family(spec),
            ports: ports(&spec.ports, context),
            publishes_not_ready: spec.publish_not_ready_addresses,
            internal_local: &*spec.internal_traffic_policy == "Local",
            external_local: &*spec.external_traffic_policy == "Local",
        };
        Service {
            meta: context.meta(&slim.metadata),
            cluster_ips: cluster_ips(spec, context).into(),
            selector: context.intern.labels(spec.selector.iter()),
            exposure: context.intern.exposure(exposure),
        }
    }

    fn object(it: &Service, _: SnapshotMeta) -> Option<Value> {
        let mut service = named_object(it);
        let ports: Vec<Value> = it.ports.iter().map(written_port).collect();
        let mut spec = json!({"type": type_word(&it.service_type), "ports": ports});
        spec["clusterIPs"] = texts(it.cluster_ips.iter());
        spec["externalIPs"] = texts(it.external_ips.iter().copied());
        if !it.source_ranges.is_empty() {
            spec["loadBalancerSourceRanges"] = it.source_ranges.iter().map(ToString::to_string).collect();
        }
        if let Some(family) = it.only_family {
            spec["ipFamilies"] = json!([family.as_str()]);
        }
        spec["publishNotReadyAddresses"] = json!(it.publishes_not_ready);
        if it.headless {
            spec["clusterIP"] = json!("None");
        }
        if let ServiceType::ExternalName(name) = &it.service_type {
            spec["externalName"] = json!(name);
        }
        if !it.selector.is_empty() {
            spec["selector"] = labels(&it.selector);
        }
        for (field, local) in
            [("internalTrafficPolicy", it.internal_local), ("externalTrafficPolicy", it.external_local)]
        {
            if local {
                spec[field] = json!("Local");
            }
        }
        service["spec"] = spec;
        if !it.balancer_ips.is_empty() {
            let ingress: Vec<Value> = it.balancer_ips.iter().map(|it| json!({"ip": it.to_string()})).collect();
            service["status"] = json!({"loadBalancer": {"ingress": ingress}});
        }
        Some(service)
    }
}

fn written_port(it: &ServicePort) -> Value {
    let target = match &it.target {
        TargetPort::Number(number) => json!(number),
        TargetPort::Named(name) => json!(name),
    };
    let mut port = json!({"port": it.number, "protocol": it.protocol.as_str(), "targetPort": target});
    if let Some(number) = it.node_port {
        port["nodePort"] = json!(number);
    }
    named(&it.name, port)
}

fn texts(addresses: impl Iterator<Item = std::net::IpAddr>) -> Value {
    addresses.map(|it| it.to_string()).collect()
}

fn type_word(it: &ServiceType) -> &'static str {
    match it {
        ServiceType::ClusterIp => "ClusterIP",
        ServiceType::NodePort => "NodePort",
        ServiceType::LoadBalancer => "LoadBalancer",
        ServiceType::ExternalName(_) => "ExternalName",
    }
}

fn service_type(spec: &ServiceSpec<'_>, context: &mut ReadContext<'_>) -> ServiceType {
    match &*spec.service_type {
        "" | "ClusterIP" => ServiceType::ClusterIp,
        "NodePort" => ServiceType::NodePort,
        "LoadBalancer" => ServiceType::LoadBalancer,
        "ExternalName" => ServiceType::ExternalName(context.intern.name(&spec.external_name)),
        other => {
            context.problem("spec.type", format!("unknown type {other:?}; read as ClusterIP"));
            ServiceType::ClusterIp
        }
    }
}

fn is_headless(spec: &ServiceSpec<'_>) -> bool {
    std::iter::once(&spec.cluster_ip).chain(&spec.cluster_ips).any(|it| &**it == "None")
}

fn cluster_ips(spec: &ServiceSpec<'_>, context: &mut ReadContext<'_>) -> Vec<IpAddr> {
    let first = spec.cluster_ips.is_empty().then_some(&spec.cluster_ip);
    let written = first.into_iter().chain(&spec.cluster_ips).filter(|it| !matches!(&***it, "" | "None"));
    addresses(written, "spec.clusterIPs", context)
}

/// What the load balancer was given, else what was asked for it.
fn balancer_ips(slim: &ServiceSlim<'_>, context: &mut ReadContext<'_>) -> Vec<IpAddr> {
    let given = slim.status.load_balancer.ingress.iter().map(|it| &it.ip);
    let given = addresses(given, "status.loadBalancer.ingress", context);
    let is_balanced = &*slim.spec.service_type == "LoadBalancer";
    if !given.is_empty() || !is_balanced || !slim.status.load_balancer.ingress.is_empty() {
        return given;
    }
    addresses(std::iter::once(&slim.spec.load_balancer_ip), "spec.loadBalancerIP", context)
}

/// As the API server reads them: spaces around them count for nothing.
fn source_ranges(spec: &ServiceSpec<'_>, context: &mut ReadContext<'_>) -> Vec<IpNet> {
    let mut ranges = Vec::new();
    for (at, text) in spec.load_balancer_source_ranges.iter().enumerate() {
        match text.trim().parse::<IpNet>() {
            Ok(range) => ranges.push(range.trunc()),
            // One that nobody is in: without it a list of nothing but mistakes would let in everybody.
            Err(_) => {
                ranges.push(IpNet::from(IpAddr::from([255; 4])));
                let place = format!("spec.loadBalancerSourceRanges[{at}]");
                context.problem(&place, format!("not a CIDR: {:?}; it lets in nobody", &**text));
            }
        }
    }
    ranges
}

/// A Service without addresses of its own may still be of one family.
fn only_family(spec: &ServiceSpec<'_>) -> Option<Family> {
    match spec.ip_families.as_slice() {
        [only] => Family::ALL.into_iter().find(|it| it.as_str() == &**only),
        _ => None,
    }
}

fn addresses<'a>(
    written: impl Iterator<Item = &'a Text<'a>>,
    place: &str,
    context: &mut ReadContext<'_>,
) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for text in written.filter(|it| !it.is_empty()) {
        match text.parse().map(canonical) {
            Ok(address) if !addresses.contains(&address) => addresses.push(address),
            Ok(_) => {}
            Err(_) => context.problem(place, format!("not an address: {:?}; left out", &**text)),
        }
    }
    addresses
}

fn ports(written: &[ServicePortSlim<'_>], context: &mut ReadContext<'_>) -> Items<ServicePort> {
    let mut ports = Vec::with_capacity(written.len());
    for (at, it) in written.iter().enumerate() {
        match port(it, context) {
            Ok(port) => ports.push(port),
            Err(why) => context.problem(&format!("spec.ports[{at}]"), format!("{why}; the port was left out")),
        }
    }
    context.intern.service_ports(ports)
}

/// The error is one clause, which becomes a problem at the port's place.
fn port(it: &ServicePortSlim<'_>, context: &mut ReadContext<'_>) -> Result<ServicePort, String> {
    let protocol = protocol(&it.protocol).ok_or_else(|| format!("unknown protocol {:?}", &*it.protocol))?;
    let number = port_number(it.port)?;
    // As the API server defaults it: absent, 0 and "" mean the service's own number.
    let target = match &it.target_port {
        None | Some(NumberOrText::Number(0)) => TargetPort::Number(number),
        Some(NumberOrText::Number(target)) => TargetPort::Number(port_number(*target)?),
        Some(NumberOrText::Text(name)) if name.is_empty() => TargetPort::Number(number),
        Some(NumberOrText::Text(name)) => TargetPort::Named(context.intern.name(name)),
    };
    let node_port = u16::try_from(it.node_port).ok().filter(|it| *it > 0);
    Ok(ServicePort { name: context.intern.name(&it.name), protocol, number, target, node_port })
}

/// A port number, or the clause that says why it is none.
pub(super) fn port_number(number: i64) -> Result<u16, String> {
    u16::try_from(number).ok().filter(|it| *it > 0).ok_or_else(|| format!("{number} is not a port"))
}
