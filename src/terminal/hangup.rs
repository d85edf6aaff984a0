//! Notices that the terminal is gone, even when nobody sends SIGHUP.
//!
//! crossterm's poll on a terminal that hung up never returns and burns a whole core (reliability.md M14). A thread
//! of its own waits for the hang-up and for nothing else, so it costs no wake-up, and ends the process.

use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::guard;

/// The exit code of a program whose terminal hung up: 128 and SIGHUP.
pub const EXIT: i32 = 129;

/// Watches the terminal on stdout from now on; stdin may be a pipe that files came through, and ends (`--from -`).
pub fn watch() {
    let watch = || {
        // Interrupted, or a system on which a terminal cannot be polled: once a second is enough then.
        while !hung_up(None) {
            std::thread::sleep(Duration::from_secs(1));
        }
        guard::leave();
        std::process::exit(EXIT);
    };
    // Without the thread SIGHUP still ends us.
    let _ = std::thread::Builder::new().name("hangup".into()).stack_size(256 * 1024).spawn(watch);
}

/// Whether the terminal on stdout is gone by now.
pub fn is_gone() -> bool {
    hung_up(Some(&Timespec::default()))
}

/// Waits so long (without a limit for ever) for the terminal to hang up; says whether it has.
fn hung_up(wait: Option<&Timespec>) -> bool {
    let stdout = std::io::stdout();
    let mut polled = [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::empty())];
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    poll(&mut polled, wait).is_ok() && polled[0].revents().intersects(gone)
}
