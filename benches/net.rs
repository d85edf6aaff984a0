//! What network answers cost at scale: `cargo bench --bench net [S|M|L|ADV|XL]` (default L).
//!
//! A seeded world of model facts in the shape of performance.md §3: namespaces of teams, workloads of 1–9 pods,
//! default-deny, DNS, same-namespace, tier to tier with names and ranges, ingress, monitoring, team selectors,
//! outside and cutting blocks. Each figure is a distribution, since it is the slow ones that a user sees. The naive
//! evaluator checks a sample of the same answers.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kreach::change::{self, Side, Sides};
use kreach::kinds::Intern;
use kreach::model::address::{Addresses, Block};
use kreach::model::cluster::{AnyFact, Cluster, Delta, FactChange, ReadObject};
use kreach::model::facts::{ContainerPort, ContainerRole, Meta, Namespace, Owner, Pod, PodBuilder, SharedPod};
use kreach::model::id::{Kind, PodId};
use kreach::model::items::Items;
use kreach::model::labels::{Labels, NamespaceMatch, Operator, Requirement, Selector, SelectorSet};
use kreach::model::name::Name;
use kreach::model::place::Place;
use kreach::model::policy::{Action, Direction, Directions, Peer, PeerMatch, Policy, Rule, Tier};
use kreach::model::port::{PortMatch, Protocol};
use kreach::net::reach::Granularity;
use kreach::net::verdict::End;
use kreach::net::{Index, Settings, naive};
use kreach::rbac::{self, Served};

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.roll(100) < chance
    }
}

struct Shape {
    namespaces: usize,
    pods: usize,
    unique: bool,
}

fn shape(name: &str) -> Shape {
    let (namespaces, pods, unique) = match name {
        "S" => (20, 1_000, false),
        "M" => (200, 10_000, false),
        "ADV" => (2_000, 150_000, true),
        "XL" => (10_000, 1_000_000, false),
        _ => (2_000, 150_000, false),
    };
    Shape { namespaces, pods, unique }
}

const TIERS: [&str; 3] = ["frontend", "backend", "data"];
const APPS: [&str; 6] = ["api", "web", "worker", "cache", "db", "gateway"];

fn put(cluster: &mut Cluster, fact: AnyFact) -> Vec<FactChange> {
    cluster.apply(Delta::Put(ReadObject::new(fact)))
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::new(pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())))
}

fn equals(pairs: &[(&str, &str)]) -> Selector {
    let requirement = |(key, value): &(&str, &str)| Requirement {
        key: (*key).into(),
        operator: Operator::In(vec![(*value).into()].into()),
    };
    Selector::new(pairs.iter().map(requirement))
}

fn namespace_name(at: usize) -> String {
    match at {
        0 => "kube-system".into(),
        1 => "ingress-nginx".into(),
        2 => "monitoring".into(),
        at => format!("team-{}-ns{at}", at % 60),
    }
}

fn world(shape: &Shape, dice: &mut Dice) -> Cluster {
    let mut cluster = Cluster::default();
    for at in 0..shape.namespaces {
        let (name, team) = (namespace_name(at), format!("team-{}", at % 60));
        let env = ["prod", "staging", "dev"][at % 3];
        let labels = labels(&[("kubernetes.io/metadata.name", &name), ("team", &team), ("env", env)]);
        let meta = Meta { name: name.into(), ..Meta::default() };
        put(&mut cluster, AnyFact::Namespace(Arc::new(Namespace { meta, labels, implied: false })));
    }
    let mut apps: Vec<Vec<String>> = vec![Vec::new(); shape.namespaces];
    fill_pods(&mut cluster, shape, dice, &mut apps);
    for at in 0..shape.namespaces {
        if !dice.percent(10) {
            fill_policies(&mut cluster, at, dice, &apps);
        }
    }
    if shape.unique {
        let every = Selector::new([Requirement { key: "unique".into(), operator: Operator::Exists }]);
        policy(&mut cluster, 0, "unique", every, Some(vec![rule(Direction::Ingress, vec![], vec![])]), None);
    }
    cluster
}

