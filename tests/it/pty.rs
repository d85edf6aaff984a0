//! A program in a terminal that we can read: the real binary, keys in, a screen out.
//!
//! ```text
//! let mut terminal = pty::kreach(&["demo"], 80, 24);
//! terminal.wait_for("[2] Pods");
//! terminal.keys("q");
//! assert_eq!(terminal.wait_exit(), 0);
//! ```
//!
//! What is waited for wakes the waiter; nothing sleeps. A wait that is not met in [`PATIENCE`] fails and shows the screen.

#![allow(dead_code, reason = "it offers what a terminal offers, and the tests use what they need")]

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use portable_pty::{Child, ChildKiller, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};

/// Far longer than anything here takes, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program in its terminal; it is killed when this is dropped.
pub struct Terminal {
    shared: Arc<Shared>,
    master: Box<dyn MasterPty + Send>,
    // Held open, so that the terminal's settings can still be read when the program has gone.
    _slave: Box<dyn SlavePty + Send>,
    writer: Box<dyn Write + Send>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    id: u32,
    /// The path of the end that programs write to.
    name: PathBuf,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    /// Every byte that was written.
    sent: Vec<u8>,
    exit: Option<u32>,
}

/// The kreach of this build.
pub fn kreach(arguments: &[&str], columns: u16, rows: u16) -> Terminal {
    kreach_with(&[], arguments, columns, rows)
}

/// The kreach of this build, with these changes to its environment.
pub fn kreach_with(environment: &[(&str, &str)], arguments: &[&str], columns: u16, rows: u16) -> Terminal {
    open(env!("CARGO_BIN_EXE_kreach"), arguments, environment, columns, rows)
}

/// The files that sessions without a server show.
pub const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/screens/shop.yaml");

/// A session on [`SHOP`] that shows its first screen.
pub fn files() -> Terminal {
    files_with(&[])
}

/// The same, with these changes to its environment.
pub fn files_with(environment: &[(&str, &str)]) -> Terminal {
    let terminal = kreach_with(environment, &["--from", SHOP], 80, 24);
    terminal.wait_for("payments");
    terminal
}

/// Any program, with these changes to its environment.
pub fn open(program: &str, arguments: &[&str], environment: &[(&str, &str)], columns: u16, rows: u16) -> Terminal {
    let pair = native_pty_system().openpty(size(columns, rows)).expect("a terminal");
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    // What the tests themselves run in is not what is tested.
    for name in ["TMUX", "SSH_TTY", "SSH_CONNECTION", "SSH_CLIENT", "DISPLAY", "WAYLAND_DISPLAY", "NO_COLOR", "LC_ALL"]
    {
        command.env_remove(name);
    }
    for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")].iter().chain(environment) {
        command.env(name, value);
    }
    let mut child = pair.slave.spawn_command(command).expect("the program starts");
    let (killer, id) = (child.clone_killer(), child.process_id().expect("a process id"));
    let parser = vt100::Parser::new(at_least_one(rows), at_least_one(columns), 0);
    let state = Mutex::new(State { parser, sent: Vec::new(), exit: None });
    let shared = Arc::new(Shared { state, changed: Condvar::new() });

    let (reader, seen) = (pair.master.try_clone_reader().expect("a reader"), Arc::clone(&shared));
    std::thread::spawn(move || read(reader, &seen));
    let ended = Arc::clone(&shared);
    std::thread::spawn(move || {
        let exit = child.wait().expect("the program can be waited for").exit_code();
        ended.change(|it| it.exit = Some(exit));
    });
    let writer = pair.master.take_writer().expect("a writer");
    let name = pair.master.tty_name().expect("a terminal has a name");
    Terminal { shared, master: pair.master, _slave: pair.slave, writer, killer, id, name }
}

