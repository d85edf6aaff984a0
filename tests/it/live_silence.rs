//! Servers that are there and say nothing, or nothing that counts: what is a sign of life, and what is done without one.
//!
//! Rows N4, N6, N7, N10 and N11 of docs/reliability.md; the clock is paused.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use kreach::live::Condition;
use kreach::live::connect;
use kreach::model::coverage::Coverage;
use tokio::io::DuplexStream;

use crate::live_world::{Session, Sound, bookmark, list, pod};
use crate::wire::{Asked, Pipe, Play, Wire, event};

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

fn is_plain_watch(asked: &Asked) -> bool {
    asked.is_of("pods") && asked.is_watch() && !asked.is_streaming_list()
}

fn why(session: &Session) -> &str {
    match session.coverage() {
        Coverage::Stale { why, .. } => why.as_str(),
        other => panic!("{other:?}"),
    }
}

/// Connections that stand and say nothing, so that TLS never does.
#[derive(Clone, Default)]
struct Mute(Arc<Mutex<Vec<DuplexStream>>>);

impl tower::Service<Uri> for Mute {
    type Response = Pipe;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Pipe>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        self.0.lock().expect("no panic").push(theirs);
        Box::pin(async move { Ok(Pipe::whole(ours)) })
    }
}

/// N4: a connection whose TLS never stands is given up after 10 s, told, and tried again.
#[tokio::test(start_paused = true)]
async fn n4_a_tls_handshake_that_stalls_is_given_up_after_10_seconds() {
    let mute = Mute::default();
    let client = connect::over(mute.clone(), Uri::from_static("https://wire.example")).expect("a client");
    let mut session = Session::of_pods(client);
    session.run_for(seconds(9)).await;
    assert!(!session.story().contains(&"retrying"));
    session.run_for(seconds(2)).await;
    let Some((_, _, Condition::Retrying { why, .. })) = session.said.last() else { panic!("{:?}", session.said) };
    assert!(
        why.starts_with("cannot reach https://wire.example")
            && why.ends_with("no connection within 10 s, TLS included"),
        "{why}"
    );
    session.run_for(seconds(109)).await;
    let connections = mute.0.lock().expect("no panic").len();
    assert!(connections <= 40, "each of few askers waits longer each time: {connections}");
}

/// A page that comes in pieces of so many bytes a second.
fn dripping(body: &str, pace: usize) -> Play {
    let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", body.len());
    let pieces = body.as_bytes().chunks(pace);
    pieces.fold(Play::begun(&head), |play, piece| play.wait(seconds(1)).raw(piece))
}

/// N6: a page that comes slowly is waited for as long as it comes; one that drips is not.
#[tokio::test(start_paused = true)]
async fn n6_a_page_that_comes_slowly_is_read_and_one_that_drips_is_not() {
    let pods: Vec<_> = (0..200).map(|it| pod(&format!("p{it:03}"), 7)).collect();
    let page = list(7, "", &pods);
    assert!(page.len() > 30_000);
    for (pace, waits) in [(150, false), (1, true)] {
        let (server, page) = (Sound::new(7, &["a"]).shared(), page.clone());
        let wire = faulty(&server, move |it| (is_list(it) && it.nth == 0).then(|| dripping(&page, pace)));
        let mut session = Session::of_pods(wire.client());
        session.until("live", Session::is_live).await;
        assert_eq!(session.pods().len(), if waits { 1 } else { 200 });
        let second = wire.asked().into_iter().filter(is_list).nth(1).map(|it| it.at);
        assert_eq!(second.is_some_and(|it| it <= seconds(125)), waits, "{second:?}");
    }
}

