//! The order of changes, against the naive evaluators: at each moment in between nothing is missing but what is told.

use std::collections::{BTreeMap, BTreeSet};

use kreach::ask::World;
use kreach::ask::diff::{self, Common};
use kreach::ask::world::SelfCheck;
use kreach::change::edits::project;
use kreach::change::fix::WholeObjects;
use kreach::change::order::{FlowLapse, Lapse, Order};
use kreach::change::{Change, Op};
use kreach::model::cluster::Cluster;
use kreach::model::evidence::Outcome;
use kreach::model::id::{Kind, ObjectId};
use kreach::model::port::PortSet;
use kreach::model::role::Subject;
use kreach::net::reach::Unit;
use kreach::net::verdict::{End, Port};
use kreach::net::{Settings, naive};
use kreach::rbac::naive::RequestUser;
use kreach::rbac::{self, Identity};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::change_rights::{giving, own};
use crate::fix_laws::from_files;
use crate::net_lists::random;
use crate::net_worlds::{Dice, PLAIN, cases};
use crate::rbac_worlds::{self, Random, STORED};

fn config(usual: u32) -> ProptestConfig {
    ProptestConfig { cases: cases(usual), failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() }
}

/// Changes of objects of one kind of list: some go, some say what another says, some are new.
fn changes(own: &WholeObjects, others: &WholeObjects, what: &str, dice: &mut Dice) -> Vec<Change> {
    let is_one = |it: &&ObjectId| it.kind != Kind::POD;
    let mut left: Vec<&ObjectId> = own.keys().filter(is_one).collect();
    let pool: Vec<&Value> = own.values().chain(others.values()).collect();
    let mut all = Vec::new();
    for number in 0..=dice.roll(4) {
        let sort = dice.roll(3);
        if sort < 2 && !left.is_empty() {
            let id = left.swap_remove(dice.roll(left.len()));
            let mut object = own[id].clone();
            let like: Vec<&&Value> = pool.iter().filter(|it| it["kind"] == object["kind"]).collect();
            let said = dice.pick(&like)[what].clone();
            let op = if sort == 0 { Op::Delete } else { Op::Update };
            if op == Op::Update {
                object[what] = said;
            }
            all.push(Change { op, object });
        } else if !pool.is_empty() {
            let mut object = (*dice.pick(&pool)).clone();
            object["metadata"]["name"] = json!(format!("new-{number}"));
            object["metadata"].as_object_mut().map(|it| it.remove("uid"));
            all.push(Change { op: Op::Create, object });
        }
    }
    all
}

/// The cluster once each change is made, in this order, and before any.
fn moments(cluster: &Cluster, changes: &[Change]) -> Vec<Cluster> {
    let mut all = vec![cluster.clone()];
    for change in changes {
        let mut next = all[all.len() - 1].clone();
        let projected = project(&next, std::slice::from_ref(change)).expect("an object");
        projected.deltas.into_iter().for_each(|it| drop(next.apply(it)));
        all.push(next);
    }
    all
}

/// The order in which these changes are made there.
fn order_of(world: &World, changes: &[Change]) -> Order {
    let mut after = world.clone();
    after.apply(project(&world.cluster, changes).expect("objects").deltas);
    let impact = diff::compare(world, &after, Common::ALL);
    kreach::ask::order::of(world, &after, &impact, changes).expect("objects")
}

fn assert_is_permutation(order: &Order, changes: &[Change]) {
    let places: BTreeSet<usize> = order.places.iter().copied().collect();
    assert_eq!((places.len(), order.places.len()), (changes.len(), changes.len()));
    assert_eq!(order.moments.len(), changes.len().saturating_sub(1));
}

