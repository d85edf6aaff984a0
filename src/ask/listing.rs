//! The lists of a world: what their rows are, what stands in their columns, what they sort and filter by.
//!
//! ```text
//! NAMESPACE   IN  OUT  NONE   HOST   PODS   POLICIES          Column { title, width, cell, sorts }
//! shop         2    0     1      0      3          2          one row an object, finished pods included
//! ```
//!
//! The panes of the screen and the commands of the same names show these tables. A list is a file here (its columns,
//! its rows, and which rows a change moves) and its line in [`LISTS`]: the command of its name follows, with its help,
//! its filter and all forms of output.

pub mod namespaces;
pub mod pods;
pub mod policies;
pub mod services;
pub mod subjects;
pub mod workloads;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::crew::CrewIsolation;
use super::filter::{Cells, Filtered, holds_word};
use super::findings::{Completeness, CountedSubjects};
use super::isolation::Isolation;
use super::item::Item;
use super::question::list::{AnyList, RestsOn};
use super::scope::CellContext;
use crate::model::address::canonical;
use crate::model::cluster::FactChange;
use crate::model::id::Kind;
use crate::model::labels::Labels;
use crate::model::name::Name;

/// All lists, in the order of the help.
pub static LISTS: &[&dyn AnyList] = &[
    &namespaces::LISTING,
    &pods::LISTING,
    &policies::LISTING,
    &subjects::LISTING,
    &workloads::LISTING,
    &services::LISTING,
];

/// What a piece of a row is, so that it can be colored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    Plain,
    Dim,
    Allow,
    Deny,
    Unknown,
    /// What somebody could do harm with.
    Risk,
    Note,
}

/// The text of one cell and what it is.
pub struct Cell {
    pub text: String,
    pub tone: Tone,
    pub stands: Stands,
}

/// At which end of its column a cell stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stands {
    /// Text.
    Left,
    /// A number, whose digits are compared from its end.
    Right,
}

impl Cell {
    /// Text of this tone.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone, stands: Stands::Left }
    }

    /// A number; none is dim, so that the others are seen.
    pub fn number(number: usize, tone: Tone) -> Self {
        let tone = if number == 0 { Tone::Dim } else { tone };
        Self { text: number.to_string(), tone, stands: Stands::Right }
    }
}

