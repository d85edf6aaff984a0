//! The stage on the screen: edited, staged, taken back, compared, answered with; kept and read again by the real program.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use kreach::ask::{Fault, FaultKind};
use kreach::change::stage::{Fetched, StagedItem};
use kreach::change::{Change, Op, Stage};
use kreach::embedded::{ServeSettings, ServedCluster, kinds, kubeconfig, serve, serve_named};
use kreach::kinds::spec_of;
use kreach::model::cluster::Delta;
use kreach::model::id::{Kind, ObjectId};
use kreach::tui::app::Setup;
use kreach::tui::event::{Effect, Event, Then};
use kreach::tui::key;
use kreach::tui::status::Origin;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::pty::{self, SHOP, Terminal};
use crate::screens::{Driver, check, object, shop};

const SIZE: (u16, u16) = (80, 24);

fn driver() -> Driver {
    let setup = Setup { title: "shop.yaml".into(), origin: Origin::Files, ..Setup::default() };
    Driver::among("user,groups,active\n", setup, shop(), SIZE)
}

/// A policy that shuts all pods of shop.
fn closed() -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "closed", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}})
}

fn created() -> StagedItem {
    StagedItem::new(Change { op: Op::Create, object: closed() }, Fetched::Absent, "shut.yaml").expect("a policy")
}

fn staged(driver: &mut Driver) {
    driver.send(Event::Staged { items: Ok(vec![created()]), then: Then::Stay });
}

/// A policy of the files, as it is there, and how its label would be edited.
fn edited(driver: &mut Driver, change: impl Fn(&str) -> String) -> ObjectId {
    driver.keys("3 e");
    let Some(Effect::Edit { id, text }) = driver.effects.pop() else { panic!("no editor: {:?}", driver.effects) };
    let whole = object(&id).expect("it is in the files");
    let before = text.unwrap_or_else(|| kreach::tui::staging::written(&id, &whole));
    let after = change(&before);
    driver.send(Event::Edited { id: id.clone(), fetched: Fetched::There(whole), before, after: Ok(after) });
    id
}

#[test]
fn what_is_staged_is_listed_compared_and_answered_with() {
    let mut driver = driver();
    let before = driver.keys(": \"trace_shop/web-0_shop/db-0:5432 Enter").text();
    staged(&mut driver);
    assert!(matches!(driver.effects.last(), Some(Effect::KeepStage { .. })), "{:?}", driver.effects.last());
    assert_eq!(without_hints(&driver.text()), without_hints(&before), "staging alone changes no answer");
    assert!(driver.text().contains("1 staged"));
    driver.keys("s");
    check("stage", &mut driver);
    driver.keys("j Enter");
    check("stage_change", &mut driver);
    driver.keys("D");
    check("stage_impact", &mut driver);
    driver.keys("W");
    driver.keys(": \"trace_shop/web-0_shop/db-0:5432 Enter");
    check("what_if", &mut driver);
    driver.keys("W");
    assert_eq!(without_hints(&driver.text()), without_hints(&before), "the cluster as it is");
}

/// All but the last row, which holds what is said.
fn without_hints(text: &str) -> String {
    let rows: Vec<&str> = text.lines().collect();
    rows[..rows.len() - 1].join("\n")
}

#[test]
fn a_change_is_taken_back_undone_and_done_again() {
    let mut driver = driver();
    staged(&mut driver);
    driver.keys("W s j d");
    assert!(driver.text().contains("nothing is staged"), "{}", driver.text());
    assert!(!driver.text().contains("WHAT-IF"), "nothing is left to answer with");
    driver.keys("u");
    assert!(driver.text().contains("create  networkpolicy/shop/closed"), "{}", driver.text());
    driver.keys("u");
    assert!(driver.text().contains("nothing is staged"), "{}", driver.text());
    driver.keys("ctrl-r");
    assert!(driver.text().contains("create  networkpolicy/shop/closed"), "{}", driver.text());
}

