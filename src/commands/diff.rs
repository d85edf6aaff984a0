//! `kreach diff`: two clusters are read, and what is said beside the answer says of which.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::args::Args;
use crate::ask::diff::Common;
use crate::ask::freshness::as_of;
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::cli::diff::{ComparedWorlds, DiffArgs, DiffInput, SIDES};
use crate::cli::{Color, Context, Exit};
use crate::people::People;

use super::load::{self, LoadedWorld};
use super::print;
use super::stage::StagedFiles;

/// Compares two clusters and prints what differs.
pub(super) fn compare(args: &Args, asked: &DiffArgs, color: Color) -> Result<Exit, Fault> {
    let inputs = asked.inputs();
    refuse(args, &inputs)?;
    let [before, after] = read(args, &inputs, color, &load::people(args)?)?;
    let notes = [told(&before, SIDES[0]), told(&after, SIDES[1])];
    let asked_of = if is_live(&inputs[1]) { &after.context } else { &before.context };
    let context = Context { staged: after.context.staged.clone(), ..asked_of.clone() };
    let common = Common { is_one_source: inputs.iter().all(is_live), has_same_unread: before.unread == after.unread };
    let compared = ComparedWorlds { before: &before.world, after: &after.world, common, notes };
    let exit = print::answer(color, |out| asked.run(&compared, &context, out))?;
    let differences = [before.world.differences(), after.world.differences()].concat();
    print::differences(&differences, exit)
}

fn is_live(it: &DiffInput) -> bool {
    !matches!(it, DiffInput::Files(_))
}

/// What cannot be read as it was asked for.
fn refuse(args: &Args, inputs: &[DiffInput; 2]) -> Result<(), Fault> {
    if !args.source.from.is_empty() {
        let hint = "kreach diff BEFORE AFTER: each is a file, a directory, a snapshot, live or live+FILE";
        return Err(Fault::new("diff reads no --from", hint));
    }
    let is_stdin =
        |it: &DiffInput| matches!(it, DiffInput::Files(path) | DiffInput::LiveWith(path) if path == Path::new("-"));
    match inputs.each_ref().map(is_stdin) {
        [true, true] => Err(Fault::new("BEFORE and AFTER both read stdin", "put one of them in a file")),
        [true, _] => super::stdin_once(args, Some("BEFORE")),
        [_, true] => super::stdin_once(args, Some("AFTER")),
        [false, false] => super::stdin_once(args, None),
    }
}

/// Reads each side once.
struct SideReader<'a> {
    args: &'a Args,
    color: Color,
    people: &'a Option<Arc<People>>,
    /// The cluster and the files beside it, where a side is live.
    live: Option<(LoadedWorld, StagedFiles)>,
}

/// Both clusters; what is staged is made in the second.
fn read(
    args: &Args,
    inputs: &[DiffInput; 2],
    color: Color,
    people: &Option<Arc<People>>,
) -> Result<[LoadedWorld; 2], Fault> {
    let [_, last] = inputs;
    let staged: &[PathBuf] = &args.source.stage;
    let beside = inputs.iter().filter_map(|it| if let DiffInput::LiveWith(path) = it { Some(path) } else { None });
    let beside: Vec<PathBuf> = beside.chain(staged.iter().filter(|_| is_live(last))).cloned().collect();
    let mut reader = SideReader { args, color, people, live: None };
    if inputs.iter().any(is_live) {
        // Both sides of a live cluster are read at once, so that they are of one moment.
        reader.live = Some(load::of_cluster(args, &beside, color, people.clone())?);
    }
    let [before, mut after] = [reader.side(&inputs[0], &[])?, reader.side(last, staged)?];
    if let Some((_, files)) = reader.live.filter(|_| is_live(last)) {
        files.apply(&mut after, Topic::Any)?;
    }
    Ok([before, after])
}

impl SideReader<'_> {
    /// One side, with what stands beside it made.
    fn side(&mut self, input: &DiffInput, staged: &[PathBuf]) -> Result<LoadedWorld, Fault> {
        match input {
            DiffInput::Files(path) => {
                let paths = (std::slice::from_ref(path), staged);
                let (mut loaded, files) = load::of_files(self.args, paths, self.color, self.people.clone())?;
                files.apply(&mut loaded, Topic::Any)?;
                Ok(loaded)
            }
            DiffInput::Live => Ok(self.copy(0)?.0),
            DiffInput::LiveWith(_) => {
                let (mut loaded, files) = self.copy(1)?;
                files.make(&mut loaded)?;
                Ok(loaded)
            }
        }
    }

    /// The cluster as it was read, with the first so many of the files beside it that are not taken yet.
    fn copy(&mut self, files: usize) -> Result<(LoadedWorld, StagedFiles), Fault> {
        let (live, beside) = self.live.as_mut().expect("the cluster is read where a side is live");
        let copy = LoadedWorld { world: live.world.clone(), context: live.context.clone(), unread: Vec::new() };
        Ok((copy, beside.take(files)))
    }
}

/// Says what is wrong with the input of one side and what is worth a word about it; gives the words.
fn told(loaded: &LoadedWorld, side: &str) -> Vec<String> {
    let World { cluster, .. } = &loaded.world;
    print::problems_of(cluster, &format!("{side}: "));
    let mut notes = loaded.context.notes.clone();
    notes.extend(as_of(cluster).map(|it| it.what));
    print::notes(&notes.iter().map(|it| format!("{side}: {it}")).collect::<Vec<_>>());
    notes
}
