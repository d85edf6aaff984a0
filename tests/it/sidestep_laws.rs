//! Laws of sidestep, on random worlds of roles, bindings, pods and policies: what is written opens the flow, by both
//! engines; who is told to could is who could when asked alone; and without the grant nobody could by it.

use std::collections::BTreeSet;

use kreach::ask::World;
use kreach::ask::end::{AskedEnd, PortAsk};
use kreach::ask::sidestep::{SidestepAnswer, SidestepAsk, Witness};
use kreach::ask::world::SelfCheck;
use kreach::escalate::holders::is_always;
use kreach::escalate::{Because, Certainty, Foothold};
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::evidence::Outcome;
use kreach::model::id::{Kind, ObjectId, PodId};
use kreach::model::role::Subject;
use kreach::net::verdict::End;
use kreach::net::{Index, Settings, naive};
use kreach::rbac::Identity;

use crate::net_worlds::cases;
use crate::rbac_worlds::{Random, cluster};
use crate::reach_laws::{fact, facts, starts};

/// Rights to what policies trust: verbs, API group, resource.
const WRITES: &[[&str; 3]] = &[
    ["create", "networking.k8s.io", "networkpolicies"],
    ["patch", "networking.k8s.io", "networkpolicies"],
    ["delete", "networking.k8s.io", "networkpolicies"],
    ["deletecollection", "networking.k8s.io", "networkpolicies"],
    ["patch", "", "pods"],
    ["update", "", "pods/status"],
    ["create", "", "pods"],
    ["create", "batch", "jobs"],
    ["patch", "", "namespaces"],
    ["update", "", "namespaces/finalize"],
    ["create", "", "pods/exec"],
];