#[test]
fn what_is_edited_is_staged_or_refused_with_line_and_reason() {
    let mut driver = driver();
    let id = edited(&mut driver, |it| it.replacen("spec:", "spec:\n  [", 1));
    let text = driver.text();
    assert!(text.contains("refused: line "), "{text}");
    driver.keys("e");
    let Some(Effect::Edit { text: Some(text), .. }) = driver.effects.last() else { panic!("no editor") };
    assert!(text.starts_with("# refused: line "), "what was typed is not lost: {text}");
    let other = edited(&mut driver, |_| written(&id).replacen(&format!("name: {}", id.name), "name: other", 1));
    assert_eq!(other, id);
    assert!(driver.text().contains("kind, namespace and name stay"), "{}", driver.text());
    edited(&mut driver, |_| written(&id).replacen("spec:", "spec:\n  policyTypes: [Egres]", 1));
    assert!(driver.text().contains("refused: "), "{}", driver.text());
    edited(&mut driver, |_| written(&id));
    edited(&mut driver, |_| String::new());
    assert!(driver.text().contains("the file was empty"), "{}", driver.text());
    edited(&mut driver, |it| it.replacen("metadata:", "metadata:\n  annotations: {why: test}", 1));
    assert!(matches!(driver.effects.last(), Some(Effect::KeepStage { .. })), "{:?}", driver.effects.last());
    driver.keys("s");
    assert!(driver.text().contains(&format!("update  {id}  (from the editor)")), "{}", driver.text());
}

fn written(id: &ObjectId) -> String {
    kreach::tui::staging::written(id, &object(id).expect("it is in the files"))
}

#[test]
fn what_others_did_meanwhile_stands_beside_a_change() {
    let mut driver = driver();
    staged(&mut driver);
    driver.keys("s");
    let id = created().id().clone();
    let mut now = closed();
    now["metadata"]["managedFields"] = json!([{"manager": "argocd", "time": "2024-01-01T00:00:00Z"}]);
    driver.send(Event::Compared { id: id.clone(), object: Ok(Some(now)) });
    let text = driver.text();
    assert!(text.contains("created meanwhile by argocd") && text.contains("1 in conflict"), "{text}");
    driver.send(Event::Compared { id, object: Ok(None) });
    assert!(!driver.text().contains("meanwhile"), "{}", driver.text());
}

/// The cluster goes on behind what-if: what comes is taken in, and what is staged stays as it is staged.
#[test]
fn what_if_follows_the_cluster_and_holds_what_is_staged() {
    let mut driver = driver();
    staged(&mut driver);
    driver.keys("W 3");
    let put = |object: &Value| {
        let spec = spec_of("networking.k8s.io/v1", "NetworkPolicy").expect("a known kind");
        spec.read_json(&object.to_string(), "default", &mut Default::default()).delta().expect("a policy")
    };
    let mut other = closed();
    other["metadata"]["name"] = json!("another");
    driver.send(Event::Deltas(vec![put(&other)]));
    let text = driver.text();
    assert!(text.contains("another") && text.contains("closed"), "{text}");
    let id = created().id().clone();
    driver.send(Event::Deltas(vec![Delta::Gone(id.clone())]));
    assert!(
        matches!(driver.effects.last(), Some(Effect::Compare(ids)) if ids.contains(&id)),
        "{:?}",
        driver.effects.last()
    );
    assert!(driver.text().contains("closed"), "{}", driver.text());
    driver.keys("p");
    driver.send(Event::Deltas(vec![Delta::Gone(ObjectId::new(Kind::NETWORK_POLICY, "shop", "another"))]));
    assert!(driver.text().contains("another"), "the picture is held: {}", driver.text());
    driver.keys("p");
    let text = driver.text();
    assert!(!text.contains("another") && text.contains("closed") && text.contains("WHAT-IF 1 staged"), "{text}");
    driver.keys("W");
    assert!(!driver.text().contains("closed"), "{}", driver.text());
}

#[test]
fn a_stage_of_another_session_is_there_again() {
    let mut stage = Stage::default();
    stage.stage([created()]);
    let mut driver = driver();
    driver.send(Event::StageKept(Ok(Some(stage))));
    assert!(driver.text().contains("1 staged change from the last session"), "{}", driver.text());
    driver.send(Event::StageKept(Err(Fault::of(FaultKind::Input, "it is torn"))));
    assert!(driver.text().contains("put aside: it is torn"), "{}", driver.text());
}

/// A session on files whose state is below this folder, with this editor.
fn session(home: &Path, editor: &str, arguments: &[&str]) -> Terminal {
    let home = home.display().to_string();
    let environment = [("XDG_STATE_HOME", home.as_str()), ("HOME", home.as_str()), ("KUBE_EDITOR", editor)];
    let arguments: Vec<&str> = ["--from", SHOP].iter().chain(arguments).copied().collect();
    let terminal = pty::kreach_with(&environment, &arguments, 120, 30);
    terminal.wait_for("payments");
    terminal
}

