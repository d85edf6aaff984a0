//! `fix FROM TO[:PORT] --allow|--deny`: the gates that keep a flow out or let it pass, and whether a draft turns it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::{IpNet, IpSubnets, Ipv4Subnets, Ipv6Subnets};

use super::{Certainty, FixAnswer, FixBound, Trial, ground, note};
use crate::ask::end::{AskedEnd, PortAsk};
use crate::ask::member::EndMember;
use crate::ask::page::target;
use crate::ask::pair::Pair;
use crate::ask::trace::TraceAnswer;
use crate::ask::{Fault, World};
use crate::change::DifferingFlow;
use crate::change::fix::{Draft, DraftGate, Peers, allow, deny};
use crate::kinds::WRITTEN_POLICY;
use crate::model::evidence::{Gap, Outcome};
use crate::model::facts::PodNetwork;
use crate::model::id::{ObjectId, PodId};
use crate::model::policy::Direction;
use crate::model::port::{PortSet, Protocol};
use crate::net;
use crate::net::reach::{AddressRange, Unit};
use crate::net::verdict::{FamilyVerdict, GateReason};
use crate::text::evidence::Evidence;

/// Which way a flow is to be turned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlowTurn {
    Allow,
    Deny,
}

/// A flow that is to be turned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowAsk {
    pub from: AskedEnd,
    pub to: AskedEnd,
    pub port: PortAsk,
    pub way: FlowTurn,
}

/// What the pods of one gate have to do with whom: by pod, by port, the others.
type GatePeers = BTreeMap<(Direction, PodId), BTreeMap<PortSet, Peers>>;

impl FlowAsk {
    fn trace(&self, world: &World) -> Result<TraceAnswer, Fault> {
        world.asker().without_prerequisites().trace(&self.from, &self.to, &self.port)
    }

    /// The candidates that turn it.
    ///
    /// # Errors
    /// An end is none or proven not to be there, or the engines differ.
    pub fn answer(&self, world: &World) -> Result<FixAnswer, Fault> {
        let trace = self.trace(world)?;
        let asked = format!("{} {}", self.wanted().as_str(), self.said());
        let mut fix = FixAnswer::of(asked);
        if let Some(why) = self.settled(&trace) {
            fix.reasons.push(why);
            return Ok(fix);
        }
        let ground = ground(world);
        let pairs: Vec<&Pair> = trace.pairs.iter().filter(|it| !self.is_done(it.outcome())).collect();
        let gates = gates(world, &pairs, self.way);
        let words = self.words();
        let mut drafts = match self.way {
            FlowTurn::Allow => allow::drafts(&ground, &gates, &words),
            FlowTurn::Deny => deny::drafts(&ground, &gates, &world.settings.pod_cidrs, &words),
        };
        if let Some(gates) = self.with_names(world, &trace, &gates) {
            drafts.extend(allow::drafts(&ground, &gates, &words).into_iter().take(2));
            fix.reasons.push(note("the source cannot resolve names: one candidate allows it to ask the cluster's DNS"));
        }
        fix.candidates = self.trial(world, &trace).candidates(drafts)?;
        fix.reasons.extend(reasons(&trace, &pairs, self.way, fix.candidates.is_empty()));
        let left_out = deciding(&trace, world).into_iter().filter(|it| !world.manifests.contains_key(it));
        let left_out: Vec<String> = left_out.map(|it| it.to_string()).collect();
        if !left_out.is_empty() {
            let what = "could not be read whole: candidates that would change it are left out";
            fix.reasons.push(note(format!("{} {what}", left_out.join(", "))));
        }
        fix.is_unsure = trace.outcome() == Outcome::Unknown && fix.candidates.is_empty();
        Ok(fix)
    }

    /// As it can be read.
    pub(super) fn said(&self) -> String {
        format!("{} -> {}", self.from, target(&self.to, &self.port))
    }

    /// What it comes to in a world.
    pub(super) fn outcome(&self, world: &World) -> Result<Outcome, Fault> {
        Ok(self.trace(world)?.outcome())
    }

    /// What lets it pass, by new policies alone; `None`: nothing does.
    pub(super) fn opening(&self, world: &World) -> Result<Option<Draft>, Fault> {
        let trace = self.trace(world)?;
        let pairs: Vec<&Pair> = trace.pairs.iter().filter(|it| !self.is_done(it.outcome())).collect();
        Ok(allow::new_only(&ground(world), &gates(world, &pairs, FlowTurn::Allow), &format!("keep-{}", self.words())))
    }

