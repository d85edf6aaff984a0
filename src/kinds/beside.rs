//! What decides traffic beside NetworkPolicy and is not evaluated: plugins' own policies, egress firewalls, meshes.
//!
//! ```text
//! Antrea's policies                        both ways, any flow of their targets
//! EgressFirewall, EgressNetworkPolicy      close egress of their namespace to outside
//! Istio's and Linkerd's authorization      close ingress of pods of their namespace; Istio's root namespace: of all
//! FQDNNetworkPolicy                        opens and closes egress of its pods to outside
//! MultiNetworkPolicy                       other interfaces: nothing that we answer for
//! ```
//!
//! One row of [`ROWS`] each; they are read as far as a plain subject. CONTRACT §3. Sources: the reference pages of
//! <https://antrea.io/docs/main/docs/antrea-network-policy/>, <https://ovn-kubernetes.io/features/network-security-controls/egress-firewall/>,
//! <https://istio.io/latest/docs/reference/config/security/authorization-policy/>,
//! <https://linkerd.io/2/reference/authorization-policy/>,
//! <https://cloud.google.com/kubernetes-engine/docs/how-to/fqdn-network-policies> and
//! <https://github.com/k8snetworkplumbingwg/multi-networkpolicy>.

use serde_json::{Value, json};

use super::context::ReadContext;
use super::network_policy::PolicySlim;
use super::parts::PolicyParts;
use super::reader::KindReader;
use super::unevaluated::{SelectingKind, Unevaluated, pod_selector};
use super::written::selector;
use super::{Decides, KindSpec, Presence, WatchedPart};
use crate::model::id::{Kind, ResourceScope};
use crate::model::labels::{NamespaceMatch, Selector, SelectorSet};
use crate::model::place::Place;
use crate::model::policy::{GapEffect, Policy, Tier};

/// Istio's root namespace: what stands there is about all pods.
const ROOT: &str = "istio-system";

/// One of these kinds; what tells it from the others stands in [`ROWS`].
const fn spec(
    kind: Kind,
    (group, version): (&'static str, &'static str),
    scope: ResourceScope,
    (plural, word): (&'static str, &'static str),
    decides: Decides,
) -> KindSpec {
    KindSpec {
        kind,
        group,
        version,
        plural,
        word,
        short: &[],
        scope,
        presence: Presence::IfServed,
        watch: WatchedPart::Full,
        decides: Some(decides),
        reader: KindReader::of::<Unevaluated<Beside>>(),
    }
}

/// What is not evaluated and may do this, whenever it is asked.
const fn may(effect: GapEffect) -> Decides {
    Decides::Unknown(Tier::Admin { priority: 0 }, effect)
}

pub(super) const ANTREA: KindSpec = spec(
    Kind("networkpolicy.crd.antrea.io"),
    ("crd.antrea.io", "v1beta1"),
    ResourceScope::Namespaced,
    ("networkpolicies", "NetworkPolicy"),
    may(GapEffect::Unevaluated),
);
pub(super) const ANTREA_CLUSTER: KindSpec = spec(
    Kind("clusternetworkpolicy.crd.antrea.io"),
    ("crd.antrea.io", "v1beta1"),
    ResourceScope::Cluster,
    ("clusternetworkpolicies", "ClusterNetworkPolicy"),
    may(GapEffect::Unevaluated),
);
pub(super) const EGRESS_FIREWALL: KindSpec = spec(
    Kind("egressfirewall"),
    ("k8s.ovn.org", "v1"),
    ResourceScope::Namespaced,
    ("egressfirewalls", "EgressFirewall"),
    may(GapEffect::ClosesOutside),
);
pub(super) const EGRESS_NETWORK_POLICY: KindSpec = spec(
    Kind("egressnetworkpolicy"),
    ("network.openshift.io", "v1"),
    ResourceScope::Namespaced,
    ("egressnetworkpolicies", "EgressNetworkPolicy"),
    may(GapEffect::ClosesOutside),
);
pub(super) const ISTIO: KindSpec = spec(
    Kind("authorizationpolicy.security.istio.io"),
    ("security.istio.io", "v1"),
    ResourceScope::Namespaced,
    ("authorizationpolicies", "AuthorizationPolicy"),
    may(GapEffect::ClosesIngress),
);
pub(super) const LINKERD: KindSpec = spec(
    Kind("authorizationpolicy.policy.linkerd.io"),
    ("policy.linkerd.io", "v1alpha1"),
    ResourceScope::Namespaced,
    ("authorizationpolicies", "AuthorizationPolicy"),
    may(GapEffect::ClosesIngress),
);
pub(super) const LINKERD_SERVER: KindSpec = spec(
    Kind("server.policy.linkerd.io"),
    ("policy.linkerd.io", "v1beta3"),
    ResourceScope::Namespaced,
    ("servers", "Server"),
    may(GapEffect::ClosesIngress),
);
pub(super) const FQDN: KindSpec = spec(
    Kind("fqdnnetworkpolicy"),
    ("networking.gke.io", "v1alpha1"),
    ResourceScope::Namespaced,
    ("fqdnnetworkpolicies", "FQDNNetworkPolicy"),
    may(GapEffect::DecidesOutside),
);
pub(super) const MULTI: KindSpec = spec(
    Kind::MULTI_NETWORK_POLICY,
    ("k8s.cni.cncf.io", "v1beta1"),
    ResourceScope::Namespaced,
    ("multi-networkpolicies", "MultiNetworkPolicy"),
    Decides::Nothing,
);

