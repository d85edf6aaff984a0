//! What is kept besides what manifests declare: what somebody expects, and what is allowed today.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::ports::{NeededPort, ranges};
use super::services::{Targets, WhichPorts};
use super::units::NeededPeer;
use super::{BaselineDraft, BaselineScope, JudgedFlow, NeedReason, Undeclared};
use crate::ask::directory::Directory;
use crate::ask::end::{self, AskedEnd, PortAsk};
use crate::ask::entry::ServiceEntry;
use crate::ask::expectation::{Expectation, Numbered, Reaching};
use crate::ask::many::{namespace_of, unit_text};
use crate::ask::resolve::{EndRole, ResolvedEnd, resolve};
use crate::ask::{Fault, Here};
use crate::manifests::ManifestId;
use crate::model::port::{PortSet, Protocol};
use crate::model::service::{Service, ServicePort, ServiceType};
use crate::net::reach::{Granularity, MapRow, Unit};

impl BaselineDraft<'_> {
    /// What expectations say that somebody reaches; others of them ask for nothing.
    ///
    /// # Errors
    /// An end is none, or is proven not to be there.
    pub fn kept(&mut self, wanted: &BaselineScope, here: &Here) -> Result<(), Fault> {
        for numbered in &wanted.keep.0 {
            let Numbered { file, line, expectation } = numbered;
            let at = |fault: Fault| fault.at(format!("{file}:{line}"));
            match expectation {
                Expectation::Connects { from, how: Reaching::Reaches | Reaching::MustReach, to } => {
                    // A flow may be kept on the command line as well.
                    let kind = if file.starts_with('-') { "flag" } else { "file" };
                    let because = NeedReason {
                        object: ManifestId { kind: kind.to_owned(), name: file.clone(), ..ManifestId::default() },
                        place: format!("line {line}"),
                        what: format!("is to be kept: {expectation}"),
                    };
                    self.keep(from, to, &because, here).map_err(at)?;
                }
                other => {
                    let what =
                        format!("{file}:{line}: nothing is kept for {other}: it names no flow that is to be allowed");
                    self.units.notes.insert(what);
                }
            }
        }
        Ok(())
    }

    fn keep(&mut self, from: &str, to: &str, because: &NeedReason, here: &Here) -> Result<(), Fault> {
        let source = end::end(from, &here.namespace)?;
        let (goal, port) = end::end_and_port(to, &here.namespace)?;
        let from = self.sources_of(&source)?;
        let targets = self.targets_of(&goal, EndRole::Goal(&port))?;
        for source in &from {
            for (target, ports) in &targets {
                self.flows.need(*source, *target, ports.iter().cloned(), because);
            }
        }
        Ok(())
    }

    /// Whom an end means; that it is there is proven, as far as it can be known.
    fn resolved(&self, end: &AskedEnd, role: EndRole<'_>) -> Result<ResolvedEnd, Fault> {
        let directory = OnceCell::new();
        let of_all = || directory.get_or_init(|| Directory::of(&self.units.cluster));
        Ok(resolve(&self.units.cluster, of_all, end, role)?.end)
    }

    fn sources_of(&mut self, end: &AskedEnd) -> Result<Vec<NeededPeer>, Fault> {
        Ok(self.targets_of(end, EndRole::Source)?.into_iter().map(|it| it.0).collect())
    }

    fn targets_of(&mut self, end: &AskedEnd, role: EndRole<'_>) -> Result<Targets, Fault> {
        let port = if let EndRole::Goal(port) = role { port } else { &PortAsk::NONE };
        let peers = match end {
            AskedEnd::Internet => ["0.0.0.0/0", "::/0"]
                .map(|it| NeededPeer::Block(it.parse::<IpNet>().expect("it is written as one")))
                .to_vec(),
            AskedEnd::Block(block) => vec![NeededPeer::Block(*block)],
            other => match self.resolved(other, role)? {
                // Nothing connects from a Service's address.
                ResolvedEnd::Service(front) if role == EndRole::Source && front.entry != ServiceEntry::Name => {
                    Vec::new()
                }
                // Names are followed by then: one that is left leads out of the cluster, or back to itself.
                ResolvedEnd::Service(front) if matches!(front.service.service_type, ServiceType::ExternalName(_)) => {
                    Vec::new()
                }
                ResolvedEnd::Service(front) => return Ok(self.of_service(&front.service, port)),
                end => self.peers_of(end),
            },
        };
        Ok(peers.into_iter().map(|it| (it, self.asked(it, port))).collect())
    }

    fn of_service(&mut self, service: &Service, port: &PortAsk) -> Targets {
        let is_meant = |it: &&ServicePort| port.is(it);
        let numbers: BTreeSet<u16> = service.ports.iter().filter(is_meant).map(|it| it.number).collect();
        let which: Vec<WhichPorts> = match port {
            PortAsk::Any(None) => vec![WhichPorts::All],
            PortAsk::Number { number, .. } => vec![WhichPorts::Number(*number)],
            _ => numbers.into_iter().map(WhichPorts::Number).collect(),
        };
        which.iter().filter_map(|it| self.targets(service, it)).flatten().collect()
    }

    fn peers_of(&mut self, end: ResolvedEnd) -> Vec<NeededPeer> {
        let members = match end {
            ResolvedEnd::One(member) | ResolvedEnd::At(member, _) => vec![member],
            ResolvedEnd::Pods { members, .. } => members.into_iter().map(crate::ask::member::EndMember::Pod).collect(),
            ResolvedEnd::Block(block) => return vec![NeededPeer::Block(block)],
            ResolvedEnd::Service(_) | ResolvedEnd::Internet | ResolvedEnd::Unseen => Vec::new(),
        };
        let mut peers = BTreeSet::new();
        for member in members {
            match member.pod() {
                Some(pod) => {
                    let unit = Unit::of_pod(&self.units.cluster, pod);
                    peers.extend(self.units.peers(&unit));
                }
                None => peers.extend(member.addresses().into_iter().map(|it| NeededPeer::Block(IpNet::from(it)))),
            }
        }
        peers.into_iter().collect()
    }

    /// The ports of a question, on what is no Service.
    fn asked(&self, peer: NeededPeer, port: &PortAsk) -> Vec<NeededPort> {
        match port {
            PortAsk::Any(None) => vec![NeededPort::All],
            PortAsk::Any(Some(protocol)) => vec![NeededPort::Range(*protocol, 1, u16::MAX)],
            PortAsk::Number { number, protocol } => vec![NeededPort::number(*protocol, *number)],
            PortAsk::Named { name, protocol } => {
                let named = |it: Protocol| NeededPort::Named(it, name.clone());
                let is_declared =
                    |it: &NeededPort| self.units.pods(peer).iter().any(|pod| !it.of(Some(pod)).is_empty());
                let all = Protocol::ALL.into_iter().filter(|it| protocol.is_none_or(|wanted| wanted == *it));
                all.map(named).filter(is_declared).collect()
            }
        }
    }

    /// Keeps what is allowed between workloads today.
    pub fn current(&mut self, rows: &[MapRow]) {
        for row in rows {
            let (from, to) = (self.units.peers(&row.from), self.units.peers(&row.to));
            let object = ManifestId { kind: "cluster".to_owned(), ..ManifestId::default() };
            let because = NeedReason { object, place: String::new(), what: "is allowed today".to_owned() };
            let ports = ranges(&row.summary.every);
            for from in &from {
                to.iter().for_each(|it| self.flows.need(*from, *it, ports.iter().cloned(), &because));
            }
        }
    }

    /// Who may connect to whom among workloads, where one of them is what the answer is about.
    pub fn rows(&self) -> Vec<MapRow> {
        let units = &self.units;
        let map = units.index.map(&units.cluster, Granularity::Workload, None);
        let is_known = |it: &Unit| units.entries.contains_key(it);
        let is_in_scope = |it: &Unit| namespace_of(it).is_some_and(|it| units.scope.contains(it));
        let is_meant =
            |it: &MapRow| is_known(&it.from) && is_known(&it.to) && (is_in_scope(&it.from) || is_in_scope(&it.to));
        map.rows.into_iter().filter(is_meant).collect()
    }

    /// Pairs of workloads that may connect and that nothing declares.
    pub fn undeclared(&mut self, judged: &[JudgedFlow], rows: Vec<MapRow>) {
        let mut declared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut open: BTreeSet<String> = BTreeSet::new();
        for it in judged {
            match it.from {
                NeededPeer::AllPods | NeededPeer::Everyone => drop(open.insert(self.units.name(it.to))),
                _ => drop(declared.entry(self.units.name(it.from)).or_default().insert(self.units.name(it.to))),
            }
        }
        for row in rows.into_iter().filter(|it| !it.summary.some.is_empty()) {
            let (from, to) = (unit_text(&row.from), unit_text(&row.to));
            let is_declared = open.contains(&to) || declared.get(&from).is_some_and(|it| it.contains(&to));
            if !is_declared {
                let ports = PortSet::clone(&row.summary.some);
                self.baseline.undeclared.push(Undeclared { from: row.from, to: row.to, ports });
            }
        }
    }
}
