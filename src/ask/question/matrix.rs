//! `matrix [namespaces|access]`: which namespace may connect to which, or who may do what with the resources that matter.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::list::Listed;
use super::{Here, Reads, Words};
use crate::ask::matrix::Counted;
use crate::ask::needs::Needs;
use crate::ask::scope::{Scope, View};
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::rbac::abilities::Ability;

/// What a matrix is of.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
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
    #[arg(value_enum, default_value_t = Of::Namespaces)]
    #[serde(default)]
    pub of: Of,
}

/// What each subject may do with each of [`crate::rbac::abilities::COLUMNS`].
pub type Sheet = Vec<(Subject, Vec<Ability>)>;

impl Matrix {
    /// The namespaces that have pods, and every pair of them.
    pub fn namespaces(&self, here: &Here, world: &World) -> (Vec<Name>, Counted) {
        let counted = Counted::of(&world.cluster, world.net(), world.revision());
        let names = counted.names.iter().filter(|it| here.only.as_ref().is_none_or(|only| only == *it));
        (names.cloned().collect(), counted)
    }

    /// The subjects of the list, and what each may do.
    pub fn access(&self, here: &Here, world: &World) -> Sheet {
        let scope = Scope { namespaces: here.only.iter().cloned().collect(), ..Scope::default() };
        let view = View { world, scope: &scope, acting: None };
        let (mut all, _) = (crate::ask::listing::subjects::LISTING.rows)(view);
        all.sort();
        let abilities = |it: &Subject| world.rbac().abilities(&view.identity(it), |name| scope.holds(name));
        all.into_iter().map(|it| (it.clone(), abilities(&it))).collect()
    }

    pub(super) fn words(&self) -> Words {
        let of = match self.of {
            Of::Namespaces => "namespaces".to_owned(),
            Of::Access => "access".to_owned(),
        };
        Words::of([Some(&of)])
    }

    fn listed(&self) -> Listed {
        match self.of {
            Of::Namespaces => Listed::Network,
            Of::Access => Listed::Access,
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
