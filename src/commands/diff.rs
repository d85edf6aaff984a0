//! `kreach diff`: two clusters are read, and what is said beside the answer says of which.

use std::path::Path;
use std::sync::Arc;

use crate::args::Args;
use crate::ask::World;
use crate::ask::diff::Common;
use crate::ask::freshness::as_of;
use crate::ask::topic::Topic;
use crate::cli::diff::{Compared, DiffArgs, Input, SIDES};
use crate::cli::{Color, Context, Exit};
use crate::live::files;
use crate::people::People;

use super::load::{self, Loaded};
use super::stage::Staging;
use super::{Stop, print};

/// Compares two clusters and prints what differs.
pub(super) fn compare(args: &Args, asked: &DiffArgs, color: Color) -> Result<Exit, Stop> {
    let inputs = asked.inputs();
    refuse(args, &inputs)?;
    let people = load::people(args)?;
    // Both sides of a live cluster are read at once, so that they are of one moment.
    let is_live = |it: &Input| !matches!(it, Input::Files(_));
    let live = inputs.iter().any(is_live).then(|| load::of_cluster(args, color, people.clone())).transpose()?;
    let [before, after] = inputs.each_ref().map(|it| read(args, it, live.as_ref(), color, &people));
    let (before, mut after) = (before?, after?);
    Staging::read(args, &after.context.here.namespace)?.apply(&mut after, Topic::Any)?;
    let notes = [told(&before, SIDES[0]), told(&after, SIDES[1])];
    let context = live.as_ref().map_or(&before.context, |it| &it.context);
    let context = Context { staged: after.context.staged.clone(), ..context.clone() };
    let common = Common { is_one_source: inputs.iter().all(is_live), has_same_unread: before.unread == after.unread };
    let compared = Compared { before: &before.world, after: &after.world, common, notes };
    let exit = print::answer(color, |out| Ok(asked.run(&compared, &context, out)?))?;
    let differences = [before.world.differences(), after.world.differences()].concat();
    print::differences(&differences, exit)
}

/// What cannot be read as it was asked for.
fn refuse(args: &Args, inputs: &[Input; 2]) -> Result<(), Stop> {
    if !args.source.from.is_empty() {
        let hint = "kreach diff BEFORE AFTER: each is a file, a directory, a snapshot, live or live+FILE";
        return Err(Stop::Other { what: "diff reads no --from".to_owned(), hint: hint.to_owned() });
    }
    let is_stdin = |it: &Input| matches!(it, Input::Files(path) | Input::LiveWith(path) if path == Path::new("-"));
    match inputs.each_ref().map(is_stdin) {
        [true, true] => Err(Stop::Other {
            what: "BEFORE and AFTER both read stdin".to_owned(),
            hint: "put one of them in a file".to_owned(),
        }),
        [true, _] => super::stdin_once(args, Some("BEFORE")),
        [_, true] => super::stdin_once(args, Some("AFTER")),
        [false, false] => super::stdin_once(args, None),
    }
}

fn read(
    args: &Args,
    input: &Input,
    live: Option<&Loaded>,
    color: Color,
    people: &Option<Arc<People>>,
) -> Result<Loaded, Stop> {
    match (input, live) {
        (Input::Files(path), _) => load::of_files(args, std::slice::from_ref(path), color, people.clone()),
        (Input::Live, Some(live)) => {
            Ok(Loaded { world: live.world.clone(), context: live.context.clone(), unread: Vec::new() })
        }
        (Input::LiveWith(path), Some(live)) => with(args, live, path),
        (Input::Live | Input::LiveWith(_), None) => load::of_cluster(args, color, people.clone()),
    }
}

/// The live cluster with files applied.
fn with(args: &Args, live: &Loaded, path: &Path) -> Result<Loaded, Stop> {
    let reading = load::reading(args, &live.context.here.namespace);
    // Built once, and followed change by change on the copy.
    let (mut world, mut context) = (live.world.clone(), live.context.clone());
    let onto = files::onto(&world.cluster, path, &reading).map_err(|error| print::files_error(&error))?;
    world.apply(onto.deltas);
    context.notes.extend(onto.notes.into_iter().map(|it| it.what));
    Ok(Loaded { world, context, unread: onto.unread })
}

/// Says what is wrong with the input of one side and what is worth a word about it; gives the words.
fn told(loaded: &Loaded, side: &str) -> Vec<String> {
    let World { cluster, .. } = &loaded.world;
    print::problems_of(cluster, &format!("{side}: "));
    let mut notes = loaded.context.notes.clone();
    notes.extend(as_of(cluster).map(|it| it.what));
    print::notes(&notes.iter().map(|it| format!("{side}: {it}")).collect::<Vec<_>>());
    notes
}
