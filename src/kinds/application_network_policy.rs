//! ApplicationNetworkPolicy, `networking.k8s.aws/v1alpha1`: read as far as its podSelector, not evaluated.

use super::context::ReadContext;
use super::network_policy::PolicySlim;
use super::reader::KindReader;
use super::unevaluated::{self, SelectingKind, Unevaluated};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::id::{Kind, ResourceScope};
use crate::model::labels::SelectorSet;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind("applicationnetworkpolicy"),
    group: "networking.k8s.aws",
    version: "v1alpha1",
    plural: "applicationnetworkpolicies",
    word: "ApplicationNetworkPolicy",
    short: &[],
    scope: ResourceScope::Namespaced,
    presence: Presence::IfServed,
    watch: WatchedPart::Full,
    decides: unevaluated::ADMIN,
    reader: KindReader::of::<Unevaluated<ApplicationNetworkPolicies>>(),
};

struct ApplicationNetworkPolicies;

impl SelectingKind for ApplicationNetworkPolicies {
    fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
        unevaluated::pod_selector(slim, context)
    }
}
