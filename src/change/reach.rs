//! What somebody comes to reach in one of two clusters and not in the other.
//!
//! ```text
//! lost  sa:ci/runner  cluster-admin, secrets/kube-system   exec into a pod > use the pod's token
//! ```
//!
//! Ways through the cluster are no matter of this module: `ask::gained` works the rows out, these are their words.

use std::fmt;

use super::flow::When;
use crate::model::evidence::Outcome;
use crate::model::name::Name;

/// How what somebody reaches differs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReachChange {
    /// Surely reached after, surely not before.
    Gained,
    /// What is not known on a side decides whether it differs.
    Unsure,
    Lost,
}

impl ReachChange {
    /// As JSON and scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReachChange::Gained => "gained",
            ReachChange::Unsure => "unsure",
            ReachChange::Lost => "lost",
        }
    }
}

/// What is worth reaching (CONTRACT §7, the sinks), the worst first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sink {
    ClusterAdmin,
    Masters,
    /// Root on some node.
    NodeRoot,
    NamespaceAdmin(Name),
    Secrets(Name),
    /// The traffic of a Service, by namespace and name.
    Intercept(Name, Name),
}

impl Sink {
    /// Where it is; `None`: it is of the whole cluster.
    pub const fn namespace(&self) -> Option<&Name> {
        match self {
            Sink::ClusterAdmin | Sink::Masters | Sink::NodeRoot => None,
            Sink::NamespaceAdmin(it) | Sink::Secrets(it) | Sink::Intercept(it, _) => Some(it),
        }
    }
}

/// As a goal can be typed.
impl fmt::Display for Sink {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sink::ClusterAdmin => out.write_str("cluster-admin"),
            Sink::Masters => out.write_str("masters"),
            Sink::NodeRoot => out.write_str("node-root"),
            Sink::NamespaceAdmin(namespace) => write!(out, "namespace-admin/{namespace}"),
            Sink::Secrets(namespace) => write!(out, "secrets/{namespace}"),
            Sink::Intercept(namespace, service) => write!(out, "intercept/{namespace}/{service}"),
        }
    }
}

/// One step of a way, in the words of `kreach reach`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WayHop {
    pub edge: &'static str,
    pub name: &'static str,
    pub from: String,
    pub to: String,
    pub is_sure: bool,
}

/// What some who hold the same come to on one side alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReachDiffRow {
    /// Subjects, or workloads, as they are typed; the way is that of the first.
    pub who: Vec<String>,
    pub change: ReachChange,
    /// What `reach` answers on either side.
    pub outcomes: [Outcome; 2],
    /// The worst first.
    pub sinks: Vec<Sink>,
    /// The side that has the way.
    pub when: When,
    /// To the first of the sinks.
    pub way: Vec<WayHop>,
}

/// All rows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReachDiff {
    pub rows: Vec<ReachDiffRow>,
    /// Of how many it was not worked out, since that would take too long.
    pub left: u64,
}

impl ReachDiff {
    /// How many rows there are of a sort.
    pub fn count(&self, change: ReachChange) -> u64 {
        self.rows.iter().filter(|it| it.change == change).count() as u64
    }

    /// Whether there is nothing to tell.
    pub fn is_nothing(&self) -> bool {
        self.rows.is_empty() && self.left == 0
    }
}
