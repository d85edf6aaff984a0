//! Policies in numbers: their targets and peers, and what is not understood of them.

use std::sync::Arc;

use super::peers::PeerKey;
use super::ports::ResolvedPorts;
use super::short::Short;
use super::{Index, slot};
use crate::kinds;
use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::id::ObjectId;
use crate::model::items::Items;
use crate::model::labels::{NamespaceMatch, Selector, SelectorSet};
use crate::model::policy::{Action, Direction, Directions, GapEffect, Policy, Tier};
use crate::net::verdict::Tri;

/// One rule of a policy, in numbers.
#[derive(Clone, Debug)]
pub(super) struct RuleEntry {
    /// Its place in `policy.rules`.
    pub at: u32,
    pub direction: Direction,
    pub action: Action,
    pub spec: u32,
    /// Its peers, each with its group, or with [`NO_GROUP`] outside the namespace tier.
    pub peers: Short<(u32, u32)>,
}

/// What policies of kinds that are not evaluated may do at one gate.
const AT_GATE: [GapEffect; 3] = [GapEffect::ClosesIngress, GapEffect::ClosesOutside, GapEffect::DecidesOutside];

/// No group of rules.
const NO_GROUP: u32 = u32::MAX;

impl RuleEntry {
    fn groups(&self) -> impl Iterator<Item = u32> {
        self.peers.iter().map(|it| it.1).filter(|it| *it != NO_GROUP)
    }
}

/// One policy in numbers: its target and its rules' peers are entries of [`super::peers`].
#[derive(Clone, Debug)]
pub(super) struct PolicyEntry {
    pub policy: Arc<Policy>,
    /// What it stands for, if it is not a policy that was read.
    pub gap: Option<Box<Gap>>,
    pub target: u32,
    /// Those of ingress before those of egress, each in the order of the policy.
    pub rules: Items<RuleEntry>,
    /// How many rules are of ingress.
    ingress: u32,
    /// As the policy says, beside it so that judging a pair need not look there.
    pub tier: Tier,
    isolates: Directions,
    /// How surely it governs what its target holds.
    pub governs: Tri,
    /// It may say anything for its targets.
    pub is_vague: bool,
    /// By direction: a rule may allow more than was read.
    pub opens: [bool; 2],
    /// It makes every flow of its targets unknown, whatever others say.
    pub bends_flows: bool,
    /// What it may do at one gate of its targets, whatever others say: one thing, since objects of a kind have one effect.
    pub at_gate: Option<GapEffect>,
}

impl PolicyEntry {
    /// Whether all of it was understood.
    pub fn is_plain(&self) -> bool {
        self.governs == Tri::Yes && !self.is_vague && self.opens == [false; 2] && !self.bends_flows
    }

    /// Whether it makes, or may make, its targets deny by default in this direction.
    pub fn isolates(&self, direction: Direction) -> bool {
        self.isolates.has(direction)
    }

    /// Its rules of one direction.
    pub fn rules_of(&self, direction: Direction) -> &[RuleEntry] {
        let (ingress, egress) = self.rules.split_at(self.ingress as usize);
        match direction {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        }
    }

    pub fn bytes(&self) -> usize {
        self.rules.iter().map(|it| size_of::<RuleEntry>() + it.peers.bytes()).sum()
    }
}

/// Whether a policy's target is the whole cluster: then even ends that are no pods are touched, unless its kind selects
/// nothing but pods on networks of their own.
fn targets_all(target: &SelectorSet) -> bool {
    target.pods.is_everything()
        && matches!(&target.namespaces, NamespaceMatch::Labels(selector) if selector.is_everything())
}

