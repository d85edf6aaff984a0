//! What must hold of reach that two worlds are compared by: it says of each subject and each goal what asking for that way
//! on either side says.
//!
//! `KREACH_CASES=100 cargo test --test it gained_laws::` tries a hundred times as many.

use std::collections::{BTreeMap, BTreeSet};

use kreach::ask::question::fix::Fix;
use kreach::ask::world::SelfCheck;
use kreach::ask::{Answer, Here, Question, World, gained};
use kreach::change::reach::{ReachChange, ReachDiff};
use kreach::model::cluster::{AnyFact, Delta, ReadObject};
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;
use kreach::model::name::Name;
use kreach::net::Settings;

use crate::net_worlds::cases;
use crate::rbac_worlds::{Random, cluster};
use crate::reach_laws::{fact, facts};

fn world(facts: &[AnyFact]) -> World {
    World::of(cluster(facts), Settings::default(), SelfCheck::Off)
}

/// A Service before some of the pods.
fn service(random: &mut Random, number: usize) -> AnyFact {
    let json = format!(
        r#"{{"metadata":{{"name":"s{number}"}},"spec":{{"clusterIP":"10.96.0.{}","selector":{{"app":"{}"}},
            "ports":[{{"port":80}}]}}}}"#,
        number + 1,
        random.one(&["web", "db"])
    );
    fact(Kind::SERVICE, &json, random.one(&["a", "b"]))
}

/// A world, and the same in which some objects are others: roles and bindings alone, or any.
fn two(seed: u64) -> [World; 2] {
    let mut random = Random::new(seed);
    let mut first = facts(&mut random);
    first.extend((0..2).map(|it| service(&mut random, it)));
    let before = world(&first);
    if random.below(2) == 0 {
        // What ways rest on is kept, and must be forgotten where it changes.
        gained::compare(&before, &world(&[]), gained::AMPLE, &mut |_, _| true);
    }
    let mut after = before.clone();
    let rights_alone = random.below(3) > 0;
    let is_right = |it: &AnyFact| matches!(it, AnyFact::Role(_) | AnyFact::Binding(_));
    let others = facts(&mut Random::new(seed + 30_000));
    let others: Vec<AnyFact> = others.into_iter().filter(|it| !rights_alone || is_right(it)).collect();
    for _ in 0..1 + random.below(3) {
        let delta = match random.below(2) {
            0 => {
                let some: Vec<&AnyFact> = first.iter().filter(|it| !rights_alone || is_right(it)).collect();
                Delta::Gone(some[random.below(some.len())].id())
            }
            _ => Delta::Put(ReadObject::new(others[random.below(others.len())].clone())),
        };
        after.apply(vec![delta]);
    }
    [before, after]
}

/// How surely a goal is come to, asked by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Sure,
    May,
    /// No way is found, and it is not known that there is none.
    Open,
    No,
}

fn state(world: &World, from: &str, to: &str) -> State {
    let (asker, ground) = (world.asker(), world.ground(&[]));
    let question = asker.reach_question(from, to, &Name::from("default")).expect("ends of both worlds");
    let found = asker.reach_path(&ground, question, None);
    match (found.outcome, found.path.is_empty()) {
        (Outcome::Allow, _) => State::Sure,
        (Outcome::Unknown, false) => State::May,
        (Outcome::Unknown, true) => State::Open,
        (Outcome::Deny, _) => State::No,
    }
}

fn expected(before: State, after: State) -> Option<ReachChange> {
    match (before, after) {
        _ if before == after => None,
        (State::No, State::Sure) => Some(ReachChange::Gained),
        (State::Sure, State::No) => Some(ReachChange::Lost),
        (State::No | State::Open, State::No | State::Open) => None,
        _ => Some(ReachChange::Unsure),
    }
}

/// Everybody who may start: whom bindings of either name, every account of either, the pods of both.
fn everybody(sides: &[World; 2]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for side in sides {
        let ground = side.ground(&[]);
        let named = ground.named();
        all.extend(named.users.iter().chain(&named.groups).map(ToString::to_string));
        let accounts =
            named.accounts.iter().flat_map(|(home, names)| names.iter().map(move |it| format!("sa:{home}/{it}")));
        all.extend(accounts);
        for namespace in ground.all_namespaces().iter() {
            all.extend(ground.place(namespace).accounts().iter().map(|it| format!("sa:{namespace}/{it}")));
        }
    }
    let pods = sides.each_ref().map(|it| {
        let ground = it.ground(&[]);
        let spaces = ground.all_namespaces();
        let pods = spaces.iter().flat_map(|it| {
            let place = ground.place(it);
            place.pods.iter().flat_map(|it| &it.pods).map(|it| format!("pod/{}", it.pod_id())).collect::<Vec<_>>()
        });
        pods.collect::<BTreeSet<String>>()
    });
    all.extend(pods[0].intersection(&pods[1]).cloned());
    all
}

