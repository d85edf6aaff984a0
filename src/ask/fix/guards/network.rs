//! Guards of what clusters live by on the network.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::{GuardedChange, is_rbac};
use crate::ask::World;
use crate::ask::many::{namespace_of, unit_text};
use crate::change::DifferingFlow;
use crate::model::facts::EndpointSlice;
use crate::model::id::PodId;
use crate::model::port::{PortSet, Protocol};
use crate::net::dns;
use crate::net::reach::Unit;

/// Whether some flow could be otherwise by what is changed.
fn is_about_flows(seen: &GuardedChange<'_>) -> bool {
    !seen.changes.iter().all(is_rbac)
}

pub(super) fn no_dns(seen: &GuardedChange<'_>) -> Option<&'static str> {
    (is_about_flows(seen) && dns_servers(seen).is_empty()).then_some("no DNS service with pods is known in kube-system")
}

/// The pods behind the cluster's DNS, and the port that each answers on.
fn dns_servers(seen: &GuardedChange<'_>) -> Vec<(PodId, u16)> {
    let cluster = &seen.before.cluster;
    dns::service(cluster).map(|it| dns::behind(cluster, it)).unwrap_or_default()
}

/// What tells where the API server is.
fn api_server<'a>(seen: &GuardedChange<'a>) -> impl Iterator<Item = &'a Arc<EndpointSlice>> {
    seen.before.cluster.endpoint_slices.of("default").iter().filter(|it| *it.service() == *"kubernetes")
}

