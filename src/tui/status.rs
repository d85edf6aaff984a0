//! The first row: which cluster, what part of it, whether one may write, and how fresh it all is.
//!
//! ```text
//! prod-eu ▸ shop  RO  LIVE
//! prod-eu  RO  syncing pods 3500, policies 12
//! prod-eu  RO  STALE 1m20s · API unreachable  connection refused
//! ```
//!
//! The words LIVE, STALE, SYNC and FILES stand here and nowhere else. A fresh screen shows no age, and an old one
//! only coarse ones, so nothing is written while nothing changes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::{self, Progress};
use crate::kinds::is_evaluated;
use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::id::Kind;
use crate::text::coverage::plural;

/// Where the cluster's facts come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Origin {
    #[default]
    Live,
    /// Files: nothing changes and nothing ages.
    Files,
}

/// How fresh the cluster is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Freshness {
    Files,
    Live,
    /// Kinds that have not been listed yet.
    Syncing(Vec<Kind>),
    /// Kinds whose watch is down, since when and why; the oldest first.
    Stale {
        kinds: Vec<Kind>,
        since: Timestamp,
        why: String,
    },
}

/// How many kinds are named one by one.
const FEW: usize = 3;

/// How fresh what we hold is: what is stale outweighs what is still loading.
pub fn freshness(cluster: &Cluster, origin: Origin) -> Freshness {
    if origin == Origin::Files {
        return Freshness::Files;
    }
    let states = || {
        cluster.coverage.kinds.iter().flat_map(|(kind, it)| {
            std::iter::once(&it.everywhere).chain(it.namespaces.values()).map(|coverage| (*kind, coverage))
        })
    };
    let stale = states().filter_map(|(kind, it)| match it {
        Coverage::Stale { since, why } => Some((*since, kind, why.to_string())),
        _ => None,
    });
    let mut stale: Vec<_> = stale.collect();
    stale.sort();
    if let Some((since, _, why)) = stale.first().cloned() {
        let mut kinds: Vec<Kind> = stale.into_iter().map(|it| it.1).collect();
        kinds.dedup();
        return Freshness::Stale { kinds, since, why };
    }
    let mut loading: Vec<Kind> = states().filter(|(_, it)| **it == Coverage::Loading).map(|(kind, _)| kind).collect();
    loading.dedup();
    if loading.is_empty() && cluster.coverage.kinds.is_empty() && cluster.coverage.otherwise == Coverage::Loading {
        return Freshness::Syncing(Vec::new());
    }
    if loading.is_empty() { Freshness::Live } else { Freshness::Syncing(loading) }
}

/// What the first row says of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusWords {
    /// LIVE, STALE, SYNC or FILES.
    pub word: &'static str,
    /// What is never cut: how old what is stale is, and what that is.
    pub brief: String,
    /// The rest of the sentence, as far as there is room.
    pub rest: String,
}

impl StatusWords {
    fn plainly(word: &'static str, rest: impl Into<String>) -> Self {
        Self { word, brief: String::new(), rest: rest.into() }
    }
}

/// How fresh it is, in words; `dot` stands between an age and what is so old.
pub fn sentence(
    freshness: &Freshness,
    cluster: &Cluster,
    listing: &BTreeMap<Kind, Progress>,
    (now, dot): (Option<Timestamp>, char),
) -> StatusWords {
    match freshness {
        Freshness::Files => StatusWords::plainly("FILES", ""),
        Freshness::Live => StatusWords::plainly("LIVE", not_read(cluster)),
        Freshness::Syncing(kinds) if kinds.is_empty() => StatusWords::plainly("SYNC", "connecting"),
        Freshness::Syncing(kinds) => StatusWords::plainly("SYNC", progress(kinds, cluster, listing)),
        Freshness::Stale { kinds, since, why } => {
            let age = now.and_then(|now| now.duration_since(*since).try_into().ok()).map(event::age);
            let what = match kinds.as_slice() {
                _ if !has_live(cluster) => "API unreachable".to_owned(),
                [one] => plural(*one).to_owned(),
                many => format!("{} kinds", many.len()),
            };
            let brief = age.map_or_else(|| what.clone(), |age| format!("{age} {dot} {what}"));
            StatusWords { word: "STALE", brief, rest: why.clone() }
        }
    }
}

/// Whether some kind is followed as it should be.
fn has_live(cluster: &Cluster) -> bool {
    cluster.coverage.kinds.values().any(|it| it.everywhere == Coverage::Live)
}

