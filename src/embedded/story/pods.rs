//! Pods of the story: specs as a server would complete them, and their lives from pending to gone.

use serde_json::{Value, json};

use super::stage::{ToldWorld, age_of, directions, merge, text};
use super::timeline::{DueAction, DueActions, STARTS, STOPS};
use crate::embedded::seeded::render::sheets;
use crate::embedded::seeded::template::{Values, hole};

impl ToldWorld {
    /// Makes a pod that stands alone in the files or in the script.
    pub fn make_pod(&mut self, mut pod: Value) -> DueActions {
        self.complete(&mut pod);
        self.admit(pod)
    }

    /// Takes a complete pod in, bound to a node; it runs a little later.
    pub fn admit(&mut self, mut pod: Value) -> DueActions {
        self.set_phase(&mut pod, "Pending");
        let (namespace, name) = key(&pod);
        let node = text(&pod["spec"]["nodeName"]).to_owned();
        self.keep(pod.clone(), None);
        self.event(
            &pod,
            "Scheduled",
            &format!("Successfully assigned {namespace}/{name} to {node}"),
            "default-scheduler",
        );
        vec![(STARTS, DueAction::Run(namespace, name))]
    }

    /// A pod starts to run.
    pub fn run(&mut self, namespace: &str, name: &str) -> DueActions {
        let Some(before) = self.find("Pod", namespace, name) else { return DueActions::new() };
        let mut pod = before.value.clone();
        if !pod["metadata"]["deletionTimestamp"].is_null() {
            return DueActions::new();
        }
        self.set_phase(&mut pod, "Running");
        self.keep(pod.clone(), None);
        let container = text(&pod["spec"]["containers"][0]["name"]).to_owned();
        self.event(&pod, "Started", &format!("Started container {container}"), "kubelet");
        self.recount(&pod);
        self.refresh_backends(namespace);
        DueActions::new()
    }

    /// A pod is told to stop; it is gone a little later.
    pub fn stop(&mut self, namespace: &str, name: &str) -> DueActions {
        let Some(before) = self.find("Pod", namespace, name) else { return DueActions::new() };
        let mut pod = before.value.clone();
        pod["metadata"]["deletionTimestamp"] = json!((self.now + STOPS).to_string());
        pod["metadata"]["deletionGracePeriodSeconds"] = json!(30);
        self.keep(pod.clone(), None);
        let container = text(&pod["spec"]["containers"][0]["name"]).to_owned();
        self.event(&pod, "Killing", &format!("Stopping container {container}"), "kubelet");
        self.refresh_backends(namespace);
        vec![(STOPS, DueAction::Gone(namespace.to_owned(), name.to_owned()))]
    }

    /// A pod that was told to stop is gone.
    pub fn gone(&mut self, namespace: &str, name: &str) -> DueActions {
        let before = self.find("Pod", namespace, name);
        self.remove("Pod", namespace, name);
        if let Some(before) = before {
            self.recount(&before.value);
        }
        self.refresh_backends(namespace);
        DueActions::new()
    }

    /// A stateful set's pod stops and comes back: the same name, a new uid and a new address.
    pub fn restart(&mut self, namespace: &str, name: &str) -> DueActions {
        let Some(before) = self.find("Pod", namespace, name) else { return DueActions::new() };
        let mut pod = before.value.clone();
        merge(
            &mut pod,
            &json!({"metadata": {"uid": null, "creationTimestamp": null, "resourceVersion": null, "managedFields": null}, "status": null}),
        );
        let mut follow = self.stop(namespace, name);
        follow.push((STOPS * 2, DueAction::Return(Box::new(pod))));
        follow
    }

