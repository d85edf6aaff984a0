//! The terminal: taken and given back, whatever happens in between.
//!
//! ```text
//! look ──► Guard::enter ──► Screen::draw … keys::Repair … ──► leave     also on panic, signals, suspend, hang-up
//! ```
//!
//! Everything here talks to one terminal and knows nothing of clusters. What is drawn comes from [`crate::tui`];
//! who waits for what is [`crate::run`]'s.

pub mod clipboard;
pub mod editor;
pub mod guard;
pub mod hangup;
pub mod keeper;
pub mod keys;
pub mod look;
pub mod panics;
pub mod question;
pub mod screen;
pub mod state;
pub mod stderr;

/// Stops this job as the shell's ctrl-z does, and comes back when it is continued.
///
/// The whole process group stops, so that a wrapping script does not wait for us. In a group that nobody could
/// continue the signal is ignored by the system, and we come back at once.
pub fn stop_job() -> std::io::Result<()> {
    rustix::process::kill_current_process_group(rustix::process::Signal::TSTP).map_err(Into::into)
}
