//! How fast it is told who could open a denied flow, who can write what a policy trusts, and what lists find, at a seeded
//! world:
//! `cargo bench --bench sidestep [-- WORLD [WORD]]` (default L; of the questions those alone whose names hold the word).
//!
//! Prints p50, p99 and the worst of each question against the goals of docs/performance.md. Flows are drawn by a seed from
//! the pods of the world, those that are denied alone: the same on every machine.

mod random;

use std::hint::black_box;
use std::time::{Duration, Instant};

use kreach::ask::World;
use kreach::ask::end::{AskedEnd, PortAsk};
use kreach::ask::findings::JoinedFindings;
use kreach::ask::sidestep::SidestepAsk;
use kreach::ask::trust::trust;
use kreach::ask::world::SelfCheck;
use kreach::embedded::{ServedCluster as Seeded, kinds};
use kreach::kinds::{Intern, KINDS};
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::facts::Phase;
use kreach::model::id::{Kind, ObjectId};
use kreach::net::Settings;

use random::Random;

/// A seeded world as a cluster, all of it read.
fn cluster(world: &Seeded) -> Cluster {
    let mut cluster = Cluster::new(Coverage::Loading);
    let mut intern = Intern::new();
    for spec in KINDS {
        if let Some(kind) = kinds::by_plural(spec.plural).filter(|it| it.group == spec.group) {
            world.documents(kind, |json| {
                let text = std::str::from_utf8(json).expect("the server writes UTF-8");
                let delta = spec.read_json(text, "", &mut intern).delta();
                delta.into_iter().for_each(|it| drop(cluster.apply(it)));
            });
        }
        let (kind, scope) = (spec.kind, Scope::Everywhere);
        cluster.apply(Delta::Covered { kind, scope, coverage: Coverage::Live });
    }
    cluster
}

/// Runs one question many times and prints its percentiles beside the goal.
fn measure(what: &str, goal: Duration, times: usize, mut question: impl FnMut(usize) -> usize) {
    if std::env::args().filter(|it| !it.starts_with("--")).nth(2).is_some_and(|it| !what.contains(&it)) {
        return;
    }
    let (mut taken, mut sizes) = (Vec::with_capacity(times), Vec::with_capacity(times));
    for at in 0..times {
        let from = Instant::now();
        let size = black_box(question(at));
        taken.push(from.elapsed());
        sizes.push(size);
    }
    taken.sort_unstable();
    sizes.sort_unstable();
    let at = |share: f64| ((times - 1) as f64 * share) as usize;
    let (p50, p99, worst) = (taken[at(0.5)], taken[at(0.99)], taken[at(1.0)]);
    let mark = if p99 <= goal { "ok  " } else { "OVER" };
    println!(
        "{mark} {what}: p50 {p50:?}  p99 {p99:?}  worst {worst:?}  goal p99 {goal:?}  n {times}  size p50 {}, p99 {}",
        sizes[at(0.5)],
        sizes[at(0.99)]
    );
}

/// Flows between two pods that are denied.
fn denied(world: &World, count: usize) -> Vec<SidestepAsk> {
    let running = |it: &&kreach::model::facts::SharedPod| it.is_governed() && it.phase() == Phase::Running;
    let pods: Vec<_> = world.cluster.pods.iter().filter(running).map(|it| it.pod_id()).collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut flows = Vec::new();
    for _ in 0..count * 400 {
        let mut pod = || AskedEnd::Pod(pods[random.below(pods.len())].clone());
        let (from, to, port) = (pod(), pod(), PortAsk::number(8080, None).expect("a port"));
        let trace = world.asker().without_prerequisites().trace(&from, &to, &port).expect("an answer");
        if trace.outcome() == Outcome::Deny {
            flows.push(SidestepAsk { from, to, port, by: None, in_steps: false });
        }
        if flows.len() == count {
            break;
        }
    }
    flows
}

/// So many policies, drawn by a seed.
fn policies(world: &World, count: usize) -> Vec<ObjectId> {
    let all: Vec<ObjectId> = world.cluster.policies.iter().map(|it| it.id()).collect();
    let all: Vec<ObjectId> = all.into_iter().filter(|it| it.kind == Kind::NETWORK_POLICY).collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    (0..count).map(|_| all[random.below(all.len())].clone()).collect()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let name = words.first().map_or("L", String::as_str);
    let seeded = Seeded::seeded(name).expect("a seeded world");
    let world = World::of(cluster(&seeded), Settings::default(), SelfCheck::Off);
    world.net();
    world.rbac();
    let flows = denied(&world, 100);
    println!(
        "world {name}: {} pods, {} bindings, {} denied flows",
        world.cluster.pods.len(),
        world.cluster.bindings.len(),
        flows.len()
    );
    let answer = |at: usize| flows[at].answer(&world, &mut |_, _| true).expect("an answer").witnesses.len();
    let ms = Duration::from_millis;
    // Kept until a role or a binding changes: sidestep, trust and lists rest on it.
    measure("whom bindings name, once", ms(600), 1, |_| {
        world.ground(&[]).bound();
        1
    });
    measure("sidestep, the first", ms(600), 1, |_| answer(0));
    measure("sidestep of one denied flow", ms(50), flows.len(), answer);
    let policies = policies(&world, 100);
    let trusted = |at: usize| {
        let found = trust(&world, &policies[at]).expect("an answer").expect("a policy that is read");
        found.rules.iter().map(|it| it.writers.len()).sum()
    };
    measure("trust of one policy", ms(20), policies.len(), trusted);
    let told = |at: usize| {
        let found = trust(&world, &policies[at]).expect("an answer").expect("a policy that is read");
        found.page(world.rbac()).lines.len()
    };
    measure("trust of one policy, told in lines", ms(100), policies.len(), told);
    measure("findings of all lists, aside", ms(10_000), 1, |_| JoinedFindings::of(&world).trust.len());
}
