//! Rights that are held in part, or come and go: namespaces by name, lists without watches, refusals that do not last.
//!
//! Rows A3, A4 and A1 of docs/reliability.md; the clock is paused.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kreach::live::Condition;
use kreach::model::coverage::Coverage;
use kreach::model::id::Kind;
use serde_json::json;

use crate::live_world::{Session, Sound};
use crate::wire::{Play, Wire};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn forbidden(verb: &str) -> Play {
    Play::status(403, "Forbidden", &format!("pods is forbidden: User \"alice\" cannot {verb} resource \"pods\""))
}

fn shop(team: &str) -> Play {
    Play::json(200, &json!({ "metadata": { "name": "shop", "labels": { "team": team } } }).to_string())
}

/// A session of who may read the namespace shop by name and list none; the test says what comes of the reading.
fn by_name(answer: &Arc<Mutex<Play>>) -> (Wire, Session) {
    let answer = answer.clone();
    let wire = Wire::new(move |asked| match asked.path.as_str() {
        "/api/v1/namespaces/shop" => answer.lock().expect("no panic").clone(),
        _ => forbidden("list"),
    });
    let session = Session::of(wire.client(), &[Kind::NAMESPACE], &["shop"]);
    (wire, session)
}

fn team(session: &Session) -> Option<String> {
    session.cluster.namespaces.get("", "shop").and_then(|it| it.labels.get("team").map(|it| it.to_string()))
}

