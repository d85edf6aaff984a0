//! The four panes: one table of them, one kind of column, one way to draw.
//!
//! ```text
//! ┌[2] Pods 3/1840 /api──────────────────┐
//! │ NAME               ISOLATED  PHASE   │
//! │>payments/api-7d9   in        Running │
//! │*payments/api-8c1   none      Pending │
//! ```
//!
//! A pane is its rows and its columns; a column is `{ title, width, cell }`. To add a pane, write its file and list
//! it in [`PANES`]. The first column is pinned; the others are shown as far as there is room, and `H` `L` move them.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::filter::Filter;
use super::list::{Given, List, Look, Pace, Row, Sort, SortKey};
use super::paint::{self, Focus, Slot};
use super::theme::{Role, Theme};
use super::world::View;
use crate::model::cluster::Change;
use crate::model::id::{Kind, ObjectId, PodId};
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};

pub mod namespaces;
pub mod pods;
pub mod policies;
pub mod subjects;

/// What stands before a pane's number, what it is called, and how an empty one is made.
pub struct PaneSpec {
    pub title: &'static str,
    pub help: &'static str,
    pub new: fn() -> Box<dyn Pane>,
    /// Whether a change may move its rows, so that many of them fill it anew.
    pub concerns: fn(&Change, View<'_>) -> bool,
}

/// All panes, in the order of their numbers.
pub const PANES: [PaneSpec; 4] = [namespaces::PANE, pods::PANE, policies::PANE, subjects::PANE];

/// Where the panes stand in [`PANES`].
pub const NAMESPACES: usize = 0;
/// See [`NAMESPACES`].
pub const PODS: usize = 1;
/// See [`NAMESPACES`].
pub const POLICIES: usize = 2;
/// See [`NAMESPACES`].
pub const SUBJECTS: usize = 3;

/// The object that a row stands for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Item {
    Namespace(Name),
    Pod(PodId),
    Policy(ObjectId),
    Subject(Subject),
}

impl Item {
    /// The object of the cluster, where it is one.
    pub fn object(&self) -> Option<ObjectId> {
        match self {
            Item::Namespace(name) => Some(ObjectId::new(Kind::NAMESPACE, Name::empty(), name.clone())),
            Item::Pod(pod) => Some(pod.object()),
            Item::Policy(policy) => Some(policy.clone()),
            Item::Subject(Subject { kind: SubjectKind::ServiceAccount, namespace, name }) => {
                Some(ObjectId::new(Kind::SERVICE_ACCOUNT, namespace.clone(), name.clone()))
            }
            Item::Subject(_) => None,
        }
    }

    /// As it is typed in a command: `shop/web-0`, `ns/shop`, `sa:shop/web`.
    pub fn typed(&self) -> String {
        match self {
            Item::Namespace(name) => format!("ns/{name}"),
            Item::Pod(pod) => pod.to_string(),
            Item::Policy(policy) => policy.to_string(),
            Item::Subject(subject) => subject.to_string(),
        }
    }

    /// Its bare name.
    pub fn name(&self) -> &str {
        match self {
            Item::Namespace(name) => name,
            Item::Pod(pod) => &pod.name,
            Item::Policy(policy) => &policy.name,
            Item::Subject(subject) => &subject.name,
        }
    }

    /// The namespace that it is or stands in.
    pub fn namespace(&self) -> Option<&Name> {
        let namespace = match self {
            Item::Namespace(name) => name,
            Item::Pod(pod) => &pod.namespace,
            Item::Policy(policy) => &policy.namespace,
            Item::Subject(subject) => &subject.namespace,
        };
        (!namespace.is_empty()).then_some(namespace)
    }
}

/// The text of one cell and what it is.
pub struct Cell {
    pub text: String,
    pub role: Role,
}

impl Cell {
    /// Text of this role.
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::new(text, Role::Text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::new(text, Role::Text)
    }
}

/// A number; none is dim, so that the others are seen.
impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Cell::new(number.to_string(), if number == 0 { Role::Dim } else { Role::Text })
    }
}

