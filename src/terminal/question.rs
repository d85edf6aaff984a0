//! A question that is answered by typing, and never by a paste.
//!
//! The terminal marks what is pasted (bracketed paste) for as long as the question stands, so that it is told apart from
//! keys. What was typed or pasted before is thrown away. Whatever ends the program meanwhile switches the marks off again.
//! A terminal that marks no paste gives it as keys: there nothing can tell them apart.

use std::io::{self, BufRead as _, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::Command as _;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use rustix::termios::{QueueSelector, tcflush};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::model::untrusted;

/// Whether a question stands now.
static ASKING: AtomicBool = AtomicBool::new(false);

/// What was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TerminalReply {
    Typed(String),
    /// It, or a part of it, was pasted, or is no text.
    Pasted,
}

/// Asks on stderr, and reads the line that is typed behind it.
///
/// # Errors
/// There is nobody to ask.
pub fn ask(question: &str) -> io::Result<TerminalReply> {
    watch();
    let stdin = io::stdin();
    // A terminal without the call is asked all the same.
    let _ = tcflush(&stdin, QueueSelector::IFlush);
    let marks = Marks::on();
    let mut err = io::stderr();
    write!(err, "{}", untrusted::show(question)).and_then(|()| err.flush())?;
    let mut line = Vec::new();
    stdin.lock().read_until(b'\n', &mut line)?;
    drop(marks);
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    Ok(match String::from_utf8(line.to_vec()) {
        Ok(line) if !line.chars().any(char::is_control) => TerminalReply::Typed(line.trim().to_owned()),
        _ => TerminalReply::Pasted,
    })
}

/// The terminal marks what is pasted for as long as this lives.
struct Marks;

impl Marks {
    fn on() -> Self {
        ASKING.store(true, Ordering::SeqCst);
        write(|out| EnableBracketedPaste.write_ansi(out));
        Self
    }
}

impl Drop for Marks {
    fn drop(&mut self) {
        off();
    }
}

fn off() {
    if ASKING.swap(false, Ordering::SeqCst) {
        write(|out| DisableBracketedPaste.write_ansi(out));
    }
}

/// Writes a sequence where the question stands, unless the terminal knows none.
fn write(sequence: impl Fn(&mut String) -> std::fmt::Result) {
    let mut text = String::new();
    if std::env::var_os("TERM").is_none_or(|it| it == "dumb") || sequence(&mut text).is_err() {
        return;
    }
    let mut err = io::stderr();
    // A terminal that is gone marks nothing.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// From now on a signal that ends the program switches the marks off before it does, and one that continues it switches
/// them on again: a shell may have switched them off while it was stopped.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Where no signal can be listened to, it ends the program as ever.
        let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
        let Ok(signals) = signals(&runtime) else { return };
        std::thread::spawn(move || runtime.block_on(heed(signals)));
    });
}

/// What ends the program, and what continues it.
struct Signals {
    ending: [(i32, Signal); 4],
    going_on: Signal,
}

fn signals(runtime: &Runtime) -> io::Result<Signals> {
    let _within = runtime.enter();
    let one = |kind: SignalKind| signal(kind).map(|it| (kind.as_raw_value(), it));
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()];
    let [a, b, c, d] = kinds.map(one);
    let going_on = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
    Ok(Signals { ending: [a?, b?, c?, d?], going_on })
}

async fn heed(mut signals: Signals) {
    loop {
        let [a, b, c, d] = &mut signals.ending;
        let code = tokio::select! {
            _ = a.1.recv() => a.0,
            _ = b.1.recv() => b.0,
            _ = c.1.recv() => c.0,
            _ = d.1.recv() => d.0,
            _ = signals.going_on.recv() => {
                if ASKING.load(Ordering::SeqCst) {
                    write(|out| EnableBracketedPaste.write_ansi(out));
                }
                continue;
            }
        };
        off();
        // As shells have it for a program that the signal has ended.
        std::process::exit(128 + code);
    }
}