    /// Whether a pair is as asked.
    fn is_done(&self, outcome: Outcome) -> bool {
        outcome == self.wanted()
    }

    fn wanted(&self) -> Outcome {
        match self.way {
            FlowTurn::Allow => Outcome::Allow,
            FlowTurn::Deny => Outcome::Deny,
        }
    }

    /// Why there is nothing to change.
    fn settled(&self, trace: &TraceAnswer) -> Option<Evidence> {
        let is_settled = self.certainty(trace) == Some(Certainty::Certain);
        is_settled.then(|| note(format!("already as asked: {} {}", self.wanted().as_str(), self.said())))
    }

    /// What new objects are called by.
    fn words(&self) -> String {
        format!("{}-{}-to-{}", self.wanted().as_str(), short(&self.from), short(&self.to))
    }

    /// Whether what a trace tells is as asked; `None`: it is not.
    fn certainty(&self, trace: &TraceAnswer) -> Option<Certainty> {
        let (counts, outcome) = (trace.counts, trace.outcome());
        match self.way {
            FlowTurn::Allow if outcome == Outcome::Allow => Some(Certainty::Certain),
            FlowTurn::Deny if counts.allow + counts.unknown == 0 && outcome == Outcome::Deny => {
                Some(Certainty::Certain)
            }
            FlowTurn::Allow if counts.deny == 0 && outcome == Outcome::Unknown => Some(Certainty::Unsure),
            FlowTurn::Deny if counts.allow == 0 => Some(Certainty::Unsure),
            _ => None,
        }
    }

    fn trial<'a>(&'a self, world: &'a World, trace: &TraceAnswer) -> Trialed<'a> {
        let units = |end: fn(&Pair) -> &EndMember| trace.pairs.iter().map(|it| unit(world, end(it))).collect();
        Trialed { ask: self, world, from: units(|it| &it.from), to: units(|it| &it.to) }
    }

    /// The gates with that of the cluster's DNS, where the source cannot ask it and the goal has a name.
    fn with_names(&self, world: &World, trace: &TraceAnswer, gates: &[DraftGate]) -> Option<Vec<DraftGate>> {
        let is_named = !matches!(self.to, AskedEnd::Address(_) | AskedEnd::Block(_) | AskedEnd::Internet);
        if self.way == FlowTurn::Deny || !is_named {
            return None;
        }
        let mut found = GatePeers::new();
        for source in trace.pairs.iter().filter_map(|it| it.from.pod()) {
            let isolated =
                world.net().isolation(&source.pod_id()).is_some_and(|it| it.egress == net::verdict::Tri::Yes);
            let dns = net::dns(world.net(), &world.cluster, &net::verdict::End::Pod(source.pod_id()));
            if !isolated || dns.outcome() == Outcome::Allow {
                continue;
            }
            for server in dns.servers {
                let mut ports = PortSet::range(Protocol::Udp, server.port, server.port);
                ports.insert(Protocol::Tcp, server.port, server.port);
                let of_source = found.entry((Direction::Egress, source.pod_id())).or_default();
                of_source.entry(ports).or_default().pods.insert(server.pod);
            }
        }
        let names = grouped(found);
        (!names.is_empty()).then(|| joined(gates, names))
    }
}

/// Gates with what others say of the same pods put to them.
fn joined(gates: &[DraftGate], more: Vec<DraftGate>) -> Vec<DraftGate> {
    let mut all = gates.to_vec();
    for gate in more {
        let is_same = |it: &&mut DraftGate| (it.direction, &it.targets) == (gate.direction, &gate.targets);
        match all.iter_mut().find(is_same) {
            Some(held) => held.flows.extend(gate.flows),
            None => all.push(gate),
        }
    }
    all
}

/// A question about a flow, with the units that its ends are of.
struct Trialed<'a> {
    ask: &'a FlowAsk,
    world: &'a World,
    from: BTreeSet<Unit>,
    to: BTreeSet<Unit>,
}

impl Trialed<'_> {
    fn candidates(&self, drafts: Vec<Draft>) -> Result<Vec<super::Candidate>, Fault> {
        let bound = if self.ask.way == FlowTurn::Allow { FixBound::Opens } else { FixBound::Closes };
        let is_meant = |it: &DifferingFlow| is_among(&self.from, &it.from) && is_among(&self.to, &it.to);
        let holds = |after: &World| self.ask.certainty(&self.ask.trace(after).ok()?).map(Into::into);
        let world = self.world;
        Trial { world, bound, holds: &holds, is_meant: &is_meant, is_meant_grant: &|_| false }.candidates(drafts)
    }
}

