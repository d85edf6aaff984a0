//! Which needed flows are allowed today, and at which gates default deny would close them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::ports::NeededPort;
use super::units::{NeededPeer, Units};
use super::{BaselineDraft, NeededFlow};
use crate::ask::pair::PairPort;
use crate::ask::world::SelfCheck;
use crate::ask::{Asker, World};
use crate::model::address::Family;
use crate::model::evidence::Outcome;
use crate::model::facts::SharedPod;
use crate::model::policy::Direction;
use crate::model::port::Protocol;
use crate::net::verdict::{End, Gate, Port as NetPort, Tri};

/// Addresses of nobody's, for what everyone outside may do (RFC 5737, RFC 3849).
const SOMEBODY: [&str; 2] = ["198.51.100.7", "2001:db8::7"];

/// A needed flow, judged as policies are today.
pub(super) struct JudgedFlow {
    pub from: NeededPeer,
    pub to: NeededPeer,
    pub flow: NeededFlow,
    /// What denies it.
    pub denied: Option<String>,
    /// Whether a rule must be written for the gate, since default deny would close it.
    pub egress: bool,
    pub ingress: bool,
}

impl BaselineDraft<'_> {
    /// Judges all flows; where gaps are opened, those that policies deny are taken for allowed.
    pub fn judged(&mut self, opens_gaps: bool) -> Vec<JudgedFlow> {
        let flows = std::mem::take(&mut self.flows).0;
        let mut judged = Vec::new();
        for ((from, to), flow) in flows {
            // Of one flow some ports may be allowed and others denied: each is judged by itself.
            let one = |port: &NeededPort| {
                let flow = NeededFlow { ports: [port.clone()].into(), because: flow.because.clone() };
                self.units.judge(from, to, flow, opens_gaps)
            };
            join(&mut judged, flow.ports.iter().map(one));
        }
        judged
    }
}

/// Puts ports together of which the same is true.
fn join(judged: &mut Vec<JudgedFlow>, ports: impl Iterator<Item = JudgedFlow>) {
    let begin = judged.len();
    for it in ports {
        let is_alike = |other: &&mut JudgedFlow| {
            (&other.denied, other.egress, other.ingress) == (&it.denied, it.egress, it.ingress)
        };
        match judged[begin..].iter_mut().find(is_alike) {
            Some(other) => other.flow.ports.extend(it.flow.ports),
            None => judged.push(it),
        }
    }
}

/// One connection that stands for many.
struct Sample<'u> {
    from: End,
    to: End,
    pod: Option<&'u SharedPod>,
}

