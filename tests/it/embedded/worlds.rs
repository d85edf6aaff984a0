//! The seeded worlds: how many of what, always the same, of the right weight, and whole.

use std::collections::{BTreeMap, BTreeSet};

use kreach::embedded::ServedCluster;
use kreach::embedded::kinds::{KINDS, by_plural};
use serde_json::Value;

fn objects(world: &ServedCluster, plural: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let kind = by_plural(plural).expect("a served kind");
    world.documents(kind, |document| all.push(serde_json::from_slice(document).expect("documents are JSON")));
    all
}

fn count(world: &ServedCluster, plural: &str) -> usize {
    world.count(by_plural(plural).expect("a served kind"))
}

/// A hash of all documents that needs no crate (FNV-1a), so that any change of a world is seen.
fn hash(world: &ServedCluster) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for kind in &KINDS {
        world.documents(kind, |document| {
            for byte in document {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        });
    }
    hash
}

#[test]
fn worlds_have_the_size_that_their_names_promise() {
    for (name, pods, policies) in
        [("S", 1_000, 100), ("M", 10_000, 1_100), ("L", 150_000, 11_695), ("KB", 2_400, 4_800)]
    {
        let world = ServedCluster::seeded(name).expect("a world");
        assert_eq!(count(&world, "pods"), pods, "{name}");
        assert_eq!(count(&world, "networkpolicies"), policies, "{name}");
    }
}

#[test]
fn a_world_is_the_same_every_time() {
    let of = |name| hash(&ServedCluster::seeded(name).expect("a world"));
    assert_eq!(of("S"), of("s"));
    assert_ne!(of("S"), of("KB"));
}

#[test]
fn pods_weigh_what_real_ones_do() {
    let world = ServedCluster::seeded("S").expect("a world");
    let (mut sum, mut count) = (0, 0);
    world.documents(by_plural("pods").expect("served"), |document| {
        assert!((9 * 1_024..=16 * 1_024).contains(&document.len()), "a pod of {} bytes", document.len());
        sum += document.len();
        count += 1;
    });
    let mean = sum / count;
    assert!((10_500..12_500).contains(&mean), "a mean of {mean} bytes");
}

#[test]
fn objects_are_in_order_and_have_their_own_names_and_uids() {
    let world = ServedCluster::seeded("S").expect("a world");
    let mut uids = BTreeSet::new();
    for kind in &KINDS {
        let mut last = (String::new(), String::new());
        for object in objects(&world, kind.plural) {
            let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
            let key = (text("namespace"), text("name"));
            assert!(last < key, "{}: {last:?} before {key:?}", kind.plural);
            assert_eq!((object["kind"].as_str(), key.0.is_empty()), (Some(kind.kind), !kind.namespaced));
            assert!(uids.insert(text("uid")), "{}: {key:?} shares its uid", kind.plural);
            last = key;
        }
    }
}

#[test]
fn owners_services_and_accounts_are_consistent_with_pods() {
    let world = ServedCluster::seeded("S").expect("a world");
    let mut owners: BTreeMap<String, Value> = BTreeMap::new();
    for plural in ["replicasets", "statefulsets", "daemonsets", "jobs", "deployments", "cronjobs", "services"] {
        owners
            .extend(objects(&world, plural).into_iter().map(|object| (object["metadata"]["uid"].to_string(), object)));
    }
    let accounts: BTreeSet<String> = objects(&world, "serviceaccounts").iter().map(key).collect();
    let nodes: BTreeSet<String> = objects(&world, "nodes").iter().map(key).collect();
    let mut pods = BTreeMap::new();
    for pod in objects(&world, "pods") {
        let owner = &pod["metadata"]["ownerReferences"][0];
        let object = owners.get(&owner["uid"].to_string()).expect("the owner exists");
        assert_eq!((&object["kind"], &object["metadata"]["name"]), (&owner["kind"], &owner["name"]));
        let account = format!("{}/{}", text(&pod["metadata"]["namespace"]), text(&pod["spec"]["serviceAccountName"]));
        assert!(accounts.contains(&account), "{account}");
        assert!(nodes.contains(&format!("/{}", text(&pod["spec"]["nodeName"]))));
        pods.insert(pod["metadata"]["uid"].to_string(), pod);
    }
    for slice in objects(&world, "endpointslices") {
        for endpoint in slice["endpoints"].as_array().expect("endpoints") {
            let pod = &pods[&endpoint["targetRef"]["uid"].to_string()];
            assert_eq!(endpoint["addresses"][0], pod["status"]["podIP"]);
            assert_eq!(pod["metadata"]["labels"]["app"], slice["metadata"]["labels"]["app"]);
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn key(object: &Value) -> String {
    format!("{}/{}", text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]))
}
