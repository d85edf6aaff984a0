//! Takes the terminal and gives it back, in reverse, exactly once.
//!
//! Leaving writes every mode off that any part of the program could have switched on, since a terminal left with
//! mouse reports or without a cursor is worse than a few bytes too many. The panic hook and the hang-up watch call
//! [`leave`] too; whoever comes first does it. Where the program cannot, the [`keeper`] does.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};

use super::{keeper, stderr};

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the program has the mouse while the terminal is ours: it takes it again when it comes back.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// The terminal is ours as long as this lives.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, no cursor.
    pub fn enter() -> io::Result<Self> {
        keeper::look();
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        keeper::tell(true);
        let guard = Self(());
        stderr::hide();
        // With NO_COLOR crossterm would write resets in place of colors and wipe reverse and bold; the theme
        // uses no color by itself then (docs/terminal.md, colors).
        crossterm::style::Colored::set_ansi_color_disabled(false);
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        if MOUSE.load(Ordering::SeqCst) {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back, if it is ours.
pub fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout().lock();
    // A terminal that is gone cannot be restored: there is nobody to tell.
    let _ = out.write_all(&farewell()).and_then(|()| out.flush());
    let _ = disable_raw_mode();
    stderr::show();
    keeper::tell(false);
}

/// Whether the terminal is ours now.
pub fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Ends the program though the terminal takes nothing: the settings are given back here, the screen by the keeper, who
/// can wait for it.
pub fn abandon(code: u8) -> ! {
    if is_taken() {
        let _ = disable_raw_mode();
        keeper::unblock();
    }
    std::process::exit(code.into())
}

/// Every mode off that any part of the program could have switched on.
pub(super) fn farewell() -> Vec<u8> {
    let mut bytes = Vec::new();
    // A vector takes all bytes.
    let _ = queue!(
        bytes,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        ResetColor,
        crossterm::style::SetAttribute(crossterm::style::Attribute::Reset),
        cursor::Show,
        LeaveAlternateScreen
    );
    bytes
}

/// Gives the mouse to the program, or back to the terminal.
pub fn capture_mouse(captured: bool) -> io::Result<()> {
    MOUSE.store(captured, Ordering::SeqCst);
    if captured { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
}
