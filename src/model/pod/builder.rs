//! How a pod is made, by whoever makes one: every part by its name, then all at once.
//!
//! ```
//! use kreach::model::pod::{Phase, PodBuilder};
//! let pod = PodBuilder { phase: Phase::Pending, ..PodBuilder::new("shop", "web-0") }.build();
//! let pod = pod.changed(|it| it.node = "node-4".into());
//! assert_eq!((pod.pod_id().to_string().as_str(), pod.node().as_str()), ("shop/web-0", "node-4"));
//! ```
//!
//! What of a pod it shares with others, and which labels its name says, is found when it is built: nobody else knows how
//! a pod is held.

use std::borrow::Cow;

use triomphe::Arc;

use super::{ContainerPort, Phase, Pod, PodExtras, PodNetwork, PodPlacement, PodShared, PodSource};
use crate::model::address::Addresses;
use crate::model::items::Items;
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::owner::Owner;
use crate::model::security::{HostAccess, MetStandards, TokenMount};
use crate::model::uid::UidFingerprint;

/// All that a pod is made of.
#[derive(Clone, Debug, Default)]
pub struct PodBuilder<'a> {
    pub namespace: Name,
    pub name: Cow<'a, str>,
    pub uid: UidFingerprint,
    /// Of a key that stands twice the last value holds.
    pub labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Its controller, as owner references name it.
    pub owner: Option<Owner>,
    /// Empty: it is not scheduled.
    pub node: Name,
    pub addresses: Addresses,
    pub service_account: Name,
    pub ports: Items<ContainerPort>,
    pub phase: Phase,
    pub network: PodNetwork,
    pub origin: PodSource,
    pub terminating: bool,
    /// Its Ready condition is there and not True.
    pub unready: bool,
    pub token: TokenMount,
    pub standards: MetStandards,
    /// `spec.hostname`; empty: its name.
    pub hostname: Name,
    /// Of a kube-apiserver's own pod: its flags `--authorization-*`, as written.
    pub authorization_flags: Vec<Name>,
    pub host_access: HostAccess,
}

/// Who gives one allocation for equal things, so that pods share them.
pub trait Interner {
    /// The one name of this text.
    fn name(&mut self, text: &str) -> Name;
    /// The one set of these labels.
    fn labels(&mut self, pairs: &[(&str, &str)]) -> Labels;
    /// The one share that is equal to this.
    fn pod_shared(&mut self, shared: PodShared) -> Arc<PodShared>;
    /// The one placement that is equal to this.
    fn pod_placement(&mut self, placement: PodPlacement) -> Arc<PodPlacement>;
}

/// Nobody: for the few pods of a what-if or of a test.
struct NoInterner;

impl Interner for NoInterner {
    fn name(&mut self, text: &str) -> Name {
        text.into()
    }
    fn labels(&mut self, pairs: &[(&str, &str)]) -> Labels {
        Labels::new(pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())))
    }
    fn pod_shared(&mut self, shared: PodShared) -> Arc<PodShared> {
        Arc::new(shared)
    }
    fn pod_placement(&mut self, placement: PodPlacement) -> Arc<PodPlacement> {
        Arc::new(placement)
    }
}

impl<'a> PodBuilder<'a> {
    /// A pod of this namespace and name alone.
    pub fn new(namespace: impl Into<Name>, name: impl Into<Cow<'a, str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into(), ..Self::default() }
    }

    /// All that a pod was made of.
    pub fn of(pod: &Pod) -> Self {
        let labels = pod.labels().whole();
        Self {
            namespace: pod.namespace().clone(),
            name: pod.name().to_string().into(),
            uid: pod.uid,
            labels: pairs(&labels),
            owner: pod.owner(),
            node: pod.node().clone(),
            addresses: pod.addresses(),
            service_account: pod.service_account().clone(),
            ports: pod.ports().clone(),
            phase: pod.phase(),
            network: pod.network(),
            origin: pod.origin(),
            terminating: pod.is_terminating(),
            unready: pod.is_unready(),
            token: pod.token(),
            standards: pod.standards(),
            hostname: pod.hostname().into(),
            authorization_flags: pod.authorization_flags().to_vec(),
            host_access: pod.host_access().clone(),
        }
    }

    /// Lets these be its labels.
    pub fn set_labels(&mut self, labels: &Labels) {
        self.labels = pairs(labels);
    }

    /// The pod.
    pub fn build(self) -> Pod {
        self.build_sharing(&mut NoInterner)
    }

    /// The pod, which shares what it has in common with others.
    pub fn build_sharing(self, sharing: &mut impl Interner) -> Pod {
        let owner = self.owner.unwrap_or_else(Owner::nobody);
        let extras = PodExtras {
            beginning: None,
            owner_word: owner.word,
            hostname: if *self.hostname == *self.name { Name::empty() } else { self.hostname },
            authorization_flags: self.authorization_flags,
            host_access: self.host_access,
        };
        let mut shared = PodShared {
            namespace: self.namespace,
            owner_name: owner.name,
            labels: Labels::default(),
            service_account: self.service_account,
            ports: self.ports,
            extras: extras.into(),
            phase: self.phase,
            network: self.network,
            origin: self.origin,
            terminating: self.terminating,
            unready: self.unready,
            owner_kind: owner.kind,
            token: self.token,
            standards: self.standards,
        };
        let suffix = shared.split_name(&self.name, |it| sharing.name(it));
        let written = self.labels.iter().map(|(key, value)| (&**key, &**value));
        let mut others = Vec::new();
        let implied = shared.split_labels(&suffix, written, |key, value| others.push((key, value)));
        shared.labels = sharing.labels(&others);
        let (v4, v6) = self.addresses.parted();
        let placement = PodPlacement { node: self.node, v6 };
        // One with an address of its own is no other pod's.
        let is_own = placement.v6.is_some();
        let placement = if is_own { Arc::new(placement) } else { sharing.pod_placement(placement) };
        Pod { shared: sharing.pod_shared(shared), placement, suffix, implied, v4, uid: self.uid }
    }
}

fn pairs<'a>(labels: &Labels) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    labels.iter().map(|(key, value)| (key.to_string().into(), value.to_string().into())).collect()
}
