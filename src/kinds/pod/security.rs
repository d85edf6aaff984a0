//! What a pod's spec gives its containers: their account's token, their node, and which Pod Security level it meets.
//!
//! The levels are those of the newest Kubernetes that we know (1.37); older ones ask less here and there.
//! Source: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::super::slim::{Text, object, or_default};
use super::{Container, PodSpec};
use crate::model::name::Name;
use crate::model::security::{HostAccess, HostPath, SecurityLevel, TokenMount};

/// `securityContext` of a pod or of a container.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecurityContext<'a> {
    #[serde(default)]
    privileged: Option<bool>,
    #[serde(default)]
    allow_privilege_escalation: Option<bool>,
    #[serde(default)]
    run_as_non_root: Option<bool>,
    #[serde(default)]
    run_as_user: Option<i64>,
    #[serde(borrow, default, deserialize_with = "object")]
    capabilities: Capabilities<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    proc_mount: Text<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    seccomp_profile: Typed<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    app_armor_profile: Typed<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    se_linux_options: SeLinux<'a>,
    #[serde(default, deserialize_with = "object")]
    windows_options: Windows,
    #[serde(borrow, default, deserialize_with = "or_default")]
    sysctls: Vec<Sysctl<'a>>,
}

#[derive(Deserialize, Default)]
struct Capabilities<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    add: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    drop: Vec<Text<'a>>,
}

#[derive(Deserialize, Default)]
struct Typed<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "or_default")]
    of: Text<'a>,
}

#[derive(Deserialize, Default)]
struct SeLinux<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "or_default")]
    of: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    user: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    role: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Windows {
    #[serde(default)]
    host_process: Option<bool>,
}

#[derive(Deserialize, Default)]
struct Sysctl<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
}

/// Where a container mounts a volume.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mount<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    name: Text<'a>,
    #[serde(default, deserialize_with = "or_default")]
    read_only: bool,
}

/// A volume: what of it matters here.
#[derive(Default)]
pub(super) struct Volume<'a> {
    name: Text<'a>,
    host_path: Option<Text<'a>>,
    holds_token: bool,
    /// Of a type that the level `restricted` does not allow.
    is_unusual: bool,
}

/// The types of volumes that `restricted` allows.
const USUAL: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

#[derive(Deserialize, Default)]
struct HostPathSource<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    path: Text<'a>,
}

#[derive(Deserialize, Default)]
struct Projected {
    #[serde(default, deserialize_with = "or_default")]
    sources: Vec<Source>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Source {
    #[serde(default)]
    service_account_token: Option<IgnoredAny>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Volume<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Volume<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a volume")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut volume = Volume::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match &*key {
                        "name" => volume.name = map.next_value::<Option<Text<'de>>>()?.unwrap_or_default(),
                        "hostPath" => {
                            let source = map.next_value::<Option<HostPathSource<'de>>>()?;
                            volume.host_path = source.map(|it| it.path);
                        }
                        "projected" => {
                            let source = map.next_value::<Option<Projected>>()?.unwrap_or_default();
                            volume.holds_token = source.sources.iter().any(|it| it.service_account_token.is_some());
                        }
                        other => {
                            let is_there = map.next_value::<Option<IgnoredAny>>()?.is_some();
                            volume.is_unusual |= is_there && !USUAL.contains(&other);
                        }
                    }
                }
                Ok(volume)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A probe's or a hook's handler, as far as it may name a host.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Handler<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    http_get: Host<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    tcp_socket: Host<'a>,
}

#[derive(Deserialize, Default)]
struct Host<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    host: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lifecycle<'a> {
    #[serde(borrow, default, deserialize_with = "object")]
    post_start: Handler<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    pre_stop: Handler<'a>,
}

/// Whether the containers get the token of their account.
///
/// Source: plugin/pkg/admission/serviceaccount/admission.go; CONTRACT §7.
pub(super) fn token_mount(spec: &PodSpec<'_>) -> TokenMount {
    let is_token = |name: &str| spec.volumes.iter().any(|it| it.holds_token && *it.name == *name);
    let mounts_one = running(spec).any(|it| it.volume_mounts.iter().any(|it| is_token(&it.name)));
    match spec.automount_service_account_token {
        _ if mounts_one => TokenMount::Always,
        Some(true) => TokenMount::Always,
        Some(false) => TokenMount::Never,
        None => TokenMount::AsAccount,
    }
}

/// What the containers that run have of their node.
pub(super) fn host_access(spec: &PodSpec<'_>) -> HostAccess {
    let privileged = running(spec).any(|it| it.security_context.privileged == Some(true));
    let mut capabilities: Vec<Name> =
        running(spec).flat_map(|it| it.security_context.capabilities.add.iter()).map(|it| Name::from(&**it)).collect();
    capabilities.sort_unstable();
    capabilities.dedup();
    let mut paths: Vec<HostPath> = running(spec).flat_map(|it| paths_of(spec, it)).collect();
    paths.sort_unstable();
    paths.dedup();
    HostAccess {
        privileged,
        processes: spec.host_pid,
        ipc: spec.host_ipc,
        user_namespace: spec.host_users == Some(false),
        capabilities,
        paths,
    }
}

