//! Where a command's cluster comes from: files as a closed world, or as much of a live cluster as the question needs.

use std::sync::Arc;

use crate::args::Args;
use crate::ask::Fault;
use crate::ask::needs::Needs;
use crate::cli::{Color, Context};
use crate::live::{connect, files, read};
use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::people::{People, Prefixes};

use super::{Stop, print};

/// A cluster and what surrounds the question.
pub(super) struct Loaded {
    pub cluster: Cluster,
    pub context: Context,
}

/// What a question needs next, given what is held.
type Ask<'a> = dyn Fn(&Context, &Cluster) -> Result<Needs, Fault> + 'a;

/// Reads the files of `--from`, else what the command needs of the cluster that kubectl would ask.
pub(super) fn load(args: &Args, needs: &Ask<'_>, color: Color) -> Result<Loaded, Stop> {
    let context = Context { people: people(args)?, ..context(args, color) };
    if args.source.from.is_empty() { from_cluster(args, needs, context) } else { from_files(args, needs, context) }
}

/// What flags alone tell.
pub(super) fn context(args: &Args, color: Color) -> Context {
    let namespace = args.connection.namespace.clone().filter(|it| !it.is_empty());
    Context {
        namespace: namespace.clone().unwrap_or_else(|| "default".to_owned()).into(),
        only: namespace.filter(|_| !args.connection.all_namespaces).map(Name::from),
        all_namespaces: args.connection.all_namespaces,
        self_check: args.source.self_check,
        color,
        surroundings: directories(),
        ..Context::default()
    }
}

/// The directory of people that `--directory` names.
fn people(args: &Args) -> Result<Option<Arc<People>>, Stop> {
    let paths = &args.source.directory;
    let hint = "a CSV with the line user,groups,active, a list of people, or a SCIM ListResponse";
    let mut files = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Stop::Other { what: format!("cannot read {name}: {error}"), hint: hint.to_owned() })?;
        files.push((name, text));
    }
    if files.is_empty() {
        return Ok(None);
    }
    let prefixes = Prefixes { user: args.source.user_prefix.clone(), group: args.source.group_prefix.clone() };
    let people =
        People::read(&files, &prefixes).map_err(|error| Stop::Other { what: error.0, hint: hint.to_owned() })?;
    print::warnings(&people.warnings);
    Ok(Some(Arc::new(people)))
}

/// Where kreach keeps things.
fn directories() -> Vec<(&'static str, String)> {
    let Some(found) = directories::ProjectDirs::from("", "", "kreach") else { return Vec::new() };
    let text = |it: &std::path::Path| it.display().to_string();
    let state = found.state_dir().unwrap_or_else(|| found.data_local_dir());
    vec![("config", text(found.config_dir())), ("state", text(state)), ("cache", text(found.cache_dir()))]
}

fn from_files(args: &Args, needs: &Ask<'_>, context: Context) -> Result<Loaded, Stop> {
    // A question that cannot be asked of any cluster fails before anything is read.
    needs(&context, &Cluster::default())?;
    let paths = &args.source.from;
    let loaded = files::load(paths, &context.namespace).map_err(|error| print::files_error(&error))?;
    print::notes(&loaded.notes);
    let names: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
    let mut context = context;
    context.surroundings.push(("files", names.join(", ")));
    Ok(Loaded { cluster: loaded.cluster, context })
}

fn from_cluster(args: &Args, needs: &Ask<'_>, context: Context) -> Result<Loaded, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connected = connect::connect(&args.connection.flags()).await?;
        print::warnings(&connected.warnings);
        let context = connected_context(&connected, context);
        let cluster = read::gather(&connected, |held| Ok::<Needs, Stop>(needs(&context, held)?)).await?;
        Ok(Loaded { cluster, context })
    })
}

/// The context with what the connection tells: its namespace holds for bare names.
fn connected_context(connected: &connect::Connected, context: Context) -> Context {
    let mut context = Context { namespace: connected.namespace.as_str().into(), live: true, ..context };
    context.surroundings.extend([
        ("context", connected.context.clone()),
        ("server", connected.server.clone()),
        ("user", connected.user.clone()),
        ("namespace", connected.namespace.clone()),
    ]);
    context
}