/// What is cut, may be, or is too much, by units and port.
type Lapses = BTreeSet<(&'static str, Unit, Unit, Port)>;

fn told(lapses: &[FlowLapse], ports: &BTreeSet<Port>) -> Lapses {
    let sets =
        |it: &FlowLapse| [("cut", it.cut.clone()), ("may", it.may_be_cut.clone()), ("opened", it.opened.clone())];
    let has = |set: &PortSet, port: &Port| set.contains(port.0, port.1);
    let is_inside = |it: &Unit| matches!(it, Unit::Pod(_) | Unit::Workload(_));
    let inside = lapses.iter().filter(|it| is_inside(&it.from) && is_inside(&it.to));
    let each = inside.flat_map(|it| {
        let of = move |(word, set): (&'static str, PortSet)| {
            let held = ports.iter().filter(move |port| has(&set, port));
            held.map(move |port| (word, it.from.clone(), it.to.clone(), *port)).collect::<Vec<_>>()
        };
        sets(it).into_iter().flat_map(of)
    });
    each.collect()
}

/// The same by asking each pair of pods at each of the three times.
fn asked(world: &World, [before, now, after]: [&Cluster; 3], ports: &BTreeSet<Port>) -> Lapses {
    let pods: Vec<_> = before.pods.iter().filter(|it| !it.phase().is_finished()).collect();
    let unit = |it: &kreach::model::facts::SharedPod| Unit::of_pod(before, it);
    let mut found: BTreeMap<(Unit, Unit, Port), BTreeSet<&'static str>> = BTreeMap::new();
    for (from, to) in pods.iter().flat_map(|a| pods.iter().map(move |b| (a, b))).filter(|(a, b)| a != b) {
        let ends = (End::Pod(from.pod_id()), End::Pod(to.pod_id()));
        for port in ports {
            use Outcome::{Allow, Deny, Unknown};
            let ask = |it: &Cluster| naive::outcome(it, &world.settings, &ends.0, &ends.1, *port);
            let word = match (ask(before), ask(now), ask(after)) {
                (Allow, Deny, Allow) => "cut",
                (Allow, Unknown, Allow) | (Allow | Unknown, Deny, Allow | Unknown) => "may",
                (Deny, Allow, Deny) => "opened",
                _ => continue,
            };
            found.entry((unit(from), unit(to), *port)).or_default().insert(word);
        }
    }
    let row = |((from, to, port), words): ((Unit, Unit, Port), BTreeSet<&'static str>)| {
        let is_cut = words.contains("cut");
        let words = words.into_iter().filter(move |it| *it != "may" || !is_cut);
        words.map(|it| (it, from.clone(), to.clone(), port)).collect::<Vec<_>>()
    };
    found.into_iter().flat_map(row).collect()
}

/// A cluster that gives somebody, their groups included, what is not dead of what this one gives them: a right to nodes in
/// one namespace can be asked for, and is none.
fn lasting(cluster: &Cluster, identity: &Identity) -> Cluster {
    let world = World::of(cluster.clone(), Settings::default(), SelfCheck::Off);
    let groups = identity.groups.iter().map(|it| Subject::Group(it.0.clone()));
    let all = groups.chain([identity.subject.clone()]).flat_map(|it| own(&world, &it));
    giving(&identity.subject, all)
}

/// Asks at random for rights that are held before and after, at each moment in between.
fn assert_rights_are_told(seed: u64) {
    let mut random = Random::new(seed);
    let (cluster, manifests) = from_files(&rbac_worlds::cluster(&STORED.facts(&mut random, 10)));
    let (_, others) = from_files(&rbac_worlds::cluster(&STORED.facts(&mut random, 6)));
    let mut dice = Dice::new(seed);
    let what = *dice.pick(&["rules", "subjects"]);
    let of = |it: &WholeObjects| -> WholeObjects {
        it.iter().filter(|it| it.1.get(what).is_some()).map(|it| (it.0.clone(), it.1.clone())).collect()
    };
    let changes = changes(&of(&manifests), &of(&others), what, &mut dice);
    let world = World::of(cluster, Settings::default(), SelfCheck::Off);
    let order = order_of(&world, &changes);
    assert_is_permutation(&order, &changes);
    let clusters = moments(&world.cluster, &order.of(&changes));
    for (number, moment) in order.moments.iter().enumerate() {
        for _ in 0..20 {
            let Some((identity, request)) = STORED.likely(&mut random, &world.cluster) else { continue };
            let groups = identity.groups.iter().map(|it| it.0.as_str()).collect();
            let asker = RequestUser { user: &identity.user, groups };
            let allows = |it: &Cluster| rbac::naive::outcome(it, &asker, &request) == Outcome::Allow;
            let is_cut =
                allows(&clusters[0]) && allows(&clusters[clusters.len() - 1]) && !allows(&clusters[number + 1]);
            let is_told = moment.rights.iter().any(|it| it.lapse == Lapse::Missing);
            let gives =
                |it: &Cluster| rbac::naive::outcome(&lasting(it, &identity), &asker, &request) == Outcome::Allow;
            let is_missed = is_cut && !is_told && gives(&clusters[0]) && gives(&clusters[clusters.len() - 1]);
            assert!(!is_missed, "seed {seed}: {} {request:?} is missing", identity.subject);
        }
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn what_is_cut_in_between_is_told_and_nothing_else(seed: u64) {
        let (first, cluster, mut dice) = random(seed, PLAIN);
        let (cluster, manifests) = from_files(&cluster);
        let (_, others) = from_files(&random(seed ^ 1, PLAIN).1);
        let changes = changes(&manifests, &others, "spec", &mut dice);
        let world = World::of(cluster, first.settings.clone(), SelfCheck::Off);
        let order = order_of(&world, &changes);
        assert_is_permutation(&order, &changes);
        let clusters = moments(&world.cluster, &order.of(&changes));
        let after = &clusters[clusters.len() - 1];
        let mut ports = naive::boundaries(&world.cluster);
        ports.extend(naive::boundaries(after));
        for (number, moment) in order.moments.iter().enumerate() {
            let states = [&world.cluster, &clusters[number + 1], after];
            prop_assert_eq!(told(&moment.flows, &ports), asked(&world, states, &ports), "seed {}, moment {}", seed, number);
        }
    }

    #[test]
    fn rights_that_are_missing_in_between_are_told(seed: u64) {
        assert_rights_are_told(seed);
    }
}

/// Here the one right that lapses is to `nodes/proxy` in a namespace, where there are no nodes.
#[test]
fn a_right_to_nothing_is_not_told() {
    assert_rights_are_told(2393681318220460721);
}

fn policy(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
}

fn shop() -> World {
    let pod = |name: &str, address: u8| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}\n\
             spec: {{containers: [{{name: c, ports: [{{containerPort: 80}}]}}]}}\n\
             status: {{phase: Running, podIPs: [{{ip: 10.0.0.{address}}}]}}\n"
        )
    };
    let text = pod("web", 1) + &pod("db", 2) + &pod("api", 3);
    let loaded = kreach::live::files::load_text("shop.yaml", &text, "shop").expect("it reads");
    World::of(loaded.cluster, Settings::default(), SelfCheck::Off)
}

