//! The files that kreach writes for itself or where it is told to: whole or not at all, their owner's alone.
//!
//! Rows F of docs/reliability.md. Only the lines that were typed behind `:` are read back, and a file that holds none is
//! as good as none.

use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use kreach::embedded::{ServeSettings, ServedCluster, kinds, kubeconfig, serve};
use kreach::terminal::state;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use crate::pty::{self, SHOP, Terminal};
use crate::seeded::Random;

const KREACH: &str = env!("CARGO_BIN_EXE_kreach");

/// A session on files that keeps its own files below this folder.
fn session(home: &Path) -> Terminal {
    let home = home.display().to_string();
    let environment = [("XDG_STATE_HOME", home.as_str()), ("HOME", home.as_str())];
    let terminal = pty::kreach_with(&environment, &["--from", SHOP], 160, 30);
    terminal.wait_for("payments");
    terminal
}

/// The names in a folder, in order; none where there is none.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn leave(mut terminal: Terminal) {
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
}

const DUMP: &str = "\x13";

/// What was typed behind `:` is there again in the next session; a file that is none is passed by.
#[test]
fn f4_typed_lines_are_recalled_and_a_torn_file_of_them_is_passed_by() {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = session(home.path());
    terminal.keys(":ns shop\r");
    terminal.wait_for("shop.yaml > shop");
    leave(terminal);
    let file = home.path().join("kreach").join("typed-lines");
    assert_eq!(std::fs::read_to_string(&file).expect("it is kept"), "ns shop\n");
    let mut terminal = session(home.path());
    terminal.keys(":");
    terminal.wait_for("command: Tab completes");
    terminal.keys("\x1b[A");
    terminal.wait_for(":ns shop");
    terminal.keys("\r");
    terminal.wait_for("shop.yaml > shop");
    leave(terminal);
    for torn in [&b"\xff\xfe\x00"[..], b"a\x1b[31m\nreach shop", b""] {
        std::fs::write(&file, torn).expect("it is written");
        leave(session(home.path()));
        assert_eq!(std::fs::read(&file).expect("it is there"), torn, "nothing new was typed");
    }
}

/// Item 19, F: the folder and what is in it are the owner's alone, also where the folder was open to others before.
#[test]
fn f_the_folder_and_its_files_are_the_owner_s_alone() {
    for before in [None, Some(0o755), Some(0o777)] {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("kreach");
        if let Some(mode) = before {
            std::fs::DirBuilder::new().mode(mode).create(&folder).expect("a folder");
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).expect("its mode");
        }
        let mut terminal = session(home.path());
        terminal.keys(DUMP);
        terminal.wait_for("kept ");
        leave(terminal);
        let mode = |path: &Path| path.metadata().expect("it is there").mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{before:?}");
        let kept = names(&folder);
        assert!(kept.iter().any(|it| it.ends_with(".svg")) && kept.iter().any(|it| it.ends_with(".txt")), "{kept:?}");
        for name in &kept {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
    }
}

/// F1: a disk that takes nothing is told, leaves nothing half, and the same key keeps the screen once there is room.
#[test]
fn f1_a_disk_that_is_full_leaves_nothing_half() {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = session(home.path());
    let id = Pid::from_raw(terminal.process_id() as i32).expect("a process");
    let room = |bytes| {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(id), Resource::Fsize, limit).expect("a limit of our own program");
    };
    for bytes in [0, 1, 100] {
        room(Some(bytes));
        terminal.keys(DUMP);
        terminal.wait_for("File too large");
        let kept: Vec<String> =
            names(&home.path().join("kreach")).into_iter().filter(|it| *it != "stderr.log").collect();
        assert_eq!(kept, Vec::<String>::new(), "{bytes} bytes");
        terminal.keys("j");
        terminal.wait_until("the next key clears it", |it| !it.contains("too large"));
    }
    room(None);
    terminal.keys(DUMP);
    terminal.wait_for("kept ");
    leave(terminal);
}

/// A snapshot to a file; with a limit for files where one is given, in blocks.
fn snapshot(to: &Path, limit: Option<u32>) -> Child {
    let limit = limit.map_or("unlimited".to_owned(), |it| it.to_string());
    let script = "ulimit -f \"$0\"; exec \"$1\" snapshot --from \"$2\" \"$3\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, &limit, KREACH, SHOP]).arg(to).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it starts")
}

