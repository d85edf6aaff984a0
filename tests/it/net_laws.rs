//! What must hold of every network answer, on random worlds (DESIGN §8.2).
//!
//! `PROPTEST_RNG_SEED=$RANDOM KREACH_CASES=100 cargo test --test it net_laws::` tries a hundred times as many.

use std::collections::BTreeMap;

use kreach::ask::Asker;
use kreach::ask::end::{AskedEnd, PortAsk};
use kreach::model::cluster::Cluster;
use kreach::model::coverage::Coverage;
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;
use kreach::model::policy::{Action, Direction};
use kreach::model::port::PortSet;
use kreach::net::reach::{Counts, Granularity, Summary, Unit};
use kreach::net::verdict::{End, Port, Tri};
use kreach::net::{Index, naive};
use kreach::text::Mark;
use proptest::prelude::*;

use crate::net_worlds::{self, ALL, Dice, PLAIN, World, cases};

fn config(usual: u32) -> ProptestConfig {
    ProptestConfig { cases: cases(usual), failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() }
}

/// Some pairs of ends of a cluster.
fn pairs(dice: &mut Dice, cluster: &Cluster, n: usize) -> Vec<(End, End)> {
    let ends = net_worlds::ends(cluster);
    (0..n).map(|_| (dice.pick(&ends).clone(), dice.pick(&ends).clone())).collect()
}

fn differs(index: &Index, cluster: &Cluster, world: &World, (from, to): &(End, End), port: Port) -> Option<String> {
    let slow = naive::outcome(cluster, &world.settings, from, to, port);
    let quick = index.outcome(cluster, from, to, Some(port));
    let verdict = index.trace(cluster, from, to, Some(port));
    let by_sets = match (verdict.allowed().contains(port.0, port.1), verdict.unknown().contains(port.0, port.1)) {
        (true, false) => Outcome::Allow,
        (false, true) => Outcome::Unknown,
        (false, false) => Outcome::Deny,
        (true, true) => return Some("a port is both allowed and unknown".into()),
    };
    let all = [slow, quick, verdict.outcome(), by_sets];
    (all.iter().any(|it| *it != slow))
        .then(|| format!("{from:?} -> {to:?} {port:?}: naive, outcome, verdict, sets: {all:?}\n{verdict:#?}"))
}

/// The first pair and port on which the evaluators differ.
fn first_difference(world: &World, seed: u64, n: usize) -> Option<String> {
    let cluster = world.cluster();
    let index = Index::with(&cluster, world.settings.clone());
    let ports = naive::boundaries(&cluster);
    let pairs = pairs(&mut Dice::new(seed), &cluster, n);
    pairs.iter().find_map(|pair| ports.iter().find_map(|port| differs(&index, &cluster, world, pair, *port)))
}

fn assert_agree(world: &World, seed: u64, n: usize) {
    if first_difference(world, seed, n).is_some() {
        let world = net_worlds::smallest(world.clone(), |it| first_difference(it, seed, n).is_some());
        panic!("seed {seed}: {world:#?}\n{}", first_difference(&world, seed, n).unwrap_or_default());
    }
}

proptest! {
    #![proptest_config(config(120))]

    /// The index answers as the objects do, on every boundary port of every protocol and in both families.
    #[test]
    fn the_index_answers_as_the_naive_evaluator(seed: u64) {
        let mut dice = Dice::new(seed);
        let world = net_worlds::world(&mut dice, ALL);
        assert_agree(&world, seed, 30);
    }

    #[test]
    fn so_it_does_on_plain_policies(seed: u64) {
        let mut dice = Dice::new(seed);
        let world = net_worlds::world(&mut dice, PLAIN);
        assert_agree(&world, seed, 30);
    }
}