impl Index {
    /// Takes a policy in.
    pub(super) fn add_policy(&mut self, cluster: &Cluster, policy: &Arc<Policy>, gap: Option<Gap>) -> u32 {
        let has = |effect: GapEffect| policy.gaps.iter().any(|it| it.effect == effect);
        let is_unevaluated = has(GapEffect::Unevaluated);
        let bends_flows = is_unevaluated && !matches!(policy.tier, Tier::Baseline { .. });
        let is_vague = has(GapEffect::Anything) || is_unevaluated && !bends_flows;
        let governs = if has(GapEffect::Target) || is_vague { Tri::Maybe } else { Tri::Yes };
        let opens = Direction::ALL.map(|it| has(GapEffect::Opens(it)));
        self.read_target(cluster, policy);
        let target = self.peer(&PeerKey::of_pods(&policy.target, policy.kind));
        let rules: Items<RuleEntry> = if is_unevaluated { Items::default() } else { self.rules(cluster, policy) };
        let may_isolate = policy.tier == Tier::Namespace && !bends_flows;
        let id = self.policies.insert(PolicyEntry {
            policy: policy.clone(),
            gap: gap.map(Box::new),
            target,
            ingress: rules.iter().filter(|it| it.direction == Direction::Ingress).count() as u32,
            rules,
            tier: policy.tier,
            isolates: match (may_isolate, is_vague) {
                (false, _) => Directions::NONE,
                (true, true) => Directions::BOTH,
                (true, false) => policy.isolates,
            },
            governs,
            is_vague,
            opens,
            bends_flows,
            at_gate: AT_GATE.into_iter().find(|it| has(*it)),
        });
        if bends_flows && targets_all(&policy.target) && kinds::selects_host_network(policy.kind) {
            self.bends_all.push(id);
        }
        let home = self.namespace(cluster, &policy.meta.namespace);
        self.namespaces.get_mut(home).policies.push(id);
        self.peers.get_mut(target).governs.push(id);
        for (class, _) in self.peers.get(target).members() {
            self.govern_class(id, class);
        }
        id
    }

    /// Makes known what a target's selectors read.
    fn read_target(&mut self, cluster: &Cluster, policy: &Policy) {
        self.read_set(cluster, &policy.target);
    }

    fn read_set(&mut self, cluster: &Cluster, set: &SelectorSet) {
        if let NamespaceMatch::Own(name) = &set.namespaces {
            self.namespace(cluster, name);
        }
        self.read_keys(&set.pods);
    }

    fn read_keys(&mut self, selector: &Selector) {
        for requirement in &selector.all_of {
            if !self.keys.contains_key(&requirement.key) {
                self.read_key(&requirement.key);
            }
        }
    }

    fn rules(&mut self, cluster: &Cluster, policy: &Policy) -> Items<RuleEntry> {
        let mut rules = Vec::with_capacity(policy.rules.len());
        for (at, rule) in policy.rules.iter().enumerate() {
            let spec = Arc::make_mut(&mut self.ports).spec(&rule.ports);
            let is_grouped = policy.tier == Tier::Namespace;
            let mut numbers = |matches| {
                let peer = self.rule_peer(cluster, &PeerKey::of(matches, policy.kind));
                (peer, if is_grouped { self.group(rule.direction, peer, spec) } else { NO_GROUP })
            };
            let peers = rule.peers.iter().map(|it| numbers(&it.matches)).collect();
            let (direction, action) = (rule.direction, rule.action);
            rules.push(RuleEntry { at: at as u32, direction, action, spec, peers });
        }
        rules.sort_by_key(|it| it.direction);
        rules.into()
    }

    fn rule_peer(&mut self, cluster: &Cluster, key: &PeerKey) -> u32 {
        match key {
            PeerKey::Pods(set) | PeerKey::OwnNetworkPods(set) => self.read_set(cluster, set),
            PeerKey::Nodes(selector) => self.read_node_keys(selector),
            PeerKey::Anyone | PeerKey::Block(_) => {}
        }
        let seen = self.peer_ids.len();
        let peer = self.peer(key);
        if matches!(key, PeerKey::Block(_)) && self.peer_ids.len() > seen {
            self.read_block(cluster, peer);
        }
        peer
    }

    /// A key of nodes' labels that no rule has read parts the nodes anew: rare enough to build again.
    fn read_node_keys(&mut self, selector: &Selector) {
        for requirement in &selector.all_of {
            if !self.node_keys.contains_key(&requirement.key) {
                let number = Arc::make_mut(&mut self.words).number(&requirement.key);
                Arc::make_mut(&mut self.node_keys).insert(requirement.key.clone(), number);
                self.is_outdated |= !self.live.is_empty();
            }
        }
    }