/// A3: what is read by name has an age of its own, is read again each minute, and is as good as the last answer.
#[tokio::test(start_paused = true)]
async fn a3_a_namespace_that_is_read_by_name_is_as_old_as_it_is() {
    let answer = Arc::new(Mutex::new(shop("web")));
    let say = |play: Play| *answer.lock().expect("no panic") = play;
    let (wire, mut session) = by_name(&answer);
    let coverage = |it: &Session| it.cluster.coverage.of(Kind::NAMESPACE, "shop").clone();
    session.until("it is read", |it| team(it).as_deref() == Some("web")).await;
    let Coverage::Stale { since: first, why } = coverage(&session) else { panic!("{:?}", coverage(&session)) };
    assert_eq!(why.as_str(), "no right to list namespaces: it is read by name each minute");

    say(shop("db"));
    session.run_for(seconds(61)).await;
    assert_eq!(team(&session).as_deref(), Some("db"), "within a minute");
    let Coverage::Stale { since, .. } = coverage(&session) else { panic!("{:?}", coverage(&session)) };
    assert!(since > first, "as of the last time it was read");

    // A page of something in between is no absence, and an answer that is no namespace is none.
    for (play, said) in [
        (Play::status(503, "ServiceUnavailable", "later"), "503"),
        (Play::answer(404, "", "<html>404 page not found</html>"), "404"),
        (Play::json(200, "{}"), "the answer is not the namespace shop"),
        (Play::json(200, "null"), "the answer is not the namespace shop"),
        (Play::json(200, r#"{"metadata":{"name":"else"}}"#), "the answer is not the namespace shop"),
    ] {
        say(play);
        session.run_for(seconds(61)).await;
        let Coverage::Stale { since: then, why } = coverage(&session) else { panic!("{:?}", coverage(&session)) };
        assert!(why.contains(said) && then == since, "{why}");
        assert_eq!(team(&session).as_deref(), Some("db"), "what was known is kept");
    }

    say(forbidden("get"));
    session.run_for(seconds(61)).await;
    assert!(matches!(coverage(&session), Coverage::Forbidden { .. }), "{:?}", coverage(&session));
    session.run_for(seconds(60)).await;
    let reads = wire.count(|it| it.is_of("shop"));
    session.run_for(seconds(600)).await;
    let again = wire.count(|it| it.is_of("shop")) - reads;
    assert!((8..=11).contains(&again), "each minute: {again}");

    say(shop("web"));
    session.until("it may be read again", |it| matches!(coverage(it), Coverage::Stale { .. })).await;
    say(Play::status(404, "NotFound", "namespaces \"shop\" not found"));
    session.run_for(seconds(61)).await;
    assert!(session.cluster.namespaces.is_empty() && coverage(&session).is_complete(), "the server's own word");
}

/// A3: `R` reads it at once.
#[tokio::test(start_paused = true)]
async fn a3_a_namespace_is_read_by_name_at_once_when_asked_for() {
    let answer = Arc::new(Mutex::new(shop("web")));
    let (_, mut session) = by_name(&answer);
    session.until("it is read", |it| team(it).as_deref() == Some("web")).await;
    *answer.lock().expect("no panic") = shop("db");
    session.control.resync();
    session.run_for(seconds(2)).await;
    assert_eq!(team(&session).as_deref(), Some("db"));
}

/// Who may list and not watch: a streaming list is a watch by its verb, so pages are tried before anything is said to
/// be forbidden, and they come again each minute, marked.
#[tokio::test(start_paused = true)]
async fn a3_a_kind_that_may_be_listed_and_not_watched_is_never_told_as_forbidden() {
    let server = Sound { streams: true, ..Sound::new(7, &["a"]) }.shared();
    let state = server.clone();
    let wire = Wire::new(move |asked| match (asked.is_of("pods"), asked.is_watch(), asked.at < seconds(400)) {
        (true, true, true) => forbidden("watch"),
        _ => state.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of_pods(wire.client());
    session.until("it is listed", |it| it.pods() == ["a"]).await;
    session.run_for(seconds(10)).await;
    let Coverage::Stale { why, .. } = session.coverage() else { panic!("{:?}", session.coverage()) };
    assert_eq!(why.as_str(), "no right to watch them: they are listed again each minute");
    server.lock().expect("no panic").put("b", "uid-b", "Running");
    session.run_for(seconds(61)).await;
    assert_eq!(session.pods(), ["a", "b"]);
    assert!(!session.story().contains(&"forbidden"), "{:?}", session.story());
    let before = wire.count(|it| it.is_of("pods"));
    session.run_for(seconds(300)).await;
    let asked = wire.count(|it| it.is_of("pods")) - before;
    assert!(asked <= 10, "a list and a watch a minute: {asked}");
    session.run_for(seconds(90)).await;
    assert!(session.is_live(), "it may be watched now: {:?}", session.coverage());
}

/// A3: a server that starts refuses what its authorizer has not read yet. What was held is asked for again within
/// seconds, everything is back within 35 s, and namespaces are not searched meanwhile.
#[tokio::test(start_paused = true)]
async fn a3_a_right_that_was_held_is_asked_for_again_within_seconds() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = Wire::new(move |asked| match asked.at.as_secs() {
        30..90 => Play::status(503, "ServiceUnavailable", "starting"),
        90..105 => forbidden("list"),
        _ => server.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of(wire.client(), &[Kind::POD], &["shop", "db"]);
    session.run_for(seconds(100)).await;
    assert!(!session.is_live());
    session.run_for(seconds(40)).await;
    assert!(session.is_live(), "35 s after the end: {:?}", session.said);
    assert_eq!(session.pods(), ["a"]);
    assert_eq!(wire.count(|it| it.path.contains("/namespaces/shop/") || it.path.contains("/namespaces/db/")), 0);
    let tries = wire.count(|it| it.is_of("pods") && (90..105).contains(&it.at.as_secs()));
    assert!(tries <= 8, "with backoff: {tries}");
}

/// A4: a right that stays away is asked for each minute, after half a minute of asking more often.
#[tokio::test(start_paused = true)]
async fn a4_a_right_that_is_gone_is_asked_for_each_minute() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = Wire::new(move |asked| match asked.at < seconds(30) {
        false if asked.is_of("pods") => forbidden("list"),
        _ => server.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(200)).await;
    assert!(matches!(session.coverage(), Coverage::Forbidden { .. }));
    assert_eq!(session.pods(), ["a"], "kept, and not believed");
    let before = wire.count(|it| it.is_of("pods"));
    session.run_for(seconds(600)).await;
    let asked = wire.count(|it| it.is_of("pods")) - before;
    assert!((9..=11).contains(&asked), "{asked}");
}

/// A1: a refused token leaves what was known as of then, is told, and costs few requests; a new one ends it.
#[tokio::test(start_paused = true)]
async fn a1_a_token_that_is_refused_in_mid_session_leaves_things_as_of_then() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = Wire::new(move |asked| match asked.at.as_secs() {
        30..600 => Play::status(401, "Unauthorized", "Unauthorized"),
        _ => server.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(500)).await;
    let Coverage::Stale { why, .. } = session.coverage() else { panic!("{:?}", session.coverage()) };
    assert_eq!(why.as_str(), "the server answered 401: Unauthorized");
    assert!(matches!(session.said.last(), Some((_, _, Condition::Retrying { .. }))));
    let asked = wire.count(|it| it.is_of("pods") && (30..500).contains(&it.at.as_secs()));
    assert!(asked <= 25, "{asked}");
    session.run_for(seconds(136)).await;
    assert!(session.is_live(), "{:?}", session.said.last());
}

/// A3, E10: rights on kinds in every combination: each kind has the coverage that its own answers give it.
#[tokio::test(start_paused = true)]
async fn a3_each_kind_is_covered_by_its_own_answers() {
    let kinds =
        [Kind::POD, Kind::NAMESPACE, Kind::SERVICE, Kind::NETWORK_POLICY, Kind::ROLE, Kind::CLUSTER_ROLE_BINDING];
    let plurals = ["pods", "namespaces", "services", "networkpolicies", "roles", "clusterrolebindings"];
    let subset = Arc::new(Mutex::new(0_u32));
    let held = subset.clone();
    let wire = Wire::new(move |asked| {
        let subset = *held.lock().expect("no panic");
        let at = plurals.iter().position(|it| asked.is_of(it));
        match (at, asked.is_watch(), asked.is_streaming_list()) {
            (Some(at), _, _) if subset & (1 << at) != 0 => forbidden("list"),
            (Some(_), true, true) => Play::status(422, "Invalid", "not streamed"),
            (Some(_), true, false) => Play::head().hold(),
            (Some(_), false, _) => Play::json(200, r#"{"metadata":{"resourceVersion":"7"},"items":[]}"#),
            _ => Play::answer(404, "", "404 page not found"),
        }
    });
    let client = wire.client();
    for case in 0..1 << kinds.len() {
        *subset.lock().expect("no panic") = case;
        let mut session = Session::of(client.clone(), &kinds, &[]);
        session.run_for(seconds(5)).await;
        for (at, kind) in kinds.iter().enumerate() {
            let coverage = session.cluster.coverage.of(*kind, "").as_str();
            let expected = if case & (1 << at) != 0 { "forbidden" } else { "live" };
            assert_eq!(coverage, expected, "{kind} of the combination {case:b}");
        }
    }
}