fn fill_pods(cluster: &mut Cluster, shape: &Shape, dice: &mut Dice, apps: &mut [Vec<String>]) {
    // Equal strings, label sets and port lists are one, as reading makes them.
    let mut intern = Intern::new();
    let (mut made, mut turn) = (0, 0);
    while made < shape.pods {
        let at = turn % shape.namespaces;
        turn += 1;
        let (namespace, team) = (intern.name(&namespace_name(at)), format!("team-{}", at % 60));
        for workload in 0..if at < 3 { 40 } else { 4 + dice.roll(18) } {
            let app = if at == 0 && workload == 0 {
                "kube-dns".to_owned()
            } else {
                format!("{}-{:x}", APPS[dice.roll(6)], dice.roll(0xf_ffff))
            };
            let (tier, hash) = (TIERS[dice.roll(3)], format!("{:x}", dice.roll(0xfff_ffff)));
            let ports = intern.ports(ports(dice));
            for replica in 0..=dice.roll(9) {
                if made == shape.pods {
                    return;
                }
                let unique = format!("u{made}");
                let mut all: Vec<(&str, &str)> = vec![
                    ("app", &app),
                    ("app.kubernetes.io/name", &app),
                    ("team", &team),
                    ("tier", tier),
                    ("pod-template-hash", &hash),
                    ("environment", "production"),
                ];
                match at {
                    0 if workload == 0 => all.push(("k8s-app", "kube-dns")),
                    1 => all.push(("app.kubernetes.io/component", "controller")),
                    _ => {}
                }
                if shape.unique {
                    all.push(("unique", &unique));
                }
                let address = Ipv4Addr::from(0x0a80_0000 + made as u32);
                let name = format!("{app}-{hash}-{turn}-{replica}");
                let labels = all.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
                let addresses = Addresses::new([IpAddr::V4(address)]);
                let node = intern.name(&format!("node-{}", made % 1500));
                let owner = Some(Owner::new("ReplicaSet", intern.name(&format!("{app}-{hash}"))));
                let ports = ports.clone();
                let pod =
                    PodBuilder { labels, owner, addresses, node, ports, ..PodBuilder::new(namespace.clone(), name) };
                put(cluster, pod.build_sharing(&mut intern).into());
                made += 1;
            }
            apps[at].push(app);
        }
    }
}

fn ports(dice: &mut Dice) -> Vec<ContainerPort> {
    let port = |name: &str, number| ContainerPort {
        name: name.into(),
        protocol: Protocol::Tcp,
        number,
        container: ContainerRole::Regular,
    };
    let mut ports = vec![port("http", 8080)];
    if dice.percent(70) {
        ports.push(port("metrics", if dice.percent(80) { 9090 } else { 9102 }));
    }
    if dice.percent(15) {
        ports.push(port("grpc", 9000));
    }
    ports
}

fn tcp(first: u16, last: u16) -> PortMatch {
    PortMatch::Range { protocol: Protocol::Tcp, first, last }
}

fn named(name: &str) -> PortMatch {
    PortMatch::Named { protocol: Protocol::Tcp, name: name.into() }
}

fn pods(namespaces: NamespaceMatch, pods: Selector) -> PeerMatch {
    PeerMatch::Pods(SelectorSet { namespaces, pods })
}

fn rule(direction: Direction, peers: Vec<PeerMatch>, ports: Vec<PortMatch>) -> Rule {
    let place = Place::new(format!("spec.{}[0]", direction.as_str()));
    let peers = if peers.is_empty() { vec![PeerMatch::Anyone] } else { peers };
    let ports = if ports.is_empty() { vec![PortMatch::Any] } else { ports };
    let peers = peers.into_iter().map(|matches| Peer { matches, place: place.clone() }).collect();
    Rule { direction, action: Action::Allow, peers, ports: ports.into(), place }
}

