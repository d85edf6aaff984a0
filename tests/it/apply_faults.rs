//! The faults of the write path (reliability §2), played by the scripted server: nothing is sent twice, and what is not
//! known to have happened is read back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kreach::apply::{Applier, Stopped};
use kreach::change::plan::TakeOver;
use kreach::change::record::{AppliedBy, ChangeState, Record};
use kreach::change::{Change, Op};
use serde_json::{Value, json};

use crate::wire::{Asked, Cut, Play, Wire};

const PATH: &str = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web";

fn policy(version: &str, ingress: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": version},
        "spec": {"podSelector": {}, "ingress": ingress}})
}

fn before() -> Value {
    policy("7", json!([]))
}

/// What the server holds: whether the write has arrived.
type Store = Arc<Mutex<bool>>;

fn is_dry(asked: &Asked) -> bool {
    asked.query.contains("dryRun=All")
}

/// A server with one policy, whose answer to the one real write is this.
fn server(real: impl Fn(&Store) -> Play + Send + Sync + 'static) -> (Wire, Store) {
    let store = Store::default();
    let held = store.clone();
    let wire = Wire::new(move |asked| {
        let after = policy("8", json!([{}]));
        match asked.method.as_str() {
            "GET" if *held.lock().expect("no panic") => Play::json(200, &after.to_string()),
            "GET" => Play::json(200, &before().to_string()),
            "PUT" if is_dry(asked) => Play::json(200, &policy("7", json!([{}])).to_string()),
            "PUT" => real(&held),
            _ => Play::status(405, "MethodNotAllowed", "no"),
        }
    });
    (wire, store)
}

/// Applies one change there; what the record says at the end, and how many real writes were sent.
async fn applied(wire: &Wire) -> (Record, usize) {
    let applier = Applier { client: wire.client(), writer: wire.writer() };
    let change = Change { op: Op::Update, object: policy("7", json!([{}])) };
    let steps = applier.plan(vec![change], TakeOver::Never).await.expect("no conflict");
    let tried = applier.attempt(steps).await.expect("the dry run passes");
    let mut record = Record::new("1".to_owned(), AppliedBy::default(), &tried.steps);
    let mut kept = Vec::new();
    applier
        .make(&tried, &mut record, &mut |it| {
            kept.push(it.steps[0].state);
            Ok(())
        })
        .await
        .expect("it is kept");
    assert_eq!(kept[..2], [ChangeState::Waiting, ChangeState::Sending], "the intent is kept before anything is sent");
    let real = wire.count(|it| it.path == PATH && it.method == "PUT" && !is_dry(it));
    (record, real)
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_is_as_it_was_answered() {
    for (status, reason, state) in [
        (409, "Conflict", ChangeState::Refused),
        (403, "Forbidden", ChangeState::Refused),
        (422, "Invalid", ChangeState::Refused),
        (429, "TooManyRequests", ChangeState::Refused),
        (404, "NotFound", ChangeState::Refused),
    ] {
        let (wire, _) = server(move |_| Play::status(status, reason, "no"));
        let (record, real) = applied(&wire).await;
        assert_eq!((record.steps[0].state, real), (state, 1), "{status}: {}", record.steps[0].why);
    }
    let (wire, _) = server(|_| Play::json(200, &policy("8", json!([{}])).to_string()));
    let (record, real) = applied(&wire).await;
    assert_eq!((record.steps[0].state, real), (ChangeState::Made, 1));
    assert_eq!(record.steps[0].after["metadata"]["resourceVersion"], "8");
}

/// How an answer is lost.
type Way = Arc<dyn Fn() -> Play + Send + Sync>;

/// R2: the answer is lost, in every way in which it can be; whether it happened is read back, and nothing is sent again.
#[tokio::test(start_paused = true)]
async fn r2_a_lost_answer_is_settled_by_reading_back() {
    let answer = || Play::json(200, &policy("8", json!([{}])).to_string());
    let ways: Vec<(&str, Way)> = vec![
        ("reset before a byte", Arc::new(move || answer().cut(0, Cut::Reset))),
        ("closed before a byte", Arc::new(move || answer().cut(0, Cut::Close))),
        ("half an answer", Arc::new(move || answer().cut(120, Cut::Reset))),
        ("silence", Arc::new(Play::silence)),
        ("504", Arc::new(|| Play::status(504, "Timeout", "upstream timed out"))),
        ("503", Arc::new(|| Play::status(503, "ServiceUnavailable", "try again"))),
        ("500", Arc::new(|| Play::status(500, "InternalError", "failed"))),
        ("a page of HTML", Arc::new(|| Play::answer(502, "", "<html>bad gateway</html>"))),
        ("no JSON", Arc::new(|| Play::answer(200, "", "ok"))),
    ];
    for (name, way) in ways {
        for happened in [true, false] {
            let way = way.clone();
            let (wire, _) = server(move |store| {
                *store.lock().expect("no panic") = happened;
                way()
            });
            let began = tokio::time::Instant::now();
            let (record, real) = applied(&wire).await;
            let state = if happened { ChangeState::Made } else { ChangeState::Refused };
            assert_eq!((record.steps[0].state, real), (state, 1), "{name}, {happened}: {}", record.steps[0].why);
            assert!(began.elapsed() < Duration::from_secs(120), "{name}");
        }
    }
}

/// It comes late, after the connection broke: what is waited for is longer than the server was given.
#[tokio::test(start_paused = true)]
async fn r2_what_comes_late_is_found() {
    let (wire, store) = server(|_| Play::begun("").reset());
    let late = store.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(15)).await;
        *late.lock().expect("no panic") = true;
    });
    let (record, real) = applied(&wire).await;
    assert_eq!((record.steps[0].state, real), (ChangeState::Made, 1), "{}", record.steps[0].why);
}

