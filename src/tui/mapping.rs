//! Every allowed connection on the screen: the rows of `kreach map`, sorted and narrowed.
//!
//! ```text
//! v deployment/shop/web  ->  statefulset/shop/db  TCP 5432       S sorts, / narrows, Enter traces the pair
//! ```
//!
//! Of a cell of the matrix those between its two namespaces.
//!
//! A large cluster takes longer than a key may wait: a [`super::job`] makes the rows beside the screen.

use std::borrow::Cow;
use std::sync::Arc;

use super::job::{JobState, Said, What, Work};
use super::list::ListDirection;
use super::page::saying;
use crate::ask::World;
use crate::ask::filter::{Cells, Filter, Filtered, Pieces, holds_word};
use crate::ask::question::Here;
use crate::ask::question::map::{ByArg, Map, Mapped};
use crate::ask::reach_page::ports_text;
use crate::model::evidence::Outcome;
use crate::model::name::Name;
use crate::net::reach::MapRow;
use crate::text::{About, Line, Mark, Page};

/// What it is a map of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapOf {
    pub by: ByArg,
    /// Rows with an end in this namespace only.
    pub only: Option<Name>,
}

/// What it can be sorted by.
pub const COLUMNS: &[&str] = &["FROM", "TO", "OUTCOME", "PORTS", "PAIRS"];

/// A map, sorted and narrowed.
#[derive(Clone, PartialEq, Debug)]
pub struct MapAsked {
    pub of: MapOf,
    /// Rows come by their ends where nothing else is said.
    pub sort: Option<(usize, ListDirection)>,
    pub filter: String,
    /// Only from pods of the one namespace to pods of the other: a cell of the matrix.
    pub between: Option<(Name, Name)>,
}

impl MapAsked {
    /// All rows of it.
    pub fn of(of: MapOf) -> Self {
        Self { of, sort: None, filter: String::new(), between: None }
    }

    /// The rows from one namespace to another.
    pub fn between(cell: (Name, Name)) -> Self {
        let of = MapOf { by: ByArg::Workload, only: Some(cell.0.clone()) };
        Self { between: Some(cell), ..Self::of(of) }
    }
}

/// A row, and what it is sorted and narrowed by.
#[derive(Clone, PartialEq, Debug)]
struct MapEntry {
    line: Line,
    ports: String,
    outcome: Outcome,
    pairs: u64,
    /// Some port of it may be open, and that is not known.
    is_unsure: bool,
}

/// The rows of one state of the cluster.
#[derive(Clone, PartialEq, Debug)]
pub struct MapRowsOf {
    of: MapOf,
    revision: u64,
    entries: Vec<MapEntry>,
    foot: Vec<Line>,
    differences: Vec<String>,
}

/// The map that was made last.
#[derive(Clone, Debug, Default)]
pub struct Mapping(Option<Arc<MapRowsOf>>);

/// So many rows are laid out; what narrows shows the others.
const SHOWN: usize = 2_000;

impl Mapping {
    /// Takes a map in.
    pub fn take(&mut self, rows: Arc<MapRowsOf>) {
        self.0 = Some(rows);
    }

    fn rows(&self, of: &MapOf) -> Option<&MapRowsOf> {
        self.0.as_deref().filter(|it| it.of == *of)
    }

    /// What is to be worked out, if what is there is not of this state.
    pub fn wanted(&self, world: &World, of: &MapOf) -> Option<What> {
        let is_there = self.rows(of).is_some_and(|it| it.revision == world.revision());
        (!is_there).then(|| What::Map(of.clone()))
    }

    /// Whether something can be shown meanwhile.
    pub fn has(&self, of: &MapOf) -> bool {
        self.rows(of).is_some()
    }

