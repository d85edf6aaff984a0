//! ApplicationNetworkPolicy, `networking.k8s.aws/v1alpha1`: read as far as its podSelector, not evaluated.

use super::door::{Door, Read, Reader};
use super::network_policy::PolicySlim;
use super::slim::Metadata;
use super::unevaluated;
use super::{KindSpec, Presence, Reach, Watch};
use crate::model::cluster::AnyFact;
use crate::model::id::Kind;
use crate::model::policy::Tier;

pub(super) const SPEC: KindSpec = KindSpec {
    kind: Kind("applicationnetworkpolicy"),
    group: "networking.k8s.aws",
    version: "v1alpha1",
    plural: "applicationnetworkpolicies",
    word: "ApplicationNetworkPolicy",
    short: &[],
    reach: Reach::Namespaced,
    presence: Presence::IfServed,
    watch: Watch::Full,
    reader: Reader::of::<ApplicationNetworkPolicies>(),
};

struct ApplicationNetworkPolicies;

impl Read for ApplicationNetworkPolicies {
    type Slim<'a> = PolicySlim<'a>;
    const FIELDS: &'static [&'static str] = &["spec"];
    const IS_TREE: bool = true;

    fn metadata<'s>(slim: &'s PolicySlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn fact(slim: &PolicySlim<'_>, door: &mut Door<'_>) -> AnyFact {
        let target = unevaluated::pod_selector(slim, door);
        unevaluated::policy(slim, Tier::Admin { priority: 0 }, target, door)
    }
}
