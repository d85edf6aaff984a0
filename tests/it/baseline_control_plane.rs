//! `kreach baseline` on a real kube-apiserver: what it writes is created there, and holds as promised.

use std::collections::BTreeMap;
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
    // What another namespace declares and this one denies is told there, whatever its facts alone rest on.
    let mut far = pod("far", json!([{"name": "DB", "value": "db.shop.svc:5432"}]));
    far["metadata"]["namespace"] = json!("other");
    let other = [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "other"}}),
        far,
    ];
    control_plane::create(&client, &other).await;
    let (_, _, said) = ask("explain ns/other --gaps");
    assert!(said.contains("pod/other/far -> pod/shop/db  TCP 5432"), "{said}");
    assert!(diff["counts"]["closed"].as_u64() > Some(0), "{}", diff["counts"]);
}

/// The objects of a published application as a server takes them, and the pods that its controllers would make.
fn application(text: &str) -> Vec<Value> {
    let mut objects: Vec<Value> =
        text.split("\n---\n").map(|it| serde_saphyr::from_str(it).expect("a document")).collect();
    let mut pods = Vec::new();
    for (at, object) in objects.iter_mut().enumerate() {
        object["metadata"]["namespace"] = json!("default");
        let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
        let Some(template) = object["spec"].get_mut("template") else { continue };
        template["spec"]["automountServiceAccountToken"] = json!(false);
        for list in ["containers", "initContainers"] {
            for container in template["spec"][list].as_array_mut().into_iter().flatten() {
                container["image"] = json!("shop");
            }
        }
        let mut pod = template.clone();
        (pod["apiVersion"], pod["kind"]) = (json!("v1"), json!("Pod"));
        pod["metadata"]["name"] = json!(format!("{name}-5d9c8b7f6-abcde"));
        pod["metadata"]["namespace"] = json!("default");
        pod["metadata"]["labels"]["pod-template-hash"] = json!("5d9c8b7f6");
        pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": true,
            "name": format!("{name}-5d9c8b7f6"), "uid": format!("uid-{at}")}]);
        pods.push(pod);
    }
    objects.into_iter().chain(pods).collect()
}

/// A published application on a real server: what a fix promises is what comes of the policies once they are created,
/// and every flow that its manifests declare is still allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_published_application_comes_under_default_deny_as_promised() {
    let Some(plane) = control_plane::private("baseline_shop", &[]) else { return };
    let client = plane.client("admin").await;
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}});
    control_plane::create(&client, &[account]).await;
    let shop = application(include_str!("../reports/baseline/online-boutique.yaml"));
    control_plane::create(&client, &shop).await;
    for (at, pod) in shop.iter().filter(|it| it["kind"] == "Pod").enumerate() {
        let ip = format!("10.244.0.{}", at + 10);
        let status = json!({"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]});
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"], "status": status});
        control_plane::set_status(&client, &object).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = plane.kubeconfig_for("admin");
    let ask = |line: &str| asked(&kubeconfig, folder.path(), line);
    let (exit, _, said) = ask("snapshot before.yaml");
    assert_eq!(exit, Some(0), "{said}");

    let (exit, proposed, said) = ask("fix --isolate ns/default --baseline -o json --self-check");
    assert_eq!(exit, Some(0), "{said}");
    let (exit, written, said) = ask("baseline -n default -o json");
    assert_eq!(exit, Some(0), "{said}");
    let policies = written["policies"].as_array().expect("policies").clone();
    let changes = proposed["candidates"][0]["changes"].as_array().expect("changes");
    // It is made in an order of its own, in which nothing is interrupted.
    let named = |it: &Value| (it["metadata"]["name"].to_string(), it.clone());
    let objects: BTreeMap<String, Value> = changes.iter().map(|it| named(&it["object"])).collect();
    assert_eq!(objects, policies.iter().map(named).collect(), "the candidate is the baseline");
    assert_eq!(proposed["declared"]["needed"], written["needed"]);
    control_plane::create(&client, &policies).await;

    let (exit, diff, said) = ask("diff before.yaml live -o json");
    assert_eq!(exit, Some(1), "{said}");
    let promised = &proposed["candidates"][0]["impact"];
    assert_eq!(diff["counts"], promised["counts"]);
    assert_eq!(diff["flows"].as_array().map(Vec::len), promised["flows"].as_array().map(Vec::len));
    assert_eq!((&diff["counts"]["opened"], &diff["counts"]["unsure"]), (&json!(0), &json!(0)));
    let mut kept = 0;
    for needed in written["needed"].as_array().expect("flows") {
        let end = |key: &str| needed[key].as_str().filter(|it| it.starts_with("deployment/")).map(str::to_owned);
        let (Some(from), Some(to)) = (end("from"), end("to")) else { continue };
        let port = &needed["ports"][0]["first"];
        let (exit, _, said) = ask(&format!("trace {from} {to}:{port}"));
        assert_eq!(exit, Some(0), "{from} {to}:{port}: {said}");
        kept += 1;
    }
    assert!(kept >= 10, "{kept}: {said}");
    for (line, expected) in [("baseline -n default", 1), ("fix --isolate ns/default --baseline", 1)] {
        let (exit, _, said) = ask(line);
        assert_eq!(exit, Some(expected), "{line}: {said}");
    }
    let (_, _, said) = ask("explain ns/default --gaps");
    assert!(said.contains("no gap"), "{said}");
}
