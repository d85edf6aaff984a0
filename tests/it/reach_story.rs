//! The demo's cluster on a real kube-apiserver: developers come to the database of payments across RBAC and network,
//! and no longer once the grant is gone that the way rests on.

use std::path::Path;
use std::process::Command;

use kreach::embedded::{ServeSettings, kubeconfig, serve_named};
use kreach::kinds;
use kreach::model::id::Kind;
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

use crate::control_plane::{self, ControlPlane};

/// What a way rests on; namespaces and roles before what names them.
const KINDS: [Kind; 11] = [
    Kind::NAMESPACE,
    Kind::NODE,
    Kind::SERVICE_ACCOUNT,
    Kind::CLUSTER_ROLE,
    Kind::ROLE,
    Kind::CLUSTER_ROLE_BINDING,
    Kind::ROLE_BINDING,
    Kind::POD,
    Kind::SERVICE,
    Kind::ENDPOINT_SLICE,
    Kind::NETWORK_POLICY,
];

const QUESTION: [&str; 4] = ["reach", "group:shop-developers", "--to", "svc/payments/db:5432"];

/// The objects of a kind, as a server lists them.
async fn listed(client: &Client, kind: Kind) -> Vec<Value> {
    let spec = kinds::spec(kind).expect("a kind that is read");
    let root = if spec.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", spec.group) };
    let request = http::Request::get(format!("{root}/{}/{}", spec.version, spec.plural)).body(Vec::new());
    let list: Value = client.request(request.expect("a request")).await.expect("a list");
    let version =
        if spec.group.is_empty() { spec.version.to_owned() } else { format!("{}/{}", spec.group, spec.version) };
    let whole = |mut it: Value| {
        it["apiVersion"] = json!(version);
        it["kind"] = json!(spec.word);
        it
    };
    list["items"].as_array().expect("items").iter().cloned().map(whole).collect()
}

/// An object without what the server that had it gave it.
pub fn bare(mut object: Value) -> Value {
    const OF_META: [&str; 5] = ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"];
    const OF_SPEC: [&str; 9] = [
        "clusterIP",
        "clusterIPs",
        "ipFamilies",
        "ipFamilyPolicy",
        "healthCheckNodePort",
        "priority",
        "priorityClassName",
        "preemptionPolicy",
        "podCIDRs",
    ];
    let drop = |of: &mut Value, all: &[&str]| {
        if let Some(it) = of.as_object_mut() {
            all.iter().for_each(|key| drop(it.remove(*key)));
        }
    };
    drop(&mut object["metadata"], &OF_META);
    drop(&mut object["spec"], &OF_SPEC);
    for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
        drop(port, &["nodePort"]);
    }
    object.as_object_mut().expect("an object").retain(|_, it| !it.is_null());
    object
}

/// Writes the demo's cluster to a real server; what is there by itself stays as it is.
async fn copied(from: &Client, to: &Client) -> usize {
    let mut written = 0;
    for kind in KINDS {
        for object in listed(from, kind).await {
            let object = bare(object);
            let api = control_plane::api_of(to, &object);
            let whole = serde_json::from_value(object.clone()).expect("an object");
            match api.create(&Default::default(), &whole).await {
                Ok(_) => written += 1,
                Err(kube::Error::Api(status)) if status.code == 409 => continue,
                Err(error) => panic!("{error}: {object}"),
            }
            if kind == Kind::POD {
                control_plane::set_status(to, &object).await;
            }
        }
    }
    written
}

/// What a command says: its exit code and its JSON.
fn said(plane: &ControlPlane, from: Option<&Path>, words: &[&str]) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kreach"));
    match from {
        Some(file) => command.args(words).arg("--from").arg(file),
        None => command.arg("--kubeconfig").arg(plane.kubeconfig_for("admin")).args(words),
    };
    let output = command.args(["-o", "json"]).output().expect("the binary runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {errors}"));
    (output.status.code().expect("an exit code"), answer)
}

fn edges(answer: &Value) -> Vec<&str> {
    answer["path"].as_array().into_iter().flatten().filter_map(|it| it["edge"].as_str()).collect()
}

/// The binding that the first step of a way rests on.
fn first_grant(answer: &Value) -> &str {
    let evidence = answer["path"][0]["evidence"].as_array().into_iter().flatten();
    let mut objects = evidence.filter_map(|it| it["object"].as_str());
    objects.find(|it| it.starts_with("rolebinding/")).unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn developers_come_to_the_database_of_payments_until_the_grant_is_gone() {
    let Some(mut plane) = control_plane::private("reach_story", &[]) else { return };
    if !plane.start_aggregation() {
        return;
    }
    let admin = plane.client("admin").await;
    let demo = serve_named("story", "127.0.0.1:0", ServeSettings::default()).await.expect("the demo's cluster");
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("demo.kubeconfig");
    kubeconfig::write(&config, &demo, "story").expect("a kubeconfig");
    let config = Kubeconfig::read_from(&config).expect("a kubeconfig that was just written");
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.expect("complete");
    let written = copied(&Client::try_from(config).expect("a client"), &admin).await;
    assert!(written > 100, "only {written} objects");
    crate::reach_control_plane::until_aggregated(&admin).await;

    let (exit, answer) = said(&plane, None, &QUESTION);
    assert_eq!((exit, &answer["outcome"]), (0, &json!("allow")), "{answer}");
    let crosses =
        edges(&answer).iter().any(|it| it.starts_with('A')) && edges(&answer).iter().any(|it| it.starts_with('N'));
    assert!(crosses, "{answer}");

    // The same of a snapshot, and the same without the grant in a copy of it.
    let snapshot = folder.path().join("cluster.yaml");
    let taken = Command::new(env!("CARGO_BIN_EXE_kreach"))
        .arg("--kubeconfig")
        .arg(plane.kubeconfig_for("admin"))
        .arg("snapshot")
        .arg(&snapshot)
        .output()
        .expect("the binary runs");
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let (exit, of_file) = said(&plane, Some(&snapshot), &QUESTION);
    assert_eq!((exit, edges(&of_file)), (0, edges(&answer)));

    let grant = first_grant(&answer);
    let parts: Vec<&str> = grant.split('/').collect();
    let ["rolebinding", namespace, name] = parts[..] else { panic!("{grant}") };
    let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/{name}");
    let request = http::Request::delete(path).body(Vec::new()).expect("a request");
    admin.request_text(request).await.expect("the grant is deleted");
    let (exit, without) = said(&plane, None, &QUESTION);
    assert_ne!(exit, 0, "{grant} is gone, and yet: {without}");

    let (exit, all) = said(&plane, None, &["reach", "cluster-admin", "--reverse"]);
    assert_eq!(exit, 0);
    let ends: Vec<&str> =
        all["reachedBy"].as_array().into_iter().flatten().filter_map(|it| it["end"].as_str()).collect();
    assert!(ends.contains(&"group:platform-admins") && ends.contains(&"group:system:masters"), "{ends:?}");
}
