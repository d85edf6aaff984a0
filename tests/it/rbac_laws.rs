//! Laws of the authorizer on seeded adversarial worlds: the index equals the naive reading of the documentation,
//! changes equal a new build, order changes nothing, more bindings never take away, a part never contradicts the whole.

use std::collections::BTreeSet;

use kreach::kinds::{self, Intern};
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::id::{Kind, ObjectId};
use kreach::model::name::Name;
use kreach::model::role::Subject;
use kreach::rbac::naive::{self, GrantNames, RequestUser};
use kreach::rbac::{Access, AskedPlaces, Identity, Index, Request, ResourceRequest};

use crate::rbac_worlds::{ANYTHING, Random, account, cluster, namespace, put};

const WORLDS: u64 = 150;
const QUESTIONS: usize = 60;

fn asker(identity: &Identity) -> RequestUser<'_> {
    RequestUser { user: &identity.user, groups: identity.groups.iter().map(|(it, _)| it.as_str()).collect() }
}

fn names(access: &Access) -> BTreeSet<GrantNames> {
    access.grants.iter().map(|it| (it.binding.id(), it.subject, it.role.id(), it.rule)).collect()
}

/// For each seed: the world's facts, its cluster, and questions.
fn each_world(mut check: impl FnMut(&mut Random, Vec<AnyFact>, Vec<(Identity, Request)>)) {
    for seed in 1..=WORLDS {
        let mut random = Random::new(seed);
        let size = 3 + random.below(12);
        let facts = ANYTHING.facts(&mut random, size);
        // Half of them are such as some rule may well answer: words of it, one perhaps changed.
        let world = cluster(&facts);
        let mut question = |at: usize| {
            let likely = at.is_multiple_of(2).then(|| ANYTHING.likely(&mut random, &world)).flatten();
            likely.unwrap_or_else(|| (ANYTHING.identity(&mut random), ANYTHING.request(&mut random)))
        };
        let questions = (0..QUESTIONS).map(&mut question).collect();
        check(&mut random, facts, questions);
    }
}

#[test]
fn the_index_answers_as_the_documentation_reads() {
    let mut allowed = 0;
    each_world(|_, facts, questions| {
        let cluster = cluster(&facts);
        let index = Index::build(&cluster);
        for (identity, request) in &questions {
            let access = index.can(identity, request);
            let asker = asker(identity);
            assert_eq!(access.outcome(), naive::outcome(&cluster, &asker, request), "{identity:?} {request}");
            assert_eq!(names(&access), naive::grants(&cluster, &asker, request), "{identity:?} {request}");
            allowed += usize::from(access.outcome() == Outcome::Allow);
        }
    });
    // A generator that never allows would prove nothing.
    assert!(allowed > 500, "only {allowed} were allowed");
}

#[test]
fn who_can_lists_exactly_those_for_whom_can_says_allow() {
    each_world(|_, mut facts, questions| {
        facts.extend([account("a", "x"), account("b", "lonely"), namespace("a"), namespace("c")]);
        let cluster = cluster(&facts);
        let index = Index::build(&cluster);
        let homes: BTreeSet<&str> = ["a", "b", "kube-system"].into();
        for (_, request) in questions.iter().take(12) {
            let allows = |it: &Subject, request: &Request| {
                naive::outcome(&cluster, &asker(&Identity::new(it, &[])), request) == Outcome::Allow
            };
            let candidates = index.candidates(&cluster);
            let here = index.who_can(&cluster, request, AskedPlaces::Asked);
            let expected: Vec<&Subject> = candidates.iter().filter(|it| allows(it, request)).collect();
            assert_eq!(here.holders.iter().map(|it| here.subject(it)).collect::<Vec<_>>(), expected, "{request}");

            let everywhere = index.who_can(&cluster, request, AskedPlaces::Everywhere);
            let places: Vec<Request> =
                homes.iter().chain([&""]).map(|it| request.in_namespace(&(*it).into())).collect();
            let expected: Vec<&Subject> =
                candidates.iter().filter(|it| places.iter().any(|place| allows(it, place))).collect();
            assert_eq!(everywhere.holders.iter().map(|it| here.subject(it)).collect::<Vec<_>>(), expected, "{request}");
        }
    });
}

