//! `map [--by pod|workload|namespace]`: every connection that some pair of pods may make.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::{Here, Reads, Words};
use crate::ask::many::{unit_name, unit_text};
use crate::ask::needs::{self, Needs};
use crate::ask::page::counts;
use crate::ask::reach_page::{mark_of, ports_text, some_of};
use crate::ask::topic::Topic;
use crate::ask::{Fault, World, namespace, why_lines};
use crate::model::evidence::Gap;
use crate::model::untrusted;
use crate::net;
use crate::net::reach::{Granularity, MapRow, Unit};
use crate::text::evidence::Evidence;
use crate::text::{About, Line, Mark, Page, words};

/// Aggregate rows by.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ByArg {
    Pod,
    #[default]
    Workload,
    Namespace,
}

impl From<ByArg> for Granularity {
    fn from(by: ByArg) -> Self {
        match by {
            ByArg::Pod => Granularity::Pod,
            ByArg::Workload => Granularity::Workload,
            ByArg::Namespace => Granularity::Namespace,
        }
    }
}

impl ByArg {
    /// As it is typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            ByArg::Pod => "pod",
            ByArg::Workload => "workload",
            ByArg::Namespace => "namespace",
        }
    }

    /// The same without folding: pods where it would be their workloads.
    pub const fn unfolded(self) -> Self {
        match self {
            ByArg::Workload => ByArg::Pod,
            by => by,
        }
    }

    /// As it is typed, where it is not what is taken anyway.
    pub(super) fn typed(self) -> Option<&'static str> {
        (self != Self::default()).then_some(self.as_str())
    }
}

/// Every allowed connection.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Map {
    /// Aggregate rows by
    #[arg(long, value_enum, default_value_t = ByArg::Workload)]
    pub by: ByArg,
}

/// Every allowed connection, and why some may be missing.
#[derive(Clone, PartialEq, Debug)]
pub struct Mapped {
    pub by: ByArg,
    pub map: net::reach::UnitMap,
    pub gaps: Vec<Gap>,
}

impl Mapped {
    /// The answer in words: a line for each row, why some are unknown, and the counts.
    pub fn page(&self, world: &World) -> Page {
        self.rows().chain(self.foot(world)).collect()
    }

    /// What stands below the rows: why some are unknown, and the counts.
    pub fn foot(&self, world: &World) -> Vec<Line> {
        let asker = world.asker();
        let whys = asker.whys(self.by.into());
        let why = |it: &MapRow| whys.between(&it.from, &it.to, &it.summary);
        let mut lines = why_lines::lines(self.map.rows.iter().map(why));
        lines.extend(self.gaps.iter().map(|it| Line::new(0, Mark::Unknown, Evidence::gap(it).what)));
        let counts = format!("{}{}", counts(&self.map.pairs, ("pair", "pairs")), self.left_out());
        lines.push(Line::new(0, Mark::Plain, counts));
        lines
    }

    /// A line for each row, its ends below each other.
    pub fn rows(&self) -> impl Iterator<Item = Line> {
        // Addresses outside and nodes may be long lists: they stand out of the column.
        let width = |side: fn(&MapRow) -> &Unit| {
            let units = self.map.rows.iter().map(side).filter(|it| !matches!(it, Unit::Outside(_)) && it.count() == 1);
            units.map(|it| unit_text(it).chars().count()).max().unwrap_or(0)
        };
        let (from, to) = (width(|it| &it.from), width(|it| &it.to));
        self.map.rows.iter().map(move |row| {
            let [a, b] = [&row.from, &row.to].map(|it| untrusted::show(&unit_text(it)).into_owned());
            let (ports, some) = (ports_text(&row.summary), some_of(&row.summary.pairs));
            let text = format!("{a:from$}  ->  {b:to$}  {ports}{some}");
            let about = About::Pair { from: unit_name(&row.from), to: unit_name(&row.to) };
            Line { text, mark: mark_of(&row.summary.pairs), ..Line::default() }.on(about)
        })
    }

    /// What it does not speak of, in words.
    pub fn left_out(&self) -> String {
        let left_out = &self.map.left_out;
        let rows = [
            (left_out.finished, "finished pod", "finished pods"),
            (left_out.unread, "pod no longer readable", "pods no longer readable"),
            (left_out.itself, "pod to itself", "pods to themselves"),
        ];
        let parts: Vec<String> =
            rows.iter().filter(|it| it.0 > 0).map(|(n, one, many)| words::count(*n, one, many)).collect();
        if parts.is_empty() { String::new() } else { format!("; left out: {}", parts.join(", ")) }
    }
}

impl Map {
    /// The answer.
    pub fn answer(&self, here: &Here, world: &World) -> Mapped {
        let asker = world.asker();
        Mapped { by: self.by, map: asker.map(self.by.into(), here.only.as_ref()), gaps: asker.holes() }
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::default();
        words.option("by", self.by.typed());
        words
    }
}

impl Reads for Map {
    fn needs(&self, _: &Here, _: &World) -> Result<Needs, Fault> {
        Ok(needs::everything())
    }

    fn notes(&self, here: &Here, world: &World) -> Vec<String> {
        here.only.iter().filter_map(|it| namespace::absence(&world.cluster, it)).collect()
    }

    fn topic(&self) -> Topic {
        Topic::Network
    }
}
