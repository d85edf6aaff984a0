//! Laws of choke points, on random worlds: the cut ends every way, all of it is needed, and no smaller one does.

use std::collections::BTreeSet;

use kreach::escalate::choke::{Left, SubjectOfBinding, WhoseWays, Why, choke};
use kreach::escalate::{Cut, Foothold, Goal, closure};
use kreach::model::cluster::AnyFact;
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;
use kreach::model::name::Name;
use kreach::model::role::{Binding, Subject, SubjectKind};
use kreach::rbac::grant::named;
use kreach::rbac::identity::canonical;

use crate::net_worlds::cases;
use crate::rbac_worlds::{Random, account, namespace};
use crate::reach_laws::{World, fact, facts, starts};

/// Roles of which most lead on: a name, verbs, API group, resource.
const ROLES: &[[&str; 4]] = &[
    ["all", "*", "*", "*"],
    ["exec", "create|get", "", "pods/exec"],
    ["pods", "create", "", "pods"],
    ["tokens", "create", "", "serviceaccounts/token"],
    ["act-as", "impersonate", "", "serviceaccounts"],
    ["binders", "bind|create", "rbac.authorization.k8s.io", "clusterroles|rolebindings|clusterrolebindings"],
    ["bind-only", "bind", "rbac.authorization.k8s.io", "clusterroles"],
    ["bindings", "create", "rbac.authorization.k8s.io", "rolebindings|clusterrolebindings"],
    ["escalate", "escalate|update", "rbac.authorization.k8s.io", "clusterroles|roles"],
    ["secrets", "get", "", "secrets"],
    ["accounts", "create", "", "serviceaccounts"],
    ["labels", "patch", "", "namespaces"],
];

