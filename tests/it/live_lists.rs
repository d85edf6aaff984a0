//! Lists that do not end, servers that fail or queue, and answers that are none: what costs whom how much.
//!
//! Rows G3, R2, R3, E7, E10 and E12 of docs/reliability.md; the clock is paused.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kreach::ask::needs::Needs;
use kreach::live::Condition;
use kreach::live::fault::{LiveFault, LiveFaultClass};
use kreach::live::read::Reader;
use kreach::model::cluster::Cluster;
use kreach::model::coverage::Coverage;
use kreach::model::id::Kind;
use kreach::rbac::version::Version;
use serde_json::{Value, json};

use crate::live_world::{Session, Sound, list, pod};
use crate::wire::{Asked, Play, Wire, event};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn faulty(server: &Arc<Mutex<Sound>>, fault: impl Fn(&Asked) -> Option<Play> + Send + Sync + 'static) -> Wire {
    let server = server.clone();
    Wire::new(move |asked| fault(asked).unwrap_or_else(|| server.lock().expect("no panic").answer(asked)))
}

fn is_list(asked: &Asked) -> bool {
    asked.is_of("pods") && !asked.is_watch()
}

/// What a command comes to that reads these kinds.
async fn read(wire: &Wire, kinds: &[Kind]) -> Result<Cluster, LiveFault> {
    let mut cluster = Cluster::new(Coverage::Unread);
    Reader::new(wire.client(), Vec::new()).read(&mut cluster, &Needs::all_of(kinds.iter().copied())).await?;
    Ok(cluster)
}

