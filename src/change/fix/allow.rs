//! Drafts that let flows pass which are denied, and nothing else where that can be said.
//!
//! ```text
//! the gate is closed by   a rule that opens just these ports    ► a peer more
//!                         a rule that is about just these peers ► ports more
//!                         a policy of just these pods           ► a rule more
//!                         whatever isolates them                ► a new policy beside it
//! ```
//!
//! None of these closes anything: policies are added to pods alone that are isolated already.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::objects::Desk;
use super::pods::{ChosenPods, choose, one, pods_of};
use super::{Draft, DraftGate, Peers, WholeObjects};
use crate::kinds::WRITTEN_POLICY;
use crate::kinds::written_policy;
use crate::model::cluster::Cluster;
use crate::model::facts::SharedPod;
use crate::model::id::{ObjectId, PodId};
use crate::model::name::Name;
use crate::model::policy::{Direction, Policy, Rule};
use crate::model::port::PortSet;
use crate::net::Index;
use crate::net::verdict::Tri;

/// How many ways of one gate are tried, and how many drafts are made of the ways of all gates.
const WAYS: usize = 4;
const DRAFTS: usize = 8;

/// What is known of a cluster while drafts for it are made.
#[derive(Clone, Copy)]
pub struct FixGround<'a> {
    pub cluster: &'a Cluster,
    pub index: &'a Index,
    pub manifests: &'a WholeObjects,
}

/// One way to open a gate.
#[derive(Clone, Debug)]
enum GateOpening {
    /// Peers more in a rule of an object.
    Peers { policy: ObjectId, rule: usize },
    /// Ports more in one.
    Ports { policy: ObjectId, rule: usize },
    /// A rule more in an object.
    Rule { policy: ObjectId },
    /// The same in an object that selects other pods too, those that are to come as well.
    WiderRule { policy: ObjectId },
    /// New objects, one for each of these.
    New(Vec<ChosenPods>),
}

/// The drafts that open these gates, those first that change least; new objects are called by these words.
pub fn drafts(ground: &FixGround<'_>, gates: &[DraftGate], words: &str) -> Vec<Draft> {
    let ways: Vec<Vec<GateOpening>> = gates.iter().map(|it| ways(ground, it)).collect();
    let mut made: Vec<Draft> = Vec::new();
    for chosen in combinations(&ways) {
        let mut desk = Desk::new(ground.cluster, ground.manifests);
        let is_coarse = chosen.iter().any(|it| matches!(it, GateOpening::WiderRule { .. }));
        let done = gates.iter().zip(&chosen).try_for_each(|(gate, way)| open(&mut desk, gate, way, words));
        if done.is_some() {
            let fills_default_deny = gates.iter().zip(&chosen).any(|(gate, way)| fills_default_deny(ground, gate, way));
            let draft = Draft { is_coarse, fills_default_deny, ..desk.draft() };
            made.extend((!made.iter().any(|it| it.changes == draft.changes)).then_some(draft));
        }
        if made.len() == DRAFTS {
            break;
        }
    }
    made
}

/// The draft that opens these gates by new policies alone; `None`: it would isolate somebody.
pub fn new_only(ground: &FixGround<'_>, gates: &[DraftGate], words: &str) -> Option<Draft> {
    let mut desk = Desk::new(ground.cluster, ground.manifests);
    for gate in gates {
        open(&mut desk, gate, &new_policies(ground, gate)?, words)?;
    }
    Some(desk.draft())
}

/// One way of each gate, the first ones first; none where some gate has none.
fn combinations(ways: &[Vec<GateOpening>]) -> Vec<Vec<&GateOpening>> {
    let mut all: Vec<(usize, Vec<&GateOpening>)> = vec![(0, Vec::new())];
    for of_gate in ways {
        let so_far = std::mem::take(&mut all);
        for (cost, chosen) in &so_far {
            let longer = |(at, way)| (cost + at, [chosen.clone(), vec![way]].concat());
            all.extend(of_gate.iter().enumerate().map(longer));
        }
        all.sort_by_key(|it| it.0);
        all.truncate(DRAFTS * DRAFTS);
    }
    all.sort_by_key(|it| it.0);
    all.into_iter().map(|it| it.1).collect()
}

