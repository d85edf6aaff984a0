//! Where a command's cluster comes from: files as a closed world, or as much of a live cluster as the question needs.
//!
//! ```text
//! live: what is served, beside the first reads ─► reads, and questions to the server itself, in rounds, each once
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use crate::args::Args;
use crate::ask::needs::Needs;
use crate::ask::question::ServedNames;
use crate::ask::topic::Topic;
use crate::ask::world::SelfCheck;
use crate::ask::{Fault, FaultKind, Here, World};
use crate::cli::{AskingCommand, Color, Context, Look, info};
use crate::live::fault;
use crate::live::read::Reader;
use crate::live::{ManagedFields, bounded, connect, files};
use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::net::Settings;
use crate::people::{People, Prefixes};
use crate::rbac::Served;
use crate::rbac::review::Review;
use crate::rbac::version::Version;
use crate::terminal::look;

use super::print;
use super::stage::StagedFiles;

/// How many bytes a directory of people may have.
const MAX_DIRECTORY: usize = 256 << 20;

/// A world, and what surrounds the question.
pub(super) struct LoadedWorld {
    pub world: World,
    pub context: Context,
    /// Fingerprints of the documents of files that could not be read.
    pub unread: Vec<u64>,
}

/// What is to be read.
pub(super) enum Wants<'a> {
    /// What a command needs.
    Of(&'a dyn AskingCommand),
    /// All that answers can rest on.
    Everything,
    /// The same, less what only a snapshot shows.
    Facts,
    /// All facts, and what else a command needs: what is staged may make any of them matter.
    FactsAnd(&'a dyn AskingCommand),
}

impl Wants<'_> {
    fn is_everything(&self) -> bool {
        matches!(self, Wants::Everything)
    }

    /// The command, where it is one that asks.
    fn command(&self) -> Option<&dyn AskingCommand> {
        match self {
            Wants::Of(command) | Wants::FactsAnd(command) => Some(*command),
            Wants::Everything | Wants::Facts => None,
        }
    }

    fn needs(&self, context: &Context, world: &World) -> Result<Needs, Fault> {
        let own = self.command().map(|it| it.reads().needs(&context.here, world)).transpose()?.unwrap_or_default();
        if let Wants::Of(_) = self {
            return Ok(own);
        }
        let mut needs = info::every_kind();
        needs.0.extend(own.0);
        Ok(needs)
    }

    fn beside(&self, context: &Context, world: &World) -> Needs {
        self.command().map(|it| it.reads().beside(&context.here, world)).unwrap_or_default()
    }

    fn wants_manifests(&self, context: &Context) -> bool {
        self.command().is_some_and(|it| it.reads().wants_manifests(&context.here))
    }

    fn topic(&self) -> Topic {
        self.command().map_or(Topic::Any, |it| it.reads().topic())
    }

    fn names(&self) -> ServedNames {
        match self {
            Wants::Of(command) | Wants::FactsAnd(command) => command.reads().names(),
            Wants::Everything => ServedNames::Known,
            Wants::Facts => ServedNames::Served,
        }
    }

    fn namespaces(&self, context: &Context) -> Vec<Name> {
        self.command().map(|it| it.reads().namespaces(&context.here)).unwrap_or_default()
    }

    /// The objects that must be there whole, less those that are staged: they are not as they stand.
    fn wholes(&self, loaded: &LoadedWorld) -> Vec<ObjectId> {
        let Some(command) = self.command() else { return Vec::new() };
        let mut wanted = command.reads().wholes(&loaded.context.here, &loaded.world);
        wanted.retain(|it| !loaded.context.staged.as_ref().is_some_and(|staged| staged.holds(it)));
        wanted
    }

    fn reviews(&self, context: &Context, world: &World) -> Result<Vec<Review>, Fault> {
        match self {
            // Of what is staged the server knows nothing but who asks.
            Wants::FactsAnd(command) => {
                let reviews = command.reads().reviews(&context.here, world)?;
                Ok(reviews.into_iter().filter(|it| matches!(it, Review::Own | Review::OwnRules(_))).collect())
            }
            Wants::Of(command) => command.reads().reviews(&context.here, world),
            Wants::Everything | Wants::Facts => Ok(Vec::new()),
        }
    }
}

