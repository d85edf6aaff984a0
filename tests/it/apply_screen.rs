//! Applying on the screen: tried, weighed, confirmed by typing and never by paste, sent, and what the cluster came to.

use kreach::change::plan::{PlanStep, TakeOver, Tried, step};
use kreach::change::record::{AppliedBy, ChangeState, Record};
use kreach::change::stage::{Fetched, StagedItem};
use kreach::change::{Change, Op};
use kreach::model::cluster::Delta;
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::id::Kind;
use kreach::tui::app::Setup;
use kreach::tui::applying::{Attempt, Sent};
use kreach::tui::event::{Effect, Event, Then};
use kreach::tui::status::Origin;
use serde_json::{Value, json};

use crate::screens::{Driver, check, shop};

const SIZE: (u16, u16) = (80, 24);

fn driver(writes: bool) -> Driver {
    let setup = Setup { title: "story".into(), origin: Origin::Live, writes, ..Setup::default() };
    Driver::among("user,groups,active\n", setup, shop(), SIZE)
}

/// A policy that shuts all pods of shop.
fn closed() -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "closed", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}})
}

fn change() -> Change {
    Change { op: Op::Create, object: closed() }
}

fn staged(driver: &mut Driver) {
    let item = StagedItem::new(change(), Fetched::Absent, "shut.yaml").expect("a policy");
    driver.send(Event::Staged { items: Ok(vec![item]), then: Then::Stay });
}

fn attempt() -> Attempt {
    let id = change().id().expect("a policy");
    let step: PlanStep = step(&change(), &id, None, TakeOver::Never).expect("no conflict").expect("a step");
    let mut object = closed();
    object["metadata"]["uid"] = json!("u1");
    object["metadata"]["resourceVersion"] = json!("9");
    let tried = Tried { steps: vec![step], predicted: vec![Some(object)], notes: Vec::new() };
    Attempt { tried, origin: vec!["shut.yaml".to_owned()], undoes: None }
}

/// What the server has tried, as it comes to the screen.
fn tried(driver: &mut Driver) {
    driver.keys("A");
    let Some(Effect::Try { number, changes, .. }) = driver.effects.last().cloned() else {
        panic!("nothing is tried:\n{}", driver.text())
    };
    assert_eq!(changes, vec![change()]);
    driver.send(Event::Tried { number, attempt: Ok(Box::new(attempt())) });
}

fn is_sent(driver: &Driver) -> bool {
    driver.effects.iter().any(|it| matches!(it, Effect::Make(_)))
}

#[test]
fn without_write_nothing_is_tried_and_the_way_is_told() {
    let mut driver = driver(false);
    staged(&mut driver);
    driver.keys("A");
    assert!(driver.text().contains("needs --write"), "{}", driver.text());
    driver.keys("U");
    assert!(driver.text().contains("needs --write"), "{}", driver.text());
    assert!(!driver.effects.iter().any(|it| matches!(it, Effect::Try { .. } | Effect::TryUndo { .. })));
}

#[test]
fn only_what_is_typed_confirms_and_guards_first() {
    let mut driver = driver(true);
    staged(&mut driver);
    tried(&mut driver);
    check("apply_tried", &mut driver);
    // A paste is nothing, and so is another word.
    driver.keys("Enter");
    driver.send(Event::Paste("apply\n".to_owned()));
    driver.keys("Enter");
    assert!(!is_sent(&driver));
    driver.keys("Esc Enter \"aply Enter");
    assert!(!is_sent(&driver) && driver.text().contains("nothing is changed"), "{}", driver.text());
    confirm(&mut driver);
    assert!(is_sent(&driver), "{}", driver.text());
}

/// Types whatever is asked for, as far as it is no name of a context, until it is sent.
fn confirm(driver: &mut Driver) {
    for _ in 0..8 {
        if asked(driver).is_none() {
            driver.keys("Enter");
        }
        let Some(word) = asked(driver).filter(|it| it != "story") else { return };
        driver.keys(&format!("\"{word} Enter"));
        if is_sent(driver) {
            return;
        }
    }
}

/// The word that the last row asks for.
fn asked(driver: &mut Driver) -> Option<String> {
    let text = driver.text();
    let row = text.lines().find_map(|it| it.split_once("; type "))?.1.to_owned();
    row.split_once(':').map(|it| it.0.to_owned())
}

/// A screen on which a staged change was confirmed, and the record of it, of which nothing is made yet.
fn sent() -> (Driver, Record) {
    let mut driver = driver(true);
    staged(&mut driver);
    tried(&mut driver);
    confirm(&mut driver);
    (driver, Record::new("20260801-1".to_owned(), AppliedBy::default(), &attempt().tried.steps))
}