/// Nobody can be asked any more: that is said, and nothing is taken for made or not made.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_back_is_not_known() {
    let broken: Store = Store::default();
    let held = broken.clone();
    let wire = Wire::new(move |asked| match asked.method.as_str() {
        "GET" if *held.lock().expect("no panic") => Play::status(503, "ServiceUnavailable", "away"),
        "GET" => Play::json(200, &before().to_string()),
        "PUT" if is_dry(asked) => Play::json(200, &policy("7", json!([{}])).to_string()),
        _ => {
            *held.lock().expect("no panic") = true;
            Play::begun("").reset()
        }
    });
    let (record, real) = applied(&wire).await;
    assert_eq!((record.steps[0].state, real), (ChangeState::Unknown, 1));
    assert!(record.steps[0].why.contains("cannot be read back"), "{}", record.steps[0].why);
    assert!(record.is_undoable() && record.is_open());
}

/// Only the server's own word says that an object is not there: neither a page of something in between, nor that nobody
/// knows which kinds are served.
#[tokio::test(start_paused = true)]
async fn what_is_not_found_by_the_server_itself_is_not_gone() {
    let page = || Play::answer(404, "Content-Type: text/html\r\n", "<html>no such page</html>");
    let wire = Wire::new(move |_| page());
    let applier = Applier { client: wire.client(), writer: wire.writer() };
    let delete = || vec![Change { op: Op::Delete, object: before() }];
    let planned = applier.plan(delete(), TakeOver::Never).await;
    assert!(matches!(planned, Err(Stopped::Failed(_))), "{planned:?}");

    let wire = Wire::new(move |asked| match asked.method.as_str() {
        "GET" if asked.nth == 0 => Play::json(200, &before().to_string()),
        "GET" => page(),
        _ if asked.body.contains("dryRun") => Play::json(200, "{}"),
        _ => Play::begun("").reset(),
    });
    let applier = Applier { client: wire.client(), writer: wire.writer() };
    let steps = applier.plan(delete(), TakeOver::Never).await.expect("no conflict");
    let tried = applier.attempt(steps).await.expect("the dry run passes");
    let mut record = Record::new("1".to_owned(), AppliedBy::default(), &tried.steps);
    applier.make(&tried, &mut record, &mut |_| Ok(())).await.expect("it is kept");
    assert_eq!(record.steps[0].state, ChangeState::Unknown, "{}", record.steps[0].why);

    let wire = Wire::new(|_| Play::status(503, "ServiceUnavailable", "away"));
    let applier = Applier { client: wire.client(), writer: wire.writer() };
    let object = json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop"}});
    let planned = applier.plan(vec![Change { op: Op::Delete, object }], TakeOver::Never).await;
    assert!(matches!(planned, Err(Stopped::Failed(_))), "{planned:?}");
}