    /// The rows that the filter lets through, in their order, as far as they are laid out.
    pub fn page(&self, asked: &MapAsked, state: JobState) -> Page {
        let Some(rows) = self.rows(&asked.of) else {
            return saying(Mark::Plain, state.waiting());
        };
        let filter = Filter::parse(&asked.filter);
        let passes = |it: &&MapEntry| filter.is_empty() || filter.passes(*it, &MapColumns);
        let is_here = |it: &&MapEntry| asked.between.as_ref().is_none_or(|cell| it.is_between(cell));
        let here: Vec<&MapEntry> = rows.entries.iter().filter(is_here).collect();
        let (total, is_unsure) = (here.len(), here.iter().any(|it| it.is_unsure || it.outcome == Outcome::Unknown));
        let mut shown: Vec<&MapEntry> = here.into_iter().filter(passes).collect();
        if let Some((column, run)) = asked.sort {
            // Rows that are alike stay in the order of their ends.
            shown.sort_by(|a, b| run.apply(a.order(b, column)));
        }
        let more = shown.len().saturating_sub(SHOWN);
        let count = format!("{} of {} rows /{}", shown.len(), total, asked.filter);
        let head = (!asked.filter.is_empty()).then(|| Line::new(0, Mark::Note, count));
        let more = format!("{more} more rows: / narrows, kreach map prints all");
        let more = (shown.len() > SHOWN).then(|| Line::new(0, Mark::Note, more));
        let lines = shown.into_iter().take(SHOWN).map(|it| it.line.clone());
        // What is said below all rows is of all of them: below those of a cell only why something may be unknown.
        let is_said = |it: &&Line| match asked.between {
            Some(_) => is_unsure && it.mark != Mark::Plain,
            None => true,
        };
        let foot = rows.foot.iter().filter(is_said).cloned();
        let cell = asked.between.as_ref().filter(|_| total == 0);
        let head = head.into_iter().chain(cell.map(|(from, to)| nothing(from, to)));
        let page: Page = head.chain(lines).chain(more).chain(foot).collect();
        super::answers::bannered(&rows.differences, page)
    }
}

/// What is said of a cell without rows: of what is not known there would be one.
fn nothing(from: &Name, to: &Name) -> Line {
    Line::new(0, Mark::Deny, format!("no pod of {from} may connect to a pod of {to}"))
}

/// The namespace of an end as it is typed: `deployment/shop/web`.
fn namespace_of(end: &str) -> Option<&str> {
    let mut parts = end.splitn(3, '/');
    let namespace = parts.nth(1);
    parts.next().and(namespace)
}

impl MapEntry {
    fn is_between(&self, (from, to): &(Name, Name)) -> bool {
        let ends = self.ends();
        namespace_of(ends.0) == Some(from.as_str()) && namespace_of(ends.1) == Some(to.as_str())
    }

    fn of(row: &MapRow, line: Line) -> Self {
        let pairs = &row.summary.pairs;
        let is_unsure = row.summary.possible != row.summary.some;
        Self { line, ports: ports_text(&row.summary), outcome: pairs.worst(), pairs: pairs.total(), is_unsure }
    }

    fn ends(&self) -> (&str, &str) {
        match self.line.about.as_deref() {
            Some(About::Pair { from, to }) => (from, to),
            _ => ("", ""),
        }
    }

    fn order(&self, other: &Self, column: usize) -> std::cmp::Ordering {
        match column {
            0 => self.ends().0.cmp(other.ends().0),
            1 => self.ends().1.cmp(other.ends().1),
            2 => self.outcome.cmp(&other.outcome),
            3 => self.ports.cmp(&other.ports),
            _ => self.pairs.cmp(&other.pairs),
        }
    }

    /// What `title=value` looks at.
    fn cell(&self, title: &str) -> Option<String> {
        Some(match title {
            "from" => self.ends().0.to_owned(),
            "to" => self.ends().1.to_owned(),
            "outcome" => self.outcome.to_string(),
            "ports" => self.ports.clone(),
            "pairs" => self.pairs.to_string(),
            _ => return None,
        })
    }
}

/// The columns as filters look into them.
struct MapColumns;

impl Cells<MapEntry> for MapColumns {
    fn cell(&self, row: &MapEntry, title: &str) -> Option<String> {
        row.cell(title)
    }
    fn any_holds(&self, row: &MapEntry, word: &str) -> bool {
        COLUMNS.iter().any(|it| row.cell(&it.to_lowercase()).is_some_and(|it| holds_word(&it, word)))
    }
}

impl Filtered for MapEntry {
    fn words(&self) -> Pieces<'_> {
        let (from, to) = self.ends();
        [from, " ", to, " ", &self.ports]
    }
    fn label(&self, _: &str) -> Option<Cow<'_, Name>> {
        None
    }
}

/// The work that makes the rows of this world, on a copy of it.
pub fn work(world: &World, of: MapOf) -> Work {
    let world = world.clone();
    Box::new(move |_| {
        let mapped: Mapped = Map { by: of.by }.answer(&Here { only: of.only.clone(), ..Here::default() }, &world);
        let entries = mapped.map.rows.iter().zip(mapped.rows()).map(|(row, line)| MapEntry::of(row, line)).collect();
        let (foot, revision) = (mapped.foot(&world), world.revision());
        Said::Map(Arc::new(MapRowsOf { of, revision, entries, foot, differences: world.differences() }))
    })
}
