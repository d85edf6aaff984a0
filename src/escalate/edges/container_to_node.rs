//! What a container has of its node, and how that becomes root on it.

use crate::model::security::{HostAccess, HostPath};

use super::super::foothold::Foothold;
use super::super::moves::{Moves, Out};
use super::super::powers::Asks;
use super::{Edge, Trace};

pub(super) static EDGE: Edge = Edge {
    id: "CONTAINER_ESCAPE",
    name: "leave the container",
    what: "root on the pod's node",
    needs: "a privileged container, capabilities that undo its walls, or a path of the node that can be written",
    leaves: Trace::Unseen,
    undo: "the node is lost: drain it and make it anew",
    sources: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/", "https://kubehound.io"],
    asks: Asks::Nothing,
    moves,
};

fn moves(moves: &Moves<'_>, out: &mut Out<'_>) {
    for (at, pod) in moves.new_pods().filter(|(_, it)| !it.node().is_empty()) {
        let Some((what, is_certain)) = way_out(pod.mold.host_access()) else { continue };
        out.add(&EDGE, at, Foothold::Node(pod.node().clone()), |it| {
            let pod = pod.pod_id().object();
            let it = it.state(pod.clone(), what);
            if is_certain { it } else { it.unsure_of(Some(pod), "it depends on how its container runtime is set up") }
        });
    }
}

/// The first way out of a container, and whether it surely works.
///
/// What is root in a user namespace of its own is nobody on the node.
fn way_out(access: &HostAccess) -> Option<(&'static str, bool)> {
    if access.user_namespace {
        return None;
    }
    let adds = |name: &str| access.capabilities.iter().any(|it| it.trim_start_matches("CAP_") == name || it == "ALL");
    let ways = [
        (access.privileged && access.processes, "is privileged and sees the node's processes", true),
        (access.privileged, "is privileged: it can mount the node's disks", true),
        (access.paths.iter().any(is_socket), "mounts the socket of the node's container runtime", true),
        (access.paths.iter().any(is_writable_root), "can write files of the node that run as root", true),
        (adds("SYS_ADMIN"), "has the capability SYS_ADMIN", true),
        (adds("SYS_MODULE"), "has the capability SYS_MODULE: it can load a kernel module", true),
        (adds("SYS_PTRACE") && access.processes, "has SYS_PTRACE and sees the node's processes", true),
        (adds("DAC_READ_SEARCH"), "has the capability DAC_READ_SEARCH", false),
        (access.paths.iter().any(|it| it.writable), "can write a directory of the node", false),
    ];
    ways.into_iter().find(|(is_so, ..)| *is_so).map(|(_, what, is_certain)| (what, is_certain))
}

/// Directories in which files stand that the node runs as root, or reads as its configuration.
const ROOT_FILES: [&str; 9] = [
    "/etc",
    "/etc/cron.d",
    "/etc/kubernetes",
    "/etc/kubernetes/manifests",
    "/etc/systemd/system",
    "/root",
    "/usr",
    "/usr/bin",
    "/var/lib/kubelet",
];

fn is_writable_root(path: &HostPath) -> bool {
    let written = path.path.trim_end_matches('/');
    path.writable && (written.is_empty() || ROOT_FILES.contains(&written))
}

fn is_socket(path: &HostPath) -> bool {
    const SOCKETS: [&str; 4] = ["docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock"];
    path.path.rsplit('/').next().is_some_and(|it| SOCKETS.contains(&it))
}
