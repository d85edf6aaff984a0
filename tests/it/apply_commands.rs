//! `kreach apply` and `kreach undo` as people run them, on the embedded server.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use kreach::embedded::{ServeSettings, Server, kubeconfig, serve_named};
use serde_json::{Value, json};

use crate::pty;

fn policy(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
}

/// Shuts all that runs in a namespace, from DNS too.
fn shut() -> Value {
    let mut policy = policy("shut", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    policy["metadata"]["namespace"] = json!("legacy");
    policy
}

/// Something that changes no flow.
pub fn harmless(name: &str) -> Value {
    policy(name, json!({"podSelector": {"matchLabels": {"app": "nobody"}}, "policyTypes": ["Ingress"]}))
}

/// A served story that may be changed, and a folder with a kubeconfig and these files.
pub struct Bench {
    pub server: Server,
    pub folder: tempfile::TempDir,
}

/// What a run said: its exit code, stdout, stderr.
#[derive(Debug)]
pub struct Said(pub Option<i32>, pub String, pub String);

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.1).unwrap_or_default()
    }
}

pub async fn bench(settings: ServeSettings, files: &[(&str, Value)]) -> Bench {
    let server = serve_named("story", "127.0.0.1:0", settings).await.expect("the demo's world");
    let folder = tempfile::tempdir().expect("a folder");
    kubeconfig::write(&folder.path().join("config"), &server, "story").expect("a kubeconfig");
    files.iter().for_each(|(name, it)| std::fs::write(folder.path().join(name), it.to_string()).expect("written"));
    Bench { server, folder }
}

pub fn command(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kreach"));
    command.args(line.split(' ')).current_dir(folder).env_clear().env("HOME", "/nonexistent");
    command.env("XDG_STATE_HOME", folder.join("state")).env("KUBECONFIG", "config").stdin(Stdio::null());
    command
}

impl Bench {
    pub async fn run(&self, line: &str) -> Said {
        ran(command(self.folder.path(), line)).await
    }

    /// The same with a configuration file that says this.
    async fn configured(&self, text: &str, line: &str) -> Said {
        let folder = self.folder.path().join("settings/kreach");
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("config.yaml");
        std::fs::write(&path, text).expect("written");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, private).expect("ours");
        let mut command = command(self.folder.path(), line);
        command.env("XDG_CONFIG_HOME", self.folder.path().join("settings")).env("TERM", "xterm");
        ran(command).await
    }
}

/// The same, where the kubeconfig comes from a pipe, which can be read once.
async fn piped(mut command: Command, kubeconfig: String) -> Said {
    command.env("KUBECONFIG", "/dev/stdin").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("the binary starts");
        // Dropped where it is written, so that the pipe ends.
        child.stdin.take().expect("a pipe").write_all(kubeconfig.as_bytes()).expect("it is read");
        child.wait_with_output().expect("it ends")
    });
    said(&ran.await.expect("it runs"))
}

async fn ran(mut command: Command) -> Said {
    let ran = tokio::task::spawn_blocking(move || command.output().expect("the binary starts"));
    said(&ran.await.expect("it runs"))
}

