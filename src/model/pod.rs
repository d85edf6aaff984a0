//! Pods: what each has of its own, and what it shares with the others of its workload and of its node.
//!
//! ```text
//! PodShared     shop, ReplicaSet web-7d9f8b6c5, app=web, account web, port 8080, running    once for all pods of the ReplicaSet
//! PodPlacement  node-4                                                                      once for all pods of the node
//! Pod           x2z4k 10.0.3.7,  q8r7p 10.0.9.1, …                                          five words each
//! ```
//!
//! A controller makes up its pods' names from its own, so that a pod holds the end of its name alone: [`NameSuffix`].
//! Nobody outside this module sees that: a pod is asked for its phase, its ports, its labels.

mod builder;
mod in_name;
mod shared;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::address::{Addresses, V6Part};
use super::fact::{Fact, FactIdentity};
use super::id::{Kind, PodId, WorkloadId};
use super::items::Items;
use super::labels::{Labeled, Labels};
use super::name::{JoinedName, Name};
use super::owner::Owner;
use super::port::Protocol;
use super::security::{HostAccess, MetStandards, TokenMount};
use super::uid::UidFingerprint;

pub use self::builder::{Interner, PodBuilder};
use self::in_name::IMPLIED;
pub use self::in_name::{LabelsInName, NameSuffix};
use self::shared::PodExtras;
pub use self::shared::PodShared;

/// A pod's phase; a pod without status counts as running.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Phase {
    Pending,
    #[default]
    Running,
    Succeeded,
    Failed,
    Unknown,
}

impl Phase {
    /// As the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Pending => "Pending",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
            Phase::Unknown => "Unknown",
        }
    }

    /// Whether its containers have ended for good: its address may be another pod's by now (S39).
    pub fn is_finished(self) -> bool {
        matches!(self, Phase::Succeeded | Phase::Failed)
    }
}

/// Which sort of container declares a port (S26).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ContainerRole {
    Regular,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// A plain init container.
    Init,
}

/// One declared container port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ContainerPort {
    /// Empty when unnamed.
    pub name: Name,
    pub protocol: Protocol,
    pub number: u16,
    pub container: ContainerRole,
}

/// Whose network a pod uses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum PodNetwork {
    #[default]
    Own,
    /// Its node's: policies pass it by (S37, S38).
    Host,
}

/// Where a pod comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum PodSource {
    #[default]
    Listed,
    /// Made from the template of a workload in files whose pods are not listed (CONTRACT §1).
    Template,
}

/// Where a pod is: the node, which it shares with others unless it has an address of IPv6.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PodPlacement {
    /// Empty when it is not scheduled.
    node: Name,
    v6: Option<V6Part>,
}

/// A pod: what is its own, and the [`PodShared`] and the [`PodPlacement`] that it shares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pod {
    shared: triomphe::Arc<PodShared>,
    placement: triomphe::Arc<PodPlacement>,
    /// What `PodShared::split_name` gave.
    suffix: NameSuffix,
    implied: LabelsInName,
    /// Of [`Pod::addresses`] the one of IPv4.
    v4: Ipv4Addr,
    pub uid: UidFingerprint,
}

/// A pod as its holders share it.
pub type SharedPod = Arc<Pod>;

impl Pod {
    /// A pod of this namespace and name alone.
    pub fn named(namespace: impl Into<Name>, name: &str) -> Self {
        PodBuilder::new(namespace, name).build()
    }

    /// The same pod with some of what it is made of changed.
    pub fn changed(&self, change: impl FnOnce(&mut PodBuilder<'static>)) -> Self {
        let mut builder = PodBuilder::of(self);
        change(&mut builder);
        builder.build()
    }

    /// The same pod with these labels.
    pub fn with_labels(&self, labels: &Labels) -> Self {
        self.changed(|it| it.set_labels(labels))
    }

    /// Its node; empty when it is not scheduled.
    #[inline]
    pub fn node(&self) -> &Name {
        &self.placement.node
    }

    /// Its addresses.
    pub fn addresses(&self) -> Addresses {
        Addresses::joined(self.v4, self.placement.v6)
    }

    /// Whether this is one of its addresses.
    pub fn has(&self, address: IpAddr) -> bool {
        self.addresses().contains(address)
    }

    /// All its labels.
    pub fn labels(&self) -> PodLabels<'_> {
        PodLabels(self)
    }

    /// Its namespace.
    pub fn namespace(&self) -> &Name {
        &self.shared.namespace
    }

    /// How far its life is.
    #[inline]
    pub fn phase(&self) -> Phase {
        self.shared.phase
    }

    /// Whose network it uses.
    #[inline]
    pub fn network(&self) -> PodNetwork {
        self.shared.network
    }

    /// Whether it is listed or made from a template.
    pub fn origin(&self) -> PodSource {
        self.shared.origin
    }

    /// Whether it is being deleted.
    pub fn is_terminating(&self) -> bool {
        self.shared.terminating
    }

