//! Rows that the index alone does not answer: their pairs are judged one by one, as a trace would.
//!
//! ```text
//! svc/shop/db  ◄── outside         the ways in, addresses that are rewritten (S36, S46)
//!              ◄── its own pods    a pod that reaches itself through it (S50)
//!              ◄── everybody       where backends are no pods, or kept to the source's node (S52)
//! 10.0.0.7     ──► everybody       one of two addresses of a pod: its family alone counts
//! ```
//!
//! Pods that the index takes for alike are judged once for each place that they can have beside the other end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use crate::model::address::Family;
use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::evidence::{Gap, Outcome};
use crate::model::facts::SharedPod;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::policy::Direction;
use crate::model::port::PortSet;
use crate::net::reach::{AddressRange, Counts, Granularity, LeftOut, Summary, Unit};
use crate::net::{PodClasses, implied_nodes};
use crate::text::evidence::Evidence;

use super::Asker;
use super::directory::implied;
use super::entry::ServiceEntry;
use super::judge;
use super::many::AskedSide;
use super::member::EndMember;
use super::pair::{PairPort, PairSource, PairTarget};
use super::reach_rows::{RowsByUnit, join};
use super::trace::TraceAnswer;
use super::whys::{self, Reasons};
use super::workload::FoundWorkloads;

/// What pairs that were judged have in common, and why some of them are unknown.
pub(super) struct JudgedPairs {
    pub summary: Summary,
    pub reasons: Reasons,
}

/// What was judged of one pair: the ports that surely pass, and those that may.
struct Passed {
    allowed: Arc<PortSet>,
    possible: Arc<PortSet>,
    meant: PortSet,
    outcome: Outcome,
    has_family: bool,
    reasons: Reasons,
}

/// By which member, which classes, and where it is beside the member: on no node that is known, on the same.
type JudgedKey = (usize, PodClasses, (bool, bool));

/// What was judged so far.
#[derive(Default)]
pub(super) struct KnownPairs(HashMap<JudgedKey, Arc<Passed>, FxBuildHasher>);

/// All that stands inside the cluster, by unit.
pub(super) struct Inside {
    pub units: BTreeMap<Unit, Vec<EndMember>>,
    pub left_out: LeftOut,
}

