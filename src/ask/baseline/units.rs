//! Who needs and is needed: workloads with their pods, and those that stand for pods to come.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::selection::{LabelSelection, selection};
use super::{BaselineScope, DnsServers};
use crate::ask::World;
use crate::ask::many::{namespace_of, unit_text};
use crate::kinds::{self, Intern};
use crate::manifests::{ManifestId, Manifests, ToldTemplate, unit_of};
use crate::model::cluster::{Cluster, Delta};
use crate::model::facts::{Pod, PodNetwork, SharedPod};
use crate::model::id::Kind;
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::net;
use crate::net::reach::Unit;

/// One end of a needed flow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum NeededPeer {
    /// Pods that a selector selects: a number of [`Units::groups`].
    Pods(usize),
    AllPods,
    Everyone,
    Block(IpNet),
}

/// Whose the pods of a group are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum GroupOwner {
    /// Those of a workload, or some of them.
    Unit(Unit),
    /// The servers of the cluster's DNS, where they are not known to be one workload.
    Dns,
}

impl GroupOwner {
    /// What they are called.
    pub fn name(&self, selection: &LabelSelection) -> String {
        match self {
            GroupOwner::Unit(unit) => unit_text(unit),
            GroupOwner::Dns => format!("pods {} of {}", selection.words(), selection.namespace),
        }
    }
}

/// Pods that a selector selects.
pub(super) struct SelectedPods {
    pub whose: GroupOwner,
    /// What it is called: its workload, mostly.
    pub name: String,
    pub selection: LabelSelection,
    /// Pods that policies select, one of those that are alike.
    pub pods: Vec<SharedPod>,
    /// Workloads that this selector cannot leave out.
    pub alike: BTreeSet<String>,
}

/// A workload.
pub(super) struct WorkloadEntry<'a> {
    pub unit: Unit,
    pub namespace: Name,
    /// Its running pods, or the one that it would make.
    pub pods: Vec<SharedPod>,
    pub template: Option<(&'a ManifestId, &'a ToldTemplate)>,
}

/// All workloads of a cluster in which each has a pod at least.
pub(super) struct Units<'a> {
    pub cluster: Arc<Cluster>,
    pub index: net::Index,
    /// The namespaces that policies are written for.
    pub scope: BTreeSet<Name>,
    pub entries: BTreeMap<Unit, WorkloadEntry<'a>>,
    pub groups: Vec<SelectedPods>,
    numbers: BTreeMap<LabelSelection, usize>,
    /// By workload: its own group.
    own: BTreeMap<Unit, usize>,
    pub dns: DnsServers,
    /// Whether some pod of it is there.
    pub is_dns_known: bool,
    pub notes: BTreeSet<String>,
}

impl<'a> Units<'a> {
    pub fn of(world: &World, manifests: &'a Manifests, wanted: &BaselineScope) -> Self {
        let mut cluster = world.cluster.clone();
        let templates = templates(manifests);
        let mut entries = entries(&cluster, &templates);
        for entry in entries.values_mut().filter(|it| it.pods.is_empty()) {
            entry.pods.extend(entry.template.and_then(|(object, it)| would_be(&mut cluster, object, it, &entry.unit)));
        }
        let has_workloads = entries.values().map(|it| it.namespace.clone()).collect();
        let scope = match wanted.namespaces.as_slice() {
            [] => has_workloads,
            some => some.iter().cloned().collect(),
        };
        let is_dns_known = !phantom(&mut cluster, &wanted.dns);
        let index = net::Index::with(&cluster, world.settings.clone());
        let (groups, numbers, own, notes) = Default::default();
        let dns = wanted.dns.clone();
        Self { cluster: cluster.into(), index, scope, entries, groups, numbers, own, dns, is_dns_known, notes }
    }

    /// What an end is called.
    pub fn name(&self, peer: NeededPeer) -> String {
        match peer {
            NeededPeer::Pods(group) => self.groups[group].name.clone(),
            NeededPeer::AllPods => "all pods".to_owned(),
            NeededPeer::Everyone => "everyone".to_owned(),
            NeededPeer::Block(block) if block.prefix_len() == block.max_prefix_len() => block.addr().to_string(),
            NeededPeer::Block(block) => block.to_string(),
        }
    }

    /// The pods of an end; none of what are not known.
    pub fn pods(&self, peer: NeededPeer) -> &[SharedPod] {
        match peer {
            NeededPeer::Pods(group) => &self.groups[group].pods,
            NeededPeer::AllPods | NeededPeer::Everyone | NeededPeer::Block(_) => &[],
        }
    }