fn ways(ground: &FixGround<'_>, gate: &DraftGate) -> Vec<GateOpening> {
    let mut ways: Vec<GateOpening> = Vec::new();
    let mut policies = common_policies(ground, gate);
    // Those of other pods too open more: they come last.
    policies.sort_by_key(|it| (selected(ground.cluster, it).difference(&gate.targets).count(), it.rules.len()));
    let exact = |it: &Policy| selected(ground.cluster, it).is_subset(&gate.targets);
    let (own, wider): (Vec<_>, Vec<_>) = policies.into_iter().partition(|it| exact(it));
    let (bare, own): (Vec<_>, Vec<_>) = own.into_iter().partition(|it| it.rules_of(gate.direction).next().is_none());
    ways.extend(own.iter().chain(&bare).flat_map(|it| extensions(ground, it, gate)).take(WAYS - 2));
    ways.extend(new_policies(ground, gate));
    ways.extend(wider.first().map(|it| GateOpening::WiderRule { policy: it.id() }));
    // What denies by default is to go on saying just that.
    ways.sort_by_key(|it| fills_default_deny(ground, gate, it));
    ways
}

/// Whether a way puts a rule into a policy that has none in the direction of the gate.
fn fills_default_deny(ground: &FixGround<'_>, gate: &DraftGate, way: &GateOpening) -> bool {
    let (GateOpening::Rule { policy } | GateOpening::WiderRule { policy }) = way else { return false };
    let policy = ground.cluster.policies.get(&policy.namespace, &policy.name);
    policy.is_some_and(|it| it.rules_of(gate.direction).next().is_none())
}

/// The policies that surely isolate all of the pods in this direction, and can be rewritten.
fn common_policies(ground: &FixGround<'_>, gate: &DraftGate) -> Vec<Arc<Policy>> {
    let of = |pod: &PodId| -> Vec<Arc<Policy>> {
        let found = ground.index.isolation(pod).map(|it| it.policies).unwrap_or_default();
        let sure = found.into_iter().filter(|it| it.governs == Tri::Yes && it.gap.is_none()).map(|it| it.policy);
        sure.filter(|it| it.isolates.has(gate.direction) && is_plain(it) && has(ground, it)).collect()
    };
    let mut all = gate.targets.iter().map(of);
    let first = all.next().unwrap_or_default();
    all.fold(first, |shared, it| {
        shared.into_iter().filter(|policy| it.iter().any(|own| own.id() == policy.id())).collect()
    })
}

/// Whether a policy is a NetworkPolicy of which everything was understood.
pub(super) fn is_plain(it: &Policy) -> bool {
    it.kind == WRITTEN_POLICY.kind && it.gaps.is_empty()
}

fn has(ground: &FixGround<'_>, it: &Policy) -> bool {
    ground.manifests.contains_key(&it.id())
}

/// The pods that a NetworkPolicy selects.
pub(super) fn selected(cluster: &Cluster, policy: &Policy) -> BTreeSet<PodId> {
    let pods = pods_of(cluster, &policy.meta.namespace);
    pods.filter(|it| policy.target.pods.matches(&*it.labels().whole())).map(|it| it.pod_id()).collect()
}

