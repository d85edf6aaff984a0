//! What a question asks for, and when it is reached.

use crate::model::id::PodId;
use crate::model::name::Name;
use crate::net::verdict::{End, Port};

use super::Ground;
use super::foothold::Foothold;
use super::region::Region;

/// One place that a connection may go to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub end: End,
    /// `None`: any port will do.
    pub port: Option<Port>,
}

/// What is asked for.
#[derive(Clone, PartialEq, Debug)]
pub enum Goal {
    Is(Foothold),
    /// Root on some node.
    AnyNode,
    /// Code in some pod of a namespace.
    InNamespace(Name),
    /// Code in some of these pods.
    InPods(Vec<PodId>),
    /// A connection to some of these, by whatever way; as the question wrote it.
    Connects {
        text: Name,
        targets: Vec<Target>,
    },
}

impl Goal {
    /// What of a region is what was asked for; a connection is asked of `connect`.
    pub fn met_by(&self, ground: &Ground<'_>, region: &Region) -> Option<Foothold> {
        match self {
            Goal::Is(goal @ Foothold::Secrets { namespace, name: Some(_) }) => {
                let all = Foothold::Secrets { namespace: namespace.clone(), name: None };
                [goal, &all].into_iter().find(|it| region.contains(ground, it)).cloned()
            }
            Goal::Is(goal) => region.contains(ground, goal).then(|| goal.clone()),
            Goal::AnyNode => match region {
                Region::One(node @ Foothold::Node(_)) => Some(node.clone()),
                Region::Nodes => ground.nodes().first().cloned().map(Foothold::Node),
                _ => None,
            },
            Goal::InNamespace(namespace) => in_namespace(ground, namespace, region),
            Goal::InPods(pods) => {
                let pods = pods.iter().cloned().map(Foothold::Pod);
                pods.into_iter().find(|it| region.contains(ground, it))
            }
            Goal::Connects { .. } => None,
        }
    }

    /// What subjects that no binding names are asked for by it.
    pub fn wanted(&self) -> Option<&Foothold> {
        match self {
            Goal::Is(foothold) => Some(foothold),
            _ => None,
        }
    }
}

/// Code in some pod of a namespace.
fn in_namespace(ground: &Ground<'_>, namespace: &Name, region: &Region) -> Option<Foothold> {
    if let Region::One(Foothold::Pod(pod)) = region {
        return (pod.namespace == *namespace).then(|| Foothold::Pod(pod.clone()));
    }
    if !matches!(region, Region::Pods(..) | Region::PodsOn(_)) {
        return None;
    }
    let place = ground.place(namespace);
    let mut pods = place.pods.iter().flat_map(|it| &it.pods).map(|it| Foothold::Pod(it.pod_id()));
    pods.find(|it| region.contains(ground, it))
}