/// An editor that writes a line behind the text that no YAML has.
fn script(folder: &Path) -> String {
    let path = folder.join("editor");
    let text = "#!/bin/sh\necho \"$1\" >>\"$0.seen\"\nprintf 'status: {x: [\\n' >>\"$1\"\n";
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    path.display().to_string()
}

/// What the editor saved is refused with its line, and the screen is there again.
#[test]
fn what_the_editor_saved_is_refused_with_its_line() {
    let home = tempfile::tempdir().expect("a folder");
    let editor = script(home.path());
    let mut terminal = session(home.path(), &editor, &[]);
    terminal.keys("3");
    terminal.wait_for("<3Pol>");
    terminal.keys("e");
    terminal.wait_for("refused: line ");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
    let seen = std::fs::read_to_string(home.path().join("editor.seen")).expect("the editor ran");
    assert_eq!(seen.lines().count(), 1);
    let kept: Vec<String> = kept(home.path());
    assert!(kept.iter().all(|it| !it.starts_with("edit-")), "{kept:?}");
}

/// A program with arguments, as the variable of the shell's users has it.
#[test]
fn what_an_editor_with_arguments_saves_is_staged() {
    let home = tempfile::tempdir().expect("a folder");
    let editor = "sed -i 's/^metadata:/metadata:\\n  annotations: {why: test}/'";
    let mut terminal = session(home.path(), editor, &[]);
    terminal.keys("3");
    terminal.wait_for("<3Pol>");
    terminal.keys("e");
    terminal.wait_for("staged 1 change");
    terminal.keys("s");
    terminal.wait_for("(from the editor)");
    terminal.keys("j\r");
    terminal.wait_for("why: test");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
}

fn kept(home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(home.join("kreach")).into_iter().flatten().flatten();
    entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect()
}

/// Of a live cluster the whole object is fetched; what somebody else does to it meanwhile stands beside the change.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_do_to_a_live_object_is_told_by_its_manager() {
    let home = tempfile::tempdir().expect("a folder");
    let world = ServedCluster::told("shared");
    let put = |plural: &str, object: Value| world.put(kinds::by_plural(plural).expect("it is served"), object);
    put("namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "n"}}));
    let policy = |rules: Value, managers: Value| {
        let mut policy = closed();
        policy["metadata"]["uid"] = json!("u1");
        policy["metadata"]["managedFields"] = managers;
        policy["spec"]["ingress"] = rules;
        policy
    };
    put("networkpolicies", policy(json!([]), json!([])));
    let server = serve(world.clone(), "127.0.0.1:0", ServeSettings::default()).await.expect("a server");
    let config = home.path().join("config");
    kubeconfig::write(&config, &server, "shared").expect("a kubeconfig");
    let place = home.path().display().to_string();
    let open = move || {
        let editor = "sed -i 's/^  ingress: .*/  ingress: [{}]/'";
        let environment = [("XDG_STATE_HOME", place.as_str()), ("HOME", place.as_str()), ("KUBE_EDITOR", editor)];
        let config = format!("{place}/config");
        let mut terminal = pty::kreach_with(&environment, &["--kubeconfig", &config], 120, 30);
        terminal.wait_for("LIVE");
        terminal.keys("3");
        terminal.wait_for("shop/closed");
        terminal.keys("e");
        terminal.wait_for("staged 1 change");
        terminal.keys("s");
        terminal.wait_for("update  networkpolicy/shop/closed  (from the editor)");
        terminal
    };
    let terminal = tokio::task::spawn_blocking(open).await.expect("it is staged");
    let others = json!([{"manager": "argocd", "operation": "Update", "time": "2024-01-01T00:00:00Z"}]);
    put("networkpolicies", policy(json!([{"ports": [{"port": 80}]}]), others));
    let told = move || {
        terminal.wait_for("conflict: spec.ingress changed meanwhile by argocd");
        terminal
    };
    let mut terminal = tokio::task::spawn_blocking(told).await.expect("it is told");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
}

