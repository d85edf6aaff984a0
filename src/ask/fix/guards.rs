//! What a candidate would break that clusters live by: one row for each, told beside the candidate with its reason.
//!
//! They stop nobody here: `apply` stops for those that say so, until they are overridden by name. Sources: the good practices of RBAC and of network policies in the Kubernetes
//! documentation.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ask::World;
use crate::ask::many::{namespace_of, unit_text};
use crate::change::edits::{Change, Op};
use crate::change::object::{mark, owner};
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
    /// As `--override` names it.
    pub name: &'static str,
    /// Why it matters, a clause.
    pub why: &'static str,
    /// Whether `apply` stops for it.
    pub stops: Stops,
    /// What of it would break.
    finds: fn(&Seen<'_>) -> Option<String>,
    /// Why it cannot be looked at: what it is about is not there, or not known.
    lacks: fn(&Seen<'_>) -> Option<&'static str>,
}

/// Whether `apply` stops for a guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stops {
    /// Until it is overridden by its name.
    Apply,
    /// It is said, and nothing more.
    Nothing,
}

/// A guard that found something.
#[derive(Clone)]
pub struct Tripped {
    pub guard: &'static Guard,
    /// What would break, a clause.
    pub what: String,
}

impl Tripped {
    /// A sentence.
    pub fn words(&self) -> String {
        format!("guard {}: {} ({})", self.guard.name, self.what, self.guard.why)
    }
}

const fn guard(name: &'static str, why: &'static str, finds: fn(&Seen<'_>) -> Option<String>) -> Guard {
    Guard { name, why, stops: Stops::Apply, finds, lacks: |_| None }
}

/// All guards.
pub const GUARDS: &[Guard] = &[
    Guard { lacks: no_dns, ..guard("dns", "names do not resolve without it", dns_is_lost) },
    Guard {
        lacks: no_api_server,
        ..guard("api-server", "controllers and operators stop without it", api_server_is_lost)
    },
    Guard { lacks: no_ingress, ..guard("ingress", "clients come in through it", ingress_is_lost) },
    Guard { lacks: no_monitoring, ..guard("monitoring", "alerts rest on what it scrapes", monitoring_is_lost) },
    Guard { lacks: no_webhooks, ..guard("webhooks", "the API server calls them from a node", webhooks_are_lost) },
    Guard { lacks: no_identity, ..guard("own-access", "you could not undo it", own_access_is_lost) },
    guard("last-administrator", "nobody else could repair it", last_administrator_goes),
    guard("bootstrap", "the control plane and its controllers need it", system_loses),
    guard("everyone", "every user and every service account is in it", everyone_gets),
    guard("aggregated", "the controller overwrites rules of an aggregated ClusterRole", aggregated_is_edited),
    Guard {
        stops: Stops::Nothing,
        ..guard("exposure", "what is outside, or in kube-system, is rarely meant", outside_opens)
    },
    Guard { stops: Stops::Nothing, ..guard("managed", "whoever manages the object writes it back", is_managed) },
];

/// The guard of a name.
pub fn named_guard(name: &str) -> Option<&'static Guard> {
    GUARDS.iter().find(|it| it.name == name)
}

/// The guards that find something in a candidate.
pub fn tripped(seen: &Seen<'_>) -> Vec<Tripped> {
    GUARDS.iter().filter_map(|guard| Some(Tripped { guard, what: (guard.finds)(seen)? })).collect()
}

/// What guards find in a candidate: a sentence each.
pub fn found(seen: &Seen<'_>) -> Vec<String> {
    tripped(seen).iter().map(Tripped::words).collect()
}

/// Which guards cannot be looked at, where what is changed could be about them: a sentence each.
pub fn unchecked(seen: &Seen<'_>) -> Vec<String> {
    GUARDS.iter().filter_map(|it| Some(format!("guard {} is not checked: {}", it.name, (it.lacks)(seen)?))).collect()
}

/// Whether some flow could be otherwise by what is changed.
fn is_about_flows(seen: &Seen<'_>) -> bool {
    seen.changes.iter().any(|it| !it.object.get("apiVersion").and_then(Value::as_str).is_some_and(is_rbac))
}

fn no_dns(seen: &Seen<'_>) -> Option<&'static str> {
    let cluster = &seen.before.cluster;
    let found = dns::SERVICES.iter().find_map(|(namespace, name)| cluster.services.get(namespace, name));
    let is_served = found.is_some_and(|it| !dns::behind(cluster, it).is_empty());
    (is_about_flows(seen) && !is_served).then_some("no DNS service with pods is known in kube-system")
}

fn no_api_server(seen: &Seen<'_>) -> Option<&'static str> {
    let mut slices = seen.before.cluster.endpoint_slices.of("default").iter();
    let is_known = slices.any(|it| *it.service() == *"kubernetes" && it.endpoints.iter().next().is_some());
    (is_about_flows(seen) && !is_known).then_some("the Service default/kubernetes has no endpoint")
}

fn no_ingress(seen: &Seen<'_>) -> Option<&'static str> {
    (is_about_flows(seen) && named(seen.before, &INGRESSES).is_empty()).then_some("no ingress controller is known")
}

fn no_monitoring(seen: &Seen<'_>) -> Option<&'static str> {
    (is_about_flows(seen) && named(seen.before, &SCRAPERS).is_empty())
        .then_some("nothing that scrapes metrics is known")
}

fn no_webhooks(seen: &Seen<'_>) -> Option<&'static str> {
    let is_shut = || seen.impact.flows.iter().any(|it| loses(it) && matches!(it.from, Unit::Nodes(_)));
    let why = "no pod is known by its name to serve admission webhooks, which the API server calls from a node";
    (is_shut() && webhooks(seen.before).is_empty()).then_some(why)
}

fn no_identity(seen: &Seen<'_>) -> Option<&'static str> {
    let is_rights =
        seen.changes.iter().any(|it| it.object.get("apiVersion").and_then(Value::as_str).is_some_and(is_rbac));
    (is_rights && seen.before.told.me().is_none()).then_some("the server does not say who you are (SelfSubjectReview)")
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

fn webhooks_are_lost(seen: &Seen<'_>) -> Option<String> {
    let servers = webhooks(seen.before);
    lost(seen, |it| matches!(it.from, Unit::Nodes(_)) && servers.contains(&it.to))
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
    let bootstraps = |it: &&Change| mark(&it.object, "labels", "kubernetes.io/bootstrapping").is_some();
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

fn is_managed(seen: &Seen<'_>) -> Option<String> {
    seen.changes.iter().filter(|it| it.op != Op::Create).find_map(|change| {
        let by = owner(&change.object)?;
        Some(format!("{} is managed by {by}", change.id().ok()?))
    })
}

/// Groups that everybody is in.
const EVERYONE: [&str; 4] =
    ["system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:anonymous"];

fn everyone_gets(seen: &Seen<'_>) -> Option<String> {
    let given = seen.impact.grants.iter().filter(|it| it.change != GrantChange::Taken);
    let row = given.into_iter().find(|it| EVERYONE.contains(&it.subject.name().as_str()))?;
    Some(format!("{} gets {}", row.subject, crate::ask::diff::right(row)))
}

fn aggregated_is_edited(seen: &Seen<'_>) -> Option<String> {
    seen.changes.iter().filter(|it| it.op == Op::Update && it.object.get("aggregationRule").is_some()).find_map(|it| {
        let id = it.id().ok()?;
        let rules = |world: &World| world.cluster.roles.get("", &id.name).map(|it| it.rules.clone());
        (rules(seen.before) != rules(seen.after)).then(|| format!("{id} is filled from the roles that it selects"))
    })
}
