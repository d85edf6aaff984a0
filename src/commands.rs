//! The shell side of the subcommands: read files or a cluster, ask, print, exit. Everything else is in [`crate::cli`].
//!
//! ```text
//! argv ─► Args ─► files or live reads in rounds ─► ask::World ─► cli::Command::run ─► stdout, exit code
//! ```
//!
//! stdout holds answers only, whole or the command fails; problems and notes of the run go to stderr, where they can
//! (CONTRACT §5).

mod apply;
mod baseline;
mod batch;
mod check;
mod confirm;
mod demo;
mod diff;
mod fix;
mod load;
mod print;
mod screen;
mod snapshot;
mod stage;
mod undo;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::Path;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::{Args, ColorChoice, Command};
use crate::ask::freshness::as_of;
use crate::ask::{Fault, FaultKind};
use crate::cli::{Asked, Color, Exit};

use load::{LoadedWorld, Wants, load};

/// Runs the program on these arguments; the exit code is one of [`Exit`].
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let args = match parse(&arguments) {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    match run(args) {
        Ok(exit) => exit,
        Err(fault) => print::fault(&fault),
    }
}

/// Reads the arguments; as a plugin of kubectl the usage says `kubectl kreach`.
fn parse(arguments: &[OsString]) -> Result<Args, clap::Error> {
    let called = arguments.first().map(Path::new).and_then(Path::file_stem).and_then(|it| it.to_str()).unwrap_or("");
    let command = match called.strip_prefix("kubectl-") {
        Some(plugin) => Args::command().bin_name(format!("kubectl {plugin}")),
        None => Args::command(),
    };
    Args::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

/// Help and version are answers; everything else is a failure of usage.
fn usage(error: &clap::Error) -> Exit {
    let text = error.render();
    if error.use_stderr() {
        print::usage(&text.to_string());
        return Exit::Failed;
    }
    let color = color(ColorChoice::Auto);
    let text = if color == Color::Always { text.ansi().to_string() } else { text.to_string() };
    print::answer(color, |out| Ok(out.write_all(text.as_bytes()).map(|()| Exit::Yes)?))
        .unwrap_or_else(|it| print::fault(&it))
}

fn run(args: Args) -> Result<Exit, Fault> {
    let is_screen = matches!(&args.command, None | Some(Command::Demo(_)));
    if args.screen.open.is_some() && !is_screen {
        let hint = "leave the subcommand out, or --open";
        return Err(Fault::new("--open opens the explorer, a subcommand does not", hint));
    }
    match &args.command {
        Some(Command::Completion(it)) => print::completion(it.shell),
        Some(Command::Rbac(it)) => print::answer(Color::Never, |out| it.print(args.connection.write, out)),
        Some(Command::Rule(it)) => print::answer(Color::Never, |out| it.print(out)),
        Some(Command::Man) => print::man(),
        Some(Command::Snapshot(it)) => snapshot::write(&args, it),
        Some(Command::Diff(it)) => diff::compare(&args, it, color(args.screen.color)),
        Some(Command::Apply(it)) => apply::apply(&args, it, color(args.screen.color)),
        Some(Command::Undo(it)) => undo::undo(&args, it, color(args.screen.color)),
        Some(Command::Fix(it)) => fix::propose(&args, it, color(args.screen.color)),
        Some(Command::Baseline(it)) => baseline::write(&args, it, color(args.screen.color)),
        Some(Command::Check(it)) => check::check(&args, it, color(args.screen.color)),
        Some(Command::Assert(it)) => check::assert(&args, it, color(args.screen.color)),
        Some(command) if command.asks().is_some() => ask(&args, command),
        Some(Command::Demo(demo)) if demo.listen.is_some() => demo::serve(demo, args.connection.write),
        _ => screen::open(&args),
    }
}

/// A command that asks a cluster.
fn ask(args: &Args, command: &Command) -> Result<Exit, Fault> {
    let Some(command) = command.asks() else { return Ok(Exit::Failed) };
    answer(args, command, color(args.screen.color))
}

/// Reads what a command needs, and prints its answer and what is said beside it.
fn answer(args: &Args, command: &dyn crate::cli::AskingCommand, color: Color) -> Result<Exit, Fault> {
    one_stdin(args, command)?;
    let wants = Wants::Of(command);
    let LoadedWorld { world, mut context, .. } = load(args, &wants, color).inspect_err(|_| info_alone(args, color))?;
    print::problems(&world.cluster);
    let mut notes: Vec<String> = as_of(&world.cluster).map(|it| it.what).into_iter().collect();
    print::notes(&notes);
    if let Some(fault) = command.reads().refusal(&context.here, &world) {
        return Err(fault);
    }
    let own = command.reads().notes(&context.here, &world);
    print::notes(&own);
    notes.extend(own);
    context.notes.extend(notes);
    let asked = Asked::of(&world, &context, command);
    let exit = print::answer(color, |out| match command.batch() {
        Some(it) => batch::answer(&it, &asked, out),
        None => command.run(&asked, out),
    })?;
    if let Some(beside) = command.beside(&asked)? {
        match &beside.text {
            Ok(text) => snapshot::put(Path::new(&beside.path), &|out| out.write_all(text))?,
            Err(why) => print::notes(&[(*why).to_owned()]),
        }
    }
    stage::tell(&context);
    print::differences(&world.differences(), exit)
}

/// Files, what is staged and questions cannot be read from stdin at once.
fn one_stdin(args: &Args, command: &dyn crate::cli::AskingCommand) -> Result<(), Fault> {
    let batch = command.batch().is_some_and(|it| it.path == "-");
    stdin_once(args, batch.then_some("--batch -"))
}

/// Refuses what reads stdin twice; `other` is what else reads it.
fn stdin_once(args: &Args, other: Option<&str>) -> Result<(), Fault> {
    let is_stdin = |it: &&std::path::PathBuf| it.as_os_str() == "-";
    let from = args.source.from.iter().filter(is_stdin).map(|_| "--from -");
    let staged = args.source.stage.iter().filter(is_stdin).map(|_| "--stage -");
    let readers: Vec<&str> = from.chain(staged).chain(other).collect();
    if readers.len() < 2 {
        return Ok(());
    }
    let what = match readers.as_slice() {
        [one, other] if one != other => format!("{one} and {other} both read stdin"),
        _ => format!("stdin is read {} times: {}", readers.len(), readers.join(", ")),
    };
    Err(Fault::new(what, "put one of them in a file"))
}

/// `info` says what it can even where no cluster can be read.
fn info_alone(args: &Args, color: Color) {
    if let Some(Command::Info(info)) = &args.command {
        // The failure itself follows on stderr, and is the exit code.
        let _ = print::answer(color, |out| info.print(&load::context(args, color), None, out).map(|()| Exit::Failed));
    }
}

/// Does what waits for a server.
fn running<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|it| Fault::of(FaultKind::System, it.to_string()))?;
    runtime.block_on(work)
}

/// Whether stdout takes colors.
fn color(choice: ColorChoice) -> Color {
    let wanted = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty());
    let is_plain = wanted("NO_COLOR").is_some() || wanted("TERM").is_some_and(|it| it == "dumb");
    match choice {
        ColorChoice::Always => Color::Always,
        ColorChoice::Auto if !is_plain && io::stdout().is_terminal() => Color::Always,
        ColorChoice::Auto | ColorChoice::Never => Color::Never,
    }
}
