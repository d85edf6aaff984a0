//! What may exist beside the policies that are held, for the second evaluator: kinds that are not read, objects that
//! could not be.

use std::cell::OnceCell;

use crate::kinds::{self, Decides, KINDS};
use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::facts::{Pod, PodNetwork};
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::policy::{GapEffect, Tier};

/// Policies that may exist and are not held: of which kind, where (empty: cluster-wide), when asked, and what they may do.
pub(super) struct Unread {
    pub kind: Kind,
    pub home: Name,
    pub tier: Tier,
    pub effect: GapEffect,
}

impl Unread {
    /// Whether they come before, or beside, NetworkPolicy and are not evaluated.
    pub fn bends_flows(&self) -> bool {
        self.effect == GapEffect::Unevaluated && !matches!(self.tier, Tier::Baseline { .. })
    }

    /// Whether one of them may select a pod, as far as where it stands and its kind tell.
    pub fn may_select(&self, pod: &Pod) -> bool {
        (self.home.is_empty() || self.home == *pod.namespace()) && may_hold(self.kind, pod)
    }
}

/// Whether selectors of a kind hold pods on this pod's sort of network.
pub(super) fn may_hold(kind: Kind, pod: &Pod) -> bool {
    pod.network() == PodNetwork::Own || kinds::selects_host_network(kind)
}

/// What is not read, as policies that may say anything.
pub(super) fn unread(cluster: &Cluster) -> Vec<Unread> {
    let mut unread = Vec::new();
    let mut add = |kind, home: &Name, tier, effect| unread.push(Unread { kind, home: home.clone(), tier, effect });
    // Where all of them are read, nobody needs to know where they might be.
    let all = OnceCell::new();
    let homes = || all.get_or_init(|| cluster.namespace_names());
    for spec in KINDS.iter().filter(|it| cluster.coverage.hole(it.kind).is_some()) {
        if let Some(Decides::Rules(tier)) = spec.decides {
            let holes = homes().iter().filter(|it| !cluster.coverage.is_complete(spec.kind, it));
            holes.for_each(|it| add(spec.kind, it, tier, GapEffect::Anything));
        }
    }
    for spec in KINDS {
        let Some(Decides::Unknown(tier, effect)) = spec.decides else { continue };
        let root = kinds::root(spec.kind);
        let found = cluster.coverage.kinds.get(&spec.kind);
        let is_told_apart = found.is_some_and(|it| !it.namespaces.is_empty())
            || *cluster.coverage.of(spec.kind, "") == Coverage::Unread;
        if spec.is_namespaced() && is_told_apart {
            let holes = homes().iter().filter(|it| !cluster.coverage.is_complete(spec.kind, it));
            holes.for_each(|it| add(spec.kind, it, tier, effect));
            // What may stand in the root namespace may be about any pod.
            if root.is_some_and(|it| !cluster.coverage.is_complete(spec.kind, it)) {
                add(spec.kind, &Name::empty(), tier, effect);
            }
        } else if !cluster.coverage.is_complete(spec.kind, "") {
            add(spec.kind, &Name::empty(), tier, effect);
        }
    }
    for id in cluster.unreadable.iter() {
        match kinds::spec(id.kind).and_then(|it| it.decides) {
            Some(Decides::Rules(tier)) => add(id.kind, &id.namespace, tier, GapEffect::Anything),
            Some(Decides::Unknown(tier, effect)) => {
                let is_root = kinds::root(id.kind).is_some_and(|it| id.namespace == it);
                let home = if is_root { Name::empty() } else { id.namespace.clone() };
                add(id.kind, &home, tier, effect);
            }
            Some(Decides::Nothing) | None => {}
        }
    }
    unread
}