/// What can be said more in a policy, the least first.
fn extensions(ground: &FixGround<'_>, policy: &Policy, gate: &DraftGate) -> Vec<GateOpening> {
    let id = policy.id();
    let single = gate.flows.iter().next().filter(|_| gate.flows.len() == 1);
    let rules = || policy.rules_of(gate.direction).filter_map(|(_, rule)| Some((place(rule)?, rule)));
    let mut ways: Vec<GateOpening> = Vec::new();
    if let Some((ports, peers)) = single {
        let same_ports = rules().filter(|(_, rule)| opens(rule, ports) && !is_anyone(rule));
        ways.extend(same_ports.map(|(at, _)| GateOpening::Peers { policy: id.clone(), rule: at }));
        let same_peers = rules().filter(|(_, rule)| is_about(ground.cluster, &id.namespace, rule, peers));
        ways.extend(same_peers.map(|(at, _)| GateOpening::Ports { policy: id.clone(), rule: at }));
    }
    ways.push(GateOpening::Rule { policy: id });
    ways
}

/// Where a rule stands in the list of its direction.
pub(super) fn place(rule: &Rule) -> Option<usize> {
    rule.place.0.rsplit_once('[')?.1.strip_suffix(']')?.parse().ok()
}

fn is_anyone(rule: &Rule) -> bool {
    rule.peers.iter().any(|it| it.matches == crate::model::policy::PeerMatch::Anyone)
}

/// Whether a rule opens just these ports.
fn opens(rule: &Rule, ports: &PortSet) -> bool {
    PortSet::of_matches(&rule.ports).is_some_and(|it| it == *ports)
}

/// Whether a rule is about just these peers, as they would be written.
fn is_about(cluster: &Cluster, home: &Name, rule: &Rule, peers: &Peers) -> bool {
    use crate::model::labels::NamespaceMatch;
    use crate::model::policy::PeerMatch;
    if !peers.blocks.is_empty() || PortSet::of_matches(&rule.ports).is_none_or(|it| it.is_all()) {
        return false;
    }
    let held = |matches: &PeerMatch| -> Option<BTreeSet<PodId>> {
        let PeerMatch::Pods(set) = matches else { return None };
        let NamespaceMatch::Own(_) = &set.namespaces else { return None };
        let pods = pods_of(cluster, home).filter(|it| set.pods.matches(&*it.labels().whole()));
        Some(pods.map(|it| it.pod_id()).collect())
    };
    let all: Option<Vec<BTreeSet<PodId>>> = rule.peers.iter().map(|it| held(&it.matches)).collect();
    all.is_some_and(|it| it.into_iter().flatten().collect::<BTreeSet<_>>() == peers.pods)
}

/// New policies, where all that they select is isolated already.
fn new_policies(ground: &FixGround<'_>, gate: &DraftGate) -> Option<GateOpening> {
    let is_isolated = |pod: &PodId| {
        let found = ground.index.isolation(pod);
        found.is_some_and(|it| gate.isolation(&it) == Tri::Yes)
    };
    let chosen = choose(ground.cluster, &gate.namespace, &gate.targets);
    let all: Vec<&SharedPod> = pods_of(ground.cluster, &gate.namespace).collect();
    let fits = chosen.iter().all(|it| gate.targets.iter().chain(&it.others).all(is_isolated));
    let whole = BTreeSet::from_iter(all.iter().map(|it| it.pod_id()));
    let is_whole = whole == gate.targets && one(&gate.namespace, &all, &whole).labels.is_empty();
    (fits || is_whole).then_some(GateOpening::New(chosen))
}

impl DraftGate {
    /// Whether the pod is isolated in the direction of this gate.
    pub fn isolation(&self, it: &crate::net::PodIsolation) -> Tri {
        match self.direction {
            Direction::Ingress => it.ingress,
            Direction::Egress => it.egress,
        }
    }
}

