//! The program that stands between kreach and a plugin: `kreach __apart PLUGIN ARGUMENT…`.
//!
//! ```text
//! kreach ──pipe──► this, in a session without a terminal ──► the plugin, leading a group of its own
//! ```
//!
//! The plugin cannot open the terminal by itself, and all that it started ends with it: when it has ended, and when
//! the pipe closes, since kreach wants no more of it or has itself ended, however that came about.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

/// What is said where the plugin cannot be started; the exit code is that of shells.
pub(super) const NOT_STARTED: &str = "cannot be started: ";
const NOT_STARTED_CODE: u8 = 127;

/// Leaves the terminal, runs the plugin, and ends as it ended.
pub fn start_apart(plugin: &[OsString]) -> ExitCode {
    let ended = match plugin.split_first() {
        Some((program, arguments)) => supervise(program, arguments),
        None => Err(io::ErrorKind::InvalidInput.into()),
    };
    ended.map(ExitCode::from).unwrap_or_else(|cause| {
        // Who reads it is the program that started this one.
        let _ = writeln!(io::stderr(), "{NOT_STARTED}{cause}");
        ExitCode::from(NOT_STARTED_CODE)
    })
}

#[cfg(unix)]
fn supervise(program: &OsString, arguments: &[OsString]) -> io::Result<u8> {
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};

    use rustix::process::{Pid, WaitId, WaitIdOptions, setsid, waitid};

    setsid()?;
    let mut command = std::process::Command::new(program);
    let mut child = command.args(arguments).stdin(std::process::Stdio::null()).process_group(0).spawn()?;
    let group = Pid::from_child(&child);
    std::thread::spawn(move || {
        // Nothing is ever written: the end is what is waited for.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        super::end_group(group);
        std::process::exit(1);
    });
    // It is taken from the process table after its group has ended, so that its number cannot be another's by then.
    waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
    super::end_group(group);
    let status = child.wait()?;
    let code = status.code().or_else(|| status.signal().map(|it| 128 + it));
    Ok(code.and_then(|it| u8::try_from(it).ok()).unwrap_or(1))
}

#[cfg(not(unix))]
fn supervise(_: &OsString, _: &[OsString]) -> io::Result<u8> {
    Err(io::ErrorKind::Unsupported.into())
}
