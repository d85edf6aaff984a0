//! The rows of a pane under their columns: sorted, filtered, marked and drawn.
//!
//! What the rows are and what stands in a cell is each pane's own table.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;

use super::list::{List, Look, Pace, Run, Sort};
use super::paint::{self, Focus, Slot};
use super::panes::{Frame, Pane};
use super::theme::{Role, Theme};
use crate::ask::filter::Filter;
use crate::ask::item::Item;
use crate::ask::listing::{Column, Listing, Row, SortKey, Sorts};
use crate::ask::scope::View;
use crate::model::cluster::Change;

/// A pane's list and columns.
pub struct Table<R: Row + 'static> {
    list: List<R>,
    listing: &'static Listing<R>,
    /// Columns that the operator does not want to see.
    hidden: BTreeSet<usize>,
    /// Why there is nothing, when there is nothing.
    empty: fn(View<'_>) -> String,
    /// What its heading says besides.
    around: fn(View<'_>) -> Around,
}

/// What stands in a heading before the count of rows, and behind it.
#[derive(Default)]
pub struct Around {
    pub before: String,
    pub behind: String,
}

struct Seen<'a, R: Row + 'static> {
    view: View<'a>,
    listing: &'static Listing<R>,
}

impl<R: Row> Look<R> for Seen<'_, R> {
    fn sort_key(&self, row: &R, column: usize) -> SortKey {
        self.listing.columns[column].sort_key(row, self.view)
    }

    fn cell(&self, row: &R, title: &str) -> Option<String> {
        self.listing.cell(row, title, self.view)
    }
}

impl<R: Row> Table<R> {
    /// The pane of a list, with what it says when it is empty.
    pub fn of(listing: &'static Listing<R>, empty: fn(View<'_>) -> String) -> Self {
        Self { list: List::default(), listing, hidden: BTreeSet::new(), empty, around: |_| Around::default() }
    }

    /// The same, with more in its heading.
    pub fn headed(self, around: fn(View<'_>) -> Around) -> Self {
        Self { around, ..self }
    }

    fn seen<'a>(&self, view: View<'a>) -> Seen<'a, R> {
        Seen { view, listing: self.listing }
    }

    /// The columns that fit, each with its width.
    fn fitting(&self, width: u16, shift: usize) -> Vec<(&Column<R>, u16)> {
        let Some((first, others)) = self.listing.columns.split_first() else { return Vec::new() };
        let mut left = width.saturating_sub(first.width);
        let mut shown = vec![(first, 0)];
        let wanted = others.iter().enumerate().filter(|(at, _)| !self.hidden.contains(&(at + 1)));
        for (_, column) in wanted.skip(shift) {
            if column.width + 1 > left {
                break;
            }
            left -= column.width + 1;
            shown.push((column, column.width));
        }
        shown[0].1 = (first.width + left).min(width);
        shown
    }

    fn draw_header(&self, buffer: &mut Buffer, slot: Slot, columns: &[(&Column<R>, u16)], theme: Theme) {
        let style = theme.style(Role::Dim);
        let mut slot = slot.after(1);
        for (column, width) in columns {
            paint::put(buffer, Slot { width: (*width).min(slot.width), ..slot }, column.title, style, theme);
            slot = slot.after(width + 1);
        }
    }

    fn draw_row(&self, buffer: &mut Buffer, slot: Slot, at: usize, columns: &[(&Column<R>, u16)], look: RowLook<'_>) {
        let Some(row) = self.list.row(at) else { return };
        let is_selected = at == self.list.at();
        let sign = match (is_selected, self.list.is_marked(row)) {
            (true, true) => "#",
            (true, false) => ">",
            (false, true) => "*",
            (false, false) => " ",
        };
        let theme = look.theme;
        paint::put(buffer, slot, sign, theme.style(Role::Title), theme);
        let mut rest = slot.after(1);
        for (number, (column, width)) in columns.iter().enumerate() {
            let cell = (column.cell)(row, look.view);
            let slot = Slot { width: (*width).min(rest.width), ..rest };
            let put = if number == 0 { paint::put_name } else { paint::put };
            put(buffer, slot, &cell.text, theme.style(cell.tone.into()), theme);
            rest = rest.after(width + 1);
        }
        if is_selected && look.focus == Focus::Here {
            paint::restyle(buffer, slot, theme.selected());
        }
    }

    fn heading(&self, frame: Frame<'_>, view: View<'_>) -> String {
        let (shown, total) = (self.list.len(), self.list.total());
        let mut heading = format!("[{}] {}", frame.number, frame.title);
        let around = (self.around)(view);
        heading.push_str(&around.before);
        heading.push_str(&if shown == total { format!(" {total}") } else { format!(" {shown}/{total}") });
        heading.push_str(&around.behind);
        if let Some(column) = self.list.sort().column {
            let run = if self.list.sort().run == Run::Up { "+" } else { "-" };
            heading.push_str(&format!(" by {}{run}", self.listing.columns[column].title.to_lowercase()));
        }
        heading
    }
}

