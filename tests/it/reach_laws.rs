//! Laws of reach, on random worlds of roles, bindings, pods and policies.

use std::collections::BTreeSet;

use kreach::escalate::{Certainty, Foothold, Goal, Ground, Terrain, closure, reach, replay};
use kreach::kinds::{self, Intern};
use kreach::model::cluster::{AnyFact, Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;
use kreach::model::role::{Subject, SubjectKind};
use kreach::{net, rbac};

use crate::net_worlds::cases;
use crate::rbac_worlds::{Random, Validity, Words, account, cluster, namespace};

/// Words of which most lead somewhere.
const REACHING: Words = Words {
    namespaces: &["a", "b", "kube-system"],
    users: &["alice", "bob", "system:serviceaccount:a:x"],
    groups: &["dev", "system:authenticated", "system:serviceaccounts:a", "system:masters"],
    accounts: &["x", "y", "default"],
    verbs: &["get", "list", "create", "patch", "update", "delete", "impersonate", "bind", "escalate", "approve", "*"],
    api_groups: &["", "apps", "rbac.authorization.k8s.io", "networking.k8s.io", "*"],
    resources: &[
        "pods",
        "pods/exec",
        "pods/ephemeralcontainers",
        "pods/portforward",
        "secrets",
        "serviceaccounts",
        "serviceaccounts/token",
        "deployments",
        "rolebindings",
        "clusterrolebindings",
        "roles",
        "clusterroles",
        "users",
        "groups",
        "nodes/proxy",
        "namespaces",
        "networkpolicies",
        "*",
    ],
    names: &["n1", "x", "p0", "p1"],
    urls: &["*"],
    validity: Validity::Stored,
};

/// A pod as its manifest, of one of two accounts, now and then with its node's rights.
fn pod(random: &mut Random, number: usize) -> AnyFact {
    let (namespace, account) = (random.one(&["a", "b", "kube-system"]), random.one(&["x", "y", "default"]));
    let privileged = random.below(5) == 0;
    let json = format!(
        r#"{{"metadata":{{"name":"p{number}","labels":{{"app":"{}"}}}},
            "spec":{{"nodeName":"{}","serviceAccountName":"{account}",
                    "containers":[{{"name":"c","securityContext":{{"privileged":{privileged}}}}}]}},
            "status":{{"phase":"{}","podIP":"10.0.0.{}"}}}}"#,
        random.one(&["web", "db"]),
        random.one(&["n1", "n2"]),
        random.one(&["Running", "Running", "Succeeded"]),
        number + 1,
    );
    fact(Kind::POD, &json, namespace)
}

fn policy(random: &mut Random, number: usize) -> AnyFact {
    let json = format!(
        r#"{{"metadata":{{"name":"np{number}"}},"spec":{{"podSelector":{{"matchLabels":{{"app":"{}"}}}},
            "policyTypes":["Ingress"],"ingress":[{{"from":[{{"podSelector":{{"matchLabels":{{"app":"{}"}}}}}}]}}]}}}}"#,
        random.one(&["web", "db"]),
        random.one(&["web", "db", "none"]),
    );
    fact(Kind::NETWORK_POLICY, &json, random.one(&["a", "b"]))
}

fn fact(kind: Kind, json: &str, namespace: &str) -> AnyFact {
    let reading = kinds::spec(kind).expect("a kind").read_json(json, namespace, &mut Intern::new());
    match reading {
        kinds::Reading::Read(entry) => entry.fact,
        other => panic!("{other:?}"),
    }
}

fn facts(random: &mut Random) -> Vec<AnyFact> {
    let size = 2 + random.below(4);
    let mut facts = REACHING.facts(random, size);
    facts.extend(["a", "b", "kube-system"].map(namespace));
    facts.extend([("a", "x"), ("a", "y"), ("b", "x"), ("kube-system", "y")].map(|(home, name)| account(home, name)));
    facts.extend((0..5).map(|it| pod(random, it)));
    facts.extend((0..2).map(|it| policy(random, it)));
    facts
}

/// A cluster with its indexes.
struct World {
    cluster: Cluster,
    net: net::Index,
    rbac: rbac::Index,
    terrain: Terrain,
}

impl World {
    fn of(facts: &[AnyFact]) -> Self {
        Self::from(cluster(facts))
    }

    fn ground(&self) -> Ground<'_> {
        Ground {
            cluster: &self.cluster,
            net: &self.net,
            rbac: &self.rbac,
            version: None,
            groups: &[],
            terrain: &self.terrain,
        }
    }

    fn held(&self, start: &Foothold, moves: Certainty) -> BTreeSet<Foothold> {
        let ground = self.ground();
        reach(&ground, start, moves).all(&ground).into_iter().collect()
    }
}

