//! The real binary in a terminal that is taken away, stopped, resized, pasted into and clicked at.
//!
//! `terminal` holds what a session gives back; here is what happens to it on the way. docs/terminal.md has the rules.

use std::io::BufRead as _;
use std::path::Path;
use std::time::Duration;

use kreach::embedded::review::Requester;
use kreach::embedded::{ServeSettings, ServedCluster, Server, kinds, kubeconfig, serve};
use kreach::terminal::{guard, panics};
use serde_json::json;

use crate::pty::{self, SHOP, Terminal, files, files_with};

const KREACH: &str = env!("CARGO_BIN_EXE_kreach");

/// M14: crossterm's own wait never ends on a terminal that hung up, and burns a core.
#[test]
fn p1_a_terminal_that_vanishes_without_a_signal_ends_the_program() {
    assert_eq!(pty::hang_up_without_signal(KREACH, &["--from", SHOP], "payments"), 129);
}

#[test]
fn files_through_a_pipe_leave_the_keys_to_the_terminal() {
    let script = "cat \"$0\" | \"$1\" --from -";
    let mut terminal = pty::open("sh", &["-c", script, SHOP, KREACH], &[], 80, 24);
    terminal.wait_for("payments");
    terminal.keys("2");
    terminal.wait_for("<2Pods>");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
}

#[test]
fn an_output_that_is_no_terminal_is_told_so() {
    let output = std::process::Command::new(KREACH).args(["--from", SHOP]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.starts_with("error: stdout is not a terminal; `kreach trace`"), "{said}");
    assert!(output.stdout.is_empty());
}

/// The child of [`p3_a_panic_gives_the_terminal_back_first`]: this very test, alone, in a terminal.
const CHILD: &str = "KREACH_TEST_PANICS";

#[test]
fn the_child_that_panics() {
    let Ok(where_) = std::env::var(CHILD) else { return };
    panics::install();
    let _guard = guard::Guard::enter().expect("a terminal");
    print!("drawn");
    if where_ == "behind" {
        let panicked = std::thread::spawn(|| panic!("behind the screen")).join();
        assert!(panicked.is_err());
        println!(" and still there");
        std::io::stdin().read_line(&mut String::new()).expect("a key");
        return;
    }
    panic!("while drawing \u{1b}[31m");
}

fn child(where_: &str, home: &Path) -> Terminal {
    let myself = std::env::current_exe().expect("the test binary");
    let name = "terminal_life::the_child_that_panics";
    let home = home.display().to_string();
    let environment = [(CHILD, where_), ("XDG_STATE_HOME", home.as_str()), ("HOME", home.as_str())];
    pty::open(
        &myself.display().to_string(),
        &["--exact", name, "--nocapture", "--test-threads=1"],
        &environment,
        80,
        24,
    )
}

/// P3: the message is on the terminal's own screen, not lost with the alternate one; the report is its owner's alone.
#[test]
fn p3_a_panic_gives_the_terminal_back_first() {
    let home = tempfile::tempdir().expect("a folder");
    let terminal = child("drawing", home.path());
    terminal.wait_for("a report is in");
    terminal.wait_for("while drawing");
    assert_ne!(terminal.wait_exit(), 0);
    assert!(!terminal.is_taken());
    let report = home.path().join("kreach/crash.txt");
    assert!(std::fs::read_to_string(&report).expect("the report").contains("while drawing"));
    let mode = std::os::unix::fs::MetadataExt::mode(&report.metadata().expect("it is there"));
    assert_eq!(mode & 0o777, 0o600);
}

/// P3: what panics behind the screen leaves the screen alone; the loop hears of it by itself.
#[test]
fn a_panic_behind_the_screen_leaves_it_alone() {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = child("behind", home.path());
    terminal.wait_for("and still there");
    assert!(terminal.is_taken() && !terminal.screen().contains("panicked"), "{}", terminal.screen());
    assert!(home.path().join("kreach/crash.txt").exists());
    terminal.keys("\n");
    assert_eq!(terminal.wait_exit(), 0);
}

