//! The rows of a pane under their columns: sorted, filtered, marked and drawn.
//!
//! What the rows are and what stands in a cell is each pane's own table.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;

use super::list::{HasTime, ListDirection, ListOrder, RowList, SeenFrom, SortBy};
use super::paint::{self, FrameFocus, TextSlot};
use super::panes::{Pane, PaneFrame};
use super::theme::{TextRole, Theme};
use crate::ask::filter::Filter;
use crate::ask::item::Item;
use crate::ask::listing::{Column, FilteredRow, Listing, Row, RowOrder, SortKey, Sorts, Stands};
use crate::ask::scope::CellContext;
use crate::model::cluster::FactChange;

/// A pane's list and columns.
pub struct PaneTable<R: Row + 'static> {
    list: RowList<R>,
    listing: &'static Listing<R>,
    /// Columns that the operator does not want to see.
    hidden: BTreeSet<usize>,
    /// The operator said what it is sorted by.
    is_sorted: bool,
    /// The operator chose what is selected.
    is_chosen: bool,
    /// Some kind had not been listed yet when it was filled or changed last.
    is_loading: bool,
    /// How many rows have a problem; `None`: too many rows to ask each.
    problems: Option<usize>,
    /// How wide each column is, and at which end of it its cells stand.
    widths: Vec<Width>,
    /// Why there is nothing, when there is nothing.
    empty: fn(CellContext<'_>) -> String,
    /// What its heading says besides.
    around: fn(CellContext<'_>) -> Around,
}

/// What is known of a column by the rows that were shown since it was filled.
#[derive(Clone, Copy)]
struct Width {
    columns: u16,
    stands: Stands,
}

/// A column that is shown.
struct Shown<'a, R> {
    column: &'a Column<R>,
    width: u16,
    stands: Stands,
}

/// The first columns, which a list does not want to be without.
const FIRST: usize = 3;
/// A cell that is wider is cut: one long value would push all others off the screen.
const WIDEST: u16 = 40;
/// Between two columns: at least, and where there is room.
const GAPS: (u16, u16) = (1, 3);

/// What stands in a heading before the count of rows, and behind it.
#[derive(Default)]
pub struct Around {
    pub before: String,
    pub behind: String,
}

impl<R: Row> SeenFrom<R> for FilteredRow<'_, R> {
    fn sort_key(&self, row: &R, by: SortBy) -> Option<SortKey> {
        match by {
            SortBy::Name => None,
            SortBy::Risk => self.listing.risk.map(|it| it(row, self.view)),
            SortBy::Column(column) => Some(self.listing.columns[column].sort_key(row, self.view)),
        }
    }
}

/// Above this many rows the risk and the problems of all of them are not worked out before the operator asks for it.
const WEIGHED: usize = 5_000;

