//! Writes of the embedded server, compared by the same words with what a real API server does (`apply_control_plane`).

use kreach::embedded::review::{GivenRight, Requester};
use kreach::embedded::{ServeSettings, Server, serve_named};
use serde_json::{Value, json};

use super::asking::ask;

const PATH: &str = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web-x";
const APPLY: (&str, &str) = ("content-type", "application/apply-patch+yaml");
const MERGE: (&str, &str) = ("content-type", "application/merge-patch+json");

async fn story(settings: ServeSettings) -> Server {
    serve_named("story", "127.0.0.1:0", settings).await.expect("the demo's world")
}

fn policy(ingress: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web-x", "namespace": "shop"},
        "spec": {"podSelector": {}, "ingress": ingress}})
}

async fn apply(server: &Server, query: &str, object: &Value) -> (u16, Value) {
    ask(server, "PATCH", &format!("{PATH}?{query}"), &[APPLY], &object.to_string()).await
}

#[tokio::test]
async fn an_object_is_created_merged_replaced_and_deleted_on_what_was_seen() {
    let server = story(ServeSettings::writable()).await;
    let (code, _) = apply(&server, "fieldManager=a&dryRun=All", &policy(json!([]))).await;
    assert_eq!((code, ask(&server, "GET", PATH, &[], "").await.0), (201, 404), "a dry run stores nothing");
    let (code, first) = apply(&server, "fieldManager=a", &policy(json!([{"ports": [{"port": 80}]}]))).await;
    assert_eq!((code, &first["spec"]["policyTypes"]), (201, &json!(["Ingress"])));
    assert_eq!(first["spec"]["ingress"][0]["ports"][0]["protocol"], json!("TCP"), "what is left out has its default");
    assert_eq!(first["metadata"]["managedFields"][0]["operation"], json!("Apply"));
    let (code, same) = apply(&server, "fieldManager=a", &policy(json!([{"ports": [{"port": 80}]}]))).await;
    assert_eq!(
        (code, &same["metadata"]["resourceVersion"]),
        (200, &first["metadata"]["resourceVersion"]),
        "nothing is new"
    );
    let (code, conflict) = apply(&server, "fieldManager=b", &policy(json!([]))).await;
    assert_eq!((code, &conflict["details"]["causes"][0]["field"]), (409, &json!(".spec.ingress")));
    let (code, second) = apply(&server, "fieldManager=b&force=true", &policy(json!([]))).await;
    assert_eq!((code, &second["spec"]["ingress"]), (200, &json!([])));
    // As a whole, on an old version.
    let (code, stale) = ask(&server, "PUT", &format!("{PATH}?fieldManager=c"), &[], &first.to_string()).await;
    assert_eq!((code, &stale["reason"]), (409, &json!("Conflict")));
    let mut other = second.clone();
    other["metadata"]["uid"] = json!("other");
    assert_eq!(ask(&server, "PUT", PATH, &[], &other.to_string()).await.0, 409);
    let (code, third) = ask(&server, "PATCH", PATH, &[MERGE], r#"{"metadata":{"labels":{"a":"b"}}}"#).await;
    assert_eq!((code, &third["metadata"]["labels"]["a"]), (200, &json!("b")));
    let steps =
        r#"[{"op":"test","path":"/metadata/labels/a","value":"b"},{"op":"remove","path":"/metadata/labels/a"}]"#;
    let json_patch = ("content-type", "application/json-patch+json");
    assert_eq!(ask(&server, "PATCH", PATH, &[json_patch], steps).await.0, 200);
    assert_eq!(ask(&server, "PATCH", PATH, &[json_patch], steps).await.0, 422, "the test fails");
    let of = |version: &Value| {
        json!({"preconditions": {"uid": first["metadata"]["uid"], "resourceVersion": version}}).to_string()
    };
    let (code, _) = ask(&server, "DELETE", PATH, &[], &of(&first["metadata"]["resourceVersion"])).await;
    assert_eq!(code, 409, "it has changed");
    let now = ask(&server, "GET", PATH, &[], "").await.1;
    let dry = json!({"dryRun": ["All"]}).to_string();
    assert_eq!(ask(&server, "DELETE", PATH, &[], &dry).await.0, 200);
    assert_eq!(ask(&server, "DELETE", PATH, &[], &of(&now["metadata"]["resourceVersion"])).await.0, 200);
    assert_eq!(ask(&server, "GET", PATH, &[], "").await.0, 404);
    let (code, gone) = apply(&server, "fieldManager=a", &now).await;
    assert_eq!((code, &gone["reason"]), (409, &json!("Conflict")), "what is gone is not brought back by its uid");
}

#[tokio::test]
async fn nobody_grants_what_they_do_not_hold() {
    let rights = vec![
        GivenRight::new(&["get", "list", "watch"], &["*"], &["*"]),
        GivenRight::new(&["create", "patch", "update"], &["roles", "rolebindings"], &["shop"]),
    ];
    let server = story(ServeSettings {
        identities: vec![Requester { rights, ..Requester::demo() }],
        ..ServeSettings::default()
    })
    .await;
    let rbac = "rbac.authorization.k8s.io";
    let role = |verb: &str| {
        json!({"apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": {"name": "r", "namespace": "shop"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": [verb]}]})
    };
    let path = format!("/apis/{rbac}/v1/namespaces/shop/roles");
    let (code, refused) = ask(&server, "POST", &path, &[], &role("delete").to_string()).await;
    assert!(
        code == 403 && refused["message"].as_str().is_some_and(|it| it.contains("not currently held")),
        "{refused}"
    );
    assert_eq!(ask(&server, "POST", &path, &[], &role("get").to_string()).await.0, 201);
    assert_eq!(ask(&server, "POST", &path, &[], &role("get").to_string()).await.0, 409, "it exists");
    let binding = json!({"apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": {"name": "b", "namespace": "shop"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "User", "name": "x"}]});
    let path = format!("/apis/{rbac}/v1/namespaces/shop/rolebindings");
    assert_eq!(ask(&server, "POST", &path, &[], &binding.to_string()).await.0, 403);
    let mut small = binding.clone();
    small["roleRef"] = json!({"apiGroup": rbac, "kind": "Role", "name": "r"});
    assert_eq!(ask(&server, "POST", &path, &[], &small.to_string()).await.0, 201);
    let moved = ask(&server, "PUT", &format!("{path}/b"), &[], &binding.to_string()).await;
    assert_eq!(moved.0, 422, "a binding keeps its role: {moved:?}");
    assert_eq!(ask(&server, "DELETE", &format!("{path}/b"), &[], "").await.0, 403);
}

#[tokio::test]
async fn the_demo_only_reads_unless_it_is_told_otherwise() {
    let server = story(ServeSettings::default()).await;
    assert_eq!(apply(&server, "fieldManager=a", &policy(json!([]))).await.0, 403);
    assert_eq!(ask(&server, "DELETE", "/api/v1/namespaces/shop", &[], "").await.0, 403);
}
