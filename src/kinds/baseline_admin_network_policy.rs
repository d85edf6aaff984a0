//! BaselineAdminNetworkPolicy, `policy.networking.k8s.io/v1alpha1`: read as far as its subject, not evaluated.

use super::context::ReadContext;
use super::network_policy::PolicySlim;
use super::reader::KindReader;
use super::unevaluated::{self, SelectingKind, Unevaluated};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::id::{Kind, ResourceScope};
use crate::model::labels::SelectorSet;
use crate::model::policy::Tier;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind("baselineadminnetworkpolicy"),
    group: "policy.networking.k8s.io",
    version: "v1alpha1",
    plural: "baselineadminnetworkpolicies",
    word: "BaselineAdminNetworkPolicy",
    short: &["banp"],
    scope: ResourceScope::Cluster,
    presence: Presence::IfServed,
    watch: WatchedPart::Full,
    decides: unevaluated::BASELINE,
    reader: KindReader::of::<Unevaluated<BaselineAdminNetworkPolicies>>(),
};

struct BaselineAdminNetworkPolicies;

impl SelectingKind for BaselineAdminNetworkPolicies {
    fn tier(_: &PolicySlim<'_>, _: Kind) -> Tier {
        Tier::Baseline { priority: 0 }
    }

    fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
        unevaluated::subject(slim, context)
    }
}
