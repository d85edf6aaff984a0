//! `kreach apply`: fresh facts, the dry run, what is confirmed, what is sent, what came of it.
//!
//! ```text
//! read ─► plan ─► dry run ─► weigh, show ─► guards, confirmation ─► read and weigh again ─► make ─► read again: as predicted?
//! ```

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use crate::apply::{Applier, Busy, Log, Pattern, Stopped};
use crate::args::Args;
use crate::ask::apply::{Weighed, arrived, operator, unready, weigh};
use crate::ask::{Fault, FaultKind, World};
use crate::change::Change;
use crate::change::plan::Tried;
use crate::change::record::{AppliedBy as Recorded, ChangeState, Record};
use crate::cli::apply::{ApplyArgs, ApplyJson, Came, Confirming, record_page, write};
use crate::cli::form::Form;
use crate::cli::{Color, Exit};
use crate::live::connect::{self, Connected, Selection, Surroundings};
use crate::live::files::Changes;
use crate::model::cluster::Cluster;
use crate::text::applied::step_line;
use crate::text::{Mark, Page};

use super::load::{self, LoadedWorld};
use super::print;

/// Applies what files hold.
pub(super) fn apply(args: &Args, asked: &ApplyArgs, color: Color) -> Result<Exit, Fault> {
    let selected = refuse(args, &asked.confirming, asked.files.iter().any(|it| it.as_os_str() == "-"))?;
    super::running(async {
        let session = ApplySession::open(args, &asked.confirming, asked.printed.output, color, selected).await?;
        let namespace = session.connected.namespace.clone();
        let changes = read(args, &asked.files, &namespace)?;
        let origin = asked.files.iter().map(|it| it.display().to_string()).collect();
        session.go(changes, origin, None, Vec::new()).await
    })
}

/// Connects, to what was selected where the kubeconfig was read already: it may come from a pipe.
pub(super) async fn connected(args: &Args, selected: Option<Selection>) -> Result<Connected, Fault> {
    let flags = args.connection.flags(connect::Plugins::beside_a_command());
    let around = Surroundings::of_process();
    let selected = selected.map_or_else(|| connect::select(&flags, &around), Ok)?;
    Ok(connect::connect_to(selected, &flags, &around).await?)
}

/// What cannot be applied as it was asked for; gives what was selected, where that had to be known.
pub(super) fn refuse(args: &Args, confirming: &Confirming, reads_stdin: bool) -> Result<Option<Selection>, Fault> {
    let stop = |what: &str, hint: &str| Err(Fault::new(what, hint));
    let mut selected = None;
    if !args.source.from.is_empty() {
        return stop("changes are applied to a cluster, not to --from", "kreach diff shows what files would change");
    }
    if !args.source.stage.is_empty() {
        return stop("changes are applied to the cluster as it is, not to --stage", "give the file to kreach apply");
    }
    if !args.connection.write {
        let of = select(args)?;
        if !of.writes {
            return stop(
                "this needs --write: without it nothing but reads leaves kreach",
                "add --write; a dry run needs it too",
            );
        }
        selected = Some(of);
    }
    let is_asked = io::stdin().is_terminal() && io::stderr().is_terminal() && !reads_stdin;
    if !is_asked && !confirming.yes && !confirming.dry_run {
        return stop("there is no terminal to confirm on", "add --yes, or --dry-run to see what would change");
    }
    super::stdin_once(args, reads_stdin.then_some("FILE -"))?;
    Ok(selected)
}

/// The context, which the configuration may let be written to.
fn select(args: &Args) -> Result<Selection, Fault> {
    let flags = args.connection.flags(connect::Plugins::beside_a_command());
    Ok(connect::select(&flags, &Surroundings::of_process())?)
}

/// The changes that files hold, each with its whole object.
fn read(args: &Args, files: &[PathBuf], namespace: &str) -> Result<Vec<Change>, Fault> {
    let reading = load::reading(args, namespace);
    let mut all = Vec::new();
    for file in files {
        let changes = Changes::read(file, &reading)?;
        if let Changes::Manifests(loaded) = &changes {
            complete(file, loaded)?;
        }
        let whole = changes.whole(&Cluster::default())?;
        all.extend(whole.into_iter().map(|it| it.change));
    }
    if all.is_empty() {
        let names: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
        let what = format!("there is no object to apply in {}", names.join(", "));
        return Err(Fault::of(FaultKind::Input, what).hinted("manifests, or the JSON of kreach fix"));
    }
    Ok(all)
}