/// P2: the shell has its terminal while we are stopped, and `fg` draws everything again.
#[test]
fn p2_a_stopped_program_leaves_the_terminal_to_the_shell() {
    let script =
        "set -m; \"$0\" --from \"$1\"; echo \"stopped $?\"; read line; fg >/dev/null; echo \"ended $?\"; read line";
    let mut terminal = pty::open("bash", &["--norc", "-c", script, KREACH, SHOP], &[], 80, 24);
    terminal.wait_for("payments");
    terminal.keys("M2");
    terminal.wait_for("<2Pods>");
    assert!(terminal.has_mouse());
    terminal.keys("\x1a");
    terminal.wait_for("stopped 148");
    assert!(!terminal.is_taken(), "{}", terminal.screen());
    terminal.keys("\n");
    terminal.wait_for("<2Pods>");
    assert!(terminal.is_taken() && terminal.has_mouse(), "what it had it takes again");
    terminal.keys("j");
    terminal.wait_for(">shop/db-0");
    terminal.keys("Q");
    terminal.wait_for("ended 0");
    assert!(!terminal.is_taken());
}

/// P2: a program that goes on draws again by itself; before, it waited for a key when one was being waited for already.
#[test]
fn p2_a_program_that_goes_on_draws_again_without_a_key() {
    let terminal = files();
    let before = terminal.written();
    terminal.signal("CONT");
    terminal.wait_written(before, b"payments");
    terminal.signal("TERM");
    assert_eq!(terminal.wait_exit(), 143);
}

/// P2: a server that never answers holds nobody back.
#[test]
fn p2_a_hanging_server_does_not_hold_the_end() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    for (key, signal, code) in [("Q", None, 0), ("", Some("TERM"), 143)] {
        let mut terminal = pty::kreach_with(&[("KUBECONFIG", "/nonexistent")], &["--server", &address], 80, 24);
        terminal.wait_for("being listed");
        terminal.keys(key);
        signal.into_iter().for_each(|it| terminal.signal(it));
        assert_eq!(terminal.wait_exit(), code);
        terminal.wait_until("the screen of the shell", |it| !it.contains("being listed"));
        assert!(!terminal.is_taken());
    }
}

/// CONTRACT §6: `Q` ends it from everywhere but a text field, and `ctrl-c` from there too.
#[test]
fn one_key_quits_from_everywhere() {
    let places = [
        ("1", "<1ns>", "Q"),
        ("2", "<2pods>", "Q"),
        ("3", "<3pol>", "Q"),
        ("4", "<4subj>", "Q"),
        ("2t", "t on the destination", "Q"),
        ("2tjt", "->", "Q"),
        ("2r", "ledger-0 can come to reach", "Q"),
        ("x", "namespaces: 3 x 3", "Q"),
        ("2y", "apiversion", "Q"),
        ("?", "enter runs one", "\x03"),
        ("n", "enter narrows", "\x03"),
        ("S", "sort by", "\x03"),
        ("2C", "copy (", "\x03"),
        ("/Q", "/q", "\x03"),
        (":Q", ":q", "\x03"),
    ];
    for (keys, shown, key) in places {
        let mut terminal = files();
        terminal.keys(keys);
        terminal.wait_until(shown, |it| it.to_lowercase().contains(shown));
        terminal.keys(key);
        assert_eq!(terminal.wait_exit(), 0, "{keys}");
        terminal.wait_until("the screen of the shell", |it| it.trim().is_empty());
        assert!(!terminal.is_taken(), "{keys}");
    }
}

/// A paste is text where one types, without its line breaks; elsewhere it is nothing, least of all commands.
#[test]
fn a_paste_is_text_and_never_a_command() {
    let mut terminal = files();
    terminal.keys("\x1b[200~2jtQ\n\x1b[201~");
    terminal.keys("2/");
    terminal.wait_for("<2Pods>");
    terminal.keys("\x1b[200~led\nger\x1b[201~");
    terminal.wait_until("the filter, as one line", |it| it.contains("/led ger"));
    terminal.keys("\x7f\x7f\x7f\x7f\r");
    terminal.wait_for(">payments/ledger-0");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
}

