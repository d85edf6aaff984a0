//! The fault catalog, row by row: what the session does when the server is slow, wrong, restored or gone.
//!
//! Each test is named by its row of docs/reliability.md; the clock is paused, so minutes cost nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kreach::live::{Condition, Throttled};
use kreach::model::coverage::Coverage;
use kreach::model::facts::Phase;
use kreach::model::id::Kind;

use serde_json::json;

use crate::live_world::{Session, Sound, bookmark, list, pod, pod_with};
use crate::wire::{Asked, Cut, Play, Wire, status_object};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A server that plays `fault` where it answers something, and is sound elsewhere.
fn faulty(server: &Arc<Mutex<Sound>>, fault: impl Fn(&Asked) -> Option<Play> + Send + Sync + 'static) -> Wire {
    let server = server.clone();
    Wire::new(move |asked| fault(asked).unwrap_or_else(|| server.lock().expect("no panic").answer(asked)))
}

fn of_pods(asked: &Asked) -> bool {
    asked.is_of("pods")
}

fn is_list(asked: &Asked) -> bool {
    of_pods(asked) && !asked.is_watch()
}

fn is_plain_watch(asked: &Asked) -> bool {
    of_pods(asked) && asked.is_watch() && !asked.is_streaming_list()
}

#[tokio::test(start_paused = true)]
async fn n1_a_server_that_is_not_there_yet_is_waited_for() {
    let wire = Wire::opening_after(seconds(5), move |asked| Sound::new(7, &["a"]).answer(asked));
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(2)).await;
    assert_eq!(*session.coverage(), Coverage::Loading);
    let Some((_, _, Condition::Retrying { attempt, why, .. })) = session.said.last() else {
        panic!("{:?}", session.said)
    };
    assert_eq!((*attempt, why.as_str()), (3, "cannot reach http://wire.example: Connection refused"));
    session.until("live", Session::is_live).await;
    assert_eq!(session.pods(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn n5_a_list_that_is_never_answered_is_asked_for_again() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = faulty(&server, |it| (of_pods(it) && it.nth == 0).then(Play::silence));
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    let asked: Vec<Asked> = wire.asked().into_iter().filter(of_pods).collect();
    assert!(asked[1].at >= seconds(30) && asked[1].at <= seconds(33), "{asked:?}");
}

/// N5, N6: an answer that stops in its middle is given up after a minute; one that drips on is read.
#[tokio::test(start_paused = true)]
async fn n5_a_list_that_stops_in_its_middle_is_asked_for_again() {
    let server = Sound::new(7, &["a"]).shared();
    let half = "HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n{\"kind\":";
    let wire = faulty(&server, move |it| (is_list(it) && it.nth == 0).then(|| Play::begun(half).hold()));
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    let lists: Vec<Asked> = wire.asked().into_iter().filter(is_list).collect();
    assert!(lists[1].at >= seconds(60) && lists[1].at <= seconds(65), "{lists:?}");
}

/// P5: while nothing is taken in (a frozen terminal, a screen that is busy), no more of a list comes than may wait.
#[tokio::test(start_paused = true)]
async fn p5_a_list_comes_no_faster_than_it_is_taken_in() {
    let names: Vec<String> = (0..40_000).map(|it| format!("p{it:05}")).collect();
    let server = Sound::new(7, &names.iter().map(String::as_str).collect::<Vec<_>>()).shared();
    let wire = faulty(&server, |_| None);
    let mut session = Session::of_pods(wire.client());
    tokio::time::sleep(seconds(600)).await;
    // 8,000 wait; before them two batches are on their way to the loop, each of 4,000 or less.
    let asked = wire.count(is_list);
    assert!((16..=36).contains(&asked), "{asked} of 80 pages");
    session.until("live", Session::is_live).await;
    assert!(session.holds(&server));
    assert_eq!(wire.count(is_list), 80, "nothing is asked for twice");
}

#[tokio::test(start_paused = true)]
async fn n7_a_half_open_watch_is_noticed_within_75_seconds() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = faulty(&server, |it| (is_plain_watch(it) && it.nth == 0).then(|| Play::head().hold()));
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    server.lock().expect("no panic").put("b", "uid-b", "Running");
    session.until("b is seen", |it| it.pods() == ["a", "b"]).await;
    let watches: Vec<Asked> = wire.asked().into_iter().filter(is_plain_watch).collect();
    assert!(watches[1].at <= seconds(75), "{watches:?}");
    // The probe asks whether the server is still where it was (N11); nothing is listed again.
    assert_eq!(wire.count(|it| is_list(it) && it.param("limit") == Some("1")), 1);
    assert_eq!(wire.count(is_list), 2);
}

