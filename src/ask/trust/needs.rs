//! What peers rest on, and which writes change that: the rows N10 to N17 of docs/reach.md, read from the policy's side.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Robustness, TrustSort, Trusted};
use crate::escalate::Ground;
use crate::model::address::Block;
use crate::model::cluster::METADATA_NAME;
use crate::model::labels::{Labels, NamespaceMatch, Operator, Requirement, Selector, SelectorSet};
use crate::model::name::Name;
use crate::model::policy::{Peer, PeerMatch, Policy, Rule};
use crate::text::words;

/// A write that changes what is trusted, and where.
#[derive(Clone, Debug)]
pub struct TrustNeed {
    pub write: TrustedWrite,
    pub spaces: Spaces,
    /// Why it is not sure.
    pub doubt: Option<&'static str>,
}

/// What is written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum TrustedWrite {
    /// N10.
    NewPod,
    /// N11, of pods that are there.
    PodLabels,
    /// N14: labels of the pods that the policy selects.
    TargetLabels,
    /// N15, to these labels.
    Template(Selector),
    /// N16.
    NamespaceLabels,
    /// N17, with pods in it.
    NewNamespace,
    /// N50, of this name.
    Policy(Name),
}

/// In which namespaces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Spaces {
    Any,
    These(Arc<BTreeSet<Name>>),
}

impl Spaces {
    /// Whether this is one of them.
    pub fn has(&self, namespace: &Name) -> bool {
        match self {
            Spaces::Any => true,
            Spaces::These(all) => all.contains(namespace),
        }
    }

    fn one(namespace: &Name) -> Self {
        Spaces::These(Arc::new(BTreeSet::from([namespace.clone()])))
    }
}

fn need(write: TrustedWrite, spaces: Spaces) -> TrustNeed {
    TrustNeed { write, spaces, doubt: None }
}

/// Reads what rules trust; what many peers mean alike is looked for once.
pub struct PeerReader<'a> {
    ground: &'a Ground<'a>,
    /// The namespaces that a selector means now.
    meant: RefCell<FxHashMap<Selector, Arc<BTreeSet<Name>>>>,
    /// Those that such names allow.
    named: RefCell<FxHashMap<Selector, Arc<BTreeSet<Name>>>>,
    within: RefCell<FxHashMap<Block, &'static str>>,
}

impl<'a> PeerReader<'a> {
    /// Of a cluster.
    pub fn new(ground: &'a Ground<'a>) -> Self {
        Self { ground, meant: RefCell::default(), named: RefCell::default(), within: RefCell::default() }
    }

    /// What a rule trusts, peer by peer, and the writes that change it.
    pub fn of_rule(&self, rule: &Rule) -> (Vec<Trusted>, Vec<TrustNeed>) {
        let (mut trusts, mut needs) = (Vec::new(), Vec::new());
        for peer in rule.peers.iter() {
            of_peer(self, peer, &mut trusts, &mut needs);
        }
        (trusts, needs)
    }

    /// The namespaces that a peer means now.
    fn spaces(&self, which: &NamespaceMatch) -> Arc<BTreeSet<Name>> {
        match which {
            NamespaceMatch::Own(name) => Arc::new(BTreeSet::from([name.clone()])),
            NamespaceMatch::Labels(selector) => once(&self.meant, selector, || {
                let meant = self.ground.cluster.namespaces.iter().filter(|it| selector.matches(&it.labels));
                Arc::new(meant.map(|it| it.meta.name.clone()).collect())
            }),
        }
    }

    /// The namespaces whose names these allow.
    fn named(&self, names: &Selector) -> Arc<BTreeSet<Name>> {
        let could = |name: &Name| {
            let own = Labels::new([(METADATA_NAME.into(), name.clone())]);
            names.all_of.iter().all(|it| it.matches(&own))
        };
        let all = self.ground.all_namespaces();
        once(&self.named, names, || Arc::new(all.iter().filter(|it| could(it)).cloned().collect()))
    }

    /// That addresses of pods or nodes are in a block.
    fn within(&self, block: &Block) -> &'static str {
        once(&self.within, block, || within(self.ground, |it| block.contains(it)))
    }
}

/// What is known already, or is worked out now.
fn once<K: Clone + Eq + std::hash::Hash, V: Clone>(
    known: &RefCell<FxHashMap<K, V>>,
    key: &K,
    work_out: impl FnOnce() -> V,
) -> V {
    if let Some(found) = known.borrow().get(key) {
        return found.clone();
    }
    let found = work_out();
    known.borrow_mut().insert(key.clone(), found.clone());
    found
}

fn of_peer(read: &PeerReader<'_>, peer: &Peer, trusts: &mut Vec<Trusted>, needs: &mut Vec<TrustNeed>) {
    let mut put = |sort, what: String| trusts.push(Trusted { sort, place: peer.place.clone(), what });
    match &peer.matches {
        PeerMatch::Anyone => put(TrustSort::Anyone, "everybody, outside addresses included".to_owned()),
        PeerMatch::Nodes(selector) => {
            put(TrustSort::NodeLabels, format!("labels {} of nodes", words::selector(selector)))
        }
        PeerMatch::Block(block) => {
            let inside = read.within(block);
            put(TrustSort::Addresses, format!("addresses {}{inside}", words::peer(&peer.matches)));
            if !inside.is_empty() {
                let doubt = Some(
                    "which address a pod gets is not chosen by whoever creates it, unless a network plugin lets them",
                );
                needs.push(TrustNeed { doubt, ..need(TrustedWrite::NewPod, Spaces::Any) });
            }
        }
        PeerMatch::Pods(set) => of_pods(read, set, &mut put, needs),
    }
}