/// Beside a list stand exactly those who can for some name and not without one, with these names; and each binding of
/// somebody whose role is not there.
#[test]
fn whoever_can_for_certain_names_stands_beside_the_list() {
    let mut found = 0;
    each_world(|_, facts, questions| {
        let cluster = cluster(&facts);
        let index = Index::build(&cluster);
        for (_, request) in &questions {
            let Request::Resource(it) = request else { continue };
            let bare = ResourceRequest { name: Name::empty(), domain: Name::empty(), ..it.clone() };
            let who = index.who_can(&cluster, &Request::Resource(bare.clone()), AskedPlaces::Asked);
            let beside = index.beside(&who);
            let listed =
                beside.named.iter().flat_map(|it| it.names.iter().map(|name| (it.subject.to_string(), name.clone())));
            let listed: BTreeSet<(String, Name)> = listed.collect();
            let mut expected = BTreeSet::new();
            for subject in index.candidates(&cluster).iter().filter(|_| bare.verb != "deletecollection") {
                let identity = Identity::new(subject, &[]);
                let allows = |identity: &Identity, name: &str| {
                    let request = Request::Resource(ResourceRequest { name: name.into(), ..bare.clone() });
                    !identity.is_in("system:masters") && !naive::grants(&cluster, &asker(identity), &request).is_empty()
                };
                let whole = identity.is_in("system:masters") || allows(&identity, "");
                let own = identity.without_implied();
                let names = ["n1", "n2", "*"].into_iter().filter(|it| !whole && allows(&own, it));
                expected.extend(names.map(|it| (subject.to_string(), Name::from(it))));
                // Rule 16: through a RoleBinding its own Namespace, by its name.
                let is_own = bare.group.is_empty()
                    && ["namespaces", "namespaces/status", "namespaces/finalize"].contains(&bare.combined().as_str())
                    && ["get", "update", "patch", "delete"].contains(&bare.verb.as_str())
                    && bare.namespace.is_empty();
                let in_own = |it: &&Name| {
                    let request = ResourceRequest { name: (*it).clone(), namespace: (*it).clone(), ..bare.clone() };
                    !naive::grants(&cluster, &asker(&own), &Request::Resource(request)).is_empty()
                };
                let namespaces: BTreeSet<Name> =
                    cluster.bindings.namespaces().filter(|it| !it.is_empty()).cloned().collect();
                let own_names = namespaces.iter().filter(|_| is_own && !whole).filter(in_own);
                expected.extend(own_names.map(|it| (subject.to_string(), it.clone())));
            }
            assert_eq!(listed, expected, "{request}");
            found += listed.len();
            let missing = beside.missing.iter().all(|it| {
                index.role(&it.binding.meta.namespace, &it.binding.role.name).is_none()
                    || it.binding.role.kind != "Role"
                    || it.binding.meta.namespace.is_empty()
            });
            assert!(missing, "{request}: {:?}", beside.missing);
        }
    });
    // A generator without such rules would prove nothing.
    assert!(found > 100, "only {found}");
}

#[test]
fn changes_leave_the_index_that_a_build_would_make() {
    each_world(|random, facts, questions| {
        let mut world = cluster(&facts[..facts.len() / 2]);
        let mut index = Index::build(&world);
        for _ in 0..12 {
            let mut changes = Vec::new();
            for _ in 0..1 + random.below(3) {
                changes.extend(world.apply(step(random, &facts)));
            }
            index.apply(&world, &changes);
            assert!(index == Index::build(&world), "after {changes:?}");
        }
        let fresh = Index::build(&world);
        assert_eq!(index.candidates(&world), fresh.candidates(&world));
        for (identity, request) in &questions {
            assert_eq!(index.can(identity, request), fresh.can(identity, request));
            assert_eq!(index.permissions(identity), fresh.permissions(identity));
        }
        for (_, request) in questions.iter().take(8) {
            for places in [AskedPlaces::Asked, AskedPlaces::Everywhere] {
                let (ours, theirs) = [&index, &fresh].map(|it| it.who_can(&world, request, places.clone())).into();
                assert_eq!(ours, theirs, "{request}");
            }
        }
    });
}

