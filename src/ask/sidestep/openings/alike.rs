//! Which labels policies tell apart: of those that all of them read alike one is tried.

use std::collections::BTreeSet;

use super::super::act::{LabelChange, changed};
use crate::kinds::WRITTEN_POLICY;
use crate::model::cluster::Cluster;
use crate::model::labels::{Labels, NamespaceMatch, Selector, SelectorSet};
use crate::model::name::Name;
use crate::model::policy::{PeerMatch, Policy};

/// The selectors of all policies that may govern either end or name it.
pub struct Readers<'a> {
    /// Those that read labels of pods.
    pub pods: Selectors<'a>,
    /// Those that read labels of namespaces.
    pub spaces: Selectors<'a>,
}

/// Each once.
#[derive(Default)]
pub struct Selectors<'a> {
    all: BTreeSet<&'a Selector>,
    keys: BTreeSet<&'a Name>,
}

impl<'a> Readers<'a> {
    /// Of the policies of these namespaces, and of every other kind than NetworkPolicy: those may govern pods of any.
    pub fn of<'n>(cluster: &'a Cluster, namespaces: impl IntoIterator<Item = &'n Name>) -> Self {
        let mut readers = Self { pods: Selectors::default(), spaces: Selectors::default() };
        let is_plain = |it: &&std::sync::Arc<Policy>| it.kind == WRITTEN_POLICY.kind;
        for namespace in namespaces {
            cluster.policies.of(namespace).iter().filter(is_plain).for_each(|it| readers.read(it));
        }
        cluster.policies.iter().filter(|it| !is_plain(it)).for_each(|it| readers.read(it));
        readers
    }

    fn read(&mut self, policy: &'a Policy) {
        self.add(&policy.target);
        for peer in policy.rules.iter().flat_map(|it| it.peers.iter()) {
            if let PeerMatch::Pods(set) = &peer.matches {
                self.add(set);
            }
        }
    }

    fn add(&mut self, set: &'a SelectorSet) {
        self.pods.add(&set.pods);
        if let NamespaceMatch::Labels(selector) = &set.namespaces {
            self.spaces.add(selector);
        }
    }
}

impl<'a> Selectors<'a> {
    fn add(&mut self, selector: &'a Selector) {
        if self.all.insert(selector) {
            self.keys.extend(selector.all_of.iter().map(|it| &it.key));
        }
    }

    /// Of these changes the first of all that come to the same for every selector, whoever of these is changed.
    pub fn told_apart(&self, owns: impl Iterator<Item = Labels>, changes: Vec<LabelChange>) -> Vec<LabelChange> {
        let owns: BTreeSet<Labels> = owns.map(|it| self.read(&it)).collect();
        let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
        let is_new =
            |it: &LabelChange| seen.insert(owns.iter().flat_map(|own| self.said_of(&changed(own, it))).collect());
        changes.into_iter().filter(is_new).collect()
    }

    /// What of labels is read at all.
    fn read(&self, labels: &Labels) -> Labels {
        let kept = labels.iter().filter(|it| self.keys.contains(it.0));
        Labels::new(kept.map(|(key, value)| (key.clone(), value.clone())))
    }

    fn said_of(&self, labels: &Labels) -> Vec<bool> {
        self.all.iter().map(|it| it.matches(labels)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels::{Operator, Requirement};

    fn selector(key: &str, value: &str) -> Selector {
        let operator = Operator::In([Name::from(value)].into());
        Selector::new([Requirement { key: key.into(), operator }])
    }

    fn set(key: &str, value: &str) -> LabelChange {
        LabelChange::from([(Name::from(key), Some(Name::from(value)))])
    }

    #[test]
    fn of_what_selectors_read_alike_the_first_is_kept_whoever_is_changed() {
        let (web, gold) = (selector("app", "web"), selector("tier", "gold"));
        let mut all = Selectors::default();
        [&web, &gold].into_iter().for_each(|it| all.add(it));
        let changes =
            vec![LabelChange::new(), set("app", "api"), set("app", "web"), set("free", "1"), set("tier", "gold")];
        let labels = |app: &str| Labels::new([(Name::from("app"), Name::from(app))]);
        let told = |owns: Vec<Labels>| all.told_apart(owns.into_iter(), changes.clone());
        assert_eq!(told(vec![labels("db")]), [LabelChange::new(), set("app", "web"), set("tier", "gold")]);
        // To one that is selected another value is one more.
        assert_eq!(told(vec![labels("web")]), [LabelChange::new(), set("app", "api"), set("tier", "gold")]);
        let both = told(vec![labels("db"), labels("web")]);
        assert_eq!(both, [LabelChange::new(), set("app", "api"), set("app", "web"), set("tier", "gold")]);
    }
}
