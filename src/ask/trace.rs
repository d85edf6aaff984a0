//! May one end connect to another: every pair behind the two names, and the whole by its worst pair.
//!
//! ```text
//! from, to, port ──resolve──► sources × targets ──engine──► Trace { pairs, counts, notes, gaps }
//! ```
//!
//! A set's pairs are all counted; of very many, only the worst are kept with their verdicts (`LISTED`).

use std::sync::Arc;

use crate::model::address::Family;
use crate::model::evidence::{Gap, Outcome};
use crate::model::facts::{Fact as _, Service, ServicePort};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::Direction;
use crate::model::port::Protocol;
use crate::net::node_ports;
use crate::net::reach::Counts;
use crate::net::verdict::Port;
use crate::text;
use crate::text::evidence::Evidence;

use super::backends::{Route, Routes, routes};
use super::end::{AskedEnd, PortAsk};
use super::entry::{ServiceEntry, ServiceFront, at_node_port, is_node_port_of};
use super::freshness::as_of;
use super::member::EndMember;
use super::pair::{Pair, PairPort, PairSource, PairTarget};
use super::resolve::{EndRole, Resolution, ResolvedEnd, named_by, resolve, unseen};
use super::{Asker, Fault};

/// How many pairs an answer lists with their verdicts; all are counted.
pub const LISTED: usize = 1_000;

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct TraceAnswer {
    pub from: AskedEnd,
    pub to: AskedEnd,
    pub port: PortAsk,
    /// The Service that `to` is, or is entered through, and its ports that were traced.
    pub service: Option<Arc<Service>>,
    pub routes: Vec<Route>,
    pub pairs: Vec<Pair>,
    /// Of all pairs, those that are not listed included.
    pub counts: Counts,
    /// Finished pods that were left out of sets.
    pub finished: usize,
    /// Pairs of a pod and itself that were left out of sets.
    pub itself: usize,
    /// Backends that get no traffic because they are not ready.
    pub not_ready: usize,
    /// Pairs that a Service keeps apart: backends on another node than the source (S52).
    pub other_node: usize,
    pub notes: Vec<Evidence>,
    /// What makes an allow unknown, and an answer without pairs.
    pub gaps: Vec<Gap>,
    /// What makes an answer without pairs a deny: nobody of whom it speaks is let in.
    pub refusals: Vec<Evidence>,
}

