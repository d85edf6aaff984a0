//! What the API server's validation refuses in RBAC objects, and fields that it does not know.
//!
//! ```text
//! rules[0].apiGroups          required: without it the rule grants nothing
//! rules[2].resourceName       unknown field; did you mean resourceNames? As it stands the rule is for every name
//! subjects[1].kind            "user" is no kind of subject: User, Group or ServiceAccount
//! ```
//!
//! Such objects are evaluated as they would be if they were stored (CONTRACT §1); here are the problems alone. What the
//! server fills in by itself, as a subject's apiGroup, is none.
//! Sources: kubernetes/pkg/apis/rbac/validation/validation.go and pkg/apis/rbac/v1/defaults.go.

use serde_json::{Map, Value};

use super::context::ReadContext;
use crate::model::id::ResourceScope;
use crate::model::name::is_dns_name;
use crate::model::place::Place;
use crate::model::role::RoleRule;

const GROUP: &str = "rbac.authorization.k8s.io";

/// The fields of a role.
pub(super) const ROLE: [&str; 5] = ["apiVersion", "kind", "metadata", "rules", "aggregationRule"];
/// The fields of a binding.
pub(super) const BINDING: [&str; 5] = ["apiVersion", "kind", "metadata", "roleRef", "subjects"];
/// The fields of a rule.
pub(super) const RULE: [&str; 5] = ["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"];
/// The fields of a reference to a role.
pub(super) const ROLE_REF: [&str; 3] = ["apiGroup", "kind", "name"];
/// The fields of a subject.
pub(super) const SUBJECT: [&str; 4] = ["kind", "apiGroup", "name", "namespace"];

/// A subject or a reference to a role, as it is written.
#[derive(Clone, Copy)]
pub(super) struct RawReference<'a> {
    pub kind: &'a str,
    pub group: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
}

/// The name of a role or a binding, which stands in paths.
pub(super) fn own_name(name: &str, context: &mut ReadContext<'_>) {
    if let Some(what) = no_path_segment(name) {
        context.problem("metadata.name", what);
    }
}

fn no_path_segment(name: &str) -> Option<String> {
    let is_refused = matches!(name, "." | "..") || name.contains(['/', '%']);
    is_refused.then(|| format!("\"{name}\" cannot be a name: it stands in a path"))
}

/// One rule of a role.
pub(super) fn rule(rule: &RoleRule, at: usize, context: &mut ReadContext<'_>) {
    let mut problem = |field: &str, what: &str| {
        context.problem(&Place::new("rules").item(at).field(field).0, what);
    };
    if rule.verbs.is_empty() {
        problem("verbs", "required: without it the rule grants nothing");
    }
    if rule.urls.is_empty() {
        for (field, list) in [("apiGroups", &rule.groups), ("resources", &rule.resources)] {
            if list.is_empty() {
                problem(field, "required: without it the rule grants nothing");
            }
        }
        return;
    }
    if !(rule.groups.is_empty() && rule.resources.is_empty() && rule.names.is_empty()) {
        problem("nonResourceURLs", "a rule is for resources or for URLs, not both; here each is taken by itself");
    }
    if context.spec.scope == ResourceScope::Namespaced {
        let place = Place::new("rules").item(at).field("nonResourceURLs");
        context.problem(&place.0, "a Role grants no URLs: only a ClusterRole with a ClusterRoleBinding does");
    }
}

/// The role that a binding refers to.
pub(super) fn role_ref(it: RawReference<'_>, context: &mut ReadContext<'_>) {
    let place = Place::new("roleRef");
    let kinds: &[&str] = match context.spec.scope {
        ResourceScope::Cluster => &["ClusterRole"],
        ResourceScope::Namespaced => &["Role", "ClusterRole"],
    };
    if !kinds.contains(&it.kind) {
        let what = match it.kind {
            "" => format!("required: {}; the binding grants nothing", kinds.join(" or ")),
            "Role" => "a ClusterRoleBinding cannot refer to a Role; it grants nothing".to_owned(),
            kind => format!("\"{kind}\" is no kind of role: {}; the binding grants nothing", kinds.join(" or ")),
        };
        context.problem(&place.field("kind").0, what);
    }
    if !it.group.is_empty() && it.group != GROUP {
        context.problem(&place.field("apiGroup").0, format!("\"{}\" is not {GROUP}", it.group));
    }
    match it.name {
        "" => context.problem(&place.field("name").0, "required: the binding grants nothing"),
        name => no_path_segment(name).into_iter().for_each(|what| context.problem(&place.field("name").0, what)),
    }
}

