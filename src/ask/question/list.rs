//! `LIST [FILTER]...`, for each of [`LISTS`] by its name: the lists, with the columns and the filter of the screen's panes.

use std::fmt;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::access::rbac_needs;
use super::{Here, Reads, Words};
use crate::ask::filter::Filter;
use crate::ask::findings::JoinedFindings;
use crate::ask::item::Item;
use crate::ask::listing::{Cell, Column, FilteredRow, LISTS, Listing, Row, RowOrder};
use crate::ask::needs::{self, Needs};
use crate::ask::scope::{CellContext, ListScope};
use crate::ask::topic::Topic;
use crate::ask::world::SMALL;
use crate::ask::{Fault, World, namespace};
use crate::model::coverage::Coverage;
use crate::model::id::{Kind, ObjectId};
use crate::text::coverage::{plural, words};
use crate::text::{Line, Link, Mark, Page, table};

/// The rows that a filter lets through.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct List {
    /// What rows must hold, all of it: WORD, !WORD, ~LETTERS of the name, COLUMN=TEXT, COLUMN!=TEXT, 'COLUMN>NUMBER'
    #[arg(value_name = "FILTER")]
    #[serde(default)]
    pub filter: Vec<String>,
    /// Labels that rows must have: KEY, KEY=VALUE, KEY!=VALUE; repeatable
    #[arg(short = 'l', long = "selector", value_name = "LABEL")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selector: Vec<String>,
}

/// A list, whatever its rows are.
pub trait AnyList: Sync {
    /// As it is typed.
    fn name(&self) -> &'static str;

    /// What the help says of its command.
    fn help(&self) -> &'static str;

    /// Command lines that ask for it.
    fn examples(&self) -> &'static [&'static str];

    /// What its rows rest on.
    fn reads(&self) -> &dyn Reads;

    /// Whether it is where such objects are listed.
    fn holds(&self, item: &Item) -> bool;

    /// Its rows that a filter lets through.
    fn table(&'static self, asked: &List, here: &Here, world: &World) -> FilteredTable;
}

impl<R: Row> AnyList for Listing<R> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn help(&self) -> &'static str {
        self.help
    }

    fn examples(&self) -> &'static [&'static str] {
        self.examples
    }

    fn reads(&self) -> &dyn Reads {
        &self.rests_on
    }

    fn holds(&self, item: &Item) -> bool {
        (self.key)(item).is_some()
    }

    fn table(&'static self, asked: &List, here: &Here, world: &World) -> FilteredTable {
        asked.table(self, here, world)
    }
}

/// One of [`LISTS`].
#[derive(Clone, Copy)]
pub struct ListName(pub &'static dyn AnyList);

impl ListName {
    /// The list of this name.
    pub fn named(name: &str) -> Option<Self> {
        LISTS.iter().find(|it| it.name() == name).map(|it| Self(*it))
    }

    /// The list of such objects.
    pub fn of(item: &Item) -> Option<Self> {
        LISTS.iter().find(|it| it.holds(item)).map(|it| Self(*it))
    }
}

impl PartialEq for ListName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

impl Eq for ListName {}

impl fmt::Debug for ListName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.name())
    }
}

impl Serialize for ListName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for ListName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| D::Error::custom(format!("no list is called {name:?}")))
    }
}

/// The subcommands of [`LISTS`]: which was typed, and what stands behind it, which is of one sort for all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListCommand<A> {
    pub list: ListName,
    pub typed: A,
}

impl ListCommand<List> {
    /// The rows.
    pub fn answer(&self, here: &Here, world: &World) -> FilteredTable {
        self.list.0.table(&self.typed, here, world)
    }
}

