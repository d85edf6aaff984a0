//! Pods: 10–20 KB of JSON to some 100 bytes.
//!
//! Also reads the pod templates of workloads, which hold the same spec.

mod fields;
mod secured;
mod security;
mod written;

use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

pub(super) use self::fields::fields_of_pods;
use self::security::{Handler, Lifecycle, Mount, SecurityContext, Volume, host_access, standards, token_mount};
pub(super) use self::written::pod_spec;
use serde_json::Value;

use super::context::{ReadContext, ReadKind};
use super::reader::KindReader;
use super::slim::{Metadata, Text, object, or_default};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::address::Addresses;
use crate::model::facts::{ContainerPort, ContainerRole, Meta, Phase, Pod, PodBuilder, PodNetwork, PodSource, Uid};
use crate::model::id::{Kind, ResourceScope};
use crate::model::items::Items;
use crate::model::meta::SnapshotMeta;
use crate::model::name::Name;
use crate::model::port::Protocol;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind::POD,
    group: "",
    version: "v1",
    plural: "pods",
    word: "Pod",
    short: &["po"],
    scope: ResourceScope::Namespaced,
    presence: Presence::Always,
    watch: WatchedPart::Full,
    decides: None,
    reader: KindReader::of::<Pods>(),
};

struct Pods;

#[derive(Deserialize)]
pub(super) struct PodSlim<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    spec: PodSpec<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    status: PodStatus<'a>,
}

/// What a pod and a pod template have in common.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodSpec<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    node_name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    hostname: Text<'a>,
    #[serde(default, deserialize_with = "or_default")]
    host_network: bool,
    #[serde(default, rename = "hostPID", deserialize_with = "or_default")]
    host_pid: bool,
    #[serde(default, rename = "hostIPC", deserialize_with = "or_default")]
    host_ipc: bool,
    #[serde(default)]
    host_users: Option<bool>,
    #[serde(default)]
    automount_service_account_token: Option<bool>,
    #[serde(borrow, default, deserialize_with = "object")]
    os: OperatingSystem<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    security_context: SecurityContext<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    volumes: Vec<Volume<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    service_account_name: Text<'a>,
    /// The old name of the same field; the API server fills both.
    #[serde(borrow, default, deserialize_with = "or_default")]
    service_account: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    containers: Vec<Container<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    init_containers: Vec<Container<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    ephemeral_containers: Vec<Container<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct OperatingSystem<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub name: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    ports: Vec<ContainerPortSlim<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    restart_policy: Text<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    security_context: SecurityContext<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    volume_mounts: Vec<Mount<'a>>,
    #[serde(default, deserialize_with = "object")]
    liveness_probe: Handler,
    #[serde(default, deserialize_with = "object")]
    readiness_probe: Handler,
    #[serde(default, deserialize_with = "object")]
    startup_probe: Handler,
    #[serde(default, deserialize_with = "object")]
    lifecycle: Lifecycle,
    #[serde(default, deserialize_with = "or_default")]
    command: AuthorizationFlags,
    #[serde(default, deserialize_with = "or_default")]
    args: AuthorizationFlags,
}

/// Of a list of words those that say how a kube-apiserver authorizes; whatever else stands there is skipped.
#[derive(Default)]
struct AuthorizationFlags(Vec<String>);

impl<'de> Deserialize<'de> for AuthorizationFlags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagsVisitor)
    }
}

struct FlagsVisitor;

impl<'de> Visitor<'de> for FlagsVisitor {
    type Value = AuthorizationFlags;
    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a list of words")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Self::Value, A::Error> {
        let mut flags = Vec::new();
        while let Some(word) = words.next_element::<Text<'de>>()? {
            if word.starts_with("--authorization-") {
                flags.push(word.0.into_owned());
            }
        }
        Ok(AuthorizationFlags(flags))
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerPortSlim<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
    #[serde(default, deserialize_with = "or_default")]
    container_port: i64,
    #[serde(default, deserialize_with = "or_default")]
    host_port: i64,
    #[serde(borrow, default, deserialize_with = "or_default")]
    protocol: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct PodStatus<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    phase: Text<'a>,
    #[serde(borrow, default, rename = "podIP", deserialize_with = "or_default")]
    pod_ip: Text<'a>,
    #[serde(borrow, default, rename = "podIPs", deserialize_with = "or_default")]
    pod_ips: Vec<PodIp<'a>>,
    #[serde(default, deserialize_with = "or_default")]
    conditions: Readiness,
}

