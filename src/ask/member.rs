//! One concrete end of a connection: what is left when names and sets are resolved.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::model::facts::{Fact, Node, Pod, PodNetwork};
use crate::model::id::ObjectId;

/// A pod, a node, an address, or a range of addresses that all answer alike.
#[derive(Clone, PartialEq, Debug)]
pub enum Member {
    Pod(Arc<Pod>),
    Node(Arc<Node>),
    Address(IpAddr),
    Block(IpNet),
}

impl Member {
    /// The object, where it is one.
    pub fn object(&self) -> Option<ObjectId> {
        match self {
            Member::Pod(pod) => Some(pod.id()),
            Member::Node(node) => Some(node.id()),
            Member::Address(_) | Member::Block(_) => None,
        }
    }

    /// The pod, where it is one.
    pub fn pod(&self) -> Option<&Arc<Pod>> {
        match self {
            Member::Pod(pod) => Some(pod),
            _ => None,
        }
    }

    /// The name of the node that it is or runs on; empty when that is none or unknown.
    pub fn node(&self) -> &str {
        match self {
            Member::Pod(pod) => &pod.node,
            Member::Node(node) => &node.meta.name,
            Member::Address(_) | Member::Block(_) => "",
        }
    }

    /// Whether both are the same pod, so that policies do not stand between them (S20).
    pub fn is_same_pod(&self, other: &Self) -> bool {
        match (self, other) {
            (Member::Pod(a), Member::Pod(b)) => Arc::ptr_eq(a, b) || a.pod_id() == b.pod_id(),
            _ => false,
        }
    }

    /// What a reader should know of this end beside its name; empty for an ordinary pod or address.
    pub fn remark(&self) -> &'static str {
        match self {
            Member::Pod(pod) if pod.network == PodNetwork::Host => "host network: it is its node",
            Member::Pod(pod) if pod.addresses.is_empty() => "no address yet",
            _ => "",
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Member::Pod(pod) => write!(out, "{}", pod.id()),
            Member::Node(node) => write!(out, "{}", node.id()),
            Member::Address(address) => write!(out, "{address}"),
            Member::Block(block) => write!(out, "{block}"),
        }
    }
}
