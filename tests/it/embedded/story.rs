//! The story: a cluster that is whole at every step, and the same every time it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use kreach::embedded::kinds::{KINDS, by_plural};
use kreach::embedded::{ServeSettings, ServedCluster, Story};
use serde_json::{Value, json};

use super::asking::{get, names, server, watch};

fn story() -> Story {
    Story::new(Timestamp::from_second(1_790_000_000).expect("a time within range"))
}

fn objects(world: &ServedCluster, plural: &str) -> Vec<Value> {
    let mut all = Vec::new();
    world.documents(by_plural(plural).expect("a served kind"), |document| {
        all.push(serde_json::from_slice(document).expect("documents are JSON"));
    });
    all
}

fn object(world: &ServedCluster, plural: &str, name: &str) -> Value {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    let all = objects(world, plural);
    let found = all.into_iter().find(|object| {
        object["metadata"]["name"] == name && object["metadata"]["namespace"].as_str().unwrap_or_default() == namespace
    });
    found.unwrap_or(Value::Null)
}

/// Steps until the story's time is past `seconds`; gives what was said.
fn until(story: &mut Story, seconds: u64) -> Vec<String> {
    let mut said = Vec::new();
    while story.due().is_some_and(|due| due <= Duration::from_secs(seconds)) {
        said.extend(story.step().and_then(|told| told.say));
    }
    said
}

#[test]
fn the_cluster_is_a_small_company() {
    let story = story();
    let world = story.world();
    let pods = objects(world, "pods");
    assert!((60..=90).contains(&pods.len()), "{} pods", pods.len());
    assert!((8..=10).contains(&objects(world, "namespaces").len()));
    let phases: BTreeSet<&str> = pods.iter().filter_map(|pod| pod["status"]["phase"].as_str()).collect();
    assert_eq!(phases, BTreeSet::from(["Pending", "Running", "Succeeded"]));
    assert!(pods.iter().any(|pod| pod["spec"]["hostNetwork"] == true));
    assert!(pods.iter().any(|pod| pod["status"]["podIPs"].as_array().is_some_and(|ips| ips.len() == 2)), "dual stack");
    for pod in &pods {
        let length = pod.to_string().len();
        // The pod that waits for a node has no status to speak of.
        let waits = pod["spec"]["nodeName"].is_null();
        assert!(waits || (9 * 1_024..=16 * 1_024).contains(&length), "{} has {length} bytes", pod["metadata"]["name"]);
        assert!(!pod.to_string().contains("\"demo/"), "directions stay on the stage");
    }
    let waiting = &objects(world, "events")[0];
    assert_eq!((&waiting["reason"], &waiting["type"]), (&json!("FailedScheduling"), &json!("Warning")));
    assert_eq!(waiting["involvedObject"]["name"], "train-ranking-8842");
}

#[test]
fn edit_has_gathered_the_rules_of_view() {
    let story = story();
    let edit = object(story.world(), "clusterroles", "/edit").to_string();
    assert!(edit.contains("cert-manager.io") && edit.contains("secrets"), "{edit}");
}

#[test]
fn all_is_told_in_order_and_then_as_it_was() {
    let mut story = story();
    let facts = |story: &Story| -> BTreeMap<String, Value> {
        ["namespaces", "networkpolicies", "rolebindings", "clusterrolebindings", "services"]
            .into_iter()
            .flat_map(|plural| objects(story.world(), plural))
            .map(|object| {
                let metadata = &object["metadata"];
                let key = format!("{}/{}/{}", object["kind"], metadata["namespace"], metadata["name"]);
                (key, json!([metadata["labels"], object["spec"], object["subjects"], object["roleRef"]]))
            })
            .collect()
    };
    let (before, pods) = (facts(&story), objects(story.world(), "pods").len());
    let first = until(&mut story, 599);
    assert_eq!(facts(&story), before);
    assert_eq!(objects(story.world(), "pods").len(), pods);
    let second = until(&mut story, 1_199);
    assert!(first.len() > 10);
    assert_eq!(first, second, "it begins anew");
    assert_eq!(facts(&story), before);
    assert_eq!(objects(story.world(), "pods").len(), pods);
}

