//! Pods, and templates of pods, as the smallest objects that mean them.

use serde_json::{Value, json};

use super::secured::secured;
use crate::kinds::written::{named, named_object, owned, time};
use crate::model::facts::{ContainerPort, ContainerRole, Pod, PodNetwork, PodSource, SnapshotMeta};

/// The object of a pod; `None`: it is made from a template.
pub(super) fn object(it: &Pod, kept: SnapshotMeta) -> Option<Value> {
    if it.origin() != PodSource::Listed {
        return None;
    }
    let mut pod = named_object(it);
    owned(&mut pod, it.owner());
    if it.is_terminating() {
        pod["metadata"]["deletionTimestamp"] = json!(time(kept.created));
    }
    pod["spec"] = pod_spec(it);
    let addresses: Vec<Value> = it.addresses().iter().map(|it| json!({"ip": it.to_string()})).collect();
    pod["status"] = json!({"phase": it.phase().as_str(), "podIPs": addresses});
    if it.is_unready() {
        pod["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
    }
    Some(pod)
}

/// The spec of a pod, or of the template of pods.
pub(in crate::kinds) fn pod_spec(it: &Pod) -> Value {
    let of = |role: ContainerRole| it.ports().iter().filter(|it| it.container == role).map(port).collect::<Vec<_>>();
    let mut main = json!({"name": "main", "ports": of(ContainerRole::Regular)});
    if !it.authorization_flags().is_empty() {
        main["command"] = json!(it.authorization_flags());
    }
    let mut spec = json!({"serviceAccountName": it.service_account(), "containers": [main]});
    let (sidecars, inits) = (of(ContainerRole::Sidecar), of(ContainerRole::Init));
    if !sidecars.is_empty() || !inits.is_empty() {
        spec["initContainers"] = json!([
            {"name": "sidecars", "restartPolicy": "Always", "ports": sidecars},
            {"name": "inits", "ports": inits},
        ]);
    }
    if !it.node().is_empty() {
        spec["nodeName"] = json!(it.node());
    }
    if it.network() == PodNetwork::Host {
        spec["hostNetwork"] = json!(true);
    }
    if !it.hostname().is_empty() {
        spec["hostname"] = json!(it.hostname());
    }
    secured(&mut spec, it);
    spec
}

fn port(it: &ContainerPort) -> Value {
    named(&it.name, json!({"containerPort": it.number, "protocol": it.protocol.as_str()}))
}
