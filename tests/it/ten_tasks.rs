//! What people come for, by as few keys as they may take: ten tasks on the story's cluster, at 80 columns by 24 rows.
//!
//! Each says its keys, how many they may be, and what must be on the screen then without scrolling. Names are typed
//! with completion. The task of a pipeline, `kreach check`, needs no keys.
//!
//! docs/ten-tasks.md lists them with pictures at three sizes, which `KREACH_BLESS=1 cargo test ten_tasks` draws.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kreach::change::{Change, Op};
use kreach::embedded::kinds as served;
use kreach::embedded::story::{PEOPLE, Story};
use kreach::kinds::{Intern, KINDS};
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::id::{Kind, ObjectId};
use kreach::rbac::review::{Me, Reply, Review};
use kreach::tui::app::Setup;
use kreach::tui::event::{Effect, Event};
use kreach::tui::status::Origin;

use serde_json::Value;

use crate::screens::{Driver, check};

/// A task: what it is, its name, its keys, how many they may be, and what the screen says then.
type Task = (&'static str, &'static str, &'static str, usize, &'static [&'static str]);

const TASKS: &[Task] = &[
    (
        "may web talk to the payments database, and why not",
        "task_trace",
        ": \"tr_web Tab \"db: Tab Enter",
        20,
        &[
            "✗ deny  deployment/shop/web -> service/payments/db:5432/TCP",
            "✗ egress: no rule of 3 policies",
            "nearest ingress: ",
        ],
    ),
    (
        "who reads secrets in payments",
        "task_secrets",
        ": \"sec_pay Tab Enter",
        12,
        &["who can get secrets in payments", "sa:ci/runner"],
    ),
    ("is anything still bound to somebody who left", "task_left", "4", 2, &["user:contractor-7", "left: "]),
    (
        "what may the CI runner do",
        "task_runner",
        "4 / \"ci/r Enter Enter",
        8,
        &["what sa:ci/runner may do", "escalate", "pods/exec"],
    ),
    (
        "which namespaces lack default deny, per direction",
        "task_default_deny",
        "1",
        2,
        &["DENY", "legacy       none", "payments     in+out", "data         in "],
    ),
    ("what does this pod reach", "task_reach", "r", 1, &["what pod/shop/web-", "sa:shop/web"]),
    ("who reaches it", "task_reached", "w", 1, &["who can come to reach"]),
    (
        "which policies select this pod",
        "task_policies",
        "",
        0,
        &["✓ isolated: ingress and", "default-deny: ingress", "web-to-backends: egress"],
    ),
    (
        "may I exec into a pod of payments",
        "task_exec",
        ": \"exec_pay Tab Enter",
        12,
        &["may you create pods/exec in payments"],
    ),
    ("export the matrix for a ticket", "task_export", "x C Enter", 4, &[]),
];

/// The sizes at which pictures of them are kept.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// The story's cluster as it stands at the beginning, all of it listed.
fn story() -> Cluster {
    let story = Story::new(Timestamp::from_second(1_790_000_000).expect("a time"));
    let mut cluster = Cluster::new(Coverage::Loading);
    let mut intern = Intern::new();
    for spec in KINDS {
        if let Some(kind) = kreach::embedded::kinds::by_plural(spec.plural).filter(|it| it.group == spec.group) {
            story.world().documents(kind, |json| {
                let text = std::str::from_utf8(json).expect("the server writes UTF-8");
                let delta = spec.read_json(text, "", &mut intern).delta();
                delta.into_iter().for_each(|it| drop(cluster.apply(it)));
            });
        }
        let (kind, scope) = (spec.kind, Scope::Everywhere);
        cluster.apply(Delta::Covered { kind, scope, coverage: Coverage::Live });
    }
    cluster
}

/// The story's objects of these kinds, whole.
pub fn objects(kinds: &[Kind]) -> BTreeMap<ObjectId, Value> {
    let story = Story::new(Timestamp::from_second(1_790_000_000).expect("a time"));
    let mut all = BTreeMap::new();
    for spec in KINDS.iter().filter(|it| kinds.contains(&it.kind)) {
        let Some(kind) = served::by_plural(spec.plural) else { continue };
        story.world().documents(kind, |json| {
            let object: Value = serde_json::from_slice(json).expect("the server writes JSON");
            let change = Change { op: Op::Update, object };
            all.insert(change.id().expect("it reads"), change.object);
        });
    }
    all
}

/// How many keys a script types.
fn count(keys: &str) -> usize {
    keys.split(' ').filter(|it| !it.is_empty()).map(|it| it.strip_prefix('"').map_or(1, |it| it.chars().count())).sum()
}

/// A session on the story; tasks about a pod begin on one of web's.
pub fn session(task: &str, size: (u16, u16)) -> Driver {
    let setup = Setup { title: "demo story".into(), origin: Origin::Live, ..Setup::default() };
    let mut driver = Driver::among(PEOPLE, setup, story(), size);
    let me = Me { user: "demo".into(), groups: vec!["system:authenticated".into()] };
    driver.send(Event::Told { review: Review::Own, reply: Reply::Me(me) });
    if matches!(task, "task_reach" | "task_reached" | "task_policies") {
        driver.keys("2 / \"shop/web Enter");
    }
    driver
}

#[test]
fn each_task_takes_few_keys_and_its_answer_is_on_the_screen() {
    for (_, name, keys, most, told) in TASKS {
        assert!(count(keys) <= *most, "{name} takes {} keys", count(keys));
        let mut driver = session(name, (80, 24));
        driver.keys(keys);
        let text = driver.text();
        for words in *told {
            assert!(text.contains(words), "{name}: {words}\n{text}");
        }
        check(name, &mut driver);
    }
}

#[test]
fn the_matrix_is_copied_for_a_ticket() {
    let mut driver = session("task_export", (80, 24));
    driver.keys("x C Enter");
    let copied = driver.effects.iter().any(|it| matches!(it, Effect::Copy(text) if text.starts_with("| from \\ to |")));
    assert!(copied, "{:?}", driver.effects);
}

/// The keys of a script as they are told: what is typed in quotes.
fn told(keys: &str) -> String {
    let word = |it: &str| match it.strip_prefix('"') {
        Some(typed) => format!("`{}`", typed.replace('_', " ")),
        None => format!("`{it}`"),
    };
    let words: Vec<String> = keys.split(' ').filter(|it| !it.is_empty()).map(word).collect();
    if words.is_empty() { "none: it stands beside the list".to_owned() } else { words.join(" ") }
}

/// The pictures are what the program draws, and the page lists them.
#[test]
fn pictures_of_the_tasks_are_current() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/ten-tasks");
    let is_blessed = std::env::var_os("KREACH_BLESS").is_some();
    let mut rows = String::from("| task | keys | pictures |\n|---|---|---|\n");
    for (what, name, keys, ..) in TASKS {
        let picture = name.trim_start_matches("task_").replace('_', "-");
        let mut links = Vec::new();
        for (width, height) in SIZES {
            let mut driver = session(name, (width, height));
            driver.keys(keys);
            let (file, drawn) = (format!("{picture}.{width}x{height}.svg"), driver.picture());
            if is_blessed {
                std::fs::write(folder.join(&file), &drawn).expect("the picture can be written");
            }
            let kept = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
            assert!(kept == drawn, "{file} is not current: KREACH_BLESS=1 cargo test ten_tasks");
            links.push(format!("[{width}×{height}](../assets/ten-tasks/{file})"));
        }
        rows += &format!("| {what} | {} | {} |\n", told(keys), links.join(" "));
    }
    rows += "| check a directory of manifests in CI | `kreach check DIR` | [check.md](check.md) |\n";
    crate::docs::assert_current("docs/ten-tasks.md", "tasks", &rows);
}
