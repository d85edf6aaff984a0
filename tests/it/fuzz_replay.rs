//! Every reader of text from outside, fed with a kept corpus and with thousands of seeded mutations of it.
//!
//! A target is a function that must not panic on any bytes; what it also promises, it asserts. Its corpus is the
//! folder `tests/fuzz-corpus/NAME/`. A finding names the bytes: keep them as a file there, and the case is
//! replayed forever. The seeds are fixed, so that a run is the same everywhere; this finds slips, and does not
//! replace hours of guided fuzzing.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use kreach::kinds::{self, Intern, KindSpec};
use kreach::live::connect;
use kreach::live::fault::LiveFault;
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::untrusted;

use crate::docs;
use crate::seeded::Random;

/// A reader: the name of its corpus, what it holds to, how many mutations it is fed, and what runs it.
struct Target {
    name: &'static str,
    doc: &'static str,
    mutations: usize,
    run: fn(&[u8]),
}

const TARGETS: &[Target] = &[
    Target {
        name: "sanitizer",
        doc: "text that is shown holds no control or bidirectional character, and showing it again changes nothing",
        mutations: 3_000,
        run: sanitizer,
    },
    Target {
        name: "kubeconfig",
        doc: "a kubeconfig is read, or refused with one harmless line",
        mutations: 1_000,
        run: kubeconfig,
    },
    Target {
        name: "error_answer",
        doc: "an error that a server or a proxy answers becomes one harmless, short line",
        mutations: 1_000,
        run: error_answer,
    },
    Target {
        name: "list_page",
        doc: "a page of a list is read, or refused as a whole; an object of it that cannot be read is kept as unreadable",
        mutations: 400,
        run: list_page,
    },
    Target {
        name: "watch_line",
        doc: "a line of a watch is read, or refused as a whole",
        mutations: 600,
        run: watch_line,
    },
    Target {
        name: "manifest",
        doc: "a YAML document is read, or becomes a problem; what it gives can be put into a cluster",
        mutations: 500,
        run: manifest,
    },
];

/// Pieces that readers stumble over, put in anywhere.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b",",
    b"- ",
    b"---\n",
    b"...\n",
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!binary ",
    b"|",
    b">",
    b"null",
    b"~",
    b"true",
    b"-1",
    b"0",
    b"65536",
    b"1e309",
    b"18446744073709551616",
    b"0x1F",
    b"NaN",
    b"{}",
    b"[]",
    b"\x1b[2J",
    b"\x1b]52;c;AA==\x07",
    b"\xff\xfe",
    b"\xc3",
    "\u{202e}".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{301}".as_bytes(),
    "\u{feff}".as_bytes(),
    "中".as_bytes(),
    "👩‍👩‍👧".as_bytes(),
    b"metadata",
    b"spec",
    b"items",
    b"kind",
    b"apiVersion",
    b"resourceVersion",
    b"continue",
];

fn sanitizer(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let shown = untrusted::show(&text);
    assert_harmless(&shown);
    assert_eq!(untrusted::show(&shown), shown, "showing it again changes it");
    assert_eq!(untrusted::is_deceptive_text(&text), shown != text, "the mark beside a name tells of a change");
}

fn kubeconfig(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("write it");
    let flags = connect::Flags { kubeconfig: Some(file.path().to_owned()), ..Default::default() };
    if let Err(fault) = connect::select(&flags, &connect::Surroundings::default()) {
        assert_harmless(&fault.to_string());
    }
}

fn error_answer(bytes: &[u8]) {
    let fault = LiveFault::answered(502, bytes);
    assert_harmless(&fault.to_string());
    assert!(fault.to_string().len() < 4_000, "{} bytes", fault.to_string().len());
}

/// The kinds whose word the bytes hold, and one more: a server may answer anything to any question.
fn likely(bytes: &[u8]) -> impl Iterator<Item = &'static KindSpec> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let other = &kinds::KINDS[bytes.len() % kinds::KINDS.len()];
    kinds::KINDS.iter().filter(move |it| text.contains(&format!("\"{}\"", it.word)) || it.kind == other.kind)
}

fn list_page(bytes: &[u8]) {
    for spec in likely(bytes) {
        if let Ok(page) = kinds::read_list(spec, bytes, &mut Intern::new()) {
            let mut cluster = Cluster::new(Coverage::Live);
            cluster.apply(Delta::Listed { kind: spec.kind, scope: Scope::Everywhere, entries: page.entries });
        }
    }
}

