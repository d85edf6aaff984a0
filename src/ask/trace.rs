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
use crate::model::facts::Service;
use crate::model::labels::NamespaceMatch;
use crate::model::policy::{Direction, Policy, Rule};
use crate::model::port::Protocol;
use crate::net::reach::Counts;
use crate::net::verdict::Port;
use crate::text::evidence::Evidence;

use super::backends::{Route, Routes, routes};
use super::end::{End, PortAsk};
use super::freshness::as_of;
use super::member::Member;
use super::pair::{Pair, PairPort, Source, Target};
use super::resolve::{Resolved, Whom, resolve};
use super::{Asker, Fault};

/// How many pairs an answer lists with their verdicts; all are counted.
pub const LISTED: usize = 1_000;

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    pub from: End,
    pub to: End,
    pub port: PortAsk,
    /// The Service that `to` is, and its ports that were traced.
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
}

impl Trace {
    pub(super) fn new(from: &End, to: &End, port: &PortAsk) -> Self {
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
        }
    }

    /// Takes in what was learned by resolving one end.
    pub(super) fn take_in(&mut self, end: &Resolved) {
        self.notes.extend(end.notes.iter().cloned());
        self.gaps.extend(end.gaps.iter().cloned());
        if let Whom::Pods { finished, .. } = &end.whom {
            self.finished += finished;
        }
    }

    /// An answer without pairs says why it has none.
    pub(super) fn say_why_empty(&mut self) {
        if self.counts.total() > 0 || !self.gaps.is_empty() {
            return;
        }
        let what = match () {
            () if self.other_node > 0 => "no backend runs on the source's node (internalTrafficPolicy: Local, S52)",
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
pub(super) struct Ends {
    pub sources: Vec<Source>,
    pub targets: Vec<Target>,
    /// Whether each end is one that was named, so that a pod and itself is a question and no noise.
    pub both_single: bool,
}

impl Asker<'_> {
    /// Answers, or says which end or port is none.
    pub fn trace(&self, from: &End, to: &End, port: &PortAsk) -> Result<Trace, Fault> {
        let mut trace = Trace::new(from, to, port);
        let (source, target) = (self.resolve(from)?, self.resolve(to)?);
        let both_single = is_single(&source.whom) && is_single(&target.whom);
        trace.take_in(&source);
        trace.take_in(&target);
        let ends = Ends {
            sources: self.sources(&source.whom, Some(&target.whom), &mut trace)?,
            targets: self.targets(&target.whom, Some(&source.whom), port, &mut trace)?,
            both_single,
        };
        trace.notes.extend(as_of(self.cluster));
        self.judge(&ends, &mut trace);
        trace.say_why_empty();
        if self.tells_prerequisites {
            self.prerequisites(&mut trace);
        }
        Ok(trace)
    }

    /// The parts of a block that every rule which can govern the other end holds or leaves out as a whole.
    fn parts(&self, block: ipnet::IpNet, other: Option<&Whom>, direction: Direction) -> Vec<Member> {
        let part = |(ranges, address): (Vec<_>, _)| Member::Outside(ranges.into(), address);
        let bears =
            |policy: &Policy, rule: &Rule| rule.direction == direction && other.is_none_or(|it| governs(policy, it));
        crate::net::split(self.cluster, block, bears).into_iter().map(part).collect()
    }

    pub(super) fn resolve(&self, end: &End) -> Result<Resolved, Fault> {
        resolve(self.cluster, || self.directory(), end)
    }

    /// The members that connections come from; a block is parted by what governs the other end (by all, without one).
    pub(super) fn sources(&self, whom: &Whom, other: Option<&Whom>, trace: &mut Trace) -> Result<Vec<Source>, Fault> {
        let plain = |member: Member| Source { member, family: None };
        Ok(match whom {
            Whom::One(member) => unfinished(member, trace).into_iter().map(plain).collect(),
            Whom::At(member, address) => vec![Source { member: member.clone(), family: Some(Family::of(*address)) }],
            Whom::Pods { members, .. } => members.iter().map(|it| plain(Member::Pod(it.clone()))).collect(),
            Whom::Service(service) => self.behind(service, trace)?.into_iter().map(plain).collect(),
            Whom::Block(block) => self.parts(*block, other, Direction::Ingress).into_iter().map(plain).collect(),
            Whom::Unseen => Vec::new(),
        })
    }

    /// Every member behind a Service, once.
    fn behind(&self, service: &Arc<Service>, trace: &mut Trace) -> Result<Vec<Member>, Fault> {
        let Routes { routes, notes, gaps } = routes(self.cluster, || self.directory(), service, &PortAsk::NONE)?;
        trace.notes.extend(notes);
        trace.gaps.extend(gaps);
        let mut members: Vec<Member> = Vec::new();
        for backend in routes.into_iter().flat_map(|it| it.backends) {
            if !members.contains(&backend.member) {
                members.push(backend.member);
            }
        }
        Ok(members)
    }

    /// The members that connections go to, each with its own port.
    pub(super) fn targets(
        &self,
        whom: &Whom,
        other: Option<&Whom>,
        port: &PortAsk,
        trace: &mut Trace,
    ) -> Result<Vec<Target>, Fault> {
        match whom {
            Whom::One(member) => {
                let members: Vec<Member> = unfinished(member, trace).into_iter().collect();
                targets_of(&members, None, port, &trace.to)
            }
            Whom::At(member, address) => {
                targets_of(std::slice::from_ref(member), Some(Family::of(*address)), port, &trace.to)
            }
            Whom::Pods { members, .. } => {
                let members: Vec<Member> = members.iter().cloned().map(Member::Pod).collect();
                targets_of(&members, None, port, &trace.to)
            }
            Whom::Service(service) => self.through(service, port, trace),
            Whom::Block(block) => targets_of(&self.parts(*block, other, Direction::Egress), None, port, &trace.to),
            Whom::Unseen => Ok(Vec::new()),
        }
    }

    /// The backends of a Service, each with its own target port (S45).
    fn through(&self, service: &Arc<Service>, port: &PortAsk, trace: &mut Trace) -> Result<Vec<Target>, Fault> {
        let Routes { routes, notes, gaps } = routes(self.cluster, || self.directory(), service, port)?;
        trace.notes.extend(notes);
        trace.gaps.extend(gaps);
        trace.not_ready = routes.iter().map(|it| it.not_ready).sum();
        let mut targets = Vec::new();
        for (at, route) in routes.iter().enumerate() {
            targets.extend(route.backends.iter().map(|it| Target {
                member: it.member.clone(),
                family: it.family,
                port: it.port.map_or(PairPort::AnyOf(it.protocol), |number| PairPort::One((it.protocol, number))),
                route: Some(at),
            }));
        }
        trace.routes = routes;
        trace.service = Some(service.clone());
        Ok(targets)
    }
}

/// Whether a policy can govern pods of this end: it is in their namespace, or of the cluster as a whole.
fn governs(policy: &Policy, whom: &Whom) -> bool {
    let NamespaceMatch::Own(home) = &policy.target.namespaces else { return true };
    match whom {
        Whom::One(member) | Whom::At(member, _) => member.pod().is_some_and(|it| it.namespace() == home),
        Whom::Pods { members, .. } => members.iter().any(|it| it.namespace() == home),
        Whom::Service(service) => service.meta.namespace == *home,
        Whom::Block(_) | Whom::Unseen => false,
    }
}

/// Whether an end was named as one pod, node or address.
fn is_single(whom: &Whom) -> bool {
    matches!(whom, Whom::One(_) | Whom::At(..))
}

/// The member, unless it is a finished pod, which cannot be asked about (S39).
fn unfinished(member: &Member, trace: &mut Trace) -> Option<Member> {
    match member.pod().filter(|it| it.mold.phase.is_finished()) {
        Some(pod) => {
            let what = format!("pod/{} has finished ({})", pod.pod_id(), pod.mold.phase.as_str());
            trace.gaps.push(Gap::End { what: what.into() });
            None
        }
        None => Some(member.clone()),
    }
}

/// These members on the port that was asked for; a name is each pod's own (S24).
fn targets_of(members: &[Member], family: Option<Family>, port: &PortAsk, to: &End) -> Result<Vec<Target>, Fault> {
    let target = |member: &Member, port| Target { member: member.clone(), family, port, route: None };
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
fn numbers(member: &Member, name: &str, protocol: Option<Protocol>) -> Vec<Port> {
    let Some(pod) = member.pod() else { return Vec::new() };
    let fits =
        pod.mold.ports.iter().filter(|it| it.name == *name && protocol.is_none_or(|wanted| wanted == it.protocol));
    let mut found: Vec<Port> = fits.map(|it| (it.protocol, it.number)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn undeclared(members: &[Member], name: &str, to: &End) -> Fault {
    let mut names: Vec<&str> =
        members.iter().filter_map(Member::pod).flat_map(|it| it.mold.ports.iter()).map(|it| it.name.as_str()).collect();
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
