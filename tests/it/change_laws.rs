//! What must hold of every comparison of two clusters, on random worlds: it says of each pair of units and each port what
//! the naive evaluator says of their pods one by one, on either side.
//!
//! `PROPTEST_RNG_SEED=$RANDOM KREACH_CASES=100 cargo test --test it change_laws::` tries a hundred times as many.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use kreach::ask::diff::Common;
use kreach::ask::world::SelfCheck;
use kreach::ask::{World, diff};
use kreach::change::{DifferingFlow, FlowChange, Impact, MapPorts, When};
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;
use kreach::model::name::Name;
use kreach::model::policy::Policy;
use kreach::model::port::Protocol;
use kreach::net::reach::{Granularity, MapRow, Unit};
use kreach::net::verdict::{End, Port};
use kreach::net::{Index, MapPart, Settings, naive, node_ports};
use proptest::prelude::*;

use crate::net_lists::{has_address, inside, nodes, outside, random};
use crate::net_worlds::{self, ALL, Dice, PLAIN, Spice, cases};

fn config(usual: u32) -> ProptestConfig {
    ProptestConfig { cases: cases(usual), failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() }
}

/// Who stands in a row, as both sides may have it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Who {
    Unit(Unit),
    Node(Name),
    Address(IpAddr),
}

impl Who {
    fn is_in(&self, unit: &Unit) -> bool {
        match (self, unit) {
            (Who::Node(name), Unit::Nodes(nodes)) => nodes.names().any(|it| it == name),
            (Who::Address(address), _) => has_address(unit, address),
            (Who::Unit(own), _) => own == unit,
            _ => false,
        }
    }
}

/// One side of a comparison, asked pod by pod.
struct Slow<'a> {
    world: &'a World,
    units: BTreeMap<Unit, Vec<End>>,
    nodes: BTreeSet<Name>,
    has_unseen: bool,
}

/// What each pair of ends says of each port.
type Matrix = BTreeMap<(End, End), Vec<Outcome>>;

impl<'a> Slow<'a> {
    fn of(world: &'a World) -> Self {
        let has_unseen = world.asker().unseen_holders().is_some();
        Self { world, units: inside(&world.cluster, Granularity::Workload), nodes: nodes(&world.cluster), has_unseen }
    }

    /// `None`: it is not there.
    fn ends(&self, who: &Who) -> Option<Vec<End>> {
        match who {
            Who::Unit(unit) => self.units.get(unit).cloned(),
            Who::Node(name) => self.nodes.contains(name).then(|| vec![End::Node(name.clone())]),
            Who::Address(address) => Some(vec![End::Address(*address)]),
        }
    }

    fn matrix(&self, from: &Who, to: &Who, ports: &[Port]) -> Option<Matrix> {
        let World { cluster, settings, .. } = self.world;
        let (from, to) = (self.ends(from)?, self.ends(to)?);
        let mut all = Matrix::new();
        for (a, b) in from.iter().flat_map(|a| to.iter().map(move |b| (a, b))).filter(|(a, b)| a != b) {
            let is_outside = matches!(a, End::Address(_)) || matches!(b, End::Address(_));
            let families = self.world.net().trace(cluster, a, b, None).families;
            if is_outside && families.is_empty() {
                continue;
            }
            let apart = if matches!(b, End::Node(_)) { node_ports(cluster) } else { Default::default() };
            let outcome = |port: &Port| match apart.contains(port.0, port.1) {
                true => Outcome::Deny,
                false if is_outside && self.has_unseen => Outcome::Unknown,
                false => naive::outcome(cluster, settings, a, b, *port),
            };
            all.insert((a.clone(), b.clone()), ports.iter().map(outcome).collect());
        }
        Some(all)
    }
}

/// Of one port: none of the pairs, some, all; which of these may be, once what is not known is.
fn statuses(matrix: Option<&Matrix>, at: usize) -> [bool; 3] {
    let outcomes: Vec<Outcome> = matrix.iter().flat_map(|it| it.values()).map(|it| it[at]).collect();
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|it| is(it)).count();
    let (all, sure, may) = (outcomes.len(), count(|it| *it == Outcome::Allow), count(|it| *it != Outcome::Deny));
    let may_be = |passing: usize| sure <= passing && passing <= may;
    [may_be(0), (1..all).any(may_be), all > 0 && may_be(all)]
}