/// F1: a snapshot that finds no room leaves the one that was there before.
#[test]
fn f1_a_snapshot_that_finds_no_room_leaves_the_old_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cluster.yaml");
    std::fs::write(&file, "old\n").expect("written");
    for limit in [0, 1] {
        let ended = snapshot(&file, Some(limit)).wait().expect("it ends");
        assert!(!ended.success(), "{limit}");
        assert_eq!(std::fs::read_to_string(&file).expect("the file"), "old\n");
    }
    let said = Command::new(KREACH).args(["snapshot", "--from", SHOP, "/dev/full"]).output().expect("it runs");
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("No space left"), "{said:?}");
}

/// F2: whenever a snapshot is killed, the file is the old one or the new one.
#[test]
fn f2_a_snapshot_that_is_killed_is_the_old_one_or_the_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cluster.yaml");
    let began = Instant::now();
    assert!(snapshot(&file, None).wait().expect("it ends").success());
    let took = began.elapsed();
    let new = std::fs::read_to_string(&file).expect("the snapshot");
    let mut random = Random::new(7);
    for _ in 0..40 {
        std::fs::write(&file, "old\n").expect("written");
        let until = Instant::now() + took.mul_f64(random.below(1200) as f64 / 1000.0);
        let mut child = snapshot(&file, None);
        while Instant::now() < until && child.try_wait().expect("it can be asked").is_none() {
            std::thread::yield_now();
        }
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("it ends");
        let held = std::fs::read_to_string(&file).expect("the file");
        assert!(held == "old\n" || held == new, "{held}");
    }
}

/// F2: what a killed program left beside the file stands in the way of no later one, also of the same number.
#[test]
fn f2_what_a_killed_program_left_is_in_nobody_s_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cluster.yaml");
    let script = "echo half >\"$3.$$.part\"; exec \"$1\" snapshot --from \"$2\" \"$3\"";
    let mut command = Command::new("sh");
    let ended = command.args(["-c", script, "sh", KREACH, SHOP]).arg(&file).stderr(Stdio::null()).status();
    assert!(ended.expect("it runs").success());
    assert_eq!(names(folder.path()), ["cluster.yaml"]);
}

/// Set for the children of [`f3_programs_that_keep_a_file_at_once_leave_a_whole_one`].
const CHILD: &str = "KREACH_TEST_KEEPS";
const THREADS: usize = 4;

/// A text that tells when it is torn.
fn long(letter: usize) -> String {
    char::from(b'a' + letter as u8).to_string().repeat(20_000)
}

fn keep_and_look(letter: usize) {
    for _ in 0..40 {
        let path = state::keep("crash.txt", &long(letter)).expect("it is kept");
        let held = std::fs::read_to_string(path).expect("it is there");
        assert!((0..THREADS).any(|it| held == long(it)), "{} bytes, torn", held.len());
    }
}

#[test]
fn the_child_that_keeps() {
    if std::env::var_os(CHILD).is_some() {
        std::thread::scope(|all| (0..THREADS).for_each(|it| drop(all.spawn(move || keep_and_look(it)))));
    }
}

/// F3: two programs, and threads of one, that keep a file under one name at once: it is one of theirs, as a whole.
#[test]
fn f3_programs_that_keep_a_file_at_once_leave_a_whole_one() {
    let home = tempfile::tempdir().expect("a folder");
    let start = || {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "state_files::the_child_that_keeps"]).env(CHILD, "1");
        command.env("XDG_STATE_HOME", home.path()).stdout(Stdio::null()).spawn().expect("it starts")
    };
    let children = [start(), start()];
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    assert_eq!(names(&home.path().join("kreach")), ["crash.txt"], "and nothing is left beside it");
}

