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

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

use super::filter::{Filter, Filtered};
use crate::model::address::canonical;

/// Above this many matches the pane's order stays: nobody reads a ranking of 50,000 (CONTRACT §6).
const RANKED: usize = 10_000;
/// A batch of more changes than this sorts anew instead of moving rows one by one.
const FEW: usize = 256;

/// What a column sorts by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SortKey {
    Number(u64),
    Text(String),
    Address(Option<std::net::IpAddr>),
}

impl SortKey {
    /// An address in its canonical form.
    pub fn address(address: Option<std::net::IpAddr>) -> Self {
        SortKey::Address(address.map(canonical))
    }
}

/// One row: cheap to clone, ordered by its identity.
pub trait Row: Clone + Filtered {
    /// What names its object.
    type Key: Clone + Ord;
    /// What names this row's object.
    fn key(&self) -> Self::Key;
    /// The default order; equal only for the same object.
    fn order(&self, other: &Self) -> Ordering;
}

/// Which way a list runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Run {
    #[default]
    Up,
    Down,
}

impl Run {
    /// The other way.
    pub fn inverted(self) -> Self {
        if self == Run::Up { Run::Down } else { Run::Up }
    }

    fn apply(self, order: Ordering) -> Ordering {
        if self == Run::Up { order } else { order.reverse() }
    }
}

/// What a list is sorted by: a column, or the pane's own order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sort {
    /// An index into the pane's columns.
    pub column: Option<usize>,
    pub run: Run,
}

/// Whether rows were handed over in an order that means something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Given {
    /// They are put in their own order.
    Unordered,
    /// They stay as they are (policies in their order of evaluation), unless the operator sorts them.
    InOrder,
}

/// How a row is looked at from outside: its sort keys and its cells.
pub trait Look<R> {
    /// What a column sorts a row by.
    fn sort_key(&self, row: &R, column: usize) -> SortKey;
    /// The text of the column with this title, lower case.
    fn cell(&self, row: &R, title: &str) -> Option<String>;
}

/// A row with the key it was sorted by; no key in the pane's own order.
#[derive(Clone, Debug)]
struct Placed<R> {
    /// In a box, so that a row that has none is no larger for it.
    key: Option<Box<SortKey>>,
    row: R,
}

/// Rows in an order, with a filter, a selection, and marks.
#[derive(Clone, Debug)]
pub struct List<R: Row> {
    all: Vec<Placed<R>>,
    /// Indices are no use here since rows move: the rows themselves, with their score. `None`: all of them.
    shown: Option<Vec<(i64, R)>>,
    filter: Filter,
    sort: Sort,
    given: Given,
    selected: Option<R::Key>,
    at: usize,
    top: usize,
    marks: BTreeSet<R::Key>,
}

impl<R: Row> Default for List<R> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            shown: None,
            filter: Filter::default(),
            sort: Sort::default(),
            given: Given::Unordered,
            selected: None,
            at: 0,
            top: 0,
            marks: BTreeSet::new(),
        }
    }
}