/// `pods 3500, services` for what is still being listed; of many kinds their number, and those that have a count.
fn progress(kinds: &[Kind], cluster: &Cluster, listing: &BTreeMap<Kind, Progress>) -> String {
    let word = |kind: &Kind| match (listing.get(kind), held(*kind, cluster)) {
        (Some(Progress { read, remaining: Some(left) }), _) => {
            format!("{} {read}/{}", plural(*kind), *read as u64 + left)
        }
        (Some(Progress { read, .. }), _) => format!("{} {read}", plural(*kind)),
        (None, count @ 1..) => format!("{} {count}", plural(*kind)),
        (None, 0) => plural(*kind).to_owned(),
    };
    if kinds.len() <= FEW {
        return kinds.iter().map(word).collect::<Vec<_>>().join(", ");
    }
    let counted = kinds.iter().filter(|it| listing.contains_key(it) || held(**it, cluster) > 0);
    let counted: Vec<String> = counted.take(2).map(word).collect();
    let colon = if counted.is_empty() { "" } else { ": " };
    format!("{} kinds{colon}{}", kinds.len(), counted.join(", "))
}

/// What we may not list, and what could not be read for another reason.
fn not_read(cluster: &Cluster) -> String {
    let kinds = |is: fn(&Coverage) -> bool| -> Vec<&str> {
        cluster.coverage.kinds.iter().filter(|(_, it)| is(&it.everywhere)).map(|(kind, _)| plural(*kind)).collect()
    };
    let forbidden = some_of("no right to list", &kinds(|it| matches!(it, Coverage::Forbidden { .. })));
    let failed = some_of("could not read", &kinds(|it| matches!(it, Coverage::Failed { .. })));
    [forbidden, failed].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// `no right to list pods and 2 more`; nothing where there is none.
fn some_of(what: &str, kinds: &[&str]) -> Option<String> {
    match kinds {
        [] => None,
        [one] => Some(format!("{what} {one}")),
        many => Some(format!("{what} {} and {} more", many[0], many.len() - 1)),
    }
}

fn held(kind: Kind, cluster: &Cluster) -> usize {
    match kind {
        Kind::NAMESPACE => cluster.namespaces.len(),
        Kind::POD => cluster.pods.len(),
        Kind::NODE => cluster.nodes.len(),
        Kind::SERVICE => cluster.services.len(),
        Kind::ENDPOINT_SLICE => cluster.endpoint_slices.len(),
        Kind::SERVICE_ACCOUNT => cluster.service_accounts.len(),
        kind if is_evaluated(kind) => cluster.policies.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cluster::Delta;
    use crate::model::coverage::Scope;

    fn set(cluster: &mut Cluster, kind: Kind, coverage: Coverage) {
        cluster.apply(Delta::Covered { kind, scope: Scope::Everywhere, coverage });
    }

    fn line(cluster: &Cluster) -> String {
        let now = Timestamp::from_second(1_000_130).ok();
        let said = sentence(&freshness(cluster, Origin::Live), cluster, &BTreeMap::new(), (now, '-'));
        [said.word, &said.brief, &said.rest].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_worst_is_said_first() {
        let mut cluster = Cluster::new(Coverage::Loading);
        assert_eq!(line(&cluster), "SYNC connecting");
        set(&mut cluster, Kind::POD, Coverage::Loading);
        set(&mut cluster, Kind::NETWORK_POLICY, Coverage::Loading);
        assert_eq!(line(&cluster), "SYNC networkpolicies, pods");
        set(&mut cluster, Kind::NODE, Coverage::Loading);
        set(&mut cluster, Kind::SERVICE, Coverage::Loading);
        assert_eq!(line(&cluster), "SYNC 4 kinds");
        set(&mut cluster, Kind::NODE, Coverage::Live);
        set(&mut cluster, Kind::SERVICE, Coverage::Live);
        set(&mut cluster, Kind::POD, Coverage::Live);
        set(&mut cluster, Kind::NETWORK_POLICY, Coverage::Live);
        assert_eq!(line(&cluster), "LIVE");
        set(&mut cluster, Kind::NODE, Coverage::Forbidden { why: "403".into() });
        assert_eq!(line(&cluster), "LIVE no right to list nodes");
        set(&mut cluster, Kind::SERVICE, Coverage::Failed { why: "the server answered 503".into() });
        assert_eq!(line(&cluster), "LIVE no right to list nodes; could not read services");
        let since = Timestamp::from_second(1_000_000).expect("a time");
        set(&mut cluster, Kind::POD, Coverage::Stale { since, why: "connection refused".into() });
        assert_eq!(line(&cluster), "STALE 2m - pods connection refused");
        assert_eq!(freshness(&cluster, Origin::Files), Freshness::Files);
    }

    /// T1: after the clock was set back, what happened before has no age; it is never negative.
    #[test]
    fn t1_an_age_is_never_negative() {
        let mut cluster = Cluster::new(Coverage::Live);
        let since = Timestamp::from_second(1_003_600).expect("a time");
        set(&mut cluster, Kind::POD, Coverage::Stale { since, why: "connection refused".into() });
        assert_eq!(line(&cluster), "STALE API unreachable connection refused");
    }
}
