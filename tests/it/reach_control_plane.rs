//! Ways to power against a real kube-apiserver: what `reach` says, done as the subject that it says it of.
//!
//! Each row grants a service account something, asks `kreach reach` of the live server, and makes the requests of the
//! way with that account's own token. Where the answer is yes the server does all of it, where it is no the server
//! refuses, with the words of the row. Where the answer is unknown the row says what the server does: it knows more.

mod admission;
mod identities;
mod network;
mod rbac;

use std::process::Command;

use base64::Engine;
use kreach::model::evidence::Outcome;
use kube::Client;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde_json::{Value, json};

use crate::control_plane::{self, ControlPlane};
use crate::rbac_control_plane::ask;

/// One way, or one that is none. In all texts `$NS` is the row's namespace, `$ME` the subject as bindings name it,
/// and `$RBAC` the API group of roles.
#[derive(Clone, Copy)]
struct Row {
    /// Also the name of the namespace.
    name: &'static str,
    /// The Pod Security level that the namespace enforces; empty: no label.
    level: &'static str,
    /// What is there before, in YAML: written by the administrator.
    before: &'static [Try],
    /// Rules for the whole cluster, and in the namespace: `VERBS [GROUP:]RESOURCES[@NAMES]`.
    cluster: &'static [&'static str],
    local: &'static [&'static str],
    goal: &'static str,
    says: Says,
    tries: &'static [Try],
    server: Server,
}

const ROW: Row = Row {
    name: "",
    level: "",
    before: &[],
    cluster: &[],
    local: &[],
    goal: "",
    says: Says::Yes,
    tries: &[],
    server: Server::Does,
};

/// What `reach` says.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Says {
    Yes,
    No,
    Unknown,
    /// No, or that it is not known: something else may lead there.
    NotYes,
}

/// What the server does.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// It does all that is tried.
    Does,
    /// It refuses the last thing that is tried, with these words.
    Refuses(&'static str),
    /// It takes the last thing that is tried, and leaves out what its answer would show.
    Drops,
}

/// One request.
#[derive(Clone, Copy, Debug)]
struct Try {
    method: &'static str,
    path: &'static str,
    /// YAML, but JSON where it is a merge patch.
    body: &'static str,
    format: &'static str,
    /// As whom it is made: the headers of impersonation.
    headers: &'static [(&'static str, &'static str)],
    /// What the answer shows where it is done.
    shows: &'static str,
}

const fn post(path: &'static str, body: &'static str) -> Try {
    Try { method: "POST", path, body, format: "application/yaml", headers: &[], shows: "" }
}

const fn put(path: &'static str, body: &'static str) -> Try {
    Try { method: "PUT", ..post(path, body) }
}

/// A merge patch.
const fn patch(path: &'static str, body: &'static str) -> Try {
    Try { method: "PATCH", format: "application/merge-patch+json", ..post(path, body) }
}

/// What `kubectl apply --server-side` sends, which creates what is not there.
const fn apply(path: &'static str, body: &'static str) -> Try {
    Try { method: "PATCH", format: "application/apply-patch+yaml", ..post(path, body) }
}

const fn get(path: &'static str) -> Try {
    Try { method: "GET", ..post(path, "") }
}

const fn delete(path: &'static str) -> Try {
    Try { method: "DELETE", ..post(path, "") }
}

/// The same, whose answer shows this.
const fn answering(shows: &'static str, it: Try) -> Try {
    Try { shows, ..it }
}

/// The same as somebody else.
const fn acting(headers: &'static [(&'static str, &'static str)], it: Try) -> Try {
    Try { headers, ..it }
}

/// How often a write or a right is asked for again until the server's own caches have seen what it rests on.
const PATIENCE: usize = 2_000;

/// A rule that every row grants last: once it is seen, all before it is.
const SENTINEL: &str = "get reach.example.com:sentinels";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_server_does_what_reach_says() {
    let Some(mut plane) = control_plane::private("reach_control_plane", &[]) else { return };
    // Without it `edit` and `view` hold nothing.
    let is_aggregating = plane.start_aggregation();
    let admin = plane.client("admin").await;
    if is_aggregating {
        until_aggregated(&admin).await;
    }
    let node = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "n1" } });
    control_plane::create(&admin, &[node]).await;
    let only = std::env::var("KREACH_REACH_ROW").unwrap_or_default();
    let rows = rbac::ROWS.iter().chain(identities::ROWS).chain(admission::ROWS).chain(network::ROWS);
    let (mut faults, mut done) = (Vec::new(), 0);
    let is_asked = |it: &&Row| it.name.contains(&only) && (is_aggregating || !["edit", "view"].contains(&it.name));
    for row in rows.filter(is_asked) {
        done += 1;
        if let Err(fault) = check(&plane, &admin, row).await {
            faults.push(format!("{}: {fault}", row.name));
        }
        tear_down(&admin, row).await;
    }
    assert!(done > 0 && faults.is_empty(), "{} of {done} rows differ\n{}", faults.len(), faults.join("\n"));
    println!("{done} ways: what reach says and what the server does agree");
}

