//! The commands that the documents show: those of shell examples run as they are written, those in sentences are read.
//!
//! They run in the project's folder against the demo's world, as somebody would who has just cloned it. A command that
//! fails (exit 2) is a wrong example, whatever it answers otherwise.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use kreach::embedded::{ServeSettings, kubeconfig, serve_named};

use crate::pty;

const KREACH: &str = env!("CARGO_BIN_EXE_kreach");

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages that people read; the contract speaks of what is not there yet, too.
fn pages() -> Vec<(String, String)> {
    let listed = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).expect("a folder of pages").flatten().map(|it| it.path()).collect()
    };
    let mut paths = [listed(top()), listed(&top().join("docs"))].concat();
    paths.retain(|it| it.extension().is_some_and(|it| it == "md") && !it.ends_with("contract.md"));
    paths.sort();
    let page = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a page");
        (path.strip_prefix(top()).expect("a page of the project").display().to_string(), text)
    };
    paths.into_iter().map(page).collect()
}

/// The commands of shell examples, without `kreach` itself; `cargo run … --` is kreach too.
fn examples(page: &str) -> Vec<Vec<String>> {
    let mut within = false;
    let lines = page.lines().filter(|line| {
        let is_fence = line.starts_with("```");
        within = if is_fence { !within && ["```sh", "```bash", "```console"].contains(line) } else { within };
        within && !is_fence
    });
    let words = |line: &str| -> Option<Vec<String>> {
        let command = line.trim_start_matches("$ ").split(" #").next().unwrap_or_default().trim();
        let own = command
            .strip_prefix("cargo run --release -- ")
            .or_else(|| command.strip_prefix("kreach "))
            .or(if command == "kreach" { Some("") } else { None })?;
        Some(own.split_whitespace().map(str::to_owned).collect())
    };
    lines.filter_map(words).collect()
}

/// The commands in sentences: spans of code that begin with `kreach` and leave nothing open.
fn mentions(page: &str) -> Vec<Vec<String>> {
    let prose: String = page.split("```").step_by(2).collect();
    let spans = prose.split('`').skip(1).step_by(2).map(|it| it.split_whitespace().collect::<Vec<_>>());
    let whole = spans.filter(|it| it.first() == Some(&"kreach") && !it.concat().contains(['[', '<', '…', '|']));
    whole.map(|it| it.into_iter().skip(1).map(filled).collect()).collect()
}

/// What stands for something that each reader fills in, filled in.
fn filled(word: &str) -> String {
    word.replace("ADDR:PORT", "127.0.0.1:0").replace("SHELL", "bash")
}

#[test]
fn every_command_in_a_sentence_is_a_command() {
    let mut read = 0;
    for (page, text) in pages() {
        for mut words in mentions(&text) {
            // A sentence may end where the value is named in words.
            if words.last().is_some_and(|it| it == "--from") {
                words.push("FILE".to_owned());
            }
            let arguments = std::iter::once("kreach".to_owned()).chain(words.clone());
            let parsed = kreach::args::Args::command().try_get_matches_from(arguments);
            // What it is asked about may stand in the sentence.
            let is_fine = |kind| {
                matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::MissingRequiredArgument)
            };
            let fault = parsed.err().filter(|it| !is_fine(it.kind()));
            assert!(fault.is_none(), "{page}: kreach {}: {}", words.join(" "), fault.expect("it is there"));
            read += 1;
        }
    }
    assert!(read > 10, "the pages were not read");
}

/// Runs one example; a screen is opened, looked at, and left.
fn run(page: &str, words: &[String], kubeconfig: &str) {
    let opens = words.iter().all(|it| it.starts_with("--from") || Path::new(it).exists() || top().join(it).exists());
    if opens || words.first().is_some_and(|it| it == "demo") {
        let place = top().display().to_string();
        let whole = words.iter().map(|it| if top().join(it).exists() { format!("{place}/{it}") } else { it.clone() });
        let whole: Vec<String> = whole.collect();
        let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
        let mut terminal = pty::kreach_with(&[("KUBECONFIG", kubeconfig)], &whole, 80, 24);
        terminal.wait_for("RO");
        terminal.wait_until("the panes", |it| it.contains("[1] Namespaces"));
        terminal.keys("Q");
        assert_eq!(terminal.wait_exit(), 0, "{page}: kreach {}", words.join(" "));
        return;
    }
    let mut command = Command::new(KREACH);
    command.args(words).current_dir(top()).env("KUBECONFIG", kubeconfig).stdin(Stdio::null());
    // What is applied is recorded where the kubeconfig is, and not where the tests run.
    command.env("XDG_STATE_HOME", Path::new(kubeconfig).parent().expect("a folder"));
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(2), "{page}: kreach {}: {said}", words.join(" "));
    assert!(output.status.code().is_some() && !output.stdout.is_empty(), "{page}: kreach {}: {said}", words.join(" "));
}

/// The files that examples name as their reader's, and those that stand for them here.
const STAND_INS: [(&str, &str); 7] = [
    ("before.yaml", "tests/cli/worlds/before.yaml"),
    ("after.yaml", "tests/cli/worlds/after.yaml"),
    ("manifests/", "tests/cli/worlds/"),
    ("expectations.txt", "tests/cli/worlds/clean.txt"),
    ("story.json", "tests/cli/worlds/shop.yaml"),
    ("fix.json", "tests/cli/worlds/shut.yaml"),
    ("policies.yaml", "tests/cli/worlds/shut.yaml"),
];

/// The examples of `--help`, without `kreach` itself; files that only their reader has are left out.
fn helped() -> Vec<(String, Vec<String>)> {
    let table = kreach::args::Args::command();
    let of = |command: &clap::Command| {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines: Vec<String> =
            help.lines().filter_map(|it| it.trim().strip_prefix("kreach ")).map(str::to_owned).collect();
        let words = |line: &String| shell_words::split(line).expect("a line that a shell can split");
        let mut all: Vec<Vec<String>> = lines.iter().map(words).collect();
        all.iter_mut().for_each(|words| {
            let file = words.iter().position(|it| it == "--directory");
            file.into_iter().for_each(|at| drop(words.drain(at..at + 2)));
            words.iter_mut().for_each(|it| STAND_INS.iter().for_each(|(name, path)| *it = it.replace(name, path)));
        });
        all.into_iter().map(|it| (command.get_name().to_owned(), it)).collect::<Vec<_>>()
    };
    table.get_subcommands().flat_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_runs_as_it_is_written() {
    let server = serve_named("story", "127.0.0.1:0", ServeSettings::default()).await.expect("the demo's world");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config");
    kubeconfig::write(&path, &server, "story").expect("a kubeconfig");
    let path = path.display().to_string();
    tokio::task::spawn_blocking(move || {
        let shown: Vec<_> = pages()
            .into_iter()
            .flat_map(|(page, text)| examples(&text).into_iter().map(move |it| (page.clone(), it)))
            .collect();
        assert!(shown.len() >= 5, "{shown:?}");
        let helped = helped();
        assert!(helped.len() >= 10, "{helped:?}");
        helped.iter().for_each(|(command, words)| run(command, words, &path));
        shown.iter().for_each(|(page, words)| run(page, words, &path));
    })
    .await
    .expect("every example runs");
}

#[test]
fn commands_are_found_in_pages() {
    let page = "Say `kreach map\n--from` it.\n```sh\n$ kreach trace a b:80   # why\ncargo run --release -- demo\ncargo test\n```\n";
    assert_eq!(examples(page), [vec!["trace", "a", "b:80"], vec!["demo"]]);
    assert_eq!(mentions(page), [vec!["map", "--from"]]);
}
