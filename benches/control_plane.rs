//! A real API server full of objects: kreach measured on it, or served to look at by hand.
//!
//! ```text
//! tests/control-plane/build.sh kubectl
//! cargo bench --bench control_plane -- [PODS [POLICIES [BINDINGS]]]           measures; 5000, 500 and 5000 unless given
//! cargo bench --bench control_plane -- serve [PODS [POLICIES [BINDINGS]]]     prints a kubeconfig and waits
//! ```
//!
//! While it serves, `kill` and `start` kill the API server and start it again, to see what kreach makes of it; an empty
//! line ends it. What is measured is the real binary in a terminal of 120×40, as a user would see it.

#[path = "../tests/it/control_plane.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod control_plane;
#[path = "../tests/it/pty.rs"]
mod pty;

use std::io::BufRead;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use kube::Client;
use serde_json::{Value, json};

use control_plane::ControlPlane;

/// For how long it is watched doing nothing.
const IDLE: Duration = Duration::from_secs(30);

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
    say(&format!("{pods} pods, {policies} policies, {bindings} bindings written"), started.elapsed());
    if std::env::args().any(|it| it == "serve") { serve(&mut plane) } else { measure(&mut plane, pods) }
}

fn say(what: &str, time: Duration) {
    println!("{:>9.0} ms  {what}", time.as_secs_f64() * 1000.0);
}

fn serve(plane: &mut ControlPlane) {
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

fn measure(plane: &mut ControlPlane, pods: usize) {
    let kubeconfig = plane.kubeconfig_for("admin").display().to_string();
    kubectl(&kubeconfig);
    let started = Instant::now();
    let mut terminal = pty::kreach(&["--kubeconfig", &kubeconfig], 120, 40);
    terminal.keys("2");
    terminal.wait_for("web-");
    say("first pods on screen", started.elapsed());
    let counts = [format!("[2] Pods {pods}"), format!("[2] Pods {}", with_commas(pods))];
    terminal.wait_until("all pods counted", |it| counts.iter().any(|count| it.contains(count)));
    say("all pods on screen", started.elapsed());
    terminal.wait_for("LIVE");
    say("every kind live", started.elapsed());
    println!("{:>9.1} MB  at most", kilobytes(&terminal, "VmHWM:") / 1000.0);

    let (ticks, wakes, written) = (ticks(&terminal), wakes(&terminal), terminal.written());
    std::thread::sleep(IDLE);
    let used = self::ticks(&terminal) - ticks;
    println!("{:>9.3} %   of a core when idle ({} s)", used / IDLE.as_secs_f64(), IDLE.as_secs());
    println!("{:>9.2}     wake-ups a second when idle", (self::wakes(&terminal) - wakes) / IDLE.as_secs_f64());
    println!("{:>9}     bytes written to the terminal when idle", terminal.written() - written);
    println!("{:>9.1} MB  then", kilobytes(&terminal, "VmRSS:") / 1000.0);

    plane.kill_server();
    let killed = Instant::now();
    terminal.wait_for("STALE");
    say("from the server's death to STALE", killed.elapsed());
    let before = terminal.screen();
    let pressed = Instant::now();
    terminal.keys("j");
    terminal.wait_until("the selection moved", |it| it != before);
    say("from a key to its frame while the server is away", pressed.elapsed());
    plane.start_server();
    let back = Instant::now();
    terminal.wait_for("LIVE");
    say("from the server's return to LIVE", back.elapsed());
}

/// What kubectl takes for the same pods, where it was built.
fn kubectl(kubeconfig: &str) {
    let Some(kubectl) = control_plane::programs().map(|it| it.join("kubectl")).filter(|it| it.is_file()) else {
        return;
    };
    let started = Instant::now();
    let arguments = ["--kubeconfig", kubeconfig, "get", "pods", "-A"];
    let status = Command::new(kubectl).args(arguments).stdout(Stdio::null()).status().expect("kubectl runs");
    assert!(status.success(), "kubectl failed");
    say("kubectl get pods -A", started.elapsed());
}

fn proc(terminal: &pty::Terminal, file: &str) -> String {
    std::fs::read_to_string(format!("/proc/{}/{file}", terminal.process_id())).expect("the process runs, on Linux")
}

fn number_after(text: &str, name: &str) -> f64 {
    let rest = text.split_once(name).expect("the line is there").1;
    rest.split_whitespace().next().and_then(|it| it.parse().ok()).expect("a number")
}

fn kilobytes(terminal: &pty::Terminal, name: &str) -> f64 {
    number_after(&proc(terminal, "status"), name)
}

/// Hundredths of a second of processor time that were used so far.
fn ticks(terminal: &pty::Terminal) -> f64 {
    let stat = proc(terminal, "stat");
    // The name in parentheses may hold blanks; the fields after it may not.
    let fields = stat.rsplit_once(')').expect("the name ends").1.split_whitespace();
    fields.skip(11).take(2).filter_map(|it| it.parse::<f64>().ok()).sum()
}

/// How often any of its threads went to sleep so far, and so woke.
fn wakes(terminal: &pty::Terminal) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", terminal.process_id())).expect("the process runs");
    let statuses = tasks.flatten().filter_map(|it| std::fs::read_to_string(it.path().join("status")).ok());
    statuses.map(|it| number_after(&it, "\nvoluntary_ctxt_switches:")).sum()
}

fn with_commas(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
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
