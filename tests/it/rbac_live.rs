//! What live answers about access take from the server besides objects: its names, and its own word (CONTRACT §4).
//!
//! Discovery is played by the scripted server where servers are old or half down; the server's word is a real
//! kube-apiserver's, with other authorizers beside RBAC where they matter.

use kreach::live::read::Reader;
use kreach::rbac::Served;
use kreach::rbac::served::TypedResource;
use serde_json::{Value, json};

use crate::control_plane::{self, ControlPlane};
use crate::wire::{Asked, Play, Wire};

async fn served(script: impl Fn(&Asked) -> Play + Send + Sync + 'static) -> (Result<Served, String>, Wire) {
    let wire = Wire::new(script);
    let served = Reader::new(wire.client(), Vec::new()).served().await;
    (served.map_err(|it| it.to_string()), wire)
}

fn resolve(served: &Served, resource: &str) -> (String, String) {
    let it = served.resolve(&TypedResource { verb: "get", resource, namespace: "shop", ..TypedResource::default() });
    (it.request.to_string(), it.notes.join("; "))
}

fn missing() -> Play {
    Play::status(404, "NotFound", "the server could not find the requested resource")
}

const CORE: &str = r#"{"kind":"APIResourceList","groupVersion":"v1","resources":[
    {"name":"pods","singularName":"pod","namespaced":true,"verbs":["get","list"],"shortNames":["po"]},
    {"name":"pods/log","singularName":"","namespaced":true,"verbs":["get"]}]}"#;
const WIDGETS: &str = r#"{"kind":"APIResourceList","groupVersion":"example.com/v1","resources":[
    {"name":"widgets","singularName":"widget","namespaced":false,"verbs":["get"],"shortNames":["wd"]}]}"#;
const GROUPS: &str = r#"{"kind":"APIGroupList","groups":[
    {"name":"example.com","versions":[{"version":"v1"}]},{"name":"down.io","versions":[{"version":"v1"}]}]}"#;
const AGGREGATED: &str = r#"{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"example.com"},"versions":[
    {"version":"v1","freshness":"Current","resources":[{"resource":"widgets","scope":"Cluster",
        "singularResource":"widget","verbs":["get"],"shortNames":["wd"],"subresources":[{"subresource":"scale"}]}]}]},
    {"metadata":{"name":"down.io"},"versions":[{"version":"v1","freshness":"Stale","resources":[]}]}]}"#;
const AGGREGATED_CORE: &str = r#"{"kind":"APIGroupDiscoveryList","items":[{"metadata":{},"versions":[
    {"version":"v1","freshness":"Current","resources":[{"resource":"pods","scope":"Namespaced",
        "singularResource":"pod","verbs":["get"],"shortNames":["po"]}]}]}]}"#;

/// Two requests say it all where the server aggregates; what it calls stale is not known to be unserved.
#[tokio::test]
async fn discovery_is_two_requests_where_the_server_aggregates() {
    let (served, wire) = served(|asked| match asked.path.as_str() {
        "/api" => Play::json(200, AGGREGATED_CORE),
        "/apis" => Play::json(200, AGGREGATED),
        _ => missing(),
    })
    .await;
    let served = served.expect("names");
    assert_eq!(wire.asked().len(), 2);
    assert!(wire.asked()[0].headers.to_lowercase().contains("as=apigroupdiscoverylist"));
    assert_eq!(resolve(&served, "po").0, "get pods in shop");
    assert_eq!(resolve(&served, "wd/scale").0, "get widgets.example.com/scale");
    assert!(resolve(&served, "gadgets").1.contains("what down.io serves could not be asked"));
}