/// What is said to be staged is there again after kill -9, in a file of its owner's alone; a torn one is put aside.
#[test]
fn a_stage_survives_kill_9_and_a_torn_file_is_put_aside() {
    let home = tempfile::tempdir().expect("a folder");
    let manifest = home.path().join("shut.yaml");
    std::fs::write(&manifest, closed().to_string()).expect("written");
    let terminal = session(home.path(), "true", &["--stage", &manifest.display().to_string()]);
    terminal.wait_for("staged 1 change");
    let text = terminal.wait_for("WHAT-IF 1 staged");
    assert!(text.contains("WHAT-IF 1 staged"), "{text}");
    let id = Pid::from_raw(terminal.process_id() as i32).expect("a process");
    kill_process(id, Signal::KILL).expect("it is ours");
    terminal.wait_exit();
    let files = kept(home.path());
    let name = files.iter().find(|it| it.starts_with("stage-")).expect("it is kept").clone();
    let path = home.path().join("kreach").join(&name);
    assert_eq!(path.metadata().expect("it is there").permissions().mode() & 0o777, 0o600);
    let mut terminal = session(home.path(), "true", &[]);
    terminal.wait_for("1 staged change from the last session");
    terminal.keys("s");
    terminal.wait_for("create  networkpolicy/shop/closed");
    terminal.keys("E\r");
    terminal.wait_for("kept ");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
    let exported = kept(home.path()).into_iter().find(|it| it.ends_with(".yaml")).expect("it is exported");
    let exported = std::fs::read_to_string(home.path().join("kreach").join(exported)).expect("it is there");
    assert!(exported.contains("name: closed"), "{exported}");
    std::fs::write(&path, "{\"version\": \"kre").expect("torn");
    let mut terminal = session(home.path(), "true", &[]);
    terminal.wait_for("is put aside");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
    assert!(kept(home.path()).contains(&format!("{name}.unreadable")));
}

/// Whenever the program is killed while it stages and takes back, the file holds a whole stage.
#[test]
fn kill_9_in_the_middle_of_staging_leaves_a_whole_stage() {
    let home = tempfile::tempdir().expect("a folder");
    let manifest = home.path().join("shut.yaml");
    std::fs::write(&manifest, closed().to_string()).expect("written");
    for round in 0..4_usize {
        let mut terminal = session(home.path(), "true", &["--stage", &manifest.display().to_string()]);
        // What is said to be staged is kept by then.
        terminal.wait_for(if round == 0 { "staged 1 change" } else { "WHAT-IF 1 staged" });
        terminal.keys("s");
        terminal.wait_for("stage: 1 staged change");
        terminal.keys(&"u\x12".repeat(20 + 7 * round));
        let id = Pid::from_raw(terminal.process_id() as i32).expect("a process");
        kill_process(id, Signal::KILL).expect("it is ours");
        terminal.wait_exit();
        let files = kept(home.path());
        let name = files.iter().find(|it| it.starts_with("stage-")).expect("it is kept");
        let text = std::fs::read_to_string(home.path().join("kreach").join(name)).expect("it is there");
        let stage: Stage = serde_json::from_str(&text).unwrap_or_else(|it| panic!("{it}: {text}"));
        assert!(stage.items().len() <= 1);
    }
}

/// From the denied trace to the stage, by keys: what the candidate changes is worked out, folded, staged in one step.
#[test]
fn a_denied_trace_is_fixed_by_keys() {
    let mut driver = driver();
    driver.keys(": \"trace_shop/web-0_payments/ledger-0:9000 Enter");
    check("fix_denied", &mut driver);
    driver.keys("f");
    check("fix_candidates", &mut driver);
    driver.keys("j Enter");
    check("fix_unfolded", &mut driver);
    driver.keys("space");
    assert!(driver.effects.iter().any(|it| matches!(it, Effect::KeepStage { .. })), "{}", driver.text());
    check("fix_staged", &mut driver);
    driver.keys("s");
    check("fix_stage", &mut driver);
    driver.keys("W : \"trace_shop/web-0_payments/ledger-0:9000 Enter");
    assert!(driver.text().contains("allow"), "{}", driver.text());
    driver.keys("W s u");
    assert!(driver.text().contains("nothing is staged"), "all its changes are one step: {}", driver.text());
}

