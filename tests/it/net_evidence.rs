//! What an answer says beside its outcome: near misses, notes, the DNS prerequisite, who holds an address.

use std::path::Path;

use kreach::ask::Asker;
use kreach::ask::end::{self, PortAsk};
use kreach::ask::needs::ReadNeed;
use kreach::model::cluster::{Cluster, Delta, ReadObject};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::facts::Meta;
use kreach::model::finding::TWO_ELEMENTS;
use kreach::model::id::{Kind, PodId};
use kreach::model::labels::{Labels, NamespaceMatch, Operator, Selector, SelectorSet};
use kreach::model::place::Place;
use kreach::model::policy::{Action, Direction, Directions, Peer, PeerMatch, Policy, Rule, Tier};
use kreach::model::port::{PortMatch, Protocol};
use kreach::net::misses::{Hint, Mismatch, Miss};
use kreach::net::notes::Note;
use kreach::net::verdict::{End, Verdict};
use kreach::net::{Index, dns, naive, split_cidr};

use crate::cases;

fn cluster(text: &str) -> Cluster {
    let text = format!("{text}\n# expect: a/b -> a/b allow\n");
    let case = cases::parse(Path::new("here.yaml"), &text).expect("the text is a case");
    let mut cluster = Cluster::default();
    for delta in case.steps[0].deltas(&cluster.clone()).0 {
        cluster.apply(delta);
    }
    cluster
}

/// These pods, and one policy of this name and spec in the namespace shop.
fn shop_with(pods: &str, name: &str, spec: &str) -> Cluster {
    cluster(&format!(
        "\n# pods: {pods}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
         metadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"
    ))
}

fn pod(text: &str) -> End {
    let (namespace, name) = text.split_once('/').expect("namespace/name");
    End::Pod(PodId::new(namespace, name))
}

fn verdict(cluster: &Cluster, from: &str, to: &str, port: u16) -> Verdict {
    Index::build(cluster).trace(cluster, &pod(from), &pod(to), Some((Protocol::Tcp, port)))
}

fn misses(cluster: &Cluster, verdict: &Verdict) -> Vec<Miss> {
    verdict.families[0].ingress.misses(cluster, verdict)
}

const SHOP: &str = r#"
# pods: shop/web{app=web} shop/api{app=api} shop/db{app=db} team/x{app=web}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: api}}}]
    ports: [{port: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  selector: {app: db}
  ports: [{port: 5432, targetPort: 15432}]
"#;

/// The peer's label differs, or its namespace, or the port: each is what the nearest miss says.
#[test]
fn the_nearest_miss_names_what_would_have_fit() {
    let cluster = cluster(SHOP);
    let by_label = misses(&cluster, &verdict(&cluster, "shop/web", "shop/db", 5432));
    let Some(Mismatch::PodLabel { requirement, found }) = by_label.first().and_then(|it| it.lacks.first()) else {
        panic!("{by_label:?}")
    };
    assert_eq!(
        (requirement.operator.clone(), found.as_deref()),
        (Operator::In(vec!["api".into()].into()), Some("web"))
    );
    assert!(by_label[0].is_near());
    assert_eq!(by_label[0].place.to_string(), "spec.ingress[0].from[0]");
    let by_namespace = misses(&cluster, &verdict(&cluster, "team/x", "shop/db", 5432));
    assert!(matches!(&by_namespace[0].lacks[0], Mismatch::OtherNamespace { wanted, .. } if *wanted == "shop"));
}

/// S23: the rule opens the Service's port, the pod listens behind it.
#[test]
fn a_rule_for_the_port_of_the_service_is_suspected() {
    let cluster = cluster(SHOP);
    let by_port = misses(&cluster, &verdict(&cluster, "shop/api", "shop/db", 15432));
    assert!(matches!(by_port[0].lacks[..], [Mismatch::OtherPort { .. }]), "{by_port:?}");
    assert!(matches!(by_port[0].hint, Some(Hint::TargetPort { port: 5432, target: 15432, .. })), "{by_port:?}");
    let sctp = Index::build(&cluster).trace(&cluster, &pod("shop/api"), &pod("shop/db"), Some((Protocol::Sctp, 5432)));
    let by_protocol = misses(&cluster, &sctp);
    assert!(matches!(by_protocol[0].lacks[..], [Mismatch::OtherProtocol { .. }]));
    assert_eq!(sctp.notes(), [Note::Sctp, Note::StandingConnections]);
}

/// S15: both selectors in one element where one of them fits; and a lone selector after one of namespaces.
#[test]
fn and_for_or_is_suspected() {
    let text = r#"
# pods: shop/db{app=db} team/x{app=web} shop/web{app=web}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: and, namespace: shop}
spec:
  podSelector: {}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {env: prod}}, podSelector: {matchLabels: {app: other}}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: or, namespace: shop}
spec:
  podSelector: {}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {env: other}}}, {podSelector: {matchLabels: {app: other}}}]