/// One subject of a binding.
pub(super) fn subject(it: RawReference<'_>, at: usize, context: &mut ReadContext<'_>) {
    let is_account = it.kind == "ServiceAccount";
    let is_known = is_account || matches!(it.kind, "User" | "Group");
    let mut problem = |field: &str, what: String| {
        context.problem(&Place::new("subjects").item(at).field(field).0, what);
    };
    if !is_known {
        let what = match it.kind {
            "" => "required: User, Group or ServiceAccount; it is granted nothing".to_owned(),
            kind => format!("\"{kind}\" is no kind of subject: User, Group or ServiceAccount; it is granted nothing"),
        };
        problem("kind", what);
    }
    if it.name.is_empty() {
        problem("name", "required: who has no name is nobody, and granted nothing".to_owned());
    } else if is_account && !is_dns_name(it.name) {
        problem("name", format!("no service account can be called \"{}\"", it.name));
    }
    match (is_account, it.group) {
        (_, "") => {}
        (true, group) => {
            problem("apiGroup", format!("\"{group}\": service accounts are of the core group, written \"\""))
        }
        (false, group) if is_known && group != GROUP => problem("apiGroup", format!("\"{group}\" is not {GROUP}")),
        _ => {}
    }
    if is_account && it.namespace.is_empty() && context.spec.scope == ResourceScope::Cluster {
        let place = Place::new("subjects").item(at).field("namespace");
        context.problem(&place.0, "required in a ClusterRoleBinding: it is granted nothing");
    }
}

/// Fields of one object that are not among the known; what was meant, and what comes of it.
pub(super) fn unknown_fields(
    fields: &Map<String, Value>,
    known: &[&str],
    place: &Place,
    context: &mut ReadContext<'_>,
) {
    for name in fields.keys().filter(|it| !known.contains(&it.as_str())) {
        let what = match meant(name, known).filter(|it| !fields.contains_key(*it)) {
            Some("resourceNames") => {
                "unknown field; did you mean resourceNames? As it stands the rule is for every name".to_owned()
            }
            Some(meant) => format!("unknown field; did you mean {meant}?"),
            None => "unknown field".to_owned(),
        };
        let place = if place.0.is_empty() { Place::new(name) } else { place.field(name) };
        context.problem(&place.0, what);
    }
}

/// The known field that a name is in other cases, in the singular, or nearly.
fn meant<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "").trim_end_matches('s').to_owned();
    let wanted = plain(name);
    let is_same = |it: &&&str| plain(it) == wanted;
    let is_part = |it: &&&str| wanted.len() > 2 && plain(it).ends_with(&wanted);
    known.iter().find(is_same).or_else(|| known.iter().find(is_part)).copied()
}

#[cfg(test)]
mod tests {
    use super::super::{Intern, KindSpec, ReadOutcome, spec};
    use crate::model::id::Kind;

    /// The places of the problems of an object, joined.
    fn places(kind: Kind, json: &str) -> String {
        let spec: &'static KindSpec = spec(kind).expect("a kind that is read");
        match spec.read_json(json, "shop", &mut Intern::new()) {
            ReadOutcome::Read(entry) => {
                entry.problems.iter().map(|it| it.place.to_string()).collect::<Vec<_>>().join(" ")
            }
            other => panic!("{json}: {other:?}"),
        }
    }

