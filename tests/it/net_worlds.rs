//! Random small clusters, as hostile as the API allows, for the laws of `net_laws`.
//!
//! Few names, few labels and few addresses, so that selectors overlap, blocks cut and ports collide. Everything that
//! can be missing is missing sometimes: labels, addresses, nodes, namespaces, permissions, parts of policies.
//! A world is a list of deltas, so that it can be taken apart, put in another order, and made smaller on failure.

use std::net::IpAddr;
use std::sync::Arc;

use kreach::model::address::{Addresses, Block, Family};
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::endpoints::Endpoint;
use kreach::model::facts::{
    ContainerPort, ContainerRole, EndpointPort, EndpointSlice, Exposure, Meta, Namespace, Node, Owner, Phase, Pod,
    PodBuilder, PodNetwork, Service, ServicePort, ServiceType, TargetPort,
};
use kreach::model::id::{Kind, ObjectId, PodId};
use kreach::model::items::Items;
use kreach::model::labels::{Labels, NamespaceMatch, Operator, Requirement, Selector, SelectorSet};
use kreach::model::name::Name;
use kreach::model::place::Place;
use kreach::model::policy::{Action, Direction, Directions, GapEffect, Peer, PeerMatch, Policy, PolicyGap, Rule, Tier};
use kreach::model::port::{PortMatch, Protocol};
use kreach::net::Settings;
use kreach::net::verdict::End;

/// How many random cases a law tries: `KREACH_CASES` times the usual number (1 unless set).
pub fn cases(usual: u32) -> u32 {
    let times = std::env::var("KREACH_CASES").ok().and_then(|it| it.parse::<u32>().ok()).unwrap_or(1);
    usual.saturating_mul(times)
}

/// Random numbers that are the same for the same seed.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15 | 1)
    }

    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.roll(100) < chance
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

/// What a world may contain beyond plain NetworkPolicies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spice {
    pub tiers: bool,
    pub gaps: bool,
    pub holes: bool,
}

pub const PLAIN: Spice = Spice { tiers: false, gaps: false, holes: false };
pub const ALL: Spice = Spice { tiers: true, gaps: true, holes: true };

/// One world: what happened, in order, and what the user told.
#[derive(Clone, Debug)]
pub struct World {
    pub deltas: Vec<Delta>,
    pub settings: Settings,
}

impl World {
    pub fn cluster(&self) -> Cluster {
        let mut cluster = Cluster::default();
        for delta in &self.deltas {
            cluster.apply(delta.clone());
        }
        cluster
    }
}

const NAMESPACES: [&str; 4] = ["a", "b", "c", "d"];
const NODES: [&str; 3] = ["n1", "n2", "n3"];
const NAMES: [&str; 3] = ["http", "dns", "web-2"];

fn requirement(dice: &mut Dice, keys: &[(&str, &[&str])]) -> Requirement {
    let (key, values) = *dice.pick(keys);
    let some = |dice: &mut Dice| {
        let mut some: Vec<Name> = (0..=dice.roll(2)).map(|_| Name::from(*dice.pick(values))).collect();
        some.sort();
        some.dedup();
        some
    };
    let operator = match dice.roll(7) {
        0 => Operator::Exists,
        1 => Operator::DoesNotExist,
        2 => Operator::NotIn(some(dice).into()),
        _ => Operator::In(some(dice).into()),
    };
    Requirement { key: key.into(), operator }
}

fn selector(dice: &mut Dice, keys: &[(&str, &[&str])]) -> Selector {
    let n = [0, 1, 1, 1, 2][dice.roll(5)];
    Selector::new((0..n).map(|_| requirement(dice, keys)).collect::<Vec<_>>())
}