fn policy(
    cluster: &mut Cluster,
    at: usize,
    name: &str,
    target: Selector,
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
) {
    let namespace = Name::from(namespace_name(at));
    let isolates = Directions { ingress: ingress.is_some(), egress: egress.is_some() };
    let policy = Policy {
        meta: Meta { namespace: namespace.clone(), name: name.into(), ..Meta::default() },
        labels: Labels::default(),
        kind: Kind::NETWORK_POLICY,
        tier: Tier::Namespace,
        target: SelectorSet { namespaces: NamespaceMatch::Own(namespace), pods: target },
        isolates,
        rules: ingress.into_iter().flatten().chain(egress.into_iter().flatten()).collect(),
        inert: 0,
        unread: 0,
        gaps: Items::default(),
    };
    put(cluster, AnyFact::Policy(Arc::new(policy)));
}

fn fill_policies(cluster: &mut Cluster, at: usize, dice: &mut Dice, apps: &[Vec<String>]) {
    let (into, out) = (Direction::Ingress, Direction::Egress);
    let home = NamespaceMatch::Own(namespace_name(at).into());
    let named_space = |name: &str| NamespaceMatch::Labels(equals(&[("kubernetes.io/metadata.name", name)]));
    let (all, team) = (Selector::everything(), format!("team-{}", at % 60));
    let is_shut = dice.percent(50);
    policy(cluster, at, "default-deny", all.clone(), Some(vec![]), is_shut.then(Vec::new));
    if is_shut {
        let dns = pods(named_space("kube-system"), equals(&[("k8s-app", "kube-dns")]));
        let udp = PortMatch::Range { protocol: Protocol::Udp, first: 53, last: 53 };
        policy(cluster, at, "allow-dns", all.clone(), None, Some(vec![rule(out, vec![dns], vec![udp, tcp(53, 53)])]));
    }
    let same = || pods(home.clone(), Selector::everything());
    if dice.percent(60) {
        let egress = is_shut.then(|| vec![rule(out, vec![same()], vec![])]);
        policy(cluster, at, "same-ns", all.clone(), Some(vec![rule(into, vec![same()], vec![])]), egress);
    } else {
        let from = pods(home.clone(), equals(&[("tier", "frontend")]));
        policy(
            cluster,
            at,
            "backend",
            equals(&[("tier", "backend")]),
            Some(vec![rule(into, vec![from], vec![tcp(8080, 8080)])]),
            None,
        );
        let inner =
            Requirement { key: "tier".into(), operator: Operator::In(vec!["backend".into(), "data".into()].into()) };
        let from = pods(home.clone(), Selector::new([inner]));
        policy(
            cluster,
            at,
            "data",
            equals(&[("tier", "data")]),
            Some(vec![rule(into, vec![from], vec![named("http"), tcp(9000, 9010)])]),
            None,
        );
    }
    let controller = pods(named_space("ingress-nginx"), equals(&[("app.kubernetes.io/component", "controller")]));
    policy(
        cluster,
        at,
        "ingress",
        equals(&[("tier", "frontend")]),
        Some(vec![rule(into, vec![controller], vec![named("http")])]),
        None,
    );
    let monitors = pods(named_space("monitoring"), Selector::everything());
    policy(
        cluster,
        at,
        "monitoring",
        all.clone(),
        Some(vec![rule(into, vec![monitors], vec![named("metrics")])]),
        None,
    );
    if dice.percent(40) {
        let friends = || pods(NamespaceMatch::Labels(equals(&[("team", &team)])), Selector::everything());
        let egress = is_shut.then(|| vec![rule(out, vec![friends()], vec![])]);
        policy(
            cluster,
            at,
            "team",
            equals(&[("tier", "backend")]),
            Some(vec![rule(into, vec![friends()], vec![tcp(8080, 8080), tcp(9000, 9000)])]),
            egress,
        );
    }
    let block = |cidr: &str, except: &[&str]| {
        let parse = |it: &str| it.parse().expect("a literal block");
        let block = Block { cidr: parse(cidr), except: except.iter().map(|it| parse(it)).collect() };
        PeerMatch::Block(block.into())
    };
    if is_shut && dice.percent(50) {
        let world = block("0.0.0.0/0", &["10.0.0.0/8"]);
        policy(cluster, at, "world", all.clone(), None, Some(vec![rule(out, vec![world], vec![tcp(443, 443)])]));
    }
    if dice.percent(3) {
        let part = block(["10.128.0.0/17", "10.129.0.0/17"][dice.roll(2)], &[]);
        policy(
            cluster,
            at,
            "part",
            equals(&[("tier", "data")]),
            Some(vec![rule(into, vec![part], vec![tcp(5432, 5432)])]),
            None,
        );
    }
    for turn in 0..dice.roll(3) {
        let other = dice.roll(apps.len());
        if apps[at].is_empty() || apps[other].is_empty() {
            continue;
        }
        let (mine, theirs) = (&apps[at][dice.roll(apps[at].len())], &apps[other][dice.roll(apps[other].len())]);
        let peer = pods(named_space(&namespace_name(other)), equals(&[("app", theirs)]));
        policy(
            cluster,
            at,
            &format!("app-{turn}"),
            equals(&[("app", mine)]),
            Some(vec![rule(into, vec![peer], vec![tcp(8080, 8080)])]),
            None,
        );
    }
}