fn role([name, verbs, group, resources]: &[&str; 4]) -> AnyFact {
    let list = |words: &str| words.split('|').map(|it| format!("{it:?}")).collect::<Vec<_>>().join(",");
    let rule = format!(r#"{{"verbs":[{}],"apiGroups":["{group}"],"resources":[{}]}}"#, list(verbs), list(resources));
    fact(Kind::CLUSTER_ROLE, &format!(r#"{{"metadata":{{"name":"{name}"}},"rules":[{rule}]}}"#), "")
}

/// Ways of several steps by several grants: few who may do everything, and many who come to them.
fn dense(random: &mut Random) -> Vec<AnyFact> {
    let mut facts: Vec<AnyFact> = ROLES.iter().map(role).collect();
    facts.extend(["a", "b", "kube-system"].map(namespace));
    let accounts = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "z"), ("kube-system", "y")];
    facts.extend(accounts.map(|(home, name)| account(home, name)));
    for (number, (home, account)) in accounts.into_iter().enumerate() {
        let spec = format!(r#""nodeName":"n1","serviceAccountName":"{account}","containers":[{{"name":"c"}}]"#);
        let status = format!(r#""phase":"Running","podIP":"10.0.0.{}""#, number + 1);
        let json = format!(r#"{{"metadata":{{"name":"p{number}"}},"spec":{{{spec}}},"status":{{{status}}}}}"#);
        facts.push(fact(Kind::POD, &json, home));
    }
    for number in 0..14 {
        let home = if number < 2 { "" } else { random.one(&["", "a", "b", "b", "kube-system"]) };
        let role = if number < 2 { "all" } else { ROLES[1 + random.below(ROLES.len() - 1)][0] };
        let subject = match number < 2 {
            true => random.one(&["ServiceAccount b/x", "ServiceAccount kube-system/y", "ServiceAccount b/absent"]),
            false => random.one(&[
                "User alice",
                "User alice",
                "User bob",
                "Group dev",
                "ServiceAccount a/x",
                "ServiceAccount a/y",
                "ServiceAccount b/z",
                "ServiceAccount b/default",
                "Group system:serviceaccounts:b",
            ]),
        };
        let (kind, name) = subject.split_once(' ').expect("a kind and a name");
        let subject = match name.split_once('/') {
            Some((namespace, name)) => format!(r#"{{"kind":"{kind}","name":"{name}","namespace":"{namespace}"}}"#),
            None => format!(r#"{{"kind":"{kind}","name":"{name}"}}"#),
        };
        let json = format!(
            r#"{{"metadata":{{"name":"dense-{number}"}},"subjects":[{subject}],
                "roleRef":{{"kind":"ClusterRole","name":"{role}","apiGroup":"rbac.authorization.k8s.io"}}}}"#
        );
        let kind = if home.is_empty() { Kind::CLUSTER_ROLE_BINDING } else { Kind::ROLE_BINDING };
        facts.push(fact(kind, &json, home));
    }
    facts
}

/// Every third world is as those of reach are, the others are dense.
pub fn random_facts(seed: u64) -> Vec<AnyFact> {
    let mut random = Random::new(seed);
    if seed.is_multiple_of(3) { facts(&mut random) } else { dense(&mut random) }
}

/// Whom a place of a binding names.
fn subject(binding: &Binding, place: usize) -> Subject {
    canonical(&named(&binding.subjects[place], binding))
}

/// Every grant that can be cut: each subject of each binding once.
fn grants(facts: &[AnyFact]) -> Vec<SubjectOfBinding> {
    let mut all: Vec<SubjectOfBinding> = Vec::new();
    // Of two bindings of one name the last is there.
    let bindings: std::collections::BTreeMap<_, _> =
        facts.iter().filter_map(|it| if let AnyFact::Binding(it) = it { Some((it.id(), it)) } else { None }).collect();
    for (id, binding) in bindings {
        let mut seen = BTreeSet::new();
        let new = (0..binding.subjects.len()).filter(|it| seen.insert(subject(binding, *it)));
        all.extend(new.map(|place| (id.clone(), place)));
    }
    all
}

/// The world in which these subjects stand in their bindings no more.
fn without(facts: &[AnyFact], taken: &BTreeSet<SubjectOfBinding>) -> World {
    let left: Vec<AnyFact> = facts
        .iter()
        .map(|fact| {
            let AnyFact::Binding(binding) = fact else { return fact.clone() };
            let gone: Vec<Subject> =
                taken.iter().filter(|it| it.0 == binding.id()).map(|it| subject(binding, it.1)).collect();
            let left = (0..binding.subjects.len()).filter(|it| !gone.contains(&subject(binding, *it)));
            let subjects: Vec<Subject> = left.map(|it| binding.subjects[it].clone()).collect();
            AnyFact::Binding(Binding { subjects: subjects.into(), ..(**binding).clone() }.into())
        })
        .collect();
    World::of(&left)
}

pub fn comes(world: &World, start: &Foothold, goal: &Goal) -> bool {
    closure::reach_goal(&world.ground(), start, goal, None).outcome == Outcome::Allow
}

fn goals() -> Vec<Goal> {
    let secrets = |name: Option<&str>| Foothold::Secrets { namespace: "b".into(), name: name.map(Name::from) };
    vec![
        Goal::Is(Foothold::ClusterAdmin),
        Goal::Is(Foothold::NamespaceAdmin("a".into())),
        Goal::Is(secrets(None)),
        Goal::Is(secrets(Some("x"))),
        Goal::AnyNode,
        Goal::Is(Foothold::Subject(Subject::new(SubjectKind::ServiceAccount, "a", "x"))),
        Goal::Is(Foothold::Subject(Subject::new(SubjectKind::ServiceAccount, "b", "absent"))),
        Goal::InNamespace("kube-system".into()),
    ]
}

/// Everybody whose ways are looked at where everybody is asked about.
pub fn everybody(facts: &[AnyFact]) -> Vec<Foothold> {
    let mut all: BTreeSet<Subject> = BTreeSet::new();
    for fact in facts {
        match fact {
            AnyFact::Binding(it) => all.extend((0..it.subjects.len()).map(|at| subject(it, at))),
            AnyFact::ServiceAccount(it) => {
                all.insert(Subject::new(SubjectKind::ServiceAccount, it.meta.namespace.clone(), it.meta.name.clone()));
            }
            _ => {}
        }
    }
    let is_somebody = |it: &Subject| !it.name().is_empty() && !matches!(it.kind(), SubjectKind::Other(_));
    all.into_iter().filter(is_somebody).map(Foothold::Subject).filter(|it| *it != Foothold::masters()).collect()
}

fn is_there(goal: &Goal, start: &Foothold) -> bool {
    matches!(goal, Goal::Is(it) if it == start)
}

fn asked(world: &World, goal: &Goal, whose: &WhoseWays) -> Cut {
    choke(&world.ground(), goal, whose, &mut |_, _| true)
}

/// Who comes there but whoever stays.
fn who<'s>(world: &World, goal: &Goal, all: &'s [Foothold], found: &Cut) -> Vec<&'s Foothold> {
    let surely = |left: &Left, it: &Foothold| left.who == *it && left.why != Why::Unsure;
    let stays = |it: &Foothold| is_there(goal, it) || found.left.iter().any(|left| surely(left, it));
    all.iter().filter(|it| !stays(it) && comes(world, it, goal)).collect()
}

fn check(seed: u64, facts: &[AnyFact], goal: &Goal, whose: &WhoseWays, all: &[Foothold]) -> Cut {
    let found = asked(&World::of(facts), goal, whose);
    let cut: BTreeSet<SubjectOfBinding> = found.keys();
    let what = format!("seed {seed}: {goal:?} of {whose:?}: cut {cut:?}");
    let left = who(&without(facts, &cut), goal, all, &found);
    assert!(left.is_empty(), "{what}: {left:?} comes there still");
    for back in &cut {
        let rest: BTreeSet<SubjectOfBinding> = cut.iter().filter(|it| *it != back).cloned().collect();
        assert!(!who(&without(facts, &rest), goal, all, &found).is_empty(), "{what}: {back:?} is not needed");
    }
    assert!(found.lower_bound <= cut.len() && (found.lower_bound > 0) != cut.is_empty(), "{what}");
    found
}

#[test]
fn the_cut_ends_every_way_and_each_grant_of_it_is_needed() {
    let mut sizes = [0_usize; 8];
    for seed in 0..u64::from(cases(15)) {
        let facts = random_facts(seed);
        let everybody = everybody(&facts);
        for goal in goals() {
            for start in starts() {
                let found =
                    check(seed, &facts, &goal, &WhoseWays::These(vec![start.clone()]), std::slice::from_ref(&start));
                sizes[found.cut.len().min(7)] += 1;
            }
            let found = check(seed, &facts, &goal, &WhoseWays::Everyone, &everybody);
            sizes[found.cut.len().min(7)] += 1;
        }
    }
    assert!(sizes[1] > 20 && sizes[2] > 20 && sizes[3..].iter().sum::<usize>() > 20, "few cuts: {sizes:?}");
}

/// All sets of so many of these.
fn sets(all: &[SubjectOfBinding], size: usize) -> Vec<BTreeSet<SubjectOfBinding>> {
    if size == 0 {
        return vec![BTreeSet::new()];
    }
    let mut found = Vec::new();
    for (at, it) in all.iter().enumerate() {
        found.extend(sets(&all[at + 1..], size - 1).into_iter().map(|mut rest| {
            rest.insert(it.clone());
            rest
        }));
    }
    found
}

#[test]
fn no_smaller_set_of_grants_ends_every_way() {
    let (mut tried, mut several) = (0, 0);
    for seed in 0..u64::from(cases(24)) {
        let facts = random_facts(seed + 500);
        let (all, everybody) = (grants(&facts), everybody(&facts));
        for goal in [Goal::Is(Foothold::ClusterAdmin), Goal::AnyNode, goals().swap_remove(5)] {
            let start = starts().swap_remove(seed as usize % 4);
            let asks = [(WhoseWays::These(vec![start.clone()]), vec![start]), (WhoseWays::Everyone, everybody.clone())];
            for (whose, starts) in asks {
                let found = asked(&World::of(&facts), &goal, &whose);
                let size = found.cut.len();
                assert!(found.is_exact(), "seed {seed}: so few grants are counted");
                if size == 0 || sets(&all, size - 1).len() > 100 {
                    continue;
                }
                (tried, several) = (tried + 1, several + usize::from(size > 1));
                for smaller in sets(&all, size - 1) {
                    let still = who(&without(&facts, &smaller), &goal, &starts, &found);
                    assert!(
                        !still.is_empty(),
                        "seed {seed}: {goal:?} of {whose:?}: {smaller:?} does, not {:?}",
                        found.keys()
                    );
                }
            }
        }
    }
    assert!(tried > 20 && several > 5, "few were tried: {tried}, of several grants {several}");
}