"#;
    let mut cluster = cluster(text);
    let namespace = kreach::model::facts::Namespace {
        meta: kreach::model::facts::Meta { name: "team".into(), ..Default::default() },
        labels: kreach::model::labels::Labels::new([("env".into(), "prod".into())]),
        implied: false,
    };
    cluster.apply(kreach::model::cluster::Delta::Put(kreach::model::cluster::ReadObject::new(namespace)));
    let verdict = verdict(&cluster, "team/x", "shop/db", 80);
    let all = misses(&cluster, &verdict);
    assert!(all.iter().any(|it| it.hint == Some(Hint::MeantOr) && it.policy.name == *"and"), "{all:?}");
    let index = Index::build(&cluster);
    let or = cluster.policies.get("shop", "or").expect("it is held");
    assert!(index.findings(or).iter().any(|it| *it.sort == TWO_ELEMENTS));
}

/// The Admin tier ends at a rule that passes on, and the Baseline tier is not asked about who is isolated.
#[test]
fn who_decides_stands_where_the_way_through_the_tiers_ends() {
    let tiered = |name: &str, tier, action| {
        let everywhere = NamespaceMatch::Labels(Selector::everything());
        let anyone = Peer { matches: PeerMatch::Anyone, place: Place::default() };
        let rule = Rule {
            direction: Direction::Ingress,
            action,
            peers: [anyone].into(),
            ports: [PortMatch::Any].into(),
            place: Place::default(),
        };
        Delta::Put(ReadObject::new(Policy {
            meta: Meta { name: name.into(), ..Meta::default() },
            labels: Labels::default(),
            kind: Kind("tiered"),
            tier,
            target: SelectorSet { namespaces: everywhere, pods: Selector::everything() },
            isolates: Directions::NONE,
            rules: [rule].into(),
            inert: 0,
            unread: 0,
            gaps: Default::default(),
        }))
    };
    let gate = |cluster: &Cluster| {
        let gate = verdict(cluster, "shop/web", "shop/db", 80).families[0].ingress.clone();
        (gate.outcome(None), gate.decided_by().map(|it| it.policy.meta.name.to_string()))
    };
    let mut isolated = shop_with("shop/web shop/db", "shut", "{podSelector: {}}");
    isolated.apply(tiered("last", Tier::Baseline { priority: 0 }, Action::Allow));
    assert_eq!(gate(&isolated), (Outcome::Deny, Some("shut".to_owned())));
    let mut open = cluster("# pods: shop/web shop/db");
    open.apply(tiered("second", Tier::Admin { priority: 10 }, Action::Deny));
    assert_eq!(gate(&open), (Outcome::Deny, Some("second".to_owned())));
    open.apply(tiered("first", Tier::Admin { priority: 5 }, Action::Pass));
    assert_eq!(gate(&open), (Outcome::Allow, None));
    let said = kreach::text::net::verdict(&verdict(&open, "shop/web", "shop/db", 80), &[]);
    assert!(said.iter().any(|it| it.what == "ingress: no policy stops 80/TCP"), "{said:?}");
}

/// S51: default-deny egress without a way to port 53 leaves a pod without names.
#[test]
fn shut_egress_ends_name_resolution() {
    let shut = |egress: &str| {
        let spec = format!("{{podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress]{egress}}}");
        shop_with("shop/web{app=web} shop/free{app=free} kube-system/dns{k8s-app=kube-dns}", "shut", &spec)
    };
    let outcome = |cluster: &Cluster, end: &str| dns(&Index::build(cluster), cluster, &pod(end)).outcome();
    assert_eq!((outcome(&shut(""), "shop/web"), outcome(&shut(""), "shop/free")), (Outcome::Deny, Outcome::Allow));
    let udp = shut(", egress: [{ports: [{port: 53, protocol: UDP}]}]");
    assert_eq!(outcome(&udp, "shop/web"), Outcome::Unknown, "TCP is shut");
    let none = cluster("# pods: shop/web{app=web}");
    assert_eq!(outcome(&none, "shop/web"), Outcome::Unknown);
}