/// An explained answer rests on what it shows: an allow by policies names a rule, a deny names who isolates.
#[test]
fn evidence_supports_the_outcome() {
    for seed in 0..u64::from(cases(60)) {
        let mut dice = Dice::new(seed);
        let cluster = net_worlds::world(&mut dice, PLAIN).cluster();
        let index = Index::build(&cluster);
        for (from, to) in pairs(&mut dice, &cluster, 20) {
            for port in naive::boundaries(&cluster) {
                let verdict = index.trace(&cluster, &from, &to, Some(port));
                let gates = verdict.deciding().into_iter().flat_map(|it| [&it.egress, &it.ingress]);
                for gate in gates.filter(|it| !it.policies.is_empty()) {
                    let fits = gate.policies.iter().any(|it| it.fit.is_some_and(|it| it.fits == Tri::Yes));
                    assert!(gate.is_isolated());
                    assert_eq!(gate.outcome(Some(port)) == Outcome::Allow, fits, "seed {seed}: {gate:#?}");
                }
            }
        }
    }
}

/// Whoever is said to have decided did what the gate does, in all tiers and beside policies that may not even govern.
#[test]
fn who_decided_did_so() {
    for seed in 0..u64::from(cases(120)) {
        let mut dice = Dice::new(seed);
        let cluster = net_worlds::world(&mut dice, ALL).cluster();
        let index = Index::build(&cluster);
        for (from, to) in pairs(&mut dice, &cluster, 20) {
            for port in naive::boundaries(&cluster) {
                let verdict = index.trace(&cluster, &from, &to, Some(port));
                for gate in verdict.deciding().into_iter().flat_map(|it| [&it.egress, &it.ingress]) {
                    let by = gate.decided_by();
                    let is_so = match gate.outcome(Some(port)) {
                        Outcome::Allow => by.is_none_or(|it| it.action() == Some(Action::Allow)),
                        Outcome::Deny => {
                            by.is_some_and(|it| it.action() == Some(Action::Deny) || it.isolates && !it.surely_fits())
                        }
                        Outcome::Unknown => true,
                    };
                    assert!(is_so, "seed {seed}: {gate:#?}");
                }
            }
        }
    }
}

/// What a row should say: every pair of the two sets of pods, one by one.
fn tally(index: &Index, cluster: &Cluster, from: &[End], to: &[End], counts: &mut Counts) {
    for a in from {
        for b in to.iter().filter(|it| *it != a) {
            counts.add(index.trace(cluster, a, b, None).outcome(), 1);
        }
    }
}

/// The pods of each unit that run.
fn pods_by_unit(cluster: &Cluster, by: Granularity) -> BTreeMap<Unit, Vec<End>> {
    let mut units: BTreeMap<Unit, Vec<End>> = BTreeMap::new();
    for pod in cluster.pods.iter().filter(|it| !it.phase().is_finished()) {
        let forbidden = matches!(cluster.coverage.of(Kind::POD, pod.namespace()), Coverage::Forbidden { .. });
        let unit =
            if by == Granularity::Pod { Unit::Pod(pod.pod_id()) } else { Unit::Namespace(pod.namespace().clone()) };
        if !forbidden {
            units.entry(unit).or_default().push(End::Pod(pod.pod_id()));
        }
    }
    units
}

