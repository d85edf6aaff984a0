//! Errors as an API server answers them: `Status` objects with a code, a reason and details.

use serde_json::{Value, json};

use super::kinds::ServedKind;

/// A request that fails.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    pub details: Value,
    /// Members of the status' own metadata (an inconsistent continue token).
    pub metadata: Value,
}

impl Failure {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Failure {
        Failure { code, reason, message: message.into(), details: Value::Null, metadata: json!({}) }
    }

    /// 404 for a path that nothing serves.
    pub fn no_such_path() -> Failure {
        Failure {
            details: json!({}),
            ..Failure::new(404, "NotFound", "the server could not find the requested resource")
        }
    }

    /// 404 for an object that does not exist.
    pub fn no_such_object(kind: &ServedKind, name: &str) -> Failure {
        let details = json!({"name": name, "group": non_empty(kind.group), "kind": kind.plural});
        Failure { details, ..Failure::new(404, "NotFound", format!("{} \"{name}\" not found", kind.qualified())) }
    }

    /// 409 for an object that is to be created and is there.
    pub fn exists(kind: &ServedKind, name: &str) -> Failure {
        let details = json!({"name": name, "group": non_empty(kind.group), "kind": kind.plural});
        Failure {
            details,
            ..Failure::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", kind.qualified()))
        }
    }

    /// 422 for an object that is none.
    pub fn invalid(kind: &ServedKind, name: &str, field: &str, why: &str) -> Failure {
        let details = json!({"name": name, "group": non_empty(kind.group), "kind": kind.kind,
            "causes": [{"reason": "FieldValueInvalid", "message": why, "field": field}]});
        let group = if kind.group.is_empty() { String::new() } else { format!(".{}", kind.group) };
        Failure {
            details,
            ..Failure::new(422, "Invalid", format!("{}{group} \"{name}\" is invalid: {field}: {why}", kind.kind))
        }
    }

    /// 400 for a request that makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Failure {
        Failure::new(400, "BadRequest", message)
    }

    /// 405: nothing here can be changed.
    pub fn read_only() -> Failure {
        Failure {
            details: json!({}),
            ..Failure::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        }
    }

    /// 406 for a form that is not spoken here.
    pub fn not_acceptable() -> Failure {
        let message = "only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io, application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
        Failure::new(406, "NotAcceptable", message)
    }

    /// 410 for a resource version that is no longer held.
    pub fn too_old(asked: u64, oldest: u64) -> Failure {
        Failure::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// 410 for a continue token whose list is no longer held; `fresh` goes on without consistency.
    pub fn expired_token(fresh: String) -> Failure {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
        Failure { metadata: json!({"continue": fresh}), ..Failure::new(410, "Expired", message) }
    }

    /// 504 for a resource version that is not reached yet.
    pub fn too_new(asked: u64, current: u64) -> Failure {
        let details = json!({"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}], "retryAfterSeconds": 1});
        Failure {
            details,
            ..Failure::new(504, "Timeout", format!("Too large resource version: {asked}, current: {current}"))
        }
    }

    /// 422 for list options that contradict each other.
    pub fn invalid_options(field: &str, detail: &str) -> Failure {
        let details = json!({"group": "meta.k8s.io", "kind": "ListOptions", "causes": [{"reason": "FieldValueForbidden", "message": format!("Forbidden: {detail}"), "field": field}]});
        Failure {
            details,
            ..Failure::new(
                422,
                "Invalid",
                format!("ListOptions.meta.k8s.io \"\" is invalid: {field}: Forbidden: {detail}"),
            )
        }
    }

    /// The `Status` object.
    pub fn status(&self) -> Value {
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure", "message": self.message, "reason": self.reason, "code": self.code});
        if !self.details.is_null() {
            status["details"] = without_nulls(&self.details);
        }
        status
    }
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn without_nulls(details: &Value) -> Value {
    details
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