impl<R: Row> PaneTable<R> {
    /// The pane of a list, with what it says when it is empty.
    pub fn of(listing: &'static Listing<R>, empty: fn(CellContext<'_>) -> String) -> Self {
        let widths = untold(listing);
        let (list, hidden) = (RowList::default(), BTreeSet::new());
        Self {
            list,
            listing,
            hidden,
            is_sorted: false,
            is_chosen: false,
            is_loading: true,
            problems: None,
            widths,
            empty,
            around: |_| Around::default(),
        }
    }

    /// The same, with more in its heading.
    pub fn headed(self, around: fn(CellContext<'_>) -> Around) -> Self {
        Self { around, ..self }
    }

    fn seen<'a>(&self, view: CellContext<'a>) -> FilteredRow<'a, R> {
        FilteredRow { view, listing: self.listing }
    }

    fn count_problems(&mut self, view: CellContext<'_>) {
        let is_few = self.list.total() <= WEIGHED;
        self.problems = is_few.then(|| self.list.all().filter(|it| (self.listing.is_problem)(it, view)).count());
    }

    /// While the cluster is still being listed, a selection that nobody made stays on the first row.
    fn stay_above(&mut self, view: CellContext<'_>) {
        let was_loading = std::mem::replace(&mut self.is_loading, view.world.cluster.coverage.is_loading());
        if !self.is_chosen && (was_loading || self.is_loading) {
            self.list.go(0);
        }
    }

    /// The columns that fit, each with its width, and the gap between them.
    ///
    /// The first is pinned. It gives up the end of long names for the columns that a list does not want to be without,
    /// and for no other.
    fn fitting(&self, width: u16, shift: usize) -> (Vec<Shown<'_, R>>, u16) {
        let all = self.listing.columns.iter().zip(&self.widths).enumerate();
        let mut all = all.map(|(at, (column, it))| (at, Shown { column, width: it.columns, stands: it.stands }));
        let Some((_, mut first)) = all.next() else { return (Vec::new(), GAPS.0) };
        let (whole, least) = (first.width, first.width.min(first.column.width));
        let (mut others, mut taken) = (Vec::new(), 0);
        for (at, it) in all.filter(|(at, _)| !self.hidden.contains(at)).skip(shift) {
            let name = if at < FIRST + shift { least } else { whole };
            if name + taken + it.width + GAPS.0 > width {
                break;
            }
            taken += it.width + GAPS.0;
            others.push(it);
        }
        first.width = whole.min(width.saturating_sub(taken));
        let spare = width.saturating_sub(first.width + taken);
        let gap = GAPS.0 + (spare / (others.len() as u16).max(1)).min(GAPS.1 - GAPS.0);
        (std::iter::once(first).chain(others).collect(), gap)
    }

    /// Takes in how wide the cells of a row are.
    fn measure_row(&mut self, row: &R, view: CellContext<'_>) {
        for (column, known) in self.listing.columns.iter().zip(&mut self.widths) {
            let cell = (column.cell)(row, view);
            known.columns = known.columns.max(paint::width(&cell.text).min(WIDEST.max(column.width)));
            if cell.stands == Stands::Right {
                known.stands = Stands::Right;
            }
        }
    }

    fn draw_header(&self, buffer: &mut Buffer, slot: TextSlot, columns: &[Shown<'_, R>], look: RowLook<'_>) {
        let style = look.theme.style(TextRole::Dim);
        let mut slot = slot.after(1);
        for it in columns {
            let here = TextSlot { width: it.width.min(slot.width), ..slot };
            match it.stands {
                Stands::Left => drop(paint::put(buffer, here, it.column.title, style, look.theme)),
                Stands::Right => paint::put_right(buffer, here, it.column.title, style, look.theme),
            }
            slot = slot.after(it.width + look.gap);
        }
    }

    fn draw_row(&self, buffer: &mut Buffer, slot: TextSlot, at: usize, columns: &[Shown<'_, R>], look: RowLook<'_>) {
        let Some(row) = self.list.row(at) else { return };
        let is_selected = at == self.list.at();
        let sign = match (is_selected, self.list.is_marked(row)) {
            (true, true) => "#",
            (true, false) => ">",
            (false, true) => "*",
            (false, false) => " ",
        };
        let theme = look.theme;
        paint::put(buffer, slot, sign, theme.style(TextRole::Title), theme);
        let mut rest = slot.after(1);
        for (number, it) in columns.iter().enumerate() {
            let cell = (it.column.cell)(row, look.view);
            let (slot, style) = (TextSlot { width: it.width.min(rest.width), ..rest }, theme.style(cell.tone.into()));
            match cell.stands {
                _ if number == 0 => drop(paint::put_name(buffer, slot, &cell.text, style, theme)),
                Stands::Left => drop(paint::put(buffer, slot, &cell.text, style, theme)),
                Stands::Right => paint::put_right(buffer, slot, &cell.text, style, theme),
            }
            self.list.filter().words().for_each(|it| mark_word(buffer, slot, it, theme));
            rest = rest.after(it.width + look.gap);
        }
        if is_selected && look.focus == FrameFocus::Here {
            paint::restyle(buffer, slot, theme.selected());
        }
    }

    fn heading(&self, frame: PaneFrame<'_>, view: CellContext<'_>) -> String {
        let (shown, total) = (self.list.len(), self.list.total());
        let mut heading = format!("[{}] {}", frame.number, frame.title);
        let around = (self.around)(view);
        heading.push_str(&around.before);
        heading.push_str(&if shown == total { format!(" {total}") } else { format!(" {shown}/{total}") });
        if let Some(problems @ 1..) = self.problems {
            heading.push_str(&format!(" !{problems}"));
        }
        heading.push_str(&around.behind);
        if let SortBy::Column(column) = self.list.sort().by {
            let run = if self.list.sort().run == ListDirection::Up { "+" } else { "-" };
            heading.push_str(&format!(" by {}{run}", self.listing.columns[column].title.to_lowercase()));
        }
        heading
    }
}

#[derive(Clone, Copy)]
struct RowLook<'a> {
    view: CellContext<'a>,
    focus: FrameFocus,
    theme: Theme,
    gap: u16,
}

/// Marks where a word (lower case) stands in what was drawn.
fn mark_word(buffer: &mut Buffer, slot: TextSlot, word: &str, theme: Theme) {
    let symbols = (0..slot.width).map(|at| buffer[(slot.x + at, slot.y)].symbol().to_lowercase());
    let symbols: Vec<String> = symbols.collect();
    for at in 0..symbols.len() {
        let mut rest = word;
        let end = symbols[at..].iter().take_while(|it| match rest.strip_prefix(it.as_str()) {
            Some(left) if !rest.is_empty() => {
                rest = left;
                true
            }
            _ => false,
        });
        let width = end.count() as u16;
        if rest.is_empty() {
            let found = TextSlot { width, ..slot.after(at as u16) };
            return paint::restyle(buffer, found, theme.style(TextRole::Link));
        }
    }
}