impl Units<'_> {
    fn judge(&self, from: NeededPeer, to: NeededPeer, flow: NeededFlow, opens_gaps: bool) -> JudgedFlow {
        let denied = self.denied(from, to, &flow);
        let is_denied = |direction| denied.iter().any(|it| it.directions.contains(&direction));
        let closes = |peer, direction| {
            self.is_in_scope(peer) && (self.is_open(peer, direction) || opens_gaps && is_denied(direction))
        };
        let (egress, ingress) = (closes(from, Direction::Egress), closes(to, Direction::Ingress));
        // A gate of a namespace that nothing is written for stays as it is.
        let stays = |peer, direction| is_denied(direction) && !self.is_in_scope(peer);
        let stays = stays(from, Direction::Egress) || stays(to, Direction::Ingress);
        let denied = denied.filter(|_| !opens_gaps || stays).map(|it| it.words);
        let is_kept = denied.is_none();
        JudgedFlow { from, to, flow, denied, egress: egress && is_kept, ingress: ingress && is_kept }
    }

    /// Whether some pod of it is not surely isolated in a direction.
    fn is_open(&self, peer: NeededPeer, direction: Direction) -> bool {
        self.pods(peer).iter().any(|it| {
            let isolation = self.index.isolation(&it.pod_id());
            isolation.is_none_or(|it| match direction {
                Direction::Egress => it.egress != Tri::Yes,
                Direction::Ingress => it.ingress != Tri::Yes,
            })
        })
    }

    /// What denies some of a flow today.
    fn denied(&self, from: NeededPeer, to: NeededPeer, flow: &NeededFlow) -> Option<Denied> {
        let is_whole = matches!(from, NeededPeer::AllPods | NeededPeer::Everyone);
        // Whoever it is asks through a gate of its own: only that of the target is meant.
        if is_whole && self.is_open(to, Direction::Ingress) {
            return None;
        }
        let mut all: Option<Denied> = None;
        for sample in self.samples(from, to) {
            let mut ports = asked(flow, &sample).into_iter();
            let port = ports.find(|it| self.is_denied(&sample, *it, is_whole));
            let Some(denied) = port.and_then(|it| self.why(&sample, it, is_whole)) else { continue };
            match &mut all {
                Some(all) => all.directions.extend(denied.directions),
                None => all = Some(denied),
            }
        }
        all
    }

    fn is_denied(&self, sample: &Sample<'_>, port: Option<NetPort>, is_whole: bool) -> bool {
        match is_whole {
            true => {
                let verdict = self.index.trace(&self.cluster, &sample.from, &sample.to, port);
                verdict.deciding().is_some_and(|it| it.ingress.outcome(port) == Outcome::Deny)
            }
            false => self.index.outcome(&self.cluster, &sample.from, &sample.to, port) == Outcome::Deny,
        }
    }

    fn why(&self, sample: &Sample<'_>, port: Option<NetPort>, is_whole: bool) -> Option<Denied> {
        let verdict = self.index.trace(&self.cluster, &sample.from, &sample.to, port);
        let family = verdict.deciding()?;
        let gates = [&family.egress, &family.ingress];
        let denies =
            |it: &&&Gate| it.outcome(port) == Outcome::Deny && !(is_whole && it.direction == Direction::Egress);
        let denying: Vec<&&Gate> = gates.iter().filter(denies).collect();
        let directions = denying.iter().map(|it| it.direction).collect();
        let words: Vec<String> = denying.iter().map(|it| gate_words(it)).collect();
        Some(Denied { directions, words: words.join("; ") })
    }

    /// Connections that stand for all: one of each pods that are alike.
    fn samples(&self, from: NeededPeer, to: NeededPeer) -> Vec<Sample<'_>> {
        let mut samples = Vec::new();
        let targets: Vec<(End, Option<&SharedPod>)> = match to {
            NeededPeer::Block(block) => vec![(End::Address(block.addr()), None)],
            _ => self.pods(to).iter().map(|it| (End::Pod(it.pod_id()), Some(it))).collect(),
        };
        for (target, pod) in targets {
            for source in self.sources(from, pod) {
                // Of pods that are alike another one asks.
                let source = if source == target { self.twin(from, &source) } else { Some(source) };
                samples.extend(source.map(|from| Sample { from, to: target.clone(), pod }));
            }
        }
        samples
    }

    fn sources(&self, from: NeededPeer, to: Option<&SharedPod>) -> Vec<End> {
        match from {
            NeededPeer::Pods(group) => self.groups[group].pods.iter().map(|it| End::Pod(it.pod_id())).collect(),
            NeededPeer::AllPods => {
                let governed = self.entries.values().filter_map(|it| it.pods.iter().find(|it| it.is_governed()));
                governed.map(|it| End::Pod(it.pod_id())).collect()
            }
            NeededPeer::Everyone => {
                let is_v6 =
                    to.is_some_and(|it| it.addresses().iter().next().is_some_and(|it| Family::of(it) == Family::V6));
                let address: IpAddr = SOMEBODY[usize::from(is_v6)].parse().expect("it is written as one");
                vec![End::Address(address)]
            }
            NeededPeer::Block(block) => vec![End::Address(block.addr())],
        }
    }

    /// Another pod of the same sort; none where it is alone.
    fn twin(&self, peer: NeededPeer, one: &End) -> Option<End> {
        let NeededPeer::Pods(group) = peer else { return None };
        let selection = &self.groups[group].selection;
        let here = self.cluster.pods.of(&selection.namespace).iter();
        let mut alike = here.filter(|it| it.is_governed() && selection.holds(it)).map(|it| End::Pod(it.pod_id()));
        alike.find(|it| it != one)
    }
}

/// The ports to ask for: both ends of each range; `None`: any.
fn asked(flow: &NeededFlow, sample: &Sample<'_>) -> Vec<Option<NetPort>> {
    let mut asked = Vec::new();
    for port in &flow.ports {
        let set = port.of(sample.pod.map(|it| &**it));
        if set.is_all() {
            asked.push(None);
            continue;
        }
        for protocol in Protocol::ALL {
            asked.extend(set.of(protocol).iter().flat_map(|it| [Some((protocol, it.0)), Some((protocol, it.1))]));
        }
    }
    asked.dedup();
    asked
}

/// What keeps a flow from being allowed.
struct Denied {
    directions: BTreeSet<Direction>,
    words: String,
}

/// `ingress: networkpolicy/shop/deny-all selects the pod and no rule allows it`.
fn gate_words(gate: &Gate) -> String {
    let direction = gate.direction.as_str();
    match gate.decided_by() {
        Some(by) => {
            let policy = by.policy.id();
            match by.fit {
                Some(_) => format!("{direction}: {policy} denies it"),
                None => format!("{direction}: {policy} selects the pod, and no rule allows it"),
            }
        }
        None => format!("{direction}: denied"),
    }
}

impl World {
    /// Decides what was judged a second time, where that is wanted (CONTRACT §5).
    pub(super) fn agree(&self, units: &Units<'_>, judged: &[JudgedFlow]) {
        if self.check == SelfCheck::Off {
            return;
        }
        let asker = Asker { cluster: &units.cluster, index: &units.index, ..self.asker() };
        for it in judged {
            for sample in units.samples(it.from, it.to) {
                for port in asked(&it.flow, &sample) {
                    let outcome = units.index.outcome(&units.cluster, &sample.from, &sample.to, port);
                    asker.check(&sample.from, &sample.to, port.map_or(PairPort::Any, PairPort::One), outcome);
                }
            }
        }
    }
}
