//! AdminNetworkPolicy, `policy.networking.k8s.io/v1alpha1`: read as far as its subject, not evaluated.

use super::context::ReadContext;
use super::network_policy::PolicySlim;
use super::reader::KindReader;
use super::unevaluated::{self, SelectingKind, Unevaluated};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::id::{Kind, ResourceScope};
use crate::model::labels::SelectorSet;
use crate::model::policy::Tier;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind("adminnetworkpolicy"),
    group: "policy.networking.k8s.io",
    version: "v1alpha1",
    plural: "adminnetworkpolicies",
    word: "AdminNetworkPolicy",
    short: &["anp"],
    scope: ResourceScope::Cluster,
    presence: Presence::IfServed,
    watch: WatchedPart::Full,
    decides: unevaluated::ADMIN,
    reader: KindReader::of::<Unevaluated<AdminNetworkPolicies>>(),
};

struct AdminNetworkPolicies;

impl SelectingKind for AdminNetworkPolicies {
    fn tier(slim: &PolicySlim<'_>, _: Kind) -> Tier {
        Tier::Admin { priority: unevaluated::priority(slim) }
    }

    fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
        unevaluated::subject(slim, context)
    }
}
