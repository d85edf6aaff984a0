//! The parts of Kubernetes' objects that answers rest on, and nothing else.
//!
//! A pod of 10–20 KB of JSON is some 100 bytes here: see docs/performance.md. Whole objects are fetched on demand.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync;
use std::sync::atomic::{AtomicU64, Ordering};

use super::id::{Kind, ObjectId};
use super::items::Items;
use super::labels::Labels;
use super::name::{JoinedName, Name};
use super::sparse::Sparse;

pub use super::endpoints::{EndpointPort, EndpointSlice};
pub use super::pod::{
    ContainerPort, ContainerRole, NameSuffix, Phase, Pod, PodLabels, PodNetwork, PodOrigin, PodPlacement, PodShared,
    SharedPod,
};
pub use super::service::{Exposure, Service, ServicePort, ServiceType, TargetPort};
pub use super::workload::{Owner, Plan, Workload};

/// An object's unique id; a server gives UUIDs, manifests have none.
///
/// Only a snapshot shows it, so that facts hold its [`UidMark`] and a cluster that was asked to the whole of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Uid {
    #[default]
    Absent,
    Uuid([u8; 16]),
    /// Of a static pod: 32 hexadecimal digits. A longer text stands here as its hash.
    Digest([u8; 16]),
    /// Any other text of up to sixteen bytes, filled up with zeros.
    Text([u8; 16]),
}

impl Uid {
    /// Reads a uid; what is no lower-case UUID is kept as text.
    pub fn parse(text: &str) -> Self {
        if text.is_empty() {
            return Uid::Absent;
        }
        let bytes = text.as_bytes();
        let is_hyphenated = bytes.len() == 36 && [8, 13, 18, 23].iter().all(|&at| bytes[at] == b'-');
        match hex_bytes(bytes.iter().filter(|it| !is_hyphenated || **it != b'-')) {
            Some(digits) if is_hyphenated => Uid::Uuid(digits),
            Some(digits) => Uid::Digest(digits),
            None => Self::of_text(bytes),
        }
    }

    fn of_text(text: &[u8]) -> Self {
        let mut kept = [0; 16];
        match kept.get_mut(..text.len()) {
            Some(room) if !text.contains(&0) => {
                room.copy_from_slice(text);
                Uid::Text(kept)
            }
            _ => Uid::Digest(digest(text)),
        }
    }
}

/// The bytes that 32 lower-case hexadecimal digits write.
fn hex_bytes<'a>(digits: impl Iterator<Item = &'a u8>) -> Option<[u8; 16]> {
    let mut digits = digits.map(|it| match it {
        b'0'..=b'9' => Some(it - b'0'),
        b'a'..=b'f' => Some(it - b'a' + 10),
        _ => None,
    });
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    digits.next().is_none().then_some(bytes)
}

/// Sixteen bytes that tell long texts apart (FNV-1a).
fn digest(text: &[u8]) -> [u8; 16] {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    text.iter().fold(OFFSET, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME)).to_be_bytes()
}