const POD_KEYS: &[(&str, &[&str])] = &[
    ("app", &["web", "db", "api"]),
    ("tier", &["f", "b"]),
    ("odd", &["1"]),
    ("apps.kubernetes.io/pod-index", &["0", "1"]),
    ("statefulset.kubernetes.io/pod-name", &["p-0", "p-1"]),
    ("pod-template-hash", &["h0", "h1"]),
];
const NAMESPACE_KEYS: &[(&str, &[&str])] =
    &[("team", &["x", "y"]), ("env", &["p", "q"]), ("kubernetes.io/metadata.name", &["a", "b", "c", "d"])];
const NODE_KEYS: &[(&str, &[&str])] = &[("zone", &["1", "2"])];

fn labels(dice: &mut Dice, keys: &[(&str, &[&str])]) -> Labels {
    let mut pairs = Vec::new();
    for (key, values) in keys {
        if dice.percent(70) && !key.contains('/') {
            pairs.push((Name::from(*key), Name::from(*dice.pick(values))));
        }
    }
    if dice.percent(30) {
        pairs.push(("pod-template-hash".into(), format!("h{}", dice.roll(3)).into()));
    }
    Labels::new(pairs)
}

fn protocol(dice: &mut Dice) -> Protocol {
    [Protocol::Tcp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp][dice.roll(4)]
}

fn number(dice: &mut Dice) -> u16 {
    *dice.pick(&[53, 80, 80, 81, 443, 8080, 65535, 1])
}

fn address(dice: &mut Dice) -> IpAddr {
    let text = match dice.roll(5) {
        0 => format!("fd00::{}", 1 + dice.roll(6)),
        1 => format!("10.0.1.{}", 1 + dice.roll(4)),
        _ => format!("10.0.0.{}", 1 + dice.roll(20)),
    };
    text.parse().expect("a literal address")
}

pub fn pod(dice: &mut Dice) -> Pod {
    let mut ports = Vec::new();
    for _ in 0..dice.roll(4) {
        ports.push(ContainerPort {
            name: if dice.percent(15) { Name::empty() } else { Name::from(*dice.pick(&NAMES)) },
            protocol: protocol(dice),
            number: number(dice),
            container: match dice.roll(10) {
                0 | 1 => ContainerRole::Init,
                2 | 3 => ContainerRole::Sidecar,
                _ => ContainerRole::Regular,
            },
        });
    }
    let network = if dice.percent(15) { PodNetwork::Host } else { PodNetwork::Own };
    let addresses = match dice.roll(10) {
        0 | 1 => vec![],
        2 | 3 => vec![address(dice), address(dice)],
        _ => vec![address(dice)],
    };
    let number = dice.roll(6);
    // Of a ReplicaSet half of them, whose name mostly ends as their label says.
    let owner = dice.percent(50).then(|| Owner::new("ReplicaSet", format!("p-h{}", dice.roll(2)).into()));
    let mut pod = PodBuilder { owner, ..PodBuilder::new(*dice.pick(&NAMESPACES), format!("p-{number}")) };
    let mut labels: Vec<(Name, Name)> =
        labels(dice, POD_KEYS).iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    if dice.percent(40) {
        // As the controller of StatefulSets writes them, mostly.
        let number = if dice.percent(80) { number } else { 1 };
        labels.push(("apps.kubernetes.io/pod-index".into(), number.to_string().into()));
        labels.push(("statefulset.kubernetes.io/pod-name".into(), format!("p-{number}").into()));
    }
    let node = if dice.percent(25) { Name::empty() } else { Name::from(*dice.pick(&NODES)) };
    pod.set_labels(&Labels::new(labels));
    (pod.addresses, pod.node, pod.ports, pod.network) = (Addresses::new(addresses), node, ports.into(), network);
    pod.phase = match dice.roll(14) {
        0 => Phase::Succeeded,
        1 => Phase::Failed,
        2 => Phase::Pending,
        _ => Phase::Running,
    };
    pod.terminating = dice.percent(5);
    pod.build()
}