/// What a column sorts by.
pub enum Sorts<R> {
    /// The row's own order.
    Naturally,
    /// The text of its cells.
    Text,
    Key(fn(&R, View<'_>) -> SortKey),
}

/// One column of a pane.
pub struct Column<R> {
    pub title: &'static str,
    /// In columns of the screen; of the first column the least that is useful.
    pub width: u16,
    pub cell: fn(&R, View<'_>) -> Cell,
    pub sorts: Sorts<R>,
}

/// Rows before and after a change; `None`: not there.
pub type Moves<R> = Vec<(Option<R>, Option<R>)>;

/// A pane's list and columns.
pub struct Table<R: Row + 'static> {
    pub list: List<R>,
    pub columns: &'static [Column<R>],
    /// Columns that the operator does not want to see.
    pub hidden: BTreeSet<usize>,
    pub rows: fn(View<'_>) -> (Vec<R>, Given),
    /// The rows that one change moves; `None` when the pane must be filled anew.
    pub moves: fn(&Change, View<'_>) -> Option<Moves<R>>,
    pub item: fn(&R) -> Item,
    pub key: fn(&Item) -> Option<R::Key>,
    /// Why there is nothing, when there is nothing.
    pub empty: fn(View<'_>) -> String,
}

struct Seen<'a, R: 'static> {
    view: View<'a>,
    columns: &'static [Column<R>],
}

impl<R: Row> Look<R> for Seen<'_, R> {
    fn sort_key(&self, row: &R, column: usize) -> SortKey {
        match &self.columns[column].sorts {
            Sorts::Naturally => SortKey::Number(0),
            Sorts::Text => SortKey::Text((self.columns[column].cell)(row, self.view).text),
            Sorts::Key(key) => key(row, self.view),
        }
    }

    fn cell(&self, row: &R, title: &str) -> Option<String> {
        let column = self.columns.iter().find(|it| it.title.eq_ignore_ascii_case(title))?;
        Some((column.cell)(row, self.view).text)
    }
}

/// How a pane is drawn.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    pub area: Rect,
    pub number: usize,
    pub title: &'a str,
    pub focus: Focus,
    pub theme: Theme,
    /// How many columns after the first are scrolled away.
    pub shift: usize,
}

/// What the program does with a pane, whatever its rows are.
pub trait Pane {
    /// How many rows are shown, and how many there are.
    fn count(&self) -> (usize, usize);
    /// Where the selection stands.
    fn at(&self) -> usize;
    /// The first row on the screen.
    fn top(&self) -> usize;
    /// The titles of the columns.
    fn titles(&self) -> Vec<&'static str>;
    /// Whether a column is hidden.
    fn hides(&self, column: usize) -> bool;
    /// Hides a column, or shows it again; the first always shows.
    fn hide(&mut self, column: usize);
    /// What it is sorted by.
    fn sort(&self) -> Sort;
    /// Sorts by something else.
    fn sort_by(&mut self, sort: Sort, view: View<'_>);
    /// Begins to let other rows through.
    fn filter_by(&mut self, filter: Filter);
    /// Goes on with that as long as the pace says; whether nothing is left to do.
    fn sift(&mut self, view: View<'_>, pace: Pace<'_>) -> bool;
    /// Whether a filter is still being applied.
    fn is_sifting(&self) -> bool;
    /// Reads all rows anew.
    fn fill(&mut self, view: View<'_>);
    /// Takes changes in.
    fn change(&mut self, changes: &[Change], view: View<'_>);
    /// Selects the row that stands there.
    fn go(&mut self, at: usize);
    /// Selects this object, if it is shown.
    fn select(&mut self, item: &Item) -> bool;
    /// Keeps the selection on a screen of so many rows.
    fn settle(&mut self, rows: usize);
    /// The selected object.
    fn selected(&self) -> Option<Item>;
    /// The marked objects, in their order.
    fn marked(&self) -> Vec<Item>;
    /// Marks the selected object, or takes its mark away.
    fn mark(&mut self);
    /// Marks everything from the nearest mark to the selected row.
    fn mark_range(&mut self);
    /// Takes all marks away and says whether there were some.
    fn unmark(&mut self) -> bool;
    /// The objects on a screen of so many rows.
    fn on_screen(&self, rows: usize) -> Vec<Item> {
        self.on_screen_from(self.top(), rows)
    }
    /// So many objects from this row on.
    fn on_screen_from(&self, top: usize, rows: usize) -> Vec<Item>;
    /// Draws it.
    fn draw(&self, buffer: &mut Buffer, frame: Frame<'_>, view: View<'_>);
}

impl<R: Row> Table<R> {
    fn seen<'a>(&self, view: View<'a>) -> Seen<'a, R> {
        Seen { view, columns: self.columns }
    }

    /// The columns that fit, each with its width.
    fn fitting(&self, width: u16, shift: usize) -> Vec<(&Column<R>, u16)> {
        let Some((first, others)) = self.columns.split_first() else { return Vec::new() };
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
            put(buffer, slot, &cell.text, theme.style(cell.role), theme);
            rest = rest.after(width + 1);
        }
        if is_selected && look.focus == Focus::Here {
            paint::restyle(buffer, slot, theme.selected());
        }
    }

    fn heading(&self, frame: Frame<'_>, view: View<'_>) -> String {
        let (shown, total) = (self.list.len(), self.list.total());
        let mut heading = format!("[{}] {}", frame.number, frame.title);
        if let Some(pod) = view.scope.pod.as_ref().filter(|_| frame.number == POLICIES + 1) {
            heading.push_str(&format!(" on {pod}"));
        }
        heading.push_str(&if shown == total { format!(" {total}") } else { format!(" {shown}/{total}") });
        if let Some(me) = view.world.told.me().filter(|_| frame.number == SUBJECTS + 1) {
            heading.push_str(&format!(", you {}", me.subject()));
        }
        if let Some(column) = self.list.sort().column {
            let run = if self.list.sort().run == super::list::Run::Up { "+" } else { "-" };
            heading.push_str(&format!(" by {}{run}", self.columns[column].title.to_lowercase()));
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
        self.columns.iter().map(|it| it.title).collect()
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
        let column = sort.column.filter(|it| !matches!(self.columns[*it].sorts, Sorts::Naturally));
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
        let (rows, given) = (self.rows)(view);
        let seen = self.seen(view);
        self.list.fill(rows, given, &seen);
    }
    fn change(&mut self, changes: &[Change], view: View<'_>) {
        let moves: Option<Vec<_>> = changes.iter().map(|it| (self.moves)(it, view)).collect();
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
        (self.key)(item).is_some_and(|key| self.list.select(&key))
    }
    fn settle(&mut self, rows: usize) {
        self.list.settle(rows);
    }
    fn selected(&self) -> Option<Item> {
        self.list.selected().map(self.item)
    }
    fn marked(&self) -> Vec<Item> {
        self.list.marked().iter().map(self.item).collect()
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
        (top..top + rows).map_while(|at| self.list.row(at)).map(self.item).collect()
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

/// How many rows a pane of this height shows.
pub fn rows_in(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(3))
}

/// Why a pane of this kind is empty.
fn why_empty(view: View<'_>, kinds: &[Kind], nothing: &str) -> String {
    let namespace = view.scope.only().map_or("", |it| it.as_str());
    for kind in kinds {
        let coverage = view.world.cluster.coverage.of(*kind, namespace);
        if !coverage.is_complete() {
            return format!("{}: {}", super::status::plural(*kind), super::status::words(coverage));
        }
    }
    if view.scope.problems == super::world::Problems::Only {
        return format!("{nothing} with problems (! shows all)");
    }
    match view.scope.only() {
        Some(namespace) => format!("{nothing} in namespace {namespace} (0 shows all)"),
        None => nothing.into(),
    }
}
