//! What both faces ask, and the one way to an answer: a question about a cluster, and its answer.
//!
//! ```text
//! Question ──Reads──► what the shell reads into the World ──World::answer──► Answer ──page──► what both faces show
//! AskedEnd, PortAsk ──resolve──► members ──net──► Trace, Reach, Map …
//! ```
//!
//! Everything that can be asked is a [`Question`], and both faces ask the same [`World`], so whatever the one can show
//! the other can print. It is pure: what a question needs from a live cluster is said by [`question::Reads`] and
//! [`needs`], and read by the shell.

mod absent;
mod address;
pub mod answer;
pub mod apply;
pub mod backends;
pub mod baseline;
pub mod choke;
pub mod compared;
pub mod connections;
pub mod crew;
pub mod default_deny;
pub mod diff;
pub mod directory;
mod dns_name;
pub mod end;
pub mod entry;
pub mod escalation;
pub mod expectation;
pub mod explain;
pub mod export;
mod fault;
pub mod filter;
pub mod findings;
pub mod fix;
pub mod freshness;
pub mod gained;
mod host;
pub mod isolation;
pub mod item;
mod judge;
mod judged;
mod kind_word;
pub mod listing;
pub mod many;
pub mod matrix;
pub mod member;
pub mod namespace;
pub mod nearest;
pub mod needs;
pub mod order;
mod outside;
pub mod page;
pub mod pair;
pub mod ports;
pub mod question;
pub mod reach_page;
pub mod reach_parts;
mod reach_rows;
mod reached;
pub mod reaches;
pub mod resolve;
mod rewriting;
pub mod rules;
mod sample;
pub mod scope;
pub mod sidestep;
pub mod somebody;
pub mod staged;
pub mod topic;
pub mod trace;
pub mod trust;
mod unseen;
pub mod weights;
mod why_lines;
pub mod whys;
pub mod workload;
pub mod world;

use std::cell::{OnceCell, RefCell};

use crate::model::address::Family;
use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::net::verdict::End;
use crate::net::{Index, Settings, naive};
use crate::text;

use directory::Directory;
use pair::PairPort;

pub use answer::Answer;
pub use fault::{Fault, FaultKind};
pub use question::{Here, Question, QuestionLine};
pub use world::World;

/// Asks one cluster as many questions as there are.
pub struct Asker<'a> {
    pub cluster: &'a Cluster,
    pub index: &'a Index,
    directory: OnceCell<Directory>,
    families: OnceCell<Vec<Family>>,
    tells_prerequisites: bool,
    /// What the naive evaluator answered otherwise; `None` when it is not asked.
    second: Option<(&'a Settings, &'a RefCell<Vec<String>>)>,
}

impl<'a> Asker<'a> {
    /// Asks the index.
    pub fn new(cluster: &'a Cluster, index: &'a Index) -> Self {
        Self {
            cluster,
            index,
            directory: OnceCell::new(),
            families: OnceCell::new(),
            tells_prerequisites: true,
            second: None,
        }
    }

    /// Leaves out what an answer needs beside itself (DNS): batches are judged literally, line by line.
    pub fn without_prerequisites(mut self) -> Self {
        self.tells_prerequisites = false;
        self
    }

    /// Decides everything a second time with the naive evaluator and notes what it answers otherwise (CONTRACT §5).
    pub fn with_self_check(mut self, settings: &'a Settings, differences: &'a RefCell<Vec<String>>) -> Self {
        self.second = Some((settings, differences));
        self
    }

    /// Who holds which address; made when first asked for.
    pub(crate) fn directory(&self) -> &Directory {
        self.directory.get_or_init(|| Directory::of(self.cluster))
    }

    /// The families that pods without an address will have: those of the others, else IPv4.
    pub(crate) fn families(&self) -> &[Family] {
        self.families.get_or_init(|| {
            let has = |family: &Family| self.cluster.pods.iter().any(|it| it.addresses().of(*family).is_some());
            let found: Vec<Family> = Family::ALL.into_iter().filter(has).collect();
            if found.is_empty() { vec![Family::V4] } else { found }
        })
    }

    /// Asks the naive evaluator too, if that is wanted.
    fn check(&self, from: &End, to: &End, port: PairPort, outcome: Outcome) {
        let Some((settings, differences)) = &self.second else { return };
        let naive = match port.asked() {
            Some(port) => naive::outcome(self.cluster, settings, from, to, port),
            None => naive::outcome_of_any(self.cluster, settings, from, to),
        };
        if naive != outcome {
            let pair = format!("{} -> {} {port:?}", text::net::end(from), text::net::end(to));
            differences.borrow_mut().push(format!("{pair}: the index says {outcome}, the naive evaluator {naive}"));
        }
    }
}