/// F5: a folder that is a link, a file, or where nothing can be made: told where something was to be kept, and no more.
#[test]
fn f5_a_folder_that_is_none_of_ours_is_left_alone() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let places: [fn(&Path, &Path) -> PathBuf; 3] = [
        |home, elsewhere| {
            std::os::unix::fs::symlink(elsewhere, home.join("kreach")).expect("a link");
            home.to_owned()
        },
        |home, _| {
            std::fs::write(home.join("kreach"), "a file").expect("written");
            home.to_owned()
        },
        |_, _| PathBuf::from("/proc/self"),
    ];
    for place in places {
        let home = tempfile::tempdir().expect("a folder");
        let mut terminal = session(&place(home.path(), elsewhere.path()));
        terminal.keys(DUMP);
        terminal.wait_for("not kept: ");
        terminal.keys("2");
        terminal.wait_for("<2Pods>");
        leave(terminal);
        assert_eq!(names(elsewhere.path()), Vec::<String>::new());
    }
}

/// F6: a session goes on with what it has loaded when its kubeconfig goes, also when all is read again.
#[tokio::test(flavor = "multi_thread")]
async fn f6_a_kubeconfig_that_goes_ends_no_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config");
    let world = ServedCluster::told("going");
    let put = |name: &str| {
        let metadata = json!({ "name": name, "uid": name });
        let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata });
        world.put(kinds::by_plural("namespaces").expect("they are served"), object);
    };
    put("first");
    let server = serve(world.clone(), "127.0.0.1:0", ServeSettings::default()).await.expect("a server");
    kubeconfig::write(&path, &server, "going").expect("a kubeconfig");
    let terminal = pty::kreach(&["--kubeconfig", &path.display().to_string()], 100, 30);
    let mut terminal = seen(terminal, "first").await;
    std::fs::remove_file(&path).expect("it was there");
    put("second");
    terminal = seen(terminal, "second").await;
    terminal.keys("R");
    put("third");
    terminal = seen(terminal, "third").await;
    assert!(terminal.wait_for("LIVE").contains("first"));
    leave(terminal);
}

/// Waits for words on the screen beside the server's own work.
async fn seen(terminal: Terminal, words: &'static str) -> Terminal {
    let wait = move || {
        terminal.wait_for(words);
        terminal
    };
    tokio::task::spawn_blocking(wait).await.expect("it is shown")
}

/// P5: watches are read on while the terminal takes nothing, and what waits takes a bounded room.
#[tokio::test(flavor = "multi_thread")]
async fn p5_memory_is_bounded_while_the_terminal_takes_nothing() {
    const PODS: usize = 20;
    const CHANGES: usize = 20_000;
    let world = ServedCluster::told("frozen");
    let kind = |plural: &str| kinds::by_plural(plural).expect("it is served");
    world.put(kind("namespaces"), json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "n" } }));
    let put = |name: &str, round: usize| {
        let metadata = json!({ "name": name, "namespace": "n", "uid": name, "labels": { "round": round.to_string() },
                               "annotations": { "long": "x".repeat(2000) } });
        let spec = json!({ "containers": [{ "name": "c", "image": "i" }] });
        world.put(kind("pods"), json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec }));
    };
    (0..PODS).for_each(|it| put(&format!("pod-{it}"), 0));
    let server = serve(world.clone(), "127.0.0.1:0", ServeSettings::default()).await.expect("a server");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config");
    kubeconfig::write(&path, &server, "frozen").expect("a kubeconfig");
    let open = move || {
        let path = path.display().to_string();
        pty::Unwatched::open(KREACH, &["--kubeconfig", &path], &[("LIVE", "2"), ("pod-0", "")])
    };
    let mut program = tokio::task::spawn_blocking(open).await.expect("it opens");
    let before = peak(program.process_id());
    for round in 1..=CHANGES {
        put(&format!("pod-{}", round % PODS), round);
        if round % 100 == 0 {
            // The server tells them meanwhile, and forgets them by and by.
            tokio::task::yield_now().await;
        }
    }
    put("the-last", CHANGES);
    let end = move || {
        program.read_until(|it| it.contents().contains("the-last"));
        let most = peak(program.process_id());
        (most, program.end("TERM").code)
    };
    let (most, code) = tokio::task::spawn_blocking(end).await.expect("it ends");
    println!("{CHANGES} changes of 2 KB while the terminal took nothing: peak {before} to {most} KiB");
    assert!(before > 0 && most < before + (32 << 10), "{before} to {most} KiB");
    assert_eq!(code, 143);
}

/// The most memory that a process has held, in KiB.
fn peak(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