/// The mouse is the terminal's, so that text can be selected, until it is asked for.
#[test]
fn the_mouse_is_asked_for_clicks_and_scrolls() {
    let mut terminal = files();
    assert!(!terminal.has_mouse());
    terminal.keys("2");
    terminal.wait_for(">payments/ledger-0");
    terminal.keys("M");
    terminal.wait_for("mouse on");
    assert!(terminal.has_mouse());
    let row = terminal.screen().lines().position(|it| it.contains("shop/web-0")).expect("a pod's row") + 1;
    terminal.keys(&format!("\x1b[<0;4;{row}M\x1b[<0;4;{row}m"));
    terminal.wait_for(">shop/web-0");
    terminal.keys("\x1b[<64;4;6M");
    terminal.wait_until("three rows up", |it| !it.contains(">shop/web-0"));
    terminal.keys("\x1b[<65;4;6M");
    terminal.wait_for(">shop/web-0");
    terminal.keys("M");
    terminal.wait_for("mouse off");
    assert!(!terminal.has_mouse());
}

/// P4: sizes that come faster than frames, and sizes that hold nothing.
#[test]
fn p4_a_storm_of_sizes_ends_in_the_last_one() {
    let mut terminal = files();
    for round in 0..40_u16 {
        terminal.resize(1 + round * 37 % 250, 1 + round * 17 % 70);
    }
    terminal.resize(1, 1);
    terminal.resize(500, 200);
    terminal.resize(120, 40);
    terminal.wait_for("[4] Subjects");
    terminal.keys("2");
    terminal.wait_for(">payments/ledger-0");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
}

/// docs/terminal.md, clipboard: what reaches the terminal at the other end, plainly and through tmux.
#[test]
fn a_copy_reaches_the_terminal() {
    // "ledger-0", and nothing that is on the PATH takes it.
    let plain: &[u8] = b"\x1b]52;c;bGVkZ2VyLTA=\x1b\\";
    let passed: &[u8] = b"\x1bPtmux;\x1b\x1b]52;c;bGVkZ2VyLTA=\x1b\x1b\\\x1b\\";
    let nowhere = ("PATH", "/nonexistent");
    for (environment, expected) in [
        (vec![nowhere], vec![plain]),
        (vec![nowhere, ("SSH_TTY", "/dev/pts/9"), ("DISPLAY", ":0")], vec![plain]),
        (vec![nowhere, ("TMUX", "/nonexistent,1,0"), ("TERM", "tmux-256color")], vec![plain, passed]),
    ] {
        let mut terminal = files_with(&environment);
        terminal.keys("2");
        terminal.wait_for(">payments/ledger-0");
        terminal.keys("c");
        expected.iter().for_each(|it| terminal.wait_sent(it));
        terminal.wait_for("OSC 52");
        assert_eq!(terminal.has_sent(b"\x1bPtmux;"), expected.len() == 2, "{environment:?}");
    }
}

/// What a plugin prints when all is well.
const CREDENTIAL: &str = "echo '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \
                          \"kind\": \"ExecCredential\", \"status\": {\"token\": \"sesame\"}}'";

/// A server that wants a plugin's token, and a kubeconfig with that plugin.
async fn behind_a_plugin(command: &str, args: &[&str], mode: &str) -> (Server, tempfile::TempDir, String) {
    let world = ServedCluster::told("plugin");
    put_pod(&world, "quiet");
    let identities = vec![Requester { token: Some("sesame".to_owned()), ..Requester::demo() }];
    let server =
        serve(world, "127.0.0.1:0", ServeSettings { identities, ..ServeSettings::default() }).await.expect("a server");
    let folder = tempfile::tempdir().expect("a folder");
    let exec = json!({ "apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": args,
                       "interactiveMode": mode });
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": { "server": server.url() } }],
        "users": [{ "name": "it", "user": { "exec": exec } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
    });
    let path = folder.path().join("config");
    std::fs::write(&path, config.to_string()).expect("written");
    let path = path.display().to_string();
    (server, folder, path)
}

