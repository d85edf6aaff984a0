//! What a row of a list stands for, and what explanations are of: a namespace, a pod, a policy, a workload, a Service
//! or a subject.

use super::end::AskedEnd;
use crate::model::id::{Kind, ObjectId, PodId, WorkloadId};
use crate::model::name::Name;
use crate::model::owner::{Owner, OwnerKind};
use crate::model::role::Subject;

/// The object that a row stands for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Item {
    Namespace(Name),
    Pod(PodId),
    Policy(ObjectId),
    Workload(WorkloadId),
    Service(ObjectId),
    Subject(Subject),
}

impl Item {
    /// The object of the cluster, where it is one.
    pub fn object(&self) -> Option<ObjectId> {
        match self {
            Item::Namespace(name) => Some(ObjectId::new(Kind::NAMESPACE, Name::empty(), name.clone())),
            Item::Pod(pod) => Some(pod.object()),
            Item::Policy(it) | Item::Service(it) => Some(it.clone()),
            Item::Workload(it) => workload_object(it),
            Item::Subject(Subject::ServiceAccount { namespace, name }) => {
                Some(ObjectId::new(Kind::SERVICE_ACCOUNT, namespace.clone(), name.clone()))
            }
            Item::Subject(_) => None,
        }
    }

    /// The end of a connection that it is, where it is one.
    pub fn end(&self) -> Option<AskedEnd> {
        Some(match self {
            Item::Namespace(name) => AskedEnd::Namespace(name.clone()),
            Item::Pod(pod) => AskedEnd::Pod(pod.clone()),
            Item::Service(it) => AskedEnd::Service { namespace: it.namespace.clone(), name: it.name.clone() },
            Item::Workload(it) => AskedEnd::Workload {
                kind: it.kind.to_lowercase().into(),
                namespace: it.namespace.clone(),
                name: it.name.clone(),
            },
            Item::Policy(_) | Item::Subject(_) => return None,
        })
    }

    /// As it is typed in a command: `shop/web-0`, `ns/shop`, `sa:shop/web`.
    pub fn typed(&self) -> String {
        match self {
            Item::Namespace(name) => format!("ns/{name}"),
            Item::Pod(pod) => pod.to_string(),
            Item::Policy(it) | Item::Service(it) => it.to_string(),
            Item::Workload(it) => it.to_string(),
            Item::Subject(subject) => subject.to_string(),
        }
    }

    /// Its bare name.
    pub fn name(&self) -> &str {
        match self {
            Item::Namespace(name) => name,
            Item::Pod(pod) => &pod.name,
            Item::Policy(it) | Item::Service(it) => &it.name,
            Item::Workload(it) => &it.name,
            Item::Subject(subject) => subject.name(),
        }
    }

    /// The namespace that it is or stands in.
    pub fn namespace(&self) -> Option<&Name> {
        let namespace = match self {
            Item::Namespace(name) => name,
            Item::Pod(pod) => &pod.namespace,
            Item::Policy(it) | Item::Service(it) => &it.namespace,
            Item::Workload(it) => &it.namespace,
            Item::Subject(subject) => subject.namespace(),
        };
        (!namespace.is_empty()).then_some(namespace)
    }
}

/// The object that a workload is, where its kind is one that is read.
fn workload_object(id: &WorkloadId) -> Option<ObjectId> {
    match Owner::new(&id.kind, id.name.clone()).kind {
        OwnerKind::Known(kind) => Some(ObjectId::new(kind.kind(), id.namespace.clone(), id.name.clone())),
        OwnerKind::None | OwnerKind::Other => None,
    }
}