/// N8: cut at every byte of a stream of three events, by a reset or a close: nothing is lost, nothing listed again.
#[tokio::test(start_paused = true)]
async fn n8_a_watch_cut_at_any_byte_is_resumed() {
    let slim = |name: &str, version: u64, phase: &str| {
        let version = version.to_string();
        json!({ "metadata": { "name": name, "namespace": "shop", "resourceVersion": version }, "status": { "phase": phase } })
    };
    let history = [
        (8, "ADDED", slim("b", 8, "Pending")),
        (9, "MODIFIED", slim("b", 9, "Running")),
        (10, "DELETED", slim("a", 10, "Running")),
    ];
    let since = move |version: u64| {
        let news = history.iter().filter(|it| it.0 > version);
        news.fold(Play::head(), |play, (_, kind, object)| play.event(kind, object)).end()
    };
    let length = since(7).len();
    // Where the next watch from version 7 is cut; one server for all, since its client is costly to build.
    let cut = Arc::new(Mutex::new(None));
    let next_cut = cut.clone();
    let wire = Wire::new(move |asked| match (is_plain_watch(asked), is_list(asked)) {
        (true, _) => match next_cut.lock().expect("no panic").take() {
            Some((at, how)) => since(7).cut(at, how),
            None => since(asked.param("resourceVersion").and_then(|it| it.parse().ok()).expect("a version")),
        },
        (_, true) => Play::json(200, &list(7, "", &[pod("a", 7)])),
        _ => Play::status(422, "Invalid", "not streamed"),
    });
    let client = wire.client();
    for at in 0..length {
        let how = if at.is_multiple_of(2) { Cut::Reset } else { Cut::Close };
        *cut.lock().expect("no panic") = Some((at, how));
        let mut session = Session::of_pods(client.clone());
        session.until("all events are seen", |it| it.pods() == ["b"]).await;
        let running = session.cluster.pods.get("shop", "b").is_some_and(|it| it.phase() == Phase::Running);
        assert!(running, "cut at {at} by {how:?}");
        assert_eq!(wire.count(is_list), at + 1, "cut at {at} by {how:?}");
    }
}

/// N9 and M1: a server that ends each watch at once is asked ever more slowly, and not believed.
#[tokio::test(start_paused = true)]
async fn n9_a_watch_that_ends_at_once_is_not_asked_for_in_a_loop() {
    let server = Sound::new(7, &["a"]).shared();
    let bookmarked = |it: &Asked| {
        let play = Play::head();
        if it.nth.is_multiple_of(2) { play.end() } else { play.event("BOOKMARK", &bookmark(7, false)).end() }
    };
    let wire = faulty(&server, move |it| (is_plain_watch(it) && it.at < seconds(600)).then(|| bookmarked(it)));
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(30)).await;
    assert!((4..=8).contains(&wire.count(is_plain_watch)), "{}", wire.count(is_plain_watch));
    let Coverage::Stale { why, .. } = session.coverage() else { panic!("{:?}", session.coverage()) };
    assert_eq!(why.as_str(), "the watch is unstable: the server closes it at once");
    session.run_for(seconds(570)).await;
    assert!(wire.count(is_plain_watch) <= 30, "{}", wire.count(is_plain_watch));
    session.run_for(seconds(36)).await;
    assert!(session.is_live(), "within 36 s of the end of the fault: {:?}", session.coverage());
    assert_eq!(wire.count(is_list), 1);
}