fn node(dice: &mut Dice) -> Node {
    let at = dice.roll(2);
    let mut addresses: Vec<IpAddr> = Vec::new();
    if dice.percent(80) {
        addresses.push(format!("10.0.2.{}", at + 1).parse().expect("a literal address"));
    }
    if dice.percent(30) {
        addresses.push(format!("fd00::20{at}").parse().expect("a literal address"));
    }
    Node {
        meta: Meta { name: NODES[at].into(), ..Meta::default() },
        labels: labels(dice, NODE_KEYS),
        addresses: addresses.into(),
        pod_cidrs: Default::default(),
        provider: Name::empty(),
    }
}

pub fn namespace(dice: &mut Dice) -> Namespace {
    let meta = Meta { name: (*dice.pick(&NAMESPACES[..3])).into(), ..Meta::default() };
    Namespace { meta, labels: labels(dice, NAMESPACE_KEYS), implied: false }
}

fn block(dice: &mut Dice) -> Block {
    let cidrs = [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.0.0.0/28",
        "10.0.0.4/32",
        "10.0.0.0/23",
        "10.0.2.0/24",
        "::/0",
        "fd00::/16",
        "fd00::2/128",
        "8.8.8.0/24",
        "0.0.0.0/1",
    ];
    let cidr: ipnet::IpNet = dice.pick(&cidrs).parse().expect("a literal block");
    let holes = ["10.0.0.0/29", "10.0.0.8/29", "10.0.0.4/30", "fd00::/112", "10.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1"];
    let mut except = Vec::new();
    for _ in 0..[0, 0, 1, 2][dice.roll(4)] {
        let hole: ipnet::IpNet = dice.pick(&holes).parse().expect("a literal block");
        if cidr.contains(&hole) {
            except.push(hole);
        }
    }
    Block { cidr, except: except.into() }
}

fn set(dice: &mut Dice, home: &str) -> SelectorSet {
    let namespaces = if dice.percent(45) {
        NamespaceMatch::Own(home.into())
    } else {
        NamespaceMatch::Labels(selector(dice, NAMESPACE_KEYS))
    };
    SelectorSet { namespaces, pods: selector(dice, POD_KEYS) }
}

fn peer(dice: &mut Dice, home: &str, has_nodes: bool) -> PeerMatch {
    match dice.roll(20) {
        0 | 1 => PeerMatch::Anyone,
        2..=7 => PeerMatch::Block(block(dice).into()),
        8 | 9 if has_nodes => PeerMatch::Nodes(selector(dice, NODE_KEYS)),
        _ => PeerMatch::Pods(set(dice, home)),
    }
}

fn port(dice: &mut Dice) -> PortMatch {
    let protocol = protocol(dice);
    match dice.roll(8) {
        0 => PortMatch::Any,
        1 => PortMatch::All(protocol),
        2 => {
            let (a, b) = (number(dice), number(dice));
            PortMatch::Range { protocol, first: a.min(b), last: a.max(b) }
        }
        3 | 4 => {
            let first = number(dice);
            PortMatch::Range { protocol, first, last: first }
        }
        _ => PortMatch::Named { protocol, name: (*dice.pick(&NAMES)).into() },
    }
}

fn rule(dice: &mut Dice, direction: Direction, at: usize, home: &str, tier: Tier) -> Rule {
    let place = Place::new(format!("spec.{}[{at}]", direction.as_str()));
    let is_ordered = tier != Tier::Namespace;
    let action = if is_ordered { *dice.pick(&[Action::Allow, Action::Deny, Action::Pass]) } else { Action::Allow };
    let n = [0, 1, 1, 1, 1, 1, 2, 3][dice.roll(8)];
    let peers = (0..n).map(|_| Peer { matches: peer(dice, home, is_ordered), place: place.clone() }).collect();
    let n = [0, 1, 1, 1, 1, 2, 2, 3][dice.roll(8)];
    let ports = (0..n).map(|_| port(dice)).collect();
    Rule { direction, action, peers, ports, place }
}