/// Columns of which no row was shown yet are as wide as their titles.
fn untold<R: Row>(listing: &Listing<R>) -> Vec<Width> {
    let width = |it: &Column<R>| Width { columns: paint::width(it.title), stands: Stands::Left };
    listing.columns.iter().map(width).collect()
}

impl<R: Row> Pane for PaneTable<R> {
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
    fn sort(&self) -> ListOrder {
        self.list.sort()
    }
    fn sort_by(&mut self, sort: ListOrder, view: CellContext<'_>) {
        let by = match sort.by {
            SortBy::Column(at) if matches!(self.listing.columns[at].sorts, Sorts::Naturally) => SortBy::Name,
            by => by,
        };
        self.is_sorted = true;
        let seen = self.seen(view);
        self.list.sort_by(ListOrder { by, ..sort }, &seen);
    }
    fn filter_by(&mut self, filter: Filter) {
        self.list.begin(filter);
    }
    fn sift(&mut self, view: CellContext<'_>, pace: HasTime<'_>) -> bool {
        let seen = self.seen(view);
        self.list.sift(&seen, pace)
    }
    fn is_sifting(&self) -> bool {
        self.list.is_sifting()
    }
    fn fill(&mut self, view: CellContext<'_>) {
        let (rows, given) = (self.listing.rows)(view);
        if rows.len() <= WEIGHED {
            (self.listing.weigh)(&mut rows.iter(), view);
        }
        let seen = self.seen(view);
        if !self.is_sorted {
            let is_few = rows.len() <= WEIGHED && given == RowOrder::Unordered;
            let by = if is_few && self.listing.risk.is_some() { SortBy::Risk } else { SortBy::Name };
            self.list.turn(ListOrder { by, ..ListOrder::default() });
        }
        self.list.fill(rows, given, &seen);
        self.widths = untold(self.listing);
        self.count_problems(view);
        self.stay_above(view);
    }
    fn change(&mut self, changes: &[FactChange], view: CellContext<'_>) {
        let moves: Option<Vec<_>> = changes.iter().map(|it| (self.listing.moves)(it, view)).collect();
        let Some(moves) = moves else { return self.fill(view) };
        let moves: Vec<_> = moves.into_iter().flatten().collect();
        if self.list.total() <= WEIGHED {
            let new = moves.iter().filter_map(|it| it.1.as_ref());
            (self.listing.weigh)(&mut self.list.all().chain(new), view);
        }
        let seen = self.seen(view);
        self.list.change(&moves, &seen);
        if self.list.sort().by == SortBy::Risk && changes.iter().any(self.listing.moves_risk) {
            self.list.arrange(&seen);
        }
        self.count_problems(view);
        self.stay_above(view);
    }
    fn go(&mut self, at: usize) {
        self.is_chosen = true;
        self.list.go(at);
    }
    fn select(&mut self, item: &Item) -> bool {
        self.is_chosen = true;
        (self.listing.key)(item).is_some_and(|key| self.list.select(&key))
    }
    fn settle(&mut self, rows: usize) {
        self.list.settle(rows);
    }
    fn measure(&mut self, rows: usize, view: CellContext<'_>) {
        for at in self.list.top()..self.list.top() + rows {
            let Some(row) = self.list.row(at).cloned() else { break };
            self.measure_row(&row, view);
        }
    }
    fn needs(&self) -> (u16, u16) {
        let shown = || self.widths.iter().enumerate().filter(|(at, _)| !self.hidden.contains(at));
        let width = |it: &Width| it.columns + GAPS.0 + 1;
        // The sign of the selection stands before them.
        let first = 1 + shown().take(FIRST).map(|it| width(it.1)).sum::<u16>();
        (first, 1 + shown().map(|it| width(it.1)).sum::<u16>())
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
    fn draw(&self, buffer: &mut Buffer, frame: PaneFrame<'_>, view: CellContext<'_>) {
        let inner = paint::frame(buffer, frame.area, &self.heading(frame, view), frame.focus, frame.theme);
        if inner.is_empty() {
            return;
        }
        let (columns, gap) = self.fitting(inner.width.saturating_sub(1), frame.shift);
        let look = RowLook { view, focus: frame.focus, theme: frame.theme, gap };
        self.draw_header(buffer, TextSlot::row(inner, 0), &columns, look);
        if self.list.is_empty() {
            let words = if self.list.total() > 0 { "nothing passes the filter".into() } else { (self.empty)(view) };
            let style = frame.theme.style(TextRole::Dim);
            for (row, line) in paint::wrap(&words, usize::from(inner.width).saturating_sub(2)).into_iter().enumerate() {
                paint::put(buffer, TextSlot::row(inner, row as u16 + 1).after(1), line, style, frame.theme);
            }
        }
        for row in 1..inner.height {
            let at = self.list.top() + usize::from(row) - 1;
            self.draw_row(buffer, TextSlot::row(inner, row), at, &columns, look);
        }
    }
}
