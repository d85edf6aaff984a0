//! The sets of labels that policies can tell apart: what somebody would write to be let through.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::labels::{Labels, Operator, Selector};
use crate::model::name::Name;
use crate::model::policy::{PeerMatch, Rule};

/// How many sets of labels are tried for one place.
pub(super) const TRIES: usize = 256;

/// The label keys that policies read of pods, and the values that they tell apart.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<Name, BTreeSet<Name>>);

impl Keys {
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
pub(super) fn sets(keys: &Keys, own: &Labels) -> Vec<Labels> {
    let mut sets: Vec<BTreeMap<Name, Name>> =
        vec![own.iter().map(|(key, value)| (key.clone(), value.clone())).collect()];
    for (key, values) in &keys.0 {
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
    sets.into_iter().map(Labels::new).collect()
}
