//! The order that rows stand in: by a column or in the pane's own, and where in it one row stands.
//!
//! What a column sorts by is asked of the [`SeenFrom`]; which rows pass is for [`super::shown`] to say.

use std::cmp::Ordering;

use super::{ListOrder, Row, RowList, RowOrder, SeenFrom, SortBy, SortKey};

impl<R: Row> RowList<R> {
    /// Sorts by another column, or the other way.
    pub fn sort_by(&mut self, sort: ListOrder, look: &impl SeenFrom<R>) {
        self.sort = sort;
        self.arrange(look);
    }

    /// Sorts everything by what the sort says now, and filters it.
    pub fn arrange(&mut self, look: &impl SeenFrom<R>) {
        let run = self.sort.run;
        match self.sort.by {
            SortBy::Name => {
                self.keys = Vec::new();
                // Filled in order as a rule, and then this is one pass.
                if self.given == RowOrder::Unordered {
                    self.all.sort_by(|a, b| run.apply(a.order(b)));
                }
            }
            by => {
                let rows = std::mem::take(&mut self.all).into_iter();
                let key = |it: &R| look.sort_key(it, by).unwrap_or(SortKey::Number(0));
                let mut keyed: Vec<(SortKey, R)> = rows.map(|it| (key(&it), it)).collect();
                keyed.sort_by(|a, b| run.apply(a.0.cmp(&b.0)).then_with(|| a.1.order(&b.1)));
                (self.keys, self.all) = keyed.into_iter().unzip();
            }
        }
        self.refilter(look);
        self.find();
    }

    /// Where a row stands: in the pane's own order it is searched for, in any other it is looked for.
    pub(super) fn place_of(&self, wanted: &R) -> Option<usize> {
        let run = self.sort.run;
        let order = |it: &R| run.apply(it.order(wanted));
        let is_it = |it: &R| it.order(wanted).is_eq();
        let is_in_order = self.sort.by == SortBy::Name && self.given == RowOrder::Unordered;
        match &self.shown {
            Some(shown) if is_in_order && !self.is_ranked() => shown.binary_search_by(|it| order(&it.1)).ok(),
            Some(shown) => shown.iter().position(|it| is_it(&it.1)),
            None if is_in_order => self.all.binary_search_by(order).ok(),
            None => self.all.iter().position(is_it),
        }
    }

    /// Where a row stands among all; what it is sorted by may have changed with what surrounds it.
    pub(super) fn locate(&self, row: &R, look: &impl SeenFrom<R>) -> Option<usize> {
        let run = self.sort.run;
        let found = match look.sort_key(row, self.sort.by) {
            None if self.given == RowOrder::Unordered => {
                return self.all.binary_search_by(|it| run.apply(it.order(row))).ok();
            }
            None => None,
            Some(key) => self.search(row, Some(&key)).ok(),
        };
        found.or_else(|| self.all.iter().position(|it| it.order(row).is_eq()))
    }

    /// Where a row with this key stands among all, or would.
    pub(super) fn search(&self, row: &R, key: Option<&SortKey>) -> Result<usize, usize> {
        let run = self.sort.run;
        let Some(key) = key else { return self.all.binary_search_by(|it| run.apply(it.order(row))) };
        let place = |at: usize| -> Ordering { run.apply(self.keys[at].cmp(key)).then_with(|| self.all[at].order(row)) };
        let (mut low, mut high) = (0, self.all.len());
        while low < high {
            let middle = low.midpoint(high);
            match place(middle) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }
}
