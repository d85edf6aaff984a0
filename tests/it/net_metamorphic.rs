//! Laws that tie the answers of two related clusters: what is not read, renamed, added or split (DESIGN §8.2).

use std::sync::Arc;

use kreach::model::address::Block;
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::facts::PodNetwork;
use kreach::model::id::{Kind, PodId};
use kreach::model::name::Name;
use kreach::model::place::Place;
use kreach::model::policy::{Action, Direction, Peer, PeerMatch, Policy, Rule, Tier};
use kreach::model::port::PortMatch;
use kreach::net::verdict::End;
use kreach::net::{Index, naive};
use proptest::prelude::*;

use crate::net_worlds::{self, Dice, PLAIN, Spice, World, cases};

fn config(usual: u32) -> ProptestConfig {
    ProptestConfig { cases: cases(usual), failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() }
}

/// Some pairs with every boundary port, and their outcomes in two worlds whose ends may be named differently.
fn compare(
    dice: &mut Dice,
    (a, b): (&World, &World),
    renamed: impl Fn(&End) -> End,
    mut hold: impl FnMut(&Cluster, &End, &End, Outcome, Outcome) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let (before, after) = (a.cluster(), b.cluster());
    let (first, second) = (Index::with(&before, a.settings.clone()), Index::with(&after, b.settings.clone()));
    let ends = net_worlds::ends(&before);
    let ports = naive::boundaries(&before);
    for _ in 0..25 {
        let (from, to) = (dice.pick(&ends).clone(), dice.pick(&ends).clone());
        for port in &ports {
            let x = first.outcome(&before, &from, &to, Some(*port));
            let y = second.outcome(&after, &renamed(&from), &renamed(&to), Some(*port));
            hold(&after, &from, &to, x, y)?;
        }
    }
    Ok(())
}

fn facts(world: &World) -> Vec<AnyFact> {
    let cluster = world.cluster();
    let pods = cluster.pods.iter().cloned().map(AnyFact::Pod);
    let policies = cluster.policies.iter().cloned().map(AnyFact::Policy);
    let namespaces = cluster.namespaces.iter().cloned().map(AnyFact::Namespace);
    let nodes = cluster.nodes.iter().cloned().map(AnyFact::Node);
    pods.chain(policies).chain(namespaces).chain(nodes).collect()
}

fn put(fact: AnyFact) -> Delta {
    Delta::Put(ReadObject::new(fact))
}

/// The world with every policy changed so.
fn with_policies(world: &World, mut change: impl FnMut(&mut Policy)) -> World {
    let deltas = facts(world).into_iter().map(|fact| match fact {
        AnyFact::Policy(it) => {
            let mut policy = (*it).clone();
            change(&mut policy);
            put(AnyFact::Policy(Arc::new(policy)))
        }
        fact => put(fact),
    });
    World { deltas: deltas.collect(), settings: world.settings.clone() }
}

/// What a user sees who may not read these: objects gone or kept, and coverage that says so.
fn partial(dice: &mut Dice, world: &World) -> World {
    let mut holes: Vec<(Kind, Scope, Coverage)> = Vec::new();
    for kind in [Kind::NETWORK_POLICY, Kind::NAMESPACE, Kind::POD, Kind::NODE] {
        if !dice.percent(45) {
            continue;
        }
        let scopes: Vec<Scope> = if kind == Kind::NODE || dice.percent(30) {
            vec![Scope::Everywhere]
        } else {
            ["a", "b", "c", "d"].iter().filter(|_| dice.percent(50)).map(|it| Scope::Namespace((*it).into())).collect()
        };
        let coverage = match dice.roll(3) {
            0 => Coverage::Loading,
            1 => Coverage::Unread,
            _ => Coverage::Forbidden { why: "403".into() },
        };
        holes.extend(scopes.into_iter().map(|it| (kind, it, coverage.clone())));
    }
    let is_hidden = |kind: Kind, namespace: &Name| holes.iter().any(|it| it.0 == kind && it.1.holds(namespace));
    let mut deltas = Vec::new();
    for fact in facts(world) {
        let id = fact.id();
        let place = if id.kind == Kind::NAMESPACE { &id.name } else { &id.namespace };
        if !is_hidden(id.kind, place) || dice.percent(40) {
            deltas.push(put(fact));
        }
    }
    deltas.extend(holes.into_iter().map(|(kind, scope, coverage)| Delta::Covered { kind, scope, coverage }));
    World { deltas, settings: world.settings.clone() }
}

/// Whether what is not known of an end is its family: only nodes that may not be read.
fn has_unknown_family(cluster: &Cluster, end: &End) -> bool {
    match end {
        End::Node(name) => cluster.nodes.get("", name).is_none_or(|it| it.addresses.is_empty()),
        End::Pod(id) => cluster
            .pods
            .get(&id.namespace, &id.name)
            .is_some_and(|it| it.network() == PodNetwork::Host && it.addresses().is_empty()),
        End::Address(_) => false,
    }
}

