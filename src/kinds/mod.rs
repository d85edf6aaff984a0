//! What Kubernetes writes, to facts and problems; one file for each API kind, one line in [`KINDS`].
//!
//! ```text
//! {"kind":"NetworkPolicy",…}  ──KINDS──►  Entry { fact: Policy {…}, problems: ["spec.ingress[0]: unknown field"] }
//! ```
//!
//! Readers are pure and total: bad input becomes a problem, a gap or an unreadable object, never a panic and never
//! silence. A new policy kind is a file that compiles to [`crate::model::policy::Policy`], and its line here.
//! Nothing here knows where the bytes come from (`live` does) or what they mean for an answer (`net`, `rbac`).

mod admin_network_policy;
mod apart;
mod application_network_policy;
mod baseline_admin_network_policy;
mod beside;
mod binding;
mod calico;
mod cilium;
mod cluster_network_policy;
mod context;
mod endpoint_slice;
mod endpoints;
mod homeless;
mod intern;
mod namespace;
mod network_policy;
mod node;
mod page;
mod parts;
mod plain;
mod pod;
mod prune;
mod reader;
mod refused;
mod role;
mod service;
mod service_account;
mod slim;
mod unevaluated;
mod words;
mod workload;
mod written;
mod yaml;

pub use apart::{Apart, KnownKind, recognize};
pub use binding::role_ref;
pub use context::ReadOutcome;
pub use endpoints::slices_of_endpoints;
pub use homeless::Homeless;
pub use intern::Intern;
pub use network_policy::written as written_policy;
pub use page::{ListPage, Status, WatchEvent, WatchStep, WireError, nameless, read_event, read_list, read_list_in};
pub use plain::is_plain;
pub use role::role_rule;
pub use slim::NULL;
pub use words::{OddWord, odd_words};
pub use workload::set_template;
pub use written::{bare_object, object};
pub use yaml::{YamlError, cut, parse_list_yaml, parse_whole_yaml, parse_yaml};

use context::ReadContext;
use reader::KindReader;

use crate::model::id::{Kind, ResourceScope};
use crate::model::policy::{GapEffect, Tier};

/// Where a kind is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// By every API server that we talk to.
    Always,
    /// Where its definition was installed; discovery tells.
    IfServed,
}

/// What a live session asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WatchedPart {
    Full,
    /// `PartialObjectMetadata` alone.
    Metadata,
}

/// What objects of a policy kind decide of connections, and whether that is modelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decides {
    /// What their rules say, in this tier: they are evaluated.
    Rules(Tier),
    /// What is not modelled: where there is one, its targets' flows are unknown as far as it can bend them, in this tier
    /// unless the object says another.
    Unknown(Tier, GapEffect),
    /// Nothing that is asked: other networks than that of pods.
    Nothing,
}

/// One API kind: how it is called, where it stands, what it decides, how it is read.
#[derive(Clone, Copy)]
pub struct KindSpec {
    pub kind: Kind,
    /// Empty: the core group.
    pub group: &'static str,
    /// The version that we ask for; the readers read every version that had these fields.
    pub version: &'static str,
    pub plural: &'static str,
    /// As objects write it: `Pod`.
    pub word: &'static str,
    pub short: &'static [&'static str],
    pub scope: ResourceScope,
    pub presence: Presence,
    pub watch: WatchedPart,
    /// `None`: it is no policy.
    pub decides: Option<Decides>,
    reader: KindReader,
}

/// Every kind that we read, in the order of their importance to an answer.
pub static KINDS: &[KindSpec] = &[
    namespace::SPEC,
    pod::SPEC,
    network_policy::SPEC,
    node::SPEC,
    service::SPEC,
    endpoint_slice::SPEC,
    service_account::SPEC,
    role::ROLE,
    role::CLUSTER_ROLE,
    binding::ROLE_BINDING,
    binding::CLUSTER_ROLE_BINDING,
    workload::DEPLOYMENT,
    workload::REPLICA_SET,
    workload::REPLICATION_CONTROLLER,
    workload::STATEFUL_SET,
    workload::DAEMON_SET,
    workload::JOB,
    workload::CRON_JOB,
    admin_network_policy::SPEC,
    baseline_admin_network_policy::SPEC,
    cluster_network_policy::SPEC,
    cluster_network_policy::AWS,
    application_network_policy::SPEC,
    calico::NETWORK_POLICY,
    calico::GLOBAL_NETWORK_POLICY,
    calico::CRD_NETWORK_POLICY,
    calico::CRD_GLOBAL_NETWORK_POLICY,
    cilium::NETWORK_POLICY,
    cilium::CLUSTERWIDE,
    beside::ANTREA,
    beside::ANTREA_CLUSTER,
    beside::EGRESS_FIREWALL,
    beside::EGRESS_NETWORK_POLICY,
    beside::ISTIO,
    beside::LINKERD,
    beside::LINKERD_SERVER,
    beside::FQDN,
    beside::MULTI,
];

