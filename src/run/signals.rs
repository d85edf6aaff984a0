//! The signals the screen listens to, and what each of them means for the loop.
//!
//! It only says what was sent; what follows from it is done by the loop. [`insist`] ends the program where the loop
//! cannot, since it waits for a terminal that takes nothing.

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::terminal::guard;

/// The signals that end a program that does not listen to them, but those that it brings upon itself.
///
/// The code is 128 and the number, as shells expect.
const ENDING: &[rustix::process::Signal] = {
    use rustix::process::Signal;
    &[
        Signal::TERM,
        Signal::HUP,
        Signal::INT,
        Signal::QUIT,
        Signal::ABORT,
        Signal::ALARM,
        Signal::USR1,
        Signal::USR2,
        Signal::VTALARM,
        Signal::PROF,
        Signal::XCPU,
        Signal::TRAP,
        Signal::SYS,
    ]
};

/// The codes of signals that keys send: INT and QUIT.
const INTERRUPTS: [u8; 2] = [130, 131];

/// How long the loop has to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// The signals that end or wake us.
pub(super) struct Signals {
    ending: Vec<(u8, Signal)>,
    /// A file that reaches its limit: the write says so by itself, once the signal does not end us.
    _too_large: Signal,
    resume: Signal,
    resize: Signal,
}

/// What a signal means.
#[derive(Clone, Copy)]
pub(super) enum SignalMeaning {
    End(u8),
    Resume,
    Resized,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        // Some have no name in tokio; their numbers are the system's own.
        let listen = |it: rustix::process::Signal| signal(SignalKind::from_raw(it.as_raw()));
        let ending = ENDING.iter().map(|it| Ok((128 + it.as_raw() as u8, listen(*it)?)));
        Ok(Self {
            ending: ending.collect::<io::Result<_>>()?,
            _too_large: listen(rustix::process::Signal::XFSZ)?,
            resume: listen(rustix::process::Signal::CONT)?,
            // crossterm listens from its first wait for a key on, which is after the first frame: too late for a
            // terminal that takes its size just then.
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for a signal; one that ends us has the exit code that shells expect.
    pub(super) async fn next(&mut self) -> SignalMeaning {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    /// Forgets what was sent while an editor had the terminal: its keys may have been signals for us as well.
    pub(super) fn forget(&mut self) {
        let mut context = Context::from_waker(std::task::Waker::noop());
        for (code, signal) in &mut self.ending {
            if INTERRUPTS.contains(code) {
                while signal.poll_recv(&mut context).is_ready() {}
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<SignalMeaning> {
        for (code, signal) in &mut self.ending {
            if signal.poll_recv(context).is_ready() {
                return Poll::Ready(SignalMeaning::End(*code));
            }
        }
        let rest = [(&mut self.resume, SignalMeaning::Resume), (&mut self.resize, SignalMeaning::Resized)];
        let sent = rest.into_iter().find_map(|(signal, sent)| signal.poll_recv(context).is_ready().then_some(sent));
        sent.map_or(Poll::Pending, Poll::Ready)
    }
}

/// Ends the program a second after a signal that should have ended it, whatever the loop waits for.
///
/// To be run beside the loop, on a thread of its own.
pub(super) async fn insist(mut signals: Signals) {
    loop {
        if let SignalMeaning::End(code) = signals.next().await {
            // What is typed in the editor is the editor's.
            if INTERRUPTS.contains(&code) && !guard::is_taken() {
                continue;
            }
            tokio::time::sleep(GRACE).await;
            guard::abandon(code);
        }
    }
}
