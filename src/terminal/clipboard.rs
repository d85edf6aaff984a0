//! The operator's clipboard, wherever the terminal is.
//!
//! Inside tmux neither plain nor wrapped OSC 52 gets through by default; `tmux load-buffer -w -` does
//! (docs/terminal.md, clipboard). Over SSH OSC 52 reaches the terminal at the other end. Locally a program of the desktop is
//! asked first. OSC 52 has no answer, so the words say what was tried and nothing more.

use std::env;
use std::io::{self, Write};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{look, state};
use crate::ask::{Fault, FaultKind};

/// More base64 than this is refused by some terminals; longer text goes to a file.
const LONGEST: usize = 74_994;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Puts text on the clipboard and says what was tried.
///
/// # Errors
/// Neither the terminal nor a file took it.
pub async fn copy(text: &str) -> Result<String, Fault> {
    let lines = text.lines().count();
    let what = if lines > 1 { format!("{lines} lines") } else { crate::model::untrusted::show(text).into_owned() };
    if env::var_os("TMUX").is_some() && run("tmux", &["load-buffer", "-w", "-"], text).await {
        return Ok(format!("copied {what} (tmux buffer, and the terminal's clipboard)"));
    }
    if !look::is_remote() && env::var_os("TMUX").is_none() {
        for (program, arguments) in desktop() {
            if run(program, arguments, text).await {
                return Ok(format!("copied {what} ({program})"));
            }
        }
    }
    escape(text, &what)
}

/// The programs of a desktop that is there.
fn desktop() -> Vec<(&'static str, &'static [&'static str])> {
    let mut programs: Vec<(&str, &[&str])> = Vec::new();
    if env::var_os("WAYLAND_DISPLAY").is_some() {
        programs.push(("wl-copy", &[]));
    }
    if env::var_os("DISPLAY").is_some() {
        programs.push(("xclip", &["-selection", "clipboard"]));
        programs.push(("xsel", &["--clipboard", "--input"]));
    }
    if cfg!(target_os = "macos") {
        programs.push(("pbcopy", &[]));
    }
    programs
}

/// Whether a program took the text.
async fn run(program: &str, arguments: &[&str], text: &str) -> bool {
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut child) = spawned else { return false };
    let work = async {
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(text.as_bytes()).await?;
        }
        child.wait().await
    };
    matches!(tokio::time::timeout(PATIENCE, work).await, Ok(Ok(status)) if status.success())
}

/// By the terminal's own sequence, or into a file when that is too long.
fn escape(text: &str, what: &str) -> Result<String, Fault> {
    let fault = |what: String| Fault::of(FaultKind::Output, what);
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    if encoded.len() > LONGEST {
        return match state::keep("copied.txt", text) {
            Ok(path) => Ok(format!("too long for the clipboard; it is in {}", path.display())),
            Err(error) => Err(fault(format!("too long for the clipboard, and not kept: {error}"))),
        };
    }
    let mut out = io::stdout().lock();
    match out.write_all(sequences(&encoded).as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(format!("sent {what} to the terminal's clipboard (OSC 52)")),
        Err(error) => Err(fault(format!("not copied: {error}"))),
    }
}

/// OSC 52, wrapped for what stands between us and the terminal.
fn sequences(encoded: &str) -> String {
    let plain = format!("\x1b]52;c;{encoded}\x1b\\");
    let is_screen = env::var("TERM").is_ok_and(|it| it.starts_with("screen"));
    match (env::var_os("TMUX").is_some(), is_screen) {
        (true, _) => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
        (false, true) => format!("\x1bP{plain}\x1b\\"),
        (false, false) => plain,
    }
}
