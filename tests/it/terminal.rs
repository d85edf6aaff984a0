//! The real binary in a terminal: what it takes it gives back, and it writes nothing while nothing happens.
//!
//! Files are the source where no server is needed: they never change, so every byte has a cause.

use std::time::Duration;

use crate::pty::{self, SHOP, Terminal, files, files_with};

/// The program may have gone before its last bytes are read: the shell's empty screen is what they end in.
fn assert_given_back(terminal: &Terminal) {
    terminal.wait_until("the screen of the shell", |screen| screen.trim().is_empty());
    assert!(!terminal.is_taken());
}

#[test]
fn leaving_gives_the_terminal_back_as_it_was() {
    let mut terminal = pty::kreach(&["--from", SHOP], 80, 24);
    let before = pty::open("true", &[], &[], 80, 24).settings();
    terminal.wait_for("payments");
    assert!(terminal.is_taken());
    assert_ne!(terminal.settings(), before);
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
    assert_given_back(&terminal);
    assert_eq!(terminal.settings(), before, "the settings of the line");
}

#[test]
fn p2_signals_that_end_a_program_find_the_terminal_restored() {
    let before = pty::open("true", &[], &[], 80, 24).settings();
    for (signal, code) in [
        ("TERM", 143),
        ("HUP", 129),
        ("INT", 130),
        ("QUIT", 131),
        ("ABRT", 134),
        ("ALRM", 142),
        ("USR1", 138),
        ("USR2", 140),
        ("VTALRM", 154),
        ("PROF", 155),
        ("XCPU", 152),
        ("TRAP", 133),
        ("SYS", 159),
    ] {
        let terminal = files();
        terminal.signal(signal);
        assert_eq!(terminal.wait_exit(), code, "{signal}");
        assert_given_back(&terminal);
        assert_eq!(terminal.settings(), before, "the settings of the line after {signal}");
    }
}

/// P2: a file that reaches its limit is told by the write; the signal that comes with it ends nothing.
#[test]
fn p2_a_signal_that_a_write_tells_as_well_ends_nothing() {
    let mut terminal = files();
    terminal.signal("XFSZ");
    terminal.keys("2");
    terminal.wait_for("<2Pods>");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
}

/// P2: what cannot be heard, or what the program brings upon itself, leaves the terminal to the keeper.
#[test]
fn p2_a_program_that_is_killed_leaves_the_terminal_restored() {
    let before = pty::open("true", &[], &[], 80, 24).settings();
    for signal in ["KILL", "ILL", "FPE"] {
        let terminal = files();
        terminal.wait_keeper();
        terminal.signal(signal);
        terminal.wait_exit();
        // The last that the keeper writes, after the settings.
        terminal.wait_sent(b"\x1b[?1049l");
        assert_given_back(&terminal);
        assert_eq!(terminal.settings(), before, "the settings of the line after {signal}");
    }
}

/// docs/terminal.md, hygiene: the keeper costs no wake-up, however much happens on the screen.
#[test]
fn the_keeper_sleeps_while_the_screen_works() {
    let mut terminal = files();
    let keeper = terminal.wait_keeper();
    let mut work = || {
        let before = pty::waits(&keeper);
        for (keys, shown) in [("2", "<2Pods>"), ("3", "<3Pol>"), ("1", "<1Ns>")] {
            terminal.keys(keys);
            terminal.wait_for(shown);
        }
        !before.is_empty() && before == pty::waits(&keeper)
    };
    // It may just have been told that the terminal is taken.
    assert!(work() || work());
    assert!(work() && work());
}

/// P2: memory that runs out ends the program in the middle of what it does.
#[test]
fn p2_a_program_without_memory_leaves_the_terminal_restored() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let terminal = files();
    terminal.wait_keeper();
    let id = Pid::from_raw(terminal.process_id() as i32).expect("a process");
    let none = Rlimit { current: Some(1 << 20), maximum: Some(1 << 20) };
    prlimit(Some(id), Resource::As, none).expect("a limit of our own program");
    // A frame that has no room in what it holds already.
    terminal.resize(900, 500);
    assert_ne!(terminal.wait_exit(), 0);
    terminal.wait_sent(b"\x1b[?1049l");
    assert!(!terminal.is_taken());
}

/// P5: a terminal that takes nothing keeps no signal from ending the program, within two seconds.
#[test]
fn p5_a_terminal_that_does_not_read_does_not_hold_the_end() {
    let program = pty::Unwatched::open(env!("CARGO_BIN_EXE_kreach"), &["--from", SHOP], &[("payments", "")]);
    let began = program.end("TERM");
    assert_eq!(began.code, 143);
    assert!(began.took < Duration::from_secs(2), "{:?}", began.took);
    assert!(!began.taken, "the screen is given back once somebody reads");
}

