//! Where the story plays: objects get what a server and its controllers would have given them.
//!
//! Annotations under `demo/` are directions for the stage and never leave it: `demo/age`, `demo/phase`, `demo/owner`,
//! `demo/families`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::fields;
use super::timeline::DueActions;
use crate::embedded::kinds::{self, ServedKind};
use crate::embedded::object_list::{ObjectList, StoredObject};
use crate::embedded::review;
use crate::embedded::seeded::render::sheets;
use crate::embedded::seeded::rng::{hex, letters, mix, uid};
use crate::embedded::seeded::template::{Values, hole};
use crate::embedded::selector;
use crate::embedded::world::ServedCluster;

/// The seed of names and uids.
const SEED: u64 = 0x0057_0127;

/// How many events are kept.
const EVENTS: usize = 150;

/// A world that is being told, and what its controllers know.
#[derive(Debug)]
pub struct ToldWorld {
    pub world: Arc<ServedCluster>,
    /// The story's time.
    pub now: Timestamp,
    /// How much chance was used: every name and uid is new.
    pub drawn: u64,
    /// The last address given out on each node.
    pub addresses: BTreeMap<String, u32>,
    pub services: u32,
    /// How many pods were bound to nodes.
    pub bound: u64,
    events: u64,
    curtain: Curtain,
}

/// Whether the story plays: what is made before is old, what is made then is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curtain {
    Down,
    Up,
}

impl ToldWorld {
    pub fn new(world: Arc<ServedCluster>, now: Timestamp) -> ToldWorld {
        ToldWorld {
            world,
            now,
            drawn: 0,
            addresses: BTreeMap::new(),
            services: 0,
            bound: 0,
            events: 0,
            curtain: Curtain::Down,
        }
    }

