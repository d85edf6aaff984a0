//! What lists find is looked for again after every change that can move it, on random worlds of pods, Services and slices,
//! and random changes of these; and it is what `trust` says of each policy.

use std::collections::{BTreeMap, BTreeSet};

use kreach::ask::World;
use kreach::ask::findings::{self, CountedSubjects, JoinedFindings};
use kreach::ask::trust::{self, TrustAnswer, WriterGroup};
use kreach::model::cluster::{AnyFact, Delta, ReadObject};
use kreach::model::facts::{Phase, SharedPod};
use kreach::model::id::Kind;
use kreach::model::name::Name;
use kreach::model::role::Subject;
use kreach::rbac::own;

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

/// Those of some writers whom Kubernetes does not bind by itself.
fn own_left_out<'w>(world: &World, groups: impl IntoIterator<Item = &'w WriterGroup>) -> BTreeSet<Subject> {
    let all: BTreeSet<Subject> = groups.into_iter().flat_map(|it| it.subjects.iter().cloned()).collect();
    let own = own::of(&world.cluster, &all);
    all.into_iter().filter(|it| !own.contains(it)).collect()
}

fn assert_told(told: &CountedSubjects, who: &BTreeSet<Subject>, what: &str) {
    let first: Vec<Subject> = who.iter().take(findings::NAMED).cloned().collect();
    assert_eq!((told.count, &*told.first), (who.len(), &first[..]), "{what}");
}

#[test]
fn what_lists_find_is_what_trust_says_of_each_policy() {
    let (mut strange, mut undone, mut words) = (0, 0, BTreeSet::new());
    for seed in 0..u64::from(cases(120)) {
        let world = world(seed);
        let found = JoinedFindings::of(&world);
        let mut undo: BTreeMap<Name, Vec<TrustAnswer>> = BTreeMap::new();
        for policy in world.cluster.policies.iter().filter(|it| it.kind == Kind::NETWORK_POLICY) {
            let id = policy.id();
            let answer = trust::trust(&world, &id).expect("an answer").expect("a policy that is read");
            let (told, what) = (&found.trust[&id], format!("seed {seed}: {id}"));
            assert_eq!(told.robustness.map(|it| it.as_str()), answer.robustness().map(|it| it.as_str()), "{what}");
            words.extend(told.robustness);
            let groups = answer.rules.iter().flat_map(|it| trust::strangers(&it.writers, &answer.itself));
            let strangers = own_left_out(&world, groups);
            assert_told(&told.strangers, &strangers, &what);
            strange += strangers.len();
            if findings::is_denying(&world, policy) {
                undo.entry(policy.meta.namespace.clone()).or_default().push(answer);
            }
        }
        assert!(found.undo.keys().eq(undo.keys()), "seed {seed}");
        for (namespace, answers) in &undo {
            let groups = answers.iter().flat_map(|it| &it.itself.writers).filter(|it| it.is_sure());
            let who = own_left_out(&world, groups);
            assert_told(&found.undo[namespace], &who, &format!("seed {seed}: {namespace}"));
            undone += who.len();
        }
    }
    assert!(strange > 50 && undone > 20 && words.len() >= 3, "few: {strange} strangers, {undone} undo, {words:?}");
}
