//! Services of the story and where they lead: endpoint slices of each family, and endpoints.

use std::sync::Arc;

use serde_json::{Value, json};

use super::stage::{ToldWorld, merge, text};
use crate::embedded::object_list::StoredObject;

impl ToldWorld {
    /// Puts a service of the files into the world, with an address if it does not say one.
    pub fn service(&mut self, mut object: Value) {
        self.services += 1;
        let mut spec = json!({"type": "ClusterIP", "sessionAffinity": "None", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster", "clusterIP": format!("10.96.{}.{}", 10 + self.services / 7, 20 + self.services * 7 % 200)});
        merge(&mut spec, &object["spec"]);
        let mut addresses = vec![spec["clusterIP"].clone()];
        if spec["ipFamilies"].as_array().is_some_and(|families| families.len() > 1) {
            addresses.push(json!(format!("fd00:96::{:x}", 0x20 + self.services)));
        }
        spec["clusterIPs"] = Value::from(addresses);
        for port in spec["ports"].as_array_mut().into_iter().flatten() {
            if port["protocol"].is_null() {
                port["protocol"] = json!("TCP");
            }
        }
        object["spec"] = spec;
        if object["status"].is_null() {
            object["status"] = json!({"loadBalancer": {}});
        }
        self.keep(object, None);
    }

    /// Makes the slices and endpoints of a namespace's services agree with its pods.
    pub fn refresh_backends(&mut self, namespace: &str) {
        let pods: Vec<Arc<StoredObject>> =
            self.all("Pod").into_iter().filter(|pod| pod.namespace == namespace && is_backend(&pod.value)).collect();
        for service in self.all("Service").into_iter().filter(|service| service.namespace == namespace) {
            let selected: Vec<&Value> = pods
                .iter()
                .map(|pod| &pod.value)
                .filter(|pod| selects(&service.value["spec"]["selector"], &pod["metadata"]["labels"]))
                .collect();
            for family in service.value["spec"]["ipFamilies"].as_array().into_iter().flatten() {
                self.refresh(slice(&service.value, text(family), &selected));
            }
            self.refresh(endpoints(&service.value, &selected));
        }
    }

    /// Keeps an object unless the world has the same already: a watch shall not tell what did not happen.
    fn refresh(&mut self, object: Value) {
        let metadata = &object["metadata"];
        let before = self.find(text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]));
        let same = before
            .is_some_and(|before| ["endpoints", "subsets", "ports"].iter().all(|key| before.value[key] == object[key]));
        if !same {
            self.keep(object, None);
        }
    }
}

fn is_backend(pod: &Value) -> bool {
    pod["status"]["phase"] == "Running" && !pod["status"]["podIPs"].is_null()
}

fn selects(selector: &Value, labels: &Value) -> bool {
    selector
        .as_object()
        .is_some_and(|selector| !selector.is_empty() && selector.iter().all(|(key, value)| labels[key] == *value))
}

fn is_ready(pod: &Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_null()
}

fn target(pod: &Value) -> Value {
    json!({"kind": "Pod", "namespace": pod["metadata"]["namespace"], "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]})
}

fn is_of_family(address: &str, family: &str) -> bool {
    address.contains(':') == (family == "IPv6")
}

fn slice(service: &Value, family: &str, pods: &[&Value]) -> Value {
    let name = text(&service["metadata"]["name"]);
    let mut endpoints = Vec::new();
    for pod in pods {
        let addresses = pod["status"]["podIPs"].as_array().into_iter().flatten().map(|ip| text(&ip["ip"]));
        if let Some(address) = addresses.into_iter().find(|address| is_of_family(address, family)) {
            let ready = is_ready(pod);
            endpoints.push(json!({"addresses": [address], "conditions": {"ready": ready, "serving": true, "terminating": !ready}, "nodeName": pod["spec"]["nodeName"], "targetRef": target(pod)}));
        }
    }
    let suffix = if family == "IPv6" { "v6hx7" } else { "v4kq2" };
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family, "endpoints": endpoints, "ports": ports(service, pods),
        "metadata": {
            "name": format!("{name}-{suffix}"), "generateName": format!("{name}-"), "namespace": service["metadata"]["namespace"],
            "labels": {"kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": name, "uid": service["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true}],
        },
    })
}

fn endpoints(service: &Value, pods: &[&Value]) -> Value {
    let addresses: Vec<Value> = pods
        .iter()
        .filter(|pod| is_ready(pod))
        .map(|pod| json!({"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": target(pod)}))
        .collect();
    let subsets =
        if addresses.is_empty() { json!([]) } else { json!([{"addresses": addresses, "ports": ports(service, pods)}]) };
    json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": service["metadata"]["name"], "namespace": service["metadata"]["namespace"]}, "subsets": subsets})
}

/// A service's ports as its pods have them: names of target ports become numbers.
fn ports(service: &Value, pods: &[&Value]) -> Value {
    let number = |port: &Value| match &port["targetPort"] {
        Value::Null => port["port"].clone(),
        Value::String(name) => pods.iter().find_map(|pod| named_port(pod, name)).unwrap_or(Value::Null),
        number => number.clone(),
    };
    let all = service["spec"]["ports"].as_array().into_iter().flatten();
    all.map(|port| json!({"name": port["name"], "port": number(port), "protocol": port["protocol"]}))
        .filter(|port| !port["port"].is_null())
        .collect()
}

fn named_port(pod: &Value, name: &str) -> Option<Value> {
    let containers = pod["spec"]["containers"].as_array()?;
    let mut ports = containers.iter().flat_map(|container| container["ports"].as_array().into_iter().flatten());
    ports.find(|port| port["name"] == name).map(|port| port["containerPort"].clone())
}
