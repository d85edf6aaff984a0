//! The binary `kreach`: arguments in, exit code out; [`kreach::commands`] does the rest.

use std::ffi::OsString;
use std::process::ExitCode;

use kreach::live::plugin;
use kreach::terminal::keeper;
use tikv_jemalloc_ctl::background_thread;
use tikv_jemallocator::Jemalloc;

/// A followed cluster is a million small pieces, and the system's allocator adds more to each.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match &arguments[..] {
        [_, word, plugin @ ..] if word == plugin::APART => plugin::start_apart(plugin),
        [_, word, settings @ ..] if word == keeper::KEEP => keeper::keep(settings),
        _ => {
            // Gives back what a listing took, also when nothing happens after it; where that is not to be had, it
            // goes back at the next event.
            let _ = background_thread::write(true);
            ExitCode::from(kreach::commands::main(arguments).code())
        }
    }
}
