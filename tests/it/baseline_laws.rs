//! What must hold of every baseline, on random worlds: no needed flow is lost, nothing is opened, a second one has nothing
//! to write, and default deny holds for pods to come. Both engines are asked, pod by pod.
//!
//! `PROPTEST_RNG_SEED=$RANDOM KREACH_CASES=100 cargo test --test it baseline_laws::` tries a hundred times as many.

use std::collections::BTreeSet;

use kreach::ask::baseline::{Baseline, BaselineScope};
use kreach::ask::expectation::Expectations;
use kreach::ask::many::unit_text;
use kreach::ask::world::SelfCheck;
use kreach::ask::{Here, World};
use kreach::kinds::{self, Intern};
use kreach::live::files::{load_text, manifests};
use kreach::manifests::Manifests;
use kreach::model::cluster::Cluster;
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;
use kreach::model::port::Protocol;
use kreach::net::reach::Granularity;
use kreach::net::verdict::End;
use kreach::net::{Settings, naive};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::net_lists::inside;
use crate::net_worlds::{Dice, cases};

const SPACES: [&str; 3] = ["a", "b", "c"];
const LABELS: [(&str, &str); 5] = [("app", "x"), ("app", "y"), ("app", "z"), ("tier", "1"), ("tier", "2")];
const KINDS: [(&str, &str); 3] = [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet")];

fn config(usual: u32) -> ProptestConfig {
    ProptestConfig { cases: cases(usual), failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() }
}

fn labels(dice: &mut Dice, most: usize) -> Value {
    let count = dice.roll(most + 1);
    let pairs = (0..count).map(|_| *dice.pick(&LABELS)).map(|(key, value)| (key.to_owned(), json!(value)));
    Value::Object(pairs.collect())
}

/// Words that may name a Service, and some that name none.
fn word(dice: &mut Dice) -> String {
    let service = format!("s{}", dice.roll(4));
    let space = *dice.pick(&SPACES);
    let port = *dice.pick(&[80, 81, 90]);
    match dice.roll(7) {
        0 => service,
        1 => format!("{service}:{port}"),
        2 => format!("http://me:word@{service}.{space}:{port}/x"),
        3 => format!("{service}.{space}.svc.cluster.local"),
        4 => format!("--to={service}.{space},{service}:{port}"),
        5 => format!("pod-0.{service}.{space}.svc:{port}"),
        _ => "nothing of interest".to_owned(),
    }
}

fn workload(dice: &mut Dice, at: usize) -> Value {
    let (version, kind) = *dice.pick(&KINDS);
    let env: Vec<Value> = (0..dice.roll(3)).map(|it| json!({"name": format!("E{it}"), "value": word(dice)})).collect();
    let ports = json!([{"name": "web", "containerPort": 80}, {"name": "alt", "containerPort": *dice.pick(&[81, 90])}]);
    let annotations =
        if dice.percent(10) { json!({"prometheus.io/scrape": "true", "prometheus.io/port": "90"}) } else { json!({}) };
    json!({
        "apiVersion": version, "kind": kind,
        "metadata": {"name": format!("w{at}"), "namespace": dice.pick(&SPACES)},
        "spec": {"template": {
            "metadata": {"labels": labels(dice, 2), "annotations": annotations},
            "spec": {"containers": [{"name": "c", "env": env, "ports": ports}], "hostNetwork": dice.percent(5)},
        }},
    })
}

fn service(dice: &mut Dice, at: usize) -> Value {
    let target: Value = dice.pick(&[json!(80), json!("web"), json!("alt"), json!(90)]).clone();
    let kind = if dice.percent(15) { "LoadBalancer" } else { "ClusterIP" };
    let mut spec = json!({
        "type": kind, "selector": labels(dice, 2),
        "ports": [{"name": "a", "port": 80, "targetPort": target}, {"name": "b", "port": 81, "targetPort": 81}],
    });
    if dice.percent(20) && kind == "ClusterIP" {
        spec["clusterIP"] = json!("None");
    }
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("s{at}"), "namespace": dice.pick(&SPACES)}, "spec": spec})
}

fn peers(dice: &mut Dice) -> Value {
    match dice.roll(4) {
        0 => json!([]),
        1 => json!([{"podSelector": {"matchLabels": labels(dice, 1)}}]),
        2 => json!([{"namespaceSelector": {}, "podSelector": {"matchLabels": labels(dice, 1)}}]),
        _ => json!([{"ipBlock": {"cidr": "0.0.0.0/0"}}]),
    }
}