/// docs/terminal.md, hygiene: crossterm reports a split sequence as three keys; Esc would clear the filter.
#[test]
fn a_sequence_that_arrives_in_pieces_is_one_key() {
    let mut terminal = files_with(&[("ESCDELAY", "1000")]);
    terminal.keys("2");
    terminal.wait_for(">payments/ledger-0");
    terminal.bytes_apart(&[b"\x1b", b"[B"], Duration::from_millis(20));
    terminal.wait_for(">shop/db-0");
}

#[test]
fn a_new_size_is_a_new_frame() {
    let mut terminal = files();
    terminal.resize(120, 40);
    terminal.wait_for("[4] Subjects");
    terminal.resize(50, 10);
    terminal.wait_for("need 60x15, have 50x10");
    terminal.resize(80, 24);
    terminal.wait_for("payments");
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(), 0);
}

/// docs/terminal.md, colors: with NO_COLOR crossterm's colors are resets, which would wipe the reversed row.
#[test]
fn without_color_the_selected_row_is_still_reversed() {
    let terminal = files_with(&[("NO_COLOR", "1")]);
    let row = terminal.screen().lines().position(|it| it.contains(">payments")).expect("the selected row");
    let cell = terminal.cell(row as u16, 3);
    assert!(cell.inverse() && cell.fgcolor() == vt100::Color::Default, "{cell:?}");
}

#[test]
fn a_locale_without_unicode_gets_ascii() {
    let terminal = files_with(&[("LC_ALL", "C")]);
    assert!(terminal.screen().is_ascii(), "{}", terminal.screen());
}

/// CONTRACT §6: a key that changes no cell writes no byte; the frame after it is the whole difference.
#[test]
fn what_changes_no_cell_writes_nothing() {
    let mut terminal = files();
    terminal.keys("2");
    terminal.wait_for("<2Pods>");
    terminal.keys("G");
    terminal.wait_for(">tools/probe");
    let before = terminal.written();
    // The selection is at the end already: these keys change nothing; the dump's name in the last row comes after.
    terminal.keys("GGGG");
    terminal.keys("g");
    terminal.wait_for(">payments/ledger-0");
    let moved = terminal.written() - before;
    assert!(moved < 1_500, "{moved} bytes for one move");
}

#[test]
fn a_terminal_that_cannot_show_a_screen_is_told_so() {
    let terminal = pty::kreach_with(&[("TERM", "dumb")], &["--from", SHOP], 80, 24);
    terminal.wait_for("TERM=dumb cannot show a screen");
    assert_eq!(terminal.wait_exit(), 2);
}

#[test]
fn suspending_comes_back_to_the_same_screen() {
    let mut terminal = files();
    terminal.keys("2");
    terminal.wait_for("<2Pods>");
    let before = terminal.written();
    // Nobody could continue this process group, so the system ignores the stop and we come back at once.
    terminal.keys("\x1a");
    terminal.wait_until("everything drawn again", |screen| screen.contains("<2Pods>"));
    terminal.keys("j");
    terminal.wait_for(">shop/db-0");
    assert!(terminal.is_taken() && terminal.written() > before + 1_000);
}

/// What is asked before anything is listed waits for what it rests on, and is answered once that is there.
#[test]
fn a_question_that_opens_the_screen_waits_for_a_live_cluster() {
    let questions = [
        ("explain networkpolicy/payments/default-deny", "isolates"),
        ("explain svc/platform/registry", "selects pods with"),
        ("touch ns/payments", "who may touch namespace/payments"),
        ("explain shop/nobody", "pod/shop/nobody does not exist"),
        ("permissions sa:ci/runner --diff user:nobody", "only sa:ci/runner"),
        ("can me get secrets -n shop", "get secrets in shop"),
        ("map --by namespace", "namespace/monitoring"),
    ];
    for (question, answer) in questions {
        let mut terminal = pty::kreach(&["demo", "--open", question], 160, 40);
        terminal.wait_for(answer);
        terminal.keys("Q");
        assert_eq!(terminal.wait_exit(), 0);
    }
}

#[test]
fn the_demo_opens_moves_and_leaves() {
    let mut terminal = pty::kreach(&["demo", "--world", "S"], 100, 30);
    terminal.wait_for("RO");
    terminal.keys("2");
    terminal.wait_for("LIVE");
    terminal.keys("j");
    terminal.keys("y");
    terminal.wait_for("apiVersion: v1");
    terminal.keys("Q");
    assert_eq!(terminal.wait_exit(), 0);
    assert_given_back(&terminal);
}
