//! How old the facts are that an answer rests on: what is stale changes no outcome and is labeled (CONTRACT §1).
//!
//! ```text
//! ! as of 2026-11-23T20:15:31Z: connection refused
//! ```
//!
//! A screen says it for all kinds in its first row; an answer says it for itself, so that it can be copied and kept.

use jiff::Timestamp;

use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::name::Name;
use crate::text::Mark;
use crate::text::evidence::Evidence;

/// The label of an answer, where a kind that was read is no longer followed.
pub fn as_of(cluster: &Cluster) -> Option<Evidence> {
    let (since, why) = oldest(cluster)?;
    Some(Evidence::new(Mark::Note, format!("as of {since:.0}: {why}")))
}

/// The oldest of what is stale, and why.
fn oldest(cluster: &Cluster) -> Option<(Timestamp, &Name)> {
    let kinds = cluster.coverage.kinds.values();
    let states = kinds.flat_map(|it| std::iter::once(&it.everywhere).chain(it.namespaces.values()));
    let stale = states.chain([&cluster.coverage.otherwise]).filter_map(|it| match it {
        Coverage::Stale { since, why } => Some((*since, why)),
        _ => None,
    });
    stale.min_by_key(|it| it.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cluster::Delta;
    use crate::model::coverage::Scope;
    use crate::model::id::Kind;

    #[test]
    fn the_oldest_kind_dates_the_answer() {
        let mut cluster = Cluster::new(Coverage::Live);
        assert!(as_of(&cluster).is_none());
        for (kind, second) in [(Kind::POD, 1_700_000_030), (Kind::NETWORK_POLICY, 1_700_000_000)] {
            let since = Timestamp::from_second(second).expect("a time");
            let coverage = Coverage::Stale { since, why: "connection refused".into() };
            cluster.apply(Delta::Covered { kind, scope: Scope::Everywhere, coverage });
        }
        let said = as_of(&cluster).expect("it is stale");
        assert_eq!(said.what, "as of 2023-11-14T22:13:20Z: connection refused");
    }
}