impl std::fmt::Display for Uid {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (bytes, hyphens): (_, &[usize]) = match self {
            Uid::Absent => return Ok(()),
            Uid::Text(text) => return out.write_str(String::from_utf8_lossy(text).trim_end_matches('\0')),
            Uid::Uuid(bytes) => (bytes, &[4, 6, 8, 10]),
            Uid::Digest(bytes) => (bytes, &[]),
        };
        for (at, byte) in bytes.iter().enumerate() {
            if hyphens.contains(&at) {
                out.write_str("-")?;
            }
            write!(out, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What facts hold of a [`Uid`]: a fingerprint, which tells an object from the next of the same name.
///
/// Two uids have the same one once in four thousand million times, and then it matters only if the later object of a
/// name has the *older* resourceVersion (a server that was put back to a backup, whose objects are listed anew): its
/// events would be ignored until the next list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct UidMark(u32);

impl UidMark {
    /// Whether the object has no uid: it never met a server.
    pub fn is_absent(self) -> bool {
        self == Self::default()
    }
}

impl From<Uid> for UidMark {
    fn from(uid: Uid) -> Self {
        let (tag, bytes) = match uid {
            Uid::Absent => return Self::default(),
            Uid::Uuid(bytes) => (1, bytes),
            Uid::Digest(bytes) => (2, bytes),
            Uid::Text(bytes) => (3, bytes),
        };
        // FNV-1a.
        let hash = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        Self(bytes.iter().chain(&[tag]).fold(0x811c_9dc5, hash).max(1))
    }
}

/// An object's resourceVersion as a number, 0 when there is none; newer is larger (KEP-5504).
///
/// It orders events of one object and is no fact that an answer rests on: all versions are equal to `==`, so that
/// a heartbeat that moves only the version changes nothing. It moves where the fact stands, whoever shares that: were
/// the same object told again another fact, a list that is read again would double what is held.
#[derive(Debug, Default)]
pub struct Version(AtomicU64);

impl Version {
    /// The number.
    pub fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Lets it be this number from now on.
    pub fn move_to(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self(number.into())
    }
}

impl Clone for Version {
    fn clone(&self) -> Self {
        self.number().into()
    }
}

impl PartialEq for Version {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Version {}

/// What every object has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Meta {
    /// Empty: cluster-wide.
    pub namespace: Name,
    pub name: Name,
    pub uid: UidMark,
    pub version: Version,
}

/// What only a snapshot shows of an object, held by a cluster that was asked to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    pub uid: Uid,
    /// When it was created, in seconds since 1970; 0 when unknown.
    pub created: u32,
}

/// What every fact can tell of itself, so that one collection holds them all.
pub trait Fact: Clone + PartialEq {
    /// Its namespace; empty: cluster-wide.
    fn namespace(&self) -> &Name;
    /// Its name.
    fn name(&self) -> JoinedName<'_>;
    /// What tells it from the next of the same name.
    fn uid(&self) -> UidMark;
    /// Its version.
    fn version(&self) -> &Version;
    /// Its labels; none for sorts on whose labels nothing rests.
    fn label_set(&self) -> Cow<'_, Labels> {
        Cow::Owned(Labels::NONE)
    }
    /// The value of one of them.
    fn label(&self, _key: &str) -> Option<Cow<'_, Name>> {
        None
    }
    /// What names it.
    fn id(&self) -> ObjectId;
    /// What tells it from another fact of the same collection, namespace and name; empty where nothing needs to.
    fn variant(&self) -> &str {
        ""
    }
}

/// Writes [`Fact`] for a counter that shares a fact among several holders.
macro_rules! facts_that_are_shared {
    ($($counter:ident :: $name:ident),* $(,)?) => {$(
        impl<T: Fact> Fact for $counter::$name<T> {
            fn namespace(&self) -> &Name {
                (**self).namespace()
            }
            fn name(&self) -> JoinedName<'_> {
                (**self).name()
            }
            fn uid(&self) -> UidMark {
                (**self).uid()
            }
            fn version(&self) -> &Version {
                (**self).version()
            }
            fn label_set(&self) -> Cow<'_, Labels> {
                (**self).label_set()
            }
            fn label(&self, key: &str) -> Option<Cow<'_, Name>> {
                (**self).label(key)
            }
            fn id(&self) -> ObjectId {
                Fact::id(&**self)
            }
            fn variant(&self) -> &str {
                (**self).variant()
            }
        }
    )*};
}

facts_that_are_shared!(sync::Arc, triomphe::Arc);

/// A namespace; `meta.namespace` is empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Namespace {
    pub meta: Meta,
    pub labels: Labels,
    /// Mentioned, not defined: it exists with exactly the label `kubernetes.io/metadata.name` (S19, S56).
    pub implied: bool,
}

/// A node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    pub meta: Meta,
    pub labels: Labels,
    /// All its addresses, internal first.
    pub addresses: Items<IpAddr>,
    /// `spec.podCIDRs`.
    pub pod_cidrs: Items<ipnet::IpNet>,
    /// The scheme of `spec.providerID` (`aws://`), empty when absent: the mark of a managed provider.
    pub provider: Name,
}

/// A service account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceAccount {
    pub meta: Meta,
    rest: Sparse<AccountRest>,
}

/// What few service accounts have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct AccountRest {
    withholds_token: bool,
    /// Empty: none.
    cloud_identity: Name,
}

impl ServiceAccount {
    /// The account of this metadata, which gives its token to its pods.
    pub fn new(meta: Meta) -> Self {
        Self { meta, rest: Sparse::default() }
    }

    /// The same with `automountServiceAccountToken: false`: pods that do not ask for its token do not get it.
    pub fn withholding_token(mut self) -> Self {
        self.rest.change(|it| it.withholds_token = true);
        self
    }