proptest! {
    #![proptest_config(config(60))]

    /// A3 of reliability.md: who sees less may be told "unknown", never the contrary.
    #[test]
    fn a_partial_view_never_contradicts_the_full_one(seed: u64) {
        let mut dice = Dice::new(seed);
        let full = net_worlds::world(&mut dice, Spice { tiers: true, gaps: true, holes: false });
        let partial = partial(&mut dice, &full);
        compare(&mut dice, (&full, &partial), End::clone, |after, from, to, whole, part| {
            let is_fair = !has_unknown_family(after, from) && !has_unknown_family(after, to);
            prop_assert!(!is_fair || part == Outcome::Unknown || part == whole, "seed {seed}: {from:?} -> {to:?}: {whole}, in part {part}\n{partial:#?}");
            Ok(())
        })?;
    }

    /// Names are names: policies and pods may be called anything, and come in any order.
    #[test]
    fn renaming_changes_no_answer(seed: u64) {
        let mut dice = Dice::new(seed);
        let before = net_worlds::world(&mut dice, Spice { tiers: true, gaps: true, holes: false });
        let flip = |name: &Name| Name::from(format!("{}-{}", 9 - (name.bytes().last().unwrap_or(0) % 10), name));
        let mut after = with_policies(&before, |it| it.meta.name = flip(&it.meta.name));
        for delta in &mut after.deltas {
            if let Delta::Put(ReadObject { fact: AnyFact::Pod(pod), .. }) = delta {
                *pod = pod.changed(|it| it.name = flip(&pod.pod_id().name).to_string().into()).into();
            }
        }
        after.deltas.reverse();
        let renamed = |end: &End| match end {
            End::Pod(id) => End::Pod(PodId::new(id.namespace.clone(), flip(&id.name))),
            end => end.clone(),
        };
        compare(&mut dice, (&before, &after), renamed, |_, from, to, x, y| {
            prop_assert_eq!(x, y, "seed {}: {:?} -> {:?}", seed, from, to);
            Ok(())
        })?;
    }

    /// S3: in the namespace tier a further allow rule only opens.
    #[test]
    fn a_further_allow_rule_never_closes(seed: u64) {
        let mut dice = Dice::new(seed);
        let before = net_worlds::world(&mut dice, Spice { tiers: false, gaps: true, holes: true });
        let mut rules = Dice::new(seed ^ 1);
        let after = with_policies(&before, |policy| {
            let direction = *rules.pick(&Direction::ALL);
            if policy.tier == Tier::Namespace && policy.isolates.has(direction) {
                let other = net_worlds::policy(&mut rules, PLAIN).rules.last().cloned();
                let blank = Rule {
                    direction,
                    action: Action::Allow,
                    peers: [Peer { matches: PeerMatch::Anyone, place: Place::default() }].into(),
                    ports: [PortMatch::Any].into(),
                    place: Place::default(),
                };
                let more = Rule { direction, ..other.unwrap_or(blank) };
                policy.rules = policy.rules.iter().cloned().chain([more]).collect();
            }
        });
        // The same coverage: both are made from the facts alone.
        let before = with_policies(&before, |_| {});
        compare(&mut dice, (&before, &after), End::clone, |_, from, to, x, y| {
            prop_assert!(y <= x, "seed {seed}: {from:?} -> {to:?}: {x}, then {y}");
            Ok(())
        })?;
    }

    /// A block is its two halves.
    #[test]
    fn splitting_a_block_changes_no_answer(seed: u64) {
        let mut dice = Dice::new(seed);
        let before = net_worlds::world(&mut dice, Spice { tiers: true, gaps: false, holes: false });
        let after = with_policies(&before, |policy| {
            let halved = |it: &Rule| Rule { peers: it.peers.iter().flat_map(halves).collect(), ..it.clone() };
            policy.rules = policy.rules.iter().map(halved).collect();
        });
        compare(&mut dice, (&before, &after), End::clone, |cluster, from, to, x, y| {
            let has_address = |end: &End| match end {
                End::Pod(id) => cluster.pods.get(&id.namespace, &id.name).is_some_and(|it| !it.addresses().is_empty()),
                End::Node(name) => cluster.nodes.get("", name).is_some_and(|it| !it.addresses.is_empty()),
                End::Address(_) => true,
            };
            prop_assert!(!has_address(from) || !has_address(to) || x == y, "seed {seed}: {from:?} -> {to:?}: {x}, {y}");
            Ok(())
        })?;
    }
}

fn halves(peer: &Peer) -> Vec<Peer> {
    let PeerMatch::Block(block) = &peer.matches else { return vec![peer.clone()] };
    let Ok(halves) = block.cidr.subnets(block.cidr.prefix_len() + 1) else { return vec![peer.clone()] };
    let halves = halves.map(|cidr| Block { cidr, except: block.except.clone() });
    halves.map(|it| Peer { matches: PeerMatch::Block(it.into()), place: peer.place.clone() }).collect()
}