    /// Sets up the cluster from its files: first what stands alone, then workloads with their pods, then services.
    pub fn set_up(&mut self, objects: Vec<Value>) {
        let (running, standing): (Vec<Value>, Vec<Value>) = objects.into_iter().partition(|object| {
            matches!(text(&object["kind"]), "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" | "Pod")
        });
        for object in standing {
            match text(&object["kind"]) {
                "Node" => self.node(object),
                "Namespace" => self.namespace(object),
                "Service" => self.service(object),
                "ClusterRole" if !object["aggregationRule"].is_null() => self.aggregated_role(object),
                _ => _ = self.keep(object, None),
            }
        }
        let reader = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "demo-reader"}, "rules": review::reader_rules()});
        self.keep(reader, None);
        for object in running {
            self.workload(object);
        }
        for namespace in self.all("Namespace") {
            self.refresh_backends(&namespace.name);
        }
        self.curtain = Curtain::Up;
    }

    /// The object of that kind and key, as it is now.
    pub fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<StoredObject>> {
        self.world.object(row(kind), namespace, name)
    }

    /// All objects of a kind, in order.
    pub fn all(&self, kind: &str) -> Vec<Arc<StoredObject>> {
        match self.object_list(kind) {
            ObjectList::Held(objects) => objects.to_vec(),
            ObjectList::Rendered(..) => Vec::new(),
        }
    }

    fn object_list(&self, kind: &str) -> ObjectList {
        self.world.object_list(row(kind), None).unwrap_or_else(|_| ObjectList::empty())
    }

    /// Five letters that were not drawn before.
    pub fn letters(&mut self, length: usize) -> String {
        self.drawn += 1;
        let mut out = Vec::new();
        letters(&mut out, mix(SEED, 1, self.drawn), length);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// 64 hexadecimal digits that were not drawn before.
    pub fn digits(&mut self) -> String {
        self.drawn += 1;
        let mut out = Vec::new();
        (0..4).for_each(|at| hex(&mut out, mix(SEED, 3 + at, self.drawn)));
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Completes an object as a server would (uid, times, generation, managed fields) and puts it into the world.
    pub fn keep(&mut self, mut object: Value, by: Option<&str>) -> DueActions {
        let kind = row(text(&object["kind"]));
        let (namespace, name) =
            (text(&object["metadata"]["namespace"]).to_owned(), text(&object["metadata"]["name"]).to_owned());
        let before = self.find(kind.kind, &namespace, &name);
        let directions = directions(&mut object);
        let age = directions.get("age").map_or_else(|| default_age(kind.kind, &name), |age| age_of(age));
        let time = if self.curtain == Curtain::Up { self.now } else { self.now - age };
        let metadata = &mut object["metadata"];
        if let Some(before) = &before {
            for key in ["uid", "creationTimestamp"] {
                metadata[key] = before.value["metadata"][key].clone();
            }
        } else if metadata["uid"].is_null() {
            metadata["uid"] = json!(self.uid());
        }
        if metadata["creationTimestamp"].is_null() {
            metadata["creationTimestamp"] = json!(time.to_string());
        }
        if !object["spec"].is_null() && !kind.group.is_empty() {
            let generation =
                before.as_ref().map_or(0, |before| before.value["metadata"]["generation"].as_i64().unwrap_or(1));
            let changed = before.is_none_or(|before| before.value["spec"] != object["spec"]);
            object["metadata"]["generation"] = json!(generation + i64::from(changed));
        }
        let by = by.unwrap_or(match kind.kind {
            "Pod" | "ReplicaSet" | "EndpointSlice" | "Endpoints" | "Job" => "kube-controller-manager",
            "Node" => "kubelet",
            _ => "argocd-controller",
        });
        fields::manage(&mut object, by, &time.to_string());
        self.world.put(kind, object);
        DueActions::new()
    }

    fn uid(&mut self) -> String {
        self.drawn += 1;
        let mut out = Vec::new();
        uid(&mut out, SEED, 2, self.drawn);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Changes some members of an object.
    pub fn patch(&mut self, patch: &Value, by: Option<&str>) -> DueActions {
        let (kind, metadata) = (text(&patch["kind"]), &patch["metadata"]);
        let Some(before) = self.find(kind, text(&metadata["namespace"]), text(&metadata["name"])) else {
            return DueActions::new();
        };
        let mut object = before.value.clone();
        merge(&mut object, patch);
        if let Some(phase) = patch["status"]["phase"].as_str().filter(|_| kind == "Pod") {
            self.set_phase(&mut object, phase);
        }
        let namespace = before.namespace.clone();
        self.keep(object, by);
        self.refresh_backends(&namespace);
        DueActions::new()
    }

    /// Deletes an object that simply goes.
    pub fn remove(&mut self, kind: &str, namespace: &str, name: &str) -> DueActions {
        self.world.delete(row(kind), namespace, name);
        DueActions::new()
    }

    fn namespace(&mut self, mut object: Value) {
        let name = text(&object["metadata"]["name"]).to_owned();
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
        object["spec"] = json!({"finalizers": ["kubernetes"]});
        object["status"] = json!({"phase": "Active"});
        self.keep(object, None);
        self.account(&name, "default");
    }

    /// Makes a service account, unless there is one.
    pub fn account(&mut self, namespace: &str, name: &str) {
        if self.find("ServiceAccount", namespace, name).is_none() {
            self.keep(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}), None);
        }
    }

    /// A node: what a kubelet reports, under what the file says.
    fn node(&mut self, object: Value) {
        let mut values = Values::new();
        let name = text(&object["metadata"]["name"]).to_owned();
        values.set(hole("name"), &name);
        values.set(hole("ip"), text(&object["status"]["addresses"][0]["address"]));
        values.set(hole("uid"), &self.uid());
        values.set(hole("hex1"), &self.letters(12));
        values.set(hole("time"), &(self.now - SignedDuration::from_hours(24 * 200)).to_string());
        let mut node = filled("Node", &values);
        merge(&mut node, &object);
        if let Some(metadata) = node["metadata"].as_object_mut() {
            metadata.remove("resourceVersion");
            merge(
                &mut metadata["labels"],
                &json!({"topology.kubernetes.io/region": null, "node.kubernetes.io/instance-type": null}),
            );
        }
        self.keep(node, None);
    }

    /// A role whose rules are those of the roles that carry its labels, as the controller gathers them.
    fn aggregated_role(&mut self, mut object: Value) {
        let selectors = object["aggregationRule"]["clusterRoleSelectors"].as_array().cloned().unwrap_or_default();
        let mut rules: Vec<Value> = Vec::new();
        for role in self.files_and_world("ClusterRole") {
            let selected =
                selectors.iter().any(|selector| selector::labels_match(selector, &role["metadata"]["labels"]));
            for rule in role["rules"].as_array().into_iter().flatten().filter(|_| selected) {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
        object["rules"] = Value::from(rules);
        self.keep(object, None);
    }

    /// The objects of a kind that the world holds, and those of the files that it does not hold yet.
    fn files_and_world(&self, kind: &str) -> Vec<Value> {
        let held = self.all(kind);
        let later = super::assets::cluster().into_iter().filter(|object| {
            object["kind"] == kind && !held.iter().any(|held| object["metadata"]["name"] == held.name.as_str())
        });
        held.iter().map(|object| object.value.clone()).chain(later).collect()
    }

    /// Records an event about an object, and forgets the oldest.
    pub fn event(&mut self, about: &Value, reason: &str, message: &str, source: &str) {
        self.events += 1;
        let (namespace, name) = (text(&about["metadata"]["namespace"]), text(&about["metadata"]["name"]));
        let time = self.now.to_string();
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{name}.{:012x}", self.events), "namespace": namespace, "creationTimestamp": time},
            "involvedObject": {"apiVersion": about["apiVersion"], "kind": about["kind"], "namespace": namespace, "name": name, "uid": about["metadata"]["uid"]},
            "reason": reason, "message": message, "source": {"component": source}, "reportingComponent": source, "reportingInstance": "",
            "type": if reason.starts_with("Failed") { "Warning" } else { "Normal" }, "count": 1, "firstTimestamp": time, "lastTimestamp": time,
        });
        self.keep(event, None);
        let mut all = self.all("Event");
        all.sort_by_key(|event| event.version);
        for event in all.iter().take(all.len().saturating_sub(EVENTS)) {
            self.world.delete(row("Event"), &event.namespace, &event.name);
        }
    }
}

