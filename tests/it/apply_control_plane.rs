//! Applying on a real API server: what it refuses, who was faster, what its audit log says, and that no update is lost.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use kreach::apply::{Applier, Stopped};
use kreach::change::plan::{TakeOver, Tried};
use kreach::change::record::{AppliedBy, ChangeState, Record};
use kreach::change::{Change, Op};
use kreach::live::connect::{self, Flags};
use kreach::model::id::{Kind, ObjectId};
use kube::api::{Patch, PatchParams};
use kube::core::DynamicObject;
use kube::discovery::ApiResource;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::control_plane::{self, ControlPlane, create};

const SUITE: &str = "apply_control_plane";

pub async fn applier(plane: &ControlPlane, user: &str) -> Applier {
    let flags = Flags { kubeconfig: Some(plane.kubeconfig_for(user)), write: true, ..Flags::default() };
    let connected = connect::connect(&flags).await.expect("connected");
    Applier { client: connected.client, writer: connected.writer.expect("a client that writes") }
}

pub fn policy(namespace: &str, name: &str, ingress: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress}})
}

fn policies(client: &Client, namespace: &str) -> Api<DynamicObject> {
    let resource = ApiResource {
        group: "networking.k8s.io".into(),
        version: "v1".into(),
        api_version: "networking.k8s.io/v1".into(),
        kind: "NetworkPolicy".into(),
        plural: "networkpolicies".into(),
    };
    Api::namespaced_with(client.clone(), namespace, &resource)
}

pub fn id(namespace: &str, name: &str) -> ObjectId {
    ObjectId::new(Kind::NETWORK_POLICY, namespace, name)
}

pub async fn tried(applier: &Applier, op: Op, object: Value, take_over: TakeOver) -> Result<Tried, Stopped> {
    let steps = applier.plan(vec![Change { op, object }], take_over).await?;
    applier.attempt(steps).await
}

pub async fn made(applier: &Applier, tried: &Tried) -> Record {
    let mut record = Record::new("test".to_owned(), AppliedBy::default(), &tried.steps);
    applier.make(tried, &mut record, &mut |_| Ok(())).await.expect("nothing to keep");
    record
}

pub fn words(stopped: Result<Tried, Stopped>) -> String {
    stopped.expect_err("it is refused").words()
}

