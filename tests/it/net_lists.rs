//! `reach`, `map` and `trace` say the same, on random worlds (CONTRACT §2): each row is what the traces of its ends say,
//! and whatever a trace may allow is in some row.
//!
//! `PROPTEST_RNG_SEED=$RANDOM KREACH_CASES=100 cargo test --test it net_lists::` tries a hundred times as many.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use kreach::ask::end::{self, AskedEnd, PortAsk};
use kreach::ask::many::{each_node, each_node_of, unit_name};
use kreach::ask::member::EndMember;
use kreach::ask::pair::Pair;
use kreach::ask::trace::TraceAnswer;
use kreach::ask::workload::is_under;
use kreach::ask::{Asker, Fault};
use kreach::model::cluster::Cluster;
use kreach::model::coverage::Coverage;
use kreach::model::evidence::Outcome;
use kreach::model::facts::{PodNetwork, SharedPod};
use kreach::model::id::Kind;
use kreach::model::name::Name;
use kreach::model::ownership::workload_of;
use kreach::model::policy::Direction;
use kreach::model::port::{PortSet, Protocol};
use kreach::net::reach::{Counts, Granularity, MapRow, Summary, Unit};
use kreach::net::verdict::{End, Port};
use kreach::net::{Index, implied_nodes, node_ports};
use proptest::prelude::*;

use crate::net_worlds::{self, ALL, Dice, Spice, World, cases};

fn config(usual: u32) -> ProptestConfig {
    ProptestConfig { cases: cases(usual), failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() }
}

/// Every unit inside, with its ends: pods in units, nodes one by one.
pub fn inside(cluster: &Cluster, by: Granularity) -> BTreeMap<Unit, Vec<End>> {
    let mut units: BTreeMap<Unit, Vec<End>> = BTreeMap::new();
    for pod in cluster.pods.iter().filter(|it| !it.phase().is_finished()) {
        if matches!(cluster.coverage.of(Kind::POD, pod.namespace()), Coverage::Forbidden { .. }) {
            continue;
        }
        let unit = match by {
            Granularity::Pod => Unit::Pod(pod.pod_id()),
            Granularity::Namespace => Unit::Namespace(pod.namespace().clone()),
            Granularity::Workload => workload_of(cluster, pod).map_or_else(|| Unit::Pod(pod.pod_id()), Unit::Workload),
        };
        units.entry(unit).or_default().push(End::Pod(pod.pod_id()));
    }
    units
}

/// Every address that an object holds.
fn held(cluster: &Cluster) -> BTreeSet<IpAddr> {
    // Of a pod on the host network they are its node's.
    let is_one = |it: &&SharedPod| it.network() == PodNetwork::Own || !it.node().is_empty();
    let reads = |it: &&SharedPod| {
        let coverage = cluster.coverage.of(Kind::POD, it.namespace());
        it.network() == PodNetwork::Own || !matches!(coverage, Coverage::Forbidden { .. })
    };
    let pods = cluster.pods.iter().filter(|it| !it.phase().is_finished()).filter(is_one).filter(reads);
    let mut all: BTreeSet<IpAddr> = pods.flat_map(|it| it.addresses().iter().collect::<Vec<_>>()).collect();
    all.extend(cluster.nodes.iter().flat_map(|it| it.addresses.iter().copied()));
    cluster.services.iter().for_each(|it| all.extend(it.addresses()));
    all
}

/// Addresses that nobody holds, in and around the blocks of random worlds.
pub fn outside(cluster: &Cluster) -> Vec<IpAddr> {
    let held = held(cluster);
    let texts = ["10.0.0.3", "10.0.0.4", "10.0.0.9", "10.0.0.12", "10.0.1.9", "10.0.2.77", "8.8.8.8", "192.0.2.1"];
    let all = texts.into_iter().chain(["fd00::2", "fd00::ff", "2001:db8::1"]);
    all.map(|it| it.parse().expect("an address")).filter(|it| !held.contains(it)).collect()
}