/// Peers as a policy of this namespace writes them; who else is let in with them is noted.
pub(super) fn peers(desk: &mut Desk<'_>, home: &Name, peers: &Peers) -> Vec<Value> {
    let mut written = Vec::new();
    let namespaces: BTreeSet<&Name> = peers.pods.iter().map(|it| &it.namespace).collect();
    for namespace in namespaces {
        let meant = peers.pods.iter().filter(|it| it.namespace == *namespace).cloned().collect();
        for chosen in choose(desk.cluster, namespace, &meant) {
            note_others(desk, &chosen);
            written.push(written_policy::pods(home, &chosen.namespace, &chosen.labels));
        }
    }
    written.extend(peers.blocks.iter().map(|it| written_policy::block(*it, &[])));
    written
}

/// Says whom labels hold besides those that are meant.
pub(super) fn note_others(desk: &mut Desk<'_>, chosen: &ChosenPods) {
    let Some(first) = chosen.others.first() else { return };
    let more = chosen.others.len() - 1;
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    desk.note(format!("pod/{first}{more} has the same labels: it cannot be told apart by a selector"));
}

fn rules(desk: &mut Desk<'_>, gate: &DraftGate) -> Vec<Value> {
    let of = |(ports, who): (&PortSet, &Peers)| {
        let peers = peers(desk, &gate.namespace, who);
        written_policy::rule(gate.direction, peers, written_policy::ports(ports))
    };
    gate.flows.iter().filter_map(of).collect()
}

/// The list of rules of a direction in an object.
fn list(object: &mut Value, direction: Direction) -> Option<&mut Vec<Value>> {
    let spec = object.get_mut("spec")?.as_object_mut()?;
    let list = spec.entry(direction.as_str()).or_insert_with(|| Value::Array(Vec::new()));
    if list.is_null() {
        *list = Value::Array(Vec::new());
    }
    list.as_array_mut()
}

/// Opens a gate; `None`: an object is not there whole, or is not made as it was read.
fn open(desk: &mut Desk<'_>, gate: &DraftGate, way: &GateOpening, words: &str) -> Option<()> {
    let direction = gate.direction;
    match way {
        GateOpening::Peers { policy, rule } => {
            let (_, who) = gate.flows.iter().next()?;
            let peers = peers(desk, &gate.namespace, who);
            let field =
                list(desk.change(policy)?, direction)?.get_mut(*rule)?.get_mut(written_policy::peers_key(direction))?;
            field.as_array_mut()?.extend(peers);
            desk.say(format!("{policy}: one more peer in spec.{}[{rule}]", direction.as_str()));
        }
        GateOpening::Ports { policy, rule } => {
            let (ports, _) = gate.flows.iter().next()?;
            let field = list(desk.change(policy)?, direction)?.get_mut(*rule)?.get_mut("ports")?;
            field.as_array_mut()?.extend(written_policy::ports(ports));
            desk.say(format!("{policy}: more ports in spec.{}[{rule}]", direction.as_str()));
        }
        GateOpening::Rule { policy } | GateOpening::WiderRule { policy } => {
            let rules = rules(desk, gate);
            list(desk.change(policy)?, direction)?.extend(rules);
            desk.say(format!("{policy}: one more {} rule", direction.as_str()));
        }
        GateOpening::New(chosen) => {
            for it in chosen {
                note_others(desk, it);
                let rules = rules(desk, gate);
                let id = new_policy(desk, it, direction, words, rules);
                desk.say(format!("{id}: a new policy ({})", direction.as_str()));
            }
        }
    }
    Some(())
}

/// A new policy of these pods with these rules, in one direction.
pub(super) fn new_policy(
    desk: &mut Desk<'_>,
    chosen: &ChosenPods,
    direction: Direction,
    words: &str,
    rules: Vec<Value>,
) -> ObjectId {
    let mut spec = serde_json::Map::new();
    spec.insert("podSelector".to_owned(), written_policy::labels(&chosen.labels));
    spec.insert("policyTypes".to_owned(), serde_json::json!([written_policy::policy_type(direction)]));
    spec.insert(direction.as_str().to_owned(), rules.into());
    desk.policy(&chosen.namespace, &format!("{words}-{}", direction.as_str()), spec.into())
}
