//! Default deny with no declared flow lost: the least NetworkPolicies under which every workload has what its manifest
//! says that it needs (CONTRACT §9).
//!
//! ```text
//! Manifests ─needs, entrances─► Flow { from, to, ports, because } ─gates─┬ kept   ─write─► policies
//! expectations, what is allowed today ─────────────►                     └ denied today: a gap
//! ```
//!
//! Policies only add to what others allow: a rule is written where a pod is not isolated today, so that default deny
//! would close what it needs. Where it is isolated, other policies decide: what they allow stays allowed, and what they
//! deny stays denied and is told. So nothing is opened, and under its own result there is nothing to write.

mod dns;
mod entrances;
mod gates;
mod kept;
mod names;
mod needs;
mod page;
mod ports;
mod selection;
mod services;
mod units;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::expectation::Expectations;
use super::{Fault, Here, World};
use crate::manifests::{ManifestId, Manifests};
use crate::model::name::Name;
use crate::model::port::PortSet;
use crate::net::reach::Unit;
use crate::text::Page;

pub use dns::DnsServers;
use gates::JudgedFlow;
use units::{NeededPeer, Units};

/// Where Kubernetes' own pods are.
const SYSTEM: &str = "kube-system";

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BaselineScope {
    /// The namespaces that policies are written for; empty: all that have workloads.
    pub namespaces: Vec<Name>,
    /// What is needed besides.
    pub keep: Expectations,
    /// Whether what is allowed between workloads today is needed.
    pub keeps_current: bool,
    /// Whether policies are written for what is needed and denied today as well.
    pub opens_gaps: bool,
    pub dns: DnsServers,
}

/// Why something is needed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NeedReason {
    pub object: ManifestId,
    pub place: String,
    pub what: String,
}

/// `deployment/shop/web spec.template.spec.containers[0].env[0].value: names service/shop/cart, port 7070`.
impl fmt::Display for NeedReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "" } else { " " };
        write!(out, "{}{place}{}: {}", self.object, self.place, self.what)
    }
}

/// A flow that is needed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Needed {
    pub from: String,
    pub to: String,
    /// On the target's own ports.
    pub ports: PortSet,
    pub because: Vec<NeedReason>,
    /// Of one that is denied: what denies it.
    pub denied: String,
}

/// Something that a manifest refers to and that leads to no pods.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unresolved {
    pub object: ManifestId,
    pub place: String,
    pub value: String,
}

/// A policy to be created.
#[derive(Clone, PartialEq, Debug)]
pub struct WrittenPolicy {
    pub namespace: Name,
    pub name: String,
    /// Whom it selects, in words.
    pub selects: String,
    pub object: Value,
    /// Each rule in words, and what it is for; none of one that denies all.
    pub rules: Vec<(String, Vec<NeedReason>)>,
}

/// Two workloads that may connect today although nothing declares it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undeclared {
    pub from: Unit,
    pub to: Unit,
    pub ports: PortSet,
}

/// The answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Baseline {
    /// The namespaces that it is about.
    pub namespaces: BTreeSet<Name>,
    pub policies: Vec<WrittenPolicy>,
    /// What is needed and allowed, and stays so.
    pub needed: Vec<Needed>,
    /// What is needed and denied today; with [`BaselineScope::opens_gaps`] nothing.
    pub gaps: Vec<Needed>,
    /// Names of Services that are not there, and references to Secrets.
    pub unresolved: Vec<Unresolved>,
    /// Hosts outside the cluster that manifests name; they are no need.
    pub outside: Vec<Unresolved>,
    pub undeclared: Vec<Undeclared>,
    /// What could not be read, so that needs may be missing.
    pub missing: Vec<String>,
    pub notes: Vec<String>,
}

impl Baseline {
    /// The answer in words.
    pub fn page(&self, is_verbose: bool) -> Page {
        page::page(self, is_verbose)
    }

