//! BaselineAdminNetworkPolicy, `policy.networking.k8s.io/v1alpha1`: read as far as its subject, not evaluated.

use super::door::{Door, Read, Reader};
use super::network_policy::PolicySlim;
use super::slim::Metadata;
use super::unevaluated;
use super::{KindSpec, Presence, Reach, Watch};
use crate::model::cluster::AnyFact;
use crate::model::id::Kind;
use crate::model::policy::Tier;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind("baselineadminnetworkpolicy"),
    group: "policy.networking.k8s.io",
    version: "v1alpha1",
    plural: "baselineadminnetworkpolicies",
    word: "BaselineAdminNetworkPolicy",
    short: &["banp"],
    reach: Reach::Cluster,
    presence: Presence::IfServed,
    watch: Watch::Full,
    reader: Reader::of::<BaselineAdminNetworkPolicies>(),
};

struct BaselineAdminNetworkPolicies;

impl Read for BaselineAdminNetworkPolicies {
    type Slim<'a> = PolicySlim<'a>;
    const FIELDS: &'static [&'static str] = &["spec"];
    const IS_TREE: bool = true;

    fn metadata<'s>(slim: &'s PolicySlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &PolicySlim<'_>, door: &mut Door<'_>) -> AnyFact {
        let target = unevaluated::subject(slim, door);
        unevaluated::policy(slim, Tier::Baseline { priority: 0 }, target, door)
    }
}
