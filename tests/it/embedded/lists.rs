//! Lists: pages, tokens, versions, selectors, forms, gzip.

use std::collections::BTreeSet;
use std::io::Read;

use http_body_util::BodyExt;
use kreach::embedded::{ServeSettings, ServedCluster};
use serde_json::{Value, json};

use super::asking::{get, get_as, names, send, server};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

#[tokio::test]
async fn pages_together_are_the_whole_list_in_order() {
    let server = server(&ServedCluster::seeded("S").expect("a world"), ServeSettings::default()).await;
    let whole = names(&get(&server, "/api/v1/pods").await);
    let (mut paged, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = get(&server, &format!("/api/v1/pods?limit=300&continue={token}")).await;
        paged.extend(names(&page));
        pages += 1;
        let left = page["metadata"]["remainingItemCount"].as_u64().unwrap_or(0);
        assert_eq!(left as usize, whole.len() - paged.len());
        match page["metadata"]["continue"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((pages, whole.len()), (4, 1_000));
    assert_eq!(paged, whole);
}

#[tokio::test]
async fn a_page_goes_on_as_of_its_version_while_the_world_changes() {
    let world = small();
    let server = server(&world, ServeSettings::default()).await;
    let first = get(&server, "/api/v1/namespaces?limit=2").await;
    assert_eq!(names(&first), ["a", "b"]);
    let token = first["metadata"]["continue"].as_str().expect("more to come").to_owned();
    put(&world, "bb");
    world.delete(kreach::embedded::kinds::by_plural("namespaces").expect("served"), "", "d");
    let second = get(&server, &format!("/api/v1/namespaces?limit=2&continue={token}")).await;
    assert_eq!(names(&second), ["c", "d"], "as of the first page");
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    assert_eq!(names(&get(&server, "/api/v1/namespaces").await), ["a", "b", "bb", "c", "e"]);
}

#[tokio::test]
async fn an_expired_token_is_410_and_offers_one_that_goes_on_without_consistency() {
    let world = small();
    let server = server(&world, ServeSettings::default()).await;
    let first = get(&server, "/api/v1/namespaces?limit=2").await;
    let token = first["metadata"]["continue"].as_str().expect("more to come").to_owned();
    put(&world, "bb");
    world.compact();
    let (code, status) = get_as(&server, &format!("/api/v1/namespaces?limit=2&continue={token}"), "").await;
    assert_eq!((code, &status["reason"], &status["kind"]), (410, &json!("Expired"), &json!("Status")));
    let fresh = status["metadata"]["continue"].as_str().expect("a token that goes on").to_owned();
    assert_eq!(names(&get(&server, &format!("/api/v1/namespaces?continue={fresh}")).await), ["bb", "c", "d", "e"]);
    assert_eq!(get_as(&server, "/api/v1/namespaces?continue=nonsense", "").await.0, 400);
}

#[tokio::test]
async fn a_version_that_is_asked_for_is_honored_or_refused() {
    let world = small();
    let server = server(&world, ServeSettings::default()).await;
    let before = world.version();
    put(&world, "z");
    let at = |query: &str| format!("/api/v1/namespaces?{query}");
    let exact = get(&server, &at(&format!("resourceVersion={before}&resourceVersionMatch=Exact"))).await;
    assert_eq!(names(&exact).len(), 5, "as it was");
    assert_eq!(names(&get(&server, &at(&format!("resourceVersion={before}"))).await).len(), 6, "not older than");
    assert_eq!(names(&get(&server, &at("resourceVersion=0&limit=2")).await).len(), 6, "any version ignores the limit");
    let (code, status) = get_as(&server, &at("resourceVersion=999999999999"), "").await;
    assert_eq!((code, &status["details"]["causes"][0]["reason"]), (504, &json!("ResourceVersionTooLarge")));
    world.compact();
    assert_eq!(get_as(&server, &at(&format!("resourceVersion={before}&resourceVersionMatch=Exact")), "").await.0, 410);
    assert_eq!(get_as(&server, &at("resourceVersionMatch=Exact"), "").await.0, 422);
    assert_eq!(get_as(&server, &at("resourceVersion=abc"), "").await.0, 400);
}

#[tokio::test]
async fn selectors_narrow_lists_and_pages() {
    let server = server(&ServedCluster::seeded("S").expect("a world"), ServeSettings::default()).await;
    let dns = get(&server, "/api/v1/pods?labelSelector=k8s-app%3Dkube-dns").await;
    assert!(!names(&dns).is_empty() && names(&dns).iter().all(|name| name.starts_with("kube-dns-")));
    let one = names(&dns).remove(0);
    let named = format!("/api/v1/namespaces/kube-system/pods?fieldSelector=metadata.name%3D{one}");
    assert_eq!(names(&get(&server, &named).await), [one]);
    let node = "worker-00003.eu-west-1.compute.internal";
    let on_node = get(&server, &format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")).await;
    let items = on_node["items"].as_array().expect("a list");
    assert!(!items.is_empty() && items.iter().all(|pod| pod["spec"]["nodeName"] == node));
    let whole = get(&server, "/api/v1/pods").await;
    let all = whole["items"].as_array().expect("a list");
    assert_eq!(items.len(), all.iter().filter(|pod| pod["spec"]["nodeName"] == node).count());
    let done = get(&server, "/api/v1/pods?fieldSelector=status.phase%21%3DRunning").await;
    assert_eq!(names(&done).len(), all.iter().filter(|pod| pod["status"]["phase"] != "Running").count());
    let mut seen = BTreeSet::new();
    let mut token = String::new();
    loop {
        let page = get(&server, &format!("/api/v1/pods?labelSelector=tier%3Ddata&limit=50&continue={token}")).await;
        assert!(page["metadata"]["remainingItemCount"].is_null(), "unknown under a selector");
        for pod in page["items"].as_array().expect("a list") {
            assert_eq!(pod["metadata"]["labels"]["tier"], "data");
            assert!(seen.insert(pod["metadata"]["uid"].to_string()));
        }
        match page["metadata"]["continue"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), names(&get(&server, "/api/v1/pods?labelSelector=tier%20in%20%28data%29").await).len());
}

#[tokio::test]
async fn every_kind_has_its_table_and_its_metadata() {
    let server = server(&ServedCluster::seeded("S").expect("a world"), ServeSettings::default()).await;
    for kind in &kreach::embedded::kinds::KINDS {
        let path = match kind.group {
            "" => format!("/api/v1/{}", kind.plural),
            group => format!("/apis/{group}/v1/{}", kind.plural),
        };
        let (_, table) = get_as(&server, &path, TABLE).await;
        let columns = table["columnDefinitions"].as_array().expect("columns").len();
        assert_eq!((&table["kind"], columns), (&json!("Table"), kind.columns.len()), "{path}");
        let list = get(&server, &path).await;
        let rows = table["rows"].as_array().expect("rows");
        assert_eq!(rows.len(), names(&list).len(), "{path}");
        let (_, metadata) = get_as(&server, &path, METADATA).await;
        assert_eq!(metadata["kind"], "PartialObjectMetadataList");
        let items = list["items"].as_array().expect("items");
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(row["cells"].as_array().map(Vec::len), Some(columns), "{path}");
            assert_eq!(row["object"], metadata["items"][at], "{path}");
            assert_eq!(metadata["items"][at]["metadata"], items[at]["metadata"], "{path}");
            assert!(items[at]["kind"].is_null(), "items of a typed list do not repeat their kind");
        }
    }
}

#[tokio::test]
async fn pods_have_kubectls_columns() {
    let server = server(&ServedCluster::seeded("S").expect("a world"), ServeSettings::default()).await;
    let (_, table) = get_as(&server, "/api/v1/namespaces/kube-system/pods?limit=1", TABLE).await;
    let columns: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .expect("columns")
        .iter()
        .filter_map(|column| column["name"].as_str())
        .collect();
    assert_eq!(
        columns,
        ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"]
    );
    let cells = table["rows"][0]["cells"].as_array().expect("cells");
    assert_eq!((&cells[2], &cells[7], &cells[8]), (&json!("Running"), &json!("<none>"), &json!("<none>")));
}

#[tokio::test]
async fn lists_are_gzip_for_those_who_ask() {
    let server = server(&ServedCluster::seeded("S").expect("a world"), ServeSettings::default()).await;
    let response = send(&server, "GET", "/api/v1/pods", &[("accept-encoding", "gzip")], "").await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let packed = response.into_body().collect().await.expect("the whole body").to_bytes();
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut text).expect("gzip");
    assert!(packed.len() * 4 < text.len());
    let list: Value = serde_json::from_slice(&text).expect("a list");
    assert_eq!(names(&list).len(), 1_000);
    let small = send(&server, "GET", "/api/v1/nodes?limit=1", &[("accept-encoding", "gzip")], "").await;
    assert!(!small.headers().contains_key("content-encoding"), "small answers go out plain");
}

fn small() -> std::sync::Arc<ServedCluster> {
    let world = ServedCluster::told("small");
    for name in ["a", "b", "c", "d", "e"] {
        put(&world, name);
    }
    world
}

fn put(world: &ServedCluster, name: &str) {
    let kind = kreach::embedded::kinds::by_plural("namespaces").expect("served");
    world.put(kind, json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}}));
}
