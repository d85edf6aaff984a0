//! Drafts that close flows which are allowed, and keep all others of both ends where that can be said.
//!
//! ```text
//! pods that are isolated      every rule that lets it pass is narrowed, for these pods alone where a policy has others
//! pods that are not isolated  a new policy that lets in all but it; one that lists who connects today, but it
//! ```
//!
//! Either gate closes a flow: that of the destination comes first.

mod listed;

use std::collections::BTreeSet;
use std::sync::Arc;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::allow::{FixGround, is_plain, new_policy, note_others, place, selected};
use super::narrow::{CutOut, NarrowedRule};
use super::objects::Desk;
use super::pods::{ChosenPods, choose};
use super::{Draft, DraftGate, Peers};
use crate::kinds::written_policy;
use crate::model::facts::SharedPod;
use crate::model::id::PodId;
use crate::model::policy::{Direction, Policy};
use crate::model::port::PortSet;
use crate::net::verdict::Tri;

/// What is done with a policy that selects other pods too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SharedPolicy {
    /// It is parted: these pods get one of their own.
    Part,
    /// It is narrowed for all that it selects.
    Narrow,
}

/// The drafts that close these gates; each holds the gates of one direction, all of which are to be closed.
pub fn drafts(ground: &FixGround<'_>, gates: &[DraftGate], told: &[IpNet], words: &str) -> Vec<Draft> {
    let mut made: Vec<Draft> = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        let own: Vec<&DraftGate> = gates.iter().filter(|it| it.direction == direction).collect();
        for shared in [SharedPolicy::Part, SharedPolicy::Narrow] {
            let mut desk = Desk::new(ground.cluster, ground.manifests);
            let closing = Closing { ground, told, words, shared };
            if own.is_empty() || own.iter().try_for_each(|it| closing.close(&mut desk, it)).is_none() {
                continue;
            }
            let draft = desk.draft();
            let is_new = !draft.changes.is_empty() && !made.iter().any(|it| it.changes == draft.changes);
            made.extend(is_new.then_some(draft));
        }
        let mut desk = Desk::new(ground.cluster, ground.manifests);
        let closing = Closing { ground, told, words, shared: SharedPolicy::Narrow };
        let is_listed = direction == Direction::Ingress && !own.is_empty();
        if is_listed && own.iter().try_for_each(|it| closing.list(&mut desk, it)).is_some() {
            made.push(Draft { is_coarse: true, ..desk.draft() });
        }
    }
    made
}

struct Closing<'a> {
    ground: &'a FixGround<'a>,
    told: &'a [IpNet],
    words: &'a str,
    shared: SharedPolicy,
}

