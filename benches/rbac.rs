//! How fast the authorizer answers at world L: 40,000 bindings, 25,000 roles, 5,000 namespaces.
//!
//! `cargo bench --bench rbac` prints p50, p99 and the worst of each question, against the goals of docs/performance.md.
//! The world is seeded: the same on every machine.

mod random;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::evidence::Outcome;
use kreach::model::facts::{Meta, Namespace, ServiceAccount};
use kreach::model::labels::Labels;
use kreach::model::name::Name;
use kreach::model::role::{
    Binding, Role, RoleRef, RoleRule, RoleSource, RuleLists, SharedBinding, SharedRole, Subject, SubjectKind,
};
use kreach::rbac::{AskedPlaces, Identity, Index, Request};

use random::Random;

const NAMESPACES: usize = 5_000;
const CLUSTER_ROLES: usize = 1_000;
const ROLES: usize = 24_000;
const BINDINGS: usize = 39_300;
const CLUSTER_BINDINGS: usize = 700;
const RESOURCES: usize = 600;
const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/// Strings made once, as reading hands them out.
struct Names {
    namespaces: Vec<Name>,
    resources: Vec<Name>,
    verbs: Vec<Name>,
    groups: Vec<Name>,
    star: Name,
}

fn names() -> Names {
    let numbered = |word: &str, count: usize| (0..count).map(|it| Name::from(format!("{word}-{it}"))).collect();
    let mut resources: Vec<Name> = numbered("resource", RESOURCES);
    resources[1] = "pods".into();
    resources[2] = "pods/exec".into();
    resources[3] = "secrets".into();
    Names {
        namespaces: numbered("namespace", NAMESPACES),
        resources,
        verbs: VERBS.iter().map(|it| Name::from(*it)).collect(),
        groups: ["", "apps", "batch", "example.com"].iter().map(|it| Name::from(*it)).collect(),
        star: "*".into(),
    }
}

fn rule(random: &mut Random, names: &Names) -> RoleRule {
    let verbs = match random.below(8) {
        0 => vec![names.star.clone()],
        1 | 2 => names.verbs[..3].to_vec(),
        3 => names.verbs.clone(),
        _ => vec![names.verbs[random.below(8)].clone()],
    };
    let resource = |random: &mut Random| match random.below(400) {
        0 => names.star.clone(),
        _ => names.resources[random.below(RESOURCES)].clone(),
    };
    RoleRule::from(RuleLists {
        verbs: verbs.into(),
        groups: [names.groups[random.below(4)].clone()].into(),
        resources: (0..1 + random.below(6)).map(|_| resource(random)).collect(),
        names: if random.below(6) == 0 { [format!("name-{}", random.below(50)).into()].into() } else { [].into() },
        urls: [].into(),
    })
}

fn meta(namespace: &Name, name: String) -> Meta {
    Meta { namespace: namespace.clone(), name: name.into(), ..Meta::default() }
}

fn subject(random: &mut Random, names: &Names) -> Subject {
    let (kind, namespace, name) = match random.below(10) {
        0..4 => (SubjectKind::User, Name::empty(), format!("user-{}", random.below(12_000))),
        4..6 => (SubjectKind::Group, Name::empty(), format!("group-{}", random.below(2_000))),
        _ => {
            let namespace = names.namespaces[random.below(NAMESPACES)].clone();
            (SubjectKind::ServiceAccount, namespace, format!("account-{}", random.below(5)))
        }
    };
    Subject::new(kind, namespace, name)
}

fn binding(random: &mut Random, names: &Names, number: usize) -> Binding {
    let namespace = match number < CLUSTER_BINDINGS {
        true => Name::empty(),
        false => names.namespaces[random.below(NAMESPACES)].clone(),
    };
    let (kind, name) = match namespace.is_empty() || random.below(2) == 0 {
        true => ("ClusterRole", format!("cluster-role-{}", random.below(CLUSTER_ROLES))),
        false => ("Role", format!("role-{}", random.below(ROLES / NAMESPACES + 2))),
    };
    Binding {
        meta: meta(&namespace, format!("binding-{number}")),
        role: RoleRef { kind: kind.into(), name: name.into() },
        subjects: (0..1 + random.below(3)).map(|_| subject(random, names)).collect(),
    }
}

