//! Laws of trust, on random worlds of roles, bindings, pods and policies: whoever is told to write something may, by a grant
//! that is named; and nobody who may change a policy is left out.

use std::collections::BTreeSet;

use kreach::ask::World;
use kreach::ask::trust::{Ruled, TrustAnswer, trust};
use kreach::escalate::Because;
use kreach::escalate::holders::is_always;
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;
use kreach::model::name::Name;
use kreach::model::policy::Policy;
use kreach::model::role::Subject;
use kreach::rbac::grant::named;
use kreach::rbac::identity::canonical;
use kreach::rbac::{Identity, Request, ResourceRequest};

use crate::net_worlds::cases;
use crate::sidestep_laws::world;

fn answers(world: &World) -> Vec<(Policy, TrustAnswer)> {
    let all = world.cluster.policies.iter().filter(|it| it.kind == Kind::NETWORK_POLICY);
    let answer = |it: &Policy| trust(world, &it.id()).expect("an answer").expect("a policy that is read");
    all.map(|it| ((**it).clone(), answer(it))).collect()
}

fn ruled(trust: &TrustAnswer) -> impl Iterator<Item = &Ruled> {
    trust.rules.iter().chain(&trust.target).chain([&trust.itself])
}

fn subjects(ruled: &Ruled) -> BTreeSet<Subject> {
    ruled.writers.iter().flat_map(|it| it.subjects.iter().cloned()).collect()
}

#[test]
fn whoever_is_told_to_write_may_by_a_grant_that_is_named() {
    let mut count = 0;
    for seed in 0..u64::from(cases(60)) {
        let world = world(seed);
        for (_, found) in answers(&world) {
            for writer in ruled(&found).flat_map(|it| &it.writers) {
                for (subject, way) in writer.subjects.iter().flat_map(|it| writer.ways.iter().map(move |way| (it, way)))
                {
                    let reasons = way.because(world.rbac(), subject);
                    let is_told = |it: &Because| !matches!(it, Because::Allowed { grant: None, .. });
                    assert!(!reasons.is_empty() && reasons.iter().all(is_told), "seed {seed}: {subject}: {reasons:?}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 300, "few: {count}");
}

#[test]
fn whoever_may_change_a_policy_is_told() {
    let mut count = 0;
    for seed in 0..u64::from(cases(160)) {
        let world = world(seed);
        let bindings = world.cluster.bindings.iter();
        let everybody: BTreeSet<Subject> =
            bindings.flat_map(|it| it.subjects.iter().map(|subject| canonical(&named(subject, it)))).collect();
        let ground = world.ground(&[]);
        for (policy, found) in answers(&world) {
            let told = subjects(&found.itself);
            for subject in everybody.iter().filter(|it| !is_always(&ground, it)) {
                let may = ["patch", "update", "delete"].iter().any(|verb| may(&world, subject, verb, &policy));
                // Whoever may by a group alone is found as that group.
                assert!(!may || told.contains(subject) || by_group(subject, &told), "seed {seed}: {subject}");
                count += usize::from(may);
            }
        }
    }
    assert!(count > 100, "few: {count}");
}

fn may(world: &World, subject: &Subject, verb: &str, policy: &Policy) -> bool {
    let request = Request::Resource(ResourceRequest {
        verb: verb.into(),
        group: "networking.k8s.io".into(),
        resource: "networkpolicies".into(),
        name: policy.meta.name.clone(),
        namespace: policy.meta.namespace.clone(),
        ..ResourceRequest::default()
    });
    world.rbac().can(&Identity::new(subject, &[]), &request).outcome() == Outcome::Allow
}

fn by_group(subject: &Subject, told: &BTreeSet<Subject>) -> bool {
    let groups: Vec<Name> = Identity::new(subject, &[]).groups.into_iter().map(|it| it.0).collect();
    groups.into_iter().any(|it| told.contains(&Subject::Group(it)))
}
