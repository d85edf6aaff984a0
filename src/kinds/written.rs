//! Facts as the smallest Kubernetes objects that mean them: what all kinds share.
//!
//! ```text
//! AnyFact ──KINDS──► Read::object ──► {"apiVersion":"v1","kind":"Pod","metadata":{…},"spec":{…}}
//! ```
//!
//! Each kind's own part stands beside its reader, and reading what it writes gives the fact again.

use serde_json::{Map, Value, json};

use super::spec;
use crate::model::fact::Fact;
use crate::model::facts::{AnyFact, Owner, SnapshotMeta, Uid};
use crate::model::id::Kind;
use crate::model::labels::{Labels, Operator, Requirement, Selector};
use crate::model::name::Name;

/// The object of a fact at this version (0: none), with what was kept beside it; `None`: it is implied by others.
pub fn object(fact: &AnyFact, version: u64, kept: SnapshotMeta) -> Option<Value> {
    let spec = spec(fact.id().kind)?;
    let mut object = (spec.reader.object)(fact, kept)?;
    let metadata = &mut object["metadata"];
    if version != 0 {
        metadata["resourceVersion"] = json!(version.to_string());
    }
    if kept.uid != Uid::Absent {
        metadata["uid"] = json!(kept.uid.to_string());
    }
    if kept.created != 0 {
        metadata["creationTimestamp"] = json!(time(kept.created));
    }
    Some(object)
}

/// An object of which nothing is said but what names it (an empty namespace: cluster-wide).
pub fn bare_object(kind: Kind, namespace: &str, name: &str) -> Value {
    let (version, word) = spec(kind).map_or_else(Default::default, |it| (it.api_version(), it.word));
    let mut metadata = json!({"name": name});
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    json!({"apiVersion": version, "kind": word, "metadata": metadata})
}

/// The beginning of a fact's object: what names it, and its labels.
pub(super) fn named_object(it: &impl Fact) -> Value {
    let mut object = bare_object(it.kind(), it.namespace(), &it.name().to_string());
    let set = it.label_set();
    if !set.is_empty() {
        object["metadata"]["labels"] = labels(&set);
    }
    object
}

/// Seconds since 1970 as the API writes a time.
pub(super) fn time(seconds: u32) -> String {
    jiff::Timestamp::from_second(i64::from(seconds)).map(|it| it.to_string()).unwrap_or_default()
}

/// Labels as the API writes them.
pub(super) fn labels(labels: &Labels) -> Value {
    labels.iter().map(|(key, value)| (key.to_string(), json!(value))).collect::<Map<_, _>>().into()
}

/// A selector as people write it: one value is a label, all else an expression.
pub(super) fn selector(it: &Selector) -> Value {
    let mut pairs = Map::new();
    let mut expressions: Vec<Value> = Vec::new();
    for Requirement { key, operator } in it.all_of.iter() {
        match operator {
            Operator::In(values) if values.len() == 1 && !pairs.contains_key(key.as_str()) => {
                pairs.insert(key.to_string(), json!(values[0]));
            }
            other => expressions.push(expression(key, other)),
        }
    }
    let mut selector = Map::new();
    if !pairs.is_empty() {
        selector.insert("matchLabels".to_owned(), pairs.into());
    }
    if !expressions.is_empty() {
        selector.insert("matchExpressions".to_owned(), expressions.into());
    }
    selector.into()
}

fn expression(key: &str, operator: &Operator) -> Value {
    match operator {
        Operator::In(values) => json!({"key": key, "operator": "In", "values": values[..]}),
        Operator::NotIn(values) => json!({"key": key, "operator": "NotIn", "values": values[..]}),
        Operator::Exists => json!({"key": key, "operator": "Exists"}),
        Operator::DoesNotExist => json!({"key": key, "operator": "DoesNotExist"}),
    }
}

/// Lets this be what controls an object.
pub(super) fn owned(object: &mut Value, owner: Option<Owner>) {
    if let Some(owner) = owner {
        object["metadata"]["ownerReferences"] = json!([{"kind": owner.kind(), "name": owner.name, "controller": true}]);
    }
}

/// The same with a name, where there is one.
pub(super) fn named(name: &Name, mut it: Value) -> Value {
    if !name.is_empty() {
        it["name"] = json!(name);
    }
    it
}