impl<R: Row> List<R> {
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
            None => self.all.get(at).map(|it| &it.row),
        }
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&R> {
        self.row(self.at)
    }

    /// Where the selected row stands.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The first row on the screen.
    pub fn top(&self) -> usize {
        self.top
    }

    /// What it is sorted by.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// Whether rows are ranked by how well they match rather than sorted.
    pub fn is_ranked(&self) -> bool {
        !self.filter.letters().is_empty() && self.len() <= RANKED
    }

    /// Whether this object is marked.
    pub fn is_marked(&self, row: &R) -> bool {
        !self.marks.is_empty() && self.marks.contains(&row.key())
    }

    /// The marked rows, in their order on the screen.
    pub fn marked(&self) -> Vec<R> {
        if self.marks.is_empty() {
            return Vec::new();
        }
        (0..self.len()).filter_map(|at| self.row(at)).filter(|it| self.is_marked(it)).cloned().collect()
    }

    /// Marks the selected object, or takes its mark away.
    pub fn mark(&mut self) {
        if let Some(key) = self.selected().map(Row::key)
            && !self.marks.remove(&key)
        {
            self.marks.insert(key);
        }
    }

    /// Marks everything between the mark that stands nearest and the selected row.
    pub fn mark_range(&mut self) {
        let marked = (0..self.len()).filter(|at| self.row(*at).is_some_and(|it| self.is_marked(it)));
        let start = marked.min_by_key(|it| it.abs_diff(self.at)).unwrap_or(self.at);
        let range = start.min(self.at)..=start.max(self.at);
        let keys: Vec<R::Key> = range.filter_map(|at| self.row(at)).map(Row::key).collect();
        self.marks.extend(keys);
    }

    /// Takes all marks away and says whether there were some.
    pub fn unmark(&mut self) -> bool {
        !std::mem::take(&mut self.marks).is_empty()
    }

    /// Puts other rows in the place of all.
    pub fn fill(&mut self, rows: Vec<R>, given: Given, look: &impl Look<R>) {
        self.given = given;
        self.all = rows.into_iter().map(|row| Placed { key: None, row }).collect();
        self.arrange(look);
    }

    /// Sorts by another column, or the other way.
    pub fn sort_by(&mut self, sort: Sort, look: &impl Look<R>) {
        self.sort = sort;
        self.arrange(look);
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

    /// Where a row stands: in the pane's own order it is searched for, in any other it is looked for.
    fn place_of(&self, wanted: &R) -> Option<usize> {
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

    /// The filter that is in force.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Takes rows that changed: what stood there before, and what stands there now.
    pub fn change(&mut self, changes: &[(Option<R>, Option<R>)], look: &impl Look<R>) {
        if changes.is_empty() {
            return;
        }
        // Most changes leave a row where it is. What follows one of the others waits with it, for their order counts.
        let (mut moved, mut waiting) = (Vec::new(), BTreeSet::new());
        for (before, after) in changes {
            let key = after.as_ref().or(before.as_ref()).map(Row::key);
            let stays = !key.as_ref().is_some_and(|it| waiting.contains(it));
            if let (Some(before), Some(after), true) = (before, after, stays)
                && self.replace(before, after, look)
            {
                continue;
            }
            waiting.extend(key);
            moved.push((before.clone(), after.clone()));
        }
        if moved.len() > FEW {
            self.change_many(&moved, look);
            return;
        }
        for (before, after) in moved {
            if let Some(before) = before {
                self.take(&before, look);
            }
            if let Some(after) = after {
                self.insert(after, look);
            }
        }
        self.find();
    }

    /// Puts a row in the place of what it was before, if it stays there.
    fn replace(&mut self, before: &R, after: &R, look: &impl Look<R>) -> bool {
        let Some(at) = Some(before).filter(|it| it.order(after).is_eq()).and_then(|it| self.locate(it, look)) else {
            return false;
        };
        if let Some(column) = self.sort.column
            && self.all[at].key.as_deref() != Some(&look.sort_key(after, column))
        {
            return false;
        }
        if self.shown.is_some() {
            let (shown, passes) = (self.place_of(after), self.passes(after, look));
            match (shown, passes, &mut self.shown) {
                (Some(at), true, Some(shown)) => shown[at].1 = after.clone(),
                (None, false, _) => {}
                _ => return false,
            }
        }
        self.all[at].row = after.clone();
        true
    }

    fn change_many(&mut self, changes: &[(Option<R>, Option<R>)], look: &impl Look<R>) {
        // One object may have changed twice in a batch: what it is at last counts.
        let mut last: BTreeMap<R::Key, Option<R>> = BTreeMap::new();
        for (before, after) in changes {
            last.extend(before.as_ref().map(|it| (it.key(), None)));
            last.extend(after.as_ref().map(|it| (it.key(), Some(it.clone()))));
        }
        if changes.iter().any(|it| it.0.is_some()) {
            self.all.retain(|it| !last.contains_key(&it.row.key()));
        }
        let mut new: Vec<Placed<R>> = last.into_values().flatten().map(|row| Placed { key: None, row }).collect();
        new.sort_by(|a, b| a.row.order(&b.row));
        let is_in_order = self.sort == Sort::default() && self.given == Given::Unordered;
        if !is_in_order {
            self.all.sort_by(|a, b| a.row.order(&b.row));
        }
        self.merge(new);
        if is_in_order {
            self.refilter(look);
            self.find();
        } else {
            self.arrange(look);
        }
    }

    /// Takes rows in; both they and what is held are in their own order, so that a search finds what stays together.
    fn merge(&mut self, new: Vec<Placed<R>>) {
        let mut merged = Vec::with_capacity(self.all.len() + new.len());
        let mut held = std::mem::take(&mut self.all).into_iter();
        for it in new {
            let before = held.as_slice().partition_point(|held| held.row.order(&it.row).is_lt());
            merged.extend(held.by_ref().take(before));
            if held.as_slice().first().is_some_and(|held| held.row.order(&it.row).is_eq()) {
                held.next();
            }
            merged.push(it);
        }
        merged.extend(held);
        self.all = merged;
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

    fn passes(&self, row: &R, look: &impl Look<R>) -> bool {
        self.filter.passes(row, |row, title| look.cell(row, title))
    }

    fn refilter(&mut self, look: &impl Look<R>) {
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

    /// Where a row stands among all; what it is sorted by may have changed with what surrounds it.
    fn locate(&self, row: &R, look: &impl Look<R>) -> Option<usize> {
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

    fn take(&mut self, before: &R, look: &impl Look<R>) {
        if let Some(at) = self.locate(before, look) {
            self.all.remove(at);
        }
        if let Some(shown) = &mut self.shown {
            shown.retain(|(_, row)| row.order(before).is_ne());
        }
    }

    fn insert(&mut self, row: R, look: &impl Look<R>) {
        let run = self.sort.run;
        let key = self.sort.column.map(|column| Box::new(look.sort_key(&row, column)));
        let place = |it: &Placed<R>| match &key {
            None => run.apply(it.row.order(&row)),
            Some(_) => run.apply(it.key.cmp(&key)).then_with(|| it.row.order(&row)),
        };
        match self.all.binary_search_by(place) {
            Ok(at) => self.all[at].row = row.clone(),
            Err(at) => self.all.insert(at, Placed { key, row: row.clone() }),
        }
        if self.shown.is_some() && self.passes(&row, look) {
            self.insert_shown(row, look);
        }
    }

    /// Puts one more row among those that are shown, where its score or the order puts it.
    fn insert_shown(&mut self, row: R, look: &impl Look<R>) {
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

    /// Finds the selected object again; if it is gone, what stands in its place is selected.
    fn find(&mut self) {
        let Some(key) = self.selected.clone() else {
            self.at = 0;
            return self.remember();
        };
        if self.row(self.at).is_some_and(|it| it.key() == key) {
            return;
        }
        // Rows move by a few places as a rule: look around before looking everywhere.
        let near = (self.at.saturating_sub(64)..self.at + 64).find(|at| self.is_at(*at, &key));
        let found = near.or_else(|| (0..self.len()).find(|at| self.is_at(*at, &key)));
        match found {
            Some(at) => self.at = at,
            None => {
                self.at = self.at.min(self.len().saturating_sub(1));
                self.remember();
            }
        }
    }

    fn is_at(&self, at: usize, key: &R::Key) -> bool {
        self.row(at).is_some_and(|it| it.key() == *key)
    }

    fn remember(&mut self) {
        if let Some(row) = self.selected() {
            self.selected = Some(row.key());
        }
    }

    /// Selects the row that stands there, or the last one.
    pub fn go(&mut self, at: usize) {
        self.at = at.min(self.len().saturating_sub(1));
        self.remember();
    }

    /// Moves the selection by so many rows.
    pub fn step(&mut self, rows: isize) {
        self.go(self.at.saturating_add_signed(rows));
    }

    /// Selects this object, if it is shown.
    pub fn select(&mut self, key: &R::Key) -> bool {
        let found = (0..self.len()).find(|at| self.is_at(*at, key));
        if let Some(at) = found {
            self.go(at);
        }
        found.is_some()
    }

    /// Keeps the selection on a screen of so many rows, moving it inside the window before the window moves.
    pub fn settle(&mut self, rows: usize) {
        let rows = rows.max(1);
        let last = self.len().saturating_sub(rows);
        self.top = self.top.min(last).min(self.at).max((self.at + 1).saturating_sub(rows));
    }
}

fn score<R: Filtered>(matcher: &SkimMatcherV2, row: &R, letters: &str) -> i64 {
    matcher.fuzzy_match(&row.words().concat(), letters).unwrap_or(i64::MIN)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::labels::Labels;

    /// A row that is named by its number and has a value.
    #[derive(Clone, PartialEq, Eq, Debug)]
    struct Thing(u32, String, u64);

    impl Filtered for Thing {
        fn words(&self) -> [&str; 4] {
            [&self.1, "", "", ""]
        }
        fn labels(&self) -> Option<&Labels> {
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

    impl Look<Thing> for Plainly {
        fn sort_key(&self, row: &Thing, _: usize) -> SortKey {
            SortKey::Number(row.2)
        }
        fn cell(&self, row: &Thing, _: &str) -> Option<String> {
            Some(row.2.to_string())
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

    fn rows(list: &List<Thing>) -> Vec<Thing> {
        (0..list.len()).filter_map(|at| list.row(at)).cloned().collect()
    }

    /// A list that followed changes shows what one that was filled after them does, and the same row is selected.
    #[test]
    fn following_changes_is_filling_anew() {
        for seed in 0..60 {
            let mut dice = Dice(seed);
            let (mut list, mut things) = (List::default(), BTreeMap::new());
            list.fill(Vec::new(), Given::Unordered, &Plainly);
            let run = if dice.roll(2) == 0 { Run::Up } else { Run::Down };
            let sort = Sort { column: (dice.roll(2) == 0).then_some(0), run };
            list.sort_by(sort, &Plainly);
            let filter = Filter::parse(["", "t1", "value=1", "value!=1 t"][dice.roll(4) as usize]);
            list.filter_by(filter.clone(), &Plainly);
            for _ in 0..12 {
                let size = [1, 5, 40, 700][dice.roll(4) as usize];
                list.go(dice.roll(900) as usize);
                let selected = list.selected().cloned();
                list.change(&batch(&mut dice, &mut things, size), &Plainly);
                let mut anew: List<Thing> = List::default();
                anew.fill(things.values().cloned().collect(), Given::Unordered, &Plainly);
                anew.sort_by(sort, &Plainly);
                anew.filter_by(filter.clone(), &Plainly);
                assert_eq!(rows(&list), rows(&anew), "seed {seed}: {sort:?} {filter:?}");
                let still = selected.filter(|it| rows(&anew).iter().any(|row| row.0 == it.0));
                assert!(still.is_none_or(|it| list.selected().is_some_and(|row| row.0 == it.0)), "seed {seed}");
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
            let mut list: List<Thing> = List::default();
            list.fill(things.values().cloned().collect(), Given::Unordered, &Plainly);
            list.go(300);
            list
        };
        let (mut typed, mut whole) = (filled(), filled());
        ["t", "t1", "t12"].iter().for_each(|it| typed.filter_by(Filter::parse(it), &Plainly));
        whole.filter_by(Filter::parse("t12"), &Plainly);
        assert_eq!(rows(&typed), rows(&whole));
    }
}