impl Asker<'_> {
    /// Whether every row of this end is to be judged pair by pair.
    pub(super) fn is_judged(&self, side: &AskedSide) -> bool {
        let ends = &side.ends;
        let is_plain = |it: &PairTarget| has_family(&it.member, it.family) && (it.route.is_none() || is_usual(it));
        let is_entered_plainly = ends.front.as_ref().is_none_or(|it| {
            !it.service.internal_local && matches!(it.entry, ServiceEntry::Name | ServiceEntry::ClusterAddress(_))
        });
        let is_at_other = ends.sources.iter().any(|it| judge::is_at_other(&it.member, it.at))
            || ends.targets.iter().any(|it| judge::is_at_other(&it.member, it.at));
        let has_unread = side.len() > 1
            && side.members().filter_map(EndMember::pod).any(|it| self.index.pod_classes(&it.pod_id()).is_none());
        !is_entered_plainly
            || is_at_other
            || has_unread
            || !ends.sources.iter().all(|it| has_family(&it.member, it.family))
            || !ends.targets.iter().all(is_plain)
            || side.members().any(|it| self.may_be_held(it).is_some())
    }

    /// The rows of an end, every pair judged.
    pub(super) fn judged_rows(&self, side: &AskedSide, trace: &TraceAnswer, by: Granularity) -> RowsByUnit {
        let (mut rows, mut known) = (RowsByUnit::default(), KnownPairs::default());
        let Inside { units, left_out } = self.inside(by);
        rows.left_out = left_out;
        for (unit, members) in units {
            rows.left_out.itself += members.iter().map(|it| side.itself(it)).sum::<u64>();
            if let Some(judged) = self.judge_pairs(side, trace, None, &members, &mut known) {
                rows.add_judged(unit, judged);
            }
        }
        if side.ends.front.is_some() || side.members().any(|it| !it.is_outside()) {
            let has_v6 = side.members().any(|it| it.addresses().iter().any(|it| Family::of(*it) == Family::V6));
            let outside = self.index.outside_units(self.cluster, has_v6);
            self.judge_outside(side, trace, outside, &mut rows);
        }
        rows
    }

    /// Judges rows about addresses outside: from where a Service cannot be entered, nothing passes.
    pub(super) fn judge_outside(
        &self,
        side: &AskedSide,
        trace: &TraceAnswer,
        all: Vec<Vec<AddressRange>>,
        rows: &mut RowsByUnit,
    ) {
        for ranges in all {
            let ranges = match &side.ends.front {
                // Whose addresses they are is not known: they may be let in from within.
                Some(_) if self.unseen_holders().is_some() => ranges,
                Some(front) => front.let_in(&ranges),
                None => ranges,
            };
            let Some(first) = ranges.first() else {
                rows.deny(side.members().count() as u64);
                continue;
            };
            let members = [EndMember::Address(first.0)];
            if let Some(judged) = self.judge_pairs(side, trace, None, &members, &mut KnownPairs::default()) {
                rows.add_judged(Unit::Outside(ranges), judged);
            }
        }
    }

    /// Adds each backend's pair with itself: through a Service it is one (S50).
    pub(super) fn judge_hairpins(&self, side: &AskedSide, trace: &TraceAnswer, by: Granularity, rows: &mut RowsByUnit) {
        let mut workloads = FoundWorkloads::default();
        for (at, target) in side.ends.targets.iter().enumerate() {
            let Some(pod) = target.member.pod() else { continue };
            let unit = unit_of(self.cluster, pod, by, &mut workloads);
            let members = [target.member.clone()];
            if let Some(judged) = self.judge_pairs(side, trace, Some(at), &members, &mut KnownPairs::default()) {
                rows.add_judged(unit, judged);
            }
        }
    }

    /// All pairs of these with the end that is asked about, or with one member of it; `None`: there is no such pair.
    pub(super) fn judge_pairs(
        &self,
        side: &AskedSide,
        trace: &TraceAnswer,
        only: Option<usize>,
        others: &[EndMember],
        known: &mut KnownPairs,
    ) -> Option<JudgedPairs> {
        let mut sum: Option<Summary> = None;
        let (mut of_pair, mut of_port) = (None, None);
        for at in (0..side.len()).filter(|it| only.is_none_or(|only| only == *it)) {
            for other in others {
                let (from, to) = side.pair(at, other);
                if !self.is_meant(side, &from, &to) {
                    continue;
                }
                let passed = self.passed(side, trace, (at, other), (&from, &to), known);
                // Addresses outside of a family that the other end does not have are nobody's to ask about.
                if matches!(other, EndMember::Address(_)) && !passed.has_family {
                    continue;
                }
                if !passed.reasons.is_empty() {
                    let kept = if passed.outcome == Outcome::Unknown { &mut of_pair } else { &mut of_port };
                    kept.get_or_insert_with(|| passed.reasons.clone());
                }
                let is_unsure = matches!(other, EndMember::Address(_)) && self.unseen_holders().is_some();
                let one = if is_unsure { passed.doubted() } else { passed.summary() };
                match &mut sum {
                    Some(sum) => join(sum, &one),
                    None => sum = Some(one),
                }
            }
        }
        let summary = sum?;
        let is_unsure = summary.pairs.unknown > 0 || !summary.unknown().is_empty();
        let reasons = of_pair.or(of_port).filter(|_| is_unsure).unwrap_or_default();
        Some(JudgedPairs { summary, reasons })
    }

    /// Whether such a pair is one: a pod or node and itself is none, nor what a Service keeps apart, nor two addresses outside
    /// without a Service between them.
    fn is_meant(&self, side: &AskedSide, from: &PairSource, to: &PairTarget) -> bool {
        let is_node = matches!(from.member, EndMember::Node(_)) && from.member.end() == to.member.end();
        let is_itself = to.route.is_none() && (is_node || from.member.is_same_pod(&to.member));
        let is_apart = side.ends.front.as_ref().is_some_and(|it| it.keeps_apart(&from.member, to));
        let are_outside = side.ends.front.is_none() && from.member.is_outside() && to.member.is_outside();
        !is_itself && !is_apart && !are_outside && (!side.ends.is_internet || self.share_family(from, to))
    }

    /// What passes between two ends; pods of the same classes are judged once.
    fn passed(
        &self,
        side: &AskedSide,
        trace: &TraceAnswer,
        (at, other): (usize, &EndMember),
        (from, to): (&PairSource, &PairTarget),
        known: &mut KnownPairs,
    ) -> Arc<Passed> {
        let asks_addresses =
            side.ends.front.as_ref().is_some_and(|it| matches!(it.entry, ServiceEntry::LoadBalancer(_)));
        let classes = other.pod().filter(|_| !asks_addresses && !from.member.is_same_pod(&to.member));
        let classes = classes.and_then(|it| self.index.pod_classes(&it.pod_id()));
        let own = if side.direction == Direction::Ingress { to.node() } else { from.member.node() };
        let key = classes.map(|classes| (at, classes, (other.node().is_empty(), own == other.node())));
        if let Some(found) = key.and_then(|it| known.0.get(&it)) {
            return found.clone();
        }
        let passed = Arc::new(self.pass(side, trace, from, to));
        if let Some(key) = key {
            known.0.insert(key, passed.clone());
        }
        passed
    }

    fn pass(&self, side: &AskedSide, trace: &TraceAnswer, from: &PairSource, to: &PairTarget) -> Passed {
        let pair = self.bare_pair(&side.ends, trace, from, to);
        let (allowed, unknown) = (pair.allowed(), pair.unknown());
        let reasons = match unknown.is_empty() {
            true => Reasons::default(),
            false => unsure(&self.pair(&side.ends, trace, from, to).evidence()),
        };
        let (outcome, has_family) = (pair.outcome(), !pair.verdict.families.is_empty());
        let possible = Arc::new(allowed.union(&unknown));
        Passed { allowed: Arc::new(allowed), possible, meant: to.port.meant(), outcome, has_family, reasons }
    }

    /// All pods and nodes, by unit.
    pub(super) fn inside(&self, by: Granularity) -> Inside {
        let mut units: BTreeMap<Unit, Vec<EndMember>> = BTreeMap::new();
        let (mut workloads, mut left_out) = (FoundWorkloads::default(), LeftOut::default());
        for pod in self.cluster.pods.iter() {
            let coverage = self.cluster.coverage.of(Kind::POD, pod.namespace());
            if pod.phase().is_finished() {
                left_out.finished += 1;
            } else if matches!(coverage, Coverage::Forbidden { .. }) {
                left_out.unread += 1;
            } else {
                let unit = unit_of(self.cluster, pod, by, &mut workloads);
                units.entry(unit).or_default().push(EndMember::Pod(pod.clone()));
            }
        }
        let untold = implied_nodes(self.cluster);
        for unit in self.index.node_units(self.cluster) {
            let Unit::Nodes(nodes) = &unit else { continue };
            let members = nodes.names().map(|it| self.node(it, &untold)).collect();
            units.insert(unit, members);
        }
        Inside { units, left_out }
    }

    fn node(&self, name: &Name, untold: &BTreeMap<Name, Vec<std::net::IpAddr>>) -> EndMember {
        let listed = self.cluster.nodes.get("", name).cloned();
        let addresses = untold.get(name).map_or(&[][..], Vec::as_slice);
        EndMember::Node(listed.unwrap_or_else(|| Arc::new(implied(self.cluster, name, addresses))))
    }
}

