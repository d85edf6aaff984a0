//! Who asks, and what they may do: the demo's user reads everything that is served, and nothing more.
//!
//! Tests configure further identities with fewer rights. Rights are a list of plain patterns; the RBAC objects that a world
//! holds are data for those who look at it, but they agree with the demo's rights.

use serde_json::{Value, json};

use super::failure::Failure;
use super::kinds::{KINDS, ServedKind};

/// The user of every request that carries no token.
pub const DEMO_USER: &str = "demo";

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The bearer token that proves it; without one, everybody who brings no token.
    pub token: Option<String>,
    pub user: String,
    pub groups: Vec<String>,
    pub rights: Vec<GivenRight>,
}

/// What somebody may do: verbs on resources in namespaces, `*` for all.
#[derive(Clone, Debug)]
pub struct GivenRight {
    pub verbs: Vec<String>,
    /// Plural names, with `/` and a subresource where there is one.
    pub resources: Vec<String>,
    /// Namespaces; only `*` reaches cluster-wide lists and kinds.
    pub namespaces: Vec<String>,
}

impl GivenRight {
    /// A right from lists of patterns.
    pub fn new(verbs: &[&str], resources: &[&str], namespaces: &[&str]) -> GivenRight {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        GivenRight { verbs: owned(verbs), resources: owned(resources), namespaces: owned(namespaces) }
    }

    fn gives(&self, verb: &str, resource: &str, namespace: &str) -> bool {
        let within = |list: &[String], text: &str| list.iter().any(|pattern| pattern == "*" || pattern == text);
        within(&self.verbs, verb) && within(&self.resources, resource) && within(&self.namespaces, namespace)
    }
}

impl Requester {
    /// The demo's user.
    pub fn demo() -> Requester {
        let plurals: Vec<&str> = KINDS.iter().map(|kind| kind.plural).collect();
        Requester {
            token: None,
            user: DEMO_USER.to_owned(),
            groups: vec!["system:authenticated".to_owned()],
            rights: vec![GivenRight::new(&["get", "list", "watch"], &plurals, &["*"])],
        }
    }

    /// The demo's user where the demo may be changed: an administrator.
    pub fn demo_writer() -> Requester {
        Requester { rights: vec![GivenRight::new(&["*"], &["*"], &["*"])], ..Requester::demo() }
    }

    /// Whether the identity may do something; the namespace is empty for cluster-wide requests.
    pub fn may(&self, verb: &str, resource: &str, namespace: &str) -> bool {
        self.rights.iter().any(|right| right.gives(verb, resource, namespace))
    }

    /// 403 with kube-apiserver's words, unless the request is allowed.
    pub fn check(&self, verb: &str, kind: &ServedKind, namespace: &str, name: &str) -> Result<(), Failure> {
        if self.may(verb, kind.plural, namespace) {
            return Ok(());
        }
        Err(self.refusal(verb, kind.group, kind.plural, namespace, name))
    }

    /// 403 with kube-apiserver's words.
    pub fn refusal(&self, verb: &str, group: &str, plural: &str, namespace: &str, name: &str) -> Failure {
        let qualified = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        let object = if name.is_empty() { qualified } else { format!("{qualified} \"{name}\"") };
        let place = if namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace \"{namespace}\"")
        };
        let message = format!(
            "{object} is forbidden: User \"{}\" cannot {verb} resource \"{plural}\" in API group \"{group}\" {place}",
            self.user
        );
        let mut details = json!({"kind": plural});
        for (key, text) in [("name", name), ("group", group)] {
            if !text.is_empty() {
                details[key] = Value::from(text);
            }
        }
        Failure { details, ..Failure::new(403, "Forbidden", message) }
    }
}

/// The rules of the ClusterRole that a world binds to the demo's user: the same rights in RBAC's words.
pub fn reader_rules() -> Value {
    super::kinds::groups()
        .into_iter()
        .map(|group| {
            let resources: Vec<&str> =
                KINDS.iter().filter(|kind| kind.group == group).map(|kind| kind.plural).collect();
            json!({"apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"]})
        })
        .collect()
}

/// Answers a review of one's own: `plural` says which, `body` is the request.
pub fn answer(identity: &Requester, plural: &str, body: &Value) -> Option<Value> {
    let (kind, version, status) = match plural {
        "selfsubjectreviews" => (
            "SelfSubjectReview",
            "authentication.k8s.io/v1",
            json!({"userInfo": {"username": identity.user, "groups": identity.groups}}),
        ),
        "selfsubjectaccessreviews" => {
            ("SelfSubjectAccessReview", "authorization.k8s.io/v1", access(identity, &body["spec"]))
        }
        "selfsubjectrulesreviews" => (
            "SelfSubjectRulesReview",
            "authorization.k8s.io/v1",
            rules(identity, body["spec"]["namespace"].as_str().unwrap_or_default()),
        ),
        _ => return None,
    };
    let spec = if body["spec"].is_null() { json!({}) } else { body["spec"].clone() };
    Some(
        json!({"kind": kind, "apiVersion": version, "metadata": {"creationTimestamp": null}, "spec": spec, "status": status}),
    )
}

fn access(identity: &Requester, spec: &Value) -> Value {
    let text = |key: &str| spec["resourceAttributes"][key].as_str().unwrap_or_default();
    let allowed = if let Some(url) = spec["nonResourceAttributes"]["path"].as_str() {
        spec["nonResourceAttributes"]["verb"] == "get" && readable_url(url)
    } else {
        let resource = if text("subresource").is_empty() {
            text("resource").to_owned()
        } else {
            format!("{}/{}", text("resource"), text("subresource"))
        };
        let served = KINDS.iter().any(|kind| kind.plural == text("resource") && kind.group == text("group"));
        served && identity.may(text("verb"), &resource, text("namespace"))
            || is_review(text("group"), text("resource")) && text("verb") == "create"
    };
    if allowed {
        json!({"allowed": true, "reason": "the embedded server lets this user read"})
    } else {
        json!({"allowed": false})
    }
}

fn is_review(group: &str, resource: &str) -> bool {
    matches!(
        (group, resource),
        ("authentication.k8s.io", "selfsubjectreviews")
            | ("authorization.k8s.io", "selfsubjectaccessreviews" | "selfsubjectrulesreviews")
    )
}

const URLS: [&str; 8] = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version"];

fn readable_url(url: &str) -> bool {
    URLS.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => url.starts_with(start),
        None => url == *pattern,
    })
}

fn rules(identity: &Requester, namespace: &str) -> Value {
    let reviews = [
        ("authentication.k8s.io", "selfsubjectreviews"),
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ];
    let mut resources: Vec<Value> = reviews
        .iter()
        .map(|(group, plural)| json!({"verbs": ["create"], "apiGroups": [group], "resources": [plural]}))
        .collect();
    for right in
        identity.rights.iter().filter(|right| right.namespaces.iter().any(|here| here == "*" || here == namespace))
    {
        for group in super::kinds::groups() {
            let here: Vec<&str> = KINDS
                .iter()
                .filter(|kind| {
                    kind.group == group && right.resources.iter().any(|name| name == "*" || name == kind.plural)
                })
                .map(|kind| kind.plural)
                .collect();
            if !here.is_empty() {
                resources.push(json!({"verbs": right.verbs, "apiGroups": [group], "resources": here}));
            }
        }
    }
    json!({"resourceRules": resources, "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": URLS}], "incomplete": false})
}