pub fn policy(dice: &mut Dice, spice: Spice) -> Policy {
    let tier = match dice.roll(8) {
        0 | 1 if spice.tiers => Tier::Admin { priority: dice.roll(3) as u16 },
        2 if spice.tiers => Tier::Baseline { priority: dice.roll(2) as u16 },
        _ => Tier::Namespace,
    };
    let home = *dice.pick(&NAMESPACES);
    let is_ordered = tier != Tier::Namespace;
    // Of the policy API, which passes the host network by, or of another that does not say so.
    let (kind, namespace) = match tier {
        Tier::Namespace => (Kind::NETWORK_POLICY, home),
        Tier::Admin { priority: 0 } => (Kind("adminnetworkpolicy"), ""),
        Tier::Baseline { priority: 0 } => (Kind("baselineadminnetworkpolicy"), ""),
        Tier::Admin { .. } | Tier::Baseline { .. } => (Kind("tiered"), ""),
    };
    let isolates = match dice.roll(6) {
        _ if is_ordered => Directions::NONE,
        0 => Directions::BOTH,
        1 | 2 => Directions::NONE.with(Direction::Egress),
        _ => Directions::NONE.with(Direction::Ingress),
    };
    let mut rules = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        if is_ordered || isolates.has(direction) {
            for at in 0..[0, 1, 1, 1, 2, 3][dice.roll(6)] {
                rules.push(rule(dice, direction, at, home, tier));
            }
        }
    }
    let own = SelectorSet { namespaces: NamespaceMatch::Own(home.into()), pods: selector(dice, POD_KEYS) };
    let target = if is_ordered { set(dice, home) } else { own };
    let mut policy = Policy {
        meta: Meta { namespace: namespace.into(), name: format!("x{}", dice.roll(9)).into(), ..Meta::default() },
        labels: Default::default(),
        kind,
        tier,
        target,
        isolates,
        rules: rules.into(),
        inert: 0,
        unread: 0,
        gaps: Items::default(),
    };
    if spice.gaps && dice.percent(25) {
        let (effect, kind) = match dice.roll(9) {
            0 | 1 => (GapEffect::Target, None),
            2 => (GapEffect::Opens(Direction::Ingress), None),
            3 => (GapEffect::Opens(Direction::Egress), None),
            4 => (GapEffect::Anything, None),
            5 => (GapEffect::ClosesIngress, Some(MESH)),
            6 => (GapEffect::ClosesOutside, Some(FIREWALL)),
            7 => (GapEffect::DecidesOutside, Some(HOSTS)),
            _ => (GapEffect::Unevaluated, Some(Kind("adminnetworkpolicy"))),
        };
        if let Some(kind) = kind {
            policy.kind = kind;
            policy.isolates = Directions::NONE;
            policy.rules = Items::default();
            let may_be_last = effect == GapEffect::Unevaluated && dice.percent(50);
            policy.tier = if may_be_last { Tier::Baseline { priority: 0 } } else { Tier::Admin { priority: 0 } };
        }
        policy.gaps = [PolicyGap { place: Place::new("spec"), what: "unknown field".into(), effect }].into();
    }
    policy
}

fn coverage(dice: &mut Dice) -> Coverage {
    match dice.roll(5) {
        0 => Coverage::Loading,
        1 => Coverage::Unread,
        2 => Coverage::Live,
        _ => Coverage::Forbidden { why: "403".into() },
    }
}

/// What decides beside NetworkPolicy at one gate.
const MESH: Kind = Kind("authorizationpolicy.security.istio.io");
const FIREWALL: Kind = Kind("egressfirewall");
const HOSTS: Kind = Kind("fqdnnetworkpolicy");

const HOLED: [Kind; 9] = [
    Kind::NETWORK_POLICY,
    Kind::NAMESPACE,
    Kind::POD,
    Kind("baselineadminnetworkpolicy"),
    Kind("ciliumnetworkpolicy"),
    MESH,
    FIREWALL,
    HOSTS,
    Kind::MULTI_NETWORK_POLICY,
];