proptest! {
    #![proptest_config(config(60))]

    /// A map says of each pair of units what its pairs of pods say, and the counts are those of all pairs.
    #[test]
    fn a_map_is_all_its_pairs(seed: u64) {
        map_is_its_pairs(seed)?;
    }

    /// An unknown says why, row by row, and nothing else does (CONTRACT §2: what would settle it).
    #[test]
    fn unknown_rows_have_reasons(seed: u64) {
        let mut dice = Dice::new(seed);
        let world = net_worlds::world(&mut dice, ALL);
        let cluster = world.cluster();
        let index = Index::with(&cluster, world.settings.clone());
        let asker = Asker::new(&cluster, &index);
        let by = *dice.pick(&[Granularity::Pod, Granularity::Workload, Granularity::Namespace]);
        let whys = asker.whys(by);
        let is_unsure = |it: &Summary| it.pairs.unknown > 0 || it.possible != it.some;
        for row in asker.map(by, None).rows {
            let why = whys.between(&row.from, &row.to, &row.summary);
            prop_assert_eq!(why.is_empty(), !is_unsure(&row.summary), "seed {}: {:?}\n{:#?}", seed, row, world);
            prop_assert!(why.iter().all(|it| it.mark == Mark::Unknown && !it.what.starts_with("from ")), "seed {}: {:?} {:?}", seed, row, why);
        }
        let pods: Vec<_> = cluster.pods.iter().filter(|it| !it.phase().is_finished()).collect();
        if pods.is_empty() {
            return Ok(());
        }
        let (pod, direction) = (dice.pick(&pods).pod_id(), *dice.pick(&Direction::ALL));
        let other = AskedEnd::Pod(dice.pick(&pods).pod_id());
        let trace = asker.trace(&AskedEnd::Pod(pod.clone()), &other, &PortAsk::NONE).expect("pods that are there");
        for pair in &trace.pairs {
            let is_told = pair.evidence().iter().any(|it| it.mark == Mark::Unknown);
            prop_assert!(is_told || pair.unknown().is_empty(), "seed {}: {:?}", seed, pair);
        }
        let reach = asker.reach(&AskedEnd::Pod(pod), direction, by).expect("a pod that is there");
        for row in &reach.rows {
            let why = asker.whys(by).of_reach(&reach, row);
            prop_assert_eq!(why.is_empty(), !is_unsure(&row.summary), "seed {}: {:?}\n{:#?}", seed, row, world);
        }
    }

    /// What an end reaches, and what reaches it, is what its pairs say, ports and outside addresses included.
    #[test]
    fn reach_is_its_pairs(seed: u64) {
        let mut dice = Dice::new(seed);
        let world = net_worlds::world(&mut dice, ALL);
        let cluster = world.cluster();
        let index = Index::with(&cluster, world.settings.clone());
        let ends = net_worlds::ends(&cluster);
        for _ in 0..4 {
            let end = dice.pick(&ends).clone();
            let direction = *dice.pick(&Direction::ALL);
            let reach = index.reach(&cluster, &end, direction, Granularity::Pod, None);
            let verdict = |other: &End| match direction {
                Direction::Egress => index.trace(&cluster, &end, other, None),
                Direction::Ingress => index.trace(&cluster, other, &end, None),
            };
            for (unit, pods) in pods_by_unit(&cluster, Granularity::Pod).iter().filter(|(_, pods)| pods[0] != end) {
                let verdict = verdict(&pods[0]);
                let row = reach.rows.iter().find(|it| it.unit == *unit);
                if matches!(&end, End::Pod(id) if index.isolation(id).is_none()) {
                    prop_assert_eq!(verdict.outcome(), Outcome::Unknown);
                    continue;
                }
                let said = row.map_or((PortSet::none(), PortSet::none()), |it| {
                    ((*it.summary.every).clone(), it.summary.possible.difference(&it.summary.every))
                });
                let asked = (verdict.allowed(), verdict.unknown());
                prop_assert_eq!(said, asked, "seed {}: {:?} {:?} {:?}\n{:#?}", seed, end, direction, unit, world);
            }
            for row in &reach.rows {
                if let Unit::Outside(ranges) = &row.unit {
                    let verdict = verdict(&End::Address(dice.pick(ranges).1));
                    prop_assert!(!verdict.families.is_empty(), "no family in common: {row:?}");
                    prop_assert_eq!(&*row.summary.every, &verdict.allowed(), "seed {}: {:?}", seed, row);
                }
            }
        }
    }

    /// `build(after)` answers as `build(before)` that followed the changes, and a copy taken before does not move.
    #[test]
    fn following_changes_is_building_anew(seed: u64) {
        prop_assert_eq!(strays_from(seed), None);
    }
}

