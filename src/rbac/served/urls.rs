//! Questions about URLs as people type them, and what is said of those that no request for a URL is.
//!
//! ```text
//! /metrics?debug=1                      asked for /metrics: a query is no part of the path
//! https://10.0.0.1:6443/metrics         asked for /metrics
//! /api/v1/namespaces/shop/pods          the API server reads it as a request for pods in shop
//! ```

use super::{ResolvedResource, TypedOrDefault, TypedResource, verbs};
use crate::model::name::Name;
use crate::rbac::request::Request;

/// The path that is asked for, where a URL is.
pub fn path_of(typed: &str) -> Option<&str> {
    let beyond_host = |it: &'_ str| it.find('/').map_or(it.len(), |at| at);
    let path = match typed.strip_prefix("https://").or_else(|| typed.strip_prefix("http://")) {
        Some(rest) => &rest[beyond_host(rest)..],
        None if typed.starts_with('/') => typed,
        None => return None,
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    Some(if path.is_empty() { "/" } else { path })
}

/// A typed question about a URL.
pub(super) fn resolve(typed: &TypedResource<'_>, path: &str) -> ResolvedResource {
    let mut notes: Vec<Name> = verbs::note_of_method(typed.verb).map(Name::from).into_iter().collect();
    if path.len() < typed.resource.len() {
        let what = if typed.resource.starts_with('/') { "a query is no part of the path" } else { "a URL is its path" };
        notes.push(format!("{what}: asked for {path}").into());
    }
    if let Some(request) = resource_of(typed.verb, path) {
        let what = format!("{path} is no URL of its own: the API server reads it as a resource, so ask for {request}");
        notes.push(what.into());
    }
    if !typed.name.is_empty() {
        notes.push(format!("a URL has no object's name: {} is left out", typed.name).into());
    }
    if typed.given == TypedOrDefault::Yes && !typed.namespace.is_empty() {
        notes.push("URLs are cluster-scoped: -n is ignored".into());
    }
    ResolvedResource { request: Request::url(typed.verb, path), notes, scope: None, refusal: None }
}

/// What a path under `/api` or `/apis` asks for, as it is typed: `get pods web -n shop`.
///
/// Source: apiserver/pkg/endpoints/request/requestinfo.go (rules 14–17).
fn resource_of(method: &str, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return None,
    };
    let (old, rest) = match rest {
        ["watch", rest @ ..] => (Some("watch"), rest),
        rest => (None, rest),
    };
    let (namespace, rest) = match rest {
        ["namespaces", _, "status" | "finalize"] => ("", rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        rest => ("", rest),
    };
    let resource = rest.first()?;
    let method = method.to_ascii_lowercase();
    let verb = old.unwrap_or_else(|| verbs::verb_of(&method, rest.len() > 1));
    let mut words = format!("{verb} {resource}");
    if !group.is_empty() {
        words.push_str(&format!(".{group}"));
    }
    rest.get(2).iter().for_each(|it| words.push_str(&format!("/{it}")));
    rest.get(1).iter().for_each(|it| words.push_str(&format!(" {it}")));
    if !namespace.is_empty() {
        words.push_str(&format!(" -n {namespace}"));
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_names_a_resource_is_told_as_that_request() {
        let cases = [
            ("get", "/api/v1/namespaces/shop/pods", Some("list pods -n shop")),
            ("get", "/api/v1/namespaces/shop/pods/web-0/log", Some("get pods/log web-0 -n shop")),
            ("POST", "/apis/apps/v1/namespaces/shop/deployments", Some("create deployments.apps -n shop")),
            ("delete", "/apis/apps/v1/deployments", Some("deletecollection deployments.apps")),
            ("get", "/api/v1/namespaces/shop", Some("get namespaces shop")),
            ("put", "/api/v1/namespaces/shop/finalize", Some("update namespaces/finalize shop")),
            ("get", "/api/v1/watch/pods", Some("watch pods")),
            ("get", "/api/v1", None),
            ("get", "/apis/apps/v1/", None),
            ("get", "/metrics", None),
            ("get", "/apiserver/v1/pods", None),
        ];
        for (verb, path, request) in cases {
            assert_eq!(resource_of(verb, path).as_deref(), request, "{verb} {path}");
        }
    }

    #[test]
    fn a_url_is_asked_for_by_its_path() {
        assert_eq!(path_of("/metrics?debug=1"), Some("/metrics"));
        assert_eq!(path_of("https://10.0.0.1:6443/metrics#x"), Some("/metrics"));
        assert_eq!(path_of("http://host"), Some("/"));
        assert_eq!(path_of("pods/log"), None);
        assert_eq!(path_of(""), None);
    }
}