#[test]
fn what_was_made_is_staged_no_more_and_the_cluster_is_watched() {
    let (mut driver, mut record) = sent();
    record.steps[0].state = ChangeState::Sending;
    driver.send(Event::Making(Box::new(record.clone())));
    assert!(driver.text().contains("being applied"), "{}", driver.text());
    record.steps[0].state = ChangeState::Made;
    driver.send(Event::Applied(Ok(Box::new(Sent { record, unkept: None }))));
    assert!(driver.text().contains("differs from what was predicted"), "it has not arrived: {}", driver.text());
    let projected = kreach::change::edits::project(&shop(), &attempt().tried.changes()).expect("it reads");
    let deltas: Vec<Delta> = projected.deltas;
    driver.send(Event::Deltas(deltas));
    driver.send(Event::Resize(80, 24));
    check("apply_arrived", &mut driver);
    assert!(driver.text().contains("as predicted"), "{}", driver.text());
    driver.keys("s");
    assert!(driver.text().contains("nothing is staged"), "{}", driver.text());
}

/// What is refused when it is sent is told, and is not compared with what was predicted of all of it.
#[test]
fn what_is_refused_at_last_changes_nothing_and_says_so() {
    let (mut driver, mut record) = sent();
    (record.steps[0].state, record.steps[0].why) =
        (ChangeState::Refused, "conflict: the object has been modified".to_owned());
    driver.send(Event::Applied(Ok(Box::new(Sent { record, unkept: None }))));
    let text = driver.text();
    assert!(text.contains("conflict: the object") && text.contains("nothing was changed"), "{text}");
    assert!(!text.contains("predicted") && !text.contains("looking at"), "{text}");
    driver.keys("s");
    assert!(driver.text().contains("1 staged change"), "it is staged as before: {}", driver.text());
}

/// That it cannot be remembered is told of what was made, which is not taken for undone.
#[test]
fn what_was_made_and_cannot_be_remembered_is_told() {
    let (mut driver, mut record) = sent();
    record.steps[0].state = ChangeState::Made;
    driver.send(Event::Applied(Ok(Box::new(Sent { record, unkept: Some("the disk is full".to_owned()) }))));
    let text = driver.text();
    assert!(text.contains("the disk is full") && text.contains("1 change made"), "{text}");
    assert!(!text.contains("nothing was changed"), "{text}");
}

/// Another impact than the one that was confirmed is confirmed anew.
#[test]
fn what_changes_meanwhile_is_weighed_again() {
    let mut driver = driver(true);
    staged(&mut driver);
    tried(&mut driver);
    driver.keys("Enter");
    let open = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "also", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}});
    let change = Change { op: Op::Create, object: open };
    let projected = kreach::change::edits::project(&shop(), &[change]).expect("it reads");
    driver.send(Event::Deltas(projected.deltas));
    driver.keys("\"apply Enter");
    assert!(!is_sent(&driver), "{}", driver.text());
}

/// What is not live any more is not applied: neither tried nor sent.
#[test]
fn what_is_stale_stops_it() {
    let stale = |driver: &mut Driver| {
        let coverage = Coverage::Stale { since: jiff::Timestamp::UNIX_EPOCH, why: "silent".into() };
        driver.send(Event::Deltas(vec![Delta::Covered { kind: Kind::POD, scope: Scope::Everywhere, coverage }]));
    };
    let mut driver = driver(true);
    staged(&mut driver);
    tried(&mut driver);
    stale(&mut driver);
    confirm(&mut driver);
    assert!(!is_sent(&driver), "{}", driver.text());
    let attempts = |driver: &Driver| driver.effects.iter().filter(|it| matches!(it, Effect::Try { .. })).count();
    let before = attempts(&driver);
    driver.keys("Esc s A");
    assert!(attempts(&driver) == before && driver.text().contains("are stale"), "{}", driver.text());
}

#[test]
fn production_is_named_before_anything_is_sent() {
    let mut driver = driver(true);
    driver.send(Event::Writing { writes: true, production: true });
    staged(&mut driver);
    tried(&mut driver);
    confirm(&mut driver);
    assert!(!is_sent(&driver));
    driver.keys("\"story Enter");
    confirm(&mut driver);
    assert!(is_sent(&driver), "{}", driver.text());
}

#[test]
fn what_the_server_refuses_is_told_and_nothing_is_sent() {
    let mut driver = driver(true);
    staged(&mut driver);
    driver.keys("A");
    let Some(Effect::Try { number, .. }) = driver.effects.last().cloned() else { panic!("nothing is tried") };
    let why = vec!["networkpolicy/shop/closed: conflict: spec.ingress is managed by argocd-controller".to_owned()];
    driver.send(Event::Tried { number, attempt: Err(why) });
    assert!(driver.text().contains("spec.ingress is managed by"), "{}", driver.text());
    driver.keys("Enter \"apply Enter");
    assert!(!is_sent(&driver));
}
