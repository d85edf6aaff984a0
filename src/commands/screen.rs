//! Opens the screen: what the arguments say, as the loop wants it.

use std::sync::Arc;

use crate::apply::Pattern;
use crate::args::{Args, ColorChoice, Command};
use crate::ask::world::SelfCheck;
use crate::ask::{Fault, FaultKind, QuestionLine};
use crate::change::Saved;
use crate::cli::Exit;
use crate::live::connect::Plugins;
use crate::live::files;
use crate::net::Settings;
use crate::people::{People, Prefixes};
use crate::rbac::Served;
use crate::run;
use crate::tui::questions;
use crate::tui::theme::Colors;

use super::load;

/// The explorer, on files, on the demo, or on a server.
pub(super) fn open(args: &Args) -> Result<Exit, Fault> {
    super::stdin_once(args, None)?;
    // What cannot be shown is told before the terminal is taken.
    let first: Option<QuestionLine> = args.screen.open.as_deref().map(str::parse).transpose()?;
    if let Some(line) = &first {
        questions::check(line)?;
    }
    // As it is for apply: a pattern that is none would let production pass for anything.
    let production = Pattern::of_environment()?;
    let source = match &args.command {
        Some(Command::Demo(demo)) => run::ClusterSource::Demo(demo.world.clone()),
        _ if !args.source.from.is_empty() => from_files(args)?,
        _ => run::ClusterSource::Live(Box::new(args.connection.flags(Plugins::behind_a_screen()))),
    };
    let named = args.screen.theme.as_deref().and_then(Colors::named);
    let colors = match args.screen.color {
        ColorChoice::Auto => named,
        ColorChoice::Always => Some(named.unwrap_or_default()),
        ColorChoice::Never => Some(Colors::none()),
    };
    let start = run::Start {
        source,
        namespaces: args.connection.namespace.iter().filter(|_| !args.connection.all_namespaces).cloned().collect(),
        ascii: args.screen.ascii,
        colors,
        settings: Settings { pod_cidrs: args.source.pod_cidrs.clone() },
        check: if args.source.self_check { SelfCheck::On } else { SelfCheck::Off },
        people: people(args)?,
        open: first,
        writes: args.connection.write,
        production,
        staged: staged(args)?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|it| Fault::of(FaultKind::System, it.to_string()))?;
    let code = runtime.block_on(run::tui(start));
    // What still waits for a server waits for nobody any more.
    runtime.shutdown_background();
    match code? {
        0 => Ok(Exit::Yes),
        code => std::process::exit(code.into()),
    }
}

/// What is staged from the beginning; bare objects are in `-n`, else in `default`.
fn staged(args: &Args) -> Result<Vec<(String, Vec<Saved>)>, Fault> {
    let namespace = args.connection.namespace.as_deref().unwrap_or("default");
    let read = |path: &std::path::PathBuf| {
        let changes = run::read_changes(path, namespace)?;
        Ok((path.display().to_string(), changes))
    };
    args.source.stage.iter().map(read).collect()
}

/// The directory of people that was named; the demo's story brings its own.
fn people(args: &Args) -> Result<Option<Arc<People>>, Fault> {
    let is_story = matches!(&args.command, Some(Command::Demo(demo)) if demo.world.eq_ignore_ascii_case("story"));
    match load::people(args)? {
        None if is_story => {
            let files = [("the demo's people.csv".to_owned(), crate::embedded::STORY_PEOPLE.to_owned())];
            Ok(People::read(&files, &Prefixes::default()).ok().map(Arc::new))
        }
        named => Ok(named),
    }
}

/// The files of `--from`, read before the screen opens: what cannot be read is said on stderr.
fn from_files(args: &Args) -> Result<run::ClusterSource, Fault> {
    let namespace = args.connection.namespace.as_deref().unwrap_or("default");
    let reading = load::reading(args, namespace);
    let loaded = files::load_with(&args.source.from, &reading)?;
    let title = args.source.from.iter().map(|it| it.display().to_string()).collect::<Vec<_>>().join(" ");
    let not_read = files::not_read(&loaded);
    let served = Arc::new(Served::built_in_and(loaded.defined));
    Ok(run::ClusterSource::Files {
        cluster: Box::new(loaded.cluster),
        title,
        documents: loaded.source,
        served,
        not_read,
    })
}
