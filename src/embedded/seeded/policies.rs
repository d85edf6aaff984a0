//! The policies of a seeded world: what a platform team gives each namespace, and what the teams add.
//!
//! A tenth of the namespaces has none; half of the others isolate egress too. Besides the defaults there are rules from
//! tier to tier with named ports and ranges, from the ingress controller and monitoring, of teams across namespaces,
//! from workload to workload, to the world, and a few blocks that cut through the range of the pods.

use serde_json::{Value, json};

use super::facts::{SeededWorld, TIERS};
use super::rng::Rng;
use super::shapes::Style;

/// A policy: where it is, its name and its spec as JSON.
#[derive(Clone, Debug)]
pub struct PolicyFact {
    pub namespace: u32,
    pub name: Box<str>,
    pub spec: Box<str>,
}

/// All policies of a world, by namespace and name.
pub fn all(facts: &SeededWorld, rng: &mut Rng) -> Vec<PolicyFact> {
    let mut all = Vec::new();
    for namespace in 0..facts.namespaces.len() as u32 {
        let mut here = match facts.shape.style {
            Style::Burner => burner(facts, rng),
            _ => teams(facts, namespace, rng),
        };
        if facts.shape.style == Style::Unique && namespace == 0 {
            let unique = json!({"matchExpressions": [{"key": "unique", "operator": "Exists"}]});
            here.push((
                "exists".to_owned(),
                json!({"podSelector": unique, "ingress": [{}], "policyTypes": ["Ingress"]}),
            ));
        }
        here.sort_by(|a, b| a.0.cmp(&b.0));
        all.extend(here.into_iter().map(|(name, spec)| PolicyFact {
            namespace,
            name: name.into(),
            spec: spec.to_string().into(),
        }));
    }
    all
}

type NamedSpec = (String, Value);

fn labels(key: &str, value: &str) -> Value {
    json!({"matchLabels": {key: value}})
}

fn named_namespace(name: &str) -> Value {
    labels("kubernetes.io/metadata.name", name)
}

fn port(number: u16) -> Value {
    json!({"port": number, "protocol": "TCP"})
}

fn named(name: &str) -> Value {
    json!({"port": name, "protocol": "TCP"})
}

/// A spec with the directions that it isolates.
fn spec(selector: Value, ingress: Option<Value>, egress: Option<Value>) -> Value {
    let mut spec = json!({"podSelector": selector});
    let mut types = Vec::new();
    if let Some(rules) = ingress {
        types.push("Ingress");
        spec["ingress"] = rules;
    }
    if let Some(rules) = egress {
        types.push("Egress");
        spec["egress"] = rules;
    }
    spec["policyTypes"] = json!(types);
    spec
}

fn teams(facts: &SeededWorld, namespace: u32, rng: &mut Rng) -> Vec<NamedSpec> {
    if rng.happens(10) {
        return Vec::new();
    }
    let egress = rng.happens(50);
    let mut all = defaults(egress);
    inside(&mut all, egress, rng);
    let ingress_controller = json!({"namespaceSelector": named_namespace("ingress-nginx"), "podSelector": labels("app.kubernetes.io/component", "controller")});
    all.push((
        "from-ingress".into(),
        spec(labels("tier", "frontend"), Some(json!([{"from": [ingress_controller], "ports": [named("http")]}])), None),
    ));
    let monitoring =
        json!([{"from": [{"namespaceSelector": named_namespace("monitoring")}], "ports": [named("metrics")]}]);
    all.push(("from-monitoring".into(), spec(json!({}), Some(monitoring), None)));
    across(&mut all, facts, namespace, egress, rng);
    from_workloads(&mut all, facts, namespace, rng);
    all
}

fn defaults(egress: bool) -> Vec<NamedSpec> {
    let mut all = vec![("default-deny".to_owned(), spec(json!({}), Some(json!([])), egress.then(|| json!([]))))];
    if egress {
        let dns =
            json!({"namespaceSelector": named_namespace("kube-system"), "podSelector": labels("k8s-app", "kube-dns")});
        let rule = json!({"to": [dns], "ports": [{"port": 53, "protocol": "UDP"}, port(53)]});
        all.push(("allow-dns".to_owned(), spec(json!({}), None, Some(json!([rule])))));
    }
    all
}