fn read(mut reader: impl Read, shared: &Shared) {
    let mut buffer = [0; 65_536];
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        shared.change(|it| {
            it.parser.process(&buffer[..count]);
            it.sent.extend_from_slice(&buffer[..count]);
        });
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under the lock")
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

impl Terminal {
    /// Types; a key that is no character is its escape sequence.
    pub fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush()).expect("the terminal takes keys");
    }

    /// Types bytes with a gap between the pieces, as a slow line delivers them: here the time itself is what is tested.
    pub fn bytes_apart(&mut self, pieces: &[&[u8]], gap: Duration) {
        for (at, piece) in pieces.iter().enumerate() {
            if at > 0 {
                std::thread::sleep(gap);
            }
            self.writer.write_all(piece).and_then(|()| self.writer.flush()).expect("the terminal takes bytes");
        }
    }

    /// Waits until the program has its keeper; gives the number of its process.
    pub fn wait_keeper(&self) -> String {
        wait_for_keeper(self.id)
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id.to_string()]).status().expect("kill runs");
        assert!(sent.success(), "could not send {name}");
    }

    /// The cell in this row and column, from 0: its text, colors and attributes.
    pub fn cell(&self, row: u16, column: u16) -> vt100::Cell {
        self.shared.lock().parser.screen().cell(row, column).expect("a cell of the screen").clone()
    }

    /// The screen as lines of text.
    pub fn screen(&self) -> String {
        self.shared.lock().parser.screen().contents()
    }

    /// Waits until the screen shows these words, and returns the screen.
    pub fn wait_for(&self, words: &str) -> String {
        self.wait_until(&format!("the words {words:?}"), |it| it.contains(words))
    }

    /// Waits until the screen is as wanted, and returns it.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let unmet = |it: &mut State| !wanted(&it.parser.screen().contents());
        let (state, waited) = self.wait_while(unmet);
        let screen = state.parser.screen().contents();
        assert!(!waited.timed_out(), "waited for {what}; exit {:?}; the screen:\n{screen}", state.exit);
        screen
    }

    /// Waits for the program's end and returns its exit code.
    pub fn wait_exit(&self) -> u32 {
        let (state, _) = self.wait_while(|it| it.exit.is_none());
        let screen = state.parser.screen().contents();
        state.exit.unwrap_or_else(|| panic!("waited for the end; the screen:\n{screen}"))
    }

    /// How many bytes the program has written to the terminal.
    pub fn written(&self) -> usize {
        self.shared.lock().sent.len()
    }

    /// Whether these bytes were ever written.
    pub fn has_sent(&self, bytes: &[u8]) -> bool {
        holds(&self.shared.lock().sent, bytes)
    }

    /// All that was written by a program that has ended.
    ///
    /// Its last bytes may come after its end: they are followed by a mark of our own.
    pub fn sent_at_end(&self) -> Vec<u8> {
        const MARK: &[u8] = b"<the end>";
        self.wait_exit();
        let before = self.written();
        let mut slave = File::options().write(true).open(&self.name).expect("the terminal's own end");
        slave.write_all(MARK).expect("a terminal takes bytes");
        self.wait_written(before.saturating_sub(MARK.len()), MARK);
        let sent = self.shared.lock().sent.clone();
        sent[..sent.len() - MARK.len()].to_vec()
    }

    /// Waits until these bytes have been written.
    pub fn wait_sent(&self, bytes: &[u8]) {
        self.wait_written(0, bytes);
    }

    /// Waits until these bytes have been written after the first `before`.
    pub fn wait_written(&self, before: usize, bytes: &[u8]) {
        let (state, waited) = self.wait_while(|it| !holds(&it.sent[before..], bytes));
        let screen = state.parser.screen().contents();
        assert!(!waited.timed_out(), "waited for {}; the screen:\n{screen}", bytes.escape_ascii());
    }

    /// Whether the program asks for the mouse.
    pub fn has_mouse(&self) -> bool {
        self.shared.lock().parser.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    /// Whether the program is on the alternate screen, or hides the cursor, or asks for the mouse.
    pub fn is_taken(&self) -> bool {
        let state = self.shared.lock();
        let screen = state.parser.screen();
        let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
        screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste() || mouse
    }

    /// The terminal's settings (raw mode, echo, …), to compare before and after.
    pub fn settings(&self) -> String {
        format!("{:?}", self.master.get_termios().expect("a terminal has settings"))
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.shared.change(|it| it.parser.screen_mut().set_size(at_least_one(rows), at_least_one(columns)));
        self.master.resize(size(columns, rows)).expect("the terminal takes a size");
    }

    pub fn process_id(&self) -> u32 {
        self.id
    }

    fn wait_while(
        &self,
        unmet: impl FnMut(&mut State) -> bool,
    ) -> (MutexGuard<'_, State>, std::sync::WaitTimeoutResult) {
        self.shared
            .changed
            .wait_timeout_while(self.shared.lock(), PATIENCE, unmet)
            .expect("nothing panics under the lock")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.killer.kill();
    }
}

