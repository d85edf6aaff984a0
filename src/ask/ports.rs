//! The ports that an end offers, to pick one from: a Service's own first, then what containers declare.

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::model::port::Protocol;

use super::end::{AskedEnd, PortAsk};
use super::entry::ServiceFront;
use super::member::EndMember;
use super::resolve::{EndRole, ResolvedEnd, resolve};
use super::{Asker, Fault};

/// One port to choose.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PortChoice {
    pub number: u16,
    pub protocol: Protocol,
    /// Empty when unnamed.
    pub name: Name,
}

impl PortChoice {
    /// As a question asks for it.
    pub fn ask(&self) -> PortAsk {
        PortAsk::Number { number: self.number, protocol: self.protocol }
    }
}

impl Asker<'_> {
    /// The ports that an end offers: of a Service those that it lists, of pods those that any container declares.
    pub fn ports(&self, end: &AskedEnd) -> Result<Vec<PortChoice>, Fault> {
        let found = resolve(self.cluster, || self.directory(), end, EndRole::Goal(&PortAsk::NONE))?;
        Ok(match found.end {
            ResolvedEnd::Service(ServiceFront { service, .. }) => {
                let choice = |it: &crate::model::facts::ServicePort| PortChoice {
                    number: it.number,
                    protocol: it.protocol,
                    name: it.name.clone(),
                };
                service.ports.iter().map(choice).collect()
            }
            ResolvedEnd::One(EndMember::Node(_)) | ResolvedEnd::At(EndMember::Node(_), _) => self.node_ports(),
            ResolvedEnd::One(member) | ResolvedEnd::At(member, _) => declared(&[member]),
            ResolvedEnd::Pods { members, .. } => declared(&members.into_iter().map(EndMember::Pod).collect::<Vec<_>>()),
            ResolvedEnd::Block(_) | ResolvedEnd::Internet | ResolvedEnd::Unseen => Vec::new(),
        })
    }

    /// The ports at which every node takes in Services.
    fn node_ports(&self) -> Vec<PortChoice> {
        let services = self.cluster.services.iter().filter(|it| it.has_node_ports());
        let choice = |it: &crate::model::facts::ServicePort| {
            Some(PortChoice { number: it.node_port?, protocol: it.protocol, name: it.name.clone() })
        };
        let choices: BTreeSet<PortChoice> = services.flat_map(|it| it.ports.iter().filter_map(choice)).collect();
        choices.into_iter().collect()
    }
}

fn declared(members: &[EndMember]) -> Vec<PortChoice> {
    let ports = members.iter().filter_map(EndMember::pod).flat_map(|it| it.ports().iter());
    let choices: BTreeSet<PortChoice> =
        ports.map(|it| PortChoice { number: it.number, protocol: it.protocol, name: it.name.clone() }).collect();
    choices.into_iter().collect()
}
