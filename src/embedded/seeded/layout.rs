//! How a seeded world is laid out: which namespaces there are, and which workloads with how many pods are in each.
//!
//! Most namespaces have a dozen workloads, a tenth has forty, a hundredth a hundred and twenty. The first three belong to
//! the platform. Whatever the namespaces leave over is made in a second round.

use super::facts::{AGENT, BURNER, ControllerSort, DNS, FIXED, INGRESS, PodFact, SeededNamespace, SeededWorkload};
use super::rng::Rng;
use super::shapes::{Style, WorldShape};

const INFRA: [&str; 3] = ["kube-system", "ingress-nginx", "monitoring"];

/// The namespaces of a world, by name.
pub fn namespaces(shape: &WorldShape) -> Vec<SeededNamespace> {
    let mut all: Vec<SeededNamespace> = (0..shape.namespaces as u32)
        .map(|number| {
            let name = match (shape.style, INFRA.get(number as usize)) {
                (Style::Burner, _) => format!("network-policy-perf-{number}"),
                (_, Some(name)) => (*name).to_owned(),
                (_, None) => format!("team-{}-ns{number}", number % 60),
            };
            SeededNamespace { number, name: name.into() }
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The workloads of a world, in the order in which they are made.
pub fn workloads(shape: &WorldShape, namespaces: &[SeededNamespace], rng: &mut Rng) -> Vec<SeededWorkload> {
    let mut places = vec![0; namespaces.len()];
    for (place, namespace) in namespaces.iter().enumerate() {
        places[namespace.number as usize] = place as u32;
    }
    let mut all: Vec<SeededWorkload> = Vec::new();
    let mut pods = 0;
    let mut round = 0;
    while pods < shape.pods {
        let number = round % shape.namespaces;
        for at in 0..how_many(shape, number, rng) {
            let first_here = round < shape.namespaces && at == 0;
            let mut workload = workload(shape, number, first_here, rng);
            workload.namespace = places[number];
            // Multiplying by an odd number hits each of the 2^20 tags once: no two workloads share a name.
            workload.tag = (all.len() as u32).wrapping_mul(0x5_4F35) & 0xF_FFFF;
            workload.first = pods as u32;
            workload.replicas = workload.replicas.min(u16::try_from(shape.pods - pods).unwrap_or(u16::MAX));
            pods += workload.replicas as usize;
            if workload.replicas > 0 {
                all.push(workload);
            }
        }
        round += 1;
    }
    all
}

/// How many workloads a namespace gets: most a dozen, some many, scaled to the pods that the world shall have.
fn how_many(shape: &WorldShape, number: usize, rng: &mut Rng) -> usize {
    let usual = match (shape.style, number) {
        (Style::Burner, _) => return 1,
        (_, 0..3) => 40,
        _ => match rng.below(1000) {
            0..10 => 120,
            10..100 => 40,
            _ => 4 + rng.below(18),
        },
    };
    let mean = shape.namespaces * 78;
    (usual * shape.pods.min(mean)).div_ceil(mean).min(shape.namespaces)
}

fn workload(shape: &WorldShape, number: usize, first_here: bool, rng: &mut Rng) -> SeededWorkload {
    let mut made = SeededWorkload {
        namespace: 0,
        tag: 0,
        base: rng.below(FIXED) as u8,
        sort: if rng.happens(12) { ControllerSort::StatefulSet } else { ControllerSort::Deployment },
        tier: rng.below(3) as u8,
        ports: 1,
        containers: *rng.pick(&[1, 1, 1, 2, 2, 3]),
        replicas: 1 + rng.below(9) as u16,
        first: 0,
    };
    if rng.happens(70) {
        made.ports |= if rng.happens(80) { 2 } else { 4 };
    }
    if rng.happens(15) {
        made.ports |= 8;
    }
    match (shape.style, number, first_here) {
        (Style::Burner, _, _) => {
            made =
                SeededWorkload { base: BURNER, sort: ControllerSort::Deployment, replicas: 10, containers: 1, ..made }
        }
        (_, 0, true) => {
            made = SeededWorkload { base: DNS, sort: ControllerSort::Deployment, ports: 2 | 16 | 32, ..made }
        }
        (_, 1, true) => made = SeededWorkload { base: INGRESS, sort: ControllerSort::Deployment, ..made },
        (_, 2, true) => {
            made = SeededWorkload {
                base: AGENT,
                sort: ControllerSort::DaemonSet,
                containers: 1,
                replicas: 8,
                ports: 2,
                ..made
            }
        }
        (_, 3.., false) if rng.happens(2) => made = SeededWorkload { sort: ControllerSort::Job, replicas: 1, ..made },
        _ => {}
    }
    made
}

/// The pods of the workloads, in the same order.
pub fn pods(workloads: &[SeededWorkload], count: usize) -> Vec<PodFact> {
    let mut pods = Vec::with_capacity(count);
    for (at, workload) in workloads.iter().enumerate() {
        pods.extend((0..workload.replicas).map(|ordinal| PodFact { workload: at as u32, ordinal }));
    }
    pods
}
