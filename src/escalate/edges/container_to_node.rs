//! What a container has of its node, and how that becomes root on it.

use crate::model::facts::SharedPod;
use crate::model::security::{HostAccess, HostPath};

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::Asks;
use super::{Edge, MoveTrace};

pub(super) static EDGE: Edge = Edge {
    id: "CONTAINER_ESCAPE",
    name: "leave the container",
    what: "root on the pod's node",
    needs: "a privileged container, capabilities that undo its walls, the node's processes, or a path of the node that can be written or holds credentials",
    limits: "faults of kernels and runtimes; what AppArmor, SELinux and seccomp profiles still forbid",
    leaves: MoveTrace::Unseen,
    undo: "the node is lost: drain it and make it anew",
    sources: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/", "https://kubehound.io"],
    together: None,
    asks: Asks::Nothing,
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for (at, pod) in moves.new_pods().filter(|(_, it)| !it.node().is_empty()) {
        left(at, pod, out);
    }
    for (which, at) in moves.new_every() {
        moves.ground.leaving(which).iter().for_each(|it| left(at, it, out));
    }
}

/// The move out of a container of this pod.
fn left(at: u32, pod: &SharedPod, out: &mut Out<'_>) {
    let Some((what, doubt)) = way_out(pod.host_access()) else { return };
    out.add(&EDGE, at, Foothold::Node(pod.node().clone()), |it| {
        let id = pod.pod_id();
        let (it, pod) = (it.from_pod(id.clone()), id.object());
        let it = it.state(pod.clone(), what);
        match doubt {
            Some(doubt) => it.unsure_of(Some(pod), doubt),
            None => it,
        }
    });
}

const SETUP: Option<&str> = Some("it depends on how its container runtime is set up");
const CONTENT: Option<&str> = Some("it depends on what the files hold");
const OTHERS: Option<&str> = Some("it depends on what runs there, and as whom");

/// The first way out of a container, and what makes it unsure.
///
/// What is root in a user namespace of its own is nobody on the node.
pub(in super::super) fn way_out(access: &HostAccess) -> Option<(&'static str, Option<&'static str>)> {
    if access.user_namespace {
        return None;
    }
    let adds = |name: &str| access.capabilities.iter().any(|it| it.trim_start_matches("CAP_") == name || it == "ALL");
    let ways = [
        (access.privileged && access.processes, "is privileged and sees the node's processes", None),
        (access.privileged, "is privileged: it can mount the node's disks", None),
        (access.paths.iter().any(is_socket), "mounts the socket of the node's container runtime", None),
        (access.paths.iter().any(is_writable_root), "can write files of the node that run as root", None),
        (adds("SYS_ADMIN"), "has the capability SYS_ADMIN", None),
        (adds("SYS_MODULE"), "has the capability SYS_MODULE: it can load a kernel module", None),
        (adds("SYS_PTRACE") && access.processes, "has SYS_PTRACE and sees the node's processes", None),
        (adds("DAC_READ_SEARCH"), "has the capability DAC_READ_SEARCH", SETUP),
        (access.paths.iter().any(|it| it.writable), "can write a directory of the node", SETUP),
        (access.paths.iter().any(holds_credentials), "can read files of the node that may hold credentials", CONTENT),
        (access.processes, "sees the node's processes: their environment and their files may be read", OTHERS),
    ];
    let (_, what, doubt) = ways.into_iter().find(|(is_so, ..)| *is_so)?;
    Some((what, if access.unprivileged_user { Some("its containers do not run as root") } else { doubt }))
}

/// Directories in which files stand that the node runs as root, or reads as its configuration.
const ROOT_FILES: [&str; 12] = [
    "/etc",
    "/etc/cron.d",
    "/etc/kubernetes",
    "/etc/kubernetes/manifests",
    "/etc/systemd/system",
    "/proc",
    "/proc/sys",
    "/proc/sys/kernel",
    "/root",
    "/usr",
    "/usr/bin",
    "/var/lib/kubelet",
];

fn is_writable_root(path: &HostPath) -> bool {
    let written = path.path.trim_end_matches('/');
    path.writable && (written.is_empty() || ROOT_FILES.contains(&written))
}

/// Directories in which credentials of the node, of its pods or of people stand, or that such a directory stands in.
const CREDENTIALS: [&str; 5] = ["/etc/kubernetes", "/home", "/root", "/var/lib/kubelet/pods", "/var/lib/kubelet/pki"];

fn holds_credentials(path: &HostPath) -> bool {
    let read = path.path.trim_end_matches('/');
    let is_in =
        |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|it| it.is_empty() || it.starts_with('/'));
    CREDENTIALS.iter().any(|it| is_in(it, read) || is_in(read, it))
}

fn is_socket(path: &HostPath) -> bool {
    const SOCKETS: [&str; 4] = ["docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock"];
    path.path.rsplit('/').next().is_some_and(|it| SOCKETS.contains(&it))
}
