//! Inputs that real reports boiled down to, each with the commands that went wrong on it and their right answers.
//!
//! A file of tests/reports, or a folder there where the input is several files (its file `expect` is no input). The
//! first lines are comments: what went wrong, then
//!
//! ```text
//! # rule: S44, CONTRACT 2
//! # expect: trace shop/web svc/shop/db => exit 1, text "policies see its pods"
//! # expect: map -o json => exit 0, has {"from":"node/n1"}, no out "outside" or "external"
//! ```
//!
//! `--from CASE` goes behind the subcommand unless the arguments say `--from`; THIS in them is the case's path. `diff` and
//! `check` get no `--from`: BEFORE, AFTER and STAGED are the parts of a case whose lines `# before`, `# after` and
//! `# staged` begin them; `--from BEFORE --stage STAGED` asks the one with the other applied. `out`
//! is stdout, `err` stderr, `text` either, `exit 1|2` either; `has` wants, anywhere in the JSON on stdout, an object with
//! these members. What a command decides it decides again with `--self-check`, which must not differ.
//!
//! BASELINED is a folder with the case and the policies that `baseline` writes for it, with the arguments of a line
//! `# baseline: -n shop`, if the case has one.
//!
//! `KREACH_REPORTS=DIR cargo test --test it reports::` tries the cases of another folder.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// The commands that `--self-check` decides a second time.
const DECIDING: [&str; 5] = ["trace", "map", "reach", "can", "sidestep"];

/// One `# expect:` line.
struct Expect {
    /// `rbac/user-without-a-name.yaml:4`.
    place: String,
    arguments: Vec<String>,
    exits: Vec<i32>,
    wants: Vec<Want>,
    /// What BEFORE and AFTER mean.
    parts: Vec<(&'static str, String)>,
    input: PathBuf,
    /// With which arguments the policies of BASELINED are written.
    baseline: String,
}

/// One thing that an answer says, or does not.
struct Want {
    absent: bool,
    stream: Stream,
    /// Any of these will do.
    fragments: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Stream {
    Out,
    Err,
    Either,
    Json,
}

/// What a command said.
struct Said {
    exit: Option<i32>,
    out: String,
    err: String,
}

fn root() -> PathBuf {
    std::env::var_os("KREACH_REPORTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports"), PathBuf::from)
}

/// The cases below a folder: its YAML files, and the folders that hold an `expect`.
fn cases(folder: &Path, into: &mut Vec<(PathBuf, PathBuf)>) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder of cases").map(|it| it.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.join("expect").is_file() {
            into.push((path.clone(), path.join("expect")));
        } else if path.is_dir() {
            cases(&path, into);
        } else if path.extension().is_some_and(|it| it == "yaml") {
            into.push((path.clone(), path));
        }
    }
}

/// All cases: their input and the text of their expectations.
fn all() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    cases(&root(), &mut paths);
    let text =
        |path: PathBuf| fs::read_to_string(path).expect("a case is text").trim_start_matches('\u{feff}').to_owned();
    paths.into_iter().map(|(input, path)| (input, text(path))).collect()
}

fn expects(input: &Path, text: &str) -> Vec<Expect> {
    let name = input.strip_prefix(root()).expect("a case").display().to_string();
    let numbered = text.lines().enumerate();
    let expected = numbered.filter_map(|(at, line)| Some((at, line.strip_prefix("# expect: ")?)));
    let baseline = text.lines().find_map(|it| it.strip_prefix("# baseline: ")).unwrap_or_default();
    let one = |(at, line)| Expect {
        parts: parts(text),
        baseline: baseline.to_owned(),
        ..expect(format!("{name}:{}", at + 1), input, line)
    };
    expected.map(one).collect()
}

fn expect(place: String, input: &Path, line: &str) -> Expect {
    let (arguments, answer) = line.split_once(" => ").unwrap_or_else(|| panic!("{place}: no =>"));
    let rest = answer.strip_prefix("exit ").unwrap_or_else(|| panic!("{place}: no exit"));
    let (exits, mut rest) = rest.split_once(", ").unwrap_or((rest, ""));
    let mut wants = Vec::new();
    while !rest.is_empty() {
        let (want, behind) = want(&place, rest);
        wants.push(want);
        rest = behind.strip_prefix(", ").unwrap_or(behind);
    }
    let exits = exits.split('|').map(|it| it.parse().unwrap_or_else(|_| panic!("{place}: exit {it}"))).collect();
    let (parts, input_path, baseline) = (Vec::new(), input.to_owned(), String::new());
    Expect { arguments: arguments_of(arguments, input), exits, wants, place, parts, input: input_path, baseline }
}

