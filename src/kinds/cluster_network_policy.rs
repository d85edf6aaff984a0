//! ClusterNetworkPolicy, of the policy API and the one of AWS: read as far as tier and subject, not evaluated.
//!
//! Both have `spec.tier` (`Admin` or `Baseline`), `spec.priority` and `spec.subject`.

use super::context::ReadContext;
use super::network_policy::PolicySlim;
use super::reader::KindReader;
use super::unevaluated::{self, SelectingKind, Unevaluated};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::id::{Kind, ResourceScope};
use crate::model::labels::SelectorSet;
use crate::model::policy::Tier;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind("clusternetworkpolicy"),
    group: "policy.networking.k8s.io",
    version: "v1alpha2",
    plural: "clusternetworkpolicies",
    word: "ClusterNetworkPolicy",
    short: &[],
    scope: ResourceScope::Cluster,
    presence: Presence::IfServed,
    watch: WatchedPart::Full,
    decides: unevaluated::ADMIN,
    reader: KindReader::of::<Unevaluated<ClusterNetworkPolicies>>(),
};

pub(super) const AWS: KindSpec = KindSpec {
    kind: Kind("clusternetworkpolicy.networking.k8s.aws"),
    group: "networking.k8s.aws",
    version: "v1alpha1",
    ..SPEC
};

struct ClusterNetworkPolicies;

impl SelectingKind for ClusterNetworkPolicies {
    fn tier(slim: &PolicySlim<'_>, _: Kind) -> Tier {
        tier(slim)
    }

    fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
        unevaluated::subject(slim, context)
    }
}

/// A tier that does not read is the one that can bend more.
fn tier(slim: &PolicySlim<'_>) -> Tier {
    let priority = unevaluated::priority(slim);
    match slim.spec.get("tier").and_then(serde_json::Value::as_str) {
        Some("Baseline") => Tier::Baseline { priority },
        _ => Tier::Admin { priority },
    }
}