/// N12: neither an endless event nor a page without end is held.
#[tokio::test(start_paused = true)]
async fn n12_an_event_without_end_is_not_held() {
    let server = Sound::new(7, &["a"]).shared();
    let endless = || (0..6).fold(Play::head(), |play, _| play.bytes(&vec![b'x'; 1 << 20])).hold();
    let wire = faulty(&server, move |it| (is_plain_watch(it) && it.nth == 0).then(endless));
    let mut session = Session::of_pods(wire.client());
    session.until("the event is given up", |it| it.story().contains(&"retrying")).await;
    let why = session.said.iter().find_map(|(_, _, it)| match it {
        Condition::Retrying { why, .. } => Some(why.as_str()),
        _ => None,
    });
    assert_eq!(why, Some("an event is larger than 4 MiB"));
    session.until("live", Session::is_live).await;
}

#[tokio::test(start_paused = true)]
async fn r1_retry_after_is_obeyed_up_to_half_a_minute() {
    for (header, from, to) in [("5", 5, 6), ("3600", 30, 31), ("soon", 1, 2), ("Mon, 23 Nov 1998 10:00:00 GMT", 1, 2)] {
        let server = Sound::new(7, &["a"]).shared();
        let busy = move || {
            let body = status_object(429, "TooManyRequests", "slow down").to_string();
            Play::answer(429, &format!("Retry-After: {header}\r\n"), &body)
        };
        let wire = faulty(&server, move |it| (of_pods(it) && it.nth == 0 && it.is_streaming_list()).then(busy));
        let mut session = Session::of_pods(wire.client());
        session.until("throttled", |it| it.story().contains(&"retrying")).await;
        let Some((_, _, Condition::Retrying { throttled, .. })) = session.said.last() else {
            panic!("{:?}", session.said)
        };
        assert_eq!(*throttled, Throttled::ByServer);
        session.until("live", Session::is_live).await;
        let second = wire.asked().into_iter().filter(of_pods).nth(1).expect("asked again").at;
        assert!((seconds(from)..=seconds(to)).contains(&second), "{header}: {second:?}");
    }
}

/// G1, G2, E4: what is too old is listed again, once, and the old stays until the new is whole.
async fn a_watch_that_is_too_old(fault: impl Fn(&Asked) -> Option<Play> + Send + Sync + 'static) {
    let server = Sound::new(7, &["a", "b"]).shared();
    let wire = faulty(&server, fault);
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    {
        let mut server = server.lock().expect("no panic");
        server.delete("a");
        server.put("c", "uid-c", "Running");
        server.compact();
    }
    let (mut seen, state) = (Vec::new(), server.clone());
    while !session.holds(&state) {
        seen.push(session.pods());
        session.until("something changes", |it| Some(&it.pods()) != seen.last()).await;
    }
    assert_eq!(seen, [["a", "b"]], "swapped in whole, the old kept until then");
    session.run_for(seconds(120)).await;
    assert!(session.is_live());
    assert_eq!(wire.count(is_list), 2, "listed again once: {:?}", wire.asked());
}

#[tokio::test(start_paused = true)]
async fn g1_a_410_in_the_stream_lists_again_once() {
    a_watch_that_is_too_old(|_| None).await;
}

