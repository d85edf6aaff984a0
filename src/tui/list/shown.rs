//! The rows that pass the filter: all of them without one, the best match first while few match.
//!
//! What a filter says and how it is written is [`crate::ask::filter`]'s; how it is applied stands in `sift`.

use super::sift::{Candidates, RANKED, Ranker, Sift};
use super::{ListOrder, Row, RowList, SeenFrom};
use crate::ask::filter::Filter;

impl<R: Row> RowList<R> {
    /// The filter that is in force.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether rows are ranked by how well they match rather than sorted.
    pub fn is_ranked(&self) -> bool {
        !self.filter.letters().is_empty() && self.len() <= RANKED
    }

    pub(super) fn passes(&self, row: &R, look: &impl SeenFrom<R>) -> bool {
        self.filter.passes(row, look)
    }

    /// Looks at all rows anew.
    pub(super) fn refilter(&mut self, look: &impl SeenFrom<R>) {
        // What was being applied is in force from here on.
        let filter = self.sift.take().map_or_else(|| std::mem::take(&mut self.filter), |it| it.filter);
        let mut sift = Sift::of(filter, Candidates::All);
        self.advance(&mut sift, look, &mut || true);
        self.put(sift);
    }

    /// Puts one more row among those that are shown, where its score or the order puts it.
    pub(super) fn insert_shown(&mut self, row: R, look: &impl SeenFrom<R>) {
        let (ranked, letters) = (self.is_ranked(), self.filter.letters());
        let ListOrder { by, run } = self.sort;
        let score = if ranked { Ranker::of(letters).score(&row) } else { 0 };
        let key = look.sort_key(&row, by);
        let Some(shown) = &mut self.shown else { return };
        let after = |other: &(i64, R)| {
            let by_order = match key {
                None => run.apply(other.1.order(&row)),
                Some(_) => run.apply(look.sort_key(&other.1, by).cmp(&key)).then_with(|| other.1.order(&row)),
            };
            score.cmp(&other.0).then(by_order)
        };
        let at = shown.partition_point(|it| after(it).is_lt());
        shown.insert(at, (score, row));
    }
}