/// The goals that both worlds have.
fn goals(sides: &[World; 2]) -> Vec<String> {
    let mut all: Vec<String> = ["cluster-admin", "masters", "node-root"].map(String::from).to_vec();
    let spaces = sides.each_ref().map(|it| it.ground(&[]).all_namespaces());
    for namespace in spaces[0].iter().filter(|it| spaces[1].contains(it)) {
        all.extend([format!("namespace-admin/{namespace}"), format!("secrets/{namespace}")]);
    }
    let is_there = |it: &&std::sync::Arc<kreach::model::service::Service>| {
        sides[1].cluster.services.get(&it.meta.namespace, &it.meta.name).is_some()
    };
    let services = sides[0].cluster.services.iter().filter(is_there);
    all.extend(services.map(|it| format!("intercept/{}/{}", it.meta.namespace, it.meta.name)));
    all
}

fn told(reach: &ReachDiff) -> BTreeMap<(String, String), ReachChange> {
    let rows = reach.rows.iter().flat_map(|row| {
        row.who.iter().flat_map(move |who| row.sinks.iter().map(move |it| ((who.clone(), it.to_string()), row.change)))
    });
    rows.collect()
}

#[test]
fn it_says_what_each_way_says_by_itself() {
    let mut rows = [0; 3];
    for seed in 0..u64::from(cases(60)) {
        let sides = two(seed);
        let reach = gained::compare(&sides[0], &sides[1], usize::MAX, &mut |_, _| true);
        let (told, goals) = (told(&reach), goals(&sides));
        assert_eq!(reach.left, 0);
        for who in everybody(&sides) {
            for goal in &goals {
                let [before, after] = sides.each_ref().map(|it| state(it, &who, goal));
                let (ours, right) = (told.get(&(who.clone(), goal.clone())).copied(), expected(before, after));
                assert_eq!(ours, right, "seed {seed}: {who} -> {goal}: {before:?}, then {after:?}");
                rows.iter_mut()
                    .zip([ReachChange::Gained, ReachChange::Lost, ReachChange::Unsure])
                    .for_each(|(count, it)| *count += usize::from(right == Some(it)));
            }
        }
    }
    assert!(rows.iter().all(|it| *it > 10), "too few rows: {rows:?}");
}

#[test]
fn nothing_is_gained_or_lost_against_itself() {
    for seed in 0..u64::from(cases(40)) {
        for it in two(seed) {
            let again = World::of(it.cluster.clone(), Settings::default(), SelfCheck::Off);
            assert_eq!(gained::compare(&it, &again, usize::MAX, &mut |_, _| true), ReachDiff::default(), "seed {seed}");
        }
    }
}

#[test]
fn the_way_back_is_the_mirror_of_the_way_there() {
    let mirrored = |it: ReachChange| match it {
        ReachChange::Gained => ReachChange::Lost,
        ReachChange::Lost => ReachChange::Gained,
        ReachChange::Unsure => it,
    };
    for seed in 0..u64::from(cases(40)) {
        let [before, after] = two(seed);
        let there = told(&gained::compare(&before, &after, usize::MAX, &mut |_, _| true));
        let back = told(&gained::compare(&after, &before, usize::MAX, &mut |_, _| true));
        let there: BTreeMap<_, _> = there.into_iter().map(|(key, it)| (key, mirrored(it))).collect();
        // Workloads have the names of one side: pods of one are compared alone.
        assert_eq!(there, back, "seed {seed}");
    }
}

/// An account whose way to everything leads over the binding that is taken.
const RISKY: &str = r#"
{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ci"}}
---
{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"runner","namespace":"ci"}}
---
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"binder"},
 "rules":[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterrolebindings"],"verbs":["create"]},
          {"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"verbs":["bind"]}]}
---
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"cluster-admin"},
 "rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]},{"nonResourceURLs":["*"],"verbs":["*"]}]}
---
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"runner"},
 "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"binder"},
 "subjects":[{"kind":"ServiceAccount","name":"runner","namespace":"ci"}]}
"#;

#[test]
fn a_fix_that_takes_what_a_way_rests_on_loses_the_goal() {
    let text = RISKY.split("---").map(|it| serde_json::from_str(it).expect("JSON"));
    let objects: Vec<serde_json::Value> = text.collect();
    let facts: Vec<AnyFact> = objects.iter().map(object).collect();
    let mut world = world(&facts);
    let manifests = facts.iter().map(AnyFact::id).zip(objects);
    world.manifests = std::sync::Arc::new(manifests.collect());
    let asked = Fix { revoke: Some("sa:ci/runner".to_owned()), to: Some("cluster-admin".to_owned()), ..Fix::default() };
    let here = Here { namespace: "ci".into(), ..Here::default() };
    let Ok(Answer::Fix(fix)) = world.answer(&Question::Fix(asked), &here) else { panic!("no fix") };
    let reach = fix.candidates[0].impact.reach.clone().expect("it was worked out");
    let told = told(&reach);
    let lost = told.get(&("sa:ci/runner".to_owned(), "cluster-admin".to_owned()));
    assert_eq!(lost, Some(&ReachChange::Lost), "{told:?}");
    assert!(fix.page().to_string().contains("lost  sa:ci/runner  cluster-admin"), "{}", fix.page());
}

fn object(value: &serde_json::Value) -> AnyFact {
    let word = |key: &str| value[key].as_str().expect("a word");
    let spec = kreach::kinds::spec_of(word("apiVersion"), word("kind")).expect("a kind");
    fact(spec.kind, &value.to_string(), value["metadata"]["namespace"].as_str().unwrap_or_default())
}
