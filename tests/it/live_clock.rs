//! A session whose machine has slept (T1, T2), or whose loop stands still (P5).
//!
//! The clock of a machine that sleeps stands still, its connections are dead, and no side says so.

use std::time::Duration;

use kreach::model::coverage::Coverage;
use kreach::model::id::Kind;

use crate::live_world::{Session, Sound, pod};
use crate::wire::{Asked, Play, Wire};

fn seconds(it: u64) -> Duration {
    Duration::from_secs(it)
}

fn is_list(asked: &Asked) -> bool {
    asked.is_of("pods") && !asked.is_watch()
}

fn is_watch(asked: &Asked) -> bool {
    asked.is_of("pods") && asked.is_watch() && !asked.is_streaming_list()
}

/// What is live is as of before at once, each watch is opened anew and tells what happened meanwhile; nothing is listed.
#[tokio::test(start_paused = true)]
async fn t2_after_a_sleep_each_watch_is_opened_anew_at_once() {
    let server = Sound::new(7, &["a"]).shared();
    let state = server.clone();
    // The first watch is one whose connection dies in the sleep: nothing comes any more.
    let wire = Wire::new(move |asked| match is_watch(asked) && asked.nth == 0 {
        true => Play::head().hold(),
        false => state.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    session.run_for(seconds(30)).await;
    server.lock().expect("no panic").put("b", "uid-b", "Running");
    let lists = wire.count(is_list);
    session.control.woke();
    session.until("as of before", |it| matches!(it.coverage(), Coverage::Stale { .. })).await;
    session.run_for(seconds(2)).await;
    assert!(session.is_live() && session.holds(&server), "{:?}", session.coverage());
    assert_eq!((wire.count(is_list), wire.count(is_watch)), (lists, 2));
}

/// A server that is out of reach after the sleep leaves things as of before, for as long as it is.
#[tokio::test(start_paused = true)]
async fn t2_a_server_that_is_gone_after_a_sleep_is_never_live() {
    let server = Sound::new(7, &["a"]).shared();
    let state = server.clone();
    let wire = Wire::new(move |asked| match asked.at >= seconds(30) && asked.at < seconds(300) {
        true => Play::silence(),
        false if is_watch(asked) => Play::head().hold(),
        false => state.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of_pods(wire.client());
    session.run_for(seconds(31)).await;
    assert!(session.is_live());
    session.control.woke();
    session.run_for(seconds(1)).await;
    for _ in 0..250 {
        assert!(matches!(session.coverage(), Coverage::Stale { .. }), "{:?}", session.coverage());
        session.run_for(seconds(1)).await;
    }
    session.until("live again", Session::is_live).await;
}

/// A sleep while a first list comes in begins it again; one that is asked for in pages goes on.
#[tokio::test(start_paused = true)]
async fn t2_a_sleep_in_the_middle_of_a_list_loses_nothing() {
    for streams in [true, false] {
        let server = Sound { page: 1, streams, ..Sound::new(7, &["a", "b", "c"]) }.shared();
        let state = server.clone();
        let wire = Wire::new(move |asked| {
            let sound = state.lock().expect("no panic").answer(asked);
            let begins = asked.is_of("pods") && asked.nth == 1 - usize::from(streams);
            // Its connection dies in the sleep.
            if begins { Play::silence() } else { sound }
        });
        let mut session = Session::of_pods(wire.client());
        session.run_for(seconds(2)).await;
        assert!(!session.is_live());
        session.control.woke();
        session.run_for(seconds(3)).await;
        assert!(session.is_live() && session.holds(&server), "{:?}", session.coverage());
    }
}

/// A clock that is set again and again is no reason to ask more than once a second.
#[tokio::test(start_paused = true)]
async fn t1_a_clock_that_never_rests_asks_once_a_second() {
    let server = Sound::new(7, &["a"]).shared();
    let state = server.clone();
    let wire = Wire::new(move |asked| state.lock().expect("no panic").answer(asked));
    let mut session = Session::of(wire.client(), &[Kind::POD], &[]);
    session.until("live", Session::is_live).await;
    wire.forget();
    for _ in 0..200 {
        session.control.woke();
        session.run_for(Duration::from_millis(100)).await;
    }
    let asked = wire.count(|it| it.is_of("pods"));
    assert!((15..=21).contains(&asked), "{asked} in 20 seconds");
}

/// P5: a loop that waits for its terminal takes nothing in; watches are read all the same, and the last word waits.
#[tokio::test(start_paused = true)]
async fn p5_watches_are_read_while_nobody_takes_anything_in() {
    const EVENTS: u64 = 30_000;
    let server = Sound::new(7, &["a"]).shared();
    let state = server.clone();
    let wire = Wire::new(move |asked| match is_watch(asked) && asked.nth == 0 {
        true => {
            let event = |play: Play, at: u64| play.event("MODIFIED", &pod("a", 7 + at));
            (1..=EVENTS).fold(Play::head(), event).end()
        }
        false => state.lock().expect("no panic").answer(asked),
    });
    let mut session = Session::of_pods(wire.client());
    session.until("live", Session::is_live).await;
    // Nothing is taken from here on: what is sent is more than any buffer between both ends holds.
    let read = tokio::time::timeout(seconds(600), async {
        while wire.count(|it| is_watch(it) && it.param("resourceVersion") == Some("30007")) == 0 {
            tokio::time::sleep(seconds(1)).await;
        }
    });
    assert!(read.await.is_ok(), "the next watch begins after all of it");
    session.run_for(seconds(2)).await;
    let held: Vec<u64> =
        session.cluster.pods.iter().filter_map(|it| session.cluster.version(&it.pod_id().object())).collect();
    assert_eq!(held, [7 + EVENTS]);
}
