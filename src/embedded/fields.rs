//! Who manages which field: managed fields as a server keeps them, and the merge of server-side apply.
//!
//! ```text
//! apply(live, said by a manager) ──► merged, or conflicts: fields that others manage and that would change
//! written(before, after, manager) ──► the fields that a plain write changed are the writer's
//! ```
//!
//! Lists are atomic here, as all lists of policies and of RBAC are; of other kinds this is coarser than a real server.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// A field by the names that lead to it.
type Path = Vec<String>;
type Set = BTreeSet<Path>;

/// Somebody who writes.
#[derive(Clone, Copy, Debug)]
pub struct Manager<'a> {
    pub name: &'a str,
    /// `Apply` or `Update`.
    pub operation: &'static str,
    pub time: &'a str,
}

/// A field that somebody else manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    pub manager: String,
    pub version: String,
    pub field: String,
}

/// Whether fields of others are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    Yes,
    No,
}

/// One entry of `metadata.managedFields`.
struct ManagedFieldsEntry {
    manager: String,
    operation: String,
    version: String,
    time: Value,
    /// Of a subresource it is left as it is.
    subresource: Option<Value>,
    fields: Set,
}

/// The object that is left when a manager says this of a live one.
pub fn apply(live: &Value, said: &Value, manager: Manager<'_>, force: Force) -> Result<Value, Vec<FieldConflict>> {
    let set = leaves(said);
    let mut entries = entries(live);
    let is_ours = |it: &ManagedFieldsEntry| it.manager == manager.name && it.operation == manager.operation;
    let mut conflicts = Vec::new();
    for entry in entries.iter_mut().filter(|it| !is_ours(it) && it.subresource.is_none()) {
        let lost: Vec<Path> = set
            .iter()
            .filter(|path| {
                entry.fields.iter().any(|theirs| overlap(theirs, path)) && get(live, path) != get(said, path)
            })
            .cloned()
            .collect();
        if force == Force::Yes {
            entry.fields.retain(|theirs| !lost.iter().any(|path| overlap(theirs, path)));
            continue;
        }
        conflicts.extend(lost.iter().map(|path| FieldConflict {
            manager: entry.manager.clone(),
            version: entry.version.clone(),
            field: path.iter().map(|it| format!(".{it}")).collect(),
        }));
    }
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    let mut merged = live.clone();
    let before = entries.iter().find(|it| is_ours(it)).map(|it| it.fields.clone()).unwrap_or_default();
    let others: Vec<&ManagedFieldsEntry> = entries.iter().filter(|it| !is_ours(it)).collect();
    for path in before.difference(&set) {
        let is_kept = others.iter().any(|it| it.fields.contains(path)) || set.iter().any(|it| overlap(it, path));
        if !is_kept {
            remove(&mut merged, path);
        }
    }
    for path in &set {
        put(&mut merged, path, get(said, path).cloned().unwrap_or_default());
    }
    entries.retain(|it| !is_ours(it) && (!it.fields.is_empty() || it.subresource.is_some()));
    let version = said["apiVersion"].as_str().unwrap_or_default().to_owned();
    let (manager, operation, time) = (manager.name.to_owned(), manager.operation.to_owned(), json!(manager.time));
    entries.push(ManagedFieldsEntry { manager, operation, version, time, subresource: None, fields: set });
    write(&mut merged, &entries);
    Ok(merged)
}

/// Notes who wrote what differs between an object and what takes its place.
pub fn written(before: Option<&Value>, after: &mut Value, manager: Manager<'_>) {
    let new = leaves(after);
    let mut entries = before.map(entries).unwrap_or_default();
    let changed: Set =
        new.iter().filter(|path| before.and_then(|it| get(it, path)) != get(after, path)).cloned().collect();
    for entry in entries.iter_mut().filter(|it| it.subresource.is_none()) {
        entry.fields.retain(|path| new.iter().any(|it| overlap(it, path)) && !changed.contains(path));
    }
    entries.retain(|it| !it.fields.is_empty() || it.subresource.is_some());
    if !changed.is_empty() {
        let is_ours = |it: &&mut ManagedFieldsEntry| {
            it.manager == manager.name && it.operation == manager.operation && it.subresource.is_none()
        };
        match entries.iter_mut().find(is_ours) {
            Some(entry) => {
                entry.fields.extend(changed);
                entry.time = json!(manager.time);
            }
            None => entries.push(ManagedFieldsEntry {
                manager: manager.name.to_owned(),
                operation: manager.operation.to_owned(),
                version: after["apiVersion"].as_str().unwrap_or_default().to_owned(),
                time: json!(manager.time),
                subresource: None,
                fields: changed,
            }),
        }
    }
    write(after, &entries);
}

/// Whether one field is the other or holds it.
fn overlap(one: &Path, other: &Path) -> bool {
    let length = one.len().min(other.len());
    one[..length] == other[..length]
}

/// What of an object nobody manages.
const BOOKS: [&str; 8] =
    ["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"];

