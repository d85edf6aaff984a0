//! How the index follows the cluster, change by change.
//!
//! The law: `build(after)` answers as `build(before)` to which the changes were applied. Building walks the same
//! steps in the order that costs least: namespaces, policies, then pods, so that classes are made once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::namespace_pods::{NamespacePods, PodClasses};
use super::policies::placeholder;
use super::short::Short;
use super::{Index, NO_CLASS, NamespaceEntry, PlaceholderKey};
use crate::kinds::{self, Decides};
use crate::model::cluster::{Cluster, FactChange};
use crate::model::coverage::Coverage;
use crate::model::evidence::Gap;
use crate::model::facts::{Node, Pod, PodNetwork, SharedPod, Workload};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::policy::{GapEffect, Policy, Tier};
use crate::net::ends;
use crate::net::unevaluated::{self, UnevaluatedKind};

/// How many entries may be out of use before building again pays.
const STALE: usize = 4096;

impl Index {
    /// Takes a whole cluster into an empty index.
    pub(super) fn fill(&mut self, cluster: &Cluster) {
        for name in cluster.namespace_names() {
            self.namespace(cluster, &name);
        }
        for policy in cluster.policies.iter().filter(|it| is_believed(cluster, it)) {
            self.add_policy(cluster, policy, None);
        }
        self.renew_placeholders(cluster);
        self.firsts.renew(cluster);
        for pod in cluster.pods.iter() {
            self.put_pod(cluster, pod);
        }
        self.shrink();
        self.seen = self.seen_now();
    }

    /// Follows the changes that [`Cluster::apply`] returned; the cluster is the one after all of them.
    pub fn apply(&mut self, cluster: &Cluster, changes: &[FactChange]) {
        let namespaces = self.namespaces.len();
        let mut is_coverage_new = false;
        self.renew_around(changes);
        for change in changes {
            match change {
                FactChange::Namespace(it) => {
                    if let Some(namespace) = it.after.as_ref().or(it.before.as_ref()) {
                        self.relabel_namespace(cluster, &namespace.meta.name);
                    }
                }
                FactChange::Pod(it) => match (&it.after, &it.before) {
                    (Some(pod), _) => self.put_pod(cluster, pod),
                    (None, Some(pod)) => self.remove_pod(pod),
                    (None, None) => {}
                },
                FactChange::Node(it) => self.renew_node(cluster, it.before.as_deref(), it.after.as_deref()),
                FactChange::Policy(it) => self.replace_policy(cluster, it.before.as_ref(), it.after.as_ref()),
                FactChange::Coverage(_) | FactChange::Readable(_) => is_coverage_new = true,
                FactChange::Workload(it) => self.renew_workload(it.before.as_deref().or(it.after.as_deref())),
                // No policy asks for facts of other sorts.
                _ => {}
            }
        }
        if is_coverage_new {
            self.renew_coverage(cluster);
        } else if self.namespaces.len() != namespaces {
            self.renew_placeholders(cluster);
        }
        if self.is_outdated || self.stale > STALE || self.seen_now() > 2 * self.seen + STALE {
            *self = Self::with(cluster, std::mem::take(&mut self.settings));
        }
    }

    /// Gives back the room that was kept for pods that may come: a listing is complete.
    fn shrink(&mut self) {
        let roomy: Vec<u32> = self.namespaces.iter().filter(|(_, it)| it.pods.is_roomy()).map(|(at, _)| at).collect();
        for namespace in roomy {
            // What a copy of the index shares stays as it is.
            Arc::get_mut(&mut self.namespaces.get_mut(namespace).pods).into_iter().for_each(NamespacePods::shrink);
        }
        self.weights.shrink();
    }

    /// Pods follow the workloads that own them: who belongs together is found anew when asked for.
    fn renew_workload(&mut self, workload: Option<&Workload>) {
        let namespace = workload.and_then(|it| self.namespace_ids.get(&it.namespace));
        if let Some(&namespace) = namespace {
            self.namespaces.get_mut(namespace).workload_groups.take();
        }
    }

