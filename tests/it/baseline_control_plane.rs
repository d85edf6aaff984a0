//! `kreach baseline` on a real kube-apiserver: what it writes is created there, and holds as promised.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::control_plane;

/// What a command said: its exit code, and its JSON.
fn asked(kubeconfig: &Path, folder: &Path, line: &str) -> (Option<i32>, Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kreach"))
        .args(line.split(' '))
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("KUBECONFIG", kubeconfig)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

fn pod(name: &str, env: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": {"automountServiceAccountToken": false, "containers": [{"name": "c", "image": "c", "env": env}]},
    })
}

fn service(name: &str, port: u16) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"app": name}, "ports": [{"port": port}]},
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_created_and_holds() {
    let Some(plane) = control_plane::private("baseline_control_plane", &[]) else { return };
    let client = plane.client("admin").await;
    let from_map = json!([{"name": "CACHE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "cache"}}}]);
    let objects = [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}, "data": {"cache": "redis://me:word@cache:6379/0"}}),
        pod("web", json!([{"name": "DB", "value": "db.shop.svc:5432"}])),
        pod("worker", from_map),
        pod("db", json!([])),
        pod("cache", json!([])),
        service("db", 5432),
        service("cache", 6379),
    ];
    control_plane::create(&client, &objects).await;
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = plane.kubeconfig_for("admin");
    let ask = |line: &str| asked(&kubeconfig, folder.path(), line);

    let (exit, _, said) = ask("snapshot before.yaml");
    assert_eq!(exit, Some(0), "{said}");
    let (exit, _, said) = ask("baseline --from before.yaml");
    assert_eq!(exit, Some(3), "a snapshot holds no environment: {said}");

    let (exit, written, said) = ask("baseline -n shop -o json --self-check");
    assert_eq!(exit, Some(0), "{said}");
    assert!(!said.contains("me:word"), "{said}");
    let policies = written["policies"].as_array().expect("policies").clone();
    // One that denies all, and one for each of four pods.
    assert_eq!(policies.len(), 5, "{said}");
    control_plane::create(&client, &policies).await;

    for (line, expected) in [
        ("trace pod/shop/web pod/shop/db:5432", 0),
        ("trace pod/shop/web pod/shop/db:5433", 1),
        ("trace pod/shop/worker pod/shop/cache:6379", 0),
        ("trace pod/shop/worker pod/shop/db:5432", 1),
        ("trace pod/shop/db pod/shop/cache:6379", 1),
        ("baseline -n shop", 1),
    ] {
        let (exit, _, said) = ask(line);
        assert_eq!(exit, Some(expected), "{line}: {said}");
    }
    let (exit, diff, said) = ask("diff before.yaml live -o json");
    assert_eq!(exit, Some(1), "{said}");
    assert_eq!(diff["counts"]["opened"], json!(0), "{}", diff["counts"]);
    assert!(diff["counts"]["closed"].as_u64() > Some(0), "{}", diff["counts"]);
}
