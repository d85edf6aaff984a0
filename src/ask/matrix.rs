//! Which namespace may connect to which: all pairs, counted.
//!
//! Nodes and what is outside are in no namespace, so that they have no cell here: `reach` and `map` list them.

use super::listing::Tone;
use crate::model::cluster::Cluster;
use crate::model::name::Name;
use crate::net::Index;
use crate::net::reach::{Counts, Granularity, Summary, Unit};

/// All pairs of namespaces, as one state of the cluster has them.
#[derive(Clone, PartialEq, Debug)]
pub struct Counted {
    /// Of which state.
    pub revision: u64,
    pub names: Vec<Name>,
    /// How many pods each has that run or will.
    live: Vec<u64>,
    /// By source, then destination, as places in `names`; pairs that may not connect have none.
    cells: Vec<(u32, u32, Summary)>,
}

/// What is known of one pair.
pub enum PairCell<'a> {
    Uncounted,
    /// There is no pair of pods.
    Pairless,
    /// No pair of pods may connect.
    Nothing,
    Some(&'a Summary),
}

impl Counted {
    /// Counts; of a large cluster this takes long.
    pub fn of(cluster: &Cluster, index: &Index, revision: u64) -> Self {
        let names: Vec<Name> = with_pods(cluster).collect();
        let at = |unit: &Unit| match unit {
            Unit::Namespace(name) => place(&names, name),
            _ => None,
        };
        let rows = index.map(cluster, Granularity::Namespace, None).rows.into_iter();
        let mut cells: Vec<_> = rows.filter_map(|it| Some((at(&it.from)?, at(&it.to)?, it.summary))).collect();
        cells.sort_unstable_by_key(|it| (it.0, it.1));
        let live = names.iter().map(|it| live(cluster, it)).collect();
        Self { revision, names, live, cells }
    }

    /// What is known of a pair.
    pub fn cell(&self, from: &Name, to: &Name) -> PairCell<'_> {
        let (Some(from), Some(to)) = (place(&self.names, from), place(&self.names, to)) else {
            return PairCell::Uncounted;
        };
        let found = self.cells.binary_search_by_key(&(from, to), |it| (it.0, it.1));
        match found {
            Ok(at) => PairCell::Some(&self.cells[at].2),
            Err(_) if self.pairs(from, to) == 0 => PairCell::Pairless,
            Err(_) => PairCell::Nothing,
        }
    }

    /// How many pairs of pods there are: none of a pod and itself.
    fn pairs(&self, from: u32, to: u32) -> u64 {
        let (sources, targets) = (self.live[from as usize], self.live[to as usize]);
        sources * if from == to { targets.saturating_sub(1) } else { targets }
    }
}

/// The namespaces that have pods.
pub fn with_pods(cluster: &Cluster) -> impl Iterator<Item = Name> {
    cluster.namespace_names().into_iter().filter(|it| !cluster.pods.of(it).is_empty())
}

fn live(cluster: &Cluster, namespace: &Name) -> u64 {
    cluster.pods.of(namespace).iter().filter(|it| !it.phase().is_finished()).count() as u64
}

fn place(names: &[Name], name: &Name) -> Option<u32> {
    names.binary_search(name).ok().map(|at| at as u32)
}

impl PairCell<'_> {
    /// Its sign.
    pub fn sign(&self) -> (&'static str, Tone) {
        let counts = match self {
            PairCell::Uncounted => return ("", Tone::Dim),
            PairCell::Pairless => return (".", Tone::Dim),
            PairCell::Nothing => return ("x", Tone::Deny),
            PairCell::Some(summary) => &summary.pairs,
        };
        match (counts.allow, counts.unknown, counts.deny) {
            (0, 0, 0) => (".", Tone::Dim),
            (_, 0, 0) => ("v", Tone::Allow),
            (0, 0, _) => ("x", Tone::Deny),
            (0, _, _) => ("?", Tone::Unknown),
            (_, _, _) => ("~", Tone::Unknown),
        }
    }

    /// What it says, without the names of its pair.
    pub fn words(&self) -> String {
        match self {
            PairCell::Some(it) => format!("{}; ports {}", pairs(&it.pairs), crate::text::net::ports(&it.some)),
            PairCell::Pairless => "no pair of pods".into(),
            PairCell::Nothing => "no pair of pods may connect".into(),
            PairCell::Uncounted => "not counted yet".into(),
        }
    }
}

fn pairs(counts: &Counts) -> String {
    format!("{} of {} pairs may connect", counts.allow, counts.total())
}
