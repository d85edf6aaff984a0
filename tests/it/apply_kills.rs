//! `kreach apply` and `kreach undo` behind a proxy that ends them, or refuses them, at any of their writes.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kreach::embedded::ServeSettings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::apply_commands::{Bench, Said, bench, command, harmless};

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
    /// It is not killed: the write is refused, though its dry run passed.
    Refused,
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
    if when == Some(When::Refused) {
        let status =
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403, "reason": "Forbidden",
            "message": "admission webhook \"late\" denied the request: not any more"})
            .to_string();
        let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nConnection: close";
        return client
            .write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{status}", status.len()).as_bytes())
            .await;
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

    /// The same where one of its writes is refused.
    async fn refused(&self, line: &str, at: usize) -> Said {
        self.killer.trap.set(Some((at, When::Refused)));
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
    let bench = bench(ServeSettings::writable(), &files).await;
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

/// One of three is refused when it is sent, though all passed the dry run: it stops there, tells what was made and what was
/// not, and names the undo, which takes back just that.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_the_middle_stops_it_and_is_told() {
    let names = ["k0", "k1", "k2"];
    let files: Vec<String> = names.iter().map(|it| format!("{it}.json")).collect();
    let objects: Vec<(&str, Value)> = files.iter().zip(names).map(|(file, it)| (file.as_str(), harmless(it))).collect();
    let bench = bench(ServeSettings::writable(), &objects).await;
    let killer = killer(bench.server.addr).await;
    let bench = Trapped { bench, killer };
    let line = format!("apply {} --write --yes", files.join(" "));
    // Three dry runs, then the second of three.
    let said = bench.refused(&line, 4).await;
    assert_eq!(
        (said.0, bench.killer.trap.writes.load(Ordering::SeqCst)),
        (Some(1), 5),
        "nothing is sent after it: {said:?}"
    );
    let place = |words: &str| said.1.find(words).unwrap_or_else(|| panic!("{words}: {said:?}"));
    let told = [
        place("created  networkpolicy/shop/k0"),
        place("not created  networkpolicy/shop/k1"),
        place("not sent  networkpolicy/shop/k2"),
    ];
    assert!(told.is_sorted() && said.1.contains("not any more"), "{said:?}");
    assert!(said.1.contains("kreach undo") && said.1.contains("takes it back"), "{said:?}");
    assert_eq!(bench.there().await, ["k0"]);
    let undone = bench.run("undo --write --yes -o json").await;
    assert_eq!(
        (undone.0, &undone.json()["changes"]),
        (Some(0), &json!([{"op": "delete", "object": "networkpolicy/shop/k0", "state": "made"}]))
    );
    assert!(bench.there().await.is_empty());
    // As one document it is told alike.
    let said = bench.refused(&format!("{line} -o json"), 4).await;
    let states: Vec<Value> =
        said.json()["changes"].as_array().expect("changes").iter().map(|it| it["state"].clone()).collect();
    assert_eq!(
        (said.0, said.json()["outcome"].clone(), states),
        (Some(1), json!("partly"), vec![json!("made"), json!("refused"), json!("waiting")])
    );
}