/// E11: a group that does not answer leaves its own resources open and no others; it is no error.
#[tokio::test]
async fn discovery_of_an_old_server_goes_group_by_group() {
    let (served, wire) = served(|asked| match asked.path.as_str() {
        "/api" => Play::json(200, r#"{"kind":"APIVersions","versions":["v1"]}"#),
        "/apis" => Play::json(200, GROUPS),
        "/api/v1" => Play::json(200, CORE),
        "/apis/example.com/v1" => Play::json(200, WIDGETS),
        _ => Play::status(503, "ServiceUnavailable", "the aggregated API is down"),
    })
    .await;
    let served = served.expect("names");
    assert_eq!(wire.asked().len(), 5);
    assert_eq!(resolve(&served, "widget").0, "get widgets.example.com");
    let pods = served.get("", "pods").expect("pods");
    assert!(pods.subresources.contains("log") && pods.short == ["po"]);
    assert_eq!(served.unsure().collect::<Vec<_>>(), ["down.io"]);
    assert!(served.is_known_group("example.com") && !served.is_known_group("down.io"));
}

#[tokio::test]
async fn discovery_that_is_refused_is_told_and_asked_once() {
    let (served, wire) = served(|_| Play::status(403, "Forbidden", "forbidden: cannot get path")).await;
    assert!(served.expect_err("nothing is known").contains("403"));
    assert!(wire.asked().len() <= 2);
}

/// `kreach`, as this user of the server.
fn run(plane: &ControlPlane, user: &str, arguments: &str) -> (i32, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_kreach"))
        .arg("--kubeconfig")
        .arg(plane.kubeconfig_for(user))
        .args(arguments.split_whitespace())
        .output()
        .expect("the binary runs");
    let text = |it: Vec<u8>| String::from_utf8(it).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn run_json(plane: &ControlPlane, user: &str, arguments: &str) -> (i32, Value, String) {
    let (code, stdout, stderr) = run(plane, user, &format!("{arguments} -o json"));
    let value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {arguments}: {stdout}{stderr}"));
    (code, value, stderr)
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn role(kind: &str, name: &str, namespace: &str, rules: Value) -> Value {
    let mut role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}});
    role["rules"] = rules;
    if !namespace.is_empty() {
        role["metadata"]["namespace"] = namespace.into();
    }
    role
}

fn binding(kind: &str, name: &str, namespace: &str, role: (&str, &str), user: &str) -> Value {
    let mut binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role.0, "name": role.1},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    });
    if !namespace.is_empty() {
        binding["metadata"]["namespace"] = namespace.into();
    }
    binding
}

/// Waits until a command says what it should: the server's caches lag a moment behind what was written.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("never: {what}");
}