/// A fault and its name.
type Named = (&'static str, fn(&Asked) -> Play);

/// Lists whose tokens come again: at once, in turns, without objects, and those that are asked for whole too.
fn endless() -> Vec<Named> {
    fn next(asked: &Asked, token: &str, names: &[&str]) -> Play {
        let pods: Vec<Value> = names.iter().map(|it| pod(it, 7)).collect();
        assert!(is_list(asked));
        Play::json(200, &list(7, token, &pods))
    }
    vec![
        ("the same token", |it| next(it, "again", &["a"])),
        ("two tokens in turns", |it| next(it, if it.param("continue") == Some("one") { "two" } else { "one" }, &["a"])),
        ("empty pages", |it| next(it, &format!("token-{}", it.nth), &[])),
    ]
}

/// G3: a list that does not end is a fault, told and asked for ever more slowly; and it is over when the fault is.
#[tokio::test(start_paused = true)]
async fn g3_a_list_that_does_not_end_is_given_up() {
    for (name, play) in endless() {
        let server = Sound::new(7, &["a"]).shared();
        let wire = faulty(&server, move |it| (is_list(it) && it.at < seconds(120)).then(|| play(it)));
        let mut session = Session::of_pods(wire.client());
        session.run_for(seconds(100)).await;
        let asked = wire.count(|it| it.is_of("pods"));
        assert!(asked <= 200, "{name}: {asked} requests in 100 s");
        let Coverage::Failed { why } = session.coverage() else { panic!("{name}: {:?}", session.coverage()) };
        assert!(why.starts_with("the list does not end: "), "{name}: {why}");
        assert!(matches!(session.said.last(), Some((_, _, Condition::Retrying { .. }))), "{name}");
        session.run_for(seconds(56)).await;
        assert!(session.is_live() && session.holds(&server), "{name}: {:?}", session.said.last());
    }
}

/// G3: nor does a command follow it.
#[tokio::test(start_paused = true)]
async fn g3_a_command_does_not_follow_a_list_that_does_not_end() {
    for (name, play) in endless() {
        let wire = Wire::new(move |asked| if is_list(asked) { play(asked) } else { Play::status(404, "NotFound", "") });
        let fault = read(&wire, &[Kind::POD]).await.expect_err(name);
        assert_eq!(fault.class, LiveFaultClass::Garbled, "{name}: {fault:?}");
        assert!(wire.count(is_list) <= 22, "{name}: {}", wire.count(is_list));
    }
}

/// G3: ever new pages of ever new objects end at a bound far beyond any cluster, which is told; so does a stream.
#[tokio::test(start_paused = true)]
async fn g3_a_list_has_a_bound_of_objects() {
    // What has no name is counted as anything else, and costs this test less to make.
    let items = vec!["null"; 20_000].join(",");
    let page = move |asked: &Asked| {
        let metadata = format!(r#"{{"resourceVersion":"7","continue":"token-{}"}}"#, asked.nth);
        Play::json(200, &format!(r#"{{"metadata":{metadata},"items":[{items}]}}"#))
    };
    let not_streamed = |it: &Asked| it.is_watch().then(|| Play::status(422, "Invalid", "not streamed"));
    let wire = Wire::new(move |asked| match asked.is_of("pods") {
        true => not_streamed(asked).unwrap_or_else(|| page(asked)),
        false => Play::answer(404, "", "404 page not found"),
    });
    let mut session = Session::of_pods(wire.client());
    session.until("it is given up", |it| matches!(it.coverage(), Coverage::Failed { .. })).await;
    let Coverage::Failed { why } = session.coverage() else { panic!("{:?}", session.coverage()) };
    assert_eq!(why.as_str(), "the list has more than 1,000,000 objects: kreach reads no further");
    let asked = wire.count(is_list);
    assert_eq!(asked, 51);
    session.run_for(seconds(500)).await;
    assert_eq!(wire.count(is_list), asked, "it is not asked for again soon");
}

/// G3: a command whose pages expire begins again once, without pages.
#[tokio::test(start_paused = true)]
async fn g3_a_command_asks_for_a_list_whole_when_its_pages_expire() {
    let server = Sound { page: 1, ..Sound::new(7, &["a", "b", "c"]) }.shared();
    let wire = faulty(&server, |it| {
        let expired = || Play::status(410, "Expired", "the provided continue parameter is too old");
        let whole = is_list(it) && it.param("resourceVersion") == Some("0");
        let all = || Play::json(200, &list(7, "", &[pod("a", 7), pod("b", 7), pod("c", 7)]));
        it.param("continue").map(|_| expired()).or_else(|| whole.then(all))
    });
    let cluster = read(&wire, &[Kind::POD]).await.expect("a list");
    assert_eq!(cluster.pods.len(), 3);
    assert_eq!(wire.count(is_list), 3);
}

/// R2: whatever the server fails with is told as it says it, asked again ever more slowly, and over when it is over.
#[tokio::test(start_paused = true)]
async fn r2_a_server_that_fails_is_asked_ever_more_slowly() {
    for status in [500, 502, 503, 504] {
        let server = Sound::new(7, &["a"]).shared();
        let state = server.clone();
        let wire = faulty(&server, move |it| {
            let watch = it.is_watch() && !it.is_streaming_list() && it.at < seconds(60);
            let failing = (60..400).contains(&it.at.as_secs()) && it.is_of("pods");
            failing.then(|| Play::status(status, "InternalError", "etcdserver: request timed out")).or_else(|| {
                let version = state.lock().expect("no panic").version;
                let said = || Play::head().event("BOOKMARK", &crate::live_world::bookmark(version, false));
                watch.then(|| said().wait(seconds(59)).end())
            })
        });
        let mut session = Session::of_pods(wire.client());
        session.run_for(seconds(58)).await;
        assert!(session.is_live(), "{status}");
        session.run_for(seconds(332)).await;
        let Coverage::Stale { why, .. } = session.coverage() else { panic!("{status}: {:?}", session.coverage()) };
        assert_eq!(why.as_str(), format!("the server answered {status}: etcdserver: request timed out"));
        let asked = |from, to| wire.count(|it| it.is_of("pods") && (from..to).contains(&it.at.as_secs()));
        assert!(asked(60, 90) <= 6 && asked(60, 400) <= 18, "{status}: {} {}", asked(60, 90), asked(60, 400));
        session.run_for(seconds(46)).await;
        assert!(session.is_live(), "{status}: {:?}", session.said.last());
        assert_eq!(wire.count(|it| it.method != "GET"), 0);
    }
}

/// R3: a server that queues is asked for four lists at a time.
#[tokio::test(start_paused = true)]
async fn r3_four_lists_are_asked_for_at_a_time() {
    let wire =
        Wire::new(|asked| match (asked.is_streaming_list(), asked.is_watch(), asked.path.matches('/').count()) {
            (_, _, 1 | 2) => Play::answer(404, "", "404 page not found"),
            (true, ..) => Play::status(422, "Invalid", "not streamed"),
            (_, true, _) => Play::head().hold(),
            _ => {
                let body = r#"{"metadata":{"resourceVersion":"7"},"items":[]}"#;
                let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", body.len());
                Play::begun(&head).wait(seconds(10)).raw(body.as_bytes())
            }
        });
    let kinds = [
        Kind::POD,
        Kind::NAMESPACE,
        Kind::NODE,
        Kind::SERVICE,
        Kind::ENDPOINT_SLICE,
        Kind::SERVICE_ACCOUNT,
        Kind::NETWORK_POLICY,
        Kind::ROLE,
        Kind::ROLE_BINDING,
        Kind::CLUSTER_ROLE,
        Kind::CLUSTER_ROLE_BINDING,
    ];
    let mut session = Session::of(wire.client(), &kinds, &[]);
    session.run_for(seconds(60)).await;
    let lists = |it: &Asked| !it.is_watch() && it.param("limit") == Some("500");
    let times: Vec<Duration> = wire.asked().into_iter().filter(lists).map(|it| it.at).collect();
    assert_eq!(times.len(), kinds.len());
    for from in &times {
        let together = times.iter().filter(|it| (*from..*from + seconds(10)).contains(*it)).count();
        assert!(together <= 4, "{together} lists at {from:?}: {times:?}");
    }
    assert!(kinds.iter().all(|it| *session.cluster.coverage.of(*it, "") == Coverage::Live));
}

/// How many pods the largest supported clusters have.
const PODS: usize = 150_000;

/// E7: the pods of the largest clusters come in, in pages, and no page is asked for twice.
#[tokio::test(start_paused = true)]
async fn e7_the_pods_of_the_largest_clusters_come_in() {
    let page = |asked: &Asked| {
        let from: usize = asked.param("continue").and_then(|it| it.parse().ok()).unwrap_or(0);
        let to = (from + 500).min(PODS);
        let mut items = String::new();
        for at in from..to {
            let metadata =
                format!(r#""name":"p{at}","namespace":"n{}","uid":"u{at}","resourceVersion":"7""#, at % 5000);
            let labels = format!(r#""labels":{{"app":"a{}"}}"#, at % 700);
            let comma = if at == from { "" } else { "," };
            let spec = r#""spec":{"nodeName":"node","containers":[{"name":"c","ports":[{"containerPort":80}]}]}"#;
            let _ =
                write!(items, r#"{comma}{{"metadata":{{{metadata},{labels}}},{spec},"status":{{"phase":"Running"}}}}"#);
        }
        let continues = if to < PODS { to.to_string() } else { String::new() };
        let metadata = format!(r#"{{"resourceVersion":"7","continue":"{continues}"}}"#);
        Play::json(200, &format!(r#"{{"metadata":{metadata},"items":[{items}]}}"#))
    };
    let wire = Wire::new(move |asked| match (asked.is_of("pods"), asked.is_streaming_list(), asked.is_watch()) {
        (true, true, _) => Play::status(422, "Invalid", "not streamed"),
        (true, _, true) => Play::head().hold(),
        (true, ..) => page(asked),
        _ => Play::answer(404, "", "404 page not found"),
    });
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    assert_eq!(session.cluster.pods.len(), PODS);
    assert_eq!(wire.count(is_list), PODS / 500);
}

/// E10: an answer that is no answer proves no absence: neither to a session nor to a command, and a review of it is no
/// "no".
#[tokio::test(start_paused = true)]
async fn e10_an_empty_object_proves_nothing() {
    const CILIUM: Kind = Kind("ciliumnetworkpolicy");
    for body in ["{}", "null", r#"{"kind":"APIGroupList"}"#, r#"{"groups":null}"#, "[]", r#"{"kind":"Status"}"#] {
        let wire = Wire::new(move |_| Play::json(200, body));
        let mut session = Session::of(wire.client(), &[CILIUM, Kind::POD], &[]);
        session.run_for(seconds(60)).await;
        let Coverage::Failed { why } = session.cluster.coverage.of(CILIUM, "") else { panic!("{body}") };
        assert_eq!(why.as_str(), "/apis is not what an API server writes", "{body}");
        assert!(!session.cluster.coverage.of(Kind::POD, "").is_complete(), "{body}");

        let cluster = read(&wire, &[CILIUM]).await.expect("a gap, and no fault");
        assert!(matches!(cluster.coverage.of(CILIUM, ""), Coverage::Failed { .. }), "{body}");
        assert!(read(&wire, &[Kind::POD]).await.is_err(), "{body}");
        assert!(Reader::new(wire.client(), Vec::new()).served().await.is_err(), "{body}");
    }
}

/// E10: a group that lists nothing at all proves nothing either.
#[tokio::test(start_paused = true)]
async fn e10_a_group_without_its_resources_proves_nothing() {
    const CILIUM: Kind = Kind("ciliumnetworkpolicy");
    let wire = Wire::new(|asked| match asked.path.as_str() {
        "/apis" => {
            let groups = json!([{ "name": "cilium.io", "versions": [{ "version": "v2" }] }]);
            Play::json(200, &json!({ "kind": "APIGroupList", "groups": groups }).to_string())
        }
        _ => Play::json(200, "{}"),
    });
    let mut session = Session::of(wire.client(), &[CILIUM], &[]);
    session.run_for(seconds(60)).await;
    assert!(matches!(session.cluster.coverage.of(CILIUM, ""), Coverage::Failed { .. }));
}

/// E10: what was served and is not found is looked for in its group, and what was known is kept until that is told.
#[tokio::test(start_paused = true)]
async fn e10_what_was_served_and_is_not_found_is_not_taken_for_nothing() {
    const ADMIN: Kind = Kind("adminnetworkpolicy");
    let path = "/apis/policy.networking.k8s.io/v1alpha1";
    let wire = Wire::new(move |asked| {
        let lost = (60..200).contains(&asked.at.as_secs());
        match asked.path.strip_prefix(path) {
            None if asked.path == "/apis" => {
                let versions = json!([{ "version": "v1alpha1" }]);
                let groups = json!([{ "name": "policy.networking.k8s.io", "versions": versions }]);
                Play::json(200, &json!({ "kind": "APIGroupList", "groups": groups }).to_string())
            }
            Some("") => Play::json(200, r#"{"resources":[{"name":"adminnetworkpolicies"}]}"#),
            Some("/adminnetworkpolicies") if lost => Play::answer(404, "", "404 page not found\n"),
            Some("/adminnetworkpolicies") => match (asked.is_watch(), asked.is_streaming_list()) {
                (_, true) => Play::status(422, "Invalid", "not streamed"),
                (true, _) => {
                    Play::head().wait(seconds(58)).event("BOOKMARK", &json!({"metadata":{"resourceVersion":"7"}})).end()
                }
                _ => {
                    let spec = json!({ "priority": 5, "subject": { "namespaces": {} } });
                    let items = json!([{ "metadata": { "name": "strict", "resourceVersion": "5" }, "spec": spec }]);
                    Play::json(200, &json!({ "metadata": { "resourceVersion": "7" }, "items": items }).to_string())
                }
            },
            _ => Play::answer(404, "", "404 page not found\n"),
        }
    });
    let mut session = Session::of(wire.client(), &[ADMIN], &[]);
    let covered = |it: &Session| it.cluster.coverage.of(ADMIN, "").clone();
    session.until("it is live", |it| covered(it) == Coverage::Live).await;
    session.run_for(seconds(150)).await;
    assert!(matches!(covered(&session), Coverage::Stale { .. }), "{:?}", covered(&session));
    assert_eq!(session.cluster.policies.len(), 1, "kept");
    let asked = wire.count(|it| it.is_of("adminnetworkpolicies") && (60..150).contains(&it.at.as_secs()));
    assert!(asked <= 15, "{asked}");
    session.run_for(seconds(90)).await;
    assert_eq!(covered(&session), Coverage::Live, "{:?}", session.said.last());
}

/// E10: absence is as old as the last answer of discovery.
#[tokio::test(start_paused = true)]
async fn e10_absence_that_cannot_be_asked_for_again_is_as_of_then() {
    const CILIUM: Kind = Kind("ciliumnetworkpolicy");
    let wire = Wire::new(|asked| match (100..300).contains(&asked.at.as_secs()) {
        true => Play::status(503, "ServiceUnavailable", "later"),
        false if asked.path == "/apis" => Play::json(200, r#"{"kind":"APIGroupList","groups":[]}"#),
        false => Play::answer(404, "", "404 page not found\n"),
    });
    let mut session = Session::of(wire.client(), &[CILIUM], &[]);
    let covered = |it: &Session| it.cluster.coverage.of(CILIUM, "").clone();
    session.run_for(seconds(90)).await;
    assert_eq!(covered(&session), Coverage::NotServed);
    session.run_for(seconds(100)).await;
    let Coverage::Stale { why, .. } = covered(&session) else { panic!("{:?}", covered(&session)) };
    assert_eq!(why.as_str(), "the server answered 503: later");
    session.run_for(seconds(150)).await;
    assert_eq!(covered(&session), Coverage::NotServed);
}

/// E5, E10: an event that is none means that something has happened: the kind is listed again.
#[tokio::test(start_paused = true)]
async fn e5_an_event_that_cannot_be_told_is_not_passed_by() {
    let object = pod("b", 9).to_string();
    let lines = [
        format!("{{\"type\":\"RENAMED\",\"object\":{object}}}\n"),
        format!("{{\"type\":\"\",\"object\":{object}}}\n"),
        "{\"type\":\"ADDED\",\"object\":null}\n".to_owned(),
        "{\"type\":\"DELETED\",\"object\":null}\n".to_owned(),
        "{\"type\":\"MODIFIED\",\"object\":{}}\n".to_owned(),
        "null\n".to_owned(),
        "{}\n".to_owned(),
    ];
    for line in lines {
        let server = Sound::new(7, &["a"]).shared();
        let shown = line.clone();
        let wire = faulty(&server, move |it| {
            let first = it.is_of("pods") && it.is_watch() && !it.is_streaming_list() && it.nth == 0;
            first.then(|| Play::head().wait(seconds(20)).bytes(line.as_bytes()).hold())
        });
        let mut session = Session::of_pods(wire.client());
        session.run_for(seconds(10)).await;
        server.lock().expect("no panic").put("b", "uid-b", "Running");
        session.run_for(seconds(15)).await;
        assert!(session.is_live() && session.holds(&server), "{shown}: {:?}", session.said.last());
        assert_eq!(wire.count(is_list), 2, "{shown}");
    }
    assert!(event("ADDED", &json!({})).ends_with('\n'));
}

/// E12: whatever the server says of its version, or does not: nothing but a note rests on it.
#[tokio::test(start_paused = true)]
async fn e12_a_version_of_any_words_is_no_error() {
    let cases = [
        (r#"{"gitVersion":"v1.36.4"}"#, Some((1, 36))),
        (r#"{"gitVersion":"v1.33+"}"#, Some((1, 33))),
        (r#"{"gitVersion":"v1.30.5-gke.1014001"}"#, Some((1, 30))),
        (r#"{"gitVersion":"v1.29.4-eks-036c24b"}"#, Some((1, 29))),
        (r#"{"gitVersion":"v1.99.0"}"#, Some((1, 99))),
        (r#"{"gitVersion":"v0.0.0-master+$Format:%H$"}"#, None),
        (r#"{"gitVersion":""}"#, None),
        (r#"{"gitVersion":"\u001b[31m"}"#, None),
        (r#"{"gitVersion":7}"#, None),
        ("{}", None),
        ("null", None),
        ("<html>", None),
    ];
    for (body, expected) in cases {
        let wire = Wire::new(move |_| Play::json(200, body));
        let said = Reader::new(wire.client(), Vec::new()).server_version().await;
        let version = said.as_deref().and_then(Version::parse);
        assert_eq!(
            version,
            expected.and_then(|(major, minor)| Version::parse(&format!("v{major}.{minor}.0"))),
            "{body}"
        );
    }
}