fn world(random: &mut Random, names: &Names) -> Cluster {
    let mut cluster = Cluster::default();
    let mut put = |fact: AnyFact| {
        cluster.apply(Delta::Put(ReadObject::new(fact)));
    };
    let role = |random: &mut Random, meta: Meta| {
        Role::new(meta, (0..1 + random.below(12)).map(|_| rule(random, names)).collect(), RoleSource::Server)
    };
    for namespace in &names.namespaces {
        let own = meta(&Name::empty(), namespace.to_string());
        put(AnyFact::Namespace(Arc::new(Namespace { meta: own, labels: Labels::default(), implied: false })));
        for number in 0..5 {
            let meta = meta(namespace, format!("account-{number}"));
            put(AnyFact::ServiceAccount(Arc::new(ServiceAccount::new(meta))));
        }
    }
    for number in 0..CLUSTER_ROLES {
        put(AnyFact::Role(SharedRole::new(role(random, meta(&Name::empty(), format!("cluster-role-{number}"))))));
    }
    for number in 0..ROLES {
        let namespace = &names.namespaces[number % NAMESPACES];
        put(AnyFact::Role(SharedRole::new(role(random, meta(namespace, format!("role-{}", number / NAMESPACES))))));
    }
    for number in 0..CLUSTER_BINDINGS + BINDINGS {
        put(AnyFact::Binding(SharedBinding::new(binding(random, names, number))));
    }
    cluster
}

/// A question that some binding may well allow: by one of its subjects, in its namespace, for what its role names.
fn likely(random: &mut Random, names: &Names, cluster: &Cluster, number: usize) -> (Identity, Request) {
    let namespace = &names.namespaces[random.below(NAMESPACES)];
    let all = cluster.bindings.of(namespace);
    let Some(binding) = all.get(number % all.len().max(1)) else {
        return likely(random, names, cluster, number + 1);
    };
    let given: Vec<Name> = (0..3).map(|_| format!("group-{}", random.below(2_000)).into()).collect();
    let subject = &binding.subjects[random.below(binding.subjects.len())];
    let role = match binding.role.kind.as_str() {
        "Role" => cluster.roles.get(namespace, &binding.role.name),
        _ => cluster.roles.get("", &binding.role.name),
    };
    let rule = role.and_then(|it| it.rules.get(random.below(it.rules.len())));
    let word = |all: &[Name], random: &mut Random, star: &str| match all.get(random.below(all.len().max(1))) {
        Some(word) if *word != "*" => word.to_string(),
        _ => star.to_owned(),
    };
    let Some(rule) = rule else { return likely(random, names, cluster, number + 1) };
    let (verb, group) = (word(&rule.verbs, random, "get"), word(&rule.groups, random, ""));
    let resource = word(&rule.resources, random, "pods");
    (Identity::new(subject, &given), Request::resource(&verb, &group, &resource, namespace))
}

/// Runs one question many times and prints its percentiles beside the goal.
fn measure(what: &str, goal: Duration, times: usize, mut question: impl FnMut() -> usize) {
    let mut taken = Vec::with_capacity(times);
    let mut sizes = Vec::with_capacity(times);
    for _ in 0..times {
        let from = Instant::now();
        let size = black_box(question());
        taken.push(from.elapsed());
        sizes.push(size);
    }
    taken.sort_unstable();
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
    let (p50, p99, worst) = (at(0.5), at(0.99), at(1.0));
    let mark = if p99 <= goal { "ok  " } else { "OVER" };
    sizes.sort_unstable();
    let mean = sizes.iter().sum::<usize>() as f64 / times as f64;
    let large = sizes[((times - 1) as f64 * 0.99) as usize];
    println!(
        "{mark} {what}: p50 {p50:?}  p99 {p99:?}  worst {worst:?}  goal p99 {goal:?}  n {times}  \
         size mean {mean:.1}, p99 {large}"
    );
}