impl From<Cluster> for World {
    fn from(cluster: Cluster) -> Self {
        let (net, rbac) = (net::Index::build(&cluster), rbac::Index::build(&cluster));
        Self { cluster, net, rbac, terrain: Terrain::default() }
    }
}

fn starts() -> Vec<Foothold> {
    let subjects = [
        Subject::new(SubjectKind::User, "", "alice"),
        Subject::new(SubjectKind::Group, "", "dev"),
        Subject::new(SubjectKind::ServiceAccount, "a", "x"),
        Subject::new(SubjectKind::ServiceAccount, "b", "default"),
    ];
    subjects.into_iter().map(Foothold::Subject).collect()
}

#[test]
fn a_grant_more_never_takes_anything_away() {
    for seed in 0..u64::from(cases(60)) {
        let mut random = Random::new(seed);
        let before = facts(&mut random);
        let more = REACHING.facts(&mut Random::new(seed + 10_000), 1);
        // A binding of a new name, to a role that is there or not.
        let more = more.into_iter().filter_map(|it| match it {
            AnyFact::Binding(it) => {
                let mut binding = (*it).clone();
                binding.meta.name = "more".into();
                Some(AnyFact::Binding(binding.into()))
            }
            _ => None,
        });
        let after: Vec<AnyFact> = before.iter().cloned().chain(more).collect();
        let (before, after) = (World::of(&before), World::of(&after));
        for start in starts() {
            for moves in [Certainty::Certain, Certainty::Unsure] {
                let (less, more) = (before.held(&start, moves), after.held(&start, moves));
                let lost: Vec<_> = less.difference(&more).collect();
                assert!(lost.is_empty(), "seed {seed}: {start} lost {lost:?}");
            }
        }
    }
}

#[test]
fn every_step_of_every_certain_way_is_allowed_where_it_is_made() {
    let mut ways = 0;
    for seed in 0..u64::from(cases(60)) {
        let world = World::of(&facts(&mut Random::new(seed)));
        let ground = world.ground();
        for start in starts() {
            let held = reach(&ground, &start, Certainty::Certain);
            for foothold in held.all(&ground) {
                let way = held.way_to(&ground, &foothold);
                let told: Vec<String> = way.iter().map(|it| format!("{:?} {}", it.edge, it.to)).collect();
                assert!(replay::replay(&ground, way).is_some(), "seed {seed}: {start}: {told:?}");
                ways += 1;
            }
        }
    }
    assert!(ways > 200, "only {ways} ways");
}

#[test]
fn the_order_of_facts_changes_nothing() {
    for seed in 0..u64::from(cases(40)) {
        let facts = facts(&mut Random::new(seed));
        // Of two objects of one name the last holds, so that these keep their order.
        let mut reversed: Vec<AnyFact> = Vec::new();
        for fact in facts.iter().rev() {
            if !reversed.iter().any(|it| it.id() == fact.id()) {
                reversed.push(fact.clone());
            }
        }
        let (one, other) = (World::of(&facts), World::of(&reversed));
        for start in starts() {
            let moves = Certainty::Unsure;
            assert_eq!(one.held(&start, moves), other.held(&start, moves), "seed {seed}: {start}");
        }
    }
}

#[test]
fn a_partial_view_never_contradicts_the_full_one() {
    let goals = || {
        let pods = ["p0", "p1"].map(|it| kreach::model::id::PodId::new("a", it)).to_vec();
        [Goal::Is(Foothold::ClusterAdmin), Goal::AnyNode, Goal::InPods(pods)]
    };
    for seed in 0..u64::from(cases(40)) {
        let full = World::of(&facts(&mut Random::new(seed)));
        let mut cut = full.cluster.clone();
        let hidden = [Kind::ROLE_BINDING, Kind::CLUSTER_ROLE, Kind::POD][seed as usize % 3];
        cut.apply(Delta::Listed { kind: hidden, scope: Scope::Everywhere, entries: Vec::new() });
        let coverage = Coverage::Forbidden { why: "no".into() };
        cut.apply(Delta::Covered { kind: hidden, scope: Scope::Everywhere, coverage });
        let cut = World::from(cut);
        for start in starts() {
            for goal in goals() {
                let whole = closure::reach_goal(&full.ground(), &start, &goal, None).outcome;
                let partial = closure::reach_goal(&cut.ground(), &start, &goal, None).outcome;
                let agrees = partial == Outcome::Unknown || partial == whole || whole == Outcome::Unknown;
                assert!(agrees, "seed {seed}: {start} {goal:?}: {whole} in full, {partial} without {hidden}");
            }
        }
    }
}
