//! Laws of reach, on random worlds of roles, bindings, pods and policies.

use std::collections::BTreeSet;

use kreach::escalate::{Certainty, Foothold, Goal, Ground, Step, Terrain, closure, reach, replay};
use kreach::kinds::{self, Intern};
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;
use kreach::model::role::{Subject, SubjectKind};
use kreach::{net, rbac};

use crate::net_worlds::cases;
use crate::rbac_worlds::{Random, Validity, Words, account, cluster, namespace};
use crate::reach_plain::{KNOWN, plain};

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

/// A namespace, now and then with the Pod Security level that it enforces.
fn labelled(random: &mut Random, name: &str) -> AnyFact {
    match random.one(&["", "", "privileged", "baseline"]) {
        "" => namespace(name),
        level => {
            let labels = format!(r#"{{"pod-security.kubernetes.io/enforce":"{level}"}}"#);
            fact(Kind::NAMESPACE, &format!(r#"{{"metadata":{{"name":"{name}","labels":{labels}}}}}"#), "")
        }
    }
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

pub fn fact(kind: Kind, json: &str, namespace: &str) -> AnyFact {
    let reading = kinds::spec(kind).expect("a kind").read_json(json, namespace, &mut Intern::new());
    match reading {
        kinds::ReadOutcome::Read(entry) => entry.fact,
        other => panic!("{other:?}"),
    }
}

/// Rules that lead somewhere: verbs, API group, resource.
const LEADING: &[[&str; 3]] = &[
    ["create", "", "pods/exec"],
    ["get", "", "pods/exec"],
    ["create", "", "pods/attach"],
    ["patch", "", "pods/ephemeralcontainers"],
    ["update", "", "pods"],
    ["create", "", "pods"],
    ["create", "apps", "deployments"],
    ["get", "", "secrets"],
    ["create", "", "secrets"],
    ["create", "", "serviceaccounts"],
    ["create", "", "serviceaccounts/token"],
    ["impersonate", "", "users"],
    ["impersonate", "", "groups"],
    ["impersonate", "", "serviceaccounts"],
    ["escalate", "rbac.authorization.k8s.io", "roles"],
    ["patch", "rbac.authorization.k8s.io", "roles"],
    ["create", "rbac.authorization.k8s.io", "roles"],
    ["escalate", "rbac.authorization.k8s.io", "clusterroles"],
    ["update", "rbac.authorization.k8s.io", "clusterroles"],
    ["create", "rbac.authorization.k8s.io", "clusterroles"],
    ["bind", "rbac.authorization.k8s.io", "clusterroles"],
    ["bind", "rbac.authorization.k8s.io", "roles"],
    ["create", "rbac.authorization.k8s.io", "rolebindings"],
    ["create", "rbac.authorization.k8s.io", "clusterrolebindings"],
    ["patch", "", "namespaces"],
    ["create", "", "namespaces"],
    ["create", "", "nodes/proxy"],
    ["create", "", "persistentvolumes"],
    ["create", "", "persistentvolumeclaims"],
    ["create", "certificates.k8s.io", "certificatesigningrequests"],
    ["update", "certificates.k8s.io", "certificatesigningrequests/approval"],
    ["approve", "certificates.k8s.io", "signers"],
    ["patch", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"],
    ["*", "", "*"],
];

/// Roles of such rules, some for named objects alone, and bindings to those who start or are on the way.
fn leading(random: &mut Random) -> Vec<AnyFact> {
    let mut facts = Vec::new();
    for number in 0..6 {
        let rules: Vec<String> = (0..1 + random.below(3))
            .map(|_| {
                let [verbs, group, resource] = LEADING[random.below(LEADING.len())];
                let name = random.one(&["", "", "", "x", "p0", "p1", "leading-1"]);
                let names = if name.is_empty() { String::new() } else { format!(r#","resourceNames":["{name}"]"#) };
                format!(r#"{{"verbs":["{verbs}"],"apiGroups":["{group}"],"resources":["{resource}"]{names}}}"#)
            })
            .collect();
        let home = random.one(&["", "", "a", "b"]);
        let kind = if home.is_empty() { Kind::CLUSTER_ROLE } else { Kind::ROLE };
        let json = format!(r#"{{"metadata":{{"name":"leading-{number}"}},"rules":[{}]}}"#, rules.join(","));
        facts.push(fact(kind, &json, home));
    }
    for number in 0..7 {
        let home = random.one(&["", "a", "a", "b", "kube-system"]);
        let role = random.one(&["ClusterRole", "ClusterRole", "Role"]);
        let subject = random.one(&[
            r#""kind":"User","name":"alice""#,
            r#""kind":"User","name":"bob""#,
            r#""kind":"Group","name":"dev""#,
            r#""kind":"Group","name":"system:serviceaccounts:b""#,
            r#""kind":"ServiceAccount","name":"x","namespace":"a""#,
            r#""kind":"ServiceAccount","name":"y","namespace":"a""#,
            r#""kind":"ServiceAccount","name":"absent","namespace":"b""#,
            r#""kind":"ServiceAccount","name":"default","namespace":"b""#,
        ]);
        let (kind, role) =
            if home.is_empty() { (Kind::CLUSTER_ROLE_BINDING, "ClusterRole") } else { (Kind::ROLE_BINDING, role) };
        let json = format!(
            r#"{{"metadata":{{"name":"leading-{number}"}},"subjects":[{{{subject}}}],
                "roleRef":{{"kind":"{role}","name":"leading-{}","apiGroup":"rbac.authorization.k8s.io"}}}}"#,
            random.below(7)
        );
        facts.push(fact(kind, &json, home));
    }
    facts
}

pub fn facts(random: &mut Random) -> Vec<AnyFact> {
    let size = 2 + random.below(4);
    let mut facts = REACHING.facts(random, size);
    facts.extend(leading(random));
    facts.extend(["a", "b", "kube-system"].map(|it| labelled(random, it)));
    facts.extend([("a", "x"), ("a", "y"), ("b", "x"), ("kube-system", "y")].map(|(home, name)| account(home, name)));
    facts.extend((0..5).map(|it| pod(random, it)));
    facts.extend((0..2).map(|it| policy(random, it)));
    facts
}

/// A cluster with its indexes.
pub struct World {
    cluster: Cluster,
    net: net::Index,
    rbac: rbac::Index,
    terrain: Terrain,
}

impl World {
    pub fn of(facts: &[AnyFact]) -> Self {
        Self::from(cluster(facts))
    }

    pub fn ground(&self) -> Ground<'_> {
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

pub fn starts() -> Vec<Foothold> {
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
                // What was told by itself may be part of something larger now: a Secret of all of its namespace.
                let (ground, less) = (after.ground(), before.held(&start, moves));
                let more = reach(&ground, &start, moves);
                let lost: Vec<_> = less.iter().filter(|it| more.entry_of(&ground, it).is_none()).collect();
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

/// What both ways of working it out are compared by: no rules of roles, which are ways and no ends; nobody whom bindings
/// do not name, of whom there is no end; no single Secret where all are held.
fn compared(world: &World, held: impl IntoIterator<Item = Foothold>) -> BTreeSet<Foothold> {
    let all: BTreeSet<Foothold> = held.into_iter().collect();
    let named = world.ground().named();
    let is_there = |it: &Foothold| match it {
        Foothold::Role { .. } => false,
        Foothold::Subject(it @ Subject::User(name)) => named.users.contains(it) || name.starts_with("system:node:"),
        Foothold::Subject(it @ Subject::Group(name)) => named.groups.contains(it) || name.starts_with("system:"),
        Foothold::Secrets { namespace, name: Some(_) } => {
            !all.contains(&Foothold::Secrets { namespace: namespace.clone(), name: None })
        }
        _ => true,
    };
    all.iter().filter(|it| is_there(it)).cloned().collect()
}

#[test]
fn what_is_reached_is_what_request_by_request_comes_to() {
    let mut both = 0;
    for seed in 0..u64::from(cases(300)) {
        let world = World::of(&facts(&mut Random::new(seed)));
        let ground = world.ground();
        for start in starts() {
            for moves in [Certainty::Certain, Certainty::Unsure] {
                let held = reach(&ground, &start, moves);
                let ours = compared(&world, held.all(&ground));
                let plain = compared(&world, plain(&ground, &start, moves));
                // Of what is come to as "every user" only those whom bindings name are told.
                let is_held = |it: &&Foothold| held.entry_of(&ground, it).is_some();
                let missing = plain.difference(&ours).filter(|it| !is_held(it)).map(Foothold::to_string);
                let missing: Vec<_> = missing.collect();
                assert!(missing.is_empty(), "seed {seed}: {start} {moves:?}: not found: {missing:?}");
                for more in ours.difference(&plain) {
                    let way = held.way_to(&ground, more);
                    // The constrained forms of impersonation, which are never sure, are not made here.
                    let is_made = |it: &Step| it.edge.id != "A14" || it.certainty == Certainty::Certain;
                    let is_known = way.iter().all(|it| KNOWN.contains(&it.edge.id) && is_made(it));
                    let told: Vec<String> = way.iter().map(|it| format!("{:?} {}", it.edge, it.to)).collect();
                    assert!(!is_known, "seed {seed}: {start} {moves:?}: {more} is found by {told:?} alone");
                }
                both += plain.len();
            }
        }
    }
    assert!(both > 4_000, "only {both} things were reached");
}

#[test]
fn what_was_worked_out_before_changes_no_answer() {
    for seed in 0..u64::from(cases(40)) {
        let mut random = Random::new(seed);
        let mut world = World::of(&facts(&mut random));
        for start in starts() {
            world.held(&start, Certainty::Unsure);
        }
        for fact in facts(&mut Random::new(seed + 20_000)) {
            let changes = world.cluster.apply(Delta::Put(ReadObject::new(fact)));
            world.net.apply(&world.cluster, &changes);
            world.rbac.apply(&world.cluster, &changes);
            world.terrain.forget(&changes);
            let start = &starts()[random.below(4)];
            let fresh = World::from(world.cluster.clone());
            assert_eq!(
                world.held(start, Certainty::Unsure),
                fresh.held(start, Certainty::Unsure),
                "seed {seed}: {start} after {changes:?}"
            );
        }
    }
}
