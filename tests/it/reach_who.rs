//! Who comes to something: the same as whoever is asked comes there, and very many are few rows.

use std::collections::{BTreeMap, BTreeSet};

use kreach::ask::World;
use kreach::ask::world::SelfCheck;
use kreach::escalate::{Foothold, Ground};
use kreach::kinds::{self, Intern};
use kreach::model::cluster::AnyFact;
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;
use kreach::model::name::Name;
use kreach::model::role::Subject;
use kreach::net::Settings;

use crate::net_worlds::cases;
use crate::rbac_worlds::{Random, account, cluster, namespace};
use crate::reach_laws::facts;

fn world(facts: &[AnyFact]) -> World {
    World::of(cluster(facts), Settings::default(), SelfCheck::Off)
}

/// Everybody whom bindings name, and every account.
fn everybody(ground: &Ground<'_>) -> BTreeSet<Subject> {
    let named = ground.named();
    let of =
        |namespace: &Name, name: &Name| Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() };
    let mut all: BTreeSet<Subject> = named.users.iter().chain(&named.groups).cloned().collect();
    for (namespace, names) in &named.accounts {
        all.extend(names.iter().map(|it| of(namespace, it)));
    }
    for namespace in ground.all_namespaces().iter() {
        all.extend(ground.place(namespace).accounts().into_iter().map(|it| of(namespace, it)));
    }
    all
}

const GOALS: [&str; 10] = [
    "cluster-admin",
    "masters",
    "node-root",
    "node-root/n1",
    "namespace-admin/a",
    "secrets/kube-system",
    "secrets/b/x",
    "sa:b/default",
    "group:dev",
    "user:bob",
];

#[test]
fn whoever_comes_there_is_whoever_is_asked_comes_there() {
    let (mut ways, here) = (0, Name::from("default"));
    for seed in 0..u64::from(cases(60)) {
        let world = world(&facts(&mut Random::new(seed)));
        let (ground, asker) = (world.ground(&[]), world.asker());
        for goal in GOALS {
            for max_hops in [None, Some(2)] {
                let Ok(found) = asker.reached_by(&ground, goal, &here, max_hops, &mut |_, _| true) else { continue };
                let rows: BTreeMap<String, (Outcome, usize)> =
                    found.rows.iter().map(|it| (it.end.clone(), (it.outcome, it.path.len()))).collect();
                assert_eq!(rows.len(), found.rows.len(), "seed {seed}: {goal}: somebody stands there twice");
                let mut undecided = 0;
                for subject in everybody(&ground) {
                    let question = asker.reach_question(&subject.to_string(), goal, &here).expect("a question");
                    let asked = asker.reach_path(&ground, question, max_hops);
                    let expected = (!asked.path.is_empty()).then_some((asked.outcome, asked.path.len()));
                    undecided += usize::from(asked.path.is_empty() && asked.outcome == Outcome::Unknown);
                    let row = rows.get(&subject.to_string()).copied();
                    assert_eq!(row, expected, "seed {seed}: {subject} to {goal} in {max_hops:?}");
                }
                assert_eq!(found.undecided, undecided, "seed {seed}: {goal} in {max_hops:?}");
                ways += rows.len();
            }
        }
    }
    assert!(ways > 900, "only {ways} ways");
}

fn read(kind: Kind, json: &str, namespace: &str) -> AnyFact {
    match kinds::spec(kind).expect("a kind").read_json(json, namespace, &mut Intern::new()) {
        kinds::ReadOutcome::Read(entry) => entry.fact,
        other => panic!("{other:?}"),
    }
}

/// A binding of a ClusterRole.
fn bound(name: &str, role: &str, subject: &str) -> AnyFact {
    let json = format!(
        r#"{{"metadata":{{"name":"{name}"}},"subjects":[{subject}],
            "roleRef":{{"kind":"ClusterRole","name":"{role}","apiGroup":"rbac.authorization.k8s.io"}}}}"#
    );
    read(Kind::CLUSTER_ROLE_BINDING, &json, "")
}

fn role(name: &str, rules: &str) -> AnyFact {
    read(Kind::CLUSTER_ROLE, &format!(r#"{{"metadata":{{"name":"{name}"}},"rules":[{rules}]}}"#), "")
}

/// Ten thousand equal accounts, in some namespaces, and what these bindings give.
fn crowd(more: Vec<AnyFact>) -> World {
    const NAMESPACES: usize = 20;
    let names = (0..NAMESPACES).map(|it| namespace(&format!("team-{it}")));
    let accounts = (0..10_000).map(|it| account(&format!("team-{}", it % NAMESPACES), &format!("app-{it}")));
    world(&names.chain(accounts).chain(more).collect::<Vec<_>>())
}

#[test]
fn ten_thousand_equal_accounts_are_few_rows() {
    let admin = role("admin", r#"{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}"#);
    let exec = role("tokens", r#"{"verbs":["create"],"apiGroups":[""],"resources":["serviceaccounts/token"]}"#);
    let everybody = r#"{"kind":"Group","name":"system:authenticated","apiGroup":"rbac.authorization.k8s.io"}"#;
    let accounts = r#"{"kind":"Group","name":"system:serviceaccounts","apiGroup":"rbac.authorization.k8s.io"}"#;
    let one = r#"{"kind":"ServiceAccount","name":"app-7","namespace":"team-7"}"#;
    let here = Name::from("default");
    let worlds = [
        (vec![admin.clone(), bound("all", "admin", everybody)], 1),
        (vec![admin, exec, bound("one", "admin", one), bound("all", "tokens", accounts)], 3),
    ];
    for (more, steps) in worlds {
        let world = crowd(more);
        let (ground, asker) = (world.ground(&[]), world.asker());
        let who = asker.reached_by(&ground, "cluster-admin", &here, None, &mut |_, _| true).expect("an answer");
        let count: usize = who.rows.iter().map(|it| it.count()).sum();
        assert!(count >= 10_020, "{count}");
        assert!(who.rows.len() < 60, "{} rows", who.rows.len());
        assert!(who.rows.iter().all(|it| it.outcome == Outcome::Allow && it.path.len() <= steps));
        let all = asker.reaches(&ground, "sa:team-3/app-3", &here, None, &mut |_, _| true).expect("an answer");
        assert!(all.rows.len() < 60, "{} rows", all.rows.len());
        let found: BTreeSet<&Foothold> = all.rows.iter().flat_map(|it| &it.found).collect();
        assert!(found.contains(&Foothold::ClusterAdmin));
        assert!(found.len() > 10_000, "{}", found.len());
    }
}