fn paths_of<'s>(spec: &'s PodSpec<'_>, container: &'s Container<'_>) -> impl Iterator<Item = HostPath> + 's {
    container.volume_mounts.iter().filter_map(|mount| {
        let volume = spec.volumes.iter().find(|it| *it.name == *mount.name)?;
        let path = volume.host_path.as_ref()?;
        Some(HostPath { path: Name::from(&**path), writable: !mount.read_only })
    })
}

/// The containers in which code runs while the pod does: the regular ones and the sidecars.
fn running<'s, 'a>(spec: &'s PodSpec<'a>) -> impl Iterator<Item = &'s Container<'a>> {
    let sidecars = spec.init_containers.iter().filter(|it| &*it.restart_policy == "Always");
    spec.containers.iter().chain(sidecars)
}

/// The strictest level that a spec meets.
pub(super) fn level(spec: &PodSpec<'_>) -> SecurityLevel {
    let all = || spec.containers.iter().chain(&spec.init_containers);
    let is_baseline = is_baseline_pod(spec) && all().all(is_baseline_container);
    let is_restricted = || is_restricted_pod(spec) && all().all(|it| is_restricted_container(spec, it));
    match is_baseline {
        false => SecurityLevel::Privileged,
        true if is_restricted() => SecurityLevel::Restricted,
        true => SecurityLevel::Baseline,
    }
}

/// The capabilities that `baseline` lets containers add.
const ADDABLE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The sysctls that `baseline` lets pods set.
const SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

const SELINUX_TYPES: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// The hosts that probes may name since 1.34.
const LOCAL_HOSTS: [&str; 3] = ["", "127.0.0.1", "::1"];

fn is_baseline_pod(spec: &PodSpec<'_>) -> bool {
    let has_host = spec.host_network || spec.host_pid || spec.host_ipc;
    let has_paths = spec.volumes.iter().any(|it| it.host_path.is_some());
    let sysctls = &spec.security_context.sysctls;
    let is_safe = |it: &Sysctl<'_>| SYSCTLS.contains(&&*it.name);
    !has_host && !has_paths && sysctls.iter().all(is_safe) && is_confined(&spec.security_context)
}

fn is_baseline_container(it: &Container<'_>) -> bool {
    let context = &it.security_context;
    let adds = context.capabilities.add.iter().all(|it| ADDABLE.contains(&&**it));
    let handlers =
        [&it.liveness_probe, &it.readiness_probe, &it.startup_probe, &it.lifecycle.post_start, &it.lifecycle.pre_stop];
    let is_local = |it: &&Handler<'_>| [&it.http_get, &it.tcp_socket].iter().all(|it| LOCAL_HOSTS.contains(&&*it.host));
    context.privileged != Some(true)
        && adds
        && it.ports.iter().all(|it| it.host_port == 0)
        && handlers.iter().all(is_local)
        && matches!(&*context.proc_mount, "" | "Default")
        && is_confined(context)
}

/// What `baseline` asks of the context of a pod and of a container alike.
fn is_confined(context: &SecurityContext<'_>) -> bool {
    let selinux = &context.se_linux_options;
    context.windows_options.host_process != Some(true)
        && &*context.app_armor_profile.of != "Unconfined"
        && &*context.seccomp_profile.of != "Unconfined"
        && SELINUX_TYPES.contains(&&*selinux.of)
        && selinux.user.is_empty()
        && selinux.role.is_empty()
}

fn is_restricted_pod(spec: &PodSpec<'_>) -> bool {
    let context = &spec.security_context;
    spec.volumes.iter().all(|it| !it.is_unusual) && (context.run_as_user != Some(0) || has_own_users(spec))
}

fn has_own_users(spec: &PodSpec<'_>) -> bool {
    spec.host_users == Some(false)
}

fn is_restricted_container(spec: &PodSpec<'_>, it: &Container<'_>) -> bool {
    let (own, pods) = (&it.security_context, &spec.security_context);
    let is_windows = &*spec.os.name == "windows";
    let is_sealed = |it: &SecurityContext<'_>| matches!(&*it.seccomp_profile.of, "RuntimeDefault" | "Localhost");
    let seccomp = is_sealed(own) || own.seccomp_profile.of.is_empty() && is_sealed(pods);
    let drops_all = own.capabilities.drop.iter().any(|it| &**it == "ALL");
    let adds_little = own.capabilities.add.iter().all(|it| &**it == "NET_BIND_SERVICE");
    let linux = is_windows || own.allow_privilege_escalation == Some(false) && seccomp && drops_all && adds_little;
    let non_root = own.run_as_non_root.or(pods.run_as_non_root) == Some(true) && own.run_as_user != Some(0);
    linux && (non_root || has_own_users(spec))
}
