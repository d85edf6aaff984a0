//! EndpointSlices, and their endpoints written small.
//!
//! ```text
//! web-7d9f8b6c5                what all its pods' names begin with, before a dash: their owner's name, mostly
//!   ready, 10.0.3.7, "x2z4k"   each: what holds of it, its address, and the rest of its pod's name
//! ```
//!
//! A cluster names each of its pods once more in a slice. Answers ask for the endpoints of one Service at a time, so
//! they are kept as bytes, ten for most, and unpacked when asked for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::fact::{Fact, FactIdentity};
use super::id::Kind;
use super::items::Items;
use super::name::{JoinedName, Name};
use super::pod::NameSuffix;
use super::port::Protocol;
use super::uid::UidFingerprint;

/// One port of a slice; `None` as number means all ports.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EndpointPort {
    pub name: Name,
    pub protocol: Protocol,
    pub number: Option<u16>,
}

/// An EndpointSlice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndpointSlice {
    pub namespace: Name,
    called: SliceName,
    pub endpoints: Endpoints,
    pub ports: Items<EndpointPort>,
    pub uid: UidFingerprint,
}

/// A slice's name and its Service: the controller makes up the first from the second.
#[derive(Clone, PartialEq, Eq, Debug)]
enum SliceName {
    /// `web-x2z4k`: the Service's name, a dash and some letters.
    AfterService {
        service: Name,
        suffix: NameSuffix,
    },
    Other(Box<OtherSliceName>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct OtherSliceName {
    service: Name,
    name: Name,
}

impl EndpointSlice {
    /// A slice without endpoints; `service` is empty where its label is absent.
    pub fn named(namespace: Name, service: Name, name: &str) -> Self {
        let called = match NameSuffix::after(&service, name) {
            Some(suffix) if !service.is_empty() => SliceName::AfterService { service, suffix },
            _ => SliceName::Other(Box::new(OtherSliceName { service, name: name.into() })),
        };
        let (endpoints, ports, uid) = Default::default();
        Self { namespace, called, endpoints, ports, uid }
    }

    /// The label `kubernetes.io/service-name`; empty when absent.
    pub fn service(&self) -> &Name {
        match &self.called {
            SliceName::AfterService { service, .. } => service,
            SliceName::Other(it) => &it.service,
        }
    }
}

impl Fact for EndpointSlice {
    const KINDS: &'static [Kind] = &[Kind::ENDPOINT_SLICE];

    fn identity(&self) -> FactIdentity<'_> {
        let name = match &self.called {
            SliceName::AfterService { service, suffix } => JoinedName::of([service.as_str(), "-", suffix.as_str()]),
            SliceName::Other(it) => JoinedName::whole(&it.name),
        };
        FactIdentity { namespace: &self.namespace, name, uid: self.uid }
    }
}

/// One endpoint of a slice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// The first address: consumers use no other.
    pub address: IpAddr,
    /// The pod behind it (`targetRef` of kind Pod), empty when none is named.
    pub pod: Name,
    /// Where no pod is named: the node that it is on (`nodeName`), empty when that is not said either.
    pub node: Name,
    pub ready: bool,
    pub serving: bool,
    pub terminating: bool,
}

/// All endpoints of a slice, in its order.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Endpoints {
    /// What the names of all its pods begin with, less a dash; empty: nothing.
    beginning: Name,
    packed: Box<[u8]>,
}

const READY: u8 = 1;
const SERVING: u8 = 2;
const TERMINATING: u8 = 4;
const V6: u8 = 8;
/// What stands behind the address is the name of a pod; without this that of a node.
const NAMED: u8 = 16;
/// Above the flags: how long the rest of the name is; the greatest number says that it stands behind the address.
const LENGTH: u32 = 5;
const LONG: usize = 7;

impl Endpoints {
    /// These, in their order; `shared` gives the one text that is equal to what their pods' names begin with.
    pub fn new(endpoints: &[Endpoint], shared: impl FnOnce(&str) -> Name) -> Self {
        let beginning = shared_beginning(endpoints);
        let mut packed = Vec::new();
        let skipped = if beginning.is_empty() { 0 } else { beginning.len() + 1 };
        for it in endpoints {
            let rest = if it.pod.is_empty() { &*it.node } else { it.pod.get(skipped..).unwrap_or_default() };
            write(&mut packed, it, rest);
        }
        Self { beginning: shared(beginning), packed: packed.into() }
    }

    /// All of them, unpacked one by one.
    pub fn iter(&self) -> impl Iterator<Item = Endpoint> {
        let mut bytes = Bytes(&self.packed);
        std::iter::from_fn(move || (!bytes.0.is_empty()).then(|| bytes.endpoint(&self.beginning)))
    }
}

impl std::fmt::Debug for Endpoints {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}

impl FromIterator<Endpoint> for Endpoints {
    fn from_iter<I: IntoIterator<Item = Endpoint>>(endpoints: I) -> Self {
        Self::new(&endpoints.into_iter().collect::<Vec<_>>(), |it| Name::from(it))
    }
}

