//! Changes as a kustomization: patches of what is there, and what is created as a file beside it.
//!
//! ```text
//! # file: kustomization.yaml
//! resources: [../base, created.yaml]
//! patches:
//! - target: {group: networking.k8s.io, version: v1, kind: NetworkPolicy, name: db, namespace: shop}
//!   patch: |-
//!     - {"op": "replace", "path": "/spec/ingress", "value": […]}
//! # file: created.yaml
//! ```
//!
//! Patches are JSON patches: a strategic merge would keep the labels of a selector that another one takes the place of.
//! Lists are replaced as a whole, as the API server takes them.

use serde_json::{Value, json};

use super::{Exported, yaml};
use crate::change::Op;
use crate::change::clash::meaning;

/// Where the objects stand that are patched: to be written by whoever takes the kustomization up.
const BASE: &str = "../base";
/// The file of what is created.
const CREATED: &str = "created.yaml";

/// A kustomization of these changes; what is created follows as a second file.
pub fn kustomize(changes: &[Exported<'_>]) -> String {
    let created: Vec<Value> = of(changes, Op::Create).map(|it| meaning(&it.change.object)).collect();
    let patches: Vec<Value> = changes.iter().filter_map(patch).collect();
    let base = (!patches.is_empty()).then_some(BASE);
    let resources: Vec<&str> = base.into_iter().chain((!created.is_empty()).then_some(CREATED)).collect();
    let mut whole = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources,
    });
    if let (Some(fields), false) = (whole.as_object_mut(), patches.is_empty()) {
        fields.insert("patches".to_owned(), patches.into());
    }
    let mut text = String::from("# file: kustomization.yaml\n");
    if base.is_some() {
        text.push_str(&format!(
            "# {BASE} stands for the kustomization that holds what is patched: write yours there.\n"
        ));
    }
    text.push_str(&yaml(&whole));
    if !created.is_empty() {
        text.push_str(&format!("# file: {CREATED}\n"));
        created.iter().for_each(|it| text.push_str(&format!("---\n{}", yaml(it))));
    }
    text
}

fn of<'a, 'e>(changes: &'a [Exported<'e>], op: Op) -> impl Iterator<Item = &'a Exported<'e>> {
    changes.iter().filter(move |it| it.change.op == op)
}

/// The patch of an object that is there; nothing for one that is created, or that nothing changes.
fn patch(it: &Exported<'_>) -> Option<Value> {
    let object = &it.change.object;
    match it.change.op {
        Op::Create => None,
        Op::Delete => {
            let mut whole = json!({"$patch": "delete"});
            let fields = whole.as_object_mut()?;
            fields.insert("apiVersion".to_owned(), object.get("apiVersion")?.clone());
            fields.insert("kind".to_owned(), object.get("kind")?.clone());
            let metadata = object.get("metadata")?;
            let named =
                ["name", "namespace"].into_iter().filter_map(|key| Some((key.to_owned(), metadata.get(key)?.clone())));
            fields.insert("metadata".to_owned(), Value::Object(named.collect()));
            Some(json!({"patch": yaml(&whole)}))
        }
        Op::Update => {
            let after = meaning(object);
            let steps = match it.before {
                Some(before) => {
                    let mut steps = Vec::new();
                    differences(&meaning(before), &after, "", &mut steps);
                    steps
                }
                None => replaced(&after),
            };
            let lines: Vec<String> = steps.iter().map(|it| format!("- {it}")).collect();
            (!lines.is_empty()).then(|| json!({"target": target(object), "patch": lines.join("\n")}))
        }
    }
}

/// What is patched: kustomize reads names as regular expressions of the whole name.
fn target(object: &Value) -> Value {
    let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = word("/apiVersion").split_once('/').unwrap_or(("", word("/apiVersion")));
    let all = [
        ("group", group.to_owned()),
        ("version", version.to_owned()),
        ("kind", word("/kind").to_owned()),
        ("name", literal(word("/metadata/name"))),
        ("namespace", literal(word("/metadata/namespace"))),
    ];
    Value::Object(all.into_iter().filter(|it| !it.1.is_empty()).map(|(key, it)| (key.to_owned(), it.into())).collect())
}

/// A name as a regular expression that nothing else matches.
fn literal(name: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | ':' | '_' | '/') || !it.is_ascii();
    name.chars().map(|it| if is_plain(it) { it.to_string() } else { format!("\\{it}") }).collect()
}

/// The steps that make one object of another.
fn differences(before: &Value, after: &Value, path: &str, steps: &mut Vec<Value>) {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        if before != after {
            steps.push(json!({"op": "replace", "path": path, "value": after}));
        }
        return;
    };
    let at = |key: &str| format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
    for key in old.keys().filter(|it| !new.contains_key(*it)) {
        steps.push(json!({"op": "remove", "path": at(key)}));
    }
    for (key, value) in new {
        match old.get(key) {
            Some(other) => differences(other, value, &at(key), steps),
            None => steps.push(json!({"op": "add", "path": at(key), "value": value})),
        }
    }
}

/// All fields anew, where it is not known what they were.
fn replaced(after: &Value) -> Vec<Value> {
    let own = after
        .as_object()
        .into_iter()
        .flatten()
        .filter(|it| !["apiVersion", "kind", "metadata"].contains(&it.0.as_str()));
    let own = own.map(|(key, value)| (format!("/{key}"), value));
    let metadata = ["labels", "annotations"].into_iter().filter_map(|key| {
        let path = format!("/metadata/{key}");
        let value = after.pointer(&path)?;
        Some((path, value))
    });
    own.chain(metadata).map(|(path, value)| json!({"op": "add", "path": path, "value": value})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Change;

    fn policy(name: &str, labels: Value, spec: Value) -> Value {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": "shop", "uid": "u", "labels": labels}, "spec": spec})
    }

    #[test]
    fn steps_say_what_differs_and_no_more() {
        let before = policy(
            "a",
            json!({"a/b": "1", "c": "2"}),
            json!({"podSelector": {"matchLabels": {"x": "1"}}, "ingress": [{}]}),
        );
        let after = policy(
            "a",
            json!({"c": "3"}),
            json!({"podSelector": {"matchLabels": {"y": "1"}}, "ingress": [{}], "policyTypes": []}),
        );
        let mut steps = Vec::new();
        differences(&meaning(&before), &meaning(&after), "", &mut steps);
        let words = steps
            .iter()
            .map(|it| format!("{} {}", it["op"].as_str().unwrap_or_default(), it["path"].as_str().unwrap_or_default()));
        assert_eq!(
            words.collect::<Vec<_>>(),
            [
                "remove /metadata/labels/a~1b",
                "replace /metadata/labels/c",
                "remove /spec/podSelector/matchLabels/x",
                "add /spec/podSelector/matchLabels/y",
                "add /spec/policyTypes",
            ]
        );
    }

    #[test]
    fn what_is_created_is_a_file_of_its_own_and_names_are_literal() {
        let object = policy("a.b", json!({"a": "b"}), json!({"podSelector": {}}));
        let of = |op: Op| Change { op, object: object.clone() };
        let (create, update, delete) = (of(Op::Create), of(Op::Update), of(Op::Delete));
        let all = [&create, &update, &delete].map(|change| Exported { change, before: None });
        let text = kustomize(&all);
        assert_eq!(text.matches("# file: ").count(), 2, "{text}");
        assert!(text.contains(r"a\.b") && text.contains("$patch: delete") && !text.contains("uid"), "{text}");
        let alone = kustomize(&all[..1]);
        assert!(!alone.contains(BASE) && !alone.contains("patches"), "{alone}");
    }
}