/// Typed names are the server's own, custom resources included, and so are dead grants.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_resources_are_what_the_server_serves() {
    let Some(plane) = control_plane::shared("rbac_live") else { return };
    let client = plane.client("admin").await;
    let schema = json!({"openAPIV3Schema": {"type": "object"}});
    let version = json!({"name": "v1", "served": true, "storage": true, "schema": schema});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gizmos.live.example.com"},
        "spec": {
            "group": "live.example.com", "scope": "Cluster", "versions": [version],
            "names": {"plural": "gizmos", "singular": "gizmo", "kind": "Gizmo", "shortNames": ["gz"]},
        },
    });
    let rules = json!([{"apiGroups": ["live.example.com"], "resources": ["gizmos", "gizmo"], "verbs": ["get"]}]);
    let objects = [
        definition,
        namespace("live-names"),
        role("ClusterRole", "live-gizmos", "", rules),
        binding("ClusterRoleBinding", "live-gizmos", "", ("ClusterRole", "live-gizmos"), "live-gina"),
        binding("RoleBinding", "live-gizmos", "live-names", ("ClusterRole", "live-gizmos"), "live-rob"),
    ];
    control_plane::create(&client, &objects).await;
    until("the custom resource is served", || run(plane, "admin", "who-can get gz").2.contains("live.example.com"));

    let (code, answer, stderr) = run_json(plane, "admin", "can user:live-gina get gz");
    assert_eq!((code, &answer["request"]["resource"]), (0, &json!("gizmos")), "{stderr}");
    assert!(stderr.contains("gz is read as gizmos.live.example.com"), "{stderr}");
    // Cluster-scoped by discovery: a RoleBinding grants nothing, and the namespace is ignored aloud.
    let (code, _, stderr) = run(plane, "admin", "can user:live-rob get gizmo -n live-names");
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("gizmos are cluster-scoped: -n is ignored"), "{stderr}");

    // What discovery and a list of namespaces prove is refused with the nearest, and asked when it is to be.
    for (question, code, told) in [
        ("who-can get gizmoss", 0, "unknown resource \"gizmoss\" (did you mean gizmos.live.example.com?)"),
        ("can user:live-gina get gizmo/north", 1, "get gizmos.live.example.com north"),
        ("can user:live-gina get pods/logs", 1, "did you mean pods/log?"),
        ("can user:live-rob get pods -n live-nmaes", 1, "there is no namespace live-nmaes; did you mean live-names?"),
        ("permissions user:live-rob -n live-nmaes", 0, "did you mean live-names?"),
    ] {
        let (refused, answer, stderr) = run(plane, "admin", question);
        assert_eq!((refused, answer.as_str()), (2, ""), "{question}: {stderr}");
        assert!(stderr.contains(told), "{question}: {stderr}");
        let (asked, _, stderr) = run(plane, "admin", &format!("{question} --unserved"));
        assert_eq!(asked, code, "{question}: {stderr}");
        assert!(stderr.contains(told), "{question}: {stderr}");
    }
    for question in ["can user:live-gina get nodes/healthz", "can user:live-gina impersonate userextras/scopes"] {
        let (code, _, stderr) = run(plane, "admin", question);
        assert_eq!(code, 1, "only RBAC knows it, and no discovery tells it: {stderr}");
    }
    let (_, _, stderr) = run(plane, "admin", "can user:live-gian get gz");
    assert!(stderr.contains("did you mean user:live-gina?"), "{stderr}");

    let (code, page, stderr) = run(plane, "admin", "permissions user:live-rob");
    assert_eq!(code, 0, "{stderr}");
    assert!(page.contains("gizmos are cluster-scoped: only a ClusterRoleBinding grants them"), "{page}");
    assert!(page.contains("did you mean gizmos?"), "{page}");
}

/// Who may not read RBAC is told what the server says of them, as its word, and of nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_is_told_the_servers_word_about_himself() {
    let Some(plane) = control_plane::shared("rbac_live") else { return };
    let client = plane.client("admin").await;
    let pods = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
    let objects = [
        namespace("live-own"),
        role("Role", "own", "live-own", pods),
        binding("RoleBinding", "own", "live-own", ("Role", "own"), "carol"),
    ];
    control_plane::create(&client, &objects).await;
    let can = "can user:carol get pods -n live-own";
    until("the server allows it", || run(plane, "carol", can).0 == 0);
    // Who asks about nobody, or about me, asks about himself, as the server knows him.
    for can in ["can get pods -n live-own", "can me get pods -n live-own"] {
        let (code, answer, stderr) = run_json(plane, "carol", can);
        assert_eq!((code, &answer["subject"]), (0, &json!("user:carol")), "{stderr}");
    }
    let (_, answer, stderr) = run_json(plane, "carol", "permissions -n live-own");
    assert_eq!(answer["subject"], "user:carol", "{stderr}");
    let (code, answer, _) = run_json(plane, "carol", can);
    assert_eq!((code, &answer["outcome"], &answer["grants"]), (0, &json!("allow"), &json!([])));
    assert_eq!(answer["server"]["review"], "SelfSubjectAccessReview");
    let (code, page, _) = run(plane, "carol", "can user:carol delete pods -n live-own");
    assert_eq!(code, 1, "{page}");
    assert!(page.contains("the server's word (SelfSubjectAccessReview): deny"), "{page}");
    // Nobody else, and not oneself in a group that is not one's own.
    for who in ["user:dave", "user:carol --group admins"] {
        let (code, answer, _) = run_json(plane, "carol", &format!("can {who} get pods -n live-own"));
        assert_eq!((code, &answer["server"]), (3, &Value::Null), "{who}");
    }

    let (code, answer, _) = run_json(plane, "carol", "permissions user:carol -n live-own");
    assert_eq!((code, &answer["server"]["incomplete"]), (0, &json!(false)));
    let told = |it: &&Value| it["by"] == "SelfSubjectRulesReview" && it["resource"] == "pods";
    let rows = answer["permissions"].as_array().expect("rows");
    assert_eq!(rows.iter().filter(told).count(), 1, "{answer}");
    assert!(!answer["evidence"].as_array().expect("evidence").is_empty());
    let (_, page, _) = run(plane, "carol", "permissions user:carol -n live-own");
    assert!(page.contains("in live-own, by SelfSubjectRulesReview"), "{page}");
    let (_, csv, _) = run(plane, "carol", "permissions user:carol -n live-own -o csv");
    assert!(csv.contains("user:carol,live-own,,pods,,,get,SelfSubjectRulesReview,,"), "{csv}");
    assert_eq!(run(plane, "carol", "permissions user:dave --diff user:carol").0, 3);

    let (_, info, _) = run_json(plane, "carol", "info");
    assert_eq!(info["operator"]["user"], "carol");
    let (_, page, _) = run(plane, "carol", "info");
    assert!(page.contains("user:carol, in "), "{page}");
}