/// Another tool that manages fields.
async fn others(client: &Client, namespace: &str, object: &Value, manager: &str) {
    let name = object["metadata"]["name"].as_str().expect("a name");
    let params = PatchParams { field_manager: Some(manager.to_owned()), force: true, ..PatchParams::default() };
    policies(client, namespace).patch(name, &params, &Patch::Apply(object)).await.expect("applied by others");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tried_is_not_done_and_what_is_made_is_undone() {
    let Some(plane) = control_plane::shared(SUITE) else { return };
    let client = plane.client("admin").await;
    create(&client, &[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apply-a"}})]).await;
    let applier = applier(plane, "admin").await;
    let id = id("apply-a", "web");
    // Created: tried, made, taken back.
    let attempt =
        tried(&applier, Op::Create, policy("apply-a", "web", json!([])), TakeOver::Never).await.expect("it passes");
    assert_eq!(applier.now(&id).await, Ok(None), "a dry run creates nothing");
    let created = made(&applier, &attempt).await;
    assert_eq!(created.steps[0].state, ChangeState::Made, "{}", created.steps[0].why);
    let now = applier.now(&id).await.expect("readable").expect("it is there");
    let manager = &now["metadata"]["managedFields"][0];
    assert_eq!((&manager["manager"], &manager["operation"]), (&json!("kreach"), &json!("Apply")));
    // Updated as a whole, with preconditions.
    let mut whole = now.clone();
    whole["spec"]["ingress"] = json!([{}]);
    let attempt = tried(&applier, Op::Update, whole.clone(), TakeOver::Never).await.expect("it passes");
    assert_eq!(applier.now(&id).await, Ok(Some(now.clone())), "a dry run changes nothing");
    let updated = made(&applier, &attempt).await;
    assert_eq!(updated.steps[0].state, ChangeState::Made, "{}", updated.steps[0].why);
    let undoing = applier.undoing(&updated).await.expect("nobody changed it");
    let attempt = {
        let steps = applier.plan(undoing.changes, TakeOver::Never).await.expect("no conflict");
        applier.attempt(steps).await.expect("it passes")
    };
    assert_eq!(made(&applier, &attempt).await.steps[0].state, ChangeState::Made);
    let back = applier.now(&id).await.expect("readable").expect("it is there");
    assert_eq!(back["spec"], now["spec"], "undo after apply is what was");
    // Deleted: a dry run deletes nothing (its option stands in the body, where the query is not read).
    let attempt =
        tried(&applier, Op::Delete, policy("apply-a", "web", json!([])), TakeOver::Never).await.expect("it passes");
    assert!(applier.now(&id).await.expect("readable").is_some(), "a dry run deletes nothing");
    let deleted = made(&applier, &attempt).await;
    assert_eq!((deleted.steps[0].state, applier.now(&id).await), (ChangeState::Made, Ok(None)));
    let undoing = applier.undoing(&deleted).await.expect("it is still gone");
    let steps = applier.plan(undoing.changes, TakeOver::Never).await.expect("no conflict");
    let attempt = applier.attempt(steps).await.expect("it passes");
    assert_eq!(made(&applier, &attempt).await.steps[0].state, ChangeState::Made);
    assert_eq!(applier.now(&id).await.expect("readable").expect("there again")["spec"], back["spec"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_faster_is_not_overwritten() {
    let Some(plane) = control_plane::shared(SUITE) else { return };
    let client = plane.client("admin").await;
    create(&client, &[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apply-b"}})]).await;
    let applier = applier(plane, "admin").await;
    // Somebody manages the rules.
    others(&client, "apply-b", &policy("apply-b", "web", json!([{}])), "argocd-controller").await;
    let said = words(tried(&applier, Op::Create, policy("apply-b", "web", json!([])), TakeOver::Never).await);
    assert!(said.contains("spec.ingress is managed by argocd-controller"), "{said}");
    let attempt =
        tried(&applier, Op::Create, policy("apply-b", "web", json!([])), TakeOver::Forced).await.expect("taken over");
    // Between the dry run and the send somebody changes it.
    others(&client, "apply-b", &policy("apply-b", "web", json!([{"ports": [{"port": 1}]}])), "kubectl-edit").await;
    let record = made(&applier, &attempt).await;
    assert_eq!(record.steps[0].state, ChangeState::Refused);
    assert!(record.steps[0].why.contains("conflict"), "{}", record.steps[0].why);
    // Deleted and created anew: another uid.
    let now = applier.now(&id("apply-b", "web")).await.expect("readable").expect("there");
    let mut whole = now.clone();
    whole["spec"]["ingress"] = json!([]);
    let attempt = tried(&applier, Op::Update, whole.clone(), TakeOver::Never).await.expect("it passes");
    policies(&client, "apply-b").delete("web", &Default::default()).await.expect("deleted");
    create(&client, &[policy("apply-b", "web", json!([{}]))]).await;
    let record = made(&applier, &attempt).await;
    assert_eq!(record.steps[0].state, ChangeState::Refused, "{}", record.steps[0].why);
    let said = words(tried(&applier, Op::Update, whole.clone(), TakeOver::Forced).await);
    assert!(said.contains("deleted and created anew"), "{said}");
    // Deleted: what was fetched whole is not brought back.
    policies(&client, "apply-b").delete("web", &Default::default()).await.expect("deleted");
    let said = words(tried(&applier, Op::Update, whole, TakeOver::Never).await);
    assert!(said.contains("deleted meanwhile"), "{said}");
    // Undo refuses what somebody changed since.
    let attempt =
        tried(&applier, Op::Create, policy("apply-b", "mine", json!([])), TakeOver::Never).await.expect("it passes");
    let record = made(&applier, &attempt).await;
    others(&client, "apply-b", &policy("apply-b", "mine", json!([{}])), "kubectl-edit").await;
    let said = applier.undoing(&record).await.expect_err("it is changed").words();
    assert!(said.contains("spec.ingress changed since by kubectl-edit"), "{said}");
}

/// How many updates race: the gate's share, or as many as are asked for.
fn races() -> usize {
    std::env::var("KREACH_RACES").ok().and_then(|it| it.parse().ok()).unwrap_or(120)
}

/// Writers that count up in one object, each on what it read: no count is lost, whoever is faster.
async fn raced(applier: &Applier, id: &ObjectId, object: Value) {
    let attempt = tried(applier, Op::Create, object, TakeOver::Never).await.expect("it passes");
    assert_eq!(made(applier, &attempt).await.steps[0].state, ChangeState::Made);
    let (writers, total) = (8, races() / 8 * 8);
    let shared = Arc::new((applier.clone(), id.clone()));
    let tasks = (0..writers).map(|_| {
        let shared = shared.clone();
        tokio::spawn(async move {
            let (applier, id) = &*shared;
            for _ in 0..total / writers {
                loop {
                    let mut object = applier.now(id).await.expect("readable").expect("there");
                    let count = object["metadata"]["annotations"]["count"].as_str().unwrap_or("0").parse::<usize>();
                    object["metadata"]["annotations"]["count"] = json!((count.expect("a number") + 1).to_string());
                    let Ok(attempt) = tried(applier, Op::Update, object, TakeOver::Never).await else { continue };
                    if made(applier, &attempt).await.steps[0].state == ChangeState::Made {
                        break;
                    }
                }
            }
        })
    });
    futures::future::join_all(tasks).await.into_iter().for_each(|it| it.expect("no writer panics"));
    let object = applier.now(id).await.expect("readable").expect("there");
    assert_eq!(object["metadata"]["annotations"]["count"], json!(total.to_string()), "no update is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_of_racing_writers_is_lost() {
    let Some(plane) = control_plane::shared(SUITE) else { return };
    let client = plane.client("admin").await;
    create(&client, &[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apply-d"}})]).await;
    let applier = applier(plane, "admin").await;
    raced(&applier, &id("apply-d", "race"), policy("apply-d", "race", json!([]))).await;
}

/// The same on the embedded server, which keeps the same promise.
#[tokio::test(flavor = "multi_thread")]
async fn no_update_of_racing_writers_is_lost_in_the_demo() {
    let server = kreach::embedded::serve_named("story", "127.0.0.1:0", kreach::embedded::ServeSettings::writable());
    let server = server.await.expect("the demo's world");
    let address: http::Uri = server.url().parse().expect("an address");
    let client = connect::to_address(address.clone()).expect("a client");
    let applier = Applier { client, writer: connect::writer_to_address(address).expect("a writer") };
    raced(&applier, &id("shop", "race"), policy("shop", "race", json!([]))).await;
}

fn kreach(kubeconfig: &Path, state: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kreach"));
    command.args(line.split(' ')).env_clear().env("HOME", "/nonexistent").env("XDG_STATE_HOME", state);
    command.env("KUBECONFIG", kubeconfig).current_dir(state).stdin(Stdio::null()).output().expect("the binary starts")
}

/// Without `--write` nothing that changes anything leaves the process, whatever is asked; the server's audit log says so.
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_holds_no_write_of_a_session_that_only_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let (rules, log) = (folder.path().join("audit.yaml"), folder.path().join("audit.log"));
    let policy_of_audit = json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
        "rules": [{"level": "Request", "userGroups": ["system:masters"], "namespaces": ["", "apply-e"]}]});
    std::fs::write(&rules, policy_of_audit.to_string()).expect("written");
    let flags = [format!("--audit-policy-file={}", rules.display()), format!("--audit-log-path={}", log.display())];
    let Some(plane) = control_plane::private(SUITE, &[&flags[0], &flags[1]]) else { return };
    let client = plane.client("admin").await;
    create(&client, &[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apply-e"}})]).await;
    std::fs::write(folder.path().join("shut.json"), policy("apply-e", "shut", json!([])).to_string()).expect("written");
    let kubeconfig = plane.kubeconfig_for("admin");
    let reading = [
        "apply shut.json --yes",
        "apply shut.json --dry-run",
        "undo --yes",
        "undo --list",
        "can sa:a/b get pods",
        "info",
    ];
    for line in reading {
        kreach(&kubeconfig, folder.path(), line);
    }
    let ours =
        || events(&log).into_iter().filter(|it| it["userAgent"].as_str().is_some_and(|it| it.starts_with("kreach/")));
    assert!(ours().count() > 10, "the log is kept");
    let writes = |it: &Value| !["get", "list", "watch"].contains(&it["verb"].as_str().unwrap_or_default());
    let is_review = |it: &Value| it["objectRef"]["resource"].as_str().is_some_and(|it| it.ends_with("reviews"));
    let written: Vec<Value> = ours().filter(|it| writes(it) && !is_review(it)).collect();
    assert!(written.is_empty(), "{written:?}");
    // With it: the dry run first, then one write, each under our name.
    let output = kreach(&kubeconfig, folder.path(), "apply shut.json --write --dry-run");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let real = |it: &Value| !it["requestURI"].as_str().is_some_and(|it| it.contains("dryRun=All"));
    assert!(
        ours().any(|it| writes(&it) && !is_review(&it))
            && !ours().any(|it| writes(&it) && !is_review(&it) && real(&it))
    );
    for line in ["apply shut.json --write --yes", "undo --write --yes"] {
        let output = kreach(&kubeconfig, folder.path(), line);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let is_dry = |it: &Value| !real(it) || it["requestObject"]["dryRun"].is_array();
    let made: Vec<String> = ours()
        .filter(|it| writes(it) && !is_review(it) && !is_dry(it))
        .map(|it| it["verb"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(made, ["patch", "delete"], "each is sent once");
    let patched = ours().filter(|it| it["verb"] == "patch");
    assert!(
        patched
            .into_iter()
            .all(|it| { it["requestURI"].as_str().is_some_and(|it| it.contains("fieldManager=kreach")) })
    );
}

fn events(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().filter_map(|it| serde_json::from_str(it).ok()).collect()
}
