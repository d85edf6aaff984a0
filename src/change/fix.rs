//! Changes that would make one thing otherwise: drafts, each of which the caller checks on a copy before it shows it.
//!
//! ```text
//! a flow that is denied   ──allow──►  a peer, a port or a rule more; a new policy where pods are isolated already
//! a flow that is allowed  ──deny───►  a rule narrowed; a new policy that lets in all others
//! a namespace, a pod      ──isolate►  default deny, and what is kept
//! a grant                 ──revoke─►  a subject less, a narrower role
//! ```
//!
//! Policies only add: what is to pass is said once more, and what is not to pass is taken from every rule that lets it
//! pass. A new policy in a direction in which a pod is not isolated would close all else, so that it says all else.
//! Nothing here asks whether a draft does what it is meant to: both engines are asked, with it made.

pub mod allow;
pub mod deny;
pub mod isolate;
mod narrow;
mod objects;
mod part;
mod pods;
pub mod revoke;

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde_json::Value;

use super::edits::Change;
use crate::model::id::{ObjectId, PodId};
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::model::port::PortSet;

pub use objects::Desk;
pub use pods::pod_blocks;

/// Objects as they were written or stored, whole: what is changed of one must keep all the rest of it.
pub type WholeObjects = BTreeMap<ObjectId, Value>;

/// One way to do it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Draft {
    pub changes: Vec<Change>,
    /// What each change does, a clause each.
    pub what: Vec<String>,
    /// What should be known of it, a clause each.
    pub notes: Vec<String>,
    /// Whether it is about more than was asked, where a comparison cannot tell: a wildcard is one right to it, and pods
    /// that are to come are none.
    pub is_coarse: bool,
    /// Whether a policy that denies by default, without a rule in a direction, would hold one.
    pub fills_default_deny: bool,
}

/// The other end of flows, as rules can say it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Peers {
    /// Pods on networks of their own.
    pub pods: BTreeSet<PodId>,
    /// Everybody else.
    pub blocks: BTreeSet<IpNet>,
}

impl Peers {
    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty() && self.blocks.is_empty()
    }
}

/// What the pods at one gate have in common: with whom, on which ports of the destination.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DraftGate {
    pub direction: Direction,
    pub namespace: Name,
    /// The pods at the gate.
    pub targets: BTreeSet<PodId>,
    /// Whom it is about, by the ports.
    pub flows: BTreeMap<PortSet, Peers>,
}