#[tokio::test(start_paused = true)]
async fn g2_a_410_as_status_lists_again_once() {
    a_watch_that_is_too_old(|it| {
        let old = is_plain_watch(it) && it.param("resourceVersion") == Some("7");
        old.then(|| Play::status(410, "Expired", "too old resource version"))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g4_a_version_too_large_lists_again() {
    a_watch_that_is_too_old(|it| {
        let large = is_plain_watch(it) && it.param("resourceVersion") == Some("7");
        large.then(|| Play::status(504, "Timeout", "Too large resource version: 9, current: 5"))
    })
    .await;
}

/// G4: a server that is behind what we saw refuses lists of that version too: they name none.
#[tokio::test(start_paused = true)]
async fn g4_a_list_asks_for_no_version_that_the_server_may_lack() {
    let server = Sound::new(7, &["a"]).shared();
    let large = |it: &Asked| {
        let asks = it.param("resourceVersion").is_some_and(|it| !it.is_empty() && it != "0");
        let is_next = it.param("continue").is_some();
        (of_pods(it) && it.at > seconds(20) && asks && !is_next)
            .then(|| Play::status(504, "Timeout", "Too large resource version: 7, current: 5"))
    };
    let wire = faulty(&server, move |it| {
        let first = is_plain_watch(it) && it.at < seconds(20);
        large(it).or_else(|| first.then(|| Play::head().wait(seconds(40)).end()))
    });
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(30)).await;
    server.lock().expect("no panic").put("b", "uid-b", "Running");
    session.until("what happened is seen", |it| it.pods() == ["a", "b"]).await;
}

/// G1, N1: a server that was away for minutes and has forgotten its history is read again as soon as it says so.
#[tokio::test(start_paused = true)]
async fn g1_a_server_that_comes_back_without_its_history_is_read_at_once() {
    let server = Sound::new(7, &["a"]).shared();
    let away = || Play::status(503, "ServiceUnavailable", "starting");
    let wire = faulty(&server, move |it| (it.at > seconds(20) && it.at < seconds(200)).then(away));
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(30)).await;
    assert!(session.is_live(), "the first watch is open");
    server.lock().expect("no panic").put("b", "uid-b", "Running");
    server.lock().expect("no panic").compact();
    session.until("what happened meanwhile is seen", |it| it.pods() == ["a", "b"] && it.is_live()).await;
    let since: Vec<Asked> = wire.asked().into_iter().filter(|it| of_pods(it) && it.at >= seconds(200)).collect();
    assert!(since[0].is_watch() && since[0].at <= seconds(231), "{since:?}");
    assert!(since[1].at <= since[0].at + seconds(2), "{since:?}");
}

/// G3 and M8: continue tokens that expire each time end in one list without pages.
#[tokio::test(start_paused = true)]
async fn g3_pages_that_always_expire_are_asked_for_whole() {
    let server = Sound { page: 1, ..Sound::new(7, &["a", "b", "c"]) }.shared();
    let wire = faulty(&server, |it| {
        if it.param("continue").is_some() {
            return Some(Play::status(410, "Expired", "the provided continue parameter is too old"));
        }
        let whole = is_list(it) && it.param("resourceVersion") == Some("0");
        whole.then(|| Play::json(200, &list(7, "", &[pod("a", 7), pod("b", 7), pod("c", 7)])))
    });
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    assert_eq!(session.pods(), ["a", "b", "c"]);
    assert_eq!(wire.count(|it| it.param("continue").is_some()), 2, "{:?}", wire.asked());
}

/// G5: etcd was restored from a backup: versions begin again below those we saw, and watches are silent.
#[tokio::test(start_paused = true)]
async fn g5_a_rewound_history_is_noticed_and_read_again() {
    let server = Sound::new(1200, &["a", "new"]).shared();
    let wire = faulty(&server, |it| {
        let future = is_plain_watch(it) && it.param("resourceVersion") == Some("1200");
        future.then(|| Play::head().hold())
    });
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    *server.lock().expect("no panic") = Sound::new(1005, &["a"]);
    session.until("the history is seen to be rewound", |it| it.pods() == ["a"]).await;
    assert_eq!(session.notices, ["the cluster's history was rewound: pods is read again"]);
    assert!(session.holds(&server));
    server.lock().expect("no panic").put("b", "uid-b", "Running");
    session.until("what happens then is seen", |it| it.pods() == ["a", "b"]).await;
}

/// G5: another cluster behind the same address: versions go on, nothing breaks, and only kube-system is another.
#[tokio::test(start_paused = true)]
async fn g5_another_cluster_behind_the_same_address_is_read_anew() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = faulty(&server, |it| {
        let system = |uid: &str| json!({ "metadata": { "name": "kube-system", "uid": uid, "resourceVersion": "1" } });
        if it.is_of("kube-system") {
            return Some(Play::json(200, &system(if it.at < seconds(100) { "one" } else { "other" }).to_string()));
        }
        // Its watch goes on as if nothing were, as a proxy may let it.
        let minute = |play: Play, _| play.wait(seconds(60)).event("BOOKMARK", &bookmark(7, false));
        (is_plain_watch(it) && it.at < seconds(100)).then(|| (0..60).fold(Play::head(), minute).hold())
    });
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(90)).await;
    assert!(session.is_live() && session.notices.is_empty());
    // Its objects have higher versions: nothing but its identity says that it is another.
    *server.lock().expect("no panic") = Sound::new(900, &["z"]);
    session.until("the other cluster is seen", |it| it.pods() == ["z"] && !it.notices.is_empty()).await;
    assert_eq!(session.notices, ["this is another cluster than before: everything is read again"]);
    session.until("live", Session::is_live).await;
}

