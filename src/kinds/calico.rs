//! Calico's NetworkPolicy and GlobalNetworkPolicy: read as far as a plain selector, not evaluated.
//!
//! ```text
//! selector: app == 'web' && tier in {'a', 'b'} && !has(canary)     a plain conjunction: the target
//! selector: app == 'web' || app == 'db'                            anything else: everything
//! ```
//!
//! Served by `projectcalico.org/v3`, and by `crd.projectcalico.org/v1`, its store; both are read, since a token
//! may see only one. Staged policies do nothing and have no row here.
//! Source: <https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#selector>

use serde_json::{Value, json};

use super::context::ReadContext;
use super::network_policy::PolicySlim;
use super::reader::KindReader;
use super::unevaluated::{self, SelectingKind, Unevaluated};
use super::{KindSpec, Presence, WatchedPart};
use crate::model::id::{Kind, ResourceScope};
use crate::model::labels::{NamespaceMatch, Operator, Requirement, Selector, SelectorSet};
use crate::model::policy::Policy;

/// Names under which Calico shows the policies of other kinds.
const MIRRORS: [&str; 4] = ["knp.", "kanp.", "kbanp.", "kcnp."];

/// One of Calico's two kinds in one of its two groups.
const fn spec(kind: Kind, group: &'static str, version: &'static str, scope: ResourceScope) -> KindSpec {
    let (plural, word) = match scope {
        ResourceScope::Namespaced => ("networkpolicies", "NetworkPolicy"),
        ResourceScope::Cluster => ("globalnetworkpolicies", "GlobalNetworkPolicy"),
    };
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
        decides: unevaluated::ADMIN,
        reader: KindReader::of::<Unevaluated<Calico>>(),
    }
}

pub(super) const NETWORK_POLICY: KindSpec =
    spec(Kind("networkpolicy.projectcalico.org"), "projectcalico.org", "v3", ResourceScope::Namespaced);
pub(super) const GLOBAL_NETWORK_POLICY: KindSpec =
    spec(Kind("globalnetworkpolicy.projectcalico.org"), "projectcalico.org", "v3", ResourceScope::Cluster);
pub(super) const CRD_NETWORK_POLICY: KindSpec =
    spec(Kind("networkpolicy.crd.projectcalico.org"), "crd.projectcalico.org", "v1", ResourceScope::Namespaced);
pub(super) const CRD_GLOBAL_NETWORK_POLICY: KindSpec =
    spec(Kind("globalnetworkpolicy.crd.projectcalico.org"), "crd.projectcalico.org", "v1", ResourceScope::Cluster);

struct Calico;

impl SelectingKind for Calico {
    fn ignores(slim: &PolicySlim<'_>) -> bool {
        MIRRORS.iter().any(|it| slim.metadata.name.starts_with(it))
    }

    fn spec(it: &Policy) -> Value {
        let pods = written(&it.target.pods);
        match &it.target.namespaces {
            NamespaceMatch::Own(_) => json!({"selector": pods}),
            NamespaceMatch::Labels(namespaces) => json!({"selector": pods, "namespaceSelector": written(namespaces)}),
        }
    }

    fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
        target(slim, context)
    }
}

fn target(slim: &PolicySlim<'_>, context: &mut ReadContext<'_>) -> Option<SelectorSet> {
    let text = |field: &str| slim.spec.get(field).map_or(Some(""), |it| it.as_str());
    let pods = conjunction(text("selector")?, context)?;
    let namespaces = match context.spec.scope {
        ResourceScope::Namespaced => NamespaceMatch::Own(context.meta(&slim.metadata).namespace),
        // What is not plain narrows the target in a way that we cannot tell: all namespaces, then.
        ResourceScope::Cluster => {
            let plain = text("namespaceSelector").and_then(|it| conjunction(it, context));
            NamespaceMatch::Labels(plain.unwrap_or_default())
        }
    };
    Some(SelectorSet { namespaces, pods })
}

/// A selector that is a plain conjunction; `None` for everything else that the language can say.
fn conjunction(text: &str, context: &mut ReadContext<'_>) -> Option<Selector> {
    let text = text.trim();
    if text.is_empty() || text == "all()" {
        return Some(Selector::everything());
    }
    if text.contains("||") {
        return None;
    }
    let all_of: Option<Vec<Requirement>> = text.split("&&").map(|it| term(it.trim(), context)).collect();
    all_of.map(Selector::new)
}

/// One comparison; `!=` and `not in` hold for a missing key, as in Kubernetes.
fn term(text: &str, context: &mut ReadContext<'_>) -> Option<Requirement> {
    if let Some(key) = text.strip_prefix("!has(").and_then(|it| it.strip_suffix(')')) {
        return requirement(key, Operator::DoesNotExist, context);
    }
    if let Some(key) = text.strip_prefix("has(").and_then(|it| it.strip_suffix(')')) {
        return requirement(key, Operator::Exists, context);
    }
    if let Some((key, value)) = text.split_once("==") {
        let values = vec![context.intern.name(quoted(value)?)];
        return requirement(key, Operator::In(values.into()), context);
    }
    if let Some((key, value)) = text.split_once("!=") {
        let values = vec![context.intern.name(quoted(value)?)];
        return requirement(key, Operator::NotIn(values.into()), context);
    }
    let (head, list) = text.strip_suffix('}')?.split_once('{')?;
    let mut values = Vec::new();
    for value in list.split(',') {
        values.push(context.intern.name(quoted(value)?));
    }
    values.sort_unstable();
    let head = head.trim().strip_suffix("in")?;
    match head.trim_end().strip_suffix("not") {
        Some(key) if head.ends_with(' ') && key.ends_with(' ') => {
            requirement(key, Operator::NotIn(values.into()), context)
        }
        _ if head.ends_with(' ') => requirement(head, Operator::In(values.into()), context),
        _ => None,
    }
}

/// Keys that Calico makes up itself are no labels of a pod.
fn requirement(key: &str, operator: Operator, context: &mut ReadContext<'_>) -> Option<Requirement> {
    let key = key.trim();
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_./".contains(it);
    let is_label = !key.is_empty() && key.chars().all(plain) && !key.starts_with("projectcalico.org/");
    is_label.then(|| Requirement { key: context.intern.name(key), operator })
}

/// The inside of `'…'` or `"…"`.
fn quoted(text: &str) -> Option<&str> {
    let text = text.trim();
    let quote = text.chars().next().filter(|it| matches!(it, '\'' | '"'))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains(['\'', '"', '{', '}', '&'])).then_some(inside)
}

/// A selector in Calico's language.
fn written(selector: &Selector) -> String {
    if selector.is_everything() {
        return "all()".to_owned();
    }
    selector.all_of.iter().map(written_term).collect::<Vec<_>>().join(" && ")
}

fn written_term(it: &Requirement) -> String {
    let set = |values: &[_]| values.iter().map(|it| format!("'{it}'")).collect::<Vec<String>>().join(", ");
    match &it.operator {
        Operator::In(values) => format!("{} in {{{}}}", it.key, set(values)),
        Operator::NotIn(values) => format!("{} not in {{{}}}", it.key, set(values)),
        Operator::Exists => format!("has({})", it.key),
        Operator::DoesNotExist => format!("!has({})", it.key),
    }
}