/// N6: a streaming list that drips is given up as one that says nothing is, and pages are read.
#[tokio::test(start_paused = true)]
async fn n6_a_streaming_list_that_drips_is_given_up() {
    let line = event("ADDED", &pod("a", 7));
    let bytes = |play: Play, it: &u8| play.wait(seconds(1)).bytes(&[*it]);
    let by_bytes = line.as_bytes().iter().fold(Play::head(), bytes);
    let blank = (0..600).fold(Play::head(), |play, _| play.wait(seconds(1)).bytes(b"\n"));
    let small = event("ADDED", &serde_json::json!({ "metadata": { "name": "a", "namespace": "shop" } }));
    let by_events = (0..600).fold(Play::head(), |play, _| play.wait(seconds(4)).bytes(small.as_bytes()));
    for play in [by_bytes, blank, by_events] {
        let server = Sound::new(7, &["a", "b"]).shared();
        let wire = faulty(&server, move |it| it.is_streaming_list().then(|| play.clone()));
        let mut session = Session::of_pods(wire.client());
        session.run_for(seconds(20)).await;
        assert!(session.is_live() && session.holds(&server), "{:?}", session.said.last());
        assert_eq!((wire.count(Asked::is_streaming_list), wire.count(is_list)), (1, 1));
    }
}

/// N10: hours of nothing but bookmarks: live all the time, nothing is listed, the resume point moves on.
#[tokio::test(start_paused = true)]
async fn n10_a_watch_of_bookmarks_alone_stays_live_for_hours() {
    let server = Sound::new(7, &["a"]).shared();
    let state = server.clone();
    let wire = faulty(&server, move |it| {
        let version = 8 + it.at.as_secs() / 60;
        state.lock().expect("no panic").version = version;
        let minute = |play: Play, at| play.wait(seconds(60)).event("BOOKMARK", &bookmark(version + at, false));
        is_plain_watch(it).then(|| (0..4).fold(Play::head(), minute).end())
    });
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(4 * 3600)).await;
    assert!(session.is_live());
    assert_eq!(session.story(), ["connecting", "following"]);
    assert_eq!(wire.count(is_list), 1);
    let last = wire.asked().into_iter().rfind(is_plain_watch).expect("a watch");
    let version: u64 = last.param("resourceVersion").and_then(|it| it.parse().ok()).expect("a version");
    assert!(version > 200, "{version}");
}

/// N11: a server that sends no bookmarks, in a cluster where nothing happens: asked whether it has moved, twice a minute
/// at most, and believed.
#[tokio::test(start_paused = true)]
async fn n11_a_silent_watch_is_proven_by_a_version_that_has_not_moved() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = faulty(&server, move |it| is_plain_watch(it).then(|| Play::head().wait(seconds(280)).end()));
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(3600)).await;
    assert!(session.is_live(), "{:?}", session.coverage());
    assert_eq!(wire.count(|it| is_list(it) && it.param("limit") != Some("1")), 1, "nothing is listed again");
    let probes = wire.count(|it| is_list(it) && it.param("limit") == Some("1"));
    let watches = wire.count(is_plain_watch);
    assert!((48..=53).contains(&probes) && watches <= 53, "{probes} probes, {watches} watches in an hour");
}

/// N11: where the server has moved and its watches say nothing, the kind is listed again: at most 70 s are unproven
/// without being told.
#[tokio::test(start_paused = true)]
async fn n11_watches_that_say_nothing_are_not_believed() {
    let blank = |asked: &Asked| {
        let line = |play: Play, _| play.wait(seconds(10)).bytes(b"\n");
        (is_plain_watch(asked)).then(|| (0..60).fold(Play::head(), line).end())
    };
    let half = |asked: &Asked| {
        let piece = |play: Play, _| play.wait(seconds(10)).bytes(b"{\"type\":\"ADDED\"  ");
        (is_plain_watch(asked)).then(|| (0..60).fold(Play::head(), piece).end())
    };
    let nothing = |asked: &Asked| is_plain_watch(asked).then(|| Play::head().hold());
    let short = |asked: &Asked| is_plain_watch(asked).then(|| Play::head().wait(seconds(30)).end());
    let cut = |asked: &Asked| {
        let line = |play: Play, _| play.wait(seconds(10)).bytes(b"\n");
        is_plain_watch(asked).then(|| (0..3).fold(Play::head(), line).reset())
    };
    type Fault = fn(&Asked) -> Option<Play>;
    let faults: [(&str, Fault); 5] =
        [("blank lines", blank), ("half an event", half), ("nothing", nothing), ("an end", short), ("a reset", cut)];
    for (name, fault) in faults {
        let server = Sound::new(7, &["a"]).shared();
        let wire = faulty(&server, fault);
        let mut session = Session::of_pods(wire.client());
        session.until("live", Session::is_live).await;
        session.run_for(seconds(5)).await;
        server.lock().expect("no panic").put("b", "uid-b", "Running");
        session.run_for(seconds(70)).await;
        assert!(!session.is_live() || session.holds(&server), "{name}: live, and not what is");
        session.run_for(seconds(45)).await;
        assert!(session.holds(&server), "{name}: {:?}", session.coverage());
        // From now on it is never live with what is older than 75 s.
        for (at, pod) in ["c", "d", "e"].iter().enumerate() {
            server.lock().expect("no panic").put(pod, &format!("uid-{pod}"), "Running");
            session.run_for(seconds(75)).await;
            assert!(!session.is_live() || session.holds(&server), "{name}, {at}");
        }
        let asked = wire.count(|it| it.is_of("pods"));
        assert!(asked <= 24, "{name}: {asked} in six minutes");
    }
}

