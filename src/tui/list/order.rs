//! The order that rows stand in: by a column or in the pane's own, and where in it one row stands.
//!
//! What a column sorts by is asked of the [`Look`]; which rows pass is for [`super::shown`] to say.

use super::{Given, List, Look, Placed, Row, Sort};

impl<R: Row> List<R> {
    /// Sorts by another column, or the other way.
    pub fn sort_by(&mut self, sort: Sort, look: &impl Look<R>) {
        self.sort = sort;
        self.arrange(look);
    }

    /// Sorts everything by what the sort says now, and filters it.
    pub fn arrange(&mut self, look: &impl Look<R>) {
        let run = self.sort.run;
        match self.sort.column {
            None => {
                for it in &mut self.all {
                    it.key = None;
                }
                // Filled in order as a rule, and then this is one pass.
                if self.given == Given::Unordered {
                    self.all.sort_by(|a, b| run.apply(a.row.order(&b.row)));
                }
            }
            Some(column) => {
                for it in &mut self.all {
                    it.key = Some(Box::new(look.sort_key(&it.row, column)));
                }
                self.all.sort_by(|a, b| run.apply(a.key.cmp(&b.key)).then_with(|| a.row.order(&b.row)));
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
        let is_in_order = self.sort.column.is_none() && self.given == Given::Unordered;
        match &self.shown {
            Some(shown) if is_in_order && !self.is_ranked() => shown.binary_search_by(|it| order(&it.1)).ok(),
            Some(shown) => shown.iter().position(|it| is_it(&it.1)),
            None if is_in_order => self.all.binary_search_by(|it| order(&it.row)).ok(),
            None => self.all.iter().position(|it| is_it(&it.row)),
        }
    }

    /// Where a row stands among all; what it is sorted by may have changed with what surrounds it.
    pub(super) fn locate(&self, row: &R, look: &impl Look<R>) -> Option<usize> {
        let run = self.sort.run;
        let found = match self.sort.column {
            None if self.given == Given::Unordered => {
                return self.all.binary_search_by(|it| run.apply(it.row.order(row))).ok();
            }
            None => None,
            Some(column) => {
                let key = Some(Box::new(look.sort_key(row, column)));
                let place = |it: &Placed<R>| run.apply(it.key.cmp(&key)).then_with(|| it.row.order(row));
                self.all.binary_search_by(place).ok()
            }
        };
        found.or_else(|| self.all.iter().position(|it| it.row.order(row).is_eq()))
    }
}