/// The row of a kind.
pub fn spec(kind: Kind) -> Option<&'static KindSpec> {
    KINDS.iter().find(|it| it.kind == kind)
}

/// The row of an object's `apiVersion` and `kind`, whatever the version.
///
/// The groups `extensions` and none are also taken for the kinds that once stood there.
pub fn spec_of(api_version: &str, word: &str) -> Option<&'static KindSpec> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let mut named = KINDS.iter().filter(|it| it.word == word);
    named.clone().find(|it| it.group == group).or_else(|| {
        let moved = |it: &&KindSpec| group == "extensions" && matches!(it.group, "apps" | "networking.k8s.io");
        named.find(moved)
    })
}

/// The row that people mean by a word: singular, plural, short name, or the plural with its group.
///
/// A plain word that several groups share means the first of them, Kubernetes' own.
pub fn spec_named(word: &str) -> Option<&'static KindSpec> {
    let word = word.to_ascii_lowercase();
    let (bare, group) = word.split_once('.').map_or((word.as_str(), None), |(bare, group)| (bare, Some(group)));
    KINDS.iter().find(|it| {
        let names = it.word.eq_ignore_ascii_case(bare) || it.plural == bare || it.short.contains(&bare);
        names && group.is_none_or(|group| group == it.group)
    })
}

/// The policy kind that is written where one has to be, as fixes do, and that is meant where none is named.
pub const WRITTEN_POLICY: &KindSpec = &network_policy::SPEC;

/// The kinds of policies.
pub fn policies() -> impl Iterator<Item = &'static KindSpec> {
    KINDS.iter().filter(|it| it.is_policy())
}

/// Those of them whose rules are evaluated.
pub fn evaluated() -> impl Iterator<Item = &'static KindSpec> {
    KINDS.iter().filter(|it| matches!(it.decides, Some(Decides::Rules(_))))
}

/// Whether rules of policies of a kind are evaluated.
pub fn is_evaluated(kind: Kind) -> bool {
    evaluated().any(|it| it.kind == kind)
}

/// What objects of a kind that is not evaluated can do to answers; `None`: nothing (CONTRACT §3).
pub fn gap_effect(kind: Kind) -> Option<GapEffect> {
    match spec(kind)?.decides? {
        Decides::Unknown(_, effect) => Some(effect),
        Decides::Rules(_) | Decides::Nothing => None,
    }
}

/// Whether selectors of a kind's policies may hold pods on the host network.
///
/// Those of the policy API never do: such pods "are not included", neither as subject nor as peer. What an API does not
/// say stays open (S37, S38).
/// Source: <https://network-policy-api.sigs.k8s.io/reference/spec/>
pub fn selects_host_network(kind: Kind) -> bool {
    spec(kind).is_none_or(|it| it.group != "policy.networking.k8s.io")
}

/// The namespace whose objects of a kind are about pods of all namespaces, if there is one.
pub fn root(kind: Kind) -> Option<&'static str> {
    beside::root(kind)
}

impl KindSpec {
    /// Reads one object from JSON; a namespaced one that names no namespace is in `namespace`.
    pub fn read_json(&'static self, json: &str, namespace: &str, intern: &mut Intern) -> ReadOutcome {
        (self.reader.json)(json, &mut ReadContext::new(self, namespace, intern))
    }

    /// Reads one object from a YAML document, the same way.
    pub fn read_yaml(&'static self, yaml: &str, namespace: &str, intern: &mut Intern) -> ReadOutcome {
        (self.reader.yaml)(yaml, &mut ReadContext::new(self, namespace, intern))
    }

    /// As `apiVersion` writes group and version: `apps/v1`, `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether its objects decide of connections, in whichever way.
    pub fn is_policy(&self) -> bool {
        self.decides.is_some()
    }

    /// Whether its objects stand in namespaces.
    pub fn is_namespaced(&self) -> bool {
        self.scope == ResourceScope::Namespaced
    }
}

impl std::fmt::Debug for KindSpec {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "KindSpec({})", self.kind)
    }
}