/// Reads the files of `--from`, else what the command needs of the cluster that kubectl would ask.
pub(super) fn load(args: &Args, wants: &Wants<'_>, color: Color) -> Result<LoadedWorld, Fault> {
    let (people, context) = (people(args)?, context(args, color));
    let staged = |wants: &Wants<'_>, context, people| {
        from_cluster(args, wants, context, people, &args.source.stage, true).map(|it| it.0)
    };
    match (args.source.from.is_empty(), wants) {
        (false, _) => from_files(args, wants, context, people),
        // What it reads is not known before the stage is applied.
        (true, Wants::Of(command)) if !args.source.stage.is_empty() => {
            staged(&Wants::FactsAnd(*command), context, people)
        }
        (true, _) => staged(wants, context, people),
    }
}

/// What flags alone tell.
pub(super) fn context(args: &Args, color: Color) -> Context {
    let namespace = args.connection.namespace.clone().filter(|it| !it.is_empty());
    let here = Here {
        namespace: namespace.clone().unwrap_or_else(|| "default".to_owned()).into(),
        only: namespace.filter(|_| !args.connection.all_namespaces).map(Name::from),
        all_namespaces: args.connection.all_namespaces,
        from_files: !args.source.from.is_empty(),
    };
    let look = Look { color, signs: look::signs(args.screen.ascii), ..Look::default() };
    Context { here, look, surroundings: directories(), ..Context::default() }
}

/// The directory of people that `--directory` names.
pub(super) fn people(args: &Args) -> Result<Option<Arc<People>>, Fault> {
    let paths = &args.source.directory;
    let hint = "a CSV with the line user,groups,active, a list of people, or a SCIM ListResponse";
    let mut files = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let text = bounded::text(path, MAX_DIRECTORY)
            .map_err(|error| Fault::of(FaultKind::Input, format!("cannot read {name}: {error}")).hinted(hint))?;
        files.push((name, text));
    }
    if files.is_empty() {
        return Ok(None);
    }
    let prefixes = Prefixes { user: args.source.user_prefix.clone(), group: args.source.group_prefix.clone() };
    let people = People::read(&files, &prefixes).map_err(|error| Fault::of(FaultKind::Input, error.0).hinted(hint))?;
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

/// How the flags say that files are read.
pub(super) fn reading(args: &Args, namespace: &str) -> files::ReadOptions {
    files::ReadOptions {
        namespace: namespace.to_owned(),
        skip_unreadable: args.source.skip_unreadable,
        partial: args.source.partial,
        keep_all: false,
        finds: false,
    }
}

/// A world with what flags alone tell of it.
fn world(args: &Args, cluster: Cluster, people: Option<Arc<People>>) -> World {
    let settings = Settings { pod_cidrs: args.source.pod_cidrs.clone() };
    let check = if args.source.self_check { SelfCheck::On } else { SelfCheck::Off };
    World::of(cluster, settings, check).with_people(people)
}

fn from_files(
    args: &Args,
    wants: &Wants<'_>,
    context: Context,
    people: Option<Arc<People>>,
) -> Result<LoadedWorld, Fault> {
    // A question that cannot be asked of any cluster fails before anything is read.
    wants.needs(&context, &world(args, Cluster::default(), people.clone()))?;
    let mut staging = StagedFiles::read(args, &context.here.namespace)?;
    let paths = &args.source.from;
    let reading = files::ReadOptions { keep_all: wants.is_everything(), ..reading(args, &context.here.namespace) };
    let loaded = files::load_with(paths, &reading)?;
    let declared =
        wants.wants_manifests(&context).then(|| Arc::new(files::manifests(&loaded, &context.here.namespace)));
    let notes = loaded.notes.into_iter().filter(|it| it.topic.concerns(wants.topic())).map(|it| it.what);
    let mut context = context;
    context.notes = notes.collect();
    print::notes(&context.notes);
    let names: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
    context.surroundings.push(("files", names.join(", ")));
    let served = Arc::new(Served::built_in_and(loaded.defined));
    let mut world = world(args, loaded.cluster, people).serving(served);
    world.declared = declared;
    let (source, is_snapshot) = (loaded.source, loaded.is_snapshot);
    staging.ask_files(&source, &world.cluster);
    let mut loaded = LoadedWorld { world, context, unread: loaded.unread };
    print::notes(&staging.apply(&mut loaded, wants.topic())?);
    let wholes = wants.wholes(&loaded);
    if is_snapshot && !wholes.is_empty() {
        let what = "objects of a snapshot hold no annotations and no field that answers do not rest on: what is updated \
                    here lacks them";
        print::notes(&[what.to_owned()]);
        loaded.context.notes.push(what.to_owned());
    }
    let found = wholes.into_iter().filter_map(|id| {
        // One that cannot be read by now is left out, as what is not there.
        let whole = source.whole(&id, ManagedFields::LeftOut)?.ok()?;
        Some((id, whole))
    });
    Arc::make_mut(&mut loaded.world.manifests).extend(found);
    Ok(loaded)
}