/// Inside the namespace: everyone with everyone, or from tier to tier.
fn inside(all: &mut Vec<NamedSpec>, egress: bool, rng: &mut Rng) {
    if rng.happens(60) {
        let out = egress.then(|| json!([{"to": [{"podSelector": {}}]}]));
        all.push(("same-ns".into(), spec(json!({}), Some(json!([{"from": [{"podSelector": {}}]}])), out)));
        return;
    }
    let from_front = json!([{"from": [{"podSelector": labels("tier", "frontend")}], "ports": [port(8080)]}]);
    all.push(("be-from-fe".into(), spec(labels("tier", "backend"), Some(from_front), None)));
    let inner = json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": [TIERS[1], TIERS[2]]}]});
    let ports = json!([named("http"), {"port": 9000, "endPort": 9010, "protocol": "TCP"}]);
    all.push((
        "data-from-be".into(),
        spec(labels("tier", "data"), Some(json!([{"from": [{"podSelector": inner}], "ports": ports}])), None),
    ));
}

/// Across namespaces and out of the cluster.
fn across(all: &mut Vec<NamedSpec>, facts: &SeededWorld, namespace: u32, egress: bool, rng: &mut Rng) {
    let team = labels("team", &format!("team-{}", facts.namespaces[namespace as usize].number % 60));
    if rng.happens(40) {
        let out = egress.then(|| json!([{"to": [{"namespaceSelector": team, "podSelector": {}}]}]));
        let rule = json!([{"from": [{"namespaceSelector": team}], "ports": [port(8080), port(9000)]}]);
        all.push(("team".into(), spec(labels("tier", "backend"), Some(rule), out)));
    }
    if egress && rng.happens(50) {
        let world =
            json!([{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}], "ports": [port(443)]}]);
        all.push(("egress-world".into(), spec(json!({}), None, Some(world))));
    }
    if rng.happens(3) {
        let block = format!("10.{}.0.0/17", 128 + rng.below(2));
        let rule = json!([{"from": [{"ipBlock": {"cidr": block}}], "ports": [port(5432)]}]);
        all.push(("partial-cidr".into(), spec(labels("tier", "data"), Some(rule), None)));
    }
}

/// From a workload of another namespace to one of this.
fn from_workloads(all: &mut Vec<NamedSpec>, facts: &SeededWorld, namespace: u32, rng: &mut Rng) {
    for number in 0..rng.below(3) {
        let other = rng.below(facts.namespaces.len()) as u32;
        let (Some(target), Some(peer)) = (some_app(facts, namespace, rng), some_app(facts, other, rng)) else {
            continue;
        };
        let peer = json!({"namespaceSelector": named_namespace(&facts.namespaces[other as usize].name), "podSelector": labels("app", &peer)});
        let rule = json!([{"from": [peer], "ports": [port(8080)]}]);
        all.push((format!("app-{number}"), spec(labels("app", &target), Some(rule), None)));
    }
}

fn some_app(facts: &SeededWorld, namespace: u32, rng: &mut Rng) -> Option<String> {
    let range = facts.first_pod[namespace as usize]..facts.first_pod[namespace as usize + 1];
    let at = range.start as usize + rng.below(range.len().max(1));
    (!range.is_empty()).then(|| facts.app(facts.pods[at].workload))
}

/// Twenty policies with five ports, ranges, namespaces, pods and blocks each.
fn burner(facts: &SeededWorld, rng: &mut Rng) -> Vec<NamedSpec> {
    (0..20)
        .map(|number| {
            (
                format!("np-{number:02}"),
                spec(some_numbers(rng), Some(fat_rules(facts, "from", rng)), Some(fat_rules(facts, "to", rng))),
            )
        })
        .collect()
}

fn some_numbers(rng: &mut Rng) -> Value {
    let values: Vec<String> = (0..5).map(|_| (1 + rng.below(10)).to_string()).collect();
    json!({"matchExpressions": [{"key": "num", "operator": "In", "values": values}]})
}

fn fat_rules(facts: &SeededWorld, side: &str, rng: &mut Rng) -> Value {
    let names: Vec<&str> = (0..5).map(|_| &*facts.namespaces[rng.below(facts.namespaces.len())].name).collect();
    let namespaces =
        json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": names}]});
    let ports: Vec<Value> = (0..5).map(|_| port(1001 + rng.below(100) as u16)).collect();
    let ranges: Vec<Value> = (0..5)
        .map(|_| {
            let first = 2000 + rng.below(20_000);
            json!({"port": first, "endPort": first + 1 + rng.below(500), "protocol": "TCP"})
        })
        .collect();
    let blocks: Vec<Value> = (0..5)
        .map(|_| json!({"ipBlock": {"cidr": format!("10.{}.{}.0/24", rng.below(256), rng.below(256))}}))
        .collect();
    json!([{side: [{"namespaceSelector": namespaces, "podSelector": some_numbers(rng)}], "ports": ports}, {side: blocks, "ports": ranges}])
}
