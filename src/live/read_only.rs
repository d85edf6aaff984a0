//! Read-only at the wire: what must not leave this process is refused below every caller.
//!
//! ```text
//! GET /api/v1/pods                                              passes
//! POST /apis/authorization.k8s.io/v1/subjectaccessreviews       passes: a question that has a body
//! anything else that is not GET, anything that names secrets    Fault, nothing is sent
//! ```
//!
//! It is the outermost layer of the client that reads, so no view, command or mistake gets around it. Without `--write`
//! there is no other client.

use http::{Method, Request};
use percent_encoding::percent_decode_str;
use tower::BoxError;

use super::fault::{LiveFault, LiveFaultClass};

/// The only paths that may be posted to: questions, which create nothing.
const QUESTIONS: [&str; 4] = [
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
];

/// Subresources that act, or read what is none of our business, although their verb is GET.
const ACTING: [&str; 5] = ["exec", "attach", "portforward", "proxy", "log"];

/// Lets a request pass or says why it must not be sent.
pub fn permit<B>(request: Request<B>) -> Result<Request<B>, BoxError> {
    let path = request.uri().path();
    match refusal(request.method(), path, request.uri().query()) {
        None => Ok(request),
        Some(why) => {
            let what = format!("refused to send {} {path}: {why}", request.method());
            Err(Box::new(LiveFault::new(LiveFaultClass::Refused, &what)))
        }
    }
}

/// Why this request must not be sent; `None` when it may be.
fn refusal(method: &Method, path: &str, query: Option<&str>) -> Option<&'static str> {
    // A percent-encoded letter would name the same resource to the server, and we never need one.
    if path.contains('%') && decoded_names_secrets(path) {
        return Some("kreach never reads secrets");
    }
    let parts: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    if resource(&parts) == Some("secrets") {
        return Some("kreach never reads secrets");
    }
    if parts.last().is_some_and(|it| ACTING.contains(it)) && subresource(&parts) {
        return Some("this subresource acts on the cluster");
    }
    match *method {
        Method::GET => None,
        // To the letter, and without a query: nothing else ever needs to be posted.
        Method::POST if QUESTIONS.contains(&path) && query.is_none() => None,
        _ => Some("this client only reads"),
    }
}

/// The resource segments of `/api/v1/…` or `/apis/GROUP/VERSION/…`, after the namespace if there is one.
pub(super) fn after_namespace<'a>(parts: &'a [&'a str]) -> &'a [&'a str] {
    let rest = match parts.first() {
        Some(&"api") => parts.get(2..),
        Some(&"apis") => parts.get(3..),
        _ => None,
    };
    let rest = rest.unwrap_or_default();
    // `namespaces/NAME/RESOURCE`; alone, `namespaces/NAME` is the namespace itself.
    if rest.first() == Some(&"namespaces") && rest.len() > 2 { &rest[2..] } else { rest }
}

fn resource<'a>(parts: &'a [&'a str]) -> Option<&'a str> {
    after_namespace(parts).first().copied()
}

/// Whether the last segment is a subresource: `RESOURCE/NAME/SUBRESOURCE`.
fn subresource(parts: &[&str]) -> bool {
    after_namespace(parts).len() > 2
}

fn decoded_names_secrets(path: &str) -> bool {
    percent_decode_str(path).decode_utf8_lossy().split('/').any(|it| it == "secrets")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(method: &str, path: &str) -> bool {
        let request = Request::builder().method(method).uri(path).body(()).expect("a request");
        permit(request).is_ok()
    }

    #[test]
    fn only_reads_and_questions_pass() {
        let passing = [
            ("GET", "/api/v1/pods?limit=500"),
            ("GET", "/api/v1/namespaces/secrets"),
            ("GET", "/api/v1/namespaces/shop/pods/log"),
            ("GET", "/apis"),
            ("GET", "/version"),
            ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
            ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
            ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"),
            ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews"),
        ];
        for (method, path) in passing {
            assert!(passes(method, path), "{method} {path}");
        }
    }

    #[test]
    fn nothing_that_writes_and_no_secret_leaves() {
        let refused = [
            ("POST", "/api/v1/namespaces/shop/pods"),
            ("PUT", "/api/v1/namespaces/shop/pods/web"),
            ("PATCH", "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web"),
            ("DELETE", "/api/v1/namespaces/shop"),
            ("DELETE", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
            ("POST", "/api/v1/namespaces/shop/serviceaccounts/web/token"),
            ("POST", "/api/v1/namespaces/x/pods/subjectaccessreviews/eviction"),
            ("POST", "/apis/example.com/v1/subjectaccessreviews"),
            ("POST", "/apis/authentication.k8s.io/v1/subjectaccessreviews"),
            ("POST", "/apis/authentication.k8s.io/v1/tokenreviews"),
            ("POST", "/apis/authorization.k8s.io/v1/namespaces/shop/localsubjectaccessreviews"),
            ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews/x"),
            ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews?fieldManager=x"),
            ("POST", "/apis/authorization.k8s.io/../rbac.authorization.k8s.io/v1/subjectaccessreviews"),
            ("POST", "//apis/authorization.k8s.io/v1/subjectaccessreviews"),
            ("PUT", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
            ("PATCH", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
            ("GET", "/api/v1/secrets"),
            ("GET", "/api/v1/namespaces/shop/secrets/token"),
            ("GET", "/api/v1/namespaces/shop/%73ecrets"),
            ("GET", "/api/v1/namespaces/shop/pods/web/exec?command=sh"),
            ("GET", "/api/v1/namespaces/shop/pods/web/log"),
            ("GET", "/api/v1/nodes/one/proxy"),
            ("CONNECT", "/api/v1/namespaces/shop/pods/web/portforward"),
        ];
        for (method, path) in refused {
            assert!(!passes(method, path), "{method} {path}");
        }
    }
}