#[tokio::test(start_paused = true)]
async fn e5_an_object_that_cannot_be_read_costs_only_itself() {
    let server = Sound::new(7, &["a"]).shared();
    let mut bad = pod("bad", 6);
    bad["spec"]["containers"] = "not a list".into();
    let mut worse = pod("a", 9);
    worse["spec"]["containers"] = 7.into();
    let page = list(7, "", &[pod("a", 5), bad]);
    let wire = faulty(&server, move |it| {
        if is_plain_watch(it) && it.nth == 0 {
            return Some(Play::head().event("MODIFIED", &worse).event("ADDED", &pod("later", 10)).hold());
        }
        is_list(it).then(|| Play::json(200, &page))
    });
    let mut session = Session::of_pods(wire.client());
    session.until("the list is in", |it| !it.pods().is_empty()).await;
    session.until("the later one is in", |it| it.pods() == ["later"]).await;
    let unreadable: Vec<String> = session.cluster.unreadable.iter().map(|it| it.to_string()).collect();
    assert_eq!(unreadable, ["pod/shop/a", "pod/shop/bad"]);
    assert!(session.is_live());
}

/// E5: what has not even a name could be any object of its kind, so that nothing is claimed of the kind while it is
/// there.
#[tokio::test(start_paused = true)]
async fn e5_an_object_without_a_name_leaves_its_kind_open() {
    for nameless in [json!(null), json!({}), json!([]), json!({ "metadata": {}, "spec": [] }), json!("pod")] {
        let server = Sound::new(7, &["a"]).shared();
        let page = list(7, "", &[pod("a", 5), nameless.clone()]);
        let wire = faulty(&server, move |it| (is_list(it) && it.at < seconds(60)).then(|| Play::json(200, &page)));
        let mut session = Session::of_pods(wire.client());
        session.until("the list is in", |it| !it.pods().is_empty()).await;
        session.run_for(seconds(30)).await;
        let why = "the list holds a Pod that could not be read and has no name";
        assert_eq!(*session.coverage(), Coverage::Failed { why: why.into() }, "{nameless}");
        assert_eq!(session.cluster.notes.len(), 1, "{:?}", session.cluster.notes);
        session.run_for(seconds(60)).await;
        session.control.resync();
        session.until("a sound list is believed", Session::is_live).await;
    }
}

/// M7: servers that do not stream lists say so, or ignore the wish, or say nothing at all.
#[tokio::test(start_paused = true)]
async fn m7_lists_that_cannot_be_streamed_are_paged() {
    let silent: [fn() -> Play; 3] = [
        || Play::head().hold(),
        || Play::head().event("ADDED", &pod("a", 7)).hold(),
        || Play::status(400, "BadRequest", "no"),
    ];
    for play in silent {
        let server = Sound { page: 2, ..Sound::new(7, &["a", "b", "c"]) }.shared();
        let wire = faulty(&server, move |it| it.is_streaming_list().then(play));
        let mut session = Session::of_pods(wire.client());
        session.until("live", Session::is_live).await;
        assert!(session.holds(&server));
        assert_eq!((wire.count(Asked::is_streaming_list), wire.count(is_list)), (1, 2));
    }
}