impl TraceAnswer {
    pub(super) fn new(from: &AskedEnd, to: &AskedEnd, port: &PortAsk) -> Self {
        Self {
            from: from.clone(),
            to: to.clone(),
            port: port.clone(),
            service: None,
            routes: Vec::new(),
            pairs: Vec::new(),
            counts: Counts::default(),
            finished: 0,
            itself: 0,
            not_ready: 0,
            other_node: 0,
            notes: Vec::new(),
            gaps: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// Takes in what was learned by resolving one end.
    pub(super) fn take_in(&mut self, resolved: &Resolution) {
        self.notes.extend(resolved.notes.iter().cloned());
        self.gaps.extend(resolved.gaps.iter().cloned());
        if let ResolvedEnd::Pods { finished, .. } = &resolved.end {
            self.finished += finished;
        }
    }

    /// An answer without pairs says why it has none.
    pub(super) fn say_why_empty(&mut self) {
        if self.counts.total() > 0 || !self.gaps.is_empty() || !self.refusals.is_empty() {
            return;
        }
        let what = match () {
            () if self.other_node > 0 => "no backend runs on the source's node (internalTrafficPolicy: Local)",
            () if self.not_ready > 0 => "no backend is ready",
            () if self.itself > 0 => "both ends are the same pod",
            () if self.service.is_some() => "no pod stands behind the service",
            () => "no running pod",
        };
        self.gaps.push(Gap::End { what: what.into() });
    }

    /// The answer as a whole: the worst pair, unknown where there is none (CONTRACT §2).
    pub fn outcome(&self) -> Outcome {
        match self.counts.worst() {
            _ if !self.refusals.is_empty() => Outcome::Deny,
            Outcome::Allow if !self.gaps.is_empty() => Outcome::Unknown,
            worst => worst,
        }
    }

    /// The pair that the answer hangs on: the first of the worst.
    pub fn deciding(&self) -> Option<&Pair> {
        let worst = self.counts.worst();
        self.pairs.iter().find(|it| it.outcome() == worst)
    }

    /// Whether the ends stand for one pair, so that it needs no list.
    pub fn is_single(&self) -> bool {
        self.counts.total() == 1
    }
}

/// The ends of a question, resolved.
pub(super) struct ResolvedEnds {
    pub sources: Vec<PairSource>,
    pub targets: Vec<PairTarget>,
    /// Whether each end is one that was named, so that a pod and itself is a question and no noise.
    pub both_single: bool,
    /// The Service that is connected to, and where.
    pub front: Option<ServiceFront>,
    /// Why an end may be another than it seems; each makes every pair unknown.
    pub unsure: Vec<Gap>,
    /// Whether an end is the whole internet, which is asked about in the families that the other has.
    pub is_internet: bool,
}

impl Asker<'_> {
    /// Answers, or says which end or port is none.
    pub fn trace(&self, from: &AskedEnd, to: &AskedEnd, port: &PortAsk) -> Result<TraceAnswer, Fault> {
        let mut trace = TraceAnswer::new(from, to, port);
        let (source, (target, port)) = (self.resolve(from, EndRole::Source)?, self.goal(to, port)?);
        let both_single = is_single(&source.end) && is_single(&target.end);
        let front = if let ResolvedEnd::Service(front) = &target.end { Some(front.clone()) } else { None };
        let is_internet = [&source.end, &target.end].iter().any(|it| matches!(it, ResolvedEnd::Internet));
        trace.take_in(&source);
        trace.take_in(&target);
        let ends = ResolvedEnds {
            sources: self.sources(&source.end, Some(&target.end), &mut trace)?,
            targets: self.targets(&target.end, Some(&source.end), &port, &mut trace)?,
            both_single,
            front,
            unsure: unsure_of([&source, &target]),
            is_internet,
        };
        trace.notes.extend(as_of(self.cluster));
        self.judge(&ends, &mut trace);
        if trace.counts.total() == 0 {
            trace.gaps.extend(ends.unsure.iter().cloned());
        }
        self.refuse(&ends, &mut trace);
        trace.say_why_empty();
        if self.tells_prerequisites {
            self.prerequisites(&mut trace);
        }
        Ok(trace)
    }

    pub(super) fn resolve(&self, end: &AskedEnd, role: EndRole<'_>) -> Result<Resolution, Fault> {
        resolve(self.cluster, || self.directory(), end, role)
    }

    /// What is connected to: a node at a node port is the Service that it is of (S46).
    pub(super) fn goal(&self, to: &AskedEnd, port: &PortAsk) -> Result<(Resolution, PortAsk), Fault> {
        let port = self.own_number(to, port);
        let mut found = self.resolve(to, EndRole::Goal(&port))?;
        let (node, address) = match &found.end {
            ResolvedEnd::One(EndMember::Node(node)) => (node.meta.name.clone(), None),
            ResolvedEnd::At(EndMember::Node(node), address) => (node.meta.name.clone(), Some(*address)),
            _ => return Ok((found, port)),
        };
        let PortAsk::Number { number, protocol } = port else {
            let apart = node_ports(self.cluster);
            if !apart.is_empty() {
                let what =
                    format!("node ports lead to services and are asked one by one: {}", text::net::ports(&apart));
                found.notes.push(Evidence::note(ObjectId::new(Kind::NODE, "", node), Place::default(), what));
            }
            return Ok((found, port));
        };
        let (service, own) = match at_node_port(self.cluster, protocol, number).as_slice() {
            [] => {
                found.unsure = found.unsure.or_else(|| unseen(self.cluster, Kind::SERVICE));
                return Ok((found, port));
            }
            [(service, own)] => (Arc::new((*service).clone()), (*own).clone()),
            several => return Err(shared_node_port(protocol, number, several)),
        };
        let what = is_node_port_of(protocol, number, &own);
        found.notes.push(Evidence::note(service.id(), Place::new("spec.ports"), what));
        let entry = ServiceEntry::NodePort { node, address, number };
        Ok((Resolution { end: ResolvedEnd::Service(ServiceFront { service, entry }), ..found }, PortAsk::of(&own)))
    }

    /// A name of a port that an ExternalName lists is its own: what it is another name of knows it as a number.
    fn own_number(&self, to: &AskedEnd, port: &PortAsk) -> PortAsk {
        let AskedEnd::Service { namespace, name } = to else { return port.clone() };
        let service = self.cluster.services.get(namespace, name).filter(|it| named_by(it).is_some());
        let own = service.and_then(|it| it.ports.iter().find(|it| port.is(it)));
        match (port, own) {
            (PortAsk::Named { .. }, Some(own)) => PortAsk::of(own),
            _ => port.clone(),
        }
    }

    /// The members that connections come from; a block is parted by what governs the other end (by all, without one).
    pub(super) fn sources(
        &self,
        end: &ResolvedEnd,
        other: Option<&ResolvedEnd>,
        trace: &mut TraceAnswer,
    ) -> Result<Vec<PairSource>, Fault> {
        let plain = PairSource::plain;
        Ok(match end {
            ResolvedEnd::One(member) => unfinished(member, trace).into_iter().map(plain).collect(),
            ResolvedEnd::At(member, address) => {
                vec![PairSource { member: member.clone(), family: Some(Family::of(*address)), at: Some(*address) }]
            }
            ResolvedEnd::Pods { members, .. } => members.iter().map(|it| plain(EndMember::Pod(it.clone()))).collect(),
            ResolvedEnd::Service(front) => {
                let members = self.behind(front, trace)?.into_iter();
                members.map(|member| PairSource { member, family: front.family(), at: None }).collect()
            }
            ResolvedEnd::Block(block) => {
                self.block(*block, other, Direction::Ingress, trace).into_iter().map(plain).collect()
            }
            ResolvedEnd::Internet => self.internet(other, Direction::Ingress, trace).into_iter().map(plain).collect(),
            ResolvedEnd::Unseen => Vec::new(),
        })
    }

    /// Every member behind a Service, once.
    fn behind(&self, front: &ServiceFront, trace: &mut TraceAnswer) -> Result<Vec<EndMember>, Fault> {
        let Routes { routes, notes, gaps } = routes(self.cluster, || self.directory(), &front.service, &PortAsk::NONE)?;
        trace.notes.extend(notes);
        trace.gaps.extend(gaps);
        let mut members: Vec<EndMember> = Vec::new();
        for backend in routes.into_iter().flat_map(|it| it.backends).filter(|it| it.has(front.family())) {
            if !members.contains(&backend.member) {
                members.push(backend.member);
            }
        }
        Ok(members)
    }

    /// The members that connections go to, each with its own port.
    pub(super) fn targets(
        &self,
        end: &ResolvedEnd,
        other: Option<&ResolvedEnd>,
        port: &PortAsk,
        trace: &mut TraceAnswer,
    ) -> Result<Vec<PairTarget>, Fault> {
        match end {
            ResolvedEnd::One(member) => {
                let members: Vec<EndMember> = unfinished(member, trace).into_iter().collect();
                targets_of(&members, None, port, &trace.to)
            }
            ResolvedEnd::At(member, address) => {
                let mut targets =
                    targets_of(std::slice::from_ref(member), Some(Family::of(*address)), port, &trace.to)?;
                targets.iter_mut().for_each(|it| it.at = Some(*address));
                Ok(targets)
            }
            ResolvedEnd::Pods { members, .. } => {
                let members: Vec<EndMember> = members.iter().cloned().map(EndMember::Pod).collect();
                targets_of(&members, None, port, &trace.to)
            }
            ResolvedEnd::Service(front) => self.through(front, port, trace),
            ResolvedEnd::Block(block) => {
                targets_of(&self.block(*block, other, Direction::Egress, trace), None, port, &trace.to)
            }
            ResolvedEnd::Internet => targets_of(&self.internet(other, Direction::Egress, trace), None, port, &trace.to),
            ResolvedEnd::Unseen => Ok(Vec::new()),
        }
    }

    /// The backends of a Service, each with its own target port (S45).
    ///
    /// Entered at an address, it leads to backends of that family alone.
    fn through(&self, front: &ServiceFront, port: &PortAsk, trace: &mut TraceAnswer) -> Result<Vec<PairTarget>, Fault> {
        let Routes { routes, notes, gaps } = routes(self.cluster, || self.directory(), &front.service, port)?;
        trace.notes.extend(notes);
        trace.gaps.extend(gaps);
        trace.not_ready = routes.iter().map(|it| it.not_ready).sum();
        let mut targets = Vec::new();
        for (at, route) in routes.iter().enumerate() {
            targets.extend(route.backends.iter().filter(|it| it.has(front.family())).map(|it| PairTarget {
                member: it.member.clone(),
                family: it.family.or(front.family()),
                at: None,
                port: it.port.map_or(PairPort::AnyOf(it.protocol), |number| PairPort::One((it.protocol, number))),
                route: Some(at),
                told_node: it.node.clone(),
            }));
        }
        let are_of_another = targets.is_empty() && routes.iter().any(|it| !it.backends.is_empty());
        if let Some(family) = front.family().filter(|_| are_of_another) {
            let what = format!("no backend of {} has an address of {}", front.service.id(), family.as_str());
            trace.gaps.push(Gap::End { what: what.into() });
        }
        trace.routes = routes;
        trace.service = Some(front.service.clone());
        Ok(targets)
    }
}

fn shared_node_port(protocol: Protocol, number: u16, services: &[(&Service, &ServicePort)]) -> Fault {
    let names: Vec<String> = services.iter().map(|it| it.0.id().to_string()).collect();
    let what = format!("{number}/{protocol} is the node port of {}", names.join(" and of "));
    Fault::new(what, "name one of them instead of the node")
}

/// Why these ends may be others than they seem, each reason once.
pub(super) fn unsure_of<'r>(ends: impl IntoIterator<Item = &'r Resolution>) -> Vec<Gap> {
    let mut all: Vec<Gap> = ends.into_iter().filter_map(|it| it.unsure.clone()).collect();
    all.dedup();
    all
}