/// Whether kreach and the server are as the row says; the fault else.
async fn check(plane: &ControlPlane, admin: &Client, row: &Row) -> Result<(), String> {
    let actor = set_up(plane, admin, row).await;
    let (says, told) = asked(plane, row);
    let agrees = match row.says {
        Says::NotYes => says != Says::Yes,
        expected => says == expected,
    };
    if !agrees {
        return Err(format!("reach says {says:?}, not {:?}\n{told}", row.says));
    }
    let Some((last, before)) = row.tries.split_last() else { return Ok(()) };
    for it in before {
        done(&actor, row, it).await.map_err(|error| format!("{it:?}: {error}"))?;
    }
    match row.server {
        Server::Does => done(&actor, row, last).await.map_err(|error| format!("{last:?}: {error}")),
        Server::Drops => match send(&actor, row, last).await {
            Ok(answer) if answer.contains(last.shows) => Err(format!("the server keeps it: {last:?}\n{answer}")),
            other => other.map(|_| ()),
        },
        Server::Refuses(words) => match send(&actor, row, last).await {
            Ok(answer) => Err(format!("the server does it: {last:?}\n{answer}")),
            Err(error) if error.contains(words) => Ok(()),
            Err(error) => Err(format!("{last:?}: refused with other words: {error}")),
        },
    }
}

/// Makes the namespace, what is there before, the account and its rights; gives the account's own client.
async fn set_up(plane: &ControlPlane, admin: &Client, row: &Row) -> Client {
    let labels = match row.level {
        "" => json!({}),
        level => json!({ "pod-security.kubernetes.io/enforce": level }),
    };
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": row.name, "labels": labels } });
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": { "name": "actor", "namespace": row.name } });
    control_plane::create(admin, &[namespace, account]).await;
    for it in row.before {
        let written = send(admin, row, it).await;
        assert!(written.is_ok(), "{}: {it:?}: {written:?}", row.name);
    }
    control_plane::create(admin, &grants(row)).await;
    for namespace in ["", row.name] {
        until_granted(admin, row, namespace).await;
    }
    let request =
        Try { format: "application/json", ..post("/api/v1/namespaces/$NS/serviceaccounts/actor/token", "{}") };
    let token = send(admin, row, &request).await.expect("a token");
    let token: Value = serde_json::from_str(&token).expect("JSON");
    plane.client_with_token(token["status"]["token"].as_str().expect("a token")).await
}

/// The account's roles and bindings.
fn grants(row: &Row) -> Vec<Value> {
    let mut objects = Vec::new();
    for (kind, rules) in [("ClusterRole", row.cluster), ("Role", row.local)] {
        let rules: Vec<Value> = rules.iter().chain([&SENTINEL]).map(|it| rule(&text(row, it))).collect();
        let mut meta = json!({ "name": format!("{}-granted", row.name) });
        if kind == "Role" {
            meta["namespace"] = json!(row.name);
        }
        let version = "rbac.authorization.k8s.io/v1";
        objects.push(json!({ "apiVersion": version, "kind": kind, "metadata": meta, "rules": rules }));
        objects.push(json!({
            "apiVersion": version, "kind": format!("{kind}Binding"), "metadata": meta,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": meta["name"] },
            "subjects": [{ "kind": "ServiceAccount", "name": "actor", "namespace": row.name }],
        }));
    }
    objects
}

fn rule(text: &str) -> Value {
    let (verbs, rest) = text.split_once(' ').expect("verbs and resources");
    let (resources, names) = rest.split_once('@').unwrap_or((rest, ""));
    let (group, resources) = resources.split_once(':').unwrap_or(("", resources));
    let list = |text: &str| text.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    json!({ "apiGroups": [group], "resources": list(resources), "verbs": list(verbs), "resourceNames": list(names) })
}