fn policy(dice: &mut Dice, at: usize) -> Value {
    let types = dice.pick(&[json!(["Ingress"]), json!(["Egress"]), json!(["Ingress", "Egress"])]).clone();
    let ports: Value = dice.pick(&[json!([]), json!([{"port": 80}]), json!([{"port": "web"}])]).clone();
    let name = *dice.pick(&["p", "allow-w1", "default-deny-all"]);
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": format!("{name}{at}").trim_end_matches('0'), "namespace": dice.pick(&SPACES)},
        "spec": {
            "podSelector": {"matchLabels": labels(dice, 1)}, "policyTypes": types,
            "ingress": [{"from": peers(dice), "ports": ports}], "egress": [{"to": peers(dice), "ports": ports}],
        },
    })
}

/// The objects of a random world.
fn items(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let mut items: Vec<Value> = (0..2 + dice.roll(5)).map(|at| workload(&mut dice, at)).collect();
    items.extend((0..2 + dice.roll(3)).map(|at| service(&mut dice, at)));
    items.extend((0..dice.roll(4)).map(|at| policy(&mut dice, at)));
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// A random world and what its manifests declare.
fn random(seed: u64) -> (Cluster, Manifests) {
    let loaded = load_text("world.json", &items(seed), "a").expect("it reads");
    let declared = manifests(&loaded, "a");
    (loaded.cluster, declared)
}

pub fn world(cluster: Cluster) -> World {
    World::of(cluster, Settings::default(), SelfCheck::On)
}

/// The cluster with the policies of a baseline created in it.
pub fn applied(cluster: &Cluster, baseline: &Baseline) -> Cluster {
    let spec = kinds::spec(Kind::NETWORK_POLICY).expect("a kind that is read");
    let mut cluster = cluster.clone();
    for written in &baseline.policies {
        let read = spec.read_json(&written.object.to_string(), "a", &mut Intern::new());
        let delta = read.delta().expect("a policy");
        if let kreach::model::cluster::Delta::Put(entry) = &delta {
            assert!(entry.problems.is_empty(), "{:?} {}", entry.problems, written.object);
            let (namespace, name) = (entry.fact.id().namespace, entry.fact.id().name);
            assert!(cluster.policies.get(&namespace, &name).is_none(), "{name} replaces another");
        }
        cluster.apply(delta);
    }
    cluster
}

fn wanted(dice: &mut Dice) -> BaselineScope {
    let mut wanted = BaselineScope { keeps_current: dice.percent(20), ..BaselineScope::default() };
    if dice.percent(40) {
        wanted.namespaces = vec![(*dice.pick(&SPACES)).into()];
    }
    wanted
}

const PORTS: [(Protocol, u16); 6] = [
    (Protocol::Tcp, 80),
    (Protocol::Tcp, 81),
    (Protocol::Tcp, 90),
    (Protocol::Tcp, 7),
    (Protocol::Udp, 53),
    (Protocol::Udp, 80),
];

/// All pairs of pods and these ports that a cluster allows.
pub fn allowed(cluster: &Cluster, ports: &[(Protocol, u16)]) -> BTreeSet<(String, String, (Protocol, u16))> {
    let pods: Vec<End> = cluster.pods.iter().map(|it| End::Pod(it.pod_id())).collect();
    let mut found = BTreeSet::new();
    for from in &pods {
        for to in pods.iter().filter(|it| *it != from) {
            for &port in ports {
                if naive::outcome(cluster, &Settings::default(), from, to, port) == Outcome::Allow {
                    found.insert((format!("{from:?}"), format!("{to:?}"), port));
                }
            }
        }
    }
    found
}

/// Every needed flow between workloads is allowed by both engines.
pub fn holds(cluster: &Cluster, baseline: &Baseline) {
    let world = world(cluster.clone());
    let units = inside(cluster, Granularity::Workload);
    let ends = |name: &str| units.iter().find(|(unit, _)| unit_text(unit) == *name).map(|it| it.1.clone());
    for needed in &baseline.needed {
        let (Some(from), Some(to)) = (ends(&needed.from), ends(&needed.to)) else { continue };
        for (a, b) in from.iter().flat_map(|a| to.iter().map(move |b| (a, b))).filter(|(a, b)| a != b) {
            for protocol in Protocol::ALL {
                for (first, last) in needed.ports.of(protocol) {
                    for port in [(protocol, *first), (protocol, *last)] {
                        // Named ports are other numbers on other pods.
                        let index = world.net().outcome(cluster, a, b, Some(port));
                        assert_eq!(index, naive::outcome(cluster, &Settings::default(), a, b, port));
                        assert_ne!(index, Outcome::Deny, "{needed:?} {a:?} {b:?} {port:?}");
                    }
                }
            }
        }
    }
}

/// What is a gap keeps whatever of it is allowed: nothing of it is lost.
fn loses_nothing(before: &Cluster, after: &Cluster, baseline: &Baseline) {
    let units = inside(before, Granularity::Workload);
    let ends = |name: &str| units.iter().find(|(unit, _)| unit_text(unit) == *name).map(|it| it.1.clone());
    let outcome = |cluster: &Cluster, a: &End, b: &End, port| naive::outcome(cluster, &Settings::default(), a, b, port);
    for gap in &baseline.gaps {
        let (Some(from), Some(to)) = (ends(&gap.from), ends(&gap.to)) else { continue };
        for (a, b) in from.iter().flat_map(|a| to.iter().map(move |b| (a, b))).filter(|(a, b)| a != b) {
            for port in Protocol::ALL.into_iter().flat_map(|it| gap.ports.of(it).iter().map(move |port| (it, port.0))) {
                let was = outcome(before, a, b, port);
                assert!(
                    was != Outcome::Allow || outcome(after, a, b, port) == Outcome::Allow,
                    "{gap:?} {a:?} {b:?} {port:?}"
                );
            }
        }
    }
}

fn nothing_is_lost_or_opened(seed: u64) {
    let (cluster, declared) = random(seed);
    let wanted = wanted(&mut Dice::new(seed.rotate_left(17)));
    let before = world(cluster.clone());
    let baseline = before.baseline(&declared, &wanted, &Here::default()).expect("no end is asked for");
    assert!(before.differences().is_empty(), "{:?}", before.differences());
    let after = applied(&cluster, &baseline);
    holds(&after, &baseline);
    loses_nothing(&cluster, &after, &baseline);
    let (was, is) = (allowed(&cluster, &PORTS), allowed(&after, &PORTS));
    let opened: Vec<_> = is.difference(&was).collect();
    assert!(opened.is_empty(), "{opened:?}\n{wanted:?}\n{}\n{}", items(seed), baseline.page(true));
}

/// Worlds that once went wrong.
#[test]
fn what_once_went_wrong_holds() {
    [17_983_408_509_090_145_141].into_iter().for_each(nothing_is_lost_or_opened);
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn no_needed_flow_is_lost_and_nothing_is_opened(seed: u64) {
        nothing_is_lost_or_opened(seed);
    }

    #[test]
    fn a_second_baseline_has_nothing_to_write_and_pods_to_come_are_denied(seed: u64) {
        let (cluster, declared) = random(seed);
        let wanted = wanted(&mut Dice::new(seed.rotate_left(29)));
        let baseline = world(cluster.clone()).baseline(&declared, &wanted, &Here::default()).expect("it is asked");
        let after = world(applied(&cluster, &baseline));
        let again = after.baseline(&declared, &wanted, &Here::default()).expect("it is asked");
        prop_assert!(again.policies.is_empty(), "{:?}", again.policies);
        for namespace in &baseline.namespaces {
            let here = after.cluster.policies.of(namespace);
            let selects_all = |ingress: bool| here.iter().any(|it| {
                let direction = if ingress { kreach::model::policy::Direction::Ingress } else { kreach::model::policy::Direction::Egress };
                it.target.pods.is_everything() && it.isolates.has(direction)
            });
            prop_assert!(selects_all(true) && selects_all(false), "{namespace}");
        }
    }
}

/// What somebody lists is kept, and what it lists holds afterwards.
#[test]
fn what_is_kept_by_hand_holds_afterwards() {
    let text = r#"{"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"a"},"spec":{"template":{"metadata":{"labels":{"app":"web"}}}}},
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"db","namespace":"b"},"spec":{"template":{"metadata":{"labels":{"app":"db"}}}}},
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"db","namespace":"b"},"spec":{"selector":{"app":"db"},"ports":[{"port":5432,"targetPort":15432}]}}]}"#;
    let loaded = load_text("world.json", text, "a").expect("it reads");
    let declared = manifests(&loaded, "a");
    let here = Here { namespace: "a".into(), from_files: true, ..Here::default() };
    let mut keep = Expectations::default();
    let lines = "deploy/web reaches svc/b/db:5432\ndeploy/web must reach 10.1.2.0/24:443\ninternet reaches deploy/web:80\nns/b cannot reach ns/a\n";
    keep.add("keep.txt", lines, &here).expect("it reads");
    let wanted = BaselineScope { keep: keep.clone(), ..BaselineScope::default() };
    let before = world(loaded.cluster.clone());
    let baseline = before.baseline(&declared, &wanted, &here).expect("all ends are there");
    assert!(baseline.notes.iter().any(|it| it.contains("keep.txt:4")), "{:?}", baseline.notes);
    let after = world(applied(&loaded.cluster, &baseline));
    for it in &keep.0 {
        let judged = it.expectation.judge(&here, &after).expect("it is judged");
        assert_eq!(judged.verdict.as_str(), "held", "{} {:?}", it.expectation, judged.evidence);
    }
    assert!(after.baseline(&declared, &wanted, &here).expect("all ends are there").policies.is_empty());
    let mut absent = Expectations::default();
    absent.add("keep.txt", "deploy/wep reaches svc/b/db:5432\n", &here).expect("it reads");
    let fault = before
        .baseline(&declared, &BaselineScope { keep: absent, ..BaselineScope::default() }, &here)
        .expect_err("it is not there");
    assert_eq!(fault.place, "keep.txt:1", "{fault}");
}