/// What the names of all pods begin with, up to a dash.
fn shared_beginning(endpoints: &[Endpoint]) -> &str {
    let mut names = endpoints.iter().map(|it| it.pod.as_str()).filter(|it| !it.is_empty());
    let first = names.next().unwrap_or_default();
    let shared = names.fold(first.len(), |shared, name| {
        first.bytes().zip(name.bytes()).take(shared).take_while(|(a, b)| a == b).count()
    });
    // A dash is a byte of its own, so that names are cut between characters.
    let dash = first.bytes().take(shared).rposition(|it| it == b'-');
    dash.map_or("", |at| &first[..at])
}

fn write(bytes: &mut Vec<u8>, it: &Endpoint, rest: &str) {
    let flag = |holds: bool, flag: u8| if holds { flag } else { 0 };
    let flags = flag(it.ready, READY) | flag(it.serving, SERVING) | flag(it.terminating, TERMINATING);
    let length = (rest.len().min(LONG) as u8) << LENGTH;
    bytes.push(flags | flag(it.address.is_ipv6(), V6) | flag(!it.pod.is_empty(), NAMED) | length);
    match it.address {
        IpAddr::V4(address) => bytes.extend(address.octets()),
        IpAddr::V6(address) => bytes.extend(address.octets()),
    }
    if rest.len() >= LONG {
        write_length(bytes, rest.len());
    }
    bytes.extend(rest.as_bytes());
}

/// Seven bits a byte, the lowest first, the highest bit where more follow.
fn write_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length > 0x7f {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

/// What has not been read yet.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().expect("as many were taken")
    }

    fn length(&mut self) -> usize {
        let (mut length, mut shift) = (0, 0);
        loop {
            let [byte] = self.array();
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return length;
            }
        }
    }

    fn endpoint(&mut self, beginning: &str) -> Endpoint {
        let [flags] = self.array();
        let address = match flags & V6 {
            0 => IpAddr::V4(Ipv4Addr::from(self.array::<4>())),
            _ => IpAddr::V6(Ipv6Addr::from(self.array::<16>())),
        };
        let length = usize::from(flags >> LENGTH);
        let length = if length == LONG { self.length() } else { length };
        let rest = std::str::from_utf8(self.take(length)).expect("names were cut between characters");
        let (pod, node) = match (flags & NAMED, beginning) {
            (0, _) => (Name::empty(), Name::from(rest)),
            (_, "") => (Name::from(rest), Name::empty()),
            _ => (Name::from(format!("{beginning}-{rest}")), Name::empty()),
        };
        let has = |flag| flags & flag != 0;
        Endpoint { address, pod, node, ready: has(READY), serving: has(SERVING), terminating: has(TERMINATING) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn endpoint() -> impl Strategy<Value = Endpoint> {
        let address = prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)];
        let pod = prop_oneof!["", "web-[a-c]{0,3}", "web-x-[a-d]{5,8}", "[äöab-]{0,4}", "[a-z]{200}"];
        let node = prop_oneof!["", "n[0-9]", "[a-z]{20}"];
        (address, pod, node, any::<[bool; 3]>()).prop_map(|(address, pod, node, [ready, serving, terminating])| {
            Endpoint {
                address,
                pod: pod.as_str().into(),
                node: if pod.is_empty() { node.into() } else { Name::empty() },
                ready,
                serving,
                terminating,
            }
        })
    }

    proptest! {
        #[test]
        fn endpoints_are_unpacked_as_they_were(all in prop::collection::vec(endpoint(), 0..6)) {
            let packed: Endpoints = all.iter().cloned().collect();
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), all);
        }
    }

    #[test]
    fn a_slice_has_its_name_and_its_service_however_they_are_held() {
        for (service, name) in
            [("web", "web-x2z4k"), ("web", "web"), ("web", "web-"), ("", "-x2z4k"), ("", "web-x2z4k")]
                .into_iter()
                .chain([("web", "web-too-long"), ("web", "webx-x2z4k"), ("db", "web-x2z4k"), ("web-x", "web-x-ä")])
        {
            let slice = EndpointSlice::named("shop".into(), service.into(), name);
            assert_eq!((slice.service().as_str(), slice.name().to_string().as_str()), (service, name));
            assert_eq!(*slice.id().name, *name);
        }
    }

    /// Memory is a feature: see docs/performance.md.
    #[test]
    fn a_slice_is_small() {
        assert!(size_of::<EndpointSlice>() <= 64, "{}", size_of::<EndpointSlice>());
    }

    /// Memory is a feature: see docs/performance.md.
    #[test]
    fn an_endpoint_is_ten_bytes() {
        let pod = |at: u8| Endpoint {
            address: IpAddr::from([10, 0, 0, at]),
            pod: format!("web-7d9f8b6c5-x2z{at}").into(),
            node: Name::empty(),
            ready: true,
            serving: true,
            terminating: false,
        };
        let (few, many): (Endpoints, Endpoints) = ((10..20).map(pod).collect(), (10..30).map(pod).collect());
        assert_eq!(many.packed.len() - few.packed.len(), 100);
    }
}