/// What a row should say of one port: every, some, unknown.
fn lists(matrix: Option<&Matrix>, at: usize) -> [bool; 3] {
    let outcomes: Vec<Outcome> = matrix.iter().flat_map(|it| it.values()).map(|it| it[at]).collect();
    let some = outcomes.contains(&Outcome::Allow);
    let every = some && outcomes.iter().all(|it| *it == Outcome::Allow);
    [every, some, !some && outcomes.contains(&Outcome::Unknown)]
}

fn told(ports: &MapPorts, port: Port) -> [bool; 3] {
    [&ports.every, &ports.some, &ports.unknown].map(|it| it.contains(port.0, port.1))
}

/// The changes that may stand there; `None`: no row.
fn right(before: Option<&Matrix>, after: Option<&Matrix>, ports: usize) -> Vec<Option<FlowChange>> {
    let all = || 0..ports;
    let some = |it: Option<&Matrix>| all().any(|at| lists(it, at)[1]);
    let shares = |at: usize| {
        let (a, b) = (statuses(before, at), statuses(after, at));
        (0..3).any(|it| a[it] && b[it])
    };
    if !all().all(shares) {
        return vec![Some(match (some(before), some(after)) {
            (false, true) => FlowChange::Opened,
            (true, false) => FlowChange::Closed,
            _ => FlowChange::Changed,
        })];
    }
    if all().any(|at| lists(before, at) != lists(after, at)) {
        return vec![Some(FlowChange::Unsure)];
    }
    let (Some(before), Some(after)) = (before, after) else { return vec![None] };
    let both = || before.iter().filter_map(|(pair, it)| Some((it, after.get(pair)?)));
    let opposes = |(a, b): (&Vec<Outcome>, &Vec<Outcome>)| {
        let is = |a: &Outcome, b: &Outcome| *a != *b && *a != Outcome::Unknown && *b != Outcome::Unknown;
        a.iter().zip(b).any(|(a, b)| is(a, b))
    };
    let has_unknown = before.values().chain(after.values()).flatten().any(|it| *it == Outcome::Unknown);
    match (both().any(opposes), both().any(|(a, b)| a != b), has_unknown) {
        (true, _, _) => vec![Some(FlowChange::Changed)],
        (_, true, _) => vec![Some(FlowChange::Unsure)],
        (_, _, true) => vec![None, Some(FlowChange::Unsure)],
        _ => vec![None],
    }
}

/// Two worlds that are near to each other, or far apart.
fn two(seed: u64, spice: Spice) -> (World, World) {
    let (first, cluster, mut dice) = random(seed, spice);
    let world = |cluster: Cluster, settings: &Settings| World::of(cluster, settings.clone(), SelfCheck::Off);
    let before = world(cluster.clone(), &first.settings);
    let mut after = cluster;
    if dice.percent(15) {
        after = random(seed ^ 0xabcd, spice).1;
    } else {
        for _ in 0..1 + dice.roll(4) {
            after.apply(net_worlds::step(&mut dice, spice));
        }
    }
    (before, world(after, &first.settings))
}

/// Everybody who may stand in a row.
fn everybody(sides: &[Slow<'_>; 2]) -> Vec<Who> {
    let units: BTreeSet<&Unit> = sides.iter().flat_map(|it| it.units.keys()).collect();
    let nodes: BTreeSet<&Name> = sides.iter().flat_map(|it| &it.nodes).collect();
    let [before, after] = sides.each_ref().map(|it| outside(&it.world.cluster));
    let addresses = before.into_iter().filter(|it| after.contains(it));
    let mut all: Vec<Who> = units.into_iter().cloned().map(Who::Unit).collect();
    all.extend(nodes.into_iter().cloned().map(Who::Node));
    all.extend(addresses.map(Who::Address));
    all
}

fn rows<'i>(impact: &'i Impact, from: &Who, to: &Who) -> Vec<&'i DifferingFlow> {
    impact.flows.iter().filter(|it| from.is_in(&it.from) && to.is_in(&it.to)).collect()
}

