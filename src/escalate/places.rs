//! What stands in a namespace or on a node that a move can lead to.

use crate::model::facts::{Phase, SharedPod};
use crate::model::name::Name;
use crate::model::role::Subject;

use super::foothold::Foothold;

/// What stands for a node where none is known.
pub const SOME_NODE: &str = "*";

/// A service account as something held.
pub fn account(namespace: &Name, name: &Name) -> Foothold {
    Foothold::Subject(Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() })
}

/// The name of a service account that is held.
pub fn account_name(foothold: &Foothold) -> Option<&Name> {
    match foothold {
        Foothold::Subject(Subject::ServiceAccount { name, .. }) => Some(name),
        _ => None,
    }
}

/// Whether code can be run in it.
pub fn is_running(pod: &SharedPod) -> bool {
    pod.phase() == Phase::Running
}

/// Whether its object can be changed: those that a kubelet runs from its own files are only shown.
pub fn is_changeable(pod: &SharedPod) -> bool {
    pod.owner().is_none_or(|it| &*it.kind() != "Node")
}
