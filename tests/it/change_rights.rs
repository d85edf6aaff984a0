//! What must hold of the rights that two clusters are compared by, on seeded worlds of roles and bindings: each request
//! that one side alone allows is in some row, and no row says anything else, as the documentation reads.

use std::collections::BTreeSet;

use kreach::ask::diff::Common;
use kreach::ask::world::SelfCheck;
use kreach::ask::{World, diff};
use kreach::change::{GrantChange, GrantRow};
use kreach::model::cluster::{AnyFact, Cluster};
use kreach::model::evidence::Outcome;
use kreach::model::facts::Meta;
use kreach::model::items::Items;
use kreach::model::name::Name;
use kreach::model::role::{Binding, Role, RoleRef, RoleRule, RoleSource, RuleLists, Subject};
use kreach::net::Settings;
use kreach::rbac::covers::Tuple;
use kreach::rbac::naive::{self, RequestUser};
use kreach::rbac::resource_or_url::ResourceOrUrl;
use kreach::rbac::{Identity, Request, Served, rights};

use crate::rbac_worlds::{ANYTHING, Random, cluster};

const WORLDS: u64 = 120;
const QUESTIONS: usize = 150;

fn world(cluster: &Cluster) -> World {
    World::of(cluster.clone(), Settings::default(), SelfCheck::Off)
}

/// Two clusters: some facts of one are others in the other.
fn two(random: &mut Random) -> (Cluster, Cluster) {
    let size = 3 + random.below(10);
    let before = ANYTHING.facts(random, size);
    let more = ANYTHING.facts(random, size);
    let mut after: Vec<AnyFact> = before.clone();
    for fact in more.into_iter().take(1 + random.below(4)) {
        match random.below(3) {
            0 if !after.is_empty() => drop(after.remove(random.below(after.len()))),
            _ => after.push(fact),
        }
    }
    (cluster(&before), cluster(&after))
}

fn asker(identity: &Identity) -> RequestUser<'_> {
    RequestUser { user: &identity.user, groups: identity.groups.iter().map(|(it, _)| it.as_str()).collect() }
}

/// Everybody whom a binding names.
fn named(cluster: &Cluster) -> BTreeSet<Subject> {
    let all = cluster.bindings.iter().flat_map(|binding| {
        binding.subjects.iter().map(|it| kreach::rbac::grant::named(it, binding)).collect::<Vec<_>>()
    });
    let is_somebody = |it: &Subject| !it.name().is_empty() && !matches!(it, Subject::Other { .. });
    let has_home = |it: &Subject| !matches!(it, Subject::ServiceAccount { namespace, .. } if namespace.is_empty());
    all.filter(is_somebody).filter(has_home).map(|it| Identity::new(&it, &[]).subject).collect()
}

fn rule(part: &Tuple) -> RoleRule {
    let one = |it: &Name| Items::from(vec![it.clone()]);
    RoleRule::from(match part {
        Tuple::Url { verb, url } => RuleLists { verbs: one(verb), urls: one(url), ..RuleLists::default() },
        Tuple::Resource { verb, group, resource, name } => RuleLists {
            verbs: one(verb),
            groups: one(group),
            resources: one(resource),
            names: name.iter().cloned().collect(),
            urls: Items::default(),
        },
    })
}

/// A cluster in which these parts are given to one subject.
pub fn giving(subject: &Subject, parts: impl IntoIterator<Item = (Name, Tuple)>) -> Cluster {
    let mut facts = Vec::new();
    for (at, (scope, part)) in parts.into_iter().enumerate() {
        let meta = Meta { namespace: scope, name: format!("r{at}").into(), ..Meta::default() };
        let kind = if meta.namespace.is_empty() { "ClusterRole" } else { "Role" };
        let reference = RoleRef { kind: kind.into(), name: meta.name.clone() };
        facts.push(AnyFact::Role(Role::new(meta.clone(), vec![rule(&part)].into(), RoleSource::Manifest).into()));
        let subjects = vec![subject.clone()].into();
        facts.push(AnyFact::Binding(Binding { meta, role: reference, subjects }.into()));
    }
    cluster(&facts)
}

/// What bindings that name a subject itself give it.
pub fn own(world: &World, subject: &Subject) -> Vec<(Name, Tuple)> {
    let served = Served::built_in();
    let bindings = world.cluster.bindings.iter().filter(|binding| {
        let mut all = binding.subjects.iter().map(|it| kreach::rbac::grant::named(it, binding));
        all.any(|it| Identity::new(&it, &[]).subject == *subject)
    });
    let parts = bindings.flat_map(|binding| {
        let rules = world.rbac().rules_of(binding).unwrap_or_default();
        let parts: Vec<Tuple> = rules.iter().flat_map(|it| rights::given(binding, it, &served)).collect();
        parts.into_iter().map(|it| (binding.meta.namespace.clone(), it)).collect::<Vec<_>>()
    });
    parts.collect()
}

