//! Watches: events from a version on, bookmarks, initial events, selections, what is forgotten.

use std::sync::Arc;
use std::time::Duration;

use kreach::embedded::kinds::by_plural;
use kreach::embedded::{ServeSettings, ServedCluster};
use serde_json::{Value, json};

use super::asking::{get, server, watch};

const PODS: &str = "/api/v1/pods?watch=true";

fn put(world: &ServedCluster, name: &str, app: &str) {
    let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "namespace": "shop", "labels": {"app": app}}});
    world.put(by_plural("pods").expect("served"), pod);
}

fn delete(world: &ServedCluster, name: &str) {
    world.delete(by_plural("pods").expect("served"), "shop", name).expect("it exists");
}

fn with_pods(names: &[&str]) -> Arc<ServedCluster> {
    let world = ServedCluster::told("watched");
    names.iter().for_each(|name| put(&world, name, "web"));
    world
}

#[tokio::test]
async fn a_watch_from_a_version_tells_what_happened_since() {
    let world = with_pods(&["web-0"]);
    let server = server(&world, ServeSettings::default()).await;
    let version =
        get(&server, "/api/v1/pods").await["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
    put(&world, "web-1", "web");
    let mut events = watch(&server, &format!("{PODS}&resourceVersion={version}"), "").await;
    assert_eq!(events.line().await, "ADDED shop/web-1");
    put(&world, "web-1", "db");
    assert_eq!(events.line().await, "MODIFIED shop/web-1");
    delete(&world, "web-0");
    let event = events.next().await.expect("the deletion");
    assert_eq!(event["type"], "DELETED");
    assert_eq!(event["object"]["metadata"]["resourceVersion"], json!(world.version().to_string()), "of the deletion");
    assert_eq!((&event["object"]["kind"], &event["object"]["apiVersion"]), (&json!("Pod"), &json!("v1")));
}

#[tokio::test]
async fn a_watch_without_a_version_begins_with_what_exists() {
    let world = with_pods(&["web-0", "web-1"]);
    let server = server(&world, ServeSettings::default()).await;
    let mut events = watch(&server, PODS, "").await;
    assert_eq!([events.line().await, events.line().await], ["ADDED shop/web-0", "ADDED shop/web-1"]);
    put(&world, "web-2", "web");
    assert_eq!(events.line().await, "ADDED shop/web-2");
}

#[tokio::test]
async fn initial_events_end_with_a_bookmark() {
    let world = with_pods(&["web-0", "web-1"]);
    let server = server(&world, ServeSettings::default()).await;
    let path = format!("{PODS}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    let mut events = watch(&server, &path, "").await;
    assert_eq!([events.line().await, events.line().await], ["ADDED shop/web-0", "ADDED shop/web-1"]);
    let end = events.next().await.expect("the end of the initial events");
    assert_eq!((&end["type"], &end["object"]["kind"]), (&json!("BOOKMARK"), &json!("Pod")));
    let metadata = &end["object"]["metadata"];
    assert_eq!(metadata["annotations"]["k8s.io/initial-events-end"], "true");
    assert_eq!(metadata["resourceVersion"], json!(world.version().to_string()));
    delete(&world, "web-0");
    assert_eq!(events.line().await, "DELETED shop/web-0");
}

#[tokio::test]
async fn a_seeded_world_streams_all_its_pods() {
    let world = ServedCluster::seeded("S").expect("a world");
    let server = server(&world, ServeSettings::default()).await;
    let path = format!(
        "{PODS}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1"
    );
    let mut events = watch(&server, &path, "").await;
    for _ in 0..1_000 {
        assert_eq!(events.next().await.expect("a pod")["type"], "ADDED");
    }
    assert_eq!(events.next().await.expect("the end of the initial events")["type"], "BOOKMARK");
}

#[tokio::test]
async fn bookmarks_come_regularly_and_carry_the_version() {
    let world = with_pods(&["web-0"]);
    let server =
        server(&world, ServeSettings { bookmark_every: Duration::from_millis(5), ..ServeSettings::default() }).await;
    let mut events =
        watch(&server, &format!("{PODS}&allowWatchBookmarks=true&resourceVersion={}", world.version()), "").await;
    for _ in 0..2 {
        let bookmark = events.next().await.expect("a bookmark");
        assert_eq!(bookmark["type"], "BOOKMARK");
        assert_eq!(bookmark["object"]["metadata"]["resourceVersion"], json!(world.version().to_string()));
    }
    // A change of another kind moves the version that bookmarks carry.
    world.put(by_plural("namespaces").expect("served"), json!({"kind": "Namespace", "metadata": {"name": "shop"}}));
    loop {
        let bookmark = events.next().await.expect("a bookmark");
        assert_eq!(bookmark["type"], "BOOKMARK");
        if bookmark["object"]["metadata"]["resourceVersion"] == json!(world.version().to_string()) {
            break;
        }
    }
}

#[tokio::test]
async fn a_watch_ends_when_its_time_is_over() {
    let world = with_pods(&[]);
    let server = server(&world, ServeSettings::default()).await;
    let path = format!("{PODS}&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion={}", world.version());
    let mut events = watch(&server, &path, "").await;
    assert_eq!(events.next().await.expect("a last bookmark")["type"], "BOOKMARK");
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_forgotten_version_is_a_410_in_the_stream() {
    let world = with_pods(&["web-0"]);
    let old = world.version() - 1;
    world.compact();
    let server = server(&world, ServeSettings::default()).await;
    let mut events = watch(&server, &format!("{PODS}&resourceVersion={old}"), "").await;
    let error = events.next().await.expect("an error");
    assert_eq!((&error["type"], &error["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!((&error["object"]["kind"], &error["object"]["reason"]), (&json!("Status"), &json!("Expired")));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_selecting_watch_sees_objects_come_and_go() {
    let world = with_pods(&["web-0"]);
    let server = server(&world, ServeSettings::default()).await;
    let path = format!("{PODS}&labelSelector=app%3Ddb&resourceVersion={}", world.version());
    let mut events = watch(&server, &path, "").await;
    put(&world, "web-1", "web");
    put(&world, "web-0", "db");
    assert_eq!(events.line().await, "ADDED shop/web-0", "it came into the selection");
    put(&world, "web-0", "db");
    assert_eq!(events.line().await, "MODIFIED shop/web-0");
    put(&world, "web-0", "web");
    assert_eq!(events.line().await, "DELETED shop/web-0", "it left the selection");
}

#[tokio::test]
async fn a_watched_table_names_its_columns_once() {
    let world = with_pods(&["web-0"]);
    let server = server(&world, ServeSettings::default()).await;
    let mut events = watch(&server, PODS, "application/json;as=Table;v=v1;g=meta.k8s.io").await;
    let first = events.next().await.expect("the pod that exists");
    assert_eq!(first["object"]["columnDefinitions"].as_array().map(Vec::len), Some(9));
    put(&world, "web-1", "web");
    let second = events.next().await.expect("the new pod");
    assert_eq!(second["object"]["columnDefinitions"], Value::Null);
    assert_eq!(second["object"]["rows"][0]["cells"][0], "web-1");
}
