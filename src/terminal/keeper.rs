//! Gives the terminal back where the program itself no longer can: killed, aborted, out of memory, or waiting for a
//! terminal that takes nothing.
//!
//! ```text
//! kreach ──pipe: taken, left──► kreach __keep, in a session of its own ──► the terminal, when the pipe closes
//! ```
//!
//! The keeper waits for the pipe and for nothing else: it costs no wake-up. What it gives back is what the terminal
//! was before it was taken; one that somebody else has set up since keeps its settings.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rustix::termios::{
    Action, ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, QueueSelector, SpecialCodeIndex,
    Termios, tcflow, tcflush, tcgetattr, tcsetattr,
};

use super::guard;

/// The first argument with which this program becomes a keeper.
pub const KEEP: &str = "__keep";

/// The keeper's pipe; its end tells that the program has ended.
static PIPE: Mutex<Option<ChildStdin>> = Mutex::new(None);
/// The terminal's settings before it was first taken.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

const TAKEN: u8 = b't';
const LEFT: u8 = b'l';
/// How long the keeper waits for a terminal that takes nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Remembers what the terminal is like, before it is taken for the first time.
pub(super) fn look() {
    if let Ok(mut before) = BEFORE.lock() {
        *before = before.take().or_else(|| tcgetattr(io::stdout()).ok());
    }
}

/// Starts the keeper: this program once more.
///
/// Without one the terminal is still given back wherever the program can do it itself.
pub fn start(program: &Path) {
    let before = BEFORE.lock().ok().and_then(|it| it.clone());
    let Some(before) = before else { return };
    let started =
        Command::new(program).arg(KEEP).args(written(&before)).stdin(Stdio::piped()).stderr(Stdio::null()).spawn();
    if let (Ok(child), Ok(mut pipe)) = (started, PIPE.lock()) {
        *pipe = child.stdin;
    }
    // It may have been left meanwhile: this is asked after the pipe is there for `tell`.
    tell(guard::is_taken());
}

/// Tells the keeper whose the terminal is.
pub(super) fn tell(taken: bool) {
    if let Some(pipe) = PIPE.lock().ok().as_deref_mut().and_then(Option::as_mut) {
        // A keeper that is gone keeps nothing.
        let _ = pipe.write_all(&[if taken { TAKEN } else { LEFT }]);
    }
}

/// Throws away what a terminal has not taken, so that somebody else may write to it.
pub(super) fn unblock() {
    let out = io::stdout();
    // What is no terminal any more is not blocked either.
    let _ = tcflush(&out, QueueSelector::OFlush);
    let _ = tcflow(&out, Action::OOn);
}

/// The keeper itself: waits for the program's end, and gives the terminal back if it was not.
pub fn keep(settings: &[OsString]) -> ExitCode {
    // Neither the shell's signals nor its job control are meant for it.
    let _ = rustix::process::setsid();
    let mut told = Vec::new();
    // Whatever ends the pipe, the program has ended.
    let _ = io::stdin().read_to_end(&mut told);
    // One that was told nothing yet was started because the terminal was taken.
    if told.last() != Some(&LEFT) {
        give_back(settings);
    }
    ExitCode::SUCCESS
}

fn give_back(settings: &[OsString]) {
    let out = io::stdout();
    if let (Ok(now), Some(before)) = (tcgetattr(&out), read(settings))
        && is_raw(&now)
    {
        let _ = tcsetattr(&out, OptionalActions::Now, &before.over(now));
    }
    unblock();
    let (told, written) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut out = io::stdout().lock();
        let _ = out.write_all(&guard::farewell()).and_then(|()| out.flush());
        let _ = told.send(());
    });
    let _ = written.recv_timeout(PATIENCE);
}

/// As the program leaves it; a shell that reads a line leaves signals to their keys.
fn is_raw(it: &Termios) -> bool {
    !it.local_modes.intersects(LocalModes::ICANON | LocalModes::ISIG) && !it.output_modes.contains(OutputModes::OPOST)
}

/// What raw mode changes.
struct TerminalModes([u32; 6]);

impl TerminalModes {
    fn over(&self, now: Termios) -> Termios {
        let TerminalModes([input, output, control, local, least, time]) = *self;
        let mut before = now;
        before.input_modes = InputModes::from_bits_retain(input);
        before.output_modes = OutputModes::from_bits_retain(output);
        before.control_modes = ControlModes::from_bits_retain(control);
        before.local_modes = LocalModes::from_bits_retain(local);
        before.special_codes[SpecialCodeIndex::VMIN] = least as u8;
        before.special_codes[SpecialCodeIndex::VTIME] = time as u8;
        before
    }
}

fn written(it: &Termios) -> [String; 6] {
    let code = |at| u64::from(it.special_codes[at]);
    [
        it.input_modes.bits().into(),
        it.output_modes.bits().into(),
        it.control_modes.bits().into(),
        it.local_modes.bits().into(),
        code(SpecialCodeIndex::VMIN),
        code(SpecialCodeIndex::VTIME),
    ]
    .map(|it: u64| it.to_string())
}

fn read(settings: &[OsString]) -> Option<TerminalModes> {
    let numbers: Option<Vec<u32>> = settings.iter().map(|it| it.to_str()?.parse().ok()).collect();
    numbers?.try_into().ok().map(TerminalModes)
}
