//! Files on a bad day: larger than memory should be, without an end, cut in the middle of being written.
//!
//! Rows F1, F2 and those of sizes of docs/reliability.md.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const KREACH: &str = env!("CARGO_BIN_EXE_kreach");

fn kreach(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(KREACH);
    command.args(arguments).current_dir(folder).env_clear().env("HOME", "/nonexistent");
    command
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// What a command says, with this on its stdin.
fn said(mut command: Command, stdin: &[u8]) -> (Output, String) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    // A command that gives up closes its end.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin);
    let output = child.wait_with_output().expect("it ends");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, words)
}

/// A dump as `kubectl get pods -A -o json` writes it: pods of 10 KB, most of which nobody reads.
fn dump(pods: usize, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let fields: String = (0..230).map(|it| format!("{:24}\"f:field-{it}\": {{}},\n", "")).collect();
    write!(out, "{{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n")?;
    for pod in 0..pods {
        let comma = if pod == 0 { "" } else { ",\n" };
        write!(
            out,
            "{comma}        {{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"pod-{pod}\", \"namespace\": \"team-{}\",\n\
             \"labels\": {{\"app\": \"a{}\"}}, \"managedFields\": [{{\"fieldsV1\": {{\n{fields}\"f:last\": {{}}}}}}]}}, \"spec\": {{\"containers\": []}}}}",
            pod % 50,
            pod % 300
        )?;
    }
    write!(out, "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {{\"resourceVersion\": \"\"}}\n}}\n")
}

/// The peak of a process's memory in MiB, while it lives.
fn peak(child: &Child) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("the system tells");
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).expect("a peak");
    line.split_whitespace().next().and_then(|it| it.parse::<usize>().ok()).expect("a number") / 1024
}

/// Issue 16 §13: a large dump is never in memory as a whole, from a file and from a pipe.
#[cfg(target_os = "linux")]
#[test]
fn f_a_large_dump_is_not_held() {
    const PODS: usize = 9_000;
    let folder = folder();
    let path = folder.path().join("dump.json");
    let mut out = std::io::BufWriter::new(File::create(&path).expect("a file"));
    dump(PODS, &mut out).and_then(|()| out.flush()).expect("a dump");
    let size = fs::metadata(&path).expect("the dump").len() as usize >> 20;
    assert!(size > 80, "{size} MiB");
    for from in ["dump.json", "-"] {
        let mut command = kreach(&["snapshot", "--from", from], folder.path());
        let mut child = command
            .stdin(File::open(&path).expect("the dump"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        // It has read all when it writes, and waits for its reader then.
        let mut stdout = child.stdout.take().expect("a pipe");
        stdout.read_exact(&mut [0; 4]).expect("the beginning of a snapshot");
        let most = peak(&child);
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).expect("a snapshot");
        assert!(child.wait().expect("it ends").success());
        assert_eq!(rest.matches("\nkind: Pod\n").count(), PODS, "{from}");
        assert!(most < size, "{from}: {most} MiB for a dump of {size}");
    }
}

/// Issue 16 §13: a line or a kubeconfig without end costs one line, and exit 2.
#[test]
fn f_lines_and_kubeconfigs_without_end_are_refused() {
    let folder = folder();
    fs::write(folder.path().join("pod.yaml"), "kind: Pod\napiVersion: v1\nmetadata: {name: a}\n").expect("a file");
    File::create(folder.path().join("holes")).and_then(|it| it.set_len(1 << 33)).expect("a file of holes");
    let question = b"{\"from\":\"default/a\",\"to\":\"default/a\",\"port\":\"80\"}\n".to_vec();
    let long = [question.as_slice(), &vec![b' '; 2 << 20]].concat();
    let cases: [(&[&str], &[u8], &str); 6] = [
        (&["trace", "--from", "pod.yaml", "--batch", "-"], &long, "cannot read stdin line 2: it is longer than 1 MiB"),
        (&["trace", "--from", "pod.yaml", "--batch", "/dev/zero"], b"", "cannot read /dev/zero line 1: it is longer"),
        (&["trace", "--from", "pod.yaml", "--batch", "holes"], b"", "cannot read holes line 1: it is longer"),
        (&["info", "--kubeconfig", "/dev/zero"], b"", "cannot read kubeconfig /dev/zero: it is a device or a socket"),
        (&["info", "--kubeconfig", "holes"], b"", "cannot read kubeconfig holes: it is larger than the 16 MiB"),
        (&["info", "--kubeconfig", "/dev/stdin"], &vec![b'#'; 17 << 20], "it is larger than the 16 MiB"),
    ];
    for (arguments, stdin, expected) in cases {
        let (output, words) = said(kreach(arguments, folder.path()), stdin);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {words}");
        assert!(words.contains(expected), "{arguments:?}: {words}");
        assert_eq!(words.matches("error: ").count(), 1, "{arguments:?}: {words}");
        // What was asked before the line has its answer.
        let has_answer = !output.stdout.is_empty() && arguments.contains(&"--batch");
        assert_eq!(has_answer, stdin == long, "{arguments:?}");
    }
}

/// Runs `kreach snapshot` where no file may become larger than so many blocks of half a KiB or one.
fn limited(before: &str, folder: &Path) -> Output {
    let script = format!("{before} ulimit -c 0; ulimit -f 4; exec \"$0\" snapshot snap.yaml --from dump.json");
    let mut command = Command::new("sh");
    command.args(["-c", &script, KREACH]).current_dir(folder).env_clear().env("HOME", "/nonexistent");
    command.output().expect("a shell")
}

/// F1: a disk that is full, played by a limit of the file's size. F2: killed in the middle of a write, by its signal.
#[cfg(target_os = "linux")]
#[test]
fn f1_f2_a_snapshot_that_cannot_be_written_leaves_the_old_one() {
    let folder = folder();
    let mut out = File::create(folder.path().join("dump.json")).expect("a file");
    dump(300, &mut out).expect("a dump");
    let path = folder.path().join("snap.yaml");
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).expect("the folder").flatten().map(|it| it.file_name()).collect();
        names.sort();
        names
    };
    for old in [None, Some("what stood there\n")] {
        let _ = fs::remove_file(&path);
        if let Some(text) = old {
            fs::write(&path, text).expect("a file");
        }
        let before = names();
        let failed = limited("trap '' XFSZ;", folder.path());
        let words = String::from_utf8_lossy(&failed.stderr).into_owned();
        assert_eq!(failed.status.code(), Some(2), "{words}");
        assert!(words.contains("error: cannot write snap.yaml: ") && words.contains("still does"), "{words}");
        let killed = limited("", folder.path());
        assert!(!killed.status.success() && killed.status.code() != Some(2), "{killed:?}");
        assert_eq!(names(), before);
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), old);
    }
}