    /// Whether its Ready condition is there and not True.
    pub fn is_unready(&self) -> bool {
        self.shared.unready
    }

    /// The ports that its containers declare.
    #[inline]
    pub fn ports(&self) -> &Items<ContainerPort> {
        &self.shared.ports
    }

    /// The service account that it runs as.
    #[inline]
    pub fn service_account(&self) -> &Name {
        &self.shared.service_account
    }

    /// Whether the account's token is mounted.
    pub fn token(&self) -> TokenMount {
        self.shared.token
    }

    /// What its spec meets of the Pod Security Standards.
    pub fn standards(&self) -> MetStandards {
        self.shared.standards
    }

    /// What it has of its node.
    pub fn host_access(&self) -> &HostAccess {
        self.shared.host_access()
    }

    /// `spec.hostname`, where it is not its name: names of DNS may begin with it.
    pub fn hostname(&self) -> &str {
        self.shared.hostname()
    }

    /// Of a kube-apiserver's own pod: its flags `--authorization-*`, as written, which say who else may grant.
    pub fn authorization_flags(&self) -> &[Name] {
        self.shared.authorization_flags()
    }

    /// Its controller, as owner references name it (a ReplicaSet, not yet its Deployment).
    pub fn owner(&self) -> Option<Owner> {
        self.shared.owner()
    }

    /// Whether it has a controller.
    pub fn is_owned(&self) -> bool {
        self.shared.is_owned()
    }

    /// All its labels but those that names say, which pods of one workload have in one allocation.
    pub fn held_labels(&self) -> &Labels {
        &self.shared.labels
    }

    /// Whether its name says the same labels as another's.
    pub fn implies_as(&self, other: &Pod) -> bool {
        self.implied == other.implied
    }

    /// Whether all that pods of one workload share is the same for both, without comparing it: `false` may be wrong.
    pub fn shares_with(&self, other: &Pod) -> bool {
        triomphe::Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A mark of all that it shares with others of its workload: pods with equal marks are equal in that, and most that
    /// are equal have equal marks. It holds while the pod is held.
    pub fn shared_mark(&self) -> usize {
        triomphe::Arc::as_ptr(&self.shared) as usize
    }

    /// Its name.
    pub fn name(&self) -> JoinedName<'_> {
        self.shared.name(&self.suffix)
    }

    /// What names its controller.
    pub fn owner_id(&self) -> Option<WorkloadId> {
        self.shared.owner().map(|it| it.of(self.namespace()))
    }

    /// What names it.
    pub fn pod_id(&self) -> PodId {
        PodId { namespace: self.namespace().clone(), name: self.name().to_name() }
    }

    /// Whether it is called so.
    pub fn is(&self, id: &PodId) -> bool {
        *self.namespace() == id.namespace && self.name() == *id.name.as_str()
    }

    /// The order of pods: by namespace and name.
    pub fn order(&self, other: &Self) -> Ordering {
        self.namespace().cmp(other.namespace()).then_with(|| self.name().cmp(&other.name()))
    }

    /// Whether policies govern it: it runs, or will, on a network of its own.
    pub fn is_governed(&self) -> bool {
        self.shared.network == PodNetwork::Own && !self.shared.phase.is_finished()
    }
}

/// All labels of a pod: those that it shares with others, and those that say what a name does.
#[derive(Clone, Copy)]
pub struct PodLabels<'a>(&'a Pod);

impl<'a> PodLabels<'a> {
    /// The value under a key.
    pub fn get(self, key: &str) -> Option<Cow<'a, Name>> {
        let own = self.own().find(|(it, _)| *it == key).map(|(_, value)| Cow::Owned(value.to_name()));
        own.or_else(|| self.0.shared.labels.get(key).map(Cow::Borrowed))
    }

    /// Those that say what its name or its owner's does.
    pub fn own(self) -> impl Iterator<Item = (&'static str, JoinedName<'a>)> {
        let own = IMPLIED.into_iter().enumerate().filter(move |(at, _)| self.0.implied.has(*at));
        own.map(move |(at, key)| (key, self.0.shared.implied_value(at, &self.0.suffix)))
    }

    /// All of them in one set.
    pub fn whole(self) -> Cow<'a, Labels> {
        if self.0.implied == LabelsInName::default() {
            return Cow::Borrowed(&self.0.shared.labels);
        }
        let shared = self.0.shared.labels.iter().map(|(key, value)| (key.clone(), value.clone()));
        Cow::Owned(Labels::new(shared.chain(self.own().map(|(key, value)| (key.into(), value.to_name())))))
    }

    /// Whether all pairs of a Service's selector are among them.
    pub fn hold(self, selector: &Labels) -> bool {
        selector.iter().all(|(key, value)| self.get(key).as_deref() == Some(value))
    }
}

impl Labeled for PodLabels<'_> {
    fn value(&self, key: &str) -> Option<Cow<'_, Name>> {
        self.get(key)
    }
}

impl Fact for Pod {
    const KINDS: &'static [Kind] = &[Kind::POD];