    /// Takes a policy out.
    pub(super) fn remove_policy(&mut self, id: u32) {
        let target = self.policies.get(id).target;
        for (class, _) in self.peers.get(target).members() {
            self.release_class(id, class);
        }
        self.peers.get_mut(target).governs.forget(&id);
        let rules = self.policies.get(id).rules.clone();
        for rule in rules.iter() {
            rule.groups().for_each(|it| self.drop_group(it));
            rule.peers.iter().for_each(|it| self.drop_peer(it.0));
        }
        self.drop_peer(target);
        self.bends_all.retain(|it| *it != id);
        let home = self.namespace_ids[&self.policies.get(id).policy.meta.namespace];
        self.namespaces.get_mut(home).policies.forget(&id);
        self.policies.remove(id);
    }

    /// Lets a policy govern a class.
    pub(super) fn govern_class(&mut self, policy: u32, class: u32) {
        self.list_policy(class, policy);
        self.enter_groups(policy, class);
    }

    /// Puts a class into the groups of a policy's rules.
    pub(super) fn enter_groups(&mut self, policy: u32, class: u32) {
        for rule in self.policies.get(policy).rules.iter() {
            rule.groups().for_each(|it| self.groups.get_mut(it).members.insert(class));
        }
    }

    /// Lets a policy no longer govern a class.
    pub(super) fn release_class(&mut self, policy: u32, class: u32) {
        self.unlist_policy(class, policy);
        for rule in self.policies.get(policy).rules.clone().iter() {
            for group in rule.groups() {
                if !self.is_in_group(class, group) {
                    self.groups.get_mut(group).members.remove(class);
                }
            }
        }
    }

    /// Whether some policy of the class has a rule of the group.
    fn is_in_group(&self, class: u32, group: u32) -> bool {
        let policies = self.classes.get(class).policies().iter().map(|it| self.policies.get(*it));
        policies.flat_map(|it| it.rules.iter()).any(|it| it.groups().any(|it| it == group))
    }

    /// The number of a policy by its home and name.
    pub(super) fn policy_id(&self, policy: &Policy) -> Option<u32> {
        let home = *self.namespace_ids.get(&policy.meta.namespace)?;
        let is_it = |it: &&u32| {
            let entry = self.policies.get(**it);
            entry.gap.is_none() && entry.policy.kind == policy.kind && entry.policy.meta.name == policy.meta.name
        };
        self.namespaces.get(home).policies.iter().find(is_it).copied()
    }

    /// How surely a policy governs a class.
    pub(super) fn governs(&self, policy: &PolicyEntry, class: u32) -> Tri {
        policy.governs.and(self.classes.get(class).held_by(policy.target))
    }

    /// The ports of a rule on a destination.
    pub(super) fn resolved(&self, rule: &RuleEntry, declared: u32) -> ResolvedPorts {
        self.ports.resolved(rule.spec, declared)
    }

    /// Whether a rule of this direction may allow more than was read.
    pub(super) fn opens(policy: &PolicyEntry, direction: Direction) -> bool {
        policy.opens[slot(direction)]
    }
}

/// A policy that stands for something that could not be read, and may say for its targets what its kind can.
pub(super) fn placeholder(id: ObjectId, tier: Tier, effect: GapEffect, is_about_all: bool) -> Policy {
    let ObjectId { kind, namespace, name } = id;
    let namespaces = if namespace.is_empty() || is_about_all {
        NamespaceMatch::Labels(Selector::everything())
    } else {
        NamespaceMatch::Own(namespace.clone())
    };
    let meta = crate::model::facts::Meta { namespace, name, ..Default::default() };
    Policy {
        meta,
        labels: Default::default(),
        kind,
        tier,
        target: SelectorSet { namespaces, pods: Selector::everything() },
        isolates: crate::model::policy::Directions::NONE,
        rules: Default::default(),
        inert: 0,
        unread: 0,
        gaps: [crate::model::policy::PolicyGap { place: Default::default(), what: "not read".into(), effect }].into(),
    }
}
