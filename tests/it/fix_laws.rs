//! What must hold of every candidate of `fix`, on random worlds: it does what was asked and nothing against anybody else,
//! by the naive evaluator, with its JSON read back as `live+FILE` reads it.
//!
//! `PROPTEST_RNG_SEED=$RANDOM KREACH_CASES=100 cargo test --test it fix_laws::` tries a hundred times as many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kreach::ask::World;
use kreach::ask::end::{AskedEnd, PortAsk};
use kreach::ask::fix::revoke::{ChokedWays, Revoke, Taken};
use kreach::ask::fix::{Candidate, Certainty, FixAnswer, FlowAsk, FlowTurn};
use kreach::ask::world::SelfCheck;
use kreach::change::edits::project;
use kreach::change::fix::WholeObjects;
use kreach::change::{Change, GrantChange};
use kreach::escalate::{Foothold, Goal};
use kreach::live::ManagedFields;
use kreach::live::files::load_text;
use kreach::live::snapshot;
use kreach::model::cluster::Cluster;
use kreach::model::evidence::Outcome;
use kreach::model::facts::PodNetwork;
use kreach::model::id::PodId;
use kreach::model::port::Protocol;
use kreach::net::verdict::{End, Port};
use kreach::net::{Settings, naive};
use kreach::rbac;
use kreach::rbac::identity::canonical;
use kreach::rbac::naive::RequestUser;
use proptest::prelude::*;

use crate::choke_laws::{comes, everybody, random_facts};
use crate::net_lists::random;
use crate::net_worlds::{Dice, PLAIN, cases};
use crate::rbac_worlds::{self, Random, STORED};
use crate::{choke_laws, reach_laws};

fn config(usual: u32) -> ProptestConfig {
    ProptestConfig { cases: cases(usual), failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() }
}

/// A cluster as files hold it, with its objects whole.
pub fn from_files(cluster: &Cluster) -> (Cluster, WholeObjects) {
    let mut text = Vec::new();
    snapshot::write(cluster, &mut text).expect("it is written");
    let text = String::from_utf8(text).expect("text");
    let loaded = load_text("world", &text, "default").expect("it reads back");
    let mut manifests = WholeObjects::new();
    let policies = loaded.cluster.policies.iter().map(|it| it.id());
    let roles = loaded.cluster.roles.iter().map(|it| it.id());
    let bindings = loaded.cluster.bindings.iter().map(|it| it.id());
    for id in policies.chain(roles).chain(bindings) {
        let whole = loaded.source.whole(&id, ManagedFields::LeftOut);
        manifests.extend(whole.map(|it| (id, it.expect("it was read before"))));
    }
    (loaded.cluster, manifests)
}

fn world(seed: u64) -> (World, Dice) {
    let (first, cluster, dice) = random(seed, PLAIN);
    let (cluster, manifests) = from_files(&cluster);
    let mut world = World::of(cluster, first.settings.clone(), SelfCheck::Off);
    world.manifests = Arc::new(manifests);
    (world, dice)
}

/// What each pair of pods says of each port.
type Matrix = BTreeMap<(PodId, PodId, Port), Outcome>;

fn matrix(world: &World, cluster: &Cluster, ports: &BTreeSet<Port>) -> Matrix {
    let running = cluster.pods.iter().filter(|it| !it.phase().is_finished());
    let pods: Vec<PodId> = running.map(|it| it.pod_id()).collect();
    let mut all = Matrix::new();
    for (from, to) in pods.iter().flat_map(|a| pods.iter().map(move |b| (a, b))).filter(|(a, b)| a != b) {
        for port in ports {
            let (a, b) = (End::Pod(from.clone()), End::Pod(to.clone()));
            let outcome = naive::outcome(cluster, &world.settings, &a, &b, *port);
            all.insert((from.clone(), to.clone(), *port), outcome);
        }
    }
    all
}

/// The cluster with a candidate made, from its JSON.
fn made(cluster: &Cluster, candidate: &Candidate) -> Cluster {
    let text = serde_json::to_string(&candidate.changes).expect("JSON");
    let changes: Vec<Change> = serde_json::from_str(&text).expect("its own text");
    let mut after = cluster.clone();
    let projected = project(cluster, &changes).expect("they are objects");
    projected.deltas.into_iter().for_each(|it| drop(after.apply(it)));
    after
}