    /// Whether policies are written for an end.
    pub fn is_in_scope(&self, peer: NeededPeer) -> bool {
        matches!(peer, NeededPeer::Pods(group) if self.scope.contains(&self.groups[group].selection.namespace))
    }

    /// The pods of a selector as a group.
    pub fn group(&mut self, whose: GroupOwner, selection: LabelSelection, alike: BTreeSet<String>) -> NeededPeer {
        if let Some(number) = self.numbers.get(&selection) {
            return NeededPeer::Pods(*number);
        }
        let mut pods: Vec<SharedPod> = Vec::new();
        let here = self.cluster.pods.of(&selection.namespace).iter();
        for pod in here.filter(|it| it.is_governed() && selection.holds(it)) {
            if !pods.iter().any(|it| it.held_labels() == pod.held_labels() && it.ports() == pod.ports()) {
                pods.push(pod.clone());
            }
        }
        let number = self.groups.len();
        self.numbers.insert(selection.clone(), number);
        let name = whose.name(&selection);
        self.groups.push(SelectedPods { whose, name, selection, pods, alike });
        NeededPeer::Pods(number)
    }

    /// A workload's own pods, and its nodes where they are on the host network.
    pub fn peers(&mut self, unit: &Unit) -> Vec<NeededPeer> {
        let Some(entry) = self.entries.get(unit) else { return Vec::new() };
        let hosts: Vec<SharedPod> = entry.pods.iter().filter(|it| it.network() == PodNetwork::Host).cloned().collect();
        let mut peers = self.hosts(&unit_text(unit), &hosts);
        if self.entries[unit].pods.iter().any(|it| it.is_governed()) {
            peers.push(self.own(unit));
        }
        peers
    }

    /// The nodes of pods on the host network: policies know them by their addresses alone (S37).
    pub fn hosts(&mut self, name: &str, pods: &[SharedPod]) -> Vec<NeededPeer> {
        let addresses: BTreeSet<IpAddr> =
            pods.iter().flat_map(|it| it.addresses().iter().collect::<Vec<_>>()).collect();
        if addresses.is_empty() && !pods.is_empty() {
            self.notes.insert(format!(
                "{name} is on the host network and its nodes' addresses are not known here: policies cannot name it"
            ));
        }
        addresses.into_iter().map(|it| NeededPeer::Block(IpNet::from(it))).collect()
    }

    fn own(&mut self, unit: &Unit) -> NeededPeer {
        if let Some(group) = self.own.get(unit) {
            return NeededPeer::Pods(*group);
        }
        let entry = &self.entries[unit];
        let governed: Vec<SharedPod> = entry.pods.iter().filter(|it| it.is_governed()).cloned().collect();
        let own: BTreeSet<_> = governed.iter().map(|it| it.pod_id()).collect();
        let here = self.cluster.pods.of(&entry.namespace).iter();
        let others: Vec<SharedPod> =
            here.filter(|it| it.is_governed() && !own.contains(&it.pod_id())).cloned().collect();
        let none = BTreeMap::new();
        let (labels, selector) = entry.template.map_or((&none, &none), |(_, it)| (&it.labels, &it.selector));
        let (selection, alike) = selection(&entry.namespace, &governed, labels, selector, &others);
        let alike = alike.iter().map(|it| unit_text(&Unit::of_pod(&self.cluster, it))).collect();
        let peer = self.group(GroupOwner::Unit(unit.clone()), selection, alike);
        if let NeededPeer::Pods(number) = peer {
            self.own.insert(unit.clone(), number);
        }
        peer
    }

    /// The pods that these labels of a namespace select, workload by workload.
    pub fn selected(&mut self, namespace: &Name, is_selected: &dyn Fn(&Pod) -> bool) -> Vec<(Unit, Vec<SharedPod>)> {
        let mut found: BTreeMap<Unit, Vec<SharedPod>> = BTreeMap::new();
        for pod in self.cluster.pods.of(namespace) {
            if !pod.phase().is_finished() && is_selected(pod) {
                found.entry(Unit::of_pod(&self.cluster, pod)).or_default().push(pod.clone());
            }
        }
        found.into_iter().collect()
    }

