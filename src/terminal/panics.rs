//! What happens when something panics: the terminal is given back first, and a report is kept.
//!
//! A panic in a background task leaves the screen alone: the loop hears of it when the task ends.

use std::backtrace::Backtrace;
use std::panic::PanicHookInfo;
use std::thread::ThreadId;

use super::{guard, state};

/// Gives the terminal back before a panic of this thread is reported.
pub fn install() {
    let drawing = std::thread::current().id();
    std::panic::set_hook(Box::new(move |panic| report(drawing, panic)));
}

fn report(drawing: ThreadId, panic: &PanicHookInfo<'_>) {
    let text = format!("kreach {} panicked\n{panic}\n{}\n", env!("CARGO_PKG_VERSION"), Backtrace::force_capture());
    let kept = state::keep("crash.txt", &text);
    if std::thread::current().id() != drawing {
        return;
    }
    guard::leave();
    // The message goes to the terminal that was just given back; a closed stderr is nobody to tell.
    use std::io::Write;
    let mut out = std::io::stderr().lock();
    let _ = match kept {
        Ok(path) => writeln!(out, "kreach: {panic}\na report is in {}", path.display()),
        Err(_) => writeln!(out, "kreach: {panic}"),
    };
}
