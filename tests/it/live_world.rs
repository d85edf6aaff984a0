//! What the tests of `live` share: a small sound server of pods, and a session whose batches become a cluster.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kreach::kinds::{self, KindSpec};
use kreach::live::{self, Batch, Condition, Control, SessionKinds};
use kreach::model::cluster::Cluster;
use kreach::model::coverage::Coverage;
use kreach::model::facts::{Uid, UidFingerprint};
use kreach::model::id::Kind;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout_at};

use crate::wire::{Asked, Play, status_object};

/// How long, by the paused clock, anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(1800);

/// A pod of the namespace `shop`.
pub fn pod(name: &str, version: u64) -> Value {
    pod_with(name, &format!("uid-{name}"), version, "Running")
}

/// A pod with this uid and phase.
pub fn pod_with(name: &str, uid: &str, version: u64, phase: &str) -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": { "name": name, "namespace": "shop", "uid": uid, "resourceVersion": version.to_string() },
        "spec": { "containers": [{ "name": "c", "image": "i" }] }, "status": { "phase": phase },
    })
}

/// A page of pods.
pub fn list(version: u64, continues: &str, items: &[Value]) -> String {
    json!({
        "kind": "PodList", "apiVersion": "v1",
        "metadata": { "resourceVersion": version.to_string(), "continue": continues }, "items": items,
    })
    .to_string()
}

/// A bookmark of pods.
pub fn bookmark(version: u64, ends_list: bool) -> Value {
    let annotations = if ends_list { json!({ "k8s.io/initial-events-end": "true" }) } else { json!({}) };
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": { "resourceVersion": version.to_string(), "annotations": annotations },
    })
}

/// A server of pods that does what it should; tests put their faults before it.
#[derive(Default)]
pub struct Sound {
    pub objects: BTreeMap<String, Value>,
    /// What happened: version, type, object.
    pub history: Vec<(u64, &'static str, Value)>,
    pub version: u64,
    /// Watches from before this version are too old.
    pub compacted: u64,
    /// How large a page may be; 0: as the client asks.
    pub page: usize,
    /// Whether lists can be streamed.
    pub streams: bool,
}

impl Sound {
    /// A server at this version with these pods.
    pub fn new(version: u64, names: &[&str]) -> Self {
        let objects = names.iter().map(|it| (it.to_string(), pod(it, version))).collect();
        Self { objects, version, compacted: version, ..Self::default() }
    }

    /// The same, shared with a script.
    pub fn shared(self) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(self))
    }

    /// Creates or changes a pod.
    pub fn put(&mut self, name: &str, uid: &str, phase: &str) {
        self.version += 1;
        let object = pod_with(name, uid, self.version, phase);
        let before = self.objects.insert(name.to_owned(), object.clone());
        self.history.push((self.version, if before.is_some() { "MODIFIED" } else { "ADDED" }, object));
    }

    /// Deletes a pod.
    pub fn delete(&mut self, name: &str) {
        if let Some(mut object) = self.objects.remove(name) {
            self.version += 1;
            object["metadata"]["resourceVersion"] = json!(self.version.to_string());
            self.history.push((self.version, "DELETED", object));
        }
    }

    /// Forgets what happened so far.
    pub fn compact(&mut self) {
        self.history.clear();
        self.compacted = self.version;
    }

    /// What a sound server answers.
    pub fn answer(&self, asked: &Asked) -> Play {
        if !asked.is_of("pods") {
            return Play::status(404, "NotFound", "not here");
        }
        match (asked.is_watch(), asked.is_streaming_list()) {
            (true, true) if self.streams => self.stream(),
            (true, true) => Play::status(422, "Invalid", "sendInitialEvents is forbidden"),
            (true, false) => self.watch(asked),
            _ => self.list(asked),
        }
    }

    fn list(&self, asked: &Asked) -> Play {
        let limit: usize = asked.param("limit").and_then(|it| it.parse().ok()).unwrap_or(usize::MAX);
        let limit = if self.page == 0 { limit } else { limit.min(self.page) };
        let from: usize = asked.param("continue").and_then(|it| it.parse().ok()).unwrap_or(0);
        let items: Vec<Value> = self.objects.values().skip(from).take(limit).cloned().collect();
        let next = from + items.len();
        let continues = if next < self.objects.len() { next.to_string() } else { String::new() };
        Play::json(200, &list(self.version, &continues, &items))
    }

    fn stream(&self) -> Play {
        let all = self.objects.values().fold(Play::head(), |play, it| play.event("ADDED", it));
        let listed = all.event("BOOKMARK", &bookmark(self.version, true)).wait(Duration::from_secs(60));
        listed.event("BOOKMARK", &bookmark(self.version, false)).end()
    }

    /// What happened since, then a bookmark after a minute, and the end.
    fn watch(&self, asked: &Asked) -> Play {
        let since: u64 = asked.param("resourceVersion").and_then(|it| it.parse().ok()).unwrap_or(0);
        if since < self.compacted {
            return Play::head().event("ERROR", &status_object(410, "Expired", "too old resource version")).end();
        }
        let news = self.history.iter().filter(|(version, _, _)| *version > since);
        let play = news.fold(Play::head(), |play, (_, kind, object)| play.event(kind, object));
        play.wait(Duration::from_secs(60)).event("BOOKMARK", &bookmark(self.version, false)).end()
    }
}

