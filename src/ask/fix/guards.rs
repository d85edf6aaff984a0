//! What a candidate would break that clusters live by: one row for each, told beside the candidate with its reason.
//!
//! They stop nobody here: `apply` does. Sources: the good practices of RBAC and of network policies in the Kubernetes
//! documentation.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ask::World;
use crate::ask::many::{namespace_of, unit_text};
use crate::change::edits::{Change, Op};
use crate::change::{Flow, GrantChange, Impact};
use crate::model::role::{Subject, SubjectKind};
use crate::net::dns;
use crate::net::reach::Unit;

/// What guards look at.
pub struct Seen<'a> {
    pub before: &'a World,
    pub after: &'a World,
    pub impact: &'a Impact,
    pub changes: &'a [Change],
}

/// Something that clusters live by.
pub struct Guard {
    /// As `--override` will name it.
    pub name: &'static str,
    /// Why it matters, a clause.
    pub why: &'static str,
    /// What of it would break.
    finds: fn(&Seen<'_>) -> Option<String>,
}

/// All guards.
pub const GUARDS: &[Guard] = &[
    Guard { name: "dns", why: "names do not resolve without it", finds: dns_is_lost },
    Guard { name: "api-server", why: "controllers and operators stop without it", finds: api_server_is_lost },
    Guard { name: "ingress", why: "clients come in through it", finds: ingress_is_lost },
    Guard { name: "monitoring", why: "alerts rest on what it scrapes", finds: monitoring_is_lost },
    Guard { name: "webhooks", why: "the API server calls admission webhooks from a node", finds: nodes_are_shut_out },
    Guard { name: "own-access", why: "you could not undo it", finds: own_access_is_lost },
    Guard { name: "last-administrator", why: "nobody else could repair it", finds: last_administrator_goes },
    Guard { name: "bootstrap", why: "the control plane and its controllers need it", finds: system_loses },
    Guard { name: "exposure", why: "what is outside, or in kube-system, is rarely meant", finds: outside_opens },
    Guard { name: "managed", why: "whoever manages the object writes it back", finds: is_managed },
];

/// What guards find in a candidate: a sentence each.
pub fn found(seen: &Seen<'_>) -> Vec<String> {
    let told = |it: &Guard| Some(format!("guard {}: {} ({})", it.name, (it.finds)(seen)?, it.why));
    GUARDS.iter().filter_map(told).collect()
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
const SCRAPERS: [&str; 7] =
    ["prometheus", "vmagent", "grafana-agent", "alloy", "opentelemetry-collector", "metrics-server", "datadog-agent"];

/// Whether some port passes no longer.
fn loses(flow: &Flow) -> bool {
    !flow.before.some.difference(&flow.after.some).is_empty()
        || !flow.before.every.difference(&flow.after.every).is_empty()
}

/// The flows that lose something and are meant, in words.
fn lost(seen: &Seen<'_>, is_meant: impl Fn(&Flow) -> bool) -> Option<String> {
    let all: Vec<&Flow> = seen.impact.flows.iter().filter(|it| loses(it) && is_meant(it)).collect();
    let first = all.first()?;
    let more = if all.len() == 1 { String::new() } else { format!(" and {} more", all.len() - 1) };
    Some(format!("{} -> {}{more} is closed", unit_text(&first.from), unit_text(&first.to)))
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

fn dns_is_lost(seen: &Seen<'_>) -> Option<String> {
    let cluster = &seen.before.cluster;
    let service = dns::SERVICES.iter().find_map(|(namespace, name)| cluster.services.get(namespace, name))?;
    let pods = dns::behind(cluster, service).into_iter().filter_map(|it| seen.before.pod(&it.0));
    let servers: BTreeSet<Unit> = pods.map(|it| Unit::of_pod(cluster, it)).collect();
    lost(seen, |it| servers.contains(&it.to) && !matches!(it.from, Unit::Outside(_)))
}

fn api_server_is_lost(seen: &Seen<'_>) -> Option<String> {
    let slices = seen.before.cluster.endpoint_slices.of("default").iter();
    let own = slices.filter(|it| *it.service() == *"kubernetes").flat_map(|it| it.endpoints.iter());
    let addresses: Vec<std::net::IpAddr> = own.map(|it| it.address).collect();
    let is_it = |unit: &Unit| match unit {
        Unit::Outside(ranges) => addresses.iter().any(|it| ranges.iter().any(|(low, high)| low <= it && it <= high)),
        Unit::Nodes(nodes) => nodes.names().any(|name| {
            let node = seen.before.cluster.nodes.get("", name);
            node.is_some_and(|it| addresses.iter().any(|address| it.addresses.contains(address)))
        }),
        _ => false,
    };
    lost(seen, |it| is_it(&it.to))
}

fn ingress_is_lost(seen: &Seen<'_>) -> Option<String> {
    let controllers = named(seen.before, &INGRESSES);
    lost(seen, |it| controllers.contains(&it.from))
}

fn monitoring_is_lost(seen: &Seen<'_>) -> Option<String> {
    let scrapers = named(seen.before, &SCRAPERS);
    lost(seen, |it| scrapers.contains(&it.from))
}

fn nodes_are_shut_out(seen: &Seen<'_>) -> Option<String> {
    lost(seen, |it| matches!(it.from, Unit::Nodes(_)))
}

fn own_access_is_lost(seen: &Seen<'_>) -> Option<String> {
    let me = seen.before.told.me()?.identity(&[]);
    let is_mine = |it: &Subject| match it {
        Subject::Group(name) => me.is_in(name),
        other => crate::rbac::identity::canonical(other) == me.subject,
    };
    let taken = seen.impact.grants.iter().filter(|it| it.change != GrantChange::Given);
    let row = taken.into_iter().find(|it| is_mine(&it.subject))?;
    Some(format!("you lose {}", crate::ask::diff::right(row)))
}

/// Subjects that a cluster role binding lets do everything, and that are not the system's own.
fn administrators(world: &World) -> BTreeSet<String> {
    let all = world.cluster.bindings.of("").iter();
    let is_all = |it: &crate::model::role::SharedBinding| {
        let has = |list: &[crate::model::name::Name]| list.iter().any(|it| it == "*");
        let rules = world.rbac().rules_of(it);
        rules
            .iter()
            .flat_map(|it| it.iter())
            .any(|it| has(&it.verbs) && has(&it.groups) && has(&it.resources) && it.names.is_empty())
    };
    let subjects = all.filter(|it| is_all(it)).flat_map(|it| it.subjects.iter());
    subjects.filter(|it| !it.name().starts_with("system:")).map(ToString::to_string).collect()
}

fn last_administrator_goes(seen: &Seen<'_>) -> Option<String> {
    if !seen.changes.iter().any(|it| it.object.get("apiVersion").and_then(Value::as_str).is_some_and(is_rbac)) {
        return None;
    }
    let before = administrators(seen.before);
    let is_last = !before.is_empty() && administrators(seen.after).is_empty();
    is_last.then(|| {
        format!("{} is the last that a binding lets do everything", before.into_iter().next().unwrap_or_default())
    })
}

fn is_rbac(version: &str) -> bool {
    version.starts_with("rbac.authorization.k8s.io")
}

fn system_loses(seen: &Seen<'_>) -> Option<String> {
    let is_system = |it: &Subject| match it.kind() {
        SubjectKind::ServiceAccount => *it.namespace() == *"kube-system",
        _ => it.name().starts_with("system:"),
    };
    let taken = seen.impact.grants.iter().filter(|it| it.change != GrantChange::Given);
    if let Some(row) = taken.into_iter().find(|it| is_system(&it.subject)) {
        return Some(format!("{} loses {}", row.subject, crate::ask::diff::right(row)));
    }
    let bootstraps = |it: &&Change| label(&it.object, "labels", "kubernetes.io/bootstrapping").is_some();
    let changed = seen.changes.iter().find(|it| it.op != Op::Create && bootstraps(it))?;
    Some(format!("{} is one that the API server made and restores", changed.id().ok()?))
}

fn outside_opens(seen: &Seen<'_>) -> Option<String> {
    let gains = |it: &&Flow| !it.after.some.difference(&it.before.some).is_empty();
    let is_wide = |it: &&Flow| {
        let is_outside = |unit: &Unit| matches!(unit, Unit::Outside(_));
        let is_system = |unit: &Unit| namespace_of(unit).is_some_and(|it| *it == *"kube-system");
        is_outside(&it.from) || is_outside(&it.to) || is_system(&it.to)
    };
    let flow = seen.impact.flows.iter().filter(gains).find(is_wide)?;
    Some(format!("{} -> {} is opened", unit_text(&flow.from), unit_text(&flow.to)))
}

/// The marks of what writes objects from elsewhere.
const MANAGERS: [(&str, &str, &str); 5] = [
    ("labels", "app.kubernetes.io/managed-by", ""),
    ("annotations", "meta.helm.sh/release-name", "Helm"),
    ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD"),
    ("labels", "kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("labels", "helm.toolkit.fluxcd.io/name", "Flux"),
];

fn is_managed(seen: &Seen<'_>) -> Option<String> {
    seen.changes.iter().filter(|it| it.op != Op::Create).find_map(|change| {
        let by = MANAGERS.iter().find_map(|(list, key, who)| {
            let value = label(&change.object, list, key)?;
            Some(if who.is_empty() { value.to_owned() } else { (*who).to_owned() })
        })?;
        Some(format!("{} is managed by {by}", change.id().ok()?))
    })
}

fn label<'v>(object: &'v Value, list: &str, key: &str) -> Option<&'v str> {
    object.get("metadata")?.get(list)?.get(key)?.as_str()
}
