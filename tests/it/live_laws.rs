//! The law of the store: whatever the server sends twice, late, half or not at all, in the end we hold what it holds.
//!
//! Rows E1 (duplicates), E2 and M9 (older versions late), E3 (the same name, another uid), E4 (deletions that nobody
//! told), G1 (history too old), N8 (cuts), mixed at random from a seed that a failure names.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::live_world::{Session, Sound};
use crate::seeded::Random;
use crate::wire::{Asked, Cut, Play, Wire};

/// Changes something on the server.
fn happen(server: &mut Sound, random: &mut Random) {
    let name = *random.pick(&["a", "b", "c", "d"]);
    let uid = format!("uid-{name}-{}", server.version);
    let phase = *random.pick(&["Pending", "Running", "Failed"]);
    match random.below(6) {
        0 => server.delete(name),
        1 => {
            // Deleted and created again: the same name, another object.
            server.delete(name);
            server.put(name, &uid, phase);
        }
        2 if random.below(4) == 0 => server.compact(),
        _ => {
            let held = server.objects.get(name).and_then(|it| it["metadata"]["uid"].as_str().map(str::to_owned));
            server.put(name, &held.unwrap_or(uid), phase);
        }
    }
}

/// A watch of a server that is not sound: events come twice, old ones again, and the stream may be cut.
fn unsound(server: &Sound, asked: &Asked, random: &mut Random) -> Play {
    let since: u64 = asked.param("resourceVersion").and_then(|it| it.parse().ok()).unwrap_or(0);
    if since < server.compacted {
        return server.answer(asked);
    }
    let news: Vec<_> = server.history.iter().filter(|(version, _, _)| *version > since).collect();
    let mut play = Play::head();
    for (at, (_, kind, object)) in news.iter().enumerate() {
        play = play.event(kind, object);
        if random.below(3) == 0 {
            // Again an earlier one of this stream, of the same object, that is no deletion.
            let name = &object["metadata"]["name"];
            let uid = &object["metadata"]["uid"];
            let late =
                news[..=at].iter().find(|it| it.2["metadata"]["name"] == *name && it.2["metadata"]["uid"] == *uid);
            if let Some((_, late_kind, late)) = late.filter(|it| it.1 != "DELETED" && *kind != "DELETED") {
                play = play.event(late_kind, late);
            }
        }
    }
    let play = play.end();
    match random.below(4) {
        0 => {
            let count = random.below(play.len());
            play.cut(count, *random.pick(&[Cut::Reset, Cut::Close]))
        }
        _ => play,
    }
}

#[tokio::test(start_paused = true)]
async fn in_the_end_we_hold_what_the_server_holds() {
    let server = Sound { page: 2, ..Sound::new(7, &["a", "b", "c"]) }.shared();
    let chaos = Arc::new(Mutex::new(Some(Random::new(0))));
    let (state, dice) = (server.clone(), chaos.clone());
    let wire = Wire::new(move |asked| {
        let mut state = state.lock().expect("no panic");
        let mut dice = dice.lock().expect("no panic");
        let Some(random) = dice.as_mut() else { return state.answer(asked) };
        // The pages of one list are of one moment, also where something else is asked for between them.
        if asked.is_of("pods") && asked.param("continue").is_none() {
            (0..random.below(4)).for_each(|_| happen(&mut state, random));
        }
        match (asked.is_of("pods"), asked.is_watch() && !asked.is_streaming_list()) {
            (true, true) => unsound(&state, asked, random),
            (true, false) if random.below(8) == 0 => Play::status(503, "ServiceUnavailable", "later"),
            (true, false) if random.below(8) == 0 && asked.param("continue").is_some() => {
                Play::status(410, "Expired", "the continue parameter is too old")
            }
            _ => state.answer(asked),
        }
    });
    let client = wire.client();
    for seed in 0..25 {
        *chaos.lock().expect("no panic") = Some(Random::new(seed));
        let mut session = Session::of_pods(client.clone());
        session.run_for(Duration::from_secs(60)).await;
        *chaos.lock().expect("no panic") = None;
        // Within a wait of half a minute and the end of an open watch, what holds is what is.
        session.run_for(Duration::from_secs(100)).await;
        assert!(
            session.holds(&server) && session.is_live(),
            "seed {seed}: {:?} {:?}",
            session.coverage(),
            session.said.last()
        );
        if seed % 10 == 0 {
            session.control.resync();
            session.run_for(Duration::from_secs(2)).await;
            assert!(session.holds(&server), "seed {seed}, read again");
        }
    }
}
