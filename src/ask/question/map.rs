//! `map [--by pod|workload|namespace]`: every connection that some pair of pods may make.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::{Here, Reads, Words};
use crate::ask::needs::{self, Needs};
use crate::ask::topic::Topic;
use crate::ask::{Fault, World, namespace};
use crate::net::reach::By;

/// How fine rows are.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ByArg {
    Pod,
    #[default]
    Workload,
    Namespace,
}

impl From<ByArg> for By {
    fn from(by: ByArg) -> Self {
        match by {
            ByArg::Pod => By::Pod,
            ByArg::Workload => By::Workload,
            ByArg::Namespace => By::Namespace,
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

    /// As it is typed, where it is not what is taken anyway.
    pub(super) fn typed(self) -> Option<&'static str> {
        (self != Self::default()).then_some(self.as_str())
    }
}

/// Every allowed connection.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Map {
    /// How fine rows are
    #[arg(long, value_enum, default_value_t = ByArg::Workload)]
    pub by: ByArg,
}

impl Map {
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
