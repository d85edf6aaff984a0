//! The one list: rows in an order, a filter over them, a selection that holds the object and never the row.
//!
//! ```text
//! all    every row in the pane's order, kept sorted as the cluster changes
//! shown  those that pass the filter, best match first while few match
//! at     where the selected object stands; `top` the first row on the screen
//! ```
//!
//! Only the rows on the screen are built, so a frame costs the same with ten rows and with 150,000. One change
//! moves one row; many at once sort anew. Nothing here draws; [`super::panes`] does.
//!
//! What it does stands in a file each: `order`, `shown`, `sift`, `change`, `selection`, `marks`.

mod change;
mod marks;
mod order;
mod selection;
mod shown;
mod sift;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::ask::filter::{Cells, Filter};
use crate::ask::listing::{Row, RowOrder, SortKey};

pub use sift::HasTime;

/// Which way a list runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ListDirection {
    #[default]
    Up,
    Down,
}

impl ListDirection {
    /// The other way.
    pub fn inverted(self) -> Self {
        if self == ListDirection::Up { ListDirection::Down } else { ListDirection::Up }
    }

    /// An order, as it runs.
    pub fn apply(self, order: Ordering) -> Ordering {
        if self == ListDirection::Up { order } else { order.reverse() }
    }
}

/// What a list is sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SortBy {
    /// The pane's own order.
    #[default]
    Name,
    /// The greatest risk first.
    Risk,
    /// An index into the pane's columns.
    Column(usize),
}

/// What a list is sorted by, and which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ListOrder {
    pub by: SortBy,
    pub run: ListDirection,
}

/// How a row is looked at from outside: its sort keys and its cells.
pub trait SeenFrom<R>: Cells<R> {
    /// What a row is sorted by; `None`: the pane's own order.
    fn sort_key(&self, row: &R, by: SortBy) -> Option<SortKey>;
}

/// Rows in an order, with a filter, a selection, and marks.
#[derive(Clone, Debug)]
pub struct RowList<R: Row> {
    all: Vec<R>,
    /// What each row of `all` is sorted by; empty in the pane's own order, where rows are most.
    keys: Vec<SortKey>,
    /// Indices are no use here since rows move: the rows themselves, with their score. `None`: all of them.
    shown: Option<Vec<(i64, R)>>,
    filter: Filter,
    /// Another filter that is not in force yet.
    sift: Option<Box<sift::Sift<R>>>,
    sort: ListOrder,
    given: RowOrder,
    selected: Option<R::Key>,
    at: usize,
    top: usize,
    marks: BTreeSet<R::Key>,
}

impl<R: Row> Default for RowList<R> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            keys: Vec::new(),
            shown: None,
            filter: Filter::default(),
            sift: None,
            sort: ListOrder::default(),
            given: RowOrder::Unordered,
            selected: None,
            at: 0,
            top: 0,
            marks: BTreeSet::new(),
        }
    }
}

impl<R: Row> RowList<R> {
    /// Every row, shown or not.
    pub fn all(&self) -> impl Iterator<Item = &R> {
        self.all.iter()
    }

    /// How many rows there are in all.
    pub fn total(&self) -> usize {
        self.all.len()
    }

    /// How many rows pass the filter.
    pub fn len(&self) -> usize {
        self.shown.as_ref().map_or(self.all.len(), Vec::len)
    }

    /// Whether no row passes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row that stands there.
    pub fn row(&self, at: usize) -> Option<&R> {
        match &self.shown {
            Some(shown) => shown.get(at).map(|(_, row)| row),
            None => self.all.get(at),
        }
    }

    /// What it is sorted by.
    pub fn sort(&self) -> ListOrder {
        self.sort
    }

    /// What it is to be sorted by when it is filled next.
    pub fn turn(&mut self, sort: ListOrder) {
        self.sort = sort;
    }