impl Cell {
    /// The same in another tone, if there is one.
    pub fn toned(self, tone: Option<Tone>) -> Self {
        Self { tone: tone.unwrap_or(self.tone), ..self }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::new(text, Tone::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::new(text, Tone::Plain)
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Cell::number(number, Tone::Plain)
    }
}

/// What a column sorts by.
pub enum Sorts<R> {
    /// The row's own order.
    Naturally,
    /// The text of its cells.
    Text,
    Key(fn(&R, CellContext<'_>) -> SortKey),
}

/// One column of a list.
pub struct Column<R> {
    pub title: &'static str,
    /// In columns of the screen: of the first the least that is useful, of others the usual width.
    pub width: u16,
    pub cell: fn(&R, CellContext<'_>) -> Cell,
    pub sorts: Sorts<R>,
}

impl<R> Column<R> {
    /// Where a row stands in this column's order.
    pub fn sort_key(&self, row: &R, view: CellContext<'_>) -> SortKey {
        match &self.sorts {
            Sorts::Naturally => SortKey::Number(0),
            Sorts::Text => SortKey::Text((self.cell)(row, view).text),
            Sorts::Key(key) => key(row, view),
        }
    }
}

/// Rows before and after a change; `None`: not there.
pub type RowMoves<R> = Vec<(Option<R>, Option<R>)>;

/// What a row stands at in a column's order.
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
    /// Whether this names its object: asked of many rows, so better without making a key.
    fn is(&self, key: &Self::Key) -> bool {
        self.key() == *key
    }
    /// The default order; equal only for the same object.
    fn order(&self, other: &Self) -> Ordering;
}

/// Whether rows were handed over in an order that means something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowOrder {
    /// They are put in their own order.
    Unordered,
    /// They stay as they are (policies in their order of evaluation), unless the operator sorts them.
    InOrder,
}

/// One list: all that the screen and the command of its name know of it.
pub struct Listing<R: Row + 'static> {
    /// As it is typed.
    pub name: &'static str,
    pub title: &'static str,
    /// What the help says of its command.
    pub help: &'static str,
    /// Command lines that ask for it.
    pub examples: &'static [&'static str],
    /// What is read for its command.
    pub rests_on: RestsOn,
    /// Why it is empty where it is: `no pod`.
    pub nothing: &'static str,
    /// What is read for it: where one of these is not known in full, rows may be missing.
    pub sources: &'static [Kind],
    pub columns: &'static [Column<R>],
    /// What there is no room for on a screen: `-o wide`, csv and json, and whatever filters look into.
    pub wide: &'static [Column<R>],
    pub rows: fn(CellContext<'_>) -> (Vec<R>, RowOrder),
    /// Works out together what risk and problems of these rows rest on: one by one it would take many times as long.
    pub weigh: fn(&mut dyn Iterator<Item = &R>, CellContext<'_>),
    /// Whether a row is one of those that are shown when only problems are.
    pub is_problem: fn(&R, CellContext<'_>) -> bool,
    /// What stands above what unless the operator sorts: the greatest risk; `None`: by name.
    pub risk: Option<fn(&R, CellContext<'_>) -> SortKey>,
    /// Whether a change may move the risk of other rows than those that it moves.
    pub moves_risk: fn(&FactChange) -> bool,
    /// The rows that one change moves; `None` when all are to be read anew.
    pub moves: fn(&FactChange, CellContext<'_>) -> Option<RowMoves<R>>,
    /// Whether a change may move its rows, so that many of them fill it anew.
    pub concerns: fn(&FactChange, CellContext<'_>) -> bool,
    pub item: fn(&R) -> Item,
    pub key: fn(&Item) -> Option<R::Key>,
}

impl<R: Row> Listing<R> {
    /// The text of the column with this title, whatever its case.
    pub fn cell(&self, row: &R, title: &str, view: CellContext<'_>) -> Option<String> {
        let column = self.columns.iter().chain(self.wide).find(|it| it.title.eq_ignore_ascii_case(title))?;
        Some((column.cell)(row, view).text)
    }
}

/// The columns of a list, for a filter.
pub struct FilteredRow<'a, R: Row + 'static> {
    pub view: CellContext<'a>,
    pub listing: &'static Listing<R>,
}

impl<R: Row> Cells<R> for FilteredRow<'_, R> {
    fn cell(&self, row: &R, title: &str) -> Option<String> {
        self.listing.cell(row, title, self.view)
    }

    fn any_holds(&self, row: &R, word: &str) -> bool {
        self.listing.columns.iter().any(|it| holds_word(&(it.cell)(row, self.view).text, word))
    }
}

/// How a pod is isolated.
fn isolated(isolation: Isolation) -> Cell {
    let tone = match isolation {
        Isolation::OPEN | Isolation::Host => Tone::Risk,
        Isolation::By { .. } if isolation.as_str() == "unknown" => Tone::Unknown,
        Isolation::By { .. } => Tone::Plain,
        Isolation::Finished => Tone::Dim,
    };
    Cell::new(isolation.as_str(), tone)
}

/// How several pods are isolated.
fn together(all: CrewIsolation) -> Cell {
    match all {
        CrewIsolation::Nobody => Cell::new(all.as_str(), Tone::Dim),
        CrewIsolation::All(it) => isolated(it),
        CrewIsolation::Mixed { is_open } => Cell::new(all.as_str(), if is_open { Tone::Risk } else { Tone::Plain }),
    }
}

/// A number of those who were found; empty where nobody has looked.
fn found(who: Option<&CountedSubjects>) -> Cell {
    let Some(who) = who else { return Cell { stands: Stands::Right, ..Cell::new("", Tone::Dim) } };
    let tone = match (who.count == 0, who.known) {
        (false, _) => Tone::Risk,
        (true, Completeness::All) => Tone::Dim,
        (true, Completeness::Some) => Tone::Unknown,
    };
    Cell { text: who.text(), tone, stands: Stands::Right }
}

/// The most first.
fn by_found(who: Option<&CountedSubjects>) -> SortKey {
    SortKey::Number(who.map_or(0, |it| it.count as u64))
}

/// `user:ana, user:ben and 3 more`.
fn named(who: Option<&CountedSubjects>) -> Cell {
    who.map(CountedSubjects::names).unwrap_or_default().into()
}

/// `app=web,tier=1`, in the order of their keys.
fn labels(all: &Labels) -> String {
    let pairs: BTreeMap<&Name, &Name> = all.iter().collect();
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}