/// Whether a unit is one of these; nodes and addresses stand in rows that may be cut otherwise.
fn is_among(units: &BTreeSet<Unit>, unit: &Unit) -> bool {
    let is_like = |it: &Unit| match (it, unit) {
        (Unit::Outside(_), Unit::Outside(_)) => true,
        (Unit::Nodes(a), Unit::Nodes(b)) => a.names().any(|it| b.names().any(|other| it == other)),
        (a, b) => a == b,
    };
    units.iter().any(is_like)
}

fn unit(world: &World, member: &EndMember) -> Unit {
    match member {
        EndMember::Pod(pod) => Unit::of_pod(&world.cluster, pod),
        EndMember::Address(address) => Unit::Outside(vec![(*address, *address)]),
        EndMember::Outside(ranges, _) => Unit::Outside(ranges.to_vec()),
        EndMember::Node(node) => {
            let all = world.net().node_names(&world.cluster);
            Unit::Nodes(net::reach::Nodes::of(&all, [&node.meta.name]))
        }
    }
}

/// The short name of an end, for the names of objects.
fn short(end: &AskedEnd) -> String {
    match end {
        AskedEnd::Pod(pod) => pod.name.to_string(),
        AskedEnd::Workload { name, .. } | AskedEnd::Service { name, .. } => name.to_string(),
        AskedEnd::Namespace(name) | AskedEnd::Node(name) => name.to_string(),
        AskedEnd::Host { host, .. } => host.to_string(),
        AskedEnd::Address(address) => address.to_string(),
        AskedEnd::Block(block) => block.to_string(),
        AskedEnd::Internet => "internet".to_owned(),
    }
}

/// The gates that pairs hang on: those that are shut where they are to be opened, all where they are to be shut.
fn gates(world: &World, pairs: &[&Pair], way: FlowTurn) -> Vec<DraftGate> {
    let mut found = GatePeers::new();
    for pair in pairs {
        let Some(family) = pair.verdict.deciding() else { continue };
        for (direction, pod, other) in
            [(Direction::Egress, &pair.from, &pair.to), (Direction::Ingress, &pair.to, &pair.from)]
        {
            let Some(pod) = pod.pod().filter(|it| it.network() == PodNetwork::Own) else { continue };
            if !concerns(family, direction, way, pair) {
                continue;
            }
            let flows = found.entry((direction, pod.pod_id())).or_default();
            add(world, flows.entry(ports(pair, way)).or_default(), other);
        }
    }
    grouped(found)
}

fn concerns(family: &FamilyVerdict, direction: Direction, way: FlowTurn, pair: &Pair) -> bool {
    let gate = family.gate(direction);
    match way {
        FlowTurn::Allow => {
            let wanted = ports(pair, way);
            gate.why == GateReason::Policies && !wanted.difference(&gate.allowed).is_empty()
        }
        FlowTurn::Deny => matches!(gate.why, GateReason::Policies | GateReason::NotIsolated),
    }
}

/// The ports that are to be opened or shut: of all those that the destination declares, where they are to be opened.
fn ports(pair: &Pair, way: FlowTurn) -> PortSet {
    let meant = pair.port.meant();
    let declared = pair.to.pod().filter(|_| way == FlowTurn::Allow && pair.port.asked().is_none());
    let mut set = PortSet::none();
    declared.iter().flat_map(|it| it.ports().iter()).for_each(|it| set.insert(it.protocol, it.number, it.number));
    let set = set.intersection(&meant);
    if set.is_empty() { meant } else { set }
}

fn add(world: &World, peers: &mut Peers, member: &EndMember) {
    match member {
        EndMember::Pod(pod) if pod.network() == PodNetwork::Own => drop(peers.pods.insert(pod.pod_id())),
        EndMember::Outside(ranges, _) => peers.blocks.extend(ranges.iter().flat_map(|it| blocks(*it))),
        EndMember::Pod(pod) if pod.addresses().is_empty() => {
            let node = world.cluster.nodes.get("", pod.node());
            peers.blocks.extend(node.iter().flat_map(|it| it.addresses.iter().map(|it| IpNet::from(*it))));
        }
        other => peers.blocks.extend(other.addresses().into_iter().map(IpNet::from)),
    }
    if peers.blocks.len() > 1 {
        let all: Vec<IpNet> = peers.blocks.iter().copied().collect();
        peers.blocks = IpNet::aggregate(&all).into_iter().collect();
    }
}