/// A server that never ends a watch is not asked to go on for ever: the watch has a deadline of its own.
#[tokio::test(start_paused = true)]
async fn n11_a_watch_that_does_not_end_is_ended() {
    let server = Sound::new(7, &["a"]).shared();
    let endless = || {
        let minute = |play: Play, _| play.wait(seconds(50)).event("BOOKMARK", &bookmark(7, false));
        (0..600).fold(Play::head(), minute)
    };
    let wire = faulty(&server, move |it| is_plain_watch(it).then(endless));
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(3600)).await;
    let watches = wire.count(is_plain_watch);
    assert!((11..=14).contains(&watches), "{watches}");
    assert_eq!(session.story(), ["connecting", "following"]);
    assert_eq!(wire.count(is_list), 1);
}

/// N7: a server that hangs, whenever it begins to: what is shown is told to be old within 75 s.
#[tokio::test(start_paused = true)]
async fn n7_a_server_that_hangs_soon_after_the_start_is_noticed_within_75_seconds() {
    for hangs in [1, 2, 5, 20, 59, 61, 130] {
        let server = Sound::new(7, &["a"]).shared();
        let wire = faulty(&server, move |it| {
            let hung = it.at >= seconds(hangs);
            // Of what was open before, nothing more comes.
            let watch = is_plain_watch(it) && it.at + seconds(60) >= seconds(hangs);
            hung.then(Play::silence).or_else(|| watch.then(|| Play::head().hold()))
        });
        let mut session = Session::of_pods(wire.client());
        session.until("live", Session::is_live).await;
        session.run_for(seconds(hangs + 75)).await;
        assert!(!session.is_live(), "hangs after {hangs} s: {:?}", session.said);
        let words = why(&session);
        assert!(words.contains("silent") || words.contains("did not answer"), "{words}");
    }
}

/// An etcd that is dead behind a live server: watches go on with their bookmarks, and yet nothing can be known.
#[tokio::test(start_paused = true)]
async fn n11_a_server_without_its_storage_is_told() {
    let server = Sound::new(7, &["a"]).shared();
    let wire = faulty(&server, |it| {
        let minute = |play: Play, _| play.wait(seconds(60)).event("BOOKMARK", &bookmark(7, false));
        if is_plain_watch(it) {
            return Some((0..4).fold(Play::head(), minute).end());
        }
        let is_dead = (100..400).contains(&it.at.as_secs());
        it.is_of("readyz").then(|| match is_dead {
            true => {
                Play::answer(500, "", "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\nreadyz check failed\n")
            }
            // What else is not ready says nothing of what is held.
            false if it.at < seconds(100) => Play::answer(500, "", "[+]etcd ok\n[-]informer-sync failed\n"),
            false => Play::answer(200, "", "ok"),
        })
    });
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(99)).await;
    assert!(session.is_live());
    session.run_for(seconds(35)).await;
    assert_eq!(why(&session), "the API server cannot reach its storage (etcd)");
    session.run_for(seconds(200)).await;
    assert!(!session.is_live(), "bookmarks do not end the doubt");
    session.run_for(seconds(100)).await;
    assert!(session.is_live(), "{:?}", session.coverage());
    assert!(wire.count(|it| it.is_of("readyz")) <= 16, "twice a minute");
    assert_eq!(wire.count(is_list), 1);
}