/// A mark alone: the answer is put to the server once, by whoever may ask about others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_of_another_authorizer_is_put_to_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let spec = json!({"user": "abby", "namespace": "*", "resource": "pods", "readonly": true});
    let policy = json!({"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": spec});
    let policy = write("abac.jsonl", policy.to_string());
    // A webhook that nobody answers: enough for the server to say that its lists of rules are incomplete.
    let webhook = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "it"}], "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    });
    let webhook = write("webhook.json", webhook.to_string());
    let flags = [
        "--authorization-mode=ABAC,Webhook".to_owned(),
        format!("--authorization-policy-file={policy}"),
        format!("--authorization-webhook-config-file={webhook}"),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let Some(plane) = control_plane::private("rbac_live", &flags) else { return };
    let client = plane.client("admin").await;
    let rbac = json!([
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["*"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list"]},
    ]);
    let reads = [
        role("ClusterRole", "reads-rbac", "", rbac),
        binding("ClusterRoleBinding", "reads-rbac", "", ("ClusterRole", "reads-rbac"), "carol"),
        namespace("shop"),
    ];
    control_plane::create(&client, &reads).await;

    let (code, answer, stderr) = run_json(&plane, "admin", "can user:abby get pods -n shop");
    assert_eq!((code, &answer["outcome"]), (0, &json!("allow")), "{answer} {stderr}");
    assert_eq!(answer["server"]["review"], "SubjectAccessReview");
    let evidence = answer["evidence"].to_string();
    assert!(evidence.contains("no binding grants it, so another authorizer does"), "{evidence}");
    assert!(evidence.contains("list of the operator's rules is incomplete"), "{evidence}");
    // Lists of everybody cannot know whom the other authorizer allows.
    assert_eq!(run(&plane, "admin", "who-can get pods -n shop").0, 3);
    // Lines of a batch are never put to the server.
    let batch = folder.path().join("batch");
    std::fs::write(&batch, r#"{"subject":"user:abby","verb":"get","resource":"pods","namespace":"shop"}"#)
        .expect("a file");
    let (code, line, _) = run(&plane, "admin", &format!("can --batch {}", batch.display()));
    assert!(code == 3 && line.contains("\"unknown\"") && !line.contains("SubjectAccessReview"), "{line}");

    // Who may read RBAC and not ask about others is told that the server does not say.
    until("carol may read", || run(&plane, "carol", "can user:carol list nodes").0 == 0);
    let (code, answer, _) = run_json(&plane, "carol", "can user:abby get pods -n shop");
    assert_eq!((code, &answer["outcome"], &answer["server"]), (3, &json!("unknown"), &Value::Null));
    assert!(answer["evidence"].to_string().contains("the server was asked itself and does not say"), "{answer}");
}