/// The server tries all changes before it gets the first: one that is refused keeps the others from being sent.
#[tokio::test(start_paused = true)]
async fn nothing_is_sent_unless_all_pass_the_dry_run() {
    let wire = Wire::new(move |asked| match asked.method.as_str() {
        "GET" => Play::status(404, "NotFound", "not found"),
        "PATCH" if asked.path.ends_with("/no") => Play::status(403, "Forbidden", "denied by policy \"x\""),
        "PATCH" => Play::json(201, &asked.body),
        _ => Play::status(405, "MethodNotAllowed", "no"),
    });
    let applier = Applier { client: wire.client(), writer: wire.writer() };
    let named = |name: &str| {
        let mut object = before();
        object["metadata"] = json!({"name": name, "namespace": "shop"});
        Change { op: Op::Create, object }
    };
    let steps = applier.plan(vec![named("yes"), named("no")], TakeOver::Never).await.expect("no conflict");
    let stopped = applier.attempt(steps).await.expect_err("refused");
    let Stopped::No { what, .. } = stopped else { panic!("{stopped:?}") };
    assert!(what[0].contains("networkpolicy/shop/no") && what[0].contains("denied by policy"), "{what:?}");
    assert_eq!(wire.count(|it| it.method == "PATCH" && !is_dry(it)), 0);
    assert!(
        wire.asked()
            .iter()
            .filter(|it| it.method == "PATCH")
            .all(|it| { it.query.contains("fieldManager=kreach") && it.headers.contains("user-agent: kreach/") })
    );
}

/// What the server warns of is told with the dry run.
#[tokio::test(start_paused = true)]
async fn what_the_server_warns_of_is_told() {
    let wire = Wire::new(move |asked| match asked.method.as_str() {
        "GET" => Play::json(200, &before().to_string()),
        _ => {
            let warning = "Content-Type: application/json\r\nWarning: 299 - \"this policy selects nothing\"\r\n";
            Play::answer(200, warning, &policy("7", json!([{}])).to_string())
        }
    });
    let applier = Applier { client: wire.client(), writer: wire.writer() };
    let change = Change { op: Op::Update, object: policy("7", json!([{}])) };
    let steps = applier.plan(vec![change], TakeOver::Never).await.expect("no conflict");
    let tried = applier.attempt(steps).await.expect("it passes");
    assert!(tried.notes.iter().any(|it| it.ends_with("this policy selects nothing")), "{:?}", tried.notes);
}

/// M4: a client that answers 429 or 503 to a dry run is not asked again behind the operator's back.
#[tokio::test(start_paused = true)]
async fn m4_a_dry_run_is_not_tried_again() {
    for status in [429, 503] {
        let wire = Wire::new(move |asked| match asked.method.as_str() {
            "GET" => Play::json(200, &before().to_string()),
            _ => Play::answer(status, "Retry-After: 1\r\n", "slow down"),
        });
        let applier = Applier { client: wire.client(), writer: wire.writer() };
        let change = Change { op: Op::Update, object: policy("7", json!([{}])) };
        let steps = applier.plan(vec![change], TakeOver::Never).await.expect("no conflict");
        assert!(applier.attempt(steps).await.is_err(), "{status}");
        assert_eq!(wire.count(|it| it.method == "PUT"), 1, "{status}");
    }
}
