//! What was found of a policy, a subject or a rule, in words: one telling for pages, cells and both faces.
//!
//! ```text
//! selects no running pod                                a policy: its place is linked
//! unused: no pod runs as it                             a subject
//! GET (dead): verbs are lower case; did you mean get?   a rule: how much of the word has an effect
//! ```

use super::{Line, Mark};
use crate::model::finding::{Finding, FoundIn};

/// A finding in a line.
pub fn line(indent: u8, found: &Finding) -> Line {
    let mark = if found.is_bad() { Mark::Deny } else { Mark::Note };
    Line::new(indent, mark, words(found))
}

/// Several in one cell.
pub fn cell(all: &[Finding]) -> String {
    all.iter().map(words).collect::<Vec<_>>().join("; ")
}

fn words(found: &Finding) -> String {
    let (label, what) = (found.label(), &found.what);
    match found.sort.found_in {
        FoundIn::Policy => what.to_string(),
        FoundIn::Subject { .. } => format!("{label}: {what}"),
        FoundIn::Rule(_) => format!("{label} ({}): {what}", found.effect.as_str()),
    }
}