/// A pair of pods on networks of their own, and a port.
fn pair(world: &World, dice: &mut Dice, ports: &BTreeSet<Port>) -> Option<(PodId, PodId, Port)> {
    let is_one = |it: &&kreach::model::facts::SharedPod| it.network() == PodNetwork::Own && !it.phase().is_finished();
    let pods: Vec<PodId> = world.cluster.pods.iter().filter(is_one).map(|it| it.pod_id()).collect();
    if pods.len() < 2 {
        return None;
    }
    let ports: Vec<Port> = ports.iter().copied().filter(|it| it.1 > 0).collect();
    let (from, to) = (dice.pick(&pods).clone(), dice.pick(&pods).clone());
    (from != to).then(|| (from, to, *dice.pick(&ports)))
}

fn asked(world: &World, (from, to, port): &(PodId, PodId, Port), way: FlowTurn) -> FixAnswer {
    let port = PortAsk::Number { number: port.1, protocol: port.0 };
    let ask = FlowAsk { from: AskedEnd::Pod(from.clone()), to: AskedEnd::Pod(to.clone()), port, way };
    ask.answer(world).unwrap_or_else(|it| panic!("{from} -> {to}: {}", it.whole()))
}

/// What is wrong with a candidate that was asked to turn this flow.
fn wrong(world: &World, before: &Matrix, flow: &(PodId, PodId, Port), way: FlowTurn, it: &Candidate) -> Option<String> {
    let ports: BTreeSet<Port> = before.keys().map(|it| it.2).collect();
    let after = matrix(world, &made(&world.cluster, it), &ports);
    let (wanted, opposite) = match way {
        FlowTurn::Allow => (Outcome::Allow, Outcome::Deny),
        FlowTurn::Deny => (Outcome::Deny, Outcome::Allow),
    };
    let own = after.get(flow);
    if own != Some(&wanted) && (it.certainty == Certainty::Certain || own == Some(&opposite)) {
        return Some(format!("it is {own:?} with {:?} made", it.what));
    }
    // Whoever is told besides: pods that cannot be told apart, other ports of the same.
    let is_told = !it.notes.is_empty();
    before.iter().find_map(|(other, outcome)| {
        let now = &after[other];
        if now == outcome || other == flow {
            return None;
        }
        let goes_back = match way {
            FlowTurn::Allow => *now > *outcome,
            FlowTurn::Deny => *now < *outcome,
        };
        (goes_back || !is_told && !is_alike(world, flow, other))
            .then(|| format!("{other:?} was {outcome}, is {now} with {:?} made: {:?}", it.what, it.notes))
    })
}

/// Whether two flows are of pods of the same workloads, which share a row of the impact.
fn is_alike(world: &World, a: &(PodId, PodId, Port), b: &(PodId, PodId, Port)) -> bool {
    let unit = |it: &PodId| {
        let pod = world.cluster.pods.get(&it.namespace, &it.name).expect("a pod of the world");
        kreach::model::ownership::workload_of(&world.cluster, pod)
    };
    let same = |a: &PodId, b: &PodId| a == b || unit(a).is_some() && unit(a) == unit(b);
    same(&a.0, &b.0) && same(&a.1, &b.1)
}