fn of_pods(
    read: &PeerReader<'_>,
    set: &SelectorSet,
    put: &mut dyn FnMut(TrustSort, String),
    needs: &mut Vec<TrustNeed>,
) {
    let spaces = read.spaces(&set.namespaces);
    let place = places(&set.namespaces, spaces.len());
    let spaces = Spaces::These(spaces);
    if set.pods.is_everything() {
        put(TrustSort::Pods, format!("every pod {place}"));
    } else {
        put(TrustSort::PodLabels, format!("labels {} of pods {place}", words::selector(&set.pods)));
        needs.push(need(TrustedWrite::PodLabels, spaces.clone()));
        needs.push(need(TrustedWrite::Template(set.pods.clone()), spaces.clone()));
    }
    needs.push(need(TrustedWrite::NewPod, spaces));
    if let NamespaceMatch::Labels(selector) = &set.namespaces {
        of_namespaces(read, selector, put, needs);
    }
}

fn of_namespaces(
    read: &PeerReader<'_>,
    selector: &Selector,
    put: &mut dyn FnMut(TrustSort, String),
    needs: &mut Vec<TrustNeed>,
) {
    let (names, labels): (Vec<&Requirement>, Vec<&Requirement>) =
        selector.all_of.iter().partition(|it| it.key == METADATA_NAME);
    let of = |all: &[&Requirement]| Selector::new(all.iter().map(|it| (*it).clone()));
    if !names.is_empty() {
        put(TrustSort::NamespaceNames, format!("names of namespaces: {}", words::selector(&of(&names))));
    }
    if !labels.is_empty() {
        put(TrustSort::NamespaceLabels, format!("labels {} of namespaces", words::selector(&of(&labels))));
        needs.push(need(TrustedWrite::NamespaceLabels, Spaces::These(read.named(&of(&names)))));
    }
    let waits = |it: &&Requirement| match &it.operator {
        Operator::In(values) => values.iter().any(|it| read.ground.cluster.namespaces.get("", it).is_none()),
        _ => true,
    };
    if names.iter().all(waits) {
        needs.push(need(TrustedWrite::NewNamespace, Spaces::Any));
    }
}

fn places(which: &NamespaceMatch, count: usize) -> String {
    match which {
        NamespaceMatch::Own(name) => format!("in namespace {name}"),
        NamespaceMatch::Labels(selector) if selector.is_everything() => "in every namespace".to_owned(),
        NamespaceMatch::Labels(selector) => {
            let count = words::count(count as u64, "namespace", "namespaces");
            format!("in namespaces {} ({count} now)", words::selector(selector))
        }
    }
}

/// That addresses of pods or nodes are among these.
fn within(ground: &Ground<'_>, has: impl Fn(std::net::IpAddr) -> bool) -> &'static str {
    if ground.cluster.pods.iter().any(|it| it.addresses().iter().any(&has)) {
        return ", which pods have";
    }
    let is_node = ground.cluster.nodes.iter().any(|it| it.addresses.iter().any(|it| has(*it)));
    if is_node { ", which nodes have" } else { "" }
}

/// What takes a pod out of a policy; `None`: it selects all pods of its namespace.
pub fn of_target(policy: &Policy) -> Option<(Vec<Trusted>, Vec<TrustNeed>)> {
    let selector = &policy.target.pods;
    if selector.is_everything() {
        return None;
    }
    let namespace = &policy.meta.namespace;
    let what = format!("labels {} of pods in namespace {namespace}", words::selector(selector));
    let trusts =
        vec![Trusted { sort: TrustSort::PodLabels, place: crate::model::place::Place::new("spec.podSelector"), what }];
    Some((trusts, vec![need(TrustedWrite::TargetLabels, Spaces::one(namespace))]))
}

/// What undoes the policy, or opens its pods beside it.
pub fn of_itself(policy: &Policy) -> Vec<TrustNeed> {
    vec![need(TrustedWrite::Policy(policy.meta.name.clone()), Spaces::one(&policy.meta.namespace))]
}

/// What would make a rule robust.
pub fn advice(trusts: &[Trusted], robustness: &Robustness) -> Vec<String> {
    let has = |sort| trusts.iter().any(|it| it.sort == sort);
    let mut all = Vec::new();
    if *robustness == Robustness::Administrators {
        return all;
    }
    if has(TrustSort::NamespaceLabels) {
        all.push("select namespaces by kubernetes.io/metadata.name: the API server alone writes that label".to_owned());
    }
    if has(TrustSort::PodLabels) {
        let what =
            "guard the label by a ValidatingAdmissionPolicy, so that only its owner may set it on pods and templates";
        all.push(what.to_owned());
    }
    if has(TrustSort::PodLabels) || has(TrustSort::Pods) {
        all.push(
            "give the trusted clients a namespace of their own, in which few may create or change pods".to_owned(),
        );
    }
    if has(TrustSort::Addresses) && trusts.iter().any(|it| it.what.contains(", which pods")) {
        all.push("select pods by labels: an address is had by whichever pod gets it".to_owned());
    }
    if has(TrustSort::Anyone) {
        all.push("name the peers: an empty list lets everybody pass".to_owned());
    }
    all
}

/// Whether a workload's pods can come to match by labels more.
pub fn is_addable(own: &Labels, selector: &Selector) -> bool {
    let fits = |it: &Requirement| match (own.get(&it.key), &it.operator) {
        (None, Operator::In(_) | Operator::Exists) => true,
        _ => it.matches(own),
    };
    selector.all_of.iter().all(fits)
}
