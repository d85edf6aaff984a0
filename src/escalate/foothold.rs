//! What somebody can hold on the way: an identity, code in a pod, root on a node, and what all that is for.

use std::fmt;

use crate::model::id::{ObjectId, PodId};
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};
use crate::model::service::Service;

/// One thing that is held.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Foothold {
    /// Acting as a user, as a member of a group, or with a service account's credential.
    Subject(Subject),
    /// The rules of a role beside one's own, in a namespace (empty: the whole cluster).
    Role { role: ObjectId, namespace: Name },
    /// Code in a pod.
    Pod(PodId),
    /// Root on a node.
    Node(Name),
    /// Every verb on every resource of a namespace.
    NamespaceAdmin(Name),
    /// Every verb on every resource.
    ClusterAdmin,
    /// The content of Secrets of a namespace: of one, or of all.
    Secrets { namespace: Name, name: Option<Name> },
    /// Traffic that is meant for a Service.
    Intercept { namespace: Name, service: Name },
    /// A connection, by whatever way: as the question wrote it.
    Connection(Name),
}

impl Foothold {
    /// Whether somebody acts with it towards the API server.
    pub fn is_identity(&self) -> bool {
        matches!(self, Foothold::Subject(_) | Foothold::Role { .. })
    }

    /// What is meant for a Service.
    pub fn traffic(service: &Service) -> Self {
        Foothold::Intercept { namespace: service.meta.namespace.clone(), service: service.meta.name.clone() }
    }

    /// The group that no authorizer is asked about (rule 5).
    pub fn masters() -> Self {
        Foothold::Subject(Subject::Group(crate::rbac::identity::MASTERS.into()))
    }
}

/// As the question can be typed again: `sa:shop/web`, `pod/shop/web-0`, `node-root/n1`, `cluster-admin`.
impl fmt::Display for Foothold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Foothold::Subject(it) if it.kind() == SubjectKind::Group && it.name() == crate::rbac::identity::MASTERS => {
                out.write_str("masters")
            }
            Foothold::Subject(it) => write!(out, "{it}"),
            Foothold::Role { role, namespace } if namespace.is_empty() => write!(out, "{role}"),
            Foothold::Role { role, namespace } => write!(out, "{role} in {namespace}"),
            Foothold::Pod(it) => write!(out, "pod/{it}"),
            Foothold::Node(it) if it == super::places::SOME_NODE => out.write_str("node-root"),
            Foothold::Node(it) => write!(out, "node-root/{it}"),
            Foothold::NamespaceAdmin(it) => write!(out, "namespace-admin/{it}"),
            Foothold::ClusterAdmin => out.write_str("cluster-admin"),
            Foothold::Secrets { namespace, name: None } => write!(out, "secrets/{namespace}"),
            Foothold::Secrets { namespace, name: Some(name) } => write!(out, "secrets/{namespace}/{name}"),
            Foothold::Intercept { namespace, service } => write!(out, "intercept/{namespace}/{service}"),
            Foothold::Connection(it) => write!(out, "{it}"),
        }
    }
}