    fn seen_now(&self) -> usize {
        self.ports.seen() + self.words.len()
    }

    /// The number of a namespace, entered if it is new.
    pub(super) fn namespace(&mut self, cluster: &Cluster, name: &Name) -> u32 {
        if let Some(&id) = self.namespace_ids.get(name) {
            return id;
        }
        let id = self.namespaces.insert(NamespaceEntry {
            name: name.clone(),
            labels: cluster.namespace_labels(name),
            pods: Arc::default(),
            workload_groups: OnceLock::new(),
            pod_counts: Default::default(),
            classes: Default::default(),
            plain: Default::default(),
            own: Short::default(),
            namespace_selectors: Short::default(),
            policies: Short::default(),
            reads_pods: ends::reads_pods(cluster, name),
            disbelieved: disbelieved(cluster, name),
        });
        Arc::make_mut(&mut self.namespace_ids).insert(name.clone(), id);
        let at = self.in_order.partition_point(|it| self.namespaces.get(*it).name < *name);
        Arc::make_mut(&mut self.in_order).insert(at, id);
        self.link_namespace(id);
        id
    }

    /// Takes a pod in, or what it has become.
    fn put_pod(&mut self, cluster: &Cluster, pod: &SharedPod) {
        let namespace = self.namespace(cluster, pod.namespace());
        let pod_classes = if pod.phase().is_finished() || !self.namespaces.get(namespace).reads_pods {
            PodClasses::NONE
        } else {
            self.classes_of(cluster, namespace, pod)
        };
        pod_classes.classes().for_each(|it| self.enter(it));
        if pod_classes != PodClasses::NONE {
            self.firsts.enter(pod);
        }
        self.namespaces.get_mut(namespace).pod_counts.enter(pod, pod_classes);
        match self.namespaces.get(namespace).pods.place(pod.name()) {
            Some(at) => {
                let before = self.pods_mut(namespace).replace(at, pod.clone(), pod_classes);
                self.leave_row(namespace, before);
            }
            None => self.pods_mut(namespace).enter(pod.clone(), pod_classes),
        }
    }

    fn classes_of(&mut self, cluster: &Cluster, namespace: u32, pod: &Pod) -> PodClasses {
        match pod.network() {
            PodNetwork::Own => {
                let key = self.pod_key(namespace, pod);
                PodClasses { class: self.class(key), host: NO_CLASS }
            }
            PodNetwork::Host => {
                let (own, host) = self.host_keys(cluster, namespace, pod);
                PodClasses { class: self.class(own), host: self.class(host) }
            }
        }
    }

    fn leave_row(&mut self, namespace: u32, (pod, pod_classes): (SharedPod, PodClasses)) {
        self.namespaces.get_mut(namespace).pod_counts.leave(&pod, pod_classes);
        pod_classes.classes().for_each(|it| self.leave(it));
        if pod_classes != PodClasses::NONE {
            self.firsts.leave(&pod);
        }
    }

    fn remove_pod(&mut self, pod: &Pod) {
        let Some(&namespace) = self.namespace_ids.get(pod.namespace()) else { return };
        if let Some(at) = self.namespaces.get(namespace).pods.place(pod.name()) {
            let before = self.pods_mut(namespace).remove(at);
            self.leave_row(namespace, before);
        }
    }

    /// Pods on a node's network follow its labels and addresses.
    fn renew_node(&mut self, cluster: &Cluster, before: Option<&Node>, after: Option<&Node>) {
        let facts = |it: Option<&Node>| it.map(|it| (it.labels.clone(), it.addresses.clone()));
        if facts(before) == facts(after) {
            return;
        }
        let Some(node) = after.or(before) else { return };
        let on_it = |pod: &&SharedPod| pod.network() == PodNetwork::Host && *pod.node() == node.meta.name;
        for pod in cluster.pods.iter().filter(on_it) {
            self.put_pod(cluster, pod);
        }
    }

