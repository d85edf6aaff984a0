//! The binary `kreach`: arguments in, exit code out; [`kreach::commands`] does the rest.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kreach::commands::main(std::env::args_os()).code())
}