    /// Its policies in words, each rule followed by what it is for: one below the other at this depth.
    pub fn policies_page(&self, indent: u8) -> Page {
        page::policies_flat(self, indent)
    }

    /// What they leave out: flows that nothing declares, those of these that are kept by hand, and what was not read.
    pub fn beside(&self, kept: &[(String, String)], keeps_current: bool) -> Page {
        page::beside(self, kept, keeps_current)
    }

    /// What is needed and denied, in words.
    pub fn gaps_page(&self) -> Page {
        page::gaps(self)
    }
}

/// A flow in the making: between whom, on which ports, and why.
#[derive(Default)]
struct Flows(BTreeMap<(NeededPeer, NeededPeer), NeededFlow>);

#[derive(Default)]
struct NeededFlow {
    ports: BTreeSet<ports::NeededPort>,
    because: BTreeSet<NeedReason>,
}

impl Flows {
    fn need(
        &mut self,
        from: NeededPeer,
        to: NeededPeer,
        ports: impl IntoIterator<Item = ports::NeededPort>,
        because: &NeedReason,
    ) {
        let ports: Vec<ports::NeededPort> = ports.into_iter().collect();
        if ports.is_empty() {
            return;
        }
        let flow = self.0.entry((from, to)).or_default();
        flow.ports.extend(ports);
        flow.because.insert(because.clone());
    }
}

/// What is found while needs are read.
struct BaselineDraft<'a> {
    manifests: &'a Manifests,
    units: Units<'a>,
    flows: Flows,
    baseline: Baseline,
}

impl World {
    /// The policies under which every declared flow of these namespaces is kept, and no other.
    ///
    /// # Errors
    /// An end of what is to be kept is proven not to be there.
    pub fn baseline(&self, manifests: &Manifests, wanted: &BaselineScope, here: &Here) -> Result<Baseline, Fault> {
        let units = Units::of(self, manifests, wanted);
        let mut draft = BaselineDraft { manifests, units, flows: Flows::default(), baseline: Baseline::default() };
        draft.baseline.namespaces = draft.units.scope.clone();
        draft.baseline.missing = manifests.missing.iter().cloned().collect();
        draft.services_named();
        draft.entrances();
        draft.kept(wanted, here)?;
        let rows = draft.rows();
        if wanted.keeps_current {
            draft.current(&rows);
        }
        let judged = draft.judged(wanted.opens_gaps);
        draft.tell(&judged);
        draft.undeclared(&judged, rows);
        draft.write(&judged);
        self.agree(&draft.units, &judged);
        Ok(draft.finish())
    }
}

impl BaselineDraft<'_> {
    fn tell(&mut self, judged: &[JudgedFlow]) {
        for it in judged {
            let needed = Needed {
                from: self.units.name(it.from),
                to: self.units.name(it.to),
                ports: ports::concrete(&it.flow.ports, self.units.pods(it.to)),
                because: it.flow.because.iter().cloned().collect(),
                denied: it.denied.clone().unwrap_or_default(),
            };
            // A flow that no policy of these namespaces is about is not this answer's.
            match (self.units.is_in_scope(it.from) || self.units.is_in_scope(it.to), &it.denied) {
                (false, _) => {}
                (true, None) => self.baseline.needed.push(needed),
                (true, Some(_)) => self.baseline.gaps.push(needed),
            }
        }
    }

    fn finish(self) -> Baseline {
        let mut baseline = self.baseline;
        for list in [&mut baseline.unresolved, &mut baseline.outside] {
            list.sort();
            list.dedup();
        }
        baseline.notes.extend(self.units.notes);
        if baseline.namespaces.contains(SYSTEM) && !baseline.policies.is_empty() {
            let what = "what its pods need of the API server and of names outside stands in no manifest";
            baseline
                .notes
                .push(format!("{SYSTEM} is among the namespaces: {what} (-n leaves it out, --keep keeps it)"));
        }
        baseline.notes.sort();
        baseline.notes.dedup();
        baseline
    }
}