/// What is kept by a name of a name, by an address of a Service, or by a pod's name is kept for whoever that is; a name
/// of itself is nobody's, and ends.
#[test]
fn what_is_kept_by_another_name_is_kept_for_whom_it_means() {
    let text = r#"{"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"a"},"spec":{"template":{"metadata":{"labels":{"app":"web"}}}}},
        {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db","namespace":"b"},"spec":{"serviceName":"ring","template":{"metadata":{"labels":{"app":"db"}}}}},
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"db","namespace":"b"},"spec":{"clusterIP":"10.96.0.40","selector":{"app":"db"},"ports":[{"port":5432,"targetPort":15432}]}},
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"ring","namespace":"b"},"spec":{"clusterIP":"None","selector":{"app":"db"},"ports":[{"port":15432}]}},
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"other","namespace":"a"},"spec":{"type":"ExternalName","externalName":"db.b.svc.cluster.local"}},
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"first","namespace":"a"},"spec":{"type":"ExternalName","externalName":"db-0.ring.b.svc"}},
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"itself","namespace":"a"},"spec":{"type":"ExternalName","externalName":"itself.a.svc.cluster.local"}}]}"#;
    let loaded = load_text("world.json", text, "a").expect("it reads");
    let declared = manifests(&loaded, "a");
    let here = Here { namespace: "a".into(), from_files: true, ..Here::default() };
    let before = world(loaded.cluster.clone());
    for (goal, is_kept) in [
        ("svc/other:5432", true),
        ("svc/other:5433", false),
        ("svc/first:15432", true),
        ("10.96.0.40:5432", true),
        ("svc/itself:5432", false),
    ] {
        let mut keep = Expectations::default();
        keep.add("keep.txt", &format!("deploy/web reaches {goal}\n"), &here).expect("it reads");
        let wanted = BaselineScope { keep, ..BaselineScope::default() };
        let baseline = before.baseline(&declared, &wanted, &here).expect("all ends are there");
        let kept =
            baseline.needed.iter().any(|it| it.to == "statefulset/b/db" && it.ports.contains(Protocol::Tcp, 15432));
        assert_eq!(kept, is_kept, "{goal}: {:?}", baseline.needed);
    }
}

