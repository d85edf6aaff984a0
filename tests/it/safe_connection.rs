//! The real binary on connections that are unsafe or hold a password: what it shows of them, on the screen and elsewhere.

use std::path::Path;
use std::process::Command;

use kreach::embedded::{ServeSettings, ServedCluster, Server, serve};
use serde_json::{Value, json};

use crate::live_connection::{Authority, secured};
use crate::pty;

const KREACH: &str = env!("CARGO_BIN_EXE_kreach");

/// A kubeconfig that leads to this cluster.
fn config(folder: &Path, cluster: &Value) -> String {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": cluster }],
        "users": [{ "name": "it", "user": {} }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
    });
    let path = folder.join("config");
    std::fs::write(&path, config.to_string()).expect("written");
    path.display().to_string()
}

async fn server() -> Server {
    serve(ServedCluster::told("safe"), "127.0.0.1:0", ServeSettings::default()).await.expect("a server")
}

const PASSWORD: &str = "hunter2";

/// Issue 16, 17: the password in an address is on no screen, in no answer and in no error; the address itself is.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_an_address_is_never_shown() {
    let server = server().await;
    let there = server.addr;
    let login = |place: &str| format!("http://somebody:{PASSWORD}@{place}");
    let cases = [
        // A server that answers, one that is away, and one that is no address at all.
        (json!({ "server": login(&there.to_string()) }), "", "LIVE"),
        (json!({ "server": login("127.0.0.1:1") }), "", "127.0.0.1:1"),
        (json!({ "server": login("[not an address") }), "", "address"),
        // A proxy that is away, one that is no address, and one of the environment.
        (json!({ "server": "https://api.example", "proxy-url": login("127.0.0.1:1") }), "", "127.0.0.1:1"),
        (json!({ "server": "https://api.example", "proxy-url": login("[not an address") }), "", "address"),
        (json!({ "server": "https://api.example" }), "HTTPS_PROXY", "127.0.0.1:1"),
    ];
    for (cluster, variable, shown) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let path = config(folder.path(), &cluster);
        let variables = [("HTTPS_PROXY", login("127.0.0.1:1"))];
        let environment: Vec<(&str, String)> = variables.into_iter().filter(|it| it.0 == variable).collect();
        let check = move || {
            for arguments in [&["info"][..], &["info", "-o", "json"], &["can", "get", "pods"], &["map"]] {
                let mut command = Command::new(KREACH);
                let output = command.args(["--kubeconfig", &path]).args(arguments).envs(environment.iter().cloned());
                let output = output.output().expect("it runs");
                let said = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
                assert!(!said.contains(PASSWORD), "{arguments:?}: {said}");
            }
            let home = tempfile::tempdir().expect("a folder");
            let state = home.path().display().to_string();
            let mut around: Vec<(&str, &str)> = environment.iter().map(|it| (it.0, it.1.as_str())).collect();
            around.push(("XDG_STATE_HOME", &state));
            let mut terminal = pty::kreach_with(&around, &["--kubeconfig", &path], 200, 30);
            terminal.wait_until("where it is", |it| it.contains("LIVE") || it.contains(shown));
            terminal.keys("\x13");
            terminal.wait_for("kept ");
            terminal.keys("Q");
            let sent = terminal.sent_at_end();
            assert!(!String::from_utf8_lossy(&sent).contains(PASSWORD), "{cluster}");
            for entry in std::fs::read_dir(home.path().join("kreach")).into_iter().flatten().flatten() {
                let text = std::fs::read(entry.path()).expect("a file of ours");
                assert!(!String::from_utf8_lossy(&text).contains(PASSWORD), "{entry:?}");
            }
        };
        tokio::task::spawn_blocking(check).await.expect("nothing shows it");
    }
}

/// Issue 16, 18: that certificates are not checked stands in the first row of the screen for as long as it is so.
#[tokio::test(flavor = "multi_thread")]
async fn an_insecure_connection_is_told_in_the_first_row_for_good() {
    let server = server().await;
    let address = secured(Authority::new("nobody's").certify(&["elsewhere.example"], |_| {}), server.addr).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = config(folder.path(), &json!({ "server": address, "insecure-skip-tls-verify": true }));
    let check = move || {
        for columns in [60, 80, 200] {
            let mut terminal = pty::kreach(&["--kubeconfig", &path], columns, 24);
            terminal.wait_for("LIVE");
            let told = |it: &str| it.lines().next().is_some_and(|row| row.contains("INSECURE"));
            for keys in ["", "2", "3", "4", "1", "x", "\x1b", "/web\r", "\x1b", "R", "?", "\x1b"] {
                terminal.keys(keys);
                terminal.wait_until(&format!("the first row at {columns} after {keys:?}"), told);
            }
            terminal.keys("\x03");
            assert_eq!(terminal.wait_exit(), 0);
        }
    };
    tokio::task::spawn_blocking(check).await.expect("it is told");
    drop(server);
}