/// Waits until the authorizer has seen what was granted last.
async fn until_granted(admin: &Client, row: &Row, namespace: &str) {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": format!("system:serviceaccount:{}:actor", row.name),
            "resourceAttributes": {
                "verb": "get", "group": "reach.example.com", "resource": "sentinels", "namespace": namespace,
            },
        },
    });
    for _ in 0..PATIENCE {
        if ask(admin, &review).await.0 == Outcome::Allow {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{}: the server never saw what was granted", row.name);
}

/// What `kreach reach` says, live, and all that it prints.
fn asked(plane: &ControlPlane, row: &Row) -> (Says, String) {
    let from = format!("sa:{}/actor", row.name);
    let output = Command::new(env!("CARGO_BIN_EXE_kreach"))
        .arg("--kubeconfig")
        .arg(plane.kubeconfig_for("admin"))
        .args(["reach", &from, "--to", &text(row, row.goal)])
        .output()
        .expect("the binary runs");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let says = match output.status.code() {
        Some(0) => Says::Yes,
        Some(1) => Says::No,
        Some(3) => Says::Unknown,
        _ => panic!("{}: {told}", row.name),
    };
    (says, told)
}

/// Makes a request until it is done; what was written a moment before may not have come to the authorizer yet.
async fn done(client: &Client, row: &Row, it: &Try) -> Result<(), String> {
    let mut answer = send(client, row, it).await;
    for _ in 0..PATIENCE {
        match &answer {
            Err(error) if error.starts_with("403") => tokio::task::yield_now().await,
            _ => break,
        }
        answer = send(client, row, it).await;
    }
    match answer? {
        answer if answer.contains(it.shows) => Ok(()),
        answer => Err(format!("its answer lacks {}: {answer}", it.shows)),
    }
}

/// Waits until the default roles have the rules of their members.
pub async fn until_aggregated(admin: &Client) {
    let edit = get("/apis/rbac.authorization.k8s.io/v1/clusterroles/edit");
    for _ in 0..PATIENCE {
        if send(admin, &ROW, &edit).await.is_ok_and(|it| it.contains("impersonate")) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("edit was never filled");
}

/// Makes one request: what the server answers, or `CODE MESSAGE`.
async fn send(client: &Client, row: &Row, it: &Try) -> Result<String, String> {
    let mut request = http::Request::builder().method(it.method).uri(text(row, it.path));
    request = request.header("Content-Type", it.format);
    for (name, value) in it.headers {
        request = request.header(*name, text(row, value));
    }
    let request = request.body(text(row, it.body).into_bytes()).expect("a request");
    client.request_text(request).await.map_err(|error| match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.message),
        other => format!("000 {other}"),
    })
}

/// A text of the table with what stands for its names; `$CSR(NAME;GROUP)` is a request for a certificate.
fn text(row: &Row, template: &str) -> String {
    let me = "{kind: ServiceAccount, name: actor, namespace: $NS}";
    let mut text = template.replace("$ME", me).replace("$RBAC", "rbac.authorization.k8s.io").replace("$NS", row.name);
    while let Some((before, rest)) = text.split_once("$CSR(") {
        let (subject, behind) = rest.split_once(')').expect("a subject");
        text = format!("{before}{}{behind}", certificate_request(subject));
    }
    text
}

fn certificate_request(subject: &str) -> String {
    let (name, group) = subject.split_once(';').unwrap_or((subject, ""));
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    if !group.is_empty() {
        parameters.distinguished_name.push(DnType::OrganizationName, group);
    }
    let key = KeyPair::generate().expect("a key");
    let pem = parameters.serialize_request(&key).expect("a request").pem().expect("PEM");
    base64::engine::general_purpose::STANDARD.encode(pem)
}

/// Takes back what the row granted and what its subject gave itself, so that no later row comes by it.
async fn tear_down(admin: &Client, row: &Row) {
    let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings", row.name);
    let mut paths = vec![path];
    let list = get("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings");
    let bindings: Value = serde_json::from_str(&send(admin, row, &list).await.expect("a list")).expect("JSON");
    for binding in bindings["items"].as_array().expect("items") {
        let name = binding["metadata"]["name"].as_str().unwrap_or_default();
        let is_of_row = |it: &Value| it["namespace"] == row.name;
        if name.starts_with(row.name) || binding["subjects"].as_array().is_some_and(|all| all.iter().any(is_of_row)) {
            paths.push(format!("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}"));
        }
    }
    for path in paths {
        let request = http::Request::delete(path).body(Vec::new()).expect("a request");
        admin.request_text(request).await.expect("it is deleted");
    }
}
