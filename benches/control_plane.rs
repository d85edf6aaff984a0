//! A real API server full of objects, to look at by hand and to measure kreach against.
//!
//! ```text
//! tests/control-plane/build.sh kubectl
//! cargo bench --bench control_plane -- [PODS [POLICIES [BINDINGS]]]     5000, 500 and 5000 unless given
//! ```
//!
//! It prints the path of a kubeconfig and serves until Enter; `kill` and `start` typed before that kill the API
//! server and start it again, to see what kreach makes of it. It measures nothing itself.

#[path = "../tests/it/control_plane.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod control_plane;

use std::io::BufRead;
use std::time::Instant;

use futures::stream::{self, StreamExt};
use kube::Client;
use serde_json::{Value, json};

/// How many requests are under way at once: enough to keep two cores of API server busy.
const IN_FLIGHT: usize = 32;

/// Pods of one namespace; fifty of them share a workload's labels.
const PODS_IN_A_NAMESPACE: usize = 100;

fn main() {
    let counts: Vec<usize> = std::env::args().filter_map(|it| it.parse().ok()).collect();
    let count = |at: usize, otherwise| counts.get(at).copied().unwrap_or(otherwise);
    let (pods, policies, bindings) = (count(0, 5_000), count(1, 500), count(2, 5_000));
    let Some(mut plane) = control_plane::private("control_plane", &[]) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let started = Instant::now();
    runtime.block_on(async { fill(&plane.client("admin").await, pods, policies, bindings).await });
    println!("{pods} pods, {policies} policies, {bindings} bindings in {:.1} s", started.elapsed().as_secs_f64());
    println!("kubeconfig: {}", plane.kubeconfig_for("admin").display());
    println!("type kill, start, or nothing to end");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match line.trim() {
            "kill" => plane.kill_server(),
            "start" => plane.start_server(),
            "" => break,
            other => println!("{other}? kill, start, or nothing to end"),
        }
    }
}

async fn fill(client: &Client, pods: usize, policies: usize, bindings: usize) {
    put(client, (0..pods).step_by(PODS_IN_A_NAMESPACE).map(namespace)).await;
    put(client, (0..policies).map(|it| policy(it, pods))).await;
    put(client, (0..bindings).map(|it| binding(it, pods))).await;
    put(client, (0..pods).map(pod)).await;
}

async fn put(client: &Client, objects: impl Iterator<Item = Value>) {
    stream::iter(objects)
        .for_each_concurrent(IN_FLIGHT, |object| async move {
            control_plane::create(client, std::slice::from_ref(&object)).await;
            if object.get("status").is_some() {
                control_plane::set_status(client, &object).await;
            }
        })
        .await;
}

fn namespace_of(pod: usize) -> String {
    format!("ns-{:03}", pod / PODS_IN_A_NAMESPACE)
}

fn namespace(first_pod: usize) -> Value {
    let labels = json!({"team": format!("team-{}", first_pod / PODS_IN_A_NAMESPACE % 7)});
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace_of(first_pod), "labels": labels}})
}

fn pod(number: usize) -> Value {
    let address = format!("10.{}.{}.{}", 1 + number / 62_500, number / 250 % 250, 1 + number % 250);
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("web-{number}"), "namespace": namespace_of(number), "labels": {"app": app(number)}},
        "spec": {"containers": [{"name": "web", "image": "web", "ports": [{"name": "http", "containerPort": 8080}]}]},
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
    })
}

fn app(pod: usize) -> String {
    format!("app-{}", pod / 50)
}

fn policy(number: usize, pods: usize) -> Value {
    let target = number * 10 % pods.max(1);
    let from = json!([{"podSelector": {"matchLabels": {"app": app(target + 50)}}}]);
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": format!("allow-{number}"), "namespace": namespace_of(target)},
        "spec": {
            "podSelector": {"matchLabels": {"app": app(target)}},
            "ingress": [{"from": from, "ports": [{"port": "http"}]}],
        },
    })
}

fn binding(number: usize, pods: usize) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": format!("viewers-{number}"), "namespace": namespace_of(number % pods.max(1))},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": format!("user-{}", number % 300)}],
    })
}