/// What bears marks of other authorizers, accounts and namespaces: none is a binding, and all bear on answers.
const BESIDES: &[(Kind, &str)] = &[
    (Kind::NODE, r#"{"metadata":{"name":"n1","labels":{"eks.amazonaws.com/nodegroup":"x"}},"spec":{},"status":{}}"#),
    (Kind::NODE, r#"{"metadata":{"name":"n1"},"spec":{},"status":{}}"#),
    (
        Kind::POD,
        r#"{"metadata":{"name":"api","namespace":"kube-system","labels":{"component":"kube-apiserver"}},
            "spec":{"containers":[{"name":"kube-apiserver","command":["kube-apiserver","--authorization-mode=Webhook"]}]}}"#,
    ),
    (
        Kind::POD,
        r#"{"metadata":{"name":"api","namespace":"kube-system","labels":{"component":"kube-apiserver"}},
            "spec":{"containers":[{"name":"kube-apiserver","command":["kube-apiserver","--authorization-mode=RBAC"]}]}}"#,
    ),
    (Kind::SERVICE_ACCOUNT, r#"{"metadata":{"name":"lonely","namespace":"b"}}"#),
    (Kind::SERVICE_ACCOUNT, r#"{"metadata":{"name":"x","namespace":"a"}}"#),
    (Kind::NAMESPACE, r#"{"metadata":{"name":"a"}}"#),
    (Kind::NAMESPACE, r#"{"metadata":{"name":"c"}}"#),
];

/// One of them comes, changes, or goes.
fn besides(random: &mut Random) -> Delta {
    let (kind, json) = BESIDES[random.below(BESIDES.len())];
    let spec = kinds::spec(kind).expect("a kind that is read");
    let delta = spec.read_json(json, "default", &mut Intern::new()).delta().expect("an object");
    match (&delta, random.below(3)) {
        (Delta::Put(entry), 0) => Delta::Gone(entry.fact.id()),
        _ => delta,
    }
}

/// A kind is listed anew: what is missing from the list is gone, what is in it may be as it was or not.
fn relisted(random: &mut Random, facts: &[AnyFact]) -> Delta {
    let kind = kreach::rbac::index::KINDS[random.below(4)];
    let listed = facts.iter().filter(|it| it.id().kind == kind && random.below(2) == 0);
    let entries = listed.map(|it| ReadObject::new(it.clone())).collect();
    Delta::Listed { kind, scope: Scope::Everywhere, entries }
}

/// One step of the world: something is put, removed, unreadable, or covered otherwise.
fn step(random: &mut Random, facts: &[AnyFact]) -> Delta {
    let fact = facts[random.below(facts.len())].clone();
    match random.below(11) {
        8 | 9 => besides(random),
        10 => relisted(random, facts),
        0 | 1 => Delta::Gone(fact.id()),
        2 => Delta::Unreadable { id: fact.id(), problems: Vec::new() },
        3 => covered(random),
        4 => {
            let home = ANYTHING.home(random);
            let number = random.below(5);
            put(AnyFact::Role(ANYTHING.role(random, home, number).into()))
        }
        5 => {
            let home = ANYTHING.home(random);
            let number = random.below(6);
            put(AnyFact::Binding(ANYTHING.binding(random, home, number, 5).into()))
        }
        _ => put(fact),
    }
}

fn covered(random: &mut Random) -> Delta {
    let kind = kreach::rbac::index::KINDS[random.below(4)];
    let scope = match kind {
        Kind::ROLE | Kind::ROLE_BINDING if random.below(2) == 0 => Scope::Namespace("a".into()),
        _ => Scope::Everywhere,
    };
    let coverage = match random.below(4) {
        0 => Coverage::Live,
        1 => Coverage::Forbidden { why: "403".into() },
        2 => Coverage::Loading,
        _ => Coverage::Unread,
    };
    Delta::Covered { kind, scope, coverage }
}

#[test]
fn the_order_of_facts_and_subjects_changes_nothing() {
    each_world(|random, facts, questions| {
        // Later facts replace earlier ones of the same name: only then may they be shuffled.
        let mut last: Vec<AnyFact> = Vec::new();
        for fact in facts.iter().rev() {
            if !last.iter().any(|it| it.id() == fact.id()) {
                last.push(fact.clone());
            }
        }
        let ordered = Index::build(&cluster(&last));
        for at in (1..last.len()).rev() {
            last.swap(at, random.below(at + 1));
        }
        let mut index = Index::build(&Cluster::default());
        let mut world = Cluster::default();
        for fact in &last {
            let changes = world.apply(put(fact.clone()));
            index.apply(&world, &changes);
        }
        assert!(index == ordered);
        for (identity, request) in &questions {
            assert_eq!(index.can(identity, request), ordered.can(identity, request));
        }
    });
}

#[test]
fn more_bindings_never_take_away() {
    each_world(|random, facts, questions| {
        let mut world = cluster(&facts);
        let before = Index::build(&world);
        let home = ANYTHING.home(random);
        world.apply(put(AnyFact::Binding(ANYTHING.binding(random, home, 99, 5).into())));
        let after = Index::build(&world);
        for (identity, request) in &questions {
            let (before, after) = (before.can(identity, request), after.can(identity, request));
            assert!(names(&after).is_superset(&names(&before)), "{identity:?} {request}");
        }
    });
}

/// Source: reliability.md §4.3: an allow of a part is an allow of the whole; a deny of a part is a deny of the whole.
#[test]
fn a_part_never_contradicts_the_whole() {
    let (mut certain, mut unsure) = (0, 0);
    each_world(|random, facts, questions| {
        let whole = cluster(&facts);
        // What must be read is gone from the part, kind by kind and place by place.
        let mut part = whole.clone();
        for kind in kreach::rbac::index::KINDS {
            if random.below(3) == 0 {
                hide(&mut part, kind, &Scope::Everywhere);
            } else if random.below(3) == 0 && matches!(kind, Kind::ROLE | Kind::ROLE_BINDING) {
                hide(&mut part, kind, &Scope::Namespace("a".into()));
            }
        }
        if random.below(3) == 0 {
            let id = facts[random.below(facts.len())].id();
            part.apply(Delta::Unreadable { id, problems: Vec::new() });
        }
        let (whole, index) = (Index::build(&whole), Index::build(&part));
        for (identity, request) in &questions {
            let (all, some) = (whole.can(identity, request), index.can(identity, request));
            assert_eq!(some.outcome(), naive::outcome(&part, &asker(identity), request));
            match some.outcome() {
                Outcome::Unknown => unsure += 1,
                outcome => {
                    certain += 1;
                    assert_eq!(outcome, all.outcome(), "{identity:?} {request} {:?}", some.gaps);
                }
            }
        }
    });
    assert!(certain > 1000 && unsure > 1000, "{certain} {unsure}");
}

fn hide(part: &mut Cluster, kind: Kind, scope: &Scope) {
    part.apply(Delta::Listed { kind, scope: scope.clone(), entries: Vec::new() });
    part.apply(Delta::Covered { kind, scope: scope.clone(), coverage: Coverage::Forbidden { why: "403".into() } });
}

#[test]
fn an_unreadable_binding_makes_a_no_unknown() {
    let mut world = Cluster::default();
    let id = ObjectId::new(Kind::ROLE_BINDING, "a", "b");
    world.apply(Delta::Unreadable { id, problems: Vec::new() });
    let index = Index::build(&world);
    let alice = Identity::new(&kreach::rbac::identity::parse("user:alice").expect("a subject"), &[]);
    assert_eq!(index.can(&alice, &Request::resource("get", "", "pods", "a")).outcome(), Outcome::Unknown);
    assert_eq!(index.can(&alice, &Request::resource("get", "", "pods", "b")).outcome(), Outcome::Deny);
}
