//! A staged change put on the object as it is by now, where nobody else touched the same fields.
//!
//! ```text
//! fetched ──what was staged──► wanted
//!    └──what others did──► now ──what was staged──► wanted now        three ways: fields that differ on one side alone
//! ```
//!
//! Where both sides touch a field nothing is put on anything: that is a conflict ([`clash`](super::clash)).

use serde_json::{Map, Value};

use super::clash::{Clash, clash};
use super::edits::{Change, Op};
use super::object::{meaning, word};
use super::stage::{Fetched, StagedItem};

/// The change for the object as it is now; `None`: it is for that object already, or there is a conflict.
pub fn rebased(item: &StagedItem, now: &Value) -> Option<StagedItem> {
    let before = item.before()?;
    let number = |it: &Value| word(it, "resourceVersion").and_then(|it| it.parse::<u128>().ok());
    // What was asked for before it was staged may be told after it.
    if number(now).zip(number(before)).is_some_and(|(now, before)| now < before) {
        return None;
    }
    match clash(item, Some(now)) {
        Some(Clash::Changed { both, .. }) if both.is_empty() => {}
        None if word(before, "resourceVersion") != word(now, "resourceVersion") => {}
        _ => return None,
    }
    let object = match item.op() {
        Op::Delete => now.clone(),
        Op::Create | Op::Update => on(now, &merged(&meaning(before), &meaning(item.after()?), &meaning(now))),
    };
    StagedItem::new(Change { op: item.op(), object }, Fetched::There(now.clone()), item.origin()).ok()
}

/// What both sides come to together; where both changed the same, ours.
fn merged(before: &Value, ours: &Value, theirs: &Value) -> Value {
    let (Some(base), Some(own), Some(other)) = (before.as_object(), ours.as_object(), theirs.as_object()) else {
        return if ours == before { theirs.clone() } else { ours.clone() };
    };
    let mut all = Map::new();
    for key in other.keys().chain(own.keys().filter(|it| !other.contains_key(*it))) {
        let value = match (base.get(key), own.get(key), other.get(key)) {
            (Some(before), Some(ours), Some(theirs)) => Some(merged(before, ours, theirs)),
            (before, ours, theirs) => if ours == before { theirs } else { ours }.cloned(),
        };
        all.extend(value.map(|it| (key.clone(), it)));
    }
    all.into()
}

/// What is meant, with the bookkeeping of the object that it is meant for.
fn on(stored: &Value, meant: &Value) -> Value {
    let mut whole = meant.clone();
    keep(stored, &meaning(stored), &mut whole);
    whole
}

/// Puts back what of an object is no part of what it means.
fn keep(stored: &Value, meant: &Value, whole: &mut Value) {
    let (Some(fields), Some(whole)) = (stored.as_object(), whole.as_object_mut()) else { return };
    for (key, value) in fields {
        match (meant.get(key), whole.get_mut(key)) {
            (Some(meant), Some(kept)) => keep(value, meant, kept),
            (None, None) => drop(whole.insert(key.clone(), value.clone())),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(version: &str, labels: Value, ingress: Value) -> Value {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": version, "labels": labels,
                "managedFields": [{"manager": "m", "time": version}],
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": version}},
            "spec": {"podSelector": {}, "ingress": ingress}})
    }

    fn update() -> StagedItem {
        let object = policy("1", json!({"a": "1"}), json!([{}]));
        let before = policy("1", json!({"a": "1", "gone": "x"}), json!([]));
        StagedItem::new(Change { op: Op::Update, object }, Fetched::There(before), "x").expect("a policy")
    }

    #[test]
    fn what_others_did_elsewhere_is_taken_over() {
        let now = policy("2", json!({"a": "2", "gone": "x", "b": "3"}), json!([]));
        let item = rebased(&update(), &now).expect("no conflict");
        let wanted = policy("2", json!({"a": "2", "b": "3"}), json!([{}]));
        assert_eq!((item.before(), item.after()), (Some(&now), Some(&wanted)));
        assert_eq!(clash(&item, Some(&now)), None);
        assert_eq!(rebased(&item, &now), None, "it is for that object already");
    }

    #[test]
    fn an_older_state_is_not_taken_for_a_later_one() {
        let old = policy("0", json!({"a": "2", "gone": "x"}), json!([]));
        assert_eq!(rebased(&update(), &old), None);
    }

    #[test]
    fn what_both_touch_is_left_and_what_both_did_is_nothing() {
        assert_eq!(rebased(&update(), &policy("2", json!({"a": "1", "gone": "x"}), json!([{"ports": []}]))), None);
        let same = rebased(&update(), &policy("2", json!({"a": "1"}), json!([{}]))).expect("no conflict");
        assert!(same.is_nothing());
    }

    #[test]
    fn a_deletion_follows_a_version_that_moved_alone() {
        let before = policy("1", json!({}), json!([]));
        let delete = Change { op: Op::Delete, object: before.clone() };
        let item = StagedItem::new(delete, Fetched::There(before), "x").expect("a policy");
        let moved = policy("2", json!({}), json!([]));
        assert_eq!(rebased(&item, &moved).as_ref().and_then(StagedItem::before), Some(&moved));
        assert_eq!(rebased(&item, &policy("2", json!({"a": "b"}), json!([]))), None, "somebody still works on it");
    }
}
