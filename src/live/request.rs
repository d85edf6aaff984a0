//! The requests that kreach sends, as values: every path that ever leaves is built here.
//!
//! ```text
//! GET /api/v1/pods?limit=500&continue=…                        one page
//! GET /api/v1/pods?watch=true&sendInitialEvents=true&…         a list as a stream, then its watch
//! GET /api/v1/pods?watch=true&resourceVersion=7&…              a watch
//! GET /apis                                                    what is served
//! POST /apis/authorization.k8s.io/v1/subjectaccessreviews      a question that has a body
//! ```

use http::{HeaderValue, Request, header};
use kube::client::Body;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::kinds::{KindSpec, WatchedPart};
use crate::manifests::DeclaringKind;
use crate::model::coverage::Scope;
use crate::rbac::review::Review;

/// What a list or a watch asks for, beside its kind and scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// One page; `continues` is empty for the first one.
    Page { continues: String, limit: u32 },
    /// All at once, from the server's cache: when pages expire faster than they come (G3).
    Whole,
    /// All objects as events, then what happens to them.
    Stream { timeout: u64 },
    /// What happens after this version.
    Watch { version: String, timeout: u64 },
    /// Whether the server is there, and at which version: one object (N11).
    Probe,
    /// Whether the kind's group has the kind.
    Group,
}

impl Ask {
    /// Whether the answer is a stream of events.
    pub fn is_stream(&self) -> bool {
        matches!(self, Ask::Stream { .. } | Ask::Watch { .. })
    }
}

const JSON: &str = "application/json";
/// Every resource at once from servers that aggregate, the lists of groups from those that do not.
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                         application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// `/api/v1`, or `/apis/GROUP/VERSION`.
pub fn group_path(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

/// The path of all objects of a kind in a scope.
pub fn collection(spec: &KindSpec, version: &str, scope: &Scope) -> String {
    let group = group_path(spec.group, version);
    match scope {
        Scope::Namespace(name) if spec.is_namespaced() => {
            format!("{group}/namespaces/{}/{}", segment(name), spec.plural)
        }
        _ => format!("{group}/{}", spec.plural),
    }
}

/// The request for objects of a kind that declares something, whole.
pub fn declared(row: &DeclaringKind, version: &str, scope: &Scope, ask: &Ask) -> Request<Body> {
    get(&format!("{}?{}", declared_in(row, version, scope), query(ask)))
}

/// The path of one of them.
pub fn declared_object(row: &DeclaringKind, version: &str, namespace: &str, name: &str) -> String {
    format!("{}/{}", declared_in(row, version, &Scope::Namespace(namespace.into())), segment(name))
}

fn declared_in(row: &DeclaringKind, version: &str, scope: &Scope) -> String {
    let group = group_path(row.group, version);
    match scope {
        Scope::Namespace(name) if row.is_namespaced => format!("{group}/namespaces/{}/{}", segment(name), row.plural),
        _ => format!("{group}/{}", row.plural),
    }
}

/// The path of one object.
pub fn object(spec: &KindSpec, version: &str, namespace: &str, name: &str) -> String {
    let scope = if namespace.is_empty() { Scope::Everywhere } else { Scope::Namespace(namespace.into()) };
    format!("{}/{}", collection(spec, version, &scope), segment(name))
}

/// A name as one segment of a path: names of RBAC objects may hold almost anything.
pub fn segment(name: &str) -> String {
    utf8_percent_encode(name, IN_SEGMENT).to_string()
}

/// A value of a query.
pub fn value(text: &str) -> String {
    utf8_percent_encode(text, IN_VALUE).to_string()
}

/// What is escaped in a segment and in a value: all but letters, digits and what RFC 3986 lets stand there.
const IN_SEGMENT: &AsciiSet = &except(b"-_.~:@!$'()*,;=&+");
const IN_VALUE: &AsciiSet = &except(b"-_.~:/,()!");

const fn except(plain: &[u8]) -> AsciiSet {
    let (mut set, mut at) = (NON_ALPHANUMERIC.remove(plain[0]), 1);
    while at < plain.len() {
        set = set.remove(plain[at]);
        at += 1;
    }
    set
}

/// The request for a path as it stands.
pub fn get(path_and_query: &str) -> Request<Body> {
    accepting(path_and_query, JSON)
}

/// The request for what is served below `/api` or `/apis`.
pub fn groups(path: &str) -> Request<Body> {
    accepting(path, DISCOVERY)
}

/// The API group of a review.
pub fn review_group(review: &Review) -> &'static str {
    match review {
        Review::Own => "authentication.k8s.io",
        Review::OwnRules(_) | Review::OwnAccess(_) | Review::Access { .. } => "authorization.k8s.io",
    }
}

