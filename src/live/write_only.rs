//! Write-only at the wire: what the client that writes may send, decided below every caller.
//!
//! ```text
//! PATCH  …/networkpolicies/web?fieldManager=kreach…   passes: one object of a kind that answers rest on, by name
//! PUT    …/networkpolicies/web?fieldManager=kreach…   passes
//! DELETE …/networkpolicies/web                        passes
//! anything else                                       Fault, nothing is sent
//! ```
//!
//! No reads: they have a client of their own. No collections, no subresources, no Secrets: a slip of the program can
//! change one named object at most.

use http::{Method, Request};
use tower::BoxError;

use super::fault::{LiveFault, LiveFaultClass};
use super::read_only::after_namespace;
use crate::kinds::{KINDS, KindSpec};

/// How kreach names itself among those who manage fields.
pub const FIELD_MANAGER: &str = "kreach";

/// Lets a request pass or says why it must not be sent.
pub fn permit<B>(request: Request<B>) -> Result<Request<B>, BoxError> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    match refusal(request.method(), path, query) {
        None => Ok(request),
        Some(why) => {
            let what = format!("refused to send {} {path}: {why}", request.method());
            Err(Box::new(LiveFault::new(LiveFaultClass::Refused, &what)))
        }
    }
}

/// Why this request must not be sent; `None` when it may be.
fn refusal(method: &Method, path: &str, query: &str) -> Option<&'static str> {
    if ![Method::PATCH, Method::PUT, Method::DELETE].contains(method) {
        return Some("this client only writes single objects");
    }
    if spec_of(path).is_none() {
        return Some("it is no single object of a kind that answers rest on");
    }
    let names_us = query.split('&').any(|it| it.strip_prefix("fieldManager=") == Some(FIELD_MANAGER));
    (*method != Method::DELETE && !names_us).then_some("it does not name kreach as the field manager")
}

/// The kind whose single object a path names.
fn spec_of(path: &str) -> Option<&'static KindSpec> {
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let group = match parts.first() {
        Some(&"api") => "",
        Some(&"apis") => parts.get(1)?,
        _ => return None,
    };
    let rest = after_namespace(&parts);
    let is_inside = parts.len() - rest.len() > if group.is_empty() { 2 } else { 3 };
    let [plural, name] = rest else { return None };
    let is_name = !name.is_empty() && ![".", ".."].contains(name);
    let spec = KINDS.iter().find(|it| it.group == group && it.plural == *plural)?;
    (is_name && spec.is_namespaced() == is_inside).then_some(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(method: &str, path: &str) -> bool {
        let request = Request::builder().method(method).uri(path).body(()).expect("a request");
        permit(request).is_ok()
    }

    const POLICY: &str = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web";

    #[test]
    fn single_objects_are_written_under_our_name() {
        assert!(passes("PATCH", &format!("{POLICY}?fieldManager=kreach&force=false&dryRun=All")));
        assert!(passes("PUT", &format!("{POLICY}?fieldManager=kreach")));
        assert!(passes("DELETE", POLICY));
        assert!(passes("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/a%2Fb"));
        assert!(passes("PATCH", "/api/v1/namespaces/new?fieldManager=kreach"));
    }

    #[test]
    fn nothing_else_leaves() {
        let refused = [
            ("GET", POLICY),
            ("POST", "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?fieldManager=kreach"),
            ("PATCH", POLICY),
            ("PATCH", &format!("{POLICY}?fieldManager=kubectl")),
            ("PUT", &format!("{POLICY}/status?fieldManager=kreach")),
            ("DELETE", "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"),
            ("DELETE", "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/"),
            ("DELETE", "/apis/networking.k8s.io/v1/networkpolicies/web"),
            ("DELETE", "/api/v1/namespaces/shop/clusterroles/web"),
            ("DELETE", "/api/v1/namespaces/shop/secrets/token"),
            ("PATCH", "/api/v1/namespaces/shop/configmaps/a?fieldManager=kreach"),
            ("PUT", "/api/v1/namespaces/shop/pods/web/ephemeralcontainers?fieldManager=kreach"),
            ("DELETE", "/apis/example.com/v1/namespaces/shop/networkpolicies/web"),
            ("DELETE", "//api/v1/namespaces/shop"),
            ("DELETE", "/api/v1/namespaces/.."),
        ];
        for (method, path) in refused {
            assert!(!passes(method, path), "{method} {path}");
        }
    }
}