/// The fields that an object holds; what is a list, empty or an atomic selector is one field.
fn leaves(object: &Value) -> Set {
    let mut all = Set::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        match name.as_str() {
            "apiVersion" | "kind" | "status" => {}
            "metadata" => {
                for (name, value) in
                    value.as_object().into_iter().flatten().filter(|it| !BOOKS.contains(&it.0.as_str()))
                {
                    collect(value, vec!["metadata".to_owned(), name.clone()], &mut all);
                }
            }
            _ => collect(value, vec![name.clone()], &mut all),
        }
    }
    all
}

fn collect(value: &Value, path: Path, all: &mut Set) {
    let is_atomic = path.last().is_some_and(|it| it == "podSelector" || it == "roleRef");
    match value.as_object().filter(|it| !it.is_empty() && !is_atomic) {
        Some(fields) => {
            for (name, value) in fields {
                let mut inner = path.clone();
                inner.push(name.clone());
                collect(value, inner, all);
            }
        }
        None => drop(all.insert(path)),
    }
}

fn get<'v>(object: &'v Value, path: &Path) -> Option<&'v Value> {
    path.iter().try_fold(object, |value, name| value.get(name))
}

fn put(object: &mut Value, path: &Path, value: Value) {
    let mut at = object;
    for name in path {
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[name.as_str()];
    }
    *at = value;
}

fn remove(object: &mut Value, path: &Path) {
    let Some((last, before)) = path.split_last() else { return };
    let inner = before.iter().try_fold(&mut *object, |value, name| value.get_mut(name));
    let Some(inner) = inner.and_then(Value::as_object_mut) else { return };
    inner.remove(last);
    // What held nothing else goes with it, but for what every object has.
    if inner.is_empty() && before.len() > 1 {
        remove(object, &before.to_vec());
    }
}

fn entries(object: &Value) -> Vec<ManagedFieldsEntry> {
    let read = |it: &Value| {
        let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
        let mut fields = Set::new();
        parse(&it["fieldsV1"], Path::new(), &mut fields);
        ManagedFieldsEntry {
            manager: text("manager"),
            operation: text("operation"),
            version: text("apiVersion"),
            time: it["time"].clone(),
            subresource: it.get("subresource").map(|_| it.clone()),
            fields,
        }
    };
    object["metadata"]["managedFields"].as_array().into_iter().flatten().map(read).collect()
}

/// Reads `{"f:spec": {"f:ingress": {}}}`; keys of list items end at their list.
fn parse(fields: &Value, path: Path, all: &mut Set) {
    let inner =
        fields.as_object().into_iter().flatten().filter_map(|(key, value)| Some((key.strip_prefix("f:")?, value)));
    let mut is_leaf = true;
    for (name, value) in inner {
        is_leaf = false;
        let mut deeper = path.clone();
        deeper.push(name.to_owned());
        parse(value, deeper, all);
    }
    if is_leaf && !path.is_empty() {
        all.insert(path);
    }
}

fn write(object: &mut Value, entries: &[ManagedFieldsEntry]) {
    let one = |it: &ManagedFieldsEntry| {
        if let Some(whole) = &it.subresource {
            return whole.clone();
        }
        let mut fields = Value::Object(Map::new());
        for path in &it.fields {
            let keyed: Path = path.iter().map(|it| format!("f:{it}")).collect();
            put(&mut fields, &keyed, json!({}));
        }
        json!({"manager": it.manager, "operation": it.operation, "apiVersion": it.version, "time": it.time,
            "fieldsType": "FieldsV1", "fieldsV1": fields})
    };
    object["metadata"]["managedFields"] = entries.iter().map(one).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Manager<'_> = Manager { name: "kreach", operation: "Apply", time: "t" };
    const THEM: Manager<'_> = Manager { name: "kubectl", operation: "Update", time: "t" };

    fn policy(ingress: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "a", "labels": {"x": "y"}}, "spec": {"ingress": ingress}})
    }

    #[test]
    fn what_others_manage_is_a_conflict_until_it_is_taken_over() {
        let mut live = policy(json!([1]));
        written(None, &mut live, THEM);
        let conflicts = apply(&live, &policy(json!([2])), US, Force::No).expect_err("a conflict");
        assert_eq!(
            conflicts.iter().map(|it| (it.manager.as_str(), it.field.as_str())).collect::<Vec<_>>(),
            [("kubectl", ".spec.ingress")]
        );
        let merged = apply(&live, &policy(json!([2])), US, Force::Yes).expect("taken over");
        assert_eq!(merged["spec"]["ingress"], json!([2]));
        let managers: Vec<&str> = merged["metadata"]["managedFields"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|it| it["manager"].as_str())
            .collect();
        assert_eq!(managers, ["kubectl", "kreach"], "the label is theirs, too");
        assert!(apply(&live, &policy(json!([1])), US, Force::No).is_ok(), "the same value is no conflict");
    }

    #[test]
    fn what_a_manager_says_no_more_goes() {
        let first = apply(&json!({"metadata": {"name": "a"}}), &policy(json!([1])), US, Force::No).expect("new");
        let less = json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"ingress": [1]}});
        let second = apply(&first, &less, US, Force::No).expect("ours");
        assert!(second["metadata"].get("labels").is_none(), "{second}");
    }
}
