//! What may not be read, and what is not served: coverage by kind and namespace (rows A3, A4, E10, E11).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kreach::live::Condition;
use kreach::model::coverage::Coverage;
use kreach::model::id::Kind;
use serde_json::{Value, json};

use crate::live_world::{Session, Sound, list, pod};
use crate::wire::{Asked, Play, Wire};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// An empty list that stays as it is.
fn empty(asked: &Asked) -> Play {
    match (asked.is_watch(), asked.is_streaming_list()) {
        (true, true) => Play::status(422, "Invalid", "not streamed"),
        (true, false) => Play::head().wait(seconds(60)).end(),
        _ => Play::json(200, r#"{"metadata":{"resourceVersion":"7"},"items":[]}"#),
    }
}

fn forbidden() -> Play {
    Play::status(403, "Forbidden", "pods is forbidden: User \"alice\" cannot list resource \"pods\"")
}

/// A3: where the whole is forbidden, the namespaces that are known are tried, and what they give is believed.
#[tokio::test(start_paused = true)]
async fn a3_a_kind_that_is_forbidden_as_a_whole_is_read_where_it_is_allowed() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = Wire::new(move |asked| match asked.path.as_str() {
        "/api/v1/namespaces/shop/pods" => server.lock().expect("no panic").answer(asked),
        "/api/v1/namespaces/db/pods" | "/api/v1/pods" | "/api/v1/namespaces" => forbidden(),
        "/api/v1/namespaces/shop" => Play::json(200, r#"{"metadata":{"name":"shop","labels":{"team":"web"}}}"#),
        _ => empty(asked),
    });
    let kinds = [Kind::POD, Kind::NAMESPACE, Kind::NODE];
    let mut session = Session::of(wire.client(), &kinds, &["shop", "db"]);
    session.until("shop is live", |it| *it.cluster.coverage.of(Kind::POD, "shop") == Coverage::Live).await;
    session.run_for(seconds(600)).await;
    assert_eq!(session.pods(), ["a"]);
    let coverage = &session.cluster.coverage;
    assert!(matches!(coverage.of(Kind::POD, "db"), Coverage::Forbidden { .. }));
    assert!(matches!(coverage.of(Kind::POD, "else"), Coverage::Forbidden { .. }));
    assert_eq!(*coverage.of(Kind::NODE, ""), Coverage::Live);
    let labels = session.cluster.namespaces.get("", "shop").and_then(|it| it.labels.get("team").cloned());
    assert_eq!(labels, Some("web".into()));
    assert!(matches!(coverage.of(Kind::NAMESPACE, "shop"), Coverage::Stale { .. }), "it is read, and not watched");
    // Asked again each minute, not more.
    let tries = wire.count(|it| it.path == "/api/v1/pods");
    assert!((9..=22).contains(&tries), "{tries}");
}

/// A3: once the whole is allowed, it replaces the parts.
#[tokio::test(start_paused = true)]
async fn a3_a_kind_that_is_allowed_later_is_read_as_a_whole() {
    let server = Sound::new(7, &["a", "b"]).shared();
    let wire = Wire::new(move |asked| match asked.path.as_str() {
        "/api/v1/pods" if asked.at < seconds(100) => forbidden(),
        "/api/v1/namespaces/shop/pods" if !asked.is_watch() => {
            Play::json(200, &list(7, "", &[pod("a", 7), pod("gone", 7)]))
        }
        "/api/v1/pods" => server.lock().expect("no panic").answer(asked),
        _ => empty(asked),
    });
    let mut session = Session::of(wire.client(), &[Kind::POD], &["shop"]);
    session.until("shop is live", Session::is_live).await;
    assert_eq!(session.pods(), ["a", "gone"]);
    session.until("all is live", |it| *it.cluster.coverage.of(Kind::POD, "") == Coverage::Live).await;
    assert_eq!(session.pods(), ["a", "b"]);
    let parts = wire.count(|it| it.path == "/api/v1/namespaces/shop/pods");
    session.run_for(seconds(300)).await;
    assert_eq!(wire.count(|it| it.path == "/api/v1/namespaces/shop/pods"), parts, "the part is left");
}

/// A4: what is taken away in mid-session is kept and no longer believed, and asked for again after a minute.
#[tokio::test(start_paused = true)]
async fn a4_a_kind_that_is_forbidden_in_mid_session_keeps_its_data() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = Wire::new(move |asked| match (asked.is_of("pods"), (30..150).contains(&asked.at.as_secs())) {
        (true, true) => forbidden(),
        _ => server.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    session.until("forbidden", |it| matches!(it.coverage(), Coverage::Forbidden { .. })).await;
    assert_eq!(session.pods(), ["a"]);
    assert!(session.story().contains(&"forbidden"));
    session.until("live again", Session::is_live).await;
    assert_eq!(session.pods(), ["a"]);
}

/// Who may list and not watch sees what was, and that it is not live.
#[tokio::test(start_paused = true)]
async fn a_kind_that_may_be_listed_and_not_watched_is_listed_each_minute() {
    let server = Sound::new(7, &["a"]).shared();
    let state = server.clone();
    let wire = Wire::new(move |asked| match (asked.is_of("pods"), asked.is_watch()) {
        (true, true) if !asked.is_streaming_list() => forbidden(),
        _ => state.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(300)).await;
    assert!(matches!(session.coverage(), Coverage::Stale { .. }), "{:?}", session.coverage());
    server.lock().expect("no panic").put("b", "uid-b", "Running");
    session.run_for(seconds(62)).await;
    assert_eq!(session.pods(), ["a", "b"]);
}

/// Discovery and lists of one optional kind, installed and removed at will.
#[derive(Default)]
struct Optional {
    installed: bool,
    down: bool,
}

fn optional(state: &Mutex<Optional>, asked: &Asked) -> Play {
    let state = state.lock().expect("no panic");
    let group = "policy.networking.k8s.io";
    let down = || Play::status(503, "ServiceUnavailable", "the server is currently unable to handle the request");
    match asked.path.as_str() {
        "/apis" => {
            let ours = json!([{ "name": group, "versions": [{ "version": "v1alpha1" }] }]);
            let groups: Value = if state.installed { ours } else { json!([]) };
            Play::json(200, &json!({ "kind": "APIGroupList", "groups": groups }).to_string())
        }
        "/apis/policy.networking.k8s.io/v1alpha1" if state.down => down(),
        "/apis/policy.networking.k8s.io/v1alpha1" => {
            let resources = json!({ "resources": [{ "name": "adminnetworkpolicies" }] });
            Play::json(200, &resources.to_string())
        }
        path if path.ends_with("/adminnetworkpolicies") && state.installed => match asked.is_watch() {
            false => {
                let metadata = json!({ "name": "strict", "uid": "u", "resourceVersion": "5" });
                let spec = json!({ "priority": 5, "subject": { "namespaces": {} } });
                let items = json!([{ "metadata": metadata, "spec": spec }]);
                Play::json(200, &json!({ "metadata": { "resourceVersion": "7" }, "items": items }).to_string())
            }
            true => empty(asked),
        },
        _ => Play::answer(404, "Content-Type: text/plain\r\n", "404 page not found\n"),
    }
}

const ADMIN: Kind = Kind("adminnetworkpolicy");

/// E10: a kind that is not there is known to be empty; it is found when it comes and forgotten when it goes.
#[tokio::test(start_paused = true)]
async fn e10_an_optional_kind_comes_and_goes() {
    let state = Arc::new(Mutex::new(Optional::default()));
    let shared = state.clone();
    let wire = Wire::new(move |asked| optional(&shared, asked));
    let mut session = Session::of(wire.client(), &[ADMIN], &[]);
    let covered = |it: &Session| it.cluster.coverage.of(ADMIN, "").clone();
    session.until("absence is known", |it| covered(it) == Coverage::NotServed).await;
    session.run_for(seconds(600)).await;
    let looked = wire.count(|it| it.path == "/apis");
    assert!((9..=12).contains(&looked), "once a minute: {looked}");
    state.lock().expect("no panic").installed = true;
    session.until("it has come", |it| covered(it) == Coverage::Live).await;
    assert_eq!(session.cluster.policies.len(), 1);
    state.lock().expect("no panic").installed = false;
    session.until("it has gone", |it| covered(it) == Coverage::NotServed).await;
    assert!(session.cluster.policies.is_empty());
    assert!(matches!(session.said.last(), Some((_, _, Condition::NotServed))));
}

/// E10, E11: where discovery fails, nothing is claimed; a 404 alone is no proof of absence.
#[tokio::test(start_paused = true)]
async fn e11_a_group_that_cannot_be_asked_proves_nothing() {
    let state = Arc::new(Mutex::new(Optional { installed: true, down: true }));
    let shared = state.clone();
    let wire = Wire::new(move |asked| optional(&shared, asked));
    let mut session = Session::of(wire.client(), &[ADMIN, Kind("ciliumnetworkpolicy")], &[]);
    session.run_for(seconds(20)).await;
    // It is no right that is missing, and nothing is still on its way.
    let Coverage::Failed { why } = session.cluster.coverage.of(ADMIN, "") else { panic!("it is claimed") };
    assert!(why.contains("503"), "{why}");
    assert_eq!(*session.cluster.coverage.of(Kind("ciliumnetworkpolicy"), ""), Coverage::NotServed);
    state.lock().expect("no panic").down = false;
    session.until("it is found", |it| *it.cluster.coverage.of(ADMIN, "") == Coverage::Live).await;

    let nothing = Wire::new(|_| Play::answer(404, "Content-Type: text/html\r\n", "<html>no such page</html>"));
    let mut session = Session::of(nothing.client(), &[ADMIN], &[]);
    session.run_for(seconds(300)).await;
    assert!(matches!(session.cluster.coverage.of(ADMIN, ""), Coverage::Failed { .. }));
}

/// A server that lacks a kind of Kubernetes' own (a virtual one may) is taken at its word, and asked again.
#[tokio::test(start_paused = true)]
async fn a_kind_that_its_group_does_not_name_is_absent() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = Wire::new(move |asked| match (asked.path.as_str(), asked.at < seconds(100)) {
        ("/api/v1", early) => {
            let names = if early { json!([]) } else { json!([{ "name": "pods" }]) };
            Play::json(200, &json!({ "resources": names }).to_string())
        }
        (_, true) => Play::answer(404, "", "404 page not found\n"),
        _ => server.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of_pods(wire.client());
    session.until("absence is known", |it| *it.coverage() == Coverage::NotServed).await;
    session.until("it has come", Session::is_live).await;
    assert!(wire.count(|it| it.path == "/api/v1") <= 4);
}