/// Where a kind says which pods it is about.
#[derive(Clone, Copy)]
enum About {
    /// All pods of its namespace.
    Namespace,
    /// `spec.podSelector`, in its namespace.
    PodSelector,
    /// `spec.selector`, in its namespace or, in the root namespace, in all; `spec.targetRefs` narrows it untold.
    Workloads,
    /// `spec.appliedTo`, of one element that is a plain selector.
    AppliedTo,
}

/// Where the subject of a kind stands.
const ROWS: &[(Kind, About)] = &[
    (ANTREA.kind, About::AppliedTo),
    (ANTREA_CLUSTER.kind, About::AppliedTo),
    (EGRESS_FIREWALL.kind, About::Namespace),
    (EGRESS_NETWORK_POLICY.kind, About::Namespace),
    (ISTIO.kind, About::Workloads),
    (LINKERD.kind, About::Namespace),
    (LINKERD_SERVER.kind, About::PodSelector),
    (FQDN.kind, About::PodSelector),
    (MULTI.kind, About::PodSelector),
];

/// The namespace whose objects of a kind are about pods of all namespaces.
pub(super) fn root(kind: Kind) -> Option<&'static str> {
    (kind == ISTIO.kind).then_some(ROOT)
}

struct Beside;

impl SelectingKind for Beside {
    /// Istio's audits stop nothing.
    fn effect(slim: &PolicySlim<'_>, kind: Kind) -> Option<GapEffect> {
        let is_audit = kind == ISTIO.kind && slim.spec.get("action").and_then(Value::as_str) == Some("AUDIT");
        super::gap_effect(kind).filter(|_| !is_audit)
    }

    /// Antrea asks its `baseline` tier after NetworkPolicy; what effect nothing is beside NetworkPolicy.
    fn tier(slim: &PolicySlim<'_>, kind: Kind) -> Tier {
        let is_antrea = matches!(kind, it if it == ANTREA.kind || it == ANTREA_CLUSTER.kind);
        let tier = slim.spec.get("tier").and_then(Value::as_str);
        match tier {
            _ if Self::effect(slim, kind).is_none() => Tier::Namespace,
            Some(tier) if is_antrea && tier.eq_ignore_ascii_case("baseline") => Tier::Baseline { priority: 0 },
            _ => Tier::Admin { priority: 0 },
        }
    }

    fn spec(it: &Policy) -> Value {
        let pods = || selector(&it.target.pods);
        match (about(it.kind), &it.target.namespaces) {
            (Some(About::Workloads), _) => json!({"selector": pods()}),
            (Some(About::AppliedTo), NamespaceMatch::Own(_)) => json!({"appliedTo": [{"podSelector": pods()}]}),
            (Some(About::AppliedTo), NamespaceMatch::Labels(namespaces)) => {
                json!({"appliedTo": [{"namespaceSelector": selector(namespaces), "podSelector": pods()}]})
            }
            _ => json!({"podSelector": pods()}),
        }
    }

    fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
        match about(context.spec.kind)? {
            About::Namespace => None,
            About::PodSelector => pod_selector(slim, context),
            About::Workloads => workloads(slim, context),
            About::AppliedTo => applied_to(slim, context),
        }
    }
}

/// Where the subject of a kind stands.
fn about(kind: Kind) -> Option<About> {
    ROWS.iter().find(|it| it.0 == kind).map(|it| it.1)
}

/// Whether an object has no other fields than these.
fn has_only(value: &Value, known: &[&str]) -> bool {
    value.as_object().is_some_and(|it| it.keys().all(|it| known.contains(&it.as_str())))
}

fn workloads(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
    let namespace = context.meta(&slim.metadata).namespace;
    let namespaces = match root(context.spec.kind).is_some_and(|it| namespace == it) {
        true => NamespaceMatch::Labels(Selector::everything()),
        false => NamespaceMatch::Own(namespace),
    };
    let is_narrowed = ["targetRef", "targetRefs"].iter().any(|it| slim.spec.get(it).is_some());
    let written = slim.spec.get("selector").filter(|_| !is_narrowed);
    let pods = written
        .and_then(|it| PolicyParts::new(context).selector(it, &Place::new("spec.selector"), GapEffect::Unevaluated));
    Some(SelectorSet { namespaces, pods: pods.unwrap_or_default() })
}

fn applied_to(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
    let [only] = slim.spec.get("appliedTo")?.as_array()?.as_slice() else { return None };
    if !has_only(only, &["podSelector", "namespaceSelector"]) {
        return None;
    }
    let mut selector = |field: &str| {
        let place = Place::new("spec.appliedTo[0]").field(field);
        PolicyParts::new(context).selector(only.get(field).unwrap_or(&Value::Null), &place, GapEffect::Unevaluated)
    };
    let (pods, labels) = (selector("podSelector")?, selector("namespaceSelector")?);
    let namespaces = match context.spec.scope {
        ResourceScope::Namespaced => NamespaceMatch::Own(context.meta(&slim.metadata).namespace),
        ResourceScope::Cluster => NamespaceMatch::Labels(labels),
    };
    Some(SelectorSet { namespaces, pods })
}