/// Reads all facts of the cluster that kubectl would ask, and these files beside, of which nothing is staged.
pub(super) fn of_cluster(
    args: &Args,
    files: &[PathBuf],
    color: Color,
    people: Option<Arc<People>>,
) -> Result<(LoadedWorld, StagedFiles), Fault> {
    from_cluster(args, &Wants::Facts, context(args, color), people, files, false)
}

/// Reads these files as a closed world, whatever will be asked of it, and others beside, of which nothing is staged;
/// nothing is said yet.
pub(super) fn of_files(
    args: &Args,
    (paths, beside): (&[PathBuf], &[PathBuf]),
    color: Color,
    people: Option<Arc<People>>,
) -> Result<(LoadedWorld, StagedFiles), Fault> {
    let mut context = context(args, color);
    context.here.from_files = true;
    let reading = reading(args, &context.here.namespace);
    let mut staging = StagedFiles::of(args, beside, &context.here.namespace)?;
    let mut loaded = files::load_with(paths, &reading)?;
    staging.ask_files(&loaded.source, &loaded.cluster);
    context.notes = std::mem::take(&mut loaded.notes).into_iter().map(|it| it.what).collect();
    let unread = std::mem::take(&mut loaded.unread);
    Ok((LoadedWorld { world: world_of(args, loaded, people), context, unread }, staging))
}

/// The world that files mean.
pub(super) fn world_of(args: &Args, loaded: files::Loaded, people: Option<Arc<People>>) -> World {
    let served = Arc::new(Served::built_in_and(loaded.defined));
    world(args, loaded.cluster, people).serving(served)
}

fn from_cluster(
    args: &Args,
    wants: &Wants<'_>,
    context: Context,
    people: Option<Arc<People>>,
    files: &[PathBuf],
    is_staged: bool,
) -> Result<(LoadedWorld, StagedFiles), Fault> {
    let nothing = Cluster::new(Coverage::Unread);
    let nothing = if wants.is_everything() { nothing.keeping_all() } else { nothing };
    let world = world(args, nothing, people);
    // A question that cannot be asked of any cluster fails before anything is sent.
    wants.needs(&context, &world)?;
    super::running(async {
        let connected = connect::connect(&args.connection.flags(connect::Plugins::beside_a_command())).await?;
        print::warnings(&connected.warnings);
        let context = connected_context(&connected, context);
        let mut staging = StagedFiles::of(args, files, &context.here.namespace)?;
        let reader = Reader::of(&connected, wants.namespaces(&context));
        let mut loaded = gather(&reader, wants, LoadedWorld { world, context, unread: Vec::new() }).await?;
        staging.ask_server(&reader, &loaded.world.cluster).await?;
        if is_staged {
            print::notes(&staging.take(files.len()).apply(&mut loaded, wants.topic())?);
        }
        wholes(&reader, wants, &mut loaded).await?;
        Ok((loaded, staging))
    })
}

/// Reads all facts of a server that is connected, and asks it who asks; nothing is staged.
pub(super) async fn facts(args: &Args, connected: &connect::Connected, context: Context) -> Result<LoadedWorld, Fault> {
    let world = world(args, Cluster::new(Coverage::Unread), None);
    let reader = Reader::of(connected, Vec::new());
    let loaded = LoadedWorld { world, context: connected_context(connected, context), unread: Vec::new() };
    let mut loaded = gather(&reader, &Wants::Facts, loaded).await?;
    let reply = reader.review(&Review::Own).await;
    loaded.world.keep(Review::Own, reply);
    Ok(loaded)
}