fn print(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "  {name:<44} p50 {:>10.1?}  p99 {:>10.1?}  max {:>10.1?}  of {}",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    );
}

fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let it = black_box(work());
    (it, start.elapsed())
}

/// How often everything is asked, round by round; the least time counts, since others use the machine too.
const ROUNDS: usize = 3;

fn times(n: usize, mut work: impl FnMut(usize)) -> Vec<Duration> {
    let mut least = vec![Duration::MAX; n];
    for _ in 0..ROUNDS {
        least.iter_mut().enumerate().for_each(|(at, least)| *least = time(|| work(at)).1.min(*least));
    }
    least
}

/// One thing as often, and the least time.
fn least<T>(mut work: impl FnMut() -> T) -> (T, Duration) {
    let first = time(&mut work);
    (1..ROUNDS).fold(first, |least, _| {
        let next = time(&mut work);
        if next.1 < least.1 { next } else { least }
    })
}

fn main() {
    let name = std::env::args().skip(1).find(|it| !it.starts_with('-')).unwrap_or_else(|| "L".into());
    let shape = shape(&name);
    let dice = &mut Dice(0x1234_5678_9abc_def1);
    let mut cluster = world(&shape, dice);
    println!(
        "world {name}: {} namespaces, {} pods, {} policies",
        shape.namespaces,
        cluster.pods.len(),
        cluster.policies.len()
    );
    let (mut index, took) = least(|| Index::build(&cluster));
    println!("  build {took:.1?}, {} classes, {:.1} MB", index.classes(), index.bytes() as f64 / 1e6);
    let (copy, took) = least(|| index.clone());
    println!("  copy {took:.1?}");
    drop(copy);
    let ends: Vec<End> = cluster.pods.iter().map(|it| End::Pod(it.pod_id())).collect();
    let pairs: Vec<(usize, usize)> = (0..100_000)
        .map(|at| {
            let to = dice.roll(ends.len());
            (if at % 2 == 0 { (to + 1 + dice.roll(20)) % ends.len() } else { dice.roll(ends.len()) }, to)
        })
        .collect();
    reads(&cluster, &index, &ends, &pairs, dice);
    compared(&cluster, &index, &ends);
    events(&mut cluster, &mut index, &ends, dice);
}