    #[test]
    fn rules_are_refused_as_upstream_refuses_them() {
        let cases = [
            (r#"{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}"#, "", ""),
            (r#"{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"resourceNames":[]}"#, "", ""),
            (r#"{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"nonResourceURLs":null}"#, "", ""),
            (r#"{"verbs":["get"],"nonResourceURLs":["/x"]}"#, "", "rules[0].nonResourceURLs"),
            (r#"{}"#, "rules[0].verbs rules[0].apiGroups rules[0].resources", "same"),
            (r#"{"verbs":[],"apiGroups":[""],"resources":["pods"]}"#, "rules[0].verbs", "same"),
            (r#"{"verbs":["get"],"resources":["pods"]}"#, "rules[0].apiGroups", "same"),
            (r#"{"verbs":["get"],"apiGroups":[""]}"#, "rules[0].resources", "same"),
            (
                r#"{"verbs":["get"],"nonResourceURLs":["/x"],"apiGroups":[""]}"#,
                "rules[0].nonResourceURLs",
                "rules[0].nonResourceURLs rules[0].nonResourceURLs",
            ),
            (
                r#"{"verbs":["get"],"nonResourceURLs":["/x"],"resourceNames":["a"]}"#,
                "rules[0].nonResourceURLs",
                "rules[0].nonResourceURLs rules[0].nonResourceURLs",
            ),
            (r#"{"verb":["get"],"verbs":["get"],"apiGroups":[""],"resources":["pods"]}"#, "rules[0].verb", "same"),
            (
                r#"{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"resourceName":["x"]}"#,
                "rules[0].resourceName",
                "same",
            ),
            (r#"{"verbs":"get","apiGroups":[""],"resources":["pods"]}"#, "rules[0].verbs rules[0].verbs", "same"),
        ];
        for (rule, cluster, namespaced) in cases {
            let role = |meta: &str| format!(r#"{{"metadata":{{{meta}}},"rules":[{rule}]}}"#);
            assert_eq!(places(Kind::CLUSTER_ROLE, &role(r#""name":"r""#)), cluster, "{rule}");
            let wanted = if namespaced == "same" { cluster } else { namespaced };
            assert_eq!(places(Kind::ROLE, &role(r#""name":"r","namespace":"shop""#)), wanted, "{rule}");
        }
    }

    #[test]
    fn subjects_are_refused_as_upstream_refuses_them() {
        let rbac = r#""apiGroup":"rbac.authorization.k8s.io""#;
        let cases = [
            (format!(r#"{{"kind":"User","name":"a",{rbac}}}"#), "", ""),
            (r#"{"kind":"User","name":"a"}"#.to_owned(), "", ""),
            (r#"{"kind":"Group","name":"system:x y/%"}"#.to_owned(), "", ""),
            (format!(r#"{{"kind":"User","name":"a","namespace":"shop",{rbac}}}"#), "", ""),
            (r#"{"kind":"ServiceAccount","name":"a","namespace":"shop","apiGroup":""}"#.to_owned(), "", ""),
            (r#"{"kind":"ServiceAccount","name":"a"}"#.to_owned(), "subjects[0].namespace", ""),
            (r#"{"kind":"ServiceAccount","name":"a b","namespace":"shop"}"#.to_owned(), "subjects[0].name", "same"),
            (r#"{"kind":"ServiceAccount","namespace":"shop"}"#.to_owned(), "subjects[0].name", "same"),
            (
                format!(r#"{{"kind":"ServiceAccount","name":"a","namespace":"s",{rbac}}}"#),
                "subjects[0].apiGroup",
                "same",
            ),
            (r#"{"kind":"User","name":"a","apiGroup":"rbac"}"#.to_owned(), "subjects[0].apiGroup", "same"),
            (r#"{"kind":"user","name":"a"}"#.to_owned(), "subjects[0].kind", "same"),
            (r#"{"name":"a"}"#.to_owned(), "subjects[0].kind", "same"),
            (r#"{"kind":"Group","name":""}"#.to_owned(), "subjects[0].name", "same"),
            (r#"{"kind":"User","name":"a","user":"b"}"#.to_owned(), "subjects[0].user", "same"),
        ];
        let role = r#"{"kind":"ClusterRole","name":"r"}"#;
        for (subject, cluster, namespaced) in cases {
            let binding = |meta: &str| format!(r#"{{"metadata":{{{meta}}},"roleRef":{role},"subjects":[{subject}]}}"#);
            assert_eq!(places(Kind::CLUSTER_ROLE_BINDING, &binding(r#""name":"b""#)), cluster, "{subject}");
            let wanted = if namespaced == "same" { cluster } else { namespaced };
            assert_eq!(places(Kind::ROLE_BINDING, &binding(r#""name":"b","namespace":"shop""#)), wanted, "{subject}");
        }
    }

    #[test]
    fn references_are_refused_as_upstream_refuses_them() {
        let cases = [
            (r#"{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"r"}"#, "", ""),
            (r#"{"kind":"ClusterRole","name":"system:r"}"#, "", ""),
            (r#"{"kind":"Role","name":"r"}"#, "roleRef.kind", ""),
            (r#"{"kind":"clusterrole","name":"r"}"#, "roleRef.kind", "same"),
            (r#"{"kind":"ClusterRole","name":"r","apiGroup":"rbac"}"#, "roleRef.apiGroup", "same"),
            (r#"{"kind":"ClusterRole","name":""}"#, "roleRef.name", "same"),
            (r#"{"kind":"ClusterRole","name":"a/b"}"#, "roleRef.name", "same"),
            (r#"{"kind":"ClusterRole","name":"r","namespace":"x"}"#, "roleRef.namespace", "same"),
            (r#""r""#, "roleRef roleRef.kind roleRef.name", "same"),
            ("null", "roleRef.kind roleRef.name", "same"),
        ];
        for (role, cluster, namespaced) in cases {
            let binding = |meta: &str| format!(r#"{{"metadata":{{{meta}}},"roleRef":{role},"subjects":null}}"#);
            assert_eq!(places(Kind::CLUSTER_ROLE_BINDING, &binding(r#""name":"b""#)), cluster, "{role}");
            let wanted = if namespaced == "same" { cluster } else { namespaced };
            assert_eq!(places(Kind::ROLE_BINDING, &binding(r#""name":"b","namespace":"shop""#)), wanted, "{role}");
        }
        assert_eq!(places(Kind::CLUSTER_ROLE, r#"{"metadata":{"name":"a%b"}}"#), "metadata.name");
    }

    #[test]
    fn aggregation_rules_are_refused_as_upstream_refuses_them() {
        let role = |rule: &str| format!(r#"{{"metadata":{{"name":"r"}},"aggregationRule":{rule}}}"#);
        let place = |rule: &str| places(Kind::CLUSTER_ROLE, &role(rule));
        assert_eq!(place("null"), "");
        assert_eq!(place(r#"{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}"#), "");
        assert_eq!(place("{}"), "aggregationRule.clusterRoleSelectors");
        let misspelt = place(r#"{"clusterRoleSelector":[{}]}"#);
        assert_eq!(misspelt, "aggregationRule.clusterRoleSelector aggregationRule.clusterRoleSelectors");
        let namespaced = r#"{"metadata":{"name":"r"},"aggregationRule":{"clusterRoleSelectors":[{}]}}"#;
        assert_eq!(places(Kind::ROLE, namespaced), "aggregationRule");
    }

    #[test]
    fn unknown_fields_of_whole_objects_are_told() {
        let role = r#"{"apiVersion":"x","kind":"y","metadata":{"name":"r"},"rule":[{"verbs":["get"]}]}"#;
        assert_eq!(places(Kind::CLUSTER_ROLE, role), "rule");
        let binding =
            r#"{"metadata":{"name":"b"},"roleref":{},"roleRef":{"kind":"ClusterRole","name":"r"},"subject":[]}"#;
        assert_eq!(places(Kind::CLUSTER_ROLE_BINDING, binding), "roleref subject");
    }
}