impl<A: Args> FromArgMatches for ListCommand<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let found = matches.subcommand().and_then(|(name, typed)| Some((ListName::named(name)?, typed)));
        let (list, typed) = found.ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))?;
        Ok(Self { list, typed: A::from_arg_matches(typed)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<A: Args> Subcommand for ListCommand<A> {
    fn augment_subcommands(command: Command) -> Command {
        LISTS.iter().fold(command, |command, list| {
            let examples = format!("Examples:\n  {}", list.examples().join("\n  "));
            command.subcommand(A::augment_args(Command::new(list.name())).about(list.help()).after_help(examples))
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        ListName::named(name).is_some()
    }
}

/// What the rows of a list rest on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestsOn {
    Network,
    Access,
    /// Both, since its columns tell findings; its rows are about this.
    Both(Topic),
}

/// A list, filtered.
pub struct FilteredTable {
    /// As it is typed.
    pub name: &'static str,
    pub titles: Vec<&'static str>,
    /// How many of the columns are shown where room is dear; the others are the wide ones.
    pub narrow: usize,
    pub rows: Vec<(Item, Vec<Cell>)>,
    /// Why rows may be missing, or are none.
    pub gaps: Vec<String>,
}

impl FilteredTable {
    /// The columns that are shown where room is dear, below their titles, and why rows may be missing.
    pub fn page(&self) -> Page {
        let head: Vec<String> = self.titles.iter().take(self.narrow).map(|it| (*it).to_owned()).collect();
        let cells = |(_, cells): &(Item, Vec<Cell>)| cells.iter().take(self.narrow).map(|it| it.text.clone()).collect();
        let objects = std::iter::once(None).chain(self.rows.iter().map(|it| it.0.object()));
        let objects: Vec<Option<ObjectId>> = objects.collect();
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(self.rows.iter().map(cells)).collect();
        let leading = |(line, object): (Line, Option<ObjectId>)| Line { link: object.map(Link::to), ..line };
        let gaps = self.gaps.iter().map(|it| Line::new(0, Mark::Unknown, it));
        Page { lines: table::lines(rows).zip(objects).map(leading).chain(gaps).collect(), fold: None }
    }
}

impl List {
    /// The filter line, as the screen reads it.
    pub fn line(&self) -> String {
        let labels = self.selector.iter().flat_map(|it| ["-l", it.as_str()]);
        labels.chain(self.filter.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::of(self.filter.iter().map(Some));
        self.selector.iter().for_each(|it| words.option("selector", Some(it)));
        words
    }

    fn table<R: Row>(&self, listing: &'static Listing<R>, here: &Here, world: &World) -> FilteredTable {
        let scope = ListScope { namespaces: here.only.iter().cloned().collect(), ..ListScope::default() };
        let view = CellContext { world, scope: &scope, acting: None };
        let unfound = look(listing.rests_on, world);
        let (mut rows, given) = (listing.rows)(view);
        (listing.weigh)(&mut rows.iter(), view);
        let filter = Filter::parse(&self.line());
        rows.retain(|row| filter.passes(row, &FilteredRow { view, listing }));
        // One namespace among all: of namespaces only itself is in scope.
        rows.retain(|row| (listing.item)(row).namespace().is_none_or(|it| scope.holds(it)));
        if given == RowOrder::Unordered {
            rows.sort_by(R::order);
        }
        if let Some(risk) = listing.risk {
            rows.sort_by_cached_key(|row| risk(row, view));
        }
        let columns: Vec<&Column<R>> = listing.columns.iter().chain(listing.wide).collect();
        let cells = |row: &R| columns.iter().map(|it| (it.cell)(row, view)).collect();
        FilteredTable {
            name: listing.name,
            titles: columns.iter().map(|it| it.title).collect(),
            narrow: listing.columns.len(),
            rows: rows.iter().map(|row| ((listing.item)(row), cells(row))).collect(),
            gaps: gaps(listing.sources, here, world).into_iter().chain(unfound).collect(),
        }
    }
}

/// Works out what the columns of a list tell besides; why they are empty, if they are.
fn look(rests_on: RestsOn, world: &World) -> Option<String> {
    let RestsOn::Both(_) = rests_on else { return None };
    if world.is_small() {
        world.keep_findings(Arc::new(JoinedFindings::of(world)));
        return None;
    }
    Some(format!(
        "findings: not worked out for more than {SMALL} pods and bindings; trust, reach and trace answer one by one"
    ))
}

/// The kinds of which there may be more than was read.
fn gaps(sources: &[Kind], here: &Here, world: &World) -> Vec<String> {
    let namespace = here.only.as_deref().unwrap_or_default();
    let coverage = sources.iter().map(|kind| (*kind, world.cluster.coverage.of(*kind, namespace)));
    let unread = coverage.filter(|it| !it.1.is_complete() && !matches!(it.1, Coverage::NotServed));
    unread.map(|(kind, it)| format!("{}: {}", plural(kind), words(it))).collect()
}

fn of_access() -> Needs {
    let mut needs = rbac_needs(None);
    needs.0.extend(Needs::all_of([Kind::SERVICE_ACCOUNT, Kind::NAMESPACE, Kind::POD]).0);
    needs
}

impl Reads for RestsOn {
    fn needs(&self, _: &Here, _: &World) -> Result<Needs, Fault> {
        Ok(match self {
            RestsOn::Network => needs::everything(),
            RestsOn::Access => of_access(),
            RestsOn::Both(_) => {
                let mut needs = of_access();
                needs.0.extend(needs::everything().0);
                needs
            }
        })
    }

    fn notes(&self, here: &Here, world: &World) -> Vec<String> {
        here.only.iter().filter_map(|it| namespace::absence(&world.cluster, it)).collect()
    }

    fn topic(&self) -> Topic {
        match self {
            RestsOn::Network => Topic::Network,
            RestsOn::Access => Topic::Access,
            RestsOn::Both(topic) => *topic,
        }
    }
}
