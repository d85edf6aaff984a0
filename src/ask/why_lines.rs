//! Why rows are unknown, below them: each reason once.

use std::collections::BTreeSet;

use super::whys::Reasons;
use crate::text::{Line, Mark};

/// How many reasons a text lists after its rows.
const LISTED: usize = 20;

/// Each reason of these rows once; of very many the first.
pub(super) fn lines(all: impl Iterator<Item = Reasons>) -> Vec<Line> {
    let mut told: BTreeSet<Reasons> = BTreeSet::new();
    let mut texts: BTreeSet<String> = BTreeSet::new();
    for reasons in all.filter(|it| !it.is_empty()) {
        if told.insert(reasons.clone()) {
            texts.extend(reasons.iter().map(|it| it.line(0).text));
        }
    }
    let more = texts.len().saturating_sub(LISTED);
    let more = (more > 0).then(|| format!("and {more} more reasons: -o json has them row by row"));
    texts.into_iter().take(LISTED).chain(more).map(|it| Line::new(0, Mark::Unknown, it)).collect()
}