pub(super) fn no_api_server(seen: &GuardedChange<'_>) -> Option<&'static str> {
    let is_known = api_server(seen).any(|it| it.endpoints.iter().next().is_some());
    (is_about_flows(seen) && !is_known).then_some("the Service default/kubernetes has no endpoint")
}

pub(super) fn no_ingress(seen: &GuardedChange<'_>) -> Option<&'static str> {
    (is_about_flows(seen) && named(seen.before, &INGRESSES).is_empty()).then_some("no ingress controller is known")
}

pub(super) fn no_monitoring(seen: &GuardedChange<'_>) -> Option<&'static str> {
    (is_about_flows(seen) && named(seen.before, &SCRAPERS).is_empty())
        .then_some("nothing that scrapes metrics is known")
}

pub(super) fn no_webhooks(seen: &GuardedChange<'_>) -> Option<&'static str> {
    let is_shut = || seen.impact.flows.iter().any(|it| loses(it, &PortSet::all()) && matches!(it.from, Unit::Nodes(_)));
    let why = "no pod is known by its name to serve admission webhooks, which the API server calls from a node";
    (is_shut() && webhooks(seen.before).is_empty()).then_some(why)
}

/// Where controllers that let clients in are known by, and those that scrape.
const NAME_LABELS: [&str; 3] = ["app.kubernetes.io/name", "app", "k8s-app"];
const INGRESSES: [&str; 8] = [
    "ingress-nginx",
    "nginx-ingress",
    "traefik",
    "haproxy-ingress",
    "kong",
    "contour",
    "envoy",
    "istio-ingressgateway",
];
const WEBHOOKS: [&str; 6] =
    ["gatekeeper", "kyverno", "istiod", "linkerd-proxy-injector", "vpa-admission-controller", "admission-controller"];
const SCRAPERS: [&str; 7] =
    ["prometheus", "vmagent", "grafana-agent", "alloy", "opentelemetry-collector", "metrics-server", "datadog-agent"];

/// Whether some of these ports passes no longer.
fn loses(flow: &DifferingFlow, ports: &PortSet) -> bool {
    let gone = |before: &PortSet, after: &PortSet| !before.difference(after).intersection(ports).is_empty();
    gone(&flow.before.some, &flow.after.some) || gone(&flow.before.every, &flow.after.every)
}

/// The flows that lose some of the ports that are meant of them, in words.
fn lost(seen: &GuardedChange<'_>, meant: impl Fn(&DifferingFlow) -> Option<PortSet>) -> Option<String> {
    let meant = |it| meant(it).filter(|ports| loses(it, ports)).map(|ports| (it, ports));
    let all: Vec<(&DifferingFlow, PortSet)> = seen.impact.flows.iter().filter_map(meant).collect();
    let (first, ports) = all.first()?;
    let more = if all.len() == 1 { String::new() } else { format!(" and {} more", all.len() - 1) };
    let is_closed = first.after.some.intersection(ports).is_empty();
    let how = if is_closed { "is closed" } else { "is narrowed" };
    Some(format!("{} -> {}{more} {how}", unit_text(&first.from), unit_text(&first.to)))
}

/// All ports of what is meant.
fn all_ports(is_meant: bool) -> Option<PortSet> {
    is_meant.then(PortSet::all)
}

/// The units of pods that are known by one of these names.
fn named(world: &World, names: &[&str]) -> BTreeSet<Unit> {
    let is_one = |value: &str| names.contains(&value);
    let pods = world
        .cluster
        .pods
        .iter()
        .filter(|pod| NAME_LABELS.iter().any(|key| pod.labels().get(key).is_some_and(|it| is_one(&it))));
    pods.map(|it| Unit::of_pod(&world.cluster, it)).collect()
}

/// Where NodeLocal DNSCache answers, on every node.
const NODE_LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 20, 10));

pub(super) fn dns_is_lost(seen: &GuardedChange<'_>) -> Option<String> {
    let mut servers: BTreeMap<Unit, PortSet> = BTreeMap::new();
    for (pod, port) in dns_servers(seen) {
        let Some(pod) = seen.before.pod(&pod) else { continue };
        let ports = servers.entry(Unit::of_pod(&seen.before.cluster, pod)).or_insert_with(PortSet::none);
        [Protocol::Udp, Protocol::Tcp].into_iter().for_each(|it| ports.insert(it, port, port));
    }
    let has_cache = !named(seen.before, &["node-local-dns"]).is_empty();
    let of_cache = || PortSet::union_of(&[Protocol::Udp, Protocol::Tcp].map(|it| PortSet::range(it, 53, 53)));
    lost(seen, |it| match (&it.from, &it.to) {
        (Unit::Outside(_), _) => None,
        (_, Unit::Outside(ranges)) => (has_cache && holds(ranges, NODE_LOCAL)).then(of_cache),
        (_, to) => servers.get(to).cloned(),
    })
}

fn holds(ranges: &[(IpAddr, IpAddr)], address: IpAddr) -> bool {
    ranges.iter().any(|(low, high)| *low <= address && address <= *high)
}

pub(super) fn api_server_is_lost(seen: &GuardedChange<'_>) -> Option<String> {
    let addresses: Vec<IpAddr> = api_server(seen).flat_map(|it| it.endpoints.iter()).map(|it| it.address).collect();
    let numbers = api_server(seen).flat_map(|it| it.ports.iter()).filter_map(|it| it.number);
    let ports = PortSet::union_of(&numbers.map(|it| PortSet::range(Protocol::Tcp, it, it)).collect::<Vec<_>>());
    let is_it = |unit: &Unit| match unit {
        Unit::Outside(ranges) => addresses.iter().any(|it| holds(ranges, *it)),
        Unit::Nodes(nodes) => nodes.names().any(|name| {
            let node = seen.before.cluster.nodes.get("", name);
            node.is_some_and(|it| addresses.iter().any(|address| it.addresses.contains(address)))
        }),
        _ => false,
    };
    lost(seen, |it| is_it(&it.to).then(|| if ports.is_empty() { PortSet::all() } else { ports.clone() }))
}

pub(super) fn ingress_is_lost(seen: &GuardedChange<'_>) -> Option<String> {
    let controllers = named(seen.before, &INGRESSES);
    lost(seen, |it| all_ports(controllers.contains(&it.from)))
}

pub(super) fn monitoring_is_lost(seen: &GuardedChange<'_>) -> Option<String> {
    let scrapers = named(seen.before, &SCRAPERS);
    lost(seen, |it| all_ports(scrapers.contains(&it.from)))
}

/// What serves admission webhooks, as far as names tell: their configurations are not read.
fn webhooks(world: &World) -> BTreeSet<Unit> {
    let serves = |value: &str| value.contains("webhook") || WEBHOOKS.contains(&value);
    let is_one = |pod: &crate::model::facts::SharedPod| {
        NAME_LABELS
            .iter()
            .chain(&["app.kubernetes.io/component"])
            .any(|key| pod.labels().get(key).is_some_and(|it| serves(&it)))
    };
    world.cluster.pods.iter().filter(|it| is_one(it)).map(|it| Unit::of_pod(&world.cluster, it)).collect()
}

pub(super) fn webhooks_are_lost(seen: &GuardedChange<'_>) -> Option<String> {
    let servers = webhooks(seen.before);
    lost(seen, |it| all_ports(matches!(it.from, Unit::Nodes(_)) && servers.contains(&it.to)))
}

pub(super) fn outside_opens(seen: &GuardedChange<'_>) -> Option<String> {
    let gains = |it: &&DifferingFlow| !it.after.some.difference(&it.before.some).is_empty();
    let is_wide = |it: &&DifferingFlow| {
        let is_outside = |unit: &Unit| matches!(unit, Unit::Outside(_));
        let is_system = |unit: &Unit| namespace_of(unit).is_some_and(|it| *it == *"kube-system");
        is_outside(&it.from) || is_outside(&it.to) || is_system(&it.to)
    };
    let flow = seen.impact.flows.iter().filter(gains).find(is_wide)?;
    Some(format!("{} -> {} is opened", unit_text(&flow.from), unit_text(&flow.to)))
}