/// What is not known as one workload's pods gets a policy whose name a server takes, whatever its labels hold.
#[test]
fn policies_are_called_as_objects_can_be() {
    let long = "w".repeat(250);
    let text = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "a"},
         "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"env": [{"name": "TO", "value": "db:5432"}]}]}}}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "db", "namespace": "a"}, "spec": {"template": {"metadata": {"labels": {"app": "db"}}}}},
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "a"}, "spec": {"template": {"metadata": {"labels": {"app": "db", "ring": "1"}}}}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": long, "namespace": "a"},
         "spec": {"template": {"metadata": {"labels": {"app": "long"}}, "spec": {"containers": [{"env": [{"name": "TO", "value": "db:5432"}]}]}}}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "a"}, "spec": {"selector": {"app": "db"}, "ports": [{"port": 5432}]}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "names"}}]});
    let loaded = load_text("world.json", &text.to_string(), "a").expect("it reads");
    let declared = manifests(&loaded, "a");
    let dns = "names/a.io/b=c,d.io/e=f".parse().expect("servers");
    let wanted = BaselineScope { namespaces: vec!["a".into(), "names".into()], dns, ..BaselineScope::default() };
    let baseline = world(loaded.cluster).baseline(&declared, &wanted, &Here::default()).expect("no end is asked for");
    let names: Vec<&str> = baseline.policies.iter().map(|it| it.name.as_str()).collect();
    let is_name = |it: &&str| it.len() <= 253 && it.bytes().all(|it| it.is_ascii_lowercase() || b"-.".contains(&it));
    assert!(names.iter().all(is_name), "{names:?}");
    for name in ["allow-cluster-dns", "allow-web", "allow-db-deployment", "allow-db-statefulset"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
}
