//! The documents of a seeded world, one table row a kind: how many objects, in which order, and how each is written.

use super::facts::SeededWorld;
use super::rng::{hex, mix, uid};
use super::template::{TemplateFile, Values, decimal, hole};
use super::{core, network, pods, rbac, workloads};
use crate::embedded::object_list::ObjectPart;
use std::sync::OnceLock;

/// Labels as pairs, in the order of their keys.
pub type RenderedLabels = Vec<(String, String)>;

/// The value of an object's field, by its path; none when it has none.
pub type FieldOf = fn(&SeededWorld, usize, &str) -> Option<String>;

/// How the objects of one kind follow from the facts, in the order of an API server's lists.
#[derive(Debug)]
pub struct ObjectRows {
    pub plural: &'static str,
    pub count: fn(&SeededWorld) -> usize,
    /// The place of the object's namespace; none for cluster-wide kinds.
    pub namespace: fn(&SeededWorld, usize) -> Option<u32>,
    pub name: fn(&SeededWorld, usize) -> String,
    /// The object's labels, where they can be had without rendering it.
    pub labels: Option<fn(&SeededWorld, usize) -> RenderedLabels>,
    /// A field that the object can be selected by, where it can be had without rendering it.
    pub field: Option<FieldOf>,
    /// Appends the members of the object's document, without braces, kind and apiVersion.
    pub write: fn(&SeededWorld, usize, ObjectPart, &mut Vec<u8>),
}

/// The kinds that seeded worlds have; of others there are no objects.
pub const ROWS: [&ObjectRows; 18] = [
    &core::NAMESPACES,
    &core::NODES,
    &core::SERVICE_ACCOUNTS,
    &pods::PODS,
    &network::SERVICES,
    &network::ENDPOINTS,
    &network::ENDPOINT_SLICES,
    &network::POLICIES,
    &workloads::DEPLOYMENTS,
    &workloads::REPLICA_SETS,
    &workloads::STATEFUL_SETS,
    &workloads::DAEMON_SETS,
    &workloads::JOBS,
    &workloads::CRON_JOBS,
    &rbac::ROLES,
    &rbac::ROLE_BINDINGS,
    &rbac::CLUSTER_ROLES,
    &rbac::CLUSTER_ROLE_BINDINGS,
];

/// The resource version of every seeded world: above those of all its objects.
pub const VERSION: u64 = 123_456_789;

/// All templates, read once.
pub struct Sheets {
    pub pod: TemplateFile,
    pub workload: TemplateFile,
    pub network: TemplateFile,
    pub core: TemplateFile,
}

/// The templates of `assets/worlds`.
pub fn sheets() -> &'static Sheets {
    static SHEETS: OnceLock<Sheets> = OnceLock::new();
    SHEETS.get_or_init(|| Sheets {
        pod: TemplateFile::read(include_str!("../../../assets/worlds/pod.json")),
        workload: TemplateFile::read(include_str!("../../../assets/worlds/workload.json")),
        network: TemplateFile::read(include_str!("../../../assets/worlds/network.json")),
        core: TemplateFile::read(include_str!("../../../assets/worlds/core.json")),
    })
}

/// What an object is made of in its numbers: a tag for its kind and its own number.
#[derive(Clone, Copy)]
pub struct ObjectNumber {
    pub tag: u64,
    pub number: u64,
}

/// Tags of kinds; owners are found by them.
pub mod tag {
    pub const POD: u64 = 100;
    pub const DEPLOYMENT: u64 = 101;
    pub const REPLICA_SET: u64 = 102;
    pub const STATEFUL_SET: u64 = 103;
    pub const DAEMON_SET: u64 = 104;
    pub const JOB: u64 = 105;
    pub const CRON_JOB: u64 = 106;
    pub const SERVICE: u64 = 107;
    pub const ENDPOINTS: u64 = 108;
    pub const ENDPOINT_SLICE: u64 = 109;
    pub const POLICY: u64 = 110;
    pub const NAMESPACE: u64 = 111;
    pub const NODE: u64 = 112;
    pub const SERVICE_ACCOUNT: u64 = 113;
    pub const ROLE: u64 = 114;
    pub const ROLE_BINDING: u64 = 115;
    pub const CLUSTER_ROLE: u64 = 116;
    pub const CLUSTER_ROLE_BINDING: u64 = 117;
}

/// Fills what all objects have: name, namespace, uid, resource version and time.
pub fn identity(facts: &SeededWorld, id: ObjectNumber, namespace: Option<u32>, name: &str) -> Values {
    let mut values = Values::new();
    values.set(hole("name"), name);
    if let Some(namespace) = namespace {
        values.set(hole("namespace"), &facts.namespaces[namespace as usize].name);
    }
    values.fill(hole("uid"), |out| uid(out, facts.shape.seed, id.tag, id.number));
    let bits = mix(facts.shape.seed, id.tag ^ 0xFACE, id.number);
    values.number(hole("version"), 100_000_000 + bits % 20_000_000);
    values.fill(hole("time"), |out| time(out, bits >> 32));
    values
}

/// Fills the uid of another object.
pub fn uid_of(values: &mut Values, hole: usize, facts: &SeededWorld, id: ObjectNumber) {
    values.fill(hole, |out| uid(out, facts.shape.seed, id.tag, id.number));
}

/// Fills the four holes of random digits.
pub fn digits(values: &mut Values, facts: &SeededWorld, id: ObjectNumber) {
    for (at, hole) in [hole("hex1"), hole("hex2"), hole("hex3"), hole("hex4")].into_iter().enumerate() {
        values.fill(hole, |out| hex(out, mix(facts.shape.seed, id.tag ^ (at as u64 + 1) << 40, id.number)));
    }
}

/// Appends a moment in May 2026.
pub fn time(out: &mut Vec<u8>, bits: u64) {
    let two = |out: &mut Vec<u8>, number: u64| {
        out.extend_from_slice(&[b'0' + (number / 10) as u8, b'0' + (number % 10) as u8])
    };
    out.extend_from_slice(b"2026-05-");
    two(out, 1 + bits % 28);
    for (at, (mark, below)) in [(b'T', 24), (b':', 60), (b':', 60)].into_iter().enumerate() {
        out.push(mark);
        two(out, (bits >> (8 * (at + 1))) % below);
    }
    out.push(b'Z');
}

/// Appends an IPv4 address.
pub fn address(out: &mut Vec<u8>, bits: u32) {
    for (at, byte) in bits.to_be_bytes().into_iter().enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        decimal(out, u64::from(byte));
    }
}

/// Appends `,` unless this is the first of a list or an object.
pub fn comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'[' | b'{')) {
        out.push(b',');
    }
}

/// Appends a member whose value is text that needs no escaping.
pub fn member(out: &mut Vec<u8>, key: &str, value: &str) {
    comma(out);
    for part in ["\"", key, "\":\"", value, "\""] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Appends plain text.
pub fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