#[test]
fn slices_and_replica_counts_agree_with_pods_at_every_step() {
    let mut story = story();
    // The first two pods of a rollout: every sort of step that changes pods is among them.
    while story.due().is_some_and(|due| due < Duration::from_secs(20)) {
        story.step();
        let pods: BTreeMap<String, Value> =
            objects(story.world(), "pods").into_iter().map(|pod| (pod["metadata"]["uid"].to_string(), pod)).collect();
        for slice in objects(story.world(), "endpointslices") {
            for endpoint in slice["endpoints"].as_array().expect("endpoints") {
                let pod = &pods[&endpoint["targetRef"]["uid"].to_string()];
                let addresses = pod["status"]["podIPs"].as_array().expect("a running pod has addresses");
                assert!(addresses.iter().any(|ip| ip["ip"] == endpoint["addresses"][0]));
                assert_eq!(endpoint["conditions"]["ready"], pod["metadata"]["deletionTimestamp"].is_null());
            }
        }
        let ips: Vec<&str> = pods
            .values()
            .filter(|pod| pod["spec"]["hostNetwork"] != true)
            .filter_map(|pod| pod["status"]["podIP"].as_str())
            .collect();
        assert_eq!(ips.iter().collect::<BTreeSet<_>>().len(), ips.len(), "no two pods share an address");
    }
    until(&mut story, 60);
    assert_eq!(object(story.world(), "deployments", "shop/web")["status"]["updatedReplicas"], 6);
    let image = &object(story.world(), "deployments", "shop/web")["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(image, "registry.lamps.example/shop/web:2.8.1");
}

#[test]
fn things_happen_as_the_script_has_them() {
    let mut story = story();
    until(&mut story, 90);
    let policy = object(story.world(), "networkpolicies", "payments/api-from-checkout");
    assert_eq!(policy["spec"]["ingress"][0]["from"], json!([{"namespaceSelector": {}}]));
    assert_eq!(policy["metadata"]["managedFields"][0]["manager"], "kubectl-edit");
    assert_eq!(policy["metadata"]["generation"], 2);
    let before = object(story.world(), "pods", "payments/db-1");
    until(&mut story, 275);
    assert_eq!(object(story.world(), "namespaces", "/legacy")["metadata"]["labels"]["pci"], "true");
    let after = object(story.world(), "pods", "payments/db-1");
    assert_eq!(after["status"]["phase"], "Running");
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_ne!(after["status"]["podIP"], before["status"]["podIP"]);
    until(&mut story, 465);
    assert_eq!(object(story.world(), "namespaces", "/legacy")["metadata"]["labels"]["pci"], Value::Null);
}

#[test]
fn it_is_the_same_every_time() {
    let all = |seconds| {
        let mut story = story();
        until(&mut story, seconds);
        let mut all = Vec::new();
        for kind in &KINDS {
            story.world().documents(kind, |document| all.push(document.to_vec()));
        }
        all
    };
    assert_eq!(all(60), all(60));
}

#[tokio::test]
async fn a_rollout_is_seen_by_a_watch_pod_by_pod() {
    let mut story = story();
    let server = server(story.world(), ServeSettings::default()).await;
    let list = get(&server, "/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb").await;
    let version = list["metadata"]["resourceVersion"].as_str().expect("a version");
    let path = format!("/api/v1/namespaces/shop/pods?watch=true&labelSelector=app%3Dweb&resourceVersion={version}");
    let mut events = watch(&server, &path, "").await;
    until(&mut story, 14);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let event = events.next().await.expect("the watch goes on");
        let pod = &event["object"];
        let terminating = !pod["metadata"]["deletionTimestamp"].is_null();
        seen.push(format!("{} {} {terminating}", event["type"].as_str().unwrap_or_default(), pod["status"]["phase"]));
    }
    let expected = [
        "ADDED \"Pending\" false",
        "MODIFIED \"Running\" false",
        "MODIFIED \"Running\" true",
        "DELETED \"Running\" true",
    ];
    assert_eq!(seen, expected);
    assert_eq!(names(&list).len(), 6);
}

#[test]
fn a_dump_reads_back_as_the_same_objects() {
    let story = story();
    let mut text = Vec::new();
    story.world().dump(&mut text).expect("writing to memory");
    let list: Value = serde_saphyr::from_str(std::str::from_utf8(&text).expect("text")).expect("YAML");
    let all: Vec<Value> = KINDS.iter().flat_map(|kind| objects(story.world(), kind.plural)).collect();
    assert_eq!(list["items"].as_array(), Some(&all));
    assert_eq!(list["kind"], "List");
}
