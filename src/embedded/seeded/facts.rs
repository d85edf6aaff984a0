//! What a seeded world is made of: a few bytes a pod, from which its documents are rendered on demand.
//!
//! A namespace has workloads, a workload has pods; services, owners and service accounts follow from workloads.
//! Everything is in the order in which an API server lists it: by namespace, then by name. All that can be computed from
//! the seed again (uids, times, hashes, the rules of roles) is not held. At world L that is about 10 MB.

use super::policies::{self, PolicyFact};
use super::rng::{Rng, letters, mix};
use super::shapes::{Style, WorldShape};
use super::{layout, network};

/// A namespace: its number decides its team and its size; its place in the list is by name.
#[derive(Clone, Debug)]
pub struct SeededNamespace {
    pub number: u32,
    pub name: Box<str>,
}

/// What sort of controller a workload has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerSort {
    Deployment,
    StatefulSet,
    DaemonSet,
    /// A Job that a CronJob made, done.
    Job,
}

/// A workload: what its pods have in common.
#[derive(Clone, Copy, Debug)]
pub struct SeededWorkload {
    pub namespace: u32,
    /// Makes its name unlike others; 0 for those with a fixed name.
    pub tag: u32,
    pub base: u8,
    pub sort: ControllerSort,
    pub tier: u8,
    /// Which of `PORTS` its first container declares, as bits.
    pub ports: u8,
    pub containers: u8,
    pub replicas: u16,
    /// The serial number of its first pod; the others follow.
    pub first: u32,
}

/// A pod: which one of which workload. Its serial number decides its address and its node.
#[derive(Clone, Copy, Debug)]
pub struct PodFact {
    pub workload: u32,
    pub ordinal: u16,
}

/// A whole seeded world.
#[derive(Debug)]
pub struct SeededWorld {
    pub shape: &'static WorldShape,
    pub namespaces: Vec<SeededNamespace>,
    pub workloads: Vec<SeededWorkload>,
    pub pods: Vec<PodFact>,
    pub policies: Vec<PolicyFact>,
    /// How many nodes there are; pods go round.
    pub nodes: usize,
    /// Workloads by (namespace, name), and those of each sort.
    pub in_order: Vec<u32>,
    pub of_sort: [Vec<u32>; 4],
    /// Workloads that have a service, in order.
    pub served: Vec<u32>,
    /// Where each namespace's pods begin, and at last their number; the same of `in_order`.
    pub first_pod: Vec<u32>,
    pub first_workload: Vec<u32>,
}

/// The first halves of workload names; those after `FIXED` stand alone.
const BASES: [&str; 14] = [
    "api",
    "web",
    "worker",
    "cache",
    "db",
    "gateway",
    "auth",
    "billing",
    "search",
    "queue",
    "kube-dns",
    "node-agent",
    "ingress-nginx-controller",
    "test-pod",
];
pub const FIXED: usize = 10;
pub const DNS: u8 = 10;
pub const AGENT: u8 = 11;
pub const INGRESS: u8 = 12;
pub const BURNER: u8 = 13;

/// The tiers that policies name.
pub const TIERS: [&str; 3] = ["frontend", "backend", "data"];

/// Ports that containers declare: name, number, protocol.
pub const PORTS: [(&str, u16, &str); 6] = [
    ("http", 8080, "TCP"),
    ("metrics", 9090, "TCP"),
    ("metrics", 9102, "TCP"),
    ("grpc", 9000, "TCP"),
    ("dns", 53, "UDP"),
    ("dns-tcp", 53, "TCP"),
];

/// Roles of numbers in `mix`, so that no two details are the same chance.
pub const HASH: u64 = 1;
pub const SUFFIX: u64 = 2;
const POLICIES: u64 = 3;

impl SeededWorld {
    /// Makes a world from its shape.
    pub fn new(shape: &'static WorldShape) -> SeededWorld {
        let mut rng = Rng::new(shape.seed);
        let namespaces = layout::namespaces(shape);
        let workloads = layout::workloads(shape, &namespaces, &mut rng);
        let mut facts = SeededWorld {
            shape,
            nodes: (shape.pods / 30).max(3),
            policies: Vec::new(),
            in_order: Vec::new(),
            of_sort: Default::default(),
            served: Vec::new(),
            first_pod: Vec::new(),
            first_workload: Vec::new(),
            pods: layout::pods(&workloads, shape.pods),
            namespaces,
            workloads,
        };
        facts.put_in_order();
        facts.policies = policies::all(&facts, &mut Rng::of(shape.seed, POLICIES, shape.policy_seed));
        facts
    }

    fn put_in_order(&mut self) {
        let mut order: Vec<u32> = (0..self.workloads.len() as u32).collect();
        order.sort_by_cached_key(|&at| (self.workloads[at as usize].namespace, self.app(at)));
        for &at in &order {
            self.of_sort[self.workloads[at as usize].sort as usize].push(at);
        }
        self.first_workload = (0..=self.namespaces.len() as u32)
            .map(|namespace| order.partition_point(|&at| self.workloads[at as usize].namespace < namespace) as u32)
            .collect();
        self.served = order.iter().copied().filter(|&at| network::is_served(self, at)).collect();
        self.in_order = order;
        let mut pods = std::mem::take(&mut self.pods);
        pods.sort_by_key(|pod| self.workloads[pod.workload as usize].namespace);
        self.first_pod = (0..=self.namespaces.len() as u32)
            .map(|namespace| {
                pods.partition_point(|pod| self.workloads[pod.workload as usize].namespace < namespace) as u32
            })
            .collect();
        // One namespace after the other, so that only one namespace's names are held at a time.
        for range in self.first_pod.windows(2) {
            pods[range[0] as usize..range[1] as usize].sort_by_cached_key(|pod| self.pod_name(*pod));
        }
        self.pods = pods;
    }