    /// Puts other rows in the place of all.
    pub fn fill(&mut self, rows: Vec<R>, given: RowOrder, look: &impl SeenFrom<R>) {
        self.given = given;
        self.all = rows;
        self.arrange(look);
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use super::*;
    use crate::ask::filter::{Filtered, Pieces};
    use crate::model::name::Name;

    /// A row that is named by its number and has a value.
    #[derive(Clone, PartialEq, Eq, Debug)]
    struct Thing(u32, String, u64);

    impl Filtered for Thing {
        fn words(&self) -> Pieces<'_> {
            [&self.1, "", "", "", ""]
        }
        fn label(&self, _: &str) -> Option<Cow<'_, Name>> {
            None
        }
    }

    impl Row for Thing {
        type Key = u32;
        fn key(&self) -> u32 {
            self.0
        }
        fn order(&self, other: &Self) -> Ordering {
            self.0.cmp(&other.0)
        }
    }

    struct Plainly;

    impl SeenFrom<Thing> for Plainly {
        fn sort_key(&self, row: &Thing, by: SortBy) -> Option<SortKey> {
            (by != SortBy::Name).then_some(SortKey::Number(row.2))
        }
    }

    impl Cells<Thing> for Plainly {
        fn cell(&self, row: &Thing, _: &str) -> Option<String> {
            Some(row.2.to_string())
        }
        fn any_holds(&self, row: &Thing, word: &str) -> bool {
            row.2.to_string().contains(word)
        }
    }

    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }
    }

    type Moves = Vec<(Option<Thing>, Option<Thing>)>;

    /// Things that come, change and go, some of them several times in one batch.
    fn batch(dice: &mut Dice, things: &mut BTreeMap<u32, Thing>, n: u64) -> Moves {
        let moves = (0..n).map(|_| {
            let id = dice.roll(900) as u32;
            let after = (dice.roll(4) > 0).then(|| Thing(id, format!("t{id}"), dice.roll(3)));
            let before = match &after {
                Some(after) => things.insert(id, after.clone()),
                None => things.remove(&id),
            };
            (before, after)
        });
        moves.collect()
    }

    fn rows(list: &RowList<Thing>) -> Vec<Thing> {
        (0..list.len()).filter_map(|at| list.row(at)).cloned().collect()
    }

    /// A list that followed changes shows what one that was filled after them does, and the same row is selected.
    #[test]
    fn following_changes_is_filling_anew() {
        for seed in 0..60 {
            let mut dice = Dice(seed);
            let (mut list, mut things) = (RowList::default(), BTreeMap::new());
            list.fill(Vec::new(), RowOrder::Unordered, &Plainly);
            let run = if dice.roll(2) == 0 { ListDirection::Up } else { ListDirection::Down };
            let by = [SortBy::Name, SortBy::Risk, SortBy::Column(0)][dice.roll(3) as usize];
            let sort = ListOrder { by, run };
            list.sort_by(sort, &Plainly);
            let filter = Filter::parse(["", "t1", "value=1", "value!=1 ~t"][dice.roll(4) as usize]);
            list.filter_by(filter.clone(), &Plainly);
            for _ in 0..12 {
                let size = [1, 5, 40, 700][dice.roll(4) as usize];
                list.go(dice.roll(900) as usize);
                let selected = list.selected().cloned();
                list.change(&batch(&mut dice, &mut things, size), &Plainly);
                let mut anew: RowList<Thing> = RowList::default();
                anew.fill(things.values().cloned().collect(), RowOrder::Unordered, &Plainly);
                anew.sort_by(sort, &Plainly);
                anew.filter_by(filter.clone(), &Plainly);
                assert_eq!(rows(&list), rows(&anew), "seed {seed}: {sort:?} {filter:?}");
                let still = selected.filter(|it| rows(&anew).iter().any(|row| row.0 == it.0));
                assert!(still.is_none_or(|it| list.selected().is_some_and(|row| row.0 == it.0)), "seed {seed}");
            }
        }
    }

    /// A filter applied in steps shows the old rows until it is done, and then what one applied at once does,
    /// whatever came in between.
    #[test]
    fn a_filter_in_steps_is_one_at_once() {
        for seed in 0..40 {
            let mut dice = Dice(seed);
            let (mut list, mut things) = (RowList::default(), BTreeMap::new());
            batch(&mut dice, &mut things, 5_000);
            list.fill(things.values().cloned().collect(), RowOrder::Unordered, &Plainly);
            list.go(dice.roll(900) as usize);
            let mut at_once = list.clone();
            for _ in 0..6 {
                let filter = Filter::parse(["", "~t", "t1", "t12", "value=1 ~t"][dice.roll(5) as usize]);
                let before = rows(&list);
                list.begin(filter.clone());
                let mut steps = dice.roll(3);
                let done = list.sift(&Plainly, &mut || {
                    steps = steps.saturating_sub(1);
                    steps > 0
                });
                assert!(done || rows(&list) == before, "seed {seed}: the old rows stay");
                at_once.filter_by(filter, &Plainly);
                match dice.roll(3) {
                    0 => list.arrange(&Plainly),
                    1 => {
                        let moves = batch(&mut dice, &mut things, 300);
                        list.change(&moves, &Plainly);
                        at_once.change(&moves, &Plainly);
                    }
                    _ => assert!(list.sift(&Plainly, &mut || true)),
                }
                assert!(!list.is_sifting());
                assert_eq!(rows(&list), rows(&at_once), "seed {seed}");
            }
        }
    }

    /// What filters take away row by row is what they take away at once.
    #[test]
    fn typing_on_shows_what_the_whole_word_does() {
        let mut dice = Dice(7);
        let mut things = BTreeMap::new();
        batch(&mut dice, &mut things, 2_000);
        let filled = || {
            let mut list: RowList<Thing> = RowList::default();
            list.fill(things.values().cloned().collect(), RowOrder::Unordered, &Plainly);
            list.go(300);
            list
        };
        let (mut typed, mut whole) = (filled(), filled());
        ["t", "t1", "t12"].iter().for_each(|it| typed.filter_by(Filter::parse(it), &Plainly));
        whole.filter_by(Filter::parse("t12"), &Plainly);
        assert_eq!(rows(&typed), rows(&whole));
    }
}
