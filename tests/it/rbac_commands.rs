//! `can`, `who-can`, `permissions`, `rbac` and the directory of people, through the real binary: stdout, exit codes.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

const WORLD: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- {apiGroups: [""], resources: [pods, secrets, nodes], verbs: [get, list]}
- {nonResourceURLs: ["/healthz"], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: dev, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{kind: Group, name: dev}, {kind: ServiceAccount, name: web}, {kind: User, name: mallory}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: gone, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: gone}
subjects: [{kind: User, name: mallory}]
---
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: shop}
spec: {serviceAccountName: web, containers: [{name: web, image: web}]}
"#;

const PEOPLE: &str = "user,groups,active\nalice,dev,true\nmallory,dev;ops,false\n";

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.write("world.yaml", WORLD);
        folder.write("people.csv", PEOPLE);
        folder
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// Runs `kreach ARGUMENTS --from world.yaml` with this on stdin.
    fn run_with(&self, arguments: &str, stdin: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kreach"))
            .args(arguments.split_whitespace())
            .args(["--from", "world.yaml"])
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        child.stdin.take().expect("a pipe").write_all(stdin.as_bytes()).expect("the binary reads");
        let output = child.wait_with_output().expect("the binary ends");
        let text = |it: Vec<u8>| String::from_utf8(it).expect("UTF-8");
        Ran {
            code: output.status.code().expect("an exit code"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    fn run(&self, arguments: &str) -> Ran {
        self.run_with(arguments, "")
    }
}

#[test]
fn can_answers_by_exit_code() {
    let files = Files::new();
    let cases = [
        ("can sa:shop/web get pods -n shop", 0),
        ("can sa:shop/web get pods", 1),
        ("can sa:shop/web get po web-0 -n shop", 0),
        ("can sa:shop/web get pods -A", 1),
        ("can sa:shop/web get nodes -n shop", 1),
        ("can sa:shop/web get /healthz", 1),
        ("can user:alice get pods -n shop", 1),
        ("can user:alice --group dev get pods -n shop", 0),
        ("can user:alice --directory people.csv get pods -n shop", 0),
        ("can user:system:node:n1 get pods -n shop", 3),
        ("can alice get pods", 2),
        ("can user:alice get pods -n shop --self-check", 1),
    ];
    for (arguments, code) in cases {
        let ran = files.run(arguments);
        assert_eq!(ran.code, code, "{arguments}\n{}{}", ran.stdout, ran.stderr);
    }
    assert!(files.run("can alice get pods").stderr.contains("user:alice, or group:alice"));
    assert!(files.run("can user:a get deploy").stderr.contains("deployments.apps"));
    assert!(files.run("can user:a get podz").stderr.contains("did you mean pods?"));
}

/// RBAC asks nobody whether a namespace exists: the answer stays what it is, and a slip is told beside it.
#[test]
fn a_namespace_that_is_not_there_is_told() {
    let files = Files::new();
    let nearest = "there is no namespace shpo; did you mean shop?";
    for (arguments, code) in [
        ("can user:mallory get pods -n shpo", 1),
        ("who-can get pods -n shpo -o json", 1),
        ("permissions user:mallory -n shpo -o csv", 0),
    ] {
        let ran = files.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments}");
        assert!(ran.stderr.contains(nearest) && ran.stderr.contains("--unserved"), "{arguments}: {}", ran.stderr);
        let ran = files.run(&format!("{arguments} --unserved"));
        assert_eq!(ran.code, code, "{arguments}\n{}{}", ran.stdout, ran.stderr);
        // A JSON document holds its notes.
        let is_json = arguments.ends_with("json");
        assert!(ran.stderr.contains(nearest), "{arguments}: {}", ran.stderr);
        assert_eq!(ran.stdout.contains("no namespace"), is_json, "{arguments}: {}", ran.stdout);
    }
    assert!(files.run("map -n shpo").stderr.contains(nearest));
    for arguments in ["can user:mallory get pods -n shop", "can user:mallory get pods", "can user:m get pods -A"] {
        assert!(!files.run(arguments).stderr.contains("no namespace"), "{arguments}");
    }
}

/// CONTRACT §5: a line out for each line in, literally judged; the worst line is the exit code.
#[test]
fn a_batch_is_judged_literally() {
    let files = Files::new();
    let lines = [
        (r#"{"subject":"sa:shop/web","verb":"get","resource":"pods","namespace":"shop"}"#, "allow"),
        (r#"{"subject":"sa:shop/web","verb":"get","resource":"po","namespace":"shop"}"#, "deny"),
        (r#"{"subject":"sa:shop/web","verb":"get","resource":"pods"}"#, "deny"),
        (
            r#"{"subject":"user:alice","groups":["dev"],"verb":"list","resource":"secrets","namespace":"shop","name":null,"group":""}"#,
            "allow",
        ),
        (r#"{"subject":"sa:shop/web","verb":"get","resource":"nodes","namespace":"shop"}"#, "allow"),
        (r#"{"subject":"sa:shop/web","verb":"get","url":"/healthz"}"#, "deny"),
        (r#"{"subject":"group:system:masters","verb":"","url":""}"#, "allow"),
        (r#"{"subject":"user:alice","verb":"get","resorce":"pods"}"#, "unknown"),
        ("nonsense", "unknown"),
        (r#"{"verb":"get","resource":"pods"}"#, "unknown"),
    ];
    let input: String = lines.iter().map(|(line, _)| format!("{line}\n\n")).collect();
    let ran = files.run_with("can --batch -", &input);
    let answers: Vec<Value> = ran.stdout.lines().map(|it| serde_json::from_str(it).expect("a JSON line")).collect();
    assert_eq!(answers.len(), lines.len());
    for ((line, outcome), answer) in lines.iter().zip(&answers) {
        assert_eq!(answer["outcome"], *outcome, "{line}\n{answer}");
        assert!(answer["evidence"].is_array());
    }
    assert!(answers[7]["error"].as_str().is_some_and(|it| it.contains("resorce")));
    assert_eq!(ran.code, 1);
    assert_eq!(files.run_with("can --batch -", "nonsense\n").code, 3);
    assert_eq!(files.run_with("can --batch -", "\n").code, 0);
    assert_eq!(files.run("can --batch missing.json").code, 2);
}

#[test]
fn who_can_names_everybody_and_where() {
    let files = Files::new();
    let ran = files.run("who-can get pods -o json");
    let answer = ran.json();
    let subjects: Vec<&str> =
        answer["subjects"].as_array().expect("a list").iter().filter_map(|it| it["subject"].as_str()).collect();
    assert_eq!(subjects, ["user:mallory", "group:dev", "group:system:masters", "sa:shop/web"]);
    assert_eq!(answer["subjects"][3]["grants"][0]["namespace"], "shop");
    assert_eq!(answer["subjects"][3]["grants"][0]["subject"], "sa:shop/web");
    assert_eq!(ran.code, 0);
    assert_eq!(files.run("who-can get pods -n kube-public").code, 1);
    assert_eq!(files.run("who-can get nodes").code, 1, "no RoleBinding grants nodes");
    assert_eq!(files.run("who-can get /healthz").code, 1, "no RoleBinding grants URLs");

    let people = files.run("who-can get pods --directory people.csv --pods -o json").json();
    assert_eq!(
        people["subjects"][1]["people"],
        serde_json::json!([
            {"user": "alice", "active": true}, {"user": "mallory", "active": false},
        ])
    );
    assert_eq!(people["subjects"][3]["pods"], serde_json::json!(["pod/shop/web-0"]));
    assert!(files.run("who-can get pods -o csv").stdout.contains("sa:shop/web,shop,rolebinding/shop/dev"));
}

/// CONTRACT §4: the group of a namespace's accounts is named for each Namespace object, not for mere mentions.
#[test]
fn who_can_names_the_groups_of_namespaces_that_are_there() {
    let files = Files::new();
    let all = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: accounts}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{kind: Group, name: "system:serviceaccounts", apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: v1
kind: Namespace
metadata: {name: ops}
"#;
    files.write("all.yaml", all);
    let answer = files.run("who-can get nodes --from all.yaml -o json").json();
    let subjects: Vec<&str> =
        answer["subjects"].as_array().expect("a list").iter().filter_map(|it| it["subject"].as_str()).collect();
    let groups: Vec<&str> = subjects.into_iter().filter(|it| it.starts_with("group:system:serviceaccounts")).collect();
    assert_eq!(groups, ["group:system:serviceaccounts", "group:system:serviceaccounts:ops"]);
}

/// What the server's version decides is told apart: unknown where files have no version.
#[test]
fn permissions_tell_what_they_amount_to() {
    let files = Files::new();
    let entering = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: enter, namespace: shop}
rules:
- {apiGroups: [""], resources: [pods/exec], verbs: [get], resourceNames: [web-0]}
- {apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: enter, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: enter}
subjects: [{kind: User, name: erin, apiGroup: rbac.authorization.k8s.io}]
"#;
    files.write("enter.yaml", entering);
    let answer = files.run("permissions user:erin --from enter.yaml -o json").json();
    let first = &answer["capabilities"][0];
    assert_eq!(first["capability"], "exec into pods");
    assert_eq!(first["outcome"], "unknown");
    assert_eq!(first["versions"], "before 1.35");
    assert_eq!(first["names"], serde_json::json!(["web-0"]));
    assert_eq!(first["grants"][0]["binding"], "rolebinding/shop/enter");
    let page = files.run("permissions user:erin --from enter.yaml").stdout;
    assert!(page.contains("? exec into pods in shop (only web-0) before 1.35"), "{page}");
    let note = files.run("can user:erin get pods/exec web-0 -n shop --from enter.yaml");
    assert!(note.code == 0 && note.stdout.contains("get alone is enough before 1.35"), "{}", note.stdout);
    let guard = files.run("can user:erin update rolebindings.rbac.authorization.k8s.io dev -n shop --from enter.yaml");
    assert!(guard.code == 0 && guard.stdout.contains("rolebinding/shop/dev: it refuses"), "{}", guard.stdout);
}

#[test]
fn permissions_fold_and_compare() {
    let files = Files::new();
    let ran = files.run("permissions user:mallory -o json");
    let answer = ran.json();
    let rows = answer["permissions"].as_array().expect("a list");
    let row = |resource: &str| rows.iter().find(|it| it["resource"] == resource).expect("a row");
    assert_eq!(row("pods")["outcome"], "allow");
    assert_eq!(row("pods")["verbs"], serde_json::json!(["get", "list"]));
    assert_eq!(row("nodes")["outcome"], "deny", "dead through a RoleBinding");
    assert!(rows.iter().any(|it| it["url"] == "/healthz" && it["outcome"] == "deny"));
    assert!(rows.iter().any(|it| it["grants"][0]["binding"] == "rolebinding/shop/gone" && it["outcome"] == "deny"));
    assert_eq!(ran.code, 0);
    assert_eq!(files.run("permissions user:mallory --diff user:nobody").code, 1);
    assert_eq!(files.run("permissions user:x --diff user:nobody").code, 0);
    assert!(
        files
            .run("permissions user:mallory --directory people.csv")
            .stdout
            .contains("mallory is inactive in directory")
    );
}

/// A line is judged literally (CONTRACT §5): nothing is filled in, groups of a directory neither.
#[test]
fn a_directory_gives_no_groups_to_lines_of_a_batch() {
    let files = Files::new();
    let line = r#"{"subject":"user:alice","verb":"get","resource":"pods","namespace":"shop"}"#;
    let ran = files.run_with("can --batch - --directory people.csv", line);
    assert_eq!((ran.code, ran.json()["outcome"].as_str()), (1, Some("deny")), "{}", ran.stderr);
    assert!(ran.stderr.contains("--directory gives no groups to lines of --batch"), "{}", ran.stderr);
}

/// YAML is the same document as JSON, wherever both are offered.
#[test]
fn yaml_says_what_json_says() {
    let files = Files::new();
    let questions = [
        "can user:mallory get pods -n shop",
        "who-can get pods",
        "permissions user:mallory",
        "permissions user:mallory --diff sa:shop/web",
    ];
    for question in questions {
        let (json, yaml) = (files.run(&format!("{question} -o json")), files.run(&format!("{question} -o yaml")));
        let read: Value =
            serde_saphyr::from_str(&yaml.stdout).unwrap_or_else(|error| panic!("{error}: {}", yaml.stdout));
        assert_eq!((read, yaml.code), (json.json(), json.code), "{question}");
    }
    // Compared in every form: what only one of them holds, and exit 1.
    let csv = files.run("permissions user:mallory --diff user:nobody -o csv");
    assert!(csv.code == 1 && csv.stdout.contains("user:mallory,shop,pods,get list,allow"), "{}", csv.stdout);
    let text = files.run("permissions user:mallory --diff user:nobody");
    assert!(text.code == 1 && text.stdout.contains("only user:mallory: 4 rows"), "{}", text.stdout);
    assert_eq!(files.run("permissions user:mallory --diff user:mallory").code, 0);
}

#[test]
fn a_directory_that_contradicts_itself_is_refused() {
    let files = Files::new();
    files.write("people.csv", "user,groups\nalice,dev\nalice,ops\n");
    let ran = files.run("can user:alice --directory people.csv get pods");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("people.csv line 2 and people.csv line 3"), "{}", ran.stderr);
}

#[test]
fn what_kreach_needs_is_printed_without_a_cluster() {
    let ran = Files::new().run("rbac");
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("name: kreach-read") && !ran.stdout.contains("reviews"), "{}", ran.stdout);
    let asking = Files::new().run("rbac --ask").stdout;
    assert!(asking.starts_with(&ran.stdout) && asking.contains("name: kreach-ask"), "{asking}");
    assert!(!asking.contains("update") && !asking.contains("delete"), "nothing writes: {asking}");
}
