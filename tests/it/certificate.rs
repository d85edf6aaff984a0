//! A "no" can be checked by another program: `tests/certificate/check.py` takes what is right and refuses what is not, on
//! random worlds.

use std::io::Write as _;
use std::process::{Command, Stdio};

use kreach::ask::World;
use kreach::ask::world::SelfCheck;
use kreach::cli::certificate::document;
use kreach::escalate::{Certainty, Foothold, reach};
use kreach::live::snapshot;
use kreach::model::cluster::AnyFact;
use kreach::model::evidence::Outcome;
use kreach::model::name::Name;
use kreach::net::Settings;
use serde_json::{Value, json};

use crate::choke_laws::random_facts;
use crate::rbac_worlds::{Random, cluster};

const STARTS: &[&str] = &["user:alice", "user:bob", "group:dev", "sa:a/x", "sa:a/y", "sa:b/default", "pod/a/p0"];
const GOALS: &[&str] = &[
    "cluster-admin",
    "masters",
    "node-root",
    "namespace-admin/a",
    "secrets/kube-system",
    "sa:kube-system/y",
    "sa:b/x",
    "user:bob",
    "group:dev",
    "ns/kube-system",
];

/// What comes of a certificate.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Expected {
    Holds,
    Refused,
}

/// One "no", or what was made of it, for the program that checks.
struct Line {
    what: String,
    expected: Expected,
    asked: Value,
}

/// Steps of which the program knows all that these worlds have.
const KNOWN: &[&str] = &["A05", "A06", "A11", "A13", "A14", "A25", "A26", "TOKEN_STEAL", "CONTAINER_ESCAPE", "BACKEND"];

fn json_of(world: &World) -> Value {
    let mut text = Vec::new();
    snapshot::write_json(&world.cluster, &mut text).expect("a vector takes everything");
    serde_json::from_slice(&text).expect("JSON")
}

/// The first "no" of a world, with what must be refused in its place.
fn lines(seed: u64, facts: &[AnyFact]) -> Vec<Line> {
    let world = World::of(cluster(facts), Settings::default(), SelfCheck::Off);
    let (asker, ground, mut random) = (world.asker(), world.ground(&[]), Random::new(seed));
    for _ in 0..12 {
        let (from, to) = (random.one(STARTS), random.one(GOALS));
        let Ok(question) = asker.reach_question(from, to, &Name::from("default")) else { continue };
        let path = asker.reach_path(&ground, question, None);
        if path.outcome != Outcome::Deny {
            continue;
        }
        let certificate: Value = serde_json::from_slice(&document(&path, &ground)).expect("JSON");
        let snapshot = json_of(&world);
        let line = |what: &str, expected: Expected, certificate: &Value, snapshot: &Value| Line {
            what: format!("seed {seed}: {from} -> {to}: {what}"),
            expected,
            asked: json!({ "certificate": certificate, "snapshot": snapshot }),
        };
        let mut all = vec![line("as it is", Expected::Holds, &certificate, &snapshot)];
        for start in &path.question.starts {
            for gone in needed(&ground, start) {
                let mut less = certificate.clone();
                let closed = less["sets"][0]["closed"].as_array_mut().expect("a list");
                closed.retain(|it| *it != Value::String(gone.clone()));
                all.push(line(&format!("without {gone}"), Expected::Refused, &less, &snapshot));
            }
        }
        let mut met = certificate.clone();
        met["goals"] = json!([certificate["sets"][0]["closed"][0]]);
        all.push(line("with its goal in the set", Expected::Refused, &met, &snapshot));
        let mut silent = certificate.clone();
        silent["sets"][0]["steps"].as_array_mut().expect("a list").retain(|it| it["edge"] != "A05");
        all.push(line("without a word of a step", Expected::Refused, &silent, &snapshot));
        if let Some(more) = granted(from, &snapshot) {
            all.push(line("of a cluster with a grant more", Expected::Refused, &certificate, &more));
        }
        return all;
    }
    Vec::new()
}

/// Some of what is come to by steps that are known, each thing by itself.
fn needed(ground: &kreach::escalate::Ground<'_>, start: &Foothold) -> Vec<String> {
    let held = reach(ground, start, Certainty::Unsure);
    let is_sort = |it: &str| ["user:*", "group:*", "certificate:*"].contains(&it);
    if held.entries().iter().any(|it| is_sort(&it.region.to_string())) {
        return Vec::new();
    }
    let known = held.entries().iter().filter(|it| it.by.as_ref().is_some_and(|by| KNOWN.contains(&by.edge.id)));
    let members = known.flat_map(|it| it.region.members(ground).into_iter().take(1));
    members.filter(|it| it != start).map(|it| it.to_string()).take(3).collect()
}

/// The same cluster in which whoever starts may do everything.
fn granted(from: &str, snapshot: &Value) -> Option<Value> {
    let name = from.strip_prefix("user:")?;
    let mut more = snapshot.clone();
    let group = "rbac.authorization.k8s.io/v1";
    more["items"].as_array_mut().expect("a list").extend([
        json!({"apiVersion": group, "kind": "ClusterRole", "metadata": {"name": "more"},
               "rules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}),
        json!({"apiVersion": group, "kind": "ClusterRoleBinding", "metadata": {"name": "more"},
               "subjects": [{"kind": "User", "name": name}], "roleRef": {"kind": "ClusterRole", "name": "more"}}),
    ]);
    Some(more)
}

/// What the program says of each line.
fn checked(lines: &[Line]) -> Vec<Value> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificate/check.py");
    let mut python = Command::new("python3")
        .args(["-B", program, "--lines"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is there (docs/development.md)");
    let mut input = python.stdin.take().expect("it is piped");
    let text: Vec<String> = lines.iter().map(|it| it.asked.to_string()).collect();
    let writer = std::thread::spawn(move || text.iter().try_for_each(|it| writeln!(input, "{it}")));
    let output = python.wait_with_output().expect("it ends");
    writer.join().expect("it writes").expect("the program reads all");
    let told = String::from_utf8(output.stdout).expect("text");
    told.lines().map(|it| serde_json::from_str(it).expect("JSON")).collect()
}

/// How many worlds are tried: so many that a thousand have a "no".
const WORLDS: u64 = 1_600;

#[test]
fn a_no_is_taken_by_another_program_and_what_is_not_right_is_refused() {
    let lines: Vec<Line> = (0..WORLDS).flat_map(|seed| lines(seed, &random_facts(seed + 9_000))).collect();
    let told = checked(&lines);
    assert_eq!(told.len(), lines.len(), "a line is answered by a line");
    let mut counts = [0_usize; 2];
    for (line, told) in lines.iter().zip(&told) {
        let is_held = told["holds"] == true;
        assert_eq!(is_held, line.expected == Expected::Holds, "{}: {told}", line.what);
        counts[line.expected as usize] += 1;
    }
    let removed = lines.iter().filter(|it| it.what.contains(": without ")).count();
    assert!(counts[0] >= 1_000 && counts[1] >= 2_000 && removed > 300, "few: {counts:?}, {removed} with less");
}