/// The ends that a unit of a row stands for; of addresses outside one at a time.
fn ends(units: &BTreeMap<Unit, Vec<End>>, unit: &Unit, dice: &mut Dice) -> Vec<End> {
    match unit {
        Unit::Nodes(nodes) => nodes.names().map(|it| End::Node(it.clone())).collect(),
        Unit::Outside(ranges) => {
            let (first, last) = *dice.pick(ranges);
            vec![End::Address(if dice.percent(50) { first } else { last })]
        }
        unit => units.get(unit).cloned().unwrap_or_default(),
    }
}

/// What the traces of all these pairs say together; pairs with the outside that share no family are none.
fn summed(index: &Index, cluster: &Cluster, from: &[End], to: &[End]) -> Option<Summary> {
    let (mut every, mut some, mut possible) = (PortSet::all(), PortSet::none(), PortSet::none());
    let mut pairs = Counts::default();
    for (a, b) in from.iter().flat_map(|a| to.iter().map(move |b| (a, b))).filter(|(a, b)| a != b) {
        let verdict = index.trace(cluster, a, b, None);
        let is_outside = matches!(a, End::Address(_)) || matches!(b, End::Address(_));
        if is_outside && verdict.families.is_empty() {
            continue;
        }
        // Node ports are Services', and a node's own alone count (S46).
        let apart = if matches!(b, End::Node(_)) { node_ports(cluster) } else { PortSet::none() };
        let (allowed, unknown) = (verdict.allowed().difference(&apart), verdict.unknown().difference(&apart));
        every = every.intersection(&allowed);
        some = some.union(&allowed);
        possible = possible.union(&allowed).union(&unknown);
        let outcome = match (allowed.is_empty(), unknown.is_empty()) {
            (false, _) => Outcome::Allow,
            (true, false) => Outcome::Unknown,
            (true, true) => Outcome::Deny,
        };
        pairs.add(outcome, 1);
    }
    (pairs.total() > 0).then(|| Summary { every: every.into(), some: some.into(), possible: possible.into(), pairs })
}

/// Every node: those that are listed, and those that pods on the host network tell of.
pub fn nodes(cluster: &Cluster) -> BTreeSet<Name> {
    let listed = cluster.nodes.iter().map(|it| it.meta.name.clone());
    listed.chain(implied_nodes(cluster).into_keys()).collect()
}

pub fn random(seed: u64, spice: Spice) -> (World, Cluster, Dice) {
    let mut dice = Dice::new(seed);
    let world = net_worlds::world(&mut dice, spice);
    let world = net_worlds::with_services(world, &mut dice);
    let world = net_worlds::with_node_ports(world, &mut dice);
    let cluster = world.cluster();
    (world, cluster, dice)
}

/// A map of a random world, and all that it is compared with.
struct Mapped {
    world: World,
    cluster: Cluster,
    index: Index,
    /// Pods in units.
    units: BTreeMap<Unit, Vec<End>>,
    /// Each node as the unit that it is in lists.
    nodes: Vec<(Unit, Vec<End>)>,
    rows: Vec<MapRow>,
    dice: Dice,
}

impl Mapped {
    fn of(seed: u64) -> Self {
        let (world, cluster, mut dice) = random(seed, ALL);
        let index = Index::with(&cluster, world.settings.clone());
        let by = *dice.pick(&[Granularity::Pod, Granularity::Workload, Granularity::Namespace]);
        let rows = each_node(&index.map(&cluster, by, None).rows).map(|it| it.into_owned()).collect();
        let (units, nodes) = (inside(&cluster, by), node_units(&cluster, &index, by));
        Self { world, cluster, index, units, nodes, rows, dice }
    }

    fn summed(&self, from: &[End], to: &[End]) -> Option<Summary> {
        summed(&self.index, &self.cluster, from, to)
    }

    fn may(&self, from: &[End], to: &[End]) -> bool {
        self.summed(from, to).is_some_and(|it| !it.possible.is_empty())
    }

    /// A row that says something else than the traces of its ends.
    fn wrong_row(&self) -> Option<String> {
        let mut dice = self.dice.clone();
        self.rows.iter().find_map(|row| {
            let (from, to) = (ends(&self.units, &row.from, &mut dice), ends(&self.units, &row.to, &mut dice));
            let said = self.summed(&from, &to);
            (said.as_ref() != Some(&row.summary)).then(|| format!("{row:#?}\nbut traces say {said:#?}"))
        })
    }