/// CONTRACT §2: an external CIDR is split at the borders of blocks; parts that all treat alike are one.
#[test]
fn a_cidr_is_split_at_the_borders_of_blocks() {
    let out = "{to: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.64/26]}}]}";
    let spec = format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{out}]}}");
    let cluster = shop_with("shop/db{app=db}", "out", &spec);
    let parts = split_cidr(&cluster, "192.0.2.0/23".parse().expect("a literal block"), &[], |_, _| true);
    let sizes: Vec<usize> = parts.iter().map(|(ranges, _)| ranges.len()).collect();
    assert_eq!(sizes, [2, 2], "inside around the hole; the hole and what is above");
    assert_eq!(split_cidr(&cluster, "203.0.113.0/24".parse().expect("a literal block"), &[], |_, _| true).len(), 1);
    let none = split_cidr(&cluster, "192.0.2.0/23".parse().expect("a literal block"), &[], |_, it| {
        it.direction == Direction::Ingress
    });
    assert_eq!(none.len(), 1, "rules of the other direction tell nothing apart");
}

/// CONTRACT §2: `::ffff:a.b.c.d` is `a.b.c.d`, to both evaluators.
#[test]
fn an_address_written_as_one_of_the_other_family_is_itself() {
    let spec = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}";
    let cluster = shop_with("shop/db{app=db}", "in", spec);
    let (from, to) = (End::Address("::ffff:192.0.2.1".parse().expect("a literal address")), pod("shop/db"));
    let port = (Protocol::Tcp, 80);
    assert_eq!(Index::build(&cluster).outcome(&cluster, &from, &to, Some(port)), Outcome::Allow);
    assert_eq!(naive::outcome(&cluster, &Default::default(), &from, &to, port), Outcome::Allow);
}

/// S5, S9: what a policy's author may not have meant.
#[test]
fn problems_of_a_policy_are_found() {
    let egress = "[{}, {to: [{podSelector: {matchLabels: {app: nobody}}}]}]";
    let target = "podSelector: {matchLabels: {app: nothing}}, policyTypes: [Egress]";
    let cluster = shop_with("shop/db{app=db}", "odd", &format!("{{{target}, ingress: [{{}}], egress: {egress}}}"));
    let policy = cluster.policies.get("shop", "odd").expect("it is held");
    let found: Vec<String> =
        Index::build(&cluster).findings(policy).iter().map(|it| format!("{} {}", it.sort.id, it.place)).collect();
    let wanted =
        ["inert-rules spec", "selects-nothing spec.podSelector", "allows-all spec.egress[0]", "no-peer spec.egress[1]"];
    assert_eq!(found, wanted);
}

/// CONTRACT §2: which family comes first at a pod without an address is told by all others, which a one-shot trace reads
/// only where blocks make it matter.
#[test]
fn other_pods_are_read_where_the_first_family_matters() {
    let open = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [PEER]}]}";
    let beside = |peer: &str, pods: &str| {
        let mut cluster = shop_with(pods, "open", &open.replace("PEER", peer));
        let scope = Scope::Namespace("elsewhere".into());
        cluster.apply(Delta::Covered { kind: Kind::POD, scope, coverage: Coverage::Unread });
        let index = Index::build(&cluster);
        let asker = Asker::new(&cluster, &index).without_prerequisites();
        let ask = |text: &str| end::end(text, &"shop".into()).expect("an end");
        let trace = asker.trace(&ask("shop/web"), &ask("shop/new"), &PortAsk::NONE).expect("pods that are there");
        (trace.outcome(), asker.beside(&trace).0.contains(&ReadNeed::All { kind: Kind::POD, scope: Scope::Everywhere }))
    };
    let pods = "shop/web(10.0.0.1 fd00::1)  shop/new(Pending no-address)";
    assert_eq!(beside("{ipBlock: {cidr: 0.0.0.0/0}}", pods), (Outcome::Unknown, true));
    assert_eq!(beside("{podSelector: {}}", pods), (Outcome::Allow, false));
    // The source has one family alone: it decides, whatever the destination's first will be.
    let pods = "shop/web(10.0.0.1)  shop/new(Pending no-address)";
    assert_eq!(beside("{ipBlock: {cidr: 0.0.0.0/0}}", pods), (Outcome::Allow, false));
}