pub fn hole(dice: &mut Dice) -> Delta {
    let kind = *dice.pick(&HOLED);
    let home = if kind == MESH && dice.percent(30) { "istio-system" } else { *dice.pick(&NAMESPACES) };
    let scope = if dice.percent(75) { Scope::Namespace(home.into()) } else { Scope::Everywhere };
    Delta::Covered { kind, scope, coverage: coverage(dice) }
}

fn unreadable(dice: &mut Dice) -> Delta {
    let home = *dice.pick(&NAMESPACES);
    let id = match dice.roll(8) {
        0 | 1 => ObjectId::new(Kind::NAMESPACE, "", home),
        2 => ObjectId::new(Kind("baselineadminnetworkpolicy"), "", "default"),
        3 => ObjectId::new(*dice.pick(&[MESH, FIREWALL, HOSTS]), home, "x0"),
        4 => ObjectId::new(MESH, "istio-system", "x0"),
        _ => ObjectId::new(Kind::NETWORK_POLICY, home, format!("x{}", dice.roll(9))),
    };
    Delta::Unreadable { id, problems: Vec::new() }
}

fn put(fact: AnyFact) -> Delta {
    Delta::Put(ReadObject::new(fact))
}

/// One random step of a world.
pub fn step(dice: &mut Dice, spice: Spice) -> Delta {
    match dice.roll(20) {
        0..=8 => put(AnyFact::Pod(pod(dice).into())),
        9..=14 => put(AnyFact::Policy(Arc::new(policy(dice, spice)))),
        15 => put(AnyFact::Namespace(Arc::new(namespace(dice)))),
        16 => put(AnyFact::Node(Arc::new(node(dice)))),
        17 if spice.holes => hole(dice),
        18 if spice.holes && dice.percent(30) => unreadable(dice),
        _ => gone(dice, spice),
    }
}

fn gone(dice: &mut Dice, spice: Spice) -> Delta {
    Delta::Gone(match dice.roll(8) {
        0 => ObjectId::new(Kind::NAMESPACE, "", *dice.pick(&NAMESPACES)),
        1 => ObjectId::new(Kind::NODE, "", *dice.pick(&NODES)),
        2..=4 => pod(dice).pod_id().object(),
        _ => policy(dice, spice).id(),
    })
}

/// A random world.
pub fn world(dice: &mut Dice, spice: Spice) -> World {
    let spice = Spice {
        tiers: spice.tiers && dice.percent(40),
        gaps: spice.gaps && dice.percent(40),
        holes: spice.holes && dice.percent(30),
    };
    let n = 8 + dice.roll(26);
    let mut deltas: Vec<Delta> = (0..n).map(|_| step(dice, spice)).collect();
    for _ in 0..dice.roll(3) {
        deltas.push(put(AnyFact::Namespace(Arc::new(namespace(dice)))));
    }
    let pod_cidrs: &[&str] = match dice.roll(8) {
        0 => &["10.0.0.0/16"],
        1 => &["10.0.0.0/29", "fd00::/112"],
        2 => &["fd00::/64"],
        _ => &[],
    };
    let pod_cidrs = pod_cidrs.iter().map(|it| it.parse().expect("a literal block")).collect();
    // Dice of its own: worlds that failed once stay what they were but for their pods' addresses.
    address_alike(&mut deltas, &mut Dice::new(dice.0));
    World { deltas, settings: Settings { pod_cidrs } }
}

/// Lets the pods of some worlds have first addresses of one family, or none at all: it is what tells of which family
/// the first address of a pod will be that has none yet.
fn address_alike(deltas: &mut [Delta], dice: &mut Dice) {
    let wanted: &[Family] = match dice.roll(8) {
        0 | 1 => &[Family::V4, Family::V6],
        2 | 3 => &[Family::V6, Family::V4],
        4 => &[Family::V6],
        5 => &[],
        _ => return,
    };
    for delta in deltas {
        let Delta::Put(ReadObject { fact: AnyFact::Pod(pod), .. }) = delta else { continue };
        let addresses = Addresses::new(wanted.iter().filter_map(|it| pod.addresses().of(*it)));
        let is_in_order = addresses.first().map(Family::of) == wanted.first().copied();
        let pod_like = pod.changed(|it| it.addresses = if is_in_order { addresses } else { Addresses::default() });
        *pod = pod_like.into();
    }
}