    /// A row about the outside that has an address which an object holds.
    fn held_row(&self) -> Option<String> {
        let held = held(&self.cluster);
        let is_held = |unit: &Unit| held.iter().any(|it| has_address(unit, it));
        let row = self.rows.iter().find(|it| is_held(&it.from) || is_held(&it.to))?;
        Some(format!("{row:#?}\nhas an address that somebody holds"))
    }

    /// Two units that a trace may connect, without a row.
    fn lost_pair(&self) -> Option<String> {
        let all = || self.units.iter().chain(self.nodes.iter().map(|(unit, ends)| (unit, ends)));
        let is_row = |from: &Unit, to: &Unit| self.rows.iter().any(|it| it.from == *from && it.to == *to);
        let mut pairs = all().flat_map(|from| all().map(move |to| (from, to)));
        let lost = pairs.find(|(from, to)| self.may(from.1, to.1) && !is_row(from.0, to.0))?;
        Some(format!("no row from {:?} to {:?}", lost.0.0, lost.1.0))
    }

    /// An address outside that a trace may connect with a unit, without a row.
    fn lost_address(&self) -> Option<String> {
        let all = self.units.iter().chain(self.nodes.iter().map(|(unit, ends)| (unit, ends)));
        let outside = outside(&self.cluster);
        let mut pairs = all.flat_map(|it| outside.iter().map(move |address| (it, address)));
        let lost = pairs.find(|((unit, ends), address)| {
            let end = [End::Address(**address)];
            let out = || self.rows.iter().any(|it| it.from == **unit && has_address(&it.to, address));
            let into = || self.rows.iter().any(|it| has_address(&it.from, address) && it.to == **unit);
            self.may(ends, &end) && !out() || self.may(&end, ends) && !into()
        })?;
        Some(format!("no row between {:?} and {}", lost.0.0, lost.1))
    }
}

/// Each node with the unit that stands for it alone.
fn node_units(cluster: &Cluster, index: &Index, by: Granularity) -> Vec<(Unit, Vec<End>)> {
    let anybody = End::Address([192, 0, 2, 1].into());
    let reach = index.whole_reach(cluster, &anybody, Direction::Egress, by, None);
    let unit = |name: &Name| each_node_of(&reach.rows).find(|it| unit_name(&it.unit) == format!("node/{name}"));
    let named = nodes(cluster).into_iter();
    named.map(|it| (unit(&it).expect("every node is a row").unit.clone(), vec![End::Node(it)])).collect()
}

pub fn has_address(unit: &Unit, address: &IpAddr) -> bool {
    matches!(unit, Unit::Outside(ranges) if ranges.iter().any(|(first, last)| first <= address && address <= last))
}

/// What a map says otherwise than traces do, and what it leaves out.
fn map_differs(seed: u64) -> Option<String> {
    let mapped = Mapped::of(seed);
    let wrong = mapped.wrong_row().or_else(|| mapped.held_row());
    let wrong = wrong.or_else(|| mapped.lost_pair()).or_else(|| mapped.lost_address())?;
    Some(format!("{wrong}\n{:#?}", mapped.world))
}

/// Something that can be asked for: a pod, a workload, a namespace, a node, an address.
fn asked(cluster: &Cluster, dice: &mut Dice) -> Option<AskedEnd> {
    let by = *dice.pick(&[Granularity::Pod, Granularity::Workload, Granularity::Namespace]);
    let units: Vec<Unit> = inside(cluster, by).into_keys().collect();
    let nodes: Vec<AskedEnd> = nodes(cluster).into_iter().map(AskedEnd::Node).collect();
    match dice.roll(6) {
        0 if !nodes.is_empty() => Some(dice.pick(&nodes).clone()),
        1 => Some(AskedEnd::Address(*dice.pick(&outside(cluster)))),
        _ if units.is_empty() => None,
        _ => end::end(&unit_name(dice.pick(&units)), &"a".into()).ok(),
    }
}

