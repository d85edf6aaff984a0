//! What differs in reach, in lines.
//!
//! ```text
//! x lost  sa:ci/runner and 2 more  cluster-admin and 14 more  exec into a pod > use the pod's token
//! ```

use crate::change::reach::{ReachChange, ReachDiff, ReachDiffRow, Sink};
use crate::model::evidence::Outcome;
use crate::text::escalate as ways;
use crate::text::{Line, Mark, words};

/// How many of many are named.
const FEW: usize = 3;

/// `reach gained 1, lost 2, unsure 0`; `None`: it was not worked out, or there is nothing to tell.
pub fn counts(reach: Option<&ReachDiff>) -> Option<String> {
    let reach = reach.filter(|it| !it.is_nothing())?;
    let of = |it| reach.count(it);
    let [gained, lost, unsure] = [ReachChange::Gained, ReachChange::Lost, ReachChange::Unsure].map(of);
    Some(format!("reach gained {gained}, lost {lost}, unsure {unsure}"))
}

/// A line each; those who come alike to the same share one.
pub fn lines(reach: &ReachDiff) -> Vec<Line> {
    let mut folds: Vec<Vec<&ReachDiffRow>> = Vec::new();
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

fn is_like(a: &ReachDiffRow, b: &ReachDiffRow) -> bool {
    let edges = |it: &ReachDiffRow| it.way.iter().map(|it| it.edge).collect::<Vec<_>>();
    (a.outcomes, a.when, &a.sinks) == (b.outcomes, b.when, &b.sinks) && edges(a) == edges(b)
}

fn line(rows: &[&ReachDiffRow]) -> Line {
    let row = rows[0];
    let mark = match row.change {
        ReachChange::Gained => Mark::Allow,
        ReachChange::Lost => Mark::Deny,
        ReachChange::Unsure => Mark::Unknown,
    };
    let who: Vec<&String> = rows.iter().flat_map(|it| &it.who).collect();
    let (change, way) = (row.change.as_str(), ways::names_of(&row.way, |it| it.name));
    let text = format!("{change}  {}  {}{}  {}", whom(&who), goals(&row.sinks), surety(row), way);
    Line::new(1, mark, text.trim_end())
}

/// `: surely before, perhaps after`; nothing where it is gained or lost, which says it.
pub fn surety(row: &ReachDiffRow) -> String {
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
    words::first(who, FEW)
}

/// `cluster-admin and 14 more`: whoever comes to everything comes to all else by that.
pub fn goals(sinks: &[Sink]) -> String {
    let is_everything = sinks.first() == Some(&Sink::ClusterAdmin);
    words::first(sinks, if is_everything { 1 } else { FEW })
}