/// How a program ended whose terminal did not read.
pub struct Unread {
    pub code: u32,
    pub took: Duration,
    /// Whether it still had the terminal when all was read at last.
    pub taken: bool,
}

/// A program whose terminal nobody reads any more: it waits for it.
pub struct Unwatched {
    id: u32,
    child: Box<dyn Child + Send + Sync>,
    reader: Box<dyn Read + Send>,
    parser: vt100::Parser,
    /// Held open while the program runs.
    slave: Option<Box<dyn SlavePty + Send>>,
    // Both would tell the program of their end.
    _master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
}

impl Unwatched {
    /// Runs a program until its screen has shown these words one after another, typing what belongs to each, and then
    /// has it draw until its terminal, which is no longer read, is full.
    pub fn open(program: &str, arguments: &[&str], steps: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(200, 60)).expect("a terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let id = child.process_id().expect("a process id");
        let reader = pair.master.try_clone_reader().expect("a reader");
        let parser = vt100::Parser::new(at_least_one(60), at_least_one(200), 0);
        let writer = pair.master.take_writer().expect("a writer");
        let (slave, _master) = (Some(pair.slave), pair.master);
        let mut it = Self { id, child, reader, parser, slave, _master, writer };
        for (words, keys) in steps {
            it.read_until(|screen| screen.contents().contains(words));
            it.writer.write_all(keys.as_bytes()).and_then(|()| it.writer.flush()).expect("the terminal takes keys");
        }
        wait_for_keeper(id);
        // Each makes it draw everything again; it waits for the terminal once that is full.
        let until = std::time::Instant::now() + PATIENCE;
        while !is_stuck(id) {
            assert!(std::time::Instant::now() < until, "its terminal takes everything");
            send(id, "CONT");
        }
        it
    }

    pub fn process_id(&self) -> u32 {
        self.id
    }

    /// Reads what it writes until its screen is as wanted, or it has ended.
    pub fn read_until(&mut self, wanted: impl Fn(&vt100::Screen) -> bool) {
        let mut buffer = [0; 65_536];
        while !wanted(self.parser.screen()) {
            match self.reader.read(&mut buffer) {
                Ok(count @ 1..) => self.parser.process(&buffer[..count]),
                _ => return,
            }
        }
    }

    /// Sends it a signal, and reads on once it has ended.
    pub fn end(mut self, signal: &str) -> Unread {
        let began = std::time::Instant::now();
        send(self.id, signal);
        let code = self.child.wait().expect("it can be waited for").exit_code();
        let took = began.elapsed();
        self.slave = None;
        self.read_until(|it| !it.alternate_screen() && !it.hide_cursor());
        let screen = self.parser.screen();
        Unread { code, took, taken: screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste() }
    }
}

fn send(id: u32, signal: &str) {
    // It may have ended by itself.
    let _ = Command::new("kill").args([format!("-{signal}"), id.to_string()]).status().expect("kill runs");
}

/// Whether a program waits in a write to its terminal, as Linux tells it.
fn is_stuck(id: u32) -> bool {
    // `1 0x1 …`: the number of the call, which is one of two for `write`, and the output that it goes to.
    let call = std::fs::read_to_string(format!("/proc/{id}/syscall")).unwrap_or_default();
    call.starts_with("1 0x1 ") || call.starts_with("64 0x1 ")
}