fn watch_line(bytes: &[u8]) {
    for spec in likely(bytes) {
        let event = kinds::read_event(spec, bytes, &mut Intern::new());
        if let Ok(kinds::WatchEvent { step: kinds::WatchStep::Delta(delta), .. }) = event {
            Cluster::new(Coverage::Live).apply(delta);
        }
    }
}

fn manifest(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for spec in likely(bytes) {
        let readings = [
            spec.read_yaml(&text, "default", &mut Intern::new()),
            spec.read_json(&text, "default", &mut Intern::new()),
        ];
        for delta in readings.into_iter().filter_map(kinds::ReadOutcome::delta) {
            Cluster::new(Coverage::Closed).apply(delta);
        }
    }
}

fn assert_harmless(shown: &str) {
    let bidi = |it: char| matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    assert!(!shown.contains(|it: char| it.is_control() || bidi(it)), "shows a harmful character: {shown:?}");
}

#[test]
fn no_reader_panics_on_its_corpus_or_on_mutations_of_it() {
    for target in TARGETS {
        let corpus = corpus(target.name);
        assert!(!corpus.is_empty(), "tests/fuzz-corpus/{} is empty", target.name);
        for (path, bytes) in &corpus {
            feed(target, bytes, &path.display().to_string());
        }
        let mut random = Random::new(0x6b72_6561_6368);
        for round in 0..target.mutations {
            let bytes = mutant(&corpus, &mut random);
            feed(target, &bytes, &format!("mutation {round}"));
        }
    }
}

#[test]
fn every_corpus_has_its_target() {
    let folders = std::fs::read_dir(corpora()).expect("the corpora").flatten();
    let folders: BTreeSet<_> = folders.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    let targets: BTreeSet<_> = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    assert_eq!(folders, targets);
}

#[test]
fn the_targets_are_documented() {
    let rows: String = TARGETS.iter().map(|it| format!("| `tests/fuzz-corpus/{}` | {} |\n", it.name, it.doc)).collect();
    docs::assert_current(
        "docs/development.md",
        "fuzz targets",
        &format!("| inputs | what holds for all of them |\n|---|---|\n{rows}"),
    );
}

#[test]
fn a_finding_names_its_bytes() {
    let fragile =
        Target { name: "fragile", doc: "", mutations: 0, run: |bytes| assert!(!bytes.contains(&0x1b), "an escape") };
    feed(&fragile, b"harmless", "a test");
    let finding = catch_unwind(|| feed(&fragile, b"a\x1b[2J", "a test")).expect_err("the target panics");
    let text = finding.downcast_ref::<String>().expect("a message");
    assert!(text.contains(r"a\x1b[2J") && text.contains("fragile"), "{text}");
}

#[test]
fn mutations_differ_and_are_the_same_in_every_run() {
    let corpus = [(PathBuf::from("seed"), b"kind: Pod\n".to_vec())];
    let run = || {
        let mut random = Random::new(1);
        (0..100).map(|_| mutant(&corpus, &mut random)).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
    assert!(run().into_iter().collect::<BTreeSet<_>>().len() > 90);
}

fn feed(target: &Target, bytes: &[u8], whence: &str) {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))).is_err() {
        panic!("{} fails on {whence}: {}", target.name, bytes.escape_ascii());
    }
}

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz-corpus")
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = std::fs::read_dir(corpora().join(name)).into_iter().flatten().flatten();
    let mut paths: Vec<_> = files.map(|it| it.path()).collect();
    paths.sort();
    paths.into_iter().map(|it| (it.clone(), std::fs::read(&it).expect("a file of the corpus"))).collect()
}

/// One to eight changes of a piece of the corpus.
fn mutant(corpus: &[(PathBuf, Vec<u8>)], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.pick(corpus).1.clone();
    for _ in 0..=random.below(8) {
        mutate(&mut bytes, corpus, random);
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, corpus: &[(PathBuf, Vec<u8>)], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = at + random.below((bytes.len() - at).min(64) + 1);
    match random.below(7) {
        0 => drop(bytes.drain(at..end)),
        1 => bytes.truncate(at),
        2 => drop(bytes.splice(at..end, random.pick(PIECES).iter().copied())),
        3 => drop(bytes.splice(at..at, random.pick(PIECES).repeat(1 + random.below(40)))),
        4 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        5 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        _ => {
            let other = &random.pick(corpus).1;
            let from = random.below(other.len() + 1);
            bytes.splice(at..end, other[from..].iter().copied());
        }
    }
}