impl Closing<'_> {
    /// Closes a gate; `None`: it cannot be.
    fn close(&self, desk: &mut Desk<'_>, gate: &DraftGate) -> Option<()> {
        let mut open: BTreeSet<PodId> = BTreeSet::new();
        let mut policies: Vec<Arc<Policy>> = Vec::new();
        for pod in &gate.targets {
            let found = self.ground.index.isolation(pod)?;
            match gate.isolation(&found) {
                Tri::No => drop(open.insert(pod.clone())),
                Tri::Maybe => return None,
                Tri::Yes => {
                    let governing = found.policies.into_iter().map(|it| it.policy);
                    let isolating = governing.filter(|it| it.isolates.has(gate.direction));
                    let new = isolating.filter(|it| !policies.iter().any(|held| held.id() == it.id()));
                    policies.extend(new.collect::<Vec<_>>());
                }
            }
        }
        policies.iter().try_for_each(|it| self.narrow(desk, gate, it))?;
        if open.is_empty() { Some(()) } else { self.isolate(desk, gate, &open) }
    }

    /// Lets all but these flows pass at pods that nothing isolates.
    fn isolate(&self, desk: &mut Desk<'_>, gate: &DraftGate, pods: &BTreeSet<PodId>) -> Option<()> {
        for chosen in choose(desk.cluster, &gate.namespace, pods) {
            note_others(desk, &chosen);
            let rules = self.rest(desk, gate, NarrowedRule::everything());
            let rules = rules.iter().filter_map(|it| it.written(gate.direction)).collect();
            let id = new_policy(desk, &chosen, gate.direction, self.words, rules);
            desk.say(format!("{id}: a new policy that allows all other {}", gate.direction.as_str()));
        }
        Some(())
    }

    /// What is left of what a rule says.
    fn rest(&self, desk: &mut Desk<'_>, gate: &DraftGate, said: NarrowedRule) -> Vec<NarrowedRule> {
        let mut rest = vec![said];
        for (ports, peers) in &gate.flows {
            let goals = goals(self.ground, gate, peers);
            let cut = self.cut(gate, ports, peers, &goals);
            rest = rest.into_iter().flat_map(|it| cut.rest(desk, it)).collect();
        }
        rest
    }

    fn cut<'c>(
        &'c self,
        gate: &'c DraftGate,
        ports: &'c PortSet,
        peers: &'c Peers,
        goals: &'c [SharedPod],
    ) -> CutOut<'c> {
        CutOut { home: &gate.namespace, peers, ports, goals, told: self.told }
    }

    fn touches(&self, gate: &DraftGate, said: &NarrowedRule) -> bool {
        let touches = |(ports, peers): (&PortSet, &Peers)| {
            let goals = goals(self.ground, gate, peers);
            self.cut(gate, ports, peers, &goals).touches(self.ground.cluster, said)
        };
        gate.flows.iter().any(touches)
    }

    /// Takes these flows out of every rule of a policy that lets them pass; `None`: it cannot be rewritten.
    fn narrow(&self, desk: &mut Desk<'_>, gate: &DraftGate, policy: &Policy) -> Option<()> {
        let rules = policy.rules_of(gate.direction).map(|(_, rule)| rule);
        let touched: Vec<_> = rules.filter(|it| self.touches(gate, &NarrowedRule::of(it))).collect();
        let (Some(first), true) = (touched.first(), is_plain(policy)) else {
            return (touched.is_empty() && is_plain(policy)).then_some(());
        };
        let others = selected(self.ground.cluster, policy).difference(&gate.targets).count();
        let mut rules: Vec<Value> = written(desk.object(&policy.id())?, gate.direction)?.clone();
        // From the last on, so that places before it stay what they are.
        for rule in touched.iter().rev() {
            let left = self.rest(desk, gate, NarrowedRule::of(rule));
            let left: Vec<Value> = left.iter().filter_map(|it| it.written(gate.direction)).collect();
            let at = place(rule).filter(|it| *it < rules.len())?;
            rules.splice(at..=at, left);
        }
        match (self.shared, others) {
            (SharedPolicy::Part, 1..) => self.part(desk, gate, policy, rules)?,
            _ => {
                set_rules(desk.change(&policy.id())?, gate.direction, rules, policy)?;
                desk.say(format!("{} {}: narrowed", policy.id(), first.place));
            }
        }
        Some(())
    }

    /// Lets a policy select all but these pods, and gives them one of their own with these rules.
    fn part(&self, desk: &mut Desk<'_>, gate: &DraftGate, policy: &Policy, rules: Vec<Value>) -> Option<()> {
        let id = policy.id();
        let targets = selected(self.ground.cluster, policy).intersection(&gate.targets).cloned().collect();
        let chosen = choose(desk.cluster, &gate.namespace, &targets);
        let whole = desk.object(&id)?.clone();
        let selector = desk.change(&id)?.get_mut("spec")?.get_mut("podSelector")?.as_object_mut()?;
        let expressions = selector.entry("matchExpressions").or_insert_with(|| json!([])).as_array_mut()?;
        for it in &chosen {
            // Of several labels all would have to be others: a selector cannot say that.
            let [(key, value)] = &it.labels[..] else { return None };
            expressions.push(json!({"key": key.as_str(), "operator": "NotIn", "values": [value.as_str()]}));
        }
        desk.say(format!("{id}: selects all but these pods"));
        for it in &chosen {
            note_others(desk, it);
            let mut object = whole.clone();
            object.get_mut("spec")?.as_object_mut()?.insert("podSelector".to_owned(), also(&whole, it)?);
            set_rules(&mut object, gate.direction, rules.clone(), policy)?;
            let spec = object.get("spec")?.clone();
            let new = desk.policy(&gate.namespace, &format!("{}-{}", policy.meta.name, self.words), spec);
            desk.say(format!("{new}: the same for these pods, narrowed"));
        }
        Some(())
    }
}

/// The selector of a policy that selects only those of its pods that have these labels.
fn also(object: &Value, chosen: &ChosenPods) -> Option<Value> {
    let mut selector = object.get("spec")?.get("podSelector")?.clone();
    let pairs = selector.as_object_mut()?.entry("matchLabels").or_insert_with(|| json!({})).as_object_mut()?;
    pairs.extend(chosen.labels.iter().map(|(key, value)| (key.to_string(), json!(value.as_str()))));
    Some(selector)
}

/// The pods that the ports of flows are of.
fn goals(ground: &FixGround<'_>, gate: &DraftGate, peers: &Peers) -> Vec<SharedPod> {
    let pods = if gate.direction == Direction::Ingress { &gate.targets } else { &peers.pods };
    let held = |it: &PodId| ground.cluster.pods.get(&it.namespace, &it.name).filter(|it| it.is_governed()).cloned();
    pods.iter().filter_map(held).collect()
}

/// The rules of a direction as an object has them.
fn written(object: &Value, direction: Direction) -> Option<&Vec<Value>> {
    object.get("spec")?.get(direction.as_str())?.as_array()
}

/// Writes the rules of a direction, and which directions are isolated: without rules that would not follow (S4).
fn set_rules(object: &mut Value, direction: Direction, rules: Vec<Value>, policy: &Policy) -> Option<()> {
    let spec = object.get_mut("spec")?.as_object_mut()?;
    spec.insert(direction.as_str().to_owned(), rules.into());
    let types = [Direction::Ingress, Direction::Egress].into_iter().filter(|it| policy.isolates.has(*it));
    let types: Vec<&str> = types.map(written_policy::policy_type).collect();
    if spec.get("policyTypes").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        spec.insert("policyTypes".to_owned(), json!(types));
    }
    Some(())
}
