//! `kreach diff` on a cluster that is asked: as it is, and with files applied, as people run it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use kreach::embedded::{ServeSettings, ServedCluster, Story, kinds, kubeconfig, serve, serve_named};
use serde_json::{Value, json};

const POLICY: &str = r#"{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"shut-all","namespace":"legacy"},"spec":{"podSelector":{},"policyTypes":["Ingress","Egress"]}}"#;
const BINDING: &str = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"new"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"new"},"subjects":[{"kind":"User","name":"new","apiGroup":"rbac.authorization.k8s.io"}]}
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"new"},"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}]}"#;

/// Asks a served world, with files beside; what was said, and the JSON on stdout.
async fn asked(files: Vec<(&'static str, String)>, lines: Vec<&'static str>) -> Vec<(Option<i32>, Value, String)> {
    let server = serve_named("story", "127.0.0.1:0", ServeSettings::default());
    let server = server.await.expect("the demo's world");
    let folder = tempfile::tempdir().expect("a folder");
    kubeconfig::write(&folder.path().join("config"), &server, "story").expect("a kubeconfig");
    files.iter().for_each(|(name, text)| std::fs::write(folder.path().join(name), text).expect("written"));
    let run = move || {
        let ask = |line| answered(folder.path(), line);
        lines.into_iter().map(ask).collect()
    };
    tokio::task::spawn_blocking(run).await.expect("it runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_compared_with_itself_under_new_files() {
    let files = vec![("shut.json", POLICY.to_owned()), ("grant.json", BINDING.to_owned())];
    let lines = vec![
        "diff live live -o json",
        "diff live live+shut.json -o json",
        "diff live+grant.json live -o json",
        "diff live live+none.json -o json",
    ];
    let said = asked(files, lines).await;
    assert_eq!((said[0].0, &said[0].1["outcome"], &said[0].1["flows"]), (Some(0), &json!("same"), &json!([])));
    let counts = &said[1].1["counts"];
    assert_eq!((said[1].0, &counts["opened"], &counts["given"]), (Some(1), &json!(0), &json!(0)), "{counts}");
    assert!(counts["closed"].as_u64().is_some_and(|it| it > 0), "{counts}");
    let row = &said[2].1["grants"][0];
    assert_eq!((said[2].0, &row["subject"], &row["change"]), (Some(1), &json!("user:new"), &json!("taken")), "{row}");
    assert!(said[3].0 == Some(2) && said[3].2.contains("none.json"), "{}", said[3].2);
}

/// Its deletions included (CONTRACT §9).
#[tokio::test(flavor = "multi_thread")]
async fn a_fix_is_applied_with_its_deletions() {
    let object: Value = serde_json::from_str(POLICY).expect("JSON");
    let steps = |op: &str| {
        let changes = json!([{ "op": op, "object": object }]);
        json!({ "version": "kreach/v1", "kind": "Fix", "candidates": [{ "changes": changes }] }).to_string()
    };
    let files = vec![("create.json", steps("create")), ("delete.json", steps("delete")), ("odd.json", steps("mend"))];
    let lines = vec![
        "diff live+create.json live+delete.json -o json",
        "diff live live+delete.json -o json",
        "diff live live+odd.json -o json",
    ];
    let said = asked(files, lines).await;
    assert!(said[0].0 == Some(1) && said[0].1["counts"]["opened"].as_u64() > Some(0), "{}", said[0].1["counts"]);
    assert_eq!(said[1].0, Some(0), "{}", said[1].1);
    assert!(said[1].1["notes"].to_string().contains("is not there: nothing to delete"), "{}", said[1].1["notes"]);
    assert!(said[2].0 == Some(2) && said[2].2.contains("op and object"), "{}", said[2].2);
}

/// How a command ended in this folder, with the kubeconfig in it: its exit code, the JSON that it printed, and stderr.
fn answered(folder: &Path, line: &str) -> (Option<i32>, Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kreach"));
    command.args(line.split(' ')).current_dir(folder).env_clear().env("HOME", "/nonexistent");
    let output: Output = command.env("KUBECONFIG", "config").stdin(Stdio::null()).output().expect("the binary starts");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), document, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What a candidate says that it changes is what `diff` says of the cluster with it applied, whole objects and all.
#[tokio::test(flavor = "multi_thread")]
async fn a_fix_of_a_cluster_changes_what_it_says() {
    let server = serve_named("story", "127.0.0.1:0", ServeSettings::default()).await.expect("the demo's world");
    let folder = tempfile::tempdir().expect("a folder");
    kubeconfig::write(&folder.path().join("config"), &server, "story").expect("a kubeconfig");
    let run = move || {
        let ask = |line: &str| answered(folder.path(), line);
        for form in [
            "deploy/shop/web svc/platform/registry --deny",
            "deploy/shop/web svc/payments/api --allow",
            "--isolate ns/shop",
            "--revoke sa:ci/runner",
        ] {
            let (exit, fix, said) = ask(&format!("fix {form} -o json"));
            if exit == Some(1) {
                assert!(fix["evidence"].as_array().is_some_and(|it| !it.is_empty()), "{form}: {fix} {said}");
                continue;
            }
            assert_eq!(exit, Some(0), "{form}: {said}");
            let first = &fix["candidates"][0];
            for change in first["changes"].as_array().expect("changes") {
                let metadata = &change["object"]["metadata"];
                assert!(change["op"] == "create" || metadata["uid"].is_string(), "{form}: {metadata}");
                assert!(metadata["managedFields"].is_null(), "{form}: {metadata}");
            }
            std::fs::write(folder.path().join("fix.json"), fix.to_string()).expect("written");
            let (_, diff, said) = ask("diff live live+fix.json -o json");
            assert_eq!(diff["counts"], first["impact"]["counts"], "{form}: {said}");
            assert_eq!(diff["flows"], first["impact"]["flows"], "{form}");
            assert_eq!(diff["grants"], first["impact"]["grants"], "{form}");
        }
    };
    tokio::task::spawn_blocking(run).await.expect("it runs");
}

/// A command's exit code, the JSON on stdout, what was said beside.
type Said = (Option<i32>, Value, String);

/// An object as its server has it, changed by somebody else.
fn others(world: &ServedCluster, plural: &str, fetched: &Value, change: impl Fn(&mut Value)) {
    let mut object = fetched.clone();
    change(&mut object);
    object["metadata"]["managedFields"] =
        json!([{"manager": "argocd", "operation": "Update", "time": "2030-01-01T00:00:00Z"}]);
    world.put(kinds::by_plural(plural).expect("it is served"), object);
}

/// Keeps a fix, lets somebody else change the object of its only change, and asks again.
fn kept(
    form: &str,
    (plural, field): (&str, &str),
    asked: &str,
    world: &ServedCluster,
    folder: &Path,
    ask: &dyn Fn(&str) -> Said,
) {
    let keep = |name: &str, it: &Value| std::fs::write(folder.join(name), it.to_string()).expect("written");
    let fix = || {
        let (exit, fix, said) = ask(&format!("fix {form} -o json"));
        assert_eq!(exit, Some(0), "{form}: {said}");
        fix
    };
    let fetched = |fix: &Value| {
        let change = &fix["candidates"][0]["changes"][0];
        if change["op"] == "update" { change["before"].clone() } else { change["object"].clone() }
    };
    let first = fix();
    let (before, impact) = (fetched(&first), &first["candidates"][0]["impact"]);
    assert!(before["metadata"]["uid"].is_string(), "{form}: {before}");
    keep("fix.json", &first);
    let (exit, diff, said) = ask("diff live live+fix.json -o json");
    assert!(exit == Some(1) && !said.contains("meanwhile"), "{form}: {said}");
    assert_eq!(diff["counts"], impact["counts"], "{form}");

    // Another field: an update goes on with it, a deletion would lose it.
    others(world, plural, &before, |it| it["metadata"]["labels"]["owner"] = json!("somebody"));
    let (exit, diff, said) = ask("diff live live+fix.json -o json");
    assert!(said.contains("metadata.labels") && said.contains("changed meanwhile by argocd"), "{form}: {said}");
    if first["candidates"][0]["changes"][0]["op"] == "update" {
        assert!(said.contains("taken over: "), "{form}: {said}");
        assert_eq!((exit, &diff["counts"]), (Some(1), &impact["counts"]), "{form}: {said}");
        assert!(diff["notes"].to_string().contains("taken over: "), "{form}: {diff}");
    } else {
        assert!(exit == Some(2) && said.contains("conflict: "), "{form}: {said}");
    }

    // The same field: what would undo somebody's work is answered by nobody.
    others(world, plural, &fetched(&fix()), |it| {
        let lists = [format!("/{field}"), format!("/spec/{field}")];
        for place in lists {
            if let Some(list) = it.pointer_mut(&place) {
                *list = json!([]);
            }
        }
    });
    for line in ["diff live live+fix.json", "diff live live --stage fix.json", asked] {
        let (exit, _, said) = ask(line);
        assert!(exit == Some(2) && said.contains("conflict: ") && said.contains(field), "{line}: {exit:?} {said}");
        assert!(
            said.contains("changed meanwhile by argocd") && said.contains("make the change again"),
            "{line}: {said}"
        );
    }

    // A manifest that names an older resourceVersion is taken as it is written, and that it is old is said.
    keep("old.json", &before);
    let (exit, _, said) = ask("diff live live+old.json -o json");
    assert_eq!(exit, Some(1), "{form}: {said}");
    assert!(said.contains("it was changed by argocd since this file was read from the cluster"), "{form}: {said}");
    assert!(said.contains(field), "{form}: {said}");
}

/// Somebody else is faster than whoever keeps a fix for later: commands tell it, go on where nothing clashes, and stop where
/// it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_kept_fix_is_for_the_object_as_it_is_by_now_or_for_none() {
    let world = Story::new(jiff::Timestamp::UNIX_EPOCH).world().clone();
    let server = serve(world.clone(), "127.0.0.1:0", ServeSettings::default()).await.expect("a server");
    let folder = tempfile::tempdir().expect("a folder");
    kubeconfig::write(&folder.path().join("config"), &server, "story").expect("a kubeconfig");
    let run = move || {
        let ask = |line: &str| answered(folder.path(), line);
        let flow = "deploy/shop/web svc/payments/api";
        let (form, asked) = (format!("{flow} --allow"), format!("trace {flow} --stage fix.json"));
        kept(&form, ("networkpolicies", "egress"), &asked, &world, folder.path(), &ask);
        let asked = "permissions sa:ci/runner --stage fix.json";
        kept("--revoke sa:ci/runner", ("clusterrolebindings", "subjects"), asked, &world, folder.path(), &ask);
    };
    tokio::task::spawn_blocking(run).await.expect("it runs");
}