/// Policies of both directions that read labels of pods and of namespaces, and those who may write these.
fn trusting(random: &mut Random) -> Vec<AnyFact> {
    let mut all = Vec::new();
    for number in 0..3 {
        let peer = random.one(&[
            r#"{"podSelector":{"matchLabels":{"role":"client"}}}"#,
            r#"{"namespaceSelector":{"matchLabels":{"team":"web"}}}"#,
            r#"{"namespaceSelector":{"matchLabels":{"team":"web"}},"podSelector":{"matchLabels":{"role":"client"}}}"#,
            r#"{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"b"}}}"#,
            r#"{"ipBlock":{"cidr":"10.0.0.0/30"}}"#,
        ]);
        let chosen = random.one(&["{}", r#"{"matchLabels":{"app":"web"}}"#, r#"{"matchLabels":{"app":"db"}}"#]);
        let (kind, field, word) = [("Ingress", "ingress", "from"), ("Egress", "egress", "to")][random.below(2)];
        let json = format!(
            r#"{{"metadata":{{"name":"trusting-{number}"}},"spec":{{"podSelector":{chosen},"policyTypes":["{kind}"],
                "{field}":[{{"{word}":[{peer}]}}]}}}}"#
        );
        all.push(fact(Kind::NETWORK_POLICY, &json, random.one(&["a", "b"])));
    }
    for number in 0..6 {
        let [verb, group, resource] = WRITES[random.below(WRITES.len())];
        let name = random.one(&["", "", "p0", "p1", "trusting-0", "a"]);
        let names = if name.is_empty() { String::new() } else { format!(r#","resourceNames":["{name}"]"#) };
        let home = random.one(&["a", "b"]);
        let rule = format!(r#"{{"verbs":["{verb}"],"apiGroups":["{group}"],"resources":["{resource}"]{names}}}"#);
        let role = format!(r#"{{"metadata":{{"name":"writing-{number}"}},"rules":[{rule}]}}"#);
        all.push(fact(Kind::ROLE, &role, home));
        let subject = random.one(&[
            r#""kind":"User","name":"alice""#,
            r#""kind":"User","name":"carol""#,
            r#""kind":"Group","name":"dev""#,
            r#""kind":"ServiceAccount","name":"x","namespace":"a""#,
        ]);
        let json = format!(
            r#"{{"metadata":{{"name":"writing-{number}"}},"subjects":[{{{subject}}}],
                "roleRef":{{"kind":"Role","name":"writing-{number}","apiGroup":"rbac.authorization.k8s.io"}}}}"#
        );
        all.push(fact(Kind::ROLE_BINDING, &json, home));
    }
    all
}

pub(crate) fn world(seed: u64) -> World {
    let mut random = Random::new(seed);
    let mut all = if seed.is_multiple_of(2) { facts(&mut random) } else { plain_facts(&mut random) };
    all.extend(trusting(&mut random));
    of(cluster(&all))
}

/// Few who may do much: most of what is found comes from the writers above.
fn plain_facts(random: &mut Random) -> Vec<AnyFact> {
    let all = facts(random);
    all.into_iter().filter(|it| !matches!(it, AnyFact::Binding(_))).collect()
}

fn of(cluster: Cluster) -> World {
    World::of(cluster, Settings::default(), SelfCheck::Off)
}

/// The flows between pods that are denied.
fn denied(world: &World) -> Vec<SidestepAsk> {
    let pods: Vec<PodId> = world.cluster.pods.iter().map(|it| it.pod_id()).collect();
    let mut all = Vec::new();
    for from in &pods {
        for to in pods.iter().filter(|it| *it != from) {
            let (from, to) = (AskedEnd::Pod(from.clone()), AskedEnd::Pod(to.clone()));
            let port = PortAsk::number(80, None).expect("a port");
            let trace = world.asker().trace(&from, &to, &port).expect("an answer");
            if trace.outcome() == Outcome::Deny {
                all.push(SidestepAsk { from, to, port, by: None, in_steps: false });
            }
        }
    }
    all.truncate(3);
    all
}

fn answer(world: &World, ask: &SidestepAsk) -> SidestepAnswer {
    ask.answer(world, &mut |_, _| true).expect("an answer")
}

fn sure(found: &SidestepAnswer) -> impl Iterator<Item = &Witness> {
    found.witnesses.iter().filter(|it| it.certainty == Certainty::Certain)
}

/// Everything that a path writes.
fn written(world: &World, witness: &Witness) -> Cluster {
    let mut cluster = world.cluster.clone();
    witness.path.iter().flat_map(|it| &it.writes).for_each(|it| drop(cluster.apply(it.clone())));
    cluster
}

#[test]
fn what_a_witness_writes_opens_the_flow_by_both_engines() {
    let mut count = 0;
    for seed in 0..u64::from(cases(60)) {
        let world = world(seed);
        for ask in denied(&world) {
            let found = answer(&world, &ask);
            for witness in sure(&found) {
                let cluster = written(&world, witness);
                let index = Index::build(&cluster);
                let connects = witness.path.iter().flat_map(|it| &it.because).filter_map(|it| match it {
                    Because::Connects { from, to, port } => Some((from.clone(), to.clone(), port.expect("a port"))),
                    _ => None,
                });
                let all: Vec<(End, End, _)> = connects.collect();
                assert!(!all.is_empty(), "seed {seed}: nothing connects: {witness:?}");
                for (from, to, port) in all {
                    let ours = index.trace(&cluster, &from, &to, Some(port)).outcome();
                    let theirs = naive::outcome(&cluster, &Settings::default(), &from, &to, port);
                    assert_eq!((ours, theirs), (Outcome::Allow, Outcome::Allow), "seed {seed}: {witness:?}");
                }
                count += 1;
            }
        }
    }
    assert!(count > 100, "only {count} witnesses");
}

#[test]
fn who_is_told_to_could_is_who_could_when_asked_alone() {
    let (mut could, mut could_not) = (0, 0);
    for seed in 0..u64::from(cases(40)) {
        let world = world(seed);
        let ground = world.ground(&[]);
        for ask in denied(&world) {
            let found = answer(&world, &ask);
            let named: BTreeSet<&Subject> = sure(&found).flat_map(|it| &it.subjects).collect();
            let subjects = starts().into_iter().filter_map(|it| match it {
                Foothold::Subject(it) => Some(it),
                _ => None,
            });
            let carol = Subject::User("carol".into());
            for subject in subjects.chain([carol]).chain(named.iter().map(|it| (*it).clone())) {
                let alone = answer(&world, &SidestepAsk { by: Some((subject.clone(), Vec::new())), ..ask.clone() });
                let identity = Identity::new(&subject, &[]);
                let implied = identity.groups.iter().map(|it| Subject::Group(it.0.clone()));
                let is_told = named.contains(&subject)
                    || implied.into_iter().any(|it| named.contains(&it))
                    || is_always(&ground, &subject);
                let is_so = alone.outcome() == Outcome::Allow;
                assert_eq!(is_so, is_told, "seed {seed}: {subject}: {}", found.page());
                if is_so { could += 1 } else { could_not += 1 }
            }
        }
    }
    assert!(could > 50 && could_not > 50, "{could} could, {could_not} could not");
}

/// The bindings that a path rests on.
fn bindings(witness: &Witness) -> Vec<ObjectId> {
    let grants = witness.path.iter().flat_map(|it| &it.because).filter_map(|it| match it {
        Because::Allowed { grant: Some(grant), .. } => Some(grant.binding.id()),
        _ => None,
    });
    grants.collect()
}

#[test]
fn without_its_grant_a_witness_goes() {
    let mut gone = 0;
    for seed in 0..u64::from(cases(40)) {
        let world = world(seed);
        for ask in denied(&world) {
            let Some(first) = sure(&answer(&world, &ask)).next().map(|it| it.subjects[0].clone()) else { continue };
            let ask = SidestepAsk { by: Some((first, Vec::new())), ..ask };
            let mut cluster = world.cluster.clone();
            let mut taken: BTreeSet<ObjectId> = BTreeSet::new();
            loop {
                let found = answer(&of(cluster.clone()), &ask);
                let Some(witness) = sure(&found).next() else { break };
                let rests = bindings(witness);
                assert!(!rests.is_empty(), "seed {seed}: rests on nothing: {witness:?}");
                assert!(rests.iter().all(|it| !taken.contains(it)), "seed {seed}: {taken:?}: {witness:?}");
                taken.extend(rests.iter().cloned());
                rests.into_iter().for_each(|it| drop(cluster.apply(Delta::Gone(it))));
                gone += 1;
            }
        }
    }
    assert!(gone > 50, "only {gone} witnesses went");
}

/// So many users who may do nothing of it: the cluster is a large one.
fn idle() -> Vec<AnyFact> {
    let binding = |number: usize| {
        let json = format!(
            r#"{{"metadata":{{"name":"idle-{number}"}},"subjects":[{{"kind":"User","name":"idle-{number}"}}],
                "roleRef":{{"kind":"ClusterRole","name":"nothing","apiGroup":"rbac.authorization.k8s.io"}}}}"#
        );
        fact(Kind::ROLE_BINDING, &json, "elsewhere")
    };
    (0..260).map(binding).collect()
}

#[test]
fn where_many_are_named_not_all_are_asked_in_steps_and_nobody_is_no_deny() {
    let (mut found, mut unknown) = (0, 0);
    for seed in 0..u64::from(cases(40)) {
        let mut world = world(seed);
        world.apply(idle().into_iter().map(|it| Delta::Put(ReadObject::new(it))).collect());
        for ask in denied(&world) {
            let few = answer(&world, &ask);
            let all = answer(&world, &SidestepAsk { in_steps: true, ..ask.clone() });
            assert_ne!(few.outcome(), Outcome::Deny, "seed {seed}: {ask:?}");
            match few.outcome() {
                Outcome::Allow => {
                    assert_eq!(all.outcome(), Outcome::Allow, "seed {seed}: {ask:?}");
                    found += 1;
                }
                _ => unknown += 1,
            }
        }
    }
    assert!(found > 10 && unknown > 0, "{found} found, {unknown} unknown");
}