fn said(output: &Output) -> Said {
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    Said(output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_without_write_a_terminal_or_a_yes() {
    let bench = bench(
        ServeSettings::writable(),
        &[("a.json", harmless("a")), ("none.json", json!({"kind": "List", "apiVersion": "v1", "items": []}))],
    )
    .await;
    for line in ["apply a.json", "apply a.json --yes", "apply a.json --dry-run", "undo", "undo --yes"] {
        let said = bench.run(line).await;
        assert!(said.0 == Some(2) && said.2.contains("needs --write"), "{line}: {said:?}");
    }
    let said = bench.run("apply a.json --write").await;
    assert!(said.0 == Some(2) && said.2.contains("add --yes"), "{said:?}");
    let said = bench.run("apply none.json --write --yes").await;
    assert!(said.0 == Some(2) && said.2.contains("no object to apply"), "{said:?}");
    let said = bench.run("apply a.json --write --yes --from a.json").await;
    assert!(said.0 == Some(2) && said.2.contains("not to --from"), "{said:?}");
    let said = bench.run("apply gone.json --write --yes").await;
    assert!(said.0 == Some(2) && said.2.contains("gone.json"), "{said:?}");
    let said = bench.run("explain networkpolicy/shop/a").await;
    assert_ne!(said.0, Some(0), "nothing was created: {said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_applied_is_as_predicted_and_is_undone_once() {
    let bench = bench(ServeSettings::writable(), &[("a.json", harmless("a"))]).await;
    let dry = bench.run("apply a.json --write --dry-run -o json").await;
    assert_eq!(
        (dry.0, &dry.json()["outcome"], &dry.json()["id"]),
        (Some(0), &json!("dry-run"), &Value::Null),
        "{dry:?}"
    );
    let made = bench.run("apply a.json --write --yes -o json").await;
    let document = made.json();
    assert_eq!(
        (made.0, &document["outcome"], &document["asPredicted"]),
        (Some(0), &json!("made"), &json!(true)),
        "{made:?}"
    );
    assert_eq!(document["changes"], json!([{"op": "create", "object": "networkpolicy/shop/a", "state": "made"}]));
    let again = bench.run("apply a.json --write --yes").await;
    assert!(again.0 == Some(0) && again.1.contains("so already"), "{again:?}");
    let list = bench.run("undo --list -o json").await;
    let items = &list.json()["items"];
    assert_eq!(
        (items.as_array().map(Vec::len), &items[0]["user"], &items[0]["origin"]),
        (Some(1), &json!("user:demo"), &json!(["a.json"])),
        "{list:?}"
    );
    let id = items[0]["id"].as_str().expect("an id").to_owned();
    let undone = bench.run("undo --write --yes").await;
    assert!(undone.0 == Some(0) && undone.1.contains("deleted  networkpolicy/shop/a"), "{undone:?}");
    let nothing = bench.run("undo --write --yes").await;
    assert!(nothing.0 == Some(1) && nothing.1.contains("nothing is left to undo"), "{nothing:?}");
    let named = bench.run(&format!("undo {id} --write --yes")).await;
    assert!(named.0 == Some(1) && named.1.contains("was undone by"), "{named:?}");
    // The undo itself can be taken back by its name.
    let list = bench.run("undo --list -o json").await.json();
    let undo = list["items"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(list["items"][1]["undoneBy"], json!(undo));
    let redone = bench.run(&format!("undo {undo} --write --yes")).await;
    assert!(redone.0 == Some(0) && redone.1.contains("created  networkpolicy/shop/a"), "{redone:?}");
    let mode =
        |path: &Path| std::os::unix::fs::PermissionsExt::mode(&path.metadata().expect("there").permissions()) & 0o777;
    let state = bench.folder.path().join("state/kreach");
    assert_eq!(mode(&state), 0o700);
    for entry in std::fs::read_dir(&state).expect("a folder").flatten() {
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_stops_it_until_it_is_overridden_by_name() {
    let bench = bench(ServeSettings::writable(), &[("shut.json", shut())]).await;
    let said = bench.run("apply shut.json --write --yes -o json").await;
    let document = said.json();
    assert_eq!((said.0, &document["outcome"]), (Some(1), &json!("refused")), "{said:?}");
    let stops = |it: &&Value| it["stops"] == true;
    let names: Vec<String> = document["guards"]
        .as_array()
        .expect("guards")
        .iter()
        .filter(stops)
        .filter_map(|it| it["guard"].as_str().map(str::to_owned))
        .collect();
    assert!(names.contains(&"dns".to_owned()), "{names:?}");
    let flags: String = names.iter().map(|it| format!(" --override {it}")).collect();
    let said = bench.run(&format!("apply shut.json --write --yes -o json{flags}")).await;
    assert_eq!((said.0, &said.json()["outcome"]), (Some(0), &json!("made")), "{said:?}");
    let list = bench.run("undo --list -o json").await.json();
    assert_eq!(list["items"][0]["overridden"].as_array().map(Vec::len), Some(names.len()), "{list}");
    let said = bench.run("apply shut.json --write --yes --override nothing").await;
    assert_eq!(said.0, Some(2), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn production_asks_for_its_name() {
    let bench = bench(ServeSettings::writable(), &[("a.json", harmless("a"))]).await;
    let path = bench.folder.path().join("config");
    let text = std::fs::read_to_string(&path).expect("a kubeconfig");
    let config: Value = serde_saphyr::from_str(&text).expect("YAML");
    let context = config["current-context"].as_str().expect("a context").to_owned();
    std::fs::write(&path, text.replace(&context, "eu-prod")).expect("written");
    let said = bench.run("apply a.json --write --yes").await;
    assert!(said.0 == Some(2) && said.2.contains("--confirm-context eu-prod"), "{said:?}");
    let said = bench.run("apply a.json --write --yes --confirm-context other").await;
    assert_eq!(said.0, Some(2), "{said:?}");
    let said = bench.run("apply a.json --write --yes --confirm-context eu-prod").await;
    assert_eq!(said.0, Some(0), "{said:?}");
}

/// What the configuration says of a context: that it may be written to, that it is production, or that it never is.
#[tokio::test(flavor = "multi_thread")]
async fn a_context_may_be_written_to_by_the_configuration() {
    let bench = bench(ServeSettings::writable(), &[("a.json", harmless("a"))]).await;
    let kubeconfig = std::fs::read_to_string(bench.folder.path().join("config")).expect("a kubeconfig");
    let kubeconfig: Value = serde_saphyr::from_str(&kubeconfig).expect("YAML");
    let of = |said: &str| format!("contexts:\n  {}: {said}\n", kubeconfig["current-context"].as_str().expect("one"));
    let (apply, dry) = ("apply a.json --yes", "apply a.json --dry-run");
    for text in [String::new(), of("{write: false}"), of("{}"), "contexts: {other: {write: true}}".to_owned()] {
        let said = bench.configured(&text, dry).await;
        assert!(said.0 == Some(2) && said.2.contains("needs --write"), "{text}: {said:?}");
    }
    // What is not known lets nothing pass, with the flag either: neither a command nor the screen.
    for line in [apply, "apply a.json --yes --write", "pods"] {
        let said = bench.configured(&of("{write: true, prodction: true}"), line).await;
        assert!(said.0 == Some(2) && said.2.contains("config.yaml line 2: "), "{line}: {said:?}");
        assert!(said.2.contains("prodction"), "{said:?}");
    }
    let path = |name: &str| bench.folder.path().join(name).display().to_string();
    let environment = [("KUBECONFIG", path("config")), ("XDG_CONFIG_HOME", path("settings"))];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, it)| (*name, it.as_str())).collect();
    let screen = pty::kreach_with(&environment, &["--write"], 80, 24);
    assert_eq!(screen.wait_exit(), 2, "{}", screen.screen());
    let said = bench.configured(&of("{write: false}"), "apply a.json --yes --write").await;
    assert!(said.0 == Some(2) && said.2.contains("only read"), "{said:?}");
    // It says nothing of another cluster that is put in the place of the context's own.
    let elsewhere = format!("{apply} --server http://{}", bench.server.addr);
    let said = bench.configured(&of("{write: true}"), &elsewhere).await;
    assert!(said.0 == Some(2) && said.2.contains("needs --write"), "{said:?}");
    let said = bench.configured(&of("{write: true, production: true}"), apply).await;
    assert!(said.0 == Some(2) && said.2.contains("--confirm-context"), "{said:?}");
    let mut command = command(bench.folder.path(), dry);
    command.env("XDG_CONFIG_HOME", path("settings"));
    std::fs::write(path("settings/kreach/config.yaml"), of("{write: true}")).expect("written");
    let whole = std::fs::read_to_string(path("config")).expect("a kubeconfig");
    let said = piped(command, whole).await;
    assert!(said.1.contains("create  networkpolicy/shop/a") && !said.2.contains("kubeconfig"), "{said:?}");
    let said = bench.configured(&of("{write: true}"), apply).await;
    assert_eq!(said.0, Some(0), "{said:?}");
}

/// A pattern that is none names no production: neither a command nor the screen begins with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_of_production_that_is_none_is_refused() {
    let bench = bench(ServeSettings::writable(), &[("a.json", harmless("a"))]).await;
    for line in ["apply a.json --write --yes", "undo --write --yes", "--write"] {
        let mut command = command(bench.folder.path(), line);
        command.env("KREACH_PRODUCTION", "(").env("TERM", "xterm");
        let ran = tokio::task::spawn_blocking(move || command.output().expect("the binary starts"));
        let output = ran.await.expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains("KREACH_PRODUCTION is no"), "{line}: {said}");
    }
}

/// The demo's incident, by commands: the verdict is wrong, a fix is taken, applied, and the verdict flips; undo flips it back.
#[tokio::test(flavor = "multi_thread")]
async fn the_incident_is_solved_to_its_end() {
    let bench = bench(ServeSettings::writable(), &[]).await;
    let ask = "trace deploy/shop/web svc/payments/api -o json";
    let before = bench.run(ask).await;
    let fix = bench.run("fix deploy/shop/web svc/payments/api --allow -o json").await;
    assert_eq!(fix.0, Some(0), "{}", fix.2);
    std::fs::write(bench.folder.path().join("fix.json"), &fix.1).expect("written");
    let said = bench.run("apply fix.json --write --yes -o json").await;
    assert_eq!(
        (said.0, &said.json()["outcome"], &said.json()["asPredicted"]),
        (Some(0), &json!("made"), &json!(true)),
        "{said:?}"
    );
    let after = bench.run(ask).await;
    assert_ne!(before.json()["outcome"], after.json()["outcome"], "{after:?}");
    assert_eq!(after.json()["outcome"], json!("allow"));
    let said = bench.run("undo --write --yes").await;
    assert_eq!(said.0, Some(0), "{said:?}");
    assert_eq!(bench.run(ask).await.json()["outcome"], before.json()["outcome"]);
}

/// On a terminal only what is typed confirms: a paste does not, and the terminal is left as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_paste_confirms_nothing_on_a_terminal() {
    let bench = bench(ServeSettings::writable(), &[("a.json", harmless("a"))]).await;
    let path = |name: &str| bench.folder.path().join(name).display().to_string();
    let environment = [("KUBECONFIG", path("config")), ("XDG_STATE_HOME", path("state"))];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, it)| (*name, it.as_str())).collect();
    let file = path("a.json");
    let (on, off) = (b"\x1b[?2004h", b"\x1b[?2004l");
    for (keys, exit) in [("\x1b[200~apply\x1b[201~\r", 1), ("\x1b[200~apply\r", 1), ("\x03", 130), ("apply\r", 0)] {
        let mut terminal = pty::kreach_with(&environment, &["apply", &file, "--write"], 80, 24);
        terminal.wait_for("type apply to go on:");
        assert!(terminal.has_sent(on) && !terminal.has_sent(off), "what is pasted is marked");
        terminal.keys(keys);
        assert_eq!(terminal.wait_exit(), exit, "{keys:?}: {}", terminal.screen());
        let sent = terminal.sent_at_end();
        assert!(sent.windows(off.len()).any(|it| it == off), "{keys:?}: paste is marked no longer");
        let is_told = terminal.screen().contains("what is pasted confirms nothing");
        assert_eq!(is_told, keys.contains("200~"), "{}", terminal.screen());
    }
}