/// How often a process has waited for something, as Linux counts it.
pub fn waits(id: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.lines().find(|it| it.starts_with("voluntary_ctxt_switches")).unwrap_or_default().to_owned()
}

/// Waits until a program has its keeper: a child of it, in a session of its own by now; gives its number.
fn wait_for_keeper(id: u32) -> String {
    let is_keeper = |entry: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let told: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let (parent, session): (u32, &str) = (told.get(1)?.parse().ok()?, told.get(3)?);
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let is_apart = entry.file_name().to_str() == Some(session);
        (parent == id && is_apart && holds(&line, b"__keep")).then(|| session.to_owned())
    };
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let keeper = std::fs::read_dir("/proc").expect("processes are listed").flatten().find_map(is_keeper);
        if let Some(keeper) = keeper {
            return keeper;
        }
        assert!(std::time::Instant::now() < until, "it has no keeper");
        std::thread::yield_now();
    }
}

fn holds(all: &[u8], bytes: &[u8]) -> bool {
    all.windows(bytes.len()).any(|it| it == bytes)
}

/// Runs a program until its screen shows these words, takes its terminal away without a signal, and waits for its end.
pub fn hang_up_without_signal(program: &str, arguments: &[&str], words: &str) -> u32 {
    let pair = native_pty_system().openpty(size(80, 24)).expect("a terminal");
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env("TERM", "xterm-256color");
    // It is not the session's own terminal, so nobody is told by SIGHUP that it goes.
    command.set_controlling_tty(false);
    let mut child = pair.slave.spawn_command(command).expect("the program starts");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let (mut parser, mut buffer) = (vt100::Parser::default(), [0; 65_536]);
    while !parser.screen().contents().contains(words) {
        let count = reader.read(&mut buffer).expect("the program has not ended");
        parser.process(&buffer[..count]);
    }
    drop((reader, pair.master));
    let (told, ended) = std::sync::mpsc::channel();
    let mut killer = child.clone_killer();
    std::thread::spawn(move || told.send(child.wait()));
    let Ok(status) = ended.recv_timeout(PATIENCE) else {
        let _ = killer.kill();
        panic!("it goes on without a terminal");
    };
    status.expect("it can be waited for").exit_code()
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn at_least_one(it: u16) -> NonZeroU16 {
    NonZeroU16::new(it).unwrap_or(NonZeroU16::MIN)
}

#[test]
fn a_program_reads_keys_and_its_screen_and_end_are_seen() {
    let script =
        "read go; printf '\\033[?1049h\\033[Halternate '; stty -echo; read word; printf 'got %s' \"$word\"; exit 3";
    let mut terminal = open("sh", &["-c", script], &[], 40, 5);
    let before = terminal.settings();
    assert!(!terminal.is_taken());
    terminal.keys("\n");
    assert!(terminal.wait_for("alternate").starts_with("alternate"));
    assert!(terminal.is_taken() && terminal.process_id() > 0);
    assert_eq!(terminal.cell(0, 0).contents(), "a");
    terminal.bytes_apart(&[b"ke", b"ys\n"], Duration::from_millis(1));
    terminal.resize(30, 4);
    assert!(terminal.wait_for("got keys").contains("got keys"));
    assert_eq!(terminal.wait_exit(), 3);
    assert_ne!(terminal.settings(), before, "stty changed a setting");
    assert!(terminal.screen().contains("got keys") && terminal.written() > 10);
}

#[test]
fn kreach_prints_its_help_and_leaves_the_terminal_as_it_was() {
    let terminal = kreach(&["--help"], 80, 24);
    assert_eq!(terminal.wait_exit(), 0);
    assert!(!terminal.is_taken());
}

#[test]
fn a_signal_ends_a_program() {
    let terminal =
        open("sh", &["-c", "trap 'exit 7' TERM; echo ready; while :; do read word; done"], &[("WORD", "x")], 40, 5);
    terminal.wait_for("ready");
    terminal.signal("TERM");
    assert_eq!(terminal.wait_exit(), 7);
}