/// Reads `no text "a" or "b"` and gives what stands behind it.
fn want<'a>(place: &str, text: &'a str) -> (Want, &'a str) {
    let absent = text.starts_with("no ");
    let text = text.strip_prefix("no ").unwrap_or(text);
    let (word, mut rest) = text.split_once(' ').unwrap_or_else(|| panic!("{place}: {text}"));
    let stream = match word {
        "out" => Stream::Out,
        "err" => Stream::Err,
        "text" => Stream::Either,
        "has" => Stream::Json,
        _ => panic!("{place}: {word} is no stream"),
    };
    let mut fragments = Vec::new();
    loop {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = values.next().and_then(Result::ok).unwrap_or_else(|| panic!("{place}: {rest}"));
        rest = &rest[values.byte_offset()..];
        fragments.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let Some(next) = rest.strip_prefix(" or ") else { break };
        rest = next;
    }
    (Want { absent, stream, fragments }, rest)
}

/// Splits arguments at spaces outside of single quotes.
fn split(text: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for letter in text.chars() {
        match (letter, quoted) {
            ('\'', _) => quoted = !quoted,
            (' ', false) => words.push(String::new()),
            _ => words.last_mut().expect("one word at least").push(letter),
        }
    }
    words
}

/// The same with `--from` where it belongs.
fn arguments_of(text: &str, input: &Path) -> Vec<String> {
    let input = input.display().to_string();
    let mut words: Vec<String> = split(text).into_iter().map(|it| it.replace("THIS", &input)).collect();
    if !["diff", "check"].contains(&words[0].as_str()) && !words.iter().any(|it| it == "--from") {
        words.splice(1..1, ["--from".to_owned(), input]);
    }
    words
}

