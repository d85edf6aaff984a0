//! `kreach fix` on the demo's objects in a real kube-apiserver: what is exported is made there with kubectl, in each of its
//! forms, and changes what was said and nothing else.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use kreach::change::object::meaning;
use kreach::embedded::{Story, kinds};
use kube::Client;
use serde_json::{Value, json};

use crate::control_plane::{self, api_of, create, set_status};
use crate::reach_story::bare;

const SUITE: &str = "fix_control_plane";

/// The kinds that are copied; what is named comes before what names it.
const COPIED: [&str; 11] = [
    "namespaces",
    "nodes",
    "serviceaccounts",
    "clusterroles",
    "roles",
    "clusterrolebindings",
    "rolebindings",
    "pods",
    "services",
    "endpointslices",
    "networkpolicies",
];

/// Copies the demo, but for what every server has of its own.
async fn copy(client: &Client) {
    let story = Story::new(jiff::Timestamp::UNIX_EPOCH);
    for plural in COPIED {
        let kind = kinds::by_plural(plural).expect("a kind of the demo");
        let mut objects: Vec<Value> = Vec::new();
        story.world().documents(kind, |it| objects.push(serde_json::from_slice(it).expect("JSON")));
        for object in objects {
            let name = object["metadata"]["name"].as_str().expect("a name");
            let is_there = api_of(client, &object).get_opt(name).await.expect("readable").is_some();
            if is_there {
                continue;
            }
            create(client, &[bare(object.clone())]).await;
            if plural == "pods" {
                set_status(client, &object).await;
            }
        }
    }
}

/// Runs programs in a folder, on one server.
struct Shell<'a> {
    folder: &'a Path,
    kubeconfig: &'a Path,
}

impl Shell<'_> {
    fn run(&self, program: &str, words: &[&str]) -> (Option<i32>, String, String) {
        let output: Output = Command::new(program)
            .args(words)
            .current_dir(self.folder)
            .env_clear()
            .env("HOME", self.folder)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KUBECONFIG", self.kubeconfig)
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    fn kreach(&self, line: &str) -> (Option<i32>, String, String) {
        self.run(env!("CARGO_BIN_EXE_kreach"), &line.split(' ').collect::<Vec<_>>())
    }

    fn json(&self, line: &str) -> (Option<i32>, Value) {
        let (exit, text, said) = self.kreach(line);
        let document = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{line}: {text}{said}"));
        (exit, document)
    }

    fn kubectl(&self, line: &str, exits: &[i32]) -> String {
        let (exit, text, said) = self.run("kubectl", &line.split(' ').collect::<Vec<_>>());
        assert!(exit.is_some_and(|it| exits.contains(&it)), "kubectl {line}: {exit:?} {text}{said}");
        text
    }

    fn keep(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).expect("written");
    }

    /// What a fix proposes, with the cluster as it was before kept beside.
    fn proposed(&self, form: &str) -> Value {
        let (exit, _, said) = self.kreach("snapshot before.yaml");
        assert_eq!(exit, Some(0), "{said}");
        let (exit, fix) = self.json(&format!("fix {form} -o json"));
        assert_eq!(exit, Some(0), "{form}: {fix}");
        fix["candidates"][0].clone()
    }

    /// The same in another form.
    fn exported(&self, form: &str, output: &str, name: &str) -> String {
        let (exit, text, said) = self.kreach(&format!("fix {form} -o {output}"));
        assert_eq!(exit, Some(0), "{form}: {said}");
        self.keep(name, &text);
        text
    }
}

/// What is so now is what was said, and nothing else is.
async fn is_as_said(shell: &Shell<'_>, client: &Client, first: &Value) {
    let (exit, diff) = shell.json("diff before.yaml live -o json");
    assert_eq!(exit, Some(1), "{diff}");
    for part in ["counts", "flows", "grants"] {
        assert_eq!(diff[part], first["impact"][part], "{part}");
    }
    for change in first["changes"].as_array().expect("changes") {
        let object = &change["object"];
        let name = object["metadata"]["name"].as_str().expect("a name");
        let now = api_of(client, object).get_opt(name).await.expect("readable");
        let now = now.map(|it| meaning(&serde_json::to_value(it).expect("JSON")));
        let wanted = (change["op"] != "delete").then(|| meaning(object));
        assert_eq!(now, wanted, "{name} is as it was meant, with all else that it held");
    }
    let (exit, again) = shell.json("diff live live -o json");
    assert_eq!((exit, &again["outcome"]), (Some(0), &json!("same")));
}

