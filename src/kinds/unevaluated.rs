//! What all policy kinds that are not evaluated yet share: they are read as far as their subject.
//!
//! Such an object says that answers about its targets may be different from ours, all of them or those that its kind
//! can change; see [`GapEffect::Unevaluated`] and what follows it there.
//! A subject that does not read plainly is everything, the widest reading. Their rules are not looked at.

use std::marker::PhantomData;

use serde_json::{Value, json};

use super::Decides;
use super::context::{ReadContext, ReadKind};
use super::network_policy::{PolicySlim, fingerprint};
use super::parts::PolicyParts;
use super::slim::Metadata;
use super::written::{named_object, selector};
use crate::model::facts::SnapshotMeta;
use crate::model::id::Kind;
use crate::model::items::Items;
use crate::model::labels::{NamespaceMatch, Selector, SelectorSet};
use crate::model::place::Place;
use crate::model::policy::{Directions, GapEffect, Policy, Tier};

/// Of a kind that may do anything to flows of its targets, before NetworkPolicies and beside them.
pub(super) const ADMIN: Option<Decides> = Some(Decides::Unknown(Tier::Admin { priority: 0 }, GapEffect::Unevaluated));

/// The same, of a kind that is asked only where no NetworkPolicy isolates.
pub(super) const BASELINE: Option<Decides> =
    Some(Decides::Unknown(Tier::Baseline { priority: 0 }, GapEffect::Unevaluated));

/// A policy kind that is read as far as its subject: what its kinds differ in.
pub(super) trait SelectingKind {
    /// The fields beside the metadata that it looks at.
    const FIELDS: &'static [&'static str] = &["spec"];

    /// The tier that an object stands in.
    fn tier(_: &PolicySlim<'_>, _: Kind) -> Tier {
        Tier::Admin { priority: 0 }
    }

    /// What it can do to the flows of its targets; `None`: nothing.
    fn effect(_: &PolicySlim<'_>, kind: Kind) -> Option<GapEffect> {
        super::gap_effect(kind)
    }

    /// As much of a spec as says whom it governs, read back.
    fn spec(it: &Policy) -> Value {
        let pods = selector(&it.target.pods);
        match &it.target.namespaces {
            NamespaceMatch::Own(_) => json!({"podSelector": pods}),
            NamespaceMatch::Labels(namespaces) => {
                json!({"subject": {"pods": {"namespaceSelector": selector(namespaces), "podSelector": pods}}})
            }
        }
    }

    /// The pods that it governs; `None`: it cannot be told, so all that it could.
    fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet>;

    /// Whether the object only mirrors another one.
    fn ignores(_: &PolicySlim<'_>) -> bool {
        false
    }
}

/// Reads objects of such a kind.
pub(super) struct Unevaluated<S>(PhantomData<S>);

impl<S: SelectingKind> ReadKind for Unevaluated<S> {
    type Slim<'a> = PolicySlim<'a>;
    type Fact = Policy;
    const FIELDS: &'static [&'static str] = S::FIELDS;
    const IS_TREE: bool = true;
    const KEEPS_UNKNOWN: bool = true;

    fn metadata<'s>(slim: &'s PolicySlim<'_>) -> &'s Metadata<'s> {
        &slim.metadata
    }

    fn ignores(slim: &PolicySlim<'_>) -> bool {
        S::ignores(slim)
    }

    fn fact(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Policy {
        let target = S::target(slim, context);
        let kind = context.spec.kind;
        policy(slim, (S::tier(slim, kind), S::effect(slim, kind)), target, context)
    }

    /// Its tier and its target, in its own kind's words.
    fn object(it: &Policy, _: SnapshotMeta) -> Option<Value> {
        let mut spec = S::spec(it);
        match it.tier {
            Tier::Admin { priority } => (spec["priority"], spec["tier"]) = (json!(priority), json!("Admin")),
            Tier::Baseline { priority } => (spec["priority"], spec["tier"]) = (json!(priority), json!("Baseline")),
            Tier::Namespace => {}
        }
        let mut object = named_object(it);
        object["spec"] = spec;
        Some(object)
    }
}

/// The policy object with this tier and target, and the gap that it is.
fn policy(
    slim: &PolicySlim<'_>,
    (tier, effect): (Tier, Option<GapEffect>),
    target: Option<SelectorSet>,
    context: &mut ReadContext<'_>,
) -> Policy {
    let (meta, labels) = (context.meta(&slim.metadata), context.labels(&slim.metadata));
    let everywhere = if meta.namespace.is_empty() {
        NamespaceMatch::Labels(Selector::everything())
    } else {
        NamespaceMatch::Own(meta.namespace.clone())
    };
    let target = target.unwrap_or(SelectorSet { namespaces: everywhere, pods: Selector::everything() });
    for name in &slim.unknown {
        context.problem(name, "unknown field beside spec");
    }
    let mut parts = PolicyParts::new(context);
    let what = format!("{} is not evaluated", parts.context.spec.word);
    effect.into_iter().for_each(|it| parts.silent_gap(&Place::new("spec"), what.clone(), it));
    let gaps: Items<_> = parts.gaps.into();
    Policy {
        meta,
        labels,
        kind: context.spec.kind,
        tier,
        target,
        isolates: Directions::NONE,
        rules: Items::default(),
        inert: 0,
        unread: if gaps.is_empty() { 0 } else { fingerprint(slim) },
        gaps,
    }
}

/// The subject of the policy API's kinds: `namespaces: selector`, or `pods: {namespaceSelector, podSelector}`.
pub(super) fn subject(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
    let mut parts = PolicyParts::new(context);
    let (effect, place) = (GapEffect::Unevaluated, Place::new("spec.subject"));
    let fields = parts.fields(slim.spec.get("subject")?, &place, &["namespaces", "pods"], effect)?;
    let (namespaces, pods) = (fields.get("namespaces"), fields.get("pods"));
    if pods.is_null() && !namespaces.is_null() {
        let selector = parts.selector(namespaces, &place.field("namespaces"), effect)?;
        return Some(SelectorSet { namespaces: NamespaceMatch::Labels(selector), pods: Selector::everything() });
    }
    if pods.is_null() || !namespaces.is_null() {
        return None;
    }
    let place = place.field("pods");
    let fields = parts.fields(pods, &place, &["namespaceSelector", "podSelector"], effect)?;
    let namespaces = parts.selector(fields.get("namespaceSelector"), &place.field("namespaceSelector"), effect)?;
    let pods = parts.selector(fields.get("podSelector"), &place.field("podSelector"), effect)?;
    Some(SelectorSet { namespaces: NamespaceMatch::Labels(namespaces), pods })
}

/// A plain `podSelector` of the policy's own namespace.
pub(super) fn pod_selector(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
    let namespace = context.meta(&slim.metadata).namespace;
    let selector = slim.spec.get("podSelector")?;
    let pods = PolicyParts::new(context).selector(selector, &Place::new("spec.podSelector"), GapEffect::Unevaluated)?;
    Some(SelectorSet { namespaces: NamespaceMatch::Own(namespace), pods })
}

/// `spec.priority`, 0 where it does not read.
pub(super) fn priority(slim: &PolicySlim<'_>) -> u16 {
    slim.spec.get("priority").and_then(serde_json::Value::as_u64).and_then(|it| u16::try_from(it).ok()).unwrap_or(0)
}