    /// Some pods of a workload: all of them where these labels hold for all.
    pub fn part(&mut self, unit: &Unit, pods: &[SharedPod], labels: &Labels) -> Vec<NeededPeer> {
        let hosts: Vec<SharedPod> = pods.iter().filter(|it| it.network() == PodNetwork::Host).cloned().collect();
        let mut peers = self.hosts(&unit_text(unit), &hosts);
        if hosts.len() == pods.len() || !self.entries.contains_key(unit) {
            return peers;
        }
        let NeededPeer::Pods(own) = self.own(unit) else { return peers };
        let holds = |it: &SharedPod| it.labels().hold(labels);
        if self.groups[own].pods.iter().all(holds) && self.entries[unit].pods.iter().all(holds) {
            peers.push(NeededPeer::Pods(own));
            return peers;
        }
        let mut selection = self.groups[own].selection.clone();
        selection.labels.extend(labels.iter().map(|(key, value)| (key.clone(), value.clone())));
        let alike = self.groups[own].alike.clone();
        peers.push(self.group(GroupOwner::Unit(unit.clone()), selection, alike));
        peers
    }
}

/// Each template by the workload whose pods it makes; of several the first.
fn templates(manifests: &Manifests) -> BTreeMap<Unit, (&ManifestId, &ToldTemplate)> {
    let mut templates = BTreeMap::new();
    for (object, template) in &manifests.templates {
        templates.entry(unit_of(object, template)).or_insert((object, template));
    }
    templates
}

fn entries<'a>(
    cluster: &Cluster,
    templates: &BTreeMap<Unit, (&'a ManifestId, &'a ToldTemplate)>,
) -> BTreeMap<Unit, WorkloadEntry<'a>> {
    let mut entries: BTreeMap<Unit, WorkloadEntry<'a>> = BTreeMap::new();
    let entry = |unit: Unit| {
        let namespace = namespace_of(&unit).cloned().unwrap_or_default();
        WorkloadEntry { namespace, pods: Vec::new(), template: templates.get(&unit).copied(), unit }
    };
    for pod in cluster.pods.iter().filter(|it| !it.phase().is_finished()) {
        let unit = Unit::of_pod(cluster, pod);
        entries.entry(unit.clone()).or_insert_with(|| entry(unit)).pods.push(pod.clone());
    }
    let finished = |unit: &Unit| match unit {
        Unit::Pod(id) => cluster.pods.get(&id.namespace, &id.name).is_some(),
        _ => false,
    };
    for unit in templates.keys().filter(|it| !finished(it)) {
        entries.entry(unit.clone()).or_insert_with(|| entry(unit.clone()));
    }
    entries
}

/// Puts in the pod that a workload without pods would make.
fn would_be(cluster: &mut Cluster, object: &ManifestId, template: &ToldTemplate, unit: &Unit) -> Option<SharedPod> {
    let owner = match unit {
        Unit::Workload(it) => Some((it.kind.to_string(), it.name.to_string())),
        _ => None,
    };
    let json = template.pod(object, owner.as_ref().map(|(kind, name)| (kind.as_str(), name.as_str())));
    put_pod(cluster, &json, &object.namespace)
}

/// Where no pod of the cluster's DNS is known, one stands for it; says whether it does.
fn phantom(cluster: &mut Cluster, dns: &DnsServers) -> bool {
    let selection = dns_selection(dns);
    let is_known = cluster.pods.of(&dns.namespace).iter().any(|it| !it.phase().is_finished() && selection.holds(it));
    if !is_known {
        let name = "kreach-cluster-dns";
        let json = serde_json::json!({
            "metadata": {"name": name, "namespace": dns.namespace, "labels": dns.labels},
            "spec": {"containers": []},
        });
        put_pod(cluster, &json, &dns.namespace);
    }
    !is_known
}

/// The pods of the cluster's DNS.
pub(super) fn dns_selection(dns: &DnsServers) -> LabelSelection {
    let labels = dns.labels.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect();
    LabelSelection { namespace: dns.namespace.as_str().into(), labels, lacks: BTreeSet::new() }
}

fn put_pod(cluster: &mut Cluster, json: &serde_json::Value, namespace: &str) -> Option<SharedPod> {
    let spec = kinds::spec(Kind::POD).expect("the table has pods");
    let delta = spec.read_json(&json.to_string(), namespace, &mut Intern::new()).delta()?;
    let Delta::Put(entry) = &delta else { return None };
    let id = entry.fact.id();
    cluster.apply(delta);
    cluster.pods.get(&id.namespace, &id.name).cloned()
}