/// A list that is streamed is followed on the same stream.
#[tokio::test(start_paused = true)]
async fn a_streamed_list_goes_on_as_its_watch() {
    let server = Sound { streams: true, ..Sound::new(7, &["a", "b"]) }.shared();
    let wire = faulty(&server, |_| None);
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    assert_eq!(session.pods(), ["a", "b"]);
    server.lock().expect("no panic").put("c", "uid-c", "Running");
    session.until("c is seen", |it| it.pods().len() == 3).await;
    assert_eq!((wire.count(Asked::is_streaming_list), wire.count(is_list)), (1, 0));
    let headers = wire.asked().into_iter().filter(of_pods).map(|it| it.headers);
    assert!(headers.clone().all(|it| it.contains("accept-encoding: identity")), "M18");
    assert!(headers.into_iter().all(|it| it.contains("user-agent: kreach/")));
}

/// A sound server that is idle is asked for a renewed watch now and then, and for nothing else.
#[tokio::test(start_paused = true)]
async fn an_idle_session_sends_watch_renewals_alone() {
    let server = Sound::new(7, &["a"]).shared();
    let calm = |_: &Asked| {
        let minute = |play: Play, _| play.wait(seconds(60)).event("BOOKMARK", &bookmark(7, false));
        (0..4).fold(Play::head(), minute).end()
    };
    let wire = faulty(&server, move |it| is_plain_watch(it).then(|| calm(it)));
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(3600)).await;
    assert_eq!((wire.count(is_list), wire.count(is_plain_watch)), (1, 15));
    assert!(wire.count(|it| it.is_of("kube-system")) <= 13);
    assert_eq!(wire.count(|it| it.method != "GET"), 0);
    assert_eq!(session.story(), ["connecting", "following"]);
}

/// E9: a policy of ten thousand rules and a binding of fifty thousand subjects are read like any other.
#[tokio::test(start_paused = true)]
async fn e9_huge_objects_are_read() {
    let rules: Vec<_> = (0..10_000).map(|it| json!({ "ports": [{ "port": it + 1 }] })).collect();
    let policy = json!({
        "metadata": { "name": "huge", "namespace": "shop", "resourceVersion": "8" },
        "spec": { "podSelector": {}, "ingress": rules },
    });
    let subjects: Vec<_> = (0..50_000).map(|it| json!({ "kind": "User", "name": format!("user-{it}") })).collect();
    let binding = json!({
        "metadata": { "name": "huge", "resourceVersion": "8" },
        "roleRef": { "kind": "ClusterRole", "name": "view" }, "subjects": subjects,
    });
    let wire = Wire::new(move |asked| match (asked.is_streaming_list(), asked.is_watch()) {
        (true, _) => Play::status(422, "Invalid", "not streamed"),
        (_, true) => {
            Play::head().event("ADDED", if asked.is_of("networkpolicies") { &policy } else { &binding }).hold()
        }
        _ => Play::json(200, &list(7, "", &[])),
    });
    let mut session = Session::of(wire.client(), &[Kind::NETWORK_POLICY, Kind::CLUSTER_ROLE_BINDING], &[]);
    let both = |it: &Session| !it.cluster.policies.is_empty() && !it.cluster.bindings.is_empty();
    session.until("both are in", both).await;
    assert_eq!(session.cluster.policies.iter().map(|it| it.rules.len()).sum::<usize>(), 10_000);
    assert_eq!(session.cluster.bindings.iter().map(|it| it.subjects.len()).sum::<usize>(), 50_000);
}

/// E1, E2, M9: what comes twice or late does not undo what came since.
#[tokio::test(start_paused = true)]
async fn e2_an_older_version_that_comes_late_is_ignored() {
    let server = Sound::new(7, &["a"]).shared();
    let running = pod_with("a", "uid-a", 9, "Running");
    let late = pod_with("a", "uid-a", 8, "Failed");
    let events = move || {
        let twice = Play::head().event("MODIFIED", &running).event("MODIFIED", &running);
        twice.event("MODIFIED", &late).event("ADDED", &pod("b", 10)).hold()
    };
    let wire = faulty(&server, move |it| (is_plain_watch(it) && it.nth == 0).then(&events));
    let mut session = Session::of_pods(wire.client());
    session.until("the last event is in", |it| it.pods() == ["a", "b"]).await;
    assert_eq!(session.cluster.pods.get("shop", "a").map(|it| it.phase()), Some(Phase::Running));
}