/// Of a list of conditions whether one of them says that the pod is not ready.
#[derive(Default)]
struct Readiness {
    is_denied: bool,
}

#[derive(Deserialize, Default)]
struct PodCondition<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "or_default")]
    what: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    status: Text<'a>,
}

impl<'de> Deserialize<'de> for Readiness {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ConditionsVisitor)
    }
}

struct ConditionsVisitor;

impl<'de> Visitor<'de> for ConditionsVisitor {
    type Value = Readiness;
    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a list of conditions")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut conditions: A) -> Result<Self::Value, A::Error> {
        let mut readiness = Readiness::default();
        while let Some(it) = conditions.next_element::<PodCondition<'de>>()? {
            readiness.is_denied |= &*it.what == "Ready" && &*it.status != "True";
        }
        Ok(readiness)
    }
}

#[derive(Deserialize, Default)]
struct PodIp<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    ip: Text<'a>,
}

impl ReadKind for Pods {
    type Slim<'a> = PodSlim<'a>;
    type Fact = Pod;
    const FIELDS: &'static [&'static str] = fields_of_pods!(
        [
            "spec.containers.args?--authorization-",
            "spec.containers.command?--authorization-",
            "spec.ephemeralContainers.securityContext",
            "spec.ephemeralContainers.volumeMounts",
            "spec.hostname",
            "status.conditions.status",
            "status.conditions.type",
            "status.phase",
            "status.podIP",
            "status.podIPs",
        ],
        "spec"
    );

    fn metadata<'s>(slim: &'s PodSlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &PodSlim<'_>, context: &mut ReadContext<'_>) -> Pod {
        let metadata = &slim.metadata;
        let namespace = context.namespace_of(metadata);
        let is_called = *slim.spec.hostname == *metadata.name;
        let pod = PodBuilder {
            uid: Uid::parse(&metadata.uid).into(),
            addresses: addresses(&slim.status, context),
            phase: phase(&slim.status.phase, context),
            terminating: metadata.deletion_timestamp.is_some(),
            unready: slim.status.conditions.is_denied,
            owner: context.controller(metadata),
            authorization_flags: authorization_flags(slim),
            hostname: if is_called { Name::empty() } else { context.intern.name(&slim.spec.hostname) },
            ..made_of(&slim.spec, (namespace, metadata), "spec", context)
        };
        pod.build_sharing(context.intern)
    }

    fn object(it: &Pod, kept: SnapshotMeta) -> Option<Value> {
        written::object(it, kept)
    }
}

/// The flags of a kube-apiserver's own pod.
fn authorization_flags(slim: &PodSlim<'_>) -> Vec<Name> {
    let metadata = &slim.metadata;
    let is_server =
        metadata.labels.get("component") == Some("kube-apiserver") || metadata.name.starts_with("kube-apiserver-");
    if &*metadata.namespace != "kube-system" || !is_server {
        return Vec::new();
    }
    let words = slim.spec.containers.iter().flat_map(|it| it.command.0.iter().chain(&it.args.0));
    words.map(Name::from).collect()
}

/// The pod that a workload's template makes, under the workload's own name.
pub(super) fn of_template(
    workload: &Meta,
    template: &Metadata<'_>,
    spec: &PodSpec<'_>,
    place: &str,
    context: &mut ReadContext<'_>,
) -> Pod {
    let made = made_of(spec, (workload.namespace.clone(), template), place, context);
    let pod = PodBuilder { name: workload.name.as_str().into(), origin: PodSource::Template, ..made };
    pod.build_sharing(context.intern)
}