impl Passed {
    /// Ports that were not asked for are no port that a pair closes.
    fn summary(&self) -> Summary {
        let mut pairs = Counts::default();
        pairs.add(self.outcome, 1);
        let every = self.allowed.union(&PortSet::all().difference(&self.meant));
        let (some, possible) = (self.allowed.clone(), self.possible.clone());
        Summary { every: every.into(), some, possible, pairs }
    }

    /// The same where it is not known whose address it is.
    fn doubted(&self) -> Summary {
        let others = PortSet::all().difference(&self.meant);
        let pairs = Counts { unknown: 1, ..Counts::default() };
        let (some, possible) = (Arc::new(PortSet::none()), Arc::new(self.meant.clone()));
        Summary { every: others.into(), some, possible, pairs }
    }
}

/// The reasons that bear on unknown; never none.
fn unsure(evidence: &[Evidence]) -> Reasons {
    let mut reasons = whys::unsure(evidence);
    if reasons.is_empty() {
        reasons.push(Evidence::gap(&Gap::End { what: "that is not sure".into() }));
    }
    reasons.into()
}

/// Whether a member has addresses of the family that counts, and of no other.
fn has_family(member: &EndMember, family: Option<Family>) -> bool {
    let own = member.addresses();
    family.is_none_or(|family| !own.is_empty() && own.iter().all(|it| Family::of(*it) == family))
}

/// A backend that a Service leads to as to any pod: on a network of its own, at one address, at one port.
fn is_usual(backend: &PairTarget) -> bool {
    let has_one_port = matches!(backend.port, PairPort::One(_));
    backend.member.is_selected() && backend.member.addresses().len() == 1 && has_one_port
}

/// The unit of a pod in an answer by such units.
fn unit_of(cluster: &Cluster, pod: &SharedPod, by: Granularity, workloads: &mut FoundWorkloads) -> Unit {
    match by {
        Granularity::Pod => Unit::Pod(pod.pod_id()),
        Granularity::Namespace => Unit::Namespace(pod.namespace().clone()),
        Granularity::Workload => {
            let found = workloads.of(cluster, pod);
            found.map_or_else(|| Unit::Pod(pod.pod_id()), |it| Unit::Workload((*it).clone()))
        }
    }
}
