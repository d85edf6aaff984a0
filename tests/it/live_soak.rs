//! L1: a session among random faults, for as long as one likes: it neither grows nor leaks, and ends in what the server
//! has.
//!
//! ```text
//! cargo test --test it l1_                                a minute
//! KREACH_SOAK_SECONDS=600 cargo test --test it l1_        ten minutes
//! ```
//!
//! The clock is paused, so that a minute is many hours of a session. It runs in a process of its own: what a process
//! holds is no matter of one test among others.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::live_world::{Session, Sound, bookmark, list};
use crate::seeded::Random;
use crate::wire::{Asked, Cut, Play, Wire, status_object};

/// Set for the process that does it.
const CHILD: &str = "KREACH_SOAK_CHILD";
/// How long, by a clock that goes.
const SECONDS: &str = "KREACH_SOAK_SECONDS";
/// What a session may grow by in an hour, and what is no more than how a process counts its memory.
const SLOPE: u64 = 1 << 20;
const NOISE: u64 = 6 << 20;

#[test]
fn l1_a_session_among_random_faults_neither_grows_nor_leaks() {
    let itself = std::env::current_exe().expect("this program");
    let ran = Command::new(itself).args(["--exact", "live_soak::l1_child", "--nocapture"]).env(CHILD, "1").output();
    let ran = ran.expect("it runs");
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(ran.status.success(), "{said}");
    said.lines().filter(|it| it.contains("rounds of")).for_each(|it| println!("{it}"));
}

/// What the test above runs in a process of its own.
#[test]
fn l1_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let seconds = std::env::var(SECONDS).ok().and_then(|it| it.parse().ok()).unwrap_or(60);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(soak(Duration::from_secs(seconds)));
}

async fn soak(limit: Duration) {
    let server = Sound { page: 3, ..Sound::new(7, &["a", "b", "c", "d", "e"]) }.shared();
    let chaos = Arc::new(Mutex::new(Some(Random::new(1))));
    let (state, dice) = (server.clone(), chaos.clone());
    let wire = Wire::new(move |asked| {
        let (mut state, mut dice) = (state.lock().expect("no panic"), dice.lock().expect("no panic"));
        match dice.as_mut() {
            Some(random) if asked.is_of("pods") => chance(&mut state, asked, random),
            _ => state.answer(asked),
        }
    });
    let mut session = Session::of_pods(wire.client());
    let (began, mut warm, mut rounds, mut asked) = (Instant::now(), None, 0_u64, (0, 0));
    while began.elapsed() < limit {
        rounds += 1;
        *chaos.lock().expect("no panic") = Some(Random::new(rounds));
        session.run_for(Duration::from_secs(1000)).await;
        let pods: Vec<u64> = wire.asked().iter().filter(|it| it.is_of("pods")).map(|it| it.at.as_secs()).collect();
        asked = (asked.0 + pods.len(), pods.chunk_by(|a, b| a == b).map(<[u64]>::len).fold(asked.1, usize::max));
        *chaos.lock().expect("no panic") = None;
        // A refusal is believed for a minute, an endless list for ten: as long as any of it may last.
        session.run_for(Duration::from_secs(800)).await;
        let state = session.coverage().clone();
        assert!(session.is_live() && session.holds(&server), "round {rounds}: {state:?} {:?}", session.said.last());
        session.forget();
        wire.forget();
        // What the server remembers is no memory of the session's.
        server.lock().expect("no panic").compact();
        if warm.is_none() && began.elapsed() * 4 > limit {
            warm = Some((rounds, held()));
        }
    }
    let (first, before) = warm.expect("a round");
    let (now, hours) = (held(), (rounds - first) / 2);
    let (average, most) = (asked.0 as f64 / (1000 * rounds) as f64, asked.1);
    println!(
        "{rounds} rounds of half an hour; among faults {average:.2} requests a second and kind, {most} in one; \
         memory {} to {} KiB; files {} to {}",
        before.0 >> 10,
        now.0 >> 10,
        before.1,
        now.1
    );
    assert!(now.0 <= before.0 + SLOPE * hours + NOISE, "{before:?} to {now:?} in {hours} hours");
    assert_eq!(now.1, before.1, "open files");
}

/// The memory of this process and its open files; nothing where the system does not say.
fn held() -> (u64, usize) {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = pages.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    (pages * 4096, std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count))
}

/// What a bad server, or what stands before it, makes of a request.
fn chance(server: &mut Sound, asked: &Asked, random: &mut Random) -> Play {
    if asked.param("continue").is_none() {
        let name = *random.pick(&["a", "b", "c", "d", "e", "f"]);
        match random.below(3) {
            0 => server.delete(name),
            1 => {
                let phase = *random.pick(&["Pending", "Running"]);
                server.put(name, &format!("uid-{name}"), phase);
            }
            _ => {}
        }
    }
    let sound = server.answer(asked);
    match random.below(24) {
        0 => Play::silence(),
        1 => Play::status(503, "ServiceUnavailable", "later"),
        2 => Play::answer(429, "Retry-After: 2\r\n", &status_object(429, "TooManyRequests", "slowly").to_string()),
        3 => Play::status(410, "Expired", "too old resource version"),
        4 => Play::status(504, "Timeout", "Too large resource version: 9, current: 5"),
        5 => Play::status(401, "Unauthorized", "Unauthorized"),
        6 => Play::status(403, "Forbidden", "not yet"),
        7 => Play::answer(404, "", "<html>404</html>"),
        8 => Play::json(200, "{}"),
        9 => {
            let first: Vec<_> = server.objects.values().take(1).cloned().collect();
            Play::json(200, &list(server.version, "again", &first))
        }
        10 => Play::head().event("RENAMED", &json!(null)).end(),
        11 => (0..20).fold(Play::head(), |play, _| play.wait(Duration::from_secs(9)).bytes(b"\n")).hold(),
        // Whatever happens, no server says that it has told what it has not.
        12 if asked.is_watch() => {
            let since = asked.param("resourceVersion").and_then(|it| it.parse().ok()).unwrap_or(0);
            Play::head().event("BOOKMARK", &bookmark(since, false)).reset()
        }
        13 | 14 => {
            let at = random.below(sound.len().max(1));
            sound.cut(at, *random.pick(&[Cut::Reset, Cut::Close]))
        }
        _ => sound,
    }
}