    /// The name of a workload (its label `app`).
    pub fn app(&self, workload: u32) -> String {
        let facts = &self.workloads[workload as usize];
        let base = BASES[facts.base as usize];
        if facts.base as usize >= FIXED { base.to_owned() } else { format!("{base}-{:x}", facts.tag) }
    }

    /// The hash of a workload's pod template.
    pub fn hash(&self, workload: u32) -> String {
        let mut out = Vec::with_capacity(10);
        letters(&mut out, mix(self.shape.seed, HASH, u64::from(workload)), 10);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// What a pod's name begins with.
    pub fn pod_prefix(&self, workload: u32) -> String {
        let app = self.app(workload);
        match self.workloads[workload as usize].sort {
            ControllerSort::Deployment => format!("{app}-{}-", self.hash(workload)),
            ControllerSort::StatefulSet | ControllerSort::DaemonSet => format!("{app}-"),
            ControllerSort::Job => format!("{app}{JOB}-"),
        }
    }

    /// The last part of a pod's name.
    pub fn pod_suffix(&self, pod: PodFact) -> String {
        if self.workloads[pod.workload as usize].sort == ControllerSort::StatefulSet {
            return pod.ordinal.to_string();
        }
        let mut out = Vec::with_capacity(5);
        letters(&mut out, mix(self.shape.seed, SUFFIX, u64::from(self.serial(pod))), 5);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// A pod's name.
    pub fn pod_name(&self, pod: PodFact) -> String {
        self.pod_prefix(pod.workload) + &self.pod_suffix(pod)
    }

    /// A pod's number in the order in which pods were made.
    pub fn serial(&self, pod: PodFact) -> u32 {
        self.workloads[pod.workload as usize].first + u32::from(pod.ordinal)
    }

    /// Whether a workload's pods share the network of their nodes.
    pub fn on_host_network(&self, workload: u32) -> bool {
        self.workloads[workload as usize].base == AGENT
    }

    /// A pod's node, by number.
    pub fn node_of(&self, pod: PodFact) -> usize {
        self.serial(pod) as usize % self.nodes
    }

    /// A pod's address.
    pub fn address(&self, pod: PodFact) -> u32 {
        if self.on_host_network(pod.workload) {
            self.node_address(self.node_of(pod))
        } else {
            0x0A80_0000 + self.serial(pod)
        }
    }

    /// A node's address.
    pub fn node_address(&self, node: usize) -> u32 {
        0x0A00_0000 + node as u32
    }

    /// Hands out a pod's labels in the order of their keys.
    pub fn pod_labels(&self, pod: PodFact, mut each: impl FnMut(&str, &str)) {
        let workload = &self.workloads[pod.workload as usize];
        let namespace = &self.namespaces[workload.namespace as usize];
        let app = self.app(pod.workload);
        each("app", &app);
        if namespace.number == 1 {
            each("app.kubernetes.io/component", "controller");
        }
        each("app.kubernetes.io/instance", &format!("{}-{app}", namespace.name));
        each("app.kubernetes.io/managed-by", "Helm");
        each("app.kubernetes.io/name", &app);
        each("app.kubernetes.io/version", "1.4.2");
        if workload.sort == ControllerSort::StatefulSet {
            each("apps.kubernetes.io/pod-index", &pod.ordinal.to_string());
        }
        if matches!(workload.sort, ControllerSort::StatefulSet | ControllerSort::DaemonSet) {
            each("controller-revision-hash", &format!("{app}-{}", self.hash(pod.workload)));
        }
        each("environment", "production");
        if workload.base == DNS {
            each("k8s-app", "kube-dns");
        }
        if self.shape.style == Style::Burner {
            each("num", &(pod.ordinal + 1).to_string());
        }
        if workload.sort == ControllerSort::Deployment {
            each("pod-template-hash", &self.hash(pod.workload));
        }
        if workload.sort == ControllerSort::StatefulSet {
            each("statefulset.kubernetes.io/pod-name", &format!("{app}-{}", pod.ordinal));
        }
        each("team", &format!("team-{}", namespace.number % 60));
        each("tier", TIERS[workload.tier as usize]);
        if self.shape.style == Style::Unique {
            each("unique", &format!("u{}", self.serial(pod)));
        }
    }
}

/// What a CronJob's Job has after its name: minutes since 1970, as the controller writes it.
pub const JOB: &str = "-29641157";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::seeded::shapes::SHAPES;

    /// What the facts occupy, from the lengths of their lists.
    fn bytes(facts: &SeededWorld) -> usize {
        let policies: usize = facts.policies.iter().map(|policy| policy.name.len() + policy.spec.len()).sum();
        let names: usize = facts.namespaces.iter().map(|namespace| namespace.name.len()).sum();
        let numbers = facts.in_order.len() + facts.served.len() + facts.first_pod.len() + facts.first_workload.len();
        let sorts: usize = facts.of_sort.iter().map(Vec::len).sum();
        size_of_val(&facts.pods[..])
            + size_of_val(&facts.workloads[..])
            + size_of_val(&facts.policies[..])
            + size_of_val(&facts.namespaces[..])
            + (numbers + sorts) * size_of::<u32>()
            + policies
            + names
    }

    #[test]
    fn world_l_is_held_in_a_hundred_bytes_a_pod() {
        let shape = SHAPES.iter().find(|shape| shape.name == "L").expect("there is a world L");
        let facts = SeededWorld::new(shape);
        assert!(bytes(&facts) / facts.pods.len() < 100, "{} bytes", bytes(&facts));
    }
}
