//! The panes: one table of them, one kind of column, one way to draw.
//!
//! ```text
//! ┌[2] Pods 3/1840 /api──────────────────┐
//! │ NAME               ISOLATED  PHASE   │
//! │>payments/api-7d9   in        Running │
//! │*payments/api-8c1   none      Pending │
//! ```
//!
//! A pane is a list of [`crate::ask::listing`], its rows and its columns. To add one, write that and its file here, and
//! list it in [`PANES`]: its number, its key, its command, its word behind `:` and its part of the screen follow. The
//! first column is pinned; the others are shown as far as there is room, and `H` `L` move them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::App;
use super::event::Effect;
use super::list::{HasTime, ListOrder};
use super::open_view;
use super::paint::FrameFocus;
use super::table::PaneTable;
use super::theme::Theme;
use crate::ask::World;
use crate::ask::filter::Filter;
use crate::ask::item::Item;
use crate::ask::listing::namespaces::LISTING;
use crate::ask::namespace::absence;
use crate::ask::question::list::ListName;
use crate::ask::scope::{CellContext, Problems};
use crate::model::cluster::FactChange;
use crate::model::id::Kind;
use crate::text::coverage::{plural, words};

pub mod namespaces;
pub mod pods;
pub mod policies;
pub mod services;
pub mod subjects;
pub mod workloads;

/// All that the program knows of a pane.
pub struct PaneSpec {
    pub title: &'static str,
    /// Its name in the first row of the screen.
    pub short: &'static str,
    /// Its name as a command and behind `:`.
    pub word: &'static str,
    /// What that is: `the pane of pods`.
    pub help: &'static str,
    pub new: fn() -> Box<dyn Pane>,
    /// Whether a change may move its rows, so that many of them fill it anew.
    pub concerns: fn(&FactChange, CellContext<'_>) -> bool,
    /// What is derived for rows before they are drawn.
    pub prepare: Option<fn(&mut World, &[Item])>,
    /// The same for all rows, before they are sorted or filtered by a column.
    pub prepare_all: fn(&mut World),
    /// When it has a part of the screen.
    pub part: Part,
    /// What Enter does on a row.
    pub enter: fn(&mut App, Item) -> Vec<Effect>,
    /// The matrix that `x` opens from here.
    pub matrix: fn(&mut App) -> Vec<Effect>,
    /// The commands that are named in the last row.
    pub hints: &'static [&'static str],
}

/// When a pane has a part of the screen, where there is room for several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Always,
    /// Only while it is in front; until then it is not read.
    InFront,
}

impl PaneSpec {
    /// What most panes have in common; the rest is nothing and to be said.
    const PLAIN: PaneSpec = PaneSpec {
        title: "",
        short: "",
        word: "",
        help: "",
        new: || Box::new(PaneTable::of(&LISTING, |_| String::new())),
        concerns: |_, _| true,
        prepare: None,
        prepare_all: |_| {},
        part: Part::Always,
        enter: |_, _| Vec::new(),
        matrix: open_view::namespace_matrix,
        hints: &[],
    };
}

/// All panes, in the order of their numbers.
pub const PANES: &[PaneSpec] =
    &[namespaces::PANE, pods::PANE, policies::PANE, subjects::PANE, workloads::PANE, services::PANE];

/// How many there are.
pub const COUNT: usize = PANES.len();

/// Where a pane stands in [`PANES`].
pub fn at(pane: &PaneSpec) -> usize {
    named(pane.word).unwrap_or(0)
}

/// Where the pane of this word stands.
pub fn named(word: &str) -> Option<usize> {
    PANES.iter().position(|it| it.word == word)
}

/// Where the pane of a list stands: it has the list's name.
pub fn of(list: ListName) -> usize {
    named(list.0.name()).unwrap_or(0)
}

/// Whether a pane has no part of the screen while this one is in front, however large that is.
pub fn is_aside(pane: usize, front: usize) -> bool {
    pane != front && PANES[pane].part == Part::InFront
}

/// A pane with what the program keeps for it.
pub struct PaneState {
    pub list: Box<dyn Pane>,
    /// What it is filtered by, as typed.
    pub filter: String,
    /// It is to be read anew.
    pub is_stale: bool,
}

/// Every pane, empty.
pub fn empty() -> Vec<PaneState> {
    PANES.iter().map(|it| PaneState { list: (it.new)(), filter: String::new(), is_stale: false }).collect()
}

/// How a pane is drawn.
#[derive(Clone, Copy)]
pub struct PaneFrame<'a> {
    pub area: Rect,
    pub number: usize,
    pub title: &'a str,
    pub focus: FrameFocus,
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
    fn sort(&self) -> ListOrder;
    /// Sorts by something else.
    fn sort_by(&mut self, sort: ListOrder, view: CellContext<'_>);
    /// Begins to let other rows through.
    fn filter_by(&mut self, filter: Filter);
    /// Goes on with that as long as the pace says; whether nothing is left to do.
    fn sift(&mut self, view: CellContext<'_>, pace: HasTime<'_>) -> bool;
    /// Whether a filter is still being applied.
    fn is_sifting(&self) -> bool;
    /// Reads all rows anew.
    fn fill(&mut self, view: CellContext<'_>);
    /// Takes changes in.
    fn change(&mut self, changes: &[FactChange], view: CellContext<'_>);
    /// Selects the row that stands there.
    fn go(&mut self, at: usize);
    /// Selects this object, if it is shown.
    fn select(&mut self, item: &Item) -> bool;
    /// Keeps the selection on a screen of so many rows.
    fn settle(&mut self, rows: usize);
    /// Makes its columns as wide as what stands in so many rows of them; none becomes narrower until it is filled anew.
    fn measure(&mut self, rows: usize, view: CellContext<'_>);
    /// How many columns of the screen its first columns need to be read whole, and how many all of them would take.
    fn needs(&self) -> (u16, u16);
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
    fn draw(&self, buffer: &mut Buffer, frame: PaneFrame<'_>, view: CellContext<'_>);
}

/// How many rows a pane of this height shows.
pub fn rows_in(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(3))
}

/// Why a pane of this kind is empty.
fn why_empty(view: CellContext<'_>, kinds: &[Kind], nothing: &str) -> String {
    let namespace = view.scope.only().map_or("", |it| it.as_str());
    for kind in kinds {
        let coverage = view.world.cluster.coverage.of(*kind, namespace);
        if !coverage.is_complete() {
            return format!("{}: {}", plural(*kind), words(coverage));
        }
    }
    if let Some(absence) = view.scope.only().and_then(|it| absence(&view.world.cluster, it)) {
        return format!("{absence} (0 shows all, n chooses)");
    }
    if view.scope.problems == Problems::Only {
        return format!("{nothing} with problems (! shows all)");
    }
    match view.scope.only() {
        Some(namespace) => format!("{nothing} in namespace {namespace} (0 shows all)"),
        None => nothing.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::listing::LISTS;

    /// What is listed by a command has a pane of its name, and the other way round: `:` leads to it by the same grammar.
    #[test]
    fn each_list_has_its_pane() {
        let (lists, panes): (Vec<&str>, Vec<&str>) =
            (LISTS.iter().map(|it| it.name()).collect(), PANES.iter().map(|it| it.word).collect());
        assert_eq!(lists, panes);
    }
}
