//! What people come for, by as few keys as they may take: ten tasks on the story's cluster, at 80 columns by 24 rows.
//!
//! Each says its keys, how many they may be, and what must be on the screen then without scrolling. Names are typed
//! with completion. The task of a pipeline, `kreach check`, needs no keys.

use jiff::Timestamp;
use kreach::embedded::kinds;
use kreach::embedded::story::{PEOPLE, Story};
use kreach::kinds::{Intern, KINDS};
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::rbac::review::{Me, Reply, Review};
use kreach::tui::app::Setup;
use kreach::tui::event::{Effect, Event};
use kreach::tui::status::Origin;

use crate::screens::{Driver, check};

/// A task: its name, its keys, how many they may be, and what the screen says then.
type Task = (&'static str, &'static str, usize, &'static [&'static str]);

const TASKS: &[Task] = &[
    (
        "task_trace",
        ": \"tr_web Tab \"db: Tab Enter",
        20,
        &[
            "✗ deny  deployment/shop/web -> service/payments/db:5432/TCP",
            "✗ egress: no rule of 3 policies",
            "nearest: ",
        ],
    ),
    ("task_secrets", ": \"sec_pay Tab Enter", 12, &["who can get secrets in payments", "sa:ci/runner"]),
    ("task_left", "4", 2, &["user:contractor-7", "left: "]),
    ("task_runner", "4 / \"ci/r Enter Enter", 8, &["what sa:ci/runner may do", "escalate", "pods/exec"]),
    ("task_default_deny", "1", 2, &["DENY", "legacy      none", "payments    in+out", "data        in "]),
    ("task_reach", "r", 1, &["what pod/shop/web-", "sa:shop/web"]),
    ("task_reached", "w", 1, &["who can come to reach"]),
    ("task_policies", "", 0, &["✓ isolated: ingress and", "default-deny: ingress", "web-to-backends: egress"]),
    ("task_exec", ": \"exec_pay Tab Enter", 12, &["create pods/exec in payments"]),
    ("task_export", "x C Enter", 4, &[]),
];

/// The story's cluster as it stands at the beginning, all of it listed.
fn story() -> Cluster {
    let story = Story::new(Timestamp::from_second(1_790_000_000).expect("a time"));
    let mut cluster = Cluster::new(Coverage::Loading);
    let mut intern = Intern::new();
    for spec in KINDS {
        if let Some(kind) = kinds::by_plural(spec.plural).filter(|it| it.group == spec.group) {
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

/// How many keys a script types.
fn count(keys: &str) -> usize {
    keys.split(' ').filter(|it| !it.is_empty()).map(|it| it.strip_prefix('"').map_or(1, |it| it.chars().count())).sum()
}

/// A session on the story; tasks about a pod begin on one of web's.
fn session(task: &str) -> Driver {
    let setup = Setup { title: "demo story".into(), origin: Origin::Live, ..Setup::default() };
    let mut driver = Driver::among(PEOPLE, setup, story(), (80, 24));
    let me = Me { user: "demo".into(), groups: vec!["system:authenticated".into()] };
    driver.send(Event::Told { review: Review::Own, reply: Reply::Me(me) });
    if matches!(task, "task_reach" | "task_reached" | "task_policies") {
        driver.keys("2 / \"shop/web Enter");
    }
    driver
}

#[test]
fn each_task_takes_few_keys_and_its_answer_is_on_the_screen() {
    for (name, keys, most, told) in TASKS {
        assert!(count(keys) <= *most, "{name} takes {} keys", count(keys));
        let mut driver = session(name);
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
    let mut driver = session("task_export");
    driver.keys("x C Enter");
    let copied = driver.effects.iter().any(|it| matches!(it, Effect::Copy(text) if text.starts_with("| from \\ to |")));
    assert!(copied, "{:?}", driver.effects);
}
