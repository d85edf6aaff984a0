//! What lists find is looked for again after every change that can move it, on random worlds of pods, Services and slices,
//! and random changes of these.

use kreach::ask::World;
use kreach::ask::findings::JoinedFindings;
use kreach::model::cluster::{AnyFact, Delta, ReadObject};
use kreach::model::facts::{Phase, SharedPod};
use kreach::model::id::Kind;

use crate::net_worlds::cases;
use crate::rbac_worlds::Random;
use crate::reach_laws::fact;
use crate::sidestep_laws::world;

const HOMES: &[&str] = &["a", "b"];

/// A Service that may be entered from outside.
fn service(random: &mut Random) -> AnyFact {
    let (name, home) = (random.one(&["web", "db"]), random.one(HOMES));
    let sort = random.one(&["LoadBalancer", "LoadBalancer", "NodePort", "ClusterIP"]);
    let selector = random.one(&[r#","selector":{"app":"web"}"#, r#","selector":{"app":"db"}"#, ""]);
    let json = format!(
        r#"{{"metadata":{{"name":"{name}"}},"spec":{{"type":"{sort}","externalTrafficPolicy":"Local","clusterIP":"10.9.0.1",
            "ports":[{{"port":80,"protocol":"TCP","nodePort":30080}}]{selector}}},
            "status":{{"loadBalancer":{{"ingress":[{{"ip":"203.0.113.7"}}]}}}}}}"#
    );
    fact(Kind::SERVICE, &json, home)
}

/// What of a Service some pod stands behind.
fn slice(random: &mut Random, world: &World) -> Option<AnyFact> {
    let pods: Vec<&SharedPod> = world.cluster.pods.iter().collect();
    let pod = pods.get(random.below(pods.len().max(1)))?;
    let address = pod.addresses().first()?;
    let (service, ready) = (random.one(&["web", "db"]), random.one(&["true", "false"]));
    let json = format!(
        r#"{{"metadata":{{"name":"{service}-1","labels":{{"kubernetes.io/service-name":"{service}"}}}},"addressType":"IPv4",
            "ports":[{{"port":80,"protocol":"TCP"}}],
            "endpoints":[{{"addresses":["{address}"],"conditions":{{"ready":{ready},"serving":{ready}}},
                "targetRef":{{"kind":"Pod","name":"{}"}}}}]}}"#,
        pod.name()
    );
    Some(fact(Kind::ENDPOINT_SLICE, &json, pod.namespace()))
}

/// One pod as it may be a moment later.
fn pod(random: &mut Random, world: &World) -> Option<AnyFact> {
    let pods: Vec<&SharedPod> = world.cluster.pods.iter().collect();
    let pod = pods.get(random.below(pods.len().max(1)))?;
    let phase = [Phase::Running, Phase::Pending, Phase::Succeeded][random.below(3)];
    let account = random.one(&["x", "y", "default"]);
    let label = random.one(&["web", "db", "none"]);
    let changed = match random.below(6) {
        0 => pod.changed(|it| it.phase = phase),
        1 => pod.changed(|it| it.service_account = account.into()),
        2 => pod.changed(|it| it.labels = vec![("app".into(), label.into())]),
        3 => pod.changed(|it| it.terminating = !it.terminating),
        _ => pod.changed(|it| it.unready = !it.unready),
    };
    Some(AnyFact::Pod(changed.into()))
}

fn change(random: &mut Random, world: &World) -> Option<AnyFact> {
    match random.below(6) {
        0 => Some(service(random)),
        1 | 2 => slice(random, world),
        _ => pod(random, world),
    }
}

#[test]
fn what_moves_findings_lets_them_be_looked_for_again() {
    let (mut kept, mut moved, mut exposed) = (0, 0, 0);
    for seed in 0..u64::from(cases(40)) {
        let (mut world, mut random) = (world(seed), Random::new(seed + 77));
        for _ in 0..3 {
            let fact = service(&mut random);
            world.apply(vec![Delta::Put(ReadObject::new(fact))]);
        }
        let mut found = JoinedFindings::of(&world);
        for _ in 0..25 {
            let Some(fact) = change(&mut random, &world) else { continue };
            let (what, before) = (format!("{fact:?}"), world.revision());
            world.apply(vec![Delta::Put(ReadObject::new(fact))]);
            let now = JoinedFindings::of(&world);
            if now.of == found.of {
                assert!(now.is_same(&found), "seed {seed}: {what}");
                kept += usize::from(world.revision() != before);
            }
            moved += usize::from(!now.is_same(&found));
            exposed += usize::from(!now.exposed.is_empty());
            found = now;
        }
    }
    assert!(kept > 50 && moved > 30 && exposed > 100, "few: kept {kept}, moved {moved}, exposed {exposed}");
}