#[derive(Clone, Copy)]
struct RowLook<'a> {
    view: View<'a>,
    focus: Focus,
    theme: Theme,
}

impl<R: Row> Pane for Table<R> {
    fn count(&self) -> (usize, usize) {
        (self.list.len(), self.list.total())
    }
    fn at(&self) -> usize {
        self.list.at()
    }
    fn top(&self) -> usize {
        self.list.top()
    }
    fn titles(&self) -> Vec<&'static str> {
        self.listing.columns.iter().map(|it| it.title).collect()
    }
    fn hides(&self, column: usize) -> bool {
        self.hidden.contains(&column)
    }
    fn hide(&mut self, column: usize) {
        if column > 0 && !self.hidden.remove(&column) {
            self.hidden.insert(column);
        }
    }
    fn sort(&self) -> Sort {
        self.list.sort()
    }
    fn sort_by(&mut self, sort: Sort, view: View<'_>) {
        let column = sort.column.filter(|it| !matches!(self.listing.columns[*it].sorts, Sorts::Naturally));
        let seen = self.seen(view);
        self.list.sort_by(Sort { column, ..sort }, &seen);
    }
    fn filter_by(&mut self, filter: Filter) {
        self.list.begin(filter);
    }
    fn sift(&mut self, view: View<'_>, pace: Pace<'_>) -> bool {
        let seen = self.seen(view);
        self.list.sift(&seen, pace)
    }
    fn is_sifting(&self) -> bool {
        self.list.is_sifting()
    }
    fn fill(&mut self, view: View<'_>) {
        let (rows, given) = (self.listing.rows)(view);
        let seen = self.seen(view);
        self.list.fill(rows, given, &seen);
    }
    fn change(&mut self, changes: &[Change], view: View<'_>) {
        let moves: Option<Vec<_>> = changes.iter().map(|it| (self.listing.moves)(it, view)).collect();
        match moves {
            Some(moves) => {
                let moves: Vec<_> = moves.into_iter().flatten().collect();
                let seen = self.seen(view);
                self.list.change(&moves, &seen);
            }
            None => self.fill(view),
        }
    }
    fn go(&mut self, at: usize) {
        self.list.go(at);
    }
    fn select(&mut self, item: &Item) -> bool {
        (self.listing.key)(item).is_some_and(|key| self.list.select(&key))
    }
    fn settle(&mut self, rows: usize) {
        self.list.settle(rows);
    }
    fn selected(&self) -> Option<Item> {
        self.list.selected().map(self.listing.item)
    }
    fn marked(&self) -> Vec<Item> {
        self.list.marked().iter().map(self.listing.item).collect()
    }
    fn mark(&mut self) {
        self.list.mark();
    }
    fn mark_range(&mut self) {
        self.list.mark_range();
    }
    fn unmark(&mut self) -> bool {
        self.list.unmark()
    }
    fn on_screen_from(&self, top: usize, rows: usize) -> Vec<Item> {
        (top..top + rows).map_while(|at| self.list.row(at)).map(self.listing.item).collect()
    }
    fn draw(&self, buffer: &mut Buffer, frame: Frame<'_>, view: View<'_>) {
        let inner = paint::frame(buffer, frame.area, &self.heading(frame, view), frame.focus, frame.theme);
        if inner.is_empty() {
            return;
        }
        let columns = self.fitting(inner.width.saturating_sub(1), frame.shift);
        self.draw_header(buffer, Slot::row(inner, 0), &columns, frame.theme);
        if self.list.is_empty() {
            let words = if self.list.total() > 0 { "nothing passes the filter".into() } else { (self.empty)(view) };
            let style = frame.theme.style(Role::Dim);
            for (row, line) in paint::wrap(&words, usize::from(inner.width).saturating_sub(2)).into_iter().enumerate() {
                paint::put(buffer, Slot::row(inner, row as u16 + 1).after(1), line, style, frame.theme);
            }
        }
        let look = RowLook { view, focus: frame.focus, theme: frame.theme };
        for row in 1..inner.height {
            let at = self.list.top() + usize::from(row) - 1;
            self.draw_row(buffer, Slot::row(inner, row), at, &columns, look);
        }
    }
}
