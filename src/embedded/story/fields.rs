//! Managed fields as a server would have them: which fields of an object somebody wrote.

use serde_json::{Map, Value, json};

/// The keys by which items of lists are told apart, as the API's types have it.
const KEYS: [&[&str]; 7] = [
    &["containerPort", "protocol"],
    &["port", "protocol"],
    &["mountPath"],
    &["topologyKey", "whenUnsatisfiable"],
    &["uid"],
    &["name"],
    &["ip"],
];

/// Gives an object the managed fields of one writer, and of one more for its status.
pub fn manage(object: &mut Value, manager: &str, time: &str) {
    let mut own = object.clone();
    let status = own.as_object_mut().and_then(|members| members.remove("status"));
    for key in ["kind", "apiVersion"] {
        own.as_object_mut().and_then(|members| members.remove(key));
    }
    if let Some(metadata) = own["metadata"].as_object_mut() {
        for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"] {
            metadata.remove(key);
        }
    }
    let version = object["apiVersion"].clone();
    let entry = |manager: &str, fields: Value| json!({"manager": manager, "operation": "Update", "apiVersion": version, "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields});
    let mut all = vec![entry(manager, fields(&own))];
    if let Some(status) = status {
        let writer =
            if object["kind"] == "Pod" || object["kind"] == "Node" { "kubelet" } else { "kube-controller-manager" };
        let mut second = entry(writer, fields(&json!({"status": status})));
        second["subresource"] = json!("status");
        all.push(second);
    }
    object["metadata"]["managedFields"] = Value::from(all);
}

fn fields(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(key, value)| (format!("f:{key}"), owned(value))).collect(),
        _ => json!({}),
    }
}

/// The same for a member: that it is there, and what is in it.
fn owned(value: &Value) -> Value {
    match value {
        Value::Object(_) => with_self(fields(value)),
        Value::Array(items) => match items.iter().map(key).collect::<Option<Vec<String>>>() {
            Some(keys) if !keys.is_empty() => with_self(keys.into_iter().zip(items.iter().map(owned)).collect()),
            _ => json!({}),
        },
        _ => json!({}),
    }
}

fn with_self(fields: Value) -> Value {
    let Value::Object(mut members) = fields else { return fields };
    members.insert(".".to_owned(), Value::Object(Map::new()));
    Value::Object(members)
}

/// The key of a list's item, if its list is one that is merged by keys.
fn key(item: &Value) -> Option<String> {
    let keys = KEYS.iter().find(|keys| keys.iter().all(|key| !item[*key].is_null()))?;
    let key: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), item[*key].clone())).collect();
    Some(format!("k:{}", Value::Object(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_name_members_and_keyed_items() {
        let mut pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}, "status": {"phase": "Running"}});
        manage(&mut pod, "me", "2026-01-01T00:00:00Z");
        let managed = &pod["metadata"]["managedFields"];
        let expected = json!({"f:metadata": {".": {}, "f:labels": {".": {}, "f:app": {}}}, "f:spec": {".": {}, "f:containers": {".": {}, "k:{\"name\":\"c\"}": {".": {}, "f:name": {}, "f:image": {}}}}});
        assert_eq!(managed[0]["fieldsV1"], expected);
        assert_eq!((&managed[1]["manager"], &managed[1]["subresource"]), (&json!("kubelet"), &json!("status")));
    }
}