/// Whether an end that is called like a unit is that unit: a ReplicaSet may have pods that stand under a Deployment.
fn is_whole(cluster: &Cluster, units: &BTreeMap<Unit, Vec<End>>, unit: &Unit) -> bool {
    let Unit::Workload(it) = unit else { return true };
    let pods = cluster.pods.of(&it.namespace).iter().filter(|it| !it.phase().is_finished());
    let called = pods.filter(|pod| is_under(cluster, pod, &it.kind.to_ascii_lowercase(), &it.name));
    called.count() == units.get(unit).map_or(0, Vec::len)
}

/// Ports that rules speak of, at which nodes take in Services, and that nobody names.
const PORTS: [u16; 6] = [53, 80, 443, 8080, 30_080, 61_234];

fn ask((protocol, number): Port) -> PortAsk {
    PortAsk::Number { number, protocol }
}

/// Where a row says something else of one port than the trace of its ends on that port.
///
/// A node at a node port is a Service, and no row of a node.
fn port_differs(
    cluster: &Cluster,
    row: &Summary,
    port: Port,
    trace: impl Fn(&PortAsk) -> Result<TraceAnswer, Fault>,
) -> Option<String> {
    let has = |it: &PortSet| it.contains(port.0, port.1);
    let said = [has(&row.every), has(&row.some), has(&row.possible)];
    let trace = match trace(&ask(port)) {
        Ok(trace) if trace.service.is_none() => trace,
        // Also where several Services share the port.
        _ => return (said != [false; 3]).then(|| format!("{port:?} is a node port, and in the row: {said:?}")),
    };
    // Pairs without a family in common are told by the others of a set, and unknown where there are none.
    if trace.pairs.iter().any(|it| it.verdict.families.is_empty())
        || !has(&PortSet::all().difference(&node_ports(cluster)))
    {
        return None;
    }
    let Counts { allow, unknown, deny } = trace.counts;
    let traced = [allow > 0 && unknown + deny == 0, allow > 0, allow + unknown > 0];
    (said != traced).then(|| format!("{port:?}: the row says {said:?}, the trace {traced:?}"))
}

/// Where the rows of a reach are not what the command `trace` says of the same two ends.
fn reach_differs(seed: u64) -> Option<String> {
    let (world, cluster, mut dice) = random(seed, ALL);
    let index = Index::with(&cluster, world.settings.clone());
    let asker = Asker::new(&cluster, &index);
    let asked = asked(&cluster, &mut dice)?;
    let (direction, by) =
        (*dice.pick(&Direction::ALL), *dice.pick(&[Granularity::Pod, Granularity::Workload, Granularity::Namespace]));
    let reach = asker.reach(&asked, direction, by).expect("an end that is there");
    let units = inside(&cluster, by);
    let trace_at = |other: &AskedEnd, port: &PortAsk| match direction {
        Direction::Egress => asker.trace(&asked, other, port),
        Direction::Ingress => asker.trace(other, &asked, port),
    };
    let trace = |other: &AskedEnd| trace_at(other, &PortAsk::NONE);
    let ports: Vec<Port> = PORTS.iter().map(|it| (*dice.pick(&Protocol::ALL), *it)).collect();
    let rows: Vec<_> = each_node_of(&reach.rows).collect();
    for row in rows.iter().filter(|it| is_whole(&cluster, &units, &it.unit)) {
        let other = match &row.unit {
            Unit::Outside(ranges) => AskedEnd::Address(dice.pick(ranges).0),
            unit => end::end(&unit_name(unit), &"a".into()).expect("a unit's name is an end"),
        };
        let is_outside = matches!(row.unit, Unit::Outside(_));
        for port in &ports {
            if let Some(said) = port_differs(&cluster, &row.summary, *port, |it| trace_at(&other, it)) {
                return Some(format!("{asked} {direction:?} {other}: {said}\n{row:#?}\n{world:#?}"));
            }
        }
        let trace = trace(&other).expect("an end that is there");
        // Addresses that some members have no family in common with are told by the others.
        let is_mixed = trace.pairs.iter().any(|it| it.verdict.families.is_empty()) && trace.pairs.len() > 1;
        let said = trace.counts;
        if said != row.summary.pairs && !(is_mixed && is_outside) {
            let outcome = trace.outcome();
            return Some(format!("{asked} {direction:?} {row:#?}\ntrace to {other}: {outcome} {said:?}\n{world:#?}"));
        }
    }
    let mut others: Vec<AskedEnd> = nodes(&cluster).into_iter().map(AskedEnd::Node).collect();
    let whole = units.keys().filter(|it| is_whole(&cluster, &units, it));
    others.extend(whole.filter_map(|it| end::end(&unit_name(it), &"a".into()).ok()));
    for other in others.iter().filter(|it| **it != asked) {
        let trace = trace(other).expect("an end that is there");
        let may_at = |port: &Port| {
            let trace = trace_at(other, &ask(*port)).ok().filter(|it| it.service.is_none());
            trace.is_some_and(|it| it.counts.allow + it.counts.unknown > 0)
        };
        let may = trace.pairs.iter().any(|it| !it.allowed().is_empty() || !it.unknown().is_empty());
        if (may || ports.iter().any(may_at)) && !rows.iter().any(|it| unit_name(&it.unit) == other.to_string()) {
            return Some(format!("{asked} {direction:?}: no row for {other}\n{world:#?}"));
        }
    }
    None
}