/// F2: what is written whole takes the place of the old one, with its rights, also behind a link; a pipe is written to.
#[test]
fn f2_a_snapshot_takes_the_place_of_the_old_one() {
    let folder = folder();
    let mut out = File::create(folder.path().join("dump.json")).expect("a file");
    dump(3, &mut out).expect("a dump");
    let path = folder.path().join("snap.yaml");
    fs::write(&path, "old").expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("rights");
    std::os::unix::fs::symlink("snap.yaml", folder.path().join("link.yaml")).expect("a link");
    for target in ["snap.yaml", "link.yaml", "new.yaml"] {
        let (output, words) = said(kreach(&["snapshot", target, "--from", "dump.json"], folder.path()), b"");
        assert!(output.status.success(), "{words}");
        let text = fs::read_to_string(folder.path().join(target)).expect("a snapshot");
        assert_eq!(text.matches("\nkind: Pod\n").count(), 3, "{target}");
    }
    let about = fs::symlink_metadata(folder.path().join("link.yaml")).expect("the link");
    assert!(about.is_symlink(), "a link stays one");
    assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 4, "nothing stays beside it");
    let (piped, _) = said(kreach(&["snapshot", "/dev/stdout", "--from", "dump.json"], folder.path()), b"");
    assert!(String::from_utf8_lossy(&piped.stdout).ends_with("kind: SnapshotEnd\n"), "{piped:?}");
}

/// F5: no home, one that is not there, one in which nothing can be made.
#[test]
fn f5_a_command_needs_no_home() {
    let folder = folder();
    fs::write(folder.path().join("pod.yaml"), "kind: Pod\napiVersion: v1\nmetadata: {name: a}\n").expect("a file");
    for home in [None, Some("/nonexistent"), Some("/proc")] {
        let mut command = kreach(&["info", "--from", "pod.yaml"], folder.path());
        match home {
            Some(home) => command.env("HOME", home),
            None => command.env_remove("HOME"),
        };
        let (output, words) = said(command, b"");
        assert!(output.status.success(), "{home:?}: {words}");
    }
}
