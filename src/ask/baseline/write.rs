//! The policies themselves: one that denies all for each namespace, and one for each workload that needs something.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::gates::JudgedFlow;
use super::ports::{self, NeededPort};
use super::units::{GroupOwner, NeededPeer, SelectedPods, Units};
use super::{BaselineDraft, NeedReason, WrittenPolicy};
use crate::ask::default_deny::selects_all;
use crate::kinds::written_policy;
use crate::model::cluster::{Cluster, METADATA_NAME};
use crate::model::name::Name;
use crate::model::policy::{Direction, Tier};
use crate::net::reach::Unit;

/// How the policy is called that denies all.
const DENY_ALL: &str = "default-deny-all";
/// What stands before the name of a workload's policy.
const ALLOWS: &str = "allow";
/// Where a policy says what its selector cannot.
const NOTE: &str = "kreach/note";
/// How much of a workload's name stands in that of its policy: 253 letters are all that one may have.
const LONGEST: usize = 200;

/// One rule: the other ends that have the same ports.
#[derive(Default)]
struct WrittenRule {
    peers: BTreeSet<NeededPeer>,
    because: BTreeSet<NeedReason>,
}

/// What a group of pods needs: rules by their ports.
#[derive(Default)]
struct Rules {
    by_direction: [BTreeMap<Vec<NeededPort>, WrittenRule>; 2],
}

impl Rules {
    fn of(&mut self, direction: Direction) -> &mut BTreeMap<Vec<NeededPort>, WrittenRule> {
        &mut self.by_direction[usize::from(direction == Direction::Egress)]
    }
}

impl BaselineDraft<'_> {
    /// Writes what is not there yet.
    pub fn write(&mut self, judged: &[JudgedFlow]) {
        let mut rules: BTreeMap<usize, Rules> = BTreeMap::new();
        for it in judged.iter().filter(|it| it.denied.is_none()) {
            let ends =
                [(it.from, it.to, Direction::Egress, it.egress), (it.to, it.from, Direction::Ingress, it.ingress)];
            // Where others isolate the pods already, what they allow stays allowed, and no more.
            for (own, other, direction, _) in ends.into_iter().filter(|it| it.3) {
                let NeededPeer::Pods(group) = own else { continue };
                let all = rules.entry(group).or_default().of(direction);
                let rule = all.entry(ports::least(&it.flow.ports)).or_default();
                rule.peers.insert(other);
                rule.because.extend(it.flow.because.iter().cloned());
            }
        }
        let mut taken = PolicyNames::of(&self.units.cluster);
        for namespace in self.units.scope.clone() {
            self.baseline.policies.extend(deny_all(&self.units.cluster, &namespace, &mut taken));
        }
        for (group, own) in rules {
            let written = self.allow(group, own, &mut taken);
            self.baseline.policies.push(written);
        }
        self.baseline.policies.sort_by(|a, b| {
            let key = |it: &WrittenPolicy| (it.namespace.clone(), !it.rules.is_empty(), it.name.clone());
            key(a).cmp(&key(b))
        });
    }

    fn allow(&mut self, group: usize, mut own: Rules, taken: &mut PolicyNames) -> WrittenPolicy {
        let units = &self.units;
        let selects = &units.groups[group];
        let namespace = selects.selection.namespace.clone();
        let name = taken.free(&namespace, &policy_name(units, group));
        let (mut spec, mut types, mut rules) = (Map::new(), Vec::new(), Vec::new());
        spec.insert("podSelector".to_owned(), selects.selection.json());
        for direction in [Direction::Ingress, Direction::Egress] {
            let all = std::mem::take(own.of(direction));
            if all.is_empty() {
                continue;
            }
            types.push(written_policy::policy_type(direction));
            let written: Vec<Value> =
                all.iter().map(|(ports, it)| rule(units, &namespace, direction, ports, it)).collect();
            spec.insert(direction.as_str().to_owned(), written.into());
            rules.extend(
                all.into_iter()
                    .map(|(ports, it)| (rule_words(units, direction, &ports, &it), it.because.into_iter().collect())),
            );
        }
        spec.insert("policyTypes".to_owned(), json!(types));
        let mut object = written_policy::policy(&namespace, &name, spec.into());
        if let Some(note) = note(selects) {
            object["metadata"]["annotations"] = json!({NOTE: note});
            self.baseline.notes.push(format!("networkpolicy/{namespace}/{name}: {note}"));
        }
        WrittenPolicy { namespace, name, selects: selects.name.clone(), object, rules }
    }
}

/// Default deny in both directions, for all pods of a namespace and those to come; nothing where that is there.
fn deny_all(cluster: &Cluster, namespace: &Name, taken: &mut PolicyNames) -> Option<WrittenPolicy> {
    let has = |direction| {
        let mut here = cluster.policies.of(namespace).iter().filter(|it| it.tier == Tier::Namespace);
        here.any(|it| selects_all(it, direction) && it.gaps.is_empty())
    };
    if has(Direction::Ingress) && has(Direction::Egress) {
        return None;
    }
    let name = taken.free(namespace, DENY_ALL);
    let spec = written_policy::isolating(json!({}), &Direction::ALL);
    let (object, selects) = (written_policy::policy(namespace, &name, spec), format!("all pods of {namespace}"));
    Some(WrittenPolicy { namespace: namespace.clone(), name, selects, object, rules: Vec::new() })
}