/// A Service, one of its addresses, an address of something that may have two families, a block, or the internet.
fn asked_oddly(cluster: &Cluster, dice: &mut Dice) -> Option<AskedEnd> {
    let services: Vec<_> = cluster.services.iter().collect();
    let held: Vec<IpAddr> = held(cluster).into_iter().collect();
    let blocks = ["10.0.0.0/29", "10.0.0.0/8", "0.0.0.0/0", "fd00::/16", "8.8.8.0/24", "10.0.0.12/30"];
    match dice.roll(10) {
        0..=4 if !services.is_empty() => {
            let meta = &dice.pick(&services).meta;
            Some(AskedEnd::Service { namespace: meta.namespace.clone(), name: meta.name.clone() })
        }
        5 | 6 if !services.is_empty() => {
            let addresses: Vec<IpAddr> = dice.pick(&services).addresses().collect();
            (!addresses.is_empty()).then(|| AskedEnd::Address(*dice.pick(&addresses)))
        }
        7 if !held.is_empty() => Some(AskedEnd::Address(*dice.pick(&held))),
        8 => Some(AskedEnd::Internet),
        _ => Some(AskedEnd::Block(dice.pick(&blocks).parse().expect("a block"))),
    }
}

/// What the pairs of a trace say together; of addresses outside, those that share no family with an end are none, and
/// what passes between two of them or between a node and itself is not told.
fn told(trace: &TraceAnswer, is_outside: bool) -> Summary {
    let (mut every, mut some, mut possible) = (PortSet::all(), PortSet::none(), PortSet::none());
    let mut pairs = Counts::default();
    let is_node = |it: &Pair| it.from.end() == it.to.end() && matches!(it.from, EndMember::Node(_));
    let is_passing_by = |it: &Pair| it.route.is_none() && (it.from.is_outside() && it.to.is_outside() || is_node(it));
    let pairs_of = trace.pairs.iter().filter(|it| !is_passing_by(it));
    for pair in pairs_of.filter(|it| !is_outside || !it.verdict.families.is_empty()) {
        let allowed = pair.allowed();
        // What a pair does not ask about it does not close.
        every = every.intersection(&allowed.union(&PortSet::all().difference(&pair.port.meant())));
        some = some.union(&allowed);
        possible = possible.union(&allowed).union(&pair.unknown());
        pairs.add(pair.outcome(), 1);
    }
    let every = every.intersection(&some);
    Summary { every: every.into(), some: some.into(), possible: possible.into(), pairs }
}