/// What the metadata and the spec of a pod, or of a template, make of it.
fn made_of<'a>(
    spec: &PodSpec<'_>,
    (namespace, metadata): (Name, &'a Metadata<'_>),
    place: &str,
    context: &mut ReadContext<'_>,
) -> PodBuilder<'a> {
    let account = [&spec.service_account_name, &spec.service_account].into_iter().find(|it| !it.is_empty());
    PodBuilder {
        labels: metadata.labels.iter().map(|(key, value)| (key.into(), value.into())).collect(),
        node: context.intern.name(&spec.node_name),
        // Admission gives pods that name none the account `default`.
        service_account: context.intern.name(account.map_or("default", |it| it)),
        ports: ports(spec, place, context),
        network: if spec.host_network { PodNetwork::Host } else { PodNetwork::Own },
        token: token_mount(spec),
        standards: standards(spec),
        host_access: host_access(spec),
        ..PodBuilder::new(namespace, &*metadata.name)
    }
}

fn ports(spec: &PodSpec<'_>, place: &str, context: &mut ReadContext<'_>) -> Items<ContainerPort> {
    let mut all = Vec::new();
    for (list, containers) in [("containers", &spec.containers), ("initContainers", &spec.init_containers)] {
        for (at, container) in containers.iter().enumerate() {
            let role = role(list, container);
            for (n, port) in container.ports.iter().enumerate() {
                all.extend(container_port(port, role, context, || format!("{place}.{list}[{at}].ports[{n}]")));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    context.intern.ports(all)
}

/// S26: an init container that restarts always runs beside the others.
fn role(list: &str, container: &Container<'_>) -> ContainerRole {
    match (list, &*container.restart_policy) {
        ("containers", _) => ContainerRole::Regular,
        (_, "Always") => ContainerRole::Sidecar,
        _ => ContainerRole::Init,
    }
}

fn container_port(
    port: &ContainerPortSlim<'_>,
    container: ContainerRole,
    context: &mut ReadContext<'_>,
    place: impl Fn() -> String,
) -> Option<ContainerPort> {
    let Some(number) = u16::try_from(port.container_port).ok().filter(|it| *it > 0) else {
        context.problem(&place(), format!("{} is not a port and was left out", port.container_port));
        return None;
    };
    let Some(protocol) = protocol(&port.protocol) else {
        context.problem(&place(), format!("unknown protocol {:?}; the port was left out", &*port.protocol));
        return None;
    };
    Some(ContainerPort { name: context.intern.name(&port.name), protocol, number, container })
}

/// A protocol as the API writes it; absent means TCP (S21).
pub(super) fn protocol(text: &str) -> Option<Protocol> {
    if text.is_empty() { Some(Protocol::Tcp) } else { Protocol::ALL.into_iter().find(|it| it.as_str() == text) }
}

fn addresses(status: &PodStatus<'_>, context: &mut ReadContext<'_>) -> Addresses {
    let written = std::iter::once(&status.pod_ip).chain(status.pod_ips.iter().map(|it| &it.ip));
    let mut found: [Option<IpAddr>; 4] = [None; 4];
    let mut at = 0;
    for text in written.filter(|it| !it.is_empty()) {
        match text.parse::<IpAddr>() {
            Ok(address) if at < found.len() => {
                found[at] = Some(address);
                at += 1;
            }
            Ok(_) => {}
            Err(_) => context.problem("status.podIPs", format!("not an address: {:?}; left out", &**text)),
        }
    }
    Addresses::new(found.into_iter().flatten())
}

/// A pod without status counts as running (CONTRACT §1).
fn phase(text: &str, context: &mut ReadContext<'_>) -> Phase {
    const PHASES: [Phase; 5] = [Phase::Running, Phase::Pending, Phase::Succeeded, Phase::Failed, Phase::Unknown];
    match PHASES.into_iter().find(|it| it.as_str() == text) {
        Some(phase) => phase,
        None if text.is_empty() => Phase::Running,
        None => {
            context.problem("status.phase", format!("unknown phase {text:?}"));
            Phase::Unknown
        }
    }
}