/// A session whose batches are applied as the loop would.
pub struct Session {
    pub cluster: Cluster,
    /// What each kind and scope was last said to be, and all that was said, with its time.
    pub said: Vec<(Duration, Kind, Condition)>,
    pub notices: Vec<String>,
    pub control: Control,
    batches: Receiver<Batch>,
    began: Instant,
}

/// The row of a kind.
pub fn row(kind: Kind) -> &'static KindSpec {
    kinds::spec(kind).expect("a kind of the table")
}

impl Session {
    /// Follows these kinds, looking into these namespaces where the whole is forbidden.
    pub fn of(client: Client, kinds: &[Kind], namespaces: &[&str]) -> Self {
        let kinds = kinds.iter().map(|it| row(*it)).collect();
        let namespaces = namespaces.iter().map(|it| (*it).into()).collect();
        let (batches, control) = live::start(client, SessionKinds { kinds, namespaces });
        let cluster = Cluster::new(Coverage::Loading);
        Self { cluster, said: Vec::new(), notices: Vec::new(), control, batches, began: Instant::now() }
    }

    /// Follows pods.
    pub fn of_pods(client: Client) -> Self {
        Self::of(client, &[Kind::POD], &[])
    }

    /// Takes in what comes until this holds; fails when it does not come to hold.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Session) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            match timeout_at(end, self.batches.recv()).await {
                Ok(Some(batch)) => self.take(batch),
                Ok(None) => panic!("the session ended while we waited until {what}"),
                Err(_) => panic!("never {what}: {:?}", self.said.last()),
            }
        }
    }

    /// Takes in what comes in this time.
    pub async fn run_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(batch) = timeout_at(end, self.batches.recv()).await {
            self.take(batch.expect("the session goes on"));
        }
    }

    fn take(&mut self, batch: Batch) {
        batch.deltas.into_iter().for_each(|it| drop(self.cluster.apply(it)));
        let at = self.began.elapsed();
        self.said.extend(batch.health.into_iter().map(|it| (at, it.kind, it.condition)));
        self.notices.extend(batch.notices);
    }

    /// Forgets what was said so far but the last.
    pub fn forget(&mut self) {
        self.said.drain(..self.said.len().saturating_sub(1));
        self.notices.clear();
    }

    /// The names of the pods.
    pub fn pods(&self) -> Vec<String> {
        self.cluster.pods.iter().map(|it| it.name().to_string()).collect()
    }

    /// The coverage of pods.
    pub fn coverage(&self) -> &Coverage {
        self.cluster.coverage.of(Kind::POD, "shop")
    }

    /// Whether pods are listed and watched.
    pub fn is_live(&self) -> bool {
        *self.coverage() == Coverage::Live
    }

    /// Whether what is held is what this server has, phases and uids included.
    pub fn holds(&self, server: &Mutex<Sound>) -> bool {
        let server = server.lock().expect("no panic under the lock");
        let wanted = server.objects.values().map(|it| {
            let text = |at: &str| it.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            let uid = UidFingerprint::from(Uid::parse(&text("/metadata/uid")));
            (text("/metadata/name"), uid, text("/status/phase"))
        });
        let held = self.cluster.pods.iter().map(|it| (it.name().to_string(), it.uid, it.phase().as_str().to_owned()));
        wanted.eq(held) && self.cluster.unreadable.is_empty()
    }

    /// What was said of pods, one word each, repetitions left out.
    pub fn story(&self) -> Vec<&'static str> {
        let mut words: Vec<&'static str> = self.said.iter().map(|(_, _, it)| word(it)).collect();
        words.dedup();
        words
    }
}

fn word(condition: &Condition) -> &'static str {
    match condition {
        Condition::Connecting => "connecting",
        Condition::Listing { .. } => "listing",
        Condition::Following => "following",
        Condition::ListedAlone => "listed alone",
        Condition::Retrying { .. } => "retrying",
        Condition::Forbidden { .. } => "forbidden",
        Condition::NotServed => "not served",
    }
}
