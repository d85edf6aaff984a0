//! ClusterNetworkPolicy, of the policy API and the one of AWS: read as far as tier and subject, not evaluated.
//!
//! Both have `spec.tier` (`Admin` or `Baseline`), `spec.priority` and `spec.subject`.

use super::door::{Door, Read, Reader};
use super::network_policy::PolicySlim;
use super::slim::Metadata;
use super::unevaluated;
use super::{KindSpec, Presence, Reach, Watch};
use crate::model::cluster::AnyFact;
use crate::model::id::Kind;
use crate::model::policy::Tier;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind("clusternetworkpolicy"),
    group: "policy.networking.k8s.io",
    version: "v1alpha2",
    plural: "clusternetworkpolicies",
    word: "ClusterNetworkPolicy",
    short: &[],
    reach: Reach::Cluster,
    presence: Presence::IfServed,
    watch: Watch::Full,
    reader: Reader::of::<ClusterNetworkPolicies>(),
};

pub(super) const AWS: KindSpec = KindSpec {
    kind: Kind("clusternetworkpolicy.networking.k8s.aws"),
    group: "networking.k8s.aws",
    version: "v1alpha1",
    plural: "clusternetworkpolicies",
    word: "ClusterNetworkPolicy",
    short: &[],
    reach: Reach::Cluster,
    presence: Presence::IfServed,
    watch: Watch::Full,
    reader: Reader::of::<ClusterNetworkPolicies>(),
};

struct ClusterNetworkPolicies;

impl Read for ClusterNetworkPolicies {
    type Slim<'a> = PolicySlim<'a>;
    const FIELDS: &'static [&'static str] = &["spec"];
    const IS_TREE: bool = true;

    fn metadata<'s>(slim: &'s PolicySlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &PolicySlim<'_>, door: &mut Door<'_>) -> AnyFact {
        let target = unevaluated::subject(slim, door);
        unevaluated::policy(slim, tier(slim), target, door)
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