fn reads(cluster: &Cluster, index: &Index, ends: &[End], pairs: &[(usize, usize)], dice: &mut Dice) {
    let web = Some((Protocol::Tcp, 8080));
    print(
        "trace, outcome",
        times(pairs.len(), |at| {
            black_box(index.outcome(cluster, &ends[pairs[at].0], &ends[pairs[at].1], web));
        }),
    );
    print(
        "trace, explained",
        times(pairs.len(), |at| {
            black_box(index.trace(cluster, &ends[pairs[at].0], &ends[pairs[at].1], web).outcome());
        }),
    );
    print(
        "trace, explained, all ports",
        times(pairs.len(), |at| {
            black_box(index.trace(cluster, &ends[pairs[at].0], &ends[pairs[at].1], None).outcome());
        }),
    );
    let settings = Settings::default();
    let slow = times(200, |at| {
        let (from, to) = (&ends[pairs[at].0], &ends[pairs[at].1]);
        let outcome = naive::outcome(cluster, &settings, from, to, (Protocol::Tcp, 8080));
        assert_eq!(outcome, index.outcome(cluster, from, to, web), "{from:?} -> {to:?}");
    });
    print("naive, the same pairs", slow);
    for (name, direction) in
        [("who reaches X, by class", Direction::Ingress), ("X reaches, by class", Direction::Egress)]
    {
        let asked: Vec<usize> = (0..5_000).map(|_| dice.roll(ends.len())).collect();
        print(
            name,
            times(asked.len(), |at| {
                black_box(index.reach_count(cluster, &ends[asked[at]], direction, web));
            }),
        );
    }
    let asked: Vec<usize> = (0..2_000).map(|_| dice.roll(ends.len())).collect();
    // The first list finds each pod's workload.
    let (first, took) =
        time(|| index.listing(cluster, &ends[asked[0]], Direction::Ingress, Granularity::Workload, None).len());
    println!("  the first list {took:.1?}: {first} rows");
    for by in [Granularity::Namespace, Granularity::Workload, Granularity::Pod] {
        let mut rows = 0;
        let listed = times(asked.len(), |at| {
            let listing = index.listing(cluster, &ends[asked[at]], Direction::Ingress, by, None);
            rows = rows.max(black_box(listing).len());
        });
        print(&format!("who reaches X, listed by {by:?}, at most {rows}"), listed);
    }
    print(
        "the same by Workload, each row with its name",
        times(200, |at| {
            black_box(index.reach(cluster, &ends[asked[at]], Direction::Ingress, Granularity::Workload, None));
        }),
    );
    let (map, took) = least(|| index.map(cluster, Granularity::Namespace, None));
    println!("  map by namespace {took:.1?}: {} rows", map.rows.len());
    let (counts, took) = least(|| index.counts(None));
    println!("  all pairs {took:.1?}: {counts:?}");
}

/// What a staged change would open and close, cluster-wide: the changed cluster against the one that it was made from.
fn compared(cluster: &Cluster, index: &Index, ends: &[End]) {
    struct Beside(rbac::Index, Served);
    let beside = Beside(rbac::Index::default(), Served::built_in());
    fn side<'a>(cluster: &'a Cluster, net: &'a Index, Beside(rbac, served): &'a Beside) -> Side<'a> {
        Side { cluster, net, rbac, served, has_unseen: false }
    }
    let mut rows = 0;
    let mut compare = |fact: AnyFact| {
        let (mut after, mut staged) = (cluster.clone(), index.clone());
        let changes = put(&mut after, fact);
        staged.apply(&after, &changes);
        let (before, after) = (side(cluster, index, &beside), side(&after, &staged, &beside));
        let sides = Sides { before, after, is_one_source: true, has_same_unread: true };
        let (impact, took) = time(|| change::compare(&sides));
        rows = rows.max(impact.flows.len());
        took
    };
    let policies: Vec<Arc<Policy>> = cluster.policies.iter().cloned().collect();
    let shut = (0..20).map(|at| {
        let mut policy = (*policies[(at * 7_919) % policies.len()]).clone();
        policy.rules = Items::default();
        compare(AnyFact::Policy(Arc::new(policy)))
    });
    print("compare: a policy without its rules", shut.collect());
    let relabeled = (0..20).map(|at| {
        let End::Pod(PodId { namespace, name }) = &ends[(at * 7_919) % ends.len()] else {
            unreachable!("all are pods")
        };
        let before = cluster.pods.get(namespace, name).expect("it is held");
        compare(AnyFact::Pod(Pod::clone(before).with_labels(&labels(&[("app", "other")])).into()))
    });
    print("compare: a pod relabeled", relabeled.collect());
    let spaces: Vec<Arc<Namespace>> = cluster.namespaces.iter().cloned().collect();
    let moved = (0..10).map(|at| {
        let mut space = (*spaces[(at * 7_919) % spaces.len()]).clone();
        space.labels = labels(&[("team", "none")]);
        compare(AnyFact::Namespace(Arc::new(space)))
    });
    print("compare: a namespace relabeled", moved.collect());
    println!("  at most {rows} rows of flows");
}