    /// The new one first, so that what both name is not forgotten in between.
    fn replace_policy(&mut self, cluster: &Cluster, before: Option<&Arc<Policy>>, after: Option<&Arc<Policy>>) {
        let old = before.and_then(|it| self.policy_id(it));
        if let Some(after) = after {
            // Its namespace is known from now on, even if it is not believed yet.
            let home = self.namespace(cluster, &after.meta.namespace);
            // One that a change of coverage will take in anyway must not be taken in twice.
            let was_believed = !self.namespaces.get(home).disbelieved.contains(&after.kind);
            if was_believed && is_believed(cluster, after) {
                self.add_policy(cluster, after, None);
            }
        }
        if let Some(old) = old {
            self.remove_policy(old);
        }
    }

    /// Renews all that rests on what may be read.
    fn renew_coverage(&mut self, cluster: &Cluster) {
        for name in self.namespace_ids.keys().cloned().collect::<BTreeSet<Name>>() {
            self.relabel_namespace(cluster, &name);
            self.renew_pods(cluster, &name);
            self.renew_policies(cluster, &name);
        }
        self.renew_placeholders(cluster);
        self.firsts.renew(cluster);
        self.shrink();
    }

    fn renew_pods(&mut self, cluster: &Cluster, name: &Name) {
        let namespace = self.namespace(cluster, name);
        let reads = ends::reads_pods(cluster, name);
        if self.namespaces.get(namespace).reads_pods != reads {
            self.namespaces.get_mut(namespace).reads_pods = reads;
            cluster.pods.of(name).iter().for_each(|it| self.put_pod(cluster, it));
        }
    }

    fn renew_policies(&mut self, cluster: &Cluster, name: &Name) {
        let namespace = self.namespace(cluster, name);
        let disbelieved = disbelieved(cluster, name);
        if self.namespaces.get(namespace).disbelieved == disbelieved {
            return;
        }
        self.namespaces.get_mut(namespace).disbelieved = disbelieved;
        let held: Vec<u32> = self.namespaces.get(namespace).policies.to_vec();
        let is_object = |it: &u32| {
            let entry = self.policies.get(*it);
            entry.gap.is_none() && kinds::is_evaluated(entry.policy.kind)
        };
        let gone: Vec<u32> = held.into_iter().filter(is_object).collect();
        gone.into_iter().for_each(|it| self.remove_policy(it));
        let policies = cluster.policies.of(name).iter();
        for policy in policies.filter(|it| kinds::is_evaluated(it.kind) && is_believed(cluster, it)) {
            self.add_policy(cluster, policy, None);
        }
    }

    /// Lets the placeholders be those of what cannot be read now.
    ///
    /// One of them may be the first to name a namespace, which then needs placeholders of its own.
    fn renew_placeholders(&mut self, cluster: &Cluster) {
        let mut known = usize::MAX;
        while known != self.namespaces.len() {
            known = self.namespaces.len();
            self.renew_known_placeholders(cluster);
        }
    }

    fn renew_known_placeholders(&mut self, cluster: &Cluster) {
        let wanted = self.wanted_placeholders(cluster);
        for (key, id) in self.placeholders.as_ref().clone() {
            let keeps = wanted.get(&key).is_some_and(|(_, gap)| self.policies.get(id).gap.as_deref() == Some(gap));
            if !keeps {
                self.remove_policy(id);
                Arc::make_mut(&mut self.placeholders).remove(&key);
            }
        }
        for (key, (policy, gap)) in wanted {
            if !self.placeholders.contains_key(&key) {
                let id = self.add_policy(cluster, &Arc::new(policy), Some(gap));
                Arc::make_mut(&mut self.placeholders).insert(key, id);
            }
        }
    }

