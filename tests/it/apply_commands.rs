//! `kreach apply` and `kreach undo` as people run them, on the embedded server; and killed at every step.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kreach::embedded::{Server, Settings, kubeconfig, serve_named};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

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
fn harmless(name: &str) -> Value {
    policy(name, json!({"podSelector": {"matchLabels": {"app": "nobody"}}, "policyTypes": ["Ingress"]}))
}

/// A served story that may be changed, and a folder with a kubeconfig and these files.
struct Bench {
    server: Server,
    folder: tempfile::TempDir,
}

/// What a run said: its exit code, stdout, stderr.
#[derive(Debug)]
struct Said(Option<i32>, String, String);

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.1).unwrap_or_default()
    }
}

async fn bench(settings: Settings, files: &[(&str, Value)]) -> Bench {
    let server = serve_named("story", "127.0.0.1:0", settings).await.expect("the demo's world");
    let folder = tempfile::tempdir().expect("a folder");
    kubeconfig::write(&folder.path().join("config"), &server, "story").expect("a kubeconfig");
    files.iter().for_each(|(name, it)| std::fs::write(folder.path().join(name), it.to_string()).expect("written"));
    Bench { server, folder }
}

fn command(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kreach"));
    command.args(line.split(' ')).current_dir(folder).env_clear().env("HOME", "/nonexistent");
    command.env("XDG_STATE_HOME", folder.join("state")).env("KUBECONFIG", "config").stdin(Stdio::null());
    command
}

impl Bench {
    async fn run(&self, line: &str) -> Said {
        run(self.folder.path().to_owned(), line.to_owned()).await
    }
}

async fn run(folder: PathBuf, line: String) -> Said {
    let ran = tokio::task::spawn_blocking(move || command(&folder, &line).output().expect("the binary starts"));
    let output = ran.await.expect("it runs");
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    Said(output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_without_write_a_terminal_or_a_yes() {
    let bench = bench(
        Settings::writable(),
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
    let bench = bench(Settings::writable(), &[("a.json", harmless("a"))]).await;
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
    let bench = bench(Settings::writable(), &[("shut.json", shut())]).await;
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
    let bench = bench(Settings::writable(), &[("a.json", harmless("a"))]).await;
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

/// A pattern that is none names no production: neither a command nor the screen begins with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_of_production_that_is_none_is_refused() {
    let bench = bench(Settings::writable(), &[("a.json", harmless("a"))]).await;
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
    let bench = bench(Settings::writable(), &[]).await;
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

/// A proxy before the server, at which a program can be ended at one of its writes: before the server has it, or after.
struct Killer {
    address: std::net::SocketAddr,
    trap: Arc<Trap>,
}

/// Where a program is to be killed: nothing of that write comes back to it.
#[derive(Default)]
struct Trap {
    at: Mutex<Option<(usize, When)>>,
    writes: AtomicUsize,
    sprung: AtomicBool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    Before,
    After,
}

impl Trap {
    fn set(&self, at: Option<(usize, When)>) {
        *self.at.lock().expect("no panic under the lock") = at;
        self.writes.store(0, Ordering::SeqCst);
        self.sprung.store(false, Ordering::SeqCst);
    }

    /// Counts a write; when it is the one, which moment of it is meant.
    fn write(&self) -> Option<When> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        self.at.lock().expect("no panic under the lock").filter(|it| it.0 == number).map(|it| it.1)
    }

    async fn spring(&self) -> std::io::Result<()> {
        self.sprung.store(true, Ordering::SeqCst);
        std::future::pending().await
    }
}

async fn killer(server: std::net::SocketAddr) -> Killer {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let trap = Arc::new(Trap::default());
    let shared = trap.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let trap = shared.clone();
            tokio::spawn(async move { drop(relay(client, server, &trap).await) });
        }
    });
    Killer { address, trap }
}

async fn relay(mut client: TcpStream, server: std::net::SocketAddr, trap: &Trap) -> std::io::Result<()> {
    let mut upstream = TcpStream::connect(server).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    if !["patch ", "put ", "delete "].iter().any(|it| text.starts_with(it)) {
        upstream.write_all(&head).await?;
        return tokio::io::copy_bidirectional(&mut client, &mut upstream).await.map(drop);
    }
    let length = text.lines().find_map(|it| it.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).await?;
    let when = trap.write();
    if when == Some(When::Before) {
        return trap.spring().await;
    }
    upstream.write_all(&[head, body].concat()).await?;
    if when == Some(When::After) {
        // The server has done it once it answers.
        upstream.read_u8().await?;
        return trap.spring().await;
    }
    tokio::io::copy_bidirectional(&mut client, &mut upstream).await.map(drop)
}

/// A bench whose programs all ask through a proxy.
struct Trapped {
    bench: Bench,
    killer: Killer,
}

impl Trapped {
    fn line(&self, line: &str) -> String {
        format!("{line} --server http://{}", self.killer.address)
    }

    async fn run(&self, line: &str) -> Said {
        self.killer.trap.set(None);
        self.bench.run(&self.line(line)).await
    }

