//! Default deny on the screen: `f` on a namespace proposes what manifests declare as a candidate of its own, and what
//! nothing declares is kept or closed one by one.

use std::sync::Arc;

use kreach::live::files::{load_text, manifests};
use kreach::tui::app::Setup;
use kreach::tui::declaring::ReadingState;
use kreach::tui::event::{Effect, Event};
use kreach::tui::status::Origin;

use crate::screens::{Driver, check};

/// A namespace that nobody has policies for, as its manifests have it; and one that lets nothing in.
const LEGACY: &str = include_str!("../screens/legacy.yaml");

fn driver() -> Driver {
    let setup = Setup { title: "legacy.yaml".into(), origin: Origin::Files, ..Setup::default() };
    let loaded = load_text("legacy.yaml", LEGACY, "default").expect("it reads");
    let declared = manifests(&loaded, "default");
    let mut driver = Driver::among("user,groups,active\n", setup, loaded.cluster, (80, 24));
    driver.declared = Some(Arc::new(declared));
    driver
}

/// From the namespace to the stage: both candidates, the reason of each rule, a flow kept, the candidate staged.
#[test]
fn a_namespace_is_isolated_with_what_its_manifests_declare_kept() {
    let mut driver = driver();
    driver.keys("1 f");
    check("baseline_candidates", &mut driver);
    driver.keys("j Enter");
    check("baseline_reasons", &mut driver);
    driver.keys("Enter j j j j j j j j K");
    check("baseline_flow_kept", &mut driver);
    assert!(driver.text().contains("kept"), "{}", driver.text());
    driver.keys("K");
    assert!(!driver.text().contains("report -> deployment/legacy/db  kept"), "{}", driver.text());
    driver.keys("K g j space");
    let kept = driver.effects.iter().rev().find_map(|it| match it {
        Effect::KeepStage { text, .. } => Some(text.clone()),
        _ => None,
    });
    let kept = kept.unwrap_or_else(|| panic!("nothing is staged: {}", driver.text()));
    assert!(kept.contains("allow-report") && kept.contains("default-deny-all"), "{kept}");
    driver.keys("W : \"trace_deploy/legacy/report_svc/legacy/db:5432 Enter");
    assert!(driver.text().contains("allow  deployment/legacy/report"), "{}", driver.text());
    driver.keys(": \"trace_deploy/legacy/report_svc/legacy/cache:6379 Enter");
    assert!(driver.text().contains("deny  deployment/legacy/report"), "{}", driver.text());
}

/// On the heading of what nothing declares all of it is kept, or closed again; Enter on a flow traces it.
#[test]
fn all_that_nothing_declares_is_kept_at_once() {
    let mut driver = driver();
    driver.keys("1 f j j j K");
    assert!(driver.text().contains("(--keep-current)"), "{}", driver.text());
    driver.keys("K");
    assert!(driver.text().contains("7 flows are allowed today"), "{}", driver.text());
    driver.keys("j j Enter");
    assert!(driver.text().contains("allow  deployment/legacy/cache"), "{}", driver.text());
    driver.keys("f");
    assert!(driver.text().contains("--deny"), "{}", driver.text());
}

/// What is declared and denied is told of a namespace when it is asked for, and what is read for it only then.
#[test]
fn what_is_declared_and_denied_is_told_on_demand() {
    let mut driver = driver();
    driver.keys("1 d / \"not_read Enter");
    assert_eq!(driver.readings, 0);
    check("namespace_gaps_unread", &mut driver);
    driver.keys("Enter");
    assert_eq!(driver.readings, 1);
    check("namespace_gaps", &mut driver);
}

/// While it is read the screen says how far that is, and Esc ends it; what cannot be read is told beside what is.
#[test]
fn reading_what_manifests_declare_is_seen_and_can_be_left() {
    let mut driver = driver();
    let declared = driver.declared.take().expect("manifests");
    driver.keys("1 f");
    assert!(driver.text().contains("reading what manifests declare; Esc leaves it"), "{}", driver.text());
    let wanted = driver.app.wants_manifests().expect("it waits");
    driver.send(Event::Declared { number: wanted.number, reading: ReadingState::Progress(3, 18) });
    assert!(driver.text().contains("reading what manifests declare (3 of 18 kinds)"), "{}", driver.text());
    driver.keys("Esc");
    assert!(driver.app.wants_manifests().is_none());
    driver.keys("f");
    let again = driver.app.wants_manifests().expect("it waits");
    assert_ne!(again.number, wanted.number);
    // What was left is heard of no more.
    driver.send(Event::Declared { number: wanted.number, reading: ReadingState::Done(declared.clone()) });
    assert!(driver.app.wants_manifests().is_some());
    let mut partly = (*declared).clone();
    partly.missing.insert("configmaps cannot be listed".to_owned());
    driver.send(Event::Declared { number: again.number, reading: ReadingState::Done(Arc::new(partly)) });
    assert!(driver.text().contains("2 candidates"), "{}", driver.text());
    driver.keys("/ \"configmaps Enter");
    assert!(driver.text().contains("configmaps cannot be listed"), "{}", driver.text());
}