fn main() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let names = names();
    let mut cluster = world(&mut random, &names);
    println!(
        "world L: {} bindings, {} roles, {} namespaces, {} service accounts",
        cluster.bindings.len(),
        cluster.roles.len(),
        cluster.namespaces.len(),
        cluster.service_accounts.len()
    );
    measure("build", Duration::from_millis(100), 10, || Index::build(&cluster).counts().0);
    let mut index = Index::build(&cluster);
    measure("clone (for what-if)", Duration::from_millis(50), 10, || index.clone().counts().0);

    let identities: Vec<Identity> = (0..20_000)
        .map(|_| {
            let given: Vec<Name> = (0..3).map(|_| format!("group-{}", random.below(2_000)).into()).collect();
            Identity::new(&subject(&mut random, &names), &given)
        })
        .collect();
    let requests: Vec<Request> = (0..20_000)
        .map(|_| {
            let resource = &names.resources[random.below(RESOURCES)];
            let (resource, _) = resource.split_once('/').unwrap_or((resource, ""));
            let namespace = &names.namespaces[random.below(NAMESPACES)];
            Request::resource(VERBS[random.below(8)], &names.groups[random.below(4)], resource, namespace)
        })
        .collect();
    // What a grant names, asked by whom it names: half of the questions about one identity are allowed.
    let mut allowed: Vec<(Identity, Request)> = Vec::new();
    let mut seen = 0;
    while allowed.len() < 20_000 {
        seen += 1;
        let (identity, request) = likely(&mut random, &names, &cluster, seen);
        if index.can(&identity, &request).outcome() == Outcome::Allow {
            allowed.push((identity, request));
        }
    }
    let mut at = 0;
    let mut next = move || {
        at += 1;
        at
    };
    measure("can, explained, half of them allowed", Duration::from_micros(5), 200_000, || {
        let it = next();
        let (identity, request) = match it % 2 {
            0 => (&identities[it % identities.len()], &requests[(it * 7) % requests.len()]),
            _ => allowed.get(it % allowed.len()).map(|(identity, request)| (identity, request)).expect("in range"),
        };
        index.can(identity, request).grants.len()
    });
    measure("who can, in a namespace", Duration::from_micros(500), 5_000, || {
        let it = next();
        index.who_can(&cluster, &requests[it % requests.len()], AskedPlaces::Asked).holders.len()
    });
    measure("who can, everywhere", Duration::from_micros(500), 2_000, || {
        let it = next();
        index.who_can(&cluster, &requests[it % requests.len()], AskedPlaces::Everywhere).holders.len()
    });
    measure("all of a subject", Duration::from_micros(200), 20_000, || {
        let it = next();
        let holdings = index.permissions(&identities[it % identities.len()]);
        holdings.iter().filter_map(|it| it.role.as_ref()).map(|(_, it)| it.rules.len()).sum()
    });
    let mut number = 0;
    let mut events: Vec<SharedBinding> = (0..5_000)
        .map(|_| {
            number = (number + 7_919) % (CLUSTER_BINDINGS + BINDINGS);
            SharedBinding::new(binding(&mut random, &names, number))
        })
        .collect();
    measure("a binding's event to the renewed answer", Duration::from_micros(200), 5_000, || {
        let binding = events.pop().expect("as many as are measured");
        let changes = cluster.apply(Delta::Put(ReadObject::new(AnyFact::Binding(binding))));
        index.apply(&cluster, &changes);
        index.can(&identities[number % identities.len()], &requests[number % requests.len()]).grants.len()
    });
    assert!(index == Index::build(&cluster), "the index is what a build would make");
}
