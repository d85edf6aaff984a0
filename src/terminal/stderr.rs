//! Keeps what libraries and credential plugins write to stderr off the screen: it goes to a log while we draw.

use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use super::state;

/// Where stderr went before.
static BEFORE: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Turns stderr to the log; nothing is done when it is no terminal, since then it cannot smear the screen.
pub fn hide() {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let Ok(mut before) = BEFORE.lock() else { return };
    let Some(log) = log() else { return };
    if before.is_none()
        && let Ok(held) = rustix::io::dup(rustix::stdio::stderr())
        && rustix::stdio::dup2_stderr(&log).is_ok()
    {
        *before = Some(held);
    }
}

/// Turns stderr back.
pub fn show() {
    if let Some(held) = BEFORE.lock().ok().and_then(|mut it| it.take()) {
        let _ = rustix::stdio::dup2_stderr(&held);
    }
}

/// The log, or nowhere.
fn log() -> Option<File> {
    state::log("stderr.log").or_else(|| File::options().write(true).open("/dev/null").ok())
}
