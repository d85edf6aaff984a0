//! Controllers that are seen running, by what their pods are called: those whose work can be steered by others.
//!
//! A controller that no pod shows is taken not to run (CONTRACT §7).

use crate::model::facts::SharedPod;

/// What a controller is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ControllerRole {
    /// It carries traffic from outside to Services.
    Ingress,
    /// It makes volumes of directories of nodes.
    NodeVolumes,
    /// It answers names for the cluster.
    Dns,
    /// A row of [`super::edges`]' table of deputies.
    Deputy(u8),
}

/// Labels by which pods say what they are.
const KEYS: [&str; 8] = [
    "app.kubernetes.io/name",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
    "app",
    "k8s-app",
    "name",
    "control-plane",
    "kubevirt.io",
];

const INGRESS: &[&str] = &[
    "ingress-nginx",
    "nginx-ingress",
    "traefik",
    "haproxy-ingress",
    "kubernetes-ingress",
    "contour",
    "envoy",
    "envoy-gateway",
    "kong",
    "istio-ingressgateway",
    "ambassador",
    "emissary-ingress",
    "router",
];
const NODE_VOLUMES: &[&str] =
    &["local-path-provisioner", "hostpath-provisioner", "csi-hostpathplugin", "openebs-localpv-provisioner"];
const DNS: &[&str] = &["kube-dns", "coredns", "node-local-dns"];

/// Whether a pod is called one of these, by a label or by its service account.
fn is_called(pod: &SharedPod, words: &[&str]) -> bool {
    let labels = pod.labels();
    let label = |key: &&str| labels.get(key).is_some_and(|it| words.contains(&it.as_str()));
    words.contains(&pod.service_account().as_str()) || KEYS.iter().any(label)
}

impl ControllerRole {
    /// Whether a pod is called as those are that play it.
    pub fn is_played_by(self, pod: &SharedPod) -> bool {
        let words = match self {
            ControllerRole::Ingress => INGRESS,
            ControllerRole::NodeVolumes => NODE_VOLUMES,
            ControllerRole::Dns => DNS,
            ControllerRole::Deputy(at) => super::edges::DEPUTIES[usize::from(at)].called,
        };
        is_called(pod, words)
    }
}
