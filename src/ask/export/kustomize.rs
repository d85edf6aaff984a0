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
use crate::change::object::meaning;

/// Where the objects stand that are patched: to be written by whoever takes the kustomization up.
const BASE: &str = "../base";
/// The file of what is created.
const CREATED: &str = "created.yaml";

/// A kustomization of these changes; what is created follows as a second file.
pub fn kustomize(changes: &[Exported<'_>]) -> String {
    let created = || changes.iter().filter(|it| it.change.op == Op::Create).map(|it| meaning(&it.change.object));
    let patches: Vec<String> = changes.iter().filter_map(patch).collect();
    let base = (!patches.is_empty()).then_some(BASE);
    let resources: Vec<&str> = base.into_iter().chain(created().next().map(|_| CREATED)).collect();
    let mut text = String::from("# file: kustomization.yaml\n");
    if base.is_some() {
        text.push_str(&format!(
            "# {BASE} stands for the kustomization that holds what is patched: write yours there.\n"
        ));
    }
    text.push_str(&yaml(&json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources,
    })));
    if !patches.is_empty() {
        text.push_str(&format!("patches:\n{}", patches.concat()));
    }
    if created().next().is_some() {
        text.push_str(&format!("# file: {CREATED}\n"));
        created().for_each(|it| text.push_str(&format!("---\n{}", yaml(&it))));
    }
    text
}

/// The patch of an object that is there; nothing for one that is created, or that nothing changes.
fn patch(it: &Exported<'_>) -> Option<String> {
    let object = &it.change.object;
    let after = meaning(object);
    match (it.change.op, it.before) {
        (Op::Create, _) => None,
        (Op::Delete, _) => Some(format!("- patch: |-\n{}", indented(&yaml(&deletion(object))))),
        (Op::Update, before) => {
            let mut steps = Vec::new();
            match before {
                Some(before) => differences(&meaning(before), &after, "", &mut steps),
                None => steps = replaced(&after),
            }
            let (target, steps) = (indented(&yaml(&target(object))), (!steps.is_empty()).then(|| Value::from(steps))?);
            Some(format!("- target:\n{target}  patch: |-\n{}", indented(&yaml(&steps))))
        }
    }
}

/// Text that stands within an element of a list.
fn indented(text: &str) -> String {
    text.lines().map(|it| format!("    {it}\n")).collect()
}

/// What names an object, and says that it goes.
fn deletion(object: &Value) -> Value {
    let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut metadata = json!({"name": word("/metadata/name")});
    if let (Some(fields), false) = (metadata.as_object_mut(), word("/metadata/namespace").is_empty()) {
        fields.insert("namespace".to_owned(), word("/metadata/namespace").into());
    }
    json!({"apiVersion": word("/apiVersion"), "kind": word("/kind"), "metadata": metadata, "$patch": "delete"})
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