/// A2, M15: a credential plugin has no terminal, neither for words nor for keys, and cannot open it by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_prints_does_not_smear_the_screen() {
    // Where it has no terminal, opening it fails; a shell of its own takes that failure.
    let script = format!("echo SMEAR >&2; (echo SMEAR >/dev/tty; read key </dev/tty); read key; {CREDENTIAL}");
    let (_server, _folder, path) = behind_a_plugin("sh", &["-c", &script], "IfAvailable").await;
    tokio::task::spawn_blocking(move || {
        let mut terminal = pty::kreach(&["--kubeconfig", &path], 100, 30);
        terminal.wait_for("LIVE");
        terminal.keys("2");
        terminal.wait_for("quiet");
        assert!(!terminal.has_sent(b"SMEAR"), "{}", terminal.screen());
        terminal.keys("Q");
        assert_eq!(terminal.wait_exit(), 0);
        assert!(!terminal.has_sent(b"SMEAR"));
    })
    .await
    .expect("the terminal's part holds");
}

/// A2: what a plugin lacks is told on the screen, which stays: a terminal to ask at, or the plugin itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_cannot_run_is_told_on_the_screen() {
    for (command, mode, told, todo) in [
        ("sh", "Always", "it asks at the terminal (interactiveMode: Always)", "give --token"),
        ("/nonexistent/plugin", "Never", "cannot be started: No such file", "is it installed"),
    ] {
        let (_server, _folder, path) = behind_a_plugin(command, &[], mode).await;
        tokio::task::spawn_blocking(move || {
            let mut terminal = pty::kreach(&["--kubeconfig", &path], 160, 30);
            terminal.wait_for(told);
            terminal.wait_for(todo);
            terminal.keys("Q");
            assert_eq!(terminal.wait_exit(), 0);
        })
        .await
        .expect("the terminal's part holds");
    }
}

/// client-go's `interactiveMode`: under a command a plugin may ask the operator, as under kubectl.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_under_a_command_may_ask() {
    let script = format!("printf 'code? ' >&2; read code; test \"$code\" = 4711 || exit 3; {CREDENTIAL}");
    let (_server, _folder, path) = behind_a_plugin("sh", &["-c", &script], "Always").await;
    tokio::task::spawn_blocking(move || {
        let mut terminal = pty::kreach(&["--kubeconfig", &path, "reach", "default/quiet"], 100, 30);
        terminal.wait_for("code?");
        terminal.keys("4711\r");
        terminal.wait_for("pod/default/quiet can come to reach");
        assert_eq!(terminal.wait_exit(), 0);
        // Where nobody can be asked it is not started.
        let mut command = std::process::Command::new(KREACH);
        let output = command.args(["--kubeconfig", &path, "info"]).stdin(std::process::Stdio::null()).output();
        let said = String::from_utf8_lossy(&output.expect("it runs").stderr).into_owned();
        assert!(said.contains("credential plugin sh: it asks at the terminal"), "{said}");
    })
    .await
    .expect("the terminal's part holds");
}

/// A2: a plugin that prints without end is told in one line, under a command as behind the screen, and whatever it
/// started has ended with it: what is left would hold the pipe open.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_ends_with_all_that_it_started() {
    for (script, mode, told) in [
        ("exec 3>PIPE; sleep 1000 & yes", "Never", "prints more than a credential"),
        ("exec 3>PIPE; sleep 1000 & yes", "IfAvailable", "prints more than a credential"),
        ("exec 3>PIPE; sleep 1000 & exit 3", "Never", "exit status: 3"),
    ] {
        for screen in [false, true] {
            let pipes = tempfile::tempdir().expect("a folder");
            let pipe = pipes.path().join("pipe");
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
            let script = script.replace("PIPE", &pipe.display().to_string());
            let (_server, _folder, path) = behind_a_plugin("sh", &["-c", &script], mode).await;
            tokio::task::spawn_blocking(move || {
                let held = std::thread::spawn(move || std::fs::read(pipe));
                let arguments = ["--kubeconfig", &path, "info"];
                let mut terminal = pty::kreach(&arguments[..if screen { 2 } else { 3 }], 160, 30);
                terminal.wait_for(told);
                if screen {
                    terminal.keys("Q");
                }
                assert_eq!(terminal.wait_exit(), if screen { 0 } else { 2 });
                held.join().expect("it is read").expect("all that held it have ended");
            })
            .await
            .expect("the terminal's part holds");
        }
    }
}

