//! What somebody else did to an object since its change was staged, and whether both touch the same fields.
//!
//! Lists are compared as a whole: every list of policies and of RBAC is atomic for the API server, so that who writes one
//! writes all of it.

use serde_json::{Map, Value};

use super::object::{manager, meaning, word};
use super::stage::{Fetched, StagedItem};
use crate::model::place::Place;

/// What happened meanwhile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Clash {
    /// It is gone.
    Gone,
    /// It was not there, and is now.
    Appeared { by: Option<String> },
    /// It was deleted and made anew: another object of the same name.
    Recreated { by: Option<String> },
    /// It was changed; `both` are the fields that the staged change touches too.
    Changed { by: Option<String>, fields: Vec<Place>, both: Vec<Place> },
}

impl Clash {
    /// One clause.
    pub fn words(&self) -> String {
        let who = |by: &Option<String>| by.as_ref().map(|it| format!(" by {it}")).unwrap_or_default();
        let places = |it: &[Place]| it.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Clash::Gone => "it was deleted meanwhile".to_owned(),
            Clash::Appeared { by } => format!("it was created meanwhile{}", who(by)),
            Clash::Recreated { by } => format!("it was deleted and created anew meanwhile{}", who(by)),
            Clash::Changed { by, fields, both } if both.is_empty() => {
                format!("{} changed meanwhile{}: no field that is staged", places(fields), who(by))
            }
            Clash::Changed { by, both, .. } => {
                format!("conflict: {} changed meanwhile{}, and is staged", places(both), who(by))
            }
        }
    }

    /// Whether what is staged cannot be applied without losing what somebody else did.
    pub fn is_conflict(&self) -> bool {
        !matches!(self, Clash::Changed { both, .. } if both.is_empty())
    }
}

/// What happened to the object of a change since it was staged; `now`: the whole object, or `None` where it is gone.
pub fn clash(item: &StagedItem, now: Option<&Value>) -> Option<Clash> {
    match (item.fetched(), now) {
        (Fetched::Unseen(_), _) | (Fetched::Absent, None) => None,
        (Fetched::Absent, Some(now)) => Some(Clash::Appeared { by: manager(None, now) }),
        (Fetched::There(_), None) => Some(Clash::Gone),
        (Fetched::There(before), Some(now)) => between(item, before, now),
    }
}

fn between(item: &StagedItem, before: &Value, now: &Value) -> Option<Clash> {
    let by = manager(Some(before), now);
    // Objects of files have no uid.
    if word(before, "uid").zip(word(now, "uid")).is_some_and(|(before, now)| before != now) {
        return Some(Clash::Recreated { by });
    }
    let fields = changed(&meaning(before), &meaning(now));
    if fields.is_empty() {
        return None;
    }
    let both = match item.after() {
        Some(after) => {
            let ours = changed(&meaning(before), &meaning(after));
            let touches = |it: &&Place| ours.iter().any(|ours| overlap(ours, it));
            // Where both came to the same there is nothing to lose.
            let differs = changed(&meaning(now), &meaning(after));
            fields.iter().filter(touches).filter(|it| differs.iter().any(|other| overlap(other, it))).cloned().collect()
        }
        None => fields.clone(),
    };
    Some(Clash::Changed { by, fields, both })
}

/// Whether one place stands in the other.
fn overlap(one: &Place, other: &Place) -> bool {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    within(&one.0, &other.0) || within(&other.0, &one.0)
}

/// The fields in which two objects differ.
pub fn changed(before: &Value, after: &Value) -> Vec<Place> {
    let mut all = Vec::new();
    differences(before, after, &Place::default(), &mut all);
    all
}

fn differences(before: &Value, after: &Value, place: &Place, all: &mut Vec<Place>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let absent = |other: &Map<String, Value>, name: &str| !other.contains_key(name);
            for (name, value) in before {
                match after.get(name) {
                    Some(other) => differences(value, other, &place.field(name), all),
                    None => all.push(place.field(name)),
                }
            }
            all.extend(after.keys().filter(|it| absent(before, it)).map(|it| place.field(it)));
        }
        (before, after) if before != after => all.push(place.clone()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::edits::{Change, Op};

    fn policy(version: &str, labels: Value, ingress: Value, managers: Value) -> Value {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": version, "labels": labels,
                "managedFields": managers},
            "spec": {"podSelector": {}, "ingress": ingress}})
    }

    fn before() -> Value {
        policy("1", json!({}), json!([]), json!([{"manager": "kubectl", "time": "2024-01-01T00:00:00Z"}]))
    }

    fn update(object: Value) -> StagedItem {
        StagedItem::new(Change { op: Op::Update, object }, Fetched::There(before()), "x").expect("a policy")
    }

    #[test]
    fn what_others_changed_is_told_by_field_and_manager() {
        let item = update(policy("1", json!({}), json!([{}]), json!([])));
        let argo = json!([{"manager": "kubectl", "time": "2024-01-01T00:00:00Z"},
            {"manager": "argocd", "time": "2024-01-02T00:00:00Z"}]);
        let told = |now: Value| clash(&item, Some(&now)).map(|it| (it.is_conflict(), it.words()));
        assert_eq!(told(before()), None);
        assert_eq!(told(policy("2", json!({}), json!([]), json!([]))), None, "only the version moved");
        let labels = policy("2", json!({"a": "b"}), json!([]), argo.clone());
        let words = "metadata.labels.a changed meanwhile by argocd: no field that is staged";
        assert_eq!(told(labels), Some((false, words.to_owned())));
        let rules = policy("2", json!({}), json!([{"ports": []}]), argo.clone());
        let words = "conflict: spec.ingress changed meanwhile by argocd, and is staged";
        assert_eq!(told(rules), Some((true, words.to_owned())));
        let same = policy("2", json!({}), json!([{}]), argo);
        assert_eq!(told(same).map(|it| it.0), Some(false), "both came to the same");
    }

    #[test]
    fn another_object_of_the_name_is_told() {
        let item = update(policy("1", json!({}), json!([{}]), json!([])));
        let mut other = before();
        other["metadata"]["uid"] = json!("other");
        assert_eq!(clash(&item, Some(&other)), Some(Clash::Recreated { by: None }));
        assert_eq!(clash(&item, None), Some(Clash::Gone));
        let create = Change { op: Op::Create, object: before() };
        let create = StagedItem::new(create, Fetched::Absent, "x").expect("a policy");
        assert_eq!(clash(&create, Some(&before())), Some(Clash::Appeared { by: Some("kubectl".to_owned()) }));
        assert_eq!(clash(&create, None), None);
        let delete =
            StagedItem::new(Change { op: Op::Delete, object: before() }, Fetched::There(before()), "x").expect("one");
        let moved = policy("2", json!({"a": "b"}), json!([]), json!([]));
        assert!(clash(&delete, Some(&moved)).is_some_and(|it| it.is_conflict()));
    }
}
