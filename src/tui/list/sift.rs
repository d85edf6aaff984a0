//! A filter that is being applied, in steps: the rows that were shown stay until all have been looked at.
//!
//! ```text
//! a key ──begin──► look at the rows ──► rank those that match ──► show them
//!                  └───── as long as the pace says, then again after the next key ─────┘
//! ```
//!
//! Ranking 10,000 names takes longer than a key may wait, so the screen does a few milliseconds of it at a time; a
//! key in between begins anew. In how many steps it was done is not to be seen in what is shown.

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

use super::{Row, RowList, SeenFrom};
use crate::ask::filter::{Filter, Filtered};

/// Above this many matches the pane's order stays: nobody reads a ranking of 50,000 (CONTRACT §6).
pub(super) const RANKED: usize = 10_000;

/// So many rows are looked at, or ranked, before the pace is asked again.
const LOOKED: usize = 1_024;
const SCORED: usize = 128;

/// Says whether there is time for another step.
pub type HasTime<'a> = &'a mut dyn FnMut() -> bool;

/// Which rows a filter is applied to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Candidates {
    All,
    /// Those that are shown: typing on narrows.
    Shown,
}

/// A filter, as far as it has been applied.
#[derive(Clone, Debug)]
pub(super) struct Sift<R> {
    pub filter: Filter,
    source: Candidates,
    /// How many rows have been looked at.
    looked: usize,
    kept: Vec<(i64, R)>,
    /// How many of those that were kept have their score.
    scored: usize,
}

impl<R> Sift<R> {
    pub(super) fn of(filter: Filter, source: Candidates) -> Self {
        Self { filter, source, looked: 0, kept: Vec::new(), scored: 0 }
    }
}

impl<R: Row> RowList<R> {
    /// Begins to let other rows through; [`RowList::sift`] goes on with it.
    pub fn begin(&mut self, filter: Filter) {
        let is_narrower = self.shown.is_some() && filter.narrows(&self.filter);
        let source = if is_narrower { Candidates::Shown } else { Candidates::All };
        self.sift = Some(Box::new(Sift::of(filter, source)));
    }

    /// Goes on with what was begun; whether nothing is left to do.
    pub fn sift(&mut self, look: &impl SeenFrom<R>, pace: HasTime<'_>) -> bool {
        let Some(mut sift) = self.sift.take() else { return true };
        if !self.advance(&mut sift, look, pace) {
            self.sift = Some(sift);
            return false;
        }
        let selected = self.selected().cloned();
        self.put(*sift);
        // What the filter took away leaves the best match in its place, not whatever stands in its row now.
        let kept = selected.filter(|it| self.passes(it, look));
        self.go(kept.and_then(|it| self.place_of(&it)).unwrap_or(0));
        true
    }

    /// Whether a filter is still being applied.
    pub fn is_sifting(&self) -> bool {
        self.sift.is_some()
    }

    /// Lets other rows through at once.
    pub fn filter_by(&mut self, filter: Filter, look: &impl SeenFrom<R>) {
        self.begin(filter);
        self.sift(look, &mut || true);
    }

    /// Looks at rows, then ranks them, as long as the pace says; whether all is done.
    pub(super) fn advance(&self, sift: &mut Sift<R>, look: &impl SeenFrom<R>, pace: HasTime<'_>) -> bool {
        if sift.filter.is_empty() {
            return true;
        }
        let rows = if sift.source == Candidates::Shown { self.len() } else { self.all.len() };
        while sift.looked < rows {
            if !pace() {
                return false;
            }
            let next = (sift.looked + LOOKED).min(rows);
            let seen = (sift.looked..next).filter_map(|at| match sift.source {
                Candidates::All => self.all.get(at),
                Candidates::Shown => self.row(at),
            });
            let passing = seen.filter(|it| sift.filter.passes(*it, look));
            sift.kept.extend(passing.map(|it| (0, it.clone())));
            sift.looked = next;
        }
        rank(sift, pace)
    }

    /// Shows what a filter let through.
    pub(super) fn put(&mut self, sift: Sift<R>) {
        let Sift { filter, mut kept, .. } = sift;
        kept.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.shown = (!filter.is_empty()).then_some(kept);
        self.filter = filter;
    }
}

/// Ranks what was kept, where it is few and letters were typed; whether that is done.
fn rank<R: Filtered>(sift: &mut Sift<R>, pace: HasTime<'_>) -> bool {
    let letters = sift.filter.letters();
    if letters.is_empty() || sift.kept.len() > RANKED {
        return true;
    }
    let mut ranker = Ranker::of(letters);
    while sift.scored < sift.kept.len() {
        if !pace() {
            return false;
        }
        let next = (sift.scored + SCORED).min(sift.kept.len());
        sift.kept[sift.scored..next].iter_mut().for_each(|(score, row)| *score = ranker.score(row));
        sift.scored = next;
    }
    true
}

/// Says how well names match.
pub(super) struct Ranker {
    matcher: SkimMatcherV2,
    letters: String,
    name: String,
}

impl Ranker {
    pub(super) fn of(letters: String) -> Self {
        Self { matcher: SkimMatcherV2::default(), letters, name: String::new() }
    }

    pub(super) fn score(&mut self, row: &impl Filtered) -> i64 {
        self.name.clear();
        row.words().iter().for_each(|it| self.name.push_str(it));
        self.matcher.fuzzy_match(&self.name, &self.letters).unwrap_or(i64::MIN)
    }
}
