//! The sets of labels that policies can tell apart: what somebody would write to be let through.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::cluster::Cluster;
use crate::model::facts::SharedPod;
use crate::model::labels::{Labels, NamespaceMatch, Operator, Selector, SelectorSet};
use crate::model::name::Name;
use crate::model::policy::{Direction, PeerMatch, Rule};

/// How many sets of labels are tried for one place.
pub const TRIES: usize = 256;

/// The label keys that policies read of pods, and the values that they tell apart.
#[derive(Default)]
pub struct LabelSetKeys(BTreeMap<Name, BTreeSet<Name>>);

impl LabelSetKeys {
    /// What decides about a source: who is isolated in its namespace, and whom the target's policies allow.
    pub fn of_source(cluster: &Cluster, namespace: &str, target: Option<&SharedPod>) -> Self {
        let mut keys = LabelSetKeys::default();
        for policy in cluster.policies.of(namespace).iter().filter(|it| it.isolates.egress) {
            keys.read(&policy.target.pods);
        }
        let Some(target) = target else { return keys };
        let policies = cluster.policies.of(target.namespace()).iter();
        for policy in policies.filter(|it| it.isolates.ingress && it.target.pods.matches(&target.labels())) {
            policy.rules_of(Direction::Ingress).for_each(|(_, rule)| keys.read_peers(rule));
        }
        keys
    }

    /// What decides about the target: which policies select it.
    pub fn of_target(cluster: &Cluster, namespace: &str) -> Self {
        let mut keys = LabelSetKeys::default();
        for policy in cluster.policies.of(namespace).iter().filter(|it| it.isolates.ingress) {
            keys.read(&policy.target.pods);
        }
        keys
    }

    /// What policies read of the namespaces of a source and of the target; without a source: of any.
    pub fn of_spaces(cluster: &Cluster, source: Option<&Name>, target: Option<&SharedPod>) -> Self {
        let mut keys = LabelSetKeys::default();
        if let Some(namespace) = source {
            for policy in cluster.policies.of(namespace).iter().filter(|it| it.isolates.egress) {
                policy.rules_of(Direction::Egress).for_each(|(_, rule)| keys.read_spaces(rule));
            }
        }
        let Some(target) = target else { return keys };
        let policies = cluster.policies.of(target.namespace()).iter();
        for policy in policies.filter(|it| it.isolates.ingress && it.target.pods.matches(&target.labels())) {
            policy.rules_of(Direction::Ingress).for_each(|(_, rule)| keys.read_spaces(rule));
        }
        keys
    }

    /// The values of a key that are told apart.
    pub fn values(&self, key: &str) -> Vec<Name> {
        self.0.iter().filter(|(it, _)| *it == key).flat_map(|(_, values)| values.iter().cloned()).collect()
    }

    fn read_spaces(&mut self, rule: &Rule) {
        for peer in rule.peers.iter() {
            if let PeerMatch::Pods(SelectorSet { namespaces: NamespaceMatch::Labels(selector), .. }) = &peer.matches {
                self.read(selector);
            }
        }
    }

    /// Takes in what a selector reads.
    pub fn read(&mut self, selector: &Selector) {
        for it in selector.all_of.iter() {
            let values = self.0.entry(it.key.clone()).or_default();
            match &it.operator {
                Operator::In(all) | Operator::NotIn(all) => values.extend(all.iter().cloned()),
                Operator::Exists => values.extend([Name::from("reach")]),
                Operator::DoesNotExist => {}
            }
        }
    }

    /// Takes in what the peers of a rule read.
    pub fn read_peers(&mut self, rule: &Rule) {
        for peer in rule.peers.iter() {
            if let PeerMatch::Pods(set) = &peer.matches {
                self.read(&set.pods);
            }
        }
    }
}

/// Sets of labels that policies can tell apart, those nearest to what there is first.
pub fn sets(keys: &LabelSetKeys, own: &Labels) -> Vec<Labels> {
    some_sets(keys, own).0
}

/// The same, and whether these are all: beyond [`TRIES`] no further key is varied.
pub fn some_sets(keys: &LabelSetKeys, own: &Labels) -> (Vec<Labels>, bool) {
    let mut sets: Vec<BTreeMap<Name, Name>> =
        vec![own.iter().map(|(key, value)| (key.clone(), value.clone())).collect()];
    let mut keys = keys.0.iter();
    for (key, values) in keys.by_ref() {
        let mut more = Vec::new();
        for set in &sets {
            let mut without = set.clone();
            if without.remove(key).is_some() {
                more.push(without);
            }
            for value in values.iter().filter(|it| set.get(key) != Some(it)) {
                let mut with = set.clone();
                with.insert(key.clone(), value.clone());
                more.push(with);
            }
        }
        sets.extend(more);
        if sets.len() > TRIES {
            break;
        }
    }
    (sets.into_iter().map(Labels::new).collect(), keys.next().is_none())
}