    /// Runs a line that is killed at a write; whether it came to that.
    async fn killed(&self, line: &str, at: usize, when: When) -> bool {
        self.killer.trap.set(Some((at, when)));
        let mut child = command(self.bench.folder.path(), &self.line(line))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        loop {
            if self.killer.trap.sprung.load(Ordering::SeqCst) {
                child.kill().expect("SIGKILL");
                child.wait().expect("it is gone");
                self.let_time_pass();
                return true;
            }
            if child.try_wait().expect("a child").is_some() {
                return false;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// Lets what was sent lie so far back that it cannot come any more; a record that is torn fails here.
    fn let_time_pass(&self) {
        let Ok(entries) = std::fs::read_dir(self.bench.folder.path().join("state/kreach")) else { return };
        for path in entries.flatten().map(|it| it.path()).filter(|it| it.extension().is_some_and(|it| it == "json")) {
            let text = std::fs::read_to_string(&path).expect("a record");
            let mut record: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("torn: {error}: {text}"));
            record["at"] = json!("2026-01-01T00:00:00Z");
            std::fs::write(&path, record.to_string()).expect("written");
        }
    }

    /// The policies of this test that the server holds.
    async fn there(&self) -> Vec<String> {
        let said = self.run("policies -n shop -o json").await;
        let document = said.json();
        let rows = document["rows"].as_array().unwrap_or_else(|| panic!("a list of policies: {said:?}"));
        let name = |it: &Value| it["policy"].as_str().map(str::to_owned);
        rows.iter().filter_map(name).filter(|it| it.starts_with('k') && it[1..].parse::<usize>().is_ok()).collect()
    }

    /// What the newest record says of its changes, compared with what the server holds where it claims to know.
    async fn is_true(&self, what: &str) {
        let list = self.run("undo --list -o json").await;
        assert_eq!((list.0, &list.json()["notes"]), (Some(0), &json!([])), "{what}: no record is torn: {list:?}");
        let there = self.there().await;
        let list = list.json();
        // Where it was killed in a dry run of the first, nothing was recorded yet.
        let Some(last) = list["items"].get(0).filter(|it| it["undoneBy"].is_null()) else { return };
        for change in last["changes"].as_array().expect("changes") {
            let name = change["object"].as_str().and_then(|it| it.rsplit('/').next()).expect("a name").to_owned();
            let is_there = there.contains(&name);
            match (change["state"].as_str(), change["op"].as_str()) {
                (Some("made"), Some("create")) => assert!(is_there, "{what}: {change}"),
                (Some("waiting"), Some("create")) => assert!(!is_there, "{what}: {change}"),
                (Some("made"), Some("delete")) => assert!(!is_there, "{what}: {change}"),
                (Some("waiting"), Some("delete")) => assert!(is_there, "{what}: {change}"),
                // Sent, and killed: the next undo reads it back.
                (Some("sending"), _) => {}
                _ => panic!("{what}: {change}"),
            }
        }
    }
}

/// How many objects are applied at once in the loop below: two in the gate, more where more is asked for.
fn objects() -> usize {
    std::env::var("KREACH_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(2)
}

/// kill -9 at every write of apply and of undo, before and after the server has it: no record is torn, the next start finds
/// the truth, and in the end all is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_the_truth_is_found_again() {
    let files: Vec<(String, Value)> =
        (0..objects()).map(|at| (format!("{at}.json"), harmless(&format!("k{at}")))).collect();
    let files: Vec<(&str, Value)> = files.iter().map(|(name, it)| (name.as_str(), it.clone())).collect();
    let bench = bench(Settings::writable(), &files).await;
    let killer = killer(bench.server.addr).await;
    let bench = Trapped { bench, killer };
    let names: Vec<&str> = files.iter().map(|it| it.0).collect();
    let apply = format!("apply {} --write --yes", names.join(" "));
    let mut kills = 0;
    for when in [When::Before, When::After] {
        let mut at = 0;
        while bench.killed(&apply, at, when).await {
            kills += 1;
            bench.is_true(&format!("apply, {when:?} {at}")).await;
            let undone = bench.run("undo --write --yes -o json").await;
            assert!(matches!(undone.0, Some(0 | 1)), "{when:?} {at}: {undone:?}");
            assert!(bench.there().await.is_empty(), "apply, {when:?} {at}: all is taken back: {undone:?}");
            at += 1;
        }
        // It has gone through now: the same for its undo.
        assert_eq!(bench.there().await.len(), objects(), "{when:?}: all is applied");
        let mut at = 0;
        while bench.killed("undo --write --yes", at, when).await {
            kills += 1;
            bench.is_true(&format!("undo, {when:?} {at}")).await;
            // What half an undo left is taken back by the record that it was of.
            let undone = bench.run("undo --write --yes").await;
            assert!(bench.there().await.is_empty(), "undo, {when:?} {at}: all is taken back: {undone:?}");
            at += 1;
            let again = bench.run(&apply).await;
            assert_eq!(again.0, Some(0), "undo, {when:?} {at}: it is applied again: {again:?}");
        }
        assert!(bench.there().await.is_empty(), "{when:?}: the undo has gone through");
    }
    // Each change is tried once and sent once, by apply and by undo, and killed before and after each.
    assert_eq!(kills, 2 * 2 * 2 * objects(), "{kills} kills");
}