/// Whether an end was named as one pod, node or address.
fn is_single(end: &ResolvedEnd) -> bool {
    matches!(end, ResolvedEnd::One(_) | ResolvedEnd::At(..))
}

/// The member, unless it is a finished pod, which cannot be asked about (S39).
fn unfinished(member: &EndMember, trace: &mut TraceAnswer) -> Option<EndMember> {
    match member.pod().filter(|it| it.phase().is_finished()) {
        Some(pod) => {
            let what = format!("pod/{} has finished ({})", pod.pod_id(), pod.phase().as_str());
            trace.gaps.push(Gap::End { what: what.into() });
            None
        }
        None => Some(member.clone()),
    }
}

/// These members on the port that was asked for; a name is each pod's own (S24).
fn targets_of(
    members: &[EndMember],
    family: Option<Family>,
    port: &PortAsk,
    to: &AskedEnd,
) -> Result<Vec<PairTarget>, Fault> {
    let target = |member: &EndMember, port| PairTarget {
        member: member.clone(),
        family,
        at: None,
        port,
        route: None,
        told_node: Name::empty(),
    };
    let (name, protocol) = match port {
        PortAsk::Any(None) => return Ok(members.iter().map(|it| target(it, PairPort::Any)).collect()),
        PortAsk::Any(Some(protocol)) => {
            return Ok(members.iter().map(|it| target(it, PairPort::AnyOf(*protocol))).collect());
        }
        PortAsk::Number { number, protocol } => {
            return Ok(members.iter().map(|it| target(it, PairPort::One((*protocol, *number)))).collect());
        }
        PortAsk::Named { name, protocol } => (name, *protocol),
    };
    let mut targets = Vec::new();
    for member in members {
        targets.extend(numbers(member, name, protocol).into_iter().map(|it| target(member, PairPort::One(it))));
    }
    if targets.is_empty() && !members.is_empty() {
        return Err(undeclared(members, name, to));
    }
    Ok(targets)
}

/// The ports that a pod declares under a name, each once (S25).
fn numbers(member: &EndMember, name: &str, protocol: Option<Protocol>) -> Vec<Port> {
    let Some(pod) = member.pod() else { return Vec::new() };
    let fits = pod.ports().iter().filter(|it| it.name == *name && protocol.is_none_or(|wanted| wanted == it.protocol));
    let mut found: Vec<Port> = fits.map(|it| (it.protocol, it.number)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn undeclared(members: &[EndMember], name: &str, to: &AskedEnd) -> Fault {
    let mut names: Vec<&str> =
        members.iter().filter_map(EndMember::pod).flat_map(|it| it.ports().iter()).map(|it| it.name.as_str()).collect();
    names.retain(|it| !it.is_empty());
    names.sort_unstable();
    names.dedup();
    let hint = if names.is_empty() {
        "it declares no named ports: give a number".to_owned()
    } else {
        format!("its named ports are {}", names.join(", "))
    };
    Fault::new(format!("{to} declares no port {name:?}"), hint)
}
