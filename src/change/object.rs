//! What of an object is meant, which one it is, who wrote it, and who writes it from elsewhere.

use serde_json::Value;

/// What the server keeps books in: no part of what is meant.
pub(super) const BOOKS: [&str; 6] =
    ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"];
/// What `kubectl apply` keeps of what was applied last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object without the server's bookkeeping: what somebody means by it.
pub fn meaning(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(fields) = object.as_object_mut() else { return object };
    fields.remove("status");
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        // A null is what is not there.
        metadata.retain(|name, value| !BOOKS.contains(&name.as_str()) && !value.is_null());
        let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut);
        let is_empty = annotations.is_some_and(|it| it.remove(LAST_APPLIED).is_some() && it.is_empty());
        if is_empty {
            metadata.remove("annotations");
        }
    }
    object
}

/// A word of an object's metadata.
pub fn word<'v>(object: &'v Value, field: &str) -> Option<&'v str> {
    object.get("metadata")?.get(field)?.as_str().filter(|it| !it.is_empty())
}

/// A label or an annotation.
pub fn mark<'v>(object: &'v Value, list: &str, key: &str) -> Option<&'v str> {
    object.get("metadata")?.get(list)?.get(key)?.as_str()
}

/// Who wrote last, of those who did not stand in the object before: the name of a field manager.
pub(super) fn manager(before: Option<&Value>, now: &Value) -> Option<String> {
    let entries =
        |it: &Value| it.pointer("/metadata/managedFields").and_then(Value::as_array).cloned().unwrap_or_default();
    let known = before.map(entries).unwrap_or_default();
    let time = |it: &Value| it.get("time").and_then(Value::as_str).unwrap_or_default().to_owned();
    // Who reports a status writes no field that is meant.
    let is_of_object = |it: &Value| it.get("subresource").is_none_or(|it| it == "");
    let new = entries(now).into_iter().filter(|it| is_of_object(it) && !known.contains(it));
    let last = new.max_by_key(time)?;
    last.get("manager").and_then(Value::as_str).map(str::to_owned)
}

/// Who writes an object from elsewhere: Argo CD, Flux, Helm, or what a label names.
pub fn owner(object: &Value) -> Option<String> {
    let by_mark = MARKS.iter().find_map(|(list, key, who)| {
        let value = mark(object, list, key)?;
        Some(if who.is_empty() { value.to_owned() } else { (*who).to_owned() })
    });
    by_mark.or_else(|| {
        let entries = object.pointer("/metadata/managedFields")?.as_array()?;
        let manager = |it: &Value| it.get("manager").and_then(Value::as_str).map(str::to_owned);
        let known = |name: String| MANAGERS.iter().find(|(start, _)| name.starts_with(start)).map(|it| it.1);
        entries.iter().filter_map(manager).find_map(known).map(str::to_owned)
    })
}

/// The marks of what writes objects from elsewhere; an empty name: the value is the name.
const MARKS: [(&str, &str, &str); 8] = [
    ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD"),
    ("labels", "argocd.argoproj.io/instance", "Argo CD"),
    ("labels", "kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("labels", "helm.toolkit.fluxcd.io/name", "Flux"),
    ("annotations", "meta.helm.sh/release-name", "Helm"),
    ("labels", "helm.sh/chart", "Helm"),
    ("labels", "app.kubernetes.io/managed-by", ""),
    ("annotations", "config.k8s.io/owning-inventory", "a kustomize inventory"),
];

/// Their names as field managers.
const MANAGERS: [(&str, &str); 4] =
    [("argocd", "Argo CD"), ("kustomize-controller", "Flux"), ("helm-controller", "Flux"), ("helm", "Helm")];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_writes_an_object_from_elsewhere_is_noticed() {
        let marked = |metadata: Value| owner(&json!({"metadata": metadata}));
        assert_eq!(marked(json!({"labels": {"app.kubernetes.io/managed-by": "Helm"}})).as_deref(), Some("Helm"));
        assert_eq!(marked(json!({"managedFields": [{"manager": "argocd-controller"}]})).as_deref(), Some("Argo CD"));
        assert_eq!(marked(json!({"managedFields": [{"manager": "kubectl"}]})), None);
    }
}
