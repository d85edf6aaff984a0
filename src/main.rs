//! The binary `kreach`: arguments in, exit code out; [`kreach::commands`] does the rest.

use std::ffi::OsString;
use std::process::ExitCode;

use kreach::live::plugin;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match &arguments[..] {
        [_, word, plugin @ ..] if word == plugin::APART => plugin::start_apart(plugin),
        _ => ExitCode::from(kreach::commands::main(arguments).code()),
    }
}