/// The story's incident from the verdict to the file that is exported, at 80×24.
#[test]
fn the_incident_is_solved_by_keys() {
    let mut driver = crate::ten_tasks::session("incident", SIZE);
    driver.objects = crate::ten_tasks::objects(&[Kind::NETWORK_POLICY]);
    let trace = ": \"trace_deploy/shop/web_svc/payments/db:5432 Enter";
    driver.keys(trace);
    check("incident_verdict", &mut driver);
    driver.keys("f");
    check("incident_fix", &mut driver);
    driver.keys("j space s");
    check("incident_stage", &mut driver);
    driver.keys("D");
    check("incident_impact", &mut driver);
    driver.keys("W");
    driver.keys(trace);
    check("incident_what_if", &mut driver);
    driver.keys("W E");
    check("incident_export", &mut driver);
    driver.keys("Enter");
    let Some(Effect::Export { extension, text }) = driver.effects.last() else { panic!("{:?}", driver.effects.last()) };
    assert_eq!(*extension, "yaml");
    let ids: Vec<String> = kreach::live::files::load_text("fix.yaml", text, "default")
        .expect("what is exported reads")
        .cluster
        .policies
        .iter()
        .map(|it| it.id().to_string())
        .collect();
    assert!(!ids.is_empty() && text.matches("kind: NetworkPolicy").count() == ids.len(), "{text}");
}

/// Whoever presses space at once means the best.
#[test]
fn on_the_headline_of_a_fix_the_first_candidate_is_staged() {
    let mut driver = crate::ten_tasks::session("incident", SIZE);
    driver.objects = crate::ten_tasks::objects(&[Kind::NETWORK_POLICY]);
    driver.keys(": \"trace_deploy/shop/web_svc/payments/db:5432 Enter f space s");
    assert!(driver.text().contains("candidate 1 of"), "{}", driver.text());
    driver.keys("u");
    assert!(driver.text().contains("nothing is staged"), "all its changes are one step: {}", driver.text());
}

/// What somebody no longer surely reaches stands with what differs, once it is worked out.
#[test]
fn reach_that_differs_is_told_of_what_is_staged() {
    let mut driver = crate::ten_tasks::session("incident", SIZE);
    driver.objects = crate::ten_tasks::objects(&[Kind::CLUSTER_ROLE_BINDING]);
    driver.keys(": \"fix_--revoke_sa:ci/runner Enter j space D G");
    let text = driver.text();
    assert!(
        text.contains("reach gained 0, lost 0, unsure 3") && text.contains("unsure  sa:ci/runner  cluster-admin"),
        "{text}"
    );
}

/// What others change in other fields is part of the staged change at once; what both change is left and told.
#[test]
fn a_staged_change_follows_its_object_where_nothing_clashes() {
    let mut driver = driver();
    let id = edited(&mut driver, |it| it.replacen("metadata:", "metadata:\n  annotations: {why: test}", 1));
    driver.keys("s");
    let now = |more: &dyn Fn(&mut Value)| {
        let mut now = object(&id).expect("it is in the files");
        now["metadata"]["managedFields"] = json!([{"manager": "argocd", "time": "2024-01-01T00:00:00Z"}]);
        more(&mut now);
        Event::Compared { id: id.clone(), object: Ok(Some(now)) }
    };
    driver.send(now(&|it| it["metadata"]["labels"] = json!({"team": "x"})));
    let text = driver.text();
    assert!(text.contains("taken over: metadata.labels changed meanwhile by argocd"), "{text}");
    assert!(matches!(driver.effects.last(), Some(Effect::KeepStage { .. })), "{:?}", driver.effects.last());
    driver.keys("j Enter");
    let text = driver.text();
    assert!(text.contains("why: test") && !text.contains("- team"), "{text}");
    driver.send(now(&|it| it["metadata"]["annotations"] = json!({"why": "theirs"})));
    let text = driver.text();
    assert!(text.contains("conflict: metadata.annotations"), "{text}");
}

/// What `f` asks for is said by where one is; elsewhere it is refused with a reason.
#[test]
fn f_asks_for_what_is_under_the_cursor() {
    let mut driver = driver();
    let mut asked = |keys: &str, words: &str| {
        driver.keys(keys);
        let text = driver.text();
        assert!(text.contains(words), "{keys}: no {words:?} in\n{text}");
        driver.keys("Esc Esc");
    };
    asked("1 f", "fix --isolate ns/");
    asked("2 f", "fix --contain pod/");
    asked("3 f", "fix: select a namespace, a pod or a subject");
    asked("4 f", "fix --revoke ");
    asked(": \"permissions_user:lost Enter j f", "fix ");
    asked(": \"trace_shop/web-0_shop/db-0:5432 Enter f", "5432/TCP --deny");
    asked(": \"reach_sa:shop/web_--to_cluster-admin Enter f", "fix --revoke sa:shop/web --to cluster-admin");
    asked(": \"choke_cluster-admin Enter f", "fix --to cluster-admin");
    asked(": \"choke_cluster-admin Enter j j j f", "fix --revoke ");
    asked(": \"fix_--isolate_ns/shop Enter", "isolate ns/shop");
    asked(": \"fix_--contain_ns/shop Enter", "is no pod");
    asked("3 space", "");
}

