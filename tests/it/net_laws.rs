//! What must hold of every network answer, on random worlds (DESIGN §8.2).
//!
//! `KREACH_CASES=100 cargo test --test it net_laws::` tries a hundred times as many.

use kreach::model::cluster::Cluster;
use kreach::model::evidence::Outcome;
use kreach::net::verdict::{End, Port, Tri};
use kreach::net::{Index, naive};
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
