//! What workloads need by their own manifests: the Services that they name, and names resolved to reach them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::ports::NeededPort;
use super::services::WhichPorts;
use super::units::{GroupOwner, NeededPeer, dns_selection};
use super::{BaselineDraft, NeedReason, Unresolved, names};
use crate::manifests::mention::{Mention, mentions};
use crate::manifests::{ManifestId, ToldTemplate, ToldText, unit_of};
use crate::model::name::Name;
use crate::model::port::Protocol;
use crate::model::service::{Service, ServicePort};

/// What texts name, each read once: one ConfigMap is brought in by many.
#[derive(Default)]
struct Mentioned(BTreeMap<String, Rc<BTreeSet<Mention>>>);

impl Mentioned {
    fn of(&mut self, text: &str) -> Rc<BTreeSet<Mention>> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let found = Rc::new(mentions(text));
        self.0.insert(text.to_owned(), found.clone());
        found
    }
}

impl BaselineDraft<'_> {
    /// Egress to each Service that a workload names, and to the cluster's DNS.
    pub fn services_named(&mut self) {
        let manifests = self.manifests;
        let (mut mentioned, mut servers) = (Mentioned::default(), None);
        for (object, template) in &manifests.templates {
            let from = self.units.peers(&unit_of(object, template));
            let is_in_scope = self.units.scope.contains(object.namespace.as_str());
            if is_in_scope {
                self.refers(object, template);
            }
            let mut has_egress = false;
            for word in template.words(object, manifests, &|it| self.linked(&object.namespace, it)) {
                for mention in mentioned.of(&word.text).iter() {
                    has_egress |= self.names(&from, &object.namespace, &word, mention, is_in_scope);
                }
            }
            if has_egress {
                let servers = servers.get_or_insert_with(|| self.servers());
                self.resolves(&from, object, servers);
            }
        }
    }

    /// What a kubelet lets `CART_SERVICE_HOST` and `CART_SERVICE_PORT` be in pods of a namespace.
    fn linked(&self, namespace: &str, variable: &str) -> Option<String> {
        let (name, is_host) = match variable.strip_suffix("_SERVICE_HOST") {
            Some(name) => (name, true),
            None => (variable.strip_suffix("_SERVICE_PORT")?, false),
        };
        let is_it = |it: &&Arc<Service>| it.meta.name.to_uppercase().replace('-', "_") == name;
        let service = self.units.cluster.services.of(namespace).iter().find(is_it)?;
        let port = || service.ports.iter().next().map(|it: &ServicePort| it.number.to_string());
        if is_host { Some(service.meta.name.to_string()) } else { port() }
    }

    /// What it refers to and that is not read, or not there.
    fn refers(&mut self, object: &ManifestId, template: &ToldTemplate) {
        for (place, name) in &template.secrets {
            let value = format!("secret/{}/{name}", object.namespace);
            self.baseline.unresolved.push(Unresolved { object: object.clone(), place: place.clone(), value });
        }
        let absent: BTreeSet<&str> = template.absent_config_maps(&object.namespace, self.manifests).collect();
        let told = |it: &&str| format!("{object} brings in configmap/{}/{it}, which is not there", object.namespace);
        self.units.notes.extend(absent.iter().map(told));
    }

    /// A host that a workload names; says whether it needs egress to it.
    fn names(
        &mut self,
        from: &[NeededPeer],
        namespace: &str,
        word: &ToldText,
        mention: &Mention,
        is_in_scope: bool,
    ) -> bool {
        let told = |value: String| Unresolved { object: word.object.clone(), place: word.place.clone(), value };
        let cluster = self.units.cluster.clone();
        match names::whom(&cluster, namespace, mention, &word.key) {
            names::HostMeaning::Service(service) => self.needs(from, service, word, mention),
            names::HostMeaning::Absent if is_in_scope => {
                self.baseline.unresolved.push(told(mention.to_string()));
                false
            }
            names::HostMeaning::Outside if is_in_scope => {
                self.baseline.outside.push(told(mention.to_string()));
                false
            }
            _ => false,
        }
    }

    fn needs(&mut self, from: &[NeededPeer], service: &Service, word: &ToldText, mention: &Mention) -> bool {
        let which = mention.port.map_or(WhichPorts::All, WhichPorts::Number);
        let name = format!("service/{}/{}", service.meta.namespace, service.meta.name);
        let Some(targets) = self.targets(service, &which) else {
            let place = format!("{} {}", word.object, word.place);
            self.units.notes.insert(format!("{place} names {mention}, and {name} has no such port"));
            return false;
        };
        let port = mention.port.map_or_else(|| "all its ports".to_owned(), |it| format!("port {it}"));
        let (object, place) = (word.object.clone(), word.place.clone());
        let because = NeedReason { object, place, what: format!("names {name}, {port}") };
        for (to, ports) in &targets {
            from.iter().for_each(|it| self.flows.need(*it, *to, ports.iter().cloned(), &because));
        }
        // A Service whose pods are not there yet is asked for by name all the same.
        true
    }

    /// Names are asked for over UDP, and over TCP where answers are long.
    fn resolves(&mut self, from: &[NeededPeer], object: &ManifestId, servers: &[NeededPeer]) {
        let what = "resolves the names of Services".to_owned();
        let because = NeedReason { object: object.clone(), place: String::new(), what };
        let ports = [Protocol::Udp, Protocol::Tcp].map(|it| NeededPort::number(it, self.units.dns.port));
        for to in servers {
            from.iter().for_each(|it| self.flows.need(*it, *to, ports.clone(), &because));
        }
    }

    /// The pods of the cluster's DNS, and the nodes of those on the host network.
    fn servers(&mut self) -> Vec<NeededPeer> {
        let selection = dns_selection(&self.units.dns);
        let namespace: Name = selection.namespace.clone();
        let found = self.units.selected(&namespace, &|it| selection.holds(it));
        let hosts: Vec<_> = found.iter().flat_map(|it| &it.1).filter(|it| !it.is_governed()).cloned().collect();
        let whose = match found.as_slice() {
            [(one, _)] if self.units.is_dns_known => GroupOwner::Unit(one.clone()),
            _ => GroupOwner::Dns,
        };
        let name = whose.name(&selection);
        let mut peers = self.units.hosts(&name, &hosts);
        peers.push(self.units.group(whose, selection, BTreeSet::new()));
        peers
    }
}