/// A pair of which the comparison says something else than its pods do.
fn wrong(impact: &Impact, sides: &[Slow<'_>; 2], dice: &mut Dice, n: usize) -> Option<String> {
    let all = everybody(sides);
    let mut ports: BTreeSet<Port> = sides.iter().flat_map(|it| naive::boundaries(&it.world.cluster)).collect();
    // At which nodes take in Services: no node's own.
    let apart = sides.iter().map(|it| node_ports(&it.world.cluster));
    ports.extend(
        apart.flat_map(|set| Protocol::ALL.map(|it| (it, set.of(it).to_vec()))).flat_map(|(protocol, ranges)| {
            ranges.into_iter().flat_map(move |it| [it.0, it.1].map(|it| (protocol, it)))
        }),
    );
    let ports: Vec<Port> = ports.into_iter().collect();
    (0..n).find_map(|_| {
        let (from, to) = (dice.pick(&all), dice.pick(&all));
        let is_outside = |it: &Who| matches!(it, Who::Address(_));
        if is_outside(from) && is_outside(to) || from == to && matches!(from, Who::Node(_)) {
            return None;
        }
        let [before, after] = sides.each_ref().map(|it| it.matrix(from, to, &ports));
        let right = right(before.as_ref(), after.as_ref(), ports.len());
        let found = rows(impact, from, to);
        let change = found.first().map(|it| it.change);
        if found.len() > 1 || !right.contains(&change) {
            return Some(format!("{from:?} -> {to:?}: {found:#?}, not {right:?}\n{before:?}\n{after:?}\n{ports:?}"));
        }
        let row = found.first()?;
        let only = match (&before, &after) {
            (Some(_), None) => Some(When::Before),
            (None, Some(_)) => Some(When::After),
            _ => None,
        };
        let differs = ports.iter().enumerate().find(|(at, port)| {
            let (a, b) = (lists(before.as_ref(), *at), lists(after.as_ref(), *at));
            (a, b) != (told(&row.before, **port), told(&row.after, **port))
        });
        (row.only != only || differs.is_some()).then(|| format!("{from:?} -> {to:?}: {row:#?}\nat {differs:?}"))
    })
}

fn assert_exact(seed: u64, spice: Spice) {
    let (before, after) = two(seed, spice);
    let impact = diff::compare(&before, &after, Common::default());
    let sides = [Slow::of(&before), Slow::of(&after)];
    if let Some(what) = wrong(&impact, &sides, &mut Dice::new(seed), 60) {
        panic!("seed {seed}: {what}");
    }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn it_says_what_the_pods_say_one_by_one(seed: u64) {
        assert_exact(seed, ALL);
    }

    #[test]
    fn so_it_does_where_all_is_known(seed: u64) {
        assert_exact(seed, PLAIN);
    }

    #[test]
    fn nothing_differs_from_itself(seed: u64) {
        let (before, after) = two(seed, ALL);
        for world in [before, after] {
            let again = World::of(world.cluster.clone(), world.settings.clone(), SelfCheck::Off);
            prop_assert_eq!(diff::compare(&world, &again, Common::default()).flows, []);
        }
    }

    #[test]
    fn the_way_back_is_the_mirror_of_the_way_there(seed: u64) {
        let (before, after) = two(seed, ALL);
        let there = diff::compare(&before, &after, Common::default());
        let back = diff::compare(&after, &before, Common::default());
        let mirrored: Vec<_> = there.flows.iter().map(|it| told_of(&mirror(it))).collect();
        prop_assert_eq!(mirrored, back.flows.iter().map(told_of).collect::<Vec<_>>());
    }

    /// The part of a map that is asked for where few units can differ.
    #[test]
    fn a_part_of_a_map_says_what_the_whole_says(seed: u64) {
        let (_, cluster, mut dice) = random(seed, ALL);
        let index = Index::build(&cluster);
        let all_nodes = dice.percent(30);
        let mut units = index.workloads(&cluster);
        units.retain(|_| dice.percent(25));
        let units = units.into_iter().collect();
        let part = index.map_part(&cluster, &MapPart { units: &units, all_nodes, keeps_outside: false });
        let is_node = |it: &Unit| matches!(it, Unit::Nodes(_));
        let is_outside = |it: &Unit| matches!(it, Unit::Outside(_));
        let is_inside = |it: &Unit| !is_node(it) && !is_outside(it);
        let mut whole = index.map(&cluster, Granularity::Workload, None).rows;
        whole.retain(|it| {
            let (from, to) = (&it.from, &it.to);
            units.contains(from) || units.contains(to) || !is_inside(from) && !is_inside(to)
                || all_nodes && (is_node(from) || is_node(to))
        });
        // Sets of nodes stand in the order in which they are found.
        let sorted = |mut rows: Vec<MapRow>| {
            rows.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
            rows
        };
        prop_assert_eq!(sorted(part.rows), sorted(whole));
    }

    /// Objects that come in another order, and policies that are called otherwise.
    #[test]
    fn order_and_names_of_policies_change_nothing(seed: u64) {
        let (before, after) = two(seed, PLAIN);
        let renamed = World::of(renamed(&after.cluster), after.settings.clone(), SelfCheck::Off);
        let (plain, other) = (diff::compare(&before, &after, Common::default()), diff::compare(&before, &renamed, Common::default()));
        let told = |it: &Impact| it.flows.iter().map(told_of).collect::<Vec<_>>();
        prop_assert_eq!(told(&plain), told(&other));
        prop_assert_eq!(diff::compare(&after, &renamed, Common::default()).flows, []);
    }
}

/// What a row tells, without the rows that it was read from.
fn told_of(flow: &DifferingFlow) -> String {
    format!("{:?}", (&flow.from, &flow.to, flow.change, &flow.before, &flow.after, flow.only))
}

fn mirror(flow: &DifferingFlow) -> DifferingFlow {
    let only = flow.only.map(|it| if it == When::Before { When::After } else { When::Before });
    let (before, after) = (flow.after.clone(), flow.before.clone());
    DifferingFlow { change: flow.change.mirrored(), before, after, only, ..flow.clone() }
}

/// The same cluster from objects that come the other way round, its policies under other names.
fn renamed(cluster: &Cluster) -> Cluster {
    let mut facts: Vec<AnyFact> = cluster.pods.iter().cloned().map(AnyFact::Pod).collect();
    facts.extend(cluster.nodes.iter().cloned().map(AnyFact::Node));
    facts.extend(cluster.namespaces.iter().cloned().map(AnyFact::Namespace));
    facts.extend(cluster.services.iter().cloned().map(AnyFact::Service));
    facts.extend(cluster.workloads.iter().cloned().map(AnyFact::Workload));
    facts.extend(cluster.policies.iter().enumerate().map(|(at, it)| {
        let mut policy = Policy::clone(it);
        policy.meta.name = format!("z{:03}", 999 - at).into();
        AnyFact::Policy(policy.into())
    }));
    let mut other = Cluster { coverage: cluster.coverage.clone(), ..Cluster::default() };
    facts.into_iter().rev().for_each(|it| drop(other.apply(Delta::Put(ReadObject::new(it)))));
    other
}

/// The address of a node that has no Node object is told by what runs on the host network there: here such a pod comes, and
/// an `ipBlock` of a policy elsewhere is met.
#[test]
fn a_node_has_the_address_that_its_pods_tell() {
    assert_exact(15307333153873250008, ALL);
}

/// Of two sources neither of which could read policies each may have other ones: what rests on them is not equal, whatever
/// else is. Of one source it is.
#[test]
fn what_two_sources_could_not_read_is_not_the_same() {
    let (_, mut cluster, _) = random(7, PLAIN);
    let coverage = Coverage::Forbidden { why: "no".into() };
    cluster.apply(Delta::Covered { kind: Kind::NETWORK_POLICY, scope: Scope::Everywhere, coverage });
    let world = |cluster: Cluster| World::of(cluster, Settings::default(), SelfCheck::Off);
    let before = world(cluster.clone());
    let mut after = cluster;
    let account = crate::rbac_worlds::account("a", "new");
    after.apply(Delta::Put(ReadObject::new(account)));
    let after = world(after);
    let unsure = diff::compare(&before, &after, Common::default()).flows;
    assert!(!unsure.is_empty() && unsure.iter().all(|it| it.change == FlowChange::Unsure), "{unsure:?}");
    assert_eq!(diff::compare(&before, &after, Common::ALL).flows, []);
}
