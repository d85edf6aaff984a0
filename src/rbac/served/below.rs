//! Subresources: those that are served, and those that only RBAC knows.

use std::collections::BTreeSet;

use super::{Served, ServedResource};
use crate::model::name::Name;

/// Subresources that only RBAC knows, of a group and plural: what kubelets, the approver of kubelets' certificates,
/// admission and old clients ask for (rules 12, 59 and 72). `finalizers` may be asked of every resource (rule 61), and so is
/// `metrics` by proxies in front of metrics, which review the access of whoever scrapes.
const VIRTUAL_SUBRESOURCES: &[(&str, &str, &[&str])] = &[
    ("", "endpoints", &["restricted"]),
    ("", "nodes", &["checkpoint", "configz", "healthz", "log", "metrics", "pods", "proxy", "spec", "stats"]),
    ("", "services", &["externalips"]),
    ("apps", "deployments", &["rollback"]),
    ("certificates.k8s.io", "certificatesigningrequests", &["nodeclient", "selfnodeclient", "selfnodeserver"]),
    ("discovery.k8s.io", "endpointslices", &["restricted"]),
    ("resource.k8s.io", "resourceclaims", &["binding", "driver"]),
];

impl Served {
    /// The subresources that may be asked of a resource, those that only RBAC knows included; `None`: any.
    pub fn subresources_of<'a>(&self, it: &'a ServedResource) -> Option<BTreeSet<&'a str>> {
        if it.name == *"userextras" {
            return None;
        }
        let own = it.subresources.iter().map(Name::as_str);
        let known = VIRTUAL_SUBRESOURCES.iter().filter(|(group, name, _)| it.group == **group && it.name == **name);
        Some(own.chain(known.flat_map(|(_, _, all)| all.iter().copied())).chain(["finalizers", "metrics"]).collect())
    }
}
