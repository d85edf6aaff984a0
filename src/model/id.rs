//! What names one object: its kind, namespace and name, written `kind/namespace/name`.
//!
//! ```
//! use kreach::model::id::{Kind, ObjectId};
//! let id = ObjectId::new(Kind::NETWORK_POLICY, "shop", "allow-web");
//! assert_eq!(id.to_string(), "networkpolicy/shop/allow-web");
//! ```

use std::fmt;

use super::name::Name;

/// The lower-case singular of an API kind, such as `networkpolicy`.
///
/// An open set: [`crate::kinds::KINDS`] lists those we read. Kinds of other groups that share a word carry the
/// group too (`networkpolicy.projectcalico.org`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Kind(pub &'static str);

impl Kind {
    pub const NAMESPACE: Kind = Kind("namespace");
    pub const POD: Kind = Kind("pod");
    pub const NODE: Kind = Kind("node");
    pub const SERVICE: Kind = Kind("service");
    pub const ENDPOINT_SLICE: Kind = Kind("endpointslice");
    pub const SERVICE_ACCOUNT: Kind = Kind("serviceaccount");
    pub const NETWORK_POLICY: Kind = Kind("networkpolicy");
    pub const ROLE: Kind = Kind("role");
    pub const CLUSTER_ROLE: Kind = Kind("clusterrole");
    pub const ROLE_BINDING: Kind = Kind("rolebinding");
    pub const CLUSTER_ROLE_BINDING: Kind = Kind("clusterrolebinding");
    pub const DEPLOYMENT: Kind = Kind("deployment");
    pub const REPLICA_SET: Kind = Kind("replicaset");
    pub const REPLICATION_CONTROLLER: Kind = Kind("replicationcontroller");
    pub const STATEFUL_SET: Kind = Kind("statefulset");
    pub const DAEMON_SET: Kind = Kind("daemonset");
    pub const JOB: Kind = Kind("job");
    pub const CRON_JOB: Kind = Kind("cronjob");
    pub const MULTI_NETWORK_POLICY: Kind = Kind("multinetworkpolicy");

    /// The word itself.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

/// Whether objects of a kind, or of a resource, stand in namespaces: `spec.scope` of a CustomResourceDefinition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ResourceScope {
    Cluster,
    Namespaced,
}

/// Names one object; cluster-wide objects have the empty namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId {
    pub kind: Kind,
    pub namespace: Name,
    pub name: Name,
}

impl ObjectId {
    /// The object of this kind, namespace (empty: cluster-wide) and name.
    pub fn new(kind: Kind, namespace: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(out, "{}/{}", self.kind, self.name)
        } else {
            write!(out, "{}/{}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// Names one pod.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PodId {
    pub namespace: Name,
    pub name: Name,
}

impl PodId {
    /// The pod `name` of `namespace`.
    pub fn new(namespace: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// What names the pod among objects of all kinds.
    pub fn object(&self) -> ObjectId {
        ObjectId { kind: Kind::POD, namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

impl fmt::Display for PodId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.namespace, self.name)
    }
}

/// Names a workload: the controller that pods belong to, such as `deployment/shop/web`.
///
/// The kind is the API's own word (`Deployment`, `Rollout`), since controllers of any kind may own pods.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WorkloadId {
    pub namespace: Name,
    /// As owner references write it: `Deployment`.
    pub kind: Name,
    pub name: Name,
}

impl fmt::Display for WorkloadId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.kind.to_lowercase(), self.namespace, self.name)
    }
}
