//! What a question asks for, and when it is reached.

use crate::model::id::PodId;
use crate::model::name::Name;
use crate::net::verdict::{End, Port};

use super::foothold::Foothold;
use super::held::{Entry, Held};

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
    /// The nearest thing that is held and is what was asked for; a connection is asked of `connect`.
    pub fn met_by<'h>(&self, held: &'h Held) -> Option<&'h Entry> {
        held.entries().iter().find(|it| self.is(&it.foothold))
    }

    fn is(&self, held: &Foothold) -> bool {
        match (self, held) {
            (
                Goal::Is(Foothold::Secrets { namespace, name: Some(_) }),
                Foothold::Secrets { namespace: of, name: None },
            ) => namespace == of,
            (Goal::Is(goal), held) => goal == held,
            (Goal::AnyNode, Foothold::Node(_)) => true,
            (Goal::InNamespace(namespace), Foothold::Pod(pod)) => pod.namespace == *namespace,
            (Goal::InPods(pods), Foothold::Pod(pod)) => pods.contains(pod),
            _ => false,
        }
    }

    /// What subjects that no binding names are asked for by it.
    pub fn wanted(&self) -> Option<Foothold> {
        match self {
            Goal::Is(foothold) => Some(foothold.clone()),
            _ => None,
        }
    }
}
