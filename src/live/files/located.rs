//! The file and the line that a problem is on, found when somebody asks: texts are read again for it.
//!
//! ```text
//! networkpolicy/shop/db spec.ingress[0].from[1]  ──►  policies.yaml, line 14
//! ```
//!
//! In block-style YAML it is the field's own line, or that of the innermost part of the place that is written so; else the
//! line that the object begins on.

use super::source::{ObjectPosition, SourceTexts};
use super::split::{as_document, says_nothing};
use crate::model::place::Problem;

/// Where something stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Spot {
    /// As messages call the file; empty where no file holds it.
    pub file: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

impl SourceTexts {
    /// Where a problem stands.
    pub fn spot(&self, problem: &Problem) -> Spot {
        match &problem.object {
            Some(object) => self.at.get(object).map(|it| self.spot_in(it, &problem.place.0)).unwrap_or_default(),
            None => match self.nameless.get(problem.place.0.as_str()) {
                Some(at) => self.spot_in(at, ""),
                None => self.spot_of_text(&problem.place.0),
            },
        }
    }

    fn spot_in(&self, at: &ObjectPosition, place: &str) -> Spot {
        let file = self.files[at.file as usize].label.clone();
        // A file that has gone meanwhile still had it there.
        let below = self.read(at).map(|it| line_of(&as_document(&it, at.is_item), place)).unwrap_or(0);
        Spot { file, line: Some(at.line + below), column: None }
    }

    /// `policy.yaml:9:7`, where that is a file that was read; else a file that was not.
    fn spot_of_text(&self, place: &str) -> Spot {
        let label = |it: &&str| place.strip_prefix(*it).is_some_and(|rest| rest.starts_with(':'));
        let Some(file) = self.labels().filter(label).max_by_key(|it| it.len()) else {
            return Spot { file: place.to_owned(), ..Spot::default() };
        };
        let mut numbers = place[file.len() + 1..].split(':').map(|it| it.parse().ok());
        Spot { file: file.to_owned(), line: numbers.next().flatten(), column: numbers.next().flatten() }
    }
}

/// How many lines below its first a document says what stands at a place, or the innermost part of the place that is found.
fn line_of(document: &str, place: &str) -> u32 {
    let lines: Vec<&str> = document.lines().collect();
    let Some(first) = lines.iter().position(|it| !says_nothing(it)) else { return 0 };
    let mut block = Block { lines: &lines, from: first, to: lines.len() };
    let (mut rest, mut found) = (place, first);
    while !rest.is_empty() {
        let Some((line, inner, left)) = block.step(rest) else { break };
        (found, block, rest) = (line, inner, left);
    }
    found as u32
}

/// Some lines of a block-style document: a mapping or a sequence.
#[derive(Clone, Copy)]
struct Block<'t> {
    lines: &'t [&'t str],
    from: usize,
    to: usize,
}

impl<'t> Block<'t> {
    /// The line of the first part of a place, what stands below it, and the rest of the place.
    fn step<'p>(self, place: &'p str) -> Option<(usize, Block<'t>, &'p str)> {
        let place = place.strip_prefix('.').unwrap_or(place);
        match place.strip_prefix('[') {
            Some(rest) => {
                let (number, rest) = rest.split_once(']')?;
                let (line, to) = self.entries(true).nth(number.parse().ok()?)?;
                Some((line, Block { from: line, to, ..self }, rest))
            }
            None => {
                let fits = |(line, to): (usize, usize)| {
                    let key = key(self.lines[line])?;
                    let rest = place.strip_prefix(key)?;
                    let ends = rest.is_empty() || rest.starts_with(['.', '[']);
                    ends.then_some((key.len(), line, to, rest))
                };
                // Keys hold dots too: the longest that fits is meant.
                let (_, line, to, rest) = self.entries(false).filter_map(fits).max_by_key(|it| it.0)?;
                Some((line, Block { from: line + 1, to, ..self }, rest))
            }
        }
    }

    /// The entries of this block, each with the line behind its last: those with the indentation of the first.
    fn entries(self, items: bool) -> impl Iterator<Item = (usize, usize)> {
        let said = move |it: &usize| !says_nothing(self.lines[*it]);
        let level = (self.from..self.to).find(said).map(|it| column(self.lines[it], items));
        let begins = move |it: &usize| {
            let line = self.lines[*it];
            said(it) && Some(column(line, items)) == level && (!items || line.trim_start().starts_with('-'))
        };
        let starts: Vec<usize> = (self.from..self.to).filter(begins).collect();
        let ends: Vec<usize> = starts.iter().skip(1).copied().chain([self.to]).collect();
        starts.into_iter().zip(ends)
    }
}

/// Where a line begins to say something; of a mapping in an item that is behind its dash.
fn column(line: &str, items: bool) -> usize {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let behind = line[indent..].strip_prefix('-').filter(|_| !items);
    behind.map_or(indent, |it| indent + 1 + it.len() - it.trim_start_matches(' ').len())
}

/// The key that a line begins with.
fn key(line: &str) -> Option<&str> {
    let line = &line[column(line, false)..];
    let (key, rest) = match line.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split_once(['"', '\''])?,
        None => line.split_once(':').map(|(key, _)| (key, &line[key.len()..]))?,
    };
    rest.trim_start().starts_with(':').then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "\n# odd\nkind: NetworkPolicy\nmetadata:\n  name: db\n  labels:\n    a.b/c: x\nspec:\n  podSelector: {}\n\n  ingress:\n  - from:\n    - podSelector: {}\n    -   namespaceSelector:\n          matchLabels:\n            a: b\n  - ports:\n      - port: 1\n";

    #[test]
    fn a_place_is_on_the_line_that_says_it() {
        let at = |place: &str| POLICY.lines().nth(line_of(POLICY, place) as usize).map(str::trim);
        assert_eq!(at(""), Some("kind: NetworkPolicy"));
        assert_eq!(at("spec"), Some("spec:"));
        assert_eq!(at("metadata.labels.a.b/c"), Some("a.b/c: x"));
        assert_eq!(at("spec.ingress[0]"), Some("- from:"));
        assert_eq!(at("spec.ingress[0].from[0]"), Some("- podSelector: {}"));
        assert_eq!(at("spec.ingress[0].from[1].namespaceSelector.matchLabels.a"), Some("a: b"));
        assert_eq!(at("spec.ingress[1].ports[0].port"), Some("- port: 1"));
        assert_eq!(at("spec.ingress[7].from"), Some("ingress:"), "the innermost that is there");
        assert_eq!(at("spec.podSelector.matchLabels"), Some("podSelector: {}"));
    }

    #[test]
    fn what_is_no_block_has_the_line_that_it_begins_on() {
        for text in ["{\"kind\": \"Pod\"}", "{kind: Pod}", "kind"] {
            assert_eq!(line_of(text, "spec.containers[0]"), 0, "{text}");
        }
        assert_eq!((line_of("", "spec"), line_of("# no\n", "spec")), (0, 0));
    }
}