fn map_is_its_pairs(seed: u64) -> Result<(), TestCaseError> {
    let mut dice = Dice::new(seed);
    let world = net_worlds::world(&mut dice, ALL);
    let cluster = world.cluster();
    let index = Index::with(&cluster, world.settings.clone());
    let by = *dice.pick(&[Granularity::Pod, Granularity::Namespace]);
    let units = pods_by_unit(&cluster, by);
    let map = index.map(&cluster, by, None);
    let mut all = Counts::default();
    for (from, from_pods) in &units {
        for (to, to_pods) in &units {
            let mut counts = Counts::default();
            tally(&index, &cluster, from_pods, to_pods, &mut counts);
            let row = map.rows.iter().find(|it| it.from == *from && it.to == *to);
            let said = row.map_or(Counts { deny: counts.total(), ..Counts::default() }, |it| it.summary.pairs);
            prop_assert_eq!(said, counts, "seed {}: {:?} -> {:?}\n{:#?}", seed, from, to, world);
            all = Counts {
                allow: all.allow + counts.allow,
                unknown: all.unknown + counts.unknown,
                deny: all.deny + counts.deny,
            };
        }
    }
    prop_assert_eq!(index.counts(None), all, "seed {}\n{:#?}", seed, world);
    Ok(())
}

fn strays_from(seed: u64) -> Option<String> {
    let mut dice = Dice::new(seed);
    let mut world = net_worlds::world(&mut dice, ALL);
    world.deltas.extend((0..12).map(|_| net_worlds::step(&mut dice, ALL)));
    strays(&world, seed)?;
    let world = net_worlds::smallest(world, |it| strays(it, seed).is_some());
    Some(format!("seed {seed}: {}\n{world:#?}", strays(&world, seed).unwrap_or_default()))
}

/// Worlds on which these laws did not hold once.
#[test]
fn what_once_failed_holds() -> Result<(), TestCaseError> {
    // Pods that only declare other ports, told apart by a rule of another tier that names them.
    map_is_its_pairs(8_747_752_385_607_995_303)?;
    // A namespace that only a policy named, before its policies could not be read.
    assert_eq!(strays_from(1_294_090_781_708_628_492), None);
    // A namespace that only an unreadable policy named, before its pods came.
    assert_eq!(strays_from(13_786_937_075_866_889_101), None);
    // A policy that came while policies could not be read, into a namespace that nothing else named.
    assert_eq!(strays_from(6_246_884_279_883_117_976), None);
    // A block that no policy names any more, in a cluster whose pods without addresses do not know their family.
    assert_eq!(strays_from(1_277_096_287_081_395_119), None);
    Ok(())
}

/// Where an index that followed the last steps of a world differs from one that was built after them.
fn strays(world: &World, seed: u64) -> Option<String> {
    let mut dice = Dice::new(seed);
    let (first, last) = world.deltas.split_at(world.deltas.len().saturating_sub(16));
    let mut cluster = World { deltas: first.to_vec(), settings: world.settings.clone() }.cluster();
    let mut index = Index::with(&cluster, world.settings.clone());
    let (before, old) = (cluster.clone(), index.clone());
    let was = old.canonical();
    let mut rest = last;
    while !rest.is_empty() {
        let (batch, left) = rest.split_at(rest.len().min(1 + dice.roll(4)));
        let changes: Vec<_> = batch.iter().flat_map(|it| cluster.apply(it.clone())).collect();
        rest = left;
        index.apply(&cluster, &changes);
        let built = Index::with(&cluster, world.settings.clone());
        let (followed, anew) = (index.canonical(), built.canonical());
        if followed != anew {
            let only = |a: &[String], b: &[String]| a.iter().filter(|it| !b.contains(it)).cloned().collect::<Vec<_>>();
            return Some(format!("followed {:#?}\nbuilt {:#?}", only(&followed, &anew), only(&anew, &followed)));
        }
        if index.counts(None) != built.counts(None) {
            return Some("counts".into());
        }
        for (from, to) in pairs(&mut dice, &cluster, 10) {
            let (quick, slow) = (index.trace(&cluster, &from, &to, None), built.trace(&cluster, &from, &to, None));
            if quick != slow {
                return Some(format!("{from:?} -> {to:?}: {quick:#?}\n{slow:#?}"));
            }
        }
    }
    (old.canonical() != was || old.counts(None) != Index::with(&before, world.settings.clone()).counts(None))
        .then(|| "a copy moved".into())
}
