//! Candidates in lines: what each changes, and what that comes to.
//!
//! ```text
//! v 2 candidates: allow pod/shop/web -> pod/shop/db:5432
//!   1. certain, changes 1 object
//!     networkpolicy/shop/db: one more peer in spec.ingress[0]
//!     x different  opened 1, closed 0, changed 0, unsure 0; given 0, taken 0
//! ```

use super::{Candidate, Certainty, FixAnswer};
use crate::ask::diff::{self, Fold};
use crate::change::RowCounts;
use crate::model::evidence::Outcome;
use crate::text::{About, Line, Mark, Page, words};

/// How many rows of an impact are shown of a candidate.
const ROWS: usize = 12;
/// How many candidates are shown, the best first.
pub const SHOWN: usize = 5;

impl FixAnswer {
    /// The answer in words.
    pub fn page(&self) -> Page {
        let mut page = Page::default();
        page.push(self.headline());
        self.reasons.iter().for_each(|it| page.push(it.line(1)));
        for (number, candidate) in (1..).zip(self.candidates.iter().take(SHOWN)) {
            candidate.lines(number, self.policies(candidate)).into_iter().for_each(|it| page.push(it));
        }
        self.left_out().into_iter().for_each(|it| page.push(it));
        page.add(0, self.beside());
        page
    }

    /// The same with each candidate a row, below which all that it changes is folded.
    pub fn folded(&self) -> Page {
        let mut page = Page { fold: Some(1), ..Page::default() };
        page.push(self.headline());
        for (number, candidate) in (1..).zip(self.candidates.iter().take(SHOWN)) {
            // Its row says the first already.
            let first = candidate.what.first().map_or("", String::as_str);
            let lines =
                candidate.lines(number, self.policies(candidate)).into_iter().skip(1).filter(|it| it.text != first);
            page.push(candidate.row(number).on(About::Candidate(number)));
            lines.for_each(|it| page.push(it));
        }
        self.left_out().into_iter().for_each(|it| page.push(it));
        page.add(0, self.beside());
        self.reasons.iter().for_each(|it| page.push(it.line(1)));
        page
    }

    /// The policies of the candidate that keeps what manifests declare, with the reason of each rule.
    fn policies(&self, candidate: &Candidate) -> Vec<Line> {
        let declared = self.declared.as_ref().filter(|_| candidate.is_baseline);
        declared.map(|it| it.baseline.policies_page(2).lines).unwrap_or_default()
    }

    /// What that candidate keeps and closes besides.
    pub fn beside(&self) -> Page {
        let told = |it: &super::KeptByDeclaration| it.baseline.beside(&it.kept, it.keeps_current);
        self.declared.as_ref().map(told).unwrap_or_default()
    }

    /// How many candidates are not shown.
    fn left_out(&self) -> Option<Line> {
        let more = self.candidates.len().saturating_sub(SHOWN);
        let more = (more > 0).then(|| words::count(more as u64, "more candidate", "more candidates"))?;
        Some(Line::new(1, Mark::Note, format!("{more}: kreach fix -o json has all of them")))
    }

    /// How many candidates there are for what.
    pub fn headline(&self) -> Line {
        let count = match self.candidates.len() {
            0 => "no candidate".to_owned(),
            count => words::count(count as u64, "candidate", "candidates"),
        };
        let mark = match self.outcome() {
            Outcome::Allow => Mark::Allow,
            Outcome::Deny => Mark::Deny,
            Outcome::Unknown => Mark::Unknown,
        };
        Line::new(0, mark, format!("{count}: {}", self.asked))
    }
}

impl Candidate {
    /// What it is, in a line.
    pub fn title(&self, number: usize) -> String {
        let objects = words::count(self.changes.len() as u64, "object", "objects");
        format!("{number}. {}, changes {objects}", self.certainty.as_str())
    }

    /// The same with how much it changes.
    fn row(&self, number: usize) -> Line {
        let RowCounts { opened, closed, changed, unsure, given, taken } = self.impact.counts();
        let all = [
            (opened, "opened"),
            (closed, "closed"),
            (changed, "changed"),
            (unsure, "unsure"),
            (given, "given"),
            (taken, "taken"),
        ];
        let counts: Vec<String> = all.iter().filter(|it| it.0 > 0).map(|it| format!("{} {}", it.1, it.0)).collect();
        let counts = if counts.is_empty() { "no flow and no right differs".to_owned() } else { counts.join(", ") };
        let refused = if self.refused.is_empty() { "" } else { "; the server will refuse it" };
        let what = self.what.first().map(|it| format!("  {it}")).unwrap_or_default();
        let mark = if self.certainty == Certainty::Certain { Mark::Allow } else { Mark::Unknown };
        Line::new(1, mark, format!("{}: {counts}{refused}{what}", self.title(number)))
    }

    fn lines(&self, number: usize, policies: Vec<Line>) -> Vec<Line> {
        let mut lines = vec![Line::new(1, Mark::Title, self.title(number))];
        lines.extend(self.refused.iter().map(|it| Line::new(2, Mark::Deny, it)));
        // Policies that tell their reasons tell what they are, too.
        let what = if policies.is_empty() { self.what.len() } else { 1 };
        lines.extend(self.what.iter().take(what).map(|it| Line::new(2, Mark::Plain, it)));
        lines.extend(policies);
        lines.extend(self.notes.iter().map(|it| it.line(2)));
        let impact = diff::page(&self.impact, Fold::Folded).lines;
        let more = impact.len().saturating_sub(ROWS);
        lines.extend(impact.into_iter().take(ROWS).map(|it| Line { indent: it.indent + 2, ..it }));
        if more > 0 {
            lines.push(Line::new(3, Mark::Note, format!("{more} more lines: -o json has all of them")));
        }
        lines
    }
}