    #[inline]
    fn identity(&self) -> FactIdentity<'_> {
        FactIdentity { namespace: self.namespace(), name: self.name(), uid: self.uid }
    }

    fn label_set(&self) -> Cow<'_, Labels> {
        self.labels().whole()
    }

    fn label(&self, key: &str) -> Option<Cow<'_, Name>> {
        self.labels().get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::owner::TEMPLATE_HASH;

    fn owned(owner: Option<&str>, name: &str) -> Pod {
        let owner = owner.map(|it| Owner::new("ReplicaSet", it.into()));
        PodBuilder { owner, ..PodBuilder::new("shop", name) }.build()
    }

    #[test]
    fn a_pod_has_its_name_however_it_is_parted() {
        let names = ["web-5d8-x2z4k", "web-5d8", "web-5d8-", "web", "-", "a-very-long-suffix", "db-0", "ä-öüöü", ""];
        for owner in [None, Some("web-5d8"), Some("web"), Some("")] {
            for name in names {
                let pod = owned(owner, name);
                assert_eq!((pod.name().to_string().as_str(), &*pod.pod_id().name), (name, name), "{owner:?}");
                assert!(pod.is(&PodId::new("shop", name)) && !pod.is(&PodId::new("shop", "other")));
                assert_eq!(pod.changed(|it| it.name = "other-pod".into()).name().to_string(), "other-pod");
            }
        }
    }

    #[test]
    fn labels_that_say_what_the_name_does_are_there_and_not_held() {
        let set = |pairs: &[(&str, &str)]| {
            Labels::new(pairs.iter().map(|(key, value)| (Name::from(*key), Name::from(*value))))
        };
        let all = set(&[("app", "db"), (IMPLIED[0], "0"), (IMPLIED[1], "db-0")]);
        let pod = owned(Some("db"), "db-0").with_labels(&all);
        assert_eq!((&*pod.labels().whole(), &pod.shared.labels), (&all, &set(&[("app", "db")])));
        assert_ne!(pod, owned(Some("db"), "db-0").with_labels(&set(&[("app", "db")])));
        assert_eq!(pod.labels().get(IMPLIED[1]).as_deref().map(Name::as_str), Some("db-0"));
        assert!(pod.labels().hold(&set(&[(IMPLIED[0], "0")])));
        let others = set(&[("app", "db"), (IMPLIED[0], "0"), (IMPLIED[1], "db-1")]);
        let other = pod.with_labels(&others);
        assert_eq!((&*other.labels().whole(), other.shared.labels.len()), (&others, 2));
        // Of a key that stands twice the last value holds.
        let twice = [(IMPLIED[0], "0"), (IMPLIED[0], "7")].into_iter();
        assert_eq!(pod.shared.split_labels(&pod.suffix, twice, |_, _| ()), LabelsInName::default());
        let renamed = pod.changed(|it| it.name = "db-1".into());
        assert_eq!((renamed.labels().whole(), renamed.implied), (pod.labels().whole(), LabelsInName::default()));
    }

    #[test]
    fn the_hash_of_a_template_is_said_by_the_owners_name_and_stays_when_that_changes() {
        let labels = |hash: &str| Labels::new([("app".into(), "web".into()), (TEMPLATE_HASH.into(), hash.into())]);
        for (owner, hash) in [(Some("web-5d8"), "5d8"), (Some("web-5d8"), "777"), (Some("web"), "web"), (None, "")] {
            let pod = owned(owner, "web-5d8-x2z4k").with_labels(&labels(hash));
            assert_eq!(*pod.labels().whole(), labels(hash), "{owner:?}");
            assert_eq!(pod.shared.labels.len(), if hash == "777" { 2 } else { 1 }, "{owner:?}");
            let of_another = pod.changed(|it| it.owner = Some(Owner::new("ReplicaSet", "db-9".into())));
            assert_eq!(*of_another.labels().whole(), labels(hash));
            assert_eq!(of_another.name().to_string(), "web-5d8-x2z4k");
        }
        let of_set = owned(Some("db"), "db-0").with_labels(&Labels::new([(IMPLIED[1].into(), "db-0".into())]));
        let of_another = of_set.changed(|it| it.owner = None);
        assert_eq!(of_another.labels().whole(), of_set.labels().whole());
    }

    #[test]
    fn pods_of_one_workload_share_all_but_the_end_of_their_names() {
        let (one, other) = (owned(Some("web-5d8"), "web-5d8-x2z4k"), owned(Some("web-5d8"), "web-5d8-q8r7p"));
        assert_eq!(one.shared, other.shared);
        assert_ne!(one, other);
        assert!(one.order(&other).is_gt());
        assert_ne!(owned(None, "web-0").shared, owned(None, "web-0-1").shared);
    }

    /// Memory is a feature: see docs/performance.md.
    #[test]
    fn a_pod_is_small() {
        assert!(size_of::<PodShared>() <= 56, "{}", size_of::<PodShared>());
        assert!(size_of::<Pod>() <= 32, "{}", size_of::<Pod>());
    }
}