/// Where the rows of a Service, an address, a block or the internet are not what traces say.
fn odd_reach_differs(seed: u64) -> Option<String> {
    let mut dice = Dice::new(seed);
    let world = net_worlds::world(&mut dice, ALL);
    let world = net_worlds::with_node_ports(world, &mut dice);
    let world = net_worlds::with_fronts(world, &mut dice);
    let cluster = world.cluster();
    let index = Index::with(&cluster, world.settings.clone());
    let asker = Asker::new(&cluster, &index);
    let asked = asked_oddly(&cluster, &mut dice)?;
    let (direction, by) =
        (*dice.pick(&Direction::ALL), *dice.pick(&[Granularity::Pod, Granularity::Workload, Granularity::Namespace]));
    let reach = asker.reach(&asked, direction, by).ok()?;
    let units = inside(&cluster, by);
    let trace = |other: &AskedEnd| match direction {
        Direction::Egress => asker.trace(&asked, other, &PortAsk::NONE),
        Direction::Ingress => asker.trace(other, &asked, &PortAsk::NONE),
    };
    // Blocks are parted by all policies where all units are asked about, and by those of the other end otherwise.
    let is_parted = matches!(asked, AskedEnd::Block(_) | AskedEnd::Internet);
    let fault = |what: String| Some(format!("{asked} {direction:?} by {by:?}: {what}\n{world:#?}"));
    let rows: Vec<_> = each_node_of(&reach.rows).collect();
    let whys = asker.whys(by);
    for row in rows.iter().filter(|it| is_whole(&cluster, &units, &it.unit)) {
        let other = match &row.unit {
            Unit::Outside(ranges) => AskedEnd::Address(dice.pick(ranges).0),
            unit => end::end(&unit_name(unit), &"a".into()).expect("a unit's name is an end"),
        };
        let is_unsure = row.summary.pairs.unknown > 0;
        if is_unsure && whys.of_reach(&reach, row).is_empty() {
            return fault(format!("no reason for {row:#?}"));
        }
        let Ok(trace) = trace(&other) else { continue };
        let mut said = told(&trace, matches!(row.unit, Unit::Outside(_)));
        if is_parted && said.pairs.worst() == row.summary.pairs.worst() {
            said.pairs = row.summary.pairs;
        }
        if said != row.summary {
            return fault(format!("{other}: {:#?}\nbut the trace says {said:#?}", row.summary));
        }
    }
    let mut others: Vec<AskedEnd> = nodes(&cluster).into_iter().map(AskedEnd::Node).collect();
    let whole = units.keys().filter(|it| is_whole(&cluster, &units, it));
    others.extend(whole.filter_map(|it| end::end(&unit_name(it), &"a".into()).ok()));
    let lost = |other: &AskedEnd, has_row: &dyn Fn(&Unit) -> bool| {
        let Ok(trace) = trace(other) else { return false };
        let may = !told(&trace, matches!(other, AskedEnd::Address(_))).possible.is_empty();
        may && !rows.iter().any(|it| has_row(&it.unit))
    };
    // An end that cannot be judged has no rows: every pair is unknown.
    let is_unread =
        |it: &SharedPod| matches!(cluster.coverage.of(Kind::POD, it.namespace()), Coverage::Forbidden { .. });
    if rows.is_empty() && reach.members.iter().any(|it| it.0.pod().is_some_and(is_unread)) {
        return None;
    }
    // The end itself, by its name.
    others.retain(|it| reach.members.len() != 1 || reach.members[0].0.to_string() != it.to_string());
    if let Some(other) = others.iter().find(|it| lost(it, &|unit| unit_name(unit) == it.to_string())) {
        return fault(format!("no row for {other}"));
    }
    let addresses = outside(&cluster).into_iter();
    let mut lost_addresses = addresses.filter(|it| lost(&AskedEnd::Address(*it), &|unit| has_address(unit, it)));
    lost_addresses.next().and_then(|it| fault(format!("no row for {it}")))
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn a_map_and_its_traces_say_the_same(seed: u64) {
        prop_assert_eq!(map_differs(seed), None, "seed {}", seed);
    }

    #[test]
    fn a_reach_and_its_traces_say_the_same(seed: u64) {
        prop_assert_eq!(reach_differs(seed), None, "seed {}", seed);
    }

    #[test]
    fn a_reach_of_a_service_an_address_or_a_block_and_its_traces_say_the_same(seed: u64) {
        prop_assert_eq!(odd_reach_differs(seed), None, "seed {}", seed);
    }
}

/// Worlds on which these laws did not hold once.
#[test]
fn what_once_failed_holds() {
    // A node whose addresses are not known may have one of IPv6, though nothing else of the cluster has.
    assert_eq!(map_differs(15_868_180_788_377_147_204), None);
}
