//! Changes that were kept for a while, put on the objects as they are by now.
//!
//! ```text
//! Saved { change, before } + now ──met──► as it was meant, moved (others changed other fields), or a clash
//! ```
//!
//! What a change was made for is known where a Fix says it (`before`; of a deletion the object itself). A manifest says at
//! most its resourceVersion: that another one is there now can be told, not who of both changed what.

use serde_json::Value;

use super::clash::{Clash, changed, clash};
use super::edits::{Op, Saved};
use super::object::{manager, meaning, word};
use super::rebase::rebased;
use super::stage::{Fetched, StagedItem};

/// What a kept change comes to by now.
#[derive(Clone, PartialEq, Debug)]
pub enum Met {
    /// It is for the object as it is.
    AsMeant,
    /// The same change, with what others did to other fields; in words what that is.
    Moved(StagedItem, String),
    /// Somebody else changed what it changes: made all the same it would undo that.
    Clash(StagedItem, String),
}

impl Saved {
    /// How the object was when the change was made; [`Fetched::Unseen`]: that is not said.
    pub fn fetched(&self) -> Fetched {
        let is_fetched = word(&self.change.object, "resourceVersion").is_some();
        match (&self.before, self.change.op) {
            (Some(Some(before)), _) => Fetched::There(before.clone()),
            (None, Op::Delete) if is_fetched => Fetched::There(self.change.object.clone()),
            (Some(None), Op::Create) => Fetched::Absent,
            _ => Fetched::Unseen("what it was made for is not said".to_owned()),
        }
    }
}

/// What a kept change comes to on the object as it is now; `None`: it is not there.
pub fn met(saved: &Saved, now: Option<&Value>) -> Met {
    let Ok(item) = StagedItem::new(saved.change.clone(), saved.fetched(), "") else { return Met::AsMeant };
    let is_done = match (saved.change.op, now) {
        (Op::Delete, None) => true,
        (_, Some(now)) => item.after().is_some_and(|it| meaning(it) == meaning(now)),
        _ => false,
    };
    match clash(&item, now).filter(|_| !is_done) {
        None => Met::AsMeant,
        Some(clash @ Clash::Changed { .. }) if !clash.is_conflict() => {
            let words = format!("taken over: {}", clash.words());
            now.and_then(|it| rebased(&item, it)).map_or(Met::AsMeant, |it| Met::Moved(it, words))
        }
        Some(clash) => Met::Clash(item, clash.words()),
    }
}

/// What is to be said of a manifest that was read from a cluster, where its object is another one by now.
pub fn outdated(object: &Value, now: Option<&Value>) -> Option<String> {
    let (version, now) = (word(object, "resourceVersion")?, now?);
    let by = manager(None, now).map(|it| format!(" by {it}")).unwrap_or_default();
    let is_other = word(object, "uid").zip(word(now, "uid")).is_some_and(|(it, now)| it != now);
    let fields: Vec<String> = changed(&meaning(object), &meaning(now)).iter().map(ToString::to_string).collect();
    let current = word(now, "resourceVersion")?;
    let number = |it: &str| it.parse::<u128>().ok();
    if fields.is_empty() || number(current) <= number(version) {
        return None;
    }
    let what = if is_other { "deleted and created anew".to_owned() } else { "changed".to_owned() };
    let fields = fields.join(", ");
    Some(format!(
        "it was {what}{by} since this file was read from the cluster (resourceVersion {version}, now {current}): \
         {fields} would be as in the file; the server refuses it with that resourceVersion"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(version: &str, labels: Value, ingress: Value) -> Value {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": version, "labels": labels,
                "managedFields": [{"manager": "argocd", "time": version},
                    {"manager": "status-writer", "time": "9", "subresource": "status"}]},
            "spec": {"podSelector": {}, "ingress": ingress}})
    }

    fn saved(op: &str, object: Value, before: Option<Value>) -> Saved {
        let mut text = json!({"op": op, "object": object});
        before.into_iter().for_each(|it| text["before"] = it);
        serde_json::from_value(text).expect("a change")
    }

    fn told(met: Met) -> String {
        match met {
            Met::AsMeant => "as meant".to_owned(),
            Met::Moved(item, words) => format!("{words}; {}", item.change().object["metadata"]["labels"]),
            Met::Clash(_, words) => words,
        }
    }

    #[test]
    fn what_others_did_to_other_fields_is_taken_over_and_to_the_same_is_a_clash() {
        let update = saved("update", policy("1", json!({}), json!([{}])), Some(policy("1", json!({}), json!([]))));
        let now = |labels, ingress| met(&update, Some(&policy("2", labels, ingress)));
        assert_eq!(told(now(json!({}), json!([]))), "as meant");
        let words = "taken over: metadata.labels.a changed meanwhile by argocd: no field that is staged; {\"a\":\"b\"}";
        assert_eq!(told(now(json!({"a": "b"}), json!([]))), words);
        let words = "conflict: spec.ingress changed meanwhile by argocd, and is staged";
        assert_eq!(told(now(json!({}), json!([{"ports": []}]))), words);
        assert_eq!(told(now(json!({}), json!([{}]))), "as meant", "somebody did the same");
        assert_eq!(told(met(&update, None)), "it was deleted meanwhile");
    }

    #[test]
    fn what_was_created_or_deleted_meanwhile_is_a_clash_only_where_it_is_known_what_was_there() {
        let object = policy("1", json!({}), json!([]));
        let other = policy("2", json!({"a": "b"}), json!([]));
        let create = |before| met(&saved("create", object.clone(), before), Some(&other));
        assert_eq!(told(create(Some(Value::Null))), "it was created meanwhile by argocd");
        assert_eq!(told(create(None)), "as meant");
        let delete = saved("delete", object.clone(), None);
        let words = "conflict: metadata.labels.a changed meanwhile by argocd, and is staged";
        assert_eq!(told(met(&delete, Some(&other))), words);
        assert_eq!(told(met(&delete, None)), "as meant");
    }

    #[test]
    fn a_file_that_was_read_from_the_cluster_is_told_to_be_old() {
        let file = policy("1", json!({}), json!([]));
        assert_eq!(outdated(&file, Some(&file)), None);
        assert_eq!(outdated(&file, Some(&policy("2", json!({}), json!([])))), None, "only its version moved");
        let words = outdated(&file, Some(&policy("2", json!({"a": "b"}), json!([])))).unwrap_or_default();
        assert!(words.starts_with("it was changed by argocd since"), "{words}");
        assert!(words.contains("metadata.labels.a would be as in the file"), "{words}");
        assert_eq!(
            outdated(&policy("3", json!({"a": "b"}), json!([])), Some(&file)),
            None,
            "the file is the newer one"
        );
    }
}
