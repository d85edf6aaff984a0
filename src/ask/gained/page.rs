//! What differs in reach, in lines.
//!
//! ```text
//! x lost  sa:ci/runner and 2 more  cluster-admin and 14 more  exec into a pod > use the pod's token
//! ```

use crate::change::reach::{Hop, Reach, ReachChange, ReachRow, Sink};
use crate::model::evidence::Outcome;
use crate::text::{Line, Mark, words};

/// How many of many are named.
const FEW: usize = 3;

/// `reach gained 1, lost 2, unsure 0`; `None`: it was not worked out, or there is nothing to tell.
pub fn counts(reach: Option<&Reach>) -> Option<String> {
    let reach = reach.filter(|it| !it.is_nothing())?;
    let of = |it| reach.count(it);
    let [gained, lost, unsure] = [ReachChange::Gained, ReachChange::Lost, ReachChange::Unsure].map(of);
    Some(format!("reach gained {gained}, lost {lost}, unsure {unsure}"))
}

/// A line each; those who come alike to the same share one.
pub fn lines(reach: &Reach) -> Vec<Line> {
    let mut folds: Vec<Vec<&ReachRow>> = Vec::new();
    for row in &reach.rows {
        match folds.iter_mut().find(|it| is_like(it[0], row)) {
            Some(fold) => fold.push(row),
            None => folds.push(vec![row]),
        }
    }
    let mut lines: Vec<Line> = folds.iter().map(|it| line(it)).collect();
    if reach.left > 0 {
        let whom = words::count(reach.left, "more subject or workload", "more subjects and workloads");
        let what = format!("what {whom} come to reach was not worked out: it would take too long");
        lines.push(Line::new(1, Mark::Unknown, what));
    }
    lines
}

fn is_like(a: &ReachRow, b: &ReachRow) -> bool {
    let edges = |it: &ReachRow| it.way.iter().map(|it| it.edge).collect::<Vec<_>>();
    (a.outcomes, a.when, &a.sinks) == (b.outcomes, b.when, &b.sinks) && edges(a) == edges(b)
}

fn line(rows: &[&ReachRow]) -> Line {
    let row = rows[0];
    let mark = match row.change {
        ReachChange::Gained => Mark::Allow,
        ReachChange::Lost => Mark::Deny,
        ReachChange::Unsure => Mark::Unknown,
    };
    let who: Vec<&String> = rows.iter().flat_map(|it| &it.who).collect();
    let change = row.change.as_str();
    let text = format!("{change}  {}  {}{}  {}", whom(&who), goals(&row.sinks), surety(row), way(&row.way));
    Line::new(1, mark, text.trim_end())
}

/// `: surely before, perhaps after`; nothing where it is gained or lost, which says it.
pub fn surety(row: &ReachRow) -> String {
    let word = |it: Outcome| match it {
        Outcome::Allow => "surely",
        Outcome::Unknown => "perhaps",
        Outcome::Deny => "not",
    };
    let [before, after] = row.outcomes.map(word);
    let is_told = row.change == ReachChange::Unsure;
    if is_told { format!(": {before} before, {after} after") } else { String::new() }
}

/// `sa:ci/runner, sa:ci/deploy and 4 more`.
pub fn whom(who: &[&String]) -> String {
    few(who.iter().map(|it| it.as_str()))
}

/// `cluster-admin and 14 more`: whoever comes to everything comes to all else by that.
pub fn goals(sinks: &[Sink]) -> String {
    let names: Vec<String> = sinks.iter().map(Sink::to_string).collect();
    match sinks {
        [Sink::ClusterAdmin] => names.concat(),
        [Sink::ClusterAdmin, rest @ ..] => format!("{} and {} more", names[0], rest.len()),
        _ => few(names.iter().map(String::as_str)),
    }
}

/// All of a few, of many the first.
fn few<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let more = names.len().saturating_sub(FEW);
    let all: Vec<&str> = names.take(FEW).collect();
    if more == 0 { all.join(", ") } else { format!("{} and {more} more", all.join(", ")) }
}

/// The names of the steps; of more than two the first and the last.
fn way(hops: &[Hop]) -> String {
    match hops {
        [first, _, .., last] => format!("{} > ... > {}", first.name, last.name),
        hops => hops.iter().map(|it| it.name).collect::<Vec<_>>().join(" > "),
    }
}
