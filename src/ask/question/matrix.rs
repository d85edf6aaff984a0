//! `matrix [namespaces|access]`: which namespace may connect to which, or who may do what with the resources that matter.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::list::RestsOn;
use super::{Here, Reads, Words};
use crate::ask::matrix::Counted;
use crate::ask::needs::Needs;
use crate::ask::scope::{CellContext, ListScope};
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::abilities::{Ability, COLUMNS};
use crate::text::{Line, Mark, Page, Shape, table};

/// What a matrix is of.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatrixOf {
    /// Rows are sources, columns destinations
    #[default]
    Namespaces,
    /// Rows are subjects, columns resources
    Access,
}

/// Which namespace may connect to which, or who may do what.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Matrix {
    /// What it is of
    #[arg(value_enum, default_value_t = MatrixOf::Namespaces)]
    #[serde(default)]
    pub of: MatrixOf,
}

/// The namespaces that have pods, and every pair of them.
pub struct NamespacePairs {
    pub names: Vec<Name>,
    pub counted: Counted,
}

/// What each subject may do with each of [`COLUMNS`].
pub struct AccessSheet(pub Vec<(Subject, Vec<Ability>)>);

/// What the signs of the matrix of namespaces mean.
pub const PAIRS_LEGEND: &str = "v all pairs of pods may, ~ some, x none, ? unknown, . no pair of pods";
/// What the letters of the matrix of access mean.
pub const ACCESS_LEGEND: &str =
    "r read, w write, d delete, x other; capitals: everywhere; ' named objects only; (as everybody)";

impl NamespacePairs {
    /// Rows are sources, columns destinations; the first has their names.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let head = std::iter::once("from \\ to".to_owned()).chain(self.names.iter().map(ToString::to_string));
        let row = |from: &Name| {
            let cells = self.names.iter().map(|to| self.counted.cell(from, to).sign().0.to_owned());
            std::iter::once(from.to_string()).chain(cells).collect()
        };
        std::iter::once(head.collect()).chain(self.names.iter().map(row)).collect()
    }

    /// The same, and below the rows what the signs mean.
    pub fn page(&self) -> Page {
        table::lines(self.rows()).chain([said(PAIRS_LEGEND)]).collect()
    }
}

impl AccessSheet {
    /// Rows are subjects, columns resources; the first has their names.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let titles = COLUMNS.iter().map(|it| it.title.to_owned());
        let row = |(subject, abilities): &(Subject, Vec<Ability>)| {
            let letters = abilities.iter().map(Ability::letters);
            let cells = letters.map(|it| if it.is_empty() { ".".to_owned() } else { it });
            std::iter::once(subject.to_string()).chain(cells).collect()
        };
        let head = std::iter::once("subject".to_owned()).chain(titles).collect();
        std::iter::once(head).chain(self.0.iter().map(row)).collect()
    }

    /// The same, and below the rows what the letters mean.
    pub fn page(&self) -> Page {
        table::lines(self.rows()).chain([said(ACCESS_LEGEND)]).collect()
    }
}

/// Words below a table, where its rows begin.
fn said(words: &str) -> Line {
    Line::new(0, Mark::Plain, words).shaped(Shape::Row)
}

impl Matrix {
    /// The namespaces that have pods, and every pair of them.
    pub fn namespaces(&self, here: &Here, world: &World) -> NamespacePairs {
        let counted = Counted::of(&world.cluster, world.net(), world.revision());
        let names = counted.names.iter().filter(|it| here.only.as_ref().is_none_or(|only| only == *it));
        NamespacePairs { names: names.cloned().collect(), counted }
    }

    /// The subjects of the list, and what each may do.
    pub fn access(&self, here: &Here, world: &World) -> AccessSheet {
        let scope = ListScope { namespaces: here.only.iter().cloned().collect(), ..ListScope::default() };
        let view = CellContext { world, scope: &scope, acting: None };
        let (mut all, _) = (crate::ask::listing::subjects::LISTING.rows)(view);
        all.sort();
        let abilities = |it: &Subject| world.rbac().abilities(&view.identity(it), |name| scope.holds(name));
        AccessSheet(all.into_iter().map(|it| (it.clone(), abilities(&it))).collect())
    }

    pub(super) fn words(&self) -> Words {
        let of = match self.of {
            MatrixOf::Namespaces => "namespaces".to_owned(),
            MatrixOf::Access => "access".to_owned(),
        };
        Words::of([Some(&of)])
    }

    fn listed(&self) -> RestsOn {
        match self.of {
            MatrixOf::Namespaces => RestsOn::Network,
            MatrixOf::Access => RestsOn::Access,
        }
    }
}

impl Reads for Matrix {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        self.listed().needs(here, world)
    }

    fn notes(&self, here: &Here, world: &World) -> Vec<String> {
        self.listed().notes(here, world)
    }

    fn topic(&self) -> Topic {
        self.listed().topic()
    }
}
