//! `kreach diff`: two clusters are read, and what is said beside the answer says of which.

use std::sync::Arc;

use crate::args::Args;
use crate::ask::World;
use crate::ask::freshness::as_of;
use crate::cli::diff::{Compared, DiffArgs, Input, SIDES};
use crate::cli::{Color, Exit};
use crate::people::People;

use super::load::{self, Loaded};
use super::{Stop, print};

/// Compares two clusters and prints what differs.
pub(super) fn compare(args: &Args, asked: &DiffArgs, color: Color) -> Result<Exit, Stop> {
    if !args.source.from.is_empty() {
        let hint = "kreach diff BEFORE AFTER: each is a file, a directory or a snapshot";
        return Err(Stop::Other { what: "diff reads no --from".to_owned(), hint: hint.to_owned() });
    }
    let people = load::people(args)?;
    let [before, after] = asked.inputs();
    let (before, after) = (read(args, &before, color, &people)?, read(args, &after, color, &people)?);
    let notes = [told(&before, SIDES[0]), told(&after, SIDES[1])];
    let context = before.context.clone();
    let compared = Compared { before: &before.world, after: &after.world, is_one_source: false, notes };
    let exit = print::answer(color, |out| Ok(asked.run(&compared, &context, out)?))?;
    let differences = [before.world.differences(), after.world.differences()].concat();
    print::differences(&differences, exit)
}

fn read(args: &Args, input: &Input, color: Color, people: &Option<Arc<People>>) -> Result<Loaded, Stop> {
    match input {
        Input::Files(path) => load::of_files(args, std::slice::from_ref(path), color, people.clone()),
    }
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