/// What a selector cannot say.
fn note(selects: &SelectedPods) -> Option<String> {
    let mut parts = Vec::new();
    if selects.selection.labels.is_empty() {
        let keys = &selects.selection.lacks;
        let whom = match keys.is_empty() {
            true => "every pod of the namespace".to_owned(),
            false => {
                let keys: Vec<&str> = keys.iter().map(Name::as_str).collect();
                format!("every pod of the namespace without {}", keys.join(", "))
            }
        };
        parts.push(format!(
            "the pods of {} have no labels and cannot be selected alone: this selects {whom}",
            selects.name
        ));
    }
    if !selects.alike.is_empty() {
        let alike: Vec<&str> = selects.alike.iter().map(String::as_str).collect();
        parts.push(format!(
            "this selects the pods of {} too: they have all labels of {}",
            alike.join(", "),
            selects.name
        ));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// `allow-web`; with the kind where two workloads of a namespace are called so.
fn policy_name(units: &Units<'_>, group: usize) -> String {
    let selects = &units.groups[group];
    let Some((kind, name)) = called(&selects.whose) else { return format!("{ALLOWS}-cluster-dns") };
    let is_twin = |it: &SelectedPods| {
        let is_so_called = called(&it.whose).is_some_and(|it| it.1 == name);
        it.selection.namespace == selects.selection.namespace && it.whose != selects.whose && is_so_called
    };
    // Room for a kind and a number in what a name may be long.
    let name: String = name.chars().take(LONGEST).collect();
    let name = name.trim_end_matches(['.', '-']);
    match units.groups.iter().any(is_twin) {
        true => format!("{ALLOWS}-{name}-{}", kind.to_lowercase()),
        false => format!("{ALLOWS}-{name}"),
    }
}

/// The kind and the name of a workload or of a pod.
fn called(whose: &GroupOwner) -> Option<(String, String)> {
    match whose {
        GroupOwner::Unit(Unit::Workload(it)) => Some((it.kind.to_string(), it.name.to_string())),
        GroupOwner::Unit(Unit::Pod(it)) => Some(("pod".to_owned(), it.name.to_string())),
        GroupOwner::Unit(Unit::Namespace(_) | Unit::Nodes(_) | Unit::Outside(_)) | GroupOwner::Dns => None,
    }
}

fn rule(units: &Units<'_>, namespace: &Name, direction: Direction, ports: &[NeededPort], rule: &WrittenRule) -> Value {
    let mut written = Map::new();
    // An absent list is everyone.
    if !rule.peers.contains(&NeededPeer::Everyone) {
        let peers: Vec<Value> = least(&rule.peers).into_iter().map(|it| peer(units, namespace, it)).collect();
        written.insert(written_policy::peers_key(direction).to_owned(), peers.into());
    }
    let ports: Vec<Value> = ports.iter().flat_map(NeededPort::json).collect();
    if !ports.is_empty() {
        written.insert("ports".to_owned(), ports.into());
    }
    written.into()
}

/// Peers without those that all pods hold.
fn least(peers: &BTreeSet<NeededPeer>) -> Vec<NeededPeer> {
    let is_held = |it: &&NeededPeer| peers.contains(&NeededPeer::AllPods) && matches!(it, NeededPeer::Pods(_));
    peers.iter().filter(|it| !is_held(it)).copied().collect()
}

fn peer(units: &Units<'_>, namespace: &Name, peer: NeededPeer) -> Value {
    match peer {
        NeededPeer::Pods(group) => {
            let selection = &units.groups[group].selection;
            let mut written = Map::new();
            if selection.namespace != *namespace {
                let labels = json!({METADATA_NAME: selection.namespace.as_str()});
                written.insert("namespaceSelector".to_owned(), json!({"matchLabels": labels}));
            }
            written.insert("podSelector".to_owned(), selection.json());
            written.into()
        }
        NeededPeer::AllPods | NeededPeer::Everyone => json!({"namespaceSelector": {}}),
        NeededPeer::Block(block) => written_policy::block(block, &[]),
    }
}

/// `egress to deployment/shop/cart: TCP 7070`.
fn rule_words(units: &Units<'_>, direction: Direction, ports: &[NeededPort], rule: &WrittenRule) -> String {
    let names: Vec<String> = rule.peers.iter().map(|it| units.name(*it)).collect();
    let way = written_policy::peers_key(direction);
    let names = crate::text::words::listed(&names);
    format!("{} {way} {names}: {}", direction.as_str(), ports::words(ports))
}

/// The names of policies that are there, by namespace: nothing is ever replaced.
struct PolicyNames(BTreeSet<(Name, String)>);

impl PolicyNames {
    fn of(cluster: &Cluster) -> Self {
        Self(cluster.policies.iter().map(|it| (it.meta.namespace.clone(), it.meta.name.to_string())).collect())
    }

    /// This name, or the first of it with a number that is free.
    fn free(&mut self, namespace: &Name, name: &str) -> String {
        let numbered = (2..).map(|it| format!("{name}-{it}"));
        let mut all = std::iter::once(name.to_owned()).chain(numbered);
        let is_free = |it: &String| !self.0.contains(&(namespace.clone(), it.clone()));
        let free = all.find(is_free).expect("numbers do not end");
        self.0.insert((namespace.clone(), free.clone()));
        free
    }
}
