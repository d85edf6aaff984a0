//! In which namespace the server asks for what stands in none itself, and which names it asks for besides the typed one.
//!
//! ```text
//! get namespaces shop                        in shop                     its own namespace (rule 16)
//! bind clusterroles edit     -n shop         in shop                     the binding's (rule 49)
//! use podsecuritypolicies x  -n shop         in shop                     the pod's (rule 59)
//! list nodes                 -n shop         in the whole cluster        everything else (rule 17)
//! approve signers kubernetes.io/x            and kubernetes.io/*         either allows (rule 59)
//! ```

use crate::model::name::Name;

use super::request::ResourceRequest;

/// Whose namespace it is that such a request is asked in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NamespaceOf {
    /// The namespace is the object.
    Own,
    /// That of another object, which the request is made for.
    Other(&'static str),
}

/// Verbs on a cluster-scoped resource that are asked in a namespace, so that RoleBindings count.
#[derive(Debug)]
pub struct Exception {
    group: &'static str,
    /// With its subresource.
    resources: &'static [&'static str],
    pub verbs: &'static [&'static str],
    pub whose: NamespaceOf,
}

/// All of them (CONTRACT §4).
///
/// Sources: apiserver/pkg/endpoints/request/requestinfo.go, kubernetes/pkg/registry/rbac/escalation_check.go
/// (`BindingAuthorized`), and the admission of pod security policies and of security context constraints.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        group: "",
        resources: &["namespaces", "namespaces/status", "namespaces/finalize"],
        verbs: &["get", "update", "patch", "delete"],
        whose: NamespaceOf::Own,
    },
    Exception {
        group: "rbac.authorization.k8s.io",
        resources: &["clusterroles"],
        verbs: &["bind"],
        whose: NamespaceOf::Other("the binding"),
    },
    Exception {
        group: "policy",
        resources: &["podsecuritypolicies"],
        verbs: &["use"],
        whose: NamespaceOf::Other("the pod"),
    },
    Exception {
        group: "extensions",
        resources: &["podsecuritypolicies"],
        verbs: &["use"],
        whose: NamespaceOf::Other("the pod"),
    },
    Exception {
        group: "security.openshift.io",
        resources: &["securitycontextconstraints"],
        verbs: &["use"],
        whose: NamespaceOf::Other("the pod"),
    },
];

/// What of a cluster-scoped resource is asked in a namespace; `resource` with its subresource.
pub fn exception(group: &str, resource: &str) -> Option<&'static Exception> {
    EXCEPTIONS.iter().find(|it| it.group == group && it.resources.contains(&resource))
}

/// The namespace that a request for something cluster-scoped is asked in, of the one that was typed: mostly none.
pub fn of_cluster_scoped(request: &ResourceRequest) -> Name {
    let exception = exception(&request.group, &request.combined());
    match exception.filter(|it| it.verbs.contains(&request.verb.as_str())).map(|it| it.whose) {
        None => Name::empty(),
        Some(NamespaceOf::Own) => request.name.clone(),
        Some(NamespaceOf::Other(_)) => request.namespace.clone(),
    }
}

/// Whether it is the typed namespace that a request for something cluster-scoped is asked in.
pub fn is_elsewhere(request: &ResourceRequest) -> bool {
    let exception = exception(&request.group, &request.combined());
    exception.is_some_and(|it| it.whose != NamespaceOf::Own && it.verbs.contains(&request.verb.as_str()))
}

/// The verbs that are asked for the name of a signer.
const SIGNING: [&str; 3] = ["approve", "sign", "attest"];

/// What the server asks for besides a signer's name: all signers of its domain. Empty for every other request.
///
/// Source: kubernetes/pkg/certauthorization.
pub fn domain_of(request: &ResourceRequest) -> Name {
    let is_signer = request.group == *"certificates.k8s.io"
        && request.resource == *"signers"
        && request.subresource.is_empty()
        && SIGNING.contains(&request.verb.as_str());
    let domain = request.name.split_once('/').filter(|_| is_signer).map(|(domain, _)| format!("{domain}/*"));
    domain.filter(|it| request.name != *it.as_str()).map(Name::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(verb: &str, group: &str, resource: &str, name: &str) -> ResourceRequest {
        ResourceRequest {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            name: name.into(),
            namespace: "shop".into(),
            ..ResourceRequest::default()
        }
    }

    /// Rules 16, 17, 49 and 59.
    #[test]
    fn few_requests_for_cluster_scoped_things_are_asked_in_a_namespace() {
        let rbac = "rbac.authorization.k8s.io";
        let cases = [
            (request("get", "", "namespaces", "db"), "db"),
            (request("list", "", "namespaces", ""), ""),
            (request("bind", rbac, "clusterroles", "edit"), "shop"),
            (request("bind", rbac, "clusterroles", ""), "shop"),
            (request("escalate", rbac, "clusterroles", "edit"), ""),
            (request("get", rbac, "clusterroles", "edit"), ""),
            (request("use", "policy", "podsecuritypolicies", "restricted"), "shop"),
            (request("use", "security.openshift.io", "securitycontextconstraints", "anyuid"), "shop"),
            (request("get", "security.openshift.io", "securitycontextconstraints", "anyuid"), ""),
            (request("use", "", "securitycontextconstraints", "anyuid"), ""),
        ];
        for (request, namespace) in cases {
            assert_eq!(of_cluster_scoped(&request), *namespace, "{request:?}");
        }
    }

    #[test]
    fn a_signer_is_asked_for_by_name_and_by_domain() {
        let certificates = "certificates.k8s.io";
        let domain =
            |verb: &str, group: &str, name: &str| domain_of(&request(verb, group, "signers", name)).to_string();
        assert_eq!(domain("approve", certificates, "kubernetes.io/kubelet-serving"), "kubernetes.io/*");
        assert_eq!(domain("attest", certificates, "a.b/c/d"), "a.b/*");
        assert_eq!(domain("sign", certificates, "a.b/*"), "");
        assert_eq!(domain("sign", certificates, "a.b"), "");
        assert_eq!(domain("get", certificates, "a.b/c"), "");
        assert_eq!(domain("sign", "", "a.b/c"), "");
    }
}
