//! The binary as scripts know it: arguments in; stdout, stderr and exit code out, against tests/cli/*.txt.
//!
//! ```text
//! # what the next commands show
//! $ kreach trace --from worlds/shop.yaml a b:80
//! stdin: a line for its stdin
//! x deny  …                    stdout as it is
//! stderr: note: …              each line of stderr
//! exit: 1
//! ```
//!
//! `UPDATE=1 cargo test --test it cli::` writes what the binary says now: read the difference before you keep it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One command of a golden file.
#[derive(Default)]
struct Case {
    /// Comments and blank lines before it.
    before: Vec<String>,
    command: String,
    stdin: Vec<String>,
    said: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")
}

fn read(text: &str) -> Vec<Case> {
    let (mut cases, mut before): (Vec<Case>, Vec<String>) = (Vec::new(), Vec::new());
    for line in text.lines() {
        match (line.strip_prefix("$ "), cases.last_mut()) {
            (Some(command), _) => {
                cases.push(Case { before: std::mem::take(&mut before), command: command.into(), ..Case::default() });
            }
            (None, Some(case)) if line.starts_with("stdin:") => {
                case.stdin.push(line["stdin:".len()..].trim_start().to_owned());
            }
            (None, Some(case)) if !line.is_empty() && !line.starts_with("# ") => case.said.push(line.to_owned()),
            _ => before.push(line.to_owned()),
        }
    }
    cases
}

/// Runs the binary in tests/cli; blank lines of stdout are written as `stdout:`.
fn run(case: &Case) -> Vec<String> {
    let mut words = case.command.split_whitespace();
    assert_eq!(words.next(), Some("kreach"), "{}", case.command);
    let mut child = Command::new(env!("CARGO_BIN_EXE_kreach"))
        .args(words)
        .current_dir(folder())
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    let input: String = case.stdin.iter().map(|it| format!("{it}\n")).collect();
    // A command that does not read its stdin closes it first.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let stdout = String::from_utf8(output.stdout).expect("stdout is UTF-8");
    let stderr = String::from_utf8(output.stderr).expect("stderr is UTF-8");
    let blank = |it: &str| if it.is_empty() || it.starts_with("# ") { format!("stdout: {it}") } else { it.to_owned() };
    let mut said: Vec<String> = stdout.lines().map(blank).collect();
    said.extend(stderr.lines().map(|it| format!("stderr: {it}")));
    said.push(format!("exit: {}", output.status.code().expect("it was not killed")));
    said
}

fn written(cases: &[Case], said: &[Vec<String>]) -> String {
    let mut lines = Vec::new();
    for (case, said) in cases.iter().zip(said) {
        lines.extend(case.before.iter().cloned());
        lines.push(format!("$ {}", case.command));
        lines.extend(case.stdin.iter().map(|it| format!("stdin: {it}").trim_end().to_owned()));
        lines.extend(said.iter().cloned());
    }
    lines.join("\n") + "\n"
}

fn check(name: &str) {
    let path = folder().join(name);
    let text = std::fs::read_to_string(&path).expect("the golden is there");
    let cases = read(&text);
    let said: Vec<Vec<String>> = cases.iter().map(run).collect();
    let now = written(&cases, &said);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, now).expect("the golden can be written");
        return;
    }
    assert_eq!(text, now, "{name} says something else now (UPDATE=1 writes it)");
}

/// One test a file, so that the files are a table and a forgotten one is seen.
macro_rules! goldens {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { check(concat!(stringify!($name), ".txt")); })*

        #[test]
        fn every_golden_is_run() {
            let listed = [$(concat!(stringify!($name), ".txt")),*];
            let files = std::fs::read_dir(folder()).expect("tests/cli is there");
            for file in files.map(|it| it.expect("it can be listed").file_name()) {
                let name = file.to_string_lossy().into_owned();
                assert!(!name.ends_with(".txt") || listed.contains(&name.as_str()), "{name} is run by no test");
            }
        }
    };
}

goldens! {
    batch,
    checks,
    diff,
    errors,
    explain,
    forms,
    info,
    lists,
    map,
    matrix,
    reach,
    touch,
    trace_addresses,
    trace_pods,
    trace_services,
    trace_sets,
}

/// What was built, and for what.
#[test]
fn the_version_says_what_was_built() {
    let output = Command::new(env!("CARGO_BIN_EXE_kreach")).arg("--version").output().expect("it runs");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.starts_with(concat!("kreach ", env!("CARGO_PKG_VERSION"))), "{said}");
    assert!(cfg!(not(debug_assertions)) || said.contains(std::env::consts::ARCH), "{said}");
}
