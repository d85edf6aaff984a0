//! Published applications, as their manifests have them: no needed flow is lost, nothing is opened, a second baseline has
//! nothing to write, default deny holds for pods to come; and no pair is more open than under their publishers' policies.

use std::collections::BTreeSet;
use std::path::Path;

use kreach::ask::Here;
use kreach::ask::baseline::BaselineScope;
use kreach::kinds::{self, Intern};
use kreach::live::files::{Loaded, load_text, manifests};
use kreach::model::cluster::Cluster;
use kreach::model::id::Kind;
use kreach::model::port::Protocol;
use serde_json::{Value, json};

use crate::baseline_laws::{allowed, applied, holds, world};

/// Each is a case of tests/reports/baseline; how many flows its manifests declare.
const SHOPS: [(&str, usize); 10] = [
    ("aks-store", 11),
    ("bookinfo", 1),
    ("guestbook", 1),
    ("online-boutique", 22),
    ("podinfo", 18),
    ("retail-store", 27),
    ("robot-shop", 1),
    ("sock-shop", 4),
    ("voting-app", 2),
    ("wordpress", 6),
];

fn load(shop: &str) -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/reports/baseline/{shop}.yaml"));
    let text = std::fs::read_to_string(path).expect("a case");
    load_text("shop.yaml", &text, "default").expect("it reads")
}

/// All ports that its containers and Services have, and one that none has.
fn ports(cluster: &Cluster) -> Vec<(Protocol, u16)> {
    let of_pods = cluster.pods.iter().flat_map(|it| it.ports().iter().map(|it| (it.protocol, it.number)));
    let of_services = cluster.services.iter().flat_map(|it| it.ports.iter().map(|it| (it.protocol, it.number)));
    let all: BTreeSet<_> = of_pods.chain(of_services).chain([(Protocol::Tcp, 7), (Protocol::Udp, 53)]).collect();
    all.into_iter().collect()
}

#[test]
fn published_applications_keep_what_they_declare_and_nothing_else() {
    for (shop, flows) in SHOPS {
        let loaded = load(shop);
        let declared = manifests(&loaded, "default");
        let before = world(loaded.cluster.clone());
        let baseline =
            before.baseline(&declared, &BaselineScope::default(), &Here::default()).expect("nothing is asked for");
        assert!(before.differences().is_empty(), "{shop}: {:?}", before.differences());
        assert_eq!((baseline.needed.len(), baseline.missing.len()), (flows, 0), "{shop}: {:#?}", baseline.needed);
        let after = applied(&loaded.cluster, &baseline);
        holds(&after, &baseline);
        let ports = ports(&loaded.cluster);
        let (was, is) = (allowed(&loaded.cluster, &ports), allowed(&after, &ports));
        assert!(is.is_subset(&was), "{shop}: {:?}", is.difference(&was).next());
        let after = world(after);
        let again =
            after.baseline(&declared, &BaselineScope::default(), &Here::default()).expect("nothing is asked for");
        assert!(again.policies.is_empty() && again.gaps.is_empty(), "{shop}: {}", again.page(true));
        for namespace in &baseline.namespaces {
            assert_eq!(after.default_deny(namespace).as_str(), "in+out", "{shop}: {namespace}");
        }
    }
}

/// The policies that its publisher has for Online Boutique: whom each lets in, on which port; out goes everything.
///
/// github.com/GoogleCloudPlatform/microservices-demo at 34ffea91, kustomize/components/network-policies/, Apache-2.0.
const BOUTIQUE: [(&str, &[&str], u16); 10] = [
    ("adservice", &["frontend"], 9555),
    ("cartservice", &["frontend", "checkoutservice"], 7070),
    ("checkoutservice", &["frontend"], 5050),
    ("currencyservice", &["frontend", "checkoutservice"], 7000),
    ("emailservice", &["checkoutservice"], 8080),
    ("paymentservice", &["checkoutservice"], 50051),
    ("productcatalogservice", &["frontend", "checkoutservice", "recommendationservice"], 3550),
    ("recommendationservice", &["frontend"], 8080),
    ("redis-cart", &["cartservice"], 6379),
    ("shippingservice", &["frontend", "checkoutservice"], 50051),
];

fn policy(name: &str, spec: &Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "default"}, "spec": spec})
}

fn of_publisher() -> Vec<Value> {
    let app = |it: &str| json!({"matchLabels": {"app": it}});
    let mut all = vec![
        policy("deny-all", &json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})),
        policy(
            "frontend",
            &json!({"podSelector": app("frontend"), "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}),
        ),
        policy(
            "loadgenerator",
            &json!({"podSelector": app("loadgenerator"), "policyTypes": ["Egress"], "egress": [{}]}),
        ),
    ];
    for (name, sources, port) in BOUTIQUE {
        let from: Vec<Value> = sources.iter().map(|it| json!({"podSelector": app(it)})).collect();
        let ingress = json!([{"from": from, "ports": [{"port": port, "protocol": "TCP"}]}]);
        let types = json!(["Ingress", "Egress"]);
        let spec = json!({"podSelector": app(name), "policyTypes": types, "ingress": ingress, "egress": [{}]});
        all.push(policy(name, &spec));
    }
    all
}

#[test]
fn no_pair_is_more_open_than_under_the_policies_of_the_publisher() {
    let loaded = load("online-boutique");
    let declared = manifests(&loaded, "default");
    let baseline = world(loaded.cluster.clone())
        .baseline(&declared, &BaselineScope::default(), &Here::default())
        .expect("it is asked");
    let spec = kinds::spec(Kind::NETWORK_POLICY).expect("a kind that is read");
    let mut theirs = loaded.cluster.clone();
    for it in of_publisher() {
        theirs.apply(spec.read_json(&it.to_string(), "default", &mut Intern::new()).delta().expect("a policy"));
    }
    let ours = applied(&loaded.cluster, &baseline);
    let ports = ports(&loaded.cluster);
    let (theirs, ours) = (allowed(&theirs, &ports), allowed(&ours, &ports));
    assert!(ours.is_subset(&theirs), "{:?}", ours.difference(&theirs).collect::<Vec<_>>());
    assert!(ours.len() < theirs.len());
}
