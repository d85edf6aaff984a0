//! Which address families decide about a pair, for the second evaluator: every family that may.

use std::collections::BTreeSet;

use super::{Naive, Party};
use crate::model::address::Family;
use crate::model::cluster::Cluster;
use crate::model::id::Kind;

/// The families of the first addresses of all pods that run; both where they differ, where there are none, and where
/// pods are not read that may have others.
fn firsts(cluster: &Cluster) -> Vec<Family> {
    let is_part =
        cluster.coverage.hole(Kind::POD).is_some() || cluster.unreadable.iter().any(|it| it.kind == Kind::POD);
    let running = cluster.pods.iter().filter(|it| !it.phase().is_finished());
    let mut found = running.filter_map(|it| it.addresses().first()).map(Family::of);
    match found.next() {
        Some(first) if !is_part && found.all(|it| it == first) => vec![first],
        _ => Family::ALL.to_vec(),
    }
}

impl Party<'_> {
    /// The families that it has addresses of, or may have.
    fn families(&self) -> Vec<Family> {
        if self.addresses.is_empty() {
            self.anywhere.iter().map(|it| Family::of(it.addr())).collect()
        } else {
            self.addresses.iter().map(|it| Family::of(*it)).collect()
        }
    }
}

impl Naive<'_> {
    /// The families of which one decides: the destination's first that both have, and each that may be it.
    pub(super) fn deciding_families(&self, from: &Party<'_>, to: &Party<'_>) -> BTreeSet<Family> {
        let (source, target) = (from.families(), to.families());
        let orders: Vec<Vec<Family>> = if to.addresses.is_empty() {
            let rest = |first: &Family| target.iter().copied().filter(|it| it != first).collect::<Vec<_>>();
            let order = |first: &Family| [vec![*first], rest(first)].concat();
            self.firsts.get_or_init(|| firsts(self.cluster)).iter().map(order).collect()
        } else {
            vec![target.clone()]
        };
        let is_shared = |it: &Family| source.contains(it) && target.contains(it);
        orders.into_iter().filter_map(|it| it.into_iter().find(is_shared)).collect()
    }
}