    /// The same with an identity of a cloud provider that its token is good for.
    pub fn with_cloud_identity(mut self, identity: Name) -> Self {
        self.rest.change(|it| it.cloud_identity = identity);
        self
    }

    /// Who it is to a cloud provider, as its annotation says; empty: nobody that it says.
    pub fn cloud_identity(&self) -> &str {
        self.rest.get().map_or("", |it| &it.cloud_identity)
    }

    /// Whether pods that do not ask for its token do not get it.
    pub fn withholds_token(&self) -> bool {
        self.rest.get().is_some_and(|it| it.withholds_token)
    }
}

/// Writes [`Fact`] for types that have a `meta`: their kind, their labels, and what tells two of one name apart.
macro_rules! facts_with_meta {
    ($($fact:ty => $kind:expr, $labels:expr, $variant:expr;)*) => {$(
        impl Fact for $fact {
            fn namespace(&self) -> &Name {
                &self.meta.namespace
            }
            fn name(&self) -> JoinedName<'_> {
                JoinedName::whole(&self.meta.name)
            }
            fn uid(&self) -> UidMark {
                self.meta.uid
            }
            fn version(&self) -> &Version {
                &self.meta.version
            }
            fn label_set(&self) -> Cow<'_, Labels> {
                let labels: fn(&Self) -> Option<&Labels> = $labels;
                labels(self).map_or_else(|| Cow::Owned(Labels::default()), Cow::Borrowed)
            }
            fn label(&self, key: &str) -> Option<Cow<'_, Name>> {
                let labels: fn(&Self) -> Option<&Labels> = $labels;
                labels(self)?.get(key).map(Cow::Borrowed)
            }
            fn id(&self) -> ObjectId {
                let kind: fn(&Self) -> Kind = $kind;
                ObjectId { kind: kind(self), namespace: self.meta.namespace.clone(), name: self.meta.name.clone() }
            }
            fn variant(&self) -> &str {
                let variant: fn(&Self) -> &'static str = $variant;
                variant(self)
            }
        }
    )*};
}

facts_with_meta! {
    Namespace => |_| Kind::NAMESPACE, |it| Some(&it.labels), |_| "";
    Node => |_| Kind::NODE, |it| Some(&it.labels), |_| "";
    Service => |_| Kind::SERVICE, |_| None, |_| "";
    ServiceAccount => |_| Kind::SERVICE_ACCOUNT, |_| None, |_| "";
    super::policy::Policy => |it| it.kind, |it| Some(&it.labels), |it| it.kind.as_str();
    super::role::Role => |it| it.kind(), |it| Some(it.labels()), |_| "";
    super::role::Binding => |it| it.kind(), |_| None, |_| "";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_print_as_they_were_written() {
        let digest = "0123abcd000040008000000000000fff";
        for text in ["", "0123abcd-0000-4000-8000-00000000ffff", digest, "uid-1", "sixteen-bytes-ok"] {
            assert_eq!(Uid::parse(text).to_string(), text);
        }
        assert!(matches!(Uid::parse("0123abcd-0000-4000-8000-00000000ffff"), Uid::Uuid(_)));
        // Longer ones are told apart, and read again as they were.
        let (one, other) =
            (Uid::parse("0123ABCD-0000-4000-8000-00000000FFFF"), Uid::parse("0123ABCD-0000-4000-8000-0"));
        assert!(one != other && Uid::parse(&one.to_string()) == one);
    }

    #[test]
    fn marks_tell_uids_apart() {
        let uids = ["", "0123abcd-0000-4000-8000-00000000ffff", "0123abcd-0000-4000-8000-00000000fffe", "uid-1"];
        let marks: std::collections::BTreeSet<UidMark> = uids.into_iter().map(|it| Uid::parse(it).into()).collect();
        assert_eq!(marks.len(), uids.len());
        assert!(UidMark::from(Uid::parse("")).is_absent() && !UidMark::from(Uid::parse("uid-1")).is_absent());
    }

    #[test]
    fn a_moved_version_changes_no_fact() {
        let before = Meta { version: 1.into(), ..Meta::default() };
        let after = Meta { version: 2.into(), ..Meta::default() };
        assert_eq!(before, after);
    }

    /// Memory is a feature: see docs/performance.md.
    #[test]
    fn facts_are_small() {
        assert!(size_of::<Meta>() <= 32, "{}", size_of::<Meta>());
    }
}