    /// Gives a pod everything that a server, its admission and a scheduler give.
    pub fn complete(&mut self, pod: &mut Value) {
        let (namespace, name) = key(pod);
        let given = pod["spec"].take();
        let account = given["serviceAccountName"].as_str().unwrap_or("default").to_owned();
        self.account(&namespace, &account);
        let mut values = Values::new();
        values.set(hole("app"), pod["metadata"]["labels"]["app"].as_str().unwrap_or(&name));
        let (suffix, words) = (self.letters(5), self.letters(7));
        values.set(hole("suffix"), &suffix);
        for word in [hole("word2"), hole("word3"), hole("word4"), hole("word5")] {
            values.set(word, &words);
        }
        values.set(hole("containers"), "[]");
        values.set(hole("host"), "false");
        let mut spec = sheet("spec", &values);
        let containers: Vec<Value> = given["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(at, container)| complete_container(at, container, &values))
            .collect();
        merge(&mut spec, &given);
        spec["containers"] = Value::from(containers);
        spec["serviceAccountName"] = json!(account);
        spec["serviceAccount"] = json!(account);
        if text(&spec["restartPolicy"]).is_empty() {
            spec["restartPolicy"] = json!("Always");
        }
        if spec["hostNetwork"] == false {
            spec.as_object_mut().map(|spec| spec.remove("hostNetwork"));
        }
        if text(&spec["nodeName"]).is_empty() {
            spec["nodeName"] = json!(self.a_node());
        }
        pod["spec"] = spec;
        let annotations = json!({
            "checksum/config": self.digits(), "cni.projectcalico.org/containerID": self.digits(),
            "cluster-autoscaler.kubernetes.io/safe-to-evict": "true",
            "kubectl.kubernetes.io/default-container": pod["spec"]["containers"][0]["name"],
            "prometheus.io/path": "/metrics", "prometheus.io/scrape": "true",
        });
        let mut all = json!({"metadata": {"annotations": annotations}});
        merge(&mut all, &json!({"metadata": pod["metadata"]}));
        pod["metadata"] = all["metadata"].take();
    }

    /// The worker whose turn it is.
    fn a_node(&mut self) -> String {
        self.bound += 1;
        format!("worker-{}", 1 + self.bound % 4)
    }

    /// Puts a pod of the files into the world as it has long been: running, done or waiting.
    pub fn settled(&mut self, mut pod: Value) {
        self.complete(&mut pod);
        let directions = directions(&mut pod.clone());
        let some_days = format!("{}d", 1 + text(&pod["metadata"]["name"]).bytes().map(usize::from).sum::<usize>() % 20);
        let age = directions.get("age").unwrap_or(&some_days);
        pod["metadata"]["annotations"]["demo/age"] = json!(age);
        let now = self.now;
        self.now -= age_of(age);
        let phase = directions.get("phase").map_or("Running", String::as_str);
        if phase == "Pending" {
            pod["spec"].as_object_mut().map(|spec| spec.remove("nodeName"));
        }
        self.set_phase(&mut pod, phase);
        self.now = now;
        self.keep(pod.clone(), None);
        if phase == "Pending" {
            let why = pod["status"]["conditions"][0]["message"].as_str().unwrap_or_default().to_owned();
            self.event(&pod, "FailedScheduling", &why, "default-scheduler");
        }
    }

    /// Sets a pod's status as it is in a phase, from this time on; gives it its addresses when it runs.
    pub fn set_phase(&mut self, pod: &mut Value, phase: &str) {
        let node = self.find("Node", "", text(&pod["spec"]["nodeName"]));
        let host = node.as_ref().map_or("", |node| text(&node.value["status"]["addresses"][0]["address"])).to_owned();
        let dual = pod["metadata"]["annotations"]["demo/families"] == "dual";
        let mut ips: Vec<Value> = pod["status"]["podIPs"].as_array().cloned().unwrap_or_default();
        if ips.is_empty() && phase != "Pending" {
            ips = match pod["spec"]["hostNetwork"] == true {
                true => vec![json!({"ip": host})],
                false => self.address(text(&pod["spec"]["nodeName"]), dual),
            };
        }
        let mut values = Values::new();
        let time = self.now.to_string();
        values.set(hole("time"), &time);
        values.set(hole("phase"), phase);
        values.set(hole("ready"), if phase == "Running" { "True" } else { "False" });
        values.set(hole("hostip"), &host);
        values.set(hole("ip"), ips.first().map_or("", |ip| text(&ip["ip"])));
        let statuses = pod["spec"]["containers"].as_array().map(|containers| {
            containers.iter().map(|container| self.container_status(container, phase)).collect::<Vec<_>>()
        });
        values.set(hole("containerstatuses"), &Value::from(statuses.unwrap_or_default()).to_string());
        let mut status = sheet("status", &values);
        if phase != "Pending" {
            status["podIPs"] = Value::from(ips);
        } else {
            merge(&mut status, &json!({"podIP": null, "podIPs": null}));
        }
        if host.is_empty() {
            merge(
                &mut status,
                &json!({"hostIP": null, "hostIPs": null, "startTime": null, "containerStatuses": null, "observedGeneration": null}),
            );
            let message = "0/5 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 4 Insufficient nvidia.com/gpu.";
            status["conditions"] = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message, "lastProbeTime": null, "lastTransitionTime": time}]);
        }
        pod["status"] = status;
    }

    fn container_status(&mut self, container: &Value, phase: &str) -> Value {
        let mut values = Values::new();
        values.set(hole("word1"), text(&container["name"]));
        values.set(hole("image"), text(&container["image"]));
        values.set(hole("number"), "0");
        for digits in [hole("hex1"), hole("hex2"), hole("hex3"), hole("hex4")] {
            values.set(digits, &self.digits()[..16]);
        }
        let time = self.now.to_string();
        let (state, running) = match phase {
            "Running" => (json!({"running": {"startedAt": time}}), "true"),
            "Pending" => (json!({"waiting": {"reason": "ContainerCreating"}}), "false"),
            _ => (
                json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": time, "finishedAt": time}}),
                "false",
            ),
        };
        values.set(hole("spec"), &state.to_string());
        values.set(hole("count"), running);
        sheet("containerstatus", &values)
    }

    /// The next address of a node's range, or one of each family.
    fn address(&mut self, node: &str, dual: bool) -> Vec<Value> {
        let last = self.addresses.entry(node.to_owned()).or_insert(1);
        *last = if *last >= 250 { 2 } else { *last + 1 };
        let (number, last) = (node.rsplit('-').next().unwrap_or("1").to_owned(), *last);
        let number = if node.starts_with("control") { "0" } else { &number };
        let mut all = vec![json!({"ip": format!("10.244.{number}.{last}")})];
        if dual {
            all.push(json!({"ip": format!("fd00:244:0:{number}::{last:x}")}));
        }
        all
    }
}

