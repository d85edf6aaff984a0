//! The signals the screen listens to, and what each of them means for the loop.
//!
//! It only says what was sent; what follows from it is done by the loop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end or wake us.
pub(super) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    resume: Signal,
    resize: Signal,
}

/// What a signal means.
pub(super) enum Sent {
    End(u8),
    Resume,
    Resized,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            // SIGCONT has no name in tokio; its number is the same wherever we run but on Alpha and SPARC.
            resume: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            // crossterm listens from its first wait for a key on, which is after the first frame: too late for a
            // terminal that takes its size just then.
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for a signal; one that ends us has the exit code that shells expect.
    pub(super) async fn next(&mut self) -> Sent {
        tokio::select! {
            _ = self.terminate.recv() => Sent::End(143),
            _ = self.hang_up.recv() => Sent::End(129),
            _ = self.interrupt.recv() => Sent::End(130),
            _ = self.resume.recv() => Sent::Resume,
            _ = self.resize.recv() => Sent::Resized,
        }
    }
}