/// Reads and asks until nothing more is needed.
async fn gather(reader: &Reader, wants: &Wants<'_>, mut loaded: LoadedWorld) -> Result<LoadedWorld, Fault> {
    let mut asked = Needs::default();
    // What is served is asked for beside the first reads: mostly they are the same by the names of every cluster.
    let first = round(reader, wants, &mut loaded, &mut asked);
    let (first, names, version) = futures::join!(first, served(reader, wants.names()), reader.server_version());
    first?;
    loaded.world.version = version.as_deref().and_then(Version::parse);
    loaded.context.surroundings.extend(version.map(|it| ("version", it)));
    loaded.world.served = names.unwrap_or_default();
    while round(reader, wants, &mut loaded, &mut asked).await? == Round::Asked {}
    if wants.wants_manifests(&loaded.context) {
        loaded.world.declared = Some(Arc::new(reader.manifests().await?));
    }
    loop {
        let wanted = wants.beside(&loaded.context, &loaded.world).except(&asked);
        if wanted.is_empty() {
            return Ok(loaded);
        }
        // The answer does not rest on it, so that it is given all the same.
        if let Err(fault) = read_in(reader, &mut loaded.world, &wanted).await {
            print::warnings(&[format!("what is shown beside the answer could not be read: {fault}")]);
            return Ok(loaded);
        }
        asked.0.extend(wanted.0);
    }
}

/// Fetches the objects that must be there whole; one that is gone by now is not.
async fn wholes(reader: &Reader, wants: &Wants<'_>, loaded: &mut LoadedWorld) -> Result<(), Fault> {
    let wanted = wants.wholes(loaded);
    let fetched = futures::future::join_all(wanted.iter().map(|it| reader.whole(it))).await;
    for (id, whole) in wanted.iter().zip(fetched) {
        if let Some(whole) = whole? {
            Arc::make_mut(&mut loaded.world.manifests).insert(id.clone(), whole);
        }
    }
    Ok(())
}

/// Whether a round had anything to ask.
#[derive(PartialEq, Eq)]
enum Round {
    Asked,
    Nothing,
}

/// Reads what is needed by now, and puts to the server what is to be put to it; nothing twice.
async fn round(
    reader: &Reader,
    wants: &Wants<'_>,
    loaded: &mut LoadedWorld,
    asked: &mut Needs,
) -> Result<Round, Fault> {
    let LoadedWorld { world, context, .. } = loaded;
    let wanted = wants.needs(context, world)?.except(asked);
    let reviews: Vec<Review> = wants.reviews(context, world)?;
    let reviews: Vec<Review> = reviews.into_iter().filter(|it| !world.told.has(it)).collect();
    if wanted.is_empty() && reviews.is_empty() {
        return Ok(Round::Nothing);
    }
    let replies = futures::future::join_all(reviews.iter().map(|it| reader.review(it)));
    let read = async { if wanted.is_empty() { Ok(()) } else { read_in(reader, world, &wanted).await } };
    let (read, replies) = futures::join!(read, replies);
    read?;
    reviews.into_iter().zip(replies).for_each(|(review, reply)| world.keep(review, reply));
    asked.0.extend(wanted.0);
    Ok(Round::Asked)
}

/// Reads into a world what is wanted now; indexes that an earlier round asked for follow.
async fn read_in(reader: &Reader, world: &mut World, wanted: &Needs) -> Result<(), fault::LiveFault> {
    reader.bring(wanted, |brought| world.read_in(brought.deltas, brought.address, brought.node)).await
}

/// The names that the server serves, where the command reads any; a server that does not tell is no error.
async fn served(reader: &Reader, names: ServedNames) -> Option<Arc<Served>> {
    if names == ServedNames::Known {
        return None;
    }
    match reader.served().await {
        Ok(served) => {
            let unsure: Vec<&str> = served.unsure().map(Name::as_str).collect();
            if !unsure.is_empty() {
                print::warnings(&[format!("what these API groups serve could not be asked: {}", unsure.join(", "))]);
            }
            Some(Arc::new(served))
        }
        Err(fault) => {
            print::warnings(&[format!(
                "what the server serves is not known ({fault}): Kubernetes' own names are used"
            )]);
            None
        }
    }
}

/// The context with what the connection tells: its namespace holds for bare names.
fn connected_context(connected: &connect::Connected, context: Context) -> Context {
    let here = Here { namespace: connected.namespace.as_str().into(), ..context.here };
    let mut context = Context { here, live: true, ..context };
    context.surroundings.extend([
        ("context", connected.context.clone()),
        ("server", connected.server.clone()),
        ("user", connected.user.clone()),
        ("namespace", connected.namespace.clone()),
    ]);
    context
}
