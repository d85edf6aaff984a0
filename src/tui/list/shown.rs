//! The rows that pass the filter: all of them without one, the best match first while few match.
//!
//! What a filter says and how it is written is [`crate::tui::filter`]'s.

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

use super::{List, Look, Row};
use crate::tui::filter::{Filter, Filtered};

/// Above this many matches the pane's order stays: nobody reads a ranking of 50,000 (CONTRACT §6).
const RANKED: usize = 10_000;

impl<R: Row> List<R> {
    /// The filter that is in force.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether rows are ranked by how well they match rather than sorted.
    pub fn is_ranked(&self) -> bool {
        !self.filter.letters().is_empty() && self.len() <= RANKED
    }

    /// Lets other rows through.
    pub fn filter_by(&mut self, filter: Filter, look: &impl Look<R>) {
        let narrower = filter.narrows(&self.filter);
        let selected = self.selected().cloned();
        self.filter = filter;
        match self.shown.take().filter(|_| narrower) {
            Some(before) => {
                let kept = before.into_iter().map(|(_, row)| row).filter(|it| self.passes(it, look));
                let kept = kept.collect();
                self.show(kept);
            }
            None => self.refilter(look),
        }
        // What the filter took away leaves the best match in its place, not whatever stands in its row now.
        let kept = selected.filter(|it| self.passes(it, look));
        self.go(kept.and_then(|it| self.place_of(&it)).unwrap_or(0));
    }

    pub(super) fn passes(&self, row: &R, look: &impl Look<R>) -> bool {
        self.filter.passes(row, |row, title| look.cell(row, title))
    }

    pub(super) fn refilter(&mut self, look: &impl Look<R>) {
        if self.filter.is_empty() {
            self.shown = None;
            return;
        }
        let kept = self.all.iter().map(|it| &it.row).filter(|it| self.passes(it, look)).cloned().collect();
        self.show(kept);
    }

    /// Shows these rows, ranked when they are few and letters were typed.
    fn show(&mut self, rows: Vec<R>) {
        let letters = self.filter.letters();
        let mut shown: Vec<(i64, R)> = if letters.is_empty() || rows.len() > RANKED {
            rows.into_iter().map(|row| (0, row)).collect()
        } else {
            let matcher = SkimMatcherV2::default();
            rows.into_iter().map(|row| (score(&matcher, &row, &letters), row)).collect()
        };
        shown.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.shown = Some(shown);
    }

    /// Puts one more row among those that are shown, where its score or the order puts it.
    pub(super) fn insert_shown(&mut self, row: R, look: &impl Look<R>) {
        let (ranked, letters) = (self.is_ranked(), self.filter.letters());
        let (sort, run) = (self.sort.column, self.sort.run);
        let score = if ranked { score(&SkimMatcherV2::default(), &row, &letters) } else { 0 };
        let key = sort.map(|column| look.sort_key(&row, column));
        let Some(shown) = &mut self.shown else { return };
        let after = |other: &(i64, R)| {
            let by_order = match sort {
                None => run.apply(other.1.order(&row)),
                Some(column) => {
                    run.apply(Some(look.sort_key(&other.1, column)).cmp(&key)).then_with(|| other.1.order(&row))
                }
            };
            score.cmp(&other.0).then(by_order)
        };
        let at = shown.partition_point(|it| after(it).is_lt());
        shown.insert(at, (score, row));
    }
}

fn score<R: Filtered>(matcher: &SkimMatcherV2, row: &R, letters: &str) -> i64 {
    matcher.fuzzy_match(&row.words().concat(), letters).unwrap_or(i64::MIN)
}