fn run(arguments: &[String]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_kreach"))
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes UTF-8");
    Said { exit: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The parts of a case that holds several inputs: what stands behind its lines `# before`, `# after` and `# staged`.
fn parts(text: &str) -> Vec<(&'static str, String)> {
    let mut parts: Vec<(&'static str, String)> = Vec::new();
    for line in text.lines() {
        match line {
            "# before" => parts.push(("BEFORE", String::new())),
            "# after" => parts.push(("AFTER", String::new())),
            "# staged" => parts.push(("STAGED", String::new())),
            _ => parts.iter_mut().last().into_iter().for_each(|it| it.1 += &format!("{line}\n")),
        }
    }
    parts
}

/// The same arguments, where BEFORE, AFTER and STAGED are files in this folder with the parts of the case.
fn in_parts(arguments: &[String], parts: &[(&'static str, String)], folder: &Path) -> Vec<String> {
    let path = |name: &str| folder.join(format!("{}.yaml", name.to_lowercase()));
    parts.iter().for_each(|(name, text)| fs::write(path(name), text).expect("a part is written"));
    let named = |it: &String| parts.iter().find(|(name, _)| it.trim_start_matches("live+") == *name).map(|it| it.0);
    arguments
        .iter()
        .map(|it| named(it).map_or_else(|| it.clone(), |name| it.replace(name, &path(name).display().to_string())))
        .collect()
}

/// The same arguments, where BASELINED is a folder with the case and the policies that are written for it.
fn baselined(arguments: Vec<String>, expect: &Expect, folder: &Path) -> Vec<String> {
    if !arguments.iter().any(|it| it == "BASELINED") {
        return arguments;
    }
    let asked = split(&expect.baseline).into_iter().filter(|it| !it.is_empty());
    let from = [expect.input.display().to_string(), "-o".to_owned(), "yaml".to_owned()];
    let head = ["baseline".to_owned(), "--from".to_owned()].into_iter();
    let said = run(&head.chain(from).chain(asked).collect::<Vec<_>>());
    let whole = folder.join("baselined");
    fs::create_dir_all(&whole).expect("a folder");
    fs::copy(&expect.input, whole.join("case.yaml")).expect("the case is copied");
    fs::write(whole.join("policies.yaml"), &said.out).expect("the policies are written");
    let path = whole.display().to_string();
    arguments.into_iter().map(|it| if it == "BASELINED" { path.clone() } else { it }).collect()
}

/// What of an expectation does not hold.
fn broken(expect: &Expect) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = in_parts(&expect.arguments, &expect.parts, folder.path());
    let arguments = baselined(arguments, expect, folder.path());
    let said = run(&arguments);
    let mut wrong: Vec<String> = Vec::new();
    if !said.exit.is_some_and(|it| expect.exits.contains(&it)) {
        wrong.push(format!("exit {:?}, not {:?}", said.exit, expect.exits));
    }
    wrong.extend(expect.wants.iter().filter(|it| holds(it, &said) == it.absent).map(Want::told));
    if wrong.is_empty() && DECIDING.contains(&expect.arguments[0].as_str()) {
        let again: Vec<String> = arguments.iter().cloned().chain(["--self-check".to_owned()]).collect();
        let second = run(&again);
        if (second.exit, &second.out) != (said.exit, &said.out) {
            wrong.push(format!("--self-check differs: exit {:?}\n{}{}", second.exit, second.out, second.err));
        }
    }
    if !wrong.is_empty() {
        wrong.push(format!("stdout:\n{}stderr:\n{}", said.out, said.err));
    }
    wrong
}

fn holds(want: &Want, said: &Said) -> bool {
    let (out, err) = (&said.out, &said.err);
    want.fragments.iter().any(|fragment| match want.stream {
        Stream::Out => out.contains(fragment),
        Stream::Err => err.contains(fragment),
        Stream::Either => out.contains(fragment) || err.contains(fragment),
        Stream::Json => serde_json::from_str(out).is_ok_and(|it| has(&it, fragment)),
    })
}

/// Whether an object with the members of `fragment` stands anywhere in `value`.
fn has(value: &Value, fragment: &str) -> bool {
    let wanted: Value = serde_json::from_str(fragment).expect("has is followed by JSON");
    holds_members(value, wanted.as_object().expect("has is followed by an object"))
}

fn holds_members(value: &Value, wanted: &serde_json::Map<String, Value>) -> bool {
    match value {
        Value::Object(members) => {
            wanted.iter().all(|(key, it)| members.get(key) == Some(it))
                || members.values().any(|it| holds_members(it, wanted))
        }
        Value::Array(items) => items.iter().any(|it| holds_members(it, wanted)),
        _ => false,
    }
}

impl Want {
    fn told(&self) -> String {
        let stream = match self.stream {
            Stream::Out => "stdout",
            Stream::Err => "stderr",
            Stream::Either => "either stream",
            Stream::Json => "the JSON",
        };
        format!("{stream} {} {}", if self.absent { "has" } else { "lacks" }, self.fragments.join(" or "))
    }
}

#[test]
fn every_report_is_answered_right() {
    let expects: Vec<Expect> = all().iter().flat_map(|(input, text)| expects(input, text)).collect();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(expect) = expects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let wrong = broken(expect);
                    if !wrong.is_empty() {
                        failures.lock().expect("no thread panicked").push((&expect.place, &expect.arguments, wrong));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no thread panicked");
    failures.sort();
    let mut told = format!("{} of {} expectations do not hold\n", failures.len(), expects.len());
    for (place, arguments, wrong) in &failures {
        let _ = writeln!(told, "\n{place}: kreach {}\n  {}", arguments.join(" "), wrong.join("\n  "));
    }
    assert!(failures.is_empty(), "{told}");
}

#[test]
fn every_report_names_its_rule_and_expects_something() {
    for (input, text) in all() {
        let lines = |with: &str| text.lines().filter(|it| it.starts_with(with)).count();
        assert!(lines("# rule: ") == 1, "{} names no rule", input.display());
        assert!(lines("# expect: ") > 0, "{} expects nothing", input.display());
        assert!(text.starts_with("# ") && !text.starts_with("# rule"), "{} does not say what it is", input.display());
    }
}