fn assert_turned(seed: u64, way: FlowTurn) {
    let (world, mut dice) = world(seed);
    let mut ports = naive::boundaries(&world.cluster);
    ports.insert((Protocol::Tcp, 80));
    let before = matrix(&world, &world.cluster, &ports);
    for _ in 0..4 {
        let Some(flow) = pair(&world, &mut dice, &ports) else { continue };
        let fix = asked(&world, &flow, way);
        for candidate in &fix.candidates {
            if let Some(what) = wrong(&world, &before, &flow, way, candidate) {
                panic!("seed {seed}, {way:?} {flow:?}: {what}\n{:#?}", candidate.changes);
            }
        }
        let done = match way {
            FlowTurn::Allow => Outcome::Allow,
            FlowTurn::Deny => Outcome::Deny,
        };
        assert!(!fix.candidates.is_empty() || !fix.reasons.is_empty(), "seed {seed}: {flow:?} says nothing");
        if before.get(&flow) == Some(&done) {
            assert!(fix.candidates.is_empty(), "seed {seed}: {flow:?} is as asked");
        }
        // What policies of NetworkPolicy alone decide can be opened.
        if way == FlowTurn::Allow && before.get(&flow) == Some(&Outcome::Deny) {
            assert!(!fix.candidates.is_empty(), "seed {seed}: {flow:?} has no candidate: {:?}", fix.reasons);
        }
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn a_denied_flow_is_allowed_and_none_is_closed(seed: u64) {
        assert_turned(seed, FlowTurn::Allow);
    }

    #[test]
    fn an_allowed_flow_is_denied_and_none_is_opened(seed: u64) {
        assert_turned(seed, FlowTurn::Deny);
    }

    /// By both engines, and nobody is given anything.
    #[test]
    fn a_right_is_taken_and_nobody_is_given_one(seed: u64) {
        let mut random = Random::new(seed);
        let cluster = rbac_worlds::cluster(&STORED.facts(&mut random, 12));
        let (cluster, manifests) = from_files(&cluster);
        let mut world = World::of(cluster, Settings::default(), SelfCheck::Off);
        world.manifests = Arc::new(manifests);
        for _ in 0..6 {
            let Some((identity, request)) = STORED.likely(&mut random, &world.cluster) else { continue };
            let revoke = Revoke { identity: identity.clone(), what: Taken::One(request.clone()) };
            let fix = revoke.answer(&world).unwrap_or_else(|it| panic!("seed {seed}: {}", it.whole()));
            prop_assert!(!fix.candidates.is_empty() || !fix.reasons.is_empty(), "seed {seed} says nothing");
            for candidate in &fix.candidates {
                let after = made(&world.cluster, candidate);
                let groups = identity.groups.iter().map(|it| it.0.as_str()).collect();
                let asker = RequestUser { user: &identity.user, groups };
                let outcome = rbac::naive::outcome(&after, &asker, &request);
                prop_assert!(outcome != Outcome::Allow, "seed {seed}: {request:?} {:?}", candidate.what);
                let given = candidate.impact.grants.iter().filter(|it| it.change == GrantChange::Given);
                prop_assert_eq!(given.count(), 0, "seed {}: {:?}", seed, candidate.what);
                let others = candidate.impact.grants.iter().find(|it| canonical(&it.subject) != identity.subject);
                prop_assert!(others.is_none(), "seed {seed}: {:?} takes from {others:?}", candidate.what);
            }
        }
    }
}

/// The cut of everybody: once it is made nobody comes to the goal by a grant that can be cut, asked one by one.
#[test]
fn the_cut_of_everybody_ends_every_way() {
    let (mut made_count, mut several) = (0, 0);
    for seed in 0..u64::from(cases(30)) {
        let facts = random_facts(seed);
        let (cluster, manifests) = from_files(&rbac_worlds::cluster(&facts));
        let everybody = everybody(&facts);
        let mut world = World::of(cluster, Settings::default(), SelfCheck::Off);
        world.manifests = Arc::new(manifests);
        for goal in ["cluster-admin", "namespace-admin/a", "secrets/b", "node-root"] {
            let (to, namespace) = (goal.to_owned(), "default".into());
            let choke = ChokedWays { from: None, to, groups: Vec::new(), namespace };
            let fix = choke.answer(&world).unwrap_or_else(|it| panic!("seed {seed} {goal}: {}", it.whole()));
            assert!(!fix.candidates.is_empty() || !fix.reasons.is_empty(), "seed {seed} {goal} says nothing");
            let Some(candidate) = fix.candidates.first() else { continue };
            let what = format!("seed {seed} {goal}: {:?}", candidate.what);
            (made_count, several) = (made_count + 1, several + usize::from(candidate.changes.len() > 1));
            assert!(candidate.impact.grants.iter().all(|it| it.change == GrantChange::Taken), "{what} gives");
            let after = reach_laws::World::from(made(&world.cluster, candidate));
            let wanted = sink(goal);
            let comes = |it: &&Foothold| comes(&after, it, &wanted);
            let (before, after): (Vec<&Foothold>, Vec<&Foothold>) = (
                everybody.iter().filter(|it| choke_laws::comes(&reach_laws::World::of(&facts), it, &wanted)).collect(),
                everybody.iter().filter(comes).collect(),
            );
            assert!(after.len() < before.len(), "{what}: {after:?} of {before:?} come there still");
            // Who comes there still is named.
            let said: String = fix.reasons.iter().map(|it| format!("{}\n", it.what)).collect();
            let unsaid = after.iter().find(|it| !said.contains(&it.to_string()) && !said.contains("more for the same"));
            assert_eq!(unsaid, None, "{what}: {said}");
        }
    }
    assert!(made_count > 30 && several > 10, "few cuts: {made_count}, of several objects {several}");
}

fn sink(goal: &str) -> Goal {
    match goal.split_once('/') {
        Some(("namespace-admin", namespace)) => Goal::Is(Foothold::NamespaceAdmin(namespace.into())),
        Some((_, namespace)) => Goal::Is(Foothold::Secrets { namespace: namespace.into(), name: None }),
        None if goal == "node-root" => Goal::AnyNode,
        None => Goal::Is(Foothold::ClusterAdmin),
    }
}