fn events(cluster: &mut Cluster, index: &mut Index, ends: &[End], dice: &mut Dice) {
    let pod = |cluster: &Cluster, end: &End| -> SharedPod {
        let End::Pod(PodId { namespace, name }) = end else { unreachable!("all are pods") };
        cluster.pods.get(namespace, name).expect("it is held").clone()
    };
    // What is on the screen is answered again: one explained pair and one row, of ends that the event may concern.
    let shown = std::cell::Cell::new(0);
    let follow = |cluster: &mut Cluster, index: &mut Index, fact: AnyFact| {
        let at = (shown.get() + 7_919) % ends.len();
        shown.set(at);
        let follow = || {
            let changes = put(cluster, fact);
            index.apply(cluster, &changes);
            black_box(index.trace(cluster, &ends[at], &ends[(at + 1) % ends.len()], None).outcome());
            black_box(index.reach_count(cluster, &ends[at], Direction::Ingress, None));
        };
        time(follow).1
    };
    let mut relabel = |cluster: &mut Cluster, index: &mut Index, key: &str, value: String| {
        let before = pod(cluster, &ends[dice.roll(ends.len())]);
        let labels = before.labels().whole().into_owned();
        let pairs = labels.iter().map(|(key, value)| (key.clone(), value.clone()));
        let changed = Pod::clone(&before).with_labels(&Labels::new(pairs.chain([(key.into(), value.into())])));
        follow(cluster, index, AnyFact::Pod(changed.into()))
    };
    let known = (0..5_000).map(|at| relabel(cluster, index, "tier", TIERS[at % 3].into())).collect();
    print("pod relabeled", known);
    let new = (0..1_000).map(|at| relabel(cluster, index, "app", format!("fresh-{at}"))).collect();
    print("pod, new class", new);
    let policies: Vec<Arc<Policy>> = cluster.policies.iter().cloned().collect();
    let mut step = 0;
    let replaced = (0..2_000).map(|at| {
        step += 7919;
        let mut policy = (*policies[step % policies.len()]).clone();
        let more = rule(Direction::Ingress, vec![], vec![tcp(8080 + (at % 3) as u16, 9000)]);
        policy.rules = policy.rules.iter().cloned().chain([more]).collect();
        follow(cluster, index, AnyFact::Policy(Arc::new(policy)))
    });
    print("policy replaced", replaced.collect());
    let added = (0..1_000).map(|at| {
        step += 7919;
        let mut policy = (*policies[step % policies.len()]).clone();
        policy.meta.name = format!("added-{at}").into();
        follow(cluster, index, AnyFact::Policy(Arc::new(policy)))
    });
    print("policy added", added.collect());
    let spaces: Vec<Arc<Namespace>> = cluster.namespaces.iter().cloned().collect();
    let labeled = (0..1_000).map(|at| {
        let mut space = (*spaces[(at * 7919) % spaces.len()]).clone();
        let pairs = space.labels.iter().map(|(key, value)| (key.clone(), value.clone()));
        space.labels = Labels::new(pairs.chain([("team".into(), format!("team-{}", at % 60).into())]));
        follow(cluster, index, AnyFact::Namespace(Arc::new(space)))
    });
    print("namespace relabeled", labeled.collect());
    let keys = ["environment", "app.kubernetes.io/name", "never"].iter().map(|key| {
        let mut policy = (*policies[11 % policies.len()]).clone();
        policy.meta.name = format!("key-{key}").into();
        policy.target.pods = Selector::new([Requirement { key: (*key).into(), operator: Operator::Exists }]);
        follow(cluster, index, AnyFact::Policy(Arc::new(policy)))
    });
    print("a label key that no selector has read", keys.collect());
    let what_if = times(100, |at| {
        let mut staged = index.clone();
        let mut after = cluster.clone();
        let mut policy = (*policies[(at * 7919) % policies.len()]).clone();
        policy.rules = Items::default();
        let changes = put(&mut after, AnyFact::Policy(Arc::new(policy)));
        staged.apply(&after, &changes);
        black_box(staged.outcome(&after, &ends[at], &ends[at + 1], None));
    });
    print("what-if on a copy: replace, ask again", what_if);
    println!("  afterwards {} classes, {:.1} MB", index.classes(), index.bytes() as f64 / 1e6);
}