/// Nothing of a file is passed by in silence: what cannot be read of it is not applied in part.
fn complete(file: &std::path::Path, loaded: &crate::live::files::Loaded) -> Result<(), Fault> {
    let unread = loaded.not_read.first().map(|it| format!("{}: {}", it.place, it.what));
    let other = || loaded.notes.iter().find(|it| it.what.starts_with("not read: ")).map(|it| it.what.clone());
    let Some(what) = unread.or_else(other) else { return Ok(()) };
    let what = format!("{}: {what}", file.display());
    Err(Fault::of(FaultKind::Input, what)
        .hinted("kreach applies kinds that its answers rest on; give it a file of those"))
}

/// One cluster that is changed.
pub(super) struct ApplySession<'a> {
    args: &'a Args,
    pub(super) confirming: &'a Confirming,
    form: Form,
    color: Color,
    pub(super) connected: Connected,
    pub(super) applier: Applier,
    pub(super) pattern: Pattern,
    pub(super) log: Log,
}

/// What is to be sent, and what it comes to.
pub(super) struct Prepared {
    tried: Tried,
    pub(super) weighed: Weighed,
    before: World,
    user: String,
}

impl<'a> ApplySession<'a> {
    pub(super) async fn open(
        args: &'a Args,
        confirming: &'a Confirming,
        form: Form,
        color: Color,
        selected: Option<Selection>,
    ) -> Result<Self, Fault> {
        let pattern = Pattern::of_environment()?;
        let connected = connected(args, selected).await?;
        print::warnings(&connected.warnings);
        let client = connected.client.clone();
        let Some(writer) = connected.writer.clone() else {
            let what = format!("the configuration says that {} is only read (write: false)", connected.context);
            return Err(Fault::new(what, "kreach info tells where config.yaml is"));
        };
        let log = Log::open().map_err(|error| {
            let hint = match error {
                Busy::Locked => "wait for it to end, then look at kreach undo --list",
                Busy::Io(_) => "nothing is applied that could not be taken back: is $XDG_STATE_HOME or $HOME writable?",
            };
            Fault::of(FaultKind::System, error.to_string()).hinted(hint)
        })?;
        Ok(Self { args, confirming, form, color, connected, applier: Applier { client, writer }, pattern, log })
    }

    async fn facts(&self) -> Result<LoadedWorld, Fault> {
        load::facts(self.args, &self.connected, load::context(self.args, self.color)).await
    }

    /// Says why nothing was changed.
    pub(super) fn refused(&self, stopped: &Stopped) -> Result<Exit, Fault> {
        let (what, hint) = match stopped {
            Stopped::Failed(fault) => return Err(fault.clone().into()),
            Stopped::No { what, hint } => (what, hint),
        };
        let told = ApplyJson { reasons: what.clone(), ..self.told() };
        self.end(Came::Refused, &told, |page| {
            what.iter().for_each(|it| page.say(0, Mark::Deny, it));
            page.say(0, Mark::Plain, "nothing was changed");
        })?;
        if !hint.is_empty() {
            print::line(&format!("hint: {hint}"));
        }
        Ok(Exit::No)
    }