/// The row of a kind that the files name.
fn row(kind: &str) -> &'static ServedKind {
    kinds::by_kind(kind).expect("the demo's files hold kinds that are served")
}

/// An object of the seeded worlds' core sheet with its holes filled.
fn filled(key: &str, values: &Values) -> Value {
    let mut out = Vec::new();
    sheets().core.get(key).write(values, &mut out);
    let mut object: Value = serde_json::from_slice(&out).expect("templates with their holes filled are JSON");
    object["kind"] = json!(key);
    object["apiVersion"] = json!("v1");
    object
}

/// Takes the directions for the stage out of an object.
pub fn directions(object: &mut Value) -> BTreeMap<String, String> {
    let Some(annotations) = object["metadata"]["annotations"].as_object_mut() else { return BTreeMap::new() };
    let mut found = BTreeMap::new();
    annotations.retain(|key, value| match key.strip_prefix("demo/") {
        Some(direction) => {
            found.insert(direction.to_owned(), text(value).to_owned());
            false
        }
        None => true,
    });
    if annotations.is_empty() {
        object["metadata"].as_object_mut().map(|metadata| metadata.remove("annotations"));
    }
    found
}

/// A length of time like `26m`, `7h` or `41d`.
pub fn age_of(text: &str) -> SignedDuration {
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let number: i64 = number.parse().expect("ages in the demo's files are numbers with a unit");
    match unit {
        "m" => SignedDuration::from_mins(number),
        "h" => SignedDuration::from_hours(number),
        _ => SignedDuration::from_hours(24 * number),
    }
}

/// How old an object is of which the files do not say it: weeks to months, each its own.
fn default_age(kind: &str, name: &str) -> SignedDuration {
    let letters = name.bytes().fold(7, |sum, byte| mix(SEED, sum, u64::from(byte)));
    let days = if kind == "Pod" { 1 + letters % 20 } else { 60 + letters % 200 };
    SignedDuration::from_hours(24 * days as i64) + SignedDuration::from_mins((letters >> 32) as i64 % 1_400)
}

/// Merges as RFC 7386 has it: objects member by member, `null` removes, anything else replaces.
pub fn merge(into: &mut Value, patch: &Value) {
    let (Value::Object(members), Value::Object(changes)) = (&mut *into, patch) else {
        *into = patch.clone();
        return;
    };
    for (key, change) in changes {
        match change {
            Value::Null => _ = members.remove(key),
            change => merge(members.entry(key.clone()).or_insert(Value::Null), change),
        }
    }
}

/// Text, empty if it is absent.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