/// The blocks that a range is made of.
fn blocks((first, last): AddressRange) -> Vec<IpNet> {
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => IpSubnets::from(Ipv4Subnets::new(first, last, 0)).collect(),
        (IpAddr::V6(first), IpAddr::V6(last)) => IpSubnets::from(Ipv6Subnets::new(first, last, 0)).collect(),
        _ => Vec::new(),
    }
}

/// The pods of a namespace of which the same is to be said, together.
fn grouped(found: GatePeers) -> Vec<DraftGate> {
    let mut gates: Vec<DraftGate> = Vec::new();
    for ((direction, pod), flows) in found {
        let is_same =
            |it: &&mut DraftGate| it.direction == direction && it.namespace == pod.namespace && it.flows == flows;
        match gates.iter_mut().find(is_same) {
            Some(gate) => drop(gate.targets.insert(pod)),
            None => {
                let namespace = pod.namespace.clone();
                gates.push(DraftGate { direction, namespace, targets: BTreeSet::from([pod]), flows });
            }
        }
    }
    gates
}

/// Why there is no candidate, or what stands between it and being certain.
fn reasons(trace: &TraceAnswer, pairs: &[&Pair], way: FlowTurn, is_none: bool) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = Vec::new();
    let gaps = pairs.iter().flat_map(|it| it.gaps.iter().chain(&it.verdict.gaps)).chain(&trace.gaps);
    let gates = pairs.iter().filter_map(|it| it.verdict.deciding()).flat_map(|it| [&it.egress, &it.ingress]);
    let of_gates: Vec<Gap> = gates.flat_map(|it| it.gaps()).collect();
    for evidence in gaps.chain(&of_gates).map(Evidence::gap) {
        all.extend((!all.contains(&evidence)).then_some(evidence));
    }
    all.extend(trace.refusals.iter().chain(pairs.iter().flat_map(|it| &it.refusals)).cloned());
    if is_none && all.is_empty() {
        all.extend(pairs.first().map(|it| note(why_not(it, way))));
    }
    all
}

/// Why policies cannot turn a pair.
fn why_not(pair: &Pair, way: FlowTurn) -> String {
    let words = |why: GateReason| match why {
        GateReason::Outside => "an address outside the cluster, which no policy selects",
        GateReason::Node => "a node, which no NetworkPolicy selects",
        GateReason::HostNetwork => "on the host network, where policies do not apply",
        GateReason::OwnNode => "on the same node: a pod and its own node can always connect",
        GateReason::Itself => "the same pod: a pod can always reach itself",
        GateReason::NotIsolated | GateReason::Policies | GateReason::NotJudged => {
            "selected by policies that cannot be changed so that nothing else is"
        }
    };
    let Some(family) = pair.verdict.deciding() else { return "no policy decides it".to_owned() };
    let (egress, ingress) = (words(family.egress.why), words(family.ingress.why));
    match way {
        FlowTurn::Allow => {
            format!("no change of policies allows it: {} is {egress}; {} is {ingress}", pair.from, pair.to)
        }
        FlowTurn::Deny => {
            format!("no change of policies closes it: {} is {egress}; {} is {ingress}", pair.from, pair.to)
        }
    }
}

/// The objects that candidates may change: the policies that decide of its pairs.
pub fn wholes(ask: &FlowAsk, world: &World) -> Vec<ObjectId> {
    ask.trace(world).map(|it| deciding(&it, world)).unwrap_or_default()
}

/// The policies that decide of the pairs of a trace.
fn deciding(trace: &TraceAnswer, world: &World) -> Vec<ObjectId> {
    let pods = trace.pairs.iter().flat_map(|it| [it.from.pod(), it.to.pod()]).flatten();
    let pods: BTreeSet<PodId> = pods.map(|it| it.pod_id()).collect();
    let policies = pods.iter().filter_map(|it| world.net().isolation(it)).flat_map(|it| it.policies);
    let ids: BTreeSet<ObjectId> = policies.filter(|it| it.gap.is_none()).map(|it| it.policy.id()).collect();
    ids.into_iter().filter(|it| it.kind == WRITTEN_POLICY.kind).collect()
}