    pub(super) fn told(&self) -> ApplyJson<'_> {
        ApplyJson { context: &self.connected.context, server: &self.connected.server, ..ApplyJson::default() }
    }

    /// Prints the end of it: lines, or the one document.
    pub(super) fn end(&self, came: Came, told: &ApplyJson<'_>, say: impl FnOnce(&mut Page)) -> Result<Exit, Fault> {
        if self.form == Form::Json {
            return print::answer(self.color, |out| Ok(write(came, told, out).map(|()| came.exit())?));
        }
        let mut page = Page::default();
        say(&mut page);
        self.say(&page)?;
        Ok(came.exit())
    }

    /// Prints lines, where lines are wanted.
    fn say(&self, page: &Page) -> Result<(), Fault> {
        if self.form == Form::Json {
            return Ok(());
        }
        let context = load::context(self.args, self.color);
        print::answer(self.color, |out| Ok(context.write(page, out).map(|()| Exit::Yes)?)).map(drop)
    }

    async fn prepare(&self, changes: Vec<Change>, notes: &[String]) -> Result<Result<Prepared, Stopped>, Fault> {
        let LoadedWorld { world, .. } = self.facts().await?;
        if let Some(why) = unready(&world.cluster) {
            return Ok(Err(Stopped::No { what: vec![why], hint: "try again".to_owned() }));
        }
        let steps = match self.applier.plan(changes, self.confirming.take_over()).await {
            Ok(steps) => steps,
            Err(stopped) => return Ok(Err(stopped)),
        };
        let tried = match self.applier.attempt(steps).await {
            Ok(tried) => tried,
            Err(stopped) => return Ok(Err(stopped)),
        };
        let mut weighed = weigh(&world, tried.changes())?;
        let tried = tried.in_order(&weighed.order);
        weighed.notes.splice(0..0, notes.iter().chain(&tried.notes).cloned());
        let user = operator(&world);
        Ok(Ok(Prepared { tried, weighed, before: world, user }))
    }

    /// All of it, from changes to what came of them.
    pub(super) async fn go(
        self,
        changes: Vec<Change>,
        origin: Vec<String>,
        undoes: Option<String>,
        notes: Vec<String>,
    ) -> Result<Exit, Fault> {
        let mut prepared = match self.prepare(changes.clone(), &notes).await? {
            Ok(prepared) => prepared,
            Err(stopped) => return self.refused(&stopped),
        };
        let mut overridden = self.confirming.overrides.clone();
        loop {
            if prepared.tried.steps.is_empty() {
                let told = ApplyJson { notes: prepared.weighed.notes.clone(), ..self.told() };
                return self.end(Came::Nothing, &told, |page| {
                    page.say(0, Mark::Allow, "nothing is to be changed: the cluster is so already");
                    told.notes.iter().for_each(|it| page.say(0, Mark::Note, it));
                });
            }
            self.say(&prepared.weighed.page())?;
            if let Some(exit) = self.confirm(&prepared, &mut overridden)? {
                return Ok(exit);
            }
            if self.confirming.yes {
                break;
            }
            // Whoever read and typed took a while.
            let again = match self.prepare(changes.clone(), &notes).await? {
                Ok(again) => again,
                Err(stopped) => return self.refused(&stopped),
            };
            let is_same = again.weighed.is_same(&prepared.weighed);
            prepared = again;
            if is_same {
                break;
            }
            print::line("the cluster has changed meanwhile: this is what the changes come to now");
            overridden = self.confirming.overrides.clone();
        }
        self.make(prepared, overridden, origin, undoes).await
    }

    pub(super) fn of<'p>(&'p self, prepared: &'p Prepared, overridden: &'p [String]) -> ApplyJson<'p> {
        ApplyJson {
            weighed: Some((&prepared.weighed, &prepared.before)),
            overridden,
            notes: prepared.weighed.notes.clone(),
            ..self.told()
        }
    }

    async fn make(
        self,
        prepared: Prepared,
        overridden: Vec<String>,
        origin: Vec<String>,
        undoes: Option<String>,
    ) -> Result<Exit, Fault> {
        let tripped: Vec<String> = prepared.weighed.tripped.iter().map(|it| it.guard.name.to_owned()).collect();
        let recorded = Recorded {
            at: Log::now(),
            context: self.connected.context.clone(),
            server: self.connected.server.clone(),
            user: prepared.user.clone(),
            origin,
            impact: prepared.weighed.headline(),
            overridden: overridden.iter().filter(|it| tripped.contains(it)).cloned().collect(),
            undoes,
        };
        let mut record = Record::new(Log::new_id(), recorded, &prepared.tried.steps);
        let mut told_of = 0;
        let mut failed = None;
        let mut keep = |record: &Record| {
            let is_done = |it: &crate::change::record::RecordedChange| {
                !matches!(it.state, ChangeState::Waiting | ChangeState::Sending)
            };
            let kept = self.log.keep(record);
            while record.steps.get(told_of).is_some_and(is_done) {
                failed = failed.take().or(self.say(&[step_line(record, told_of)].into_iter().collect()).err());
                told_of += 1;
            }
            kept
        };
        let kept = self.applier.make(&prepared.tried, &mut record, &mut keep).await;
        let noted = self.log.note_undone(&record);
        kept.and(noted).map_err(|error| {
            let what = format!("the record of what is applied cannot be kept: {error}; {}", record.words());
            Fault::of(FaultKind::Output, what).hinted("nothing more was sent")
        })?;
        let exit = self.close(&prepared, &overridden, &record).await?;
        failed.map_or(Ok(exit), Err)
    }

    /// What came of it, and whether the cluster is as predicted.
    async fn close(&self, prepared: &Prepared, overridden: &[String], record: &Record) -> Result<Exit, Fault> {
        let came = Came::of(record);
        let mut told = ApplyJson { record: Some(record), ..self.of(prepared, overridden) };
        let mut page = record_page(record);
        let waiting = (0..record.steps.len()).filter(|at| record.steps[*at].state == ChangeState::Waiting);
        waiting.for_each(|at| page.push(step_line(record, at)));
        if came == Came::Made {
            match self.facts().await {
                Ok(now) => {
                    let (as_predicted, more) = arrived(&prepared.weighed, &now.world);
                    told.as_predicted = Some(as_predicted);
                    page.add(0, more);
                }
                Err(_) => page.say(0, Mark::Unknown, "the cluster could not be read again"),
            }
        }
        self.end(came, &told, |all| all.add(0, page))
    }
}