    fn wanted_placeholders(&self, cluster: &Cluster) -> BTreeMap<PlaceholderKey, (Policy, Gap)> {
        let mut placeholders = BTreeMap::new();
        let of = |kind: Kind, namespace: &Name| ObjectId::new(kind, namespace.clone(), "");
        let namespaces = self.namespaces.iter().map(|(_, it)| &it.name).filter(|it| !it.is_empty());
        let names: Vec<&Name> = namespaces.collect();
        for (kind, tier) in rules() {
            for name in &names {
                let coverage = cluster.coverage.of(kind, name);
                if !coverage.is_complete() {
                    let policy = placeholder(of(kind, name), tier, GapEffect::Anything, false);
                    let gap = uncovered(kind, name, coverage);
                    placeholders.insert(((*name).clone(), kind.to_string()), (policy, gap));
                }
            }
        }
        for id in cluster.unreadable.iter() {
            let (tier, effect) = match unevaluated::find(id.kind) {
                Some(kind) => (kind.tier, kind.effect),
                None => match rules().find(|it| it.0 == id.kind) {
                    Some((_, tier)) => (tier, GapEffect::Anything),
                    None => continue,
                },
            };
            let is_about_all = unevaluated::find(id.kind).is_some_and(|it| it.is_about_all(&id.namespace));
            let policy = placeholder(id.clone(), tier, effect, is_about_all);
            placeholders.insert((id.namespace.clone(), id.to_string()), (policy, Gap::Unreadable(id.clone())));
        }
        for kind in unevaluated::kinds() {
            for (namespace, coverage) in holes(cluster, &kind, &names) {
                let is_about_all = kind.is_about_all(&namespace);
                let policy = placeholder(of(kind.kind, &namespace), kind.tier, kind.effect, is_about_all);
                let gap = uncovered(kind.kind, &namespace, coverage);
                placeholders.insert((namespace, kind.kind.to_string()), (policy, gap));
            }
        }
        placeholders
    }
}

fn uncovered(kind: Kind, namespace: &Name, coverage: &Coverage) -> Gap {
    Gap::Uncovered { kind, namespace: namespace.clone(), coverage: coverage.clone() }
}

/// Where a kind is not fully known: namespaces, or the whole cluster (an empty name).
fn holes<'a>(cluster: &'a Cluster, kind: &UnevaluatedKind, names: &[&Name]) -> Vec<(Name, &'a Coverage)> {
    let found = cluster.coverage.kinds.get(&kind.kind);
    let everywhere = found.map_or(&cluster.coverage.otherwise, |it| &it.everywhere);
    // What a question did not need is missing only where its ends are, and there it was read.
    let is_told_apart = found.is_some_and(|it| !it.namespaces.is_empty()) || *everywhere == Coverage::Unread;
    if kind.is_namespaced && is_told_apart {
        let root = kinds::root(kind.kind).map(Name::from);
        let names: BTreeSet<Name> = names.iter().map(|it| (*it).clone()).chain(root).collect();
        let coverage = names.into_iter().map(|name| (name.clone(), cluster.coverage.of(kind.kind, &name)));
        return coverage.filter(|(_, it)| !it.is_complete()).collect();
    }
    if everywhere.is_complete() { Vec::new() } else { vec![(Name::empty(), everywhere)] }
}

/// The kinds whose rules are evaluated, each with its tier.
fn rules() -> impl Iterator<Item = (Kind, Tier)> {
    kinds::evaluated().filter_map(|it| match it.decides? {
        Decides::Rules(tier) => Some((it.kind, tier)),
        Decides::Unknown(..) | Decides::Nothing => None,
    })
}

/// The kinds of which policies of this namespace are held and no longer believed: since they were read they may not be.
fn disbelieved(cluster: &Cluster, namespace: &str) -> Vec<Kind> {
    let is_forbidden = |it: &Kind| matches!(cluster.coverage.of(*it, namespace), Coverage::Forbidden { .. });
    rules().map(|it| it.0).filter(is_forbidden).collect()
}

fn is_believed(cluster: &Cluster, policy: &Policy) -> bool {
    !disbelieved(cluster, &policy.meta.namespace).contains(&policy.kind)
}
