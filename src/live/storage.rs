//! Whether the API server can reach its storage: one whose etcd is gone goes on with its watches, bookmarks included.
//!
//! ```text
//! GET /readyz each half a minute ─► 500 "[-]etcd failed" ─► what is live is stale, as of the last time it was well
//! ```
//!
//! Whatever else `/readyz` says, or that it may not be asked, says nothing here: kinds tell by themselves what they
//! cannot read.

use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use tokio::sync::watch;
use tokio::time::sleep;

use super::request::get;
use super::transfer;
use crate::model::cluster::Delta;
use crate::model::coverage::{Coverage, CoverageMap, Scope};
use crate::model::id::Kind;
use crate::model::name::Name;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(30);
const CAP: usize = 64 << 10;
const WHY: &str = "the API server cannot reach its storage (etcd)";

/// Since when the storage is out of reach.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doubt {
    pub since: Timestamp,
}

/// Asks for as long as somebody listens.
pub async fn keep(client: Client, doubts: watch::Sender<Option<Doubt>>) {
    let mut well = Timestamp::now();
    while !doubts.is_closed() {
        match transfer::read(&client, get("/readyz"), CAP).await {
            Ok(_) => {
                well = Timestamp::now();
                doubts.send_if_modified(|it| it.take().is_some());
            }
            Err(fault) if fault.what.contains("[-]etcd") => {
                let doubt = Doubt { since: well };
                doubts.send_if_modified(|it| it.replace(doubt).is_none());
            }
            // Who may not ask learns nothing here.
            Err(fault) if fault.status().is_some_and(|it| (400..500).contains(&it)) => {
                doubts.send_if_modified(|it| it.take().is_some());
            }
            Err(_) => {}
        }
        sleep(EVERY).await;
    }
}

/// What the kinds told of their coverage, and whether it is doubted.
#[derive(Default)]
pub struct Belief {
    told: CoverageMap,
    doubt: Option<Doubt>,
}

impl Belief {
    /// Keeps what these deltas say of coverage; in doubt nothing is live.
    pub fn pass(&mut self, deltas: &mut [Delta]) {
        for delta in deltas {
            if let Delta::Covered { kind, scope, coverage } = delta {
                self.told.set(*kind, scope, coverage.clone());
                *coverage = self.believed(coverage);
            }
        }
    }

    /// The storage is out of reach, or in reach again: what was live is told anew.
    pub fn doubted(&mut self, doubt: Option<Doubt>) -> Vec<Delta> {
        self.doubt = doubt;
        let kinds = self.told.kinds.iter();
        let live = kinds.filter(|(_, it)| {
            std::iter::once(&it.everywhere).chain(it.namespaces.values()).any(|it| *it == Coverage::Live)
        });
        live.flat_map(|(kind, it)| {
            let everywhere = self.covered(*kind, Scope::Everywhere, &it.everywhere);
            let parts = it.namespaces.iter().map(|(name, it)| self.covered(*kind, part(name), it));
            std::iter::once(everywhere).chain(parts)
        })
        .collect()
    }

    fn covered(&self, kind: Kind, scope: Scope, coverage: &Coverage) -> Delta {
        Delta::Covered { kind, scope, coverage: self.believed(coverage) }
    }

    fn believed(&self, coverage: &Coverage) -> Coverage {
        match (coverage, &self.doubt) {
            (Coverage::Live, Some(doubt)) => Coverage::Stale { since: doubt.since, why: WHY.into() },
            _ => coverage.clone(),
        }
    }
}

fn part(name: &Name) -> Scope {
    Scope::Namespace(name.clone())
}