/// The request that puts a question to the server: the only thing that is ever posted.
pub fn review(review: &Review, body: &serde_json::Value) -> Request<Body> {
    let path = format!("/apis/{}/v1/{}s", review_group(review), review.kind().to_ascii_lowercase());
    let mut request = accepting(&path, JSON);
    *request.method_mut() = http::Method::POST;
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    *request.body_mut() = Body::from(body.to_string().into_bytes());
    request
}

fn accepting(path_and_query: &str, accept: &'static str) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    // Everything that is not plain was escaped above.
    *request.uri_mut() = path_and_query.parse().expect("an escaped path is a path");
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(accept));
    request
}

/// The request that asks this of a kind in a scope.
pub fn list(spec: &KindSpec, version: &str, scope: &Scope, ask: &Ask) -> Request<Body> {
    filtered(spec, version, scope, ask, "")
}

/// The same with a further piece of query, `&fieldSelector=…`, escaped.
pub fn filtered(spec: &KindSpec, version: &str, scope: &Scope, ask: &Ask, filter: &str) -> Request<Body> {
    if *ask == Ask::Group {
        return get(&group_path(spec.group, version));
    }
    let path = collection(spec, version, scope);
    let accept = match (spec.watch == WatchedPart::Metadata, ask.is_stream()) {
        (false, _) => JSON,
        (true, true) => METADATA,
        (true, false) => METADATA_LIST,
    };
    let mut request = accepting(&format!("{path}?{}{filter}", query(ask)), accept);
    if ask.is_stream() {
        // Servers since 1.37 compress each event by itself, which no stream decoder reads (M18).
        request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    request
}

fn query(ask: &Ask) -> String {
    match ask {
        Ask::Page { continues, limit } if continues.is_empty() => format!("limit={limit}"),
        Ask::Page { continues, limit } => format!("limit={limit}&continue={}", value(continues)),
        Ask::Whole => "resourceVersion=0".to_owned(),
        Ask::Probe | Ask::Group => "limit=1".to_owned(),
        Ask::Stream { timeout } => format!(
            "watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
             &timeoutSeconds={timeout}"
        ),
        Ask::Watch { version, timeout } => {
            format!("watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={timeout}", value(version))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::KINDS;
    use crate::live::read_only::permit;

    /// Every path that ever leaves is built here, and the guard lets all of them pass: none writes, none is secret.
    #[test]
    fn every_request_is_a_read_of_what_we_may_read() {
        let asks = [
            Ask::Page { continues: "a b/=&".to_owned(), limit: 500 },
            Ask::Whole,
            Ask::Probe,
            Ask::Stream { timeout: 240 },
            Ask::Watch { version: "7".to_owned(), timeout: 240 },
        ];
        let scopes = [Scope::Everywhere, Scope::Namespace("secrets".into())];
        for spec in KINDS {
            let lists = scopes.iter().flat_map(|scope| asks.iter().map(|ask| list(spec, spec.version, scope, ask)));
            let object = get(&object(spec, spec.version, "shop", "system:web/ä?"));
            let group = get(&group_path(spec.group, spec.version));
            for request in lists.chain([object, group, groups("/apis")]) {
                let path = request.uri().to_string();
                assert!(!path.contains("/secrets?") && !path.contains("/secrets/secrets"), "{path}");
                assert!(permit(request).is_ok(), "{path}");
            }
        }
    }

    #[test]
    fn what_declares_something_is_read_too_and_secrets_are_not() {
        for row in crate::manifests::ROWS {
            let ask = Ask::Page { continues: String::new(), limit: 500 };
            let lists = [Scope::Everywhere, Scope::Namespace("secrets".into())];
            let lists = lists.iter().map(|it| declared(row, row.versions[0], it, &ask));
            let object = get(&declared_object(row, row.versions[0], "shop", "a/b"));
            for request in lists.chain([object]) {
                let path = request.uri().to_string();
                assert!(!path.contains("/secrets?") && row.plural != "secrets", "{path}");
                assert!(permit(request).is_ok(), "{path}");
            }
        }
    }

    /// The only requests with a body are the four questions.
    #[test]
    fn reviews_are_all_that_is_posted() {
        let request = crate::rbac::Request::url("get", "/version");
        let access = Review::Access { user: "a".into(), groups: Vec::new(), request: request.clone() };
        for it in [Review::Own, Review::OwnRules("shop".into()), Review::OwnAccess(request), access] {
            let posted = review(&it, &serde_json::json!({}));
            assert_eq!(posted.method(), http::Method::POST);
            assert!(permit(posted).is_ok(), "{it:?}");
        }
    }

    #[test]
    fn names_and_tokens_are_escaped() {
        let spec = crate::kinds::spec_named("clusterrole").expect("a row");
        let path = object(spec, "v1", "", "system:a/b c%é");
        assert_eq!(path, "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:a%2Fb%20c%25%C3%A9");
        let page = Ask::Page { continues: "a+b&c=".to_owned(), limit: 5 };
        assert_eq!(query(&page), "limit=5&continue=a%2Bb%26c%3D");
    }
}