/// What somebody changes in the cluster is fetched again before a candidate is staged on it.
#[test]
fn a_candidate_is_of_the_object_as_it_is_now() {
    let mut driver = driver();
    driver.keys(": \"trace_shop/web-0_shop/db-0:5432 Enter f");
    let wholes = |driver: &Driver| driver.effects.iter().filter(|it| matches!(it, Effect::Wholes { .. })).count();
    assert_eq!(wholes(&driver), 1);
    let id = ObjectId::new(Kind::NETWORK_POLICY, "shop", "allow-web");
    let spec = spec_of("networking.k8s.io/v1", "NetworkPolicy").expect("a known kind");
    let text = object(&id).expect("it is in the files").to_string();
    let delta = spec.read_json(&text, "default", &mut Default::default()).delta().expect("a policy");
    driver.send(Event::Deltas(vec![delta]));
    driver.send(Event::Tick(Default::default()));
    assert_eq!(wholes(&driver), 2, "{:?}", driver.effects);
    driver.keys("j space");
    let held = driver.effects.iter().any(|it| matches!(it, Effect::Compare(ids) if ids.contains(&id)));
    assert!(held, "{:?}", driver.effects);
    driver.keys("space");
    assert!(driver.text().contains("is staged already"), "{}", driver.text());
    driver.keys("W");
    assert!(driver.text().contains("already as asked"), "{}", driver.text());
    assert_eq!(wholes(&driver), 3, "what is staged is what is changed: {:?}", driver.effects);
    driver.keys("W");
    assert!(driver.text().contains("2 candidates"), "{}", driver.text());
    assert_eq!(wholes(&driver), 4, "{:?}", driver.effects);
}

/// A pod that comes meanwhile keeps nobody from staging what is shown, though it is worked out again.
#[test]
fn a_candidate_is_staged_though_something_else_has_changed() {
    let mut driver = driver();
    driver.keys(": \"trace_shop/web-0_shop/db-0:5432 Enter f");
    let spec = spec_of("v1", "Pod").expect("a known kind");
    let pod = r#"{"metadata":{"name":"late","namespace":"tools"},"spec":{"containers":[{"name":"c"}]}}"#;
    let delta = spec.read_json(pod, "default", &mut Default::default()).delta().expect("a pod");
    drop(driver.app.update(Event::Deltas(vec![delta])));
    let mut effects = driver.app.update(Event::Key(key::parse("j").expect("a key")));
    effects.extend(driver.app.update(Event::Key(key::parse("space").expect("a key"))));
    let id = ObjectId::new(Kind::NETWORK_POLICY, "shop", "allow-web");
    let is_staged = |it: &Effect| matches!(it, Effect::Compare(ids) if ids.contains(&id));
    assert!(effects.iter().any(is_staged), "{effects:?}");
}

/// On the story's cluster, live: the denied trace, its candidates, one of them staged, the stage.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_denied_trace_is_fixed_by_keys() {
    let home = tempfile::tempdir().expect("a folder");
    let server = serve_named("story", "127.0.0.1:0", ServeSettings::default()).await.expect("the demo's world");
    kubeconfig::write(&home.path().join("config"), &server, "story").expect("a kubeconfig");
    let place = home.path().display().to_string();
    let run = move || {
        let environment = [("XDG_STATE_HOME", place.as_str()), ("HOME", place.as_str())];
        let config = format!("{place}/config");
        let mut terminal = pty::kreach_with(&environment, &["--kubeconfig", &config], 80, 24);
        terminal.wait_for("LIVE");
        terminal.keys(":trace deploy/shop/web svc/payments/db\r");
        terminal.wait_for("deny  deployment/shop/web");
        terminal.keys("f");
        terminal.wait_for("1. certain, changes ");
        terminal.keys("j ");
        terminal.wait_for("staged ");
        terminal.keys("s");
        let text = terminal.wait_for("in the order in which they are made");
        assert!(text.contains("(from candidate 1 of fix"), "{text}");
        terminal.keys("Q");
        assert_eq!(terminal.wait_exit(), 0);
    };
    tokio::task::spawn_blocking(run).await.expect("it is staged");
}