/// A container as admission completes it: what the file says, over the company's defaults.
fn complete_container(at: usize, given: &Value, values: &Values) -> Value {
    let mut values = values.clone();
    values.set(hole("word1"), text(&given["name"]));
    values.set(hole("image"), text(&given["image"]));
    values.set(hole("ports"), "[]");
    let mut container = sheet(if at == 0 { "container" } else { "sidecar" }, &values);
    merge(&mut container, given);
    let mut ports = given["ports"].as_array().cloned().unwrap_or_default();
    for port in &mut ports {
        if port["protocol"].is_null() {
            port["protocol"] = json!("TCP");
        }
    }
    // Probes go to a port by its name: to the first that the container has; without one they run a program in it.
    let first = ports.iter().find(|port| port["protocol"] == "TCP").map(|port| port["name"].clone());
    for probe in ["livenessProbe", "readinessProbe"] {
        match &first {
            _ if container[probe].is_null() => _ = container.as_object_mut().map(|container| container.remove(probe)),
            Some(name) => container[probe]["httpGet"]["port"] = name.clone(),
            None => merge(
                &mut container[probe],
                &json!({"httpGet": null, "exec": {"command": ["/bin/probe", "--address=unix:///run/app/health.sock", probe]}}),
            ),
        }
    }
    container["ports"] = Value::from(ports);
    if container["ports"] == json!([]) {
        container.as_object_mut().map(|container| container.remove("ports"));
    }
    container
}

fn sheet(key: &str, values: &Values) -> Value {
    let mut out = Vec::new();
    sheets().pod.get(key).write(values, &mut out);
    serde_json::from_slice(&out).expect("templates with their holes filled are JSON")
}

/// An object's namespace and name.
pub fn key(object: &Value) -> (String, String) {
    (text(&object["metadata"]["namespace"]).to_owned(), text(&object["metadata"]["name"]).to_owned())
}