/// A2: a command that is killed takes its plugin along, with all that this started.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_ends_with_the_command_that_wanted_it() {
    let pipes = tempfile::tempdir().expect("a folder");
    let pipe = pipes.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let script = format!("exec 3>{}; echo started >&3; sleep 1000 & sleep 1000", pipe.display());
    let (_server, _folder, path) = behind_a_plugin("sh", &["-c", &script], "Never").await;
    tokio::task::spawn_blocking(move || {
        let mut command = std::process::Command::new(KREACH);
        let mut child = command.args(["--kubeconfig", &path, "info"]).spawn().expect("it runs");
        let mut held = std::io::BufReader::new(std::fs::File::open(&pipe).expect("the pipe"));
        let mut line = String::new();
        held.read_line(&mut line).expect("it has started");
        assert_eq!(line, "started\n");
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        // All that held it have ended: nothing more comes, and the end does.
        assert_eq!(held.read_line(&mut line).expect("the pipe is read"), 0);
    })
    .await
    .expect("the command's part holds");
}

fn put_pod(world: &ServedCluster, name: &str) {
    let kind = |plural: &str| kinds::by_plural(plural).expect("it is served");
    let metadata = json!({ "name": name, "namespace": "default", "uid": name });
    world
        .put(kind("namespaces"), json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "default" } }));
    let spec = json!({ "containers": [{ "name": "c", "image": "i" }] });
    world.put(kind("pods"), json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec }));
}

/// Another context is another cluster: nothing of the first stays, also when the second is away.
#[tokio::test(flavor = "multi_thread")]
async fn a_context_is_changed_on_the_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut servers = Vec::new();
    let mut paths = Vec::new();
    for name in ["one", "two"] {
        let world = ServedCluster::told(name);
        put_pod(&world, &format!("only-in-{name}"));
        let server = serve(world, "127.0.0.1:0", ServeSettings::default()).await.expect("a server");
        let path = folder.path().join(name);
        kubeconfig::write(&path, &server, name).expect("a kubeconfig");
        paths.push(path.display().to_string());
        servers.push(server);
    }
    let away = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{ "name": "away", "cluster": { "server": "http://127.0.0.1:1" } }],
        "contexts": [{ "name": "away", "context": { "cluster": "away", "user": "" } }],
    });
    let path = folder.path().join("away");
    std::fs::write(&path, away.to_string()).expect("written");
    paths.push(path.display().to_string());
    let paths = paths.join(":");
    tokio::task::spawn_blocking(move || {
        let mut terminal = pty::kreach_with(&[("KUBECONFIG", &paths)], &[], 100, 30);
        terminal.wait_for("LIVE");
        terminal.keys("2");
        terminal.wait_for("only-in-one");
        for (name, shown) in [("kreach-demo-two", "only-in-two"), ("kreach-demo-one", "only-in-one")] {
            terminal.keys(&format!(":ctx {name}\r"));
            let screen = terminal.wait_for(shown);
            assert!(screen.contains(name), "{screen}");
            assert_eq!(screen.matches("only-in-").count(), screen.matches(shown).count(), "{screen}");
        }
        terminal.keys(":ctx away\r");
        let screen = terminal.wait_until("the other is away", |it| it.contains("cannot reach"));
        assert!(screen.contains("away") && !screen.contains("only-in-"), "{screen}");
        terminal.keys("@");
        terminal.wait_for("kreach-demo-two");
        terminal.keys("two\r");
        terminal.wait_for("only-in-two");
        terminal.keys("Q");
        assert_eq!(terminal.wait_exit(), 0);
    })
    .await
    .expect("the terminal's part holds");
    drop(servers);
}

/// A slow line is not a stopped one: a paste in pieces is one paste.
#[test]
fn a_paste_in_pieces_is_one_paste() {
    let mut terminal = files();
    terminal.keys("2/");
    terminal.bytes_apart(&[b"\x1b[200~led", b"ger", b"\x1b[201~"], Duration::from_millis(30));
    terminal.wait_for(">payments/ledger-0");
}