fn from(app: &str) -> Value {
    json!([{"from": [{"podSelector": {"matchLabels": {"app": app}}}]}])
}

#[test]
fn what_allows_comes_before_what_cuts() {
    let deny =
        Change { op: Op::Create, object: policy("deny", json!({"podSelector": {}, "policyTypes": ["Ingress"]})) };
    let web = json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": from("web")});
    let others = json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]},
        "ingress": [{}]});
    let others = Change { op: Op::Create, object: policy("others", others) };
    let changes = [deny, Change { op: Op::Create, object: policy("web", web) }, others];
    let order = order_of(&shop(), &changes);
    assert!(order.is_clean() && order.is_best, "{order:?}");
    assert_eq!(order.places[2], 0, "the policy that denies is made last");
    let lines = kreach::ask::order::lines(&order, &changes);
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn what_no_order_avoids_is_told() {
    let of = |name: &str, app: &str| {
        let spec = json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": from(app)});
        Change { op: Op::Create, object: policy(name, spec) }
    };
    let changes = [of("a", "web"), of("b", "api")];
    let order = order_of(&shop(), &changes);
    assert!(!order.never_cuts() && order.is_best);
    let lines: Vec<String> = kreach::ask::order::lines(&order, &changes).into_iter().map(|it| it.text).collect();
    assert_eq!(
        lines,
        [
            "order: no order of these changes avoids the interruption",
            "after 1 of 2 changes (create networkpolicy/shop/a): interrupts pod/shop/api -> pod/shop/db on all ports",
        ]
    );
}

#[test]
fn a_role_is_there_before_its_binding_and_a_namespace_before_what_is_in_it() {
    let object = |kind: &str, more: Value| {
        let mut object = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
            "metadata": {"name": "x", "namespace": "new"}});
        object.as_object_mut().expect("an object").extend(more.as_object().expect("fields").clone());
        Change { op: Op::Create, object }
    };
    let reference = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"});
    let binding = object("RoleBinding", json!({"roleRef": reference, "subjects": [{"kind": "User", "name": "u"}]}));
    let role = object("Role", json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}));
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}});
    let changes = [binding, role, Change { op: Op::Create, object: space }];
    let order = order_of(&shop(), &changes);
    assert_eq!(order.places, [2, 1, 0]);
}
