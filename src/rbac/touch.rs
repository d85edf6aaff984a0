//! Who may touch an object: which requests change it, enter it, forward through it or delete it.
//!
//! ```text
//! touches(pod/shop/web)  →  change: update, patch pods web -n shop …   exec: create pods/exec web …   delete …
//! ```

use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;

use super::request::{Request, ResourceRequest};

/// One way to touch an object; any of its requests does it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Touch {
    /// `change`, `exec`, `forward`, `delete`, …
    pub word: &'static str,
    pub requests: Vec<Request>,
}

/// What a way needs: its word, verbs, and subresource.
type Way = (&'static str, &'static [&'static str], &'static str);

const CHANGE: &[&str] = &["update", "patch"];
const DELETE: &[&str] = &["delete", "deletecollection"];
const CONNECT: &[&str] = &["create"];

const ANY: &[Way] = &[("change", CHANGE, ""), ("delete", DELETE, "")];
const POD: &[Way] = &[
    ("change", CHANGE, ""),
    ("relabel by status", CHANGE, "status"),
    ("debug", CHANGE, "ephemeralcontainers"),
    ("exec", CONNECT, "exec"),
    ("attach", CONNECT, "attach"),
    ("forward", CONNECT, "portforward"),
    ("proxy", &["get", "create"], "proxy"),
    ("evict", CONNECT, "eviction"),
    ("delete", DELETE, ""),
];
const NAMESPACE: &[Way] = &[
    ("change", CHANGE, ""),
    ("relabel by status", CHANGE, "status"),
    ("relabel by finalize", &["update"], "finalize"),
    ("delete", &["delete"], ""),
];

/// All ways to touch an object of a kind that `resource` (group, plural) serves.
///
/// The request for a Namespace is asked in that namespace (rule 16). A deletecollection has no name (rule 23).
pub fn touches(id: &ObjectId, group: &str, plural: &str) -> Vec<Touch> {
    let ways = match id.kind {
        Kind::POD => POD,
        Kind::NAMESPACE => NAMESPACE,
        _ => ANY,
    };
    let namespace = if id.kind == Kind::NAMESPACE { &id.name } else { &id.namespace };
    let request = |verb: &str, subresource: &str| {
        Request::Resource(ResourceRequest {
            verb: verb.into(),
            group: group.into(),
            resource: plural.into(),
            subresource: subresource.into(),
            name: if verb == "deletecollection" { Name::empty() } else { id.name.clone() },
            namespace: namespace.clone(),
            ..ResourceRequest::default()
        })
    };
    let touch = |(word, verbs, subresource): &Way| Touch {
        word,
        requests: verbs.iter().map(|verb| request(verb, subresource)).collect(),
    };
    ways.iter().map(touch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_touched_in_more_ways_than_a_policy() {
        let pod = touches(&ObjectId::new(Kind::POD, "shop", "web"), "", "pods");
        let exec = pod.iter().find(|it| it.word == "exec").expect("a way");
        assert_eq!(exec.requests[0].to_string(), "create pods/exec web in shop");
        let policy =
            touches(&ObjectId::new(Kind::NETWORK_POLICY, "shop", "db"), "networking.k8s.io", "networkpolicies");
        assert_eq!(policy[1].requests[1].to_string(), "deletecollection networkpolicies.networking.k8s.io in shop");
        let namespace = touches(&ObjectId::new(Kind::NAMESPACE, "", "shop"), "", "namespaces");
        assert_eq!(namespace[0].requests[0].to_string(), "update namespaces shop in shop");
    }
}