/// The world with some Services, whose addresses pods and nodes may have too.
pub fn with_services(mut world: World, dice: &mut Dice) -> World {
    for at in 0..dice.roll(4) {
        let meta =
            Meta { namespace: (*dice.pick(&NAMESPACES)).into(), name: format!("s{at}").into(), ..Meta::default() };
        let cluster_ips = vec![address(dice)].into();
        let service = Service { meta, exposure: Default::default(), cluster_ips, selector: Labels::default() };
        world.deltas.push(put(AnyFact::Service(Arc::new(service))));
    }
    world
}

/// The world with node ports, among ports that rules speak of.
pub fn with_node_ports(mut world: World, dice: &mut Dice) -> World {
    for at in 0..dice.roll(3) {
        let meta =
            Meta { namespace: (*dice.pick(&NAMESPACES)).into(), name: format!("t{at}").into(), ..Meta::default() };
        let port = |dice: &mut Dice| {
            let (protocol, number) = (protocol(dice), number(dice));
            let node_port = dice.percent(80).then(|| *dice.pick(&[53, 80, 443, 8080, 30_080]));
            ServicePort { name: Name::empty(), protocol, number, target: TargetPort::Number(number), node_port }
        };
        let ports = (0..1 + dice.roll(2)).map(|_| port(dice)).collect();
        let service_type = if dice.percent(80) { ServiceType::NodePort } else { ServiceType::ClusterIp };
        let exposure = Exposure { service_type, ports, ..Exposure::default() };
        let selector = Labels::new([("app".into(), (*dice.pick(&["web", "db", "api"])).into())]);
        let service = Service { meta, exposure: exposure.into(), cluster_ips: Default::default(), selector };
        world.deltas.push(put(AnyFact::Service(Arc::new(service))));
    }
    world
}

/// The world with Services of every sort in front of its pods, entered in every way, with endpoints as their
/// controller writes them and as people do.
pub fn with_fronts(mut world: World, dice: &mut Dice) -> World {
    for at in 0..1 + dice.roll(3) {
        let (service, slices) = front(dice, at);
        world.deltas.push(put(AnyFact::Service(Arc::new(service))));
        world.deltas.extend(slices.into_iter().map(|it| put(AnyFact::EndpointSlice(Arc::new(it)))));
    }
    if dice.percent(25) {
        let kind = *dice.pick(&[Kind::POD, Kind::NODE, Kind::SERVICE, Kind::ENDPOINT_SLICE]);
        let why = "web.yaml:3:1 could not be read".into();
        let coverage = if dice.percent(50) { Coverage::Unreadable { why } } else { Coverage::Loading };
        world.deltas.push(Delta::Covered { kind, scope: Scope::Everywhere, coverage });
    }
    world
}