fn parts(row: &GrantRow) -> Vec<(Name, Tuple)> {
    let part = |verb: &Name| match &row.what {
        ResourceOrUrl::Url(url) => Tuple::Url { verb: verb.clone(), url: url.clone() },
        ResourceOrUrl::Resource { group, resource, name } => Tuple::Resource {
            verb: verb.clone(),
            group: group.clone(),
            resource: resource.clone(),
            name: row.is_named.then(|| name.clone()),
        },
    };
    row.verbs.iter().map(|it| (row.scope.clone(), part(it))).collect()
}

/// Requests that rules of either side may well answer.
fn requests(random: &mut Random, sides: [&Cluster; 2]) -> Vec<Request> {
    let question = |at: usize| {
        let likely = (!at.is_multiple_of(3)).then(|| ANYTHING.likely(random, sides[at % 2])).flatten();
        likely.map_or_else(|| ANYTHING.request(random), |it| it.1)
    };
    (0..QUESTIONS).map(question).collect()
}

#[test]
fn rows_are_what_one_side_alone_allows() {
    let (mut found, mut newly) = (0, 0);
    for seed in 1..=WORLDS {
        let mut random = Random::new(seed);
        let (before, after) = two(&mut random);
        let requests = requests(&mut random, [&before, &after]);
        let (before, after) = (world(&before), world(&after));
        let impact = diff::compare(&before, &after, Common::default());
        let subjects: BTreeSet<Subject> = [&before, &after].into_iter().flat_map(|it| named(&it.cluster)).collect();
        for (change, holds, lacks) in [(GrantChange::Given, &after, &before), (GrantChange::Taken, &before, &after)] {
            for subject in subjects.iter().filter(|it| *it.name() != "system:masters") {
                let identity = Identity::new(subject, &[]);
                let rows: Vec<&GrantRow> =
                    impact.grants.iter().filter(|it| it.subject == *subject && it.change == change).collect();
                let told = giving(subject, rows.iter().flat_map(|it| parts(it)));
                let gives = giving(subject, own(holds, subject));
                // What the Node authorizer may grant it may grant on both sides: rights are compared as RBAC gives them.
                let denies = |it: &Request| naive::outcome(&lacks.cluster, &asker(&identity), it) != Outcome::Allow;
                let bare = identity.without_implied();
                let allows =
                    |cluster: &Cluster, it: &Request| naive::outcome(cluster, &asker(&bare), it) == Outcome::Allow;
                for request in requests.iter().filter(|it| denies(it) && allows(&gives, it)) {
                    assert!(allows(&told, request), "seed {seed}: {subject} {request} is in no row: {rows:#?}");
                    newly += 1;
                }
                for (scope, part) in rows.iter().flat_map(|it| parts(it)) {
                    let request = rights::request(&part, &scope);
                    assert!(
                        denies(&request) && allows(&gives, &request),
                        "seed {seed}: {subject} {change:?} {request}"
                    );
                    found += 1;
                }
            }
        }
    }
    // A generator in which nothing differs would prove nothing.
    assert!(found > 50 && newly > 300, "only {found} rows and {newly} requests");
}

#[test]
fn rights_do_not_differ_from_themselves_and_the_way_back_is_the_mirror() {
    for seed in 1..=WORLDS {
        let (before, after) = two(&mut Random::new(seed));
        let (before, after) = (world(&before), world(&after));
        assert_eq!(diff::compare(&before, &world(&before.cluster), Common::default()).grants, []);
        let (there, back) =
            (diff::compare(&before, &after, Common::default()), diff::compare(&after, &before, Common::default()));
        let told = |it: &GrantRow, change: GrantChange| {
            format!("{:?}", (&it.subject, change, &it.scope, &it.what, it.is_named, &it.verbs, &it.by))
        };
        let mirrored = |it: &GrantRow| match it.change {
            GrantChange::Given => GrantChange::Taken,
            GrantChange::Taken => GrantChange::Given,
            GrantChange::Unsure => GrantChange::Unsure,
        };
        let there: BTreeSet<String> = there.grants.iter().map(|it| told(it, mirrored(it))).collect();
        let back: BTreeSet<String> = back.grants.iter().map(|it| told(it, it.change)).collect();
        assert_eq!(there, back, "seed {seed}");
    }
}