/// `kubectl diff` shows nothing but lines of what was meant.
fn shows_only(shown: &str, first: &Value) {
    let lines: Vec<&str> = shown.lines().filter(|it| it.starts_with(['+', '-'])).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|it| !it.starts_with("+++") && !it.starts_with("---")).collect();
    assert!(!lines.is_empty(), "{shown}");
    let is_new = first["changes"].as_array().is_some_and(|it| it.iter().any(|it| it["op"] == "create"));
    for line in lines {
        let field = line[1..].trim_start_matches([' ', '-']).split(':').next().unwrap_or_default();
        let is_kept = ["labels", "annotations", "uid", "creationTimestamp", "name", "namespace", "kind", "apiVersion"];
        assert!(is_new || field == "name" || !is_kept.contains(&field), "{line} in\n{shown}");
        assert!(!field.starts_with("status") && field != "managedFields", "{line} in\n{shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_is_made_by_kubectl_as_it_was_said() {
    let Some(plane) = control_plane::private(SUITE, &[]) else { return };
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        control_plane::left_out(SUITE, "no kubectl");
        return;
    }
    let client = plane.client("admin").await;
    copy(&client).await;
    let (folder, kubeconfig) = (tempfile::tempdir().expect("a folder"), plane.kubeconfig_for("admin"));
    let shell = Shell { folder: folder.path(), kubeconfig: &kubeconfig };

    // Manifests: a denied flow is allowed.
    let flow = "deploy/shop/web svc/payments/api";
    assert_eq!(shell.kreach(&format!("trace {flow}")).0, Some(1));
    let form = format!("{flow} --allow");
    let first = shell.proposed(&form);
    shell.exported(&form, "yaml", "fix.yaml");
    shows_only(&shell.kubectl("diff -f fix.yaml", &[1]), &first);
    shell.kubectl("apply -f fix.yaml", &[0]);
    assert_eq!(shell.kreach(&format!("trace {flow}")).0, Some(0));
    is_as_said(&shell, &client, &first).await;

    // A kustomization on objects as they are: an allowed flow is denied.
    let flow = "deploy/monitoring/grafana deploy/shop/cart:9090";
    assert_eq!(shell.kreach(&format!("trace {flow}")).0, Some(0));
    let form = format!("{flow} --deny");
    let first = shell.proposed(&form);
    let text = shell.exported(&form, "kustomize", "all.txt");
    std::fs::create_dir_all(folder.path().join("base")).expect("a folder");
    std::fs::create_dir_all(folder.path().join("overlay")).expect("a folder");
    let old = first["changes"].as_array().expect("changes").iter().filter(|it| it["op"] == "update");
    let old: Vec<String> = old.map(|it| bare(it["before"].clone()).to_string()).collect();
    let names: Vec<String> = (0..old.len()).map(|it| format!("{it}.json")).collect();
    old.iter().zip(&names).for_each(|(text, name)| shell.keep(&format!("base/{name}"), text));
    shell.keep("base/kustomization.yaml", &json!({ "resources": names }).to_string());
    for part in text.split("# file: ").skip(1) {
        let (name, text) = part.split_once('\n').expect("a name and a text");
        shell.keep(&format!("overlay/{}", name.trim()), text);
    }
    shows_only(&shell.kubectl("diff -k overlay", &[1]), &first);
    shell.kubectl("apply -k overlay", &[0]);
    assert_eq!(shell.kreach(&format!("trace {flow}")).0, Some(1));
    is_as_said(&shell, &client, &first).await;

    // A script, with deletions: somebody's rights are taken.
    let form = "--revoke sa:ci/runner";
    let first = shell.proposed(form);
    assert!(first["impact"]["counts"]["taken"].as_u64() > Some(0), "{first}");
    shell.exported(form, "script", "fix.sh");
    let (exit, _, said) = shell.run("sh", &["fix.sh"]);
    assert_eq!(exit, Some(0), "{said}");
    is_as_said(&shell, &client, &first).await;
    let (exit, _, _) = shell.kreach("fix --revoke sa:ci/runner");
    assert_eq!(exit, Some(1), "nothing is left to take");
}
