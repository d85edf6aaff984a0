//! CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy: read as far as a plain endpointSelector, not evaluated.
//!
//! Labels stand with their source (`k8s:app`, `any:app`); those that Cilium derives (`io.cilium.k8s…`,
//! `io.kubernetes.pod.namespace`, `reserved:`) are no labels of a pod, and make the target everything. So do
//! several `specs` and host policies (`nodeSelector`).

use serde_json::{Value, json};

use super::context::ReadContext;
use super::network_policy::PolicySlim;
use super::parts::PolicyParts;
use super::reader::KindReader;
use super::unevaluated::{self, SelectingKind, Unevaluated};
use super::written::selector;
use super::{KindSpec, Presence, WatchedPart};
use crate::model::id::{Kind, ResourceScope};
use crate::model::labels::{NamespaceMatch, Requirement, Selector, SelectorSet};
use crate::model::place::Place;
use crate::model::policy::{GapEffect, Policy};

/// Cilium's kinds; the short name `cnp` of the first is claimed by two other kinds as well and left out.
const fn spec(kind: Kind, scope: ResourceScope, plural: &'static str, word: &'static str) -> KindSpec {
    KindSpec {
        kind,
        group: "cilium.io",
        version: "v2",
        plural,
        word,
        short: &[],
        scope,
        presence: Presence::IfServed,
        watch: WatchedPart::Full,
        decides: unevaluated::ADMIN,
        reader: KindReader::of::<Unevaluated<Cilium>>(),
    }
}

pub(super) const NETWORK_POLICY: KindSpec =
    spec(Kind("ciliumnetworkpolicy"), ResourceScope::Namespaced, "ciliumnetworkpolicies", "CiliumNetworkPolicy");
pub(super) const CLUSTERWIDE: KindSpec = spec(
    Kind("ciliumclusterwidenetworkpolicy"),
    ResourceScope::Cluster,
    "ciliumclusterwidenetworkpolicies",
    "CiliumClusterwideNetworkPolicy",
);

struct Cilium;

impl SelectingKind for Cilium {
    const FIELDS: &'static [&'static str] = &["spec", "specs"];

    fn spec(it: &Policy) -> Value {
        json!({"endpointSelector": selector(&it.target.pods)})
    }

    fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
        target(slim, context)
    }
}

fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
    let spec = match (&slim.spec, slim.specs.as_array().map(Vec::as_slice)) {
        (spec @ Value::Object(_), None | Some([])) => spec,
        (Value::Null, Some([only])) => only,
        _ => return None,
    };
    let selector = spec.get("endpointSelector").filter(|_| spec.get("nodeSelector").is_none())?;
    let pods =
        PolicyParts::new(context).selector(selector, &Place::new("spec.endpointSelector"), GapEffect::Unevaluated)?;
    let pods: Option<Vec<Requirement>> = pods.all_of.iter().map(|it| plain(it, context)).collect();
    let namespaces = match context.spec.scope {
        ResourceScope::Namespaced => NamespaceMatch::Own(context.meta(&slim.metadata).namespace),
        ResourceScope::Cluster => NamespaceMatch::Labels(Selector::everything()),
    };
    Some(SelectorSet { namespaces, pods: Selector::new(pods?) })
}

/// The requirement on the pod's own label, if it is one.
fn plain(it: &Requirement, context: &mut ReadContext<'_>) -> Option<Requirement> {
    let key = it.key.as_str();
    let key = key.strip_prefix("k8s:").or_else(|| key.strip_prefix("any:")).unwrap_or(key);
    let derived = key.contains(':') || key.starts_with("io.cilium.k8s") || key.starts_with("io.kubernetes.pod");
    (!derived).then(|| Requirement { key: context.intern.name(key), operator: it.operator.clone() })
}