fn front(dice: &mut Dice, at: usize) -> (Service, Vec<EndpointSlice>) {
    let home = *dice.pick(&NAMESPACES);
    let name = Name::from(format!("f{at}"));
    let some = |dice: &mut Dice, chance, texts: &[&str]| -> Vec<IpAddr> {
        let all = texts.iter().map(|it| it.parse().expect("a literal address"));
        all.filter(|_| dice.percent(chance)).collect()
    };
    let cluster_ips = match dice.roll(4) {
        0 => some(dice, 100, &["10.0.3.1", "fd00::301"]),
        1 => some(dice, 100, &["fd00::301", "10.0.3.1"]),
        2 => some(dice, 60, &["fd00::301"]),
        _ => some(dice, 90, &["10.0.3.1"]),
    };
    let ranges = ["8.8.8.0/24", "10.0.0.0/8", "fd00::/16"].map(|it| it.parse().expect("a literal block"));
    let port = |dice: &mut Dice, at: usize| {
        let (protocol, number) = (protocol(dice), number(dice));
        let target = match dice.roll(4) {
            0 => TargetPort::Named((*dice.pick(&NAMES)).into()),
            _ => TargetPort::Number(self::number(dice)),
        };
        let node_port = dice.percent(20).then_some(30_081 + at as u16);
        ServicePort { name: format!("p{at}").into(), protocol, number, target, node_port }
    };
    let exposure = Exposure {
        service_type: [ServiceType::ClusterIp, ServiceType::NodePort, ServiceType::LoadBalancer][dice.roll(3)].clone(),
        headless: cluster_ips.is_empty(),
        external_ips: some(dice, 20, &["203.0.113.1"]).into(),
        balancer_ips: some(dice, 30, &["203.0.113.2"]).into(),
        source_ranges: ranges.into_iter().filter(|_| dice.percent(20)).collect(),
        only_family: None,
        ports: (0..1 + dice.roll(2)).map(|it| port(dice, it)).collect(),
        publishes_not_ready: dice.percent(10),
        internal_local: dice.percent(15),
        external_local: dice.percent(25),
    };
    let slices = (0..dice.roll(3)).map(|it| slice(dice, home, &name, it, &exposure)).collect();
    let selector = Labels::new([("app".into(), (*dice.pick(&["web", "db", "api"])).into())]);
    let selector = if dice.percent(80) { selector } else { Labels::default() };
    let meta = Meta { namespace: home.into(), name, ..Meta::default() };
    (Service { meta, exposure: exposure.into(), cluster_ips: cluster_ips.into(), selector }, slices)
}

fn slice(dice: &mut Dice, home: &str, service: &Name, at: usize, exposure: &Exposure) -> EndpointSlice {
    let endpoint = |dice: &mut Dice| Endpoint {
        address: if dice.percent(70) { address(dice) } else { "8.8.8.8".parse().expect("a literal address") },
        pod: if dice.percent(60) { format!("p-{}", dice.roll(6)).into() } else { Name::empty() },
        node: Name::empty(),
        ready: dice.percent(85),
        serving: true,
        terminating: dice.percent(20),
    };
    let port = |dice: &mut Dice, it: &ServicePort| EndpointPort {
        name: it.name.clone(),
        protocol: it.protocol,
        number: dice.percent(85).then(|| number(dice)),
    };
    let listed: Vec<&ServicePort> = exposure.ports.iter().filter(|_| dice.percent(90)).collect();
    let ports = listed.into_iter().map(|it| port(dice, it)).collect();
    let mut slice = EndpointSlice::named(home.into(), service.clone(), &format!("{service}-{at}"));
    slice.endpoints = (0..1 + dice.roll(3)).map(|_| endpoint(dice)).collect();
    slice.ports = ports;
    slice
}

/// Every end that may be asked about.
pub fn ends(cluster: &Cluster) -> Vec<End> {
    let pods = cluster.pods.iter().map(|it| End::Pod(it.pod_id()));
    let nodes = NODES.iter().map(|it| End::Node((*it).into()));
    let addresses = ["10.0.0.3", "10.0.0.9", "8.8.8.8", "192.0.2.1", "fd00::2", "2001:db8::1"];
    let addresses = addresses.iter().map(|it| End::Address(it.parse().expect("a literal address")));
    let absent = End::Pod(PodId::new("a", "absent"));
    pods.chain(nodes).chain(addresses).chain([absent]).collect()
}

/// The smallest world that still fails: steps are left out while it does.
pub fn smallest(mut world: World, fails: impl Fn(&World) -> bool) -> World {
    let mut at = 0;
    while at < world.deltas.len() {
        let mut smaller = world.clone();
        smaller.deltas.remove(at);
        if fails(&smaller) { world = smaller } else { at += 1 }
    }
    world
}
