//! What a pod's spec gives its containers: their account's token, and their node.

mod standards;

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::super::slim::{Text, object, or_default};
use super::{Container, PodSpec};
use crate::model::name::Name;
use crate::model::security::{HostAccess, HostPath, TokenMount};

pub(super) use self::standards::standards;

/// `securityContext` of a pod or of a container: of its words what they decide, since every container has one.
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
    #[serde(default, rename = "procMount", deserialize_with = "is_unmasked")]
    unmasks_proc: bool,
    #[serde(default, deserialize_with = "object")]
    seccomp_profile: Confinement,
    #[serde(default, deserialize_with = "object")]
    app_armor_profile: Confinement,
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
    #[serde(default, rename = "drop", deserialize_with = "is_all")]
    drops_all: bool,
}

/// Whether one of these words is `ALL`.
fn is_all<'de, D: Deserializer<'de>>(it: D) -> Result<bool, D::Error> {
    Ok(or_default::<D, Vec<Text<'de>>>(it)?.iter().any(|it| &**it == "ALL"))
}

/// Whether `/proc` is asked for without its mask.
fn is_unmasked<'de, D: Deserializer<'de>>(it: D) -> Result<bool, D::Error> {
    Ok(!matches!(&*or_default::<D, Text<'de>>(it)?, "" | "Default"))
}

/// A profile that confines a container, by its type.
#[derive(Deserialize, Default)]
struct Confinement {
    #[serde(default, rename = "type")]
    by: Profile,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Profile {
    #[default]
    Unsaid,
    /// `RuntimeDefault` or `Localhost`.
    Sealed,
    Unconfined,
    Other,
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match &*or_default::<D, Text<'de>>(deserializer)? {
            "" => Profile::Unsaid,
            "RuntimeDefault" | "Localhost" => Profile::Sealed,
            "Unconfined" => Profile::Unconfined,
            _ => Profile::Other,
        })
    }
}

#[derive(Deserialize, Default)]
struct SeLinux<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "or_default")]
    of: Text<'a>,
    #[serde(default, rename = "user", deserialize_with = "says_something")]
    has_user: bool,
    #[serde(default, rename = "role", deserialize_with = "says_something")]
    has_role: bool,
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
struct ProjectedSlim {
    #[serde(default, deserialize_with = "or_default")]
    sources: Vec<ProjectedSource>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ProjectedSource {
    #[serde(default)]
    service_account_token: Option<IgnoredAny>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Volume<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VolumeVisitor;
        impl<'de> Visitor<'de> for VolumeVisitor {
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
                            let source = map.next_value::<Option<ProjectedSlim>>()?.unwrap_or_default();
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
        deserializer.deserialize_map(VolumeVisitor)
    }
}

/// Whether a probe's or a hook's handler names a host. Not the host itself: every container has five of these.
#[derive(Default)]
pub(super) struct Handler {
    names_host: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct WrittenHandler {
    #[serde(default, deserialize_with = "object")]
    http_get: Host,
    #[serde(default, deserialize_with = "object")]
    tcp_socket: Host,
}

impl<'de> Deserialize<'de> for Handler {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let it = WrittenHandler::deserialize(deserializer)?;
        Ok(Self { names_host: it.http_get.is_named || it.tcp_socket.is_named })
    }
}

#[derive(Deserialize, Default)]
struct Host {
    #[serde(default, rename = "host", deserialize_with = "says_something")]
    is_named: bool,
}

/// Whether a text is there and not empty.
fn says_something<'de, D: Deserializer<'de>>(it: D) -> Result<bool, D::Error> {
    Ok(!or_default::<D, Text<'de>>(it)?.is_empty())
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lifecycle {
    #[serde(default, deserialize_with = "object")]
    post_start: Handler,
    #[serde(default, deserialize_with = "object")]
    pre_stop: Handler,
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
    let access = HostAccess {
        privileged,
        processes: spec.host_pid,
        ipc: spec.host_ipc,
        user_namespace: spec.host_users == Some(false),
        unprivileged_user: false,
        capabilities,
        paths,
    };
    // As whom they run matters only where they have anything of their node.
    let unprivileged_user = access != HostAccess::default() && running(spec).all(|it| is_unprivileged(spec, it));
    HostAccess { unprivileged_user, ..access }
}

/// Whether a container surely does not run as root: its own word counts before the pod's.
fn is_unprivileged(spec: &PodSpec<'_>, container: &Container<'_>) -> bool {
    let (own, shared) = (&container.security_context, &spec.security_context);
    match own.run_as_user.or(shared.run_as_user) {
        Some(user) => user != 0,
        None => own.run_as_non_root.or(shared.run_as_non_root) == Some(true),
    }
}

fn paths_of<'s>(spec: &'s PodSpec<'_>, container: &'s Container<'_>) -> impl Iterator<Item = HostPath> + 's {
    container.volume_mounts.iter().filter_map(|mount| {
        let volume = spec.volumes.iter().find(|it| *it.name == *mount.name)?;
        let path = volume.host_path.as_ref()?;
        Some(HostPath { path: Name::from(&**path), writable: !mount.read_only })
    })
}

/// The containers in which code runs while the pod does: the regular ones, the sidecars and the ephemeral ones.
fn running<'s, 'a>(spec: &'s PodSpec<'a>) -> impl Iterator<Item = &'s Container<'a>> {
    let sidecars = spec.init_containers.iter().filter(|it| &*it.restart_policy == "Always");
    spec.containers.iter().chain(sidecars).chain(&spec.ephemeral_containers)
}
