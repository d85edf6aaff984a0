//! How fast it is told what somebody can come to reach, at a seeded world: `cargo bench --bench reach [-- WORLD [WORD]]`
//! (default L; of the questions those alone whose names hold the word).
//!
//! Prints p50, p99 and the worst of each question against the goals of docs/performance.md, with how much was held, and
//! what the memory of it is. Who is asked about is drawn from everybody whom bindings name and from all accounts, by a
//! seed: the same on every machine.

mod random;

use std::alloc::System;
use std::hint::black_box;
use std::time::{Duration, Instant};

use kreach::ask::World;
use kreach::ask::world::SelfCheck;
use kreach::embedded::{ServedCluster as Seeded, kinds};
use kreach::escalate::{Certainty, Foothold, Goal, Ground, closure, reach};
use kreach::kinds::{Intern, KINDS};
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::name::Name;
use kreach::model::role::Subject;
use kreach::net::Settings;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use random::Random;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Megabytes that are held now.
fn held() -> f64 {
    let stats = ALLOCATOR.stats();
    (stats.bytes_allocated as isize - stats.bytes_deallocated as isize) as f64 / 1e6
}

/// Pieces of memory that were asked for so far.
fn pieces() -> usize {
    ALLOCATOR.stats().allocations
}

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
    let before = pieces();
    for at in 0..times {
        let from = Instant::now();
        let size = black_box(question(at));
        taken.push(from.elapsed());
        sizes.push(size);
    }
    let each = (pieces() - before) / times;
    taken.sort_unstable();
    sizes.sort_unstable();
    let at = |share: f64| ((times - 1) as f64 * share) as usize;
    let (p50, p99, worst) = (taken[at(0.5)], taken[at(0.99)], taken[at(1.0)]);
    let mark = if p99 <= goal { "ok  " } else { "OVER" };
    let (usual, large) = (sizes[at(0.5)], sizes[at(0.99)]);
    println!(
        "{mark} {what}: p50 {p50:?}  p99 {p99:?}  worst {worst:?}  goal p99 {goal:?}  n {times}  \
         size p50 {usual}, p99 {large}  allocations {each}"
    );
}

/// Works out all that questions rest on.
fn work_out(ground: &Ground<'_>) -> usize {
    let places: usize = ground.all_namespaces().iter().map(|it| ground.place(it).pods.len()).sum();
    let named = ground.named();
    let grants = named.users.iter().chain(&named.groups).map(|it| ground.grants(it).all.len());
    places + grants.sum::<usize>()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let name = words.first().map_or("L", String::as_str);
    let seeded = Seeded::seeded(name).expect("a seeded world");
    let mut world = World::of(cluster(&seeded), Settings::default(), SelfCheck::Off);
    world.net();
    world.rbac();
    println!(
        "world {name}: {} pods, {} bindings, {} roles, {} namespaces, {:.1} MB with indexes",
        world.cluster.pods.len(),
        world.cluster.bindings.len(),
        world.cluster.roles.len(),
        world.cluster.namespaces.len(),
        held()
    );
    let before = held();
    measure("the whole graph", Duration::from_secs(1), 1, |_| work_out(&world.ground(&[])));
    println!("     the graph: {:.1} MB", held() - before);

    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let everybody: Vec<Subject> = everybody(&world.ground(&[]));
    let sample: Vec<Foothold> =
        (0..400).map(|_| Foothold::Subject(everybody[random.below(everybody.len())].clone())).collect();
    let (ms, goal) = (Duration::from_millis(5), Goal::Is(Foothold::ClusterAdmin));
    let ground = world.ground(&[]);
    measure("the closure of one subject, certain", ms, sample.len(), |at| {
        reach(&ground, &sample[at], Certainty::Certain).entries().len()
    });
    measure("the closure of one subject, unsure too", ms, sample.len(), |at| {
        reach(&ground, &sample[at], Certainty::Unsure).entries().len()
    });
    measure("whether one subject comes to cluster-admin", ms, sample.len(), |at| {
        closure::reach_goal(&ground, &sample[at], &goal, None).path.len()
    });
    let asker = world.asker();
    for (to, seconds) in [("cluster-admin", 0.2), ("secrets/kube-system", 0.2), ("node-root", 0.2)] {
        let namespace = Name::from("default");
        let goal = Duration::from_secs_f64(seconds);
        let mut ask = |_| {
            let found = asker.reached_by(&ground, to, &namespace, None, &mut |_, _| true);
            found.map_or(0, |it| it.rows.len())
        };
        measure(&format!("who comes to {to}"), goal, 1, &mut ask);
        measure(&format!("who comes to {to}, asked again"), goal, 5, &mut ask);
    }
    for to in ["cluster-admin", "secrets/kube-system"] {
        measure(&format!("the fewest grants to cut before {to}"), Duration::from_secs(2), 1, |_| {
            let choked = asker.choke(&ground, to, None, &Name::from("default"), &mut |_, _| true);
            choked.map_or(0, |it| it.found.cut.len())
        });
    }
    println!("     {:.1} MB with indexes and graph", held());
    let bindings: Vec<_> = world.cluster.bindings.iter().cloned().collect();
    measure("a binding's event to the renewed closure", ms, 400, |_| {
        let mut binding = (*bindings[random.below(bindings.len())]).clone();
        binding.role = bindings[random.below(bindings.len())].role.clone();
        world.apply(vec![Delta::Put(ReadObject::new(AnyFact::Binding(binding.into())))]);
        reach(&world.ground(&[]), &sample[random.below(sample.len())], Certainty::Certain).entries().len()
    });
    let pods: Vec<_> = world.cluster.pods.iter().cloned().collect();
    measure("a pod's event to the renewed closure", ms, 400, |_| {
        // It is gone and comes back: both are told.
        let pod = pods[random.below(pods.len())].clone();
        world.apply(vec![Delta::Gone(pod.pod_id().object())]);
        world.apply(vec![Delta::Put(ReadObject::new(AnyFact::Pod(pod)))]);
        reach(&world.ground(&[]), &sample[random.below(sample.len())], Certainty::Certain).entries().len()
    });
    drop(pods);
    println!("     VmRSS, VmHWM {:?}", memory());
}

/// Everybody whom bindings name, and every account.
fn everybody(ground: &Ground<'_>) -> Vec<Subject> {
    let named = ground.named();
    let namespaces = ground.all_namespaces();
    let accounts = namespaces.iter().flat_map(|namespace| {
        let place = ground.place(namespace);
        let of = |name: &Name| Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() };
        place.accounts().into_iter().map(of).collect::<Vec<_>>()
    });
    named.users.iter().chain(&named.groups).cloned().chain(accounts).collect()
}

/// What the process holds, and held at most, as `/proc` counts it.
fn memory() -> Vec<String> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines().filter(|it| it.starts_with("VmRSS") || it.starts_with("VmHWM"));
    lines.map(|it| it.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")).collect()
}
